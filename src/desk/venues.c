/* What real venues tell beside orders and fills: funds, winnings to claim, how connections are; and what a person must say before
 * real money is traded. A live account is watched from the start, but opens nothing before it was set live by its name. */
#include "desk/state.h"
#include "turret/base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- set live --- */
bool live_may_trade(const struct desk *d, const struct acct *a) { return !a->a.live || (a->live_on && !d->simulated_only); }

/* It counts for the name that was typed: an account that was renamed, or another one of that number, is set live anew. */
void live_apply(struct desk *d, struct acct *a) {
    for (size_t i = 0; i < d->live_count; i++)
        if (d->lives[i].account == a->a.id && d->lives[i].opened)
            a->opened = true;
        else if (d->lives[i].account == a->a.id)
            a->live_on = a->a.live && d->lives[i].name[0] != 0 && strcmp(d->lives[i].name, a->a.name) == 0;
}

void live_load(struct desk *d, const char *account, const char *name, bool opened) {
    struct live_name l = {.account = (account_id)strtoul(account, NULL, 10), .opened = opened};
    struct acct *a = acct_find(d, l.account);
    str_copy(l.name, sizeof l.name, name);
    d->lives = xgrow(d->lives, &d->live_cap, d->live_count + 1, sizeof *d->lives);
    d->lives[d->live_count++] = l;
    if (a != NULL)
        live_apply(d, a);
}

/* What adds exposure and still works: an account that is live no more gets no position by it. Orders of others stay theirs. */
static unsigned cancel_entries(struct desk *d, const struct acct *a) {
    unsigned n = 0;
    for (struct rec *r = d->open_first; r != NULL; r = r->open_next)
        if (r->o.account == a->a.id && !(r->o.flags & ORDER_REDUCE_ONLY) && r->o.source != SOURCE_EXTERNAL) {
            order_cancel(d, r, 0, 0);
            n++;
        }
    return n;
}

static enum err live_check(const struct desk *d, const struct acct *a, const struct intent *in, char text[NOTE_MAX]) {
    text[0] = 0;
    if (a == NULL)
        return ERR_NOT_FOUND;
    if (!d->leader)
        return ERR_NOT_LEADER;
    if (!d->loaded)
        return ERR_RECONCILING;
    if (!a->a.live) {
        snprintf(text, NOTE_MAX, "%s is a paper account", a->a.name);
        return ERR_UNSUPPORTED;
    }
    if (in->order == 0)
        return ERR_OK;
    if (d->simulated_only)
        return ERR_SIMULATION_ONLY;
    if (strcmp(in->note, a->a.name) != 0) {
        snprintf(text, NOTE_MAX, "type the account's name exactly: %s", a->a.name);
        return ERR_BAD_VALUE;
    }
    return d->store_up ? ERR_OK : ERR_STORE_DOWN;
}

void intent_live(struct desk *d, const struct intent *in) {
    struct acct *a = acct_find(d, in->account);
    char text[NOTE_MAX], key[32];
    const enum err e = live_check(d, a, in, text);
    const bool on = in->order != 0;
    if (e != ERR_OK) {
        reply(d, in->token, e, NULL, text);
        return;
    }
    const bool was = a->live_on;
    a->live_on = on;
    snprintf(key, sizeof key, "live.%u", a->a.id);
    save_setting(d, key, on ? a->a.name : "");
    d->dirty |= DIRTY_ACCOUNT | DIRTY_STATUS;
    const unsigned n = on ? 0 : cancel_entries(d, a);
    if (on)
        notice_about(d, NOTICE_ALERT, 0, a->a.id, "LIVE: account %s trades real money on %s", a->a.name, venue_name((enum venue_id)a->a.venue));
    else
        notice_about(d, NOTICE_WARN, 0, a->a.id, "account %s is not live any more: only exits and cancels pass%s", a->a.name, n > 0 ? "; its entries are being cancelled" : "");
    if (was != on)
        history_add(d, HISTORY_ACCOUNT, a->a.id, NULL, 0, on ? "live" : "not live", "%s on %s", a->a.name, venue_name((enum venue_id)a->a.venue));
    save_after(d, AFTER_REPLY, 0, in->token, PRICE(0), QTY(0));
}

/* --- markets that are wanted --- */
void intent_list(struct desk *d, const struct intent *in) {
    if (in->order == VENUE_NONE || in->order >= VENUE_COUNT || in->u.wanted[0] == 0) {
        reply(d, in->token, ERR_BAD_VALUE, NULL, NULL);
        return;
    }
    str_copy(fx_new(d, FX_LIST, (enum venue_id)in->order)->u.list.what, NOTE_MAX, in->u.wanted);
    reply(d, in->token, ERR_OK, NULL, "asked for; it is listed when the venue knows it");
}

/* --- what is told --- */
void on_funds(struct desk *d, const struct event *ev) {
    struct acct *a = acct_find(d, ev->u.funds.account);
    if (a == NULL)
        return;
    a->funds = ev->u.funds;
    a->funds_known = true;
    d->dirty |= DIRTY_ACCOUNT;
}

void on_claim(struct desk *d, const struct event *ev) {
    const struct ev_claim *c = &ev->u.claim;
    struct acct *a = acct_find(d, c->account);
    const struct mkt *m = mkt_find(d, c->market);
    size_t i = 0;
    if (a == NULL)
        return;
    while (i < a->claim_count && (a->claims[i].market != c->market || a->claims[i].side != c->side))
        i++;
    d->dirty |= DIRTY_ACCOUNT;
    if (c->amount.micro <= 0) {
        if (i < a->claim_count)
            memmove(&a->claims[i], &a->claims[i + 1], (--a->claim_count - i) * sizeof *a->claims);
        return;
    }
    if (i == a->claim_count) {
        a->claims = xgrow(a->claims, &a->claim_cap, a->claim_count + 1, sizeof *a->claims);
        a->claim_count++;
        notice_about(d, NOTICE_INFO, c->market, a->a.id, "%s to be claimed from %s%s%s", num_text(c->amount.micro).s, m != NULL ? m->m.symbol : "a resolved market", c->where[0] != 0 ? ": " : "", c->where);
    }
    a->claims[i] = *c;
}

void on_health(struct desk *d, const struct event *ev) {
    const struct ev_health *h = &ev->u.health;
    if (h->venue >= VENUE_COUNT)
        return;
    d->venues[h->venue].health = *h;
    d->venues[h->venue].health_known = true;
    d->dirty |= DIRTY_STATUS;
}
