/* Exits that move or come in parts: trail, break-even, ladder, close before expiry; and the rows of the risk table that automations brought. */
#include "desk_rig.h"

static struct rec *long_at_100(struct rig *g, double size) {
    struct rec *pos = open_position(g, g->perp, SIDE_LONG, size, 100, "open");
    fx_clear(g);
    return pos;
}

static void set_rules(struct rig *g, const struct rec *pos, const struct exit_rules *r, price stop) {
    struct intent in = want(g, INTENT_PROTECT);
    in.order = pos->o.id;
    in.stop = stop;
    in.target = PROTECT_KEEP;
    in.flags = INTENT_RULES;
    in.confidence = -1;
    in.rules = *r;
    send_intent(g, &in);
}

static void mid(struct rig *g, double bid) { book(g, g->perp, bid, bid + 0.2, 1000); }

static int orders_out(struct rig *g) {
    return fx_count(g, FX_PLACE);
}

/* An oracle that knows the best bid: the stop is always best - distance, and the first bid at or below it closes. */
static void the_trail_follows_the_best_price(void **state) {
    struct rng rng;
    rng_seed(&rng, 12);
    for (int round = 0; round < 200; round++) {
        rig_setup(state);
        struct rig *g = *state;
        const bool percent = round % 2;
        struct rec *pos = long_at_100(g, 1);
        const struct exit_rules r = {.trail_kind = percent ? TRAIL_PERCENT : TRAIL_DISTANCE, .trail = percent ? 20000 : PX(2).micro};
        set_rules(g, pos, &r, PROTECT_KEEP);
        assert_int_equal(last_reply(g), ERR_OK);
        int64_t bid = PX(99.9).micro, best = bid;
        for (int step = 0; step < 300; step++) {
            bid += rng_range(&rng, -6, 6) * 100000;
            bid = bid < PX(50).micro ? PX(50).micro : bid;
            best = bid > best ? bid : best;
            int64_t stop = best - (percent ? best / 50 : PX(2).micro);
            stop -= ((stop % 100000) + 100000) % 100000;
            mid(g, (double)bid / 1e6);
            if (bid <= stop) {
                assert_int_equal(orders_out(g), 1);
                struct rec *exit = newest(g);
                assert_int_equal(exit->o.trigger.micro, stop);
                fill(g, exit, "close", 1, (double)bid / 1e6);
                assert_int_equal(pos->o.pos.close_trigger, CLOSE_TRAIL);
                break;
            }
            if (orders_out(g) != 0)
                fail_msg("round %d step %d: closed at %lld, stop %lld, best %lld", round, step, (long long)bid, (long long)stop, (long long)best);
            assert_int_equal(pos->o.pos.plan.stop.micro, stop);
        }
        audit_clean(g);
        rig_teardown(state);
    }
    *state = NULL;
}

static void the_trail_never_goes_back_and_survives(void **state) {
    struct rig *g = *state;
    struct rec *pos = long_at_100(g, 1);
    const struct exit_rules r = {.trail_kind = TRAIL_DISTANCE, .trail = PX(2).micro};
    set_rules(g, pos, &r, PX(99));
    assert_int_equal(pos->o.pos.plan.stop.micro, PX(99).micro); /* what is tighter than the trail stays */
    mid(g, 105);
    assert_int_equal(pos->o.pos.plan.stop.micro, PX(103).micro);
    tick(g, SECOND_US);
    assert_int_equal(row_of(g, pos->o.id)->pos.plan.stop.micro, PX(103).micro); /* stored within a second */
    mid(g, 104);
    assert_int_equal(pos->o.pos.plan.stop.micro, PX(103).micro);
    const order_id id = pos->o.id;
    g->recon_by_hand = true;
    rig_reload(g, 2);
    put_venue(g, true);
    pos = rec_find(g->d, id);
    acct_find(g->d, ACCOUNT)->once = true;
    assert_int_equal(pos->o.pos.plan.trail_best.micro, PX(105).micro);
    mid(g, 104);
    fx_clear(g);
    mid(g, 103);
    assert_int_equal(orders_out(g), 1);
}

static void a_short_trails_downwards(void **state) {
    struct rig *g = *state;
    struct rec *pos = open_position(g, g->perp, SIDE_SHORT, 1, 100, "open");
    const struct exit_rules r = {.trail_kind = TRAIL_DISTANCE, .trail = PX(1).micro};
    set_rules(g, pos, &r, PROTECT_KEEP);
    mid(g, 95); /* ask 95.2 */
    assert_int_equal(pos->o.pos.plan.stop.micro, PX(96.2).micro);
    fx_clear(g);
    mid(g, 95.9);
    assert_int_equal(orders_out(g), 0);
    mid(g, 96);
    assert_int_equal(orders_out(g), 1);
}

