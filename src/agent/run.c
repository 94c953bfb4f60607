/* One run: prompts and row first, then question and tools until the model holds. Every answer that comes is checked against the state
 * it is for; a run that is over answers nobody. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agents_private.h"
#include "turret/base/mem.h"
#include "turret/base/rng.h"
#include "turret/base/str.h"
#include "turret/io/loop.h"

#define BACKOFF_FIRST_MS 1000

static void on_turn(void *ctx, struct chat_turn *t);
static void on_timer(struct ev_loop *loop, ev_timer *w, int revents);

struct run *run_new(struct agents *a, const struct model *m, run_id id) {
    struct run *r = xcalloc(1, sizeof *r);
    r->a = a;
    r->model = *m;
    r->id = id;
    r->started_us = agents_now(a);
    r->decisions = cJSON_CreateArray();
    r->results = cJSON_CreateArray();
    r->closed = cJSON_CreateArray();
    r->telemetry = cJSON_CreateArray();
    r->warnings = cJSON_CreateArray();
    r->responses = cJSON_CreateArray();
    r->response = xstrdup("");
    ev_init(&r->timer, on_timer);
    r->timer.data = r;
    r->next = a->runs;
    a->runs = r;
    return r;
}

void run_finish(struct run *r, enum run_status status, enum err reason, const char *text) {
    struct agents *a = r->a;
    if (r->state == RS_OVER)
        return;
    if (r->state == RS_ASKING)
        agents_net.cancel(r->request);
    ev_timer_stop(loop_get(), &r->timer);
    r->state = RS_OVER;
    struct run_info *info = run_record_info(r);
    if (info) {
        info->status = (uint8_t)status;
        info->reason = (int32_t)reason;
        info->ended_us = agents_now(a);
        if (status != RUN_OK) {
            str_copy(info->error, sizeof info->error, text);
            runs_step(a->memory, info, STEP_END, agents_now(a), text);
        }
    }
    run_record_end(r, status, text);
    struct ev_run_end end = {.run = r->id, .model = r->model.id, .status = (int32_t)status, .reason = (int32_t)reason, .calls = (uint32_t)r->calls,
                             .failed_calls = (uint32_t)r->failed_calls, .cost_unknown = r->cost_unknown, .tokens_in = r->tokens_in, .tokens_out = r->tokens_out, .cost = r->cost};
    str_copy(end.text, sizeof end.text, text);
    if (!r->rerun_of)
        a->cfg.host.run_end(a->cfg.host.ctx, &end);
    a->cfg.host.changed(a->cfg.host.ctx, r->id, true);
    run_free_later(r);
}

/* --- the beginning --------------------------------------------------------------------------------------- */
static bool prepare_model(struct run *r, char *text, size_t cap) {
    if (r->model.builtin) {
        r->builtin = builtin_find(r->model.model);
        snprintf(text, cap, "there is no built-in agent '%.40s'", r->model.model);
        return r->builtin != NULL;
    }
    r->provider = providers_find(r->a->cfg.providers, r->model.provider);
    if (!r->provider) {
        snprintf(text, cap, "provider '%.20s' is not in providers.conf", r->model.provider);
        return false;
    }
    snprintf(text, cap, "provider '%.20s' has no key: see turret-agents(5)", r->model.provider);
    return !provider_needs_key(r->provider) || provider_keys(r->provider) > 0;
}

static void on_row(void *ctx, enum err e, const char *text) {
    struct run *r = ctx;
    r->refs--;
    if (r->state == RS_OVER) {
        run_free_later(r);
        return;
    }
    if (r->state != RS_STORING)
        return;
    if (e != ERR_OK && e != ERR_DUPLICATE) {
        char line[REASON_MAX];
        snprintf(line, sizeof line, "the run can't be recorded: %.60s", text && text[0] ? text : err_text(e));
        run_finish(r, RUN_FAILED, e, line);
        return;
    }
    if (--r->rows_left == 0)
        run_next_step(r);
}

