/* The way back: an exchange rebuilds its accounts from what the store holds, and tells a desk what it has when asked.
 * The store is the truth across restarts; an account that already trades here is not overwritten by it. */
#include <stdio.h>
#include <string.h>

#include "impl.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"

static void restore_account(struct exchange *x, const struct account *src) {
    if (src->venue != x->cfg.venue && src->venue != VENUE_NONE)
        return;
    struct sim_account *a = sim_account_make(x, src->id, src->initial);
    str_copy(a->name, sizeof a->name, src->name);
    if (!a->settled)
        a->cash = a->initial = src->initial;
}

static void restore_market(struct exchange *x, const struct ev_load_market *src) {
    struct sim_market *m = sim_market_get(x, src->market.id);
    if (src->market.venue != x->cfg.venue)
        return;
    if (!m)
        m = sim_market_make(x, &src->market);
    if (!m->has_mark && src->mark.micro > 0) {
        m->mark = src->mark;
        m->has_mark = true;
    }
}

/* A market the store names only in an order: enough of it to value the position until it is listed. */
static struct sim_market *market_or_shadow(struct exchange *x, const struct order *src) {
    struct sim_market *m = sim_market_get(x, src->market);
    struct market shadow = {.id = src->market, .venue = (uint8_t)x->cfg.venue, .status = MARKET_CLOSED};
    shadow.kind = src->side == SIDE_YES || src->side == SIDE_NO ? MARKET_BINARY : MARKET_PERP;
    return m ? m : sim_market_make(x, &shadow);
}

/* Two strategies may hold opposite sides of what is one net position here: the larger side's average stays. Cash is
 * not touched: it took the difference when the opposite fill came. */
static void net_against(struct sim_position *sp, int sign, const struct position *p, int64_t margin) {
    if (p->open.micro > sp->p.open.micro) {
        sp->p = *p;
        sp->margin.micro = margin;
    }
    sp->net += sign * p->open.micro;
    int64_t whole = sp->p.open.micro;
    sp->p.open.micro = llabs(sp->net);
    dec_muldiv(sp->p.cost.micro, sp->p.open.micro, whole, ROUND_HALF_EVEN, &sp->p.cost.micro);
    dec_muldiv(sp->margin.micro, sp->p.open.micro, whole, ROUND_HALF_EVEN, &sp->margin.micro);
}

static void restore_position(struct exchange *x, struct sim_account *a, const struct order *src) {
    struct sim_position *sp = sim_position_in(a, market_or_shadow(x, src));
    const struct position *p = &src->pos;
    int sign = side_sign((enum order_side)src->side);
    int64_t margin = 0;
    if (sp->market->m.kind == MARKET_PERP)
        dec_muldiv(p->cost.micro, 1, p->leverage ? p->leverage : 1, ROUND_UP, &margin);
    if (sp->net * sign < 0) {
        net_against(sp, sign, p, margin);
        return;
    }
    if (sp->net == 0)
        memset(&sp->p, 0, sizeof sp->p);
    sp->net += sign * p->open.micro;
    sp->p.status = POSITION_OPEN;
    sp->p.leverage = p->leverage;
    sp->p.open.micro += p->open.micro;
    sp->p.cost.micro += p->cost.micro;
    sp->margin.micro += margin;
    price_of(sp->p.cost, sp->p.open, ROUND_HALF_EVEN, &sp->p.entry_price);
}

/* An order that was never sent never arrived. Limit orders come back to the book; what was to execute at once is gone.
 */
static void restore_order(struct exchange *x, struct sim_account *a, const struct order *src) {
    if (sim_order_get(x, src->id) || (!(src->flags & ORDER_SENT) && src->sent_us == 0))
        return;
    market_or_shadow(x, src);
    struct sim_order *o = sim_order_make(x, a, src);
    o->state = src->state;
    o->reason = src->reason;
    o->leverage = src->leverage ? src->leverage : 1;
    if (!order_open(src))
        return;
    if (sim_order_left(o) <= 0) {
        o->state = STATE_FILLED;
    } else if (src->type == ORDER_LIMIT && (src->tif == TIF_GTC || src->tif == TIF_GTD)) {
        o->waiting = true;
        o->market->n_waiting++;
    } else {
        o->state = STATE_CANCELLED;
        o->reason = ERR_CANCELLED;
        o->untold = true;
    }
}

