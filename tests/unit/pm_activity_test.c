/* Trades of followed wallets: told once, in order, whatever the pages, the caches and the duplicates look like. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "support/ws_peer.h"
#include "turret/base/str.h"
#include "turret/io/http.h"
#include "turret/io/loop.h"
#include "venue/polymarket/market/pm_activity.h"
#include "venue/polymarket/market/pm_activity_rows.h"

#define WALLET "0xAb5801a7D398351b8bE11C439e05C5B3259aeC9B"
#define WALLET_LOW "0xab5801a7d398351b8be11c439e05c5b3259aec9b"
#define OTHER "0x00000000000000000000000000000000000000aa"

/* --- the table of markets, as pm_data has it: market k has the tokens k * 2 + 10 (YES), + 11 (NO) --- */
enum { MARKETS = 8 };
static struct pm_market markets[MARKETS];
static bool listed[MARKETS], refused[MARKETS], bare[MARKETS] /* no book yet */;
static struct need { pm_market_fn *done; void *ctx; int k; bool on; } needs[64];
static int need_count, asked[MARKETS];

static void condition_of(int k, char out[PM_CONDITION_MAX]) { snprintf(out, PM_CONDITION_MAX, "0x%064x", 0xc0 + k); }
static void markets_init(void) {
    memset(listed, 0, sizeof listed), memset(refused, 0, sizeof refused), memset(bare, 0, sizeof bare), memset(asked, 0, sizeof asked), memset(needs, 0, sizeof needs), need_count = 0;
    for (int k = 0; k < MARKETS; k++) {
        markets[k] = (struct pm_market){.m = {.id = 1000 + (market_id)k}};
        condition_of(k, markets[k].m.native);
        snprintf(markets[k].token[0], PM_TOKEN_MAX, "%d", k * 2 + 10);
        snprintf(markets[k].token[1], PM_TOKEN_MAX, "%d", k * 2 + 11);
        listed[k] = k < 4;
    }
}
const struct pm_market *pm_market_by_token(const struct pm_data *d, const char *token, int *outcome) {
    (void)d;
    int n = atoi(token) - 10;
    if (n < 0 || n / 2 >= MARKETS || !listed[n / 2])
        return NULL;
    *outcome = n % 2;
    return &markets[n / 2];
}
bool pm_touch(const struct pm_data *d, market_id id, price *bid, price *ask, int64_t *at_us) {
    (void)d, (void)bid, (void)ask, (void)at_us;
    return !bare[id - 1000];
}
void pm_market_need(struct pm_data *d, const char *condition, pm_market_fn *done, void *ctx) {
    (void)d;
    int k = (int)strtol(condition + 58, NULL, 16) - 0xc0;
    asked[k]++;
    if (listed[k] || refused[k]) {
        done(ctx, listed[k] ? &markets[k] : NULL);
        return;
    }
    needs[need_count++ % 64] = (struct need){done, ctx, k, true};
}
void pm_market_needs_drop(struct pm_data *d, const void *ctx) {
    (void)d;
    for (int i = 0; i < 64; i++)
        needs[i].on = needs[i].on && needs[i].ctx != ctx;
}
static void list_market(int k, bool found) {
    listed[k] = found;
    refused[k] = !found;
    for (int i = 0; i < 64; i++)
        if (needs[i].on && needs[i].k == k) {
            needs[i].on = false;
            needs[i].done(needs[i].ctx, found ? &markets[k] : NULL);
        }
}

/* --- the server: rows that are seen from a certain request on --- */
struct row { int ago, from; unsigned tx; int token; const char *side, *size, *px, *extra; };
static struct row rows[600];
static int row_count, page_rows, combo;
static int64_t base_s, clock_off_s;
static const char *wallet_of_rows;
static bool only_old; /* GET /activity: an array, names in camel case */
enum { REQUESTS, FAILS /* so many answers are errors */, STATUS, LIVE /* rows seen from that request on are held back unless it is reached */, STARTS = 10 };

