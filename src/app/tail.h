/* The event stream's hub: lines with increasing ids, kept for readers that come back, sent to each that listens. Who starts, or comes
 * too late, gets the state as it is now first; a slow one misses lines and is told so. The desk waits for nobody. */
#ifndef TURRET_APP_TAIL_H
#define TURRET_APP_TAIL_H

#include "turret/app/engine.h"

struct tail;

struct tail_reader {
    struct tail_reader *next;
    void *ctx;
    /* One line of JSON; types of a reader's own, "state", "gap" and "ping", carry the id of the newest line before them. */
    void (*line)(void *ctx, const char *type, uint64_t id, const char *json);
    size_t (*unsent)(void *ctx); /* bytes that wait for it */
    bool gap;                    /* missed lines */
};

struct tail *tail_open(struct engine *e);
void tail_close(struct tail *t);
/* Reads on after line `from` (0: from now). */
void tail_add(struct tail *t, struct tail_reader *r, uint64_t from);
void tail_remove(struct tail *t, struct tail_reader *r);

#endif
