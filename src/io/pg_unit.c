/* Units of work: statements are handed to libpq as they come, one Sync ends the unit, results are taken in order from
 * a FIFO. What ends the connection says nothing about a commit: such a unit is lost, not refused. */
#include "pg_private.h"

#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/io/loop.h"

#include <assert.h>
#include <string.h>

/* --- units of work --- */

static struct unit *building(struct pg *p) {
    if (p->head > 64 && p->head * 2 > p->tail) {
        size_t live = p->tail - p->head + (p->building > 0);
        memmove(p->units, p->units + p->head, live * sizeof *p->units);
        p->tail -= p->head;
        p->head = 0;
    }
    p->units = xgrow(p->units, &p->cap, p->tail + 1, sizeof *p->units);
    struct unit *u = &p->units[p->tail];
    if (p->building == 0) {
        *u = (struct unit){.out.failed = -1};
    }
    return u;
}

static void add_statement(struct pg *p) {
    struct unit *u = building(p); /* looks at p->building: before it grows */
    u->sent = ++p->building;
}

void pg_mark_broken(struct pg *p) {
    if (!p->broken[0]) {
        pg_first_line(p->broken, sizeof p->broken, PQerrorMessage(p->conn));
        if (!p->broken[0])
            str_copy(p->broken, sizeof p->broken, "the connection was lost");
    }
}

static bool can_send(struct pg *p) { return p->life == LIFE_UP && p->conn && !p->broken[0]; }

void pg_prepare(struct pg *p, const char *name, const char *sql) {
    add_statement(p);
    if (can_send(p) && !PQsendPrepare(p->conn, name, sql, 0, NULL))
        pg_mark_broken(p);
}

void pg_exec(struct pg *p, const char *name, int n, const char *const *values, const int *lens, const int *formats) {
    add_statement(p);
    if (can_send(p) && !PQsendQueryPrepared(p->conn, name, n, values, lens, formats, 0))
        pg_mark_broken(p);
}

void pg_exec_binary(struct pg *p, const char *name, int n, const char *const *values) {
    add_statement(p);
    if (can_send(p) && !PQsendQueryPrepared(p->conn, name, n, values, NULL, NULL, 1))
        pg_mark_broken(p);
}

void pg_query(struct pg *p, const char *sql, int n, const char *const *values) {
    add_statement(p);
    if (can_send(p) && !PQsendQueryParams(p->conn, sql, n, NULL, values, NULL, NULL, 0))
        pg_mark_broken(p);
}

void pg_arm_deadline(struct pg *p) {
    ev_timer_stop(loop_get(), &p->deadline);
    if (p->head == p->tail)
        return;
    double left = (double)(p->units[p->head].sent_us + p->cfg.answer_timeout_ms * 1000LL - clock_mono_us()) / 1e6;
    ev_timer_set(&p->deadline, left < 0.001 ? 0.001 : left, 0.);
    ev_timer_start(loop_get(), &p->deadline);
}

void pg_flush(struct pg *p) {
    int r = PQflush(p->conn);
    if (r < 0)
        pg_mark_broken(p);
    if (p->broken[0])
        ev_feed_event(loop_get(), &p->timer, EV_TIMER); /* never end the connection inside a caller's call */
    else
        pg_watch(p, true, r > 0);
}

static void submit(struct pg *p, pg_result_fn *on_result, pg_done_fn *on_done, void *ctx) {
    struct unit *u = building(p);
    u->sent = p->building;
    u->on_result = on_result;
    u->on_done = on_done;
    u->ctx = ctx;
    u->sent_us = clock_mono_us();
    p->building = 0;
    p->tail++;
    if (p->tail - p->head == 1)
        pg_arm_deadline(p);
    if (!p->conn || p->life != LIFE_UP) {
        str_copy(p->broken, sizeof p->broken, "not connected");
        ev_feed_event(loop_get(), &p->timer, EV_TIMER);
    } else
        pg_flush(p);
}

void pg_end(struct pg *p, pg_result_fn *on_result, pg_done_fn *on_done, void *ctx) {
    if (can_send(p) && !PQpipelineSync(p->conn))
        pg_mark_broken(p);
    submit(p, on_result, on_done, ctx);
}

void pg_script(struct pg *p, const char *sql, pg_done_fn *on_done, void *ctx) {
    assert(pg_idle(p) && p->building == 0);
    building(p)->script = true;
    p->building = 1;
    if (can_send(p) && (!PQexitPipelineMode(p->conn) || !PQsendQuery(p->conn, sql)))
        pg_mark_broken(p);
    submit(p, NULL, on_done, ctx);
}

/* --- results --- */

/* libpq's own error (no SQLSTATE) and the server's last words (FATAL, 57P0x) say nothing about the commit: lost. */
static bool ends_connection(const PGresult *r) {
    const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE), *severity = PQresultErrorField(r, PG_DIAG_SEVERITY_NONLOCALIZED);
    return !state || !strncmp(state, "57P", 3) || !strncmp(state, "08", 2) || (severity && strcmp(severity, "ERROR") != 0);
}

static void note_failure(struct pg *p, struct unit *u, const PGresult *r) {
    if (u->out.end == PG_FAILED)
        return;
    const char *text = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
    if (ends_connection(r)) {
        if (!p->broken[0])
            pg_first_line(p->broken, sizeof p->broken, text ? text : PQresultErrorMessage(r));
        if (!p->broken[0])
            str_copy(p->broken, sizeof p->broken, "the connection was lost");
        return;
    }
    u->out.end = PG_FAILED;
    u->out.failed = u->seen;
    const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
    str_copy(u->out.sqlstate, sizeof u->out.sqlstate, state);
    pg_first_line(u->out.text, sizeof u->out.text, text ? text : PQresultErrorMessage(r));
}

static void finish_unit(struct pg *p) {
    struct unit u = p->units[p->head++];
    pg_arm_deadline(p);
    if (u.script && !PQenterPipelineMode(p->conn))
        pg_mark_broken(p);
    if (u.on_done)
        u.on_done(u.ctx, &u.out);
}

/* One result of the oldest unit. */
static void take_result(struct pg *p, PGresult *r) {
    struct unit *u = &p->units[p->head];
    switch (PQresultStatus(r)) {
    case PGRES_PIPELINE_SYNC:
        PQclear(r);
        finish_unit(p);
        return;
    case PGRES_FATAL_ERROR:
    case PGRES_BAD_RESPONSE: note_failure(p, u, r); break;
    case PGRES_PIPELINE_ABORTED: break;
    default:
        if (u->out.end == PG_DONE && u->on_result) {
            u->on_result(u->ctx, u->seen, r);
            u = &p->units[p->head]; /* the callback may have added units: the array may have moved */
        }
    }
    u->seen++;
    PQclear(r);
}

/* Reads what is there. In a pipeline a NULL ends each statement; in a script one NULL ends it all. */
void pg_read_results(struct pg *p) {
    int nulls = 0;
    while (p->conn && !p->broken[0] && p->head < p->tail && !PQisBusy(p->conn)) {
        bool script = p->units[p->head].script;
        PGresult *r = PQgetResult(p->conn);
        nulls = r ? 0 : nulls + 1;
        if (nulls > 2) /* nothing more can be had without new bytes */
            break;
        if (r)
            take_result(p, r);
        else if (script)
            finish_unit(p);
        else if (PQstatus(p->conn) == CONNECTION_BAD) {
            pg_mark_broken(p);
            break;
        }
    }
}