static void row_add(int ago, int from, unsigned tx, int token, const char *side, const char *size, const char *px) {
    rows[row_count++] = (struct row){ago, from, tx, token, side, size, px, NULL};
}

static void row_write(struct str *s, const struct row *r) {
    char condition[PM_CONDITION_MAX];
    condition_of((r->token - 10) / 2, condition);
    str_addf(s, "{\"proxy_wallet\":\"%s\",\"timestamp\":%lld,\"condition_id\":\"%.*s\",\"type\":\"TRADE\",\"size\":%s,\"usdc_size\":1.5,\"transaction_hash\":\"0x%064x\",", wallet_of_rows,
             (long long)(base_s + clock_off_s - r->ago), r->extra && !strcmp(r->extra, "combo") ? 64 : 66, condition, r->size, r->tx);
    str_addf(s, "\"price\":%s,\"token_id\":\"%d\",\"side\":\"%s\",\"outcome_index\":999,\"title\":\"T\",\"future\":{\"x\":[1]}}", r->px, r->token, r->side);
}

static void answer(struct ws_line *l, const char *head) {
    struct str body = {0}, out = {0};
    const char *start_at = strstr(head, "start="), *cursor = strstr(head, "cursor=c");
    long long start = start_at ? atoll(start_at + 6) : 0, skip = cursor ? atoll(cursor + 8) : 0;
    const char *user = strstr(head, "user=");
    int limit = strstr(head, "limit=") ? atoi(strstr(head, "limit=") + 6) : 100, given = 0, seen = 0, n = ++l->shared[REQUESTS];
    bool more = false, fails = l->shared[FAILS] > 0;
    l->shared[FAILS] -= fails;
    if (n < 900)
        l->shared[STARTS + n] = (int)(start - base_s);
    limit = page_rows && page_rows < limit ? page_rows : limit;
    str_add(&body, "{\"data\":[");
    for (int i = 0; i < row_count; i++) { /* the table stands newest first */
        if (rows[i].from > n || base_s + clock_off_s - rows[i].ago < start || !user || strncmp(user + 5, wallet_of_rows, 42) != 0)
            continue;
        if (seen++ < skip)
            continue;
        if (given == limit) {
            more = true;
            break;
        }
        str_add(&body, given++ ? "," : "");
        row_write(&body, &rows[i]);
    }
    str_addf(&body, "],\"pagination\":{\"limit\":%d,\"offset\":0,\"has_more\":%s,\"next_cursor\":", limit, more ? "true" : "false");
    if (more)
        str_addf(&body, "\"c%lld\"}}", skip + given);
    else
        str_add(&body, "null}}");
    if (fails) {
        str_reset(&body);
        str_add(&body, "{\"error\":\"upstream \x1b[2J down\",\"code\":\"x\",\"retryable\":true}");
    }
    char date[64];
    time_t now = time(NULL) + (time_t)clock_off_s;
    struct tm tm;
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &tm));
    str_addf(&out, "HTTP/1.1 %d X\r\nDate: %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s", fails ? l->shared[STATUS] : 200, date, body.len, body.p);
    peer_write(l, out.p, out.len);
    str_free(&body);
    str_free(&out);
}

