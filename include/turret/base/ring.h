/* A FIFO of variable-length records, each a multiple of 8 bytes that begins with its uint32 size
 * (struct event, struct effect). Grows up to a limit; a full ring refuses. Records stay contiguous. */
#ifndef TURRET_BASE_RING_H
#define TURRET_BASE_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ring { uint8_t *buf; size_t cap, limit, head, tail, wrap, bytes; };

void ring_init(struct ring *r, size_t initial, size_t limit);
void ring_free(struct ring *r);
void ring_clear(struct ring *r);
/* Room for a record of `size` bytes at the end (8-byte aligned); the caller fills it. NULL when full. */
void *ring_push(struct ring *r, uint32_t size);
/* Oldest record, NULL when empty; stays valid until ring_pop. */
const void *ring_peek(const struct ring *r);
void ring_pop(struct ring *r);
static inline bool ring_empty(const struct ring *r) { return r->bytes == 0; }

#endif
