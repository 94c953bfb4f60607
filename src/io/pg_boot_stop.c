/* Stopping the private cluster: only when nobody else is connected, whoever had started it. The guard connection asks;
 * it is the one client that does not count. */
#include "pg_boot_private.h"

#include "turret/base/str.h"
#include "turret/io/log.h"
#include "turret/io/loop.h"
#include "turret/io/proc.h"

#include <signal.h>
#include <stdlib.h>

static void stop_end(struct pg_boot *b, bool stopped, const char *text) {
    pg_boot_stopped *fn = b->on_stopped;
    void *ctx = b->cfg.ctx;
    char copy[PG_BOOT_TEXT_MAX];
    str_copy(copy, sizeof copy, text);
    boot_release(b);
    log_info("database", "%s", copy);
    if (fn)
        fn(ctx, stopped, copy);
}

void boot_step_stop_lock(struct pg_boot *b) {
    if (!b->guard) {
        stop_end(b, false, "the database was not running");
        return;
    }
    if (!boot_take_lock(b)) {
        if (b->lock < 0 || boot_in_state(b) > 3000000)
            stop_end(b, false, "another desk is starting on this data directory: the database goes on");
        return;
    }
    ev_io_stop(loop_get(), &b->guard_io);
    PQsetnonblocking(b->guard, 1);
    if (!PQsendQuery(b->guard, "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"))
        stop_end(b, false, "the database has gone already");
    else
        boot_enter(b, BOOT_STOP_COUNT);
}

void boot_step_stop_count(struct pg_boot *b) {
    if (PQflush(b->guard) < 0 || !PQconsumeInput(b->guard)) {
        stop_end(b, false, "the database has gone already");
        return;
    }
    if (PQisBusy(b->guard)) {
        if (boot_in_state(b) > 3000000)
            stop_end(b, false, "the database does not answer: left as it is");
        return;
    }
    PGresult *r = PQgetResult(b->guard);
    int others = PQresultStatus(r) == PGRES_TUPLES_OK ? atoi(PQgetvalue(r, 0, 0)) : 1;
    PQclear(r);
    /* our own store's backend may take a moment to end after its connection was closed */
    if (others > 0 && boot_in_state(b) < 200000) {
        while ((r = PQgetResult(b->guard)))
            PQclear(r);
        int64_t since = b->state_us;
        boot_enter(b, BOOT_STOP_LOCK);
        boot_step_stop_lock(b);
        b->state_us = since;
        return;
    }
    b->stop_pid = pg_cluster_postmaster(b->cl.data, NULL, 0);
    if (others > 0) {
        stop_end(b, false, "other clients use the database: it goes on");
        return;
    }
    boot_drop_guard(b);
    if (!b->stop_pid || kill(b->stop_pid, SIGINT))
        stop_end(b, false, "the database has gone already");
    else
        boot_enter(b, BOOT_STOPPING);
}

void boot_step_stopping(struct pg_boot *b) {
    if (pg_cluster_postmaster(b->cl.data, NULL, 0) != b->stop_pid || b->child_ended)
        stop_end(b, true, "the database has stopped");
    else if (boot_in_state(b) > STOP_LIMIT_US)
        stop_end(b, false, "the database is still stopping");
}

void pg_boot_stop(struct pg_boot *b, pg_boot_stopped *on_stopped) {
    if (!b)
        return;
    b->on_stopped = on_stopped;
    if (b->state != BOOT_READY) { /* still starting: what we have begun ends with us */
        if (b->child)
            kill(proc_pid(b->child), b->state == BOOT_INITDB ? SIGTERM : SIGINT);
        boot_drop_guard(b);
    }
    b->done = true;
    boot_enter(b, BOOT_STOP_LOCK);
    b->tick.repeat = TICK;
    ev_timer_again(loop_get(), &b->tick);
}
