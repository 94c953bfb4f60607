/* Which database a desk has and its life: a private cluster in the data directory, a server by connection string, or memory. */
#ifndef TURRET_APP_DATABASE_H
#define TURRET_APP_DATABASE_H

#include "turret/store/store.h"

struct database;
struct database_cfg {
    const char *url;      /* "" = private cluster, "memory" = nothing is kept, else libpq's connection string */
    const char *data_dir;
    struct event_sink sink;
    void *ctx;
    void (*ready)(void *ctx, struct store *s);
    void (*failed)(void *ctx, enum err e, const char *text);
};
/* Asynchronous: ready or failed is called from the loop. */
struct database *database_open(const struct database_cfg *cfg);
/* Closes the store and stops a private cluster. */
/* The connection string in use, from `ready` on; NULL: in memory. */
const char *database_conninfo(const struct database *d);
void database_close(struct database *d);
/* May this connection string be given on a command line? False with a sentence when it carries a password. */
bool database_url_safe(const char *url, char *text, size_t cap);

#endif
