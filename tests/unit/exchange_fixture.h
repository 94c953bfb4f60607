/* What the exchange's tests share: an exchange without latency (unless asked), a sink that keeps every event, short
 * ways to place orders and to look at what came back. */
#ifndef TURRET_TESTS_EXCHANGE_FIXTURE_H
#define TURRET_TESTS_EXCHANGE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "turret/base/mem.h"
#include "venue/sim/exchange.h"

#define T0 1700000000000000LL
#define SECOND 1000000LL
#define BTC 11u /* market ids of the fixture */
#define RAIN 12u
#define TAPE 13u
#define QUOTES 14u

struct kit {
    struct exchange *x;
    struct event **seen;
    size_t n, cap;
    int64_t now;
    uint64_t next_id;
    struct exchange_cfg cfg;
};

static inline void kit_put(void *ctx, const struct event *ev) {
    struct kit *k = ctx;
    assert_true(event_valid(ev, ev->size));
    k->seen = xgrow(k->seen, &k->cap, k->n + 1, sizeof *k->seen);
    k->seen[k->n] = xmalloc(ev->size);
    memcpy(k->seen[k->n++], ev, ev->size);
}
static inline void kit_forget(struct kit *k) {
    for (size_t i = 0; i < k->n; i++)
        free(k->seen[i]);
    k->n = 0;
}
static inline int64_t micro(double v) {
    return (int64_t)(v * 1e6 + (v < 0 ? -0.5 : 0.5));
}
static inline price px_of(double v) {
    return PRICE(micro(v));
}
static inline qty qty_at(double v) {
    return QTY(micro(v));
}

