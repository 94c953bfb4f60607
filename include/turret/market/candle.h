/* Candles of one interval, kept in a ring; built incrementally from trades or marks. */
#ifndef TURRET_MARKET_CANDLE_H
#define TURRET_MARKET_CANDLE_H

#include "turret/base/dec.h"

#define CANDLE_KEEP 512

struct candle {
    int64_t start_us;
    price open, high, low, close;
    qty volume;
    uint32_t count; /* trades (or marks where volume is 0) */
};
struct candle_series {
    int64_t interval_us;
    uint32_t head, count; /* ring: oldest at head */
    struct candle ring[CANDLE_KEEP];
};
void candle_init(struct candle_series *s, int64_t interval_us);
/* Adds a price (size 0: a mark). Out-of-order times go into the newest candle. Gaps make no candles. */
void candle_add(struct candle_series *s, int64_t at_us, price px, qty size);
/* i = 0 oldest .. count-1 newest. */
const struct candle *candle_at(const struct candle_series *s, int i);

#endif
