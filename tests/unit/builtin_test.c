/* Built-in agents: each does what its rule says on figures set by hand, asks for sizes inside its limits, and says why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "support/fake_intel.h"
#include "support/fake_view.h"
#include "support/standins.h"
#include "turret/agent/builtin.h"

static struct library *lib;
static struct model *me;
static struct builtin_decision out;
static struct intel *btc, *fed;

static void forget(void) {
    for (int i = 0; i < out.count; i++)
        free(out.calls[i].arguments);
    out = (struct builtin_decision){.count = 0};
}

static int setup(void **state) {
    char told[256];
    (void)state;
    fake_reset();
    assert_int_equal(library_load(NULL, &lib, told, sizeof told), ERR_OK);
    me = fake_model("me", "Trendsurfer", "10000");
    fake_market(MARKET_PERP, "BTC-PERP", "Bitcoin perpetual");
    fake_level("BTC-PERP", BOOK_BID, "64000", "50"), fake_level("BTC-PERP", BOOK_ASK, "64001", "50");
    fake_market(MARKET_BINARY, "FED-CUT", "Fed cut?");
    fake_level("FED-CUT", BOOK_BID, "0.49", "50000"), fake_level("FED-CUT", BOOK_ASK, "0.50", "50000");
    btc = fake.intel[0] = fake_intel();
    fed = fake.intel[1] = fake_intel();
    return 0;
}
static int teardown(void **state) {
    (void)state;
    forget();
    library_free(lib);
    free(btc);
    free(fed);
    fake_reset();
    return 0;
}

static void use_variant(const char *name) { me->limits = library_variant(lib, name)->limits; }

static void decide(const char *rule, uint64_t seed) {
    struct run_snapshot *s = snapshot_take(lib, fake_desk(), me, FAKE_NOW);
    forget();
    builtin_find(rule)->decide(fake_desk(), me, s, seed, &out);
    snapshot_free(s);
    assert_true(out.reasoning[0] != '\0');
}

/* The arguments of the call of that tool; NULL = it is not called. The caller deletes. */
static cJSON *call(const char *tool) {
    for (int i = 0; i < out.count; i++)
        if (strcmp(out.calls[i].name, tool) == 0)
            return cJSON_Parse(out.calls[i].arguments);
    return NULL;
}

static double num(const cJSON *o, const char *key) {
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);
    if (!v)
        return NAN;
    return cJSON_IsString(v) ? strtod(v->valuestring, NULL) : v->valuedouble;
}
static const char *str_at(const cJSON *o, const char *key) {
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);
    return cJSON_IsString(v) ? v->valuestring : "";
}

static void says(const char *part) {
    if (!strstr(out.reasoning, part))
        print_error("said: %s\nnot: %s\n", out.reasoning, part);
    assert_non_null(strstr(out.reasoning, part));
}

/* The only new position asked for, inside the model's limits. */
static cJSON *opening(const char *symbol, const char *side) {
    cJSON *args = call("createPosition");
    if (!args)
        print_error("said: %s\n", out.reasoning);
    assert_non_null(args);
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(args, "decisions");
    assert_int_equal(cJSON_GetArraySize(list), 1);
    cJSON *d = cJSON_DetachItemFromArray(cJSON_GetObjectItemCaseSensitive(args, "decisions"), 0);
    cJSON_Delete(args);
    assert_string_equal(str_at(d, "symbol"), symbol);
    assert_string_equal(str_at(d, "side"), side);
    return d;
}

