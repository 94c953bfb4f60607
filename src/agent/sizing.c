/* The room a model has left, in the order in which a refusal would come. All figures in whole millionths. */
#include "agent/sizing.h"

#include <stdio.h>

#include "turret/base/str.h"

static const int64_t slack_ppm = 20000; /* marks move between the decision and the order: stay this far inside */

int64_t rest_after(const struct model *m, const struct order *closed) {
    int64_t t = m->limits.cooldown > 0 ? closed->pos.closed_us + m->limits.cooldown * 1000 : 0;
    return closed->pos.plan.cooldown_until_us > t ? closed->pos.plan.cooldown_until_us : t;
}

int64_t rest_until(const struct desk *view, const struct model *m, market_id market, int64_t now_us) {
    int cursor = 0;
    int64_t until = 0;
    for (const struct order *o; (o = view_next_position(view, &cursor, false)) != NULL;) {
        if (o->account != m->account || o->market != market || o->pos.status != POSITION_CLOSED)
            continue;
        int64_t t = rest_after(m, o);
        until = t > until ? t : until;
    }
    return until > now_us ? until : 0;
}

static void closed(struct room *r, const char *why) {
    r->open = false;
    str_copy(r->why, sizeof r->why, why);
}

static int64_t share_of(usd whole, int64_t ppm) {
    usd part;
    return usd_ppm(whole, ppm, ROUND_DOWN, &part) ? part.micro : 0;
}

static void at_most(struct room *r, int64_t micro, const char *bound) {
    if (micro < 0)
        micro = 0;
    if (micro < r->notional.micro) {
        r->notional.micro = micro;
        r->bound = bound;
    }
}

static bool funding_against(const struct model *m, const struct view_market *k, enum order_side side) {
    return m->limits.max_funding > 0 && ((side == SIDE_LONG && k->funding_ppm > m->limits.max_funding) || (side == SIDE_SHORT && k->funding_ppm < -m->limits.max_funding));
}

static bool fallen(const struct desk *view, const struct model *m, const struct view_account *a) {
    struct view_model v;
    return m->limits.max_drawdown > 0 && view_model(view, m->id, &v) && v.equity_peak.micro > 0 &&
           v.equity_peak.micro - a->equity.micro >= share_of(v.equity_peak, m->limits.max_drawdown);
}

static price entry_price(const struct view_market *k, enum order_side side) {
    price touch = side_sign(side) > 0 ? k->ask : k->bid;
    return touch.micro > 0 ? book_price(side, touch) : PRICE(0);
}

/* Value of its positions, the desk's way of counting left aside: working orders are few and small. */
static void bounds(const struct desk *view, const struct model *m, const struct view_market *k, const struct view_account *a, struct room *r) {
    const struct risk_limits *l = view_limits(view);
    bool perp = k->m->kind == MARKET_PERP;
    int64_t cash = a->available.micro - m->limits.min_cash, by_cash;
    /* value / leverage + fee <= cash */
    if (cash < 0 || !dec_muldiv(cash, DEC_ONE, DEC_ONE / r->leverage + 2 * k->m->taker_ppm, ROUND_DOWN, &by_cash))
        by_cash = 0;
    at_most(r, by_cash, "cash");
    if (m->limits.max_exposure > 0)
        at_most(r, share_of(a->equity, m->limits.max_exposure) - a->exposure.micro, "exposure");
    if (!perp && m->limits.max_risk > 0)
        at_most(r, r->risk.micro, "risk: a binary can lose its cost");
    if (l->max_order_notional > 0)
        at_most(r, l->max_order_notional, "largest order");
    if (l->max_account_exposure > 0)
        at_most(r, l->max_account_exposure - a->exposure.micro, "account exposure");
    const struct order *held = view_position_of(view, m->account, k->m->id);
    struct view_position p;
    if (l->max_market_exposure > 0)
        at_most(r, l->max_market_exposure - (held && view_position(view, held->id, &p) ? p.notional.micro : 0), "market exposure");
    r->notional.micro -= share_of(r->notional, slack_ppm);
}

void room_of(const struct desk *view, const struct model *m, const struct view_market *k, enum order_side side, int confidence, struct room *out) {
    struct view_account a;
    struct view_status s;
    *out = (struct room){.open = true, .leverage = 1, .notional = USD(INT64_MAX / 4), .bound = "", .px = entry_price(k, side)};
    view_status(view, &s);
    if (k->m->kind == MARKET_PERP) {
        out->leverage = k->m->max_leverage > 0 ? k->m->max_leverage : 1;
        if (m->limits.max_leverage > 0 && m->limits.max_leverage < out->leverage)
            out->leverage = (int)m->limits.max_leverage;
    }
    if (!view_account(view, m->account, &a))
        closed(out, "no account");
    else if (s.killed)
        closed(out, "the kill switch is on");
    else if (k->m->status != MARKET_OPEN)
        closed(out, market_status_name((enum market_status)k->m->status));
    else if (k->stale || k->crossed || k->gap || out->px.micro <= 0)
        closed(out, "its book is stale, crossed or empty");
    else if (a.day_paused)
        closed(out, "the day's loss limit is reached");
    else if (fallen(view, m, &a))
        closed(out, "it has lost too much from its highest equity");
    else if (funding_against(m, k, side))
        closed(out, "funding is against this side");
    else if (m->limits.max_positions > 0 && a.positions >= m->limits.max_positions && !view_position_of(view, m->account, k->m->id))
        closed(out, "the most open positions are reached");
    if (!out->open) {
        out->notional = USD(0);
        return;
    }
    int64_t risk_ppm = m->limits.max_risk;
    if (confidence >= 0 && confidence < m->limits.full_confidence)
        risk_ppm /= 2;
    out->risk = USD(share_of(a.equity, risk_ppm));
    bounds(view, m, k, &a, out);
    qty q;
    if (qty_of(out->notional, out->px, ROUND_DOWN, &q) && dec_to_step(q.micro, k->m->lot.micro, ROUND_DOWN, &q.micro) && q.micro >= k->m->min_size.micro)
        out->size = q;
    if (out->size.micro == 0 || out->notional.micro < m->limits.min_notional) {
        out->size = QTY(0);
        snprintf(out->why, sizeof out->why, "nothing left (%s)", out->bound);
        out->open = false;
    }
}

qty room_size(const struct room *r, const struct model *m, const struct view_market *k, price stop, int64_t share_ppm) {
    qty q = r->size, by_risk;
    usd risk = USD(share_of(USD(r->risk.micro), share_ppm)), value;
    int64_t gap = r->px.micro > stop.micro ? r->px.micro - stop.micro : stop.micro - r->px.micro;
    if (!r->open)
        return QTY(0);
    if (r->risk.micro > 0 && stop.micro > 0 && gap > 0) {
        risk.micro -= share_of(risk, slack_ppm);
        if (qty_of(risk, PRICE(gap), ROUND_DOWN, &by_risk) && by_risk.micro < q.micro)
            q = by_risk;
    }
    if (!dec_to_step(q.micro, k->m->lot.micro, ROUND_DOWN, &q.micro) || q.micro < k->m->min_size.micro || !usd_of(r->px, q, ROUND_DOWN, &value) || value.micro < m->limits.min_notional)
        return QTY(0);
    return q;
}
