/* Exits that move or come in parts: the trail that draws the stop behind the best price, the stop that goes to the entry, and the ladder of
 * targets. All are levels of the same index; the stop itself stays plan.stop, so that whatever moved it, one thing closes. */
#include "desk/state.h"

#include <math.h>
#include <stdlib.h>

enum err exit_rules_check(const struct market *m, int dir, const struct exit_rules *r, price entry) {
    int64_t parts = 0;
    if (r->trail_kind > TRAIL_ATR || r->rung_count > LADDER_MAX || r->trail < 0 || r->before_close_s < 0 || r->break_even.micro < 0 || (r->trail_kind != TRAIL_NONE) != (r->trail > 0))
        return ERR_BAD_VALUE;
    if (r->trail_kind == TRAIL_PERCENT && r->trail >= DEC_ONE)
        return ERR_BAD_VALUE;
    const int64_t most = m->kind == MARKET_BINARY ? DEC_ONE - 1 : INT64_MAX;
    if (r->break_even.micro > most || (r->trail_kind == TRAIL_DISTANCE && r->trail > most))
        return ERR_PRICE_OUT_OF_RANGE;
    if (r->break_even.micro > 0 && entry.micro > 0 && (r->break_even.micro - entry.micro) * dir <= 0)
        return ERR_TARGET_SIDE;
    for (int i = 0; i < r->rung_count; i++) {
        const struct exit_rung *g = &r->rungs[i];
        parts += g->part_ppm;
        if (g->level.micro <= 0 || g->part_ppm <= 0 || (i > 0 && (g->level.micro - r->rungs[i - 1].level.micro) * dir <= 0))
            return ERR_BAD_VALUE;
        if (g->level.micro > most)
            return ERR_PRICE_OUT_OF_RANGE;
        if (entry.micro > 0 && (g->level.micro - entry.micro) * dir <= 0)
            return ERR_TARGET_SIDE;
    }
    return parts > DEC_ONE ? ERR_BAD_VALUE : ERR_OK;
}

enum err plan_rules(const struct rec *pos, const struct exit_rules *rules, struct exit_plan *plan) {
    const enum err e = exit_rules_check(&pos->m->m, position_dir((enum order_side)pos->o.side), rules, pos->is_pos ? pos->o.pos.entry_price : PRICE(0));
    if (e != ERR_OK)
        return e;
    plan->rules = *rules;
    plan->trail_best = PRICE(0);
    plan->trailed = 0;
    plan->ladder_size = pos->is_pos ? pos->o.pos.open : QTY(0);
    for (int i = 0; i < plan->rules.rung_count; i++)
        plan->rules.rungs[i].done = 0;
    return ERR_OK;
}

/* --- the trail --- */
static bool own_figure(const struct desk *d, const struct rec *pos, price *out) {
    price px;
    if (!figure_of_lane(pos->m, exits_source(d, pos), &px))
        return false;
    *out = book_price((enum order_side)pos->o.side, px);
    return out->micro > 0;
}

/* An average true range is analytics; what comes of it is rounded to money once, here. */
static int64_t atr_distance(const struct mkt *m, int64_t factor) {
    const double atr = m->intel != NULL ? frame_value(intel_frame(m->intel, FRAME_FAST), IND_ATR14, 1) : NAN;
    return isnan(atr) || atr <= 0 || atr > 1e9 ? 0 : (int64_t)(atr * (double)factor);
}

static int64_t trail_distance(const struct rec *pos, price best) {
    const struct exit_rules *r = &pos->o.pos.plan.rules;
    switch ((enum trail_kind)r->trail_kind) {
    case TRAIL_DISTANCE: return r->trail;
    case TRAIL_PERCENT: return usd_of_sat(best, QTY(r->trail)).micro;
    case TRAIL_ATR: return atr_distance(pos->m, r->trail);
    case TRAIL_NONE: break;
    }
    return 0;
}

/* Away from the price, so that rounding never brings the stop nearer than asked. */
static price to_tick(const struct rec *pos, int64_t own, int dir) {
    int64_t book = book_price((enum order_side)pos->o.side, PRICE(own)).micro, out = 0;
    const bool down = (pos->o.side == SIDE_NO ? -dir : dir) > 0;
    if (!dec_to_step(book, pos->m->m.tick.micro, down ? ROUND_DOWN : ROUND_UP, &out))
        return PRICE(own);
    return book_price((enum order_side)pos->o.side, PRICE(out));
}

static void ratchet(struct desk *d, struct rec *pos, price now) {
    struct exit_plan *p = &pos->o.pos.plan;
    const int dir = position_dir((enum order_side)pos->o.side);
    if (p->trail_best.micro == 0 || (now.micro - p->trail_best.micro) * dir > 0) {
        p->trail_best = now;
        pos->moved = d->exits_moved = true;
    }
    const int64_t distance = trail_distance(pos, p->trail_best);
    if (distance <= 0)
        return;
    const price stop = to_tick(pos, p->trail_best.micro - dir * distance, dir);
    if (stop.micro > 0 && (p->stop.micro == 0 || (stop.micro - p->stop.micro) * dir > 0)) {
        p->stop = stop;
        p->trailed = 1;
        pos->moved = d->exits_moved = true;
        d->dirty |= DIRTY_POSITIONS;
    }
}

void exits_rules_seen(struct desk *d, struct rec *pos) {
    price now;
    struct mkt *m = pos->m;
    if (pos->o.pos.plan.rules.trail_kind != TRAIL_NONE && !m->gap && !m->crossed && mkt_fresh(d, m) && own_figure(d, pos, &now))
        ratchet(d, pos, now);
}

