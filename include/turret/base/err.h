/* Every error and refusal of Turret: one table of code, class, exit code, HTTP status and sentence.
 * The class decides what a caller does; the name is the code in JSON (lower case) and in the man page. */
#ifndef TURRET_BASE_ERR_H
#define TURRET_BASE_ERR_H

enum err_class {
    ERR_CLASS_OK,
    ERR_CLASS_RETRY,   /* did not happen; safe to try again */
    ERR_CLASS_REJECT,  /* refused by a rule, by the venue or by the input; trying again changes nothing */
    ERR_CLASS_AUTH,    /* credentials or rights */
    ERR_CLASS_LIMIT,   /* a limit of ours or theirs; later */
    ERR_CLASS_UNKNOWN, /* may have happened: ask, never re-send */
    ERR_CLASS_BUG,     /* ours */
};

/* X(name, class, exit code of terminal commands, HTTP status of the order API, sentence) */
#define ERR_TABLE(X)                                                                              \
    X(OK, OK, 0, 200, "done")                                                                          \
    X(FAILED, RETRY, 1, 500, "failed")                                                                 \
    X(USAGE, REJECT, 2, 400, "bad command line or argument")                                           \
    X(BAD_VALUE, REJECT, 2, 400, "a value can't be read or is out of range")                           \
    X(CONFIG, REJECT, 3, 500, "bad configuration")                                                     \
    X(CREDENTIALS, AUTH, 4, 401, "credentials missing or refused")                                     \
    X(UNREACHABLE, RETRY, 5, 503, "can't be reached; nothing was sent")                                \
    X(VENUE_REJECTED, REJECT, 6, 422, "the venue refused the order")                                   \
    X(INSUFFICIENT_FUNDS, REJECT, 6, 422, "not enough available cash or margin")                       \
    X(MARKET_CLOSED, REJECT, 6, 422, "the market is not open for trading")                             \
    X(PRICE_OUT_OF_RANGE, REJECT, 6, 422, "the price is outside the market's range")                   \
    X(TICK_SIZE, REJECT, 6, 422, "the price is not a multiple of the market's tick")                   \
    X(LOT_SIZE, REJECT, 6, 422, "the size is not a multiple of the market's lot")                      \
    X(MIN_SIZE, REJECT, 6, 422, "the order is smaller than the market's minimum")                      \
    X(POST_ONLY_CROSSED, REJECT, 6, 422, "a post-only order would have taken liquidity")               \
    X(NO_LIQUIDITY, REJECT, 6, 422, "the book can't fill it")                                          \
    X(FOK_UNFILLED, REJECT, 6, 422, "fill-or-kill: the whole size was not available")                  \
    X(SELF_TRADE, REJECT, 6, 422, "it would trade against an own resting order")                       \
    X(REDUCE_ONLY, REJECT, 6, 422, "a reduce-only order may not open or grow a position")              \
    X(LEVERAGE, REJECT, 6, 422, "leverage is outside the market's range")                              \
    X(DUPLICATE, REJECT, 7, 409, "the same order was just sent (duplicate window)")                    \
    X(RISK_ORDER_SIZE, LIMIT, 7, 422, "over the largest order size")                                   \
    X(RISK_ORDER_NOTIONAL, LIMIT, 7, 422, "over the largest order value")                              \
    X(RISK_PRICE_DISTANCE, LIMIT, 7, 422, "the price is too far from the market")                      \
    X(RISK_MARKET_EXPOSURE, LIMIT, 7, 422, "over the exposure limit of this market")                   \
    X(RISK_ACCOUNT_EXPOSURE, LIMIT, 7, 422, "over the exposure limit of this account")                 \
    X(RISK_OPEN_ORDERS, LIMIT, 7, 422, "too many open orders")                                         \
    X(RISK_ORDER_RATE, LIMIT, 7, 429, "too many orders a second")                                      \
    X(RISK_DAY_LOSS, LIMIT, 7, 422, "the day's loss limit is reached: only exits until midnight UTC")  \
    X(RISK_MARKET_DENIED, REJECT, 7, 422, "this market is not allowed by the allow and deny lists")    \
    X(KILLED, REJECT, 7, 409, "the kill switch is on: only exits and cancels pass (unkill lifts it)")  \
    X(STALE_BOOK, RETRY, 7, 503, "the book is stale, crossed or empty; new exposure waits")            \
    X(RECONCILING, RETRY, 7, 503, "reconciliation with the venue is not finished")                     \
    X(STORE_DOWN, RETRY, 7, 503, "the database is down: nothing that adds exposure is sent")           \
    X(NOT_LEADER, REJECT, 7, 403, "another desk trades on this database; this one watches")            \
    X(READ_ONLY, REJECT, 7, 403, "this viewer is read-only")                                           \
    X(STOP_SIDE, REJECT, 7, 422, "the stop is on the wrong side of the price")                         \
    X(TARGET_SIDE, REJECT, 7, 422, "the target is on the wrong side of the price")                     \
    X(RESERVED, REJECT, 7, 409, "the whole position is already being closed")                          \
    X(TRADING_HALTED, REJECT, 7, 409, "trading is halted: only exits and cancels pass") \
    X(TRADING_REDUCING, REJECT, 7, 409, "trading is reducing: nothing that adds exposure") \
    X(RISK_TOTAL_EXPOSURE, LIMIT, 7, 422, "over the exposure limit of all accounts together") \
    X(RISK_REJECTS, LIMIT, 7, 422, "the venue refused too many orders in a row: new exposure waits for a person") \
    X(SLIPPAGE, REJECT, 7, 422, "it would cost more than the slippage allows") \
    X(NO_ROUTE, REJECT, 7, 409, "no venue of this outcome can take the order now") \
    X(FOLLOW_OFF, REJECT, 7, 409, "this configuration is off or paused") \
    X(FOLLOW_CATEGORY, REJECT, 7, 422, "the market's category is not followed") \
    X(FOLLOW_PROBABILITY, REJECT, 7, 422, "the price is outside the probabilities that are followed") \
    X(FOLLOW_LIQUIDITY, REJECT, 7, 422, "too little liquidity to follow") \
    X(FOLLOW_TRADES, LIMIT, 7, 422, "the day's number of followed trades is reached") \
    X(FOLLOW_LOSS, LIMIT, 7, 422, "the day's loss of this configuration is reached: paused until midnight UTC") \
    X(FOLLOW_POSITIONS, LIMIT, 7, 422, "too many open positions of this configuration") \
    X(FOLLOW_CAP, LIMIT, 7, 422, "a cap of this configuration leaves no room") \
    X(FOLLOW_LATE, REJECT, 7, 422, "the target's trade is too old to follow") \
    X(OWN_WALLET, REJECT, 7, 422, "the target is this desk's own account") \
    X(FOLLOW_LOOP, REJECT, 7, 422, "a configuration never follows another one's trades") \
    X(NOTHING_TO_CLOSE, REJECT, 7, 422, "the target sells and there is no position of ours to reduce") \
    X(SELF_CROSS, REJECT, 7, 422, "it would meet an own working order") \
    X(OPPOSITE_STRATEGY, REJECT, 7, 422, "another strategy of the account holds the other side where the venue nets") \
    X(RUN_OVER, REJECT, 7, 409, "the run is over: it timed out, was stopped or was cleared")          \
    X(SIMULATION_ONLY, REJECT, 7, 422, "simulation is forced: no account may trade live")               \
    X(RISK_LEVERAGE, LIMIT, 7, 422, "over the leverage cap of this model")                              \
    X(RISK_STOP_REQUIRED, LIMIT, 7, 422, "this model's positions need a stop on the right side")        \
    X(RISK_PER_TRADE, LIMIT, 7, 422, "over this model's risk of one trade")                             \
    X(RISK_EXPOSURE, LIMIT, 7, 422, "over this model's exposure against its equity")                    \
    X(RISK_MIN_CASH, LIMIT, 7, 422, "less cash would stay than this model must keep")                   \
    X(RISK_MIN_NOTIONAL, LIMIT, 7, 422, "smaller than this model's positions may be")                   \
    X(RISK_POSITIONS, LIMIT, 7, 422, "too many open positions")                                         \
    X(RISK_CONFIDENCE, LIMIT, 7, 422, "not confident enough to open")                                   \
    X(RISK_REWARD, LIMIT, 7, 422, "too little reward for the risk")                                     \
    X(RISK_FUNDING, LIMIT, 7, 422, "funding is against this side")                                      \
    X(RISK_DRAWDOWN, LIMIT, 7, 422, "this model has lost too much from its highest equity")             \
    X(RISK_COOLDOWN, LIMIT, 7, 422, "this market cools down after the last close")                      \
    X(RISK_VOLUME, LIMIT, 7, 422, "too little volume in this market")                                   \
    X(WIDENS_RISK, REJECT, 7, 422, "an exit plan may only get tighter")                                 \
    X(INVALID_ARGUMENTS, REJECT, 2, 400, "the arguments of a tool call can't be used")                  \
    X(ALREADY_ACTED, REJECT, 7, 409, "this run has already acted on this market")                       \
    X(BUDGET, LIMIT, 7, 429, "the budget for language model calls is spent")                            \
    X(PROVIDER, RETRY, 5, 502, "the provider's answer can't be used")                                   \
    X(RATE_LIMITED, LIMIT, 5, 429, "too many requests; later")                                          \
    X(NOT_LIVE, REJECT, 7, 409, "the account is not set live: only exits and cancels pass (live ACCOUNT)")   \
    X(UNSETTLED, RETRY, 7, 409, "the shares are not settled yet; an exit goes out as soon as they are")  \
    X(GEOBLOCKED, AUTH, 7, 403, "the venue does not open positions from this place: only closes and cancels")  \
    X(ALLOWANCE, REJECT, 6, 422, "the venue's contracts may not spend it: approve at the venue, then try again") \
    X(WRONG_WALLET, AUTH, 4, 403, "the wallet, the key and the kind of signature do not belong together")  \
    X(ACCOUNT_BANNED, AUTH, 4, 403, "the venue has banned or restricted the account")                   \
    X(ORDER_VERSION, REJECT, 6, 422, "the venue speaks another version of orders: a newer Turret is needed") \
    X(VENUE_PAUSED, RETRY, 5, 503, "the venue takes no orders now")                                      \
    X(VENUE_POST_ONLY, RETRY, 5, 503, "the venue takes post-only orders and cancels now")                \
    X(NOT_FOUND, REJECT, 8, 404, "not found")                                                          \
    X(NOT_OPEN, REJECT, 8, 409, "the order or position is no longer open")                             \
    X(AMBIGUOUS, REJECT, 8, 409, "more than one matches; be more exact")                               \
    X(OUTCOME_UNKNOWN, UNKNOWN, 9, 504, "the outcome is not known yet: do not retry")                  \
    X(PARTLY, REJECT, 10, 409, "partly done")                                                          \
    X(ENGINE_DOWN, RETRY, 11, 503, "no engine runs for this data directory")                           \
    X(ENGINE_RUNS, REJECT, 1, 409, "an engine already runs for this data directory")                   \
    X(CANCELLED, REJECT, 1, 409, "cancelled")                                                          \
    X(EXPIRED, REJECT, 1, 409, "expired")                                                              \
    X(TIMEOUT, UNKNOWN, 9, 504, "no answer in time")                                                   \
    X(CORRUPT, REJECT, 1, 500, "the file is damaged or not of this kind")                              \
    X(IO, RETRY, 1, 500, "reading or writing failed")                                                  \
    X(SCHEMA_NEWER, REJECT, 3, 500, "the database was made by a newer Turret")                         \
    X(UNSUPPORTED, REJECT, 2, 501, "not supported here")                                               \
    X(OVERFLOW, REJECT, 2, 400, "a number is too large")                                               \
    X(INTERNAL, BUG, 1, 500, "internal error")

enum err {
#define X(name, class, code, http, text) ERR_##name,
    ERR_TABLE(X)
#undef X
    ERR_COUNT
};

const char *err_name(enum err e); /* "stale_book": stable, lower case */
const char *err_text(enum err e); /* the sentence */
enum err_class err_class(enum err e);
int err_exit_code(enum err e);
int err_http_status(enum err e);

#endif
