/* The way of an order: persisted before it is sent, sent once, unknown is not failed, answered once. */
#include "desk_rig.h"

static void persist_before_send(void **state) {
    struct rig *g = *state;
    g->hold_saves = true;
    struct rec *r = place(g, g->fed, SIDE_YES, ACTION_BUY, 100, 0.41);
    assert_int_equal(fx_count(g, FX_PLACE), 0);
    const struct effect *s = fx_last(g, FX_SAVE);
    assert_non_null(s);
    assert_int_equal(r->o.state, STATE_CREATED);
    bool intent_row = false;
    for (size_t i = 0; i < g->n_fx; i++)
        intent_row = intent_row || (g->fx[i].type == FX_SAVE && g->fx[i].u.save.kind == SAVE_ORDER && g->fx[i].u.save.insert && g->fx[i].u.save.intent);
    assert_true(intent_row);
    saved_result(g, s->u.save.seq, ERR_OK, false);
    assert_int_equal(fx_count(g, FX_PLACE), 1);
    assert_int_equal(r->o.state, STATE_PENDING);
    assert_true(r->o.flags & ORDER_SENT);
}

static void failed_save_is_not_sent(void **state) {
    struct rig *g = *state;
    g->hold_saves = true;
    struct rec *r = place(g, g->fed, SIDE_YES, ACTION_BUY, 100, 0.41);
    saved_result(g, fx_last(g, FX_SAVE)->u.save.seq, ERR_STORE_DOWN, false);
    assert_int_equal(fx_count(g, FX_PLACE), 0);
    assert_int_equal(r->o.state, STATE_FAILED);
    assert_int_equal(last_reply(g), ERR_STORE_DOWN);
    /* the row is inserted again, as failed, so that history is whole */
    const struct effect *s = NULL;
    for (size_t i = 0; i < g->n_fx; i++)
        if (g->fx[i].type == FX_SAVE && g->fx[i].u.save.kind == SAVE_ORDER)
            s = &g->fx[i];
    assert_true(s->u.save.insert);
    assert_int_equal(s->u.save.u.order.state, STATE_FAILED);
}

static void rest_and_fill(void **state) {
    struct rig *g = *state;
    struct rec *r = place(g, g->fed, SIDE_YES, ACTION_BUY, 100, 0.41);
    assert_int_equal(fx_count(g, FX_REPLY), 0);
    ack(g, r);
    assert_int_equal(last_reply(g), ERR_OK);
    fill_fee(g, r, "t1", 40, 0.41, 8000);
    assert_int_equal(r->o.state, STATE_PARTIAL);
    assert_int_equal(r->o.pos.open.micro, SZ(40).micro);
    fill(g, r, "t2", 60, 0.40);
    assert_int_equal(r->o.state, STATE_FILLED);
    assert_int_equal(r->o.pos.open.micro, SZ(100).micro);
    assert_int_equal(r->o.pos.cost.micro, 40 * 410000 + 60 * 400000);
    struct view_account a;
    assert_true(view_account(g->d, ACCOUNT, &a));
    assert_int_equal(a.cash.micro, 10000 * DEC_ONE - 40 * 410000 - 60 * 400000 - 8000);
    assert_int_equal(fx_count(g, FX_REPLY), 1);
    audit_clean(g);
}

static void duplicate_fills_count_once(void **state) {
    struct rig *g = *state;
    struct rec *r = open_position(g, g->fed, SIDE_YES, 100, 0.41, "t1");
    uint64_t h = hash_rows(g->d, 0);
    fill(g, r, "t1", 100, 0.41);
    ack(g, r);
    assert_int_equal(hash_rows(g->d, 0), h);
    audit_clean(g);
}

static void fill_before_ack(void **state) {
    struct rig *g = *state;
    struct rec *r = place(g, g->fed, SIDE_YES, ACTION_BUY, 100, 0.41);
    fill(g, r, "t1", 30, 0.41);
    assert_int_equal(r->o.state, STATE_PARTIAL);
    ack(g, r);
    assert_int_equal(r->o.state, STATE_PARTIAL);
    fill(g, r, "t2", 70, 0.41);
    assert_int_equal(r->o.state, STATE_FILLED);
    assert_int_equal(fx_count(g, FX_REPLY), 1);
}

