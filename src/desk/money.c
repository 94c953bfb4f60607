/* Money: what an account holds at the venue, cash as the sum of the ledger, exposure at its worst, equity, the day.
 * Strategies split an account's holdings between them; cash follows the whole, as at the venue. */
#include "desk/state.h"
#include "turret/base/hash.h"
#include "turret/base/str.h"

#include <stdio.h>
#include <string.h>

bool mkt_settled(const struct mkt *m, uint8_t side, price *own) {
    if (m->m.kind != MARKET_BINARY || m->m.status != MARKET_RESOLVED || m->m.outcome == OUTCOME_NONE)
        return false;
    *own = m->m.outcome == OUTCOME_VOID ? PRICE(DEC_ONE / 2) : PRICE((m->m.outcome == OUTCOME_YES) == (side == SIDE_YES) ? DEC_ONE : 0);
    return true;
}

price own_mark(const struct mkt *m, uint8_t side) {
    price mark;
    if (mkt_settled(m, side, &mark))
        return mark;
    return mkt_mark(m, &mark) ? book_price((enum order_side)side, mark) : PRICE(0);
}

usd value_of(price px, qty size) {
    usd v;
    return usd_of(px, size, ROUND_HALF_EVEN, &v) ? v : usd_of_sat(px, size);
}

/* Applies an execution to the holding and returns what it does to cash (without the fee). Paid positions (binary)
 * cost and return their price; perpetuals settle the gain of what is closed. */
usd holding_cash(struct holding *h, uint8_t side, uint8_t action, price px, qty size, usd fee, int64_t at_us) {
    const bool paid = h->m->m.kind == MARKET_BINARY;
    const int dir = book_dir((enum order_side)side, (enum order_action)action);
    const price book_px = book_price((enum order_side)side, px);
    usd cash = {0}, pnl = {0};
    if (!market_nets(&h->m->m) && action == side_closing_action((enum order_side)side)) { /* what is sold beyond what is held brings cash and leaves nothing */
        const qty part = QTY(size.micro < h->p.open.micro ? size.micro : h->p.open.micro);
        if (part.micro > 0)
            position_close_fill(&h->p, position_dir((enum order_side)side), px, part, fee, at_us, &pnl);
        return value_of(px, size);
    }
    if (h->p.open.micro > 0 && side_sign((enum order_side)h->side) != dir) {
        qty part = QTY(size.micro < h->p.open.micro ? size.micro : h->p.open.micro);
        price own = book_price((enum order_side)h->side, book_px);
        if (position_close_fill(&h->p, position_dir((enum order_side)h->side), own, part, fee, at_us, &pnl) == ERR_OK)
            cash.micro += paid ? value_of(own, part).micro : pnl.micro;
        size.micro -= part.micro;
    }
    if (size.micro == 0)
        return cash;
    if (h->p.open.micro == 0) {
        h->p = (struct position){.leverage = h->p.leverage};
        h->side = market_nets(&h->m->m) ? (uint8_t)(h->m->m.kind == MARKET_BINARY ? (dir > 0 ? SIDE_YES : SIDE_NO) : (dir > 0 ? SIDE_LONG : SIDE_SHORT)) : side;
    }
    price own = book_price((enum order_side)h->side, book_px);
    if (position_open_fill(&h->p, own, size, USD(0), at_us) == ERR_OK && paid)
        cash.micro -= value_of(own, size).micro;
    return cash;
}

/* Figures of a day change after it: what was booked on it was taken back, or sold at another cost. */
void day_correct(struct desk *d, struct acct *a, struct mkt *m, const struct fill *f, usd realized, usd fees) {
    const int32_t day = (int32_t)(f->at_us / DAY_US);
    if (day == d->day) {
        struct holding *h = holding_get(d, a, m, f->side);
        a->realized.micro += realized.micro;
        a->fees.micro += fees.micro;
        h->realized.micro += realized.micro;
        h->fees.micro += fees.micro;
        return;
    }
    for (size_t i = 0; i < a->day_count; i++)
        if (a->days[i].day == day) {
            a->days[i].realized.micro += realized.micro;
            a->days[i].fees.micro += fees.micro;
        }
}

void audit_base(struct desk *d, struct acct *a) {
    for (struct holding *h = a->holdings; h != NULL && d->loaded; h = h->next)
        h->apart += fills_apart(d, h, a->audit_from);
    a->base_cash = a->cash;
    a->other_cash = USD(0);
    a->audit_from = d->fill_count;
    for (struct holding *h = a->holdings; h != NULL; h = h->next) {
        h->base = h->p;
        h->base_side = h->side;
    }
}

