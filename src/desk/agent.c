/* What models may: the run token, their own account only, exit plans that only get tighter, and the figures behind the
 * rules of their variants. */
#include "desk/state.h"

#include <math.h>
#include <string.h>

/* --- the token ------------------------------------------------------------------------------------- */
enum err agent_may(const struct desk *d, const struct intent *in) {
    if (in->source != SOURCE_AGENT)
        return ERR_OK;
    const struct mdl *m = in->link != 0 ? map_get_ptr(&d->run_map, in->link) : NULL;
    if (m == NULL || m->run != in->link)
        return ERR_RUN_OVER;
    switch (in->kind) {
    case INTENT_PLACE:
        return in->account == m->m.account ? ERR_OK : ERR_NOT_FOUND;
    case INTENT_CLOSE:
    case INTENT_PROTECT:
    case INTENT_CANCEL: {
        const struct rec *r = rec_find(d, in->order);
        return r != NULL && r->o.account == m->m.account ? ERR_OK : ERR_NOT_FOUND;
    }
    default:
        return ERR_UNSUPPORTED;
    }
}

/* --- exit plans ------------------------------------------------------------------------------------ */
/* The intent's plan over what is there; 0 and "" keep. Stop and target are their callers'. */
enum err plan_of_intent(const struct desk *d, const struct market *m, const struct intent *in, struct exit_plan *plan) {
    if (!(in->flags & INTENT_PLAN))
        return ERR_OK;
    if (in->invalidation_price.micro < 0 || (m->kind == MARKET_BINARY && in->invalidation_price.micro >= DEC_ONE))
        return ERR_PRICE_OUT_OF_RANGE;
    if (in->confidence < -1 || in->confidence > 100 || (in->time_exit_us != 0 && in->time_exit_us <= d->now_us))
        return ERR_BAD_VALUE;
    if (in->invalidation_price.micro > 0)
        plan->invalidation_price = in->invalidation_price;
    if (in->time_exit_us > 0)
        plan->time_exit_us = in->time_exit_us;
    if (in->cooldown_until_us > 0)
        plan->cooldown_until_us = in->cooldown_until_us;
    if (in->confidence >= 0)
        plan->confidence = in->confidence;
    if (in->invalidation[0] != 0)
        memcpy(plan->invalidation, in->invalidation, sizeof plan->invalidation);
    return ERR_OK;
}

/* A level that protects may only come nearer to the price; one that was there may not go. */
static bool wider(price was, price now, int dir) { return was.micro > 0 && (now.micro - was.micro) * dir < 0; }

enum err agent_tightens(const struct desk *d, const struct rec *pos, const struct intent *in) {
    const struct exit_plan *p = &pos->o.pos.plan;
    const int dir = position_dir((enum order_side)pos->o.side);
    (void)d;
    if (in->stop.micro != PROTECT_KEEP.micro && wider(p->stop, in->stop, dir))
        return ERR_WIDENS_RISK;
    if (in->target.micro != PROTECT_KEEP.micro && p->target.micro > 0 && (in->target.micro == 0 || (in->target.micro - p->target.micro) * dir > 0))
        return ERR_WIDENS_RISK;
    if (!(in->flags & INTENT_PLAN))
        return ERR_OK;
    const bool falls = (p->invalidation_price.micro - pos->o.pos.entry_price.micro) * dir <= 0;
    if (in->invalidation_price.micro > 0 && wider(p->invalidation_price, in->invalidation_price, falls ? dir : -dir))
        return ERR_WIDENS_RISK;
    if (in->time_exit_us > 0 && p->time_exit_us > 0 && in->time_exit_us > p->time_exit_us)
        return ERR_WIDENS_RISK;
    return in->cooldown_until_us > 0 && in->cooldown_until_us < p->cooldown_until_us ? ERR_WIDENS_RISK : ERR_OK;
}

/* --- facts of the risk table ------------------------------------------------------------------------- */
/* What that size can lose down to the stop: without one a perpetual can lose its value, a binary its cost. */
static usd loss_to(const struct mkt *m, const struct order *o, price from, qty size, price stop) {
    const int dir = position_dir((enum order_side)o->side);
    int64_t distance = stop.micro > 0 ? (from.micro - stop.micro) * dir : from.micro;
    (void)m;
    return distance > 0 ? usd_of_sat(PRICE(distance), size) : USD(0);
}

/* Working orders of the model that would add to the same position, as if they were filled. */
static int64_t waiting(const struct desk *d, const struct draft *x) {
    int64_t sum = 0;
    for (const struct rec *r = d->open_first; r != NULL; r = r->open_next)
        if (r->o.account == x->o.account && r->o.market == x->o.market && r->o.side == x->o.side && !(r->o.flags & ORDER_REDUCE_ONLY))
            sum += order_rest(&r->o).micro;
    return sum;
}

