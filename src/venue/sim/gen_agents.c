/* Who trades in generated markets: makers that quote in layers around the fair value and lean against their
 * inventory, noise traders with market and limit orders, and momentum traders. All post real orders. */
#include "venue/sim/gen.h"

#include <string.h>

static int64_t floor_to(int64_t v, int64_t step) {
    int64_t r = v % step;
    return v - (r < 0 ? r + step : r);
}
static int64_t ceil_to(int64_t v, int64_t step) { return -floor_to(-v, step); }
static int64_t clamp64(int64_t v, int64_t low, int64_t high) { return v < low ? low : v > high ? high : v; }
static int64_t abs64(int64_t v) { return v < 0 ? -v : v; }
static int64_t max64(int64_t a, int64_t b) { return a > b ? a : b; }

static int64_t whole_lots(const struct gen_market *k, int64_t size) {
    return max64(floor_to(size, k->m.lot.micro), max64(k->m.lot.micro, k->m.min_size.micro));
}

static int layers(const struct gen_market *k) { return k->m.kind == MARKET_PERP ? GEN_LAYERS : 6; }

/* Spreads widen with volatility, so after a jump. */
static int64_t half_now(const struct gen_market *k) {
    return max64((int64_t)((__int128)k->half_spread * max64(k->vol_pm, 800000) / 1000000), k->m.tick.micro / 2);
}

/* Distance of layer i from the centre: near layers tight, far ones wide apart. */
static int64_t distance(const struct gen_market *k, int64_t half, int i) {
    if (k->m.kind == MARKET_PERP)
        return half + half * i * (i + 3) / 2;
    return half + i * k->m.tick.micro + (i > 3 ? (i - 3) * k->m.tick.micro : 0);
}

/* Far layers sit on round prices and stay there while the market moves a little. */
static int64_t grid(const struct gen_market *k, int i) {
    if (k->m.kind != MARKET_PERP)
        return k->m.tick.micro;
    return k->m.tick.micro * (i < 2 ? 1 : i < 5 ? 5 : 10);
}

static int64_t target(const struct gen_market *k, int64_t centre, int64_t half, int side, int i) {
    int64_t d = distance(k, half, i), px;
    px = side == BOOK_BID ? floor_to(centre - d, grid(k, i)) : ceil_to(centre + d, grid(k, i));
    return px < k->m.min_price.micro || px > k->m.max_price.micro ? 0 : px;
}

/* What was taken from a maker's quotes moves its inventory and everybody's opinion. */
static void maker_filled(struct gen_market *k, struct gen_maker *mk, int side, int64_t filled) {
    int64_t dir = side == BOOK_BID ? -1 : 1; /* the taker's */
    mk->inventory -= dir * filled;
    int64_t push = (int64_t)((__int128)dir * k->half_spread * filled / (k->base_size * 5));
    if (k->m.kind == MARKET_PERP) { /* half of it stays for good */
        k->nano += push * 500;
        push -= push / 2;
    }
    k->lean += push;
}

static void maker_poll(struct gen *g, struct gen_market *k, struct gen_maker *mk) {
    for (int s = 0; s < 2; s++)
        for (int i = 0; i < layers(k); i++) {
            struct gen_layer *l = &mk->layer[s][i];
            if (!l->handle)
                continue;
            qty rest = {0};
            if (!exchange_bot_resting(g->x, k->m.id, l->handle, &rest)) {
                l->handle = 0;
                rest.micro = 0;
            }
            if (rest.micro < l->size)
                maker_filled(k, mk, s, l->size - rest.micro);
            l->size = rest.micro;
        }
}

static void layer_cancel(struct gen *g, struct gen_market *k, struct gen_layer *l, int64_t now_us) {
    exchange_bot_cancel(g->x, k->m.id, l->handle, now_us);
    *l = (struct gen_layer){0};
}

