/* Copy and counter trading: the configurations and the trades of their targets as records: loaded, found, written once a
 * step, forgotten when they are old. */
#include "desk/state_follow.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "turret/base/hash.h"
#include "turret/base/str.h"

/* --- configurations ------------------------------------------------------------------------------------- */
struct follows *follows_get(struct desk *d) {
    if (d->follows == NULL) {
        d->follows = xcalloc(1, sizeof *d->follows);
        map_init(&d->follows->trades);
        map_init(&d->follows->orders);
    }
    return d->follows;
}

void wallet_lower(char out[WALLET_MAX], const char *wallet) {
    size_t i = 0;
    for (; i + 1 < WALLET_MAX && wallet[i] != 0; i++)
        out[i] = (char)tolower((unsigned char)wallet[i]);
    memset(out + i, 0, WALLET_MAX - i);
}

uint64_t wallet_key(uint8_t venue, const char *wallet) { return fnv64(fnv64_u64(FNV64_INIT, venue), wallet, strlen(wallet)); }

void fol_name(struct fol *f) {
    follow_strategy_of(&f->f, f->strategy);
    f->key = f->f.model != 0 ? 0 : wallet_key(f->f.venue, f->f.wallet);
}

struct fol *fol_find(const struct desk *d, follow_id id) {
    const struct follows *fs = d->follows;
    size_t low = 0, high = fs != NULL ? fs->n : 0;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (fs->list[mid]->f.id == id)
            return fs->list[mid];
        if (fs->list[mid]->f.id < id)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

struct fol *fol_of_order(const struct desk *d, const struct order *o) {
    const bool ours = o->source == SOURCE_COPY_TRADE || o->source == SOURCE_COUNTER_TRADE;
    return ours && d->follows != NULL && o->link <= UINT32_MAX ? fol_find(d, (follow_id)o->link) : NULL;
}

struct fol *fol_add(struct desk *d, const struct follow *f) {
    struct follows *fs = follows_get(d);
    struct fol *x = xcalloc(1, sizeof *x);
    x->f = *f;
    x->prune_at = 2 * FOLLOW_KEEP;
    fol_name(x);
    fs->list = xgrow(fs->list, &fs->cap, fs->n + 1, sizeof *fs->list);
    size_t at = fs->n++;
    for (; at > 0 && fs->list[at - 1]->f.id > f->id; at--)
        fs->list[at] = fs->list[at - 1];
    fs->list[at] = x;
    if (f->id >= d->next_num)
        d->next_num = f->id + 1;
    return x;
}

/* --- trades of targets ------------------------------------------------------------------------------------ */
static uint64_t trade_key(follow_id f, const char *trade) { return fnv64(fnv64_u64(FNV64_INIT, f), trade, strlen(trade)); }
static uint64_t next_key(uint64_t key) { return key * 6364136223846793005ull + 1442695040888963407ull; }

struct ftrade *ftrade_find(const struct desk *d, follow_id f, const char *trade) {
    if (d->follows == NULL)
        return NULL;
    for (uint64_t key = trade_key(f, trade);; key = next_key(key)) { /* ids are the venue's: two may have one key */
        struct ftrade *t = map_get_ptr(&d->follows->trades, key);
        if (t == NULL || (t->t.follow == f && strcmp(t->t.trade, trade) == 0))
            return t;
    }
}

struct ftrade *ftrade_add(struct desk *d, struct fol *f, const struct follow_trade *t) {
    struct follows *fs = d->follows;
    struct ftrade *x = xcalloc(1, sizeof *x);
    x->t = *t;
    x->f = f;
    x->seq = ++fs->seq;
    uint64_t key = trade_key(f->f.id, t->trade);
    while (map_get_ptr(&fs->trades, key) != NULL)
        key = next_key(key);
    map_put_ptr(&fs->trades, key, x);
    if (t->order != 0)
        map_put_ptr(&fs->orders, t->order, x);
    f->trades = xgrow(f->trades, &f->cap, f->n + 1, sizeof *f->trades);
    f->trades[f->n++] = x;
    if (t->status == FOLLOWED_DETECTED) {
        f->waiting++;
        ftrade_wake(fs, x, t->due_us);
    }
    if (f->n >= f->prune_at)
        ftrades_prune(d, f);
    return x;
}

static void ftrade_drop(struct follows *fs, struct ftrade *t) {
    for (uint64_t key = trade_key(t->t.follow, t->t.trade);; key = next_key(key)) {
        const struct ftrade *at = map_get_ptr(&fs->trades, key);
        if (at == t)
            map_del(&fs->trades, key);
        if (at == t || at == NULL)
            break;
    }
    if (t->t.order != 0)
        map_del(&fs->orders, t->t.order);
    free(t);
}

void ftrades_prune(struct desk *d, struct fol *f) {
    size_t kept = 0, drop = f->n > FOLLOW_KEEP ? f->n - FOLLOW_KEEP : 0;
    for (size_t i = 0; i < f->n; i++) {
        struct ftrade *t = f->trades[i];
        const struct rec *r = rec_find(d, t->t.order);
        const bool busy = t->t.status == FOLLOWED_DETECTED || t->dirty || (r != NULL && order_open(&r->o));
        if (busy || (i >= drop && t->t.seen_us > d->now_us - FOLLOW_KEEP_US)) {
            f->trades[kept++] = t;
            continue;
        }
        if (t->t.at_us > f->forgotten_us)
            f->forgotten_us = t->t.at_us;
        ftrade_drop(d->follows, t);
    }
    f->n = kept;
    f->prune_at = kept > FOLLOW_KEEP ? 2 * kept : 2 * FOLLOW_KEEP;
}

/* --- what waits: a heap ------------------------------------------------------------------------------------ */
static bool sooner(const struct ftrade *a, const struct ftrade *b) { return a->wake_us != b->wake_us ? a->wake_us < b->wake_us : a->seq < b->seq; }

void ftrade_wake(struct follows *fs, struct ftrade *t, int64_t at_us) {
    t->wake_us = at_us;
    fs->due = xgrow(fs->due, &fs->due_cap, fs->due_n + 1, sizeof *fs->due);
    size_t i = fs->due_n++;
    for (; i > 0 && sooner(t, fs->due[(i - 1) / 2]); i = (i - 1) / 2)
        fs->due[i] = fs->due[(i - 1) / 2];
    fs->due[i] = t;
}

struct ftrade *ftrade_due(struct follows *fs, int64_t now_us) {
    if (fs->due_n == 0 || fs->due[0]->wake_us > now_us)
        return NULL;
    struct ftrade *first = fs->due[0], *last = fs->due[--fs->due_n];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < fs->due_n; i = child) {
        if (child + 1 < fs->due_n && sooner(fs->due[child + 1], fs->due[child]))
            child++;
        if (!sooner(fs->due[child], last))
            break;
        fs->due[i] = fs->due[child];
    }
    if (fs->due_n > 0)
        fs->due[i] = last;
    return first;
}

