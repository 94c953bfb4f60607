/* Both sides of an order, and fees: known values of the official client, what is refused, and rules that hold for any price and size. */
#include "turret/base/dec.h"
#include "turret/base/rng.h"
#include "venue/polymarket/sign/pm_sign.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const int64_t ticks[] = {100000, 10000, 5000, 2500, 1000, 100};
#define TICKS (sizeof ticks / sizeof *ticks)

static void test_amounts_known(void **state) {
    (void)state;
    static const struct { bool market, sell; int64_t px, size, tick, maker, taker, capped; } rows[] = {
        {false, false, 300000, 21040000, 100000, 6312000, 21040000, 0},
        {false, false, 570000, 1234560000, 10000, 703699200, 1234560000, 0},
        {false, false, 127500, 33333000, 2500, 4249575, 33330000, 0},
        {false, true, 998700, 7770000, 100, 7770000, 7759899, 0},
        {true, false, 700000, 100000000, 100000, 100000000, 142857000, 142857000},
        {true, false, 290000, 17456000, 10000, 17450000, 60172400, 60172400},
        {true, false, 992500, 17456000, 2500, 17450000, 17581863, 17581800},
        {true, false, 815000, 100000000, 5000, 100000000, 122699380, 122699300},
        {true, true, 815000, 33330000, 5000, 33330000, 27163950, 27163900},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pm_amounts a;
        if (!rows[i].market) {
            assert_int_equal(pm_amounts_limit(rows[i].sell, rows[i].px, rows[i].size, rows[i].tick, false, &a), ERR_OK);
            assert_true(a.maker == rows[i].maker && a.taker == rows[i].taker && a.shares == (rows[i].sell ? a.maker : a.taker));
            continue;
        }
        assert_int_equal(pm_amounts_market(rows[i].sell, rows[i].px, rows[i].size, rows[i].tick, true, &a), ERR_OK);
        assert_true(a.maker == rows[i].maker && a.taker == rows[i].taker);
        assert_int_equal(pm_amounts_market(rows[i].sell, rows[i].px, rows[i].size, rows[i].tick, false, &a), ERR_OK);
        assert_true(a.maker == rows[i].maker && a.taker == rows[i].capped && a.shares == (rows[i].sell ? a.maker : a.taker));
    }
}

static void test_amounts_refused(void **state) {
    (void)state;
    struct pm_amounts a;
    assert_int_equal(pm_amounts_limit(false, 305000, 5000000, 10000, false, &a), ERR_TICK_SIZE);
    assert_int_equal(pm_amounts_limit(false, 0, 5000000, 10000, false, &a), ERR_PRICE_OUT_OF_RANGE);
    assert_int_equal(pm_amounts_limit(false, -10000, 5000000, 10000, false, &a), ERR_PRICE_OUT_OF_RANGE);
    assert_int_equal(pm_amounts_limit(true, 1000000, 5000000, 10000, false, &a), ERR_PRICE_OUT_OF_RANGE);
    assert_int_equal(pm_amounts_limit(true, 995000, 5000000, 10000, false, &a), ERR_PRICE_OUT_OF_RANGE);
    assert_int_equal(pm_amounts_limit(true, 500000, 9999, 10000, false, &a), ERR_MIN_SIZE);
    assert_int_equal(pm_amounts_limit(true, 500000, -5000000, 10000, false, &a), ERR_MIN_SIZE);
    assert_int_equal(pm_amounts_limit(true, 500000, INT64_MIN, 10000, false, &a), ERR_MIN_SIZE);
    assert_int_equal(pm_amounts_limit(false, 100, 10000, 100, true, &a), ERR_MIN_SIZE); /* a hundredth of a share for no cent */
    assert_int_equal(pm_amounts_market(false, 500000, 9999, 10000, false, &a), ERR_MIN_SIZE);
    assert_int_equal(pm_amounts_market(false, 500000, INT64_MIN, 10000, false, &a), ERR_MIN_SIZE);
    assert_int_equal(pm_amounts_market(false, 100, INT64_MAX, 100, false, &a), ERR_OVERFLOW);
    static const int64_t bad_ticks[] = {0, -100, 1, 50, 150, 600000, 1000000};
    for (size_t i = 0; i < sizeof bad_ticks / sizeof *bad_ticks; i++) {
        assert_int_equal(pm_amounts_limit(false, 300000, 5000000, bad_ticks[i], false, &a), ERR_TICK_SIZE);
        assert_int_equal(pm_amounts_market(false, 300000, 5000000, bad_ticks[i], false, &a), ERR_TICK_SIZE);
    }
}

/* What the venue refuses never comes out, and no order can match at a worse tick than was asked for. */
static void taking_holds(bool sell, int64_t px, int64_t tick, const struct pm_amounts *a) {
    assert_true(a->maker > 0 && a->taker > 0 && a->maker % 10000 == 0 && a->taker % 100 == 0);
    __int128 shares = sell ? a->maker : a->taker, money = sell ? a->taker : a->maker;
    assert_true(a->shares == (int64_t)shares);
    if (sell) {
        assert_true(money * DEC_ONE <= shares * px); /* meets a bid at px */
        assert_true(shares < DEC_ONE || money * DEC_ONE > shares * (px - tick));
    } else {
        assert_true(money * DEC_ONE >= shares * px); /* meets an ask at px */
        assert_true(shares < DEC_ONE || money * DEC_ONE < shares * (px + tick));
    }
}

