/* Lines held open (http_line.h): curl makes the connection (TLS, proxies, names), the request's bytes go out in the call that wants them, the answer is
 * read here. What breaks or grows old is renewed behind the back of who uses it. */
#include "turret/io/http_line.h"

#include <assert.h>
#include <curl/curl.h>
#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http_private.h"
#include "http_line_answer.h"
#include "multi.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/base/utf8.h"
#include "turret/io/loop.h"

enum { READ_ONCE = 16 << 10, ALIVE_MS = 15000, CONNECT_MS = 10000, BACKOFF_MAX_MS = 30000, BODY_MAX = 1 << 20 };

enum state { CONN_WAITING /* for its next try */, CONN_CONNECTING, CONN_IDLE, CONN_BUSY };

struct conn {
    struct multi_owner owner; /* first: curl tells it */
    struct http_line *line;
    enum state state;
    CURL *easy;
    bool added;
    ev_io in, out;
    ev_timer timer; /* of its state: next try, connecting, silence, answer */
    struct str send;
    size_t sent;
    struct line_answer answer;
    http_done_fn *done; /* NULL: to keep it alive */
    void *ctx;
    int64_t started_us;
    unsigned tries;
    char detail[CURL_ERROR_SIZE];
};
struct http_line {
    char *base, *host, *alive_path;
    size_t base_len;
    int alive_ms, n;
    bool loopback;
    struct conn conns[HTTP_LINE_MAX];
};

static void connect_now(struct conn *c);

static void timer_in(struct conn *c, int64_t ms) {
    struct ev_loop *loop = loop_get();
    ev_timer_stop(loop, &c->timer);
    ev_now_update(loop);
    ev_timer_set(&c->timer, (double)ms / 1000., 0.);
    ev_timer_start(loop, &c->timer);
}

/* --- the end of a connection, the end of a request ------------------------------------------------------- */

static void forget_request(struct conn *c) {
    if (c->send.p)
        explicit_bzero(c->send.p, c->send.len); /* keys and signatures */
    str_reset(&c->send);
    c->sent = 0;
    c->done = NULL;
    c->ctx = NULL;
    line_answer_free(&c->answer);
}

static void take_down(struct conn *c) {
    struct ev_loop *loop = loop_get();
    ev_io_stop(loop, &c->in);
    ev_io_stop(loop, &c->out);
    ev_timer_stop(loop, &c->timer);
    if (c->easy) {
        if (c->added)
            multi_remove(c->easy);
        curl_easy_cleanup(c->easy);
    }
    c->easy = NULL;
    c->added = false;
}

/* Down, and tried again in a while: at once after a connection that had served. */
static void renew(struct conn *c, bool at_once) {
    int64_t wait = at_once ? 1 : 250LL << (c->tries < 8 ? c->tries : 7);
    take_down(c);
    c->tries += !at_once;
    c->state = CONN_WAITING;
    timer_in(c, wait > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : wait);
}

static void idle(struct conn *c) {
    c->state = CONN_IDLE;
    c->tries = 0;
    ev_io_start(loop_get(), &c->in); /* the other side may close it */
    timer_in(c, c->line->alive_ms);
}

/* The request is answered, or is not: its owner is told last, as it may close the line. */
static void request_end(struct conn *c, enum err err, const char *why) {
    struct line_answer a = c->answer;
    http_done_fn *done = c->done;
    void *ctx = c->ctx;
    struct http_answer out = {.err = err, .head = "\n", .retry_after_ms = -1, .body = "", .content_type = "", .latency_us = clock_mono_us() - c->started_us};
    bool keep = err == ERR_OK && a.keep && c->sent == c->send.len;
    c->answer = (struct line_answer){0};
    forget_request(c);
    if (a.headed) {
        const char *type = http_line_header(a.buf + a.head, "content-type");
        out.head = a.buf + a.head;
        out.status = a.status;
        out.content_type = type ? type : "";
    }
    if (err == ERR_OK) {
        out.body = a.buf + a.body;
        out.body_len = a.body_len;
        out.retry_after_ms = http_retry_after(http_line_header(out.head, "retry-after-ms"), http_line_header(out.head, "retry-after"), clock_now_us());
    } else {
        utf8_sanitise(out.text, sizeof out.text, why, strlen(why));
    }
    if (keep)
        idle(c);
    else
        renew(c, err == ERR_OK || done != NULL);
    if (done)
        done(ctx, &out);
    line_answer_free(&a);
}

/* --- bytes ------------------------------------------------------------------------------------------------- */

