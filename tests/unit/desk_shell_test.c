/* The world around the desk goes wrong: kill switch, store down, leadership lost, restart, reconciliation, day loss. */
#include "desk_rig.h"

static void kill_cancels_adding_orders_and_survives(void **state) {
    struct rig *g = *state;
    open_position(g, g->fed, SIDE_YES, 100, 0.41, "t1");
    struct rec *adds = place(g, g->fed, SIDE_YES, ACTION_BUY, 50, 0.39);
    ack(g, adds);
    struct rec *exit = place(g, g->fed, SIDE_YES, ACTION_SELL, 100, 0.60);
    ack(g, exit);
    fx_clear(g);
    struct intent in = want(g, INTENT_KILL);
    str_copy(in.note, sizeof in.note, "panic");
    send_intent(g, &in);
    assert_int_equal(last_reply(g), ERR_OK);
    assert_int_equal(fx_count(g, FX_CANCEL), 1);
    assert_int_equal(fx_last(g, FX_CANCEL)->u.cancel.order, adds->o.id);
    assert_null(place(g, g->fed, SIDE_YES, ACTION_BUY, 10, 0.41));
    assert_int_equal(last_reply(g), ERR_KILLED);
    rig_reload(g, 2);
    put_venue(g, true);
    books(g);
    struct view_status s;
    view_status(g->d, &s);
    assert_true(s.killed);
    assert_string_equal(s.kill_reason, "panic");
    assert_int_equal(g->d->orders[2]->o.state, STATE_PENDING); /* the exit still works */
    in = want(g, INTENT_UNKILL);
    send_intent(g, &in);
    view_status(g->d, &s);
    assert_false(s.killed);
}

static void a_kill_between_commit_and_send_stops_the_order(void **state) {
    struct rig *g = *state;
    g->hold_saves = true;
    struct rec *r = place(g, g->fed, SIDE_YES, ACTION_BUY, 100, 0.41);
    uint64_t seq = fx_last(g, FX_SAVE)->u.save.seq;
    struct intent in = want(g, INTENT_KILL);
    send_intent(g, &in);
    saved_result(g, seq, ERR_OK, false);
    assert_int_equal(fx_count(g, FX_PLACE), 0);
    assert_true(order_state_final(r->o.state));
}

static void flatten_closes_everything(void **state) {
    struct rig *g = *state;
    struct rec *yes = open_position(g, g->fed, SIDE_YES, 100, 0.41, "t1");
    struct rec *shorty = open_position(g, g->perp, SIDE_SHORT, 1, 100, "t2");
    struct intent in = want(g, INTENT_CLOSE); /* half of one is held by a resting exit */
    in.order = shorty->o.id;
    in.size = SZ(0.5);
    in.limit = PX(90);
    send_intent(g, &in);
    struct rec *resting = newest(g);
    ack(g, resting);
    fx_clear(g);
    in = want(g, INTENT_FLATTEN);
    in.account = 0;
    in.source = SOURCE_KILL;
    send_intent(g, &in);
    assert_int_equal(fx_count(g, FX_PLACE), 2);
    assert_int_equal(fx_count(g, FX_CANCEL), 1);
    assert_int_equal(yes->o.pos.reserved.micro, yes->o.pos.open.micro);
}

static void store_down_lets_only_exits_and_cancels_out(void **state) {
    struct rig *g = *state;
    struct rec *pos = open_position(g, g->fed, SIDE_YES, 100, 0.41, "t1");
    struct rec *resting = place(g, g->fed, SIDE_YES, ACTION_BUY, 10, 0.39);
    ack(g, resting);
    put_store(g, false);
    g->hold_saves = true;
    fx_clear(g);
    assert_null(place(g, g->fed, SIDE_YES, ACTION_BUY, 10, 0.41));
    assert_int_equal(last_reply(g), ERR_STORE_DOWN);
    struct intent in = want(g, INTENT_CLOSE);
    in.order = pos->o.id;
    send_intent(g, &in);
    const struct effect *s = fx_last(g, FX_SAVE);
    assert_true(s->u.save.exit);
    assert_int_equal(fx_count(g, FX_PLACE), 0);
    saved_result(g, s->u.save.seq, ERR_OK, true); /* in the outbox */
    assert_int_equal(fx_count(g, FX_PLACE), 1);
    in = want(g, INTENT_CANCEL);
    in.order = resting->o.id;
    send_intent(g, &in);
    saved_result(g, fx_last(g, FX_SAVE)->u.save.seq, ERR_OK, true);
    assert_int_equal(fx_count(g, FX_CANCEL), 1);
}

