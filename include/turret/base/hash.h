/* FNV-1a, 64 bit: state hashes, market ids, map keys. */
#ifndef TURRET_BASE_HASH_H
#define TURRET_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define FNV64_INIT 14695981039346656037ull

static inline uint64_t fnv64(uint64_t h, const void *p, size_t n) {
    const unsigned char *b = p;
    for (size_t i = 0; i < n; i++)
        h = (h ^ b[i]) * 1099511628211ull;
    return h;
}
static inline uint64_t fnv64_u64(uint64_t h, uint64_t v) { return fnv64(h, &v, sizeof v); }

#endif
