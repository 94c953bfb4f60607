/* Order handling in a MATCHED market: kinds of orders, time in force, flags, cancel, amend, idempotence. */
#include "exchange_fixture.h"

static void limit_orders_of_two_accounts_trade_at_the_makers_price(void **state) {
    (void)state;
    struct kit *k = kit_new();
    order_id ask = kit_do(k, 1, BTC, SIDE_SHORT, ACTION_SELL, 100, 2);
    order_id bid = kit_do(k, 2, BTC, SIDE_LONG, ACTION_BUY, 101, 1);
    assert_int_equal(kit_filled(k, bid), micro(1));
    assert_int_equal(kit_fill(k, bid, 0)->px.micro, micro(100));
    assert_int_equal(kit_fill(k, bid, 0)->maker, 0);
    assert_int_equal(kit_fill(k, ask, 0)->maker, 1);
    assert_int_equal(kit_net(k, 1, BTC), micro(-1));
    assert_int_equal(kit_net(k, 2, BTC), micro(1));
    assert_int_equal(exchange_working(k->x, 1), 1);
    assert_int_equal(exchange_working(k->x, 2), 0);
    assert_int_equal(kit_count(k, EVENT_ACK, bid), 1);
    assert_int_equal(kit_count(k, EVENT_TRADE, 0), 1);
    kit_free(k);
}

static void equal_prices_fill_in_time_order(void **state) {
    (void)state;
    struct kit *k = kit_new();
    order_id first = kit_do(k, 1, BTC, SIDE_SHORT, ACTION_SELL, 100, 1);
    order_id second = kit_do(k, 2, BTC, SIDE_SHORT, ACTION_SELL, 100, 1);
    kit_do(k, 3, BTC, SIDE_LONG, ACTION_BUY, 100, 1.5);
    assert_int_equal(kit_filled(k, first), micro(1));
    assert_int_equal(kit_filled(k, second), micro(0.5));
    kit_free(k);
}

static void market_order_takes_what_is_there_and_ends(void **state) {
    (void)state;
    struct kit *k = kit_new();
    kit_quote(k, BTC, -1, 100, 1);
    kit_quote(k, BTC, -1, 102, 1);
    order_id id = kit_do(k, 1, BTC, SIDE_LONG, ACTION_BUY, 0, 5);
    assert_int_equal(kit_filled(k, id), micro(2));
    assert_int_equal(kit_done(k, id), ERR_NO_LIQUIDITY);
    assert_int_equal(kit_event(k, EVENT_DONE, id, 0)->u.done.filled.micro, micro(2));
    assert_int_equal(kit_fill(k, id, 1)->px.micro, micro(102));
    order_id dry = kit_do(k, 1, BTC, SIDE_LONG, ACTION_BUY, 0, 1);
    assert_int_equal(kit_done(k, dry), ERR_NO_LIQUIDITY);
    assert_int_equal(kit_filled(k, dry), 0);
    kit_free(k);
}

static void immediate_or_cancel_never_rests(void **state) {
    (void)state;
    struct kit *k = kit_new();
    kit_quote(k, BTC, -1, 100, 1);
    struct order o = kit_order(k, 1, BTC, SIDE_LONG, ACTION_BUY, 100, 3);
    o.tif = TIF_IOC;
    kit_place(k, &o);
    assert_int_equal(kit_filled(k, o.id), micro(1));
    assert_int_equal(kit_done(k, o.id), ERR_CANCELLED);
    assert_int_equal(exchange_working(k->x, 1), 0);
    kit_free(k);
}

static void fill_or_kill_is_all_or_nothing(void **state) {
    (void)state;
    struct kit *k = kit_new();
    kit_quote(k, BTC, -1, 100, 1);
    kit_quote(k, BTC, -1, 101, 1);
    struct order o = kit_order(k, 1, BTC, SIDE_LONG, ACTION_BUY, 100, 2);
    o.tif = TIF_FOK;
    kit_place(k, &o);
    assert_int_equal(kit_reject(k, o.id), ERR_FOK_UNFILLED);
    assert_int_equal(kit_filled(k, o.id), 0);
    o = kit_order(k, 1, BTC, SIDE_LONG, ACTION_BUY, 101, 2);
    o.tif = TIF_FOK;
    kit_place(k, &o);
    assert_int_equal(kit_filled(k, o.id), micro(2));
    kit_free(k);
}

