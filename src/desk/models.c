/* Models: their records as the store and the configuration give them, and what a person wants of them (pause, resume, run). */
#include "desk/state.h"
#include "turret/base/hash.h"
#include "turret/base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct mdl *mdl_find(const struct desk *d, model_id id) {
    for (size_t i = 0; i < d->model_count; i++)
        if (d->models[i]->m.id == id)
            return d->models[i];
    return NULL;
}

struct mdl *mdl_of_account(const struct desk *d, account_id a) {
    for (size_t i = 0; i < d->model_count; i++)
        if (d->models[i]->m.account == a)
            return d->models[i];
    return NULL;
}

void mdl_save(struct desk *d, struct mdl *m) {
    m->m.version++;
    m->stored = true;
    save_add(d, SAVE_MODEL)->u.model = m->m;
    d->dirty |= DIRTY_MODELS;
}

static struct mdl *mdl_add(struct desk *d, model_id id) {
    struct mdl *m = xcalloc(1, sizeof *m);
    m->m.id = id;
    d->models = xgrow(d->models, &d->model_cap, d->model_count + 1, sizeof *d->models);
    size_t at = d->model_count++;
    for (; at > 0 && d->models[at - 1]->m.id > id; at--)
        d->models[at] = d->models[at - 1];
    d->models[at] = m;
    return m;
}

/* What the configuration says replaces what the store knew; figures, pause and schedule stay the store's. */
static void configure(struct mdl *m, const struct model *c) {
    struct model *k = &m->m;
    k->enabled = c->enabled;
    k->builtin = c->builtin;
    if (c->enabled == 0)
        return;
    k->interval_s = c->interval_s;
    k->budget_run = c->budget_run;
    k->budget_day = c->budget_day;
    k->limits = c->limits;
    memcpy(k->name, c->name, sizeof k->name);
    memcpy(k->variant, c->variant, sizeof k->variant);
    memcpy(k->provider, c->provider, sizeof k->provider);
    memcpy(k->model, c->model, sizeof k->model);
    memcpy(k->markets, c->markets, sizeof k->markets);
}

void on_model(struct desk *d, const struct event *ev) {
    const struct ev_model *e = &ev->u.model;
    struct mdl *m = mdl_find(d, e->model.id);
    if (e->model.id == 0 || e->model.account == 0)
        return;
    const bool known = m != NULL;
    if (!known) {
        m = mdl_add(d, e->model.id);
        m->m = e->model;
    } else if (e->stored) {
        m->m = e->model;
    } else {
        struct model before = m->m;
        configure(m, &e->model);
        if (memcmp(&before, &m->m, sizeof before) == 0)
            return;
        if (m->m.enabled == 0 && m->run != 0)
            run_stop(d, m, RUN_CANCELLED, "the model is no longer configured");
    }
    m->stored = e->stored;
    d->dirty |= DIRTY_MODELS;
    if (!e->stored && d->loaded && d->leader)
        mdl_save(d, m);
}

/* --- intents ----------------------------------------------------------------------------------------- */
static enum err pause_model(struct desk *d, struct mdl *m) {
    if (m->m.paused)
        return ERR_OK;
    m->m.paused = 1;
    if (m->run != 0)
        run_stop(d, m, RUN_CANCELLED, "paused");
    mdl_save(d, m);
    notice_about(d, NOTICE_WARN, 0, m->m.account, "model %s is paused", m->m.name);
    return ERR_OK;
}

static enum err resume_model(struct desk *d, struct mdl *m) {
    if (!m->m.paused)
        return ERR_OK;
    m->m.paused = 0;
    mdl_save(d, m);
    notice_about(d, NOTICE_INFO, 0, m->m.account, "model %s is resumed", m->m.name);
    return ERR_OK;
}

static enum err run_model(struct desk *d, struct mdl *m) {
    if (!d->leader)
        return ERR_NOT_LEADER;
    if (d->killed)
        return ERR_KILLED;
    if (!m->m.enabled || m->m.paused)
        return ERR_NOT_OPEN;
    if (m->run != 0)
        return ERR_DUPLICATE;
    return run_start(d, m, run_batch_new(d)) ? ERR_OK : ERR_RECONCILING;
}

static const char *run_refusal(enum err e, const struct mdl *m) {
    switch (e) {
    case ERR_NOT_OPEN: return m->m.paused ? "the model is paused: resume it first" : "the model is not configured";
    case ERR_DUPLICATE: return "it is running already";
    case ERR_RECONCILING: return "its account is not reconciled yet";
    default: return NULL;
    }
}

