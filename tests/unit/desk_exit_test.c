/* Stops, targets, reservations: what fires when, exactly once, and never more than is open. */
#include "desk_rig.h"

static struct rec *working_exit(struct rig *g, const struct rec *pos) {
    for (struct rec *r = g->d->open_first; r != NULL; r = r->open_next)
        if (r->o.parent == pos->o.id)
            return r;
    return NULL;
}

/* One row a case: side, entry, stop, target, then a book that fires nothing and one that fires. */
struct exit_case {
    const char *name;
    bool perp;
    enum order_side side;
    double size, entry, stop, target;
    double quiet_bid, quiet_ask, fire_bid, fire_ask;
    enum close_trigger why;
};
static const struct exit_case cases[] = {
    {"long stop at the bid", true, SIDE_LONG, 1, 100, 95, 110, 95.1, 95.3, 95.0, 95.2, CLOSE_STOP},
    {"long target at the bid", true, SIDE_LONG, 1, 100, 95, 110, 109.9, 110.2, 110.0, 110.3, CLOSE_TARGET},
    {"short stop at the ask", true, SIDE_SHORT, 1, 100, 105, 90, 104.7, 104.9, 104.8, 105.0, CLOSE_STOP},
    {"short target at the ask", true, SIDE_SHORT, 1, 100, 105, 90, 89.9, 90.1, 89.8, 90.0, CLOSE_TARGET},
    {"yes stop at the bid", false, SIDE_YES, 100, 0.41, 0.35, 0.60, 0.36, 0.38, 0.35, 0.37, CLOSE_STOP},
    {"yes target at the bid", false, SIDE_YES, 100, 0.41, 0.35, 0.60, 0.59, 0.61, 0.60, 0.62, CLOSE_TARGET},
    /* NO at .59: its bid is 1 - YES ask */
    {"no stop in NO prices", false, SIDE_NO, 100, 0.59, 0.50, 0.80, 0.47, 0.49, 0.48, 0.50, CLOSE_STOP},
    {"no target in NO prices", false, SIDE_NO, 100, 0.59, 0.50, 0.80, 0.19, 0.21, 0.18, 0.20, CLOSE_TARGET},
};

static void triggers_fire_on_the_tradable_price(void **state) {
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct exit_case *c = &cases[i];
        rig_setup(state);
        struct rig *g = *state;
        market_id m = c->perp ? g->perp : g->fed;
        struct intent in = limit_intent(g, m, c->side, side_opening_action(c->side), c->size, c->entry);
        in.stop = PX(c->stop);
        in.target = PX(c->target);
        send_intent(g, &in);
        struct rec *pos = newest(g);
        ack(g, pos);
        fill(g, pos, "t1", c->size, c->entry);
        fx_clear(g);
        book(g, m, c->quiet_bid, c->quiet_ask, 1000);
        if (fx_count(g, FX_PLACE) != 0)
            fail_msg("%s: fired too early", c->name);
        book(g, m, c->fire_bid, c->fire_ask, 1000);
        if (fx_count(g, FX_PLACE) != 1)
            fail_msg("%s: %d exits", c->name, fx_count(g, FX_PLACE));
        const struct order *o = &fx_last(g, FX_PLACE)->u.place.order;
        assert_int_equal(o->type, ORDER_MARKET);
        assert_true(o->flags & ORDER_REDUCE_ONLY);
        assert_int_equal(o->source, SOURCE_TPSL);
        assert_int_equal(o->action, side_closing_action(c->side));
        assert_int_equal(pos->o.pos.reserved.micro, pos->o.pos.open.micro);
        book(g, m, c->fire_bid, c->fire_ask, 1000); /* one-shot */
        assert_int_equal(fx_count(g, FX_PLACE), 1);
        struct rec *exit = working_exit(g, pos);
        fill(g, exit, "t2", c->size, c->why == CLOSE_STOP ? c->stop : c->target);
        assert_int_equal(pos->o.pos.status, POSITION_CLOSED);
        if (pos->o.pos.close_trigger != c->why)
            fail_msg("%s: closed by %s", c->name, close_trigger_name(pos->o.pos.close_trigger));
        audit_clean(g);
        rig_teardown(state);
    }
    *state = NULL;
}

