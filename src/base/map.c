/* Hash map from uint64 to uint64: linear probing over a power of two, tombstones on delete,
 * rebuilt at three quarters full. Same insertions, same layout: nothing depends on addresses or time. */
#include "turret/base/map.h"

#include "turret/base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { EMPTY, USED, TOMB };

static size_t slot_of(uint64_t key, size_t cap) {
    key ^= key >> 32;
    key *= 0x9e3779b97f4a7c15ull;
    key ^= key >> 29;
    return (size_t)key & (cap - 1);
}

void map_init(struct map *m) { memset(m, 0, sizeof *m); }

void map_free(struct map *m) {
    free(m->keys);
    free(m->vals);
    free(m->used);
    map_init(m);
}

void map_clear(struct map *m) {
    if (m->cap)
        memset(m->used, EMPTY, m->cap);
    m->count = m->tombs = 0;
}

static void rebuild(struct map *m, size_t cap) {
    struct map old = *m;
    m->cap = cap;
    m->keys = xmalloc(cap * sizeof *m->keys);
    m->vals = xmalloc(cap * sizeof *m->vals);
    m->used = xcalloc(cap, 1);
    m->tombs = 0;
    for (size_t i = 0; i < old.cap; i++) {
        if (old.used[i] != USED)
            continue;
        size_t s = slot_of(old.keys[i], cap);
        while (m->used[s])
            s = (s + 1) & (cap - 1);
        m->used[s] = USED;
        m->keys[s] = old.keys[i];
        m->vals[s] = old.vals[i];
    }
    free(old.keys);
    free(old.vals);
    free(old.used);
}

/* Slot of the key, or SIZE_MAX. */
static size_t find(const struct map *m, uint64_t key) {
    if (!m->cap)
        return SIZE_MAX;
    for (size_t s = slot_of(key, m->cap); m->used[s] != EMPTY; s = (s + 1) & (m->cap - 1))
        if (m->used[s] == USED && m->keys[s] == key)
            return s;
    return SIZE_MAX;
}

void map_put(struct map *m, uint64_t key, uint64_t val) {
    size_t s = find(m, key);
    if (s != SIZE_MAX) {
        m->vals[s] = val;
        return;
    }
    if ((m->count + m->tombs + 1) * 4 > m->cap * 3) /* many tombstones: same size, cleaned */
        rebuild(m, !m->cap ? 16 : m->count * 2 >= m->cap ? m->cap * 2 : m->cap);
    s = slot_of(key, m->cap);
    while (m->used[s] == USED)
        s = (s + 1) & (m->cap - 1);
    if (m->used[s] == TOMB)
        m->tombs--;
    m->used[s] = USED;
    m->keys[s] = key;
    m->vals[s] = val;
    m->count++;
}

bool map_get(const struct map *m, uint64_t key, uint64_t *val) {
    size_t s = find(m, key);
    if (s == SIZE_MAX)
        return false;
    *val = m->vals[s];
    return true;
}

bool map_del(struct map *m, uint64_t key) {
    size_t s = find(m, key);
    if (s == SIZE_MAX)
        return false;
    bool next_empty = m->used[(s + 1) & (m->cap - 1)] == EMPTY; /* then no probe passes through here */
    m->used[s] = next_empty ? EMPTY : TOMB;
    m->tombs += !next_empty;
    m->count--;
    return true;
}
