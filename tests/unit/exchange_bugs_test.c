/* Faults of earlier simulators (numbered as in the list they were collected in), each shown to be absent here. */
#include "exchange_fixture.h"

static void bug_04_two_closes_at_once_never_flip(void **state) {
    (void)state;
    struct kit *k = kit_new();
    kit_quote(k, BTC, -1, 100, 10);
    kit_do(k, 1, BTC, SIDE_LONG, ACTION_BUY, 0, 10);
    kit_quote(k, BTC, 1, 99, 100);
    struct order a = kit_order(k, 1, BTC, SIDE_LONG, ACTION_SELL, 0, 10),
                 b = kit_order(k, 1, BTC, SIDE_LONG, ACTION_SELL, 0, 10);
    a.flags |= ORDER_REDUCE_ONLY;
    b.flags |= ORDER_REDUCE_ONLY;
    exchange_place(k->x, &a, k->now); /* target and stop fire in the same instant */
    exchange_place(k->x, &b, k->now);
    kit_run(k, 1);
    assert_int_equal(kit_filled(k, a.id), micro(10));
    assert_int_equal(kit_reject(k, b.id), ERR_REDUCE_ONLY);
    assert_int_equal(kit_net(k, 1, BTC), 0);
    kit_free(k);
}

/* One sweep meets a plain offer and a reduce-only one behind it: the second has nothing left to reduce. */
static void bug_04_one_sweep_through_two_exits_never_flips(void **state) {
    (void)state;
    struct kit *k = kit_new();
    kit_quote(k, BTC, -1, 100, 10);
    kit_do(k, 1, BTC, SIDE_LONG, ACTION_BUY, 0, 10);
    order_id plain = kit_do(k, 1, BTC, SIDE_LONG, ACTION_SELL, 101, 7);
    struct order target = kit_order(k, 1, BTC, SIDE_LONG, ACTION_SELL, 102, 10),
                 far = kit_order(k, 1, BTC, SIDE_LONG, ACTION_SELL, 102, 10);
    target.flags |= ORDER_REDUCE_ONLY;
    far.flags |= ORDER_REDUCE_ONLY;
    kit_place(k, &target);
    kit_place(k, &far);
    assert_int_equal(exchange_bot_market(k->x, BTC, 9, 1, qty_at(50), k->now).micro, micro(10));
    kit_run(k, 1);
    assert_int_equal(kit_filled(k, plain), micro(7));
    assert_int_equal(kit_filled(k, target.id), micro(3));
    assert_int_equal(kit_done(k, far.id), ERR_REDUCE_ONLY);
    assert_int_equal(kit_net(k, 1, BTC), 0);
    assert_int_equal(exchange_working(k->x, 1), 0);
    kit_free(k);
}

static void bug_07_the_opposite_side_nets_into_one_position(void **state) {
    (void)state;
    struct kit *k = kit_new();
    kit_quote(k, BTC, -1, 100, 10);
    kit_quote(k, BTC, 1, 99, 10);
    kit_do(k, 1, BTC, SIDE_LONG, ACTION_BUY, 0, 2);
    order_id flip = kit_do(k, 1, BTC, SIDE_SHORT, ACTION_SELL, 0, 5);
    struct exchange_position p[4];
    assert_int_equal(exchange_positions(k->x, 1, p, 4), 1);
    assert_int_equal(p[0].net_micro, micro(-3));
    assert_int_equal(p[0].entry.micro, micro(99));
    assert_int_equal(kit_fill(k, flip, 0)->realized_pnl.micro, -micro(2));
    kit_free(k);
}

static void bug_08_a_refused_or_partial_close_leaves_the_position_open(void **state) {
    (void)state;
    struct kit *k = kit_new();
    kit_quote(k, BTC, -1, 100, 10);
    kit_do(k, 1, BTC, SIDE_LONG, ACTION_BUY, 0, 10);
    struct order o = kit_order(k, 1, BTC, SIDE_LONG, ACTION_SELL, 0, 10);
    o.flags |= ORDER_REDUCE_ONLY;
    kit_place(k, &o); /* nobody bids */
    assert_int_equal(kit_done(k, o.id), ERR_NO_LIQUIDITY);
    assert_int_equal(kit_net(k, 1, BTC), micro(10));
    kit_quote(k, BTC, 1, 99, 4);
    o = kit_order(k, 1, BTC, SIDE_LONG, ACTION_SELL, 0, 10);
    o.flags |= ORDER_REDUCE_ONLY;
    kit_place(k, &o);
    assert_int_equal(kit_event(k, EVENT_DONE, o.id, 0)->u.done.filled.micro, micro(4));
    assert_int_equal(kit_net(k, 1, BTC), micro(6));
    kit_free(k);
}

