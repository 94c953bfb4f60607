/* What the engine's process does on request: reload, dump to the log, facts for `turret status`, the summary at the end. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/app_impl.h"
#include "app/out.h"
#include "turret/base/json.h"
#include "turret/base/str.h"
#include "turret/io/log.h"
#include "turret/io/loop.h"
#include "turret/io/pg_boot.h"
#include "turret/ui/command.h"
#include "turret/venue/sim.h"

void app_log_notice(void *ctx, const struct fx_notice *n) {
    (void)ctx;
    log_line(n->level >= NOTICE_WARN ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, "desk", "%s", n->text);
}

void app_session_defaults(struct app *a, struct session_cfg *out) {
    const struct config *c = a->cfg->config;
    const char *keys = config_text(c, "ui", "keys");
    char dir[4096];
    if (keys[0])
        str_copy(a->keys_path, sizeof a->keys_path, keys);
    else {
        config_dir(dir, sizeof dir);
        snprintf(a->keys_path, sizeof a->keys_path, "%s/keys.conf", dir);
        if (access(a->keys_path, R_OK) != 0)
            a->keys_path[0] = 0;
    }
    *out = (struct session_cfg){.w = 80, .h = 24, .theme = config_text(c, "ui", "theme"), .keys_path = a->keys_path[0] ? a->keys_path : NULL,
                                .ascii = config_num(c, "ui", "ascii") == 1,
                                .quiet = !config_num(c, "alerts", "bell"), .osc9 = config_num(c, "alerts", "osc9")};
}

/* --- reload --- */

/* Looser: 0 means no limit; a longer duplicate window and a shorter data age are the tighter ones. */
static bool looser(const char *key, int64_t old, int64_t new) {
    if (!strcmp(key, "duplicate_window"))
        return new < old;
    if (new == 0 || old == 0)
        return new == 0 && old != 0;
    return new > old;
}

enum err app_reload(struct app *a, bool loosen, char *text, size_t cap) {
    struct config *next = config_new();
    struct risk_limits want, now = *view_limits(engine_view(a->engine));
    int n, changed = 0, kept = 0;
    const struct risk_limit_info *info = risk_limit_table(&n);
    enum err e = config_load(next, a->cfg->config_path, text, cap);
    if (e == ERR_OK)
        e = config_env(next, text, cap);
    if (e) {
        config_free(next);
        return e; /* the old settings stay */
    }
    config_risk(next, &want);
    for (int i = 0; i < n; i++) {
        int64_t old = *(const int64_t *)(const void *)((const char *)&now + info[i].offset);
        int64_t new = *(const int64_t *)(const void *)((const char *)&want + info[i].offset);
        struct intent in = {.kind = INTENT_LIMIT, .source = SOURCE_MANUAL, .order = (order_id)i, .size = QTY(new)};
        if (old == new)
            continue;
        if (looser(info[i].key, old, new) && !loosen)
            kept++;
        else if (engine_propose(a->engine, &in) == ERR_OK)
            changed++;
    }
    struct command_result r = {0};
    if (a->local && strcmp(config_text(next, "ui", "theme"), session_theme(local_session(a->local))) != 0) {
        char line[160];
        struct command_ctx c = {.view = engine_view(a->engine), .session = local_session(a->local), .now_us = engine_now_us(a->engine)};
        snprintf(line, sizeof line, "theme %s", config_text(next, "ui", "theme"));
        command_run_line(&c, line, &r);
        command_result_free(&r);
    }
    config_free(next);
    snprintf(text, cap, "configuration read again: %d limit%s changed%s", changed, changed == 1 ? "" : "s",
             kept ? "; looser ones wait for `turret config reload --yes`" : "");
    return ERR_OK;
}

/* --- requests --- */

