/* Lines held open: requests leave on connections that stand, each once; answers of every form, cut at every byte; connections that die behind
 * our back are renewed without a request noticing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/http_line_answer.h"
#include "support/loop_server.h"
#include "support/raw_server.h"
#include "turret/io/http_line.h"
#include "turret/io/loop.h"

#define HEAD "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Thing:  one \r\n"
#define OK_5 HEAD "Content-Length: 5\r\n\r\nhello"

struct got { int calls, status; enum err err; char body[256], type[64], thing[32], text[160]; int64_t retry_after_ms; struct http_line *close_it; };

static void done(void *ctx, const struct http_answer *a) {
    struct got *g = ctx;
    const char *h = http_header(a, "x-thing");
    g->calls++;
    g->status = a->status;
    g->err = a->err;
    g->retry_after_ms = a->retry_after_ms;
    snprintf(g->body, sizeof g->body, "%s", a->body);
    snprintf(g->type, sizeof g->type, "%s", a->content_type);
    snprintf(g->text, sizeof g->text, "%s", a->text);
    snprintf(g->thing, sizeof g->thing, "%s", h ? h : "-");
    assert_true(a->latency_us >= 0);
    if (g->close_it)
        http_line_close(g->close_it);
}

static void stop(struct ev_loop *loop, ev_timer *w, int events) { (void)w, (void)events, ev_break(loop, EVBREAK_ALL); }
static void turn(double seconds) {
    ev_timer t;
    ev_now_update(loop_get());
    ev_timer_init(&t, stop, seconds, 0.);
    ev_timer_start(loop_get(), &t);
    ev_run(loop_get(), 0);
    ev_timer_stop(loop_get(), &t);
}
static void until(const int *value, int at_least) {
    for (int64_t end = clock_mono_us() + 5000000; *value < at_least && clock_mono_us() < end;)
        turn(0.001);
    assert_int_equal(*value, at_least);
}
static void ready(struct http_line *l, int n) {
    for (int64_t end = clock_mono_us() + 5000000; http_line_ready(l) < n && clock_mono_us() < end;)
        turn(0.001);
    assert_true(http_line_ready(l) >= n);
}

static char base[64], url[96];
static struct http_line *open_to(int port, int connections, const char *alive, int every_ms) {
    snprintf(base, sizeof base, "http://127.0.0.1:%d", port);
    snprintf(url, sizeof url, "%s/order", base);
    struct http_line *l = http_line_open(&(struct http_line_cfg){.base = base, .connections = connections, .alive_path = alive, .alive_every_ms = every_ms});
    assert_non_null(l);
    return l;
}
static const char *const headers[] = {"A: b", NULL};
static struct http_request order(void) { return (struct http_request){.method = "POST", .url = url, .headers = headers, .body = "{\"a\":1}", .body_len = 7, .timeout_ms = 2000}; }
static struct got ask(struct raw_script script, int *requests) {
    static struct got g;
    struct raw_server s = raw_server_start(&script, 1);
    struct http_line *l = open_to(s.port, 1, NULL, 0);
    struct http_request r = order();
    g = (struct got){0};
    ready(l, 1);
    assert_true(http_line_send(l, &r, done, &g));
    assert_int_equal(g.calls, 0);
    until(&g.calls, 1);
    if (requests)
        *requests = raw_server_requests(&s);
    http_line_close(l);
    raw_server_stop(&s);
    return g;
}

static void whole_answers(void **state) {
    (void)state;
    static const struct { const char *bytes; int status; const char *body; } rows[] = {
        {OK_5, 200, "hello"},
        {"HTTP/1.1 204 No Content\r\n\r\n", 204, ""},
        {HEAD "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n", 200, "hello"},
        {HEAD "Transfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n", 200, "0123456789"},
        {"HTTP/1.1 100 Continue\r\n\r\n" OK_5, 200, "hello"},
        {"HTTP/1.0 200 OK\r\n\r\nto the end", 200, "to the end"},
        {"HTTP/1.1 425\r\nContent-Length: 0\r\n\r\n", 425, ""},
        {HEAD "Content-Length: 3\r\n\r\nhello", 200, "hel"},
        {HEAD "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 200, "hello"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct got g = ask((struct raw_script){.bytes = rows[i].bytes}, NULL);
        if (g.err != ERR_OK || g.status != rows[i].status || strcmp(g.body, rows[i].body) != 0)
            fail_msg("row %d: %s %d \"%s\" %s", (int)i, err_name(g.err), g.status, g.body, g.text);
    }
    struct got g = ask((struct raw_script){.bytes = OK_5}, NULL);
    assert_string_equal(g.type, "application/json");
    assert_string_equal(g.thing, "one");
    g = ask((struct raw_script){.bytes = "HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n"}, NULL);
    assert_int_equal(g.retry_after_ms, 7000);
    assert_string_equal(g.thing, "-");
}

static void answers_that_can_be_read_in_two_ways(void **state) {
    (void)state;
    static const char *const rows[] = {
        HEAD "Content-Length: 5\r\nContent-Length: 4\r\n\r\nhello", HEAD "Content-Length: 5x\r\n\r\nhello", HEAD "Content-Length: -1\r\n\r\nhello", HEAD "Content-Length:\r\n\r\nhello",
        HEAD "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", HEAD "Transfer-Encoding: gzip\r\n\r\nhello", HEAD "Content-Length : 5\r\n\r\nhello",
        HEAD " folded: 1\r\nContent-Length: 5\r\n\r\nhello", HEAD "no colon\r\nContent-Length: 5\r\n\r\nhello", HEAD "X: a\nContent-Length: 5\r\n\r\nhello", "HTTP/2 200\r\n\r\n", "SSH-2.0\r\n\r\n",
        "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.1 101 Switching\r\n\r\n", HEAD "Transfer-Encoding: chunked\r\n\r\nzz\r\n", HEAD "Transfer-Encoding: chunked\r\n\r\n3\r\nhello\r\n0\r\n\r\n",
        HEAD "Transfer-Encoding: chunked\r\n\r\nfffffffffff\r\n", "\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct got g = ask((struct raw_script){.bytes = rows[i]}, NULL);
        if (g.err != ERR_OUTCOME_UNKNOWN)
            fail_msg("row %d: %s", (int)i, err_name(g.err));
        assert_true(g.text[0]);
    }
    assert_int_equal(ask((struct raw_script){.bytes = HEAD "Content-Length: 99999999\r\n\r\n"}, NULL).err, ERR_OVERFLOW);
}

static void cut_at_every_byte(void **state) {
    (void)state;
    static const char chunked[] = HEAD "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n";
    const char *const rows[] = {OK_5, chunked};
    for (int row = 0; row < 2; row++)
        for (size_t k = 1; k < strlen(rows[row]); k++) {
            int requests;
            struct got g = ask((struct raw_script){.bytes = rows[row], .cut = k, .end = k % 2 ? RAW_CLOSE : RAW_RESET}, &requests);
            if (g.err != ERR_OUTCOME_UNKNOWN || requests != 1)
                fail_msg("row %d cut behind byte %d: %s, %d requests", row, (int)k, err_name(g.err), requests);
        }
    int requests;
    assert_int_equal(ask((struct raw_script){0}, &requests).err, ERR_OUTCOME_UNKNOWN); /* read and closed without a word */
    assert_int_equal(requests, 1);
    struct got g = ask((struct raw_script){.bytes = OK_5, .piece_ms = 1}, NULL);
    assert_string_equal(g.body, "hello"); /* byte by byte */
}

