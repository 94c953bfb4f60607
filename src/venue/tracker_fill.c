/* Executions of an account: each told once, its finality once, those of foreign orders under an id made from the venue's.
 * A fill that can't be given to an order yet waits while one of the market is on its way. */
#include "venue/tracker_private.h"

#include <string.h>

#include "turret/base/hash.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"

static uint64_t fill_key(const char *venue_trade, uint8_t leg) { return fnv64(tracker_text_key(venue_trade), &leg, 1); }

static struct fill *provisional_find(struct tracker *t, const char *venue_trade, uint8_t leg) {
    for (size_t i = 0; i < t->open_count; i++)
        if (t->open_fills[i].leg == leg && strcmp(t->open_fills[i].venue_trade, venue_trade) == 0)
            return &t->open_fills[i];
    return NULL;
}

static void remember(struct tracker *t, const struct fill *f) {
    map_put(&t->fills, fill_key(f->venue_trade, f->leg), f->finality);
    if (f->kind == FILL_TRADE && f->at_us > t->last_fill_us)
        t->last_fill_us = f->at_us;
    tracker_place_get(t, f->market, f->side);
    if (f->finality != FILL_PROVISIONAL)
        return;
    t->open_fills = xgrow(t->open_fills, &t->open_cap, t->open_count + 1, sizeof *t->open_fills);
    t->open_fills[t->open_count++] = *f;
}

static void place_move(struct tracker *t, const struct fill *f, bool back, int64_t now_us) {
    struct tracker_place *p = tracker_place_get(t, f->market, f->side);
    bool grows = (f->action == side_opening_action((enum order_side)f->side)) != back;
    p->net.micro += grows ? f->size.micro : -f->size.micro;
    p->at_us = now_us;
}

/* As stored: one fill may be two rows (it went through zero), which settle together. The order's row counts them already. */
void tracker_restore_fill(struct tracker *t, const struct fill *f) {
    uint64_t known;
    if (f->venue_trade[0] == 0 || map_get(&t->fills, fill_key(f->venue_trade, f->leg), &known))
        return;
    struct entry *e = tracker_entry(t, f->order);
    struct fill *first = f->leg > 0 ? provisional_find(t, f->venue_trade, 0) : NULL;
    if (e != NULL && f->finality == FILL_REVERSED)
        e->reversed.micro += f->size.micro;
    if (first != NULL) {
        first->size.micro += f->size.micro;
        map_put(&t->fills, fill_key(f->venue_trade, f->leg), f->finality);
        return;
    }
    remember(t, f);
}

static void reversed(struct tracker *t, order_id order, qty size, bool told, int64_t now_us) {
    struct entry *e = tracker_entry(t, order);
    if (e == NULL)
        return;
    e->reversed.micro += size.micro;
    if (told)
        e->o.filled.micro -= size.micro < e->o.filled.micro ? size.micro : e->o.filled.micro;
    tracker_done_again(t, e, now_us);
}

static void settled(struct tracker *t, const struct fill *f, int64_t now_us) {
    struct fill *p = provisional_find(t, f->venue_trade, f->leg);
    struct event ev;
    map_put(&t->fills, fill_key(f->venue_trade, f->leg), f->finality);
    event_init(&ev, EVENT_FINALITY, t->venue, now_us);
    ev.u.finality.account = t->account;
    ev.u.finality.finality = f->finality;
    ev.u.finality.leg = f->leg;
    str_copy(ev.u.finality.venue_trade, sizeof ev.u.finality.venue_trade, f->venue_trade);
    order_id order = p != NULL ? p->order : 0;
    qty size = p != NULL ? p->size : f->size;
    if (p != NULL && f->finality == FILL_REVERSED)
        place_move(t, p, true, now_us);
    if (p != NULL)
        *p = t->open_fills[--t->open_count];
    tracker_put(t, &ev);
    if (f->finality == FILL_REVERSED)
        reversed(t, order, size, true, now_us);
}

static void tell(struct tracker *t, struct entry *e, const struct fill *f, const char *venue_order, int64_t now_us) {
    struct event ev;
    event_init(&ev, EVENT_FILL, t->venue, now_us);
    struct fill *g = &ev.u.fill_ev.fill;
    *g = *f;
    g->account = t->account;
    g->order = e != NULL ? e->o.id : 0;
    g->position = 0;
    str_copy(ev.u.fill_ev.venue_order, sizeof ev.u.fill_ev.venue_order, venue_order);
    remember(t, g);
    place_move(t, g, false, now_us);
    if (e != NULL) {
        e->o.filled.micro += f->size.micro;
        e->o.acked = 1;
        e->o.delayed = 0;
        e->unknown = false;
    }
    tracker_put(t, &ev);
    if (e != NULL && e->o.filled.micro >= (e->o.over ? e->told : e->o.size).micro)
        tracker_over(t, e, true);
}

static struct entry *owner(const struct tracker *t, const struct fill *f, const char *venue_order) {
    struct entry *e = f->order != 0 ? tracker_entry(t, f->order) : NULL;
    return e != NULL ? e : tracker_entry_by_venue_id(t, venue_order);
}

static bool one_on_its_way(const struct tracker *t, market_id market) {
    for (const struct entry *e = t->open; e != NULL; e = e->next) /* those that are over and wait for fills too */
        if (e->o.market == market && e->o.venue_id[0] == 0)
            return true;
    return false;
}