static void inside_limits(const cJSON *d, double entry, double equity) {
    double size = num(d, "quantity"), stop = num(d, "stop_loss"), confidence = num(d, "confidence");
    double risk = fabs(entry - stop) * size, lev = cJSON_HasObjectItem(d, "leverage") ? num(d, "leverage") : 1;
    double allowed = (double)me->limits.max_risk / 1e6 * equity * (confidence < (double)me->limits.full_confidence ? 0.5 : 1);
    assert_true(size > 0);
    assert_true(lev >= 1 && lev <= (double)me->limits.max_leverage);
    assert_true(me->limits.max_risk == 0 || risk <= allowed);
    assert_true(size * entry <= (double)me->limits.max_exposure / 1e6 * equity);
    assert_true(size * entry / lev <= equity - (double)me->limits.min_cash / 1e6);
    assert_true(size * entry >= (double)me->limits.min_notional / 1e6);
    assert_true(confidence >= (double)me->limits.min_confidence);
}

static struct order *hold_position(const char *symbol, enum order_side side, const char *size, const char *entry, const char *mark, double stop) {
    struct order *o = fake_position(symbol, side, size, entry, mark);
    o->account = me->account;
    o->pos.plan.stop = PRICE((int64_t)(stop * 1e6));
    fake.va[1].positions++;
    return o;
}

/* --- trend --- */
static void up_trend(void) {
    set_fast(btc, IND_EMA20, 63900), set_fast(btc, IND_EMA50, 63700), set_fast(btc, IND_ADX14, 31), set_fast(btc, IND_SUPERTREND, 63600), set_fast(btc, IND_ATR14, 100);
    set_slow(btc, IND_EMA20, 63000), set_slow(btc, IND_EMA50, 62000);
}

static void test_trend_enters(void **state) {
    (void)state;
    use_variant("Trendsurfer");
    up_trend();
    decide("trend", 1);
    cJSON *d = opening("BTC-PERP", "LONG");
    inside_limits(d, 64001, 10000);
    assert_float_equal(num(d, "stop_loss"), 63800.5, 0.6); /* two ATR under the mark */
    assert_true(num(d, "profit_target") > 65000);
    assert_float_equal(num(d, "confidence"), 85, 0);
    assert_float_equal(num(d, "quantity"), 0.117, 0.0001); /* a quarter of the exposure binds: 7500 USD */
    assert_true(str_at(d, "invalidation_condition")[0] != '\0');
    says("EMA20 63900.0 above EMA50 63700.0, ADX 31.0 strong");
    says("long 0.117");
    cJSON_Delete(d);
    set_fast(btc, IND_ATR14, 400);
    decide("trend", 1);
    d = opening("BTC-PERP", "LONG");
    inside_limits(d, 64001, 10000);
    assert_float_equal(num(d, "quantity"), 0.061, 0.0001); /* 49 USD, a quarter of 2 % less a little, over a stop 800.5 away */
    cJSON_Delete(d);
    set_fast(btc, IND_ATR14, 100);
    /* Down, with a weaker trend and the slow frame against it: less confidence, half the size. */
    set_fast(btc, IND_EMA20, 64100), set_fast(btc, IND_EMA50, 64300), set_fast(btc, IND_ADX14, 21), set_fast(btc, IND_SUPERTREND, 64400);
    decide("trend", 1);
    d = opening("BTC-PERP", "SHORT");
    inside_limits(d, 64000, 10000);
    assert_float_equal(num(d, "stop_loss"), 64200.5, 0.6);
    assert_float_equal(num(d, "confidence"), 60, 0);
    assert_true(num(d, "profit_target") < 63000);
    cJSON_Delete(d);
}

static void test_trend_waits(void **state) {
    (void)state;
    use_variant("Trendsurfer");
    decide("trend", 1); /* nothing is defined yet */
    assert_int_equal(out.count, 0);
    up_trend();
    set_fast(btc, IND_ADX14, 19);
    decide("trend", 1);
    assert_int_equal(out.count, 0);
    says("no trend");
    up_trend();
    set_fast(btc, IND_SUPERTREND, 64500); /* does not agree */
    decide("trend", 1);
    assert_int_equal(out.count, 0);
    up_trend();
    fake.vm[0].stale = true;
    decide("trend", 1);
    assert_int_equal(out.count, 0);
    says("stale");
}

