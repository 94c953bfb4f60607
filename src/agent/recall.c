/* Rows of the archive as runs in memory: older ones that somebody asked for. A run comes with its calls, its answer and both prompts. */
#include <stdlib.h>
#include <string.h>

#include "agent/agents_private.h"
#include "agent/tools_private.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/io/loop.h"

struct recall {
    struct recall *next;
    struct agents *a;
    run_id run;                     /* 0: a list, without calls and texts */
    char hashes[2][RUN_HASH_MAX];   /* of the prompts still to be read */
    int at;
    agents_recall_fn *done;
    void *ctx;
};

static double num_of(const cJSON *o, const char *key) {
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);
    return cJSON_IsNumber(v) ? v->valuedouble : 0;
}
static int64_t time_of(const cJSON *o, const char *key) {
    int64_t us = 0;
    clock_parse_rfc3339(row_text(o, key), &us);
    return us;
}

static enum run_status status_of(const char *name) {
    for (int i = 0; i < RUN_STATUS_COUNT; i++)
        if (strcmp(run_status_name((enum run_status)i), name) == 0)
            return (enum run_status)i;
    return RUN_ABORTED;
}

static enum err code_of(const char *name) {
    for (int i = 0; i < ERR_COUNT; i++)
        if (strcmp(err_name((enum err)i), name) == 0)
            return (enum err)i;
    return ERR_FAILED;
}

/* --- rows --- */
struct run_info *run_of_row(struct agents *a, const cJSON *row, run_put_fn *put) {
    struct run_info *x = put(a->memory, row_id(row, "id"), (model_id)num_of(row, "model_id"), (account_id)num_of(row, "account_id"), time_of(row, "started_at"));
    x->status = (uint8_t)status_of(row_text(row, "status"));
    x->ended_us = time_of(row, "ended_at");
    x->recovered = 1;
    x->rerun = row_id(row, "rerun_of") != 0;
    x->tokens_in = (uint64_t)num_of(row, "tokens_in");
    x->tokens_out = (uint64_t)num_of(row, "tokens_out");
    x->tokens_cached = (uint64_t)num_of(row, "tokens_cached");
    x->cost_unknown = !dec_parse_str(row_text(row, "cost"), &x->cost.micro);
    str_copy(x->system_hash, sizeof x->system_hash, row_text(row, "system_hash"));
    str_copy(x->prompt_hash, sizeof x->prompt_hash, row_text(row, "prompt_hash"));
    str_copy(x->error, sizeof x->error, row_text(row, "error"));
    return x;
}

/* One call may be several actions: each has its own result. */
static void count_outcome(struct run_info *x, const struct run_step *s, const cJSON *result) {
    const cJSON *one, *list = cJSON_GetObjectItemCaseSensitive(result, "results");
    if (!s->trades || !list) {
        x->refusals += s->trades && s->code > 0;
        return;
    }
    cJSON_ArrayForEach(one, list) {
        const char *word = row_text(one, "result");
        if (!strcmp(word, "ok"))
            x->actions += !x->rerun;
        else
            x->refusals += strcmp(word, "nothing") != 0;
    }
}

void runs_calls_of_rows(struct agents *a, const cJSON *rows) {
    const int n = cJSON_GetArraySize(rows);
    const run_id torn = n == CALLS_MOST ? row_id(cJSON_GetArrayItem(rows, n - 1), "invocation_id") : 0; /* its first calls are missing */
    for (int i = n; i-- > 0;) { /* oldest first */
        const cJSON *row = cJSON_GetArrayItem(rows, i);
        const run_id id = row_id(row, "invocation_id");
        struct run_info *x = id == torn ? NULL : runs_edit(a->memory, id);
        if (!x || !x->recovered)
            continue; /* this life has its steps itself */
        const struct tool *t = tool_find(row_text(row, "name"));
        const cJSON *result = cJSON_GetObjectItemCaseSensitive(row, "result");
        char *text = tool_outcome(result);
        struct run_step *s = runs_step(a->memory, x, STEP_CALL, time_of(row, "at"), text);
        s->step = (uint8_t)num_of(row, "step");
        s->index = (uint8_t)num_of(row, "index");
        s->trades = t && (t->flags & TOOL_TRADES);
        s->latency_us = (int64_t)num_of(row, "latency_ms") * 1000;
        s->order = row_id(row, "order_id");
        str_copy(s->tool, sizeof s->tool, t ? t->name : "unknown tool");
        const char *code = row_text(row, "code");
        s->code = code[0] ? (int32_t)code_of(code) : -1;
        runs_set_text(a->memory, &s->arguments, row_text(row, "arguments"));
        count_outcome(x, s, result);
        free(text);
    }
}

