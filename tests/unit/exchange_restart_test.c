/* Time and restarts: latency in both directions, what a new exchange rebuilds from the store, what it tells when asked.
 */
#include "exchange_fixture.h"

static struct kit *slow_kit(uint64_t seed) {
    struct exchange_cfg cfg;
    exchange_cfg_default(&cfg);
    cfg.seed = seed;
    cfg.funding_period_us = 0;
    return kit_new_with(cfg);
}

static void orders_arrive_and_answers_return_after_the_latency(void **state) {
    (void)state;
    struct kit *k = slow_kit(3);
    kit_quote(k, BTC, -1, 100, 1);
    struct order o = kit_order(k, 1, BTC, SIDE_LONG, ACTION_BUY, 100, 1);
    int64_t sent = k->now;
    exchange_place(k->x, &o, k->now);
    kit_run(k, 39999);
    struct level ask;
    assert_true(exchange_best(k->x, BTC, BOOK_ASK, &ask)); /* not there yet */
    kit_run(k, SECOND);
    const struct event *ack = kit_event(k, EVENT_ACK, o.id, 0), *fill = kit_event(k, EVENT_FILL, o.id, 0);
    assert_in_range(ack->at_us - sent, 80000, 500000);
    assert_in_range(fill->u.fill_ev.fill.at_us - sent, 40000, 250000); /* the trade itself */
    assert_in_range(fill->at_us - fill->u.fill_ev.fill.at_us, 40000, 250000 + 250000);
    kit_free(k);
}

static void an_accounts_messages_keep_their_order(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct kit *k = slow_kit(seed);
        order_id first = k->next_id + 1;
        for (int i = 0; i < 30; i++) {
            struct order o = kit_order(k, 1, BTC, SIDE_LONG, ACTION_BUY, 50, 1);
            struct fx_cancel c = {.order = o.id, .account = 1};
            exchange_place(k->x, &o, k->now);
            exchange_cancel(k->x, &c, k->now); /* would be "not found" if it came first */
        }
        kit_run(k, 5 * SECOND);
        assert_int_equal(kit_count(k, EVENT_REFUSED, 0), 0);
        order_id expect = first;
        int64_t at = 0;
        for (size_t s = 0; s < k->n; s++) {
            assert_true(k->seen[s]->type == EVENT_MARKET || k->seen[s]->at_us >= at);
            at = k->seen[s]->at_us;
            if (k->seen[s]->type == EVENT_ACK)
                assert_int_equal(k->seen[s]->u.ack.order, expect++);
        }
        assert_int_equal(expect, first + 30);
        kit_free(k);
    }
}

/* --- restart --- */

static void load(struct kit *k, enum event_type t, const struct order *o) {
    struct event ev;
    event_init(&ev, t, VENUE_SIM, k->now);
    if (t == EVENT_ACCOUNT)
        ev.u.account = (struct account){.id = 1, .venue = VENUE_SIM, .initial = {micro(10000)}};
    if (o)
        ev.u.order = *o;
    exchange_restore(k->x, &ev);
}
static struct order stored(struct kit *k, market_id m, double limit, double size, double filled) {
    struct order o = kit_order(k, 1, m, SIDE_LONG, ACTION_BUY, limit, size);
    o.state = filled > 0 ? STATE_PARTIAL : STATE_PENDING;
    o.filled = qty_at(filled);
    return o;
}
static void reconcile(struct kit *k) {
    struct fx_reconcile r = {.account = 1, .round = 5};
    exchange_reconcile(k->x, &r, k->now);
    kit_run(k, 1);
}

static void resting_orders_come_back_at_the_end_of_the_queue(void **state) {
    (void)state;
    struct kit *k = kit_new();
    load(k, EVENT_ACCOUNT, NULL);
    struct order o = stored(k, BTC, 100, 3, 1);
    load(k, EVENT_LOAD_ORDER, &o);
    struct event ev;
    event_init(&ev, EVENT_LOAD_FILL, VENUE_SIM, k->now);
    ev.u.fill.order = o.id;
    snprintf(ev.u.fill.venue_trade, sizeof ev.u.fill.venue_trade, "%016llx-0", (unsigned long long)o.id);
    exchange_restore(k->x, &ev);
    load(k, EVENT_LOADED, NULL);
    assert_int_equal(exchange_working(k->x, 1), 0); /* its market has no book yet */
    kit_quote(k, BTC, 1, 100, 2);
    exchange_flush_books(k->x, k->now);
    assert_int_equal(exchange_working(k->x, 1), 1);
    exchange_bot_market(k->x, BTC, 9, -1, qty_at(2), k->now);
    kit_run(k, 1);
    assert_int_equal(kit_filled(k, o.id), 0); /* the participant was first */
    exchange_bot_market(k->x, BTC, 9, -1, qty_at(5), k->now);
    kit_run(k, 1);
    assert_int_equal(kit_filled(k, o.id), micro(2)); /* what was left of it */
    assert_string_not_equal(kit_fill(k, o.id, 0)->venue_trade, ev.u.fill.venue_trade);
    kit_free(k);
}

