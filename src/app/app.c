/* The life of an engine's process: stages up in order, the loop, stages down in reverse; signals and reload. */
#include "app/app.h"

#include <ev.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <termios.h>
#include <unistd.h>

#include "app/app_impl.h"
#include "app/out.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/io/log.h"
#include "turret/io/loop.h"

#define START_LATE_S 12.0

void app_stop(struct app *a, int code) {
    if (a->stopping)
        return;
    a->stopping = true;
    a->exit_code = code;
    if (config_num(a->cfg->config, "engine", "on_exit") == 1 && engine_loaded(a->engine) && code != 1) {
        struct intent in = {.kind = INTENT_CANCEL_ALL, .source = SOURCE_MANUAL};
        engine_propose(a->engine, &in);
        ev_timer_set(&a->grace, 2.0, 0); /* time for the venue to confirm */
        ev_timer_start(loop_get(), &a->grace);
        return;
    }
    ev_break(loop_get(), EVBREAK_ALL);
}

void app_fail(struct app *a, enum err e, const char *text) {
    a->failure = e;
    str_copy(a->failure_text, sizeof a->failure_text, text);
    log_error("engine", "%s", text);
    app_stop(a, 1);
}

static void on_grace(struct ev_loop *loop, ev_timer *t, int revents) {
    (void)t;
    (void)revents;
    ev_break(loop, EVBREAK_ALL);
}

/* --- stages --- */

static bool up_directory(struct app *a) {
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none); /* no core dumps with what is in memory */
    if (!data_dir_make(a->cfg->data_dir, a->failure_text, sizeof a->failure_text)) {
        a->failure = ERR_IO;
        return false;
    }
    int pid;
    a->lock = data_dir_lock(a->cfg->data_dir, &pid, a->failure_text, sizeof a->failure_text);
    a->failure = a->lock >= 0 ? ERR_OK : pid ? ERR_ENGINE_RUNS : ERR_IO;
    return a->lock >= 0;
}

static void down_directory(struct app *a) {
    close(a->lock);
}

static bool up_log(struct app *a) {
    char path[4200];
    snprintf(path, sizeof path, "%s/turret.log", a->cfg->data_dir);
    if (!log_open(path))
        fprintf(stderr, "turret: no log: can't write %s\n", path);
    log_info("engine", "start, process %d", (int)getpid());
    return true;
}

static void down_log(struct app *a) {
    log_info("engine", "stopped, exit code %d", a->exit_code);
    log_close();
}

static void on_engine_end(void *ctx, enum engine_end why) {
    struct app *a = ctx;
    if (why == ENGINE_FAILED)
        app_fail(a, ERR_FAILED, engine_failure(a->engine));
    else
        app_stop(a, 0);
}

static bool up_engine(struct app *a) {
    struct config *c = a->cfg->config;
    struct engine_cfg cfg = {
        .seed = a->seed,
        .exit_trigger = (uint8_t)config_num(c, "engine", "exit_trigger"),
        .cancel_on_kill = config_num(c, "engine", "cancel_on_kill"),
        .simulated_only = config_num(c, "engine", "simulation"),
        .virtual_time = a->cfg->virtual_time,
        .pace_milli = a->cfg->pace_milli,
        .run_us = a->cfg->run_us,
        .until_end = a->cfg->until_end,
        .initial_cash = USD(config_num(c, "sim", "initial_cash")),
        .journal = a->cfg->journal,
        .crash_point = a->cfg->crash_point,
        .data_dir = a->cfg->data_dir,
    };
    config_risk(c, &cfg.limits);
    a->engine = engine_new(&cfg);
    if (engine_failure(a->engine)[0]) {
        str_copy(a->failure_text, sizeof a->failure_text, engine_failure(a->engine));
        a->failure = ERR_IO;
        return false;
    }
    if (!app_polymarket(a))
        return false;
    app_sim_venues(a);
    if (!app_links(a))
        return false;
    engine_on_end(a->engine, on_engine_end, a);
    a->logger = (struct engine_client){.ctx = a, .notice = app_log_notice};
    engine_client_add(a->engine, &a->logger);
    a->frames = frames_new(a->engine);
    return true;
}

static void down_engine(struct app *a) {
    frames_free(a->frames);
    engine_free(a->engine);
    app_polymarket_down(a);
}

static void control_stop(void *ctx) {
    app_stop(ctx, 0);
}

static void session_recall(void *ctx, const struct archive_query *q) { app_recall(ctx, q, NULL, NULL); }

static bool up_control(struct app *a) {
    struct control_host host = {.ctx = a, .stop = control_stop, .op = app_op, .read = app_read, .recall = app_recall, .rerun = app_rerun};
    app_session_defaults(a, &a->session);
    a->session.runs = app_runs(a);
    a->session.recall_ctx = a;
    a->session.recall = session_recall;
    a->control = control_open(a->cfg->data_dir, a->engine, a->frames, &a->session, &host, a->failure_text, sizeof a->failure_text);
    a->failure = a->control ? ERR_OK : ERR_IO;
    return a->control != NULL;
}

static void down_control(struct app *a) {
    control_close(a->control, a->failure_text[0] ? a->failure_text : "the engine was stopped");
}

