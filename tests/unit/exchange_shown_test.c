/* SHOWN markets: takers eat what is displayed until it is refreshed, makers wait behind the displayed queue. */
#include "exchange_fixture.h"

static const struct level bids[] = {LEVEL(99.5, 5), LEVEL(99, 10)}, asks[] = {LEVEL(100.5, 4), LEVEL(101, 6)};

static struct kit *tape_kit(void) {
    struct kit *k = kit_new();
    kit_show(k, TAPE, BOOK_SNAPSHOT, bids, 2, asks, 2);
    return k;
}
static void show_one(struct kit *k, int dir, double px, double size) {
    struct level l = LEVEL(px, size);
    kit_show(k, TAPE, 0, &l, dir > 0, &l, dir < 0);
}
static void print(struct kit *k, double px, double size, int taker) {
    exchange_shown_trade(k->x, TAPE, px_of(px), qty_at(size), taker, k->now);
    kit_run(k, 1);
}
static struct level best_of(const struct kit *k, enum book_side side) {
    struct level l = {0};
    exchange_best(k->x, TAPE, side, &l);
    return l;
}

static void a_taker_eats_depth_until_the_feed_shows_it_again(void **state) {
    (void)state;
    struct kit *k = tape_kit();
    order_id id = kit_do(k, 1, TAPE, SIDE_LONG, ACTION_BUY, 0, 5);
    assert_int_equal(kit_filled(k, id), micro(5));
    assert_int_equal(kit_fill(k, id, 0)->px.micro, micro(100.5));
    assert_int_equal(kit_fill(k, id, 0)->size.micro, micro(4));
    assert_int_equal(kit_fill(k, id, 1)->px.micro, micro(101));
    assert_int_equal(best_of(k, BOOK_ASK).px.micro, micro(101));
    assert_int_equal(best_of(k, BOOK_ASK).size.micro, micro(5));
    order_id again = kit_do(k, 2, TAPE, SIDE_LONG, ACTION_BUY, 100.5, 1); /* another account finds it eaten too */
    assert_int_equal(kit_filled(k, again), 0);
    kit_cancel(k, 2, again);
    show_one(k, -1, 100.5, 3);
    assert_int_equal(best_of(k, BOOK_ASK).size.micro, micro(3));
    order_id third = kit_do(k, 1, TAPE, SIDE_LONG, ACTION_BUY, 100.5, 1);
    assert_int_equal(kit_filled(k, third), micro(1));
    kit_free(k);
}

static void the_desk_sees_consumption_but_no_own_orders(void **state) {
    (void)state;
    struct kit *k = tape_kit();
    kit_do(k, 1, TAPE, SIDE_LONG, ACTION_BUY, 100, 3); /* rests between */
    kit_do(k, 1, TAPE, SIDE_SHORT, ACTION_SELL, 0, 2);
    struct book *seen = book_new();
    for (size_t s = 0; s < k->n; s++) {
        const struct ev_book *b = &k->seen[s]->u.book;
        for (int i = 0; k->seen[s]->type == EVENT_BOOK && b->market == TAPE && i < b->n_bids + b->n_asks; i++)
            book_set(seen, i < b->n_bids ? BOOK_BID : BOOK_ASK, b->levels[i].px, b->levels[i].size);
    }
    struct level bid;
    assert_true(book_best(seen, BOOK_BID, &bid));
    assert_int_equal(bid.px.micro, micro(99.5));
    book_free(seen);
    kit_free(k);
}

static void own_orders_do_not_trade_with_themselves(void **state) {
    (void)state;
    struct kit *k = tape_kit();
    order_id rests = kit_do(k, 1, TAPE, SIDE_LONG, ACTION_BUY, 100, 3);
    order_id sell =
        kit_do(k, 1, TAPE, SIDE_SHORT, ACTION_SELL, 99.5, 2); /* the displayed 99.5 lies behind the own 100 */
    assert_int_equal(kit_done(k, sell), ERR_SELF_TRADE);
    assert_int_equal(kit_filled(k, sell), 0);
    assert_int_equal(kit_filled(k, rests), 0);
    order_id other = kit_do(k, 2, TAPE, SIDE_SHORT, ACTION_SELL, 99.5, 2); /* accounts do not see each other */
    assert_int_equal(kit_fill(k, other, 0)->px.micro, micro(99.5));
    kit_free(k);
}

