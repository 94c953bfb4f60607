/* MATCHED markets: a price-time engine in which accounts and the feed's participants meet. The engine executes a
 * sweep first; then its prints are booked, so that nothing calls back into it. */
#include <assert.h>
#include <string.h>

#include "impl.h"
#include "turret/base/mem.h"

/* A participant's handle is slot and generation: a late cancel of an order that is gone hits nobody else's. */
#define HANDLE_BITS 20
#define HANDLE_SLOT ((1u << HANDLE_BITS) - 1)

struct taker {
    struct sim_account *account;
    struct sim_order *order;
    uint32_t owner;
};

static void on_fill(void *ctx, uint32_t taker, uint32_t maker, int32_t px_ticks, int64_t lots) {
    struct exchange *x = ((struct sim_market *)ctx)->x;
    (void)taker;
    x->prints = xgrow(x->prints, &x->prints_cap, x->n_prints + 1, sizeof *x->prints);
    x->prints[x->n_prints++] = (struct sim_print){maker, px_ticks, lots};
}

void matched_init(struct sim_market *m) {
    struct match_cfg cfg = {.on_fill = on_fill, .ctx = m};
    m->match = match_new(&cfg);
    m->slots = xgrow(m->slots, &m->slots_cap, 1, sizeof *m->slots);
    memset(m->slots, 0, sizeof *m->slots); /* handle 0 is nobody's */
    m->n_slots = 1;
    m->free_slot = 0;
}

void matched_clear(struct sim_market *m) {
    match_free(m->match);
    m->match = NULL;
    matched_init(m);
}

static uint32_t slot_take(struct sim_market *m, struct sim_order *o, uint16_t bot) {
    uint32_t h = m->free_slot;
    if (h) {
        m->free_slot = m->slots[h].next_free;
    } else {
        h = (uint32_t)m->n_slots++;
        assert(h <= HANDLE_SLOT);
        m->slots = xgrow(m->slots, &m->slots_cap, m->n_slots, sizeof *m->slots);
        m->slots[h].generation = 0;
    }
    m->slots[h] = (struct sim_slot){.order = o, .bot = bot, .generation = m->slots[h].generation};
    return h;
}

static void slot_free(struct sim_market *m, uint32_t h) {
    m->slots[h] = (struct sim_slot){.next_free = m->free_slot, .generation = (uint16_t)(m->slots[h].generation + 1)};
    m->free_slot = h;
}

static uint32_t account_owner(const struct sim_account *a) {
    return 0x10000u + a->id;
} /* bots are 1..65535 */
static enum match_side side_of(int dir) {
    return dir > 0 ? MATCH_BUY : MATCH_SELL;
}
static enum match_side other_side(int dir) {
    return dir > 0 ? MATCH_SELL : MATCH_BUY;
}
static price tick_price(const struct sim_market *m, int32_t tick) {
    return PRICE(tick * m->m.tick.micro);
}
static int32_t price_tick(const struct sim_market *m, price px) {
    return (int32_t)(px.micro / m->m.tick.micro);
}
static qty lots_qty(const struct sim_market *m, int64_t lots) {
    return QTY(lots * m->m.lot.micro);
}

static void dirty_add(struct sim_market *m, enum match_side side, int32_t tick) {
    struct exchange *x = m->x;
    if (m->n_dirty && m->dirty[m->n_dirty - 1].tick == tick && m->dirty[m->n_dirty - 1].side == side)
        return;
    m->dirty = xgrow(m->dirty, &m->dirty_cap, m->n_dirty + 1, sizeof *m->dirty);
    m->dirty[m->n_dirty++] = (struct sim_dirty){tick, (uint8_t)side};
    if (!m->in_dirty) {
        m->in_dirty = true;
        x->dirty = xgrow(x->dirty, &x->dirty_cap, x->n_dirty + 1, sizeof *x->dirty);
        x->dirty[x->n_dirty++] = m;
    }
}

