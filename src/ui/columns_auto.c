/* Columns of snipers, alerts, history and notes. */
/* clang-format off: tables, one row a column */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "turret/base/str.h"
#include "ui/columns_private.h"
#include "ui/reads_as.h"

#define W struct watch

static const struct market *market_of(const struct desk *view, const W *w) {
    return figure_info((enum figure)w->figure)->subject == SUBJECT_MARKET ? column_market(view, w->subject) : NULL;
}
static struct view_watch live_of(const struct desk *view, const W *w) {
    struct view_watch vw = {.w = w};
    view_watch(view, w->id, &vw);
    return vw;
}
/* A value of its figure: words for people, the exact number for JSON. */
static void set_figure(struct column_value *out, const struct desk *view, const W *w, int64_t value) {
    const char *unit = figure_info((enum figure)w->figure)->unit;
    char text[FORMAT_MAX];
    str_copy(out->text, sizeof out->text, figure_text(market_of(view, w), (enum figure)w->figure, value, text));
    if (!strcmp(unit, "price") || !strcmp(unit, "usd"))
        dec_format(value, 0, out->raw);
    else
        snprintf(out->raw, sizeof out->raw, "%" PRId64, value);
    out->number = true;
}
static void set_ms(struct column_value *out, uint32_t ms) {
    char text[FORMAT_MAX];
    column_set_int(out, ms);
    str_copy(out->text, sizeof out->text, ms ? format_age((int64_t)ms * 1000, text) : "-");
}

COLUMN_GET(w_label, W) char text[AUTO_LABEL_MAX]; column_set_text(out, watch_label(r, text)); COLUMN_GET_END
COLUMN_GET(w_id, W) column_set_int(out, r->id); COLUMN_GET_END
COLUMN_GET(w_armed, W)
    column_set_bool(out, r->flags & WATCH_ARMED, "on");
    if (!out->text[0])
        str_copy(out->text, sizeof out->text, "off");
    out->role = r->flags & WATCH_ARMED ? ROLE_OWN : ROLE_MUTED;
COLUMN_GET_END
COLUMN_GET(w_venue, W)
    const struct market *m = market_of(view, r);
    column_set_venue(out, m ? (enum venue_id)m->venue : VENUE_NONE);
COLUMN_GET_END
COLUMN_GET(w_subject, W)
    watch_subject(view, r, out->text, sizeof out->text);
    const struct market *m = market_of(view, r);
    str_copy(out->raw, sizeof out->raw, m ? m->symbol : out->text);
COLUMN_GET_END
COLUMN_GET(w_account, W) if (r->account) column_set_account(out, view, r->account); COLUMN_GET_END
COLUMN_GET(w_side, W) column_set_side(out, (enum order_side)r->side); COLUMN_GET_END
COLUMN_GET(w_action, W) column_set_action(out, (enum order_action)r->action); COLUMN_GET_END
COLUMN_GET(w_when, W)
    watch_when(view, r, out->text, sizeof out->text);
    str_copy(out->raw, sizeof out->raw, out->text);
COLUMN_GET_END
COLUMN_GET(w_then, W)
    watch_then(view, r, out->text, sizeof out->text);
    str_copy(out->raw, sizeof out->raw, out->text);
    out->role = r->action == ACTION_SELL ? ROLE_SELL : ROLE_BUY;
COLUMN_GET_END
COLUMN_GET(w_guards, W)
    watch_guards(view, r, out->text, sizeof out->text);
    str_copy(out->raw, sizeof out->raw, out->text);
COLUMN_GET_END
COLUMN_GET(w_now, W)
    const struct view_watch vw = live_of(view, r);
    str_copy(out->text, sizeof out->text, "-");
    if (vw.known)
        set_figure(out, view, r, vw.now);
    if (vw.stale)
        out->role = ROLE_STALE;
COLUMN_GET_END
COLUMN_GET(w_distance, W)
    const struct view_watch vw = live_of(view, r);
    str_copy(out->text, sizeof out->text, "-");
    if (!vw.known)
        return;
    set_figure(out, view, r, vw.distance);
    if (vw.distance == 0)
        str_copy(out->text, sizeof out->text, "in zone");
    out->role = vw.stale ? ROLE_STALE : vw.distance == 0 ? ROLE_WARN : ROLE_TEXT;
COLUMN_GET_END
/* How near it is: full in the zone, empty a fifth of the level away. In characters that every terminal has: no colour, no block is needed. */
COLUMN_GET(w_nearness, W)
    enum { CELLS = 4 };
    const struct view_watch vw = live_of(view, r);
    const int64_t level = r->level.micro < 0 ? -r->level.micro : r->level.micro, full = level / 5 > 0 ? level / 5 : 1;
    if (!vw.known)
        return;
    const int64_t near = vw.distance >= full ? 0 : full - vw.distance;
    const int cells = (int)((near * CELLS + full - 1) / full);
    snprintf(out->text, sizeof out->text, "[%.*s%*s]", cells, "####", CELLS - cells, "");
    snprintf(out->raw, sizeof out->raw, "%lld", (long long)(near * 100 / full));
