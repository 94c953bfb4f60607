/* Reconciliation: account by account the venue tells its working orders, fills, positions and cash; ours follow.
 * New exposure waits for it. A difference counts only when a second look shows the same one. */
#include "desk/state.h"
#include "turret/base/hash.h"
#include "turret/base/str.h"

#include <stdio.h>
#include <string.h>

#define LOOK_AGAIN_US (5 * MINUTE_US) /* a lost message without a lost connection is found by the next look */

static void ask(struct desk *d, struct acct *a) {
    a->round = ++d->round;
    a->asking = true;
    a->asked_us = d->now_us;
    a->recon_count = 0;
    a->recon_cash_known = false;
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
    o.flags = (uint8_t)((o.flags & (ORDER_REDUCE_ONLY | ORDER_POST_ONLY)) | ORDER_SENT);
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
        notice(d, NOTICE_ALERT, r, "found an order at the venue that is not ours: %u adopted", r->o.num);
    }
    if (round != 0)
        r->seen_round = round;
    if (r->saving)
        return;
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
    a->recon[a->recon_count++] = (struct recon_pos){p->market, p->net, p->entry};
}

void on_recon_cash(struct desk *d, const struct event *ev) {
    struct acct *a = current(d, ev->u.recon_cash.account, ev->u.recon_cash.round);
    if (a == NULL)
        return;
    a->recon_cash_known = true;
    a->recon_cash = ev->u.recon_cash.cash;
}

/* --- comparing ---------------------------------------------------------------------------------------- */
static int64_t net_here(const struct desk *d, const struct acct *a, market_id id) {
    const struct mkt *m = mkt_find(d, id);
    int64_t net = 0;
    for (const struct rec *p = m != NULL ? m->pos_first : NULL; p != NULL; p = p->pos_next)
        if (p->o.account == a->a.id)
            net += side_sign((enum order_side)p->o.side) * p->o.pos.open.micro;
    return net;
}

static const struct recon_pos *told(const struct acct *a, market_id id) {
    for (size_t i = 0; i < a->recon_count; i++)
        if (a->recon[i].market == id)
            return &a->recon[i];
    return NULL;
}

/* Fingerprint of all differences; 0 = none. */
static uint64_t differences(const struct desk *d, const struct acct *a) {
    uint64_t h = FNV64_INIT;
    for (size_t i = 0; i < d->market_count; i++) {
        market_id id = d->markets[i]->m.id;
        const struct recon_pos *p = told(a, id);
        int64_t diff = (p != NULL ? p->net.micro : 0) - net_here(d, a, id);
        if (diff != 0)
            h = fnv64_u64(fnv64_u64(h, id), (uint64_t)diff);
    }
    if (a->recon_cash_known && a->recon_cash.micro != a->cash.micro)
        h = fnv64_u64(h, (uint64_t)(a->recon_cash.micro - a->cash.micro));
    return h == FNV64_INIT ? 0 : h;
}

static void adjust_position(struct desk *d, struct acct *a, struct mkt *m, int64_t diff, price entry) {
    const bool binary = m->m.kind == MARKET_BINARY;
    struct fill f = {.account = a->a.id, .market = m->m.id, .kind = FILL_ADJUSTMENT, .finality = FILL_FINAL, .at_us = d->now_us, .size = QTY(diff < 0 ? -diff : diff)};
    price book_px = entry;
    f.side = (uint8_t)(binary ? (diff > 0 ? SIDE_YES : SIDE_NO) : (diff > 0 ? SIDE_LONG : SIDE_SHORT));
    f.action = (uint8_t)side_opening_action((enum order_side)f.side);
    if (book_px.micro == 0 && !mkt_mark(m, &book_px))
        book_px = PRICE(0);
    f.px = book_price((enum order_side)f.side, book_px);
    snprintf(f.venue_trade, sizeof f.venue_trade, "reconcile-%llx-%llu-%016llx", (unsigned long long)d->nonce, (unsigned long long)a->round, (unsigned long long)m->m.id);
    notice_about(d, NOTICE_ALERT, m->m.id, a->a.id, "position in %s differs by %s: adjusted to the venue's", m->m.symbol, num_text(diff).s);
    fill_book(d, &f, "");
}

static void adjust(struct desk *d, struct acct *a) {
    for (size_t i = 0; i < d->market_count; i++) {
        struct mkt *m = d->markets[i];
        const struct recon_pos *p = told(a, m->m.id);
        int64_t diff = (p != NULL ? p->net.micro : 0) - net_here(d, a, m->m.id);
        price book_entry = p != NULL && p->net.micro != 0 && p->entry.micro > 0 ? (m->m.kind == MARKET_BINARY && p->net.micro < 0 ? price_complement(p->entry) : p->entry) : PRICE(0);
        if (diff != 0)
            adjust_position(d, a, m, diff, book_entry);
    }
    int64_t cash = a->recon_cash.micro - a->cash.micro;
    if (!a->recon_cash_known || cash == 0)
        return;
    struct ledger_entry l = {.account = a->a.id, .kind = LEDGER_ADJUSTMENT, .amount = USD(cash), .at_us = d->now_us};
    snprintf(l.ref, sizeof l.ref, "reconcile-%llx-%llu", (unsigned long long)d->nonce, (unsigned long long)a->round);
    ledger_book(d, a, &l);
    a->other_cash = usd_add_sat(a->other_cash, l.amount);
    notice_about(d, cash > -1000 && cash < 1000 ? NOTICE_INFO : NOTICE_ALERT, 0, a->a.id, "cash differs by %s: adjusted to the venue's", num_text(cash).s);
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
        if (market_nets(&h->m->m) && holding_follow(h, told(a, h->m->m.id))) {
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
    uint64_t diff = differences(d, a);
    if (diff != 0 && (a->mismatches == 0 || diff != a->mismatch_sum) && a->mismatches < 5) {
        a->mismatches++; /* a fill may be on its way: look again before believing it */
        a->mismatch_sum = diff;
        a->asking = false;
        a->next_us = d->now_us + SECOND_US;
        settle_unseen(d, a);
        return;
    }
    if (diff != 0)
        adjust(d, a);
    holdings_follow(d, a);
    settle_unseen(d, a);
    a->asking = false;
    a->reconciled = a->once = true;
    a->next_us = d->now_us + LOOK_AGAIN_US;
    a->tries = a->mismatches = 0;
    d->dirty |= DIRTY_ACCOUNT | DIRTY_STATUS;
    for (size_t i = 0; i < d->market_count; i++) { /* exits first */
        struct mkt *m = d->markets[i];
        exits_protection(d, m);
        if (m->armed)
            exits_check(d, m);
    }
}
