/* The inside of a connection: shared by its life (pg.c) and its units of work (pg_unit.c). */
#ifndef IO_PG_PRIVATE_H
#define IO_PG_PRIVATE_H

#include "turret/io/pg.h"

#include "pg_resolve.h"

#include <ev.h>
#include <stddef.h>

enum pg_life { LIFE_WAITING, LIFE_RESOLVING, LIFE_CONNECTING, LIFE_UP };

struct unit {
    int sent, seen; /* statements */
    bool in_result; /* the statement at `seen` has given its result, its end is not read yet */
    bool script;
    int64_t sent_us;
    pg_result_fn *on_result;
    pg_done_fn *on_done;
    void *ctx;
    struct pg_outcome out;
};

struct pg {
    struct pg_cfg cfg;
    char *conninfo, *resolved;
    struct pg_resolve *resolving;
    PGconn *conn;
    enum pg_life life;
    bool settled;
    ev_io read, write;
    ev_timer timer, deadline;
    double backoff;
    struct unit *units; /* FIFO: units[head..tail), and units[tail] is being built */
    size_t head, tail, cap;
    int building;
    char broken[PG_TEXT_MAX]; /* set where a call failed: the connection ends at the next turn */
    bool closed;
    int depth; /* our own callbacks on the stack: pg_close frees when the last has returned */
};

/* pg.c */
void pg_watch(struct pg *p, bool reads, bool writes);
void pg_first_line(char *dst, size_t cap, const char *text); /* of a server's or libpq's message, sanitised */
/* pg_unit.c */
void pg_mark_broken(struct pg *p); /* the connection ends at the next turn, never inside a caller's call */
void pg_arm_deadline(struct pg *p);
void pg_flush(struct pg *p);
void pg_read_results(struct pg *p);

#endif
