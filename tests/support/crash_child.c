/* A desk that trades at random until it is killed, and the database's side of the story. */
#include "support/crash_child.h"

#include <ev.h>
#include <libpq-fe.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/remote_venue.h"
#include "turret/app/engine.h"
#include "turret/base/rng.h"
#include "turret/base/str.h"
#include "turret/io/loop.h"
#include "turret/store/pg.h"

#define ACT_S 0.004
#define QUIET_US 600000

struct child {
    const struct crash_child_cfg *cfg;
    struct engine *e;
    struct store *store;
    struct rng rng;
    int fd;
    int64_t began_us, quiet_since_us, cancel_us;
};

static struct venue *open_venue(void *ctx, struct event_sink sink, char text[REASON_MAX]) {
    (void)text;
    return remote_venue_open(((struct child *)ctx)->fd, sink);
}

static bool all_reconciled(const struct desk *d) {
    struct view_account a;
    if (!view_account_count(d))
        return false;
    for (int i = 0; view_account_at(d, i, &a); i++)
        if (!a.reconciled)
            return false;
    return true;
}

static void place(struct child *c, const struct desk *d) {
    struct view_market m;
    struct intent in = {.kind = INTENT_PLACE, .account = 1, .stop = PROTECT_KEEP, .target = PROTECT_KEEP};
    if (!view_market_count(d)) /* loaded, but the venue has not listed yet */
        return;
    if (!view_market_at(d, (int)rng_below(&c->rng, (uint64_t)view_market_count(d)), &m) || !m.bid.micro || !m.ask.micro)
        return;
    bool up = rng_below(&c->rng, 2), perp = m.m->kind == MARKET_PERP;
    in.stop = in.target = PRICE(0);
    in.market = m.m->id;
    in.side = (uint8_t)(perp ? (up ? SIDE_LONG : SIDE_SHORT) : (up ? SIDE_YES : SIDE_NO));
    in.action = (uint8_t)side_opening_action((enum order_side)in.side);
    in.leverage = perp ? 5 : 1;
    qty_of(USD(rng_range(&c->rng, 20, 200) * DEC_ONE), perp ? m.ask : PRICE(DEC_ONE / 2), ROUND_DOWN, &in.size);
    dec_to_step(in.size.micro, m.m->lot.micro, ROUND_UP, &in.size.micro);
    if (rng_below(&c->rng, 2)) {
        in.type = ORDER_LIMIT;
        price touch = rng_below(&c->rng, 2) ? m.bid : m.ask;
        in.limit = book_price((enum order_side)in.side, touch);
    }
    if (rng_below(&c->rng, 4) == 0) { /* close levels, so that exits fire while it is being killed */
        int dir = position_dir((enum order_side)in.side);
        price ref = book_price((enum order_side)in.side, dir > 0 ? m.bid : m.ask);
        in.stop = PRICE(ref.micro - dir * 3 * m.m->tick.micro);
        in.target = PRICE(ref.micro + dir * 4 * m.m->tick.micro);
    }
    engine_propose(c->e, &in);
}

static const struct order *pick(struct child *c, const struct desk *d, const struct order *(*next)(const struct desk *, int *, bool)) {
    const struct order *o, *hit = NULL;
    int cursor = 0, n = 0;
    while ((o = next(d, &cursor, true)))
        if (rng_below(&c->rng, (uint64_t)++n) == 0)
            hit = o;
    return hit;
}

static void change(struct child *c, const struct desk *d, enum intent_kind kind) {
    const struct order *o = pick(c, d, kind == INTENT_CLOSE ? view_next_position : view_next_order);
    struct intent in = {.kind = (uint16_t)kind, .account = 1};
    if (!o)
        return;
    in.order = o->id;
    in.market = o->market;
    if (kind == INTENT_AMEND)
        in.size = QTY(o->size.micro / 2 > 0 ? o->size.micro : 0);
    engine_propose(c->e, &in);
}

static void settle(struct child *c, const struct desk *d) {
    int cursor = 0;
    int64_t now = clock_mono_us();
    bool busy = !all_reconciled(d) || view_next_order(d, &cursor, true) || !store_idle(c->store);
    if (busy)
        c->quiet_since_us = now;
    if (view_next_order(d, &(int){0}, true) && now - c->cancel_us > 500000) {
        struct intent in = {.kind = INTENT_CANCEL_ALL};
        engine_propose(c->e, &in);
        c->cancel_us = now;
    }
    if (now - c->quiet_since_us > QUIET_US)
        _exit(0);
    if (now - c->began_us > 25000000) {
        struct view_account a;
        view_account_at(d, 0, &a);
        fprintf(stderr, "not settled: %d working, reconciled %d, store idle %d\n", a.open_orders, a.reconciled, store_idle(c->store));
        _exit(3);
    }
}