/* The order's next trade must not take the id of one that is stored. */
static void restore_fill(struct exchange *x, const struct fill *f) {
    struct sim_order *o = sim_order_get(x, f->order);
    const char *dash = strrchr(f->venue_trade, '-');
    uint32_t number = 0;
    if (!o || o->account->settled || !dash)
        return;
    for (const char *c = dash + 1; *c >= '0' && *c <= '9'; c++)
        number = number * 10 + (uint32_t)(*c - '0');
    if (number >= o->fills)
        o->fills = number + 1;
}

static void restore_end(struct exchange *x, int64_t now_us) {
    for (size_t i = 0; i < x->n_accounts; i++) {
        struct sim_account *a = x->accounts[i];
        if (!a->settled && !a->used && a->cash.micro == 0)
            a->cash = a->initial; /* an empty ledger: its first deposit is on the way */
        a->settled = true;
    }
    for (size_t i = 0; i < x->n_markets; i++) {
        struct sim_market *m = x->markets[i];
        if (m->listed && m->m.status == MARKET_RESOLVED)
            exchange_resolve(x, m->m.id, (enum market_outcome)m->m.outcome, now_us);
        else if (m->has_book && m->n_waiting)
            sim_waiting_enter(x, m, now_us);
    }
}

void exchange_restore(struct exchange *x, const struct event *ev) {
    struct sim_account *a;
    switch (ev->type) {
    case EVENT_ACCOUNT:
        restore_account(x, &ev->u.account);
        break;
    case EVENT_LOAD_MARKET:
        restore_market(x, &ev->u.load_market);
        break;
    case EVENT_LOAD_CASH:
        a = sim_account_get(x, ev->u.load_cash.account);
        if (a && !a->settled)
            a->cash = ev->u.load_cash.cash;
        break;
    case EVENT_LOAD_ORDER:
        a = sim_account_get(x, ev->u.order.account);
        if (!a || a->settled)
            break;
        a->used = true;
        restore_order(x, a, &ev->u.order);
        if (ev->u.order.pos.status == POSITION_OPEN && ev->u.order.pos.open.micro > 0)
            restore_position(x, a, &ev->u.order);
        break;
    case EVENT_LOAD_FILL:
        restore_fill(x, &ev->u.fill);
        break;
    case EVENT_LOADED:
        restore_end(x, ev->at_us);
        break;
    default:
        break;
    }
}

static void waiting_enter_one(struct exchange *x, struct sim_order *o, int64_t now_us) {
    struct level best;
    int64_t room = -o->dir * sim_position_in(o->account, o->market)->net;
    if (o->tif == TIF_GTD && o->expires_us <= now_us) {
        sim_order_done(x, o, ERR_EXPIRED, NULL, now_us);
    } else if ((o->flags & ORDER_POST_ONLY) && sim_market_best(o->market, o->dir > 0 ? BOOK_ASK : BOOK_BID, &best) &&
               (o->book_px.micro - best.px.micro) * o->dir >= 0) {
        sim_order_done(x, o, ERR_POST_ONLY_CROSSED, NULL, now_us);
    } else if ((o->flags & ORDER_REDUCE_ONLY) && room < sim_order_left(o)) {
        sim_order_done(x, o, ERR_REDUCE_ONLY, NULL, now_us);
    } else {
        o->waiting = false;
        o->market->n_waiting--;
        sim_order_enter(x, o, now_us);
    }
}

void sim_waiting_enter(struct exchange *x, struct sim_market *m, int64_t now_us) {
    if (m->m.status != MARKET_OPEN)
        return;
    for (size_t i = 0; i < x->n_orders && m->n_waiting; i++) {
        struct sim_order *o = x->orders[i];
        if (o->waiting && o->market == m && o->account->settled)
            waiting_enter_one(x, o, now_us);
    }
}

/* --- reconciliation --- */

static void order_build(const struct sim_order *o, struct order *out) {
    memset(out, 0, sizeof *out);
    out->id = o->id;
    out->num = o->num;
    out->account = o->account->id;
    out->market = o->market->m.id;
    out->side = o->side;
    out->action = o->action;
    out->type = o->type;
    out->tif = o->tif;
    out->state = o->filled.micro > 0 ? STATE_PARTIAL : STATE_PENDING;
    out->source = o->source;
    out->flags = o->flags;
    out->leverage = o->leverage;
    out->limit = o->limit;
    out->size = o->size;
    out->filled = o->filled;
    out->filled_value = o->value;
    out->fee = o->fee;
    out->created_us = o->created_us;
    out->expires_us = o->expires_us;
    str_copy(out->strategy, sizeof out->strategy, o->strategy);
    str_copy(out->client_id, sizeof out->client_id, o->client_id);
    snprintf(out->venue_id, sizeof out->venue_id, "sim-%016llx", (unsigned long long)o->id);
}

