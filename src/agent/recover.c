/* After a start: the newest runs of the archive come back into memory, and those that an earlier life left open are marked aborted. */
#include <stdlib.h>
#include <string.h>

#include "agent/agents_private.h"
#include "agent/tools_private.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/io/loop.h"

#define RUNS_MOST 200
#define CALLS_MOST 1000
#define WHOLE_MOST 100 /* runs whose texts are read too */

struct one { struct agents *a; run_id id; };

static const char *text_of(const cJSON *o, const char *key) {
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);
    return cJSON_IsString(v) ? v->valuestring : "";
}
static uint64_t id_of(const cJSON *o, const char *key) { return strtoull(text_of(o, key), NULL, 10); }
static double num_of(const cJSON *o, const char *key) {
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);
    return cJSON_IsNumber(v) ? v->valuedouble : 0;
}
static int64_t time_of(const cJSON *o, const char *key) {
    int64_t us = 0;
    time_parse(text_of(o, key), &us);
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

static void nobody(void *ctx, enum err e, const char *text) {
    (void)ctx;
    (void)e;
    (void)text;
}

static void abort_run(struct agents *a, const cJSON *row) {
    cJSON *doc = cJSON_CreateObject();
    char at[32];
    clock_format_rfc3339(agents_now(a), at);
    cJSON_AddStringToObject(doc, "id", text_of(row, "id"));
    cJSON_AddStringToObject(doc, "status", run_status_name(RUN_ABORTED));
    cJSON_AddStringToObject(doc, "ended_at", at);
    cJSON_AddStringToObject(doc, "error", "the engine ended while it ran");
    a->cfg.archive->ops->update(a->cfg.archive, ARCHIVE_INVOCATION, doc, nobody, NULL);
    cJSON_Delete(doc);
}

/* Into memory, behind what is there: recovered runs are older than everything of this life. */
static void take_run(struct agents *a, const cJSON *row) {
    const run_id id = id_of(row, "id");
    if (id == 0 || runs_find(a->memory, id))
        return;
    struct run_info *x = runs_begin(a->memory, id, (model_id)num_of(row, "model_id"), (account_id)num_of(row, "account_id"), time_of(row, "started_at"));
    const enum run_status status = status_of(text_of(row, "status"));
    x->status = (uint8_t)(status == RUN_RUNNING ? RUN_ABORTED : status);
    x->ended_us = time_of(row, "ended_at");
    x->recovered = 1;
    x->rerun = id_of(row, "rerun_of") != 0;
    x->tokens_in = (uint64_t)num_of(row, "tokens_in");
    x->tokens_out = (uint64_t)num_of(row, "tokens_out");
    x->tokens_cached = (uint64_t)num_of(row, "tokens_cached");
    x->cost_unknown = !dec_parse_str(text_of(row, "cost"), &x->cost.micro);
    str_copy(x->system_hash, sizeof x->system_hash, text_of(row, "system_hash"));
    str_copy(x->prompt_hash, sizeof x->prompt_hash, text_of(row, "prompt_hash"));
    str_copy(x->error, sizeof x->error, status == RUN_RUNNING ? "the engine ended while it ran" : text_of(row, "error"));
    if (status == RUN_RUNNING)
        abort_run(a, row);
}

static void on_calls(void *ctx, enum err e, const cJSON *rows) {
    struct agents *a = ctx;
    if (e != ERR_OK)
        return;
    for (int i = cJSON_GetArraySize(rows); i-- > 0;) { /* oldest first */
        const cJSON *row = cJSON_GetArrayItem(rows, i);
        struct run_info *x = runs_edit(a->memory, id_of(row, "invocation_id"));
        if (!x || !x->recovered)
            continue; /* this life has its steps itself */
        const struct tool *t = tool_find(text_of(row, "name"));
        const cJSON *result = cJSON_GetObjectItemCaseSensitive(row, "result");
        char *text = cJSON_IsString(result) ? xstrdup(result->valuestring) : result && !cJSON_IsNull(result) ? cJSON_PrintUnformatted(result) : xstrdup("");
        struct run_step *s = runs_step(a->memory, x, STEP_CALL, time_of(row, "at"), text);
        s->step = (uint8_t)num_of(row, "step");
        s->index = (uint8_t)num_of(row, "index");
        s->trades = t && (t->flags & TOOL_TRADES);
        s->latency_us = (int64_t)num_of(row, "latency_ms") * 1000;
        s->order = id_of(row, "order_id");
        str_copy(s->tool, sizeof s->tool, t ? t->name : "unknown tool");
        const char *code = text_of(row, "code");
        s->code = code[0] ? (int32_t)code_of(code) : -1;
        runs_set_text(a->memory, &s->arguments, text_of(row, "arguments"));
        if (s->trades && s->code == ERR_OK)
            x->actions++;
        x->refusals += s->code > 0;
        free(text);
    }
    a->cfg.host.changed(a->cfg.host.ctx, 0, false);
}

static void on_whole(void *ctx, enum err e, const cJSON *rows) {
    struct one *o = ctx;
    struct run_info *x = runs_edit(o->a->memory, o->id);
    if (e == ERR_OK && x && x->recovered)
        runs_set_text(o->a->memory, &x->response, text_of(cJSON_GetArrayItem(rows, 0), "response"));
    free(o);
}

static void on_runs(void *ctx, enum err e, const cJSON *rows) {
    struct agents *a = ctx;
    const struct archive_query calls = {.list = LIST_TOOL_CALLS, .limit = CALLS_MOST};
    if (e != ERR_OK)
        return;
    const int n = cJSON_GetArraySize(rows);
    for (int i = n; i-- > 0;)
        take_run(a, cJSON_GetArrayItem(rows, i));
    for (int i = 0; i < n && i < WHOLE_MOST; i++) {
        struct one *o = xmalloc(sizeof *o);
        *o = (struct one){a, id_of(cJSON_GetArrayItem(rows, i), "id")};
        const struct archive_query whole = {.list = LIST_RUNS, .run = o->id, .limit = 1};
        a->cfg.archive->ops->read(a->cfg.archive, &whole, on_whole, o);
    }
    a->cfg.archive->ops->read(a->cfg.archive, &calls, on_calls, a);
}

void agents_recover(struct agents *a) {
    const struct archive_query q = {.list = LIST_RUNS, .limit = RUNS_MOST};
    a->cfg.archive->ops->read(a->cfg.archive, &q, on_runs, a);
}