static void a_restored_order_that_crosses_trades_at_the_market(void **state) {
    (void)state;
    struct kit *k = kit_new();
    load(k, EVENT_ACCOUNT, NULL);
    struct order o = stored(k, TAPE, 105, 1, 0);
    load(k, EVENT_LOAD_ORDER, &o);
    load(k, EVENT_LOADED, NULL);
    const struct level bid = LEVEL(99.5, 5), ask = LEVEL(100.5, 5);
    kit_show(k, TAPE, BOOK_SNAPSHOT, &bid, 1, &ask, 1);
    assert_int_equal(kit_fill(k, o.id, 0)->px.micro, micro(100.5));
    kit_free(k);
}

static void what_cannot_come_back_is_told_in_reconciliation(void **state) {
    (void)state;
    struct kit *k = kit_new();
    load(k, EVENT_ACCOUNT, NULL);
    struct order rests = stored(k, BTC, 90, 1, 0), market = stored(k, BTC, 0, 1, 0), gone = stored(k, 777, 90, 1, 0),
                 unsent = stored(k, BTC, 90, 1, 0);
    struct order late = stored(k, BTC, 91, 1, 0);
    late.tif = TIF_GTD;
    late.expires_us = k->now - 5;
    unsent.flags = 0;
    unsent.sent_us = 0;
    const struct order *all[] = {&rests, &market, &gone, &unsent, &late};
    for (size_t i = 0; i < 5; i++)
        load(k, EVENT_LOAD_ORDER, all[i]);
    load(k, EVENT_LOADED, NULL);
    kit_quote(k, BTC, -1, 100, 1);
    exchange_flush_books(k->x, k->now);
    reconcile(k);
    assert_int_equal(kit_count(k, EVENT_RECON_ORDER, 0), 1);
    assert_int_equal(kit_event(k, EVENT_RECON_ORDER, rests.id, 0)->u.recon_order.order.limit.micro, micro(90));
    assert_int_equal(kit_done(k, market.id), ERR_CANCELLED);
    assert_int_equal(kit_done(k, gone.id), ERR_CANCELLED);
    assert_int_equal(kit_done(k, late.id), ERR_EXPIRED);
    exchange_query(k->x, &unsent, k->now);
    exchange_query(k->x, &market, k->now);
    kit_run(k, 1);
    assert_int_equal(kit_reject(k, unsent.id), ERR_NOT_FOUND);
    assert_int_equal(kit_done(k, market.id), ERR_CANCELLED);
    kit_free(k);
}

static void reconciliation_tells_orders_fills_positions_and_cash(void **state) {
    (void)state;
    struct kit *k = slow_kit(9);
    kit_quote(k, BTC, -1, 100, 1);
    order_id taker = kit_do(k, 1, BTC, SIDE_LONG, ACTION_BUY, 100, 1);
    order_id rests = kit_do(k, 1, BTC, SIDE_LONG, ACTION_BUY, 99, 2);
    kit_do(k, 2, BTC, SIDE_LONG, ACTION_BUY, 98, 2); /* another account's stays its own */
    kit_run(k, SECOND);
    kit_forget(k);
    reconcile(k);
    kit_run(k, SECOND);
    static const enum event_type expect[] = {EVENT_RECON_BEGIN,    EVENT_RECON_ORDER, EVENT_RECON_FILL,
                                             EVENT_RECON_POSITION, EVENT_RECON_CASH,  EVENT_RECON_END};
    size_t at = 0;
    for (size_t s = 0; s < k->n; s++)
        if (k->seen[s]->type >= EVENT_RECON_BEGIN && k->seen[s]->type <= EVENT_RECON_END)
            assert_int_equal(k->seen[s]->type, expect[at++]);
    assert_int_equal(at, 6);
    assert_non_null(kit_event(k, EVENT_RECON_ORDER, rests, 0));
    const struct ev_recon_fill *f = &kit_event(k, EVENT_RECON_FILL, 0, 0)->u.recon_fill;
    assert_int_equal(f->fill.order, taker);
    assert_int_equal(f->round, 5);
    assert_int_equal(kit_event(k, EVENT_RECON_POSITION, 0, 0)->u.recon_position.net.micro, micro(1));
    assert_int_equal(kit_event(k, EVENT_RECON_CASH, 0, 0)->u.recon_cash.cash.micro, kit_cash(k, 1));
    assert_int_equal(kit_event(k, EVENT_RECON_END, 0, 0)->u.recon_end.ok, 1);
    kit_free(k);
}

