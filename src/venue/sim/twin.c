/* The second venue's feed: some of the generated markets again, with makers, steps and fees of their own. Values follow those
 * of the first venue's feed with a little noise, so that prices differ and now and then cross; outcomes are the first one's. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "turret/base/hash.h"
#include "turret/base/mem.h"
#include "venue/sim/gen.h"

#define CATCH_UP_US (30 * GEN_SECOND) /* later than this, agents sleep until a second before now */
#define RETURN_BEATS 600              /* noise fades over a minute */
#define NOISE_PM 75                   /* of half the spread, each beat: 1.3 halves in the long run */

struct twin {
    struct feed feed;
    struct gen g; /* its own markets, agents and beats */
    const struct gen *lead;
    market_id lead_id[GEN_MARKETS_MAX]; /* 0: the first venue knows it no more */
    int64_t off[GEN_MARKETS_MAX];       /* micro: the noise */
};

static struct twin *twin_of(struct feed *f) { return (struct twin *)(void *)f; }
static const struct twin *twin_of_const(const struct feed *f) { return (const struct twin *)(const void *)f; }
static int64_t clamp64(int64_t v, int64_t low, int64_t high) { return v < low ? low : v > high ? high : v; }

/* --- its listings --- */

static bool wanted(const char *symbol) {
    static const char *const prefixes[] = {"BTC-", "ETH-PERP", "WIN-", "HIGH-", "FED-", "HOUSE-"};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (!strncmp(symbol, prefixes[i], strlen(prefixes[i])))
            return true;
    return false;
}

/* Other steps, another smallest order, another formula of fees. */
static void rules_set(struct market *m) {
    if (m->kind == MARKET_BINARY) {
        m->tick = m->min_price = PRICE(DEC_ONE / 200);
        m->max_price = PRICE(DEC_ONE - DEC_ONE / 200);
        m->price_digits = 3;
        m->min_size = QTY(5 * DEC_ONE);
        m->fee_kind = FEE_KALSHI;
        m->taker_ppm = 70000;
        m->maker_ppm = 17500;
    } else {
        m->tick = m->min_price = PRICE(m->tick.micro * 5);
        m->lot = QTY(m->lot.micro * 5);
        m->min_size = QTY(m->lot.micro * 2);
        m->maker_ppm = 100;
        m->taker_ppm = 350;
    }
}

static void copy_from(struct twin *t, int at, const struct gen_market *from) {
    struct gen_market *k = &t->g.markets[at];
    *k = *from;
    gen_agents_forget(k);
    k->m.venue = (uint8_t)exchange_settings(t->g.x)->venue;
    k->m.id = market_id_of(exchange_settings(t->g.x)->venue, k->m.symbol);
    k->m.status = MARKET_OPEN;
    k->m.outcome = OUTCOME_NONE;
    rules_set(&k->m);
    rng_seed(&k->rng, fnv64_u64(fnv64_u64(fnv64_u64(FNV64_INIT, t->g.seed), k->m.id), (uint64_t)t->g.beat_us));
    k->lean = k->funding_us = k->open_interest = 0;
    k->base_size = k->base_size * 2 / 3;
    k->noise_mean_us = k->noise_mean_us * 3 / 2;
    k->live = true;
    t->lead_id[at] = from->m.id;
    t->off[at] = 0;
}

static int place_for(struct twin *t) {
    int at = 0;
    while (at < t->g.n && t->g.markets[at].live)
        at++;
    if (at == GEN_MARKETS_MAX)
        return -1;
    t->g.n = at == t->g.n ? at + 1 : t->g.n;
    return at;
}

static bool follows(const struct twin *t, market_id lead) {
    for (int i = 0; i < t->g.n; i++)
        if (t->g.markets[i].live && t->lead_id[i] == lead)
            return true;
    return false;
}

static void market_open(struct twin *t, int at, int64_t now_us) {
    struct gen_market *k = &t->g.markets[at];
    k->fast = k->slow = k->mark = k->fair;
    exchange_list(t->g.x, &k->m, EXCHANGE_MATCHED, now_us);
    gen_history(&t->g, k, now_us);
    gen_agents_start(&t->g, k, now_us);
    if (k->m.kind == MARKET_PERP)
        gen_perp_mark(&t->g, k, now_us);
}

static void follow_new(struct twin *t, int64_t now_us) {
    for (int i = 0; i < t->lead->n; i++) {
        const struct gen_market *from = &t->lead->markets[i];
        int at = from->live && wanted(from->m.symbol) && !follows(t, from->m.id) ? place_for(t) : -1;
        if (at < 0)
            continue;
        copy_from(t, at, from);
        market_open(t, at, now_us);
    }
}

/* --- its life --- */

static const struct gen_market *lead_of(const struct twin *t, int at) {
    for (int i = 0; i < t->lead->n; i++)
        if (t->lead->markets[i].live && t->lead->markets[i].m.id == t->lead_id[at])
            return &t->lead->markets[i];
    return NULL;
}

static void close_due(struct twin *t, int64_t now_us) {
    for (int i = 0; i < t->g.n; i++) {
        struct gen_market *k = &t->g.markets[i];
        if (!k->live || k->m.kind != MARKET_BINARY)
            continue;
        enum market_outcome o = exchange_outcome(t->lead->x, t->lead_id[i]);
        if (o == OUTCOME_NONE && k->m.closes_us <= now_us && !lead_of(t, i))
            o = k->fair >= DEC_ONE / 2 ? OUTCOME_YES : OUTCOME_NO; /* the first venue lost it: prices at the close are near 0 or 1 */
        if (o == OUTCOME_NONE)
            continue;
        exchange_resolve(t->g.x, k->m.id, o, now_us);
        gen_agents_forget(k);
        k->live = false;
    }
}

