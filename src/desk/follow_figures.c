/* Followed traders, the figures: what a configuration made today, its pause by loss, and the view. The day is UTC and is
 * compared, never counted down, so that it is right whatever the clock did. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "desk/state_follow.h"
#include "turret/base/str.h"

static int32_t day_of(int64_t at_us) { return (int32_t)(at_us / DAY_US); }

static bool opens(const struct rec *pos, const struct fill *f) { return side_sign((enum order_side)pos->o.side) == book_dir((enum order_side)f->side, (enum order_action)f->action); }

/* A fill of its positions: what it opened counts as volume, what it closed as gain. */
static void count_fill(struct follow *f, const struct rec *pos, const struct fill *g) {
    price px = book_price((enum order_side)pos->o.side, book_price((enum order_side)g->side, g->px));
    if (day_of(g->at_us) != f->day)
        return;
    if (opens(pos, g))
        f->day_volume = usd_add_sat(f->day_volume, usd_of_sat(px, g->size));
    f->day_pnl = usd_add_sat(f->day_pnl, USD(g->realized_pnl.micro - g->fee.micro));
}

/* Figures of a day that is not the one they were stored for come from the fills and orders in memory. */
static void recount(struct desk *d, struct fol *f) {
    for (size_t i = d->fill_count; i-- > 0 && d->fills[i].at_us >= f->f.day * DAY_US;) {
        const struct rec *pos = rec_find(d, d->fills[i].position);
        if (pos != NULL && d->fills[i].finality != FILL_REVERSED && fol_of_order(d, &pos->o) == f)
            count_fill(&f->f, pos, &d->fills[i]);
    }
    for (size_t i = d->order_count; i-- > 0 && d->orders[i]->o.created_us >= f->f.day * DAY_US;) {
        const struct order *o = &d->orders[i]->o;
        f->f.day_trades += fol_of_order(d, o) == f && !(o->flags & ORDER_REDUCE_ONLY) && o->parent == 0;
    }
}

void follow_pause(struct desk *d, struct fol *f) {
    if (f->f.paused || f->f.max_day_loss.micro == 0 || f->f.day_pnl.micro > -f->f.max_day_loss.micro)
        return;
    f->f.paused = 1;
    fol_save(d, f);
    notice_about(d, NOTICE_ALERT, 0, f->f.account, "%s lost %s today: paused until midnight UTC", f->strategy, num_text(-f->f.day_pnl.micro).s);
    history_add(d, HISTORY_FOLLOW, f->f.id, NULL, 0, "paused", "lost %s today", num_text(-f->f.day_pnl.micro).s);
}

void follow_day(struct desk *d, struct fol *f) {
    int32_t today = day_of(d->now_us);
    if (f->f.day == today)
        return;
    const bool was_paused = f->f.paused;
    f->f.day = today;
    f->f.day_trades = 0;
    f->f.day_volume = f->f.day_pnl = USD(0);
    f->f.paused = 0;
    recount(d, f);
    fol_save(d, f);
    if (was_paused && !f->f.deleted)
        history_add(d, HISTORY_FOLLOW, f->f.id, NULL, 0, "resumed", "a new day");
    follow_pause(d, f);
}

/* --- fills of its own, ends of orders and positions -------------------------------------------------------------- */
static void own_fill(struct desk *d, const struct fill *g) {
    const struct rec *pos = rec_find(d, g->position);
    struct fol *f = pos != NULL ? fol_of_order(d, &pos->o) : NULL;
    if (f != NULL) {
        follow_day(d, f);
        count_fill(&f->f, pos, g);
        fol_save(d, f);
        follow_pause(d, f);
    }
    struct ftrade *t = map_get_ptr(&d->follows->orders, g->order);
    const struct rec *r = rec_find(d, g->order);
    if (t == NULL || r == NULL || order_open(&r->o))
        return;
    t->t.total = r->o.filled_value; /* a late fill: it came to something after all */
    if (t->t.status == FOLLOWED_FAILED) {
        t->t.status = FOLLOWED_EXECUTED;
        t->t.reason = ERR_OK;
        t->t.text[0] = 0;
        t->f->f.executed++;
        t->f->f.failed--;
        fol_save(d, t->f);
    }
    ftrade_save(d, t);
}

