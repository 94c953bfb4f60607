/* Reconciliation: account by account the venue tells its working orders, fills, positions and cash; ours follow.
 * New exposure waits for it. A difference counts only when a second look shows the same one. */
#include "desk/state.h"
#include "turret/base/hash.h"
#include "turret/base/str.h"

#include <stdio.h>
#include <string.h>

#define LOOK_AGAIN_US (5 * MINUTE_US) /* a lost message without a lost connection is found by the next look */
#define LOOK_TWICE_US SECOND_US
#define LOOK_TWICE_LIVE_US (12 * SECOND_US) /* a real venue's positions come from another machine than its cash, and later */
#define LOOK_SOON_US (20 * SECOND_US) /* something was left out of the comparison because it is not settled */

static void ask(struct desk *d, struct acct *a) {
    a->round = ++d->round;
    a->asking = true;
    a->asked_us = d->now_us;
    a->recon_count = 0;
    a->recon_cash_known = false;
    a->first_look = a->a.live && !a->opened; /* it begins with what the venue has */
    struct fx_reconcile *r = &fx_new(d, FX_RECONCILE, (enum venue_id)a->a.venue)->u.reconcile;
    r->account = a->a.id;
    r->round = a->round;
    d->dirty |= DIRTY_STATUS;
}

static bool can_ask(const struct desk *d, const struct acct *a) { return d->leader && d->loaded && d->venues[a->a.venue].up; }

/* Something was lost or may have been: new exposure waits until the venue has told its truth again. */
void recon_need(struct desk *d, struct acct *a) {
    a->reconciled = false;
    a->asking = false;
    a->tries = 0;
    a->mismatches = 0;
    a->next_us = d->now_us;
    if (can_ask(d, a))
        ask(d, a);
    d->dirty |= DIRTY_ACCOUNT | DIRTY_STATUS;
}

static void ask_later(struct desk *d, struct acct *a) {
    a->asking = false;
    a->next_us = d->now_us + (SECOND_US << (a->tries < 5 ? a->tries : 5));
    if (a->tries < UINT8_MAX)
        a->tries++;
}

void recon_timer(struct desk *d) {
    for (size_t i = 0; i < d->account_count; i++) {
        struct acct *a = d->accounts[i];
        if (!can_ask(d, a))
            continue;
        if (a->asking && d->now_us - a->asked_us >= ACK_TIMEOUT_US)
            ask_later(d, a);
        if (!a->asking && d->now_us >= a->next_us)
            ask(d, a);
    }
}

/* --- the answer ------------------------------------------------------------------------------------- */
static struct acct *current(const struct desk *d, account_id id, uint64_t round) {
    struct acct *a = acct_find(d, id);
    return a != NULL && a->asking && a->round == round ? a : NULL;
}

void on_recon_begin(struct desk *d, const struct event *ev) {
    struct acct *a = current(d, ev->u.recon_begin.account, ev->u.recon_begin.round);
    if (a == NULL)
        return;
    a->recon_count = 0;
    a->recon_cash_known = false;
}

/* A row for an order that came from elsewhere; keeps the venue's id so that its events find it. */
struct rec *order_adopt(struct desk *d, const struct order *like, enum order_source source) {
    struct order o = *like;
    if (o.id == 0 || rec_find(d, o.id) != NULL)
        o.id = order_id_next(d);
    o.num = d->next_num;
    o.source = (uint8_t)source;
    o.version = 0;
    o.state = STATE_PENDING;
    o.flags = (uint8_t)((o.flags & (ORDER_REDUCE_ONLY | ORDER_POST_ONLY)) | ORDER_SENT | ORDER_ACKED);
    o.created_us = o.sent_us = d->now_us;
    o.pos = (struct position){.plan.confidence = -1};
    if (o.strategy[0] == 0)
        str_copy(o.strategy, sizeof o.strategy, "main");
    if (o.leverage == 0)
        o.leverage = 1;
    snprintf(o.client_id, sizeof o.client_id, "%llu", (unsigned long long)o.id);
    struct rec *r = rec_add(d, &o);
    if (r == NULL)
        return NULL;
    r->acked = true;
    open_link(d, r);
    save_row(d, r);
    return r;
}

