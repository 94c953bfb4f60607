/* bench persist: how long an intent takes from the desk's save to its commit, beside a plain INSERT on the same private
 * cluster (made in a temporary folder, with fsync). In turns, so that a machine that drifts hits both. */
#include "bench.h"

#include "turret/base/mem.h"
#include "turret/io/loop.h"
#include "turret/io/pg_boot.h"
#include "turret/store/pg.h"

#include <ev.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 100
#define BLOCKS 20
#define WARM 50

struct persist {
    struct pg_boot *boot;
    struct store *store;
    PGconn *plain;
    char conninfo[PG_BOOT_CONNINFO_MAX], dir[64];
    enum err err;
    bool booted, ready, stopped;
    uint64_t epoch, seq, answered;
    int32_t result;
};

static void on_booted(void *ctx, enum err err, const char *conninfo, const char *text) {
    struct persist *p = ctx;
    p->err = err;
    p->booted = true;
    if (err != ERR_OK)
        fprintf(stderr, "bench persist: %s\n", text);
    else
        snprintf(p->conninfo, sizeof p->conninfo, "%s", conninfo);
}

static void on_stopped(void *ctx, bool stopped, const char *text) {
    (void)stopped, (void)text;
    ((struct persist *)ctx)->stopped = true;
}

static void on_event(void *ctx, const struct event *ev) {
    struct persist *p = ctx;
    if (ev->type == EVENT_LEADER) {
        p->epoch = ev->u.leader.epoch;
        p->ready = ev->u.leader.leads;
    } else if (ev->type == EVENT_SAVED) {
        p->answered = ev->u.saved.seq;
        p->result = ev->u.saved.result;
    }
}

static void wake(struct ev_loop *loop, ev_timer *w, int revents) { (void)loop, (void)w, (void)revents; }

/* Runs the loop until the flag is set; false after a minute. */
static bool wait_for(const bool *flag) {
    ev_timer t;
    int64_t end = bench_now_ns() + 60000000000;
    ev_timer_init(&t, wake, 0.1, 0.1);
    ev_timer_start(loop_get(), &t);
    while (!*flag && bench_now_ns() < end)
        ev_run(loop_get(), EVRUN_ONCE);
    ev_timer_stop(loop_get(), &t);
    return *flag;
}

static void put_order(struct order *o, uint64_t seq) {
    o->id = 0x4000000000000000ull + seq;
    o->num = (uint32_t)seq;
    o->account = 1;
    o->market = 0x1234567890abcdef;
    o->version = 1;
    o->type = ORDER_LIMIT;
    o->limit = PRICE(512300);
    o->size = QTY(100000000);
    o->created_us = o->updated_us = clock_now_us();
    o->pos.plan.confidence = -1;
    snprintf(o->strategy, sizeof o->strategy, "main");
    snprintf(o->client_id, sizeof o->client_id, "c%llu", (unsigned long long)seq);
}

/* One order as the funnel saves it, or with an event of its own; returns nanoseconds to the answer. */
static uint32_t intent_ns(struct persist *p, bool event) {
    struct fx_save r[2] = {{.seq = ++p->seq, .epoch = p->epoch, .kind = SAVE_ORDER, .intent = 1, .insert = 1, .last = !event},
                           {.seq = p->seq, .epoch = p->epoch, .kind = SAVE_ORDER_EVENT, .last = 1}};
    struct order *o = &r[0].u.order;
    put_order(o, p->seq);
    r[1].u.event = (struct save_order_event){.order = o->id, .event = OEV_SUBMIT, .to = STATE_PENDING, .at_us = o->created_us};
    int64_t start = bench_now_ns();
    store_save(p->store, &r[0]);
    if (event)
        store_save(p->store, &r[1]);
    while (p->answered != p->seq)
        ev_run(loop_get(), EVRUN_ONCE);
    return (uint32_t)(bench_now_ns() - start);
}

