/* Inside of the engine's process, shared by app.c (stages), app_ops.c (requests, summary) and app_signals.c. */
#ifndef TURRET_APP_APP_IMPL_H
#define TURRET_APP_APP_IMPL_H

#include <ev.h>

#include "app/api.h"
#include "app/app.h"
#include "app/control.h"
#include "app/database.h"
#include "app/local.h"
#include "app/plain.h"
#include "turret/store/archive.h"

#define SIGNAL_COUNT 5

struct polymarket_conf;

struct app {
    const struct app_cfg *cfg;
    uint64_t seed, hash;
    int64_t started_us; /* monotonic */
    int lock;
    struct engine *engine;
    struct engine_client logger;
    struct frames *frames;
    struct control *control;
    struct api *api;
    struct session_cfg session;
    char keys_path[4200];
    struct local *local;
    struct plain *plain;
    struct database *database;
    struct app_models *models;
    struct alerts *alerts;
    struct polymarket_conf *polymarket; /* NULL: not wanted */
    ev_signal signals[SIGNAL_COUNT];
    ev_timer grace, late;
    bool stopping;
    int exit_code;
    enum err failure;
    char failure_text[400];
    cJSON *summary;
};

/* The simulated venues (app_sim.c), links.conf (app_links in app_sim.c); false: failure is set. */
void app_sim_venues(struct app *a);
bool app_links(struct app *a);
/* Polymarket (app_polymarket.c), before the simulated venues; false: failure is set. */
bool app_polymarket(struct app *a);
void app_polymarket_down(struct app *a);
/* Alarms outside of the terminal (alerts.c). */
bool app_alerts_up(struct app *a);
void app_alerts_down(struct app *a);
/* The agents' stage (app_models.c). */
bool app_models_up(struct app *a);
void app_models_down(struct app *a);
void app_models_database(struct app *a, const char *conninfo /* NULL: in memory */);
void app_models_database_gone(struct app *a);
const struct runs *app_runs(const struct app *a);
struct archive *app_archive(const struct app *a);
struct agents *app_agents(const struct app *a);
struct library *app_library(const struct app *a);
struct providers *app_providers(const struct app *a);

void app_stop(struct app *a, int code);
void app_fail(struct app *a, enum err e, const char *text);
void app_session_defaults(struct app *a, struct session_cfg *out);
void app_read(void *ctx, const struct archive_query *q, archive_rows_fn *rows, void *rows_ctx);
void app_recall(void *ctx, const struct archive_query *q, agents_recall_fn *done, void *done_ctx);
void app_rerun(void *ctx, run_id run, agents_rerun_fn *done, void *done_ctx);
enum err app_op(void *ctx, const char *op, const cJSON *request, cJSON *out, char *text, size_t cap);
/* Reads the configuration again: all or nothing; risk limits only become tighter unless `loosen`. text says what happened. */
enum err app_reload(struct app *a, bool loosen, char *text, size_t cap);
void app_dump(struct app *a);
void app_summary(struct app *a);
void summary_of_view(const struct desk *d, cJSON *o); /* accounts, positions, equity */
void app_print_summary(struct app *a);
void app_log_notice(void *ctx, const struct fx_notice *n);
void app_signals_up(struct app *a);
void app_signals_down(struct app *a);

#endif
