/* A session: all ui state of one viewer. Nothing of the ui is global. The engine keeps one for its own screen and one
 * for each attached viewer; keys go in, intents and commands come out, a canvas is drawn from the view. */
#ifndef TURRET_UI_SESSION_H
#define TURRET_UI_SESSION_H

#include "turret/agent/runs.h"
#include "turret/desk/view.h"
#include "turret/ui/canvas.h"

struct session;

/* What a session may ask of its owner. */
struct session_host {
    void *ctx;
    void (*intent)(void *ctx, struct session *s, const struct intent *in); /* confirmed by `y` where needed */
    void (*quit)(void *ctx, struct session *s, bool stop_engine);          /* detach, or stop the engine */
    void (*suspend)(void *ctx, struct session *s);                         /* Ctrl-Z: the viewer's job */
    void (*emit)(void *ctx, struct session *s, const char *bytes, size_t n); /* to the terminal: bell, OSC 52 copy, OSC 2 title */
    void (*log)(void *ctx, const char *line);
};

struct session_cfg {
    int w, h;
    bool readonly, ascii, local /* the engine's own screen: q asks before it stops the engine */;
    bool shared; /* attached viewer: q detaches */
    bool quiet;            /* no bell */
    bool osc9;             /* alarms as desktop notifications */
    const char *theme;     /* NULL = default */
    const char *keys_path; /* user's key file, NULL = none */
    account_id account;    /* 0 = first */
    const struct runs *runs; /* what models did; NULL = none known */
    void *recall_ctx;        /* older runs come from the archive when asked for (agents_recall); recall may be NULL */
    void (*recall)(void *ctx, const struct archive_query *q);
};

struct session *session_new(const struct desk *view, const struct session_cfg *cfg, const struct session_host *host);
void session_free(struct session *s);
void session_resize(struct session *s, int w, int h);

/* A key: a Unicode code point or enum key (ui/key.h). `burst`: it came in the same read as others (paste guard);
 * at_us is monotonic time (deaf time). */
void session_key(struct session *s, uint32_t key, bool burst, int64_t at_us);
/* A bracketed paste: goes to an open text field, is thrown away otherwise. */
void session_paste(struct session *s, const char *text, size_t n);
void session_focus(struct session *s, bool focused); /* terminal focus events (mode 1004) */
/* The answer to an intent of this session (FX_REPLY). */
void session_reply(struct session *s, const struct fx_reply *r);
/* Notices go to the message line of every session (bell where configured). */
void session_notice(struct session *s, const struct fx_notice *n);
/* Draws everything. Pure: same view, session, size and theme give the same canvas. now_us: UTC for ages. */
void session_draw(struct session *s, struct canvas *c, int64_t now_us);
/* Does it need a draw for these dirty bits, or for its own reasons (key, message timeout, clock)? Data frames are spaced so
 * that they stay near 2 kB/s on the terminal's line; keys are always drawn at once. */
bool session_wants_draw(struct session *s, unsigned dirty, int64_t mono_us);
const char *session_theme(const struct session *s);
bool session_ascii(const struct session *s);
uint64_t session_token(const struct session *s); /* upper 32 bits of intents' tokens: routes FX_REPLY back */

#endif
