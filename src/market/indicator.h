/* The indicators' arithmetic. The state holds what follows from closed candles; a step takes one more candle in. A live value is a
 * step on a copy, so that a tick costs the same whatever there was before. Private to market/. */
#ifndef MARKET_INDICATOR_H
#define MARKET_INDICATOR_H

#include "turret/market/intel.h"

struct ema { int n; double sum, value; };                  /* seeded by the mean of the first n */
struct wilder { int n; double sum, value; };               /* mean of the first n, then (n-1, 1)/n */

/* What depends on windows of closed candles: computed anew when one closes. Candle counts are in the names. */
struct windows {
    int closed;
    double sum19, sumsq19;                  /* of closes, less `base` */
    double base;                            /* keeps the squares small beside prices */
    double high8, low8, high25, low25, high51, low51, high20, low20;
    double volume30;                        /* mean of up to 30 */
    double span_a26, span_b26;              /* as they were 26 candles before the next one */
};

struct ind_state {
    int n; /* candles taken in */
    struct ema ema20, ema50, ema12, ema26, signal, close20;
    struct wilder gain7, loss7, gain14, loss14, atr10, atr14;
    double high, low, close;                /* of the candle before */
    int di_n;
    double tr14, plus14, minus14;           /* Wilder's sums */
    struct wilder dx14;
    bool trend_set, trend_up;
    double band_up, band_down;              /* Supertrend's final bands */
    int64_t day;                            /* VWAP's, UTC */
    double pv, volume, p_sum, p_count;
};

struct bar { int64_t start_us; double open, high, low, close, volume; };

/* Takes a candle in and writes all values as of it; NAN where not defined. */
void indicator_step(struct ind_state *s, const struct windows *w, const struct bar *b, double out[IND_COUNT]);

#endif