/* False: the connection broke. */
static bool flush(struct conn *c) {
    while (c->sent < c->send.len) {
        size_t n = 0;
        CURLcode code = curl_easy_send(c->easy, c->send.p + c->sent, c->send.len - c->sent, &n);
        c->sent += n;
        if (code == CURLE_AGAIN) {
            ev_io_start(loop_get(), &c->out);
            return true;
        }
        if (code != CURLE_OK)
            return false;
    }
    ev_io_stop(loop_get(), &c->out);
    return true;
}

static void on_out(struct ev_loop *loop, ev_io *io, int events) {
    struct conn *c = io->data;
    (void)loop, (void)events;
    if (c->state == CONN_BUSY && !flush(c))
        request_end(c, ERR_OUTCOME_UNKNOWN, "the connection broke while sending");
}

static void read_answer(struct conn *c) {
    for (;;) {
        size_t got = 0;
        CURLcode code = curl_easy_recv(c->easy, line_answer_room(&c->answer, READ_ONCE), READ_ONCE, &got);
        if (code == CURLE_AGAIN)
            return;
        enum line_read r = line_answer_look(&c->answer, code == CURLE_OK ? got : 0, code != CURLE_OK || got == 0);
        if (r == LINE_MORE)
            continue;
        if (r == LINE_WHOLE && code != CURLE_OK) { /* not closed but cut: what ends with the connection may lack something */
            request_end(c, ERR_OUTCOME_UNKNOWN, "the connection broke");
            return;
        }
        request_end(c, r == LINE_WHOLE ? ERR_OK : r == LINE_TOO_LONG ? ERR_OVERFLOW : ERR_OUTCOME_UNKNOWN, r == LINE_TOO_LONG ? "the answer is too long" : c->answer.why ? c->answer.why : "");
        return;
    }
}

static void on_in(struct ev_loop *loop, ev_io *io, int events) {
    struct conn *c = io->data;
    char spare[256];
    size_t got = 0;
    (void)loop, (void)events;
    if (c->state == CONN_BUSY) {
        read_answer(c);
        return;
    }
    /* nobody asked: it is closed, or speaks out of turn; TLS may have had something of its own to read */
    if (c->state == CONN_IDLE && curl_easy_recv(c->easy, spare, sizeof spare, &got) != CURLE_AGAIN)
        renew(c, true);
}

/* --- connecting --------------------------------------------------------------------------------------------- */

static void on_connected(struct multi_owner *o, CURLcode code) {
    struct conn *c = (struct conn *)(void *)o;
    curl_socket_t fd = CURL_SOCKET_BAD;
    if (c->state != CONN_CONNECTING)
        return;
    if (code == CURLE_OK)
        curl_easy_getinfo(c->easy, CURLINFO_ACTIVESOCKET, &fd);
    if (fd == CURL_SOCKET_BAD) {
        renew(c, false);
        return;
    }
    ev_io_set(&c->in, fd, EV_READ);
    ev_io_set(&c->out, fd, EV_WRITE);
    idle(c);
}

static void connect_now(struct conn *c) {
    CURL *e = c->easy = curl_easy_init();
    bool ok = multi_rules(e, c->line->loopback);
    ok = ok && curl_easy_setopt(e, CURLOPT_URL, c->line->base) == CURLE_OK && curl_easy_setopt(e, CURLOPT_CONNECT_ONLY, 1L) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_SSL_ENABLE_ALPN, 0L) == CURLE_OK && curl_easy_setopt(e, CURLOPT_ERRORBUFFER, c->detail) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, 1L) == CURLE_OK && curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS) == CURLE_OK;
    c->state = CONN_CONNECTING;
    c->added = ok && multi_add(e, &c->owner);
    if (c->added)
        timer_in(c, CONNECT_MS + 1000);
    else
        renew(c, false);
}

/* --- requests --------------------------------------------------------------------------------------------------- */

static bool head_good(const char *h) { return strchr(h, ':') && !strpbrk(h, "\r\n"); }

static void request_write(struct str *s, const struct http_line *l, const char *method, const char *target, const struct http_request *r) {
    str_addf(s, "%s %s HTTP/1.1\r\nHost: %s\r\n", method, target, l->host);
    for (const char *const *h = r ? r->headers : NULL; h && *h; h++)
        str_addf(s, "%s\r\n", *h);
    if (r && (r->body || strcmp(method, "GET") != 0))
        str_addf(s, "Content-Length: %zu\r\n", r->body_len);
    str_add(s, "\r\n");
    if (r && r->body_len)
        str_add_n(s, r->body, r->body_len);
}