static void test_trend_manages(void **state) {
    (void)state;
    use_variant("Trendsurfer");
    up_trend();
    struct order *o = hold_position("BTC-PERP", SIDE_LONG, "0.1", "63500", "64000.5", 63300);
    decide("trend", 1); /* stop to EMA20 - 1.5 ATR */
    cJSON *args = call("updateExitPlan");
    assert_non_null(args);
    const cJSON *u = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(args, "updates"), 0);
    assert_float_equal(num(u, "new_stop_loss"), 63750, 0.01);
    assert_true(strlen(str_at(u, "reason")) >= 3);
    assert_int_equal(out.count, 1);
    cJSON_Delete(args);
    o->pos.plan.stop = PRICE(63740 * DEC_ONE); /* nearly there: not worth a change */
    decide("trend", 1);
    assert_int_equal(out.count, 0);
    says("keep");
    set_fast(btc, IND_EMA50, 63901); /* the cross */
    decide("trend", 1);
    args = call("closePosition");
    assert_non_null(args);
    assert_string_equal(cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(args, "symbols"), 0)->valuestring, "BTC-PERP");
    says("crossed below");
    cJSON_Delete(args);
}

/* A stop never goes back and never through the price. */
static void test_trail_short(void **state) {
    (void)state;
    use_variant("Trendsurfer");
    up_trend();
    set_fast(btc, IND_EMA20, 63800), set_fast(btc, IND_EMA50, 64300), set_fast(btc, IND_SUPERTREND, 64500);
    hold_position("BTC-PERP", SIDE_SHORT, "0.1", "65000", "64000.5", 64800);
    decide("trend", 1); /* EMA20 + 1.5 ATR = 63950 is under the mark: half an ATR above it instead */
    cJSON *args = call("updateExitPlan");
    assert_non_null(args);
    assert_float_equal(num(cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(args, "updates"), 0), "new_stop_loss"), 64050.5, 0.6);
    cJSON_Delete(args);
    fake.order[0].pos.plan.stop = PRICE(64030 * DEC_ONE);
    decide("trend", 1);
    assert_int_equal(out.count, 0);
}

/* --- mean reversion --- */
static void band(struct intel *x, double low, double mid, double high, double rsi, double adx, double atr) {
    set_fast(x, IND_BB_LOWER, low), set_fast(x, IND_SMA20, mid), set_fast(x, IND_BB_UPPER, high), set_fast(x, IND_RSI14, rsi), set_fast(x, IND_ADX14, adx), set_fast(x, IND_ATR14, atr);
    set_fast(x, IND_EMA50, mid);
}

static void test_meanrev_enters(void **state) {
    (void)state;
    use_variant("Contrarian");
    band(btc, 64020, 64500, 64980, 27, 18, 100);
    decide("meanrev", 1);
    cJSON *d = opening("BTC-PERP", "LONG");
    inside_limits(d, 64001, 10000);
    assert_float_equal(num(d, "profit_target"), 64500, 0.01);
    assert_float_equal(num(d, "stop_loss"), 63900.5, 0.6); /* an ATR beyond the price, which is beyond the band */
    assert_true(strlen(str_at(d, "time_exit")) > 0);
    says("back to SMA20 64500.0");
    cJSON_Delete(d);
    band(btc, 63000, 63500, 63990, 73, 18, 100);
    decide("meanrev", 1);
    d = opening("BTC-PERP", "SHORT");
    inside_limits(d, 64000, 10000);
    assert_true(num(d, "stop_loss") > 64000 && num(d, "profit_target") < 64000);
    cJSON_Delete(d);
}

static void test_meanrev_waits(void **state) {
    (void)state;
    use_variant("Contrarian");
    band(btc, 64020, 64500, 64980, 27, 26, 100); /* a trend */
    decide("meanrev", 1);
    assert_int_equal(out.count, 0);
    band(btc, 64020, 64500, 64980, 45, 18, 100); /* not exhausted */
    decide("meanrev", 1);
    assert_int_equal(out.count, 0);
    band(btc, 64020, 64060, 64100, 27, 18, 100); /* too near to pay for two fees */
    decide("meanrev", 1);
    assert_int_equal(out.count, 0);
    says("costs");
}

