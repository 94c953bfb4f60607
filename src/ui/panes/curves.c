/* EQUITY: the curves of all models and the person in one chart; v changes what is drawn, h and l the span. */
#include "ui/curves.h"

#include <stdio.h>
#include <string.h>

#include "ui/format.h"
#include "ui/panes/panes.h"

#define SERIES 9
#define SAMPLES 2048
#define HOUR 3600000000LL

enum kind { KIND_EQUITY, KIND_RETURN, KIND_DRAWDOWN, KIND_MARKETS, KINDS };
static const char *const kind_names[KINDS] = {"equity", "return %", "drawdown %", "P&L by market"};
static const struct { int64_t us; const char *name; } spans[] = {{INT64_MAX, "all"}, {HOUR, "1h"}, {6 * HOUR, "6h"}, {24 * HOUR, "24h"}, {168 * HOUR, "7d"}};
#define SPANS ((int)(sizeof spans / sizeof *spans))

struct curves_state { int kind, span; };

/* Newest samples, and what it is worth now. */
static int points_of(struct session *s, account_id a, int kind, int64_t now_us, struct curve_point *out) {
    static struct view_equity samples[SAMPLES];
    struct view_account va;
    int n = view_equity(s->view, a, samples, SAMPLES - 1);
    if (view_account(s->view, a, &va) && va.reconciled && (n == 0 || now_us > samples[n - 1].at_us))
        samples[n++] = (struct view_equity){now_us, va.equity};
    int64_t peak = 0;
    for (int i = 0; i < n; i++) {
        int64_t v = samples[i].equity.micro, first = samples[0].equity.micro;
        peak = v > peak ? v : peak;
        if (kind == KIND_RETURN)
            v = first > 0 ? (int64_t)((__int128)(v - first) * 100 * DEC_ONE / first) : 0;
        else if (kind == KIND_DRAWDOWN)
            v = peak > 0 ? (int64_t)((__int128)(v - peak) * 100 * DEC_ONE / peak) : 0;
        out[i] = (struct curve_point){samples[i].at_us, v};
    }
    return n;
}

static void draw_chart(struct session *s, const struct curves_state *p, struct canvas *c, struct rect r, int64_t now_us) {
    static struct curve_point points[SERIES][SAMPLES];
    static struct standing rows[SERIES];
    struct curve list[SERIES];
    struct curves cs = {.list = list, .to_us = now_us, .from_us = now_us, .ascii = session_ascii(s), .percent = p->kind != KIND_EQUITY,
                        .hide_axis = p->kind == KIND_EQUITY && session_money_hidden(s)};
    const int n = standings(s->view, rows, SERIES);
    for (int i = 0; i < n; i++) {
        struct view_account va;
        if (!view_account(s->view, rows[i].account, &va))
            continue;
        struct curve *k = &list[cs.n];
        *k = (struct curve){points[cs.n], points_of(s, rows[i].account, p->kind, now_us, points[cs.n]), va.a->name, (enum role)(ROLE_CURVE1 + cs.n % 6), cs.n + 1};
        if (k->n > 0 && k->points[0].at_us < cs.from_us)
            cs.from_us = k->points[0].at_us;
        cs.n++;
    }
    if (spans[p->span].us < cs.to_us - cs.from_us)
        cs.from_us = cs.to_us - spans[p->span].us;
    if (cs.n == 0 || cs.from_us == cs.to_us)
        canvas_text(c, r.x + 1, r.y, r.w - 1, ROLE_MUTED, 0, "The curves begin with the accounts' second sample");
    else
        curves_draw(c, r, &cs);
}

/* Today's P&L of the model under the cursor, market by market. */
static void draw_markets(struct session *s, struct canvas *c, struct rect r) {
    static struct view_pnl rows[64];
    struct view_model vm;
    account_id a = session_model(s) && view_model(s->view, session_model(s), &vm) ? vm.m->account : session_account(s);
    const int n = view_pnl_by_market(s->view, a, rows, 64);
    int64_t most = 1;
    for (int i = 0; i < n; i++) {
        int64_t v = rows[i].realized.micro + rows[i].unrealized.micro - rows[i].fees.micro - rows[i].funding.micro;
        most = v > most ? v : -v > most ? -v : most;
    }
    for (int i = 0; i < n && i < r.h; i++) {
        struct view_market m;
        char text[FORMAT_MAX];
        const int64_t v = rows[i].realized.micro + rows[i].unrealized.micro - rows[i].fees.micro - rows[i].funding.micro;
        if (!view_market(s->view, rows[i].market, &m))
            continue;
        canvas_text(c, r.x + 1, r.y + i, 18, ROLE_TEXT, 0, m.m->symbol);
        canvas_right(c, r.x + 19, r.y + i, 11, v < 0 ? ROLE_DOWN : ROLE_UP, 0, session_money_hidden(s) ? "***" : format_pnl(USD(v), text));
        if (r.w > 40)
            canvas_bar(c, r.x + 32, r.y + i, r.w - 33, v < 0 ? -v : v, most, false, session_ascii(s), v < 0 ? ROLE_DOWN : ROLE_UP);
    }
    if (n == 0)
        canvas_text(c, r.x + 1, r.y, r.w - 1, ROLE_MUTED, 0, "Nothing traded today");
}

static void draw(struct session *s, void *state, struct canvas *c, struct rect r, bool focused, int64_t now_us) {
    const struct curves_state *p = state;
    if (focused)
        c->cursor_x = r.x, c->cursor_y = r.y + r.h - 1;
    if (p->kind == KIND_MARKETS)
        draw_markets(s, c, r);
    else
        draw_chart(s, p, c, r, now_us);
}

static void subtitle(struct session *s, void *state, char *buf, size_t cap) {
    const struct curves_state *p = state;
    (void)s;
    snprintf(buf, cap, "v %s  h l %s", kind_names[p->kind], spans[p->span].name);
}

static unsigned action(struct session *s, void *state, enum action a) {
    struct curves_state *p = state;
    switch (a) {
    case ACT_KIND:
        p->kind = (p->kind + 1) % KINDS;
        return REACT_HANDLED | REACT_DRAW;
    case ACT_LEFT:
    case ACT_RIGHT:
        p->span = (p->span + (a == ACT_RIGHT ? 1 : SPANS - 1)) % SPANS;
        return REACT_HANDLED | REACT_DRAW;
    case ACT_PAUSE:
    case ACT_PAUSE_ALL:
        return pane_pause(s, a == ACT_PAUSE_ALL);
    default:
        return REACT_NONE;
    }
}

const struct pane pane_curves = {
    .name = "curves",
    .title = "EQUITY",
    .dirty = DIRTY_ACCOUNT | DIRTY_MODELS,
    .min_w = 16,
    .min_h = 3,
    .state_size = sizeof(struct curves_state),
    .draw = draw,
    .subtitle = subtitle,
    .action = action,
};
