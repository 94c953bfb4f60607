/* Alarms for a person who does not look: every notice of the highest level starts the command of the settings, one at a time, with what
 * happened in its environment, never in its words. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app_impl.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/base/utf8.h"
#include "turret/io/log.h"
#include "turret/io/proc.h"

#define WAITING 32 /* more than that at once are only counted */

struct alert { int64_t at_us; uint32_t num; order_id order; char text[NOTE_MAX], market[MARKET_SYMBOL_MAX]; };
struct alerts {
    struct app *app;
    struct engine_client client;
    char command[256];
    struct proc *running;
    struct alert list[WAITING];
    int n, missed;
};

static void next(struct alerts *x);

static void on_exit_of(void *ctx, int status) {
    struct alerts *x = ctx;
    char text[64];
    x->running = NULL;
    if (status != 0) {
        proc_status_text(status, text, sizeof text);
        log_warn("alerts", "on_alert ended with %s", text);
    }
    next(x);
}

static void next(struct alerts *x) {
    if (x->running || x->n == 0)
        return;
    const struct alert a = x->list[0];
    memmove(&x->list[0], &x->list[1], (size_t)(x->n - 1) * sizeof a);
    x->n--;
    char text[NOTE_MAX + 32], market[MARKET_SYMBOL_MAX + 32], num[48], order[48], missed[48], path[512], home[512];
    snprintf(text, sizeof text, "TURRET_ALERT=%s", a.text);
    snprintf(market, sizeof market, "TURRET_ALERT_MARKET=%s", a.market);
    snprintf(num, sizeof num, "TURRET_ALERT_ID=%u", a.num);
    snprintf(order, sizeof order, "TURRET_ALERT_ORDER=%llu", (unsigned long long)a.order);
    snprintf(missed, sizeof missed, "TURRET_ALERT_MISSED=%d", x->missed);
    snprintf(path, sizeof path, "PATH=%.480s", getenv("PATH") ? getenv("PATH") : "/usr/bin:/bin");
    snprintf(home, sizeof home, "HOME=%.480s", getenv("HOME") ? getenv("HOME") : "/");
    const char *const env[] = {path, home, "LC_ALL=C.UTF-8", text, market, num, order, missed, NULL};
    const char *const argv[] = {"/bin/sh", "-c", x->command, NULL};
    const struct proc_cfg cfg = {.argv = argv, .env = env, .cwd = x->app->cfg->data_dir, .in = -1, .out = -1, .err = -1};
    x->missed = 0;
    x->running = proc_spawn(&cfg, on_exit_of, x);
    if (!x->running)
        log_warn("alerts", "on_alert can't be started");
}

static void on_notice(void *ctx, const struct fx_notice *n) {
    struct alerts *x = ctx;
    struct view_market m;
    if (n->level != NOTICE_ALERT)
        return;
    if (x->n == WAITING) {
        x->missed++;
        return;
    }
    struct alert *a = &x->list[x->n++];
    *a = (struct alert){.num = n->num, .order = n->order};
    utf8_sanitise(a->text, sizeof a->text, n->text, strlen(n->text));
    if (n->market && view_market(engine_view(x->app->engine), n->market, &m))
        str_copy(a->market, sizeof a->market, m.m->symbol);
    next(x);
}

bool app_alerts_up(struct app *a) {
    const char *command = config_text(a->cfg->config, "alerts", "on_alert");
    if (!command[0] || a->cfg->virtual_time)
        return true;
    struct alerts *x = a->alerts = xcalloc(1, sizeof *x);
    x->app = a;
    str_copy(x->command, sizeof x->command, command);
    x->client = (struct engine_client){.ctx = x, .notice = on_notice};
    engine_client_add(a->engine, &x->client);
    return true;
}

void app_alerts_down(struct app *a) {
    struct alerts *x = a->alerts;
    if (!x)
        return;
    engine_client_remove(a->engine, &x->client);
    if (x->running)
        proc_forget(x->running); /* it ends by itself */
    free(x);
    a->alerts = NULL;
}