static void both_hit_the_stop_wins(void **state) {
    struct rig *g = *state;
    struct rec *pos = open_position(g, g->perp, SIDE_LONG, 1, 100, "t1");
    /* a mark can pass both at once only when the levels cross: set by hand as a model might */
    pos->o.pos.plan.stop = PX(105);
    pos->o.pos.plan.target = PX(95);
    exits_arm(g->d, pos);
    fx_clear(g);
    book(g, g->perp, 100, 100.2, 10);
    assert_int_equal(fx_count(g, FX_PLACE), 1);
    assert_int_equal(fx_last(g, FX_PLACE)->u.place.order.link, CLOSE_STOP);
}

static void a_failed_exit_is_armed_again_and_alarmed(void **state) {
    struct rig *g = *state;
    struct rec *pos = open_position(g, g->perp, SIDE_LONG, 1, 100, "t1");
    protect(g, pos, PX(95), PRICE(0));
    book(g, g->perp, 94.9, 95.1, 10);
    struct rec *exit = working_exit(g, pos);
    fx_clear(g);
    reject(g, exit, ERR_NO_LIQUIDITY);
    assert_int_equal(pos->o.pos.reserved.micro, 0);
    assert_int_equal(pos->o.pos.unprotected, 1);
    assert_non_null(strstr(fx_last(g, FX_NOTICE)->u.notice.text, "UNPROTECTED"));
    book(g, g->perp, 94.8, 95.0, 10); /* not in a loop: after a pause */
    assert_int_equal(fx_count(g, FX_PLACE), 0);
    for (int i = 0; i < 5; i++)
        tick(g, 250000);
    book(g, g->perp, 94.8, 95.0, 10);
    assert_int_equal(fx_count(g, FX_PLACE), 1);
    audit_clean(g);
}

static void stale_data_pulls_no_trigger(void **state) {
    struct rig *g = *state;
    struct rec *pos = open_position(g, g->perp, SIDE_LONG, 1, 100, "t1");
    protect(g, pos, PX(95), PRICE(0));
    fx_clear(g);
    for (int i = 0; i < 48; i++)
        tick(g, 250000);
    assert_int_equal(pos->o.pos.unprotected, 1);
    assert_true(g->d->alerts > 0);
    struct view_position v;
    assert_true(view_position(g->d, pos->o.id, &v));
    assert_true(v.unprotected && v.stale);
    struct event ev = ev_of(EVENT_BOOK); /* a gap: what it says can't be relied on */
    ev.u.book.market = g->perp;
    ev.u.book.flags = BOOK_GAP;
    put(g, &ev);
    assert_int_equal(fx_count(g, FX_PLACE), 0);
    book(g, g->perp, 95.5, 95.2, 10); /* crossed */
    assert_int_equal(fx_count(g, FX_PLACE), 0);
    book(g, g->perp, 94.9, 95.2, 10); /* fresh and sound: now */
    assert_int_equal(fx_count(g, FX_PLACE), 1);
}

static void reservations_never_exceed_open(void **state) {
    struct rig *g = *state;
    struct rec *pos = open_position(g, g->perp, SIDE_LONG, 10, 100, "t1");
    struct intent in = want(g, INTENT_CLOSE);
    in.order = pos->o.id;
    in.size = SZ(6);
    in.limit = PX(110);
    send_intent(g, &in);
    in.token = ++g->token;
    send_intent(g, &in); /* trimmed to the four that are left */
    assert_int_equal(newest(g)->o.size.micro, SZ(4).micro);
    in.token = ++g->token;
    send_intent(g, &in);
    assert_int_equal(last_reply(g), ERR_RESERVED);
    assert_int_equal(pos->o.pos.reserved.micro, SZ(10).micro);
    struct rec *four = newest(g);
    ack(g, four);
    in = want(g, INTENT_CANCEL);
    in.order = four->o.id;
    send_intent(g, &in);
    done(g, four, ERR_CANCELLED);
    assert_int_equal(pos->o.pos.reserved.micro, SZ(6).micro);
    audit_clean(g);
}

