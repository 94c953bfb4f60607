/* The shell: begins runs, hands answers to them, stops them. */
#include "turret/agent/agents.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agents_private.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/io/loop.h"

struct agents_net agents_net = {chat_send, chat_cancel};

int64_t agents_now(const struct agents *a) { return a->cfg.host.now_us(a->cfg.host.ctx); }

bool run_alive_here(const struct run *r) { return r->rerun_of || view_run_alive(r->a->cfg.host.view(r->a->cfg.host.ctx), r->id); }

struct agents *agents_new(const struct agents_cfg *cfg) {
    struct agents *a = xcalloc(1, sizeof *a);
    a->cfg = *cfg;
    a->memory = runs_new();
    return a;
}

static void run_free(struct run *r) {
    snapshot_free(r->snapshot);
    prompt_free(&r->prompt);
    chat_free(r->chat);
    chat_turn_free(&r->turn);
    tool_result_free(&r->result);
    cJSON_Delete(r->schema);
    cJSON_Delete(r->decisions);
    cJSON_Delete(r->results);
    cJSON_Delete(r->closed);
    cJSON_Delete(r->telemetry);
    cJSON_Delete(r->warnings);
    cJSON_Delete(r->responses);
    free(r->response);
    free(r);
}

void run_free_later(struct run *r) {
    if (r->refs > 0 || r->state != RS_OVER)
        return;
    for (struct run **p = &r->a->runs; *p; p = &(*p)->next)
        if (*p == r) {
            *p = r->next;
            run_free(r);
            return;
        }
}

void agents_free(struct agents *a) {
    if (!a)
        return;
    for (struct run *r = a->runs, *next; r; r = next) { /* the archive answers nobody any more */
        next = r->next;
        if (r->state == RS_ASKING)
            agents_net.cancel(r->request);
        ev_timer_stop(loop_get(), &r->timer);
        run_free(r);
    }
    agents_recalls_free(a);
    runs_free(a->memory);
    free(a);
}

static struct run *find(struct agents *a, run_id id) {
    for (struct run *r = a->runs; r; r = r->next)
        if (r->id == id && r->state != RS_OVER)
            return r;
    return NULL;
}

void agents_run(struct agents *a, const struct fx_run *fx) {
    for (struct run *r = a->runs, *next; r; r = next) { /* the desk knows better: one at a time */
        next = r->next;
        if (r->model.id == fx->model.id && r->state != RS_OVER && !r->rerun_of)
            run_finish(r, RUN_CANCELLED, ERR_RUN_OVER, "another run began");
    }
    struct run *r = run_new(a, &fx->model, fx->run);
    r->deadline_us = fx->deadline_us;
    run_begin(r, NULL, NULL);
}

void agents_stop(struct agents *a, const struct fx_run_stop *fx) {
    struct run *r = find(a, fx->run);
    if (r)
        run_finish(r, (enum run_status)fx->status, fx->status == RUN_TIMEOUT ? ERR_TIMEOUT : ERR_CANCELLED, fx->text);
}

void agents_reply(struct agents *a, const struct fx_reply *reply) {
    for (struct run *r = a->runs; r; r = r->next)
        for (int i = 0; r->state == RS_CALL_WAITING && i < r->result.action_count; i++)
            if (r->tokens[i] == reply->token && reply->token) {
                run_reply(r, i, reply);
                return;
            }
}

/* Virtual time may pass while the desk is waited for, not while the real world is. */
bool agents_idle(const struct agents *a) {
    for (const struct run *r = a->runs; r; r = r->next)
        if (r->state != RS_OVER && r->state != RS_CALL_WAITING)
            return false;
    return true;
}

const struct runs *agents_runs(const struct agents *a) { return a->memory; }
