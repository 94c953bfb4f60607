/* WebSocket against a server that does what it likes: cut, slow, silent, wrong, too much. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/raw_server.h"
#include "support/ws_peer.h"
#include "turret/io/http.h"
#include "turret/io/loop.h"
#include "turret/io/ws.h"

struct got {
    struct ws *w;
    int opens, messages, closes, status, stop_after /* messages or closes */;
    char last[8192], why[160], all[4096];
    size_t len, bytes;
    const char *say;      /* when open */
    int close_in;         /* 1 open, 2 message, 3 closed: ws_close there */
    int again_in;         /* 2: ws_reconnect(now) in the message */
    bool inside, nested;  /* of a call of ours; a callback came there */
    int64_t times[64];    /* of closes, monotonic */
};

static struct ws *live; /* left over by a test that failed */
static void stop(void) { ev_break(loop_get(), EVBREAK_ALL); }
static void on_open(void *ctx) {
    struct got *g = ctx;
    g->nested |= g->inside;
    g->opens++;
    if (g->say)
        assert_true(ws_send(g->w, g->say, strlen(g->say)));
    if (g->close_in == 1) {
        ws_close(g->w);
        g->w = live = NULL;
        stop();
    }
}
static void on_message(void *ctx, const char *text, size_t len) {
    struct got *g = ctx;
    assert_non_null(g->w); /* none after ws_close */
    g->nested |= g->inside;
    assert_int_equal(text[len], 0);
    g->messages++;
    g->len = len;
    g->bytes += len;
    snprintf(g->last, sizeof g->last, "%s", text);
    size_t at = strlen(g->all);
    if (len < 100 && at + len + 2 < sizeof g->all)
        snprintf(g->all + at, sizeof g->all - at, "%s|", text);
    if (g->close_in == 2) {
        ws_close(g->w);
        g->w = live = NULL;
        stop();
    } else if (g->again_in == 2) {
        g->again_in = 0;
        ws_reconnect(g->w, "wanted\x1b[2J", true);
    }
    if (g->stop_after && g->messages >= g->stop_after)
        stop();
}
static void on_closed(void *ctx, int status, const char *why) {
    struct got *g = ctx;
    g->nested |= g->inside;
    g->status = status;
    if (g->closes < 64)
        g->times[g->closes] = clock_mono_us();
    g->closes++;
    snprintf(g->why, sizeof g->why, "%s", why);
    if (g->close_in == 3) {
        ws_close(g->w);
        g->w = live = NULL;
        stop();
    }
    if (!g->stop_after || g->closes >= g->stop_after)
        stop();
}

static void fired(struct ev_loop *loop, ev_timer *t, int events) {
    (void)events;
    if (t->data)
        fail_msg("nothing happened for too long");
    ev_break(loop, EVBREAK_ALL);
}
static void turn(double seconds, bool limit) {
    ev_timer t;
    ev_timer_init(&t, fired, seconds, 0.);
    t.data = limit ? &t : NULL;
    ev_now_update(loop_get());
    ev_timer_start(loop_get(), &t);
    ev_run(loop_get(), 0);
    ev_timer_stop(loop_get(), &t);
}
static void run_loop(void) { turn(15., true); }

static struct ws_cfg quick(const char *url) {
    return (struct ws_cfg){.url = url, .ping_every_ms = 5000, .silence_ms = 5000, .connect_timeout_ms = 5000, .backoff_min_ms = 4, .backoff_max_ms = 8, .stable_ms = 2000};
}
static void start_at(struct got *g, struct ws_cfg cfg, int port, const char *scheme) {
    static char url[80];
    char text[160] = "";
    snprintf(url, sizeof url, "%s://127.0.0.1:%d/ws/market?x=1", scheme, port);
    cfg.url = url;
    const struct ws_handler h = {g, on_open, on_message, on_closed};
    g->inside = true;
    g->w = ws_open(&cfg, &h, text, sizeof text);
    g->inside = false;
    live = g->w;
    assert_non_null(g->w);
    assert_int_equal(g->opens + g->closes, 0);
}
static void start(struct got *g, struct ws_cfg cfg, int port) { start_at(g, cfg, port, "ws"); }
static void end(struct got *g, struct ws_peer *p) {
    int closes = g->closes;
    g->inside = true;
    ws_close(g->w);
    live = NULL;
    g->inside = false;
    assert_int_equal(g->closes, closes);
    assert_false(g->nested);
    if (p)
        ws_peer_stop(p);
}

/* --- talking --- */

