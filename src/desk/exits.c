/* Exits: stops, targets, invalidation prices and times of open positions, armed in the trigger index of their market.
 * One-shot; a failed exit is armed again after a pause; what can't fire is shown UNPROTECTED. */
#include "desk/state.h"

#include <stdlib.h>

bool exits_planned(const struct rec *pos) {
    const struct exit_plan *p = &pos->o.pos.plan;
    if (position_dust(pos) || pos->m->m.status == MARKET_RESOLVED)
        return false; /* nothing that could be sold: too little, or won or lost already and to be claimed */
    return p->stop.micro > 0 || p->target.micro > 0 || p->invalidation_price.micro > 0 || p->rules.trail_kind != TRAIL_NONE || p->rules.rung_count > 0;
}

/* --- arming -------------------------------------------------------------------------------------- */
void exits_disarm(struct desk *d, struct rec *pos) {
    (void)d;
    for (int i = 0; i < pos->arm_count; i++)
        trigger_disarm(pos->m->triggers, &pos->arms[i]); /* false: it has just fired */
    pos->arm_count = 0;
    triggers_counted(pos->m);
}

enum trigger_price exits_source(const struct desk *d, const struct rec *pos) {
    static const uint8_t by_setting[] = {TRIGGER_BID, TRIGGER_MARK, TRIGGER_LAST};
    const int sign = side_sign((enum order_side)pos->o.side);
    return d->trigger_source == 0 ? (sign > 0 ? TRIGGER_BID : TRIGGER_ASK) : by_setting[d->trigger_source];
}

/* `falls` is told in the own side's price; for NO the book's price goes the other way. */
void exits_arm_at(struct desk *d, struct rec *pos, uint16_t kind, price own, bool falls) {
    if (own.micro <= 0)
        return;
    const bool below = falls == (pos->o.side != SIDE_NO);
    const struct trigger t = {.id = pos->o.id, .kind = kind, .source = (uint8_t)exits_source(d, pos), .dir = below ? TRIGGER_AT_OR_BELOW : TRIGGER_AT_OR_ABOVE,
                              .level = book_price((enum order_side)pos->o.side, own)};
    pos->arms = xrealloc(pos->arms, (size_t)(pos->arm_count + 1) * sizeof *pos->arms);
    pos->arms[pos->arm_count++] = t;
    trigger_arm(pos->m->triggers, &t);
}

/* A full exit on its way. The parts of a ladder leave stop and rest armed. */
static bool exit_working(const struct desk *d, const struct rec *pos) {
    for (const struct rec *r = d->open_first; r != NULL; r = r->open_next)
        if (r->o.parent == pos->o.id && r->o.source == SOURCE_TPSL && !(pos->o.pos.plan.rules.rung_count > 0 && r->o.link == CLOSE_TARGET))
            return true;
    return false;
}

static void protection(struct desk *d, struct rec *pos);

void exits_arm(struct desk *d, struct rec *pos) {
    const struct exit_plan *p = &pos->o.pos.plan;
    exits_disarm(d, pos);
    if (!pos->is_pos || pos->want_set || pos->rearm_us > d->now_us || pos->m->m.status == MARKET_RESOLVED || exit_working(d, pos) || position_dust(pos))
        return;
    const int gain = position_dir((enum order_side)pos->o.side);
    exits_rules_seen(d, pos);
    exits_arm_at(d, pos, TRIGGER_STOP, p->stop, gain > 0);
    exits_arm_at(d, pos, TRIGGER_TARGET, p->target, gain < 0);
    exits_arm_at(d, pos, TRIGGER_INVALIDATION, p->invalidation_price, p->invalidation_price.micro <= pos->o.pos.entry_price.micro);
    exits_rules_arm(d, pos);
    triggers_counted(pos->m);
    const int64_t at = exits_time(pos);
    if (at > 0 && (d->next_time_exit_us == 0 || at < d->next_time_exit_us))
        d->next_time_exit_us = at;
    if (exits_planned(pos) || pos->o.pos.unprotected)
        protection(d, pos);
}

/* --- firing ---------------------------------------------------------------------------------------- */
static bool may_fire(const struct desk *d, const struct rec *pos) {
    const struct acct *a = acct_find(d, pos->o.account);
    return d->leader && d->loaded && a != NULL && a->once;
}

static bool armed_so(const struct rec *pos, const struct trigger *t) {
    for (int i = 0; i < pos->arm_count; i++)
        if (pos->arms[i].kind == t->kind && pos->arms[i].level.micro == t->level.micro)
            return true;
    return false;
}

