/* What commands may ask of the panes' private states. */
#ifndef UI_PANES_H
#define UI_PANES_H

#include <stdbool.h>

struct session;

/* "braille", "block", "ascii" or "line", "candles"; false for another word. */
bool chart_set(struct session *s, const char *what);
/* Columns the focused pane shows, by key; n = 0 restores the usual ones. False with a sentence: not a list, unknown column. */
bool list_set_columns(struct session *s, const char *const *keys, int n, char *text, int cap);

#endif
