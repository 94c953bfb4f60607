/* The private cluster: cold and warm start, two at once, stop policy, killed servers, bad installations. */
#include "store_cluster.h"

static struct cluster c;

static int set_up(void **state) {
    (void)state;
    cluster_make(&c);
    return 0;
}
static int tear_down(void **state) {
    (void)state;
    cluster_end(&c);
    return 0;
}

static void cold_start_makes_a_safe_cluster(void **state) {
    (void)state;
    struct cluster x = {0};
    snprintf(x.dir, sizeof x.dir, "/tmp/turret-cold-%d", (int)getpid());
    struct pg_boot_cfg cfg = {.dir = x.dir, .ctx = &x};
    x.boot = pg_boot_start(&cfg, cluster_done);
    run_until(&x.done, 1, 60);
    assert_int_equal(x.err, ERR_OK);
    assert_string_equal(sql_value(&x, "SHOW fsync", NULL), "on");
    assert_string_equal(sql_value(&x, "SHOW full_page_writes", NULL), "on");
    assert_string_equal(sql_value(&x, "SHOW synchronous_commit", NULL), "on");
    assert_string_equal(sql_value(&x, "SHOW listen_addresses", NULL), "");
    assert_string_equal(sql_value(&x, "SELECT current_user", NULL), "app");
    struct stat st;
    char path[128];
    snprintf(path, sizeof path, "%s/s", x.dir);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    cluster_end(&x);
}

static void warm_start_reuses_the_cluster(void **state) {
    (void)state;
    sql_value(&c, "CREATE TABLE kept (x int)", NULL);
    cluster_stop(&c);
    assert_true(c.did_stop);
    char info[PG_BOOT_CONNINFO_MAX];
    assert_false(pg_boot_running(c.dir, info, sizeof info));
    cluster_boot(&c);
    assert_int_equal(sql_int(&c, "SELECT count(*) FROM kept"), 0);
    assert_true(pg_boot_running(c.dir, info, sizeof info));
    assert_string_equal(info, c.conninfo);
}

static void two_starts_at_once_share_one_server(void **state) {
    (void)state;
    cluster_stop(&c);
    struct cluster a = c, b = c;
    a.done = b.done = a.stopped = b.stopped = 0;
    struct pg_boot_cfg ca = {.dir = c.dir, .no_sync = true, .ctx = &a}, cb = {.dir = c.dir, .no_sync = true, .ctx = &b};
    a.boot = pg_boot_start(&ca, cluster_done);
    b.boot = pg_boot_start(&cb, cluster_done);
    run_until(&a.done, 1, 30);
    run_until(&b.done, 1, 30);
    assert_int_equal(a.err, ERR_OK);
    assert_int_equal(b.err, ERR_OK);
    pid_t pid = cluster_pid(&c);
    cluster_stop(&a); /* the other still uses it */
    assert_false(a.did_stop);
    assert_int_equal(cluster_pid(&c), pid);
    assert_int_equal(kill(pid, 0), 0);
    cluster_stop(&b);
    assert_true(b.did_stop);
    c.boot = NULL;
    cluster_boot(&c);
}

static void a_server_left_by_a_killed_desk_is_reused(void **state) {
    (void)state;
    pid_t pid = cluster_pid(&c);
    pg_boot_leave(c.boot);
    cluster_boot(&c);
    assert_int_equal(cluster_pid(&c), pid);
}

static void a_killed_postmaster_is_replaced(void **state) {
    (void)state;
    pid_t pid = cluster_pid(&c);
    kill(pid, SIGKILL);
    int64_t end = clock_mono_us() + 30000000;
    while ((cluster_pid(&c) == pid || !cluster_pid(&c)) && clock_mono_us() < end)
        run_for(0.05); /* the supervisor notices and starts it again */
    int ok = 0;
    while (!ok && clock_mono_us() < end) {
        run_for(0.05);
        PGconn *conn = PQconnectdb(c.conninfo);
        ok = PQstatus(conn) == CONNECTION_OK;
        PQfinish(conn);
    }
    assert_true(ok);
    assert_int_not_equal(cluster_pid(&c), pid);
}

static void a_half_made_cluster_does_not_count(void **state) {
    (void)state;
    struct cluster x = {0};
    snprintf(x.dir, sizeof x.dir, "/tmp/turret-half-%d", (int)getpid());
    shell("mkdir -p %s/pg15.tmp/base && echo rubbish > %s/pg15.tmp/PG_VERSION", x.dir, x.dir);
    cluster_boot(&x);
    assert_int_equal(sql_int(&x, "SELECT 1"), 1);
    cluster_end(&x);
}

static void expect_refusal(struct cluster *x, const char *bindir, const char *word) {
    struct pg_boot_cfg cfg = {.dir = x->dir, .bindir = bindir, .no_sync = true, .ctx = x};
    x->done = 0;
    x->boot = pg_boot_start(&cfg, cluster_done);
    run_until(&x->done, 1, 30);
    pg_boot_leave(x->boot);
    x->boot = NULL;
    assert_int_not_equal(x->err, ERR_OK);
    if (!strstr(x->text, word))
        fail_msg("%s", x->text);
}

static void bad_installations_are_explained(void **state) {
    (void)state;
    struct cluster x = {0};
    snprintf(x.dir, sizeof x.dir, "/tmp/turret-bad-%d", (int)getpid());
    expect_refusal(&x, "/nonexistent/bin", "install the package postgresql");
    shell("mkdir -p %s/pg9", x.dir);
    expect_refusal(&x, NULL, "turret backup");
    shell("rm -rf %s && touch %s", x.dir, x.dir);
    expect_refusal(&x, NULL, "folder");
    shell("rm -rf %s", x.dir);
}

static void a_damaged_cluster_is_a_message(void **state) {
    (void)state;
    struct cluster x = {0};
    snprintf(x.dir, sizeof x.dir, "/tmp/turret-dmg-%d", (int)getpid());
    shell("mkdir -p %s && cp -a %s/pg15 %s/ && rm -rf %s/pg15/global %s/pg15/postmaster.pid", x.dir, c.dir, x.dir, x.dir, x.dir);
    expect_refusal(&x, NULL, "pg.log");
    shell("rm -rf %s", x.dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cold_start_makes_a_safe_cluster),
        cmocka_unit_test(warm_start_reuses_the_cluster),
        cmocka_unit_test(two_starts_at_once_share_one_server),
        cmocka_unit_test(a_server_left_by_a_killed_desk_is_reused),
        cmocka_unit_test(a_killed_postmaster_is_replaced),
        cmocka_unit_test(a_half_made_cluster_does_not_count),
        cmocka_unit_test(bad_installations_are_explained),
        cmocka_unit_test(a_damaged_cluster_is_a_message),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
