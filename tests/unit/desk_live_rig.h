/* The desk's bench with a live account on a venue that does not net and settles fills later. */
#ifndef TURRET_TESTS_DESK_LIVE_RIG_H
#define TURRET_TESTS_DESK_LIVE_RIG_H

#include "desk_rig.h"

#define LIVE 2
#define NAME "poly"

static inline struct market market_pm(void) {
    struct market m = {.venue = VENUE_POLYMARKET, .kind = MARKET_BINARY, .max_leverage = 1, .price_digits = 2, .qty_digits = 2, .tick = PX(0.01), .lot = SZ(0.01), .min_size = SZ(5),
                       .min_price = PX(0.01), .max_price = PX(0.99), .fee_kind = FEE_POLYMARKET, .taker_ppm = 40000};
    str_copy(m.symbol, sizeof m.symbol, "rate-cut");
    str_copy(m.title, sizeof m.title, "A cut in March?");
    str_copy(m.native, sizeof m.native, "0xc0ffee");
    m.id = market_id_of(VENUE_POLYMARKET, m.symbol);
    return m;
}

static inline market_id pm_id(void) { return market_pm().id; }

static inline struct event live_event(enum event_type t) {
    struct event ev;
    event_init(&ev, t, VENUE_POLYMARKET, 0);
    return ev;
}

static inline void pm_account(struct rig *g, const char *name) {
    struct event ev = live_event(EVENT_ACCOUNT);
    ev.u.account = (struct account){.id = LIVE, .venue = VENUE_POLYMARKET, .live = 1};
    str_copy(ev.u.account.name, sizeof ev.u.account.name, name);
    put(g, &ev);
}

static inline void pm_venue(struct rig *g, bool up) {
    struct event ev = live_event(EVENT_VENUE);
    ev.u.venue_state.venue = VENUE_POLYMARKET;
    ev.u.venue_state.up = up;
    put(g, &ev);
}

static inline void pm_book(struct rig *g, double bid, double ask) { book(g, pm_id(), bid, ask, 1000); }

struct there { enum order_side side; double size, entry; }; /* a position at the venue */

/* Answers the newest question; ok = 0: it could not be read. */
static inline void pm_answer(struct rig *g, const struct there *p, int n, double cash, bool ok) {
    const struct effect *e = NULL;
    for (size_t i = g->n_fx; i-- > 0 && e == NULL;)
        if (g->fx[i].type == FX_RECONCILE && g->fx[i].u.reconcile.account == LIVE)
            e = &g->fx[i];
    assert_non_null(e);
    const uint64_t round = e->u.reconcile.round;
    struct event ev = live_event(EVENT_RECON_BEGIN);
    ev.u.recon_begin = (struct ev_recon_begin){LIVE, VENUE_POLYMARKET, round};
    put(g, &ev);
    for (int i = 0; i < n; i++) {
        ev = live_event(EVENT_RECON_POSITION);
        ev.u.recon_position = (struct ev_recon_position){.account = LIVE, .round = round, .market = pm_id(), .side = p[i].side, .entry = PX(p[i].entry),
                                                         .net = QTY(SZ(p[i].size).micro * side_sign(p[i].side))};
        put(g, &ev);
    }
    ev = live_event(EVENT_RECON_CASH);
    ev.u.recon_cash = (struct ev_recon_cash){LIVE, round, USD((int64_t)(cash * 1e6 + 0.5))};
    put(g, &ev);
    ev = live_event(EVENT_RECON_END);
    ev.u.recon_end = (struct ev_recon_end){LIVE, ok, round};
    put(g, &ev);
}

/* Until it is asked again, and answered: a difference counts when it is seen twice. */
static inline void pm_reconcile(struct rig *g, const struct there *p, int n, double cash) {
    const struct acct *a = acct_find(g->d, LIVE);
    for (int i = 0; i < 40; i++) {
        if (a->asking)
            pm_answer(g, p, n, cash, true);
        if (a->reconciled && !a->asking)
            return;
        tick(g, SECOND_US);
    }
    assert_true(a->reconciled);
}

/* The next look of an account that is reconciled. */
static inline void pm_look(struct rig *g, const struct there *p, int n, double cash) {
    struct acct *a = acct_find(g->d, LIVE);
    recon_need(g->d, a);
    rig_drain(g);
    pm_reconcile(g, p, n, cash);
}

static inline void set_live(struct rig *g, bool on, const char *name) {
    struct intent in = want(g, INTENT_LIVE);
    in.account = LIVE;
    in.order = on;
    str_copy(in.note, sizeof in.note, name);
    send_intent(g, &in);
}

static inline struct rec *pm_place(struct rig *g, enum order_side side, enum order_action action, double size, double px) {
    struct intent in = limit_intent(g, pm_id(), side, action, size, px);
    in.account = LIVE;
    size_t before = g->d->order_count;
    send_intent(g, &in);
    return g->d->order_count > before ? newest(g) : NULL;
}

