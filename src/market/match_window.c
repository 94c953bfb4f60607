/* The dense window: a bitmap of 64-ary tiers over its levels, and its move when the market has left it. */
#include "match_impl.h"

#include "turret/base/mem.h"

#include <stdlib.h>
#include <string.h>

#define STRAY_MIN 1024 /* operations outside before a move is worth its cost, at the least */

void window_init(struct window *w, int32_t low, uint32_t size) {
    uint32_t n = 64;
    while (n < size && n < 1u << WINDOW_MAX_BITS)
        n *= 2;
    *w = (struct window){.size = n};
    int64_t last = (int64_t)INT32_MAX + 1 - n; /* the window ends inside the range of prices */
    w->low = low < last ? low : (int32_t)last;
    w->levels = xcalloc(n, sizeof *w->levels);
    for (int t = 0; t < WINDOW_TIERS; t++) {
        n = (n + 63) / 64;
        w->bits[t] = xcalloc(n, sizeof(uint64_t));
    }
}

void window_free(struct window *w) {
    free(w->levels);
    for (int t = 0; t < WINDOW_TIERS; t++)
        free(w->bits[t]);
}

static void mark_from(struct window *w, int tier, uint32_t i) {
    for (int t = tier; t < WINDOW_TIERS; t++, i >>= 6) {
        uint64_t *word = &w->bits[t][i >> 6], was = *word;
        *word = was | 1ull << (i & 63);
        if (was)
            return; /* the tiers above know */
    }
}

void window_mark(struct window *w, uint32_t i) { mark_from(w, 0, i); }
void window_mark_upper(struct window *w, uint32_t i) { mark_from(w, 1, i >> 6); }

void window_clear(struct window *w, uint32_t i) {
    for (int t = 0; t < WINDOW_TIERS; t++, i >>= 6) {
        uint64_t *word = &w->bits[t][i >> 6];
        *word &= ~(1ull << (i & 63));
        if (*word)
            return;
    }
}

static uint32_t lowest(const struct window *w, int tier, uint32_t i) {
    while (tier-- > 0)
        i = i << 6 | (uint32_t)__builtin_ctzll(w->bits[tier][i]);
    return i;
}

static uint32_t highest(const struct window *w, int tier, uint32_t i) {
    while (tier-- > 0)
        i = i << 6 | (63u ^ (uint32_t)__builtin_clzll(w->bits[tier][i]));
    return i;
}

bool window_above(const struct window *w, int64_t from, uint32_t *out) {
    if (from + 1 >= (int64_t)w->size)
        return false;
    uint32_t i = (uint32_t)(from + 1);             /* the first that may be taken */
    uint32_t words = w->size / 64;
    for (int t = 0; t < WINDOW_TIERS; t++) {
        if (i >> 6 >= words)
            return false;
        uint64_t word = w->bits[t][i >> 6] & (~0ull << (i & 63));
        if (word) {
            *out = lowest(w, t, (i & ~63u) | (uint32_t)__builtin_ctzll(word));
            return true;
        }
        i = (i >> 6) + 1;
        words = (words + 63) / 64;
    }
    return false;
}

bool window_below(const struct window *w, int64_t from, uint32_t *out) {
    if (from <= 0)
        return false;
    uint32_t i = (uint32_t)(from - 1);
    for (int t = 0; t < WINDOW_TIERS; t++) {
        uint64_t word = w->bits[t][i >> 6] & (~0ull >> (63 - (i & 63)));
        if (word) {
            *out = highest(w, t, (i & ~63u) | (63u ^ (uint32_t)__builtin_clzll(word)));
            return true;
        }
        if (i >> 6 == 0)
            return false;
        i = (i >> 6) - 1;
    }
    return false;
}

/* A price as a position relative to the window, clamped to just outside of it. */
static int64_t position(const struct window *w, int32_t px) {
    int64_t i = (int64_t)px - w->low;
    return i < -1 ? -1 : i > w->size ? w->size : i;
}

bool level_above(const struct match *m, int32_t px, int32_t *out) {
    uint32_t i;
    int32_t beyond;
    bool found = window_above(&m->win, position(&m->win, px), &i);
    if (found)
        *out = m->win.low + (int32_t)i;
    if (m->far.count && far_above(&m->far, px, &beyond) && (!found || beyond < *out)) {
        *out = beyond;
        found = true;
    }
    return found;
}

bool level_below(const struct match *m, int32_t px, int32_t *out) {
    uint32_t i;
    int32_t beyond;
    bool found = window_below(&m->win, position(&m->win, px), &i);
    if (found)
        *out = m->win.low + (int32_t)i;
    if (m->far.count && far_below(&m->far, px, &beyond) && (!found || beyond > *out)) {
        *out = beyond;
        found = true;
    }
    return found;
}

void level_erase(struct match *m, int32_t px) {
    uint32_t i = (uint32_t)px - (uint32_t)m->win.low;
    if (i < m->win.size)
        window_clear(&m->win, i);
    else
        far_erase(&m->far, px);
}

/* Puts every level where a window from `low` wants it. */
static void window_move(struct match *m, int32_t low) {
    struct window old = m->win;
    struct far old_far = m->far;
    window_init(&m->win, low, old.size);
    far_init(&m->far);
    int64_t at = -1;
    for (uint32_t i; window_above(&old, at, &i); at = i) {
        int32_t px = old.low + (int32_t)i;
        uint32_t to = (uint32_t)px - (uint32_t)m->win.low;
        if (to < m->win.size) {
            m->win.levels[to] = old.levels[i];
            window_mark(&m->win, to);
        } else {
            *far_insert(&m->far, px) = old.levels[i];
        }
    }
    int32_t px = INT32_MIN;
    bool more = far_find(&old_far, px) != NULL || far_above(&old_far, px, &px);
    for (; more; more = far_above(&old_far, px, &px)) {
        uint32_t to = (uint32_t)px - (uint32_t)m->win.low;
        if (to < m->win.size) {
            m->win.levels[to] = *far_find(&old_far, px);
            window_mark(&m->win, to);
        } else {
            *far_insert(&m->far, px) = *far_find(&old_far, px);
        }
    }
    window_free(&old);
    far_free(&old_far);
}

/* The middle of the book, or of its one side; px in an empty book. */
static int32_t center(const struct match *m, int32_t px) {
    bool asks = m->meets[MATCH_BUY] != NO_PRICE, bids = m->meets[MATCH_SELL] != NO_PRICE;
    int64_t ask = m->meets[MATCH_BUY], bid = ~m->meets[MATCH_SELL];
    return asks && bids ? (int32_t)((ask + bid) / 2) : asks ? (int32_t)ask : bids ? (int32_t)bid : px;
}

void window_stray(struct match *m, int32_t px) {
    if (++m->strayed < STRAY_MIN || m->strayed < m->win.size / 8)
        return;
    m->strayed = 0;
    int64_t middle = center(m, px), offset = middle - m->win.low, size = m->win.size;
    if (offset >= size / 8 && offset < size - size / 8)
        return; /* orders far from the market don't move the window */
    int64_t low = middle - size / 2;
    window_move(m, low < INT32_MIN ? INT32_MIN : (int32_t)low);
}
