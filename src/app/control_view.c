/* An attached viewer, seen from the engine: a session whose canvas goes out as differences over the socket. A frame is sent only
 * when the viewer has shown the last one, so a slow line costs frames, never the engine's time. */
#include <stdlib.h>
#include <string.h>

#include "app/control_impl.h"
#include "turret/base/json.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/io/loop.h"
#include "turret/ui/canvas.h"

struct viewer_end {
    struct peer *peer;
    struct frame_view *view;
    struct canvas sent;
    bool any, in_flight;
};

static bool out_ready(void *ctx) {
    const struct viewer_end *v = ctx;
    return !v->in_flight;
}

static void out_show(void *ctx, const struct canvas *c) {
    struct viewer_end *v = ctx;
    size_t n;
    uint8_t *bytes = canvas_encode(v->any ? &v->sent : NULL, c, &n);
    if (v->sent.w != c->w || v->sent.h != c->h || !v->any)
        canvas_resize(&v->sent, c->w, c->h);
    memcpy(v->sent.cells, c->cells, (size_t)c->w * (size_t)c->h * sizeof *c->cells);
    v->sent.cursor_x = c->cursor_x;
    v->sent.cursor_y = c->cursor_y;
    v->sent.cursor_shown = c->cursor_shown;
    v->any = true;
    v->in_flight = ctl_send(v->peer->conn, PROTO_FRAME, bytes, n);
    free(bytes);
}

static void out_emit(void *ctx, const char *bytes, size_t n) {
    struct viewer_end *v = ctx;
    if (ctl_unsent(v->peer->conn) < CTL_REQUEST_MAX && n < CTL_REQUEST_MAX)
        ctl_send(v->peer->conn, PROTO_EMIT, bytes, n);
}

static void out_theme(void *ctx, const char *name) {
    struct viewer_end *v = ctx;
    ctl_send(v->peer->conn, PROTO_THEME, name, strlen(name));
}

static void out_quit(void *ctx, bool stop_engine) {
    struct viewer_end *v = ctx;
    if (stop_engine) {
        v->peer->all->host.stop(v->peer->all->host.ctx);
        return;
    }
    ctl_send(v->peer->conn, PROTO_BYE, "", 0);
    ctl_close(v->peer->conn, true);
}

static void out_suspend(void *ctx) {
    struct viewer_end *v = ctx;
    ctl_send(v->peer->conn, PROTO_SUSPEND, NULL, 0);
}

static const struct frame_out viewer_out = {out_ready, out_show, out_emit, out_theme, out_quit, out_suspend};

bool viewer_attach(struct peer *p, const uint8_t *bytes, size_t n) {
    cJSON *doc;
    struct json_err jerr = {0};
    struct session_cfg cfg = p->all->defaults;
    int64_t w = 80, h = 24;
    const char *theme = NULL;
    if (p->viewer || p->tail || !json_parse((const char *)bytes, n, 4096, &doc, &jerr))
        return false;
    struct json root = json_root(doc, &jerr);
    bool good = json_get_int(&root, "w", JSON_REQUIRED, 1, VIEWER_SIDE_MAX, &w) && json_get_int(&root, "h", JSON_REQUIRED, 1, VIEWER_SIDE_MAX, &h) &&
                json_get_bool(&root, "readonly", JSON_OPTIONAL, &cfg.readonly) && json_get_bool(&root, "ascii", JSON_OPTIONAL, &cfg.ascii) &&
                json_get_str(&root, "theme", JSON_OPTIONAL, &theme);
    if (good) {
        struct viewer_end *v = xcalloc(1, sizeof *v);
        cfg.w = (int)w;
        cfg.h = (int)h;
        cfg.local = false;
        cfg.shared = true;
        if (theme && theme[0] && strlen(theme) < 64)
            cfg.theme = theme;
        v->peer = p;
        canvas_init(&v->sent, cfg.w, cfg.h);
        p->viewer = v;
        v->view = frames_add(p->all->frames, &cfg, &viewer_out, v);
    }
    json_free(doc);
    return good;
}

bool viewer_frame(struct peer *p, uint8_t type, const uint8_t *bytes, size_t n) {
    struct viewer_end *v = p->viewer;
    struct proto_key key;
    struct proto_size size;
    if (!v || !v->view)
        return false;
    switch (type) {
    case PROTO_KEY:
        if (n != sizeof key)
            return false;
        memcpy(&key, bytes, sizeof key);
        frame_key(v->view, key.key, key.burst, clock_mono_us());
        return true;
    case PROTO_PASTE:
        frame_paste(v->view, (const char *)bytes, n);
        return true;
    case PROTO_FOCUS:
        frame_focus(v->view, n > 0 && bytes[0]);
        return n == 1;
    case PROTO_SIZE:
        if (n != sizeof size)
            return false;
        memcpy(&size, bytes, sizeof size);
        if (size.w < 1 || size.h < 1 || size.w > VIEWER_SIDE_MAX || size.h > VIEWER_SIDE_MAX)
            return false;
        frame_resize(v->view, size.w, size.h);
        return true;
    case PROTO_SHOWN:
        v->in_flight = false;
        frame_ready(v->view);
        return true;
    default:
        return false;
    }
}

void viewer_gone(struct peer *p) {
    struct viewer_end *v = p->viewer;
    if (!v)
        return;
    if (v->view)
        frames_remove(v->view);
    canvas_free(&v->sent);
    free(v);
    p->viewer = NULL;
}
