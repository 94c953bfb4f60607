/* The frame clock of every session (frames.h). */
#include "app/frames.h"

#include <ev.h>
#include <stdlib.h>
#include <string.h>

#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/io/loop.h"

#define KEY_FRAME_US 33000
#define DATA_FRAME_US 100000

struct frame_view {
    struct frame_view *next;
    struct frames *all;
    struct session *session;
    struct session_host host;
    struct engine_client client;
    const struct frame_out *out;
    void *ctx;
    struct canvas canvas;
    unsigned dirty;
    bool keyed, dead;
    int64_t drawn_us, key_drawn_us; /* monotonic: any frame, and the last one for a key: data never makes a key wait */
    ev_timer soon;
    char theme[64];
};

struct frames {
    struct engine *engine;
    struct frame_view *views;
    ev_prepare turn;
    ev_timer data;
    bool reap;
};

static void view_draw(struct frame_view *v, int64_t now) {
    if (!v->out->ready(v->ctx))
        return; /* frame_ready comes later; what changed until then is in one frame */
    if (strcmp(v->theme, session_theme(v->session)) != 0) {
        str_copy(v->theme, sizeof v->theme, session_theme(v->session));
        v->out->theme(v->ctx, v->theme);
    }
    session_draw(v->session, &v->canvas, engine_now_us(v->all->engine));
    v->out->show(v->ctx, &v->canvas);
    v->dirty = 0;
    v->keyed = false;
    v->drawn_us = now;
}

/* A frame for a key: at once, or when 1/30 s has passed since the last. */
static void view_draw_keyed(struct frame_view *v) {
    int64_t now = clock_mono_us(), due = v->key_drawn_us + KEY_FRAME_US;
    if (now >= due) {
        v->key_drawn_us = now;
        view_draw(v, now);
        return;
    }
    if (ev_is_active(&v->soon))
        return;
    ev_timer_set(&v->soon, (double)(due - now) / 1e6, 0);
    ev_timer_start(loop_get(), &v->soon);
}

static void on_soon(struct ev_loop *loop, ev_timer *w, int revents) {
    (void)loop;
    (void)revents;
    struct frame_view *v = w->data;
    if (v->dead)
        return;
    v->key_drawn_us = clock_mono_us();
    view_draw(v, v->key_drawn_us);
}

static void view_free(struct frame_view *v) {
    ev_timer_stop(loop_get(), &v->soon);
    engine_client_remove(v->all->engine, &v->client);
    session_free(v->session);
    canvas_free(&v->canvas);
    free(v);
}

static void on_turn(struct ev_loop *loop, ev_prepare *w, int revents) {
    struct frames *f = w->data;
    unsigned bits = engine_take_dirty(f->engine);
    (void)loop;
    (void)revents;
    for (struct frame_view **p = &f->views; *p;) {
        struct frame_view *v = *p;
        if (v->dead) {
            *p = v->next;
            view_free(v);
            continue;
        }
        v->dirty |= bits;
        if (v->keyed)
            view_draw_keyed(v);
        p = &v->next;
    }
}

static void on_data(struct ev_loop *loop, ev_timer *w, int revents) {
    struct frames *f = w->data;
    int64_t now = clock_mono_us();
    (void)loop;
    (void)revents;
    for (struct frame_view *v = f->views; v; v = v->next)
        if (!v->dead && now - v->drawn_us >= DATA_FRAME_US * 9 / 10 && session_wants_draw(v->session, v->dirty, now))
            view_draw(v, now);
}

struct frames *frames_new(struct engine *e) {
    struct frames *f = xcalloc(1, sizeof *f);
    f->engine = e;
    ev_prepare_init(&f->turn, on_turn);
    ev_set_priority(&f->turn, EV_MINPRI); /* after the engine's turn */
    ev_timer_init(&f->data, on_data, DATA_FRAME_US / 1e6, DATA_FRAME_US / 1e6);
    f->turn.data = f->data.data = f;
    ev_prepare_start(loop_get(), &f->turn);
    return f;
}

