/* RUN: one run of the model under the cursor, step by step: prompt, reasoning, tool calls with result and latency, refusals with their
 * code. [ and ] step through its runs, Enter opens the whole text. */
#include <stdio.h>
#include <string.h>

#include "turret/base/str.h"
#include "ui/format.h"
#include "ui/panes/panes.h"

struct runs_state { int top; run_id of; };

static const char *const kind_words[STEP_KIND_COUNT] = {"prompt", "think", "call", "state", "retry", "end"};

/* --- which run --------------------------------------------------------------------------------------- */
const struct run_info *pane_run(struct session *s) {
    const struct runs *all = session_runs(s);
    const struct run_info *r = all && session_run(s) ? session_whole_run(s, session_run(s)) : NULL;
    if (r && (!session_model(s) || r->model == session_model(s)))
        return r;
    r = !all ? NULL : session_model(s) ? runs_of(all, session_model(s), 0) : runs_at(all, 0);
    return r ? session_whole_run(s, r->id) : NULL;
}

static const struct run_info *nearer(const struct run_info *best, const struct run_info *r, const struct run_info *from, bool older) {
    if (r->model != from->model || r->id == from->id || (r->started_us < from->started_us) != older)
        return best;
    return !best || (r->started_us > best->started_us) == older ? r : best;
}

/* Among the newest, which have no gaps. */
static const struct run_info *in_memory(struct session *s, const struct run_info *run, bool older) {
    const struct run_info *r, *best = NULL;
    for (int i = 0; run && (r = runs_of(session_runs(s), run->model, i)); i++)
        best = nearer(best, r, run, older);
    return best;
}

const struct run_info *pane_run_beside(struct session *s, const struct run_info *run, bool older) {
    const struct run_info *r, *best = in_memory(s, run, older);
    for (int i = 0; run && !(older && best) && (r = runs_recalled_at(session_runs(s), i)); i++)
        best = nearer(best, r, run, older);
    return best;
}

/* --- the whole text ------------------------------------------------------------------------------------ */
static void add_block(struct str *t, const char *title, const char *text) {
    if (text && text[0])
        str_addf(t, "\v%s\n%s\n\n", title, text);
}

void pane_run_text(struct session *s, const struct run_info *run) {
    struct str t;
    char title[64];
    str_init(&t);
    str_add(&t, "");
    add_block(&t, "FAILED", run->error);
    for (int i = 0; i < run->step_count; i++) {
        const struct run_step *x = &run->steps[i];
        char at[FORMAT_MAX], head[160];
        if (x->kind == STEP_CALL)
            snprintf(head, sizeof head, "%s  call %.40s  %s  %lld ms", format_clock(x->at_us, at), x->tool, x->code < 0 ? "waiting" : err_name((enum err)x->code),
                     (long long)(x->latency_us / 1000));
        else
            snprintf(head, sizeof head, "%s  %s", format_clock(x->at_us, at), kind_words[x->kind]);
        str_addf(&t, "\v%s\n", head);
        if (x->kind == STEP_CALL && x->arguments[0])
            str_addf(&t, "%s\n", x->arguments);
        str_addf(&t, "%s\n\n", x->text);
    }
    add_block(&t, "ANSWER", run->response);
    add_block(&t, "SYSTEM PROMPT", runs_prompt(session_runs(s), run->system_hash));
    if (run->prompt)
        add_block(&t, "USER PROMPT", run->prompt);
    else
        str_add(&t, "\tIts prompts are read from the database: look again in a moment\n");
    snprintf(title, sizeof title, "RUN %llu", (unsigned long long)run->id);
    session_open_text(s, title, t.p);
    str_free(&t);
}

/* --- drawing --------------------------------------------------------------------------------------------- */
static void draw_head(struct session *s, struct canvas *c, struct rect r, const struct run_info *run) {
    char at[FORMAT_MAX], took[FORMAT_MAX] = "-", cost[FORMAT_MAX] = "";
    struct view_model vm;
    const char *name = view_model(s->view, run->model, &vm) ? vm.m->name : "?";
    if (run->ended_us > run->started_us)
        format_age(run->ended_us - run->started_us, took);
    const bool local = view_model(s->view, run->model, &vm) && vm.m->builtin;
    if (!local)
        snprintf(cost, sizeof cost, run->cost_unknown && !run->cost.micro ? "cost unknown" : "$%.4f%s", (double)run->cost.micro / 1e6, run->cost_unknown ? " or more" : "");
    const enum role role = run->status == RUN_OK ? ROLE_OK : run->status == RUN_RUNNING ? ROLE_UP : ROLE_WARN;
    int x = canvas_textf(c, r.x + 1, r.y, r.w - 1, ROLE_STRONG, CELL_BOLD, "%s ", name);
    x += canvas_textf(c, r.x + 1 + x, r.y, r.w - 1 - x, role, 0, "%s ", run_status_name((enum run_status)run->status));
    if (local)
        canvas_textf(c, r.x + 1 + x, r.y, r.w - 1 - x, ROLE_MUTED, 0, "%s  %s  %d steps  did %d  refused %d", format_clock(run->started_us, at), took, run->step_count, run->actions, run->refusals);
    else
        canvas_textf(c, r.x + 1 + x, r.y, r.w - 1 - x, ROLE_MUTED, 0, "%s  %s  in %llu / out %llu tok (cache %llu)  %s  did %d  refused %d", format_clock(run->started_us, at), took,
                     (unsigned long long)run->tokens_in, (unsigned long long)run->tokens_out, (unsigned long long)run->tokens_cached, cost, run->actions, run->refusals);
}