static void an_update_that_failed_is_stored_later(void **state) {
    struct rig *g = *state;
    struct rec *r = place(g, g->fed, SIDE_YES, ACTION_BUY, 100, 0.41);
    ack(g, r);
    g->hold_saves = true;
    fx_clear(g);
    fill(g, r, "t1", 100, 0.41);
    uint64_t seq = fx_last(g, FX_SAVE)->u.save.seq;
    saved_result(g, seq, ERR_STORE_DOWN, false);
    put_store(g, false);
    assert_true(r->is_pos); /* memory is the truth until then */
    fx_clear(g);
    g->hold_saves = false;
    put_store(g, true);
    bool fill_again = false;
    for (size_t i = 0; i < g->n_fx; i++)
        fill_again = fill_again || (g->fx[i].type == FX_SAVE && g->fx[i].u.save.kind == SAVE_FILL);
    assert_true(fill_again);
    assert_int_equal(row_of(g, r->o.id)->state, STATE_FILLED);
    assert_int_equal(g->rows.n_fills, 1);
}

static void nothing_leaves_a_desk_that_does_not_lead(void **state) {
    struct rig *g = *state;
    struct rec *pos = open_position(g, g->perp, SIDE_LONG, 1, 100, "t1");
    protect(g, pos, PX(95), PRICE(0));
    struct rec *resting = place(g, g->fed, SIDE_YES, ACTION_BUY, 10, 0.39);
    put_leader(g, false);
    fx_clear(g);
    assert_null(place(g, g->fed, SIDE_YES, ACTION_BUY, 10, 0.41));
    assert_int_equal(last_reply(g), ERR_NOT_LEADER);
    struct intent in = want(g, INTENT_CANCEL);
    in.order = resting->o.id;
    send_intent(g, &in);
    book(g, g->perp, 90, 90.2, 10);
    for (int i = 0; i < 60; i++)
        tick(g, 250000);
    assert_int_equal(fx_count(g, FX_PLACE) + fx_count(g, FX_CANCEL) + fx_count(g, FX_QUERY) + fx_count(g, FX_RECONCILE) + fx_count(g, FX_SAVE), 0);
    assert_int_equal(pos->o.pos.unprotected, 1);
}

static void another_epoch_refuses_the_intent(void **state) {
    struct rig *g = *state;
    g->hold_saves = true;
    struct rec *r = place(g, g->fed, SIDE_YES, ACTION_BUY, 100, 0.41);
    saved_result(g, fx_last(g, FX_SAVE)->u.save.seq, ERR_NOT_LEADER, false);
    assert_int_equal(fx_count(g, FX_PLACE), 0);
    assert_int_equal(r->o.state, STATE_FAILED);
    assert_int_equal(last_reply(g), ERR_NOT_LEADER);
    struct view_status s;
    view_status(g->d, &s);
    assert_false(s.leader);
}

static void a_restart_brings_everything_back(void **state) {
    struct rig *g = *state;
    struct rec *pos = open_position(g, g->fed, SIDE_YES, 100, 0.41, "t1");
    protect(g, pos, PX(0.30), PX(0.70));
    ack(g, place(g, g->fed, SIDE_YES, ACTION_SELL, 40, 0.60));
    struct rec *partly = place(g, g->perp, SIDE_SHORT, ACTION_SELL, 2, 100.2);
    ack(g, partly);
    fill_fee(g, partly, "t2", 1, 100.2, 50100);
    struct rec *c = place(g, g->fed, SIDE_YES, ACTION_SELL, 10, 0.50);
    ack(g, c);
    fill(g, c, "t3", 10, 0.50);
    tick(g, 250000);
    uint64_t before = hash_rows(g->d, 1);
    struct view_account a, b;
    view_account(g->d, ACCOUNT, &a);
    rig_reload(g, 2);
    assert_int_equal(hash_rows(g->d, 1), before);
    view_account(g->d, ACCOUNT, &b);
    assert_int_equal(a.cash.micro, b.cash.micro);
    assert_int_equal(a.realized_day.micro, b.realized_day.micro);
    assert_int_equal(a.positions, b.positions);
    assert_int_equal(a.open_orders, b.open_orders);
    audit_clean(g);
    rig_reload(g, 3); /* and again: the second start is the first */
    assert_int_equal(hash_rows(g->d, 1), before);
}

