/* The HTTP server's contract: answers now and later, handles that are over, streams and their bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <arpa/inet.h>
#include <ev.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "turret/io/httpd.h"
#include "turret/io/loop.h"

struct rig {
    struct httpd *s;
    int requests, done, heads;
    bool later, stream, refuse;
    httpd_handle last, over;
    char body[128];
};

static void answer(struct rig *r, httpd_handle h, int status, const char *body) {
    struct httpd_answer a = {.status = status, .type = "text/plain", .body = body, .len = strlen(body), .more = {{"X-More", "yes"}}};
    assert_true(httpd_reply(r->s, h, &a));
}

static bool on_head(void *ctx, const struct httpd_request *q) {
    struct rig *r = ctx;
    r->heads++;
    if (r->refuse)
        answer(r, q->handle, 403, "no");
    return !r->refuse;
}

static void on_request(void *ctx, const struct httpd_request *q) {
    struct rig *r = ctx;
    r->requests++;
    r->last = q->handle;
    snprintf(r->body, sizeof r->body, "%s %s ?%s %s", q->method, q->path, q->query, q->body);
    if (r->stream)
        r->stream = httpd_stream(r->s, q->handle, "text/event-stream");
    else if (!r->later)
        answer(r, q->handle, 200, r->body);
}

static void on_done(void *ctx, httpd_handle h) {
    struct rig *r = ctx;
    r->done++;
    r->over = h;
}

static size_t on_refusal(void *ctx, int status, const char *what, char *body, size_t cap) {
    (void)ctx;
    int n = snprintf(body, cap, "%d %s", status, what);
    return n > 0 && (size_t)n < cap ? (size_t)n : 0;
}

static const struct httpd_ops ops = {on_head, on_request, on_done, on_refusal};

static int setup(void **state) {
    struct rig *r = calloc(1, sizeof *r);
    struct httpd_cfg cfg = {.listen = "127.0.0.1:0", .connections = 4, .streams = 1, .body_max = 100, .stream_unsent_max = 4096, .timeout_ms = 700};
    char text[200] = "";
    assert_int_equal(httpd_open(&cfg, &ops, r, &r->s, text, sizeof text), ERR_OK);
    *state = r;
    return 0;
}

static int teardown(void **state) {
    struct rig *r = *state;
    httpd_close(r->s);
    free(r);
    return 0;
}

static void turn(int ms) {
    for (int64_t until = clock_mono_us() + ms * 1000; clock_mono_us() < until; usleep(500))
        ev_run(loop_get(), EVRUN_NOWAIT);
}

static int dial(const struct rig *r, const char *text) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)httpd_port(r->s)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
    return fd;
}

/* What came so far; *closed when the other side is. */
static size_t hear(int fd, char *buf, size_t cap, bool *closed) {
    size_t n = 0;
    ssize_t got;
    *closed = false;
    while (n + 1 < cap && (got = recv(fd, buf + n, cap - 1 - n, MSG_DONTWAIT)) != 0) {
        if (got < 0) {
            *closed = errno != EAGAIN;
            break;
        }
        n += (size_t)got;
    }
    *closed |= n + 1 < cap && recv(fd, buf + n, 1, MSG_DONTWAIT | MSG_PEEK) == 0;
    buf[n] = 0;
    return n;
}

#define POST "POST /a/b?x=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"

static void test_now_and_later(void **state) {
    struct rig *r = *state;
    char buf[4096];
    bool closed;
    int fd = dial(r, POST);
    turn(50);
    hear(fd, buf, sizeof buf, &closed);
    assert_non_null(strstr(buf, "200 OK"));
    assert_non_null(strstr(buf, "X-More: yes"));
    assert_non_null(strstr(buf, "POST /a/b ?x=1 hello"));
    assert_false(closed);
    r->later = true;
    assert_int_equal(send(fd, POST, strlen(POST), MSG_NOSIGNAL), (ssize_t)strlen(POST)); /* the same connection */
    turn(50);
    assert_int_equal(r->requests, 2);
    assert_int_equal(hear(fd, buf, sizeof buf, &closed), 0);
    httpd_handle h = r->last;
    turn(1500); /* longer than a client may take: we may */
    assert_int_equal(hear(fd, buf, sizeof buf, &closed), 0);
    assert_false(closed);
    answer(r, h, 201, "late");
    struct httpd_answer twice = {.status = 200, .type = "text/plain", .body = "", .len = 0};
    assert_false(httpd_reply(r->s, h, &twice));
    turn(50);
    hear(fd, buf, sizeof buf, &closed);
    assert_non_null(strstr(buf, "201 Created"));
    assert_int_equal(r->over.generation, h.generation);
    assert_false(httpd_reply(r->s, h, &twice)); /* it is over */
    assert_false(httpd_stream(r->s, h, "x"));
    assert_false(httpd_send(r->s, h, "x", 1));
    assert_false(httpd_reply(r->s, (httpd_handle){77, 1}, &twice));
    turn(1500);
    hear(fd, buf, sizeof buf, &closed);
    assert_true(closed); /* nothing more was asked */
    close(fd);
}

