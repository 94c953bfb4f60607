/* Fills that settle later: nothing unsettled is sold, exits wait and go out by themselves, and what the venue takes back leaves books as
 * if it had never been. */
#include "desk_live_rig.h"

static const struct order *row(struct rig *g, const struct rec *r) { return row_of(g, r->o.id); }

static const struct fill *fill_row(const struct rig *g, const char *trade) {
    for (size_t i = 0; i < g->rows.n_fills; i++)
        if (strcmp(g->rows.fills[i].venue_trade, trade) == 0)
            return &g->rows.fills[i];
    return NULL;
}

static int64_t ledger_sum(const struct rig *g) {
    int64_t sum = 0;
    for (size_t i = 0; i < g->rows.n_ledger; i++)
        sum += g->rows.ledger[i].account == LIVE ? g->rows.ledger[i].amount.micro : 0;
    return sum;
}

static void unsettled_shares_are_not_sold(void **state) {
    struct rig *g = *state;
    struct rec *pos = pm_buy(g, SIDE_YES, 10, 0.52, "t1", FILL_PROVISIONAL), *exit;
    struct view_position v;
    assert_true(pos->is_pos);
    assert_int_equal(pm_close(g, pos, 0, &exit), ERR_UNSETTLED);
    assert_true(view_position(g->d, pos->o.id, &v));
    assert_int_equal(v.unsettled.micro, SZ(10).micro);
    pm_finality(g, "t1", FILL_FINAL);
    assert_int_equal(fill_row(g, "t1")->finality, FILL_FINAL);
    assert_int_equal(pm_close(g, pos, 0, &exit), ERR_OK);
    assert_int_equal(exit->o.size.micro, SZ(10).micro);
    audit_clean(g);
}

static void only_the_settled_part_is_sold(void **state) {
    struct rig *g = *state;
    struct rec *pos = pm_buy(g, SIDE_YES, 10, 0.52, "t1", FILL_FINAL), *exit;
    pm_buy(g, SIDE_YES, 7, 0.52, "t2", FILL_PROVISIONAL);
    assert_int_equal(pos->o.pos.open.micro, SZ(17).micro);
    assert_int_equal(pm_close(g, pos, 0, &exit), ERR_OK);
    assert_int_equal(exit->o.size.micro, SZ(10).micro);
    assert_int_equal(pm_close(g, pos, 0, &exit), ERR_UNSETTLED);
    /* what is settled is too little for an order of this market: later, not never */
    struct rec *other = pm_buy(g, SIDE_NO, 5, 0.48, "n1", FILL_FINAL);
    pm_buy(g, SIDE_NO, 8, 0.48, "n2", FILL_PROVISIONAL);
    assert_int_equal(pm_close(g, other, 3, &exit), ERR_MIN_SIZE);
    audit_clean(g);
}

static void a_stop_waits_for_settlement_and_goes_by_itself(void **state) {
    struct rig *g = *state;
    struct rec *pos = pm_buy(g, SIDE_YES, 10, 0.52, "t1", FILL_PROVISIONAL);
    protect(g, pos, PX(0.45), PRICE(0));
    fx_clear(g);
    pm_book(g, 0.44, 0.46);
    assert_int_equal(fx_count(g, FX_PLACE), 0);
    assert_true(told(g, NOTICE_ALERT, "UNPROTECTED"));
    assert_true(told(g, NOTICE_ALERT, "not settled"));
    struct view_position v;
    view_position(g->d, pos->o.id, &v);
    assert_true(v.unprotected && v.unprotected_why != NULL);
    pm_book(g, 0.60, 0.62); /* it was hit: that the price came back changes nothing */
    assert_int_equal(fx_count(g, FX_PLACE), 0);
    pm_finality(g, "t1", FILL_FINAL);
    assert_int_equal(fx_count(g, FX_PLACE), 1);
    assert_int_equal(fx_last(g, FX_PLACE)->u.place.order.size.micro, SZ(10).micro);
    assert_int_equal(fx_last(g, FX_PLACE)->u.place.order.action, ACTION_SELL);
    audit_clean(g);
}

