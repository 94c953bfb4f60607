/* The canvas: a grid of cells, the only thing panes draw into. A cell is a character and a role; the theme gives
 * roles their colours only when a screen shows the canvas. Tested as text. */
#ifndef TURRET_UI_CANVAS_H
#define TURRET_UI_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(NAME, "key in theme files") */
#define ROLE_TABLE(X)                                                                                        \
    X(TEXT, "text") X(MUTED, "muted") X(STRONG, "strong") X(TITLE, "title") X(BORDER, "border")              \
    X(FOCUS, "focus") X(SELECT, "select") X(UP, "up") X(DOWN, "down") X(BUY, "side.buy") X(SELL, "side.sell") \
    X(YES, "yes") X(NO, "no") X(BID, "bid") X(ASK, "ask") X(BID_BAR, "bar.bid") X(ASK_BAR, "bar.ask")        \
    X(OWN, "own") X(WARN, "warn") X(STALE, "stale") X(ALERT, "alert") X(OK, "ok") X(PAPER, "badge.paper")    \
    X(LIVE, "badge.live") X(REPLAY, "badge.replay") X(HALT, "badge.halt") X(KEY, "key") X(HINT, "hint")      \
    X(INPUT, "input") X(CHART, "chart") X(AXIS, "axis") X(DIALOG, "dialog") X(LIVE_BORDER, "border.live")    \
    X(CURVE1, "curve.1") X(CURVE2, "curve.2") X(CURVE3, "curve.3") X(CURVE4, "curve.4") X(CURVE5, "curve.5") X(CURVE6, "curve.6")
enum role {
#define X(n, k) ROLE_##n,
    ROLE_TABLE(X)
#undef X
    ROLE_COUNT
};
enum cell_flag { CELL_REVERSE = 1, CELL_BOLD = 2, CELL_WIDE_TAIL = 4 /* right half of the wide character before */ };

struct cell { uint32_t cp; uint8_t role, flags; uint16_t pad; };
struct rect { int x, y, w, h; };

struct canvas {
    int w, h;
    int cursor_x, cursor_y; /* where the hardware cursor rests; -1 = bottom left */
    bool cursor_shown;      /* in a text field */
    bool live;              /* boxes are drawn as those of real money: border.live, double lines */
    struct cell *cells;     /* w * h, row by row */
};

void canvas_init(struct canvas *c, int w, int h);
void canvas_resize(struct canvas *c, int w, int h); /* clears */
void canvas_free(struct canvas *c);
void canvas_clear(struct canvas *c, struct rect r, enum role role);
/* Draws sanitised UTF-8 clipped to max columns (and the canvas); text that does not fit ends in an ellipsis.
 * Returns the columns used. All drawing is clipped: no coordinate is an error. */
int canvas_text(struct canvas *c, int x, int y, int max, enum role role, unsigned flags, const char *text);
int canvas_textf(struct canvas *c, int x, int y, int max, enum role role, unsigned flags, const char *fmt, ...) __attribute__((format(printf, 7, 8)));
/* Right-aligned in `width` columns ending before x + width. */
void canvas_right(struct canvas *c, int x, int y, int width, enum role role, unsigned flags, const char *text);
void canvas_put(struct canvas *c, int x, int y, uint32_t cp, enum role role, unsigned flags);
void canvas_fill(struct canvas *c, struct rect r, uint32_t cp, enum role role, unsigned flags);
/* Adds flags and sets the role of existing cells (selection bar). */
void canvas_paint(struct canvas *c, struct rect r, enum role role, unsigned flags);
/* Horizontal bar of value/full of the rect's width in eighths (block) or '#' (ascii), from the left or the right. */
void canvas_bar(struct canvas *c, int x, int y, int width, int64_t value, int64_t full, bool from_right, bool ascii, enum role role);
/* Box with a title left and right of the top line; heavy lines when focused, +-| in ascii; double ones where c->live. */
void canvas_box(struct canvas *c, struct rect r, bool focused, bool ascii, const char *title, const char *right);

/* The text of the canvas, rows without trailing blanks, joined by newlines (malloc'd); tests compare it. */
char *canvas_dump(const struct canvas *c);
/* One letter a role of the cells, for attribute goldens (malloc'd). */
char *canvas_dump_roles(const struct canvas *c);
/* Bytes that turn `from` (may be NULL or of another size: whole canvas) into `to`: the viewer's frames. malloc'd. */
uint8_t *canvas_encode(const struct canvas *from, const struct canvas *to, size_t *len);
/* Applies such bytes to c (resizing it). False if they are malformed: c is then unchanged in size and unspecified in content. */
bool canvas_decode(struct canvas *c, const uint8_t *bytes, size_t len);

#endif