static void bug_09_a_close_off_the_lot_is_refused_not_rounded(void **state) {
    (void)state;
    struct kit *k = kit_new();
    kit_quote(k, BTC, -1, 100, 10);
    kit_quote(k, BTC, 1, 99, 10);
    kit_do(k, 1, BTC, SIDE_LONG, ACTION_BUY, 0, 1);
    struct order o = kit_order(k, 1, BTC, SIDE_LONG, ACTION_SELL, 0, 0.505);
    o.flags |= ORDER_REDUCE_ONLY;
    kit_place(k, &o);
    assert_int_equal(kit_reject(k, o.id), ERR_LOT_SIZE);
    assert_int_equal(kit_net(k, 1, BTC), micro(1));
    kit_free(k);
}

static void bug_10_trade_ids_are_unique_and_an_old_order_is_not_a_new_one(void **state) {
    (void)state;
    struct kit *k = kit_new();
    kit_quote(k, BTC, -1, 100, 1);
    kit_quote(k, BTC, -1, 100.5, 1);
    kit_quote(k, BTC, -1, 101, 1);
    order_id first = kit_do(k, 1, BTC, SIDE_LONG, ACTION_BUY, 0, 2),
             second = kit_do(k, 1, BTC, SIDE_LONG, ACTION_BUY, 0, 1);
    const char *a = kit_fill(k, first, 0)->venue_trade, *b = kit_fill(k, first, 1)->venue_trade,
               *c = kit_fill(k, second, 0)->venue_trade;
    assert_string_not_equal(a, b);
    assert_string_not_equal(b, c);
    assert_string_not_equal(a, c);
    assert_string_not_equal(kit_event(k, EVENT_ACK, first, 0)->u.ack.venue_id,
                            kit_event(k, EVENT_ACK, second, 0)->u.ack.venue_id);
    kit_free(k);
}

static void bug_13_no_fill_is_assumed(void **state) {
    (void)state;
    struct kit *k = kit_new();
    kit_quote(k, BTC, -1, 100, 0.3);
    order_id id = kit_do(k, 1, BTC, SIDE_LONG, ACTION_BUY, 0, 1);
    assert_int_equal(kit_filled(k, id), micro(0.3));
    assert_int_equal(kit_event(k, EVENT_DONE, id, 0)->u.done.filled.micro, micro(0.3));
    assert_int_equal(kit_net(k, 1, BTC), micro(0.3));
    kit_free(k);
}

static void bug_14_a_flat_market_is_no_position(void **state) {
    (void)state;
    struct kit *k = kit_new();
    kit_quote(k, BTC, -1, 100, 1);
    kit_quote(k, BTC, 1, 99, 1);
    kit_do(k, 1, BTC, SIDE_LONG, ACTION_BUY, 0, 1);
    kit_do(k, 1, BTC, SIDE_LONG, ACTION_SELL, 0, 1);
    struct exchange_position p;
    assert_int_equal(exchange_positions(k->x, 1, &p, 1), 0);
    struct fx_reconcile r = {.account = 1, .round = 3};
    exchange_reconcile(k->x, &r, k->now);
    kit_run(k, 1);
    assert_int_equal(kit_count(k, EVENT_RECON_END, 0), 1);
    assert_int_equal(kit_count(k, EVENT_RECON_POSITION, 0), 0);
    kit_free(k);
}

