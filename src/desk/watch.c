/* Snipers and alerts: the records, what a person wants of them, and their place in the index. What happens when one is hit is in
 * watch_fire.c. */
#include "desk/state_watch.h"

#include <stdlib.h>
#include <string.h>

#include "turret/base/hash.h"

#define FINISHED_KEEP 500
#define SWEEP 65536 /* records looked at in a second */

struct watches *watches_of(struct desk *d) {
    if (d->watches == NULL)
        d->watches = xcalloc(1, sizeof *d->watches);
    return d->watches;
}

void watches_free(struct desk *d) {
    struct watches *x = d->watches;
    if (x == NULL)
        return;
    for (size_t i = 0; i < x->set_n; i++)
        trigger_set_free(x->sets[i].set);
    free(x->sets);
    free(x->list);
    free(x->waiting);
    free(x->near);
    free(x);
    d->watches = NULL;
}

/* --- finding --- */
static size_t place_of(const struct watches *x, watch_id id) {
    size_t lo = 0, hi = x->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (x->list[mid].id < id)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

struct watch *watch_find(const struct desk *d, watch_id id) {
    const struct watches *x = d->watches;
    const size_t i = x != NULL ? place_of(x, id) : 0;
    return x != NULL && i < x->n && x->list[i].id == id ? &x->list[i] : NULL;
}

struct mkt *watch_market(const struct desk *d, const struct watch *w) {
    return figure_info((enum figure)w->figure)->subject == SUBJECT_MARKET ? mkt_find(d, w->subject) : NULL;
}

static struct watch *add(struct desk *d, const struct watch *w) {
    struct watches *x = watches_of(d);
    size_t i = x->n == 0 || x->list[x->n - 1].id < w->id ? x->n : place_of(x, w->id);
    if (i < x->n && x->list[i].id == w->id)
        return NULL;
    x->list = xgrow(x->list, &x->cap, x->n + 1, sizeof *x->list);
    memmove(&x->list[i + 1], &x->list[i], (x->n - i) * sizeof *x->list);
    x->list[i] = *w;
    x->n++;
    if (w->id >= d->next_num)
        d->next_num = w->id + 1;
    if (watch_live(w))
        x->live[w->kind]++;
    else
        x->finished++;
    d->dirty |= DIRTY_AUTOS;
    return &x->list[i];
}

/* --- the index --- */
static struct trigger_set *set_of(struct desk *d, const struct watch *w) {
    const struct figure_info *f = figure_info((enum figure)w->figure);
    struct watches *x = watches_of(d);
    struct mkt *m = watch_market(d, w);
    if (f->subject == SUBJECT_MARKET)
        return m != NULL ? m->triggers : NULL;
    for (size_t i = 0; i < x->set_n; i++)
        if (x->sets[i].subject == f->subject && x->sets[i].id == w->subject)
            return x->sets[i].set;
    x->sets = xgrow(x->sets, &x->set_cap, x->set_n + 1, sizeof *x->sets);
    x->sets[x->set_n] = (struct figure_set){f->subject, w->subject, trigger_set_new()};
    return x->sets[x->set_n++].set;
}

void watch_arm_index(struct desk *d, struct watch *w) {
    const struct trigger t = watch_trigger(w);
    struct trigger_set *set = set_of(d, w);
    struct mkt *m = watch_market(d, w);
    if (set != NULL)
        trigger_arm(set, &t);
    else
        w->flags |= WATCH_HOMELESS;
    if (m != NULL)
        m->armed = true;
}

/* A market was listed: those that waited for it are armed with the next beat, in one walk for all new markets. */
void watches_listed(struct desk *d) {
    if (d->watches != NULL)
        d->watches->listed = true;
}

void watches_house(struct desk *d) {
    struct watches *x = d->watches;
    if (!x->listed)
        return;
    x->listed = false;
    for (size_t i = 0; i < x->n; i++) {
        struct watch *w = &x->list[i];
        if (!(w->flags & WATCH_HOMELESS) || watch_market(d, w) == NULL)
            continue;
        w->flags = (uint8_t)(w->flags & ~WATCH_HOMELESS);
        if (w->status == WATCH_WATCHING && (w->flags & WATCH_ARMED))
            watch_arm_index(d, w);
    }
}

void watch_disarm_index(struct desk *d, struct watch *w) {
    const struct trigger t = watch_trigger(w);
    struct trigger_set *set = set_of(d, w);
    struct mkt *m = watch_market(d, w);
    w->flags = (uint8_t)(w->flags & ~WATCH_HOMELESS);
    if (set != NULL)
        trigger_disarm(set, &t); /* false: it waits in its zone */
    watch_unwait(d, w->id);
    if (m != NULL)
        triggers_counted(m);
}

void watch_set_armed(struct desk *d, struct watch *w, bool on) {
    struct watches *x = d->watches;
    const bool was = w->flags & WATCH_ARMED;
    if (was == on)
        return;
    if (!on)
        watch_disarm_index(d, w);
    w->flags = (uint8_t)(on ? w->flags | WATCH_ARMED : w->flags & ~(WATCH_ARMED | WATCH_AWAY));
    if (on) {
        x->armed[w->kind]++;
        watch_arm_index(d, w);
    } else
        x->armed[w->kind]--;
    d->dirty |= DIRTY_AUTOS;
}

/* --- records --- */
void watch_save(struct desk *d, struct watch *w) {
    w->version++;
    struct watch *row = &save_add(d, SAVE_WATCH)->u.watch;
    *row = *w;
    row->flags &= WATCH_STORED;
    d->dirty |= DIRTY_AUTOS;
}

void watch_log(struct desk *d, const struct watch *w, order_id order, const char *what, const char *text) {
    history_add(d, w->kind == WATCH_ALERT ? HISTORY_ALERT : HISTORY_SNIPER, w->id, watch_market(d, w), order, what, "%s", text);
}

void watch_end(struct desk *d, struct watch *w, enum watch_status s, const char *what, const char *text) {
    struct watches *x = d->watches;
    if (!watch_live(w))
        return;
    watch_set_armed(d, w, false);
    w->status = (uint8_t)s;
    x->live[w->kind]--;
    x->finished++;
    watch_log(d, w, w->order, what, text);
    watch_save(d, w);
}

void watch_revive(struct desk *d, struct watch *w) {
    struct watches *x = d->watches;
    w->status = WATCH_WATCHING;
    w->flags = (uint8_t)(w->flags & ~WATCH_BY_PARTNER);
    x->finished--;
    x->live[w->kind]++;
    watch_set_armed(d, w, true);
}

/* A transaction with its row was refused and is not tried again: what the row is now follows. */
void watch_unsaved(struct desk *d, watch_id id) {
    struct watch *w = watch_find(d, id);
    if (w != NULL)
        watch_save(d, w);
}

void on_watches(struct desk *d, const struct event *ev) {
    for (uint32_t i = 0; i < ev->u.watches.n; i++) {
        struct watch *w = add(d, &ev->u.watches.watches[i]);
        if (w == NULL || !(w->flags & WATCH_ARMED))
            continue;
        d->watches->armed[w->kind]++;
        if (w->status == WATCH_WATCHING)
            watch_arm_index(d, w);
    }
}

/* Those that were at work when the desk ended: their orders say what became of them. */
void watches_loaded(struct desk *d) {
    struct watches *x = d->watches;
    for (size_t i = 0; x != NULL && i < x->n; i++) {
        struct watch *w = &x->list[i];
        if (w->status != WATCH_EXECUTING)
            continue;
        struct rec *r = rec_find(d, w->order);
        if (r == NULL)
            watch_end(d, w, WATCH_FAILED, "lost", "its order is not in the book of record");
        else if (!order_open(&r->o))
            watch_order_over(d, r);
    }
}

/* --- what a person wants --- */
static enum err put_check(const struct desk *d, const struct watch *w, char text[REASON_MAX]) {
    enum err e = watch_check(w, text);
    const struct figure_info *f = figure_info((enum figure)w->figure);
    const struct mkt *m = watch_market(d, w);
    if (e != ERR_OK)
        return e;
    if (!d->leader || !d->loaded)
        return d->leader ? ERR_RECONCILING : ERR_NOT_LEADER;
    if (f->subject == SUBJECT_MARKET && m == NULL)
        return ERR_NOT_FOUND;
    if (f->subject == SUBJECT_MARKET && m->m.status != MARKET_OPEN && m->m.status != MARKET_HALTED)
        return ERR_MARKET_CLOSED;
    if (w->expires_us != 0 && w->expires_us <= d->now_us)
        return ERR_EXPIRED;
    if (w->kind != WATCH_SNIPER)
        return ERR_OK;
    const struct acct *a = acct_find(d, w->account);
    const bool binary_side = w->side == SIDE_YES || w->side == SIDE_NO;
    if (a == NULL || a->a.venue != m->m.venue)
        return ERR_NOT_FOUND;
    if (binary_side != (m->m.kind == MARKET_BINARY))
        return ERR_BAD_VALUE;
    if (m->m.kind == MARKET_BINARY && w->level.micro >= DEC_ONE)
        return ERR_PRICE_OUT_OF_RANGE;
    return ERR_OK;
}

static void refuse(struct desk *d, const struct intent *in, enum err e, const char *text) { reply(d, in->token, e, NULL, text); }

static void watch_put(struct desk *d, const struct intent *in) {
    struct watch w = in->u.watch, *old = w.id != 0 ? watch_find(d, w.id) : NULL;
    char text[REASON_MAX];
    enum err e = w.id != 0 && old == NULL ? ERR_NOT_FOUND : old != NULL && old->status != WATCH_WATCHING ? ERR_NOT_OPEN : put_check(d, &w, text);
    struct watch *oco = w.oco != 0 ? watch_find(d, w.oco) : NULL;
    if (e == ERR_OK && w.oco != 0 && (oco == NULL || !watch_live(oco) || oco->id == w.id))
        e = ERR_NOT_FOUND;
    if (e != ERR_OK) {
        refuse(d, in, e, e == ERR_BAD_VALUE ? text : NULL);
        return;
    }
    const bool alert_on = w.kind == WATCH_ALERT && (w.flags & WATCH_ARMED); /* an alert can do no harm: it may begin armed */
    w.flags = (uint8_t)(w.flags & (WATCH_REPEAT | WATCH_UNITS | WATCH_REDUCE_ONLY | WATCH_KEEP));
    w.status = WATCH_WATCHING;
    if (old != NULL) {
        watch_set_armed(d, old, false);
        w.version = old->version, w.fires = old->fires, w.spent = old->spent, w.order = 0, w.kind = old->kind;
        *old = w;
    } else {
        w.id = d->next_num;
        w.version = w.fires = 0;
        w.spent = USD(0);
        w.order = 0;
        old = add(d, &w);
        oco = w.oco != 0 ? watch_find(d, w.oco) : NULL; /* the list may have moved */
    }
    if (oco != NULL && oco->oco != old->id) {
        oco->oco = old->id;
        watch_save(d, oco);
    }
    watch_log(d, old, 0, in->u.watch.id != 0 ? "edited" : "made", alert_on ? "armed" : "off");
    if (alert_on)
        watch_set_armed(d, old, true);
    watch_save(d, old);
    save_after(d, AFTER_REPLY, old->id, in->token, PRICE(0), QTY(0));
    if (alert_on)
        watch_look(d, old->id);
}

static void watch_switch(struct desk *d, const struct intent *in, struct watch *w) {
    const bool on = in->kind == INTENT_WATCH_ARM;
    char text[REASON_MAX];
    enum err e = w->status != WATCH_WATCHING ? ERR_NOT_OPEN : on ? put_check(d, w, text) : ERR_OK;
    if (e != ERR_OK) {
        refuse(d, in, e, NULL);
        return;
    }
    const bool change = on != !!(w->flags & WATCH_ARMED);
    watch_set_armed(d, w, on);
    if (change) {
        watch_log(d, w, 0, on ? "armed" : "disarmed", "");
        watch_save(d, w);
    }
    save_after(d, AFTER_REPLY, w->id, in->token, PRICE(0), QTY(0));
    if (on)
        watch_look(d, w->id);
}

void intent_watch(struct desk *d, const struct intent *in) {
    struct watch *w = in->kind != INTENT_WATCH_PUT ? watch_find(d, (watch_id)in->order) : NULL;
    if (in->kind == INTENT_WATCH_PUT)
        watch_put(d, in);
    else if (w == NULL || (uint64_t)w->id != in->order)
        refuse(d, in, ERR_NOT_FOUND, NULL);
    else if (!d->leader || !d->loaded)
        refuse(d, in, ERR_NOT_LEADER, NULL);
    else if (in->kind != INTENT_WATCH_CANCEL)
        watch_switch(d, in, w);
    else if (w->status != WATCH_WATCHING)
        refuse(d, in, ERR_NOT_OPEN, NULL);
    else {
        watch_end(d, w, WATCH_CANCELLED, "cancelled", "by a person");
        save_after(d, AFTER_REPLY, w->id, in->token, PRICE(0), QTY(0));
    }
}

/* --- keeping order: a part of the list each second --- */
static void forget_finished(struct watches *x) {
    size_t keep = 0, drop = x->finished > FINISHED_KEEP ? x->finished - FINISHED_KEEP : 0;
    for (size_t i = 0; i < x->n; i++) {
        const bool old = !watch_live(&x->list[i]) && drop > 0;
        if (old)
            drop--, x->finished--;
        else
            x->list[keep++] = x->list[i];
    }
    x->n = keep;
    x->sweep = 0;
}

static bool subject_gone(const struct desk *d, const struct watch *w) {
    const struct rec *pos = figure_info((enum figure)w->figure)->subject == SUBJECT_POSITION ? rec_find(d, w->subject) : NULL;
    return pos != NULL ? pos->o.pos.status == POSITION_CLOSED : figure_info((enum figure)w->figure)->subject == SUBJECT_POSITION;
}

void watches_sweep(struct desk *d) {
    struct watches *x = d->watches;
    if (x == NULL || !d->loaded || !d->leader)
        return;
    for (size_t k = 0; k < SWEEP && k < x->n; k++) {
        x->sweep = x->sweep + 1 < x->n ? x->sweep + 1 : 0;
        struct watch *w = &x->list[x->sweep];
        if (w->status != WATCH_WATCHING)
            continue;
        const struct mkt *m = watch_market(d, w);
        if (w->expires_us != 0 && w->expires_us <= d->now_us)
            watch_end(d, w, WATCH_EXPIRED, "expired", "");
        else if (m != NULL && (m->m.status == MARKET_RESOLVED || m->m.status == MARKET_CLOSED))
            watch_end(d, w, WATCH_EXPIRED, "expired", "its market is over");
        else if (subject_gone(d, w))
            watch_end(d, w, WATCH_EXPIRED, "expired", "its position is closed");
    }
    if (x->finished > FINISHED_KEEP + FINISHED_KEEP / 2 + x->n / 8)
        forget_finished(x);
}

uint64_t hash_watches(const struct desk *d, uint64_t h) {
    const struct watches *x = d->watches;
    for (size_t i = 0; x != NULL && i < x->n; i++) {
        const struct watch *w = &x->list[i];
        if (!watch_live(w))
            continue; /* how many finished ones are kept is no state */
        const int64_t v[] = {w->id, w->account, (int64_t)w->subject, w->level.micro, w->amount, w->budget.micro, w->spent.micro, w->expires_us, (int64_t)w->order, w->fires, w->flags & WATCH_STORED, w->status};
        h = fnv64(h, v, sizeof v);
    }
    return h;
}
