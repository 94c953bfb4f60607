/* What a fill does to a position: pure arithmetic on struct position (average cost, net, no lots). */
#ifndef TURRET_TRADE_POSITION_H
#define TURRET_TRADE_POSITION_H

#include "turret/trade/order.h"

/* Opening fill: grows `open` and `cost`, re-averages entry_price, opens it if it was not. ERR_OVERFLOW leaves it unchanged. */
enum err position_open_fill(struct position *p, price px, qty size, usd fee, int64_t at_us);
/* Closing fill of at most p->open: shrinks it at average cost, returns the realized P&L of this part in *pnl.
 * `dir` is side_sign of own-side prices: +1 for yes, no and long (own-side price up is gain), -1 for short. */
enum err position_close_fill(struct position *p, int dir, price px, qty size, usd fee, int64_t at_us, usd *pnl);
/* +1 where a rising own-side price gains (yes, no, long), -1 for short. */
int position_dir(enum order_side side);
/* Unrealized P&L at an own-side mark, and value: cost + pnl for paid positions (binary), notional for perpetuals. */
usd position_unrealized(const struct position *p, int dir, price mark);
usd position_notional(const struct position *p, price mark);
/* Derived metrics of origins 1.9, micro 0 where not defined: risk to stop, reward to target (USD, only if > 0). */
usd position_risk(const struct position *p, int dir);
usd position_reward(const struct position *p, int dir);
/* Is a level on the right side? stop below (long) the reference, target above; at_us ignored. */
enum err exit_plan_check(int dir, price stop, price target, price reference);

/* Cross margin: an account is liquidated when its equity falls to the sum of its maintenance margins. The mark of this
 * position at which that happens, all else unchanged: `slack` is equity at `mark` less the other positions' maintenance.
 * micro 0 where no positive price does it. */
price liquidation_price(int dir, price mark, qty open, usd slack, int32_t maintenance_ppm);
/* Margin that opening value needs at that leverage (rounded up), and the maintenance margin of a notional. */
usd initial_margin(usd notional, int leverage);
usd maintenance_margin(usd notional, int32_t maintenance_ppm);

#endif
