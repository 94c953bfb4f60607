/* The exchange itself: its markets, their marks and status, settlement, and what a feed may ask. */
#include "exchange.h"

#include <stddef.h>
#include <string.h>

#include "impl.h"
#include "turret/base/hash.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"

#define MARKS_EVERY_US 1000000LL
#define MARK_STEP_PPM 20000 /* a perpetual's mark follows a torn book by at most 2 % a second */
#define DEFAULT_MAKER_PPM 200
#define DEFAULT_TAKER_PPM 500
#define DEFAULT_LEVERAGE 20
#define DEFAULT_MAINTENANCE_PPM 25000
#define DEFAULT_FUNDING_PPM 100

void exchange_cfg_default(struct exchange_cfg *cfg) {
    *cfg = (struct exchange_cfg){.seed = 1,
                                 .venue = VENUE_SIM,
                                 .latency_min_us = 40000,
                                 .latency_max_us = 250000,
                                 .funding_period_us = 8 * 3600 * 1000000LL,
                                 .funding_refresh_us = 60 * 1000000LL,
                                 .mark_every_us = 1000000LL,
                                 .maker_ppm = -1,
                                 .taker_ppm = -1,
                                 .initial_cash = {10000 * DEC_ONE}};
}

const struct exchange_cfg *exchange_settings(const struct exchange *x) { return &x->cfg; }
void exchange_publish(struct exchange *x, const struct event *ev) { sim_publish(x, ev); }

struct exchange *exchange_new(const struct exchange_cfg *cfg, struct event_sink sink) {
    struct exchange *x = xcalloc(1, sizeof *x);
    x->cfg = *cfg;
    x->sink = sink;
    rng_seed(&x->rng, cfg->seed);
    map_init(&x->market_of);
    map_init(&x->account_of);
    map_init(&x->order_of);
    return x;
}

void exchange_free(struct exchange *x) {
    if (!x)
        return;
    for (size_t i = 0; i < x->n_markets; i++) {
        struct sim_market *m = x->markets[i];
        if (m->match)
            match_free(m->match);
        if (m->book)
            book_free(m->book);
        free(m->slots);
        free(m->dirty);
        free(m);
    }
    for (size_t i = 0; i < x->n_orders; i++)
        free(x->orders[i]);
    sim_accounts_free(x);
    sim_items_free(x);
    map_free(&x->market_of);
    map_free(&x->account_of);
    map_free(&x->order_of);
    free(x->markets);
    free(x->orders);
    free(x->fills);
    free(x->prints);
    free(x->dirty);
    free(x->due);
    free(x->scratch);
    free(x);
}

struct sim_market *sim_market_get(const struct exchange *x, market_id id) {
    return map_get_ptr(&x->market_of, id);
}

struct sim_market *sim_market_make(struct exchange *x, const struct market *src) {
    struct sim_market *m = xcalloc(1, sizeof *m);
    m->m = *src;
    m->x = x;
    map_put_ptr(&x->market_of, src->id, m);
    x->markets = xgrow(x->markets, &x->markets_cap, x->n_markets + 1, sizeof *x->markets);
    x->markets[x->n_markets++] = m;
    return m;
}

struct event *sim_book_event(struct exchange *x, struct sim_market *m, uint32_t n_bids, uint32_t n_asks, uint32_t flags,
                             int64_t now_us) {
    size_t size = offsetof(struct event, u.book.levels) + (n_bids + n_asks) * sizeof(struct level);
    if (size > x->scratch_cap)
        x->scratch = xgrow(x->scratch, &x->scratch_cap, size, 1);
    struct event *ev = (struct event *)(void *)x->scratch;
    ev->size = (uint32_t)size;
    ev->type = EVENT_BOOK;
    ev->venue = x->cfg.venue;
    ev->at_us = now_us;
    ev->u.book.market = m->m.id;
    ev->u.book.n_bids = (uint16_t)n_bids;
    ev->u.book.n_asks = (uint16_t)n_asks;
    ev->u.book.flags = flags;
    return ev;
}

/* --- listing and status --- */

static void publish_market(struct exchange *x, const struct sim_market *m, int64_t now_us) {
    struct event ev;
    event_init(&ev, EVENT_MARKET, x->cfg.venue, now_us);
    ev.u.market = m->m;
    sim_publish(x, &ev);
}

