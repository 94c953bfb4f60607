/* Fills: each is booked once, into order, position, cash and day, in one transaction. A fill through zero is two legs;
 * an order that goes on filling after its position closed continues in a row of its own. */
#include "desk/state.h"
#include "turret/base/hash.h"
#include "turret/base/str.h"

#include <stdio.h>
#include <string.h>

uint64_t fill_key(const struct desk *d, const struct fill *f) {
    const struct acct *a = acct_find(d, f->account);
    uint64_t h = fnv64_u64(fnv64_u64(FNV64_INIT, a != NULL ? a->a.venue : 0u), f->account);
    return fnv64_u64(fnv64(h, f->venue_trade, strlen(f->venue_trade)), f->leg);
}

void fill_keep(struct desk *d, const struct fill *f) {
    d->fills = xgrow(d->fills, &d->fill_cap, d->fill_count + 1, sizeof *d->fills);
    d->fills[d->fill_count++] = *f;
    map_put(&d->fill_map, fill_key(d, f), 1);
    d->dirty |= DIRTY_FILLS;
    finality_kept(d, f);
    if (f->finality == FILL_REVERSED)
        return; /* from the store: it only says that it was */
    if (d->follows != NULL && d->loaded)
        follow_fill(d, f);
}

size_t fill_whole(const struct desk *d, size_t i, struct fill *whole) {
    *whole = d->fills[i];
    for (i++; i < d->fill_count && d->fills[i].leg > d->fills[i - 1].leg && d->fills[i].account == whole->account && strcmp(d->fills[i].venue_trade, whole->venue_trade) == 0; i++) {
        whole->size.micro += d->fills[i].size.micro;
        whole->fee.micro += d->fills[i].fee.micro;
    }
    return i;
}

bool fill_is_pair(const struct fill *f) { return f->kind == FILL_SETTLEMENT && strncmp(f->venue_trade, "pair-", 5) == 0; }

/* What makes holding and positions differ rightly: settlements that met no position here (their fills are still to come)
 * move the holding only, settled pairs of opposite strategies move positions only. */
int64_t fills_apart(const struct desk *d, const struct holding *h, size_t from) {
    int64_t net = 0;
    for (size_t i = from; i < d->fill_count; i++) {
        const struct fill *f = &d->fills[i];
        if (f->account != h->account || f->market != h->m->m.id || f->finality == FILL_REVERSED)
            continue;
        if (!market_nets(&h->m->m))
            break; /* there what is held is what positions hold */
        int64_t moved = book_dir((enum order_side)f->side, (enum order_action)f->action) * f->size.micro;
        net += fill_is_pair(f) ? -moved : f->position == 0 ? moved : 0;
    }
    return net;
}

static usd share(usd whole, qty part, qty size) {
    int64_t out = 0;
    return dec_muldiv(whole.micro, part.micro, size.micro, ROUND_HALF_EVEN, &out) ? USD(out) : whole;
}

/* --- the position ends ------------------------------------------------------------------------------------ */
static enum close_trigger closed_by(const struct order *by) {
    switch ((enum order_source)by->source) {
    case SOURCE_TPSL: return by->link < CLOSE_COUNT ? (enum close_trigger)by->link : CLOSE_STOP;
    case SOURCE_LIQUIDATION: return CLOSE_LIQUIDATION;
    case SOURCE_RESOLUTION: return CLOSE_RESOLVED;
    case SOURCE_EXTERNAL: return CLOSE_EXTERNAL;
    case SOURCE_RECONCILE: return CLOSE_RECONCILE;
    case SOURCE_KILL: return CLOSE_KILL;
    default: return CLOSE_BY_HAND;
    }
}

/* Exits of a position that is gone would open a new one: take them back. */
static void exits_withdraw(struct desk *d, const struct rec *pos, const struct rec *by) {
    for (struct rec *r = d->open_first; r != NULL; r = r->open_next)
        if (r->o.parent == pos->o.id && r != by && (r->o.flags & ORDER_REDUCE_ONLY))
            order_cancel(d, r, 0, 0);
}

