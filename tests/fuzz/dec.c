/* Decimal numbers: whatever is taken comes back the same from its own text. */
#include "fuzz.h"

#include "turret/base/dec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    int64_t v, back;
    char buf[32];
    if (!dec_parse((const char *)data, len, &v))
        return 0;
    for (int digits = 0; digits <= DEC_DIGITS; digits++) {
        size_t n = dec_format(v, digits, buf);
        MUST(n < DEC_TEXT_MAX && n == strlen(buf) && dec_parse(buf, n, &back) && back == v);
        dec_format_fixed(v, digits, true, buf);
        MUST(strlen(buf) < sizeof buf);
    }
    return 0;
}
