/* A window on the snipers or alerts, of which there may be a million: at most so many rows are in the list at a time, and it moves with the
 * cursor. The walk over the watches is done when the window moves, when the counts change (where there are few), and else once a second. */
#ifndef UI_PANES_WATCH_WINDOW_H
#define UI_PANES_WATCH_WINDOW_H

#include "ui/panes/panes.h"

#define WINDOW_ROWS 400
#define WINDOW_DONE 40 /* finished ones shown after the live ones */

struct watch_window {
    size_t start, count, armed; /* where the walk begins; counts at the last walk */
    size_t at[WINDOW_ROWS];     /* walk's place before each row */
    watch_id id[WINDOW_ROWS + WINDOW_DONE];
    int n, live;                /* all rows; those before it are live */
    bool more, one_account, built;
    account_id account;
    int64_t walked_us;
};

/* Brings the window up to date; cheap when nothing changed. */
void window_refresh(struct session *s, struct watch_window *w, enum watch_kind k);
/* Moves it so that there are rows beyond the one at its edge; false when there are none. */
bool window_down(struct session *s, struct watch_window *w, enum watch_kind k);
bool window_up(struct session *s, struct watch_window *w, enum watch_kind k);
void window_first(struct watch_window *w);
void window_last(struct session *s, struct watch_window *w, enum watch_kind k);

#endif
