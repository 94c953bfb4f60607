/* A session with the CLOB's REST: calls wait in lanes (cancels before orders before all else) until their rate buckets have room, are signed
 * when they leave, and are answered once. Reading is tried again here; placing never; a cancel only when it certainly did nothing. */
#include "venue/polymarket/trade/pm_clob_impl.h"

#include "turret/base/mem.h"
#include "turret/base/utf8.h"
#include "turret/io/http_line.h"
#include "turret/io/loop.h"
#include "turret/version.h"
#include "venue/polymarket/trade/pm_facts.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_US 1000000LL
#define QUEUE_MAX 4096        /* calls that wait; cancels may be twice as many */
#define READS_AT_ONCE 16
#define CLOCK_EVERY_US (300 * SECOND_US)
#define CLOCK_SOON_US (5 * SECOND_US) /* after a refusal that a wrong clock may have caused */

/* How long a call may wait before it leaves: an order is soon not what was wanted any more. */
static const int64_t wait_max_us[LANES] = {[LANE_CANCEL] = 60 * SECOND_US, [LANE_PLACE] = 2 * SECOND_US, [LANE_LOGIN] = 30 * SECOND_US, [LANE_READ] = 30 * SECOND_US};

struct lane { struct clob_call *first, **last; };
struct pm_clob {
    char *host;
    int64_t chain_id;
    const struct pm_key *key;
    struct pm_creds creds;
    bool has_creds, has_clock, refused, asking_clock;
    struct lane lanes[LANES];
    struct clob_call *running;
    struct clob_pages *pages;
    struct http_line *line; /* for what must not wait for a connection; NULL: not trading */
    int waiting, reads;
    struct clob_rates rates;
    struct clob_window window;
    int64_t offset_us, latency_us; /* offset: their clock less ours */
    int64_t clock_us;              /* monotonic: when it was last set */
    ev_timer wake;
    uint64_t jitter;
};

static void pump(struct pm_clob *c);
static void on_wake(struct ev_loop *loop, ev_timer *w, int events);

/* --- a call's life ------------------------------------------------------------------------------------ */

static void call_free(struct clob_call *k) {
    if (k->body)
        explicit_bzero(k->body, strlen(k->body));
    free(k->path);
    free(k->query);
    free(k->body);
    free(k);
}

static void lane_add(struct pm_clob *c, struct clob_call *k) {
    struct lane *l = &c->lanes[k->lane];
    k->next = NULL;
    *l->last = k;
    l->last = &k->next;
    k->sent = false;
    c->waiting++;
}
static void lane_take(struct pm_clob *c, struct clob_call **at) {
    struct clob_call *k = *at;
    struct lane *l = &c->lanes[k->lane];
    *at = k->next;
    if (l->last == &k->next)
        l->last = at;
    c->waiting--;
}
static void running_take(struct pm_clob *c, struct clob_call *k) {
    struct clob_call **at = &c->running;
    while (*at != k)
        at = &(*at)->next;
    *at = k->next;
    c->reads -= k->lane == LANE_READ;
}

static void wake_at(struct pm_clob *c, int64_t us) {
    struct ev_loop *loop = loop_get();
    int64_t now = clock_mono_us();
    ev_timer_stop(loop, &c->wake);
    if (us == INT64_MAX)
        return;
    ev_now_update(loop);
    ev_timer_set(&c->wake, us <= now ? 0. : (double)(us - now) / 1e6, 0.);
    ev_timer_start(loop, &c->wake);
}

static struct pm_error own_error(enum err err, bool definite, const char *text) {
    struct pm_error e = {.err = err, .definite = definite, .retry_after_ms = -1, .balance = USD(-1), .needed = USD(-1)};
    str_copy(e.text, sizeof e.text, text && text[0] ? text : err_text(err));
    return e;
}

/* The last thing done with a call: its owner may free the session in it. */
static void call_end(struct clob_call *k, const struct pm_error *e, const struct cJSON *doc, const struct http_answer *a) {
    static const struct http_answer none = {.err = ERR_CANCELLED, .body = "", .content_type = "", .retry_after_ms = -1};
    if (!k->dropped && k->done)
        k->done(k->ctx, e, doc, a ? a : &none);
    call_free(k);
}

