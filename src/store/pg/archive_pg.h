/* The archive's calls on their way to PostgreSQL, and the statements made for them. */
#ifndef STORE_PG_ARCHIVE_PG_H
#define STORE_PG_ARCHIVE_PG_H

#include "../archive_doc.h"

#include "turret/io/pg.h"

enum call_what { CALL_INSERT, CALL_UPDATE, CALL_SAME /* is the row there what an insert had meant to write? */, CALL_READ };
struct call {
    struct call *next;
    enum call_what what;
    enum archive_kind kind;
    cJSON *doc; /* normalised; NULL in reads */
    struct archive_query query;
    archive_done_fn *done;
    archive_rows_fn *rows;
    void *ctx;
    int64_t since_us, retry_us; /* monotonic */
    size_t bytes;
    int tries;
    bool refused;  /* answered without the server */
    bool maybe;    /* the answer to it was lost: it may have been carried out */
    bool over;     /* answered while it was still under way */
    long affected;
    cJSON *found;
    enum err err;
    char text[ARCHIVE_TEXT_MAX];
};

/* Sends the statement of a call as one unit of its own (without pg_end). */
void archive_send(struct pg *pg, const struct call *c, uint64_t epoch);
cJSON *archive_rows(enum archive_kind kind, bool whole, const PGresult *r);

#endif