static void values_move(struct twin *t) {
    for (int i = 0; i < t->g.n; i++) {
        struct gen_market *k = &t->g.markets[i];
        if (!k->live)
            continue;
        const struct gen_market *from = lead_of(t, i);
        if (from) {
            k->model = from->fair;
            k->vol_pm = from->vol_pm;
        }
        t->off[i] += rng_normal(&t->g.rng, k->half_spread * NOISE_PM / 1000) - t->off[i] / RETURN_BEATS;
        k->lean = (int64_t)((__int128)k->lean * 299 / 300); /* what is bought here is sold there soon */
        k->fair = clamp64(k->model + k->lean + t->off[i], k->m.min_price.micro, k->m.max_price.micro);
    }
}

static void beat(struct twin *t, bool agents) {
    struct gen *g = &t->g;
    const int64_t now_us = g->beat_us, every = exchange_settings(g->x)->mark_every_us / GEN_BEAT_US;
    values_move(t);
    close_due(t, now_us);
    follow_new(t, now_us);
    for (int i = 0; i < g->n && agents; i++) {
        struct gen_market *k = &g->markets[i];
        if (k->live && k->next_step_us <= now_us) {
            gen_agents_step(g, k, now_us);
            g->records++;
        }
        if (k->live && k->m.kind == MARKET_PERP && g->beats % (uint64_t)(every > 0 ? every : 1) == 0)
            gen_perp_mark(g, k, now_us);
    }
    exchange_flush_books(g->x, now_us);
    g->beats++;
    g->beat_us += GEN_BEAT_US;
}

/* Stored markets that the first venue no longer has: they trade at their last price until they close. */
static void orphans_open(struct twin *t, int64_t now_us) {
    struct gen_market none = {.half_spread = 10000, .base_size = 100 * DEC_ONE, .noise_mean_us = 9000000, .step_us = 500000, .vol_pm = 1000000, .perp = -1, .slot = -1};
    for (size_t i = 0; i < t->g.n_stored; i++) {
        const struct gen_stored *s = &t->g.stored[i];
        const market_id lead = market_id_of(VENUE_SIM, s->m.symbol);
        int at = s->m.kind == MARKET_BINARY && s->m.closes_us > 0 && !follows(t, lead) ? place_for(t) : -1;
        if (at < 0)
            continue;
        none.m = s->m;
        none.model = none.fair = s->last > 0 && s->last < DEC_ONE ? s->last : DEC_ONE / 2;
        copy_from(t, at, &none);
        t->lead_id[at] = lead;
        market_open(t, at, now_us);
    }
}

static void twin_start(struct feed *f, int64_t now_us) {
    struct twin *t = twin_of(f);
    assert(!t->g.started);
    t->g.started = true;
    t->g.beat_us = now_us;
    follow_new(t, now_us);
    orphans_open(t, now_us);
    exchange_flush_books(t->g.x, now_us);
    t->g.beat_us = (now_us / GEN_BEAT_US + 1) * GEN_BEAT_US;
}

static void twin_restore(struct feed *f, const struct event *ev) {
    struct twin *t = twin_of(f);
    struct gen *g = &t->g;
    const struct ev_load_market *lm = &ev->u.load_market;
    if (ev->type != EVENT_LOAD_MARKET || lm->market.venue != exchange_settings(g->x)->venue || lm->market.status == MARKET_RESOLVED || g->started)
        return;
    const struct gen_stored s = {.m = lm->market, .last = lm->mark.micro > 0 ? lm->mark.micro : lm->last.micro};
    for (size_t i = 0; i < g->n_stored; i++)
        if (g->stored[i].m.id == s.m.id)
            return;
    g->stored = xgrow(g->stored, &g->cap_stored, g->n_stored + 1, sizeof *g->stored);
    g->stored[g->n_stored++] = s;
}

static int64_t twin_next_us(const struct feed *f) {
    const struct twin *t = twin_of_const(f);
    return t->g.started ? t->g.beat_us : INT64_MAX;
}

static void twin_run(struct feed *f, int64_t now_us) {
    struct twin *t = twin_of(f);
    int64_t agents_from = now_us - t->g.beat_us > CATCH_UP_US ? now_us - GEN_SECOND : INT64_MIN;
    while (t->g.started && t->g.beat_us <= now_us)
        beat(t, t->g.beat_us >= agents_from);
}

static bool twin_ended(const struct feed *f) {
    (void)f;
    return false;
}
static uint64_t twin_records(const struct feed *f) { return twin_of_const(f)->g.records; }

static void twin_close(struct feed *f) {
    struct twin *t = twin_of(f);
    free(t->g.markets);
    free(t->g.stored);
    free(t);
}

static const struct feed_ops ops = {
    .name = "generated, second venue",
    .start = twin_start,
    .restore = twin_restore,
    .next_us = twin_next_us,
    .run = twin_run,
    .ended = twin_ended,
    .records = twin_records,
    .close = twin_close,
};

struct feed *twin_feed_new(struct exchange *x, const struct feed *lead, uint64_t seed) {
    const struct gen *first = gen_inside(lead);
    if (!first)
        return NULL;
    struct twin *t = xcalloc(1, sizeof *t);
    t->feed.ops = &ops;
    t->lead = first;
    t->g.x = x;
    t->g.seed = fnv64_u64(seed, exchange_settings(x)->venue);
    rng_seed(&t->g.rng, t->g.seed);
    t->g.markets = xcalloc(GEN_MARKETS_MAX, sizeof *t->g.markets);
    return &t->feed;
}