void position_void(struct desk *d, struct rec *pos) {
    pos->want_set = false;
    pos->rearm_us = 0;
    exits_disarm(d, pos);
    position_unlink(d, pos);
    exits_withdraw(d, pos, NULL);
    for (struct rec *r = d->open_first; r != NULL; r = r->open_next)
        if (r->o.parent == pos->o.id)
            reserve_give(d, r, r->holds);
    pos->o.pos = (struct position){.plan = pos->o.pos.plan};
    save_row(d, pos);
}

void position_closed(struct desk *d, struct rec *pos, const struct rec *by) {
    pos->o.pos.close_trigger = (uint8_t)closed_by(&by->o);
    pos->o.pos.unprotected = 0;
    pos->want_set = false;
    pos->rearm_us = 0;
    exits_disarm(d, pos);
    position_unlink(d, pos);
    save_row(d, pos);
    performance_closed(d, pos);
    follow_closed(d, pos);
    exits_withdraw(d, pos, by);
    notice(d, NOTICE_FILL, pos, "position %u closed%s%s: %s %s, P&L %s", pos->o.num, pos->o.pos.close_trigger ? " by " : "",
           close_trigger_name((enum close_trigger)pos->o.pos.close_trigger), pos->m->m.symbol, order_side_name((enum order_side)pos->o.side),
           num_text(pos->o.pos.realized_pnl.micro - pos->o.pos.fees.micro - pos->o.pos.funding.micro).s);
}

/* --- legs --------------------------------------------------------------------------------------------------- */
struct booking { /* one fill on its way through the tables */
    const struct fill *f;
    struct rec *r;
    struct mkt *m;
    struct acct *a;
    struct holding *h;
    int dir;
    price book_px;
    usd fee_left;
    qty left;
    uint8_t leg;
    bool any_strategy;
};

static void leg_save(struct desk *d, struct booking *b, const struct rec *pos, qty part, usd fee, usd pnl) {
    struct fill g = *b->f;
    g.order = b->r->o.id;
    g.position = pos != NULL ? pos->o.id : 0;
    g.account = b->a->a.id;
    g.market = b->m->m.id;
    g.leg = b->leg++;
    g.size = part;
    g.fee = fee;
    g.realized_pnl = pnl;
    save_add(d, SAVE_FILL)->u.fill = g;
    fill_keep(d, &g);
    breaker_clear(d, b->a);
    b->a->realized.micro += pnl.micro;
    b->h->realized.micro += pnl.micro;
}

static usd leg_fee(struct booking *b, qty part) {
    usd fee = part.micro == b->left.micro ? b->fee_left : share(b->f->fee, part, b->f->size);
    b->fee_left.micro -= fee.micro;
    b->left.micro -= part.micro;
    return fee;
}

static struct rec *position_against(const struct desk *d, const struct booking *b) {
    if (!b->any_strategy) {
        struct rec *p = position_find(d, b->a->a.id, b->r->o.strategy, b->m, b->f->side);
        if (p != NULL || market_nets(&b->m->m))
            return p != NULL && side_sign((enum order_side)p->o.side) != b->dir ? p : NULL;
    } /* where nothing nets, what is sold was held: by another strategy, if not by this one */
    for (struct rec *p = b->m->pos_first; p != NULL; p = p->pos_next)
        if (p->o.account == b->a->a.id && side_sign((enum order_side)p->o.side) != b->dir && (market_nets(&b->m->m) || p->o.side == b->f->side))
            return p;
    return NULL;
}

static bool leg_close(struct desk *d, struct booking *b, struct rec *pos) {
    qty part = b->left.micro < pos->o.pos.open.micro ? b->left : pos->o.pos.open;
    usd pnl = {0}, fee = leg_fee(b, part);
    if (b->r->o.parent == pos->o.id)
        reserve_give(d, b->r, part);
    enum err e = position_close_fill(&pos->o.pos, position_dir((enum order_side)pos->o.side), book_price((enum order_side)pos->o.side, b->book_px), part, fee, b->f->at_us, &pnl);
    if (e != ERR_OK) {
        notice(d, NOTICE_ALERT, pos, "a fill of %u is too large to book", pos->o.num);
        return false;
    }
    leg_save(d, b, pos, part, fee, pnl);
    save_row(d, pos);
    feed_note(d, pos->o.account, FEED_POSITIONS_CHANGED);
    d->dirty |= DIRTY_POSITIONS;
    if (pos->o.pos.open.micro == 0)
        position_closed(d, pos, b->r);
    reserve_trim(d, pos);
    return true;
}

