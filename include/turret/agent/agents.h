/* The agents' shell: carries out FX_RUN. A run is a state machine: snapshot -> prompt -> invocation row -> (request -> tools)* -> end.
 * It proposes intents and reads the view; it never changes trading state. One model's failure, hang or flood stays its own. */
#ifndef TURRET_AGENT_AGENTS_H
#define TURRET_AGENT_AGENTS_H

#include "turret/agent/chat.h"
#include "turret/agent/prompt.h"
#include "turret/agent/runs.h"
#include "turret/desk/view.h"
#include "turret/store/archive.h"

struct agents;
struct agents_host {
    void *ctx;
    const struct desk *(*view)(void *ctx);
    int64_t (*now_us)(void *ctx);                 /* the engine's clock, UTC */
    uint64_t (*token)(void *ctx);                 /* for an intent; its reply comes to agents_reply */
    enum err (*propose)(void *ctx, const struct intent *in);
    void (*run_end)(void *ctx, const struct ev_run_end *end);
    void (*changed)(void *ctx, run_id run, bool over); /* something to draw; `over`: conversations:changed */
    void (*note)(void *ctx, int level, const char *text);
};
struct agents_cfg {
    struct library *library;     /* all three are the caller's */
    struct providers *providers;
    struct archive *archive;
    struct agents_host host;
    int call_timeout_ms;         /* 120 s */
    int max_steps;               /* 10 */
    int retries;                 /* 2 */
    int64_t reply_timeout_us;    /* how long a trading tool waits for its orders: 20 s */
    bool virtual_time;           /* timers of its own are virtual too: nothing waits on the wall clock */
};
struct agents *agents_new(const struct agents_cfg *cfg);
void agents_free(struct agents *a);
void agents_run(struct agents *a, const struct fx_run *fx);
void agents_stop(struct agents *a, const struct fx_run_stop *fx);
void agents_reply(struct agents *a, const struct fx_reply *r);
bool agents_idle(const struct agents *a); /* no run in progress: a virtual clock may pass */
/* Runs of an earlier life that never ended are marked aborted in the archive; the newest runs come into memory. */
void agents_recover(struct agents *a);
/* Older runs come from the archive into the memory (runs_find, runs_recalled_at): the rows of a LIST_RUNS query, or with q->run that run
 * whole. done (may be NULL) once, never before the call returned: ERR_OK, ERR_NOT_FOUND, ERR_STORE_DOWN. */
typedef void agents_recall_fn(void *ctx, enum err e);
void agents_recall(struct agents *a, const struct archive_query *q, agents_recall_fn *done, void *ctx);
const struct runs *agents_runs(const struct agents *a);
/* Asks again with the prompts of a recorded run and places nothing: trading tools answer "not placed (rerun)". */
typedef void agents_rerun_fn(void *ctx, enum err e, const char *text, run_id rerun);
void agents_rerun(struct agents *a, run_id run, agents_rerun_fn *done, void *ctx);

#endif