static void test_amounts_random(void **state) {
    (void)state;
    struct rng r;
    rng_seed(&r, 5);
    int taken = 0;
    for (int i = 0; i < 200000; i++) {
        int64_t tick = ticks[rng_below(&r, TICKS)], px = rng_range(&r, 1, DEC_ONE / tick - 1) * tick;
        int64_t size = rng_below(&r, 4) ? rng_range(&r, 1, 1000 * DEC_ONE) : rng_range(&r, 1, 1000000000 * DEC_ONE);
        bool sell = rng_below(&r, 2);
        struct pm_amounts a;
        enum err e = pm_amounts_limit(sell, px, size, tick, false, &a);
        if (size < 10000)
            assert_int_equal(e, ERR_MIN_SIZE);
        else {
            assert_int_equal(e, ERR_OK);
            assert_true(a.shares % 10000 == 0 && a.shares <= size && size - a.shares < 10000);
            assert_true((__int128)(sell ? a.taker : a.maker) * DEC_ONE == (__int128)a.shares * px && (sell ? a.maker : a.taker) == a.shares);
        }
        if (pm_amounts_limit(sell, px, size, tick, true, &a) == ERR_OK) {
            taking_holds(sell, px, tick, &a);
            assert_true(a.shares <= size && (sell || (__int128)a.maker * DEC_ONE <= (__int128)size * px));
            taken++;
        }
        if (pm_amounts_market(sell, px, size, tick, false, &a) == ERR_OK) {
            taking_holds(sell, px, tick, &a);
            assert_true(a.maker <= size && size - a.maker < 10000);
        }
    }
    assert_true(taken > 100000);
}

static void test_fees(void **state) {
    (void)state;
    assert_int_equal(pm_fee(22840000, 520000, 50000, 1), 285040);
    assert_int_equal(pm_fee(7440000, 900000, 50000, 1), 33480);
    assert_int_equal(pm_fee(35440000, 550000, 50000, 1), 438570);
    assert_int_equal(pm_fee(10000000, 500000, 70000, 2), 43750);
    assert_int_equal(pm_fee(10000000, 500000, 70000, 0), 700000);
    assert_int_equal(pm_fee(10000, 10000, 40000, 1), 10);  /* 0.00000396: the least */
    assert_int_equal(pm_fee(10000000, 500000, 0, 1), 0);
    assert_int_equal(pm_fee(0, 500000, 70000, 1), 0);
    assert_int_equal(pm_fee(INT64_MAX, 500000, 70000, 1), pm_fee(INT64_MAX - 1, 500000, 70000, 1)); /* no overflow on the way */
    struct rng r;
    rng_seed(&r, 11);
    for (int i = 0; i < 20000; i++) { /* beside the formula in floating point */
        int64_t shares = rng_range(&r, 1, 100000 * DEC_ONE), px = rng_range(&r, 1, 9999) * 100;
        int32_t rate = (int32_t)rng_range(&r, 1, 100000), exponent = (int32_t)rng_range(&r, 0, 3);
        double p = (double)px / 1e6, fee = (double)shares / 1e6 * (double)rate / 1e6, got = (double)pm_fee(shares, px, rate, exponent) / 1e6;
        for (int e = 0; e < exponent; e++)
            fee *= p * (1 - p);
        assert_true(got >= fee - 0.0000051 && got <= fee + 0.0000101);
    }
}

static void test_buy_with_fee(void **state) {
    (void)state;
    static const struct { int64_t amount, balance, px; int32_t rate, exponent, builder; int64_t want; } rows[] = {
        {100000000, 1000000000, 500000, 70000, 1, 0, 100000000}, {100000000, 100000000, 500000, 70000, 1, 0, 96500000},
        {100000000, 100000000, 500000, 50000, 1, 100, 96500000}, {10000000, 10000000, 990000, 70000, 1, 0, 9993000},
        {10000000, 10000000, 10000, 70000, 1, 0, 9307000},       {25000000, 20000000, 620000, 50000, 2, 0, 19910472},
        {100000000, 101000000, 500000, 70000, 1, 0, 97500000},   {100000000, 0, 500000, 70000, 1, 0, 0},
        {100000000, 100000000, 500000, 0, 1, 0, 100000000},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(pm_buy_with_fee(rows[i].amount, rows[i].balance, rows[i].px, rows[i].rate, rows[i].exponent, rows[i].builder), rows[i].want);
    struct rng r;
    rng_seed(&r, 13);
    for (int i = 0; i < 20000; i++) { /* what is bought can be paid, fee and all */
        int64_t amount = rng_range(&r, 1, 1000 * DEC_ONE), balance = rng_range(&r, 1, 1000 * DEC_ONE), px = rng_range(&r, 1, 99) * 10000;
        int32_t rate = (int32_t)rng_range(&r, 0, 70000);
        int64_t spend = pm_buy_with_fee(amount, balance, px, rate, 1, 0);
        assert_true(spend >= 0 && spend <= amount);
        int64_t fee = pm_fee((int64_t)((__int128)spend * DEC_ONE / px), px, rate, 1);
        assert_true(spend == 0 || spend + fee <= balance + 10);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_amounts_known), cmocka_unit_test(test_amounts_refused), cmocka_unit_test(test_amounts_random),
        cmocka_unit_test(test_fees),          cmocka_unit_test(test_buy_with_fee),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
