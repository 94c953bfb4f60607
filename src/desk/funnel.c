/* The one funnel: an intent becomes a draft (validated, normalised, sized), passes risk, becomes an order row, and is
 * sent only after its commit and a second look. The same draft gives the preview of a ticket. */
#include "desk/state.h"
#include "turret/base/str.h"

#include <stdio.h>
#include <string.h>

/* --- size from an amount of money ------------------------------------------------------------------- */
static qty to_lot(const struct mkt *m, int64_t size) {
    int64_t out = 0;
    return dec_to_step(size, m->m.lot.micro > 0 ? m->m.lot.micro : 1, ROUND_DOWN, &out) ? QTY(out) : QTY(0);
}

static qty size_for(const struct mkt *m, const struct order *o, usd amount) {
    qty q = {0}, sum = {0};
    if (o->limit.micro > 0)
        return qty_of(amount, o->limit, ROUND_DOWN, &q) ? to_lot(m, q.micro) : QTY(0);
    enum book_side side = take_side(order_book_dir(o));
    for (int i = 0; amount.micro > 0; i++) {
        const struct level *l = book_level(m->book, side, i);
        usd cost;
        if (l == NULL)
            break;
        price own = book_price((enum order_side)o->side, l->px);
        if (!qty_of(amount, own, ROUND_DOWN, &q))
            break;
        q.micro = q.micro < l->size.micro ? q.micro : l->size.micro;
        if (q.micro == 0 || !usd_of(own, q, ROUND_UP, &cost))
            break;
        sum.micro += q.micro;
        amount.micro -= cost.micro;
    }
    return to_lot(m, sum.micro);
}

/* --- what it does to the position it meets ------------------------------------------------------------ */
static void flip(struct order *o, const struct mkt *m) { /* "sell YES" without YES is "buy NO" where the venue nets */
    if (o->limit.micro > 0 && m->m.kind == MARKET_BINARY)
        o->limit = price_complement(o->limit);
    o->side = side_opposite(o->side);
    o->action = (uint8_t)side_opening_action((enum order_side)o->side);
}

/* Why nothing of it can be sold now. */
static enum err closes_nothing(const struct rec *pos) {
    if (pos->provisional.micro > 0 && pos->o.pos.open.micro > pos->o.pos.reserved.micro)
        return ERR_UNSETTLED;
    return position_dust(pos) ? ERR_LOT_SIZE : ERR_RESERVED;
}

/* Finds the position an order of this direction reduces. Sets x->closes when it only reduces; trims it to what no
 * other exit has reserved. Without reduce-only an order larger than the position goes through zero in two legs. */
static enum err meet_position(const struct desk *d, struct draft *x) {
    struct order *o = &x->o;
    const bool nets = market_nets(&x->m->m), closing = o->action == side_closing_action((enum order_side)o->side);
    struct rec *pos = position_find(d, o->account, o->strategy, x->m, o->side);
    if (pos != NULL && (side_sign((enum order_side)pos->o.side) == order_book_dir(o) || (!nets && !closing)))
        pos = NULL; /* same direction: grows */
    const bool only = o->flags & ORDER_REDUCE_ONLY;
    if (pos == NULL) {
        if (only || (closing && !nets))
            return ERR_REDUCE_ONLY;
        if (closing)
            flip(o, x->m);
        return ERR_OK;
    }
    if (!only && nets && o->size.micro > pos->o.pos.open.micro) {
        if (closing)
            flip(o, x->m);
        return ERR_OK;
    }
    qty room = position_free(pos);
    if (room.micro == 0)
        return closes_nothing(pos);
    if (o->size.micro > room.micro)
        o->size = room;
    o->flags |= ORDER_REDUCE_ONLY;
    o->parent = pos->o.id;
    o->leverage = pos->o.pos.leverage;
    x->closes = pos;
    return ERR_OK;
}

