/* Asking again: the recorded prompts of a run, the same tools, and nothing is placed. Its record is an invocation of its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agents_private.h"
#include "turret/base/hash.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"

struct again { struct agents *a; run_id of; model_id model; char system_hash[RUN_HASH_MAX], user_hash[RUN_HASH_MAX]; char *system; agents_rerun_fn *done; void *ctx; };


static void fail(struct again *g, enum err e, const char *text) {
    g->done(g->ctx, e, text, 0);
    free(g->system);
    free(g);
}

static void begin(struct again *g, const char *user) {
    struct agents *a = g->a;
    struct view_model vm;
    char text[96];
    if (!view_model(a->cfg.host.view(a->cfg.host.ctx), g->model, &vm)) {
        fail(g, ERR_NOT_FOUND, "the model of that run is not known any more");
        return;
    }
    /* An id of its own: positive, unlike any of the desk's (they have the start nonce above bit 22). */
    const run_id id = (fnv64_u64(fnv64_u64(fnv64_u64(FNV64_INIT, g->of), (uint64_t)agents_now(a)), ++a->rerun_count)) >> 1;
    struct run *r = run_new(a, vm.m, id);
    r->rerun_of = g->of;
    run_begin(r, g->system, user);
    snprintf(text, sizeof text, "run %llu asks again what run %llu was told; nothing is placed", (unsigned long long)id, (unsigned long long)g->of);
    g->done(g->ctx, ERR_OK, text, id);
    free(g->system);
    free(g);
}

static void on_user(void *ctx, enum err e, const cJSON *rows) {
    struct again *g = ctx;
    if (e != ERR_OK || cJSON_GetArraySize(rows) == 0)
        fail(g, e != ERR_OK ? e : ERR_NOT_FOUND, "the user prompt of that run is not recorded");
    else
        begin(g, row_text(cJSON_GetArrayItem(rows, 0), "text"));
}

static void on_system(void *ctx, enum err e, const cJSON *rows) {
    struct again *g = ctx;
    struct archive_query q = {.list = LIST_PROMPTS, .limit = 1};
    if (e != ERR_OK || cJSON_GetArraySize(rows) == 0) {
        fail(g, e != ERR_OK ? e : ERR_NOT_FOUND, "the system prompt of that run is not recorded");
        return;
    }
    g->system = xstrdup(row_text(cJSON_GetArrayItem(rows, 0), "text"));
    str_copy(q.hash, sizeof q.hash, g->user_hash);
    g->a->cfg.archive->ops->read(g->a->cfg.archive, &q, on_user, g);
}

static void on_run(void *ctx, enum err e, const cJSON *rows) {
    struct again *g = ctx;
    const cJSON *row = e == ERR_OK ? cJSON_GetArrayItem(rows, 0) : NULL;
    struct archive_query q = {.list = LIST_PROMPTS, .limit = 1};
    if (!row) {
        fail(g, e != ERR_OK ? e : ERR_NOT_FOUND, "that run is not recorded");
        return;
    }
    const cJSON *model = cJSON_GetObjectItemCaseSensitive(row, "model_id");
    g->model = cJSON_IsNumber(model) ? (model_id)model->valuedouble : 0;
    str_copy(g->system_hash, sizeof g->system_hash, row_text(row, "system_hash"));
    str_copy(g->user_hash, sizeof g->user_hash, row_text(row, "prompt_hash"));
    str_copy(q.hash, sizeof q.hash, g->system_hash);
    g->a->cfg.archive->ops->read(g->a->cfg.archive, &q, on_system, g);
}

void agents_rerun(struct agents *a, run_id run, agents_rerun_fn *done, void *ctx) {
    struct again *g = xcalloc(1, sizeof *g);
    const struct archive_query q = {.list = LIST_RUNS, .run = run, .limit = 1};
    *g = (struct again){.a = a, .of = run, .done = done, .ctx = ctx};
    a->cfg.archive->ops->read(a->cfg.archive, &q, on_run, g);
}
