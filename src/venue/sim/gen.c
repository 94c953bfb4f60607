/* The generated feed: lists markets, lets the agents act on a grid of beats, resolves what closes and lists what follows.
 * Independent of how coarsely run() is called; after a long pause (a suspended machine) it catches up on values only. */
#include "venue/sim/gen.h"

#include "turret/base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define CATCH_UP_US (30 * GEN_SECOND) /* later than this, agents sleep until a second before now */
#define FUNDING_PPM 100               /* what longs pay shorts each period when the mark is at the index */

static struct gen *gen_of(struct feed *f) { return (struct gen *)(void *)f; }
static const struct gen *gen_of_const(const struct feed *f) { return (const struct gen *)(const void *)f; }

static int64_t clamp64(int64_t v, int64_t low, int64_t high) { return v < low ? low : v > high ? high : v; }

void gen_perp_mark(struct gen *g, struct gen_market *k, int64_t now_us) {
    struct level bid, ask;
    int64_t mid = k->fair, tick = k->m.tick.micro;
    if (exchange_best(g->x, k->m.id, BOOK_BID, &bid) && exchange_best(g->x, k->m.id, BOOK_ASK, &ask))
        mid = (bid.px.micro + ask.px.micro) / 2;
    k->mark += (mid - k->mark) / 4;
    if (k->funding_us == 0 || now_us - k->funding_us >= exchange_settings(g->x)->funding_refresh_us) {
        int64_t premium = (int64_t)((__int128)(k->mark - k->model) * 1000000 / k->model);
        k->funding_ppm = FUNDING_PPM + clamp64(premium, -400, 400);
        k->funding_us = now_us;
    }
    exchange_mark(g->x, k->m.id, PRICE(k->mark / tick * tick), PRICE(k->model), k->funding_ppm, now_us);
}

static void market_open(struct gen *g, struct gen_market *k, int64_t now_us) {
    if (!k)
        return;
    exchange_list(g->x, &k->m, EXCHANGE_MATCHED, now_us);
    gen_history(g, k, now_us);
    gen_agents_start(g, k, now_us);
    if (k->m.kind == MARKET_PERP)
        gen_perp_mark(g, k, now_us);
}

static void fill_slots(struct gen *g, int64_t now_us) {
    for (int i = 0; i < GEN_PERPS; i++)
        market_open(g, gen_perp(g, i, now_us), now_us);
    for (int slot = 0; slot < gen_slots(); slot++)
        market_open(g, gen_binary(g, slot, now_us), now_us);
}

/* A stored market comes back at its last price. One that closed while we were away is listed, and the next beat resolves it. */
static void adopt(struct gen *g, const struct gen_stored *s, int64_t now_us) {
    struct gen_market *k = gen_adopt(g, &s->m, s->last, now_us);
    if (k && k->m.kind == MARKET_BINARY && k->m.closes_us <= now_us)
        exchange_list(g->x, &k->m, EXCHANGE_MATCHED, now_us);
    else
        market_open(g, k, now_us);
}

static void adopt_kind(struct gen *g, enum market_kind kind, int64_t now_us) {
    for (size_t i = 0; i < g->n_stored; i++)
        if (g->stored[i].m.kind == kind)
            adopt(g, &g->stored[i], now_us);
}

static void gen_start(struct feed *f, int64_t now_us) {
    struct gen *g = gen_of(f);
    assert(!g->started);
    g->started = true;
    g->beat_us = now_us;
    adopt_kind(g, MARKET_PERP, now_us);
    for (int i = 0; i < GEN_PERPS; i++)
        market_open(g, gen_perp(g, i, now_us), now_us);
    adopt_kind(g, MARKET_BINARY, now_us);
    free(g->stored);
    g->stored = NULL;
    g->n_stored = g->cap_stored = 0;
    fill_slots(g, now_us);
    exchange_flush_books(g->x, now_us);
    g->beat_us = (now_us / GEN_BEAT_US + 1) * GEN_BEAT_US;
}

