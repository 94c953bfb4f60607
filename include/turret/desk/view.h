/* The read-only view of the desk: what the screen, the command line and models may see. Nothing here changes
 * the desk. Pointers stay valid until the next desk_step. Derived figures are computed, never stored. */
#ifndef TURRET_DESK_VIEW_H
#define TURRET_DESK_VIEW_H

#include "turret/desk/effect.h"
#include "turret/desk/event.h"
#include "turret/market/intel.h"
#include "turret/trade/position.h"
#include "turret/trade/risk.h"

struct desk;

enum view_dirty { DIRTY_MARKETS = 1, DIRTY_BOOK = 2, DIRTY_ORDERS = 4, DIRTY_POSITIONS = 8, DIRTY_ACCOUNT = 16, DIRTY_NOTICES = 32, DIRTY_STATUS = 64, DIRTY_FILLS = 128,
                  DIRTY_MODELS = 256, DIRTY_AUTOS = 1024 /* snipers, alerts, followed traders, history, notes, refusals */, DIRTY_RUNS = 512 /* the agents' shell has news of a run */ };

enum start_stage { START_LOADING, START_RECONCILING, START_LIVE };

struct view_status {
    int64_t now_us;
    enum start_stage stage;
    bool killed, leader, store_up, virtual_time;
    char kill_reason[REASON_MAX];
    int64_t killed_us;
    char leader_holder[64];
    char store_text[REASON_MAX];
    uint64_t events, epoch;
    uint8_t trading; /* enum trading_state */
    char trading_reason[REASON_MAX];
    int alerts; /* unacknowledged NOTICE_ALERTs */
};
void view_status(const struct desk *d, struct view_status *out);

struct view_venue { bool up; bool reconciled; char text[REASON_MAX]; int64_t last_data_us; bool health_known; struct ev_health health; /* the last EVENT_HEALTH */ };
void view_venue(const struct desk *d, enum venue_id v, struct view_venue *out);

/* --- markets --- */
struct view_market {
    const struct market *m;
    const struct book *book;
    price mark, last, bid, ask; /* micro 0 = none; book unit */
    price day_open;             /* first mark since midnight UTC or since listing */
    int64_t funding_ppm, book_us /* time of the last book event; 0 never */;
    bool stale, crossed, gap;
    usd volume_day;
};
int view_market_count(const struct desk *d);
bool view_market_at(const struct desk *d, int i, struct view_market *out);
bool view_market(const struct desk *d, market_id id, struct view_market *out);
/* Exact symbol, else unique prefix, else unique part of symbol or title, without regard to case.
 * ERR_OK, ERR_NOT_FOUND or ERR_AMBIGUOUS. */
enum err view_market_find(const struct desk *d, const char *text, market_id *out);
struct view_trade { int64_t at_us; price px; qty size; uint8_t taker_side; };
int view_trades(const struct desk *d, market_id id, struct view_trade *out, int max); /* newest first */
/* Candles of the market, newest last; the last one is still forming. */
const struct candle_series *view_candles(const struct desk *d, market_id id);
/* What models read of a market: 5-minute and 4-hour candles with their indicators. NULL if the market is unknown. */
const struct intel *view_intel(const struct desk *d, market_id id);
/* The last 42 minutes in candles of five seconds. */
const struct candle_series *view_candles_fine(const struct desk *d, market_id id);

/* --- accounts --- */
struct view_account {
    const struct account *a;
    usd cash, equity, unrealized, realized_day, fees_day, funding_day, day_pnl, margin, available, exposure;
    usd start_equity; /* at midnight UTC, or at the first sample of the day */
    int positions, open_orders;
    bool day_paused, reconciled;
    bool may_trade;               /* paper: always; live: set live by INTENT_LIVE and not only simulated */
    bool funds_known;
    struct ev_funds funds;        /* what the venue last said */
    int provisional;              /* fills that are not final yet */
    int claim_count;
    const struct ev_claim *claims; /* winnings to be claimed at the venue */
};
int view_account_count(const struct desk *d);
bool view_account_at(const struct desk *d, int i, struct view_account *out);
bool view_account(const struct desk *d, account_id id, struct view_account *out);
struct view_equity { int64_t at_us; usd equity; };
int view_equity(const struct desk *d, account_id id, struct view_equity *out, int max); /* oldest first, the newest `max` */

