/* Fixed point against wide references: parse and format round trips, every rounding mode by its definition, overflow. */
#include "turret/base/dec.h"
#include "turret/base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define OK(text, expected)                              \
    do {                                                \
        int64_t v_ = -77;                               \
        assert_true(dec_parse_str(text, &v_));          \
        assert_true(v_ == (expected));                  \
    } while (0)
#define BAD(text)                                       \
    do {                                                \
        int64_t v_ = -77;                               \
        assert_false(dec_parse_str(text, &v_));         \
        assert_true(v_ == -77);                         \
    } while (0)

static void parse_takes_decimals_and_nothing_else(void **state) {
    (void)state;
    OK("0", 0);
    OK("-0", 0);
    OK("12.345678", 12345678);
    OK(".5", 500000);
    OK("5.", 5000000);
    OK("-.000001", -1);
    OK("1.2345670000", 1234567);
    OK("0000000000000000000000000001", 1000000);
    OK("9223372036854.775807", INT64_MAX);
    OK("-9223372036854.775808", INT64_MIN);
    BAD("9223372036854.775808");
    BAD("-9223372036854.775809");
    BAD("99999999999999999999999999999999999999999999999999999");
    BAD("0.0000001");
    BAD("");
    BAD("-");
    BAD(".");
    BAD("-.");
    BAD("+1");
    BAD("1e3");
    BAD("1E999");
    BAD("nan");
    BAD("inf");
    BAD("0x10");
    BAD(" 1");
    BAD("1 ");
    BAD("1,000");
    BAD("1.2.3");
    BAD("--1");
    BAD("1-");
    int64_t v;
    assert_false(dec_parse("1\0002", 3, &v)); /* the length counts, not a NUL */
    assert_true(dec_parse("123456", 3, &v) && v == 123000000);
}

static int64_t any_value(struct rng *r) {
    int64_t v = (int64_t)rng_u64(r) >> rng_below(r, 64);
    return rng_below(r, 20) ? v : rng_below(r, 2) ? INT64_MAX - (int64_t)rng_below(r, 3) : INT64_MIN + (int64_t)rng_below(r, 3);
}

static void format_and_parse_are_inverse(void **state) {
    (void)state;
    struct rng r;
    rng_seed(&r, 1);
    char buf[DEC_TEXT_MAX];
    for (int i = 0; i < 200000; i++) {
        int64_t v = any_value(&r), back = ~v;
        int digits = (int)rng_below(&r, 7);
        size_t n = dec_format(v, digits, buf);
        assert_true(n == strlen(buf) && n < DEC_TEXT_MAX);
        assert_true(dec_parse(buf, n, &back) && back == v);
        const char *dot = strchr(buf, '.');
        assert_true((dot ? (int)strlen(dot + 1) : 0) >= digits);
    }
    dec_format(1500000, 0, buf);
    assert_string_equal(buf, "1.5");
    dec_format(-1500000, 2, buf);
    assert_string_equal(buf, "-1.50");
    dec_format(2000000, 0, buf);
    assert_string_equal(buf, "2");
}

static void fixed_format_rounds_to_even_and_groups(void **state) {
    (void)state;
    static const struct { int64_t micro; int digits; bool group; const char *text; } rows[] = {
        {1234567891234, 2, true, "1,234,567.89"}, {-1234567891234, 0, true, "-1,234,568"}, {999999999, 2, true, "1,000.00"},
        {125000, 2, false, "0.12"}, {135000, 2, false, "0.14"}, {-125000, 2, false, "-0.12"}, {-4999, 2, false, "0.00"},
        {100000000000, 0, true, "100,000"}, {INT64_MIN, 6, true, "-9,223,372,036,854.775808"}, {INT64_MAX, 0, true, "9,223,372,036,855"},
    };
    char buf[32];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        dec_format_fixed(rows[i].micro, rows[i].digits, rows[i].group, buf);
        assert_string_equal(buf, rows[i].text);
    }
}

/* The definition of each mode, by looking for the multiple of d that it names. */
static bool is_rounded(__int128 n, __int128 d, __int128 q, enum dec_round mode) {
    if (d < 0)
        n = -n, d = -d;
    __int128 below = q * d, off = n - below; /* |off| < d in every mode */
    if (off <= -d || off >= d)
        return false;
    switch (mode) {
    case ROUND_DOWN:
        return off >= 0;
    case ROUND_UP:
        return off <= 0;
    case ROUND_ZERO:
        return off == 0 || (n > 0) == (off > 0);
    case ROUND_AWAY:
        return off == 0 || (n > 0) == (off < 0);
    case ROUND_HALF_EVEN: {
        __int128 twice = off < 0 ? -off * 2 : off * 2;
        return twice < d || (twice == d && q % 2 == 0);
    }
    }
    return false;
}

