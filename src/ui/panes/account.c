/* ACCOUNT: equity and its curve, of a real one what the venue says, then tabs (h and l): P&L by market, by day, risk limits, accounts, claims. */
#include <stdio.h>
#include <string.h>

#include "turret/base/hash.h"
#include "turret/base/utf8.h"
#include "ui/chart.h"
#include "ui/format.h"
#include "ui/panes/panes.h"

enum { TAB_MARKETS, TAB_DAYS, TAB_LIMITS, TAB_ACCOUNTS, TAB_CLAIMS, TABS };
static const char *const tab_names[TABS] = {"by market", "by day", "limits", "accounts", "to claim"};

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

static uint64_t claim_id(const struct ev_claim *x) { return fnv64_u64(fnv64_u64(FNV64_INIT, x->market), x->side + 2 * (uint64_t)x->account); }
static void fetch_claims(struct session *s, void *state, struct list_rows *rows) {
    struct view_account va;
    (void)state;
    for (int i = 0; view_account_at(s->view, i, &va); i++)
        for (int k = 0; k < va.claim_count; k++)
            if (session_shows(s, va.a->id))
                list_push(rows, claim_id(&va.claims[k]), &va.claims[k]);
}

static const struct list_source sources[TABS] = {
    {.table = "pnl", .empty = "Nothing traded today", .fetch = fetch_markets},
    {.table = "days", .empty = "No day with a trade yet", .fetch = fetch_days},
    {.table = "limits", .empty = "No limits", .fetch = fetch_limits},
    {.table = "accounts", .empty = "No accounts", .fetch = fetch_accounts},
    {.table = "claims", .empty = "Nothing to claim: no resolved market owes this account anything", .fetch = fetch_claims},
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

struct said { char text[64]; enum role role; };

static int say_venue(struct session *s, const struct view_account *va, struct said out[8]) {
    char text[FORMAT_MAX];
    const usd claims = account_claims(va);
    const bool hidden = session_money_hidden(s), known = va->funds_known;
    int n = 0;
    snprintf(out[n].text, sizeof out->text, "%s says:%s", format_venue((enum venue_id)va->a->venue), known ? "" : " nothing yet");
    out[n++].role = ROLE_MUTED;
    if (known && va->funds.balance.micro >= 0) {
        snprintf(out[n].text, sizeof out->text, "balance %s", hidden ? "***" : format_usd(va->funds.balance, text));
        out[n++].role = ROLE_STRONG;
    }
    if (known && va->funds.allowance.micro >= 0) {
        snprintf(out[n].text, sizeof out->text, "spendable %s", hidden ? "***" : format_allowance(va->funds.allowance, text));
        out[n++].role = va->funds.allowance.micro < va->funds.balance.micro ? ROLE_WARN : ROLE_MUTED;
    }
    if (known && va->funds.locked.micro >= 0) {
        snprintf(out[n].text, sizeof out->text, "in orders %s", hidden ? "***" : format_usd(va->funds.locked, text));
        out[n++].role = ROLE_MUTED;
    }
    if (va->provisional) {
        snprintf(out[n].text, sizeof out->text, "~%d fill%s not settled", va->provisional, va->provisional == 1 ? "" : "s");
        out[n++].role = ROLE_WARN;
    }
    if (claims.micro > 0) {
        snprintf(out[n].text, sizeof out->text, "to claim %s", hidden ? "***" : format_usd(claims, text));
        out[n++].role = ROLE_UP;
    }
    if (!va->may_trade) {
        snprintf(out[n].text, sizeof out->text, "exits only (:live %s)", va->a->name);
        out[n++].role = ROLE_WARN;
    }
    return n;
}

/* What the venue says, beside our own books and never booked; flows over as many lines as it needs. The lines used, at most `max`. */
static int draw_venue(struct session *s, struct canvas *c, struct rect r, int max, const struct view_account *va) {
    struct said said[8];
    int x = r.x, line = 0;
    for (int i = 0, n = say_venue(s, va, said); i < n; i++) {
        const int w = utf8_str_width(said[i].text);
        if (x > r.x && x + w > r.x + r.w && line + 1 < max)
            x = r.x, line++;
        x += canvas_text(c, x, r.y + line, r.x + r.w - x, said[i].role, 0, said[i].text) + 3;
    }
    return line + 1;
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

/* Claims only where a real venue can owe something. */
static int tabs_of(const struct session *s) {
    struct view_account va;
    for (int i = 0; view_account_at(s->view, i, &va); i++)
        if (va.a->live)
            return TABS;
    return TAB_CLAIMS;
}

static void draw_tabs(const struct session *s, const struct account_state *p, struct canvas *c, int x, int y, int w) {
    for (int i = 0; i < tabs_of(s); i++) {
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
    const int curve = r.h >= 30 ? r.h / 3 : r.h >= 16 + va.a->live ? 6 : 0;
    draw_figures(s, c, (struct rect){r.x, r.y, r.w, figures}, &va);
    int y = r.y + figures;
    if (va.a->live && r.h >= 4)
        y += draw_venue(s, c, (struct rect){r.x + 1, y, r.w - 1, 1}, r.h >= 12 ? 2 : 1, &va);
    if (curve)
        draw_curve(s, c, (struct rect){r.x + 1, y, r.w - 1, curve}, now_us);
    y += curve;
    if (y < r.y + r.h)
        draw_tabs(s, p, c, r.x + 1, y, r.w - 1);
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

/* Where it is claimed, whole: the column may be cut. */
static void claim_said(struct session *s, uint64_t id) {
    struct view_account va;
    for (int i = 0; view_account_at(s->view, i, &va); i++)
        for (int k = 0; k < va.claim_count; k++)
            if (claim_id(&va.claims[k]) == id)
                session_message(s, NOTICE_INFO, "claim it at %s", va.claims[k].where);
}

static unsigned action(struct session *s, void *state, enum action a) {
    struct account_state *p = state;
    const uint64_t id = list_current(&p->list[p->tab]);
    switch (a) {
    case ACT_LEFT:
        p->tab = (p->tab + tabs_of(s) - 1) % tabs_of(s);
        return REACT_HANDLED | REACT_DRAW;
    case ACT_RIGHT:
        p->tab = (p->tab + 1) % tabs_of(s);
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
        else if (p->tab == TAB_CLAIMS && id)
            claim_said(s, id);
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
