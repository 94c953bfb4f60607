/* The trading side of Polymarket against a server of the test on the same loop: each request is answered by the first rule that fits it and
 * kept; market data and the user stream are stand-ins, the tracker is the real one. */
#ifndef TURRET_TESTS_PM_RIG_H
#define TURRET_TESTS_PM_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "turret/base/mem.h"
#include "turret/io/http.h"
#include "turret/io/httpd.h"
#include "turret/io/loop.h"
#include "venue/polymarket/trade/pm_trade.h"

#define RIG_KEY "5f1d9c3a7be24680d1ace0f2b4c6d8ea0123456789abcdef0fedcba987654321"
#define RIG_TOKEN_YES "71321045679252212594626385532706912750332728571942532289631379312455583992563"
#define RIG_TOKEN_NO "52114319501245915516055106046884209969926127482827954674443846427813813222426"
#define RIG_WALLET "0x3333333333333333333333333333333333333333"

struct rig_rule { /* NULL path: the end; times 0 = always */
    const char *method, *path;
    int status;
    const char *body; /* "%ID%" becomes the id of the last order sent, NULL: never answered */
    int times;
    struct httpd_header more[2];
};
struct rig_request { char method[8], path[160], query[256], address[64], signature[700], stamp[24], key[64], pass[64], type[40], *body; int64_t at_us; };

static struct rig {
    struct httpd *s;
    char url[64];
    struct rig_rule rules[32];
    int rule_count, used[32];
    struct rig_request got[512];
    int count, events, refreshed, caught_up;
    struct event *event[2048];
    struct pm_session session;
    struct pm_market market[2];
    struct pm_hosts hosts;
    struct level depth[2][8];
    int depth_count[2];
    char last_id[VENUE_ORDER_ID_MAX];
    struct pm_creds creds;
} R;

/* --- the server ------------------------------------------------------------------------------------------- */

static void rig_header(const struct httpd_request *q, const char *name, char *to, size_t cap) {
    const char *v = "";
    (void)httpd_header(q, name, &v);
    snprintf(to, cap, "%s", v);
}

static bool rig_head(void *ctx, const struct httpd_request *q) { return (void)ctx, (void)q, true; }
static void rig_done(void *ctx, httpd_handle h) { (void)ctx, (void)h; }
static size_t rig_refusal(void *ctx, int status, const char *what, char *body, size_t cap) { return (void)ctx, (size_t)snprintf(body, cap, "%d %s", status, what); }

static void rig_reply(httpd_handle h, const struct rig_rule *rule) {
    char body[20000];
    size_t n = 0;
    for (const char *p = rule->body; *p && n < sizeof body - 100;)
        if (!strncmp(p, "%ID%", 4)) {
            n += (size_t)snprintf(body + n, sizeof body - n, "%s", R.last_id);
            p += 4;
        } else {
            body[n++] = *p++;
        }
    struct httpd_answer a = {.status = rule->status, .type = "application/json", .body = body, .len = n, .more = {rule->more[0], rule->more[1]}};
    httpd_reply(R.s, h, &a);
}

static void rig_request(void *ctx, const struct httpd_request *q) {
    (void)ctx;
    assert_true(R.count < 512);
    struct rig_request *g = &R.got[R.count++];
    *g = (struct rig_request){.at_us = clock_mono_us(), .body = xstrdup(q->body ? q->body : "")};
    snprintf(g->method, sizeof g->method, "%s", q->method);
    snprintf(g->path, sizeof g->path, "%s", q->path);
    snprintf(g->query, sizeof g->query, "%s", q->query);
    rig_header(q, "POLY_ADDRESS", g->address, sizeof g->address);
    rig_header(q, "POLY_SIGNATURE", g->signature, sizeof g->signature);
    rig_header(q, "POLY_TIMESTAMP", g->stamp, sizeof g->stamp);
    rig_header(q, "POLY_API_KEY", g->key, sizeof g->key);
    rig_header(q, "POLY_PASSPHRASE", g->pass, sizeof g->pass);
    rig_header(q, "Content-Type", g->type, sizeof g->type);
    for (int i = 0; i < R.rule_count; i++) {
        const struct rig_rule *r = &R.rules[i];
        size_t n = strlen(r->path);
        bool fits = (!r->method || !strcmp(r->method, q->method)) && (r->path[n - 1] == '*' ? !strncmp(r->path, q->path, n - 1) : !strcmp(r->path, q->path));
        if (!fits || (r->times && R.used[i] >= r->times))
            continue;
        R.used[i]++;
        if (r->body)
            rig_reply(q->handle, r);
        return;
    }
    rig_reply(q->handle, &(struct rig_rule){.status = 404, .body = "{\"error\":\"no rule of the test fits\"}"});
}

