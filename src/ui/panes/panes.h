/* What panes share, and what commands may ask of their private states. */
#ifndef UI_PANES_H
#define UI_PANES_H

#include "ui/list.h"

/* "braille", "block", "ascii" or "line", "candles"; false for another word. */
bool chart_set(struct session *s, const char *what);
/* Columns the focused pane shows, by key; n = 0 restores the usual ones. False with a sentence: not a list, unknown
 * column. */
bool list_set_columns(struct session *s, const char *const *keys, int n, char *text, size_t cap);

/* b, s and Enter on a row of that market. */
unsigned pane_market_action(struct session *s, enum action a, market_id m);
/* Opens the question for closing a position or cancelling an order. */
unsigned pane_propose_close(struct session *s, order_id position);
unsigned pane_propose_cancel(struct session *s, order_id order);
/* Flatten or cancel all of the session's account. */
unsigned pane_propose_all(struct session *s, enum intent_kind kind);
/* Asks for a limit's new value, then for `y`. */
unsigned pane_edit_limit(struct session *s, int index);

extern const struct pane pane_positions, pane_orders, pane_fills, pane_book, pane_chart, pane_markets, pane_account,
    pane_log;

#endif