void intent_model(struct desk *d, const struct intent *in) {
    enum err e = ERR_NOT_FOUND;
    unsigned n = 0;
    const char *why = NULL;
    for (size_t i = 0; i < d->model_count; i++) {
        struct mdl *m = d->models[i];
        if (in->order != 0 ? m->m.id != in->order : !m->m.enabled || in->kind == INTENT_MODEL_RUN)
            continue;
        e = in->kind == INTENT_MODEL_PAUSE ? pause_model(d, m) : in->kind == INTENT_MODEL_RESUME ? resume_model(d, m) : run_model(d, m);
        why = run_refusal(e, m);
        n++;
    }
    if (n == 0 && in->order == 0 && in->kind != INTENT_MODEL_RUN)
        e = ERR_OK;
    char text[NOTE_MAX];
    static const char *const done[] = {"paused", "resumed", "started"};
    snprintf(text, sizeof text, "%u %s %s", n, n == 1 ? "model" : "models", done[in->kind - INTENT_MODEL_PAUSE]);
    reply(d, in->token, e, NULL, e == ERR_OK ? text : why);
}

uint64_t hash_models(const struct desk *d, uint64_t h) {
    for (size_t i = 0; i < d->model_count; i++) {
        const struct model *m = &d->models[i]->m;
        const uint64_t v[] = {m->id, m->account, m->enabled, m->paused, m->interval_s, (uint64_t)m->next_run_us, m->runs, m->failed_runs,
                              m->failed_calls, m->skipped_runs, m->failed_in_row, m->total_minutes, (uint64_t)m->cost_total.micro, d->models[i]->run};
        h = fnv64(h, v, sizeof v);
    }
    return h;
}

/* --- view --------------------------------------------------------------------------------------------- */
static void model_fill(const struct desk *d, const struct mdl *m, struct view_model *out) {
    const struct acct *a = acct_find(d, m->m.account);
    *out = (struct view_model){.m = &m->m, .run = m->run, .started_us = m->run != 0 ? m->started_us : 0, .degraded = m->m.failed_in_row > 0};
    out->state = m->run != 0 ? MODEL_RUNNING : !m->m.enabled ? MODEL_DISABLED : m->m.paused ? MODEL_PAUSED : MODEL_IDLE;
    out->equity_peak = a != NULL ? a->equity_peak : USD(0);
}

int view_model_count(const struct desk *d) { return (int)d->model_count; }

bool view_model_at(const struct desk *d, int i, struct view_model *out) {
    for (int enabled = 1; enabled >= 0; enabled--)
        for (size_t k = 0; k < d->model_count; k++)
            if ((d->models[k]->m.enabled != 0) == (enabled != 0) && i-- == 0) {
                model_fill(d, d->models[k], out);
                return true;
            }
    return false;
}

bool view_model(const struct desk *d, model_id id, struct view_model *out) {
    const struct mdl *m = mdl_find(d, id);
    if (m != NULL)
        model_fill(d, m, out);
    return m != NULL;
}

const struct model *view_model_of(const struct desk *d, account_id a) {
    const struct mdl *m = mdl_of_account(d, a);
    return m != NULL ? &m->m : NULL;
}

enum err view_model_find(const struct desk *d, const char *text, model_id *out) {
    char *end;
    unsigned long id = strtoul(text, &end, 10);
    const struct mdl *found = NULL;
    int hits = 0;
    if (text[0] == 0)
        return ERR_NOT_FOUND;
    for (size_t i = 0; i < d->model_count; i++) {
        const struct mdl *m = d->models[i];
        char full[MODEL_NAME_MAX + VARIANT_NAME_MAX + 2];
        snprintf(full, sizeof full, "%s/%s", m->m.name, m->m.variant);
        if ((*end == 0 && m->m.id == id) || str_eq_nocase(full, text)) {
            *out = m->m.id;
            return ERR_OK;
        }
    }
    for (int pass = 0; pass < 2 && hits == 0; pass++) /* whole names, then beginnings */
        for (size_t i = 0; i < d->model_count; i++)
            if (pass == 0 ? str_eq_nocase(d->models[i]->m.name, text) : str_has_prefix_nocase(d->models[i]->m.name, text)) {
                found = d->models[i];
                hits++;
            }
    if (hits == 1)
        *out = found->m.id;
    return hits == 1 ? ERR_OK : hits == 0 ? ERR_NOT_FOUND : ERR_AMBIGUOUS;
}

bool view_run_alive(const struct desk *d, run_id run) { return run_alive(d, run, 0); }

const struct metrics *view_metrics(const struct desk *d, account_id a) {
    const struct acct *x = acct_find(d, a);
    return x != NULL ? x->metrics : NULL;
}

const struct intel *view_intel(const struct desk *d, market_id id) {
    const struct mkt *m = mkt_find(d, id);
    return m != NULL ? m->intel : NULL;
}
