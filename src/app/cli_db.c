/* backup, restore and doctor: what concerns the database as a whole. They talk to the server themselves and boot the private
 * cluster when no engine runs. */
#include <ev.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "app/app.h"
#include "app/cli_impl.h"
#include "app/out.h"
#include "turret/base/str.h"
#include "turret/io/loop.h"
#include "turret/io/pg_boot.h"
#include "turret/store/pg.h"

static void on_booted(void *ctx, enum err e, const char *conninfo, const char *text) {
    struct db_access *a = ctx;
    a->err = e;
    a->done = true;
    str_copy(a->conninfo, sizeof a->conninfo, e == ERR_OK ? conninfo : "");
    str_copy(a->text, sizeof a->text, text);
}

static void on_stopped(void *ctx, bool stopped, const char *text) {
    struct db_access *a = ctx;
    (void)stopped;
    (void)text;
    a->stopped = true;
}

/* A running engine knows its database best. */
static bool access_from_engine(struct cli *c, struct db_access *a) {
    cJSON *answer;
    if (c->opt[OPT_DB] || cli_ask_op(c->data_dir, "database", false, &answer))
        return false;
    const cJSON *data = cJSON_GetObjectItemCaseSensitive(answer, "data"), *kind = cJSON_GetObjectItemCaseSensitive(data, "kind"),
                *info = cJSON_GetObjectItemCaseSensitive(data, "conninfo");
    a->memory = cJSON_IsString(kind) && !strcmp(kind->valuestring, "memory");
    if (cJSON_IsString(info))
        str_copy(a->conninfo, sizeof a->conninfo, info->valuestring);
    cJSON_Delete(answer);
    return a->memory || a->conninfo[0];
}

/* Has this data directory a private cluster? Asking must not make one. */
static bool has_cluster(const char *data_dir) {
    char pattern[4200];
    glob_t g;
    snprintf(pattern, sizeof pattern, "%s/pg[0-9]*", data_dir);
    bool found = glob(pattern, 0, NULL, &g) == 0;
    if (found)
        globfree(&g);
    return found;
}

int db_access_open(struct cli *c, struct db_access *a, bool make) {
    const char *url;
    int code = cli_config(c);
    memset(a, 0, sizeof *a);
    if (code)
        return code;
    if (access_from_engine(c, a))
        return 0;
    url = config_text(c->config, "database", "url");
    if (url[0] || getenv("PGHOST") || getenv("PGSERVICE") || getenv("PGDATABASE")) {
        str_copy(a->conninfo, sizeof a->conninfo, url[0] ? url : "application_name=turret");
        return 0;
    }
    if (pg_boot_running(c->data_dir, a->conninfo, sizeof a->conninfo))
        return 0;
    if (!make && !has_cluster(c->data_dir))
        return out_errorf(c->json, ERR_NOT_FOUND, "there is no desk in %s", c->data_dir);
    struct pg_boot_cfg cfg = {.dir = c->data_dir, .ctx = a};
    a->boot = pg_boot_start(&cfg, on_booted);
    while (!a->done)
        ev_run(loop_get(), EVRUN_ONCE);
    return a->err ? out_error(c->json, a->err, a->text, NULL) : 0;
}

void db_access_close(struct db_access *a) {
    if (!a->boot)
        return;
    pg_boot_stop(a->boot, on_stopped);
    for (int64_t until = clock_mono_us() + 15000000; !a->stopped && clock_mono_us() < until;)
        ev_run(loop_get(), EVRUN_ONCE);
}

static int say_file(struct cli *c, const char *what, const char *file) {
    if (c->json) {
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "file", file);
        return out_ok_json(o);
    }
    printf("%s %s\n", what, file);
    return 0;
}

int cli_backup(struct cli *c) {
    struct db_access a;
    char name[64], text[REASON_MAX * 2] = "";
    const char *file = c->opt[OPT_OUTPUT] ? c->opt[OPT_OUTPUT] : c->argc > 1 ? c->argv[1] : name;
    time_t now = (time_t)(clock_now_us() / 1000000);
    struct tm tm;
    gmtime_r(&now, &tm);
    strftime(name, sizeof name, "turret-%Y%m%dT%H%M%SZ.sql", &tm);
    if (c->argc > 2)
        return out_error(c->json, ERR_USAGE, "usage: turret backup [FILE]", NULL);
    int code = db_access_open(c, &a, false);
    if (code)
        return code;
    if (a.memory)
        return out_error(c->json, ERR_UNSUPPORTED, "this desk keeps everything in memory: there is nothing to save", NULL);
    enum err e = store_pg_backup(a.conninfo, NULL, file, text);
    db_access_close(&a);
    return e ? out_error(c->json, e, text, NULL) : say_file(c, "saved to", file);
}

