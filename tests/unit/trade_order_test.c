/* The order state table, names and directions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "turret/trade/order.h"

/* DESIGN.md section 4, said again independently: every pair of states, reachable by some event or not. */
static void only_documented_transitions(void **st) {
    (void)st;
    static const char *const reach[STATE_COUNT] = {
        [STATE_CREATED] = "created pending partial filled cancelled failed",
        [STATE_PENDING] = "pending partial filled cancelled failed",
        [STATE_PARTIAL] = "partial filled cancelled",
        [STATE_FILLED] = "", [STATE_CANCELLED] = "", [STATE_FAILED] = "",
    };
    for (int s = 0; s < STATE_COUNT; s++)
        for (int e = 0; e < OEV_COUNT; e++) {
            enum order_state to = order_next((enum order_state)s, (enum order_event_kind)e);
            if (to == STATE_COUNT)
                continue;
            assert_non_null(strstr(reach[s], order_state_name(to)));
        }
}

static void final_states_take_nothing(void **st) {
    (void)st;
    for (int s = STATE_FILLED; s < STATE_COUNT; s++) {
        assert_true(order_state_final((enum order_state)s));
        for (int e = 0; e < OEV_COUNT; e++)
            assert_int_equal(order_next((enum order_state)s, (enum order_event_kind)e), STATE_COUNT);
    }
    assert_false(order_state_final(STATE_CREATED));
    assert_false(order_state_final(STATE_PARTIAL));
}

static void the_paths_an_order_takes(void **st) {
    (void)st;
    assert_int_equal(order_next(STATE_CREATED, OEV_SUBMIT), STATE_PENDING);
    assert_int_equal(order_next(STATE_CREATED, OEV_REJECT), STATE_FAILED);
    assert_int_equal(order_next(STATE_CREATED, OEV_FILLED), STATE_FILLED);
    assert_int_equal(order_next(STATE_PENDING, OEV_UNKNOWN), STATE_PENDING);
    assert_int_equal(order_next(STATE_PENDING, OEV_FILL), STATE_PARTIAL);
    assert_int_equal(order_next(STATE_PARTIAL, OEV_CANCEL), STATE_CANCELLED);
    assert_int_equal(order_next(STATE_PARTIAL, OEV_REJECT), STATE_CANCELLED); /* fills stay: it did not fail */
    assert_int_equal(order_next(STATE_PENDING, OEV_SUBMIT), STATE_COUNT);     /* never sent twice */
}

static void names_parse_back(void **st) {
    (void)st;
    enum order_source src;
    for (int i = 0; i < SOURCE_COUNT; i++) {
        assert_true(order_source_parse(order_source_name((enum order_source)i), &src));
        assert_int_equal(src, i);
    }
    enum close_trigger ct;
    for (int i = 0; i < CLOSE_COUNT; i++) {
        assert_true(close_trigger_parse(close_trigger_name((enum close_trigger)i), &ct));
        assert_int_equal(ct, i);
    }
    enum order_state os;
    assert_false(order_state_parse("FILLED", &os));
    assert_string_equal(order_side_name((enum order_side)99), "?");
}

static void directions_in_the_book(void **st) {
    (void)st;
    assert_int_equal(book_dir(SIDE_YES, ACTION_BUY), 1);
    assert_int_equal(book_dir(SIDE_NO, ACTION_BUY), -1);
    assert_int_equal(book_dir(SIDE_NO, ACTION_SELL), 1);
    assert_int_equal(book_dir(SIDE_SHORT, ACTION_SELL), -1); /* opening a short */
    assert_int_equal(book_dir(SIDE_SHORT, ACTION_BUY), 1);
    assert_int_equal(book_price(SIDE_NO, PRICE(300000)).micro, 700000);
    assert_int_equal(book_price(SIDE_YES, PRICE(300000)).micro, 300000);
    for (int s = SIDE_YES; s <= SIDE_SHORT; s++) {
        enum order_side side = (enum order_side)s;
        assert_int_equal(book_dir(side, side_opening_action(side)), side_sign(side));
        assert_int_equal(book_dir(side, side_closing_action(side)), -side_sign(side));
    }
}

static void ids_are_unique_and_positive(void **st) {
    (void)st;
    order_id a = order_id_make(0xFFFFFFFFFFull, 0x7FFFFF), b = order_id_make(0xFFFFFFFFFFull, 0x7FFFFE);
    assert_true(a != b);
    assert_true((int64_t)a > 0); /* fits PostgreSQL's bigint */
    assert_true(order_id_make(1, 0) != order_id_make(0, 1));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_documented_transitions), cmocka_unit_test(final_states_take_nothing),
        cmocka_unit_test(the_paths_an_order_takes),    cmocka_unit_test(names_parse_back),
        cmocka_unit_test(directions_in_the_book),      cmocka_unit_test(ids_are_unique_and_positive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
