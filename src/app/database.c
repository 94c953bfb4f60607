/* Opens the desk's database (database.h): boots the private cluster, or connects to a server, or keeps all in memory. */
#include "app/database.h"

#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "turret/base/mem.h"
#include "turret/io/loop.h"
#include "turret/io/pg_boot.h"
#include "turret/store/mem.h"
#include "turret/store/pg.h"

#define WATCH_S 0.2

struct database {
    struct database_cfg cfg;
    struct store *store;
    struct pg_boot *boot;
    char holder[300];
    char *conninfo; /* NULL: in memory, or not known yet */
    bool memory, stopped;
    ev_timer start, watch;
    ev_prepare pump; /* the memory store answers when it is run: once a loop turn, after the engine's */
    ev_idle busy;
};

/* --- memory --- */

static void on_pump(struct ev_loop *loop, ev_prepare *w, int revents) {
    struct database *d = w->data;
    (void)revents;
    store_mem_run(d->store);
    if (store_idle(d->store))
        ev_idle_stop(loop, &d->busy);
    else
        ev_idle_start(loop, &d->busy);
}

static void on_busy(struct ev_loop *loop, ev_idle *w, int revents) {
    (void)loop;
    (void)w;
    (void)revents; /* keeps the loop turning while answers wait */
}

static void open_memory(struct database *d) {
    d->store = store_mem_new(d->cfg.sink);
    store_mem_set_time(d->store, clock_now_us());
    d->cfg.ready(d->cfg.ctx, d->store);
    ev_prepare_start(loop_get(), &d->pump);
    ev_idle_start(loop_get(), &d->busy);
}

/* --- PostgreSQL --- */

/* What no waiting mends (a newer schema, refused credentials) ends the start with its message. */
static void on_watch(struct ev_loop *loop, ev_timer *t, int revents) {
    struct database *d = t->data;
    const char *text = "";
    (void)revents;
    if (store_pg_up(d->store)) {
        ev_timer_stop(loop, t);
        return;
    }
    enum err e = store_pg_fault(d->store, &text);
    if (e == ERR_OK || err_class(e) == ERR_CLASS_RETRY || err_class(e) == ERR_CLASS_UNKNOWN)
        return;
    ev_timer_stop(loop, t);
    d->cfg.failed(d->cfg.ctx, e, text);
}

static void open_pg(struct database *d, const char *conninfo, bool exclusive) {
    free(d->conninfo);
    d->conninfo = xstrdup(conninfo);
    char host[128] = "";
    gethostname(host, sizeof host - 1);
    snprintf(d->holder, sizeof d->holder, "%.60s:%.200s", host, d->cfg.data_dir);
    struct store_pg_cfg cfg = {.conninfo = conninfo, .data_dir = d->cfg.data_dir, .holder = d->holder, .exclusive = exclusive};
    d->store = store_pg_new(&cfg, d->cfg.sink);
    d->cfg.ready(d->cfg.ctx, d->store);
    ev_timer_again(loop_get(), &d->watch);
}

static void on_booted(void *ctx, enum err e, const char *conninfo, const char *text) {
    struct database *d = ctx;
    if (e) {
        d->cfg.failed(d->cfg.ctx, e, text);
        return;
    }
    open_pg(d, conninfo, true);
}

static void on_start(struct ev_loop *loop, ev_timer *t, int revents) {
    struct database *d = t->data;
    struct pg_boot_cfg boot = {.dir = d->cfg.data_dir, .ctx = d, .no_sync = getenv("TURRET_PG_NO_SYNC") != NULL};
    (void)loop;
    (void)revents;
    if (d->memory)
        open_memory(d);
    else if (d->cfg.url[0])
        open_pg(d, d->cfg.url, false);
    else
        d->boot = pg_boot_start(&boot, on_booted);
}

struct database *database_open(const struct database_cfg *cfg) {
    struct database *d = xcalloc(1, sizeof *d);
    d->cfg = *cfg;
    d->memory = !strcmp(cfg->url, "memory");
    ev_timer_init(&d->start, on_start, 0, 0);
    ev_timer_init(&d->watch, on_watch, WATCH_S, WATCH_S);
    ev_prepare_init(&d->pump, on_pump);
    ev_set_priority(&d->pump, -1);
    ev_idle_init(&d->busy, on_busy);
    d->start.data = d->watch.data = d->pump.data = d;
    ev_timer_start(loop_get(), &d->start);
    return d;
}

static void on_stopped(void *ctx, bool stopped, const char *text) {
    struct database *d = ctx;
    (void)stopped;
    (void)text; /* it logs that itself */
    d->stopped = true;
}

void database_close(struct database *d) {
    if (!d)
        return;
    struct ev_loop *loop = loop_get();
    ev_timer_stop(loop, &d->start);
    ev_timer_stop(loop, &d->watch);
    ev_prepare_stop(loop, &d->pump);
    ev_idle_stop(loop, &d->busy);
    if (d->store)
        store_close(d->store);
    if (d->boot) {
        pg_boot_stop(d->boot, on_stopped);
        for (int64_t until = clock_mono_us() + 15000000; !d->stopped && clock_mono_us() < until;)
            ev_run(loop, EVRUN_ONCE);
    }
    free(d->conninfo);
    free(d);
}

const char *database_conninfo(const struct database *d) { return d->conninfo; }

bool database_url_safe(const char *url, char *text, size_t cap) {
    const char *at = strchr(url, '@'), *scheme = strstr(url, "://");
    const char *user = scheme ? scheme + 3 : url;
    bool bad = strcasestr(url, "password=") != NULL;
    if (scheme && at && at < user + strcspn(user, "/?")) {
        const char *colon = strchr(user, ':');
        bad |= colon && colon < at;
    }
    if (bad)
        snprintf(text, cap, "a password in arguments can be read by everyone on this machine: put it in ~/.pgpass or PGPASSFILE, and leave it out of --db");
    return !bad;
}
