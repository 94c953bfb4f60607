/* A session's life and its keys: question, then text line, then page of text, then dialog, then the focused pane, then
 * what is common to all panes. Money keys that come in a burst or a paste are no keys. */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session_private.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"

enum { MESSAGE_US = 8000000, SORT_US = 2000000, CTRL_C_US = 2000000 };

struct session *session_new(const struct desk *view, const struct session_cfg *cfg, const struct session_host *host) {
    static uint32_t ids; /* names sessions within the process: replies find their way by it */
    struct session *s = xcalloc(1, sizeof *s);
    char text[NOTE_MAX] = "";
    s->view = view;
    s->cfg = *cfg;
    s->host = *host;
    s->id = ++ids;
    s->w = cfg->w;
    s->h = cfg->h;
    s->page = 1;
    s->account = cfg->account;
    s->terminal_focused = true;
    s->entry.completion = -1;
    while (pane_table[s->slot_count])
        s->slot_count++;
    s->slots = xcalloc((size_t)s->slot_count + 1, sizeof *s->slots);
    for (int i = 0; i < s->slot_count; i++) {
        s->slots[i].pane = pane_table[i];
        s->slots[i].state = xcalloc(1, pane_table[i]->state_size + 1);
    }
    s->keys = keymap_new();
    str_copy(s->theme, sizeof s->theme, "default");
    canvas_init(&s->last, 0, 0);
    if (cfg->theme && session_set_theme(s, cfg->theme, text, sizeof text))
        session_message(s, NOTICE_WARN, "%s", text);
    if (cfg->keys_path && keymap_load(s->keys, cfg->keys_path, text, sizeof text))
        session_message(s, NOTICE_WARN, "%s", text);
    s->draw_self = s->draw_all = true;
    session_set_page(s, 1);
    return s;
}

void session_free(struct session *s) {
    if (!s)
        return;
    overlay_close(s);
    session_close_modal(s);
    for (int i = 0; i < s->slot_count; i++)
        free(s->slots[i].state);
    for (int i = 0; i < s->history_count; i++)
        free(s->history[i]);
    free(s->slots);
    keymap_free(s->keys);
    canvas_free(&s->last);
    free(s);
}

void session_resize(struct session *s, int w, int h) {
    s->w = w;
    s->h = h;
    s->ask.drawn = false; /* it must be seen again before it can be answered */
    session_redraw(s);
}

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