COLUMN_GET_END
static int64_t sort_distance(const struct desk *view, const void *row) {
    const struct view_watch vw = live_of(view, row);
    return vw.known ? vw.distance : INT64_MAX;
}
COLUMN_GET(w_state, W)
    char text[FORMAT_MAX];
    const struct view_watch vw = live_of(view, r);
    const bool armed = r->flags & WATCH_ARMED;
    str_copy(out->raw, sizeof out->raw, watch_status_name((enum watch_status)r->status));
    if (r->status != WATCH_WATCHING)
        str_copy(out->text, sizeof out->text, out->raw);
    else if (!armed)
        str_copy(out->text, sizeof out->text, "off");
    else if (r->flags & WATCH_AWAY)
        str_copy(out->text, sizeof out->text, "waits away");
    else if (vw.held_us)
        snprintf(out->text, sizeof out->text, "holds %s", format_age(vw.held_us, text));
    else
        str_copy(out->text, sizeof out->text, vw.why[0] ? "BLOCKED" : "armed");
    out->role = r->status == WATCH_FAILED || (armed && vw.why[0]) ? ROLE_WARN : r->status == WATCH_EXECUTING || vw.held_us ? ROLE_ALERT : !armed ? ROLE_MUTED : ROLE_TEXT;
COLUMN_GET_END
COLUMN_GET(w_why, W) column_set_text(out, live_of(view, r).why); COLUMN_GET_END
COLUMN_GET(w_figure, W) column_set_text(out, figure_info((enum figure)r->figure)->name); COLUMN_GET_END
COLUMN_GET(w_dir, W) column_set_text(out, r->dir == TRIGGER_AT_OR_BELOW ? "at_or_below" : "at_or_above"); COLUMN_GET_END
COLUMN_GET(w_level, W) set_figure(out, view, r, r->level.micro); COLUMN_GET_END
COLUMN_SORT(sort_level, W, r->level.micro)
COLUMN_GET(w_amount, W)
    if (r->flags & WATCH_UNITS)
        column_set_size(out, market_of(view, r), QTY(r->amount));
    else
        column_set_usd(out, USD(r->amount));
COLUMN_GET_END
COLUMN_GET(w_units, W) column_set_bool(out, r->flags & WATCH_UNITS, "units"); COLUMN_GET_END
COLUMN_GET(w_slippage, W)
    format_percent(r->slippage_e4, 10000, 2, false, out->text);
    dec_format((int64_t)r->slippage_e4 * 100, 0, out->raw); /* 0.02 */
    out->number = true;
COLUMN_GET_END
COLUMN_GET(w_hold, W) set_ms(out, r->hold_ms); COLUMN_GET_END
COLUMN_GET(w_depth, W) column_set_size(out, market_of(view, r), r->depth); COLUMN_GET_END
COLUMN_GET(w_age, W) set_ms(out, r->max_age_ms); COLUMN_GET_END
COLUMN_GET(w_budget, W) column_set_usd(out, r->budget); COLUMN_GET_END
COLUMN_GET(w_spent, W) column_set_usd(out, r->spent); COLUMN_GET_END
COLUMN_GET(w_expires, W)
    char text[FORMAT_MAX];
    column_set_time(out, r->expires_us);
    if (r->expires_us)
        str_copy(out->text, sizeof out->text, format_left(r->expires_us - now_us, text));
COLUMN_GET_END
COLUMN_GET(w_repeat, W) column_set_bool(out, r->flags & WATCH_REPEAT, "repeat"); COLUMN_GET_END
COLUMN_GET(w_reduce, W) column_set_bool(out, r->flags & WATCH_REDUCE_ONLY, "RO"); COLUMN_GET_END
COLUMN_GET(w_keep, W) column_set_bool(out, r->flags & WATCH_KEEP, "keep"); COLUMN_GET_END
COLUMN_GET(w_oco, W)
    char text[AUTO_LABEL_MAX];
    if (r->oco)
        column_set_text(out, watch_label_of((enum watch_kind)r->kind, r->oco, text));
COLUMN_GET_END
COLUMN_GET(w_order, W)
    const struct order *o = r->order ? view_order(view, r->order) : NULL;
    if (o)
        column_set_int(out, o->num);