static void peer_talks(struct ws_line *l) {
    char head[4096], answer[512], buf[4096];
    size_t n;
    if (!peer_hear_upgrade(l, head, answer))
        return;
    bool good = !strncmp(head, "GET /ws/market?x=1 HTTP/1.1\r\n", 29) && strstr(head, "\r\nHost: 127.0.0.1:") && strstr(head, "\r\nUpgrade: websocket\r\n") && strstr(head, "\r\nConnection: Upgrade\r\n") &&
                strstr(head, "\r\nSec-WebSocket-Version: 13\r\n") && strstr(head, "\r\nX-Key: secret\r\n");
    peer_write(l, answer, strlen(answer));
    peer_text(l, good ? "good" : head);
    while (peer_hear(l, buf, sizeof buf, &n) == 1)
        peer_text(l, buf);
    l->shared[0] = 1; /* the goodbye came as a close frame */
}

static void talks(void **state) {
    (void)state;
    struct ws_peer p = ws_peer_start(peer_talks, NULL, NULL);
    struct got g = {.say = "subscribe", .stop_after = 2};
    const char *headers[] = {"X-Key: secret", NULL};
    struct ws_cfg cfg = quick(NULL);
    struct ws_stats s;
    cfg.headers = headers;
    start(&g, cfg, p.port);
    assert_false(ws_send(g.w, "early", 5));
    run_loop();
    assert_string_equal(g.all, "good|subscribe|");
    ws_stats(g.w, &s);
    assert_int_equal(s.state, WS_OPEN);
    assert_true(s.connects == 1 && s.messages == 2 && s.bytes > 100 && s.opened_us > 0 && s.last_us >= s.opened_us && s.latency_us == -1);
    assert_true(ws_send(g.w, "", 0));
    g.stop_after = 3;
    run_loop();
    assert_int_equal(g.len, 0);
    int *shared = p.shared;
    end(&g, NULL);
    for (int i = 0; i < 200 && !shared[0]; i++)
        usleep(10000);
    assert_int_equal(shared[0], 1);
    ws_peer_stop(&p);
}

static void refused_urls(void **state) {
    (void)state;
    const char *bad[] = {"ws://example.com/", "http://127.0.0.1/", "wss://user:pw@example.com/", "wss://", "", "ws://127.0.0.1@example.com/", "ws://192.168.1.1/", "wss//x", "file:///etc/passwd"};
    const char *good[] = {"wss://example.com/ws", "WS://localhost:1/", "ws://[::1]:80", "ws://127.0.0.1"};
    const struct ws_handler none = {0};
    const char *headers[] = {"X: a\r\nY: b", NULL};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[160] = "";
        struct ws_cfg cfg = quick(bad[i]);
        assert_null(ws_open(&cfg, &none, text, sizeof text));
        assert_true(strlen(text) > 8);
    }
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        char text[160] = "";
        struct ws_cfg cfg = quick(good[i]);
        struct ws *w = ws_open(&cfg, &none, text, sizeof text);
        assert_non_null(w);
        ws_close(w);
        cfg.headers = headers;
        assert_null(ws_open(&cfg, &none, text, sizeof text));
    }
    ws_close(NULL);
}

/* --- the upgrade's answer --- */

static const struct { const char *answer; /* %s: the right accept */ int status; const char *why; } answers[] = {
    {"HTTP/1.1 101 X\r\nuPGRADE: WebSocket\r\nCONNECTION: keep-alive, UPGRADE\r\nsec-websocket-ACCEPT:%s\r\nX: y\r\n\r\n", 0, NULL},
    {"HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nno!", 403, "403"},
    {"HTTP/1.1 200 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", 200, "200"},
    {"HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: c3R1cGlk%s\r\n\r\n", 101, "does not fit"},
    {"HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", 101, "does not fit"},
    {"HTTP/1.1 101 X\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", 101, "does not fit"},
    {"HTTP/1.1 101 X\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", 101, "does not fit"},
    {"HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: close\r\nSec-WebSocket-Accept: %s\r\n\r\n", 101, "does not fit"},
    {"HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Extensions: permessage-deflate\r\nSec-WebSocket-Accept: %s\r\n\r\n", 101, "extension"},
    {"SSH-2.0-OpenSSH_9.2\r\n\r\n", 0, "not HTTP"},
    {"HTTP/1.1 1010 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", 0, "not HTTP"},
    {"HTTP/2 101\r\n\r\n", 0, "not HTTP"},
    {"HTTP/1.1 429 Slow\r\nRetry-After: 1\r\n\r\n", 429, "429"},
};
enum { ANSWERS = sizeof answers / sizeof *answers };

