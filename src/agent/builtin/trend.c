/* Trend following on 5-minute candles: EMA 20 against EMA 50, ADX, Supertrend; the stop trails behind EMA 20, the cross ends it. */
#include <math.h>
#include <stdio.h>

#include "agent/builtin/parts.h"

static const double adx_least = 20, adx_strong = 25, stop_atr = 2.0, trail_atr = 1.5, target_r = 8;
enum { SLOTS = 4, RISK_SHARE = 250000 /* a quarter of what may be risked: several trends run at once */ };

struct signs { double ema20, ema50, adx, supertrend, slow20, slow50; };

static struct signs signs_of(const struct reading *r) {
    return (struct signs){reading_value(r, IND_EMA20), reading_value(r, IND_EMA50), reading_value(r, IND_ADX14), reading_value(r, IND_SUPERTREND), frame_value(r->slow, IND_EMA20, 0), frame_value(r->slow, IND_EMA50, 0)};
}

/* +1 up, -1 down, 0 undecided: averages, price and Supertrend must agree. */
static int direction(const struct reading *r, const struct signs *g) {
    if (!isfinite(g->ema50) || !isfinite(g->supertrend) || !isfinite(g->adx))
        return 0;
    if (g->ema20 > g->ema50 && r->px > g->ema50 && g->supertrend < r->px)
        return 1;
    if (g->ema20 < g->ema50 && r->px < g->ema50 && g->supertrend > r->px)
        return -1;
    return 0;
}

static void manage(struct mind *x, const struct reading *r, const struct signs *g) {
    const char *word = r->dir > 0 ? "below" : "above";
    if (isfinite(g->ema50) && (g->ema20 - g->ema50) * r->dir < 0) {
        mind_say(x, "%s: EMA20 %s has crossed %s EMA50 %s: the trend is over, close", r->name, reading_text(r, g->ema20), word, reading_text(r, g->ema50));
        mind_close(x, r);
    } else if (isfinite(g->supertrend) && (r->px - g->supertrend) * r->dir < 0 && g->adx < adx_least) {
        mind_say(x, "%s: Supertrend %s has turned and ADX %.1f is weak: close", r->name, reading_text(r, g->supertrend), g->adx);
        mind_close(x, r);
    } else if (!mind_trail(x, r, g->ema20 - r->dir * trail_atr * r->atr, "stop trails 1.5 ATR behind EMA20")) {
        mind_say(x, "%s: %s holds, EMA20 %s, EMA50 %s, ADX %.1f: keep", r->name, r->dir > 0 ? "up trend" : "down trend", reading_text(r, g->ema20), reading_text(r, g->ema50), g->adx);
    }
}

static void enter(struct mind *x, const struct reading *r, const struct signs *g) {
    int dir = direction(r, g);
    if (dir == 0 || g->adx < adx_least) {
        mind_say(x, "%s: no trend (EMA20 %s, EMA50 %s, ADX %.1f)", r->name, reading_text(r, g->ema20), reading_text(r, g->ema50), g->adx);
        return;
    }
    bool slow = isfinite(g->slow50) && (g->slow20 - g->slow50) * dir > 0;
    int confidence = 60 + (g->adx >= adx_strong ? 15 : 0) + (slow ? 10 : 0);
    double stop = r->px - dir * stop_atr * r->atr;
    struct plan p = {.side = reading_side(r->k.m, dir), .stop = stop, .target = r->px + dir * target_r * stop_atr * r->atr, .confidence = confidence, .share_ppm = RISK_SHARE, .slots = SLOTS,
                     .why = dir > 0 ? "EMA20 falls below EMA50 on 5-minute candles" : "EMA20 rises above EMA50 on 5-minute candles"};
    if (p.target <= 0)
        p.target = r->px / 2;
    mind_say(x, "%s: EMA20 %s %s EMA50 %s, ADX %.1f %s, Supertrend %s, 4-hour %s", r->name, reading_text(r, g->ema20), dir > 0 ? "above" : "below", reading_text(r, g->ema50), g->adx, adx_word(g->adx),
        reading_text(r, g->supertrend), slow ? "agrees" : "does not agree");
    mind_open(x, r, &p);
}

static void decide(const struct desk *view, const struct model *m, const struct run_snapshot *s, uint64_t seed, struct builtin_decision *out) {
    struct mind x;
    (void)seed;
    mind_begin(&x, view, m, s, out);
    for (int i = 0; i < s->market_count; i++) {
        struct reading r;
        if (!mind_read(&x, s->markets[i].id, &r) || (r.k.m->kind != MARKET_PERP && !r.held))
            continue;
        struct signs g = signs_of(&r);
        if (r.held)
            manage(&x, &r, &g);
        else
            enter(&x, &r, &g);
    }
    mind_end(&x);
}

const struct builtin builtin_trend = {"trend", "Trend: EMA 20/50, ADX, Supertrend", decide};
