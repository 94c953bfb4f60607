/* Each row of the risk table refuses what it names and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "turret/trade/risk.h"

#define U(x) ((int64_t)((x) * 1000000LL))

static struct risk_limits l;
static struct risk_facts f;
static struct order o;
static char text[REASON_MAX];

static int fresh(void **st) {
    (void)st;
    risk_limits_default(&l);
    f = (struct risk_facts){.leader = true, .book_usable = true, .order_notional = USD(U(100)), .reference = PRICE(U(100))};
    memset(&o, 0, sizeof o);
    o.type = ORDER_LIMIT;
    o.action = ACTION_BUY;
    o.side = SIDE_LONG;
    o.limit = PRICE(U(100));
    o.size = QTY(U(1));
    return 0;
}
static enum err ask(void) { return risk_check(&l, &f, &o, text); }

static void a_plain_order_passes(void **st) {
    (void)st;
    assert_int_equal(ask(), ERR_OK);
    assert_string_equal(text, "");
}

static void each_flag_has_its_code(void **st) {
    fresh(st); f.leader = false; assert_int_equal(ask(), ERR_NOT_LEADER);
    fresh(st); f.killed = true; assert_int_equal(ask(), ERR_KILLED);
    fresh(st); f.store_down = true; assert_int_equal(ask(), ERR_STORE_DOWN);
    fresh(st); f.reconciling = true; assert_int_equal(ask(), ERR_RECONCILING);
    fresh(st); f.denied = true; assert_int_equal(ask(), ERR_RISK_MARKET_DENIED);
    fresh(st); f.book_usable = false; assert_int_equal(ask(), ERR_STALE_BOOK);
    fresh(st); f.day_paused = true; assert_int_equal(ask(), ERR_RISK_DAY_LOSS);
    fresh(st); f.duplicate = true; assert_int_equal(ask(), ERR_DUPLICATE);
}

static void each_limit_is_exact_and_can_be_switched_off(void **st) {
    fresh(st);
    l.max_order_size = U(1); assert_int_equal(ask(), ERR_OK);
    o.size.micro++; assert_int_equal(ask(), ERR_RISK_ORDER_SIZE);
    l.max_order_size = 0; assert_int_equal(ask(), ERR_OK);
    fresh(st);
    f.order_notional = USD(l.max_order_notional); assert_int_equal(ask(), ERR_OK);
    f.order_notional.micro++; assert_int_equal(ask(), ERR_RISK_ORDER_NOTIONAL);
    assert_non_null(strstr(text, "limit 25,000.00"));
    l.max_order_notional = 0; assert_int_equal(ask(), ERR_OK);
    fresh(st);
    f.market_exposure = USD(l.max_market_exposure - f.order_notional.micro); assert_int_equal(ask(), ERR_OK);
    f.market_exposure.micro++; assert_int_equal(ask(), ERR_RISK_MARKET_EXPOSURE);
    fresh(st);
    f.account_exposure = USD(l.max_account_exposure - f.order_notional.micro); assert_int_equal(ask(), ERR_OK);
    f.account_exposure.micro++; assert_int_equal(ask(), ERR_RISK_ACCOUNT_EXPOSURE);
    fresh(st);
    f.open_orders = (int)l.max_open_orders - 1; assert_int_equal(ask(), ERR_OK);
    f.open_orders++; assert_int_equal(ask(), ERR_RISK_OPEN_ORDERS);
    fresh(st);
    f.orders_last_second = (int)l.max_orders_per_second; assert_int_equal(ask(), ERR_RISK_ORDER_RATE);
    fresh(st);
    f.day_pnl = USD(-l.max_day_loss + 1); assert_int_equal(ask(), ERR_OK);
    f.day_pnl.micro--; assert_int_equal(ask(), ERR_RISK_DAY_LOSS);
}

static void price_distance_only_on_the_aggressive_side(void **st) {
    fresh(st);
    o.limit = PRICE(U(120)); assert_int_equal(ask(), ERR_OK);
    o.limit.micro++; assert_int_equal(ask(), ERR_RISK_PRICE_DISTANCE);
    o.limit = PRICE(U(1)); assert_int_equal(ask(), ERR_OK);
    o.action = ACTION_SELL; assert_int_equal(ask(), ERR_RISK_PRICE_DISTANCE);
    o.limit = PRICE(U(500)); assert_int_equal(ask(), ERR_OK);
    /* 10 cents of room on a binary market, whatever the percentage says */
    fresh(st);
    o.side = SIDE_YES;
    f.reference = PRICE(20000);
    o.limit = PRICE(120000); assert_int_equal(ask(), ERR_OK);
    o.limit = PRICE(130000); assert_int_equal(ask(), ERR_RISK_PRICE_DISTANCE);
}

static void infinite_figures_are_refused_not_passed(void **st) {
    fresh(st);
    f.order_notional = USD(INT64_MAX);
    assert_int_equal(ask(), ERR_RISK_ORDER_NOTIONAL);
    l.max_order_notional = 0;
    f.market_exposure = USD(INT64_MAX);
    assert_int_equal(ask(), ERR_RISK_MARKET_EXPOSURE);
}

static void table_of_limits_matches_the_struct(void **st) {
    int n, rules;
    fresh(st);
    const struct risk_limit_info *t = risk_limit_table(&n);
    assert_int_equal((size_t)n * sizeof(int64_t), sizeof(struct risk_limits));
    for (int i = 0; i < n; i++) {
        assert_int_equal(*(const int64_t *)((const char *)&l + t[i].offset), t[i].def);
        assert_true(t[i].help[0] && t[i].unit[0]);
    }
    const struct risk_rule *r = risk_rules(&rules);
    for (int i = 0; i < rules; i++)
        assert_true(err_exit_code(r[i].code) == 7);
}