__attribute__((unused)) static void rig_rules(const struct rig_rule *rules) {
    memset(R.used, 0, sizeof R.used);
    for (R.rule_count = 0; rules[R.rule_count].path; R.rule_count++)
        R.rules[R.rule_count] = rules[R.rule_count];
}
#define RULES(...) rig_rules((const struct rig_rule[]){__VA_ARGS__, {.path = NULL}})

__attribute__((unused)) static int rig_asked(const char *method, const char *path) {
    int n = 0;
    for (int i = 0; i < R.count; i++)
        n += !strcmp(R.got[i].method, method) && !strcmp(R.got[i].path, path);
    return n;
}
__attribute__((unused)) static const struct rig_request *rig_last(const char *path) {
    for (int i = R.count; i-- > 0;)
        if (!strcmp(R.got[i].path, path))
            return &R.got[i];
    fail_msg("%s was not asked", path);
    return NULL;
}

/* --- the loop ----------------------------------------------------------------------------------------------- */

static void rig_stop(struct ev_loop *loop, ev_timer *w, int events) { (void)w, (void)events, ev_break(loop, EVBREAK_ALL); }

/* Turns until the value is reached, at most ten seconds; then what is late still has a moment. */
__attribute__((unused)) static void rig_until(const int *value, int at_least) {
    ev_timer tick;
    int64_t end = clock_mono_us() + 10000000;
    ev_timer_init(&tick, rig_stop, 0.002, 0.002);
    ev_timer_start(loop_get(), &tick);
    while (*value < at_least && clock_mono_us() < end)
        ev_run(loop_get(), EVRUN_ONCE);
    ev_timer_stop(loop_get(), &tick);
    if (*value < at_least)
        fail_msg("waited for %d, got %d", at_least, *value);
}
__attribute__((unused)) static void rig_turn(double seconds) {
    ev_timer t;
    ev_now_update(loop_get());
    ev_timer_init(&t, rig_stop, seconds, 0.);
    ev_timer_start(loop_get(), &t);
    ev_run(loop_get(), 0);
    ev_timer_stop(loop_get(), &t);
}

/* --- events ---------------------------------------------------------------------------------------------------- */

static void rig_put(void *ctx, const struct event *ev) {
    (void)ctx;
    assert_true(R.events < 2048);
    assert_true(event_valid(ev, ev->size));
    R.event[R.events] = xmalloc(ev->size);
    memcpy(R.event[R.events++], ev, ev->size);
}
static int rig_events(enum event_type t) {
    int n = 0;
    for (int i = 0; i < R.events; i++)
        n += R.event[i]->type == t;
    return n;
}
__attribute__((unused)) static const struct event *rig_event(enum event_type t) { /* the last one */
    for (int i = R.events; i-- > 0;)
        if (R.event[i]->type == t)
            return R.event[i];
    fail_msg("no event %s", event_name(t));
    return NULL;
}
static void rig_forget(void) {
    for (int i = 0; i < R.events; i++)
        free(R.event[i]);
    for (int i = 0; i < R.count; i++)
        free(R.got[i].body);
    R.events = R.count = R.refreshed = R.caught_up = 0;
}
__attribute__((unused)) static bool rig_wait_event_of(enum event_type t) {
    int64_t end = clock_mono_us() + 10000000;
    ev_timer tick;
    ev_timer_init(&tick, rig_stop, 0.002, 0.002);
    ev_timer_start(loop_get(), &tick);
    while (rig_events(t) == 0 && clock_mono_us() < end)
        ev_run(loop_get(), EVRUN_ONCE);
    ev_timer_stop(loop_get(), &tick);
    return rig_events(t) > 0;
}
#define WAIT_EVENT(t) assert_true(rig_wait_event_of(t))

