/* Clocks, times as text, durations; log file and ring; child processes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ev.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "turret/io/log.h"
#include "turret/io/loop.h"
#include "turret/io/proc.h"

static void times_format_and_parse_back(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t us;
        bool ok;
    } rows[] = {
        {"1970-01-01T00:00:00.000Z", 0, true},
        {"2026-11-21T12:04:31.123Z", 1795262671123000, true},
        {"2000-02-29T23:59:59.999Z", 951868799999000, true},
        {"1969-12-31T23:59:59.500Z", -500000, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char buf[32];
        int64_t us;
        clock_format_rfc3339(rows[i].us, buf);
        assert_string_equal(buf, rows[i].text);
        assert_true(clock_parse_rfc3339(rows[i].text, &us));
        assert_int_equal(us, rows[i].us);
    }
    int64_t us;
    assert_true(clock_parse_rfc3339("2026-11-21T13:04:31.123456789+01:00", &us));
    assert_int_equal(us, 1795262671123456);
    const char *bad[] = {"", "2026-11-21", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-11-21T24:00:00Z", "2026-11-21T12:00:00", "2026-11-21T12:00:00.Z", "2026-11-21T12:00:00Zx"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(clock_parse_rfc3339(bad[i], &us));
    char t[16];
    clock_format_time(1795262671123000, t);
    assert_string_equal(t, "12:04:31Z");
    clock_format_time(-1, t);
    assert_string_equal(t, "23:59:59Z");
}

static void ages_and_durations(void **state) {
    (void)state;
    char b[16];
    clock_format_age(4200000, b);
    assert_string_equal(b, "4.2s");
    clock_format_age(59900000, b);
    assert_string_equal(b, "59s");
    clock_format_age(180000000, b);
    assert_string_equal(b, "3m");
    clock_format_age(7200000000, b);
    assert_string_equal(b, "2h");
    clock_format_age(5 * 86400000000, b);
    assert_string_equal(b, "5d");
    static const struct {
        const char *s;
        int64_t us;
    } good[] = {{"30s", 30000000}, {"5m", 300000000}, {"1h30m", 5400000000}, {"250ms", 250000}, {"7", 7000000}, {"0.5s", 500000}, {"1.5h", 5400000000}, {"2d", 172800000000}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        int64_t us;
        assert_true(duration_parse(good[i].s, &us));
        assert_int_equal(us, good[i].us);
    }
    const char *bad[] = {"", "s", "-5s", "5x", "1h30", "5 m", "99999999999999999999s", "9223372036854775807h", "1e3"};
    int64_t us;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(duration_parse(bad[i], &us));
}

static int sunk;
static void count_line(void *ctx, const struct log_entry *e) {
    (void)ctx;
    sunk++;
    log_info("test", "nested after %s", e->topic); /* must not recurse */
}

static void log_goes_to_file_and_ring_sanitised(void **state) {
    (void)state;
    char path[] = "/tmp/turret-log-XXXXXX";
    close(mkstemp(path));
    unlink(path);
    assert_true(log_open(path));
    log_set_sink(count_line, NULL);
    log_info("test", "evil \033[2J \xff title\nforged line");
    log_set_sink(NULL, NULL);
    log_debug("test", "below the level");
    assert_int_equal(sunk, 1);
    struct log_entry last[3];
    int n = log_recent(last, 3);
    assert_true(n >= 2);
    assert_null(strchr(last[n - 2].text, '\033'));
    assert_null(strchr(last[n - 2].text, '\n'));
    assert_non_null(strstr(last[n - 2].text, "forged line"));
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    FILE *f = fopen(path, "r");
    char line[512];
    int lines = 0;
    while (fgets(line, sizeof line, f))
        lines++;
    fclose(f);
    assert_int_equal(lines, 2);
    for (int i = 0; i < LOG_RING_LINES + 10; i++)
        log_info("test", "line %d", i);
    struct log_entry *all = calloc(LOG_RING_LINES + 5, sizeof *all);
    n = log_recent(all, LOG_RING_LINES + 5);
    assert_int_equal(n, LOG_RING_LINES);
    assert_string_equal(all[0].text, "line 10");
    free(all);
    log_close();
    unlink(path);
}

