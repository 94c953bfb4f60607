/* Market data against a venue on the same loop: what is listed, how books follow the stream, and each way in which a stream can lie. */
#include "pm_data_rig.h"

static void markets_and_books(void **state) {
    (void)state;
    start_with(60, 55, "");
    v.d->pace.compare_every_us = v.d->pace.compare_often_us = 3600 * PM_SECOND; /* the REST side of this rig does not follow changes */
    v.m[3].dark = true;
    UNTIL(got.n[EVENT_MARKET] == 55 && got.of[55].snapshots == 1);
    assert_false(got.of[3].told); /* no order book: not listed, another in its place */
    assert_false(got.of[56].told);
    UNTIL(got.up && got.health.books == 55);
    const struct market *m = &got.of[0].m;
    assert_string_equal(m->symbol, "market-0");
    assert_string_equal(m->native, cond(0));
    assert_string_equal(m->category, "politics");
    assert_int_equal(m->fee_kind, FEE_POLYMARKET);
    assert_int_equal(m->taker_ppm, 40000);
    assert_true(got.of[0].candles > 0 && got.of[0].late_candles == 0); /* history comes first */
    price bid, ask;
    int64_t at;
    assert_true(pm_touch(v.d, id_of(1), &bid, &ask, &at) && bid.micro == 450000 && ask.micro == 550000 && at > 0);
    struct level l[3];
    assert_int_equal(pm_depth(v.d, id_of(1), BOOK_BID, l, 3), 2);
    assert_true(l[0].px.micro == 450000 && l[0].size.micro == 11 * DEC_ONE && l[1].px.micro == 440000);
    int outcome = -1;
    const struct pm_market *pm = pm_market_by_token(v.d, token(7, 1), &outcome);
    assert_true(pm && outcome == 1 && pm == pm_market_by_condition(v.d, cond(7)) && pm == pm_market_by_id(v.d, id_of(7)) && pm->wanted);
    send_change(1, 0, "BUY", 460, 5, "");
    send_change(1, 1, "BUY", 990, 5, ""); /* the NO token's book is the same one mirrored: not counted twice */
    send_change(1, 0, "SELL", 550, 0, "");
    UNTIL(book_count(got.of[1].book, BOOK_BID) == 3 && book_count(got.of[1].book, BOOK_ASK) == 1);
    assert_int_equal(book_level(got.of[1].book, BOOK_BID, 0)->px.micro, 460000);
    assert_int_equal(book_hash(got.of[1].book, 1), book_hash(vbook_book(pm_table_condition(&v.d->table, cond(1))->book), 1));
    assert_int_equal(v.opened, 1);
}

static void trades_are_told_once(void **state) {
    (void)state;
    char text[600];
    start_with(2, 2, "");
    UNTIL(got.of[1].snapshots == 1);
    for (int outcome = 0; outcome < 2; outcome++) { /* both halves of one match */
        snprintf(text, sizeof text, "{\"event_type\":\"last_trade_price\",\"asset_id\":\"%s\",\"market\":\"%s\",\"price\":\"%s\",\"size\":\"25.5\",\"side\":\"BUY\",\"transaction_hash\":\"0xabc\"}",
                 token(0, outcome), cond(0), outcome ? "0.47" : "0.53");
        tell_all(text);
    }
    UNTIL(got.n[EVENT_TRADE] == 1);
    assert_true(got.trade.px.micro == 530000 && got.trade.size.micro == 25500000 && got.trade.taker_side == ACTION_BUY);
    snprintf(text, sizeof text, "{\"event_type\":\"last_trade_price\",\"asset_id\":\"%s\",\"price\":\".3\",\"size\":\"1\",\"side\":\"SELL\",\"transaction_hash\":\"0xdef\"}", token(1, 1));
    tell_all(text);
    UNTIL(got.n[EVENT_TRADE] == 2);
    assert_true(got.trade.px.micro == 700000 && got.trade.taker_side == ACTION_BUY && got.trade.market == id_of(1)); /* sold NO: bought YES */
    turn_for(0.1);
    assert_int_equal(got.n[EVENT_TRADE], 2);
}