/* Lots in front of an account's resting order: better levels and its own queue. */
static int64_t lots_ahead(const struct sim_market *m, const struct sim_order *o) {
    enum match_side side = side_of(o->dir);
    int64_t sum = match_ahead(m->match, o->handle);
    int32_t tick, own = price_tick(m, o->book_px);
    for (bool more = match_best(m->match, side, &tick); more && tick != own;
         more = match_next_level(m->match, side, tick, &tick))
        sum += match_depth_at(m->match, side, tick);
    return sum;
}

/* With reduce-only orders about, a sweep may execute one account order at a time: the next may have to shrink first. */
static int64_t sweep_step(const struct sim_market *m, int dir) {
    int64_t step = INT64_MAX;
    for (const struct sim_order *o = m->n_reduce_only ? m->first : NULL; o; o = o->next) {
        if (o->dir == dir)
            continue;
        int64_t reach = lots_ahead(m, o) + match_remaining(m->match, o->handle);
        step = reach < step ? reach : step;
    }
    return step;
}

static void maker_filled(struct sim_market *m, const struct sim_print *p, int dir, int64_t now_us) {
    struct sim_order *o = m->slots[p->maker].order;
    if (match_remaining(m->match, p->maker) == 0) {
        slot_free(m, p->maker);
        if (o)
            o->handle = 0;
    }
    if (!o)
        return;
    sim_account_fill(m->x, o->account, o, m, -dir, tick_price(m, p->tick), lots_qty(m, p->lots), true, FILL_TRADE,
                     now_us);
    sim_order_settled(m->x, o, now_us);
    sim_orders_fit(m->x, o->account, m, now_us);
}

/* One print a price: what the taker got there, and the public's trade. */
static void taker_filled(struct sim_market *m, const struct taker *t, int dir, int32_t tick, int64_t lots,
                         int64_t now_us) {
    struct event ev;
    qty size = lots_qty(m, lots);
    m->last = tick_price(m, tick);
    event_init(&ev, EVENT_TRADE, m->x->cfg.venue, now_us);
    ev.u.trade = (struct ev_trade){
        .market = m->m.id, .px = m->last, .size = size, .taker_side = dir > 0 ? ACTION_BUY : ACTION_SELL};
    sim_publish(m->x, &ev);
    if (t->account)
        sim_account_fill(m->x, t->account, t->order, m, dir, m->last, size, false,
                         t->order ? FILL_TRADE : FILL_LIQUIDATION, now_us);
}

static void book_prints(struct sim_market *m, const struct taker *t, int dir, int64_t now_us) {
    struct exchange *x = m->x;
    for (size_t i = 0; i < x->n_prints;) {
        size_t end = i;
        int64_t lots = 0;
        for (; end < x->n_prints && x->prints[end].tick == x->prints[i].tick; end++)
            lots += x->prints[end].lots;
        dirty_add(m, other_side(dir), x->prints[i].tick);
        taker_filled(m, t, dir, x->prints[i].tick, lots, now_us);
        for (; i < end; i++)
            maker_filled(m, &x->prints[i], dir, now_us);
    }
    x->n_prints = 0;
}

/* Returns the lots left. Nothing rests. */
static int64_t sweep(struct sim_market *m, const struct taker *t, uint32_t handle, int dir, int32_t tick, int64_t lots,
                     bool *self, int64_t now_us) {
    while (lots > 0 && !*self) {
        int64_t step = sweep_step(m, dir), n = lots < step ? lots : step;
        uint32_t own = 0;
        int64_t rest = match_add(m->match, handle, side_of(dir), tick, n, t->owner, false, &own);
        *self = own != 0;
        lots -= n - rest;
        book_prints(m, t, dir, now_us);
        if (rest > 0)
            break;
    }
    return lots;
}

int64_t matched_take(struct sim_market *m, struct sim_account *a, struct sim_order *o, int dir, price limit,
                     int64_t left, bool *self, int64_t now_us) {
    struct taker t = {a, o, account_owner(a)};
    price worst = limit.micro > 0 ? limit : matched_walk(m, dir, limit, QTY(left)).worst;
    if (worst.micro == 0)
        return left; /* nothing to take */
    uint32_t handle = slot_take(m, NULL, 0);
    int64_t lots = sweep(m, &t, handle, dir, price_tick(m, worst), left / m->m.lot.micro, self, now_us);
    slot_free(m, handle);
    return lots_qty(m, lots).micro;
}

