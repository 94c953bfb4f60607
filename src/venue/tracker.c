/* Orders of an account as a real venue tells them: every answer becomes at most one event, whatever comes twice, late or in another order.
 * Fills are in tracker_fill.c. A venue's total counts what failed to settle as well: what was reversed is taken off before it is told. */
#include "venue/tracker_private.h"

#include <stdlib.h>
#include <string.h>

#include "turret/base/hash.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"

#define KEEP_ENDED 20000               /* ended orders kept at least */
#define KEEP_US (2 * 86400 * 1000000LL) /* and those younger than this */

uint64_t tracker_text_key(const char *s) { return fnv64(FNV64_INIT, s, strlen(s)); }

order_id tracker_external_id(enum venue_id venue, const char *venue_order) {
    uint64_t h = fnv64(fnv64_u64(FNV64_INIT, (uint64_t)venue), venue_order, strlen(venue_order));
    h ^= h >> 29; /* FNV's upper bits are the weak ones */
    h = (h * 0xbf58476d1ce4e5b9ull) >> 1;
    return h != 0 ? h : 1;
}

struct tracker *tracker_new(account_id account, enum venue_id venue, struct event_sink sink) {
    struct tracker *t = xcalloc(1, sizeof *t);
    t->account = account;
    t->venue = venue;
    t->sink = sink;
    map_init(&t->by_id);
    map_init(&t->by_venue_id);
    map_init(&t->fills);
    map_init(&t->place_map);
    return t;
}

void tracker_free(struct tracker *t) {
    if (t == NULL)
        return;
    for (size_t i = 0; i < t->count; i++)
        free(t->orders[i]);
    free(t->orders);
    free(t->open_fills);
    free(t->held);
    free(t->orphans);
    free(t->places);
    map_free(&t->by_id);
    map_free(&t->by_venue_id);
    map_free(&t->fills);
    map_free(&t->place_map);
    free(t);
}

/* --- the table ---------------------------------------------------------------------------------------------- */
struct entry *tracker_entry(const struct tracker *t, order_id id) { return map_get_ptr(&t->by_id, id); }

struct entry *tracker_entry_by_venue_id(const struct tracker *t, const char *venue_id) {
    struct entry *e = venue_id[0] != 0 ? map_get_ptr(&t->by_venue_id, tracker_text_key(venue_id)) : NULL;
    return e != NULL && strcmp(e->o.venue_id, venue_id) == 0 ? e : NULL;
}

const struct tracked *tracker_order(const struct tracker *t, order_id id) {
    const struct entry *e = tracker_entry(t, id);
    return e != NULL ? &e->o : NULL;
}

const struct tracked *tracker_by_venue_id(const struct tracker *t, const char *venue_id) {
    const struct entry *e = tracker_entry_by_venue_id(t, venue_id);
    return e != NULL ? &e->o : NULL;
}

const struct tracked *tracker_next_open(const struct tracker *t, const struct tracked *after) {
    const struct entry *e = after == NULL ? t->open : ((const struct entry *)after)->next; /* `o` is the first member */
    while (e != NULL && e->o.over)
        e = e->next;
    return e != NULL ? &e->o : NULL;
}

static void open_link(struct tracker *t, struct entry *e) {
    e->next = NULL;
    e->prev = t->open_last;
    *(t->open_last != NULL ? &t->open_last->next : &t->open) = e;
    t->open_last = e;
    e->is_open = true;
}

static void open_unlink(struct tracker *t, struct entry *e) {
    if (!e->is_open)
        return;
    *(e->prev != NULL ? &e->prev->next : &t->open) = e->next;
    *(e->next != NULL ? &e->next->prev : &t->open_last) = e->prev;
    e->is_open = false; /* `next` stays: a walk in which this one ends goes on */
}

void tracker_over(struct tracker *t, struct entry *e, bool closed) {
    e->o.over = 1;
    e->closed = e->closed || closed;
    if (e->closed)
        open_unlink(t, e);
}

