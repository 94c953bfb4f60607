/* CHART: price of the session's market over time; h and l change the span, j and k line or candles. */
#include "ui/chart.h"

#include <stdio.h>
#include <string.h>

#include "turret/base/str.h"
#include "turret/market/intel.h"
#include "ui/format.h"
#include "ui/panes/panes.h"

#define MINUTE 60000000LL
static const struct {
    int64_t us;
    const char *name;
} spans[] = {
    {5 * MINUTE, "5m"},   {15 * MINUTE, "15m"}, {30 * MINUTE, "30m"},  {60 * MINUTE, "1h"},    {120 * MINUTE, "2h"},
    {240 * MINUTE, "4h"}, {480 * MINUTE, "8h"}, {1440 * MINUTE, "1d"}, {10080 * MINUTE, "7d"},
};
#define SPANS ((int)(sizeof spans / sizeof *spans))
#define FINE_SPAN_US (30 * MINUTE) /* up to here the chart shows candles of seconds */

struct chart_state {
    int span; /* 0 = fits what there is; else index + 1 */
    enum chart_kind kind;
    bool style_set;
    enum chart_style style;
};

bool chart_set(struct session *s, const char *what) {
    static const char *const styles[] = {"braille", "block", "ascii"};
    struct pane_slot *slot = session_slot_named(s, "chart");
    struct chart_state *p = slot ? slot->state : NULL;
    if (!p)
        return false;
    for (int i = 0; i < 3; i++)
        if (!strcmp(what, styles[i])) {
            p->style = (enum chart_style)i;
            p->style_set = true;
            session_redraw(s);
            return true;
        }
    if (strcmp(what, "line") && strcmp(what, "candles"))
        return false;
    p->kind = what[0] == 'l' ? CHART_LINE : CHART_CANDLES;
    session_redraw(s);
    return true;
}

/* A line gets two points a candle, where it began and where it ended: the newest minutes look less like stairs. */
static int points_of(const struct candle_series *series, bool line, int64_t now_us, struct chart_point *out) {
    int n = 0;
    for (int i = 0; series && i < (int)series->count; i++) {
        const struct candle *k = candle_at(series, i);
        const int64_t open = k->open.micro, close = k->close.micro, end = k->start_us + series->interval_us - 1;
        if (line)
            out[n++] = (struct chart_point){k->start_us, open, open, open, open};
        out[n++] = (struct chart_point){line ? (end < now_us ? end : now_us) : k->start_us, open, k->high.micro,
                                        k->low.micro, close};
    }
    return n;
}

/* Entry, stop and target of the own position, in the book's price. */
static int levels_of(struct session *s, const struct market *m, struct chart_level out[3]) {
    const struct order *o = view_position_of(s->view, session_account(s), m->id);
    int n = 0;
    if (!o)
        return 0;
    const enum order_side side = (enum order_side)o->side;
    out[n++] = (struct chart_level){book_price(side, o->pos.entry_price).micro, "entry", ROLE_OWN};
    if (o->pos.plan.stop.micro)
        out[n++] = (struct chart_level){book_price(side, o->pos.plan.stop).micro, "stop", ROLE_WARN};
    if (o->pos.plan.target.micro)
        out[n++] = (struct chart_level){book_price(side, o->pos.plan.target).micro, "target", ROLE_OK};
    return n;
}

static int span_of(const struct chart_state *p, int64_t covered) {
    if (p->span)
        return p->span - 1;
    for (int i = 0; i < SPANS; i++)
        if (spans[i].us >= covered)
            return i;
    return SPANS - 1;
}

static int64_t covered_of(const struct candle_series *k) {
    if (!k || !k->count)
        return 0;
    return candle_at(k, (int)k->count - 1)->start_us + k->interval_us - candle_at(k, 0)->start_us;
}

