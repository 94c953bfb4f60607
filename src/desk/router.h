/* What the router's files share: groups of markets that pay for the same outcome, and the ways an order could take. */
#ifndef TURRET_DESK_ROUTER_H
#define TURRET_DESK_ROUTER_H

#include "desk/state.h"

/* --- links.c --- */
struct group { /* the market that was asked for comes first */
    int n;
    struct mkt *m[ROUTE_MAX];
    bool inverted[ROUTE_MAX]; /* against the first one */
};
void group_of(const struct desk *d, struct mkt *m, struct group *out);

/* --- router.c --- */
struct lane { /* one venue's way: what an order there would be, and what it would get */
    struct mkt *m;
    struct acct *a;
    const struct rec *pos; /* the position it closes */
    enum err code;
    uint8_t side;
    int dir;
    price limit;           /* of the order: the intent's, on this market's ticks; 0 = a market order */
    price cap;             /* farthest price that counts, own side's; 0 = any */
    qty size, most;        /* what is wanted there in its lots; the most it may be */
    struct book_walk now;
    usd fee;
    int64_t depth;         /* within the cap */
    bool whole;            /* all that was asked for is there */
};
struct way {
    int n;
    bool closing;          /* it reduces positions: only where they are */
    bool sell;             /* proceeds, not cost */
    struct lane lane[ROUTE_MAX];
    qty taken[ROUTE_MAX];
    int chosen;
    enum err e;
    char text[REASON_MAX];
};
bool way_find(const struct desk *d, const struct intent *in, struct way *w); /* false: the market has no other venue */
void way_route(const struct way *w, enum route_mode mode, struct route *out);
struct intent way_intent(const struct way *w, const struct intent *in, int lane);
qty lane_lots(const struct lane *l, int64_t size);
bool lane_size_ok(const struct lane *l, qty size);

/* --- router_split.c --- */
qty split_size(const struct way *w, usd amount);                          /* what an amount buys over all of them */
void split_fill(const struct way *w, qty want, qty taken[ROUTE_MAX]);     /* the cheapest parts */

#endif
