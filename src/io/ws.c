/* WebSocket client on the loop (ws.h): curl makes the connection and moves its bytes, ws_wire.c speaks the protocol, here are the timers, the
 * back-off and who is told when. What is called from outside only marks; `soon`, a timer of zero, acts, so no callback comes from inside. */
#include "turret/io/ws.h"

#include <assert.h>
#include <curl/curl.h>
#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "http_private.h"
#include "multi.h"
#include "turret/base/mem.h"
#include "turret/base/rng.h"
#include "turret/base/str.h"
#include "turret/base/utf8.h"
#include "turret/io/loop.h"
#include "ws_setup.h"
#include "ws_wire.h"

enum { READ_ONCE = 64 << 10, RETRY_AFTER_MAX_MS = 300000 };

struct ws {
    struct multi_owner owner; /* first: curl tells it */
    struct ws *next;          /* of all */
    struct ws_setup want;
    struct ws_handler h;
    CURL *easy;
    struct ws_wire *wire;
    bool reading, added, dead, wanted_end, wanted_now, starting;
    int depth; /* of our own code that works on it: not freed under its feet */
    ev_io in, out;
    ev_timer soon, watch /* connecting: time limit; open: silence */, again /* the next try */, ping;
    struct rng rng;
    unsigned tries;
    int64_t opened_mono_us, pinged_mono_us, stuck_mono_us;
    bool asked, answers; /* a ping was sent on this connection; a message came after one */
    struct ws_stats stats;
    char wanted_why[160], detail[CURL_ERROR_SIZE];
};

static struct ws *all;
static void act_soon(struct ws *w);

/* --- timers --- */

static void timer_in(ev_timer *t, int64_t ms) {
    struct ev_loop *loop = loop_get();
    ev_timer_stop(loop, t);
    ev_now_update(loop);
    ev_timer_set(t, (double)ms / 1000., 0.);
    ev_timer_start(loop, t);
}
static void act_soon(struct ws *w) {
    if (!ev_is_active(&w->soon))
        timer_in(&w->soon, 0);
}

/* --- the end of a connection --- */

/* Takes the connection down without a word to anyone. */
static void drop(struct ws *w) {
    struct ev_loop *loop = loop_get();
    ev_io_stop(loop, &w->in);
    ev_io_stop(loop, &w->out);
    ev_timer_stop(loop, &w->watch);
    ev_timer_stop(loop, &w->ping);
    ev_timer_stop(loop, &w->again);
    if (w->easy) {
        if (w->added)
            multi_remove(w->easy);
        curl_easy_cleanup(w->easy);
    }
    w->easy = NULL;
    w->added = w->reading = false;
    ws_wire_free(w->wire);
    w->wire = NULL;
}

static bool flush(struct ws *w);

static void free_now(struct ws *w) {
    struct ws **at = &all;
    if (w->wire && w->stats.state == WS_OPEN) {
        ws_wire_close(w->wire, 1000);
        (void)flush(w);
    }
    while (*at != w)
        at = &(*at)->next;
    *at = w->next;
    drop(w);
    ev_timer_stop(loop_get(), &w->soon);
    ws_setup_free(&w->want);
    free(w);
}

/* Half of the doubled time to the whole of it, at random; a server that said when to come back is heard. */
static int64_t backoff_ms(struct ws *w, int64_t retry_after_ms) {
    int64_t most = w->want.cfg.backoff_max_ms, wait = w->want.cfg.backoff_min_ms;
    for (unsigned i = 0; i < w->tries && wait < most; i++)
        wait *= 2;
    wait = wait > most ? most : wait;
    wait = wait / 2 + (int64_t)rng_below(&w->rng, (uint64_t)(wait / 2 + 1));
    retry_after_ms = retry_after_ms > RETRY_AFTER_MAX_MS ? RETRY_AFTER_MAX_MS : retry_after_ms;
    return retry_after_ms > wait ? retry_after_ms : wait;
}