static int got_status = -1;
static void on_exit_of(void *ctx, int status) {
    (void)ctx;
    got_status = status;
    ev_break(loop_get(), EVBREAK_ALL);
}

static void child_runs_in_its_own_session_with_a_clean_environment(void **state) {
    (void)state;
    int fds[2];
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    setenv("SECRET_TOKEN", "x", 1);
    const char *argv[] = {"/bin/sh", "-c", "echo \"$SECRET_TOKEN|$(ps -o sid= -p $$ | tr -d ' ')|$$|$(pwd)\"; exit 3", NULL};
    struct proc_cfg cfg = {.argv = argv, .in = -1, .out = fds[1], .err = -1};
    struct proc *p = proc_spawn(&cfg, on_exit_of, NULL);
    assert_non_null(p);
    ev_run(loop_get(), 0);
    close(fds[1]);
    assert_true(WIFEXITED(got_status));
    assert_int_equal(WEXITSTATUS(got_status), 3);
    char buf[128] = "", secret[32] = "none";
    assert_true(read(fds[0], buf, sizeof buf - 1) > 0);
    close(fds[0]);
    int sid = 0, pid = -1;
    char cwd[32] = "";
    assert_int_equal(buf[0], '|'); /* the secret did not come through */
    assert_int_equal(sscanf(buf, "|%d|%d|%31s", &sid, &pid, cwd), 3);
    assert_int_equal(sid, pid);
    assert_string_equal(cwd, "/");
    (void)secret;
}

static void missing_program_and_signals_are_told_apart(void **state) {
    (void)state;
    const char *none[] = {"/nonexistent/program", NULL}, *killed[] = {"/bin/sh", "-c", "kill -9 $$", NULL};
    struct proc_cfg cfg = {.argv = none, .in = -1, .out = -1, .err = -1};
    char text[64];
    proc_status_text(proc_run(&cfg), text, sizeof text);
    assert_string_equal(text, "exit code 127");
    cfg.argv = killed;
    proc_status_text(proc_run(&cfg), text, sizeof text);
    assert_string_equal(text, "signal 9 (Killed)");
}

static void root_is_dropped(void **state) {
    (void)state;
    if (geteuid() != 0) {
        print_message("skipped: not root\n");
        skip();
    }
    char dir[] = "/tmp/turret-drop-XXXXXX", script[128];
    assert_non_null(mkdtemp(dir)); /* 0700 and root's */
    assert_false(proc_user_can_enter(dir, 65534, 65534, false));
    assert_true(proc_user_can_enter(dir, 65534, 65534, true));
    assert_true(proc_user_can_enter("/tmp", 65534, 65534, false));
    snprintf(script, sizeof script, "test \"$(id -u)\" = 65534 && ls %s/. >/dev/null 2>&1", dir);
    const char *argv[] = {"/bin/sh", "-c", script, NULL};
    struct proc_cfg cfg = {.argv = argv, .in = -1, .out = -1, .err = -1, .drop = true, .uid = 65534, .gid = 65534};
    assert_int_not_equal(proc_run(&cfg), 0); /* can't look inside */
    cfg.keep_search = true;
    assert_int_equal(proc_run(&cfg), 0); /* may pass through */
    rmdir(dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_format_and_parse_back),
        cmocka_unit_test(ages_and_durations),
        cmocka_unit_test(log_goes_to_file_and_ring_sanitised),
        cmocka_unit_test(child_runs_in_its_own_session_with_a_clean_environment),
        cmocka_unit_test(missing_program_and_signals_are_told_apart),
        cmocka_unit_test(root_is_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
