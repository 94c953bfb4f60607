/* Polymarket's answers and stream as plain records. Pure: text in, record out. What must be there and is not is an error, never a zero; what is
 * not known is passed over; numbers come as numbers or strings, "" and null are nothing. */
#ifndef TURRET_VENUE_POLYMARKET_PM_PARSE_H
#define TURRET_VENUE_POLYMARKET_PM_PARSE_H

#include "turret/base/json.h"
#include "turret/base/json_read.h"
#include "venue/polymarket/pm.h"

#define PM_LEVELS_MAX 16000 /* of one book, both sides */

/* --- markets: Gamma and the two forms of the CLOB ------------------------------------------------------------------------------------ */
enum pm_fee_source { PM_FEE_UNKNOWN /* there is one, but which was not said */, PM_FEE_UNTOLD /* not a word of fees: none, where nobody knows more */, PM_FEE_KNOWN };
/* Facts an order depends on that a listing left out: the CLOB may tell them. */
enum pm_lack { PM_LACKS_TICK = 1, PM_LACKS_MINIMUM = 2, PM_LACKS_NEG_RISK = 4, PM_LACKS_BOOK = 8, PM_LACKS_ACCEPTING = 16 };
struct pm_listing {
    struct pm_market pm;     /* m.venue, m.id and m.symbol are set by pm_listing_name */
    bool ready;              /* two tokens, tick and minimum are known: it can be listed */
    bool closed, dark /* no order book */;
    uint8_t lacks;           /* enum pm_lack, of one that is not closed and has its tokens */
    uint8_t fee_source;      /* enum pm_fee_source */
    usd volume_24h, liquidity;
    price bid, ask, last;    /* micro 0: none */
    int64_t starts_us;
    char why[64];            /* why it is not ready */
};
/* Gamma's market object, alone or in a list or an event. False: err says what. `event_slug` and `category` of the event around it, or NULL. */
bool pm_parse_gamma(const struct json *at, const char *event_slug, const char *category, struct pm_listing *out);
/* The market lists of an answer, one by one: an array, {markets}, {events: [{markets}]}, {data}, one event or one market. False from `item` stops.
 * What can't be read of one market is told by out == NULL and does not end the list. */
typedef bool pm_listing_fn(void *ctx, const struct pm_listing *l, const char *why);
struct pm_page { char cursor[160]; /* "" = the last one */ int markets, bad; };
bool pm_parse_listings(const struct json *root, pm_listing_fn *item, void *ctx, struct pm_page *page);
bool pm_parse_clob_market(const struct json *at, struct pm_listing *out);   /* GET /markets/{condition} */
bool pm_parse_clob_short(const struct json *at, struct pm_listing *io);     /* GET /clob-markets/{condition}: changes what it says of `io` */
/* The symbol of the desk and the ids that follow from it. */
void pm_listing_name(struct pm_listing *l, enum venue_id as);
void pm_symbol_of(const char *slug, const char *condition, char out[MARKET_SYMBOL_MAX]);
/* 0x and 62 or 64 hex digits to 64 of them, lower case. */
bool pm_condition_parse(const char *text, size_t len, char out[PM_CONDITION_MAX]);
bool pm_token_parse(const char *text, size_t len, char out[PM_TOKEN_MAX]); /* decimal digits of at most a uint256 */
/* Tick, range and digits of a market that trades in such steps. False: no step Polymarket knows. */
bool pm_tick_set(struct market *m, int64_t tick_micro);

/* GET /tick-size, /markets-by-token, /tags/slug. */
bool pm_parse_tick(const struct json *at, int64_t *tick_micro);
bool pm_parse_token_market(const struct json *at, char condition[PM_CONDITION_MAX]);
bool pm_parse_neg_risk(const struct json *at, bool *neg_risk); /* GET /neg-risk */
bool pm_parse_tag(const struct json *at, char id[24]);

/* GET /prices-history: points oldest first into candles of that interval, at most max (the newest ones); the price in between is where the last
 * candle closed. */
struct candle;
bool pm_parse_history(const struct json *at, int interval_s, struct candle *out, int max, int *count);

/* --- the stream, and GET /book, POST /books ------------------------------------------------------------------------------------------- */
enum pm_ws_kind { PM_WS_OTHER, PM_WS_BAD /* of a known kind, but not to be read: asset and market as far as they are known */, PM_WS_BOOK, PM_WS_CHANGES, PM_WS_TRADE,
                  PM_WS_TICK, PM_WS_BEST, PM_WS_NEW, PM_WS_RESOLVED };
#define PM_PX_UNKNOWN (-1) /* micro of a price that was not given; 0: given as none */

struct pm_change {
    struct json_text asset, hash;
    price px;
    qty size;              /* absolute */
    enum book_side side;
    price best_bid, best_ask;
};
struct pm_ws_event { /* pieces of text point into the message */
    enum pm_ws_kind kind;
    struct json_text asset, market, hash, timestamp, transaction;
    int64_t at_ms;         /* 0 = not given */
    const struct level *bids, *asks; /* BOOK, as they came */
    int n_bids, n_asks;
    struct json_text bids_text, asks_text, min_size, tick, last, version; /* BOOK: as they stand in the text, for the hash */
    int8_t neg_risk;       /* -1 = not given */
    int64_t tick_micro;    /* BOOK, TICK: 0 = not given */
    const struct pm_change *changes; /* CHANGES */
    int n_changes;
    price px;              /* TRADE */
    qty size;
    bool buys;             /* the taker */
    price best_bid, best_ask; /* BEST */
    struct json_text assets[2], tags, winner; /* NEW, RESOLVED */
};

struct pm_ws_parser { /* its arrays grow and stay */
    struct json_reader r;
    bool open, list;
    struct level *levels[2];
    size_t cap_levels[2];
    struct pm_change *changes;
    size_t cap_changes;
    struct pm_ws_event ev;
    const char *bad;       /* what is wrong with the event being read */
    char what[160];        /* what was wrong, printable */
};
void pm_ws_parser_free(struct pm_ws_parser *p);
/* A message of the stream: an object, or an array of them; the text must live until the last pm_ws_next. False: no JSON at all (PONG and such). */
bool pm_ws_open(struct pm_ws_parser *p, const char *text, size_t len);
/* The next event; NULL at the end, or where the JSON is broken (p->what is set then). */
const struct pm_ws_event *pm_ws_next(struct pm_ws_parser *p);

/* The book's hash as the venue makes it: SHA-1 of its summary as JSON with an empty hash. `raw`: of the text as it came. */
bool pm_book_hash_raw(const struct pm_ws_event *ev, char out[41]);
/* Of a book of ours: what a summary says besides the levels, kept from a snapshot. */
struct pm_summary { char market[PM_CONDITION_MAX], asset[PM_TOKEN_MAX], min_size[16], tick[16], last[16], version[8]; int8_t neg_risk; };
bool pm_summary_of(const struct pm_ws_event *ev, struct pm_summary *out); /* false: something is too long */
struct book;
void pm_book_hash(const struct pm_summary *s, const char *timestamp, const struct book *b, char out[41]);

#endif
