/* SNIPERS and ALERTS: levels that are watched, what they do, how far they are. New ones are off; arming asks with the whole sentence. */
#include <stdio.h>
#include <string.h>

#include "turret/base/str.h"
#include "ui/panes/auto.h"
#include "ui/panes/watch_window.h"
#include "ui/reads_as.h"
#include "ui/ticket.h"

struct watch_state {
    struct list list;
    struct watch_window window;
};

static void fetch(struct session *s, struct watch_state *p, struct list_rows *rows, enum watch_kind k) {
    struct view_watch vw;
    window_refresh(s, &p->window, k);
    for (int i = 0; i < p->window.n; i++)
        if (view_watch(s->view, p->window.id[i], &vw))
            list_push(rows, p->window.id[i], vw.w);
}
static void fetch_snipers(struct session *s, void *state, struct list_rows *rows) { fetch(s, state, rows, WATCH_SNIPER); }
static void fetch_alerts(struct session *s, void *state, struct list_rows *rows) { fetch(s, state, rows, WATCH_ALERT); }

static enum role row_role(struct session *s, const void *row, int64_t now_us) {
    (void)s, (void)now_us;
    const struct watch *w = row;
    return w->status == WATCH_FAILED ? ROLE_WARN : !watch_live(w) ? ROLE_MUTED : ROLE_COUNT;
}

static const struct list_source sources[WATCH_KIND_COUNT] = {
    [WATCH_SNIPER] = {.table = "snipers", .empty = "No snipers. c makes one", .fetch = fetch_snipers, .role = row_role},
    [WATCH_ALERT] = {.table = "alerts", .empty = "No alerts. c makes one", .fetch = fetch_alerts, .role = row_role},
};

static void draw(struct session *s, struct watch_state *p, enum watch_kind k, struct canvas *c, struct rect r, bool focused, int64_t now_us) {
    struct pane_slot *slot = session_slot(s, p);
    list_draw(s, p, &p->list, &sources[k], c, r, focused, now_us);
    if (slot && !slot->filter[0])
        slot->total = (int)p->window.count;
    const watch_id at = (watch_id)list_current(&p->list);
    struct view_watch vw;
    if (at && (focused || !session_watch(s) || !view_watch(s->view, session_watch(s), &vw)))
        session_set_watch(s, at);
}
static void draw_snipers(struct session *s, void *state, struct canvas *c, struct rect r, bool focused, int64_t now_us) { draw(s, state, WATCH_SNIPER, c, r, focused, now_us); }
static void draw_alerts(struct session *s, void *state, struct canvas *c, struct rect r, bool focused, int64_t now_us) { draw(s, state, WATCH_ALERT, c, r, focused, now_us); }

static void subtitle(struct session *s, void *state, char *buf, size_t cap) {
    struct watch_state *p = state;
    struct pane_slot *slot = session_slot(s, state);
    const struct watch_window *w = &p->window;
    if (w->start || w->more)
        snprintf(buf, cap, "%d of %zu are here  g G ends", w->live, w->count);
    else if (slot && slot->sort_key[0])
        list_subtitle(s, state, &p->list, &sources[WATCH_SNIPER], buf, cap);
    else
        snprintf(buf, cap, "%s", s->page == 1 ? "c new  Space on/off" : "c new  e edit  Space on/off  x delete");
}

static unsigned action(struct session *s, struct watch_state *p, enum watch_kind k, enum action a) {
    struct list *l = &p->list;
    unsigned r = pane_watch_action(s, k, (watch_id)list_current(l), a);
    if (r != REACT_NONE)
        return r;
    const bool down = a == ACT_NEXT_ROW || a == ACT_HALF_DOWN, up = a == ACT_PREV_ROW || a == ACT_HALF_UP;
    bool moved = false;
    if (a == ACT_FIRST_ROW)
        moved = p->window.start > 0, window_first(&p->window);
    else if (a == ACT_LAST_ROW)
        moved = p->window.more, window_last(s, &p->window, k);
    else if (down && l->cursor + l->height >= l->count)
        moved = window_down(s, &p->window, k);
    else if (up && l->cursor < l->height)
        moved = window_up(s, &p->window, k);
    if (moved)
        list_reload(s, p, l, &sources[k]);
    return list_action(s, p, l, &sources[k], a);
}
static unsigned action_snipers(struct session *s, void *state, enum action a) { return action(s, state, WATCH_SNIPER, a); }
static unsigned action_alerts(struct session *s, void *state, enum action a) { return action(s, state, WATCH_ALERT, a); }