static void publish_status(struct exchange *x, const struct sim_market *m, int64_t now_us) {
    struct event ev;
    event_init(&ev, EVENT_MARKET_STATUS, x->cfg.venue, now_us);
    ev.u.market_status = (struct ev_market_status){.market = m->m.id, .status = m->m.status, .outcome = m->m.outcome};
    sim_publish(x, &ev);
}

/* What a listing leaves open is the exchange's to say: fees, leverage, margin, funding. */
static void market_defaults(const struct exchange *x, struct sim_market *m) {
    struct market *k = &m->m;
    k->venue = (uint8_t)x->cfg.venue;
    if (k->tick.micro <= 0) /* a recording may leave its steps out */
        k->tick.micro = 1;
    if (k->lot.micro <= 0)
        k->lot.micro = 1;
    if (k->maker_ppm == 0 && k->taker_ppm == 0 && k->fee_kind == FEE_NOTIONAL) {
        k->maker_ppm = DEFAULT_MAKER_PPM;
        k->taker_ppm = DEFAULT_TAKER_PPM;
    }
    if (x->cfg.maker_ppm >= 0)
        k->maker_ppm = x->cfg.maker_ppm;
    if (x->cfg.taker_ppm >= 0)
        k->taker_ppm = x->cfg.taker_ppm;
    if (k->kind == MARKET_BINARY) {
        k->max_leverage = 1;
        return;
    }
    if (k->max_leverage == 0)
        k->max_leverage = DEFAULT_LEVERAGE;
    if (k->maintenance_ppm == 0)
        k->maintenance_ppm = DEFAULT_MAINTENANCE_PPM;
    if (k->funding_interval_s == 0)
        k->funding_interval_s = (int32_t)(x->cfg.funding_period_us / 1000000);
    m->funding_period_us = k->funding_interval_s * 1000000LL;
    m->funding_ppm = DEFAULT_FUNDING_PPM;
}

static void first_listing(struct exchange *x, struct sim_market *m, const struct market *src,
                          enum exchange_market_mode mode, int64_t now_us) {
    m->m = *src;
    m->mode = (uint8_t)mode;
    m->listed = true;
    market_defaults(x, m);
    if (mode == EXCHANGE_MATCHED)
        matched_init(m);
    else
        m->book = book_new();
    if (m->funding_period_us > 0)
        sim_item_push(x, (now_us / m->funding_period_us + 1) * m->funding_period_us, ITEM_FUNDING, m);
}

/* A recorded or live market may change its rules; orders that rest keep theirs. */
static void steps_update(const struct exchange *x, struct sim_market *m, const struct market *src) {
    struct market *k = &m->m;
    k->tick = src->tick;
    k->min_price = src->min_price;
    k->max_price = src->max_price;
    k->price_digits = src->price_digits;
    k->lot = src->lot;
    k->min_size = src->min_size;
    k->fee_kind = src->fee_kind;
    k->maker_ppm = src->maker_ppm;
    k->taker_ppm = src->taker_ppm;
    memcpy(k->native, src->native, sizeof k->native);
    market_defaults(x, m);
}

void exchange_list(struct exchange *x, const struct market *src, enum exchange_market_mode mode, int64_t now_us) {
    struct sim_market *m = sim_market_get(x, src->id);
    if (!m)
        m = sim_market_make(x, src);
    if (!m->listed) {
        first_listing(x, m, src, mode, now_us);
    } else {
        memcpy(m->m.title, src->title, sizeof m->m.title);
        memcpy(m->m.category, src->category, sizeof m->m.category);
        m->m.closes_us = src->closes_us;
        if (m->mode == EXCHANGE_SHOWN)
            steps_update(x, m, src);
        if (m->m.status != MARKET_RESOLVED)
            m->m.status = src->status;
    }
    publish_market(x, m, now_us);
    if (m->m.status == MARKET_RESOLVED && m->m.outcome != OUTCOME_NONE)
        exchange_resolve(x, src->id, (enum market_outcome)m->m.outcome, now_us); /* settles what the last run left */
}

static void cancel_resting(struct exchange *x, struct sim_market *m, const char *text, int64_t now_us) {
    for (struct sim_order *o = m->first, *next; o; o = next) {
        next = o->next;
        sim_order_done(x, o, ERR_MARKET_CLOSED, text, now_us);
    }
    for (size_t i = 0; m->n_waiting && i < x->n_orders; i++)
        if (x->orders[i]->waiting && x->orders[i]->market == m)
            sim_order_done(x, x->orders[i], ERR_MARKET_CLOSED, text, now_us);
}