static void fill_or_kill_counts_no_own_order(void **state) {
    (void)state;
    struct kit *k = kit_new();
    kit_do(k, 1, BTC, SIDE_SHORT, ACTION_SELL, 100, 1);
    kit_quote(k, BTC, -1, 101, 5);
    struct order o = kit_order(k, 1, BTC, SIDE_LONG, ACTION_BUY, 101, 2);
    o.tif = TIF_FOK;
    kit_place(k, &o);
    assert_int_equal(kit_reject(k, o.id), ERR_SELF_TRADE);
    assert_int_equal(kit_filled(k, o.id), 0);
    kit_free(k);
}

static void good_till_date_expires_at_its_time(void **state) {
    (void)state;
    struct kit *k = kit_new();
    struct order o = kit_order(k, 1, BTC, SIDE_LONG, ACTION_BUY, 100, 1);
    o.tif = TIF_GTD;
    o.expires_us = k->now + 5 * SECOND;
    kit_place(k, &o);
    kit_run(k, 4 * SECOND);
    assert_int_equal(exchange_working(k->x, 1), 1);
    kit_run(k, 2 * SECOND);
    assert_int_equal(kit_done(k, o.id), ERR_EXPIRED);
    assert_true(kit_event(k, EVENT_DONE, o.id, 0)->at_us == o.expires_us);
    assert_int_equal(exchange_working(k->x, 1), 0);
    struct order late = kit_order(k, 1, BTC, SIDE_LONG, ACTION_BUY, 100, 1);
    late.tif = TIF_GTD;
    late.expires_us = k->now - 1;
    kit_place(k, &late);
    assert_int_equal(kit_reject(k, late.id), ERR_EXPIRED);
    kit_free(k);
}

static void post_only_is_refused_when_it_would_take(void **state) {
    (void)state;
    struct kit *k = kit_new();
    kit_quote(k, BTC, -1, 100, 1);
    struct order o = kit_order(k, 1, BTC, SIDE_LONG, ACTION_BUY, 100, 1);
    o.flags |= ORDER_POST_ONLY;
    kit_place(k, &o);
    assert_int_equal(kit_reject(k, o.id), ERR_POST_ONLY_CROSSED);
    o = kit_order(k, 1, BTC, SIDE_LONG, ACTION_BUY, 99.5, 1);
    o.flags |= ORDER_POST_ONLY;
    kit_place(k, &o);
    assert_int_equal(exchange_working(k->x, 1), 1);
    struct fx_amend am = {.order = o, .limit = px_of(100)};
    exchange_amend(k->x, &am, k->now);
    kit_run(k, 1);
    assert_int_equal(kit_event(k, EVENT_REFUSED, o.id, 0)->u.refused.reason, ERR_POST_ONLY_CROSSED);
    assert_int_equal(exchange_working(k->x, 1), 1);
    kit_free(k);
}

static void self_trade_cancels_the_takers_rest(void **state) {
    (void)state;
    struct kit *k = kit_new();
    kit_quote(k, BTC, -1, 100, 1);
    order_id own = kit_do(k, 1, BTC, SIDE_SHORT, ACTION_SELL, 101, 1);
    order_id id = kit_do(k, 1, BTC, SIDE_LONG, ACTION_BUY, 102, 3);
    assert_int_equal(kit_filled(k, id), micro(1));
    assert_int_equal(kit_done(k, id), ERR_SELF_TRADE);
    assert_int_equal(kit_filled(k, own), 0);
    assert_int_equal(exchange_working(k->x, 1), 1);
    kit_free(k);
}

static void cancel_takes_out_and_a_second_one_is_refused(void **state) {
    (void)state;
    struct kit *k = kit_new();
    order_id id = kit_do(k, 1, BTC, SIDE_LONG, ACTION_BUY, 100, 1);
    kit_cancel(k, 1, id);
    assert_int_equal(kit_done(k, id), ERR_CANCELLED);
    struct level best;
    assert_false(exchange_best(k->x, BTC, BOOK_BID, &best));
    kit_cancel(k, 1, id);
    assert_int_equal(kit_event(k, EVENT_REFUSED, id, 0)->u.refused.reason, ERR_NOT_OPEN);
    kit_cancel(k, 1, 99);
    assert_int_equal(kit_event(k, EVENT_REFUSED, 99, 0)->u.refused.reason, ERR_NOT_FOUND);
    kit_free(k);
}

