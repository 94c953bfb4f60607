/* Bugs of an older system of this kind, each kept from coming back; the numbers are those of its list. Those of the
 * exchange's side are in exchange_bugs_test. */
#include "desk_rig.h"

/* 2: a retry after a partial run places the same order once more */
static void bug_02_the_same_order_again_is_refused(void **state) {
    struct rig *g = *state;
    g->d->limits.duplicate_window = 500;
    assert_non_null(place(g, g->fed, SIDE_YES, ACTION_BUY, 10, 0.41));
    assert_null(place(g, g->fed, SIDE_YES, ACTION_BUY, 10, 0.41));
    assert_int_equal(last_reply(g), ERR_DUPLICATE);
    g->now += SECOND_US;
    assert_non_null(place(g, g->fed, SIDE_YES, ACTION_BUY, 10, 0.41));
}

/* 3: a scale-in reads, changes and writes without a transaction; two open rows of one market */
static void bug_03_one_open_position_and_one_transaction(void **state) {
    struct rig *g = *state;
    struct rec *a = place(g, g->fed, SIDE_YES, ACTION_BUY, 100, 0.41);
    struct rec *b = place(g, g->fed, SIDE_YES, ACTION_BUY, 50, 0.42);
    fill(g, a, "t1", 100, 0.41);
    g->hold_saves = true;
    fx_clear(g);
    fill(g, b, "t2", 50, 0.42);
    assert_false(b->is_pos);
    assert_int_equal(a->o.pos.open.micro, SZ(150).micro);
    uint64_t seq = 0;
    int rows = 0, lasts = 0;
    for (size_t i = 0; i < g->n_fx; i++) {
        if (g->fx[i].type != FX_SAVE)
            continue;
        assert_true(seq == 0 || g->fx[i].u.save.seq == seq);
        seq = g->fx[i].u.save.seq;
        rows++;
        lasts += g->fx[i].u.save.last;
    }
    assert_true(rows >= 5); /* order, position, event, fill, cash, day: all or none */
    assert_int_equal(lasts, 1);
}

/* 4: editing the plan clears the flag that a close is under way, and it fires again */
static void bug_04_editing_the_plan_does_not_fire_twice(void **state) {
    struct rig *g = *state;
    struct rec *pos = open_position(g, g->perp, SIDE_LONG, 1, 100, "t1");
    protect(g, pos, PX(95), PRICE(0));
    fx_clear(g);
    book(g, g->perp, 94.9, 95.1, 10);
    assert_int_equal(fx_count(g, FX_PLACE), 1);
    protect(g, pos, PX(94), PX(120));
    book(g, g->perp, 93.0, 93.2, 10);
    assert_int_equal(fx_count(g, FX_PLACE), 1);
    struct intent in = want(g, INTENT_CLOSE); /* and a close by hand can't race it */
    in.order = pos->o.id;
    send_intent(g, &in);
    assert_int_equal(last_reply(g), ERR_RESERVED);
}

/* 7: an order of the opposite side opens a second position beside the first */
static void bug_07_opposite_side_open(void **state) {
    struct rig *g = *state;
    struct rec *yes = open_position(g, g->fed, SIDE_YES, 100, 0.41, "t1");
    struct rec *no = place(g, g->fed, SIDE_NO, ACTION_BUY, 30, 0.60);
    assert_true(no->o.flags & ORDER_REDUCE_ONLY);
    assert_int_equal(yes->o.pos.reserved.micro, SZ(30).micro);
    fill(g, no, "t2", 30, 0.60);
    assert_false(no->is_pos);
    assert_int_equal(yes->o.pos.open.micro, SZ(70).micro);
    struct rec *lng = open_position(g, g->perp, SIDE_LONG, 2, 100, "t3");
    struct rec *sht = place(g, g->perp, SIDE_SHORT, ACTION_SELL, 3, 99.9);
    fill(g, sht, "t4", 3, 99.9);
    assert_int_equal(lng->o.pos.status, POSITION_CLOSED);
    assert_int_equal(sht->o.pos.open.micro, SZ(1).micro);
    int cursor = 0, open = 0;
    while (view_next_position(g->d, &cursor, true) != NULL)
        open++;
    assert_int_equal(open, 2);
    audit_clean(g);
}

/* 8: a close that was refused or filled in part leaves a closed row and a naked position */
static void bug_08_a_close_that_fails_leaves_the_position_open_and_watched(void **state) {
    struct rig *g = *state;
    struct rec *pos = open_position(g, g->perp, SIDE_LONG, 2, 100, "t1");
    protect(g, pos, PX(95), PX(110));
    struct intent in = want(g, INTENT_CLOSE);
    in.order = pos->o.id;
    send_intent(g, &in);
    reject(g, newest(g), ERR_NO_LIQUIDITY);
    assert_int_equal(pos->o.pos.status, POSITION_OPEN);
    assert_int_equal(pos->o.pos.exit_price.micro, 0);
    in.token = ++g->token;
    send_intent(g, &in);
    struct rec *c = newest(g);
    ack(g, c);
    fill(g, c, "t2", 0.5, 99);
    done(g, c, ERR_NO_LIQUIDITY);
    assert_int_equal(last_reply(g), ERR_PARTLY);
    assert_int_equal(pos->o.pos.open.micro, SZ(1.5).micro);
    fx_clear(g);
    book(g, g->perp, 94.9, 95.1, 10); /* the stop is still there, for what is left */
    assert_int_equal(fx_last(g, FX_PLACE)->u.place.order.size.micro, SZ(1.5).micro);
    audit_clean(g);
}

