/* Events of Polymarket's market stream: every form, order and gap of their fields; the hash of a book from the text and from our own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "turret/market/book.h"
#include "venue/polymarket/market/pm_parse.h"

#define A "7770000000000000000000000000000000000000000000000000000000000000000000001"
#define M "0x1111111111111111111111111111111111111111111111111111111111111111"

static struct pm_ws_parser p;

static const struct pm_ws_event *first(const char *text) {
    static char kept[8192];
    snprintf(kept, sizeof kept, "%s", text);
    assert_true(pm_ws_open(&p, kept, strlen(kept)));
    return pm_ws_next(&p);
}
static bool is(const struct json_text *t, const char *s) { return t->p && json_text_is(t, s, strlen(s)); }

static void a_book_in_any_order(void **state) {
    (void)state;
    const struct pm_ws_event *e = first("[{\"asks\":[{\"size\":10,\"price\":\".53\"},{\"price\":\"0.52\",\"size\":\"7.123456\",\"x\":{}}],\"bids\":[{\"price\":\"0.5\",\"size\":\"3\"}],\"timestamp\":\"1757908892351\","
                                        "\"hash\":\"ab\",\"market\":\"" M "\",\"asset_id\":\"" A "\",\"tick_size\":\"0.01\",\"neg_risk\":false,\"event_type\":\"book\"}]\n");
    assert_int_equal(e->kind, PM_WS_BOOK);
    assert_true(e->n_bids == 1 && e->n_asks == 2);
    assert_true(e->bids[0].px.micro == 500000 && e->bids[0].size.micro == 3000000);
    assert_true(e->asks[0].px.micro == 530000 && e->asks[0].size.micro == 10000000 && e->asks[1].size.micro == 7123456);
    assert_true(is(&e->asset, A) && is(&e->market, M) && e->at_ms == 1757908892351 && e->tick_micro == 10000 && e->neg_risk == 0);
    assert_null(pm_ws_next(&p));
    assert_string_equal(p.what, "");
    e = first("{\"event_type\":\"book\",\"asset_id\":\"" A "\",\"bids\":[],\"asks\":[],\"tick_size\":null,\"last_trade_price\":\"\"}");
    assert_true(e->kind == PM_WS_BOOK && e->n_bids == 0 && e->n_asks == 0 && e->tick_micro == 0 && e->at_ms == 0 && e->neg_risk == -1);
    e = first("{\"asset_id\":\"" A "\",\"bids\":[],\"asks\":[]}"); /* an answer of GET /book says no type */
    assert_int_equal(e->kind, PM_WS_BOOK);
}

static void changes_in_three_forms(void **state) {
    (void)state;
    const struct pm_ws_event *e = first("{\"market\":\"" M "\",\"price_changes\":[{\"asset_id\":\"" A "\",\"price\":\"0.5\",\"size\":\"0\",\"side\":\"BUY\",\"hash\":\"h1\",\"best_bid\":\"0.49\",\"best_ask\":\"\"},"
                                        "{\"asset_id\":\"2\",\"price\":\".48\",\"size\":\"3300\",\"side\":\"SELL\",\"best_bid\":\"0\",\"best_ask\":\"1\"}],\"timestamp\":1757908892,\"event_type\":\"price_change\"}");
    assert_true(e->kind == PM_WS_CHANGES && e->n_changes == 2 && e->at_ms == 1757908892000);
    const struct pm_change *c = e->changes;
    assert_true(is(&c[0].asset, A) && is(&c[0].hash, "h1") && c[0].px.micro == 500000 && c[0].size.micro == 0 && c[0].side == BOOK_BID);
    assert_true(c[0].best_bid.micro == 490000 && c[0].best_ask.micro == 0);
    assert_true(is(&c[1].asset, "2") && c[1].px.micro == 480000 && c[1].side == BOOK_ASK && c[1].best_bid.micro == 0 && c[1].best_ask.micro == 0 && !c[1].hash.p);
    e = first("{\"event_type\":\"price_change\",\"asset_id\":\"" A "\",\"hash\":\"hh\",\"changes\":[{\"price\":\"0.4\",\"size\":\"1\",\"side\":\"SELL\"},{\"price\":\"0.41\",\"size\":\"2\",\"side\":\"BUY\"}]}");
    assert_true(e->n_changes == 2 && is(&e->changes[1].asset, A) && is(&e->changes[1].hash, "hh") && e->changes[1].side == BOOK_BID && e->changes[0].best_bid.micro == PM_PX_UNKNOWN);
    e = first("{\"event_type\":\"price_change\",\"asset_id\":\"" A "\",\"price\":\"0.514\",\"side\":\"SELL\",\"size\":\"21574.08\",\"hash\":\"bf\"}");
    assert_true(e->kind == PM_WS_CHANGES && e->n_changes == 1 && e->changes[0].px.micro == 514000 && e->changes[0].size.micro == 21574080000 && e->changes[0].side == BOOK_ASK);
}

