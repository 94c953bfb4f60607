/* Market data of venues that tell less: lists by offset only, listings that leave out what an order depends on, nobody who speaks of fees. What
 * can't be asked anywhere is not made up where it would cost money. */
#include "pm_data_rig.h"

struct need { int calls; const struct pm_market *m; };
static void on_need(void *ctx, const struct pm_market *m) {
    struct need *n = ctx;
    n->calls++;
    n->m = m;
}

static void lists_by_offset(void **state) {
    (void)state;
    open_with(40, 30, "");
    v.by_offset = true;
    for (int i = 0; i < 40; i++)
        v.m[i].closed = i >= 35;
    v.m[37].prices = "[\\\"0\\\",\\\"1\\\"]";
    pm_data_start(v.d, clock_now_us());
    UNTIL(got.n[EVENT_MARKET] == 30 && got.of[29].snapshots == 1); /* two pages of 25 */
    assert_false(got.of[30].told);
    struct need closed = {0};
    pm_market_need(v.d, cond(37), on_need, &closed);
    UNTIL(closed.calls == 1);
    assert_true(closed.m && closed.m->m.outcome == OUTCOME_NO);
}

static void the_short_form_says_what_the_listing_leaves_out(void **state) {
    (void)state;
    open_with(3, 3, "");
    v.m[1].little = true;
    pm_data_start(v.d, clock_now_us());
    UNTIL(got.of[0].told && got.of[1].told && got.of[2].told && got.of[1].snapshots == 1);
    assert_int_equal(got.of[1].m.taker_ppm, 70000);
    assert_int_equal(got.of[1].m.min_size.micro, 15 * DEC_ONE);
    assert_int_equal(got.of[1].m.status, MARKET_OPEN);
    const int listings = v.gamma;
    UNTIL(v.gamma > listings + 1); /* told again, it says no more: what is known stays */
    assert_int_equal(got.of[1].status, MARKET_OPEN);
    assert_int_equal(got.of[1].m.taker_ppm, 70000);
}

static void nobody_says_more(void **state) {
    (void)state;
    open_with(2, 2, "");
    v.no_shorts = v.neg_risk = true;
    v.m[1].little = true;
    v.m[1].no_fee = true;
    v.m[0].no_fee = true; /* says that there is one, and not which */
    pm_data_start(v.d, clock_now_us());
    UNTIL(got.of[1].told && got.of[1].snapshots == 1);
    const struct pm_market *m = pm_market_by_condition(v.d, cond(1));
    assert_true(m && m->neg_risk && m->accepting && m->m.taker_ppm == 0);
    turn_for(1.);
    assert_false(got.of[0].told); /* a fee is never made up */
}

static void tokens_by_the_listing(void **state) {
    (void)state;
    open_with(4, 1, "");
    v.no_by_token = true;
    v.m[2].hidden = v.m[3].hidden = true;
    v.m[3].closed = true;
    v.m[3].prices = "[\\\"1\\\",\\\"0\\\"]";
    pm_data_start(v.d, clock_now_us());
    struct need open = {0}, closed = {0}, unknown = {0};
    pm_market_need(v.d, token(2, 1), on_need, &open);
    pm_market_need(v.d, token(3, 0), on_need, &closed);
    pm_market_need(v.d, "123456789", on_need, &unknown);
    UNTIL(open.calls == 1 && closed.calls == 1 && unknown.calls == 1);
    assert_true(open.m && !strcmp(open.m->m.native, cond(2)));
    assert_true(closed.m && closed.m->m.outcome == OUTCOME_YES);
    assert_null(unknown.m);
}

static void a_stream_without_snapshots(void **state) {
    (void)state;
    open_with(2, 2, "");
    v.no_snapshots = true;
    pm_data_start(v.d, clock_now_us());
    UNTIL(v.m[0].subscribed && v.m[1].subscribed);
    for (int i = 0; i < 600 && !(got.health.books == 2); i++) {
        if (i % 20 == 0)
            send_change(1, 0, "BUY", 460, 5, ""); /* it does tell */
        turn_for(0.02);
    }
    assert_int_equal(got.health.books, 2);
    assert_int_equal(got.of[0].snapshots, 1);
    price bid, ask;
    int64_t at;
    assert_true(pm_touch(v.d, id_of(0), &bid, &ask, &at) && bid.micro == 450000 && ask.micro == 550000);
}

int main(void) {
#define T(f) cmocka_unit_test_teardown(f, shut)
    const struct CMUnitTest tests[] = {T(lists_by_offset), T(the_short_form_says_what_the_listing_leaves_out), T(nobody_says_more), T(tokens_by_the_listing), T(a_stream_without_snapshots)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
