/* The head of the screen: badge, money, venues and their age, clock; page tabs; bars that say what is wrong. */
#include <stdio.h>
#include <string.h>

#include "format.h"
#include "session_private.h"
#include "turret/base/str.h"
#include "turret/base/utf8.h"

enum { SEGMENTS_MAX = 16, LEVELS = 9 /* of narrowness: the last shows only venues with trouble */, NOTICES_SCANNED = 64, CLOCK_WIDTH = 9, TABS_ROOMY = 142 };

struct segment { char text[64]; enum role role; unsigned flags; };
struct line { struct segment seg[SEGMENTS_MAX]; int n; };

static void add(struct line *l, enum role role, unsigned flags, const char *text) {
    if (l->n == SEGMENTS_MAX || !*text)
        return;
    l->seg[l->n] = (struct segment){"", role, flags};
    str_copy(l->seg[l->n++].text, sizeof l->seg->text, text);
}

static int width_of(const struct line *l) {
    int w = 0;
    for (int i = 0; i < l->n; i++)
        w += utf8_str_width(l->seg[i].text) + (i ? 2 : 0);
    return w;
}

static int draw(struct canvas *c, int x, int y, const struct line *l) {
    for (int i = 0; i < l->n; i++)
        x += canvas_text(c, x, y, c->w - x, l->seg[i].role, l->seg[i].flags, l->seg[i].text) + 2;
    return x;
}

int session_alerts(struct session *s, int64_t *newest_us) {
    static struct view_notice list[NOTICES_SCANNED];
    int n = view_notices(s->view, list, NOTICES_SCANNED), open = 0;
    *newest_us = 0;
    for (int i = 0; i < n; i++) {
        bool acked = list[i].n.level != NOTICE_ALERT || list[i].at_us <= s->alerts_seen_us;
        for (int k = 0; k < ACKED_MAX && !acked; k++)
            acked = s->acked_us[k] == list[i].at_us;
        if (acked)
            continue;
        if (open++ == 0)
            *newest_us = list[i].at_us;
    }
    return open;
}

static void badge(struct session *s, const struct view_status *st, const struct view_account *a, bool known, struct line *l) {
    bool ascii = s->cfg.ascii, live = known && a->a->live;
    if (st->virtual_time)
        add(l, ROLE_REPLAY, CELL_BOLD, ascii ? "[REPLAY]" : "▌REPLAY▐");
    else if (live)
        add(l, ROLE_LIVE, CELL_BOLD, ascii ? "[ LIVE ]" : "▌ LIVE ▐");
    else
        add(l, ROLE_PAPER, CELL_BOLD, ascii ? "[PAPER]" : "▌PAPER▐");
}

static void money(struct session *s, const struct view_account *a, int level, struct line *l) {
    char num[FORMAT_MAX], percent[FORMAT_MAX], text[64];
    if (s->money_hidden) {
        add(l, ROLE_MUTED, 0, "eq ***");
    } else {
        if (level < 7) {
            snprintf(text, sizeof text, "eq %s", format_usd(a->equity, num));
            add(l, ROLE_STRONG, CELL_BOLD, text);
        }
        format_percent(a->day_pnl.micro, a->start_equity.micro, 2, true, percent);
        bool share = level < 3 && a->start_equity.micro > 0;
        snprintf(text, sizeof text, "day %s%s%s", format_pnl(a->day_pnl, num), share ? " " : "", share ? percent : "");
        add(l, a->day_pnl.micro < 0 ? ROLE_DOWN : a->day_pnl.micro > 0 ? ROLE_UP : ROLE_TEXT, 0, text);
    }
}