static void no_trails_in_its_own_price(void **state) {
    struct rig *g = *state;
    struct rec *pos = open_position(g, g->fed, SIDE_NO, 100, 0.59, "open");
    const struct exit_rules r = {.trail_kind = TRAIL_DISTANCE, .trail = PX(0.05).micro};
    set_rules(g, pos, &r, PROTECT_KEEP);
    book(g, g->fed, 0.28, 0.30, 5000); /* NO bid 0.70 */
    assert_int_equal(pos->o.pos.plan.stop.micro, PX(0.65).micro);
    fx_clear(g);
    book(g, g->fed, 0.32, 0.34, 5000);
    assert_int_equal(orders_out(g), 0);
    book(g, g->fed, 0.33, 0.35, 5000);
    assert_int_equal(orders_out(g), 1);
}

static void break_even_moves_the_stop_to_the_entry(void **state) {
    struct rig *g = *state;
    struct rec *pos = long_at_100(g, 1);
    const struct exit_rules r = {.break_even = PX(103)};
    set_rules(g, pos, &r, PX(95));
    mid(g, 102.9);
    assert_int_equal(pos->o.pos.plan.stop.micro, PX(95).micro);
    mid(g, 103);
    assert_int_equal(pos->o.pos.plan.stop.micro, PX(100).micro);
    assert_int_equal(row_of(g, pos->o.id)->pos.plan.stop.micro, PX(100).micro);
    fx_clear(g);
    mid(g, 100);
    assert_int_equal(orders_out(g), 1);
    fill(g, newest(g), "close", 1, 100);
    assert_int_equal(pos->o.pos.close_trigger, CLOSE_STOP);
}

static void a_ladder_closes_in_parts(void **state) {
    struct rig *g = *state;
    struct rec *pos = long_at_100(g, 1);
    const struct exit_rules r = {.rung_count = 3, .rungs = {{PX(101), 500000, 0, {0}}, {PX(102), 300000, 0, {0}}, {PX(103), 200000, 0, {0}}}};
    set_rules(g, pos, &r, PX(95));
    assert_int_equal(last_reply(g), ERR_OK);
    const double at[] = {101, 102, 103}, size[] = {0.5, 0.3, 0.2};
    for (int i = 0; i < 3; i++) {
        char trade[16];
        fx_clear(g);
        mid(g, at[i] - 0.1);
        assert_int_equal(orders_out(g), 0);
        mid(g, at[i]);
        assert_int_equal(orders_out(g), 1);
        const struct order o = fx_last(g, FX_PLACE)->u.place.order;
        assert_true(o.size.micro == SZ(size[i]).micro && (o.flags & ORDER_REDUCE_ONLY) && o.source == SOURCE_TPSL);
        mid(g, at[i]);
        assert_int_equal(orders_out(g), 1);
        snprintf(trade, sizeof trade, "p%d", i);
        fill(g, rec_find(g->d, o.id), trade, size[i], at[i]);
    }
    assert_int_equal(pos->o.pos.status, POSITION_CLOSED);
    assert_int_equal(pos->o.pos.close_trigger, CLOSE_TARGET);
    audit_clean(g);
}

static void the_stop_stays_while_a_part_works_and_two_parts_go_at_once(void **state) {
    struct rig *g = *state;
    struct rec *pos = long_at_100(g, 1);
    const struct exit_rules r = {.rung_count = 2, .rungs = {{PX(101), 250000, 0, {0}}, {PX(102), 250000, 0, {0}}}};
    set_rules(g, pos, &r, PX(95));
    mid(g, 102.5); /* a jump over both */
    assert_int_equal(orders_out(g), 2);
    assert_int_equal(pos->o.pos.reserved.micro, SZ(0.5).micro);
    fx_clear(g);
    mid(g, 94); /* before the parts are answered */
    assert_int_equal(orders_out(g), 1);
    assert_int_equal(fx_last(g, FX_PLACE)->u.place.order.size.micro, SZ(0.5).micro); /* what is free */
    assert_int_equal(pos->o.pos.reserved.micro, pos->o.pos.open.micro);
    audit_clean(g);
}

static void a_part_that_fills_nothing_is_tried_again(void **state) {
    struct rig *g = *state;
    struct rec *pos = long_at_100(g, 1);
    const struct exit_rules r = {.rung_count = 1, .rungs = {{PX(101), 500000, 0, {0}}}};
    set_rules(g, pos, &r, PX(95));
    mid(g, 101);
    assert_int_equal(orders_out(g), 1);
    assert_int_equal(pos->o.pos.plan.rules.rungs[0].done, 1);
    done(g, newest(g), ERR_NO_LIQUIDITY);
    assert_int_equal(pos->o.pos.plan.rules.rungs[0].done, 0);
    for (int i = 0; i < 12; i++)
        tick(g, 250000);
    mid(g, 101);
    assert_int_equal(orders_out(g), 2);
}

