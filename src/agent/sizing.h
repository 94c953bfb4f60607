/* How much a model may still open: the room its limits, its cash and the desk's own limits leave. Advice for prompts and for the built-in
 * rules; what counts is the risk table. Private to the agents. */
#ifndef TURRET_AGENT_SIZING_H
#define TURRET_AGENT_SIZING_H

#include "turret/desk/view.h"

struct room {
    bool open;           /* a new position is possible at all; else `why` */
    char why[64];
    price px;            /* what entering costs now, own side's price */
    int leverage;        /* highest allowed */
    usd notional;        /* largest value of an order now */
    usd risk;            /* largest loss at the stop; micro 0 = no limit */
    qty size;            /* notional at px, in whole lots; 0 if that is below the minimum */
    const char *bound;   /* what binds: "cash", "exposure", ... */
};
void room_of(const struct desk *view, const struct model *m, const struct view_market *k, enum order_side side, int confidence, struct room *out);
/* Size whose loss from entry to stop is `share` (ppm) of the allowed risk, within the room; 0 if it is below what may be opened. */
qty room_size(const struct room *r, const struct model *m, const struct view_market *k, price stop, int64_t share_ppm);
/* Until when a closed position keeps its model out of the market. */
int64_t rest_after(const struct model *m, const struct order *closed);
/* Until when a market rests for this model after a close; 0 = it doesn't. Looks through all positions. */
int64_t rest_until(const struct desk *view, const struct model *m, market_id market, int64_t now_us);

#endif
