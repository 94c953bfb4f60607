/* What the panes of automations share. */
#ifndef UI_PANES_AUTO_H
#define UI_PANES_AUTO_H

#include "ui/panes/panes.h"

/* Keys on a sniper or alert (id 0 = none under the cursor); REACT_NONE when it is none of them. */
unsigned pane_watch_action(struct session *s, enum watch_kind k, watch_id id, enum action a);
void pane_history_text(struct session *s, const char *label, enum history_kind k, uint64_t id);

/* What the candles in memory say: how often the level was reached from outside. They know no hold, depth or data age. */
struct dry_run { int reached; int64_t last_us, from_us, interval_us; int candles; };
/* frame 0: minutes, 1: five minutes, 2: four hours; false when the figure has no candles or there are none. */
bool dry_run(const struct desk *view, const struct watch *w, int frame, struct dry_run *out);
void dry_run_text(const struct dry_run *d, char *buf, size_t cap); /* "2 times in 8h30m (1-minute candles), last 09:12" */
void pane_dry_run_text(struct session *s, const struct watch *w);

/* Keys on a follow. */
unsigned pane_follow_action(struct session *s, follow_id id, enum action a);
unsigned pane_fade(struct session *s, model_id m); /* a form to counter that model */

/* Asks for a note on an order or a day. */
unsigned pane_remark(struct session *s, enum remark_kind k, uint64_t subject);
unsigned pane_note_key(struct session *s, void *state, enum action a, order_id order); /* n in a list without a filter; REACT_NONE: not that */
const char *pane_note_of(struct session *s, order_id order);                           /* "" = none */

/* A bar of what is used: "[####    ]" with its percentage, so that nothing hangs on colour. */
void pane_use_bar(struct session *s, struct canvas *c, int x, int y, int w, int64_t used, int64_t limit, bool breached);

#endif
