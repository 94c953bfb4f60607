/* The desk: one table from event type to handler, and the state's beginning and end.
 * Everything a step changes is written as one transaction when the step ends. */
#include "turret/desk/desk.h"

#include "desk/state.h"
#include "turret/base/hash.h"

#include <stdlib.h>
#include <string.h>

#define EFFECT_BYTES (256u << 20) /* the queue's limit; pages are touched as they are needed */

static handler_fn *const handlers[EVENT_TYPE_COUNT] = {
    [EVENT_BOOT] = on_boot, [EVENT_ACCOUNT] = on_account, [EVENT_MARKET] = on_market,
    [EVENT_LOAD_ORDER] = on_load_order, [EVENT_LOAD_FILL] = on_load_fill, [EVENT_LOAD_CASH] = on_load_cash,
    [EVENT_LOAD_DAY] = on_load_day, [EVENT_LOAD_MARKET] = on_load_market, [EVENT_SETTING] = on_setting,
    [EVENT_EQUITY] = on_equity, [EVENT_LOADED] = on_loaded,
    [EVENT_BOOK] = on_book, [EVENT_TRADE] = on_trade, [EVENT_MARK] = on_mark, [EVENT_MARKET_STATUS] = on_market_status,
    [EVENT_VENUE] = on_venue, [EVENT_ACK] = on_ack, [EVENT_FILL] = on_fill, [EVENT_DONE] = on_done,
    [EVENT_REJECT] = on_reject, [EVENT_REFUSED] = on_refused, [EVENT_AMENDED] = on_amended, [EVENT_UNKNOWN] = on_unknown,
    [EVENT_PREPARED] = on_prepared, [EVENT_DELAYED] = on_delayed, [EVENT_FINALITY] = on_finality,
    [EVENT_FUNDS] = on_funds, [EVENT_CLAIM] = on_claim, [EVENT_HEALTH] = on_health,
    [EVENT_CASH] = on_cash,
    [EVENT_RECON_BEGIN] = on_recon_begin, [EVENT_RECON_ORDER] = on_recon_order, [EVENT_RECON_FILL] = on_recon_fill,
    [EVENT_RECON_POSITION] = on_recon_position, [EVENT_RECON_CASH] = on_recon_cash, [EVENT_RECON_END] = on_recon_end,
    [EVENT_SAVED] = on_saved, [EVENT_STORE] = on_store, [EVENT_LEADER] = on_leader,
    [EVENT_MODEL] = on_model, [EVENT_LOAD_TRADE] = on_load_trade, [EVENT_RUN_END] = on_run_end,
    [EVENT_WATCHES] = on_watches, [EVENT_FOLLOW] = on_follow, [EVENT_FOLLOW_TRADE] = on_follow_trade, [EVENT_LINK] = on_link,
    [EVENT_HISTORY] = on_history, [EVENT_REMARK] = on_remark, [EVENT_TARGET_TRADE] = on_target,
    [EVENT_CANDLE] = on_candle, [EVENT_OPEN_INTEREST] = on_open_interest,
    [EVENT_INTENT] = on_intent, [EVENT_TIMER] = on_timer, [EVENT_NOTE] = on_note,
};

void desk_step(struct desk *d, const struct event *ev) {
    if (ev->type >= EVENT_TYPE_COUNT)
        return;
    if (ev->at_us > d->now_us)
        d->now_us = ev->at_us;
    d->events++;
    d->watch_fires = 0;
    handlers[ev->type](d, ev);
    if (d->follows != NULL)
        follow_step(d);
    if (d->feed_any)
        feed_end(d);
    if (d->row_count != 0 || d->cur != NULL)
        save_end(d);
}

static struct map *const *desk_maps(struct desk *d, struct map **out) {
    struct map *all[] = {&d->market_map, &d->account_map, &d->order_map, &d->venue_id_map, &d->position_map, &d->holding_map, &d->fill_map, &d->ledger_map, &d->run_map, NULL};
    memcpy(out, all, sizeof all);
    return out;
}

static void desk_setup(struct desk *d) {
    struct map *maps[10];
    for (struct map *const *m = desk_maps(d, maps); *m != NULL; m++)
        map_init(*m);
    ring_init(&d->effects, 64 << 10, EFFECT_BYTES);
    risk_limits_default(&d->limits);
    d->next_num = 1;
    d->store_up = true;
    d->dirty = ~0u;
}

static void account_free(struct acct *a) {
    for (struct holding *h = a->holdings, *next; h != NULL; h = next) {
        next = h->next;
        free(h);
    }
    metrics_free(a->metrics);
    free(a->recon);
    free(a->claims);
    free(a->equity);
    free(a->days);
    free(a);
}

