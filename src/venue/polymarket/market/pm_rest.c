/* Asking the public REST interfaces: a lane for each row of the venue's rate table, with a bucket, a few requests at once and a queue. What fails for
 * a moment is asked again, later each time; the venue's Retry-After closes its lane. */
#include <ev.h>
#include <stdio.h>
#include <stdlib.h>

#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/base/utf8.h"
#include "turret/io/loop.h"
#include "venue/polymarket/market/pm_data.h"

#define TEN_SECONDS (10 * PM_SECOND)
#define RETRY_FIRST_US (PM_SECOND / 2)
#define RETRY_MOST_US (20 * PM_SECOND)
#define DOCUMENT_MAX (8u << 20)
#define KEYSET "/markets/keyset?"
#define CURSOR "&after_cursor="

enum host { HOST_GAMMA, HOST_CLOB };
/* Half of what the venue allows from one address: its owner may look at the site too. */
static const struct { enum host host; int tokens, burst, at_once; } lanes[PM_LANE_COUNT] = {
    [PM_LANE_MARKETS] = {HOST_GAMMA, 150, 20, 4}, [PM_LANE_EVENTS] = {HOST_GAMMA, 250, 20, 2}, [PM_LANE_SEARCH] = {HOST_GAMMA, 170, 10, 2}, [PM_LANE_TAGS] = {HOST_GAMMA, 100, 10, 2},
    [PM_LANE_CLOB] = {HOST_CLOB, 400, 40, 6},     [PM_LANE_BOOKS] = {HOST_CLOB, 250, 10, 2},   [PM_LANE_HISTORY] = {HOST_CLOB, 500, 60, 8},
};

struct req {
    struct req *next;
    struct pm_rest *r;
    enum pm_lane lane;
    char *path, *body;
    bool raw, under_way, old_list;
    int tries, failed;
    int64_t not_before_us;
    struct http_handle handle;
    pm_got_fn *got;
    void *ctx;
};
struct lane { struct req *first; struct rate rate; int under_way; };
struct pm_rest {
    const struct pm_hosts *hosts;
    struct lane lanes[PM_LANE_COUNT];
    ev_timer timer;
    int64_t latency_us;
    bool old_lists; /* this venue has its lists by offset only */
};

static void run(struct pm_rest *r);

static void on_timer(struct ev_loop *loop, ev_timer *w, int events) {
    (void)loop, (void)events;
    run(w->data);
}

struct pm_rest *pm_rest_new(const struct pm_hosts *h) {
    struct pm_rest *r = xcalloc(1, sizeof *r);
    r->hosts = h;
    r->latency_us = -1;
    for (int i = 0; i < PM_LANE_COUNT; i++)
        rate_init(&r->lanes[i].rate, lanes[i].tokens, TEN_SECONDS, lanes[i].burst);
    ev_init(&r->timer, on_timer);
    r->timer.data = r;
    return r;
}

static void req_free(struct req *q) {
    free(q->path);
    free(q->body);
    free(q);
}

static void unlink_req(struct req *q) {
    struct lane *l = &q->r->lanes[q->lane];
    for (struct req **at = &l->first; *at; at = &(*at)->next)
        if (*at == q) {
            *at = q->next;
            break;
        }
    l->under_way -= q->under_way;
    q->under_way = false;
}

void pm_rest_free(struct pm_rest *r) {
    if (!r)
        return;
    ev_timer_stop(loop_get(), &r->timer);
    for (int i = 0; i < PM_LANE_COUNT; i++)
        for (struct req *q; (q = r->lanes[i].first);) {
            if (q->under_way)
                http_cancel(q->handle);
            unlink_req(q);
            req_free(q);
        }
    free(r);
}

void pm_rest_drop(struct pm_rest *r, const void *ctx) {
    for (int i = 0; i < PM_LANE_COUNT; i++)
        for (struct req *q = r->lanes[i].first, *next; q; q = next) {
            next = q->next;
            if (q->ctx != ctx)
                continue;
            if (q->under_way)
                http_cancel(q->handle);
            unlink_req(q);
            req_free(q);
        }
}

