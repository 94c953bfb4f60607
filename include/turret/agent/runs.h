/* What is known of runs: the newest ones of every model in memory, read by panes and commands; older ones are in the archive.
 * Plain data to read; only the agents' shell writes it. All text is sanitised. */
#ifndef TURRET_AGENT_RUNS_H
#define TURRET_AGENT_RUNS_H

#include "turret/trade/model.h"

#define RUNS_KEEP 24        /* of each model */
#define RUNS_RECALLED 1000  /* older ones, read from the archive when somebody asked */
#define RUN_HASH_MAX 65     /* sha256, hex */

enum step_kind { STEP_PROMPT, STEP_THINK /* reasoning or text */, STEP_CALL /* a tool call and its result */, STEP_STATE /* state update line */,
                 STEP_RETRY /* the provider failed; tried again */, STEP_END, STEP_KIND_COUNT };
struct run_step {
    uint8_t kind;          /* enum step_kind */
    uint8_t step, index;   /* of the tool loop, of the call within it */
    uint8_t trades;        /* STEP_CALL: the tool proposes trades */
    int32_t code;          /* STEP_CALL: enum err (ERR_OK; a refusal's code); -1 = no answer yet */
    int64_t at_us, latency_us;
    order_id order;        /* the order it led to, 0 = none */
    char tool[24];
    char *arguments, *text; /* arguments as given; result, reasoning or line; "" not NULL */
};
struct run_info {
    run_id id;
    model_id model;
    account_id account;
    uint8_t status;        /* enum run_status */
    uint8_t cost_unknown, rerun, recovered /* read from the archive */, recalled /* because somebody asked */;
    int32_t reason;        /* enum err when failed */
    int64_t started_us, ended_us;
    int64_t llm_latency_us;
    uint64_t tokens_in, tokens_out, tokens_cached;
    usd cost;
    int attempts, step_count, actions /* trades done */, refusals;
    struct run_step *steps;
    char system_hash[RUN_HASH_MAX], prompt_hash[RUN_HASH_MAX];
    char *prompt;          /* user prompt as sent; NULL: only in the archive */
    char *response;        /* last text of the model, "" */
    char error[REASON_MAX];
};

struct runs;
/* i = 0 newest. NULL after the last one. Pointers stay valid until the next loop turn. */
const struct run_info *runs_of(const struct runs *r, model_id m, int i);
const struct run_info *runs_at(const struct runs *r, int i); /* of all models, newest first */
const struct run_info *runs_find(const struct runs *r, run_id id);      /* recalled ones too */
const struct run_info *runs_recalled_at(const struct runs *r, int i);   /* recalled ones only, newest first */
/* How many recalls have come back (agents_recall): who waits for one asks again when it has changed. */
uint32_t runs_recalls(const struct runs *r);
/* System prompt by hash, NULL if not in memory. */
const char *runs_prompt(const struct runs *r, const char *hash);

/* What to read from the archive, newest first. 0 and "" are any. */
enum archive_list { LIST_RUNS, LIST_TOOL_CALLS, LIST_PROMPTS };
struct archive_query { enum archive_list list; run_id run; model_id model; order_id order; char hash[RUN_HASH_MAX]; int limit; int64_t before_us; bool failed_only; };

#endif