static void bug_15_leverage_and_smallest_size_are_enforced(void **state) {
    (void)state;
    struct kit *k = kit_new();
    struct market m = kit_market(21, MARKET_PERP, 0.5, 0.01);
    m.max_leverage = 5;
    m.min_size = qty_at(0.1);
    exchange_list(k->x, &m, EXCHANGE_MATCHED, k->now);
    struct order o = kit_order(k, 1, 21, SIDE_LONG, ACTION_BUY, 100, 1);
    o.leverage = 6;
    kit_place(k, &o);
    assert_int_equal(kit_reject(k, o.id), ERR_LEVERAGE);
    assert_int_equal(kit_reject(k, kit_do(k, 1, 21, SIDE_LONG, ACTION_BUY, 100, 0.05)), ERR_MIN_SIZE);
    kit_free(k);
}

static void bug_16_fees_are_charged(void **state) {
    (void)state;
    struct kit *k = kit_new();
    kit_do(k, 1, BTC, SIDE_SHORT, ACTION_SELL, 100, 10);
    kit_do(k, 2, BTC, SIDE_LONG, ACTION_BUY, 100, 10);
    assert_int_equal(kit_cash(k, 1), micro(10000 - 0.2)); /* 2 bps of 1,000 */
    assert_int_equal(kit_cash(k, 2), micro(10000 - 0.5)); /* 5 bps */
    assert_int_equal(kit_fill(k, 0, 0)->fee.micro + kit_fill(k, 0, 1)->fee.micro, micro(0.7));
    kit_do(k, 2, BTC, SIDE_LONG, ACTION_SELL, 100, 10);
    kit_do(k, 1, BTC, SIDE_SHORT, ACTION_BUY, 100, 10);
    assert_int_equal(kit_cash(k, 1) + kit_cash(k, 2),
                     micro(20000 - 1.4)); /* a round trip at one price loses the fees */
    kit_free(k);
}

static void bug_16_funding_is_charged(void **state) {
    (void)state;
    struct exchange_cfg cfg;
    exchange_cfg_default(&cfg);
    assert_int_equal(cfg.funding_period_us, 8 * 3600 * SECOND);
    struct kit *k = kit_new_with(cfg);
    kit_quote(k, BTC, -1, 100, 10);
    kit_do(k, 1, BTC, SIDE_LONG, ACTION_BUY, 0, 10);
    kit_run(k, SECOND);
    exchange_mark(k->x, BTC, px_of(100), px_of(100), 100, k->now);
    int64_t before = kit_cash(k, 1);
    kit_run(k, 8 * 3600 * SECOND);
    assert_int_equal(kit_cash(k, 1) - before, -micro(0.1));
    kit_free(k);
}

static void bug_17_a_marketable_limit_keeps_to_its_limit(void **state) {
    (void)state;
    struct kit *k = kit_new();
    kit_quote(k, BTC, -1, 100, 1);
    kit_quote(k, BTC, -1, 101, 1);
    order_id id = kit_do(k, 1, BTC, SIDE_LONG, ACTION_BUY, 100.5, 2);
    assert_int_equal(kit_filled(k, id), micro(1));
    struct level best;
    assert_true(exchange_best(k->x, BTC, BOOK_BID, &best));
    assert_int_equal(best.px.micro, micro(100.5));
    kit_free(k);
}

static void bug_18_a_passive_limit_waits(void **state) {
    (void)state;
    struct kit *k = kit_new();
    kit_quote(k, BTC, -1, 100, 1);
    order_id id = kit_do(k, 1, BTC, SIDE_LONG, ACTION_BUY, 99, 1);
    kit_run(k, 60 * SECOND);
    assert_int_equal(kit_filled(k, id), 0);
    assert_int_equal(exchange_working(k->x, 1), 1);
    kit_free(k);
}

static void bug_19_available_cash_counts_open_losses(void **state) {
    (void)state;
    struct kit *k = kit_new();
    kit_quote(k, BTC, -1, 100, 1000);
    struct order o = kit_order(k, 1, BTC, SIDE_LONG, ACTION_BUY, 0, 900);
    o.leverage = 20; /* 4,500 tied up, 5,455 free */
    kit_place(k, &o);
    exchange_mark(k->x, BTC, px_of(96), px_of(96), 0, k->now); /* loses 3,600: 1,855 free */
    assert_int_equal(exchange_equity(k->x, 1).micro, micro(10000 - 45 - 3600));
    assert_int_equal(kit_reject(k, kit_do(k, 1, RAIN, SIDE_YES, ACTION_BUY, 0.5, 4000)), ERR_INSUFFICIENT_FUNDS);
    assert_int_equal(kit_reject(k, kit_do(k, 1, RAIN, SIDE_YES, ACTION_BUY, 0.5, 3600)), -1);
    kit_free(k);
}

