/* Fee formulas against figures worked out by hand and against doubles; totals of an order do not depend on how it was filled. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "turret/base/rng.h"
#include "turret/trade/fee.h"

#define U(x) ((int64_t)((x) * 1000000LL))

static struct market kalshi(int32_t rate) { return (struct market){.venue = VENUE_KALSHI, .fee_kind = FEE_KALSHI, .taker_ppm = rate, .maker_ppm = rate / 4}; }

static void kalshi_is_the_published_table(void **st) {
    (void)st;
    const struct market m = kalshi(70000), half = kalshi(35000);
    /* 0.07 * C * P * (1 - P), up to the cent */
    static const struct { int64_t px, n, cents; } rows[] = {{10000, 1, 1}, {10000, 100, 7}, {50000, 100, 34}, {100000, 1, 1}, {100000, 100, 63},
                                                            {500000, 1, 2}, {500000, 100, 175}, {750000, 100, 132}, {990000, 100, 7}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(fee_of(&m, PRICE(rows[i].px), QTY(U(rows[i].n)), false).micro, rows[i].cents * 10000);
    assert_int_equal(fee_of(&half, PRICE(500000), QTY(U(100)), false).micro, 880000); /* 87.5 cents */
    assert_int_equal(fee_of(&m, PRICE(500000), QTY(U(100)), true).micro, 440000);     /* a quarter of it, 43.75 */
    assert_int_equal(fee_of(&m, PRICE(U(1)), QTY(U(100)), false).micro, 0);
    assert_int_equal(fee_step(&m).micro, 10000);
}

static void polymarket_takes_the_market_s_rate(void **st) {
    (void)st;
    struct market m = {.venue = VENUE_POLYMARKET, .fee_kind = FEE_POLYMARKET, .taker_ppm = 72000};
    assert_int_equal(fee_of(&m, PRICE(500000), QTY(U(100)), false).micro, U(1.8));
    assert_int_equal(fee_of(&m, PRICE(333000), QTY(U(1)), false).micro, 15990); /* 0.0159919... */
    assert_int_equal(fee_of(&m, PRICE(500000), QTY(U(100)), true).micro, 0);
    assert_int_equal(fee_step(&m).micro, 0);
    m.taker_ppm = 0;
    assert_int_equal(fee_of(&m, PRICE(500000), QTY(U(100)), false).micro, 0);
}

/* However an order's fills are cut, it pays the same, within one rounding of the exact figure. */
static void parts_add_up_to_the_order_s_fee(void **st) {
    (void)st;
    struct rng r;
    rng_seed(&r, 4);
    for (int round = 0; round < 2000; round++) {
        struct market m = kalshi((int32_t)rng_range(&r, 10, 80) * 1000);
        m.fee_kind = (uint8_t)rng_range(&r, FEE_KALSHI, FEE_POLYMARKET);
        struct fee_part whole = {0}, cut = {0};
        double exact = 0;
        int64_t sum = 0;
        for (int level = 0; level < 4; level++) {
            int64_t px = rng_range(&r, 1, 99) * 10000, n = rng_range(&r, 1, 500);
            exact += m.taker_ppm / 1e6 * (double)n * (double)px / 1e6 * (1 - (double)px / 1e6);
            fee_add(&m, &whole, PRICE(px), QTY(U(n)), false);
            while (n > 0) {
                int64_t part = rng_range(&r, 1, n);
                usd more = fee_add(&m, &cut, PRICE(px), QTY(U(part)), false);
                assert_true(more.micro >= 0);
                sum += more.micro;
                n -= part;
            }
        }
        assert_int_equal(cut.charged.micro, whole.charged.micro);
        assert_int_equal(sum, whole.charged.micro);
        const bool up = m.fee_kind == FEE_KALSHI;
        assert_true((double)sum / 1e6 > exact - (up ? 0 : 1e-5) - 1e-9);
        assert_true((double)sum / 1e6 < exact + (up ? 1e-2 : 0) + 1e-9);
        assert_int_equal(sum % (up ? 10000 : 10), 0);
    }
}

/* Rates and sizes no venue has, but a file may: no figure wraps around. */
static void absurd_figures_saturate(void **st) {
    (void)st;
    for (int kind = 0; kind < FEE_KIND_COUNT; kind++) {
        const struct market m = {.fee_kind = (uint8_t)kind, .taker_ppm = INT32_MAX, .maker_ppm = INT32_MIN};
        struct fee_part p = {0};
        for (int i = 0; i < 3; i++) {
            assert_true(fee_of(&m, PRICE(500000), QTY(INT64_MAX), false).micro > U(1000));
            assert_true(fee_add(&m, &p, PRICE(500000), QTY(INT64_MAX), false).micro >= 0);
        }
        assert_true(fee_of(&m, PRICE(500000), QTY(U(1)), true).micro < 0);
        assert_true(fee_unit(&m, PRICE(INT64_MAX), false).micro >= 0);
    }
}

/* The value formula charges each execution by itself, as venues that take basis points do. */
static void notional_is_charged_by_execution(void **st) {
    (void)st;
    const struct market m = {.venue = VENUE_SIM, .taker_ppm = 500, .maker_ppm = -100};
    struct fee_part p = {0};
    assert_int_equal(fee_add(&m, &p, PRICE(1), QTY(U(1)), false).micro, 1);
    assert_int_equal(fee_add(&m, &p, PRICE(1), QTY(U(1)), false).micro, 1);
    assert_int_equal(fee_add(&m, &p, PRICE(U(100)), QTY(U(10)), true).micro, -100000);
    assert_int_equal(p.charged.micro, 2 - 100000);
    assert_int_equal(fee_unit(&m, PRICE(U(100)), false).micro, 50000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kalshi_is_the_published_table),
        cmocka_unit_test(polymarket_takes_the_market_s_rate),
        cmocka_unit_test(parts_add_up_to_the_order_s_fee),
        cmocka_unit_test(absurd_figures_saturate),
        cmocka_unit_test(notional_is_charged_by_execution),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
