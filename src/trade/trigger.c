/* Trigger index: for each lane two arrays, sorted so that the level that fires first is last. New ones wait unsorted at the end of their
 * array until somebody asks: a million at once are sorted once. */
#include "turret/trade/trigger.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "turret/base/mem.h"

#define FEW 8 /* as many go in one by one */

/* What is armed, in 16 bytes: the kind lives in the low bits of the level (prices and sums stay far below 2^58 micro units). Direction and figure are
 * the array's. */
#define KIND_BITS 4
#define LEVEL_MOST (INT64_C(1) << 58)
struct entry { int64_t key; uint64_t id; };

struct side { /* the next to fire is at the end of the sorted part: firing is a pop */
    struct entry *at;
    size_t count, sorted, cap;
};

struct trigger_set {
    struct side sides[TRIGGER_PRICE_COUNT][2];
    int count;
};

struct trigger_set *trigger_set_new(void) { return xcalloc(1, sizeof(struct trigger_set)); }

void trigger_set_free(struct trigger_set *t) {
    for (int s = 0; t && s < TRIGGER_PRICE_COUNT; s++) {
        free(t->sides[s][0].at);
        free(t->sides[s][1].at);
    }
    free(t);
}

static int64_t level_of(const struct entry *e) { return e->key >> KIND_BITS; }

static struct entry entry_of(const struct trigger *t) {
    const int64_t level = t->level.micro > LEVEL_MOST ? LEVEL_MOST : t->level.micro < -LEVEL_MOST ? -LEVEL_MOST : t->level.micro;
    assert(t->source < TRIGGER_PRICE_COUNT && t->dir < 2 && t->kind < 1 << KIND_BITS);
    return (struct entry){level * (1 << KIND_BITS) + t->kind, t->id};
}

/* Order within a side: < 0 when a stands before b, so fires after it. Below-triggers fire from the highest level down,
 * above-triggers from the lowest up; equal levels by id, then kind. */
static int stands(bool below, const struct entry *a, const struct entry *b) {
    const int64_t x = level_of(a), y = level_of(b);
    if (x != y)
        return (x < y) == below ? -1 : 1;
    if (a->id != b->id)
        return a->id > b->id ? -1 : 1;
    return a->key == b->key ? 0 : a->key > b->key ? -1 : 1;
}
static int cmp_below(const void *a, const void *b) { return stands(true, a, b); }
static int cmp_above(const void *a, const void *b) { return stands(false, a, b); }

/* First index of the sorted part whose trigger does not stand before `key`. */
static size_t find(const struct side *l, bool below, const struct entry *key) {
    size_t lo = 0, hi = l->sorted;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (stands(below, &l->at[mid], key) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static void put_in(struct side *l, bool below) {
    const struct entry key = l->at[l->sorted];
    size_t i = find(l, below, &key);
    memmove(&l->at[i + 1], &l->at[i], (l->sorted - i) * sizeof *l->at);
    l->at[i] = key;
    l->sorted++;
}

static void merge(struct side *l, bool below) {
    size_t n = l->count - l->sorted, a = l->sorted, b = n, to = l->count;
    qsort(&l->at[l->sorted], n, sizeof *l->at, below ? cmp_below : cmp_above);
    struct entry *fresh = xmalloc(n * sizeof *fresh);
    memcpy(fresh, &l->at[l->sorted], n * sizeof *fresh);
    while (b > 0) {
        if (a > 0 && stands(below, &l->at[a - 1], &fresh[b - 1]) > 0)
            l->at[--to] = l->at[--a];
        else
            l->at[--to] = fresh[--b];
    }
    l->sorted = l->count;
    free(fresh);
}

static void settle(struct side *l, bool below) {
    if (l->count - l->sorted > FEW)
        merge(l, below);
    while (l->sorted < l->count)
        put_in(l, below);
}

void trigger_arm(struct trigger_set *t, const struct trigger *trig) {
    const struct entry e = entry_of(trig);
    struct side *l = &t->sides[trig->source][trig->dir];
    l->at = xgrow(l->at, &l->cap, l->count + 1, sizeof *l->at);
    l->at[l->count++] = e;
    t->count++;
}

bool trigger_disarm(struct trigger_set *t, const struct trigger *trig) {
    struct side *l = &t->sides[trig->source][trig->dir];
    const struct entry e = entry_of(trig);
    settle(l, trig->dir == TRIGGER_AT_OR_BELOW);
    size_t i = find(l, trig->dir == TRIGGER_AT_OR_BELOW, &e);
    if (i == l->count || l->at[i].id != e.id || l->at[i].key != e.key)
        return false;
    memmove(&l->at[i], &l->at[i + 1], (l->count - i - 1) * sizeof *l->at);
    l->sorted = --l->count;
    t->count--;
    return true;
}

int trigger_count(const struct trigger_set *t) { return t->count; }

static bool pop(struct trigger_set *t, enum trigger_price source, enum trigger_dir dir, struct trigger *out) {
    struct side *l = &t->sides[source][dir];
    const struct entry *e = &l->at[--l->count];
    *out = (struct trigger){.level = PRICE(level_of(e)), .id = e->id, .kind = (uint16_t)(e->key & ((1 << KIND_BITS) - 1)), .dir = (uint8_t)dir, .source = (uint8_t)source};
    l->sorted = l->count;
    t->count--;
    return true;
}

bool trigger_next(struct trigger_set *t, enum trigger_price source, price px, struct trigger *out) {
    struct side *below = &t->sides[source][TRIGGER_AT_OR_BELOW], *above = &t->sides[source][TRIGGER_AT_OR_ABOVE];
    if (below->sorted != below->count)
        settle(below, true);
    if (above->sorted != above->count)
        settle(above, false);
    if (below->count && px.micro <= level_of(&below->at[below->count - 1]))
        return pop(t, source, TRIGGER_AT_OR_BELOW, out);
    if (above->count && px.micro >= level_of(&above->at[above->count - 1]))
        return pop(t, source, TRIGGER_AT_OR_ABOVE, out);
    return false;
}
