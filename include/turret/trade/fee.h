/* Fees: each venue's own formula as a row; the market names its formula and says which rates apply. The simulator charges by the
 * same functions, so that a preview is what is charged. */
#ifndef TURRET_TRADE_FEE_H
#define TURRET_TRADE_FEE_H

#include "turret/trade/order.h"

/* Fee of one execution of that value on the order's own side (USD, >= 0 a charge, < 0 a rebate), rounded as the formula says. */
usd fee_of(const struct market *m, price px, qty size, bool maker);

/* Executions of one order at one liquidity: where the formula rounds the order's total, what was rounded up already is not
 * charged again. Starts as zero. */
struct fee_part {
    int64_t pico; /* exact so far, 1e-12 USD */
    usd charged;
};
usd fee_add(const struct market *m, struct fee_part *p, price px, qty size, bool maker); /* what this execution adds */

/* Of one unit at that price, before the rounding of totals (rounded up to a micro): what makes one level dearer than another. */
price fee_unit(const struct market *m, price px, bool maker);
/* The most that rounding may add to an order: a cent, a micro. */
usd fee_step(const struct market *m);

#endif
