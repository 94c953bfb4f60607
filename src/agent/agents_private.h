/* Inside of the agents' shell: agents.c (the shell), run.c (the machine), run_tools.c (calls), run_record.c (what is written down). */
#ifndef AGENT_AGENTS_PRIVATE_H
#define AGENT_AGENTS_PRIVATE_H

#include <ev.h>
#include <stdlib.h>

#include "agent/runs_edit.h"
#include "turret/agent/agents.h"
#include "turret/agent/builtin.h"
#include "turret/agent/tools.h"

/* The way to language models; tests put their own in. */
struct agents_net {
    struct http_handle (*send)(struct provider *p, const struct chat *c, const struct chat_options *o, chat_done_fn *done, void *ctx);
    void (*cancel)(struct http_handle h);
};
extern struct agents_net agents_net;

/* Where a run stands: what it waits for. */
enum run_state { RS_STORING /* prompts and invocation row */, RS_ASKING /* the model's answer */, RS_BACKOFF /* the time of the next attempt */,
                 RS_CALL_STORING /* the record of a tool call */, RS_CALL_WAITING /* the desk's replies */, RS_OVER, RS_COUNT };

struct run {
    struct run *next;
    struct agents *a;
    struct model model;
    run_id id, rerun_of;
    int64_t started_us, deadline_us;
    enum run_state state;
    int refs;                    /* answers on their way that name this run */
    struct run_snapshot *snapshot;
    struct prompt prompt;
    struct chat *chat;
    struct provider *provider;   /* NULL: built-in */
    const struct builtin *builtin;
    cJSON *schema;
    struct tool_ctx tools;
    struct http_handle request;
    ev_timer timer;
    int step, attempt, corrections, index; /* index: the call at work */
    bool recorded;               /* the invocation row is asked for */
    bool closing;                /* no further request after these calls */
    struct chat_turn turn;       /* the answer whose calls are carried out */
    bool repeated[CHAT_CALLS_MAX]; /* the same call again in one answer: not carried out twice */
    struct tool_result result;
    uint64_t tokens[TOOL_ACTIONS_MAX]; /* of proposed intents; 0 = answered */
    int waiting;
    int64_t call_us;
    uint64_t tokens_in, tokens_out, tokens_cached;
    usd cost;
    bool cost_unknown;
    int calls, failed_calls, rows_left;
    cJSON *decisions, *results, *closed, *telemetry, *warnings, *responses;
    char *response;
    int64_t llm_us;
    char finish[24];
};

struct agents {
    struct agents_cfg cfg;
    struct runs *memory;
    struct run *runs;
    struct recall *recalls;
    uint64_t rerun_count;
};

/* agents.c */
void run_free_later(struct run *r); /* off the list; freed when nothing names it any more */
int64_t agents_now(const struct agents *a);
bool run_alive_here(const struct run *r); /* may it still do anything? */
/* run.c */
struct run *run_new(struct agents *a, const struct model *m, run_id id);
void run_begin(struct run *r, const char *system, const char *user /* both NULL: built for this run */);
void run_next_step(struct run *r);
/* Ends it, once: cancels, writes down, tells the engine. */
void run_finish(struct run *r, enum run_status status, enum err reason, const char *text);
/* run_tools.c: carries out r->turn's calls from r->index on; goes on by itself when rows and replies come */
void run_calls(struct run *r);
void run_reply(struct run *r, int action, const struct fx_reply *reply);
/* run_record.c */
void run_record_start(struct run *r, archive_done_fn *done);
void run_record_end(struct run *r, enum run_status status, const char *text);
void run_record_call(struct run *r, archive_done_fn *done);
void run_record_result(struct run *r, const cJSON *answer, enum err code);
void run_record_telemetry(struct run *r);
void run_record_decisions(struct run *r);
struct run_info *run_record_info(struct run *r); /* its place in memory */

/* recall.c: rows of the archive as runs in memory */
typedef struct run_info *run_put_fn(struct runs *r, run_id id, model_id model, account_id account, int64_t at_us);
struct run_info *run_of_row(struct agents *a, const cJSON *row, run_put_fn *put);
#define CALLS_MOST 1000 /* read at once */
void runs_calls_of_rows(struct agents *a, const cJSON *rows /* newest first, CALLS_MOST at most */);
void agents_recalls_free(struct agents *a);
static inline const char *row_text(const cJSON *o, const char *key) {
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);
    return cJSON_IsString(v) ? v->valuestring : "";
}
static inline uint64_t row_id(const cJSON *o, const char *key) { return strtoull(row_text(o, key), NULL, 10); }

#endif
