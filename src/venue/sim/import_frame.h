/* One recorded Binance frame: `<ns> <JSON>` read into numbers. Prices and sizes go from their text to fixed point. */
#ifndef TURRET_VENUE_SIM_IMPORT_FRAME_H
#define TURRET_VENUE_SIM_IMPORT_FRAME_H

#include "turret/market/book.h"
#include "turret/trade/order.h"

#define FRAME_SYMBOL_MAX 32

enum frame_kind { FRAME_DIFF, FRAME_SNAPSHOT, FRAME_TICKER, FRAME_TRADE, FRAME_AGG_TRADE, FRAME_MARK, FRAME_OTHER };

struct frame {
    enum frame_kind kind;
    int64_t at_us;
    char symbol[FRAME_SYMBOL_MAX]; /* upper case; empty where the line does not say (REST snapshots) */
    bool has_pu, futures;
    uint64_t first_u, last_u, prev_u; /* U, u, pu; last_u is lastUpdateId of a snapshot */
    price px;                         /* trade, mark */
    qty size;
    bool buyer_is_maker;
    struct level *levels; /* bids then asks; tickers: one of each */
    int n_bids, n_asks;
    size_t cap;           /* of levels: kept from frame to frame */
};
/* False: `why` says what is wrong with the line. */
bool frame_read(struct frame *f, const char *line, size_t len, char why[REASON_MAX]);

#endif
