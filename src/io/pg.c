/* libpq in pipeline mode under libev. Life: waiting → connecting → settling (session settings) → up → waiting.
 * Every unit has a deadline kept by our own timer, so that a stopped server (SIGSTOP) is found out too. */
#include "turret/io/pg.h"

#include "pg_private.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/base/utf8.h"
#include "turret/io/loop.h"

#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void pump(struct pg *p);

static void enter(struct pg *p) { p->depth++; }
static void leave(struct pg *p) {
    if (--p->depth == 0 && p->closed)
        free(p);
}

/* Foreign text, first line only: libpq's messages are several lines and may hold the server's bytes. */
void pg_first_line(char *dst, size_t cap, const char *text) {
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

void pg_watch(struct pg *p, bool reads, bool writes) {
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
    pg_first_line(text, sizeof text, why);
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
    case PGRES_POLLING_READING: pg_watch(p, true, false); break;
    case PGRES_POLLING_WRITING: pg_watch(p, false, true); break;
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
    pg_watch(p, false, true);
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
        pg_read_results(p);
        read_notifies(p);
        if (p->conn && p->life == LIFE_UP && !p->broken[0])
            pg_flush(p);
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
            pg_read_results(p); /* answers that came before the end still count */
            if (p->conn)
                pg_mark_broken(p);
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
            pg_arm_deadline(p);
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
