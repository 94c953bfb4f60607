/* What a watch would have done over recorded values: fed in time order, it counts firings as the desk would make them. Pure. */
#ifndef TURRET_TRADE_REPLAY_H
#define TURRET_TRADE_REPLAY_H

#include "turret/trade/watch.h"

#define REPLAY_SHOWN 50

struct replay_fire { int64_t at_us, value; };
struct replay { /* zero it, set w, max_age_us and holds */
    struct watch w;
    int64_t max_age_us;   /* oldest data that fires; 0 = any */
    bool holds;           /* the values are dense enough to judge the hold */
    /* results */
    int fires;            /* firings by its own rules: one without repeat, within the budget */
    int entries;          /* times the figure came into the zone */
    int near_misses;      /* times it left the zone before the hold or the guards let it fire */
    int blocked;          /* times a guard (depth) held it back in the zone */
    int shown;
    struct replay_fire fire[REPLAY_SHOWN]; /* the first ones */
    int64_t first_us, last_us;
    uint64_t values;
    /* inside */
    bool in, fired, over;
    int64_t since_us, last_value;
    qty last_there;
    usd spent;
};
/* The own side's value at that time; `there` is the size within the slippage, negative = not known. Then it fires or not. */
void replay_value(struct replay *r, int64_t at_us, int64_t value, qty there);
/* No more values: a hold that runs until then is judged. */
void replay_end(struct replay *r, int64_t at_us);

#endif