static bool up_api(struct app *a) {
    const struct config *c = a->cfg->config;
    struct api_cfg cfg = {.listen = config_text(c, "engine", "http"), .anywhere = config_num(c, "engine", "http_public"), .data_dir = a->cfg->data_dir,
                          .engine = a->engine, .tail = control_tail(a->control)};
    if (!cfg.listen[0])
        return true;
    a->failure = api_open(&cfg, &a->api, a->failure_text, sizeof a->failure_text);
    if (a->failure)
        return false;
    log_info("api", "on http://%s, the token is in %s", api_address(a->api), API_TOKEN_FILE);
    if (!a->cfg->background)
        fprintf(stderr, "turret: the order API is on http://%s, its token in %s/%s\n", api_address(a->api), a->cfg->data_dir, API_TOKEN_FILE);
    return true;
}

static void down_api(struct app *a) {
    api_close(a->api);
}

static void screen_quit(void *ctx) {
    app_stop(ctx, 0);
}

static void screen_lost(void *ctx) {
    struct app *a = ctx;
    log_warn("screen", "the terminal is gone; the engine goes on (turret attaches to it)");
    local_close(a->local);
    a->local = NULL;
}

static bool up_screen(struct app *a) {
    const struct app_cfg *cfg = a->cfg;
    char why[200];
    if (cfg->headless && cfg->json)
        return true; /* stdout belongs to the summary */
    if (!cfg->headless && !cfg->plain && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) &&
        local_open(a->frames, &a->session, config_num(cfg->config, "ui", "ascii") == 0, screen_quit, screen_lost, a, &a->local, why, sizeof why) == ERR_OK)
        return true;
    if (cfg->background)
        return true;
    a->plain = plain_open(a->engine, config_num(cfg->config, "ui", "status_every"), !cfg->headless && isatty(STDIN_FILENO), screen_quit, a);
    return true;
}

static void down_screen(struct app *a) {
    local_close(a->local);
    plain_close(a->plain);
}

static bool up_signals(struct app *a) {
    app_signals_up(a);
    return true;
}

static void store_ready(void *ctx, struct store *s) {
    struct app *a = ctx;
    log_info("engine", "database ready");
    app_models_database(a, database_conninfo(a->database));
    engine_set_store(a->engine, s);
}

/* A run with an end of its own does not wait for a database for ever. */
static void on_start_late(struct ev_loop *loop, ev_timer *t, int revents) {
    struct app *a = t->data;
    char text[400];
    (void)loop;
    (void)revents;
    if (engine_loaded(a->engine))
        return;
    snprintf(text, sizeof text, "the database can't be used: %.200s", engine_store_text(a->engine)[0] ? engine_store_text(a->engine) : "no answer");
    app_fail(a, ERR_UNREACHABLE, text);
}

static void store_failed(void *ctx, enum err e, const char *text) {
    app_fail(ctx, e, text);
}

static bool up_database(struct app *a) {
    struct database_cfg cfg = {.url = a->cfg->db, .data_dir = a->cfg->data_dir, .sink = engine_store_sink(a->engine), .ctx = a,
                               .ready = store_ready, .failed = store_failed};
    a->database = database_open(&cfg);
    ev_timer_init(&a->late, on_start_late, START_LATE_S, 0);
    a->late.data = a;
    if (a->cfg->run_us || a->cfg->until_end || (a->cfg->headless && a->cfg->json))
        ev_timer_start(loop_get(), &a->late);
    return true;
}

static void down_database(struct app *a) {
    ev_timer_stop(loop_get(), &a->late);
    app_models_database_gone(a);
    database_close(a->database);
}

struct stage { const char *name; bool (*up)(struct app *); void (*down)(struct app *); };

static const struct stage stages[] = {
    {"data directory", up_directory, down_directory},
    {"log", up_log, down_log},
    {"engine", up_engine, down_engine},
    {"models", app_models_up, app_models_down},
    {"alerts", app_alerts_up, app_alerts_down},
    {"control socket", up_control, down_control},
    {"order API", up_api, down_api},
    {"screen", up_screen, down_screen},
    {"signals", up_signals, app_signals_down},
    {"database", up_database, down_database},
};

int app_run(const struct app_cfg *cfg) {
    struct app a = {.cfg = cfg, .lock = -1};
    const int count = (int)(sizeof stages / sizeof *stages);
    int done = 0;
    a.seed = (uint64_t)config_num(cfg->config, "engine", "seed");
    if (a.seed == 0)
        a.seed = cfg->virtual_time ? 1 : (uint64_t)clock_now_us();
    a.started_us = clock_mono_us();
    ev_timer_init(&a.grace, on_grace, 0, 0);
    while (done < count && stages[done].up(&a))
        done++;
    if (done == count && !a.stopping)
        ev_run(loop_get(), 0);
    if (done == count) {
        a.hash = engine_stop(a.engine, 5000);
        app_summary(&a);
    }
    while (done-- > 0)
        stages[done].down(&a);
    if (a.failure)
        a.exit_code = out_error(cfg->json, a.failure, a.failure_text, NULL);
    else
        app_print_summary(&a);
    return a.exit_code;
}
