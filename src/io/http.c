/* HTTP on the loop: one curl multi handle, its sockets and its timer watched by libev. curl may not be called again from inside its own
 * callbacks, so starting and cancelling only mark a request; `kick`, a timer of zero, does the work on the next turn of the loop. */
#include "turret/io/http.h"

#include <assert.h>
#include <curl/curl.h>
#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http_private.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/base/utf8.h"
#include "turret/io/loop.h"

enum state { REQ_QUEUED, REQ_RUNNING, REQ_DEAD /* cancelled: to be taken down */ };

struct req {
    struct http_answer answer; /* first: http_header comes back from it */
    struct http_handle handle;
    enum state state;
    CURL *easy;
    struct curl_slist *headers;
    char *url, *body;
    size_t body_len, max_body, got;
    int connect_timeout_ms, timeout_ms;
    char method[16];
    struct str in;
    ev_timer silence;
    int64_t started_us;
    bool (*on_bytes)(void *ctx, const char *bytes, size_t n);
    http_done_fn *done;
    void *ctx;
    bool head_whole, too_long, stopped, silent, refused;
    int status;
    char detail[CURL_ERROR_SIZE];
};

struct slot { struct req *r; uint32_t generation; };
static struct {
    CURLM *multi;
    ev_timer timer, kick;
    struct slot *slots;
    size_t cap;
    int active;
    bool inside; /* of curl */
} g;

static void finish(struct req *r, CURLcode code);

static void kick(void) {
    if (!ev_is_active(&g.kick)) {
        ev_timer_set(&g.kick, 0., 0.);
        ev_timer_start(loop_get(), &g.kick);
    }
}

/* --- a request's memory --- */

static void wipe(char *p, size_t n) {
    if (p)
        explicit_bzero(p, n);
    free(p);
}

static void req_free(struct req *r) {
    ev_timer_stop(loop_get(), &r->silence);
    if (r->easy) {
        if (r->state != REQ_QUEUED)
            curl_multi_remove_handle(g.multi, r->easy);
        curl_easy_cleanup(r->easy);
    }
    for (struct curl_slist *h = r->headers; h; h = h->next)
        explicit_bzero(h->data, strlen(h->data)); /* keys */
    curl_slist_free_all(r->headers);
    wipe(r->body, r->body_len);
    free(r->url);
    str_free(&r->in);
    free(r);
}

static void slot_release(struct req *r) {
    struct slot *s = &g.slots[r->handle.index];
    assert(s->r == r);
    s->r = NULL;
    s->generation++;
    g.active--;
}

/* --- curl's callbacks: inside of curl, nothing may call it --- */

static size_t on_body(char *bytes, size_t one, size_t n, void *ctx) {
    struct req *r = ctx;
    n *= one;
    if (r->state == REQ_DEAD)
        return CURL_WRITEFUNC_ERROR;
    ev_timer_again(loop_get(), &r->silence);
    if (n > r->max_body - r->got) {
        r->too_long = true;
        return CURL_WRITEFUNC_ERROR;
    }
    r->got += n;
    if (r->on_bytes && r->status >= 200 && r->status < 300) { /* the text of an error is kept for the answer */
        r->stopped = !r->on_bytes(r->ctx, bytes, n);
        return r->stopped || r->state == REQ_DEAD ? CURL_WRITEFUNC_ERROR : n;
    }
    str_add_n(&r->in, bytes, n);
    return n;
}

static size_t on_head(char *line, size_t one, size_t n, void *ctx) {
    struct req *r = ctx;
    n *= one;
    ev_timer_again(loop_get(), &r->silence);
    r->head_whole = n <= 2; /* the empty line; a cut before it would else pass for an empty answer */
    if (n > 12 && !strncmp(line, "HTTP/", 5)) {
        const char *blank = memchr(line, ' ', n);
        r->status = blank && (size_t)(line + n - blank) > 3 ? atoi(blank + 1) : 0;
    }
    return n;
}