void exchange_set_status(struct exchange *x, market_id id, enum market_status s, int64_t now_us) {
    struct sim_market *m = sim_market_get(x, id);
    if (!m || m->m.status == s || m->m.status == MARKET_RESOLVED)
        return;
    m->m.status = (uint8_t)s;
    if (s == MARKET_CLOSED)
        cancel_resting(x, m, "the market closed", now_us);
    publish_status(x, m, now_us);
    if (s == MARKET_OPEN && m->has_book && m->n_waiting)
        sim_waiting_enter(x, m, now_us);
}

/* What one unit of the position's own side is paid. */
static price settlement_price(const struct sim_position *sp, enum market_outcome o) {
    if (o == OUTCOME_VOID) /* Polymarket pays a half to each outcome; what is generated gives the cost back */
        return sp->market->m.fee_kind == FEE_POLYMARKET ? PRICE(DEC_ONE / 2) : sp->p.entry_price;
    return PRICE((sp->net > 0) == (o == OUTCOME_YES) ? DEC_ONE : 0);
}

void exchange_resolve(struct exchange *x, market_id id, enum market_outcome o, int64_t now_us) {
    struct sim_market *m = sim_market_get(x, id);
    if (!m || m->m.kind != MARKET_BINARY || o == OUTCOME_NONE)
        return;
    m->m.status = MARKET_RESOLVED;
    m->m.outcome = (uint8_t)o;
    cancel_resting(x, m, "the market is resolved", now_us);
    for (size_t i = 0; i < x->n_accounts; i++) {
        struct sim_account *a = x->accounts[i];
        const struct sim_position *sp = sim_position_find(a, m);
        if (!sp || sp->net == 0 || !a->settled)
            continue;
        int dir = sp->net > 0 ? -1 : 1;
        price paid = book_price(sim_position_side(m, -dir), settlement_price(sp, o));
        sim_account_fill(x, a, NULL, m, dir, paid, QTY(llabs(sp->net)), false, FILL_SETTLEMENT, now_us);
    }
    if (m->match)
        matched_clear(m);
    m->n_dirty = 0;
    sim_publish(x, sim_book_event(x, m, 0, 0, BOOK_SNAPSHOT, now_us));
    if (o != OUTCOME_VOID)
        sim_mark_set(x, m, PRICE(o == OUTCOME_YES ? DEC_ONE : 0), now_us);
    publish_status(x, m, now_us);
}

enum market_outcome exchange_outcome(const struct exchange *x, market_id id) {
    const struct sim_market *m = sim_market_get(x, id);
    return m && m->m.status == MARKET_RESOLVED ? (enum market_outcome)m->m.outcome : OUTCOME_NONE;
}

/* --- marks --- */

bool sim_market_best(const struct sim_market *m, enum book_side side, struct level *out) {
    if (!m->listed)
        return false;
    return m->mode == EXCHANGE_MATCHED ? matched_best(m, side, out) : book_best(m->book, side, out);
}

static bool market_mid(const struct sim_market *m, price *out) {
    struct level bid, ask;
    if (!sim_market_best(m, BOOK_BID, &bid) || !sim_market_best(m, BOOK_ASK, &ask) || bid.px.micro >= ask.px.micro)
        return false;
    return dec_muldiv(bid.px.micro + ask.px.micro, 1, 2, ROUND_HALF_EVEN, &out->micro);
}

void sim_mark_set(struct exchange *x, struct sim_market *m, price mark, int64_t now_us) {
    struct event ev;
    m->mark = mark;
    m->has_mark = true;
    event_init(&ev, EVENT_MARK, x->cfg.venue, now_us);
    ev.u.mark = (struct ev_mark){
        .market = m->m.id, .mark = mark, .index = m->index.micro ? m->index : mark, .funding_ppm = m->funding_ppm};
    sim_publish(x, &ev);
    sim_margin_watch(x, m, now_us);
}

