/* Buy and hold: an equal part of equity in every perpetual it may trade, once, without leverage. The baseline of "do nothing". */
#include <math.h>
#include <stdio.h>

#include "agent/builtin/parts.h"

enum { CONFIDENCE = 50 };
static const double stop_part = 0.20; /* where limits ask for a stop */

static bool ever_held(const struct mind *x, market_id id) {
    int cursor = 0;
    for (const struct order *o; (o = view_next_position(x->view, &cursor, false)) != NULL;)
        if (o->account == x->m->account && o->market == id)
            return true;
    return false;
}

static void decide(const struct desk *view, const struct model *m, const struct run_snapshot *s, uint64_t seed, struct builtin_decision *out) {
    struct mind x;
    int parts = 0;
    (void)seed;
    mind_begin(&x, view, m, s, out);
    for (int i = 0; i < s->market_count; i++) {
        struct view_market k;
        parts += view_market(view, s->markets[i].id, &k) && k.m->kind == MARKET_PERP;
    }
    for (int i = 0; i < s->market_count; i++) {
        struct reading r;
        if (!mind_read(&x, s->markets[i].id, &r) || r.k.m->kind != MARKET_PERP)
            continue;
        if (r.held) {
            mind_say(&x, "%s: held since %s, now %s: keep", r.name, reading_text(&r, (double)r.held->pos.entry_price.micro / 1e6), reading_text(&r, r.px));
            continue;
        }
        if (ever_held(&x, r.k.m->id)) {
            mind_say(&x, "%s: was bought and is gone; it is bought once only", r.name);
            continue;
        }
        struct plan p = {.side = SIDE_LONG, .stop = m->limits.stop_required ? r.px * (1 - stop_part) : 0, .confidence = m->limits.full_confidence > CONFIDENCE ? (int)m->limits.full_confidence : CONFIDENCE,
                         .share_ppm = DEC_ONE, .slots = parts, .why = "the market is halted or delisted"};
        if (m->limits.min_reward > 0 && p.stop > 0)
            p.target = r.px + (r.px - p.stop) * (double)m->limits.min_reward / 1e6 * 1.05;
        mind_say(&x, "%s: one of %d equal parts", r.name, parts);
        mind_open(&x, &r, &p);
    }
    mind_end(&x);
}

const struct builtin builtin_hold = {"hold", "Buy and hold: equal parts of all perpetuals", decide};
