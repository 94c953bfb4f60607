/* Polymarket's answers as records: each form a field comes in, each missing one an error, and every recorded payload where the shared folder
 * is there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <cjson/cJSON.h>
#include <dirent.h>

#include "turret/market/book.h"
#include "turret/market/candle.h"
#include "turret/trade/fee.h"
#include "venue/polymarket/market/pm_parse.h"

#define COND "0x1111111111111111111111111111111111111111111111111111111111111111"
#define YES "7770000000000000000000000000000000000000000000000000000000000000000000001"
#define NO "7770000000000000000000000000000000000000000000000000000000000000000000002"

static struct json_err err;
static struct cJSON *doc;

static struct json root_of(const char *text) {
    json_free(doc);
    doc = NULL;
    if (!json_parse(text, strlen(text), 4 << 20, &doc, &err))
        fail_msg("not JSON: %s: %.80s", err.text, text);
    return json_root(doc, &err);
}

/* A market of Gamma with `change` in place of the field it names ("-tick" leaves it out). */
static const char *gamma_with(const char *key, const char *value) {
    static char out[4096];
    static const char *const base[][2] = {
        {"id", "\"77\""}, {"question", "\"Will it rain\\u202e in Bern?\\n\""}, {"conditionId", "\"" COND "\""}, {"slug", "\"rain-in-bern\""}, {"endDate", "\"2026-12-31T12:00:00Z\""},
        {"outcomes", "\"[\\\"Yes\\\", \\\"No\\\"]\""}, {"outcomePrices", "\"[\\\"0.4\\\", \\\"0.6\\\"]\""}, {"clobTokenIds", "\"[\\\"" YES "\\\", \\\"" NO "\\\"]\""},
        {"orderPriceMinTickSize", "0.01"}, {"orderMinSize", "5"}, {"closed", "false"}, {"acceptingOrders", "true"}, {"enableOrderBook", "true"}, {"negRisk", "false"},
        {"volume24hr", "1234.567890123"}, {"bestBid", "0.39"}, {"bestAsk", "0.41"}, {"lastTradePrice", "0.4"}, {"feesEnabled", "true"},
        {"feeSchedule", "{\"rate\": 0.05, \"exponent\": 1, \"takerOnly\": true, \"rebateRate\": 0.2}"}, {"feeType", "\"weather_fees_v2\""},
        {"umaResolutionStatus", "null"}, {"version", "null"}, {"positionIds", "null"}, {"secondsDelay", "0"}, {"events", "[{\"slug\":\"bern\"}]"}, {"unheard", "[1,{}]"},
    };
    size_t n = (size_t)snprintf(out, sizeof out, "{");
    for (size_t i = 0; i < sizeof base / sizeof *base; i++) {
        const char *v = key && !strcmp(key, base[i][0]) ? value : base[i][1];
        if (v)
            n += (size_t)snprintf(out + n, sizeof out - n, "%s\"%s\":%s", n > 1 ? "," : "", base[i][0], v);
    }
    snprintf(out + n, sizeof out - n, "}\n");
    return out;
}
static bool listing(const char *text, struct pm_listing *l) {
    struct json root = root_of(text);
    return pm_parse_gamma(&root, NULL, NULL, l);
}

static void a_market_is_read_whole(void **state) {
    (void)state;
    struct pm_listing l;
    assert_true(listing(gamma_with(NULL, NULL), &l));
    pm_listing_name(&l, VENUE_POLYMARKET);
    const struct market *m = &l.pm.m;
    assert_true(l.ready && l.pm.accepting);
    assert_string_equal(m->native, COND);
    assert_string_equal(m->symbol, "rain-in-bern");
    assert_string_equal(m->title, "Will it rain in Bern? ");
    assert_string_equal(m->category, "weather");
    assert_string_equal(l.pm.token[0], YES);
    assert_string_equal(l.pm.token[1], NO);
    assert_string_equal(l.pm.outcome[1], "No");
    assert_string_equal(l.pm.event_slug, "bern");
    assert_int_equal(m->status, MARKET_OPEN);
    assert_int_equal(m->id, market_id_of(VENUE_POLYMARKET, "rain-in-bern"));
    assert_int_equal(m->tick.micro, 10000);
    assert_int_equal(m->min_price.micro, 10000);
    assert_int_equal(m->max_price.micro, 990000);
    assert_int_equal(m->lot.micro, 10000);
    assert_int_equal(m->min_size.micro, 5000000);
    assert_int_equal(m->taker_ppm, 50000);
    assert_int_equal(m->maker_ppm, 0);
    assert_int_equal(m->closes_us, 1798718400000000);
    assert_int_equal(l.volume_24h.micro, 1234567890);
    assert_int_equal(l.bid.micro, 390000);
    assert_int_equal(fee_of(m, PRICE(520000), QTY(22840000), false).micro, 285040); /* 22.84 * 0.05 * 0.52 * 0.48, down to 0.00001 */
    assert_int_equal(fee_of(m, PRICE(520000), QTY(22840000), true).micro, 0);
}

