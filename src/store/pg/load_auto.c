/* Watches by the thousand in one event, and the newest history. Each watch comes as one packed value (sql/003) in pieces by
 * key: a million of them load in well under a second, one piece in memory. Then the last of a load's ways is done. */
#include "store_pg.h"
#include "watch_pack.h"

#include "turret/base/mem.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIECE 3000
#define FINISHED 500
#define ARMED_AT "119" /* byte of the flags in a packed row */
#define HISTORY 1000

#define LIVE "status IN ('WATCHING', 'EXECUTING')"

struct autos {
    struct store_pg *s;
    void (*done)(struct store_pg *s);
    void (*failed)(struct store_pg *s, const struct pg_outcome *out);
    int got;
    uint64_t last; /* greatest id so far */
    struct watch_memo memo;
    struct event *ev; /* room for a piece */
};

void autos_prepare(struct pg *pg) {
    char sql[360];
    snprintf(sql, sizeof sql, "SELECT coalesce(CASE WHEN status = 'WATCHING' AND (get_byte(packed, " ARMED_AT ") & 1 = 1) = armed THEN packed END, watch_packed(w)) FROM watches w WHERE id > $1::bigint AND " LIVE " ORDER BY id LIMIT %d", PIECE);
    pg_prepare(pg, "watches_live", sql);
    snprintf(sql, sizeof sql, "SELECT watch_packed(w) FROM (SELECT id FROM watches WHERE status NOT IN ('WATCHING', 'EXECUTING') ORDER BY id DESC LIMIT %d) f JOIN watches w USING (id) ORDER BY id",
             FINISHED);
    pg_prepare(pg, "watches_finished", sql);
}

/* --- pieces --- */

static void ask_live(struct autos *a);

static void on_watches(void *ctx, int index, const PGresult *r) {
    struct autos *a = ctx;
    (void)index;
    struct ev_watches *w = &a->ev->u.watches;
    a->got = PQntuples(r);
    event_init(a->ev, EVENT_WATCHES, VENUE_NONE, 0);
    w->n = 0;
    for (int i = 0; i < a->got && i < PIECE; i++)
        w->n += watch_unpack(&a->memo, PQgetvalue(r, i, 0), PQgetlength(r, i, 0), &w->watches[w->n]);
    if (!w->n)
        return;
    a->last = w->watches[w->n - 1].id;
    a->ev->size = (uint32_t)(offsetof(struct event, u) + offsetof(struct ev_watches, watches) + w->n * sizeof *w->watches);
    sp_event(a->s, a->ev);
}

static void end(struct autos *a, const struct pg_outcome *out) {
    struct autos got = *a;
    autos_free(got.s);
    if (out->end == PG_DONE)
        got.done(got.s);
    else
        got.failed(got.s, out);
}

static void on_history(void *ctx, int index, const PGresult *r) {
    struct autos *a = ctx;
    (void)index;
    for (int i = 0; i < PQntuples(r); i++) {
        struct event ev;
        event_init(&ev, EVENT_HISTORY, VENUE_NONE, 0);
        a->s->history_at = strtoll(PQgetvalue(r, i, 0), NULL, 10);
        row_read(r, i, 1, &row_history, &ev.u.history);
        sp_event(a->s, &ev);
    }
}

static void on_history_end(void *ctx, const struct pg_outcome *out) { end(ctx, out); }

static void ask_history(struct autos *a) {
    struct str sql;
    char at[24];
    const char *values[] = {at};
    snprintf(at, sizeof at, "%lld", a->s->history_at); /* a load that was cut short gives none twice */
    str_init(&sql);
    str_add(&sql, "SELECT seq, ");
    row_select(&sql, &row_history, "h.");
    str_addf(&sql, " FROM (SELECT * FROM automation_history ORDER BY seq DESC LIMIT %d) h WHERE seq > $1::bigint ORDER BY seq", HISTORY);
    pg_query(a->s->pg, sql.p, 1, values);
    pg_end(a->s->pg, on_history, on_history_end, a);
    str_free(&sql);
}

static void on_live(void *ctx, const struct pg_outcome *out) {
    struct autos *a = ctx;
    if (out->end != PG_DONE)
        end(a, out);
    else if (a->got == PIECE)
        ask_live(a);
    else
        ask_history(a);
}

static void ask_live(struct autos *a) {
    char at[24];
    const char *values[] = {at};
    snprintf(at, sizeof at, "%lld", (long long)a->last);
    a->got = 0;
    pg_exec_binary(a->s->pg, "watches_live", 1, values);
    pg_end(a->s->pg, on_watches, on_live, a);
}

static void on_finished(void *ctx, const struct pg_outcome *out) {
    struct autos *a = ctx;
    a->last = 0;
    if (out->end == PG_DONE)
        ask_live(a);
    else
        end(a, out);
}

void autos_free(struct store_pg *s) {
    if (s->autos)
        free(s->autos->ev);
    free(s->autos);
    s->autos = NULL;
}

void autos_start(struct store_pg *s, void (*done)(struct store_pg *), void (*failed)(struct store_pg *, const struct pg_outcome *)) {
    static_assert(sizeof(struct event) + PIECE * sizeof(struct watch) <= EVENT_SIZE_MAX + sizeof(struct event), "a piece is one event");
    struct autos *a = s->autos = xcalloc(1, sizeof *a);
    a->s = s;
    a->done = done;
    a->failed = failed;
    a->ev = xcalloc(1, sizeof(struct event) + PIECE * sizeof(struct watch));
    pg_exec_binary(s->pg, "watches_finished", 0, NULL);
    pg_end(s->pg, on_watches, on_finished, a);
}
