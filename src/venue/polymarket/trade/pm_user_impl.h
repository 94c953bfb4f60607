/* The account's side from inside: pm_user.c (stream, clockwork), pm_user_apply.c (orders and trades into the tracker), pm_user_read.c (both lists
 * by REST), pm_user_settle.c (trades asked after until they are terminal), pm_recon.c and pm_recon_holdings.c (the venue's truth). */
#ifndef TURRET_VENUE_POLYMARKET_PM_USER_IMPL_H
#define TURRET_VENUE_POLYMARKET_PM_USER_IMPL_H

#include <ev.h>

#include "turret/base/map.h"
#include "turret/io/http.h"
#include "turret/io/loop.h"
#include "venue/polymarket/trade/pm_trade.h"
#include "venue/polymarket/trade/pm_user_parse.h"

#define PM_SECOND 1000000LL
#define PM_DUST 10000 /* a hundredth of a share: less is nothing */

struct pm_user;
struct pm_recon;

/* Orders, then trades, once through. Answers `end` unless it was stopped. */
struct pm_read {
    struct pm_user *u;
    bool running, trades;
    uint64_t round;
    int64_t after_s, started_us; /* where trades are read from */
    struct map orders;                    /* seen working */
    int missed;                           /* what the stream should have told and did not */
    void (*end)(void *ctx, const struct pm_error *e);
    void *ctx;
};

struct pm_wait { /* an order or trade in a market that is not listed yet */
    struct pm_wait *next;
    struct pm_user *u;
    struct cJSON *doc;
    bool trade, asking;
    uint64_t round;
    int64_t retry_us, tries;
    char name[PM_TOKEN_MAX];
};
struct pm_settle { struct pm_user *u; char trade[VENUE_ORDER_ID_MAX]; int64_t next_us; int tries; bool asking; }; /* a trade not terminal yet */
struct pm_end { order_id id; enum err why; char text[REASON_MAX]; };  /* an order that ended, of which nobody said with how much */

struct pm_user {
    struct pm_session *s;
    struct ws *ws;
    ev_timer tick;
    bool started, open, caught_up /* since it is open */, refused /* credentials */;
    int64_t opened_us, read_due_us, read_last_us;
    int early_closes, messages, read_fails;
    uint64_t closes;
    bool millionths[2];        /* what bare sizes are in lists, in the stream */
    struct map seen;           /* order and trade ids told on this connection */
    struct map absent;         /* open orders a list did not have, once */
    struct pm_read read;
    int64_t watermark_us;      /* trades before this were read by REST; 0: never */
    int64_t base_us;           /* of the earliest order that has fills we don't know; 0: none */
    struct pm_wait *waits;
    struct pm_settle **settles;
    size_t settle_count, settle_cap;
    struct pm_end *ends;
    size_t end_count, end_cap;
    struct pm_recon *recon;
    char unread[REASON_MAX * 2], closed[REASON_MAX * 2]; /* what is missing since the last reading failed, since the stream is away */
    uint64_t note_key;
    int64_t note_us;
};

void pm_user_note(struct pm_user *u, int level, const char *fmt, ...) __attribute__((format(printf, 3, 4))); /* the same one once a minute */
bool pm_user_is_ours(const struct pm_user *u, const char *owner, const char *maker);
void pm_user_waits_run(struct pm_user *u, int64_t now_us);
void pm_user_waits_free(struct pm_user *u);
void pm_user_ends_flush(struct pm_user *u, int64_t now_us); /* trades were read: orders of unknown totals end with what is told */
void pm_user_read_soon(struct pm_user *u, int64_t at_us);

/* round 0: outside of a reconciliation. */
void pm_read_start(struct pm_read *r, struct pm_user *u, uint64_t round, void (*end)(void *ctx, const struct pm_error *e), void *ctx);
void pm_read_stop(struct pm_read *r);
bool pm_read_lists(const struct pm_read *r, const char *venue_id);

/* What bare whole numbers of sizes mean here (pm_user_scale.c). */
void pm_order_scale(struct pm_user *u, const struct json *doc, struct pm_own_order *o);
void pm_trade_scale(struct pm_user *u, const struct json *doc, struct pm_own_trade *t);
/* Which tokens of this account a trade moved, one by one. False: it can't be read. */
typedef void pm_token_fn(void *ctx, const char *token);
bool pm_user_trade_tokens(const struct pm_user *u, const struct json *doc, pm_token_fn *each, void *ctx);

void pm_settle_run(struct pm_user *u, int64_t now_us);
void pm_settle_free(struct pm_user *u);

struct pm_recon *pm_recon_new(struct pm_user *u);
void pm_recon_free(struct pm_recon *r);
void pm_recon_run(struct pm_recon *r, int64_t now_us); /* its time limit */

#endif