/* --- sending ------------------------------------------------------------------------------------------- */

struct headers { const char *list[12]; int n; char text[10][PM_SIGNATURE_TEXT + 32]; };

static void header_add(struct headers *h, const char *name, const char *value) {
    assert(h->n < 10);
    snprintf(h->text[h->n], sizeof h->text[h->n], "%s: %s", name, value);
    h->list[h->n] = h->text[h->n];
    h->n++;
}

static enum err headers_make(const struct pm_clob *c, const struct clob_call *k, struct headers *h) {
    char address[PM_ADDRESS_TEXT], time[24], signature[PM_SIGNATURE_TEXT];
    int64_t now_s = pm_clob_now_s(c);
    enum err e;
    header_add(h, "User-Agent", "turret/" TURRET_VERSION);
    header_add(h, "Accept", "application/json");
    if (k->body)
        header_add(h, "Content-Type", "application/json");
    if (k->auth == PM_PUBLIC)
        return ERR_OK;
    if (!c->key || (k->auth == PM_L2 && !c->has_creds))
        return ERR_CREDENTIALS;
    if (k->auth == PM_L1)
        e = pm_l1_signature(c->key, c->chain_id, now_s, 0, signature);
    else
        e = pm_l2_signature(&c->creds, now_s, k->method, k->path, k->body ? k->body : "", k->body ? strlen(k->body) : 0, signature);
    if (e != ERR_OK)
        return e;
    pm_address_text(pm_key_address(c->key), address);
    snprintf(time, sizeof time, "%lld", (long long)now_s);
    header_add(h, "POLY_ADDRESS", address);
    header_add(h, "POLY_SIGNATURE", signature);
    header_add(h, "POLY_TIMESTAMP", time);
    if (k->auth == PM_L1) {
        header_add(h, "POLY_NONCE", "0");
    } else {
        header_add(h, "POLY_API_KEY", c->creds.key);
        header_add(h, "POLY_PASSPHRASE", c->creds.passphrase);
    }
    return ERR_OK;
}

static void on_answer(void *ctx, const struct http_answer *a);

static void call_send(struct pm_clob *c, struct clob_call *k, int64_t now_us) {
    struct headers h = {0};
    struct str url;
    str_init(&url);
    enum err e = headers_make(c, k, &h);
    if (e != ERR_OK) { /* answered on the next turn, from the queue */
        k->early = e;
        lane_add(c, k);
        wake_at(c, now_us);
        explicit_bzero(&h, sizeof h);
        return;
    }
    str_addf(&url, "%s%s%s%s", c->host, k->path, k->query && k->query[0] ? "?" : "", k->query ? k->query : "");
    clob_rates_take(&c->rates, k, now_us);
    k->sent = true;
    k->tries++;
    k->next = c->running;
    c->running = k;
    c->reads += k->lane == LANE_READ;
    struct http_request r = {.method = k->method, .url = url.p, .headers = h.list, .body = k->body, .body_len = k->body ? strlen(k->body) : 0,
                             .timeout_ms = k->timeout_ms, .connect_timeout_ms = k->timeout_ms < 5000 ? k->timeout_ms : 5000};
    if (k->lane == LANE_READ || !c->line || !http_line_send(c->line, &r, on_answer, k))
        k->http = http_send(&r, on_answer, k);
    explicit_bzero(&h, sizeof h);
    str_free(&url);
}

/* While the engine behind restarts nothing that changes anything can pass; what only reads still may. */
static int64_t held_until(const struct pm_clob *c, const struct clob_call *k) {
    int64_t at = k->not_before_us;
    if (k->lane == LANE_CANCEL && c->window.closed_until > at)
        at = c->window.closed_until;
    return at;
}