static void wake(struct pm_rest *r, int64_t in_us) {
    const double at = (double)(in_us > 0 ? in_us : 0) / 1e6;
    if (ev_is_active(&r->timer) && ev_timer_remaining(loop_get(), &r->timer) <= at)
        return;
    ev_timer_stop(loop_get(), &r->timer);
    ev_now_update(loop_get());
    ev_timer_set(&r->timer, at, 0.);
    ev_timer_start(loop_get(), &r->timer);
}

/* --- answers ------------------------------------------------------------------------------------------------------------------------------ */
static bool passing(const struct http_answer *a) {
    return a->err == ERR_UNREACHABLE || a->err == ERR_TIMEOUT || a->err == ERR_OUTCOME_UNKNOWN || (a->err == ERR_OK && (a->status == 425 || a->status == 429 || a->status >= 500));
}

static void why_not(const struct http_answer *a, struct pm_got *g) {
    char said[80] = "";
    if (a->err != ERR_OK) {
        g->err = a->err;
        str_copy(g->why, sizeof g->why, a->text);
        return;
    }
    if (a->body_len && a->body[0] == '{') /* a page of HTML says nothing */
        utf8_sanitise(said, sizeof said, a->body, a->body_len < 200 ? a->body_len : 200);
    g->err = a->status == 404 ? ERR_NOT_FOUND : a->status == 429 ? ERR_RATE_LIMITED : a->status >= 500 || a->status == 425 ? ERR_VENUE_PAUSED : ERR_FAILED;
    snprintf(g->why, sizeof g->why, "answer %d%s%s", a->status, said[0] ? ": " : "", said);
}

static void on_answer(void *ctx, const struct http_answer *a) {
    struct req *q = ctx;
    struct pm_rest *r = q->r;
    struct json_err err = {.set = false};
    struct cJSON *doc = NULL;
    struct json root;
    struct pm_got g = {.err = ERR_OK, .body = a->body, .len = a->body_len};
    const int64_t now = clock_mono_us();
    if (a->err == ERR_OK)
        r->latency_us = a->latency_us;
    if (a->retry_after_ms > 0)
        rate_block(&r->lanes[q->lane].rate, now + (a->retry_after_ms < 60000 ? a->retry_after_ms : 60000) * 1000);
    const bool whole = a->err == ERR_OK && a->status >= 200 && a->status <= 299;
    const bool bad = whole && !q->raw && !json_parse(a->body, a->body_len, DOCUMENT_MAX, &doc, &err); /* cut on the way */
    const bool missing = q->lane == PM_LANE_MARKETS && !strncmp(q->path, KEYSET, strlen(KEYSET)) && pm_absent(a);
    if (missing && !q->old_list) { /* lists by cursor are the newer ones */
        r->old_lists = true;
        q->under_way = false;
        r->lanes[q->lane].under_way--;
        wake(r, 0);
        return;
    }
    if (missing)
        r->old_lists = false; /* neither: the newer ones are tried first again */
    g.old_list = q->old_list;
    if ((passing(a) || bad) && ++q->failed < q->tries) {
        int64_t wait = RETRY_FIRST_US << (q->failed < 6 ? q->failed : 6);
        q->not_before_us = now + (wait < RETRY_MOST_US ? wait : RETRY_MOST_US);
        q->under_way = false;
        r->lanes[q->lane].under_way--;
        wake(r, q->not_before_us - now);
        return;
    }
    unlink_req(q);
    wake(r, 0);
    if (!whole)
        why_not(a, &g);
    else if (bad) {
        g.err = ERR_FAILED;
        snprintf(g.why, sizeof g.why, "the answer can't be read: %.60s", err.text);
    }
    if (doc) {
        root = json_root(doc, &err);
        g.root = &root;
    }
    pm_got_fn *got = q->got;
    void *whose = q->ctx;
    req_free(q);
    got(whose, &g); /* may free the whole of it */
    json_free(doc);
}