/* Sends what stands in c->send. False: not a byte went, and the connection is renewed. */
static bool request_start(struct conn *c, int timeout_ms, size_t max_body) {
    c->sent = 0;
    c->state = CONN_BUSY;
    c->started_us = clock_mono_us();
    line_answer_init(&c->answer, max_body);
    if (!flush(c) && c->sent == 0) {
        forget_request(c);
        renew(c, true);
        return false;
    }
    if (c->sent < c->send.len && !ev_is_active(&c->out)) { /* broken in the middle: told on the next turn */
        timer_in(c, 0);
        return true;
    }
    timer_in(c, timeout_ms);
    return true;
}

static void on_timer(struct ev_loop *loop, ev_timer *w, int events) {
    struct conn *c = w->data;
    (void)loop, (void)events;
    if (c->state == CONN_WAITING) {
        connect_now(c);
    } else if (c->state == CONN_CONNECTING) {
        renew(c, false);
    } else if (c->state == CONN_BUSY) {
        bool broke = c->sent < c->send.len && !ev_is_active(&c->out);
        request_end(c, broke ? ERR_OUTCOME_UNKNOWN : ERR_TIMEOUT, broke ? "the connection broke while sending" : "no answer in time");
    } else if (c->line->alive_path) {
        request_write(&c->send, c->line, "GET", c->line->alive_path, NULL);
        (void)request_start(c, 10000, BODY_MAX);
    } else {
        renew(c, true);
    }
}

/* --- the port ------------------------------------------------------------------------------------------------------ */

static char *path_join(const char *base, const char *path) {
    struct str s;
    str_init(&s);
    str_addf(&s, "%s%s", base, path);
    char *joined = xstrdup(s.p);
    str_free(&s);
    return joined;
}

struct http_line *http_line_open(const struct http_line_cfg *cfg) {
    if (http_url_check(cfg->base))
        return NULL;
    struct http_line *l = xcalloc(1, sizeof *l);
    const char *host = strstr(cfg->base, "://") + 3;
    const size_t host_len = strcspn(host, "/?#");
    l->base = xstrdup(cfg->base);
    l->base_len = (size_t)(host - cfg->base) + host_len;
    l->base[l->base_len] = '\0'; /* a path in it is part of each target */
    l->host = xstrdup(host);
    l->host[host_len] = '\0';
    if (cfg->alive_path)
        l->alive_path = path_join(host + host_len, cfg->alive_path);
    l->alive_ms = cfg->alive_every_ms > 0 ? cfg->alive_every_ms : ALIVE_MS;
    l->loopback = http_url_loopback(cfg->base);
    l->n = cfg->connections < 1 ? 1 : cfg->connections > HTTP_LINE_MAX ? HTTP_LINE_MAX : cfg->connections;
    multi_open();
    for (int i = 0; i < l->n; i++) {
        struct conn *c = &l->conns[i];
        c->owner.done = on_connected;
        c->line = l;
        ev_init(&c->in, on_in);
        ev_init(&c->out, on_out);
        ev_init(&c->timer, on_timer);
        c->in.data = c->out.data = c->timer.data = c;
        timer_in(c, 0); /* curl may be at work now */
    }
    return l;
}

void http_line_close(struct http_line *l) {
    if (!l)
        return;
    for (int i = 0; i < l->n; i++) {
        forget_request(&l->conns[i]);
        take_down(&l->conns[i]);
        str_free(&l->conns[i].send);
    }
    free(l->base);
    free(l->host);
    free(l->alive_path);
    free(l);
}

int http_line_ready(const struct http_line *l) {
    int n = 0;
    for (int i = 0; i < l->n; i++)
        n += l->conns[i].state == CONN_IDLE;
    return n;
}

bool http_line_send(struct http_line *l, const struct http_request *r, http_done_fn *done, void *ctx) {
    const char *target = r->url + l->base_len;
    if (strncmp(r->url, l->base, l->base_len) != 0 || (*target != '/' && *target != '?') || r->on_bytes || strpbrk(target, " \r\n") || multi_inside())
        return false;
    for (const char *const *h = r->headers; h && *h; h++)
        if (!head_good(*h))
            return false;
    for (int i = 0; i < l->n; i++) {
        struct conn *c = &l->conns[i];
        if (c->state != CONN_IDLE)
            continue;
        request_write(&c->send, l, r->method ? r->method : r->body ? "POST" : "GET", target, r);
        c->done = done;
        c->ctx = ctx;
        if (request_start(c, r->timeout_ms > 0 ? r->timeout_ms : 60000, r->max_body ? r->max_body : BODY_MAX))
            return true;
    }
    return false;
}
