/* What a whole round means for the books. Polymarket does not net: YES and NO are two positions. Tokens of a resolved market:
 * the losing ones are worth nothing and stay in the wallet for ever: settled at 0 at once, and not held any more, whatever the balance says. The
 * winning ones are money only when they are claimed: until then they are a position, shown as claimable; when they have left the wallet, they are
 * settled at what they paid, with which the cash that came is explained. A void market pays both a half. Splits, merges, conversions and transfers
 * made elsewhere appear as differences of positions and cash, which the desk adjusts and says. */
#include "venue/polymarket/trade/pm_account.h"
#include "venue/polymarket/trade/pm_recon_impl.h"

#include <stdio.h>
#include <string.h>

#include "turret/base/mem.h"
#include "turret/base/str.h"

static void put(const struct pm_recon *r, struct event *ev) { r->u->s->sink.put(r->u->s->sink.ctx, ev); }

/* What one token pays, -1: not decided. */
static int64_t pays_of(const struct pm_recon *r, const struct pm_holding *h) {
    const struct pm_market *m = pm_market_by_id(r->u->s->data, h->market);
    if (m != NULL && m->m.status == MARKET_RESOLVED && m->m.outcome == OUTCOME_VOID)
        return DEC_ONE / 2;
    if (m != NULL && m->m.status == MARKET_RESOLVED && m->m.outcome != OUTCOME_NONE)
        return (m->m.outcome == OUTCOME_YES) == (h->side == SIDE_YES) ? DEC_ONE : 0;
    if (h->redeemable && (h->worth.micro == 0 || h->worth.micro == DEC_ONE / 2 || h->worth.micro == DEC_ONE))
        return h->worth.micro;
    return -1;
}

static qty held_here(const struct pm_recon *r, market_id market, uint8_t side) {
    const struct tracker_place *p;
    for (size_t i = 0; (p = tracker_place(r->u->s->tracker, i)) != NULL; i++)
        if (p->market == market && p->side == side)
            return p->net;
    return QTY(0);
}

static bool provisional_in(const struct pm_recon *r, market_id market) {
    for (const struct fill *f = NULL; (f = tracker_next_provisional(r->u->s->tracker, f)) != NULL;)
        if (f->market == market)
            return true;
    return false;
}

/* Its id follows from what is settled: told again after a restart it is the same one. */
static void settle(struct pm_recon *r, const struct pm_holding *h, int64_t pays, qty from, qty to, int64_t now_us) {
    struct fill f = {.account = r->u->s->account, .market = h->market, .kind = FILL_SETTLEMENT, .finality = FILL_FINAL, .side = h->side, .action = ACTION_SELL,
                     .px = PRICE(pays), .size = QTY(from.micro - to.micro), .at_us = now_us};
    snprintf(f.venue_trade, sizeof f.venue_trade, "settle-%.18s-%s-%lld-%lld", h->condition, h->side == SIDE_YES ? "yes" : "no", (long long)from.micro, (long long)to.micro);
    tracker_fill(r->u->s->tracker, &f, "", now_us);
}

static void claim_put(const struct pm_recon *r, market_id market, uint8_t side, qty size, int64_t pays, int64_t now_us) {
    struct event ev;
    event_init(&ev, EVENT_CLAIM, VENUE_POLYMARKET, now_us);
    ev.u.claim.account = r->u->s->account;
    ev.u.claim.side = side;
    ev.u.claim.market = market;
    ev.u.claim.size = size;
    ev.u.claim.amount = usd_of_sat(PRICE(pays), size);
    str_copy(ev.u.claim.where, sizeof ev.u.claim.where, size.micro > 0 ? "polymarket.com/portfolio -> Claim" : "");
    put(r, &ev);
}

static void claim_tell(struct pm_recon *r, const struct pm_holding *h, int64_t pays, int64_t now_us) {
    struct pm_claim_told *c = NULL;
    for (size_t i = 0; i < r->claim_count && c == NULL; i++)
        if (r->claims[i].market == h->market && r->claims[i].side == h->side)
            c = &r->claims[i];
    if (c == NULL) {
        r->claims = xgrow(r->claims, &r->claim_cap, r->claim_count + 1, sizeof *r->claims);
        c = &r->claims[r->claim_count++];
        *c = (struct pm_claim_told){.market = h->market, .side = h->side};
    }
    c->seen = true;
    if (c->size.micro == h->size.micro)
        return;
    c->size = h->size;
    claim_put(r, h->market, h->side, h->size, pays, now_us);
}

