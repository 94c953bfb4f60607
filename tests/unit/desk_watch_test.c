/* Snipers and alerts: when they fire, that they fire once, what keeps them back, and what a restart brings back. */
#include "desk/state_watch.h"
#include "desk_rig.h"

static struct watch sniper(struct rig *g, market_id m, enum order_side side, enum figure f, enum trigger_dir dir, double level, double usd_amount) {
    (void)g;
    return (struct watch){.kind = WATCH_SNIPER, .account = ACCOUNT, .subject = m, .level = PX(level), .amount = (int64_t)(usd_amount * 1e6), .slippage_e4 = WATCH_SLIPPAGE_DEFAULT,
                          .figure = (uint8_t)f, .dir = (uint8_t)dir, .side = (uint8_t)side, .action = (uint8_t)side_opening_action(side)};
}

static watch_id make(struct rig *g, const struct watch *w, bool arm) {
    struct intent in = want(g, INTENT_WATCH_PUT);
    in.u.watch = *w;
    send_intent(g, &in);
    assert_int_equal(last_reply(g), ERR_OK);
    const watch_id id = fx_last(g, FX_REPLY)->u.reply.num;
    assert_true(id != 0 && watch_find(g->d, id) != NULL && !(watch_find(g->d, id)->flags & WATCH_ARMED));
    if (arm) {
        in = want(g, INTENT_WATCH_ARM);
        in.order = id;
        send_intent(g, &in);
        assert_int_equal(last_reply(g), ERR_OK);
    }
    fx_clear(g);
    return id;
}

static struct watch *at(struct rig *g, watch_id id) {
    struct watch *w = watch_find(g->d, id);
    assert_non_null(w);
    return w;
}

static const struct watch *row(struct rig *g, watch_id id) {
    for (size_t i = 0; i < g->rows.n_watches; i++)
        if (g->rows.watches[i].id == id)
            return &g->rows.watches[i];
    fail_msg("watch %u is not stored", id);
    return NULL;
}

static void told(struct rig *g, watch_id id, const char *what) {
    for (size_t i = 0; i < g->rows.n_history; i++)
        if (g->rows.history[i].id == id && !strcmp(g->rows.history[i].what, what))
            return;
    fail_msg("the history of %u does not say \"%s\"", id, what);
}

/* One row a case: what is watched, a book that fires nothing, one that fires, and the order that goes out. */
struct fire_case {
    const char *name;
    bool perp;
    enum order_side side;
    enum order_action action;
    enum figure figure;
    enum trigger_dir dir;
    double level, amount;
    double quiet_bid, quiet_ask, bid, ask;
    double limit, size;
};
static const struct fire_case cases[] = {
    {"buy yes at or below", false, SIDE_YES, ACTION_BUY, FIGURE_ASK, TRIGGER_AT_OR_BELOW, 0.38, 76, 0.37, 0.39, 0.36, 0.38, 0.38, 200},
    {"buy no at or below, in NO prices", false, SIDE_NO, ACTION_BUY, FIGURE_ASK, TRIGGER_AT_OR_BELOW, 0.55, 56, 0.44, 0.46, 0.45, 0.47, 0.56, 100},
    {"buy yes on a breakout", false, SIDE_YES, ACTION_BUY, FIGURE_ASK, TRIGGER_AT_OR_ABOVE, 0.50, 51, 0.47, 0.49, 0.48, 0.50, 0.51, 100},
    {"long below the ask", true, SIDE_LONG, ACTION_BUY, FIGURE_ASK, TRIGGER_AT_OR_BELOW, 95, 969, 95, 95.1, 94.8, 95.0, 96.9, 10},
    {"short when the bid rises", true, SIDE_SHORT, ACTION_SELL, FIGURE_BID, TRIGGER_AT_OR_ABOVE, 110, 1078, 109.9, 110.1, 110, 110.2, 107.8, 10},
};

