/* The venue port: one struct of operations a venue. Calls are asynchronous: answers are events in the sink that
 * carry our order id. Adapters never call the desk. A venue is a folder that ends in one const struct venue_ops. */
#ifndef TURRET_VENUE_VENUE_H
#define TURRET_VENUE_VENUE_H

#include "turret/desk/effect.h"
#include "turret/desk/event.h"

enum venue_caps { VENUE_AMENDS = 1, VENUE_NETS = 2 /* one position a market */, VENUE_REDUCE_ONLY = 4, VENUE_POST_ONLY = 8, VENUE_PAPER = 16, VENUE_RESET = 32, VENUE_PROVISIONAL = 64 /* fills settle later, or not */ };

struct venue; /* head of every implementation */

struct venue_ops {
    const char *name;
    unsigned caps;
    /* Starts market data and order flow; EVENT_MARKET listings come first. */
    void (*start)(struct venue *v, int64_t now_us);
    /* Before reconciliation: what the store knows of this venue's accounts, orders and markets (simulators rebuild
     * themselves from it; real venues ignore it). Any EVENT_LOAD_*, EVENT_ACCOUNT, EVENT_LOADED event. */
    void (*restore)(struct venue *v, const struct event *ev);
    /* Called before the row is stored: fills in client_id and venue_id as far as the venue's protocol knows them before sending (salt, digest), all
     * that `place` needs to make the very same request again after a restart; no I/O. ERR_OK; else the order is refused, with the sentence left in
     * reason_text if there is one. NULL: nothing to do. */
    enum err (*prepare)(struct venue *v, struct order *o, int64_t now_us);
    /* ERR_OK: accepted for sending, an event will come. Else nothing was sent. */
    enum err (*place)(struct venue *v, const struct order *o, int64_t now_us);
    enum err (*cancel)(struct venue *v, const struct fx_cancel *c, int64_t now_us);
    enum err (*amend)(struct venue *v, const struct fx_amend *a, int64_t now_us);
    enum err (*query)(struct venue *v, const struct order *o, int64_t now_us);
    enum err (*reconcile)(struct venue *v, const struct fx_reconcile *r, int64_t now_us);
    enum err (*reset)(struct venue *v, const struct fx_reset *r, int64_t now_us);
    /* A wallet's trades are wanted (or no more): EVENT_TARGET_TRADE from then on; since_us 0: its last ones first, as baseline,
     * else those since then. NULL: the venue can't tell whose trades are whose. */
    enum err (*activity)(struct venue *v, const struct fx_activity *a, int64_t now_us);
    /* A market that is not listed is wanted, by whatever a person calls it there: EVENT_MARKET and its book follow, or EVENT_NOTE. May be NULL. */
    enum err (*list)(struct venue *v, const struct fx_list *l, int64_t now_us);
    /* When the venue next wants `run` (INT64_MAX: never by itself), and the run: everything due up to now_us goes
     * to the sink in time order, each event with its own at_us. Real venues live on the loop: NULL. */
    int64_t (*next_us)(const struct venue *v);
    void (*run)(struct venue *v, int64_t now_us);
    void (*close)(struct venue *v);
};

struct venue {
    const struct venue_ops *ops;
    enum venue_id id;
    struct event_sink sink;
};

#endif
