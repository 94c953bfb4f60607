/* Hash map from uint64 to a uint64 value (or pointer): open addressing, deterministic, grows by doubling. */
#ifndef TURRET_BASE_MAP_H
#define TURRET_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map { uint64_t *keys; uint64_t *vals; uint8_t *used; size_t count, tombs, cap; };

void map_init(struct map *m);
void map_free(struct map *m);
void map_clear(struct map *m);
void map_put(struct map *m, uint64_t key, uint64_t val); /* inserts or replaces */
bool map_get(const struct map *m, uint64_t key, uint64_t *val);
bool map_del(struct map *m, uint64_t key);
static inline void *map_get_ptr(const struct map *m, uint64_t key) {
    uint64_t v = 0;
    return map_get(m, key, &v) ? (void *)(uintptr_t)v : NULL;
}
static inline void map_put_ptr(struct map *m, uint64_t key, const void *p) { map_put(m, key, (uint64_t)(uintptr_t)p); }

#endif
