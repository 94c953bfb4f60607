/* A watch as one value, as column watches.packed holds it (sql/003). */
#ifndef STORE_PG_WATCH_PACK_H
#define STORE_PG_WATCH_PACK_H

#include "rows.h"

#define WATCH_WORDS_MAX 80
#define WATCH_PACKED_MAX (13 * 8 + 4 * 4 + WATCH_WORDS_MAX)
#define WATCH_MEMO 64

struct watch_memo { /* what words mean: there are few combinations of them in a million rows. Begins as zeros */
    struct watch_meaning {
        char text[WATCH_WORDS_MAX];
        uint8_t value[WATCH_WORDS];
    } words[WATCH_MEMO];
};

size_t watch_pack(const struct watch *w, char out[WATCH_PACKED_MAX]);
/* False where it can't be one. */
bool watch_unpack(struct watch_memo *m, const char *at, int len, struct watch *w);

#endif