/* 10: ids that repeat: a status may be another order's */
static void bug_10_ids_never_repeat(void **state) {
    struct rig *g = *state;
    struct rec *a = place(g, g->fed, SIDE_YES, ACTION_BUY, 10, 0.40);
    struct rec *b = place(g, g->fed, SIDE_YES, ACTION_BUY, 10, 0.40);
    assert_true(a->o.id != b->o.id && a->o.num != b->o.num);
    order_id id_a = a->o.id, id_b = b->o.id;
    uint32_t num_b = b->o.num;
    rig_reload(g, 1); /* even with the nonce of the last start */
    put_venue(g, true);
    books(g);
    struct rec *c = place(g, g->fed, SIDE_YES, ACTION_BUY, 10, 0.40);
    assert_true(c->o.id != id_a && c->o.id != id_b && c->o.num > num_b);
}

/* 11: the other leg of stop and target survives, and opens a position when it is hit */
static void bug_11_no_leg_outlives_its_position(void **state) {
    struct rig *g = *state;
    struct rec *pos = open_position(g, g->perp, SIDE_LONG, 1, 100, "t1");
    protect(g, pos, PX(95), PX(110));
    book(g, g->perp, 110, 110.2, 10);
    fill(g, newest(g), "t2", 1, 110);
    assert_int_equal(pos->o.pos.close_trigger, CLOSE_TARGET);
    assert_int_equal(trigger_count(mkt_find(g->d, g->perp)->triggers), 0);
    fx_clear(g);
    book(g, g->perp, 90, 90.2, 10);
    assert_int_equal(fx_count(g, FX_PLACE), 0);
}

/* 12: a stop on the wrong side is taken; memory changes before the row does */
static void bug_12_a_plan_on_the_wrong_side_is_refused_and_changes_nothing(void **state) {
    struct rig *g = *state;
    struct rec *pos = open_position(g, g->perp, SIDE_LONG, 1, 100, "t1");
    protect(g, pos, PX(95), PX(110));
    protect(g, pos, PX(105), PROTECT_KEEP);
    assert_int_equal(last_reply(g), ERR_STOP_SIDE);
    protect(g, pos, PROTECT_KEEP, PX(90));
    assert_int_equal(last_reply(g), ERR_TARGET_SIDE);
    assert_int_equal(pos->o.pos.plan.stop.micro, PX(95).micro);
    assert_int_equal(pos->o.pos.plan.target.micro, PX(110).micro);
    g->hold_saves = true;
    fx_clear(g);
    protect(g, pos, PX(96), PROTECT_KEEP);
    assert_int_equal(fx_count(g, FX_REPLY), 0); /* told when it is stored */
    saved_result(g, fx_last(g, FX_SAVE)->u.save.seq, ERR_OK, false);
    assert_int_equal(last_reply(g), ERR_OK);
}

/* 13: what is not known to be filled counts as filled */
static void bug_13_no_fill_is_assumed(void **state) {
    struct rig *g = *state;
    struct rec *r = place(g, g->fed, SIDE_YES, ACTION_BUY, 100, 0);
    ack(g, r);
    done(g, r, ERR_NO_LIQUIDITY);
    assert_int_equal(r->o.state, STATE_CANCELLED);
    assert_int_equal(r->o.filled.micro, 0);
    assert_false(r->is_pos);
    assert_int_equal(last_reply(g), ERR_NO_LIQUIDITY);
}