/* Where the minutes do not reach back over the span: what was back-filled, in the finest candles that do, else in those that reach farthest. */
static const struct candle_series *reaching(const struct session *s, market_id id, const struct candle_series *minutes, int64_t span) {
    const struct intel *x = view_intel(s->view, id);
    const struct candle_series *best = minutes;
    for (int f = 0; x && f < FRAME_COUNT && covered_of(best) < span; f++) {
        const struct candle_series *k = frame_candles(intel_frame(x, (enum intel_frame)f));
        if (k->interval_us < span / 4 && covered_of(k) > covered_of(best))
            best = k;
    }
    return best;
}

static void draw(struct session *s, void *state, struct canvas *c, struct rect r, bool focused, int64_t now_us) {
    static struct chart_point points[CANDLE_KEEP * 2];
    struct chart_state *p = state;
    struct view_market vm;
    struct chart_level levels[3];
    if (focused)
        c->cursor_x = r.x, c->cursor_y = r.y + r.h - 1;
    if (!view_market(s->view, session_market(s), &vm)) {
        canvas_text(c, r.x + 1, r.y, r.w - 1, ROLE_MUTED, 0, "No market yet. 7 finds markets");
        return;
    }
    const struct candle_series *series = view_candles(s->view, vm.m->id), *fine = view_candles_fine(s->view, vm.m->id);
    const int64_t span = spans[span_of(p, covered_of(series))].us;
    if (fine && span <= FINE_SPAN_US)
        series = fine;
    else if (p->span)
        series = reaching(s, vm.m->id, series, span);
    const int n = points_of(series, p->kind == CHART_LINE, now_us, points);
    if (!n) {
        canvas_text(c, r.x + 1, r.y, r.w - 1, ROLE_MUTED, 0, "No prices yet: the chart begins with the first trade");
        return;
    }
    const int64_t last = points[n - 1].at_us, to = now_us > last ? now_us : last;
    const struct chart ch = {
        .style = p->style_set       ? p->style
                 : session_ascii(s) ? CHART_ASCII
                                    : CHART_BRAILLE,
        .kind = p->kind,
        .points = points,
        .n = n,
        .from_us = to - span,
        .to_us = to,
        .levels = levels,
        .n_levels = levels_of(s, vm.m, levels),
        .last = vm.last.micro ? vm.last.micro : vm.mark.micro,
        .market = vm.m,
        .line = ROLE_CHART,
    };
    chart_draw(c, r, &ch);
}

static void subtitle(struct session *s, void *state, char *buf, size_t cap) {
    struct chart_state *p = state;
    struct view_market vm;
    if (!view_market(s->view, session_market(s), &vm))
        return;
    snprintf(buf, cap, "%s %s %s", vm.m->title[0] ? vm.m->title : vm.m->symbol,
             spans[span_of(p, covered_of(view_candles(s->view, vm.m->id)))].name,
             p->kind == CHART_CANDLES ? "candles" : "line");
}

static unsigned action(struct session *s, void *state, enum action a) {
    struct chart_state *p = state;
    const int at = span_of(p, covered_of(view_candles(s->view, session_market(s))));
    switch (a) {
    case ACT_LEFT:
        p->span = at > 0 ? at : 1;
        return REACT_HANDLED | REACT_DRAW;
    case ACT_RIGHT:
        p->span = at + 1 < SPANS ? at + 2 : SPANS;
        return REACT_HANDLED | REACT_DRAW;
    case ACT_NEXT_ROW:
    case ACT_PREV_ROW:
        p->kind = p->kind == CHART_LINE ? CHART_CANDLES : CHART_LINE;
        return REACT_HANDLED | REACT_DRAW;
    default:
        return pane_market_action(s, a, session_market(s));
    }
}

const struct pane pane_chart = {
    .name = "chart",
    .title = "CHART",
    .dirty = DIRTY_MARKETS | DIRTY_POSITIONS,
    .min_w = 20,
    .min_h = 3,
    .state_size = sizeof(struct chart_state),
    .draw = draw,
    .subtitle = subtitle,
    .action = action,
};
