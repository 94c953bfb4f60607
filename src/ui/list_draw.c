/* Drawing a list: which columns fit, the head, the rows, "n more" and "n new". */
#include <stdio.h>
#include <string.h>

#include "turret/base/str.h"
#include "turret/base/utf8.h"
#include "ui/format.h"
#include "ui/list_private.h"

#define FLEX_MIN 18  /* a title narrower than this says little: rather one column less */
#define FLEX_GOOD 32 /* and rather than columns of the last priorities it gets this much */
#define LAST_PRIORITY 7
#define FLEX_LEAST 4
#define MODE_WIDTH 6 /* of the column that says LIVE or PAPER */

static bool chosen(const struct list *l, const struct column *col) {
    if (!l->n_columns)
        return col->priority >= 0;
    for (int i = 0; i < l->n_columns; i++)
        if (!strcmp(l->columns[i], col->key))
            return true;
    return false;
}

static int total_width(const struct list_column *cols, int n, int flex) {
    int sum = 0;
    for (int i = 0; i < n; i++)
        sum += (cols[i].width ? cols[i].width : flex) + (i ? 1 : 0);
    return sum;
}

/* Takes columns out, the largest priority number first, until the rest fits; 0 and below stay. */
static int drop_columns(struct list_column *cols, int n, int width) {
    for (;;) {
        int drop = -1;
        for (int i = 0; i < n; i++)
            if (cols[i].col->priority > 0 && (drop < 0 || cols[i].col->priority >= cols[drop].col->priority))
                drop = i;
        const bool last = drop >= 0 && cols[drop].col->priority >= LAST_PRIORITY;
        if (drop < 0 || n == 1 || total_width(cols, n, last ? FLEX_GOOD : FLEX_MIN) <= width)
            return n;
        memmove(&cols[drop], &cols[drop + 1], (size_t)(n - drop - 1) * sizeof *cols);
        n--;
    }
}

int list_fit(const struct column_table *t, const struct list *l, int width, struct list_column out[LIST_COLUMNS]) {
    int n = 0;
    for (int i = 0; i < t->count && n < LIST_COLUMNS; i++)
        if (chosen(l, &t->columns[i]))
            out[n++] = (struct list_column){&t->columns[i], t->columns[i].width};
    return drop_columns(out, n, width);
}

static void value_of(struct session *s, const struct column *col, const void *row, int64_t now_us,
                     struct column_value *v) {
    *v = (struct column_value){.role = ROLE_TEXT};
    col->get(s->view, row, now_us, v);
    if (col->money && session_money_hidden(s))
        str_copy(v->text, sizeof v->text, "***"), v->role = ROLE_MUTED;
}

/* LIVE or PAPER is said where rows of both are beside each other. */
static bool without_mode(struct session *s, const struct column_table *t) { return strcmp(t->name, "accounts") != 0 && column_find(t, "mode") && !accounts_mixed(s->view); }

/* Numbers are never cut, nor what names the row: a column grows to its longest value, the flexible one takes what is left. */
static int widen(struct session *s, const struct list *l, const struct column_table *t, const struct list_rows *rows,
                 int from, int shown, int width, int64_t now_us, struct list_column cols[LIST_COLUMNS]) {
    int n = list_fit(t, l, without_mode(s, t) ? width + MODE_WIDTH : width, cols);
    for (int i = 0; without_mode(s, t) && i < n; i++)
        if (!strcmp(cols[i].col->key, "mode")) {
            memmove(&cols[i], &cols[i + 1], (size_t)(n - i - 1) * sizeof *cols);
            n--;
        }
    for (int i = 0; i < n; i++)
        for (int k = from; (cols[i].col->right || (i == 0 && cols[i].width)) && k < from + shown && k < rows->n; k++) {
            struct column_value v;
            value_of(s, cols[i].col, rows->row[k], now_us, &v);
            const int w = utf8_str_width(v.text);
            if (w > cols[i].width)
                cols[i].width = w;
        }
    n = drop_columns(cols, n, width); /* grown too wide: one more goes */
    const int rest = width - total_width(cols, n, FLEX_MIN);
    for (int i = 0; i < n; i++)
        if (!cols[i].width) {
            cols[i].width = FLEX_MIN + rest > FLEX_LEAST ? FLEX_MIN + rest : FLEX_LEAST;
            break;
        }
    return n;
}

static void draw_head(struct session *s, void *state, struct canvas *c, struct rect r, const struct list_column *cols,
                      int n) {
    const struct pane_slot *slot = session_slot(s, state);
    const bool ascii = session_ascii(s);
    int x = r.x + 1;
    for (int i = 0; i < n; i++) {
        char title[64];
        const bool by = slot && slot->sort_key[0] && !strcmp(slot->sort_key, cols[i].col->key);
        const bool down = by && (cols[i].col->sort != NULL) != slot->sort_reverse;
        snprintf(title, sizeof title, "%s%s", cols[i].col->title,
                 !by     ? ""
                 : ascii ? (down ? "v" : "^")
                 : down  ? "▾"
                         : "▴");
        if (cols[i].col->right)
            canvas_right(c, x, r.y, cols[i].width, ROLE_MUTED, 0, title);
        else
            canvas_text(c, x, r.y, cols[i].width, ROLE_MUTED, 0, title);
        x += cols[i].width + 1;
    }
}

