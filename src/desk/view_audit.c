/* The audit: recomputes every cache of the desk from orders and fills and counts the differences.
 * Positions whose first fills are no longer in memory are left out. */
#include "desk/state.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct audit { char *text; size_t len, used; int count; };

static void __attribute__((format(printf, 2, 3))) found(struct audit *a, const char *fmt, ...) {
    a->count++;
    if (a->text == NULL || a->used + 1 >= a->len)
        return;
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(a->text + a->used, a->len - a->used, fmt, ap);
    va_end(ap);
    if (n > 0)
        a->used += (size_t)n < a->len - a->used ? (size_t)n : a->len - a->used - 1;
}

/* --- orders and positions against their fills ----------------------------------------------------------- */
struct sums { qty filled, reversed; usd fee; };

static void check_position(const struct desk *d, struct audit *a, const struct rec *r) {
    const struct position *p = &r->o.pos;
    struct position q = {0};
    const int sign = side_sign((enum order_side)r->o.side);
    for (size_t i = 0; i < d->fill_count; i++) {
        const struct fill *f = &d->fills[i];
        usd pnl;
        if (f->position != r->o.id || f->finality == FILL_REVERSED)
            continue;
        price own = book_price((enum order_side)r->o.side, book_price((enum order_side)f->side, f->px));
        if (book_dir((enum order_side)f->side, (enum order_action)f->action) == sign)
            position_open_fill(&q, own, f->size, f->fee, f->at_us);
        else if (f->size.micro <= q.open.micro)
            position_close_fill(&q, position_dir((enum order_side)r->o.side), own, f->size, f->fee, f->at_us, &pnl);
        else
            return; /* its first fills are not here */
    }
    if (q.open.micro + q.closed.micro < p->open.micro + p->closed.micro && d->fills_pruned)
        return;
    if (q.open.micro != p->open.micro || q.closed.micro != p->closed.micro)
        found(a, "position %u: open %s, fills say %s; ", r->o.num, num_text(p->open.micro).s, num_text(q.open.micro).s);
    if (q.cost.micro != p->cost.micro || q.realized_pnl.micro != p->realized_pnl.micro || q.fees.micro != p->fees.micro)
        found(a, "position %u: cost %s, P&L %s, fees %s; fills say %s, %s, %s; ", r->o.num, num_text(p->cost.micro).s, num_text(p->realized_pnl.micro).s,
              num_text(p->fees.micro).s, num_text(q.cost.micro).s, num_text(q.realized_pnl.micro).s, num_text(q.fees.micro).s);
    if ((p->status == POSITION_OPEN) != r->is_pos || (p->status == POSITION_OPEN) != (p->open.micro > 0))
        found(a, "position %u: status %s with %s open; ", r->o.num, position_status_name((enum position_status)p->status), num_text(p->open.micro).s);
}

static void check_provisional(const struct desk *d, struct audit *a, const struct rec *pos) {
    int64_t sum = 0;
    for (size_t i = 0; i < d->fill_count; i++) {
        const struct fill *f = &d->fills[i];
        if (f->position == pos->o.id && f->finality == FILL_PROVISIONAL && book_dir((enum order_side)f->side, (enum order_action)f->action) == side_sign((enum order_side)pos->o.side))
            sum += f->size.micro;
    }
    if (sum != pos->provisional.micro)
        found(a, "position %u: %s not settled, fills say %s; ", pos->o.num, num_text(pos->provisional.micro).s, num_text(sum).s);
}

static void check_reserved(const struct desk *d, struct audit *a, const struct rec *pos) {
    int64_t sum = 0;
    for (const struct rec *r = d->open_first; r != NULL; r = r->open_next)
        if (r->o.parent == pos->o.id)
            sum += r->holds.micro;
    if (sum != pos->o.pos.reserved.micro || pos->o.pos.reserved.micro > pos->o.pos.open.micro)
        found(a, "position %u: %s reserved, exits hold %s of %s; ", pos->o.num, num_text(pos->o.pos.reserved.micro).s, num_text(sum).s, num_text(pos->o.pos.open.micro).s);
}

