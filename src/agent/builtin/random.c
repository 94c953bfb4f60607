/* Chance as a baseline: who can't beat it has no edge. Draws from the run's id, so a run can be done again. */
#include <math.h>
#include <stdio.h>

#include "agent/builtin/parts.h"
#include "turret/base/rng.h"

enum { HELD_MOST = 6, SLOTS = 20, REST_OF_TEN = 2 /* runs that do nothing */, CLOSE_S = 900 };

static bool usable(const struct mind *x, const struct reading *r) {
    return r->held || r->k.m->closes_us == 0 || r->k.m->closes_us - x->now_us > CLOSE_S * 1000000LL;
}

static void open_any(struct mind *x, const struct reading *r, struct rng *g) {
    int dir = rng_below(g, 2) == 0 ? 1 : -1;
    bool binary = r->k.m->kind == MARKET_BINARY;
    double room = binary ? fmin(r->px, 1 - r->px) / 2 : r->px / 10, width = fmin((2 + (double)rng_below(g, 3)) * r->atr, room);
    int64_t minutes = rng_range(g, 10, 60);
    /* The price is as good a guess as chance can make. */
    int confidence = binary ? (int)lround((dir > 0 ? r->px : 1 - r->px) * 100) : 50;
    struct plan p = {.side = reading_side(r->k.m, dir), .stop = r->px - dir * width, .target = r->px + dir * 2 * width, .hold_s = minutes * 60, .confidence = confidence, .share_ppm = DEC_ONE,
                     .slots = SLOTS, .why = "none: chance opened it, time closes it"};
    if (p.target <= 0 || (binary && (p.target >= 0.99 || p.target <= 0.01)))
        p.target = 0;
    mind_say(x, "%s: the coin says %s for %lld minutes, stop %.1f ATR away", r->name, order_side_name(p.side), (long long)minutes, width / r->atr);
    mind_open(x, r, &p);
}

static void decide(const struct desk *view, const struct model *m, const struct run_snapshot *s, uint64_t seed, struct builtin_decision *out) {
    struct mind x;
    struct rng g;
    mind_begin(&x, view, m, s, out);
    rng_seed(&g, seed);
    if (s->market_count == 0 || (x.positions > 0 && rng_below(&g, 10) < REST_OF_TEN)) {
        mind_say(&x, "The coin says: do nothing.");
        mind_end(&x);
        return;
    }
    /* A few tries: a market may be unreadable or nearly closed. */
    for (int i = 0; i < 8; i++) {
        struct reading r;
        if (!mind_read(&x, s->markets[rng_below(&g, (uint64_t)s->market_count)].id, &r) || !usable(&x, &r))
            continue;
        if (r.held) {
            mind_say(&x, "%s: the coin says close it, at %s after %s", r.name, reading_text(&r, r.px), reading_text(&r, (double)book_price((enum order_side)r.held->side, r.held->pos.entry_price).micro / 1e6));
            mind_close(&x, &r);
            break;
        }
        if (x.positions >= HELD_MOST)
            continue;
        size_t before = (size_t)x.opened;
        open_any(&x, &r, &g);
        if ((size_t)x.opened > before)
            break;
    }
    mind_end(&x);
}

const struct builtin builtin_random = {"random", "Random: the measure of luck", decide};