/* Serves the lanes in order. Ends with at most one call answered here (its owner may free the session), then it is called again. */
static void pump(struct pm_clob *c) {
    int64_t now = clock_mono_us(), next = INT64_MAX;
    for (int l = 0; l < LANES; l++)
        for (struct clob_call **at = &c->lanes[l].first, *k; (k = *at) != NULL;) {
            bool late = now - k->queued_us > wait_max_us[l];
            if (k->early != ERR_OK || late) {
                struct pm_error e = own_error(k->early != ERR_OK ? k->early : ERR_RATE_LIMITED, true, k->early == ERR_OK ? "it waited too long for its turn; nothing was sent" : NULL);
                lane_take(c, at);
                wake_at(c, now);
                call_end(k, &e, NULL, NULL);
                return;
            }
            int64_t when = clob_rates_ready(&c->rates, k, now), held = held_until(c, k), end = k->queued_us + wait_max_us[l] + 1000;
            when = held > when ? held : when;
            if (when > now || (l == LANE_READ && c->reads >= READS_AT_ONCE)) {
                when = when <= now || when > end ? end : when;
                next = when < next ? when : next;
                at = &k->next;
                continue;
            }
            lane_take(c, at);
            call_send(c, k, now);
        }
    int64_t clock = c->has_clock ? c->clock_us + CLOCK_EVERY_US : INT64_MAX;
    wake_at(c, clock < next ? clock : next);
}

static void on_time(void *ctx, const struct pm_error *e, const struct cJSON *doc, const struct http_answer *a) {
    struct pm_clob *c = ctx;
    c->asking_clock = false;
    if (pm_fact_time(c, e, doc, a) != PM_FACT_TOLD)
        c->clock_us = clock_mono_us(); /* the old one serves until next time */
}

static void on_wake(struct ev_loop *loop, ev_timer *w, int events) {
    (void)loop, (void)events;
    struct pm_clob *c = w->data;
    if (c->has_clock && !c->asking_clock && clock_mono_us() - c->clock_us >= CLOCK_EVERY_US) {
        c->asking_clock = true;
        pm_clob_call(c, &(struct pm_call){.method = "GET", .path = "/time", .bucket = PM_RATE_OTHER, .op = PM_OP_READ, .retries = 1}, on_time, c);
        return; /* the call has set the timer */
    }
    pump(c);
}

/* --- answers -------------------------------------------------------------------------------------------- */

