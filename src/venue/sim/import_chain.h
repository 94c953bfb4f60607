/* The book of one recorded symbol: snapshot, chain of changes and best prices become one stream of tape records.
 *
 * Two books are kept. `own` holds snapshot and changes only, as the exchange's rules build it. `shown` is what the tape says
 * after each record: `own` plus the newest bookTicker where that is newer (its update number is higher than the last
 * change's): levels better than its top are gone, the top has its sizes. The next change settles the difference. */
#ifndef TURRET_VENUE_SIM_IMPORT_CHAIN_H
#define TURRET_VENUE_SIM_IMPORT_CHAIN_H

#include "import_frame.h"
#include "import_lines.h"

#include "turret/market/tape.h"

struct chain_list { struct level *p; size_t n, cap; };
struct chain_diff { uint64_t first_u, last_u, prev_u; struct level *levels; int n_bids, n_asks; };

struct chain {
    char symbol[FRAME_SYMBOL_MAX];
    uint32_t market;
    bool futures;
    /* learned in the first pass */
    struct step_seen prices, sizes;
    int64_t first_px, near_px, max_px;
    bool has_trades, has_diffs, has_depth;
    uint64_t *snapshots; /* update numbers, in file order */
    size_t n_snapshots, cap_snapshots, next_snapshot;
    /* second pass */
    struct book *own, *shown;
    bool live;      /* the book is complete */
    bool was_live, started, after_snapshot, has_ticker;
    uint64_t last_u;
    uint64_t ticker_u;
    struct level bid, ask; /* of the newest bookTicker */
    struct chain_list dirty[2]; /* prices where shown differs from own */
    struct chain_diff *waiting; /* changes the next snapshot does not hold */
    size_t n_waiting, cap_waiting;
    struct chain_list out[2];   /* the record being made */
    struct level *record;
    size_t cap_record;
};

void chain_free(struct chain *c);
/* Each makes one record in *r; its levels are valid until the next call. */
void chain_diff(struct chain *c, const struct frame *f, uint64_t line, struct import_report *rep, struct tape_record *r);
void chain_snapshot(struct chain *c, const struct frame *f, uint64_t line, struct import_report *rep, struct tape_record *r);
void chain_ticker(struct chain *c, const struct frame *f, struct import_report *rep, struct tape_record *r);

#endif
