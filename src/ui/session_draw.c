/* The whole screen from the view: head, panes by the layout, dialogs, hints, bottom line. A key that changed only the
 * focused pane redraws only that one: what else moved meanwhile waits for the next data frame. */
#include <stdio.h>
#include <string.h>

#include "session_private.h"
#include "turret/base/str.h"
#include "turret/base/utf8.h"

enum { BOTTOM_ROWS = 2, TICK_US = 1000000, DATA_US = 200000, DATA_MAX_US = 1000000, TITLE_BYTES = 128, BYTES_A_SECOND = 2000, RUN_BYTES = 14 };

enum size_class session_size(const struct session *s) { return size_class_of(s->w, s->h); }

int text_wrap(const char *text, int width, const char **start, int *bytes, int max) {
    int n = 0;
    while (*text == ' ' || *text == '\n')
        text++;
    while (*text) {
        int used = 0;
        size_t len = utf8_clip(text, width, &used), cut = len, line = strcspn(text, "\n");
        if (len == 0)
            return max + 1;
        if (line <= len)
            cut = line;
        else if (text[len]) {
            while (cut > 0 && text[cut] != ' ')
                cut--;
            if (cut == 0)
                cut = len; /* one long word */
        }
        if (n == max)
            return max + 1;
        start[n] = text;
        bytes[n++] = (int)cut;
        text += cut;
        while (*text == ' ' || *text == '\n')
            text++;
    }
    return n;
}

int session_layout(struct session *s, struct layout_place out[LAYOUT_MAX], struct rect *body) {
    enum size_class size = session_size(s);
    int top = (size == SIZE_BIG ? 2 : 1) + session_bars(s);
    const char *focus = s->slots[s->focus].pane->name;
    *body = (struct rect){0, top, s->w, s->h - top - BOTTOM_ROWS};
    int n = s->zoom ? 0 : layout_places(s->page, size, *body, NULL, s->log_hidden, out);
    bool has_focus = false;
    for (int i = 0; i < n; i++)
        has_focus = has_focus || strcmp(out[i].pane, focus) == 0;
    if (!has_focus)
        return layout_places(s->page, size, *body, focus, false, out);
    for (int i = 0; i < n; i++) {
        const struct pane_slot *p = session_slot_named(s, out[i].pane);
        for (int k = p ? p->grow : 0; k != 0; k += k > 0 ? -1 : 1)
            layout_grow(out, n, i, k > 0 ? 1 : -1, *body);
    }
    return n;
}

static void draw_pane(struct session *s, struct canvas *c, const struct layout_place *at, int64_t now_us) {
    struct pane_slot *p = session_slot_named(s, at->pane);
    struct rect inner = {at->at.x + 1, at->at.y + 1, at->at.w - 2, at->at.h - 2};
    if (!p || inner.w < 1 || inner.h < 1)
        return;
    bool focused = p == &s->slots[s->focus];
    p->total = p->shown = 0;
    if (inner.w < p->pane->min_w || inner.h < p->pane->min_h)
        canvas_text(c, inner.x, inner.y, inner.w, ROLE_MUTED, 0, "z zooms");
    else
        p->pane->draw(s, p->state, c, inner, focused, now_us);
    char title[TITLE_BYTES], right[TITLE_BYTES] = "";
    if (p->filter[0])
        snprintf(title, sizeof title, "%s /%s (%d of %d)", p->pane->title, p->filter, p->shown, p->total);
    else if (p->total)
        snprintf(title, sizeof title, "%s %d", p->pane->title, p->total);
    else
        str_copy(title, sizeof title, p->pane->title);
    if (p->pane->subtitle)
        p->pane->subtitle(s, p->state, right, sizeof right);
    canvas_box(c, at->at, focused, s->cfg.ascii, title, right);
    s->watched |= p->pane->dirty;
}

/* --- bottom --- */

/* Hints that matter most come first here; they are shown in the order of the key table. */
static const enum action hint_order[] = {ACT_PANIC, ACT_HELP, ACT_BUY, ACT_SELL, ACT_CLOSE, ACT_NEXT_PANE, ACT_COMMAND, ACT_FILTER, ACT_OPEN, ACT_ZOOM, ACT_EDIT, ACT_NEXT_ROW};
enum { HINTS = sizeof hint_order / sizeof *hint_order };

static void hint_text(struct session *s, enum action a, char *buf, size_t cap) {
    char keys[64];
    keymap_keys(s->keys, a, keys, sizeof keys);
    if (strncmp(keys, ",", 1) != 0)
        keys[strcspn(keys, ",")] = '\0'; /* the first key */
    snprintf(buf, cap, "%s %s", keys, action_info(a)->hint);
}

