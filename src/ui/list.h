/* The list widget of positions, orders, markets and feeds: rows come from the view at every draw, the cursor follows
 * its row's id, the order changes at most every 2 s and never right after the cursor moved. Lives inside a pane's
 * zeroed state. */
#ifndef UI_LIST_H
#define UI_LIST_H

#include "turret/ui/columns.h"
#include "ui/session_state.h"

#define LIST_MAX 1024
#define LIST_COLUMNS 24

struct list {
    uint64_t order[LIST_MAX]; /* ids as shown last */
    int count;
    uint64_t cursor_id;
    int cursor, top, height;
    bool reading;     /* a feed whose reader left the newest row: it stands still */
    uint64_t last_id; /* newest row when reading began */
    char columns[LIST_COLUMNS][SORT_KEY_MAX];
    int n_columns; /* 0 = by priority */
    char sorted_key[SORT_KEY_MAX];
    bool sorted_reverse, drawn;
};

/* Where a source puts its rows during a draw; valid until the next draw of any list. */
struct list_rows {
    const void *row[LIST_MAX];
    uint64_t id[LIST_MAX];
    int n;
};
void list_push(struct list_rows *rows, uint64_t id, const void *row);                   /* a pointer of the view's */
void list_push_copy(struct list_rows *rows, uint64_t id, const void *row, size_t size); /* a value */

struct list_source {
    const char *table; /* columns */
    const char *empty;
    bool feed; /* newest last; follows until someone reads */
    void (*fetch)(struct session *s, void *state, struct list_rows *rows);
    /* Role that overrules the columns' (a stale or unknown row); may be NULL. ROLE_COUNT = none. */
    enum role (*role)(struct session *s, const void *row, int64_t now_us);
};

/* Draws the rows; `state` is the pane's state, `l` lies in it. */
void list_draw(struct session *s, void *state, struct list *l, const struct list_source *src, struct canvas *c,
               struct rect r, bool focused, int64_t now_us);
/* Takes the rows anew before a key is applied: the source has others now. */
void list_reload(struct session *s, void *state, struct list *l, const struct list_source *src);
/* Moves, sort, yank. enum reaction bits. */
unsigned list_action(struct session *s, void *state, struct list *l, const struct list_source *src, enum action a);
/* "P&L▾" and the count of the filter. */
void list_subtitle(struct session *s, void *state, const struct list *l, const struct list_source *src, char *buf,
                   size_t cap);
/* What every list pane shows at the top of its box. */
static inline uint64_t list_current(const struct list *l) {
    return l->count ? l->cursor_id : 0;
}

/* Columns that fit `width`, in order, with their widths: the ones with the largest priority number go first. Exposed
 * for tests. */
struct list_column {
    const struct column *col;
    int width;
};
int list_fit(const struct column_table *t, const struct list *l, int width, struct list_column out[LIST_COLUMNS]);
/* Puts ids in the order `keep` had: known ones first in that order, new ones after. */
void list_keep_order(const uint64_t *keep, int n_keep, const uint64_t *ids, int n, int *out);

#endif
