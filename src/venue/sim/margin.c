/* Funds: what orders and positions tie up, who may trade, funding payments, and liquidation. Binary markets are
 * fully paid for; perpetuals are margined across the account. */
#include <stdio.h>
#include <string.h>

#include "impl.h"
#include "turret/base/mem.h"

static usd open_gain(const struct sim_position *sp) {
    enum order_side side = sim_position_side(sp->market, sp->net > 0 ? 1 : -1);
    return sp->market->has_mark ? position_unrealized(&sp->p, position_dir(side), sp->market->mark) : USD(0);
}

usd sim_margin_equity(const struct sim_account *a) {
    usd sum = a->cash;
    for (size_t i = 0; i < a->n_pos; i++)
        if (a->pos[i]->net != 0 && a->pos[i]->market->m.kind == MARKET_PERP)
            sum = usd_add_sat(sum, open_gain(a->pos[i]));
    return sum;
}

/* --- what orders would need --- */

struct need {
    int64_t unit;
    int64_t size;
}; /* micro USD a unit, fee included */

static int need_order(const void *pa, const void *pb) {
    const struct need *a = pa, *b = pb;
    return a->unit < b->unit ? -1 : a->unit > b->unit;
}

static int64_t unit_need(const struct sim_market *m, int dir, price book_px, int leverage) {
    int64_t unit = m->m.kind == MARKET_BINARY ? book_price(sim_position_side(m, dir), book_px).micro : book_px.micro;
    int64_t fee = fee_unit(&m->m, PRICE(unit), m->m.maker_ppm > m->m.taker_ppm).micro;
    fee = fee > 0 ? fee : 0;
    if (m->m.kind == MARKET_PERP)
        dec_muldiv(unit, 1, leverage > 0 ? leverage : 1, ROUND_UP, &unit);
    return unit + fee;
}

/* Orders of one direction: those that only close cost nothing; the position covers the cheapest first, so that what
 * remains is the most that can be asked. */
static usd side_need(const struct sim_account *a, const struct sim_market *m, int dir, const struct sim_order *without,
                     const struct need *extra) {
    const struct sim_position *sp = sim_position_find(a, m);
    int64_t closing = sp && sp->net * dir < 0 ? llabs(sp->net) : 0;
    struct need *list = xmalloc(((size_t)m->n_resting + 1) * sizeof *list);
    size_t n = 0;
    usd sum = {0};
    for (const struct sim_order *o = m->first; o; o = o->next)
        if (o->account == a && o->dir == dir && o != without && !(o->flags & ORDER_REDUCE_ONLY))
            list[n++] = (struct need){unit_need(m, dir, o->book_px, o->leverage), sim_order_left(o)};
    if (extra)
        list[n++] = *extra;
    qsort(list, n, sizeof *list, need_order);
    for (size_t i = 0; i < n; i++) {
        int64_t covered = closing < list[i].size ? closing : list[i].size;
        closing -= covered;
        sum = usd_add_sat(sum, usd_of_sat(PRICE(list[i].unit), QTY(list[i].size - covered)));
    }
    free(list);
    return sum;
}

/* Buys and sells of one market offset each other: the dearer direction counts. */
static usd market_need(const struct sim_account *a, const struct sim_market *m, const struct sim_order *without,
                       int dir, const struct need *extra) {
    usd buy = side_need(a, m, 1, without, dir > 0 ? extra : NULL),
        sell = side_need(a, m, -1, without, dir < 0 ? extra : NULL);
    return buy.micro > sell.micro ? buy : sell;
}

usd sim_margin_available(const struct sim_account *a) {
    usd sum = sim_margin_equity(a);
    for (size_t i = 0; i < a->n_pos; i++) {
        sum.micro -= a->pos[i]->margin.micro;
        if (a->pos[i]->orders)
            sum.micro -= market_need(a, a->pos[i]->market, NULL, 0, NULL).micro;
    }
    return sum;
}

enum err sim_margin_check(const struct sim_account *a, struct sim_market *m, const struct sim_order *adding, int dir,
                          price book_px, qty size, int leverage) {
    struct need extra = {unit_need(m, dir, book_px, leverage), size.micro};
    int64_t more = market_need(a, m, adding, dir, &extra).micro - market_need(a, m, NULL, 0, NULL).micro;
    if (fee_step(&m->m).micro > 1) /* the fee's total is rounded up */
        more += fee_step(&m->m).micro;
    return more <= 0 || more <= sim_margin_available(a).micro ? ERR_OK : ERR_INSUFFICIENT_FUNDS;
}

/* --- funding --- */

