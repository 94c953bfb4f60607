/* libpq in pipeline mode under libev. Life: waiting → connecting → settling (session settings) → up → waiting.
 * Every unit has a deadline kept by our own timer, so that a stopped server (SIGSTOP) is found out too. */
#include "turret/io/pg.h"

#include "pg_resolve.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/base/utf8.h"
#include "turret/io/loop.h"

#include <assert.h>
#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static void pump(struct pg *p);

static void enter(struct pg *p) { p->depth++; }
static void leave(struct pg *p) {
    if (--p->depth == 0 && p->closed)
        free(p);
}

/* Foreign text, first line only: libpq's messages are several lines and may hold the server's bytes. */
static void first_line(char *dst, size_t cap, const char *text) {
    static const char *const heads[] = {"ERROR:  ", "FATAL:  ", "PANIC:  "};
    if (!text)
        text = "";
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        const char *at = strstr(text, heads[i]);
        if (at) {
            text = at + strlen(heads[i]);
            break;
        }
    }
    size_t n = strcspn(text, "\n");
    utf8_sanitise(dst, cap, text, n);
}

static void watch(struct pg *p, bool reads, bool writes) {
    struct ev_loop *loop = loop_get();
    int fd = PQsocket(p->conn);
    if (fd != p->read.fd || p->life == LIFE_CONNECTING) { /* connecting: the same number may be another socket */
        ev_io_stop(loop, &p->read);
        ev_io_stop(loop, &p->write);
        ev_io_set(&p->read, fd, EV_READ);
        ev_io_set(&p->write, fd, EV_WRITE);
    }
    if (reads)
        ev_io_start(loop, &p->read);
    else
        ev_io_stop(loop, &p->read);
    if (writes)
        ev_io_start(loop, &p->write);
    else
        ev_io_stop(loop, &p->write);
}

static void unwatch(struct pg *p) {
    struct ev_loop *loop = loop_get();
    ev_io_stop(loop, &p->read);
    ev_io_stop(loop, &p->write);
    ev_io_set(&p->read, -1, EV_READ);
    ev_io_set(&p->write, -1, EV_WRITE);
    ev_timer_stop(loop, &p->deadline);
    ev_timer_stop(loop, &p->timer);
}

static void wait_for(struct pg *p, double seconds) {
    ev_timer_stop(loop_get(), &p->timer);
    ev_timer_set(&p->timer, seconds, 0.);
    ev_timer_start(loop_get(), &p->timer);
}

/* Ends the connection: open units are lost, the owner is told, the next attempt is planned. */
static void go_down(struct pg *p, const char *why) {
    char text[PG_TEXT_MAX];
    first_line(text, sizeof text, why);
    if (!text[0])
        str_copy(text, sizeof text, "the connection was lost");
    unwatch(p);
    if (p->resolving)
        pg_resolve_cancel(p->resolving);
    p->resolving = NULL;
    if (p->conn)
        PQfinish(p->conn);
    p->conn = NULL;
    p->life = LIFE_WAITING;
    p->settled = false;
    p->broken[0] = 0;
    p->building = 0;
    size_t end = p->tail;
    while (p->head < end && !p->closed) {
        struct unit u = p->units[p->head++];
        u.out.end = PG_LOST;
        str_copy(u.out.text, sizeof u.out.text, text);
        if (u.on_done)
            u.on_done(u.ctx, &u.out);
    }
    if (p->closed)
        return;
    wait_for(p, p->backoff);
    p->backoff = p->backoff * 2 > 2. ? 2. : p->backoff * 2;
    p->cfg.on_down(p->cfg.ctx, text);
}

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

static void mark_broken(struct pg *p) {
    if (!p->broken[0]) {
        first_line(p->broken, sizeof p->broken, PQerrorMessage(p->conn));
        if (!p->broken[0])
            str_copy(p->broken, sizeof p->broken, "the connection was lost");
    }
}

static bool can_send(struct pg *p) { return p->life == LIFE_UP && p->conn && !p->broken[0]; }

void pg_prepare(struct pg *p, const char *name, const char *sql) {
    add_statement(p);
    if (can_send(p) && !PQsendPrepare(p->conn, name, sql, 0, NULL))
        mark_broken(p);
}

void pg_exec(struct pg *p, const char *name, int n, const char *const *values, const int *lens, const int *formats) {
    add_statement(p);
    if (can_send(p) && !PQsendQueryPrepared(p->conn, name, n, values, lens, formats, 0))
        mark_broken(p);
}

void pg_query(struct pg *p, const char *sql, int n, const char *const *values) {
    add_statement(p);
    if (can_send(p) && !PQsendQueryParams(p->conn, sql, n, NULL, values, NULL, NULL, 0))
        mark_broken(p);
}

