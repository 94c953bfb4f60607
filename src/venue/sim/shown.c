/* SHOWN markets: the book is a recording. Takers eat what is displayed until the feed shows the level anew; makers wait
 * behind the displayed queue and fill when prints reach them or the book comes through. With no own orders in a market
 * a tape event costs its book update and one copy. */
#include <string.h>

#include "impl.h"

static enum book_side opposite(int dir) {
    return dir > 0 ? BOOK_ASK : BOOK_BID;
}
static enum book_side same(int dir) {
    return dir > 0 ? BOOK_BID : BOOK_ASK;
}

/* Takes from one displayed level and notes what is left of it for the desk. */
static void eat(struct sim_market *m, enum book_side side, price px, qty left, int64_t now_us) {
    struct event *ev = sim_book_event(m->x, m, side == BOOK_BID, side == BOOK_ASK, 0, now_us);
    book_set(m->book, side, px, left);
    ev->u.book.levels[0] = (struct level){px, left};
    sim_publish(m->x, ev);
    sim_mark_touch(m->x, m, now_us);
}

/* Quote tapes show no depth: a seeded extra stands for it. Never past the limit or the market's range. */
static price slipped(struct sim_market *m, int dir, price px, price limit) {
    int64_t worse, out;
    if (!m->m.quote_only || m->x->cfg.slippage_max_bps <= 0)
        return px;
    if (!dec_muldiv(px.micro, rng_range(&m->x->rng, 0, m->x->cfg.slippage_max_bps), 10000, ROUND_HALF_EVEN, &worse) ||
        !dec_to_step(px.micro + dir * worse, m->m.tick.micro, dir > 0 ? ROUND_UP : ROUND_DOWN, &out))
        return px;
    if (limit.micro > 0 && (out - limit.micro) * dir > 0)
        out = limit.micro;
    if (m->m.max_price.micro > 0 && out > m->m.max_price.micro)
        out = m->m.max_price.micro;
    return PRICE(out < m->m.min_price.micro || out <= 0 ? px.micro : out);
}

/* The best price of an own order on the other side: a taker may go up to it, not through it. */
static price own_barrier(const struct sim_market *m, const struct sim_account *a, int dir) {
    price best = {0};
    for (const struct sim_order *o = m->first; o; o = o->next)
        if (o->account == a && o->dir != dir && (best.micro == 0 || (o->book_px.micro - best.micro) * dir < 0))
            best = o->book_px;
    return best;
}

static bool beyond(price px, price limit, int dir) {
    return limit.micro > 0 && (px.micro - limit.micro) * dir > 0;
}

int64_t shown_take(struct sim_market *m, struct sim_account *a, struct sim_order *o, int dir, price limit, int64_t left,
                   bool *self, int64_t now_us) {
    price barrier = own_barrier(m, a, dir);
    enum book_side side = opposite(dir);
    struct level top;
    while (left > 0 && book_best(m->book, side, &top) && !beyond(top.px, limit, dir) && !beyond(top.px, barrier, dir)) {
        qty size = QTY(top.size.micro < left ? top.size.micro : left);
        size.micro -= size.micro % m->m.lot.micro;
        if (size.micro > 0)
            sim_account_fill(m->x, a, o, m, dir, slipped(m, dir, top.px, limit), size, false,
                             o ? FILL_TRADE : FILL_LIQUIDATION, now_us);
        left -= size.micro;
        if (left > 0)
            size = top.size; /* a crumb below the lot goes with its level */
        eat(m, side, top.px, QTY(top.size.micro - size.micro), now_us);
    }
    bool meets_own = barrier.micro > 0 && !beyond(barrier, limit, dir);
    *self = left > 0 && meets_own;
    return left;
}

int64_t shown_until_own(const struct sim_market *m, const struct sim_account *a, int dir, price limit) {
    price barrier = own_barrier(m, a, dir);
    if (barrier.micro == 0 || beyond(barrier, limit, dir))
        return INT64_MAX;
    return book_walk(m->book, opposite(dir), QTY(INT64_MAX / 2), barrier).filled.micro;
}

/* Is this price within what the feed displays? Deeper levels of a book cut at some depth are not known. */
static bool displayed_range(const struct sim_market *m, const struct sim_order *o) {
    enum book_side side = same(o->dir);
    int n = book_count(m->book, side);
    if (n == 0)
        return false;
    return (book_level(m->book, side, n - 1)->px.micro - o->book_px.micro) * o->dir <= 0;
}

void shown_rest(struct sim_market *m, struct sim_order *o) {
    o->displayed = o->ahead = book_size_at(m->book, same(o->dir), o->book_px);
    o->traded = QTY(0);
    o->queued = displayed_range(m, o);
}

/* The feed shows the order's level anew: what left it without a print was spread over the whole queue. */
static void queue_update(struct sim_order *o, qty now_shown) {
    int64_t before = o->displayed.micro - o->traded.micro;
    if (!o->queued) {
        o->ahead = now_shown;
        o->queued = true;
    } else if (before > 0 && now_shown.micro < before) {
        dec_muldiv(o->ahead.micro, now_shown.micro, before, ROUND_UP, &o->ahead.micro);
    }
    if (o->ahead.micro > now_shown.micro)
        o->ahead = now_shown;
    o->displayed = now_shown;
    o->traded = QTY(0);
}

