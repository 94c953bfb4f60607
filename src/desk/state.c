/* The desk's tables: markets, accounts, orders by id and in creation order, lists of working orders and open positions.
 * Everything that decides an order of effects is a list or an array; maps are only for finding. */
#include "desk/state.h"
#include "turret/base/hash.h"
#include "turret/base/str.h"

#include <stdlib.h>
#include <string.h>

uint8_t side_opposite(uint8_t side) {
    static const uint8_t opposite[] = {[SIDE_YES] = SIDE_NO, [SIDE_NO] = SIDE_YES, [SIDE_LONG] = SIDE_SHORT, [SIDE_SHORT] = SIDE_LONG};
    return opposite[side];
}

/* --- markets and accounts ------------------------------------------------------------------------ */
struct mkt *mkt_find(const struct desk *d, market_id id) {
    if (d->last_market != NULL && d->last_market->m.id == id)
        return d->last_market;
    return map_get_ptr(&d->market_map, id);
}

struct mkt *mkt_add(struct desk *d, const struct market *m) {
    struct mkt *k = xcalloc(1, sizeof *k);
    k->m = *m;
    k->book = book_new();
    k->triggers = trigger_set_new();
    k->stale = true;
    d->markets = xgrow(d->markets, &d->market_cap, d->market_count + 1, sizeof(struct mkt *));
    d->markets[d->market_count++] = k;
    map_put_ptr(&d->market_map, m->id, k);
    return k;
}

struct acct *acct_find(const struct desk *d, account_id id) { return map_get_ptr(&d->account_map, id); }

struct holding *holding_get(struct desk *d, struct acct *a, struct mkt *m, uint8_t side) {
    uint8_t key = market_nets(&m->m) ? 0 : side;
    uint64_t h = fnv64_u64(fnv64_u64(fnv64_u64(FNV64_INIT, a->a.id), m->m.id), key);
    struct holding *x = map_get_ptr(&d->holding_map, h);
    if (x != NULL)
        return x;
    x = xcalloc(1, sizeof *x);
    x->account = a->a.id;
    x->m = m;
    x->key = key;
    struct holding **tail = &a->holdings;
    while (*tail != NULL)
        tail = &(*tail)->next;
    *tail = x;
    map_put_ptr(&d->holding_map, h, x);
    return x;
}

/* --- orders -------------------------------------------------------------------------------------- */
struct rec *rec_find(const struct desk *d, order_id id) { return id != 0 ? map_get_ptr(&d->order_map, id) : NULL; }

static uint64_t venue_id_key(enum venue_id v, const char *id) {
    return fnv64(fnv64_u64(FNV64_INIT, v), id, strlen(id));
}

struct rec *rec_by_venue_id(const struct desk *d, enum venue_id v, const char *venue_id) {
    if (venue_id[0] == 0)
        return NULL;
    struct rec *r = map_get_ptr(&d->venue_id_map, venue_id_key(v, venue_id));
    return r != NULL && strcmp(r->o.venue_id, venue_id) == 0 ? r : NULL;
}

void rec_index_venue_id(struct desk *d, struct rec *r) {
    if (r->o.venue_id[0] != 0)
        map_put_ptr(&d->venue_id_map, venue_id_key((enum venue_id)r->m->m.venue, r->o.venue_id), r);
}

order_id order_id_next(struct desk *d) {
    order_id id;
    do
        id = order_id_make(d->nonce, ++d->counter);
    while (rec_find(d, id) != NULL);
    return id;
}

struct rec *rec_add(struct desk *d, const struct order *o) {
    struct mkt *m = mkt_find(d, o->market);
    if (m == NULL || o->id == 0 || rec_find(d, o->id) != NULL)
        return NULL;
    struct rec *r = xcalloc(1, sizeof *r);
    r->o = *o;
    r->m = m;
    d->orders = xgrow(d->orders, &d->order_cap, d->order_count + 1, sizeof(struct rec *));
    d->orders[d->order_count++] = r;
    map_put_ptr(&d->order_map, o->id, r);
    rec_index_venue_id(d, r);
    if (o->num >= d->next_num)
        d->next_num = o->num + 1;
    return r;
}

void open_link(struct desk *d, struct rec *r) {
    if (r->is_open)
        return;
    r->is_open = true;
    r->open_prev = d->open_last;
    r->open_next = NULL;
    *(d->open_last != NULL ? &d->open_last->open_next : &d->open_first) = r;
    d->open_last = r;
}

void open_unlink(struct desk *d, struct rec *r) {
    if (!r->is_open)
        return;
    r->is_open = false;
    *(r->open_prev != NULL ? &r->open_prev->open_next : &d->open_first) = r->open_next;
    *(r->open_next != NULL ? &r->open_next->open_prev : &d->open_last) = r->open_prev;
    r->open_prev = r->open_next = NULL;
}

