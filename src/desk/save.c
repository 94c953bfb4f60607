/* One step of the desk is one transaction: changed rows and records are collected and written out at its end.
 * What adds exposure fails with the store; all else may go to the outbox and is tried again until it is stored. */
#include "desk/state.h"
#include "turret/base/str.h"

#include <stdlib.h>
#include <string.h>

static void list_push(struct batch_list *l, struct batch *b) {
    if (l->first == NULL)
        l->tail = &l->first;
    b->next = NULL;
    *l->tail = b;
    l->tail = &b->next;
}

static struct batch *list_pop(struct batch_list *l) {
    struct batch *b = l->first;
    if (b != NULL && (l->first = b->next) == NULL)
        l->tail = &l->first;
    return b;
}

static struct batch *list_take(struct batch_list *l, uint64_t seq) {
    for (struct batch **p = &l->first; *p != NULL; p = &(*p)->next) {
        struct batch *b = *p;
        if (b->seq != seq)
            continue;
        if ((*p = b->next) == NULL)
            l->tail = p;
        return b;
    }
    return NULL;
}

static void batch_free(struct batch *b) {
    free(b->recs);
    free(b->after);
    free(b);
}

static struct batch *batch_cur(struct desk *d) {
    if (d->cur == NULL)
        d->cur = xcalloc(1, sizeof *d->cur);
    return d->cur;
}

void save_clear(struct desk *d) {
    struct batch *b;
    while ((b = list_pop(&d->in_flight)) != NULL || (b = list_pop(&d->retry)) != NULL)
        batch_free(b);
    if (d->cur != NULL)
        batch_free(d->cur);
    d->cur = NULL;
    d->row_count = 0;
}

void save_row(struct desk *d, struct rec *r) {
    r->o.updated_us = d->now_us;
    d->dirty |= DIRTY_ORDERS;
    if (r->dirty || (r->saving && r->stored)) /* its insert is on its way: the row is written again when that is answered */
        return;
    r->dirty = true;
    d->rows = xgrow(d->rows, &d->row_cap, d->row_count + 1, sizeof(struct rec *));
    d->rows[d->row_count++] = r;
}

struct fx_save *save_add(struct desk *d, enum save_kind kind) {
    struct batch *b = batch_cur(d);
    b->recs = xgrow(b->recs, &b->cap, b->n + 1, sizeof *b->recs);
    struct fx_save *s = &b->recs[b->n++];
    memset(s, 0, sizeof *s);
    s->kind = (uint16_t)kind;
    return s;
}

void save_after(struct desk *d, enum after_kind kind, order_id order, uint64_t token, price limit, qty size) {
    struct batch *b = batch_cur(d);
    b->after = xgrow(b->after, &b->after_cap, b->n_after + 1, sizeof *b->after);
    b->after[b->n_after++] = (struct after){(uint8_t)kind, order, token, limit, size};
}

void save_setting(struct desk *d, const char *key, const char *value) {
    struct fx_save *s = save_add(d, SAVE_SETTING);
    str_copy(s->u.setting.key, sizeof s->u.setting.key, key);
    str_copy(s->u.setting.value, sizeof s->u.setting.value, value);
}

void save_market(struct desk *d, struct mkt *m) {
    struct fx_save *s = save_add(d, SAVE_MARKET);
    s->u.market.market = m->m;
    s->u.market.last = m->last;
    s->u.market.mark = m->mark;
    m->saved = true;
}

void save_day(struct desk *d, struct acct *a) {
    save_add(d, SAVE_DAY)->u.day = (struct ev_load_day){a->a.id, d->day, a->realized, a->fees, a->funding, a->start_equity};
}

void save_account(struct desk *d, struct acct *a) {
    save_add(d, SAVE_ACCOUNT)->u.account = a->a;
    a->saved = true;
}

/* Rows that others refer to go first. */
static const enum save_kind save_order[] = {SAVE_ACCOUNT, SAVE_MODEL, SAVE_MARKET, SAVE_SETTING, SAVE_LINK, SAVE_WATCH, SAVE_FOLLOW, SAVE_ORDER, SAVE_ORDER_EVENT, SAVE_FILL,
                                              SAVE_LEDGER, SAVE_DAY, SAVE_EQUITY, SAVE_FOLLOW_TRADE, SAVE_HISTORY, SAVE_REMARK};

static void batch_sort(struct batch *b) {
    struct fx_save *sorted = xmalloc(b->n * sizeof *sorted);
    size_t n = 0;
    for (size_t k = 0; k < sizeof save_order / sizeof save_order[0]; k++)
        for (size_t i = 0; i < b->n; i++)
            if (b->recs[i].kind == save_order[k])
                sorted[n++] = b->recs[i];
    free(b->recs);
    b->recs = sorted;
    b->cap = b->n;
}