/* --- what variants promise --- */
static struct agent_limits agent;

static void an_agent(void **st) {
    fresh(st);
    agent_limits_default(&agent);
    f.agent = &agent;
    f.equity = f.equity_peak = f.available = USD(U(10000));
    f.order_notional = f.trade_risk = USD(U(100));
    f.trade_reward = USD(U(300));
    f.cash_needed = USD(U(100));
    f.stop_valid = true;
    f.volume_ratio_ppm = 1000000;
    o.leverage = 1;
    o.pos.plan.confidence = 90;
}

static void each_rule_of_a_variant_is_exact(void **st) {
    an_agent(st); assert_int_equal(ask(), ERR_OK);
    f.run_over = true; assert_int_equal(ask(), ERR_RUN_OVER);
    an_agent(st); f.live_forbidden = true; assert_int_equal(ask(), ERR_SIMULATION_ONLY);
    an_agent(st); f.not_live = true; assert_int_equal(ask(), ERR_NOT_LIVE);
    an_agent(st); o.leverage = 10; assert_int_equal(ask(), ERR_OK);
    o.leverage = 11; assert_int_equal(ask(), ERR_RISK_LEVERAGE);
    assert_string_equal(text, "leverage 11, limit 10");
    an_agent(st); f.stop_valid = false; assert_int_equal(ask(), ERR_RISK_STOP_REQUIRED);
    agent.stop_required = 0; assert_int_equal(ask(), ERR_OK);
    an_agent(st); f.trade_risk = USD(U(200)); assert_int_equal(ask(), ERR_OK); /* 2 % of 10,000 */
    f.trade_risk.micro++; assert_int_equal(ask(), ERR_RISK_PER_TRADE);
    an_agent(st); o.pos.plan.confidence = 79; assert_int_equal(ask(), ERR_OK); /* below full confidence: half, which is 100 */
    f.trade_risk.micro++; assert_int_equal(ask(), ERR_RISK_PER_TRADE);
    assert_non_null(strstr(text, "(half): size at most 0.99"));
    an_agent(st); o.pos.plan.confidence = 40; assert_int_equal(ask(), ERR_OK);
    o.pos.plan.confidence = 39; assert_int_equal(ask(), ERR_RISK_CONFIDENCE);
    o.pos.plan.confidence = -1; assert_int_equal(ask(), ERR_RISK_CONFIDENCE);
    an_agent(st); f.exposure = USD(U(29900)); l.max_account_exposure = 0; assert_int_equal(ask(), ERR_OK);
    f.exposure.micro++; assert_int_equal(ask(), ERR_RISK_EXPOSURE);
    an_agent(st); f.available = USD(U(600)); assert_int_equal(ask(), ERR_OK);
    f.available.micro--; assert_int_equal(ask(), ERR_RISK_MIN_CASH);
    an_agent(st); agent.min_notional = U(100); assert_int_equal(ask(), ERR_OK);
    f.order_notional.micro--; assert_int_equal(ask(), ERR_RISK_MIN_NOTIONAL);
    an_agent(st); agent.max_positions = 3; f.positions = 2; assert_int_equal(ask(), ERR_OK);
    f.positions = 3; assert_int_equal(ask(), ERR_RISK_POSITIONS);
    an_agent(st); agent.min_reward = 3000000; assert_int_equal(ask(), ERR_OK);
    f.trade_reward.micro--; assert_int_equal(ask(), ERR_RISK_REWARD);
    f.trade_reward = USD(0); assert_int_equal(ask(), ERR_OK); /* no target: open-ended */
    an_agent(st); agent.max_funding = 200; f.funding_ppm = 200; assert_int_equal(ask(), ERR_OK);
    f.funding_ppm = 201; assert_int_equal(ask(), ERR_RISK_FUNDING);
    o.side = SIDE_SHORT; assert_int_equal(ask(), ERR_OK);
    f.funding_ppm = -201; assert_int_equal(ask(), ERR_RISK_FUNDING);
    an_agent(st); agent.max_drawdown = 100000; f.equity = USD(U(9000)); assert_int_equal(ask(), ERR_OK);
    f.equity.micro--; assert_int_equal(ask(), ERR_RISK_DRAWDOWN);
    an_agent(st); f.cooldown_left_us = 1; assert_int_equal(ask(), ERR_RISK_COOLDOWN);
    an_agent(st); agent.min_volume_ratio = 100000; f.volume_ratio_ppm = 100000; assert_int_equal(ask(), ERR_OK);
    f.volume_ratio_ppm--; assert_int_equal(ask(), ERR_RISK_VOLUME);
    f.volume_ratio_ppm = -1; assert_int_equal(ask(), ERR_OK);
    an_agent(st); f.equity = USD(-1); assert_int_equal(ask(), ERR_RISK_PER_TRADE); /* nothing is left to risk */
}

static void a_person_is_under_no_variant(void **st) {
    an_agent(st);
    f.agent = NULL;
    f.stop_valid = false;
    f.trade_risk = USD(U(9000));
    o.leverage = 20;
    o.pos.plan.confidence = -1;
    assert_int_equal(ask(), ERR_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_plain_order_passes, fresh),
        cmocka_unit_test_setup(each_flag_has_its_code, fresh),
        cmocka_unit_test_setup(each_limit_is_exact_and_can_be_switched_off, fresh),
        cmocka_unit_test_setup(price_distance_only_on_the_aggressive_side, fresh),
        cmocka_unit_test_setup(infinite_figures_are_refused_not_passed, fresh),
        cmocka_unit_test_setup(each_rule_of_a_variant_is_exact, fresh),
        cmocka_unit_test_setup(a_person_is_under_no_variant, fresh),
        cmocka_unit_test_setup(table_of_limits_matches_the_struct, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
