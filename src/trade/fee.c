/* Fee formulas, one row each. Exact figures are in 1e-12 USD: contracts, cents and rates of whole ppm lose nothing there. */
#include "turret/trade/fee.h"

#define PICO_OF_MICRO 1000000LL

static int64_t clamp128(__int128 v) { return v > INT64_MAX ? INT64_MAX : v < INT64_MIN ? INT64_MIN : (int64_t)v; }

/* a * b / den in 128 bits; what does not fit is as much as there can be. */
static int64_t product(__int128 a, int64_t b, int64_t den) {
    __int128 p;
    if (__builtin_mul_overflow(a, (__int128)b, &p))
        return (a < 0) == (b < 0) ? INT64_MAX : -INT64_MAX;
    return clamp128(p / den);
}

static int64_t of_notional(int32_t ppm, price px, qty size) { return product((__int128)px.micro * ppm, size.micro, DEC_ONE); }

/* Nothing is certain at even odds: dearest there, free at both ends. */
static int64_t of_odds(int32_t ppm, price px, qty size) {
    if (px.micro <= 0 || px.micro >= DEC_ONE)
        return 0;
    return product((__int128)px.micro * (DEC_ONE - px.micro) * ppm, size.micro, DEC_ONE * DEC_ONE);
}

static const struct rule {
    int64_t (*exact)(int32_t ppm, price px, qty size);
    int64_t step;  /* micro: what totals are rounded to */
    bool up;
    bool by_order; /* the order's total is rounded, else each execution */
} rules[FEE_KIND_COUNT] = {
    [FEE_NOTIONAL] = {of_notional, 1, true, false},
    [FEE_KALSHI] = {of_odds, DEC_ONE / 100, true, true},
    [FEE_POLYMARKET] = {of_odds, 10, false, true},
};

static const struct rule *rule_of(const struct market *m) { return &rules[m->fee_kind < FEE_KIND_COUNT ? m->fee_kind : FEE_NOTIONAL]; }
static int32_t rate_of(const struct market *m, bool maker) { return maker ? m->maker_ppm : m->taker_ppm; }

static usd rounded(int64_t pico, int64_t step, bool up) {
    const int64_t unit = step * PICO_OF_MICRO, rest = pico % unit;
    return USD((pico / unit + (up ? rest > 0 : -(rest < 0))) * step);
}

usd fee_of(const struct market *m, price px, qty size, bool maker) {
    const struct rule *r = rule_of(m);
    usd fee;
    if (!r->by_order) /* values beyond what 1e-12 can count have fees too */
        return usd_ppm(usd_of_sat(px, size), rate_of(m, maker), ROUND_UP, &fee) ? fee : USD(INT64_MAX);
    return rounded(r->exact(rate_of(m, maker), px, size), r->step, r->up);
}

usd fee_add(const struct market *m, struct fee_part *p, price px, qty size, bool maker) {
    const struct rule *r = rule_of(m);
    if (!r->by_order) {
        usd fee = fee_of(m, px, size, maker);
        p->charged = usd_add_sat(p->charged, fee);
        return fee;
    }
    p->pico = clamp128((__int128)p->pico + r->exact(rate_of(m, maker), px, size));
    usd total = rounded(p->pico, r->step, r->up), more = USD(total.micro - p->charged.micro);
    p->charged = total;
    return more;
}

price fee_unit(const struct market *m, price px, bool maker) {
    return PRICE(rounded(rule_of(m)->exact(rate_of(m, maker), px, QTY(DEC_ONE)), 1, true).micro);
}

usd fee_step(const struct market *m) { return USD(rule_of(m)->up ? rule_of(m)->step : 0); }
