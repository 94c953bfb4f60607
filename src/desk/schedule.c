/* The schedule: invokes models at their times, ends runs that take too long, and counts. A run is alive from FX_RUN to its end here;
 * only while it is alive may its tools change anything (the run token). Missed times coalesce to one run. */
#include "desk/state.h"
#include "turret/base/str.h"

#include <stdio.h>
#include <string.h>

#define RUN_TIMEOUT_US (9 * MINUTE_US) /* just below the age at which a run is cleared whatever its shell says */
#define RUN_STALE_US (10 * MINUTE_US)

/* --- batches: models that were started at the same beat -------------------------------------------- */
uint32_t run_batch_new(struct desk *d) {
    d->run_batches = xgrow(d->run_batches, &d->run_batch_cap, d->run_batch_count + 1, sizeof *d->run_batches);
    d->run_batches[d->run_batch_count++] = (struct run_batch){.id = ++d->last_batch};
    return d->last_batch;
}

static void batch_over(struct desk *d, struct run_batch *b) {
    if (b->total > 0) {
        struct fx_feed *f = feed_put(d, FEED_BATCH_COMPLETE, 0);
        f->ok = b->ok > 0;
        f->count = b->ok;
        f->total = b->total;
        d->cycles++;
        d->failed_cycles = b->ok > 0 ? 0 : d->failed_cycles + 1;
        if (b->ok > 0)
            d->last_success_us = d->now_us;
        d->dirty |= DIRTY_MODELS;
    }
    *b = d->run_batches[--d->run_batch_count];
}

static struct run_batch *batch_find(struct desk *d, uint32_t id) {
    for (size_t i = 0; i < d->run_batch_count; i++)
        if (d->run_batches[i].id == id)
            return &d->run_batches[i];
    return NULL;
}

/* --- a run's life ----------------------------------------------------------------------------------- */
bool run_alive(const struct desk *d, run_id run, account_id a) {
    const struct mdl *m = run != 0 ? map_get_ptr(&d->run_map, run) : NULL;
    return m != NULL && m->run == run && (a == 0 || m->m.account == a);
}

static void cost_day_roll(struct desk *d, struct model *m) {
    if (m->cost_date == d->day)
        return;
    m->cost_date = d->day;
    m->cost_day = USD(0);
}

bool run_start(struct desk *d, struct mdl *m, uint32_t batch) {
    const struct acct *a = acct_find(d, m->m.account);
    struct run_batch *b = batch_find(d, batch);
    if (a == NULL || !a->reconciled || !d->leader)
        return false;
    m->run = order_id_next(d);
    m->started_us = m->m.last_run_us = d->now_us;
    m->deadline_us = d->now_us + RUN_TIMEOUT_US;
    m->batch = batch;
    m->stuck_told = false;
    map_put_ptr(&d->run_map, m->run, m);
    if (b != NULL) {
        b->left++;
        b->total++;
    }
    cost_day_roll(d, &m->m);
    mdl_save(d, m);
    struct fx_run *fx = &fx_new(d, FX_RUN, VENUE_NONE)->u.run;
    fx->run = m->run;
    fx->deadline_us = m->deadline_us;
    fx->model = m->m;
    return true;
}

static void spend(struct desk *d, struct model *m, const struct ev_run_end *e) {
    cost_day_roll(d, m);
    m->tokens_in += e->tokens_in;
    m->tokens_out += e->tokens_out;
    m->cost_total = usd_add_sat(m->cost_total, e->cost);
    m->cost_day = usd_add_sat(m->cost_day, e->cost);
    m->failed_calls += e->failed_calls;
    m->cost_unknown |= e->cost_unknown != 0;
}

static void count(struct desk *d, struct model *m, enum run_status status, const char *text) {
    if (status == RUN_OK) {
        m->runs++;
        m->failed_in_row = 0;
        m->last_ok_us = d->now_us;
        m->reason[0] = 0;
        m->seconds_rest += m->interval_s;
        m->total_minutes += m->seconds_rest / 60;
        m->seconds_rest %= 60;
    } else if (status != RUN_CANCELLED) { /* a person's pause is no failure */
        m->failed_runs++;
        m->failed_in_row++;
        str_copy(m->reason, sizeof m->reason, text[0] != 0 ? text : run_status_name(status));
    }
}

static void run_over(struct desk *d, struct mdl *m, enum run_status status, const char *text) {
    struct run_batch *b = batch_find(d, m->batch);
    struct fx_feed *f = feed_put(d, FEED_WORKFLOW_COMPLETE, m->m.account);
    f->run = m->run;
    f->ok = status == RUN_OK;
    map_del(&d->run_map, m->run);
    m->run = 0;
    count(d, &m->m, status, text);
    mdl_save(d, m);
    if (b == NULL)
        return;
    b->ok += status == RUN_OK;
    if (status == RUN_CANCELLED)
        b->total--; /* it says nothing about the cycle */
    if (--b->left == 0)
        batch_over(d, b);
}

