/* WHY THIS POSITION: from a position to the run that opened it: thesis, plan, what came after, and the key that closes it. The same pane
 * shows on `d` what is different between the run on show and the one before it. */
#include <stdio.h>
#include <string.h>

#include "turret/base/str.h"
#include "ui/format.h"
#include "ui/panes/panes.h"
#include "ui/session_private.h"
#include "ui/ticket.h"

#define LINES 64

struct why_state { int unused; };
struct lines { struct session *s; struct canvas *c; struct rect at; int y; };

static void field(struct lines *l, const char *label, enum role role, const char *text) {
    const char *start[LINES];
    int bytes[LINES];
    const int indent = 12, w = l->at.w - indent - 1;
    if (w < 8 || l->y >= l->at.y + l->at.h)
        return;
    int n = text_wrap(text, w, start, bytes, LINES);
    canvas_text(l->c, l->at.x + 1, l->y, indent, ROLE_MUTED, 0, label);
    n = n > LINES ? LINES : n;
    for (int i = 0; i < n && l->y < l->at.y + l->at.h && i < 4; i++, l->y++)
        canvas_textf(l->c, l->at.x + indent, l->y, w, role, 0, "%.*s", bytes[i], start[i]);
    if (n == 0)
        l->y++;
}

/* --- which position ----------------------------------------------------------------------------------- */
static const struct order *subject(struct session *s) {
    const struct order *o = session_why(s) ? view_order(s->view, session_why(s)) : NULL, *newest = NULL;
    struct view_model vm;
    if (o)
        return o;
    const bool one = session_model(s) && view_model(s->view, session_model(s), &vm);
    int cursor = 0;
    while ((o = view_next_position(s->view, &cursor, true)))
        if ((one ? o->account == vm.m->account : view_model_of(s->view, o->account) != NULL) && (!newest || o->pos.opened_us > newest->pos.opened_us))
            newest = o;
    return newest;
}

static void add_level(struct str *t, const struct market *m, const char *what, price px) {
    char text[FORMAT_MAX];
    if (px.micro)
        str_addf(t, "%s%s %s", t->p[0] ? "  " : "", what, format_price(m, px, FORMAT_UNIT, text));
}

static void draw_plan(struct lines *l, const struct order *o, const struct market *m, int64_t now_us) {
    const struct exit_plan *p = &o->pos.plan;
    struct str t;
    char text[FORMAT_MAX];
    str_init(&t);
    str_add(&t, "");
    add_level(&t, m, "stop", p->stop);
    add_level(&t, m, "take", p->target);
    add_level(&t, m, "invalid", p->invalidation_price);
    if (p->time_exit_us)
        str_addf(&t, "  out in %s", format_left(p->time_exit_us > now_us ? p->time_exit_us - now_us : 0, text));
    field(l, "exit plan", t.p[0] ? ROLE_TEXT : ROLE_WARN, t.p[0] ? t.p : "none");
    str_free(&t);
    if (p->invalidation[0])
        field(l, "invalid if", ROLE_TEXT, p->invalidation);
    if (p->confidence >= 0) {
        snprintf(text, sizeof text, "%d%%", p->confidence);
        field(l, "confidence", ROLE_TEXT, text);
    }
}

/* What later runs did about this market. */
static void draw_since(struct lines *l, const struct order *o, const struct market *m, run_id opened) {
    const struct model *owner = view_model_of(l->s->view, o->account);
    const struct run_info *run = NULL;
    char text[200];
    int runs = 0, acted = 0;
    text[0] = 0;
    for (int i = 0; owner && (run = runs_of(session_runs(l->s), owner->id, i)) && run->id != opened; i++, runs++)
        for (int k = 0; k < run->step_count; k++) {
            const struct run_step *x = &run->steps[k];
            if (x->kind == STEP_CALL && x->trades && strstr(x->arguments, m->symbol) && acted++ == 0)
                snprintf(text, sizeof text, "last: %s %s", x->tool, x->code > 0 ? err_name((enum err)x->code) : "ok");
        }
    char line[260];
    snprintf(line, sizeof line, "%s%d runs, acted on it %d times%s%s", run ? "" : "the newest ", runs, acted, text[0] ? "; " : "", text);
    field(l, "since", ROLE_MUTED, line);
}

/* From the line that speaks of the market on: Enter shows all of it. */
static const char *about(const char *response, const char *symbol) {
    const char *at = strstr(response, symbol);
    while (at && at > response && at[-1] != '\n')
        at--;
    return at ? at : response;
}

static void draw_position(struct lines *l, const struct order *o, int64_t now_us) {
    struct view_market vm;
    struct view_position vp;
    char size[FORMAT_MAX], entry[FORMAT_MAX], pnl[FORMAT_MAX], line[300];
    if (!view_market(l->s->view, o->market, &vm))
        return;
    const bool known = view_position(l->s->view, o->id, &vp);
    snprintf(line, sizeof line, "%s %s %s @ %s  P&L %s", vm.m->symbol, format_side((enum order_side)o->side),
             format_size(vm.m, o->pos.status == POSITION_OPEN ? o->pos.open : o->pos.closed, size), format_price(vm.m, o->pos.entry_price, FORMAT_FINE | FORMAT_UNIT, entry),
             session_money_hidden(l->s) ? "***" : format_pnl(known && o->pos.status == POSITION_OPEN ? vp.unrealized : o->pos.realized_pnl, pnl));
    canvas_text(l->c, l->at.x + 1, l->y++, l->at.w - 1, ROLE_STRONG, CELL_BOLD, line);
    const struct run_info *run = NULL;
    if (o->source == SOURCE_AGENT) {
        const struct model *m = view_model_of(l->s->view, o->account);
        run = session_whole_run(l->s, o->link);
        snprintf(line, sizeof line, "%s, run %llu", m ? m->name : "a model", (unsigned long long)o->link);
        field(l, "opened by", ROLE_TEXT, line);
        field(l, "thesis", ROLE_TEXT, run && run->response && run->response[0] ? about(run->response, vm.m->symbol) : run ? "it said nothing" : "its run is read from the database");
    } else
        field(l, "opened by", ROLE_TEXT, o->source == SOURCE_MANUAL ? "by hand" : order_source_name((enum order_source)o->source));
    draw_plan(l, o, vm.m, now_us);
    if (run)
        draw_since(l, o, vm.m, run->id);
    if (l->y < l->at.y + l->at.h && o->pos.status == POSITION_OPEN)
        canvas_text(l->c, l->at.x + 1, l->at.y + l->at.h - 1, l->at.w - 1, ROLE_HINT, 0, "x close it now   e edit stop and target   d run diff");
}

