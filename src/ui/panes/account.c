/* ACCOUNT: equity and its curve, then tabs (h and l): P&L by market, by day, risk limits and accounts. */
#include <stdio.h>
#include <string.h>

#include "ui/chart.h"
#include "ui/format.h"
#include "ui/panes/panes.h"

enum { TAB_MARKETS, TAB_DAYS, TAB_LIMITS, TAB_ACCOUNTS, TABS };
static const char *const tab_names[TABS] = {"by market", "by day", "limits", "accounts"};

struct account_state {
    int tab;
    struct list list[TABS];
};

static void fetch_markets(struct session *s, void *state, struct list_rows *rows) {
    (void)state;
    static struct view_pnl pnl[256];
    const int n = view_pnl_by_market(s->view, session_account(s), pnl, 256);
    for (int i = 0; i < n; i++)
        list_push(rows, pnl[i].market, &pnl[i]);
}
static void fetch_days(struct session *s, void *state, struct list_rows *rows) {
    (void)state;
    static struct view_day days[366];
    const int n = view_pnl_by_day(s->view, session_account(s), days, 366);
    for (int i = 0; i < n; i++)
        list_push(rows, (uint64_t)days[i].day, &days[i]);
}
static void fetch_limits(struct session *s, void *state, struct list_rows *rows) {
    (void)state;
    int n;
    const struct risk_limit_info *table = risk_limit_table(&n);
    for (int i = 0; i < n; i++) {
        struct limit_row row = {.index = i, .account = session_account(s)};
        memcpy(&row.value, (const char *)view_limits(s->view) + table[i].offset, sizeof row.value);
        list_push_copy(rows, (uint64_t)i + 1, &row, sizeof row);
    }
}
static void fetch_accounts(struct session *s, void *state, struct list_rows *rows) {
    (void)state;
    struct view_account va;
    for (int i = 0; view_account_at(s->view, i, &va); i++)
        list_push_copy(rows, va.a->id, &va, sizeof va);
}

static const struct list_source sources[TABS] = {
    {.table = "pnl", .empty = "Nothing traded today", .fetch = fetch_markets},
    {.table = "days", .empty = "No day with a trade yet", .fetch = fetch_days},
    {.table = "limits", .empty = "No limits", .fetch = fetch_limits},
    {.table = "accounts", .empty = "No accounts", .fetch = fetch_accounts},
};

static int put_figure(struct session *s, struct canvas *c, int x, int y, int right, const char *label, usd cash,
                      bool sign) {
    char text[FORMAT_MAX];
    if (sign)
        format_pnl(cash, text);
    else
        format_usd(cash, text);
    const int start = x;
    if (x + (int)strlen(label) + 1 + (int)strlen(text) > right)
        return 0;
    x += canvas_textf(c, x, y, right - x, ROLE_MUTED, 0, "%s ", label);
    const enum role role = !sign || !cash.micro ? ROLE_STRONG : cash.micro < 0 ? ROLE_DOWN : ROLE_UP;
    x += canvas_text(c, x, y, right - x, role, 0, session_money_hidden(s) ? "***" : text);
    return x + 3 - start;
}

/* Figures flow over as many of the lines as they need. */
static void draw_figures(struct session *s, struct canvas *c, struct rect r, const struct view_account *va) {
    const struct {
        const char *label;
        usd cash;
        bool sign;
    } figures[] = {
        {"equity", va->equity, false},
        {"day", va->day_pnl, true},
        {"cash", va->cash, false},
        {"available", va->available, false},
        {"margin", va->margin, false},
        {"exposure", va->exposure, false},
        {"unrealized", va->unrealized, true},
        {"realized today", va->realized_day, true},
        {"fees", USD(-va->fees_day.micro), true},
        {"funding", USD(-va->funding_day.micro), true},
    };
    int x = r.x + 1, y = r.y;
    for (size_t i = 0; i < sizeof figures / sizeof *figures && y < r.y + r.h; i++) {
        int used = put_figure(s, c, x, y, r.x + r.w, figures[i].label, figures[i].cash, figures[i].sign);
        if (!used && x > r.x + 1 && ++y < r.y + r.h)
            used = put_figure(s, c, x = r.x + 1, y, r.x + r.w, figures[i].label, figures[i].cash, figures[i].sign);
        x += used;
    }
    if (va->day_paused)
        canvas_text(c, r.x + 1, r.y + r.h - 1, r.w - 1, ROLE_ALERT, CELL_BOLD,
                    "PAUSED: the day's loss limit is reached; :resume lifts it");
}

