/* The outbox: a file of batches that could not reach the database. Records of struct fx_save with length and CRC, made
 * durable before the desk may act on them; its blocks are reserved ahead, so that a full disk still takes exits. */
#ifndef STORE_PG_OUTBOX_H
#define STORE_PG_OUTBOX_H

#include "turret/desk/effect.h"

#include <stdbool.h>
#include <stdint.h>

struct outbox {
    int fd;
    uint64_t end;     /* bytes in use */
    int batches;
    char path[512];
};

/* Opens or makes `dir/outbox`. A file of another layout is set aside under another name (*aside gets true). */
bool outbox_open(struct outbox *o, const char *dir, bool *aside);
void outbox_close(struct outbox *o);
/* Appends one batch and syncs it. False with errno: nothing of it counts. */
bool outbox_add(struct outbox *o, const struct fx_save *recs, size_t n);
/* Calls fn for every whole batch in order; a torn last one is not reported. */
void outbox_each(const struct outbox *o, void (*fn)(void *ctx, const struct fx_save *recs, size_t n), void *ctx);
/* Keeps the file under another name for a person to look at, and begins a new one. */
bool outbox_set_aside(struct outbox *o);
/* Everything is in the store: empty again. */
bool outbox_clear(struct outbox *o);

#endif
