/* RISK: the trading state, what is unprotected, and each limit with what of it is used. REFUSALS: what the funnel would not take, and why. */
#include <stdio.h>
#include <string.h>

#include "turret/base/hash.h"
#include "turret/base/str.h"
#include "ui/format.h"
#include "ui/panes/auto.h"

enum { LIMITS = 64, KEY_WIDTH = 22, FIGURES_WIDTH = 30, BAR_LEAST = 6, REFUSALS_MAX = 200 };

struct risk_state { int cursor, top, height; };

/* --- state --- */

static void draw_state(struct session *s, struct canvas *c, int x, int y, int w) {
    static const char *const words[] = {"ACTIVE", "REDUCING: nothing that adds exposure", "HALTED: automations fire nothing"};
    struct view_status st;
    view_status(s->view, &st);
    const enum role role = st.trading == TRADING_ACTIVE ? ROLE_OK : st.trading == TRADING_HALTED ? ROLE_HALT : ROLE_WARN;
    int used = canvas_textf(c, x, y, w, role, CELL_BOLD, "trading %s", words[st.trading < TRADING_STATE_COUNT ? st.trading : 0]);
    used += canvas_textf(c, x + used, y, w - used, st.killed ? ROLE_HALT : ROLE_MUTED, st.killed ? CELL_BOLD : 0, "   kill switch %s", st.killed ? "ON" : "off");
    canvas_text(c, x + used, y, w - used, ROLE_HINT, 0, st.trading == TRADING_ACTIVE ? "   p reduce  P halt" : "   Space active");
}

/* Open positions nobody protects: no stop at all, or one that can't fire now. */
static void draw_unprotected(struct session *s, struct canvas *c, int x, int y, int w) {
    char list[240] = "";
    int cursor = 0, none = 0, dead = 0;
    for (const struct order *o; (o = view_next_position(s->view, &cursor, true));) {
        struct view_position vp;
        struct view_market vm;
        if (!session_shows(s, o->account) || !view_position(s->view, o->id, &vp) || !view_market(s->view, o->market, &vm))
            continue;
        const bool bare = o->pos.plan.stop.micro == 0 && o->pos.plan.rules.trail_kind == TRAIL_NONE;
        none += bare;
        dead += vp.unprotected;
        const size_t n = strlen(list);
        if (bare || vp.unprotected)
            snprintf(list + n, sizeof list - n, "%s%s%s", n ? ", " : "", vm.m->symbol, vp.unprotected ? " (its stop CAN'T FIRE)" : "");
    }
    if (none + dead == 0)
        canvas_text(c, x, y, w, ROLE_MUTED, 0, "every open position has a stop");
    else
        canvas_textf(c, x, y, w, dead ? ROLE_ALERT : ROLE_WARN, dead ? CELL_BOLD : 0, "%d unprotected: %s", none + dead, list);
}

/* --- limits --- */

void pane_use_bar(struct session *s, struct canvas *c, int x, int y, int w, int64_t used, int64_t limit, bool breached) {
    const bool ascii = session_ascii(s);
    const enum role role = breached ? ROLE_ALERT : used > limit / 2 ? ROLE_WARN : ROLE_OK;
    canvas_put(c, x, y, ascii ? '[' : 0x2595, ROLE_MUTED, 0);
    canvas_bar(c, x + 1, y, w - 2, used < 0 ? 0 : used < limit ? used : limit, limit, false, ascii, role);
    canvas_put(c, x + w - 1, y, ascii ? ']' : 0x258f, ROLE_MUTED, 0);
}

