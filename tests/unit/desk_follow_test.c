/* Copy and counter trading in the desk: every reason not to follow at its limit, the delay that looks again, trades that come
 * twice, late or over a restart, exits that never open, the day and its pause, models as targets. */
#include "desk_follow_rig.h"

/* --- the record ------------------------------------------------------------------------------------------ */
static void new_ones_are_off_and_numbered(void **state) {
    struct rig *g = *state;
    struct follow f = copy_of("0xFEED00000000000000000000000000000000BEEF");
    follow_id id = 0, other = 0;
    f.enabled = f.baselined = 1;
    f.executed = 99;
    assert_int_equal(put_follow(g, &f, &id), ERR_OK);
    assert_int_equal(put_follow(g, &f, &other), ERR_OK);
    assert_int_equal(other, id + 1);
    const struct follow *v = view_follow(g->d, id);
    assert_non_null(v);
    assert_false(v->enabled || v->baselined || v->executed);
    assert_string_equal(v->wallet, WALLET);
    assert_int_equal(fx_count(g, FX_ACTIVITY), 0);
    traded(g, "t1", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    assert_null(seen(g, id, "t1")); /* off: nothing is even remembered */
    struct rec *r = place(g, g->fed, SIDE_YES, ACTION_BUY, 5, 0.30);
    assert_true(r->o.num > other);
    rig_reload(g, 2);
    assert_true(g->d->next_num > other);
    assert_int_equal(view_follow(g->d, other)->id, other);
}

static void what_makes_no_sense_is_refused(void **state) {
    struct rig *g = *state;
    put_model(g);
    struct follow f = copy_of(WALLET);
    f.max_position = USD(0);
    assert_int_equal(put_follow(g, &f, NULL), ERR_BAD_VALUE);
    f = copy_of(WALLET);
    f.account = 77;
    assert_int_equal(put_follow(g, &f, NULL), ERR_NOT_FOUND);
    f.account = MODEL_ACCOUNT; /* a model's account trades for the model alone */
    assert_int_equal(put_follow(g, &f, NULL), ERR_OWN_WALLET);
    f = copy_of("Paper"); /* the account's own name */
    assert_int_equal(put_follow(g, &f, NULL), ERR_OWN_WALLET);
    f = copy_of("two words");
    assert_int_equal(put_follow(g, &f, NULL), ERR_BAD_VALUE);
    f = copy_of(WALLET);
    f.venue = VENUE_KALSHI;
    assert_int_equal(put_follow(g, &f, NULL), ERR_BAD_VALUE);
    f = copy_of("");
    f.model = 9;
    assert_int_equal(put_follow(g, &f, NULL), ERR_NOT_FOUND);
    f = copy_of(WALLET);
    f.id = 1234;
    assert_int_equal(put_follow(g, &f, NULL), ERR_NOT_FOUND);
    assert_int_equal(follow_do(g, INTENT_FOLLOW_ON, 1234), ERR_NOT_FOUND);
    int cursor = 0;
    assert_null(view_next_follow(g->d, &cursor));
}

static void an_edit_keeps_figures_and_turns_off_for_another_target(void **state) {
    struct rig *g = *state;
    struct follow f = copy_of(WALLET);
    follow_id id = follow_new(g, &f);
    traded(g, "t1", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    f.id = id;
    f.fixed = USD(20 * DEC_ONE);
    assert_int_equal(put_follow(g, &f, NULL), ERR_OK);
    const struct follow *v = view_follow(g->d, id);
    assert_true(v->enabled && v->executed == 1 && v->day_trades == 1 && v->baselined && v->fixed.micro == 20 * DEC_ONE);
    f.kind = FOLLOW_COUNTER;
    assert_int_equal(put_follow(g, &f, NULL), ERR_BAD_VALUE);
    f.kind = FOLLOW_COPY;
    str_copy(f.wallet, sizeof f.wallet, "0xother");
    assert_int_equal(put_follow(g, &f, NULL), ERR_OK);
    assert_false(v->enabled);
    assert_int_equal(fx_last(g, FX_ACTIVITY)->u.activity.on, 0); /* nobody follows the wallet any more */
    assert_string_equal(fx_last(g, FX_ACTIVITY)->u.activity.wallet, WALLET);
    assert_int_equal(follow_do(g, INTENT_FOLLOW_DELETE, id), ERR_OK);
    int cursor = 0;
    assert_int_equal(view_next_follow(g->d, &cursor)->deleted, 1); /* its row stays for what it did */
    assert_int_equal(follow_do(g, INTENT_FOLLOW_ON, id), ERR_NOT_FOUND);
}

static void a_deleted_number_is_not_given_again(void **state) {
    struct rig *g = *state;
    struct follow f = copy_of(WALLET);
    follow_id id = follow_new(g, &f), next = 0;
    assert_int_equal(follow_do(g, INTENT_FOLLOW_DELETE, id), ERR_OK);
    g->rows.n_follows = 0; /* the store does not read deleted ones */
    rig_reload(g, 2);
    assert_int_equal(put_follow(g, &f, &next), ERR_OK);
    assert_true(next > id);
}

static void nothing_is_stored_that_the_store_cant_hold(void **state) {
    struct rig *g = *state;
    struct follow f = copy_of(WALLET);
    f.max_trade = USD(INT64_MAX);
    assert_int_equal(put_follow(g, &f, NULL), ERR_BAD_VALUE);
    f = copy_of(WALLET);
    f.factor = INT64_MAX; /* means nothing with a fixed size */
    memcpy(f.categories, "a\xff\x1b[2J", 7);
    follow_id id = follow_new(g, &f);
    assert_int_equal(view_follow(g->d, id)->factor, DEC_ONE);
    assert_null(strchr(view_follow(g->d, id)->categories, 0x1b));
    struct event ev = trade_event(g, WALLET, "h\x1b[2J\xff", g->fed, SIDE_YES, ACTION_BUY, 0.42, 1);
    ev.u.target.size.micro = INT64_MAX;
    ev.u.target.at_us = INT64_MAX;
    put(g, &ev);
    const struct follow_trade *t = &fol_find(g->d, id)->trades[0]->t;
    assert_string_equal(t->trade, "h?[2J?");
    assert_true(t->reason == ERR_BAD_VALUE && t->at_us == g->now && t->size.micro == 0);
    assert_true(view_follow(g->d, id)->watermark_us <= g->now);
}

static void two_on_one_target_may_not_undo_each_other(void **state) {
    struct rig *g = *state;
    struct follow copy = copy_of(WALLET), counter = counter_of(WALLET);
    follow_id a = follow_new(g, &copy), b = 0;
    assert_int_equal(put_follow(g, &counter, &b), ERR_OK);
    assert_int_equal(follow_do(g, INTENT_FOLLOW_ON, b), ERR_OPPOSITE_STRATEGY);
    counter.id = b;
    counter.strategy = FOLLOW_MIRROR;
    assert_int_equal(put_follow(g, &counter, NULL), ERR_OK);
    assert_int_equal(follow_do(g, INTENT_FOLLOW_ON, b), ERR_OK); /* the same way round: each counts for itself */
    traded(g, "t1", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    assert_followed(g, a, "t1");
    assert_followed(g, b, "t1");
}

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

/* --- the delay ------------------------------------------------------------------------------------------------------ */
static void the_delay_looks_again(void **state) {
    struct rig *g = *state;
    struct follow f = copy_of(WALLET);
    f.delay_ms = 5000;
    f.max_age_ms = 1000;
    follow_id id = follow_new(g, &f);
    traded(g, "t1", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    assert_int_equal(seen(g, id, "t1")->status, FOLLOWED_DETECTED);
    tick(g, 4999999);
    books(g);
    assert_int_equal(seen(g, id, "t1")->status, FOLLOWED_DETECTED);
    tick(g, 1);
    assert_followed(g, id, "t1");
    traded(g, "moved", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    tick(g, 4000000);
    book(g, g->fed, 0.44, 0.46, 5000);
    tick(g, 1000000);
    assert_skipped(g, id, "moved", ERR_SLIPPAGE);
    books(g);
    traded(g, "switched", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    follow_do(g, INTENT_FOLLOW_OFF, id);
    tick(g, 5000000);
    assert_skipped(g, id, "switched", ERR_FOLLOW_OFF);
    follow_do(g, INTENT_FOLLOW_ON, id);
    books(g);
    traded(g, "kill", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    struct intent in = want(g, INTENT_KILL);
    send_intent(g, &in);
    tick(g, 5000000);
    books(g);
    assert_skipped(g, id, "kill", ERR_KILLED);
}

static void what_is_too_old_is_late(void **state) {
    struct rig *g = *state;
    struct follow f = copy_of(WALLET);
    f.delay_ms = 1000;
    f.max_age_ms = 2000;
    follow_id id = follow_new(g, &f);
    struct event ev = trade_event(g, WALLET, "just", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    ev.u.target.at_us = g->now - 2000000;
    put(g, &ev);
    ev = trade_event(g, WALLET, "late", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    ev.u.target.at_us = g->now - 2000001;
    put(g, &ev);
    tick(g, 1000000);
    assert_followed(g, id, "just");
    assert_skipped(g, id, "late", ERR_FOLLOW_LATE);
    book(g, g->fed, 0.45, 0.44, 10); /* crossed: can't be relied on, so it waits */
    traded(g, "waits", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    tick(g, 1000000);
    assert_int_equal(seen(g, id, "waits")->status, FOLLOWED_DETECTED);
    books(g);
    tick(g, 250000);
    assert_followed(g, id, "waits");
    book(g, g->fed, 0.45, 0.44, 10);
    traded(g, "in-vain", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    for (int i = 0; i < 13; i++)
        tick(g, 250000);
    assert_skipped(g, id, "in-vain", ERR_FOLLOW_LATE);
}

/* --- once ------------------------------------------------------------------------------------------------------------ */
static void each_trade_counts_once(void **state) {
    struct rig *g = *state;
    struct follow f = copy_of(WALLET);
    follow_id id = follow_new(g, &f);
    struct event first = trade_event(g, "0xFEED00000000000000000000000000000000BEEF", "t1", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    put(g, &first);
    size_t orders = g->d->order_count;
    struct rec *r = assert_followed(g, id, "t1");
    put(g, &first);
    first.u.target.px = PX(0.41); /* whatever else it says now */
    put(g, &first);
    assert_int_equal(g->d->order_count, orders);
    tick(g, 3000000);
    books(g);
    traded(g, "t3", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    struct event older = trade_event(g, WALLET, "t2", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    older.u.target.at_us -= 2000000; /* comes after a newer one */
    put(g, &older);
    assert_followed(g, id, "t2");
    orders = g->d->order_count;
    fill_all(g, r, 0.42);
    ack(g, r = assert_followed(g, id, "t2"));
    done(g, r, ERR_NO_LIQUIDITY);
    rig_reload(g, 2);
    const struct fx_activity *a = &fx_last(g, FX_ACTIVITY)->u.activity;
    assert_true(a->on);
    assert_int_equal(a->since_us, g->now - MINUTE_US); /* from before the newest */
    put_venue(g, true);
    books(g);
    tick(g, 250000);
    put(g, &first);
    put(g, &older);
    assert_int_equal(g->d->order_count, orders);
    assert_int_equal(seen(g, id, "t1")->total.micro, 23 * 420000);
    traded(g, "t4", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    assert_non_null(seen(g, id, "t4"));
    assert_int_equal(view_follow(g->d, id)->failed, 1);
}

static void the_first_answer_is_history(void **state) {
    struct rig *g = *state;
    struct follow f = copy_of(WALLET);
    follow_id id = follow_new(g, &f);
    assert_int_equal(fx_last(g, FX_ACTIVITY)->u.activity.since_us, 0);
    struct event ev = trade_event(g, WALLET, "old-1", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    ev.u.target.baseline = 1;
    ev.u.target.at_us -= 1000000;
    put(g, &ev);
    tick(g, 500000);
    ev = trade_event(g, WALLET, "old-2", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    ev.u.target.baseline = 1;
    put(g, &ev);
    for (int i = 1; i <= 2; i++) {
        char name[8];
        snprintf(name, sizeof name, "old-%d", i);
        assert_skipped(g, id, name, ERR_OK);
        assert_string_equal(seen(g, id, name)->text, "baseline");
    }
    assert_int_equal(view_follow(g->d, id)->skipped, 0);
    ev.u.target.baseline = 0; /* polled again */
    put(g, &ev);
    assert_skipped(g, id, "old-2", ERR_OK);
    traded(g, "new", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    assert_followed(g, id, "new");
    assert_int_equal(view_follow(g->d, id)->baselined, 1);
    /* off and on again: what happened between is history too */
    follow_do(g, INTENT_FOLLOW_OFF, id);
    assert_int_equal(fx_last(g, FX_ACTIVITY)->u.activity.on, 0);
    tick(g, 5000000);
    books(g);
    struct event missed = trade_event(g, WALLET, "missed", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    tick(g, 5000000);
    follow_do(g, INTENT_FOLLOW_ON, id);
    assert_int_equal(fx_last(g, FX_ACTIVITY)->u.activity.since_us, 0);
    missed.u.target.baseline = 1;
    put(g, &missed);
    assert_skipped(g, id, "missed", ERR_OK);
}

static void a_quiet_wallet_has_an_empty_baseline(void **state) {
    struct rig *g = *state;
    struct follow f = copy_of(WALLET);
    follow_id id = follow_new(g, &f);
    tick(g, 59 * SECOND_US);
    assert_int_equal(view_follow(g->d, id)->baselined, 0);
    tick(g, SECOND_US);
    assert_int_equal(view_follow(g->d, id)->baselined, 1);
    rig_reload(g, 2);
    assert_true(fx_last(g, FX_ACTIVITY)->u.activity.since_us > 0);
}

static void a_kill_while_it_waits_loses_nothing(void **state) {
    struct rig *g = *state;
    struct follow f = copy_of(WALLET);
    f.delay_ms = 3000;
    follow_id id = follow_new(g, &f);
    traded(g, "t1", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    uint64_t h = hash_follows(g->d, 1);
    rig_reload(g, 2);
    assert_true(hash_follows(g->d, 1) == h);
    assert_int_equal(seen(g, id, "t1")->status, FOLLOWED_DETECTED);
    put_venue(g, true);
    books(g);
    tick(g, 3000000);
    books(g);
    tick(g, 250000);
    struct rec *r = assert_followed(g, id, "t1");
    size_t orders = g->d->order_count;
    rig_reload(g, 3);
    put_venue(g, true);
    books(g);
    tick(g, 3000000);
    assert_int_equal(g->d->order_count, orders);
    assert_int_equal(seen(g, id, "t1")->order, g->d->orders[0]->o.id);
    (void)r;
}

static void a_batch_that_failed_is_written_again(void **state) {
    struct rig *g = *state;
    struct follow f = copy_of(WALLET);
    follow_id id = follow_new(g, &f);
    g->hold_saves = true;
    fx_clear(g);
    traded(g, "t1", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    uint64_t seq = fx_last(g, FX_SAVE)->u.save.seq;
    g->hold_saves = false;
    saved_result(g, seq, ERR_STORE_DOWN, false);
    assert_int_equal(seen(g, id, "t1")->status, FOLLOWED_FAILED);
    assert_int_equal(seen(g, id, "t1")->reason, ERR_STORE_DOWN);
    assert_int_equal(fx_count(g, FX_PLACE), 0);
    assert_int_equal(g->rows.n_targets, 1); /* the row is there with what became of it */
    assert_int_equal(g->rows.targets[0].status, FOLLOWED_FAILED);
    traded(g, "t1", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    assert_int_equal(fx_count(g, FX_PLACE), 0);
}

static void a_watching_desk_follows_nothing(void **state) {
    struct rig *g = *state;
    struct follow f = copy_of(WALLET);
    f.delay_ms = 1000;
    follow_id id = follow_new(g, &f);
    traded(g, "t1", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    put_leader(g, false);
    tick(g, 1000000);
    assert_int_equal(seen(g, id, "t1")->status, FOLLOWED_DETECTED);
    assert_int_equal(fx_last(g, FX_ACTIVITY)->u.activity.on, 0);
    traded(g, "t2", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    assert_null(seen(g, id, "t2"));
    assert_int_equal(put_follow(g, &f, NULL), ERR_NOT_LEADER);
    put_leader(g, true);
    books(g);
    tick(g, 250000);
    assert_int_equal(fx_last(g, FX_ACTIVITY)->u.activity.on, 1);
    assert_followed(g, id, "t1");
}

static void a_venue_that_was_away_is_asked_again(void **state) {
    struct rig *g = *state;
    struct follow f = copy_of(WALLET);
    follow_new(g, &f);
    traded(g, "t1", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    int64_t newest = g->now;
    int asked = fx_count(g, FX_ACTIVITY);
    put_venue(g, false);
    tick(g, 1000000);
    put_venue(g, true);
    tick(g, 1000000);
    assert_int_equal(fx_count(g, FX_ACTIVITY), asked + 1);
    assert_int_equal(fx_last(g, FX_ACTIVITY)->u.activity.since_us, newest - MINUTE_US);
}

/* --- the day -------------------------------------------------------------------------------------------------------------- */
static void a_loss_pauses_until_midnight(void **state) {
    struct rig *g = *state;
    struct follow f = copy_of(WALLET);
    f.fixed = USD(42 * DEC_ONE);
    f.max_day_loss = USD(4 * DEC_ONE);
    follow_id id = follow_new(g, &f);
    traded(g, "b1", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    fill_all(g, assert_followed(g, id, "b1"), 0.42);
    traded(g, "s1", g->fed, SIDE_YES, ACTION_SELL, 0.40, 100);
    struct rec *r = assert_followed(g, id, "s1");
    assert_int_equal(r->o.size.micro, 100 * DEC_ONE);
    ack(g, r);
    fill_fee(g, r, "half", 50, 0.37, 0); /* -2.50 */
    assert_false(view_follow(g->d, id)->paused);
    fill_fee(g, r, "rest", 50, 0.40, 500000); /* -1.00 and its fee: -4.00 */
    assert_int_equal(view_follow(g->d, id)->day_pnl.micro, -4000000);
    assert_true(view_follow(g->d, id)->paused);
    assert_int_equal(view_follow_pnl(g->d, view_follow(g->d, id)).micro, -4000000);
    traded(g, "b2", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    assert_skipped(g, id, "b2", ERR_FOLLOW_LOSS);
    rig_reload(g, 2); /* the pause is stored */
    put_venue(g, true);
    books(g);
    tick(g, 250000);
    traded(g, "b3", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    assert_skipped(g, id, "b3", ERR_FOLLOW_LOSS);
    g->now = T0 + DAY_US - 1;
    books(g);
    tick(g, 0);
    assert_true(view_follow(g->d, id)->paused);
    tick(g, 1);
    assert_false(view_follow(g->d, id)->paused);
    assert_int_equal(view_follow(g->d, id)->day_pnl.micro, 0);
    traded(g, "b4", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    assert_followed(g, id, "b4");
}

static void the_day_is_told_by_the_date(void **state) {
    struct rig *g = *state;
    struct follow f = copy_of(WALLET);
    f.max_day_trades = 1;
    follow_id id = follow_new(g, &f);
    traded(g, "d1", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    fill_all(g, assert_followed(g, id, "d1"), 0.42);
    g->now += 3 * DAY_US; /* it slept over several midnights: no beat was there for them */
    books(g);
    traded(g, "d4", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    fill_all(g, assert_followed(g, id, "d4"), 0.42);
    traded(g, "more", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    assert_skipped(g, id, "more", ERR_FOLLOW_TRADES);
    rig_reload(g, 2); /* the same day: the figures stay */
    assert_int_equal(view_follow(g->d, id)->day_trades, 1);
    g->now -= 3 * DAY_US; /* the clock was set back: that day's figures come from its own orders and fills */
    rig_reload(g, 3);
    assert_int_equal(view_follow(g->d, id)->day, g->now / DAY_US);
    assert_int_equal(view_follow(g->d, id)->day_trades, 2); /* what lies in the future counts as well: the careful way */
    assert_int_equal(view_follow(g->d, id)->day_volume.micro, 23 * 420000);
    g->now += 4 * DAY_US;
    rig_reload(g, 4);
    assert_int_equal(view_follow(g->d, id)->day_trades, 0);
    assert_int_equal(view_follow(g->d, id)->day_volume.micro, 0);
}

/* --- models ------------------------------------------------------------------------------------------------------------------ */
static struct rec *model_trades(struct rig *g, const char *strategy, market_id m, enum order_side side, enum order_action action, double size, double px, const char *trade) {
    struct intent in = limit_intent(g, m, side, action, size, px);
    in.account = MODEL_ACCOUNT;
    str_copy(in.strategy, sizeof in.strategy, strategy);
    send_intent(g, &in);
    struct rec *r = newest(g);
    assert_int_equal(r->o.account, MODEL_ACCOUNT);
    ack(g, r);
    fill(g, r, trade, size, px);
    return r;
}

static void a_model_can_be_faded(void **state) {
    struct rig *g = *state;
    put_model(g);
    struct follow f = counter_of("");
    f.model = 1;
    follow_id id = follow_new(g, &f);
    assert_int_equal(fx_count(g, FX_ACTIVITY), 0);
    model_trades(g, "main", g->perp, SIDE_LONG, ACTION_BUY, 1, 100.1, "m-1");
    struct rec *r = assert_followed(g, id, "m-1");
    assert_int_equal(r->o.account, ACCOUNT);
    assert_int_equal(r->o.side, SIDE_SHORT);
    fill_all(g, r, 99.9);
    model_trades(g, "main", g->perp, SIDE_LONG, ACTION_SELL, 1, 99.9, "m-2"); /* it leaves: so do we */
    r = assert_followed(g, id, "m-2");
    assert_int_equal(r->o.side, SIDE_SHORT);
    assert_int_equal(r->o.action, ACTION_BUY);
    assert_true(r->o.flags & ORDER_REDUCE_ONLY);
    fill_all(g, r, 100.1);
    /* through zero in one fill: two trades, the one closes and the other opens */
    model_trades(g, "main", g->perp, SIDE_LONG, ACTION_BUY, 1, 100.1, "m-3");
    fill_all(g, assert_followed(g, id, "m-3"), 99.9);
    model_trades(g, "main", g->perp, SIDE_SHORT, ACTION_SELL, 3, 99.9, "m-4");
    r = assert_followed(g, id, "m-4");
    assert_int_equal(r->o.action, ACTION_BUY);
    assert_true(r->o.flags & ORDER_REDUCE_ONLY);
    assert_non_null(seen(g, id, "m-4:1"));
    assert_int_equal(seen(g, id, "m-4:1")->our_side, SIDE_LONG);
    audit_clean(g);
}

static void a_follow_never_follows_a_follow(void **state) {
    struct rig *g = *state;
    put_model(g);
    struct follow f = counter_of("");
    f.model = 1;
    follow_id id = follow_new(g, &f);
    struct intent in = limit_intent(g, g->perp, SIDE_LONG, ACTION_BUY, 1, 100.1);
    in.account = MODEL_ACCOUNT; /* however it came to trade there */
    in.source = SOURCE_COUNTER_TRADE;
    in.link = 9999;
    send_intent(g, &in);
    ack(g, newest(g));
    fill(g, newest(g), "loop", 1, 100.1);
    assert_skipped(g, id, "loop", ERR_FOLLOW_LOOP);
    /* Mutual: both accounts would have to be models' */
    g->rows.follows[0].account = MODEL_ACCOUNT; /* a stored one from before the account was a model's */
    rig_reload(g, 2);
    put_model(g);
    put_venue(g, true);
    for (int i = 0; i < 4; i++)
        tick(g, 250000);
    books(g);
    model_trades(g, "main", g->perp, SIDE_LONG, ACTION_BUY, 1, 100.1, "self");
    assert_skipped(g, id, "self", ERR_OWN_WALLET);
}

/* --- many ------------------------------------------------------------------------------------------------------------------- */
static void a_flood_stays_bounded(void **state) {
    struct rig *g = *state;
    struct follow f = copy_of(WALLET);
    str_copy(f.categories, sizeof f.categories, "none");
    follow_id id = follow_new(g, &f);
    char name[24];
    for (int i = 0; i < 12000; i++) {
        snprintf(name, sizeof name, "n-%d", i);
        g->now += 100;
        struct event ev = trade_event(g, WALLET, name, g->fed, SIDE_YES, ACTION_BUY, 0.42, 1);
        put(g, &ev);
        fx_clear(g);
    }
    assert_int_equal(view_follow(g->d, id)->skipped, 12000);
    assert_true(fol_find(g->d, id)->n <= 2 * FOLLOW_KEEP);
    assert_null(seen(g, id, "n-0"));
    struct event old = trade_event(g, WALLET, "n-0", g->fed, SIDE_YES, ACTION_BUY, 0.42, 1);
    old.u.target.at_us = g->now - 12000 * 100 + 100;
    put(g, &old); /* forgotten, and as old as what was forgotten: it can't be new */
    assert_null(seen(g, id, "n-0"));
    assert_int_equal(view_follow(g->d, id)->skipped, 12000);
    const struct follow_trade *list[3];
    assert_int_equal(view_follow_trades(g->d, 0, list, 3), 3);
    assert_string_equal(list[0]->trade, "n-11999");
    assert_string_equal(list[2]->trade, "n-11997");
    g->now += FOLLOW_KEEP_US;
    tick(g, MINUTE_US);
    assert_int_equal(fol_find(g->d, id)->n, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(new_ones_are_off_and_numbered), TEST(what_makes_no_sense_is_refused), TEST(an_edit_keeps_figures_and_turns_off_for_another_target),
        TEST(a_deleted_number_is_not_given_again), TEST(nothing_is_stored_that_the_store_cant_hold), TEST(two_on_one_target_may_not_undo_each_other), TEST(a_copy_buys_the_same_side), TEST(a_counter_takes_the_other_side), TEST(stop_and_target_follow_the_entry),
        TEST(market_reasons), TEST(price_reasons_at_their_limits), TEST(caps_leave_less_or_nothing), TEST(counts_of_the_day_and_of_positions),
        TEST(our_own_orders_and_positions_stand_in_the_way), TEST(our_own_trades_are_never_followed), TEST(the_funnel_has_the_last_word), TEST(what_fills_nothing_has_failed),
        TEST(a_sell_reduces_and_never_opens), TEST(a_counter_leaves_when_its_target_does), TEST(the_delay_looks_again), TEST(what_is_too_old_is_late),
        TEST(each_trade_counts_once), TEST(the_first_answer_is_history), TEST(a_quiet_wallet_has_an_empty_baseline), TEST(a_kill_while_it_waits_loses_nothing),
        TEST(a_batch_that_failed_is_written_again), TEST(a_watching_desk_follows_nothing), TEST(a_venue_that_was_away_is_asked_again), TEST(a_loss_pauses_until_midnight),
        TEST(the_day_is_told_by_the_date), TEST(a_model_can_be_faded), TEST(a_follow_never_follows_a_follow), TEST(a_flood_stays_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