static void add_info(struct app *a, cJSON *o) {
    cJSON_AddNumberToObject(o, "pid", (double)getpid());
    cJSON_AddStringToObject(o, "data_dir", a->cfg->data_dir);
    cJSON_AddBoolToObject(o, "loaded", engine_loaded(a->engine));
    cJSON_AddBoolToObject(o, "screen", a->local != NULL);
    cJSON_AddNumberToObject(o, "viewers", frames_count(a->frames) - (a->local != NULL));
    if (a->api)
        cJSON_AddStringToObject(o, "http", api_address(a->api));
    cJSON_AddStringToObject(o, "feed", config_text(a->cfg->config, "engine", "feed"));
    cJSON_AddStringToObject(o, "database", !a->cfg->db[0] ? "private" : !strcmp(a->cfg->db, "memory") ? "memory" : "server");
}

/* Where the desk's database is: for doctor and backup, over a socket that only its owner can open. */
static void add_database(struct app *a, cJSON *o) {
    char conninfo[PG_BOOT_CONNINFO_MAX] = "";
    bool memory = !strcmp(a->cfg->db, "memory"), private = !a->cfg->db[0];
    cJSON_AddStringToObject(o, "kind", memory ? "memory" : private ? "private" : "server");
    if (private && pg_boot_running(a->cfg->data_dir, conninfo, sizeof conninfo))
        cJSON_AddStringToObject(o, "conninfo", conninfo);
    else if (!memory && !private)
        cJSON_AddStringToObject(o, "conninfo", a->cfg->db);
}

void app_read(void *ctx, const struct archive_query *q, archive_rows_fn *rows, void *rows_ctx) {
    struct archive *x = app_archive(ctx);
    x->ops->read(x, q, rows, rows_ctx);
}

void app_recall(void *ctx, const struct archive_query *q, agents_recall_fn *done, void *done_ctx) {
    agents_recall(app_agents(ctx), q, done, done_ctx);
}

void app_rerun(void *ctx, run_id run, agents_rerun_fn *done, void *done_ctx) {
    agents_rerun(app_agents(ctx), run, done, done_ctx);
}

enum err app_op(void *ctx, const char *op, const cJSON *request, cJSON *out, char *text, size_t cap) {
    struct app *a = ctx;
    if (!strcmp(op, "info")) {
        add_info(a, out);
        return ERR_OK;
    }
    if (!strcmp(op, "database")) {
        add_database(a, out);
        return ERR_OK;
    }
    if (!strcmp(op, "reload")) {
        if (!a->cfg->config_path[0]) {
            snprintf(text, cap, "the engine was started without a configuration file");
            return ERR_CONFIG;
        }
        return app_reload(a, cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(request, "confirm")), text, cap);
    }
    snprintf(text, cap, "unknown request");
    return ERR_USAGE;
}

/* --- state as text --- */

void app_dump(struct app *a) {
    const struct desk *d = engine_view(a->engine);
    struct view_status st;
    struct view_account acc;
    char equity[DEC_TEXT_MAX], cash[DEC_TEXT_MAX], open[DEC_TEXT_MAX], entry[DEC_TEXT_MAX];
    view_status(d, &st);
    log_info("dump", "events %" PRIu64 ", hash %016" PRIx64 ", killed %d, leader %d, store %s", st.events, desk_hash(d), st.killed, st.leader,
             st.store_up ? "up" : "down");
    for (int i = 0; view_account_at(d, i, &acc); i++) {
        dec_format(acc.equity.micro, 2, equity);
        dec_format(acc.cash.micro, 2, cash);
        log_info("dump", "account %s: equity %s, cash %s, positions %d, open orders %d", acc.a->name, equity, cash, acc.positions, acc.open_orders);
    }
    int cursor = 0;
    for (const struct order *o; (o = view_next_position(d, &cursor, true));) {
        dec_format(o->pos.open.micro, 0, open);
        dec_format(o->pos.entry_price.micro, 0, entry);
        log_info("dump", "position %u: %s %s at %s", o->num, order_side_name((enum order_side)o->side), open, entry);
    }
    cursor = 0;
    for (const struct order *o; (o = view_next_order(d, &cursor, true));) {
        dec_format(o->size.micro, 0, open);
        dec_format(o->limit.micro, 0, entry);
        log_info("dump", "order %u: %s %s %s at %s, %s", o->num, order_action_name((enum order_action)o->action),
                 order_side_name((enum order_side)o->side), open, entry, order_state_name((enum order_state)o->state));
    }
}