/* --- reconciliation -------------------------------------------------------------------------------- */
static uint64_t recon_open(struct rig *g) { /* reloads and answers BEGIN */
    rig_reload(g, 2);
    g->recon_by_hand = true;
    put_venue(g, true);
    books(g);
    const struct effect *e = fx_last(g, FX_RECONCILE);
    assert_non_null(e);
    struct event ev = ev_of(EVENT_RECON_BEGIN);
    ev.u.recon_begin = (struct ev_recon_begin){ACCOUNT, VENUE_SIM, e->u.reconcile.round};
    put(g, &ev);
    return e->u.reconcile.round;
}

static void recon_close(struct rig *g, uint64_t round) {
    struct event ev = ev_of(EVENT_RECON_END);
    ev.u.recon_end = (struct ev_recon_end){ACCOUNT, 1, round};
    put(g, &ev);
}

static void created_but_never_sent_fails_after_the_venue_said_so(void **state) {
    struct rig *g = *state;
    g->hold_saves = true;
    struct rec *r = place(g, g->fed, SIDE_YES, ACTION_BUY, 100, 0.41);
    order_id id = r->o.id;
    for (size_t i = 0; i < g->n_fx; i++) /* committed, and then the desk dies */
        if (g->fx[i].type == FX_SAVE)
            row_apply(g, &g->fx[i].u.save);
    g->hold_saves = false;
    g->now += 10 * SECOND_US;
    uint64_t round = recon_open(g);
    fx_clear(g);
    recon_close(g, round);
    tick(g, 250000);
    assert_int_equal(fx_count(g, FX_PLACE), 0); /* not silently sent */
    assert_int_equal(fx_count(g, FX_QUERY), 1);
    r = rec_find(g->d, id);
    assert_true(order_open(&r->o));
    reject(g, r, ERR_NOT_FOUND);
    assert_int_equal(r->o.state, STATE_FAILED);
}

static void sent_but_unheard_of_is_adopted(void **state) {
    struct rig *g = *state;
    struct rec *r = place(g, g->fed, SIDE_YES, ACTION_BUY, 100, 0.41);
    order_id id = r->o.id;
    uint64_t round = recon_open(g);
    struct event ev = ev_of(EVENT_RECON_ORDER);
    ev.u.recon_order.account = ACCOUNT;
    ev.u.recon_order.round = round;
    ev.u.recon_order.order = *row_of(g, id);
    str_copy(ev.u.recon_order.order.venue_id, VENUE_ORDER_ID_MAX, "v-1");
    put(g, &ev);
    ev = ev_of(EVENT_RECON_FILL);
    ev.u.recon_fill.account = ACCOUNT;
    ev.u.recon_fill.round = round;
    ev.u.recon_fill.fill = (struct fill){.order = id, .account = ACCOUNT, .market = g->fed, .side = SIDE_YES, .px = PX(0.41), .size = SZ(30), .at_us = g->now};
    str_copy(ev.u.recon_fill.fill.venue_trade, VENUE_ORDER_ID_MAX, "t1");
    put(g, &ev);
    put(g, &ev); /* told twice, booked once */
    ev = ev_of(EVENT_RECON_POSITION);
    ev.u.recon_position = (struct ev_recon_position){.account = ACCOUNT, .round = round, .market = g->fed, .net = SZ(30), .entry = PX(0.41)};
    put(g, &ev);
    recon_close(g, round);
    r = rec_find(g->d, id);
    assert_int_equal(r->o.state, STATE_PARTIAL);
    assert_string_equal(r->o.venue_id, "v-1");
    assert_int_equal(r->o.pos.open.micro, SZ(30).micro);
    assert_true(acct_find(g->d, ACCOUNT)->reconciled);
    audit_clean(g);
}

