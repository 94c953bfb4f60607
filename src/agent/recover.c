/* After a start: the newest runs of the archive come back into memory, and those that an earlier life left open are marked aborted. */
#include <stdlib.h>
#include <string.h>

#include "agent/agents_private.h"
#include "agent/tools_private.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/io/loop.h"

#define RUNS_MOST 200
#define WHOLE_MOST 100 /* runs whose texts are read too */

struct one { struct agents *a; run_id id; };

static void nobody(void *ctx, enum err e, const char *text) {
    (void)ctx;
    (void)e;
    (void)text;
}

static void abort_run(struct agents *a, const cJSON *row) {
    cJSON *doc = cJSON_CreateObject();
    char at[32];
    clock_format_rfc3339(agents_now(a), at);
    cJSON_AddStringToObject(doc, "id", row_text(row, "id"));
    cJSON_AddStringToObject(doc, "status", run_status_name(RUN_ABORTED));
    cJSON_AddStringToObject(doc, "ended_at", at);
    cJSON_AddStringToObject(doc, "error", "the engine ended while it ran");
    a->cfg.archive->ops->update(a->cfg.archive, ARCHIVE_INVOCATION, doc, nobody, NULL);
    cJSON_Delete(doc);
}

/* Into memory, behind what is there: recovered runs are older than everything of this life. */
static void take_run(struct agents *a, const cJSON *row) {
    const run_id id = row_id(row, "id");
    const struct run_info *known = runs_find(a->memory, id);
    if (id == 0 || (known && !known->recalled))
        return;
    struct run_info *x = run_of_row(a, row, runs_begin);
    if (x->status == RUN_RUNNING) {
        x->status = RUN_ABORTED;
        str_copy(x->error, sizeof x->error, "the engine ended while it ran");
        abort_run(a, row);
    }
}

static void on_calls(void *ctx, enum err e, const cJSON *rows) {
    struct agents *a = ctx;
    if (e != ERR_OK)
        return;
    runs_calls_of_rows(a, rows);
    a->cfg.host.changed(a->cfg.host.ctx, 0, false);
}

static void on_whole(void *ctx, enum err e, const cJSON *rows) {
    struct one *o = ctx;
    struct run_info *x = runs_edit(o->a->memory, o->id);
    if (e == ERR_OK && x && x->recovered)
        runs_set_text(o->a->memory, &x->response, row_text(cJSON_GetArrayItem(rows, 0), "response"));
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
        *o = (struct one){a, row_id(cJSON_GetArrayItem(rows, i), "id")};
        const struct archive_query whole = {.list = LIST_RUNS, .run = o->id, .limit = 1};
        a->cfg.archive->ops->read(a->cfg.archive, &whole, on_whole, o);
    }
    a->cfg.archive->ops->read(a->cfg.archive, &calls, on_calls, a);
}

void agents_recover(struct agents *a) {
    const struct archive_query q = {.list = LIST_RUNS, .limit = RUNS_MOST};
    a->cfg.archive->ops->read(a->cfg.archive, &q, on_runs, a);
}
