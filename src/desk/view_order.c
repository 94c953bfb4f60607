/* The view of orders, positions and fills, and what a ticket would do. */
#include "desk/state.h"
#include "turret/base/str.h"
#include "turret/trade/fee.h"

#include <stdlib.h>
#include <string.h>

static const struct order *next_of(const struct desk *d, int *cursor, bool (*wanted)(const struct rec *)) {
    size_t i = *cursor > 0 ? (size_t)*cursor : 0;
    for (; i < d->order_count; i++)
        if (wanted(d->orders[i])) {
            *cursor = (int)i + 1;
            return &d->orders[i]->o;
        }
    *cursor = (int)i;
    return NULL;
}

static bool any_order(const struct rec *r) { return r != NULL; }
static bool open_order(const struct rec *r) { return r->is_open; }
static bool any_position(const struct rec *r) { return r->o.pos.status != POSITION_NONE; }
static bool open_position(const struct rec *r) { return r->is_pos; }

const struct order *view_next_order(const struct desk *d, int *cursor, bool open_only) {
    return next_of(d, cursor, open_only ? open_order : any_order);
}

const struct order *view_next_position(const struct desk *d, int *cursor, bool open_only) {
    return next_of(d, cursor, open_only ? open_position : any_position);
}

const struct order *view_order(const struct desk *d, order_id id) {
    const struct rec *r = rec_find(d, id);
    return r != NULL ? &r->o : NULL;
}

const struct order *view_order_find(const struct desk *d, const char *text) {
    char *end;
    if (text[0] == 0)
        return NULL;
    unsigned long long v = strtoull(text, &end, 10);
    bool number = *end == 0 && text[0] >= '0' && text[0] <= '9';
    for (size_t i = d->order_count; i-- > 0;) {
        const struct order *o = &d->orders[i]->o;
        if ((number && (o->num == v || o->id == v)) || strcmp(o->client_id, text) == 0 || strcmp(o->venue_id, text) == 0)
            return o;
    }
    return NULL;
}

const struct order *view_position_of(const struct desk *d, account_id a, market_id id) {
    const struct mkt *m = mkt_find(d, id);
    for (const struct rec *p = m != NULL ? m->pos_first : NULL; p != NULL; p = p->pos_next)
        if (p->o.account == a)
            return &p->o;
    return NULL;
}

int view_fills(const struct desk *d, const struct fill **out, int max) {
    int n = 0;
    for (size_t i = d->fill_count; i-- > 0 && n < max;)
        out[n++] = &d->fills[i];
    return n;
}

/* --- positions --------------------------------------------------------------------------------------- */
/* Cross margin: what the account has above the maintenance of its other positions. */
static price liquidation_of(const struct acct *a, const struct rec *r, price mark) {
    const struct mkt *m = r->m;
    if (a == NULL || m->m.kind != MARKET_PERP || mark.micro <= 0)
        return PRICE(0);
    usd slack = a->cash;
    for (const struct holding *h = a->holdings; h != NULL; h = h->next) {
        price hm = own_mark(h->m, h->side);
        if (h->p.open.micro == 0 || h->m->m.kind != MARKET_PERP || hm.micro == 0)
            continue;
        slack = usd_add_sat(slack, position_unrealized(&h->p, position_dir((enum order_side)h->side), hm));
        if (h->m != m)
            slack.micro -= maintenance_margin(position_notional(&h->p, hm), h->m->m.maintenance_ppm).micro;
    }
    return liquidation_price(position_dir((enum order_side)r->o.side), mark, r->o.pos.open, slack, m->m.maintenance_ppm);
}