/* --- writing: each changed record once a step ------------------------------------------------------------------ */
void fol_save(struct desk *d, struct fol *f) {
    f->dirty = d->follows->fol_dirty = true;
    d->dirty |= DIRTY_AUTOS;
}

void ftrade_save(struct desk *d, struct ftrade *t) {
    struct follows *fs = d->follows;
    d->dirty |= DIRTY_AUTOS;
    if (t->dirty)
        return;
    t->dirty = true;
    fs->dirty = xgrow(fs->dirty, &fs->dirty_cap, fs->dirty_n + 1, sizeof *fs->dirty);
    fs->dirty[fs->dirty_n++] = t;
}

static void write_out(struct desk *d) {
    struct follows *fs = d->follows;
    for (size_t i = 0; i < fs->n && fs->fol_dirty; i++) {
        struct fol *f = fs->list[i];
        if (!f->dirty)
            continue;
        f->dirty = false;
        f->f.version++;
        save_add(d, SAVE_FOLLOW)->u.follow = f->f;
    }
    fs->fol_dirty = false;
    for (size_t i = 0; i < fs->dirty_n; i++) {
        struct ftrade *t = fs->dirty[i];
        struct mkt *m = mkt_find(d, t->t.market);
        t->dirty = false;
        t->t.version++;
        if (m != NULL && !m->saved)
            save_market(d, m);
        save_add(d, SAVE_FOLLOW_TRADE)->u.follow_trade = t->t;
    }
    fs->dirty_n = 0;
}

static void decide(struct desk *d, struct ftrade *t) {
    struct draft x;
    char text[REASON_MAX];
    struct fol *f = t->f;
    enum err e = follow_decide(d, t, &x, text);
    const bool later = err_class(e) == ERR_CLASS_RETRY || e == ERR_DUPLICATE; /* the target may well trade the same twice */
    if (later && !follow_late(d, &f->f, &t->t, FOLLOW_WAIT_US)) {
        ftrade_wake(d->follows, t, d->now_us + FOLLOW_RETRY_US);
        return;
    }
    f->waiting--;
    if (e != ERR_OK) {
        follow_skip(d, t, later ? ERR_FOLLOW_LATE : e, later ? err_text(e) : text);
        return;
    }
    struct rec *r = funnel_submit(d, &x); /* in one batch with the trade's new state: a kill neither loses nor doubles it */
    t->t.status = r != NULL ? FOLLOWED_EXECUTED : FOLLOWED_FAILED;
    t->t.reason = r != NULL ? ERR_OK : ERR_INTERNAL;
    ftrade_save(d, t);
    if (r == NULL) {
        f->f.failed++;
        fol_save(d, f);
        return;
    }
    t->t.order = r->o.id;
    map_put_ptr(&d->follows->orders, r->o.id, t);
    f->f.executed++;
    f->f.day_trades += x.closes == NULL;
    fol_save(d, f);
    history_add(d, HISTORY_FOLLOW, f->f.id, r->m, r->o.id, "executed", "%s %s %s %s", order_action_name((enum order_action)r->o.action), num_text(r->o.size.micro).s,
                order_side_name((enum order_side)r->o.side), r->m->m.symbol);
}

