/* A session over the fake view: what the tests of panes and dialogs share. */
#ifndef TESTS_PANES_FIXTURE_H
#define TESTS_PANES_FIXTURE_H

#include <string.h>

#include "support/fake_view.h"
#include "turret/ui/key.h"
#include "ui/session_state.h"

static struct canvas canvas;
static struct intent last_intent;
static int sent;
static int64_t mono = 1000000;

static inline void host_intent(void *ctx, struct session *s, const struct intent *in) {
    (void)ctx, (void)s;
    last_intent = *in;
    /* What can only do less, and a note, go without a question. */
    const bool safe = in->kind == INTENT_REMARK || in->kind == INTENT_WATCH_DISARM || in->kind == INTENT_FOLLOW_OFF || (in->kind == INTENT_TRADING_STATE && in->order != TRADING_ACTIVE);
    sent += !safe;
}
static inline void host_quit(void *ctx, struct session *s, bool stop) {
    (void)ctx, (void)s, (void)stop;
}
static inline void host_emit(void *ctx, struct session *s, const char *bytes, size_t n) {
    (void)ctx, (void)s, (void)bytes, (void)n;
}

static inline struct session *open_session(int w, int h, bool ascii) {
    static const struct session_host host = {.intent = host_intent, .quit = host_quit, .emit = host_emit};
    const struct session_cfg cfg = {.w = w, .h = h, .ascii = ascii, .local = true};
    sent = 0;
    struct session *s = session_new(fake_desk(), &cfg, &host);
    session_set_market(s, fake.n_markets ? fake.market[0].id : 0);
    return s;
}
static inline void draw(struct session *s) {
    mono += 1000000;
    session_redraw(s);
    session_draw(s, &canvas, FAKE_NOW);
}
static inline void press(struct session *s, uint32_t key) {
    mono += 300000; /* a person's pace: slower than the deaf time */
    session_key(s, key, false, mono);
}
static inline void type(struct session *s, const char *text) {
    for (; *text; text++)
        press(s, (unsigned char)*text);
}
/* The whole screen as text; the caller frees. */
static inline char *screen_text(struct session *s) {
    draw(s);
    return canvas_dump(&canvas);
}
static inline bool screen_has(struct session *s, const char *text) {
    char *dump = screen_text(s);
    const bool found = strstr(dump, text) != NULL;
    if (!found)
        printf("not on the screen: %s\n%s\n", text, dump);
    free(dump);
    return found;
}

#endif