/* "PM ok 38ms", "PM STALE 24s", "PM DOWN: connection refused", "SIM ok <0.1s": latency where the venue has one, else the age of its data. */
static void venue_segment(struct session *s, const struct venue_row *r, int level, struct line *l) {
    static const enum role ROLES[] = {[VENUE_IS_OK] = ROLE_OK, [VENUE_IS_STALE] = ROLE_STALE, [VENUE_NO_DATA] = ROLE_STALE, [VENUE_IS_DOWN] = ROLE_ALERT};
    const enum venue_state state = venue_state(s->view, &r->v, s->now_us);
    const struct ev_health *h = r->v.health_known ? &r->v.health : NULL;
    const char *name = venue_label(r->id);
    char text[64], age[FORMAT_MAX];
    const int64_t old = s->now_us - venue_heard_us(&r->v);
    if (h && state == VENUE_IS_OK && h->latency_us > 0)
        snprintf(age, sizeof age, "%dms", (int)((h->latency_us + 999) / 1000));
    else
        format_age_calm(old, age);
    if (state == VENUE_IS_DOWN && level < 1 && r->v.text[0])
        snprintf(text, sizeof text, "%s DOWN: %.40s", name, r->v.text);
    else if (state == VENUE_IS_DOWN || state == VENUE_NO_DATA)
        snprintf(text, sizeof text, "%s %s", name, state == VENUE_IS_DOWN ? "DOWN" : "no data");
    else if (state == VENUE_IS_OK && h && h->user_up == 0)
        snprintf(text, sizeof text, "%s orders DOWN", name);
    else if (state == VENUE_IS_OK && h && h->cancel_only)
        snprintf(text, sizeof text, "%s cancel-only", name);
    else
        snprintf(text, sizeof text, "%s %s%s", name, state == VENUE_IS_STALE ? "STALE " : level < 5 ? "ok " : "", level < 6 || state == VENUE_IS_STALE ? age : "");
    add(l, state == VENUE_IS_OK && h && h->user_up == 0 ? ROLE_ALERT : state == VENUE_IS_OK && h && h->cancel_only ? ROLE_WARN : ROLES[state], 0, text);
}

static void venues(struct session *s, int level, struct line *l) {
    struct venue_row rows[VENUE_COUNT];
    struct view_account a;
    for (int i = 0, n = venue_rows(s->view, rows, VENUE_COUNT); i < n; i++) {
        bool counts = rows[i].v.health_known;
        for (int k = 0; !counts && view_account_at(s->view, k, &a); k++)
            counts = a.a->venue == rows[i].id;
        if (counts && (level < LEVELS - 1 || venue_state(s->view, &rows[i].v, s->now_us) != VENUE_IS_OK || (rows[i].v.health_known && !rows[i].v.health.user_up)))
            venue_segment(s, &rows[i], level, l);
    }
}

/* Only when there are any: how many run, or what is wrong; what language models cost today. */
static void models(struct session *s, int level, struct line *l) {
    struct view_schedule sc;
    struct view_model vm;
    char text[64];
    int paused = 0;
    usd cost = {0};
    view_schedule(s->view, &sc);
    if (sc.models == 0 || level >= 4)
        return;
    for (int i = 0; view_model_at(s->view, i, &vm); i++) {
        paused += vm.m->enabled && vm.m->paused;
        cost = usd_add_sat(cost, vm.m->cost_day);
    }
    if (cost.micro > 0 && level < 1) {
        char num[FORMAT_MAX];
        snprintf(text, sizeof text, "LLM $%s", s->money_hidden ? "***" : format_usd(cost, num));
        add(l, ROLE_MUTED, 0, text);
    }
    if (paused)
        snprintf(text, sizeof text, "%d of %d PAUSED", paused, sc.models);
    else
        snprintf(text, sizeof text, "%d models%s", sc.models, sc.healthy ? "" : " DEGRADED");
    add(l, paused || !sc.healthy ? ROLE_WARN : ROLE_MUTED, 0, text);
}

