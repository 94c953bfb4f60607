/* What the venue tells of itself before anything is traded: its time, the version of its orders, whether it takes orders from here. Read alike by the
 * login's checks, the running account and the other tools. A venue that has no such answer is told apart from one that can't be read. */
#ifndef TURRET_VENUE_POLYMARKET_PM_FACTS_H
#define TURRET_VENUE_POLYMARKET_PM_FACTS_H

#include "venue/polymarket/trade/pm_clob.h"

#define PM_ORDER_VERSION 2 /* all that is spoken here */

enum pm_fact {
    PM_FACT_TOLD,
    PM_FACT_ABSENT, /* 404 and the like: there is no such answer here, now or later */
    PM_FACT_UNREAD  /* refused, failed, or not to be read: not known */
};
/* GET /time: a bare number of seconds, also in a string; its "clock" of the session is set. Absent: what the session has counts,
 * without any this machine's own clock. */
enum pm_fact pm_fact_time(struct pm_clob *c, const struct pm_error *e, const struct cJSON *doc, const struct http_answer *a);
/* GET /version: {"version":2}, also a bare number. Absent: orders of another version are refused as such, so it may be tried. */
enum pm_fact pm_fact_version(const struct pm_error *e, const struct cJSON *doc, const struct http_answer *a, int64_t *version);
/* The geoblock. Absent: only the venue's own refusals tell. */
struct pm_place { bool blocked; char country[16]; /* "" = not named */ };
enum pm_fact pm_fact_place(const struct http_answer *a, struct pm_place *out);
/* False: nothing to ask. The order book is on this machine, so it is a test's, and the geoblock is still the real venue's. */
bool pm_place_asked(const struct pm_hosts *h);

#endif
