/* DAY: the figures of one day and the calendar of its month: each day's P&L by sign and figure. n writes a note on the day. */
#include <stdio.h>
#include <string.h>

#include "turret/base/str.h"
#include "turret/base/utf8.h"
#include "ui/format.h"
#include "ui/panes/auto.h"

#define DAY_US 86400000000LL
enum { DAYS_MAX = 400, WEEK = 7, CELL_LEAST = 4, CELL_ROOMY = 7 };

struct day_state { int32_t back; /* days before today */ };

/* Year, month and day of the month of a day since 1970. */
static void civil(int32_t day, int *year, int *month, int *mday) {
    const int64_t z = (int64_t)day + 719468, era = (z >= 0 ? z : z - 146096) / 146097;
    const int64_t doe = z - era * 146097, yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365, doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    *mday = (int)(doy - (153 * mp + 2) / 5 + 1);
    *month = (int)(mp < 10 ? mp + 3 : mp - 9);
    *year = (int)(yoe + era * 400 + (*month <= 2));
}
static int month_days(int year, int month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}
static int weekday(int32_t day) { return (int)(((day + 3) % WEEK + WEEK) % WEEK); } /* 0 = Monday */

static int32_t today(const struct session *s) { return (int32_t)(session_now_us(s) / DAY_US); }
static usd net(const struct view_day *d) { return USD(d->realized.micro - d->fees.micro - d->funding.micro); }

struct month { struct view_day days[DAYS_MAX]; int n; int32_t today; usd today_pnl; bool known; };

static void gather(struct session *s, struct month *m) {
    struct view_account va;
    m->n = view_pnl_by_day(s->view, session_account(s), m->days, DAYS_MAX);
    m->today = today(s);
    m->known = view_account(s->view, session_account(s), &va);
    m->today_pnl = m->known ? va.day_pnl : USD(0);
}
static const struct view_day *day_of(const struct month *m, int32_t day) {
    for (int i = 0; i < m->n; i++)
        if (m->days[i].day == day)
            return &m->days[i];
    return NULL;
}
/* Of today what is open counts too; of other days what was realized, less costs. False: nothing happened. */
static bool pnl_of(const struct month *m, int32_t day, usd *out) {
    const struct view_day *d = day_of(m, day);
    *out = day == m->today ? m->today_pnl : d ? net(d) : USD(0);
    return (day == m->today && m->known) || (d && (d->realized.micro || d->fees.micro || d->funding.micro));
}

static const char *shown(struct session *s, const char *text) { return session_money_hidden(s) ? "***" : text; }

static int draw_figures(struct session *s, const struct month *m, int32_t day, struct canvas *c, struct rect r) {
    const struct view_day *d = day_of(m, day);
    char date[FORMAT_MAX], a[FORMAT_MAX], b[FORMAT_MAX], f[FORMAT_MAX];
    usd pnl, cost = {0};
    struct view_model vm;
    const bool any = pnl_of(m, day, &pnl);
    int x = r.x, y = r.y;
    x += canvas_textf(c, x, y, r.w, ROLE_TITLE, CELL_BOLD, "%s%s  ", format_day(day, date), day == m->today ? " today" : "");
    if (any)
        canvas_textf(c, x, y, r.x + r.w - x, pnl.micro < 0 ? ROLE_DOWN : pnl.micro > 0 ? ROLE_UP : ROLE_TEXT, CELL_BOLD, "P&L %s", shown(s, format_pnl(pnl, a)));
    else
        canvas_text(c, x, y, r.x + r.w - x, ROLE_MUTED, 0, "nothing traded");
    if (d && ++y < r.y + r.h)
        canvas_textf(c, r.x, y, r.w, ROLE_TEXT, 0, "realized %s  fees %s  funding %s", shown(s, format_pnl(d->realized, a)), shown(s, format_usd(d->fees, b)),
                     shown(s, format_pnl(USD(-d->funding.micro), f)));
    for (int i = 0; view_model_at(s->view, i, &vm); i++)
        if (vm.m->cost_date == day)
            cost = usd_add_sat(cost, vm.m->cost_day);
    if (cost.micro && ++y < r.y + r.h)
        canvas_textf(c, r.x, y, r.w, ROLE_TEXT, 0, "LLM cost %s", shown(s, format_usd(cost, a)));
    const struct remark *note = view_remark(s->view, REMARK_DAY, (uint64_t)day);
    if (++y < r.y + r.h)
        canvas_textf(c, r.x, y, r.w, note ? ROLE_OWN : ROLE_HINT, 0, note ? "note: %s" : "%sn writes a note", note ? note->text : "");
    return y + 1 - r.y < r.h ? y + 1 - r.y : r.h;
}

