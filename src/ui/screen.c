/* One terminal on the loop. ncurses writes into a pipe; a frame's bytes are read out of it at once and go to the
 * non-blocking terminal as it takes them. While some wait, no new frame starts: the memory of one frame is the bound. */
#include "turret/ui/screen.h"

#include <curses.h>
#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <term.h>
#include <unistd.h>

#include "input.h"
#include "screen_paint.h"
#include "screen_tty.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/io/loop.h"
#include "turret/ui/key.h"

enum { READ_BYTES = 4096, KEEP_BYTES = 65536, EMIT_LIMIT = 1 << 18, PIPE_BYTES = 1 << 18, CELL_BYTES = 64, SYNC_FROM = 512, CLOSE_MS = 200, SYNC_MODE = 2026, CTRL_L = 12 };

struct screen {
    struct screen_host host;
    struct paint paint;
    struct input input;
    SCREEN *curses;
    FILE *to, *from;
    int tty, pipe_in, w, h, budget, depth /* of callbacks at work */;
    bool ecma, osc, sync, closed;
    char theme[THEME_NAME_MAX];
    char *out; /* bytes on their way to the terminal */
    size_t out_len, out_at, out_cap;
    ev_io readable, writable;
    ev_timer esc;
    ev_signal winch, cont, tstp;
};

/* --- bytes out --- */

static void append(struct screen *s, const char *bytes, size_t n) {
    s->out = xgrow(s->out, &s->out_cap, s->out_len + n, 1);
    memcpy(s->out + s->out_len, bytes, n);
    s->out_len += n;
}
static void append_text(struct screen *s, const char *text) { append(s, text, strlen(text)); }

/* Takes everything out of ncurses' pipe: after this it is empty, so ncurses never blocks on it. */
static void pull(void *ctx) {
    struct screen *s = ctx;
    char buf[READ_BYTES];
    for (ssize_t n; (n = read(s->pipe_in, buf, sizeof buf)) > 0;)
        append(s, buf, (size_t)n);
}

static void enter(struct screen *s) { s->depth++; }
static void leave(struct screen *s) {
    if (--s->depth == 0 && s->closed)
        free(s);
}

static void lost(struct screen *s) {
    ev_io_stop(loop_get(), &s->readable);
    ev_io_stop(loop_get(), &s->writable);
    if (s->host.lost)
        s->host.lost(s->host.ctx);
}

/* True when all is out. */
static bool push(struct screen *s) {
    while (s->out_at < s->out_len) {
        ssize_t n = write(s->tty, s->out + s->out_at, s->out_len - s->out_at);
        if (n > 0) {
            s->out_at += (size_t)n;
        } else if (n < 0 && errno == EINTR) {
            continue;
        } else {
            if (n < 0 && errno != EAGAIN)
                lost(s);
            else
                ev_io_start(loop_get(), &s->writable);
            return false;
        }
    }
    s->out_at = s->out_len = 0;
    if (s->out_cap > KEEP_BYTES) {
        free(s->out);
        s->out = NULL;
        s->out_cap = 0;
    }
    return true;
}

static void on_writable(struct ev_loop *loop, ev_io *w, int events) {
    struct screen *s = w->data;
    (void)events;
    ev_io_stop(loop, w);
    enter(s);
    if (push(s) && s->host.ready)
        s->host.ready(s->host.ctx);
    leave(s);
}

bool screen_ready(const struct screen *s) { return s->out_len == 0; }

static void modes_on(struct screen *s) {
    if (s->ecma)
        append_text(s, "\033[?2004h\033[?1004h");
}

int screen_show(struct screen *s, const struct canvas *c) {
    if (s->closed || !screen_ready(s))
        return -1;
    set_term(s->curses);
    if (!paint_canvas(&s->paint, c, s->budget, pull, s))
        return 0;
    if (s->paint.depth == DEPTH_TRUE && s->paint.direct_count) {
        char *direct = xmalloc(2 * s->out_len + 1);
        size_t n = paint_direct(&s->paint, s->out, s->out_len, direct);
        free(s->out);
        s->out = direct;
        s->out_cap = 2 * s->out_len + 1;
        s->out_len = n;
    }
    if (s->sync && s->out_len > SYNC_FROM) {
        static const char on[] = "\033[?2026h";
        append_text(s, "\033[?2026l--------"); /* room for both marks, then the frame moves up */
        memmove(s->out + 8, s->out, s->out_len - 8);
        memcpy(s->out, on, 8);
    }
    int n = (int)s->out_len;
    push(s);
    return n;
}

