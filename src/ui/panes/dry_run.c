/* What the candles in memory say about a sniper or alert: how often it would have fired. The rules are those of trade/replay.h. */
#include <stdio.h>
#include <string.h>

#include "turret/base/str.h"
#include "turret/trade/replay.h"
#include "ui/commands/sniper.h"
#include "ui/form.h"
#include "ui/panes/auto.h"
#include "ui/reads_as.h"
#include "ui/session_private.h"

static const struct candle_series *series_of(const struct desk *view, market_id m, int frame) {
    const struct intel *intel = view_intel(view, m);
    if (frame == 0)
        return view_candles(view, m);
    return intel ? frame_candles(intel_frame(intel, frame == 1 ? FRAME_FAST : FRAME_SLOW)) : NULL;
}

bool pane_dry_run(const struct desk *view, const struct watch *w, int frame, int64_t now_us, char *buf, size_t cap) {
    struct replay x = {.w = *w};
    char span[FORMAT_MAX], step[FORMAT_MAX];
    if (figure_info((enum figure)w->figure)->subject != SUBJECT_MARKET)
        return false;
    const struct candle_series *s = series_of(view, w->subject, frame);
    if (!s || !s->count)
        return false;
    x.w.expires_us = 0;
    x.w.flags = (uint8_t)(w->flags & ~WATCH_AWAY);
    x.w.spent = USD(0);
    for (uint32_t i = 0; i < s->count; i++)
        dry_run_feed(&x, candle_at(s, (int)i), s->interval_us, now_us);
    replay_end(&x, x.last_us);
    format_left((int64_t)s->count * s->interval_us, span);
    form_span_text(s->interval_us, step, sizeof step);
    char date[FORMAT_MAX], entered[40] = "";
    if (x.entries > x.fires)
        snprintf(entered, sizeof entered, " (reached %d times)", x.entries);
    format_rfc3339(x.fire[0].at_us, date);
    if (x.fires)
        snprintf(buf, cap, "fires %d time%s%s in %s of %s candles, first %.5s %.5sZ", x.fires, x.fires == 1 ? "" : "s", entered, span, step, date + 5, date + 11);
    else
        snprintf(buf, cap, "fires 0 times in %s of %s candles%s", span, step, x.entries ? ", reached" : ", not reached");
    return true;
}

static void add_wrapped(struct session *s, struct str *t, const char *text) {
    const char *start[16];
    int bytes[16], n = text_wrap(text, s->w > 24 ? s->w - 8 : 16, start, bytes, 16);
    for (int i = 0; i < n && i < 16; i++)
        str_addf(t, "  %.*s\n", bytes[i], start[i]);
}

void pane_dry_run_text(struct session *s, const struct watch *w) {
    char text[READS_AS_MAX], title[48], label[AUTO_LABEL_MAX], cannot[160];
    struct str t;
    int frames = 0;
    str_init(&t);
    watch_reads_as(s->view, w, text, sizeof text);
    add_wrapped(s, &t, text);
    str_add(&t, "\n");
    for (int f = 0; f < 3; f++)
        if (pane_dry_run(s->view, w, f, session_now_us(s), text, sizeof text))
            frames++, str_addf(&t, "  %s\n", text);
    dry_run_blind(w, cannot, sizeof cannot);
    if (!frames)
        add_wrapped(s, &t, "Nothing to test on: only prices have candles, and this market has none yet.");
    else if (cannot[0])
        str_add(&t, "\n"), snprintf(text, sizeof text, "Candles can't tell %s. A tape can: turret sniper dry-run --tape FILE", cannot), add_wrapped(s, &t, text);
    snprintf(title, sizeof title, "DRY RUN %s", watch_label(w, label));
    session_open_text(s, title, t.p);
    str_free(&t);
}