static void external_orders_are_adopted_and_counted(void **state) {
    struct rig *g = *state;
    uint64_t round = recon_open(g);
    struct event ev = ev_of(EVENT_RECON_ORDER);
    ev.u.recon_order.account = ACCOUNT;
    ev.u.recon_order.round = round;
    ev.u.recon_order.order = (struct order){.account = ACCOUNT, .market = g->fed, .side = SIDE_YES, .type = ORDER_LIMIT, .limit = PX(0.2), .size = SZ(500), .leverage = 1};
    str_copy(ev.u.recon_order.order.venue_id, VENUE_ORDER_ID_MAX, "by-hand");
    put(g, &ev);
    recon_close(g, round);
    struct rec *r = newest(g);
    assert_int_equal(r->o.source, SOURCE_EXTERNAL);
    struct view_account a;
    view_account(g->d, ACCOUNT, &a);
    assert_int_equal(a.exposure.micro, 100 * DEC_ONE);
    ev = ev_of(EVENT_FILL); /* its fills find it by the venue's id */
    ev.u.fill_ev.fill = (struct fill){.account = ACCOUNT, .market = g->fed, .side = SIDE_YES, .px = PX(0.2), .size = SZ(500), .at_us = g->now};
    str_copy(ev.u.fill_ev.fill.venue_trade, VENUE_ORDER_ID_MAX, "t9");
    str_copy(ev.u.fill_ev.venue_order, VENUE_ORDER_ID_MAX, "by-hand");
    put(g, &ev);
    assert_int_equal(r->o.state, STATE_FILLED);
    assert_true(r->is_pos);
    audit_clean(g);
}

static void a_difference_is_believed_the_second_time(void **state) {
    struct rig *g = *state;
    open_position(g, g->fed, SIDE_YES, 100, 0.41, "t1");
    uint64_t round = recon_open(g);
    for (int pass = 0; pass < 2; pass++) {
        struct event ev = ev_of(EVENT_RECON_POSITION);
        ev.u.recon_position = (struct ev_recon_position){.account = ACCOUNT, .round = round, .market = g->fed, .net = SZ(70), .entry = PX(0.41)};
        put(g, &ev);
        ev = ev_of(EVENT_RECON_CASH);
        ev.u.recon_cash = (struct ev_recon_cash){ACCOUNT, round, USD(9970 * DEC_ONE)};
        put(g, &ev);
        recon_close(g, round);
        assert_int_equal(acct_find(g->d, ACCOUNT)->reconciled, pass == 1);
        for (int i = 0; i < 5 && pass == 0; i++)
            tick(g, 250000);
        round = fx_last(g, FX_RECONCILE)->u.reconcile.round;
    }
    struct rec *pos = g->fed ? mkt_find(g->d, g->fed)->pos_first : NULL;
    assert_int_equal(pos->o.pos.open.micro, SZ(70).micro);
    assert_int_equal(newest(g)->o.source, SOURCE_RECONCILE);
    struct view_account a;
    view_account(g->d, ACCOUNT, &a);
    assert_int_equal(a.cash.micro, 9970 * DEC_ONE);
    assert_true(g->d->alerts > 0);
    audit_clean(g);
}

static void a_failed_reconciliation_is_asked_again(void **state) {
    struct rig *g = *state;
    uint64_t round = recon_open(g);
    struct event ev = ev_of(EVENT_RECON_END);
    ev.u.recon_end = (struct ev_recon_end){ACCOUNT, 0, round};
    put(g, &ev);
    assert_false(acct_find(g->d, ACCOUNT)->reconciled);
    for (int i = 0; i < 6; i++)
        tick(g, 250000);
    assert_true(fx_last(g, FX_RECONCILE)->u.reconcile.round > round);
    recon_close(g, round); /* the old round's end counts for nothing */
    assert_false(acct_find(g->d, ACCOUNT)->reconciled);
}

