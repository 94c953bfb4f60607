/* Candles of one interval in a ring of CANDLE_KEEP, the oldest overwritten by the newest. */
#include "turret/market/candle.h"

#include <assert.h>
#include <string.h>

void candle_init(struct candle_series *s, int64_t interval_us) {
    assert(interval_us > 0);
    memset(s, 0, sizeof *s);
    s->interval_us = interval_us;
}

static struct candle *newest(struct candle_series *s) {
    return s->count ? &s->ring[(s->head + s->count - 1) % CANDLE_KEEP] : NULL;
}

static int64_t floor_to(int64_t at, int64_t step) {
    int64_t rest = at % step;
    return at - (rest < 0 ? rest + step : rest);
}

void candle_add(struct candle_series *s, int64_t at_us, price px, qty size) {
    struct candle *c = newest(s);
    if (!c || at_us >= c->start_us + s->interval_us) {
        if (s->count < CANDLE_KEEP)
            s->count++;
        else
            s->head = (s->head + 1) % CANDLE_KEEP;
        c = newest(s);
        *c = (struct candle){.start_us = floor_to(at_us, s->interval_us), .open = px, .high = px, .low = px};
    }
    if (px.micro > c->high.micro)
        c->high = px;
    if (px.micro < c->low.micro)
        c->low = px;
    c->close = px;
    if (size.micro > 0 && c->volume.micro == 0)
        c->count = 0; /* from here on it counts trades, no longer marks */
    if (size.micro > 0 || c->volume.micro == 0)
        c->count++;
    if (size.micro > 0 && !dec_add(c->volume.micro, size.micro, &c->volume.micro))
        c->volume.micro = INT64_MAX;
}

const struct candle *candle_at(const struct candle_series *s, int i) {
    return i >= 0 && (uint32_t)i < s->count ? &s->ring[(s->head + (uint32_t)i) % CANDLE_KEEP] : NULL;
}