static void test_refused_at_the_head(void **state) {
    struct rig *r = *state;
    char buf[4096];
    bool closed;
    static const struct { const char *text, *status; } rows[] = {
        {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 101\r\n\r\n", " 413 "},
        {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", " 411 "},
        {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", " 400 "},
        {"GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", " 400 "},
        {"GET /%41 HTTP/1.1\r\nHost: h\r\n\r\n", " 400 "},
        {"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", " 405 "},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int fd = dial(r, rows[i].text);
        turn(30);
        hear(fd, buf, sizeof buf, &closed);
        assert_non_null(strstr(buf, rows[i].status));
        assert_true(closed);
        close(fd);
    }
    assert_int_equal(r->heads, 0);
    r->refuse = true;
    int fd = dial(r, POST);
    turn(30);
    hear(fd, buf, sizeof buf, &closed);
    assert_non_null(strstr(buf, " 403 "));
    assert_int_equal(r->requests, 0);
    close(fd);
}

static void test_the_client_leaves_first(void **state) {
    struct rig *r = *state;
    r->later = true;
    int fd = dial(r, POST);
    turn(30);
    httpd_handle h = r->last;
    close(fd);
    turn(30);
    answer(r, h, 200, "to nobody"); /* not known yet that it left */
    turn(50);
    assert_int_equal(r->done, 1);
    struct httpd_answer a = {.status = 200, .type = "text/plain", .body = "", .len = 0};
    assert_false(httpd_reply(r->s, h, &a));
}

static void test_stream(void **state) {
    struct rig *r = *state;
    char buf[8192], big[4097];
    bool closed;
    memset(big, 'x', sizeof big);
    r->stream = true;
    int fd = dial(r, "GET /events HTTP/1.1\r\nHost: h\r\n\r\n"), second;
    turn(30);
    httpd_handle h = r->last;
    assert_true(r->stream);
    assert_true(httpd_send(r->s, h, "data: 1\n\n", 9));
    turn(30);
    assert_int_equal(httpd_unsent(r->s, h), 0);
    turn(1500); /* silence is no fault */
    assert_true(httpd_send(r->s, h, "data: 2\n\n", 9));
    turn(30);
    hear(fd, buf, sizeof buf, &closed);
    assert_non_null(strstr(buf, "data: 1"));
    assert_non_null(strstr(buf, "data: 2"));
    assert_false(closed);
    second = dial(r, "GET /events HTTP/1.1\r\nHost: h\r\n\r\n");
    turn(30);
    assert_false(r->stream); /* only one at once; it waits for another answer */
    answer(r, r->last, 429, "");
    turn(30);
    close(second);
    assert_true(httpd_send(r->s, h, big, sizeof big)); /* one message may be of any size */
    assert_false(httpd_send(r->s, h, "x", 1));         /* more than may wait: cut */
    turn(50);
    hear(fd, buf, sizeof buf, &closed);
    assert_true(closed);
    assert_false(httpd_send(r->s, h, "x", 1));
    close(fd);
    r->stream = true;
    fd = dial(r, "GET /events HTTP/1.1\r\nHost: h\r\n\r\n");
    turn(30);
    assert_true(r->stream); /* its place is free again */
    int done = r->done;
    close(fd);
    turn(50);
    assert_int_equal(r->done, done + 1); /* noticed without a byte sent */
}

static void test_silent_connections_give_way(void **state) {
    struct rig *r = *state;
    char buf[4096];
    bool closed;
    int idle[8];
    for (int i = 0; i < 8; i++) {
        idle[i] = dial(r, "GET");
        turn(10);
    }
    int fd = dial(r, POST);
    turn(60);
    hear(fd, buf, sizeof buf, &closed);
    assert_non_null(strstr(buf, " 200 "));
    close(fd);
    for (int i = 0; i < 8; i++)
        close(idle[i]);
}

static void test_addresses(void **state) {
    static const char *const bad[] = {"0.0.0.0:0", "[::]:0", "127.0.0.1", "127.0.0.1:", ":1", "127.0.0.1:65536", "::1:80", "name:80", "", "127.0.0.1:1x", "[127.0.0.1]:1"};
    struct httpd *s;
    char text[200];
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct httpd_cfg cfg = {.listen = bad[i], .connections = 1, .timeout_ms = 100};
        assert_int_equal(httpd_open(&cfg, &ops, NULL, &s, text, sizeof text), ERR_CONFIG);
    }
    struct httpd_cfg cfg = {.listen = "localhost:0", .connections = 1, .timeout_ms = 100};
    assert_int_equal(httpd_open(&cfg, &ops, NULL, &s, text, sizeof text), ERR_OK);
    char same[64];
    snprintf(same, sizeof same, "127.0.0.1:%d", httpd_port(s));
    assert_string_equal(httpd_address(s), same);
    struct httpd *other;
    cfg.listen = same;
    assert_int_equal(httpd_open(&cfg, &ops, NULL, &other, text, sizeof text), ERR_IO); /* in use */
    httpd_close(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_now_and_later, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused_at_the_head, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_client_leaves_first, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stream, setup, teardown),
        cmocka_unit_test_setup_teardown(test_silent_connections_give_way, setup, teardown),
        cmocka_unit_test(test_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
