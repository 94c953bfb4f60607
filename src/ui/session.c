/* A session's life and its keys: question, then text line, then page of text, then dialog, then the focused pane, then
 * what is common to all panes. Money keys that come in a burst or a paste are no keys. */
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "session_private.h"
#include "ticket.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/base/utf8.h"

enum { CTRL_C_US = 2000000 };

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
    session_begun(s);
    session_set_page(s, 1);
    return s;
}

void session_free(struct session *s) {
    if (!s)
        return;
    session_over(s);
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
    case ACT_NEXT_PAGE: session_set_page(s, s->page % PAGE_COUNT + 1); break;
    case ACT_PREV_PAGE: session_set_page(s, (s->page + PAGE_COUNT - 2) % PAGE_COUNT + 1); break;
    case ACT_GROW: grow_pane(s, 1); break;
    case ACT_SHRINK: grow_pane(s, -1); break;
    case ACT_BUY:
    case ACT_SELL:
        if (book && book->pane != s->slots[s->focus].pane)
            book->pane->action(s, book->state, a); /* a ticket for the market on show */
        break;
    case ACT_ACCOUNT: account_pick_open(s); break;
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
        if (a >= ACT_PAGE1 && a <= ACT_PAGE13)
            session_set_page(s, (int)a - ACT_PAGE1 + 1);
        break;
    }
    session_redraw(s);
}

static bool about_money(enum action a) {
    const struct action_info *i = action_info(a);
    return i->kind == ACT_MONEY || i->group == GROUP_TRADE || a == ACT_PANIC || a == ACT_PAUSE || a == ACT_PAUSE_ALL;
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
    s->touched = s->touched || action_info(a)->group == GROUP_MOVE || action_info(a)->group == GROUP_VIEW;
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
    session_seen(s);
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
    if (s->host.emit && !s->cfg.quiet)
        s->host.emit(s->host.ctx, s, "\a", 1);
}

/* OSC 9: what the terminal shows as a notification of the desktop. */
static void notify(struct session *s, const char *text) {
    char clean[NOTE_MAX], line[NOTE_MAX + 16];
    if (!s->host.emit || !s->cfg.osc9)
        return;
    utf8_sanitise(clean, sizeof clean, text, strlen(text));
    const int n = snprintf(line, sizeof line, "\033]9;turret: %s\033\\", clean);
    s->host.emit(s->host.ctx, s, line, (size_t)n);
}

void session_reply(struct session *s, const struct fx_reply *r) {
    if (r->token >> 32 != s->id)
        return;
    bool ok = err_class((enum err)r->result) == ERR_CLASS_OK;
    const char *what = r->text[0] ? r->text : err_text((enum err)r->result);
    char line[NOTE_MAX];
    if (ok && !r->order && r->token == s->sent.token)
        intent_done_line(&s->sent.what, r->num, line, sizeof line);
    else
        line[0] = '\0';
    if (line[0]) {
        what = line;
    } else if (ok && r->num && strcmp(what, err_text(ERR_OK)) == 0) { /* "done" says less than what became of it */
        char filled[DEC_TEXT_MAX], average[DEC_TEXT_MAX];
        dec_format(r->filled.micro, 0, filled);
        dec_format(r->average.micro, 0, average);
        if (r->filled.micro > 0)
            snprintf(line, sizeof line, "order %u %s, %s at %s", r->num, order_state_name((enum order_state)r->state), filled, average);
        else
            snprintf(line, sizeof line, "order %u %s", r->num, r->state == STATE_PENDING ? "rests" : order_state_name((enum order_state)r->state));
        what = line;
    }
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
    if (n->level == NOTICE_ALERT)
        notify(s, n->text);
}

/* --- when to draw --- */

bool session_wants_draw(struct session *s, unsigned dirty, int64_t mono_us) {
    if (dirty & DIRTY_RUNS)
        session_recalled(s);
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