void screen_emit(struct screen *s, const char *bytes, size_t n) {
    if (s->closed || s->out_len + n > EMIT_LIMIT || (!s->osc && n > 1 && bytes[1] == ']'))
        return;
    bool idle = screen_ready(s);
    append(s, bytes, n);
    if (idle)
        push(s);
}

void screen_redraw(struct screen *s) { s->paint.whole = true; }

enum err screen_set_theme(struct screen *s, const char *name) {
    const char *no_colour = getenv("NO_COLOR");
    struct theme t;
    char text[200];
    enum err e = theme_load(no_colour && *no_colour ? "mono" : name, &t, text, sizeof text);
    str_copy(s->theme, sizeof s->theme, t.name);
    set_term(s->curses);
    paint_theme(&s->paint, &t);
    return e;
}

/* --- keys in --- */

static void on_input(void *ctx, const struct input_event *ev) {
    struct screen *s = ctx;
    if (s->closed)
        return;
    const struct screen_host *h = &s->host;
    if (ev->kind == INPUT_KEY && ev->key == CTRL_L)
        s->paint.whole = true;
    if (ev->kind == INPUT_KEY)
        h->key(h->ctx, ev->key, ev->burst, clock_mono_us());
    else if (ev->kind == INPUT_PASTE && h->paste)
        h->paste(h->ctx, ev->text, ev->len);
    else if ((ev->kind == INPUT_FOCUS_IN || ev->kind == INPUT_FOCUS_OUT) && h->focus)
        h->focus(h->ctx, ev->kind == INPUT_FOCUS_IN);
    else if (ev->kind == INPUT_MODE && ev->mode == SYNC_MODE)
        s->sync = ev->value == 1 || ev->value == 2;
}

static void on_readable(struct ev_loop *loop, ev_io *w, int events) {
    struct screen *s = w->data;
    uint8_t buf[READ_BYTES];
    (void)events;
    ssize_t n = read(s->tty, buf, sizeof buf);
    enter(s);
    if (n > 0) {
        input_feed(&s->input, buf, (size_t)n, on_input, s);
        ev_timer_stop(loop, &s->esc);
        if (!s->closed && input_pending(&s->input)) {
            ev_timer_set(&s->esc, INPUT_ESC_MS / 1e3, 0.);
            ev_timer_start(loop, &s->esc);
        }
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        lost(s);
    }
    leave(s);
}

static void on_esc(struct ev_loop *loop, ev_timer *w, int events) {
    struct screen *s = w->data;
    (void)loop;
    (void)events;
    enter(s);
    input_timeout(&s->input, on_input, s);
    leave(s);
}

/* --- size and signals --- */

static void take_size(struct screen *s) {
    tty_size(s->tty, &s->w, &s->h);
    set_term(s->curses);
    resizeterm(s->h, s->w);
    pull(s);
    s->paint.whole = true;
}

static void on_signal(struct ev_loop *loop, ev_signal *w, int events) {
    struct screen *s = w->data;
    (void)loop;
    (void)events;
    enter(s);
    if (w->signum == SIGTSTP) {
        if (s->host.suspend)
            s->host.suspend(s->host.ctx);
    } else { /* also when the size is the same: that is how others ask for a repaint */
        if (w->signum == SIGCONT) {
            tty_raw(s->tty);
            modes_on(s);
        }
        take_size(s);
        push(s);
        if (s->host.resized)
            s->host.resized(s->host.ctx, s->w, s->h);
    }
    leave(s);
}

void screen_size(const struct screen *s, int *w, int *h) {
    *w = s->w;
    *h = s->h;
}
bool screen_utf8(const struct screen *s) { return s->paint.utf8; }
void screen_restore_now(void) { tty_restore_now(); }

/* --- opening and closing --- */

static const char *cap_text(const char *name) {
    const char *text = tigetstr(name);
    return text && text != (char *)-1 ? text : "";
}