/* --- the difference of two runs -------------------------------------------------------------------------- */
static const struct run_step *call_like(const struct run_info *run, const struct run_step *k) {
    for (int i = 0; run && i < run->step_count; i++)
        if (run->steps[i].kind == STEP_CALL && !strcmp(run->steps[i].tool, k->tool) && !strcmp(run->steps[i].arguments, k->arguments))
            return &run->steps[i];
    return NULL;
}

static void draw_calls(struct lines *l, const char *label, const struct run_info *of, const struct run_info *other, enum role role) {
    char line[300];
    for (int i = 0; i < of->step_count; i++) {
        const struct run_step *k = &of->steps[i];
        if (k->kind != STEP_CALL || call_like(other, k))
            continue;
        snprintf(line, sizeof line, "%s(%.160s) %s", k->tool, k->arguments, k->code > 0 ? err_name((enum err)k->code) : "ok");
        field(l, label, role, line);
    }
}

static void draw_diff(struct lines *l) {
    const struct run_info *now = pane_run(l->s), *before = pane_run_beside(l->s, now, true);
    char line[200];
    if (!now || !before) {
        canvas_text(l->c, l->at.x + 1, l->y, l->at.w - 1, ROLE_MUTED, 0, "Two runs of one model are needed; [ and ] choose the later one");
        return;
    }
    char a[FORMAT_MAX], b[FORMAT_MAX];
    snprintf(line, sizeof line, "%s → %s", format_clock(before->started_us, a), format_clock(now->started_us, b));
    if (session_ascii(l->s))
        snprintf(line, sizeof line, "%s -> %s", format_clock(before->started_us, a), format_clock(now->started_us, b));
    field(l, "runs", ROLE_STRONG, line);
    snprintf(line, sizeof line, "system %s, user %s", strcmp(now->system_hash, before->system_hash) ? "CHANGED" : "same", strcmp(now->prompt_hash, before->prompt_hash) ? "changed" : "same");
    field(l, "prompt", ROLE_TEXT, line);
    snprintf(line, sizeof line, "%s → %s, did %d → %d, refused %d → %d", run_status_name((enum run_status)before->status), run_status_name((enum run_status)now->status), before->actions,
             now->actions, before->refusals, now->refusals);
    field(l, "outcome", ROLE_TEXT, line);
    draw_calls(l, "new", now, before, ROLE_UP);
    draw_calls(l, "dropped", before, now, ROLE_DOWN);
    if (now->response && before->response && strcmp(now->response, before->response)) {
        field(l, "says", ROLE_TEXT, now->response);
        field(l, "said", ROLE_MUTED, before->response);
    }
}

static void draw(struct session *s, void *state, struct canvas *c, struct rect r, bool focused, int64_t now_us) {
    struct lines l = {s, c, r, r.y};
    const struct order *o = subject(s);
    (void)state;
    if (focused)
        c->cursor_x = r.x, c->cursor_y = r.y + r.h - 1;
    if (session_diff(s))
        draw_diff(&l);
    else if (o)
        draw_position(&l, o, now_us);
    else
        canvas_text(c, r.x + 1, r.y, r.w - 1, ROLE_MUTED, 0, "No open position; w on a position's or an order's row asks why it exists");
}

static void subtitle(struct session *s, void *state, char *buf, size_t cap) {
    (void)state;
    snprintf(buf, cap, session_diff(s) ? "run diff  d why" : "d run diff");
}

static unsigned action(struct session *s, void *state, enum action a) {
    const struct order *o = subject(s);
    (void)state;
    switch (a) {
    case ACT_CLOSE:
        return o ? pane_propose_close(s, o->id) : REACT_HANDLED;
    case ACT_EDIT:
        if (o && o->pos.status == POSITION_OPEN)
            edit_position_open(s, o->id);
        return REACT_HANDLED | REACT_DRAW;
    case ACT_OPEN: {
        const struct run_info *run = o ? session_whole_run(s, o->link) : NULL;
        if (run)
            pane_run_text(s, run);
        return REACT_HANDLED | REACT_DRAW;
    }
    default:
        return pane_runs_action(s, a);
    }
}

const struct pane pane_why_pane = {
    .name = "why",
    .title = "WHY THIS POSITION",
    .dirty = DIRTY_POSITIONS | DIRTY_RUNS | DIRTY_BOOK,
    .min_w = 24,
    .min_h = 3,
    .state_size = sizeof(struct why_state),
    .draw = draw,
    .subtitle = subtitle,
    .action = action,
};

unsigned pane_why(struct session *s, order_id order) {
    if (!order)
        return REACT_HANDLED;
    session_set_why(s, order);
    session_focus_pane(s, "why");
    return REACT_HANDLED | REACT_DRAW;
}
