/* What panes, dialogs and commands may ask of a session: market and account on show, pages, focus, filter, sort, messages. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session_private.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"

enum { MESSAGE_US = 8000000, SORT_US = 2000000 };

/* --- accessors --- */

const struct desk *session_view(const struct session *s) { return s->view; }
bool session_readonly(const struct session *s) { return s->cfg.readonly; }
bool session_money_hidden(const struct session *s) { return s->money_hidden; }
int64_t session_mono_us(const struct session *s) { return s->mono_us; }
int64_t session_now_us(const struct session *s) { return s->now_us; }
const char *session_theme(const struct session *s) { return s->theme; }
bool session_ascii(const struct session *s) { return s->cfg.ascii; }
uint64_t session_token(const struct session *s) { return (uint64_t)s->id << 32; }
void *session_pane_state(struct session *s, int i) { return i >= 0 && i < s->slot_count ? s->slots[i].state : NULL; }

struct pane_slot *session_slot(struct session *s, const void *pane_state) {
    for (int i = 0; i < s->slot_count; i++)
        if (s->slots[i].state == pane_state)
            return &s->slots[i];
    return NULL;
}

struct pane_slot *session_slot_named(struct session *s, const char *pane) {
    for (int i = 0; i < s->slot_count; i++)
        if (strcmp(s->slots[i].pane->name, pane) == 0)
            return &s->slots[i];
    return NULL;
}

account_id session_account(const struct session *s) {
    struct view_account a;
    if (s->account && view_account(s->view, s->account, &a))
        return s->account;
    return view_account_at(s->view, 0, &a) ? a.a->id : 0;
}

market_id session_market(const struct session *s) {
    struct view_market m;
    if (s->market && view_market(s->view, s->market, &m))
        return s->market;
    for (int i = 0; i < view_market_count(s->view); i++)
        if (view_market_at(s->view, i, &m) && m.m->status == MARKET_OPEN)
            return m.m->id;
    return view_market_at(s->view, 0, &m) ? m.m->id : 0;
}

/* The first open market where the account trades; 0: none. */
static market_id market_at(const struct session *s, uint8_t venue) {
    struct view_market m;
    for (int i = 0; view_market_at(s->view, i, &m); i++)
        if (m.m->venue == venue && m.m->status == MARKET_OPEN)
            return m.m->id;
    return 0;
}

void session_set_account(struct session *s, account_id a) {
    struct view_account va;
    struct view_market m;
    s->account = a;
    s->one_account = true;
    if (view_account(s->view, a, &va) && (!view_market(s->view, session_market(s), &m) || m.m->venue != va.a->venue)) {
        const market_id first = market_at(s, va.a->venue);
        s->market = first ? first : s->market;
    }
    session_redraw(s);
}
void session_set_market(struct session *s, market_id m) {
    if (s->market != m)
        session_redraw(s);
    s->market = m;
}

bool session_shows(const struct session *s, account_id a) { return s->one_account ? a == session_account(s) : true; }
void session_toggle_accounts(struct session *s) {
    s->one_account = !s->one_account;
    session_redraw(s);
}
bool session_may_sort(struct session *s, struct pane_slot *p) {
    if (s->mono_us < p->moved_us + SORT_US && p->moved_us)
        return false;
    if (s->mono_us < p->sorted_us + SORT_US && p->sorted_us)
        return false;
    p->sorted_us = s->mono_us;
    return true;
}
void session_cursor_moved(struct session *s, struct pane_slot *p) { p->moved_us = s->mono_us; }

void session_redraw(struct session *s) { s->draw_self = s->draw_all = true; }

void session_message(struct session *s, int level, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(s->message.text, sizeof s->message.text, fmt, ap);
    va_end(ap);
    s->message.level = level;
    s->message.until_us = s->mono_us + MESSAGE_US;
    s->draw_self = true;
}

void *session_open_modal(struct session *s, const struct modal *m) {
    session_close_modal(s);
    s->modal = m;
    s->modal_state = xcalloc(1, m->state_size + 1);
    session_redraw(s);
    return s->modal_state;
}
void session_close_modal(struct session *s) {
    free(s->modal_state);
    s->modal_state = NULL;
    s->modal = NULL;
    session_redraw(s);
}
void *session_modal_state(struct session *s, const struct modal *m) { return s->modal == m ? s->modal_state : NULL; }

/* --- pages and panes --- */

static int slot_index(struct session *s, const char *pane) {
    struct pane_slot *p = session_slot_named(s, pane);
    return p ? (int)(p - s->slots) : -1;
}

bool session_set_page(struct session *s, int page) {
    const char *names[LAYOUT_MAX];
    int n = page >= 1 && page <= PAGE_COUNT ? layout_panes(page, names) : 0;
    for (int i = 0; i < n; i++) {
        int at = slot_index(s, names[i]);
        if (at < 0)
            continue;
        s->page = page;
        s->zoom = false;
        s->focus = at;
        session_redraw(s);
        return true;
    }
    return false;
}

bool session_focus_pane(struct session *s, const char *pane) {
    const char *names[LAYOUT_MAX];
    int at = slot_index(s, pane);
    for (int k = 0; at >= 0 && k <= PAGE_COUNT; k++) { /* this page first */
        int page = k == 0 ? s->page : k, n = layout_panes(page, names);
        for (int i = 0; i < n; i++) {
            if (strcmp(names[i], pane) != 0)
                continue;
            s->page = page;
            s->focus = at;
            session_redraw(s);
            return true;
        }
    }
    return false;
}

void step_pane(struct session *s, int by) {
    const char *names[LAYOUT_MAX];
    int n = layout_panes(s->page, names), at = 0;
    for (int i = 0; i < n; i++)
        if (strcmp(names[i], s->slots[s->focus].pane->name) == 0)
            at = i;
    for (int i = 1; i <= n; i++) {
        int next = (at + by * i + n * LAYOUT_MAX) % n, slot = slot_index(s, names[next]);
        bool hidden = s->log_hidden && s->page == 1 && strcmp(names[next], "log") == 0;
        if (slot >= 0 && !hidden) {
            s->focus = slot;
            break;
        }
    }
    session_redraw(s);
}

void grow_pane(struct session *s, int rows) {
    struct layout_place places[LAYOUT_MAX];
    struct rect body;
    struct pane_slot *p = &s->slots[s->focus];
    int n = session_layout(s, places, &body), at = -1;
    for (int i = 0; i < n; i++)
        if (strcmp(places[i].pane, p->pane->name) == 0)
            at = i;
    if (at >= 0 && layout_grow(places, n, at, rows, body))
        p->grow += rows;
    session_redraw(s);
}

enum err session_set_theme(struct session *s, const char *name, char *text, size_t cap) {
    struct theme t;
    enum err e = theme_load(name, &t, text, cap);
    if (!e)
        str_copy(s->theme, sizeof s->theme, name);
    session_redraw(s);
    return e;
}

void session_set_filter(struct session *s, const char *text) {
    str_copy(s->slots[s->focus].filter, FILTER_MAX, text);
    session_redraw(s);
}
void session_set_sort(struct session *s, const char *key, bool reverse) {
    struct pane_slot *p = &s->slots[s->focus];
    str_copy(p->sort_key, SORT_KEY_MAX, key);
    p->sort_reverse = reverse;
    p->sorted_us = 0;
    session_redraw(s);
}
void session_set_money_hidden(struct session *s, bool hidden) {
    s->money_hidden = hidden;
    session_redraw(s);
}
