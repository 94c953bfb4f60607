/* What a session shows of automations, and since when somebody was away. */
#include "ui/session_private.h"

#define AWAY_US 300000000LL

static int64_t over_us; /* when a session was last seen before it ended: the next one begins there */

watch_id session_watch(const struct session *s) { return s->watch; }
void session_set_watch(struct session *s, watch_id w) {
    if (s->watch == w)
        return;
    s->watch = w;
    session_redraw(s);
}

int64_t session_left_us(const struct session *s) { return s->left_us; }
void session_seen(struct session *s) {
    if (s->key_us && s->now_us - s->key_us > AWAY_US)
        s->left_us = s->key_us;
    s->key_us = s->now_us;
}
void session_begun(struct session *s) { s->left_us = over_us; }
void session_over(const struct session *s) {
    if (s->now_us > over_us)
        over_us = s->now_us;
}
