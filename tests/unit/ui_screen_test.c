/* A screen on a real pseudo-terminal: what it paints, that it gives the terminal back, that a stalled terminal delays
 * nothing, and that it declines terminals it can't use. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <ev.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <cmocka.h>

#include "turret/io/loop.h"
#include "turret/ui/key.h"
#include "turret/ui/screen.h"

/* --- the child: a clock that repaints everything 50 times a second --- */
static struct { struct screen *screen; struct canvas c; int frames, skipped; double last, worst; char mode; ev_timer frame, tick; } app;

static void on_key(void *ctx, uint32_t key, bool burst, int64_t at_us) {
    (void)ctx;
    (void)burst;
    (void)at_us;
    if (key == 'q') {
        screen_close(app.screen); /* from inside a callback */
        ev_break(EV_DEFAULT, EVBREAK_ALL);
    }
    if (key == 'a')
        abort();
    if (key == KEYS_UP)
        canvas_text(&app.c, 0, 1, 20, ROLE_LIVE, 0, "went up");
}
static void on_size(void *ctx, int w, int h) {
    (void)ctx;
    canvas_resize(&app.c, w, h);
}
static void on_lost(void *ctx) {
    (void)ctx;
    _exit(7);
}
static void on_frame(struct ev_loop *loop, ev_timer *w, int events) {
    (void)loop;
    (void)w;
    (void)events;
    canvas_textf(&app.c, 0, 0, 60, ROLE_TEXT, 0, "hello 日本 size %dx%d", app.c.w, app.c.h);
    if (app.mode == 's')
        for (int y = 2; y < app.c.h; y++)
            canvas_textf(&app.c, 0, y, app.c.w, (enum role)(app.frames % ROLE_COUNT), 0, "%08lx%08lx%08lx%08lx%08lx%08lx%08lx%08lx", random(), random(), random(), random(), random(), random(), random(), random());
    if (screen_show(app.screen, &app.c) < 0)
        app.skipped++;
    else
        app.frames++;
}
static void on_tick(struct ev_loop *loop, ev_timer *w, int events) {
    (void)loop;
    (void)w;
    (void)events;
    double now = (double)clock_mono_us() / 1e6;
    if (app.last > 0 && now - app.last - 0.01 > app.worst)
        app.worst = now - app.last - 0.01;
    app.last = now;
}