static void a_new_tick_drops_the_book(void **state) {
    (void)state;
    char text[400];
    start_with(2, 2, "");
    UNTIL(got.of[0].snapshots == 1 && got.of[1].snapshots == 1);
    v.m[0].tick = "0.001";
    v.m[0].bids[0].px = 961;
    v.m[0].n_asks = 0;
    for (int outcome = 0; outcome < 2; outcome++) {
        snprintf(text, sizeof text, "{\"event_type\":\"tick_size_change\",\"asset_id\":\"%s\",\"market\":\"%s\",\"old_tick_size\":\"0.01\",\"new_tick_size\":\"0.001\"}", token(0, outcome), cond(0));
        tell_all(text);
    }
    UNTIL(got.of[0].gaps == 1);
    assert_int_equal(got.of[0].m.tick.micro, 1000);
    assert_int_equal(got.of[0].m.max_price.micro, 999000);
    UNTIL(got.of[0].snapshots == 2);
    assert_int_equal(book_level(got.of[0].book, BOOK_BID, 0)->px.micro, 961000);
    assert_int_equal(got.of[0].gaps, 1);
    v.m[0].listed_tick = "0.01"; /* a listing that is behind changes nothing */
    turn_for(0.8);
    assert_int_equal(got.of[0].m.tick.micro, 1000);
    assert_int_equal(got.of[1].gaps, 0);
}

static void the_end_of_a_market(void **state) {
    (void)state;
    char text[500];
    start_with(4, 4, "");
    UNTIL(got.of[3].snapshots == 1 && got.of[0].snapshots == 1);
    snprintf(text, sizeof text, "[{\"event_type\":\"market_resolved\",\"market\":\"%s\",\"assets_ids\":[\"%s\",\"%s\"],\"winning_asset_id\":\"%s\",\"winning_outcome\":\"No\"}]", cond(0), token(0, 0), token(0, 1), token(0, 1));
    tell_all(text);
    UNTIL(got.of[0].status == MARKET_RESOLVED);
    assert_int_equal(got.of[0].outcome, OUTCOME_NO);
    UNTIL(!v.m[0].subscribed);
    /* Nobody says it: it is missing from the listing, and asked after. */
    v.m[1].closed = v.m[2].closed = true;
    v.m[1].prices = "[\\\"1\\\",\\\"0\\\"]";
    UNTIL(got.of[1].status == MARKET_RESOLVED && got.of[2].status == MARKET_RESOLVED);
    assert_int_equal(got.of[1].outcome, OUTCOME_YES);
    assert_int_equal(got.of[2].outcome, OUTCOME_VOID);
    assert_int_equal(got.of[3].status, MARKET_OPEN);
    UNTIL(got.of[1].gap);
}

static void a_cut_line_is_a_gap(void **state) {
    (void)state;
    start_with(3, 3, "");
    UNTIL(got.up && got.of[2].snapshots == 1 && got.of[0].snapshots == 1 && got.of[1].snapshots == 1);
    v.m[0].bids[0].size = 77; /* what is missed meanwhile */
    loop_ws_drop(v.ws[0]);
    UNTIL(got.of[0].gaps == 1 && got.of[1].gaps == 1 && got.of[2].gaps == 1 && !got.up);
    assert_non_null(strstr(got.venue_text, "market stream"));
    UNTIL(got.up && got.of[0].snapshots == 2 && got.of[1].snapshots == 2 && got.of[2].snapshots == 2);
    assert_int_equal(book_level(got.of[0].book, BOOK_BID, 0)->size.micro, 77 * DEC_ONE);
    UNTIL(got.health.reconnects == 1);
    assert_int_equal(v.opened, 2);
}

static void a_lost_change_is_found(void **state) {
    (void)state;
    start_with(3, 3, "");
    UNTIL(got.of[2].snapshots == 1 && got.of[1].snapshots == 1);
    v.m[1].asks[0].size = 99; /* the stream says nothing of it */
    v.m[1].ms++;
    UNTIL(got.of[1].snapshots == 2);
    assert_int_equal(got.of[1].gaps, 1);
    assert_int_equal(book_level(got.of[1].book, BOOK_ASK, 0)->size.micro, 99 * DEC_ONE);
    turn_for(2.5);
    assert_true(got.of[0].gaps == 0 && got.of[2].gaps == 0 && got.of[1].gaps == 1); /* what is equal stays */
    v.no_books = true; /* a venue without the interface for many */
    v.m[2].n_bids = 1;
    v.m[2].ms++;
    UNTIL(got.of[2].snapshots == 2);
}

