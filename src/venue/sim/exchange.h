/* The simulated exchange: accounts, matching, fees, margin, funding, liquidation, settlement, latency. Pure in time
 * (every call gets now_us), no clock, no system call, seeded randomness only. Several instances can live side by side;
 * an instance lives on while a desk under test dies. Feeds (generated markets, tapes) drive it through this header.
 *
 * Two kinds of market:
 *  - MATCHED: a real price-time engine (market/match.h). Generated participants ("bots") and desk accounts post orders
 *    into the same book.
 *  - SHOWN: the book is a recording (tape). Takers eat the displayed depth until it is refreshed; makers wait behind
 *    the displayed queue and fill when recorded trades or the book go through them.
 */
#ifndef TURRET_VENUE_SIM_EXCHANGE_H
#define TURRET_VENUE_SIM_EXCHANGE_H

#include "turret/base/rng.h"
#include "turret/desk/effect.h"
#include "turret/desk/event.h"

struct exchange;

struct exchange_cfg {
    uint64_t seed;
    uint16_t venue; /* enum venue_id it is known by */
    int32_t latency_min_us, latency_max_us; /* desk -> venue and venue -> desk each draw from it; bots have none */
    int32_t slippage_max_bps;  /* random extra on quote-only tapes, never past a limit; default 0 */
    int64_t funding_period_us; /* default 8 h */
    int64_t funding_refresh_us, mark_every_us; /* of generated perpetuals: 60 s, 1 s */
    int32_t maker_ppm, taker_ppm; /* fees of every market; -1 = the listing's own */
    usd initial_cash;
};
/* What it was made with. */
const struct exchange_cfg *exchange_settings(const struct exchange *x);
/* An event for the desk that is no answer: goes out at once. */
void exchange_publish(struct exchange *x, const struct event *ev);
void exchange_publish_at(struct exchange *x, const struct event *ev); /* when its time has come */
void exchange_cfg_default(struct exchange_cfg *cfg); /* 40..250 ms latency, 0 bps, 8 h, 10,000 USD */

enum exchange_market_mode { EXCHANGE_MATCHED, EXCHANGE_SHOWN };

struct exchange *exchange_new(const struct exchange_cfg *cfg, struct event_sink sink);
void exchange_free(struct exchange *x);

/* --- desk side (venue/sim/venue.c wraps these as venue_ops) --- */
void exchange_restore(struct exchange *x, const struct event *ev); /* EVENT_ACCOUNT, EVENT_LOAD_*, EVENT_LOADED */
enum err exchange_place(struct exchange *x, const struct order *o, int64_t now_us);
enum err exchange_cancel(struct exchange *x, const struct fx_cancel *c, int64_t now_us);
enum err exchange_amend(struct exchange *x, const struct fx_amend *a, int64_t now_us);
enum err exchange_query(struct exchange *x, const struct order *o, int64_t now_us);
enum err exchange_reconcile(struct exchange *x, const struct fx_reconcile *r, int64_t now_us);
enum err exchange_reset(struct exchange *x, const struct fx_reset *r, int64_t now_us);
int64_t exchange_next_us(const struct exchange *x); /* earliest delivery or timer (funding, expiry) */
void exchange_run(struct exchange *x, int64_t now_us);

/* --- feed side --- */
/* Lists a market (emits EVENT_MARKET). Listing again with the same id updates title, status and times, of a SHOWN one its steps and fees
 * too. What a listing leaves at 0 the exchange fills in: both fees (2/5 bps, where fees are by value), leverage (20), maintenance (2.5 %),
 * funding interval. */
void exchange_list(struct exchange *x, const struct market *m, enum exchange_market_mode mode, int64_t now_us);
void exchange_set_status(struct exchange *x, market_id id, enum market_status s, int64_t now_us);
/* Settles a binary market: cancels resting orders, pays positions 1/0 (void: entry cost back), emits settlement fills. */
void exchange_resolve(struct exchange *x, market_id id, enum market_outcome o, int64_t now_us);
/* A mark of 0 leaves the mark to the exchange (middle of the book); a feed that once gave one gives them all. */
void exchange_mark(struct exchange *x, market_id id, price mark, price index, int64_t funding_ppm, int64_t now_us);