/* True when the mark has not yet caught up with the middle of the book. */
static bool mark_follow(struct exchange *x, struct sim_market *m, int64_t now_us) {
    price mid;
    int64_t step;
    if (m->mark_fed || m->m.status == MARKET_RESOLVED || !market_mid(m, &mid))
        return false;
    bool held = false;
    if (m->m.kind == MARKET_PERP && m->has_mark && dec_muldiv(m->mark.micro, MARK_STEP_PPM, DEC_ONE, ROUND_UP, &step)) {
        int64_t off = mid.micro - m->mark.micro;
        held = llabs(off) > step;
        if (held)
            mid.micro = m->mark.micro + (off > 0 ? step : -step);
    }
    if (!m->has_mark || mid.micro != m->mark.micro || m->m.kind == MARKET_PERP)
        sim_mark_set(x, m, mid, now_us);
    return held;
}

static void mark_schedule(struct exchange *x, struct sim_market *m, int64_t now_us) {
    m->mark_due = true;
    x->due = xgrow(x->due, &x->due_cap, x->n_due + 1, sizeof(struct sim_market *));
    x->due[x->n_due++] = m;
    if (!x->marks_armed)
        sim_item_push(x, (now_us / MARKS_EVERY_US + 1) * MARKS_EVERY_US, ITEM_MARKS, NULL);
    x->marks_armed = true;
}

/* The book moved. A generated binary market shows its mark with each change, the others once a second. */
void sim_mark_touch(struct exchange *x, struct sim_market *m, int64_t now_us) {
    if (m->mark_fed || m->mark_due)
        return;
    if (m->mode == EXCHANGE_MATCHED && (m->m.kind == MARKET_BINARY || !m->has_mark))
        mark_follow(x, m, now_us);
    else
        mark_schedule(x, m, now_us);
}

void sim_marks_run(struct exchange *x, int64_t now_us) {
    size_t n = x->n_due;
    x->n_due = 0;
    x->marks_armed = false;
    for (size_t i = 0; i < n; i++) {
        struct sim_market *m = x->due[i];
        m->mark_due = false;
        if (mark_follow(x, m, now_us) && !m->mark_due)
            mark_schedule(x, m, now_us); /* writes at or before i: safe */
    }
    exchange_flush_books(x, now_us); /* a liquidation may have moved books */
}

void exchange_mark(struct exchange *x, market_id id, price mark, price index, int64_t funding_ppm, int64_t now_us) {
    struct sim_market *m = sim_market_get(x, id);
    if (!m || m->m.status == MARKET_RESOLVED)
        return;
    m->index = index;
    m->funding_ppm = funding_ppm;
    m->mark_fed = m->mark_fed || mark.micro > 0;
    if (mark.micro > 0)
        sim_mark_set(x, m, mark, now_us);
}

/* --- what feeds and tests ask --- */

bool exchange_best(const struct exchange *x, market_id id, enum book_side side, struct level *out) {
    const struct sim_market *m = sim_market_get(x, id);
    return m && sim_market_best(m, side, out);
}

void exchange_flush_books(struct exchange *x, int64_t now_us) {
    while (x->n_dirty) {
        struct sim_market *m = x->dirty[--x->n_dirty];
        m->in_dirty = false;
        if (m->n_dirty)
            matched_flush(x, m, now_us);
    }
}

static uint64_t hash_account(const struct sim_account *a, uint64_t h) {
    h = fnv64_u64(fnv64_u64(h, a->id), (uint64_t)a->cash.micro);
    for (size_t i = 0; i < a->n_pos; i++) {
        h = fnv64_u64(h, a->pos[i]->market->m.id);
        h = fnv64_u64(h, (uint64_t)a->pos[i]->net);
        h = fnv64_u64(h, (uint64_t)a->pos[i]->p.cost.micro);
    }
    return h;
}

uint64_t exchange_hash(const struct exchange *x) {
    uint64_t h = fnv64(FNV64_INIT, x->rng.s, sizeof x->rng.s);
    for (size_t i = 0; i < x->n_accounts; i++)
        h = hash_account(x->accounts[i], h);
    for (size_t i = 0; i < x->n_orders; i++) {
        const struct sim_order *o = x->orders[i];
        h = fnv64_u64(fnv64_u64(h, o->id), (uint64_t)o->filled.micro);
        h = fnv64_u64(h, (uint64_t)o->state << 8 | o->resting);
    }
    for (size_t i = 0; i < x->n_markets; i++) {
        const struct sim_market *m = x->markets[i];
        h = fnv64_u64(fnv64_u64(h, m->m.id), (uint64_t)m->mark.micro);
        if (m->book)
            h = book_hash(m->book, h);
    }
    return h;
}