static void add_micro(cJSON *o, const char *key, int64_t micro) {
    char buf[DEC_TEXT_MAX];
    dec_format(micro, 0, buf);
    cJSON_AddStringToObject(o, key, buf);
}

void summary_of_view(const struct desk *d, cJSON *o) {
    struct view_account acc;
    cJSON *list = cJSON_AddArrayToObject(o, "accounts");
    int cursor = 0, positions = 0, orders = 0;
    for (int i = 0; view_account_at(d, i, &acc); i++) {
        cJSON *one = cJSON_CreateObject();
        cJSON_AddStringToObject(one, "name", acc.a->name);
        add_micro(one, "equity", acc.equity.micro);
        add_micro(one, "cash", acc.cash.micro);
        add_micro(one, "day_pnl", acc.day_pnl.micro);
        cJSON_AddNumberToObject(one, "positions", acc.positions);
        cJSON_AddNumberToObject(one, "open_orders", acc.open_orders);
        cJSON_AddItemToArray(list, one);
    }
    list = cJSON_AddArrayToObject(o, "models");
    struct view_model vm;
    for (int i = 0; view_model_at(d, i, &vm); i++) {
        cJSON *one = cJSON_CreateObject();
        const struct metrics *m = view_metrics(d, vm.m->account);
        cJSON_AddStringToObject(one, "name", vm.m->name);
        cJSON_AddStringToObject(one, "variant", vm.m->variant);
        if (view_account(d, vm.m->account, &acc))
            add_micro(one, "equity", acc.equity.micro);
        cJSON_AddNumberToObject(one, "trades", m ? metrics_value(m, METRIC_TRADES) : 0);
        cJSON_AddNumberToObject(one, "runs", (double)vm.m->runs);
        cJSON_AddNumberToObject(one, "failed_runs", (double)vm.m->failed_runs);
        cJSON_AddItemToArray(list, one);
    }
    while (view_next_position(d, &cursor, true))
        positions++;
    cursor = 0;
    while (view_next_order(d, &cursor, true))
        orders++;
    cJSON_AddNumberToObject(o, "markets", view_market_count(d));
    cJSON_AddNumberToObject(o, "positions", positions);
    cJSON_AddNumberToObject(o, "open_orders", orders);
    if (view_account_at(d, 0, &acc))
        add_micro(o, "equity", acc.equity.micro);
}

void app_summary(struct app *a) {
    cJSON *o = a->summary = cJSON_CreateObject();
    char hash[24];
    int64_t wall = clock_mono_us() - a->started_us;
    const struct venue *sim = engine_venue(a->engine, VENUE_SIM);
    snprintf(hash, sizeof hash, "%016" PRIx64, a->hash);
    cJSON_AddStringToObject(o, "state_hash", hash);
    cJSON_AddNumberToObject(o, "events", (double)engine_events(a->engine));
    cJSON_AddNumberToObject(o, "feed_records", sim ? (double)sim_feed_records(sim) : 0);
    cJSON_AddStringToObject(o, "feed", config_text(a->cfg->config, "engine", "feed"));
    snprintf(hash, sizeof hash, "%" PRIu64, a->seed);
    cJSON_AddStringToObject(o, "seed", hash);
    summary_of_view(engine_view(a->engine), o);
    cJSON_AddNumberToObject(o, "wall_ms", (double)(wall / 1000));
    cJSON_AddNumberToObject(o, "events_per_second", (double)engine_rate(a->engine));
    log_info("engine", "stop: %" PRIu64 " events, state %016" PRIx64, engine_events(a->engine), a->hash);
}

void app_print_summary(struct app *a) {
    if (a->cfg->json)
        out_ok_json(a->summary);
    else {
        if (a->cfg->headless && !a->cfg->background)
            out_data(stdout, a->summary, NULL, 80);
        cJSON_Delete(a->summary);
    }
}
