/* Several curves in one chart: braille dots in the curves' roles, or their numbers in ASCII; names at the right end. Pure. */
#ifndef UI_CURVES_H
#define UI_CURVES_H

#include "turret/ui/canvas.h"

struct curve_point { int64_t at_us, value; /* micro units */ };
struct curve {
    const struct curve_point *points; /* oldest first */
    int n;
    const char *name;
    enum role role;
    int number; /* 1.. shown at its end */
};
struct curves {
    const struct curve *list;
    int n;
    int64_t from_us, to_us;
    bool ascii, percent /* values are micro percent, else money */, hide_axis;
};
void curves_draw(struct canvas *c, struct rect r, const struct curves *cs);

#endif