void exits_hit(struct desk *d, const struct trigger *t) {
    struct rec *pos = rec_find(d, t->id);
    if (pos == NULL || !pos->is_pos || !armed_so(pos, t))
        return;
    if (!may_fire(d, pos)) { /* not yet: after reconciliation, or in another desk */
        trigger_arm(pos->m->triggers, t);
        return;
    }
    if (exits_rules_hit(d, pos, t))
        return;
    const enum close_trigger why = t->kind == TRIGGER_TARGET ? CLOSE_TARGET : t->kind == TRIGGER_INVALIDATION ? CLOSE_INVALIDATION : pos->o.pos.plan.trailed ? CLOSE_TRAIL : CLOSE_STOP;
    exits_fire(d, pos, why, book_price((enum order_side)pos->o.side, t->level));
}

void exits_check(struct desk *d, struct mkt *m) { triggers_check(d, m, ~0u); }

static void exits_failed(struct desk *d, struct rec *pos, const char *why) {
    int64_t pause = SECOND_US << (pos->exit_fails < 5 ? pos->exit_fails : 5);
    if (pos->exit_fails < UINT8_MAX)
        pos->exit_fails++;
    pos->want_set = false;
    pos->rearm_us = d->now_us + pause;
    if (d->next_rearm_us == 0 || pos->rearm_us < d->next_rearm_us)
        d->next_rearm_us = pos->rearm_us;
    exits_disarm(d, pos);
    pos->o.pos.unprotected = 1;
    d->dirty |= DIRTY_POSITIONS;
    notice(d, NOTICE_ALERT, pos, "UNPROTECTED: the exit of position %u failed (%s); armed again in %lld s", pos->o.num, why, (long long)(pause / SECOND_US));
}

void exits_fire(struct desk *d, struct rec *pos, enum close_trigger why, price level) {
    exits_disarm(d, pos);
    pos->want = (uint8_t)why;
    pos->want_set = true;
    pos->want_level = level;
    notice(d, NOTICE_WARN, pos, "%s of position %u hit: closing %s %s %s", close_trigger_name(why), pos->o.num, num_text(pos->o.pos.open.micro).s,
           pos->m->m.symbol, order_side_name((enum order_side)pos->o.side));
    exits_pursue(d, pos);
}

/* Sends what is free; resting exits that hold the rest are taken back, and their release brings us here again. */
void exits_pursue(struct desk *d, struct rec *pos) {
    if (!pos->want_set || !pos->is_pos)
        return;
    bool others = false;
    for (struct rec *r = d->open_first; r != NULL; r = r->open_next) {
        if (r->o.parent != pos->o.id || r->holds.micro == 0)
            continue;
        others = true;
        if (r->o.source != SOURCE_TPSL && r->o.type == ORDER_LIMIT)
            order_cancel(d, r, 0, 0);
    }
    struct rec *exit;
    others = others || pos->provisional.micro > 0; /* what is not settled goes when it is (exits_settled) */
    pos->want_set = others;
    if (position_free(pos).micro == 0) {
        if (pos->provisional.micro > 0)
            protection(d, pos);
        return;
    }
    enum err e = funnel_exit(d, pos, QTY(0), SOURCE_TPSL, pos->want, pos->want_level, &exit);
    if (e != ERR_OK)
        exits_failed(d, pos, err_text(e));
}

/* An exit order came to its end. */
void exits_order_over(struct desk *d, struct rec *exit) {
    struct rec *pos = rec_find(d, exit->o.parent);
    if (pos == NULL || !pos->is_pos || !(exit->o.flags & ORDER_REDUCE_ONLY))
        return;
    if (exit->o.source == SOURCE_TPSL && exit->o.link == CLOSE_TARGET)
        exits_rung_over(d, pos, exit);
    const bool gave_room = exit->o.type == ORDER_LIMIT || exit->o.state == STATE_FILLED;
    if (pos->want_set && gave_room) {
        exits_pursue(d, pos);
        return;
    }
    if (exit->o.source != SOURCE_TPSL && !pos->want_set)
        return;
    if (exit->o.state == STATE_FILLED) { /* the position grew meanwhile: watch the rest */
        pos->exit_fails = 0;
        exits_arm(d, pos);
        return;
    }
    exits_failed(d, pos, exit->o.reason_text[0] != 0 ? exit->o.reason_text : "not filled");
}

/* Shares are settled, or gone: an exit that waited goes out by itself. */
void exits_settled(struct desk *d, struct rec *pos) {
    if (!pos->is_pos)
        return;
    exits_pursue(d, pos);
    if (!pos->want_set && pos->provisional.micro == 0 && pos->o.pos.plan.rules.rung_count > 0) {
        exits_arm(d, pos); /* parts of a ladder wait until they can be sold */
        exits_check(d, pos->m);
    }
    if (pos->is_pos)
        protection(d, pos);
}

