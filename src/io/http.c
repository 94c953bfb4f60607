/* HTTP on the loop, over the process's curl multi handle (multi.h). Starting and cancelling only mark a request, as curl may be at work;
 * `kick`, a timer of zero, does the rest on the next turn of the loop. */
#include "turret/io/http.h"

#include <assert.h>
#include <curl/curl.h>
#include <ev.h>
#include <stddef.h>
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

enum state { REQ_QUEUED, REQ_RUNNING, REQ_DEAD /* cancelled: to be taken down */ };

struct req {
    struct http_answer answer; /* first: http_header comes back from it */
    struct multi_owner owner;
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
    ev_timer kick;
    struct slot *slots;
    size_t cap;
    int active;
    bool ready;
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
            multi_remove(r->easy);
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
    bool post = strcmp(r->method, "GET") != 0 && strcmp(r->method, "HEAD") != 0, ok = multi_rules(e, http_url_loopback(r->url));
#define SET(option, value) (ok = ok && curl_easy_setopt(e, (option), (value)) == CURLE_OK)
    SET(CURLOPT_URL, r->url);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)r->connect_timeout_ms);
    SET(CURLOPT_TIMEOUT_MS, (long)r->timeout_ms);
    SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)r->max_body);
    SET(CURLOPT_ERRORBUFFER, r->detail);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, r);
    SET(CURLOPT_HEADERFUNCTION, on_head);
    SET(CURLOPT_HEADERDATA, r);
    SET(CURLOPT_HTTPHEADER, r->headers);
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
    if (r->refused || !set_up(r) || !multi_add(r->easy, &r->owner)) {
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

static void on_done(struct multi_owner *o, CURLcode code) { finish((struct req *)(void *)((char *)o - offsetof(struct req, owner)), code); }

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
    multi_open();
    if (!g.ready)
        ev_init(&g.kick, on_kick);
    g.ready = true;
    struct req *r = xcalloc(1, sizeof *r);
    r->owner.done = on_done;
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
    if (a->head)
        return http_line_header(a->head, name);
    return r->easy && curl_easy_header(r->easy, name, 0, CURLH_HEADER, -1, &h) == CURLHE_OK ? h->value : NULL;
}

void http_close_all(void) {
    for (size_t i = 0; i < g.cap; i++)
        if (g.slots[i].r) {
            struct req *r = g.slots[i].r;
            slot_release(r);
            req_free(r);
        }
    if (g.ready)
        ev_timer_stop(loop_get(), &g.kick);
    free(g.slots);
    g.slots = NULL;
    g.cap = 0;
    ws_sweep();
    multi_close();
}