/* --- drafts --------------------------------------------------------------------------------------------- */
static enum err draft_close(const struct desk *d, const struct intent *in, struct draft *x) {
    struct rec *pos = rec_find(d, in->order);
    if (pos == NULL)
        return ERR_NOT_FOUND;
    if (!pos->is_pos)
        return ERR_NOT_OPEN;
    struct order *o = &x->o;
    x->m = pos->m;
    x->a = acct_find(d, pos->o.account);
    o->account = pos->o.account;
    o->market = pos->o.market;
    o->side = pos->o.side;
    o->action = (uint8_t)side_closing_action((enum order_side)o->side);
    o->type = in->limit.micro > 0 ? ORDER_LIMIT : ORDER_MARKET;
    o->tif = o->type == ORDER_MARKET ? TIF_IOC : in->tif;
    o->limit = in->limit;
    o->size = in->size.micro > 0 ? in->size : pos->o.pos.open;
    o->flags = (uint8_t)(ORDER_REDUCE_ONLY | (in->flags & ORDER_POST_ONLY));
    str_copy(o->strategy, sizeof o->strategy, pos->o.strategy);
    return ERR_OK;
}

static enum err draft_place(const struct desk *d, const struct intent *in, struct draft *x) {
    struct order *o = &x->o;
    x->a = acct_find(d, in->account);
    x->m = mkt_find(d, in->market);
    if (x->a == NULL || x->m == NULL || x->a->a.venue != x->m->m.venue)
        return ERR_NOT_FOUND;
    bool binary_side = in->side == SIDE_YES || in->side == SIDE_NO;
    if (in->side > SIDE_SHORT || in->action > ACTION_SELL || in->tif > TIF_FOK || binary_side != (x->m->m.kind == MARKET_BINARY))
        return ERR_BAD_VALUE;
    if (in->type != ORDER_MARKET && in->type != ORDER_LIMIT)
        return ERR_UNSUPPORTED;
    if (in->limit.micro < 0 || in->size.micro < 0 || in->amount.micro < 0 || (in->type == ORDER_LIMIT && in->limit.micro == 0))
        return ERR_BAD_VALUE;
    o->account = in->account;
    o->market = in->market;
    o->side = in->side;
    o->action = in->action;
    o->type = in->type;
    o->tif = in->type == ORDER_MARKET && in->tif != TIF_FOK ? TIF_IOC : in->tif;
    o->flags = (uint8_t)(in->flags & (ORDER_REDUCE_ONLY | ORDER_POST_ONLY));
    o->limit = in->type == ORDER_LIMIT ? in->limit : PRICE(0);
    o->expires_us = in->expires_us;
    str_copy(o->strategy, sizeof o->strategy, in->strategy[0] != 0 ? in->strategy : "main");
    struct rec *pos = position_find(d, o->account, o->strategy, x->m, o->side);
    o->leverage = in->leverage > 0 ? in->leverage : pos != NULL && pos->o.pos.leverage > 0 ? pos->o.pos.leverage : 1;
    o->size = in->size.micro > 0 ? in->size : in->amount.micro > 0 ? size_for(x->m, o, in->amount) : QTY(0);
    if (in->size.micro == 0 && in->amount.micro > 0 && o->size.micro == 0)
        return book_count(x->m->book, take_side(order_book_dir(o))) == 0 && o->type == ORDER_MARKET ? ERR_NO_LIQUIDITY : ERR_MIN_SIZE;
    return ERR_OK;
}

static enum err draft_rules(const struct desk *d, const struct draft *x) {
    const struct order *o = &x->o;
    const struct market *m = &x->m->m;
    enum err e = ERR_OK;
    if (m->status != MARKET_OPEN)
        return ERR_MARKET_CLOSED;
    if (o->leverage < 1 || o->leverage > (m->max_leverage > 0 ? m->max_leverage : 1))
        return ERR_LEVERAGE;
    if (o->type == ORDER_LIMIT && (e = (enum err)market_check_price(m, book_price((enum order_side)o->side, o->limit))) != ERR_OK)
        return e;
    if (o->tif == TIF_GTD && o->expires_us <= d->now_us)
        return ERR_EXPIRED;
    if (o->flags & ORDER_POST_ONLY && (o->type == ORDER_MARKET || o->tif == TIF_IOC || o->tif == TIF_FOK))
        return ERR_BAD_VALUE;
    const struct rec *pos = x->closes;
    const qty open = pos != NULL ? pos->o.pos.open : QTY(0); /* what is left may always leave whole, dust or not */
    bool all = pos != NULL && (o->size.micro == open.micro || (o->size.micro == position_free(pos).micro && o->size.micro + m->lot.micro > open.micro));
    if (pos != NULL && pos->provisional.micro > 0 && o->size.micro == position_free(pos).micro && market_check_size(m, o->size) != ERR_OK)
        return ERR_UNSETTLED; /* what is settled of it is too little for an order */
    return all ? ERR_OK : (enum err)market_check_size(m, o->size);
}

