/* The store in PostgreSQL: batches as transactions (waiting ones commit as a group), leadership by a lease, an outbox
 * for exits while the database is away, migrations. Nothing blocks but the outbox's fsync. */
#ifndef TURRET_STORE_PG_H
#define TURRET_STORE_PG_H

#include "turret/store/store.h"

#include <stdbool.h>
#include <stdio.h>

struct store_pg_cfg {
    const char *conninfo; /* libpq's: a URL, key=value, or "" for PG* in the environment */
    const char *data_dir; /* the outbox lives here; NULL = none (exits are refused like all else while down) */
    const char *holder;   /* who this desk is, the same after a restart: the caller's lock on the data directory makes
                             sure no second process uses it. A new start takes its own lease over at once */
    bool exclusive;       /* a private cluster: nobody else can lead, leadership outlives the connection */
    int closed_max;       /* newest closed orders to load; 0 = 1000 */
    int answer_timeout_ms; /* 0 = 5000: a server silent for so long counts as hung */
    int exit_wait_ms;      /* 0 = 1000: an exit waits so long for the database, then goes to the outbox */
};

/* Connects by itself; EVENT_STORE and EVENT_LEADER come when it is ready (and at every change), with sentences. At
 * up=1 the outbox is merged. A standby (leads=0) asks every second and takes over when the lease has run out: load
 * again then, EVENT_LEADER with another epoch means that what the desk knows may be old. */
struct store *store_pg_new(const struct store_pg_cfg *cfg, struct event_sink sink);
bool store_pg_up(const struct store *s);
bool store_pg_leads(const struct store *s);
/* ERR_OK, or what keeps it down for good (ERR_SCHEMA_NEWER, ERR_CREDENTIALS ...) or for now (ERR_STORE_DOWN). */
enum err store_pg_fault(const struct store *s, const char **text);

/* --- for the command line: these block; never call them on an engine's loop --- */

/* Recomputes every cached figure in SQL. *json: {"ok":bool,"checks":[{"name":..,"differences":n,"rows":[..]}]}, to be
 * freed. Returns the number of differences, -1 when the database can't be asked (*json then has "error"). */
int store_pg_doctor(const char *conninfo, char **json);
/* Can that table be exported: orders, fills, ledger, equity, invocations, tool-calls, prompts, pnl (by account, market and UTC day), watches,
 * follow-trades, history? */
bool store_pg_exports(const char *kind);
/* Writes all its rows, oldest first, as they come: CSV with a head line, or a JSON array between `before` and `after`. `account`:
 * only of the one of that name; NULL = all. `from` and `to`: UTC, the end is not included, but a day alone as `to` is; NULL = no bound. *begun says whether anything was written before an error. */
struct export_form { bool json; const char *before, *after, *from, *to; };
enum err store_pg_export(const char *conninfo, const char *kind, const char *account, const struct export_form *form, FILE *f, bool *begun, char text[REASON_MAX * 2]);
/* Plain SQL of the whole database into `file` (mode 0600, complete or not there). bindir NULL = search. */
enum err store_pg_backup(const char *conninfo, const char *bindir, const char *file, char text[REASON_MAX * 2]);
/* Loads a backup into an empty database. Not empty: refused, unless `force`: then the old state is first saved beside
 * the file (`file.before-restore`). One transaction: all or nothing. */
enum err store_pg_restore(const char *conninfo, const char *bindir, const char *file, bool force, char text[REASON_MAX * 2]);

#endif
