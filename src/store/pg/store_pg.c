/* The PostgreSQL store's life: connect → schema → statements → lease → outbox → up; down or sick and back again.
 * It owns no truth: what the database has not answered counts as not known. */
#include "store_pg.h"

#include "turret/base/mem.h"
#include "turret/base/utf8.h"
#include "turret/io/log.h"
#include "turret/io/loop.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct store_pg *self(const struct store *s) { return (struct store_pg *)(uintptr_t)s; }

void sp_event(struct store_pg *s, struct event *ev) {
    ev->at_us = clock_now_us();
    s->sink.put(s->sink.ctx, ev);
}

void sp_note(struct store_pg *s, int level, const char *fmt, ...) {
    struct event ev;
    char raw[320];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(raw, sizeof raw, fmt, ap);
    va_end(ap);
    event_init(&ev, EVENT_NOTE, VENUE_NONE, 0);
    ev.u.note.level = level;
    utf8_sanitise(ev.u.note.text, sizeof ev.u.note.text, raw, strlen(raw));
    sp_event(s, &ev);
}

static void tell_store(struct store_pg *s, bool up, bool full, const char *text) {
    struct event ev;
    bool same = s->told_any && s->told_up == up && !strcmp(s->text, text);
    str_copy(s->text, sizeof s->text, text);
    if (same)
        return; /* a failing reconnect does not repeat itself */
    s->told_any = true;
    s->told_up = up;
    log_line(up ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "store", "%s: %s", up ? "up" : "down", text);
    event_init(&ev, EVENT_STORE, VENUE_NONE, 0);
    ev.u.store.up = up;
    ev.u.store.full = full;
    str_copy(ev.u.store.text, sizeof ev.u.store.text, text);
    sp_event(s, &ev);
}

void sp_sick(struct store_pg *s, const char *text, bool full) {
    if (s->life == SP_REFUSED)
        return;
    s->life = SP_SICK;
    s->fault = ERR_STORE_DOWN;
    s->merging = false;
    tell_store(s, false, full, text);
    batch_refuse_waiting(s);
}

void sp_go_up(struct store_pg *s) {
    s->life = SP_UP;
    s->fault = ERR_OK;
    char text[REASON_MAX];
    snprintf(text, sizeof text, "PostgreSQL %d", pg_server_version(s->pg) / 10000);
    tell_store(s, true, false, text);
    leader_tell(s);
    if (s->want_load && !s->loading)
        load_start(s);
    batch_pump(s);
}

/* --- the way up --- */

static void on_prepared(void *ctx, const struct pg_outcome *out) {
    struct store_pg *s = ctx;
    if (out->end == PG_FAILED) {
        sp_sick(s, out->text, false);
        pg_reset(s->pg, out->text);
    }
}

static void after_lease(struct store_pg *s) {
    if (!batch_merge_outbox(s))
        sp_step(s);
    else
        batch_pump(s);
}

/* Called whenever a stage ends; finds out what is still to be done. */
void sp_step(struct store_pg *s) {
    if (!pg_up(s->pg) || s->life == SP_REFUSED)
        return;
    switch (s->life) {
    case SP_STARTING:
        if (!s->prepared) { /* schema is right: statements and the lease in one go */
            s->prepared = true;
            sp_prepare_all(s->pg);
            pg_end(s->pg, NULL, on_prepared, s);
            leader_take(s, after_lease);
        } else if (!s->merging && !s->probes) {
            if (s->unknown.first) {
                batch_look_up_unknown(s);
                if (s->probes)
                    return;
            }
            sp_go_up(s);
        }
        break;
    case SP_SICK: /* a write went through again */
        s->life = SP_STARTING;
        after_lease(s);
        break;
    case SP_UP:
        if (s->want_load && !s->loading)
            load_start(s);
        if (!s->merge_stuck && batch_idle(s) && batch_merge_outbox(s))
            batch_pump(s);
        break;
    default: break;
    }
}

