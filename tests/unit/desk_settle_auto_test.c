/* Automations on an account whose fills settle later: a followed trade, a sniper, and what they make of a fill that is taken back. */
#include "desk_live_rig.h"

#include "desk/state_follow.h"
#include "desk/state_watch.h"

#define WALLET "0xfeed00000000000000000000000000000000beef"

static follow_id follow_of(struct rig *g) {
    struct intent in = want(g, INTENT_FOLLOW_PUT);
    follow_default(&in.u.follow, FOLLOW_COPY);
    in.u.follow.account = LIVE;
    in.u.follow.venue = VENUE_POLYMARKET;
    in.u.follow.fixed = USD(10 * DEC_ONE);
    in.u.follow.max_position = USD(500 * DEC_ONE);
    str_copy(in.u.follow.wallet, sizeof in.u.follow.wallet, WALLET);
    send_intent(g, &in);
    assert_int_equal(last_reply(g), ERR_OK);
    const follow_id id = fx_last(g, FX_REPLY)->u.reply.num;
    in = want(g, INTENT_FOLLOW_ON);
    in.order = id;
    send_intent(g, &in);
    assert_int_equal(last_reply(g), ERR_OK);
    return id;
}

static void traded(struct rig *g, const char *id, enum order_action action, bool baseline) {
    struct event ev = live_event(EVENT_TARGET_TRADE);
    struct target_trade *t = &ev.u.target;
    *t = (struct target_trade){.market = pm_id(), .side = SIDE_YES, .action = (uint8_t)action, .px = PX(0.52), .size = SZ(100), .at_us = g->now, .baseline = baseline};
    str_copy(t->wallet, sizeof t->wallet, WALLET);
    str_copy(t->trade, sizeof t->trade, id);
    put(g, &ev);
}

static const struct follow_trade *seen(struct rig *g, follow_id f, const char *id) {
    const struct ftrade *t = ftrade_find(g->d, f, id);
    return t != NULL ? &t->t : NULL;
}

static struct rec *followed(struct rig *g, follow_id f, const char *id) {
    const struct follow_trade *t = seen(g, f, id);
    assert_non_null(t);
    if (t->status != FOLLOWED_EXECUTED)
        fail_msg("%s: %s", follow_status_name((enum follow_status)t->status), t->text);
    return rec_find(g->d, t->order);
}

static void a_copy_that_never_settled_failed(void **state) {
    struct rig *g = *state;
    const follow_id id = follow_of(g);
    traded(g, "old", ACTION_BUY, true);
    tick(g, SECOND_US);
    traded(g, "t1", ACTION_BUY, false);
    tick(g, 250000);
    struct rec *r = followed(g, id, "t1");
    ack(g, r);
    const double size = (double)r->o.size.micro / 1e6;
    pm_fill(g, r, "m1", size, 0.52, 0.1, FILL_PROVISIONAL);
    const struct follow *f = view_follow(g->d, id);
    assert_true(f->day_volume.micro > 0);
    assert_int_equal(f->day_pnl.micro, -100000);
    assert_int_equal(f->executed, 1);
    pm_finality(g, "m1", FILL_REVERSED);
    f = view_follow(g->d, id);
    assert_int_equal(f->day_volume.micro, 0);
    assert_int_equal(f->day_pnl.micro, 0);
    assert_int_equal(f->executed, 0);
    assert_int_equal(f->failed, 1);
    const struct follow_trade *t = seen(g, id, "t1");
    assert_int_equal(t->status, FOLLOWED_FAILED);
    assert_int_equal(t->total.micro, 0);
    assert_true(strstr(t->text, "never settled") != NULL);
    assert_non_null(last_history(g, "taken back"));
    fx_clear(g);
    tick(g, SECOND_US);
    assert_int_equal(fx_count(g, FX_PLACE), 0); /* it does not buy again by itself */
    audit_clean(g);
}

static void the_targets_sale_waits_for_settlement(void **state) {
    struct rig *g = *state;
    const follow_id id = follow_of(g);
    traded(g, "old", ACTION_BUY, true);
    tick(g, SECOND_US);
    traded(g, "t1", ACTION_BUY, false);
    tick(g, 250000);
    struct rec *r = followed(g, id, "t1");
    ack(g, r);
    pm_fill(g, r, "m1", (double)r->o.size.micro / 1e6, 0.52, 0, FILL_PROVISIONAL);
    fx_clear(g);
    traded(g, "t2", ACTION_SELL, false);
    tick(g, SECOND_US);
    pm_book(g, 0.50, 0.52);
    tick(g, SECOND_US);
    assert_int_equal(fx_count(g, FX_PLACE), 0);
    assert_int_equal(seen(g, id, "t2")->status, FOLLOWED_DETECTED);
    pm_finality(g, "m1", FILL_FINAL);
    tick(g, SECOND_US);
    assert_int_equal(fx_count(g, FX_PLACE), 1);
    assert_int_equal(fx_last(g, FX_PLACE)->u.place.order.action, ACTION_SELL);
}