/* "20 +182": the sign stays where the figure has no room. */
static void draw_cell(struct session *s, const struct month *m, struct canvas *c, int x, int y, int w, int32_t day, int mday, bool chosen) {
    usd pnl;
    const bool any = pnl_of(m, day, &pnl), noted = view_remark(s->view, REMARK_DAY, (uint64_t)day) != NULL;
    const enum role role = !any ? ROLE_MUTED : pnl.micro < 0 ? ROLE_DOWN : pnl.micro > 0 ? ROLE_UP : ROLE_TEXT;
    char text[FORMAT_MAX + 16], figure[FORMAT_MAX];
    const char *sign = !any ? "" : pnl.micro < 0 ? "-" : pnl.micro > 0 ? "+" : "0";
    const int64_t size = pnl.micro < 0 ? -pnl.micro : pnl.micro;
    if (size < 1000 * DEC_ONE)
        snprintf(figure, sizeof figure, "%lld", (long long)((size + DEC_ONE / 2) / DEC_ONE));
    else
        format_usd_short(USD(size), figure);
    snprintf(text, sizeof text, "%2d%s%s%s", mday, noted ? "*" : w > CELL_ROOMY + 1 ? " " : "", sign, any && size && !session_money_hidden(s) ? figure : "");
    if (utf8_str_width(text) >= w)
        snprintf(text, sizeof text, "%2d%s%s", mday, noted ? "*" : "", sign);
    canvas_text(c, x, y, w - 1, role, day == m->today ? CELL_BOLD : 0, text);
    if (chosen)
        canvas_paint(c, (struct rect){x, y, w - 1, 1}, ROLE_SELECT, CELL_REVERSE);
}

static void draw_calendar(struct session *s, const struct month *m, int32_t day, struct canvas *c, struct rect r, bool focused) {
    static const char *const names[] = {"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"};
    static const char *const week[] = {"Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"};
    int year, month, mday, y = r.y;
    const int cell = r.w / WEEK;
    char total[FORMAT_MAX];
    usd sum = {0};
    civil(day, &year, &month, &mday);
    const int32_t first = day - mday + 1;
    const int days = month_days(year, month), lead = weekday(first), weeks = (lead + days + WEEK - 1) / WEEK;
    for (int i = 0; i < days; i++) {
        usd pnl;
        if (pnl_of(m, first + i, &pnl))
            sum = usd_add_sat(sum, pnl);
    }
    if (cell < CELL_LEAST || r.h < 1)
        return;
    const int head = r.h >= weeks + 2 ? 2 : r.h > weeks;
    if (head == 2)
        canvas_textf(c, r.x, y++, r.w, ROLE_STRONG, 0, "%s %d   %s", names[month - 1], year, shown(s, format_pnl(sum, total)));
    if (head)
        for (int i = 0; i < WEEK; i++)
            canvas_text(c, r.x + i * cell, y, cell - 1, ROLE_MUTED, 0, week[i]);
    y += head > 0;
    const int room = r.y + r.h - y, at = (lead + mday - 1) / WEEK, skip = weeks > room && at >= room ? at - room + 1 : 0;
    for (int i = 0; i < days; i++) {
        const int row = (lead + i) / WEEK - skip, x = r.x + (lead + i) % WEEK * cell;
        if (row < 0 || row >= room)
            continue;
        draw_cell(s, m, c, x, y + row, cell, first + i, i + 1, i + 1 == mday && focused);
        if (i + 1 == mday && focused)
            c->cursor_x = x, c->cursor_y = y + row;
    }
}

static void draw(struct session *s, void *state, struct canvas *c, struct rect r, bool focused, int64_t now_us) {
    const struct day_state *p = state;
    static struct month m;
    (void)now_us;
    gather(s, &m);
    const int32_t day = m.today - p->back;
    const struct rect in = {r.x + 1, r.y, r.w - 1, r.h};
    const int used = draw_figures(s, &m, day, c, (struct rect){in.x, in.y, in.w, in.h >= 10 ? 4 : in.h >= 6 ? 2 : 1});
    draw_calendar(s, &m, day, c, (struct rect){in.x, in.y + used, in.w, in.h - used}, focused);
}

static void subtitle(struct session *s, void *state, char *buf, size_t cap) {
    struct view_account va;
    (void)state;
    if (view_account(s->view, session_account(s), &va))
        snprintf(buf, cap, "%s  h j k l day  n note", va.a->name);
}

/* All of a day that memory has: its figures and its notes. */
static void open_day(struct session *s, int32_t day) {
    const struct remark *r;
    struct str t;
    char title[32], date[FORMAT_MAX];
    int cursor = 0, n = 0;
    str_init(&t);
    while ((r = view_next_remark(s->view, &cursor))) {
        const struct order *o = r->kind == REMARK_ORDER ? view_order(s->view, r->subject) : NULL;
        if (r->kind == REMARK_DAY ? r->subject != (uint64_t)day : !o || o->created_us / DAY_US != day)
            continue;
        n++;
        if (o)
            str_addf(&t, "  order %u: %s\n", o->num, r->text);
        else
            str_addf(&t, "  %s\n", r->text);
    }
    if (!n)
        str_add(&t, "  No notes on this day or its orders. n writes one\n");
    snprintf(title, sizeof title, "NOTES %s", format_day(day, date));
    session_open_text(s, title, t.p);
    str_free(&t);
}

