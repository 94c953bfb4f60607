/* The calls of one answer, one after the other: record, carry out, wait for the desk, tell the model. A call whose record can't be kept
 * opens nothing; closing and tightening go out all the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agents_private.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"

#define CORRECTIONS_MOST 2

static const struct chat_call *call_now(const struct run *r) { return &r->turn.calls[r->index]; }

static struct run_step *step_now(struct run *r) {
    struct run_info *info = run_record_info(r);
    for (int i = info ? info->step_count : 0; i-- > 0;)
        if (info->steps[i].kind == STEP_CALL && info->steps[i].step == r->step && info->steps[i].index == r->index)
            return &info->steps[i];
    return NULL;
}

/* --- the end of a call --------------------------------------------------------------------------------- */
static enum err code_of(const struct tool_result *t) {
    enum err e = t->err;
    for (int i = 0; i < t->action_count && e == ERR_OK; i++)
        e = t->actions[i].refusal != ERR_OK ? t->actions[i].refusal : t->actions[i].result;
    return e;
}

/* What was refused is not acted on: the model may try again with what would pass. Unknown is not refused. */
static void release_refused(struct run *r) {
    for (int i = 0; i < r->result.action_count; i++) {
        const struct tool_action *x = &r->result.actions[i];
        const enum err e = x->refusal != ERR_OK ? x->refusal : x->result;
        if (x->intent.kind == INTENT_KIND_COUNT || e == ERR_OK || err_class(e) == ERR_CLASS_UNKNOWN || x->filled.micro > 0)
            continue;
        for (int k = 0; k < r->tools.acted_count; k++)
            if (r->tools.acted[k] == x->market)
                r->tools.acted[k] = r->tools.acted[--r->tools.acted_count];
    }
}

static void count_actions(struct run *r) {
    struct run_info *info = run_record_info(r);
    for (int i = 0; i < r->result.action_count; i++) {
        const struct tool_action *x = &r->result.actions[i];
        const bool refused = x->refusal != ERR_OK || (x->intent.kind != INTENT_KIND_COUNT && x->result != ERR_OK);
        r->failed_calls += refused;
        if (info && refused)
            info->refusals++;
        else if (info && x->intent.kind != INTENT_KIND_COUNT && !r->rerun_of)
            info->actions++;
    }
}

/* A model that says why it holds and nothing else has said that. */
static void keep_reason(struct run *r) {
    const cJSON *reason = cJSON_GetObjectItemCaseSensitive(r->result.answer, "reason");
    struct run_info *info = run_record_info(r);
    if (r->response[0] || !cJSON_IsString(reason))
        return;
    free(r->response);
    r->response = xstrdup(reason->valuestring);
    if (info)
        runs_set_text(r->a->memory, &info->response, r->response);
}

static void call_over(struct run *r) {
    struct agents *a = r->a;
    const struct chat_call *call = call_now(r);
    const struct tool *t = tool_find(call->name);
    const enum err code = code_of(&r->result);
    cJSON *answer = tool_answer(t, &r->result);
    char *text = cJSON_PrintUnformatted(answer);
    struct run_step *s = step_now(r);
    if (s) {
        s->code = (int32_t)code;
        s->latency_us = agents_now(a) - r->call_us;
        for (int i = 0; i < r->result.action_count && !s->order; i++)
            s->order = r->result.actions[i].order;
        char *line = tool_outcome(answer);
        runs_set_text(a->memory, &s->text, line);
        free(line);
    }
    count_actions(r);
    release_refused(r);
    run_record_result(r, answer, code);
    run_record_decisions(r);
    const bool invalid = r->result.err == ERR_INVALID_ARGUMENTS;
    if (!r->builtin)
        chat_result(r->chat, call->id, call->name, text ? text : "{}", code != ERR_OK);
    if (t && (t->flags & TOOL_ENDS) && r->result.err == ERR_OK) {
        r->closing = true;
        keep_reason(r);
    }
    cJSON_free(text);
    cJSON_Delete(answer);
    tool_result_free(&r->result);
    r->calls++;
    if (invalid) {
        r->failed_calls++;
        struct run_info *info = run_record_info(r);
        if (info)
            info->refusals++;
        if (++r->corrections > CORRECTIONS_MOST) {
            run_finish(r, RUN_FAILED, ERR_INVALID_ARGUMENTS, "malformed tool calls after two corrections");
            return;
        }
    }
    a->cfg.host.changed(a->cfg.host.ctx, r->id, false);
    r->index++;
    run_calls(r);
}