void ledger_book(struct desk *d, struct acct *a, const struct ledger_entry *l) {
    save_add(d, SAVE_LEDGER)->u.ledger = *l;
    a->cash = usd_add_sat(a->cash, l->amount);
    d->dirty |= DIRTY_ACCOUNT;
}

static bool account_used(const struct desk *d, account_id id) {
    for (size_t i = 0; i < d->order_count; i++)
        if (d->orders[i]->o.account == id)
            return true;
    return false;
}

/* The first entry of a paper account's ledger; until it is booked the account has no cash. A live one only gets its row: the venue tells its
 * opening balance. */
void account_fund(struct desk *d) {
    if (!d->leader || !d->loaded)
        return;
    for (size_t i = 0; i < d->account_count; i++) {
        struct acct *a = d->accounts[i];
        if (a->cash_known || a->a.live || account_used(d, a->a.id)) {
            if (!a->cash_known && a->a.live)
                save_account(d, a);
            a->cash_known = true;
            continue;
        }
        a->cash_known = true;
        save_account(d, a);
        struct ledger_entry l = {.account = a->a.id, .kind = LEDGER_DEPOSIT, .amount = a->a.initial, .at_us = d->now_us};
        str_copy(l.ref, sizeof l.ref, "initial");
        ledger_book(d, a, &l);
        a->other_cash = usd_add_sat(a->other_cash, l.amount);
        a->start_equity = a->a.initial;
        a->day_known = true;
        save_day(d, a);
    }
}

/* --- funding, deposits: cash that moves without a fill -------------------------------------------- */
static void funding_share(struct desk *d, struct mkt *m, const struct ledger_entry *l) {
    struct rec *first = NULL;
    int64_t open = 0, left = -l->amount.micro;
    for (struct rec *r = m->pos_first; r != NULL; r = r->pos_next)
        if (r->o.account == l->account) {
            open += side_sign((enum order_side)r->o.side) * r->o.pos.open.micro;
            first = first != NULL ? first : r;
        }
    for (struct rec *r = m->pos_first; r != NULL && open != 0; r = r->pos_next) {
        int64_t part = 0;
        if (r->o.account != l->account || r == first)
            continue;
        if (dec_muldiv(-l->amount.micro, side_sign((enum order_side)r->o.side) * r->o.pos.open.micro, open, ROUND_HALF_EVEN, &part)) {
            r->o.pos.funding.micro += part;
            left -= part;
            save_row(d, r);
        }
    }
    if (first != NULL) {
        first->o.pos.funding.micro += left;
        save_row(d, first);
    }
}

void on_cash(struct desk *d, const struct event *ev) {
    struct ledger_entry l = ev->u.cash.entry;
    struct acct *a = acct_find(d, ev->u.cash.account);
    if (a == NULL || l.kind > LEDGER_ADJUSTMENT)
        return;
    l.account = a->a.id;
    uint64_t key = fnv64(fnv64_u64(fnv64_u64(FNV64_INIT, l.account), l.kind), l.ref, strlen(l.ref)), seen;
    if (l.ref[0] == 0 || map_get(&d->ledger_map, key, &seen))
        return;
    map_put(&d->ledger_map, key, 1);
    a->cash_known = true;
    ledger_book(d, a, &l);
    a->other_cash = usd_add_sat(a->other_cash, l.amount);
    struct mkt *m = mkt_find(d, l.market);
    if (l.kind == LEDGER_FUNDING) {
        a->funding.micro -= l.amount.micro;
        if (m != NULL) {
            holding_get(d, a, m, SIDE_LONG)->funding.micro -= l.amount.micro;
            funding_share(d, m, &l);
        }
        save_day(d, a);
    } else if (l.kind == LEDGER_DEPOSIT || l.kind == LEDGER_ADJUSTMENT) {
        a->start_equity = usd_add_sat(a->start_equity, l.amount); /* no gain of the day */
        save_day(d, a);
    }
}

/* --- exposure: every working order counts as filled, an unknown one too --------------------------- */
usd order_worst_case(const struct mkt *m, const struct order *o) {
    qty rest = order_rest(o);
    if (o->type != ORDER_MARKET && o->limit.micro > 0)
        return usd_of_sat(o->limit, rest);
    struct book_walk w = walk_own(m, o->side, order_book_dir(o), rest, PRICE(0));
    price touch, px = w.filled.micro > 0 ? w.worst : own_mark(m, o->side);
    if (px.micro == 0 && mkt_touch(m, take_side(order_book_dir(o)), &touch))
        px = book_price((enum order_side)o->side, touch);
    return usd_add_sat(w.notional, usd_of_sat(px, QTY(rest.micro - w.filled.micro)));
}

