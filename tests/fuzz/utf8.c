/* Foreign text: what comes out of utf8_sanitise is short enough, printable, of known width, and stays as it is. */
#include "fuzz.h"

#include "turret/base/str.h"
#include "turret/base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    size_t cap = len ? 1 + data[0] % 64u : 1;
    char *out = malloc(cap), again[64], *in = malloc(len ? len : 1);
    memcpy(in, data, len);
    size_t n = utf8_sanitise(out, cap, in, len);
    MUST(n < cap && out[n] == 0 && strlen(out) == n);
    for (size_t at = 0; at < n;) {
        int step;
        uint32_t cp = utf8_decode(out + at, n - at, &step);
        MUST(utf8_width(cp) >= 0 && cp >= 0x20 && cp != 0x7f && !(cp >= 0x80 && cp < 0xa0));
        at += (size_t)step;
    }
    MUST(utf8_sanitise(again, sizeof again, out, n) == n && memcmp(again, out, n) == 0);
    int used;
    size_t clip = utf8_clip(out, 7, &used);
    MUST(clip <= n && used <= 7);
    free(in);
    free(out);
    return 0;
}