static void draw_row(struct session *s, const struct list_source *src, struct canvas *c, int x, int y, int right,
                     const struct list_column *cols, int n, const void *row, int64_t now_us) {
    const enum role all = src->role ? src->role(s, row, now_us) : ROLE_COUNT;
    for (int i = 0; i < n && x < right; i++) {
        struct column_value v;
        value_of(s, cols[i].col, row, now_us, &v);
        const enum role role = all != ROLE_COUNT ? all : v.role;
        const int width = x + cols[i].width > right ? right - x : cols[i].width;
        if (cols[i].col->right)
            canvas_right(c, x, y, width, role, 0, v.text);
        else
            canvas_text(c, x, y, width, role, 0, v.text);
        x += cols[i].width + 1;
    }
}

static void draw_empty(struct session *s, void *state, const struct list_source *src, struct canvas *c, struct rect r) {
    const struct pane_slot *slot = session_slot(s, state);
    struct view_status st;
    view_status(s->view, &st);
    if (slot && slot->filter[0] && slot->total)
        canvas_textf(c, r.x + 1, r.y, r.w - 1, ROLE_MUTED, 0, "Nothing matches \"%s\" (0 of %d). Esc clears the filter",
                     slot->filter, slot->total);
    else if (st.stage == START_LOADING) /* not empty: not known yet */
        canvas_textf(c, r.x + 1, r.y, r.w - 1, ROLE_MUTED, 0, "Loading%s%s", st.store_text[0] ? ": " : "",
                     st.store_text);
    else
        canvas_text(c, r.x + 1, r.y, r.w - 1, ROLE_MUTED, 0, src->empty);
}

/* Rows that came while the feed stood still. */
static int new_rows(const struct list *l) {
    if (!l->reading)
        return 0;
    for (int i = l->count - 1; i >= 0; i--)
        if (l->order[i] == l->last_id)
            return l->count - 1 - i;
    return l->count;
}

static void scroll(struct list *l, int height) {
    l->height = height;
    if (l->cursor < l->top)
        l->top = l->cursor;
    if (l->cursor >= l->top + height)
        l->top = l->cursor - height + 1;
    if (l->top > l->count - height)
        l->top = l->count - height;
    if (l->top < 0)
        l->top = 0;
}

void list_draw(struct session *s, void *state, struct list *l, const struct list_source *src, struct canvas *c,
               struct rect r, bool focused, int64_t now_us) {
    static struct list_rows rows;
    const bool ascii = session_ascii(s);
    list_refresh(s, state, l, src, &rows, now_us);
    if (r.h < 1 || r.w < 4)
        return;
    if (!l->count) {
        draw_empty(s, state, src, c, r);
        return;
    }
    const bool head = !src->feed && r.h > 2;
    const int y0 = r.y + head, room = r.h - head;
    /* The last line says how many are below, when there are. */
    scroll(l, room);
    const bool more = room > 1 && (l->top + room < l->count || (l->count > room && new_rows(l)));
    if (more)
        scroll(l, room - 1);
    struct list_column cols[LIST_COLUMNS];
    const int n = widen(s, l, column_table(src->table), &rows, l->top, l->height, r.w - 1, now_us, cols);
    if (head)
        draw_head(s, state, c, r, cols, n);
    for (int i = 0; i < l->height && l->top + i < l->count; i++) {
        const int at = l->top + i, y = y0 + i;
        draw_row(s, src, c, r.x + 1, y, r.x + r.w, cols, n, rows.row[at], now_us);
        if (at != l->cursor)
            continue;
        canvas_text(c, r.x, y, 1, ROLE_SELECT, CELL_BOLD, ascii ? ">" : "►");
        if (focused) {
            canvas_paint(c, (struct rect){r.x, y, r.w, 1}, ROLE_SELECT, CELL_REVERSE);
            c->cursor_x = r.x;
            c->cursor_y = y;
        }
    }
    if (!more)
        return;
    const int below = l->count - l->top - l->height, fresh = new_rows(l);
    canvas_textf(c, r.x + 1, r.y + r.h - 1, r.w - 1, ROLE_HINT, 0,
                 fresh ? "%s %d more, %d new: G follows again" : "%s %d more", ascii ? "v" : "▼", below, fresh);
}

void list_subtitle(struct session *s, void *state, const struct list *l, const struct list_source *src, char *buf,
                   size_t cap) {
    const struct pane_slot *slot = session_slot(s, state);
    const struct column *col = slot && slot->sort_key[0] ? column_find(column_table(src->table), slot->sort_key) : NULL;
    const bool ascii = session_ascii(s);
    buf[0] = 0;
    if (col) {
        const bool down = (col->sort != NULL) != slot->sort_reverse;
        snprintf(buf, cap, "sort: %s%s", col->title, ascii ? (down ? "v" : "^") : down ? "▾" : "▴");
    }
    const int fresh = new_rows(l);
    if (fresh)
        snprintf(buf, cap, "%s%d new", ascii ? "v " : "▼ ", fresh);
}