static void venue_id_set(struct tracker *t, struct entry *e, const char *venue_id) {
    if (venue_id[0] == 0 || strcmp(e->o.venue_id, venue_id) == 0)
        return;
    str_copy(e->o.venue_id, sizeof e->o.venue_id, venue_id);
    map_put_ptr(&t->by_venue_id, tracker_text_key(e->o.venue_id), e);
}

struct tracker_place *tracker_place_get(struct tracker *t, market_id market, uint8_t side) {
    uint64_t key = fnv64_u64(fnv64_u64(FNV64_INIT, market), side), at;
    if (map_get(&t->place_map, key, &at))
        return &t->places[at];
    t->places = xgrow(t->places, &t->place_cap, t->place_count + 1, sizeof *t->places);
    map_put(&t->place_map, key, t->place_count);
    t->places[t->place_count] = (struct tracker_place){.market = market, .side = side};
    return &t->places[t->place_count++];
}

const struct tracker_place *tracker_place(const struct tracker *t, size_t i) { return i < t->place_count ? &t->places[i] : NULL; }

void tracker_place_set(struct tracker *t, market_id market, enum order_side side, qty net) { tracker_place_get(t, market, (uint8_t)side)->net = net; }

/* Ended orders are forgotten in the end; what still comes for one is found by the desk through its venue id. */
static void prune(struct tracker *t, int64_t now_us) {
    size_t kept = 0;
    if (t->count < t->prune_at)
        return;
    for (size_t i = 0; i < t->count; i++) {
        struct entry *e = t->orders[i];
        if (!e->o.over || now_us - e->o.sent_us < KEEP_US || tracker_waits(e)) {
            t->orders[kept++] = e;
            continue;
        }
        map_del(&t->by_id, e->o.id);
        if (tracker_entry_by_venue_id(t, e->o.venue_id) == e)
            map_del(&t->by_venue_id, tracker_text_key(e->o.venue_id));
        free(e);
    }
    t->count = kept;
    t->prune_at = kept + KEEP_ENDED;
}

static struct entry *entry_make(struct tracker *t, const struct order *o, int64_t now_us) {
    if (t->prune_at == 0)
        t->prune_at = KEEP_ENDED;
    prune(t, now_us);
    struct entry *e = xcalloc(1, sizeof *e);
    e->o = (struct tracked){.id = o->id, .market = o->market, .side = o->side, .action = o->action, .limit = o->limit, .size = o->size, .filled = o->filled, .sent_us = now_us};
    e->told = QTY(-1);
    e->total = QTY(-1);
    str_copy(e->o.client_id, sizeof e->o.client_id, o->client_id);
    t->orders = xgrow(t->orders, &t->cap, t->count + 1, sizeof(struct entry *));
    t->orders[t->count++] = e;
    map_put_ptr(&t->by_id, e->o.id, e);
    venue_id_set(t, e, o->venue_id);
    e->told_id = o->venue_id[0] != 0;
    open_link(t, e);
    tracker_place_get(t, o->market, o->side);
    return e;
}

static void restore_order(struct tracker *t, const struct order *o) {
    if (o->account != t->account || tracker_entry(t, o->id) != NULL)
        return;
    struct entry *e = entry_make(t, o, o->sent_us > 0 ? o->sent_us : o->created_us);
    e->o.acked = (o->flags & ORDER_ACKED) != 0 || o->state == STATE_PARTIAL || o->filled.micro > 0;
    e->unknown = (o->flags & ORDER_OUTCOME_UNKNOWN) != 0;
    e->refused = o->state == STATE_FAILED;
    e->foreign = o->source == SOURCE_EXTERNAL && o->state == STATE_FILLED;
    if (o->pos.status == POSITION_OPEN)
        tracker_place_get(t, o->market, o->side)->net.micro += o->pos.open.micro;
    if (!order_open(o)) {
        e->o.acked |= o->state != STATE_FAILED;
        tracker_over(t, e, true);
    }
}