static void a_stop_sells_what_is_settled_and_then_the_rest(void **state) {
    struct rig *g = *state;
    struct rec *pos = pm_buy(g, SIDE_YES, 10, 0.52, "t1", FILL_FINAL);
    pm_buy(g, SIDE_YES, 6, 0.52, "t2", FILL_PROVISIONAL);
    protect(g, pos, PX(0.45), PRICE(0));
    fx_clear(g);
    pm_book(g, 0.44, 0.46);
    assert_int_equal(fx_count(g, FX_PLACE), 1);
    struct rec *exit = newest(g);
    assert_int_equal(exit->o.size.micro, SZ(10).micro);
    ack(g, exit);
    pm_fill(g, exit, "t3", 10, 0.44, 0, FILL_PROVISIONAL);
    assert_int_equal(fx_count(g, FX_PLACE), 1);
    pm_finality(g, "t2", FILL_FINAL);
    assert_int_equal(fx_count(g, FX_PLACE), 2);
    assert_int_equal(newest(g)->o.size.micro, SZ(6).micro);
    audit_clean(g);
}

static void flatten_and_kill_wait_too(void **state) {
    struct rig *g = *state;
    pm_buy(g, SIDE_YES, 10, 0.52, "t1", FILL_PROVISIONAL);
    struct intent in = want(g, INTENT_FLATTEN);
    in.account = LIVE;
    in.source = SOURCE_KILL;
    fx_clear(g);
    send_intent(g, &in);
    assert_int_equal(last_reply(g), ERR_OK);
    assert_int_equal(fx_count(g, FX_PLACE), 0);
    pm_finality(g, "t1", FILL_FINAL);
    assert_int_equal(fx_count(g, FX_PLACE), 1);
}

static void a_ladder_waits_and_is_hit_when_settled(void **state) {
    struct rig *g = *state;
    struct rec *pos = pm_buy(g, SIDE_YES, 20, 0.52, "t1", FILL_PROVISIONAL);
    struct intent in = want(g, INTENT_PROTECT);
    in.order = pos->o.id;
    in.stop = in.target = PROTECT_KEEP;
    in.flags = INTENT_RULES;
    in.rules.rung_count = 2;
    in.rules.rungs[0] = (struct exit_rung){.level = PX(0.60), .part_ppm = 500000};
    in.rules.rungs[1] = (struct exit_rung){.level = PX(0.70), .part_ppm = 500000};
    send_intent(g, &in);
    fx_clear(g);
    pm_book(g, 0.61, 0.63);
    assert_int_equal(fx_count(g, FX_PLACE), 0);
    assert_int_equal(pos->o.pos.plan.rules.rungs[0].done, 0);
    pm_finality(g, "t1", FILL_FINAL);
    assert_int_equal(fx_count(g, FX_PLACE), 1);
    assert_int_equal(newest(g)->o.size.micro, SZ(10).micro);
}