enum market_outcome exchange_outcome(const struct exchange *x, market_id id); /* OUTCOME_NONE: not resolved, not known */

/* MATCHED markets: anonymous participants without accounts or latency. `bot` (1..65535) names the participant: its orders
 * never match each other. Returns the resting order's handle, 0 if nothing rests. */
uint32_t exchange_bot_limit(struct exchange *x, market_id id, uint16_t bot, int dir, price px, qty size, int64_t now_us);
qty exchange_bot_market(struct exchange *x, market_id id, uint16_t bot, int dir, qty size, int64_t now_us); /* filled */
void exchange_bot_cancel(struct exchange *x, market_id id, uint32_t handle, int64_t now_us);
bool exchange_bot_resting(const struct exchange *x, market_id id, uint32_t handle, qty *rest);
bool exchange_best(const struct exchange *x, market_id id, enum book_side side, struct level *out);
/* Book changes of MATCHED markets are collected; this emits one EVENT_BOOK per changed market. Feeds call it once a step. */
void exchange_flush_books(struct exchange *x, int64_t now_us);

/* SHOWN markets: what the tape says. Emits EVENT_BOOK / EVENT_TRADE to the desk with the user's own consumption applied. */
void exchange_shown_book(struct exchange *x, market_id id, const struct ev_book *b, int64_t now_us);
void exchange_shown_trade(struct exchange *x, market_id id, price px, qty size, int taker_dir, int64_t now_us);

/* --- the exchange's own ledger, for tests: what it believes, apart from what it told --- */
struct exchange_position { market_id market; int64_t net_micro; price entry; };
usd exchange_cash(const struct exchange *x, account_id a);
usd exchange_equity(const struct exchange *x, account_id a);
int exchange_positions(const struct exchange *x, account_id a, struct exchange_position *out, int max);
int exchange_working(const struct exchange *x, account_id a); /* resting orders */
uint64_t exchange_hash(const struct exchange *x);

/* A feed drives an exchange in time. gen.c and tape_feed.c each end in a constructor of one. */
struct feed;
struct feed_ops {
    const char *name; /* "generated", "tape" */
    void (*start)(struct feed *f, int64_t now_us);               /* lists markets, first books */
    void (*restore)(struct feed *f, const struct event *ev);     /* stored markets with last marks, best before start; may be NULL */
    int64_t (*next_us)(const struct feed *f);                    /* INT64_MAX at the end */
    void (*run)(struct feed *f, int64_t now_us);                 /* everything due up to now_us */
    enum err (*activity)(struct feed *f, const struct fx_activity *a, int64_t now_us); /* NULL: it has no named wallets */
    enum err (*list)(struct feed *f, const struct fx_list *l, int64_t now_us);         /* NULL: it lists what it has */
    bool (*ended)(const struct feed *f);
    uint64_t (*records)(const struct feed *f);                   /* records played so far */
    void (*close)(struct feed *f);
};
struct feed { const struct feed_ops *ops; };

struct feed *gen_feed_new(struct exchange *x, uint64_t seed);
/* Some of the markets of a generated feed on another exchange, that of a second venue; NULL when the lead is no generated feed. */
struct feed *twin_feed_new(struct exchange *x, const struct feed *lead, uint64_t seed);
/* Plays a tape; its times are shifted so that the first record happens at the start's now_us. ERR_CORRUPT, ERR_IO with a
 * sentence in `text`. ERR_OK with a sentence there is a warning (the tape is cut): show it. */
enum err tape_feed_new(struct exchange *x, const char *path, struct feed **out, char text[REASON_MAX]);
/* Polymarket's books and trades as they come, in wall time; nothing of it is run by next_us. */
struct pm_hosts;
struct pm_markets_cfg;
enum err live_feed_new(struct exchange *x, const struct pm_hosts *h, const struct pm_markets_cfg *m, struct feed **out, char text[REASON_MAX]);

#endif
