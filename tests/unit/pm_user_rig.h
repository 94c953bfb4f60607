/* An account's side of Polymarket without a venue: markets, REST and stream are tables of the test, events are kept. */
#ifndef TURRET_TESTS_PM_USER_RIG_H
#define TURRET_TESTS_PM_USER_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <cjson/cJSON.h>
#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/io/loop.h"
#include "venue/polymarket/trade/pm_user_impl.h"

#define RIG static __attribute__((unused))
#define KEY "0aa0-key"
#define WALLET "0x3333333333333333333333333333333333333333"
#define YES "1111"
#define NO "2222"
#define COND "0x00000000000000000000000000000000000000000000000000000000000000aa"
#define ORDER_A "0xaaaa000000000000000000000000000000000000000000000000000000000001"
#define ORDER_B "0xbbbb000000000000000000000000000000000000000000000000000000000002"
#define EVENTS_MAX 512

struct answer { const char *path, *query /* part of it; NULL = any */, *body; enum err err; int asked, status /* of data, 0 = 200 */; };
struct asked { bool live, pages; char path[64], query[200]; pm_item_fn *item; pm_list_fn *end; pm_call_fn *done; void *ctx; };
struct got { bool live; char url[400]; http_done_fn *done; void *ctx; };
static struct rig {
    struct pm_session s;
    struct pm_market markets[4];
    int n_markets, n_hidden; /* hidden ones are listed when they are needed */
    bool can_list;
    struct event ev[EVENTS_MAX];
    int n_ev;
    struct answer answers[16], data[8];
    struct asked asked[64];
    struct got got[8];
    struct ws_handler ws;
    int reconnects, sends, queries, needs, overs;
    char sent[512];
    struct pm_creds creds;
} g;

/* --- the world around it ------------------------------------------------------------------------------------------ */
const struct pm_market *pm_market_by_id(const struct pm_data *d, market_id id) {
    (void)d;
    for (int i = 0; i < g.n_markets; i++)
        if (g.markets[i].m.id == id)
            return &g.markets[i];
    return NULL;
}
const struct pm_market *pm_market_by_token(const struct pm_data *d, const char *token, int *outcome) {
    (void)d;
    for (int i = 0; i < g.n_markets; i++)
        for (int k = 0; k < 2; k++)
            if (strcmp(g.markets[i].token[k], token) == 0) {
                *outcome = k;
                return &g.markets[i];
            }
    return NULL;
}
const struct pm_market *pm_market_by_condition(const struct pm_data *d, const char *condition) {
    (void)d;
    for (int i = 0; i < g.n_markets; i++)
        if (strcmp(g.markets[i].m.native, condition) == 0)
            return &g.markets[i];
    return NULL;
}
void pm_market_need(struct pm_data *d, const char *what, pm_market_fn *done, void *ctx) {
    int outcome;
    g.n_markets += g.can_list ? g.n_hidden : 0;
    g.n_hidden = g.can_list ? 0 : g.n_hidden;
    g.needs++;
    if (done != NULL)
        done(ctx, pm_market_by_token(d, what, &outcome));
}
void pm_market_over(struct pm_data *d, market_id id) { (void)d, (void)id, g.overs++; }
void pm_market_needs_drop(struct pm_data *d, const void *ctx) { (void)d, (void)ctx; }
const struct pm_hosts *pm_data_hosts(const struct pm_data *d) {
    static const struct pm_hosts h = {"http://127.0.0.1:1", "http://127.0.0.1:1", "http://127.0.0.1:1", "ws://127.0.0.1:1/ws", ""};
    (void)d;
    return &h;
}
enum err pm_orders_query(struct pm_orders *p, const struct order *o, int64_t now_us) {
    (void)p, (void)o, (void)now_us;
    g.queries++;
    return ERR_OK;
}

struct ws *ws_open(const struct ws_cfg *cfg, const struct ws_handler *h, char *text, size_t cap) {
    (void)text, (void)cap;
    assert_string_equal(cfg->url, "ws://127.0.0.1:1/ws/user");
    assert_string_equal(cfg->ping_text, "PING");
    g.ws = *h;
    return (struct ws *)&g;
}
bool ws_send(struct ws *w, const char *text, size_t len) {
    (void)w;
    g.sends++;
    snprintf(g.sent, sizeof g.sent, "%.*s", (int)len, text);
    return true;
}
void ws_reconnect(struct ws *w, const char *why, bool now) {
    (void)w, (void)now;
    g.reconnects++;
    g.ws.closed(g.ws.ctx, 0, why);
}
void ws_stats(const struct ws *w, struct ws_stats *out) { (void)w, *out = (struct ws_stats){.state = WS_OPEN, .connects = 3, .last_us = 77}; }
void ws_close(struct ws *w) { (void)w; }

