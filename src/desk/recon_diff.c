/* What reconciliation compares: position by position (of a side, where the venue does not net) and cash. What is not settled yet is left
 * out: the venue's own figures lag. Each difference is booked and explained in one line. */
#include "desk/state.h"
#include "turret/base/hash.h"
#include "turret/base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECON_SETTLE_US (20 * SECOND_US) /* after a fill became final the venue's positions may not show it yet */
#define SMALL_CASH 10000                 /* micro USD: a rounding of fees is told, not shouted */

struct place { struct mkt *m; uint8_t side; int64_t ours, theirs; price entry; /* theirs, own side's; 0 unknown */ };

const struct recon_pos *recon_told(const struct acct *a, const struct market *m, uint8_t side) {
    for (size_t i = 0; i < a->recon_count; i++)
        if (a->recon[i].market == m->id && (market_nets(m) || a->recon[i].side == side))
            return &a->recon[i];
    return NULL;
}

static int64_t open_here(const struct acct *a, const struct mkt *m, uint8_t side) {
    int64_t net = 0;
    for (const struct rec *p = m->pos_first; p != NULL; p = p->pos_next)
        if (p->o.account == a->a.id && market_nets(&m->m))
            net += side_sign((enum order_side)p->o.side) * p->o.pos.open.micro;
        else if (p->o.account == a->a.id && p->o.side == side)
            net += p->o.pos.open.micro;
    return net;
}

static struct place place_of(const struct acct *a, struct mkt *m, uint8_t side) {
    const struct recon_pos *p = recon_told(a, &m->m, side);
    struct place x = {.m = m, .side = side, .ours = open_here(a, m, side)};
    if (p == NULL)
        return x;
    x.theirs = market_nets(&m->m) ? p->net.micro : llabs(p->net.micro);
    x.entry = p->entry;
    return x;
}

static int sides_of(const struct mkt *m) { return market_nets(&m->m) ? 1 : 2; }

static bool unsettled(const struct desk *d, const struct holding *h) { return h->provisional > 0 || (h->settled_us != 0 && d->now_us - h->settled_us < RECON_SETTLE_US); }

static bool market_waits(const struct desk *d, const struct acct *a, const struct mkt *m) {
    for (const struct holding *h = a->holdings; h != NULL; h = h->next)
        if (h->m == m && unsettled(d, h))
            return true;
    return false;
}

static bool cash_waits(const struct desk *d, const struct acct *a) {
    bool waits = a->provisional > 0;
    for (const struct holding *h = a->holdings; h != NULL && !waits; h = h->next)
        waits = unsettled(d, h);
    return waits;
}

/* Fingerprint of all differences that count; 0 = none. */
uint64_t recon_differences(const struct desk *d, const struct acct *a, bool *waits) {
    uint64_t h = FNV64_INIT;
    *waits = cash_waits(d, a);
    for (size_t i = 0; i < d->market_count; i++) {
        struct mkt *m = d->markets[i];
        for (int side = 0; side < sides_of(m); side++) {
            const struct place p = place_of(a, m, (uint8_t)side);
            if (p.theirs != p.ours && !market_waits(d, a, m))
                h = fnv64_u64(fnv64_u64(h, m->m.id + (uint64_t)side), (uint64_t)(p.theirs - p.ours));
        }
    }
    if (a->recon_cash_known && a->recon_cash.micro != a->cash.micro && !*waits)
        h = fnv64_u64(h, (uint64_t)(a->recon_cash.micro - a->cash.micro));
    return h == FNV64_INIT ? 0 : h;
}

/* --- booking --- */
/* What the venue has more or less of is traded here at its entry, the mark, or what the market paid. */
static struct fill fill_of(const struct desk *d, const struct acct *a, const struct place *p) {
    const bool binary = p->m->m.kind == MARKET_BINARY, nets = market_nets(&p->m->m);
    const int64_t diff = p->theirs - p->ours;
    struct fill f = {.account = a->a.id, .market = p->m->m.id, .kind = a->first_look ? FILL_TRANSFER : FILL_ADJUSTMENT, .finality = FILL_FINAL, .at_us = d->now_us, .size = QTY(llabs(diff))};
    price px = nets && p->theirs < 0 && binary && p->entry.micro > 0 ? price_complement(p->entry) : p->entry;
    f.side = nets ? (uint8_t)(binary ? (diff > 0 ? SIDE_YES : SIDE_NO) : (diff > 0 ? SIDE_LONG : SIDE_SHORT)) : p->side;
    f.action = (uint8_t)(!nets && diff < 0 ? side_closing_action((enum order_side)f.side) : side_opening_action((enum order_side)f.side));
    if (!nets && p->entry.micro > 0 && diff > 0)
        f.px = p->entry;
    else if (!nets && diff < 0 && mkt_settled(p->m, f.side, &f.px))
        f.kind = FILL_SETTLEMENT; /* claimed at the venue */
    else if (nets && px.micro > 0 && p->theirs != 0)
        f.px = book_price((enum order_side)f.side, px);
    else
        f.px = own_mark(p->m, f.side);
    return f;
}