int cli_restore(struct cli *c) {
    struct db_access a;
    char text[REASON_MAX * 2] = "";
    int pid, lock;
    if (c->argc != 2)
        return out_error(c->json, ERR_USAGE, "usage: turret restore FILE [--yes]", NULL);
    if (access(c->argv[1], R_OK) != 0)
        return out_errorf(c->json, ERR_IO, "can't read %s", c->argv[1]);
    if (!data_dir_make(c->data_dir, text, sizeof text))
        return out_error(c->json, ERR_IO, text, NULL);
    char why[400];
    lock = data_dir_lock(c->data_dir, &pid, why, sizeof why); /* no engine may run meanwhile */
    if (lock < 0)
        return out_error(c->json, pid ? ERR_ENGINE_RUNS : ERR_IO, why, NULL);
    int code = db_access_open(c, &a, true);
    if (!code) {
        enum err e = store_pg_restore(a.conninfo, NULL, c->argv[1], c->opt[OPT_YES] != NULL, text);
        db_access_close(&a);
        code = e ? out_error(c->json, e, text, NULL) : say_file(c, "restored from", c->argv[1]);
    }
    close(lock);
    return code;
}

/* --- doctor --- */

/* The running desk's own audit, if there is a desk. Adds its row to the checks; returns differences. */
static int audit_memory(struct cli *c, cJSON *checks) {
    cJSON *req = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(req, "argv"), *answer;
    cJSON_AddItemToArray(list, cJSON_CreateString("doctor"));
    enum err e = cli_ask(c->data_dir, req, &answer);
    cJSON_Delete(req);
    if (e)
        return 0;
    bool ok = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(answer, "ok"));
    const cJSON *err = cJSON_GetObjectItemCaseSensitive(answer, "error"), *msg = cJSON_GetObjectItemCaseSensitive(ok ? answer : err, ok ? "text" : "msg");
    cJSON *row = cJSON_CreateObject();
    cJSON_AddStringToObject(row, "name", "running desk");
    cJSON_AddNumberToObject(row, "differences", ok ? 0 : 1);
    cJSON_AddStringToObject(row, "text", cJSON_IsString(msg) ? msg->valuestring : "");
    cJSON_InsertItemInArray(checks, 0, row);
    cJSON_Delete(answer);
    return ok ? 0 : 1;
}

int cli_doctor(struct cli *c) {
    struct db_access a;
    char *said = NULL;
    int code = c->argc > 1 ? out_error(c->json, ERR_USAGE, "usage: turret doctor", NULL) : db_access_open(c, &a, false);
    if (code)
        return code;
    if (a.memory)
        return cli_engine_command(c);
    int bad = store_pg_doctor(a.conninfo, &said);
    db_access_close(&a);
    cJSON *doc = said ? cJSON_Parse(said) : NULL, *checks = cJSON_GetObjectItemCaseSensitive(doc, "checks");
    free(said);
    if (bad < 0 || !checks) {
        const cJSON *why = cJSON_GetObjectItemCaseSensitive(doc, "error");
        code = out_errorf(c->json, ERR_UNREACHABLE, "the database can't be asked%s%s", cJSON_IsString(why) ? ": " : "", cJSON_IsString(why) ? why->valuestring : "");
        cJSON_Delete(doc);
        return code;
    }
    bad += audit_memory(c, checks);
    if (c->json) {
        cJSON_ReplaceItemInObjectCaseSensitive(doc, "ok", cJSON_CreateBool(bad == 0));
        out_ok_json(doc);
    } else {
        const cJSON *row, *name, *n;
        cJSON_ArrayForEach(row, checks) {
            name = cJSON_GetObjectItemCaseSensitive(row, "name");
            n = cJSON_GetObjectItemCaseSensitive(row, "differences");
            printf("%-6s %s\n", cJSON_IsNumber(n) && n->valueint ? "DIFFER" : "ok", cJSON_IsString(name) ? name->valuestring : "");
        }
        if (bad)
            printf("%d differences; turret doctor --json shows the rows\n", bad);
        else
            puts("everything agrees");
        cJSON_Delete(doc);
    }
    return bad ? 1 : 0;
}
