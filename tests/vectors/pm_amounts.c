/* polymarket-amounts: both sides of orders from price, size and tick; purchases that leave room for their fee. */
#include "pm.h"

#include "turret/base/dec.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Decimals of a tick: what its prices are rounded to. */
static int64_t price_unit(int64_t tick) {
    int64_t unit = 100000;
    while (unit > 1 && tick % unit)
        unit /= 10;
    return unit;
}

bool pm_client_took(const struct vector *v, bool market, bool sell, int64_t tick, const cJSON *wanted, struct pm_amounts *a) {
    double px, size;
    int64_t maker, taker, ours[2];
    int decimals = 0;
    if (!value_int(child(wanted, "makerAmount"), &maker) || !value_int(child(wanted, "takerAmount"), &taker) || (maker == a->maker && taker == a->taker) ||
        llabs(maker - a->maker) > 1000 || llabs(taker - a->taker) > 1000)
        return false;
    for (int64_t unit = DEC_ONE; unit > price_unit(tick); unit /= 10)
        decimals++;
    if (!value_real(find(v, "price"), &px) || !value_real(find(v, market && find(v, "amount") ? "amount" : "size"), &size))
        return false;
    pm_client_amounts(market, sell, px, size, decimals, &ours[0], &ours[1]);
    if (ours[0] != maker || ours[1] != taker)
        return false;
    a->maker = maker, a->taker = taker;
    return true;
}

const char *pm_sample_amounts(bool market, bool sell, int64_t px, int64_t size, int64_t tick, bool uncapped, struct pm_amounts *out) {
    static const int64_t ticks[] = {100000, 10000, 5000, 2500, 1000, 100};
    size_t known = 0;
    while (known < sizeof ticks / sizeof *ticks && ticks[known] != tick)
        known++;
    if (known == sizeof ticks / sizeof *ticks)
        return "no such tick";
    int64_t unit = price_unit(tick);
    px = market ? px / unit * unit : (px + unit / 2) / unit * unit;
    /* A price between ticks is no order of ours, but the client computes with it. */
    int64_t step = px % tick ? unit : tick;
    enum err e = market ? pm_amounts_market(sell, px, size, step, uncapped, out) : pm_amounts_limit(sell, px, size, step, false, out);
    return e == ERR_OK ? NULL : err_text(e);
}

static void check_accepted(struct vector *v, const cJSON *item, const struct pm_amounts *a, const struct pm_amounts *capped) {
    expect_bool(v, item, "", "serverAcceptsPrecision", a->maker % 10000 == 0 && a->taker % 100 == 0);
    expect_int(v, item, "", "takerCappedTo4dp", capped->taker, false);
    if (capped->maker % 10000 || capped->taker % 100)
        unusable(v, "takerCappedTo4dp", "ours has more decimals than the venue takes");
}

static void run_amounts_one(struct run *run, const cJSON *about, const cJSON *item, int index) {
    struct vector v;
    struct pm_amounts a, capped;
    int64_t tick, px, size, maker, taker;
    char name[128], buf[3][VALUE_TEXT];
    const char *kind, *side, *why = NULL;
    const cJSON *given = child(item, "name");
    vector_begin(&v, run, cJSON_GetStringValue(given), "vectors", index);
    v.place[0] = child(item, "input"), v.place[1] = item, v.place[2] = about;
    kind = get_text(&v, "kind", false, find(&v, "amount") ? "market" : "limit", buf[0]);
    side = get_text(&v, "side", true, NULL, buf[1]);
    bool market = kind && strcmp(kind, "market") == 0, sell = side && strcmp(side, "SELL") == 0;
    const char *tick_key = find(&v, "tick") ? "tick" : "tickSize", *size_key = market && find(&v, "amount") ? "amount" : "size";
    const cJSON *expected = child(item, "expected") ? child(item, "expected") : item;
    if (kind && side && get_micro(&v, tick_key, &tick) && get_micro(&v, "price", &px) && get_micro(&v, size_key, &size)) {
        if (!given) {
            snprintf(name, sizeof name, "vectors[%d] %s %s", index, kind, side);
            str_copy(v.name, sizeof v.name, name);
        }
        why = pm_sample_amounts(market, sell, px, size, tick, true, &a);
        if (!why && market)
            why = pm_sample_amounts(true, sell, px, size, tick, false, &capped);
        if (!market && strcmp(kind, "limit") != 0)
            unusable(&v, "kind", "neither limit nor market");
        else if (!sell && strcmp(side, "BUY") != 0)
            unusable(&v, "side", "neither BUY nor SELL");
        else if (why)
            unusable(&v, size_key, why);
        else if (cJSON_IsFalse(child(expected, "exactIntegerMatches"))) {
            /* The client's floating point went wrong here: then ours is another. */
            if (value_int(child(expected, "makerAmount"), &maker) && value_int(child(expected, "takerAmount"), &taker) && maker == a.maker && taker == a.taker)
                fault(&v, "exactIntegerMatches", "false", "true");
        } else {
            bool exact = cJSON_IsTrue(child(expected, "exactIntegerMatches"));
            if (!exact)
                pm_client_took(&v, market, sell, tick, expected, &a);
            expect_int(&v, expected, "", "makerAmount", a.maker, true);
            expect_int(&v, expected, "", "takerAmount", a.taker, true);
            if (market)
                check_accepted(&v, expected, &a, &capped);
        }
    }
    vector_end(&v);
}

