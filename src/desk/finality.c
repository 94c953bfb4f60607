/* Fills that settle later. A provisional one is booked like any other, but what it bought can't be sold before it is final; one that the
 * venue takes back is taken out: its row says so, and order, position, cash and day are what the fills that stand make of them. */
#include "desk/state.h"
#include "turret/base/hash.h"
#include "turret/base/str.h"

#include <stdio.h>
#include <string.h>

#define UNSETTLED_LONG_US (10 * MINUTE_US)

static bool opens(const struct rec *pos, const struct fill *f) { return book_dir((enum order_side)f->side, (enum order_action)f->action) == side_sign((enum order_side)pos->o.side); }

/* --- counting: at the load and with each booking, so that a restart knows the same --- */
static void count(struct desk *d, const struct fill *f, int n) {
    struct rec *r = rec_find(d, f->order), *pos = rec_find(d, f->position);
    struct acct *a = acct_find(d, f->account);
    struct mkt *m = mkt_find(d, f->market);
    if (r != NULL)
        r->unsettled += n;
    if (pos != NULL && pos != r)
        pos->unsettled += n;
    if (pos != NULL && opens(pos, f))
        pos->provisional.micro += n * f->size.micro;
    if (a != NULL)
        a->provisional += n;
    if (a != NULL && m != NULL)
        holding_get(d, a, m, f->side)->provisional += n;
}

void finality_kept(struct desk *d, const struct fill *f) {
    struct acct *a = acct_find(d, f->account);
    struct mkt *m = mkt_find(d, f->market);
    if (f->finality == FILL_PROVISIONAL)
        count(d, f, 1);
    else if (d->loaded && f->kind == FILL_TRADE && a != NULL && a->a.live && m != NULL)
        holding_get(d, a, m, f->side)->settled_us = d->now_us;
}

/* After a start nobody knows how long the youngest fills have been final. */
void finality_loaded(struct desk *d) {
    for (size_t i = d->fill_count; i-- > 0;) {
        const struct fill *f = &d->fills[i];
        struct acct *a = acct_find(d, f->account);
        struct mkt *m = mkt_find(d, f->market);
        if (a != NULL && a->a.live && m != NULL && f->kind == FILL_TRADE && d->now_us - f->at_us < UNSETTLED_LONG_US)
            holding_get(d, a, m, f->side)->settled_us = d->now_us;
    }
}

/* Long unsettled ones are said once a minute, with their number. */
void finality_timer(struct desk *d) {
    for (size_t i = 0; i < d->account_count; i++) {
        const struct acct *a = d->accounts[i];
        int n = 0;
        for (size_t k = a->provisional > 0 ? d->fill_count : 0; k-- > 0;)
            n += d->fills[k].account == a->a.id && d->fills[k].finality == FILL_PROVISIONAL && d->now_us - d->fills[k].at_us >= UNSETTLED_LONG_US;
        if (n > 0 && d->now_us / UNSETTLED_LONG_US != (d->now_us - MINUTE_US) / UNSETTLED_LONG_US)
            notice_about(d, NOTICE_WARN, 0, a->a.id, "%d fills of %s are not settled for more than ten minutes: their shares can't be sold yet", n, a->a.name);
    }
}

static void save_fill(struct desk *d, const struct fill *f) { save_add(d, SAVE_FILL)->u.fill = *f; }

/* --- final --- */
static void settled(struct desk *d, struct fill *f) {
    struct rec *r = rec_find(d, f->order), *pos = rec_find(d, f->position);
    struct acct *a = acct_find(d, f->account);
    struct mkt *m = mkt_find(d, f->market);
    count(d, f, -1);
    if (a != NULL && m != NULL)
        holding_get(d, a, m, f->side)->settled_us = d->now_us;
    d->dirty |= DIRTY_FILLS | DIRTY_POSITIONS | DIRTY_ACCOUNT;
    if (r != NULL && r != pos)
        performance_settled(d, r);
    if (pos == NULL)
        return;
    performance_settled(d, pos);
    exits_settled(d, pos);
}

/* --- taken back --- */
struct taking { /* one execution, its legs, and the position that is figured anew */
    struct desk *d;
    struct acct *a;
    struct mkt *m;
    struct rec *r, *pos, *into /* has the position's place by now: what comes back goes there */;
    size_t first, end; /* its legs in d->fills */
    struct position now;
    const struct rec *last; /* the order of the last fill that closed something */
};