static void a_maker_waits_behind_the_displayed_queue(void **state) {
    (void)state;
    struct kit *k = tape_kit();
    order_id id = kit_do(k, 1, TAPE, SIDE_LONG, ACTION_BUY, 99.5, 2); /* 5 ahead */
    print(k, 99.5, 4, -1);
    assert_int_equal(kit_filled(k, id), 0);
    print(k, 99.5, 2, -1); /* one of it reaches us */
    assert_int_equal(kit_filled(k, id), micro(1));
    assert_int_equal(kit_fill(k, id, 0)->maker, 1);
    assert_int_equal(kit_fill(k, id, 0)->px.micro, micro(99.5));
    print(k, 99.5, 10, 1); /* a buyer's print hits the other side */
    assert_int_equal(kit_filled(k, id), micro(1));
    print(k, 99.5, 10, -1);
    assert_int_equal(kit_filled(k, id), micro(2));
    assert_int_equal(exchange_working(k->x, 1), 0);
    kit_free(k);
}

static void cancels_in_front_shorten_the_queue_in_proportion(void **state) {
    (void)state;
    struct kit *k = kit_new();
    const struct level deep = LEVEL(99.5, 10);
    kit_show(k, TAPE, BOOK_SNAPSHOT, &deep, 1, asks, 2);
    order_id id = kit_do(k, 1, TAPE, SIDE_LONG, ACTION_BUY, 99.5, 1); /* 10 ahead */
    show_one(k, 1, 99.5, 20);                                         /* 10 more came behind */
    show_one(k, 1, 99.5, 10);                                         /* half of all left: 5 ahead */
    print(k, 99.5, 5, -1);
    assert_int_equal(kit_filled(k, id), 0);
    print(k, 99.5, 0.5, -1);
    assert_int_equal(kit_filled(k, id), micro(0.5));
    kit_free(k);
}

static void a_print_is_not_counted_again_when_the_level_shrinks_by_it(void **state) {
    (void)state;
    struct kit *k = kit_new();
    const struct level deep = LEVEL(99.5, 10);
    kit_show(k, TAPE, BOOK_SNAPSHOT, &deep, 1, asks, 2);
    order_id id = kit_do(k, 1, TAPE, SIDE_LONG, ACTION_BUY, 99.5, 1);
    show_one(k, 1, 99.5, 20);
    print(k, 99.5, 4, -1);    /* 6 ahead */
    show_one(k, 1, 99.5, 16); /* that print, nothing else */
    print(k, 99.5, 6, -1);
    assert_int_equal(kit_filled(k, id), 0);
    print(k, 99.5, 1, -1);
    assert_int_equal(kit_filled(k, id), micro(1));
    kit_free(k);
}

static void prints_through_the_price_fill_at_the_limit(void **state) {
    (void)state;
    struct kit *k = tape_kit();
    order_id better = kit_do(k, 1, TAPE, SIDE_LONG, ACTION_BUY, 100, 2);
    order_id worse = kit_do(k, 2, TAPE, SIDE_LONG, ACTION_BUY, 99.5, 2);
    print(k, 99, 3, -1); /* three came through: two for the better price, one for the next */
    assert_int_equal(kit_filled(k, better), micro(2));
    assert_int_equal(kit_fill(k, better, 0)->px.micro, micro(100));
    assert_int_equal(kit_filled(k, worse), micro(1));
    kit_free(k);
}

static void a_book_that_crosses_fills_what_it_shows(void **state) {
    (void)state;
    struct kit *k = tape_kit();
    order_id id = kit_do(k, 1, TAPE, SIDE_LONG, ACTION_BUY, 100, 5);
    show_one(k, -1, 100, 2);
    assert_int_equal(kit_filled(k, id), micro(2));
    assert_int_equal(kit_fill(k, id, 0)->px.micro, micro(100));
    assert_int_equal(best_of(k, BOOK_ASK).px.micro, micro(100.5)); /* eaten */
    show_one(k, -1, 99.5, 7);
    assert_int_equal(kit_filled(k, id), micro(5));
    assert_int_equal(kit_fill(k, id, 1)->px.micro, micro(100));
    assert_int_equal(best_of(k, BOOK_ASK).size.micro, micro(4));
    kit_free(k);
}

static void an_order_deeper_than_the_display_joins_behind_what_appears(void **state) {
    (void)state;
    struct kit *k = tape_kit();
    order_id id = kit_do(k, 1, TAPE, SIDE_LONG, ACTION_BUY, 98, 1);
    show_one(k, 1, 98, 3); /* it was there all along */
    print(k, 98, 3, -1);
    assert_int_equal(kit_filled(k, id), 0);
    print(k, 98, 1, -1);
    assert_int_equal(kit_filled(k, id), micro(1));
    kit_free(k);
}