const struct pm_creds *pm_clob_creds(const struct pm_clob *c) { (void)c; return &g.creds; }
int64_t pm_clob_skew_us(const struct pm_clob *c) { (void)c; return 0; }
static struct asked *asked_add(const struct pm_call *call, void *ctx) {
    for (size_t i = 0; i < sizeof g.asked / sizeof *g.asked; i++)
        if (!g.asked[i].live) {
            struct asked *a = &g.asked[i];
            *a = (struct asked){.live = true, .ctx = ctx};
            snprintf(a->path, sizeof a->path, "%s", call->path);
            snprintf(a->query, sizeof a->query, "%s", call->query != NULL ? call->query : "");
            return a;
        }
    fail_msg("too many calls");
    return NULL;
}
void pm_clob_call(struct pm_clob *c, const struct pm_call *call, pm_call_fn *done, void *ctx) {
    (void)c;
    asked_add(call, ctx)->done = done;
}
void pm_clob_pages(struct pm_clob *c, const struct pm_call *call, pm_item_fn *item, pm_list_fn *end, void *ctx) {
    (void)c;
    struct asked *a = asked_add(call, ctx);
    a->pages = true;
    a->item = item;
    a->end = end;
}
void pm_clob_drop(struct pm_clob *c, const void *ctx) {
    (void)c;
    for (size_t i = 0; i < sizeof g.asked / sizeof *g.asked; i++)
        if (g.asked[i].ctx == ctx)
            g.asked[i].live = false;
}
struct http_handle http_send(const struct http_request *r, http_done_fn *done, void *ctx) {
    for (uint32_t i = 0; i < sizeof g.got / sizeof *g.got; i++)
        if (!g.got[i].live) {
            g.got[i] = (struct got){.live = true, .done = done, .ctx = ctx};
            snprintf(g.got[i].url, sizeof g.got[i].url, "%s", r->url);
            return (struct http_handle){i + 1, 1};
        }
    fail_msg("too many requests");
    return (struct http_handle){0};
}
void http_cancel(struct http_handle h) {
    if (h.index > 0)
        g.got[h.index - 1].live = false;
}

/* --- answering ------------------------------------------------------------------------------------------------------ */
static struct cJSON *doc_of(const char *text) {
    struct cJSON *doc = NULL;
    struct json_err err;
    if (!json_parse(text, strlen(text), 1 << 20, &doc, &err))
        fail_msg("%s: %s", err.text, text);
    return doc;
}
static struct answer *answer_for(struct answer *list, int n, const char *path, const char *query) {
    for (int i = 0; i < n; i++)
        if (list[i].path != NULL && strstr(path, list[i].path) != NULL && (list[i].query == NULL || strstr(query, list[i].query) != NULL)) {
            list[i].asked++;
            return &list[i];
        }
    return NULL;
}
static void reply(struct asked a) {
    struct answer *w = answer_for(g.answers, 16, a.path, a.query);
    struct pm_error e = {.err = w != NULL ? w->err : ERR_OK, .retry_after_ms = -1};
    struct http_answer h = {.status = 200};
    const char *body = w != NULL && w->body != NULL ? w->body : a.pages ? "[]" : "{}";
    struct cJSON *doc = doc_of(body);
    if (e.err != ERR_OK)
        str_copy(e.text, sizeof e.text, "Unauthorized/Invalid api key");
    if (!a.pages) {
        a.done(a.ctx, &e, e.err == ERR_OK ? doc : NULL, &h);
    } else {
        struct json_err err = {0};
        struct json root = json_root(doc, &err);
        for (struct json it = json_first(&root); e.err == ERR_OK && it.node != NULL; it = json_next(&it))
            if (!a.item(a.ctx, &it))
                break;
        a.end(a.ctx, &e);
    }
    cJSON_Delete(doc);
}
/* Answers all that is asked until nothing is. */
RIG void pump(void) {
    for (bool any = true; any;) {
        any = false;
        for (size_t i = 0; i < sizeof g.asked / sizeof *g.asked; i++)
            if (g.asked[i].live) {
                struct asked a = g.asked[i];
                g.asked[i].live = false;
                any = true;
                reply(a);
            }
        for (size_t i = 0; i < sizeof g.got / sizeof *g.got; i++)
            if (g.got[i].live) {
                struct got q = g.got[i];
                struct answer *w = answer_for(g.data, 8, q.url, q.url);
                const char *body = w != NULL && w->body != NULL ? w->body : "{\"data\":[],\"pagination\":{\"has_more\":false}}";
                struct http_answer a = {.err = w != NULL ? w->err : ERR_OK, .status = w != NULL && w->status ? w->status : 200, .body = body, .body_len = strlen(body)};
                g.got[i].live = false;
                any = true;
                q.done(q.ctx, &a);
            }
    }
}
RIG int waiting_calls(const char *path) {
    int n = 0;
    for (size_t i = 0; i < sizeof g.asked / sizeof *g.asked; i++)
        n += g.asked[i].live && strstr(g.asked[i].path, path) != NULL;
    return n;
}
static void on_stop(struct ev_loop *loop, ev_timer *w, int events) { (void)w, (void)events, ev_break(loop, EVBREAK_ALL); }
RIG void run_ms(int ms) {
    ev_timer stop;
    ev_now_update(loop_get());
    ev_timer_init(&stop, on_stop, ms / 1000., 0.);
    ev_timer_start(loop_get(), &stop);
    ev_run(loop_get(), 0);
    ev_timer_stop(loop_get(), &stop);
}