static unsigned action(struct session *s, void *state, enum action a) {
    struct day_state *p = state;
    const int32_t day = today(s) - p->back;
    switch (a) {
    case ACT_LEFT: p->back += 1; break;
    case ACT_RIGHT: p->back -= 1; break;
    case ACT_PREV_ROW: p->back += WEEK; break;
    case ACT_NEXT_ROW: p->back -= WEEK; break;
    case ACT_HALF_UP:
    case ACT_SIZE_DOWN: p->back += 28; break;
    case ACT_HALF_DOWN:
    case ACT_SIZE_UP: p->back -= 28; break;
    case ACT_FIRST_ROW:
    case ACT_LAST_ROW: p->back = 0; break;
    case ACT_NEXT_MATCH: return pane_remark(s, REMARK_DAY, (uint64_t)day);
    case ACT_OPEN: open_day(s, day); break;
    default: return REACT_NONE;
    }
    p->back = p->back < 0 ? 0 : p->back > DAYS_MAX ? DAYS_MAX : p->back;
    return REACT_HANDLED | REACT_DRAW;
}

const struct pane pane_day = {
    .name = "day", .title = "DAY", .dirty = DIRTY_ACCOUNT | DIRTY_AUTOS | DIRTY_MODELS, .min_w = 24, .min_h = 1, .state_size = sizeof(struct day_state), .draw = draw, .subtitle = subtitle, .action = action,
};

/* --- P&L by market and by day, and all notes --- */

enum { TAB_MARKETS, TAB_DAYS, TAB_NOTES, TABS };
struct daypnl_state { int tab; struct list list[TABS]; };

static void fetch_markets(struct session *s, void *state, struct list_rows *rows) {
    static struct view_pnl pnl[256];
    (void)state;
    const int n = view_pnl_by_market(s->view, session_account(s), pnl, 256);
    for (int i = 0; i < n; i++)
        list_push(rows, pnl[i].market, &pnl[i]);
}
static void fetch_days(struct session *s, void *state, struct list_rows *rows) {
    static struct view_day days[DAYS_MAX];
    (void)state;
    const int n = view_pnl_by_day(s->view, session_account(s), days, DAYS_MAX);
    for (int i = 0; i < n; i++)
        list_push(rows, (uint64_t)days[i].day, &days[i]);
}
static void fetch_notes(struct session *s, void *state, struct list_rows *rows) {
    int cursor = 0;
    (void)state;
    for (const struct remark *r; (r = view_next_remark(s->view, &cursor));)
        list_push(rows, r->subject * 2 + r->kind, r);
}
static const struct list_source sources[TABS] = {
    {.table = "pnl", .empty = "Nothing traded today", .fetch = fetch_markets},
    {.table = "days", .empty = "No day with a trade yet", .fetch = fetch_days},
    {.table = "remarks", .empty = "No notes. n on an order or a day writes one", .fetch = fetch_notes},
};

static void daypnl_draw(struct session *s, void *state, struct canvas *c, struct rect r, bool focused, int64_t now_us) {
    static const char *const names[TABS] = {"by market today", "by day", "notes"};
    struct daypnl_state *p = state;
    int x = r.x + 1;
    for (int i = 0; i < TABS; i++)
        x += 1 + canvas_textf(c, x, r.y, r.x + r.w - x, i == p->tab ? ROLE_STRONG : ROLE_MUTED, i == p->tab ? CELL_REVERSE : 0, " %s ", names[i]);
    list_draw(s, state, &p->list[p->tab], &sources[p->tab], c, (struct rect){r.x, r.y + 1, r.w, r.h - 1}, focused, now_us);
    struct pane_slot *slot = session_slot(s, state);
    if (slot && !slot->filter[0])
        slot->total = 0;
}
static unsigned daypnl_action(struct session *s, void *state, enum action a) {
    struct daypnl_state *p = state;
    if (a == ACT_LEFT || a == ACT_RIGHT) {
        p->tab = (p->tab + (a == ACT_RIGHT ? 1 : TABS - 1)) % TABS;
        return REACT_HANDLED | REACT_DRAW;
    }
    if (a == ACT_OPEN && p->tab == TAB_MARKETS)
        return pane_market_action(s, a, list_current(&p->list[p->tab]));
    return list_action(s, state, &p->list[p->tab], &sources[p->tab], a);
}

const struct pane pane_daypnl = {
    .name = "daypnl", .title = "P&L", .dirty = DIRTY_ACCOUNT | DIRTY_POSITIONS | DIRTY_AUTOS, .min_w = 24, .min_h = 2, .state_size = sizeof(struct daypnl_state),
    .draw = daypnl_draw, .action = daypnl_action,
};
