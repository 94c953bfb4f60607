/* What a run leaves behind in the archive: prompts by hash, the invocation, every tool call, and at its end the whole of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agents_private.h"
#include "turret/base/str.h"
#include "turret/base/utf8.h"
#include "turret/io/loop.h"

struct run_info *run_record_info(struct run *r) { return runs_edit(r->a->memory, r->id); }

static void add_id(cJSON *o, const char *key, uint64_t id) {
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)id);
    cJSON_AddStringToObject(o, key, text);
}

static void add_at(cJSON *o, const char *key, int64_t us) {
    char text[32];
    clock_format_rfc3339(us, text);
    cJSON_AddStringToObject(o, key, text);
}

static void add_dec(cJSON *o, const char *key, int64_t micro) {
    char text[DEC_TEXT_MAX];
    dec_format(micro, 0, text);
    cJSON_AddStringToObject(o, key, text);
}

static void nobody(void *ctx, enum err e, const char *text) { /* nothing depends on this answer; the store's own log has it */
    struct run *r = ctx;
    (void)e;
    (void)text;
    r->refs--;
    if (r->state == RS_OVER)
        run_free_later(r);
}

static void put_prompt(struct run *r, const char *hash, const char *body, archive_done_fn *done) {
    struct archive *a = r->a->cfg.archive;
    cJSON *doc = cJSON_CreateObject();
    cJSON_AddStringToObject(doc, "hash", hash);
    cJSON_AddStringToObject(doc, "text", body);
    add_at(doc, "at", r->started_us);
    a->ops->insert(a, ARCHIVE_PROMPT, doc, done, r);
    cJSON_Delete(doc);
}

static void add_run(const struct run *r, cJSON *doc) {
    add_id(doc, "id", r->id);
    cJSON_AddNumberToObject(doc, "model_id", r->model.id);
    cJSON_AddNumberToObject(doc, "account_id", r->model.account);
    add_at(doc, "started_at", r->started_us);
    if (r->rerun_of)
        add_id(doc, "rerun_of", r->rerun_of);
}

void run_record_start(struct run *r, archive_done_fn *done) {
    struct archive *a = r->a->cfg.archive;
    cJSON *doc = cJSON_CreateObject();
    r->recorded = true;
    put_prompt(r, r->prompt.system_hash, r->prompt.system, done);
    put_prompt(r, r->prompt.user_hash, r->prompt.user, done);
    add_run(r, doc);
    cJSON_AddStringToObject(doc, "status", run_status_name(RUN_RUNNING));
    cJSON_AddStringToObject(doc, "system_hash", r->prompt.system_hash);
    cJSON_AddStringToObject(doc, "prompt_hash", r->prompt.user_hash);
    a->ops->insert(a, ARCHIVE_INVOCATION, doc, done, r);
    cJSON_Delete(doc);
}

static cJSON *payload(struct run *r) {
    cJSON *o = cJSON_CreateObject(), *usage;
    cJSON_AddItemReferenceToObject(o, "decisions", r->decisions);
    cJSON_AddItemReferenceToObject(o, "execution_results", r->results);
    cJSON_AddItemReferenceToObject(o, "closed_positions", r->closed);
    cJSON_AddItemReferenceToObject(o, "step_telemetry", r->telemetry);
    cJSON_AddItemReferenceToObject(o, "warnings", r->warnings);
    cJSON_AddItemReferenceToObject(o, "provider_responses", r->responses);
    cJSON_AddStringToObject(o, "finish_reason", r->finish);
    usage = cJSON_AddObjectToObject(o, "usage");
    cJSON_AddNumberToObject(usage, "input", (double)r->tokens_in);
    cJSON_AddNumberToObject(usage, "output", (double)r->tokens_out);
    cJSON_AddNumberToObject(usage, "cached", (double)r->tokens_cached);
    return o;
}

void run_record_end(struct run *r, enum run_status status, const char *text) {
    struct archive *a = r->a->cfg.archive;
    cJSON *doc = cJSON_CreateObject();
    if (r->recorded)
        add_id(doc, "id", r->id);
    else
        add_run(r, doc); /* it failed before it was begun: one row all the same */
    add_at(doc, "ended_at", agents_now(r->a));
    cJSON_AddStringToObject(doc, "status", run_status_name(status));
    cJSON_AddStringToObject(doc, "response", r->response);
    cJSON_AddItemToObject(doc, "payload", payload(r));
    cJSON_AddNumberToObject(doc, "tokens_in", (double)r->tokens_in);
    cJSON_AddNumberToObject(doc, "tokens_out", (double)r->tokens_out);
    cJSON_AddNumberToObject(doc, "tokens_cached", (double)r->tokens_cached);
    if (r->cost_unknown)
        cJSON_AddNullToObject(doc, "cost");
    else
        add_dec(doc, "cost", r->cost.micro);
    cJSON_AddNumberToObject(doc, "latency_ms", (double)((agents_now(r->a) - r->started_us) / 1000));
    cJSON_AddNumberToObject(doc, "steps", r->step);
    if (status != RUN_OK && text[0])
        cJSON_AddStringToObject(doc, "error", text);
    r->refs++;
    if (r->recorded)
        a->ops->update(a, ARCHIVE_INVOCATION, doc, nobody, r);
    else
        a->ops->insert(a, ARCHIVE_INVOCATION, doc, nobody, r);
    cJSON_Delete(doc);
}

