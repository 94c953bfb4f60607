/* FOLLOWS: copy and counter trading, whom and within which bounds. FOLLOWED: what became of the targets' trades, and why some were skipped. */
#include <stdio.h>

#include "turret/base/hash.h"
#include "ui/panes/auto.h"
#include "ui/reads_as.h"
#include "ui/ticket.h"

#define TRADES 200

struct follows_state { struct list list; };

static bool shows(const struct session *s, const struct follow *f) { return !f->deleted && session_shows(s, f->account); }

static void fetch(struct session *s, void *state, struct list_rows *rows) {
    (void)state;
    int cursor = 0;
    for (const struct follow *f; (f = view_next_follow(s->view, &cursor));)
        if (shows(s, f))
            list_push(rows, f->id, f);
}

static enum role row_role(struct session *s, const void *row, int64_t now_us) {
    (void)s, (void)now_us;
    const struct follow *f = row;
    return f->paused ? ROLE_WARN : f->enabled ? ROLE_COUNT : ROLE_MUTED;
}

static const struct list_source source = {
    .table = "follows", .empty = "Nobody is followed. c makes one", .fetch = fetch, .role = row_role,
};

/* "C-2 copied gpt-apex BUY 250 YES as BUY 125 at 41.4c" is the row of the table beside; here the newest of each kind in one line. */
static void draw_last(struct session *s, struct canvas *c, struct rect r) {
    const struct follow_trade *trades[TRADES];
    const int n = view_follow_trades(s->view, 0, trades, TRADES);
    const struct follow_trade *done = NULL, *skipped = NULL;
    for (int i = 0; i < n && !(done && skipped); i++) {
        if (trades[i]->status == FOLLOWED_EXECUTED && !done)
            done = trades[i];
        else if ((trades[i]->status == FOLLOWED_SKIPPED || trades[i]->status == FOLLOWED_FAILED) && !skipped)
            skipped = trades[i];
    }
    for (int i = 0; i < 2 && i < r.h; i++) {
        const struct follow_trade *t = i ? skipped : done;
        const struct follow *f = t ? view_follow(s->view, t->follow) : NULL;
        struct view_market vm;
        char at[FORMAT_MAX], label[AUTO_LABEL_MAX], size[FORMAT_MAX];
        if (!t || !f || !view_market(s->view, t->market, &vm)) {
            canvas_text(c, r.x, r.y + i, r.w, ROLE_MUTED, 0, i ? "skip  none" : "last  none");
            continue;
        }
        const char *why = t->text[0] ? t->text : t->reason ? err_text((enum err)t->reason) : "";
        if (i)
            canvas_textf(c, r.x, r.y + i, r.w, ROLE_WARN, 0, "skip  %.8s %s %s: %s", format_clock(t->seen_us, at), follow_label(f, label), follow_status_name((enum follow_status)t->status), why);
        else
            canvas_textf(c, r.x, r.y + i, r.w, ROLE_TEXT, 0, "last  %.8s %s saw %s %s %s, did %s %s %s", format_clock(t->seen_us, at), follow_label(f, label),
                         format_action((enum order_action)t->action), format_size(vm.m, t->size, size), format_side((enum order_side)t->side),
                         format_action((enum order_action)t->our_action), format_side((enum order_side)t->our_side), why);
    }
}

static void draw(struct session *s, void *state, struct canvas *c, struct rect r, bool focused, int64_t now_us) {
    struct follows_state *p = state;
    const int foot = r.h >= 9 ? 3 : r.h >= 6 ? 1 : 0;
    list_draw(s, state, &p->list, &source, c, (struct rect){r.x, r.y, r.w, r.h - foot}, focused, now_us);
    if (!foot || !p->list.count)
        return;
    const int y = r.y + r.h - foot;
    if (foot == 3)
        draw_last(s, c, (struct rect){r.x + 1, y, r.w - 1, 2});
    const struct follow *f = view_follow(s->view, (follow_id)list_current(&p->list));
    char text[READS_AS_MAX];
    if (!f)
        return;
    follow_reads_as(s->view, f, text, sizeof text);
    canvas_text(c, r.x + 1, y + foot - 1, r.w - 1, ROLE_MUTED, 0, text);
}

static void subtitle(struct session *s, void *state, char *buf, size_t cap) {
    struct follows_state *p = state;
    list_subtitle(s, state, &p->list, &source, buf, cap);
    if (!buf[0])
        snprintf(buf, cap, "%s", s->page == 1 ? "c new" : "c new  e edit  Space on/off  x delete");
}

static unsigned action(struct session *s, void *state, enum action a) {
    struct follows_state *p = state;
    unsigned r = pane_follow_action(s, (follow_id)list_current(&p->list), a);
    return r != REACT_NONE ? r : list_action(s, state, &p->list, &source, a);
}

const struct pane pane_follows = {
    .name = "follows", .title = "COPY, COUNTER", .dirty = DIRTY_AUTOS | DIRTY_POSITIONS, .min_w = 24, .min_h = 1, .state_size = sizeof(struct follows_state),
    .draw = draw, .subtitle = subtitle, .action = action,
};

/* --- what became of the targets' trades --- */

static uint64_t trade_id(const struct follow_trade *t) { return fnv64(fnv64_u64(FNV64_INIT, t->follow), t->trade, sizeof t->trade); }