/* --- recalling --- */
static void over(struct recall *g, enum err e) {
    struct agents *a = g->a;
    for (struct recall **p = &a->recalls; *p; p = &(*p)->next)
        if (*p == g) {
            *p = g->next;
            break;
        }
    runs_recalled(a->memory);
    a->cfg.host.changed(a->cfg.host.ctx, 0, false);
    if (g->done)
        g->done(g->ctx, e);
    free(g);
}

static void on_prompt(void *ctx, enum err e, const cJSON *rows);
static void next_prompt(struct recall *g) {
    struct archive_query q = {.list = LIST_PROMPTS, .limit = 1};
    while (g->at < 2 && !g->hashes[g->at][0])
        g->at++;
    if (g->at == 2) {
        over(g, ERR_OK);
        return;
    }
    str_copy(q.hash, sizeof q.hash, g->hashes[g->at]);
    g->a->cfg.archive->ops->read(g->a->cfg.archive, &q, on_prompt, g);
}

static void on_prompt(void *ctx, enum err e, const cJSON *rows) {
    struct recall *g = ctx;
    struct runs *memory = g->a->memory;
    struct run_info *x = runs_edit(memory, g->run);
    const cJSON *row = e == ERR_OK ? cJSON_GetArrayItem(rows, 0) : NULL;
    if (row && g->at == 0)
        runs_keep_prompt(memory, g->hashes[0], row_text(row, "text"));
    else if (row && x)
        runs_set_text(memory, &x->prompt, row_text(row, "text"));
    g->at++;
    next_prompt(g);
}

static void on_calls(void *ctx, enum err e, const cJSON *rows) {
    struct recall *g = ctx;
    if (e == ERR_OK)
        runs_calls_of_rows(g->a, rows);
    next_prompt(g);
}

static void on_runs(void *ctx, enum err e, const cJSON *rows) {
    struct recall *g = ctx;
    struct agents *a = g->a;
    const int n = e == ERR_OK ? cJSON_GetArraySize(rows) : 0;
    for (int i = n; i-- > 0;) {
        const cJSON *row = cJSON_GetArrayItem(rows, i);
        const run_id id = row_id(row, "id");
        if (id && !runs_find(a->memory, id)) /* else known already, maybe better */
            run_of_row(a, row, runs_recall);
    }
    struct run_info *x = g->run ? runs_edit(a->memory, g->run) : NULL;
    if (!x || !x->recovered || e != ERR_OK) { /* runs of this life are whole */
        over(g, e != ERR_OK ? e : g->run && !x ? ERR_NOT_FOUND : ERR_OK);
        return;
    }
    runs_set_text(a->memory, &x->response, row_text(cJSON_GetArrayItem(rows, 0), "response"));
    str_copy(g->hashes[0], RUN_HASH_MAX, x->system_hash);
    str_copy(g->hashes[1], RUN_HASH_MAX, x->prompt_hash);
    const struct archive_query q = {.list = LIST_TOOL_CALLS, .run = g->run, .limit = CALLS_MOST};
    if (x->step_count)
        next_prompt(g);
    else
        a->cfg.archive->ops->read(a->cfg.archive, &q, on_calls, g);
}

void agents_recall(struct agents *a, const struct archive_query *q, agents_recall_fn *done, void *ctx) {
    struct recall *g = xcalloc(1, sizeof *g);
    *g = (struct recall){.next = a->recalls, .a = a, .run = q->run, .done = done, .ctx = ctx};
    a->recalls = g;
    a->cfg.archive->ops->read(a->cfg.archive, q, on_runs, g);
}

void agents_recalls_free(struct agents *a) {
    for (struct recall *g = a->recalls, *next; g; g = next) {
        next = g->next;
        free(g);
    }
}
