/* A model that trades: its record (a row of the models table) and the limits that its variant promises. A plain value
 * without pointers. The rules behind the limits are rows of the risk table (trade/risk.h). */
#ifndef TURRET_TRADE_MODEL_H
#define TURRET_TRADE_MODEL_H

#include "turret/trade/order.h"

#define MODEL_NAME_MAX STRATEGY_MAX /* its account has the same name */
#define VARIANT_NAME_MAX 16
#define PROVIDER_NAME_MAX 24
#define MODEL_REF_MAX 64
#define MODEL_MARKETS_MAX 160

typedef uint32_t model_id; /* row id of the models table, from 1 */
typedef uint64_t run_id;   /* made like an order id: unique for ever; 0 = no run. Also the invocation's id and the orders' link */

/* What a variant's [limits] may set. X(key, kind, default, "unit", "help"): kinds as in RISK_LIMITS; 0 switches a rule off. */
#define AGENT_LIMITS(X)                                                                                         \
    X(max_leverage, count, 10, "x", "highest leverage of a position")                                           \
    X(stop_required, count, 1, "0 or 1", "a new position needs a stop on the right side of the price")          \
    X(max_risk, ppm, 20000, "ppm of equity", "largest loss at the stop of one position (binary without stop: its cost)") \
    X(max_exposure, ppm, 3000000, "ppm of equity", "largest sum of all its positions' values")                  \
    X(min_cash, usd, 500, "USD", "available cash that stays after an order")                                    \
    X(min_notional, usd, 0, "USD", "smallest value of a new position")                                          \
    X(max_positions, count, 0, "positions", "most open positions")                                              \
    X(min_confidence, count, 40, "percent", "lowest confidence that may open")                                  \
    X(full_confidence, count, 80, "percent", "below it a position may risk only half of max_risk")              \
    X(min_reward, ppm, 0, "ppm of risk", "smallest reward to target for one of risk to stop (1500000 = 1.5)")   \
    X(max_funding, ppm, 0, "ppm", "no longs above this funding rate, no shorts below its negative")             \
    X(max_drawdown, ppm, 0, "ppm", "fall from its highest equity after which it opens nothing")                 \
    X(cooldown, ms, 900000, "ms", "time after a close in which it opens nothing in that market")                \
    X(min_volume_ratio, ppm, 0, "ppm", "smallest volume of the last 5-minute candle against the average")

struct agent_limits {
#define X(key, kind, def, unit, help) int64_t key;
    AGENT_LIMITS(X)
#undef X
};
void agent_limits_default(struct agent_limits *l);
struct risk_limit_info;
/* Rows of the table above, as risk_limit_table gives those of RISK_LIMITS. */
const struct risk_limit_info *agent_limit_table(int *count);

struct model {
    model_id id;
    account_id account;
    uint8_t enabled;   /* configured now; rows of models no longer configured stay for their history */
    uint8_t paused;    /* by a person: not invoked until resumed; survives a restart */
    uint8_t builtin;   /* rules of our own, no network */
    uint8_t cost_unknown; /* some call had no price: cost_total is a lower bound */
    uint32_t interval_s;
    int64_t next_run_us, last_run_us, last_ok_us;
    uint64_t runs, failed_runs, failed_calls, skipped_runs; /* completed; failed; refused or malformed tool calls; overlaps skipped */
    uint32_t failed_in_row, seconds_rest; /* seconds_rest: of total_minutes, below a minute */
    uint64_t total_minutes;
    uint64_t tokens_in, tokens_out;
    usd cost_total, cost_day; /* of the language model; cost_day is of `cost_date` (days since 1970 UTC) */
    usd budget_run, budget_day; /* 0 = none */
    int32_t cost_date, version;
    struct agent_limits limits;
    char name[MODEL_NAME_MAX], variant[VARIANT_NAME_MAX], provider[PROVIDER_NAME_MAX], model[MODEL_REF_MAX];
    char markets[MODEL_MARKETS_MAX]; /* symbols it may trade, by commas; "" = all; "perp" and "binary" are kinds */
    char reason[REASON_MAX];         /* why its last run failed, "" */
};

enum run_status { RUN_RUNNING, RUN_OK, RUN_FAILED, RUN_TIMEOUT, RUN_CANCELLED, RUN_ABORTED /* the engine ended meanwhile */, RUN_STATUS_COUNT };
const char *run_status_name(enum run_status s);
/* May this model trade that market (its `markets` list)? */
bool model_may_trade(const struct model *m, const struct market *market);

#endif
