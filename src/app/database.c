/* Opens the desk's database (database.h): memory now; PostgreSQL through the store's own start-up. */
#include "app/database.h"

#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "turret/base/mem.h"
#include "turret/io/loop.h"
#include "turret/store/mem.h"

struct database {
    struct database_cfg cfg;
    struct store *store;
    ev_timer start;
    ev_check pump; /* the memory store answers when it is run: once a loop turn */
    ev_idle busy;
};

static void on_pump(struct ev_loop *loop, ev_check *w, int revents) {
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
    (void)revents;
}

static void on_start(struct ev_loop *loop, ev_timer *t, int revents) {
    struct database *d = t->data;
    (void)revents;
    d->store = store_mem_new(d->cfg.sink);
    store_mem_set_time(d->store, clock_now_us());
    ev_check_init(&d->pump, on_pump);
    ev_idle_init(&d->busy, on_busy);
    d->pump.data = d;
    ev_check_start(loop, &d->pump);
    ev_idle_start(loop, &d->busy);
    d->cfg.ready(d->cfg.ctx, d->store);
}

struct database *database_open(const struct database_cfg *cfg) {
    struct database *d = xcalloc(1, sizeof *d);
    d->cfg = *cfg;
    ev_timer_init(&d->start, on_start, 0, 0);
    d->start.data = d;
    ev_timer_start(loop_get(), &d->start);
    return d;
}

void database_close(struct database *d) {
    if (!d)
        return;
    ev_timer_stop(loop_get(), &d->start);
    if (d->store) {
        ev_check_stop(loop_get(), &d->pump);
        ev_idle_stop(loop_get(), &d->busy);
        store_close(d->store);
    }
    free(d);
}

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