void sim_funding_run(struct exchange *x, struct sim_market *m, int64_t now_us) {
    char ref[VENUE_ORDER_ID_MAX];
    sim_item_push(x, now_us + m->funding_period_us, ITEM_FUNDING, m);
    if (!m->has_mark || m->m.status != MARKET_OPEN)
        return;
    snprintf(ref, sizeof ref, "funding-%016llx-%lld", (unsigned long long)m->m.id,
             (long long)(now_us / m->funding_period_us));
    for (size_t i = 0; i < x->n_accounts; i++) {
        struct sim_account *a = x->accounts[i];
        const struct sim_position *sp = sim_position_find(a, m);
        usd pays;
        if (!sp || sp->net == 0 ||
            !usd_ppm(usd_of_sat(m->mark, QTY(sp->net)), m->funding_ppm, ROUND_HALF_EVEN, &pays) || pays.micro == 0)
            continue;
        sim_account_pay(x, a, m->m.id, LEDGER_FUNDING, USD(-pays.micro), ref, now_us);
    }
    sim_margin_watch(x, m, now_us);
}

/* --- liquidation --- */

static usd position_maintenance(const struct sim_position *sp) {
    price at = sp->market->has_mark ? sp->market->mark : sp->p.entry_price;
    usd need;
    if (sp->net == 0 || sp->market->m.kind != MARKET_PERP)
        return USD(0);
    return usd_ppm(position_notional(&sp->p, at), sp->market->m.maintenance_ppm, ROUND_UP, &need) ? need
                                                                                                  : USD(INT64_MAX);
}

static bool ruined(const struct sim_account *a) {
    usd need = {0};
    for (size_t i = 0; i < a->n_pos; i++)
        need = usd_add_sat(need, position_maintenance(a->pos[i]));
    return need.micro > 0 && sim_margin_equity(a).micro <= need.micro;
}

static void cancel_all(struct exchange *x, struct sim_account *a, int64_t now_us) {
    for (size_t i = 0; i < a->n_pos; i++) {
        struct sim_market *m = a->pos[i]->market;
        for (struct sim_order *o = a->pos[i]->orders ? m->first : NULL, *next; o; o = next) {
            next = o->next;
            if (o->account == a)
                sim_order_done(x, o, ERR_INSUFFICIENT_FUNDS, "cancelled by liquidation", now_us);
        }
    }
}

/* The largest position that has not been tried in this round. */
static struct sim_position *worst_position(struct sim_account *a, const bool *tried) {
    struct sim_position *worst = NULL;
    usd most = {0};
    for (size_t i = 0; i < a->n_pos; i++) {
        usd need = tried[i] ? USD(0) : position_maintenance(a->pos[i]);
        if (need.micro > most.micro) {
            most = need;
            worst = a->pos[i];
        }
    }
    return worst;
}

static void close_at_market(struct exchange *x, struct sim_account *a, struct sim_position *sp, int64_t now_us) {
    struct sim_market *m = sp->market;
    bool self = false;
    if (!m->listed || m->m.status != MARKET_OPEN)
        return;
    (m->mode == EXCHANGE_MATCHED ? matched_take : shown_take)(m, a, NULL, sp->net > 0 ? -1 : 1, PRICE(0),
                                                              llabs(sp->net), &self, now_us);
    (void)x;
}

/* An account never goes below zero in silence: what its positions lost beyond its cash is booked as an adjustment. */
static void cover(struct exchange *x, struct sim_account *a, int64_t now_us) {
    char ref[VENUE_ORDER_ID_MAX];
    for (size_t i = 0; i < a->n_pos; i++)
        if (a->pos[i]->net != 0 && a->pos[i]->market->m.kind == MARKET_PERP)
            return;
    if (a->cash.micro >= 0)
        return;
    x->covered.micro -= a->cash.micro;
    snprintf(ref, sizeof ref, "shortfall-%lld-%u", (long long)now_us, x->own_trades++);
    sim_account_pay(x, a, 0, LEDGER_ADJUSTMENT, USD(-a->cash.micro), ref, now_us);
}

static void liquidate(struct exchange *x, struct sim_account *a, int64_t now_us) {
    bool *tried = xcalloc(a->n_pos + 1, sizeof *tried);
    struct sim_position *sp;
    cancel_all(x, a, now_us);
    while (ruined(a) && (sp = worst_position(a, tried))) {
        for (size_t i = 0; i < a->n_pos; i++)
            tried[i] = tried[i] || a->pos[i] == sp;
        close_at_market(x, a, sp, now_us);
    }
    free(tried);
    cover(x, a, now_us);
}

void sim_margin_watch(struct exchange *x, struct sim_market *m, int64_t now_us) {
    if (m->m.kind != MARKET_PERP)
        return;
    for (size_t i = 0; i < x->n_accounts; i++) {
        struct sim_account *a = x->accounts[i];
        const struct sim_position *sp = sim_position_find(a, m);
        if (sp && sp->net != 0 && a->settled && ruined(a))
            liquidate(x, a, now_us);
    }
}
