/* Market data against a venue on the same loop: what is listed, how books follow the stream, and each way in which a stream can lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <ev.h>

#include "support/loop_server.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/io/loop.h"
#include "venue/polymarket/pm_data.h"

#define MARKETS 70

/* --- the venue ---------------------------------------------------------------------------------------------------------------------------- */
struct lvl { int px /* thousandths */, size; };
struct fm { /* a market of it */
    struct lvl bids[6], asks[6];
    int n_bids, n_asks;
    int64_t ms;
    bool closed, dark, no_tokens, no_fee, hidden /* in no listing by volume */, subscribed;
    const char *prices, *tick, *listed_tick /* what listings say */;
    int snapshots; /* sent */
};
static struct {
    struct loop_server *server;
    struct loop_client *ws[8];
    int n_ws, opened;
    struct fm m[MARKETS];
    int n;
    bool no_snapshots, no_books, slow_history, hashes /* true ones */;
    int gamma, books, history, by_token, shorts;
    char last_subscription[65536];
    struct pm_data *d;
} v;

static const char *cond(int i) {
    static char s[4][80];
    static int k;
    snprintf(s[k = (k + 1) % 4], 80, "0x%064x", i + 0xa00);
    return s[k];
}
static const char *token(int i, int outcome) {
    static char s[4][80];
    static int k;
    snprintf(s[k = (k + 1) % 4], 80, "9900000000000000000000000000000000000000%010d%d", i, outcome + 1);
    return s[k];
}
static int market_in(const char *text) { /* whose condition or token it names */
    for (int i = 0; i < v.n; i++)
        if (strstr(text, cond(i)) || strstr(text, token(i, 0)) || strstr(text, token(i, 1)))
            return i;
    return -1;
}

static void gamma_json(struct str *s, int i) {
    const struct fm *m = &v.m[i];
    str_addf(s, "{\"id\":\"%d\",\"question\":\"Question %d?\",\"conditionId\":\"%s\",\"slug\":\"market-%d\",\"outcomes\":\"[\\\"Yes\\\",\\\"No\\\"]\",\"outcomePrices\":\"%s\",", i, i, cond(i), i,
             m->prices ? m->prices : "[\\\"0.5\\\",\\\"0.5\\\"]");
    if (!m->no_tokens)
        str_addf(s, "\"clobTokenIds\":\"[\\\"%s\\\",\\\"%s\\\"]\",", token(i, 0), token(i, 1));
    if (!m->no_fee)
        str_add(s, "\"feeSchedule\":{\"rate\":0.04,\"exponent\":1,\"takerOnly\":true},");
    str_addf(s, "\"feesEnabled\":true,\"feeType\":\"politics_fees\",\"orderPriceMinTickSize\":%s,\"orderMinSize\":5,\"closed\":%s,\"acceptingOrders\":%s,\"enableOrderBook\":%s,", m->listed_tick ? m->listed_tick : m->tick,
             m->closed ? "true" : "false", m->closed ? "false" : "true", m->dark ? "false" : "true");
    str_addf(s, "\"umaResolutionStatus\":%s,\"volume24hr\":%d,\"endDate\":\"2099-01-01T00:00:00Z\"}", m->closed ? "\"resolved\"" : "null", 1000 - i);
}

static void levels_json(struct str *s, const struct lvl *l, int n) {
    for (int k = n - 1; k >= 0; k--) /* the best one last */
        str_addf(s, "%s{\"price\":\"%g\",\"size\":\"%d\"}", k < n - 1 ? "," : "", l[k].px / 1000., l[k].size);
}
static void hash_of(int i, char out[41]) {
    const struct fm *m = &v.m[i];
    struct pm_summary sum = {.min_size = "5", .last = "0.5", .neg_risk = 0, .version = {0, 1}};
    char stamp[24];
    struct book *b = book_new();
    snprintf(out, 41, "x");
    for (int k = 0; k < m->n_bids; k++)
        book_set(b, BOOK_BID, PRICE(m->bids[k].px * 1000), QTY(m->bids[k].size * DEC_ONE));
    for (int k = 0; k < m->n_asks; k++)
        book_set(b, BOOK_ASK, PRICE(m->asks[k].px * 1000), QTY(m->asks[k].size * DEC_ONE));
    snprintf(sum.market, sizeof sum.market, "%s", cond(i));
    snprintf(sum.asset, sizeof sum.asset, "%s", token(i, 0));
    snprintf(sum.tick, sizeof sum.tick, "%s", m->tick);
    snprintf(stamp, sizeof stamp, "%lld", (long long)m->ms);
    if (v.hashes)
        pm_book_hash(&sum, stamp, b, out);
    book_free(b);
}
static void book_json(struct str *s, int i, bool event) {
    const struct fm *m = &v.m[i];
    char hash[41];
    hash_of(i, hash);
    str_addf(s, "{%s\"market\":\"%s\",\"asset_id\":\"%s\",\"timestamp\":\"%lld\",\"hash\":\"%s\",\"bids\":[", event ? "\"event_type\":\"book\"," : "", cond(i), token(i, 0), (long long)m->ms, hash);
    levels_json(s, m->bids, m->n_bids);
    str_add(s, "],\"asks\":[");
    levels_json(s, m->asks, m->n_asks);
    str_addf(s, "],\"min_order_size\":\"5\",\"tick_size\":\"%s\",\"neg_risk\":false,\"last_trade_price\":\"0.5\"}", m->tick);
}

