/* Commands about runs: the list, one run step by step, and why an order or position exists. What is no longer in memory comes from
 * the archive: it is recalled into memory and the command runs again. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "turret/base/str.h"
#include "ui/columns_private.h"
#include "ui/commands/commands.h"

#define RUNS_SHOWN 20
#define RUNS_MOST 1000

static bool arg_run(const char *text, run_id *out, struct command_result *r) {
    char *end;
    unsigned long long v = strtoull(text[0] == '#' ? text + 1 : text, &end, 10);
    if (*end || v == 0)
        return fail(r, ERR_BAD_VALUE, "\"%.32s\" is no run's number; `runs` lists them", text);
    *out = v;
    return true;
}

static void fetch(struct command_result *r, enum archive_list list, run_id run, model_id model, int limit) {
    r->has_fetch = true;
    r->fetch = (struct archive_query){.list = list, .run = run, .model = model, .limit = limit};
}

static bool wanted(const struct run_info *run, model_id model, bool failed) {
    return (!model || run->model == model) && (!failed || run->status != RUN_OK);
}

COMMAND_RUN(run_runs) {
    struct args a;
    int64_t limit = RUNS_SHOWN;
    model_id model = 0;
    if (!args_parse(argc, argv, &a, r) || !args_count(&a, 0, 1, r))
        return;
    const char *text = args_option(&a, "--limit");
    if (text && !arg_int("--limit", text, 1, RUNS_MOST, &limit, r))
        return;
    enum err e = a.n ? view_model_find(c->view, a.pos[0], &model) : ERR_OK;
    if (e != ERR_OK) {
        fail(r, e, "no model \"%.40s\"; `models` lists them", a.pos[0]);
        return;
    }
    const bool failed = args_option(&a, "--failed") != NULL;
    r->data = cJSON_CreateArray();
    r->table = "runs";
    int n = 0;
    const struct run_info *run, *older, *next;
    for (int i = 0, k = 0; n < limit; next == run ? i++ : k++) { /* two lists, newest first; a recalled one may be in both by now */
        run = runs_at(c->runs, i);
        older = c->recalled ? runs_recalled_at(c->runs, k) : NULL;
        next = !older || (run && run->started_us >= older->started_us) ? run : older;
        if (!next)
            break;
        if (wanted(next, model, failed) && (next == run || runs_find(c->runs, next->id) == next)) {
            cJSON_AddItemToArray(r->data, columns_json(column_table("runs"), c->view, next, c->now_us));
            n++;
        }
    }
    if (n < limit && (text || !n) && c->runs && !c->recalled) { /* older ones */
        cJSON_Delete(r->data);
        r->data = NULL;
        r->table = NULL;
        fetch(r, LIST_RUNS, 0, model, (int)limit);
        r->fetch.failed_only = failed;
    }
}

/* The run with all its texts, NULL: r has a failure, or asks the archive first. */
static const struct run_info *whole_run(const struct command_ctx *c, run_id id, struct command_result *r) {
    const struct run_info *run = runs_find(c->runs, id);
    if (run && (c->recalled || !run->recovered || run->prompt))
        return run;
    if (c->recalled || !c->runs)
        fail(r, ERR_NOT_FOUND, "no run %" PRIu64 " is recorded; `runs` lists them", id);
    else
        fetch(r, LIST_RUNS, id, 0, 1);
    return NULL;
}

/* --- one run --------------------------------------------------------------------------------------- */
static void add_text(cJSON *o, const char *key, const char *text) {
    if (text && text[0])
        cJSON_AddStringToObject(o, key, text);
    else
        cJSON_AddNullToObject(o, key);
}

static void add_u64(cJSON *o, const char *key, uint64_t v) {
    char text[32];
    snprintf(text, sizeof text, "%" PRIu64, v);
    if (v)
        cJSON_AddStringToObject(o, key, text);
    else
        cJSON_AddNullToObject(o, key);
}