/* 15: limits that exist only as words in a prompt */
static void bug_15_limits_are_code(void **state) {
    struct rig *g = *state;
    struct intent in = limit_intent(g, g->perp, SIDE_LONG, ACTION_BUY, 1, 100);
    in.stop = PX(101);
    send_intent(g, &in);
    assert_int_equal(last_reply(g), ERR_STOP_SIDE);
    in = limit_intent(g, g->perp, SIDE_SHORT, ACTION_SELL, 1, 100);
    in.target = PX(101);
    send_intent(g, &in);
    assert_int_equal(last_reply(g), ERR_TARGET_SIDE);
    in = limit_intent(g, g->perp, SIDE_LONG, ACTION_BUY, 1, 100);
    in.leverage = 21;
    send_intent(g, &in);
    assert_int_equal(last_reply(g), ERR_LEVERAGE);
    assert_null(place(g, g->perp, SIDE_LONG, ACTION_BUY, 1, 100.05));
    assert_int_equal(last_reply(g), ERR_TICK_SIZE);
    assert_null(place(g, g->perp, SIDE_LONG, ACTION_BUY, 0.0001, 100));
    assert_int_equal(last_reply(g), ERR_MIN_SIZE);
    assert_null(place(g, g->perp, SIDE_LONG, ACTION_BUY, 300, 100)); /* 30,000 */
    assert_int_equal(last_reply(g), ERR_RISK_ORDER_NOTIONAL);
    assert_null(place(g, g->perp, SIDE_LONG, ACTION_BUY, 1, 150)); /* far through the market */
    assert_int_equal(last_reply(g), ERR_RISK_PRICE_DISTANCE);
    assert_non_null(place(g, g->perp, SIDE_LONG, ACTION_BUY, 240, 100));
    assert_non_null(place(g, g->perp, SIDE_LONG, ACTION_BUY, 240, 99.9));
    assert_null(place(g, g->perp, SIDE_LONG, ACTION_BUY, 240, 99.8)); /* working orders count as filled */
    assert_int_equal(last_reply(g), ERR_RISK_MARKET_EXPOSURE);
    for (int i = 0; i < 60; i++)
        tick(g, 250000);
    assert_null(place(g, g->fed, SIDE_YES, ACTION_BUY, 10, 0.41)); /* the book is old */
    assert_int_equal(last_reply(g), ERR_STALE_BOOK);
    struct event ev = ev_of(EVENT_SETTING);
    str_copy(ev.u.setting.key, sizeof ev.u.setting.key, "deny");
    str_copy(ev.u.setting.value, sizeof ev.u.setting.value, "ETH*, economy");
    put(g, &ev);
    books(g);
    assert_null(place(g, g->fed, SIDE_YES, ACTION_BUY, 10, 0.41));
    assert_int_equal(last_reply(g), ERR_RISK_MARKET_DENIED);
}

/* 16: fees are computed and not charged */
static void bug_16_fees_reach_cash_position_and_day(void **state) {
    struct rig *g = *state;
    struct rec *r = place(g, g->fed, SIDE_YES, ACTION_BUY, 100, 0.41);
    fill_fee(g, r, "t1", 100, 0.41, 20500);
    struct view_account a;
    view_account(g->d, ACCOUNT, &a);
    assert_int_equal(a.cash.micro, 10000 * DEC_ONE - 41 * DEC_ONE - 20500);
    assert_int_equal(a.fees_day.micro, 20500);
    assert_int_equal(r->o.pos.fees.micro, 20500);
    assert_int_equal(r->o.fee.micro, 20500);
    struct ledger_entry *l = &g->rows.ledger[g->rows.n_ledger - 1];
    assert_int_equal(l->kind, LEDGER_FEE);
    assert_int_equal(l->amount.micro, -20500);
}

/* 19: what is available ignores losses */
static void bug_19_available_counts_losses(void **state) {
    struct rig *g = *state;
    struct intent in = limit_intent(g, g->perp, SIDE_LONG, ACTION_BUY, 200, 100);
    in.leverage = 10;
    send_intent(g, &in);
    ack(g, newest(g));
    fill(g, newest(g), "t1", 200, 100);
    book(g, g->perp, 94.9, 95.1, 1000); /* mid 95: -1,000 */
    struct view_account a;
    view_account(g->d, ACCOUNT, &a);
    assert_int_equal(a.margin.micro, 2000 * DEC_ONE);
    assert_int_equal(a.unrealized.micro, -1000 * DEC_ONE);
    assert_int_equal(a.available.micro, 7000 * DEC_ONE);
    struct view_position p;
    view_position(g->d, newest(g)->o.id, &p);
    assert_true(p.liquidation.micro > PX(51).micro && p.liquidation.micro < PX(52).micro);
}

/* 22: totals over the newest hundred trades only */
static void bug_22_totals_count_every_trade(void **state) {
    struct rig *g = *state;
    g->d->limits.max_orders_per_second = 0;
    for (int i = 0; i < 150; i++) {
        char a[16], b[16];
        snprintf(a, sizeof a, "a%d", i);
        snprintf(b, sizeof b, "b%d", i);
        open_position(g, g->fed, SIDE_YES, 10, 0.41, a);
        struct rec *c = place(g, g->fed, SIDE_YES, ACTION_SELL, 10, 0.42);
        ack(g, c);
        fill(g, c, b, 10, 0.42);
    }
    struct view_account v;
    view_account(g->d, ACCOUNT, &v);
    assert_int_equal(v.realized_day.micro, 150 * 100000);
    audit_clean(g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(bug_02_the_same_order_again_is_refused), TEST(bug_03_one_open_position_and_one_transaction), TEST(bug_04_editing_the_plan_does_not_fire_twice),
        TEST(bug_07_opposite_side_open), TEST(bug_08_a_close_that_fails_leaves_the_position_open_and_watched), TEST(bug_10_ids_never_repeat),
        TEST(bug_11_no_leg_outlives_its_position), TEST(bug_12_a_plan_on_the_wrong_side_is_refused_and_changes_nothing), TEST(bug_13_no_fill_is_assumed),
        TEST(bug_15_limits_are_code), TEST(bug_16_fees_reach_cash_position_and_day), TEST(bug_19_available_counts_losses), TEST(bug_22_totals_count_every_trade),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