/* --- what it told ----------------------------------------------------------------------------------------------------- */
static void rig_put(void *ctx, const struct event *ev) {
    (void)ctx;
    assert_true(event_valid(ev, ev->size));
    assert_true(g.n_ev < EVENTS_MAX);
    memcpy(&g.ev[g.n_ev++], ev, ev->size);
}
RIG int count(enum event_type t) {
    int n = 0;
    for (int i = 0; i < g.n_ev; i++)
        n += g.ev[i].type == t;
    return n;
}
/* The nth (from 0) of a type; the test ends where there is none. */
RIG const union event_body *nth(enum event_type t, int n) {
    for (int i = 0; i < g.n_ev; i++)
        if (g.ev[i].type == t && n-- == 0)
            return &g.ev[i].u;
    fail_msg("no such event: %s", event_name(t));
    return NULL;
}

static void market_set(int i, market_id id, const char *yes, const char *no, const char *condition) {
    struct pm_market *m = &g.markets[i];
    *m = (struct pm_market){.m = {.id = id, .venue = VENUE_POLYMARKET, .kind = MARKET_BINARY, .taker_ppm = 50000}, .protocol = 1, .fee_exponent = 1};
    str_copy(m->token[0], sizeof m->token[0], yes);
    str_copy(m->token[1], sizeof m->token[1], no);
    str_copy(m->m.native, sizeof m->m.native, condition);
}

static int rig_start(void **st) {
    (void)st;
    memset(&g, 0, sizeof g);
    str_copy(g.creds.key, sizeof g.creds.key, KEY);
    str_copy(g.creds.secret, sizeof g.creds.secret, "c2VjcmV0");
    str_copy(g.creds.passphrase, sizeof g.creds.passphrase, "pass");
    market_set(0, 42, YES, NO, COND);
    g.n_markets = 1;
    g.s = (struct pm_session){.account = 7, .sink = {rig_put, NULL}, .signature_type = 3, .chain_id = 137, .orders = (struct pm_orders *)&g};
    pm_address_parse(WALLET, &g.s.wallet);
    g.s.tracker = tracker_new(7, VENUE_POLYMARKET, g.s.sink);
    g.s.user = pm_user_new(&g.s);
    return 0;
}
static int rig_stop(void **st) {
    (void)st;
    pm_user_free(g.s.user);
    tracker_free(g.s.tracker);
    return 0;
}

RIG void order_sent(order_id id, const char *venue_id, enum order_side side, enum order_action action, int64_t px, int64_t size) {
    struct order o = {.id = id, .account = 7, .market = 42, .side = (uint8_t)side, .action = (uint8_t)action, .type = ORDER_LIMIT, .limit = PRICE(px), .size = QTY(size)};
    str_copy(o.venue_id, sizeof o.venue_id, venue_id);
    tracker_sent(g.s.tracker, &o, clock_now_us());
}
RIG void trade_doc(const char *text) {
    struct cJSON *doc = doc_of(text);
    struct json_err err = {0};
    struct json root = json_root(doc, &err);
    pm_user_trade(g.s.user, &root, 0, clock_now_us());
    cJSON_Delete(doc);
}
RIG void order_doc(const char *text) {
    struct cJSON *doc = doc_of(text);
    struct json_err err = {0};
    struct json root = json_root(doc, &err);
    pm_user_order(g.s.user, &root, 0, clock_now_us());
    cJSON_Delete(doc);
}
__attribute__((format(printf, 1, 2))) RIG void hear(const char *fmt, ...) {
    char text[4096];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    g.ws.message(g.ws.ctx, text, (size_t)n);
}

#endif