/* Another's order: a market order of the website has no row but this one. */
static struct entry *foreign(struct tracker *t, const struct fill *f, const char *venue_order, int64_t now_us) {
    struct order like = {.account = t->account, .market = f->market, .side = f->side, .action = f->action, .limit = f->px};
    like.size = f->size;
    str_copy(like.venue_id, sizeof like.venue_id, venue_order);
    const struct tracked *o = tracker_external(t, &like, now_us);
    if (o == NULL)
        return NULL;
    struct entry *e = tracker_entry(t, o->id);
    e->foreign = true;
    tracker_over(t, e, true); /* the desk's row of it grows with its fills; it is open only when the venue lists it (tracker_external) */
    return e;
}

static struct held *held_find(struct tracker *t, const struct fill *f) {
    for (size_t i = 0; i < t->held_count; i++)
        if (t->held[i].f.leg == f->leg && strcmp(t->held[i].f.venue_trade, f->venue_trade) == 0)
            return &t->held[i];
    return NULL;
}

static void held_add(struct tracker *t, const struct fill *f, const char *venue_order, int64_t now_us) {
    t->held = xgrow(t->held, &t->held_cap, t->held_count + 1, sizeof *t->held);
    struct held *h = &t->held[t->held_count++];
    *h = (struct held){.f = *f, .until_us = now_us + TRACKER_HOLD_US};
    str_copy(h->venue_order, sizeof h->venue_order, venue_order);
}

/* The venue's total of that order counts it, should it be heard of yet. */
static void orphan_note(struct tracker *t, qty size, const char *venue_order) {
    t->orphans = xgrow(t->orphans, &t->orphan_cap, t->orphan_count + 1, sizeof *t->orphans);
    struct orphan *o = &t->orphans[t->orphan_count++];
    o->size = size;
    str_copy(o->venue_order, sizeof o->venue_order, venue_order);
}

/* It waits no more: to its order, or out as another's. */
static void held_let(struct tracker *t, size_t i, struct entry *e, int64_t now_us) {
    const struct held h = t->held[i];
    memmove(&t->held[i], &t->held[i + 1], (--t->held_count - i) * sizeof *t->held);
    if (h.f.finality == FILL_REVERSED) {
        map_put(&t->fills, fill_key(h.f.venue_trade, h.f.leg), FILL_REVERSED);
        reversed(t, e != NULL ? e->o.id : 0, h.f.size, false, now_us);
        if (e == NULL)
            orphan_note(t, h.f.size, h.venue_order);
        return;
    }
    tell(t, e != NULL ? e : foreign(t, &h.f, h.venue_order, now_us), &h.f, h.venue_order, now_us);
}

void tracker_held_retry(struct tracker *t, int64_t now_us) {
    for (size_t i = 0; i < t->held_count;) {
        struct entry *e = owner(t, &t->held[i].f, t->held[i].venue_order);
        if (e != NULL)
            held_let(t, i, e, now_us);
        else
            i++;
    }
}

int64_t tracker_run(struct tracker *t, int64_t now_us) {
    int64_t next = INT64_MAX;
    for (size_t i = 0; i < t->held_count;) {
        if (now_us >= t->held[i].until_us || !one_on_its_way(t, t->held[i].f.market)) {
            held_let(t, i, owner(t, &t->held[i].f, t->held[i].venue_order), now_us);
            continue;
        }
        next = t->held[i].until_us < next ? t->held[i].until_us : next;
        i++;
    }
    return next;
}

void tracker_fill(struct tracker *t, const struct fill *f, const char *venue_order, int64_t now_us) {
    uint64_t known;
    if (f->venue_trade[0] == 0 || f->size.micro <= 0)
        return;
    if (map_get(&t->fills, fill_key(f->venue_trade, f->leg), &known)) {
        if (known == FILL_PROVISIONAL && f->finality != FILL_PROVISIONAL)
            settled(t, f, now_us);
        return;
    }
    struct entry *e = owner(t, f, venue_order);
    struct held *h = held_find(t, f);
    if (h != NULL) { /* seen before: only its finality may be news */
        if (h->f.finality == FILL_PROVISIONAL)
            h->f.finality = f->finality;
        tracker_run(t, now_us);
        return;
    }
    if (e == NULL && f->kind == FILL_TRADE && one_on_its_way(t, f->market)) {
        held_add(t, f, venue_order, now_us);
    } else if (f->finality == FILL_REVERSED) { /* it never happened */
        map_put(&t->fills, fill_key(f->venue_trade, f->leg), FILL_REVERSED);
        reversed(t, e != NULL ? e->o.id : 0, f->size, false, now_us);
        if (e == NULL)
            orphan_note(t, f->size, venue_order);
    } else {
        tell(t, e != NULL ? e : foreign(t, f, venue_order, now_us), f, venue_order, now_us);
    }
}

int tracker_provisional(const struct tracker *t, int64_t *oldest_us) {
    int64_t oldest = 0;
    for (size_t i = 0; i < t->open_count; i++)
        if (oldest == 0 || t->open_fills[i].at_us < oldest)
            oldest = t->open_fills[i].at_us;
    if (oldest_us != NULL)
        *oldest_us = oldest;
    return (int)t->open_count;
}

const struct fill *tracker_next_provisional(const struct tracker *t, const struct fill *after) {
    size_t i = after == NULL ? 0 : (size_t)(after - t->open_fills) + 1;
    return i < t->open_count ? &t->open_fills[i] : NULL;
}

int64_t tracker_last_fill_us(const struct tracker *t) { return t->last_fill_us; }
