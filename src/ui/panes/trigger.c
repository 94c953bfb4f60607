/* TRIGGER: the sniper or alert under the cursor: the price on its way to the level, near misses, the sentence, a dry run, who keeps watch. */
#include <stdio.h>
#include <string.h>

#include "ui/chart.h"
#include "ui/panes/auto.h"
#include "ui/reads_as.h"
#include "ui/wrap.h"

enum { BAR_WIDTH = 8, CHART_LEAST = 4, SPAN_MINUTES = 240 };

static bool subject(struct session *s, struct view_watch *vw) { return session_watch(s) && view_watch(s->view, session_watch(s), vw); }

static const struct market *market_of(struct session *s, const struct watch *w, struct view_market *vm) {
    return figure_info((enum figure)w->figure)->subject == SUBJECT_MARKET && view_market(s->view, w->subject, vm) ? vm->m : NULL;
}

/* "S-7 armed  ask 66.5c, 6.5c to go [###     ]" */
static void draw_head(struct session *s, struct canvas *c, struct rect r, const struct view_watch *vw, const struct market *m) {
    const struct watch *w = vw->w;
    const bool armed = w->flags & WATCH_ARMED;
    char label[AUTO_LABEL_MAX], a[FORMAT_MAX], b[FORMAT_MAX];
    int x = r.x;
    x += canvas_textf(c, x, r.y, r.w, ROLE_STRONG, CELL_BOLD, "%s ", watch_label(w, label));
    x += canvas_textf(c, x, r.y, r.x + r.w - x, armed ? ROLE_OWN : ROLE_MUTED, CELL_BOLD, "%s  ", !watch_live(w) ? watch_status_name((enum watch_status)w->status) : armed ? "armed" : "off");
    if (!vw->known) {
        canvas_textf(c, x, r.y, r.x + r.w - x, ROLE_WARN, 0, "%s is not known now", figure_info((enum figure)w->figure)->name);
        return;
    }
    x += canvas_textf(c, x, r.y, r.x + r.w - x, vw->stale ? ROLE_STALE : ROLE_TEXT, 0, "%s %s%s, ", figure_info((enum figure)w->figure)->name,
                      figure_text(m, (enum figure)w->figure, vw->now, a), vw->stale ? " STALE" : "");
    if (vw->distance)
        x += canvas_textf(c, x, r.y, r.x + r.w - x, ROLE_TEXT, 0, "%s to go ", figure_text(m, (enum figure)w->figure, vw->distance, b));
    else if (vw->held_us)
        x += canvas_textf(c, x, r.y, r.x + r.w - x, ROLE_WARN, CELL_BOLD, "IN ZONE for %s ", format_age(vw->held_us, b));
    else
        x += canvas_text(c, x, r.y, r.x + r.w - x, ROLE_WARN, CELL_BOLD, w->flags & WATCH_AWAY ? "IN ZONE: waits until it leaves " : "IN ZONE ");
    /* Full in the zone, empty a fifth of the level away from it. */
    const int64_t level = w->level.micro < 0 ? -w->level.micro : w->level.micro, full = level / 5 > 0 ? level / 5 : 1, near = vw->distance >= full ? 0 : full - vw->distance;
    if (x + BAR_WIDTH + 2 > r.x + r.w)
        return;
    canvas_put(c, x, r.y, session_ascii(s) ? '[' : 0x2595, ROLE_MUTED, 0);
    canvas_bar(c, x + 1, r.y, BAR_WIDTH, near, full, false, session_ascii(s), ROLE_OWN);
    canvas_put(c, x + 1 + BAR_WIDTH, r.y, session_ascii(s) ? ']' : 0x258f, ROLE_MUTED, 0);
}

static void draw_chart(struct session *s, struct canvas *c, struct rect r, const struct watch *w, const struct market *m) {
    static struct chart_point points[CANDLE_KEEP];
    const struct candle_series *series = view_candles(s->view, m->id);
    const bool no = w->side == SIDE_NO;
    int n = 0;
    for (int i = series && series->count > SPAN_MINUTES ? (int)series->count - SPAN_MINUTES : 0; series && i < (int)series->count; i++) {
        const struct candle *k = candle_at(series, i);
        points[n++] = (struct chart_point){k->start_us, no ? price_complement(k->open).micro : k->open.micro, no ? price_complement(k->low).micro : k->high.micro,
                                           no ? price_complement(k->high).micro : k->low.micro, no ? price_complement(k->close).micro : k->close.micro};
    }
    if (n < 2) {
        canvas_text(c, r.x, r.y, r.w, ROLE_MUTED, 0, "The chart begins with the second minute");
        return;
    }
    const struct chart_level level = {w->level.micro, "trigger", ROLE_OWN};
    const struct chart ch = {.style = session_ascii(s) ? CHART_ASCII : CHART_BRAILLE, .points = points, .n = n, .from_us = points[0].at_us, .to_us = points[n - 1].at_us + series->interval_us,
                             .levels = &level, .n_levels = 1, .last = points[n - 1].close, .market = m, .line = ROLE_CHART};
    int64_t low, high;
    chart_draw(c, r, &ch);
    if (chart_range(&ch, &low, &high) && (w->level.micro < low || w->level.micro > high)) {
        char text[FORMAT_MAX];
        const bool below = w->level.micro < low;
        const unsigned unit = FORMAT_UNIT | (session_ascii(s) ? FORMAT_ASCII : 0);
        canvas_textf(c, r.x, below && r.h > 2 ? r.y + r.h - 2 : r.y, r.w, ROLE_OWN, 0, "trigger %s is %s this", format_price(m, w->level, unit, text), below ? "below" : "above");
    }
}

