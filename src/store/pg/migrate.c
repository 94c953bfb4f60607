/* Brings the schema to this program's version: the files of sql/, compiled in, in one transaction under an advisory
 * lock. A version we don't know is refused for good: a newer Turret may keep its books differently. */
#include "store_pg.h"

#include "turret/base/embed.h"
#include "turret/base/mem.h"
#include "turret/io/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOCK_KEY "7307199041201" /* any constant of ours */
#define ROUNDS_MAX 5

struct check {
    struct store_pg *s;
    int have, round;
};

static void ask_version(struct store_pg *s, int round);

/* "sql/001_schema.sql" → 1; 0 for other files. */
static int file_version(const char *name) { return strncmp(name, "sql/", 4) ? 0 : atoi(name + 4); }

static int newest_version(void) {
    int v = 0;
    for (const struct embed *e = embed_table; e->name; e++)
        v = file_version(e->name) > v ? file_version(e->name) : v;
    return v;
}

static void on_script(void *ctx, const struct pg_outcome *out) {
    struct check *c = ctx;
    struct store_pg *s = c->s;
    int round = c->round;
    free(c);
    if (out->end == PG_LOST)
        return;
    if (out->end == PG_FAILED)
        log_warn("store", "migration: %s", out->text);
    if (out->end == PG_FAILED && round >= ROUNDS_MAX) {
        char why[PG_TEXT_MAX + 32];
        snprintf(why, sizeof why, "the schema can't be made: %s", out->text);
        sp_sick(s, why, false);
        pg_reset(s->pg, why);
        return;
    }
    ask_version(s, round + 1); /* another desk may have done it at the same moment: look again */
}

static void run_script(struct check *c, int want) {
    struct str sql;
    str_init(&sql);
    str_add(&sql, "SELECT pg_advisory_xact_lock(" LOCK_KEY ");\n"
                  "CREATE TABLE IF NOT EXISTS schema_version (version integer PRIMARY KEY, name text NOT NULL, "
                  "applied_at timestamptz NOT NULL DEFAULT now());\n");
    for (int v = c->have + 1; v <= want; v++)
        for (const struct embed *e = embed_table; e->name; e++)
            if (file_version(e->name) == v) {
                str_add_n(&sql, e->data, (size_t)(e->end - e->data));
                str_addf(&sql, "\nINSERT INTO schema_version (version, name) VALUES (%d, '%s');\n", v, e->name + 4);
            }
    log_info("store", "schema version %d becomes %d", c->have, want);
    pg_script(c->s->pg, sql.p, on_script, c); /* one simple query: one transaction */
    str_free(&sql);
}

static void on_version_row(void *ctx, int index, const PGresult *r) {
    struct check *c = ctx;
    (void)index;
    if (PQntuples(r) && !PQgetisnull(r, 0, 0))
        c->have = atoi(PQgetvalue(r, 0, 0));
}

static void on_version(void *ctx, const struct pg_outcome *out) {
    struct check *c = ctx;
    struct store_pg *s = c->s;
    int want = newest_version();
    if (out->end == PG_LOST) {
        free(c);
        return;
    }
    if (out->end == PG_FAILED && strcmp(out->sqlstate, "42P01") != 0) { /* no table: an empty database */
        char why[PG_TEXT_MAX + 32];
        snprintf(why, sizeof why, "the schema can't be read: %s", out->text);
        free(c);
        sp_sick(s, why, false);
        pg_reset(s->pg, why);
        return;
    }
    if (c->have > want) {
        int have = c->have;
        free(c);
        s->life = SP_REFUSED;
        s->fault = ERR_SCHEMA_NEWER;
        snprintf(s->text, sizeof s->text, "the database has schema %d, this Turret knows %d: use a newer Turret", have, want);
        struct event ev;
        event_init(&ev, EVENT_STORE, VENUE_NONE, 0);
        str_copy(ev.u.store.text, sizeof ev.u.store.text, s->text);
        sp_event(s, &ev);
        return;
    }
    if (c->have < want) {
        run_script(c, want);
        return;
    }
    free(c);
    sp_step(s);
}

static void ask_version(struct store_pg *s, int round) {
    struct check *c = xcalloc(1, sizeof *c);
    *c = (struct check){s, 0, round};
    pg_query(s->pg, "SELECT max(version) FROM schema_version", 0, NULL);
    pg_end(s->pg, on_version_row, on_version, c);
}

void sp_migrate(struct store_pg *s) { ask_version(s, 0); }
