/* Thins the equity curve: every minute for 7 days, then each hour's last sample to 30 days, then each day's. The last one
 * and not an average: an average is a value the account never had. The first sample of an account always stays. */
#include "store_pg.h"

#include "turret/io/log.h"
#include "turret/io/loop.h"

#include <stdio.h>
#include <stdlib.h>

#define PIECE 1000     /* rows a statement may delete: an order that comes meanwhile hardly waits */
#define FIRST_S 1.     /* after the start */
#define BUSY_S 0.2
#define EVERY_S 3600.

#define DAYS_OLD(e) e ".at < clock_timestamp() - interval '30 days'"
#define NEXT(e) "CASE WHEN " DAYS_OLD(e) " THEN date_trunc('day', " e ".at, 'UTC') + interval '1 day' ELSE date_trunc('hour', " e ".at, 'UTC') + interval '1 hour' END"

static void arm(struct store_pg *s, double seconds) {
    ev_timer_stop(loop_get(), &s->thin_timer);
    ev_timer_set(&s->thin_timer, seconds, 0.);
    ev_timer_start(loop_get(), &s->thin_timer);
}

static void on_thinned(void *ctx, int index, const PGresult *r) {
    (void)index;
    ((struct store_pg *)ctx)->thinned = atol(PQcmdTuples((PGresult *)(uintptr_t)r));
}

static void on_thin_unit(void *ctx, const struct pg_outcome *out) {
    struct store_pg *s = ctx;
    if (out->end == PG_FAILED)
        log_warn("store", "the equity curve is not thinned: %s", out->text);
    arm(s, out->end == PG_DONE && s->thinned == PIECE ? BUSY_S : out->end == PG_LOST ? FIRST_S : EVERY_S);
}

static void on_timer(struct ev_loop *loop, ev_timer *w, int revents) {
    struct store_pg *s = w->data;
    (void)loop;
    (void)revents;
    if (s->life != SP_UP || !s->leads || s->loading || !batch_idle(s)) { /* the desk comes first */
        arm(s, s->life == SP_UP && s->leads ? BUSY_S : FIRST_S);
        return;
    }
    char sql[900];
    snprintf(sql, sizeof sql,
             "DELETE FROM equity WHERE (account_id, at) IN (SELECT e.account_id, e.at FROM equity e WHERE e.at < clock_timestamp() - interval '7 days' "
             "AND EXISTS (SELECT 1 FROM equity l WHERE l.account_id = e.account_id AND l.at > e.at AND l.at < " NEXT("e") ") "
             "AND EXISTS (SELECT 1 FROM equity f WHERE f.account_id = e.account_id AND f.at < e.at) LIMIT %d)",
             PIECE);
    s->thinned = 0;
    pg_query(s->pg, sql, 0, NULL);
    pg_end(s->pg, on_thinned, on_thin_unit, s);
}

void retention_init(struct store_pg *s) {
    ev_timer_init(&s->thin_timer, on_timer, FIRST_S, 0.);
    s->thin_timer.data = s;
    ev_timer_start(loop_get(), &s->thin_timer);
}

void retention_close(struct store_pg *s) { ev_timer_stop(loop_get(), &s->thin_timer); }
