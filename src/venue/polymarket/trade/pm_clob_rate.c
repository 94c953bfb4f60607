/* How much the venue takes: its published table of limits as one table here (per address and ten seconds, some per ten minutes too, and the
 * signer's own buckets of orders and cancels), corrected by what its answers say; and the windows in which it takes nothing new. */
#include "turret/io/loop.h"
#include "venue/polymarket/trade/pm_clob_impl.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_US 1000000LL
#define ALL_PER_10S 9000   /* the whole CLOB */
#define PROBE_US (10 * SECOND_US)      /* "disabled" and "cancel-only" name no end: after so long an order may try again */
#define POST_ONLY_US (120 * SECOND_US) /* after each restart, where the answer does not say how long */
#define BACKOFF_MAX_S 30

enum signer { SIGNER_NONE, SIGNER_ORDERS, SIGNER_CANCELS };

static const struct row { int per_10s, per_10min; enum signer signer; int batch; } rows[PM_RATE_COUNT] = {
    [PM_RATE_BOOK] = {1500, 0, SIGNER_NONE, 1},
    [PM_RATE_BOOKS] = {500, 0, SIGNER_NONE, 1},
    [PM_RATE_MARKETS] = {9000, 0, SIGNER_NONE, 1},
    [PM_RATE_HISTORY] = {1000, 0, SIGNER_NONE, 1},
    [PM_RATE_TICK] = {200, 0, SIGNER_NONE, 1},
    [PM_RATE_BALANCE] = {200, 0, SIGNER_NONE, 1},
    [PM_RATE_BALANCE_UPDATE] = {50, 0, SIGNER_NONE, 1},
    [PM_RATE_ORDERS_READ] = {500, 0, SIGNER_NONE, 1},
    [PM_RATE_TRADES_READ] = {500, 0, SIGNER_NONE, 1},
    [PM_RATE_AUTH] = {100, 0, SIGNER_NONE, 1},
    [PM_RATE_PLACE] = {5000, 120000, SIGNER_ORDERS, 1},
    [PM_RATE_PLACE_MANY] = {2000, 21000, SIGNER_ORDERS, 15},
    [PM_RATE_CANCEL] = {5000, 120000, SIGNER_CANCELS, 1},
    [PM_RATE_CANCEL_MANY] = {2000, 15000, SIGNER_CANCELS, 1000},
    [PM_RATE_CANCEL_ALL] = {250, 6000, SIGNER_CANCELS, 1},
    [PM_RATE_CANCEL_MARKET] = {1500, 21000, SIGNER_CANCELS, 1},
    [PM_RATE_OTHER] = {9000, 0, SIGNER_NONE, 1},
};

/* The signer's buckets by tier, a second and at once; names that are not known change nothing. */
static const struct tier { const char *name; int orders, orders_burst, cancels, cancels_burst; } tiers[] = {
    {"standard", 40, 60, 80, 120},
    {"bronze", 80, 120, 160, 240},
    {"elite", 600, 900, 1200, 1800},
};

/* A bucket of a quarter that is refilled by three quarters never lets more than the whole through in any window. */
static void window_init(struct rate *r, int64_t tokens, int64_t per_us) { rate_init(r, tokens * 3 / 4, per_us, tokens / 4); }

void clob_rates_init(struct clob_rates *r) {
    for (int i = 0; i < PM_RATE_COUNT; i++) {
        window_init(&r->ip[i], rows[i].per_10s, 10 * SECOND_US);
        window_init(&r->ip_long[i], rows[i].per_10min, 600 * SECOND_US);
    }
    window_init(&r->all, ALL_PER_10S, 10 * SECOND_US);
    rate_init(&r->orders, tiers[0].orders, SECOND_US, tiers[0].orders_burst);
    rate_init(&r->cancels, tiers[0].cancels, SECOND_US, tiers[0].cancels_burst);
}

static const struct rate *signer_of(const struct clob_rates *r, enum pm_bucket b) {
    return rows[b].signer == SIGNER_ORDERS ? &r->orders : rows[b].signer == SIGNER_CANCELS ? &r->cancels : NULL;
}
static int64_t cost_of(const struct rate *r, const struct clob_call *k) { return k->cost < 1 ? 1 : k->cost > r->burst ? r->burst : k->cost; }
static int64_t later(int64_t a, int64_t b) { return a > b ? a : b; }

int64_t clob_rates_ready(const struct clob_rates *r, const struct clob_call *k, int64_t now_us) {
    const struct rate *s = signer_of(r, k->bucket);
    int64_t at = later(rate_ready_us(&r->all, 1, now_us), rate_ready_us(&r->ip[k->bucket], 1, now_us));
    if (rows[k->bucket].per_10min)
        at = later(at, rate_ready_us(&r->ip_long[k->bucket], 1, now_us));
    return s ? later(at, rate_ready_us(s, cost_of(s, k), now_us)) : at;
}

void clob_rates_take(struct clob_rates *r, const struct clob_call *k, int64_t now_us) {
    struct rate *s = (struct rate *)signer_of(r, k->bucket);
    (void)rate_take(&r->all, 1, now_us);
    (void)rate_take(&r->ip[k->bucket], 1, now_us);
    if (rows[k->bucket].per_10min)
        (void)rate_take(&r->ip_long[k->bucket], 1, now_us);
    if (s)
        (void)rate_take(s, cost_of(s, k), now_us);
}