static void it_closes_before_the_market_does(void **state) {
    struct rig *g = *state;
    g->recon_by_hand = true; /* the rig's venue does not know of positions */
    struct market m = market_fed();
    m.closes_us = g->now + 3600 * SECOND_US;
    list_market(g, &m);
    struct rec *pos = open_position(g, g->fed, SIDE_YES, 100, 0.41, "open");
    const struct exit_rules r = {.before_close_s = 600};
    set_rules(g, pos, &r, PROTECT_KEEP);
    fx_clear(g);
    tick(g, 2990 * SECOND_US);
    books(g);
    assert_int_equal(orders_out(g), 0);
    tick(g, 11 * SECOND_US);
    assert_int_equal(orders_out(g), 1);
    fill(g, newest(g), "close", 100, 0.40);
    assert_int_equal(pos->o.pos.close_trigger, CLOSE_TIME);
}

static void rules_that_make_no_sense_are_refused(void **state) {
    struct rig *g = *state;
    struct rec *pos = long_at_100(g, 1);
    const struct { struct exit_rules r; enum err e; } bad[] = {
        {{.trail_kind = TRAIL_PERCENT, .trail = DEC_ONE}, ERR_BAD_VALUE},
        {{.trail_kind = TRAIL_DISTANCE}, ERR_BAD_VALUE},
        {{.trail = 5}, ERR_BAD_VALUE},
        {{.break_even = PX(99)}, ERR_TARGET_SIDE},
        {{.rung_count = 1, .rungs = {{PX(99), 500000, 0, {0}}}}, ERR_TARGET_SIDE},
        {{.rung_count = 2, .rungs = {{PX(102), 500000, 0, {0}}, {PX(101), 500000, 0, {0}}}}, ERR_BAD_VALUE},
        {{.rung_count = 2, .rungs = {{PX(101), 600000, 0, {0}}, {PX(102), 500000, 0, {0}}}}, ERR_BAD_VALUE},
        {{.rung_count = 9}, ERR_BAD_VALUE},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        set_rules(g, pos, &bad[i].r, PROTECT_KEEP);
        if (last_reply(g) != bad[i].e)
            fail_msg("%zu: %s", i, err_name(last_reply(g)));
    }
}

static void an_order_s_rules_are_checked_against_its_price(void **state) {
    struct rig *g = *state;
    struct intent in = limit_intent(g, g->perp, SIDE_LONG, ACTION_BUY, 1, 0);
    in.flags = INTENT_RULES;
    in.rules = (struct exit_rules){.rung_count = 1, .rungs = {{PX(1), 500000, 0, {0}}}}; /* would close half at once */
    send_intent(g, &in);
    assert_int_equal(last_reply(g), ERR_TARGET_SIDE);
    in.token = ++g->token;
    in.rules.rungs[0].level = PX(105);
    send_intent(g, &in);
    struct rec *pos = newest(g);
    ack(g, pos);
    fill(g, pos, "t1", 1, 100.1);
    fx_clear(g);
    mid(g, 105);
    assert_int_equal(orders_out(g), 1);
    in = limit_intent(g, g->fed, SIDE_YES, ACTION_BUY, 10, 0.42);
    in.flags = INTENT_RULES;
    in.rules = (struct exit_rules){.break_even = PX(1.5)};
    send_intent(g, &in);
    assert_int_equal(last_reply(g), ERR_PRICE_OUT_OF_RANGE);
}

/* --- the risk table --- */
static enum err refusal(struct rig *g) {
    const struct intent in = limit_intent(g, g->perp, SIDE_LONG, ACTION_BUY, 1, 100);
    struct intent again = in;
    again.token = ++g->token;
    const size_t before = g->d->order_count;
    send_intent(g, &again);
    return g->d->order_count > before ? ERR_OK : last_reply(g);
}

static void trading_states_let_exits_pass(void **state) {
    struct rig *g = *state;
    struct rec *pos = long_at_100(g, 1);
    for (int s = TRADING_REDUCING; s < TRADING_STATE_COUNT; s++) {
        struct intent in = want(g, INTENT_TRADING_STATE);
        in.order = (order_id)s;
        send_intent(g, &in);
        assert_int_equal(refusal(g), s == TRADING_HALTED ? ERR_TRADING_HALTED : ERR_TRADING_REDUCING);
    }
    protect(g, pos, PX(95), PRICE(0));
    fx_clear(g);
    mid(g, 94);
    assert_int_equal(orders_out(g), 1); /* the stop */
    struct view_refusal r[8];
    assert_int_equal(view_refusals(g->d, r, 8), 2);
}