static void best_prices_that_do_not_fit(void **state) {
    (void)state;
    start_with(1, 1, "");
    UNTIL(got.of[0].snapshots == 1);
    v.d->pace.compare_often_us = 600 * PM_SECOND; /* only when something is wrong */
    turn_for(1.2);
    int asked = v.books;
    send_change(0, 0, "BUY", 430, 5, ",\"best_bid\":\"0.45\",\"best_ask\":\"0.55\"");
    v.m[0].n_bids = 2;
    v.m[0].bids[1] = (struct lvl){430, 5};
    turn_for(1.2);
    assert_int_equal(v.books, asked); /* they fit */
    send_change(0, 0, "BUY", 420, 5, ",\"best_bid\":\"0.46\",\"best_ask\":\"0.55\"");
    turn_for(0.7);
    send_change(0, 0, "BUY", 410, 5, ",\"best_bid\":\"0.46\",\"best_ask\":\"0.55\"");
    v.m[0] = (struct fm){.bids = {{460, 1}}, .asks = {{550, 30}}, .n_bids = 1, .n_asks = 1, .ms = v.m[0].ms, .tick = "0.01", .subscribed = true};
    UNTIL(got.of[0].snapshots == 2);
    assert_true(v.books > asked);
    assert_int_equal(book_level(got.of[0].book, BOOK_BID, 0)->px.micro, 460000);
}

/* A change is lost and the best prices do not show it: the hash does. */
static void a_hash_that_does_not_come_out(void **state) {
    (void)state;
    char hash[60], made[41];
    open_with(1, 1, "");
    v.hashes = true;
    pm_data_start(v.d, clock_now_us());
    UNTIL(got.of[0].snapshots == 1);
    v.d->pace.compare_often_us = 600 * PM_SECOND; /* only when something is wrong */
    turn_for(1.2);
    int asked = v.books;
    v.m[0].bids[1].size = 21;
    v.m[0].ms++;
    hash_of(0, made);
    v.m[0].ms--;
    snprintf(hash, sizeof hash, ",\"hash\":\"%s\"", made);
    send_change(0, 0, "BUY", 440, 21, hash);
    turn_for(1.2);
    assert_int_equal(v.books, asked);
    assert_int_equal(v.d->hash_good, 1);
    turn_for(1.0);
    v.m[0].asks[1].size = 99; /* nobody tells */
    v.m[0].bids[1].size = 22;
    v.m[0].ms++;
    hash_of(0, made);
    v.m[0].ms--;
    snprintf(hash, sizeof hash, ",\"hash\":\"%s\"", made);
    send_change(0, 0, "BUY", 440, 22, hash);
    UNTIL(got.of[0].snapshots == 2);
    assert_true(v.books > asked);
    assert_int_equal(book_size_at(got.of[0].book, BOOK_ASK, PRICE(560000)).micro, 99 * DEC_ONE);
}

static void what_cannot_be_read(void **state) {
    (void)state;
    char text[400];
    start_with(2, 2, "");
    UNTIL(got.of[0].snapshots == 1 && got.of[1].snapshots == 1);
    snprintf(text, sizeof text, "{\"event_type\":\"price_change\",\"market\":\"%s\",\"price_changes\":[{\"asset_id\":\"%s\",\"price\":\"0.4\",\"side\":\"BUY\"}]}", cond(0), token(0, 0));
    tell_all(text);
    UNTIL(got.of[0].gaps == 1 && got.of[0].snapshots == 2);
    assert_int_equal(got.of[1].gaps, 0);
    tell_all("NO NEW ASSETS");
    tell_all("[]");
    tell_all("{\"event_type\":\"weather\",\"sun\":[1]}");
    turn_for(0.1);
    assert_int_equal(v.opened, 1);
    tell_all("[{\"event_type\":\"price_change\",]");
    UNTIL(v.opened == 2 && got.of[1].gaps == 1 && got.of[1].snapshots == 2);
}

static void a_snapshot_that_does_not_come(void **state) {
    (void)state;
    open_with(1, 1, "");
    v.no_snapshots = true;
    pm_data_start(v.d, clock_now_us());
    UNTIL(v.m[0].subscribed);
    v.no_snapshots = false;
    UNTIL(got.of[0].snapshots == 1);
}