static void no_answer(void **state) {
    (void)state;
    struct raw_script script = {.end = RAW_HANG};
    struct raw_server s = raw_server_start(&script, 1);
    struct http_line *l = open_to(s.port, 1, NULL, 0);
    struct http_request r = order();
    struct got g = {0};
    r.timeout_ms = 150;
    ready(l, 1);
    assert_true(http_line_send(l, &r, done, &g));
    assert_false(http_line_send(l, &r, done, &g)); /* one at a time: the caller goes another way */
    until(&g.calls, 1);
    assert_int_equal(g.err, ERR_TIMEOUT);
    ready(l, 1); /* another connection stands */
    http_line_close(l);
    raw_server_stop(&s);
}

static void one_connection_for_many(void **state) {
    (void)state;
    struct raw_script script = {.bytes = OK_5, .end = RAW_AGAIN};
    struct raw_server s = raw_server_start(&script, 1);
    struct http_line *l = open_to(s.port, 1, NULL, 0);
    struct got g = {0};
    ready(l, 1);
    for (int i = 1; i <= 20; i++) {
        struct http_request r = order();
        assert_true(http_line_send(l, &r, done, &g));
        until(&g.calls, i);
        assert_int_equal(g.err, ERR_OK);
        assert_int_equal(http_line_ready(l), 1); /* at once */
    }
    assert_int_equal(raw_server_requests(&s), 20);
    http_line_close(l);
    raw_server_stop(&s);
}

/* The server closes what is idle: found and renewed before anybody needs it. */
static void closed_behind_our_back(void **state) {
    (void)state;
    struct raw_script scripts[2] = {{.bytes = OK_5, .end = RAW_CLOSE}, {.bytes = OK_5, .end = RAW_AGAIN}};
    struct raw_server s = raw_server_start(scripts, 2);
    struct http_line *l = open_to(s.port, 1, NULL, 0);
    struct http_request r = order();
    struct got g = {0};
    ready(l, 1);
    assert_true(http_line_send(l, &r, done, &g));
    until(&g.calls, 1);
    turn(0.05); /* the close comes */
    ready(l, 1);
    assert_true(http_line_send(l, &r, done, &g));
    until(&g.calls, 2);
    assert_int_equal(g.err, ERR_OK);
    assert_int_equal(raw_server_requests(&s), 2);
    http_line_close(l);
    raw_server_stop(&s);
}