static void queues_follow(struct sim_market *m, const struct ev_book *b) {
    for (struct sim_order *o = m->first; o; o = o->next) {
        const struct level *l = b->levels + (o->dir > 0 ? 0 : b->n_bids),
                           *end = l + (o->dir > 0 ? b->n_bids : b->n_asks);
        while (l < end && l->px.micro != o->book_px.micro)
            l++;
        if (l < end)
            queue_update(o, l->size);
        else if ((b->flags & BOOK_SNAPSHOT) && displayed_range(m, o))
            queue_update(o, QTY(0));
    }
}

/* The own order that prints on this side reach first: best price, then time. */
static struct sim_order *front(struct sim_market *m, int dir) {
    struct sim_order *best = NULL;
    for (struct sim_order *o = m->first; o; o = o->next)
        if (o->dir == dir && (!best || (o->book_px.micro - best->book_px.micro) * dir > 0))
            best = o;
    return best;
}

static void maker_fill(struct sim_market *m, struct sim_order *o, int64_t size, int64_t now_us) {
    sim_account_fill(m->x, o->account, o, m, o->dir, o->book_px, QTY(size), true, FILL_TRADE, now_us);
    sim_order_settled(m->x, o, now_us);
    sim_orders_fit(m->x, o->account, m, now_us);
}

/* The displayed other side stands at or through own orders: they trade with it, at their own price. */
static void cross_own(struct sim_market *m, int dir, int64_t now_us) {
    struct sim_order *o;
    struct level top;
    while ((o = front(m, dir)) && book_best(m->book, opposite(dir), &top) && !beyond(top.px, o->book_px, dir)) {
        int64_t size = sim_order_left(o) < top.size.micro ? sim_order_left(o) : top.size.micro;
        size -= size % m->m.lot.micro;
        eat(m, opposite(dir), top.px, QTY(size > 0 ? top.size.micro - size : 0), now_us);
        if (size > 0)
            maker_fill(m, o, size, now_us);
    }
}

void exchange_shown_book(struct exchange *x, market_id id, const struct ev_book *b, int64_t now_us) {
    struct sim_market *m = sim_market_get(x, id);
    if (!m || m->mode != EXCHANGE_SHOWN)
        return;
    uint32_t n = (uint32_t)b->n_bids + b->n_asks;
    struct event *ev = sim_book_event(x, m, b->n_bids, b->n_asks, b->flags, now_us);
    memcpy(ev->u.book.levels, b->levels, n * sizeof *b->levels);
    if (b->flags & (BOOK_SNAPSHOT | BOOK_GAP))
        book_clear(m->book);
    for (uint32_t i = 0; i < n; i++)
        book_set(m->book, i < b->n_bids ? BOOK_BID : BOOK_ASK, b->levels[i].px, b->levels[i].size);
    sim_publish(x, ev);
    if (!m->mark_due)
        sim_mark_touch(x, m, now_us);
    m->has_book = true;
    if (m->n_resting) {
        queues_follow(m, b);
        cross_own(m, 1, now_us);
        cross_own(m, -1, now_us);
    }
    if (m->n_waiting)
        sim_waiting_enter(x, m, now_us);
}

/* A print reaches own orders of the side it hit: those at better prices first, at the print's price behind the queue.
 */
static void print_own(struct sim_market *m, price px, qty size, int dir, int64_t now_us) {
    int64_t volume = size.micro;
    struct sim_order *o;
    while (volume >= m->m.lot.micro && (o = front(m, dir)) && beyond(px, o->book_px, -dir)) {
        int64_t take = sim_order_left(o) < volume ? sim_order_left(o) : volume - volume % m->m.lot.micro;
        volume -= take;
        maker_fill(m, o, take, now_us);
    }
    for (struct sim_order *next, *q = m->first; q && volume > 0; q = next) {
        next = q->next;
        if (q->dir != dir || q->book_px.micro != px.micro)
            continue;
        int64_t reach = volume - q->ahead.micro, left = sim_order_left(q);
        q->traded.micro += volume;
        q->ahead.micro = reach > 0 ? 0 : q->ahead.micro - volume;
        int64_t take = reach < left ? reach - reach % m->m.lot.micro : left;
        if (reach <= 0 || take <= 0)
            continue;
        volume -= take;
        maker_fill(m, q, take, now_us);
        next = m->first; /* the list may have changed: look again, behind what was already served */
        while (next && (next->seq <= q->seq))
            next = next->next;
    }
}

void exchange_shown_trade(struct exchange *x, market_id id, price px, qty size, int taker_dir, int64_t now_us) {
    struct sim_market *m = sim_market_get(x, id);
    struct event ev;
    if (!m || m->mode != EXCHANGE_SHOWN)
        return;
    event_init(&ev, EVENT_TRADE, x->cfg.venue, now_us);
    ev.u.trade =
        (struct ev_trade){.market = id, .px = px, .size = size, .taker_side = taker_dir > 0 ? ACTION_BUY : ACTION_SELL};
    m->last = px;
    sim_publish(x, &ev);
    if (m->n_resting)
        print_own(m, px, size, -taker_dir, now_us);
}