/* The connection is over: told, and the next one is set up. Outside of the wire and of curl. */
static void fail(struct ws *w, int status, const char *why, int64_t retry_after_ms, bool now) {
    if (w->stats.state == WS_OPEN && clock_mono_us() - w->opened_mono_us >= (int64_t)w->want.cfg.stable_ms * 1000)
        w->tries = 0;
    if (w->wire && ws_wire_opened(w->wire))
        (void)flush(w); /* the close frame, if it gets through at once */
    drop(w);
    int64_t wait = now ? 0 : backoff_ms(w, retry_after_ms);
    w->tries += !now;
    w->stats.state = WS_WAITING;
    w->stats.latency_us = -1;
    w->stats.next_try_us = clock_now_us() + wait * 1000;
    utf8_sanitise(w->stats.why, sizeof w->stats.why, why, strlen(why));
    timer_in(&w->again, wait);
    if (w->h.closed && !w->dead)
        w->h.closed(w->h.ctx, status, w->stats.why);
}

/* Everything that works on a connection goes through here: w may be gone afterwards. */
static void enter(struct ws *w) { w->depth++; }
static void leave(struct ws *w) {
    assert(w->depth > 0);
    if (w->depth == 1 && w->wanted_end && !w->dead) {
        char why[sizeof w->wanted_why];
        bool now = w->wanted_now;
        str_copy(why, sizeof why, w->wanted_why);
        w->wanted_end = w->wanted_now = false;
        if (w->wire) {
            ws_wire_close(w->wire, 1000);
            fail(w, 0, why, -1, now);
        } else if (now && w->stats.state == WS_WAITING) {
            timer_in(&w->again, 0);
        }
    }
    if (--w->depth == 0 && w->dead)
        free_now(w);
}

/* --- bytes out --- */

/* False: the line is broken. What does not go now goes when the socket takes it. */
static bool flush(struct ws *w) {
    const char *bytes;
    size_t n;
    while ((n = ws_wire_take(w->wire, &bytes)) > 0) {
        size_t sent = 0;
        CURLcode code = curl_easy_send(w->easy, bytes, n, &sent);
        if (code == CURLE_AGAIN || (code == CURLE_OK && sent == 0)) {
            if (!w->stuck_mono_us)
                w->stuck_mono_us = clock_mono_us();
            ev_io_start(loop_get(), &w->out);
            return true;
        }
        if (code != CURLE_OK)
            return false;
        w->stuck_mono_us = 0;
        ws_wire_sent(w->wire, sent);
    }
    ev_io_stop(loop_get(), &w->out);
    return true;
}

static void on_out(struct ev_loop *loop, ev_io *io, int events) {
    (void)loop;
    (void)events;
    struct ws *w = io->data;
    enter(w);
    if (!flush(w))
        fail(w, 0, "the connection broke while sending", -1, false);
    leave(w);
}

/* --- bytes in --- */

static void wire_over(struct ws *w) {
    struct ws_wire_end end;
    ws_wire_why(w->wire, &end);
    fail(w, end.status, end.why, end.retry_after_ms, false);
}

static void heard(struct ws *w, size_t n) {
    w->stats.bytes += n;
    w->stats.last_us = clock_now_us();
    if (w->want.cfg.ping_text && w->pinged_mono_us) {
        w->stats.latency_us = clock_mono_us() - w->pinged_mono_us;
        w->pinged_mono_us = 0;
    }
    if (w->stats.state == WS_OPEN)
        timer_in(&w->watch, w->want.cfg.silence_ms);
}

/* Reads until nothing is left or the turn's budget is used; TLS may hold bytes although the socket is silent, so the rest is not left to it. */
static void read_turn(struct ws *w) {
    static char buf[READ_ONCE]; /* one connection at a time; the wire copies what it keeps */
    size_t budget = w->want.cfg.turn_bytes;
    ev_io_start(loop_get(), &w->in);
    while (budget > 0 && w->wire && !w->dead && !w->wanted_end) {
        size_t got = 0;
        CURLcode code = curl_easy_recv(w->easy, buf, budget < sizeof buf ? budget : sizeof buf, &got);
        if (code == CURLE_AGAIN)
            break;
        if (code != CURLE_OK || got == 0) {
            fail(w, 0, code ? curl_easy_strerror(code) : ws_wire_opened(w->wire) ? "the server closed the connection" : "the connection was closed before the upgrade was answered", -1, false);
            return;
        }
        budget -= got;
        heard(w, got);
        bool going = ws_wire_feed(w->wire, buf, got);
        if (w->dead || w->wanted_end)
            return;
        if (!going) {
            wire_over(w);
            return;
        }
        if (!flush(w)) {
            fail(w, 0, "the connection broke while sending", -1, false);
            return;
        }
    }
    if (budget == 0 && w->wire && !w->dead) {
        ev_io_stop(loop_get(), &w->in);
        w->reading = true;
        act_soon(w);
    }
}