static void an_exchange_that_lived_on_is_not_overwritten_by_the_store(void **state) {
    (void)state;
    struct kit *k = kit_new();
    kit_quote(k, BTC, -1, 100, 1);
    struct order o = kit_order(k, 1, BTC, SIDE_LONG, ACTION_BUY, 100, 1);
    kit_place(k, &o);
    int64_t cash = kit_cash(k, 1);
    load(k, EVENT_ACCOUNT, NULL); /* the desk died before it heard of the fill */
    o.state = STATE_PENDING;
    load(k, EVENT_LOAD_ORDER, &o);
    load(k, EVENT_LOADED, NULL);
    assert_int_equal(kit_cash(k, 1), cash);
    assert_int_equal(kit_net(k, 1, BTC), micro(1));
    assert_int_equal(exchange_working(k->x, 1), 0);
    kit_forget(k);
    exchange_query(k->x, &o, k->now);
    kit_run(k, 1);
    assert_int_equal(kit_filled(k, o.id), micro(1));
    kit_free(k);
}

static void an_empty_ledger_means_the_first_deposit_is_on_its_way(void **state) {
    (void)state;
    for (int used = 0; used < 2; used++) {
        struct kit *k = kit_new();
        struct event ev;
        load(k, EVENT_ACCOUNT, NULL);
        event_init(&ev, EVENT_LOAD_CASH, VENUE_SIM, k->now);
        ev.u.load_cash = (struct ev_load_cash){.account = 1};
        exchange_restore(k->x, &ev);
        struct order o = kit_order(k, 1, BTC, SIDE_LONG, ACTION_BUY, 100, 1);
        o.state = STATE_CANCELLED;
        if (used)
            load(k, EVENT_LOAD_ORDER, &o);
        load(k, EVENT_LOADED, NULL);
        assert_int_equal(kit_cash(k, 1), used ? 0 : micro(10000));
        kit_free(k);
    }
}

static void a_market_resolved_before_the_restart_still_pays(void **state) {
    (void)state;
    struct kit *k = kit_new();
    load(k, EVENT_ACCOUNT, NULL);
    struct order o = kit_order(k, 1, 55, SIDE_NO, ACTION_BUY, 0.4, 10);
    o.state = STATE_FILLED;
    o.pos = (struct position){
        .status = POSITION_OPEN, .open = {micro(10)}, .cost = {micro(4)}, .entry_price = {micro(0.4)}};
    load(k, EVENT_LOAD_ORDER, &o);
    load(k, EVENT_LOADED, NULL);
    struct market m = kit_market(55, MARKET_BINARY, 0.01, 1);
    m.status = MARKET_RESOLVED;
    m.outcome = OUTCOME_NO;
    exchange_list(k->x, &m, EXCHANGE_MATCHED, k->now);
    kit_run(k, 1);
    assert_int_equal(kit_cash(k, 1), micro(10010));
    assert_int_equal(kit_net(k, 1, 55), 0);
    kit_free(k);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orders_arrive_and_answers_return_after_the_latency),
        cmocka_unit_test(an_accounts_messages_keep_their_order),
        cmocka_unit_test(resting_orders_come_back_at_the_end_of_the_queue),
        cmocka_unit_test(a_restored_order_that_crosses_trades_at_the_market),
        cmocka_unit_test(what_cannot_come_back_is_told_in_reconciliation),
        cmocka_unit_test(reconciliation_tells_orders_fills_positions_and_cash),
        cmocka_unit_test(an_exchange_that_lived_on_is_not_overwritten_by_the_store),
        cmocka_unit_test(an_empty_ledger_means_the_first_deposit_is_on_its_way),
        cmocka_unit_test(a_market_resolved_before_the_restart_still_pays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