static void one_line(char *dst, size_t cap, const char *text) {
    size_t n = 0;
    for (; *text && n + 1 < cap; text++)
        if (!(*text == ' ' && n > 0 && dst[n - 1] == ' '))
            dst[n++] = *text == '\n' ? ' ' : *text;
    dst[n] = 0;
}

static void draw_step(struct canvas *c, int x, int y, int w, const struct run_step *k) {
    char at[FORMAT_MAX], text[400], args[200], took[FORMAT_MAX];
    int used = canvas_textf(c, x, y, w, ROLE_MUTED, 0, "%s ", format_clock_ms(k->at_us, at));
    one_line(text, sizeof text, k->text);
    if (k->kind != STEP_CALL) {
        used += canvas_textf(c, x + used, y, w - used, k->kind == STEP_RETRY ? ROLE_WARN : ROLE_TITLE, 0, "%-6s ", kind_words[k->kind]);
        canvas_text(c, x + used, y, w - used, k->kind == STEP_THINK ? ROLE_TEXT : ROLE_MUTED, 0, text);
        return;
    }
    one_line(args, sizeof args, k->arguments);
    const bool bad = k->code > 0;
    used += canvas_textf(c, x + used, y, w - used, k->trades ? ROLE_OWN : ROLE_TITLE, 0, "%s", k->tool);
    used += canvas_textf(c, x + used, y, (w - used) * 45 / 100, ROLE_MUTED, 0, "(%s)", args);
    used += canvas_textf(c, x + used, y, w - used, bad ? ROLE_ALERT : k->code < 0 ? ROLE_WARN : ROLE_OK, bad ? CELL_BOLD : 0, " %s ",
                         k->code < 0 ? "waiting" : k->code == 0 ? "ok" : err_name((enum err)k->code));
    used += canvas_textf(c, x + used, y, w - used, ROLE_MUTED, 0, "%s  ", format_age(k->latency_us, took));
    canvas_text(c, x + used, y, w - used, ROLE_TEXT, 0, text);
}

static void draw(struct session *s, void *state, struct canvas *c, struct rect r, bool focused, int64_t now_us) {
    struct runs_state *p = state;
    const struct run_info *run = pane_run(s);
    (void)now_us;
    if (focused)
        c->cursor_x = r.x, c->cursor_y = r.y + r.h - 1;
    if (!run) {
        canvas_text(c, r.x + 1, r.y, r.w - 1, ROLE_MUTED, 0, session_model(s) ? "No run of this model yet" : "No runs yet");
        return;
    }
    if (p->of != run->id)
        p->top = 0;
    p->of = run->id;
    draw_head(s, c, r, run);
    int y = r.y + 1, room = r.h - 1;
    if (run->error[0] && room > 1) {
        canvas_textf(c, r.x + 1, y++, r.w - 1, ROLE_ALERT, CELL_BOLD, "%s", run->error);
        room--;
    }
    if (p->top > run->step_count - room)
        p->top = run->step_count - room > 0 ? run->step_count - room : 0;
    for (int i = 0; i < room && p->top + i < run->step_count; i++)
        draw_step(c, r.x + 1, y + i, r.w - 1, &run->steps[p->top + i]);
}

static void subtitle(struct session *s, void *state, char *buf, size_t cap) {
    (void)state;
    if (pane_run(s))
        snprintf(buf, cap, "[ ] older newer  Enter text");
}

/* [ ] d w and Enter, from the panes of the page. */
unsigned pane_runs_action(struct session *s, enum action a) {
    const struct run_info *run = pane_run(s), *other;
    switch (a) {
    case ACT_SIZE_DOWN:
    case ACT_SIZE_UP:
        other = a == ACT_SIZE_DOWN ? in_memory(s, run, true) : pane_run_beside(s, run, false);
        if (other)
            session_set_run(s, other->id);
        else if (a == ACT_SIZE_UP)
            session_message(s, NOTICE_INFO, "this is the newest run");
        else if (!run || !session_recall_older(s, run))
            session_message(s, NOTICE_INFO, "no older run");
        return REACT_HANDLED | REACT_DRAW;
    case ACT_DIFF:
        session_toggle_diff(s);
        return REACT_HANDLED | REACT_DRAW;
    case ACT_WHY:
        return session_focus_pane(s, "why") ? REACT_HANDLED | REACT_DRAW : REACT_HANDLED;
    case ACT_OPEN:
        if (run)
            pane_run_text(s, run);
        return REACT_HANDLED | REACT_DRAW;
    case ACT_PAUSE:
    case ACT_PAUSE_ALL:
        return pane_pause(s, a == ACT_PAUSE_ALL);
    default:
        return REACT_NONE;
    }
}

static unsigned action(struct session *s, void *state, enum action a) {
    struct runs_state *p = state;
    switch (a) {
    case ACT_NEXT_ROW:
        p->top++;
        return REACT_HANDLED | REACT_DRAW;
    case ACT_PREV_ROW:
        p->top -= p->top > 0;
        return REACT_HANDLED | REACT_DRAW;
    case ACT_FIRST_ROW:
        p->top = 0;
        return REACT_HANDLED | REACT_DRAW;
    case ACT_LAST_ROW:
        p->top = 1 << 20;
        return REACT_HANDLED | REACT_DRAW;
    default:
        return pane_runs_action(s, a);
    }
}

const struct pane pane_runs = {
    .name = "runs",
    .title = "RUN",
    .dirty = DIRTY_RUNS | DIRTY_MODELS,
    .min_w = 24,
    .min_h = 3,
    .state_size = sizeof(struct runs_state),
    .draw = draw,
    .subtitle = subtitle,
    .action = action,
};
