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

/* p pauses the model under the cursor, P all, at once; on paused ones they ask to resume. */
unsigned pane_pause(struct session *s, bool all);
/* The run on show: chosen with [ and ], else the newest of the model under the cursor; the next older or newer one of the same model. NULL = none known. */
const struct run_info *pane_run(struct session *s);
const struct run_info *pane_run_beside(struct session *s, const struct run_info *run, bool older);
void pane_run_text(struct session *s, const struct run_info *run); /* the whole of it on a page */
unsigned pane_runs_action(struct session *s, enum action a);
unsigned pane_why(struct session *s, order_id order); /* to the models page, why this exists */

extern const struct pane pane_snipers, pane_alerts, pane_trigger, pane_follows, pane_followed, pane_risk, pane_refusals, pane_day, pane_daypnl, pane_since;
extern const struct pane pane_venues;
extern const struct pane pane_models, pane_curves, pane_runs, pane_why_pane, pane_health;
extern const struct pane pane_positions, pane_orders, pane_fills, pane_book, pane_chart, pane_markets, pane_account,
    pane_log;

#endif