/* What the position's fills make of it, without (or with) those that are taken back. False: they don't add up to one. */
static bool replay(const struct taking *t, bool with, struct position *q, const struct rec **last, bool write) {
    *q = (struct position){0};
    *last = NULL;
    for (size_t i = 0; i < t->d->fill_count; i++) {
        struct fill *f = &t->d->fills[i];
        const bool taken = i >= t->first && i < t->end;
        usd pnl = {0};
        if (f->position != t->pos->o.id || f->finality == FILL_REVERSED || (taken && !with))
            continue;
        const price own = book_price((enum order_side)t->pos->o.side, book_price((enum order_side)f->side, f->px));
        if (opens(t->pos, f)) {
            if (position_open_fill(q, own, f->size, f->fee, f->at_us) != ERR_OK)
                return false;
            continue;
        }
        if (f->size.micro > q->open.micro || position_close_fill(q, position_dir((enum order_side)t->pos->o.side), own, f->size, f->fee, f->at_us, &pnl) != ERR_OK)
            return false;
        *last = rec_find(t->d, f->order);
        if (write && pnl.micro != f->realized_pnl.micro) { /* it sold at another average cost */
            const usd more = USD(pnl.micro - f->realized_pnl.micro);
            day_correct(t->d, t->a, t->m, f, more, USD(0));
            follow_corrected(t->d, f, t->pos, more);
            f->realized_pnl = pnl;
            save_fill(t->d, f);
        }
    }
    return true;
}

/* Can it be taken out? Not where what it bought is sold or settled already, or where the first fills are no longer in memory. */
static bool can_take_out(struct taking *t) {
    struct position was;
    const struct rec *last;
    if (t->pos == NULL || t->r == NULL || market_nets(&t->m->m) || t->m->m.kind != MARKET_BINARY)
        return false;
    for (size_t i = t->first; i < t->end; i++)
        if (t->d->fills[i].position != t->pos->o.id)
            return false;
    const struct position *p = &t->pos->o.pos;
    if (!replay(t, true, &was, &last, false) || was.open.micro != p->open.micro || was.closed.micro != p->closed.micro || was.cost.micro != p->cost.micro)
        return false;
    if (!replay(t, false, &t->now, &t->last, false))
        return false;
    struct rec *there = position_find(t->d, t->a->a.id, t->pos->o.strategy, t->m, t->pos->o.side);
    t->into = t->now.open.micro > 0 && there != t->pos ? there : NULL;
    return true;
}

static void ledger_back(struct desk *d, struct taking *t, const struct fill *whole, enum ledger_kind kind, usd amount) {
    struct ledger_entry l = {.account = t->a->a.id, .market = t->m->m.id, .order = t->r->o.id, .kind = (uint8_t)kind, .amount = amount, .at_us = d->now_us};
    if (amount.micro == 0)
        return;
    if (strlen(whole->venue_trade) + sizeof "reversed:" <= sizeof l.ref)
        snprintf(l.ref, sizeof l.ref, "reversed:%.70s", whole->venue_trade);
    else
        snprintf(l.ref, sizeof l.ref, "reversed:%016llx", (unsigned long long)fnv64(FNV64_INIT, whole->venue_trade, strlen(whole->venue_trade)));
    ledger_book(d, t->a, &l);
}

static void order_back(struct desk *d, struct taking *t, const struct fill *whole) {
    struct order *o = &t->r->o;
    const price px = whole->side == o->side ? whole->px : book_price((enum order_side)o->side, book_price((enum order_side)whole->side, whole->px));
    o->filled.micro -= whole->size.micro < o->filled.micro ? whole->size.micro : o->filled.micro;
    o->filled_value.micro -= value_of(px, whole->size).micro;
    o->fee.micro -= whole->fee.micro;
    o->reversed.micro += whole->size.micro;
    snprintf(o->reason_text, sizeof o->reason_text, "taken back: %s never settled", num_text(o->reversed.micro).s);
    struct save_order_event *e = &save_add(d, SAVE_ORDER_EVENT)->u.event;
    *e = (struct save_order_event){.order = o->id, .event = OEV_REVERSE, .from = o->state, .to = o->state, .source = o->source, .at_us = d->now_us};
    snprintf(e->text, sizeof e->text, "%s of %.60s", num_text(whole->size.micro).s, whole->venue_trade);
    save_row(d, t->r);
}

