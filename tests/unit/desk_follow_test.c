/* Copy and counter trading in the desk: what is followed and how large, every reason not to at its limit, exits that never open. */
#include "desk_follow_rig.h"

/* --- following -------------------------------------------------------------------------------------------- */
static void a_copy_buys_the_same_side(void **state) {
    struct rig *g = *state;
    struct follow f = copy_of(WALLET);
    follow_id id = follow_new(g, &f);
    fx_clear(g);
    traded(g, "t1", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    struct rec *r = assert_followed(g, id, "t1");
    assert_int_equal(r->o.source, SOURCE_COPY_TRADE);
    assert_int_equal(r->o.tif, TIF_IOC);
    assert_int_equal(r->o.limit.micro, 420000); /* 2 % above is not on the grid */
    assert_int_equal(r->o.size.micro, 23 * DEC_ONE); /* 10 USD */
    uint64_t order_seq = 0, row_seq = 0, figures_seq = 0;
    for (size_t i = 0; i < g->n_fx; i++) {
        const struct fx_save *s = &g->fx[i].u.save;
        if (g->fx[i].type != FX_SAVE)
            continue;
        if (s->kind == SAVE_ORDER && s->insert)
            order_seq = s->seq;
        if (s->kind == SAVE_FOLLOW_TRADE && s->u.follow_trade.order == r->o.id && row_seq == 0)
            row_seq = s->seq;
        if (s->kind == SAVE_FOLLOW && figures_seq == 0)
            figures_seq = s->seq;
    }
    assert_true(order_seq != 0 && order_seq == row_seq && row_seq == figures_seq); /* one transaction */
    fill_all(g, r, 0.42);
    assert_int_equal(seen(g, id, "t1")->total.micro, 23 * 420000);
    assert_int_equal(view_follow(g->d, id)->day_volume.micro, 23 * 420000);
    char name[STRATEGY_MAX];
    follow_strategy_of(view_follow(g->d, id), name);
    assert_string_equal(r->o.strategy, name);
    audit_clean(g);
}

static void a_counter_takes_the_other_side(void **state) {
    struct rig *g = *state;
    struct follow f = counter_of(WALLET);
    f.factor = DEC_ONE / 2;
    follow_id id = follow_new(g, &f);
    traded(g, "t1", g->fed, SIDE_YES, ACTION_BUY, 0.40, 100); /* 40 USD at NO 0.60: ours is 20 USD of NO */
    struct rec *r = assert_followed(g, id, "t1");
    assert_int_equal(r->o.side, SIDE_NO);
    assert_int_equal(r->o.action, ACTION_BUY);
    assert_int_equal(r->o.limit.micro, 610000);
    assert_int_equal(r->o.size.micro, 32 * DEC_ONE); /* 20 / 0.61 */
    assert_int_equal(r->o.source, SOURCE_COUNTER_TRADE);
    f.id = id;
    f.max_trade = USD(10 * DEC_ONE);
    assert_int_equal(put_follow(g, &f, NULL), ERR_OK);
    traded(g, "t2", g->perp, SIDE_LONG, ACTION_BUY, 100, 2); /* long 200 USD: short 10 */
    r = assert_followed(g, id, "t2");
    assert_int_equal(r->o.side, SIDE_SHORT);
    assert_int_equal(r->o.action, ACTION_SELL);
    assert_int_equal(r->o.limit.micro, 98000000);
    assert_int_equal(r->o.size.micro, 100000); /* 10 / 99.9 */
}

static void stop_and_target_follow_the_entry(void **state) {
    struct rig *g = *state;
    struct follow f = copy_of(WALLET);
    f.stop_e4 = 500;
    f.target_e4 = 1000;
    follow_id id = follow_new(g, &f);
    traded(g, "t1", g->perp, SIDE_LONG, ACTION_BUY, 100.1, 2);
    struct rec *r = assert_followed(g, id, "t1");
    assert_true(r->o.pos.plan.stop.micro > 0 && r->o.pos.plan.target.micro > r->o.limit.micro);
    fill_all(g, r, 100);
    assert_int_equal(r->o.pos.plan.stop.micro, 95 * DEC_ONE);
    assert_int_equal(r->o.pos.plan.target.micro, 110 * DEC_ONE);
    book(g, g->perp, 94.9, 95.1, 1000);
    assert_int_equal(newest(g)->o.source, SOURCE_TPSL);
}

/* --- reasons not to ----------------------------------------------------------------------------------------- */
static void market_reasons(void **state) {
    struct rig *g = *state;
    struct follow f = copy_of(WALLET);
    str_copy(f.categories, sizeof f.categories, "sports, Politics");
    follow_id id = follow_new(g, &f);
    traded(g, "unknown", 4711, SIDE_YES, ACTION_BUY, 0.42, 100);
    assert_skipped(g, id, "unknown", ERR_NOT_FOUND);
    traded(g, "kind", g->perp, SIDE_YES, ACTION_BUY, 0.42, 100);
    assert_skipped(g, id, "kind", ERR_BAD_VALUE);
    traded(g, "zero", g->fed, SIDE_YES, ACTION_BUY, 0, 100);
    assert_skipped(g, id, "zero", ERR_BAD_VALUE);
    traded(g, "sure", g->fed, SIDE_YES, ACTION_BUY, 1, 100);
    assert_skipped(g, id, "sure", ERR_BAD_VALUE);
    traded(g, "category", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    assert_skipped(g, id, "category", ERR_FOLLOW_CATEGORY);
    struct market m = market_fed();
    str_copy(m.category, sizeof m.category, "politics");
    list_market(g, &m);
    books(g);
    traded(g, "fits", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    assert_followed(g, id, "fits");
    struct event ev = ev_of(EVENT_MARKET_STATUS);
    ev.u.market_status = (struct ev_market_status){.market = g->fed, .status = MARKET_HALTED};
    put(g, &ev);
    traded(g, "halted", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    assert_skipped(g, id, "halted", ERR_MARKET_CLOSED);
    assert_int_equal(view_follow(g->d, id)->skipped, 6);
}

static void price_reasons_at_their_limits(void **state) {
    struct rig *g = *state;
    struct follow f = copy_of(WALLET);
    f.max_price = PX(0.42);
    follow_id id = follow_new(g, &f);
    f.id = id;
    traded(g, "at-max", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    assert_followed(g, id, "at-max");
    f.max_price = PX(0.419999);
    put_follow(g, &f, NULL);
    traded(g, "above-max", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    assert_skipped(g, id, "above-max", ERR_FOLLOW_PROBABILITY);
    f.max_price = PRICE(0);
    f.min_price = PX(0.420001);
    put_follow(g, &f, NULL);
    traded(g, "below-min", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    assert_skipped(g, id, "below-min", ERR_FOLLOW_PROBABILITY);
    f.min_price = PX(0.42);
    f.min_liquidity = USD(2100 * DEC_ONE); /* 5000 at 0.42 */
    put_follow(g, &f, NULL);
    traded(g, "liquid", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    assert_followed(g, id, "liquid");
    f.min_liquidity.micro++;
    put_follow(g, &f, NULL);
    traded(g, "thin", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    assert_skipped(g, id, "thin", ERR_FOLLOW_LIQUIDITY);
    f.min_liquidity = USD(0);
    f.slippage_e4 = 500;
    put_follow(g, &f, NULL);
    traded(g, "slip-ok", g->fed, SIDE_YES, ACTION_BUY, 0.40, 100); /* 0.40 * 1.05 = 0.42 */
    assert_followed(g, id, "slip-ok");
    f.slippage_e4 = 499;
    put_follow(g, &f, NULL);
    traded(g, "slip", g->fed, SIDE_YES, ACTION_BUY, 0.40, 100);
    assert_skipped(g, id, "slip", ERR_SLIPPAGE);
    f.slippage_e4 = 0;
    put_follow(g, &f, NULL);
    traded(g, "exact", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    assert_followed(g, id, "exact");
}

static void caps_leave_less_or_nothing(void **state) {
    struct rig *g = *state;
    struct follow f = copy_of(WALLET);
    f.fixed = USD(1000 * DEC_ONE);
    f.max_trade = USD(84 * DEC_ONE);
    f.max_position = USD(210 * DEC_ONE);
    f.max_day = USD(300 * DEC_ONE);
    follow_id id = follow_new(g, &f);
    traded(g, "t1", g->fed, SIDE_YES, ACTION_BUY, 0.42, 9999);
    struct rec *r = assert_followed(g, id, "t1");
    assert_int_equal(r->o.size.micro, 200 * DEC_ONE); /* 84 */
    traded(g, "t2", g->fed, SIDE_YES, ACTION_BUY, 0.42, 9999); /* the first is still on its way: it counts */
    struct rec *r2 = assert_followed(g, id, "t2");
    traded(g, "t3", g->fed, SIDE_YES, ACTION_BUY, 0.42, 9999);
    struct rec *r3 = assert_followed(g, id, "t3");
    assert_int_equal(r3->o.size.micro, 100 * DEC_ONE); /* 210 - 168 = 42 */
    fill_all(g, r, 0.42);
    fill_all(g, r2, 0.42);
    fill_all(g, r3, 0.42);
    traded(g, "t4", g->fed, SIDE_YES, ACTION_BUY, 0.42, 9999);
    assert_skipped(g, id, "t4", ERR_FOLLOW_CAP);
    traded(g, "t5", g->perp, SIDE_LONG, ACTION_BUY, 100.1, 9999); /* another position: the day has 90 left, the trade 84 */
    r = assert_followed(g, id, "t5");
    done(g, r, ERR_NO_LIQUIDITY);
    f.id = id;
    f.max_day = USD(210 * DEC_ONE);
    put_follow(g, &f, NULL);
    traded(g, "t6", g->perp, SIDE_LONG, ACTION_BUY, 100.1, 9999);
    assert_skipped(g, id, "t6", ERR_FOLLOW_CAP);
    f.fixed = USD(100000); /* 0.10: less than one contract */
    f.max_day = f.max_trade = USD(0);
    f.max_position = USD(5000 * DEC_ONE);
    put_follow(g, &f, NULL);
    traded(g, "t7", g->fed, SIDE_YES, ACTION_BUY, 0.42, 9999);
    assert_skipped(g, id, "t7", ERR_MIN_SIZE);
    f.fixed = USD(99000 * DEC_ONE); /* more than there is: what the cash pays, with its fee */
    f.max_position = USD(99000 * DEC_ONE);
    f.max_price = PX(0.42);
    put_follow(g, &f, NULL);
    book(g, g->fed, 0.40, 0.42, 90000);
    g->d->limits.max_market_exposure = g->d->limits.max_order_notional = 0;
    usd before = account_available(g->d, acct_find(g->d, ACCOUNT));
    traded(g, "t8", g->fed, SIDE_YES, ACTION_BUY, 0.42, 9999);
    r = assert_followed(g, id, "t8");
    usd cost = usd_of_sat(PX(0.42), r->o.size);
    assert_true(cost.micro <= before.micro && cost.micro > before.micro - 10 * DEC_ONE);
    audit_clean(g);
}

static void counts_of_the_day_and_of_positions(void **state) {
    struct rig *g = *state;
    struct follow f = copy_of(WALLET);
    f.max_day_trades = 2;
    f.max_positions = 1;
    follow_id id = follow_new(g, &f);
    traded(g, "t1", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    struct rec *r = assert_followed(g, id, "t1");
    traded(g, "on-its-way", g->perp, SIDE_LONG, ACTION_BUY, 100.1, 1);
    assert_skipped(g, id, "on-its-way", ERR_FOLLOW_POSITIONS);
    fill_all(g, r, 0.42);
    traded(g, "second-market", g->perp, SIDE_LONG, ACTION_BUY, 100.1, 1);
    assert_skipped(g, id, "second-market", ERR_FOLLOW_POSITIONS);
    traded(g, "t2", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    fill_all(g, assert_followed(g, id, "t2"), 0.42);
    traded(g, "t3", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    assert_skipped(g, id, "t3", ERR_FOLLOW_TRADES);
    traded(g, "out", g->fed, SIDE_YES, ACTION_SELL, 0.40, 100); /* exits are not counted */
    assert_followed(g, id, "out");
}

static void our_own_orders_and_positions_stand_in_the_way(void **state) {
    struct rig *g = *state;
    struct follow f = copy_of(WALLET);
    f.slippage_e4 = 1000;
    follow_id id = follow_new(g, &f);
    struct rec *far = place(g, g->fed, SIDE_YES, ACTION_SELL, 1, 0.47);
    assert_non_null(far);
    ack(g, far);
    traded(g, "past", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100); /* bound 0.46 */
    assert_followed(g, id, "past");
    struct rec *near = place(g, g->fed, SIDE_NO, ACTION_BUY, 1, 0.54); /* a seller of YES at 0.46 */
    ack(g, near);
    traded(g, "cross", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    assert_skipped(g, id, "cross", ERR_SELF_CROSS);
    open_position(g, g->perp, SIDE_SHORT, 1, 99.9, "main-short");
    traded(g, "opposite", g->perp, SIDE_LONG, ACTION_BUY, 100.1, 1);
    assert_skipped(g, id, "opposite", ERR_OPPOSITE_STRATEGY);
    traded(g, "same-way", g->perp, SIDE_SHORT, ACTION_SELL, 99.9, 1);
    assert_followed(g, id, "same-way");
}

static void our_own_trades_are_never_followed(void **state) {
    struct rig *g = *state;
    struct follow f = copy_of(WALLET);
    follow_id id = follow_new(g, &f);
    open_position(g, g->fed, SIDE_YES, 5, 0.42, "mine-1");
    traded(g, "mine-1", g->fed, SIDE_YES, ACTION_BUY, 0.42, 5);
    assert_skipped(g, id, "mine-1", ERR_OWN_WALLET);
    traded(g, "t1", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    struct rec *r = assert_followed(g, id, "t1");
    ack(g, r);
    fill(g, r, "venue-9", 23, 0.42);
    traded(g, "venue-9", g->fed, SIDE_YES, ACTION_BUY, 0.42, 23); /* what a follow did: a loop */
    assert_skipped(g, id, "venue-9", ERR_FOLLOW_LOOP);
}

static void the_funnel_has_the_last_word(void **state) {
    struct rig *g = *state;
    struct follow f = copy_of(WALLET);
    follow_id id = follow_new(g, &f);
    struct intent in = want(g, INTENT_KILL);
    traded(g, "t0", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    fill_all(g, assert_followed(g, id, "t0"), 0.42);
    send_intent(g, &in);
    traded(g, "killed", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    assert_skipped(g, id, "killed", ERR_KILLED);
    traded(g, "out", g->fed, SIDE_YES, ACTION_SELL, 0.40, 100);
    assert_followed(g, id, "out"); /* closing passes */
    in = want(g, INTENT_UNKILL);
    send_intent(g, &in);
    traded(g, "in-again", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    fill_all(g, assert_followed(g, id, "in-again"), 0.42);
    in = want(g, INTENT_TRADING_STATE);
    in.order = TRADING_REDUCING;
    send_intent(g, &in);
    traded(g, "reducing", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    assert_skipped(g, id, "reducing", ERR_TRADING_REDUCING);
    traded(g, "reduces", g->fed, SIDE_YES, ACTION_SELL, 0.40, 1);
    fill_all(g, assert_followed(g, id, "reduces"), 0.40);
    in.order = TRADING_HALTED;
    send_intent(g, &in);
    traded(g, "halted", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    assert_skipped(g, id, "halted", ERR_TRADING_HALTED);
    traded(g, "halted-too", g->fed, SIDE_YES, ACTION_SELL, 0.40, 100);
    assert_skipped(g, id, "halted-too", ERR_TRADING_HALTED);
    in.order = TRADING_ACTIVE;
    send_intent(g, &in);
    g->d->limits.max_order_notional = DEC_ONE;
    traded(g, "large", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    assert_skipped(g, id, "large", ERR_RISK_ORDER_NOTIONAL);
}

static void what_fills_nothing_has_failed(void **state) {
    struct rig *g = *state;
    struct follow f = copy_of(WALLET);
    follow_id id = follow_new(g, &f);
    traded(g, "t1", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    struct rec *r = assert_followed(g, id, "t1");
    ack(g, r);
    done(g, r, ERR_NO_LIQUIDITY);
    assert_int_equal(seen(g, id, "t1")->status, FOLLOWED_FAILED);
    assert_int_equal(seen(g, id, "t1")->reason, ERR_NO_LIQUIDITY);
    assert_int_equal(view_follow(g->d, id)->failed, 1);
    assert_int_equal(view_follow(g->d, id)->executed, 0);
    fill(g, r, "late", 3, 0.42); /* it did fill after all */
    assert_int_equal(seen(g, id, "t1")->status, FOLLOWED_EXECUTED);
    assert_int_equal(seen(g, id, "t1")->total.micro, 3 * 420000);
    assert_int_equal(view_follow(g->d, id)->failed, 0);
    traded(g, "t2", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    r = assert_followed(g, id, "t2");
    reject(g, r, ERR_VENUE_REJECTED);
    assert_int_equal(seen(g, id, "t2")->status, FOLLOWED_FAILED);
    assert_int_equal(seen(g, id, "t2")->reason, ERR_VENUE_REJECTED);
}

/* --- exits ------------------------------------------------------------------------------------------------------- */
static void a_sell_reduces_and_never_opens(void **state) {
    struct rig *g = *state;
    struct follow f = copy_of(WALLET);
    f.fixed = USD(42 * DEC_ONE);
    follow_id id = follow_new(g, &f);
    traded(g, "s0", g->fed, SIDE_YES, ACTION_SELL, 0.40, 100);
    assert_skipped(g, id, "s0", ERR_NOTHING_TO_CLOSE);
    open_position(g, g->fed, SIDE_YES, 50, 0.42, "main"); /* the person's own is not touched */
    traded(g, "s1", g->fed, SIDE_YES, ACTION_SELL, 0.40, 100);
    assert_skipped(g, id, "s1", ERR_NOTHING_TO_CLOSE);
    traded(g, "b1", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    fill_all(g, assert_followed(g, id, "b1"), 0.42); /* 100 */
    f.id = id;
    f.fixed = USD(20 * DEC_ONE);
    put_follow(g, &f, NULL);
    traded(g, "s2", g->fed, SIDE_YES, ACTION_SELL, 0.40, 100); /* 20 USD at 0.40: half */
    struct rec *r = assert_followed(g, id, "s2");
    assert_int_equal(r->o.size.micro, 50 * DEC_ONE);
    assert_true(r->o.flags & ORDER_REDUCE_ONLY);
    fill_all(g, r, 0.40);
    f.fixed = USD(900 * DEC_ONE);
    put_follow(g, &f, NULL);
    traded(g, "s3", g->fed, SIDE_YES, ACTION_SELL, 0.40, 100);
    r = assert_followed(g, id, "s3");
    assert_int_equal(r->o.size.micro, 50 * DEC_ONE); /* at most what is there */
    traded(g, "s4", g->fed, SIDE_YES, ACTION_SELL, 0.40, 100);
    assert_skipped(g, id, "s4", ERR_RESERVED); /* all of it is leaving already */
    fill_all(g, r, 0.40);
    traded(g, "s5", g->fed, SIDE_YES, ACTION_SELL, 0.40, 100);
    assert_skipped(g, id, "s5", ERR_NOTHING_TO_CLOSE);
    assert_int_equal(view_follow(g->d, id)->day_trades, 1);
    audit_clean(g);
}

static void a_counter_leaves_when_its_target_does(void **state) {
    struct rig *g = *state;
    struct follow f = counter_of(WALLET);
    follow_id id = follow_new(g, &f);
    traded(g, "s0", g->fed, SIDE_YES, ACTION_SELL, 0.40, 100); /* never opens */
    assert_skipped(g, id, "s0", ERR_NOTHING_TO_CLOSE);
    traded(g, "b1", g->fed, SIDE_YES, ACTION_BUY, 0.40, 100);
    fill_all(g, assert_followed(g, id, "b1"), 0.60);
    traded(g, "s1", g->fed, SIDE_YES, ACTION_SELL, 0.40, 100);
    struct rec *r = assert_followed(g, id, "s1");
    assert_int_equal(r->o.side, SIDE_NO);
    assert_int_equal(r->o.action, ACTION_SELL);
    fill_all(g, r, 0.58);
    f.id = id;
    f.exit = EXIT_MANUAL;
    put_follow(g, &f, NULL);
    traded(g, "b2", g->fed, SIDE_YES, ACTION_BUY, 0.40, 100);
    fill_all(g, assert_followed(g, id, "b2"), 0.60);
    traded(g, "s2", g->fed, SIDE_YES, ACTION_SELL, 0.40, 100);
    assert_skipped(g, id, "s2", ERR_FOLLOW_OFF);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_copy_buys_the_same_side), TEST(a_counter_takes_the_other_side), TEST(stop_and_target_follow_the_entry), TEST(market_reasons),
        TEST(price_reasons_at_their_limits), TEST(caps_leave_less_or_nothing), TEST(counts_of_the_day_and_of_positions),
        TEST(our_own_orders_and_positions_stand_in_the_way), TEST(our_own_trades_are_never_followed), TEST(the_funnel_has_the_last_word),
        TEST(what_fills_nothing_has_failed), TEST(a_sell_reduces_and_never_opens), TEST(a_counter_leaves_when_its_target_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