static void test_meanrev_binary(void **state) {
    (void)state;
    use_variant("Contrarian");
    band(fed, 0.50, 0.62, 0.74, 25, 15, 0.02);
    decide("meanrev", 1);
    cJSON *d = opening("FED-CUT", "YES");
    inside_limits(d, 0.50, 10000);
    assert_float_equal(num(d, "confidence"), 62, 0); /* the mean is the probability */
    assert_false(cJSON_HasObjectItem(d, "leverage"));
    assert_true(num(d, "stop_loss") < 0.49 && num(d, "stop_loss") > 0);
    cJSON_Delete(d);
    band(fed, 0.24, 0.36, 0.48, 75, 15, 0.02);
    decide("meanrev", 1);
    d = opening("FED-CUT", "NO"); /* prices of NO: entry 0.51, target 0.64 */
    inside_limits(d, 0.51, 10000);
    assert_float_equal(num(d, "confidence"), 64, 0);
    assert_float_equal(num(d, "profit_target"), 0.64, 0.001);
    assert_true(num(d, "stop_loss") < 0.51);
    cJSON_Delete(d);
    fake.market[1].closes_us = FAKE_NOW + 1800 * 1000000LL; /* too near to its close */
    decide("meanrev", 1);
    assert_int_equal(out.count, 0);
}

static void test_meanrev_exits(void **state) {
    (void)state;
    use_variant("Contrarian");
    band(btc, 63500, 63990, 64480, 52, 18, 100);
    hold_position("BTC-PERP", SIDE_LONG, "0.1", "63500", "64000.5", 63300);
    decide("meanrev", 1);
    cJSON *args = call("closePosition");
    assert_non_null(args);
    says("back at its mean");
    cJSON_Delete(args);
    band(btc, 63500, 64100, 64700, 40, 18, 100);
    decide("meanrev", 1);
    assert_int_equal(out.count, 0);
    set_fast(btc, IND_ADX14, 33), set_fast(btc, IND_EMA50, 64400); /* a trend against it */
    decide("meanrev", 1);
    args = call("closePosition");
    assert_non_null(args);
    cJSON_Delete(args);
}

/* --- breakout --- */
static void range(double low, double high, double vwap, double ratio, bool squeeze) {
    set_fast(btc, IND_LOW20, low), set_fast(btc, IND_HIGH20, high), set_fast(btc, IND_VWAP, vwap), set_fast(btc, IND_VOLUME_RATIO, ratio), set_fast(btc, IND_ATR14, 100), set_fast(btc, IND_EMA20, vwap);
    set_fast(btc, IND_BB_UPPER, squeeze ? 64010 : 64300), set_fast(btc, IND_BB_LOWER, squeeze ? 63900 : 63600), set_fast(btc, IND_KC_UPPER, 64100), set_fast(btc, IND_KC_LOWER, 63800);
}

static void test_breakout(void **state) {
    (void)state;
    use_variant("Apex");
    range(63800, 63980, 63900, 1.0, true);
    decide("breakout", 1);
    cJSON *d = opening("BTC-PERP", "LONG");
    inside_limits(d, 64001, 10000);
    assert_true((num(d, "profit_target") - 64001) / (64001 - num(d, "stop_loss")) >= 1.2);
    assert_non_null(strstr(str_at(d, "time_exit"), "2026-11-20T14:04:31Z"));
    says("out of a squeeze");
    cJSON_Delete(d);
    range(64050, 64300, 64200, 2.0, false); /* without a squeeze volume must be high */
    decide("breakout", 1);
    d = opening("BTC-PERP", "SHORT");
    inside_limits(d, 64000, 10000);
    cJSON_Delete(d);
    range(64050, 64300, 64200, 1.0, false);
    decide("breakout", 1);
    assert_int_equal(out.count, 0);
    range(63800, 63980, 64100, 2.0, true); /* wrong side of VWAP */
    decide("breakout", 1);
    assert_int_equal(out.count, 0);
    range(63800, 64100, 63900, 2.0, true); /* inside */
    decide("breakout", 1);
    assert_int_equal(out.count, 0);
}

