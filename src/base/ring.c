/* FIFO of variable-length records. The whole limit is reserved at once (untouched pages cost nothing) and
 * used up to `cap`, so that growing never moves the oldest record: what ring_peek gave stays valid while
 * more is pushed. Data is [head, tail), or [head, wrap) + [0, tail) once wrapped (wrap != 0). */
#include "turret/base/ring.h"

#include "turret/base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static size_t align8(size_t n) { return (n + 7) & ~(size_t)7; }

void ring_init(struct ring *r, size_t initial, size_t limit) {
    initial = align8(initial ? initial : 8);
    limit = align8(limit);
    *r = (struct ring){.cap = initial, .limit = limit > initial ? limit : initial};
    r->buf = xmalloc(r->limit);
}

void ring_free(struct ring *r) {
    free(r->buf);
    memset(r, 0, sizeof *r);
}

void ring_clear(struct ring *r) { r->head = r->tail = r->wrap = r->bytes = 0; }

/* Raises cap (up to the limit). A wrapped ring moves its young part behind the old one. */
static bool grow(struct ring *r, size_t size) {
    size_t used_end = r->wrap ? r->wrap + r->tail : r->tail;
    size_t want = used_end + size;
    if (want > r->limit || want < size)
        return false;
    size_t cap = r->cap;
    while (cap < want)
        cap = cap <= r->limit / 2 ? cap * 2 : r->limit;
    if (r->wrap) {
        memcpy(r->buf + r->wrap, r->buf, r->tail);
        r->tail = used_end;
        r->wrap = 0;
    }
    r->cap = cap;
    return true;
}

void *ring_push(struct ring *r, uint32_t size) {
    assert(size >= sizeof(uint32_t));
    size_t n = align8(size);
    if (r->bytes == 0)
        r->head = r->tail = r->wrap = 0;
    if (r->wrap ? r->tail + n > r->head : r->tail + n > r->cap) {
        if (!r->wrap && n <= r->head) { /* the start is free: wrap */
            r->wrap = r->tail;
            r->tail = 0;
        } else if (!grow(r, n)) {
            return NULL;
        }
    }
    uint8_t *p = r->buf + r->tail;
    memcpy(p, &size, sizeof size); /* so that ring_pop works before the caller has filled it */
    r->tail += n;
    r->bytes += n;
    return p;
}

const void *ring_peek(const struct ring *r) { return r->bytes ? r->buf + r->head : NULL; }

void ring_pop(struct ring *r) {
    assert(r->bytes > 0);
    uint32_t size;
    memcpy(&size, r->buf + r->head, sizeof size);
    size_t n = align8(size);
    assert(n && n <= r->bytes);
    r->head += n;
    r->bytes -= n;
    if (r->wrap && r->head == r->wrap)
        r->head = r->wrap = 0;
}