static void they_fire_at_their_level_and_once(void **state) {
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct fire_case *c = &cases[i];
        rig_setup(state);
        struct rig *g = *state;
        const market_id m = c->perp ? g->perp : g->fed;
        struct watch w = sniper(g, m, c->side, c->figure, c->dir, c->level, c->amount);
        w.action = (uint8_t)c->action;
        book(g, m, c->quiet_bid, c->quiet_ask, 5000);
        const watch_id id = make(g, &w, true);
        if (fx_count(g, FX_PLACE) != 0 || g->d->open_first != NULL)
            fail_msg("%s: fired when armed", c->name);
        book(g, m, c->quiet_bid, c->quiet_ask, 5000);
        assert_int_equal(fx_count(g, FX_PLACE), 0);
        book(g, m, c->bid, c->ask, 5000);
        if (fx_count(g, FX_PLACE) != 1)
            fail_msg("%s: %d orders", c->name, fx_count(g, FX_PLACE));
        const struct order o = fx_last(g, FX_PLACE)->u.place.order;
        assert_true(o.source == SOURCE_SNIPER && o.link == id && o.type == ORDER_LIMIT && o.tif == TIF_IOC && o.side == c->side && o.action == c->action);
        if (o.limit.micro != PX(c->limit).micro || o.size.micro != SZ(c->size).micro)
            fail_msg("%s: %lld at %lld", c->name, (long long)o.size.micro, (long long)o.limit.micro);
        assert_int_equal(at(g, id)->status, WATCH_EXECUTING);
        assert_int_equal(row(g, id)->status, WATCH_EXECUTING); /* stored with the order */
        assert_true(row(g, id)->order == o.id && row_of(g, o.id) != NULL);
        book(g, m, c->bid, c->ask, 5000);
        assert_int_equal(fx_count(g, FX_PLACE), 1);
        struct rec *r = rec_find(g->d, o.id);
        ack(g, r);
        fill(g, r, "t1", c->size, c->limit);
        assert_int_equal(at(g, id)->status, WATCH_FILLED);
        assert_int_equal(row(g, id)->status, WATCH_FILLED);
        told(g, id, "fired");
        told(g, id, "filled");
        assert_int_equal(view_watch_count(g->d, WATCH_SNIPER, true), 0);
        audit_clean(g);
        rig_teardown(state);
    }
    *state = NULL;
}

static void the_row_and_the_order_are_one_transaction(void **state) {
    struct rig *g = *state;
    const struct watch w = sniper(g, g->fed, SIDE_YES, FIGURE_ASK, TRIGGER_AT_OR_BELOW, 0.38, 76);
    const watch_id id = make(g, &w, true);
    g->hold_saves = true;
    book(g, g->fed, 0.36, 0.38, 5000);
    uint64_t seq = 0;
    bool order = false, watch = false;
    for (size_t i = 0; i < g->n_fx; i++)
        if (g->fx[i].type == FX_SAVE) {
            const struct fx_save *s = &g->fx[i].u.save;
            assert_true(seq == 0 || seq == s->seq);
            seq = s->seq;
            order |= s->kind == SAVE_ORDER;
            watch |= s->kind == SAVE_WATCH && s->u.watch.id == id && s->u.watch.status == WATCH_EXECUTING;
        }
    assert_true(order && watch);
    assert_int_equal(fx_count(g, FX_PLACE), 0);
    /* killed before the commit: it is armed as before and fires in the next life */
    rig_reload(g, 2);
    g->hold_saves = false;
    assert_int_equal(at(g, id)->status, WATCH_WATCHING);
    fx_clear(g);
    put_venue(g, true);
    book(g, g->fed, 0.36, 0.38, 5000);
    tick(g, 250000);
    book(g, g->fed, 0.36, 0.38, 5000);
    assert_int_equal(fx_count(g, FX_PLACE), 1);
}