void matched_rest(struct sim_market *m, struct sim_order *o) {
    int32_t tick = price_tick(m, o->book_px);
    o->handle = slot_take(m, o, 0);
    match_add(m->match, o->handle, side_of(o->dir), tick, sim_order_left(o) / m->m.lot.micro, account_owner(o->account),
              true, NULL);
    dirty_add(m, side_of(o->dir), tick);
}

void matched_remove(struct sim_market *m, struct sim_order *o) {
    match_cancel(m->match, o->handle);
    slot_free(m, o->handle);
    o->handle = 0;
    dirty_add(m, side_of(o->dir), price_tick(m, o->book_px));
}

void matched_resize(struct sim_market *m, struct sim_order *o) {
    match_reduce(m->match, o->handle, sim_order_left(o) / m->m.lot.micro);
    dirty_add(m, side_of(o->dir), price_tick(m, o->book_px));
}

bool matched_best(const struct sim_market *m, enum book_side side, struct level *out) {
    int32_t tick;
    enum match_side s = side == BOOK_BID ? MATCH_BUY : MATCH_SELL;
    if (!match_best(m->match, s, &tick))
        return false;
    *out = (struct level){tick_price(m, tick), lots_qty(m, match_depth_at(m->match, s, tick))};
    return true;
}

struct book_walk matched_walk(const struct sim_market *m, int dir, price limit, qty want) {
    struct book_walk w = {0};
    enum match_side s = other_side(dir);
    int32_t tick;
    for (bool more = match_best(m->match, s, &tick); more && w.filled.micro < want.micro;
         more = match_next_level(m->match, s, tick, &tick)) {
        price px = tick_price(m, tick);
        if (limit.micro > 0 && (px.micro - limit.micro) * dir > 0)
            break;
        int64_t left = want.micro - w.filled.micro, have = lots_qty(m, match_depth_at(m->match, s, tick)).micro;
        qty take = QTY(have < left ? have : left);
        w.filled.micro += take.micro;
        w.notional = usd_add_sat(w.notional, usd_of_sat(px, take));
        w.worst = px;
        w.levels++;
    }
    price_of(w.notional, w.filled, ROUND_HALF_EVEN, &w.average);
    return w;
}

int64_t matched_until_own(const struct sim_market *m, const struct sim_account *a, int dir, price limit) {
    int64_t best = INT64_MAX;
    for (const struct sim_order *o = m->first; o; o = o->next) {
        if (o->account != a || o->dir == dir || (limit.micro > 0 && (o->book_px.micro - limit.micro) * dir > 0))
            continue;
        int64_t ahead = lots_qty(m, lots_ahead(m, o)).micro;
        best = ahead < best ? ahead : best;
    }
    return best;
}

/* --- book changes --- */

static int dirty_order(const void *pa, const void *pb) {
    const struct sim_dirty *a = pa, *b = pb;
    if (a->side != b->side)
        return a->side < b->side ? -1 : 1;
    if (a->tick == b->tick)
        return 0;
    return (a->tick < b->tick) == (a->side == MATCH_BUY) ? 1 : -1; /* best first */
}

void matched_flush(struct exchange *x, struct sim_market *m, int64_t now_us) {
    uint32_t n[2] = {0, 0};
    size_t kept = 0;
    qsort(m->dirty, m->n_dirty, sizeof *m->dirty, dirty_order);
    for (size_t i = 0; i < m->n_dirty; i++) {
        if (kept && m->dirty[kept - 1].tick == m->dirty[i].tick && m->dirty[kept - 1].side == m->dirty[i].side)
            continue;
        m->dirty[kept++] = m->dirty[i];
        n[m->dirty[i].side == MATCH_SELL]++;
    }
    struct event *ev = sim_book_event(x, m, n[0], n[1], m->has_book ? 0 : BOOK_SNAPSHOT, now_us);
    for (size_t i = 0; i < kept; i++) {
        enum match_side s = (enum match_side)m->dirty[i].side;
        ev->u.book.levels[i] =
            (struct level){tick_price(m, m->dirty[i].tick), lots_qty(m, match_depth_at(m->match, s, m->dirty[i].tick))};
    }
    m->n_dirty = 0;
    sim_publish(x, ev);
    m->has_book = true;
    sim_mark_touch(x, m, now_us);
    if (m->n_waiting)
        sim_waiting_enter(x, m, now_us);
}