static void batch_emit(struct desk *d, struct batch *b) {
    b->seq = ++d->seq;
    for (size_t i = 0; i < b->n; i++) {
        struct fx_save *s = &b->recs[i];
        s->seq = b->seq;
        s->epoch = d->epoch;
        s->exit = b->exit;
        s->last = i + 1 == b->n;
        fx_new(d, FX_SAVE, VENUE_NONE)->u.save = *s;
    }
    list_push(&d->in_flight, b);
}

/* Closed positions are written before open ones, so that there is never a moment with two; then by number, so that a
 * row comes before the rows that name it as parent. */
static int row_cmp(const void *x, const void *y) {
    const struct rec *a = *(const struct rec *const *)x, *b = *(const struct rec *const *)y;
    bool a_open = a->o.pos.status == POSITION_OPEN, b_open = b->o.pos.status == POSITION_OPEN;
    if (a_open != b_open)
        return a_open ? 1 : -1;
    return a->o.num < b->o.num ? -1 : a->o.num > b->o.num;
}

static void rows_to_batch(struct desk *d) {
    if (d->row_count > 1) /* none: there is no array yet */
        qsort(d->rows, d->row_count, sizeof(struct rec *), row_cmp);
    for (size_t i = 0; i < d->row_count; i++) {
        struct rec *r = d->rows[i];
        r->dirty = false;
        r->o.version++;
        if (!r->m->saved)
            save_market(d, r->m);
        struct fx_save *s = save_add(d, SAVE_ORDER);
        s->u.order = r->o;
        s->insert = !r->stored;
        s->intent = r->saving && !r->stored;
        r->stored = true;
    }
    d->row_count = 0;
}

void save_retry(struct desk *d) {
    struct batch_list again = d->retry;
    d->retry = (struct batch_list){0};
    struct batch *b;
    while ((b = list_pop(&again)) != NULL)
        batch_emit(d, b);
}

static void after_run(struct desk *d, const struct after *a, enum err e);

/* --- what adds exposure fails with the store; what happened in the same step does not fail with it ---------- */
static bool adds_exposure(const struct desk *d, order_id id) {
    const struct rec *r = rec_find(d, id);
    return r != NULL && r->saving && !(r->o.flags & ORDER_REDUCE_ONLY);
}

static bool belongs_to_adds(const struct desk *d, const struct fx_save *s, bool fills) {
    switch ((enum save_kind)s->kind) {
    case SAVE_ORDER: return s->intent && adds_exposure(d, s->u.order.id);
    case SAVE_ORDER_EVENT: return adds_exposure(d, s->u.event.order);
    case SAVE_WATCH: case SAVE_FOLLOW_TRADE: return true; /* a firing is one transaction; others are written again (forget_inserts) */
    case SAVE_FOLLOW: return !fills; /* what a fill made of its figures goes with the fill */
    default: return false;
    }
}

/* The new orders that add exposure, with the records that fired them, as a batch of their own; b keeps the rest. NULL: b is all one. */
static struct batch *take_adds(const struct desk *d, struct batch *b) {
    size_t rest = 0, n = 0, after = 0;
    bool fills = false;
    for (size_t i = 0; i < b->n; i++)
        fills = fills || b->recs[i].kind == SAVE_FILL;
    for (size_t i = 0; i < b->n; i++)
        rest += !belongs_to_adds(d, &b->recs[i], fills) && b->recs[i].kind != SAVE_HISTORY && b->recs[i].kind != SAVE_MARKET;
    if (rest == 0)
        return NULL;
    struct batch *adds = xcalloc(1, sizeof *adds);
    for (size_t i = 0; i < b->n; i++) {
        if (!belongs_to_adds(d, &b->recs[i], fills)) {
            b->recs[n++] = b->recs[i];
            continue;
        }
        adds->recs = xgrow(adds->recs, &adds->cap, adds->n + 1, sizeof *adds->recs);
        adds->recs[adds->n++] = b->recs[i];
    }
    b->n = n;
    for (size_t i = 0; i < b->n_after; i++) {
        if (b->after[i].kind != AFTER_PLACE || !adds_exposure(d, b->after[i].order)) {
            b->after[after++] = b->after[i];
            continue;
        }
        adds->after = xgrow(adds->after, &adds->after_cap, adds->n_after + 1, sizeof *adds->after);
        adds->after[adds->n_after++] = b->after[i];
    }
    b->n_after = after;
    b->exit = true;
    return adds;
}

