/* The starting state, as the store gives it back: rows first, then what follows from them (lists, reservations,
 * holdings, triggers). A first start and a restart after a crash take the same way. */
#include "desk/state.h"

#include <stdlib.h>

void on_account(struct desk *d, const struct event *ev) {
    struct acct *a = acct_find(d, ev->u.account.id);
    if (ev->u.account.id == 0)
        return;
    bool known = a != NULL;
    if (!known) {
        a = xcalloc(1, sizeof *a);
        d->accounts = xgrow(d->accounts, &d->account_cap, d->account_count + 1, sizeof(struct acct *));
        d->accounts[d->account_count++] = a;
        map_put_ptr(&d->account_map, ev->u.account.id, a);
    }
    a->a = ev->u.account;
    if (a->metrics == NULL)
        a->metrics = metrics_new();
    day_pause_apply(d, a);
    breaker_apply(d, a);
    live_apply(d, a);
    d->dirty |= DIRTY_ACCOUNT;
    if (!known && d->loaded) {
        if (d->leader)
            save_account(d, a);
        account_fund(d);
        recon_need(d, a);
    }
}

void on_load_order(struct desk *d, const struct event *ev) {
    struct rec *r = d->loaded ? NULL : rec_add(d, &ev->u.order);
    if (r == NULL)
        return;
    r->stored = true;
    r->acked = r->o.flags & ORDER_ACKED;
    r->o.pos.unprotected = 0;
    if (order_open(&r->o))
        open_link(d, r);
    if (r->o.pos.status == POSITION_OPEN)
        position_link(d, r);
}

void on_load_fill(struct desk *d, const struct event *ev) {
    if (!d->loaded)
        fill_keep(d, &ev->u.fill);
}

void on_load_cash(struct desk *d, const struct event *ev) {
    struct acct *a = acct_find(d, ev->u.load_cash.account);
    if (a == NULL || d->loaded)
        return;
    a->cash = ev->u.load_cash.cash;
    a->cash_known = a->cash.micro != 0;
}

void on_load_day(struct desk *d, const struct event *ev) {
    const struct ev_load_day *l = &ev->u.load_day;
    struct acct *a = acct_find(d, l->account);
    if (a == NULL || d->loaded)
        return;
    if (l->day == d->day) {
        a->realized = l->realized;
        a->fees = l->fees;
        a->funding = l->funding;
        a->start_equity = l->start_equity;
        a->day_known = l->start_equity.micro != 0;
    } else if (l->day < d->day) {
        day_keep(a, &(struct view_day){l->day, l->realized, l->fees, l->funding});
    }
}

void on_load_market(struct desk *d, const struct event *ev) {
    const struct ev_load_market *l = &ev->u.load_market;
    if (d->loaded || l->market.id == 0)
        return;
    struct mkt *m = mkt_find(d, l->market.id);
    if (m == NULL)
        m = mkt_add(d, &l->market);
    m->saved = true;
    m->last = l->mark.micro > 0 ? l->mark : l->last; /* until the venue speaks */
    struct acct *a = acct_find(d, l->account);
    if (a == NULL)
        return;
    struct holding *h = holding_get(d, a, m, SIDE_YES);
    h->realized = l->realized;
    h->fees = l->fees;
    h->funding = l->funding;
}

void on_equity(struct desk *d, const struct event *ev) {
    struct acct *a = acct_find(d, ev->u.equity.account);
    if (a != NULL)
        equity_keep(a, ev->u.equity.at_us, ev->u.equity.equity), performance_equity(a, ev->u.equity.at_us, ev->u.equity.equity);
}

/* --- what follows from the rows ---------------------------------------------------------------------- */
static int by_num(const void *x, const void *y) {
    const struct rec *a = *(const struct rec *const *)x, *b = *(const struct rec *const *)y;
    return a->o.num != b->o.num ? (a->o.num < b->o.num ? -1 : 1) : a->o.id < b->o.id ? -1 : a->o.id > b->o.id;
}

static void relink(struct desk *d) { /* lists in creation order, whatever order the store gave */
    if (d->order_count > 0)
        qsort(d->orders, d->order_count, sizeof(struct rec *), by_num);
    for (size_t i = 0; i < d->order_count; i++) {
        struct rec *r = d->orders[i];
        if (r->is_open) {
            open_unlink(d, r);
            open_link(d, r);
        }
        if (r->is_pos) {
            position_unlink(d, r);
            position_link(d, r);
            r->o.pos.reserved = QTY(0);
        }
    }
}

static void reservations(struct desk *d) {
    for (struct rec *r = d->open_first; r != NULL; r = r->open_next) {
        struct rec *pos = r->o.flags & ORDER_REDUCE_ONLY ? rec_find(d, r->o.parent) : NULL;
        if (pos == NULL || !pos->is_pos)
            continue;
        qty rest = order_rest(&r->o), room = QTY(pos->o.pos.open.micro > pos->o.pos.reserved.micro ? pos->o.pos.open.micro - pos->o.pos.reserved.micro : 0);
        r->holds = rest.micro < room.micro ? rest : room;
        pos->o.pos.reserved.micro += r->holds.micro;
    }
}