int clob_rates_batch_max(const struct clob_rates *r, enum pm_bucket b) {
    const struct rate *s = signer_of(r, b);
    return s && s->burst < rows[b].batch ? (int)s->burst : rows[b].batch;
}

/* --- what answers say ------------------------------------------------------------------------------- */

static bool header_int(const struct http_answer *a, const char *name, int64_t *out) {
    const char *text = http_header(a, name);
    char *end;
    if (!text)
        return false;
    long long v = strtoll(text, &end, 10);
    if (end == text || (*end && *end != '.' && *end != ' ') || v < -1000000000000000 || v > 1000000000000000)
        return false;
    *out = v;
    return true;
}

/* Seconds from now, or a Unix time in seconds or milliseconds: taken as what it can only be. */
static int64_t reset_wait_us(int64_t v) {
    int64_t utc = clock_now_us() / SECOND_US;
    if (v > 1000000000000)
        v /= 1000;
    if (v > 1000000000)
        v -= utc;
    return v <= 0 ? 0 : v > 600 ? 600 * SECOND_US : v * SECOND_US;
}

static void retier(struct rate *r, int per_s, int burst, int64_t now_us) {
    struct rate old = *r;
    int64_t spent = old.burst - rate_left(&old, now_us);
    if (old.burst == burst)
        return;
    rate_init(r, per_s, SECOND_US, burst);
    rate_cap(r, burst - spent, now_us);
}

static int64_t cancelled_count(const struct cJSON *doc) {
    const struct cJSON *list = doc ? cJSON_GetObjectItemCaseSensitive(doc, "canceled") : NULL;
    return cJSON_IsArray(list) ? cJSON_GetArraySize(list) : 0;
}

void clob_rates_heard(struct clob_rates *r, const struct clob_call *k, const struct http_answer *a, const struct cJSON *doc, int64_t now_us) {
    struct rate *s = (struct rate *)signer_of(r, k->bucket);
    const char *tier = http_header(a, "poly-ratelimit-tier");
    int64_t left, reset;
    for (size_t i = 0; tier && i < sizeof tiers / sizeof *tiers; i++)
        if (str_eq_nocase(tier, tiers[i].name)) {
            retier(&r->orders, tiers[i].orders, tiers[i].orders_burst, now_us);
            retier(&r->cancels, tiers[i].cancels, tiers[i].cancels_burst, now_us);
        }
    if (s && (k->bucket == PM_RATE_CANCEL_ALL || k->bucket == PM_RATE_CANCEL_MARKET)) /* known only afterwards: may leave the bucket owing */
        rate_cap(s, rate_left(s, now_us) - cancelled_count(doc), now_us);
    if (s && header_int(a, "poly-ratelimit-remaining", &left))
        rate_cap(s, left, now_us);
    if (a->status == 429) {
        int64_t wait = a->retry_after_ms >= 0 ? a->retry_after_ms * 1000 : header_int(a, "poly-ratelimit-reset", &reset) && reset > 0 ? reset_wait_us(reset) : 2 * SECOND_US;
        rate_block(s ? s : &r->ip[k->bucket], now_us + wait);
    }
}

void clob_rates_health(const struct clob_rates *r, int64_t now_us, int32_t *left, int32_t *size) {
    const struct rate *tight = &r->orders;
    const struct rate *others[] = {&r->cancels, &r->all, &r->ip[PM_RATE_ORDERS_READ], &r->ip[PM_RATE_TRADES_READ], &r->ip[PM_RATE_BALANCE], &r->ip[PM_RATE_BOOK], &r->ip[PM_RATE_BOOKS]};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (rate_left(others[i], now_us) * tight->burst < rate_left(tight, now_us) * others[i]->burst)
            tight = others[i];
    *left = (int32_t)rate_left(tight, now_us);
    *size = (int32_t)tight->burst;
}

/* --- windows ------------------------------------------------------------------------------------------ */

void clob_window_heard(struct clob_window *w, enum pm_op op, int status, const char *text, int64_t retry_after_ms, int64_t now_us) {
    int64_t after = retry_after_ms >= 0 ? retry_after_ms * 1000 : -1;
    if (status == 425) {
        w->backoff_s = w->backoff_s == 0 ? 1 : w->backoff_s * 2 > BACKOFF_MAX_S ? BACKOFF_MAX_S : w->backoff_s * 2;
        w->closed_until = later(w->closed_until, now_us + (after >= 0 ? after : w->backoff_s * SECOND_US));
        return;
    }
    if (op != PM_OP_PLACE && op != PM_OP_CANCEL)
        return;
    if (str_contains_nocase(text, "post-only mode"))
        w->post_only_until = now_us + (after >= 0 ? after : POST_ONLY_US);
    else if (str_contains_nocase(text, "cancel-only"))
        w->cancel_only_until = now_us + (after >= 0 ? after : PROBE_US);
    else if (str_contains_nocase(text, "trading is currently disabled"))
        w->disabled_until = now_us + (after >= 0 ? after : PROBE_US);
    else if (status >= 200 && status < 300) {
        w->backoff_s = 0;
        w->disabled_until = 0;
        if (op == PM_OP_PLACE)
            w->cancel_only_until = 0;
    }
}
