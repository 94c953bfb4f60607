/* Frames: gives every session (the engine's own screen, each attached viewer) its place in the loop: keys in, frames out when
 * something changed, at most 30 a second after keys and 10 for data, none while the last one is not out. */
#ifndef TURRET_APP_FRAMES_H
#define TURRET_APP_FRAMES_H

#include "turret/app/engine.h"
#include "turret/ui/session.h"

struct frames;     /* all sessions of the engine */
struct frame_view; /* one */

struct frame_out { /* where a session's output goes */
    bool (*ready)(void *ctx);                              /* the last frame is out */
    void (*show)(void *ctx, const struct canvas *c);
    void (*emit)(void *ctx, const char *bytes, size_t n);
    void (*theme)(void *ctx, const char *name);            /* the session changed it */
    void (*quit)(void *ctx, bool stop_engine);
    void (*suspend)(void *ctx);
};

struct frames *frames_new(struct engine *e);
void frames_free(struct frames *f); /* with all its sessions */
int frames_count(const struct frames *f);

struct frame_view *frames_add(struct frames *f, const struct session_cfg *cfg, const struct frame_out *out, void *ctx);
void frames_remove(struct frame_view *v);
struct session *frame_session(struct frame_view *v);
void frame_key(struct frame_view *v, uint32_t key, bool burst, int64_t at_us);
void frame_paste(struct frame_view *v, const char *text, size_t n);
void frame_focus(struct frame_view *v, bool focused);
void frame_resize(struct frame_view *v, int w, int h);
void frame_ready(struct frame_view *v); /* the output can take the next frame */

#endif
