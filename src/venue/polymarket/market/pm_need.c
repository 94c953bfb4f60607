/* Markets wanted one by one: by an order, a position, a followed trade, a person. Token to condition, condition to listing (Gamma, then the closed
 * ones, then the CLOB), its fee where the listing does not say it; new markets may be without tokens for minutes, so it is tried for a while. */
#include <stdio.h>
#include <stdlib.h>

#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/io/loop.h"
#include "venue/polymarket/market/pm_data.h"

#define TRY_MOST_US (30 * PM_SECOND)
#define TRIES_ABSENT 4  /* nobody has heard of it */
#define TRIES_YOUNG 14  /* it is there, but not ready: some five minutes */

enum step { STEP_TOKEN, STEP_OPEN, STEP_CLOSED, STEP_CLOB, STEP_FEE, STEP_NEG_RISK };
struct waiter { struct waiter *next; pm_market_fn *done; void *ctx; };
struct need {
    struct need *next;
    struct pm_needs *all;
    struct pm_entry *known;   /* a refresh */
    char key[PM_TOKEN_MAX], condition[PM_CONDITION_MAX];
    enum step step;
    bool needed, busy, young;
    int tries;
    int64_t next_us;
    struct pm_listing listing; /* between its parts */
    struct waiter *waiters;
};
struct pm_needs { struct pm_data *d; struct need *first; };

struct pm_needs *pm_needs_new(struct pm_data *d) {
    struct pm_needs *n = xcalloc(1, sizeof *n);
    n->d = d;
    return n;
}

static void need_unlink(struct need *x) {
    struct need **at = &x->all->first;
    while (*at != x)
        at = &(*at)->next;
    *at = x->next;
}

static void need_free(struct need *x) {
    pm_rest_drop(x->all->d->rest, x);
    for (struct waiter *w; (w = x->waiters);) {
        x->waiters = w->next;
        free(w);
    }
    free(x);
}

void pm_needs_free(struct pm_needs *n) {
    for (struct need *x; n && (x = n->first);) {
        need_unlink(x);
        need_free(x);
    }
    free(n);
}

static void wait_for(struct need *x, pm_market_fn *done, void *ctx) {
    if (!done)
        return;
    struct waiter *w = xcalloc(1, sizeof *w);
    *w = (struct waiter){.next = x->waiters, .done = done, .ctx = ctx};
    x->waiters = w;
}

void pm_needs_drop(struct pm_needs *n, const void *ctx) {
    for (struct need *x = n->first; x; x = x->next)
        for (struct waiter **at = &x->waiters; *at;) {
            struct waiter *w = *at;
            if (w->ctx == ctx) {
                *at = w->next;
                free(w);
            } else {
                at = &w->next;
            }
        }
}

/* Whoever is told may ask for the next one, or drop others of this one: it is not found any more, but still there. */
static void need_end(struct need *x, struct pm_entry *e) {
    if (e && x->needed)
        e->needed = true;
    x->key[0] = x->condition[0] = 0;
    x->known = NULL;
    while (x->waiters) {
        struct waiter w = *x->waiters;
        free(x->waiters);
        x->waiters = w.next;
        w.done(w.ctx, e ? &e->pm : NULL);
    }
    need_unlink(x);
    need_free(x);
}

static void need_later(struct need *x) {
    int64_t wait = x->all->d->pace.try_first_us << (x->tries < 4 ? x->tries : 4);
    x->busy = false;
    if (++x->tries >= (x->young ? TRIES_YOUNG : TRIES_ABSENT)) {
        need_end(x, x->known); /* a refresh that got no answer leaves what is known */
        return;
    }
    x->step = x->condition[0] ? STEP_OPEN : STEP_TOKEN;
    if (x->known)
        x->step = STEP_FEE;
    x->next_us = clock_now_us() + (wait < TRY_MOST_US ? wait : TRY_MOST_US);
}

static void need_step(struct need *x);

static void need_take(struct need *x) {
    struct pm_entry *e = NULL;
    x->young = true; /* it exists */
    switch (pm_table_take(x->all->d, &x->listing, true, clock_now_us(), &e)) {
    case PM_TAKEN: need_end(x, e); return;
    case PM_NO_FEE:
        x->step = STEP_FEE;
        need_step(x);
        return;
    case PM_NOT_READY:
    case PM_NO_BOOK:
    case PM_OVER: break;
    }
    if (x->step < STEP_CLOB) { /* the CLOB may know more than the listing */
        x->step = STEP_CLOB;
        need_step(x);
    } else {
        need_later(x);
    }
}

