/* Trigger index of one market: for each price source two arrays, sorted so that the level that fires first is last. */
#include "turret/trade/trigger.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "turret/base/map.h"
#include "turret/base/mem.h"

struct lane { /* the next to fire is at the end: firing is a pop */
    struct trigger *at;
    size_t count, cap;
};

struct trigger_set {
    struct lane lanes[TRIGGER_PRICE_COUNT][2];
    struct map where[TRIGGER_KINDS]; /* by kind: id -> heap copy of the trigger, from which its place in a lane is found */
    int count;
};

struct trigger_set *trigger_set_new(void) {
    struct trigger_set *t = xcalloc(1, sizeof *t);
    for (int k = 0; k < TRIGGER_KINDS; k++)
        map_init(&t->where[k]);
    return t;
}

/* Order within a lane: < 0 when a stands before b, so fires after it. Below-triggers fire from the highest level down,
 * above-triggers from the lowest up; equal levels by id, then kind. */
static int lane_cmp(enum trigger_dir dir, const struct trigger *a, const struct trigger *b) {
    if (a->level.micro != b->level.micro)
        return (a->level.micro < b->level.micro) == (dir == TRIGGER_AT_OR_BELOW) ? -1 : 1;
    if (a->id != b->id)
        return a->id > b->id ? -1 : 1;
    return a->kind == b->kind ? 0 : a->kind > b->kind ? -1 : 1;
}

/* First index whose trigger does not stand before `key`. */
static size_t lane_find(const struct lane *l, enum trigger_dir dir, const struct trigger *key) {
    size_t lo = 0, hi = l->count;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (lane_cmp(dir, &l->at[mid], key) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

void trigger_arm(struct trigger_set *t, const struct trigger *trig) {
    assert(trig->source < TRIGGER_PRICE_COUNT && trig->dir < 2 && trig->kind < TRIGGER_KINDS);
    trigger_disarm(t, trig->id, trig->kind);
    struct lane *l = &t->lanes[trig->source][trig->dir];
    l->at = xgrow(l->at, &l->cap, l->count + 1, sizeof *l->at);
    size_t i = lane_find(l, (enum trigger_dir)trig->dir, trig);
    memmove(&l->at[i + 1], &l->at[i], (l->count - i) * sizeof *l->at);
    l->at[i] = *trig;
    l->count++;
    t->count++;
    struct trigger *copy = xmalloc(sizeof *copy);
    *copy = *trig;
    map_put_ptr(&t->where[trig->kind], trig->id, copy);
}

static void forget(struct trigger_set *t, uint64_t id, uint16_t kind) {
    free(map_get_ptr(&t->where[kind], id));
    map_del(&t->where[kind], id);
    t->count--;
}

bool trigger_disarm(struct trigger_set *t, uint64_t id, uint16_t kind) {
    assert(kind < TRIGGER_KINDS);
    const struct trigger *trig = map_get_ptr(&t->where[kind], id);
    if (!trig)
        return false;
    struct lane *l = &t->lanes[trig->source][trig->dir];
    size_t i = lane_find(l, (enum trigger_dir)trig->dir, trig);
    assert(i < l->count && l->at[i].id == id && l->at[i].kind == kind);
    memmove(&l->at[i], &l->at[i + 1], (l->count - i - 1) * sizeof *l->at);
    l->count--;
    forget(t, id, kind);
    return true;
}

int trigger_count(const struct trigger_set *t) {
    return t->count;
}

static void lane_pop(struct trigger_set *t, struct lane *l, struct trigger *out) {
    *out = l->at[--l->count];
    forget(t, out->id, out->kind);
}

bool trigger_next(struct trigger_set *t, enum trigger_price source, price px, struct trigger *out) {
    struct lane *below = &t->lanes[source][TRIGGER_AT_OR_BELOW], *above = &t->lanes[source][TRIGGER_AT_OR_ABOVE];
    if (below->count && px.micro <= below->at[below->count - 1].level.micro)
        lane_pop(t, below, out);
    else if (above->count && px.micro >= above->at[above->count - 1].level.micro)
        lane_pop(t, above, out);
    else
        return false;
    return true;
}

void trigger_set_free(struct trigger_set *t) {
    struct trigger out;
    if (!t)
        return;
    for (int s = 0; s < TRIGGER_PRICE_COUNT; s++)
        for (int d = 0; d < 2; d++) {
            struct lane *l = &t->lanes[s][d];
            while (l->count)
                lane_pop(t, l, &out);
            free(l->at);
        }
    for (int k = 0; k < TRIGGER_KINDS; k++)
        map_free(&t->where[k]);
    free(t);
}