static void killed_after_the_commit_it_does_not_fire_again(void **state) {
    struct rig *g = *state;
    const struct watch w = sniper(g, g->fed, SIDE_YES, FIGURE_ASK, TRIGGER_AT_OR_BELOW, 0.38, 76);
    const watch_id id = make(g, &w, true);
    book(g, g->fed, 0.36, 0.38, 5000);
    const order_id order = fx_last(g, FX_PLACE)->u.place.order.id;
    rig_reload(g, 2);
    fx_clear(g);
    put_venue(g, true);
    for (int i = 0; i < 4; i++) {
        book(g, g->fed, 0.36, 0.38, 5000);
        tick(g, 250000);
    }
    assert_int_equal(fx_count(g, FX_PLACE), 0);
    assert_int_equal(at(g, id)->status, WATCH_EXECUTING);
    struct rec *r = rec_find(g->d, order);
    fill(g, r, "t1", 200, 0.38);
    assert_int_equal(at(g, id)->status, WATCH_FILLED);
    /* and once more: an order that ended while the desk was away */
    rig_reload(g, 3);
    assert_int_equal(at(g, id)->status, WATCH_FILLED);
}

static void a_lost_store_gives_the_level_back(void **state) {
    struct rig *g = *state;
    const struct watch w = sniper(g, g->fed, SIDE_YES, FIGURE_ASK, TRIGGER_AT_OR_BELOW, 0.38, 76);
    const watch_id id = make(g, &w, true);
    g->hold_saves = true;
    book(g, g->fed, 0.36, 0.38, 5000);
    const uint64_t seq = fx_last(g, FX_SAVE)->u.save.seq;
    g->hold_saves = false;
    saved_result(g, seq, ERR_STORE_DOWN, false);
    assert_int_equal(fx_count(g, FX_PLACE), 0);
    assert_int_equal(at(g, id)->status, WATCH_WATCHING);
    fx_clear(g);
    tick(g, 250000);
    assert_int_equal(fx_count(g, FX_PLACE), 1); /* the store is back, the price still there */
    assert_int_equal(at(g, id)->fires, 1);
}

static void repeat_waits_until_the_price_was_away(void **state) {
    struct rig *g = *state;
    struct watch w = sniper(g, g->fed, SIDE_YES, FIGURE_ASK, TRIGGER_AT_OR_BELOW, 0.38, 38);
    w.flags = WATCH_REPEAT;
    w.budget = USD(80 * DEC_ONE);
    const watch_id id = make(g, &w, true);
    for (int round = 1; round <= 3; round++) {
        const int rounds = round <= 2 ? round : 3;
        fx_clear(g);
        book(g, g->fed, 0.36, 0.38, 5000);
        assert_int_equal(fx_count(g, FX_PLACE), 1);
        const struct order o = fx_last(g, FX_PLACE)->u.place.order;
        assert_int_equal(o.size.micro, round < 3 ? SZ(100).micro : SZ(10).micro); /* what is left of the budget */
        char trade[16];
        snprintf(trade, sizeof trade, "t%d", round);
        fill(g, rec_find(g->d, o.id), trade, round < 3 ? 100 : 10, 0.38);
        for (int i = 0; i < 3; i++) {
            book(g, g->fed, 0.35, 0.37, 5000);
            tick(g, 250000);
        }
        assert_int_equal(fx_count(g, FX_PLACE), 1); /* still in the zone */
        if (round == 1) { /* a restart in between does not forget it */
            assert_true(row(g, id)->flags & WATCH_AWAY);
            g->recon_by_hand = true;
            rig_reload(g, 2);
            put_venue(g, true);
            tick(g, 250000);
            acct_find(g->d, ACCOUNT)->once = acct_find(g->d, ACCOUNT)->reconciled = true; /* the rig's venue does not know of the position */
            book(g, g->fed, 0.35, 0.37, 5000);
        }
        book(g, g->fed, 0.37, 0.39, 5000); /* away */
        assert_int_equal(at(g, id)->fires, rounds);
    }
    assert_int_equal(at(g, id)->status, WATCH_FILLED); /* the budget is spent */
    assert_int_equal(at(g, id)->spent.micro, 79800000);
}

