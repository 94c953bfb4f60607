/* The agents' stage of the engine's process: files read, models configured, the agents' shell between engine and archive. */
#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app_impl.h"
#include "app/archive_late.h"
#include "turret/agent/agents.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/io/http.h"
#include "turret/io/log.h"
#include "turret/io/loop.h"
#include "turret/store/archive.h"

struct app_models {
    struct app *app;
    struct library *library;
    struct providers *providers;
    struct archive *archive;   /* there before its database */
    struct agents *agents;
    struct engine_client client;
    ev_timer recover;          /* until the desk is loaded and leads: then what an earlier life left open is ended */
};

/* --- the engine's side of the agents' shell --- */

static const struct desk *host_view(void *ctx) { return engine_view(((struct app_models *)ctx)->app->engine); }
static int64_t host_now(void *ctx) { return engine_now_us(((struct app_models *)ctx)->app->engine); }
static uint64_t host_token(void *ctx) {
    struct app_models *m = ctx;
    return engine_token(m->app->engine, &m->client);
}
static enum err host_propose(void *ctx, const struct intent *in) { return engine_propose(((struct app_models *)ctx)->app->engine, in); }
static void host_run_end(void *ctx, const struct ev_run_end *end) { engine_run_end(((struct app_models *)ctx)->app->engine, end); }

static void host_changed(void *ctx, run_id run, bool over) {
    struct app_models *m = ctx;
    const struct run_info *r = runs_find(agents_runs(m->agents), run);
    engine_mark_dirty(m->app->engine, DIRTY_RUNS);
    if (!over)
        return;
    struct fx_feed f = {.kind = FEED_CONVERSATIONS_CHANGED, .run = run, .model = r ? r->model : 0, .account = r ? r->account : 0, .ok = r ? r->status == RUN_OK : 0};
    engine_tell_feed(m->app->engine, &f);
}

static void host_note(void *ctx, int level, const char *text) { engine_note(((struct app_models *)ctx)->app->engine, (enum notice_level)level, text); }

static void on_run(void *ctx, const struct fx_run *r) { agents_run(((struct app_models *)ctx)->agents, r); }
static void on_run_stop(void *ctx, const struct fx_run_stop *r) { agents_stop(((struct app_models *)ctx)->agents, r); }
static void on_reply(void *ctx, const struct fx_reply *r) { agents_reply(((struct app_models *)ctx)->agents, r); }
static bool on_idle(void *ctx) { return agents_idle(((struct app_models *)ctx)->agents); }

static void on_feed(void *ctx, const struct fx_feed *f) {
    struct app_models *m = ctx;
    if (f->kind == FEED_BATCH_COMPLETE)
        library_cache_drop(m->library);
}

/* --- configuration --- */

/* Where the file says nothing, the settings do. */
static void complete(const struct app *a, struct model *m) {
    const struct config *c = a->cfg->config;
    bool generated = !strcmp(config_text(c, "engine", "feed"), "generated");
    if (m->interval_s == 0)
        m->interval_s = (uint32_t)(config_num(c, "models", m->builtin && generated ? "builtin_interval" : "interval") / 1000000);
    if (m->budget_day.micro == 0)
        m->budget_day = USD(config_num(c, "models", "budget_day"));
}

static bool check_providers(struct app_models *x, const struct model *m, char *text, size_t cap) {
    if (m->builtin || providers_find(x->providers, m->provider))
        return true;
    snprintf(text, cap, "models.conf: model %s: provider '%s' is not in providers.conf", m->name, m->provider);
    return false;
}

static bool configure(struct app_models *x) {
    struct app *a = x->app;
    int n = config_num(a->cfg->config, "models", "enabled") ? library_model_count(x->library) : 0;
    struct model *list = xcalloc((size_t)n + 1, sizeof *list);
    bool good = true;
    for (int i = 0; i < n && good; i++) {
        list[i] = *library_model_at(x->library, i);
        complete(a, &list[i]);
        good = check_providers(x, &list[i], a->failure_text, sizeof a->failure_text);
    }
    if (good)
        engine_set_models(a->engine, list, n);
    free(list);
    return good;
}

