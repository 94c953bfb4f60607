/* The venue's truth about the account: working orders, trades, what it holds, cash. Orders and trades are read while the Data API names the tokens;
 * then markets that are not listed are fetched, then each token's balance is asked of the CLOB, because the Data API's cache is seconds old. END says
 * ok only when every single answer was whole: an error is never "flat". A round that takes longer than the desk waits is given up. */
#include "venue/polymarket/pm_recon_impl.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "turret/base/mem.h"
#include "turret/base/str.h"

#define ROUND_US (9500000LL) /* the desk waits ten seconds */

static void put_end(struct pm_recon *r, bool ok) {
    struct event ev;
    event_init(&ev, EVENT_RECON_END, VENUE_POLYMARKET, clock_now_us());
    ev.u.recon_end.account = r->u->s->account;
    ev.u.recon_end.round = r->round;
    ev.u.recon_end.ok = ok;
    r->u->s->sink.put(r->u->s->sink.ctx, &ev);
}

static void round_over(struct pm_recon *r) {
    r->stage = RECON_IDLE;
    pm_read_stop(&r->read);
    pm_holdings_drop(r);
}

void pm_recon_fail(struct pm_recon *r, const char *fmt, ...) {
    va_list ap;
    if (r->stage == RECON_IDLE || r->why[0] != 0)
        return;
    va_start(ap, fmt);
    vsnprintf(r->why, sizeof r->why, fmt, ap);
    va_end(ap);
    pm_recon_advance(r);
}

static bool waits_soon(const struct pm_user *u) {
    for (const struct pm_wait *w = u->waits; w != NULL; w = w->next)
        if (w->tries < 4)
            return true;
    return false;
}

static void finish(struct pm_recon *r) {
    const bool ok = r->why[0] == 0;
    int64_t now = clock_now_us();
    if (ok)
        pm_recon_tell(r, now);
    else
        pm_user_note(r->u, NOTICE_WARN, "Polymarket: reconciliation is not whole: %s", r->why);
    round_over(r);
    put_end(r, ok);
}

/* Called whenever something was answered. */
void pm_recon_advance(struct pm_recon *r) {
    if (r->advancing)
        return; /* the loop below looks again */
    r->advancing = true;
    for (bool moved = true; moved && r->stage != RECON_IDLE;) {
        moved = false;
        if (r->why[0] != 0) {
            finish(r);
        } else if (r->stage == RECON_LISTS && r->read_done && r->listed_done) {
            r->stage = RECON_MARKETS;
            pm_holdings_markets(r);
            moved = true;
        } else if (r->stage == RECON_MARKETS && r->waiting == 0 && !waits_soon(r->u)) {
            r->stage = RECON_BALANCES;
            pm_holdings_balances(r);
            moved = true;
        } else if (r->stage == RECON_BALANCES && r->waiting == 0) {
            finish(r);
        }
    }
    r->advancing = false;
}

static void on_read(void *ctx, const struct pm_error *e) {
    struct pm_recon *r = ctx;
    r->read_done = true;
    if (e->err != ERR_OK)
        pm_recon_fail(r, "orders and trades: %.70s", e->text);
    pm_recon_advance(r);
}

static void lists_start(struct pm_recon *r) {
    pm_read_start(&r->read, r->u, r->round, on_read, r);
    pm_holdings_list(r);
}

enum err pm_user_reconcile(struct pm_user *u, const struct fx_reconcile *q, int64_t now_us) {
    struct pm_recon *r = u->recon;
    struct event ev;
    if (!u->started || q->account != u->s->account)
        return ERR_CREDENTIALS;
    if (r == NULL) {
        r = u->recon = xcalloc(1, sizeof *r);
        r->u = u;
        r->self = r;
        r->born_us = now_us;
        map_init(&r->lost);
    }
    if (r->stage != RECON_IDLE)
        round_over(r); /* the desk has given it up */
    r->round = q->round;
    r->stage = RECON_LISTS;
    r->started_us = now_us;
    r->read_done = r->listed_done = r->cash_known = false;
    r->list_kind = r->pages = r->waiting = 0;
    r->why[0] = 0;
    event_init(&ev, EVENT_RECON_BEGIN, VENUE_POLYMARKET, now_us);
    ev.u.recon_begin.account = u->s->account;
    ev.u.recon_begin.venue = VENUE_POLYMARKET;
    ev.u.recon_begin.round = r->round;
    u->s->sink.put(u->s->sink.ctx, &ev);
    lists_start(r);
    return ERR_OK;
}

void pm_recon_run(struct pm_recon *r, int64_t now_us) {
    if (r->stage == RECON_IDLE)
        return;
    if (now_us - r->started_us > ROUND_US)
        pm_recon_fail(r, "the venue did not answer in time");
    else
        pm_recon_advance(r);
}

void pm_recon_free(struct pm_recon *r) {
    if (r == NULL)
        return;
    round_over(r);
    map_free(&r->lost);
    free(r->h);
    free(r->claims);
    free(r);
}