/* Of another's order a fill was heard of first: its row was closed with it, as far as anybody knew. */
static bool reopens(const struct order *row, const struct order *there) {
    return row->source == SOURCE_EXTERNAL && row->state == STATE_FILLED && there->limit.micro > 0 && there->size.micro > row->filled.micro + row->reversed.micro;
}

static void order_reopen(struct desk *d, struct rec *r, const struct order *there) {
    r->o.state = r->o.filled.micro > 0 ? STATE_PARTIAL : STATE_PENDING;
    r->o.type = ORDER_LIMIT;
    r->o.tif = TIF_GTC;
    r->o.limit = there->limit;
    r->o.size = there->size;
    r->acked = true;
    open_link(d, r);
    struct save_order_event *e = &save_add(d, SAVE_ORDER_EVENT)->u.event;
    *e = (struct save_order_event){.order = r->o.id, .event = OEV_AMEND, .from = STATE_FILLED, .to = r->o.state, .source = r->o.source, .at_us = d->now_us, .text = "its rest works at the venue"};
    save_row(d, r);
}

void on_recon_order(struct desk *d, const struct event *ev) {
    const uint64_t round = ev->u.recon_order.round;
    struct acct *a = round != 0 ? current(d, ev->u.recon_order.account, round) : acct_find(d, ev->u.recon_order.account);
    const struct order *o = &ev->u.recon_order.order;
    if (a == NULL)
        return;
    struct rec *r = rec_find(d, o->id);
    if (r == NULL)
        r = rec_by_venue_id(d, (enum venue_id)a->a.venue, o->venue_id);
    if (r == NULL) {
        struct order own = *o;
        own.account = a->a.id;
        own.filled = QTY(0); /* its fills tell */
        own.filled_value = own.fee = USD(0);
        if ((r = order_adopt(d, &own, SOURCE_EXTERNAL)) == NULL)
            return;
        notice(d, a->first_look ? NOTICE_INFO : NOTICE_ALERT, r, "found an order at the venue that is not ours: %u adopted", r->o.num);
    }
    if (round != 0)
        r->seen_round = round;
    if (r->saving)
        return;
    if (reopens(&r->o, o)) {
        order_reopen(d, r, o);
        notice(d, a->first_look ? NOTICE_INFO : NOTICE_ALERT, r, "the rest of %u, which is not ours, still works at the venue", r->o.num);
    }
    if (!order_open(&r->o)) {
        r->acked = false;
        order_accepted(d, r, o->venue_id);
        return;
    }
    order_accepted(d, r, o->venue_id);
    if (o->limit.micro > 0 && o->size.micro > 0 && (o->limit.micro != r->o.limit.micro || o->size.micro != r->o.size.micro)) {
        struct event am;
        event_init(&am, EVENT_AMENDED, (enum venue_id)a->a.venue, d->now_us);
        am.u.amended = (struct ev_amended){r->o.id, o->limit, o->size};
        on_amended(d, &am);
    }
}

void on_recon_fill(struct desk *d, const struct event *ev) {
    struct fill f = ev->u.recon_fill.fill;
    f.account = ev->u.recon_fill.account;
    if (current(d, f.account, ev->u.recon_fill.round) != NULL)
        fill_book(d, &f, "");
}

void on_recon_position(struct desk *d, const struct event *ev) {
    const struct ev_recon_position *p = &ev->u.recon_position;
    struct acct *a = current(d, p->account, p->round);
    if (a == NULL)
        return;
    a->recon = xgrow(a->recon, &a->recon_cap, a->recon_count + 1, sizeof *a->recon);
    a->recon[a->recon_count++] = (struct recon_pos){p->market, (uint8_t)p->side, p->net, p->entry};
}

void on_recon_cash(struct desk *d, const struct event *ev) {
    struct acct *a = current(d, ev->u.recon_cash.account, ev->u.recon_cash.round);
    if (a == NULL)
        return;
    a->recon_cash_known = true;
    a->recon_cash = ev->u.recon_cash.cash;
}

