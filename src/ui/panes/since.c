/* SINCE YOU LEFT: fills, what fired, what was followed or skipped, what was refused, runs: since the last key before a pause of five minutes
 * or since the last viewer went. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "turret/base/hash.h"
#include "turret/base/str.h"
#include "ui/format.h"
#include "ui/panes/auto.h"
#include "ui/reads_as.h"

enum { EACH = 150, ITEMS = 600 };
enum what { WHAT_FILL, WHAT_FIRED, WHAT_ALERT, WHAT_EXIT, WHAT_FOLLOWED, WHAT_SKIPPED, WHAT_REFUSED, WHAT_RUN, WHATS };

struct since_state { struct list list; };
struct gathered { struct view_notice item[ITEMS]; int n, count[WHATS]; };

static void add(struct gathered *g, enum what w, int64_t at_us, int level, market_id m, const char *text) {
    g->count[w]++;
    if (g->n == ITEMS)
        return;
    struct view_notice *v = &g->item[g->n++];
    *v = (struct view_notice){.at_us = at_us, .n = {.level = level, .market = m}};
    str_copy(v->n.text, sizeof v->n.text, text);
}

static void add_fills(struct session *s, int64_t from, struct gathered *g) {
    static const struct fill *fills[EACH];
    const int n = view_fills(s->view, fills, EACH);
    char text[NOTE_MAX], size[FORMAT_MAX], px[FORMAT_MAX];
    for (int i = 0; i < n && fills[i]->at_us > from; i++) {
        const struct fill *f = fills[i];
        const struct order *o = view_order(s->view, f->order);
        struct view_market vm;
        if (!session_shows(s, f->account) || !view_market(s->view, f->market, &vm))
            continue;
        snprintf(text, sizeof text, "%s%s%s %s %s %.40s @ %s%s%s", f->kind == FILL_TRADE ? "" : fill_kind_name((enum fill_kind)f->kind), f->kind == FILL_TRADE ? "" : " ", format_action((enum order_action)f->action), format_size(vm.m, f->size, size),
                 format_side((enum order_side)f->side), vm.m->title[0] ? vm.m->title : vm.m->symbol, format_price(vm.m, f->px, FORMAT_UNIT | (session_ascii(s) ? FORMAT_ASCII : 0), px),
                 o ? "  by " : "", o ? order_source_name((enum order_source)o->source) : "");
        add(g, WHAT_FILL, f->at_us, NOTICE_FILL, f->market, text);
    }
}

static void add_history(struct session *s, int64_t from, struct gathered *g) {
    static const struct history *rows[EACH];
    const int n = view_history(s->view, -1, 0, rows, EACH);
    char text[NOTE_MAX], label[AUTO_LABEL_MAX];
    for (int i = 0; i < n && rows[i]->at_us > from; i++) {
        const struct history *h = rows[i];
        const bool fired = strcmp(h->what, "fired") == 0;
        if (h->kind == HISTORY_FOLLOW || ((h->kind == HISTORY_SNIPER || h->kind == HISTORY_ALERT) && (strcmp(h->what, "armed") == 0 || strcmp(h->what, "disarmed") == 0)))
            continue; /* follows are told trade by trade; arming was somebody's own hand */
        if (h->kind == HISTORY_SNIPER || h->kind == HISTORY_ALERT)
            snprintf(text, sizeof text, "%s %s: %s", watch_label_of(h->kind == HISTORY_ALERT ? WATCH_ALERT : WATCH_SNIPER, (watch_id)h->id, label), h->what, h->text);
        else
            snprintf(text, sizeof text, "%s %s: %s", history_kind_name((enum history_kind)h->kind), h->what, h->text);
        add(g, h->kind == HISTORY_ALERT ? WHAT_ALERT : h->kind == HISTORY_SNIPER ? WHAT_FIRED : WHAT_EXIT, h->at_us, fired || h->kind == HISTORY_RISK ? NOTICE_WARN : NOTICE_INFO, h->market, text);
        g->count[WHAT_FIRED] -= h->kind == HISTORY_SNIPER && !fired; /* only firings count as such */
        g->count[WHAT_ALERT] -= h->kind == HISTORY_ALERT && !fired;
    }
}

static void add_follows(struct session *s, int64_t from, struct gathered *g) {
    static const struct follow_trade *rows[EACH];
    const int n = view_follow_trades(s->view, 0, rows, EACH);
    char text[NOTE_MAX], label[AUTO_LABEL_MAX];
    for (int i = 0; i < n && rows[i]->seen_us > from; i++) {
        const struct follow_trade *t = rows[i];
        const struct follow *f = view_follow(s->view, t->follow);
        const bool done = t->status == FOLLOWED_EXECUTED;
        if (!f || t->status == FOLLOWED_DETECTED)
            continue;
        snprintf(text, sizeof text, "%s %s %s", follow_label(f, label), follow_status_name((enum follow_status)t->status), t->text[0] ? t->text : t->reason ? err_text((enum err)t->reason) : "");
        add(g, done ? WHAT_FOLLOWED : WHAT_SKIPPED, t->seen_us, t->status == FOLLOWED_FAILED ? NOTICE_WARN : NOTICE_INFO, t->market, text);
    }
}