static void hold(struct desk *d, const struct rec *pos) {
    struct acct *a = acct_find(d, pos->o.account);
    const struct position *p = &pos->o.pos;
    usd pnl;
    if (a == NULL)
        return;
    struct holding *h = holding_get(d, a, pos->m, pos->o.side);
    h->p.leverage = p->leverage;
    if (h->p.open.micro == 0) {
        h->side = pos->o.side;
        h->p = (struct position){.status = POSITION_OPEN, .leverage = p->leverage, .open = p->open, .cost = p->cost, .entry_price = p->entry_price};
    } else if (h->side == pos->o.side) {
        h->p.open.micro += p->open.micro;
        h->p.cost = usd_add_sat(h->p.cost, p->cost);
        if (!price_of(h->p.cost, h->p.open, ROUND_HALF_EVEN, &h->p.entry_price))
            h->p.entry_price = p->entry_price;
    } else { /* opposite strategies: what is left has an entry only the venue knows */
        if (h->p.open.micro > p->open.micro) {
            position_close_fill(&h->p, 1, h->p.entry_price, p->open, USD(0), d->now_us, &pnl);
        } else {
            int64_t left = p->open.micro - h->p.open.micro;
            h->side = pos->o.side;
            h->p = (struct position){.leverage = p->leverage};
            if (left > 0)
                position_open_fill(&h->p, p->entry_price, QTY(left), USD(0), d->now_us);
        }
    }
}

static int64_t net_of(const struct holding *h) { return h->p.open.micro > 0 ? side_sign((enum order_side)h->side) * h->p.open.micro : 0; }

/* What the account holds follows from its fills, as at the venue. Where old ones are no longer loaded, the open positions
 * give the quantity, and the venue tells the entry when it is asked. */
static void holdings(struct desk *d) {
    for (size_t i = 0; i < d->fill_count;) {
        struct fill f;
        i = fill_whole(d, i, &f);
        struct acct *a = acct_find(d, f.account);
        struct mkt *m = mkt_find(d, f.market);
        if (a != NULL && m != NULL && f.finality != FILL_REVERSED && !fill_is_pair(&f))
            holding_cash(holding_get(d, a, m, f.side), f.side, f.action, f.px, f.size, USD(0), f.at_us);
    }
    for (size_t i = 0; i < d->account_count; i++)
        for (struct holding *h = d->accounts[i]->holdings; h != NULL; h = h->next) {
            int64_t net = h->apart = fills_apart(d, h, 0);
            uint8_t leverage = 0;
            for (const struct rec *p = h->m->pos_first; p != NULL; p = p->pos_next)
                if (p->o.account == h->account && (market_nets(&h->m->m) || p->o.side == h->key)) {
                    net += side_sign((enum order_side)p->o.side) * p->o.pos.open.micro;
                    leverage = p->o.pos.leverage;
                }
            h->p.leverage = leverage;
            if (net == net_of(h))
                continue;
            h->p = (struct position){0};
            h->apart = 0;
            for (const struct rec *p = h->m->pos_first; p != NULL; p = p->pos_next)
                if (p->o.account == h->account && (market_nets(&h->m->m) || p->o.side == h->key))
                    hold(d, p);
        }
    for (size_t i = 0; i < d->market_count; i++) /* positions without any fill here */
        for (const struct rec *p = d->markets[i]->pos_first; p != NULL; p = p->pos_next) {
            struct acct *a = acct_find(d, p->o.account);
            if (a != NULL && holding_get(d, a, p->m, p->o.side)->p.status == POSITION_NONE)
                hold(d, p);
        }
}

void on_loaded(struct desk *d, const struct event *ev) {
    (void)ev;
    if (d->loaded)
        return;
    relink(d);
    reservations(d);
    holdings(d);
    for (size_t i = 0; i < d->account_count; i++) {
        struct acct *a = d->accounts[i];
        a->saved = true;
        audit_base(d, a);
    }
    finality_loaded(d);
    d->fill_loaded = d->fill_count;
    d->loaded = true;
    for (size_t i = 0; i < d->order_count; i++) /* exits first; what they may do waits for reconciliation */
        if (d->orders[i]->is_pos) {
            performance_risk(d->orders[i]);
            exits_arm(d, d->orders[i]);
        }
    watches_loaded(d);
    follow_loaded(d);
    if (d->leader) {
        markets_save(d);
        account_fund(d);
        for (size_t i = 0; i < d->model_count; i++)
            if (!d->models[i]->stored)
                mdl_save(d, d->models[i]);
    }
    for (size_t i = 0; i < d->account_count; i++)
        recon_need(d, d->accounts[i]);
    d->dirty = ~0u;
}
