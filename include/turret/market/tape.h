/* The tape: recorded market data as a compact byte stream with an index. A codec over bytes: no files here.
 * Layout: header, then blocks of records (delta-coded varints, a CRC-32C a block), then an index of blocks and
 * the markets, then a trailer. A tape cut anywhere is readable up to its last whole block and says that it was cut. */
#ifndef TURRET_MARKET_TAPE_H
#define TURRET_MARKET_TAPE_H

#include "turret/base/err.h"
#include "turret/market/book.h"
#include "turret/market/market.h"

#define TAPE_LEVELS_MAX 16384                 /* of one record, both sides */
#define TAPE_PRICE_MAX (1000000000LL * DEC_ONE) /* larger numbers are refused as damage */
#define TAPE_SIZE_MAX (1000000000000LL * DEC_ONE)

enum tape_record_kind { TAPE_BOOK /* absolute levels; may be a snapshot */, TAPE_TRADE, TAPE_STATUS, TAPE_MARK };

struct tape_record { /* decoded; levels point into the reader's buffer until the next call */
    uint8_t kind;    /* enum tape_record_kind */
    uint8_t flags;   /* enum book_flag for TAPE_BOOK; taker dir bit 0 for TAPE_TRADE (1 = buy) */
    uint8_t status, outcome;
    uint32_t market; /* index into the tape's market table */
    int64_t at_us;
    uint16_t n_bids, n_asks;
    const struct level *levels; /* bids then asks */
    price px;                   /* trade, mark */
    qty size;
};

struct tape_writer;
struct tape_writer *tape_writer_new(void);
void tape_writer_free(struct tape_writer *w);
uint32_t tape_write_market(struct tape_writer *w, const struct market *m); /* its index */
void tape_write(struct tape_writer *w, const struct tape_record *r);       /* times must not go back */
/* Closes the open block: what was written so far survives a cut (recorders call it now and then). */
void tape_writer_flush(struct tape_writer *w);
/* Bytes ready to be appended to the file since the last call; `finish` closes the last block and adds the index. */
const uint8_t *tape_writer_take(struct tape_writer *w, bool finish, size_t *len);

struct tape_reader;
/* Reads a whole tape in memory (mmap) and checks every block's sum. *cut is set when it has no valid trailer: it then plays
 * up to its last whole block, and `text` says what is lost. ERR_CORRUPT: not a tape, a bad block; `text` says where.
 * The bytes must outlive the reader. */
enum err tape_reader_new(const uint8_t *bytes, size_t len, struct tape_reader **out, bool *cut, char *text, size_t text_cap);
void tape_reader_free(struct tape_reader *r);
int tape_market_count(const struct tape_reader *r);
const struct market *tape_market(const struct tape_reader *r, int i);
/* ERR_OK with the next record, ERR_NOT_FOUND at the end, ERR_CORRUPT with a sentence. */
enum err tape_next(struct tape_reader *r, struct tape_record *out, char *text, size_t text_cap);
/* Jumps to the first block that holds records at or after at_us. */
void tape_seek(struct tape_reader *r, int64_t at_us);
struct tape_info { uint64_t records, levels, trades, blocks; int64_t first_us, last_us; };
void tape_info(const struct tape_reader *r, struct tape_info *out);

#endif