static void a_hold_must_last(void **state) {
    struct rig *g = *state;
    struct watch w = sniper(g, g->fed, SIDE_YES, FIGURE_ASK, TRIGGER_AT_OR_BELOW, 0.38, 76);
    w.hold_ms = 2000;
    const watch_id id = make(g, &w, true);
    struct view_watch v;
    book(g, g->fed, 0.35, 0.37, 5000);
    tick(g, SECOND_US);
    book(g, g->fed, 0.36, 0.38, 5000);
    assert_true(view_watch(g->d, id, &v) && v.held_us == SECOND_US);
    book(g, g->fed, 0.38, 0.40, 5000); /* left after a second */
    assert_int_equal(fx_count(g, FX_PLACE), 0);
    assert_true(view_watch(g->d, id, &v) && v.near_misses == 1 && v.near_value == PX(0.37).micro && v.near_held_us == SECOND_US);
    told(g, id, "near miss");
    book(g, g->fed, 0.36, 0.38, 5000);
    for (int i = 0; i < 7; i++)
        tick(g, 250000);
    assert_int_equal(fx_count(g, FX_PLACE), 0);
    tick(g, 250000);
    assert_int_equal(fx_count(g, FX_PLACE), 1);
}

static void guards_keep_it_back_until_they_hold(void **state) {
    struct rig *g = *state;
    struct watch w = sniper(g, g->fed, SIDE_YES, FIGURE_ASK, TRIGGER_AT_OR_BELOW, 0.38, 76);
    w.depth = SZ(1000);
    w.max_age_ms = 1000;
    const watch_id id = make(g, &w, true);
    struct view_watch v;
    book(g, g->fed, 0.36, 0.38, 999);
    assert_int_equal(fx_count(g, FX_PLACE), 0);
    assert_true(view_watch(g->d, id, &v) && strcmp(v.why, err_text(ERR_NO_LIQUIDITY)) == 0);
    tick(g, SECOND_US * 3 / 2);
    assert_true(view_watch(g->d, id, &v) && strcmp(v.why, err_text(ERR_STALE_BOOK)) == 0); /* now the data is too old */
    book(g, g->fed, 0.36, 0.38, 1000);
    assert_int_equal(fx_count(g, FX_PLACE), 1);
}

static void nothing_fires_on_bad_data_or_while_halted(void **state) {
    struct rig *g = *state;
    const struct watch w = sniper(g, g->fed, SIDE_YES, FIGURE_ASK, TRIGGER_AT_OR_BELOW, 0.38, 76);
    const watch_id id = make(g, &w, true);
    book(g, g->fed, 0.39, 0.37, 5000); /* crossed */
    tick(g, 250000);
    assert_int_equal(fx_count(g, FX_PLACE), 0);
    struct intent in = want(g, INTENT_TRADING_STATE);
    in.order = TRADING_HALTED;
    str_copy(in.note, sizeof in.note, "a test");
    send_intent(g, &in);
    book(g, g->fed, 0.36, 0.38, 5000);
    tick(g, 250000);
    assert_int_equal(fx_count(g, FX_PLACE), 0);
    rig_reload(g, 2); /* halted survives */
    put_venue(g, true);
    book(g, g->fed, 0.36, 0.38, 5000);
    tick(g, 250000);
    struct view_status s;
    view_status(g->d, &s);
    assert_true(s.trading == TRADING_HALTED && !strcmp(s.trading_reason, "a test"));
    assert_int_equal(fx_count(g, FX_PLACE), 0);
    in.order = TRADING_ACTIVE;
    send_intent(g, &in);
    in = want(g, INTENT_KILL);
    send_intent(g, &in);
    tick(g, 250000);
    assert_int_equal(fx_count(g, FX_PLACE), 0);
    in = want(g, INTENT_UNKILL);
    send_intent(g, &in);
    book(g, g->fed, 0.36, 0.38, 5000);
    tick(g, 250000);
    assert_int_equal(fx_count(g, FX_PLACE), 1);
    assert_int_equal(at(g, id)->fires, 1);
}

