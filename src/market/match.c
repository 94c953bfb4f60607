/* Price-time matching. The common cases (an order that rests, a cancel) run without calls and almost without
 * branches; crossing and everything outside of the dense window is apart. */
#include "match_impl.h"

#include "turret/base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW_DEFAULT 8192
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

static void slots_grow(struct match *m, uint32_t need) {
    uint64_t n = m->slots + (uint64_t)m->slots / 2; /* by half: at most 36 bytes an order in the end */
    if (n < need)
        n = need;
    if (n > UINT32_MAX)
        n = UINT32_MAX;
    m->orders = xrealloc(m->orders, (size_t)n * sizeof *m->orders);
    memset(m->orders + m->slots, 0, (size_t)(n - m->slots) * sizeof *m->orders);
    m->slots = (uint32_t)n;
}

struct match *match_new(const struct match_cfg *cfg) {
    struct match *m = xcalloc(1, sizeof *m);
    window_init(&m->win, cfg->window_low, cfg->window_size ? cfg->window_size : WINDOW_DEFAULT);
    far_init(&m->far);
    m->meets[0] = m->meets[1] = NO_PRICE;
    m->slots = (cfg->orders_hint < UINT32_MAX ? cfg->orders_hint : 0) + 1;
    m->orders = xcalloc(m->slots, sizeof *m->orders);
    m->on_fill = cfg->on_fill;
    m->ctx = cfg->ctx;
    return m;
}

void match_free(struct match *m) {
    if (!m)
        return;
    window_free(&m->win);
    far_free(&m->far);
    free(m->orders);
    free(m);
}

/* The side that rests at px: never both, as the book is never crossed. */
static inline enum match_side side_at(const struct match *m, int32_t px) {
    return m->meets[MATCH_SELL] != NO_PRICE && px <= ~m->meets[MATCH_SELL] ? MATCH_BUY : MATCH_SELL;
}

/* A level has lost its last order: drops it, and finds the next best if it was one. */
static void level_emptied(struct match *m, int32_t px) {
    int32_t next;
    level_erase(m, px);
    if (m->meets[MATCH_BUY] == px)
        m->meets[MATCH_BUY] = level_above(m, px, &next) ? next : NO_PRICE;
    else if (m->meets[MATCH_SELL] == ~(int64_t)px)
        m->meets[MATCH_SELL] = level_below(m, px, &next) ? ~(int64_t)next : NO_PRICE;
}

/* Executes against the level at px until `lots` are gone, the level is empty or an own order is met. */
static int64_t level_take(struct match *m, struct level *lv, uint32_t id, int32_t px, int64_t lots, uint32_t owner, uint32_t *self) {
    uint32_t slot = lv->head;
    int64_t before = lots;
    do {
        struct order *o = &m->orders[slot];
        if (unlikely(owner && o->owner == owner)) {
            *self = slot;
            break;
        }
        uint32_t next = o->next;
        int64_t had = o->lots, fill = had < lots ? had : lots;
        o->lots = had - fill;
        lots -= fill;
        m->on_fill(m->ctx, id, slot - 1, px, fill);
        if (had != fill)
            break;
        m->count--;
        slot = next;
    } while (slot && lots);
    lv->lots -= before - lots;
    lv->head = slot;
    m->orders[slot].prev = 0;
    return lots;
}

/* The crossing part of match_add; returns what is left. *self: slot of the own order that stopped it, or 0. */
static __attribute__((noinline)) int64_t cross(struct match *m, uint32_t id, enum match_side side, int32_t px, int64_t lots,
                                               uint32_t owner, uint32_t *self) {
    int32_t key = key_of(side, px);
    do {
        int32_t at = key_of(side, (int32_t)m->meets[side]);
        struct level *lv = level_find(m, at);
        lots = level_take(m, lv, id, at, lots, owner, self);
        if (!lv->head) {
            lv->tail = 0;
            level_emptied(m, at);
        }
    } while (lots && !*self && key >= m->meets[side]);
    return lots;
}

/* The level of a price that is to get an order, made when there is none. */
static __attribute__((noinline)) struct level *level_far(struct match *m, int32_t px) {
    window_stray(m, px);
    uint32_t i = (uint32_t)px - (uint32_t)m->win.low;
    return i < m->win.size ? &m->win.levels[i] : far_insert(&m->far, px);
}

