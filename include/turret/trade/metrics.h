/* How well an account trades: figures over all its closed trades and its equity samples, kept up to date one at a time.
 * Ratios are statistics, not money: doubles, NAN where they are not defined (too few, no spread). */
#ifndef TURRET_TRADE_METRICS_H
#define TURRET_TRADE_METRICS_H

#include "turret/base/dec.h"

struct trade_stat { /* one closed position */
    uint64_t order;      /* its record */
    usd pnl;             /* net: realized - fees - funding */
    usd fees, funding, notional /* at entry */, risk /* to the first stop; 0 unknown */;
    price entry, exit;
    qty size;
    int64_t opened_us, closed_us;
    int16_t confidence;  /* 0..100 at entry, -1 unknown */
    uint8_t side;        /* enum order_side */
    uint8_t close_trigger;
    uint8_t resolved;    /* binary market: 1 it came true for this side, 2 it did not, 0 sold before or no binary */
    uint8_t pad[3];
};

/* X(NAME, "key", "label", "unit", "formula and source"): unit is one of usd, pct, ratio, count, time (seconds), r. */
#define METRIC_TABLE(X)                                                                                                  \
    X(TRADES, "trades", "trades", "count", "closed positions")                                                           \
    X(TOTAL_PNL, "total_pnl", "P&L", "usd", "sum of net P&L")                                                            \
    X(FEES, "fees", "fees", "usd", "sum of fees paid")                                                                   \
    X(WIN_RATE, "win_rate", "win rate", "pct", "wins / all; zero is no win")                                             \
    X(AVG_WIN, "avg_win", "average win", "usd", "mean of winners")                                                       \
    X(AVG_LOSS, "avg_loss", "average loss", "usd", "mean of losers, negative")                                           \
    X(BIGGEST_WIN, "biggest_win", "biggest win", "usd", "largest net P&L")                                               \
    X(BIGGEST_LOSS, "biggest_loss", "biggest loss", "usd", "smallest net P&L")                                           \
    X(EXPECTANCY, "expectancy", "expectancy", "usd", "win share * average win - loss share * |average loss|")            \
    X(PROFIT_FACTOR, "profit_factor", "profit factor", "ratio", "sum of wins / |sum of losses|; infinite without losses") \
    X(PAYOFF, "payoff", "average win / loss", "ratio", "average win / |average loss|")                                   \
    X(AVG_R, "avg_r", "average R", "r", "mean of net P&L / risk to the first stop (Tharp), of trades that had one")     \
    X(TRADE_SHARPE, "trade_sharpe", "signal / noise", "ratio", "mean / population deviation of net P&L; from 2 trades; within +-100") \
    X(RETURN, "return", "return", "pct", "(equity now - first) / first")                                                 \
    X(SHARPE, "sharpe", "Sharpe", "ratio", "mean / population deviation of returns between samples of a minute * sqrt(525600), rf 0 (Sharpe 1994); from 30 returns") \
    X(SORTINO, "sortino", "Sortino", "ratio", "mean / root mean square of negative returns (over all) * sqrt(525600) (Sortino 1994)") \
    X(CALMAR, "calmar", "Calmar", "ratio", "return % / max drawdown % (Young 1991, over the whole life)")                \
    X(MAX_DRAWDOWN, "max_drawdown", "max drawdown", "pct", "largest fall from a running peak")                           \
    X(DRAWDOWN, "drawdown", "drawdown", "pct", "fall from the highest equity now")                                       \
    X(RECOVERY, "recovery", "recovery factor", "ratio", "(equity now - first) / largest absolute drawdown")              \
    X(AVG_HOLD, "avg_hold", "average hold", "time", "mean of close - open")                                              \
    X(MEDIAN_HOLD, "median_hold", "median hold", "time", "median of close - open")                                       \
    X(MAX_HOLD, "max_hold", "longest hold", "time", "")                                                                  \
    X(AVG_HOLD_WIN, "avg_hold_win", "hold of winners", "time", "")                                                       \
    X(AVG_HOLD_LOSS, "avg_hold_loss", "hold of losers", "time", "")                                                      \
    X(AVG_SIZE, "avg_size", "average size", "usd", "mean of entry value")                                                \
    X(MEDIAN_SIZE, "median_size", "median size", "usd", "median of entry value")                                         \
    X(MAX_SIZE, "max_size", "largest size", "usd", "")                                                                   \
    X(LONG_SHARE, "long_share", "long or yes", "pct", "share of trades on the long or yes side")                         \
    X(WIN_STREAK, "win_streak", "longest win streak", "count", "")                                                       \
    X(LOSS_STREAK, "loss_streak", "longest loss streak", "count", "")                                                    \
    X(STREAK, "streak", "streak now", "count", "positive: wins, negative: losses")                                       \
    X(AVG_CONFIDENCE, "avg_confidence", "average confidence", "pct", "")                                                 \
    X(MEDIAN_CONFIDENCE, "median_confidence", "median confidence", "pct", "")                                            \
    X(DECISION_QUALITY, "decision_quality", "decision quality", "ratio", "Pearson correlation of confidence and net P&L; from 3 tagged trades") \
    X(BRIER, "brier", "Brier", "ratio", "mean (confidence - outcome)^2 of resolved binary positions (Brier 1950)")       \
    X(BRIER_MARKET, "brier_market", "Brier of the price", "ratio", "the same of the entry price: what the market said")  \
    X(BRIER_COUNT, "brier_count", "resolved", "count", "positions behind the two above")                                 \
    X(TOP3_SHARE, "top3_share", "share of the best three", "pct", "the three largest wins / sum of wins")
enum metric {
#define X(N, key, label, unit, source) METRIC_##N,
    METRIC_TABLE(X)
#undef X
    METRIC_COUNT
};
struct metric_info { const char *key, *label, *unit, *source; };
const struct metric_info *metric_info(enum metric m);
bool metric_parse(const char *key, enum metric *out);

#define METRICS_MIN_TRADES 30 /* fewer: too few to rank */

struct metrics;
struct metrics *metrics_new(void);
void metrics_free(struct metrics *m);
void metrics_trade(struct metrics *m, const struct trade_stat *t);       /* O(log n) */
/* Samples closer than half a minute to the last only move the newest value; gaps above two minutes give no return of a minute. */
void metrics_equity(struct metrics *m, int64_t at_us, usd equity);       /* O(1) */
/* What it is worth now, between the samples: return and drawdowns follow, the returns of minutes do not. */
void metrics_now(struct metrics *m, usd equity);
double metrics_value(const struct metrics *m, enum metric k);
bool metrics_few(const struct metrics *m); /* too few trades to rank */
/* Confidence against outcome in ten bins of ten percent: count, mean confidence, share that won. */
struct metrics_bin { uint32_t count; double confidence, won; };
void metrics_calibration(const struct metrics *m, struct metrics_bin out[10]);

#endif