static void trade_facts(const struct desk *d, const struct draft *x, const struct rec *pos, struct risk_facts *f) {
    const struct order *o = &x->o;
    const int dir = position_dir((enum order_side)o->side);
    price from = o->limit.micro > 0 ? o->limit : f->reference;
    price stop = o->pos.plan.stop, target = o->pos.plan.target;
    qty size = QTY(o->size.micro + waiting(d, x));
    if (pos != NULL && stop.micro == 0)
        stop = pos->o.pos.plan.stop;
    if (pos != NULL && target.micro == 0)
        target = pos->o.pos.plan.target;
    f->stop_valid = stop.micro > 0 && from.micro > 0 && (from.micro - stop.micro) * dir > 0;
    f->trade_risk = loss_to(x->m, o, from, size, stop);
    if (target.micro > 0 && (target.micro - from.micro) * dir > 0)
        f->trade_reward = usd_of_sat(PRICE((target.micro - from.micro) * dir), size);
    if (pos == NULL)
        return;
    f->trade_risk = usd_add_sat(f->trade_risk, loss_to(x->m, o, pos->o.pos.entry_price, pos->o.pos.open, stop));
    if (target.micro > 0 && (target.micro - pos->o.pos.entry_price.micro) * dir > 0)
        f->trade_reward = usd_add_sat(f->trade_reward, usd_of_sat(PRICE((target.micro - pos->o.pos.entry_price.micro) * dir), pos->o.pos.open));
}

/* After a close the market cools down; what an exit plan says holds until then for the other side too. */
static int64_t cooldown_left(const struct desk *d, const struct draft *x, const struct agent_limits *l) {
    int64_t until = 0;
    for (size_t i = d->order_count; i-- > 0;) {
        const struct order *p = &d->orders[i]->o;
        if (p->account != x->o.account || p->market != x->o.market || p->pos.status == POSITION_NONE)
            continue;
        if (p->pos.status == POSITION_CLOSED && p->pos.closed_us + l->cooldown * 1000 > until && l->cooldown > 0)
            until = p->pos.closed_us + l->cooldown * 1000;
        if ((p->pos.status == POSITION_CLOSED || p->side != x->o.side) && p->pos.plan.cooldown_until_us > until)
            until = p->pos.plan.cooldown_until_us;
    }
    return until > d->now_us ? until - d->now_us : 0;
}

static int positions_of(const struct desk *d, account_id a, const struct rec *without, market_id market) {
    int n = 0;
    for (size_t i = 0; i < d->market_count; i++)
        for (const struct rec *p = d->markets[i]->pos_first; p != NULL; p = p->pos_next)
            n += p->o.account == a && p != without;
    for (const struct rec *r = d->open_first; r != NULL; r = r->open_next) /* on their way */
        n += r->o.account == a && r->o.market != market && !(r->o.flags & ORDER_REDUCE_ONLY) && r->o.pos.status == POSITION_NONE;
    return n;
}

static int64_t volume_ratio(const struct mkt *m) {
    double v = m->intel != NULL ? frame_value(intel_frame(m->intel, FRAME_FAST), IND_VOLUME_RATIO, 1) : NAN;
    return v >= 0 && v < 1e6 ? (int64_t)(v * 1e6) : -1;
}

void agent_facts(const struct desk *d, const struct draft *x, struct risk_facts *f) {
    const struct mdl *m = mdl_of_account(d, x->o.account);
    usd fee;
    f->run_over = m == NULL || !run_alive(d, x->o.link, x->o.account);
    if (m == NULL)
        return;
    const struct rec *pos = position_find(d, x->o.account, x->o.strategy, x->m, x->o.side);
    if (pos != NULL && pos->o.side != x->o.side)
        pos = NULL;
    f->agent = &m->m.limits;
    f->denied = f->denied || !model_may_trade(&m->m, &x->m->m);
    f->equity = account_equity(x->a);
    f->equity_peak = x->a->equity_peak.micro > f->equity.micro ? x->a->equity_peak : f->equity;
    f->available = account_available(d, x->a);
    f->exposure = f->account_exposure;
    f->cash_needed = x->m->m.kind == MARKET_PERP ? initial_margin(f->order_notional, x->o.leverage) : f->order_notional;
    if (usd_ppm(f->order_notional, x->m->m.taker_ppm > 0 ? x->m->m.taker_ppm : 0, ROUND_UP, &fee))
        f->cash_needed = usd_add_sat(f->cash_needed, fee);
    f->positions = positions_of(d, x->o.account, pos, x->o.market);
    f->cooldown_left_us = cooldown_left(d, x, f->agent);
    f->funding_ppm = x->m->m.kind == MARKET_PERP ? x->m->funding_ppm : 0;
    f->volume_ratio_ppm = volume_ratio(x->m);
    trade_facts(d, x, pos, f);
}