static enum err draft_plan(const struct desk *d, struct draft *x, const struct intent *in) {
    struct order *o = &x->o;
    price ref = o->limit, touch;
    o->pos.plan.confidence = -1;
    if (x->closes != NULL || in->kind != INTENT_PLACE)
        return ERR_OK;
    if (ref.micro == 0 && mkt_touch(x->m, take_side(order_book_dir(o)), &touch))
        ref = book_price((enum order_side)o->side, touch);
    enum err e = plan_of_intent(d, &x->m->m, in, &o->pos.plan);
    if (e == ERR_OK && (in->flags & INTENT_RULES))
        e = in->source == SOURCE_AGENT ? ERR_UNSUPPORTED : exit_rules_check(&x->m->m, position_dir((enum order_side)o->side), &in->rules, ref);
    if (e != ERR_OK)
        return e;
    if (in->flags & INTENT_RULES)
        o->pos.plan.rules = in->rules;
    o->pos.plan.stop = in->stop.micro > 0 ? in->stop : PRICE(0);
    o->pos.plan.target = in->target.micro > 0 ? in->target : PRICE(0);
    if (o->pos.plan.stop.micro == 0 && o->pos.plan.target.micro == 0)
        return ERR_OK;
    if (x->m->m.kind == MARKET_BINARY && (o->pos.plan.stop.micro >= DEC_ONE || o->pos.plan.target.micro >= DEC_ONE))
        return ERR_PRICE_OUT_OF_RANGE;
    return ref.micro > 0 ? exit_plan_check(position_dir((enum order_side)o->side), o->pos.plan.stop, o->pos.plan.target, ref) : ERR_OK;
}

enum err draft_make(const struct desk *d, const struct intent *in, struct draft *x, char text[REASON_MAX]) {
    memset(x, 0, sizeof *x);
    text[0] = 0;
    if (!d->leader)
        return ERR_NOT_LEADER;
    if (!d->loaded)
        return ERR_RECONCILING;
    enum err may = agent_may(d, in);
    if (may != ERR_OK)
        return may;
    enum err e = in->kind == INTENT_CLOSE ? draft_close(d, in, x) : draft_place(d, in, x);
    if (e == ERR_OK)
        e = meet_position(d, x);
    if (e == ERR_OK)
        e = draft_rules(d, x);
    if (e == ERR_OK)
        e = draft_plan(d, x, in);
    if (e != ERR_OK)
        return e;
    x->o.source = in->source;
    x->o.link = in->link;
    if (x->closes != NULL)
        return ERR_OK; /* exits always pass */
    struct risk_facts f;
    risk_facts_of(d, x, &f);
    return risk_check(&d->limits, &f, &x->o, text);
}

/* --- from draft to row ------------------------------------------------------------------------------------ */
struct rec *funnel_submit(struct desk *d, struct draft *x) {
    struct order *o = &x->o;
    o->id = order_id_next(d);
    o->num = d->next_num;
    o->state = STATE_CREATED;
    o->created_us = d->now_us;
    snprintf(o->client_id, sizeof o->client_id, "%llu", (unsigned long long)o->id);
    struct rec *r = rec_add(d, o);
    if (r == NULL)
        return NULL;
    open_link(d, r);
    if (x->closes != NULL)
        reserve_take(d, r, x->closes, o->size);
    else
        d->cur_adds = true;
    r->saving = true;
    save_row(d, r);
    save_after(d, AFTER_PLACE, r->o.id, 0, PRICE(0), QTY(0));
    d->dirty |= DIRTY_ORDERS | DIRTY_ACCOUNT;
    return r;
}

