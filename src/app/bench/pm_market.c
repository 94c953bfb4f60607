/* Invented markets for the benches: ids of the real length, prices around a half in steps of a thousandth. */
#include "pm_market.h"

#include <stdio.h>
#include <string.h>

static const char *condition(int i) {
    static char s[80];
    snprintf(s, sizeof s, "0x%064x", i + 4096);
    return s;
}

const char *pm_bench_token(int i, int outcome) {
    static char s[2][96];
    snprintf(s[outcome], sizeof s[0], "7132104567925221259462638553270691275033272857194253228963137931245%09d%d", i, outcome + 1);
    return s[outcome];
}

void pm_bench_listing(int i, struct pm_listing *l) {
    *l = (struct pm_listing){.ready = true, .fee_source = PM_FEE_KNOWN};
    struct market *m = &l->pm.m;
    m->kind = MARKET_BINARY;
    m->max_leverage = 1;
    m->qty_digits = 2;
    m->fee_kind = FEE_POLYMARKET;
    m->lot = QTY(DEC_ONE / 100);
    m->min_size = QTY(5 * DEC_ONE);
    m->taker_ppm = 40000;
    pm_tick_set(m, 1000);
    str_copy(m->native, sizeof m->native, condition(i));
    snprintf(m->title, sizeof m->title, "Will number %d come first?", i);
    snprintf(l->pm.slug, sizeof l->pm.slug, "number-%d", i);
    for (int k = 0; k < 2; k++) {
        str_copy(l->pm.token[k], sizeof l->pm.token[k], pm_bench_token(i, k));
        str_copy(l->pm.outcome[k], sizeof l->pm.outcome[k], k ? "No" : "Yes");
    }
    l->pm.accepting = l->pm.protocol = 1;
    l->pm.fee_exponent = 1;
}

static void levels_add(struct str *out, const char *name, int from, int step, int n, struct rng *r) {
    str_addf(out, ",\"%s\":[", name);
    for (int k = n - 1; k >= 0; k--)
        str_addf(out, "%s{\"price\":\"0.%03d\",\"size\":\"%d.%02d\"}", k < n - 1 ? "," : "", from + k * step, (int)rng_range(r, 1, 20000), (int)rng_range(r, 1, 99));
    str_addc(out, ']');
}

void pm_bench_book(struct str *out, int i, int levels, struct rng *r, int64_t at_ms) {
    str_addf(out, "[{\"market\":\"%s\",\"asset_id\":\"%s\",\"timestamp\":\"%lld\",\"hash\":\"56621a121a47ed9333273e21c83b660cff37ae50\"", condition(i), pm_bench_token(i, 0), (long long)at_ms);
    levels_add(out, "bids", 499, -1, levels, r);
    levels_add(out, "asks", 501, 1, levels, r);
    str_add(out, ",\"min_order_size\":\"5\",\"tick_size\":\"0.001\",\"neg_risk\":false,\"last_trade_price\":\"0.500\",\"event_type\":\"book\"}]");
}

void pm_bench_change(struct str *out, int i, int levels, struct rng *r, int64_t at_ms) {
    const bool buys = rng_below(r, 2);
    const int away = (int)rng_range(r, 1, levels > 12 && rng_below(r, 4) ? 12 : levels), px = buys ? 500 - away : 500 + away, size = rng_below(r, 3) ? (int)rng_range(r, 1, 20000) : 0;
    str_addf(out, "{\"market\":\"%s\",\"price_changes\":[", condition(i));
    for (int k = 0; k < 2; k++)
        str_addf(out, "%s{\"asset_id\":\"%s\",\"price\":\"0.%03d\",\"size\":\"%d\",\"side\":\"%s\",\"hash\":\"56621a121a47ed9333273e21c83b660cff37ae50\",\"best_bid\":\"0.499\",\"best_ask\":\"0.501\"}",
                 k ? "," : "", pm_bench_token(i, k), k ? 1000 - px : px, size, buys == (k == 0) ? "BUY" : "SELL");
    str_addf(out, "],\"timestamp\":\"%lld\",\"event_type\":\"price_change\"}", (long long)at_ms);
}
