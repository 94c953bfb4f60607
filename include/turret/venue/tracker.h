/* What a real venue's adapter knows of its own orders and fills, so that each answer, however often, however late and in whatever order it
 * comes (REST, stream, reconciliation), becomes at most one event. Shared by all real venues; it does no I/O. One tracker an account. */
#ifndef TURRET_VENUE_TRACKER_H
#define TURRET_VENUE_TRACKER_H

#include "turret/venue/venue.h"

struct tracker;

struct tracked { /* one order */
    order_id id;      /* ours */
    market_id market;
    uint8_t side, action, over /* a final word was told */, acked, delayed;
    uint8_t pad[3];
    price limit;
    qty size, filled; /* filled: sum of fills told, without reversed ones */
    int64_t sent_us;
    char venue_id[VENUE_ORDER_ID_MAX], client_id[CLIENT_ID_MAX];
};

struct tracker *tracker_new(account_id account, enum venue_id venue, struct event_sink sink);
void tracker_free(struct tracker *t);
/* EVENT_LOAD_ORDER (open ones and those of the last days) and EVENT_LOAD_FILL of this account: told before, never told again. */
void tracker_restore(struct tracker *t, const struct event *ev);

/* An order is about to be sent (its venue_id may be known already, then answers find it at once). */
void tracker_sent(struct tracker *t, const struct order *o, int64_t now_us);
const struct tracked *tracker_order(const struct tracker *t, order_id id);
const struct tracked *tracker_by_venue_id(const struct tracker *t, const char *venue_id);
/* Open orders: for (const struct tracked *o = NULL; (o = tracker_next_open(t, o));) */
const struct tracked *tracker_next_open(const struct tracker *t, const struct tracked *after);

/* Each emits its event only when it is news: an order that is over never comes back, an acknowledgement comes once. */
void tracker_ack(struct tracker *t, order_id id, const char *venue_id, int64_t now_us);
void tracker_reject(struct tracker *t, order_id id, enum err why, const char *text, int64_t now_us);   /* ERR_NOT_FOUND and ERR_DUPLICATE are passed on each time */
void tracker_unknown(struct tracker *t, order_id id, const char *text, int64_t now_us);
void tracker_delayed(struct tracker *t, order_id id, int64_t until_us, const char *text, int64_t now_us);
void tracker_refused(struct tracker *t, order_id id, enum err why, uint32_t what, const char *text, int64_t now_us);
/* It is over at the venue with `total` filled there; while fills of that total are missing the desk waits for them. total < 0: unknown, what is told. */
void tracker_done(struct tracker *t, order_id id, enum err why, qty total, const char *text, int64_t now_us);

/* An execution, told once by (venue_trade, leg): EVENT_FILL, or inside of a reconciliation round EVENT_RECON_FILL. Told again with another
 * finality it becomes EVENT_FINALITY; finality only goes provisional -> final | reversed. A first sight that is already reversed tells nothing.
 * f->order may be 0: found by venue_order. Fills of a venue order that is not known wait up to hold_us while an order of the same market is
 * on its way without a venue id, then go out as another's (external). */
void tracker_fill(struct tracker *t, const struct fill *f, const char *venue_order, uint64_t round /* 0 = none */, int64_t now_us);
/* Provisional fills: count, and the oldest one's time (0: none). */
int tracker_provisional(const struct tracker *t, int64_t *oldest_us);
/* Fills that wait: to be called now and then; the next time it is wanted (INT64_MAX: not). */
int64_t tracker_run(struct tracker *t, int64_t now_us);
int64_t tracker_last_fill_us(const struct tracker *t); /* newest fill known, 0: none; where reading trades starts from, with overlap */

#endif