/* Only when there are any: how many snipers may fire, how many traders are followed. */
static void automations(struct session *s, int level, struct line *l) {
    const size_t all = view_watch_count(s->view, WATCH_SNIPER, false), armed = view_watch_count(s->view, WATCH_SNIPER, true);
    char text[64];
    int cursor = 0, on[FOLLOW_KIND_COUNT] = {0}, follows = 0;
    for (const struct follow *f; (f = view_next_follow(s->view, &cursor));) {
        on[f->kind < FOLLOW_KIND_COUNT ? f->kind : 0] += f->enabled && !f->deleted;
        follows += !f->deleted;
    }
    if (all && level < 5) {
        snprintf(text, sizeof text, level < 2 ? "snipers %zu armed / %zu off" : "S %zu/%zu", armed, level < 2 ? all - armed : all);
        add(l, armed ? ROLE_OWN : ROLE_MUTED, 0, text);
    }
    if (!follows || level >= 5)
        return;
    if (level >= 2)
        snprintf(text, sizeof text, "F %d/%d", on[0] + on[1], follows);
    else if (on[FOLLOW_COPY] && on[FOLLOW_COUNTER])
        snprintf(text, sizeof text, "copy %d counter %d on", on[FOLLOW_COPY], on[FOLLOW_COUNTER]);
    else
        snprintf(text, sizeof text, "%s %d on", on[FOLLOW_COPY] ? "copy" : "counter", on[0] + on[1]);
    add(l, on[0] + on[1] ? ROLE_OWN : ROLE_MUTED, 0, text);
}

static void compose(struct session *s, int level, bool tabs, struct line *left, struct line *right) {
    struct view_status st;
    struct view_account a;
    char text[64], clock[FORMAT_MAX];
    int64_t newest = 0;
    left->n = right->n = 0;
    view_status(s->view, &st);
    bool known = view_account(s->view, session_account(s), &a);
    badge(s, &st, &a, known, left);
    if (!tabs && s->page > 1) {
        snprintf(text, sizeof text, "%s %s", page_key(s->page), page_title(s->page));
        add(left, ROLE_TITLE, CELL_BOLD, text);
    }
    if (known && (level < 1 || (a.a->live && level < 6))) { /* whose money it is goes last */
        snprintf(text, sizeof text, "%s/%s", level < 2 ? format_venue((enum venue_id)a.a->venue) : venue_label((enum venue_id)a.a->venue), a.a->name);
        add(left, a.a->live ? ROLE_STRONG : ROLE_MUTED, 0, text);
    }
    if (known && a.a->live && !a.may_trade)
        add(left, ROLE_WARN, CELL_BOLD, level < 3 ? "exits only" : "exits");
    if (s->cfg.readonly)
        add(left, ROLE_WARN, CELL_BOLD, "READ-ONLY");
    if (st.stage == START_LOADING || (known && st.leader && !a.reconciled))
        add(left, ROLE_WARN, 0, st.stage == START_LOADING ? "loading" : "reconciling");
    if (known)
        money(s, &a, level, left);
    int alerts = tabs ? 0 : session_alerts(s, &newest);
    if (alerts) {
        snprintf(text, sizeof text, "%d alert%s", alerts, alerts == 1 ? "" : "s");
        add(right, ROLE_ALERT, CELL_BOLD, text);
    }
    automations(s, level, right);
    models(s, level, right);
    venues(s, level, right);
    if (level < 4 && s->now_us) {
        snprintf(text, sizeof text, "%sZ", format_clock(s->now_us, clock));
        add(right, ROLE_MUTED, 0, text);
    }
}

struct rect head_clock(const struct session *s) { return (struct rect){s->w - CLOCK_WIDTH - 1, 0, CLOCK_WIDTH + 1, 1}; }

static void draw_tabs(struct session *s, struct canvas *c) {
    const bool roomy = c->w >= TABS_ROOMY;
    int x = 1;
    int64_t newest = 0;
    char text[32];
    for (int i = 1; i <= PAGE_COUNT; i++) {
        snprintf(text, sizeof text, roomy ? " %s %s " : "%s %s", page_key(i), roomy ? page_title(i) : page_short(i));
        x += canvas_text(c, x, 1, c->w - x, i == s->page ? ROLE_SELECT : ROLE_MUTED, i == s->page ? CELL_BOLD : 0, text) + !roomy;
    }
    int alerts = session_alerts(s, &newest);
    if (alerts) {
        snprintf(text, sizeof text, "%d alert%s  A ack ", alerts, alerts == 1 ? "" : "s");
        canvas_right(c, x, 1, c->w - x, ROLE_ALERT, CELL_BOLD, text);
    }
}