static void a_snipers_budget_has_it_back(void **state) {
    struct rig *g = *state;
    struct intent in = want(g, INTENT_WATCH_PUT);
    in.u.watch = (struct watch){.kind = WATCH_SNIPER, .account = LIVE, .figure = FIGURE_ASK, .subject = pm_id(), .level = PX(0.45), .dir = TRIGGER_AT_OR_BELOW, .amount = 10 * DEC_ONE,
                                .budget = USD(30 * DEC_ONE), .side = SIDE_YES, .action = ACTION_BUY, .slippage_e4 = 200, .flags = WATCH_REPEAT};
    send_intent(g, &in);
    assert_int_equal(last_reply(g), ERR_OK);
    const watch_id id = fx_last(g, FX_REPLY)->u.reply.num;
    in = want(g, INTENT_WATCH_ARM);
    in.order = id;
    send_intent(g, &in);
    fx_clear(g);
    pm_book(g, 0.42, 0.44);
    assert_int_equal(fx_count(g, FX_PLACE), 1);
    struct rec *r = newest(g);
    assert_int_equal(r->o.source, SOURCE_SNIPER);
    ack(g, r);
    pm_fill(g, r, "m1", (double)r->o.size.micro / 1e6, 0.44, 0, FILL_PROVISIONAL);
    const struct watch *w = watch_find(g->d, id);
    assert_int_equal(w->spent.micro, r->o.filled_value.micro);
    assert_int_equal(w->status, WATCH_WATCHING);
    pm_finality(g, "m1", FILL_REVERSED);
    w = watch_find(g->d, id);
    assert_int_equal(w->spent.micro, 0);
    assert_int_equal(w->fires, 1); /* it has fired all the same */
    fx_clear(g);
    pm_book(g, 0.42, 0.44);
    assert_int_equal(fx_count(g, FX_PLACE), 0); /* not before the price was away */
    pm_book(g, 0.50, 0.52);
    pm_book(g, 0.42, 0.44);
    assert_int_equal(fx_count(g, FX_PLACE), 1);
    audit_clean(g);
}

static void a_sniper_that_was_filled_is_told_and_does_not_come_back(void **state) {
    struct rig *g = *state;
    struct intent in = want(g, INTENT_WATCH_PUT);
    in.u.watch = (struct watch){.kind = WATCH_SNIPER, .account = LIVE, .figure = FIGURE_ASK, .subject = pm_id(), .level = PX(0.45), .dir = TRIGGER_AT_OR_BELOW, .amount = 10 * DEC_ONE,
                                .side = SIDE_YES, .action = ACTION_BUY, .slippage_e4 = 200};
    send_intent(g, &in);
    const watch_id id = fx_last(g, FX_REPLY)->u.reply.num;
    in = want(g, INTENT_WATCH_ARM);
    in.order = id;
    send_intent(g, &in);
    pm_book(g, 0.42, 0.44);
    struct rec *r = newest(g);
    ack(g, r);
    pm_fill(g, r, "m1", (double)r->o.size.micro / 1e6, 0.44, 0, FILL_PROVISIONAL);
    assert_int_equal(watch_find(g->d, id)->status, WATCH_FILLED);
    fx_clear(g);
    pm_finality(g, "m1", FILL_REVERSED);
    pm_book(g, 0.50, 0.52);
    pm_book(g, 0.42, 0.44);
    assert_int_equal(watch_find(g->d, id)->status, WATCH_FILLED);
    assert_int_equal(fx_count(g, FX_PLACE), 0);
    const struct history *h = last_history(g, "taken back");
    assert_true(h != NULL && h->kind == HISTORY_SNIPER && h->id == id);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        LIVE_TEST(a_copy_that_never_settled_failed), LIVE_TEST(the_targets_sale_waits_for_settlement), LIVE_TEST(a_snipers_budget_has_it_back),
        LIVE_TEST(a_sniper_that_was_filled_is_told_and_does_not_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