static void on_in(struct ev_loop *loop, ev_io *io, int events) {
    (void)loop;
    (void)events;
    struct ws *w = io->data;
    enter(w);
    read_turn(w);
    leave(w);
}

/* --- what the wire tells --- */

static void wire_open(void *ctx) {
    struct ws *w = ctx;
    w->stats.state = WS_OPEN;
    w->stats.opened_us = clock_now_us();
    w->stats.next_try_us = 0;
    w->stats.connects++;
    w->opened_mono_us = clock_mono_us();
    w->pinged_mono_us = w->stuck_mono_us = 0;
    w->asked = w->answers = false;
    timer_in(&w->watch, w->want.cfg.silence_ms);
    timer_in(&w->ping, w->want.cfg.ping_every_ms);
    if (w->h.open)
        w->h.open(w->h.ctx);
}
static void wire_message(void *ctx, const char *text, size_t len) {
    struct ws *w = ctx;
    w->stats.messages++;
    w->answers = w->answers || w->asked;
    if (w->h.message)
        w->h.message(w->h.ctx, text, len);
}
static void wire_pong(void *ctx) {
    struct ws *w = ctx;
    if (w->pinged_mono_us)
        w->stats.latency_us = clock_mono_us() - w->pinged_mono_us;
    w->pinged_mono_us = 0;
}

/* --- connecting --- */

static void on_connected(struct multi_owner *o, CURLcode code) {
    struct ws *w = (struct ws *)(void *)o;
    curl_socket_t fd = CURL_SOCKET_BAD;
    enter(w);
    if (code == CURLE_OK)
        curl_easy_getinfo(w->easy, CURLINFO_ACTIVESOCKET, &fd);
    if (fd == CURL_SOCKET_BAD) {
        char why[CURL_ERROR_SIZE];
        str_copy(why, sizeof why, w->detail[0] ? w->detail : curl_easy_strerror(code));
        fail(w, 0, why, -1, false);
    } else {
        ev_io_set(&w->in, fd, EV_READ);
        ev_io_set(&w->out, fd, EV_WRITE);
        ev_io_start(loop_get(), &w->in);
        if (!flush(w))
            fail(w, 0, "the connection broke while sending", -1, false);
    }
    leave(w);
}

static void connect_now(struct ws *w) {
    const struct ws_wire_handler h = {w, wire_open, wire_message, wire_pong};
    uint8_t nonce[16];
    ssize_t n = getrandom(nonce, sizeof nonce, 0);
    assert(n == (ssize_t)sizeof nonce);
    w->wire = ws_wire_new(w->want.host, w->want.target, (const char *const *)w->want.headers, nonce, w->want.cfg.message_max, &h);
    w->stats.state = WS_CONNECTING;
    w->stats.next_try_us = 0;
    w->detail[0] = 0;
    CURL *e = w->easy = curl_easy_init();
    bool ok = multi_rules(e, http_url_loopback(w->want.url));
    ok = ok && curl_easy_setopt(e, CURLOPT_URL, w->want.url) == CURLE_OK && curl_easy_setopt(e, CURLOPT_CONNECT_ONLY, 1L) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_SSL_ENABLE_ALPN, 0L) == CURLE_OK && curl_easy_setopt(e, CURLOPT_ERRORBUFFER, w->detail) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, 1L) == CURLE_OK && curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)w->want.cfg.connect_timeout_ms + 1000) == CURLE_OK;
    w->added = ok && multi_add(e, &w->owner);
    if (w->added)
        timer_in(&w->watch, w->want.cfg.connect_timeout_ms);
    else
        fail(w, 0, "the connection can't be made", -1, false);
}

/* --- timers that fire --- */

