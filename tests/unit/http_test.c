/* HTTP against a server that answers with raw bytes: whole, cut, slow, too long, wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/http_private.h"
#include "support/raw_server.h"
#include "turret/io/http.h"
#include "turret/io/loop.h"

#define HEAD "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
#define OK_5 HEAD "Content-Length: 5\r\n\r\nhello"

struct got { int calls, status; enum err err; char body[4096]; size_t len; int64_t retry_after_ms, latency_us; char type[64], text[160], header[64]; int pending; };

static void done(void *ctx, const struct http_answer *a) {
    struct got *g = ctx;
    const char *h = http_header(a, "x-THING");
    g->calls++;
    g->status = a->status;
    g->err = a->err;
    g->len = a->body_len;
    g->retry_after_ms = a->retry_after_ms;
    g->latency_us = a->latency_us;
    snprintf(g->body, sizeof g->body, "%s", a->body);
    snprintf(g->type, sizeof g->type, "%s", a->content_type);
    snprintf(g->text, sizeof g->text, "%s", a->text);
    snprintf(g->header, sizeof g->header, "%s", h ? h : "-");
    if (g->pending > 0 && --g->pending > 0)
        return;
    ev_break(loop_get(), EVBREAK_ALL);
}

static void too_long(struct ev_loop *loop, ev_timer *w, int events) {
    (void)loop, (void)w, (void)events;
    fail_msg("no answer in ten seconds");
}
static void run_loop(void) {
    ev_timer guard;
    ev_timer_init(&guard, too_long, 10., 0.);
    ev_now_update(loop_get());
    ev_timer_start(loop_get(), &guard);
    ev_run(loop_get(), 0);
    ev_timer_stop(loop_get(), &guard);
}
static void turn_for(double seconds);
static void stop_turning(struct ev_loop *loop, ev_timer *w, int events) {
    (void)w, (void)events;
    ev_break(loop, EVBREAK_ALL);
}
static void turn_for(double seconds) {
    ev_timer t;
    ev_timer_init(&t, stop_turning, seconds, 0.);
    ev_now_update(loop_get());
    ev_timer_start(loop_get(), &t);
    ev_run(loop_get(), 0);
    ev_timer_stop(loop_get(), &t);
}

static struct got ask(struct http_request r, int port) {
    static struct got g;
    char url[64];
    g = (struct got){0};
    snprintf(url, sizeof url, "http://127.0.0.1:%d/x", port);
    r.url = url;
    if (!r.timeout_ms)
        r.timeout_ms = 3000;
    http_send(&r, done, &g);
    assert_int_equal(g.calls, 0);
    run_loop();
    assert_int_equal(g.calls, 1);
    assert_int_equal(http_active(), 0);
    return g;
}
static struct got ask_script(struct http_request r, struct raw_script script) {
    struct raw_server s = raw_server_start(&script, 1);
    struct got g = ask(r, s.port);
    raw_server_stop(&s);
    return g;
}

static void whole_answers(void **state) {
    (void)state;
    static const struct { const char *bytes; int status; const char *body; } rows[] = {
        {OK_5, 200, "hello"},
        {"HTTP/1.1 204 No Content\r\n\r\n", 204, ""},
        {HEAD "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", 200, "hello"},
        {"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone", 404, "gone"},
        {"HTTP/1.1 302 Found\r\nLocation: https://example.com/\r\nContent-Length: 0\r\n\r\n", 302, ""}, /* not followed */
        {"HTTP/1.1 100 Continue\r\n\r\n" OK_5, 200, "hello"},
        {"HTTP/1.0 200 OK\r\n\r\nto the end", 200, "to the end"},
        {HEAD "Content-Length: 3\r\n\r\nhello", 200, "hel"}, /* more than it said: the rest is nobody's */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct got g = ask_script((struct http_request){0}, (struct raw_script){.bytes = rows[i].bytes});
        assert_int_equal(g.err, ERR_OK);
        assert_int_equal(g.status, rows[i].status);
        assert_string_equal(g.body, rows[i].body);
    }
    struct got g = ask_script((struct http_request){0}, (struct raw_script){.bytes = "HTTP/1.1 200 OK\r\nX-Thing: one\r\nContent-Type: a/b\r\nContent-Length: 0\r\n\r\n"});
    assert_string_equal(g.header, "one");
    assert_string_equal(g.type, "a/b");
    assert_true(g.latency_us > 0);
}

