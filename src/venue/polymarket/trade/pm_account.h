/* Getting an account ready to trade, and keeping it so: the steps of the login in their order, each tried again until it passes; the place it
 * trades from, its balance and allowances. */
#ifndef TURRET_VENUE_POLYMARKET_PM_ACCOUNT_H
#define TURRET_VENUE_POLYMARKET_PM_ACCOUNT_H

#include "venue/polymarket/trade/pm_trade.h"

struct pm_account;
typedef void pm_account_fn(void *ctx); /* what is missing has changed */

struct pm_account *pm_account_new(struct pm_session *s, const char *secrets_dir, pm_account_fn *changed, void *ctx);
void pm_account_free(struct pm_account *a);
void pm_account_start(struct pm_account *a);
void pm_account_tick(struct pm_account *a, int64_t now_us); /* once a second */
/* What keeps it from trading, in words; NULL: it is ready. */
const char *pm_account_missing(const struct pm_account *a);

/* pm_funds.c: an answer of /balance-allowance. False: it can't be read. allowance: the smallest of the exchanges', saturated; -1: not told. */
bool pm_funds_read(const struct cJSON *doc, int64_t chain_id, usd *balance, usd *allowance);
usd pm_funds_locked(const struct tracker *t); /* what working purchases reserve */

#endif