static void the_rest_of_the_kinds(void **state) {
    (void)state;
    const struct pm_ws_event *e = first("{\"event_type\":\"last_trade_price\",\"asset_id\":\"" A "\",\"price\":\"0.456\",\"size\":\"219.217767\",\"side\":\"SELL\",\"transaction_hash\":\"0xee\"}");
    assert_true(e->kind == PM_WS_TRADE && e->px.micro == 456000 && e->size.micro == 219217767 && !e->buys && is(&e->transaction, "0xee"));
    e = first("{\"event_type\":\"tick_size_change\",\"asset_id\":\"" A "\",\"old_tick_size\":\"0.01\",\"new_tick_size\":\"0.001\"}");
    assert_true(e->kind == PM_WS_TICK && e->tick_micro == 1000);
    e = first("{\"event_type\":\"best_bid_ask\",\"asset_id\":\"" A "\",\"best_bid\":\"0.73\",\"best_ask\":null,\"spread\":\"\"}");
    assert_true(e->kind == PM_WS_BEST && e->best_bid.micro == 730000 && e->best_ask.micro == PM_PX_UNKNOWN);
    e = first("{\"event_type\":\"market_resolved\",\"market\":\"" M "\",\"assets_ids\":[\"1\",\"2\"],\"winning_asset_id\":\"2\",\"winning_outcome\":\"No\"}");
    assert_true(e->kind == PM_WS_RESOLVED && is(&e->winner, "2") && is(&e->assets[0], "1") && is(&e->assets[1], "2") && is(&e->market, M));
    e = first("{\"event_type\":\"new_market\",\"market\":\"" M "\",\"assets_ids\":[],\"tags\":[\"stocks\"],\"question\":\"\\u0416\"}");
    assert_true(e->kind == PM_WS_NEW && is(&e->tags, "[\"stocks\"]") && !e->assets[0].p);
    e = first("{\"event_type\":\"sunshine\",\"anything\":[1,2,{\"a\":null}]}");
    assert_int_equal(e->kind, PM_WS_OTHER);
    assert_false(pm_ws_open(&p, "PONG", 4));
    assert_false(pm_ws_open(&p, "NO NEW ASSETS", 13));
    assert_false(pm_ws_open(&p, "", 0));
    assert_true(pm_ws_open(&p, "[]", 2));
    assert_null(pm_ws_next(&p));
    assert_string_equal(p.what, "");
}

static void what_is_missing_or_wrong_is_told(void **state) {
    (void)state;
    static const char *const bad[] = {
        "{\"event_type\":\"book\",\"asset_id\":\"1\",\"bids\":[]}",
        "{\"event_type\":\"book\",\"bids\":[],\"asks\":[]}",
        "{\"event_type\":\"book\",\"asset_id\":\"1\",\"bids\":[{\"price\":\"0.5\"}],\"asks\":[]}",
        "{\"event_type\":\"book\",\"asset_id\":\"1\",\"bids\":[{\"size\":\"5\"}],\"asks\":[]}",
        "{\"event_type\":\"book\",\"asset_id\":\"1\",\"bids\":[{\"price\":\"1.5\",\"size\":\"5\"}],\"asks\":[]}",
        "{\"event_type\":\"book\",\"asset_id\":\"1\",\"bids\":[{\"price\":\"0.5\",\"size\":\"-5\"}],\"asks\":[]}",
        "{\"event_type\":\"book\",\"asset_id\":\"1\",\"bids\":[{\"price\":1e999,\"size\":\"5\"}],\"asks\":[]}",
        "{\"event_type\":\"book\",\"asset_id\":\"1\",\"bids\":[{\"price\":\"NaN\",\"size\":\"5\"}],\"asks\":[]}",
        "{\"event_type\":\"book\",\"asset_id\":\"1\",\"bids\":null,\"asks\":[]}",
        "{\"event_type\":\"price_change\",\"price_changes\":[{\"asset_id\":\"1\",\"price\":\"0.5\",\"side\":\"BUY\"}]}",
        "{\"event_type\":\"price_change\",\"price_changes\":[{\"asset_id\":\"1\",\"price\":\"0.5\",\"size\":\"1\",\"side\":\"UP\"}]}",
        "{\"event_type\":\"price_change\",\"price_changes\":[{\"price\":\"0.5\",\"size\":\"1\",\"side\":\"BUY\"}]}",
        "{\"event_type\":\"price_change\",\"asset_id\":\"1\"}",
        "{\"event_type\":\"last_trade_price\",\"asset_id\":\"1\",\"price\":\"\",\"size\":\"1\",\"side\":\"BUY\"}",
        "{\"event_type\":\"last_trade_price\",\"asset_id\":\"1\",\"price\":\"0\",\"size\":\"1\",\"side\":\"BUY\"}",
        "{\"event_type\":\"tick_size_change\",\"asset_id\":\"1\",\"old_tick_size\":\"0.01\"}",
        "{\"event_type\":\"tick_size_change\",\"asset_id\":\"1\",\"new_tick_size\":\"\"}",
        "{\"event_type\":\"market_resolved\",\"winning_asset_id\":\"1\"}",
        "{\"event_type\":\"book\",\"asset_id\":\"1\",\"asset_id\":\"2\",\"bids\":[],\"asks\":[]}",
        "{\"event_type\":\"book\",\"asset_id\":\"1\",\"bids\":[],\"asks\":[],\"timestamp\":\"soon\"}",
        "{\"event_type\":\"book\",\"asset_id\":{},\"bids\":[],\"asks\":[]}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const struct pm_ws_event *e = first(bad[i]);
        if (!e || e->kind != PM_WS_BAD || !p.what[0])
            fail_msg("taken: %s", bad[i]);
    }
    /* One bad event does not hide the others; broken JSON ends the message. */
    const struct pm_ws_event *e = first("[{\"event_type\":\"tick_size_change\",\"asset_id\":\"1\"},{\"event_type\":\"best_bid_ask\",\"asset_id\":\"9\"},{\"event_type\":]");
    assert_true(e->kind == PM_WS_BAD && is(&e->asset, "1"));
    e = pm_ws_next(&p);
    assert_true(e->kind == PM_WS_BEST && is(&e->asset, "9"));
    assert_null(pm_ws_next(&p));
    assert_true(p.what[0]);
    assert_null(first("{\"event_type\":\"best_bid_ask\",\"asset_id\":\"9\"} x"));
    assert_true(p.what[0]);
    assert_null(first("[7]"));
    assert_true(p.what[0]);
}

