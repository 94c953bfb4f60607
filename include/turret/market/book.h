/* A market's order book by price level as a feed shows it: absolute quantities, bids and asks sorted.
 * Not the matching engine (match.h). Binary markets keep one book in YES prices. */
#ifndef TURRET_MARKET_BOOK_H
#define TURRET_MARKET_BOOK_H

#include "turret/base/dec.h"

enum book_side { BOOK_BID, BOOK_ASK };

struct level {
    price px;
    qty size; /* absolute; 0 removes the level */
};

struct book; /* opaque; owns its levels */

struct book *book_new(void);
void book_free(struct book *b);
void book_clear(struct book *b);
/* Sets one level to an absolute size (0 removes). Amortised O(distance from the top). */
void book_set(struct book *b, enum book_side side, price px, qty size);
int book_count(const struct book *b, enum book_side side);
/* The i-th best level (0 = top), NULL past the end. Valid until the next change. */
const struct level *book_level(const struct book *b, enum book_side side, int i);
qty book_size_at(const struct book *b, enum book_side side, price px); /* 0 where there is none */
bool book_best(const struct book *b, enum book_side side, struct level *out);
bool book_mid(const struct book *b, price *out);  /* (bid+ask)/2, half-even; false unless both */
bool book_crossed(const struct book *b);          /* best bid >= best ask */

struct book_walk {
    qty filled;
    usd notional;  /* sum of price * size, half-even */
    price average; /* notional / filled */
    price worst;   /* last level touched */
    int levels;
};
/* What a taker of `size` gets from `side` (BOOK_ASK for a buyer), never past `limit` (micro 0 = none). */
struct book_walk book_walk(const struct book *b, enum book_side side, qty size, price limit);
/* FNV-1a over all levels, for state hashes. */
uint64_t book_hash(const struct book *b, uint64_t h);

#endif