static void draw_hints(struct session *s, struct canvas *c, int y) {
    bool chosen[ACT_COUNT] = {false};
    char text[96];
    int room = c->w - 1;
    for (int i = 0; i < HINTS; i++) {
        hint_text(s, hint_order[i], text, sizeof text);
        int w = utf8_str_width(text) + 2;
        if (w > room + 2)
            continue;
        chosen[hint_order[i]] = true;
        room -= w;
    }
    int x = 1;
    for (int a = 1; a < ACT_COUNT; a++) {
        if (!chosen[a])
            continue;
        bool dead = s->cfg.readonly && (action_info((enum action)a)->group == GROUP_TRADE || a == ACT_PANIC);
        hint_text(s, (enum action)a, text, sizeof text);
        char *word = strrchr(text, ' ');
        *word++ = '\0';
        x += canvas_text(c, x, y, c->w - x, dead ? ROLE_HINT : ROLE_KEY, 0, text) + 1;
        x += canvas_text(c, x, y, c->w - x, ROLE_HINT, 0, word) + 2;
    }
}

static void draw_bottom(struct session *s, struct canvas *c) {
    static const enum role LEVEL_ROLE[] = {ROLE_TEXT, ROLE_OK, ROLE_WARN, ROLE_ALERT};
    char text[256] = "";
    int y = c->h - BOTTOM_ROWS;
    canvas_clear(c, (struct rect){0, y, c->w, BOTTOM_ROWS}, ROLE_TEXT);
    if (s->entry.kind)
        line_hint(s, text, sizeof text);
    if (text[0])
        canvas_text(c, 1, y, c->w - 2, ROLE_HINT, 0, text);
    else if (s->ask.kind)
        canvas_text(c, 1, y, c->w - 2, ROLE_HINT, 0, s->ask.kind == ASK_PANIC ? "c f k act at once   Esc back" : s->ask.kind == ASK_NAME ? "type the name, then Enter   Esc back" : "y yes   n / Esc back");
    else if (s->overlay.open)
        canvas_text(c, 1, y, c->w - 2, ROLE_HINT, 0, "j k scroll   / search   Esc close");
    else if (s->modal && s->modal->hint)
        canvas_text(c, 1, y, c->w - 2, ROLE_HINT, 0, s->modal->hint);
    else
        draw_hints(s, c, y);
    if (s->entry.kind)
        line_draw(s, c, c->h - 1);
    else if (s->message.text[0])
        canvas_text(c, 1, c->h - 1, c->w - 2, LEVEL_ROLE[s->message.level & 3], 0, s->message.text);
}

/* --- frames --- */

/* Real money is meant: every border says so. */
static bool shows_live(const struct session *s) {
    struct view_account a;
    return view_account(s->view, session_account(s), &a) && a.a->live;
}

static void draw_tiny(struct session *s, struct canvas *c) {
    head_tiny(s, c);
    if (c->h > 1 && s->entry.kind)
        line_draw(s, c, c->h - 1);
    else if (c->h > 1 && s->message.text[0])
        canvas_text(c, 0, c->h - 1, c->w, ROLE_WARN, 0, s->message.text);
}

static void draw_whole(struct session *s, struct canvas *c, int64_t now_us) {
    struct layout_place places[LAYOUT_MAX];
    struct rect body;
    canvas_clear(c, (struct rect){0, 0, c->w, c->h}, ROLE_TEXT);
    c->cursor_x = c->cursor_y = -1;
    c->cursor_shown = false;
    c->live = shows_live(s);
    s->watched = DIRTY_STATUS | DIRTY_ACCOUNT | DIRTY_NOTICES;
    if (session_size(s) == SIZE_TINY || s->slot_count == 0) {
        draw_tiny(s, c);
        return;
    }
    s->ask.drawn = false;
    head_draw(s, c, session_size(s));
    int n = session_layout(s, places, &body);
    for (int i = 0; i < n; i++)
        draw_pane(s, c, &places[i], now_us);
    if (s->overlay.open)
        overlay_draw(s, c, body);
    else if (s->modal)
        s->modal->draw(s, s->modal_state, c, body, now_us);
    if (s->ask.kind)
        ask_draw(s, c, body);
    draw_bottom(s, c);
}

