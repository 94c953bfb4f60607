/* A private cluster for one test: a template is made once per build folder and copied; the loop runs until a condition
 * holds. Everything it starts ends with cluster_end. */
#ifndef TESTS_STORE_CLUSTER_H
#define TESTS_STORE_CLUSTER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ev.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "turret/io/loop.h"
#include "turret/io/pg_boot.h"
#include "turret/io/proc.h"
#include "turret/store/pg.h"

struct cluster {
    char dir[64], conninfo[PG_BOOT_CONNINFO_MAX], text[PG_BOOT_TEXT_MAX];
    struct pg_boot *boot;
    enum err err;
    int done, stopped, did_stop;
    bool mounted;
};

static void noop_timer(struct ev_loop *loop, ev_timer *w, int revents) {
    (void)loop;
    (void)w;
    (void)revents;
}

/* Runs the loop until *what is at least `least`; fails the test after `seconds`. */
static void __attribute__((unused)) run_until(const int *what, int least, double seconds) {
    int64_t end = clock_mono_us() + (int64_t)(seconds * 1e6);
    ev_timer t;
    ev_timer_init(&t, noop_timer, 0.01, 0.01);
    ev_timer_start(loop_get(), &t);
    while (*what < least && clock_mono_us() < end)
        ev_run(loop_get(), EVRUN_ONCE);
    ev_timer_stop(loop_get(), &t);
    if (*what < least)
        fail_msg("waited %.1f s for %d, have %d", seconds, least, *what);
}

static void __attribute__((unused)) run_for(double seconds) {
    int64_t end = clock_mono_us() + (int64_t)(seconds * 1e6);
    ev_timer t;
    ev_timer_init(&t, noop_timer, 0.01, 0.01);
    ev_timer_start(loop_get(), &t);
    while (clock_mono_us() < end)
        ev_run(loop_get(), EVRUN_ONCE);
    ev_timer_stop(loop_get(), &t);
}

static void cluster_done(void *ctx, enum err err, const char *conninfo, const char *text) {
    struct cluster *c = ctx;
    c->err = err;
    snprintf(c->conninfo, sizeof c->conninfo, "%s", conninfo ? conninfo : "");
    snprintf(c->text, sizeof c->text, "%s", text);
    c->done++;
}
static void cluster_stopped(void *ctx, bool stopped, const char *text) {
    struct cluster *c = ctx;
    c->did_stop = stopped;
    snprintf(c->text, sizeof c->text, "%s", text);
    c->stopped++;
}

static void __attribute__((format(printf, 1, 2))) shell(const char *fmt, ...) {
    char cmd[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(cmd, sizeof cmd, fmt, ap);
    va_end(ap);
    const char *argv[] = {"/bin/sh", "-c", cmd, NULL};
    struct proc_cfg cfg = {.argv = argv, .in = -1, .out = -1, .err = -1};
    assert_int_equal(proc_run(&cfg), 0);
}

static void cluster_boot(struct cluster *c) {
    struct pg_boot_cfg cfg = {.dir = c->dir, .no_sync = true, .ctx = c};
    c->done = c->stopped = 0;
    c->boot = pg_boot_start(&cfg, cluster_done);
    run_until(&c->done, 1, 60);
    if (c->err != ERR_OK)
        fail_msg("boot: %s", c->text);
}

static void cluster_stop(struct cluster *c) {
    pg_boot_stop(c->boot, cluster_stopped);
    run_until(&c->stopped, 1, 20);
    c->boot = NULL;
}

/* build/pg-template beside the test programs: an empty cluster. */
static void template_path(char *buf, size_t cap) {
    char exe[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    assert_true(n > 0);
    exe[n] = 0;
    char *at = strstr(exe, "/tests/");
    assert_non_null(at);
    *at = 0;
    snprintf(buf, cap, "%.3000s/pg-template", exe);
}

static void __attribute__((unused)) cluster_make(struct cluster *c) {
    char tpl[PATH_MAX], lock[PATH_MAX + 8];
    memset(c, 0, sizeof *c);
    template_path(tpl, sizeof tpl);
    snprintf(lock, sizeof lock, "%s.lock", tpl);
    int fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0 && flock(fd, LOCK_EX) == 0);
    if (access(tpl, F_OK)) {
        struct cluster t = {0};
        snprintf(t.dir, sizeof t.dir, "/tmp/turret-tpl-%d", (int)getpid());
        cluster_boot(&t);
        cluster_stop(&t);
        shell("cp -a %s %s.new && rm -f %s.new/pg.log && mv %s.new %s && rm -rf %s", t.dir, tpl, tpl, tpl, tpl, t.dir);
    }
    flock(fd, LOCK_UN);
    close(fd);
    snprintf(c->dir, sizeof c->dir, "/tmp/turret-test-XXXXXX");
    assert_non_null(mkdtemp(c->dir));
    shell("cp -a %s/pg* %s/", tpl, c->dir);
    cluster_boot(c);
}

static pid_t __attribute__((unused)) cluster_pid(const struct cluster *c) {
    char path[128];
    int pid = 0;
    snprintf(path, sizeof path, "%s/pg15/postmaster.pid", c->dir);
    FILE *f = fopen(path, "r");
    if (f) {
        if (fscanf(f, "%d", &pid) != 1)
            pid = 0;
        fclose(f);
    }
    return pid;
}

static void __attribute__((unused)) cluster_end(struct cluster *c) {
    pid_t pid = cluster_pid(c);
    if (pid) /* a failed test may have left it stopped */
        shell("kill -CONT %d; pkill -CONT -P %d; true", (int)pid, (int)pid);
    if (c->boot)
        cluster_stop(c);
    if (pid && cluster_pid(c) == pid)
        kill(pid, SIGQUIT);
    if (c->mounted)
        assert_int_equal(umount2(c->dir, MNT_DETACH), 0);
    shell("rm -rf %s", c->dir);
}

/* One value by a blocking connection of its own ("" for null and for no row). */
static char *__attribute__((unused)) sql_value(const struct cluster *c, const char *sql, char sqlstate[6]) {
    static char value[256];
    PGconn *conn = PQconnectdb(c->conninfo);
    if (PQstatus(conn) != CONNECTION_OK)
        fail_msg("connect: %s", PQerrorMessage(conn));
    PGresult *r = PQexec(conn, sql);
    const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
    if (sqlstate)
        snprintf(sqlstate, 6, "%s", state ? state : "");
    else if (state)
        fail_msg("%s: %s", sql, PQerrorMessage(conn));
    snprintf(value, sizeof value, "%s", PQntuples(r) && PQnfields(r) ? PQgetvalue(r, 0, 0) : "");
    PQclear(r);
    PQfinish(conn);
    return value;
}
static long long __attribute__((unused)) sql_int(const struct cluster *c, const char *sql) { return atoll(sql_value(c, sql, NULL)); }

#endif
