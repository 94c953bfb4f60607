/* Position arithmetic against hand-made figures and a replay of random fills in __int128. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>

#include "turret/base/rng.h"
#include "turret/trade/fee.h"
#include "turret/trade/position.h"

#define U(x) ((int64_t)((x) * 1000000LL))

static void scale_in_averages(void **st) {
    (void)st;
    struct position p = {0};
    assert_int_equal(position_open_fill(&p, PRICE(U(40)), QTY(U(100)), USD(U(1)), 5), ERR_OK);
    assert_int_equal(position_open_fill(&p, PRICE(U(50)), QTY(U(300)), USD(U(2)), 9), ERR_OK);
    assert_int_equal(p.status, POSITION_OPEN);
    assert_int_equal(p.opened_us, 5);
    assert_int_equal(p.entry_price.micro, 47500000);
    assert_int_equal(p.cost.micro, U(19000));
    assert_int_equal(p.fees.micro, U(3));
}

static void closing_in_parts_strands_nothing(void **st) {
    (void)st;
    struct position p = {0};
    usd pnl, sum = USD(0);
    position_open_fill(&p, PRICE(333333), QTY(U(3)), USD(0), 1); /* cost 0.999999 */
    for (int i = 0; i < 3; i++) {
        assert_int_equal(position_close_fill(&p, 1, PRICE(500000), QTY(U(1)), USD(10), 7, &pnl), ERR_OK);
        sum.micro += pnl.micro;
    }
    assert_int_equal(p.status, POSITION_CLOSED);
    assert_int_equal(p.open.micro, 0);
    assert_int_equal(p.cost.micro, 0);
    assert_int_equal(p.closed_us, 7);
    assert_int_equal(sum.micro, 1500000 - 999999);
    assert_int_equal(p.realized_pnl.micro, sum.micro);
    assert_int_equal(p.exit_price.micro, 500000);
}

static void a_short_gains_when_it_falls(void **st) {
    (void)st;
    struct position p = {0};
    usd pnl;
    position_open_fill(&p, PRICE(U(3000)), QTY(U(2)), USD(0), 1);
    assert_int_equal(position_unrealized(&p, -1, PRICE(U(2900))).micro, U(200));
    assert_int_equal(position_unrealized(&p, -1, PRICE(U(3100))).micro, -U(200));
    position_close_fill(&p, -1, PRICE(U(2900)), QTY(U(2)), USD(0), 2, &pnl);
    assert_int_equal(pnl.micro, U(200));
}

static void overflow_changes_nothing(void **st) {
    (void)st;
    struct position p = {0}, before;
    position_open_fill(&p, PRICE(U(1)), QTY(U(1)), USD(0), 1);
    before = p;
    assert_int_equal(position_open_fill(&p, PRICE(INT64_MAX), QTY(INT64_MAX), USD(0), 2), ERR_OVERFLOW);
    assert_memory_equal(&p, &before, sizeof p);
}

/* Realized + cost of the rest + unrealized at the last price always equals cash out and in. */
static void random_fills_conserve_value(void **st) {
    (void)st;
    struct rng r;
    rng_seed(&r, 4242);
    for (int round = 0; round < 2000; round++) {
        struct position p = {0};
        int dir = rng_below(&r, 2) ? 1 : -1;
        int64_t cash = 0;
        usd pnl;
        for (int i = 0; i < 20; i++) {
            price px = PRICE(rng_range(&r, 1, U(90)));
            qty size = QTY(rng_range(&r, 1, U(10)));
            usd v;
            if (p.open.micro && rng_below(&r, 2)) {
                if (size.micro > p.open.micro)
                    size = p.open;
                usd_of(px, size, ROUND_HALF_EVEN, &v);
                position_close_fill(&p, dir, px, size, USD(0), i, &pnl);
                cash += v.micro * dir;
            } else {
                usd_of(px, size, ROUND_HALF_EVEN, &v);
                position_open_fill(&p, px, size, USD(0), i);
                cash -= v.micro * dir;
            }
            assert_int_equal(cash, p.realized_pnl.micro - dir * p.cost.micro);
            assert_true(p.open.micro >= 0 && p.cost.micro >= 0);
        }
    }
}

