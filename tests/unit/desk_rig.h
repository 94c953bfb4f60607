/* A desk on a bench: events are put in by hand, effects are collected, and a row store small enough to read gives the
 * rows back for a restart. Answers of store and venue are the test's to give (the store's by itself unless held). */
#ifndef TURRET_TESTS_DESK_RIG_H
#define TURRET_TESTS_DESK_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "desk/state.h"
#include "turret/base/str.h"

#define T0 1767225600000000LL /* 2026-01-01 00:00 UTC */
#define ACCOUNT 1
#define PX(x) PRICE((int64_t)((x) * 1e6 + 0.5))
#define SZ(x) QTY((int64_t)((x) * 1e6 + 0.5))

struct rows { /* what a store would hold */
    struct order *orders;
    size_t n_orders, cap_orders;
    struct fill *fills;
    size_t n_fills, cap_fills;
    struct ledger_entry *ledger;
    size_t n_ledger, cap_ledger;
    struct ev_setting *settings;
    size_t n_settings, cap_settings;
    struct follow *follows;
    size_t n_follows, cap_follows;
    struct follow_trade *targets;
    size_t n_targets, cap_targets;
    struct watch *watches;
    size_t n_watches, cap_watches;
    struct history *history;
    size_t n_history, cap_history;
    struct account *accounts;
    size_t n_accounts, cap_accounts;
    struct ev_load_day day;
    struct market markets[8];
    int n_markets;
};

struct rig {
    struct desk *d;
    int64_t now;
    struct effect *fx; /* all effects since the last clear */
    size_t n_fx, cap_fx;
    struct rows rows;
    bool hold_saves, recon_by_hand;
    uint64_t token;
    market_id perp, fed;
};

static inline void rig_drain(struct rig *g);

static inline void put(struct rig *g, struct event *ev) {
    ev->at_us = g->now;
    desk_step(g->d, ev);
    rig_drain(g);
}

static inline struct event ev_of(enum event_type t) {
    struct event ev;
    event_init(&ev, t, VENUE_SIM, 0);
    return ev;
}