static usd side_value(const struct mkt *m, int64_t net, price book_px) {
    price px = net < 0 && m->m.kind == MARKET_BINARY ? price_complement(book_px) : book_px;
    return usd_of_sat(px, QTY(net < 0 ? -net : net));
}

struct tally { int64_t net; usd up, down; price px; };

static void tally_order(struct tally *t, const struct rec *r) {
    if (r->o.flags & ORDER_REDUCE_ONLY)
        return;
    usd v = order_worst_case(r->m, &r->o);
    if (order_book_dir(&r->o) > 0)
        t->up = usd_add_sat(t->up, v);
    else
        t->down = usd_add_sat(t->down, v);
}

/* The larger of: all buys filled, all sells filled, on top of what is held on that side. */
static usd tally_worst(const struct mkt *m, const struct tally *t) {
    usd held = side_value(m, t->net, t->px);
    usd up = t->net > 0 ? usd_add_sat(held, t->up) : t->up, down = t->net < 0 ? usd_add_sat(held, t->down) : t->down;
    usd worst = up.micro > down.micro ? up : down;
    return worst.micro > held.micro ? worst : held;
}

usd market_exposure(const struct desk *d, const struct acct *a, const struct mkt *m) {
    struct tally t = {0};
    price entry = {0};
    if (mkt_settled(m, SIDE_YES, &entry))
        return USD(0); /* decided: what is won is to be claimed, what is lost is lost */
    for (const struct holding *h = a->holdings; h != NULL; h = h->next)
        if (h->m == m) {
            t.net += side_sign((enum order_side)h->side) * h->p.open.micro;
            if (h->p.open.micro > 0)
                entry = book_price((enum order_side)h->side, h->p.entry_price);
        }
    if (!mkt_mark(m, &t.px))
        t.px = entry;
    for (const struct rec *r = d->open_first; r != NULL; r = r->open_next)
        if (r->m == m && r->o.account == a->a.id)
            tally_order(&t, r);
    return tally_worst(m, &t);
}

usd account_exposure(const struct desk *d, const struct acct *a) {
    usd sum = {0};
    for (const struct holding *h = a->holdings; h != NULL; h = h->next) {
        bool first = true; /* a market that does not net has two holdings */
        for (const struct holding *g = a->holdings; g != h; g = g->next)
            first = first && g->m != h->m;
        if (first && (h->p.open.micro > 0 || d->open_first != NULL || !market_nets(&h->m->m)))
            sum = usd_add_sat(sum, market_exposure(d, a, h->m));
    }
    for (const struct rec *r = d->open_first; r != NULL; r = r->open_next) { /* markets never held */
        bool held = r->o.account != a->a.id || (r->o.flags & ORDER_REDUCE_ONLY);
        for (const struct holding *h = a->holdings; h != NULL && !held; h = h->next)
            held = h->m == r->m;
        if (!held)
            sum = usd_add_sat(sum, order_worst_case(r->m, &r->o));
    }
    return sum;
}

/* --- equity -------------------------------------------------------------------------------------- */
static usd holding_unrealized(const struct holding *h) {
    price mark = own_mark(h->m, h->side);
    if (mark.micro == 0 && h->m->mark.micro == 0 && !mkt_settled(h->m, h->side, &mark))
        return USD(0); /* no price known: as bought */
    return position_unrealized(&h->p, position_dir((enum order_side)h->side), mark);
}

usd account_unrealized(const struct acct *a) {
    usd sum = {0};
    for (const struct holding *h = a->holdings; h != NULL; h = h->next)
        if (h->p.open.micro > 0)
            sum = usd_add_sat(sum, holding_unrealized(h));
    return sum;
}

usd account_equity(const struct acct *a) {
    usd sum = usd_add_sat(a->cash, account_unrealized(a));
    for (const struct holding *h = a->holdings; h != NULL; h = h->next)
        if (h->p.open.micro > 0 && h->m->m.kind == MARKET_BINARY)
            sum = usd_add_sat(sum, h->p.cost);
    return sum;
}

usd account_margin(const struct acct *a) {
    usd sum = {0};
    for (const struct holding *h = a->holdings; h != NULL; h = h->next)
        if (h->p.open.micro > 0 && h->m->m.kind == MARKET_PERP)
            sum = usd_add_sat(sum, initial_margin(h->p.cost, h->p.leverage));
    return sum;
}