static void quiet_books_stay_fresh(void **state) {
    (void)state;
    start_with(2, 2, "");
    UNTIL(got.of[0].beats >= 1 && got.of[1].beats >= 1);
    int beats = got.of[0].beats;
    turn_for(1.0);
    assert_true(got.of[0].beats <= beats + 1);
}

struct need { int calls; const struct pm_market *m; };
static void on_need(void *ctx, const struct pm_market *m) {
    struct need *n = ctx;
    n->calls++;
    n->m = m;
}

static void needed_markets(void **state) {
    (void)state;
    struct need a = {0}, b = {0}, c = {0}, young = {0}, dropped = {0};
    open_with(6, 2, "");
    for (int i = 2; i < 6; i++)
        v.m[i].hidden = true;
    v.m[3].no_fee = true;
    v.m[4].no_tokens = true;
    v.m[5].closed = true;
    v.m[5].prices = "[\\\"0\\\",\\\"1\\\"]";
    pm_data_start(v.d, clock_now_us());
    pm_market_need(v.d, token(2, 1), on_need, &a); /* by a token, twice at once */
    pm_market_need(v.d, token(2, 1), on_need, &b);
    pm_market_need(v.d, cond(3), on_need, &c);
    pm_market_need(v.d, cond(4), on_need, &young);
    pm_market_need(v.d, "12345", on_need, &dropped);
    pm_market_needs_drop(v.d, &dropped);
    UNTIL(a.calls == 1 && b.calls == 1 && c.calls == 1);
    assert_true(a.m && a.m == b.m && !strcmp(a.m->m.native, cond(2)) && v.by_token >= 1);
    assert_int_equal(c.m->m.taker_ppm, 70000); /* the listing did not say: asked for */
    assert_int_equal(v.shorts, 1);
    UNTIL(got.of[2].snapshots == 1 && got.of[3].snapshots == 1);
    assert_int_equal(young.calls, 0);
    v.m[4].no_tokens = false; /* minutes later, elsewhere */
    UNTIL(young.calls == 1 && young.m);
    struct need at_once = {0}, unknown = {0}, nonsense = {0}, closed = {0};
    pm_market_need(v.d, cond(2), on_need, &at_once);
    assert_true(at_once.calls == 1 && at_once.m == a.m);
    pm_market_need(v.d, "rain", on_need, &nonsense);
    assert_true(nonsense.calls == 1 && !nonsense.m);
    pm_market_need(v.d, "0x00000000000000000000000000000000000000000000000000000000000000ff", on_need, &unknown);
    pm_market_need(v.d, cond(5), on_need, &closed);
    UNTIL(unknown.calls == 1 && closed.calls == 1);
    assert_null(unknown.m);
    assert_true(closed.m && closed.m->m.status == MARKET_RESOLVED && closed.m->m.outcome == OUTCOME_NO);
    assert_int_equal(got.of[5].snapshots, 0);
    assert_int_equal(dropped.calls, 0);
    struct need fresh = {0};
    v.m[2].tick = "0.001"; /* "breaks minimum tick size rule" */
    pm_market_refresh(v.d, a.m->m.id, on_need, &fresh);
    UNTIL(fresh.calls == 1);
    assert_true(fresh.m == a.m && fresh.m->m.tick.micro == 1000 && got.of[2].m.tick.micro == 1000 && fresh.m->m.min_size.micro == 15000000);
}

static void people_ask_for_markets(void **state) {
    (void)state;
    open_with(8, 1, "tag:rain, market-2 ,search:fed rate");
    pm_data_start(v.d, clock_now_us());
    v.m[7].hidden = v.m[6].hidden = v.m[5].hidden = true;
    UNTIL(got.of[7].told && got.of[2].told && got.of[1].told); /* the search, the slug, the tag's listing */
    assert_false(got.of[6].told);
    pm_data_list(v.d, "https://polymarket.com/event/what-ever/market-6?tid=1");
    UNTIL(got.of[6].snapshots == 1);
    assert_non_null(strstr(got.note, "market-6: 1 market listed"));
    pm_data_list(v.d, cond(5));
    UNTIL(got.of[5].told);
    pm_data_list(v.d, "some-event");
    UNTIL(strstr(got.note, "some-event: 1 market listed"));
    pm_data_list(v.d, "no-such-thing");
    UNTIL(strstr(got.note, "no-such-thing: not found"));
    pm_data_list(v.d, "tag:nothing");
    UNTIL(strstr(got.note, "no such tag"));
    v.m[4].dark = true;
    pm_data_list(v.d, "market-4");
    UNTIL(strstr(got.note, "market-4"));
    pm_data_list(v.d, "  ");
    UNTIL(strstr(got.note, "which market"));
    char text[500];
    v.n = 9; /* a new one with a tag of ours is listed as soon as it is told of */
    v.m[8] = v.m[6];
    v.m[8].hidden = true;
    v.m[8].subscribed = false;
    snprintf(text, sizeof text, "{\"event_type\":\"new_market\",\"market\":\"%s\",\"assets_ids\":[],\"tags\":[\"x\",\"rain\"]}", cond(8));
    tell_all(text);
    UNTIL(got.of[8].snapshots == 1);
}

