/* Candles: building, gaps, late prices, the ring; and the rules of a market for prices and sizes. */
#include "turret/base/err.h"
#include "turret/market/candle.h"
#include "turret/market/market.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static struct candle_series s;

static void trades_make_candles(void **state) {
    (void)state;
    candle_init(&s, 60);
    assert_null(candle_at(&s, 0));
    candle_add(&s, 125, PRICE(10), QTY(3));
    candle_add(&s, 130, PRICE(14), QTY(2));
    candle_add(&s, 179, PRICE(8), QTY(1));
    candle_add(&s, 400, PRICE(9), QTY(1)); /* a gap makes no candles */
    candle_add(&s, 150, PRICE(99), QTY(1)); /* too late: into the newest */
    assert_int_equal(s.count, 2);
    const struct candle *c = candle_at(&s, 0);
    assert_true(c->start_us == 120 && c->open.micro == 10 && c->high.micro == 14 && c->low.micro == 8 && c->close.micro == 8);
    assert_true(c->volume.micro == 6 && c->count == 3);
    c = candle_at(&s, 1);
    assert_true(c->start_us == 360 && c->high.micro == 99 && c->close.micro == 99 && c->volume.micro == 2);
}

static void marks_count_until_a_trade_comes(void **state) {
    (void)state;
    candle_init(&s, 60);
    candle_add(&s, -1, PRICE(5), QTY(0));
    candle_add(&s, -1, PRICE(6), QTY(0));
    assert_true(candle_at(&s, 0)->count == 2 && candle_at(&s, 0)->start_us == -60);
    candle_add(&s, -1, PRICE(7), QTY(4));
    candle_add(&s, -1, PRICE(9), QTY(0));
    assert_true(candle_at(&s, 0)->count == 1 && candle_at(&s, 0)->high.micro == 9);
}

static void the_oldest_make_room(void **state) {
    (void)state;
    candle_init(&s, 10);
    for (int i = 0; i < CANDLE_KEEP + 5; i++)
        candle_add(&s, i * 10, PRICE(i), QTY(1));
    assert_int_equal(s.count, CANDLE_KEEP);
    assert_true(candle_at(&s, 0)->open.micro == 5);
    assert_true(candle_at(&s, CANDLE_KEEP - 1)->open.micro == CANDLE_KEEP + 4);
    assert_null(candle_at(&s, CANDLE_KEEP));
}

static void a_market_refuses_what_it_does_not_trade(void **state) {
    (void)state;
    struct market m = {.kind = MARKET_BINARY, .tick = PRICE(10000), .lot = QTY(DEC_ONE), .min_size = QTY(5 * DEC_ONE)};
    assert_int_equal(market_check_price(&m, PRICE(290000)), ERR_OK);
    assert_int_equal(market_check_price(&m, PRICE(295000)), ERR_TICK_SIZE);
    assert_int_equal(market_check_price(&m, PRICE(0)), ERR_PRICE_OUT_OF_RANGE);
    assert_int_equal(market_check_price(&m, PRICE(DEC_ONE)), ERR_PRICE_OUT_OF_RANGE);
    assert_int_equal(market_check_size(&m, QTY(5 * DEC_ONE)), ERR_OK);
    assert_int_equal(market_check_size(&m, QTY(4 * DEC_ONE)), ERR_MIN_SIZE);
    assert_int_equal(market_check_size(&m, QTY(5500000)), ERR_LOT_SIZE);
    assert_int_equal(market_check_size(&m, QTY(-1)), ERR_MIN_SIZE);
    m = (struct market){.kind = MARKET_PERP, .tick = PRICE(100000), .min_price = PRICE(DEC_ONE), .max_price = PRICE(100000 * DEC_ONE)};
    assert_int_equal(market_check_price(&m, PRICE(65000 * DEC_ONE)), ERR_OK);
    assert_int_equal(market_check_price(&m, PRICE(500000)), ERR_PRICE_OUT_OF_RANGE);
    assert_int_equal(market_check_price(&m, PRICE(100001 * DEC_ONE)), ERR_PRICE_OUT_OF_RANGE);
}

static void ids_are_of_venue_and_symbol(void **state) {
    (void)state;
    assert_true(market_id_of(VENUE_SIM, "BTC-PERP") == market_id_of(VENUE_SIM, "BTC-PERP"));
    assert_true(market_id_of(VENUE_SIM, "BTC-PERP") != market_id_of(VENUE_LIGHTER, "BTC-PERP"));
    assert_true(market_id_of(VENUE_SIM, "") != 0);
    assert_string_equal(venue_label(VENUE_KALSHI), "KX");
    assert_string_equal(venue_name((enum venue_id)77), "none");
    assert_string_equal(market_status_name((enum market_status)77), "?");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trades_make_candles), cmocka_unit_test(marks_count_until_a_trade_comes), cmocka_unit_test(the_oldest_make_room),
        cmocka_unit_test(a_market_refuses_what_it_does_not_trade), cmocka_unit_test(ids_are_of_venue_and_symbol),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