static void partial_then_cancel_keeps_fills(void **state) {
    struct rig *g = *state;
    struct rec *r = place(g, g->fed, SIDE_YES, ACTION_BUY, 100, 0.41);
    ack(g, r);
    fill(g, r, "t1", 30, 0.41);
    struct intent in = want(g, INTENT_CANCEL);
    in.order = r->o.id;
    send_intent(g, &in);
    assert_int_equal(fx_count(g, FX_CANCEL), 1);
    done(g, r, ERR_CANCELLED);
    assert_int_equal(r->o.state, STATE_CANCELLED);
    assert_int_equal(r->o.filled.micro, SZ(30).micro);
    assert_true(r->is_pos);
    assert_int_equal(last_reply(g), ERR_OK);
    audit_clean(g);
}

static void fill_during_cancel_wins(void **state) {
    struct rig *g = *state;
    struct rec *r = place(g, g->fed, SIDE_YES, ACTION_BUY, 100, 0.41);
    ack(g, r);
    struct intent in = want(g, INTENT_CANCEL);
    in.order = r->o.id;
    send_intent(g, &in);
    fill(g, r, "t1", 100, 0.41);
    assert_int_equal(r->o.state, STATE_FILLED);
    assert_int_equal(last_reply(g), ERR_NOT_OPEN);
    struct event ev = ev_of(EVENT_REFUSED);
    ev.u.refused.order = r->o.id;
    ev.u.refused.reason = ERR_NOT_OPEN;
    put(g, &ev);
    assert_int_equal(r->o.state, STATE_FILLED);
    assert_int_equal(fx_count(g, FX_REPLY), 2); /* one for the order, one for the cancel */
}

static void cancel_before_commit_is_never_sent(void **state) {
    struct rig *g = *state;
    g->hold_saves = true;
    struct rec *r = place(g, g->fed, SIDE_YES, ACTION_BUY, 100, 0.41);
    uint64_t seq = fx_last(g, FX_SAVE)->u.save.seq;
    struct intent in = want(g, INTENT_CANCEL);
    in.order = r->o.id;
    send_intent(g, &in);
    saved_result(g, seq, ERR_OK, false);
    assert_int_equal(fx_count(g, FX_PLACE), 0);
    assert_int_equal(r->o.state, STATE_CANCELLED);
}

static void done_waits_for_its_fills(void **state) {
    struct rig *g = *state;
    struct rec *r = place(g, g->fed, SIDE_YES, ACTION_BUY, 100, 0.41);
    ack(g, r);
    struct event ev = ev_of(EVENT_DONE);
    ev.u.done.order = r->o.id;
    ev.u.done.reason = ERR_CANCELLED;
    ev.u.done.filled = SZ(30);
    put(g, &ev);
    assert_true(order_open(&r->o)); /* a fill is missing */
    fill(g, r, "t1", 30, 0.41);
    assert_int_equal(r->o.state, STATE_CANCELLED);
    assert_int_equal(r->o.pos.open.micro, SZ(30).micro);
}

static void unknown_is_not_failed(void **state) {
    struct rig *g = *state;
    struct rec *r = place(g, g->fed, SIDE_YES, ACTION_BUY, 100, 0.41);
    assert_int_equal(fx_count(g, FX_PLACE), 1);
    for (int i = 0; i < 45; i++) {
        tick(g, 250000);
        books(g);
    }
    assert_true(order_open(&r->o));
    assert_true(r->o.flags & ORDER_OUTCOME_UNKNOWN);
    assert_int_equal(last_reply(g), ERR_OUTCOME_UNKNOWN);
    assert_true(fx_count(g, FX_QUERY) >= 1);
    assert_int_equal(fx_count(g, FX_PLACE), 1); /* never again */
    struct view_account a;
    view_account(g->d, ACCOUNT, &a);
    assert_int_equal(a.exposure.micro, 41 * DEC_ONE); /* counted at its worst */
    ack(g, r);
    assert_false(r->o.flags & ORDER_OUTCOME_UNKNOWN);
    assert_int_equal(fx_count(g, FX_REPLY), 1);
}

static void not_found_settles_unknown(void **state) {
    struct rig *g = *state;
    struct rec *r = place(g, g->fed, SIDE_YES, ACTION_BUY, 100, 0.41);
    struct event ev = ev_of(EVENT_UNKNOWN);
    ev.u.unknown.order = r->o.id;
    put(g, &ev);
    tick(g, SECOND_US);
    reject(g, r, ERR_NOT_FOUND); /* too early: it may still be on its way */
    assert_true(order_open(&r->o));
    tick(g, 6 * SECOND_US);
    assert_true(fx_count(g, FX_QUERY) >= 2);
    reject(g, r, ERR_NOT_FOUND);
    assert_int_equal(r->o.state, STATE_FAILED);
    fill(g, r, "late", 100, 0.41); /* it was there after all */
    assert_int_equal(r->o.state, STATE_FAILED);
    assert_int_equal(r->o.pos.open.micro, SZ(100).micro);
    struct view_status s;
    view_status(g->d, &s);
    assert_true(s.alerts > 0);
    audit_clean(g);
}