static void explain(struct desk *d, struct acct *a, struct mkt *m, enum notice_level level, const char *what, const char *text) {
    notice_about(d, level, m != NULL ? m->m.id : 0, a->a.id, "%s: %s", what, text);
    history_add(d, HISTORY_ACCOUNT, a->a.id, m, 0, a->first_look ? "opening" : "difference", "%s: %.80s", m != NULL ? "position" : "cash", text);
}

static void adjust_position(struct desk *d, struct acct *a, const struct place *p) {
    struct fill f = fill_of(d, a, p);
    char text[NOTE_MAX];
    const char *side = market_nets(&p->m->m) ? "" : order_side_name((enum order_side)p->side);
    snprintf(f.venue_trade, sizeof f.venue_trade, "reconcile-%llx-%llu-%016llx%s", (unsigned long long)d->nonce, (unsigned long long)a->round, (unsigned long long)p->m->m.id,
             !market_nets(&p->m->m) && p->side == SIDE_NO ? "-no" : "");
    snprintf(text, sizeof text, "%s here, %s at the venue: %s%s %s booked at %s", num_text(p->ours).s, num_text(p->theirs).s, p->theirs > p->ours ? "+" : "-", num_text(f.size.micro).s, side,
             num_text(f.px.micro).s);
    if (!a->first_look)
        explain(d, a, p->m, f.kind == FILL_SETTLEMENT ? NOTICE_INFO : NOTICE_ALERT, p->m->m.symbol, text);
    fill_book(d, &f, "");
}

static void deposit(struct desk *d, struct acct *a, usd amount, const char *ref) {
    struct ledger_entry l = {.account = a->a.id, .kind = LEDGER_DEPOSIT, .amount = amount, .at_us = d->now_us};
    if (amount.micro == 0)
        return;
    str_copy(l.ref, sizeof l.ref, ref);
    ledger_book(d, a, &l);
    a->other_cash = usd_add_sat(a->other_cash, amount);
}

/* Positions that were there are bought at what they cost: their cost comes in as a deposit of its own, cash as it is. */
static void open_account(struct desk *d, struct acct *a) {
    usd cost = {0};
    int n = 0;
    for (size_t i = 0; i < d->market_count; i++)
        for (int side = 0; side < sides_of(d->markets[i]); side++) {
            const struct place p = place_of(a, d->markets[i], (uint8_t)side);
            const struct fill f = fill_of(d, a, &p);
            if (p.theirs == p.ours)
                continue;
            n++;
            if (d->markets[i]->m.kind == MARKET_BINARY)
                cost = usd_add_sat(cost, value_of(f.px, f.size));
        }
    char text[NOTE_MAX], key[32];
    if (a->recon_cash_known)
        deposit(d, a, USD(a->recon_cash.micro - a->cash.micro), "opening balance");
    deposit(d, a, cost, "opening positions");
    snprintf(key, sizeof key, "opened.%u", a->a.id);
    save_setting(d, key, "1");
    a->opened = true;
    snprintf(text, sizeof text, "opening balance %s, %d positions of %s taken over", num_text(a->recon_cash_known ? a->recon_cash.micro : 0).s, n, num_text(cost.micro).s);
    explain(d, a, NULL, NOTICE_INFO, a->a.name, text);
}

static void adjust_cash(struct desk *d, struct acct *a, bool positions) {
    const int64_t diff = a->recon_cash.micro - a->cash.micro;
    char text[NOTE_MAX];
    if (!a->recon_cash_known || diff == 0 || cash_waits(d, a))
        return;
    struct ledger_entry l = {.account = a->a.id, .kind = LEDGER_ADJUSTMENT, .amount = USD(diff), .at_us = d->now_us};
    snprintf(l.ref, sizeof l.ref, "reconcile-%llx-%llu", (unsigned long long)d->nonce, (unsigned long long)a->round);
    snprintf(text, sizeof text, "%s here, %s at the venue: %s%s booked", num_text(a->cash.micro).s, num_text(a->recon_cash.micro).s, diff > 0 ? "+" : "", num_text(diff).s);
    ledger_book(d, a, &l);
    a->other_cash = usd_add_sat(a->other_cash, l.amount);
    if (a->a.live && !positions) { /* paid in or out at the venue: no gain of the day */
        a->start_equity = usd_add_sat(a->start_equity, l.amount);
        a->equity_peak = usd_add_sat(a->equity_peak, l.amount);
        save_day(d, a);
    }
    explain(d, a, NULL, llabs(diff) < SMALL_CASH ? NOTICE_INFO : NOTICE_ALERT, "cash", text);
}

void recon_adjust(struct desk *d, struct acct *a) {
    bool any = false;
    if (a->first_look)
        open_account(d, a);
    for (size_t i = 0; i < d->market_count; i++) {
        struct mkt *m = d->markets[i];
        if (market_waits(d, a, m))
            continue;
        for (int side = 0; side < sides_of(m); side++) {
            const struct place p = place_of(a, m, (uint8_t)side);
            if (p.theirs == p.ours)
                continue;
            adjust_position(d, a, &p);
            any = true;
        }
    }
    adjust_cash(d, a, any);
}
