/* Starts, supervises and stops the private cluster. A timer walks a small state machine; one guard connection stays
 * open: it tells at once when the server dies (then it is started again) and counts as a client for other desks. */
#include "turret/io/pg_boot.h"

#include "pg_boot_private.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/io/log.h"
#include "turret/io/loop.h"
#include "turret/io/proc.h"

#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static void progress(struct pg_boot *b, const char *text) {
    log_info("database", "%s", text);
    if (b->cfg.on_progress)
        b->cfg.on_progress(b->cfg.ctx, text);
}

void boot_enter(struct pg_boot *b, enum boot_state s) {
    b->state = s;
    b->state_us = clock_mono_us();
    b->told_recovery = b->told_wait = false;
}

int64_t boot_in_state(const struct pg_boot *b) { return clock_mono_us() - b->state_us; }

static void unlock(struct pg_boot *b) {
    if (b->lock >= 0)
        close(b->lock);
    b->lock = -1;
}

void boot_drop_guard(struct pg_boot *b) {
    ev_io_stop(loop_get(), &b->guard_io);
    if (b->guard)
        PQfinish(b->guard);
    b->guard = NULL;
}

void boot_release(struct pg_boot *b) {
    ev_timer_stop(loop_get(), &b->tick);
    boot_drop_guard(b);
    proc_forget(b->child);
    unlock(b);
    free(b->dir);
    free(b->bindir);
    free(b);
}

/* Before the first success the caller is told once and decides; later the supervisor keeps trying. */
static void fail(struct pg_boot *b, enum err e, const char *text) {
    boot_drop_guard(b);
    unlock(b);
    log_error("database", "%s", text);
    if (!b->done) {
        b->done = true;
        ev_timer_stop(loop_get(), &b->tick);
        b->on_done(b->cfg.ctx, e, NULL, text);
        return;
    }
    progress(b, text);
    b->backoff_us = b->backoff_us ? b->backoff_us * 2 : 500000;
    if (b->backoff_us > 10000000)
        b->backoff_us = 10000000;
    b->wait_until_us = clock_mono_us() + b->backoff_us;
    boot_enter(b, BOOT_RETRY);
}

/* --- children --- */

static void on_child(void *ctx, int status) {
    struct pg_boot *b = ctx;
    b->child = NULL;
    b->child_ended = true;
    b->child_status = status;
}

static bool spawn(struct pg_boot *b, const char *const *argv) {
    struct stat st;
    int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW;
    if (stat(b->cl.log, &st) == 0 && st.st_size > (8 << 20))
        flags |= O_TRUNC;
    int log = open(b->cl.log, flags, 0600);
    if (log < 0 || fstat(log, &st)) {
        if (log >= 0)
            close(log);
        return false;
    }
    b->log_from = (long)st.st_size;
    struct proc_cfg cfg = {.argv = argv, .in = -1, .out = log, .err = log, .drop = b->cl.drop, .keep_search = b->cl.keep_search,
                           .uid = b->cl.uid, .gid = b->cl.gid};
    b->child_ended = false;
    b->child = proc_spawn(&cfg, on_child, b);
    close(log);
    return b->child != NULL;
}

static void start_initdb(struct pg_boot *b) {
    char prog[PATH_MAX + 16];
    snprintf(prog, sizeof prog, "%s/initdb", b->cl.bin);
    pg_cluster_remove(b->cl.tmp);
    if (mkdir(b->cl.tmp, 0700) || (b->cl.drop && chown(b->cl.tmp, b->cl.uid, b->cl.gid))) {
        char text[PG_BOOT_TEXT_MAX];
        snprintf(text, sizeof text, "can't make %.300s: %s", b->cl.tmp, strerror(errno));
        fail(b, ERR_IO, text);
        return;
    }
    progress(b, "making the database (once, about 2 s)");
    const char *argv[] = {prog, "-D", b->cl.tmp, "-U", "app", "-A", "peer", "--no-locale", "-E", "UTF8", "--no-instructions",
                          "--wal-segsize=1", b->cfg.no_sync ? "--no-sync" : NULL, NULL};
    boot_enter(b, BOOT_INITDB);
    if (!spawn(b, argv))
        fail(b, ERR_IO, "can't start initdb: no process or log file could be made");
}

static void start_server(struct pg_boot *b) {
    char prog[PATH_MAX + 16], sock[PATH_MAX + 32];
    snprintf(prog, sizeof prog, "%s/postgres", b->cl.bin);
    snprintf(sock, sizeof sock, "unix_socket_directories=%s", b->cl.sock);
    const char *argv[] = {prog, "-D", b->cl.data, "-c", sock, "-c", "unix_socket_permissions=0700", "-c", "listen_addresses=", NULL};
    progress(b, "starting the database");
    boot_enter(b, BOOT_CONNECT);
    if (!spawn(b, argv))
        fail(b, ERR_IO, "can't start the database server: no process or log file could be made");
}