static void refusals_in_a_row_trip_the_breaker(void **state) {
    struct rig *g = *state;
    g->d->limits.max_rejects = 3;
    for (int i = 0; i < 2; i++) {
        struct rec *r = place(g, g->perp, SIDE_LONG, ACTION_BUY, 1, 100);
        reject(g, r, ERR_VENUE_REJECTED);
    }
    struct rec *ok = place(g, g->perp, SIDE_LONG, ACTION_BUY, 1, 100); /* a fill starts the count anew */
    ack(g, ok);
    fill(g, ok, "t1", 1, 100);
    for (int i = 0; i < 8; i++) /* the venue pauses: no word against the orders */
        reject(g, place(g, g->perp, SIDE_LONG, ACTION_BUY, 1, 100), i % 2 ? ERR_VENUE_PAUSED : ERR_VENUE_POST_ONLY);
    assert_int_equal(refusal(g), ERR_OK);
    for (int i = 0; i < 3; i++)
        reject(g, place(g, g->perp, SIDE_LONG, ACTION_BUY, 1, 100), ERR_VENUE_REJECTED);
    assert_int_equal(refusal(g), ERR_RISK_REJECTS);
    g->recon_by_hand = true;
    rig_reload(g, 2);
    put_venue(g, true);
    books(g);
    tick(g, 250000);
    acct_find(g->d, ACCOUNT)->once = acct_find(g->d, ACCOUNT)->reconciled = true;
    g->d->limits.max_rejects = 3;
    assert_int_equal(refusal(g), ERR_RISK_REJECTS); /* survives */
    struct intent in = want(g, INTENT_RESUME_DAY);
    in.account = 0;
    send_intent(g, &in);
    assert_int_equal(last_reply(g), ERR_OK);
    assert_int_equal(refusal(g), ERR_OK);
}

static void drawdown_halves_and_then_halts(void **state) {
    struct rig *g = *state;
    struct acct *a = acct_find(g->d, ACCOUNT);
    g->d->limits.max_order_notional = 150 * DEC_ONE;
    g->d->limits.drawdown_halve = 50000;
    g->d->limits.drawdown_halt = 100000;
    assert_int_equal(refusal(g), ERR_OK);
    a->equity_peak = USD(account_equity(a).micro * 100 / 94);
    assert_int_equal(refusal(g), ERR_RISK_ORDER_NOTIONAL); /* 100 of 75 */
    a->equity_peak = USD(account_equity(a).micro * 100 / 89);
    assert_int_equal(refusal(g), ERR_RISK_DRAWDOWN);
    struct view_limit l[40];
    const int n = view_limit_use(g->d, ACCOUNT, l, 40);
    bool seen = false;
    for (int i = 0; i < n; i++)
        if (!strcmp(l[i].info->key, "drawdown_halt"))
            seen = l[i].breached && l[i].used > 100000;
    assert_true(seen);
}

static void the_sum_of_all_accounts_is_limited(void **state) {
    struct rig *g = *state;
    g->d->limits.max_total_exposure = 250 * DEC_ONE;
    assert_int_equal(refusal(g), ERR_OK);
    assert_int_equal(refusal(g), ERR_OK);
    assert_int_equal(refusal(g), ERR_RISK_TOTAL_EXPOSURE);
}

static void notes_are_kept(void **state) {
    struct rig *g = *state;
    struct intent in = want(g, INTENT_REMARK);
    in.u.remark = (struct remark){.kind = REMARK_DAY, .subject = 20454};
    str_copy(in.u.remark.text, sizeof in.u.remark.text, "quiet");
    send_intent(g, &in);
    assert_string_equal(view_remark(g->d, REMARK_DAY, 20454)->text, "quiet");
    in.token = ++g->token;
    in.u.remark.text[0] = 0;
    send_intent(g, &in);
    assert_null(view_remark(g->d, REMARK_DAY, 20454));
    in.u.remark = (struct remark){.kind = REMARK_ORDER, .subject = 5};
    in.token = ++g->token;
    send_intent(g, &in);
    assert_int_equal(last_reply(g), ERR_NOT_FOUND);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_trail_follows_the_best_price), TEST(the_trail_never_goes_back_and_survives), TEST(a_short_trails_downwards), TEST(no_trails_in_its_own_price),
        TEST(break_even_moves_the_stop_to_the_entry), TEST(a_ladder_closes_in_parts), TEST(the_stop_stays_while_a_part_works_and_two_parts_go_at_once),
        TEST(a_part_that_fills_nothing_is_tried_again), TEST(it_closes_before_the_market_does), TEST(rules_that_make_no_sense_are_refused), TEST(an_order_s_rules_are_checked_against_its_price), TEST(trading_states_let_exits_pass),
        TEST(refusals_in_a_row_trip_the_breaker), TEST(drawdown_halves_and_then_halts), TEST(the_sum_of_all_accounts_is_limited), TEST(notes_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
