/* Seeded random numbers (xoshiro256**, seeded by splitmix64). No global state, no system randomness. */
#ifndef TURRET_BASE_RNG_H
#define TURRET_BASE_RNG_H

#include <stdint.h>

struct rng { uint64_t s[4]; };

void rng_seed(struct rng *r, uint64_t seed);
uint64_t rng_u64(struct rng *r);
uint64_t rng_below(struct rng *r, uint64_t n);              /* 0..n-1, unbiased; n > 0 */
int64_t rng_range(struct rng *r, int64_t low, int64_t high); /* both included */
/* Approximately normal (sum of 12 uniforms), scaled: mean 0, standard deviation `sd`. Integer arithmetic. */
int64_t rng_normal(struct rng *r, int64_t sd);
/* Exponential with that mean, integer, deterministic on every machine. */
int64_t rng_exp(struct rng *r, int64_t mean);

#endif