void follow_step(struct desk *d) {
    struct follows *fs = d->follows;
    struct ftrade *t;
    for (int i = 0; i < FOLLOW_STEP && d->leader && d->loaded && (t = ftrade_due(fs, d->now_us)) != NULL; i++)
        decide(d, t);
    if (fs->fol_dirty || fs->dirty_n > 0)
        write_out(d);
}

void follow_unsaved(struct desk *d, const struct fx_save *s) {
    if (s->kind == SAVE_FOLLOW) {
        struct fol *f = fol_find(d, s->u.follow.id);
        if (f != NULL)
            fol_save(d, f);
    } else if (s->kind == SAVE_FOLLOW_TRADE) {
        struct ftrade *t = ftrade_find(d, s->u.follow_trade.follow, s->u.follow_trade.trade);
        if (t != NULL)
            ftrade_save(d, t);
    }
}

/* --- from the store --------------------------------------------------------------------------------------------- */
void on_follow(struct desk *d, const struct event *ev) {
    if (d->loaded || ev->u.follow.id == 0 || fol_find(d, ev->u.follow.id) != NULL)
        return;
    fol_add(d, &ev->u.follow);
}

void on_follow_trade(struct desk *d, const struct event *ev) {
    const struct follow_trade *t = &ev->u.follow_trade;
    struct fol *f = fol_find(d, t->follow);
    if (d->loaded || f == NULL || ftrade_find(d, t->follow, t->trade) != NULL)
        return;
    ftrade_add(d, f, t);
}

static int by_time(const void *x, const void *y) {
    const struct ftrade *a = *(struct ftrade *const *)x, *b = *(struct ftrade *const *)y;
    if (a->t.seen_us != b->t.seen_us)
        return a->t.seen_us < b->t.seen_us ? -1 : 1;
    return a->t.at_us != b->t.at_us ? (a->t.at_us < b->t.at_us ? -1 : 1) : strcmp(a->t.trade, b->t.trade);
}

/* What waits, in an order that does not depend on how the rows were read. */
static void line_up(struct follows *fs) {
    fs->due_n = 0;
    for (size_t i = 0; i < fs->n; i++)
        for (size_t k = 0; k < fs->list[i]->n; k++) {
            struct ftrade *t = fs->list[i]->trades[k];
            t->seq = ++fs->seq;
            if (t->t.status == FOLLOWED_DETECTED)
                ftrade_wake(fs, t, t->t.due_us);
        }
}

void follow_loaded(struct desk *d) {
    struct follows *fs = d->follows;
    for (size_t i = 0; fs != NULL && i < fs->n; i++) {
        struct fol *f = fs->list[i];
        if (f->n > 1)
            qsort(f->trades, f->n, sizeof *f->trades, by_time);
        int64_t oldest = INT64_MAX;
        for (size_t k = 0; k < f->n && f->n >= FOLLOW_KEEP; k++)
            oldest = f->trades[k]->t.at_us < oldest ? f->trades[k]->t.at_us : oldest;
        if (oldest != INT64_MAX && oldest > f->forgotten_us) /* the store may hold older ones */
            f->forgotten_us = oldest;
        follow_day(d, f);
    }
    if (fs == NULL)
        return;
    line_up(fs);
    follow_activity(d, NULL);
}

void follow_free(struct desk *d) {
    struct follows *fs = d->follows;
    if (fs == NULL)
        return;
    for (size_t i = 0; i < fs->n; i++) {
        for (size_t k = 0; k < fs->list[i]->n; k++)
            free(fs->list[i]->trades[k]);
        free(fs->list[i]->trades);
        free(fs->list[i]);
    }
    map_free(&fs->trades);
    map_free(&fs->orders);
    free(fs->list);
    free(fs->due);
    free(fs->dirty);
    free(fs->tracked);
    free(fs);
    d->follows = NULL;
}

/* What a restart brings back: the configurations, and the trades that wait (in whatever order they were read). */
uint64_t hash_follows(const struct desk *d, uint64_t h) {
    const struct follows *fs = d->follows;
    for (size_t i = 0; fs != NULL && i < fs->n; i++) {
        const struct follow *f = &fs->list[i]->f;
        const int64_t v[] = {f->id, f->account, f->kind, f->strategy, f->sizing, f->exit, f->enabled, f->paused, f->deleted, f->baselined, f->model, f->fixed.micro, f->factor,
                             f->max_trade.micro, f->max_position.micro, f->max_day.micro, f->day, f->day_trades, f->day_volume.micro, f->day_pnl.micro, f->watermark_us,
                             (int64_t)f->executed, (int64_t)f->skipped, (int64_t)f->failed};
        uint64_t waiting = 0;
        if (f->deleted)
            continue; /* not loaded again */
        h = fnv64(h, v, sizeof v);
        h = fnv64(h, f->wallet, strlen(f->wallet));
        for (size_t k = 0; k < fs->list[i]->n; k++) {
            const struct follow_trade *t = &fs->list[i]->trades[k]->t;
            if (t->status == FOLLOWED_DETECTED)
                waiting += fnv64_u64(trade_key(t->follow, t->trade), (uint64_t)t->due_us);
        }
        h = fnv64_u64(h, waiting);
    }
    return h;
}
