/* sniper dry-run: what a trigger would have done over the candles in memory. Candles hold marks and trades and no order inside them, so
 * what they can't tell (the book's sides, depth, holds, ages) is said with the answer. Over a tape: app/cli_dry_run.c. */
#include <stdio.h>
#include <string.h>

#include "turret/base/str.h"
#include "turret/market/intel.h"
#include "turret/trade/replay.h"
#include "ui/commands/sniper.h"

#define DEFAULT_SPAN_US (12 * 3600000000LL) /* what the 5-minute candles hold */

/* The finest series that goes back that far; else the one that goes back farthest. */
static const struct candle_series *series_for(const struct desk *view, market_id id, int64_t since_us) {
    const struct intel *x = view_intel(view, id);
    const struct candle_series *all[] = {view_candles_fine(view, id), view_candles(view, id), x ? frame_candles(intel_frame(x, FRAME_FAST)) : NULL,
                                         x ? frame_candles(intel_frame(x, FRAME_SLOW)) : NULL};
    const struct candle_series *best = NULL;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (!all[i] || !all[i]->count)
            continue;
        const int64_t first = candle_at(all[i], 0)->start_us;
        if (first <= since_us)
            return all[i];
        if (!best || first < candle_at(best, 0)->start_us - all[i]->interval_us) /* earlier by more than the start of its first candle */
            best = all[i];
    }
    return best;
}

static int64_t own(const struct watch *w, price px) { return w->side == SIDE_NO ? DEC_ONE - px.micro : px.micro; }

/* A candle as values: its start, the end farther from the zone, the end nearer to it, its close. */
void dry_run_feed(struct replay *x, const struct candle *c, int64_t interval_us, int64_t now_us) {
    const int64_t a = own(&x->w, c->low), b = own(&x->w, c->high);
    const bool below = x->w.dir == TRIGGER_AT_OR_BELOW;
    const int64_t near = (a < b) == below ? a : b, far = (a < b) == below ? b : a;
    const qty unknown = QTY(-1);
    if (c->start_us + interval_us > now_us) /* the one that is forming */
        interval_us = now_us > c->start_us ? now_us - c->start_us : 1;
    replay_value(x, c->start_us, own(&x->w, c->open), unknown);
    replay_value(x, c->start_us + interval_us / 4, far, unknown);
    replay_value(x, c->start_us + interval_us / 2, near, unknown);
    replay_value(x, c->start_us + interval_us - 1, own(&x->w, c->close), unknown);
}

/* What the candles can't tell about this one, as a list; "" = nothing. */
void dry_run_blind(const struct watch *w, char *text, size_t cap) {
    const struct { bool on; const char *what; } parts[] = {
        {w->figure == FIGURE_ASK || w->figure == FIGURE_BID, "the book's own bid and ask (marks and trades stand for them)"},
        {w->hold_ms != 0, "the hold"}, {w->depth.micro != 0, "the depth"}, {w->max_age_ms != 0, "the data's age"}};
    text[0] = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const size_t n = strlen(text);
        if (parts[i].on)
            snprintf(text + n, cap - n, "%s%s", n ? ", " : "", parts[i].what);
    }
}

static void add_time(cJSON *o, const char *key, int64_t us) {
    char text[FORMAT_MAX];
    cJSON_AddStringToObject(o, key, format_rfc3339(us, text));
}

cJSON *dry_run_json(const struct replay *x, const struct market *m, const char *source, const char *cannot) {
    cJSON *o = cJSON_CreateObject(), *list;
    char text[SENTENCE_MAX], from[FORMAT_MAX], to[FORMAT_MAX], level[FORMAT_MAX];
    format_rfc3339(x->first_us, from), format_rfc3339(x->last_us, to);
    snprintf(text, sizeof text, "would have fired %d time%s from %.16sZ to %.16sZ (%s)%s%s", x->fires, x->fires == 1 ? "" : "s", from, to, source,
             cannot[0] ? "; these can't tell " : "", cannot);
    cJSON_AddStringToObject(o, "says", text);
    cJSON_AddNumberToObject(o, "fires", x->fires);
    cJSON_AddNumberToObject(o, "entries", x->entries);
    cJSON_AddNumberToObject(o, "near_misses", x->near_misses);
    cJSON_AddNumberToObject(o, "blocked", x->blocked);
    cJSON_AddStringToObject(o, "source", source);
    cJSON_AddStringToObject(o, "not_judged", cannot);
    add_time(o, "from", x->first_us);
    add_time(o, "to", x->last_us);
    list = cJSON_AddArrayToObject(o, "fired");
    for (int i = 0; i < x->shown; i++) {
        cJSON *one = cJSON_CreateObject();
        add_time(one, "at", x->fire[i].at_us);
        dec_format(x->fire[i].value, m ? m->price_digits : 0, level);
        cJSON_AddStringToObject(one, figure_info((enum figure)x->w.figure)->name, level);
        cJSON_AddItemToArray(list, one);
    }
    return o;
}

void sniper_dry_run(const struct command_ctx *c, const struct args *a, struct command_result *r) {
    const struct watch *stored = sniper_find(c, a->pos[1]);
    struct replay x = {0};
    struct view_market vm;
    int64_t since = c->now_us - DEFAULT_SPAN_US;
    uint32_t id;
    char source[80], age[FORMAT_MAX], cannot[160];
    const char *text = args_option(a, "--since");
    if (args_option(a, "--tape")) {
        fail(r, ERR_UNSUPPORTED, "--tape works from the shell: turret sniper dry-run ... --tape FILE");
        return;
    }
    if (text && !arg_time("--since", text, c->now_us, true, &since, r))
        return;
    if (stored) {
        x.w = *stored; /* as it would be with these options */
        if (!sniper_change(c, a, &x.w, r))
            return;
    } else if (auto_label_parse(a->pos[1], 'S', &id)) {
        fail(r, ERR_NOT_FOUND, "no sniper S-%u; `sniper list --all` shows them", id);
        return;
    } else if (!sniper_new(c, a, &x.w, r))
        return;
    if (stored && a->n > 2) {
        fail(r, ERR_USAGE, "sniper dry-run: S-%u has its side; leave \"%.24s\" out", stored->id, a->pos[2]);
        return;
    }
    r->intent.u.watch = x.w; /* for who replays it over other data */
    if (!view_market(c->view, x.w.subject, &vm))
        return;
    const struct candle_series *s = series_for(c->view, vm.m->id, since);
    if (!s) {
        fail(r, ERR_NOT_FOUND, "nothing of %s is recorded in memory yet; a tape can be given in the shell (--tape FILE)", vm.m->symbol);
        return;
    }
    x.w.expires_us = 0;
    for (uint32_t i = 0; i < s->count; i++)
        if (candle_at(s, (int)i)->start_us >= since)
            dry_run_feed(&x, candle_at(s, (int)i), s->interval_us, c->now_us);
    replay_end(&x, x.last_us);
    snprintf(source, sizeof source, "candles of %s in memory", format_age(s->interval_us, age));
    dry_run_blind(&x.w, cannot, sizeof cannot);
    if (x.values)
        r->data = dry_run_json(&x, vm.m, source, cannot);
    else
        fail(r, ERR_NOT_FOUND, "no candle of %s since then", vm.m->symbol);
}