static void the_first_cancels_its_partner(void **state) {
    struct rig *g = *state;
    struct watch low = sniper(g, g->fed, SIDE_YES, FIGURE_ASK, TRIGGER_AT_OR_BELOW, 0.38, 76), high = sniper(g, g->fed, SIDE_YES, FIGURE_ASK, TRIGGER_AT_OR_ABOVE, 0.50, 51);
    const watch_id a = make(g, &low, true);
    high.oco = a;
    const watch_id b = make(g, &high, true);
    assert_int_equal(at(g, a)->oco, b);
    book(g, g->fed, 0.48, 0.50, 5000);
    assert_int_equal(at(g, b)->status, WATCH_EXECUTING);
    assert_int_equal(at(g, a)->status, WATCH_CANCELLED);
    assert_int_equal(row(g, a)->status, WATCH_CANCELLED);
    book(g, g->fed, 0.36, 0.38, 5000);
    assert_int_equal(fx_count(g, FX_PLACE), 1);
}

static void a_partial_fill_ends_it_and_nothing_filled_fails_or_keeps(void **state) {
    struct rig *g = *state;
    struct watch w = sniper(g, g->fed, SIDE_YES, FIGURE_ASK, TRIGGER_AT_OR_BELOW, 0.38, 76);
    const watch_id part = make(g, &w, true);
    book(g, g->fed, 0.36, 0.38, 5000);
    struct rec *r = newest(g);
    ack(g, r);
    fill(g, r, "t1", 50, 0.38);
    done(g, r, ERR_CANCELLED);
    assert_int_equal(at(g, part)->status, WATCH_FILLED);
    assert_int_equal(at(g, part)->spent.micro, 19000000);
    told(g, part, "partly filled");
    book(g, g->fed, 0.40, 0.42, 5000);
    const watch_id none = make(g, &w, true);
    w.flags = WATCH_KEEP;
    const watch_id keep = make(g, &w, true);
    book(g, g->fed, 0.36, 0.38, 5000);
    assert_int_equal(fx_count(g, FX_PLACE), 2);
    for (size_t i = 0; i < g->n_fx; i++)
        if (g->fx[i].type == FX_PLACE) {
            struct rec *o = rec_find(g->d, g->fx[i].u.place.order.id);
            done(g, o, ERR_NO_LIQUIDITY);
        }
    assert_int_equal(at(g, none)->status, WATCH_FAILED);
    assert_int_equal(at(g, keep)->status, WATCH_WATCHING);
    fx_clear(g);
    book(g, g->fed, 0.36, 0.38, 5000);
    assert_int_equal(fx_count(g, FX_PLACE), 0);
    book(g, g->fed, 0.40, 0.42, 5000);
    book(g, g->fed, 0.36, 0.38, 5000);
    assert_int_equal(fx_count(g, FX_PLACE), 1);
}

static void it_expires_and_ends_with_its_market(void **state) {
    struct rig *g = *state;
    struct watch w = sniper(g, g->fed, SIDE_YES, FIGURE_ASK, TRIGGER_AT_OR_BELOW, 0.38, 76);
    w.expires_us = g->now + 5 * SECOND_US;
    const watch_id id = make(g, &w, true);
    w.expires_us = 0;
    const watch_id other = make(g, &w, true);
    for (int i = 0; i < 8; i++)
        tick(g, SECOND_US);
    assert_int_equal(at(g, id)->status, WATCH_EXPIRED);
    assert_int_equal(at(g, other)->status, WATCH_WATCHING);
    struct event ev = ev_of(EVENT_MARKET_STATUS);
    ev.u.market_status = (struct ev_market_status){.market = g->fed, .status = MARKET_RESOLVED, .outcome = OUTCOME_YES};
    put(g, &ev);
    tick(g, SECOND_US);
    tick(g, SECOND_US);
    assert_int_equal(at(g, other)->status, WATCH_EXPIRED);
    assert_int_equal(fx_count(g, FX_PLACE), 0);
}

