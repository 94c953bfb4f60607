/* A session with the CLOB's REST: credentials, clock offset, rate buckets of the venue's table, back-off windows (425, 429, 503 post-only and
 * cancel-only), one callback a request. Reading may be retried here; placing never is. */
#ifndef TURRET_VENUE_POLYMARKET_PM_CLOB_H
#define TURRET_VENUE_POLYMARKET_PM_CLOB_H

#include "venue/polymarket/pm.h"
#include "venue/polymarket/sign/pm_sign.h"

struct pm_clob;
enum pm_auth { PM_PUBLIC, PM_L1, PM_L2 };
enum pm_bucket { /* rows of the rate table in pm_clob.c */
    PM_RATE_BOOK, PM_RATE_BOOKS, PM_RATE_MARKETS, PM_RATE_HISTORY, PM_RATE_TICK, PM_RATE_BALANCE, PM_RATE_BALANCE_UPDATE, PM_RATE_ORDERS_READ, PM_RATE_TRADES_READ,
    PM_RATE_AUTH, PM_RATE_PLACE, PM_RATE_PLACE_MANY, PM_RATE_CANCEL, PM_RATE_CANCEL_MANY, PM_RATE_CANCEL_ALL, PM_RATE_CANCEL_MARKET, PM_RATE_OTHER, PM_RATE_COUNT
};
struct pm_call {
    const char *method, *path;  /* "/order" */
    const char *query;          /* "a=b&c=d", encoded; NULL */
    const char *body;           /* exact bytes; NULL */
    enum pm_auth auth;
    enum pm_bucket bucket;
    int cost;                   /* tokens of the bucket: orders of a batch */
    enum pm_op op;
    int retries;                /* reading only */
    int timeout_ms;             /* 0 = 10 s */
};
/* e->err ERR_OK: answer read, doc is the parsed body (NULL where the body is plain text: a->body). Else what went wrong. */
typedef void pm_call_fn(void *ctx, const struct pm_error *e, const struct cJSON *doc, const struct http_answer *a);

/* The key may be NULL (public calls only). What `k` points to must outlive it. */
struct pm_clob *pm_clob_new(const struct pm_hosts *h, int64_t chain_id, const struct pm_key *k);
void pm_clob_free(struct pm_clob *c); /* callbacks come no more */
void pm_clob_creds_set(struct pm_clob *c, const struct pm_creds *creds);
const struct pm_creds *pm_clob_creds(const struct pm_clob *c); /* NULL: none yet */
/* Sends when its bucket has room (cancels go before all else). Never calls back from inside; freeing the session in the callback is allowed. */
void pm_clob_call(struct pm_clob *c, const struct pm_call *call, pm_call_fn *done, void *ctx);
void pm_clob_drop(struct pm_clob *c, const void *ctx);  /* its callbacks are wanted no more */
int64_t pm_clob_now_s(const struct pm_clob *c);         /* the venue's clock */
int64_t pm_clob_skew_us(const struct pm_clob *c);
void pm_clob_clock(struct pm_clob *c, int64_t server_s, int64_t asked_us, int64_t answered_us);
/* Windows in which nothing new is taken; 0 = none. */
struct pm_window { int64_t closed_until_us, post_only_until_us; bool cancel_only, disabled; };
void pm_clob_window(const struct pm_clob *c, struct pm_window *out);
void pm_clob_heard(struct pm_clob *c, const char *text); /* a leg of a batch was refused with that: it may be about a window */
void pm_clob_warm(struct pm_clob *c);                   /* trading: connections for orders and cancels stand from now on */
bool pm_clob_refused(const struct pm_clob *c);          /* the last private call was answered 401: credentials must be got anew */
int pm_clob_batch_max(const struct pm_clob *c, enum pm_bucket b); /* PLACE_MANY, CANCEL_MANY: what one request may hold */
void pm_clob_health(const struct pm_clob *c, struct ev_health *h); /* latency, skew, tightest bucket */

/* All pages of a list ({limit,count,next_cursor,data}), item by item; then end(ctx, ERR_OK or what went wrong). */
typedef bool pm_item_fn(void *ctx, const struct json *item);  /* false: stop here, it is enough */
typedef void pm_list_fn(void *ctx, const struct pm_error *e);
void pm_clob_pages(struct pm_clob *c, const struct pm_call *call, pm_item_fn *item, pm_list_fn *end, void *ctx);

/* --- pm_creds.c: API credentials of a key, as the venue gives them ({"apiKey","secret","passphrase"}) and as they are kept in secrets_dir --- */
bool pm_creds_of(const struct cJSON *doc, struct pm_creds *out); /* false: a part is missing or can't be sent in a header */
bool pm_creds_read(const char *dir, const struct pm_address *who, int64_t chain_id, struct pm_creds *out);
enum err pm_creds_keep(const char *dir, const struct pm_address *who, int64_t chain_id, const struct pm_creds *c, char *text, size_t cap); /* dir NULL: ERR_OK, nowhere */
void pm_creds_forget(const char *dir, const struct pm_address *who, int64_t chain_id);

#endif
