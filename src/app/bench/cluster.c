/* A private cluster for measurements (cluster.h). */
#include "cluster.h"

#include "turret/io/loop.h"
#include "turret/store/pg.h"

#include <ev.h>
#include <stdio.h>
#include <stdlib.h>

static void on_booted(void *ctx, enum err err, const char *conninfo, const char *text) {
    struct cluster *p = ctx;
    p->err = err;
    p->booted = true;
    if (err != ERR_OK)
        fprintf(stderr, "bench: %s\n", text);
    else
        snprintf(p->conninfo, sizeof p->conninfo, "%s", conninfo);
}

static void on_stopped(void *ctx, bool stopped, const char *text) {
    (void)stopped, (void)text;
    ((struct cluster *)ctx)->stopped = true;
}

static void on_event(void *ctx, const struct event *ev) {
    struct cluster *p = ctx;
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

void cluster_order(struct order *o, uint64_t seq) {
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

static bool plain_open(struct cluster *p) {
    p->plain = PQconnectdb(p->conninfo);
    PQclear(PQexec(p->plain, "CREATE TABLE probe_orders (id bigserial PRIMARY KEY, client_id text NOT NULL, market text, side text, "
                             "price numeric(18,6), qty numeric(18,6), status text, ts timestamptz DEFAULT now())"));
    PGresult *r = PQprepare(p->plain, "i", "INSERT INTO probe_orders (client_id, market, side, price, qty, status) "
                                           "VALUES ($1, $2, $3, $4, $5, 'new') RETURNING id", 0, NULL);
    bool ok = PQresultStatus(r) == PGRES_COMMAND_OK;
    PQclear(r);
    return ok;
}

uint32_t cluster_plain_ns(struct cluster *p, int i) {
    char id[16];
    const char *v[5] = {id, "0x1234567890abcdef", "buy", "0.5123", "100"};
    snprintf(id, sizeof id, "c%d", i);
    int64_t start = bench_now_ns();
    PQclear(PQexecPrepared(p->plain, "i", 5, v, NULL, NULL, 0));
    return (uint32_t)(bench_now_ns() - start);
}

void cluster_saved(struct cluster *p) {
    while (p->answered != p->seq)
        ev_run(loop_get(), EVRUN_ONCE);
}

static int with_store(struct cluster *p, int (*measure)(struct cluster *c)) {
    if (!wait_for(&p->booted) || p->err != ERR_OK)
        return 1;
    struct store_pg_cfg cfg = {.conninfo = p->conninfo, .holder = "bench", .exclusive = true};
    p->store = store_pg_new(&cfg, (struct event_sink){on_event, p});
    int code = wait_for(&p->ready) && plain_open(p) ? measure(p) : 1;
    PQfinish(p->plain);
    store_close(p->store);
    return code;
}

int cluster_with(int argc, char **argv, int (*measure)(struct cluster *c)) {
    struct cluster p = {.dir = "/tmp/turret-bench-XXXXXX"};
    if (argc > 0)
        snprintf(p.dir, sizeof p.dir, "%s/turret-bench-XXXXXX", argv[0]);
    if (!mkdtemp(p.dir)) {
        perror(p.dir);
        return 1;
    }
    struct pg_boot_cfg cfg = {.dir = p.dir, .ctx = &p};
    p.boot = pg_boot_start(&cfg, on_booted);
    int code = with_store(&p, measure);
    pg_boot_stop(p.boot, on_stopped);
    (void)wait_for(&p.stopped);
    char cmd[96];
    snprintf(cmd, sizeof cmd, "rm -rf '%s'", p.dir);
    return system(cmd) == 0 ? code : 1;
}

