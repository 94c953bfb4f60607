/* Seeded random numbers: xoshiro256** by Blackman and Vigna, seeded through splitmix64.
 * Distributions use integers only, so a seed means the same on every machine and compiler. */
#include "turret/base/rng.h"

#include <assert.h>

void rng_seed(struct rng *r, uint64_t seed) {
    for (int i = 0; i < 4; i++) {
        uint64_t z = seed += 0x9e3779b97f4a7c15ull;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
        r->s[i] = z ^ (z >> 31);
    }
}

static uint64_t rotl(uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }

uint64_t rng_u64(struct rng *r) {
    uint64_t *s = r->s, out = rotl(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return out;
}

uint64_t rng_below(struct rng *r, uint64_t n) {
    assert(n > 0);
    uint64_t floor = -n % n; /* 2^64 mod n: low products below it would be biased (Lemire) */
    for (;;) {
        unsigned __int128 m = (unsigned __int128)rng_u64(r) * n;
        if ((uint64_t)m >= floor)
            return (uint64_t)(m >> 64);
    }
}

int64_t rng_range(struct rng *r, int64_t low, int64_t high) {
    assert(low <= high);
    uint64_t span = (uint64_t)high - (uint64_t)low;
    uint64_t x = span == UINT64_MAX ? rng_u64(r) : rng_below(r, span + 1);
    return (int64_t)((uint64_t)low + x);
}

int64_t rng_normal(struct rng *r, int64_t sd) {
    int64_t sum = -6 * (1ll << 32); /* twelve uniforms on [0, 1) in 32 bits have mean 6 and variance 1 */
    for (int i = 0; i < 6; i++) {
        uint64_t x = rng_u64(r);
        sum += (int64_t)(x >> 32) + (int64_t)(x & UINT32_MAX);
    }
    return (int64_t)((__int128)sum * sd / (1ll << 32));
}

/* Von Neumann's comparison method: a run of falling uniforms of odd length accepts its first as the fraction,
 * an even one adds a whole unit. Exact in distribution, and no logarithm. */
int64_t rng_exp(struct rng *r, int64_t mean) {
    for (int64_t whole = 0;; whole++) {
        uint32_t first = (uint32_t)(rng_u64(r) >> 32), last = first;
        for (int n = 1;; n++) {
            uint32_t next = (uint32_t)(rng_u64(r) >> 32);
            if (next < last) {
                last = next;
                continue;
            }
            if (n & 1)
                return (int64_t)((((__int128)whole << 32) + first) * mean / (1ll << 32));
            break;
        }
    }
}