/* A market order that closes `size` (0 = all that is free) of a position. */
enum err funnel_exit(struct desk *d, struct rec *pos, qty size, enum order_source source, uint64_t link, price trigger, struct rec **out) {
    qty room = position_free(pos);
    *out = NULL;
    if (!d->leader)
        return ERR_NOT_LEADER;
    if (!pos->is_pos)
        return ERR_NOT_OPEN;
    if (pos->m->m.status != MARKET_OPEN)
        return ERR_MARKET_CLOSED;
    if (room.micro == 0)
        return closes_nothing(pos);
    struct draft x = {.m = pos->m, .a = acct_find(d, pos->o.account), .closes = pos};
    x.o = (struct order){.account = pos->o.account, .market = pos->o.market, .side = pos->o.side, .type = ORDER_MARKET, .tif = TIF_IOC,
                         .action = (uint8_t)side_closing_action((enum order_side)pos->o.side), .source = (uint8_t)source,
                         .flags = ORDER_REDUCE_ONLY, .leverage = pos->o.pos.leverage, .link = link, .trigger = trigger, .parent = pos->o.id};
    x.o.size = size.micro > 0 && size.micro < room.micro ? size : room;
    x.o.pos.plan.confidence = -1;
    str_copy(x.o.strategy, sizeof x.o.strategy, pos->o.strategy);
    *out = funnel_submit(d, &x);
    return *out != NULL ? ERR_OK : ERR_INTERNAL;
}

/* The second look, after the commit and right before sending. */
enum err funnel_recheck(const struct desk *d, const struct rec *r) {
    const struct acct *a = acct_find(d, r->o.account);
    if (!d->leader)
        return ERR_NOT_LEADER;
    if (r->m->m.status != MARKET_OPEN)
        return ERR_MARKET_CLOSED;
    if (d->trading == TRADING_HALTED && (r->o.source == SOURCE_SNIPER || r->o.source == SOURCE_COPY_TRADE || r->o.source == SOURCE_COUNTER_TRADE))
        return ERR_TRADING_HALTED; /* those that only reduce too: stops and people's closes pass */
    if (r->o.flags & ORDER_REDUCE_ONLY) {
        const struct rec *pos = rec_find(d, r->o.parent);
        return pos != NULL && pos->is_pos && r->holds.micro > 0 ? ERR_OK : ERR_NOT_OPEN;
    }
    if (d->killed)
        return ERR_KILLED;
    if (d->trading != TRADING_ACTIVE)
        return d->trading == TRADING_HALTED ? ERR_TRADING_HALTED : ERR_TRADING_REDUCING;
    if (r->o.source == SOURCE_AGENT && !run_alive(d, r->o.link, r->o.account))
        return ERR_RUN_OVER;
    if (a != NULL && !live_may_trade(d, a))
        return d->simulated_only ? ERR_SIMULATION_ONLY : ERR_NOT_LIVE;
    if (a == NULL || !a->reconciled)
        return ERR_RECONCILING;
    if (a->day_paused)
        return ERR_RISK_DAY_LOSS;
    return mkt_usable(d, r->m) ? ERR_OK : ERR_STALE_BOOK;
}

void intent_place(struct desk *d, const struct intent *in) {
    struct draft x;
    char text[REASON_MAX];
    if (in->kind == INTENT_PLACE && in->route != ROUTE_HERE && router_place(d, in))
        return;
    enum err e = draft_make(d, in, &x, text);
    struct rec *r = e == ERR_OK ? funnel_submit(d, &x) : NULL;
    if (e == ERR_OK && r == NULL)
        e = ERR_INTERNAL;
    if (e != ERR_OK) {
        char line[NOTE_MAX];
        snprintf(line, sizeof line, "%s%s%s", err_text(e), text[0] != 0 ? ": " : "", text);
        notice_about(d, NOTICE_WARN, in->market, in->account, "refused: %s", line);
        refusal_keep(d, in, e, text);
        reply(d, in->token, e, NULL, line);
        return;
    }
    waiter_add(d, in->token, WAIT_PLACE, r->o.id, in->deadline_us);
}