/* Decimals of the file's own table: price, size and amount of each tick. */
static void check_rounding(struct run *run, const cJSON *table) {
    const cJSON *row;
    cJSON_ArrayForEach(row, table) {
        struct vector v;
        char name[64];
        int64_t tick;
        struct pm_amounts a;
        snprintf(name, sizeof name, "roundingConfig.%.40s", row->string);
        vector_begin(&v, run, name, NULL, 0);
        if (!dec_parse_str(row->string, &tick) || tick <= 0)
            unusable(&v, "tick", "not a decimal number");
        else {
            int decimals = 0;
            for (int64_t unit = DEC_ONE; unit > price_unit(tick); unit /= 10)
                decimals++;
            expect_int(&v, row, "", "price", decimals, false);
            expect_int(&v, row, "", "size", 2, false);
            /* As many decimals as a purchase shows that divides evenly nowhere: 100 at 3, 7 or 9 ticks. */
            int amount = 0;
            for (int64_t n = 3; n <= 9; n += 2)
                if (pm_amounts_market(false, n * tick, 100 * DEC_ONE, tick, true, &a) == ERR_OK)
                    for (int d = 6; d > amount; d--)
                        if (a.taker % (int64_t)llround(pow(10, 7 - d)))
                            amount = d;
            expect_int(&v, row, "", "amount", amount, false);
        }
        if (v.faults)
            vector_end(&v);
    }
}

static bool get_real(struct vector *v, const char *key, bool need, double fallback, double *out) {
    const cJSON *at = find(v, key);
    *out = fallback;
    if (!at)
        return need ? unusable(v, key, "missing") : true;
    return value_real(at, out) || unusable(v, key, "not a number");
}

/* In millionths, cut; the client's floating point may be one beside, and a rate with its slack that is no whole millionth is rounded up. */
static void run_fee_one(struct run *run, const cJSON *about, const cJSON *item, int index) {
    struct vector v;
    int64_t amount, px, balance, want;
    double rate, exponent, builder, slack;
    vector_begin(&v, run, cJSON_GetStringValue(child(item, "name")), "feeAdjust", index);
    v.place[0] = child(item, "input"), v.place[1] = item, v.place[2] = about;
    const char *balance_key = find(&v, "userUSDCBalance") ? "userUSDCBalance" : "balance";
    const cJSON *expected = child(child(item, "expected") ? child(item, "expected") : item, "adjustedAmount");
    if (get_micro(&v, "amount", &amount) && get_micro(&v, "price", &px) && get_micro(&v, balance_key, &balance) && get_real(&v, "feeRate", true, 0, &rate) &&
        get_real(&v, "feeExponent", false, 1, &exponent) && get_real(&v, "builderTakerFeeRate", false, 0, &builder) && get_real(&v, "feeSlippagePct", false, 0, &slack)) {
        int32_t ppm = (int32_t)ceil(rate * (1 + slack / 100) * 1e6 - 1e-6);
        int64_t got = pm_buy_with_fee(amount, balance, px, ppm, (int32_t)exponent, (int32_t)ceil(builder * 1e4 - 1e-6));
        if (exponent != floor(exponent))
            unusable(&v, "feeExponent", "not a whole number");
        else if (!value_micro(expected, &want))
            unusable(&v, "adjustedAmount", "missing, or not a decimal number");
        else if (llabs(want - got) > 1 + (fabs(rate * (1 + slack / 100) * 1e6 - ppm) > 1e-6 ? (amount < balance ? amount : balance) / px + 1 : 0)) {
            char text[DEC_TEXT_MAX], ours[DEC_TEXT_MAX];
            dec_format(want, 0, text);
            dec_format(got, 0, ours);
            fault(&v, "adjustedAmount", text, ours);
        }
    }
    vector_end(&v);
}

static void run_amounts(struct run *run, const cJSON *root, const char *file) {
    (void)file;
    const cJSON *about = child(root, "about"), *list = list_of(run, root, "vectors", !child(root, "feeAdjust")), *fees = list_of(run, root, "feeAdjust", false), *item;
    int index = 0;
    check_rounding(run, child(root, "roundingConfig"));
    cJSON_ArrayForEach(item, list) run_amounts_one(run, about, item, index++);
    index = 0;
    cJSON_ArrayForEach(item, fees) run_fee_one(run, about, item, index++);
}

const struct kind kind_pm_amounts = {"polymarket-amounts", "both sides of orders by tick, and purchases that leave room for their fee", run_amounts};
