/* What a session shows of models and their runs (session_runs.c). */
#ifndef UI_SESSION_RUNS_H
#define UI_SESSION_RUNS_H

#include "turret/agent/runs.h"
#include "turret/ui/session.h"

const struct runs *session_runs(const struct session *s); /* may be NULL */
/* A run with all its texts: NULL or a part of it while the archive is asked (a draw follows), or when it has none. */
const struct run_info *session_whole_run(struct session *s, run_id id);
bool session_recall_older(struct session *s, const struct run_info *run); /* and shows the next older one; false: there is no archive */
bool session_recall_line(struct session *s, const char *line, const struct archive_query *q); /* runs the line again then */
void session_recalled(struct session *s); /* looks whether something has come */
model_id session_model(const struct session *s);
void session_set_model(struct session *s, model_id m);
run_id session_run(const struct session *s);
void session_set_run(struct session *s, run_id r);
order_id session_why(const struct session *s);
void session_set_why(struct session *s, order_id o);
bool session_diff(const struct session *s);
void session_toggle_diff(struct session *s);

#endif