/* The real form of a summary with invented contents; the digest was made with another program. */
static void the_hash_comes_out(void **state) {
    (void)state;
    static const char text[] = "{\"market\":\"0xab\",\"asset_id\":\"12\",\"timestamp\":\"1757908892351\",\"hash\":\"bbc2c722d385b263c1c877cb2c9472ff78b1103f\",\"bids\":[{\"price\":\"0.4\",\"size\":\"100\"}, {\"price\":\"0.48\",\"size\":\"30.5\"}],"
                               "\"asks\":[ {\"price\":\"0.52\",\"size\":\"25\"}],\"min_order_size\":\"5\",\"tick_size\":\"0.01\",\"neg_risk\":true,\"last_trade_price\":\"0.5\",\"event_type\":\"book\"}";
    const struct pm_ws_event *e = first(text);
    char raw[41], own[41];
    assert_true(pm_book_hash_raw(e, raw));
    struct pm_summary s;
    struct book *b = book_new();
    for (int i = 0; i < e->n_bids; i++)
        book_set(b, BOOK_BID, e->bids[i].px, e->bids[i].size);
    for (int i = 0; i < e->n_asks; i++)
        book_set(b, BOOK_ASK, e->asks[i].px, e->asks[i].size);
    assert_true(pm_summary_of(e, &s));
    pm_book_hash(&s, "1757908892351", b, own);
    assert_string_equal(raw, own);
    assert_memory_equal(own, e->hash.p, 40);
    book_set(b, BOOK_BID, PRICE(480000), QTY(30000000)); /* any difference shows */
    pm_book_hash(&s, "1757908892351", b, own);
    assert_string_not_equal(raw, own);
    book_free(b);
    e = first("{\"event_type\":\"book\",\"asset_id\":\"1\",\"bids\":[],\"asks\":[]}");
    assert_false(pm_book_hash_raw(e, raw)); /* without market or time there is none */
}

static void every_cut_of_a_message(void **state) {
    (void)state;
    static const char text[] = "[{\"event_type\":\"price_change\",\"price_changes\":[{\"asset_id\":\"1\",\"price\":\"0.5\",\"size\":\"1\",\"side\":\"BUY\"}]},{\"event_type\":\"book\",\"asset_id\":\"1\",\"bids\":[{\"price\":\"0.5\",\"size\":\"2\"}],\"asks\":[]}]";
    for (size_t n = 1; n < sizeof text - 1; n++) {
        int events = 0;
        assert_true(pm_ws_open(&p, text, n));
        while (pm_ws_next(&p))
            events++;
        assert_true(events <= 2 && p.what[0]);
    }
}

static int end(void **state) {
    (void)state;
    pm_ws_parser_free(&p);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_book_in_any_order),  cmocka_unit_test(changes_in_three_forms), cmocka_unit_test(the_rest_of_the_kinds), cmocka_unit_test(what_is_missing_or_wrong_is_told),
        cmocka_unit_test(the_hash_comes_out),   cmocka_unit_test(every_cut_of_a_message),
    };
    return cmocka_run_group_tests(tests, NULL, end);
}