void tracker_restore(struct tracker *t, const struct event *ev) {
    if (ev->type == EVENT_LOAD_ORDER)
        restore_order(t, &ev->u.order);
    else if (ev->type == EVENT_LOAD_FILL && ev->u.fill.account == t->account)
        tracker_restore_fill(t, &ev->u.fill);
}

void tracker_sent(struct tracker *t, const struct order *o, int64_t now_us) {
    struct entry *e = tracker_entry(t, o->id);
    if (e == NULL)
        e = entry_make(t, o, now_us);
    venue_id_set(t, e, o->venue_id);
    e->told_id = e->told_id || o->venue_id[0] != 0;
    e->o.limit = o->limit;
    e->o.size = o->size;
    str_copy(e->o.client_id, sizeof e->o.client_id, o->client_id);
    if (now_us > e->o.sent_us)
        e->o.sent_us = now_us;
    tracker_held_retry(t, now_us);
}

const struct tracked *tracker_external(struct tracker *t, const struct order *like, int64_t now_us) {
    struct entry *e = tracker_entry_by_venue_id(t, like->venue_id);
    if (e == NULL && like->venue_id[0] != 0) { /* known or not to the desk: its id is the same at every start */
        struct order o = *like;
        o.id = tracker_external_id(t->venue, like->venue_id);
        o.filled = QTY(0); /* its fills tell */
        e = entry_make(t, &o, now_us);
        e->o.acked = 1;
        for (size_t i = 0; i < t->orphan_count; i++)
            if (strcmp(t->orphans[i].venue_order, like->venue_id) == 0)
                e->reversed.micro += t->orphans[i].size.micro;
        tracker_held_retry(t, now_us);
    } else if (e != NULL && e->foreign && e->o.over) { /* a fill was heard of first, and the rest of it still works */
        e->foreign = e->closed = false;
        e->o.over = 0;
        e->o.limit = like->limit;
        e->o.size = like->size;
        open_link(t, e);
    }
    return e != NULL ? &e->o : NULL;
}

/* --- what was answered -------------------------------------------------------------------------------------- */
void tracker_put(struct tracker *t, struct event *ev) { t->sink.put(t->sink.ctx, ev); }

void tracker_ack(struct tracker *t, order_id id, const char *venue_id, int64_t now_us) {
    struct entry *e = tracker_entry(t, id);
    if (e == NULL)
        return;
    venue_id_set(t, e, venue_id);
    bool news = !e->o.acked || e->o.delayed || e->unknown || (venue_id[0] != 0 && !e->told_id);
    /* One that we gave up as refused and that lives all the same is told: the desk cancels it. */
    if (e->o.over ? e->refused && !e->o.acked : news) {
        struct event ev;
        event_init(&ev, EVENT_ACK, t->venue, now_us);
        ev.u.ack.order = id;
        str_copy(ev.u.ack.venue_id, sizeof ev.u.ack.venue_id, e->o.venue_id);
        e->o.acked = 1;
        e->o.delayed = 0;
        e->unknown = false;
        e->told_id = e->o.venue_id[0] != 0;
        tracker_put(t, &ev);
    }
    tracker_held_retry(t, now_us);
}

static void reject_tell(struct tracker *t, order_id id, enum err why, const char *text, int64_t now_us) {
    struct event ev;
    event_init(&ev, EVENT_REJECT, t->venue, now_us);
    ev.u.reject.order = id;
    ev.u.reject.reason = (int32_t)why;
    str_copy(ev.u.reject.text, sizeof ev.u.reject.text, text != NULL ? text : "");
    tracker_put(t, &ev);
}

void tracker_reject(struct tracker *t, order_id id, enum err why, const char *text, int64_t now_us) {
    struct entry *e = tracker_entry(t, id);
    const bool asked = why == ERR_NOT_FOUND || why == ERR_DUPLICATE;
    if (e == NULL || (asked && (!e->o.over || tracker_waits(e)))) {
        reject_tell(t, id, why, text, now_us);
        return;
    }
    if (asked || e->o.over)
        return;
    if (e->o.filled.micro > 0) { /* it did not fail: its rest is gone */
        tracker_done(t, id, why, QTY(-1), text, now_us);
        return;
    }
    e->refused = true;
    tracker_over(t, e, true);
    reject_tell(t, id, why, text, now_us);
}

