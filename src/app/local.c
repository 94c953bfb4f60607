/* Session and screen in the engine's process (local.h). */
#include "app/local.h"

#include <stdlib.h>

#include "turret/base/mem.h"
#include "turret/io/log.h"
#include "turret/ui/screen.h"

struct local {
    struct screen *screen;
    struct frame_view *view;
    void (*quit)(void *), (*lost)(void *);
    void *ctx;
};

static void on_key(void *ctx, uint32_t key, bool burst, int64_t at_us) { frame_key(((struct local *)ctx)->view, key, burst, at_us); }
static void on_paste(void *ctx, const char *text, size_t n) { frame_paste(((struct local *)ctx)->view, text, n); }
static void on_focus(void *ctx, bool focused) { frame_focus(((struct local *)ctx)->view, focused); }
static void on_resized(void *ctx, int w, int h) { frame_resize(((struct local *)ctx)->view, w, h); }
static void on_ready(void *ctx) { frame_ready(((struct local *)ctx)->view); }

static void on_suspend(void *ctx) {
    (void)ctx; /* suspending this process would stop the engine: no */
    log_info("screen", "suspend ignored: the engine is in this process (turret start runs it apart)");
}

static void on_lost(void *ctx) {
    struct local *l = ctx;
    l->lost(l->ctx);
}

static bool out_ready(void *ctx) { return screen_ready(((struct local *)ctx)->screen); }
static void out_show(void *ctx, const struct canvas *c) { screen_show(((struct local *)ctx)->screen, c); }
static void out_emit(void *ctx, const char *bytes, size_t n) { screen_emit(((struct local *)ctx)->screen, bytes, n); }
static void out_theme(void *ctx, const char *name) { screen_set_theme(((struct local *)ctx)->screen, name); }

static void out_quit(void *ctx, bool stop_engine) {
    struct local *l = ctx;
    (void)stop_engine; /* one process: leaving the screen on purpose ends the engine */
    l->quit(l->ctx);
}

static void out_suspend(void *ctx) { on_suspend(ctx); }

enum err local_open(struct frames *f, const struct session_cfg *defaults, bool ascii_auto, void (*quit)(void *ctx), void (*lost)(void *ctx), void *ctx,
                    struct local **out, char *text, size_t cap) {
    static const struct frame_out screen_out = {out_ready, out_show, out_emit, out_theme, out_quit, out_suspend};
    struct local *l = xcalloc(1, sizeof *l);
    struct session_cfg cfg = *defaults;
    *l = (struct local){.quit = quit, .lost = lost, .ctx = ctx};
    struct screen_host host = {l, on_key, on_paste, on_focus, on_resized, on_suspend, on_ready, on_lost};
    enum err e = screen_open(&host, &l->screen, text, cap);
    if (e) {
        free(l);
        return e;
    }
    mem_on_fatal(screen_restore_now);
    screen_size(l->screen, &cfg.w, &cfg.h);
    cfg.local = true;
    if (ascii_auto)
        cfg.ascii = !screen_utf8(l->screen);
    l->view = frames_add(f, &cfg, &screen_out, l);
    *out = l;
    return ERR_OK;
}

void local_close(struct local *l) {
    if (!l)
        return;
    frames_remove(l->view);
    screen_close(l->screen);
    mem_on_fatal(NULL);
    free(l);
}

struct session *local_session(struct local *l) { return frame_session(l->view); }