static void an_account_cannot_touch_anothers_order(void **state) {
    (void)state;
    struct kit *k = kit_new();
    order_id id = kit_do(k, 1, BTC, SIDE_LONG, ACTION_BUY, 100, 1);
    kit_cancel(k, 2, id);
    assert_int_equal(exchange_working(k->x, 1), 1);
    assert_int_equal(kit_event(k, EVENT_REFUSED, id, 0)->u.refused.reason, ERR_NOT_FOUND);
    kit_free(k);
}

static void amend_down_keeps_the_place_and_up_loses_it(void **state) {
    (void)state;
    struct kit *k = kit_new();
    struct order a = kit_order(k, 1, BTC, SIDE_SHORT, ACTION_SELL, 100, 2),
                 b = kit_order(k, 2, BTC, SIDE_SHORT, ACTION_SELL, 100, 2);
    kit_place(k, &a);
    kit_place(k, &b);
    struct fx_amend down = {.order = a, .size = qty_at(1)};
    exchange_amend(k->x, &down, k->now);
    kit_run(k, 1);
    assert_int_equal(kit_event(k, EVENT_AMENDED, a.id, 0)->u.amended.size.micro, micro(1));
    kit_do(k, 3, BTC, SIDE_LONG, ACTION_BUY, 100, 0.5);
    assert_int_equal(kit_filled(k, a.id), micro(0.5));
    struct fx_amend up = {.order = a, .size = qty_at(3)};
    exchange_amend(k->x, &up, k->now);
    kit_run(k, 1);
    kit_do(k, 3, BTC, SIDE_LONG, ACTION_BUY, 100, 2);
    assert_int_equal(kit_filled(k, a.id), micro(0.5));
    assert_int_equal(kit_filled(k, b.id), micro(2));
    kit_free(k);
}

static void amend_to_a_crossing_price_trades(void **state) {
    (void)state;
    struct kit *k = kit_new();
    kit_quote(k, BTC, -1, 101, 1);
    struct order o = kit_order(k, 1, BTC, SIDE_LONG, ACTION_BUY, 100, 2);
    kit_place(k, &o);
    struct fx_amend am = {.order = o, .limit = px_of(101)};
    exchange_amend(k->x, &am, k->now);
    kit_run(k, 1);
    assert_int_equal(kit_filled(k, o.id), micro(1));
    struct level best;
    assert_true(exchange_best(k->x, BTC, BOOK_BID, &best));
    assert_int_equal(best.px.micro, micro(101));
    am = (struct fx_amend){.order = o, .size = qty_at(1)};
    exchange_amend(k->x, &am, k->now);
    kit_run(k, 1);
    assert_int_equal(kit_event(k, EVENT_REFUSED, o.id, 0)->u.refused.reason,
                     ERR_BAD_VALUE); /* already filled that far */
    kit_free(k);
}

static void the_same_id_again_is_answered_not_doubled(void **state) {
    (void)state;
    struct kit *k = kit_new();
    kit_quote(k, BTC, -1, 100, 5);
    struct order o = kit_order(k, 1, BTC, SIDE_LONG, ACTION_BUY, 100, 1);
    kit_place(k, &o);
    assert_int_equal(kit_net(k, 1, BTC), micro(1));
    char trade[VENUE_ORDER_ID_MAX];
    strcpy(trade, kit_fill(k, o.id, 0)->venue_trade);
    kit_forget(k);
    kit_place(k, &o);
    assert_int_equal(kit_net(k, 1, BTC), micro(1));
    assert_int_equal(kit_count(k, EVENT_ACK, o.id), 1);
    assert_string_equal(kit_fill(k, o.id, 0)->venue_trade, trade);
    assert_int_equal(kit_event(k, EVENT_DONE, o.id, 0)->u.done.filled.micro, micro(1));
    kit_free(k);
}