static void tell_all(const char *text) {
    for (int k = 0; k < v.n_ws; k++)
        loop_ws_send(v.ws[k], text, strlen(text));
}
static void send_change(int i, int outcome, const char *side, int px, int size, const char *best) {
    char text[1024];
    v.m[i].ms++;
    snprintf(text, sizeof text, "{\"event_type\":\"price_change\",\"market\":\"%s\",\"timestamp\":\"%lld\",\"price_changes\":[{\"asset_id\":\"%s\",\"price\":\"0.%03d\",\"size\":\"%d\",\"side\":\"%s\"%s}]}\n",
             cond(i), (long long)v.m[i].ms, token(i, outcome), px, size, side, best);
    tell_all(text);
}

static void on_keyset(struct loop_client *c, const char *target) {
    struct str s = {0};
    const bool closed = strstr(target, "closed=true"), named = strstr(target, "condition_ids=");
    const char *after = strstr(target, "after_cursor=");
    int from = after ? atoi(after + 13) : 0, n = 0, i;
    v.gamma++;
    str_add(&s, "{\"markets\":[");
    for (i = from; i < v.n && n < 25; i++) {
        char want[100];
        snprintf(want, sizeof want, "condition_ids=%s", cond(i));
        if (v.m[i].closed != closed || (named ? !strstr(target, want) : v.m[i].hidden))
            continue;
        str_add(&s, n++ ? "," : "");
        gamma_json(&s, i);
    }
    str_addf(&s, "],\"next_cursor\":\"");
    if (i < v.n)
        str_addf(&s, "%d", i);
    str_add(&s, "\"}");
    loop_answer(c, 200, s.p);
    str_free(&s);
}

static void on_request(void *ctx, struct loop_client *c, const char *method, const char *target, const char *body) {
    struct str s = {0};
    int i = market_in(target);
    (void)ctx;
    if (strstr(target, "/markets/keyset")) {
        on_keyset(c, target);
        return;
    }
    if (!strncmp(target, "/prices-history", 15)) {
        v.history++;
        if (v.slow_history)
            return; /* never */
        const long long now = clock_now_us() / 1000000;
        str_addf(&s, "{\"history\":[{\"t\":%lld,\"p\":0.4},{\"t\":%lld,\"p\":0.45},{\"t\":%lld,\"p\":0.5}]}", now - 40000, now - 20000, now);
    } else if (!strcmp(target, "/books") && !strcmp(method, "POST")) {
        v.books++;
        if (v.no_books) {
            loop_answer(c, 405, "{\"error\":\"no\"}");
            return;
        }
        str_addc(&s, '[');
        for (int k = 0; k < v.n; k++)
            if (strstr(body, token(k, 0))) {
                str_add(&s, s.len > 1 ? "," : "");
                book_json(&s, k, false);
            }
        str_addc(&s, ']');
    } else if (i >= 0 && !strncmp(target, "/book?", 6)) {
        v.books++;
        book_json(&s, i, false);
    } else if (i >= 0 && !strncmp(target, "/markets-by-token/", 18)) {
        v.by_token++;
        str_addf(&s, "{\"condition_id\":\"%s\"}", cond(i));
    } else if (i >= 0 && !strncmp(target, "/clob-markets/", 14)) {
        v.shorts++;
        str_addf(&s, "{\"c\":\"%s\",\"t\":[{\"t\":\"%s\",\"o\":\"Yes\"},{\"t\":\"%s\",\"o\":\"No\"}],\"mts\":%s,\"mos\":15,\"ao\":true,\"fd\":{\"r\":0.07,\"e\":1,\"to\":true}}", cond(i), token(i, 0), token(i, 1), v.m[i].tick);
    } else if (!strncmp(target, "/markets/slug/market-", 21) && atoi(target + 21) < v.n) {
        gamma_json(&s, atoi(target + 21));
    } else if (!strcmp(target, "/events/slug/some-event")) {
        str_add(&s, "{\"slug\":\"some-event\",\"title\":\"E\",\"markets\":[");
        gamma_json(&s, v.n - 1);
        str_add(&s, "]}");
    } else if (!strcmp(target, "/tags/slug/rain")) {
        str_add(&s, "{\"id\":\"55\",\"label\":\"Rain\",\"slug\":\"rain\"}");
    } else if (!strncmp(target, "/public-search?", 15) && strstr(target, "q=fed%20rate")) {
        str_add(&s, "{\"events\":[{\"slug\":\"fed\",\"tags\":[{\"slug\":\"economy\"}],\"markets\":[");
        gamma_json(&s, v.n - 1);
        str_add(&s, "]}],\"tags\":null,\"profiles\":null,\"pagination\":{\"hasMore\":false}}");
    } else {
        loop_answer(c, 404, "{\"error\":\"market not found\"}");
        return;
    }
    loop_answer(c, 200, s.p);
    str_free(&s);
}