static void kept_alive(void **state) {
    (void)state;
    struct raw_script script = {.bytes = OK_5, .end = RAW_AGAIN};
    struct raw_server s = raw_server_start(&script, 1);
    struct http_line *l = open_to(s.port, 2, "/time", 50);
    struct got g = {0};
    ready(l, 2);
    turn(0.3);
    assert_true(raw_server_requests(&s) >= 4);
    ready(l, 1);
    struct http_request r = order();
    assert_true(http_line_send(l, &r, done, &g));
    until(&g.calls, 1);
    assert_string_equal(g.body, "hello");
    http_line_close(l);
    raw_server_stop(&s);
}

static int orders, lives;
static void on_request(void *ctx, struct loop_client *c, const char *method, const char *target, const char *body) {
    (void)ctx, (void)body;
    orders += !strcmp(method, "POST") && !strcmp(target, "/some/clob/order");
    lives += !strcmp(method, "GET") && !strcmp(target, "/some/clob/time");
    loop_answer(c, 200, "hello");
}

static void under_a_path(void **state) { /* of a host that has more than one thing on it */
    (void)state;
    struct loop_server *s = loop_server_new(&(struct loop_handler){.request = on_request});
    char under[96], to[128];
    snprintf(under, sizeof under, "http://127.0.0.1:%d/some/clob", loop_server_port(s));
    snprintf(to, sizeof to, "%s/order", under);
    struct http_line *l = http_line_open(&(struct http_line_cfg){.base = under, .connections = 1, .alive_path = "/time", .alive_every_ms = 50});
    assert_non_null(l);
    ready(l, 1);
    struct got g = {0};
    struct http_request r = order();
    r.url = to;
    assert_true(http_line_send(l, &r, done, &g));
    until(&g.calls, 1);
    assert_string_equal(g.body, "hello");
    assert_int_equal(orders, 1);
    for (int i = 0; i < 200 && !lives; i++)
        turn(0.02);
    assert_true(lives > 0);
    http_line_close(l);
    loop_server_free(s);
}

static void what_does_not_go(void **state) {
    (void)state;
    struct got g = {0};
    struct http_line *l = open_to(raw_server_closed_port(), 1, NULL, 0);
    struct http_request r = order();
    turn(0.1);
    assert_int_equal(http_line_ready(l), 0);
    assert_false(http_line_send(l, &r, done, &g));
    http_line_close(l);
    static const char *const bad[] = {"http://example.com", "ftp://127.0.0.1", "https://user:pw@127.0.0.1", "nonsense"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_null(http_line_open(&(struct http_line_cfg){.base = bad[i]}));
    struct raw_script script = {.bytes = OK_5, .end = RAW_AGAIN};
    struct raw_server s = raw_server_start(&script, 1);
    l = open_to(s.port, 1, NULL, 0);
    ready(l, 1);
    static const char *const forged[] = {"A: b\r\nC: d", NULL};
    r.headers = forged;
    assert_false(http_line_send(l, &r, done, &g));
    r = order();
    char other[128];
    snprintf(other, sizeof other, "%s.evil.example/order", base);
    r.url = other;
    assert_false(http_line_send(l, &r, done, &g)); /* another host */
    snprintf(other, sizeof other, "%s/a b", base);
    assert_false(http_line_send(l, &r, done, &g));
    assert_int_equal(raw_server_requests(&s), 0);
    r = order();
    g.close_it = l; /* from inside of its answer */
    assert_true(http_line_send(l, &r, done, &g));
    until(&g.calls, 1);
    turn(0.02);
    raw_server_stop(&s);
}

/* In any pieces the same answer comes out. */
static void any_pieces(void **state) {
    (void)state;
    static const char text[] = "HTTP/1.1 100 Continue\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: y\r\n\r\n4\r\nabcd\r\n1\r\ne\r\n0\r\n\r\n";
    for (size_t step = 1; step < sizeof text; step++) {
        struct line_answer a;
        enum line_read r = LINE_MORE;
        line_answer_init(&a, 1000);
        for (size_t at = 0; at < sizeof text - 1; at += step) {
            size_t n = at + step < sizeof text - 1 ? step : sizeof text - 1 - at;
            assert_int_equal(r, LINE_MORE);
            memcpy(line_answer_room(&a, n), text + at, n);
            r = line_answer_look(&a, n, false);
        }
        assert_int_equal(r, LINE_WHOLE);
        assert_true(a.keep);
        assert_string_equal(a.buf + a.body, "abcde");
        assert_string_equal(http_line_header(a.buf + a.head, "x"), "y");
        assert_null(http_line_header(a.buf + a.head, "a")); /* of the interim answer */
        line_answer_free(&a);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_answers), cmocka_unit_test(answers_that_can_be_read_in_two_ways), cmocka_unit_test(cut_at_every_byte), cmocka_unit_test(no_answer),
        cmocka_unit_test(one_connection_for_many), cmocka_unit_test(closed_behind_our_back), cmocka_unit_test(kept_alive), cmocka_unit_test(under_a_path), cmocka_unit_test(what_does_not_go), cmocka_unit_test(any_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