static inline struct market kit_market(market_id id, enum market_kind kind, double tick, double lot) {
    struct market m = {
        .id = id, .venue = VENUE_SIM, .kind = (uint8_t)kind, .max_leverage = kind == MARKET_PERP ? 20 : 1};
    m.tick = px_of(tick);
    m.lot = m.min_size = qty_at(lot);
    m.min_price = m.tick;
    m.max_price = kind == MARKET_BINARY ? PRICE(DEC_ONE - m.tick.micro) : PRICE(0);
    snprintf(m.symbol, sizeof m.symbol, "M%u", (unsigned)id);
    return m;
}
static inline struct kit *kit_new_with(struct exchange_cfg cfg) {
    struct kit *k = xcalloc(1, sizeof *k);
    k->cfg = cfg;
    k->now = T0;
    k->next_id = 1000;
    k->x = exchange_new(&cfg, (struct event_sink){kit_put, k});
    struct market m = kit_market(BTC, MARKET_PERP, 0.5, 0.01);
    exchange_list(k->x, &m, EXCHANGE_MATCHED, k->now);
    m = kit_market(RAIN, MARKET_BINARY, 0.01, 1);
    exchange_list(k->x, &m, EXCHANGE_MATCHED, k->now);
    m = kit_market(TAPE, MARKET_PERP, 0.5, 0.01);
    exchange_list(k->x, &m, EXCHANGE_SHOWN, k->now);
    m = kit_market(QUOTES, MARKET_BINARY, 0.01, 1);
    m.quote_only = 1;
    exchange_list(k->x, &m, EXCHANGE_SHOWN, k->now);
    return k;
}
static inline struct kit *kit_new(void) {
    struct exchange_cfg cfg;
    exchange_cfg_default(&cfg);
    cfg.latency_min_us = cfg.latency_max_us = 0;
    cfg.funding_period_us = 0;
    return kit_new_with(cfg);
}
static inline void kit_free(struct kit *k) {
    kit_forget(k);
    exchange_free(k->x);
    free(k->seen);
    free(k);
}
/* Time passes; everything due happens, each at its own time. */
static inline void kit_run(struct kit *k, int64_t us) {
    k->now += us;
    exchange_run(k->x, k->now);
}
static inline struct order kit_order(struct kit *k, account_id a, market_id m, enum order_side side,
                                     enum order_action action, double limit, double size) {
    struct order o = {
        .id = ++k->next_id, .account = a, .market = m, .side = (uint8_t)side, .action = (uint8_t)action, .leverage = 1};
    o.type = limit > 0 ? ORDER_LIMIT : ORDER_MARKET;
    o.limit = px_of(limit);
    o.size = qty_at(size);
    o.flags = ORDER_SENT;
    o.created_us = o.sent_us = k->now;
    return o;
}
static inline order_id kit_place(struct kit *k, const struct order *o) {
    assert_int_equal(exchange_place(k->x, o, k->now), ERR_OK);
    kit_run(k, 1);
    return o->id;
}
/* limit 0 = market order */
static inline order_id kit_do(struct kit *k, account_id a, market_id m, enum order_side side, enum order_action action,
                              double limit, double size) {
    struct order o = kit_order(k, a, m, side, action, limit, size);
    return kit_place(k, &o);
}
static inline void kit_cancel(struct kit *k, account_id a, order_id id) {
    struct fx_cancel c = {.order = id, .account = a};
    exchange_cancel(k->x, &c, k->now);
    kit_run(k, 1);
}
/* The i-th event of a type about an order (0 = any), NULL when there are fewer; negative i counts from the newest. */
static inline order_id kit_about(const struct event *ev) {
    switch (ev->type) {
    case EVENT_ACK:
        return ev->u.ack.order;
    case EVENT_FILL:
        return ev->u.fill_ev.fill.order;
    case EVENT_DONE:
        return ev->u.done.order;
    case EVENT_REJECT:
        return ev->u.reject.order;
    case EVENT_REFUSED:
        return ev->u.refused.order;
    case EVENT_AMENDED:
        return ev->u.amended.order;
    case EVENT_RECON_ORDER:
        return ev->u.recon_order.order.id;
    default:
        return 0;
    }
}
static inline const struct event *kit_event(const struct kit *k, enum event_type type, order_id id, int i) {
    for (size_t s = 0; s < k->n; s++) {
        const struct event *ev = k->seen[i < 0 ? k->n - 1 - s : s];
        if (ev->type == type && (id == 0 || kit_about(ev) == id) && (i < 0 ? ++i == 0 : i-- == 0))
            return ev;
    }
    return NULL;
}
static inline int kit_count(const struct kit *k, enum event_type type, order_id id) {
    int n = 0;
    for (size_t s = 0; s < k->n; s++)
        n += k->seen[s]->type == type && (id == 0 || kit_about(k->seen[s]) == id);
    return n;
}
static inline int kit_reject(const struct kit *k, order_id id) {
    const struct event *ev = kit_event(k, EVENT_REJECT, id, 0);
    return ev ? ev->u.reject.reason : -1;
}
static inline int kit_done(const struct kit *k, order_id id) {
    const struct event *ev = kit_event(k, EVENT_DONE, id, -1);
    return ev ? ev->u.done.reason : -1;
}
static inline int64_t kit_filled(const struct kit *k, order_id id) {
    int64_t sum = 0;
    for (size_t s = 0; s < k->n; s++)
        if (k->seen[s]->type == EVENT_FILL && k->seen[s]->u.fill_ev.fill.order == id)
            sum += k->seen[s]->u.fill_ev.fill.size.micro;
    return sum;
}
static inline const struct fill *kit_fill(const struct kit *k, order_id id, int i) {
    const struct event *ev = kit_event(k, EVENT_FILL, id, i);
    assert_non_null(ev);
    return &ev->u.fill_ev.fill;
}
static inline int64_t kit_cash(const struct kit *k, account_id a) {
    return exchange_cash(k->x, a).micro;
}
static inline int64_t kit_net(const struct kit *k, account_id a, market_id m) {
    struct exchange_position p[16];
    int n = exchange_positions(k->x, a, p, 16);
    for (int i = 0; i < n; i++)
        if (p[i].market == m)
            return p[i].net_micro;
    return 0;
}
/* A participant's quote: `size` at px on the side dir. */
static inline uint32_t kit_quote(struct kit *k, market_id m, int dir, double px, double size) {
    return exchange_bot_limit(k->x, m, 7, dir, px_of(px), qty_at(size), k->now);
}
/* A recorded book of one or two levels a side (size 0 leaves the second out). */
static inline void kit_show(struct kit *k, market_id m, unsigned flags, const struct level *bids, int n_bids,
                            const struct level *asks, int n_asks) {
    size_t n = (size_t)(n_bids + n_asks);
    struct ev_book *b = xcalloc(1, sizeof *b + n * sizeof(struct level));
    b->market = m;
    b->n_bids = (uint16_t)n_bids;
    b->n_asks = (uint16_t)n_asks;
    b->flags = flags;
    for (int i = 0; i < n_bids; i++)
        b->levels[i] = bids[i];
    for (int i = 0; i < n_asks; i++)
        b->levels[n_bids + i] = asks[i];
    exchange_shown_book(k->x, m, b, k->now);
    free(b);
    kit_run(k, 1);
}
#define LEVEL(p, s)                                                                                                    \
    {                                                                                                                  \
        {(int64_t)((p)*1e6 + 0.5)}, {                                                                                  \
            (int64_t)((s)*1e6 + 0.5)                                                                                   \
        }                                                                                                              \
    }

#endif
