/* The viewer: a small process that shows the engine's frames with the same screen the engine would use, and sends keys back.
 * When the engine goes, the last frame stays with a word about it. */
#include <ev.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/cli_impl.h"
#include "app/out.h"
#include "app/proto.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/io/ctl.h"
#include "turret/io/loop.h"
#include "turret/ui/screen.h"

#define GONE_SHOWN_S 3.0

struct viewer {
    struct screen *screen;
    struct ctl_conn *conn;
    struct canvas canvas;
    bool any, pending, gone, bye;
    char why[200];
    ev_timer leave;
    ev_signal term, interrupt;
    int exit_code;
};

static void leave(struct viewer *v, int code) {
    v->exit_code = code;
    ev_break(loop_get(), EVBREAK_ALL);
}

static void on_leave(struct ev_loop *loop, ev_timer *t, int revents) {
    (void)loop;
    (void)revents;
    leave(t->data, err_exit_code(ERR_ENGINE_DOWN));
}

static void on_signal(struct ev_loop *loop, ev_signal *w, int revents) {
    (void)loop;
    (void)revents;
    leave(w->data, 128 + w->signum); /* detaches; the engine goes on */
}

static void show(struct viewer *v) {
    if (!v->any || screen_show(v->screen, &v->canvas) < 0) {
        v->pending = v->any;
        return;
    }
    v->pending = false;
    if (screen_ready(v->screen) && v->conn)
        ctl_send(v->conn, PROTO_SHOWN, NULL, 0);
    else
        v->pending = false;
}

static void on_ready(void *ctx) {
    struct viewer *v = ctx;
    if (v->pending)
        show(v);
    else if (v->conn)
        ctl_send(v->conn, PROTO_SHOWN, NULL, 0);
}

/* The engine is gone: keep its last frame, say so, leave at a key or after a moment. */
static void say_gone(struct viewer *v) {
    v->gone = true;
    if (v->any) {
        struct rect last = {0, v->canvas.h - 1, v->canvas.w, 1};
        canvas_fill(&v->canvas, last, ' ', ROLE_HALT, 0);
        canvas_textf(&v->canvas, 0, v->canvas.h - 1, v->canvas.w, ROLE_HALT, 0, " ENGINE GONE  %s  any key leaves", v->why);
        show(v);
    }
    ev_timer_set(&v->leave, v->any ? GONE_SHOWN_S : 0, 0);
    ev_timer_start(loop_get(), &v->leave);
}

static void on_key(void *ctx, uint32_t key, bool burst, int64_t at_us) {
    struct viewer *v = ctx;
    struct proto_key k = {.key = key, .burst = burst};
    (void)at_us;
    if (v->gone)
        leave(v, err_exit_code(ERR_ENGINE_DOWN));
    else if (v->conn)
        ctl_send(v->conn, PROTO_KEY, &k, sizeof k);
}

static void on_paste(void *ctx, const char *text, size_t n) {
    struct viewer *v = ctx;
    if (v->conn && n < CTL_REQUEST_MAX)
        ctl_send(v->conn, PROTO_PASTE, text, n);
}

static void on_focus(void *ctx, bool focused) {
    struct viewer *v = ctx;
    uint8_t b = focused;
    if (v->conn)
        ctl_send(v->conn, PROTO_FOCUS, &b, 1);
}

static void on_resized(void *ctx, int w, int h) {
    struct viewer *v = ctx;
    struct proto_size s = {(uint16_t)(w > VIEWER_SIDE_MAX ? VIEWER_SIDE_MAX : w), (uint16_t)(h > VIEWER_SIDE_MAX ? VIEWER_SIDE_MAX : h)};
    if (v->conn)
        ctl_send(v->conn, PROTO_SIZE, &s, sizeof s);
}

static void on_suspend(void *ctx) {
    screen_suspend(((struct viewer *)ctx)->screen);
}

static void on_lost(void *ctx) {
    leave(ctx, 0); /* a closed terminal detaches */
}