static void an_unknown_close_keeps_its_reservation(void **state) {
    struct rig *g = *state;
    struct rec *pos = open_position(g, g->perp, SIDE_LONG, 10, 100, "t1");
    struct intent in = want(g, INTENT_CLOSE);
    in.order = pos->o.id;
    send_intent(g, &in);
    struct event ev = ev_of(EVENT_UNKNOWN);
    ev.u.unknown.order = newest(g)->o.id;
    put(g, &ev);
    assert_int_equal(pos->o.pos.reserved.micro, SZ(10).micro);
    in.token = ++g->token;
    send_intent(g, &in);
    assert_int_equal(last_reply(g), ERR_RESERVED);
}

static void a_stop_takes_back_resting_exits_first(void **state) {
    struct rig *g = *state;
    struct rec *pos = open_position(g, g->perp, SIDE_LONG, 10, 100, "t1");
    struct intent in = want(g, INTENT_CLOSE);
    in.order = pos->o.id;
    in.limit = PX(110);
    send_intent(g, &in);
    struct rec *resting = newest(g);
    ack(g, resting);
    protect(g, pos, PX(95), PRICE(0));
    fx_clear(g);
    book(g, g->perp, 94.9, 95.1, 100);
    assert_int_equal(fx_count(g, FX_CANCEL), 1);
    assert_int_equal(fx_count(g, FX_PLACE), 0);
    fill(g, resting, "t2", 2, 110); /* some of it is hit on the way */
    done(g, resting, ERR_CANCELLED);
    assert_int_equal(fx_count(g, FX_PLACE), 1);
    assert_int_equal(fx_last(g, FX_PLACE)->u.place.order.size.micro, SZ(8).micro);
    audit_clean(g);
}

static void orphans_are_taken_back_after_a_close(void **state) {
    struct rig *g = *state;
    struct rec *pos = open_position(g, g->perp, SIDE_LONG, 10, 100, "t1");
    struct intent in = want(g, INTENT_CLOSE);
    in.order = pos->o.id;
    in.size = SZ(4);
    in.limit = PX(110);
    send_intent(g, &in);
    struct rec *resting = newest(g);
    ack(g, resting);
    /* the venue liquidates the whole */
    struct event ev = ev_of(EVENT_FILL);
    ev.u.fill_ev.fill = (struct fill){.account = ACCOUNT, .market = g->perp, .kind = FILL_LIQUIDATION, .finality = FILL_FINAL, .side = SIDE_LONG, .action = ACTION_SELL, .px = PX(60), .size = SZ(10), .fee = USD(1000), .at_us = g->now};
    str_copy(ev.u.fill_ev.fill.venue_trade, sizeof ev.u.fill_ev.fill.venue_trade, "liq-1");
    fx_clear(g);
    put(g, &ev);
    assert_int_equal(pos->o.pos.status, POSITION_CLOSED);
    assert_int_equal(pos->o.pos.close_trigger, CLOSE_LIQUIDATION);
    assert_int_equal(newest(g)->o.source, SOURCE_LIQUIDATION);
    assert_int_equal(pos->o.pos.reserved.micro, 0);
    assert_int_equal(fx_count(g, FX_CANCEL), 1);
    audit_clean(g);
}

static void settlement_closes_by_resolution(void **state) {
    struct rig *g = *state;
    struct rec *pos = open_position(g, g->fed, SIDE_NO, 100, 0.59, "t1");
    struct event ev = ev_of(EVENT_MARKET_STATUS);
    ev.u.market_status.market = g->fed;
    ev.u.market_status.status = MARKET_RESOLVED;
    ev.u.market_status.outcome = OUTCOME_NO;
    put(g, &ev);
    ev = ev_of(EVENT_FILL);
    ev.u.fill_ev.fill = (struct fill){.account = ACCOUNT, .market = g->fed, .kind = FILL_SETTLEMENT, .finality = FILL_FINAL, .side = SIDE_NO, .action = ACTION_SELL, .px = PX(1), .size = SZ(100), .at_us = g->now};
    str_copy(ev.u.fill_ev.fill.venue_trade, sizeof ev.u.fill_ev.fill.venue_trade, "settle-1");
    put(g, &ev);
    assert_int_equal(pos->o.pos.close_trigger, CLOSE_RESOLVED);
    assert_int_equal(pos->o.pos.realized_pnl.micro, 41 * DEC_ONE);
    struct view_account a;
    view_account(g->d, ACCOUNT, &a);
    assert_int_equal(a.cash.micro, 10041 * DEC_ONE);
    assert_int_equal(g->rows.ledger[g->rows.n_ledger - 1].kind, LEDGER_SETTLEMENT);
    audit_clean(g);
}

