/* The private PostgreSQL cluster of a data directory: made, started, found running, stopped. Asynchronous, on the loop.
 * `<data>/pg15` holds the cluster, `<data>/pg.log` its messages, `<data>/s` (or a short path elsewhere) its socket. */
#ifndef TURRET_IO_PG_BOOT_H
#define TURRET_IO_PG_BOOT_H

#include "turret/base/err.h"

#include <stdbool.h>
#include <stddef.h>

#define PG_BOOT_TEXT_MAX 400
#define PG_BOOT_CONNINFO_MAX 320

struct pg_boot_cfg {
    const char *dir;    /* data directory; made with mode 0700 if missing */
    const char *bindir; /* NULL = search: TURRET_PG_BINDIR, PATH, /usr/lib/postgresql/N/bin, ... */
    bool no_sync;       /* tests only: initdb without sync, fsync off */
    void (*on_progress)(void *ctx, const char *text); /* for the screen: "making the database"; may be NULL */
    void *ctx;
};

/* err ERR_OK: `conninfo` is ready for connections; `text` says how long it took. Else `text` is what to tell the user. */
typedef void pg_boot_done(void *ctx, enum err err, const char *conninfo, const char *text);
typedef void pg_boot_stopped(void *ctx, bool stopped, const char *text);

struct pg_boot;
/* ctx of both callbacks is cfg->ctx. on_done is called once, never from inside this call. */
struct pg_boot *pg_boot_start(const struct pg_boot_cfg *cfg, pg_boot_done *on_done);
/* Stops the server if no other client is connected (close your own connections first), whoever started it; else it
 * goes on for them. Frees the handle; on_stopped may be NULL. Before on_done: gives up starting. */
void pg_boot_stop(struct pg_boot *b, pg_boot_stopped *on_stopped);
/* Frees the handle and leaves the server running (it is reused at the next start). */
void pg_boot_leave(struct pg_boot *b);
/* The default data directory: $XDG_DATA_HOME/turret or ~/.local/share/turret; /var/lib/turret for root. */
void pg_boot_default_dir(char *buf, size_t cap);
/* Connection string of a cluster that runs now for that data directory; false when none does. */
bool pg_boot_running(const char *dir, char *conninfo, size_t cap);

#endif