static void refusals_of_risk_end_it_with_the_code(void **state) {
    struct rig *g = *state;
    struct watch w = sniper(g, g->fed, SIDE_YES, FIGURE_ASK, TRIGGER_AT_OR_BELOW, 0.38, 76);
    g->d->limits.max_order_notional = 50 * DEC_ONE;
    const watch_id id = make(g, &w, true);
    book(g, g->fed, 0.36, 0.38, 5000);
    assert_int_equal(fx_count(g, FX_PLACE), 0);
    assert_int_equal(at(g, id)->status, WATCH_FAILED);
    struct view_refusal r[4];
    assert_int_equal(view_refusals(g->d, r, 4), 1);
    assert_true(r[0].code == ERR_RISK_ORDER_NOTIONAL && r[0].source == SOURCE_SNIPER);
}

static void a_storm_keeps_the_limits(void **state) {
    struct rig *g = *state;
    enum { N = 3000 };
    struct watch *many = calloc(N, sizeof *many);
    for (int i = 0; i < N; i++) {
        many[i] = sniper(g, g->fed, SIDE_YES, FIGURE_ASK, TRIGGER_AT_OR_BELOW, 0.38, 3.8);
        many[i].id = (watch_id)(1000 + i);
        many[i].flags = WATCH_ARMED;
        many[i].version = 1;
    }
    put_watches(g, many, N);
    assert_int_equal(view_watch_count(g->d, WATCH_SNIPER, true), N);
    g->d->limits.max_open_orders = 50;
    int most = 0;
    book(g, g->fed, 0.36, 0.38, 500000);
    for (int i = 0; i < 40; i++) {
        fx_clear(g);
        tick(g, 250000);
        book(g, g->fed, 0.36, 0.38, 500000);
        most = fx_count(g, FX_PLACE) > most ? fx_count(g, FX_PLACE) : most;
        assert_true(fx_count(g, FX_PLACE) <= g->d->limits.max_orders_per_second);
    }
    int working = 0, executing = 0;
    for (const struct rec *r = g->d->open_first; r; r = r->open_next)
        working++;
    for (size_t i = 0; i < g->d->watches->n; i++)
        executing += g->d->watches->list[i].status == WATCH_EXECUTING;
    assert_int_equal(working, 50);
    assert_int_equal(executing, 50); /* one order each */
    assert_true(most > 0);
    free(many);
}

static void alerts_tell_and_trade_nothing(void **state) {
    struct rig *g = *state;
    struct watch w = {.kind = WATCH_ALERT, .subject = g->perp, .level = PX(105), .figure = FIGURE_MARK, .dir = TRIGGER_AT_OR_ABOVE, .flags = WATCH_ARMED};
    struct intent in = want(g, INTENT_WATCH_PUT);
    in.u.watch = w;
    send_intent(g, &in);
    const watch_id price_alert = fx_last(g, FX_REPLY)->u.reply.num;
    w = (struct watch){.kind = WATCH_ALERT, .subject = ACCOUNT, .level = PRICE(-5 * DEC_ONE), .figure = FIGURE_DAY_PNL, .dir = TRIGGER_AT_OR_BELOW, .flags = WATCH_ARMED | WATCH_REPEAT};
    in = want(g, INTENT_WATCH_PUT);
    in.u.watch = w;
    send_intent(g, &in);
    const watch_id loss = fx_last(g, FX_REPLY)->u.reply.num;
    assert_true(at(g, price_alert)->flags & WATCH_ARMED);
    fx_clear(g);
    struct event ev = ev_of(EVENT_MARK);
    ev.u.mark = (struct ev_mark){g->perp, PX(105.5), PX(105.5), 0};
    put(g, &ev);
    assert_int_equal(at(g, price_alert)->status, WATCH_FILLED);
    const struct effect *n = fx_last(g, FX_NOTICE);
    assert_true(n && n->u.notice.level == NOTICE_ALERT && n->u.notice.num == price_alert);
    assert_int_equal(fx_count(g, FX_PLACE), 0);
    /* a loss, then a recovery, then a loss */
    struct rec *pos = open_position(g, g->perp, SIDE_LONG, 1, 100, "t1");
    (void)pos;
    const int before = at(g, loss)->fires;
    for (int round = 1; round <= 2; round++) {
        ev.u.mark = (struct ev_mark){g->perp, PX(90), PX(90), 0};
        put(g, &ev);
        tick(g, SECOND_US);
        tick(g, SECOND_US);
        assert_int_equal(at(g, loss)->fires, before + round);
        ev.u.mark = (struct ev_mark){g->perp, PX(101), PX(101), 0};
        put(g, &ev);
        tick(g, SECOND_US);
        tick(g, SECOND_US);
    }
}