/* --- the whole --------------------------------------------------------------------------------------------------- */

static void rig_server_open(void) {
    char text[160];
    struct httpd_cfg cfg = {.listen = "127.0.0.1:0", .delete_bodies = true, .connections = 64, .streams = 1, .body_max = 1 << 20, .stream_unsent_max = 65536, .timeout_ms = 20000};
    static const struct httpd_ops ops = {rig_head, rig_request, rig_done, rig_refusal};
    assert_int_equal(httpd_open(&cfg, &ops, NULL, &R.s, text, sizeof text), ERR_OK);
    snprintf(R.url, sizeof R.url, "http://127.0.0.1:%d", httpd_port(R.s));
}

static void rig_market(int i, const char *symbol, bool neg_risk) {
    struct pm_market *m = &R.market[i];
    m->m.id = market_id_of(VENUE_POLYMARKET, symbol);
    m->m.venue = VENUE_POLYMARKET;
    m->m.kind = MARKET_BINARY;
    m->m.status = MARKET_OPEN;
    m->m.max_leverage = 1;
    m->m.tick = PRICE(10000);
    m->m.min_price = PRICE(10000);
    m->m.max_price = PRICE(990000);
    m->m.lot = QTY(10000);
    m->m.min_size = QTY(5000000);
    m->m.fee_kind = FEE_POLYMARKET;
    m->m.taker_ppm = 40000;
    m->fee_exponent = 1;
    m->protocol = 1;
    m->accepting = 1;
    m->neg_risk = neg_risk;
    snprintf(m->m.symbol, sizeof m->m.symbol, "%s", symbol);
    snprintf(m->token[0], sizeof m->token[0], "%s", RIG_TOKEN_YES);
    snprintf(m->token[1], sizeof m->token[1], "%s", RIG_TOKEN_NO);
}

/* A book: asks 0.50 x 100, 0.52 x 100; bids 0.48 x 100, 0.45 x 50. */
__attribute__((unused)) static void rig_book(void) {
    const struct level bids[] = {{PRICE(480000), QTY(100000000)}, {PRICE(450000), QTY(50000000)}}, asks[] = {{PRICE(500000), QTY(100000000)}, {PRICE(520000), QTY(100000000)}};
    memcpy(R.depth[BOOK_BID], bids, sizeof bids);
    memcpy(R.depth[BOOK_ASK], asks, sizeof asks);
    R.depth_count[0] = R.depth_count[1] = 2;
}

__attribute__((unused)) static void rig_open(int signature_type) {
    memset(&R, 0, sizeof R);
    rig_server_open();
    rig_market(0, "will-it-rain", false);
    rig_market(1, "who-wins-anna", true);
    rig_book();
    R.creds = (struct pm_creds){.key = "11112222-3333-4444-5555-666677778888", .secret = "c2VjcmV0IG9mIHRoZSB0ZXN0IHdpdGggLV8gaW4gaXQ=", .passphrase = "pass-of-the-test"};
    struct pm_session *s = &R.session;
    R.hosts = (struct pm_hosts){.clob = R.url, .geoblock = R.url};
    s->sink = (struct event_sink){rig_put, NULL};
    s->account = 7;
    s->chain_id = 137;
    s->signature_type = signature_type;
    s->balance = USD(-1);
    assert_int_equal(pm_key_new(RIG_KEY, strlen(RIG_KEY), &s->key), ERR_OK);
    if (signature_type == PM_EOA)
        s->wallet = *pm_key_address(s->key);
    else
        assert_true(pm_address_parse(RIG_WALLET, &s->wallet));
    s->clob = pm_clob_new(&R.hosts, 137, s->key);
    pm_clob_creds_set(s->clob, &R.creds);
    s->tracker = tracker_new(7, VENUE_POLYMARKET, s->sink);
    s->ready = true;
}
__attribute__((unused)) static void rig_close(void) {
    pm_clob_free(R.session.clob);
    tracker_free(R.session.tracker);
    pm_key_free(R.session.key);
    http_close_all();
    httpd_close(R.s);
    rig_forget();
}

#endif
