/* How money, prices, sizes, ages and times read on the screen and in tables. One place, so that a number looks the same
 * everywhere: fixed decimals per market, thousands separators, cents for binary markets, a sign on every P&L. */
#ifndef UI_FORMAT_H
#define UI_FORMAT_H

#include "turret/base/dec.h"
#include "turret/market/market.h"
#include "turret/trade/order.h"

#define FORMAT_MAX 48

enum format_flag {
    FORMAT_UNIT = 1,  /* cents sign after binary prices */
    FORMAT_ASCII = 2, /* "c" instead of the cents sign */
    FORMAT_FINE = 4,  /* one digit more than coarse ticks: averages */
};

/* "47.0", "47.0c", "64,250.5"; "-" for 0. m may be NULL: a plain decimal. */
char *format_price(const struct market *m, price px, unsigned flags, char buf[FORMAT_MAX]);
char *format_size(const struct market *m, qty size, char buf[FORMAT_MAX]);
char *format_usd(usd cash, char buf[FORMAT_MAX]);       /* 1,234.56 */
char *format_allowance(usd cash, char buf[FORMAT_MAX]); /* "unlimited" for what nobody has */
char *format_pnl(usd cash, char buf[FORMAT_MAX]);       /* +1,234.56, 0.00, -4.00 */
char *format_usd_short(usd cash, char buf[FORMAT_MAX]); /* 950, 12.3k, 4.1M */
char *format_percent(int64_t part, int64_t whole, int digits, bool sign,
                     char buf[FORMAT_MAX]);              /* "+1.78%", "-" for whole 0 */
char *format_age(int64_t us, char buf[FORMAT_MAX]);      /* 120ms, 41s, 2m, 3h, 5d */
char *format_age_calm(int64_t us, char buf[FORMAT_MAX]); /* <0.1s, 0.4s, 41s: does not change with every frame */
char *format_left(int64_t us, char buf[FORMAT_MAX]);     /* 41s, 12m30s, 3h05m, 5d04h */
char *format_clock(int64_t us, char buf[FORMAT_MAX]);    /* 12:04:31 UTC */
char *format_clock_ms(int64_t us, char buf[FORMAT_MAX]); /* 12:04:31.118 */
char *format_minute(int64_t us, char buf[FORMAT_MAX]);   /* 12:04 */
char *format_rfc3339(int64_t us, char buf[FORMAT_MAX]);  /* 2026-11-20T12:04:31.118000Z; "" for 0 */
char *format_day(int32_t day, char buf[FORMAT_MAX]);     /* 2026-11-20 of days since 1970 */

/* "BUY YES", "SELL", "LONG" ... as a person says it: upper case names. */
const char *format_side(enum order_side side);
const char *format_action(enum order_action action);
/* "Polymarket", "Kalshi", "sim": a venue's name as its owners write it. */
const char *format_venue(enum venue_id v);
/* Upper-case copy of a name. */
char *format_upper(const char *name, char buf[FORMAT_MAX]);

/* Money a price of this market stands for is shown in cents (binary). */
static inline bool format_cents(const struct market *m) {
    return m && m->kind == MARKET_BINARY;
}

#endif
