/* POSITIONS: what is held, what it is worth, and what one gets for it now. */
#include <stdio.h>

#include "turret/base/str.h"
#include "ui/format.h"
#include "ui/panes/auto.h"
#include "ui/reads_as.h"
#include "ui/ticket.h"

struct positions_state {
    struct list list;
};

static void fetch(struct session *s, void *state, struct list_rows *rows) {
    (void)state;
    int cursor = 0;
    for (const struct order *o; (o = view_next_position(s->view, &cursor, true));)
        if (session_shows(s, o->account))
            list_push(rows, o->id, o);
}

static enum role row_role(struct session *s, const void *row, int64_t now_us) {
    (void)now_us;
    const struct order *o = row;
    struct view_position vp;
    if (!view_position(s->view, o->id, &vp))
        return ROLE_COUNT;
    return vp.unprotected ? ROLE_ALERT : vp.stale ? ROLE_STALE : ROLE_COUNT;
}

static const struct list_source source = {
    .table = "positions",
    .empty = "No positions. b opens a ticket, 7 finds markets",
    .fetch = fetch,
    .role = row_role,
};

static const char *money(struct session *s, const char *text) {
    return session_money_hidden(s) ? "***" : text;
}

/* "exit now: 250 @ 46.8c avg (-0.2 slip, fee 0.88) -> +13.12   x closes" */
static void draw_exit(struct session *s, struct canvas *c, int x, int y, int w, const struct view_position *vp,
                      const struct market *m) {
    const unsigned unit = FORMAT_UNIT | (session_ascii(s) ? FORMAT_ASCII : 0);
    char size[FORMAT_MAX], avg[FORMAT_MAX], slip[FORMAT_MAX], fee[FORMAT_MAX], pnl[FORMAT_MAX];
    if (!vp->exit.filled.micro) {
        canvas_text(c, x, y, w, ROLE_WARN, 0, "exit now: nobody bids; the book can't take it");
        return;
    }
    const int64_t slipped = vp->exit.average.micro - vp->exit_touch.micro;
    format_price(m, PRICE(slipped), FORMAT_FINE, slip);
    const char *sign = slipped > 0 ? "+" : "";
    int used =
        canvas_textf(c, x, y, w, ROLE_TEXT, 0, "exit now: %s @ %s avg (%s%s slip, fee %s) %s ",
                     format_size(m, vp->exit.filled, size), format_price(m, vp->exit.average, FORMAT_FINE | unit, avg),
                     sign, slipped ? slip : "0", format_usd(vp->exit_fee, fee), session_ascii(s) ? "->" : "→");
    format_pnl(vp->exit_pnl, pnl);
    used +=
        canvas_text(c, x + used, y, w - used, vp->exit_pnl.micro < 0 ? ROLE_DOWN : ROLE_UP, CELL_BOLD, money(s, pnl));
    const bool part = vp->exit.filled.micro < vp->o->pos.open.micro;
    canvas_text(c, x + used, y, w - used, part ? ROLE_WARN : ROLE_HINT, 0,
                part ? "  only part: the book is thin" : "  x close");
}

static void draw_plan(struct session *s, struct canvas *c, int x, int y, int w, const struct view_position *vp,
                      const struct market *m, int64_t now_us) {
    const struct order *o = vp->o;
    char stop[FORMAT_MAX], target[FORMAT_MAX], liq[FORMAT_MAX], held[FORMAT_MAX];
    const unsigned unit = FORMAT_UNIT | (session_ascii(s) ? FORMAT_ASCII : 0);
    int used = 0;
    if (vp->unprotected)
        used = canvas_textf(c, x, y, w, ROLE_ALERT, CELL_BOLD, "UNPROTECTED: %s  ", vp->unprotected_why ? vp->unprotected_why : "the stop can't fire now");
    used +=
        canvas_textf(c, x + used, y, w - used, ROLE_MUTED, 0, "stop %s  target %s",
                     format_price(m, o->pos.plan.stop, unit, stop), format_price(m, o->pos.plan.target, unit, target));
    if (vp->liquidation.micro)
        used += canvas_textf(c, x + used, y, w - used, ROLE_WARN, 0, "  liq %s",
                             format_price(m, vp->liquidation, unit, liq));
    if (vp->unsettled.micro > 0)
        used += canvas_textf(c, x + used, y, w - used, ROLE_WARN, 0, "  ~%s not settled yet: sold only then", format_size(m, vp->unsettled, liq));
    if (o->pos.reserved.micro)
        used +=
            canvas_textf(c, x + used, y, w - used, ROLE_MUTED, 0, "  closing %s", format_size(m, o->pos.reserved, liq));
    char rules[READS_AS_MAX];
    rules_text(m, &o->pos.plan.rules, rules, sizeof rules);
    used += canvas_textf(c, x + used, y, w - used, ROLE_OWN, 0, "%s%s", rules[0] ? " " : "", rules);
    used += canvas_textf(c, x + used, y, w - used, ROLE_MUTED, 0, "  held %s  by %s #%u%s",
                 format_age(now_us - o->pos.opened_us, held), order_source_name((enum order_source)o->source), o->num,
                 vp->stale ? "  STALE BOOK" : "");
    const char *note = pane_note_of(s, o->id);
    if (*note)
        canvas_textf(c, x + used, y, w - used, ROLE_OWN, 0, "  note: %s", note);
}