static inline void rest_order(struct match *m, uint32_t id, enum match_side side, int32_t px, int64_t lots, uint32_t owner) {
    uint32_t slot = id + 1, i = (uint32_t)px - (uint32_t)m->win.low;
    if (unlikely(slot >= m->slots))
        slots_grow(m, slot + 1);
    struct level *lv = likely(i < m->win.size) ? &m->win.levels[i] : level_far(m, px);
    uint32_t tail = lv->tail;
    struct order *o = &m->orders[slot];
    assert(o->lots == 0 && slot);
    *o = (struct order){.prev = tail, .lots = lots, .px = px, .owner = owner};
    m->orders[tail].next = slot;
    lv->tail = slot;
    lv->lots += lots;
    m->count++;
    if (tail)
        return;
    lv->head = slot;
    i = (uint32_t)px - (uint32_t)m->win.low;
    if (i < m->win.size)
        window_mark(&m->win, i);
    int64_t met = ~key_of(side, px);
    if (met < m->meets[side ^ 1])
        m->meets[side ^ 1] = met;
}

int64_t match_add(struct match *m, uint32_t id, enum match_side side, int32_t px_ticks, int64_t lots, uint32_t owner, bool rest, uint32_t *self) {
    if (unlikely(lots <= 0))
        return 0;
    if (key_of(side, px_ticks) >= m->meets[side]) {
        uint32_t stopped = 0;
        lots = cross(m, id, side, px_ticks, lots, owner, &stopped);
        if (stopped && self)
            *self = stopped - 1;
        if (!lots || stopped)
            return lots;
    }
    if (rest)
        rest_order(m, id, side, px_ticks, lots, owner);
    return lots;
}

static inline struct order *order_find(const struct match *m, uint32_t id) {
    return likely(id < m->slots - 1) ? &m->orders[id + 1] : &m->orders[0];
}

int64_t match_cancel(struct match *m, uint32_t id) {
    struct order *o = order_find(m, id);
    int64_t lots = o->lots;
    if (!lots)
        return 0;
    struct level *lv = level_find(m, o->px);
    uint32_t next = o->next, prev = o->prev;
    o->lots = 0;
    lv->lots -= lots;
    m->orders[next].prev = prev;
    m->orders[prev].next = next;
    lv->head = prev ? lv->head : next;
    lv->tail = next ? lv->tail : prev;
    m->count--;
    if (unlikely(!(next | prev)))
        level_emptied(m, o->px);
    return lots;
}

int64_t match_reduce(struct match *m, uint32_t id, int64_t new_lots) {
    struct order *o = order_find(m, id);
    if (new_lots <= 0) {
        match_cancel(m, id);
        return 0;
    }
    if (new_lots < o->lots) {
        level_find(m, o->px)->lots -= o->lots - new_lots;
        o->lots = new_lots;
    }
    return o->lots;
}

int64_t match_remaining(const struct match *m, uint32_t id) { return order_find(m, id)->lots; }

bool match_best(const struct match *m, enum match_side side, int32_t *px_ticks) {
    int64_t met = m->meets[side ^ 1];
    if (met == NO_PRICE)
        return false;
    *px_ticks = key_of(side ^ 1, (int32_t)met);
    return true;
}

int64_t match_depth_at(const struct match *m, enum match_side side, int32_t px_ticks) {
    const struct level *lv = level_find(m, px_ticks);
    return lv && side_at(m, px_ticks) == side ? lv->lots : 0;
}

bool match_next_level(const struct match *m, enum match_side side, int32_t px_ticks, int32_t *next) {
    int32_t best;
    if (!match_best(m, side, &best))
        return false;
    bool better = side == MATCH_BUY ? px_ticks > best : px_ticks < best; /* than all: the best is next */
    if (better) {
        *next = best;
        return true;
    }
    return side == MATCH_BUY ? level_below(m, px_ticks, next) : level_above(m, px_ticks, next);
}

static int64_t level_lots_of_others(const struct match *m, const struct level *lv, uint32_t owner) {
    if (!owner)
        return lv->lots;
    int64_t sum = 0;
    for (uint32_t slot = lv->head; slot; slot = m->orders[slot].next)
        if (m->orders[slot].owner != owner)
            sum += m->orders[slot].lots;
    return sum;
}

int64_t match_fillable(const struct match *m, enum match_side side, int32_t px_ticks, int64_t want, uint32_t owner) {
    enum match_side other = side ^ 1;
    int64_t sum = 0;
    int32_t at;
    for (bool more = match_best(m, other, &at); more && sum < want; more = match_next_level(m, other, at, &at)) {
        if (side == MATCH_BUY ? at > px_ticks : at < px_ticks)
            break;
        int64_t here = level_lots_of_others(m, level_find(m, at), owner);
        sum = here < want - sum ? sum + here : want; /* never overflows */
    }
    return sum;
}

int64_t match_ahead(const struct match *m, uint32_t id) {
    const struct order *o = order_find(m, id);
    int64_t sum = 0;
    if (o->lots)
        for (uint32_t slot = o->prev; slot; slot = m->orders[slot].prev)
            sum += m->orders[slot].lots;
    return sum;
}

uint32_t match_order_count(const struct match *m) { return m->count; }
