/* Breakout on 5-minute candles: beyond the 20-candle range (Donchian), out of a squeeze (Bollinger inside Keltner), on VWAP's side. */
#include <math.h>
#include <stdio.h>

#include "agent/builtin/parts.h"

static const double stop_atr = 1.5, target_atr = 3.5, volume_high = 1.3;
enum { SLOTS = 5, RISK_SHARE = 250000, HOLD_S = 2 * 3600, SQUEEZE_BACK = FRAME_RECENT /* candles in which it still counts */ };

/* Candles since the bands were last inside the channel, -1 = not lately. */
static int squeezed(const struct reading *r) {
    for (int back = 0; back < SQUEEZE_BACK; back++)
        if (frame_value(r->fast, IND_BB_UPPER, back) < frame_value(r->fast, IND_KC_UPPER, back) && frame_value(r->fast, IND_BB_LOWER, back) > frame_value(r->fast, IND_KC_LOWER, back))
            return back;
    return -1;
}

static void manage(struct mind *x, const struct reading *r) {
    double ema = reading_value(r, IND_EMA20), entry = (double)book_price((enum order_side)r->held->side, r->held->pos.entry_price).micro / 1e6;
    double gained = (r->px - entry) * r->dir;
    if (isfinite(ema) && (r->px - ema) * r->dir < 0) {
        mind_say(x, "%s: price %s is back %s EMA20 %s: the break failed, close", r->name, reading_text(r, r->px), r->dir > 0 ? "below" : "above", reading_text(r, ema));
        mind_close(x, r);
    } else if (gained > 2 * stop_atr * r->atr && mind_trail(x, r, r->px - r->dir * r->atr, "two times the risk is earned: one ATR behind the price")) {
        return;
    } else if (gained > stop_atr * r->atr && mind_trail(x, r, entry, "its risk is earned: stop to the entry")) {
        return;
    } else {
        mind_say(x, "%s: %+.2f ATR since entry %s: keep", r->name, gained / r->atr, reading_text(r, entry));
    }
}

static void enter(struct mind *x, const struct reading *r) {
    double high = reading_value(r, IND_HIGH20), low = reading_value(r, IND_LOW20), vwap = reading_value(r, IND_VWAP), ratio = reading_value(r, IND_VOLUME_RATIO);
    int dir = isfinite(high) && r->px > high ? 1 : isfinite(low) && r->px < low ? -1 : 0, back = squeezed(r);
    if (dir == 0) {
        mind_say(x, "%s: inside its range %s - %s%s", r->name, reading_text(r, low), reading_text(r, high), back == 0 ? ", squeezed" : "");
        return;
    }
    bool side = isfinite(vwap) && (r->px - vwap) * dir > 0, loud = isfinite(ratio) && ratio >= volume_high;
    if (!side || (back < 0 && !loud)) {
        mind_say(x, "%s: breaks %s %s, but %s", r->name, dir > 0 ? "above" : "below", reading_text(r, dir > 0 ? high : low), side ? "without squeeze or volume" : "on the wrong side of VWAP");
        return;
    }
    struct plan p = {.side = reading_side(r->k.m, dir), .stop = r->px - dir * stop_atr * r->atr, .target = r->px + dir * target_atr * r->atr, .hold_s = HOLD_S,
                     .confidence = 56 + (back >= 0 ? 6 : 0) + (loud ? 6 : 0), .share_ppm = RISK_SHARE, .slots = SLOTS, .why = "the price returns through EMA20 on 5-minute candles"};
    mind_say(x, "%s: price %s breaks the 20-candle %s %s, VWAP %s, volume ratio %.2f, %s", r->name, reading_text(r, r->px), dir > 0 ? "high" : "low", reading_text(r, dir > 0 ? high : low), reading_text(r, vwap),
        ratio, back >= 0 ? "out of a squeeze" : "no squeeze");
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
        if (r.held)
            manage(&x, &r);
        else
            enter(&x, &r);
    }
    mind_end(&x);
}

const struct builtin builtin_breakout = {"breakout", "Breakout: Donchian range, squeeze, VWAP", decide};