/* One half of a transfer between positions: no cash moves, both are at the same price. */
static void transfer(struct desk *d, struct taking *t, struct rec *pos, uint8_t action, price px, qty size) {
    struct order like = {.account = t->a->a.id, .market = t->m->m.id, .side = pos->o.side, .action = action, .type = ORDER_MARKET, .tif = TIF_IOC, .leverage = 1,
                         .size = size, .filled = size, .filled_value = value_of(px, size), .parent = pos->o.id};
    str_copy(like.strategy, sizeof like.strategy, pos->o.strategy);
    struct rec *r = order_adopt(d, &like, SOURCE_RECONCILE);
    if (r == NULL)
        return;
    r->o.state = STATE_FILLED;
    open_unlink(d, r);
    struct fill f = {.order = r->o.id, .position = pos->o.id, .account = t->a->a.id, .market = t->m->m.id, .kind = FILL_TRANSFER, .finality = FILL_FINAL, .side = pos->o.side, .action = action,
                     .px = px, .size = size, .at_us = d->now_us};
    snprintf(f.venue_trade, sizeof f.venue_trade, "moved-%llu", (unsigned long long)r->o.id);
    if (action == side_opening_action((enum order_side)pos->o.side))
        position_open_fill(&pos->o.pos, px, size, USD(0), d->now_us);
    else
        position_close_fill(&pos->o.pos, position_dir((enum order_side)pos->o.side), px, size, USD(0), d->now_us, &f.realized_pnl);
    day_correct(d, t->a, t->m, &f, f.realized_pnl, USD(0)); /* a rounding at most */
    save_fill(d, &f);
    fill_keep(d, &f);
    save_row(d, pos);
}

static void move(struct desk *d, struct taking *t) {
    const price px = t->pos->o.pos.entry_price;
    const qty size = t->pos->o.pos.open;
    notice(d, NOTICE_WARN, t->into, "%s that came back to position %u go on in position %u, which has its place", num_text(size.micro).s, t->pos->o.num, t->into->o.num);
    transfer(d, t, t->pos, (uint8_t)side_closing_action((enum order_side)t->pos->o.side), px, size);
    transfer(d, t, t->into, (uint8_t)side_opening_action((enum order_side)t->into->o.side), px, size);
    exits_arm(d, t->into);
}

/* The figures that are the fills'; plan, reservation and funding are the position's own. */
static void position_back(struct desk *d, struct taking *t) {
    struct rec *pos = t->pos;
    struct position *p = &pos->o.pos, q = t->now;
    const bool was_open = pos->is_pos;
    p->open = q.open, p->closed = q.closed, p->cost = q.cost, p->entry_price = q.entry_price, p->exit_price = q.exit_price, p->exit_value = q.exit_value;
    p->realized_pnl = q.realized_pnl, p->fees = q.fees, p->status = q.status, p->opened_us = q.opened_us, p->closed_us = q.closed_us;
    save_row(d, pos);
    if (t->into != NULL) {
        move(d, t);
    } else if (q.open.micro > 0) {
        p->close_trigger = CLOSE_BY_HAND;
        if (!was_open) {
            pos->stat_waits = false;
            pos->want_set = false;
            pos->rearm_us = 0;
            position_link(d, pos);
        }
        reserve_trim(d, pos);
    } else if (was_open && q.status == POSITION_CLOSED) {
        reserve_trim(d, pos);
        position_closed(d, pos, t->last != NULL ? t->last : t->r);
    } else if (was_open) { /* nothing of it ever was */
        position_void(d, pos);
    }
}

/* Where nothing nets, what an account holds of a side is what its positions hold. */
static void holding_back(struct taking *t, struct holding *h) {
    qty open = {0};
    usd cost = {0};
    for (const struct rec *p = t->m->pos_first; p != NULL; p = p->pos_next)
        if (p->o.account == t->a->a.id && p->o.side == t->pos->o.side) {
            open.micro += p->o.pos.open.micro;
            cost = usd_add_sat(cost, p->o.pos.cost);
        }
    h->side = t->pos->o.side;
    h->p.open = open;
    h->p.cost = cost;
    h->p.status = open.micro > 0 ? POSITION_OPEN : POSITION_CLOSED;
    if (!price_of(cost, open, ROUND_HALF_EVEN, &h->p.entry_price))
        h->p.entry_price = PRICE(0);
}

