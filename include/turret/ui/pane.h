/* A pane: one file in ui/panes/ that ends in one const struct pane. It draws itself from the view and reacts to keys;
 * what it wants changed it says in its reaction. */
#ifndef TURRET_UI_PANE_H
#define TURRET_UI_PANE_H

#include "turret/ui/canvas.h"
#include "turret/ui/columns.h"
#include "turret/ui/keymap.h"
#include "turret/ui/session.h"

enum reaction { REACT_NONE = 0, REACT_HANDLED = 1, REACT_DRAW = 2 };

struct pane {
    const char *name, *title; /* "positions", "POSITIONS" */
    unsigned dirty;           /* enum view_dirty bits that redraw it */
    int min_w, min_h;
    size_t state_size;        /* zeroed private state in every session */
    void (*draw)(struct session *s, void *state, struct canvas *c, struct rect inner, bool focused, int64_t now_us);
    /* Text for the right end of the title line; may be NULL. */
    void (*subtitle)(struct session *s, void *state, char *buf, size_t cap);
    unsigned (*action)(struct session *s, void *state, enum action a); /* enum reaction bits */
};
extern const struct pane *const pane_table[]; /* NULL-terminated */

#endif