static void late_ack_of_a_given_up_order_is_cancelled(void **state) {
    struct rig *g = *state;
    struct rec *r = place(g, g->fed, SIDE_YES, ACTION_BUY, 100, 0.41);
    tick(g, 11 * SECOND_US);
    reject(g, r, ERR_NOT_FOUND);
    assert_int_equal(r->o.state, STATE_FAILED);
    fx_clear(g);
    ack(g, r);
    assert_int_equal(fx_count(g, FX_CANCEL), 1);
}

static void overfill_is_booked_and_flagged(void **state) {
    struct rig *g = *state;
    struct rec *r = place(g, g->fed, SIDE_YES, ACTION_BUY, 100, 0.41);
    ack(g, r);
    fill(g, r, "t1", 101, 0.41);
    assert_int_equal(r->o.pos.open.micro, SZ(101).micro);
    assert_int_equal(r->o.state, STATE_FILLED);
    assert_non_null(strstr(r->o.reason_text, "overfilled"));
    audit_clean(g);
}

static void through_zero_is_two_legs(void **state) {
    struct rig *g = *state;
    struct rec *yes = open_position(g, g->fed, SIDE_YES, 60, 0.41, "t1");
    struct rec *no = place(g, g->fed, SIDE_NO, ACTION_BUY, 100, 0.60);
    assert_non_null(no);
    ack(g, no);
    fill_fee(g, no, "t2", 100, 0.60, 30000);
    assert_int_equal(yes->o.pos.status, POSITION_CLOSED);
    assert_int_equal(no->o.pos.status, POSITION_OPEN);
    assert_int_equal(no->o.pos.open.micro, SZ(40).micro);
    assert_int_equal(g->rows.n_fills, 3);
    assert_int_equal(g->rows.fills[1].leg, 0);
    assert_int_equal(g->rows.fills[1].position, yes->o.id);
    assert_int_equal(g->rows.fills[2].leg, 1);
    assert_int_equal(g->rows.fills[2].position, no->o.id);
    assert_int_equal(g->rows.fills[1].fee.micro + g->rows.fills[2].fee.micro, 30000);
    struct view_account a;
    view_account(g->d, ACCOUNT, &a); /* 60 bought at .41, sold at .40; 40 NO at .60 */
    assert_int_equal(a.cash.micro, 10000 * DEC_ONE - 60 * 410000 + 60 * 400000 - 40 * 600000 - 30000);
    fill(g, no, "t2", 100, 0.60);
    assert_int_equal(g->rows.n_fills, 3);
    audit_clean(g);
}

static void filling_on_after_the_close_continues(void **state) {
    struct rig *g = *state;
    struct rec *r = place(g, g->fed, SIDE_YES, ACTION_BUY, 100, 0.41);
    ack(g, r);
    fill(g, r, "t1", 30, 0.41);
    struct intent in = want(g, INTENT_CLOSE);
    in.order = r->o.id;
    send_intent(g, &in);
    struct rec *c = newest(g);
    ack(g, c);
    fill(g, c, "t2", 30, 0.40);
    assert_int_equal(r->o.pos.status, POSITION_CLOSED);
    fill(g, r, "t3", 70, 0.41);
    assert_int_equal(r->o.state, STATE_FILLED);
    assert_int_equal(r->o.pos.status, POSITION_CLOSED);
    struct rec *more = newest(g);
    assert_true(more != c && more != r);
    assert_int_equal(more->o.parent, r->o.id);
    assert_int_equal(more->o.pos.open.micro, SZ(70).micro);
    audit_clean(g);
}

static void scale_in_averages_under_one_plan(void **state) {
    struct rig *g = *state;
    struct intent in = limit_intent(g, g->fed, SIDE_YES, ACTION_BUY, 100, 0.41);
    in.stop = PX(0.30);
    in.target = PX(0.60);
    send_intent(g, &in);
    struct rec *first = newest(g);
    ack(g, first);
    fill(g, first, "t1", 100, 0.40);
    in = limit_intent(g, g->fed, SIDE_YES, ACTION_BUY, 100, 0.42);
    in.stop = PX(0.35); /* the target is kept */
    send_intent(g, &in);
    struct rec *second = newest(g);
    ack(g, second);
    fill(g, second, "t2", 100, 0.42);
    assert_false(second->is_pos);
    assert_int_equal(first->o.pos.open.micro, SZ(200).micro);
    assert_int_equal(first->o.pos.entry_price.micro, PX(0.41).micro);
    assert_int_equal(first->o.pos.plan.stop.micro, PX(0.35).micro);
    assert_int_equal(first->o.pos.plan.target.micro, PX(0.60).micro);
    audit_clean(g);
}