/* A row for the part of an order that opens a position the order's own row can't hold any more. */
static struct rec *continuation(struct desk *d, const struct booking *b, uint8_t side, qty part) {
    struct order o = b->r->o;
    o.id = order_id_next(d);
    o.num = d->next_num;
    o.side = side;
    o.action = (uint8_t)side_opening_action((enum order_side)side);
    o.state = STATE_FILLED;
    o.flags &= (uint8_t)~(ORDER_REDUCE_ONLY | ORDER_OUTCOME_UNKNOWN);
    o.version = 0;
    o.size = o.filled = part;
    o.reversed = QTY(0);
    o.limit = o.limit.micro > 0 && side != b->r->o.side && b->m->m.kind == MARKET_BINARY ? price_complement(o.limit) : o.limit;
    o.filled_value = usd_of_sat(book_price((enum order_side)side, b->book_px), part);
    o.fee = USD(0);
    o.parent = b->r->o.id;
    o.created_us = d->now_us;
    o.cancel_requested_us = 0;
    o.venue_id[0] = 0;
    o.reason = ERR_OK;
    snprintf(o.client_id, sizeof o.client_id, "%llu", (unsigned long long)o.id);
    snprintf(o.reason_text, sizeof o.reason_text, "continues order %u", b->r->o.num);
    o.pos = (struct position){.plan = b->r->o.pos.plan};
    return rec_add(d, &o);
}

static void plan_take_over(struct rec *pos, const struct order *o) {
    struct exit_plan *p = &pos->o.pos.plan;
    const struct exit_plan *n = &o->pos.plan;
    if (&pos->o == o)
        return;
    p->stop = n->stop.micro > 0 ? n->stop : p->stop;
    p->target = n->target.micro > 0 ? n->target : p->target;
    p->invalidation_price = n->invalidation_price.micro > 0 ? n->invalidation_price : p->invalidation_price;
    p->time_exit_us = n->time_exit_us > 0 ? n->time_exit_us : p->time_exit_us;
    p->cooldown_until_us = n->cooldown_until_us > 0 ? n->cooldown_until_us : p->cooldown_until_us;
    p->confidence = n->confidence >= 0 ? n->confidence : p->confidence;
    if (n->invalidation[0] != 0)
        memcpy(p->invalidation, n->invalidation, sizeof p->invalidation);
}

static uint8_t opening_side(const struct booking *b) {
    if (!market_nets(&b->m->m))
        return b->f->side;
    if (b->m->m.kind == MARKET_BINARY)
        return b->dir > 0 ? SIDE_YES : SIDE_NO;
    return b->dir > 0 ? SIDE_LONG : SIDE_SHORT;
}

static void leg_open(struct desk *d, struct booking *b) {
    const uint8_t side = opening_side(b);
    qty part = b->left;
    usd fee = leg_fee(b, part);
    if (!market_nets(&b->m->m) && b->f->action == side_closing_action((enum order_side)side)) {
        notice(d, NOTICE_ALERT, b->r, "%s %s of %s were sold that no position held: cash only", num_text(part.micro).s, order_side_name((enum order_side)side), b->m->m.symbol);
        leg_save(d, b, NULL, part, fee, USD(0));
        return;
    }
    struct rec *pos = position_find(d, b->a->a.id, b->r->o.strategy, b->m, side);
    bool fresh = pos == NULL;
    if (fresh && b->r->o.side == side && b->r->o.pos.status == POSITION_NONE && b->r->o.action == side_opening_action((enum order_side)side))
        pos = b->r;
    else if (fresh)
        pos = continuation(d, b, side, part);
    if (pos == NULL || position_open_fill(&pos->o.pos, book_price((enum order_side)side, b->book_px), part, fee, b->f->at_us) != ERR_OK) {
        notice(d, NOTICE_ALERT, b->r, "a fill of %u can't be booked to a position", b->r->o.num);
        leg_save(d, b, NULL, part, fee, USD(0));
        return;
    }
    if (fresh)
        pos->o.pos.leverage = b->r->o.leverage;
    b->h->p.leverage = pos->o.pos.leverage;
    plan_take_over(pos, &b->r->o);
    position_link(d, pos);
    performance_risk(pos);
    feed_note(d, pos->o.account, FEED_POSITIONS_CHANGED);
    leg_save(d, b, pos, part, fee, USD(0));
    save_row(d, pos);
    exits_arm(d, pos);
    d->dirty |= DIRTY_POSITIONS;
}

