/* The past of a generated market: candles that end at its price now, so that indicators have values from the first minute. A walk
 * backwards in steps of five minutes from a generator of its own: what the market does later does not depend on it. */
#include "venue/sim/gen.h"

#include <stdlib.h>
#include <string.h>

#include "turret/base/hash.h"
#include "turret/base/mem.h"

#define STEP_US (5 * GEN_MINUTE)
#define LONG_STEPS 48                      /* of a candle of four hours */
#define LONG_CANDLES 90
#define SHORT_CANDLES 180
#define STEPS_MAX (LONG_STEPS * LONG_CANDLES)
#define SQRT_STEP_MILLI 17321              /* 1000 * sqrt(300 s) */

struct step { int64_t open, high, low, close, volume; };

static int64_t clamp64(int64_t v, int64_t low, int64_t high) { return v < low ? low : v > high ? high : v; }

/* How far a price moves in one step, in micro units (one standard deviation). */
static int64_t step_size(const struct gen_market *k, int64_t px) {
    if (k->m.kind == MARKET_PERP)
        return (int64_t)((__int128)px * k->sigma_ppb * SQRT_STEP_MILLI / 1000 / 1000000000);
    return (int64_t)((__int128)px * (DEC_ONE - px) / DEC_ONE / 25); /* most in the middle, little near the ends */
}

static int64_t limits(const struct gen_market *k, int64_t px, int64_t now_px) {
    if (k->m.kind == MARKET_PERP)
        return clamp64(px, now_px / 2, now_px * 2);
    return clamp64(px, k->m.tick.micro, DEC_ONE - k->m.tick.micro);
}

static int64_t on_tick(const struct gen_market *k, int64_t px) { return px / k->m.tick.micro * k->m.tick.micro; }

/* steps[n - 1] ends now. */
static void walk(const struct gen_market *k, struct rng *r, int64_t now_px, struct step *steps, int n) {
    int64_t px = now_px;
    for (int i = n - 1; i >= 0; i--) {
        struct step *s = &steps[i];
        int64_t sd = step_size(k, px), before = limits(k, px - rng_normal(r, sd) + (now_px - px) / 200, now_px);
        s->close = on_tick(k, px);
        s->open = on_tick(k, before);
        s->high = on_tick(k, limits(k, (px > before ? px : before) + llabs(rng_normal(r, sd / 3)), now_px));
        s->low = on_tick(k, limits(k, (px < before ? px : before) - llabs(rng_normal(r, sd / 3)), now_px));
        s->high = s->high > s->open ? s->high : s->open;
        s->high = s->high > s->close ? s->high : s->close;
        s->low = s->low < s->open ? s->low : s->open;
        s->low = s->low < s->close ? s->low : s->close;
        int64_t lots = k->base_size / k->m.lot.micro;
        s->volume = (1 + rng_range(r, lots, 12 * (lots > 0 ? lots : 1))) * k->m.lot.micro;
        px = before;
    }
}

static void put(struct gen *g, const struct gen_market *k, int64_t start_us, int interval_s, const struct step *steps, int n, int64_t now_us) {
    struct event ev;
    event_init(&ev, EVENT_CANDLE, exchange_settings(g->x)->venue, now_us);
    struct candle c = {.start_us = start_us, .open = PRICE(steps[0].open), .high = PRICE(steps[0].high), .low = PRICE(steps[0].low),
                       .close = PRICE(steps[n - 1].close), .count = (uint32_t)n * 20};
    for (int i = 0; i < n; i++) {
        c.high.micro = steps[i].high > c.high.micro ? steps[i].high : c.high.micro;
        c.low.micro = steps[i].low < c.low.micro ? steps[i].low : c.low.micro;
        c.volume.micro += steps[i].volume;
    }
    ev.u.candle = (struct ev_candle){.market = k->m.id, .interval_s = interval_s, .candle = c};
    exchange_publish(g->x, &ev);
}

/* A market that ends soon is not old either: twice what is left of its life, three hours at least. */
static int steps_of(const struct gen_market *k, int64_t now_us) {
    if (k->m.kind == MARKET_PERP)
        return STEPS_MAX;
    return (int)clamp64((k->m.closes_us - now_us) / STEP_US * 2, 36, STEPS_MAX);
}

void gen_history(struct gen *g, const struct gen_market *k, int64_t now_us) {
    struct rng r;
    int64_t end_us = now_us / STEP_US * STEP_US; /* closed candles only: the one that forms now is live */
    int n = steps_of(k, now_us);
    struct step *steps = xmalloc((size_t)n * sizeof *steps);
    rng_seed(&r, fnv64_u64(fnv64_u64(fnv64_u64(FNV64_INIT, g->seed), k->m.id), (uint64_t)end_us));
    walk(k, &r, limits(k, k->fair, k->fair), steps, n);
    for (int i = n > SHORT_CANDLES ? n - SHORT_CANDLES : 0; i < n; i++)
        put(g, k, end_us - (n - i) * STEP_US, 300, &steps[i], 1, now_us);
    for (int i = 0; i < n;) { /* on the grid of four hours; the last one may still be forming */
        int64_t at = end_us - (n - i) * STEP_US;
        int left = LONG_STEPS - (int)(at / STEP_US % LONG_STEPS), count = left < n - i ? left : n - i;
        put(g, k, at / (LONG_STEPS * STEP_US) * (LONG_STEPS * STEP_US), 4 * 3600, &steps[i], count, now_us);
        i += count;
    }
    free(steps);
}

/* Open interest of a perpetual: wanders around a hundred times a typical quote. */
void gen_open_interest(struct gen *g, struct gen_market *k, int64_t now_us) {
    struct event ev;
    struct rng r;
    rng_seed(&r, fnv64_u64(fnv64_u64(fnv64_u64(FNV64_INIT, g->seed), k->m.id), (uint64_t)(now_us / GEN_MINUTE)));
    if (k->open_interest == 0)
        k->open_interest = k->base_size * 100;
    k->open_interest += rng_normal(&r, k->base_size / 2) + (k->base_size * 100 - k->open_interest) / 100;
    k->open_interest = clamp64(k->open_interest, k->base_size, k->base_size * 1000);
    event_init(&ev, EVENT_OPEN_INTEREST, exchange_settings(g->x)->venue, now_us);
    ev.u.open_interest.market = k->m.id;
    ev.u.open_interest.size = QTY(k->open_interest);
    exchange_publish(g->x, &ev);
}