static void on_ws_open(void *ctx, struct loop_client *c, const char *target) {
    (void)ctx;
    assert_string_equal(target, "/ws/market");
    v.ws[v.n_ws++] = c;
    v.opened++;
}
static void on_gone(void *ctx, struct loop_client *c) {
    (void)ctx;
    for (int i = 0; i < v.n_ws; i++)
        if (v.ws[i] == c) {
            v.ws[i] = v.ws[--v.n_ws];
            return;
        }
}
/* Snapshots of what is newly subscribed, all in one message; twice the same asset gives nothing. */
static void on_ws_text(void *ctx, struct loop_client *c, const char *text, size_t len) {
    struct str s = {0};
    const bool off = strstr(text, "\"unsubscribe\"");
    (void)ctx, (void)len;
    snprintf(v.last_subscription, sizeof v.last_subscription, "%s", text);
    assert_true(strstr(text, "\"assets_ids\":[\"") != NULL);
    if (strstr(text, "\"type\":\"market\""))
        for (int i = 0; i < v.n; i++)
            v.m[i].subscribed = v.m[i].subscribed && v.n_ws > 1;
    for (int i = 0; i < v.n; i++) {
        assert_null(strstr(text, token(i, 1))); /* NO tokens are never asked for */
        if (!strstr(text, token(i, 0)))
            continue;
        if (!off && !v.m[i].subscribed && !v.no_snapshots) {
            str_add(&s, s.len ? "," : "[");
            book_json(&s, i, true);
            v.m[i].snapshots++;
        }
        v.m[i].subscribed = !off;
    }
    if (s.len) {
        str_add(&s, "]\n");
        loop_ws_send(c, s.p, s.len);
    }
    str_free(&s);
}

/* --- what the desk gets --------------------------------------------------------------------------------------------------------------------------- */
static struct {
    int n[EVENT_TYPE_COUNT];
    struct { struct market m; struct book *book; bool gap, told; int snapshots, gaps, beats, candles, late_candles, listings; uint8_t status, outcome; } of[MARKETS];
    struct ev_trade trade;
    bool up;
    char note[NOTE_MAX], venue_text[REASON_MAX];
    struct ev_health health;
} got;

static int place(market_id id) {
    for (int i = 0; i < MARKETS; i++)
        if (got.of[i].told && got.of[i].m.id == id)
            return i;
    fail_msg("an event of a market that was not listed");
    return -1;
}