static void recon_orders(struct exchange *x, struct sim_account *a, uint64_t round, int64_t now_us) {
    struct event ev;
    for (size_t i = 0; i < x->n_orders; i++) {
        struct sim_order *o = x->orders[i];
        if (o->account != a)
            continue;
        if (o->untold || (o->waiting && !o->market->listed)) {
            o->untold = false;
            sim_order_done(x, o, ERR_CANCELLED,
                           o->waiting ? "its market did not come back" : "it did not outlive the restart", now_us);
        } else if (o->resting || o->waiting) {
            event_init(&ev, EVENT_RECON_ORDER, x->cfg.venue, now_us);
            ev.u.recon_order.account = a->id;
            ev.u.recon_order.round = round;
            order_build(o, &ev.u.recon_order.order);
            sim_answer(x, a, &ev, now_us);
        }
    }
}

static void recon_fills(struct exchange *x, struct sim_account *a, uint64_t round, int64_t now_us) {
    struct event ev;
    for (size_t i = a->fills_from; i < x->n_fills; i++) {
        if (x->fills[i].account != a->id)
            continue;
        event_init(&ev, EVENT_RECON_FILL, x->cfg.venue, now_us);
        ev.u.recon_fill.account = a->id;
        ev.u.recon_fill.round = round;
        sim_fill_build(x, &x->fills[i], &ev.u.recon_fill.fill);
        sim_answer(x, a, &ev, now_us);
    }
}

static void recon_positions(struct exchange *x, struct sim_account *a, uint64_t round, int64_t now_us) {
    struct event ev;
    for (size_t i = 0; i < a->n_pos; i++) {
        const struct sim_position *sp = a->pos[i];
        if (sp->net == 0)
            continue;
        event_init(&ev, EVENT_RECON_POSITION, x->cfg.venue, now_us);
        ev.u.recon_position = (struct ev_recon_position){.account = a->id,
                                                         .round = round,
                                                         .market = sp->market->m.id,
                                                         .net = QTY(sp->net),
                                                         .entry = sp->p.entry_price,
                                                         .leverage = sp->p.leverage ? sp->p.leverage : 1};
        sim_answer(x, a, &ev, now_us);
    }
}

void sim_reconcile_answer(struct exchange *x, const struct fx_reconcile *r, int64_t now_us) {
    struct sim_account *a = sim_account_get(x, r->account);
    struct event ev;
    a->settled = true;
    event_init(&ev, EVENT_RECON_BEGIN, x->cfg.venue, now_us);
    ev.u.recon_begin = (struct ev_recon_begin){.account = a->id, .venue = x->cfg.venue, .round = r->round};
    sim_answer(x, a, &ev, now_us);
    recon_orders(x, a, r->round, now_us);
    recon_fills(x, a, r->round, now_us);
    recon_positions(x, a, r->round, now_us);
    event_init(&ev, EVENT_RECON_CASH, x->cfg.venue, now_us);
    ev.u.recon_cash = (struct ev_recon_cash){.account = a->id, .round = r->round, .cash = a->cash};
    sim_answer(x, a, &ev, now_us);
    event_init(&ev, EVENT_RECON_END, x->cfg.venue, now_us);
    ev.u.recon_end = (struct ev_recon_end){.account = a->id, .ok = 1, .round = r->round};
    sim_answer(x, a, &ev, now_us);
}

/* A paper account back to its start. The desk that asks has booked the same on its side, so nothing is told. */
void sim_account_reset(struct exchange *x, const struct fx_reset *r, int64_t now_us) {
    struct sim_account *a = sim_account_get(x, r->account);
    (void)now_us;
    for (size_t i = 0; i < x->n_orders; i++) {
        struct sim_order *o = x->orders[i];
        if (o->account == a && (o->resting || o->waiting))
            sim_order_drop(o, ERR_CANCELLED);
    }
    for (size_t i = 0; i < a->n_pos; i++) {
        a->pos[i]->net = 0;
        a->pos[i]->margin = USD(0);
        memset(&a->pos[i]->p, 0, sizeof a->pos[i]->p);
    }
    a->cash = a->initial = r->initial;
    a->fills_from = x->n_fills;
    a->settled = true;
}
