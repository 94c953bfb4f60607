/* One terminal: shows a canvas, reads keys. ncurses writes into a pipe and the loop moves the bytes to the terminal without
 * blocking: a frame starts only when the last one is out, so a stalled terminal costs nothing and delays nothing. */
#ifndef TURRET_UI_SCREEN_H
#define TURRET_UI_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "turret/base/err.h"
#include "turret/ui/canvas.h"
#include "turret/ui/theme.h"

struct screen;
struct screen_host {
    void *ctx;
    void (*key)(void *ctx, uint32_t key, bool burst, int64_t at_us); /* at_us monotonic */
    void (*paste)(void *ctx, const char *text, size_t n);
    void (*focus)(void *ctx, bool focused);
    void (*resized)(void *ctx, int w, int h);
    void (*suspend)(void *ctx); /* SIGTSTP from outside: call screen_suspend, or not */
    void (*ready)(void *ctx);   /* the last frame is out: the next may start; may be NULL */
    void (*lost)(void *ctx);    /* the terminal is gone (hang-up): close the screen */
};

/* Opens the controlling terminal. ERR_UNSUPPORTED (text says why) when there is none or it can't place the cursor (TERM=dumb,
 * no terminfo entry that works): go on with plain lines. Takes SIGWINCH, SIGCONT, SIGTSTP and the fatal signals. One at a time. */
enum err screen_open(const struct screen_host *host, struct screen **out, char *text, size_t cap);
/* Restores the terminal; waits at most 200 ms for it. NULL is fine. */
void screen_close(struct screen *s);
void screen_size(const struct screen *s, int *w, int *h);
bool screen_utf8(const struct screen *s);  /* else sessions should draw ascii */
bool screen_ready(const struct screen *s); /* the last frame is out */
/* Shows what changed. Returns the bytes of the frame, -1 when the last one is not out yet (nothing was done). */
int screen_show(struct screen *s, const struct canvas *c);
enum err screen_set_theme(struct screen *s, const char *name); /* repaints with the next frame */
/* Bytes beside the frames (bell, clipboard, title), sent after the frame at hand; dropped when too many wait, or when they
 * begin an OSC the terminal does not know. */
void screen_emit(struct screen *s, const char *bytes, size_t n);
void screen_redraw(struct screen *s); /* the next frame paints every cell; Ctrl-L does it too, and is handed on */
/* Restores the terminal, stops the process (SIGSTOP) and paints again when it goes on. For viewers only. */
void screen_suspend(struct screen *s);
/* Async-signal-safe: gives the terminal back as it was. For fatal exits. */
void screen_restore_now(void);

#endif