static void sink(void *ctx, const struct event *ev) {
    (void)ctx;
    assert_true(event_valid(ev, ev->size));
    assert_int_equal(ev->venue, VENUE_POLYMARKET);
    got.n[ev->type]++;
    if (ev->type == EVENT_MARKET) {
        int i = market_in(ev->u.market.native);
        assert_true(i >= 0);
        got.of[i].m = ev->u.market;
        got.of[i].status = ev->u.market.status;
        got.of[i].told = true;
        got.of[i].listings++;
        if (!got.of[i].book)
            got.of[i].book = book_new();
    } else if (ev->type == EVENT_MARKET_STATUS) {
        int i = place(ev->u.market_status.market);
        got.of[i].status = ev->u.market_status.status;
        got.of[i].outcome = ev->u.market_status.outcome;
    } else if (ev->type == EVENT_BOOK) {
        const struct ev_book *b = &ev->u.book;
        int i = place(b->market);
        if (b->flags & BOOK_SNAPSHOT) {
            book_clear(got.of[i].book);
            got.of[i].snapshots++;
            got.of[i].gap = false;
        }
        if (b->flags & BOOK_GAP) {
            got.of[i].gap = true;
            got.of[i].gaps++;
        }
        got.of[i].beats += b->n_bids + b->n_asks == 0 && !b->flags;
        for (int k = 0; k < b->n_bids + b->n_asks; k++)
            book_set(got.of[i].book, k < b->n_bids ? BOOK_BID : BOOK_ASK, b->levels[k].px, b->levels[k].size);
    } else if (ev->type == EVENT_CANDLE) {
        int i = place(ev->u.candle.market);
        got.of[i].candles++;
        got.of[i].late_candles += got.of[i].snapshots > 0;
    } else if (ev->type == EVENT_TRADE) {
        got.trade = ev->u.trade;
    } else if (ev->type == EVENT_VENUE) {
        got.up = ev->u.venue_state.up;
        snprintf(got.venue_text, sizeof got.venue_text, "%s", ev->u.venue_state.text);
    } else if (ev->type == EVENT_NOTE) {
        snprintf(got.note, sizeof got.note, "%s", ev->u.note.text);
    } else if (ev->type == EVENT_HEALTH) {
        got.health = ev->u.health;
    }
}

/* --- running it --------------------------------------------------------------------------------------------------------------------------------------- */
static void stop_turning(struct ev_loop *loop, ev_timer *w, int events) {
    (void)w, (void)events;
    ev_break(loop, EVBREAK_ALL);
}
static void turn_for(double s) {
    ev_timer t;
    ev_timer_init(&t, stop_turning, s, 0.);
    ev_now_update(loop_get());
    ev_timer_start(loop_get(), &t);
    ev_run(loop_get(), 0);
    ev_timer_stop(loop_get(), &t);
}
#define UNTIL(what)                                                            \
    do {                                                                       \
        for (int left_ = 800; !(what); left_--) {                              \
            if (left_ == 0)                                                    \
                fail_msg("never: %s (note: %s)", #what, got.note);             \
            turn_for(0.01);                                                    \
        }                                                                      \
    } while (0)

static void open_with(int n, int top, const char *words) {
    char text[REASON_MAX], base[64], stream[64];
    memset(&got, 0, sizeof got);
    memset(&v, 0, sizeof v);
    v.n = n;
    for (int i = 0; i < n; i++)
        v.m[i] = (struct fm){.bids = {{450, 10 + i}, {440, 20}}, .asks = {{550, 30}, {560, 40}}, .n_bids = 2, .n_asks = 2, .ms = 1757908892000, .tick = "0.01"};
    v.server = loop_server_new(&(struct loop_handler){.request = on_request, .ws_open = on_ws_open, .ws_text = on_ws_text, .gone = on_gone});
    snprintf(base, sizeof base, "http://127.0.0.1:%d", loop_server_port(v.server));
    snprintf(stream, sizeof stream, "ws://127.0.0.1:%d/ws/", loop_server_port(v.server));
    struct pm_hosts h = {.clob = base, .gamma = base, .data = base, .stream = stream};
    v.d = pm_data_open(&h, &(struct pm_markets_cfg){.top = top, .words = words}, VENUE_POLYMARKET, (struct event_sink){sink, NULL}, text);
    assert_non_null(v.d);
    v.d->pace = (struct pm_pace){.again_us = 300000, .poll_every_us = 200000, .poll_quiet_us = 500000, .compare_every_us = PM_SECOND, .compare_often_us = PM_SECOND, .differ_again_us = 200000,
                                 .try_first_us = 100000, .snapshot_us = 300000, .beat_quiet_us = 1500000};
}
static int shut(void **state) {
    (void)state;
    if (v.d)
        pm_data_close(v.d);
    if (v.server)
        loop_server_free(v.server);
    turn_for(0.01);
    for (int i = 0; i < MARKETS; i++)
        book_free(got.of[i].book);
    memset(&got, 0, sizeof got);
    v.d = NULL;
    v.server = NULL;
    return 0;
}
static void start_with(int n, int top, const char *words) {
    open_with(n, top, words);
    pm_data_start(v.d, clock_now_us());
}
static market_id id_of(int i) { return got.of[i].m.id; }

static void markets_and_books(void **state) {
    (void)state;
    start_with(60, 55, "");
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