/* --- the stage --- */

static struct agents *make_agents(struct app_models *x) {
    const struct config *c = x->app->cfg->config;
    struct agents_cfg cfg = {
        .library = x->library, .providers = x->providers, .archive = x->archive,
        .host = {.ctx = x, .view = host_view, .now_us = host_now, .token = host_token, .propose = host_propose, .run_end = host_run_end,
                 .changed = host_changed, .note = host_note},
        .call_timeout_ms = (int)(config_num(c, "models", "call_timeout") / 1000),
        .max_steps = (int)config_num(c, "models", "max_steps"),
        .retries = (int)config_num(c, "models", "retries"),
        .reply_timeout_us = 20000000,
        .virtual_time = x->app->cfg->virtual_time,
    };
    return agents_new(&cfg);
}

bool app_models_up(struct app *a) {
    struct app_models *x = xcalloc(1, sizeof *x);
    char dir[4096];
    const char *folder = config_text(a->cfg->config, "models", "folder");
    a->models = x;
    x->app = a;
    config_dir(dir, sizeof dir);
    if (!folder[0])
        folder = dir[0] ? dir : NULL;
    if (library_load(folder, &x->library, a->failure_text, sizeof a->failure_text) != ERR_OK ||
        providers_load(folder, &x->providers, a->failure_text, sizeof a->failure_text) != ERR_OK || !configure(x)) {
        a->failure = ERR_CONFIG;
        library_free(x->library);
        providers_free(x->providers);
        free(x);
        a->models = NULL;
        return false;
    }
    x->archive = archive_late_new();
    x->agents = make_agents(x);
    x->client = (struct engine_client){.ctx = x, .reply = on_reply, .run = on_run, .run_stop = on_run_stop, .feed = on_feed};
    engine_client_add(a->engine, &x->client);
    engine_set_idle(a->engine, on_idle, x);
    return true;
}

static void on_recover(struct ev_loop *loop, ev_timer *t, int revents) {
    struct app_models *x = t->data;
    struct view_status st;
    (void)revents;
    view_status(engine_view(x->app->engine), &st);
    if (!engine_loaded(x->app->engine) || !st.leader)
        return;
    ev_timer_stop(loop, t);
    agents_recover(x->agents);
}

static uint64_t archive_epoch(void *ctx) {
    struct view_status st;
    view_status(engine_view(((struct app_models *)ctx)->app->engine), &st);
    return st.leader ? st.epoch : 0;
}

void app_models_database(struct app *a, const char *conninfo) {
    struct app_models *x = a->models;
    archive_late_set(x->archive, conninfo ? archive_pg_new(conninfo, archive_epoch, x) : archive_mem_new());
    ev_timer_init(&x->recover, on_recover, 0.05, 0.1);
    x->recover.data = x;
    ev_timer_start(loop_get(), &x->recover);
}

void app_models_database_gone(struct app *a) {
    archive_late_set(a->models->archive, NULL);
}

void app_models_down(struct app *a) {
    struct app_models *x = a->models;
    engine_client_remove(a->engine, &x->client);
    engine_set_idle(a->engine, NULL, NULL);
    ev_timer_stop(loop_get(), &x->recover);
    agents_free(x->agents);
    x->archive->ops->close(x->archive);
    http_close_all();
    providers_free(x->providers);
    library_free(x->library);
    free(x);
    a->models = NULL;
}

const struct runs *app_runs(const struct app *a) { return a->models ? agents_runs(a->models->agents) : NULL; }
struct archive *app_archive(const struct app *a) { return a->models ? a->models->archive : NULL; }
struct agents *app_agents(const struct app *a) { return a->models ? a->models->agents : NULL; }
struct library *app_library(const struct app *a) { return a->models ? a->models->library : NULL; }
struct providers *app_providers(const struct app *a) { return a->models ? a->models->providers : NULL; }
