/* Signals of the engine: TERM and INT stop it in order, HUP reloads (or loses the terminal), USR1 is the kill switch, USR2 writes
 * the state to the log. */
#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include "app/app_impl.h"
#include "turret/io/log.h"
#include "turret/io/loop.h"

static void on_stop(struct app *a, int signum) {
    app_stop(a, 128 + signum);
}

static void on_hangup(struct app *a, int signum) {
    struct termios t;
    char text[400];
    (void)signum;
    if (a->local && tcgetattr(STDIN_FILENO, &t) != 0) {
        log_warn("screen", "the terminal hung up; the engine goes on (turret attaches to it)");
        local_close(a->local);
        a->local = NULL;
        return;
    }
    if (!a->cfg->config_path[0])
        return;
    enum err e = app_reload(a, false, text, sizeof text);
    log_line(e ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO, "config", "%s", text);
    engine_note(a->engine, e ? NOTICE_ALERT : NOTICE_INFO, text);
}

static void on_kill(struct app *a, int signum) {
    (void)signum;
    log_warn("engine", "kill switch by signal");
    engine_kill(a->engine, "signal USR1", SOURCE_KILL);
}

static void on_dump(struct app *a, int signum) {
    (void)signum;
    app_dump(a);
}

static const struct { int signum; void (*fn)(struct app *, int); } table[SIGNAL_COUNT] = {
    {SIGINT, on_stop}, {SIGTERM, on_stop}, {SIGHUP, on_hangup}, {SIGUSR1, on_kill}, {SIGUSR2, on_dump},
};

static void on_signal(struct ev_loop *loop, ev_signal *w, int revents) {
    struct app *a = w->data;
    (void)loop;
    (void)revents;
    table[w - a->signals].fn(a, w->signum);
}

void app_signals_up(struct app *a) {
    signal(SIGPIPE, SIG_IGN);
    for (int i = 0; i < SIGNAL_COUNT; i++) {
        ev_signal_init(&a->signals[i], on_signal, table[i].signum);
        a->signals[i].data = a;
        ev_signal_start(loop_get(), &a->signals[i]);
    }
}

void app_signals_down(struct app *a) {
    for (int i = 0; i < SIGNAL_COUNT; i++)
        ev_signal_stop(loop_get(), &a->signals[i]);
}