static void bug_20_a_ruined_account_is_liquidated(void **state) {
    (void)state;
    struct kit *k = kit_new();
    kit_quote(k, BTC, -1, 100, 1900);
    kit_quote(k, BTC, 1, 96, 5000);
    struct order o = kit_order(k, 1, BTC, SIDE_LONG, ACTION_BUY, 0, 1900);
    o.leverage = 20;
    kit_place(k, &o);
    exchange_mark(k->x, BTC, px_of(96), px_of(96), 0, k->now);
    kit_run(k, 1);
    assert_int_equal(kit_net(k, 1, BTC), 0);
    assert_int_equal(kit_fill(k, 0, -1)->kind, FILL_LIQUIDATION);
    assert_true(kit_cash(k, 1) > 0 && kit_cash(k, 1) < micro(2500));
    kit_free(k);
}

static void bug_21_a_restart_rebuilds_cash_and_positions(void **state) {
    (void)state;
    struct kit *k = kit_new();
    struct event ev;
    event_init(&ev, EVENT_ACCOUNT, VENUE_SIM, k->now);
    ev.u.account = (struct account){.id = 1, .venue = VENUE_SIM, .initial = {micro(10000)}};
    exchange_restore(k->x, &ev);
    event_init(&ev, EVENT_LOAD_CASH, VENUE_SIM, k->now);
    ev.u.load_cash = (struct ev_load_cash){.account = 1, .cash = {micro(8765.25)}};
    exchange_restore(k->x, &ev);
    event_init(&ev, EVENT_LOAD_ORDER, VENUE_SIM, k->now);
    ev.u.order = kit_order(k, 1, BTC, SIDE_SHORT, ACTION_SELL, 110, 3);
    ev.u.order.state = STATE_FILLED;
    ev.u.order.filled = ev.u.order.size;
    ev.u.order.pos = (struct position){
        .status = POSITION_OPEN, .leverage = 2, .open = {micro(3)}, .cost = {micro(330)}, .entry_price = {micro(110)}};
    exchange_restore(k->x, &ev);
    event_init(&ev, EVENT_LOADED, VENUE_SIM, k->now);
    exchange_restore(k->x, &ev);
    assert_int_equal(kit_cash(k, 1), micro(8765.25));
    assert_int_equal(kit_net(k, 1, BTC), micro(-3));
    exchange_mark(k->x, BTC, px_of(100), px_of(100), 0, k->now);
    assert_int_equal(exchange_equity(k->x, 1).micro, micro(8765.25 + 30));
    kit_free(k);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bug_04_two_closes_at_once_never_flip),
        cmocka_unit_test(bug_04_one_sweep_through_two_exits_never_flips),
        cmocka_unit_test(bug_07_the_opposite_side_nets_into_one_position),
        cmocka_unit_test(bug_08_a_refused_or_partial_close_leaves_the_position_open),
        cmocka_unit_test(bug_09_a_close_off_the_lot_is_refused_not_rounded),
        cmocka_unit_test(bug_10_trade_ids_are_unique_and_an_old_order_is_not_a_new_one),
        cmocka_unit_test(bug_13_no_fill_is_assumed),
        cmocka_unit_test(bug_14_a_flat_market_is_no_position),
        cmocka_unit_test(bug_15_leverage_and_smallest_size_are_enforced),
        cmocka_unit_test(bug_16_fees_are_charged),
        cmocka_unit_test(bug_16_funding_is_charged),
        cmocka_unit_test(bug_17_a_marketable_limit_keeps_to_its_limit),
        cmocka_unit_test(bug_18_a_passive_limit_waits),
        cmocka_unit_test(bug_19_available_cash_counts_open_losses),
        cmocka_unit_test(bug_20_a_ruined_account_is_liquidated),
        cmocka_unit_test(bug_21_a_restart_rebuilds_cash_and_positions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
