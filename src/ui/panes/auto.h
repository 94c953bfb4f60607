/* What the panes of automations share. */
#ifndef UI_PANES_AUTO_H
#define UI_PANES_AUTO_H

#include "ui/panes/panes.h"

/* Keys on a sniper or alert (id 0 = none under the cursor); REACT_NONE when it is none of them. */
unsigned pane_watch_action(struct session *s, enum watch_kind k, watch_id id, enum action a);
void pane_history_text(struct session *s, const char *label, enum history_kind k, uint64_t id);

/* "fires 2 times in 8h30m of 1m candles, first 09:12:00Z". frame 0: minutes, 1: five minutes, 2: four hours; false when there are none. */
bool pane_dry_run(const struct desk *view, const struct watch *w, int frame, int64_t now_us, char *buf, size_t cap);
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
