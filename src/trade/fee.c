/* Fee formulas by venue. */
#include "turret/trade/fee.h"

/* Basis points on the value that changes hands. */
static usd fee_on_notional(const struct market *m, price px, qty size, bool maker) {
    usd fee;
    if (!usd_ppm(usd_of_sat(px, size), maker ? m->maker_ppm : m->taker_ppm, ROUND_UP, &fee))
        return USD(INT64_MAX);
    return fee;
}

static usd (*const fee_rule[VENUE_COUNT])(const struct market *, price, qty, bool) = {
    [VENUE_SIM] = fee_on_notional,
};

usd fee_of(const struct market *m, price px, qty size, bool maker) {
    return m->venue < VENUE_COUNT && fee_rule[m->venue] ? fee_rule[m->venue](m, px, size, maker) : USD(0);
}
