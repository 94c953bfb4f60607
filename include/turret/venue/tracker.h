/* What a real venue's adapter knows of its own orders and fills, so that each answer, however often, however late and in whatever order it
 * comes (REST, stream, reconciliation), becomes at most one event. Shared by all real venues; it does no I/O. One tracker an account. */
#ifndef TURRET_VENUE_TRACKER_H
#define TURRET_VENUE_TRACKER_H

#include "turret/venue/venue.h"

struct tracker;

#define TRACKER_HOLD_US 5000000LL

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

/* An order is about to be sent, or is asked after (its venue_id may be known already, then answers find it at once). */
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

/* An execution, told once by (venue_trade, leg): always EVENT_FILL (inside of a reconciliation too: a round may be given up, a fill is a fact).
 * Told again with another finality it becomes EVENT_FINALITY; finality only goes provisional -> final | reversed. A first sight that is
 * already reversed tells nothing. f->order may be 0: found by venue_order. Fills of a venue order that is not known wait up to
 * TRACKER_HOLD_US while an order of the same market is on its way without a venue id, then go out as another's: the order's id is made from
 * the venue's (tracker_external_id), so that the desk's adopted row and all that comes later are found by it. Venues use leg 0 only. */
void tracker_fill(struct tracker *t, const struct fill *f, const char *venue_order, int64_t now_us);
/* An order of the account that is not ours and works at the venue: known from now on, open again if only its fills were known. `like` has venue_id
 * and what else is known; the answer's id is the row's. */
const struct tracked *tracker_external(struct tracker *t, const struct order *like, int64_t now_us);
order_id tracker_external_id(enum venue_id venue, const char *venue_order);
/* Provisional fills: count, and the oldest one's time (0: none); one by one, after NULL the first (only until the next call that may settle one). */
int tracker_provisional(const struct tracker *t, int64_t *oldest_us);
const struct fill *tracker_next_provisional(const struct tracker *t, const struct fill *after);
/* Every (market, side) that orders or fills named, and what is held there by what was told (positions restored, fills since); NULL at the end. */
struct tracker_place { market_id market; uint8_t side, pad[7]; qty net /* of that side */; int64_t at_us /* of the last fill told in this run */; };
const struct tracker_place *tracker_place(const struct tracker *t, size_t i);
void tracker_place_set(struct tracker *t, market_id market, enum order_side side, qty net); /* the venue's truth, as reconciled */
/* Fills that wait: to be called now and then; the next time it is wanted (INT64_MAX: not). */
int64_t tracker_run(struct tracker *t, int64_t now_us);
int64_t tracker_last_fill_us(const struct tracker *t); /* newest fill known, 0: none; where reading trades starts from, with overlap */

#endif
