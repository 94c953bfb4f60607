/* Mean reversion on 5-minute candles: outside a Bollinger band with an extreme RSI and no trend, back to the middle. On binary markets
 * the middle is the fair probability, and it is the confidence. */
#include <math.h>
#include <stdio.h>

#include "agent/builtin/parts.h"

static const double adx_most = 25, adx_out = 30, rsi_low = 38, rsi_high = 62, band_part = 0.12 /* this near to a band, as a part of its width */, stop_atr = 1.0;
enum { SLOTS = 6, RISK_SHARE = 250000, HOLD_S = 12 * 3600, CLOSE_S = 3600 /* no binary that closes sooner */ };

struct signs { double upper, lower, middle, adx, rsi, part; };

static struct signs signs_of(const struct reading *r) {
    struct signs g = {reading_value(r, IND_BB_UPPER), reading_value(r, IND_BB_LOWER), reading_value(r, IND_SMA20), reading_value(r, IND_ADX14), reading_value(r, IND_RSI14), NAN};
    if (g.upper > g.lower)
        g.part = (r->px - g.lower) / (g.upper - g.lower); /* 0 at the lower band, 1 at the upper */
    return g;
}

/* Fee twice and the spread, as a price. */
static double cost_of(const struct reading *r) {
    double spread = (double)(r->k.ask.micro - r->k.bid.micro) / 1e6;
    return spread + 2 * r->px * (double)r->k.m->taker_ppm / 1e6;
}

static void manage(struct mind *x, const struct reading *r, const struct signs *g) {
    if (isfinite(g->middle) && (r->px - g->middle) * r->dir >= 0) {
        mind_say(x, "%s: back at its mean %s (SMA20): take it, close", r->name, reading_text(r, g->middle));
        mind_close(x, r);
    } else if (g->adx > adx_out && (g->middle - reading_value(r, IND_EMA50)) * r->dir < 0) {
        mind_say(x, "%s: ADX %.1f: a trend has begun against the position, close", r->name, g->adx);
        mind_close(x, r);
    } else {
        mind_say(x, "%s: waits for its mean %s, price %s, RSI %.1f: keep", r->name, reading_text(r, g->middle), reading_text(r, r->px), g->rsi);
    }
}

/* +1 too cheap, -1 too dear, 0 neither. */
static int extreme(const struct signs *g) {
    if (!isfinite(g->part) || !isfinite(g->rsi) || !isfinite(g->adx) || g->adx >= adx_most)
        return 0;
    if (g->part <= band_part && g->rsi < rsi_low)
        return 1;
    return g->part >= 1 - band_part && g->rsi > rsi_high ? -1 : 0;
}

static bool closes_soon(const struct mind *x, const struct reading *r) { return r->k.m->closes_us > 0 && r->k.m->closes_us - x->now_us < CLOSE_S * 1000000LL; }

static void enter(struct mind *x, const struct reading *r, const struct signs *g) {
    int dir = extreme(g);
    bool binary = r->k.m->kind == MARKET_BINARY;
    if (dir == 0 || (binary && closes_soon(x, r))) {
        if (!binary)
            mind_say(x, "%s: no extreme (price at %.2f of its band, RSI %.1f, ADX %.1f)", r->name, g->part, g->rsi, g->adx);
        return;
    }
    double gain = (g->middle - r->px) * dir;
    if (gain < 2 * cost_of(r)) {
        mind_say(x, "%s: extreme, but the mean %s is too near to pay for costs", r->name, reading_text(r, g->middle));
        return;
    }
    double band = dir > 0 ? g->lower : g->upper, edge = (r->px - band) * dir < 0 ? r->px : band; /* the farther of price and band */
    int confidence = binary ? (int)lround((dir > 0 ? g->middle : 1 - g->middle) * 100) : (int)lround(55 + fmin(25, fabs(g->rsi - 50) - 15));
    struct plan p = {.side = reading_side(r->k.m, dir), .stop = edge - dir * stop_atr * r->atr, .target = g->middle, .hold_s = HOLD_S, .confidence = confidence, .share_ppm = RISK_SHARE,
                     .slots = SLOTS, .why = "a 5-minute close more than one ATR beyond the Bollinger band"};
    if (p.stop <= 0)
        p.stop = (double)r->k.m->min_price.micro / 1e6;
    if (binary) { /* a stop off the scale is none */
        p.slots = 40;
        if (p.stop <= 0.01 || p.stop >= 0.99)
            p.stop = dir > 0 ? 0.01 : 0.99;
    }
    mind_say(x, "%s: price %s is %s its Bollinger band %s, RSI %.1f, ADX %.1f %s: back to SMA20 %s", r->name, reading_text(r, r->px), dir > 0 ? "at or below" : "at or above", reading_text(r, band), g->rsi,
        g->adx, adx_word(g->adx), reading_text(r, g->middle));
    mind_open(x, r, &p);
}

static void decide(const struct desk *view, const struct model *m, const struct run_snapshot *s, uint64_t seed, struct builtin_decision *out) {
    struct mind x;
    (void)seed;
    mind_begin(&x, view, m, s, out);
    for (int i = 0; i < s->market_count; i++) {
        struct reading r;
        if (!mind_read(&x, s->markets[i].id, &r))
            continue;
        struct signs g = signs_of(&r);
        if (r.held)
            manage(&x, &r, &g);
        else
            enter(&x, &r, &g);
    }
    mind_end(&x);
}

const struct builtin builtin_meanrev = {"meanrev", "Mean reversion: Bollinger bands, RSI, low ADX", decide};
