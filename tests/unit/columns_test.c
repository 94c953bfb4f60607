/* Columns and formats: what people read and what scripts read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/fake_view.h"
#include "turret/ui/columns.h"
#include "ui/format.h"

static const char *const names[] = {"positions", "orders", "fills", "markets", "accounts", "book",
                                    "notices",   "pnl",    "days",  "limits",  "equity",   "trades"};

static int scene(void **state) {
    (void)state;
    fake_scene();
    return 0;
}

static void keys_are_snake_case_and_unique(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct column_table *t = column_table(names[i]);
        assert_non_null(t);
        assert_string_equal(t->name, names[i]);
        for (int k = 0; k < t->count; k++) {
            assert_int_equal(strspn(t->columns[k].key, "abcdefghijklmnopqrstuvwxyz_"), strlen(t->columns[k].key));
            for (int j = 0; j < k; j++)
                assert_string_not_equal(t->columns[j].key, t->columns[k].key);
        }
    }
    assert_null(column_table("nonsense"));
}

/* Scripts rely on these: renaming or dropping one breaks version 1 of the JSON. */
static void promised_keys_stay(void **state) {
    (void)state;
    static const struct {
        const char *table, *key;
    } promised[] = {
        {"positions", "position"},
        {"positions", "market"},
        {"positions", "side"},
        {"positions", "size"},
        {"positions", "entry_price"},
        {"positions", "mark"},
        {"positions", "unrealized_pnl"},
        {"positions", "stop"},
        {"positions", "target"},
        {"orders", "order"},
        {"orders", "state"},
        {"orders", "price"},
        {"orders", "size"},
        {"orders", "filled"},
        {"orders", "outcome_unknown"},
        {"fills", "time"},
        {"fills", "price"},
        {"fills", "size"},
        {"fills", "fee"},
        {"markets", "symbol"},
        {"markets", "bid"},
        {"markets", "ask"},
        {"markets", "last"},
        {"accounts", "equity"},
        {"accounts", "day_pnl"},
        {"accounts", "cash"},
        {"book", "price"},
        {"book", "size"},
    };
    for (size_t i = 0; i < sizeof promised / sizeof *promised; i++)
        assert_non_null(column_find(column_table(promised[i].table), promised[i].key));
}

static void formats(void **state) {
    (void)state;
    char b[FORMAT_MAX];
    const struct market cents = {.kind = MARKET_BINARY, .price_digits = 2},
                        tenths = {.kind = MARKET_BINARY, .price_digits = 3},
                        btc = {.kind = MARKET_PERP, .price_digits = 1, .qty_digits = 3};
    assert_string_equal(format_price(&cents, PRICE(470000), FORMAT_UNIT, b), "47¢");
    assert_string_equal(format_price(&cents, PRICE(470000), FORMAT_UNIT | FORMAT_ASCII, b), "47c");
    assert_string_equal(format_price(&tenths, PRICE(470000), FORMAT_UNIT, b), "47.0¢");
    assert_string_equal(format_price(&cents, PRICE(468000), FORMAT_FINE, b), "46.8");
    assert_string_equal(format_price(&btc, PRICE(64250500000), 0, b), "64,250.5");
    assert_string_equal(format_price(&btc, PRICE(0), 0, b), "-");
    assert_string_equal(format_pnl(USD(1234560000), b), "+1,234.56");
    assert_string_equal(format_pnl(USD(-4000000), b), "-4.00");
    assert_string_equal(format_pnl(USD(0), b), "0.00");
    assert_string_equal(format_pnl(USD(-1000), b), "0.00"); /* no sign on what shows as nothing */
    assert_string_equal(format_size(&btc, QTY(800000), b), "0.800");
    assert_string_equal(format_size(&cents, QTY(1500000), b), "1.5"); /* never rounded */
    assert_string_equal(format_size(&cents, QTY(1250 * DEC_ONE), b), "1,250");
    assert_string_equal(format_percent(178, 10000, 2, true, b), "+1.78%");
    assert_string_equal(format_percent(-1, 100000000, 2, true, b), "0.00%");
    assert_string_equal(format_percent(5, 0, 2, true, b), "-");
    assert_string_equal(format_age(41900000, b), "41s");
    assert_string_equal(format_age(-5, b), "0ms");
    assert_string_equal(format_left(3 * 3600000000LL + 300000000, b), "3h05m");
    assert_string_equal(format_rfc3339(1795176271118000LL, b), "2026-11-20T12:04:31.118000Z");
    assert_string_equal(format_rfc3339(0, b), "");
    assert_string_equal(format_usd_short(USD(12345 * DEC_ONE), b), "12.3k");
}

static void an_unknown_outcome_is_said(void **state) {
    (void)state;
    const struct column *c = column_find(column_table("orders"), "state");
    struct column_value v = {.role = ROLE_TEXT};
    fake.order[4].flags = ORDER_OUTCOME_UNKNOWN;
    c->get(fake_desk(), &fake.order[4], FAKE_NOW, &v);
    assert_string_equal(v.text, "UNKNOWN?");
    assert_string_equal(v.raw, "pending"); /* the state itself; outcome_unknown is its own key */
}

static void rows_of_unknown_markets_do_no_harm(void **state) {
    (void)state;
    fake.order[0].market = 99;
    fake.fill[0].market = 99;
    cJSON *o = columns_json(column_table("positions"), fake_desk(), &fake.order[0], FAKE_NOW);
    assert_true(cJSON_IsNull(cJSON_GetObjectItem(o, "market")));
    cJSON_Delete(o);
    o = columns_json(column_table("fills"), fake_desk(), &fake.fill[0], FAKE_NOW);
    assert_string_equal(cJSON_GetObjectItem(o, "price")->valuestring, "0.2");
    cJSON_Delete(o);
}

static void limits_read_as_their_kind(void **state) {
    (void)state;
    static const struct {
        const char *key, *text;
    } want[] = {{"max_order_notional", "25,000.00 USD"},
                {"max_price_distance", "20.00%"},
                {"max_open_orders", "200 orders"},
                {"max_data_age", "10000 ms"},
                {"max_order_size", "off"}};
    int n;
    const struct risk_limit_info *table = risk_limit_table(&n);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        for (int k = 0; k < n; k++)
            if (!strcmp(table[k].key, want[i].key)) {
                int64_t value;
                char text[64], raw[64];
                memcpy(&value, (const char *)&fake.limits + table[k].offset, sizeof value);
                limit_text(&table[k], value, text, raw);
                assert_string_equal(text, want[i].text);
            }
}

int main(void) {
#define T(f) cmocka_unit_test_setup(f, scene)
    const struct CMUnitTest tests[] = {
        T(keys_are_snake_case_and_unique),     T(promised_keys_stay),       T(formats), T(an_unknown_outcome_is_said),
        T(rows_of_unknown_markets_do_no_harm), T(limits_read_as_their_kind)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