static void cut_at_every_byte(void **state) {
    (void)state;
    size_t n = strlen(OK_5);
    for (size_t k = 1; k < n; k++) {
        struct got g = ask_script((struct http_request){0}, (struct raw_script){.bytes = OK_5, .cut = k, .end = k % 2 ? RAW_CLOSE : RAW_RESET});
        assert_int_equal(g.err, ERR_OUTCOME_UNKNOWN);
    }
    struct got g = ask_script((struct http_request){0}, (struct raw_script){0}); /* read, then closed without a word */
    assert_int_equal(g.err, ERR_OUTCOME_UNKNOWN);
    assert_true(g.text[0]);
    g = ask_script((struct http_request){0}, (struct raw_script){.bytes = HEAD "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n"});
    assert_int_equal(g.err, ERR_OUTCOME_UNKNOWN);
    g = ask_script((struct http_request){0}, (struct raw_script){.bytes = "SSH-2.0-OpenSSH\r\n"});
    assert_int_equal(g.err, ERR_OUTCOME_UNKNOWN);
}

static void nothing_was_sent(void **state) {
    (void)state;
    assert_int_equal(ask((struct http_request){.body = "x", .body_len = 1}, raw_server_closed_port()).err, ERR_UNREACHABLE);
    /* TLS with a server that speaks none: the request itself never leaves */
    struct raw_script script = {.bytes = "HTTP/1.1 400 Bad\r\n\r\n"};
    struct raw_server s = raw_server_start(&script, 1);
    struct got g = {0};
    char url[64];
    snprintf(url, sizeof url, "https://127.0.0.1:%d/", s.port);
    http_send(&(struct http_request){.url = url, .timeout_ms = 1500, .connect_timeout_ms = 500}, done, &g);
    run_loop();
    assert_int_equal(g.err, ERR_UNREACHABLE);
    raw_server_stop(&s);
}

static void time_limits(void **state) {
    (void)state;
    struct got g = ask_script((struct http_request){.timeout_ms = 200}, (struct raw_script){.end = RAW_HANG});
    assert_int_equal(g.err, ERR_TIMEOUT);
    assert_true(g.latency_us >= 190000 && g.latency_us < 2000000);
    g = ask_script((struct http_request){.timeout_ms = 300}, (struct raw_script){.bytes = OK_5, .piece_ms = 20}); /* slow for ever */
    assert_int_equal(g.err, ERR_TIMEOUT);
    g = ask_script((struct http_request){.silence_ms = 150}, (struct raw_script){.bytes = HEAD "Content-Length: 5\r\n\r\nhe", .end = RAW_HANG});
    assert_int_equal(g.err, ERR_TIMEOUT);
    assert_true(g.latency_us < 1500000);
    g = ask_script((struct http_request){.silence_ms = 900}, (struct raw_script){.bytes = OK_5, .piece_ms = 15}); /* slow, but never silent */
    assert_int_equal(g.err, ERR_OK);
    assert_string_equal(g.body, "hello");
}

static void long_bodies_end_early(void **state) {
    (void)state;
    static char block[4096];
    memset(block, 'a', sizeof block);
    struct got g = ask_script((struct http_request){.max_body = 100}, (struct raw_script){.bytes = HEAD "Content-Length: 101\r\n\r\n"});
    assert_int_equal(g.err, ERR_OVERFLOW);
    struct raw_script endless = {.bytes = HEAD "\r\n0123456789", .repeat = 1 << 20};
    g = ask_script((struct http_request){.max_body = 100000}, endless);
    assert_int_equal(g.err, ERR_OVERFLOW);
    g = ask_script((struct http_request){.max_body = 5}, (struct raw_script){.bytes = OK_5});
    assert_int_equal(g.err, ERR_OK);
}