/* --- orders and positions --- */
/* Iterate in creation order: start with *cursor = 0; NULL at the end. */
const struct order *view_next_order(const struct desk *d, int *cursor, bool open_only);
const struct order *view_order(const struct desk *d, order_id id);
/* Until when the venue holds it back (it has it, but neither in its book nor cancellable); 0 = it does not. */
int64_t view_order_delayed_us(const struct desk *d, order_id id);
/* By "num", full id, or client/venue id. */
const struct order *view_order_find(const struct desk *d, const char *text);
struct view_position {
    const struct order *o;
    price mark, exit_touch; /* own side's price; 0 = none */
    usd unrealized, notional, margin, risk, reward;
    price liquidation; /* 0 = none */
    struct book_walk exit; /* closing all of it now, own side's price */
    usd exit_fee, exit_pnl;
    bool stale, unprotected;
    qty unsettled;         /* part of `open` from fills that are not final yet: can't be sold until they are */
    const char *unprotected_why; /* NULL: it is protected, or nothing is planned */
};
const struct order *view_next_position(const struct desk *d, int *cursor, bool open_only);
bool view_position(const struct desk *d, order_id id, struct view_position *out);
/* The open position of a market (any strategy, the first), NULL if flat. */
const struct order *view_position_of(const struct desk *d, account_id a, market_id m);
/* Recent fills, newest first. */
int view_fills(const struct desk *d, const struct fill **out, int max);
/* Realized P&L, fees, funding of an account by market since midnight UTC. */
struct view_pnl { market_id market; usd realized, fees, funding, unrealized; };
int view_pnl_by_market(const struct desk *d, account_id a, struct view_pnl *out, int max);
struct view_day { int32_t day; usd realized, fees, funding; };
int view_pnl_by_day(const struct desk *d, account_id a, struct view_day *out, int max); /* newest first */

/* --- models --- */
enum model_state { MODEL_IDLE, MODEL_RUNNING, MODEL_PAUSED, MODEL_DISABLED };
struct view_model {
    const struct model *m;
    enum model_state state;
    run_id run;           /* in progress, 0 = none */
    int64_t started_us;
    usd equity_peak;
    bool degraded;        /* its last run failed, or is late; m->reason says why */
};
int view_model_count(const struct desk *d); /* enabled ones first, then by id */
bool view_model_at(const struct desk *d, int i, struct view_model *out);
bool view_model(const struct desk *d, model_id id, struct view_model *out);
/* The model whose account this is, NULL for a person's. */
const struct model *view_model_of(const struct desk *d, account_id a);
/* Number, exact name, name/variant, else unique prefix. */
enum err view_model_find(const struct desk *d, const char *text, model_id *out);
/* Is this run still allowed to trade? */
bool view_run_alive(const struct desk *d, run_id run);
struct view_schedule { bool healthy; char reason[REASON_MAX]; uint32_t failed_cycles; int64_t last_success_us, next_run_us; int running, models; uint64_t cycles, skipped; };
void view_schedule(const struct desk *d, struct view_schedule *out);
/* Performance of any account over all its trades. */
const struct metrics *view_metrics(const struct desk *d, account_id a);

#include "turret/desk/view_auto.h"

/* --- what would happen --- */
struct view_preview {
    enum err refusal; /* what risk or the market would say */
    char text[REASON_MAX];
    struct book_walk now; /* fills at once, own side's price */
    qty size, rests;
    usd cost, fee, margin;
    struct route route; /* the venues compared, when the market is linked; n = 0: only one */
    usd worst_case; /* P&L of the resulting position at its worst (binary: loss of cost; perp: at stop or liquidation) */
};
void view_preview(const struct desk *d, const struct intent *in, struct view_preview *out);

/* --- risk and messages --- */
const struct risk_limits *view_limits(const struct desk *d);
struct view_notice { int64_t at_us; struct fx_notice n; };
int view_notices(const struct desk *d, struct view_notice *out, int max); /* newest first */
/* Recomputes every cache (positions, cash, exposure, reservations) from orders and fills in memory.
 * Returns the number of differences; the first ones as text. */
int view_audit(const struct desk *d, char *text, size_t len);

#endif