static int64_t maker_centre(const struct gen_market *k, const struct gen_maker *mk, int64_t half) {
    int64_t skew = (int64_t)(-(__int128)mk->inventory * half / (k->base_size * 6));
    return k->fair + clamp64(skew, -half * 8 / 10, half * 8 / 10) + half * mk->lean_ppm / 1000000;
}

/* Quotes that the fair value has run over are pulled by every maker at once. */
static void maker_pull(struct gen *g, struct gen_market *k, struct gen_maker *mk, int64_t now_us) {
    for (int s = 0; s < 2; s++)
        for (int i = 0; i < layers(k); i++) {
            struct gen_layer *l = &mk->layer[s][i];
            if (l->handle && (s == BOOK_BID ? l->px >= k->fair : l->px <= k->fair))
                layer_cancel(g, k, l, now_us);
        }
}

static void maker_quote(struct gen *g, struct gen_market *k, struct gen_maker *mk, uint16_t bot, int64_t now_us) {
    mk->inventory -= mk->inventory / 50; /* hedged elsewhere */
    int64_t half = half_now(k), centre = maker_centre(k, mk, half);
    int fresh = (int)rng_below(&k->rng, (uint64_t)(4 * layers(k))); /* now and then one quote gets a new size */
    for (int s = 0; s < 2; s++)
        for (int i = 0; i < layers(k); i++) {
            struct gen_layer *l = &mk->layer[s][i];
            int64_t want = target(k, centre, half, s, i), slack = i == 0 ? half / 4 : distance(k, half, i) / 5;
            if (l->handle && (!want || abs64(l->px - want) > slack || l->size < k->base_size / 4 || fresh == 2 * i + s))
                layer_cancel(g, k, l, now_us);
        }
    for (int s = 0; s < 2; s++)
        for (int i = 0; i < layers(k); i++) {
            struct gen_layer *l = &mk->layer[s][i];
            int64_t px = target(k, centre, half, s, i);
            if (l->handle || !px)
                continue;
            int64_t size = k->base_size * (10 + 6 * i) / 10 * rng_range(&k->rng, 40, 160) / 100;
            size = whole_lots(k, size);
            l->handle = exchange_bot_limit(g->x, k->m.id, bot, s == BOOK_BID ? 1 : -1, PRICE(px), QTY(size), now_us);
            l->px = px;
            qty rest = {0};
            if (l->handle)
                exchange_bot_resting(g->x, k->m.id, l->handle, &rest);
            l->size = rest.micro;
            mk->inventory += (s == BOOK_BID ? 1 : -1) * (size - rest.micro);
        }
}

static void resting_expire(struct gen *g, struct gen_market *k, int64_t now_us) {
    for (int i = 0; i < GEN_RESTING; i++)
        if (k->resting[i].handle && k->resting[i].until_us <= now_us) {
            exchange_bot_cancel(g->x, k->m.id, k->resting[i].handle, now_us);
            k->resting[i].handle = 0;
        }
}

/* A small trader's limit order: joins the best price, or betters it where the spread leaves room. */
static void noise_limit(struct gen *g, struct gen_market *k, int dir, int64_t now_us) {
    struct gen_resting *slot = NULL;
    for (int i = 0; i < GEN_RESTING && !slot; i++)
        slot = k->resting[i].handle ? NULL : &k->resting[i];
    struct level own, other;
    if (!slot || !exchange_best(g->x, k->m.id, dir > 0 ? BOOK_BID : BOOK_ASK, &own) ||
        !exchange_best(g->x, k->m.id, dir > 0 ? BOOK_ASK : BOOK_BID, &other))
        return;
    int64_t tick = k->m.tick.micro, px = own.px.micro;
    if (abs64(other.px.micro - px) >= 3 * tick && rng_below(&k->rng, 3) == 0)
        px += dir * tick;
    else
        px -= dir * tick * (int64_t)rng_below(&k->rng, 4);
    if (px < k->m.min_price.micro || px > k->m.max_price.micro)
        return;
    int64_t size = whole_lots(k, k->base_size * rng_range(&k->rng, 5, 60) / 100);
    slot->handle = exchange_bot_limit(g->x, k->m.id, BOT_RESTING, dir, PRICE(px), QTY(size), now_us);
    slot->until_us = now_us + rng_range(&k->rng, 8, 90) * GEN_SECOND;
}