/* What new orders may use: cash and open P&L of perpetuals, less margins and what working orders would bind. */
usd account_available(const struct desk *d, const struct acct *a) {
    usd sum = a->cash;
    for (const struct holding *h = a->holdings; h != NULL; h = h->next)
        if (h->p.open.micro > 0 && h->m->m.kind == MARKET_PERP)
            sum = usd_add_sat(sum, holding_unrealized(h));
    sum.micro -= account_margin(a).micro;
    for (const struct rec *r = d->open_first; r != NULL; r = r->open_next)
        if (r->o.account == a->a.id && !(r->o.flags & ORDER_REDUCE_ONLY)) {
            usd v = order_worst_case(r->m, &r->o);
            sum.micro -= r->m->m.kind == MARKET_PERP ? initial_margin(v, r->o.leverage).micro : v.micro;
        }
    if (a->a.live && a->funds_known && a->funds.balance.micro >= 0) { /* the venue's word counts where it is less */
        const int64_t theirs = a->funds.balance.micro - (a->funds.locked.micro > 0 ? a->funds.locked.micro : 0);
        sum.micro = theirs < sum.micro ? theirs : sum.micro;
    }
    return sum;
}

usd account_day_pnl(const struct acct *a) {
    return a->day_known ? USD(account_equity(a).micro - a->start_equity.micro) : USD(0);
}

/* --- the facts risk rules look at ------------------------------------------------------------------ */
static bool word_matches(const char *w, size_t n, const struct market *m) {
    bool prefix = n > 0 && w[n - 1] == '*';
    char word[96];
    if (prefix)
        n--;
    if (n >= sizeof word)
        return false;
    memcpy(word, w, n);
    word[n] = 0;
    return prefix ? str_has_prefix_nocase(m->symbol, word) : str_eq_nocase(m->symbol, word) || (n > 0 && str_eq_nocase(m->category, word));
}

static bool list_has(const char *list, const struct market *m) { /* "BTC-PERP, politics, SIM-*" */
    while (*list != 0) {
        size_t n = strcspn(list, ",");
        const char *w = list;
        size_t len = n;
        while (len > 0 && *w == ' ')
            w++, len--;
        while (len > 0 && w[len - 1] == ' ')
            len--;
        if (len > 0 && word_matches(w, len, m))
            return true;
        list += n + (list[n] == ',');
    }
    return false;
}

static bool same_order(const struct order *a, const struct order *b) {
    return a->account == b->account && a->market == b->market && a->side == b->side && a->action == b->action &&
           a->type == b->type && a->limit.micro == b->limit.micro && a->size.micro == b->size.micro && strcmp(a->strategy, b->strategy) == 0;
}

/* Automations fire once by their records; two alike are two wishes. The window is for a hand that slips and a model that stammers. */
static void recent_orders(const struct desk *d, const struct order *o, struct risk_facts *f) {
    int64_t window = o->source <= SOURCE_AGENT ? d->limits.duplicate_window * 1000 : 0, longest = window > SECOND_US ? window : SECOND_US;
    for (size_t i = d->order_count; i-- > 0;) {
        const struct order *p = &d->orders[i]->o;
        int64_t age = d->now_us - p->created_us;
        if (age > longest)
            break;
        if (p->account != o->account || (p->flags & ORDER_REDUCE_ONLY) || p->source >= SOURCE_EXTERNAL)
            continue;
        f->orders_last_second += age < SECOND_US;
        f->duplicate = f->duplicate || (window > 0 && age < window && p->state != STATE_FAILED && same_order(p, o));
    }
}

void risk_facts_of(const struct desk *d, const struct draft *x, struct risk_facts *f) {
    const struct order *o = &x->o;
    price touch;
    *f = (struct risk_facts){.killed = d->killed, .leader = d->leader, .day_paused = x->a->day_paused};
    f->trading = d->trading;
    f->total_exposure = d->limits.max_total_exposure != 0 ? total_exposure(d) : USD(0);
    f->drawdown_ppm = account_drawdown_ppm(x->a);
    f->rejects = x->a->rejects;
    f->denied = list_has(d->deny, &x->m->m) || (d->allow[0] != 0 && !list_has(d->allow, &x->m->m));
    f->reconciling = !x->a->reconciled || !d->loaded;
    f->store_down = !d->store_up || d->retry.first != NULL;
    f->book_usable = mkt_usable(d, x->m);
    f->order_notional = order_worst_case(x->m, o);
    if (mkt_touch(x->m, take_side(order_book_dir(o)), &touch))
        f->reference = book_price((enum order_side)o->side, touch);
    f->market_exposure = market_exposure(d, x->a, x->m);
    f->account_exposure = account_exposure(d, x->a);
    for (const struct rec *r = d->open_first; r != NULL; r = r->open_next)
        f->open_orders += r->o.account == x->a->a.id;
    f->day_pnl = x->a->day_lifted ? USD(0) : account_day_pnl(x->a);
    recent_orders(d, o, f);
    f->live_forbidden = d->simulated_only && x->a->a.live;
    f->not_live = x->a->a.live && !x->a->live_on;
    if (o->source == SOURCE_AGENT)
        agent_facts(d, x, f);
}