static void on_frame(void *ctx, struct ctl_conn *conn, uint8_t type, const uint8_t *bytes, size_t n) {
    struct viewer *v = ctx;
    (void)conn;
    switch (type) {
    case PROTO_FRAME:
        if (!canvas_decode(&v->canvas, bytes, n)) {
            str_copy(v->why, sizeof v->why, "a frame can't be read: viewer and engine are of different versions");
            leave(v, 1);
            return;
        }
        v->any = true;
        show(v);
        return;
    case PROTO_EMIT:
        screen_emit(v->screen, (const char *)bytes, n);
        return;
    case PROTO_THEME: {
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)(n < 63 ? n : 63), (const char *)bytes);
        screen_set_theme(v->screen, name);
        return;
    }
    case PROTO_SUSPEND:
        screen_suspend(v->screen);
        return;
    case PROTO_BYE:
        v->bye = true;
        snprintf(v->why, sizeof v->why, "%.*s", (int)n, (const char *)bytes);
        if (n == 0)
            leave(v, 0);
        return;
    default:
        return;
    }
}

static void on_closed(void *ctx, struct ctl_conn *conn, enum err why) {
    struct viewer *v = ctx;
    (void)conn;
    (void)why;
    v->conn = NULL;
    if (v->bye && !v->why[0])
        return;
    if (!v->why[0])
        str_copy(v->why, sizeof v->why, "its orders and positions are safe in the store");
    if (!v->gone)
        say_gone(v);
}

static bool say_hello(struct viewer *v, struct cli *c, bool readonly) {
    int w, h, ascii = (int)config_num(c->config, "ui", "ascii");
    screen_size(v->screen, &w, &h);
    cJSON *o = cJSON_CreateObject();
    cJSON_AddNumberToObject(o, "w", w > VIEWER_SIDE_MAX ? VIEWER_SIDE_MAX : w);
    cJSON_AddNumberToObject(o, "h", h > VIEWER_SIDE_MAX ? VIEWER_SIDE_MAX : h);
    cJSON_AddBoolToObject(o, "readonly", readonly);
    cJSON_AddBoolToObject(o, "ascii", ascii == 1 || (ascii == 0 && !screen_utf8(v->screen)));
    cJSON_AddStringToObject(o, "theme", config_text(c->config, "ui", "theme"));
    char *text = cJSON_PrintUnformatted(o);
    cJSON_Delete(o);
    bool good = ctl_send(v->conn, PROTO_ATTACH, text, strlen(text));
    cJSON_free(text);
    return good;
}

int viewer_run(struct cli *c, bool readonly) {
    static const struct ctl_ops ops = {.frame = on_frame, .closed = on_closed};
    struct viewer v = {0};
    char text[200];
    int fd;
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return cli_tail(c); /* no terminal: the plain stream */
    if (ctl_connect(c->data_dir, CTL_NAME, &fd))
        return cli_engine_down(c);
    struct screen_host host = {&v, on_key, on_paste, on_focus, on_resized, on_suspend, on_ready, on_lost};
    enum err e = screen_open(&host, &v.screen, text, sizeof text);
    if (e) {
        close(fd);
        fprintf(stderr, "turret: %s; here are plain lines\n", text);
        return cli_tail(c);
    }
    mem_on_fatal(screen_restore_now);
    canvas_init(&v.canvas, 1, 1);
    ev_timer_init(&v.leave, on_leave, 0, 0);
    ev_signal_init(&v.term, on_signal, SIGTERM);
    ev_signal_init(&v.interrupt, on_signal, SIGINT);
    v.leave.data = v.term.data = v.interrupt.data = &v;
    ev_signal_start(loop_get(), &v.term);
    ev_signal_start(loop_get(), &v.interrupt);
    v.conn = ctl_adopt(fd, &ops, &v);
    if (say_hello(&v, c, readonly))
        ev_run(loop_get(), 0);
    screen_close(v.screen);
    canvas_free(&v.canvas);
    if (v.gone || v.why[0])
        fprintf(stderr, "turret: engine gone: %s\n", v.why);
    return v.exit_code;
}