static void a_time_exit_closes(void **state) {
    struct rig *g = *state;
    struct rec *pos = open_position(g, g->perp, SIDE_LONG, 1, 100, "t1");
    pos->o.pos.plan.time_exit_us = g->now + SECOND_US;
    exits_arm(g->d, pos);
    fx_clear(g);
    tick(g, 500000);
    assert_int_equal(fx_count(g, FX_PLACE), 0);
    tick(g, 600000);
    assert_int_equal(fx_count(g, FX_PLACE), 1);
    assert_int_equal(fx_last(g, FX_PLACE)->u.place.order.link, CLOSE_TIME);
    tick(g, 2 * SECOND_US);
    assert_int_equal(fx_count(g, FX_PLACE), 1);
}

static void triggers_are_armed_again_after_a_restart(void **state) {
    struct rig *g = *state;
    struct rec *pos = open_position(g, g->fed, SIDE_NO, 100, 0.59, "t1");
    order_id id = pos->o.id;
    protect(g, pos, PX(0.50), PX(0.80));
    rig_reload(g, 2);
    g->recon_by_hand = true;
    put_venue(g, true);
    fx_clear(g);
    book(g, g->fed, 0.48, 0.50, 1000); /* hit, but the venue's truth is not known yet */
    assert_int_equal(fx_count(g, FX_PLACE), 0);
    struct fx_reconcile r = {.account = ACCOUNT, .round = acct_find(g->d, ACCOUNT)->round};
    struct event ev = ev_of(EVENT_RECON_BEGIN);
    ev.u.recon_begin = (struct ev_recon_begin){ACCOUNT, VENUE_SIM, r.round};
    put(g, &ev);
    ev = ev_of(EVENT_RECON_POSITION);
    ev.u.recon_position = (struct ev_recon_position){.account = ACCOUNT, .round = r.round, .market = g->fed, .net = QTY(-100 * DEC_ONE), .entry = PX(0.59)};
    put(g, &ev);
    ev = ev_of(EVENT_RECON_END);
    ev.u.recon_end = (struct ev_recon_end){ACCOUNT, 1, r.round};
    put(g, &ev);
    assert_int_equal(fx_count(g, FX_PLACE), 1); /* exits first */
    assert_int_equal(fx_last(g, FX_PLACE)->u.place.order.parent, id);
}

static void cheap_ticks_with_many_triggers(void **state) {
    struct rig *g = *state;
    for (int i = 0; i < 200; i++) { /* a strategy each */
        char trade[16];
        struct intent in = limit_intent(g, g->perp, SIDE_LONG, ACTION_BUY, 0.01, 100);
        snprintf(in.strategy, sizeof in.strategy, "s%d", i);
        snprintf(trade, sizeof trade, "t%d", i);
        in.stop = PX(90.0 - (i % 10));
        g->now += SECOND_US / 10;
        books(g);
        send_intent(g, &in);
        ack(g, newest(g));
        fill(g, newest(g), trade, 0.01, 100);
    }
    fx_clear(g);
    book(g, g->perp, 85.5, 85.7, 1000); /* stops at 90, 89, 88, 87, 86: half of them */
    assert_int_equal(fx_count(g, FX_PLACE), 100);
    audit_clean(g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(triggers_fire_on_the_tradable_price), TEST(both_hit_the_stop_wins), TEST(a_failed_exit_is_armed_again_and_alarmed),
        TEST(stale_data_pulls_no_trigger), TEST(reservations_never_exceed_open), TEST(an_unknown_close_keeps_its_reservation),
        TEST(a_stop_takes_back_resting_exits_first), TEST(orphans_are_taken_back_after_a_close), TEST(settlement_closes_by_resolution),
        TEST(a_time_exit_closes), TEST(triggers_are_armed_again_after_a_restart), TEST(cheap_ticks_with_many_triggers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
