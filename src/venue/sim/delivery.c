/* Time in the exchange: a heap of what is to happen, in both directions, and the one loop that runs it.
 * Each account's messages keep their order each way, whatever latency they draw. */
#include <string.h>

#include "impl.h"
#include "turret/base/mem.h"

static bool item_before(const struct sim_item *a, const struct sim_item *b) {
    return a->at_us != b->at_us ? a->at_us < b->at_us : a->seq < b->seq;
}

void sim_item_push(struct exchange *x, int64_t at_us, enum sim_item_kind kind, void *payload) {
    struct sim_item it = {.at_us = at_us, .seq = ++x->seq, .payload = payload, .kind = kind};
    size_t i = x->n_heap++;
    x->heap = xgrow(x->heap, &x->heap_cap, x->n_heap, sizeof *x->heap);
    for (; i > 0 && item_before(&it, &x->heap[(i - 1) / 2]); i = (i - 1) / 2)
        x->heap[i] = x->heap[(i - 1) / 2];
    x->heap[i] = it;
}

static struct sim_item item_pop(struct exchange *x) {
    struct sim_item top = x->heap[0], last = x->heap[--x->n_heap];
    size_t i = 0;
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= x->n_heap)
            break;
        if (child + 1 < x->n_heap && item_before(&x->heap[child + 1], &x->heap[child]))
            child++;
        if (!item_before(&x->heap[child], &last))
            break;
        x->heap[i] = x->heap[child];
        i = child;
    }
    if (x->n_heap)
        x->heap[i] = last;
    return top;
}

static bool owns_payload(uint32_t kind) {
    return kind <= ITEM_EVENT;
}

void sim_items_free(struct exchange *x) {
    for (size_t i = 0; i < x->n_heap; i++)
        if (owns_payload(x->heap[i].kind))
            free(x->heap[i].payload);
    free(x->heap);
}

static int64_t latency_draw(struct exchange *x) {
    return rng_range(&x->rng, x->cfg.latency_min_us, x->cfg.latency_max_us);
}

void sim_publish(struct exchange *x, const struct event *ev) {
    x->sink.put(x->sink.ctx, ev);
}

void sim_answer(struct exchange *x, struct sim_account *a, const struct event *ev, int64_t now_us) {
    int64_t at = now_us + latency_draw(x);
    struct event *copy = xmalloc(ev->size);
    memcpy(copy, ev, ev->size);
    a->out_us = copy->at_us = at > a->out_us ? at : a->out_us;
    sim_item_push(x, copy->at_us, ITEM_EVENT, copy);
}

void exchange_publish_at(struct exchange *x, const struct event *ev) {
    struct event *copy = xmalloc(ev->size);
    memcpy(copy, ev, ev->size);
    sim_item_push(x, ev->at_us, ITEM_EVENT, copy);
}

static enum err request(struct exchange *x, account_id id, enum sim_item_kind kind, const void *what, size_t size,
                        int64_t now_us) {
    struct sim_account *a = sim_account_make(x, id, x->cfg.initial_cash);
    int64_t at = now_us + latency_draw(x);
    void *copy = xmalloc(size);
    memcpy(copy, what, size);
    a->in_us = at > a->in_us ? at : a->in_us;
    sim_item_push(x, a->in_us, kind, copy);
    return ERR_OK;
}

enum err exchange_place(struct exchange *x, const struct order *o, int64_t now_us) {
    return request(x, o->account, ITEM_PLACE, o, sizeof *o, now_us);
}
enum err exchange_cancel(struct exchange *x, const struct fx_cancel *c, int64_t now_us) {
    return request(x, c->account, ITEM_CANCEL, c, sizeof *c, now_us);
}
enum err exchange_amend(struct exchange *x, const struct fx_amend *a, int64_t now_us) {
    return request(x, a->order.account, ITEM_AMEND, a, sizeof *a, now_us);
}
enum err exchange_query(struct exchange *x, const struct order *o, int64_t now_us) {
    return request(x, o->account, ITEM_QUERY, o, sizeof *o, now_us);
}
enum err exchange_reconcile(struct exchange *x, const struct fx_reconcile *r, int64_t now_us) {
    return request(x, r->account, ITEM_RECONCILE, r, sizeof *r, now_us);
}
enum err exchange_reset(struct exchange *x, const struct fx_reset *r, int64_t now_us) {
    return request(x, r->account, ITEM_RESET, r, sizeof *r, now_us);
}

int64_t exchange_next_us(const struct exchange *x) {
    return x->n_heap ? x->heap[0].at_us : INT64_MAX;
}

static void item_run(struct exchange *x, const struct sim_item *it) {
    switch ((enum sim_item_kind)it->kind) {
    case ITEM_PLACE:
        sim_order_arrive(x, it->payload, it->at_us);
        break;
    case ITEM_CANCEL:
        sim_order_cancel(x, it->payload, it->at_us);
        break;
    case ITEM_AMEND:
        sim_order_amend(x, it->payload, it->at_us);
        break;
    case ITEM_QUERY:
        sim_order_query(x, it->payload, it->at_us);
        break;
    case ITEM_RECONCILE:
        sim_reconcile_answer(x, it->payload, it->at_us);
        break;
    case ITEM_RESET:
        sim_account_reset(x, it->payload, it->at_us);
        break;
    case ITEM_EVENT:
        sim_publish(x, it->payload);
        break;
    case ITEM_EXPIRE:
        sim_order_expire(x, it->payload, it->at_us);
        break;
    case ITEM_FUNDING:
        sim_funding_run(x, it->payload, it->at_us);
        break;
    case ITEM_MARKS:
        sim_marks_run(x, it->at_us);
        break;
    }
    if (owns_payload(it->kind))
        free(it->payload);
}

void exchange_run(struct exchange *x, int64_t now_us) {
    while (x->n_heap && x->heap[0].at_us <= now_us) {
        struct sim_item it = item_pop(x);
        item_run(x, &it);
        if (it.kind < ITEM_EVENT && x->n_dirty) /* an account's order moved a book */
            exchange_flush_books(x, it.at_us);
    }
}