/* --- steps --- */

static void step_find(struct pg_boot *b) {
    char text[PG_BOOT_TEXT_MAX] = "";
    enum err e = pg_cluster_find(&b->cfg, &b->cl, text);
    if (e != ERR_OK)
        fail(b, e, text);
    else
        boot_enter(b, BOOT_LOCK);
}

/* The lock is released by the kernel when a booter dies. */
bool boot_take_lock(struct pg_boot *b) {
    char path[PATH_MAX + 16];
    snprintf(path, sizeof path, "%s/boot.lock", b->cl.dir);
    if (b->lock < 0)
        b->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    return b->lock >= 0 && flock(b->lock, LOCK_EX | LOCK_NB) == 0;
}

static void step_lock(struct pg_boot *b) {
    if (boot_take_lock(b)) {
        boot_enter(b, BOOT_CHECK);
        return;
    }
    if (b->lock < 0)
        fail(b, ERR_IO, "the data directory can't be written (boot.lock)");
    else if (!b->told_wait && boot_in_state(b) > 300000) {
        b->told_wait = true;
        progress(b, "waiting for another desk that is starting or stopping the database");
    }
}

static void step_check(struct pg_boot *b) {
    char sock[PATH_MAX];
    b->cl.exists = access(b->cl.data, F_OK) == 0;
    if (!b->cl.exists) {
        start_initdb(b);
        return;
    }
    if (pg_cluster_postmaster(b->cl.data, sock, sizeof sock)) {
        if (sock[0] == '/')
            str_copy(b->cl.sock, sizeof b->cl.sock, sock); /* it may have been started with another path to the same folder */
        boot_enter(b, BOOT_CONNECT);
        b->child_ended = false;
    } else
        start_server(b);
}

static void step_initdb(struct pg_boot *b) {
    char text[PG_BOOT_TEXT_MAX], why[200];
    if (!b->child_ended)
        return;
    if (b->child_status != 0) {
        pg_cluster_last_error(b->cl.log, b->log_from, why, sizeof why);
        if (!why[0])
            proc_status_text(b->child_status, why, sizeof why);
        pg_cluster_remove(b->cl.tmp);
        snprintf(text, sizeof text, "the database could not be made: %s (see %.150s)", why, b->cl.log);
        fail(b, ERR_IO, text);
        return;
    }
    enum err e = pg_cluster_finish(&b->cl, b->cfg.no_sync, text);
    if (e != ERR_OK)
        fail(b, e, text);
    else
        start_server(b);
}

static void on_guard(struct ev_loop *loop, ev_io *w, int revents) {
    (void)loop;
    (void)revents;
    struct pg_boot *b = w->data;
    if (PQconsumeInput(b->guard) && PQstatus(b->guard) == CONNECTION_OK)
        return;
    boot_drop_guard(b);
    if (b->state == BOOT_READY) {
        progress(b, "the database server ended: starting it again");
        b->stale_since_us = 0;
        boot_enter(b, BOOT_LOCK);
        ev_timer_again(loop_get(), &b->tick);
    }
}

static void ready(struct pg_boot *b) {
    char info[PG_BOOT_CONNINFO_MAX], text[PG_BOOT_TEXT_MAX];
    unlock(b);
    boot_enter(b, BOOT_READY);
    ev_timer_stop(loop_get(), &b->tick);
    b->backoff_us = b->stale_since_us = 0;
    ev_io_set(&b->guard_io, PQsocket(b->guard), EV_READ);
    ev_io_start(loop_get(), &b->guard_io);
    snprintf(text, sizeof text, "the database is ready after %.2f s", (double)(clock_mono_us() - b->began_us) / 1e6);
    progress(b, text);
    if (b->done)
        return;
    b->done = true;
    pg_cluster_conninfo(&b->cl, info, sizeof info);
    b->on_done(b->cfg.ctx, ERR_OK, info, text);
}

