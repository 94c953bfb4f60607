/* Trigger index: for each lane two arrays, sorted so that the level that fires first is last. New ones wait unsorted at the end of their
 * array until somebody asks: a million at once are sorted once. */
#include "turret/trade/trigger.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "turret/base/mem.h"

#define FEW 8 /* as many go in one by one */

struct side { /* the next to fire is at the end of the sorted part: firing is a pop */
    struct trigger *at;
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

/* Order within a side: < 0 when a stands before b, so fires after it. Below-triggers fire from the highest level down,
 * above-triggers from the lowest up; equal levels by id, then kind. */
static int stands(bool below, const struct trigger *a, const struct trigger *b) {
    if (a->level.micro != b->level.micro)
        return (a->level.micro < b->level.micro) == below ? -1 : 1;
    if (a->id != b->id)
        return a->id > b->id ? -1 : 1;
    return a->kind == b->kind ? 0 : a->kind > b->kind ? -1 : 1;
}
static int cmp_below(const void *a, const void *b) { return stands(true, a, b); }
static int cmp_above(const void *a, const void *b) { return stands(false, a, b); }

/* First index of the sorted part whose trigger does not stand before `key`. */
static size_t find(const struct side *l, bool below, const struct trigger *key) {
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
    const struct trigger key = l->at[l->sorted];
    size_t i = find(l, below, &key);
    memmove(&l->at[i + 1], &l->at[i], (l->sorted - i) * sizeof *l->at);
    l->at[i] = key;
    l->sorted++;
}

static void merge(struct side *l, bool below) {
    size_t n = l->count - l->sorted, a = l->sorted, b = n, to = l->count;
    qsort(&l->at[l->sorted], n, sizeof *l->at, below ? cmp_below : cmp_above);
    struct trigger *fresh = xmalloc(n * sizeof *fresh);
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
    assert(trig->source < TRIGGER_PRICE_COUNT && trig->dir < 2);
    struct side *l = &t->sides[trig->source][trig->dir];
    l->at = xgrow(l->at, &l->cap, l->count + 1, sizeof *l->at);
    l->at[l->count++] = *trig;
    t->count++;
}

bool trigger_disarm(struct trigger_set *t, const struct trigger *trig) {
    struct side *l = &t->sides[trig->source][trig->dir];
    settle(l, trig->dir == TRIGGER_AT_OR_BELOW);
    size_t i = find(l, trig->dir == TRIGGER_AT_OR_BELOW, trig);
    if (i == l->count || l->at[i].id != trig->id || l->at[i].kind != trig->kind || l->at[i].level.micro != trig->level.micro)
        return false;
    memmove(&l->at[i], &l->at[i + 1], (l->count - i - 1) * sizeof *l->at);
    l->sorted = --l->count;
    t->count--;
    return true;
}

int trigger_count(const struct trigger_set *t) { return t->count; }

static bool pop(struct trigger_set *t, struct side *l, struct trigger *out) {
    *out = l->at[--l->count];
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
    if (below->count && px.micro <= below->at[below->count - 1].level.micro)
        return pop(t, below, out);
    if (above->count && px.micro >= above->at[above->count - 1].level.micro)
        return pop(t, above, out);
    return false;
}
