/* A million armed snipers and alerts over a thousand markets: what they weigh, what a tick that fires nothing costs, how long they take in, and
 * how long it is from the tick that fires one to its intent. */
#include "bench.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "turret/base/mem.h"
#include "turret/base/rng.h"
#include "turret/base/str.h"
#include "turret/desk/desk.h"

#define MARKETS 1000
#define WATCHES 1000000
#define PIECE 2000
#define TICKS 400000
#define FIRES 2000
#define MIDDLE 500000 /* of a binary market, micro */

static struct desk *desk;
static int64_t now_us = 1767225600000000;

static size_t resident(void) {
    unsigned long pages = 0, rss = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (!f || fscanf(f, "%lu %lu", &pages, &rss) != 2)
        rss = 0;
    if (f)
        fclose(f);
    return (size_t)rss * (size_t)sysconf(_SC_PAGESIZE);
}

static void drain(void) {
    const struct effect *e;
    uint64_t seq = 0;
    struct fx_reconcile recon = {0};
    while ((e = desk_effect(desk))) {
        if (e->type == FX_SAVE && e->u.save.last)
            seq = e->u.save.seq;
        if (e->type == FX_RECONCILE)
            recon = e->u.reconcile;
    }
    if (seq) {
        struct event ev;
        event_init(&ev, EVENT_SAVED, VENUE_NONE, now_us);
        ev.u.saved.seq = seq;
        desk_step(desk, &ev);
        drain();
    }
    if (recon.account) {
        struct event ev;
        event_init(&ev, EVENT_RECON_BEGIN, VENUE_SIM, now_us);
        ev.u.recon_begin = (struct ev_recon_begin){recon.account, VENUE_SIM, recon.round};
        desk_step(desk, &ev);
        event_init(&ev, EVENT_RECON_END, VENUE_SIM, now_us);
        ev.u.recon_end = (struct ev_recon_end){recon.account, 1, recon.round};
        desk_step(desk, &ev);
    }
}

static void put(const struct event *ev) {
    desk_step(desk, ev);
    drain();
}

static struct market market(int i) {
    struct market m = {.venue = VENUE_SIM, .kind = MARKET_BINARY, .max_leverage = 1, .price_digits = 2, .tick = PRICE(1000), .lot = QTY(1000000), .min_size = QTY(1000000),
                       .min_price = PRICE(1000), .max_price = PRICE(999000)};
    snprintf(m.symbol, sizeof m.symbol, "MARKET-%d", i);
    m.id = market_id_of(VENUE_SIM, m.symbol);
    return m;
}

union book_event { struct event ev; uint8_t room[sizeof(struct event) + 2 * sizeof(struct level)]; };
static void book_event(union book_event *u, market_id m, int64_t bid, int64_t ask) {
    memset(u, 0, sizeof *u);
    event_init(&u->ev, EVENT_BOOK, VENUE_SIM, now_us);
    u->ev.u.book = (struct ev_book){.market = m, .n_bids = 1, .n_asks = 1, .flags = BOOK_SNAPSHOT};
    u->ev.u.book.levels[0] = (struct level){PRICE(bid), QTY(1000000000000)};
    u->ev.u.book.levels[1] = (struct level){PRICE(ask), QTY(1000000000000)};
    u->ev.size += 2 * (uint32_t)sizeof(struct level);
}

static void open_desk(market_id *ids) {
    struct event ev;
    desk = desk_new();
    event_init(&ev, EVENT_BOOT, VENUE_NONE, now_us);
    ev.u.boot = (struct ev_boot){.nonce = 5, .next_num = 1};
    risk_limits_default(&ev.u.boot.limits);
    ev.u.boot.limits.max_orders_per_second = ev.u.boot.limits.max_open_orders = ev.u.boot.limits.duplicate_window = 0;
    ev.u.boot.limits.max_data_age = 3600000;
    put(&ev);
    event_init(&ev, EVENT_LEADER, VENUE_NONE, now_us);
    ev.u.leader = (struct ev_leader){.epoch = 1, .leads = 1};
    put(&ev);
    event_init(&ev, EVENT_ACCOUNT, VENUE_SIM, now_us);
    ev.u.account = (struct account){.id = 1, .venue = VENUE_SIM, .initial = USD(1000000000 * DEC_ONE)};
    str_copy(ev.u.account.name, sizeof ev.u.account.name, "paper");
    put(&ev);
    for (int i = 0; i < MARKETS; i++) {
        event_init(&ev, EVENT_MARKET, VENUE_SIM, now_us);
        ev.u.market = market(i);
        ids[i] = ev.u.market.id;
        put(&ev);
        union book_event u;
        book_event(&u, ids[i], MIDDLE, MIDDLE + 2000);
        put(&u.ev);
    }
}

