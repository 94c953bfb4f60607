/* Levels outside of the dense window: a treap over an array of nodes. */
#include "match_impl.h"

#include "turret/base/mem.h"

#include <stdlib.h>

static uint32_t priority(int32_t px) {
    uint32_t h = (uint32_t)px * 0x9e3779b1u;
    h ^= h >> 15;
    h *= 0x85ebca6bu;
    return h ^ h >> 13;
}

void far_init(struct far *f) { *f = (struct far){.used = 1}; }
void far_free(struct far *f) { free(f->nodes); }

static uint32_t seek(const struct far *f, int32_t px) {
    uint32_t n = f->root;
    while (n && f->nodes[n].px != px)
        n = px < f->nodes[n].px ? f->nodes[n].left : f->nodes[n].right;
    return n;
}

struct level *far_find(const struct far *f, int32_t px) {
    uint32_t n = seek(f, px);
    return n ? &f->nodes[n].level : NULL;
}

static uint32_t node_new(struct far *f, int32_t px) {
    uint32_t n = f->free;
    if (n) {
        f->free = f->nodes[n].left;
    } else {
        n = f->used++;
        f->nodes = xgrow(f->nodes, &f->cap, f->used, sizeof *f->nodes);
    }
    f->nodes[n] = (struct far_node){.px = px};
    f->count++;
    return n;
}

/* Splits the subtree at px (which it doesn't hold) into those below and those above. */
static void split(struct far *f, uint32_t root, int32_t px, uint32_t *below, uint32_t *above) {
    while (root) { /* top down: each visited node hangs into the open place of its side */
        struct far_node *n = &f->nodes[root];
        if (n->px < px) {
            *below = root;
            below = &n->right;
            root = n->right;
        } else {
            *above = root;
            above = &n->left;
            root = n->left;
        }
    }
    *below = *above = 0;
}

struct level *far_insert(struct far *f, int32_t px) {
    uint32_t n = seek(f, px);
    if (n)
        return &f->nodes[n].level;
    n = node_new(f, px);
    uint32_t p = priority(px), *at = &f->root;
    while (*at && priority(f->nodes[*at].px) > p)
        at = px < f->nodes[*at].px ? &f->nodes[*at].left : &f->nodes[*at].right;
    uint32_t rest = *at;
    *at = n;
    split(f, rest, px, &f->nodes[n].left, &f->nodes[n].right);
    return &f->nodes[n].level;
}

void far_erase(struct far *f, int32_t px) {
    uint32_t *at = &f->root;
    while (*at && f->nodes[*at].px != px)
        at = px < f->nodes[*at].px ? &f->nodes[*at].left : &f->nodes[*at].right;
    uint32_t gone = *at;
    if (!gone)
        return;
    uint32_t left = f->nodes[gone].left, right = f->nodes[gone].right;
    while (left && right) { /* merge, the higher priority on top */
        if (priority(f->nodes[left].px) > priority(f->nodes[right].px)) {
            *at = left;
            at = &f->nodes[left].right;
            left = *at;
        } else {
            *at = right;
            at = &f->nodes[right].left;
            right = *at;
        }
    }
    *at = left ? left : right;
    f->nodes[gone].left = f->free;
    f->free = gone;
    f->count--;
}

bool far_above(const struct far *f, int32_t px, int32_t *out) {
    bool found = false;
    for (uint32_t n = f->root; n;) {
        if (f->nodes[n].px > px) {
            *out = f->nodes[n].px;
            found = true;
            n = f->nodes[n].left;
        } else {
            n = f->nodes[n].right;
        }
    }
    return found;
}

bool far_below(const struct far *f, int32_t px, int32_t *out) {
    bool found = false;
    for (uint32_t n = f->root; n;) {
        if (f->nodes[n].px < px) {
            *out = f->nodes[n].px;
            found = true;
            n = f->nodes[n].right;
        } else {
            n = f->nodes[n].left;
        }
    }
    return found;
}
