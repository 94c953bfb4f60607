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

/* test ? yes : no as a conditional move: left alone, compilers make a branch of it, which here is a coin toss. */
static inline uint64_t pick(uint64_t test, uint64_t yes, uint64_t no) {
#if defined __x86_64__
    __asm__("test %1, %1\n\tcmovnz %2, %0" : "+r"(no) : "r"(test), "r"(yes) : "cc");
    return no;
#else
    uint64_t mask = -(uint64_t)(test != 0);
    __asm__("" : "+r"(mask));
    return no ^ ((no ^ yes) & mask);
#endif
}
static inline uint32_t pick32(uint64_t test, uint32_t yes, uint32_t no) { return (uint32_t)pick(test, yes, no); }

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

/* The level at px has lost its last order: drops it, and finds the next best if it was one. */
static __attribute__((noinline)) void level_emptied(struct match *m, int32_t px) {
    int32_t next;
    level_erase(m, px);
    if (m->meets[MATCH_BUY] == px)
        m->meets[MATCH_BUY] = level_above(m, px, &next) ? next : NO_PRICE;
    else if (m->meets[MATCH_SELL] == ~(int64_t)px)
        m->meets[MATCH_SELL] = level_below(m, px, &next) ? ~(int64_t)next : NO_PRICE;
}

/* Appends an order to a level. Whether it is the level's first can't be foreseen in a busy book: no branch on it. */
static inline void order_link(struct match *m, struct level *lv, uint32_t slot, int32_t px, int64_t lots, uint32_t owner) {
    uint32_t tail = lv->tail;
    struct order *o = &m->orders[slot];
    assert(o->lots == 0);
    o->next = 0;
    o->prev = tail;
    o->lots = lots;
    o->px = px;
    o->owner = owner;
    m->orders[tail].next = slot;
    lv->tail = slot;
    lv->head = pick32(tail, lv->head, slot);
    lv->lots += lots;
}

/* Rests an order at a price outside of the window, or with a handle not seen before. */
static __attribute__((noinline)) int64_t order_rest_slow(struct match *m, uint32_t id, enum match_side side, int32_t px, int64_t lots, uint32_t owner) {
    int64_t met = ~key_of(side, px);
    assert(id != UINT32_MAX);
    if (id + 1 >= m->slots)
        slots_grow(m, id + 2);
    if ((uint32_t)px - (uint32_t)m->win.low >= m->win.size)
        window_stray(m, px);
    uint32_t i = (uint32_t)px - (uint32_t)m->win.low;
    struct level *lv = i < m->win.size ? &m->win.levels[i] : far_insert(&m->far, px);
    order_link(m, lv, id + 1, px, lots, owner);
    m->count++;
    if (i < m->win.size)
        window_mark(&m->win, i);
    if (met < m->meets[side ^ 1])
        m->meets[side ^ 1] = met;
    return lots;
}

static inline int64_t order_rest(struct match *m, uint32_t id, enum match_side side, int32_t px, int64_t lots, uint32_t owner) {
    uint32_t i = (uint32_t)px - (uint32_t)m->win.low;
    if (unlikely(id >= m->slots - 1 || i >= m->win.size))
        return order_rest_slow(m, id, side, px, lots, owner);
    uint64_t *at = &m->win.bits[0][i >> 6], word = *at;
    order_link(m, &m->win.levels[i], id + 1, px, lots, owner);
    m->count++;
    *at = word | 1ull << (i & 63);
    int64_t met = ~key_of(side, px), had = m->meets[side ^ 1];
    m->meets[side ^ 1] = met < had ? met : had;
    if (unlikely(!word))
        window_mark_upper(&m->win, i);
    return lots;
}

/* match_add for an order that meets others, where prices may be anywhere. */
static __attribute__((noinline)) int64_t cross_far(struct match *m, uint32_t id, enum match_side side, int32_t px, int64_t lots, uint32_t owner,
                                                   bool rest, uint32_t *self) {
    int32_t key = key_of(side, px);
    while (lots && key >= m->meets[side]) {
        int32_t at = key_of(side, (int32_t)m->meets[side]);
        uint32_t maker = level_find(m, at)->head - 1;
        struct order *o = &m->orders[maker + 1];
        if (owner && o->owner == owner) {
            if (self)
                *self = maker;
            return lots;
        }
        int64_t had = o->lots, fill = had < lots ? had : lots;
        lots -= fill;
        match_reduce(m, maker, had - fill);
        m->on_fill(m->ctx, id, maker, at, fill);
    }
    return lots && rest ? order_rest(m, id, side, px, lots, owner) : lots;
}

/* The same inside of the window. Whether a level is used up and which side it is can't be foreseen, and a wrong guess
 * costs more than all of this: so the next best level and its first order are looked up beside the fill, and taken or
 * not. That leaves two real branches a fill: the taker ends within this maker, or at a price it doesn't cross. */
static __attribute__((noinline)) int64_t cross(struct match *m, uint32_t id, enum match_side side, int32_t px, int64_t lots, uint32_t owner,
                                               bool rest, uint32_t *self) {
    const int32_t low = m->win.low, key = key_of(side, px);
    uint32_t i = (uint32_t)key_of(side, (int32_t)m->meets[side]) - (uint32_t)low;
    if (unlikely(i >= m->win.size))
        return cross_far(m, id, side, px, lots, owner, rest, self);
    uint32_t slot = m->win.levels[i].head;
    int32_t best;
    do {
        struct level *lv = &m->win.levels[i];
        struct order *o = &m->orders[slot];
        const int64_t had = o->lots;
        const uint32_t maker = slot - 1, head = o->next;
        const int32_t at = low + (int32_t)i;
        if (unlikely(o->owner == owner) && owner) {
            if (self)
                *self = maker;
            return lots;
        }
        if (lots < had) {
            o->lots = had - lots;
            lv->lots -= lots;
            m->on_fill(m->ctx, id, maker, at, lots);
            return 0;
        }
        uint64_t *word = &m->win.bits[0][i >> 6], bit = 1ull << (i & 63), others = *word & ~bit;
        uint64_t up = others & -bit, down = others & (bit - 1);
        uint32_t above = (uint32_t)__builtin_ctzll(up | 1ull << 63), below = 63u ^ (uint32_t)__builtin_clzll(down | 1);
        uint32_t next = (i & ~63u) | pick32(side, below, above), next_slot = m->win.levels[next].head;
        if (unlikely(!pick(side, down, up)) && !head)
            return cross_far(m, id, side, px, lots, owner, rest, self); /* the next best is not in this word */
        o->lots = 0;
        lots -= had;
        m->count--;
        lv->lots -= had;
        lv->head = head;
        m->orders[head].prev = 0;
        lv->tail = pick32(head, lv->tail, 0);
        *word = pick(head, others | bit, others);
        i = pick32(head, i, next);
        slot = pick32(head, head, next_slot);
        best = key_of(side, low + (int32_t)i);
        m->meets[side] = best;
        m->on_fill(m->ctx, id, maker, at, had);
    } while (key >= best && lots);
    return lots && rest ? order_rest(m, id, side, px, lots, owner) : lots;
}

int64_t match_add(struct match *m, uint32_t id, enum match_side side, int32_t px_ticks, int64_t lots, uint32_t owner, bool rest, uint32_t *self) {
    if (unlikely(lots <= 0))
        return 0;
    if (key_of(side, px_ticks) >= m->meets[side])
        return cross(m, id, side, px_ticks, lots, owner, rest, self);
    return rest ? order_rest(m, id, side, px_ticks, lots, owner) : lots;
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