static void a_reversed_fill_never_happened(void **state) {
    struct rig *g = *state;
    const usd before = cash_of(g);
    struct rec *r = pm_place(g, SIDE_YES, ACTION_BUY, 10, 0.52);
    ack(g, r);
    pm_fill(g, r, "t1", 10, 0.52, 0.03, FILL_PROVISIONAL);
    assert_int_equal(r->o.state, STATE_FILLED);
    assert_int_equal(cash_of(g).micro, before.micro - 5230000);
    protect(g, r, PX(0.45), PRICE(0));
    fx_clear(g);
    pm_finality(g, "t1", FILL_REVERSED);
    assert_int_equal(cash_of(g).micro, before.micro);
    assert_int_equal(ledger_sum(g), before.micro);
    assert_false(r->is_pos);
    assert_int_equal(row(g, r)->pos.status, POSITION_NONE);
    assert_int_equal(row(g, r)->state, STATE_FILLED); /* a final state stays */
    assert_int_equal(row(g, r)->filled.micro, 0);
    assert_int_equal(row(g, r)->reversed.micro, SZ(10).micro);
    assert_int_equal(row(g, r)->fee.micro, 0);
    assert_int_equal(fill_row(g, "t1")->finality, FILL_REVERSED);
    assert_true(told(g, NOTICE_ALERT, "REVERSED"));
    assert_non_null(last_history(g, "reversed"));
    struct view_account v;
    view_account(g->d, LIVE, &v);
    assert_int_equal(v.provisional, 0);
    assert_int_equal(v.equity.micro, before.micro);
    assert_int_equal(v.fees_day.micro, 0);
    audit_clean(g);
    fx_clear(g);
    pm_book(g, 0.40, 0.42); /* its stop is gone with it */
    assert_int_equal(fx_count(g, FX_PLACE), 0);
    pm_finality(g, "t1", FILL_FINAL); /* a late word changes nothing */
    pm_fill(g, r, "t1", 10, 0.52, 0.03, FILL_PROVISIONAL);
    assert_int_equal(cash_of(g).micro, before.micro);
    /* the place is free for another position */
    struct rec *again = pm_buy(g, SIDE_YES, 10, 0.42, "t2", FILL_FINAL);
    assert_true(again->is_pos && again != r);
    audit_clean(g);
}

static void the_rest_of_a_position_is_as_without_it(void **state) {
    struct rig *g = *state;
    struct rec *pos = pm_buy(g, SIDE_YES, 10, 0.40, "t1", FILL_FINAL), *exit;
    pm_book(g, 0.58, 0.60);
    pm_buy(g, SIDE_YES, 10, 0.60, "t2", FILL_PROVISIONAL);
    assert_int_equal(pos->o.pos.entry_price.micro, PX(0.50).micro);
    assert_int_equal(pm_close(g, pos, 5, &exit), ERR_OK);
    ack(g, exit);
    pm_fill(g, exit, "t3", 5, 0.58, 0.01, FILL_FINAL);
    assert_int_equal(fill_row(g, "t3")->realized_pnl.micro, 400000); /* against 0.50 */
    struct acct *a = acct_find(g->d, LIVE);
    assert_int_equal(a->realized.micro, 400000);
    const usd cash = cash_of(g);
    pm_finality(g, "t2", FILL_REVERSED);
    assert_int_equal(cash_of(g).micro, cash.micro + 6000000);
    assert_int_equal(pos->o.pos.open.micro, SZ(5).micro);
    assert_int_equal(pos->o.pos.entry_price.micro, PX(0.40).micro);
    assert_int_equal(pos->o.pos.cost.micro, 2000000);
    assert_int_equal(fill_row(g, "t3")->realized_pnl.micro, 900000); /* against 0.40 */
    assert_int_equal(pos->o.pos.realized_pnl.micro, 900000);
    assert_int_equal(a->realized.micro, 900000);
    audit_clean(g);
}

static void a_sale_that_is_taken_back_opens_the_position_again(void **state) {
    struct rig *g = *state;
    struct rec *pos = pm_buy(g, SIDE_YES, 10, 0.52, "t1", FILL_FINAL), *exit;
    protect(g, pos, PX(0.45), PRICE(0));
    const uint64_t trades = g->d->accounts[1]->metrics != NULL ? (uint64_t)metrics_value(acct_find(g->d, LIVE)->metrics, METRIC_TRADES) : 0;
    assert_int_equal(pm_close(g, pos, 0, &exit), ERR_OK);
    ack(g, exit);
    pm_fill(g, exit, "t2", 10, 0.50, 0, FILL_PROVISIONAL);
    assert_false(pos->is_pos);
    assert_int_equal(row(g, pos)->pos.status, POSITION_CLOSED);
    assert_int_equal((uint64_t)metrics_value(acct_find(g->d, LIVE)->metrics, METRIC_TRADES), trades); /* not a trade yet */
    const usd cash = cash_of(g);
    pm_finality(g, "t2", FILL_REVERSED);
    assert_true(pos->is_pos);
    assert_int_equal(row(g, pos)->pos.status, POSITION_OPEN);
    assert_int_equal(pos->o.pos.open.micro, SZ(10).micro);
    assert_int_equal(pos->o.pos.realized_pnl.micro, 0);
    assert_int_equal(cash_of(g).micro, cash.micro - 5000000);
    audit_clean(g);
    fx_clear(g);
    pm_book(g, 0.44, 0.46); /* it is protected as before */
    assert_int_equal(fx_count(g, FX_PLACE), 1);
    exit = newest(g);
    ack(g, exit);
    pm_fill(g, exit, "t3", 10, 0.44, 0, FILL_PROVISIONAL);
    pm_finality(g, "t3", FILL_FINAL);
    assert_int_equal((uint64_t)metrics_value(acct_find(g->d, LIVE)->metrics, METRIC_TRADES), trades + 1);
    audit_clean(g);
}

