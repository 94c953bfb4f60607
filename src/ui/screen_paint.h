/* Canvas to ncurses: colours of the theme as pairs, changed cells only. The caller owns the SCREEN and its pipe. */
#ifndef TURRET_UI_SCREEN_PAINT_H
#define TURRET_UI_SCREEN_PAINT_H

#include "turret/ui/canvas.h"
#include "turret/ui/theme.h"

struct paint {
    struct canvas shown;        /* what the terminal holds once all bytes are out */
    bool utf8, whole;           /* whole: forget `shown`, paint every cell */
    int cursor_shown;           /* -1 not known */
    enum theme_depth depth;
    unsigned attrs[ROLE_COUNT];
    int32_t direct[256];        /* DEPTH_TRUE: colour that stands behind ncurses' number; -1 = that number itself */
    int direct_count;
};

void paint_theme(struct paint *p, const struct theme *t); /* sets the pairs and asks for a whole paint */
/* Puts what changed into ncurses, at most `budget` cells before each call of flush (which empties the pipe). False: nothing changed. */
bool paint_canvas(struct paint *p, const struct canvas *c, int budget, void (*flush)(void *ctx), void *ctx);
/* DEPTH_TRUE: rewrites 38;5;N to 38;2;r;g;b in a frame. Returns the new length; out needs 2 * n. */
size_t paint_direct(const struct paint *p, const char *in, size_t n, char *out);

#endif
