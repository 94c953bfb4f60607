/* The writing side of the memory of runs (agent/runs.h). */
#ifndef AGENT_RUNS_EDIT_H
#define AGENT_RUNS_EDIT_H

#include "turret/agent/runs.h"

struct runs *runs_new(void);
void runs_free(struct runs *r);
/* A new run, the newest of all; its model's oldest beyond RUNS_KEEP go. Valid until it goes: ask again by id after a loop turn. */
struct run_info *runs_begin(struct runs *r, run_id id, model_id model, account_id account, int64_t at_us);
/* An older run that somebody asked for: kept beside the newest ones, the first recalled goes first. One at a time per id. */
struct run_info *runs_recall(struct runs *r, run_id id, model_id model, account_id account, int64_t at_us);
void runs_recalled(struct runs *r); /* a recall has come back, found or not */
struct run_info *runs_edit(struct runs *r, run_id id); /* NULL: gone */
/* A step at the end of the run. Texts are sanitised here; NULL is "". */
struct run_step *runs_step(struct runs *r, struct run_info *run, enum step_kind kind, int64_t at_us, const char *text);
void runs_set_text(struct runs *r, char **slot, const char *text);
void runs_keep_prompt(struct runs *r, const char *hash, const char *text); /* a system prompt, once */

#endif