/* Sold out, bought anew, and then the sale is taken back: the shares go on in the position that is open by now. */
static void what_comes_back_goes_on_where_its_place_is_taken(void **state) {
    struct rig *g = *state;
    struct rec *pos = pm_buy(g, SIDE_YES, 10, 0.52, "t1", FILL_FINAL), *exit;
    assert_int_equal(pm_close(g, pos, 0, &exit), ERR_OK);
    ack(g, exit);
    pm_fill(g, exit, "t2", 10, 0.50, 0, FILL_PROVISIONAL);
    assert_false(pos->is_pos);
    struct rec *next = pm_buy(g, SIDE_YES, 10, 0.40, "t3", FILL_FINAL);
    const usd cash = cash_of(g);
    fx_clear(g);
    pm_finality(g, "t2", FILL_REVERSED);
    assert_int_equal(cash_of(g).micro, cash.micro - 5000000);
    assert_int_equal(ledger_sum(g), cash_of(g).micro);
    assert_false(pos->is_pos);
    assert_int_equal(pos->o.pos.realized_pnl.micro, 0);
    assert_true(next->is_pos);
    assert_int_equal(next->o.pos.open.micro, SZ(20).micro);
    assert_int_equal(next->o.pos.entry_price.micro, PX(0.46).micro);
    assert_int_equal(position_free(next).micro, SZ(20).micro);
    audit_clean(g);
}

static void part_of_a_working_order_is_taken_back(void **state) {
    struct rig *g = *state;
    struct rec *r = pm_place(g, SIDE_YES, ACTION_BUY, 10, 0.52);
    ack(g, r);
    pm_fill(g, r, "t1", 4, 0.52, 0, FILL_PROVISIONAL);
    pm_finality(g, "t1", FILL_REVERSED);
    assert_int_equal(r->o.state, STATE_PARTIAL);
    assert_int_equal(order_rest(&r->o).micro, SZ(6).micro); /* what is gone does not work any more */
    pm_fill(g, r, "t2", 6, 0.52, 0, FILL_FINAL);
    assert_int_equal(r->o.state, STATE_FILLED);
    assert_int_equal(r->o.filled.micro, SZ(6).micro);
    assert_int_equal(r->o.pos.open.micro, SZ(6).micro);
    audit_clean(g);
}

/* Somebody sold the shares elsewhere before the venue took their purchase back: our books can't have sold what was never bought. */
static void what_was_sold_already_is_left_to_reconciliation(void **state) {
    struct rig *g = *state;
    pm_buy(g, SIDE_YES, 10, 0.52, "t1", FILL_PROVISIONAL);
    struct event ev = live_event(EVENT_FILL);
    ev.u.fill_ev.fill = (struct fill){.account = LIVE, .market = pm_id(), .finality = FILL_FINAL, .side = SIDE_YES, .action = ACTION_SELL, .px = PX(0.5), .size = SZ(10), .at_us = g->now, .venue_trade = "x1"};
    str_copy(ev.u.fill_ev.venue_order, sizeof ev.u.fill_ev.venue_order, "0xother");
    put(g, &ev);
    fx_clear(g);
    pm_finality(g, "t1", FILL_REVERSED);
    assert_true(told(g, NOTICE_ALERT, "reconciling"));
    assert_false(acct_find(g->d, LIVE)->reconciled);
    audit_clean(g);
    tick(g, 30 * SECOND_US);
    pm_reconcile(g, NULL, 0, 1005); /* 1000 and what the sale brought */
    assert_int_equal(cash_of(g).micro, 1005 * DEC_ONE);
    audit_clean(g);
}