static void retry_after(void **state) {
    (void)state;
    int64_t now = 1795262671000000; /* 2026-11-21T12:04:31Z */
    assert_int_equal(http_retry_after(NULL, NULL, now), -1);
    assert_int_equal(http_retry_after(NULL, "7", now), 7000);
    assert_int_equal(http_retry_after(NULL, "0", now), 0);
    assert_int_equal(http_retry_after(NULL, "1.25 ", now), 1250);
    assert_int_equal(http_retry_after("350", "7", now), 350);
    assert_int_equal(http_retry_after(NULL, "Sat, 21 Nov 2026 12:05:00 GMT", now), 29000);
    assert_int_equal(http_retry_after(NULL, "Sat, 21 Nov 2026 12:00:00 GMT", now), 0);
    assert_int_equal(http_retry_after(NULL, "99999999999999999999999999", now), 86400000);
    const char *bad[] = {"", "-1", "7x", "soon", "1e9"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(http_retry_after(NULL, bad[i], now), -1);
    struct got g = ask_script((struct http_request){0}, (struct raw_script){.bytes = "HTTP/1.1 429 Slow\r\nretry-after: 3\r\nContent-Length: 0\r\n\r\n"});
    assert_int_equal(g.retry_after_ms, 3000);
}

static void urls(void **state) {
    (void)state;
    const char *good[] = {"https://api.example.com/v1", "http://127.0.0.1:8000/", "http://localhost/x", "http://[::1]:80/", "https://10.0.0.1:8443"};
    const char *bad[] = {"", "api.example.com", "http://example.com/", "http://127.0.0.1.example.com/", "http://localhost.example.com", "ftp://127.0.0.1/", "file:///etc/passwd",
                         "https://user:pass@example.com", "http://user@127.0.0.1/", "http://127.0.0.1@example.com/", "gopher://localhost/"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_null(http_url_check(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct got g = {0};
        assert_non_null(http_url_check(bad[i]));
        http_send(&(struct http_request){.url = bad[i]}, done, &g);
        assert_int_equal(g.calls, 0); /* on the next turn */
        run_loop();
        assert_int_equal(g.err, ERR_BAD_VALUE);
    }
    struct got g = {0};
    const char *forged[] = {"X-A: b\r\nX-C: d", NULL};
    http_send(&(struct http_request){.url = "http://127.0.0.1:1/", .headers = forged}, done, &g);
    run_loop();
    assert_int_equal(g.err, ERR_BAD_VALUE);
}

static void a_post_is_never_sent_twice(void **state) {
    (void)state;
    /* The first connection stays open and idle; then the server closes after reading: curl alone would send a POST again. */
    struct raw_script scripts[] = {{.bytes = OK_5, .end = RAW_AGAIN}, {.bytes = NULL}};
    struct raw_server s = raw_server_start(scripts, 2);
    assert_int_equal(ask((struct http_request){0}, s.port).err, ERR_OK);
    assert_int_equal(ask((struct http_request){0}, s.port).err, ERR_OK); /* the same connection */
    assert_int_equal(ask((struct http_request){.body = "{}", .body_len = 2}, s.port).err, ERR_OUTCOME_UNKNOWN);
    assert_int_equal(raw_server_requests(&s), 3);
    raw_server_stop(&s);
}

/* --- many, and cancelling --- */

struct beat { ev_timer timer; int64_t last_us, worst_us; int n; };
static void on_beat(struct ev_loop *loop, ev_timer *w, int events) {
    (void)loop, (void)events;
    struct beat *b = (struct beat *)(void *)w;
    int64_t now = clock_mono_us(), late = now - b->last_us - 10000;
    b->worst_us = late > b->worst_us ? late : b->worst_us;
    b->last_us = now;
    b->n++;
}

static void many_at_once_do_not_delay_the_loop(void **state) {
    (void)state;
    enum { MANY = 80 };
    struct raw_script script = {.bytes = OK_5, .wait_ms = 300};
    struct raw_server s = raw_server_start(&script, 1);
    static struct got g;
    struct beat b = {.last_us = 0};
    char url[64];
    g = (struct got){.pending = MANY};
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", s.port);
    for (int i = 0; i < MANY; i++)
        http_send(&(struct http_request){.url = url, .body = "x", .body_len = 1, .timeout_ms = 8000}, done, &g);
    assert_int_equal(http_active(), MANY);
    ev_timer_init(&b.timer, on_beat, 0.01, 0.01);
    ev_timer_start(loop_get(), &b.timer);
    b.last_us = clock_mono_us();
    run_loop();
    ev_timer_stop(loop_get(), &b.timer);
    assert_int_equal(g.calls, MANY);
    assert_int_equal(g.err, ERR_OK);
    assert_true(b.n >= 10);
    assert_true(b.worst_us < 250000);
    print_message("%d requests, latest beat %lld us\n", MANY, (long long)b.worst_us);
    raw_server_stop(&s);
}

static struct http_handle victims[8];
static int heard;
static void cancels_others(void *ctx, const struct http_answer *a) {
    (void)ctx, (void)a;
    heard++;
    for (size_t i = 0; i < 8; i++)
        http_cancel(victims[i]); /* itself among them */
}
static bool cancels_on_bytes(void *ctx, const char *bytes, size_t n) {
    (void)ctx, (void)bytes, (void)n;
    for (size_t i = 0; i < 8; i++)
        http_cancel(victims[i]);
    return true;
}

static void cancelling_at_any_time(void **state) {
    (void)state;
    struct raw_script script = {.bytes = OK_5, .wait_ms = 20};
    struct raw_server s = raw_server_start(&script, 1);
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", s.port);
    struct http_request r = {.url = url, .timeout_ms = 3000};
    for (int when = 0; when < 3; when++) { /* before the loop turned, while connected, inside of a callback */
        heard = 0;
        for (size_t i = 0; i < 8; i++)
            victims[i] = http_send(&r, cancels_others, NULL);
        if (when == 1)
            turn_for(0.005);
        for (size_t i = 0; i < 8 && when < 2; i++)
            http_cancel(victims[i]);
        turn_for(0.2);
        assert_int_equal(heard, when == 2 ? 1 : 0);
        assert_int_equal(http_active(), 0);
    }
    r.on_bytes = cancels_on_bytes;
    heard = 0;
    for (size_t i = 0; i < 8; i++)
        victims[i] = http_send(&r, cancels_others, NULL);
    turn_for(0.3);
    assert_int_equal(heard, 0);
    assert_int_equal(http_active(), 0);
    struct got g = {0};
    struct http_handle h = http_send(&(struct http_request){.url = url}, done, &g);
    http_cancel(victims[0]); /* an old handle of the same slot */
    http_cancel((struct http_handle){0, 0});
    http_cancel((struct http_handle){9999, 1});
    run_loop();
    assert_int_equal(g.calls, 1);
    http_cancel(h);
    raw_server_stop(&s);
}

static char streamed[64];
static bool take_bytes(void *ctx, const char *bytes, size_t n) {
    (void)ctx;
    strncat(streamed, bytes, n);
    return strlen(streamed) < 3;
}
static void bytes_as_they_come(void **state) {
    (void)state;
    streamed[0] = 0;
    struct got g = ask_script((struct http_request){.on_bytes = take_bytes}, (struct raw_script){.bytes = OK_5, .piece_ms = 2});
    assert_string_equal(streamed, "hel");
    assert_int_equal(g.err, ERR_CANCELLED);
    streamed[0] = 0;
    g = ask_script((struct http_request){.on_bytes = take_bytes}, (struct raw_script){.bytes = "HTTP/1.1 401 No\r\nContent-Length: 4\r\n\r\nwhy?"});
    assert_string_equal(streamed, ""); /* an error's text is in the answer */
    assert_string_equal(g.body, "why?");
}

static int close_all(void **state) {
    (void)state;
    http_close_all();
    assert_int_equal(http_active(), 0);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_answers),        cmocka_unit_test(cut_at_every_byte),          cmocka_unit_test(nothing_was_sent),
        cmocka_unit_test(time_limits),          cmocka_unit_test(long_bodies_end_early),      cmocka_unit_test(retry_after),
        cmocka_unit_test(urls),                 cmocka_unit_test(a_post_is_never_sent_twice), cmocka_unit_test(many_at_once_do_not_delay_the_loop),
        cmocka_unit_test(cancelling_at_any_time), cmocka_unit_test(bytes_as_they_come),
    };
    return cmocka_run_group_tests(tests, NULL, close_all);
}
