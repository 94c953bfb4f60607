/* The list widget: which rows, in what order, at which place; drawing is in list_draw.c. */
#include "ui/list.h"

#include <stdlib.h>
#include <string.h>

#include "turret/base/str.h"
#include "ui/list_private.h"

#define POOL_BYTES (LIST_MAX * sizeof(struct view_notice))

/* Scratch of one draw: the rows of the list at hand. Nothing of it outlives the draw. */
static _Alignas(16) char pool[POOL_BYTES];
static size_t pool_used;

void list_push(struct list_rows *rows, uint64_t id, const void *row) {
    if (rows->n < LIST_MAX) {
        rows->row[rows->n] = row;
        rows->id[rows->n++] = id;
    }
}

void list_push_copy(struct list_rows *rows, uint64_t id, const void *row, size_t size) {
    const size_t aligned = (size + 15) / 16 * 16;
    if (pool_used + aligned > POOL_BYTES)
        return;
    memcpy(pool + pool_used, row, size);
    list_push(rows, id, pool + pool_used);
    pool_used += aligned;
}

/* --- order --- */
struct rank {
    uint64_t id;
    int at;
};
static int by_id(const void *a, const void *b) {
    const struct rank *x = a, *y = b;
    return (x->id > y->id) - (x->id < y->id);
}
static int by_at(const void *a, const void *b) {
    const struct rank *x = a, *y = b;
    return (x->at > y->at) - (x->at < y->at);
}

void list_keep_order(const uint64_t *keep, int n_keep, const uint64_t *ids, int n, int *out) {
    static struct rank known[LIST_MAX], wanted[LIST_MAX];
    for (int i = 0; i < n_keep; i++)
        known[i] = (struct rank){keep[i], i};
    qsort(known, (size_t)n_keep, sizeof *known, by_id);
    for (int i = 0; i < n; i++) {
        const struct rank key = {ids[i], 0};
        const struct rank *k = bsearch(&key, known, (size_t)n_keep, sizeof *known, by_id);
        wanted[i] = (struct rank){(uint64_t)i, k ? k->at : n_keep + i};
    }
    qsort(wanted, (size_t)n, sizeof *wanted, by_at);
    for (int i = 0; i < n; i++)
        out[i] = (int)wanted[i].id;
}

struct sort_item {
    int at;
    bool text_key;
    int64_t number;
    char text[40];
};
static int by_value(const void *a, const void *b, void *ctx) {
    const struct sort_item *x = a, *y = b;
    const int sign = *(const int *)ctx;
    const int order = x->text_key ? strcasecmp(x->text, y->text) : (x->number > y->number) - (x->number < y->number);
    return order ? order * sign : (x->at > y->at) - (x->at < y->at);
}

/* Numbers begin with the largest, words with the first of the alphabet. */
static void sort_rows(struct session *s, const struct column *col, bool reverse, const struct list_rows *rows,
                      int64_t now_us, int *out) {
    static struct sort_item items[LIST_MAX];
    for (int i = 0; i < rows->n; i++) {
        items[i].at = i;
        items[i].text_key = !col->sort;
        if (col->sort) {
            items[i].number = col->sort(s->view, rows->row[i]);
        } else {
            struct column_value v = {.role = ROLE_TEXT};
            col->get(s->view, rows->row[i], now_us, &v);
            str_copy(items[i].text, sizeof items[i].text, v.text);
        }
    }
    int sign = (col->sort ? -1 : 1) * (reverse ? -1 : 1);
    qsort_r(items, (size_t)rows->n, sizeof *items, by_value, &sign);
    for (int i = 0; i < rows->n; i++)
        out[i] = items[i].at;
}