void exits_rules_arm(struct desk *d, struct rec *pos) {
    const struct exit_plan *p = &pos->o.pos.plan;
    const bool gain_falls = position_dir((enum order_side)pos->o.side) < 0;
    const int dir = gain_falls ? -1 : 1;
    exits_arm_at(d, pos, TRIGGER_BREAK_EVEN, p->rules.break_even, gain_falls);
    if (p->rules.trail_kind != TRAIL_NONE && p->trail_best.micro > 0)
        exits_arm_at(d, pos, TRIGGER_TRAIL, PRICE(p->trail_best.micro + dir), gain_falls);
    for (int i = 0; i < p->rules.rung_count && pos->provisional.micro == 0; i++)
        if (!p->rules.rungs[i].done)
            exits_arm_at(d, pos, (uint16_t)(TRIGGER_RUNG + i), p->rules.rungs[i].level, gain_falls);
}

void exits_flush(struct desk *d) {
    if (!d->exits_moved)
        return;
    d->exits_moved = false;
    for (size_t i = 0; i < d->market_count; i++)
        for (struct rec *pos = d->markets[i]->pos_first; pos != NULL; pos = pos->pos_next)
            if (pos->moved) {
                pos->moved = false;
                save_row(d, pos);
            }
}

/* --- what is hit --- */
static void hit_trail(struct desk *d, struct rec *pos) {
    price now;
    if (own_figure(d, pos, &now))
        ratchet(d, pos, now);
    exits_arm(d, pos);
}

static void hit_break_even(struct desk *d, struct rec *pos) {
    struct exit_plan *p = &pos->o.pos.plan;
    const int dir = position_dir((enum order_side)pos->o.side);
    const price entry = to_tick(pos, pos->o.pos.entry_price.micro, -dir); /* not below the entry: rounded towards the gain */
    p->rules.break_even = PRICE(0);
    if (p->stop.micro == 0 || (entry.micro - p->stop.micro) * dir > 0) {
        p->stop = entry;
        p->trailed = 0;
        history_add(d, HISTORY_EXIT, pos->o.id, pos->m, 0, "break-even", "stop at the entry %s", num_text(entry.micro).s);
        notice(d, NOTICE_INFO, pos, "the stop of position %u moved to its entry %s", pos->o.num, num_text(entry.micro).s);
    }
    save_row(d, pos);
    exits_arm(d, pos);
}

static qty rung_size(const struct rec *pos, const struct exit_rung *g) {
    int64_t size = 0, parts_left = 0;
    const struct exit_plan *p = &pos->o.pos.plan;
    const struct market *m = &pos->m->m;
    for (int i = 0; i < p->rules.rung_count; i++)
        parts_left += p->rules.rungs[i].done ? 0 : p->rules.rungs[i].part_ppm;
    int64_t all = 0;
    for (int i = 0; i < p->rules.rung_count; i++)
        all += p->rules.rungs[i].part_ppm;
    if (all == DEC_ONE && parts_left == g->part_ppm)
        return pos->o.pos.open; /* the last part of a whole ladder: dust too */
    const qty of = p->ladder_size.micro > 0 ? p->ladder_size : pos->o.pos.open;
    if (!dec_to_step(usd_of_sat(PRICE(g->part_ppm), of).micro, m->lot.micro, ROUND_DOWN, &size))
        size = 0;
    return QTY(size < pos->o.pos.open.micro ? size : pos->o.pos.open.micro);
}

static void hit_rung(struct desk *d, struct rec *pos, int i) {
    struct exit_rung *g = &pos->o.pos.plan.rules.rungs[i];
    if (pos->o.pos.plan.ladder_size.micro == 0)
        pos->o.pos.plan.ladder_size = pos->o.pos.open; /* it came with the order: parts of what was opened */
    const qty size = rung_size(pos, g);
    struct rec *exit = NULL;
    g->done = 1;
    enum err e = size.micro > 0 ? funnel_exit(d, pos, size, SOURCE_TPSL, CLOSE_TARGET, g->level, &exit) : ERR_MIN_SIZE;
    if (e == ERR_OK)
        notice(d, NOTICE_INFO, pos, "part %d of position %u's ladder hit: closing %s", i + 1, pos->o.num, num_text(exit->o.size.micro).s);
    else
        notice(d, NOTICE_WARN, pos, "part %d of position %u's ladder can't close %s: %s", i + 1, pos->o.num, num_text(size.micro).s, err_text(e));
    history_add(d, HISTORY_EXIT, pos->o.id, pos->m, exit != NULL ? exit->o.id : 0, "ladder", "part %d at %s: %s", i + 1, num_text(g->level.micro).s, err_name(e));
    save_row(d, pos);
    exits_arm(d, pos);
}

/* A part that closed nothing is armed again with the next arming. */
void exits_rung_over(struct desk *d, struct rec *pos, const struct rec *exit) {
    struct exit_rules *r = &pos->o.pos.plan.rules;
    for (int i = 0; exit->o.filled.micro == 0 && i < r->rung_count; i++)
        if (r->rungs[i].done && r->rungs[i].level.micro == exit->o.trigger.micro) {
            r->rungs[i].done = 0;
            save_row(d, pos);
        }
}

bool exits_rules_hit(struct desk *d, struct rec *pos, const struct trigger *t) {
    if (t->kind == TRIGGER_TRAIL)
        hit_trail(d, pos);
    else if (t->kind == TRIGGER_BREAK_EVEN)
        hit_break_even(d, pos);
    else if (t->kind >= TRIGGER_RUNG && t->kind < TRIGGER_RUNG + LADDER_MAX)
        hit_rung(d, pos, t->kind - TRIGGER_RUNG);
    else
        return false;
    return true;
}