/* --- day, reset -------------------------------------------------------------------------------------- */
static void a_day_loss_pauses_until_midnight(void **state) {
    struct rig *g = *state;
    struct rec *pos = open_position(g, g->perp, SIDE_LONG, 100, 100, "t1");
    for (int i = 0; i < 8; i++)
        tick(g, 250000);
    book(g, g->perp, 75, 75.2, 1000); /* -2,490 */
    for (int i = 0; i < 8; i++)
        tick(g, 250000);
    book(g, g->perp, 75, 75.2, 1000);
    books(g);
    assert_null(place(g, g->fed, SIDE_YES, ACTION_BUY, 10, 0.41));
    assert_int_equal(last_reply(g), ERR_RISK_DAY_LOSS);
    order_id id = pos->o.id;
    rig_reload(g, 2);
    struct view_account a;
    view_account(g->d, ACCOUNT, &a);
    assert_true(a.day_paused); /* survives a restart */
    g->recon_by_hand = true;
    put_venue(g, true);
    uint64_t round = fx_last(g, FX_RECONCILE)->u.reconcile.round;
    struct event ev = ev_of(EVENT_RECON_POSITION);
    ev.u.recon_position = (struct ev_recon_position){.account = ACCOUNT, .round = round, .market = g->perp, .net = SZ(100), .entry = PX(100)};
    put(g, &ev);
    recon_close(g, round);
    books(g);
    struct intent in = want(g, INTENT_CLOSE);
    in.order = id;
    in.size = SZ(1);
    fx_clear(g);
    send_intent(g, &in);
    assert_int_equal(fx_count(g, FX_PLACE), 1); /* exits pass */
    g->now += DAY_US;
    books(g);
    tick(g, 250000);
    view_account(g->d, ACCOUNT, &a);
    assert_false(a.day_paused);
    assert_int_equal(a.realized_day.micro, 0);
    struct view_day days[4];
    assert_true(view_pnl_by_day(g->d, ACCOUNT, days, 4) >= 1);
}

static void a_reset_starts_over(void **state) {
    struct rig *g = *state;
    open_position(g, g->fed, SIDE_YES, 100, 0.41, "t1");
    struct rec *resting = place(g, g->fed, SIDE_YES, ACTION_BUY, 10, 0.39);
    ack(g, resting);
    fx_clear(g);
    struct intent in = want(g, INTENT_ACCOUNT_RESET);
    send_intent(g, &in);
    assert_int_equal(fx_count(g, FX_RESET), 1);
    struct view_account a;
    view_account(g->d, ACCOUNT, &a);
    assert_int_equal(a.cash.micro, 10000 * DEC_ONE);
    assert_int_equal(a.equity.micro, 10000 * DEC_ONE);
    assert_int_equal(a.positions + a.open_orders, 0);
    usd sum = {0};
    for (size_t i = 0; i < g->rows.n_ledger; i++)
        sum.micro += g->rows.ledger[i].amount.micro;
    assert_int_equal(sum.micro, a.cash.micro);
    assert_int_equal(last_reply(g), ERR_OK);
    audit_clean(g);
}

static void funding_moves_cash_once(void **state) {
    struct rig *g = *state;
    struct rec *pos = open_position(g, g->perp, SIDE_LONG, 1, 100, "t1");
    struct event ev = ev_of(EVENT_CASH);
    ev.u.cash.account = ACCOUNT;
    ev.u.cash.entry = (struct ledger_entry){.account = ACCOUNT, .market = g->perp, .kind = LEDGER_FUNDING, .amount = USD(-10000), .at_us = g->now};
    str_copy(ev.u.cash.entry.ref, VENUE_ORDER_ID_MAX, "funding-1");
    put(g, &ev);
    put(g, &ev);
    struct view_account a;
    view_account(g->d, ACCOUNT, &a);
    assert_int_equal(a.cash.micro, 10000 * DEC_ONE - 10000);
    assert_int_equal(a.funding_day.micro, 10000);
    assert_int_equal(pos->o.pos.funding.micro, 10000);
    audit_clean(g);
}