static void add_rest(struct session *s, int64_t from, struct gathered *g) {
    static struct view_refusal refusals[EACH];
    const int n = view_refusals(s->view, refusals, EACH);
    char text[NOTE_MAX];
    struct view_model vm;
    for (int i = 0; i < n && refusals[i].at_us > from; i++) {
        snprintf(text, sizeof text, "refused %s: %s", order_source_name((enum order_source)refusals[i].source), refusals[i].text[0] ? refusals[i].text : err_text((enum err)refusals[i].code));
        add(g, WHAT_REFUSED, refusals[i].at_us, NOTICE_WARN, refusals[i].market, text);
    }
    const struct run_info *run;
    for (int i = 0; session_runs(s) && i < EACH && (run = runs_at(session_runs(s), i)) && run->started_us > from; i++) {
        if (!run->actions && !run->refusals && !run->error[0]) { /* it held: counted, not told */
            g->count[WHAT_RUN]++;
            continue;
        }
        snprintf(text, sizeof text, "run of %s: %d trades, %d refused%s%s", view_model(s->view, run->model, &vm) ? vm.m->name : "?", run->actions, run->refusals, run->error[0] ? "; " : "", run->error);
        add(g, WHAT_RUN, run->started_us, run->error[0] ? NOTICE_WARN : NOTICE_INFO, 0, text);
    }
}

static int by_time(const void *a, const void *b) {
    const struct view_notice *x = a, *y = b;
    return (x->at_us > y->at_us) - (x->at_us < y->at_us);
}

static struct gathered *gather(struct session *s) {
    static struct gathered g;
    const int64_t from = session_left_us(s);
    g.n = 0;
    memset(g.count, 0, sizeof g.count);
    add_fills(s, from, &g);
    add_history(s, from, &g);
    add_follows(s, from, &g);
    add_rest(s, from, &g);
    qsort(g.item, (size_t)g.n, sizeof *g.item, by_time);
    return &g;
}

static void fetch(struct session *s, void *state, struct list_rows *rows) {
    const struct gathered *g = gather(s);
    (void)state;
    for (int i = 0; i < g->n; i++) {
        const uint64_t id = fnv64(fnv64_u64(FNV64_INIT, (uint64_t)g->item[i].at_us), g->item[i].n.text, strnlen(g->item[i].n.text, sizeof g->item[i].n.text));
        list_push(rows, id, &g->item[i]);
    }
}

static const struct list_source source = {.table = "notices", .empty = "Nothing has happened since", .feed = true, .fetch = fetch};

static void draw_counts(struct session *s, struct canvas *c, int x, int y, int w, int64_t now_us) {
    static const char *const names[WHATS] = {"fills", "fired", "alerts", "exits and risk", "followed", "skipped", "refused", "runs"};
    const struct gathered *g = gather(s);
    char text[240], at[FORMAT_MAX], age[FORMAT_MAX];
    const int64_t from = session_left_us(s);
    size_t n = 0;
    if (from)
        n = (size_t)snprintf(text, sizeof text, "since %.5sZ, %s ago: ", format_clock(from, at), format_age(now_us - from, age));
    else
        n = (size_t)snprintf(text, sizeof text, "since the engine began: ");
    bool any = false;
    for (int i = 0; i < WHATS && n < sizeof text; i++)
        if (g->count[i] > 0)
            n += (size_t)snprintf(text + n, sizeof text - n, "%s%d %s", any ? ", " : "", g->count[i], names[i]), any = true;
    canvas_textf(c, x, y, w, any ? ROLE_STRONG : ROLE_MUTED, 0, "%s%s", text, any ? "" : "nothing");
}

static void draw(struct session *s, void *state, struct canvas *c, struct rect r, bool focused, int64_t now_us) {
    const int head = r.h >= 2;
    if (head)
        draw_counts(s, c, r.x + 1, r.y, r.w - 1, now_us);
    list_draw(s, state, &((struct since_state *)state)->list, &source, c, (struct rect){r.x, r.y + head, r.w, r.h - head}, focused, now_us);
}
static void subtitle(struct session *s, void *state, char *buf, size_t cap) { list_subtitle(s, state, &((struct since_state *)state)->list, &source, buf, cap); }
static unsigned action(struct session *s, void *state, enum action a) { return list_action(s, state, &((struct since_state *)state)->list, &source, a); }

const struct pane pane_since = {
    .name = "since", .title = "SINCE YOU LEFT", .dirty = DIRTY_AUTOS | DIRTY_FILLS | DIRTY_RUNS | DIRTY_NOTICES, .min_w = 20, .min_h = 1, .state_size = sizeof(struct since_state),
    .draw = draw, .subtitle = subtitle, .action = action,
};