/* A market order of at most half as much again as the best level shows: nobody sweeps the book by mistake. */
static void take(struct gen *g, struct gen_market *k, enum gen_bot bot, int dir, int64_t size, int64_t now_us) {
    struct level top;
    if (!exchange_best(g->x, k->m.id, dir > 0 ? BOOK_ASK : BOOK_BID, &top))
        return;
    if (size > top.size.micro * 3 / 2)
        size = top.size.micro * 3 / 2;
    int64_t got = exchange_bot_market(g->x, k->m.id, (uint16_t)bot, dir, QTY(whole_lots(k, size)), now_us).micro;
    gen_wallets_taken(g, k, dir, top.px, QTY(got < top.size.micro ? got : top.size.micro), bot == BOT_MOMENTUM, now_us);
}

static void noise_trade(struct gen *g, struct gen_market *k, int64_t now_us) {
    k->next_noise_us = now_us + max64(rng_exp(&k->rng, k->noise_mean_us), GEN_BEAT_US);
    if (rng_below(&k->rng, 100) < 45) /* orders come in runs */
        k->last_dir = rng_below(&k->rng, 2) ? 1 : -1;
    if (rng_below(&k->rng, 100) < 35) {
        noise_limit(g, k, k->last_dir, now_us);
        return;
    }
    int64_t size = k->base_size * rng_range(&k->rng, 2, 70) / 100;
    if (rng_below(&k->rng, 14) == 0)
        size *= 4;
    take(g, k, BOT_NOISE, k->last_dir, size, now_us);
}

static void momentum_trade(struct gen *g, struct gen_market *k, int64_t now_us) {
    k->next_momentum_us = now_us + max64(rng_exp(&k->rng, 3 * k->noise_mean_us), GEN_BEAT_US);
    int64_t run = k->fast - k->slow;
    if (abs64(run) < 4 * k->half_spread)
        return;
    take(g, k, BOT_MOMENTUM, run > 0 ? 1 : -1, k->base_size * rng_range(&k->rng, 20, 120) / 100, now_us);
}

void gen_agents_start(struct gen *g, struct gen_market *k, int64_t now_us) {
    for (int i = 0; i < GEN_MAKERS; i++) {
        k->maker[i].lean_ppm = rng_range(&k->rng, -250000, 250000);
        maker_quote(g, k, &k->maker[i], (uint16_t)(BOT_MAKER + i), now_us);
    }
    k->next_noise_us = now_us + rng_exp(&k->rng, k->noise_mean_us);
    k->next_momentum_us = now_us + rng_exp(&k->rng, 3 * k->noise_mean_us);
    k->next_step_us = now_us + rng_range(&k->rng, GEN_BEAT_US, k->step_us);
    k->last_dir = 1;
}

void gen_agents_step(struct gen *g, struct gen_market *k, int64_t now_us) {
    k->next_step_us = now_us + rng_range(&k->rng, k->step_us / 2, k->step_us * 3 / 2);
    k->fast += (k->fair - k->fast) / 16;
    k->slow += (k->fair - k->slow) / 128;
    for (int i = 0; i < GEN_MAKERS; i++) {
        maker_poll(g, k, &k->maker[i]);
        maker_pull(g, k, &k->maker[i], now_us);
    }
    int turn = (int)rng_below(&k->rng, GEN_MAKERS);
    maker_quote(g, k, &k->maker[turn], (uint16_t)(BOT_MAKER + turn), now_us);
    resting_expire(g, k, now_us);
    if (k->next_noise_us <= now_us)
        noise_trade(g, k, now_us);
    if (k->next_momentum_us <= now_us)
        momentum_trade(g, k, now_us);
}

void gen_agents_forget(struct gen_market *k) {
    memset(k->maker, 0, sizeof k->maker);
    memset(k->resting, 0, sizeof k->resting);
}