static void check_order(const struct desk *d, struct audit *a, const struct rec *r) {
    struct sums s = {0};
    bool any = false, continues = false;
    for (size_t i = 0; i < d->fill_count; i++) {
        const struct fill *f = &d->fills[i];
        if (f->order == r->o.id && f->finality == FILL_REVERSED) {
            any = true;
            s.reversed.micro += f->size.micro;
        } else if (f->order == r->o.id) {
            any = true;
            s.filled.micro += f->size.micro;
            s.fee.micro += f->fee.micro;
        }
        continues = continues || (f->position == r->o.id && f->order == r->o.parent);
    }
    if (!any && (continues || d->fills_pruned))
        return;
    if (s.filled.micro != r->o.filled.micro || s.fee.micro != r->o.fee.micro)
        found(a, "order %u: filled %s, fills say %s; ", r->o.num, num_text(r->o.filled.micro).s, num_text(s.filled.micro).s);
    if (s.reversed.micro != r->o.reversed.micro)
        found(a, "order %u: %s taken back, fills say %s; ", r->o.num, num_text(r->o.reversed.micro).s, num_text(s.reversed.micro).s);
    if (order_open(&r->o) != r->is_open)
        found(a, "order %u: %s, but %s the list of working orders; ", r->o.num, order_state_name((enum order_state)r->o.state), r->is_open ? "in" : "not in");
    if (r->o.state == STATE_FILLED && order_rest(&r->o).micro > 0)
        found(a, "order %u: filled with %s of %s; ", r->o.num, num_text(r->o.filled.micro).s, num_text(r->o.size.micro).s);
}

/* --- cash and holdings since the load -------------------------------------------------------------------- */
static void check_account(const struct desk *d, struct audit *a, const struct acct *acct) {
    usd cash = usd_add_sat(acct->base_cash, acct->other_cash);
    for (const struct holding *h = acct->holdings; h != NULL; h = h->next) {
        struct holding replay = {.m = h->m, .account = h->account, .side = h->base_side, .key = h->key, .p = h->base};
        int64_t net = h->apart + fills_apart(d, h, acct->audit_from);
        for (size_t i = acct->audit_from; i < d->fill_count;) {
            struct fill whole;
            i = fill_whole(d, i, &whole);
            if (whole.account != acct->a.id || whole.market != h->m->m.id || whole.finality == FILL_REVERSED || fill_is_pair(&whole) || (!market_nets(&h->m->m) && whole.side != h->key))
                continue;
            cash = usd_add_sat(cash, holding_cash(&replay, whole.side, whole.action, whole.px, whole.size, whole.fee, whole.at_us));
            cash.micro -= whole.fee.micro;
        }
        if (!market_nets(&h->m->m))
            replay = *h; /* there it is what the positions are (below) */
        if (replay.p.open.micro != h->p.open.micro || (h->p.open.micro > 0 && replay.side != h->side))
            found(a, "%s in %s: holds %s, fills say %s; ", acct->a.name, h->m->m.symbol, num_text(h->p.open.micro).s, num_text(replay.p.open.micro).s);
        for (const struct rec *p = h->m->pos_first; p != NULL; p = p->pos_next)
            if (p->o.account == acct->a.id && (market_nets(&h->m->m) || p->o.side == h->key))
                net += side_sign((enum order_side)p->o.side) * p->o.pos.open.micro;
        if (net != (h->p.open.micro > 0 ? side_sign((enum order_side)h->side) * h->p.open.micro : 0))
            found(a, "%s in %s: holds %s, positions say %s; ", acct->a.name, h->m->m.symbol, num_text(h->p.open.micro).s, num_text(net).s);
    }
    if (cash.micro != acct->cash.micro)
        found(a, "%s: cash %s, fills and ledger say %s; ", acct->a.name, num_text(acct->cash.micro).s, num_text(cash.micro).s);
}

int view_audit(const struct desk *d, char *text, size_t len) {
    struct audit a = {.text = text, .len = len};
    if (text != NULL && len > 0)
        text[0] = 0;
    for (size_t i = 0; i < d->order_count; i++) {
        const struct rec *r = d->orders[i];
        check_order(d, &a, r);
        if (r->o.pos.status != POSITION_NONE)
            check_position(d, &a, r);
        if (r->is_pos)
            check_reserved(d, &a, r), check_provisional(d, &a, r);
    }
    for (size_t i = 0; i < d->account_count && !d->fills_pruned; i++)
        check_account(d, &a, d->accounts[i]);
    return a.count;
}