static void claims_gone(struct pm_recon *r, int64_t now_us) {
    for (size_t i = 0; i < r->claim_count;) {
        struct pm_claim_told *c = &r->claims[i];
        if (c->seen) {
            c->seen = false;
            i++;
            continue;
        }
        claim_put(r, c->market, c->side, QTY(0), 0, now_us);
        *c = r->claims[--r->claim_count];
    }
}

static void position_put(const struct pm_recon *r, market_id market, uint8_t side, qty size, price entry, int64_t now_us) {
    struct event ev;
    event_init(&ev, EVENT_RECON_POSITION, VENUE_POLYMARKET, now_us);
    ev.u.recon_position.account = r->u->s->account;
    ev.u.recon_position.round = r->round;
    ev.u.recon_position.market = market;
    ev.u.recon_position.net = QTY(side_sign((enum order_side)side) * size.micro);
    ev.u.recon_position.entry = entry;
    ev.u.recon_position.leverage = 1;
    ev.u.recon_position.side = side;
    put(r, &ev);
}

enum pm_due pm_settlements_due(const struct pm_recon *r) {
    const struct tracker_place *p;
    enum pm_due due = r->claim_count > 0 ? PM_DUE_CLAIM : PM_DUE_NOT;
    for (size_t i = 0; (p = tracker_place(r->u->s->tracker, i)) != NULL; i++) {
        const struct pm_market *m = p->net.micro < PM_DUST ? NULL : pm_market_by_id(r->u->s->data, p->market);
        bool told = false;
        if (m == NULL || m->m.status != MARKET_RESOLVED || m->m.outcome == OUTCOME_NONE || provisional_in(r, p->market))
            continue;
        for (size_t k = 0; k < r->claim_count; k++)
            told = told || (r->claims[k].market == p->market && r->claims[k].side == p->side);
        if (!told)
            return PM_DUE_NOW;
    }
    return due;
}

static void holding_tell(struct pm_recon *r, struct pm_holding *h, int64_t now_us) {
    const int64_t pays = pays_of(r, h);
    const bool open = provisional_in(r, h->market);
    const qty held = held_here(r, h->market, h->side);
    if (!h->asked) /* too many to ask each: the list counts, and what it may not have yet is as it was told here */
        h->size = h->listed ? h->listed_size : held;
    if (h->size.micro < PM_DUST || pays == 0)
        h->size = QTY(0);
    if (pays >= 0 && !open && held.micro - h->size.micro >= (pays == 0 ? 1 : PM_DUST))
        settle(r, h, pays, held, h->size, now_us);
    if (h->size.micro > 0 && r->round != 0)
        position_put(r, h->market, h->side, h->size, h->entry, now_us);
    if (pays > 0 && h->size.micro > 0)
        claim_tell(r, h, pays, now_us);
    if (!open && (r->round != 0 || pays >= 0))
        tracker_place_set(r->u->s->tracker, h->market, (enum order_side)h->side, h->size);
}

/* What we hold of a market that can't be listed any more can't be looked up: it is left as it is. */
static void unlisted_tell(const struct pm_recon *r, int64_t now_us) {
    const struct tracker_place *p;
    for (size_t i = 0; (p = tracker_place(r->u->s->tracker, i)) != NULL; i++)
        if (p->net.micro >= PM_DUST && pm_market_by_id(r->u->s->data, p->market) == NULL)
            position_put(r, p->market, p->side, p->net, PRICE(0), now_us);
}

void pm_recon_tell(struct pm_recon *r, int64_t now_us) {
    struct event ev;
    for (size_t i = 0; i < r->count; i++)
        if (r->h[i]->market != 0 && !r->h[i]->lost)
            holding_tell(r, r->h[i], now_us);
    claims_gone(r, now_us);
    if (r->round != 0) {
        unlisted_tell(r, now_us);
        event_init(&ev, EVENT_RECON_CASH, VENUE_POLYMARKET, now_us);
        ev.u.recon_cash.account = r->u->s->account;
        ev.u.recon_cash.round = r->round;
        ev.u.recon_cash.cash = r->cash;
        put(r, &ev);
    }
    event_init(&ev, EVENT_FUNDS, VENUE_POLYMARKET, now_us);
    ev.u.funds.account = r->u->s->account;
    ev.u.funds.balance = r->cash;
    ev.u.funds.allowance = r->allowance;
    ev.u.funds.locked = pm_funds_locked(r->u->s->tracker);
    r->u->s->balance = r->cash;
    put(r, &ev);
}