/* --- the feed's participants --- */

static struct sim_market *matched_market(const struct exchange *x, market_id id) {
    struct sim_market *m = sim_market_get(x, id);
    return m && m->match ? m : NULL;
}

static struct sim_market *bot_market(const struct exchange *x, market_id id) {
    struct sim_market *m = matched_market(x, id);
    return m && m->m.status == MARKET_OPEN ? m : NULL;
}

uint32_t exchange_bot_limit(struct exchange *x, market_id id, uint16_t bot, int dir, price px, qty size,
                            int64_t now_us) {
    struct sim_market *m = bot_market(x, id);
    int64_t lots = m ? size.micro / m->m.lot.micro : 0;
    if (lots <= 0 || px.micro < m->m.min_price.micro || px.micro <= 0 || px.micro / m->m.tick.micro >= INT32_MAX ||
        (m->m.max_price.micro > 0 && px.micro > m->m.max_price.micro))
        return 0;
    struct taker t = {.owner = bot};
    uint32_t handle = slot_take(m, NULL, bot), own = 0;
    int32_t tick = price_tick(m, px);
    bool self = false;
    if (m->n_reduce_only)
        lots = sweep(m, &t, handle, dir, tick, lots, &self, now_us);
    if (lots > 0 && !self) {
        lots = match_add(m->match, handle, side_of(dir), tick, lots, bot, true, &own);
        self = own != 0;
        book_prints(m, &t, dir, now_us);
    }
    if (lots <= 0 || self) {
        slot_free(m, handle);
        return 0;
    }
    m->slots[handle].tick = tick;
    m->slots[handle].side = (uint8_t)side_of(dir);
    dirty_add(m, side_of(dir), tick);
    return (uint32_t)m->slots[handle].generation << HANDLE_BITS | handle;
}

qty exchange_bot_market(struct exchange *x, market_id id, uint16_t bot, int dir, qty size, int64_t now_us) {
    struct sim_market *m = bot_market(x, id);
    if (!m)
        return QTY(0);
    struct taker t = {.owner = bot};
    price worst = matched_walk(m, dir, PRICE(0), size).worst;
    int64_t lots = size.micro / m->m.lot.micro;
    bool self = false;
    if (worst.micro == 0 || lots <= 0)
        return QTY(0);
    uint32_t handle = slot_take(m, NULL, bot);
    int64_t left = sweep(m, &t, handle, dir, price_tick(m, worst), lots, &self, now_us);
    slot_free(m, handle);
    return lots_qty(m, lots - left);
}

/* The slot of a participant's resting order, 0 if the handle is no longer (or never was) one. */
static uint32_t bot_slot(const struct sim_market *m, uint32_t handle) {
    uint32_t h = handle & HANDLE_SLOT;
    if (!m || h == 0 || h >= m->n_slots || !m->slots[h].bot)
        return 0;
    return (uint32_t)m->slots[h].generation << HANDLE_BITS == (handle & ~HANDLE_SLOT) ? h : 0;
}

void exchange_bot_cancel(struct exchange *x, market_id id, uint32_t handle, int64_t now_us) {
    struct sim_market *m = matched_market(x, id);
    uint32_t h = bot_slot(m, handle);
    (void)now_us;
    if (!h)
        return;
    match_cancel(m->match, h);
    dirty_add(m, (enum match_side)m->slots[h].side, m->slots[h].tick);
    slot_free(m, h);
}

bool exchange_bot_resting(const struct exchange *x, market_id id, uint32_t handle, qty *rest) {
    const struct sim_market *m = matched_market(x, id);
    uint32_t h = bot_slot(m, handle);
    if (!h)
        return false;
    *rest = lots_qty(m, match_remaining(m->match, h));
    return rest->micro > 0;
}