static void on_silence(struct ev_loop *loop, ev_timer *w, int events) {
    (void)events;
    struct req *r = w->data;
    ev_timer_stop(loop, w);
    r->silent = true;
    finish(r, CURLE_OPERATION_TIMEDOUT);
}

/* --- starting --- */

static bool set_up(struct req *r) {
    CURL *e = r->easy = curl_easy_init();
    bool post = strcmp(r->method, "GET") != 0 && strcmp(r->method, "HEAD") != 0, local = http_url_loopback(r->url), ok = e != NULL;
#define SET(option, value) (ok = ok && curl_easy_setopt(e, (option), (value)) == CURLE_OK)
    SET(CURLOPT_URL, r->url);
    SET(CURLOPT_PRIVATE, r);
    SET(CURLOPT_PROTOCOLS_STR, local ? "http,https" : "https");
    SET(CURLOPT_FOLLOWLOCATION, 0L); /* keys would go along */
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1); /* a stuck connection is one request's own */
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_QUICK_EXIT, 1L); /* giving up never waits for a resolver's thread */
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)r->connect_timeout_ms);
    SET(CURLOPT_TIMEOUT_MS, (long)r->timeout_ms);
    SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)r->max_body);
    SET(CURLOPT_ERRORBUFFER, r->detail);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, r);
    SET(CURLOPT_HEADERFUNCTION, on_head);
    SET(CURLOPT_HEADERDATA, r);
    SET(CURLOPT_HTTPHEADER, r->headers);
    if (local)
        SET(CURLOPT_PROXY, ""); /* https_proxy of the environment counts for other hosts only */
    if (!strcmp(r->method, "HEAD"))
        SET(CURLOPT_NOBODY, 1L);
    if (post) {
        /* curl sends a request again when an idle connection turns out to be dead. What may have an effect goes over a new one: at most once. */
        SET(CURLOPT_FRESH_CONNECT, 1L);
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body_len);
        SET(CURLOPT_POSTFIELDS, r->body);
        SET(CURLOPT_CUSTOMREQUEST, r->method);
    }
#undef SET
    return ok;
}

static void start(struct req *r) {
    if (r->refused || !set_up(r) || curl_multi_add_handle(g.multi, r->easy) != CURLM_OK) {
        if (!r->refused)
            str_copy(r->detail, sizeof r->detail, "the request can't be made");
        finish(r, r->refused ? CURLE_UNSUPPORTED_PROTOCOL : CURLE_FAILED_INIT);
        return;
    }
    r->state = REQ_RUNNING;
    ev_timer_again(loop_get(), &r->silence);
}

static void on_kick(struct ev_loop *loop, ev_timer *w, int events) {
    (void)events;
    ev_timer_stop(loop, w);
    for (size_t i = 0; i < g.cap; i++) { /* a callback may add slots meanwhile */
        struct req *r = g.slots[i].r;
        if (r && r->state == REQ_DEAD) {
            slot_release(r);
            req_free(r);
        } else if (r && r->state == REQ_QUEUED) {
            start(r);
        }
    }
}

/* --- curl on libev --- */

static void take_done(void) {
    int left;
    for (CURLMsg *m; (m = curl_multi_info_read(g.multi, &left)) != NULL;) {
        struct req *r = NULL;
        if (m->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &r);
        finish(r, m->data.result);
    }
}

static void act(curl_socket_t fd, int bits) {
    int running;
    g.inside = true;
    curl_multi_socket_action(g.multi, fd, bits, &running);
    g.inside = false;
    take_done();
}

static void on_io(struct ev_loop *loop, ev_io *w, int events) {
    (void)loop;
    act(w->fd, (events & EV_READ ? CURL_CSELECT_IN : 0) | (events & EV_WRITE ? CURL_CSELECT_OUT : 0));
}

static void on_timer(struct ev_loop *loop, ev_timer *w, int events) {
    (void)events;
    ev_timer_stop(loop, w);
    act(CURL_SOCKET_TIMEOUT, 0);
}

