/* What the tests of market data share: a venue on the same loop (listings, books, history, the stream), what the desk is told, and the loop run
 * until something is so. */
#ifndef TURRET_TESTS_PM_DATA_RIG_H
#define TURRET_TESTS_PM_DATA_RIG_H

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
#include "venue/polymarket/market/pm_data.h"

#define MARKETS 70

/* --- the venue ---------------------------------------------------------------------------------------------------------------------------- */
struct lvl { int px /* thousandths */, size; };
struct fm { /* a market of it */
    struct lvl bids[6], asks[6];
    int n_bids, n_asks;
    int64_t ms;
    bool closed, dark, no_tokens, no_fee, little /* says less than orders need */, hidden /* in no listing by volume */, subscribed;
    const char *prices, *tick, *listed_tick /* what listings say */;
    int snapshots; /* sent */
};
static struct {
    struct loop_server *server;
    struct loop_client *ws[8];
    int n_ws, opened;
    struct fm m[MARKETS];
    int n;
    bool no_snapshots, no_books, slow_history, hashes /* true ones */, by_offset /* lists */, no_shorts, no_by_token, neg_risk;
    int gamma, books, history, by_token, shorts;
    char last_subscription[65536];
    struct pm_data *d;
} v;

static inline const char *cond(int i) {
    static char s[4][80];
    static int k;
    snprintf(s[k = (k + 1) % 4], 80, "0x%064x", i + 0xa00);
    return s[k];
}
static inline const char *token(int i, int outcome) {
    static char s[4][80];
    static int k;
    snprintf(s[k = (k + 1) % 4], 80, "9900000000000000000000000000000000000000%010d%d", i, outcome + 1);
    return s[k];
}
static inline int market_in(const char *text) { /* whose condition or token it names */
    for (int i = 0; i < v.n; i++)
        if (strstr(text, cond(i)) || strstr(text, token(i, 0)) || strstr(text, token(i, 1)))
            return i;
    return -1;
}

static inline void gamma_json(struct str *s, int i) {
    const struct fm *m = &v.m[i];
    str_addf(s, "{\"id\":\"%d\",\"question\":\"Question %d?\",\"conditionId\":\"%s\",\"slug\":\"market-%d\",\"outcomes\":\"[\\\"Yes\\\",\\\"No\\\"]\",\"outcomePrices\":\"%s\",", i, i, cond(i), i,
             m->prices ? m->prices : "[\\\"0.5\\\",\\\"0.5\\\"]");
    if (!m->no_tokens)
        str_addf(s, "\"clobTokenIds\":\"[\\\"%s\\\",\\\"%s\\\"]\",", token(i, 0), token(i, 1));
    if (!m->no_fee)
        str_add(s, "\"feeSchedule\":{\"rate\":0.04,\"exponent\":1,\"takerOnly\":true},");
    if (m->little) {
        str_addf(s, "\"orderPriceMinTickSize\":%s,\"orderMinSize\":5,\"closed\":false,\"volume24hr\":%d}", m->tick, 1000 - i);
        return;
    }
    str_addf(s, "\"feesEnabled\":true,\"negRisk\":false,\"feeType\":\"politics_fees\",\"orderPriceMinTickSize\":%s,\"orderMinSize\":5,\"closed\":%s,\"acceptingOrders\":%s,\"enableOrderBook\":%s,", m->listed_tick ? m->listed_tick : m->tick,
             m->closed ? "true" : "false", m->closed ? "false" : "true", m->dark ? "false" : "true");
    str_addf(s, "\"umaResolutionStatus\":%s,\"volume24hr\":%d,\"endDate\":\"2099-01-01T00:00:00Z\"}", m->closed ? "\"resolved\"" : "null", 1000 - i);
}

