/* bench trigger: what a tick that fires nothing costs with few and with many armed triggers. */
#include "bench.h"

#include "turret/base/mem.h"
#include "turret/base/rng.h"
#include "turret/trade/trigger.h"

#include <stdio.h>
#include <stdlib.h>

#define TICKS 1000000
#define FEW 10
#define MANY 100000
#define RUNS 9

#define MIDDLE 50000000000LL
#define WOBBLE 1000000LL /* ticks stay this near the middle, triggers stay further away */

static struct trigger_set *armed(int count) {
    struct trigger_set *t = trigger_set_new();
    struct rng r;
    rng_seed(&r, 7);
    for (int i = 0; i < count; i++) {
        struct trigger trig = {.id = (uint64_t)i + 1, .dir = i & 1 ? TRIGGER_AT_OR_ABOVE : TRIGGER_AT_OR_BELOW, .source = TRIGGER_BID};
        int64_t away = WOBBLE + rng_range(&r, 1, 10000000000);
        trig.level = PRICE(trig.dir == TRIGGER_AT_OR_ABOVE ? MIDDLE + away : MIDDLE - away);
        trigger_arm(t, &trig);
    }
    return t;
}

static double ns_per_tick(struct trigger_set *t, const price *ticks, int *fired) {
    struct trigger out;
    int64_t start = bench_now_ns();
    for (int i = 0; i < TICKS; i++)
        *fired += trigger_next(t, TRIGGER_BID, ticks[i], &out);
    return (double)(bench_now_ns() - start) / TICKS;
}

static int run(int argc, char **argv) {
    (void)argc, (void)argv;
    price *ticks = xmalloc(TICKS * sizeof *ticks);
    struct rng r;
    rng_seed(&r, 3);
    for (int i = 0; i < TICKS; i++)
        ticks[i] = PRICE(MIDDLE + rng_range(&r, -WOBBLE, WOBBLE));
    struct trigger_set *few = armed(FEW), *many = armed(MANY);
    double few_ns[RUNS], many_ns[RUNS];
    int fired = 0;
    for (int i = 0; i < RUNS; i++) { /* in turns: a machine that drifts hits both */
        few_ns[i] = ns_per_tick(few, ticks, &fired);
        many_ns[i] = ns_per_tick(many, ticks, &fired);
    }
    double a = bench_median(few_ns, RUNS), b = bench_median(many_ns, RUNS);
    printf("{\"bench\":\"trigger\",\"few\":%d,\"many\":%d,\"few_ns\":%.2f,\"many_ns\":%.2f,\"ratio\":%.3f}\n", FEW, MANY, a, b, b / a);
    trigger_set_free(few);
    trigger_set_free(many);
    free(ticks);
    return fired != 0;
}

const struct bench bench_trigger = {"trigger", "ticks that fire nothing, 10 and 100,000 triggers armed", run};
