/* The simulator venue: an exchange, driven by a feed (generated markets or a tape), behind the venue port. */
#ifndef TURRET_VENUE_SIM_H
#define TURRET_VENUE_SIM_H

#include "turret/venue/venue.h"

struct pm_hosts;
struct pm_markets_cfg;
struct sim_cfg {
    uint64_t seed;
    const char *tape; /* path; NULL = generated markets */
    const struct pm_hosts *live; /* Polymarket's own books instead, from there; NULL = no. Real time only; read while sim_open runs */
    const struct pm_markets_cfg *live_markets;
    const struct venue *first; /* this is the second simulated venue (VENUE_SIM2), with some markets of that one, after which it is run */
    int32_t latency_min_us, latency_max_us, slippage_max_bps;
    usd initial_cash;
    int32_t maker_ppm, taker_ppm; /* fees of every market; -1 = its own */
    int64_t funding_period_us, funding_refresh_us, mark_every_us; /* of generated perpetuals */
    bool wall_clock; /* time is real: what a sleep of the machine missed is skipped, not caught up with */
};
void sim_cfg_default(struct sim_cfg *cfg);
/* ERR_OK and *out, or what is wrong with the tape in `text`. Events go to the sink; close with ops->close. */
enum err sim_open(const struct sim_cfg *cfg, struct event_sink sink, struct venue **out, char text[REASON_MAX]);
/* Who can be followed in generated markets. */
struct sim_wallet { const char *address, *name, *habit; };
const struct sim_wallet *sim_wallets(int *count);
bool sim_feed_ended(const struct venue *v);
uint64_t sim_feed_records(const struct venue *v);
/* For tests: the exchange inside. */
struct exchange *sim_exchange(struct venue *v);

#endif