static void query_tells_working_finished_and_unknown_apart(void **state) {
    (void)state;
    struct kit *k = kit_new();
    struct order working = kit_order(k, 1, BTC, SIDE_LONG, ACTION_BUY, 90, 1),
                 lost = kit_order(k, 1, BTC, SIDE_LONG, ACTION_BUY, 90, 1);
    kit_place(k, &working);
    struct order refused = kit_order(k, 1, BTC, SIDE_LONG, ACTION_BUY, 90.3, 1);
    kit_place(k, &refused);
    assert_int_equal(kit_reject(k, refused.id), ERR_TICK_SIZE);
    kit_forget(k);
    exchange_query(k->x, &working, k->now);
    exchange_query(k->x, &lost, k->now);
    exchange_query(k->x, &refused, k->now);
    kit_run(k, 1);
    assert_int_equal(kit_count(k, EVENT_ACK, working.id), 1);
    assert_int_equal(kit_count(k, EVENT_DONE, working.id), 0);
    assert_int_equal(kit_reject(k, lost.id), ERR_NOT_FOUND);
    assert_int_equal(kit_reject(k, refused.id), ERR_TICK_SIZE);
    kit_free(k);
}

struct refusal {
    market_id market;
    uint8_t side, action;
    double limit, size;
    uint8_t leverage;
    enum err reason;
};

static void bad_orders_are_refused_with_their_reason(void **state) {
    (void)state;
    static const struct refusal table[] = {
        {BTC, SIDE_LONG, ACTION_BUY, 100.3, 1, 1, ERR_TICK_SIZE},
        {BTC, SIDE_LONG, ACTION_BUY, 100, 0.005, 1, ERR_MIN_SIZE},
        {BTC, SIDE_LONG, ACTION_BUY, 100, 1.005, 1, ERR_LOT_SIZE},
        {BTC, SIDE_LONG, ACTION_BUY, 100, -1, 1, ERR_BAD_VALUE},
        {BTC, SIDE_YES, ACTION_BUY, 100, 1, 1, ERR_BAD_VALUE},
        {BTC, SIDE_LONG, ACTION_BUY, 100, 1, 21, ERR_LEVERAGE},
        {RAIN, SIDE_YES, ACTION_BUY, 0.5, 1, 2, ERR_LEVERAGE},
        {RAIN, SIDE_YES, ACTION_BUY, 1.5, 1, 1, ERR_PRICE_OUT_OF_RANGE},
        {RAIN, SIDE_LONG, ACTION_BUY, 0.5, 1, 1, ERR_BAD_VALUE},
        {999, SIDE_LONG, ACTION_BUY, 0.5, 1, 1, ERR_NOT_FOUND},
        {BTC, SIDE_LONG, ACTION_BUY, 100, 101, 1, ERR_INSUFFICIENT_FUNDS},
        {BTC, SIDE_LONG, ACTION_BUY, 1e6, 1e6, 1, ERR_INSUFFICIENT_FUNDS},
        {BTC, SIDE_LONG, ACTION_BUY, 1e8, 1e8, 1, ERR_OVERFLOW},
        {BTC, SIDE_LONG, ACTION_BUY, 2e9, 1, 1, ERR_PRICE_OUT_OF_RANGE},
    };
    struct kit *k = kit_new();
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const struct refusal *r = &table[i];
        struct order o = kit_order(k, 1, r->market, r->side, r->action, r->limit, r->size);
        o.leverage = r->leverage;
        kit_place(k, &o);
        if (kit_reject(k, o.id) != (int)r->reason)
            fail_msg("row %zu: %d instead of %s", i, kit_reject(k, o.id), err_name(r->reason));
    }
    assert_int_equal(exchange_working(k->x, 1), 0);
    assert_int_equal(kit_cash(k, 1), k->cfg.initial_cash.micro);
    kit_free(k);
}

static void a_halted_market_refuses_and_a_closed_one_cancels(void **state) {
    (void)state;
    struct kit *k = kit_new();
    order_id id = kit_do(k, 1, RAIN, SIDE_YES, ACTION_BUY, 0.4, 10);
    exchange_set_status(k->x, RAIN, MARKET_HALTED, k->now);
    order_id refused = kit_do(k, 1, RAIN, SIDE_YES, ACTION_BUY, 0.4, 10);
    assert_int_equal(kit_reject(k, refused), ERR_MARKET_CLOSED);
    assert_int_equal(exchange_working(k->x, 1), 1);
    exchange_set_status(k->x, RAIN, MARKET_CLOSED, k->now);
    kit_run(k, 1);
    assert_int_equal(kit_done(k, id), ERR_MARKET_CLOSED);
    assert_int_equal(exchange_working(k->x, 1), 0);
    kit_free(k);
}