void save_end(struct desk *d) {
    if (d->row_count == 0 && d->cur == NULL)
        return;
    if (!d->leader || !d->loaded) { /* a watching desk writes nothing */
        for (size_t i = 0; i < d->row_count; i++)
            d->rows[i]->dirty = false;
        d->row_count = 0;
        if (d->cur != NULL)
            batch_free(d->cur);
        d->cur = NULL;
        d->cur_adds = false;
        return;
    }
    batch_cur(d);
    rows_to_batch(d);
    struct batch *b = d->cur;
    d->cur = NULL;
    b->exit = !d->cur_adds;
    d->cur_adds = false;
    if (b->n == 0) { /* nothing to store, only things to do: at once */
        for (size_t i = 0; i < b->n_after; i++)
            after_run(d, &b->after[i], ERR_OK);
        batch_free(b);
        save_end(d);
        return;
    }
    if (d->retry.first != NULL)
        save_retry(d);
    struct batch *adds = b->exit ? NULL : take_adds(d, b);
    batch_sort(b);
    batch_emit(d, b);
    if (adds != NULL) {
        batch_sort(adds);
        batch_emit(d, adds);
    }
}

void save_soft(struct desk *d, const struct fx_save *rec) {
    if (!d->leader || !d->loaded || !d->store_up)
        return;
    struct fx_save *s = &fx_new(d, FX_SAVE, VENUE_NONE)->u.save;
    *s = *rec;
    s->seq = ++d->seq;
    s->epoch = d->epoch;
    s->last = 1;
}

static void after_run(struct desk *d, const struct after *a, enum err e) {
    struct rec *r = rec_find(d, a->order);
    switch ((enum after_kind)a->kind) {
    case AFTER_PLACE:
        if (r == NULL)
            return;
        r->saving = false;
        save_row(d, r);
        if (e == ERR_OK)
            order_send(d, r);
        else
            order_save_failed(d, r, e);
        return;
    case AFTER_CANCEL: /* a cancel can do no harm: it goes out in any case */
        if (r != NULL)
            order_cancel_send(d, r);
        return;
    case AFTER_AMEND:
        if (r == NULL)
            return;
        if (e == ERR_OK)
            order_amend_send(d, r, a->limit, a->size);
        else
            waiters_end(d, r->o.id, WAIT_AMEND, e, NULL);
        return;
    case AFTER_RESET:
        account_reset_send(d, (account_id)a->order);
        return;
    case AFTER_SETTLED: /* refused: it is tried again, and the deadline answers meanwhile */
        if (r != NULL && e == ERR_OK)
            waiters_saved(d, a->token, r);
        return;
    case AFTER_REPLY:
        if (r != NULL)
            reply(d, a->token, e, r, NULL);
        else
            reply_num(d, a->token, e, (uint32_t)a->order, NULL); /* the number of what is no order: a watch, a follow, a link */
        return;
    }
}

/* An insert that failed leaves no row behind (or one that a later insert of the same id replaces). */
static void forget_inserts(struct desk *d, const struct batch *b) {
    for (size_t i = 0; i < b->n; i++) {
        struct rec *r = b->recs[i].kind == SAVE_ORDER && b->recs[i].insert ? rec_find(d, b->recs[i].u.order.id) : NULL;
        struct mkt *m = b->recs[i].kind == SAVE_MARKET ? mkt_find(d, b->recs[i].u.market.market.id) : NULL;
        if (r != NULL)
            r->stored = false;
        if (m != NULL)
            m->saved = false;
        follow_unsaved(d, &b->recs[i]);
        if (b->recs[i].kind == SAVE_WATCH)
            watch_unsaved(d, b->recs[i].u.watch.id);
    }
}

void on_saved(struct desk *d, const struct event *ev) {
    struct batch *b = list_take(&d->in_flight, ev->u.saved.seq);
    const enum err e = (enum err)ev->u.saved.result;
    if (b == NULL)
        return;
    if (e == ERR_NOT_LEADER && d->leader) {
        d->leader = false;
        d->dirty |= DIRTY_STATUS;
        notice(d, NOTICE_ALERT, NULL, "another desk leads on this database: nothing is sent from here");
    }
    if (e != ERR_OK && !b->exit)
        forget_inserts(d, b);
    for (size_t i = 0; i < b->n_after; i++)
        after_run(d, &b->after[i], e);
    if (e != ERR_OK && b->exit && d->leader) {
        b->n_after = 0;
        list_push(&d->retry, b);
        return;
    }
    batch_free(b);
}