/* --- sending ------------------------------------------------------------------------------------------------------------------------------ */
/* A list by cursor is asked for by offset where the venue knows only that: same filters, an array as the answer. */
static void path_add(struct str *url, const struct req *q) {
    const char *cursor = strstr(q->path, CURSOR);
    if (!q->old_list) {
        str_add(url, q->path);
        return;
    }
    const char *rest = q->path + strlen(KEYSET), *tail = cursor ? cursor + strlen(CURSOR) : "";
    str_addf(url, "/markets?%.*s%s%s", (int)(cursor ? cursor - rest : (ptrdiff_t)strlen(rest)), rest, cursor ? "&offset=" : "", tail);
}

static void send_req(struct pm_rest *r, struct req *q) {
    static const char *const json_headers[] = {"Content-Type: application/json", "Accept: application/json", NULL}, *const plain[] = {"Accept: application/json", NULL};
    struct str url = {0};
    str_add(&url, lanes[q->lane].host == HOST_GAMMA ? r->hosts->gamma : r->hosts->clob);
    q->old_list = r->old_lists && q->lane == PM_LANE_MARKETS && !strncmp(q->path, KEYSET, strlen(KEYSET));
    path_add(&url, q);
    struct http_request req = {.url = url.p, .headers = q->body ? json_headers : plain, .body = q->body, .body_len = q->body ? strlen(q->body) : 0, .timeout_ms = 15000, .max_body = DOCUMENT_MAX};
    q->under_way = true;
    r->lanes[q->lane].under_way++;
    q->handle = http_send(&req, on_answer, q);
    str_free(&url);
}

static void run(struct pm_rest *r) {
    const int64_t now = clock_mono_us();
    int64_t next = INT64_MAX;
    for (int i = 0; i < PM_LANE_COUNT; i++) {
        struct lane *l = &r->lanes[i];
        for (struct req *q = l->first; q && l->under_way < lanes[i].at_once; q = q->next) {
            if (q->under_way)
                continue;
            const int64_t ready = rate_ready_us(&l->rate, 1, now), at = ready > q->not_before_us ? ready : q->not_before_us;
            if (at <= now && rate_take(&l->rate, 1, now))
                send_req(r, q);
            else if (at < next)
                next = at;
        }
    }
    if (next != INT64_MAX)
        wake(r, next - now);
}

void pm_rest_ask(struct pm_rest *r, const struct pm_ask *a, pm_got_fn *got, void *ctx) {
    struct req *q = xcalloc(1, sizeof *q);
    *q = (struct req){.r = r, .lane = a->lane, .path = xstrdup(a->path), .body = a->body ? xstrdup(a->body) : NULL, .raw = a->raw, .tries = a->tries > 0 ? a->tries : 1, .got = got, .ctx = ctx};
    struct req **at = &r->lanes[a->lane].first;
    while (*at && (!a->first || (*at)->under_way))
        at = &(*at)->next;
    q->next = *at;
    *at = q;
    wake(r, 0);
}

void pm_rest_health(const struct pm_rest *r, struct ev_health *h) {
    const int64_t now = clock_mono_us();
    if (r->latency_us >= 0)
        h->latency_us = r->latency_us;
    for (int i = 0; i < PM_LANE_COUNT; i++) {
        const int64_t left = rate_left(&r->lanes[i].rate, now);
        if (h->rate_size <= 0 || left * h->rate_size < (int64_t)h->rate_left * lanes[i].burst) {
            h->rate_left = (int32_t)left;
            h->rate_size = lanes[i].burst;
        }
    }
}

/* PolyV2's ids are 62 digits there, filled up everywhere else. */
void pm_query_condition(struct str *s, const char *condition) {
    const size_t n = strlen(condition);
    str_addf(s, "&condition_ids=%s", condition);
    if (n == 66 && !strcmp(condition + n - 8, "00000000"))
        str_addf(s, "&condition_ids=%.64s", condition);
}

void pm_url_add(struct str *s, const char *text) {
    for (; *text; text++) {
        const char c = *text;
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '~')
            str_addc(s, c);
        else
            str_addf(s, "%%%02X", (unsigned char)c);
    }
}
