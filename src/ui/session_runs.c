/* What a session shows of models: the model under the cursor, the run on show, and older runs that the archive is asked for. */
#include <string.h>

#include "turret/base/str.h"
#include "ui/session_private.h"

const struct runs *session_runs(const struct session *s) { return s->cfg.runs; }
model_id session_model(const struct session *s) { return s->model; }
void session_set_model(struct session *s, model_id m) {
    if (s->model == m)
        return;
    s->model = m;
    s->run = 0;
    s->why = 0;
    session_redraw(s);
}
run_id session_run(const struct session *s) { return s->run; }
void session_set_run(struct session *s, run_id r) {
    s->run = r;
    session_redraw(s);
}
order_id session_why(const struct session *s) { return s->why; }
void session_set_why(struct session *s, order_id o) {
    s->why = o;
    s->diff = false;
    session_redraw(s);
}
bool session_diff(const struct session *s) { return s->diff; }
void session_toggle_diff(struct session *s) {
    s->diff = !s->diff;
    session_redraw(s);
}

/* --- older runs --- */
static bool ask(struct session *s, const struct archive_query *q) {
    if (!s->cfg.recall || !s->cfg.runs)
        return false;
    s->recall.count = runs_recalls(s->cfg.runs);
    s->cfg.recall(s->cfg.recall_ctx, q);
    return true;
}

bool session_recall_line(struct session *s, const char *line, const struct archive_query *q) {
    if (!ask(s, q))
        return false;
    str_copy(s->recall.line, sizeof s->recall.line, line);
    return true;
}

const struct run_info *session_whole_run(struct session *s, run_id id) {
    const struct run_info *run = runs_find(s->cfg.runs, id);
    const struct archive_query q = {.list = LIST_RUNS, .run = id, .limit = 1};
    if (id && s->recall.run != id && (!run || (run->recovered && !run->prompt)) && ask(s, &q))
        s->recall.run = id; /* once: what is not there does not come by asking again */
    return run;
}

bool session_recall_older(struct session *s, const struct run_info *run) {
    const struct archive_query q = {.list = LIST_RUNS, .model = run->model, .before_us = run->started_us, .limit = RUNS_KEEP};
    if (!ask(s, &q))
        return false;
    s->recall.model = run->model;
    s->recall.before_us = run->started_us;
    return true;
}

/* One step to an older run: what was asked for is there, if it is anywhere. */
static void step_older(struct session *s) {
    const struct run_info *run;
    int i = 0;
    while ((run = runs_recalled_at(s->cfg.runs, i)) && (run->model != s->recall.model || run->started_us >= s->recall.before_us))
        i++;
    s->recall.before_us = 0;
    if (run && s->model == run->model)
        session_set_run(s, run->id);
    else
        session_message(s, NOTICE_INFO, "this is the oldest run on record");
}

void session_recalled(struct session *s) {
    char line[sizeof s->recall.line];
    if (s->recall.count == runs_recalls(s->cfg.runs))
        return;
    s->recall.count = runs_recalls(s->cfg.runs);
    if (s->recall.before_us)
        step_older(s);
    str_copy(line, sizeof line, s->recall.line);
    s->recall.line[0] = 0;
    if (line[0])
        line_run_recalled(s, line);
}