static void arm_deadline(struct pg *p) {
    ev_timer_stop(loop_get(), &p->deadline);
    if (p->head == p->tail)
        return;
    double left = (double)(p->units[p->head].sent_us + p->cfg.answer_timeout_ms * 1000LL - clock_mono_us()) / 1e6;
    ev_timer_set(&p->deadline, left < 0.001 ? 0.001 : left, 0.);
    ev_timer_start(loop_get(), &p->deadline);
}

static void flush(struct pg *p) {
    int r = PQflush(p->conn);
    if (r < 0)
        mark_broken(p);
    if (p->broken[0])
        ev_feed_event(loop_get(), &p->timer, EV_TIMER); /* never end the connection inside a caller's call */
    else
        watch(p, true, r > 0);
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
        arm_deadline(p);
    if (!p->conn || p->life != LIFE_UP) {
        str_copy(p->broken, sizeof p->broken, "not connected");
        ev_feed_event(loop_get(), &p->timer, EV_TIMER);
    } else
        flush(p);
}

void pg_end(struct pg *p, pg_result_fn *on_result, pg_done_fn *on_done, void *ctx) {
    if (can_send(p) && !PQpipelineSync(p->conn))
        mark_broken(p);
    submit(p, on_result, on_done, ctx);
}

void pg_script(struct pg *p, const char *sql, pg_done_fn *on_done, void *ctx) {
    assert(pg_idle(p) && p->building == 0);
    building(p)->script = true;
    p->building = 1;
    if (can_send(p) && (!PQexitPipelineMode(p->conn) || !PQsendQuery(p->conn, sql)))
        mark_broken(p);
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
            first_line(p->broken, sizeof p->broken, text ? text : PQresultErrorMessage(r));
        if (!p->broken[0])
            str_copy(p->broken, sizeof p->broken, "the connection was lost");
        return;
    }
    u->out.end = PG_FAILED;
    u->out.failed = u->seen;
    const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
    str_copy(u->out.sqlstate, sizeof u->out.sqlstate, state);
    first_line(u->out.text, sizeof u->out.text, text ? text : PQresultErrorMessage(r));
}

static void finish_unit(struct pg *p) {
    struct unit u = p->units[p->head++];
    arm_deadline(p);
    if (u.script && !PQenterPipelineMode(p->conn))
        mark_broken(p);
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
static void read_results(struct pg *p) {
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
            mark_broken(p);
            break;
        }
    }
}

static void read_notifies(struct pg *p) {
    PGnotify *n;
    while (p->conn && (n = PQnotifies(p->conn))) {
        if (p->cfg.on_notify)
            p->cfg.on_notify(p->cfg.ctx, n->relname, n->extra);
        PQfreemem(n);
    }
}

/* --- connecting --- */

static void on_settled(void *ctx, const struct pg_outcome *out) {
    struct pg *p = ctx;
    if (out->end == PG_LOST)
        return;
    if (out->end == PG_FAILED) {
        str_copy(p->broken, sizeof p->broken, out->text);
        return;
    }
    p->settled = true;
    p->backoff = 0.1;
    p->cfg.on_up(p->cfg.ctx);
}

static void settle(struct pg *p) {
    char sql[320];
    p->life = LIFE_UP;
    ev_timer_stop(loop_get(), &p->timer);
    PQsetnonblocking(p->conn, 1);
    if (!PQenterPipelineMode(p->conn)) {
        go_down(p, PQerrorMessage(p->conn));
        return;
    }
    snprintf(sql, sizeof sql,
             "SELECT set_config('statement_timeout', '%d', false), set_config('lock_timeout', '%d', false), "
             "set_config('TimeZone', 'UTC', false), set_config('client_min_messages', 'warning', false), "
             "CASE WHEN current_setting('synchronous_commit') = 'off' THEN set_config('synchronous_commit', 'on', false) END",
             p->cfg.statement_timeout_ms, p->cfg.statement_timeout_ms / 2);
    pg_query(p, sql, 0, NULL);
    pg_end(p, NULL, on_settled, p);
}

static void connect_step(struct pg *p) {
    switch (PQconnectPoll(p->conn)) {
    case PGRES_POLLING_READING: watch(p, true, false); break;
    case PGRES_POLLING_WRITING: watch(p, false, true); break;
    case PGRES_POLLING_OK: settle(p); break;
    default: go_down(p, PQerrorMessage(p->conn));
    }
}

static void drop_notice(void *arg, const PGresult *res) {
    (void)arg;
    (void)res;
}

static void connect_to(struct pg *p, const char *conninfo) {
    p->life = LIFE_CONNECTING;
    wait_for(p, p->cfg.connect_timeout_ms / 1000.);
    p->conn = PQconnectStart(conninfo);
    if (!p->conn || PQstatus(p->conn) == CONNECTION_BAD) {
        go_down(p, p->conn ? PQerrorMessage(p->conn) : "out of memory");
        return;
    }
    PQsetNoticeReceiver(p->conn, drop_notice, NULL);
    watch(p, false, true);
}