COLUMN_GET_END
COLUMN_GET(w_fires, W) column_set_int(out, r->fires); COLUMN_GET_END
COLUMN_GET(w_near, W)
    const struct view_watch vw = live_of(view, r);
    column_set_int(out, vw.near_misses);
    if (!vw.near_misses)
        str_copy(out->text, sizeof out->text, "-");
COLUMN_GET_END
COLUMN_GET(w_near_at, W) column_set_time(out, live_of(view, r).near_us); COLUMN_GET_END
COLUMN_GET(w_near_value, W)
    const struct view_watch vw = live_of(view, r);
    if (vw.near_misses)
        set_figure(out, view, r, vw.near_value);
COLUMN_GET_END
COLUMN_GET(w_reads, W)
    char text[READS_AS_MAX];
    watch_reads_as(view, r, text, sizeof text);
    column_set_text(out, text);
COLUMN_GET_END
COLUMN_SORT(sort_watch, W, r->id)

static const struct column snipers[] = {
    {"sniper", "id", 6, false, 0, false, w_label, sort_watch},
    {"armed", "on", 3, false, 0, false, w_armed, NULL},
    {"venue", "ven", 3, false, 5, false, w_venue, NULL},
    {"market", "market", 0, false, 0, false, w_subject, NULL},
    {"when", "when", 18, false, 0, false, w_when, NULL},
    {"then", "then", 18, false, 1, false, w_then, NULL},
    {"guards", "guard", 19, false, 3, false, w_guards, NULL},
    {"now", "now", 8, true, 4, false, w_now, NULL},
    {"distance", "distance", 8, true, 2, false, w_distance, sort_distance},
    {"nearness", "near", 6, false, 2, false, w_nearness, sort_distance},
    {"state", "state", 10, false, 0, false, w_state, NULL},
    {"fires", "fired", 5, true, 6, false, w_fires, NULL},
    {"near_misses", "miss", 4, true, 6, false, w_near, NULL},
    {"expires_at", "left", 7, true, 7, false, w_expires, NULL},
    {"account", "account", 10, false, -1, false, w_account, NULL},
    {"side", "side", 5, false, -1, false, w_side, NULL},
    {"action", "act", 4, false, -1, false, w_action, NULL},
    {"figure", "figure", 6, false, -1, false, w_figure, NULL},
    {"direction", "direction", 11, false, -1, false, w_dir, NULL},
    {"trigger_price", "trigger", 8, true, -1, false, w_level, sort_level},
    {"amount", "amount", 9, true, -1, false, w_amount, NULL},
    {"amount_in_units", "units", 5, false, -1, false, w_units, NULL},
    {"slippage", "slip", 6, true, -1, false, w_slippage, NULL},
    {"hold_ms", "hold", 6, true, -1, false, w_hold, NULL},
    {"depth", "depth", 6, true, -1, false, w_depth, NULL},
    {"max_age_ms", "age", 6, true, -1, false, w_age, NULL},
    {"budget", "budget", 9, true, -1, true, w_budget, NULL},
    {"spent", "spent", 9, true, -1, true, w_spent, NULL},
    {"repeat", "repeat", 6, false, -1, false, w_repeat, NULL},
    {"reduce_only", "reduce", 6, false, -1, false, w_reduce, NULL},
    {"keep", "keep", 4, false, -1, false, w_keep, NULL},
    {"oco", "oco", 6, false, -1, false, w_oco, NULL},
    {"order", "order", 6, true, -1, false, w_order, NULL},
    {"why", "why not", 24, false, -1, false, w_why, NULL},
    {"near_at", "near at", 8, false, -1, false, w_near_at, NULL},
    {"near_value", "near value", 8, true, -1, false, w_near_value, NULL},
    {"id", "number", 6, true, -1, false, w_id, sort_watch},
    {"reads_as", "reads as", 0, false, -1, false, w_reads, NULL},
};
const struct column_table columns_snipers = {"snipers", snipers, sizeof snipers / sizeof *snipers};

static const struct column alerts[] = {
    {"alert", "id", 6, false, 0, false, w_label, sort_watch},
    {"armed", "on", 3, false, 0, false, w_armed, NULL},
    {"subject", "what", 0, false, 0, false, w_subject, NULL},
    {"when", "when", 20, false, 0, false, w_when, NULL},
    {"now", "now", 10, true, 1, false, w_now, NULL},
    {"distance", "distance", 10, true, 2, false, w_distance, sort_distance},
    {"state", "state", 10, false, 1, false, w_state, NULL},
    {"fires", "fired", 5, true, 3, false, w_fires, NULL},
    {"repeat", "repeat", 6, false, 4, false, w_repeat, NULL},
    {"expires_at", "left", 7, true, 5, false, w_expires, NULL},
    {"figure", "figure", 8, false, -1, false, w_figure, NULL},
    {"direction", "direction", 11, false, -1, false, w_dir, NULL},
    {"level", "level", 10, true, -1, false, w_level, sort_level},
    {"hold_ms", "hold", 6, true, -1, false, w_hold, NULL},
    {"why", "why not", 24, false, -1, false, w_why, NULL},
    {"id", "number", 6, true, -1, false, w_id, sort_watch},
    {"reads_as", "reads as", 0, false, -1, false, w_reads, NULL},
};
const struct column_table columns_alerts = {"alerts", alerts, sizeof alerts / sizeof *alerts};

