/* Order book by price level: per side one sorted array, worst first and best last, with slack at both ends, so a
 * change moves only the levels between it and the nearer end: cheap at the top, and cheap for a snapshot that
 * arrives best first. */
#include "turret/market/book.h"

#include "turret/base/hash.h"
#include "turret/base/mem.h"

#include <stdlib.h>
#include <string.h>

#define SCAN_MAX 8 /* levels looked at one by one from the top before a binary search */

struct side {
    struct level *all; /* cap slots; the levels are all[start .. start + count) */
    size_t cap, start, count;
};

struct book {
    struct side sides[2];
};

struct book *book_new(void) { return xcalloc(1, sizeof(struct book)); }

void book_free(struct book *b) {
    if (!b)
        return;
    free(b->sides[BOOK_BID].all);
    free(b->sides[BOOK_ASK].all);
    free(b);
}

void book_clear(struct book *b) {
    for (int i = 0; i < 2; i++) {
        b->sides[i].start = b->sides[i].cap / 2;
        b->sides[i].count = 0;
    }
}

/* Is a better (nearer the top) than b? */
static inline bool better(enum book_side side, int64_t a, int64_t b) { return side == BOOK_BID ? a > b : a < b; }

/* Index from the worst end of the first level that is not worse than px (== count when px beats all). Steps are computed,
 * not jumped: where a change lands in the book is anybody's guess, a branch predictor's too. */
static inline __attribute__((always_inline)) size_t locate_on(const struct side *s, enum book_side side, int64_t px) {
    const struct level *v = s->all + s->start;
    size_t n = s->count, near = n < SCAN_MAX ? n : SCAN_MAX, ahead = 0;
    for (size_t i = 1; i <= near; i++)
        ahead += !better(side, px, v[n - i].px.micro);
    if (ahead < near || near == n)
        return n - ahead;
    size_t low = 0;
    for (n -= near; n > 1; n -= n / 2)
        low += better(side, px, v[low + n / 2 - 1].px.micro) ? n / 2 : 0;
    return low + (n == 1 && better(side, px, v[low].px.micro));
}
static size_t locate(const struct side *s, enum book_side side, int64_t px) {
    return side == BOOK_BID ? locate_on(s, BOOK_BID, px) : locate_on(s, BOOK_ASK, px);
}

static void spread_out(struct side *s) {
    size_t cap = s->cap ? s->cap * 2 : 32, start = (cap - s->count) / 2;
    struct level *all = xmalloc(cap * sizeof *all);
    if (s->count)
        memcpy(all + start, s->all + s->start, s->count * sizeof *all);
    free(s->all);
    s->all = all;
    s->cap = cap;
    s->start = start;
}

static void insert(struct side *s, size_t at, struct level lv) {
    bool down = at < s->count / 2; /* move the worse part down, or the better part up */
    if (down ? s->start == 0 : s->start + s->count == s->cap)
        spread_out(s);
    struct level *v = s->all + s->start;
    if (down) {
        memmove(v - 1, v, at * sizeof *v);
        s->start--;
        v--;
    } else {
        memmove(v + at + 1, v + at, (s->count - at) * sizeof *v);
    }
    v[at] = lv;
    s->count++;
}

static void erase(struct side *s, size_t at) {
    struct level *v = s->all + s->start;
    if (at < s->count / 2) {
        memmove(v + 1, v, at * sizeof *v);
        s->start++;
    } else {
        memmove(v + at, v + at + 1, (s->count - at - 1) * sizeof *v);
    }
    if (--s->count == 0)
        s->start = s->cap / 2;
}

void book_set(struct book *b, enum book_side side, price px, qty size) {
    struct side *s = &b->sides[side];
    size_t at = s->count ? locate(s, side, px.micro) : 0;
    bool here = at < s->count && s->all[s->start + at].px.micro == px.micro;
    if (size.micro <= 0) {
        if (here)
            erase(s, at);
    } else if (here) {
        s->all[s->start + at].size = size;
    } else {
        insert(s, at, (struct level){px, size});
    }
}

int book_count(const struct book *b, enum book_side side) { return (int)b->sides[side].count; }

const struct level *book_level(const struct book *b, enum book_side side, int i) {
    const struct side *s = &b->sides[side];
    return i >= 0 && (size_t)i < s->count ? &s->all[s->start + s->count - 1 - (size_t)i] : NULL;
}

qty book_size_at(const struct book *b, enum book_side side, price px) {
    const struct side *s = &b->sides[side];
    size_t at = s->count ? locate(s, side, px.micro) : 0;
    if (at < s->count && s->all[s->start + at].px.micro == px.micro)
        return s->all[s->start + at].size;
    return QTY(0);
}

bool book_best(const struct book *b, enum book_side side, struct level *out) {
    const struct level *top = book_level(b, side, 0);
    if (top)
        *out = *top;
    return top != NULL;
}

bool book_mid(const struct book *b, price *out) {
    const struct level *bid = book_level(b, BOOK_BID, 0), *ask = book_level(b, BOOK_ASK, 0);
    if (!bid || !ask)
        return false;
    __int128 sum = (__int128)bid->px.micro + ask->px.micro;
    int64_t half = (int64_t)(sum >> 1); /* toward minus infinity */
    *out = PRICE((sum & 1) && (half & 1) ? half + 1 : half); /* a tie goes to the even one */
    return true;
}

bool book_crossed(const struct book *b) {
    const struct level *bid = book_level(b, BOOK_BID, 0), *ask = book_level(b, BOOK_ASK, 0);
    return bid && ask && bid->px.micro >= ask->px.micro;
}

struct book_walk book_walk(const struct book *b, enum book_side side, qty size, price limit) {
    struct book_walk w = {0};
    for (int i = 0; i < book_count(b, side) && w.filled.micro < size.micro; i++) {
        const struct level *lv = book_level(b, side, i);
        if (limit.micro != 0 && better(side, limit.micro, lv->px.micro))
            break;
        int64_t rest = size.micro - w.filled.micro;
        qty take = QTY(lv->size.micro < rest ? lv->size.micro : rest);
        w.notional = usd_add_sat(w.notional, usd_of_sat(lv->px, take));
        w.filled.micro += take.micro;
        w.worst = lv->px;
        w.levels++;
    }
    if (w.filled.micro > 0 && !price_of(w.notional, w.filled, ROUND_HALF_EVEN, &w.average))
        w.average = w.worst;
    return w;
}

uint64_t book_hash(const struct book *b, uint64_t h) {
    for (int side = 0; side < 2; side++) {
        const struct side *s = &b->sides[side];
        h = fnv64_u64(h, s->count);
        for (size_t i = s->count; i-- > 0;) {
            h = fnv64_u64(h, (uint64_t)s->all[s->start + i].px.micro);
            h = fnv64_u64(h, (uint64_t)s->all[s->start + i].size.micro);
        }
    }
    return h;
}