static void order_rows(struct session *s, void *state, struct list *l, const struct list_source *src,
                       struct list_rows *rows, int64_t now_us) {
    static int at[LIST_MAX];
    static struct list_rows sorted;
    struct pane_slot *slot = session_slot(s, state);
    const struct column_table *t = column_table(src->table);
    const struct column *col = slot && slot->sort_key[0] ? column_find(t, slot->sort_key) : NULL;
    if (src->feed || (!col && !l->sorted_key[0]))
        return; /* the source's own order */
    const char *key = col ? col->key : "";
    const bool changed = strcmp(key, l->sorted_key) != 0 || slot->sort_reverse != l->sorted_reverse || !l->drawn;
    if (!changed && !session_may_sort(s, slot))
        list_keep_order(l->order, l->count, rows->id, rows->n, at);
    else if (col)
        sort_rows(s, col, slot->sort_reverse, rows, now_us, at);
    else
        for (int i = 0; i < rows->n; i++)
            at[i] = i;
    str_copy(l->sorted_key, sizeof l->sorted_key, key);
    l->sorted_reverse = slot && slot->sort_reverse;
    for (int i = 0; i < rows->n; i++) {
        sorted.row[i] = rows->row[at[i]];
        sorted.id[i] = rows->id[at[i]];
    }
    memcpy(rows->row, sorted.row, (size_t)rows->n * sizeof *rows->row);
    memcpy(rows->id, sorted.id, (size_t)rows->n * sizeof *rows->id);
}

static bool row_matches(struct session *s, const struct column_table *t, const void *row, const char *filter,
                        int64_t now_us) {
    for (int i = 0; i < t->count; i++) {
        if (t->columns[i].priority < 0 || t->columns[i].money)
            continue;
        struct column_value v = {.role = ROLE_TEXT};
        t->columns[i].get(s->view, row, now_us, &v);
        if (str_contains_nocase(v.text, filter) || str_contains_nocase(v.raw, filter))
            return true;
    }
    return false;
}

static void filter_rows(struct session *s, struct pane_slot *slot, const struct column_table *t, struct list_rows *rows,
                        int64_t now_us) {
    const int total = rows->n;
    if (slot && slot->filter[0]) {
        int n = 0;
        for (int i = 0; i < rows->n; i++)
            if (row_matches(s, t, rows->row[i], slot->filter, now_us)) {
                rows->row[n] = rows->row[i];
                rows->id[n++] = rows->id[i];
            }
        rows->n = n;
    }
    if (slot)
        slot->shown = rows->n, slot->total = total;
}

/* The cursor stays on its row; when that row is gone, on its place. A followed feed stays at its end. */
static void place_cursor(struct list *l, bool feed) {
    if (!l->count) {
        l->cursor = l->top = 0;
        return;
    }
    if (feed && !l->reading) {
        l->cursor = l->count - 1;
    } else if (!l->count || l->cursor >= l->count || l->order[l->cursor] != l->cursor_id) {
        for (int i = 0; i < l->count; i++)
            if (l->order[i] == l->cursor_id) {
                l->top += i - l->cursor; /* the row stays on its line of the screen */
                l->cursor = i;
                break;
            }
    }
    if (l->cursor >= l->count)
        l->cursor = l->count - 1;
    l->cursor_id = l->order[l->cursor];
}

void list_refresh(struct session *s, void *state, struct list *l, const struct list_source *src, struct list_rows *rows,
                  int64_t now_us) {
    rows->n = 0;
    pool_used = 0;
    src->fetch(s, state, rows);
    filter_rows(s, session_slot(s, state), column_table(src->table), rows, now_us);
    order_rows(s, state, l, src, rows, now_us);
    memcpy(l->order, rows->id, (size_t)rows->n * sizeof *l->order);
    l->count = rows->n;
    l->drawn = true;
    place_cursor(l, src->feed);
}

/* --- keys --- */
static void move_to(struct session *s, void *state, struct list *l, bool feed, int to) {
    if (!l->count)
        return;
    l->cursor = to < 0 ? 0 : to >= l->count ? l->count - 1 : to;
    l->cursor_id = l->order[l->cursor];
    const bool at_end = l->cursor == l->count - 1;
    if (feed && !at_end && !l->reading)
        l->last_id = l->order[l->count - 1];
    l->reading = feed && !at_end;
    struct pane_slot *slot = session_slot(s, state);
    if (slot)
        session_cursor_moved(s, slot);
}

