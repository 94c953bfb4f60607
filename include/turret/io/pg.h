/* Asynchronous PostgreSQL on the loop: one connection in pipeline mode, a FIFO of units of work, reconnect with
 * back-off. A unit is some statements and one Sync: one round trip, one implicit transaction. Nothing here blocks. */
#ifndef TURRET_IO_PG_H
#define TURRET_IO_PG_H

#include <stdbool.h>
#include <stdint.h>

#include <libpq-fe.h>

#define PG_TEXT_MAX 200
#define PG_PARAMS_MAX 96

enum pg_end {
    PG_DONE,   /* committed */
    PG_FAILED, /* the server refused it; nothing of it is kept */
    PG_LOST,   /* the connection went between sending and answer: may be committed */
};
struct pg_outcome {
    enum pg_end end;
    int failed;          /* index of the statement that was refused, -1 */
    char sqlstate[6];    /* "" = none */
    char text[PG_TEXT_MAX]; /* a sentence, sanitised */
};

struct pg_cfg {
    const char *conninfo;    /* libpq's: a URL or key=value, several hosts too */
    int connect_timeout_ms;  /* 0 = 5000; our own timer: a hung server is noticed too */
    int answer_timeout_ms;   /* 0 = 5000; the oldest unit without an answer for so long: the connection is given up */
    int statement_timeout_ms; /* 0 = 4000, set on the server; lock_timeout is half of it */
    void (*on_up)(void *ctx);                       /* connected, session settings made */
    void (*on_down)(void *ctx, const char *text);   /* after the open units ended with PG_LOST; also a failed attempt */
    void (*on_notify)(void *ctx, const char *channel, const char *payload); /* may be NULL */
    void *ctx;
};

struct pg;
struct pg *pg_open(const struct pg_cfg *cfg);
/* Ends everything; callbacks of open units are not called. */
void pg_close(struct pg *p);
bool pg_up(const struct pg *p);
bool pg_idle(const struct pg *p); /* no unit without an answer */
int pg_server_version(const struct pg *p); /* 150020; 0 when down */
/* Gives the connection up (open units: PG_LOST) and connects anew, at once. */
void pg_reset(struct pg *p, const char *why);

/* One unit: pg_exec / pg_query any number of times, then pg_end. Only while pg_up. Parameters are copied. A value of
 * NULL is SQL null; lens and formats may be NULL (text). Results come in order of the statements. */
typedef void pg_result_fn(void *ctx, int index, const PGresult *res);
typedef void pg_done_fn(void *ctx, const struct pg_outcome *out);
void pg_prepare(struct pg *p, const char *name, const char *sql);
void pg_exec(struct pg *p, const char *name, int n, const char *const *values, const int *lens, const int *formats);
/* Results in the server's binary form. */
void pg_exec_binary(struct pg *p, const char *name, int n, const char *const *values);
void pg_query(struct pg *p, const char *sql, int n, const char *const *values);
void pg_end(struct pg *p, pg_result_fn *on_result, pg_done_fn *on_done, void *ctx);

/* A script of many statements (migrations) by the simple protocol: outside of the pipeline, so only when pg_idle. */
void pg_script(struct pg *p, const char *sql, pg_done_fn *on_done, void *ctx);

#endif