static void each_form_of_a_value_is_taken(void **state) {
    (void)state;
    struct pm_listing l;
    assert_true(listing(gamma_with("clobTokenIds", "[\"" YES "\",\"" NO "\"]"), &l) && l.ready); /* a real list */
    assert_true(listing(gamma_with("orderPriceMinTickSize", "\".001\""), &l) && l.pm.m.tick.micro == 1000 && l.pm.m.price_digits == 3);
    assert_true(listing(gamma_with("orderPriceMinTickSize", "0.0025"), &l) && l.pm.m.tick.micro == 2500 && l.pm.m.price_digits == 4);
    assert_true(listing(gamma_with("orderMinSize", "\"5\""), &l) && l.pm.m.min_size.micro == 5000000);
    assert_true(listing(gamma_with("volume24hr", "\"\""), &l) && l.volume_24h.micro == 0);
    assert_true(listing(gamma_with("volume24hr", "\"99.1234567\""), &l) && l.volume_24h.micro == 99123456);
    assert_true(listing(gamma_with("bestBid", "null"), &l) && l.bid.micro == 0);
    assert_true(listing(gamma_with("outcomes", "\"[\\\"Atl\\\\u00e9tico\\\",\\\"Inter\\\"]\""), &l));
    assert_string_equal(l.pm.outcome[0], "Atl\xc3\xa9tico");
    assert_true(listing(gamma_with("feesEnabled", "false"), &l) && l.pm.m.taker_ppm == 0 && l.fee_source == PM_FEE_KNOWN);
    assert_true(listing(gamma_with("feeSchedule", NULL), &l) && l.fee_source == PM_FEE_UNKNOWN);
    assert_true(listing(gamma_with("secondsDelay", "3"), &l) && l.pm.delayed && l.pm.delay_s == 3);
    assert_true(listing(gamma_with("endDate", "\"tomorrow\""), &l) && l.pm.m.closes_us == 0);
}