void run_stop(struct desk *d, struct mdl *m, enum run_status why, const char *text) {
    if (m->run == 0)
        return;
    struct fx_run_stop *fx = &fx_new(d, FX_RUN_STOP, VENUE_NONE)->u.run_stop;
    fx->run = m->run;
    fx->model = m->m.id;
    fx->status = (int32_t)why;
    str_copy(fx->text, sizeof fx->text, text);
    memmove(&m->dead[1], &m->dead[0], sizeof m->dead - sizeof m->dead[0]);
    m->dead[0] = m->run;
    if (why == RUN_TIMEOUT)
        notice_about(d, NOTICE_ALERT, 0, m->m.account, "the run of model %s took too long: stopped, nothing of it can trade any more", m->m.name);
    run_over(d, m, why, text);
}

void on_run_end(struct desk *d, const struct event *ev) {
    const struct ev_run_end *e = &ev->u.run_end;
    struct mdl *m = mdl_find(d, e->model);
    if (m == NULL || e->run == 0)
        return;
    if (m->run == e->run) {
        spend(d, &m->m, e);
        if (e->status != RUN_OK)
            notice_about(d, NOTICE_WARN, 0, m->m.account, "a run of model %s %s: %s", m->m.name, run_status_name((enum run_status)e->status), e->text[0] != 0 ? e->text : err_text((enum err)e->reason));
        run_over(d, m, (enum run_status)e->status, e->text[0] != 0 ? e->text : e->reason != ERR_OK ? err_text((enum err)e->reason) : "");
        return;
    }
    for (int i = 0; i < DEAD_RUNS; i++)
        if (m->dead[i] == e->run) { /* stopped here before: what it cost counts, nothing else */
            m->dead[i] = 0;
            spend(d, &m->m, e);
            mdl_save(d, m);
            return;
        }
}

/* --- the beat ----------------------------------------------------------------------------------------- */
static void next_time(struct desk *d, struct model *m) {
    int64_t step = (m->interval_s > 0 ? m->interval_s : 300) * SECOND_US;
    if (m->next_run_us <= 0 || m->next_run_us > d->now_us + step)
        m->next_run_us = d->now_us;
    m->next_run_us += ((d->now_us - m->next_run_us) / step + 1) * step;
}

static bool over_budget(struct desk *d, struct mdl *m) {
    cost_day_roll(d, &m->m);
    if (m->m.budget_day.micro <= 0 || m->m.cost_day.micro < m->m.budget_day.micro)
        return false;
    str_copy(m->m.reason, sizeof m->m.reason, "the day's budget for language model calls is spent");
    return true;
}

static void due(struct desk *d, struct mdl *m, uint32_t *batch) {
    const struct acct *a = acct_find(d, m->m.account);
    if (a == NULL || !a->reconciled)
        return; /* its time has come as soon as the account is */
    next_time(d, &m->m);
    if (m->run != 0) {
        m->m.skipped_runs++;
        d->skipped_runs++;
        mdl_save(d, m);
        return;
    }
    if (over_budget(d, m)) {
        mdl_save(d, m);
        return;
    }
    if (*batch == 0)
        *batch = run_batch_new(d);
    run_start(d, m, *batch);
}

void schedule_timer(struct desk *d) {
    uint32_t batch = 0;
    for (size_t i = 0; i < d->model_count; i++) {
        struct mdl *m = d->models[i];
        if (m->run == 0)
            continue;
        if (d->killed || !d->leader)
            run_stop(d, m, RUN_CANCELLED, d->killed ? "kill switch" : "this desk no longer leads");
        else if (d->now_us >= m->deadline_us || d->now_us - m->started_us >= RUN_STALE_US)
            run_stop(d, m, RUN_TIMEOUT, "no end within nine minutes");
    }
    if (!d->loaded || !d->leader || d->killed || !d->store_up)
        return;
    for (size_t i = 0; i < d->model_count; i++) {
        struct mdl *m = d->models[i];
        int64_t step = (m->m.interval_s > 0 ? m->m.interval_s : 300) * SECOND_US;
        if (m->m.enabled && !m->m.paused && (m->m.next_run_us <= d->now_us || m->m.next_run_us > d->now_us + step + MINUTE_US))
            due(d, m, &batch);
    }
}

void view_schedule(const struct desk *d, struct view_schedule *out) {
    *out = (struct view_schedule){.healthy = true, .failed_cycles = d->failed_cycles, .last_success_us = d->last_success_us, .cycles = d->cycles, .skipped = d->skipped_runs};
    const struct mdl *worst = NULL;
    for (size_t i = 0; i < d->model_count; i++) {
        const struct mdl *m = d->models[i];
        if (!m->m.enabled)
            continue;
        out->models++;
        out->running += m->run != 0;
        if (!m->m.paused && (out->next_run_us == 0 || m->m.next_run_us < out->next_run_us))
            out->next_run_us = m->m.next_run_us;
        if (m->m.failed_in_row > 0 && (worst == NULL || m->m.failed_in_row > worst->m.failed_in_row))
            worst = m;
    }
    const char *why = d->killed ? "the kill switch is on: no model is invoked" : !d->leader ? "another desk leads" : !d->store_up ? "the database is down" : NULL;
    out->healthy = why == NULL && worst == NULL && d->failed_cycles == 0;
    if (why != NULL)
        str_copy(out->reason, sizeof out->reason, why);
    else if (worst != NULL) {
        char text[REASON_MAX + MODEL_NAME_MAX + 4];
        snprintf(text, sizeof text, "%s: %s", worst->m.name, worst->m.reason);
        str_copy(out->reason, sizeof out->reason, text);
    }
}