static SCREEN *open_curses(struct screen *s, char *text, size_t cap) {
    static const int SIGNALS[] = {SIGINT, SIGTERM, SIGTSTP, SIGWINCH};
    struct sigaction old[4];
    const char *env = getenv("TERM"), *tries[] = {env && *env ? env : "xterm-256color", "xterm-256color", "ansi"};
    SCREEN *found = NULL;
    if (env && strcmp(env, "dumb") == 0) {
        str_copy(text, cap, "TERM=dumb can't place the cursor");
        return NULL;
    }
    for (int i = 0; i < 4; i++)
        sigaction(SIGNALS[i], NULL, &old[i]);
    for (int i = 0; i < 3 && !found; i++)
        found = newterm(tries[i], s->to, s->from);
    for (int i = 0; i < 4; i++) /* ncurses' handlers are not for an engine */
        sigaction(SIGNALS[i], &old[i], NULL);
    if (!found) {
        snprintf(text, cap, "no terminal description for TERM=%s, xterm-256color or ansi", env ? env : "");
        return NULL;
    }
    if (!*cap_text("cup")) {
        endwin();
        delscreen(found);
        snprintf(text, cap, "TERM=%s can't place the cursor", env ? env : "");
        return NULL;
    }
    return found;
}

static bool term_is(const char *term, const char *const *names) {
    while (*names && strncmp(term, *names, strlen(*names)) != 0)
        names++;
    return *names != NULL;
}

static void set_up_terminal(struct screen *s) {
    static const struct { const char *cap; uint32_t key; } KEYS[] = {
        {"kcuu1", KEYS_UP}, {"kcud1", KEYS_DOWN}, {"kcub1", KEYS_LEFT}, {"kcuf1", KEYS_RIGHT}, {"khome", KEYS_HOME}, {"kend", KEYS_END},
        {"kpp", KEYS_PGUP}, {"knp", KEYS_PGDN}, {"kich1", KEYS_INSERT}, {"kdch1", KEYS_DELETE}, {"kcbt", KEYS_BTAB},
        {"kf1", KEYS_F1}, {"kf2", KEYS_F2}, {"kf3", KEYS_F3}, {"kf4", KEYS_F4}, {"kf5", KEYS_F5}, {"kf6", KEYS_F6},
        {"kf7", KEYS_F7}, {"kf8", KEYS_F8}, {"kf9", KEYS_F9}, {"kf10", KEYS_F10}, {"kf11", KEYS_F11}, {"kf12", KEYS_F12}};
    typeahead(-1);
    keypad(stdscr, FALSE);
    leaveok(stdscr, FALSE);
    const char *no_colour = getenv("NO_COLOR"), *true_colour = getenv("COLORTERM"), *term = getenv("TERM"), *program = getenv("TERM_PROGRAM");
    s->paint.depth = DEPTH_MONO;
    if (!(no_colour && *no_colour) && has_colors() && start_color() == OK) {
        use_default_colors();
        s->paint.depth = COLORS >= 256 ? DEPTH_256 : COLORS >= 16 ? DEPTH_16 : COLORS >= 8 ? DEPTH_8 : DEPTH_MONO;
        if (s->paint.depth == DEPTH_256 && true_colour && (strcmp(true_colour, "truecolor") == 0 || strcmp(true_colour, "24bit") == 0))
            s->paint.depth = DEPTH_TRUE;
    }
    input_init(&s->input);
    for (size_t i = 0; i < sizeof KEYS / sizeof *KEYS; i++)
        input_add(&s->input, cap_text(KEYS[i].cap), KEYS[i].key);
    s->ecma = strncmp(cap_text("cup"), "\033[", 2) == 0;
    char restore[256];
    snprintf(restore, sizeof restore, "%s%s%s%s%s%s", s->ecma ? "\033[?2026l\033[?2004l\033[?1004l" : "", cap_text("sgr0"), cap_text("op"),
             cap_text("cnorm"), cap_text("rmcup"), "\r");
    if (!*cap_text("rmcup"))
        str_copy(restore + strlen(restore), sizeof restore - strlen(restore), "\n");
    tty_set_restore(restore, strlen(restore));
    s->osc = s->ecma && term && term_is(term, (const char *const[]){"xterm", "tmux", "screen", "foot", "alacritty", "rxvt", "kitty", NULL});
    bool asks = s->osc && term_is(term, (const char *const[]){"xterm", "tmux", "foot", "alacritty", NULL});
    if (asks && !(program && strcmp(program, "Apple_Terminal") == 0)) /* that one prints the question */
        append_text(s, "\033[?2026$p");
    modes_on(s);
}