/* --- open positions: one per (account, strategy, market), per side where the venue does not net ---- */
static uint64_t position_key(account_id a, const char *strategy, const struct mkt *m, uint8_t side) {
    uint64_t h = fnv64_u64(fnv64_u64(fnv64_u64(FNV64_INIT, a), m->m.id), market_nets(&m->m) ? 0u : side + 1u);
    return fnv64(h, strategy, strlen(strategy));
}

void position_link(struct desk *d, struct rec *r) {
    if (r->is_pos)
        return;
    struct mkt *m = r->m;
    r->is_pos = true;
    r->pos_prev = m->pos_last;
    r->pos_next = NULL;
    *(m->pos_last != NULL ? &m->pos_last->pos_next : &m->pos_first) = r;
    m->pos_last = r;
    map_put_ptr(&d->position_map, position_key(r->o.account, r->o.strategy, m, r->o.side), r);
    d->dirty |= DIRTY_POSITIONS;
}

void position_unlink(struct desk *d, struct rec *r) {
    if (!r->is_pos)
        return;
    struct mkt *m = r->m;
    r->is_pos = false;
    *(r->pos_prev != NULL ? &r->pos_prev->pos_next : &m->pos_first) = r->pos_next;
    *(r->pos_next != NULL ? &r->pos_next->pos_prev : &m->pos_last) = r->pos_prev;
    r->pos_prev = r->pos_next = NULL;
    uint64_t key = position_key(r->o.account, r->o.strategy, m, r->o.side);
    if (map_get_ptr(&d->position_map, key) == r)
        map_del(&d->position_map, key);
    d->dirty |= DIRTY_POSITIONS;
}

struct rec *position_find(const struct desk *d, account_id a, const char *strategy, const struct mkt *m, uint8_t side) {
    struct rec *r = map_get_ptr(&d->position_map, position_key(a, strategy, m, side));
    return r != NULL && r->o.account == a && r->m == m && strcmp(r->o.strategy, strategy) == 0 ? r : NULL;
}

/* --- prices -------------------------------------------------------------------------------------- */
bool mkt_touch(const struct mkt *m, enum book_side side, price *out) {
    struct level l;
    if (!book_best(m->book, side, &l))
        return false;
    *out = l.px;
    return true;
}

bool mkt_mark(const struct mkt *m, price *out) {
    if (m->mark.micro > 0)
        *out = m->mark;
    else if (!m->crossed && book_mid(m->book, out))
        return true;
    else
        *out = m->last;
    return out->micro > 0;
}

bool mkt_fresh(const struct desk *d, const struct mkt *m) {
    return m->book_us > 0 && !m->gap && !m->crossed && m->m.status == MARKET_OPEN &&
           (d->limits.max_data_age == 0 || d->now_us - m->book_us <= d->limits.max_data_age * 1000);
}

bool mkt_usable(const struct desk *d, const struct mkt *m) {
    return mkt_fresh(d, m) && book_count(m->book, BOOK_BID) > 0 && book_count(m->book, BOOK_ASK) > 0;
}

enum book_side take_side(int dir) { return dir > 0 ? BOOK_ASK : BOOK_BID; }

struct book_walk walk_own(const struct mkt *m, uint8_t side, int dir, qty size, price own_limit) {
    price limit = own_limit.micro > 0 ? book_price((enum order_side)side, own_limit) : PRICE(0);
    struct book_walk w = book_walk(m->book, take_side(dir), size, limit);
    if (side == SIDE_NO && w.filled.micro > 0) {
        usd whole = usd_of_sat(PRICE(DEC_ONE), w.filled);
        w.notional.micro = whole.micro - w.notional.micro;
        w.average = price_complement(w.average);
        w.worst = price_complement(w.worst);
    }
    return w;
}

/* --- forgetting old closed orders (the store keeps them all) -------------------------------------- */
static bool rec_needed(const struct desk *d, const struct rec *r) {
    return r->is_open || r->is_pos || r->dirty || r->saving || r->unsettled > 0 || (rec_find(d, r->o.parent) != NULL && rec_find(d, r->o.parent)->is_pos);
}

void orders_prune(struct desk *d) {
    if (d->order_count < 2 * ORDERS_KEEP || d->in_flight.first != NULL || d->waiter_count > 0)
        return;
    size_t drop = d->order_count - ORDERS_KEEP, n = 0;
    for (size_t i = 0; i < d->order_count; i++) {
        struct rec *r = d->orders[i];
        if (i >= drop || rec_needed(d, r)) {
            d->orders[n++] = r;
            continue;
        }
        map_del(&d->order_map, r->o.id);
        if (r->o.venue_id[0] != 0)
            map_del(&d->venue_id_map, venue_id_key((enum venue_id)r->m->m.venue, r->o.venue_id));
        free(r->arms);
        free(r);
    }
    d->order_count = n;
    size_t kept = 0;
    for (size_t i = 0; i < d->fill_count; i++)
        if (rec_find(d, d->fills[i].order) != NULL || rec_find(d, d->fills[i].position) != NULL)
            d->fills[kept++] = d->fills[i];
    d->fill_count = kept;
    d->fills_pruned = true;
}
