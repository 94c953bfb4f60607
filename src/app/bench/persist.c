/* bench persist: how long an intent takes from the desk's save to its commit, beside a plain INSERT on the same private
 * cluster (made in a temporary folder, with fsync). In turns, so that a machine that drifts hits both. */
#include "cluster.h"

#include "turret/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 100
#define BLOCKS 20
#define WARM 50

/* One order as the funnel saves it, or with an event of its own; returns nanoseconds to the answer. */
static uint32_t intent_ns(struct cluster *p, bool event) {
    struct fx_save r[2] = {{.seq = ++p->seq, .epoch = p->epoch, .kind = SAVE_ORDER, .intent = 1, .insert = 1, .last = !event},
                           {.seq = p->seq, .epoch = p->epoch, .kind = SAVE_ORDER_EVENT, .last = 1}};
    struct order *o = &r[0].u.order;
    cluster_order(o, p->seq);
    r[1].u.event = (struct save_order_event){.order = o->id, .event = OEV_SUBMIT, .to = STATE_PENDING, .at_us = o->created_us};
    int64_t start = bench_now_ns();
    store_save(p->store, &r[0]);
    if (event)
        store_save(p->store, &r[1]);
    cluster_saved(p);
    return (uint32_t)(bench_now_ns() - start);
}

/* A sniper that fires, as the desk saves it: the watch that goes from WATCHING to EXECUTING, its order and the word about it. */
static uint32_t fire_ns(struct cluster *p) {
    struct fx_save w = {.seq = ++p->seq, .epoch = p->epoch, .kind = SAVE_WATCH, .last = 1};
    w.u.watch = (struct watch){.id = (watch_id)p->seq, .account = 1, .subject = 0x1234567890abcdef, .level = PRICE(512300), .amount = 25000000, .slippage_e4 = 200, .flags = WATCH_ARMED, .version = 1};
    store_save(p->store, &w);
    cluster_saved(p);
    w.u.watch.version++;
    w.u.watch.status = WATCH_EXECUTING;
    w.u.watch.fires++;
    struct fx_save o = {.kind = SAVE_ORDER, .epoch = p->epoch, .intent = 1, .insert = 1}, h = {.kind = SAVE_HISTORY, .epoch = p->epoch, .last = 1};
    w.last = 0;
    w.seq = o.seq = h.seq = ++p->seq;
    cluster_order(&o.u.order, p->seq);
    o.u.order.source = SOURCE_SNIPER;
    o.u.order.link = w.u.watch.id;
    w.u.watch.order = o.u.order.id;
    h.u.history = (struct history){.at_us = o.u.order.created_us, .id = w.u.watch.id, .order = o.u.order.id, .market = o.u.order.market, .what = "fired", .text = "ask 0.5123: buy 48 at most 0.5225"};
    int64_t start = bench_now_ns();
    store_save(p->store, &w);
    store_save(p->store, &o);
    store_save(p->store, &h);
    cluster_saved(p);
    return (uint32_t)(bench_now_ns() - start);
}

static int measure(struct cluster *p) {
    uint32_t *intent = xcalloc(BLOCK * BLOCKS, sizeof *intent), *plain = xcalloc(BLOCK * BLOCKS, sizeof *plain);
    uint32_t *event = xcalloc(BLOCK * BLOCKS, sizeof *event), *fire = xcalloc(BLOCK * BLOCKS, sizeof *fire);
    uint32_t ratio[BLOCKS], fire_ratio[BLOCKS];
    size_t n = 0;
    for (int i = 0; i < WARM; i++) {
        (void)intent_ns(p, false);
        (void)intent_ns(p, true);
        (void)fire_ns(p);
        (void)cluster_plain_ns(p, i);
    }
    for (int b = 0; b < BLOCKS; b++, n += BLOCK) {
        for (size_t i = 0; i < BLOCK; i++)
            intent[n + i] = intent_ns(p, false);
        for (size_t i = 0; i < BLOCK; i++)
            event[n + i] = intent_ns(p, true);
        for (size_t i = 0; i < BLOCK; i++)
            fire[n + i] = fire_ns(p);
        for (size_t i = 0; i < BLOCK; i++)
            plain[n + i] = cluster_plain_ns(p, (int)(n + i));
        /* The machine drifts: each block is compared with its neighbour in time, and the median block counts. */
        ratio[b] = (uint32_t)(1000.0 * bench_quantile(intent + n, BLOCK, 0.5) / bench_quantile(plain + n, BLOCK, 0.5));
        fire_ratio[b] = (uint32_t)(1000.0 * bench_quantile(fire + n, BLOCK, 0.5) / bench_quantile(plain + n, BLOCK, 0.5));
    }
    uint32_t a50 = bench_quantile(intent, n, 0.5), a99 = bench_quantile(intent, n, 0.99);
    uint32_t e50 = bench_quantile(event, n, 0.5);
    uint32_t b50 = bench_quantile(plain, n, 0.5), b99 = bench_quantile(plain, n, 0.99);
    printf("{\"bench\":\"persist\",\"n\":%zu,\"intent_p50_us\":%.1f,\"intent_p99_us\":%.1f,\"insert_p50_us\":%.1f,\"insert_p99_us\":%.1f,"
           "\"with_event_p50_us\":%.1f,\"ratio\":%.3f,\"fire_p50_us\":%.1f,\"fire_ratio\":%.3f}\n", n, a50 / 1e3, a99 / 1e3, b50 / 1e3, b99 / 1e3, e50 / 1e3, bench_quantile(ratio, BLOCKS, 0.5) / 1e3,
           bench_quantile(fire, n, 0.5) / 1e3, bench_quantile(fire_ratio, BLOCKS, 0.5) / 1e3);
    free(fire);
    free(event);
    free(intent);
    free(plain);
    return p->result == ERR_OK ? 0 : 1;
}

static int run(int argc, char **argv) { return cluster_with(argc, argv, measure); }

const struct bench bench_persist = {"persist", "[DIR]      intent to commit beside a plain INSERT, on a private cluster", run};