static void peer_answers(struct ws_line *l) {
    char head[4096], right[512], text[1024], accept[64] = "";
    if (!peer_hear_upgrade(l, head, right))
        return;
    snprintf(accept, sizeof accept, "%.28s", strstr(right, "Accept: ") + 8);
    if (l->shared[0] == ANSWERS) { /* a head without end */
        memset(text, 'a', sizeof text);
        while (peer_write(l, text, sizeof text))
            ;
        return;
    }
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(text, sizeof text, answers[l->shared[0]].answer, accept);
#pragma GCC diagnostic pop
    peer_write(l, text, strlen(text));
    peer_text(l, "hello");
    pause();
}

static void upgrade_answers(void **state) {
    (void)state;
    struct ws_peer p = ws_peer_start(peer_answers, NULL, NULL);
    for (int i = 0; i <= ANSWERS; i++) {
        struct got g = {.stop_after = 1};
        struct ws_cfg cfg = quick(NULL);
        struct ws_stats s;
        bool good = i < ANSWERS && !answers[i].why, later = i < ANSWERS && answers[i].status == 429;
        p.shared[0] = i;
        start(&g, cfg, p.port);
        run_loop();
        assert_int_equal(g.opens, good);
        assert_int_equal(g.messages, good);
        assert_int_equal(g.closes, !good);
        ws_stats(g.w, &s);
        assert_int_equal(s.state, good ? WS_OPEN : WS_WAITING);
        if (!good) {
            assert_int_equal(g.status, i < ANSWERS ? answers[i].status : 0);
            assert_non_null(strstr(g.why, i < ANSWERS ? answers[i].why : "too long"));
            assert_string_equal(s.why, g.why);
            int64_t wait = s.next_try_us - clock_now_us();
            assert_true(later ? wait > 500000 && wait < 1100000 : wait < 20000);
        }
        end(&g, NULL);
    }
    ws_peer_stop(&p);
}

/* --- pieces --- */

/* The right answer, then: text, a ping in the middle of a fragmented text, a long text; its length. */
static size_t conversation(const char *answer, uint8_t *out) {
    char longer[300];
    size_t n = strlen(answer);
    memcpy(out, answer, n);
    n += peer_frame(out + n, true, 1, "one", 3);
    n += peer_frame(out + n, false, 1, "t\xc3", 2);
    n += peer_frame(out + n, true, 9, "p", 1);
    n += peer_frame(out + n, false, 0, NULL, 0);
    n += peer_frame(out + n, true, 0, "\xb6o", 2);
    memset(longer, 'x', sizeof longer);
    return n + peer_frame(out + n, true, 1, longer, sizeof longer);
}

