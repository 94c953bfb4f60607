/* A small desk for screen tests, made by real events: two accounts' worth of nothing but what a trader sees. Its shell
 * answers every effect at once, like a store and a venue that never fail. */
#ifndef TESTS_SCREEN_FIXTURE_H
#define TESTS_SCREEN_FIXTURE_H

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "turret/base/mem.h"
#include "turret/desk/desk.h"
#include "turret/desk/view.h"
#include "turret/ui/session.h"

#define FIX_START_US 1795262671000000LL /* 2026-11-21 12:04:31 UTC */
#define FIX_ACCOUNT 1u
#define CENTS(n) PRICE((n) * 10000LL)
#define UNITS(n) QTY((n) * DEC_ONE)

struct fixture {
    struct desk *desk;
    int64_t now_us;
    uint64_t trade;
    struct fx_reply last_reply;
    int replies;
    void (*on_notice)(void *ctx, const struct fx_notice *n);
    void (*on_reply)(void *ctx, const struct fx_reply *r);
    void *ctx;
};

static inline void fix_answer(struct fixture *f);

static inline struct event fix_event(struct fixture *f, enum event_type t) {
    struct event ev;
    memset(&ev, 0, sizeof ev);
    event_init(&ev, t, VENUE_SIM, f->now_us);
    return ev;
}
static inline void fix_step(struct fixture *f, struct event *ev) {
    desk_step(f->desk, ev);
    fix_answer(f);
}

static inline void fix_fill(struct fixture *f, const struct order *o, price px, qty size) {
    struct event ev = fix_event(f, EVENT_FILL);
    struct fill *x = &ev.u.fill_ev.fill;
    x->order = o->id;
    x->account = o->account;
    x->market = o->market;
    x->side = o->side;
    x->action = o->action;
    x->px = px;
    x->size = size;
    x->finality = FILL_FINAL;
    x->at_us = f->now_us;
    usd_ppm(usd_of_sat(px, size), 500, ROUND_UP, &x->fee);
    snprintf(x->venue_trade, sizeof x->venue_trade, "t%llu", (unsigned long long)++f->trade);
    fix_step(f, &ev);
}

/* Acknowledges; a market order fills at once at the touch, a limit order that crosses too; the rest of an IOC is gone. */
static inline void fix_venue(struct fixture *f, const struct order *placed) {
    struct order o = *placed;
    struct view_market m;
    struct event ev = fix_event(f, EVENT_ACK);
    ev.u.ack.order = o.id;
    snprintf(ev.u.ack.venue_id, sizeof ev.u.ack.venue_id, "v%u", o.num);
    fix_step(f, &ev);
    bool found = view_market(f->desk, o.market, &m), buys = order_book_dir(&o) > 0;
    price touch = buys ? m.ask : m.bid;
    bool crosses = found && touch.micro && (!o.limit.micro || (buys ? book_price((enum order_side)o.side, o.limit).micro >= touch.micro : book_price((enum order_side)o.side, o.limit).micro <= touch.micro));
    if (crosses) {
        fix_fill(f, &o, book_price((enum order_side)o.side, touch), o.size);
    } else if (!o.limit.micro || o.tif == TIF_IOC) {
        struct event done = fix_event(f, EVENT_DONE);
        done.u.done.order = o.id;
        done.u.done.reason = ERR_NO_LIQUIDITY;
        fix_step(f, &done);
    }
}

static inline void fix_effect(struct fixture *f, const struct effect *fx) {
    struct event ev;
    switch (fx->type) {
    case FX_SAVE:
        if (!fx->u.save.last)
            return;
        ev = fix_event(f, EVENT_SAVED);
        ev.u.saved.seq = fx->u.save.seq;
        break;
    case FX_PLACE: fix_venue(f, &fx->u.place.order); return;
    case FX_CANCEL:
        ev = fix_event(f, EVENT_DONE);
        ev.u.done.order = fx->u.cancel.order;
        ev.u.done.reason = ERR_CANCELLED;
        break;
    case FX_AMEND:
        ev = fix_event(f, EVENT_AMENDED);
        ev.u.amended = (struct ev_amended){fx->u.amend.order.id, fx->u.amend.limit, fx->u.amend.size};
        break;
    case FX_RECONCILE: {
        struct view_account a;
        ev = fix_event(f, EVENT_RECON_BEGIN);
        ev.u.recon_begin = (struct ev_recon_begin){fx->u.reconcile.account, VENUE_SIM, fx->u.reconcile.round};
        fix_step(f, &ev);
        ev = fix_event(f, EVENT_RECON_CASH);
        ev.u.recon_cash = (struct ev_recon_cash){fx->u.reconcile.account, fx->u.reconcile.round, view_account(f->desk, fx->u.reconcile.account, &a) ? a.cash : USD(0)};
        fix_step(f, &ev);
        ev = fix_event(f, EVENT_RECON_END);
        ev.u.recon_end = (struct ev_recon_end){fx->u.reconcile.account, 1, fx->u.reconcile.round};
        break;
    }
    case FX_REPLY:
        f->last_reply = fx->u.reply;
        f->replies++;
        if (f->on_reply)
            f->on_reply(f->ctx, &fx->u.reply);
        return;
    case FX_NOTICE:
        if (f->on_notice)
            f->on_notice(f->ctx, &fx->u.notice);
        return;
    default: return;
    }
    fix_step(f, &ev);
}

