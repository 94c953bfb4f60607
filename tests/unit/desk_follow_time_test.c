/* Copy and counter trading over time: the delay that looks again, trades that come twice, late or over a restart, the day and
 * its pause, models as targets, floods. */
#include "desk_follow_rig.h"

/* --- the delay ------------------------------------------------------------------------------------------------------ */
static void the_delay_looks_again(void **state) {
    struct rig *g = *state;
    struct follow f = copy_of(WALLET);
    f.delay_ms = 5000;
    f.max_age_ms = 1000;
    follow_id id = follow_new(g, &f);
    traded(g, "t1", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    assert_int_equal(seen(g, id, "t1")->status, FOLLOWED_DETECTED);
    tick(g, 4999999);
    books(g);
    assert_int_equal(seen(g, id, "t1")->status, FOLLOWED_DETECTED);
    tick(g, 1);
    assert_followed(g, id, "t1");
    traded(g, "moved", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    tick(g, 4000000);
    book(g, g->fed, 0.44, 0.46, 5000);
    tick(g, 1000000);
    assert_skipped(g, id, "moved", ERR_SLIPPAGE);
    books(g);
    traded(g, "switched", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    follow_do(g, INTENT_FOLLOW_OFF, id);
    tick(g, 5000000);
    assert_skipped(g, id, "switched", ERR_FOLLOW_OFF);
    follow_do(g, INTENT_FOLLOW_ON, id);
    books(g);
    traded(g, "kill", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    struct intent in = want(g, INTENT_KILL);
    send_intent(g, &in);
    tick(g, 5000000);
    books(g);
    assert_skipped(g, id, "kill", ERR_KILLED);
}

static void what_is_too_old_is_late(void **state) {
    struct rig *g = *state;
    struct follow f = copy_of(WALLET);
    f.delay_ms = 1000;
    f.max_age_ms = 2000;
    follow_id id = follow_new(g, &f);
    struct event ev = trade_event(g, WALLET, "just", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    ev.u.target.at_us = g->now - 2000000;
    put(g, &ev);
    ev = trade_event(g, WALLET, "late", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    ev.u.target.at_us = g->now - 2000001;
    put(g, &ev);
    tick(g, 1000000);
    assert_followed(g, id, "just");
    assert_skipped(g, id, "late", ERR_FOLLOW_LATE);
    book(g, g->fed, 0.45, 0.44, 10); /* crossed: can't be relied on, so it waits */
    traded(g, "waits", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    tick(g, 1000000);
    assert_int_equal(seen(g, id, "waits")->status, FOLLOWED_DETECTED);
    books(g);
    tick(g, 250000);
    assert_followed(g, id, "waits");
    book(g, g->fed, 0.45, 0.44, 10);
    traded(g, "in-vain", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    for (int i = 0; i < 13; i++)
        tick(g, 250000);
    assert_skipped(g, id, "in-vain", ERR_FOLLOW_LATE);
}

/* --- once ------------------------------------------------------------------------------------------------------------ */
static void each_trade_counts_once(void **state) {
    struct rig *g = *state;
    struct follow f = copy_of(WALLET);
    follow_id id = follow_new(g, &f);
    struct event first = trade_event(g, "0xFEED00000000000000000000000000000000BEEF", "t1", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    put(g, &first);
    size_t orders = g->d->order_count;
    struct rec *r = assert_followed(g, id, "t1");
    put(g, &first);
    first.u.target.px = PX(0.41); /* whatever else it says now */
    put(g, &first);
    assert_int_equal(g->d->order_count, orders);
    tick(g, 3000000);
    books(g);
    traded(g, "t3", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    struct event older = trade_event(g, WALLET, "t2", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    older.u.target.at_us -= 2000000; /* comes after a newer one */
    put(g, &older);
    assert_followed(g, id, "t2");
    orders = g->d->order_count;
    fill_all(g, r, 0.42);
    ack(g, r = assert_followed(g, id, "t2"));
    done(g, r, ERR_NO_LIQUIDITY);
    rig_reload(g, 2);
    const struct fx_activity *a = &fx_last(g, FX_ACTIVITY)->u.activity;
    assert_true(a->on);
    assert_int_equal(a->since_us, g->now - MINUTE_US); /* from before the newest */
    put_venue(g, true);
    books(g);
    tick(g, 250000);
    put(g, &first);
    put(g, &older);
    assert_int_equal(g->d->order_count, orders);
    assert_int_equal(seen(g, id, "t1")->total.micro, 23 * 420000);
    traded(g, "t4", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    assert_non_null(seen(g, id, "t4"));
    assert_int_equal(view_follow(g->d, id)->failed, 1);
}

static void the_first_answer_is_history(void **state) {
    struct rig *g = *state;
    struct follow f = copy_of(WALLET);
    follow_id id = follow_new(g, &f);
    assert_int_equal(fx_last(g, FX_ACTIVITY)->u.activity.since_us, 0);
    struct event ev = trade_event(g, WALLET, "old-1", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    ev.u.target.baseline = 1;
    ev.u.target.at_us -= 1000000;
    put(g, &ev);
    tick(g, 500000);
    ev = trade_event(g, WALLET, "old-2", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    ev.u.target.baseline = 1;
    put(g, &ev);
    for (int i = 1; i <= 2; i++) {
        char name[8];
        snprintf(name, sizeof name, "old-%d", i);
        assert_skipped(g, id, name, ERR_OK);
        assert_string_equal(seen(g, id, name)->text, "baseline");
    }
    assert_int_equal(view_follow(g->d, id)->skipped, 0);
    ev.u.target.baseline = 0; /* polled again */
    put(g, &ev);
    assert_skipped(g, id, "old-2", ERR_OK);
    traded(g, "new", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    assert_followed(g, id, "new");
    assert_int_equal(view_follow(g->d, id)->baselined, 1);
    /* off and on again: what happened between is history too */
    follow_do(g, INTENT_FOLLOW_OFF, id);
    assert_int_equal(fx_last(g, FX_ACTIVITY)->u.activity.on, 0);
    tick(g, 5000000);
    books(g);
    struct event missed = trade_event(g, WALLET, "missed", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    tick(g, 5000000);
    follow_do(g, INTENT_FOLLOW_ON, id);
    assert_int_equal(fx_last(g, FX_ACTIVITY)->u.activity.since_us, 0);
    missed.u.target.baseline = 1;
    put(g, &missed);
    assert_skipped(g, id, "missed", ERR_OK);
}

static void a_quiet_wallet_has_an_empty_baseline(void **state) {
    struct rig *g = *state;
    struct follow f = copy_of(WALLET);
    follow_id id = follow_new(g, &f);
    tick(g, 59 * SECOND_US);
    assert_int_equal(view_follow(g->d, id)->baselined, 0);
    tick(g, SECOND_US);
    assert_int_equal(view_follow(g->d, id)->baselined, 1);
    rig_reload(g, 2);
    assert_true(fx_last(g, FX_ACTIVITY)->u.activity.since_us > 0);
}

static void a_kill_while_it_waits_loses_nothing(void **state) {
    struct rig *g = *state;
    struct follow f = copy_of(WALLET);
    f.delay_ms = 3000;
    follow_id id = follow_new(g, &f);
    traded(g, "t1", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    uint64_t h = hash_follows(g->d, 1);
    rig_reload(g, 2);
    assert_true(hash_follows(g->d, 1) == h);
    assert_int_equal(seen(g, id, "t1")->status, FOLLOWED_DETECTED);
    put_venue(g, true);
    books(g);
    tick(g, 3000000);
    books(g);
    tick(g, 250000);
    struct rec *r = assert_followed(g, id, "t1");
    size_t orders = g->d->order_count;
    rig_reload(g, 3);
    put_venue(g, true);
    books(g);
    tick(g, 3000000);
    assert_int_equal(g->d->order_count, orders);
    assert_int_equal(seen(g, id, "t1")->order, g->d->orders[0]->o.id);
    (void)r;
}

static void a_batch_that_failed_is_written_again(void **state) {
    struct rig *g = *state;
    struct follow f = copy_of(WALLET);
    follow_id id = follow_new(g, &f);
    g->hold_saves = true;
    fx_clear(g);
    traded(g, "t1", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    uint64_t seq = fx_last(g, FX_SAVE)->u.save.seq;
    g->hold_saves = false;
    saved_result(g, seq, ERR_STORE_DOWN, false);
    assert_int_equal(seen(g, id, "t1")->status, FOLLOWED_FAILED);
    assert_int_equal(seen(g, id, "t1")->reason, ERR_STORE_DOWN);
    assert_int_equal(fx_count(g, FX_PLACE), 0);
    assert_int_equal(g->rows.n_targets, 1); /* the row is there with what became of it */
    assert_int_equal(g->rows.targets[0].status, FOLLOWED_FAILED);
    traded(g, "t1", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    assert_int_equal(fx_count(g, FX_PLACE), 0);
}

static void a_watching_desk_follows_nothing(void **state) {
    struct rig *g = *state;
    struct follow f = copy_of(WALLET);
    f.delay_ms = 1000;
    follow_id id = follow_new(g, &f);
    traded(g, "t1", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    put_leader(g, false);
    tick(g, 1000000);
    assert_int_equal(seen(g, id, "t1")->status, FOLLOWED_DETECTED);
    assert_int_equal(fx_last(g, FX_ACTIVITY)->u.activity.on, 0);
    traded(g, "t2", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    assert_null(seen(g, id, "t2"));
    assert_int_equal(put_follow(g, &f, NULL), ERR_NOT_LEADER);
    put_leader(g, true);
    books(g);
    tick(g, 250000);
    assert_int_equal(fx_last(g, FX_ACTIVITY)->u.activity.on, 1);
    assert_followed(g, id, "t1");
}

static void a_venue_that_was_away_is_asked_again(void **state) {
    struct rig *g = *state;
    struct follow f = copy_of(WALLET);
    follow_new(g, &f);
    traded(g, "t1", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    int64_t newest = g->now;
    int asked = fx_count(g, FX_ACTIVITY);
    put_venue(g, false);
    tick(g, 1000000);
    put_venue(g, true);
    tick(g, 1000000);
    assert_int_equal(fx_count(g, FX_ACTIVITY), asked + 1);
    assert_int_equal(fx_last(g, FX_ACTIVITY)->u.activity.since_us, newest - MINUTE_US);
}

/* --- the day -------------------------------------------------------------------------------------------------------------- */
static void a_loss_pauses_until_midnight(void **state) {
    struct rig *g = *state;
    struct follow f = copy_of(WALLET);
    f.fixed = USD(42 * DEC_ONE);
    f.max_day_loss = USD(4 * DEC_ONE);
    follow_id id = follow_new(g, &f);
    traded(g, "b1", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    fill_all(g, assert_followed(g, id, "b1"), 0.42);
    traded(g, "s1", g->fed, SIDE_YES, ACTION_SELL, 0.40, 100);
    struct rec *r = assert_followed(g, id, "s1");
    assert_int_equal(r->o.size.micro, 100 * DEC_ONE);
    ack(g, r);
    fill_fee(g, r, "half", 50, 0.37, 0); /* -2.50 */
    assert_false(view_follow(g->d, id)->paused);
    fill_fee(g, r, "rest", 50, 0.40, 500000); /* -1.00 and its fee: -4.00 */
    assert_int_equal(view_follow(g->d, id)->day_pnl.micro, -4000000);
    assert_true(view_follow(g->d, id)->paused);
    assert_int_equal(view_follow_pnl(g->d, view_follow(g->d, id)).micro, -4000000);
    traded(g, "b2", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    assert_skipped(g, id, "b2", ERR_FOLLOW_LOSS);
    rig_reload(g, 2); /* the pause is stored */
    put_venue(g, true);
    books(g);
    tick(g, 250000);
    traded(g, "b3", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    assert_skipped(g, id, "b3", ERR_FOLLOW_LOSS);
    g->now = T0 + DAY_US - 1;
    books(g);
    tick(g, 0);
    assert_true(view_follow(g->d, id)->paused);
    tick(g, 1);
    assert_false(view_follow(g->d, id)->paused);
    assert_int_equal(view_follow(g->d, id)->day_pnl.micro, 0);
    traded(g, "b4", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    assert_followed(g, id, "b4");
}

static void the_day_is_told_by_the_date(void **state) {
    struct rig *g = *state;
    struct follow f = copy_of(WALLET);
    f.max_day_trades = 1;
    follow_id id = follow_new(g, &f);
    traded(g, "d1", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    fill_all(g, assert_followed(g, id, "d1"), 0.42);
    g->now += 3 * DAY_US; /* it slept over several midnights: no beat was there for them */
    books(g);
    traded(g, "d4", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    fill_all(g, assert_followed(g, id, "d4"), 0.42);
    traded(g, "more", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    assert_skipped(g, id, "more", ERR_FOLLOW_TRADES);
    rig_reload(g, 2); /* the same day: the figures stay */
    assert_int_equal(view_follow(g->d, id)->day_trades, 1);
    g->now -= 3 * DAY_US; /* the clock was set back: that day's figures come from its own orders and fills */
    rig_reload(g, 3);
    assert_int_equal(view_follow(g->d, id)->day, g->now / DAY_US);
    assert_int_equal(view_follow(g->d, id)->day_trades, 2); /* what lies in the future counts as well: the careful way */
    assert_int_equal(view_follow(g->d, id)->day_volume.micro, 23 * 420000);
    g->now += 4 * DAY_US;
    rig_reload(g, 4);
    assert_int_equal(view_follow(g->d, id)->day_trades, 0);
    assert_int_equal(view_follow(g->d, id)->day_volume.micro, 0);
}

/* --- models ------------------------------------------------------------------------------------------------------------------ */
static struct rec *model_trades(struct rig *g, const char *strategy, market_id m, enum order_side side, enum order_action action, double size, double px, const char *trade) {
    struct intent in = limit_intent(g, m, side, action, size, px);
    in.account = MODEL_ACCOUNT;
    str_copy(in.strategy, sizeof in.strategy, strategy);
    send_intent(g, &in);
    struct rec *r = newest(g);
    assert_int_equal(r->o.account, MODEL_ACCOUNT);
    ack(g, r);
    fill(g, r, trade, size, px);
    return r;
}

static void a_model_can_be_faded(void **state) {
    struct rig *g = *state;
    put_model(g);
    struct follow f = counter_of("");
    f.model = 1;
    follow_id id = follow_new(g, &f);
    assert_int_equal(fx_count(g, FX_ACTIVITY), 0);
    model_trades(g, "main", g->perp, SIDE_LONG, ACTION_BUY, 1, 100.1, "m-1");
    struct rec *r = assert_followed(g, id, "m-1");
    assert_int_equal(r->o.account, ACCOUNT);
    assert_int_equal(r->o.side, SIDE_SHORT);
    fill_all(g, r, 99.9);
    model_trades(g, "main", g->perp, SIDE_LONG, ACTION_SELL, 1, 99.9, "m-2"); /* it leaves: so do we */
    r = assert_followed(g, id, "m-2");
    assert_int_equal(r->o.side, SIDE_SHORT);
    assert_int_equal(r->o.action, ACTION_BUY);
    assert_true(r->o.flags & ORDER_REDUCE_ONLY);
    fill_all(g, r, 100.1);
    /* through zero in one fill: two trades, the one closes and the other opens */
    model_trades(g, "main", g->perp, SIDE_LONG, ACTION_BUY, 1, 100.1, "m-3");
    fill_all(g, assert_followed(g, id, "m-3"), 99.9);
    model_trades(g, "main", g->perp, SIDE_SHORT, ACTION_SELL, 3, 99.9, "m-4");
    r = assert_followed(g, id, "m-4");
    assert_int_equal(r->o.action, ACTION_BUY);
    assert_true(r->o.flags & ORDER_REDUCE_ONLY);
    assert_non_null(seen(g, id, "m-4:1"));
    assert_int_equal(seen(g, id, "m-4:1")->our_side, SIDE_LONG);
    audit_clean(g);
}

static void a_follow_never_follows_a_follow(void **state) {
    struct rig *g = *state;
    put_model(g);
    struct follow f = counter_of("");
    f.model = 1;
    follow_id id = follow_new(g, &f);
    struct intent in = limit_intent(g, g->perp, SIDE_LONG, ACTION_BUY, 1, 100.1);
    in.account = MODEL_ACCOUNT; /* however it came to trade there */
    in.source = SOURCE_COUNTER_TRADE;
    in.link = 9999;
    send_intent(g, &in);
    ack(g, newest(g));
    fill(g, newest(g), "loop", 1, 100.1);
    assert_skipped(g, id, "loop", ERR_FOLLOW_LOOP);
    /* Mutual: both accounts would have to be models' */
    g->rows.follows[0].account = MODEL_ACCOUNT; /* a stored one from before the account was a model's */
    rig_reload(g, 2);
    put_model(g);
    put_venue(g, true);
    for (int i = 0; i < 4; i++)
        tick(g, 250000);
    books(g);
    model_trades(g, "main", g->perp, SIDE_LONG, ACTION_BUY, 1, 100.1, "self");
    assert_skipped(g, id, "self", ERR_OWN_WALLET);
}

/* --- many ------------------------------------------------------------------------------------------------------------------- */
static void a_flood_stays_bounded(void **state) {
    struct rig *g = *state;
    struct follow f = copy_of(WALLET);
    str_copy(f.categories, sizeof f.categories, "none");
    follow_id id = follow_new(g, &f);
    char name[24];
    for (int i = 0; i < 12000; i++) {
        snprintf(name, sizeof name, "n-%d", i);
        g->now += 100;
        struct event ev = trade_event(g, WALLET, name, g->fed, SIDE_YES, ACTION_BUY, 0.42, 1);
        put(g, &ev);
        fx_clear(g);
    }
    assert_int_equal(view_follow(g->d, id)->skipped, 12000);
    assert_true(fol_find(g->d, id)->n <= 2 * FOLLOW_KEEP);
    assert_null(seen(g, id, "n-0"));
    struct event old = trade_event(g, WALLET, "n-0", g->fed, SIDE_YES, ACTION_BUY, 0.42, 1);
    old.u.target.at_us = g->now - 12000 * 100 + 100;
    put(g, &old); /* forgotten, and as old as what was forgotten: it can't be new */
    assert_null(seen(g, id, "n-0"));
    assert_int_equal(view_follow(g->d, id)->skipped, 12000);
    const struct follow_trade *list[3];
    assert_int_equal(view_follow_trades(g->d, 0, list, 3), 3);
    assert_string_equal(list[0]->trade, "n-11999");
    assert_string_equal(list[2]->trade, "n-11997");
    g->now += FOLLOW_KEEP_US;
    tick(g, MINUTE_US);
    assert_int_equal(fol_find(g->d, id)->n, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(the_delay_looks_again), TEST(what_is_too_old_is_late), TEST(each_trade_counts_once), TEST(the_first_answer_is_history),
        TEST(a_quiet_wallet_has_an_empty_baseline), TEST(a_kill_while_it_waits_loses_nothing), TEST(a_batch_that_failed_is_written_again),
        TEST(a_watching_desk_follows_nothing), TEST(a_venue_that_was_away_is_asked_again), TEST(a_loss_pauses_until_midnight), TEST(the_day_is_told_by_the_date),
        TEST(a_model_can_be_faded), TEST(a_follow_never_follows_a_follow), TEST(a_flood_stays_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