static void muldiv_rounds_as_named_or_refuses(void **state) {
    (void)state;
    struct rng r;
    rng_seed(&r, 2);
    int refused = 0;
    for (int i = 0; i < 300000; i++) {
        int64_t a = any_value(&r), b = any_value(&r), d = any_value(&r), q = 42;
        enum dec_round mode = (enum dec_round)rng_below(&r, 5);
        if (rng_below(&r, 2)) /* small numbers make ties */
            a = rng_range(&r, -50, 50), b = rng_range(&r, -50, 50), d = rng_range(&r, -8, 8);
        bool ok = dec_muldiv(a, b, d, mode, &q);
        if (d == 0) {
            assert_false(ok);
            continue;
        }
        __int128 n = (__int128)a * b, exact = n / d; /* toward zero; a rounded one is at most one away */
        if (!ok) {
            assert_true(exact >= INT64_MAX || exact <= INT64_MIN);
            refused++;
            continue;
        }
        assert_true(is_rounded(n, d, q, mode));
    }
    assert_true(refused > 1000);
}

static void money_comes_out_exact(void **state) {
    (void)state;
    usd cash;
    qty size;
    price px;
    assert_true(usd_of(PRICE(290000), QTY(100 * DEC_ONE), ROUND_ZERO, &cash) && cash.micro == 29 * DEC_ONE); /* 0.29 * 100 is 29 */
    assert_true(usd_of(PRICE(333333), QTY(1), ROUND_DOWN, &cash) && cash.micro == 0);
    assert_true(usd_of(PRICE(333333), QTY(1), ROUND_UP, &cash) && cash.micro == 1);
    assert_true(qty_of(USD(10 * DEC_ONE), PRICE(3 * DEC_ONE), ROUND_DOWN, &size) && size.micro == 3333333);
    assert_false(qty_of(USD(1), PRICE(0), ROUND_DOWN, &size));
    assert_false(qty_of(USD(1), PRICE(-1), ROUND_DOWN, &size));
    assert_true(price_of(USD(2 * DEC_ONE), QTY(3 * DEC_ONE), ROUND_HALF_EVEN, &px) && px.micro == 666667);
    assert_false(price_of(USD(1), QTY(0), ROUND_DOWN, &px));
    assert_true(usd_ppm(USD(1000 * DEC_ONE), 200, ROUND_UP, &cash) && cash.micro == 200000); /* 2 bps */
    assert_false(usd_of(PRICE(INT64_MAX), QTY(2 * DEC_ONE), ROUND_ZERO, &cash));
    assert_true(usd_of_sat(PRICE(INT64_MAX), QTY(2 * DEC_ONE)).micro == INT64_MAX);
    assert_true(usd_of_sat(PRICE(INT64_MAX), QTY(-2 * DEC_ONE)).micro == INT64_MIN);
    assert_true(usd_add_sat(USD(INT64_MIN), USD(-1)).micro == INT64_MIN);
    int64_t v;
    assert_false(dec_add(INT64_MAX, 1, &v));
    assert_false(dec_sub(INT64_MIN, 1, &v));
    assert_true(dec_sub(-1, INT64_MAX, &v) && v == INT64_MIN);
}

static void steps_are_multiples(void **state) {
    (void)state;
    int64_t v;
    assert_true(dec_to_step(1234567, 10000, ROUND_DOWN, &v) && v == 1230000);
    assert_true(dec_to_step(1234567, 10000, ROUND_UP, &v) && v == 1240000);
    assert_true(dec_to_step(-1234567, 10000, ROUND_DOWN, &v) && v == -1240000);
    assert_true(dec_to_step(25, 10, ROUND_HALF_EVEN, &v) && v == 20);
    assert_true(dec_to_step(35, 10, ROUND_HALF_EVEN, &v) && v == 40);
    assert_false(dec_to_step(5, 0, ROUND_DOWN, &v));
    assert_false(dec_to_step(5, -1, ROUND_DOWN, &v));
    assert_false(dec_to_step(INT64_MAX, 1000000, ROUND_UP, &v));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse_takes_decimals_and_nothing_else), cmocka_unit_test(format_and_parse_are_inverse),
        cmocka_unit_test(fixed_format_rounds_to_even_and_groups), cmocka_unit_test(muldiv_rounds_as_named_or_refuses),
        cmocka_unit_test(money_comes_out_exact),                 cmocka_unit_test(steps_are_multiples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