bool view_position(const struct desk *d, order_id id, struct view_position *out) {
    const struct rec *r = rec_find(d, id);
    *out = (struct view_position){0};
    if (r == NULL || r->o.pos.status == POSITION_NONE)
        return false;
    const struct position *p = &r->o.pos;
    const int gain = position_dir((enum order_side)r->o.side), sign = side_sign((enum order_side)r->o.side);
    price touch;
    out->o = &r->o;
    out->mark = own_mark(r->m, r->o.side);
    out->stale = !mkt_fresh(d, r->m);
    out->unprotected = p->unprotected;
    out->unprotected_why = p->unprotected ? exits_unprotected(d, r) : NULL;
    out->unsettled = r->provisional;
    if (p->status != POSITION_OPEN)
        return true;
    if (mkt_touch(r->m, take_side(-sign), &touch))
        out->exit_touch = book_price((enum order_side)r->o.side, touch);
    if (out->mark.micro > 0) {
        out->unrealized = position_unrealized(p, gain, out->mark);
        out->notional = position_notional(p, out->mark);
    }
    out->margin = r->m->m.kind == MARKET_PERP ? initial_margin(p->cost, p->leverage) : p->cost;
    out->risk = position_risk(p, gain);
    out->reward = position_reward(p, gain);
    out->liquidation = liquidation_of(acct_find(d, r->o.account), r, out->mark);
    out->exit = walk_own(r->m, r->o.side, -sign, p->open, PRICE(0));
    if (out->exit.filled.micro > 0) {
        usd cost = p->cost;
        out->exit_fee = walk_fee(r->m, r->o.side, -sign, out->exit.filled, PRICE(0));
        if (out->exit.filled.micro < p->open.micro)
            dec_muldiv(p->cost.micro, out->exit.filled.micro, p->open.micro, ROUND_HALF_EVEN, &cost.micro);
        out->exit_pnl.micro = (out->exit.notional.micro - cost.micro) * gain - out->exit_fee.micro;
    }
    return true;
}

/* --- what would happen ---------------------------------------------------------------------------------- */
static usd worst_case(const struct draft *x, const struct view_preview *p) {
    const struct order *o = &x->o;
    if (x->closes != NULL)
        return USD(0);
    if (x->m->m.kind == MARKET_BINARY)
        return USD(-p->cost.micro - p->fee.micro);
    usd value = p->now.filled.micro > 0 ? p->now.notional : p->cost;
    price entry = p->now.filled.micro > 0 ? p->now.average : o->limit;
    if (o->pos.plan.stop.micro > 0)
        return USD(-(usd_of_sat(PRICE(llabs(entry.micro - o->pos.plan.stop.micro)), o->size).micro) - p->fee.micro);
    usd margin = initial_margin(value, o->leverage); /* all margin of this order: liquidation */
    return USD(-margin.micro - p->fee.micro);
}

void view_preview(const struct desk *d, const struct intent *in, struct view_preview *out) {
    struct draft x;
    *out = (struct view_preview){0};
    if (preview_route(d, in, out))
        return;
    out->refusal = draft_make(d, in, &x, out->text);
    const struct order *o = &x.o;
    if (x.m == NULL)
        return;
    out->size = o->size;
    out->now = walk_own(x.m, o->side, order_book_dir(o), o->size, o->limit);
    if (o->flags & ORDER_POST_ONLY && out->now.filled.micro > 0 && out->refusal == ERR_OK)
        out->refusal = ERR_POST_ONLY_CROSSED;
    if (o->flags & ORDER_POST_ONLY)
        out->now = (struct book_walk){0};
    const bool rests = o->type == ORDER_LIMIT && (o->tif == TIF_GTC || o->tif == TIF_GTD);
    if (o->tif == TIF_FOK && out->now.filled.micro < o->size.micro && out->refusal == ERR_OK)
        out->refusal = ERR_FOK_UNFILLED;
    out->rests = rests ? QTY(o->size.micro - out->now.filled.micro) : QTY(0);
    usd value = usd_add_sat(out->now.notional, usd_of_sat(o->limit, out->rests));
    out->fee = walk_fee(x.m, o->side, order_book_dir(o), out->now.filled, o->limit);
    if (out->rests.micro > 0)
        out->fee = usd_add_sat(out->fee, fee_of(&x.m->m, o->limit, out->rests, true));
    out->cost = value;
    out->margin = x.closes != NULL ? USD(0) : x.m->m.kind == MARKET_PERP ? initial_margin(value, o->leverage) : value;
    out->worst_case = worst_case(&x, out);
    if (out->refusal == ERR_OK && o->type == ORDER_MARKET && out->now.filled.micro == 0 && o->size.micro > 0)
        out->refusal = ERR_NO_LIQUIDITY;
    if (out->refusal == ERR_OK && x.closes == NULL && out->margin.micro + out->fee.micro > account_available(d, x.a).micro)
        out->refusal = ERR_INSUFFICIENT_FUNDS;
}
