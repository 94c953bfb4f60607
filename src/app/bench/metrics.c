/* One closed trade more for a model that has a million of them, and reading all its figures. */
#include "bench.h"

#include <math.h>
#include <stdio.h>

#include "turret/base/rng.h"
#include "turret/trade/metrics.h"

#define TRADES 1000000
#define MORE 20000

static struct trade_stat trade(struct rng *r, int i) {
    return (struct trade_stat){.order = (uint64_t)i + 1, .pnl = USD(rng_normal(r, 20000000)), .fees = USD(500000), .notional = USD(rng_range(r, 1000000, 900000000)),
                               .risk = USD(20000000), .entry = PRICE(500000), .size = QTY(1000000), .opened_us = i * 60000000LL,
                               .closed_us = i * 60000000LL + rng_range(r, 1000000, 9000000000), .confidence = (int16_t)rng_range(r, 0, 100), .side = (uint8_t)(i & 3)};
}

static int run(int argc, char **argv) {
    (void)argc, (void)argv;
    struct metrics *m = metrics_new();
    struct rng r;
    double sum = 0;
    static uint32_t ns[MORE];
    rng_seed(&r, 9);
    int64_t start = bench_now_ns();
    for (int i = 0; i < TRADES; i++) {
        struct trade_stat t = trade(&r, i);
        metrics_trade(m, &t);
    }
    double build_s = (double)(bench_now_ns() - start) / 1e9;
    for (int i = 0; i < MORE; i++) {
        struct trade_stat t = trade(&r, TRADES + i);
        start = bench_now_ns();
        metrics_trade(m, &t);
        for (int k = 0; k < METRIC_COUNT; k++) {
            double v = metrics_value(m, (enum metric)k);
            sum += isfinite(v) ? v : 0;
        }
        ns[i] = (uint32_t)(bench_now_ns() - start);
    }
    uint32_t p50 = bench_quantile(ns, MORE, 0.5), p99 = bench_quantile(ns, MORE, 0.99);
    printf("{\"bench\":\"metrics\",\"trades\":%d,\"load_s\":%.3f,\"update_and_read_us_p50\":%.2f,\"update_and_read_us_p99\":%.2f,\"goal_us\":1000}\n", TRADES, build_s, p50 / 1e3, p99 / 1e3);
    metrics_free(m);
    return sum == 0;
}

const struct bench bench_metrics = {"metrics", "a closed trade more for a model with 1,000,000, and all figures read", run};
