/* Fixed-point arithmetic on millionths. Every product goes through __int128, every division names its rounding,
 * every result is range-checked. */
#include "turret/base/dec.h"

#include <string.h>

static const int64_t pow10_table[DEC_DIGITS + 1] = {1, 10, 100, 1000, 10000, 100000, 1000000};

static bool narrow(__int128 v, int64_t *out) {
    if (v > INT64_MAX || v < INT64_MIN)
        return false;
    *out = (int64_t)v;
    return true;
}

/* n / d with the named rounding; d != 0. */
static __int128 divide(__int128 n, __int128 d, enum dec_round mode) {
    if (d < 0) {
        n = -n;
        d = -d;
    }
    __int128 q = n / d, r = n % d; /* r has the sign of n */
    if (r == 0)
        return q;
    int sign = r < 0 ? -1 : 1;
    switch (mode) {
    case ROUND_DOWN:
        return sign < 0 ? q - 1 : q;
    case ROUND_UP:
        return sign > 0 ? q + 1 : q;
    case ROUND_ZERO:
        return q;
    case ROUND_AWAY:
        return q + sign;
    case ROUND_HALF_EVEN:
        break;
    }
    __int128 rest = (sign < 0 ? -r : r), other = d - rest; /* compared this way nothing is doubled */
    if (rest > other || (rest == other && (q & 1)))
        q += sign;
    return q;
}

bool dec_parse(const char *text, size_t len, int64_t *micro) {
    const char *p = text, *end = text + len;
    bool negative = p < end && *p == '-';
    if (negative)
        p++;
    __int128 v = 0; /* negative throughout would save a case, positive reads easier; 128 bits hold both */
    int digits = 0, fraction = 0;
    for (; p < end && *p >= '0' && *p <= '9'; p++, digits++) {
        v = v * 10 + (*p - '0');
        if (v > INT64_MAX)
            return false;
    }
    if (p < end && *p == '.') {
        for (p++; p < end && *p >= '0' && *p <= '9'; p++, digits++) {
            if (fraction < DEC_DIGITS) {
                v = v * 10 + (*p - '0');
                fraction++;
            } else if (*p != '0') {
                return false;
            }
        }
    }
    if (p != end || digits == 0)
        return false;
    v *= pow10_table[DEC_DIGITS - fraction];
    return narrow(negative ? -v : v, micro);
}

bool dec_parse_str(const char *text, int64_t *micro) { return dec_parse(text, strlen(text), micro); }

/* Writes a magnitude of `scale`-digit fixed point with exactly that many fraction digits. */
static size_t put_fixed(bool negative, uint64_t v, int scale, bool group, char *buf) {
    char rev[40];
    size_t n = 0, len = 0;
    for (int i = 0; i < scale; i++, v /= 10)
        rev[n++] = (char)('0' + v % 10);
    if (scale)
        rev[n++] = '.';
    int whole = 0;
    do {
        if (group && whole && whole % 3 == 0)
            rev[n++] = ',';
        rev[n++] = (char)('0' + v % 10);
        whole++;
    } while (v /= 10);
    if (negative)
        rev[n++] = '-';
    while (n)
        buf[len++] = rev[--n];
    buf[len] = 0;
    return len;
}

static uint64_t magnitude(int64_t v) { return v < 0 ? -(uint64_t)v : (uint64_t)v; }

size_t dec_format(int64_t micro, int min_digits, char *buf) {
    int digits = DEC_DIGITS;
    uint64_t v = magnitude(micro);
    while (digits > min_digits && digits > 0 && v % 10 == 0) {
        v /= 10;
        digits--;
    }
    return put_fixed(micro < 0, v, digits, false, buf);
}

size_t dec_format_fixed(int64_t micro, int digits, bool group, char *buf) {
    digits = digits < 0 ? 0 : digits > DEC_DIGITS ? DEC_DIGITS : digits;
    int64_t v = (int64_t)divide(micro, pow10_table[DEC_DIGITS - digits], ROUND_HALF_EVEN);
    return put_fixed(v < 0, magnitude(v), digits, group, buf);
}

bool dec_muldiv(int64_t a, int64_t b, int64_t den, enum dec_round mode, int64_t *out) {
    return den != 0 && narrow(divide((__int128)a * b, den, mode), out);
}

bool dec_to_step(int64_t value, int64_t step, enum dec_round mode, int64_t *out) {
    return step > 0 && narrow(divide(value, step, mode) * step, out);
}

bool dec_add(int64_t a, int64_t b, int64_t *out) { return !__builtin_add_overflow(a, b, out); }
bool dec_sub(int64_t a, int64_t b, int64_t *out) { return !__builtin_sub_overflow(a, b, out); }

bool usd_of(price px, qty size, enum dec_round mode, usd *out) {
    return dec_muldiv(px.micro, size.micro, DEC_ONE, mode, &out->micro);
}

bool qty_of(usd cash, price px, enum dec_round mode, qty *out) {
    return px.micro > 0 && dec_muldiv(cash.micro, DEC_ONE, px.micro, mode, &out->micro);
}

bool price_of(usd cash, qty size, enum dec_round mode, price *out) {
    return dec_muldiv(cash.micro, DEC_ONE, size.micro, mode, &out->micro);
}

bool usd_ppm(usd value, int64_t ppm, enum dec_round mode, usd *out) {
    return dec_muldiv(value.micro, ppm, DEC_ONE, mode, &out->micro);
}

static int64_t saturate(__int128 v) {
    return v > INT64_MAX ? INT64_MAX : v < INT64_MIN ? INT64_MIN : (int64_t)v;
}

usd usd_of_sat(price px, qty size) {
    return USD(saturate(divide((__int128)px.micro * size.micro, DEC_ONE, ROUND_HALF_EVEN)));
}

usd usd_add_sat(usd a, usd b) { return USD(saturate((__int128)a.micro + b.micro)); }