void session_set_account(struct session *s, account_id a) {
    s->account = a;
    session_redraw(s);
}
void session_set_market(struct session *s, market_id m) {
    if (s->market != m)
        session_redraw(s);
    s->market = m;
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

static void step_pane(struct session *s, int by) {
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

static void grow(struct session *s, int rows) {
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

/* --- keys --- */

static void back(struct session *s) {
    struct pane_slot *p = &s->slots[s->focus];
    if (p->filter[0])
        session_set_filter(s, "");
    else
        s->zoom = false;
    session_redraw(s);
}

static void acknowledge(struct session *s, bool all) {
    int64_t newest = 0;
    int left = session_alerts(s, &newest);
    if (left == 0) {
        session_message(s, NOTICE_INFO, "no alerts");
        return;
    }
    if (all)
        s->alerts_seen_us = newest;
    else
        s->acked_us[s->acked_count++ % ACKED_MAX] = newest;
    session_message(s, NOTICE_INFO, all ? "%d alerts acknowledged" : "alert acknowledged, %d left", all ? left : left - 1);
    session_redraw(s);
}

static void interrupt(struct session *s) {
    bool open = s->overlay.open || s->modal;
    if (open) {
        overlay_close(s);
        session_close_modal(s);
    } else if (s->interrupt_us && s->mono_us - s->interrupt_us < CTRL_C_US) {
        s->interrupt_us = 0;
        session_ask_quit(s, s->cfg.local);
        return;
    } else {
        session_message(s, NOTICE_INFO, "Ctrl-C again to quit");
    }
    s->interrupt_us = open ? 0 : s->mono_us;
    session_redraw(s);
}

static void common_action(struct session *s, enum action a) {
    struct pane_slot *book = session_slot_named(s, "book");
    switch (a) {
    case ACT_NEXT_PANE: step_pane(s, 1); break;
    case ACT_PREV_PANE: step_pane(s, -1); break;
    case ACT_BACK: back(s); break;
    case ACT_ZOOM: s->zoom = !s->zoom; break;
    case ACT_FILTER: line_open(s, ENTRY_FILTER, "/", s->slots[s->focus].filter); break;
    case ACT_LOG:
        s->log_hidden = !s->log_hidden;
        if (s->log_hidden && s->page == 1 && strcmp(s->slots[s->focus].pane->name, "log") == 0)
            step_pane(s, 1);
        break;
    case ACT_HIDE_MONEY: s->money_hidden = !s->money_hidden; break;
    case ACT_GROW: grow(s, 1); break;
    case ACT_SHRINK: grow(s, -1); break;
    case ACT_BUY:
    case ACT_SELL:
        if (book && book->pane != s->slots[s->focus].pane)
            book->pane->action(s, book->state, a); /* a ticket for the market on show */
        break;
    case ACT_PANIC: session_ask_panic(s); break;
    case ACT_ACK: acknowledge(s, false); break;
    case ACT_ACK_ALL: acknowledge(s, true); break;
    case ACT_COMMAND: line_open(s, ENTRY_COMMAND, ":", ""); break;
    case ACT_HELP: session_help(s, NULL); break;
    case ACT_REDRAW: break; /* the screen paints every cell again by itself at Ctrl-L */
    case ACT_SUSPEND:
        if (s->host.suspend && !s->cfg.local)
            s->host.suspend(s->host.ctx, s);
        else
            session_message(s, NOTICE_WARN, "this terminal runs the engine: it can't be suspended (turret start runs it in the background)");
        break;
    case ACT_INTERRUPT: interrupt(s); break;
    case ACT_QUIT: session_ask_quit(s, s->cfg.local); break;
    default:
        if (a >= ACT_PAGE1 && a <= ACT_PAGE9)
            session_set_page(s, (int)a - ACT_PAGE1 + 1);
        break;
    }
    session_redraw(s);
}

static bool about_money(enum action a) {
    const struct action_info *i = action_info(a);
    return i->kind == ACT_MONEY || i->group == GROUP_TRADE || a == ACT_PANIC;
}

static void run_action(struct session *s, enum action a, bool burst) {
    struct pane_slot *p = &s->slots[s->focus];
    if (a == ACTION_NONE)
        return;
    if (about_money(a) && burst) {
        session_message(s, NOTICE_WARN, "keys came in one burst, like a paste: %s ignored", action_info(a)->name);
        return;
    }
    if (about_money(a) && s->cfg.readonly) {
        session_message(s, NOTICE_WARN, "%s", err_text(ERR_READ_ONLY));
        return;
    }
    const struct modal *modal = s->modal;
    market_id market = s->market;
    account_id account = s->account;
    int page = s->page;
    bool all = s->draw_all;
    unsigned r = p->pane->action ? p->pane->action(s, p->state, a) : REACT_NONE;
    if (r == REACT_NONE) {
        common_action(s, a);
        return;
    }
    /* Only the focused pane changed: the others are left as they are shown. */
    s->draw_all = all || s->draw_all || modal != s->modal || market != s->market || account != s->account || page != s->page || s->ask.kind || s->overlay.open;
}

static void modal_key(struct session *s, uint32_t key, enum action a) {
    s->draw_all = true;
    if (s->modal->key(s, s->modal_state, key) != REACT_NONE || !s->modal)
        return;
    if (key == KEYS_ESC || a == ACT_INTERRUPT)
        session_close_modal(s);
    else if (a == ACT_REDRAW || a == ACT_SUSPEND || a == ACT_HELP || a == ACT_COMMAND)
        common_action(s, a);
}

void session_key(struct session *s, uint32_t key, bool burst, int64_t at_us) {
    enum action a = keymap_find(s->keys, key);
    s->mono_us = at_us;
    s->draw_self = true;
    if (a != ACT_INTERRUPT)
        s->interrupt_us = 0;
    if (s->ask.kind)
        ask_key(s, key, burst);
    else if (s->entry.kind)
        line_key(s, key);
    else if (a == ACT_PANIC)
        run_action(s, a, burst);
    else if (s->overlay.open)
        overlay_key(s, key);
    else if (s->modal)
        modal_key(s, key, a);
    else
        run_action(s, a, burst);
}

void session_paste(struct session *s, const char *text, size_t n) {
    s->draw_self = true;
    if (s->ask.kind) {
        session_message(s, NOTICE_WARN, "a paste is no answer: ignored");
    } else if (s->entry.kind) {
        lineedit_insert(&s->entry.line, text, n);
        if (s->entry.kind == ENTRY_FILTER)
            session_set_filter(s, s->entry.line.text);
    } else if (s->modal && s->modal->paste) {
        s->modal->paste(s, s->modal_state, text, n);
        s->draw_all = true;
    } else {
        session_message(s, NOTICE_WARN, "pasted text ignored: no text field is open");
    }
}

void session_focus(struct session *s, bool focused) { s->terminal_focused = focused; }

/* --- from the engine --- */

void session_bell(struct session *s) {
    if (s->host.emit)
        s->host.emit(s->host.ctx, s, "\a", 1);
}

void session_reply(struct session *s, const struct fx_reply *r) {
    if (r->token >> 32 != s->id)
        return;
    bool ok = err_class((enum err)r->result) == ERR_CLASS_OK;
    const char *what = r->text[0] ? r->text : err_text((enum err)r->result);
    session_message(s, ok ? NOTICE_INFO : NOTICE_WARN, "%s%s", ok ? "" : "REFUSED  ", what);
    if (r->result == ERR_OUTCOME_UNKNOWN)
        session_message(s, NOTICE_ALERT, "UNKNOWN  %s", what);
}

void session_notice(struct session *s, const struct fx_notice *n) {
    if (n->level == NOTICE_INFO && s->mono_us < s->message.until_us)
        return; /* does not push away an answer */
    session_message(s, n->level, "%s", n->text);
    if (n->level == NOTICE_ALERT || (n->level == NOTICE_FILL && !s->terminal_focused))
        session_bell(s);
}

/* --- when to draw --- */

bool session_wants_draw(struct session *s, unsigned dirty, int64_t mono_us) {
    s->dirty |= dirty;
    if (mono_us > s->mono_us)
        s->mono_us = mono_us;
    if (s->message.text[0] && s->mono_us >= s->message.until_us) {
        s->message.text[0] = '\0';
        s->draw_self = true;
    }
    if (s->draw_self)
        return true;
    if (s->mono_us >= s->tick_us) {
        s->draw_all = true;
        return true;
    }
    if (!(s->dirty & s->watched) || s->mono_us < s->data_due_us)
        return false;
    s->draw_all = true;
    return true;
}
