/* What a session shows of automations, and since when somebody was away (session_auto.c). */
#ifndef UI_SESSION_AUTO_H
#define UI_SESSION_AUTO_H

#include "turret/ui/session.h"

watch_id session_watch(const struct session *s);
void session_set_watch(struct session *s, watch_id w);
/* UTC: what happened after it, nobody at this screen has seen. The last key before a pause of five minutes, or when the last session of
 * this process ended; 0 = there was none. */
int64_t session_left_us(const struct session *s);
void session_seen(struct session *s); /* a key */
void session_begun(struct session *s);
void session_over(const struct session *s);

#endif