static void a_market_that_is_listed_later_is_watched(void **state) {
    struct rig *g = *state;
    struct market m = market_fed();
    str_copy(m.symbol, sizeof m.symbol, "LATER");
    m.id = market_id_of(VENUE_SIM, m.symbol);
    struct watch w = sniper(g, m.id, SIDE_YES, FIGURE_ASK, TRIGGER_AT_OR_BELOW, 0.38, 76);
    w.id = 500;
    w.flags = WATCH_ARMED;
    w.version = 1;
    put_watches(g, &w, 1); /* as a start reads it, before its venue is there */
    tick(g, 250000);
    list_market(g, &m);
    tick(g, 250000);
    fx_clear(g);
    book(g, m.id, 0.37, 0.39, 5000);
    assert_int_equal(fx_count(g, FX_PLACE), 0);
    book(g, m.id, 0.36, 0.38, 5000);
    assert_int_equal(fx_count(g, FX_PLACE), 1);
    assert_int_equal(row(g, 500)->flags & ~WATCH_STORED, 0);
}

static void an_alert_of_a_position_ends_with_it(void **state) {
    struct rig *g = *state;
    g->recon_by_hand = true;
    struct rec *pos = open_position(g, g->perp, SIDE_LONG, 1, 100, "t1");
    struct intent in = want(g, INTENT_WATCH_PUT);
    in.u.watch = (struct watch){.kind = WATCH_ALERT, .subject = pos->o.id, .level = PRICE(5 * DEC_ONE), .figure = FIGURE_PNL, .dir = TRIGGER_AT_OR_ABOVE, .flags = WATCH_ARMED};
    send_intent(g, &in);
    const watch_id id = fx_last(g, FX_REPLY)->u.reply.num;
    in = want(g, INTENT_CLOSE);
    in.order = pos->o.id;
    send_intent(g, &in);
    fill(g, newest(g), "t2", 1, 99);
    assert_int_equal(pos->o.pos.status, POSITION_CLOSED);
    for (int i = 0; i < 8; i++)
        tick(g, SECOND_US);
    assert_int_equal(at(g, id)->status, WATCH_EXPIRED);
}

static void what_makes_no_sense_is_refused(void **state) {
    struct rig *g = *state;
    const struct watch good = sniper(g, g->fed, SIDE_YES, FIGURE_ASK, TRIGGER_AT_OR_BELOW, 0.38, 76);
    struct { const char *name; struct watch w; enum err e; } bad[] = {
        {"no amount", good, ERR_BAD_VALUE}, {"no level", good, ERR_BAD_VALUE}, {"a market that is not there", good, ERR_NOT_FOUND}, {"a side of another kind", good, ERR_BAD_VALUE},
        {"a price above one", good, ERR_PRICE_OUT_OF_RANGE}, {"expired", good, ERR_EXPIRED}, {"somebody's account", good, ERR_NOT_FOUND}, {"a figure that is no price", good, ERR_BAD_VALUE},
        {"a partner that is not there", good, ERR_NOT_FOUND}, {"slippage over all", good, ERR_BAD_VALUE},
    };
    bad[0].w.amount = 0, bad[1].w.level = PRICE(0), bad[2].w.subject = 77, bad[3].w.side = SIDE_LONG, bad[4].w.level = PX(1.2), bad[5].w.expires_us = g->now - 1, bad[6].w.account = 9;
    bad[7].w.figure = FIGURE_EQUITY, bad[8].w.oco = 99, bad[9].w.slippage_e4 = 10001;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct intent in = want(g, INTENT_WATCH_PUT);
        in.u.watch = bad[i].w;
        send_intent(g, &in);
        if (last_reply(g) != bad[i].e)
            fail_msg("%s: %s", bad[i].name, err_name(last_reply(g)));
    }
    assert_int_equal(view_watch_count(g->d, WATCH_SNIPER, false), 0);
}

