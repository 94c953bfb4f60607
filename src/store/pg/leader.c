/* Leadership: one row, taken by compare-and-set with epoch + 1 when it is free, ours or expired by the server's clock;
 * renewed every 2 s, good for 6 s. Every intent's insert checks the epoch, so a desk that lost it can't write one. */
#include "store_pg.h"

#include "turret/base/mem.h"
#include "turret/io/log.h"
#include "turret/io/loop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEASE_US 6000000
#define RENEW_S 2.
#define POLL_S 1.

struct take {
    struct store_pg *s;
    void (*then)(struct store_pg *s);
    uint64_t epoch;
    int64_t sent_us;
    char who[64];
};

static void exec_lease(struct store_pg *s, const char *name) {
    struct binder b;
    bind_reset(&b);
    bind_text(&b, s->holder);
    bind_u64(&b, s->epoch);
    pg_exec(s->pg, name, b.n, b.values, b.lens, b.formats);
}

void leader_tell(struct store_pg *s) {
    struct event ev;
    event_init(&ev, EVENT_LEADER, VENUE_NONE, 0);
    ev.u.leader.epoch = s->epoch;
    ev.u.leader.leads = s->leads;
    str_copy(ev.u.leader.holder, sizeof ev.u.leader.holder, s->leader_name);
    s->told_leads = s->leads;
    sp_event(s, &ev);
}

void leader_lost(struct store_pg *s, const char *why) {
    if (!s->leads)
        return;
    s->leads = false;
    s->epoch = 0; /* the next lease is a new one: what we know may be old by then */
    log_warn("store", "no longer the leader: %s", why);
    sp_note(s, NOTICE_ALERT, "this desk no longer leads: %s", why);
    leader_tell(s);
}

static void on_take_row(void *ctx, int index, const PGresult *r) {
    struct take *t = ctx;
    if (PQntuples(r) == 0)
        return;
    if (index == 0)
        t->epoch = strtoull(PQgetvalue(r, 0, 0), NULL, 10);
    else
        str_copy(t->who, sizeof t->who, PQgetvalue(r, 0, 0));
}

static void failed_write(struct store_pg *s, const struct pg_outcome *out) {
    if (error_is_sick(out->sqlstate))
        sp_sick(s, out->text, !strncmp(out->sqlstate, "53100", 5));
    else
        log_warn("store", "lease: %s", out->text);
}

static void on_take(void *ctx, const struct pg_outcome *out) {
    struct take *t = ctx, got = *t;
    struct store_pg *s = t->s;
    free(t);
    s->lease_units--;
    if (out->end == PG_FAILED)
        failed_write(s, out);
    if (out->end != PG_DONE)
        return;
    bool led = s->leads;
    uint64_t before = s->epoch;
    str_copy(s->leader_name, sizeof s->leader_name, got.who);
    if (got.epoch) {
        s->leads = true;
        s->epoch = got.epoch;
        s->lease_sent_us = got.sent_us;
        if (!led || before != got.epoch)
            log_info("store", "leading, epoch %llu", (unsigned long long)got.epoch);
    } else if (led)
        leader_lost(s, "another desk has taken over");
    if (got.then)
        got.then(s);
    else if (s->life == SP_SICK)
        sp_step(s); /* a write went through: healed */
    else if (s->leads != s->told_leads && s->life == SP_UP)
        leader_tell(s);
}

void leader_take(struct store_pg *s, void (*then)(struct store_pg *)) {
    struct take *t = xcalloc(1, sizeof *t);
    *t = (struct take){.s = s, .then = then, .sent_us = clock_mono_us()};
    s->lease_units++;
    exec_lease(s, "lead_take");
    pg_exec(s->pg, "lead_who", 0, NULL, NULL, NULL);
    pg_end(s->pg, on_take_row, on_take, t);
}

static void on_renewed(void *ctx, const struct pg_outcome *out) {
    struct take *t = ctx, got = *t;
    struct store_pg *s = t->s;
    free(t);
    s->lease_units--;
    if (out->end == PG_FAILED)
        failed_write(s, out);
    if (out->end != PG_DONE)
        return;
    if (got.epoch)
        s->lease_sent_us = got.sent_us;
    else
        leader_lost(s, "another desk has taken over");
}

static void renew(struct store_pg *s) {
    struct take *t = xcalloc(1, sizeof *t);
    *t = (struct take){.s = s, .sent_us = clock_mono_us()};
    s->lease_units++;
    exec_lease(s, "lead_renew");
    pg_end(s->pg, on_take_row, on_renewed, t);
}

/* Without a connection the lease runs out. A private cluster has no other desk, and a server whose host refuses
 * connections serves nobody: then we go on leading, so that exits still go out. */
static void check_expiry(struct store_pg *s) {
    if (s->leads && !s->cfg.exclusive && !s->server_dead && clock_mono_us() - s->lease_sent_us > LEASE_US)
        leader_lost(s, "the database can't be reached and another desk may have taken over");
}

static void on_lease_timer(struct ev_loop *loop, ev_timer *w, int revents) {
    (void)revents;
    struct store_pg *s = w->data;
    w->repeat = s->leads && s->life == SP_UP ? RENEW_S : POLL_S;
    ev_timer_again(loop, w);
    if (pg_up(s->pg) && !s->lease_units && s->life == SP_UP && s->leads)
        renew(s);
    else if (pg_up(s->pg) && !s->lease_units && (s->life == SP_UP || s->life == SP_SICK))
        leader_take(s, NULL);
    else
        check_expiry(s);
}

void leader_init(struct store_pg *s) {
    ev_init(&s->lease_timer, on_lease_timer);
    s->lease_timer.data = s;
    s->lease_timer.repeat = POLL_S;
    ev_timer_again(loop_get(), &s->lease_timer);
}

/* On the way out: a standby need not wait for the lease to end. */
void leader_release(struct store_pg *s) {
    if (!s->leads || !pg_up(s->pg))
        return;
    exec_lease(s, "lead_free");
    pg_end(s->pg, NULL, NULL, NULL);
    s->leads = false;
}

void leader_close(struct store_pg *s) { ev_timer_stop(loop_get(), &s->lease_timer); }