void run_begin(struct run *r, const char *system, const char *user) {
    struct agents *a = r->a;
    const struct desk *view = a->cfg.host.view(a->cfg.host.ctx);
    char text[REASON_MAX * 2] = "";
    struct run_info *info = runs_begin(a->memory, r->id, r->model.id, r->model.account, r->started_us);
    info->rerun = r->rerun_of != 0;
    if (!prepare_model(r, text, sizeof text)) {
        run_finish(r, RUN_FAILED, ERR_CONFIG, text);
        return;
    }
    r->snapshot = snapshot_take(a->cfg.library, view, &r->model, agents_now(a));
    enum err e = prompt_build(a->cfg.library, view, &r->model, r->snapshot, agents_now(a), &r->prompt, text, sizeof text);
    if (e != ERR_OK) {
        run_finish(r, RUN_FAILED, e, text);
        return;
    }
    if (system) { /* a rerun: what was told then, whatever is true now */
        free(r->prompt.system);
        free(r->prompt.user);
        r->prompt.system = xstrdup(system);
        r->prompt.user = xstrdup(user);
    }
    r->tools = (struct tool_ctx){.view = view, .model = &r->model, .run = r->id, .snapshot = r->snapshot, .now_us = agents_now(a)};
    r->schema = tools_schema(&r->tools);
    r->chat = chat_new(r->prompt.system);
    chat_user(r->chat, r->prompt.user);
    str_copy(info->system_hash, sizeof info->system_hash, r->prompt.system_hash);
    str_copy(info->prompt_hash, sizeof info->prompt_hash, r->prompt.user_hash);
    runs_keep_prompt(a->memory, r->prompt.system_hash, r->prompt.system);
    runs_set_text(a->memory, &info->prompt, r->prompt.user);
    snprintf(text, sizeof text, "%s, %d markets, %zu characters", r->model.variant, r->snapshot->market_count, strlen(r->prompt.user));
    runs_step(a->memory, info, STEP_PROMPT, agents_now(a), text);
    r->state = RS_STORING;
    r->rows_left = 3;
    r->refs += 3;
    run_record_start(r, on_row);
    a->cfg.host.changed(a->cfg.host.ctx, r->id, false);
}

/* --- a question ------------------------------------------------------------------------------------------- */
static bool over_budget(const struct run *r) { return r->model.budget_run.micro > 0 && r->cost.micro >= r->model.budget_run.micro; }

static void ask(struct run *r) {
    struct agents *a = r->a;
    if (over_budget(r)) {
        run_finish(r, RUN_FAILED, ERR_BUDGET, "the budget of this run is spent");
        return;
    }
    struct chat_options o = {.model = r->model.model, .tools = r->schema, .timeout_ms = a->cfg.call_timeout_ms, .temperature = 0};
    r->state = RS_ASKING;
    r->request = agents_net.send(r->provider, r->chat, &o, on_turn, r);
}

/* A built-in agent answers at once, in the same words as a language model would. */
static void decide(struct run *r) {
    static struct builtin_decision d;
    memset(&d, 0, sizeof d);
    r->builtin->decide(r->tools.view, &r->model, r->snapshot, r->rerun_of ? r->rerun_of : r->id, &d);
    struct chat_turn t = {.text = xstrdup(""), .reasoning = xstrdup(d.reasoning), .finish = d.count ? FINISH_TOOLS : FINISH_STOP, .retry_after_ms = -1};
    for (int i = 0; i < d.count && i < CHAT_CALLS_MAX; i++) {
        str_copy(t.calls[i].name, sizeof t.calls[i].name, d.calls[i].name);
        snprintf(t.calls[i].id, sizeof t.calls[i].id, "builtin-%d", i);
        t.calls[i].arguments = d.calls[i].arguments;
        t.call_count++;
    }
    t.usage.known = true;
    r->closing = true;
    r->state = RS_ASKING;
    on_turn(r, &t);
}

void run_next_step(struct run *r) {
    struct agents *a = r->a;
    if (!run_alive_here(r)) {
        run_finish(r, RUN_CANCELLED, ERR_RUN_OVER, err_text(ERR_RUN_OVER));
        return;
    }
    if (r->closing || r->step >= a->cfg.max_steps) {
        if (!r->closing)
            cJSON_AddItemToArray(r->warnings, cJSON_CreateString("ended at the most steps"));
        run_finish(r, RUN_OK, ERR_OK, "");
        return;
    }
    r->step++;
    r->attempt = 0;
    if (r->builtin)
        decide(r);
    else
        ask(r);
}

/* --- an answer --------------------------------------------------------------------------------------------- */
static void on_timer(struct ev_loop *loop, ev_timer *w, int revents) {
    struct run *r = w->data;
    (void)loop;
    (void)revents;
    if (r->state == RS_BACKOFF)
        ask(r);
}

