/* Words on lines. */
#ifndef UI_WRAP_H
#define UI_WRAP_H

#include "turret/ui/canvas.h"

/* Words on as many lines as they need and r has; returns the lines used. */
int wrap_draw(struct canvas *c, struct rect r, enum role role, const char *text);

#endif
