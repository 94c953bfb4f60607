/* The table of markets: found by id, token and condition; a listing that differs from what is known is told. What the stream says of ticks and
 * the end of a market counts more than a listing, which may be minutes old. */
#include <stdlib.h>

#include "turret/base/hash.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/io/loop.h"
#include "venue/polymarket/market/pm_data.h"

#define TICK_TRUST_US (600 * PM_SECOND) /* so long a listing may be behind the stream */

static uint64_t key_of(const char *text, size_t len) { return fnv64(FNV64_INIT, text, len); }

struct pm_entry *pm_table_condition(const struct pm_table *t, const char *condition) {
    struct pm_entry *e = map_get_ptr(&t->by_condition, key_of(condition, strlen(condition)));
    return e && !strcmp(e->pm.m.native, condition) ? e : NULL;
}

struct pm_entry *pm_table_token(const struct pm_table *t, const char *token, size_t len, int *outcome) {
    struct pm_entry *e = map_get_ptr(&t->by_token, key_of(token, len));
    for (int i = 0; e && i < 2; i++)
        if (strlen(e->pm.token[i]) == len && !memcmp(e->pm.token[i], token, len)) {
            if (outcome)
                *outcome = i;
            return e;
        }
    return NULL;
}

const struct pm_market *pm_market_by_id(const struct pm_data *d, market_id id) {
    const struct pm_entry *e = map_get_ptr(&d->table.by_id, id);
    return e ? &e->pm : NULL;
}
const struct pm_market *pm_market_by_token(const struct pm_data *d, const char *token, int *outcome) {
    const struct pm_entry *e = pm_table_token(&d->table, token, strlen(token), outcome);
    return e ? &e->pm : NULL;
}
const struct pm_market *pm_market_by_condition(const struct pm_data *d, const char *condition) {
    char own[PM_CONDITION_MAX];
    const struct pm_entry *e = pm_condition_parse(condition, strlen(condition), own) ? pm_table_condition(&d->table, own) : NULL;
    return e ? &e->pm : NULL;
}

void pm_table_free(struct pm_table *t) {
    for (size_t i = 0; i < t->n; i++) {
        free(t->list[i]->summary);
        free(t->list[i]);
    }
    free(t->list);
    map_free(&t->by_id);
    map_free(&t->by_token);
    map_free(&t->by_condition);
}

/* --- telling ---------------------------------------------------------------------------------------------------------------------------- */
static void tell_market(struct pm_data *d, const struct pm_entry *e, int64_t now_us) {
    struct event ev;
    event_init(&ev, EVENT_MARKET, d->as, now_us);
    ev.u.market = e->pm.m;
    pm_put(d, &ev);
}

static void tell_status(struct pm_data *d, const struct pm_entry *e, int64_t now_us) {
    struct event ev;
    event_init(&ev, EVENT_MARKET_STATUS, d->as, now_us);
    ev.u.market_status = (struct ev_market_status){.market = e->pm.m.id, .status = e->pm.m.status, .outcome = e->pm.m.outcome};
    pm_put(d, &ev);
}

static bool streams(const struct pm_entry *e) { return e->pm.m.status == MARKET_OPEN || e->pm.m.status == MARKET_HALTED; }

/* Subscribed while it trades; what is over needs no books. */
static void follow_status(struct pm_data *d, struct pm_entry *e) {
    if (streams(e) && !e->conn && e->history == PM_HISTORY_DONE)
        pm_stream_add(d->stream, e);
    else if (!streams(e) && e->conn)
        pm_stream_remove(d->stream, e);
}

/* --- taking ------------------------------------------------------------------------------------------------------------------------------ */
static bool ids_taken(const struct pm_data *d, const struct pm_listing *l) {
    return map_get_ptr(&d->table.by_id, l->pm.m.id) || map_get_ptr(&d->table.by_token, key_of(l->pm.token[0], strlen(l->pm.token[0]))) ||
           map_get_ptr(&d->table.by_token, key_of(l->pm.token[1], strlen(l->pm.token[1])));
}

static struct pm_entry *add(struct pm_data *d, const struct pm_listing *l, int64_t now_us) {
    struct pm_table *t = &d->table;
    struct pm_entry *e = xcalloc(1, sizeof *e);
    e->d = d;
    e->pm = l->pm;
    e->seen_us = e->polled_us = now_us;
    t->list = xgrow(t->list, &t->cap, t->n + 1, sizeof(struct pm_entry *));
    t->list[t->n++] = e;
    map_put_ptr(&t->by_id, e->pm.m.id, e);
    map_put_ptr(&t->by_condition, key_of(e->pm.m.native, strlen(e->pm.m.native)), e);
    for (int i = 0; i < 2; i++)
        map_put_ptr(&t->by_token, key_of(e->pm.token[i], strlen(e->pm.token[i])), e);
    return e;
}