static void answer_old(struct ws_line *l, const char *head) {
    struct str body = {0}, out = {0};
    long long start = atoll(strstr(head, "start=") + 6);
    int n = ++l->shared[REQUESTS], given = 0;
    str_add(&body, "[");
    for (int i = 0; i < row_count; i++) {
        const struct row *r = &rows[i];
        char condition[PM_CONDITION_MAX];
        condition_of((r->token - 10) / 2, condition);
        if (r->from > n || base_s - r->ago < start)
            continue;
        str_addf(&body, "%s{\"proxyWallet\":\"%s\",\"timestamp\":%lld,\"conditionId\":\"%s\",\"type\":\"TRADE\",\"size\":%s,\"transactionHash\":\"0x%064x\",\"price\":%s,\"asset\":\"%d\",\"side\":\"%s\"}",
                 given++ ? "," : "", wallet_of_rows, (long long)(base_s - r->ago), condition, r->size, r->tx, r->px, r->token, r->side);
    }
    str_add(&body, "]");
    str_addf(&out, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s", body.len, body.p);
    peer_write(l, out.p, out.len);
    str_free(&body);
    str_free(&out);
}

static void peer_data(struct ws_line *l) {
    char head[4096];
    for (;;) {
        size_t n = 0;
        head[0] = 0;
        while (n < 4095 && !strstr(head, "\r\n\r\n")) {
            if (!peer_read(l, head + n, 1))
                return;
            head[++n] = 0;
        }
        if (only_old && !strncmp(head, "GET /v2/", 8))
            peer_write(l, "HTTP/1.1 404 X\r\nContent-Length: 3\r\n\r\nno\n", 43);
        else if (only_old && !strncmp(head, "GET /activity?", 14))
            answer_old(l, head);
        else if (!strncmp(head, "GET /v2/activity?", 17) && strstr(head, "type=TRADE"))
            answer(l, head);
        else
            return;
    }
}

/* --- what was told --- */
static struct target_trade told[2000];
static int told_n, notes, want;
static char last_note[NOTE_MAX], ids[2000][VENUE_ORDER_ID_MAX];
static void put(void *ctx, const struct event *ev) {
    (void)ctx;
    assert_int_equal(ev->venue, VENUE_SIM);
    assert_true(event_valid(ev, ev->size));
    if (ev->type == EVENT_NOTE) {
        notes++;
        str_copy(last_note, sizeof last_note, ev->u.note.text);
        return;
    }
    assert_int_equal(ev->type, EVENT_TARGET_TRADE);
    for (int i = 0; i < told_n; i++)
        assert_string_not_equal(told[i].trade, ev->u.target.trade); /* each once */
    told[told_n++] = ev->u.target;
    if (told_n == want)
        ev_break(loop_get(), EVBREAK_ALL);
}

static struct ws_peer server;
static struct pm_hosts hosts;
static char host[64];
static struct pm_activity *act;

static int fresh(void **state) {
    (void)state;
    markets_init();
    row_count = page_rows = combo = told_n = notes = want = 0;
    clock_off_s = 0;
    only_old = false;
    base_s = time(NULL);
    wallet_of_rows = WALLET_LOW;
    last_note[0] = 0;
    return 0;
}
static void begin(void) { /* after the rows are set: the server's processes see them as they are now */
    server = ws_peer_start(peer_data, NULL, NULL);
    snprintf(host, sizeof host, "http://127.0.0.1:%d", server.port);
    hosts = (struct pm_hosts){.data = host};
    act = pm_activity_new(NULL, &hosts, (struct event_sink){put, NULL}, VENUE_SIM);
    pm_activity_pace(act, 30);
}
static int finish(void **state) {
    (void)state;
    pm_activity_free(act);
    act = NULL;
    if (server.pid)
        ws_peer_stop(&server);
    http_close_all();
    return 0;
}
static enum err follow(const char *wallet, int64_t since_us, bool on) {
    struct fx_activity fx = {.since_us = since_us, .on = on};
    int before = told_n;
    str_copy(fx.wallet, sizeof fx.wallet, wallet);
    enum err e = pm_activity_follow(act, &fx, clock_now_us());
    assert_int_equal(told_n, before);
    return e;
}
static void fired(struct ev_loop *loop, ev_timer *t, int events) {
    (void)t, (void)events;
    ev_break(loop, EVBREAK_ALL);
}
static void turn(double seconds) {
    ev_timer t;
    ev_timer_init(&t, fired, seconds, 0.);
    ev_now_update(loop_get());
    ev_timer_start(loop_get(), &t);
    ev_run(loop_get(), 0);
    ev_timer_stop(loop_get(), &t);
}
static void until_requests(int n) {
    for (int i = 0; i < 400 && server.shared[REQUESTS] < n; i++)
        turn(0.02);
    assert_true(server.shared[REQUESTS] >= n);
    turn(0.05);
}

/* --- tests --- */

static void baseline_then_news(void **state) {
    (void)state;
    row_add(-1, 4, 0x33, 12, "SELL", "5", "0.25");
    row_add(0, 2, 0x22, 11, "BUY", "22.84", "0.52");
    row_add(10, 1, 0x11, 10, "BUY", "\"7.44\"", "\".9\"");
    row_add(900, 1, 0x10, 10, "BUY", "1", "0.5");
    begin();
    assert_int_equal(follow(WALLET, 0, true), ERR_OK);
    assert_int_equal(pm_activity_count(act), 1);
    until_requests(6);
    assert_int_equal(told_n, 4);
    assert_string_equal(told[0].wallet, WALLET_LOW);
    assert_true(told[0].baseline && told[1].baseline && !told[2].baseline && !told[3].baseline); /* oldest first; only the first read is history */
    assert_int_equal(told[1].px.micro, 900000);
    assert_int_equal(told[1].size.micro, 7440000);
    assert_int_equal(told[1].at_us, (base_s - 10) * 1000000);
    assert_true(told[1].side == SIDE_YES && told[1].action == ACTION_BUY && told[1].market == 1000);
    assert_true(told[2].side == SIDE_NO && told[2].size.micro == 22840000 && told[2].px.micro == 520000);
    assert_true(told[3].side == SIDE_YES && told[3].action == ACTION_SELL && told[3].market == 1001);
    assert_int_equal(notes, 0);
}

static void the_interface_of_before(void **state) { /* where there is no other */
    (void)state;
    only_old = true;
    row_add(0, 3, 0x22, 11, "BUY", "22.84", "0.52");
    row_add(10, 1, 0x11, 10, "SELL", "\"7.44\"", "\".9\"");
    begin();
    follow(WALLET, 0, true);
    until_requests(6);
    assert_int_equal(told_n, 2);
    assert_true(told[0].baseline && !told[1].baseline);
    assert_true(told[1].side == SIDE_NO && told[1].size.micro == 22840000 && told[1].px.micro == 520000);
    assert_int_equal(notes, 0);
}

static void late_history_is_history(void **state) { /* rows from before that a cache kept back are not followed */
    (void)state;
    row_add(20, 3, 0x22, 10, "BUY", "5", "0.5");
    row_add(30, 1, 0x11, 10, "BUY", "5", "0.5");
    begin();
    follow(WALLET, 0, true);
    until_requests(5);
    assert_int_equal(told_n, 2);
    assert_true(told[1].baseline);
    assert_int_equal(told[1].at_us, (base_s - 20) * 1000000);
}

static void since_then(void **state) { /* after a restart: what happened meanwhile is told, what comes before is not */
    (void)state;
    for (int i = 0; i < 40; i++)
        row_add(i * 10, 1, (unsigned)(0x100 + i), 10, "BUY", "5", "0.5");
    page_rows = 7;
    begin();
    follow(WALLET, (base_s - 205) * 1000000, true);
    until_requests(6);
    assert_int_equal(told_n, 21);
    for (int i = 0; i < told_n; i++) {
        assert_false(told[i].baseline);
        assert_true(i == 0 || told[i].at_us > told[i - 1].at_us);
    }
    assert_int_equal(told[0].at_us, (base_s - 200) * 1000000);
}

static void several_of_one_transaction(void **state) {
    (void)state;
    const char *size[] = {"5", "5", "5", "6", "5", "5"};
    const char *px[] = {"0.5", "0.5", "0.5", "0.5", "0.51", "0.5"};
    const int token[] = {10, 10, 10, 10, 10, 11}; /* three are equal in all, the others differ in one thing each */
    for (int i = 0; i < 6; i++)
        row_add(5, i == 2 ? 3 : 1, 0x77, token[i], "BUY", size[i], px[i]); /* the third equal one is seen later */
    row_add(5, 1, 0x77, 10, "SELL", "5", "0.5");
    begin();
    follow(WALLET, (base_s - 60) * 1000000, true);
    until_requests(5);
    assert_int_equal(told_n, 7);
    for (int i = 0; i < told_n; i++)
        str_copy(ids[i], sizeof ids[i], told[i].trade);
    finish(NULL);
    told_n = 0;
    begin(); /* another run gives them the same names */
    follow(WALLET, (base_s - 60) * 1000000, true);
    until_requests(5);
    assert_int_equal(told_n, 7);
    for (int i = 0; i < 7; i++) {
        int found = 0;
        for (int k = 0; k < 7; k++)
            found += !strcmp(ids[i], told[k].trade);
        assert_int_equal(found, 1);
        assert_true(strlen(ids[i]) < VENUE_ORDER_ID_MAX - 1 && !strncmp(ids[i], "0x000", 5));
    }
}

static void unknown_markets(void **state) { /* told in order once its market is known; one that does not exist does not hold up the rest */
    (void)state;
    row_add(1, 1, 0x5, 10, "BUY", "5", "0.5");
    row_add(2, 1, 0x4, 20, "BUY", "5", "0.5"); /* market 5 */
    row_add(3, 1, 0x3, 18, "BUY", "5", "0.5"); /* market 4 */
    row_add(4, 1, 0x2, 19, "SELL", "5", "0.4");
    row_add(5, 1, 0x1, 10, "BUY", "5", "0.5");
    begin();
    follow(WALLET, (base_s - 60) * 1000000, true);
    until_requests(3);
    assert_int_equal(told_n, 1);
    list_market(5, false);
    assert_int_equal(told_n, 1);
    bare[4] = true; /* its book comes a moment later: nobody could follow without */
    list_market(4, true);
    turn(0.3);
    assert_int_equal(told_n, 1);
    bare[4] = false;
    want = 4;
    turn(3.);
    assert_int_equal(told_n, 4);
    assert_true(told[1].market == 1004 && told[1].side == SIDE_NO && told[1].action == ACTION_SELL && told[2].side == SIDE_YES);
    assert_int_equal(told[3].at_us, (base_s - 1) * 1000000);
    assert_int_equal(notes, 1);
    assert_int_equal(asked[5], 1);
    assert_int_equal(asked[4], 2);
    refused[5] = false;
    listed[5] = true;
    want = 5;
    turn(6.); /* the market came up: the trade is told after all */
    assert_int_equal(told_n, 5);
    assert_int_equal(told[4].market, 1005);
}

static void no_book_for_long(void **state) {
    (void)state;
    row_add(1, 1, 0x2, 10, "BUY", "5", "0.5");
    row_add(2, 1, 0x1, 12, "BUY", "5", "0.5");
    bare[1] = true;
    begin();
    follow(WALLET, (base_s - 60) * 1000000, true);
    want = 2;
    int64_t from = clock_mono_us();
    turn(9.);
    assert_int_equal(told_n, 2); /* told all the same, and in order */
    assert_true(told[0].market == 1001 && clock_mono_us() - from > 4000000);
}

static void gone_while_waiting(void **state) {
    (void)state;
    row_add(4, 1, 0x2, 19, "SELL", "5", "0.4");
    begin();
    follow(WALLET, (base_s - 60) * 1000000, true);
    until_requests(2);
    follow(WALLET, 0, false);
    assert_int_equal(pm_activity_count(act), 0);
    list_market(4, true);
    assert_int_equal(told_n, 0);
    int n = server.shared[REQUESTS];
    turn(0.3);
    assert_true(server.shared[REQUESTS] <= n + 1);
}

static void other_kinds(void **state) {
    (void)state;
    row_add(1, 1, 0x1, 10, "BUY", "5", "0.5");
    rows[0].extra = "combo";
    row_add(2, 1, 0x2, 10, "BUY", "5", "1.5");   /* a price that can't be */
    row_add(3, 1, 0x3, 10, "HOLD", "5", "0.5");
    row_add(4, 1, 0x4, 10, "BUY", "\"\"", "0.5"); /* no size is no zero */
    row_add(5, 1, 0x5, 10, "BUY", "5", "0.5");
    begin();
    follow(WALLET, (base_s - 60) * 1000000, true);
    until_requests(4);
    assert_int_equal(told_n, 1);
    assert_int_equal(notes, 1); /* once, not each time */
    assert_non_null(strstr(last_note, "can't be read"));
}

static void another_wallets_rows(void **state) { /* a server that does not heed `user` */
    (void)state;
    struct json_err err = {0};
    struct cJSON *doc = NULL;
    struct act_page page;
    char text[2048];
    snprintf(text, sizeof text,
             "[{\"proxyWallet\":\"" WALLET "\",\"timestamp\":1700000000,\"conditionId\":\"0x%064x\",\"type\":\"TRADE\",\"size\":10,\"price\":0.3,\"asset\":\"10\",\"side\":\"SELL\",\"transactionHash\":\"0x%064x\"},"
             "{\"proxyWallet\":\"" OTHER "\",\"timestamp\":\"1700000001\",\"conditionId\":\"0x%064x\",\"type\":\"TRADE\",\"size\":10,\"price\":0.3,\"asset\":\"10\",\"side\":\"SELL\",\"transactionHash\":\"0x%064x\"},"
             "{\"proxyWallet\":\"" WALLET "\",\"timestamp\":1700000002,\"type\":\"REDEEM\",\"conditionId\":\"\",\"size\":null,\"transactionHash\":\"0x1\"}]",
             1, 2, 3, 4);
    assert_true(json_parse(text, strlen(text), 1 << 20, &doc, &err));
    struct json root = json_root(doc, &err);
    assert_true(act_page_read(&root, WALLET_LOW, &page));
    assert_true(page.n == 1 && page.seen == 3 && page.ignored == 2 && page.bad == 0 && !page.more);
    assert_true(page.rows[0].action == ACTION_SELL && page.rows[0].size.micro == 10000000);
    free(page.rows);
    json_free(doc);
    const char *not_such[] = {"{}", "{\"data\":{}}", "7", "\"x\"", "{\"data\":[],\"pagination\":{\"has_more\":7}}"};
    for (size_t i = 0; i < sizeof not_such / sizeof *not_such; i++) {
        err = (struct json_err){0};
        assert_true(json_parse(not_such[i], strlen(not_such[i]), 1 << 20, &doc, &err));
        root = json_root(doc, &err);
        assert_false(act_page_read(&root, WALLET_LOW, &page));
        assert_true(page.why[0] != 0 && page.rows == NULL);
        json_free(doc);
    }
}

static void every_url_is_new(void **state) { /* answers are cached by URL, so `start` moves on */
    (void)state;
    row_add(5, 1, 0x5, 10, "BUY", "5", "0.5");
    begin();
    pm_activity_pace(act, 1100);
    follow(WALLET, 0, true);
    until_requests(4);
    int first = server.shared[STARTS + 1], a = server.shared[STARTS + 2], b = server.shared[STARTS + 3], c = server.shared[STARTS + 4];
    assert_true(first < -86400); /* the baseline looks further back */
    assert_true(a < b && b < c);
    assert_true(c <= -60 && c > -200); /* with an overlap for what comes late */
}

static void clock_of_the_venue(void **state) { /* ours is ten minutes behind theirs */
    (void)state;
    clock_off_s = 600;
    row_add(-1, 3, 0x22, 10, "BUY", "5", "0.5");
    row_add(5, 1, 0x11, 10, "BUY", "5", "0.5");
    begin();
    follow(WALLET, 0, true);
    until_requests(5);
    assert_int_equal(told_n, 2);
    assert_true(told[0].baseline && !told[1].baseline);
    assert_true(server.shared[STARTS + 4] > 600 - 200);
}

static void errors_back_off(void **state) {
    (void)state;
    row_add(5, 1, 0x5, 10, "BUY", "5", "0.5");
    begin();
    server.shared[FAILS] = 1;
    server.shared[STATUS] = 500;
    follow(WALLET, (base_s - 60) * 1000000, true);
    until_requests(1);
    int64_t from = clock_mono_us();
    want = 1;
    turn(8.);
    assert_int_equal(told_n, 1); /* the second try, two seconds later */
    assert_in_range(clock_mono_us() - from, 1500000, 6000000);
    assert_int_equal(notes, 0);
    server.shared[FAILS] = 1;
    server.shared[STATUS] = 400;
    int n = server.shared[REQUESTS];
    until_requests(n + 1);
    turn(1.);
    assert_true(server.shared[REQUESTS] <= n + 2); /* it will not get better soon */
}

static void equal_rows_across_pages(void **state) { /* a page that moved on repeats its last row: no second trade */
    (void)state;
    row_add(1, 2, 0x9, 10, "BUY", "5", "0.5"); /* comes between page one and two */
    for (int i = 0; i < 6; i++)
        row_add(2 + i, 1, (unsigned)(0x10 + i), 10, "BUY", "5", "0.5");
    page_rows = 3;
    begin();
    follow(WALLET, (base_s - 60) * 1000000, true);
    until_requests(8);
    assert_int_equal(told_n, 7);
}

static void not_an_address(void **state) {
    (void)state;
    begin();
    const char *bad[] = {"", "0x", "bob", "0xAb5801a7D398351b8bE11C439e05C5B3259aeC9", "0xZb5801a7D398351b8bE11C439e05C5B3259aeC9B", "0xab5801a7d398351b8be11c439e05c5b3259aec9b0"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(follow(bad[i], 0, true), ERR_BAD_VALUE);
    assert_int_equal(follow(OTHER, 0, false), ERR_OK);
    assert_int_equal(pm_activity_count(act), 0);
}

static void many_wallets(void **state) { /* they share the rate */
    (void)state;
    begin();
    for (int i = 0; i < 60; i++) {
        char w[48];
        snprintf(w, sizeof w, "0x%040x", i + 1);
        assert_int_equal(follow(w, 0, true), ERR_OK);
    }
    turn(3.0);
    assert_in_range(server.shared[REQUESTS], 50, 20 + 3 * 20 + 25);
    for (int i = 0; i < 60; i += 2) {
        char w[48];
        snprintf(w, sizeof w, "0x%040X", i + 1);
        w[1] = 'x';
        assert_int_equal(follow(w, 0, false), ERR_OK);
    }
    assert_int_equal(pm_activity_count(act), 30);
}

static void recorded_answer(void **state) { /* a real one */
    (void)state;
    const char *shared = getenv("TURRET_SHARED");
    char path[300];
    static char text[65536];
    snprintf(path, sizeof path, "%s/data/fixtures/polymarket/data_api_v2/activity.json", shared ? shared : "../shared");
    FILE *f = fopen(path, "r");
    if (!f) {
        print_message("skipped: no %s\n", path);
        skip();
    }
    size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    struct json_err err = {0};
    struct cJSON *doc = NULL;
    struct act_page page;
    assert_true(json_parse(text, n, sizeof text, &doc, &err));
    struct json root = json_root(doc, &err);
    assert_true(act_page_read(&root, "0x379a410a36c101e3b8dfb6c90d1176eb0def4b1a", &page));
    assert_true(page.n == 2 && page.bad == 0 && page.more && page.cursor[0]);
    assert_int_equal(page.rows[0].size.micro, 22840000);
    assert_int_equal(page.rows[0].px.micro, 520000);
    assert_int_equal(page.rows[1].px.micro, 900000);
    assert_int_equal(page.oldest_s, page.rows[1].at_s);
    free(page.rows);
    json_free(doc);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, finish)
int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(baseline_then_news), TEST(the_interface_of_before), TEST(late_history_is_history), TEST(since_then), TEST(several_of_one_transaction), TEST(unknown_markets), TEST(no_book_for_long), TEST(gone_while_waiting),
        TEST(other_kinds), TEST(another_wallets_rows), TEST(every_url_is_new), TEST(clock_of_the_venue), TEST(errors_back_off), TEST(equal_rows_across_pages),
        TEST(not_an_address), TEST(many_wallets), TEST(recorded_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
