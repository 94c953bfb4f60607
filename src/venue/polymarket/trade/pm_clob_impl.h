/* The REST session from inside, shared by pm_clob.c (calls), pm_clob_rate.c (rates and windows) and pm_clob_pages.c. */
#ifndef TURRET_VENUE_POLYMARKET_PM_CLOB_IMPL_H
#define TURRET_VENUE_POLYMARKET_PM_CLOB_IMPL_H

#include <ev.h>

#include "turret/base/str.h"
#include "venue/polymarket/trade/pm_clob.h"

struct cJSON;

enum clob_lane { LANE_CANCEL, LANE_PLACE, LANE_LOGIN, LANE_READ, LANES }; /* the order in which they are served */

struct clob_call {
    struct clob_call *next;
    struct pm_clob *clob;
    char method[8], *path, *query, *body;
    enum pm_auth auth;
    enum pm_bucket bucket;
    enum pm_op op;
    enum clob_lane lane;
    enum err early; /* not OK: never sent, answered so on the next turn */
    int cost, retries, tries, timeout_ms;
    int64_t queued_us, not_before_us; /* monotonic */
    bool sent, dropped;
    struct http_handle http;
    pm_call_fn *done;
    void *ctx;
};

/* All times in here are monotonic. */
struct clob_rates {
    struct rate ip[PM_RATE_COUNT], ip_long[PM_RATE_COUNT] /* of ten minutes */, all /* of the whole CLOB */, orders, cancels /* of the signer */;
};
struct clob_window { int64_t closed_until, post_only_until, cancel_only_until, disabled_until; int backoff_s; };

void clob_rates_init(struct clob_rates *r);
/* When the call may leave (now_us: at once), and its tokens taken. */
int64_t clob_rates_ready(const struct clob_rates *r, const struct clob_call *k, int64_t now_us);
void clob_rates_take(struct clob_rates *r, const struct clob_call *k, int64_t now_us);
/* What the answer says of the rates: its headers, 429, how many orders a cancel-all took. */
void clob_rates_heard(struct clob_rates *r, const struct clob_call *k, const struct http_answer *a, const struct cJSON *doc, int64_t now_us);
void clob_rates_health(const struct clob_rates *r, int64_t now_us, int32_t *left, int32_t *size);
int clob_rates_batch_max(const struct clob_rates *r, enum pm_bucket b);
void clob_window_heard(struct clob_window *w, enum pm_op op, int status, const char *text, int64_t retry_after_ms, int64_t now_us);

struct clob_pages;
void clob_pages_drop(struct clob_pages **list, const void *ctx, bool all);
struct clob_pages **clob_pages_list(struct pm_clob *c);

#endif