/* Half below, half above, all away from the middle. */
static double load(const market_id *ids, struct rng *r) {
    struct event *ev = xcalloc(1, sizeof *ev + PIECE * sizeof(struct watch));
    double spent = 0;
    for (int done = 0; done < WATCHES; done += PIECE) {
        event_init(ev, EVENT_WATCHES, VENUE_NONE, now_us);
        for (int i = 0; i < PIECE; i++) {
            const bool below = i & 1;
            const int64_t away = rng_range(r, 5, 400) * 1000;
            ev->u.watches.watches[i] = (struct watch){.id = (watch_id)(1000 + done + i), .account = 1, .subject = ids[(done + i) % MARKETS], .level = PRICE(below ? MIDDLE - away : MIDDLE + away),
                                                     .amount = 10 * DEC_ONE, .slippage_e4 = WATCH_SLIPPAGE_DEFAULT, .kind = (uint8_t)(i % 4 == 3 ? WATCH_ALERT : WATCH_SNIPER),
                                                     .figure = below ? FIGURE_ASK : FIGURE_BID, .dir = below ? TRIGGER_AT_OR_BELOW : TRIGGER_AT_OR_ABOVE, .flags = WATCH_ARMED, .version = 1};
        }
        ev->u.watches.n = PIECE;
        ev->size += PIECE * (uint32_t)sizeof(struct watch);
        const int64_t start = bench_now_ns();
        desk_step(desk, ev);
        spent += (double)(bench_now_ns() - start) / 1e9;
    }
    free(ev);
    return spent;
}

static double tick_ns(const market_id *ids, struct rng *r) {
    union book_event *ev = xmalloc(1024 * sizeof *ev);
    for (int i = 0; i < 1024; i++)
        book_event(&ev[i], ids[rng_below(r, MARKETS)], MIDDLE + rng_range(r, -2, 2) * 1000, MIDDLE + rng_range(r, 3, 4) * 1000);
    const int64_t start = bench_now_ns();
    for (int i = 0; i < TICKS; i++)
        desk_step(desk, &ev[i & 1023].ev);
    const double ns = (double)(bench_now_ns() - start) / TICKS;
    drain();
    free(ev);
    return ns;
}

/* A tick that fires one sniper: until its intent is an effect of the desk. */
static uint32_t fire_p50(market_id m, int *fired_n) {
    static uint32_t ns[FIRES];
    struct event *put_ev = xcalloc(1, sizeof *put_ev + sizeof(struct watch));
    for (int i = 0; i < FIRES; i++) {
        union book_event u;
        event_init(put_ev, EVENT_WATCHES, VENUE_NONE, now_us);
        put_ev->u.watches.n = 1;
        put_ev->u.watches.watches[0] = (struct watch){.id = (watch_id)(3000000 + i), .account = 1, .subject = m, .level = PRICE(MIDDLE - 3000), .amount = 10 * DEC_ONE, .slippage_e4 = 200,
                                                      .figure = FIGURE_ASK, .dir = TRIGGER_AT_OR_BELOW, .flags = WATCH_ARMED, .version = 1};
        put_ev->size += (uint32_t)sizeof(struct watch);
        put(put_ev);
        book_event(&u, m, MIDDLE - 4000, MIDDLE - 3000);
        const int64_t start = bench_now_ns();
        desk_step(desk, &u.ev);
        ns[i] = (uint32_t)(bench_now_ns() - start);
        struct order fired = {0};
        for (const struct effect *e; (e = desk_effect(desk));)
            if (e->type == FX_SAVE && e->u.save.kind == SAVE_ORDER)
                fired = e->u.save.u.order;
        struct event ev;
        event_init(&ev, EVENT_SAVED, VENUE_NONE, now_us);
        ev.u.saved = (struct ev_saved){.seq = 0};
        event_init(&ev, EVENT_DONE, VENUE_SIM, now_us);
        ev.u.done = (struct ev_done){.order = fired.id, .reason = ERR_NO_LIQUIDITY};
        put(&ev);
        *fired_n += fired.id != 0;
        book_event(&u, m, MIDDLE, MIDDLE + 2000);
        put(&u.ev);
    }
    free(put_ev);
    return bench_quantile(ns, FIRES, 0.5);
}

static int run(int argc, char **argv) {
    (void)argc, (void)argv;
    static market_id ids[MARKETS];
    struct rng r;
    rng_seed(&r, 11);
    open_desk(ids);
    struct event ev;
    event_init(&ev, EVENT_VENUE, VENUE_SIM, now_us);
    ev.u.venue_state = (struct ev_venue){.venue = VENUE_SIM, .up = 1};
    put(&ev);
    const double none = tick_ns(ids, &r);
    malloc_trim(0);
    const size_t before = resident();
    double load_s = load(ids, &r);
    int64_t start = bench_now_ns();
    (void)tick_ns(ids, &r); /* the first ticks sort */
    load_s += (double)(bench_now_ns() - start) / 1e9;
    event_init(&ev, EVENT_LOADED, VENUE_NONE, now_us);
    put(&ev);
    malloc_trim(0);
    const double bytes = (double)(resident() - before) / WATCHES, many = tick_ns(ids, &r);
    for (int i = 0; i < 8; i++) {
        now_us += 250000;
        event_init(&ev, EVENT_TIMER, VENUE_NONE, now_us);
        put(&ev);
        for (int k = 0; k < MARKETS; k++) {
            union book_event u;
            book_event(&u, ids[k], MIDDLE, MIDDLE + 2000);
            put(&u.ev);
        }
    }
    int fired = 0;
    const uint32_t fire = fire_p50(ids[0], &fired);
    printf("{\"bench\":\"watch\",\"watches\":%d,\"bytes_each\":%.1f,\"load_s\":%.3f,\"tick_ns_none\":%.1f,\"tick_ns\":%.1f,\"fire_us_p50\":%.2f,\"goal_bytes\":128,\"goal_tick_ns\":200,"
           "\"goal_fire_us\":60}\n", WATCHES, bytes, load_s, none, many, fire / 1e3);
    desk_free(desk);
    return fired != FIRES;
}

const struct bench bench_watch = {"watch", "1,000,000 armed snipers and alerts over 1,000 markets: memory, ticks, load, trigger to intent", run};