static void child(const char *term, char mode, int report) {
    static const struct screen_host host = {.key = on_key, .resized = on_size, .lost = on_lost};
    char text[200] = "";
    int w, h;
    setenv("TERM", term, 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    unsetenv("NO_COLOR");
    unsetenv("COLORTERM");
    app.mode = mode;
    if (screen_open(&host, &app.screen, text, sizeof text)) {
        dprintf(report, "declined: %s\n", text);
        _exit(3);
    }
    screen_size(app.screen, &w, &h);
    canvas_init(&app.c, w, h);
    ev_timer_init(&app.frame, on_frame, 0., 0.02);
    ev_timer_init(&app.tick, on_tick, 0., 0.01);
    ev_timer_start(EV_DEFAULT, &app.frame);
    ev_timer_start(EV_DEFAULT, &app.tick);
    ev_run(EV_DEFAULT, 0);
    dprintf(report, "frames %d skipped %d worst_us %d\n", app.frames, app.skipped, (int)(app.worst * 1e6));
    canvas_free(&app.c);
    _exit(0);
}

/* --- the parent: the terminal --- */
static int report_fd;
static char seen[1 << 20];
static size_t seen_len;

static pid_t start(const char *term, char mode, int *master) {
    int ends[2];
    struct winsize size = {.ws_row = 24, .ws_col = 80};
    assert_int_equal(pipe(ends), 0);
    pid_t pid = forkpty(master, NULL, NULL, &size);
    if (pid == 0) {
        close(ends[0]);
        child(term, mode, ends[1]);
    }
    close(ends[1]);
    report_fd = ends[0];
    seen_len = 0;
    return pid;
}
/* Reads until `text` was seen, or for at most ms. */
static bool see(int master, const char *text, int ms) {
    int64_t until = clock_mono_us() + ms * 1000;
    while (clock_mono_us() < until) {
        struct pollfd p = {.fd = master, .events = POLLIN};
        if (seen_len > sizeof seen / 2)
            seen_len = 0;
        ssize_t n = poll(&p, 1, 20) > 0 ? read(master, seen + seen_len, sizeof seen - 1 - seen_len) : 0;
        if (n < 0)
            return text && memmem(seen, seen_len, text, strlen(text)) != NULL;
        seen_len += (size_t)n;
        if (text && memmem(seen, seen_len, text, strlen(text)))
            return true;
    }
    return false;
}
static const char *report(void) {
    static char buf[256];
    ssize_t n = read(report_fd, buf, sizeof buf - 1);
    buf[n > 0 ? n : 0] = '\0';
    close(report_fd);
    return buf;
}

static void test_paints_reads_keys_and_restores(void **state) {
    (void)state;
    int master = -1, status = 0;
    struct termios before, after;
    pid_t pid = start("xterm-256color", 'p', &master);
    tcgetattr(master, &before);
    assert_true(see(master, "hello 日本 size 80x24", 3000));
    assert_non_null(memmem(seen, seen_len, "\033[?1049h", 8));
    assert_non_null(memmem(seen, seen_len, "\033[?2004h\033[?1004h", 16));
    assert_int_equal(write(master, "\033[A", 3), 3);
    assert_true(see(master, "went up", 3000));
    assert_non_null(memmem(seen, seen_len, "\033[41m", 5)); /* badge.live is white on red */
    struct winsize size = {.ws_row = 30, .ws_col = 100};
    ioctl(master, TIOCSWINSZ, &size);
    assert_true(see(master, "100x30", 3000));
    assert_int_equal(write(master, "q", 1), 1);
    assert_true(see(master, "\033[?1049l", 3000));
    assert_non_null(memmem(seen, seen_len, "\033[?2004l\033[?1004l", 16));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    tcgetattr(master, &after);
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_true((after.c_lflag & (ICANON | ECHO)) == (ICANON | ECHO));
    report();
    close(master);
}

static void test_a_crash_gives_the_terminal_back(void **state) {
    (void)state;
    int master = -1, status = 0;
    struct termios after;
    pid_t pid = start("xterm-256color", 'p', &master);
    assert_true(see(master, "hello", 3000));
    assert_int_equal(write(master, "a", 1), 1);
    assert_true(see(master, "\033[?1049l", 3000));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    tcgetattr(master, &after);
    assert_true((after.c_lflag & (ICANON | ECHO)) == (ICANON | ECHO));
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    report();
    close(master);
}

static void test_a_stalled_terminal_delays_no_timer(void **state) {
    (void)state;
    int master = -1, frames = 0, skipped = 0, worst = 0;
    pid_t pid = start("xterm-256color", 's', &master);
    assert_true(see(master, "hello", 3000));
    usleep(1500000); /* read nothing: the line fills within a few frames */
    see(master, NULL, 300);
    assert_int_equal(write(master, "q", 1), 1);
    see(master, "\033[?1049l", 3000);
    waitpid(pid, NULL, 0);
    assert_int_equal(sscanf(report(), "frames %d skipped %d worst_us %d", &frames, &skipped, &worst), 3);
    assert_true(skipped > 30);
    assert_true(frames > 5);
    assert_in_range(worst, 0, 400000); /* far below the stall, also on a busy machine */
    close(master);
}

static void test_terms(void **state) {
    (void)state;
    static const struct { const char *term; bool works; } cases[] = {
        {"linux", true}, {"vt100", true}, {"screen", true}, {"tmux-256color", true}, {"no-such-terminal", true}, {"", true}, {"dumb", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int master = -1, status = 0;
        pid_t pid = start(cases[i].term, 'p', &master);
        bool painted = see(master, "hello", cases[i].works ? 3000 : 300);
        assert_true(painted == cases[i].works);
        if (painted) {
            assert_int_equal(write(master, "q", 1), 1);
            see(master, NULL, 100);
        } else {
            assert_non_null(strstr(report(), "TERM=dumb"));
        }
        waitpid(pid, &status, 0);
        assert_int_equal(WEXITSTATUS(status), cases[i].works ? 0 : 3);
        close(master);
    }
}

static void test_a_closed_terminal_is_told(void **state) {
    (void)state;
    int master = -1, status = 0;
    signal(SIGHUP, SIG_IGN); /* inherited: as an engine does */
    pid_t pid = start("xterm", 'p', &master);
    assert_true(see(master, "hello", 3000));
    close(master);
    waitpid(pid, &status, 0);
    assert_int_equal(WEXITSTATUS(status), 7);
    report();
    signal(SIGHUP, SIG_DFL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paints_reads_keys_and_restores), cmocka_unit_test(test_a_crash_gives_the_terminal_back),
        cmocka_unit_test(test_a_stalled_terminal_delays_no_timer), cmocka_unit_test(test_terms),
        cmocka_unit_test(test_a_closed_terminal_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
