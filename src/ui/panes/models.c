/* MODELS: the leaderboard of models and person. The row under the cursor is whom the panes around it speak of. */
#include <stdio.h>

#include "ui/format.h"
#include "ui/panes/auto.h"

#define ROWS 256

struct models_state {
    struct list list;
};

static void fetch(struct session *s, void *state, struct list_rows *rows) {
    (void)state;
    static struct standing list[ROWS];
    const int n = standings(s->view, list, ROWS);
    for (int i = 0; i < n; i++)
        list_push(rows, list[i].account, &list[i]);
}

static enum role row_role(struct session *s, const void *row, int64_t now_us) {
    (void)now_us;
    const struct standing *r = row;
    return view_model_of(s->view, r->account) ? ROLE_COUNT : ROLE_OWN;
}

static const struct list_source source = {
    .table = "leaderboard",
    .empty = "No models are configured: see turret-agents(5)",
    .fetch = fetch,
    .role = row_role,
};

static void draw(struct session *s, void *state, struct canvas *c, struct rect r, bool focused, int64_t now_us) {
    struct models_state *p = state;
    struct view_schedule sc;
    const int foot = r.h >= 6;
    list_draw(s, state, &p->list, &source, c, (struct rect){r.x, r.y, r.w, r.h - foot}, focused, now_us);
    const account_id at = (account_id)list_current(&p->list);
    const struct model *m = at ? view_model_of(s->view, at) : NULL;
    if (focused || !session_model(s))
        session_set_model(s, m ? m->id : 0);
    if (!foot)
        return;
    view_schedule(s->view, &sc);
    char left[FORMAT_MAX] = "-";
    if (sc.next_run_us)
        format_left(sc.next_run_us > now_us ? sc.next_run_us - now_us : 0, left);
    if (sc.healthy)
        canvas_textf(c, r.x + 1, r.y + r.h - 1, r.w - 1, ROLE_MUTED, 0, "%d models, %d running, next in %s, %llu cycles", sc.models, sc.running, left,
                     (unsigned long long)sc.cycles);
    else
        canvas_textf(c, r.x + 1, r.y + r.h - 1, r.w - 1, ROLE_WARN, 0, "DEGRADED: %s", sc.reason[0] ? sc.reason : "the last cycle failed");
}

static void subtitle(struct session *s, void *state, char *buf, size_t cap) {
    struct models_state *p = state;
    list_subtitle(s, state, &p->list, &source, buf, cap);
}

static unsigned action(struct session *s, void *state, enum action a) {
    struct models_state *p = state;
    const account_id at = (account_id)list_current(&p->list);
    unsigned r;
    switch (a) {
    case ACT_PAUSE:
    case ACT_PAUSE_ALL:
        return pane_pause(s, a == ACT_PAUSE_ALL);
    case ACT_FADE:
        return pane_fade(s, session_model(s));
    case ACT_OPEN:
        return session_focus_pane(s, "runs") ? REACT_HANDLED | REACT_DRAW : REACT_HANDLED;
    case ACT_WHY:
    case ACT_DIFF:
    case ACT_SIZE_UP:
    case ACT_SIZE_DOWN:
        return pane_runs_action(s, a);
    case ACT_KIND:
        if (at) {
            session_set_account(s, at);
            session_message(s, NOTICE_INFO, "the pages show this account now; v in the positions shows all again");
        }
        return REACT_HANDLED | REACT_DRAW;
    default:
        r = list_action(s, state, &p->list, &source, a);
        if (r != REACT_NONE) {
            const struct model *m = list_current(&p->list) ? view_model_of(s->view, (account_id)list_current(&p->list)) : NULL;
            session_set_model(s, m ? m->id : 0);
        }
        return r;
    }
}

const struct pane pane_models = {
    .name = "models",
    .title = "LEADERBOARD",
    .dirty = DIRTY_MODELS | DIRTY_ACCOUNT,
    .min_w = 20,
    .min_h = 3,
    .state_size = sizeof(struct models_state),
    .draw = draw,
    .subtitle = subtitle,
    .action = action,
};

/* --- p and P ------------------------------------------------------------------------------------ */
static bool any_running(struct session *s) {
    struct view_model vm;
    for (int i = 0; view_model_at(s->view, i, &vm); i++)
        if (vm.m->enabled && !vm.m->paused)
            return true;
    return false;
}

/* Pausing is safe and sent at once; resuming asks. */
unsigned pane_pause(struct session *s, bool all) {
    struct view_model vm;
    struct intent in = {.source = SOURCE_MANUAL};
    if (!all && (!session_model(s) || !view_model(s->view, session_model(s), &vm))) {
        session_message(s, NOTICE_WARN, "no model under the cursor; P pauses all");
        return REACT_HANDLED;
    }
    const bool pause = all ? any_running(s) : !vm.m->paused;
    in.kind = pause ? INTENT_MODEL_PAUSE : INTENT_MODEL_RESUME;
    in.order = all ? 0 : vm.m->id;
    if (pause)
        session_send(s, &in);
    else
        session_confirm(s, &in, NULL);
    return REACT_HANDLED | REACT_DRAW;
}