static void what_is_held_comes_back(void **state) {
    (void)state;
    open_with(6, 1, "");
    for (int i = 1; i < 6; i++)
        v.m[i].hidden = true;
    for (int i = 1; i < 5; i++) {
        struct event ev;
        event_init(&ev, EVENT_LOAD_MARKET, VENUE_POLYMARKET, 1);
        struct market *m = &ev.u.load_market.market;
        m->venue = VENUE_POLYMARKET;
        m->id = (market_id)(100 + i);
        snprintf(m->native, sizeof m->native, "%s", cond(i));
        pm_data_restore(v.d, &ev);
    }
    struct event ev;
    event_init(&ev, EVENT_LOAD_ORDER, VENUE_POLYMARKET, 1);
    ev.u.order.market = 101;
    ev.u.order.state = STATE_PENDING;
    pm_data_restore(v.d, &ev);
    ev.u.order.market = 102;
    ev.u.order.state = STATE_FILLED;
    ev.u.order.pos.status = POSITION_OPEN;
    pm_data_restore(v.d, &ev);
    ev.u.order.market = 103; /* over and closed */
    ev.u.order.pos.status = POSITION_CLOSED;
    pm_data_restore(v.d, &ev);
    pm_data_start(v.d, clock_now_us());
    UNTIL(got.of[1].snapshots == 1 && got.of[2].snapshots == 1 && got.of[0].snapshots == 1);
    turn_for(0.2);
    assert_false(got.of[3].told || got.of[4].told);
}

static void history_that_does_not_come(void **state) {
    (void)state;
    open_with(1, 1, "");
    v.slow_history = true;
    pm_data_start(v.d, clock_now_us());
    UNTIL(got.of[0].snapshots == 1); /* after three seconds */
    assert_int_equal(v.history, 2);
    assert_int_equal(got.of[0].candles, 0);
}

static void addresses_are_checked(void **state) {
    (void)state;
    char text[REASON_MAX];
    struct pm_markets_cfg m = {.words = ""};
    struct event_sink s = {sink, NULL};
    assert_null(pm_data_open(&(struct pm_hosts){.clob = "http://clob.example.org"}, &m, VENUE_POLYMARKET, s, text));
    assert_true(text[0]);
    assert_null(pm_data_open(&(struct pm_hosts){.stream = "https://x"}, &m, VENUE_POLYMARKET, s, text));
    assert_true(text[0]);
    struct pm_data *d = pm_data_open(NULL, &m, VENUE_SIM, s, text);
    assert_non_null(d);
    assert_string_equal(pm_data_hosts(d)->clob, "https://clob.polymarket.com");
    assert_string_equal(pm_data_hosts(d)->stream, "wss://ws-subscriptions-clob.polymarket.com/ws");
    pm_data_close(d);
}

int main(void) {
#define T(f) cmocka_unit_test_teardown(f, shut)
    const struct CMUnitTest tests[] = {
        T(markets_and_books), T(trades_are_told_once), T(a_new_tick_drops_the_book), T(the_end_of_a_market), T(a_cut_line_is_a_gap), T(a_lost_change_is_found),
        T(best_prices_that_do_not_fit), T(a_hash_that_does_not_come_out), T(what_cannot_be_read), T(a_snapshot_that_does_not_come), T(quiet_books_stay_fresh), T(needed_markets), T(people_ask_for_markets),
        T(what_is_held_comes_back), T(history_that_does_not_come), T(addresses_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