static inline void levels_json(struct str *s, const struct lvl *l, int n) {
    for (int k = n - 1; k >= 0; k--) /* the best one last */
        str_addf(s, "%s{\"price\":\"%g\",\"size\":\"%d\"}", k < n - 1 ? "," : "", l[k].px / 1000., l[k].size);
}
static inline void hash_of(int i, char out[41]) {
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
static inline void book_json(struct str *s, int i, bool event) {
    const struct fm *m = &v.m[i];
    char hash[41];
    hash_of(i, hash);
    str_addf(s, "{%s\"market\":\"%s\",\"asset_id\":\"%s\",\"timestamp\":\"%lld\",\"hash\":\"%s\",\"bids\":[", event ? "\"event_type\":\"book\"," : "", cond(i), token(i, 0), (long long)m->ms, hash);
    levels_json(s, m->bids, m->n_bids);
    str_add(s, "],\"asks\":[");
    levels_json(s, m->asks, m->n_asks);
    str_addf(s, "],\"min_order_size\":\"5\",\"tick_size\":\"%s\",\"neg_risk\":false,\"last_trade_price\":\"0.5\"}", m->tick);
}

static inline void tell_all(const char *text) {
    for (int k = 0; k < v.n_ws; k++)
        loop_ws_send(v.ws[k], text, strlen(text));
}
static inline void send_change(int i, int outcome, const char *side, int px, int size, const char *best) {
    char text[1024];
    v.m[i].ms++;
    snprintf(text, sizeof text, "{\"event_type\":\"price_change\",\"market\":\"%s\",\"timestamp\":\"%lld\",\"price_changes\":[{\"asset_id\":\"%s\",\"price\":\"0.%03d\",\"size\":\"%d\",\"side\":\"%s\"%s}]}\n",
             cond(i), (long long)v.m[i].ms, token(i, outcome), px, size, side, best);
    tell_all(text);
}

static inline void on_keyset(struct loop_client *c, const char *target) {
    struct str s = {0};
    const bool list = !strncmp(target, "/markets?", 9), tokens = strstr(target, "clob_token_ids=");
    const bool closed = strstr(target, "closed=true"), named = strstr(target, "condition_ids=");
    const char *after = strstr(target, list ? "offset=" : "after_cursor=");
    int from = after ? atoi(strchr(after, '=') + 1) : 0, n = 0, i;
    v.gamma++;
    str_add(&s, list ? "[" : "{\"markets\":[");
    for (i = from; i < v.n && n < 25; i++) {
        char want[100];
        snprintf(want, sizeof want, "condition_ids=%s", cond(i));
        if (v.m[i].closed != closed || (named ? !strstr(target, want) : tokens ? !strstr(target, token(i, 0)) && !strstr(target, token(i, 1)) : v.m[i].hidden))
            continue;
        str_add(&s, n++ ? "," : "");
        gamma_json(&s, i);
    }
    if (!list)
        str_addf(&s, "],\"next_cursor\":\"");
    if (!list && i < v.n)
        str_addf(&s, "%d", i);
    str_add(&s, list ? "]" : "\"}");
    loop_answer(c, 200, s.p);
    str_free(&s);
}

static inline void on_request(void *ctx, struct loop_client *c, const char *method, const char *target, const char *body) {
    struct str s = {0};
    int i = market_in(target);
    (void)ctx;
    if (!strncmp(target, v.by_offset ? "/markets?" : "/markets/keyset?", v.by_offset ? 9 : 16)) {
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
    } else if (i >= 0 && !strncmp(target, "/neg-risk?token_id=", 19)) {
        str_addf(&s, "{\"neg_risk\":%s}", v.neg_risk ? "true" : "false");
    } else if (i >= 0 && !v.no_by_token && !strncmp(target, "/markets-by-token/", 18)) {
        v.by_token++;
        str_addf(&s, "{\"condition_id\":\"%s\"}", cond(i));
    } else if (i >= 0 && !v.no_shorts && !strncmp(target, "/clob-markets/", 14)) {
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

static inline void on_ws_open(void *ctx, struct loop_client *c, const char *target) {
    (void)ctx;
    assert_string_equal(target, "/ws/market");
    v.ws[v.n_ws++] = c;
    v.opened++;
}
static inline void on_gone(void *ctx, struct loop_client *c) {
    (void)ctx;
    for (int i = 0; i < v.n_ws; i++)
        if (v.ws[i] == c) {
            v.ws[i] = v.ws[--v.n_ws];
            return;
        }
}
/* Snapshots of what is newly subscribed, all in one message; twice the same asset gives nothing. */
static inline void on_ws_text(void *ctx, struct loop_client *c, const char *text, size_t len) {
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

static inline int place(market_id id) {
    for (int i = 0; i < MARKETS; i++)
        if (got.of[i].told && got.of[i].m.id == id)
            return i;
    fail_msg("an event of a market that was not listed");
    return -1;
}

static inline void sink(void *ctx, const struct event *ev) {
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
static inline void stop_turning(struct ev_loop *loop, ev_timer *w, int events) {
    (void)w, (void)events;
    ev_break(loop, EVBREAK_ALL);
}
static inline void turn_for(double s) {
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

static inline void open_with(int n, int top, const char *words) {
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
static inline int shut(void **state) {
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
static inline void start_with(int n, int top, const char *words) {
    open_with(n, top, words);
    pm_data_start(v.d, clock_now_us());
}
static inline market_id id_of(int i) { return got.of[i].m.id; }

#endif