int session_bars(struct session *s) {
    struct view_status st;
    struct view_account a;
    view_status(s->view, &st);
    bool live = st.stage == START_LIVE;
    return st.killed + (st.trading != TRADING_ACTIVE) + (live && !st.leader) + (st.stage != START_LOADING && !st.store_up) + (view_account(s->view, session_account(s), &a) && a.day_paused);
}

static int bar(struct canvas *c, int y, enum role role, const char *text) {
    canvas_fill(c, (struct rect){0, y, c->w, 1}, ' ', role, role == ROLE_HALT ? 0 : CELL_REVERSE);
    canvas_text(c, 1, y, c->w - 2, role, role == ROLE_HALT ? CELL_BOLD : CELL_REVERSE | CELL_BOLD, text);
    return 1;
}

static int draw_bars(struct session *s, struct canvas *c, int y) {
    struct view_status st;
    struct view_account a;
    char text[256], clock[FORMAT_MAX];
    int n = 0;
    view_status(s->view, &st);
    if (st.killed) {
        snprintf(text, sizeof text, "HALTED %sZ: %s   only exits and cancels pass   :unkill", format_clock(st.killed_us, clock), st.kill_reason[0] ? st.kill_reason : "kill switch");
        n += bar(c, y + n, ROLE_HALT, text);
    }
    if (st.trading != TRADING_ACTIVE) {
        snprintf(text, sizeof text, "%s%s%s   F3 risk", st.trading == TRADING_HALTED ? "TRADING HALTED: automations fire nothing; exits and cancels pass" : "REDUCING: nothing that adds exposure",
                 st.trading_reason[0] ? ": " : "", st.trading_reason);
        n += bar(c, y + n, st.trading == TRADING_HALTED ? ROLE_HALT : ROLE_WARN, text);
    }
    if (st.stage == START_LIVE && !st.leader) {
        snprintf(text, sizeof text, "STANDBY: %s leads on this database; this desk watches", st.leader_holder[0] ? st.leader_holder : "no desk");
        n += bar(c, y + n, ROLE_WARN, text);
    }
    if (st.stage != START_LOADING && !st.store_up) {
        snprintf(text, sizeof text, "STORE DOWN%s%s: only exits and cancels are sent", st.store_text[0] ? " " : "", st.store_text);
        n += bar(c, y + n, ROLE_ALERT, text);
    }
    if (view_account(s->view, session_account(s), &a) && a.day_paused)
        n += bar(c, y + n, ROLE_WARN, "PAUSED: the day's loss limit is reached; only exits until midnight UTC   :resume-day");
    return n;
}

int head_draw(struct session *s, struct canvas *c, enum size_class size) {
    struct line left, right;
    int level = 0;
    do
        compose(s, level, size == SIZE_BIG, &left, &right);
    while (width_of(&left) + width_of(&right) + 3 > c->w && ++level < LEVELS);
    draw(c, 0, 0, &left);
    int w = width_of(&right);
    draw(c, c->w - 1 - w > 0 ? c->w - 1 - w : 0, 0, &right);
    if (size == SIZE_BIG)
        draw_tabs(s, c);
    int rows = size == SIZE_BIG ? 2 : 1;
    return rows + draw_bars(s, c, rows);
}

void head_tiny(struct session *s, struct canvas *c) {
    struct line left;
    struct view_status st;
    struct view_account a;
    char text[64];
    left.n = 0;
    view_status(s->view, &st);
    bool known = view_account(s->view, session_account(s), &a);
    badge(s, &st, &a, known, &left);
    if (s->ask.kind == ASK_PANIC) {
        add(&left, ROLE_ALERT, CELL_BOLD, "PANIC: c cancel f flatten k lock");
    } else {
        if (known)
            money(s, &a, LEVELS, &left);
        if (st.killed)
            add(&left, ROLE_HALT, CELL_BOLD, "HALTED");
        snprintf(text, sizeof text, "TOO SMALL %dx%d", s->w, s->h);
        add(&left, ROLE_WARN, 0, text);
        if (width_of(&left) + 12 <= c->w)
            add(&left, ROLE_MUTED, 0, "need 40x10");
    }
    draw(c, 0, 0, &left);
    s->ask.drawn = s->ask.kind == ASK_PANIC && c->w >= 24;
}