/* JSON is parsed strictly; what does not even begin like it is text for the caller to read. False: broken. */
static bool body_parse(const struct http_answer *a, struct cJSON **doc) {
    struct json_err err = {0};
    const char *p = a->body;
    size_t n = a->body_len;
    while (n > 0 && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
        p++, n--;
    if (n == 0 || json_parse(p, n, HTTP_BODY_MAX, doc, &err))
        return true;
    return *p != '{' && *p != '[' && *p != '"';
}

static bool may_repeat(const struct clob_call *k, const struct pm_error *e, int status) {
    if (k->dropped || clock_mono_us() - k->queued_us > wait_max_us[k->lane])
        return false;
    if (k->op == PM_OP_CANCEL) /* certainly not done, and done twice does no harm; a batch may be more than the bucket ever holds */
        return e->definite && (status != 429 || k->cost <= 1) && (status == 425 || status == 429 || e->err == ERR_UNREACHABLE) && k->tries < 8;
    if (k->op == PM_OP_PLACE || k->tries > k->retries)
        return false;
    return status == 0 || status == 425 || status == 429 || status >= 500;
}

static void repeat(struct pm_clob *c, struct clob_call *k, const struct pm_error *e, int64_t now_us) {
    int64_t wait = SECOND_US / 4 << (k->tries < 6 ? k->tries - 1 : 5);
    c->jitter = c->jitter * 6364136223846793005u + 1442695040888963407u;
    wait += (int64_t)((c->jitter >> 33) % (uint64_t)(wait / 4 + 1));
    if (e->retry_after_ms * 1000 > wait)
        wait = e->retry_after_ms * 1000;
    k->not_before_us = now_us + wait;
    lane_add(c, k);
}

static void on_answer(void *ctx, const struct http_answer *a) {
    struct clob_call *k = ctx;
    struct pm_clob *c = k->clob;
    struct cJSON *doc = NULL;
    struct pm_error e;
    int64_t now = clock_mono_us();
    running_take(c, k);
    pm_error_of(k->op, a, &e);
    if (a->err == ERR_OK) {
        bool good = body_parse(a, &doc);
        c->latency_us = a->latency_us;
        clob_rates_heard(&c->rates, k, a, doc, now);
        clob_window_heard(&c->window, k->op, a->status, a->status >= 200 && a->status < 300 ? "" : a->body, e.retry_after_ms >= 0 ? e.retry_after_ms : a->retry_after_ms, now);
        if (k->auth != PM_PUBLIC && a->status > 0)
            c->refused = a->status == 401;
        if (a->status == 401 && c->has_clock && c->clock_us > now - CLOCK_EVERY_US + CLOCK_SOON_US)
            c->clock_us = now - CLOCK_EVERY_US + CLOCK_SOON_US;
        if (!good && e.err == ERR_OK)
            e = own_error(k->op == PM_OP_READ || k->op == PM_OP_LOGIN ? ERR_FAILED : ERR_OUTCOME_UNKNOWN, false, "the answer can't be read");
    }
    wake_at(c, now);
    if (e.err != ERR_OK && may_repeat(k, &e, a->status)) {
        json_free(doc);
        repeat(c, k, &e, now);
        return;
    }
    call_end(k, &e, doc, a); /* nothing of the session after this */
    json_free(doc);
}

/* --- the port ----------------------------------------------------------------------------------------------- */

struct pm_clob *pm_clob_new(const struct pm_hosts *h, int64_t chain_id, const struct pm_key *key) {
    struct pm_clob *c = xcalloc(1, sizeof *c);
    c->host = xstrdup(h && h->clob && h->clob[0] ? h->clob : "https://clob.polymarket.com");
    for (size_t n = strlen(c->host); n > 0 && c->host[n - 1] == '/'; n--)
        c->host[n - 1] = '\0';
    c->chain_id = chain_id ? chain_id : 137;
    c->key = key;
    c->jitter = (uint64_t)clock_mono_us();
    for (int l = 0; l < LANES; l++)
        c->lanes[l].last = &c->lanes[l].first;
    clob_rates_init(&c->rates);
    ev_init(&c->wake, on_wake);
    c->wake.data = c;
    return c;
}

void pm_clob_free(struct pm_clob *c) {
    if (!c)
        return;
    clob_pages_drop(&c->pages, NULL, true);
    http_line_close(c->line);
    ev_timer_stop(loop_get(), &c->wake);
    for (struct clob_call *k = c->running, *next; k; k = next) {
        next = k->next;
        http_cancel(k->http);
        call_free(k);
    }
    for (int l = 0; l < LANES; l++)
        for (struct clob_call *k = c->lanes[l].first, *next; k; k = next) {
            next = k->next;
            call_free(k);
        }
    explicit_bzero(&c->creds, sizeof c->creds);
    free(c->host);
    free(c);
}

void pm_clob_creds_set(struct pm_clob *c, const struct pm_creds *creds) {
    c->has_creds = creds != NULL;
    c->refused = false;
    if (creds)
        c->creds = *creds;
    else
        explicit_bzero(&c->creds, sizeof c->creds);
}
const struct pm_creds *pm_clob_creds(const struct pm_clob *c) { return c->has_creds ? &c->creds : NULL; }

static enum clob_lane lane_of(const struct pm_call *q) {
    return q->op == PM_OP_CANCEL ? LANE_CANCEL : q->op == PM_OP_PLACE ? LANE_PLACE : q->op == PM_OP_LOGIN ? LANE_LOGIN : LANE_READ;
}

void pm_clob_call(struct pm_clob *c, const struct pm_call *q, pm_call_fn *done, void *ctx) {
    struct clob_call *k = xcalloc(1, sizeof *k);
    assert((unsigned)q->bucket < PM_RATE_COUNT && (q->retries == 0 || q->op == PM_OP_READ || q->op == PM_OP_LOGIN));
    str_copy(k->method, sizeof k->method, q->method ? q->method : q->body ? "POST" : "GET");
    k->clob = c;
    k->path = xstrdup(q->path);
    k->query = q->query ? xstrdup(q->query) : NULL;
    k->body = q->body ? xstrdup(q->body) : NULL;
    k->auth = q->auth;
    k->bucket = q->bucket;
    k->op = q->op;
    k->lane = lane_of(q);
    k->cost = q->cost > 0 ? q->cost : 1;
    k->retries = q->retries;
    k->timeout_ms = q->timeout_ms > 0 ? q->timeout_ms : 10000;
    k->queued_us = clock_mono_us();
    k->done = done;
    k->ctx = ctx;
    if (c->waiting >= (k->lane == LANE_CANCEL ? 2 * QUEUE_MAX : QUEUE_MAX))
        k->early = ERR_RATE_LIMITED;
    lane_add(c, k);
    if (k->lane == LANE_CANCEL || k->lane == LANE_PLACE) { /* no turn of the loop is lost */
        struct clob_call **at = &c->lanes[k->lane].first;
        int64_t now = clock_mono_us();
        if (*at == k && k->early == ERR_OK && held_until(c, k) <= now && clob_rates_ready(&c->rates, k, now) <= now) {
            lane_take(c, at);
            call_send(c, k, now);
            return;
        }
    }
    wake_at(c, k->queued_us);
}

void pm_clob_drop(struct pm_clob *c, const void *ctx) {
    clob_pages_drop(&c->pages, ctx, false);
    for (struct clob_call *k = c->running; k; k = k->next)
        if (k->ctx == ctx)
            k->dropped = true; /* what was sent goes its way, unheard */
    for (int l = 0; l < LANES; l++)
        for (struct clob_call **at = &c->lanes[l].first, *k; (k = *at) != NULL;) {
            if (k->ctx != ctx) {
                at = &k->next;
                continue;
            }
            lane_take(c, at);
            call_free(k);
        }
}

int64_t pm_clob_now_s(const struct pm_clob *c) { return (clock_now_us() + c->offset_us) / SECOND_US; }
int64_t pm_clob_skew_us(const struct pm_clob *c) { return c->offset_us; }

/* Their answer has whole seconds: half a second is its middle. A difference that this can't tell from none is none. */
void pm_clob_clock(struct pm_clob *c, int64_t server_s, int64_t asked_us, int64_t answered_us) {
    int64_t middle = asked_us + (answered_us - asked_us) / 2, offset = server_s * SECOND_US + SECOND_US / 2 - middle;
    int64_t blur = SECOND_US / 2 + (answered_us - asked_us) / 2;
    c->offset_us = offset > -blur && offset < blur ? 0 : offset;
    c->has_clock = true;
    c->clock_us = clock_mono_us();
    if (c->waiting == 0)
        wake_at(c, c->clock_us + CLOCK_EVERY_US);
}

static int64_t as_utc(int64_t mono_us) {
    int64_t now = clock_mono_us();
    return mono_us > now ? clock_now_us() + (mono_us - now) : 0;
}
void pm_clob_window(const struct pm_clob *c, struct pm_window *out) {
    *out = (struct pm_window){.closed_until_us = as_utc(c->window.closed_until), .post_only_until_us = as_utc(c->window.post_only_until),
                              .cancel_only = as_utc(c->window.cancel_only_until) != 0, .disabled = as_utc(c->window.disabled_until) != 0};
}
void pm_clob_heard(struct pm_clob *c, const char *text) { clob_window_heard(&c->window, PM_OP_PLACE, 0, text, -1, clock_mono_us()); }
void pm_clob_warm(struct pm_clob *c) {
    if (!c->line)
        c->line = http_line_open(&(struct http_line_cfg){.base = c->host, .connections = 2, .alive_path = "/time"});
}
bool pm_clob_refused(const struct pm_clob *c) { return c->refused; }
int pm_clob_batch_max(const struct pm_clob *c, enum pm_bucket b) { return clob_rates_batch_max(&c->rates, b); }

void pm_clob_health(const struct pm_clob *c, struct ev_health *h) {
    struct pm_window w;
    pm_clob_window(c, &w);
    clob_rates_health(&c->rates, clock_mono_us(), &h->rate_left, &h->rate_size);
    h->latency_us = c->latency_us > 0 ? c->latency_us : -1;
    h->skew_us = c->offset_us;
    h->cancel_only = w.cancel_only || w.disabled;
}

struct clob_pages **clob_pages_list(struct pm_clob *c) { return &c->pages; }
