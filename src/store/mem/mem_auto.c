/* What automations keep, in memory: the same guards as sql/003 (an older version never overwrites a newer one, a trade of a
 * target once a follow), and the events of a load in the port's order. */
#include "mem_rows.h"

#include "turret/base/hash.h"
#include "turret/base/mem.h"

#include <stdlib.h>
#include <string.h>

#define PUSH(t, name) \
    (t->name = xgrow(t->name, &t->cap_##name, t->n_##name + 1, sizeof *t->name), &t->name[t->n_##name++])

#define FINISHED 500
#define HISTORY 1000
#define FOLLOW_TRADES_MIN 2000
#define FOLLOW_TRADES_US (2 * 86400000000LL)
#define WATCHES_AN_EVENT 1000

static bool is_newer(uint16_t version, uint16_t stored) { return (uint16_t)(version - stored - 1) < 32767; }

static uint64_t trade_key(const struct follow_trade *f) {
    return fnv64(fnv64_u64(FNV64_INIT, f->follow), f->trade, strnlen(f->trade, sizeof f->trade));
}

const struct watch *mem_rows_watch(const struct mem_rows *t, watch_id id) {
    uint64_t i;
    return map_get(&t->watch_by_id, id, &i) ? &t->watch[i] : NULL;
}

static void apply_watch(struct mem_rows *t, const struct watch *w, bool merge) {
    uint64_t i;
    if (!map_get(&t->watch_by_id, w->id, &i)) {
        map_put(&t->watch_by_id, w->id, t->n_watch);
        *PUSH(t, watch) = *w;
    } else if (is_newer(w->version, t->watch[i].version))
        t->watch[i] = *w;
    else if (!merge && w->version == t->watch[i].version && memcmp(w, &t->watch[i], offsetof(struct watch, flags) + 1) != 0)
        mem_rows_violation(t, "watch %u: another content under the same version %u", w->id, w->version);
}

static void apply_follow(struct mem_rows *t, const struct follow *f, bool merge) {
    for (size_t i = 0; i < t->n_follow; i++) {
        struct follow *have = &t->follow[i];
        if (have->id != f->id)
            continue;
        if (is_newer(f->version, have->version))
            *have = *f;
        else if (!merge && f->version == have->version && memcmp(f, have, sizeof *f) != 0)
            mem_rows_violation(t, "follow %u: another content under the same version %u", f->id, f->version);
        return;
    }
    *PUSH(t, follow) = *f;
}

static void apply_follow_trade(struct mem_rows *t, const struct follow_trade *f) {
    uint64_t i;
    if (!map_get(&t->follow_trade_by_key, trade_key(f), &i)) {
        map_put(&t->follow_trade_by_key, trade_key(f), t->n_follow_trade);
        *PUSH(t, follow_trade) = *f;
    } else if (t->follow_trade[i].version < f->version)
        t->follow_trade[i] = *f;
}

static void apply_link(struct mem_rows *t, const struct market_link *l) {
    for (size_t i = 0; i < t->n_link; i++)
        if (t->link[i].id == l->id) {
            t->link[i] = *l;
            return;
        }
    *PUSH(t, link) = *l;
}

static void apply_history(struct mem_rows *t, const struct history *h, bool merge) {
    for (size_t i = 0; i < t->n_history && merge; i++) {
        const struct history *o = &t->history[i];
        if (o->id == h->id && o->at_us == h->at_us && o->kind == h->kind && !strcmp(o->what, h->what) && !strcmp(o->text, h->text))
            return;
    }
    *PUSH(t, history) = *h;
}

static void apply_remark(struct mem_rows *t, const struct remark *r) {
    for (size_t i = 0; i < t->n_remark; i++)
        if (t->remark[i].kind == r->kind && t->remark[i].subject == r->subject) {
            if (t->remark[i].at_us <= r->at_us)
                t->remark[i] = *r;
            return;
        }
    *PUSH(t, remark) = *r;
}

bool mem_auto_apply(struct mem_rows *t, const struct fx_save *rec, bool merge) {
    switch ((enum save_kind)rec->kind) {
    case SAVE_WATCH: apply_watch(t, &rec->u.watch, merge); return true;
    case SAVE_FOLLOW: apply_follow(t, &rec->u.follow, merge); return true;
    case SAVE_FOLLOW_TRADE: apply_follow_trade(t, &rec->u.follow_trade); return true;
    case SAVE_LINK: apply_link(t, &rec->u.link); return true;
    case SAVE_HISTORY: apply_history(t, &rec->u.history, merge); return true;
    case SAVE_REMARK: apply_remark(t, &rec->u.remark); return true;
    default: return false;
    }
}

/* With an order that waits to be sent the firing must be news: else the order stays here too. */
bool mem_auto_fires(const struct mem_rows *t, const struct fx_save *recs, size_t n) {
    bool intent = false;
    for (size_t i = 0; i < n; i++)
        intent = intent || recs[i].intent;
    for (size_t i = 0; i < n && intent; i++) {
        const struct watch *have = recs[i].kind == SAVE_WATCH && recs[i].u.watch.status == WATCH_EXECUTING ? mem_rows_watch(t, recs[i].u.watch.id) : NULL;
        if (have && !is_newer(recs[i].u.watch.version, have->version))
            return false;
    }
    return true;
}

/* --- load --- */

struct load {
    const struct mem_rows *t;
    mem_emit_fn *emit;
    void *ctx;
    struct event *ev; /* of watches */
};

static void flush_watches(struct load *l) {
    struct ev_watches *w = &l->ev->u.watches;
    if (!w->n)
        return;
    l->ev->size = (uint32_t)(offsetof(struct event, u) + offsetof(struct ev_watches, watches) + w->n * sizeof *w->watches);
    l->emit(l->ctx, l->ev);
    event_init(l->ev, EVENT_WATCHES, VENUE_NONE, 0);
}

static int by_watch(const void *a, const void *b) {
    const struct watch *x = *(const struct watch *const *)a, *y = *(const struct watch *const *)b;
    return watch_live(x) != watch_live(y) ? (int)watch_live(x) - (int)watch_live(y) : x->id < y->id ? -1 : x->id > y->id;
}

static void load_watches(struct load *l) {
    size_t n = l->t->n_watch, finished = 0;
    const struct watch **list = xcalloc(n + 1, sizeof *list);
    for (size_t i = 0; i < n; i++) {
        list[i] = &l->t->watch[i];
        finished += !watch_live(list[i]);
    }
    qsort(list, n, sizeof *list, by_watch); /* finished ones first, by id */
    l->ev = xcalloc(1, sizeof *l->ev + WATCHES_AN_EVENT * sizeof **list);
    event_init(l->ev, EVENT_WATCHES, VENUE_NONE, 0);
    for (size_t i = finished > FINISHED ? finished - FINISHED : 0; i < n; i++) {
        l->ev->u.watches.watches[l->ev->u.watches.n++] = *list[i];
        if (l->ev->u.watches.n == WATCHES_AN_EVENT || i + 1 == finished)
            flush_watches(l);
    }
    flush_watches(l);
    free(l->ev);
    free(list);
}

static int by_seen(const void *a, const void *b) {
    const struct follow_trade *x = *(const struct follow_trade *const *)a, *y = *(const struct follow_trade *const *)b;
    if (x->seen_us != y->seen_us)
        return x->seen_us < y->seen_us ? -1 : 1;
    return x->follow != y->follow ? (x->follow < y->follow ? -1 : 1) : strcmp(x->trade, y->trade);
}

/* Their counts are those of the rows, as PostgreSQL gives them; a baseline was no skip. */
static void load_follows(const struct load *l) {
    for (size_t i = 0; i < l->t->n_follow; i++) {
        struct event ev;
        event_init(&ev, EVENT_FOLLOW, VENUE_NONE, 0);
        struct follow *f = &ev.u.follow;
        *f = l->t->follow[i];
        f->executed = f->skipped = f->failed = 0;
        for (size_t k = 0; k < l->t->n_follow_trade; k++) {
            const struct follow_trade *x = &l->t->follow_trade[k];
            f->executed += x->follow == f->id && x->status == FOLLOWED_EXECUTED;
            f->skipped += x->follow == f->id && x->status == FOLLOWED_SKIPPED && x->reason != ERR_OK;
            f->failed += x->follow == f->id && x->status == FOLLOWED_FAILED;
        }
        if (!f->deleted)
            l->emit(l->ctx, &ev);
    }
}

static void load_follow_trades(const struct load *l, int64_t now_us) {
    size_t n = l->t->n_follow_trade;
    const struct follow_trade **list = xcalloc(n + 1, sizeof *list);
    for (size_t i = 0; i < n; i++)
        list[i] = &l->t->follow_trade[i];
    qsort(list, n, sizeof *list, by_seen);
    for (size_t i = 0; i < n; i++) {
        struct event ev;
        if (list[i]->status != FOLLOWED_DETECTED && list[i]->seen_us <= now_us - FOLLOW_TRADES_US && n - i > FOLLOW_TRADES_MIN)
            continue;
        event_init(&ev, EVENT_FOLLOW_TRADE, VENUE_NONE, now_us);
        ev.u.follow_trade = *list[i];
        l->emit(l->ctx, &ev);
    }
    free(list);
}

#define EMIT_SOME(name, TYPE, from, when)                            \
    for (size_t i = (from); i < t->n_##name; i++) {                   \
        struct event ev;                                              \
        if (!(when))                                                  \
            continue;                                                 \
        event_init(&ev, EVENT_##TYPE, VENUE_NONE, now_us);            \
        ev.u.name = t->name[i];                                       \
        emit(ctx, &ev);                                               \
    }

void mem_auto_load(const struct mem_rows *t, int64_t now_us, mem_emit_fn *emit, void *ctx) {
    struct load l = {t, emit, ctx, NULL};
    load_follows(&l);
    load_follow_trades(&l, now_us);
    EMIT_SOME(link, LINK, 0, !t->link[i].deleted)
    EMIT_SOME(remark, REMARK, 0, true)
}

void mem_auto_load_watches(const struct mem_rows *t, int64_t now_us, mem_emit_fn *emit, void *ctx) {
    struct load l = {t, emit, ctx, NULL};
    load_watches(&l);
    EMIT_SOME(history, HISTORY, t->n_history > HISTORY ? t->n_history - HISTORY : 0, true)
}