void frames_free(struct frames *f) {
    if (!f)
        return;
    for (struct frame_view *v; (v = f->views);) {
        f->views = v->next;
        view_free(v);
    }
    ev_prepare_stop(loop_get(), &f->turn);
    ev_timer_stop(loop_get(), &f->data);
    free(f);
}

int frames_count(const struct frames *f) {
    int n = 0;
    for (const struct frame_view *v = f->views; v; v = v->next)
        n += !v->dead;
    return n;
}

/* --- the session's host --- */

static void host_intent(void *ctx, struct session *s, const struct intent *in) {
    struct frame_view *v = ctx;
    enum err e = engine_propose(v->all->engine, in);
    if (e) {
        struct fx_reply r = {.token = in->token, .result = (int32_t)e};
        str_copy(r.text, sizeof r.text, engine_loaded(v->all->engine) ? err_text(e) : "still starting: the stored state is not loaded yet");
        session_reply(s, &r);
    }
}

static void host_quit(void *ctx, struct session *s, bool stop_engine) {
    struct frame_view *v = ctx;
    (void)s;
    v->out->quit(v->ctx, stop_engine);
}

static void host_suspend(void *ctx, struct session *s) {
    struct frame_view *v = ctx;
    (void)s;
    v->out->suspend(v->ctx);
}

static void host_emit(void *ctx, struct session *s, const char *bytes, size_t n) {
    struct frame_view *v = ctx;
    (void)s;
    v->out->emit(v->ctx, bytes, n);
}

static void host_log(void *ctx, const char *line) {
    struct frame_view *v = ctx;
    engine_note(v->all->engine, NOTICE_INFO, line);
}

static void client_reply(void *ctx, const struct fx_reply *r) {
    struct frame_view *v = ctx;
    session_reply(v->session, r);
    v->keyed = true;
}

static void client_notice(void *ctx, const struct fx_notice *n) {
    struct frame_view *v = ctx;
    session_notice(v->session, n);
    v->dirty |= DIRTY_NOTICES;
}

struct frame_view *frames_add(struct frames *f, const struct session_cfg *cfg, const struct frame_out *out, void *ctx) {
    struct frame_view *v = xcalloc(1, sizeof *v);
    v->all = f;
    v->out = out;
    v->ctx = ctx;
    v->host = (struct session_host){v, host_intent, host_quit, host_suspend, host_emit, host_log};
    v->session = session_new(engine_view(f->engine), cfg, &v->host);
    canvas_init(&v->canvas, cfg->w, cfg->h);
    v->client = (struct engine_client){.id = (uint32_t)(session_token(v->session) >> 32), .ctx = v, .reply = client_reply, .notice = client_notice};
    engine_client_add(f->engine, &v->client);
    ev_init(&v->soon, on_soon);
    v->soon.data = v;
    v->dirty = ~0u;
    v->keyed = true;
    v->next = f->views;
    f->views = v;
    if (!ev_is_active(&f->data))
        ev_timer_again(loop_get(), &f->data);
    return v;
}

void frames_remove(struct frame_view *v) {
    v->dead = true; /* freed at the end of the turn: its own callback may be running */
}

struct session *frame_session(struct frame_view *v) { return v->session; }

void frame_key(struct frame_view *v, uint32_t key, bool burst, int64_t at_us) {
    if (v->dead)
        return;
    session_key(v->session, key, burst, at_us);
    v->keyed = true;
}

void frame_paste(struct frame_view *v, const char *text, size_t n) {
    if (v->dead)
        return;
    session_paste(v->session, text, n);
    v->keyed = true;
}

void frame_focus(struct frame_view *v, bool focused) {
    if (!v->dead)
        session_focus(v->session, focused);
}

void frame_resize(struct frame_view *v, int w, int h) {
    if (v->dead)
        return;
    session_resize(v->session, w, h);
    canvas_resize(&v->canvas, w, h);
    v->keyed = true;
}

void frame_ready(struct frame_view *v) {
    if (v->keyed && !v->dead)
        view_draw_keyed(v);
}