static void test_breakout_exits(void **state) {
    (void)state;
    use_variant("Apex");
    range(63800, 63980, 63900, 1.0, true);
    struct order *o = hold_position("BTC-PERP", SIDE_LONG, "0.1", "63800", "64000.5", 63650);
    decide("breakout", 1); /* 2 ATR ahead, risk 1.5: to the entry */
    cJSON *args = call("updateExitPlan");
    assert_non_null(args);
    assert_float_equal(num(cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(args, "updates"), 0), "new_stop_loss"), 63800, 0.01);
    cJSON_Delete(args);
    o->pos.entry_price = PRICE(63990 * DEC_ONE);
    decide("breakout", 1);
    assert_int_equal(out.count, 0);
    set_fast(btc, IND_EMA20, 64010);
    decide("breakout", 1);
    args = call("closePosition");
    assert_non_null(args);
    cJSON_Delete(args);
}

/* --- baselines --- */
static void test_hold(void **state) {
    (void)state;
    use_variant("Baseline");
    str_copy(me->markets, sizeof me->markets, "perp");
    fake_market(MARKET_PERP, "ETH-PERP", "Ether");
    fake_level("ETH-PERP", BOOK_BID, "3200", "50"), fake_level("ETH-PERP", BOOK_ASK, "3200.5", "50");
    fake.intel[2] = fake_intel();
    set_fast(btc, IND_ATR14, 100), set_fast(fake.intel[2], IND_ATR14, 5);
    decide("hold", 1);
    cJSON *args = call("createPosition"), *list = cJSON_GetObjectItemCaseSensitive(args, "decisions"), *d;
    double sum = 0;
    assert_int_equal(cJSON_GetArraySize(list), 2);
    cJSON_ArrayForEach(d, list) {
        double value = num(d, "quantity") * (strcmp(str_at(d, "symbol"), "BTC-PERP") == 0 ? 64001 : 3200.5);
        assert_string_equal(str_at(d, "side"), "LONG");
        assert_true(value > 4500 && value < 5000);
        assert_float_equal(num(d, "leverage"), 1, 0);
        sum += value;
    }
    assert_true(sum < 9900);
    cJSON_Delete(args);
    hold_position("BTC-PERP", SIDE_LONG, "0.07", "64000", "64000.5", 0);
    struct order *gone = hold_position("ETH-PERP", SIDE_LONG, "1.4", "3200", "3200", 0);
    gone->pos.status = POSITION_CLOSED, gone->pos.closed_us = 1;
    decide("hold", 1);
    assert_int_equal(out.count, 0);
    says("BTC-PERP: held since 64000.0");
    says("ETH-PERP: was bought and is gone");
    /* Under limits that ask for a stop it has a wide one. */
    fake.n_orders = 0, fake.va[1].positions = 0;
    use_variant("Guardian");
    str_copy(me->markets, sizeof me->markets, "BTC-PERP");
    decide("hold", 1);
    d = opening("BTC-PERP", "LONG");
    inside_limits(d, 64001, 10000);
    assert_float_equal(num(d, "stop_loss"), 51200.5, 1);
    cJSON_Delete(d);
    free(fake.intel[2]);
    fake.intel[2] = NULL;
}

