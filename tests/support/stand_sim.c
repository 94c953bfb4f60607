/* The simulator's stand: its exchange in virtual time, with a market of our own beside the generated ones. */
#include "support/venue_contract.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/io/loop.h"
#include "turret/venue/sim.h"
#include "venue/sim/exchange.h"

#define START_US 1767225600000000LL

struct stand_simulator { struct stand head; int64_t now; };

static struct stand_simulator *sim_of(struct stand *s) { return (struct stand_simulator *)s; }

static struct stand *sim_stand_open(char why[REASON_MAX]) {
    (void)why;
    struct stand_simulator *s = xcalloc(1, sizeof *s);
    struct market *m = &s->head.market;
    s->now = START_US;
    s->head.ops = &stand_sim;
    s->head.account = 1;
    s->head.patience_us = 5000000;
    str_copy(s->head.name, sizeof s->head.name, "paper");
    int n;
    str_copy(s->head.wallet, sizeof s->head.wallet, sim_wallets(&n)[0].address);
    *m = (struct market){.venue = VENUE_SIM, .kind = MARKET_BINARY, .max_leverage = 1, .price_digits = 2, .tick = PRICE(10000), .lot = QTY(DEC_ONE), .min_size = QTY(DEC_ONE),
                         .min_price = PRICE(10000), .max_price = PRICE(990000), .maker_ppm = 1, .taker_ppm = 1000};
    str_copy(m->symbol, sizeof m->symbol, "CONTRACT");
    str_copy(m->title, sizeof m->title, "Does it keep its word?");
    m->id = market_id_of(VENUE_SIM, m->symbol);
    return &s->head;
}

static struct venue *sim_stand_venue(struct stand *s, struct event_sink sink) {
    struct sim_cfg cfg;
    struct venue *v;
    char text[REASON_MAX];
    sim_cfg_default(&cfg);
    cfg.seed = 7;
    cfg.initial_cash = USD(1000 * DEC_ONE);
    cfg.wall_clock = s->wall;
    return sim_open(&cfg, sink, &v, text) == ERR_OK ? v : NULL;
}

static void sim_stand_started(struct stand *s, struct venue *v, int64_t now_us) {
    exchange_list(sim_exchange(v), &s->market, EXCHANGE_MATCHED, now_us);
    exchange_flush_books(sim_exchange(v), now_us);
}

static int64_t sim_stand_now(const struct stand *s) { return s->wall ? clock_now_us() : ((const struct stand_simulator *)s)->now; }

static void sim_stand_run(struct stand *s, struct venue *v, int64_t us) {
    sim_of(s)->now += us;
    if (v)
        v->ops->run(v, sim_of(s)->now);
}

static void sim_stand_quote(struct stand *s, struct venue *v, int dir, price px, qty size) {
    exchange_bot_limit(sim_exchange(v), s->market.id, 1, dir, px, size, sim_stand_now(s));
    exchange_flush_books(sim_exchange(v), sim_stand_now(s));
}

static void sim_stand_take(struct stand *s, struct venue *v, int dir, price px, qty size) {
    struct level best;
    if (exchange_best(sim_exchange(v), s->market.id, dir > 0 ? BOOK_ASK : BOOK_BID, &best) && (dir > 0 ? best.px.micro <= px.micro : best.px.micro >= px.micro))
        exchange_bot_market(sim_exchange(v), s->market.id, 2, dir, size, sim_stand_now(s));
    exchange_flush_books(sim_exchange(v), sim_stand_now(s));
}

static void sim_stand_close(struct stand *s) { free(s); }

const struct stand_ops stand_sim = {.name = "sim", .open = sim_stand_open, .venue = sim_stand_venue, .started = sim_stand_started, .now = sim_stand_now, .run = sim_stand_run,
                                    .quote = sim_stand_quote, .take = sim_stand_take, .close = sim_stand_close};