static void a_gap_empties_the_book_until_the_next_snapshot(void **state) {
    (void)state;
    struct kit *k = tape_kit();
    kit_show(k, TAPE, BOOK_GAP, NULL, 0, NULL, 0);
    assert_int_equal(kit_done(k, kit_do(k, 1, TAPE, SIDE_LONG, ACTION_BUY, 0, 1)), ERR_NO_LIQUIDITY);
    kit_show(k, TAPE, BOOK_SNAPSHOT, bids, 2, asks, 2);
    assert_int_equal(kit_filled(k, kit_do(k, 1, TAPE, SIDE_LONG, ACTION_BUY, 0, 1)), micro(1));
    kit_free(k);
}

static void resting_reduce_only_follows_the_position(void **state) {
    (void)state;
    struct kit *k = tape_kit();
    kit_do(k, 1, TAPE, SIDE_LONG, ACTION_BUY, 0, 4);
    struct order o = kit_order(k, 1, TAPE, SIDE_LONG, ACTION_SELL, 105, 4);
    o.flags |= ORDER_REDUCE_ONLY;
    kit_place(k, &o);
    kit_do(k, 1, TAPE, SIDE_LONG, ACTION_SELL, 0, 1);
    assert_int_equal(kit_event(k, EVENT_AMENDED, o.id, 0)->u.amended.size.micro, micro(3));
    kit_do(k, 1, TAPE, SIDE_LONG, ACTION_SELL, 0, 3);
    assert_int_equal(kit_done(k, o.id), ERR_REDUCE_ONLY);
    assert_int_equal(exchange_working(k->x, 1), 0);
    kit_free(k);
}

static struct kit *quote_kit(int32_t bps) {
    struct exchange_cfg cfg;
    exchange_cfg_default(&cfg);
    cfg.latency_min_us = cfg.latency_max_us = 0;
    cfg.funding_period_us = 0;
    cfg.slippage_max_bps = bps;
    return kit_new_with(cfg);
}

static void slippage_is_only_on_quotes_and_never_past_the_limit(void **state) {
    (void)state;
    struct kit *k = quote_kit(500);
    const struct level b = LEVEL(0.50, 1000), a = LEVEL(0.60, 1000);
    kit_show(k, QUOTES, BOOK_SNAPSHOT, &b, 1, &a, 1);
    kit_show(k, TAPE, BOOK_SNAPSHOT, bids, 2, asks, 2);
    int64_t worst = 0;
    for (int i = 0; i < 40; i++) {
        order_id id = kit_do(k, 1, QUOTES, SIDE_YES, ACTION_BUY, 0, 1);
        int64_t px = kit_fill(k, id, 0)->px.micro;
        assert_in_range(px, micro(0.60), micro(0.63));
        assert_int_equal(px % micro(0.01), 0);
        worst = px > worst ? px : worst;
        order_id limited = kit_do(k, 1, QUOTES, SIDE_YES, ACTION_BUY, 0.60, 1);
        assert_int_equal(kit_fill(k, limited, 0)->px.micro, micro(0.60));
    }
    assert_true(worst > micro(0.60));
    assert_int_equal(kit_fill(k, kit_do(k, 1, TAPE, SIDE_LONG, ACTION_BUY, 0, 1), 0)->px.micro, micro(100.5));
    kit_free(k);
    k = quote_kit(0);
    kit_show(k, QUOTES, BOOK_SNAPSHOT, &b, 1, &a, 1);
    assert_int_equal(kit_fill(k, kit_do(k, 1, QUOTES, SIDE_YES, ACTION_BUY, 0, 1), 0)->px.micro, micro(0.60));
    kit_free(k);
}

static void the_mark_of_a_tape_is_its_middle_once_a_second(void **state) {
    (void)state;
    struct kit *k = tape_kit();
    for (int i = 0; i < 50; i++)
        show_one(k, -1, 100.5, 4 + i);
    kit_run(k, SECOND);
    assert_int_equal(kit_count(k, EVENT_MARK, 0), 1);
    assert_int_equal(kit_event(k, EVENT_MARK, 0, 0)->u.mark.mark.micro, micro(100));
    kit_free(k);
}

/* --- a random recording and random orders: no fill beyond what was shown or printed, none past its limit --- */

struct told {
    order_id id;
    int dir;
    int64_t limit;
    bool immediate;
};

static void fills_keep_to_their_limits(const struct kit *k, const struct told *orders, int n) {
    for (size_t s = 0; s < k->n; s++) {
        if (k->seen[s]->type != EVENT_FILL)
            continue;
        const struct fill *f = &k->seen[s]->u.fill_ev.fill;
        for (int i = 0; i < n; i++) {
            if (orders[i].id != f->order)
                continue;
            assert_true(orders[i].limit == 0 || (f->px.micro - orders[i].limit) * orders[i].dir <= 0);
            assert_true(!f->maker || f->px.micro == orders[i].limit);
            assert_true(!f->maker || !orders[i].immediate);
        }
    }
}