static void fetch_trades(struct session *s, void *state, struct list_rows *rows) {
    (void)state;
    static const struct follow_trade *trades[TRADES];
    const int n = view_follow_trades(s->view, 0, trades, TRADES);
    for (int i = 0; i < n; i++)
        list_push(rows, trade_id(trades[i]), trades[i]);
}
static enum role trade_role(struct session *s, const void *row, int64_t now_us) {
    (void)s, (void)now_us;
    const struct follow_trade *t = row;
    return t->status == FOLLOWED_FAILED ? ROLE_WARN : t->status == FOLLOWED_SKIPPED ? ROLE_MUTED : ROLE_COUNT;
}
static const struct list_source trades_source = {.table = "follow_trades", .empty = "No trade of a target was seen yet", .fetch = fetch_trades, .role = trade_role};

static void draw_trades(struct session *s, void *state, struct canvas *c, struct rect r, bool focused, int64_t now_us) {
    struct follows_state *p = state;
    const int foot = r.h >= 6;
    list_draw(s, state, &p->list, &trades_source, c, (struct rect){r.x, r.y, r.w, r.h - foot}, focused, now_us);
    static const struct follow_trade *trades[TRADES];
    const struct follow_trade *at = NULL;
    for (int i = 0, n = foot ? view_follow_trades(s->view, 0, trades, TRADES) : 0; i < n && !at; i++)
        at = trade_id(trades[i]) == list_current(&p->list) ? trades[i] : NULL;
    if (at && at->text[0])
        canvas_textf(c, r.x + 1, r.y + r.h - 1, r.w - 1, ROLE_WARN, 0, "%s: %s", follow_status_name((enum follow_status)at->status), at->text);
    else if (foot)
        canvas_text(c, r.x + 1, r.y + r.h - 1, r.w - 1, ROLE_HINT, 0, "loop guard: what a follow trades is never followed, nor is your own wallet");
}
static void trades_subtitle(struct session *s, void *state, char *buf, size_t cap) { list_subtitle(s, state, &((struct follows_state *)state)->list, &trades_source, buf, cap); }
static unsigned trades_action(struct session *s, void *state, enum action a) {
    struct follows_state *p = state;
    static const struct follow_trade *trades[TRADES];
    const int n = a == ACT_OPEN || a == ACT_BUY || a == ACT_SELL ? view_follow_trades(s->view, 0, trades, TRADES) : 0;
    for (int i = 0; i < n; i++)
        if (trade_id(trades[i]) == list_current(&p->list))
            return pane_market_action(s, a, trades[i]->market);
    return a == ACT_NEW ? pane_follow_action(s, 0, a) : list_action(s, state, &p->list, &trades_source, a);
}

const struct pane pane_followed = {
    .name = "followed", .title = "FOLLOWED, SKIPPED", .dirty = DIRTY_AUTOS, .min_w = 24, .min_h = 1, .state_size = sizeof(struct follows_state),
    .draw = draw_trades, .subtitle = trades_subtitle, .action = trades_action,
};

/* --- keys --- */

static unsigned toggle(struct session *s, const struct follow *f) {
    struct intent in = {.kind = f->enabled ? INTENT_FOLLOW_OFF : INTENT_FOLLOW_ON, .account = f->account, .order = f->id, .source = SOURCE_MANUAL};
    if (f->enabled) {
        session_send(s, &in);
        return REACT_HANDLED | REACT_DRAW;
    }
    char text[READS_AS_MAX + 64], label[AUTO_LABEL_MAX], reads[READS_AS_MAX];
    follow_reads_as(s->view, f, reads, sizeof reads);
    snprintf(text, sizeof text, "SWITCH ON %s: %s", follow_label(f, label), reads);
    session_confirm(s, &in, text);
    return REACT_HANDLED | REACT_DRAW;
}

unsigned pane_follow_action(struct session *s, follow_id id, enum action a) {
    const struct follow *f = id ? view_follow(s->view, id) : NULL;
    struct intent in = {.kind = INTENT_FOLLOW_DELETE, .order = id, .source = SOURCE_MANUAL};
    char label[AUTO_LABEL_MAX];
    switch (a) {
    case ACT_NEW:
        follow_form_open(s, f ? (enum follow_kind)f->kind : FOLLOW_COUNTER, 0);
        return REACT_HANDLED | REACT_DRAW;
    case ACT_EDIT:
    case ACT_TOGGLE:
    case ACT_CLOSE:
        if (!f || f->deleted) {
            session_message(s, NOTICE_WARN, "c makes one");
            return REACT_HANDLED;
        }
        if (a == ACT_TOGGLE)
            return toggle(s, f);
        in.account = f->account;
        if (a == ACT_EDIT)
            follow_form_edit(s, id);
        else
            session_confirm(s, &in, NULL);
        return REACT_HANDLED | REACT_DRAW;
    case ACT_OPEN:
        if (f)
            pane_history_text(s, follow_label(f, label), HISTORY_FOLLOW, id);
        return REACT_HANDLED | REACT_DRAW;
    case ACT_KIND:
        session_toggle_accounts(s);
        return REACT_HANDLED | REACT_DRAW;
    default:
        return REACT_NONE;
    }
}

unsigned pane_fade(struct session *s, model_id m) {
    struct view_model vm;
    if (!m || !view_model(s->view, m, &vm)) {
        session_message(s, NOTICE_WARN, "no model under the cursor to fade");
        return REACT_HANDLED;
    }
    follow_form_open(s, FOLLOW_COUNTER, m);
    return REACT_HANDLED | REACT_DRAW;
}
