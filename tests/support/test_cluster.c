/* A throw-away cluster: booted in a child, so that the test's own loop stays unused. */
#include "support/test_cluster.h"

#include <ev.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "turret/base/mem.h"
#include "turret/io/loop.h"
#include "turret/io/pg_boot.h"

struct test_cluster {
    char dir[64];
    char conninfo[PG_BOOT_CONNINFO_MAX];
};

static void on_booted(void *ctx, enum err err, const char *conninfo, const char *text) {
    (void)ctx;
    (void)conninfo;
    if (err)
        fprintf(stderr, "cluster: %s\n", text);
    _exit(err ? 1 : 0);
}

struct test_cluster *test_cluster_new(void) {
    struct test_cluster *c = xcalloc(1, sizeof *c);
    int status;
    strcpy(c->dir, "/tmp/turret-test-XXXXXX");
    if (!mkdtemp(c->dir))
        return NULL;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        struct pg_boot_cfg cfg = {.dir = c->dir, .no_sync = true};
        pg_boot_start(&cfg, on_booted);
        ev_run(loop_get(), 0);
        _exit(2);
    }
    if (waitpid(pid, &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) || !pg_boot_running(c->dir, c->conninfo, sizeof c->conninfo)) {
        test_cluster_free(c);
        return NULL;
    }
    return c;
}

/* First line of postmaster.pid of whichever version made the cluster. */
static pid_t postmaster(const char *dir) {
    char cmd[160];
    int pid = 0;
    snprintf(cmd, sizeof cmd, "head -qn1 %s/pg*/postmaster.pid 2>/dev/null", dir);
    FILE *f = popen(cmd, "r");
    if (f && fscanf(f, "%d", &pid) != 1)
        pid = 0;
    if (f)
        pclose(f);
    return pid;
}

void test_cluster_free(struct test_cluster *c) {
    char cmd[128];
    if (!c)
        return;
    pid_t pid = postmaster(c->dir);
    if (pid > 1 && kill(pid, SIGINT) == 0)
        for (int i = 0; i < 500 && kill(pid, 0) == 0; i++)
            usleep(10000);
    snprintf(cmd, sizeof cmd, "rm -rf %s", c->dir);
    if (system(cmd))
        fprintf(stderr, "can't remove %s\n", c->dir);
    free(c);
}

const char *test_cluster_database(const struct test_cluster *c) { return c->conninfo; }
const char *test_cluster_dir(const struct test_cluster *c) { return c->dir; }