static bool first_listing(void *ctx, const struct pm_listing *l, const char *why) {
    struct need *x = ctx;
    (void)why;
    if (l && (x->condition[0] ? !strcmp(l->pm.m.native, x->condition) : !strcmp(l->pm.token[0], x->key) || !strcmp(l->pm.token[1], x->key))) {
        memcpy(x->condition, l->pm.m.native, sizeof x->condition);
        x->listing = *l;
        x->young = true;
        x->busy = false; /* found */
        return false;
    }
    return true;
}

static void on_condition(void *ctx, const struct pm_got *g) {
    struct need *x = ctx;
    if (g->err == ERR_OK && pm_parse_token_market(g->root, x->condition)) {
        struct pm_entry *e = pm_table_condition(&x->all->d->table, x->condition);
        x->step = STEP_OPEN;
        if (e)
            need_end(x, e);
        else
            need_step(x);
        return;
    }
    if (g->err == ERR_NOT_FOUND) { /* or this venue has no such answer: the listing names its tokens too */
        x->step = STEP_OPEN;
        need_step(x);
        return;
    }
    need_later(x);
}

static void on_gamma(void *ctx, const struct pm_got *g) {
    struct need *x = ctx;
    struct pm_page page;
    if (g->err == ERR_OK && pm_parse_listings(g->root, first_listing, x, &page) && !x->busy) {
        need_take(x);
        return;
    }
    x->step = x->step == STEP_OPEN ? STEP_CLOSED : STEP_CLOB;
    if (x->condition[0] || x->step == STEP_CLOSED)
        need_step(x);
    else
        need_later(x);
}

/* What only the listing says stays: where it belongs, and its fee. */
static void clob_join(struct pm_listing *l, const struct pm_listing *gamma) {
    if (!gamma->pm.m.native[0])
        return;
    memcpy(l->pm.m.category, gamma->pm.m.category, sizeof l->pm.m.category);
    memcpy(l->pm.event_slug, gamma->pm.event_slug, sizeof l->pm.event_slug);
    l->pm.protocol = gamma->pm.protocol;
    l->fee_source = gamma->fee_source;
    l->pm.m.taker_ppm = gamma->pm.m.taker_ppm;
    l->pm.m.maker_ppm = gamma->pm.m.maker_ppm;
    l->pm.fee_exponent = gamma->pm.fee_exponent;
}

static void on_clob(void *ctx, const struct pm_got *g) {
    struct need *x = ctx;
    struct pm_listing l;
    if (g->err == ERR_OK && pm_parse_clob_market(g->root, &l) && !strcmp(l.pm.m.native, x->condition)) {
        clob_join(&l, &x->listing);
        x->listing = l;
        need_take(x);
    } else if (x->listing.lacks) { /* the short form says enough too */
        x->step = STEP_FEE;
        need_step(x);
    } else {
        need_later(x);
    }
}

/* Nobody tells more. The venue refuses what it does not take; tick and minimum there must be. */
static void facts_settle(struct need *x) {
    struct pm_listing *l = &x->listing;
    if ((l->lacks & PM_LACKS_ACCEPTING) && !l->dark) {
        l->pm.accepting = 1;
        l->pm.m.status = MARKET_OPEN;
    }
    l->lacks = 0;
    l->ready = true;
    need_take(x);
}

static void on_neg_risk(void *ctx, const struct pm_got *g) {
    struct need *x = ctx;
    bool neg_risk = false; /* where the venue does not know the word */
    if (g->err == ERR_NOT_FOUND || (g->err == ERR_OK && pm_parse_neg_risk(g->root, &neg_risk))) {
        x->listing.pm.neg_risk = neg_risk;
        facts_settle(x);
    } else {
        need_later(x);
    }
}

/* There is no short form here: what a listing said, or left unsaid, is all there is. */
static void short_absent(struct need *x) {
    struct pm_listing *l = &x->listing;
    if (x->known || l->fee_source == PM_FEE_UNKNOWN || (l->lacks & (PM_LACKS_TICK | PM_LACKS_MINIMUM))) {
        need_later(x);
        return;
    }
    l->fee_source = PM_FEE_KNOWN; /* nobody speaks of one */
    if (l->lacks & PM_LACKS_NEG_RISK) {
        x->step = STEP_NEG_RISK;
        need_step(x);
    } else {
        facts_settle(x);
    }
}

static void on_fee(void *ctx, const struct pm_got *g) {
    struct need *x = ctx;
    if (g->err == ERR_NOT_FOUND) {
        short_absent(x);
        return;
    }
    if (x->known)
        x->listing = (struct pm_listing){.pm = x->known->pm, .ready = true, .fee_source = PM_FEE_KNOWN};
    if (g->err != ERR_OK || !pm_parse_clob_short(g->root, &x->listing)) {
        need_later(x);
        return;
    }
    if (x->listing.lacks) { /* it says them all, or leaves out what is not so */
        x->listing.pm.accepting = x->listing.pm.m.status == MARKET_OPEN;
        x->listing.lacks = 0;
        x->listing.ready = true;
    }
    if (x->known) /* this is the interface orders go to: its tick is the one that counts */
        x->known->tick_us = 0;
    need_take(x);
}

