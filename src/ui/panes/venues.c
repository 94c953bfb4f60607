/* CONNECTIONS: each venue's streams, ages, latency, rate budget and clock, and in words what is wrong. */
#include <stdio.h>

#include "ui/format.h"
#include "ui/panes/panes.h"

struct venues_state {
    struct list list;
};

static void fetch(struct session *s, void *state, struct list_rows *rows) {
    struct venue_row all[VENUE_COUNT];
    (void)state;
    for (int i = 0, n = venue_rows(s->view, all, VENUE_COUNT); i < n; i++)
        list_push_copy(rows, (uint64_t)all[i].id, &all[i], sizeof all[i]);
}

static const struct list_source source = {.table = "venues", .empty = "No venue yet", .fetch = fetch};

static void draw(struct session *s, void *state, struct canvas *c, struct rect r, bool focused, int64_t now_us) {
    list_draw(s, state, &((struct venues_state *)state)->list, &source, c, r, focused, now_us);
}

static void subtitle(struct session *s, void *state, char *buf, size_t cap) { list_subtitle(s, state, &((struct venues_state *)state)->list, &source, buf, cap); }

static unsigned action(struct session *s, void *state, enum action a) {
    return list_action(s, state, &((struct venues_state *)state)->list, &source, a);
}

const struct pane pane_venues = {
    .name = "venues",
    .title = "CONNECTIONS",
    .dirty = DIRTY_STATUS,
    .min_w = 24,
    .min_h = 1,
    .state_size = sizeof(struct venues_state),
    .draw = draw,
    .subtitle = subtitle,
    .action = action,
};
