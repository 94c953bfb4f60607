/* A watch: a level of a figure that, when reached, does something once: a sniper order buys or sells, an alert tells. One record for both,
 * kept small because there may be a million of them; what is rare (a hold that runs, near misses) lives in the desk. */
#ifndef TURRET_TRADE_WATCH_H
#define TURRET_TRADE_WATCH_H

#include "turret/trade/order.h"
#include "turret/trade/trigger.h"

typedef uint32_t watch_id; /* what a person types; from the same counter as order numbers, so unique in a database */

enum watch_kind { WATCH_SNIPER, WATCH_ALERT, WATCH_KIND_COUNT };
enum watch_status { WATCH_WATCHING, WATCH_EXECUTING, WATCH_FILLED, WATCH_EXPIRED, WATCH_CANCELLED, WATCH_FAILED, WATCH_STATUS_COUNT };
/* ARMED: it may fire; new and edited ones are not. UNITS: amount counts units of the market, not USD. AWAY: it has fired (or was armed inside its
 * zone without meaning it) and waits for the figure to leave the zone before it counts again. KEEP: a firing that filled nothing keeps it armed. */
enum watch_flag { WATCH_ARMED = 1, WATCH_REPEAT = 2, WATCH_UNITS = 4, WATCH_REDUCE_ONLY = 8, WATCH_AWAY = 16, WATCH_KEEP = 32,
                  WATCH_STORED = 63,      /* those above; below: of this life only */
                  WATCH_BY_PARTNER = 64 /* cancelled by its partner's firing, in this life: comes back when that never left */,
                  WATCH_HOMELESS = 128 /* armed, and its market is not listed yet: in no index */ };

/* Figures: X(NAME, subject, "name", unit, "help"). Prices are the own side's (the NO price for side no); unit is price, usd, ppm, count or ms. */
#define FIGURE_TABLE(X)                                                                     \
    X(BID, MARKET, "bid", price, "what a seller gets")                                       \
    X(ASK, MARKET, "ask", price, "what a buyer pays")                                        \
    X(MARK, MARKET, "mark", price, "the venue's mark")                                       \
    X(LAST, MARKET, "last", price, "the last trade")                                         \
    X(PNL, POSITION, "pnl", usd, "unrealized P&L of a position")                             \
    X(PNL_PERCENT, POSITION, "pnl%", ppm, "unrealized P&L against its cost")                 \
    X(EQUITY, ACCOUNT, "equity", usd, "an account's equity")                                 \
    X(DAY_PNL, ACCOUNT, "day", usd, "P&L since midnight UTC")                                \
    X(DRAWDOWN, ACCOUNT, "drawdown", ppm, "fall from the highest equity")                    \
    X(EXPOSURE, ACCOUNT, "exposure", usd, "worst-case exposure of an account")               \
    X(FAILURES, MODEL, "failures", count, "failed runs of a model in a row")                 \
    X(COST_DAY, MODEL, "cost", usd, "what a model's calls cost today")                       \
    X(AGE, VENUE, "age", ms, "time since a venue's last data")                               \
    X(DOWN, VENUE, "down", count, "1 while a venue is down")
enum figure {
#define X(n, subject, name, unit, help) FIGURE_##n,
    FIGURE_TABLE(X)
#undef X
    FIGURE_COUNT
};
enum subject_kind { SUBJECT_MARKET, SUBJECT_POSITION, SUBJECT_ACCOUNT, SUBJECT_MODEL, SUBJECT_VENUE, SUBJECT_KIND_COUNT };
struct figure_info { const char *name, *unit, *help; uint8_t subject, lane /* its lane in the subject's trigger set */; };
const struct figure_info *figure_info(enum figure f);
bool figure_parse(const char *text, enum figure *out);
const char *subject_kind_name(enum subject_kind k);

struct watch {
    watch_id id;
    account_id account;    /* who trades; alerts: 0 */
    uint64_t subject;      /* market id, position's order id, account, model or venue id, by the figure */
    price level;           /* in the unit of the figure: price, usd and ppm in micro units; count and ms plain */
    int64_t amount;        /* sniper: micro USD (or units with WATCH_UNITS) of one firing */
    usd budget, spent;     /* sniper: all firings together; 0 = none */
    qty depth;             /* sniper: size that must be there within the slippage; 0 = any */
    int64_t expires_us;    /* 0 = never */
    order_id order;        /* EXECUTING: its order; alerts: 0 */
    uint32_t hold_ms;      /* the figure must stay in the zone that long */
    uint32_t max_age_ms;   /* oldest data that may fire it; 0 = the risk table's max_data_age */
    watch_id oco;          /* partner: the first to fire cancels the other; 0 = none */
    uint16_t slippage_e4;  /* a buyer pays at most that much more than the price of the moment, and than the level; 200 = 2 % */
    uint16_t fires;        /* times it has fired */
    uint16_t version;
    uint8_t kind, status, figure, dir /* enum trigger_dir, in the own side's sense */, side, action, flags;
};

#define WATCH_SLIPPAGE_DEFAULT 200

const char *watch_kind_name(enum watch_kind k);     /* "sniper", "alert" */
const char *watch_status_name(enum watch_status s); /* "WATCHING" ... as in the founding schema */
/* May it still fire one day? (WATCHING or EXECUTING) */
static inline bool watch_live(const struct watch *w) { return w->status == WATCH_WATCHING || w->status == WATCH_EXECUTING; }
/* Is what it says sensible? ERR_OK or a code; the market's own rules come when it fires. Pure. */
enum err watch_check(const struct watch *w, char text[REASON_MAX]);
/* The level as its trigger: in the book's unit, lane and direction turned for side NO. */
struct trigger watch_trigger(const struct watch *w);
/* Is the value in the zone? */
bool watch_in_zone(const struct watch *w, int64_t value);

/* What happened to automations, newest first on the screen: append-only. */
enum history_kind { HISTORY_SNIPER, HISTORY_ALERT, HISTORY_FOLLOW, HISTORY_EXIT, HISTORY_RISK, HISTORY_ACCOUNT /* live or not, fills taken back, differences found */, HISTORY_KIND_COUNT };
struct history {
    int64_t at_us;
    uint64_t id;           /* watch, follow, position or account */
    order_id order;        /* it led to, 0 = none */
    market_id market;
    uint8_t kind;          /* enum history_kind */
    uint8_t pad[7];
    char what[16];         /* "armed", "fired", "near miss", "filled", "expired", "skipped" ... */
    char text[REASON_MAX];
};
const char *history_kind_name(enum history_kind k);

/* A person's note on an order or a UTC day. */
enum remark_kind { REMARK_ORDER, REMARK_DAY };
struct remark { uint64_t subject /* order id, or days since 1970 */; int64_t at_us; uint8_t kind; char text[REASON_MAX * 2]; };

#endif
