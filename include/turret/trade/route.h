/* Where an order goes when the same outcome trades on several venues: the options with their figures, and the choice. A plain value that an
 * order row keeps. Which markets are the same is said by links. */
#ifndef TURRET_TRADE_ROUTE_H
#define TURRET_TRADE_ROUTE_H

#include "turret/base/dec.h"
#include "turret/market/market.h"

#define ROUTE_MAX 3
#define LINK_NOTE_MAX 64

enum route_mode { ROUTE_HERE /* the market that was named */, ROUTE_BEST, ROUTE_SPLIT };
struct route_option {
    market_id market;
    uint32_t account;
    int32_t code;     /* enum err: why not; ERR_OK = usable */
    price average;    /* of what is fillable, own side's price */
    usd fee;          /* of what is fillable, by the venue's own formula */
    qty fillable;     /* within the limit, now */
    qty taken;        /* size sent there */
};
struct route { /* zero: none was asked for */
    uint8_t n, chosen, mode;
    uint8_t pad[5];
    struct route_option o[ROUTE_MAX];
};

/* Two markets of different venues that pay for the same outcome. inverted: YES of one is NO of the other. */
enum link_origin { LINK_BY_HAND, LINK_BY_FILE };
struct market_link {
    uint32_t id;
    uint8_t inverted, origin, deleted, pad;
    market_id a, b;
    char note[LINK_NOTE_MAX];
};

#endif