/* Random paths, random watches: an oracle that looks at every tick says what must have fired. */
static void as_an_oracle_says(void **state) {
    struct rng r;
    rng_seed(&r, 4711);
    for (int round = 0; round < 60; round++) {
        rig_setup(state);
        struct rig *g = *state;
        enum { N = 40 };
        struct { watch_id id; int level; bool below, ask, fired; } w[N];
        g->d->limits.max_orders_per_second = 0;
        g->d->limits.max_market_exposure = g->d->limits.max_account_exposure = 0;
        g->d->limits.max_open_orders = g->d->limits.max_price_distance = 0;
        int bid = 40;
        for (int i = 0; i < N; i++) {
            w[i].level = (int)rng_range(&r, 5, 90);
            w[i].ask = rng_below(&r, 2);
            w[i].below = rng_below(&r, 2);
            struct watch x = sniper(g, g->fed, SIDE_YES, w[i].ask ? FIGURE_ASK : FIGURE_BID, w[i].below ? TRIGGER_AT_OR_BELOW : TRIGGER_AT_OR_ABOVE, w[i].level / 100.0, 5);
            x.slippage_e4 = 10000;
            w[i].fired = false;
            w[i].id = make(g, &x, true);
            const int v = w[i].ask ? bid + 2 : bid;
            w[i].fired = (w[i].below ? v <= w[i].level : v >= w[i].level) && bid + 2 <= 2 * w[i].level; /* 100 % slippage */
        }
        for (int step = 0; step < 120; step++) {
            bid += (int)rng_range(&r, -6, 6);
            bid = bid < 2 ? 2 : bid > 95 ? 95 : bid;
            book(g, g->fed, bid / 100.0, (bid + 2) / 100.0, 1000000);
            for (int i = 0; i < N; i++) {
                const int v = w[i].ask ? bid + 2 : bid;
                w[i].fired |= (w[i].below ? v <= w[i].level : v >= w[i].level) && bid + 2 <= 2 * w[i].level;
                if (w[i].fired != (at(g, w[i].id)->fires == 1))
                    fail_msg("round %d step %d: watch at %d %s %s, price %d", round, step, w[i].level, w[i].below ? "below" : "above", w[i].fired ? "should have fired" : "fired", v);
            }
        }
        size_t orders = 0;
        for (int i = 0; i < N; i++)
            orders += w[i].fired;
        assert_int_equal(g->d->order_count, orders);
        rig_teardown(state);
    }
    *state = NULL;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_fire_at_their_level_and_once), TEST(the_row_and_the_order_are_one_transaction), TEST(killed_after_the_commit_it_does_not_fire_again),
        TEST(a_lost_store_gives_the_level_back), TEST(repeat_waits_until_the_price_was_away), TEST(a_hold_must_last), TEST(guards_keep_it_back_until_they_hold),
        TEST(nothing_fires_on_bad_data_or_while_halted), TEST(the_first_cancels_its_partner), TEST(a_partial_fill_ends_it_and_nothing_filled_fails_or_keeps),
        TEST(it_expires_and_ends_with_its_market), TEST(refusals_of_risk_end_it_with_the_code), TEST(a_storm_keeps_the_limits), TEST(alerts_tell_and_trade_nothing),
        TEST(what_makes_no_sense_is_refused), TEST(a_market_that_is_listed_later_is_watched), TEST(an_alert_of_a_position_ends_with_it), cmocka_unit_test(as_an_oracle_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