/* A model's fill is a trade of its followers' target: what it did to the model's position says whether it opened or closed. */
static void model_fill(struct desk *d, const struct fill *g) {
    const struct mdl *m = g->kind == FILL_TRADE || g->kind == FILL_LIQUIDATION ? mdl_of_account(d, g->account) : NULL;
    const struct rec *pos = m != NULL ? rec_find(d, g->position) : NULL, *by = m != NULL ? rec_find(d, g->order) : NULL;
    if (pos == NULL || !d->leader)
        return;
    struct target_trade t = {.market = g->market, .size = g->size, .at_us = g->at_us, .side = pos->o.side,
                             .px = book_price((enum order_side)pos->o.side, book_price((enum order_side)g->side, g->px))};
    t.action = (uint8_t)(opens(pos, g) ? side_opening_action((enum order_side)t.side) : side_closing_action((enum order_side)t.side));
    str_copy(t.trade, sizeof t.trade - 3, g->venue_trade);
    if (g->leg > 0)
        snprintf(t.trade + strlen(t.trade), 3, ":%u", g->leg % 10u);
    const bool loop = by != NULL && (by->o.source == SOURCE_COPY_TRADE || by->o.source == SOURCE_COUNTER_TRADE);
    for (size_t i = 0; i < d->follows->n; i++)
        if (d->follows->list[i]->f.model == m->m.id)
            target_seen(d, d->follows->list[i], &t, loop);
}

void follow_fill(struct desk *d, const struct fill *g) {
    own_fill(d, g);
    model_fill(d, g);
}

/* --- fills that were taken back ------------------------------------------------------------------------------------ */
void follow_corrected(struct desk *d, const struct fill *g, const struct rec *pos, usd realized) {
    struct fol *f = fol_of_order(d, &pos->o);
    if (f == NULL || day_of(g->at_us) != f->f.day)
        return;
    f->f.day_pnl = usd_add_sat(f->f.day_pnl, realized);
    fol_save(d, f);
}

void follow_reversed(struct desk *d, const struct fill *g, const struct rec *pos) {
    struct fol *f = fol_of_order(d, &pos->o);
    if (f == NULL || day_of(g->at_us) != f->f.day)
        return;
    const price px = book_price((enum order_side)pos->o.side, book_price((enum order_side)g->side, g->px));
    if (opens(pos, g))
        f->f.day_volume.micro -= usd_of_sat(px, g->size).micro;
    f->f.day_pnl.micro -= g->realized_pnl.micro - g->fee.micro;
    fol_save(d, f);
}

/* An order of a follow came to less than it seemed, or to nothing. */
void follow_order_reversed(struct desk *d, const struct rec *r) {
    struct ftrade *t = d->follows != NULL ? map_get_ptr(&d->follows->orders, r->o.id) : NULL;
    if (t == NULL || order_open(&r->o))
        return;
    t->t.total = r->o.filled_value;
    if (r->o.filled.micro == 0 && t->t.status == FOLLOWED_EXECUTED) {
        t->t.status = FOLLOWED_FAILED;
        t->t.reason = ERR_UNSETTLED;
        str_copy(t->t.text, sizeof t->t.text, r->o.reason_text);
        t->f->f.executed--;
        t->f->f.failed++;
        fol_save(d, t->f);
        history_add(d, HISTORY_FOLLOW, t->f->f.id, r->m, r->o.id, "taken back", "%s", t->t.text);
    }
    ftrade_save(d, t);
}

static price percent_away(price from, int64_t e4) {
    int64_t out = 0;
    return dec_muldiv(from.micro, 10000 + e4, 10000, ROUND_HALF_EVEN, &out) ? PRICE(out) : PRICE(0);
}

/* Stop and target were set from the order's limit; now the entry is known. */
static void protect(struct desk *d, const struct fol *f, struct rec *pos) {
    struct exit_plan *p = &pos->o.pos.plan;
    const int dir = position_dir((enum order_side)pos->o.side);
    const price entry = pos->o.pos.entry_price;
    if (f->f.stop_e4 > 0)
        p->stop = percent_away(entry, -dir * (int64_t)f->f.stop_e4);
    if (f->f.target_e4 > 0)
        p->target = percent_away(entry, dir * (int64_t)f->f.target_e4);
    if (pos->m->m.kind == MARKET_BINARY && p->target.micro >= DEC_ONE)
        p->target = PRICE(0); /* the market's own end is nearer */
    performance_risk(pos);
    save_row(d, pos);
    exits_arm(d, pos);
}

