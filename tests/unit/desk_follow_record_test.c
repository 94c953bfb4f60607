/* Configurations of copy and counter trading: numbered, off at first, checked, edited, deleted, and what two may not do together. */
#include "desk_follow_rig.h"

static void new_ones_are_off_and_numbered(void **state) {
    struct rig *g = *state;
    struct follow f = copy_of("0xFEED00000000000000000000000000000000BEEF");
    follow_id id = 0, other = 0;
    f.enabled = f.baselined = 1;
    f.executed = 99;
    assert_int_equal(put_follow(g, &f, &id), ERR_OK);
    assert_int_equal(put_follow(g, &f, &other), ERR_OK);
    assert_int_equal(other, id + 1);
    const struct follow *v = view_follow(g->d, id);
    assert_non_null(v);
    assert_false(v->enabled || v->baselined || v->executed);
    assert_string_equal(v->wallet, WALLET);
    assert_int_equal(fx_count(g, FX_ACTIVITY), 0);
    traded(g, "t1", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    assert_null(seen(g, id, "t1")); /* off: nothing is even remembered */
    struct rec *r = place(g, g->fed, SIDE_YES, ACTION_BUY, 5, 0.30);
    assert_true(r->o.num > other);
    rig_reload(g, 2);
    assert_true(g->d->next_num > other);
    assert_int_equal(view_follow(g->d, other)->id, other);
}

static void what_makes_no_sense_is_refused(void **state) {
    struct rig *g = *state;
    put_model(g);
    struct follow f = copy_of(WALLET);
    f.max_position = USD(0);
    assert_int_equal(put_follow(g, &f, NULL), ERR_BAD_VALUE);
    f = copy_of(WALLET);
    f.account = 77;
    assert_int_equal(put_follow(g, &f, NULL), ERR_NOT_FOUND);
    f.account = MODEL_ACCOUNT; /* a model's account trades for the model alone */
    assert_int_equal(put_follow(g, &f, NULL), ERR_OWN_WALLET);
    f = copy_of("Paper"); /* the account's own name */
    assert_int_equal(put_follow(g, &f, NULL), ERR_OWN_WALLET);
    f = copy_of("two words");
    assert_int_equal(put_follow(g, &f, NULL), ERR_BAD_VALUE);
    f = copy_of(WALLET);
    f.venue = VENUE_KALSHI;
    assert_int_equal(put_follow(g, &f, NULL), ERR_BAD_VALUE);
    f = copy_of("");
    f.model = 9;
    assert_int_equal(put_follow(g, &f, NULL), ERR_NOT_FOUND);
    f = copy_of(WALLET);
    f.id = 1234;
    assert_int_equal(put_follow(g, &f, NULL), ERR_NOT_FOUND);
    assert_int_equal(follow_do(g, INTENT_FOLLOW_ON, 1234), ERR_NOT_FOUND);
    int cursor = 0;
    assert_null(view_next_follow(g->d, &cursor));
}

static void an_edit_keeps_figures_and_turns_off_for_another_target(void **state) {
    struct rig *g = *state;
    struct follow f = copy_of(WALLET);
    follow_id id = follow_new(g, &f);
    traded(g, "t1", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    f.id = id;
    f.fixed = USD(20 * DEC_ONE);
    assert_int_equal(put_follow(g, &f, NULL), ERR_OK);
    const struct follow *v = view_follow(g->d, id);
    assert_true(v->enabled && v->executed == 1 && v->day_trades == 1 && v->baselined && v->fixed.micro == 20 * DEC_ONE);
    f.kind = FOLLOW_COUNTER;
    assert_int_equal(put_follow(g, &f, NULL), ERR_BAD_VALUE);
    f.kind = FOLLOW_COPY;
    str_copy(f.wallet, sizeof f.wallet, "0xother");
    assert_int_equal(put_follow(g, &f, NULL), ERR_OK);
    assert_false(v->enabled);
    assert_int_equal(fx_last(g, FX_ACTIVITY)->u.activity.on, 0); /* nobody follows the wallet any more */
    assert_string_equal(fx_last(g, FX_ACTIVITY)->u.activity.wallet, WALLET);
    assert_int_equal(follow_do(g, INTENT_FOLLOW_DELETE, id), ERR_OK);
    int cursor = 0;
    assert_int_equal(view_next_follow(g->d, &cursor)->deleted, 1); /* its row stays for what it did */
    assert_int_equal(follow_do(g, INTENT_FOLLOW_ON, id), ERR_NOT_FOUND);
}

static void a_deleted_number_is_not_given_again(void **state) {
    struct rig *g = *state;
    struct follow f = copy_of(WALLET);
    follow_id id = follow_new(g, &f), next = 0;
    assert_int_equal(follow_do(g, INTENT_FOLLOW_DELETE, id), ERR_OK);
    g->rows.n_follows = 0; /* the store does not read deleted ones */
    rig_reload(g, 2);
    assert_int_equal(put_follow(g, &f, &next), ERR_OK);
    assert_true(next > id);
}

static void nothing_is_stored_that_the_store_cant_hold(void **state) {
    struct rig *g = *state;
    struct follow f = copy_of(WALLET);
    f.max_trade = USD(INT64_MAX);
    assert_int_equal(put_follow(g, &f, NULL), ERR_BAD_VALUE);
    f = copy_of(WALLET);
    f.factor = INT64_MAX; /* means nothing with a fixed size */
    memcpy(f.categories, "a\xff\x1b[2J", 7);
    follow_id id = follow_new(g, &f);
    assert_int_equal(view_follow(g->d, id)->factor, DEC_ONE);
    assert_null(strchr(view_follow(g->d, id)->categories, 0x1b));
    struct event ev = trade_event(g, WALLET, "h\x1b[2J\xff", g->fed, SIDE_YES, ACTION_BUY, 0.42, 1);
    ev.u.target.size.micro = INT64_MAX;
    ev.u.target.at_us = INT64_MAX;
    put(g, &ev);
    const struct follow_trade *t = &fol_find(g->d, id)->trades[0]->t;
    assert_string_equal(t->trade, "h?[2J?");
    assert_true(t->reason == ERR_BAD_VALUE && t->at_us == g->now && t->size.micro == 0);
    assert_true(view_follow(g->d, id)->watermark_us <= g->now);
}

static void two_on_one_target_may_not_undo_each_other(void **state) {
    struct rig *g = *state;
    struct follow copy = copy_of(WALLET), counter = counter_of(WALLET);
    follow_id a = follow_new(g, &copy), b = 0;
    assert_int_equal(put_follow(g, &counter, &b), ERR_OK);
    assert_int_equal(follow_do(g, INTENT_FOLLOW_ON, b), ERR_OPPOSITE_STRATEGY);
    counter.id = b;
    counter.strategy = FOLLOW_MIRROR;
    assert_int_equal(put_follow(g, &counter, NULL), ERR_OK);
    assert_int_equal(follow_do(g, INTENT_FOLLOW_ON, b), ERR_OK); /* the same way round: each counts for itself */
    traded(g, "t1", g->fed, SIDE_YES, ACTION_BUY, 0.42, 100);
    assert_followed(g, a, "t1");
    assert_followed(g, b, "t1");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(new_ones_are_off_and_numbered), TEST(what_makes_no_sense_is_refused), TEST(an_edit_keeps_figures_and_turns_off_for_another_target),
        TEST(a_deleted_number_is_not_given_again), TEST(nothing_is_stored_that_the_store_cant_hold), TEST(two_on_one_target_may_not_undo_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