/* A sniper that fires, as the desk saves it: the watch that goes from WATCHING to EXECUTING, its order and the word about it. */
static uint32_t fire_ns(struct persist *p) {
    struct fx_save w = {.seq = ++p->seq, .epoch = p->epoch, .kind = SAVE_WATCH, .last = 1};
    w.u.watch = (struct watch){.id = (watch_id)p->seq, .account = 1, .subject = 0x1234567890abcdef, .level = PRICE(512300), .amount = 25000000, .slippage_e4 = 200, .flags = WATCH_ARMED, .version = 1};
    store_save(p->store, &w);
    while (p->answered != p->seq)
        ev_run(loop_get(), EVRUN_ONCE);
    w.u.watch.version++;
    w.u.watch.status = WATCH_EXECUTING;
    w.u.watch.fires++;
    struct fx_save o = {.kind = SAVE_ORDER, .epoch = p->epoch, .intent = 1, .insert = 1}, h = {.kind = SAVE_HISTORY, .epoch = p->epoch, .last = 1};
    w.last = 0;
    w.seq = o.seq = h.seq = ++p->seq;
    put_order(&o.u.order, p->seq);
    o.u.order.source = SOURCE_SNIPER;
    o.u.order.link = w.u.watch.id;
    w.u.watch.order = o.u.order.id;
    h.u.history = (struct history){.at_us = o.u.order.created_us, .id = w.u.watch.id, .order = o.u.order.id, .market = o.u.order.market, .what = "fired", .text = "ask 0.5123: buy 48 at most 0.5225"};
    int64_t start = bench_now_ns();
    store_save(p->store, &w);
    store_save(p->store, &o);
    store_save(p->store, &h);
    while (p->answered != p->seq)
        ev_run(loop_get(), EVRUN_ONCE);
    return (uint32_t)(bench_now_ns() - start);
}

static bool plain_open(struct persist *p) {
    p->plain = PQconnectdb(p->conninfo);
    PQclear(PQexec(p->plain, "CREATE TABLE probe_orders (id bigserial PRIMARY KEY, client_id text NOT NULL, market text, side text, "
                             "price numeric(18,6), qty numeric(18,6), status text, ts timestamptz DEFAULT now())"));
    PGresult *r = PQprepare(p->plain, "i", "INSERT INTO probe_orders (client_id, market, side, price, qty, status) "
                                           "VALUES ($1, $2, $3, $4, $5, 'new') RETURNING id", 0, NULL);
    bool ok = PQresultStatus(r) == PGRES_COMMAND_OK;
    PQclear(r);
    return ok;
}

static uint32_t plain_ns(struct persist *p, int i) {
    char id[16];
    const char *v[5] = {id, "0x1234567890abcdef", "buy", "0.5123", "100"};
    snprintf(id, sizeof id, "c%d", i);
    int64_t start = bench_now_ns();
    PQclear(PQexecPrepared(p->plain, "i", 5, v, NULL, NULL, 0));
    return (uint32_t)(bench_now_ns() - start);
}

static int measure(struct persist *p) {
    uint32_t *intent = xcalloc(BLOCK * BLOCKS, sizeof *intent), *plain = xcalloc(BLOCK * BLOCKS, sizeof *plain);
    uint32_t *event = xcalloc(BLOCK * BLOCKS, sizeof *event), *fire = xcalloc(BLOCK * BLOCKS, sizeof *fire);
    uint32_t ratio[BLOCKS], fire_ratio[BLOCKS];
    size_t n = 0;
    for (int i = 0; i < WARM; i++) {
        (void)intent_ns(p, false);
        (void)intent_ns(p, true);
        (void)fire_ns(p);
        (void)plain_ns(p, i);
    }
    for (int b = 0; b < BLOCKS; b++, n += BLOCK) {
        for (size_t i = 0; i < BLOCK; i++)
            intent[n + i] = intent_ns(p, false);
        for (size_t i = 0; i < BLOCK; i++)
            event[n + i] = intent_ns(p, true);
        for (size_t i = 0; i < BLOCK; i++)
            fire[n + i] = fire_ns(p);
        for (size_t i = 0; i < BLOCK; i++)
            plain[n + i] = plain_ns(p, (int)(n + i));
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

static int with_cluster(struct persist *p) {
    if (!wait_for(&p->booted) || p->err != ERR_OK)
        return 1;
    struct store_pg_cfg cfg = {.conninfo = p->conninfo, .holder = "bench", .exclusive = true};
    p->store = store_pg_new(&cfg, (struct event_sink){on_event, p});
    int code = wait_for(&p->ready) && plain_open(p) ? measure(p) : 1;
    PQfinish(p->plain);
    store_close(p->store);
    return code;
}

static int run(int argc, char **argv) {
    struct persist p = {.dir = "/tmp/turret-bench-XXXXXX"};
    if (argc > 0)
        snprintf(p.dir, sizeof p.dir, "%s/turret-bench-XXXXXX", argv[0]);
    if (!mkdtemp(p.dir)) {
        perror(p.dir);
        return 1;
    }
    struct pg_boot_cfg cfg = {.dir = p.dir, .ctx = &p};
    p.boot = pg_boot_start(&cfg, on_booted);
    int code = with_cluster(&p);
    pg_boot_stop(p.boot, on_stopped);
    (void)wait_for(&p.stopped);
    char cmd[96];
    snprintf(cmd, sizeof cmd, "rm -rf '%s'", p.dir);
    return system(cmd) == 0 ? code : 1;
}

const struct bench bench_persist = {"persist", "[DIR]      intent to commit beside a plain INSERT, on a private cluster", run};
