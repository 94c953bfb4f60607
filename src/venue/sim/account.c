/* Accounts: what each has in cash and in every market, and what a fill does to both. Positions follow the same
 * arithmetic as the desk's (trade/position.h), so that both ledgers agree to the last micro. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "impl.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"

struct sim_account *sim_account_get(const struct exchange *x, account_id id) {
    return map_get_ptr(&x->account_of, id);
}

struct sim_account *sim_account_make(struct exchange *x, account_id id, usd initial) {
    struct sim_account *a = sim_account_get(x, id);
    if (a)
        return a;
    a = xcalloc(1, sizeof *a);
    a->id = id;
    a->cash = a->initial = initial;
    map_init(&a->by_market);
    map_put_ptr(&x->account_of, id, a);
    x->accounts = xgrow(x->accounts, &x->accounts_cap, x->n_accounts + 1, sizeof *x->accounts);
    x->accounts[x->n_accounts++] = a;
    return a;
}

void sim_accounts_free(struct exchange *x) {
    for (size_t i = 0; i < x->n_accounts; i++) {
        for (size_t k = 0; k < x->accounts[i]->n_pos; k++)
            free(x->accounts[i]->pos[k]);
        free(x->accounts[i]->pos);
        map_free(&x->accounts[i]->by_market);
        free(x->accounts[i]);
    }
    free(x->accounts);
}

struct sim_position *sim_position_find(const struct sim_account *a, const struct sim_market *m) {
    return map_get_ptr(&a->by_market, m->m.id);
}

struct sim_position *sim_position_in(struct sim_account *a, struct sim_market *m) {
    struct sim_position *p = sim_position_find(a, m);
    if (p)
        return p;
    p = xcalloc(1, sizeof *p);
    p->market = m;
    map_put_ptr(&a->by_market, m->m.id, p);
    a->pos = xgrow(a->pos, &a->pos_cap, a->n_pos + 1, sizeof *a->pos);
    a->pos[a->n_pos++] = p;
    return p;
}

enum order_side sim_position_side(const struct sim_market *m, int sign) {
    if (m->m.kind == MARKET_BINARY)
        return sign > 0 ? SIDE_YES : SIDE_NO;
    return sign > 0 ? SIDE_LONG : SIDE_SHORT;
}

static usd value_of(price px, qty size) {
    usd v;
    return usd_of(px, size, ROUND_HALF_EVEN, &v) ? v : usd_of_sat(px, size);
}

/* Closing part: binary positions are paid out at the price, perpetuals settle the gain. Returns the gain. */
static usd close_part(struct sim_account *a, struct sim_position *sp, price book_px, qty size, int64_t now_us) {
    const struct sim_market *m = sp->market;
    enum order_side side = sim_position_side(m, sp->net > 0 ? 1 : -1);
    price own = book_price(side, book_px);
    int64_t release = sp->margin.micro;
    usd pnl = {0};
    if (size.micro < sp->p.open.micro &&
        !dec_muldiv(sp->margin.micro, size.micro, sp->p.open.micro, ROUND_HALF_EVEN, &release))
        release = 0;
    enum err e = position_close_fill(&sp->p, position_dir(side), own, size, USD(0), now_us, &pnl);
    assert(e == ERR_OK);
    sp->margin.micro -= release;
    a->cash.micro += m->m.kind == MARKET_BINARY ? value_of(own, size).micro : pnl.micro;
    sp->net += sp->net > 0 ? -size.micro : size.micro;
    return pnl;
}

static void open_part(struct sim_account *a, struct sim_position *sp, int dir, price book_px, qty size, int leverage,
                      int64_t now_us) {
    const struct sim_market *m = sp->market;
    price own = book_price(sim_position_side(m, dir), book_px);
    usd value = value_of(own, size);
    if (sp->net == 0) {
        memset(&sp->p, 0, sizeof sp->p);
        sp->margin.micro = 0;
    }
    enum err e = position_open_fill(&sp->p, own, size, USD(0), now_us);
    assert(e == ERR_OK);
    sp->net += dir * size.micro;
    if (m->m.kind == MARKET_BINARY) {
        a->cash.micro -= value.micro;
    } else {
        int64_t margin = value.micro;
        dec_muldiv(value.micro, 1, leverage > 0 ? leverage : 1, ROUND_UP, &margin);
        sp->margin.micro += margin;
        sp->p.leverage = (uint8_t)(leverage > 0 ? leverage : 1);
    }
}

/* Trade ids never repeat in a database: they are made of the order's id, or of market, account and time. */
static void trade_name(const struct sim_fill *f, char out[VENUE_ORDER_ID_MAX]) {
    if (f->order)
        snprintf(out, VENUE_ORDER_ID_MAX, "%016llx-%u", (unsigned long long)f->order, f->number);
    else
        snprintf(out, VENUE_ORDER_ID_MAX, "%s-%016llx-%lld-%u", fill_kind_name((enum fill_kind)f->kind),
                 (unsigned long long)f->market->m.id, (long long)f->at_us, f->number);
}

void sim_fill_build(const struct exchange *x, const struct sim_fill *f, struct fill *out) {
    (void)x;
    memset(out, 0, sizeof *out);
    out->order = f->order;
    out->account = f->account;
    out->market = f->market->m.id;
    out->kind = f->kind;
    out->finality = FILL_FINAL;
    out->maker = f->maker;
    out->side = f->side;
    out->action = f->action;
    out->px = f->px;
    out->size = f->size;
    out->fee = f->fee;
    out->realized_pnl = f->pnl;
    out->at_us = f->at_us;
    trade_name(f, out->venue_trade);
}