static unsigned next_sort(struct session *s, void *state, const struct list *l, const struct list_source *src) {
    struct pane_slot *slot = session_slot(s, state);
    struct list_column cols[LIST_COLUMNS];
    const int n = list_fit(column_table(src->table), l, s->w, cols);
    if (!slot || src->feed)
        return REACT_NONE;
    int at = -1;
    for (int i = 0; i < n; i++)
        if (!strcmp(cols[i].col->key, slot->sort_key))
            at = i;
    /* After the last column comes the list's own order. */
    str_copy(slot->sort_key, sizeof slot->sort_key, at + 1 < n ? cols[at + 1].col->key : "");
    slot->sort_reverse = false;
    session_message(s, NOTICE_INFO, "sorted by %s", at + 1 < n ? cols[at + 1].col->title : "age");
    return REACT_DRAW;
}

/* Runs fn on the row under the cursor, with fresh data. */
static bool with_row(struct session *s, void *state, struct list *l, const struct list_source *src, cJSON **json) {
    static struct list_rows rows;
    list_refresh(s, state, l, src, &rows, session_now_us(s));
    if (!rows.n)
        return false;
    *json = columns_json(column_table(src->table), s->view, rows.row[l->cursor], session_now_us(s));
    return true;
}

static unsigned yank(struct session *s, void *state, struct list *l, const struct list_source *src, bool whole) {
    static const char *const ids[] = {"position", "order", "symbol", "name", "text"};
    cJSON *json = NULL;
    if (!with_row(s, state, l, src, &json))
        return REACT_HANDLED;
    char *text = whole ? cJSON_PrintUnformatted(json) : NULL;
    for (size_t i = 0; !whole && !text && i < sizeof ids / sizeof *ids; i++) {
        const cJSON *v = cJSON_GetObjectItem(json, ids[i]);
        if (cJSON_IsString(v))
            text = cJSON_PrintUnformatted(v);
        else if (cJSON_IsNumber(v))
            text = cJSON_PrintUnformatted(v);
    }
    if (text) {
        const size_t n = strlen(text);
        if (!whole && n > 1 && text[0] == '"')
            text[n - 1] = 0;
        session_copy(s, whole ? "the row as JSON" : "the id", !whole && text[0] == '"' ? text + 1 : text);
        cJSON_free(text);
    }
    cJSON_Delete(json);
    return REACT_HANDLED;
}

void list_reload(struct session *s, void *state, struct list *l, const struct list_source *src) {
    static struct list_rows rows;
    list_refresh(s, state, l, src, &rows, session_now_us(s));
}

unsigned list_action(struct session *s, void *state, struct list *l, const struct list_source *src, enum action a) {
    const int half = l->height > 2 ? l->height / 2 : 1;
    struct pane_slot *slot = session_slot(s, state);
    switch (a) {
    case ACT_NEXT_ROW:
    case ACT_NEXT_MATCH:
        move_to(s, state, l, src->feed, l->cursor + 1);
        return REACT_DRAW;
    case ACT_PREV_ROW:
    case ACT_PREV_MATCH:
        move_to(s, state, l, src->feed, l->cursor - 1);
        return REACT_DRAW;
    case ACT_FIRST_ROW:
        move_to(s, state, l, src->feed, 0);
        return REACT_DRAW;
    case ACT_LAST_ROW:
        move_to(s, state, l, src->feed, l->count - 1);
        return REACT_DRAW;
    case ACT_HALF_DOWN:
        move_to(s, state, l, src->feed, l->cursor + half);
        return REACT_DRAW;
    case ACT_HALF_UP:
        move_to(s, state, l, src->feed, l->cursor - half);
        return REACT_DRAW;
    case ACT_SORT:
        return next_sort(s, state, l, src);
    case ACT_SORT_REVERSE:
        if (!slot || !slot->sort_key[0])
            return REACT_HANDLED;
        slot->sort_reverse = !slot->sort_reverse;
        return REACT_DRAW;
    case ACT_YANK:
        return yank(s, state, l, src, false);
    case ACT_YANK_JSON:
        return yank(s, state, l, src, true);
    default:
        return REACT_NONE;
    }
}
