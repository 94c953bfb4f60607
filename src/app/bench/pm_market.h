/* Invented markets and messages of Polymarket's stream, for the benches. */
#ifndef TURRET_APP_BENCH_PM_MARKET_H
#define TURRET_APP_BENCH_PM_MARKET_H

#include "turret/base/rng.h"
#include "turret/base/str.h"
#include "venue/polymarket/market/pm_parse.h"

void pm_bench_listing(int i, struct pm_listing *out);
/* A snapshot of `levels` a side, and a change of one level told for both tokens, as the venue does; true hashes. */
void pm_bench_book(struct str *out, int i, int levels, struct rng *r, int64_t at_ms);
void pm_bench_change(struct str *out, int i, int levels, struct rng *r, int64_t at_ms);
const char *pm_bench_token(int i, int outcome);

#endif