static cJSON *step_json(const struct run_step *s) {
    static const char *const kinds[STEP_KIND_COUNT] = {"prompt", "think", "call", "state", "retry", "end"};
    char at[FORMAT_MAX];
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "at", format_rfc3339(s->at_us, at));
    cJSON_AddNumberToObject(o, "step", s->step);
    cJSON_AddStringToObject(o, "kind", s->kind < STEP_KIND_COUNT ? kinds[s->kind] : "?");
    if (s->kind == STEP_CALL) {
        cJSON_AddStringToObject(o, "tool", s->tool);
        add_text(o, "arguments", s->arguments);
        cJSON_AddStringToObject(o, "code", s->code < 0 ? "waiting" : err_name((enum err)s->code));
        cJSON_AddNumberToObject(o, "latency_ms", (double)(s->latency_us / 1000));
        add_u64(o, "order", s->order);
    }
    add_text(o, "text", s->text);
    return o;
}

static cJSON *run_json(const struct command_ctx *c, const struct run_info *run) {
    cJSON *o = columns_json(column_table("runs"), c->view, run, c->now_us);
    add_text(o, "system_hash", run->system_hash);
    add_text(o, "prompt_hash", run->prompt_hash);
    cJSON_AddNumberToObject(o, "attempts", run->attempts);
    add_text(o, "response", run->response);
    add_text(o, "error", run->error);
    cJSON *list = cJSON_AddArrayToObject(o, "trace");
    for (int i = 0; i < run->step_count; i++)
        cJSON_AddItemToArray(list, step_json(&run->steps[i]));
    return o;
}

COMMAND_RUN(run_run_view) {
    struct args a;
    run_id id;
    if (!args_parse(argc, argv, &a, r) || !args_count(&a, 1, 1, r) || !arg_run(a.pos[0], &id, r))
        return;
    const struct run_info *run = whole_run(c, id, r);
    if (run)
        r->data = run_json(c, run);
}

COMMAND_RUN(run_rerun) {
    struct args a;
    if (!args_parse(argc, argv, &a, r) || !args_count(&a, 1, 1, r) || !arg_run(a.pos[0], &r->rerun, r))
        return;
    if (c->session) {
        r->rerun = 0;
        fail(r, ERR_UNSUPPORTED, "rerun works from the shell: turret rerun %.24s", a.pos[0]);
    }
}

COMMAND_RUN(run_prompt) {
    struct args a;
    run_id id;
    if (!args_parse(argc, argv, &a, r) || !args_count(&a, 1, 1, r))
        return;
    if (strlen(a.pos[0]) == RUN_HASH_MAX - 1 && !c->session) {
        fetch(r, LIST_PROMPTS, 0, 0, 1);
        str_copy(r->fetch.hash, sizeof r->fetch.hash, a.pos[0]);
        return;
    }
    if (!arg_run(a.pos[0], &id, r))
        return;
    const struct run_info *run = whole_run(c, id, r);
    if (!run)
        return;
    if (!run->prompt) {
        fail(r, ERR_NOT_FOUND, "run %" PRIu64 " ended before its prompt was recorded", id);
        return;
    }
    cJSON *o = r->data = cJSON_CreateObject();
    add_text(o, "system", runs_prompt(c->runs, run->system_hash));
    add_text(o, "user", run->prompt);
}

/* --- why ---------------------------------------------------------------------------------------------- */
static const struct order *order_of(const struct command_ctx *c, const char *text, struct command_result *r) {
    const struct order *o = view_order_find(c->view, text);
    market_id m;
    if (o)
        return o;
    int cursor = 0;
    if (view_market_find(c->view, text, &m) == ERR_OK)
        while ((o = view_next_position(c->view, &cursor, true)))
            if (o->market == m)
                return o;
    fail(r, ERR_NOT_FOUND, "no order, position or held market \"%.40s\"", text);
    return NULL;
}

