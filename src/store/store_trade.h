/* A closed position as the figures of performance see it. */
#ifndef STORE_STORE_TRADE_H
#define STORE_STORE_TRADE_H

#include "turret/trade/metrics.h"
#include "turret/trade/order.h"

/* `first_stop`: the stop it began with, micro 0 = none. `outcome`: what the market resolved to, if it has. */
void trade_of_order(const struct order *o, price first_stop, bool binary, enum market_outcome outcome, struct trade_stat *out);

#endif