#define DIRTY (DIRTY_AUTOS | DIRTY_BOOK | DIRTY_MARKETS)
const struct pane pane_snipers = {
    .name = "snipers", .title = "SNIPERS", .dirty = DIRTY, .min_w = 24, .min_h = 1, .state_size = sizeof(struct watch_state), .draw = draw_snipers, .subtitle = subtitle, .action = action_snipers,
};
const struct pane pane_alerts = {
    .name = "alerts", .title = "ALERTS", .dirty = DIRTY, .min_w = 24, .min_h = 1, .state_size = sizeof(struct watch_state), .draw = draw_alerts, .subtitle = subtitle, .action = action_alerts,
};

/* --- keys that all panes of watches have ------------------------------------------------------------ */

static unsigned toggle(struct session *s, const struct watch *w) {
    struct intent in = {.kind = w->flags & WATCH_ARMED ? INTENT_WATCH_DISARM : INTENT_WATCH_ARM, .account = w->account, .order = w->id, .source = SOURCE_MANUAL};
    if (in.kind == INTENT_WATCH_DISARM) {
        session_send(s, &in); /* safe: it can only do less */
        return REACT_HANDLED | REACT_DRAW;
    }
    char text[READS_AS_MAX + 64], label[AUTO_LABEL_MAX], reads[READS_AS_MAX];
    watch_reads_as(s->view, w, reads, sizeof reads);
    struct view_watch vw;
    const bool now = view_watch(s->view, w->id, &vw) && vw.known && vw.distance == 0; /* nobody should learn it from the fill */
    snprintf(text, sizeof text, "ARM %s: %s%s", watch_label(w, label), reads, !now ? "" : w->kind == WATCH_SNIPER ? ". IT IS THERE NOW: it may fire at once" : ". It is there now");
    session_confirm(s, &in, text);
    return REACT_HANDLED | REACT_DRAW;
}

unsigned pane_watch_action(struct session *s, enum watch_kind k, watch_id id, enum action a) {
    struct view_watch vw;
    const bool known = id && view_watch(s->view, id, &vw), market = known && figure_info((enum figure)vw.w->figure)->subject == SUBJECT_MARKET;
    switch (a) {
    case ACT_NEW:
        watch_form_open(s, k, market ? vw.w->subject : 0);
        return REACT_HANDLED | REACT_DRAW;
    case ACT_EDIT:
    case ACT_TOGGLE:
    case ACT_CLOSE:
        if (!known || !watch_live(vw.w)) {
            session_message(s, NOTICE_WARN, known ? "it is over: c makes a new one" : "c makes one");
            return REACT_HANDLED;
        }
        if (a == ACT_TOGGLE)
            return toggle(s, vw.w);
        if (a == ACT_EDIT) {
            watch_form_edit(s, id);
        } else {
            const struct intent in = {.kind = INTENT_WATCH_CANCEL, .account = vw.w->account, .order = id, .source = SOURCE_MANUAL};
            session_confirm(s, &in, NULL);
        }
        return REACT_HANDLED | REACT_DRAW;
    case ACT_DRY_RUN:
        if (known)
            pane_dry_run_text(s, vw.w);
        return REACT_HANDLED | REACT_DRAW;
    case ACT_OPEN:
        if (known) {
            char label[AUTO_LABEL_MAX];
            if (market)
                session_set_market(s, vw.w->subject);
            pane_history_text(s, watch_label(vw.w, label), vw.w->kind == WATCH_ALERT ? HISTORY_ALERT : HISTORY_SNIPER, id);
        }
        return REACT_HANDLED | REACT_DRAW;
    case ACT_BUY:
    case ACT_SELL:
        return pane_market_action(s, a, market ? vw.w->subject : session_market(s));
    case ACT_KIND:
        session_toggle_accounts(s);
        return REACT_HANDLED | REACT_DRAW;
    default:
        return REACT_NONE;
    }
}

/* What happened to it, newest first, on a page of text. */
void pane_history_text(struct session *s, const char *label, enum history_kind k, uint64_t id) {
    enum { ROWS = 200 };
    const struct history *rows[ROWS];
    const int n = view_history(s->view, k, id, rows, ROWS);
    char title[48], at[FORMAT_MAX];
    struct str t;
    str_init(&t);
    str_add(&t, n ? "" : "Nothing has happened to it yet, or it was before this memory: turret history asks the archive\n");
    for (int i = 0; i < n; i++) {
        const struct order *o = rows[i]->order ? view_order(s->view, rows[i]->order) : NULL;
        format_rfc3339(rows[i]->at_us, at);
        str_addf(&t, "  %.10s %.8s  %-10s %s", at, at + 11, rows[i]->what, rows[i]->text);
        if (o)
            str_addf(&t, "  order %u %s", o->num, order_state_name((enum order_state)o->state));
        str_add(&t, "\n");
    }
    snprintf(title, sizeof title, "HISTORY %s", label);
    session_open_text(s, title, t.p);
    str_free(&t);
}
