/* Polymarket's own terms, shared by the files of this folder. One market of the desk is one condition: its book is the YES token's; the NO
 * token's book is the same one mirrored, so an order for NO at p is sent for the NO token at p and shows in the YES book at 1 - p. */
#ifndef TURRET_VENUE_POLYMARKET_PM_H
#define TURRET_VENUE_POLYMARKET_PM_H

#include "turret/base/json.h"
#include "turret/io/http.h"
#include "turret/io/rate.h"
#include "turret/io/ws.h"
#include "turret/venue/polymarket.h"
#include "turret/venue/tracker.h"

#define PM_TOKEN_MAX 80 /* decimal digits of a uint256, and the end */
#define PM_CONDITION_MAX MARKET_NATIVE_MAX

struct pm_market { /* one condition */
    struct market m;               /* native = condition id, 0x and 64 digits */
    char token[2][PM_TOKEN_MAX];   /* of the outcomes: [0] YES (the first outcome), [1] NO */
    char outcome[2][32];           /* "Yes", "No", team names ...; sanitised */
    char slug[128], event_slug[128];
    uint8_t neg_risk, protocol /* 1, 2 = PolyV2 (ExchangeV3) */, accepting, delayed /* sports: orders are held back */;
    int32_t fee_exponent;          /* fee = shares * rate * (p (1 - p)) ^ exponent; rate is m.taker_ppm */
    int32_t delay_s;
    uint8_t clear_at_start, wanted /* subscribed */, pad[2];
};

/* The table of markets: by market id, by token, by condition. One per pm_data; the trading side looks up in it. */
const struct pm_market *pm_market_by_id(const struct pm_data *d, market_id id);
const struct pm_market *pm_market_by_token(const struct pm_data *d, const char *token, int *outcome /* 0 YES, 1 NO */);
const struct pm_market *pm_market_by_condition(const struct pm_data *d, const char *condition);
/* A market that is needed (an order, a position, a followed trade names it) but not listed: fetched, listed, subscribed; then done(ctx, it or
 * NULL). May call back at once when it is known. */
typedef void pm_market_fn(void *ctx, const struct pm_market *m);
void pm_market_need(struct pm_data *d, const char *condition_or_token, pm_market_fn *done, void *ctx);
void pm_market_needs_drop(struct pm_data *d, const void *ctx); /* nobody waits any more */
/* Touch of the YES book as the stream has it; micro 0 = none. */
bool pm_touch(const struct pm_data *d, market_id id, price *bid, price *ask, int64_t *at_us);
/* Depth of one side of the YES book, best first (for the worst price of a market order); how many. */
int pm_depth(const struct pm_data *d, market_id id, enum book_side side, struct level *out, int max);
const struct pm_hosts *pm_data_hosts(const struct pm_data *d); /* all set */
void pm_market_over(struct pm_data *d, market_id id); /* something says that it is resolved: it is asked after at once; the stream's word may be missing */
void pm_data_again(struct pm_data *d); /* tells its books whole: the venue was said to be down, and what comes after a gap begins with a snapshot */
void pm_data_health(const struct pm_data *d, struct ev_health *h); /* market side filled in */
/* Trading asks for news of a market after "breaks minimum tick size": done when the listing is fresh. */
void pm_market_refresh(struct pm_data *d, market_id id, pm_market_fn *done, void *ctx);

/* Errors: foreign status and body to one of our codes with what to do; see pm_error.c's table. */
struct pm_error {
    enum err err;
    bool definite;          /* the request certainly did nothing (else the outcome is unknown) */
    int64_t retry_after_ms; /* -1 none */
    usd balance, needed;    /* of "not enough balance", else -1 */
    char text[REASON_MAX];  /* sanitised sentence of the venue with our advice */
};
enum pm_op { PM_OP_READ, PM_OP_PLACE, PM_OP_CANCEL, PM_OP_LOGIN };
/* From a whole answer (any status), or from its failure; `a->status` 2xx gives ERR_OK unless the body says otherwise (op PLACE: success false). */
void pm_error_of(enum pm_op op, const struct http_answer *a, struct pm_error *out);
/* True: it did not fail, the venue has nothing of that name (404 and the like). */
bool pm_absent(const struct http_answer *a);
/* From a message alone (a leg of a batch, a reason in not_canceled). */
void pm_error_of_text(enum pm_op op, int status, const char *text, struct pm_error *out);

#endif
