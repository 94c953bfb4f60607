/* A tick of every one of 20 markets with all indicators of both frames read after each, and the same with 100 times the history: the
 * cost must not depend on it. */
#include "bench.h"

#include <math.h>
#include <stdio.h>

#include "turret/base/rng.h"
#include "turret/market/intel.h"

#define MARKETS 20
#define ROUNDS 2000
#define RUNS 5

static int64_t feed(struct intel *x, struct rng *r, int64_t from_us, int n, int64_t step_us) {
    for (int i = 0; i < n; i++, from_us += step_us)
        intel_add(x, from_us, PRICE(64000000000 + rng_range(r, -50000000, 50000000)), QTY(rng_range(r, 1000, 900000)));
    return from_us;
}

static double round_us(struct intel **m, struct rng *r, int64_t *at, double *sum) {
    int64_t start = bench_now_ns();
    for (int k = 0; k < ROUNDS; k++, *at += 100000)
        for (int i = 0; i < MARKETS; i++) {
            intel_add(m[i], *at, PRICE(64000000000 + rng_range(r, -50000000, 50000000)), QTY(1000));
            for (int f = 0; f < FRAME_COUNT; f++)
                for (int n = 0; n < IND_COUNT; n++) {
                    double v = frame_value(intel_frame(m[i], (enum intel_frame)f), (enum indicator)n, 0);
                    *sum += isnan(v) ? 0 : v;
                }
        }
    return (double)(bench_now_ns() - start) / 1000 / ROUNDS;
}

static int run(int argc, char **argv) {
    (void)argc, (void)argv;
    struct intel *few[MARKETS], *many[MARKETS];
    struct rng r;
    int64_t a = 0, b = 0;
    double few_us[RUNS], many_us[RUNS], sum = 0;
    rng_seed(&r, 5);
    for (int i = 0; i < MARKETS; i++) {
        few[i] = intel_new();
        many[i] = intel_new();
        a = feed(few[i], &r, 1700000000000000, 100, 300000000);
        b = feed(many[i], &r, 1700000000000000, 10000, 300000000);
    }
    for (int i = 0; i < RUNS; i++) {
        few_us[i] = round_us(few, &r, &a, &sum);
        many_us[i] = round_us(many, &r, &b, &sum);
    }
    double x = bench_median(few_us, RUNS), y = bench_median(many_us, RUNS);
    printf("{\"bench\":\"indicators\",\"markets\":%d,\"us_all_markets\":%.2f,\"us_long_history\":%.2f,\"history_ratio\":%.3f,\"goal_us\":20}\n", MARKETS, x, y, y / x);
    for (int i = 0; i < MARKETS; i++) {
        intel_free(few[i]);
        intel_free(many[i]);
    }
    return !(sum > 0);
}

const struct bench bench_indicators = {"indicators", "a tick of 20 markets, all indicators of both frames read", run};