static void a_fill_told_again_with_another_finality_settles(void **state) {
    struct rig *g = *state;
    struct rec *r = pm_buy(g, SIDE_YES, 10, 0.52, "t1", FILL_PROVISIONAL);
    pm_fill(g, r, "t1", 10, 0.52, 0, FILL_FINAL);
    assert_int_equal(fill_row(g, "t1")->finality, FILL_FINAL);
    assert_int_equal(r->provisional.micro, 0);
    pm_fill(g, r, "t1", 10, 0.52, 0, FILL_REVERSED); /* final is final */
    assert_int_equal(fill_row(g, "t1")->finality, FILL_FINAL);
    pm_fill(g, r, "t9", 3, 0.52, 0, FILL_REVERSED); /* never heard of, and already gone */
    assert_null(fill_row(g, "t9"));
    assert_int_equal(r->o.filled.micro, SZ(10).micro);
    audit_clean(g);
}

static void a_restart_knows_what_is_unsettled(void **state) {
    struct rig *g = *state;
    struct rec *pos = pm_buy(g, SIDE_YES, 10, 0.52, "t1", FILL_FINAL), *exit;
    pm_buy(g, SIDE_YES, 6, 0.52, "t2", FILL_PROVISIONAL);
    struct rec *gone = pm_place(g, SIDE_NO, ACTION_BUY, 8, 0.50);
    ack(g, gone);
    pm_fill(g, gone, "t3", 8, 0.50, 0, FILL_PROVISIONAL);
    pm_finality(g, "t3", FILL_REVERSED);
    const order_id id = pos->o.id, gone_id = gone->o.id;
    const usd cash = cash_of(g);
    tick(g, SECOND_US);
    pm_reload(g, 7);
    pos = rec_find(g->d, id);
    assert_int_equal(pos->provisional.micro, SZ(6).micro);
    assert_int_equal(rec_find(g->d, gone_id)->o.reversed.micro, SZ(8).micro);
    assert_int_equal(cash_of(g).micro, cash.micro);
    audit_clean(g);
    const struct there p[] = {{SIDE_YES, 10, 0.52}};
    pm_reconcile(g, p, 1, 990);
    assert_int_equal(pos->o.pos.open.micro, SZ(16).micro); /* the venue does not show what it has not settled */
    assert_true(live_may_trade(g->d, acct_find(g->d, LIVE)));
    assert_int_equal(pm_close(g, pos, 0, &exit), ERR_OK);
    assert_int_equal(exit->o.size.micro, SZ(10).micro);
    pm_finality(g, "t2", FILL_REVERSED);
    assert_int_equal(pos->o.pos.open.micro, SZ(10).micro);
    audit_clean(g);
}

static void dust_is_neither_sold_nor_alarmed(void **state) {
    struct rig *g = *state;
    struct rec *pos = pm_place(g, SIDE_YES, ACTION_BUY, 20, 0.52), *exit;
    ack(g, pos);
    pm_fill(g, pos, "t1", 10.004, 0.52, 0, FILL_FINAL);
    done(g, pos, ERR_NO_LIQUIDITY);
    protect(g, pos, PX(0.45), PRICE(0));
    assert_int_equal(pm_close(g, pos, 0, &exit), ERR_OK);
    assert_int_equal(exit->o.size.micro, SZ(10).micro); /* whole lots */
    ack(g, exit);
    pm_fill(g, exit, "t2", 10, 0.5, 0, FILL_FINAL);
    assert_true(pos->is_pos);
    fx_clear(g);
    pm_book(g, 0.44, 0.46);
    tick(g, SECOND_US);
    assert_int_equal(fx_count(g, FX_PLACE), 0);
    assert_int_equal(alarms(g), 0);
    assert_int_equal(pm_close(g, pos, 0, &exit), ERR_LOT_SIZE);
    audit_clean(g);
}