static void on_soon(struct ev_loop *loop, ev_timer *t, int events) {
    (void)loop;
    (void)events;
    struct ws *w = t->data;
    enter(w);
    if (w->starting && !w->dead) {
        w->starting = false;
        connect_now(w);
    } else if (w->reading && w->wire && !w->dead && !w->wanted_end) {
        w->reading = false;
        read_turn(w);
    }
    if (w->wire && w->easy && w->stats.state == WS_OPEN && !w->dead && !flush(w))
        fail(w, 0, "the connection broke while sending", -1, false);
    leave(w);
}

static void on_again(struct ev_loop *loop, ev_timer *t, int events) {
    (void)loop;
    (void)events;
    struct ws *w = t->data;
    enter(w);
    connect_now(w);
    leave(w);
}

static void on_watch(struct ev_loop *loop, ev_timer *t, int events) {
    (void)loop;
    (void)events;
    struct ws *w = t->data;
    enter(w);
    fail(w, 0, w->stats.state == WS_OPEN ? "nothing was heard for too long" : "no connection within the time limit", -1, false);
    leave(w);
}

static void on_ping(struct ev_loop *loop, ev_timer *t, int events) {
    (void)loop;
    (void)events;
    struct ws *w = t->data;
    const char *text = w->want.cfg.ping_text;
    int64_t now = clock_mono_us();
    enter(w);
    if (w->stuck_mono_us && now - w->stuck_mono_us > (int64_t)w->want.cfg.silence_ms * 1000) {
        fail(w, 0, "the server takes nothing any more", -1, false);
    } else {
        bool sent = text && ws_wire_send(w->wire, text, strlen(text), w->want.cfg.send_max + 1024);
        if (!text || (w->asked && !w->answers)) /* a server that does not answer the venue's own ping answers the protocol's */
            sent = ws_wire_ping(w->wire) || sent;
        w->asked = true;
        if (sent && !w->pinged_mono_us)
            w->pinged_mono_us = now;
        timer_in(&w->ping, w->want.cfg.ping_every_ms);
        if (!flush(w))
            fail(w, 0, "the connection broke while sending", -1, false);
    }
    leave(w);
}

/* --- the port --- */

struct ws *ws_open(const struct ws_cfg *cfg, const struct ws_handler *h, char *text, size_t cap) {
    struct ws *w = xcalloc(1, sizeof *w);
    uint64_t seed;
    ssize_t n = getrandom(&seed, sizeof seed, 0);
    assert(n == (ssize_t)sizeof seed);
    rng_seed(&w->rng, seed);
    w->owner.done = on_connected;
    w->h = *h;
    w->next = all;
    all = w;
    ev_init(&w->in, on_in);
    ev_init(&w->out, on_out);
    ev_init(&w->soon, on_soon);
    ev_init(&w->watch, on_watch);
    ev_init(&w->again, on_again);
    ev_init(&w->ping, on_ping);
    w->in.data = w->out.data = w->soon.data = w->watch.data = w->again.data = w->ping.data = w;
    w->stats.latency_us = -1;
    const char *why = ws_setup_take(&w->want, cfg);
    if (why) {
        str_copy(text, cap, why);
        free_now(w);
        return NULL;
    }
    w->starting = true;
    act_soon(w);
    return w;
}

bool ws_send(struct ws *w, const char *text, size_t len) {
    if (w->stats.state != WS_OPEN || w->dead || w->wanted_end || !ws_wire_send(w->wire, text, len, w->want.cfg.send_max))
        return false;
    act_soon(w);
    return true;
}

void ws_reconnect(struct ws *w, const char *why, bool now) {
    utf8_sanitise(w->wanted_why, sizeof w->wanted_why, why, strlen(why));
    w->wanted_end = true;
    w->wanted_now |= now;
    if (w->wire)
        ws_wire_stop(w->wire);
    act_soon(w);
}

void ws_stats(const struct ws *w, struct ws_stats *out) { *out = w->stats; }

void ws_close(struct ws *w) {
    if (!w || w->dead)
        return;
    w->dead = true;
    if (w->depth || multi_inside()) {
        if (w->wire)
            ws_wire_stop(w->wire);
        act_soon(w);
        return;
    }
    free_now(w);
}

void ws_sweep(void) {
    for (struct ws *w = all, *next; w; w = next) {
        next = w->next;
        if (w->dead)
            free_now(w);
        else
            drop(w);
    }
}