static void fill_tell(struct exchange *x, struct sim_account *a, const struct sim_fill *f, int64_t now_us) {
    struct event ev;
    event_init(&ev, EVENT_FILL, x->cfg.venue, now_us);
    sim_fill_build(x, f, &ev.u.fill_ev.fill);
    if (f->order)
        snprintf(ev.u.fill_ev.venue_order, sizeof ev.u.fill_ev.venue_order, "sim-%016llx",
                 (unsigned long long)f->order);
    sim_answer(x, a, &ev, now_us);
}

static struct sim_fill *fill_log(struct exchange *x) {
    x->fills = xgrow(x->fills, &x->fills_cap, x->n_fills + 1, sizeof *x->fills);
    return &x->fills[x->n_fills++];
}

static void order_count_fill(struct sim_order *o, struct sim_fill *f, uint32_t index) {
    f->order = o->id;
    f->number = o->fills++;
    f->previous = o->last_fill;
    o->last_fill = index;
    o->filled.micro += f->size.micro;
    o->value.micro += value_of(f->px, f->size).micro;
    o->fee.micro += f->fee.micro;
    o->state = sim_order_left(o) > 0 ? STATE_PARTIAL : STATE_FILLED;
}

void sim_account_fill(struct exchange *x, struct sim_account *a, struct sim_order *o, struct sim_market *m, int dir,
                      price book_px, qty size, bool maker, enum fill_kind kind, int64_t now_us) {
    struct sim_position *sp = sim_position_in(a, m);
    int sign = sp->net > 0 ? 1 : sp->net < 0 ? -1 : 0;
    int64_t closing = sign == -dir ? (llabs(sp->net) < size.micro ? llabs(sp->net) : size.micro) : 0;
    enum order_side side = o ? (enum order_side)o->side : sim_position_side(m, sign ? sign : dir);
    struct sim_fill f = {
        .market = m,
        .account = a->id,
        .previous = NO_FILL,
        .side = (uint8_t)side,
        .kind = (uint8_t)kind,
        .maker = maker,
        .size = size,
        .at_us = now_us,
        .action = (uint8_t)(o ? o->action : side_closing_action(side)),
        .px = book_price(side, book_px),
    };
    if (kind == FILL_TRADE || kind == FILL_LIQUIDATION)
        f.fee = o ? fee_add(&m->m, &o->fees[maker], f.px, size, maker) : fee_of(&m->m, f.px, size, maker);
    assert(size.micro > 0);
    if (closing)
        f.pnl = close_part(a, sp, book_px, QTY(closing), now_us);
    if (size.micro > closing)
        open_part(a, sp, dir, book_px, QTY(size.micro - closing), o ? o->leverage : 1, now_us);
    a->cash.micro -= f.fee.micro;
    if (o)
        order_count_fill(o, &f, (uint32_t)x->n_fills);
    else
        f.number = x->own_trades++;
    *fill_log(x) = f;
    fill_tell(x, a, &f, now_us);
}

void sim_account_pay(struct exchange *x, struct sim_account *a, market_id market, enum ledger_kind kind, usd amount,
                     const char *ref, int64_t now_us) {
    struct event ev;
    a->cash.micro += amount.micro;
    event_init(&ev, EVENT_CASH, x->cfg.venue, now_us);
    ev.u.cash.account = a->id;
    ev.u.cash.entry = (struct ledger_entry){
        .account = a->id, .market = market, .kind = (uint8_t)kind, .amount = amount, .at_us = now_us};
    str_copy(ev.u.cash.entry.ref, sizeof ev.u.cash.entry.ref, ref);
    sim_answer(x, a, &ev, now_us);
}

usd exchange_cash(const struct exchange *x, account_id id) {
    const struct sim_account *a = sim_account_get(x, id);
    return a ? a->cash : USD(0);
}

/* Worth of everything at the marks: a binary position is worth its price, a perpetual its open gain. */
usd exchange_equity(const struct exchange *x, account_id id) {
    const struct sim_account *a = sim_account_get(x, id);
    if (!a)
        return USD(0);
    usd sum = sim_margin_equity(a);
    for (size_t i = 0; i < a->n_pos; i++) {
        const struct sim_position *sp = a->pos[i];
        if (sp->net == 0 || sp->market->m.kind != MARKET_BINARY)
            continue;
        price mark = sp->market->has_mark
                         ? book_price(sim_position_side(sp->market, sp->net > 0 ? 1 : -1), sp->market->mark)
                         : sp->p.entry_price;
        sum.micro += value_of(mark, sp->p.open).micro;
    }
    return sum;
}

int exchange_positions(const struct exchange *x, account_id id, struct exchange_position *out, int max) {
    const struct sim_account *a = sim_account_get(x, id);
    int n = 0;
    for (size_t i = 0; a && i < a->n_pos; i++)
        if (a->pos[i]->net != 0 && n < max)
            out[n++] = (struct exchange_position){a->pos[i]->market->m.id, a->pos[i]->net, a->pos[i]->p.entry_price};
    return n;
}

int exchange_working(const struct exchange *x, account_id id) {
    const struct sim_account *a = sim_account_get(x, id);
    return a ? a->working : 0;
}