static void desk_teardown(struct desk *d) {
    struct map *maps[10];
    save_clear(d);
    follow_free(d);
    for (size_t i = 0; i < d->market_count; i++) {
        book_free(d->markets[i]->book);
        trigger_set_free(d->markets[i]->triggers);
        intel_free(d->markets[i]->intel);
        free(d->markets[i]->candles);
        free(d->markets[i]->candles_fine);
        free(d->markets[i]);
    }
    for (size_t i = 0; i < d->account_count; i++)
        account_free(d->accounts[i]);
    for (size_t i = 0; i < d->model_count; i++)
        free(d->models[i]);
    free(d->models);
    free(d->run_batches);
    for (size_t i = 0; i < d->order_count; i++)
    {
        free(d->orders[i]->arms);
        free(d->orders[i]);
    }
    for (struct map *const *m = desk_maps(d, maps); *m != NULL; m++)
        map_free(*m);
    free(d->markets);
    free(d->accounts);
    free(d->orders);
    free(d->fills);
    free(d->waiters);
    free(d->rows);
    free(d->fired);
    watches_free(d);
    router_free(d);
    autolog_free(d);
    free(d->pauses);
    free(d->breakers);
    free(d->lives);
    ring_free(&d->effects);
}

struct desk *desk_new(void) {
    struct desk *d = xcalloc(1, sizeof *d);
    desk_setup(d);
    return d;
}

void desk_free(struct desk *d) {
    if (d == NULL)
        return;
    desk_teardown(d);
    free(d);
}

void desk_clear(struct desk *d) {
    desk_teardown(d);
    memset(d, 0, sizeof *d);
    desk_setup(d);
}

unsigned desk_take_dirty(struct desk *d) {
    unsigned bits = d->dirty;
    d->dirty = 0;
    return bits;
}

/* --- the state's hash ------------------------------------------------------------------------------------ */
static uint64_t hash_plan(uint64_t h, const struct exit_plan *p) {
    const int64_t v[] = {p->stop.micro, p->target.micro, p->invalidation_price.micro, p->time_exit_us, p->cooldown_until_us};
    return fnv64(h, v, sizeof v);
}

static uint64_t hash_order(uint64_t h, const struct order *o) {
    const struct position *p = &o->pos;
    const uint8_t small[] = {o->side, o->action, o->type, o->tif, o->state, o->source, o->flags, o->leverage, p->status, p->close_trigger, p->leverage};
    const int64_t v[] = {(int64_t)o->id, o->num, o->account, (int64_t)o->market, o->limit.micro, o->trigger.micro, o->size.micro, o->filled.micro, o->reversed.micro,
                         o->filled_value.micro, o->fee.micro, (int64_t)o->parent, o->version, o->cancel_requested_us,
                         p->open.micro, p->reserved.micro, p->closed.micro, p->cost.micro, p->entry_price.micro, p->exit_price.micro,
                         p->exit_value.micro, p->realized_pnl.micro, p->fees.micro, p->funding.micro, p->opened_us, p->closed_us};
    h = fnv64(h, small, sizeof small);
    h = fnv64(h, v, sizeof v);
    h = fnv64(h, o->strategy, strlen(o->strategy));
    h = fnv64(h, o->venue_id, strlen(o->venue_id));
    return hash_plan(h, &p->plan);
}

uint64_t hash_rows(const struct desk *d, uint64_t h) {
    for (size_t i = 0; i < d->order_count; i++)
        h = hash_order(h, &d->orders[i]->o);
    for (size_t i = 0; i < d->account_count; i++) {
        const struct acct *a = d->accounts[i];
        const int64_t v[] = {a->a.id, a->cash.micro, a->realized.micro, a->fees.micro, a->funding.micro, a->day_paused, a->day_lifted, a->live_on};
        h = fnv64(h, v, sizeof v);
    }
    h = hash_models(d, h);
    h = hash_watches(d, h);
    h = hash_follows(d, h);
    h = hash_links(d, h);
    h = fnv64_u64(h, d->trading);
    h = fnv64(h, &d->limits, sizeof d->limits);
    h = fnv64_u64(h, d->killed);
    return fnv64_u64(h, d->next_num);
}

uint64_t desk_hash(const struct desk *d) {
    uint64_t h = hash_rows(d, FNV64_INIT);
    for (size_t i = 0; i < d->market_count; i++) {
        const struct mkt *m = d->markets[i];
        const int64_t v[] = {(int64_t)m->m.id, m->m.status, m->m.outcome, m->mark.micro, m->last.micro, m->funding_ppm, m->gap, m->volume_day.micro};
        h = book_hash(m->book, fnv64(h, v, sizeof v));
    }
    return h;
}