/* What a position can lose: to its stop, else all that was paid, else its margin. */
static usd worst_of(const struct view_position *vp, const struct market *m) {
    if (vp->o->pos.plan.stop.micro)
        return vp->risk;
    return format_cents(m) ? vp->o->pos.cost : vp->margin;
}

static void draw_totals(struct session *s, struct canvas *c, int x, int y, int w) {
    usd cost = {0}, pnl = {0}, worst = {0};
    int count = 0, cursor = 0;
    for (const struct order *o; (o = view_next_position(s->view, &cursor, true));) {
        struct view_position vp;
        struct view_market vm;
        if (!session_shows(s, o->account) || !view_position(s->view, o->id, &vp) ||
            !view_market(s->view, o->market, &vm))
            continue;
        count++;
        cost = usd_add_sat(cost, o->pos.cost);
        pnl = usd_add_sat(pnl, vp.unrealized);
        worst = usd_add_sat(worst, worst_of(&vp, vm.m));
    }
    char a[FORMAT_MAX], b[FORMAT_MAX], d[FORMAT_MAX];
    format_usd(cost, a);
    format_pnl(pnl, b);
    format_pnl(USD(-worst.micro), d);
    const char *dash = session_ascii(s) ? "--" : "──";
    int used = canvas_textf(c, x, y, w, ROLE_MUTED, 0, "%s total %d  cost %s  ", dash, count, money(s, a));
    used += canvas_textf(c, x + used, y, w - used, pnl.micro < 0 ? ROLE_DOWN : ROLE_UP, 0, "P&L %s", money(s, b));
    canvas_textf(c, x + used, y, w - used, ROLE_MUTED, 0, "  worst case %s %s", money(s, d), dash);
}

static void draw(struct session *s, void *state, struct canvas *c, struct rect r, bool focused, int64_t now_us) {
    struct positions_state *p = state;
    const int strip = r.h >= 8 ? 3 : r.h >= 5 ? 1 : 0;
    list_draw(s, state, &p->list, &source, c, (struct rect){r.x, r.y, r.w, r.h - strip}, focused, now_us);
    struct view_position vp;
    struct view_market vm;
    if (!strip || !p->list.count)
        return;
    draw_totals(s, c, r.x + 1, r.y + r.h - 1, r.w - 1);
    if (strip < 3 || !view_position(s->view, list_current(&p->list), &vp) || !view_market(s->view, vp.o->market, &vm))
        return;
    draw_exit(s, c, r.x + 1, r.y + r.h - 3, r.w - 1, &vp, vm.m);
    draw_plan(s, c, r.x + 1, r.y + r.h - 2, r.w - 1, &vp, vm.m, now_us);
}

static void subtitle(struct session *s, void *state, char *buf, size_t cap) {
    struct positions_state *p = state;
    list_subtitle(s, state, &p->list, &source, buf, cap);
    int cursor = 0;
    struct view_position vp;
    for (const struct order *o; !buf[0] && (o = view_next_position(s->view, &cursor, true));)
        if (session_shows(s, o->account) && view_position(s->view, o->id, &vp) && vp.unsettled.micro > 0)
            snprintf(buf, cap, "~ not settled");
}

static unsigned action(struct session *s, void *state, enum action a) {
    struct positions_state *p = state;
    const order_id id = list_current(&p->list);
    const struct order *o = id ? view_order(s->view, id) : NULL;
    if (pane_note_key(s, state, a, id) != REACT_NONE)
        return REACT_HANDLED | REACT_DRAW;
    switch (a) {
    case ACT_FADE:
        return pane_fade(s, o && view_model_of(s->view, o->account) ? view_model_of(s->view, o->account)->id : 0);
    case ACT_CLOSE:
        return o ? pane_propose_close(s, id) : REACT_HANDLED;
    case ACT_CLOSE_ALL:
        return o ? pane_propose_all(s, INTENT_FLATTEN) : REACT_HANDLED;
    case ACT_WHY:
        return pane_why(s, id);
    case ACT_KIND:
        session_toggle_accounts(s);
        return REACT_HANDLED | REACT_DRAW;
    case ACT_EDIT:
        if (o)
            edit_position_open(s, id);
        return REACT_HANDLED | REACT_DRAW;
    case ACT_OPEN:
    case ACT_BUY:
    case ACT_SELL:
        return pane_market_action(s, a, o ? o->market : session_market(s));
    default:
        return list_action(s, state, &p->list, &source, a);
    }
}

const struct pane pane_positions = {
    .name = "positions",
    .title = "POSITIONS",
    .dirty = DIRTY_POSITIONS | DIRTY_BOOK | DIRTY_MARKETS,
    .min_w = 24,
    .min_h = 3,
    .state_size = sizeof(struct positions_state),
    .draw = draw,
    .subtitle = subtitle,
    .action = action,
};