void follow_order_over(struct desk *d, struct rec *r) {
    struct ftrade *t = d->follows != NULL ? map_get_ptr(&d->follows->orders, r->o.id) : NULL;
    if (t == NULL)
        return;
    struct fol *f = t->f;
    t->t.total = r->o.filled_value;
    ftrade_save(d, t);
    fol_save(d, f);
    if (r->o.filled.micro == 0 && t->t.status != FOLLOWED_EXECUTED)
        return; /* told in an earlier life, whose word about the order was lost */
    if (r->o.filled.micro == 0) {
        t->t.status = FOLLOWED_FAILED;
        t->t.reason = r->o.reason != ERR_OK ? r->o.reason : ERR_NO_LIQUIDITY;
        str_copy(t->t.text, sizeof t->t.text, r->o.reason_text[0] != 0 ? r->o.reason_text : err_text((enum err)t->t.reason));
        f->f.executed--;
        f->f.failed++;
        notice(d, NOTICE_WARN, r, "%s: %u filled nothing: %s", f->strategy, r->o.num, t->t.text);
        history_add(d, HISTORY_FOLLOW, f->f.id, r->m, r->o.id, "failed", "%s", t->t.text);
        return;
    }
    struct rec *pos = position_find(d, r->o.account, r->o.strategy, r->m, r->o.side);
    if (pos != NULL && pos->o.side == r->o.side && !(r->o.flags & ORDER_REDUCE_ONLY) && (f->f.stop_e4 > 0 || f->f.target_e4 > 0))
        protect(d, f, pos);
}

void follow_closed(struct desk *d, const struct rec *pos) {
    const struct fol *f = fol_of_order(d, &pos->o);
    const struct position *p = &pos->o.pos;
    if (f != NULL)
        history_add(d, HISTORY_FOLLOW, f->f.id, pos->m, pos->o.id, "closed", "%s: %s", pos->m->m.symbol, num_text(p->realized_pnl.micro - p->fees.micro - p->funding.micro).s);
}

/* --- the view ------------------------------------------------------------------------------------------------------ */
const struct follow *view_next_follow(const struct desk *d, int *cursor) {
    const struct follows *fs = d->follows;
    return fs != NULL && (size_t)*cursor < fs->n ? &fs->list[(*cursor)++]->f : NULL;
}

const struct follow *view_follow(const struct desk *d, follow_id id) {
    const struct fol *f = fol_find(d, id);
    return f != NULL ? &f->f : NULL;
}

int view_follow_trades(const struct desk *d, follow_id id, const struct follow_trade **out, int max) {
    const struct follows *fs = d->follows;
    int n = 0;
    if (fs == NULL || fs->n == 0)
        return 0;
    size_t *left = xmalloc(fs->n * sizeof *left);
    for (size_t i = 0; i < fs->n; i++)
        left[i] = id == 0 || fs->list[i]->f.id == id ? fs->list[i]->n : 0;
    while (n < max) {
        const struct ftrade *best = NULL;
        size_t of = 0;
        for (size_t i = 0; i < fs->n; i++) {
            const struct ftrade *t = left[i] > 0 ? fs->list[i]->trades[left[i] - 1] : NULL;
            if (t != NULL && (best == NULL || t->t.seen_us > best->t.seen_us || (t->t.seen_us == best->t.seen_us && t->seq > best->seq)))
                best = t, of = i;
        }
        if (best == NULL)
            break;
        left[of]--;
        out[n++] = &best->t;
    }
    free(left);
    return n;
}

usd view_follow_pnl(const struct desk *d, const struct follow *f) {
    usd sum = {0};
    for (size_t i = 0; i < d->order_count; i++) {
        const struct rec *r = d->orders[i];
        const struct position *p = &r->o.pos;
        if (p->status == POSITION_NONE || r->o.link != f->id || (r->o.source != SOURCE_COPY_TRADE && r->o.source != SOURCE_COUNTER_TRADE))
            continue;
        sum = usd_add_sat(sum, USD(p->realized_pnl.micro - p->fees.micro - p->funding.micro));
        price mark = own_mark(r->m, r->o.side);
        if (p->open.micro > 0 && mark.micro > 0)
            sum = usd_add_sat(sum, position_unrealized(p, position_dir((enum order_side)r->o.side), mark));
    }
    return sum;
}