static int set_timer(CURLM *multi, long ms, void *ctx) {
    (void)multi;
    (void)ctx;
    struct ev_loop *loop = loop_get();
    ev_timer_stop(loop, &g.timer);
    if (ms < 0)
        return 0;
    ev_now_update(loop); /* curl forgets a timer that fires too early */
    ev_timer_set(&g.timer, ms == 0 ? 0. : (double)(ms + 1) / 1000., 0.);
    ev_timer_start(loop, &g.timer);
    return 0;
}

static int set_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *watch) {
    (void)easy;
    (void)ctx;
    ev_io *w = watch;
    struct ev_loop *loop = loop_get();
    if (w)
        ev_io_stop(loop, w);
    if (what == CURL_POLL_REMOVE) {
        free(w);
        curl_multi_assign(g.multi, fd, NULL);
        return 0;
    }
    if (!w) {
        w = xcalloc(1, sizeof *w);
        ev_init(w, on_io);
        curl_multi_assign(g.multi, fd, w);
    }
    ev_io_set(w, fd, (what & CURL_POLL_IN ? EV_READ : 0) | (what & CURL_POLL_OUT ? EV_WRITE : 0));
    ev_io_start(loop, w);
    return 0;
}

static void open_multi(void) {
    if (g.multi)
        return;
    bool ok = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK && (g.multi = curl_multi_init()) != NULL;
    assert(ok);
    curl_multi_setopt(g.multi, CURLMOPT_SOCKETFUNCTION, set_socket);
    curl_multi_setopt(g.multi, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt(g.multi, CURLMOPT_MAXCONNECTS, 32L);
    ev_init(&g.timer, on_timer);
    ev_init(&g.kick, on_kick);
}

/* --- the end of a request --- */

static enum err verdict(struct req *r, CURLcode code) {
    long sent = 0;
    if (r->refused)
        return ERR_BAD_VALUE;
    if (r->easy)
        curl_easy_getinfo(r->easy, CURLINFO_REQUEST_SIZE, &sent);
    if (r->too_long || code == CURLE_FILESIZE_EXCEEDED)
        return ERR_OVERFLOW;
    if (r->stopped)
        return ERR_CANCELLED;
    if (code == CURLE_OK)
        return r->head_whole && r->status >= 200 ? ERR_OK : ERR_OUTCOME_UNKNOWN;
    if (sent == 0)
        return ERR_UNREACHABLE;
    return code == CURLE_OPERATION_TIMEDOUT ? ERR_TIMEOUT : ERR_OUTCOME_UNKNOWN;
}

static void answer_fill(struct req *r, CURLcode code) {
    struct http_answer *a = &r->answer;
    curl_off_t connect_us = 0;
    char *type = NULL;
    if (r->easy) {
        curl_easy_getinfo(r->easy, CURLINFO_APPCONNECT_TIME_T, &connect_us);
        if (connect_us == 0)
            curl_easy_getinfo(r->easy, CURLINFO_CONNECT_TIME_T, &connect_us);
        curl_easy_getinfo(r->easy, CURLINFO_CONTENT_TYPE, &type);
    }
    a->err = verdict(r, code);
    a->status = r->status;
    str_add_n(&r->in, "", 0);
    a->body = r->in.p ? r->in.p : "";
    a->body_len = r->in.len;
    a->content_type = type ? type : "";
    a->latency_us = clock_mono_us() - r->started_us;
    a->connect_us = connect_us;
    a->retry_after_ms = http_retry_after(http_header(a, "retry-after-ms"), http_header(a, "retry-after"), clock_now_us());
    const char *why = r->silent ? "no byte came for too long" : r->too_long ? "the answer is too long" : r->detail[0] ? r->detail : curl_easy_strerror(code);
    if (code == CURLE_OK)
        why = "the answer was cut in its head";
    if (a->err)
        utf8_sanitise(a->text, sizeof a->text, why, strlen(why));
}

static void finish(struct req *r, CURLcode code) {
    bool told = r->state != REQ_DEAD;
    ev_timer_stop(loop_get(), &r->silence);
    answer_fill(r, code);
    slot_release(r); /* its handle is old from here on */
    if (told)
        r->done(r->ctx, &r->answer);
    req_free(r);
}

/* --- the port --- */

static size_t slot_take(void) {
    size_t i = 0, old = g.cap;
    while (i < g.cap && g.slots[i].r)
        i++;
    if (i == g.cap) {
        g.slots = xgrow(g.slots, &g.cap, g.cap + 1, sizeof *g.slots);
        for (size_t k = old; k < g.cap; k++)
            g.slots[k] = (struct slot){.generation = 1};
    }
    return i;
}

static bool header_good(const char *h) { return strchr(h, ':') && !strpbrk(h, "\r\n"); }

struct http_handle http_send(const struct http_request *q, http_done_fn *done, void *ctx) {
    open_multi();
    struct req *r = xcalloc(1, sizeof *r);
    size_t i = slot_take();
    r->handle = (struct http_handle){(uint32_t)i, g.slots[i].generation};
    g.slots[i].r = r;
    g.active++;
    r->done = done;
    r->ctx = ctx;
    r->on_bytes = q->on_bytes;
    r->url = xstrdup(q->url);
    str_copy(r->method, sizeof r->method, q->method ? q->method : q->body ? "POST" : "GET");
    r->body = xmalloc(q->body_len + 1);
    if (q->body_len)
        memcpy(r->body, q->body, q->body_len);
    r->body_len = q->body_len;
    r->max_body = q->max_body ? q->max_body : HTTP_BODY_MAX;
    r->connect_timeout_ms = q->connect_timeout_ms > 0 ? q->connect_timeout_ms : 10000;
    r->timeout_ms = q->timeout_ms > 0 ? q->timeout_ms : 60000;
    r->started_us = clock_mono_us();
    ev_init(&r->silence, on_silence);
    r->silence.repeat = (double)(q->silence_ms > 0 ? q->silence_ms : r->timeout_ms + 1000) / 1000.; /* curl's own limit comes first */
    r->silence.data = r;
    const char *why = http_url_check(r->url);
    for (const char *const *h = q->headers; h && *h; h++) {
        if (header_good(*h))
            r->headers = curl_slist_append(r->headers, *h);
        else
            why = "a header can't be sent";
    }
    r->headers = curl_slist_append(r->headers, "Expect:"); /* no waiting for 100 Continue */
    if (why) {
        r->refused = true;
        str_copy(r->detail, sizeof r->detail, why);
    }
    kick();
    return r->handle;
}

void http_cancel(struct http_handle h) {
    if (h.index >= g.cap || g.slots[h.index].generation != h.generation || !g.slots[h.index].r)
        return;
    struct req *r = g.slots[h.index].r;
    if (r->state == REQ_QUEUED) {
        slot_release(r);
        req_free(r);
        return;
    }
    r->state = REQ_DEAD;
    ev_timer_stop(loop_get(), &r->silence);
    kick();
}

int http_active(void) { return g.active; }

const char *http_header(const struct http_answer *a, const char *name) {
    const struct req *r = (const struct req *)(const void *)a;
    struct curl_header *h;
    return r->easy && curl_easy_header(r->easy, name, 0, CURLH_HEADER, -1, &h) == CURLHE_OK ? h->value : NULL;
}

void http_close_all(void) {
    if (!g.multi)
        return;
    assert(!g.inside);
    for (size_t i = 0; i < g.cap; i++)
        if (g.slots[i].r) {
            struct req *r = g.slots[i].r;
            slot_release(r);
            req_free(r);
        }
    curl_multi_cleanup(g.multi);
    g.multi = NULL;
    ev_timer_stop(loop_get(), &g.timer);
    ev_timer_stop(loop_get(), &g.kick);
    free(g.slots);
    g.slots = NULL;
    g.cap = 0;
    curl_global_cleanup();
}
