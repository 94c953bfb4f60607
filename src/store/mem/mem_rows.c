/* Tables as growing arrays with maps for their unique keys. Rules mirror the SQL: compare-and-set on the order's
 * version, one OPEN position per (account, strategy, market), fills and ledger unique by key. */
#include "mem_rows.h"

#include "turret/base/hash.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PUSH(t, name) \
    (t->name = xgrow(t->name, &t->cap_##name, t->n_##name + 1, sizeof *t->name), &t->name[t->n_##name++])

void mem_rows_init(struct mem_rows *t) {
    memset(t, 0, sizeof *t);
    map_init(&t->order_by_id);
    map_init(&t->fill_by_key);
    map_init(&t->ledger_by_key);
    map_init(&t->market_by_id);
    map_init(&t->open_by_key);
    map_init(&t->watch_by_id);
    map_init(&t->follow_trade_by_key);
    map_init(&t->first_stop);
}

void mem_rows_free(struct mem_rows *t) {
#define X(name, type) free(t->name);
    MEM_TABLES(X)
#undef X
    map_free(&t->order_by_id);
    map_free(&t->fill_by_key);
    map_free(&t->ledger_by_key);
    map_free(&t->market_by_id);
    map_free(&t->open_by_key);
    map_free(&t->watch_by_id);
    map_free(&t->follow_trade_by_key);
    map_free(&t->first_stop);
}

int32_t day_of(int64_t us) { return (int32_t)(us / 86400000000 - (us % 86400000000 < 0)); }

static uint64_t fill_key(const struct fill *f) {
    uint64_t h = fnv64_u64(fnv64_u64(FNV64_INIT, f->account), f->leg);
    return fnv64(h, f->venue_trade, strnlen(f->venue_trade, sizeof f->venue_trade));
}

static uint64_t ledger_key(const struct ledger_entry *e) {
    uint64_t h = fnv64_u64(fnv64_u64(FNV64_INIT, e->account), e->kind);
    return fnv64(h, e->ref, strnlen(e->ref, sizeof e->ref));
}

const struct order *mem_rows_order(const struct mem_rows *t, order_id id) {
    uint64_t i;
    return map_get(&t->order_by_id, id, &i) ? &t->order[i] : NULL;
}

enum err mem_rows_violation(struct mem_rows *t, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    if (t->violations++ == 0)
        vsnprintf(t->violation, sizeof t->violation, fmt, ap);
    va_end(ap);
    return ERR_INTERNAL;
}

/* The order's version a record of this batch will meet: earlier records of the batch count. */
static bool version_before(const struct mem_rows *t, const struct fx_save *recs, size_t i, order_id id, uint16_t *version) {
    for (size_t k = i; k-- > 0;)
        if (recs[k].kind == SAVE_ORDER && recs[k].u.order.id == id) {
            *version = recs[k].u.order.version;
            return true;
        }
    const struct order *o = mem_rows_order(t, id);
    if (o)
        *version = o->version;
    return o != NULL;
}

/* One position a market, or one a side where the venue does not net. */
static uint64_t open_key(const struct mem_rows *t, const struct order *o) {
    uint64_t at, h = fnv64_u64(fnv64_u64(FNV64_INIT, o->account), o->market);
    if (map_get(&t->market_by_id, o->market, &at) && !market_nets(&t->market[at].market))
        h = fnv64_u64(h, o->side + 1u);
    return fnv64(h, o->strategy, strnlen(o->strategy, sizeof o->strategy));
}

static bool opens_twice(const struct mem_rows *t, const struct fx_save *recs, size_t n, const struct order *o) {
    uint64_t other;
    if (o->pos.status != POSITION_OPEN || !map_get(&t->open_by_key, open_key(t, o), &other) || other == o->id)
        return false;
    for (size_t k = 0; k < n; k++) /* the batch may close the one and open the other */
        if (recs[k].kind == SAVE_ORDER && recs[k].u.order.id == other && recs[k].u.order.pos.status != POSITION_OPEN)
            return false;
    return true;
}

static bool model_name_taken(const struct mem_rows *t, const struct model *m) {
    for (size_t i = 0; i < t->n_model; i++)
        if (t->model[i].id != m->id && !strcmp(t->model[i].name, m->name) && !strcmp(t->model[i].variant, m->variant))
            return true;
    return false;
}

enum err mem_rows_check(struct mem_rows *t, const struct fx_save *recs, size_t n, bool merge) {
    for (size_t i = 0; i < n && !merge; i++) {
        if (recs[i].kind == SAVE_MODEL && model_name_taken(t, &recs[i].u.model))
            return mem_rows_violation(t, "model %u: another has its name and variant", recs[i].u.model.id);
        if (recs[i].kind != SAVE_ORDER)
            continue;
        const struct order *o = &recs[i].u.order;
        uint16_t have = 0;
        bool known = version_before(t, recs, i, o->id, &have);
        if (recs[i].insert && known && have != o->version)
            return mem_rows_violation(t, "order %llu inserted twice", (unsigned long long)o->id);
        if (!recs[i].insert && (!known || (uint16_t)(have + 1) != o->version))
            return mem_rows_violation(t, "order %llu: version %u follows %u", (unsigned long long)o->id, o->version, known ? have : 0u);
        if (opens_twice(t, recs, n, o))
            return mem_rows_violation(t, "order %llu: a second open position", (unsigned long long)o->id);
    }
    return ERR_OK;
}

static void apply_order(struct mem_rows *t, const struct order *o, bool merge) {
    uint64_t i, open;
    if (!map_get(&t->order_by_id, o->id, &i)) {
        map_put(&t->order_by_id, o->id, t->n_order);
        *PUSH(t, order) = *o;
    } else if (!merge || t->order[i].version < o->version)
        t->order[i] = *o;
    else
        return;
    if (o->pos.status != POSITION_NONE && o->pos.plan.stop.micro && !map_get(&t->first_stop, o->id, &open))
        map_put(&t->first_stop, o->id, (uint64_t)o->pos.plan.stop.micro);
    if (o->pos.status == POSITION_OPEN)
        map_put(&t->open_by_key, open_key(t, o), o->id);
    else if (map_get(&t->open_by_key, open_key(t, o), &open) && open == o->id)
        map_del(&t->open_by_key, open_key(t, o));
}

static void apply_fill(struct mem_rows *t, const struct fill *f) {
    uint64_t i;
    if (map_get(&t->fill_by_key, fill_key(f), &i)) {
        if (f->finality >= t->fill[i].finality) { /* only forwards: provisional, final, reversed */
            t->fill[i].finality = f->finality;
            t->fill[i].realized_pnl = f->realized_pnl;
        }
        return;
    }
    map_put(&t->fill_by_key, fill_key(f), t->n_fill);
    *PUSH(t, fill) = *f;
}

static void apply_ledger(struct mem_rows *t, const struct ledger_entry *e) {
    uint64_t i;
    if (map_get(&t->ledger_by_key, ledger_key(e), &i)) {
        if (t->ledger[i].amount.micro != e->amount.micro)
            mem_rows_violation(t, "ledger entry %s changes its amount", e->ref);
        return;
    }
    map_put(&t->ledger_by_key, ledger_key(e), t->n_ledger);
    *PUSH(t, ledger) = *e;
}

static bool same_event(const struct save_order_event *a, const struct save_order_event *b) {
    return a->order == b->order && a->event == b->event && a->from == b->from && a->to == b->to && a->at_us == b->at_us;
}

static void apply_event(struct mem_rows *t, const struct save_order_event *e, bool merge) {
    for (size_t i = 0; i < t->n_event && merge; i++)
        if (same_event(&t->event[i], e))
            return;
    *PUSH(t, event) = *e;
}

static void apply_market(struct mem_rows *t, const struct ev_load_market *m) {
    uint64_t i;
    if (map_get(&t->market_by_id, m->market.id, &i)) {
        t->market[i] = *m;
        return;
    }
    map_put(&t->market_by_id, m->market.id, t->n_market);
    *PUSH(t, market) = *m;
}

/* Small tables: a row with the same key is replaced, found by looking from the end. */
#define UPSERT(t, name, row, same)                    \
    do {                                              \
        size_t k_ = t->n_##name;                      \
        while (k_ > 0 && !(same(&t->name[k_ - 1], row))) \
            k_--;                                     \
        if (k_ > 0)                                   \
            t->name[k_ - 1] = *(row);                 \
        else                                          \
            *PUSH(t, name) = *(row);                  \
    } while (0)
#define SAME_SETTING(a, b) (strcmp((a)->key, (b)->key) == 0)
#define SAME_DAY(a, b) ((a)->account == (b)->account && (a)->day == (b)->day)
#define SAME_ID(a, b) ((a)->id == (b)->id)
#define SAME_MINUTE(a, b) ((a)->account == (b)->account && (a)->at_us / 60000000 == (b)->at_us / 60000000)

static void apply_equity(struct mem_rows *t, const struct ev_equity *e) {
    size_t from = t->n_equity > 64 ? t->n_equity - 64 : 0; /* only the newest samples can be of the same minute */
    for (size_t i = t->n_equity; i-- > from;)
        if (SAME_MINUTE(&t->equity[i], e)) {
            t->equity[i] = *e;
            return;
        }
    *PUSH(t, equity) = *e;
}

void mem_rows_apply(struct mem_rows *t, const struct fx_save *rec, bool merge) {
    switch ((enum save_kind)rec->kind) {
    case SAVE_ORDER: apply_order(t, &rec->u.order, merge); break;
    case SAVE_ORDER_EVENT: apply_event(t, &rec->u.event, merge); break;
    case SAVE_FILL: apply_fill(t, &rec->u.fill); break;
    case SAVE_LEDGER: apply_ledger(t, &rec->u.ledger); break;
    case SAVE_SETTING: UPSERT(t, setting, &rec->u.setting, SAME_SETTING); break;
    case SAVE_MARKET: apply_market(t, &rec->u.market); break;
    case SAVE_EQUITY: apply_equity(t, &rec->u.equity); break;
    case SAVE_DAY: UPSERT(t, day, &rec->u.day, SAME_DAY); break;
    case SAVE_MODEL: UPSERT(t, model, &rec->u.model, SAME_ID); break;
    case SAVE_ACCOUNT: UPSERT(t, account, &rec->u.account, SAME_ID); break;
    case SAVE_WATCH: case SAVE_FOLLOW: case SAVE_FOLLOW_TRADE: case SAVE_LINK: case SAVE_HISTORY: case SAVE_REMARK: mem_auto_apply(t, rec, merge); break;
    }
}

static int by_close(const void *a, const void *b) {
    const struct order *x = *(const struct order *const *)a, *y = *(const struct order *const *)b;
    return x->pos.closed_us != y->pos.closed_us ? (x->pos.closed_us < y->pos.closed_us ? -1 : 1) : x->id < y->id ? -1 : x->id > y->id;
}

size_t mem_rows_closed(const struct mem_rows *t, const struct order ***out) {
    const struct order **list = xcalloc(t->n_order + 1, sizeof *list);
    size_t n = 0;
    for (size_t i = 0; i < t->n_order; i++)
        if (t->order[i].pos.status == POSITION_CLOSED)
            list[n++] = &t->order[i];
    qsort(list, n, sizeof *list, by_close);
    *out = list;
    return n;
}

struct ev_load_day mem_rows_day(const struct mem_rows *t, account_id account, market_id market, int32_t day) {
    struct ev_load_day d = {.account = account, .day = day};
    for (size_t i = 0; i < t->n_fill; i++) {
        const struct fill *f = &t->fill[i];
        if (f->account != account || day_of(f->at_us) != day || f->finality == FILL_REVERSED || (market && f->market != market))
            continue;
        d.realized.micro += f->realized_pnl.micro;
        d.fees.micro += f->fee.micro;
    }
    for (size_t i = 0; i < t->n_ledger; i++) {
        const struct ledger_entry *e = &t->ledger[i];
        if (e->account == account && e->kind == LEDGER_FUNDING && day_of(e->at_us) == day && (!market || e->market == market))
            d.funding.micro -= e->amount.micro; /* paid is positive */
    }
    return d;
}