static void strategies_are_apart_but_cash_follows_the_whole(void **state) {
    struct rig *g = *state;
    open_position(g, g->perp, SIDE_LONG, 1, 100, "t1");
    struct intent in = limit_intent(g, g->perp, SIDE_SHORT, ACTION_SELL, 1, 100);
    str_copy(in.strategy, sizeof in.strategy, "bot");
    send_intent(g, &in);
    struct rec *s = newest(g);
    ack(g, s);
    fill(g, s, "t2", 1, 110);
    assert_true(s->is_pos); /* two positions here, none at the venue */
    struct view_account a;
    view_account(g->d, ACCOUNT, &a);
    assert_int_equal(a.cash.micro, 10010 * DEC_ONE);
    assert_int_equal(a.equity.micro, 10010 * DEC_ONE);
    assert_int_equal(a.positions, 2);
    audit_clean(g);
}

static void amount_buys_whole_lots(void **state) {
    struct rig *g = *state;
    struct intent in = limit_intent(g, g->fed, SIDE_YES, ACTION_BUY, 0, 0);
    in.amount = USD(100 * DEC_ONE);
    send_intent(g, &in);
    assert_int_equal(newest(g)->o.size.micro, SZ(238).micro); /* 100 / 0.42 = 238.09 */
}

static void a_venue_gap_stops_new_exposure(void **state) {
    struct rig *g = *state;
    g->recon_by_hand = true;
    put_venue(g, false);
    put_venue(g, true);
    books(g);
    assert_null(place(g, g->fed, SIDE_YES, ACTION_BUY, 10, 0.41));
    assert_int_equal(last_reply(g), ERR_RECONCILING);
    recon_answer(g, &fx_last(g, FX_RECONCILE)->u.reconcile);
    assert_non_null(place(g, g->fed, SIDE_YES, ACTION_BUY, 10, 0.41));
}

static void replies_come_once(void **state) {
    struct rig *g = *state;
    struct rec *r = place(g, g->fed, SIDE_YES, ACTION_BUY, 100, 0.41);
    ack(g, r);
    ack(g, r);
    fill(g, r, "t1", 100, 0.41);
    done(g, r, ERR_OK);
    for (int i = 0; i < 40; i++)
        tick(g, 250000);
    assert_int_equal(fx_count(g, FX_REPLY), 1);
}

static void events_are_checked(void **state) {
    (void)state;
    struct event ev;
    event_init(&ev, EVENT_ACK, VENUE_SIM, 5);
    assert_true(event_valid(&ev, ev.size));
    assert_false(event_valid(&ev, ev.size - 8));
    memset(ev.u.ack.venue_id, 'x', sizeof ev.u.ack.venue_id);
    assert_false(event_valid(&ev, ev.size)); /* text without an end */
    event_init(&ev, EVENT_FILL, VENUE_SIM, 5);
    assert_false(event_valid(&ev, ev.size)); /* a fill of nothing */
    event_init(&ev, EVENT_BOOK, VENUE_SIM, 5);
    ev.u.book.n_bids = 3;
    assert_false(event_valid(&ev, sizeof ev)); /* levels are missing */
    event_init(&ev, EVENT_INTENT, VENUE_SIM, 5);
    ev.u.intent.kind = 200;
    assert_false(event_valid(&ev, ev.size));
    event_init(&ev, EVENT_TIMER, VENUE_SIM, 5);
    ev.type = 999;
    assert_false(event_valid(&ev, ev.size));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(persist_before_send), TEST(failed_save_is_not_sent), TEST(rest_and_fill), TEST(duplicate_fills_count_once), TEST(fill_before_ack),
        TEST(partial_then_cancel_keeps_fills), TEST(fill_during_cancel_wins), TEST(cancel_before_commit_is_never_sent), TEST(done_waits_for_its_fills),
        TEST(unknown_is_not_failed), TEST(not_found_settles_unknown), TEST(late_ack_of_a_given_up_order_is_cancelled), TEST(overfill_is_booked_and_flagged),
        TEST(through_zero_is_two_legs), TEST(filling_on_after_the_close_continues), TEST(scale_in_averages_under_one_plan),
        TEST(strategies_are_apart_but_cash_follows_the_whole), TEST(amount_buys_whole_lots), TEST(a_venue_gap_stops_new_exposure), TEST(replies_come_once),
        TEST(events_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