/* 1, 2, 4 s with jitter, or what the provider wants, when the run's time allows it. */
static bool try_again(struct run *r, const struct chat_turn *t) {
    struct agents *a = r->a;
    struct rng rng;
    if (!t->retry || r->attempt >= a->cfg.retries)
        return false;
    rng_seed(&rng, r->id + (uint64_t)r->step * 31 + (uint64_t)r->attempt);
    int64_t wait_ms = (int64_t)BACKOFF_FIRST_MS << r->attempt;
    wait_ms += (int64_t)rng_below(&rng, (uint64_t)wait_ms / 2 + 1);
    if (t->retry_after_ms > wait_ms)
        wait_ms = t->retry_after_ms;
    if (r->deadline_us && agents_now(a) + wait_ms * 1000 >= r->deadline_us)
        return false;
    r->attempt++;
    struct run_info *info = run_record_info(r);
    char text[240];
    snprintf(text, sizeof text, "%s; again in %.1f s", t->error[0] ? t->error : err_text(t->err), (double)wait_ms / 1000);
    if (info) {
        runs_step(a->memory, info, STEP_RETRY, agents_now(a), text);
        info->attempts++;
    }
    cJSON_AddItemToArray(r->warnings, cJSON_CreateString(text));
    r->state = RS_BACKOFF;
    ev_timer_set(&r->timer, (double)wait_ms / 1000, 0);
    ev_timer_start(loop_get(), &r->timer);
    a->cfg.host.changed(a->cfg.host.ctx, r->id, false);
    return true;
}

static void account_for(struct run *r, const struct chat_turn *t) {
    usd cost = t->usage.cost;
    struct run_info *info = run_record_info(r);
    r->tokens_in += t->usage.in;
    r->tokens_out += t->usage.out;
    r->tokens_cached += t->usage.cached;
    r->llm_us += t->latency_us;
    if (r->provider) {
        if (t->usage.cost_known || (t->usage.known && provider_cost(r->provider, r->model.model, &t->usage, &cost)))
            r->cost = usd_add_sat(r->cost, cost);
        else if (t->usage.known || t->err == ERR_OK)
            r->cost_unknown = true;
    }
    if (!info)
        return;
    info->tokens_in = r->tokens_in;
    info->tokens_out = r->tokens_out;
    info->tokens_cached = r->tokens_cached;
    info->llm_latency_us = r->llm_us;
    info->cost = r->cost;
    info->cost_unknown = r->cost_unknown;
}

static void say(struct run *r, const char *text) {
    struct run_info *info = run_record_info(r);
    if (!text || !text[0])
        return;
    free(r->response);
    r->response = xstrdup(text);
    if (!info)
        return;
    runs_step(r->a->memory, info, STEP_THINK, agents_now(r->a), text);
    runs_set_text(r->a->memory, &info->response, text);
}

static void mark_repeated(struct run *r) {
    for (int i = 0; i < r->turn.call_count; i++) {
        r->repeated[i] = false;
        for (int k = 0; k < i; k++) {
            const struct chat_call *x = &r->turn.calls[i], *y = &r->turn.calls[k];
            r->repeated[i] |= (x->id[0] && strcmp(x->id, y->id) == 0) || (strcmp(x->name, y->name) == 0 && strcmp(x->arguments, y->arguments) == 0);
        }
    }
}

static const char *const finish_names[] = {"stop", "tool_calls", "length", "content_filter", "refusal", "other"};

static void on_turn(void *ctx, struct chat_turn *t) {
    struct run *r = ctx;
    struct agents *a = r->a;
    if (r->state != RS_ASKING) {
        chat_turn_free(t);
        return;
    }
    account_for(r, t);
    if (t->err != ERR_OK) {
        if (!try_again(r, t))
            run_finish(r, t->err == ERR_TIMEOUT ? RUN_TIMEOUT : RUN_FAILED, t->err, t->error[0] ? t->error : err_text(t->err));
        chat_turn_free(t);
        return;
    }
    chat_turn_free(&r->turn);
    r->turn = *t;
    memset(t, 0, sizeof *t);
    str_copy(r->finish, sizeof r->finish, finish_names[r->turn.finish <= FINISH_OTHER ? r->turn.finish : FINISH_OTHER]);
    say(r, r->turn.reasoning);
    say(r, r->turn.text);
    run_record_telemetry(r);
    const bool cut = r->turn.finish == FINISH_LENGTH || r->turn.finish == FINISH_FILTER || r->turn.finish == FINISH_REFUSAL;
    if (cut || r->turn.call_count == 0) { /* nothing it might have begun to say is carried out */
        if (cut)
            cJSON_AddItemToArray(r->warnings, cJSON_CreateString(r->finish));
        run_finish(r, RUN_OK, ERR_OK, "");
        return;
    }
    if (!r->builtin)
        chat_assistant(r->chat, &r->turn);
    mark_repeated(r);
    r->index = 0;
    a->cfg.host.changed(a->cfg.host.ctx, r->id, false);
    run_calls(r);
}