static void on_act(struct ev_loop *loop, ev_timer *w, int revents) {
    struct child *c = w->data;
    const struct desk *d = engine_view(c->e);
    (void)loop;
    (void)revents;
    if (!engine_loaded(c->e))
        return;
    if (c->cfg->settle) {
        settle(c, d);
        return;
    }
    uint64_t dice = rng_below(&c->rng, 20);
    if (dice < 12)
        place(c, d);
    else
        change(c, d, dice < 15 ? INTENT_CANCEL : dice < 18 ? INTENT_CLOSE : INTENT_AMEND);
}

static void on_end(void *ctx, enum engine_end why) {
    (void)why;
    fprintf(stderr, "engine ended: %s\n", engine_failure(((struct child *)ctx)->e));
    _exit(4);
}

_Noreturn void crash_child_main(const struct crash_child_cfg *cfg, int venue_fd) {
    struct child c = {.cfg = cfg, .fd = venue_fd, .began_us = clock_mono_us(), .quiet_since_us = clock_mono_us()};
    struct engine_cfg ec = {.seed = cfg->seed, .initial_cash = USD(10000 * DEC_ONE), .crash_point = cfg->crash_point};
    struct store_pg_cfg sc = {.conninfo = cfg->conninfo, .data_dir = cfg->data_dir, .holder = "crash test", .exclusive = true};
    ev_timer act;
    signal(SIGPIPE, SIG_IGN);
    rng_seed(&c.rng, cfg->seed);
    risk_limits_default(&ec.limits);
    ec.limits.max_orders_per_second = ec.limits.duplicate_window = ec.limits.max_day_loss = 0;
    c.e = engine_new(&ec);
    engine_add_venue(c.e, VENUE_SIM, open_venue, &c);
    engine_on_end(c.e, on_end, &c);
    c.store = store_pg_new(&sc, engine_store_sink(c.e));
    engine_set_store(c.e, c.store);
    ev_timer_init(&act, on_act, ACT_S, ACT_S);
    act.data = &c;
    ev_timer_start(loop_get(), &act);
    ev_run(loop_get(), 0);
    _exit(5);
}

/* --- the database's side --- */

static PGresult *ask(PGconn *c, const char *sql) {
    PGresult *r = PQexec(c, sql);
    if (PQresultStatus(r) != PGRES_TUPLES_OK) {
        fprintf(stderr, "%s: %s", sql, PQerrorMessage(c));
        abort();
    }
    return r;
}

static int64_t ask_int(PGconn *c, const char *sql) {
    PGresult *r = ask(c, sql);
    int64_t v = strtoll(PQgetvalue(r, 0, 0), NULL, 10);
    PQclear(r);
    return v;
}

void crash_truth_read(const char *conninfo, struct crash_truth *t) {
    PGconn *c = PQconnectdb(conninfo);
    memset(t, 0, sizeof *t);
    t->cash = ask_int(c, "SELECT coalesce((sum(amount) * 1000000)::bigint, 0) FROM ledger WHERE account_id = 1");
    t->working = (int)ask_int(c, "SELECT count(*) FROM orders WHERE state IN ('created', 'pending', 'partial')");
    t->fills = (int)ask_int(c, "SELECT count(*) FROM fills");
    PGresult *r = ask(c, "SELECT m.symbol, (sum(open_quantity * CASE WHEN side IN ('yes', 'long') THEN 1 ELSE -1 END) * 1000000)::bigint "
                         "FROM orders o JOIN markets m ON m.id = o.market_id WHERE o.status = 'OPEN' GROUP BY 1");
    t->open_positions = t->nets = PQntuples(r);
    for (int i = 0; i < t->nets && i < 64; i++) {
        str_copy(t->net[i].symbol, sizeof t->net[i].symbol, PQgetvalue(r, i, 0));
        t->net[i].net = strtoll(PQgetvalue(r, i, 1), NULL, 10);
    }
    PQclear(r);
    PQfinish(c);
}

int64_t crash_truth_net(const struct crash_truth *t, const char *symbol) {
    for (int i = 0; i < t->nets; i++)
        if (!strcmp(t->net[i].symbol, symbol))
            return t->net[i].net;
    return 0;
}

bool crash_truth_consistent(const char *conninfo, char *text, size_t cap) {
    char *json = NULL;
    int n = store_pg_doctor(conninfo, &json);
    snprintf(text, cap, "doctor: %d differences: %s", n, json ? json : "");
    free(json);
    return n == 0;
}