/* The server ended while we were connecting: a dead one's remains (retry), or an error it has written down. */
static void server_ended(struct pg_boot *b) {
    char why[200], text[PG_BOOT_TEXT_MAX], status[64];
    pg_cluster_last_error(b->cl.log, b->log_from, why, sizeof why);
    proc_status_text(b->child_status, status, sizeof status);
    if (!b->stale_since_us)
        b->stale_since_us = clock_mono_us();
    bool stale = strstr(why, "postmaster.pid") || strstr(why, "shared memory block") || strstr(why, "could not bind Unix");
    boot_drop_guard(b);
    if (stale && clock_mono_us() - b->stale_since_us < STALE_LIMIT_US) {
        b->wait_until_us = clock_mono_us() + 150000;
        boot_enter(b, BOOT_RETRY);
        return;
    }
    snprintf(text, sizeof text, "the database server ended at its start: %s (see %.150s)", why[0] ? why : status, b->cl.log);
    fail(b, ERR_IO, text);
}

static void try_failed(struct pg_boot *b) {
    char text[PG_BOOT_TEXT_MAX];
    const char *why = PQerrorMessage(b->guard);
    if (strstr(why, "authentication failed") || strstr(why, "no pg_hba.conf entry")) {
        snprintf(text, sizeof text, "the private database refuses this user: it was made by another one (%.200s)", why);
        fail(b, ERR_CREDENTIALS, text);
        return;
    }
    if (strstr(why, "starting up") || strstr(why, "recovery")) {
        if (!b->told_recovery && boot_in_state(b) > 1000000) {
            b->told_recovery = true;
            progress(b, "the database recovers from a crash");
        }
        b->state_us = b->told_recovery ? clock_mono_us() - 1000001 : b->state_us; /* recovery may take its time */
    }
    boot_drop_guard(b);
    b->wait_until_us = clock_mono_us() + 15000;
}

static void step_connect(struct pg_boot *b) {
    char info[PG_BOOT_CONNINFO_MAX];
    if (b->child_ended) {
        server_ended(b);
        return;
    }
    if (!b->child && !pg_cluster_postmaster(b->cl.data, NULL, 0)) { /* the one we found running has gone */
        boot_drop_guard(b);
        boot_enter(b, BOOT_CHECK);
        return;
    }
    if (boot_in_state(b) > START_LIMIT_US) {
        fail(b, ERR_TIMEOUT, "the database server does not answer within 60 s (hung?)");
        return;
    }
    if (!b->guard && clock_mono_us() >= b->wait_until_us) {
        pg_cluster_conninfo(&b->cl, info, sizeof info);
        b->guard = PQconnectStart(info);
        if (!b->guard)
            return;
        if (PQstatus(b->guard) == CONNECTION_BAD)
            try_failed(b);
    } else if (b->guard)
        switch (PQconnectPoll(b->guard)) {
        case PGRES_POLLING_OK: ready(b); break;
        case PGRES_POLLING_FAILED: try_failed(b); break;
        default: break;
        }
}

static void step_retry(struct pg_boot *b) {
    if (clock_mono_us() >= b->wait_until_us)
        boot_enter(b, b->lock >= 0 ? BOOT_CHECK : BOOT_LOCK);
}

static void step_ready(struct pg_boot *b) { ev_timer_stop(loop_get(), &b->tick); }

static void (*const steps[])(struct pg_boot *) = {
    [BOOT_FIND] = step_find,           [BOOT_LOCK] = step_lock,
    [BOOT_CHECK] = step_check,         [BOOT_INITDB] = step_initdb,
    [BOOT_CONNECT] = step_connect,     [BOOT_READY] = step_ready,
    [BOOT_RETRY] = step_retry,         [BOOT_STOP_LOCK] = boot_step_stop_lock,
    [BOOT_STOP_COUNT] = boot_step_stop_count, [BOOT_STOPPING] = boot_step_stopping,
};

static void on_tick(struct ev_loop *loop, ev_timer *w, int revents) {
    (void)loop;
    (void)revents;
    struct pg_boot *b = w->data;
    steps[b->state](b);
}

struct pg_boot *pg_boot_start(const struct pg_boot_cfg *cfg, pg_boot_done *on_done) {
    struct pg_boot *b = xcalloc(1, sizeof *b);
    b->cfg = *cfg;
    b->dir = xstrdup(cfg->dir);
    b->bindir = cfg->bindir ? xstrdup(cfg->bindir) : NULL;
    b->cfg.dir = b->dir;
    b->cfg.bindir = b->bindir;
    b->on_done = on_done;
    b->lock = -1;
    b->began_us = clock_mono_us();
    ev_init(&b->guard_io, on_guard);
    ev_init(&b->tick, on_tick);
    ev_timer_set(&b->tick, 0., TICK);
    b->guard_io.data = b->tick.data = b;
    boot_enter(b, BOOT_FIND);
    ev_timer_start(loop_get(), &b->tick);
    return b;
}

void pg_boot_leave(struct pg_boot *b) {
    if (b)
        boot_release(b);
}