static void what_is_missing_is_no_zero(void **state) {
    (void)state;
    static const char *const required[] = {"question", "conditionId", "slug"};
    static const char *const to_trade[] = {"clobTokenIds", "orderPriceMinTickSize", "orderMinSize"};
    static const char *const wrong[][2] = {
        {"conditionId", "\"0x12\""}, {"conditionId", "7"}, {"slug", "\"\""}, {"clobTokenIds", "\"[\\\"12x\\\",\\\"3\\\"]\""}, {"clobTokenIds", "\"[\\\"5\\\",\\\"5\\\"]\""},
        {"clobTokenIds", "\"[1\""}, {"clobTokenIds", "[1,2]"}, {"orderPriceMinTickSize", "\"small\""}, {"orderPriceMinTickSize", "-0.01"}, {"orderMinSize", "1e30"},
        {"closed", "\"no\""}, {"feeSchedule", "{\"exponent\":1}"}, {"feeSchedule", "{\"rate\":0.05,\"exponent\":1.5}"}, {"outcomes", "\"Yes,No\""}, {"volume24hr", "\"many\""},
    };
    struct pm_listing l;
    for (size_t i = 0; i < sizeof required / sizeof *required; i++) {
        assert_false(listing(gamma_with(required[i], NULL), &l));
        assert_non_null(strstr(err.text, required[i]));
    }
    for (size_t i = 0; i < sizeof to_trade / sizeof *to_trade; i++) {
        assert_true(listing(gamma_with(to_trade[i], NULL), &l));
        assert_false(l.ready);
        assert_true(l.why[0]);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (listing(gamma_with(wrong[i][0], wrong[i][1]), &l))
            fail_msg("taken: %s: %s", wrong[i][0], wrong[i][1]);
    assert_true(listing(gamma_with("clobTokenIds", "\"[]\""), &l) && !l.ready); /* just made: the tokens follow */
    assert_true(listing(gamma_with("outcomes", "\"[\\\"A\\\",\\\"B\\\",\\\"C\\\"]\""), &l) && !l.ready);
    assert_true(listing(gamma_with("orderPriceMinTickSize", "0.02"), &l) && !l.ready);
    assert_true(listing(gamma_with("version", "\"v3\""), &l) && !l.ready);
}

static void polyv2_uses_positions(void **state) {
    (void)state;
    char text[4096], positions[256];
    struct pm_listing l;
    snprintf(positions, sizeof positions, "[\"%s\",\"%s\"]", "663574927012476832975694178961957910328055987427402067619466963999000625152",
             "663574927012476832975694178961957910328055987427402067619466963999000625153");
    snprintf(text, sizeof text, "%s", gamma_with("version", "\"v2\""));
    assert_true(listing(text, &l) && !l.ready); /* tokens of v1 are not its own */
    struct json root = root_of(text);
    cJSON_ReplaceItemInObjectCaseSensitive(doc, "positionIds", cJSON_Parse(positions));
    cJSON_ReplaceItemInObjectCaseSensitive(doc, "clobTokenIds", cJSON_CreateNull());
    cJSON_ReplaceItemInObjectCaseSensitive(doc, "conditionId", cJSON_CreateString("0x017791F201d5a788e0039e511fc1900e5f0000000000000000000000000000"));
    assert_true(pm_parse_gamma(&root, NULL, NULL, &l) && l.ready);
    assert_int_equal(l.pm.protocol, 2);
    assert_string_equal(l.pm.m.native, "0x017791f201d5a788e0039e511fc1900e5f000000000000000000000000000000");
    assert_int_equal(l.pm.token[0][74], '2');
    /* Positions beside a market of v1 are no reason to use them. */
    snprintf(text, sizeof text, "%s", gamma_with("positionIds", positions));
    assert_true(listing(text, &l) && l.ready && l.pm.protocol == 1 && !strcmp(l.pm.token[0], YES));
}

static void the_end_of_a_market(void **state) {
    (void)state;
    static const struct { const char *uma, *prices, *closed; enum market_status status; enum market_outcome outcome; } cases[] = {
        {"\"resolved\"", "\"[\\\"1\\\",\\\"0\\\"]\"", "true", MARKET_RESOLVED, OUTCOME_YES}, {"\"resolved\"", "\"[\\\"0\\\",\\\"1\\\"]\"", "true", MARKET_RESOLVED, OUTCOME_NO},
        {"\"resolved\"", "\"[\\\"0.5\\\",\\\"0.5\\\"]\"", "true", MARKET_RESOLVED, OUTCOME_VOID}, {"null", "\"[\\\"1\\\",\\\"0\\\"]\"", "true", MARKET_RESOLVED, OUTCOME_YES},
        {"\"proposed\"", "\"[\\\"1\\\",\\\"0\\\"]\"", "true", MARKET_CLOSED, OUTCOME_NONE},  {"\"resolved\"", "\"[\\\"0.9995\\\",\\\"0.0005\\\"]\"", "true", MARKET_CLOSED, OUTCOME_NONE},
        {"null", "\"[\\\"0.5\\\",\\\"0.5\\\"]\"", "true", MARKET_CLOSED, OUTCOME_NONE},      {"\"resolved\"", "\"[\\\"1\\\",\\\"0\\\"]\"", "false", MARKET_OPEN, OUTCOME_NONE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct pm_listing l;
        struct json root = root_of(gamma_with("umaResolutionStatus", cases[i].uma));
        cJSON_ReplaceItemInObjectCaseSensitive(doc, "outcomePrices", cJSON_Parse(cases[i].prices));
        cJSON_ReplaceItemInObjectCaseSensitive(doc, "closed", cJSON_Parse(cases[i].closed));
        assert_true(pm_parse_gamma(&root, NULL, NULL, &l));
        assert_int_equal(l.pm.m.status, cases[i].status);
        assert_int_equal(l.pm.m.outcome, cases[i].outcome);
    }
    struct pm_listing l;
    assert_true(listing(gamma_with("acceptingOrders", "false"), &l));
    assert_int_equal(l.pm.m.status, MARKET_HALTED);
}

static void symbols_are_short_and_their_own(void **state) {
    (void)state;
    char a[MARKET_SYMBOL_MAX], b[MARKET_SYMBOL_MAX], slug[128];
    memset(slug, 'x', 47);
    slug[47] = 0;
    pm_symbol_of(slug, COND, a);
    assert_string_equal(a, slug);
    memset(slug, 'x', 60);
    slug[60] = 0;
    pm_symbol_of(slug, COND, a);
    pm_symbol_of(slug, "0x2222", b);
    assert_int_equal(strlen(a), 47);
    assert_int_equal(a[38], '-');
    assert_string_not_equal(a, b);
    pm_symbol_of("caf\xc3\xa9 x", COND, a);
    assert_memory_equal(a, "caf---x-", 8);
    for (const char *c = a; *c; c++)
        assert_true(*c > ' ' && *c <= '~');
}

struct seen { int n, bad; char last[128], event[128], category[24]; int stop_after; };
static bool see(void *ctx, const struct pm_listing *l, const char *why) {
    struct seen *s = ctx;
    if (!l) {
        assert_true(why[0]);
        s->bad++;
        return true;
    }
    snprintf(s->last, sizeof s->last, "%s", l->pm.slug);
    snprintf(s->event, sizeof s->event, "%s", l->pm.event_slug);
    snprintf(s->category, sizeof s->category, "%s", l->pm.m.category);
    return ++s->n != s->stop_after;
}

static void lists_come_in_many_forms(void **state) {
    (void)state;
    char text[16384], one[4096];
    struct pm_page page;
    snprintf(one, sizeof one, "%s", gamma_with(NULL, NULL));
    static const struct { const char *form; int n, bad; const char *cursor; } forms[] = {
        {"%s", 1, 0, ""}, {"[%s]", 1, 0, ""}, {"{\"markets\":[%s,{\"conditionId\":\"0x1\"}],\"next_cursor\":\"abc\"}", 1, 1, "abc"},
        {"{\"events\":[{\"slug\":\"ev\",\"tags\":[{\"slug\":\"all\"},{\"slug\":\"politics\"}],\"markets\":[%s]}],\"pagination\":{\"hasMore\":false}}", 1, 0, ""},
        {"{\"slug\":\"ev\",\"title\":\"t\",\"category\":\"Science\",\"markets\":[%s]}", 1, 0, ""}, {"{\"data\":[%s],\"next_cursor\":\"LTE=\"}", 1, 0, ""},
    };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct seen s = {.n = 0};
        char form[512];
        snprintf(form, sizeof form, "%s", forms[i].form);
        char *at = strstr(form, "%s");
        snprintf(text, sizeof text, "%.*s%s%s", (int)(at - form), form, one, at + 2);
        struct json root = root_of(text);
        assert_true(pm_parse_listings(&root, see, &s, &page));
        assert_int_equal(s.n, forms[i].n);
        assert_int_equal(s.bad, forms[i].bad);
        assert_int_equal(page.bad, forms[i].bad);
        assert_string_equal(page.cursor, forms[i].cursor);
        if (i == 3) {
            assert_string_equal(s.event, "ev");
            assert_string_equal(s.category, "politics");
        }
        if (i == 4)
            assert_string_equal(s.category, "science");
    }
    struct seen none = {.n = 0};
    struct json root = root_of("{\"events\":null,\"tags\":null,\"profiles\":null,\"pagination\":{\"hasMore\":false}}"); /* a search that found nothing */
    assert_true(pm_parse_listings(&root, see, &none, &page) && none.n == 0);
    root = root_of("{\"error\":\"x\"}");
    assert_false(pm_parse_listings(&root, see, &none, &page));
    struct seen stop = {.stop_after = 1};
    snprintf(text, sizeof text, "[%s,%s]", one, one);
    root = root_of(text);
    assert_true(pm_parse_listings(&root, see, &stop, &page));
    assert_int_equal(stop.n, 1);
}

static void the_clob_s_forms(void **state) {
    (void)state;
    struct pm_listing l;
    struct json root = root_of("{\"condition_id\":\"" COND "\",\"question\":\"Rain?\",\"market_slug\":\"rain\",\"minimum_tick_size\":0.01,\"minimum_order_size\":5,\"neg_risk\":true,"
                               "\"closed\":false,\"accepting_orders\":true,\"enable_order_book\":true,\"end_date_iso\":\"2026-12-31T00:00:00Z\",\"seconds_delay\":0,"
                               "\"tokens\":[{\"token_id\":\"" YES "\",\"outcome\":\"Rain\",\"price\":0.4,\"winner\":false},{\"token_id\":\"" NO "\",\"outcome\":\"Dry\",\"price\":0.6,\"winner\":false}]}");
    assert_true(pm_parse_clob_market(&root, &l) && l.ready && l.pm.neg_risk && l.fee_source == PM_FEE_UNTOLD);
    assert_string_equal(l.pm.outcome[1], "Dry");
    root = root_of("{\"c\":\"" COND "\",\"t\":[{\"t\":\"" YES "\",\"o\":\"Rain\"},{\"t\":\"" NO "\",\"o\":\"Dry\"}],\"mts\":0.001,\"mos\":15,\"ao\":true,\"cbos\":true,"
                   "\"fd\":{\"r\":0.07,\"e\":1,\"to\":true},\"mbf\":1000,\"tbf\":1000}");
    assert_true(pm_parse_clob_short(&root, &l));
    assert_int_equal(l.pm.m.tick.micro, 1000);
    assert_int_equal(l.pm.m.min_size.micro, 15000000);
    assert_int_equal(l.pm.m.taker_ppm, 70000);
    assert_true(l.pm.clear_at_start && l.fee_source == PM_FEE_KNOWN && l.pm.m.status == MARKET_OPEN);
    root = root_of("{\"mts\":0.01,\"mos\":5,\"ao\":false}"); /* no fee is given: there is none */
    assert_true(pm_parse_clob_short(&root, &l) && l.pm.m.taker_ppm == 0 && l.pm.m.status == MARKET_HALTED);
    root = root_of("{\"mos\":5,\"ao\":true}");
    assert_false(pm_parse_clob_short(&root, &l));
    root = root_of("{\"condition_id\":\"" COND "\",\"question\":\"Rain?\",\"market_slug\":\"rain\",\"minimum_tick_size\":0.01,\"minimum_order_size\":5,\"closed\":true,"
                   "\"tokens\":[{\"token_id\":\"" YES "\",\"price\":1,\"winner\":true},{\"token_id\":\"" NO "\",\"price\":0,\"winner\":false}]}");
    assert_true(pm_parse_clob_market(&root, &l) && l.pm.m.status == MARKET_RESOLVED && l.pm.m.outcome == OUTCOME_YES);
    root = root_of("{\"question\":\"Rain?\"}");
    assert_false(pm_parse_clob_market(&root, &l));
    int64_t tick = 0;
    char text[PM_CONDITION_MAX];
    root = root_of("{\"minimum_tick_size\":\"0.1\"}");
    assert_true(pm_parse_tick(&root, &tick) && tick == 100000);
    root = root_of("{}");
    assert_false(pm_parse_tick(&root, &tick));
    root = root_of("{\"condition_id\":\"" COND "\",\"primary_token_id\":\"1\"}");
    assert_true(pm_parse_token_market(&root, text));
}

static void history_makes_candles(void **state) {
    (void)state;
    struct candle c[3];
    int n;
    struct json root = root_of("{\"history\":[{\"t\":600,\"p\":0.5},{\"t\":700,\"p\":0.52},{\"t\":899,\"p\":0.47},{\"t\":900,\"p\":\"0.4805\"},{\"t\":850,\"p\":0.9},{\"t\":1500,\"p\":0}]}");
    assert_true(pm_parse_history(&root, 300, c, 3, &n));
    assert_int_equal(n, 2);
    assert_true(c[0].start_us == 600000000 && c[0].open.micro == 500000 && c[0].high.micro == 520000 && c[0].low.micro == 470000 && c[0].close.micro == 470000 && c[0].count == 3);
    assert_true(c[1].start_us == 900000000 && c[1].open.micro == 470000 && c[1].close.micro == 480500 && c[1].high.micro == 480500 && c[1].low.micro == 470000);
    root = root_of("{\"history\":[{\"t\":0,\"p\":0.1},{\"t\":300,\"p\":0.2},{\"t\":600,\"p\":0.3},{\"t\":900,\"p\":0.4}]}");
    assert_true(pm_parse_history(&root, 300, c, 3, &n) && n == 3 && c[0].start_us == 300000000 && c[2].close.micro == 400000); /* the newest ones */
    root = root_of("{\"history\":[{\"t\":0}]}");
    assert_false(pm_parse_history(&root, 300, c, 3, &n));
    root = root_of("{\"history\":[]}");
    assert_true(pm_parse_history(&root, 300, c, 3, &n) && n == 0);
}

/* --- every recorded payload ---------------------------------------------------------------------------------------------------------------- */
static char *slurp(const char *path) {
    FILE *f = fopen(path, "rb");
    if (!f)
        return NULL;
    char *all = calloc(1, 4 << 20);
    size_t n = fread(all, 1, (4 << 20) - 1, f);
    all[n] = 0;
    fclose(f);
    return all;
}

static bool ignore(void *ctx, const struct pm_listing *l, const char *why) {
    (void)why;
    struct seen *s = ctx;
    s->n += l != NULL;
    s->bad += l == NULL;
    return true;
}

/* What each file must give: markets that can be read, those that can't; or events of the stream. */
static const struct expected { const char *file; int markets, bad; enum pm_ws_kind event; } expected[] = {
    {"captured_btc5m/gamma_markets_btc_5m_raw.json", 5, 0, 0},
    {"nautilus_trader/gamma_market.json", 1, 0, 0},
    {"nautilus_trader/gamma_market_closed_binary_accepting_false.json", 1, 0, 0},
    {"nautilus_trader/gamma_market_closed_binary_accepting_true.json", 1, 0, 0},
    {"nautilus_trader/gamma_market_closed_nonbinary_legacy.json", 1, 0, 0},
    {"nautilus_trader/gamma_market_closed_zero_zero_legacy.json", 1, 0, 0},
    {"nautilus_trader/gamma_market_sports_market_map_handicap.json", 1, 0, 0},
    {"nautilus_trader/gamma_market_sports_market_money_line.json", 1, 0, 0},
    {"nautilus_trader/gamma_event.json", -1, 0, 0},
    {"nautilus_trader/search_response.json", -1, 0, 0},
    {"nautilus_trader/clob_book_response.json", 0, 0, PM_WS_BOOK},
    {"nautilus_trader/ws_book_snapshot.json", 0, 0, PM_WS_BOOK},
    {"nautilus_trader/ws_market_book_msg.json", 0, 0, PM_WS_BOOK},
    {"nautilus_trader/ws_last_trade.json", 0, 0, PM_WS_TRADE},
    {"nautilus_trader/ws_market_last_trade_msg.json", 0, 0, PM_WS_TRADE},
    {"nautilus_trader/ws_market_price_change_msg.json", 0, 0, PM_WS_CHANGES},
    {"nautilus_trader/ws_quotes.json", 0, 0, PM_WS_CHANGES},
    {"nautilus_trader/ws_market_tick_size_msg.json", 0, 0, PM_WS_TICK},
    {"nautilus_trader/ws_tick_size_change.json", 0, 0, PM_WS_TICK},
    {"nautilus_trader/ws_market_best_bid_ask_msg.json", 0, 0, PM_WS_BEST},
    {"nautilus_trader/ws_market_new_market_msg.json", 0, 0, PM_WS_NEW},
    {"nautilus_trader/ws_market_resolved_msg.json", 0, 0, PM_WS_RESOLVED},
    {"nautilus_py/http_responses__book.json", 0, 0, PM_WS_BOOK},
    {"nautilus_py/ws_messages__book.json", 0, 0, PM_WS_BOOK},
    {"nautilus_py/ws_messages__last_trade_price.json", 0, 0, PM_WS_TRADE},
    {"nautilus_py/ws_messages__price_change.json", 0, 0, PM_WS_CHANGES},
    {"nautilus_py/ws_messages__price_change_v2.json", 0, 0, PM_WS_CHANGES},
    {"nautilus_py/ws_messages__tick_size_change.json", 0, 0, PM_WS_TICK},
    {"official_docs/ws_market__bestBidAsk.json", 0, 0, PM_WS_BEST},
    {"official_docs/ws_market__book.json", 0, 0, PM_WS_BOOK},
    {"official_docs/ws_market__lastTradePrice.json", 0, 0, PM_WS_TRADE},
    {"official_docs/ws_market__marketResolved.json", 0, 0, PM_WS_RESOLVED},
    {"official_docs/ws_market__newMarket.json", 0, 0, PM_WS_NEW},
    {"official_docs/ws_market__priceChange.json", 0, 0, PM_WS_CHANGES},
    {"official_docs/ws_market__tickSizeChange.json", 0, 0, PM_WS_TICK},
    {"protocol_v2/book_v2.json", 0, 0, PM_WS_BOOK},
    {"protocol_v2/ws_market_first_frame_v2.json", 0, 0, PM_WS_BOOK},
};

static void check_events(const char *file, const char *text, enum pm_ws_kind kind) {
    struct pm_ws_parser p = {.open = false};
    const struct pm_ws_event *ev;
    int n = 0;
    char hash[41];
    assert_true(pm_ws_open(&p, text, strlen(text)));
    while ((ev = pm_ws_next(&p))) {
        if (ev->kind != kind)
            fail_msg("%s: kind %d, expected %d (%s)", file, ev->kind, kind, p.what);
        if (!strncmp(file, "protocol_v2/", 12)) { /* real ones: their hash must come out, from the text and from the book */
            struct pm_summary s;
            struct book *b = book_new();
            assert_true(pm_book_hash_raw(ev, hash));
            assert_memory_equal(hash, ev->hash.p, 40);
            assert_true(pm_summary_of(ev, &s));
            pm_book_hash(&s, "1791238858575", b, hash);
            assert_memory_equal(hash, ev->hash.p, 40);
            book_free(b);
        }
        n++;
    }
    assert_string_equal(p.what, "");
    assert_true(n > 0);
    pm_ws_parser_free(&p);
}

static void every_recorded_payload(void **state) {
    (void)state;
    char path[512];
    const char *root = getenv("TURRET_SHARED");
    snprintf(path, sizeof path, "%s/data/fixtures/polymarket", root ? root : "../shared");
    DIR *dir = opendir(path);
    if (!dir) {
        print_message("skipped: no recorded payloads (TURRET_SHARED or ../shared)\n");
        skip();
    }
    closedir(dir);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        const struct expected *x = &expected[i];
        snprintf(path, sizeof path, "%s/data/fixtures/polymarket/%s", root ? root : "../shared", x->file);
        char *text = slurp(path);
        if (!text) {
            print_message("missing: %s\n", x->file);
            continue;
        }
        if (x->event) {
            check_events(x->file, text, x->event);
        } else {
            struct seen s = {.n = 0};
            struct pm_page page;
            struct json at = root_of(text);
            if (!pm_parse_listings(&at, ignore, &s, &page))
                fail_msg("%s: %s", x->file, err.text);
            if (s.bad != x->bad || (x->markets >= 0 ? s.n != x->markets : s.n < 1))
                fail_msg("%s: %d markets, %d bad", x->file, s.n, s.bad);
        }
        free(text);
    }
}

static int end_doc(void **state) {
    (void)state;
    json_free(doc);
    doc = NULL;
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_market_is_read_whole),      cmocka_unit_test(each_form_of_a_value_is_taken), cmocka_unit_test(what_is_missing_is_no_zero),
        cmocka_unit_test(polyv2_uses_positions),       cmocka_unit_test(the_end_of_a_market),           cmocka_unit_test(symbols_are_short_and_their_own),
        cmocka_unit_test(lists_come_in_many_forms),    cmocka_unit_test(the_clob_s_forms),              cmocka_unit_test(history_makes_candles),
        cmocka_unit_test(every_recorded_payload),
    };
    return cmocka_run_group_tests(tests, NULL, end_doc);
}
