/* The tables of a tracker, shared by its two files. */
#ifndef TURRET_VENUE_TRACKER_PRIVATE_H
#define TURRET_VENUE_TRACKER_PRIVATE_H

#include "turret/base/map.h"
#include "turret/venue/tracker.h"

struct entry { /* one order */
    struct tracked o; /* first: a tracked is its entry */
    struct entry *next, *prev;
    qty total;    /* filled in all, as the venue said it at the end; -1: it did not */
    qty told;     /* what the desk was told of it; -1: not over */
    qty reversed; /* fills that failed, told before or not */
    enum err why;
    bool is_open, closed /* over, and the desk has all that it waits for */, unknown, refused, told_id, foreign /* another's, known by a fill only: over as far as anybody knows */;
    char text[REASON_MAX];
};
struct orphan { qty size; char venue_order[VENUE_ORDER_ID_MAX]; }; /* failed before anybody knew whose it was */
struct held { struct fill f; char venue_order[VENUE_ORDER_ID_MAX]; int64_t until_us; }; /* a fill whose order may be one on its way */

struct tracker {
    account_id account;
    enum venue_id venue;
    struct event_sink sink;
    struct entry **orders, *open, *open_last;
    size_t count, cap, prune_at;
    struct map by_id, by_venue_id;
    struct map fills;        /* (venue trade, leg) -> enum fill_finality */
    struct fill *open_fills; /* the provisional ones */
    size_t open_count, open_cap;
    struct orphan *orphans;
    size_t orphan_count, orphan_cap;
    struct held *held;
    size_t held_count, held_cap;
    struct tracker_place *places;
    size_t place_count, place_cap;
    struct map place_map;
    int64_t last_fill_us;
};

uint64_t tracker_text_key(const char *s);
struct entry *tracker_entry(const struct tracker *t, order_id id);
struct entry *tracker_entry_by_venue_id(const struct tracker *t, const char *venue_id);
void tracker_over(struct tracker *t, struct entry *e, bool closed);
bool tracker_waits(const struct entry *e); /* over, but the desk waits for fills of it */
void tracker_done_again(struct tracker *t, struct entry *e, int64_t now_us);
void tracker_put(struct tracker *t, struct event *ev);
struct tracker_place *tracker_place_get(struct tracker *t, market_id market, uint8_t side);
void tracker_restore_fill(struct tracker *t, const struct fill *f);
void tracker_held_retry(struct tracker *t, int64_t now_us); /* an order or a venue id became known */

#endif
