/* One editable line of UTF-8: the ':' line, the filter, prompts and the ticket's fields. */
#ifndef TURRET_UI_LINEEDIT_H
#define TURRET_UI_LINEEDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "turret/ui/canvas.h"

#define LINE_MAX_BYTES 256

struct lineedit { char text[LINE_MAX_BYTES]; int len, pos; /* bytes; pos is at a character boundary */ };

void lineedit_set(struct lineedit *l, const char *text); /* the cursor goes to the end */
/* Printable characters, Left Right Home End ^A ^E ^B ^F, Backspace Delete ^H ^D ^W ^U ^K. False: not its key. */
bool lineedit_key(struct lineedit *l, uint32_t key);
/* Foreign text at the cursor: sanitised, one line; what does not fit is left out. */
void lineedit_insert(struct lineedit *l, const char *text, size_t n);
/* Draws at x, y in `width` columns, scrolled so that the cursor is inside; shows the hardware cursor when `cursor`. */
void lineedit_draw(const struct lineedit *l, struct canvas *c, int x, int y, int width, enum role role, bool cursor);

#endif