static void on_up(void *ctx) {
    struct store_pg *s = ctx;
    if (s->life == SP_REFUSED)
        return;
    s->life = SP_STARTING;
    s->server_dead = false;
    s->prepared = false;
    sp_migrate(s);
}

/* Messages of a host that is there and says that nobody is served. */
static bool says_dead(const char *text) {
    static const char *const signs[] = {"Connection refused", "No such file", "shutting down", "starting up", "recovery", "administrator command"};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (strstr(text, signs[i]))
            return true;
    return false;
}

static void on_down(void *ctx, const char *text) {
    struct store_pg *s = ctx;
    if (s->life == SP_REFUSED)
        return;
    s->life = SP_DOWN;
    s->lease_units = 0;
    s->loading = false;
    s->fault = strstr(text, "authentication") || strstr(text, "password") ? ERR_CREDENTIALS : ERR_STORE_DOWN;
    s->server_dead = says_dead(text);
    batch_connection_lost(s);
    tell_store(s, false, false, text);
}

/* --- the port --- */

static void load(struct store *st) {
    struct store_pg *s = self(st);
    s->want_load++;
    trades_rewind(s);
    if (s->life == SP_UP && !s->loading)
        load_start(s);
}

static void save(struct store *st, const struct fx_save *rec) { batch_save(self(st), rec); }
static bool idle(const struct store *st) {
    const struct store_pg *s = self(st);
    bool merged = s->life != SP_UP || !s->outbox.batches || s->merge_stuck;
    return batch_idle(s) && !s->want_load && !s->merging && merged;
}

static void close_store(struct store *st) {
    struct store_pg *s = self(st);
    leader_release(s);
    leader_close(s);
    retention_close(s);
    batch_close(s);
    pg_close(s->pg);
    outbox_close(&s->outbox);
    map_free(&s->venue_of);
    free(s->trades);
    autos_free(s);
    free(s->conninfo);
    free(s->holder);
    free(s);
}

static const struct store_ops pg_ops = {"postgresql", load, save, idle, close_store};

struct store *store_pg_new(const struct store_pg_cfg *cfg, struct event_sink sink) {
    struct store_pg *s = xcalloc(1, sizeof *s);
    s->head.ops = &pg_ops;
    s->sink = sink;
    s->cfg = *cfg;
    s->conninfo = xstrdup(cfg->conninfo);
    s->holder = xstrdup(cfg->holder && cfg->holder[0] ? cfg->holder : "turret");
    s->cfg.conninfo = s->conninfo;
    s->cfg.holder = s->holder;
    s->cfg.data_dir = NULL;
    s->fault = ERR_STORE_DOWN;
    str_copy(s->text, sizeof s->text, "connecting");
    s->outbox.fd = -1;
    map_init(&s->venue_of);
    bool aside = false;
    if (cfg->data_dir && !outbox_open(&s->outbox, cfg->data_dir, &aside))
        sp_note(s, NOTICE_ALERT, "the outbox can't be opened: exits can't be kept while the database is down");
    if (aside)
        sp_note(s, NOTICE_ALERT, "the outbox is of another version or damaged: set aside, look at outbox.unreadable-* in the data folder");
    batch_init(s);
    leader_init(s);
    retention_init(s);
    struct pg_cfg pc = {.conninfo = s->conninfo, .answer_timeout_ms = cfg->answer_timeout_ms, .connect_timeout_ms = cfg->answer_timeout_ms,
                        .on_up = on_up, .on_down = on_down, .ctx = s};
    s->pg = pg_open(&pc);
    return &s->head;
}

bool store_pg_up(const struct store *s) { return self(s)->life == SP_UP; }
bool store_pg_leads(const struct store *s) { return self(s)->leads; }
enum err store_pg_fault(const struct store *s, const char **text) {
    if (text)
        *text = self(s)->text;
    return self(s)->fault;
}