/* --- whose fill it is ------------------------------------------------------------------------------------------ */
static struct rec *order_of_fill(struct desk *d, const struct fill *f, const struct mkt *m, const char *venue_order) {
    struct rec *r = rec_find(d, f->order);
    if (r == NULL)
        r = rec_by_venue_id(d, (enum venue_id)m->m.venue, venue_order);
    if (r != NULL)
        return r;
    struct order o = {.id = f->order, .account = f->account, .market = f->market, .side = f->side, .action = f->action, .type = ORDER_MARKET, .tif = TIF_IOC, .leverage = 1};
    str_copy(o.strategy, sizeof o.strategy, "main");
    str_copy(o.venue_id, sizeof o.venue_id, venue_order);
    const bool quiet = f->kind == FILL_TRANSFER || f->kind == FILL_ADJUSTMENT; /* who books it says so */
    enum order_source s = f->kind == FILL_SETTLEMENT ? SOURCE_RESOLUTION : f->kind == FILL_LIQUIDATION ? SOURCE_LIQUIDATION : f->kind == FILL_ADJUSTMENT ? SOURCE_RECONCILE : SOURCE_EXTERNAL;
    r = order_adopt(d, &o, s);
    if (r == NULL)
        return NULL;
    r->o.state = STATE_FILLED;
    open_unlink(d, r);
    if (!quiet)
        notice(d, s == SOURCE_RESOLUTION ? NOTICE_INFO : NOTICE_ALERT, r, "%s: %s %s %s %s @ %s", order_source_name(s), m->m.symbol, order_action_name((enum order_action)f->action),
           order_side_name((enum order_side)f->side), num_text(f->size.micro).s, num_text(f->px.micro).s);
    return r;
}

static bool own_row(const struct order *o) { /* rows made here for what the venue did by itself: they grow with their fills */
    return o->source == SOURCE_EXTERNAL || o->source == SOURCE_LIQUIDATION || o->source == SOURCE_RESOLUTION || o->source == SOURCE_RECONCILE;
}

static void order_count(struct desk *d, struct rec *r, const struct fill *f) {
    struct order *o = &r->o;
    const bool late = !order_open(o);
    usd value = {0};
    price px = f->side == o->side ? f->px : book_price((enum order_side)o->side, book_price((enum order_side)f->side, f->px));
    if (!usd_of(px, f->size, ROUND_HALF_EVEN, &value))
        value = usd_of_sat(px, f->size);
    o->filled.micro += f->size.micro;
    o->filled_value = usd_add_sat(o->filled_value, value);
    o->fee.micro += f->fee.micro;
    save_row(d, r);
    if (own_row(o) && late) {
        o->size = o->size.micro > o->filled.micro ? o->size : o->filled;
        return;
    }
    if (o->filled.micro > o->size.micro) {
        notice(d, NOTICE_ALERT, r, "%u overfilled: %s of %s", o->num, num_text(o->filled.micro).s, num_text(o->size.micro).s);
        snprintf(o->reason_text, sizeof o->reason_text, "overfilled: asked %s", num_text(o->size.micro).s);
        o->size = o->filled;
    }
    if (late) {
        notice(d, NOTICE_ALERT, r, "late fill of %u, which was %s: booked", o->num, order_state_name((enum order_state)o->state));
        return;
    }
}

