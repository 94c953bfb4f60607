/* How accounts do: every closed position and every equity sample goes into their metrics; what changed in a step goes to the
 * event stream, once for each account and kind. */
#include "desk/state.h"

#include <string.h>

/* The risk a position was opened with: to its first stop, growing as it is added to. */
void performance_risk(struct rec *pos) {
    usd risk = position_risk(&pos->o.pos, position_dir((enum order_side)pos->o.side));
    if (risk.micro > pos->first_risk.micro && (pos->first_risk.micro == 0 || pos->o.pos.closed.micro == 0))
        pos->first_risk = risk;
}

static uint8_t resolved(const struct rec *pos) {
    if (pos->m->m.kind != MARKET_BINARY || pos->o.pos.close_trigger != CLOSE_RESOLVED)
        return 0;
    return pos->m->m.outcome == OUTCOME_VOID ? 0 : (pos->m->m.outcome == OUTCOME_YES) == (pos->o.side == SIDE_YES) ? 1 : 2;
}

/* A trade counts when all of it is settled: what is taken back was none. */
void performance_settled(struct desk *d, struct rec *pos) {
    if (!pos->stat_waits || pos->unsettled > 0 || pos->o.pos.status != POSITION_CLOSED)
        return;
    pos->stat_waits = false;
    performance_closed(d, pos);
}

void performance_closed(struct desk *d, struct rec *pos) {
    if (pos->unsettled > 0) {
        pos->stat_waits = true;
        return;
    }
    const struct position *p = &pos->o.pos;
    struct acct *a = acct_find(d, pos->o.account);
    if (a == NULL || a->metrics == NULL)
        return;
    struct trade_stat t = {.order = pos->o.id, .pnl = USD(p->realized_pnl.micro - p->fees.micro - p->funding.micro), .fees = p->fees, .funding = p->funding,
                           .notional = usd_of_sat(p->entry_price, p->closed), .risk = pos->first_risk, .entry = p->entry_price, .exit = p->exit_price,
                           .size = p->closed, .opened_us = p->opened_us, .closed_us = p->closed_us, .confidence = p->plan.confidence,
                           .side = pos->o.side, .close_trigger = p->close_trigger, .resolved = resolved(pos)};
    metrics_trade(a->metrics, &t);
    feed_note(d, a->a.id, FEED_TRADES_CHANGED);
    d->dirty |= DIRTY_MODELS;
}

void performance_equity(struct acct *a, int64_t at_us, usd equity) {
    if (a->metrics == NULL)
        return;
    metrics_equity(a->metrics, at_us, equity);
    if (equity.micro > a->equity_peak.micro)
        a->equity_peak = equity;
}

void performance_now(struct desk *d) {
    for (size_t i = 0; i < d->account_count; i++) {
        struct acct *a = d->accounts[i];
        if (a->metrics == NULL || !a->once || !a->cash_known)
            continue;
        usd e = account_equity(a);
        metrics_now(a->metrics, e);
        if (e.micro > a->equity_peak.micro)
            a->equity_peak = e;
    }
}

void on_load_trade(struct desk *d, const struct event *ev) {
    struct acct *a = acct_find(d, ev->u.load_trade.account);
    if (a != NULL && a->metrics != NULL && !d->loaded)
        metrics_trade(a->metrics, &ev->u.load_trade.trade);
}

/* --- the event stream ---------------------------------------------------------------------------------- */
void feed_note(struct desk *d, account_id a, enum feed_kind k) {
    struct acct *x = acct_find(d, a);
    if (x == NULL || !d->loaded)
        return;
    x->feed |= (uint8_t)(1u << k);
    d->feed_any = true;
}

struct fx_feed *feed_put(struct desk *d, enum feed_kind k, account_id a) {
    struct fx_feed *f = &fx_new(d, FX_FEED, VENUE_NONE)->u.feed;
    const struct mdl *m = a != 0 ? mdl_of_account(d, a) : NULL;
    f->kind = k;
    f->account = a;
    f->model = m != NULL ? m->m.id : 0;
    f->ok = 1;
    return f;
}

void feed_end(struct desk *d) {
    d->feed_any = false;
    for (size_t i = 0; i < d->account_count; i++) {
        struct acct *a = d->accounts[i];
        for (unsigned k = 0; a->feed != 0 && k < FEED_KIND_COUNT; k++)
            if (a->feed & (1u << k))
                feed_put(d, (enum feed_kind)k, a->a.id);
        a->feed = 0;
    }
}

const char *feed_name(enum feed_kind k) {
    static const char *const names[FEED_KIND_COUNT] = {
#define X(n, s) [FEED_##n] = s,
        FEED_TABLE(X)
#undef X
    };
    return (unsigned)k < FEED_KIND_COUNT ? names[k] : "?";
}