static bool measured(const struct view_limit *l) { /* the others are looked at order by order: nothing of them is used up */
    static const char *const keys[] = {"max_market_exposure", "max_account_exposure", "max_total_exposure", "max_day_loss", "drawdown_halve", "drawdown_halt", "max_rejects", "max_open_orders"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (strcmp(keys[i], l->info->key) == 0)
            return true;
    return false;
}

static void draw_limit(struct session *s, struct canvas *c, struct rect r, const struct view_limit *l) {
    const bool hidden = session_money_hidden(s) && strcmp(l->info->kind, "usd") == 0, counts = measured(l);
    char limit[64], used[64], raw[64], figures[140], percent[FORMAT_MAX];
    const int key = r.w >= 48 ? KEY_WIDTH : r.w * 45 / 100;
    canvas_text(c, r.x, r.y, key, l->breached ? ROLE_ALERT : ROLE_TEXT, l->breached ? CELL_BOLD : 0, l->info->key);
    limit_text(l->info, l->limit, limit, raw);
    limit_text(l->info, l->used > 0 ? l->used : 0, used, raw);
    if (!counts || l->limit == 0)
        snprintf(figures, sizeof figures, "%s", hidden && l->limit ? "***" : limit);
    else
        snprintf(figures, sizeof figures, "%s of %s", hidden ? "***" : l->used > 0 ? used : "0", hidden ? "***" : limit);
    int x = r.x + key + 1, left = r.x + r.w - x;
    const bool narrow = left < FIGURES_WIDTH + BAR_LEAST + 9;
    if (narrow) /* the bar says what is used */
        str_copy(figures, sizeof figures, hidden && l->limit ? "***" : limit);
    const int figures_w = !narrow ? FIGURES_WIDTH : left > 2 * BAR_LEAST + 14 ? left - BAR_LEAST - 9 : left - 8;
    canvas_text(c, x, r.y, figures_w, l->limit == 0 ? ROLE_MUTED : l->breached ? ROLE_ALERT : ROLE_STRONG, 0, figures);
    x += figures_w + 1, left -= figures_w + 1;
    const int bar = left >= 60 ? 24 : left - 8;
    if (counts && l->limit > 0) {
        if (bar >= BAR_LEAST)
            pane_use_bar(s, c, x, r.y, bar, l->used, l->limit, l->breached);
        canvas_right(c, x + (bar > 0 ? bar : 0), r.y, 7, l->breached ? ROLE_ALERT : ROLE_TEXT, 0, format_percent(l->used > 0 ? l->used : 0, l->limit, 0, false, percent));
    }
    if (left >= 60)
        canvas_text(c, x + bar + 9, r.y, left - bar - 9, l->breached ? ROLE_ALERT : ROLE_HINT, 0, l->breached ? "AT THE LIMIT" : l->info->help);
}

static void draw(struct session *s, void *state, struct canvas *c, struct rect r, bool focused, int64_t now_us) {
    struct risk_state *p = state;
    struct view_limit limits[LIMITS];
    const int n = view_limit_use(s->view, session_account(s), limits, LIMITS), head = r.h >= 4 ? 2 : r.h >= 2;
    (void)now_us;
    if (head > 0)
        draw_state(s, c, r.x + 1, r.y, r.w - 1);
    if (head > 1)
        draw_unprotected(s, c, r.x + 1, r.y + 1, r.w - 1);
    p->height = r.h - head;
    p->cursor = p->cursor >= n ? n - 1 : p->cursor;
    p->cursor = p->cursor < 0 ? 0 : p->cursor;
    p->top = p->cursor < p->top ? p->cursor : p->cursor >= p->top + p->height ? p->cursor - p->height + 1 : p->top;
    p->top = p->top > n - p->height ? n - p->height : p->top;
    p->top = p->top < 0 ? 0 : p->top;
    for (int i = 0; i < p->height && p->top + i < n; i++) {
        const int y = r.y + head + i;
        draw_limit(s, c, (struct rect){r.x + 1, y, r.w - 1, 1}, &limits[p->top + i]);
        if (p->top + i != p->cursor)
            continue;
        canvas_text(c, r.x, y, 1, ROLE_SELECT, CELL_BOLD, session_ascii(s) ? ">" : "►");
        if (focused) {
            canvas_paint(c, (struct rect){r.x, y, r.w, 1}, ROLE_SELECT, CELL_REVERSE);
            c->cursor_x = r.x, c->cursor_y = y;
        }
    }
    if (n == 0 && p->height > 0)
        canvas_text(c, r.x + 1, r.y + head, r.w - 1, ROLE_MUTED, 0, "No account yet");
}

static void subtitle(struct session *s, void *state, char *buf, size_t cap) {
    struct view_account va;
    (void)state;
    if (view_account(s->view, session_account(s), &va))
        snprintf(buf, cap, "%s  e edit", va.a->name);
}

/* Less may be done at once; more is asked for. */
static unsigned to_state(struct session *s, enum trading_state to) {
    struct view_status st;
    view_status(s->view, &st);
    const struct intent in = {.kind = INTENT_TRADING_STATE, .order = to, .source = SOURCE_MANUAL, .note = "by key"};
    if (st.trading == to)
        session_message(s, NOTICE_INFO, "trading is %s already", trading_state_name(to));
    else if (to > st.trading)
        session_send(s, &in);
    else
        session_confirm(s, &in, to == TRADING_ACTIVE ? "TRADING ACTIVE again: orders that add exposure pass, automations fire" : "TRADING REDUCING: automations may fire again, but add no exposure");
    return REACT_HANDLED | REACT_DRAW;
}

static unsigned action(struct session *s, void *state, enum action a) {
    struct risk_state *p = state;
    const int half = p->height > 2 ? p->height / 2 : 1;
    switch (a) {
    case ACT_NEXT_ROW: p->cursor++; break;
    case ACT_PREV_ROW: p->cursor--; break;
    case ACT_HALF_DOWN: p->cursor += half; break;
    case ACT_HALF_UP: p->cursor -= half; break;
    case ACT_FIRST_ROW: p->cursor = 0; break;
    case ACT_LAST_ROW: p->cursor = LIMITS; break;
    case ACT_EDIT:
    case ACT_OPEN: return pane_edit_limit(s, p->cursor);
    case ACT_TOGGLE: return to_state(s, TRADING_ACTIVE);
    case ACT_PAUSE: return to_state(s, TRADING_REDUCING);
    case ACT_PAUSE_ALL: return to_state(s, TRADING_HALTED);
    default: return REACT_NONE;
    }
    return REACT_HANDLED | REACT_DRAW;
}

const struct pane pane_risk = {
    .name = "risk", .title = "RISK", .dirty = DIRTY_AUTOS | DIRTY_STATUS | DIRTY_ACCOUNT | DIRTY_POSITIONS, .min_w = 24, .min_h = 2, .state_size = sizeof(struct risk_state),
    .draw = draw, .subtitle = subtitle, .action = action,
};

/* --- refusals --- */

struct refusals_state { struct list list; };

static uint64_t refusal_id(const struct view_refusal *r) { return fnv64(fnv64_u64(fnv64_u64(FNV64_INIT, (uint64_t)r->at_us), (uint64_t)r->code), r->text, strnlen(r->text, sizeof r->text)); }
static void fetch(struct session *s, void *state, struct list_rows *rows) {
    static struct view_refusal list[REFUSALS_MAX];
    (void)state;
    const int n = view_refusals(s->view, list, REFUSALS_MAX);
    for (int i = 0; i < n; i++)
        if (session_shows(s, list[i].account))
            list_push_copy(rows, refusal_id(&list[i]), &list[i], sizeof list[i]);
}
static const struct list_source source = {.table = "refusals", .empty = "Nothing was refused", .fetch = fetch};

static void draw_refusals(struct session *s, void *state, struct canvas *c, struct rect r, bool focused, int64_t now_us) {
    list_draw(s, state, &((struct refusals_state *)state)->list, &source, c, r, focused, now_us);
}
static void refusals_subtitle(struct session *s, void *state, char *buf, size_t cap) { list_subtitle(s, state, &((struct refusals_state *)state)->list, &source, buf, cap); }
static unsigned refusals_action(struct session *s, void *state, enum action a) {
    return a == ACT_TOGGLE || a == ACT_PAUSE || a == ACT_PAUSE_ALL ? pane_risk.action(s, session_slot_named(s, "risk")->state, a)
                                                                    : list_action(s, state, &((struct refusals_state *)state)->list, &source, a);
}

const struct pane pane_refusals = {
    .name = "refusals", .title = "REFUSALS", .dirty = DIRTY_AUTOS, .min_w = 24, .min_h = 1, .state_size = sizeof(struct refusals_state),
    .draw = draw_refusals, .subtitle = refusals_subtitle, .action = refusals_action,
};
