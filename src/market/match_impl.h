/* Inside of the matching engine: its records, the dense window of levels (match_window.c) and the levels far from
 * it (match_far.c). match.c holds the order flow itself. */
#ifndef TURRET_MARKET_MATCH_IMPL_H
#define TURRET_MARKET_MATCH_IMPL_H

#include "turret/market/match.h"

#include <stddef.h>

/* A resting order. `slot` is its caller's handle + 1; slot 0 is nobody, and a dummy record that takes the writes
 * meant for a neighbour that isn't there, so that linking needs no branches. lots == 0: does not rest. */
struct order {
    uint32_t next, prev; /* slots; next is younger */
    int64_t lots;
    int32_t px;
    uint32_t owner;
};

/* A price. Only one side can rest at a price, so both sides share the levels; head == 0: empty. */
struct level {
    int64_t lots;
    uint32_t head, tail; /* slots: oldest, youngest */
};

/* Dense levels of `size` (a power of two) prices from `low` with a bitmap of the non-empty ones, 64-ary. */
#define WINDOW_MAX_BITS 24
#define WINDOW_TIERS (WINDOW_MAX_BITS / 6)
struct window {
    struct level *levels;
    uint64_t *bits[WINDOW_TIERS]; /* bits[0]: a bit a level; bits[k+1]: a bit a word of bits[k] */
    int32_t low;
    uint32_t size;
};

/* Levels outside of the window: a treap in an array, ordered by price; priorities are a hash of the price, so the
 * shape depends on the set of prices only. Node 0 is nil. */
struct far_node {
    struct level level;
    int32_t px;
    uint32_t left, right;
};
struct far {
    struct far_node *nodes;
    size_t cap;
    uint32_t used, free, root, count; /* free: list through `left` */
};

struct match {
    /* What an incoming order of a side meets: the best opposite price as a key (the price for buys, its complement
     * for sells) that it crosses when its own key is not smaller. NO_PRICE: nothing rests there. */
    int64_t meets[2];
    struct order *orders;
    uint32_t slots, count; /* records allocated; orders resting */
    struct window win;
    struct far far;
    uint64_t strayed; /* operations outside of the window since it was placed */
    match_fill_fn *on_fill;
    void *ctx;
};

#define NO_PRICE INT64_MAX

static inline int32_t key_of(enum match_side side, int32_t px) { return px ^ -(int32_t)side; }

void window_init(struct window *w, int32_t low, uint32_t size);
void window_free(struct window *w);
void window_mark(struct window *w, uint32_t i);       /* level i has orders */
void window_mark_upper(struct window *w, uint32_t i); /* the same where bits[0] is marked and its word was zero */
void window_clear(struct window *w, uint32_t i); /* level i is empty */
/* Nearest marked level strictly above (below) i; i may be -1 or size. False when there is none. */
bool window_above(const struct window *w, int64_t i, uint32_t *out);
bool window_below(const struct window *w, int64_t i, uint32_t *out);

void far_init(struct far *f);
void far_free(struct far *f);
struct level *far_find(const struct far *f, int32_t px);
struct level *far_insert(struct far *f, int32_t px); /* finds or makes; pointers into the treap change */
void far_erase(struct far *f, int32_t px);
bool far_above(const struct far *f, int32_t px, int32_t *out);
bool far_below(const struct far *f, int32_t px, int32_t *out);

/* The level of a price, NULL where there is none (inside the window there always is). */
static inline struct level *level_find(const struct match *m, int32_t px) {
    uint32_t i = (uint32_t)px - (uint32_t)m->win.low;
    return i < m->win.size ? &m->win.levels[i] : far_find(&m->far, px);
}
/* Next non-empty price strictly above or below px. */
bool level_above(const struct match *m, int32_t px, int32_t *out);
bool level_below(const struct match *m, int32_t px, int32_t *out);
/* A level has lost its last order (far levels come and go with their orders). */
void level_erase(struct match *m, int32_t px);
/* Counts an operation outside of the window; moves the window when the market has left it for good. Pointers to levels change. */
void window_stray(struct match *m, int32_t px);

#endif
