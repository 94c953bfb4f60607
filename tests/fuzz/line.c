/* Command lines: splitting into words, and the closest word. */
#include "fuzz.h"

#include "turret/base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    static const char *const known[] = {"buy", "sell", "close", "cancel", "positions"};
    char *line = malloc(len + 1), *words[6];
    size_t cap = len ? data[0] : 0;
    char *buf = malloc(cap ? cap : 1);
    memcpy(line, data, len);
    line[len] = 0;
    int n = str_split(line, buf, cap, words, 6);
    MUST(n >= -1 && n <= 6);
    for (int i = 0; i < n; i++)
        str_closest(words[i], known, 5);
    free(buf);
    free(line);
    return 0;
}