static void on_resolved(void *ctx, const char *conninfo, const char *error) {
    struct pg *p = ctx;
    enter(p);
    p->resolving = NULL;
    if (error)
        go_down(p, error);
    else
        connect_to(p, conninfo);
    leave(p);
}

static void connect_start(struct pg *p) {
    p->life = LIFE_RESOLVING;
    wait_for(p, p->cfg.connect_timeout_ms / 1000.);
    struct pg_resolve *r = pg_resolve(p->conninfo, on_resolved, p); /* NULL: on_resolved was called already */
    if (r)
        p->resolving = r;
}

/* --- events --- */

static void pump(struct pg *p) {
    if (p->life == LIFE_UP) {
        read_results(p);
        read_notifies(p);
        if (p->conn && p->life == LIFE_UP && !p->broken[0])
            flush(p);
    }
    if (p->broken[0] && !p->closed) {
        char why[PG_TEXT_MAX];
        str_copy(why, sizeof why, p->broken);
        go_down(p, why);
    }
}

static void on_io(struct ev_loop *loop, ev_io *w, int revents) {
    (void)loop;
    struct pg *p = w->data;
    enter(p);
    if (p->life == LIFE_CONNECTING)
        connect_step(p);
    else if (p->life == LIFE_UP) {
        if ((revents & EV_READ) && !PQconsumeInput(p->conn)) {
            read_results(p); /* answers that came before the end still count */
            if (p->conn)
                mark_broken(p);
        }
        pump(p);
    }
    leave(p);
}

static void on_timer(struct ev_loop *loop, ev_timer *w, int revents) {
    (void)loop;
    (void)revents;
    struct pg *p = w->data;
    enter(p);
    if (p->broken[0])
        pump(p);
    else if (p->life == LIFE_WAITING)
        connect_start(p);
    else if (p->life == LIFE_RESOLVING)
        go_down(p, "the server's name could not be resolved in time");
    else if (p->life == LIFE_CONNECTING)
        go_down(p, "the server did not answer in time (connecting)");
    leave(p);
}

static void on_deadline(struct ev_loop *loop, ev_timer *w, int revents) {
    (void)loop;
    (void)revents;
    struct pg *p = w->data;
    enter(p);
    if (p->life == LIFE_UP && p->head < p->tail) {
        if (clock_mono_us() >= p->units[p->head].sent_us + p->cfg.answer_timeout_ms * 1000LL)
            go_down(p, "the server does not answer (hung)");
        else
            arm_deadline(p);
    }
    leave(p);
}

/* --- public --- */

struct pg *pg_open(const struct pg_cfg *cfg) {
    struct pg *p = xcalloc(1, sizeof *p);
    p->cfg = *cfg;
    p->conninfo = xstrdup(cfg->conninfo);
    p->cfg.conninfo = p->conninfo;
    p->cfg.connect_timeout_ms = cfg->connect_timeout_ms ? cfg->connect_timeout_ms : 5000;
    p->cfg.answer_timeout_ms = cfg->answer_timeout_ms ? cfg->answer_timeout_ms : 5000;
    p->cfg.statement_timeout_ms = cfg->statement_timeout_ms ? cfg->statement_timeout_ms : 4000;
    p->backoff = 0.1;
    ev_init(&p->read, on_io);
    ev_init(&p->write, on_io);
    ev_io_set(&p->read, -1, EV_READ);
    ev_io_set(&p->write, -1, EV_WRITE);
    ev_init(&p->timer, on_timer);
    ev_init(&p->deadline, on_deadline);
    p->read.data = p->write.data = p->timer.data = p->deadline.data = p;
    wait_for(p, 0.); /* the owner finishes its own set-up first */
    return p;
}

void pg_close(struct pg *p) {
    if (!p)
        return;
    p->closed = true;
    unwatch(p);
    if (p->resolving)
        pg_resolve_cancel(p->resolving);
    if (p->conn)
        PQfinish(p->conn);
    p->conn = NULL;
    p->life = LIFE_WAITING;
    free(p->conninfo);
    free(p->units);
    p->conninfo = NULL;
    p->units = NULL;
    p->head = p->tail = 0;
    if (p->depth == 0)
        free(p);
}

bool pg_up(const struct pg *p) { return p && p->life == LIFE_UP && p->settled && !p->broken[0]; }
bool pg_idle(const struct pg *p) { return p->head == p->tail; }
int pg_server_version(const struct pg *p) { return p->conn && p->life == LIFE_UP ? PQserverVersion(p->conn) : 0; }

void pg_reset(struct pg *p, const char *why) {
    p->backoff = 0.5;
    str_copy(p->broken, sizeof p->broken, why);
    ev_feed_event(loop_get(), &p->timer, EV_TIMER);
}