static void draw_curve(struct session *s, struct canvas *c, struct rect r, int64_t now_us) {
    static struct view_equity samples[1440];
    static struct chart_point points[1440];
    const int n = view_equity(s->view, session_account(s), samples, 1440);
    if (n < 2) {
        canvas_text(c, r.x + 1, r.y, r.w - 1, ROLE_MUTED, 0,
                    "The equity curve begins with its second sample, one a minute");
        return;
    }
    for (int i = 0; i < n; i++)
        points[i] = (struct chart_point){samples[i].at_us, samples[i].equity.micro, samples[i].equity.micro,
                                         samples[i].equity.micro, samples[i].equity.micro};
    const struct chart ch = {
        .style = session_ascii(s) ? CHART_ASCII : CHART_BRAILLE,
        .points = points,
        .n = n,
        .from_us = points[0].at_us,
        .to_us = now_us > points[n - 1].at_us ? now_us : points[n - 1].at_us,
        .line = ROLE_CURVE1,
        .hide_axis = session_money_hidden(s),
    };
    chart_draw(c, r, &ch);
}

static void draw_tabs(const struct account_state *p, struct canvas *c, int x, int y, int w) {
    for (int i = 0; i < TABS; i++) {
        const int used = canvas_textf(c, x, y, w, i == p->tab ? ROLE_STRONG : ROLE_MUTED,
                                      i == p->tab ? CELL_REVERSE : 0, " %s ", tab_names[i]);
        x += used + 1;
        w -= used + 1;
    }
}

static void draw(struct session *s, void *state, struct canvas *c, struct rect r, bool focused, int64_t now_us) {
    struct account_state *p = state;
    struct view_account va;
    if (!view_account(s->view, session_account(s), &va)) {
        canvas_text(c, r.x + 1, r.y, r.w - 1, ROLE_MUTED, 0, "No account yet");
        return;
    }
    const int figures = r.h < 6 ? 1 : r.w >= 100 ? 2 : r.w >= 60 ? 3 : 4;
    const int curve = r.h >= 30 ? r.h / 3 : r.h >= 16 ? 6 : 0;
    draw_figures(s, c, (struct rect){r.x, r.y, r.w, figures}, &va);
    int y = r.y + figures;
    if (curve)
        draw_curve(s, c, (struct rect){r.x + 1, y, r.w - 1, curve}, now_us);
    y += curve;
    if (y < r.y + r.h)
        draw_tabs(p, c, r.x + 1, y, r.w - 1);
    const struct rect rest = {r.x, y + 1, r.w, r.y + r.h - y - 1};
    list_draw(s, state, &p->list[p->tab], &sources[p->tab], c, rest, focused, now_us);
    struct pane_slot *slot = session_slot(s, state);
    if (slot && !slot->filter[0])
        slot->total = 0; /* a count of the tab's rows would read as a count of accounts */
}

static void subtitle(struct session *s, void *state, char *buf, size_t cap) {
    (void)state;
    struct view_account va;
    if (view_account(s->view, session_account(s), &va))
        snprintf(buf, cap, "%s %s%s", va.a->name, va.a->live ? "LIVE" : "PAPER", va.reconciled ? "" : " (reconciling)");
}

static unsigned action(struct session *s, void *state, enum action a) {
    struct account_state *p = state;
    const uint64_t id = list_current(&p->list[p->tab]);
    switch (a) {
    case ACT_LEFT:
        p->tab = (p->tab + TABS - 1) % TABS;
        return REACT_HANDLED | REACT_DRAW;
    case ACT_RIGHT:
        p->tab = (p->tab + 1) % TABS;
        return REACT_HANDLED | REACT_DRAW;
    case ACT_EDIT:
        return p->tab == TAB_LIMITS && id ? pane_edit_limit(s, (int)id - 1) : REACT_HANDLED;
    case ACT_CLOSE_ALL:
        return pane_propose_all(s, INTENT_FLATTEN);
    case ACT_OPEN:
        if (p->tab == TAB_ACCOUNTS && id)
            session_set_account(s, (account_id)id);
        else if (p->tab == TAB_MARKETS && id)
            session_set_market(s, id);
        return REACT_HANDLED | REACT_DRAW;
    case ACT_BUY:
    case ACT_SELL:
        return pane_market_action(s, a, p->tab == TAB_MARKETS && id ? id : session_market(s));
    default:
        return list_action(s, state, &p->list[p->tab], &sources[p->tab], a);
    }
}

const struct pane pane_account = {
    .name = "account",
    .title = "ACCOUNT",
    .dirty = DIRTY_ACCOUNT | DIRTY_POSITIONS,
    .min_w = 24,
    .min_h = 3,
    .state_size = sizeof(struct account_state),
    .draw = draw,
    .subtitle = subtitle,
    .action = action,
};
