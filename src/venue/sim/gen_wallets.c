/* Named wallets of generated markets: part of what the anonymous agents take belongs to one of a handful of traders with
 * habits of their own, so that there is somebody to follow. They change nothing in the markets: whose a trade is follows
 * from the trade itself and the seed. */
#include "turret/venue/sim.h"
#include "venue/sim/gen.h"

#include <stdio.h>
#include <string.h>

#include "turret/base/hash.h"
#include "turret/base/str.h"

#define SEEN_AFTER_US 300000 /* a trade is public at once, whose it was a little later */

static const struct sim_wallet wallets[GEN_WALLETS] = {
    {"0x51d8885e391c92cdad1ee43d9af202436f70b8e4", "whale", "large orders, any market"},
    {"0xa0e15e136565958b19917529179014a93c286b9f", "scalper", "small, quick orders in perpetuals"},
    {"0x724b114c712fd11ceb39adec1454369f15226bd5", "contrarian", "trades against the last move"},
    {"0x7bbd7d797654ae182bf5e96a98e7895a9529cc1b", "trend", "trades with the last move"},
    {"0xaf4cc6132dfafcc09f9ef7feab5e7a0f175ed687", "longshot", "buys outcomes below 0.25"},
    {"0x7f60312063b77e68894a1d0308f6d4daf7fc20b9", "regular", "a little of everything"},
};

const struct sim_wallet *sim_wallets(int *count) {
    *count = GEN_WALLETS;
    return wallets;
}

struct taken { const struct gen_market *k; int dir; price px; qty size; int64_t run; bool momentum; uint64_t chance; };

static bool whale(const struct taken *t) { return t->size.micro >= t->k->base_size && t->chance % 2 == 0; }
static bool scalper(const struct taken *t) { return t->k->m.kind == MARKET_PERP && t->size.micro < t->k->base_size / 4 && t->chance % 5 == 0; }
static bool contrarian(const struct taken *t) { return !t->momentum && t->run != 0 && (t->run > 0) == (t->dir < 0) && t->chance % 6 == 1; }
static bool trend(const struct taken *t) { return t->momentum; }
static bool longshot(const struct taken *t) {
    const int64_t own = t->dir > 0 ? t->px.micro : DEC_ONE - t->px.micro;
    return t->k->m.kind == MARKET_BINARY && own <= DEC_ONE / 4 && t->chance % 3 == 1;
}
static bool regular(const struct taken *t) { return t->chance % 20 == 7; }

static bool (*const habits[GEN_WALLETS])(const struct taken *) = {whale, scalper, contrarian, trend, longshot, regular};

/* --- telling ----------------------------------------------------------------------------------------------- */
static void tell(struct gen *g, const struct target_trade *t, bool baseline, int64_t now_us) {
    struct event ev;
    event_init(&ev, EVENT_TARGET_TRADE, exchange_settings(g->x)->venue, now_us + SEEN_AFTER_US);
    ev.u.target = *t;
    ev.u.target.baseline = baseline;
    exchange_publish_at(g->x, &ev);
}

/* What it holds decides what a buy or a sell is to a wallet: it closes before it takes the other side. */
static void side_of(struct target_trade *t, const struct gen_market *k, int dir, int64_t *net) {
    const bool binary = k->m.kind == MARKET_BINARY, closes = *net != 0 && (*net > 0) == (dir < 0);
    const bool up = closes ? *net > 0 : dir > 0;
    if (closes && t->size.micro > (*net > 0 ? *net : -*net))
        t->size.micro = *net > 0 ? *net : -*net;
    t->side = (uint8_t)(binary ? (up ? SIDE_YES : SIDE_NO) : (up ? SIDE_LONG : SIDE_SHORT));
    t->action = (uint8_t)(closes ? side_closing_action((enum order_side)t->side) : side_opening_action((enum order_side)t->side));
    t->px = book_price((enum order_side)t->side, t->px);
    *net += dir * t->size.micro;
}

void gen_wallets_taken(struct gen *g, const struct gen_market *k, int dir, price px, qty size, bool momentum, int64_t now_us) {
    const uint64_t chance = fnv64_u64(fnv64_u64(fnv64_u64(g->seed ^ FNV64_INIT, k->m.id), (uint64_t)now_us), (uint64_t)size.micro) >> 20;
    const struct taken taken = {k, dir, px, size, k->fast - k->slow, momentum, chance};
    int i = 0;
    while (i < GEN_WALLETS && !habits[i](&taken))
        i++;
    if (i == GEN_WALLETS || size.micro <= 0)
        return;
    struct gen_wallet *w = &g->wallets[i];
    struct target_trade *t = &w->last[w->count % GEN_WALLET_TRADES];
    *t = (struct target_trade){.market = k->m.id, .px = px, .size = size, .at_us = now_us};
    str_copy(t->wallet, sizeof t->wallet, wallets[i].address);
    side_of(t, k, dir, &w->net[k - g->markets]);
    snprintf(t->trade, sizeof t->trade, "%.8s-%llx-%lld", wallets[i].address, (unsigned long long)k->m.id >> 32, (long long)now_us);
    w->count++;
    if (w->asked)
        tell(g, t, false, now_us);
}

void gen_wallets_forget(struct gen *g, const struct gen_market *k) {
    for (int i = 0; i < GEN_WALLETS; i++)
        g->wallets[i].net[k - g->markets] = 0;
}

/* --- asking -------------------------------------------------------------------------------------------------- */
enum err gen_wallets_ask(struct gen *g, const struct fx_activity *a, int64_t now_us) {
    int i = 0;
    while (i < GEN_WALLETS && !str_eq_nocase(wallets[i].address, a->wallet))
        i++;
    if (i == GEN_WALLETS)
        return ERR_NOT_FOUND;
    struct gen_wallet *w = &g->wallets[i];
    w->asked = a->on;
    uint64_t first = w->count > GEN_WALLET_TRADES ? w->count - GEN_WALLET_TRADES : 0;
    for (uint64_t n = first; a->on && n < w->count; n++) {
        const struct target_trade *t = &w->last[n % GEN_WALLET_TRADES];
        if (t->at_us >= a->since_us)
            tell(g, t, a->since_us == 0, now_us);
    }
    return ERR_OK;
}