/* What was known stays where the listing says nothing or is older. */
static void merge(const struct pm_entry *e, struct pm_listing *l, int64_t now_us) {
    const struct market *old = &e->pm.m;
    struct market *m = &l->pm.m;
    m->id = old->id;
    memcpy(m->symbol, old->symbol, sizeof m->symbol);
    if (!m->category[0])
        memcpy(m->category, old->category, sizeof m->category);
    if (!l->pm.event_slug[0])
        memcpy(l->pm.event_slug, e->pm.event_slug, sizeof l->pm.event_slug);
    if (e->tick_us && now_us - e->tick_us < TICK_TRUST_US && m->tick.micro != old->tick.micro)
        pm_tick_set(m, old->tick.micro);
    if (l->fee_source != PM_FEE_KNOWN) {
        m->taker_ppm = old->taker_ppm;
        m->maker_ppm = old->maker_ppm;
        l->pm.fee_exponent = e->pm.fee_exponent;
    }
    if (old->status == MARKET_RESOLVED || (old->status == MARKET_CLOSED && m->status < MARKET_CLOSED && !l->pm.accepting)) {
        m->status = old->status;
        m->outcome = old->outcome;
        l->pm.accepting = e->pm.accepting;
    }
    l->pm.wanted = e->pm.wanted;
}

static void update(struct pm_data *d, struct pm_entry *e, struct pm_listing *l, int64_t now_us) {
    merge(e, l, now_us);
    const struct market old = e->pm.m;
    const bool status = old.status != l->pm.m.status || old.outcome != l->pm.m.outcome;
    e->pm = l->pm;
    struct market same = e->pm.m;
    same.status = old.status;
    same.outcome = old.outcome;
    e->seen_us = now_us;
    if (status)
        tell_status(d, e, now_us);
    if (memcmp(&same, &old, sizeof same) != 0)
        tell_market(d, e, now_us);
    follow_status(d, e);
}

enum pm_taken pm_table_take(struct pm_data *d, const struct pm_listing *given, bool over, int64_t now_us, struct pm_entry **out) {
    struct pm_listing l = *given;
    struct pm_entry *e = pm_table_condition(&d->table, l.pm.m.native);
    *out = e;
    if (l.pm.m.closes_us <= now_us && l.pm.accepting)
        l.pm.m.closes_us = 0; /* it goes on past the day it was meant to end */
    if (e && l.lacks) { /* says less than is known */
        e->seen_us = now_us;
        return PM_TAKEN;
    }
    if (e && !l.ready) { /* it is closed, or the list leaves something out: only its state is news */
        struct pm_listing known = {.pm = e->pm, .ready = true};
        known.pm.m.status = l.pm.m.status;
        known.pm.m.outcome = l.pm.m.outcome;
        known.pm.accepting = l.pm.accepting;
        update(d, e, &known, now_us);
        return PM_TAKEN;
    }
    if (!l.ready)
        return PM_NOT_READY;
    pm_listing_name(&l, d->as);
    if (e) {
        update(d, e, &l, now_us);
        return PM_TAKEN;
    }
    if (l.pm.m.status >= MARKET_CLOSED && !over)
        return PM_OVER;
    if (l.dark && l.pm.m.status < MARKET_CLOSED)
        return PM_NO_BOOK;
    if (l.fee_source != PM_FEE_KNOWN)
        return PM_NO_FEE;
    if (ids_taken(d, &l)) { /* two conditions of one slug, or of one token */
        str_copy(l.pm.slug, sizeof l.pm.slug, "");
        pm_listing_name(&l, d->as);
        if (ids_taken(d, &l))
            return PM_NOT_READY;
    }
    *out = add(d, &l, now_us);
    tell_market(d, *out, now_us);
    if (streams(*out))
        pm_listed(d, *out);
    return PM_TAKEN;
}

void pm_table_tick(struct pm_data *d, struct pm_entry *e, int64_t tick, int64_t now_us) {
    if (e->pm.m.tick.micro == tick)
        return;
    if (!pm_tick_set(&e->pm.m, tick)) {
        pm_note(d, NOTICE_WARN, "Polymarket: %s has a tick size that is not known here", e->pm.m.symbol);
        return;
    }
    e->tick_us = now_us;
    tell_market(d, e, now_us);
}

void pm_table_resolve(struct pm_data *d, struct pm_entry *e, enum market_outcome o, int64_t now_us) {
    if (e->pm.m.status == MARKET_RESOLVED)
        return;
    e->pm.m.status = MARKET_RESOLVED;
    e->pm.m.outcome = (uint8_t)o;
    e->pm.accepting = 0;
    tell_status(d, e, now_us);
    follow_status(d, e);
}