static void test_random(void **state) {
    int opened = 0, nothing = 0, yes_no = 0;
    (void)state;
    use_variant("Baseline");
    set_fast(btc, IND_ATR14, 100), set_fast(fed, IND_ATR14, 0.02);
    for (uint64_t seed = 1; seed <= 200; seed++) {
        decide("random", seed);
        char *first = out.count ? strdup(out.calls[0].arguments) : NULL;
        cJSON *args = call("createPosition");
        if (args) {
            const cJSON *d = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(args, "decisions"), 0);
            bool binary = strcmp(str_at(d, "symbol"), "FED-CUT") == 0;
            inside_limits(d, binary ? 0.5 : 64000, 10000);
            opened++;
            yes_no += binary;
        }
        nothing += out.count == 0;
        cJSON_Delete(args);
        decide("random", seed); /* the same run decides the same */
        if (first)
            assert_string_equal(first, out.calls[0].arguments);
        else
            assert_int_equal(out.count, 0);
        free(first);
    }
    assert_int_equal(opened, 200); /* flat: it always begins something */
    assert_true(yes_no > 50 && yes_no < 150);
    hold_position("BTC-PERP", SIDE_LONG, "0.07", "64000", "64000.5", 63000);
    hold_position("FED-CUT", SIDE_NO, "100", "0.5", "0.5", 0);
    nothing = 0;
    int closed = 0;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        decide("random", seed);
        nothing += out.count == 0;
        closed += out.count > 0 && strcmp(out.calls[0].name, "closePosition") == 0;
    }
    assert_true(nothing > 15 && closed > 100);
}

/* --- limits that bind --- */
static void test_limits_bind(void **state) {
    (void)state;
    use_variant("Trendsurfer");
    up_trend();
    set_fast(btc, IND_ATR14, 2); /* a stop so near that only the exposure binds */
    decide("trend", 1);
    cJSON *d = opening("BTC-PERP", "LONG");
    inside_limits(d, 64001, 10000);
    assert_true(num(d, "quantity") * 64001 <= 7500); /* a quarter of the allowed exposure: room for others */
    cJSON_Delete(d);
    me->limits.max_positions = 1, fake.va[1].positions = 1; /* another market's */
    decide("trend", 1);
    assert_int_equal(out.count, 0);
    fake.va[1].positions = 0;
    fake.va[1].available = USD(510 * DEC_ONE); /* ten dollars above the cash that must stay */
    decide("trend", 1);
    d = call("createPosition");
    if (d) /* what is left is worth at most 5x ten dollars, below the smallest position of 50 */
        print_error("asked for %s\n", out.calls[0].arguments);
    assert_null(d);
    fake.va[1].available = USD(10000 * DEC_ONE);
    me->limits.min_confidence = 90;
    decide("trend", 1);
    assert_int_equal(out.count, 0);
    says("the confidence is not enough");
    me->limits.min_confidence = 0;
    struct order *o = hold_position("BTC-PERP", SIDE_LONG, "0.05", "63000", "64000", 0);
    o->pos.status = POSITION_CLOSED, o->pos.closed_us = FAKE_NOW - 60 * 1000000LL, fake.va[1].positions = 0;
    decide("trend", 1);
    assert_int_equal(out.count, 0);
    says("rests after its last close");
    fake.status.killed = true;
    o->account = 1;
    decide("trend", 1);
    assert_int_equal(out.count, 0);
    says("kill switch");
}

static void test_find(void **state) {
    (void)state;
    assert_non_null(builtin_find("TREND"));
    assert_null(builtin_find("tren"));
    for (int i = 0; builtin_table[i]; i++)
        assert_ptr_equal(builtin_find(builtin_table[i]->name), builtin_table[i]);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void) {
    const struct CMUnitTest tests[] = {TEST(test_trend_enters), TEST(test_trend_waits), TEST(test_trend_manages), TEST(test_trail_short), TEST(test_meanrev_enters),
                                       TEST(test_meanrev_waits), TEST(test_meanrev_binary), TEST(test_meanrev_exits), TEST(test_breakout), TEST(test_breakout_exits),
                                       TEST(test_hold), TEST(test_random), TEST(test_limits_bind), TEST(test_find)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