static void add_plan(cJSON *o, const struct desk *view, const struct order *x) {
    const struct exit_plan *p = &x->pos.plan;
    struct column_value v;
    const struct market *m = column_market(view, x->market);
    cJSON *plan = cJSON_AddObjectToObject(o, "exit_plan");
    const struct { const char *key; price px; } levels[] = {{"stop", p->stop}, {"target", p->target}, {"invalidation_price", p->invalidation_price}};
    for (size_t i = 0; i < 3; i++) {
        memset(&v, 0, sizeof v);
        column_set_price(&v, m, levels[i].px, 0);
        add_text(plan, levels[i].key, v.raw);
    }
    char text[FORMAT_MAX];
    add_text(plan, "invalidation", p->invalidation);
    add_text(plan, "time_exit", p->time_exit_us ? format_rfc3339(p->time_exit_us, text) : NULL);
    add_text(plan, "cooldown_until", p->cooldown_until_us ? format_rfc3339(p->cooldown_until_us, text) : NULL);
    if (p->confidence >= 0)
        cJSON_AddNumberToObject(plan, "confidence", p->confidence);
    else
        cJSON_AddNullToObject(plan, "confidence");
}

/* What the model did about this market in its later runs, newest first. */
static void add_later(cJSON *o, const struct command_ctx *c, const struct order *x, run_id since) {
    const struct market *m = column_market(c->view, x->market);
    const struct model *owner = view_model_of(c->view, x->account);
    const struct run_info *run;
    cJSON *list = cJSON_AddArrayToObject(o, "since");
    for (int i = 0; owner && m && c->runs && (run = runs_of(c->runs, owner->id, i)) && run->id != since; i++)
        for (int k = 0; k < run->step_count; k++) {
            const struct run_step *s = &run->steps[k];
            if (s->kind != STEP_CALL || !s->trades || !strstr(s->arguments, m->symbol))
                continue;
            cJSON *one = step_json(s);
            add_u64(one, "run", run->id);
            cJSON_AddItemToArray(list, one);
        }
}

COMMAND_RUN(run_why) {
    struct args a;
    const struct order *x;
    if (!args_parse(argc, argv, &a, r) || !args_count(&a, 1, 1, r) || !(x = order_of(c, a.pos[0], r)))
        return;
    const struct run_info *run = NULL;
    if (x->source == SOURCE_AGENT && !(run = whole_run(c, x->link, r)) && r->has_fetch)
        return;
    r->err = ERR_OK; /* a run that is not recorded any more: the position is told of all the same */
    cJSON *o = r->data = cJSON_CreateObject();
    cJSON_AddItemToObject(o, "order", columns_json(column_table(x->pos.status != POSITION_NONE ? "positions" : "orders"), c->view, x, c->now_us));
    cJSON_AddStringToObject(o, "source", order_source_name((enum order_source)x->source));
    add_plan(o, c->view, x);
    if (x->source != SOURCE_AGENT) {
        say(r, x->source == SOURCE_MANUAL ? "by hand" : "by %s", order_source_name((enum order_source)x->source));
        return;
    }
    add_u64(o, "run", x->link);
    if (!run) {
        say(r, "the record of run %" PRIu64 " is gone", x->link);
        return;
    }
    const struct run_step *step = NULL;
    const struct market *m = column_market(c->view, x->market);
    for (int i = 0; i < run->step_count && !step; i++) /* of that run: later ones only changed its plan */
        if (run->steps[i].order == x->id)
            step = &run->steps[i];
    for (int i = 0; i < run->step_count && !step && m; i++) /* one call may open several: its step names the first */
        if (run->steps[i].kind == STEP_CALL && run->steps[i].order && strstr(run->steps[i].arguments, m->symbol))
            step = &run->steps[i];
    add_text(o, "thesis", run->response);
    if (step)
        cJSON_AddItemToObject(o, "call", step_json(step));
    add_later(o, c, x, run->id);
}
