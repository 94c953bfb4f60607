/* Price-time matching engine of one market: resting limit orders, execution at the maker's price.
 * Works in integer ticks and lots; it knows nothing of accounts, fees or money. Deterministic.
 * Dense window of price levels with a bitmap around the market; prices outside it are as correct, only slower.
 * At most 64 bytes a resting order. Orders are named by a caller's 32-bit handle (dense, reusable after
 * the order is gone); the caller maps its own ids to handles. */
#ifndef TURRET_MARKET_MATCH_H
#define TURRET_MARKET_MATCH_H

#include <stdbool.h>
#include <stdint.h>

enum match_side { MATCH_BUY, MATCH_SELL };

/* One execution. Called in order; must not call back into the engine. */
typedef void match_fill_fn(void *ctx, uint32_t taker, uint32_t maker, int32_t px_ticks, int64_t lots);

struct match;

struct match_cfg {
    int32_t window_low;   /* first tick of the dense window; re-centred when the market leaves it */
    uint32_t window_size; /* levels, rounded up to a power of two; 0 = default */
    uint32_t orders_hint; /* expected resting orders */
    match_fill_fn *on_fill;
    void *ctx;
};

struct match *match_new(const struct match_cfg *cfg);
void match_free(struct match *m);

/* Matches `lots` of handle `id` against the other side up to px_ticks; what is left rests at px_ticks if `rest`.
 * Returns the lots left (resting or not). `owner` != 0: meeting a resting order of the same owner stops the
 * match there (*self is set to that maker's handle) and nothing rests: the caller decides. self may be NULL. */
int64_t match_add(struct match *m, uint32_t id, enum match_side side, int32_t px_ticks, int64_t lots,
                  uint32_t owner, bool rest, uint32_t *self);
/* Takes a resting order out; returns its remaining lots, 0 if it rests no longer (a no-op). */
int64_t match_cancel(struct match *m, uint32_t id);
/* Shrinks a resting order and keeps its time priority; returns the new remaining lots, 0 if unknown or gone. */
int64_t match_reduce(struct match *m, uint32_t id, int64_t new_lots);
int64_t match_remaining(const struct match *m, uint32_t id); /* 0 if it does not rest */

bool match_best(const struct match *m, enum match_side side, int32_t *px_ticks);
int64_t match_depth_at(const struct match *m, enum match_side side, int32_t px_ticks); /* lots */
/* Next level on `side` strictly worse than px_ticks (lower for buys); false when there is none. */
bool match_next_level(const struct match *m, enum match_side side, int32_t px_ticks, int32_t *next);
/* Lots a taker of `side` could get at once up to px_ticks, counting at most `want`, skipping `owner`'s (0: none). */
int64_t match_fillable(const struct match *m, enum match_side side, int32_t px_ticks, int64_t want, uint32_t owner);
/* Lots resting ahead of `id` at its price. */
int64_t match_ahead(const struct match *m, uint32_t id);
uint32_t match_order_count(const struct match *m);

#endif