static void need_step(struct need *x) {
    static const struct { enum pm_lane lane; const char *path; bool token; pm_got_fn *got; } steps[] = {
        [STEP_TOKEN] = {PM_LANE_CLOB, "/markets-by-token/", true, on_condition},
        [STEP_OPEN] = {PM_LANE_MARKETS, "/markets/keyset?limit=5&include_tag=true", false, on_gamma},
        [STEP_CLOSED] = {PM_LANE_MARKETS, "/markets/keyset?limit=5&include_tag=true&closed=true", false, on_gamma},
        [STEP_CLOB] = {PM_LANE_CLOB, "/markets/", false, on_clob},
        [STEP_FEE] = {PM_LANE_CLOB, "/clob-markets/", false, on_fee},
        [STEP_NEG_RISK] = {PM_LANE_CLOB, "/neg-risk?token_id=", false, on_neg_risk},
    };
    struct str path = {0};
    x->busy = true;
    str_add(&path, steps[x->step].path);
    if ((x->step == STEP_OPEN || x->step == STEP_CLOSED) && x->condition[0])
        pm_query_condition(&path, x->condition);
    else if (x->step == STEP_OPEN || x->step == STEP_CLOSED)
        str_addf(&path, "&clob_token_ids=%s", x->key);
    else
        str_add(&path, x->step == STEP_NEG_RISK ? x->listing.pm.token[0] : steps[x->step].token ? x->key : x->condition);
    pm_rest_ask(x->all->d->rest, &(struct pm_ask){.lane = steps[x->step].lane, .path = path.p, .tries = 3, .first = true}, steps[x->step].got, x);
    str_free(&path);
}

static struct need *need_new(struct pm_needs *n) {
    struct need *x = xcalloc(1, sizeof *x);
    x->all = n;
    x->next = n->first;
    n->first = x;
    return x;
}

void pm_needs_add(struct pm_needs *n, const char *key, bool needed, pm_market_fn *done, void *ctx) {
    char condition[PM_CONDITION_MAX] = "", token[PM_TOKEN_MAX] = "";
    struct pm_entry *e = NULL;
    if (pm_condition_parse(key, strlen(key), condition))
        e = pm_table_condition(&n->d->table, condition);
    else if (pm_token_parse(key, strlen(key), token))
        e = pm_table_token(&n->d->table, token, strlen(token), NULL);
    if (e || (!condition[0] && !token[0])) {
        if (e && needed)
            e->needed = true;
        if (done)
            done(ctx, e ? &e->pm : NULL);
        return;
    }
    for (struct need *x = n->first; x; x = x->next)
        if (!x->known && (condition[0] ? !strcmp(x->condition, condition) : !strcmp(x->key, token))) {
            x->needed = x->needed || needed;
            wait_for(x, done, ctx);
            return;
        }
    struct need *x = need_new(n);
    x->needed = needed;
    memcpy(x->key, token, sizeof token);
    memcpy(x->condition, condition, sizeof condition);
    x->step = condition[0] ? STEP_OPEN : STEP_TOKEN;
    wait_for(x, done, ctx);
    need_step(x);
}

void pm_needs_refresh(struct pm_needs *n, struct pm_entry *e, pm_market_fn *done, void *ctx) {
    for (struct need *x = n->first; x; x = x->next)
        if (x->known == e) {
            wait_for(x, done, ctx);
            return;
        }
    struct need *x = need_new(n);
    x->known = e;
    x->step = STEP_FEE;
    memcpy(x->condition, e->pm.m.native, sizeof x->condition);
    wait_for(x, done, ctx);
    need_step(x);
}

void pm_needs_run(struct pm_needs *n, int64_t now_us) {
    for (struct need *x = n->first, *next; x; x = next) {
        next = x->next;
        if (!x->busy && now_us >= x->next_us)
            need_step(x);
    }
}

void pm_market_need(struct pm_data *d, const char *condition_or_token, pm_market_fn *done, void *ctx) { pm_needs_add(d->needs, condition_or_token, true, done, ctx); }
void pm_market_needs_drop(struct pm_data *d, const void *ctx) { pm_needs_drop(d->needs, ctx); }

void pm_market_refresh(struct pm_data *d, market_id id, pm_market_fn *done, void *ctx) {
    struct pm_entry *e = map_get_ptr(&d->table.by_id, id);
    if (e)
        pm_needs_refresh(d->needs, e, done, ctx);
    else if (done)
        done(ctx, NULL);
}