/* --- protection -------------------------------------------------------------------------------------- */
static const char *unprotected_why(const struct desk *d, const struct rec *pos) {
    const struct mkt *m = pos->m;
    if (pos->want_set && pos->provisional.micro > 0 && position_free(pos).micro == 0)
        return "its shares are not settled; it goes out as soon as they are";
    if (pos->rearm_us > 0)
        return "its exit failed";
    if (m->m.status != MARKET_OPEN)
        return "the market is not open";
    if (!may_fire(d, pos))
        return d->leader ? "reconciliation is not finished" : "this desk does not lead";
    if (d->trigger_source == 1)
        return m->mark.micro > 0 ? NULL : "no mark";
    if (m->book_us == 0 || !mkt_fresh(d, m))
        return m->gap ? "the book has a gap" : m->crossed ? "the book is crossed" : "the book is stale";
    return book_count(m->book, side_sign((enum order_side)pos->o.side) > 0 ? BOOK_BID : BOOK_ASK) > 0 ? NULL : "nobody takes the other side";
}

const char *exits_unprotected(const struct desk *d, const struct rec *pos) { return pos->is_pos && exits_planned(pos) ? unprotected_why(d, pos) : NULL; }

static void protection(struct desk *d, struct rec *pos) {
    const char *why = exits_unprotected(d, pos);
    uint8_t now = why != NULL;
    if (now == pos->o.pos.unprotected)
        return;
    pos->o.pos.unprotected = now;
    d->dirty |= DIRTY_POSITIONS;
    if (!d->loaded || (now && pos->m->crossed))
        return; /* a crossed book is gone with the next tick: shown, not shouted */
    if (now)
        notice(d, NOTICE_ALERT, pos, "UNPROTECTED: the stop of position %u can't fire: %s", pos->o.num, why);
    else
        notice(d, NOTICE_INFO, pos, "position %u is protected again", pos->o.num);
}

void exits_protection(struct desk *d, struct mkt *m) {
    for (struct rec *pos = m->pos_first; pos != NULL; pos = pos->pos_next)
        protection(d, pos);
}

int64_t exits_time(const struct rec *pos) {
    const struct exit_plan *p = &pos->o.pos.plan;
    const int64_t closes = p->rules.before_close_s > 0 && pos->m->m.closes_us > 0 ? pos->m->m.closes_us - p->rules.before_close_s * SECOND_US : 0;
    return closes > 0 && (p->time_exit_us <= 0 || closes < p->time_exit_us) ? closes : p->time_exit_us;
}

/* --- time ----------------------------------------------------------------------------------------------- */
static void time_exits(struct desk *d) {
    d->next_time_exit_us = 0;
    for (size_t i = 0; i < d->market_count; i++)
        for (struct rec *pos = d->markets[i]->pos_first; pos != NULL; pos = pos->pos_next) {
            int64_t at = exits_time(pos);
            if (at <= 0 || pos->want_set || position_dust(pos))
                continue;
            if (at <= d->now_us && pos->rearm_us <= d->now_us && may_fire(d, pos) && !exit_working(d, pos))
                exits_fire(d, pos, CLOSE_TIME, PRICE(0));
            if (at <= d->now_us)
                at = d->now_us + SECOND_US; /* looked at again until it is closed */
            if (d->next_time_exit_us == 0 || at < d->next_time_exit_us)
                d->next_time_exit_us = at;
        }
}

static void rearms(struct desk *d) {
    d->next_rearm_us = 0;
    for (size_t i = 0; i < d->market_count; i++) {
        bool any = false;
        for (struct rec *pos = d->markets[i]->pos_first; pos != NULL; pos = pos->pos_next) {
            if (pos->rearm_us == 0)
                continue;
            if (pos->rearm_us <= d->now_us) {
                pos->rearm_us = 0;
                exits_arm(d, pos);
                any = true;
            } else if (d->next_rearm_us == 0 || pos->rearm_us < d->next_rearm_us) {
                d->next_rearm_us = pos->rearm_us;
            }
        }
        if (any)
            exits_check(d, d->markets[i]);
    }
}

void exits_timer(struct desk *d) {
    if (d->next_rearm_us != 0 && d->next_rearm_us <= d->now_us)
        rearms(d);
    if (d->next_time_exit_us != 0 && d->next_time_exit_us <= d->now_us)
        time_exits(d);
}