static void risk_and_reward_only_where_defined(void **st) {
    (void)st;
    struct position p = {0};
    position_open_fill(&p, PRICE(U(100)), QTY(U(5)), USD(0), 1);
    assert_int_equal(position_risk(&p, 1).micro, 0);
    p.plan.stop = PRICE(U(90));
    p.plan.target = PRICE(U(130));
    assert_int_equal(position_risk(&p, 1).micro, U(50));
    assert_int_equal(position_reward(&p, 1).micro, U(150));
    p.plan.stop = PRICE(U(110)); /* a locked-in gain is no risk */
    assert_int_equal(position_risk(&p, 1).micro, 0);
}

static void bug_15_stop_and_target_must_be_on_their_side(void **st) {
    (void)st;
    assert_int_equal(exit_plan_check(1, PRICE(U(90)), PRICE(U(110)), PRICE(U(100))), ERR_OK);
    assert_int_equal(exit_plan_check(1, PRICE(U(100)), PRICE(0), PRICE(U(100))), ERR_STOP_SIDE);
    assert_int_equal(exit_plan_check(1, PRICE(0), PRICE(U(99)), PRICE(U(100))), ERR_TARGET_SIDE);
    assert_int_equal(exit_plan_check(-1, PRICE(U(110)), PRICE(U(90)), PRICE(U(100))), ERR_OK);
    assert_int_equal(exit_plan_check(-1, PRICE(U(90)), PRICE(0), PRICE(U(100))), ERR_STOP_SIDE);
    assert_int_equal(exit_plan_check(1, PRICE(-5), PRICE(0), PRICE(U(100))), ERR_BAD_VALUE);
}

static void liquidation_is_where_equity_meets_maintenance(void **st) {
    (void)st;
    /* 1 BTC long at mark 60,000 with 6,000 of slack, 0.5 % maintenance: equity at m equals 0.005 m. */
    price m = liquidation_price(1, PRICE(U(60000)), QTY(U(1)), USD(U(6000)), 5000);
    usd equity = USD(U(6000) + m.micro - U(60000));
    assert_true(llabs(equity.micro - maintenance_margin(USD(m.micro), 5000).micro) <= 2);
    assert_true(m.micro < U(60000));
    m = liquidation_price(-1, PRICE(U(60000)), QTY(U(2)), USD(U(6000)), 5000);
    equity = USD(U(6000) - 2 * (m.micro - U(60000)));
    assert_true(llabs(equity.micro - maintenance_margin(USD(2 * m.micro), 5000).micro) <= 4);
    assert_true(m.micro > U(60000));
    /* More money than the position can lose: no price liquidates it. */
    assert_int_equal(liquidation_price(1, PRICE(U(100)), QTY(U(1)), USD(U(500)), 5000).micro, 0);
}

static void fees_round_up_and_rebates_are_possible(void **st) {
    (void)st;
    struct market m = {.venue = VENUE_SIM, .maker_ppm = 200, .taker_ppm = 500};
    assert_int_equal(fee_of(&m, PRICE(U(100)), QTY(U(10)), false).micro, 500000);
    assert_int_equal(fee_of(&m, PRICE(U(100)), QTY(U(10)), true).micro, 200000);
    assert_int_equal(fee_of(&m, PRICE(1), QTY(U(1)), false).micro, 1); /* 0.0005 micro, up */
    m.maker_ppm = -100;
    assert_int_equal(fee_of(&m, PRICE(U(100)), QTY(U(10)), true).micro, -100000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scale_in_averages),
        cmocka_unit_test(closing_in_parts_strands_nothing),
        cmocka_unit_test(a_short_gains_when_it_falls),
        cmocka_unit_test(overflow_changes_nothing),
        cmocka_unit_test(random_fills_conserve_value),
        cmocka_unit_test(risk_and_reward_only_where_defined),
        cmocka_unit_test(bug_15_stop_and_target_must_be_on_their_side),
        cmocka_unit_test(liquidation_is_where_equity_meets_maintenance),
        cmocka_unit_test(fees_round_up_and_rebates_are_possible),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