static void book_events_add_up_to_the_book(void **state) {
    (void)state;
    struct kit *k = kit_new();
    struct book *seen = book_new();
    for (int i = 1; i <= 20; i++) {
        kit_quote(k, BTC, 1, 100 - i * 0.5, 1 + i);
        kit_quote(k, BTC, -1, 100 + i * 0.5, 1 + i);
    }
    exchange_flush_books(k->x, k->now);
    kit_do(k, 1, BTC, SIDE_LONG, ACTION_BUY, 0, 4);
    kit_do(k, 1, BTC, SIDE_LONG, ACTION_BUY, 100, 3);
    bool first = true;
    for (size_t s = 0; s < k->n; s++) {
        const struct ev_book *b = &k->seen[s]->u.book;
        if (k->seen[s]->type != EVENT_BOOK || b->market != BTC)
            continue;
        assert_int_equal(first, (b->flags & BOOK_SNAPSHOT) != 0);
        first = false;
        for (int i = 0; i < b->n_bids + b->n_asks; i++)
            book_set(seen, i < b->n_bids ? BOOK_BID : BOOK_ASK, b->levels[i].px, b->levels[i].size);
    }
    struct level best, shown;
    assert_true(exchange_best(k->x, BTC, BOOK_ASK, &best) && book_best(seen, BOOK_ASK, &shown));
    assert_int_equal(best.px.micro, micro(101));
    assert_int_equal(best.size.micro, shown.size.micro);
    assert_int_equal(shown.size.micro, micro(1)); /* 2 at 100.5 are gone, 2 of 3 at 101 */
    assert_true(exchange_best(k->x, BTC, BOOK_BID, &best) && book_best(seen, BOOK_BID, &shown));
    assert_int_equal(best.px.micro, micro(100));
    assert_int_equal(shown.size.micro, micro(3)); /* own orders are in a matched book */
    assert_int_equal(book_count(seen, BOOK_BID), 21);
    book_free(seen);
    kit_free(k);
}

static void a_late_handle_of_a_participant_hits_nobody(void **state) {
    (void)state;
    struct kit *k = kit_new();
    uint32_t old = kit_quote(k, BTC, -1, 100, 1);
    assert_int_equal(exchange_bot_market(k->x, BTC, 8, 1, qty_at(1), k->now).micro, micro(1));
    uint32_t fresh = kit_quote(k, BTC, -1, 101, 1);
    qty rest;
    exchange_bot_cancel(k->x, BTC, old, k->now);
    assert_false(exchange_bot_resting(k->x, BTC, old, &rest));
    assert_true(exchange_bot_resting(k->x, BTC, fresh, &rest));
    assert_int_equal(rest.micro, micro(1));
    assert_int_equal(exchange_bot_limit(k->x, BTC, 7, 1, px_of(101), qty_at(1), k->now), 0); /* never with itself */
    assert_true(exchange_bot_resting(k->x, BTC, fresh, &rest));
    kit_free(k);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limit_orders_of_two_accounts_trade_at_the_makers_price),
        cmocka_unit_test(equal_prices_fill_in_time_order),
        cmocka_unit_test(market_order_takes_what_is_there_and_ends),
        cmocka_unit_test(immediate_or_cancel_never_rests),
        cmocka_unit_test(fill_or_kill_is_all_or_nothing),
        cmocka_unit_test(fill_or_kill_counts_no_own_order),
        cmocka_unit_test(good_till_date_expires_at_its_time),
        cmocka_unit_test(post_only_is_refused_when_it_would_take),
        cmocka_unit_test(self_trade_cancels_the_takers_rest),
        cmocka_unit_test(cancel_takes_out_and_a_second_one_is_refused),
        cmocka_unit_test(an_account_cannot_touch_anothers_order),
        cmocka_unit_test(amend_down_keeps_the_place_and_up_loses_it),
        cmocka_unit_test(amend_to_a_crossing_price_trades),
        cmocka_unit_test(the_same_id_again_is_answered_not_doubled),
        cmocka_unit_test(query_tells_working_finished_and_unknown_apart),
        cmocka_unit_test(bad_orders_are_refused_with_their_reason),
        cmocka_unit_test(a_halted_market_refuses_and_a_closed_one_cancels),
        cmocka_unit_test(book_events_add_up_to_the_book),
        cmocka_unit_test(a_late_handle_of_a_participant_hits_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