static void equity_is_sampled_each_minute(void **state) {
    struct rig *g = *state;
    for (int i = 0; i < 4 * 60 * 3; i++)
        tick(g, 250000);
    struct view_equity e[8];
    int n = view_equity(g->d, ACCOUNT, e, 8);
    assert_in_range(n, 3, 4);
    assert_int_equal(e[n - 1].equity.micro, 10000 * DEC_ONE);
}

static void markets_are_found_by_part(void **state) {
    struct rig *g = *state;
    market_id id;
    assert_int_equal(view_market_find(g->d, "fed", &id), ERR_OK);
    assert_true(id == g->fed);
    assert_int_equal(view_market_find(g->d, "BTC-PERP", &id), ERR_OK);
    assert_int_equal(view_market_find(g->d, "e", &id), ERR_AMBIGUOUS);
    assert_int_equal(view_market_find(g->d, "zzz", &id), ERR_NOT_FOUND);
}

static void a_preview_tells_what_a_ticket_would_do(void **state) {
    struct rig *g = *state;
    struct intent in = limit_intent(g, g->fed, SIDE_NO, ACTION_BUY, 100, 0);
    struct view_preview p;
    view_preview(g->d, &in, &p);
    assert_int_equal(p.refusal, ERR_OK);
    assert_int_equal(p.now.average.micro, PX(0.60).micro); /* NO costs 1 - YES bid */
    assert_int_equal(p.cost.micro, 60 * DEC_ONE);
    assert_int_equal(p.fee.micro, 30000);
    assert_int_equal(p.worst_case.micro, -60 * DEC_ONE - 30000);
    in.size = SZ(100000);
    view_preview(g->d, &in, &p);
    assert_true(p.refusal != ERR_OK);
}

/* Memory is bounded: old closed orders leave it, what is open stays. */
static void old_closed_orders_leave_memory(void **state) {
    struct rig *g = *state;
    struct rec *kept = open_position(g, g->perp, SIDE_LONG, 1, 100, "kept");
    order_id id = kept->o.id;
    g->hold_saves = true;
    g->d->limits.max_orders_per_second = 0;
    for (int i = 0; i < 2 * ORDERS_KEEP; i++) {
        fx_clear(g);
        struct rec *r = place(g, g->fed, SIDE_YES, ACTION_BUY, 10, 0.41);
        assert_non_null(r);
        saved_result(g, fx_last(g, FX_SAVE)->u.save.seq, ERR_OK, false);
        done(g, r, ERR_CANCELLED);
        for (size_t k = 0; k < g->n_fx; k++) /* the later batches */
            if (g->fx[k].type == FX_SAVE && g->fx[k].u.save.last)
                saved_result(g, g->fx[k].u.save.seq, ERR_OK, false);
        for (size_t k = 0; k < g->n_fx; k++)
            if (g->fx[k].type == FX_SAVE && g->fx[k].u.save.last)
                saved_result(g, g->fx[k].u.save.seq, ERR_OK, false);
    }
    g->hold_saves = false;
    books(g);
    tick(g, MINUTE_US);
    assert_in_range(g->d->order_count, ORDERS_KEEP, ORDERS_KEEP + 2);
    assert_non_null(view_order(g->d, id));
    assert_null(rec_find(g->d, g->d->orders[1]->o.id - 1));
    audit_clean(g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(kill_cancels_adding_orders_and_survives), TEST(a_kill_between_commit_and_send_stops_the_order), TEST(flatten_closes_everything),
        TEST(store_down_lets_only_exits_and_cancels_out), TEST(an_update_that_failed_is_stored_later), TEST(nothing_leaves_a_desk_that_does_not_lead),
        TEST(another_epoch_refuses_the_intent), TEST(a_restart_brings_everything_back), TEST(created_but_never_sent_fails_after_the_venue_said_so),
        TEST(sent_but_unheard_of_is_adopted), TEST(external_orders_are_adopted_and_counted), TEST(a_difference_is_believed_the_second_time),
        TEST(a_failed_reconciliation_is_asked_again), TEST(a_day_loss_pauses_until_midnight), TEST(a_reset_starts_over), TEST(funding_moves_cash_once),
        TEST(equity_is_sampled_each_minute), TEST(markets_are_found_by_part), TEST(a_preview_tells_what_a_ticket_would_do), TEST(old_closed_orders_leave_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
