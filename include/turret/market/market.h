/* A market: what trades, on which venue, in which steps. A plain value without pointers (it travels in events). */
#ifndef TURRET_MARKET_MARKET_H
#define TURRET_MARKET_MARKET_H

#include "turret/base/dec.h"

#define MARKET_SYMBOL_MAX 48
#define MARKET_TITLE_MAX 128
#define MARKET_CATEGORY_MAX 24
#define MARKET_NATIVE_MAX 72

typedef uint64_t market_id; /* market_id_of(venue, symbol); 0 is no market */

enum venue_id { VENUE_NONE, VENUE_SIM, VENUE_POLYMARKET, VENUE_KALSHI, VENUE_LIGHTER, VENUE_SIM2 /* a second simulator */, VENUE_COUNT };
enum market_kind { MARKET_BINARY, MARKET_PERP };
enum market_status { MARKET_OPEN, MARKET_HALTED, MARKET_CLOSED, MARKET_RESOLVED };
enum market_outcome { OUTCOME_NONE, OUTCOME_YES, OUTCOME_NO, OUTCOME_VOID };
enum fee_kind {
    FEE_NOTIONAL,   /* rate * value */
    FEE_KALSHI,     /* rate * C * P * (1 - P), an order's total rounded up to the cent */
    FEE_POLYMARKET, /* the same shape with the market's rate, an order's total rounded down to 0.00001 */
    FEE_KIND_COUNT
};

struct market {
    market_id id;
    uint8_t venue;        /* enum venue_id */
    uint8_t kind;         /* enum market_kind */
    uint8_t status;       /* enum market_status */
    uint8_t outcome;      /* enum market_outcome, when resolved */
    uint8_t max_leverage; /* 1 for binary */
    uint8_t price_digits; /* fraction digits to show */
    uint8_t qty_digits;
    uint8_t quote_only;   /* the feed gives best bid and ask only, no depth */
    uint8_t fee_kind;     /* enum fee_kind: what maker_ppm and taker_ppm are rates of */
    uint8_t pad[7];
    price tick, min_price, max_price; /* binary: 0 < price < 1 */
    qty lot, min_size;
    int32_t maker_ppm, taker_ppm;       /* fee rates of its formula, millionths */
    int32_t maintenance_ppm;            /* maintenance margin on notional (perpetuals) */
    int32_t funding_interval_s;         /* 0 = none */
    int64_t closes_us;                  /* resolution or expiry; 0 = none */
    char symbol[MARKET_SYMBOL_MAX];     /* the venue's unique name, printable ASCII */
    char title[MARKET_TITLE_MAX];       /* sanitised UTF-8 */
    char category[MARKET_CATEGORY_MAX];
    char native[MARKET_NATIVE_MAX];     /* what the venue itself calls it (condition id, index); "" = the symbol */
};

/* Does the venue keep one net position of a market (YES less NO)? Else YES and NO are two. */
static inline bool market_nets(const struct market *m) { return m->venue != VENUE_POLYMARKET; }
market_id market_id_of(enum venue_id venue, const char *symbol); /* FNV-1a-64 of "venue:symbol" */
const char *venue_name(enum venue_id v);       /* "sim", "polymarket", ... */
const char *venue_label(enum venue_id v);      /* "SIM", "PM", "KX", "LT", "S2" */
const char *market_kind_name(enum market_kind k);
const char *market_status_name(enum market_status s);
const char *market_outcome_name(enum market_outcome o);
const char *fee_kind_name(enum fee_kind k);
/* Price and size rules of the market: ERR_OK, TICK_SIZE, PRICE_OUT_OF_RANGE, LOT_SIZE or MIN_SIZE (enum err). */
int market_check_price(const struct market *m, price px);
int market_check_size(const struct market *m, qty size);
/* NO price of a YES price and back: 1 - px. */
static inline price price_complement(price px) { return (price){DEC_ONE - px.micro}; }

#endif