static void order_progress(struct desk *d, struct rec *r) {
    if (!order_open(&r->o))
        return;
    if (r->o.state == STATE_CREATED) { /* the fill is the first we hear of it */
        r->o.flags |= ORDER_SENT;
        r->o.sent_us = d->now_us;
        order_move(d, r, OEV_SUBMIT, ERR_OK, NULL);
    }
    r->o.flags &= (uint8_t)~ORDER_OUTCOME_UNKNOWN;
    r->acked = true;
    r->o.flags |= ORDER_ACKED;
    r->delayed_us = 0;
    if (order_rest(&r->o).micro == 0)
        order_move(d, r, OEV_FILLED, ERR_OK, NULL);
    else
        order_move(d, r, OEV_FILL, ERR_OK, NULL);
    if (r->done_seen && r->o.filled.micro >= r->done_total.micro)
        order_done(d, r, (enum err)r->done_reason, r->done_total, NULL);
}

static void cash_book(struct desk *d, struct booking *b) {
    const struct fill *f = b->f;
    usd cash = holding_cash(b->h, f->side, f->action, f->px, f->size, f->fee, f->at_us);
    struct ledger_entry l = {.account = b->a->a.id, .market = b->m->m.id, .order = b->r->o.id, .at_us = d->now_us, .amount = cash,
                             .kind = f->kind == FILL_SETTLEMENT ? LEDGER_SETTLEMENT : LEDGER_FILL};
    str_copy(l.ref, sizeof l.ref, f->venue_trade);
    if (cash.micro != 0)
        ledger_book(d, b->a, &l);
    l.kind = LEDGER_FEE;
    l.amount = USD(-f->fee.micro);
    if (f->fee.micro != 0)
        ledger_book(d, b->a, &l);
    b->a->fees.micro += f->fee.micro;
    b->h->fees.micro += f->fee.micro;
}

bool fill_book(struct desk *d, const struct fill *f, const char *venue_order) {
    struct mkt *m = mkt_find(d, f->market);
    struct acct *a = acct_find(d, f->account);
    uint64_t seen;
    if (m == NULL || a == NULL || f->size.micro <= 0 || f->px.micro < 0 || f->venue_trade[0] == 0) {
        notice_about(d, NOTICE_ALERT, f->market, f->account, "a fill of %s can't be booked: unknown market or account", num_text(f->size.micro).s);
        return false;
    }
    if (map_get(&d->fill_map, fill_key(d, f), &seen)) {
        finality_set(d, f->account, f->venue_trade, f->leg, (enum fill_finality)f->finality); /* told again: it may have settled */
        return false;
    }
    if (f->finality == FILL_REVERSED) { /* it never happened */
        map_put(&d->fill_map, fill_key(d, f), 1);
        return false;
    }
    struct rec *r = order_of_fill(d, f, m, venue_order);
    if (r == NULL)
        return false;
    struct booking b = {.f = f, .r = r, .m = m, .a = a, .h = holding_get(d, a, m, f->side), .fee_left = f->fee, .left = f->size, .leg = f->leg,
                        .dir = book_dir((enum order_side)f->side, (enum order_action)f->action), .book_px = book_price((enum order_side)f->side, f->px)};
    b.any_strategy = own_row(&r->o);
    order_count(d, r, f);
    cash_book(d, &b);
    struct rec *pos;
    while (b.left.micro > 0 && (pos = position_against(d, &b)) != NULL)
        if (!leg_close(d, &b, pos))
            break;
    if (b.left.micro > 0 && f->kind != FILL_SETTLEMENT)
        leg_open(d, &b);
    else if (b.left.micro > 0)
        leg_save(d, &b, NULL, b.left, b.fee_left, USD(0)); /* nothing here to settle: cash only */
    if (f->kind == FILL_TRADE && own_row(&r->o) == false)
        notice(d, NOTICE_FILL, r, "%u filled %s/%s %s %s %s @ %s%s", r->o.num, num_text(r->o.filled.micro).s, num_text(r->o.size.micro).s, m->m.symbol,
               order_action_name((enum order_action)f->action), order_side_name((enum order_side)f->side), num_text(f->px.micro).s, f->finality == FILL_PROVISIONAL ? ", not settled yet" : "");
    order_progress(d, r);
    save_day(d, a);
    d->dirty |= DIRTY_ACCOUNT | DIRTY_ORDERS;
    return true;
}

void on_fill(struct desk *d, const struct event *ev) { fill_book(d, &ev->u.fill_ev.fill, ev->u.fill_ev.venue_order); }
