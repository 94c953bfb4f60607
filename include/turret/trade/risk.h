/* The risk table: one row a rule, checked in order for every intent that adds exposure. Exits and cancels pass.
 * Pure: all figures come in struct risk_facts, all limits in struct risk_limits. */
#ifndef TURRET_TRADE_RISK_H
#define TURRET_TRADE_RISK_H

#include "turret/trade/model.h"

/* X(key, kind, default, "unit", "help"): kind usd|qty|count|ppm|ms; 0 switches a rule off. Settings [risk] key = value. */
#define RISK_LIMITS(X)                                                                                       \
    X(max_order_size, qty, 0, "units", "largest size of one order")                                          \
    X(max_order_notional, usd, 25000, "USD", "largest value of one order")                                   \
    X(max_price_distance, ppm, 200000, "ppm", "farthest limit price from the market on the aggressive side") \
    X(max_market_exposure, usd, 50000, "USD", "largest worst-case exposure in one market")                   \
    X(max_account_exposure, usd, 100000, "USD", "largest worst-case exposure of one account")                \
    X(max_open_orders, count, 200, "orders", "most working orders of one account")                           \
    X(max_orders_per_second, count, 20, "orders/s", "most new orders of one account within a second")        \
    X(max_day_loss, usd, 2000, "USD", "loss since midnight UTC that pauses an account")                      \
    X(duplicate_window, ms, 500, "ms", "time in which an identical order is refused")                        \
    X(max_total_exposure, usd, 0, "USD", "largest worst-case exposure of all accounts together")             \
    X(drawdown_halve, ppm, 0, "ppm", "fall of an account from its highest equity after which new orders may have half the size") \
    X(drawdown_halt, ppm, 0, "ppm", "fall from the highest equity after which an account opens nothing") \
    X(max_rejects, count, 20, "refusals", "refusals by a venue in a row that stop new exposure of an account until a fill or a reset") \
    X(max_data_age, ms, 10000, "ms", "oldest book that may add exposure or pull a trigger")

struct risk_limits { /* usd, qty and ppm in micro units as their kind says; count and ms plain */
#define X(key, kind, def, unit, help) int64_t key;
    RISK_LIMITS(X)
#undef X
};
void risk_limits_default(struct risk_limits *l);

/* What may trade at all: kill is stronger, and is a switch of its own. */
enum trading_state { TRADING_ACTIVE, TRADING_REDUCING /* nothing that adds exposure */, TRADING_HALTED /* automations fire nothing either; exits and cancels by hand and by stops pass */, TRADING_STATE_COUNT };
const char *trading_state_name(enum trading_state s);

struct risk_facts {
    bool killed, day_paused, denied, reconciling, store_down, leader;
    bool book_usable;         /* fresh, both sides, not crossed */
    usd order_notional;       /* worst case of this order */
    price reference;          /* touch on the side taken, own side's price; 0 unknown */
    usd market_exposure;      /* worst case incl. open and unknown orders, without this one */
    usd account_exposure;
    int open_orders, orders_last_second;
    usd day_pnl;
    bool duplicate;
    uint8_t trading;          /* enum trading_state */
    usd total_exposure;       /* of all accounts, without this one */
    int64_t drawdown_ppm;     /* of the account */
    int rejects;              /* of the account, in a row */
    bool live_forbidden;      /* simulation is forced and the account is live */
    bool not_live;            /* the account is live and nobody has set it so */
    bool run_over;            /* a model's order whose run no longer counts */
    const struct agent_limits *agent; /* a model's order: its limits; NULL for anybody else. The figures below are the model's. */
    usd equity, equity_peak, available;
    usd exposure;             /* value of its positions and working orders, without this one */
    usd trade_risk;           /* of the position this order leads to: loss to its stop; without a stop the whole cost or notional */
    usd trade_reward;         /* gain to its target, 0 unknown */
    usd cash_needed;          /* cash or margin and fee this order takes */
    bool stop_valid;          /* it has a stop on the right side */
    int positions;            /* open ones, without the one this order grows */
    int64_t cooldown_left_us; /* of this market, this side; 0 = none */
    int64_t funding_ppm;
    int64_t volume_ratio_ppm; /* -1 unknown */
};

/* One refusal or ERR_OK. `limit_text` gets a sentence with figures ("asked 500.00, limit 300.00"). */
enum err risk_check(const struct risk_limits *l, const struct risk_facts *f, const struct order *o, char limit_text[REASON_MAX]);

struct risk_rule { /* the table, for the risk page, help and tests */
    const char *name;
    enum err code;
    bool (*refuses)(const struct risk_limits *, const struct risk_facts *, const struct order *, char text[REASON_MAX]);
};
const struct risk_rule *risk_rules(int *count);
struct risk_limit_info { const char *key, *kind, *unit, *help; int64_t def; size_t offset; };
const struct risk_limit_info *risk_limit_table(int *count);

#endif