void tracker_unknown(struct tracker *t, order_id id, const char *text, int64_t now_us) {
    struct entry *e = tracker_entry(t, id);
    if (e == NULL || e->o.over || e->o.acked || e->unknown)
        return;
    struct event ev;
    e->unknown = true;
    event_init(&ev, EVENT_UNKNOWN, t->venue, now_us);
    ev.u.unknown.order = id;
    str_copy(ev.u.unknown.text, sizeof ev.u.unknown.text, text != NULL ? text : "");
    tracker_put(t, &ev);
}

void tracker_delayed(struct tracker *t, order_id id, int64_t until_us, const char *text, int64_t now_us) {
    struct entry *e = tracker_entry(t, id);
    if (e == NULL || e->o.over || e->o.delayed || e->o.filled.micro > 0)
        return;
    struct event ev;
    e->o.delayed = 1;
    event_init(&ev, EVENT_DELAYED, t->venue, now_us);
    ev.u.delayed.order = id;
    ev.u.delayed.until_us = until_us;
    str_copy(ev.u.delayed.text, sizeof ev.u.delayed.text, text != NULL ? text : "");
    tracker_put(t, &ev);
}

void tracker_refused(struct tracker *t, order_id id, enum err why, uint32_t what, const char *text, int64_t now_us) {
    const struct entry *e = tracker_entry(t, id);
    if (e != NULL && e->o.over && !tracker_waits(e))
        return;
    struct event ev;
    event_init(&ev, EVENT_REFUSED, t->venue, now_us);
    ev.u.refused.order = id;
    ev.u.refused.reason = (int32_t)why;
    ev.u.refused.what = what;
    str_copy(ev.u.refused.text, sizeof ev.u.refused.text, text != NULL ? text : "");
    tracker_put(t, &ev);
}

/* --- the end -------------------------------------------------------------------------------------------------- */
bool tracker_waits(const struct entry *e) { return e->o.over && !e->closed; }

/* What the desk is to wait for: the venue's total without what was taken back, and never less than what was told already. */
static qty done_total(const struct entry *e) {
    int64_t total = e->total.micro - e->reversed.micro;
    return QTY(e->total.micro < 0 || total < e->o.filled.micro ? e->o.filled.micro : total);
}

static void done_tell(struct tracker *t, struct entry *e, qty total, int64_t now_us) {
    struct event ev;
    e->told = total;
    e->unknown = false;
    tracker_over(t, e, total.micro <= e->o.filled.micro);
    event_init(&ev, EVENT_DONE, t->venue, now_us);
    ev.u.done.order = e->o.id;
    ev.u.done.reason = (int32_t)e->why;
    ev.u.done.filled = total;
    str_copy(ev.u.done.text, sizeof ev.u.done.text, e->text);
    tracker_put(t, &ev);
}

/* Fills that were waited for will not come (they failed, or the venue's total was corrected): then the desk is told the smaller total. */
void tracker_done_again(struct tracker *t, struct entry *e, int64_t now_us) {
    qty total = done_total(e);
    if (tracker_waits(e) && total.micro < e->told.micro)
        done_tell(t, e, total, now_us);
}

void tracker_done(struct tracker *t, order_id id, enum err why, qty total, const char *text, int64_t now_us) {
    struct entry *e = tracker_entry(t, id);
    if (e == NULL)
        return;
    if (total.micro >= 0)
        e->total = total;
    if (e->o.over) {
        tracker_done_again(t, e, now_us);
        return;
    }
    e->why = why;
    str_copy(e->text, sizeof e->text, text != NULL ? text : "");
    e->o.acked = 1;
    done_tell(t, e, done_total(e), now_us);
}
