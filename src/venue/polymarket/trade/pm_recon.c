/* The venue's truth about the account: working orders, trades, what it holds, cash. Orders and trades are read while the Data API names the tokens;
 * then markets that are not listed are fetched, then each token's balance is asked of the CLOB, because the Data API's cache is seconds old. END says
 * ok only when every single answer was whole: an error is never "flat". A round that takes longer than the desk waits is given up. */
#include "venue/polymarket/trade/pm_recon_impl.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "turret/base/mem.h"
#include "turret/base/str.h"

#define ROUND_US (9500000LL) /* the desk waits ten seconds */
#define CLAIM_LOOK_US (30 * PM_SECOND) /* whether winnings were claimed meanwhile */
#define LOOK_AGAIN_US (5 * PM_SECOND)

static void put_end(struct pm_recon *r, bool ok) {
    struct event ev;
    if (r->round == 0)
        return;
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
    else if (r->round != 0)
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

static void round_start(struct pm_recon *r, uint64_t round, enum pm_recon_stage stage, int64_t now_us) {
    r->round = round;
    r->stage = stage;
    r->started_us = now_us;
    r->read_done = r->listed_done = r->cash_known = false;
    r->list_kind = r->pages = r->waiting = 0;
    r->why[0] = 0;
}

enum err pm_user_reconcile(struct pm_user *u, const struct fx_reconcile *q, int64_t now_us) {
    struct pm_recon *r = u->recon;
    struct event ev;
    if (!u->started || q->account != u->s->account)
        return ERR_CREDENTIALS;
    if (r->stage != RECON_IDLE)
        round_over(r); /* the desk has given it up */
    round_start(r, q->round, RECON_LISTS, now_us);
    event_init(&ev, EVENT_RECON_BEGIN, VENUE_POLYMARKET, now_us);
    ev.u.recon_begin.account = u->s->account;
    ev.u.recon_begin.venue = VENUE_POLYMARKET;
    ev.u.recon_begin.round = r->round;
    u->s->sink.put(u->s->sink.ctx, &ev);
    lists_start(r);
    return ERR_OK;
}

struct pm_recon *pm_recon_new(struct pm_user *u) {
    struct pm_recon *r = xcalloc(1, sizeof *r);
    r->u = u;
    r->self = r;
    r->born_us = clock_now_us();
    map_init(&r->lost);
    return r;
}

/* A market that we hold something of was resolved, or winnings wait to be claimed: a look of our own at those tokens, without the desk's asking. */
static void settlements_look(struct pm_recon *r, int64_t now_us) {
    if (now_us < r->look_us || !pm_user_up(r->u))
        return;
    const enum pm_due due = pm_settlements_due(r);
    if (due == PM_DUE_NOT || (due == PM_DUE_CLAIM && now_us - r->looked_us < CLAIM_LOOK_US))
        return;
    r->looked_us = now_us;
    r->look_us = now_us + LOOK_AGAIN_US;
    round_start(r, 0, RECON_BALANCES, now_us);
    pm_holdings_settled(r);
    pm_recon_advance(r);
}

void pm_recon_run(struct pm_recon *r, int64_t now_us) {
    if (r->stage == RECON_IDLE)
        settlements_look(r, now_us);
    else if (now_us - r->started_us > ROUND_US)
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