static cJSON *call_key(const struct run *r) {
    cJSON *doc = cJSON_CreateObject();
    add_id(doc, "invocation_id", r->id);
    cJSON_AddNumberToObject(doc, "step", r->step);
    cJSON_AddNumberToObject(doc, "index", r->index);
    return doc;
}

void run_record_call(struct run *r, archive_done_fn *done) {
    struct archive *a = r->a->cfg.archive;
    const struct chat_call *call = &r->turn.calls[r->index];
    const struct tool *t = tool_find(call->name);
    cJSON *doc = call_key(r);
    char name[64];
    utf8_sanitise(name, sizeof name, call->name, strlen(call->name));
    cJSON_AddStringToObject(doc, "type", t ? t->archive_type : "READ");
    cJSON_AddStringToObject(doc, "name", name);
    cJSON_AddStringToObject(doc, "arguments", call->arguments ? call->arguments : "");
    add_at(doc, "at", agents_now(r->a));
    a->ops->insert(a, ARCHIVE_TOOL_CALL, doc, done, r);
    cJSON_Delete(doc);
}

void run_record_result(struct run *r, const cJSON *answer, enum err code) {
    struct archive *a = r->a->cfg.archive;
    cJSON *doc = call_key(r);
    cJSON_AddItemReferenceToObject(doc, "result", (cJSON *)(uintptr_t)answer);
    cJSON_AddStringToObject(doc, "code", err_name(code));
    cJSON_AddNumberToObject(doc, "latency_ms", (double)((agents_now(r->a) - r->call_us) / 1000));
    for (int i = 0; i < r->result.action_count; i++)
        if (r->result.actions[i].order) {
            add_id(doc, "order_id", r->result.actions[i].order);
            break;
        }
    r->refs++;
    a->ops->update(a, ARCHIVE_TOOL_CALL, doc, nobody, r);
    cJSON_Delete(doc);
}

void run_record_telemetry(struct run *r) {
    cJSON *o = cJSON_CreateObject(), *names = cJSON_CreateArray(), *p = cJSON_CreateObject();
    char name[64];
    for (int i = 0; i < r->turn.call_count; i++) {
        utf8_sanitise(name, sizeof name, r->turn.calls[i].name, strlen(r->turn.calls[i].name));
        cJSON_AddItemToArray(names, cJSON_CreateString(name));
    }
    cJSON_AddNumberToObject(o, "step", r->step);
    cJSON_AddItemToObject(o, "tools", names);
    cJSON_AddNumberToObject(o, "input_tokens", (double)r->turn.usage.in);
    cJSON_AddNumberToObject(o, "output_tokens", (double)r->turn.usage.out);
    cJSON_AddNumberToObject(o, "latency_ms", (double)(r->turn.latency_us / 1000));
    add_at(o, "at", agents_now(r->a));
    cJSON_AddItemToArray(r->telemetry, o);
    cJSON_AddStringToObject(p, "id", r->turn.request_id);
    cJSON_AddStringToObject(p, "model", r->turn.model);
    cJSON_AddItemToArray(r->responses, p);
}

/* Decisions as given, what became of each, and what was closed. */
void run_record_decisions(struct run *r) {
    for (int i = 0; i < r->result.action_count; i++) {
        const struct tool_action *x = &r->result.actions[i];
        const enum err e = x->refusal != ERR_OK ? x->refusal : x->result;
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "symbol", x->symbol);
        if (x->intent.kind == INTENT_PLACE) {
            cJSON *d = cJSON_CreateObject();
            cJSON_AddStringToObject(d, "symbol", x->symbol);
            cJSON_AddStringToObject(d, "side", order_side_name((enum order_side)x->intent.side));
            add_dec(d, "quantity", x->intent.size.micro);
            cJSON_AddNumberToObject(d, "leverage", x->intent.leverage);
            add_dec(d, "profit_target", x->intent.target.micro);
            add_dec(d, "stop_loss", x->intent.stop.micro);
            add_dec(d, "invalidation_price", x->intent.invalidation_price.micro);
            cJSON_AddStringToObject(d, "invalidation_condition", x->intent.invalidation);
            cJSON_AddNumberToObject(d, "confidence", x->intent.confidence);
            cJSON_AddItemToArray(r->decisions, d);
        }
        cJSON_AddBoolToObject(o, "success", e == ERR_OK);
        cJSON_AddStringToObject(o, "code", err_name(e));
        if (x->filled.micro) {
            add_dec(o, "quantity", x->filled.micro);
            add_dec(o, "price", x->average.micro);
        }
        if (x->intent.kind == INTENT_CLOSE && e == ERR_OK)
            cJSON_AddItemToArray(r->closed, cJSON_Duplicate(o, true));
        cJSON_AddItemToArray(r->results, o);
    }
}