/* Orders we hold for working that the venue did not name: their end, or their absence, is asked for. */
static void settle_unseen(struct desk *d, struct acct *a) {
    for (struct rec *r = d->open_first; r != NULL; r = r->open_next)
        if (r->o.account == a->a.id && !r->saving && r->seen_round != a->round && r->o.created_us < a->asked_us) {
            r->asks = 0;
            order_ask(d, r, d->now_us);
        }
}

/* Fills that came out of order, or a load without the oldest of them, leave another holding or average than the venue's:
 * its counts. The positions agree with it already. */
static bool holding_follow(struct holding *h, const struct recon_pos *p) {
    int64_t net = h->p.open.micro > 0 ? side_sign((enum order_side)h->side) * h->p.open.micro : 0, theirs = p != NULL ? p->net.micro : 0;
    if (net == theirs && (net == 0 || h->m->m.kind != MARKET_PERP || p->entry.micro <= 0 || h->p.entry_price.micro == p->entry.micro))
        return false;
    const bool binary = h->m->m.kind == MARKET_BINARY;
    if (net != theirs) {
        h->side = (uint8_t)(theirs > 0 ? (binary ? SIDE_YES : SIDE_LONG) : (binary ? SIDE_NO : SIDE_SHORT));
        h->p = (struct position){.status = theirs != 0 ? POSITION_OPEN : POSITION_CLOSED, .leverage = h->p.leverage, .open = QTY(theirs < 0 ? -theirs : theirs)};
        h->apart = 0;
    }
    if (theirs == 0 || p->entry.micro <= 0)
        return true;
    h->p.entry_price = p->entry;
    if (!usd_of(p->entry, h->p.open, ROUND_HALF_EVEN, &h->p.cost))
        h->p.cost = usd_of_sat(p->entry, h->p.open);
    return true;
}

static void holdings_follow(struct desk *d, struct acct *a) {
    bool any = false;
    for (const struct holding *h = a->holdings; h != NULL; h = h->next)
        any = any || market_nets(&h->m->m);
    if (!any)
        return;
    audit_base(d, a); /* what was booked so far is explained; from here on anew */
    for (struct holding *h = a->holdings; h != NULL; h = h->next)
        if (market_nets(&h->m->m) && holding_follow(h, recon_told(a, &h->m->m, SIDE_YES))) {
            h->base = h->p;
            h->base_side = h->side;
        }
}

void on_recon_end(struct desk *d, const struct event *ev) {
    struct acct *a = current(d, ev->u.recon_end.account, ev->u.recon_end.round);
    if (a == NULL)
        return;
    if (!ev->u.recon_end.ok) {
        ask_later(d, a);
        return;
    }
    bool waits = false;
    const uint64_t diff = recon_differences(d, a, &waits);
    if (diff != 0 && (a->mismatches == 0 || diff != a->mismatch_sum) && a->mismatches < 5) {
        a->mismatches++; /* a fill may be on its way: look again before believing it */
        a->mismatch_sum = diff;
        a->asking = false;
        a->next_us = d->now_us + (a->a.live && !a->first_look ? LOOK_TWICE_LIVE_US : LOOK_TWICE_US);
        settle_unseen(d, a);
        return;
    }
    if (diff != 0 || a->first_look)
        recon_adjust(d, a);
    holdings_follow(d, a);
    settle_unseen(d, a);
    a->asking = false;
    a->reconciled = a->once = true;
    a->first_look = false;
    a->next_us = d->now_us + (waits ? LOOK_SOON_US : LOOK_AGAIN_US);
    a->tries = a->mismatches = 0;
    d->dirty |= DIRTY_ACCOUNT | DIRTY_STATUS;
    for (size_t i = 0; i < d->market_count; i++) { /* exits first */
        struct mkt *m = d->markets[i];
        exits_protection(d, m);
        if (m->armed)
            exits_check(d, m);
    }
}