static inline void fix_answer(struct fixture *f) {
    static int depth;
    if (depth) /* the outermost call empties the queue, in order */
        return;
    depth++;
    for (const struct effect *fx; (fx = desk_effect(f->desk));) {
        struct effect *copy = xmalloc(fx->size);
        memcpy(copy, fx, fx->size);
        fix_effect(f, copy);
        free(copy);
    }
    depth--;
}

static inline market_id fix_market(struct fixture *f, enum market_kind kind, const char *symbol, const char *title) {
    struct event ev = fix_event(f, EVENT_MARKET);
    struct market *m = &ev.u.market;
    bool binary = kind == MARKET_BINARY;
    m->id = market_id_of(VENUE_SIM, symbol);
    m->venue = VENUE_SIM;
    m->kind = (uint8_t)kind;
    m->max_leverage = binary ? 1 : 20;
    m->price_digits = 2;
    m->qty_digits = binary ? 0 : 3;
    m->tick = PRICE(10000);
    m->min_price = PRICE(10000);
    m->max_price = binary ? PRICE(990000) : PRICE(1000000 * DEC_ONE);
    m->lot = binary ? QTY(DEC_ONE) : QTY(1000);
    m->min_size = m->lot;
    m->maker_ppm = 200;
    m->taker_ppm = 500;
    m->maintenance_ppm = binary ? 0 : 25000;
    m->closes_us = binary ? f->now_us + 40LL * 86400 * 1000000 : 0;
    snprintf(m->symbol, sizeof m->symbol, "%s", symbol);
    snprintf(m->title, sizeof m->title, "%s", title);
    snprintf(m->category, sizeof m->category, "%s", binary ? "economics" : "crypto");
    fix_step(f, &ev);
    return ev.u.market.id;
}

/* Ten levels on both sides of bid and ask, sizes by a fixed pattern. */
static inline void fix_book(struct fixture *f, market_id id, price bid, price ask, price step, qty size) {
    enum { LEVELS = 10 };
    union { struct event ev; char room[sizeof(struct event) + 2 * LEVELS * sizeof(struct level)]; } u;
    memset(&u, 0, sizeof u);
    event_init(&u.ev, EVENT_BOOK, VENUE_SIM, f->now_us);
    u.ev.u.book.market = id;
    u.ev.u.book.n_bids = u.ev.u.book.n_asks = LEVELS;
    u.ev.u.book.flags = BOOK_SNAPSHOT;
    struct level *l = u.ev.u.book.levels;
    for (int i = 0; i < LEVELS; i++) {
        int64_t weight = 3 + (i * 7 + 5) % 11;
        l[i] = (struct level){PRICE(bid.micro - i * step.micro), QTY(size.micro * weight)};
        l[LEVELS + i] = (struct level){PRICE(ask.micro + i * step.micro), QTY(size.micro * (14 - weight))};
    }
    u.ev.size = (uint32_t)((char *)(l + 2 * LEVELS) - (char *)&u.ev);
    u.ev.size = (u.ev.size + 7u) & ~7u;
    fix_step(f, &u.ev);
}

static inline void fix_mark(struct fixture *f, market_id id, price mark) {
    struct event ev = fix_event(f, EVENT_MARK);
    ev.u.mark = (struct ev_mark){id, mark, mark, 0};
    fix_step(f, &ev);
}
static inline void fix_trade(struct fixture *f, market_id id, price px, qty size) {
    struct event ev = fix_event(f, EVENT_TRADE);
    ev.u.trade.market = id;
    ev.u.trade.px = px;
    ev.u.trade.size = size;
    fix_step(f, &ev);
}

static inline void fix_intent(struct fixture *f, const struct intent *in) {
    struct event ev = fix_event(f, EVENT_INTENT);
    ev.u.intent = *in;
    fix_step(f, &ev);
}
static inline void fix_place(struct fixture *f, market_id m, enum order_side side, enum order_action action, price limit, qty size, price stop, price target) {
    struct intent in = {.kind = INTENT_PLACE, .account = FIX_ACCOUNT, .market = m, .side = (uint8_t)side, .action = (uint8_t)action,
        .type = limit.micro ? ORDER_LIMIT : ORDER_MARKET, .limit = limit, .size = size, .stop = stop, .target = target, .leverage = 1, .token = 7};
    f->now_us += 2000000;
    fix_intent(f, &in);
}