/* Sums by price what takers got since the level was last shown. */
static int64_t taken_at(const struct kit *k, size_t from, int64_t px) {
    int64_t sum = 0;
    for (size_t s = from; s < k->n; s++) {
        const struct fill *f = &k->seen[s]->u.fill_ev.fill;
        if (k->seen[s]->type == EVENT_FILL && !f->maker && f->px.micro == px)
            sum += f->size.micro;
    }
    return sum;
}

static void random_tapes_give_nothing_that_was_not_there(void **state) {
    (void)state;
    int fills = 0, makers = 0;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct kit *k = kit_new();
        struct rng r;
        struct told orders[400];
        int n = 0;
        int64_t mid = 1000; /* in ticks of 0.5 */
        rng_seed(&r, seed);
        for (int step = 0; step < 150; step++) {
            struct level b[3], a[3];
            mid += rng_range(&r, -2, 2);
            for (int i = 0; i < 3; i++) {
                b[i] = (struct level){{(mid - 1 - i) * 500000}, {rng_range(&r, 1, 500) * 10000}};
                a[i] = (struct level){{(mid + 1 + i) * 500000}, {rng_range(&r, 1, 500) * 10000}};
            }
            kit_show(k, TAPE, BOOK_SNAPSHOT, b, 3, a, 3);
            size_t shown_from = k->n;
            for (int i = 0; i < 2; i++) {
                account_id acc = (account_id)rng_range(&r, 1, 3);
                bool buys = rng_below(&r, 2), market = rng_below(&r, 4) == 0;
                struct order o = kit_order(k, acc, TAPE, buys ? SIDE_LONG : SIDE_SHORT, buys ? ACTION_BUY : ACTION_SELL,
                                           0, (double)rng_range(&r, 1, 300) / 100);
                o.type = market ? ORDER_MARKET : ORDER_LIMIT;
                o.limit = PRICE(market ? 0 : (mid + rng_range(&r, -3, 3)) * 500000);
                o.leverage = 20;
                kit_place(k, &o);
                orders[n++] = (struct told){o.id, buys ? 1 : -1, o.limit.micro, market};
            }
            for (int i = 0; i < 3; i++) {
                assert_true(taken_at(k, shown_from, b[i].px.micro) <= b[i].size.micro);
                assert_true(taken_at(k, shown_from, a[i].px.micro) <= a[i].size.micro);
            }
            size_t before = k->n;
            int64_t size = rng_range(&r, 1, 400) * 10000, got = 0;
            int dir = rng_below(&r, 2) ? 1 : -1;
            exchange_shown_trade(k->x, TAPE, PRICE((mid + dir * rng_range(&r, 1, 3)) * 500000), QTY(size), dir, k->now);
            kit_run(k, 1);
            for (size_t s = before; s < k->n; s++)
                got += k->seen[s]->type == EVENT_FILL ? k->seen[s]->u.fill_ev.fill.size.micro : 0;
            assert_true(got <= size); /* a print gives its own size at most */
        }
        fills_keep_to_their_limits(k, orders, n);
        for (size_t s = 0; s < k->n; s++) {
            fills += k->seen[s]->type == EVENT_FILL;
            makers += k->seen[s]->type == EVENT_FILL && k->seen[s]->u.fill_ev.fill.maker;
        }
        kit_free(k);
    }
    assert_true(fills > 1000 && makers > 100);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_taker_eats_depth_until_the_feed_shows_it_again),
        cmocka_unit_test(the_desk_sees_consumption_but_no_own_orders),
        cmocka_unit_test(own_orders_do_not_trade_with_themselves),
        cmocka_unit_test(a_maker_waits_behind_the_displayed_queue),
        cmocka_unit_test(cancels_in_front_shorten_the_queue_in_proportion),
        cmocka_unit_test(a_print_is_not_counted_again_when_the_level_shrinks_by_it),
        cmocka_unit_test(prints_through_the_price_fill_at_the_limit),
        cmocka_unit_test(a_book_that_crosses_fills_what_it_shows),
        cmocka_unit_test(an_order_deeper_than_the_display_joins_behind_what_appears),
        cmocka_unit_test(a_gap_empties_the_book_until_the_next_snapshot),
        cmocka_unit_test(resting_reduce_only_follows_the_position),
        cmocka_unit_test(slippage_is_only_on_quotes_and_never_past_the_limit),
        cmocka_unit_test(random_tapes_give_nothing_that_was_not_there),
        cmocka_unit_test(the_mark_of_a_tape_is_its_middle_once_a_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