/* --- what happened to automations --- */
#define H struct history
COLUMN_GET(h_time, H) column_set_time(out, r->at_us); COLUMN_GET_END
COLUMN_GET(h_kind, H) column_set_text(out, history_kind_name((enum history_kind)r->kind)); COLUMN_GET_END
COLUMN_GET(h_id, H)
    char text[FORMAT_MAX];
    const struct follow *f = r->kind == HISTORY_FOLLOW ? view_follow(view, (follow_id)r->id) : NULL;
    const struct order *o = r->kind == HISTORY_EXIT ? view_order(view, r->id) : NULL;
    if (r->kind == HISTORY_SNIPER || r->kind == HISTORY_ALERT)
        column_set_text(out, watch_label_of(r->kind == HISTORY_ALERT ? WATCH_ALERT : WATCH_SNIPER, (watch_id)r->id, text));
    else if (f)
        column_set_text(out, follow_label(f, text));
    else if (o)
        column_set_int(out, o->num), out->json_number = false;
    else
        column_set_id(out, r->id);
COLUMN_GET_END
COLUMN_GET(h_market, H) if (r->market) column_set_market(out, view, r->market); COLUMN_GET_END
COLUMN_GET(h_what, H)
    column_set_text(out, r->what);
    out->role = strstr(r->what, "fail") || strstr(r->what, "skip") || strstr(r->what, "near") ? ROLE_WARN : strstr(r->what, "fire") || strstr(r->what, "fill") ? ROLE_OWN : ROLE_TEXT;
COLUMN_GET_END
COLUMN_GET(h_text, H) column_set_text(out, r->text); COLUMN_GET_END
COLUMN_GET(h_order, H)
    const struct order *o = r->order ? view_order(view, r->order) : NULL;
    if (o)
        column_set_int(out, o->num);
COLUMN_GET_END
COLUMN_SORT(sort_h_time, H, r->at_us)

static const struct column history[] = {
    {"time", "time", 8, false, 0, false, h_time, sort_h_time},
    {"kind", "kind", 6, false, 2, false, h_kind, NULL},
    {"id", "id", 6, false, 0, false, h_id, NULL},
    {"what", "what", 10, false, 0, false, h_what, NULL},
    {"market", "market", 18, false, 3, false, h_market, NULL},
    {"text", "how", 0, false, 0, false, h_text, NULL},
    {"order", "order", 6, true, 1, false, h_order, NULL},
};
const struct column_table columns_history = {"history", history, sizeof history / sizeof *history};

/* --- notes --- */
#define N struct remark
COLUMN_GET(n_about, N)
    char day[FORMAT_MAX];
    const struct order *o = r->kind == REMARK_ORDER ? view_order(view, r->subject) : NULL;
    if (r->kind == REMARK_DAY)
        column_set_text(out, format_day((int32_t)r->subject, day));
    else if (o)
        snprintf(out->text, sizeof out->text, "order %u", o->num), snprintf(out->raw, sizeof out->raw, "%u", o->num);
    else
        column_set_id(out, r->subject);
COLUMN_GET_END
COLUMN_GET(n_kind, N) column_set_text(out, r->kind == REMARK_DAY ? "day" : "order"); COLUMN_GET_END
COLUMN_GET(n_market, N)
    const struct order *o = r->kind == REMARK_ORDER ? view_order(view, r->subject) : NULL;
    if (o)
        column_set_market(out, view, o->market);
COLUMN_GET_END
COLUMN_GET(n_text, N) column_set_text(out, r->text); COLUMN_GET_END
COLUMN_GET(n_at, N) column_set_time(out, r->at_us); COLUMN_GET_END
COLUMN_SORT(sort_n_at, N, r->at_us)
static const struct column remarks[] = {
    {"about", "about", 12, false, 0, false, n_about, NULL},
    {"kind", "kind", 5, false, -1, false, n_kind, NULL},
    {"market", "market", 18, false, 2, false, n_market, NULL},
    {"text", "note", 0, false, 0, false, n_text, NULL},
    {"at", "written", 8, false, 1, false, n_at, sort_n_at},
};
const struct column_table columns_remarks = {"remarks", remarks, sizeof remarks / sizeof *remarks};