static void start_watchers(struct screen *s) {
    struct ev_loop *loop = loop_get();
    ev_io_init(&s->readable, on_readable, s->tty, EV_READ);
    ev_io_init(&s->writable, on_writable, s->tty, EV_WRITE);
    ev_timer_init(&s->esc, on_esc, 0., 0.);
    ev_signal_init(&s->winch, on_signal, SIGWINCH);
    ev_signal_init(&s->cont, on_signal, SIGCONT);
    ev_signal_init(&s->tstp, on_signal, SIGTSTP);
    s->readable.data = s->writable.data = s->esc.data = s->winch.data = s->cont.data = s->tstp.data = s;
    ev_io_start(loop, &s->readable);
    ev_signal_start(loop, &s->winch);
    ev_signal_start(loop, &s->cont);
    ev_signal_start(loop, &s->tstp);
}

static enum err refuse(struct screen *s, char *text, size_t cap, const char *why) {
    if (why)
        str_copy(text, cap, why);
    if (s->to)
        fclose(s->to);
    if (s->from)
        fclose(s->from);
    if (s->pipe_in > 0)
        close(s->pipe_in);
    if (s->tty >= 0)
        close(s->tty);
    free(s);
    return ERR_UNSUPPORTED;
}

enum err screen_open(const struct screen_host *host, struct screen **out, char *text, size_t cap) {
    struct screen *s = xcalloc(1, sizeof *s);
    int ends[2];
    s->host = *host;
    s->tty = tty_open();
    if (s->tty < 0)
        return refuse(s, text, cap, "no terminal");
    if (pipe2(ends, O_CLOEXEC) != 0)
        return refuse(s, text, cap, "no pipe to draw into");
    s->pipe_in = ends[0];
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    int size = fcntl(ends[1], F_SETPIPE_SZ, PIPE_BYTES);
    if (size <= 0)
        size = fcntl(ends[1], F_GETPIPE_SZ);
    s->budget = (size > 0 ? size : 4096) / CELL_BYTES / 2; /* a row more than the budget must fit too */
    s->to = fdopen(ends[1], "w");
    s->from = fdopen(dup(s->tty), "r");
    setlocale(LC_CTYPE, "");
    s->paint.utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    s->paint.cursor_shown = -1;
    s->curses = open_curses(s, text, cap);
    if (!s->curses)
        return refuse(s, text, cap, NULL);
    set_up_terminal(s);
    if (!tty_raw(s->tty)) {
        delscreen(s->curses);
        return refuse(s, text, cap, "the terminal's modes can't be set");
    }
    mem_on_fatal(tty_restore_now);
    tty_catch_fatal(true);
    take_size(s);
    screen_set_theme(s, "default");
    start_watchers(s);
    push(s);
    *out = s;
    return ERR_OK;
}

void screen_close(struct screen *s) {
    if (!s || s->closed)
        return;
    struct ev_loop *loop = loop_get();
    ev_io_stop(loop, &s->readable);
    ev_io_stop(loop, &s->writable);
    ev_timer_stop(loop, &s->esc);
    ev_signal_stop(loop, &s->winch);
    ev_signal_stop(loop, &s->cont);
    ev_signal_stop(loop, &s->tstp);
    tty_write_some(s->tty, s->out + s->out_at, s->out_len - s->out_at, CLOSE_MS);
    set_term(s->curses);
    endwin(); /* its bytes are not needed: the restore says all */
    tty_restore_now();
    tty_catch_fatal(false);
    mem_on_fatal(NULL);
    s->out_len = 0;
    pull(s);
    delscreen(s->curses);
    fclose(s->to);
    fclose(s->from);
    close(s->pipe_in);
    close(s->tty);
    free(s->out);
    canvas_free(&s->paint.shown);
    input_free(&s->input);
    s->closed = true;
    if (s->depth == 0)
        free(s);
}

void screen_suspend(struct screen *s) {
    if (getsid(getppid()) != getsid(0) || getppid() == 1)
        return; /* no shell could wake us */
    tty_write_some(s->tty, s->out + s->out_at, s->out_len - s->out_at, CLOSE_MS);
    s->out_at = s->out_len = 0;
    set_term(s->curses);
    endwin();
    pull(s);
    s->out_len = 0;
    ev_io_stop(loop_get(), &s->writable);
    tty_restore_now();
    kill(getpid(), SIGSTOP);
    tty_raw(s->tty);
    modes_on(s);
    take_size(s);
    push(s);
    if (s->host.resized)
        s->host.resized(s->host.ctx, s->w, s->h);
}