/* Stored markets, one event an account: the last price that is known counts. */
static void gen_restore(struct feed *f, const struct event *ev) {
    struct gen *g = gen_of(f);
    if (ev->type != EVENT_LOAD_MARKET)
        return;
    const struct ev_load_market *lm = &ev->u.load_market;
    const struct market *m = &lm->market;
    if (m->venue != VENUE_SIM || m->status == MARKET_RESOLVED || m->status == MARKET_CLOSED)
        return;
    struct gen_stored s = {.m = *m, .last = lm->mark.micro > 0 ? lm->mark.micro : lm->last.micro};
    if (g->started) {
        adopt(g, &s, ev->at_us > g->beat_us - GEN_BEAT_US ? ev->at_us : g->beat_us - GEN_BEAT_US);
        return;
    }
    for (size_t i = 0; i < g->n_stored; i++)
        if (g->stored[i].m.id == m->id) {
            if (s.last > 0)
                g->stored[i] = s;
            return;
        }
    g->stored = xgrow(g->stored, &g->cap_stored, g->n_stored + 1, sizeof *g->stored);
    g->stored[g->n_stored++] = s;
}

static int64_t gen_next_us(const struct feed *f) {
    const struct gen *g = gen_of_const(f);
    return g->started ? g->beat_us : INT64_MAX;
}

static void close_due(struct gen *g, int64_t now_us) {
    bool any = false;
    for (int i = GEN_PERPS; i < g->n; i++) {
        struct gen_market *k = &g->markets[i];
        if (!k->live || k->m.closes_us > now_us)
            continue;
        exchange_resolve(g->x, k->m.id, gen_value_outcome(g, k), now_us);
        gen_agents_forget(k);
        gen_wallets_forget(g, k);
        k->live = false;
        any = true;
    }
    if (any)
        fill_slots(g, now_us);
}

static void beat(struct gen *g, bool agents) {
    int64_t now_us = g->beat_us;
    gen_value_beat(g, now_us);
    close_due(g, now_us);
    for (int i = 0; i < g->n && agents; i++) {
        struct gen_market *k = &g->markets[i];
        if (k->live && k->next_step_us <= now_us) {
            gen_agents_step(g, k, now_us);
            g->records++;
        }
    }
    const int64_t every = exchange_settings(g->x)->mark_every_us / GEN_BEAT_US;
    if (agents && g->beats % (uint64_t)(every > 0 ? every : 1) == 0)
        for (int i = 0; i < GEN_PERPS; i++)
            gen_perp_mark(g, &g->markets[i], now_us);
    if (agents && g->beats % (GEN_MINUTE / GEN_BEAT_US) == 0)
        for (int i = 0; i < GEN_PERPS; i++)
            gen_open_interest(g, &g->markets[i], now_us);
    exchange_flush_books(g->x, now_us);
    g->beats++;
    g->beat_us += GEN_BEAT_US;
}

static void gen_run(struct feed *f, int64_t now_us) {
    struct gen *g = gen_of(f);
    int64_t agents_from = now_us - g->beat_us > CATCH_UP_US ? now_us - GEN_SECOND : INT64_MIN;
    while (g->started && g->beat_us <= now_us)
        beat(g, g->beat_us >= agents_from);
}

static enum err gen_activity(struct feed *f, const struct fx_activity *a, int64_t now_us) {
    return gen_wallets_ask(gen_of(f), a, now_us);
}

static bool gen_ended(const struct feed *f) {
    (void)f;
    return false;
}
static uint64_t gen_records(const struct feed *f) { return gen_of_const(f)->records; }

static void gen_close(struct feed *f) {
    struct gen *g = gen_of(f);
    free(g->markets);
    free(g->stored);
    free(g);
}

static const struct feed_ops ops = {
    .name = "generated",
    .start = gen_start,
    .restore = gen_restore,
    .next_us = gen_next_us,
    .run = gen_run,
    .activity = gen_activity,
    .ended = gen_ended,
    .records = gen_records,
    .close = gen_close,
};

const struct gen *gen_inside(const struct feed *f) { return f->ops == &ops ? gen_of_const(f) : NULL; }

struct feed *gen_feed_new(struct exchange *x, uint64_t seed) {
    struct gen *g = xcalloc(1, sizeof *g);
    g->feed.ops = &ops;
    g->x = x;
    g->seed = seed;
    rng_seed(&g->rng, seed);
    g->markets = xcalloc(GEN_MARKETS_MAX, sizeof *g->markets);
    g->n = GEN_PERPS;
    return &g->feed;
}