static void take_out(struct desk *d, struct taking *t) {
    const bool opening = opens(t->pos, &d->fills[t->first]), in_base = t->first < t->a->audit_from;
    struct fill whole;
    fill_whole(d, t->first, &whole);
    const usd value = value_of(whole.px, whole.size);
    for (size_t i = t->first; i < t->end; i++) {
        struct fill *f = &d->fills[i];
        count(d, f, -1);
        day_correct(d, t->a, t->m, f, USD(-f->realized_pnl.micro), USD(-f->fee.micro));
        f->finality = FILL_REVERSED;
        save_fill(d, f);
    }
    replay(t, false, &t->now, &t->last, true);
    order_back(d, t, &whole);
    ledger_back(d, t, &whole, LEDGER_FILL, opening ? value : USD(-value.micro));
    ledger_back(d, t, &whole, LEDGER_FEE, whole.fee);
    struct holding *h = holding_get(d, t->a, t->m, whole.side);
    position_back(d, t);
    holding_back(t, h);
    h->settled_us = d->now_us;
    if (in_base)
        audit_base(d, t->a);
    for (size_t i = t->first; i < t->end; i++)
        follow_reversed(d, &d->fills[i], t->pos);
    follow_order_reversed(d, t->r);
    watch_order_reversed(d, t->r, value);
    save_day(d, t->a);
    feed_note(d, t->a->a.id, FEED_POSITIONS_CHANGED);
    d->dirty |= DIRTY_FILLS | DIRTY_POSITIONS | DIRTY_ORDERS | DIRTY_ACCOUNT;
    notice(d, NOTICE_ALERT, t->r, "REVERSED: the venue took back %s of order %u (%s %s @ %s): position and cash are as without it", num_text(whole.size.micro).s, t->r->o.num,
           t->m->m.symbol, order_side_name((enum order_side)whole.side), num_text(whole.px.micro).s);
    history_add(d, HISTORY_ACCOUNT, t->a->a.id, t->m, t->r->o.id, "reversed", "%s %s of order %u @ %s never settled", num_text(whole.size.micro).s, order_side_name((enum order_side)whole.side),
                t->r->o.num, num_text(whole.px.micro).s);
    performance_settled(d, t->pos);
    if (t->pos->is_pos) {
        exits_settled(d, t->pos);
        exits_arm(d, t->pos);
    }
}

/* It stays in the books: what it bought is gone already, and only the venue's own figures say what is left. */
static void keep_and_ask(struct desk *d, struct taking *t) {
    for (size_t i = t->first; i < t->end; i++) {
        d->fills[i].finality = FILL_FINAL;
        save_fill(d, &d->fills[i]);
        settled(d, &d->fills[i]);
    }
    notice(d, NOTICE_ALERT, t->r, "REVERSED: the venue took back a fill of order %u whose shares are gone already: reconciling", t->r != NULL ? t->r->o.num : 0);
    history_add(d, HISTORY_ACCOUNT, t->a->a.id, t->m, d->fills[t->first].order, "reversed", "kept in the books: its shares are sold; reconciliation finds the difference");
    recon_need(d, t->a);
}

/* --- the word of the venue --- */
static size_t fill_find(const struct desk *d, account_id a, const char *venue_trade, unsigned leg) {
    for (size_t i = d->fill_count; i-- > 0;)
        if (d->fills[i].account == a && d->fills[i].leg == leg && strcmp(d->fills[i].venue_trade, venue_trade) == 0)
            return i;
    return SIZE_MAX;
}

void finality_set(struct desk *d, account_id account, const char *venue_trade, unsigned leg, enum fill_finality to) {
    struct taking t = {.d = d, .a = acct_find(d, account)};
    struct fill whole;
    if (t.a == NULL || t.a->provisional == 0 || to == FILL_PROVISIONAL) /* most fills are told again by reconciliation: nothing to look for */
        return;
    t.first = fill_find(d, account, venue_trade, leg);
    if (t.first == SIZE_MAX || d->fills[t.first].finality != FILL_PROVISIONAL)
        return;
    t.end = fill_whole(d, t.first, &whole);
    t.m = mkt_find(d, whole.market);
    t.r = rec_find(d, whole.order);
    t.pos = rec_find(d, whole.position);
    if (t.m == NULL)
        return;
    if (to == FILL_REVERSED && can_take_out(&t))
        take_out(d, &t);
    else if (to == FILL_REVERSED)
        keep_and_ask(d, &t);
    else
        for (size_t i = t.first; i < t.end; i++) {
            d->fills[i].finality = FILL_FINAL;
            save_fill(d, &d->fills[i]);
            settled(d, &d->fills[i]);
        }
}

void on_finality(struct desk *d, const struct event *ev) {
    const struct ev_finality *f = &ev->u.finality;
    finality_set(d, f->account, f->venue_trade, f->leg, (enum fill_finality)f->finality);
}
