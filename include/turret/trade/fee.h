/* Fees: each venue's own formula as a row; the market says which rates apply. */
#ifndef TURRET_TRADE_FEE_H
#define TURRET_TRADE_FEE_H

#include "turret/trade/order.h"

/* Fee of an execution of that value on the order's own side (USD, >= 0 a charge, < 0 a rebate), rounded up to a micro. */
usd fee_of(const struct market *m, price px, qty size, bool maker);

#endif