/* A sale beyond what any position holds brings cash and opens nothing. */
static void a_side_that_is_not_held_is_not_sold_short(void **state) {
    struct rig *g = *state;
    const usd cash = cash_of(g);
    struct event ev = live_event(EVENT_FILL);
    ev.u.fill_ev.fill = (struct fill){.account = LIVE, .market = pm_id(), .finality = FILL_FINAL, .side = SIDE_NO, .action = ACTION_SELL, .px = PX(0.3), .size = SZ(10), .at_us = g->now, .venue_trade = "x1"};
    str_copy(ev.u.fill_ev.venue_order, sizeof ev.u.fill_ev.venue_order, "0xother");
    put(g, &ev);
    assert_int_equal(cash_of(g).micro, cash.micro + 3000000);
    int cur = 0;
    assert_null(view_next_position(g->d, &cur, true));
    audit_clean(g);
    assert_null(pm_place(g, SIDE_YES, ACTION_SELL, 10, 0.5));
    assert_int_equal(last_reply(g), ERR_REDUCE_ONLY);
}

static void both_sides_are_two_positions(void **state) {
    struct rig *g = *state;
    struct rec *yes = pm_buy(g, SIDE_YES, 10, 0.52, "t1", FILL_FINAL), *no = pm_buy(g, SIDE_NO, 6, 0.50, "t2", FILL_FINAL), *exit;
    assert_true(yes->is_pos && no->is_pos && yes != no);
    protect(g, no, PX(0.40), PRICE(0));
    fx_clear(g);
    pm_book(g, 0.61, 0.63); /* NO is at 0.37 */
    assert_int_equal(fx_count(g, FX_PLACE), 1);
    assert_int_equal(newest(g)->o.parent, no->o.id);
    assert_int_equal(pm_close(g, yes, 5, &exit), ERR_OK);
    ack(g, exit);
    pm_fill(g, exit, "t3", 5, 0.61, 0, FILL_FINAL);
    assert_int_equal(yes->o.pos.open.micro, SZ(5).micro);
    assert_int_equal(no->o.pos.open.micro, SZ(6).micro);
    audit_clean(g);
}

static void long_unsettled_fills_are_said(void **state) {
    struct rig *g = *state;
    pm_buy(g, SIDE_YES, 10, 0.52, "t1", FILL_PROVISIONAL);
    fx_clear(g);
    for (int i = 0; i < 22; i++)
        tick(g, MINUTE_US);
    assert_true(told(g, NOTICE_WARN, "not settled for more than ten minutes"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        LIVE_TEST(unsettled_shares_are_not_sold), LIVE_TEST(only_the_settled_part_is_sold), LIVE_TEST(a_stop_waits_for_settlement_and_goes_by_itself),
        LIVE_TEST(a_stop_sells_what_is_settled_and_then_the_rest), LIVE_TEST(flatten_and_kill_wait_too), LIVE_TEST(a_ladder_waits_and_is_hit_when_settled),
        LIVE_TEST(a_reversed_fill_never_happened), LIVE_TEST(the_rest_of_a_position_is_as_without_it), LIVE_TEST(a_sale_that_is_taken_back_opens_the_position_again),
        LIVE_TEST(what_comes_back_goes_on_where_its_place_is_taken), LIVE_TEST(part_of_a_working_order_is_taken_back), LIVE_TEST(what_was_sold_already_is_left_to_reconciliation), LIVE_TEST(a_fill_told_again_with_another_finality_settles),
        LIVE_TEST(a_restart_knows_what_is_unsettled), LIVE_TEST(dust_is_neither_sold_nor_alarmed), LIVE_TEST(a_side_that_is_not_held_is_not_sold_short),
        LIVE_TEST(both_sides_are_two_positions), LIVE_TEST(long_unsettled_fills_are_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
