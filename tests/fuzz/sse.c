/* Event streams: the same events however the bytes are cut, and none longer than allowed. */
#include "fuzz.h"

#include "turret/base/str.h"
#include "turret/io/sse.h"

enum { LONGEST = 64 };

static bool hear(void *ctx, const struct sse_event *ev) {
    MUST(ev->data_len <= LONGEST && ev->type && ev->id);
    str_add(ctx, ev->type);
    str_addc(ctx, '|');
    str_add_n(ctx, ev->data, ev->data_len);
    str_addc(ctx, '\n');
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    struct str whole = {0}, cut = {0};
    struct sse *a = sse_new(LONGEST, hear, &whole), *b = sse_new(LONGEST, hear, &cut);
    bool ok_a = sse_feed(a, (const char *)data, len), ok_b = true;
    size_t step = len ? 1 + data[0] % 7 : 1;
    for (size_t at = 0; at < len && ok_b; at += step)
        ok_b = sse_feed(b, (const char *)data + at, at + step > len ? len - at : step);
    MUST(ok_a == ok_b);
    MUST(whole.len == cut.len && (whole.len == 0 || !memcmp(whole.p, cut.p, whole.len)));
    sse_free(a);
    sse_free(b);
    str_free(&whole);
    str_free(&cut);
    return 0;
}