static inline void pm_fill(struct rig *g, const struct rec *r, const char *trade, double size, double px, double fee, enum fill_finality finality) {
    struct event ev = fill_event(g, r, trade, size, px);
    ev.venue = VENUE_POLYMARKET;
    ev.u.fill_ev.fill.finality = (uint8_t)finality;
    ev.u.fill_ev.fill.fee = USD((int64_t)(fee * 1e6 + 0.5));
    put(g, &ev);
}

static inline void pm_finality(struct rig *g, const char *trade, enum fill_finality to) {
    struct event ev = live_event(EVENT_FINALITY);
    ev.u.finality.account = LIVE;
    ev.u.finality.finality = to;
    str_copy(ev.u.finality.venue_trade, sizeof ev.u.finality.venue_trade, trade);
    assert_true(event_valid(&ev, sizeof ev));
    put(g, &ev);
}

static inline struct rec *pm_buy(struct rig *g, enum order_side side, double size, double px, const char *trade, enum fill_finality finality) {
    struct rec *r = pm_place(g, side, ACTION_BUY, size, px);
    assert_non_null(r);
    ack(g, r);
    pm_fill(g, r, trade, size, px, 0, finality);
    return r;
}

static inline enum err pm_close(struct rig *g, const struct rec *pos, double size, struct rec **out) {
    struct intent in = want(g, INTENT_CLOSE);
    const size_t before = g->d->order_count;
    in.order = pos->o.id;
    in.size = SZ(size);
    fx_clear(g);
    send_intent(g, &in);
    *out = g->d->order_count > before ? newest(g) : NULL;
    return *out != NULL ? ERR_OK : last_reply(g);
}

static inline usd cash_of(const struct rig *g) { return acct_find(g->d, LIVE)->cash; }
static inline bool told(const struct rig *g, enum notice_level level, const char *part) {
    for (size_t i = 0; i < g->n_fx; i++)
        if (g->fx[i].type == FX_NOTICE && g->fx[i].u.notice.level == (int32_t)level && strstr(g->fx[i].u.notice.text, part) != NULL)
            return true;
    return false;
}
static inline int alarms(const struct rig *g) {
    int n = 0;
    for (size_t i = 0; i < g->n_fx; i++)
        n += g->fx[i].type == FX_NOTICE && g->fx[i].u.notice.level == NOTICE_ALERT;
    return n;
}
static inline const struct history *last_history(const struct rig *g, const char *what) {
    for (size_t i = g->rows.n_history; i-- > 0;)
        if (strcmp(g->rows.history[i].what, what) == 0)
            return &g->rows.history[i];
    return NULL;
}

/* The desk dies and another one is loaded from the rows. */
static inline void pm_reload(struct rig *g, uint64_t nonce) {
    desk_free(g->d);
    g->d = desk_new();
    boot(g, nonce);
    for (size_t i = 0; i < g->rows.n_settings; i++) {
        struct event ev = ev_of(EVENT_SETTING);
        ev.u.setting = g->rows.settings[i];
        put(g, &ev);
    }
    put_account(g);
    pm_account(g, NAME);
    struct event ev = live_event(EVENT_LOAD_MARKET);
    ev.u.load_market.market = market_pm();
    put(g, &ev);
    ev = live_event(EVENT_LOAD_CASH);
    ev.u.load_cash.account = LIVE;
    for (size_t i = 0; i < g->rows.n_ledger; i++)
        if (g->rows.ledger[i].account == LIVE)
            ev.u.load_cash.cash.micro += g->rows.ledger[i].amount.micro;
    put(g, &ev);
    for (size_t i = g->rows.n_orders; i-- > 0;) {
        ev = live_event(EVENT_LOAD_ORDER);
        ev.u.order = g->rows.orders[i];
        put(g, &ev);
    }
    for (size_t i = 0; i < g->rows.n_fills; i++) {
        ev = live_event(EVENT_LOAD_FILL);
        ev.u.fill = g->rows.fills[i];
        put(g, &ev);
    }
    put_leader(g, true);
    put_store(g, true);
    put_loaded(g);
    pm_venue(g, true);
    pm_book(g, 0.50, 0.52);
}

/* A live account with 1000, reconciled and set live. */
static inline int live_setup(void **state) {
    if (rig_setup(state) != 0)
        return -1;
    struct rig *g = *state;
    g->recon_by_hand = true;
    struct market m = market_pm();
    list_market(g, &m);
    pm_account(g, NAME);
    pm_venue(g, true);
    pm_book(g, 0.50, 0.52);
    pm_reconcile(g, NULL, 0, 1000);
    set_live(g, true, NAME);
    assert_int_equal(last_reply(g), ERR_OK);
    fx_clear(g);
    return 0;
}

#define LIVE_TEST(name) cmocka_unit_test_setup_teardown(name, live_setup, rig_teardown)

#endif