/* The desk up to "live, flat": boot, account, store, leadership. */
static inline void fix_boot(struct fixture *f) {
    memset(f, 0, sizeof *f);
    f->desk = desk_new();
    f->now_us = FIX_START_US - 600LL * 1000000;
    struct event ev = fix_event(f, EVENT_BOOT);
    ev.u.boot.nonce = 5;
    ev.u.boot.seed = 1;
    ev.u.boot.next_num = 4401;
    risk_limits_default(&ev.u.boot.limits);
    fix_step(f, &ev);
    ev = fix_event(f, EVENT_LEADER);
    ev.u.leader.epoch = 1;
    ev.u.leader.leads = 1;
    snprintf(ev.u.leader.holder, sizeof ev.u.leader.holder, "desk:1");
    fix_step(f, &ev);
    ev = fix_event(f, EVENT_STORE);
    ev.u.store.up = 1;
    fix_step(f, &ev);
    ev = fix_event(f, EVENT_ACCOUNT);
    ev.u.account.id = FIX_ACCOUNT;
    ev.u.account.venue = VENUE_SIM;
    ev.u.account.initial = USD(10000 * DEC_ONE);
    snprintf(ev.u.account.name, sizeof ev.u.account.name, "main");
    fix_step(f, &ev);
    ev = fix_event(f, EVENT_LOAD_CASH);
    ev.u.load_cash = (struct ev_load_cash){FIX_ACCOUNT, USD(10000 * DEC_ONE)};
    fix_step(f, &ev);
}

static inline void fix_go_live(struct fixture *f) {
    struct event ev = fix_event(f, EVENT_LOADED);
    fix_step(f, &ev);
    ev = fix_event(f, EVENT_VENUE);
    ev.u.venue_state.venue = VENUE_SIM;
    ev.u.venue_state.up = 1;
    fix_step(f, &ev);
}

struct fix_markets { market_id fed, btc, eth, rain; };

/* A morning's work: three positions, one with a stop, two resting orders. */
static inline struct fix_markets fix_morning(struct fixture *f) {
    struct fix_markets m;
    fix_boot(f);
    m.fed = fix_market(f, MARKET_BINARY, "FED-CUT-DEC", "Fed cut in Dec?");
    m.btc = fix_market(f, MARKET_BINARY, "BTC-120K-DEC", "BTC > 120k by Dec 31");
    m.eth = fix_market(f, MARKET_PERP, "ETH-PERP", "Ether perpetual");
    m.rain = fix_market(f, MARKET_BINARY, "RAIN-TOKYO-SAT", "\xe6\x9d\xb1\xe4\xba\xac: rain on Saturday?");
    fix_go_live(f);
    fix_book(f, m.fed, CENTS(41), CENTS(42), CENTS(1), UNITS(120));
    fix_book(f, m.btc, CENTS(36), CENTS(38), CENTS(1), UNITS(90));
    fix_book(f, m.eth, PRICE(3214 * DEC_ONE), PRICE(3215 * DEC_ONE), PRICE(DEC_ONE / 2), QTY(DEC_ONE / 5));
    fix_book(f, m.rain, CENTS(54), CENTS(56), CENTS(1), UNITS(40));
    fix_place(f, m.fed, SIDE_YES, ACTION_BUY, PRICE(0), UNITS(250), CENTS(36), CENTS(55));
    fix_place(f, m.btc, SIDE_NO, ACTION_BUY, PRICE(0), UNITS(180), PRICE(0), PRICE(0));
    fix_place(f, m.eth, SIDE_LONG, ACTION_BUY, PRICE(0), QTY(800000), PRICE(0), PRICE(0));
    fix_place(f, m.fed, SIDE_YES, ACTION_BUY, CENTS(39), UNITS(300), PRICE(0), PRICE(0));
    fix_place(f, m.rain, SIDE_NO, ACTION_BUY, CENTS(40), UNITS(100), PRICE(0), PRICE(0));
    for (int i = 0; i < 60; i++) { /* an afternoon drifting up */
        f->now_us += 8000000;
        price px = PRICE(410000 + (i * i % 17) * 1000 + i * 900);
        fix_trade(f, m.fed, PRICE(px.micro / 10000 * 10000), UNITS(20 + i % 7 * 15));
    }
    f->now_us = FIX_START_US;
    fix_book(f, m.fed, CENTS(47), CENTS(48), CENTS(1), UNITS(120));
    fix_book(f, m.btc, CENTS(33), CENTS(35), CENTS(1), UNITS(90));
    fix_book(f, m.eth, PRICE(3251 * DEC_ONE), PRICE(3252 * DEC_ONE), PRICE(DEC_ONE / 2), QTY(DEC_ONE / 5));
    fix_book(f, m.rain, CENTS(54), CENTS(56), CENTS(1), UNITS(40));
    fix_mark(f, m.fed, PRICE(475000));
    fix_mark(f, m.eth, PRICE(3251500000));
    return m;
}

static inline void fix_free(struct fixture *f) { desk_free(f->desk); }

#endif
