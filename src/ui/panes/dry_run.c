/* What the candles in memory say about a sniper or alert: how often its level was reached from outside. */
#include <stdio.h>
#include <string.h>

#include "turret/base/str.h"
#include "ui/panes/auto.h"
#include "ui/reads_as.h"

static const struct candle_series *series_of(const struct desk *view, market_id m, int frame) {
    const struct intel *intel = view_intel(view, m);
    if (frame == 0)
        return view_candles(view, m);
    return intel ? frame_candles(intel_frame(intel, frame == 1 ? FRAME_FAST : FRAME_SLOW)) : NULL;
}

/* The candle's price nearest to the zone, and the one farthest out of it, as the own side counts. */
static void extremes(const struct watch *w, const struct candle *c, int64_t *near, int64_t *far) {
    const bool no = w->side == SIDE_NO;
    const int64_t low = no ? price_complement(c->high).micro : c->low.micro, high = no ? price_complement(c->low).micro : c->high.micro;
    *near = w->dir == TRIGGER_AT_OR_BELOW ? low : high;
    *far = w->dir == TRIGGER_AT_OR_BELOW ? high : low;
}

bool dry_run(const struct desk *view, const struct watch *w, int frame, struct dry_run *out) {
    *out = (struct dry_run){0};
    if (figure_info((enum figure)w->figure)->subject != SUBJECT_MARKET)
        return false;
    const struct candle_series *s = series_of(view, w->subject, frame);
    bool outside = false;
    for (int i = 0; s && i < (int)s->count; i++) {
        const struct candle *c = candle_at(s, i);
        int64_t near, far;
        extremes(w, c, &near, &far);
        if (!out->candles++)
            out->from_us = c->start_us;
        const bool hit = watch_in_zone(w, near), left = !watch_in_zone(w, far);
        if (hit && (outside || left)) {
            out->reached++;
            out->last_us = c->start_us;
        }
        outside = left && !(hit && watch_in_zone(w, w->side == SIDE_NO ? price_complement(c->close).micro : c->close.micro));
    }
    out->interval_us = s ? s->interval_us : 0;
    return out->candles > 0;
}

void dry_run_text(const struct dry_run *d, char *buf, size_t cap) {
    char span[FORMAT_MAX], at[FORMAT_MAX], step[FORMAT_MAX];
    format_left(d->candles * d->interval_us, span);
    format_age(d->interval_us, step);
    format_rfc3339(d->last_us, at);
    if (!d->reached)
        snprintf(buf, cap, "not reached in %s of %s candles", span, step);
    else
        snprintf(buf, cap, "reached %d time%s in %s of %s candles, last %.5s %.5sZ", d->reached, d->reached == 1 ? "" : "s", span, step, at + 5, at + 11);
}

void pane_dry_run_text(struct session *s, const struct watch *w) {
    char text[160], title[48], label[AUTO_LABEL_MAX], reads[READS_AS_MAX];
    struct dry_run d;
    struct str t;
    int frames = 0;
    str_init(&t);
    watch_reads_as(s->view, w, reads, sizeof reads);
    str_addf(&t, "  %s\n\n", reads);
    for (int f = 0; f < 3; f++) {
        if (!dry_run(s->view, w, f, &d))
            continue;
        frames++;
        dry_run_text(&d, text, sizeof text);
        str_addf(&t, "  %s\n", text);
    }
    if (!frames)
        str_add(&t, "  Nothing to test on: only prices have candles, and this market has none yet.\n");
    else
        str_addf(&t, "\n  Candles are of trades and marks: they know no bid and ask, no depth, no age of data%s.\n  %s\n", w->hold_ms ? ", and not whether the level held" : "",
                 w->flags & WATCH_REPEAT ? "It repeats: each time counts, as far as the budget goes." : "It fires once: the first time counts.");
    snprintf(title, sizeof title, "DRY RUN %s", watch_label(w, label));
    session_open_text(s, title, t.p);
    str_free(&t);
}