/* The last frame with the focused pane and the bottom drawn anew. */
static void draw_partial(struct session *s, struct canvas *c, int64_t now_us) {
    struct layout_place places[LAYOUT_MAX];
    struct rect body;
    memcpy(c->cells, s->last.cells, (size_t)c->w * (size_t)c->h * sizeof *c->cells);
    c->cursor_x = c->cursor_y = -1;
    c->cursor_shown = false;
    c->live = shows_live(s);
    int n = session_layout(s, places, &body);
    for (int i = 0; i < n; i++) {
        if (strcmp(places[i].pane, s->slots[s->focus].pane->name) != 0)
            continue;
        canvas_clear(c, places[i].at, ROLE_TEXT);
        draw_pane(s, c, &places[i], now_us);
    }
    draw_bottom(s, c);
}

/* A clock that moved alone is no reason to paint: it keeps its old time until something else moves too. */
static void hold_clock(struct session *s, struct canvas *c) {
    struct rect clock = head_clock(s);
    if (c->w != s->last.w || c->h != s->last.h || clock.x < 0)
        return;
    size_t row = (size_t)c->w;
    for (size_t i = 0; i < row * (size_t)c->h; i++)
        if ((i >= row || (int)i < clock.x) && memcmp(&c->cells[i], &s->last.cells[i], sizeof *c->cells) != 0)
            return;
    memcpy(&c->cells[clock.x], &s->last.cells[clock.x], (size_t)(c->w - clock.x) * sizeof *c->cells);
}

/* About what the terminal's line will carry for this frame: a jump and a colour for each run of changed cells, and their text. */
static int64_t frame_bytes(const struct session *s, const struct canvas *c) {
    int64_t bytes = 0;
    if (c->w != s->last.w || c->h != s->last.h)
        return 0; /* a new size is painted whole, once */
    for (int i = 0, run = 0; i < c->w * c->h; i++) {
        bool same = memcmp(&c->cells[i], &s->last.cells[i], sizeof *c->cells) == 0;
        if (!same)
            bytes += (run ? 0 : RUN_BYTES) + (c->cells[i].cp < 0x80 ? 1 : 3);
        run = !same;
    }
    return bytes;
}

/* The next data frame comes when the line has had time for this one; what keys cost, data pays. */
static void pace(struct session *s, const struct canvas *c) {
    int64_t cost = frame_bytes(s, c) * 1000000 / BYTES_A_SECOND;
    if (!s->partial)
        s->data_due_us = s->mono_us + (cost < DATA_US ? DATA_US : cost);
    else
        s->data_due_us += cost;
    if (s->data_due_us > s->mono_us + DATA_MAX_US)
        s->data_due_us = s->mono_us + DATA_MAX_US;
}

/* The window's title says which money is meant, also while another window is in front. */
static void send_title(struct session *s) {
    struct view_account a;
    char title[sizeof s->title], osc[sizeof title + 8];
    if (!s->host.emit || !view_account(s->view, session_account(s), &a))
        return;
    snprintf(title, sizeof title, "turret %s %s/%s", a.a->live ? "LIVE" : "PAPER", venue_name((enum venue_id)a.a->venue), a.a->name);
    if (strcmp(title, s->title) == 0)
        return;
    str_copy(s->title, sizeof s->title, title);
    int n = snprintf(osc, sizeof osc, "\033]2;%s\a", title);
    s->host.emit(s->host.ctx, s, osc, (size_t)n);
}

/* A desk that holds nothing begins in its markets, where the workspace has room for them. */
static void first_focus(struct session *s) {
    int cursor = 0;
    struct pane_slot *p = session_slot_named(s, view_next_position(s->view, &cursor, true) ? "positions" : "markets");
    if (!s->touched && s->page == 1 && p && session_size(s) == SIZE_BIG)
        s->focus = (int)(p - s->slots);
}

void session_draw(struct session *s, struct canvas *c, int64_t now_us) {
    s->now_us = now_us;
    first_focus(s);
    if (c->w != s->w || c->h != s->h)
        canvas_resize(c, s->w, s->h);
    s->partial = s->draw_self && !s->draw_all && !s->overlay.open && !s->modal && !s->ask.kind && s->last.w == s->w && s->last.h == s->h &&
                 session_size(s) != SIZE_TINY && s->slot_count > 0;
    if (s->partial) {
        draw_partial(s, c, now_us);
    } else {
        draw_whole(s, c, now_us);
        hold_clock(s, c);
        s->dirty = 0;
        s->tick_us = s->mono_us + TICK_US;
        s->draw_all = false;
    }
    pace(s, c);
    send_title(s);
    s->draw_self = false;
    if (s->last.w != c->w || s->last.h != c->h)
        canvas_resize(&s->last, c->w, c->h);
    memcpy(s->last.cells, c->cells, (size_t)c->w * (size_t)c->h * sizeof *c->cells);
}
