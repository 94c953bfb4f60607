/* The view of snipers and alerts. */
#include "desk/state_watch.h"

#include <string.h>

#include "turret/base/str.h"

size_t view_watch_count(const struct desk *d, enum watch_kind k, bool armed_only) {
    const struct watches *x = d->watches;
    return x == NULL ? 0 : armed_only ? x->armed[k] : x->live[k];
}

const struct watch *view_next_watch(const struct desk *d, size_t *cursor, enum watch_kind k, bool live) {
    const struct watches *x = d->watches;
    while (x != NULL && *cursor < x->n) {
        const struct watch *w = &x->list[(*cursor)++];
        if (w->kind == k && (!live || watch_live(w)))
            return w;
    }
    return NULL;
}

static enum err why_not(const struct desk *d, const struct watch *w) {
    const struct mkt *m = watch_market(d, w);
    if (!watch_live(w))
        return ERR_NOT_OPEN;
    if (!d->leader)
        return ERR_NOT_LEADER;
    if (w->kind == WATCH_SNIPER && d->killed)
        return ERR_KILLED;
    if (w->kind == WATCH_SNIPER && d->trading == TRADING_HALTED)
        return ERR_TRADING_HALTED;
    const struct acct *a = w->kind == WATCH_SNIPER ? acct_find(d, w->account) : NULL;
    if (a != NULL && !live_may_trade(d, a) && !(w->flags & WATCH_REDUCE_ONLY))
        return d->simulated_only ? ERR_SIMULATION_ONLY : ERR_NOT_LIVE;
    if (m != NULL && m->m.status != MARKET_OPEN)
        return ERR_MARKET_CLOSED;
    if (m != NULL && (!mkt_fresh(d, m) || m->gap || m->crossed))
        return ERR_STALE_BOOK;
    return ERR_OK;
}

bool view_watch(const struct desk *d, watch_id id, struct view_watch *out) {
    const struct watches *x = d->watches;
    const struct watch *w = watch_find(d, id);
    memset(out, 0, sizeof *out);
    if (w == NULL)
        return false;
    const struct mkt *m = watch_market(d, w);
    enum err e = why_not(d, w);
    out->w = w;
    out->known = watch_value(d, w, &out->now);
    out->stale = m != NULL && !mkt_fresh(d, m);
    if (out->known && !watch_in_zone(w, out->now))
        out->distance = out->now > w->level.micro ? out->now - w->level.micro : w->level.micro - out->now;
    for (size_t i = 0; i < x->waiting_n; i++)
        if (x->waiting[i].id == id) {
            out->held_us = d->now_us - x->waiting[i].since_us;
            e = e == ERR_OK ? (enum err)x->waiting[i].code : e;
        }
    for (size_t i = 0; i < x->near_n; i++)
        if (x->near[i].id == id) {
            out->near_misses = x->near[i].count;
            out->near_us = x->near[i].at_us;
            out->near_value = x->near[i].value;
            out->near_held_us = x->near[i].held_us;
        }
    if (e != ERR_OK)
        str_copy(out->why, sizeof out->why, err_text(e));
    else if (w->flags & WATCH_AWAY)
        str_copy(out->why, sizeof out->why, "it has fired: it counts again when the price has left the zone");
    return true;
}
