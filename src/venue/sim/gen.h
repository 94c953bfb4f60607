/* Generated markets, inside: the catalogue makes markets, the value model moves what they are worth, the agents
 * quote and trade on the exchange. Integers only, seeded; the same seed and start time give the same markets. */
#ifndef TURRET_VENUE_SIM_GEN_H
#define TURRET_VENUE_SIM_GEN_H

#include "venue/sim/exchange.h"

#define GEN_BEAT_US 100000   /* everything happens on a grid of 100 ms */
#define GEN_PERPS 3
#define GEN_MARKETS_MAX 64
#define GEN_MAKERS 3
#define GEN_LAYERS 10
#define GEN_RESTING 16       /* limit orders of noise traders a market holds at most */
#define GEN_SECOND 1000000LL
#define GEN_MINUTE (60 * GEN_SECOND)
#define GEN_HOUR (3600 * GEN_SECOND)
#define GEN_DAY (24 * GEN_HOUR)

enum gen_bot { BOT_MAKER = 1, BOT_NOISE = 11, BOT_RESTING = 12, BOT_MOMENTUM = 13 };

struct gen_layer { /* one resting quote of a market maker */
    uint32_t handle;
    int64_t px, size; /* micro; size as last seen resting */
};
struct gen_maker {
    int64_t inventory; /* micro units, decays (hedged elsewhere) */
    int64_t lean_ppm;  /* this maker's own view around the fair value, in ppm of half the spread */
    struct gen_layer layer[2][GEN_LAYERS];
};
struct gen_resting { uint32_t handle; int64_t until_us; };

struct gen_market {
    struct market m;
    struct rng rng;
    int slot;          /* perpetual number or slot of the catalogue; -1: restored, will not be replaced */
    bool live;
    /* value (gen_value.c) */
    int64_t fair;      /* micro: what the agents believe, lean included */
    int64_t model;     /* micro: without the lean */
    int64_t nano;      /* perpetuals: price in 1e-9, so that small steps are not rounded away */
    int64_t anchor;    /* perpetuals: micro, slow centre */
    int64_t vol_pm;    /* volatility now, per mille of normal; clusters */
    int64_t lean;      /* micro: pressure of recent trades */
    int64_t latent;    /* binaries: distance to the threshold in standard deviations * sqrt(us) */
    int64_t sigma_ppb; /* perpetuals: per square root of a second */
    int perp;          /* binaries on a price: which perpetual, else -1 */
    int64_t strike;    /* micro */
    bool below;        /* YES means under the strike */
    int64_t jump_mean_s;
    /* agents (gen_agents.c) */
    int64_t step_us, next_step_us;
    int64_t base_size; /* micro: a typical top-of-book quote */
    int64_t half_spread; /* micro, in quiet times */
    int64_t next_noise_us, noise_mean_us;
    int last_dir;
    int64_t fast, slow; /* averages of the fair value, for momentum */
    int64_t next_momentum_us;
    int64_t mark;      /* micro: averaged mid */
    int64_t funding_ppm, funding_us; /* perpetuals: the rate, and when it was last looked at */
    int64_t open_interest;           /* perpetuals: micro, 0 = not yet told */
    struct gen_maker maker[GEN_MAKERS];
    struct gen_resting resting[GEN_RESTING];
};

#define GEN_WALLETS 6
#define GEN_WALLET_TRADES 32 /* what a first answer tells */
struct gen_wallet { /* a named trader */
    bool asked;
    uint64_t count;
    struct target_trade last[GEN_WALLET_TRADES];
    int64_t net[GEN_MARKETS_MAX]; /* micro units it holds, by place of the market */
};

struct gen {
    struct feed feed;
    struct exchange *x;
    uint64_t seed;
    bool started;
    int64_t beat_us;    /* next beat */
    uint64_t beats, records;
    struct gen_stored { struct market m; int64_t last; } *stored; /* until start */
    size_t n_stored, cap_stored;
    struct rng rng;     /* the common factor and the catalogue */
    int n;
    struct gen_wallet wallets[GEN_WALLETS];
    struct gen_market *markets; /* GEN_MARKETS_MAX; the perpetuals first */
};

/* gen.c */
const struct gen *gen_inside(const struct feed *f); /* NULL: another kind of feed */
void gen_perp_mark(struct gen *g, struct gen_market *k, int64_t now_us);
/* gen_catalog.c: a new market in its place, NULL when the slot is taken */
int gen_slots(void);
struct gen_market *gen_perp(struct gen *g, int i, int64_t now_us);
struct gen_market *gen_binary(struct gen *g, int slot, int64_t now_us);
/* Takes a stored market up again. NULL when it already lives (it only gets the price) or is none of the catalogue's. */
struct gen_market *gen_adopt(struct gen *g, const struct market *m, int64_t last, int64_t now_us);
/* gen_value.c */
int64_t gen_phi(int64_t d_milli);      /* normal distribution function of d/1000, in millionths */
int64_t gen_phi_inverse(int64_t ppm);  /* its inverse, in thousandths */
uint64_t gen_isqrt(uint64_t v);
void gen_value_init(const struct gen *g, struct gen_market *k, int64_t fair, int64_t now_us);
void gen_value_beat(struct gen *g, int64_t now_us); /* moves all markets by one beat */
enum market_outcome gen_value_outcome(const struct gen *g, struct gen_market *k);
/* gen_history.c */
void gen_history(struct gen *g, const struct gen_market *k, int64_t now_us); /* EVENT_CANDLE, oldest first */
void gen_open_interest(struct gen *g, struct gen_market *k, int64_t now_us);
/* gen_wallets.c: a trade an agent took, at the best price; a market is gone; a desk wants to know (or no more) */
void gen_wallets_taken(struct gen *g, const struct gen_market *k, int dir, price px, qty size, bool momentum, int64_t now_us);
void gen_wallets_forget(struct gen *g, const struct gen_market *k);
enum err gen_wallets_ask(struct gen *g, const struct fx_activity *a, int64_t now_us);
/* gen_agents.c */
void gen_agents_start(struct gen *g, struct gen_market *k, int64_t now_us);
void gen_agents_step(struct gen *g, struct gen_market *k, int64_t now_us);
void gen_agents_forget(struct gen_market *k); /* the market is gone: so are the orders */

#endif