/* What else there is to say, a line each; returns the lines used. */
static int draw_facts(struct session *s, struct canvas *c, struct rect r, const struct view_watch *vw, const struct market *m) {
    char text[REASON_MAX + 80], at[FORMAT_MAX], value[FORMAT_MAX], held[FORMAT_MAX];
    int y = 0;
    if (vw->why[0] && watch_live(vw->w) && y < r.h)
        y += wrap_draw(c, (struct rect){r.x, r.y + y, r.w, 1}, ROLE_WARN, (snprintf(text, sizeof text, "would not fire now: %s", vw->why), text));
    if (y < r.h) {
        if (vw->near_misses)
            snprintf(text, sizeof text, "near misses %u, last %s at %.8sZ%s%s", vw->near_misses, figure_text(m, (enum figure)vw->w->figure, vw->near_value, value),
                     format_clock(vw->near_us, at), vw->near_held_us ? ", held " : "", vw->near_held_us ? format_age(vw->near_held_us, held) : "");
        else
            snprintf(text, sizeof text, "no near miss%s", vw->w->fires ? "" : "; it has not fired");
        if (vw->w->fires)
            snprintf(text + strlen(text), sizeof text - strlen(text), "; fired %u time%s", vw->w->fires, vw->w->fires == 1 ? "" : "s");
        canvas_text(c, r.x, r.y + y++, r.w, vw->near_misses ? ROLE_TEXT : ROLE_MUTED, 0, text);
    }
    for (int f = 0; f < 3 && y < r.h; f += 2) { /* minutes and four hours */
        if (!pane_dry_run(s->view, vw->w, f, session_now_us(s), text, sizeof text))
            continue;
        canvas_textf(c, r.x, r.y + y++, r.w, ROLE_MUTED, 0, "dry run: %s", text);
    }
    return y;
}

static void draw(struct session *s, void *state, struct canvas *c, struct rect r, bool focused, int64_t now_us) {
    struct view_watch vw;
    struct view_market vm = {0};
    char text[READS_AS_MAX];
    (void)state, (void)now_us;
    if (focused)
        c->cursor_x = r.x, c->cursor_y = r.y;
    if (!subject(s, &vw)) {
        canvas_text(c, r.x + 1, r.y, r.w - 1, ROLE_MUTED, 0, "c makes a sniper; what it would do stands here");
        return;
    }
    const struct market *m = market_of(s, vw.w, &vm);
    struct rect at = {r.x + 1, r.y, r.w - 1, r.h};
    draw_head(s, c, at, &vw, m);
    watch_reads_as(s->view, vw.w, text, sizeof text);
    at.y++, at.h--;
    const int last = at.h >= 3, words = at.h - last > 4 ? 4 : at.h - last;
    int used = wrap_draw(c, (struct rect){at.x, at.y, at.w, words > 0 ? words : 0}, ROLE_STRONG, text);
    at.y += used, at.h -= used + last;
    used = draw_facts(s, c, at, &vw, m);
    at.y += used, at.h -= used;
    if (m && at.h >= CHART_LEAST)
        draw_chart(s, c, at, vw.w, m);
    if (last)
        canvas_text(c, r.x + 1, r.y + r.h - 1, r.w - 1, ROLE_HINT, 0,
                    "terminal closes: the engine keeps watching.  Engine dies: nothing watches until it runs again");
}

static void subtitle(struct session *s, void *state, char *buf, size_t cap) {
    (void)s, (void)state;
    snprintf(buf, cap, "T dry run  Enter history");
}

static unsigned action(struct session *s, void *state, enum action a) {
    struct view_watch vw;
    (void)state;
    const bool known = subject(s, &vw);
    return pane_watch_action(s, known ? (enum watch_kind)vw.w->kind : WATCH_SNIPER, known ? vw.w->id : 0, a);
}

const struct pane pane_trigger = {
    .name = "trigger", .title = "TRIGGER", .dirty = DIRTY_AUTOS | DIRTY_BOOK | DIRTY_MARKETS, .min_w = 24, .min_h = 2, .draw = draw, .subtitle = subtitle, .action = action,
};