#define ROW_PUT(g, list, row)                                                                             \
    do {                                                                                                  \
        (g)->rows.list = xgrow((g)->rows.list, &(g)->rows.cap_##list, (g)->rows.n_##list + 1, sizeof(row)); \
        (g)->rows.list[(g)->rows.n_##list++] = (row);                                                     \
    } while (0)

static inline struct order *row_of(struct rig *g, order_id id) {
    for (size_t i = 0; i < g->rows.n_orders; i++)
        if (g->rows.orders[i].id == id)
            return &g->rows.orders[i];
    return NULL;
}

static inline void follow_apply(struct rig *g, const struct follow *f) {
    for (size_t i = 0; i < g->rows.n_follows; i++)
        if (g->rows.follows[i].id == f->id) {
            g->rows.follows[i] = *f;
            return;
        }
    ROW_PUT(g, follows, *f);
}

static inline void target_apply(struct rig *g, const struct follow_trade *t) {
    for (size_t i = g->rows.n_targets; i-- > 0;)
        if (g->rows.targets[i].follow == t->follow && strcmp(g->rows.targets[i].trade, t->trade) == 0) {
            assert_true(t->version > g->rows.targets[i].version);
            g->rows.targets[i] = *t;
            return;
        }
    ROW_PUT(g, targets, *t);
}

static inline void row_apply(struct rig *g, const struct fx_save *s) {
    struct order *o;
    switch ((enum save_kind)s->kind) {
    case SAVE_ORDER:
        o = row_of(g, s->u.order.id);
        if (o == NULL) {
            assert_true(s->insert);
            ROW_PUT(g, orders, s->u.order);
        } else {
            assert_int_equal((uint16_t)(o->version + 1), s->u.order.version); /* compare and set */
            *o = s->u.order;
        }
        break;
    case SAVE_FILL:
        for (size_t i = 0; i < g->rows.n_fills; i++)
            if (g->rows.fills[i].account == s->u.fill.account && g->rows.fills[i].leg == s->u.fill.leg && strcmp(g->rows.fills[i].venue_trade, s->u.fill.venue_trade) == 0) {
                assert_true(s->u.fill.finality >= g->rows.fills[i].finality); /* only forwards */
                g->rows.fills[i] = s->u.fill;
                return;
            }
        ROW_PUT(g, fills, s->u.fill);
        break;
    case SAVE_LEDGER: ROW_PUT(g, ledger, s->u.ledger); break;
    case SAVE_SETTING: ROW_PUT(g, settings, s->u.setting); break;
    case SAVE_FOLLOW: follow_apply(g, &s->u.follow); break;
    case SAVE_FOLLOW_TRADE: target_apply(g, &s->u.follow_trade); break;
    case SAVE_DAY: g->rows.day = s->u.day; break;
    case SAVE_ACCOUNT: ROW_PUT(g, accounts, s->u.account); break;
    case SAVE_HISTORY: ROW_PUT(g, history, s->u.history); break;
    case SAVE_WATCH:
        for (size_t i = 0; i < g->rows.n_watches; i++)
            if (g->rows.watches[i].id == s->u.watch.id) {
                if (s->u.watch.version > g->rows.watches[i].version) /* only newer ones count */
                    g->rows.watches[i] = s->u.watch;
                return;
            }
        ROW_PUT(g, watches, s->u.watch);
        break;
    default: break;
    }
}

static inline void saved_result(struct rig *g, uint64_t seq, enum err e, bool outbox) {
    struct event ev = ev_of(EVENT_SAVED);
    ev.u.saved = (struct ev_saved){seq, (int32_t)e, outbox};
    put(g, &ev);
}

static inline void recon_answer(struct rig *g, const struct fx_reconcile *r) {
    struct event ev = ev_of(EVENT_RECON_BEGIN);
    ev.u.recon_begin = (struct ev_recon_begin){r->account, VENUE_SIM, r->round};
    put(g, &ev);
    ev = ev_of(EVENT_RECON_END);
    ev.u.recon_end = (struct ev_recon_end){r->account, 1, r->round};
    put(g, &ev);
}

/* Collects effects; stores and answers batches at once unless saves are held. */
static inline void rig_drain(struct rig *g) {
    const struct effect *e;
    uint64_t done[64];
    struct fx_reconcile recon = {0};
    int n = 0;
    while ((e = desk_effect(g->d)) != NULL) {
        g->fx = xgrow(g->fx, &g->cap_fx, g->n_fx + 1, sizeof *g->fx);
        g->fx[g->n_fx++] = *e;
        if (e->type == FX_SAVE && !g->hold_saves) {
            row_apply(g, &e->u.save);
            if (e->u.save.last && n < 64)
                done[n++] = e->u.save.seq;
        }
        if (e->type == FX_RECONCILE && !g->recon_by_hand)
            recon = e->u.reconcile;
    }
    for (int i = 0; i < n; i++)
        saved_result(g, done[i], ERR_OK, false);
    if (recon.account != 0)
        recon_answer(g, &recon);
}

static inline void fx_clear(struct rig *g) { g->n_fx = 0; }

static inline int fx_count(const struct rig *g, enum effect_type t) {
    int n = 0;
    for (size_t i = 0; i < g->n_fx; i++)
        n += g->fx[i].type == t;
    return n;
}

static inline const struct effect *fx_last(const struct rig *g, enum effect_type t) {
    for (size_t i = g->n_fx; i-- > 0;)
        if (g->fx[i].type == t)
            return &g->fx[i];
    return NULL;
}

static inline int fx_index(const struct rig *g, enum effect_type t) { /* of the first one */
    for (size_t i = 0; i < g->n_fx; i++)
        if (g->fx[i].type == t)
            return (int)i;
    return -1;
}

static inline void tick(struct rig *g, int64_t us) {
    struct event ev = ev_of(EVENT_TIMER);
    g->now += us;
    put(g, &ev);
}

static inline void book(struct rig *g, market_id m, double bid, double ask, double size) {
    union { struct event ev; uint8_t room[sizeof(struct event) + 4 * sizeof(struct level)]; } u;
    memset(&u, 0, sizeof u);
    event_init(&u.ev, EVENT_BOOK, VENUE_SIM, 0);
    u.ev.u.book.market = m;
    u.ev.u.book.flags = BOOK_SNAPSHOT;
    int n = 0;
    if (bid > 0) {
        u.ev.u.book.levels[n++] = (struct level){PX(bid), SZ(size)};
        u.ev.u.book.n_bids = 1;
    }
    if (ask > 0) {
        u.ev.u.book.levels[n++] = (struct level){PX(ask), SZ(size)};
        u.ev.u.book.n_asks = 1;
    }
    u.ev.size += (uint32_t)((size_t)n * sizeof(struct level));
    put(g, &u.ev);
}

static inline void books(struct rig *g) {
    book(g, g->perp, 99.9, 100.1, 1000);
    book(g, g->fed, 0.40, 0.42, 5000);
}

static inline void list_market(struct rig *g, const struct market *m) {
    struct event ev = ev_of(EVENT_MARKET);
    ev.u.market = *m;
    put(g, &ev);
}

static inline struct market market_perp(void) {
    struct market m = {.venue = VENUE_SIM, .kind = MARKET_PERP, .max_leverage = 20, .price_digits = 1, .qty_digits = 3, .tick = PX(0.1), .lot = SZ(0.001), .min_size = SZ(0.001),
                       .min_price = PX(0.1), .max_price = PX(1000000), .maker_ppm = 200, .taker_ppm = 500, .maintenance_ppm = 25000, .funding_interval_s = 28800};
    str_copy(m.symbol, sizeof m.symbol, "BTC-PERP");
    str_copy(m.title, sizeof m.title, "Bitcoin perpetual");
    m.id = market_id_of(VENUE_SIM, m.symbol);
    return m;
}

static inline struct market market_fed(void) {
    struct market m = {.venue = VENUE_SIM, .kind = MARKET_BINARY, .max_leverage = 1, .price_digits = 2, .qty_digits = 0, .tick = PX(0.01), .lot = SZ(1), .min_size = SZ(1),
                       .min_price = PX(0.01), .max_price = PX(0.99), .maker_ppm = 200, .taker_ppm = 500};
    str_copy(m.symbol, sizeof m.symbol, "FED-CUT-DEC");
    str_copy(m.title, sizeof m.title, "Fed cut in December?");
    str_copy(m.category, sizeof m.category, "economy");
    m.id = market_id_of(VENUE_SIM, m.symbol);
    return m;
}

static inline void boot(struct rig *g, uint64_t nonce) {
    struct event ev = ev_of(EVENT_BOOT);
    ev.u.boot.nonce = nonce;
    ev.u.boot.seed = 7;
    ev.u.boot.next_num = 1;
    ev.u.boot.cancel_on_kill = 1;
    risk_limits_default(&ev.u.boot.limits);
    ev.u.boot.limits.duplicate_window = 0;
    put(g, &ev);
}

static inline void put_account(struct rig *g) {
    struct event ev = ev_of(EVENT_ACCOUNT);
    ev.u.account = (struct account){.id = ACCOUNT, .venue = VENUE_SIM, .initial = USD(10000 * DEC_ONE)};
    str_copy(ev.u.account.name, sizeof ev.u.account.name, "paper");
    put(g, &ev);
}

static inline void put_leader(struct rig *g, bool leads) {
    struct event ev = ev_of(EVENT_LEADER);
    ev.u.leader.leads = leads;
    ev.u.leader.epoch = 1;
    put(g, &ev);
}

static inline void put_store(struct rig *g, bool up) {
    struct event ev = ev_of(EVENT_STORE);
    ev.u.store.up = up;
    put(g, &ev);
}

static inline void put_venue(struct rig *g, bool up) {
    struct event ev = ev_of(EVENT_VENUE);
    ev.u.venue_state.venue = VENUE_SIM;
    ev.u.venue_state.up = up;
    put(g, &ev);
}

static inline void put_loaded(struct rig *g) {
    struct event ev = ev_of(EVENT_LOADED);
    put(g, &ev);
}

static inline void rig_start(struct rig *g, uint64_t nonce) {
    boot(g, nonce);
    put_leader(g, true);
    put_store(g, true);
    put_loaded(g);
    put_account(g);
    struct market p = market_perp(), f = market_fed();
    g->perp = p.id;
    g->fed = f.id;
    list_market(g, &p);
    list_market(g, &f);
    put_venue(g, true);
    books(g);
    tick(g, 250000);
}

static inline int rig_setup(void **state) {
    struct rig *g = calloc(1, sizeof *g);
    g->d = desk_new();
    g->now = T0 + 3600 * SECOND_US;
    rig_start(g, 1);
    fx_clear(g);
    *state = g;
    return 0;
}

static inline int rig_teardown(void **state) {
    struct rig *g = *state;
    desk_free(g->d);
    free(g->fx);
    free(g->rows.orders);
    free(g->rows.fills);
    free(g->rows.ledger);
    free(g->rows.settings);
    free(g->rows.follows);
    free(g->rows.targets);
    free(g->rows.watches);
    free(g->rows.history);
    free(g->rows.accounts);
    free(g);
    return 0;
}

static inline void put_watches(struct rig *g, const struct watch *w, uint32_t n) {
    struct event *ev = calloc(1, sizeof *ev + n * sizeof *w);
    event_init(ev, EVENT_WATCHES, VENUE_NONE, 0);
    memcpy(ev->u.watches.watches, w, n * sizeof *w);
    ev->u.watches.n = n;
    ev->size = (uint32_t)((ev->size + n * sizeof *w + 7) & ~(size_t)7);
    put(g, ev);
    free(ev);
}

/* The desk dies and a new one is loaded from the rows; venue down, leader, not yet reconciled. */
static inline void rig_reload(struct rig *g, uint64_t nonce) {
    struct event ev;
    desk_free(g->d);
    g->d = desk_new();
    bool hold = g->hold_saves;
    g->hold_saves = false;
    boot(g, nonce);
    for (size_t i = 0; i < g->rows.n_settings; i++) {
        ev = ev_of(EVENT_SETTING);
        ev.u.setting = g->rows.settings[i];
        put(g, &ev);
    }
    put_account(g);
    struct market ms[2] = {market_perp(), market_fed()};
    for (int i = 0; i < 2; i++) {
        ev = ev_of(EVENT_LOAD_MARKET);
        ev.u.load_market.market = ms[i];
        put(g, &ev);
    }
    ev = ev_of(EVENT_LOAD_CASH);
    ev.u.load_cash.account = ACCOUNT;
    for (size_t i = 0; i < g->rows.n_ledger; i++)
        ev.u.load_cash.cash.micro += g->rows.ledger[i].amount.micro;
    put(g, &ev);
    ev = ev_of(EVENT_LOAD_DAY);
    ev.u.load_day = g->rows.day;
    put(g, &ev);
    for (size_t i = g->rows.n_orders; i-- > 0;) { /* in another order than they were made */
        ev = ev_of(EVENT_LOAD_ORDER);
        ev.u.order = g->rows.orders[i];
        put(g, &ev);
    }
    for (size_t i = 0; i < g->rows.n_fills; i++) {
        ev = ev_of(EVENT_LOAD_FILL);
        ev.u.fill = g->rows.fills[i];
        put(g, &ev);
    }
    for (size_t i = 0; i < g->rows.n_follows; i++) {
        ev = ev_of(EVENT_FOLLOW);
        ev.u.follow = g->rows.follows[i];
        put(g, &ev);
    }
    for (size_t i = g->rows.n_targets; i-- > 0;) {
        ev = ev_of(EVENT_FOLLOW_TRADE);
        ev.u.follow_trade = g->rows.targets[i];
        put(g, &ev);
    }
    for (size_t i = 0; i < g->rows.n_watches; i++)
        put_watches(g, &g->rows.watches[i], 1);
    put_leader(g, true);
    put_store(g, true);
    put_loaded(g);
    g->hold_saves = hold;
}

/* --- intents ------------------------------------------------------------------------------------ */
static inline struct intent want(struct rig *g, enum intent_kind k) {
    struct intent in = {.kind = (uint16_t)k, .account = ACCOUNT, .token = ++g->token};
    return in;
}

static inline void send_intent(struct rig *g, const struct intent *in) {
    struct event ev = ev_of(EVENT_INTENT);
    ev.u.intent = *in;
    put(g, &ev);
}

static inline struct rec *newest(struct rig *g) { return g->d->order_count > 0 ? g->d->orders[g->d->order_count - 1] : NULL; }

static inline struct intent limit_intent(struct rig *g, market_id m, enum order_side side, enum order_action action, double size, double px) {
    struct intent in = want(g, INTENT_PLACE);
    in.market = m;
    in.side = (uint8_t)side;
    in.action = (uint8_t)action;
    in.type = px > 0 ? ORDER_LIMIT : ORDER_MARKET;
    in.size = SZ(size);
    in.limit = px > 0 ? PX(px) : PRICE(0);
    return in;
}

/* Places and returns the new order, NULL if it was refused. */
static inline struct rec *place(struct rig *g, market_id m, enum order_side side, enum order_action action, double size, double px) {
    struct intent in = limit_intent(g, m, side, action, size, px);
    size_t before = g->d->order_count;
    send_intent(g, &in);
    return g->d->order_count > before ? newest(g) : NULL;
}

/* --- what the venue says -------------------------------------------------------------------------- */
static inline void ack(struct rig *g, const struct rec *r) {
    struct event ev = ev_of(EVENT_ACK);
    ev.u.ack.order = r->o.id;
    snprintf(ev.u.ack.venue_id, sizeof ev.u.ack.venue_id, "v-%llu", (unsigned long long)r->o.id);
    put(g, &ev);
}

static inline struct event fill_event(struct rig *g, const struct rec *r, const char *trade, double size, double px) {
    struct event ev = ev_of(EVENT_FILL);
    struct fill *f = &ev.u.fill_ev.fill;
    *f = (struct fill){.order = r->o.id, .account = r->o.account, .market = r->o.market, .finality = FILL_FINAL, .side = r->o.side, .action = r->o.action, .px = PX(px), .size = SZ(size), .at_us = g->now};
    str_copy(f->venue_trade, sizeof f->venue_trade, trade);
    return ev;
}

static inline void fill(struct rig *g, const struct rec *r, const char *trade, double size, double px) {
    struct event ev = fill_event(g, r, trade, size, px);
    put(g, &ev);
}

static inline void fill_fee(struct rig *g, const struct rec *r, const char *trade, double size, double px, int64_t fee_micro) {
    struct event ev = fill_event(g, r, trade, size, px);
    ev.u.fill_ev.fill.fee = USD(fee_micro);
    put(g, &ev);
}

static inline void done(struct rig *g, const struct rec *r, enum err reason) {
    struct event ev = ev_of(EVENT_DONE);
    ev.u.done.order = r->o.id;
    ev.u.done.reason = reason;
    ev.u.done.filled = r->o.filled;
    put(g, &ev);
}

static inline void reject(struct rig *g, const struct rec *r, enum err reason) {
    struct event ev = ev_of(EVENT_REJECT);
    ev.u.reject.order = r->o.id;
    ev.u.reject.reason = reason;
    put(g, &ev);
}

/* An open position, filled at once. */
static inline struct rec *open_position(struct rig *g, market_id m, enum order_side side, double size, double px, const char *trade) {
    struct rec *r = place(g, m, side, side_opening_action(side), size, px);
    assert_non_null(r);
    ack(g, r);
    fill(g, r, trade, size, px);
    assert_true(r->is_pos);
    return r;
}

static inline void protect(struct rig *g, const struct rec *pos, price stop, price target) {
    struct intent in = want(g, INTENT_PROTECT);
    in.order = pos->o.id;
    in.stop = stop;
    in.target = target;
    send_intent(g, &in);
}

static inline enum err last_reply(const struct rig *g) {
    const struct effect *e = fx_last(g, FX_REPLY);
    assert_non_null(e);
    return (enum err)e->u.reply.result;
}

static inline void audit_clean(struct rig *g) {
    char text[512];
    int n = view_audit(g->d, text, sizeof text);
    if (n != 0)
        print_error("audit: %s\n", text);
    assert_int_equal(n, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

#endif