static void peer_cuts(struct ws_line *l) { /* connection i is cut after i bytes */
    char head[4096], answer[512];
    uint8_t out[2048];
    if (!peer_hear_upgrade(l, head, answer))
        return;
    size_t n = conversation(answer, out), cut = (size_t)l->n;
    l->shared[0] = (int)n;
    peer_write(l, out, cut < n ? cut : n);
    if (l->n % 3 == 1) { /* some only half */
        shutdown(l->fd, SHUT_WR);
        char c;
        while (peer_read(l, &c, 1))
            ;
    } else if (l->n % 3 == 2) {
        struct linger reset = {1, 0};
        setsockopt(l->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    }
}

static void cut_at_every_byte(void **state) {
    (void)state;
    struct ws_peer p = ws_peer_start(peer_cuts, NULL, NULL);
    struct got g = {.stop_after = 1};
    struct ws_cfg cfg = quick(NULL);
    cfg.backoff_min_ms = cfg.backoff_max_ms = 1;
    start(&g, cfg, p.port);
    for (int i = 0;; i++) {
        int opens = g.opens, messages = g.messages;
        g.stop_after = g.closes + 1;
        int before = g.closes;
        while (g.closes == before) {
            g.stop_after = 0; /* closes stop the loop, messages do not */
            run_loop();
        }
        int n = p.shared[0];
        assert_true(n > 400);
        assert_int_equal(g.closes, i + 1);
        if (i % 3 != 2) { /* a reset may overtake the bytes */
            assert_true(g.opens - opens == (i >= 129)); /* the answer's length */
            assert_true(i < n || g.messages - messages == 3);
            assert_true(i >= 129 + 5 || g.messages == messages);
        }
        if (i == n + 2)
            break;
    }
    end(&g, &p);
}

static void peer_drips(struct ws_line *l) {
    char head[4096], answer[512], buf[64] = "";
    uint8_t out[2048];
    size_t got = 0;
    if (!peer_hear_upgrade(l, head, answer))
        return;
    size_t n = conversation(answer, out);
    for (size_t i = 0; i < n; i++) {
        peer_write(l, out + i, 1);
        usleep(300);
    }
    int opcode = peer_hear(l, buf, sizeof buf, &got);
    peer_text(l, opcode == 10 && got == 1 && buf[0] == 'p' ? "pong came" : "no pong");
    pause();
}

static void slow_drip(void **state) {
    (void)state;
    struct ws_peer p = ws_peer_start(peer_drips, NULL, NULL);
    struct got g = {.stop_after = 4};
    start(&g, quick(NULL), p.port);
    run_loop();
    assert_true(!strncmp(g.all, "one|t\xc3\xb6o|", 9));
    assert_string_equal(g.last, "pong came");
    assert_int_equal(g.closes, 0);
    end(&g, &p);
}

static void peer_all_at_once(struct ws_line *l) {
    char head[4096], answer[512];
    uint8_t out[2048];
    if (!peer_hear_upgrade(l, head, answer))
        return;
    peer_write(l, out, conversation(answer, out));
    pause();
}

static void early_frames(void **state) {
    (void)state;
    struct ws_peer p = ws_peer_start(peer_all_at_once, NULL, NULL);
    struct got g = {.stop_after = 3};
    start(&g, quick(NULL), p.port);
    run_loop();
    assert_int_equal(g.opens, 1);
    assert_int_equal(g.len, 300);
    end(&g, &p);
}

/* --- frames that are not allowed, ends --- */

static const char too_long[] = "\x01\x03yyy\x80\x7e\x01\x2a"; /* and 298 bytes: one more than the message may have */
static const struct { const char *bytes; size_t n; int status; const char *why; int code; /* the client's close */ } wrong[] = {
    {too_long, 9, 1009, "longer", 1009},
    {"\x81\x02\xc3\x28", 4, 1007, "UTF-8", 1007},
    {"\x81\x01\xc3", 3, 1007, "UTF-8", 1007},                            /* ends in the middle of a character */
    {"\x81\x83" "abcd" "xyz", 9, 1002, "protocol", 1002},                  /* masked by a server */
    {"\xc1\x01x", 3, 1002, "protocol", 1002},                            /* RSV1 without an extension */
    {"\x80\x01x", 3, 1002, "protocol", 1002},                            /* goes on with nothing */
    {"\x01\x01x\x81\x01y", 6, 1002, "protocol", 1002},                   /* a new one inside of another */
    {"\x83\x01x", 3, 0, "", 0},                                          /* an opcode that does not exist */
    {"\x88\x01x", 3, 0, "closed by the server", 1005},                   /* half a close code */
    {"\x88\x04\x0f\xa1go", 6, 4001, "closed by the server: go", 4001},
    {"\x88\x07\x0f\xa1g\x1b[2J", 9, 4001, "closed by the server: g[2J", 4001}, /* sanitised */
    {"\x88\x00", 2, 0, "closed by the server", 1005},
    {"\x81\x7f\x00\x00\x00\x00\x7f\xff\xff\xffx", 11, 1009, "longer", 1009},
    {"\x81\x7f\x80\x00\x00\x00\x00\x00\x00\x00x", 11, 0, "", 0},          /* a negative length */
};
enum { WRONG = sizeof wrong / sizeof *wrong };

static void peer_wrong(struct ws_line *l) {
    char buf[256];
    size_t n = 0;
    if (!peer_upgrade(l))
        return;
    char bytes[400];
    size_t n_sent = wrong[l->shared[0]].n;
    bool padded = wrong[l->shared[0]].bytes == too_long;
    memset(bytes, 'y', sizeof bytes);
    memcpy(bytes, wrong[l->shared[0]].bytes, padded ? sizeof too_long - 1 : n_sent);
    peer_write(l, bytes, padded ? sizeof too_long - 1 + 298 : n_sent);
    int opcode = peer_hear(l, buf, sizeof buf, &n);
    l->shared[1] = opcode == 8 ? (n >= 2 ? (uint8_t)buf[0] << 8 | (uint8_t)buf[1] : 1005) : -1;
}

static void wrong_frames(void **state) {
    (void)state;
    struct ws_peer p = ws_peer_start(peer_wrong, NULL, NULL);
    for (int i = 0; i < WRONG; i++) {
        struct got g = {0};
        p.shared[0] = i;
        p.shared[1] = 0;
        struct ws_cfg cfg = quick(NULL);
        cfg.backoff_min_ms = cfg.backoff_max_ms = 2000;
        cfg.message_max = 300;
        start(&g, cfg, p.port);
        run_loop();
        assert_true(g.opens == 1 && g.closes == 1 && g.messages == 0);
        for (int k = 0; k < 200 && !p.shared[1]; k++)
            usleep(10000);
        if (wrong[i].why[0]) {
            assert_int_equal(g.status, wrong[i].status);
            assert_non_null(strstr(g.why, wrong[i].why));
            assert_int_equal(p.shared[1], wrong[i].code);
        }
        end(&g, NULL);
    }
    ws_peer_stop(&p);
}

static void peer_giant(struct ws_line *l) { /* small pieces of a text that does not end; then one frame that is just not too long */
    char piece[1000];
    uint8_t out[1100];
    if (!peer_upgrade(l))
        return;
    memset(piece, 'g', sizeof piece);
    if (l->n > 0) {
        peer_send(l, 2, piece, sizeof piece); /* binary: nobody's */
        char *whole = malloc(20000);
        memset(whole, 'w', 20000);
        peer_send(l, 1, whole, 20000);
        pause();
    }
    for (int i = 0; peer_write(l, out, peer_frame(out, false, i ? 0 : 1, piece, sizeof piece)); i++)
        ;
}

static void giant_message(void **state) {
    (void)state;
    struct ws_peer p = ws_peer_start(peer_giant, NULL, NULL);
    struct got g = {0};
    struct ws_cfg cfg = quick(NULL);
    struct ws_stats s;
    cfg.message_max = 20000;
    start(&g, cfg, p.port);
    run_loop();
    assert_int_equal(g.status, 1009);
    assert_int_equal(g.messages, 0);
    ws_stats(g.w, &s);
    assert_true(s.bytes < 400000);
    g.stop_after = 1;
    run_loop();
    assert_int_equal(g.messages, 1);
    assert_int_equal(g.len, 20000);
    end(&g, &p);
}

/* --- storms, silence --- */

static void peer_slams(struct ws_line *l) {
    l->shared[0]++;
    if (l->shared[1] && !peer_upgrade(l)) /* 1: the upgrade is answered first */
        return;
}

static void storm(bool upgraded) {
    struct ws_peer p = ws_peer_start(peer_slams, NULL, NULL);
    struct got g = {.stop_after = 7};
    struct ws_cfg cfg = quick(NULL);
    cfg.backoff_min_ms = 16;
    cfg.backoff_max_ms = 300;
    p.shared[1] = upgraded;
    start(&g, cfg, p.port);
    run_loop();
    assert_int_equal(g.opens, upgraded ? 7 : 0);
    int64_t expect = 16000;
    for (int i = 1; i < 7; i++) { /* between half of it and all of it, and what a machine under load adds */
        int64_t gap = g.times[i] - g.times[i - 1];
        assert_true(gap >= expect / 2 - 2000);
        expect = expect * 2 > 300000 ? 300000 : expect * 2;
    }
    assert_true(p.shared[0] <= 8);
    end(&g, &p);
}
static void close_storm(void **state) {
    (void)state;
    storm(false);
    storm(true);
}

static void back_off_differs(void **state) { /* many clients do not come back all at once */
    (void)state;
    int port = raw_server_closed_port();
    int64_t waits[12];
    for (int i = 0; i < 12; i++) {
        struct got g = {0};
        struct ws_cfg cfg = quick(NULL);
        struct ws_stats s;
        cfg.backoff_min_ms = cfg.backoff_max_ms = 10000;
        start(&g, cfg, port);
        run_loop();
        ws_stats(g.w, &s);
        waits[i] = (s.next_try_us - clock_now_us()) / 1000;
        assert_in_range(waits[i], 4800, 10000);
        end(&g, NULL);
    }
    int same = 0;
    for (int i = 1; i < 12; i++)
        same += llabs(waits[i] - waits[0]) < 20;
    assert_true(same < 6);
}

static void peer_stable(struct ws_line *l) {
    if (!peer_upgrade(l))
        return;
    usleep(l->n == 4 ? 400000 : 1000);
}

static void stable_forgets(void **state) {
    (void)state;
    struct ws_peer p = ws_peer_start(peer_stable, NULL, NULL);
    struct got g = {.stop_after = 5};
    struct ws_cfg cfg = quick(NULL);
    struct ws_stats s;
    cfg.backoff_min_ms = 20;
    cfg.backoff_max_ms = 1000;
    cfg.stable_ms = 200;
    start(&g, cfg, p.port);
    run_loop();
    ws_stats(g.w, &s);
    assert_true(s.next_try_us - clock_now_us() <= 20000); /* after four short ones it would be 160 ms at least */
    end(&g, &p);
}

static void peer_silent(struct ws_line *l) {
    if (l->shared[0] && !peer_upgrade(l))
        return;
    for (char c; peer_read(l, &c, 1);)
        ;
    l->shared[1] = 1; /* the client hung up */
    pause();
}

static void silence(void **state) {
    (void)state;
    for (int upgraded = 0; upgraded < 2; upgraded++) {
        struct ws_peer p = ws_peer_start(peer_silent, NULL, NULL);
        struct got g = {0};
        struct ws_cfg cfg = quick(NULL);
        cfg.ping_every_ms = 40; /* what we send is no sign of life */
        cfg.backoff_min_ms = cfg.backoff_max_ms = 3000;
        *(upgraded ? &cfg.silence_ms : &cfg.connect_timeout_ms) = 200;
        p.shared[0] = upgraded;
        int64_t from = clock_mono_us();
        start(&g, cfg, p.port);
        run_loop();
        assert_in_range(clock_mono_us() - from, 190000, 3000000);
        assert_int_equal(g.opens, upgraded);
        assert_string_equal(g.why, upgraded ? "nothing was heard for too long" : "no connection within the time limit");
        for (int k = 0; k < 200 && !p.shared[1]; k++)
            usleep(10000);
        assert_int_equal(p.shared[1], 1);
        end(&g, &p);
    }
}

static void nobody_there(void **state) {
    (void)state;
    struct got g = {.stop_after = 3};
    start(&g, quick(NULL), raw_server_closed_port());
    run_loop();
    assert_int_equal(g.closes, 3);
    assert_true(strlen(g.why) > 5);
    end(&g, NULL);
}

/* --- pings --- */

static void peer_pings(struct ws_line *l) {
    char buf[256];
    size_t n;
    if (!peer_upgrade(l))
        return;
    usleep(30000); /* so that latency is seen */
    for (;;) {
        int opcode = peer_hear(l, buf, sizeof buf, &n);
        if (opcode < 0)
            return;
        usleep(20000);
        if (opcode == 9)
            peer_send(l, 10, buf, n);
        else if (opcode == 1)
            peer_text(l, "PONG");
        l->shared[opcode]++;
    }
}

static void pings(void **state) {
    (void)state;
    for (int text = 0; text < 2; text++) {
        struct ws_peer p = ws_peer_start(peer_pings, NULL, NULL);
        struct got g = {0};
        struct ws_cfg cfg = quick(NULL);
        struct ws_stats s;
        cfg.ping_every_ms = 60;
        cfg.silence_ms = 1000;
        cfg.ping_text = text ? "PING" : NULL;
        start(&g, cfg, p.port);
        turn(1.5, false);
        ws_stats(g.w, &s);
        assert_int_equal(g.closes, 0); /* the answers are signs of life */
        assert_true(p.shared[text ? 1 : 9] >= 5 && p.shared[text ? 9 : 1] == 0);
        assert_in_range(s.latency_us, 15000, 1000000);
        assert_true(text ? g.messages >= 5 && !strcmp(g.last, "PONG") : g.messages == 0);
        end(&g, &p);
    }
}

static void peer_deaf_to_words(struct ws_line *l) { /* answers pings of the protocol, and says nothing by itself */
    char buf[8192];
    size_t n;
    if (!peer_upgrade(l))
        return;
    for (int opcode; (opcode = peer_hear(l, buf, sizeof buf, &n)) >= 0;)
        if (opcode == 9)
            peer_send(l, 10, buf, n);
}

static void a_ping_of_words_that_nobody_answers(void **state) {
    (void)state;
    struct ws_peer p = ws_peer_start(peer_deaf_to_words, NULL, NULL);
    struct got g = {0};
    struct ws_cfg cfg = quick(NULL);
    cfg.ping_every_ms = 60;
    cfg.silence_ms = 400;
    cfg.ping_text = "PING";
    start(&g, cfg, p.port);
    turn(1.5, false);
    assert_int_equal(g.closes, 0);
    assert_int_equal(g.messages, 0);
    end(&g, &p);
}

static void peer_ping_storm(struct ws_line *l) { /* pings, and never reads */
    if (!peer_upgrade(l))
        return;
    char pad[125] = {'p'};
    while (peer_send(l, 9, pad, sizeof pad))
        ;
}
static void ping_storm(void **state) {
    (void)state;
    struct ws_peer p = ws_peer_start(peer_ping_storm, NULL, NULL);
    struct got g = {0};
    struct ws_cfg cfg = quick(NULL);
    cfg.backoff_min_ms = cfg.backoff_max_ms = 3000;
    start(&g, cfg, p.port);
    run_loop();
    assert_true(strstr(g.why, "pings"));
    end(&g, &p);
}

/* --- ends from inside --- */

static void peer_floods(struct ws_line *l) {
    if (!peer_upgrade(l))
        return;
    l->shared[0]++;
    for (int i = 0; i < 50; i++)
        peer_text(l, "a");
    if (l->shared[1])
        return;
    for (char c; peer_read(l, &c, 1);)
        ;
}

static void closed_inside(void **state) {
    (void)state;
    for (int where = 1; where <= 3; where++) {
        struct ws_peer p = ws_peer_start(peer_floods, NULL, NULL);
        struct got g = {.close_in = where};
        p.shared[1] = where == 3;
        start(&g, quick(NULL), p.port);
        run_loop();
        assert_null(g.w);
        turn(0.05, false);
        assert_int_equal(g.opens, 1);
        assert_int_equal(g.messages, where == 1 ? 0 : where == 2 ? 1 : 50);
        assert_int_equal(g.closes, where == 3);
        ws_peer_stop(&p);
    }
}

static void reconnects(void **state) {
    (void)state;
    struct ws_peer p = ws_peer_start(peer_floods, NULL, NULL);
    struct got g = {.again_in = 2, .stop_after = 51};
    struct ws_cfg cfg = quick(NULL);
    struct ws_stats s;
    cfg.backoff_min_ms = cfg.backoff_max_ms = 60000;
    start(&g, cfg, p.port);
    run_loop(); /* one message of the first, all of the second */
    assert_true(g.opens == 2 && g.closes == 1 && g.messages == 51);
    assert_string_equal(g.why, "wanted[2J");
    g.stop_after = 0;
    g.inside = true;
    ws_reconnect(g.w, "later", false);
    g.inside = false;
    assert_false(ws_send(g.w, "x", 1));
    run_loop();
    ws_stats(g.w, &s);
    assert_int_equal(s.state, WS_WAITING);
    assert_string_equal(s.why, "later");
    assert_true(s.next_try_us > clock_now_us() + 25000000);
    g.inside = true;
    ws_reconnect(g.w, "now", true);
    g.inside = false;
    g.stop_after = 101;
    run_loop();
    assert_int_equal(g.opens, 3);
    assert_int_equal(g.closes, 2);
    end(&g, &p);
}

/* --- too much of us, too much of them --- */

static void peer_deaf(struct ws_line *l) {
    if (!peer_upgrade(l))
        return;
    for (;; usleep(20000))
        peer_text(l, "."); /* talks, but hears nothing */
}

static void send_limit(void **state) {
    (void)state;
    struct ws_peer p = ws_peer_start(peer_deaf, NULL, NULL);
    struct got g = {.stop_after = 1};
    struct ws_cfg cfg = quick(NULL);
    static char text[100000];
    memset(text, 'y', sizeof text);
    cfg.send_max = 1 << 20;
    cfg.silence_ms = 300;
    cfg.ping_every_ms = 100;
    cfg.backoff_min_ms = cfg.backoff_max_ms = 3000;
    start(&g, cfg, p.port);
    run_loop();
    int taken = 0;
    while (taken < 200 && ws_send(g.w, text, sizeof text))
        taken++;
    assert_in_range(taken, 5, 10);
    g.stop_after = 1 << 30;
    for (int i = 0; i < 200; i++) { /* the sockets take some, then nothing fits any more */
        turn(0.002, false);
        while (ws_send(g.w, text, sizeof text))
            taken++;
    }
    assert_true(taken < 400);
    g.stop_after = 0;
    g.messages = 0;
    while (!g.closes)
        run_loop();
    assert_string_equal(g.why, "the server takes nothing any more");
    end(&g, &p);
}

static void peer_much(struct ws_line *l) { /* 16 MB in texts of 1000 */
    char text[1001];
    uint8_t out[64 * 1010];
    size_t n = 0;
    memset(text, 'm', 1000);
    text[1000] = 0;
    if (!peer_upgrade(l))
        return;
    for (int i = 0; i < 64; i++)
        n += peer_frame(out + n, true, 1, text, 1000);
    for (int i = 0; i < 250; i++)
        peer_write(l, out, n);
    pause();
}
static struct got *turn_of;
static size_t turn_most, turn_last;
static void turn_ends(struct ev_loop *loop, ev_prepare *w, int events) {
    (void)loop, (void)w, (void)events;
    size_t n = turn_of->bytes - turn_last;
    turn_last = turn_of->bytes;
    turn_most = n > turn_most ? n : turn_most;
}
static void turns(const char *cert, const char *key, const char *scheme) {
    struct ws_peer p = ws_peer_start(peer_much, cert, key);
    struct got g = {.stop_after = 16000};
    struct ws_cfg cfg = quick(NULL);
    ev_prepare each;
    turn_of = &g;
    turn_most = turn_last = 0;
    cfg.turn_bytes = 40000;
    ev_prepare_init(&each, turn_ends);
    ev_prepare_start(loop_get(), &each);
    start_at(&g, cfg, p.port, scheme);
    run_loop();
    ev_prepare_stop(loop_get(), &each);
    assert_int_equal(g.messages, 16000);
    assert_in_range(turn_most, 1000, 40000 + 1010);
    end(&g, &p);
}
static void budget_of_a_turn(void **state) {
    (void)state;
    turns(NULL, NULL, "ws");
}

/* --- TLS, and http beside it --- */

static void over_tls(void **state) {
    (void)state;
    char dir[] = "/tmp/ws-test-XXXXXX", cert[64], key[64], other[64], other_key[64];
    assert_non_null(mkdtemp(dir));
    snprintf(cert, sizeof cert, "%s/cert.pem", dir);
    snprintf(key, sizeof key, "%s/key.pem", dir);
    snprintf(other, sizeof other, "%s/other.pem", dir);
    snprintf(other_key, sizeof other_key, "%s/other-key.pem", dir);
    ws_peer_certificate("127.0.0.1", cert, key);
    ws_peer_certificate("example.com", other, other_key);
    unsetenv("SSL_CERT_FILE");
    for (int i = 0; i < 3; i++) { /* trusted; of nobody we know; of another host */
        struct ws_peer p = ws_peer_start(peer_talks, i == 2 ? other : cert, i == 2 ? other_key : key);
        struct got g = {.say = "subscribe", .stop_after = i ? 0 : 2};
        struct ws_cfg cfg = quick(NULL);
        const char *headers[] = {"X-Key: secret", NULL};
        cfg.headers = headers;
        if (i != 1)
            setenv("SSL_CERT_FILE", i == 2 ? other : cert, 1);
        start_at(&g, cfg, p.port, "wss");
        run_loop();
        assert_int_equal(g.opens, i == 0);
        assert_int_equal(g.closes, i != 0);
        assert_true(i ? strstr(g.why, "certificate") != NULL : !strcmp(g.all, "good|subscribe|"));
        end(&g, &p);
        unsetenv("SSL_CERT_FILE");
    }
    setenv("SSL_CERT_FILE", cert, 1);
    turns(cert, key, "wss");
    unsetenv("SSL_CERT_FILE");
    unlink(cert), unlink(key), unlink(other), unlink(other_key), rmdir(dir);
}

static int answered;
static void http_done(void *ctx, const struct http_answer *a) {
    (void)ctx;
    assert_int_equal(a->status, 200);
    if (++answered == 80)
        stop();
}

static void http_beside(void **state) { /* many connections of http come and go; ours stays */
    (void)state;
    const struct raw_script script = {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", .end = RAW_AGAIN};
    struct raw_server http[40];
    struct ws_peer p = ws_peer_start(peer_talks, NULL, NULL);
    struct got g = {.stop_after = 1};
    start(&g, quick(NULL), p.port);
    run_loop();
    answered = 0;
    for (int i = 0; i < 40; i++)
        http[i] = raw_server_start(&script, 1);
    for (int k = 0; k < 80; k++) {
        char url[64];
        snprintf(url, sizeof url, "http://127.0.0.1:%d/", http[k % 40].port);
        http_send(&(struct http_request){.url = url}, http_done, NULL);
    }
    run_loop();
    for (int i = 0; i < 40; i++)
        raw_server_stop(&http[i]);
    g.stop_after = 2;
    assert_true(ws_send(g.w, "still here", 10));
    run_loop();
    assert_string_equal(g.last, "still here");
    assert_int_equal(g.closes, 0);
    http_close_all(); /* takes the line away, quietly */
    assert_int_equal(g.closes, 0);
    end(&g, &p);
}

static int tidy(void **state) {
    (void)state;
    ws_close(live);
    live = NULL;
    return 0;
}
static int clean(void **state) {
    (void)state;
    http_close_all();
    return 0;
}

#define TEST(name) cmocka_unit_test_teardown(name, tidy)
int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(talks), TEST(refused_urls), TEST(upgrade_answers), TEST(cut_at_every_byte), TEST(slow_drip),
        TEST(early_frames), TEST(wrong_frames), TEST(giant_message), TEST(close_storm), TEST(back_off_differs),
        TEST(stable_forgets), TEST(silence), TEST(nobody_there), TEST(pings), TEST(a_ping_of_words_that_nobody_answers), TEST(ping_storm),
        TEST(closed_inside), TEST(reconnects), TEST(send_limit), TEST(budget_of_a_turn), TEST(over_tls),
        TEST(http_beside),
    };
    return cmocka_run_group_tests(tests, NULL, clean);
}
