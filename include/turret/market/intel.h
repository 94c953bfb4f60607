/* What models read of a market: candles of 5 minutes and of 4 hours, each with all indicators, kept up to date tick by tick.
 * Incremental: the cost of a tick does not depend on how many candles there are. Analytics, not money: doubles. */
#ifndef TURRET_MARKET_INTEL_H
#define TURRET_MARKET_INTEL_H

#include "turret/market/candle.h"

/* X(NAME, "key", "label", digits, "source of the formula"). One row and one update function an indicator (market/indicator.c).
 * mid = (open + close) / 2; the founding system takes EMA and MACD on mids, RSI on closes. */
#define INDICATOR_TABLE(X)                                                                                         \
    X(EMA20, "ema20", "EMA 20", 3, "k = 2/(n+1), seeded by the mean of the first n mids")                           \
    X(EMA50, "ema50", "EMA 50", 3, "as EMA 20")                                                                     \
    X(MACD, "macd", "MACD", 3, "EMA 12 - EMA 26 of mids (Appel 1979)")                                              \
    X(MACD_SIGNAL, "macd_signal", "MACD signal", 3, "EMA 9 of MACD")                                                \
    X(RSI7, "rsi7", "RSI 7", 3, "Wilder 1978; 100 without losses, 50 without any move")                             \
    X(RSI14, "rsi14", "RSI 14", 3, "as RSI 7")                                                                      \
    X(ATR10, "atr10", "ATR 10", 3, "Wilder 1978: mean of the first n true ranges, then (n-1, 1)/n; first true range = high - low") \
    X(ATR14, "atr14", "ATR 14", 3, "as ATR 10")                                                                     \
    X(SMA20, "sma20", "SMA 20", 3, "mean of the last 20 closes")                                                    \
    X(BB_UPPER, "bb_upper", "Bollinger upper", 3, "SMA 20 + 2 population standard deviations (Bollinger 2001)")     \
    X(BB_LOWER, "bb_lower", "Bollinger lower", 3, "SMA 20 - 2 population standard deviations")                      \
    X(KC_UPPER, "kc_upper", "Keltner upper", 3, "EMA 20 of closes + 1.5 ATR 10 (Raschke)")                          \
    X(KC_LOWER, "kc_lower", "Keltner lower", 3, "EMA 20 of closes - 1.5 ATR 10")                                    \
    X(VWAP, "vwap", "VWAP", 3, "sum of typical price * volume / sum of volume since midnight UTC; the plain mean where nothing traded") \
    X(ADX14, "adx14", "ADX 14", 3, "Wilder 1978")                                                                   \
    X(PLUS_DI, "plus_di", "+DI 14", 3, "Wilder 1978")                                                               \
    X(MINUS_DI, "minus_di", "-DI 14", 3, "Wilder 1978")                                                             \
    X(SUPERTREND, "supertrend", "Supertrend 10 3", 3, "Seban: hl2 -/+ 3 ATR 10, trailing; below price = up trend")   \
    X(TENKAN, "tenkan", "Tenkan-sen 9", 3, "(highest high + lowest low of 9) / 2 (Hosoda)")                         \
    X(KIJUN, "kijun", "Kijun-sen 26", 3, "the same of 26")                                                          \
    X(SPAN_A, "span_a", "Senkou span A", 3, "(tenkan + kijun) / 2 of 26 candles ago")                               \
    X(SPAN_B, "span_b", "Senkou span B", 3, "(highest + lowest of 52) / 2 of 26 candles ago")                       \
    X(HIGH20, "high20", "20-candle high", 3, "highest high of the 20 candles before this one (Donchian)")           \
    X(LOW20, "low20", "20-candle low", 3, "lowest low of the 20 candles before this one")                           \
    X(VOLUME_RATIO, "volume_ratio", "volume ratio", 3, "volume of the candle / mean of the 30 before it")
enum indicator {
#define X(N, key, label, digits, source) IND_##N,
    INDICATOR_TABLE(X)
#undef X
    IND_COUNT
};
struct indicator_info { const char *key, *label, *source; int digits; };
const struct indicator_info *indicator_info(enum indicator i);
bool indicator_parse(const char *key, enum indicator *out);

#define FRAME_RECENT 10 /* last values of every indicator that are kept, the forming one included */
enum intel_frame { FRAME_FAST /* 5 minutes, 180 candles */, FRAME_SLOW /* 4 hours, 90 */, FRAME_COUNT };
extern const int frame_interval_s[FRAME_COUNT], frame_keep[FRAME_COUNT];

struct frame; /* candles of one interval and their indicators */
const struct candle_series *frame_candles(const struct frame *f);
/* back = 0: with the forming candle; 1: the last closed one ... FRAME_RECENT - 1. NAN while there are too few candles. */
double frame_value(const struct frame *f, enum indicator i, int back);

struct intel;
struct intel *intel_new(void);
void intel_free(struct intel *x);
/* A trade (size > 0) or a mark (size 0). Out-of-order times go into the newest candle. */
void intel_add(struct intel *x, int64_t at_us, price px, qty size);
/* A closed candle of the past, oldest first; ignored unless older than everything live and of a frame's interval. */
void intel_backfill(struct intel *x, int interval_s, const struct candle *c);
void intel_funding(struct intel *x, int64_t ppm);
void intel_open_interest(struct intel *x, qty size);
const struct frame *intel_frame(const struct intel *x, enum intel_frame f);
int64_t intel_funding_ppm(const struct intel *x);
/* Latest and average (of the samples since the start) open interest; false: not known. */
bool intel_open_interest_get(const struct intel *x, double *latest, double *average);

/* Words of the founding prompts. */
const char *adx_word(double adx);                                    /* "strong" >= 25, "moderate" >= 20, "weak" */
const char *cloud_word(double price_now, double span_a, double span_b); /* "ABOVE", "BELOW", "INSIDE" */

#endif
