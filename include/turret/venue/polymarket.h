/* Polymarket (CLOB V2 and PolyV2, deposit wallets, Data API v2): market data for everyone, trading with a key. */
#ifndef TURRET_VENUE_POLYMARKET_H
#define TURRET_VENUE_POLYMARKET_H

#include "turret/io/secret.h"
#include "turret/venue/venue.h"

#define PM_ADDRESS_TEXT 43 /* "0x" and 40 digits */

struct pm_hosts { /* https and wss; http and ws to loopback only. NULL = Polymarket's own */
    const char *clob, *gamma, *data, *stream /* .../ws */, *geoblock;
};
struct pm_markets_cfg { /* which markets are listed */
    int top;                /* the most traded open ones */
    const char *words;      /* and by comma: slugs, tags ("tag:politics"), searches ("search:fed rate"), condition ids; "" = none */
};
struct pm_account_cfg { /* NULL key: market data only */
    const char *name;       /* of the account */
    const struct secret *key;   /* 64 hex digits, 0x or not; copied, wiped at close */
    const char *wallet;     /* the address that holds the money; "" = the key's own (only with signature type 0) */
    int signature_type;     /* 0 EOA, 1 proxy, 2 safe, 3 deposit wallet */
    const char *builder;    /* builder code, 0x and 64 digits; "" = none */
    bool heartbeat;         /* the venue cancels all orders when we fall silent for 10 s */
    const char *secrets_dir;/* where derived API credentials are kept; NULL = nowhere */
};
struct pm_cfg { struct pm_hosts hosts; struct pm_markets_cfg markets; struct pm_account_cfg account; int64_t chain_id /* 0 = 137 */; };

/* The venue. ERR_CONFIG, ERR_CREDENTIALS with a sentence. With a key, restore tells it its account (venue polymarket, live) by EVENT_ACCOUNT. */
enum err pm_open(const struct pm_cfg *cfg, struct event_sink sink, struct venue **out, char text[REASON_MAX]);

/* --- market data alone: what the venue uses, and the simulator's live feed --- */
struct pm_data;
/* EVENT_MARKET (ids and venue of `as`), BOOK, TRADE, MARKET_STATUS, CANDLE, VENUE, HEALTH, TARGET_TRADE, NOTE into the sink. */
struct pm_data *pm_data_open(const struct pm_hosts *h, const struct pm_markets_cfg *m, enum venue_id as, struct event_sink sink, char text[REASON_MAX]);
void pm_data_restore(struct pm_data *d, const struct event *ev);  /* stored markets, orders, watches: those that are needed are listed again */
void pm_data_start(struct pm_data *d, int64_t now_us);
void pm_data_list(struct pm_data *d, const char *what);
enum err pm_data_activity(struct pm_data *d, const struct fx_activity *a, int64_t now_us);
void pm_data_close(struct pm_data *d);

/* --- the desk of the command line: turret venue login | test | accounts | search | cancel-all --- */
enum pm_check_state { PM_CHECK_OK, PM_CHECK_WARN, PM_CHECK_FAILED, PM_CHECK_SKIPPED };
struct pm_check { const char *name; enum pm_check_state state; enum err err; char text[REASON_MAX * 2]; /* what was found, what to do */ };
typedef void pm_check_fn(void *ctx, const struct pm_check *c); /* one by one, in the order of the table of checks */
typedef void pm_end_fn(void *ctx, enum err worst, const char *text);
/* Runs the checks on the loop: clock, version, geoblock, key, credentials (derived, or created with `create`), wallet and signature type,
 * balance, allowances, open orders. Credentials that were got are kept in secrets_dir. Free with pm_login_free, also from the callbacks. */
struct pm_login;
struct pm_login *pm_login_start(const struct pm_cfg *cfg, bool create, pm_check_fn *check, pm_end_fn *end, void *ctx);
void pm_login_free(struct pm_login *l);

struct pm_found { char slug[128], title[MARKET_TITLE_MAX], symbol[MARKET_SYMBOL_MAX]; price bid, ask; usd volume_24h; int64_t closes_us; bool open; };
typedef void pm_found_fn(void *ctx, const struct pm_found *f); /* NULL: the end */
struct pm_search;
struct pm_search *pm_search_start(const struct pm_hosts *h, const char *query /* "": the most traded */, int max, pm_found_fn *found, pm_end_fn *end, void *ctx);
void pm_search_free(struct pm_search *s);
/* An account at a glance: what is held one by one, then the sums. Hosts clob and data must be set. NULL with a sentence in text: it can't start. */
struct pm_held { char slug[128], title[MARKET_TITLE_MAX], outcome[32]; qty size; price avg, now; usd value; bool redeemable; };
struct pm_overview { char wallet[PM_ADDRESS_TEXT]; int signature_type, orders, positions /* -1: not told */; usd balance, allowance /* negative: not told */, in_orders, positions_value, redeemable; };
typedef void pm_held_fn(void *ctx, const struct pm_held *h);
typedef void pm_overview_fn(void *ctx, enum err e, const char *text, const struct pm_overview *o);
struct pm_overview_run;
struct pm_overview_run *pm_overview_start(const struct pm_cfg *cfg, pm_held_fn *held, pm_overview_fn *end, void *ctx, char *text, size_t cap);
void pm_overview_free(struct pm_overview_run *r);
/* Cancels without engine and database: all orders, or those of one market (slug or condition id; "" = all). */
struct pm_cancel;
struct pm_cancel *pm_cancel_start(const struct pm_cfg *cfg, const char *market, pm_end_fn *end, void *ctx);
void pm_cancel_free(struct pm_cancel *c);

#endif
