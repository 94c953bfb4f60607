/* Trades of other wallets (Data API v2): each wallet that is followed is polled, each of its trades told once, in order, as
 * EVENT_TARGET_TRADE. pm_data holds one of it and lends its table of markets. */
#ifndef TURRET_VENUE_POLYMARKET_PM_ACTIVITY_H
#define TURRET_VENUE_POLYMARKET_PM_ACTIVITY_H

#include "venue/polymarket/pm.h"

struct pm_activity;
/* Events carry `as`. `data` and `hosts` must outlive it. */
struct pm_activity *pm_activity_new(struct pm_data *data, const struct pm_hosts *hosts, struct event_sink sink, enum venue_id as);
/* fx_activity as venue_ops.activity has it; on again for a wallet that is polled already: told again from since_us (0: baseline anew).
 * ERR_BAD_VALUE: not an address. Never tells from inside. */
enum err pm_activity_follow(struct pm_activity *a, const struct fx_activity *fx, int64_t now_us);
void pm_activity_pace(struct pm_activity *a, int poll_ms); /* [1500] of one wallet */
int pm_activity_count(const struct pm_activity *a);
void pm_activity_free(struct pm_activity *a); /* NULL is nothing; before the table of markets goes */

#endif