/* --- the desk's answers ------------------------------------------------------------------------------------ */
void run_reply(struct run *r, int action, const struct fx_reply *reply) {
    struct tool_action *x = &r->result.actions[action];
    r->tokens[action] = 0;
    x->result = (enum err)reply->result;
    x->order = reply->order;
    x->filled = reply->filled;
    x->average = reply->average;
    str_copy(x->answer, sizeof x->answer, reply->text);
    if (r->state == RS_CALL_WAITING && --r->waiting == 0)
        call_over(r);
}

static void propose(struct run *r) {
    struct agents *a = r->a;
    r->waiting = 0;
    r->state = RS_CALL_WAITING;
    for (int i = 0; i < r->result.action_count; i++) {
        struct tool_action *x = &r->result.actions[i];
        r->tokens[i] = 0;
        if (x->intent.kind == INTENT_KIND_COUNT || x->refusal != ERR_OK)
            continue;
        if (r->rerun_of) {
            x->result = ERR_OK;
            str_copy(x->answer, sizeof x->answer, "not placed (rerun)");
            continue;
        }
        if (!run_alive_here(r)) {
            x->result = ERR_RUN_OVER;
            continue;
        }
        x->intent.token = r->tokens[i] = a->cfg.host.token(a->cfg.host.ctx);
        x->intent.deadline_us = agents_now(a) + a->cfg.reply_timeout_us;
        x->result = a->cfg.host.propose(a->cfg.host.ctx, &x->intent);
        if (x->result == ERR_OK)
            r->waiting++;
        else
            r->tokens[i] = 0;
    }
    if (r->waiting == 0)
        call_over(r);
}

/* --- carrying out -------------------------------------------------------------------------------------------- */
static void carry_out(struct run *r, enum err stored) {
    const struct chat_call *call = call_now(r);
    const struct tool *t = tool_find(call->name);
    r->call_us = agents_now(r->a);
    r->tools.now_us = r->call_us;
    memset(&r->result, 0, sizeof r->result);
    if (stored == ERR_DUPLICATE) {
        r->result.err = ERR_DUPLICATE;
        str_copy(r->result.text, sizeof r->result.text, "this call was recorded before: it is not carried out twice");
    } else
        tool_call(&r->tools, call->name, call->arguments ? call->arguments : "", &r->result);
    if (stored != ERR_OK && stored != ERR_DUPLICATE && t && strcmp(t->archive_type, "CREATE_POSITION") == 0)
        for (int i = 0; i < r->result.action_count; i++)
            if (r->result.actions[i].intent.kind != INTENT_KIND_COUNT) {
                r->result.actions[i].refusal = ERR_STORE_DOWN;
                str_copy(r->result.actions[i].text, sizeof r->result.actions[i].text, "the call can't be recorded: nothing is opened");
            }
    propose(r);
}

static void on_stored(void *ctx, enum err e, const char *text) {
    struct run *r = ctx;
    (void)text;
    r->refs--;
    if (r->state == RS_OVER)
        run_free_later(r);
    else if (r->state == RS_CALL_STORING)
        carry_out(r, e);
}

static void start_call(struct run *r) {
    const struct chat_call *call = call_now(r);
    const struct tool *t = tool_find(call->name);
    struct run_info *info = run_record_info(r);
    if (info) {
        struct run_step *s = runs_step(r->a->memory, info, STEP_CALL, agents_now(r->a), "");
        s->step = (uint8_t)r->step;
        s->index = (uint8_t)r->index;
        s->trades = t && (t->flags & TOOL_TRADES);
        str_copy(s->tool, sizeof s->tool, t ? t->name : "unknown tool");
        runs_set_text(r->a->memory, &s->arguments, call->arguments);
    }
    r->state = RS_CALL_STORING;
    r->refs++;
    run_record_call(r, on_stored);
}

static void state_update(struct run *r) {
    char line[1024];
    struct run_info *info = run_record_info(r);
    if (r->builtin || r->closing)
        return;
    prompt_state_line(r->tools.view, &r->model, line, sizeof line);
    chat_user(r->chat, line);
    if (info)
        runs_step(r->a->memory, info, STEP_STATE, agents_now(r->a), line);
}

void run_calls(struct run *r) {
    while (r->index < r->turn.call_count && r->repeated[r->index]) { /* answered, as every call must be, but not carried out */
        const struct chat_call *call = call_now(r);
        if (!r->builtin)
            chat_result(r->chat, call->id, call->name, "{\"error\":\"duplicate\",\"detail\":\"the same call in one answer is carried out once\"}", true);
        r->failed_calls++;
        r->index++;
    }
    if (r->index < r->turn.call_count) {
        start_call(r);
        return;
    }
    state_update(r);
    run_next_step(r);
}
