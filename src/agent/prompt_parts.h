/* The placeholders of prompts: one row each of name, writer and help. Fixed ones follow from the limits alone and may stand in a system
 * prompt, which is so the same for every run of a variant; the others are of this run. Private to prompt*.c. */
#ifndef TURRET_AGENT_PROMPT_PARTS_H
#define TURRET_AGENT_PROMPT_PARTS_H

#include "agent/library.h"

struct prompt_ctx {
    struct library *lib;
    const struct desk *view;
    const struct model *m;
    const struct run_snapshot *snap;
    int64_t now_us;
    struct view_account account;
    bool has_account;
    const struct order **open; /* positions of all accounts, gathered once: a desk may know very many orders */
    size_t open_count, open_cap;
    int64_t rest_until_us[PROMPT_MARKETS]; /* of the snapshot's first markets, 0 = may be entered */
};

/* X(NAME, "help"): the writer is put_NAME. It writes nothing where there is no value: an error. */
#define PLACEHOLDERS(X)                                                                                            \
    X(TOTAL_MINUTES, "minutes since the model's first run, as counted by its runs")                                 \
    X(INVOCATION_TIMES, "how often it was invoked, this time included")                                             \
    X(CURRENT_TIME, "UTC, ISO 8601")                                                                                \
    X(MODEL_NAME, "the model's name on this desk")                                                                  \
    X(INTERVAL, "time between two runs")                                                                            \
    X(SNAPSHOT_ID, "number of the market snapshot this run keeps")                                                  \
    X(SNAPSHOT_TIME, "when it was taken: UTC, ISO 8601")                                                            \
    X(DATA_AGE, "age of the oldest order book in it")                                                               \
    X(AVAILABLE_CASH, "USD that can open positions")                                                                \
    X(EXPOSURE_TO_EQUITY_PCT, "(equity - available cash) / equity, percent")                                        \
    X(RISK_TO_EQUITY_PCT, "sum of losses at all stops / equity, percent")                                           \
    X(BUDGET_LEFT, "what its language model may still cost in this run and today")                                  \
    X(MARKET_INTELLIGENCE, "per market: candles and indicators of 5 minutes and 4 hours, funding, open interest")   \
    X(MARKET_RULES, "per market: tick, lot, fees, allowed sides, largest size now")                                 \
    X(PORTFOLIO_SNAPSHOT, "value, cash, exposure, profit and risk")                                                 \
    X(OPEN_POSITIONS_TABLE, "its positions with exit plans")                                                        \
    X(OPEN_ORDERS, "its working orders")                                                                            \
    X(LAST_REFUSALS, "its newest refused or failed orders, with the code")                                          \
    X(PERFORMANCE_OVERVIEW, "figures over all its trades, with warnings")                                           \
    X(COMPETITION_STANDINGS, "the five best models, at most 260 bytes")                                             \
    X(COMPETITION_PNL_DELTA, "its distance from the leader")                                                        \
    X(COMPETITION_OPEN_POSITIONS, "what its rivals hold, at most 380 bytes")

/* X(NAME, "limit's key", "word where it is switched off", "help") */
#define FIXED_PLACEHOLDERS(X)                                                                                      \
    X(MAX_LEVERAGE, "max_leverage", "the market's own leverage limit", "highest leverage")                          \
    X(STOP_REQUIRED, "stop_required", "optional", "required or optional")                                           \
    X(MAX_RISK, "max_risk", "an unlimited share", "largest loss at the stop, percent of equity")                    \
    X(MAX_EXPOSURE, "max_exposure", "an unlimited share", "largest value of all positions, percent of equity")      \
    X(MIN_CASH, "min_cash", "0 USD", "cash that stays")                                                             \
    X(MIN_NOTIONAL, "min_notional", "the market's minimum", "smallest value of a position")                         \
    X(MAX_POSITIONS, "max_positions", "any number of", "most open positions")                                       \
    X(MIN_CONFIDENCE, "min_confidence", "0", "lowest confidence that may open")                                     \
    X(FULL_CONFIDENCE, "full_confidence", "0", "confidence from which all of MAX_RISK may be used")                 \
    X(MIN_REWARD, "min_reward", "any multiple", "smallest reward for one of risk")                                  \
    X(MAX_FUNDING, "max_funding", "any rate", "funding rate that stops entries on the paying side")                 \
    X(MAX_DRAWDOWN, "max_drawdown", "any amount", "fall from the highest equity that stops entries")                \
    X(COOLDOWN, "cooldown", "0 minutes", "time after a close without a new entry in that market")                   \
    X(MIN_VOLUME_RATIO, "min_volume_ratio", "0", "smallest volume ratio")

/* Fixed too: the variant's name and the list of all rules that are enforced. */
#define FIXED_TEXTS(X)                                                                                             \
    X(HALF_RISK, "half of MAX_RISK")                                                                                \
    X(RULES, "every rule the desk enforces, one a line, from the limits")                                          \
    X(VARIANT, "the variant's name")

#define X(NAME, help) void put_##NAME(const struct prompt_ctx *c, struct str *out);
PLACEHOLDERS(X)
FIXED_TEXTS(X)
#undef X

/* The text of a limit as prompts say it ("5x", "2%", "15 minutes"); off: the word for none. */
void limit_words(const struct agent_limits *l, const char *key, const char *off, struct str *out);
/* Copies `text`, placeholders filled. */
enum err template_fill(const char *text, int line, const struct prompt_ctx *c, struct str *out, struct read_err *e);

/* prompt_market.c: what is the same for every reader of a market. */
void market_text_write(const struct desk *view, const struct view_market *m, int64_t now_us, struct str *out);

/* Writing figures. */
void prompt_usd(struct str *out, usd v);                              /* 1234.50 */
void prompt_pct(struct str *out, int64_t part, int64_t whole);        /* 12.34; n/a without a whole */
void prompt_time(struct str *out, int64_t at_us);                     /* 2026-11-21T05:00:00Z */
void prompt_span(struct str *out, int64_t us);                        /* 45 s, 12 min, 3.5 h */
void prompt_dec(struct str *out, int64_t micro, int min_digits);
void prompt_foreign(struct str *out, const char *text, size_t longest); /* sanitised, capped, in quotes that it can't close */

#endif
