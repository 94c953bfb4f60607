/* ORDERS: working orders first, then the latest that are done. */
#include <stdio.h>
#include <string.h>

#include "ui/format.h"
#include "ui/panes/auto.h"
#include "ui/reads_as.h"
#include "ui/ticket.h"

#define RECENT 20

struct orders_state {
    struct list list;
};

static void fetch(struct session *s, void *state, struct list_rows *rows) {
    (void)state;
    const struct order *recent[RECENT];
    int cursor = 0, done = 0;
    for (const struct order *o; (o = view_next_order(s->view, &cursor, true));)
        if (session_shows(s, o->account))
            list_push(rows, o->id, o);
    cursor = 0;
    for (const struct order *o; (o = view_next_order(s->view, &cursor, false));)
        if (!order_open(o) && session_shows(s, o->account))
            recent[done++ % RECENT] = o;
    for (int i = 0; i < done && i < RECENT; i++) {
        const struct order *o = recent[(done - 1 - i) % RECENT];
        list_push(rows, o->id, o);
    }
}

static enum role row_role(struct session *s, const void *row, int64_t now_us) {
    (void)s, (void)now_us;
    const struct order *o = row;
    return (o->flags & ORDER_OUTCOME_UNKNOWN) ? ROLE_WARN : order_open(o) ? ROLE_COUNT : ROLE_MUTED;
}

static const struct list_source source = {
    .table = "orders",
    .empty = "No orders. b and s open a ticket",
    .fetch = fetch,
    .role = row_role,
};

static const char *size_of(struct session *s, market_id market, qty size, char text[FORMAT_MAX]) {
    struct view_market vm;
    return format_size(view_market(s->view, market, &vm) ? vm.m : NULL, size, text);
}

/* Why the order under the cursor is as it is; "" when there is nothing to say. */
static void why(struct session *s, const struct order *o, char *buf, size_t cap) {
    char sent[FORMAT_MAX];
    buf[0] = 0;
    if (!o)
        return;
    if (o->flags & ORDER_OUTCOME_UNKNOWN)
        snprintf(buf, cap, "%u: outcome UNKNOWN, checking with the venue; sent %s, it will not be sent again", o->num,
                 format_clock(o->sent_us, sent));
    else if (order_open(o) && view_order_delayed_us(s->view, o->id) > s->now_us)
        snprintf(buf, cap, "%u: the venue holds it back until %s: it can't be cancelled, nothing is assumed of it", o->num, format_clock(view_order_delayed_us(s->view, o->id), sent));
    else if (o->reversed.micro > 0)
        snprintf(buf, cap, "%u: the venue took back %s of it: it was matched, but never settled", o->num, size_of(s, o->market, o->reversed, sent));
    else if (o->reason_text[0])
        snprintf(buf, cap, "%u: %s", o->num, o->reason_text);
    else if (o->reason)
        snprintf(buf, cap, "%u: %s", o->num, err_text((enum err)o->reason));
    char route[NOTE_MAX];
    size_t n = strlen(buf);
    route_text(s->view, &o->route, (enum order_side)o->side, route, sizeof route);
    if (route[0])
        snprintf(buf + n, cap - n, "%srouted: %s", n ? "  " : "", route);
    const char *note = pane_note_of(s, o->id);
    n = strlen(buf);
    if (*note)
        snprintf(buf + n, cap - n, "%snote: %s", n ? "  " : "", note);
}

static void draw(struct session *s, void *state, struct canvas *c, struct rect r, bool focused, int64_t now_us) {
    struct orders_state *p = state;
    const struct order *o = p->list.count ? view_order(s->view, list_current(&p->list)) : NULL;
    char text[2 * NOTE_MAX];
    why(s, o, text, sizeof text);
    const bool line = text[0] && r.h >= 5;
    list_draw(s, state, &p->list, &source, c, (struct rect){r.x, r.y, r.w, r.h - line}, focused, now_us);
    if (line)
        canvas_text(c, r.x + 1, r.y + r.h - 1, r.w - 1, o->flags & ORDER_OUTCOME_UNKNOWN ? ROLE_WARN : ROLE_MUTED, 0,
                    text);
}

static void subtitle(struct session *s, void *state, char *buf, size_t cap) {
    struct orders_state *p = state;
    list_subtitle(s, state, &p->list, &source, buf, cap);
}

static unsigned action(struct session *s, void *state, enum action a) {
    struct orders_state *p = state;
    const order_id id = list_current(&p->list);
    const struct order *o = id ? view_order(s->view, id) : NULL;
    if (pane_note_key(s, state, a, id) != REACT_NONE)
        return REACT_HANDLED | REACT_DRAW;
    switch (a) {
    case ACT_CLOSE:
        return o ? pane_propose_cancel(s, id) : REACT_HANDLED;
    case ACT_CLOSE_ALL:
        return o ? pane_propose_all(s, INTENT_CANCEL_ALL) : REACT_HANDLED;
    case ACT_WHY:
        return pane_why(s, id);
    case ACT_KIND:
        session_toggle_accounts(s);
        return REACT_HANDLED | REACT_DRAW;
    case ACT_EDIT:
        if (o)
            edit_order_open(s, id);
        return REACT_HANDLED | REACT_DRAW;
    case ACT_OPEN:
    case ACT_BUY:
    case ACT_SELL:
        return pane_market_action(s, a, o ? o->market : session_market(s));
    default:
        return list_action(s, state, &p->list, &source, a);
    }
}

const struct pane pane_orders = {
    .name = "orders",
    .title = "ORDERS",
    .dirty = DIRTY_ORDERS,
    .min_w = 24,
    .min_h = 2,
    .state_size = sizeof(struct orders_state),
    .draw = draw,
    .subtitle = subtitle,
    .action = action,
};
