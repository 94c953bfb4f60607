/* Start-up of the desk: what the store loads is held back until it is complete, then BOOT, the stored state, the venues'
 * restore and start. Crash recovery and a standby's take-over go the same way. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "app/engine_impl.h"
#include "turret/base/hash.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/io/loop.h"

#define QUEUE_PART (RING_LIMIT / 8)

struct hold_facts { uint32_t max_num; int64_t last_us; account_id max_account; bool account[VENUE_COUNT] /* some */, named[VENUE_COUNT] /* the one that is wanted */; };

void engine_hold_init(struct engine *e) { ring_init(&e->hold, 1u << 12, RING_LIMIT * 4); }

static void hold(struct engine *e, const struct event *ev) {
    struct event *to = ring_push(&e->hold, ev->size);
    if (!to) {
        engine_fail(e, "the stored state is too large to load");
        return;
    }
    memcpy(to, ev, ev->size);
}

static void facts_of(struct engine *e, struct hold_facts *f, const struct event *ev) {
    int64_t at = 0;
    if (ev->type == EVENT_LOAD_ORDER) {
        if (ev->u.order.num > f->max_num)
            f->max_num = ev->u.order.num;
        at = ev->u.order.updated_us > ev->u.order.created_us ? ev->u.order.updated_us : ev->u.order.created_us;
    } else if (ev->type == EVENT_LOAD_FILL)
        at = ev->u.fill.at_us;
    else if (ev->type == EVENT_EQUITY)
        at = ev->u.equity.at_us;
    else if (ev->type == EVENT_MODEL) {
        e->known = xgrow(e->known, &e->known_cap, e->known_count + 1, sizeof *e->known);
        e->known[e->known_count++] = ev->u.model.model;
    } else if (ev->type == EVENT_ACCOUNT) {
        if (ev->u.account.venue < VENUE_COUNT) {
            f->account[ev->u.account.venue] = true;
            f->named[ev->u.account.venue] |= !strcmp(ev->u.account.name, e->venues[ev->u.account.venue].account);
        }
        if (ev->u.account.id > f->max_account)
            f->max_account = ev->u.account.id;
    }
    if (at > f->last_us)
        f->last_us = at;
}

static void put_boot(struct engine *e, const struct hold_facts *f) {
    struct event ev;
    uint64_t nonce;
    event_init(&ev, EVENT_BOOT, VENUE_NONE, e->now_us);
    if (e->cfg.virtual_time) /* the same run has the same ids; a later run on the same store has others */
        nonce = fnv64_u64(fnv64_u64(FNV64_INIT, e->cfg.seed), f->max_num);
    else if (getrandom(&nonce, sizeof nonce, 0) != (ssize_t)sizeof nonce)
        nonce = fnv64_u64(FNV64_INIT, (uint64_t)clock_now_us());
    ev.u.boot.nonce = nonce & ((1ull << 40) - 1);
    ev.u.boot.seed = e->cfg.seed;
    ev.u.boot.limits = e->cfg.limits;
    ev.u.boot.virtual_time = e->cfg.virtual_time;
    ev.u.boot.exit_trigger_source = e->cfg.exit_trigger;
    ev.u.boot.cancel_on_kill = e->cfg.cancel_on_kill;
    ev.u.boot.simulated_only = e->cfg.simulated_only;
    ev.u.boot.next_num = f->max_num + 1;
    engine_put(e, &ev);
}

static bool open_venues(struct engine *e) {
    for (int i = 0; i < VENUE_COUNT; i++) {
        struct engine_venue_slot *s = &e->venues[i];
        char text[REASON_MAX] = "";
        if (s->v)
            s->v->ops->close(s->v);
        s->v = NULL;
        if (s->open && !(s->v = s->open(s->ctx, engine_sink(e), text))) {
            engine_fail(e, text);
            return false;
        }
    }
    return true;
}

/* The desk waits for the venues that are there from the first moment on, and for no others. */
static void announce_venues(struct engine *e) {
    for (int i = 0; i < VENUE_COUNT; i++) {
        struct event ev;
        if (!e->venues[i].v)
            continue;
        event_init(&ev, EVENT_VENUE, (enum venue_id)i, e->now_us);
        ev.u.venue_state.venue = (uint8_t)i;
        str_copy(ev.u.venue_state.text, sizeof ev.u.venue_state.text, "starting");
        engine_put(e, &ev);
    }
}

static void restore_venues(struct engine *e, const struct event *ev) {
    for (int i = 0; i < VENUE_COUNT; i++)
        if (e->venues[i].v && e->venues[i].v->ops->restore)
            e->venues[i].v->ops->restore(e->venues[i].v, ev);
}

static void put_account(struct engine *e, enum venue_id venue, const char *name, bool live, struct hold_facts *f) {
    struct event ev;
    event_init(&ev, EVENT_ACCOUNT, venue, e->now_us);
    ev.u.account = (struct account){.id = ++f->max_account, .venue = (uint8_t)venue, .live = live};
    if (!live)
        ev.u.account.initial = e->cfg.initial_cash;
    str_copy(ev.u.account.name, sizeof ev.u.account.name, name);
    engine_put(e, &ev); /* the desk finds no cash in a paper one and books its first deposit */
    restore_venues(e, &ev);
}

/* Each simulated venue has a paper account from its first start on, a real one the accounts that are wanted, by name; the ids behind the last one are theirs. */
static void put_first_accounts(struct engine *e, struct hold_facts *f) {
    static const struct { enum venue_id venue; const char *name; } paper[] = {{VENUE_SIM, "paper"}, {VENUE_SIM2, "paper2"}};
    for (size_t i = 0; i < sizeof paper / sizeof *paper; i++)
        if (!f->account[paper[i].venue] && e->venues[paper[i].venue].open)
            put_account(e, paper[i].venue, paper[i].name, false, f);
    for (int v = 0; v < VENUE_COUNT; v++)
        if (e->venues[v].open && e->venues[v].account[0] && !f->named[v])
            put_account(e, (enum venue_id)v, e->venues[v].account, e->venues[v].live, f);
}

static void finish(struct engine *e) {
    struct hold_facts f = {0};
    struct ring copy = e->hold;
    e->known_count = 0;
    for (const struct event *ev; (ev = ring_peek(&copy)); ring_pop(&copy))
        facts_of(e, &f, ev);
    if (!e->cfg.virtual_time)
        e->now_us = clock_now_us();
    else if (f.last_us >= e->now_us)
        e->now_us = f.last_us + 1000000 - f.last_us % 1000000;
    if (!open_venues(e))
        return;
    put_boot(e, &f);
    announce_venues(e);
    e->loading = false;
    e->booted = true;
    for (struct event *ev; !e->loading && (ev = (struct event *)(uintptr_t)ring_peek(&e->hold)); ring_pop(&e->hold)) {
        ev->at_us = e->now_us;
        if (ev->type == EVENT_LOADED) {
            put_first_accounts(e, &f);
            boot_models(e, f.max_account, restore_venues);
        }
        engine_put(e, ev);
        if (ev->type != EVENT_STORE && ev->type != EVENT_LEADER)
            restore_venues(e, ev);
        if (e->queue.bytes > QUEUE_PART) /* a million watches are more than the queue holds */
            engine_drain(e, 1 << 30, 0);
    }
    engine_drain(e, 1 << 30, 0); /* the stored state first, before anything live */
    if (e->hold.cap > QUEUE_PART) { /* its pages are needed no more */
        ring_free(&e->hold);
        engine_hold_init(e);
    }
    engine_crash(e, "loaded");
    e->loaded = true;
    e->loaded_us = clock_mono_us();
    if (e->cfg.run_us && !e->end_us)
        e->end_us = e->now_us + e->cfg.run_us;
    e->next_tick_us = e->now_us + TIMER_US;
    e->pace_base_us = e->now_us;
    e->pace_mono_us = clock_mono_us();
    e->feed_started = true;
    e->feed_mono_us = clock_mono_us();
    e->feed_events = e->events;
    for (int i = 0; i < VENUE_COUNT; i++)
        if (e->venues[i].v)
            e->venues[i].v->ops->start(e->venues[i].v, e->now_us);
}

void boot_event(struct engine *e, const struct event *ev) {
    if (ev->type == EVENT_SAVED)
        return; /* an answer to the life before */
    if (ev->type == EVENT_STORE && !e->booted)
        for (struct engine_client *c = e->clients; c; c = c->next) {
            struct fx_notice n = {.level = ev->u.store.up ? NOTICE_INFO : NOTICE_ALERT};
            str_copy(n.text, sizeof n.text, ev->u.store.text);
            if (c->notice && n.text[0])
                c->notice(c->ctx, &n);
        }
    if (ev->type == EVENT_STORE)
        str_copy(e->store_text, sizeof e->store_text, ev->u.store.text);
    if (ev->type == EVENT_LEADER) {
        e->restarting = !ev->u.leader.leads; /* a standby: leading later means loading again */
        e->leader = ev->u.leader;
        if (!e->load_asked)
            store_load(e->store); /* not before it is known who leads: what is loaded then is the newest there is */
        e->load_asked = true;
    }
    hold(e, ev);
    if (ev->type == EVENT_LOADED)
        finish(e);
}

void boot_restart(struct engine *e) {
    e->restarting = !e->leader.leads;
    e->loading = e->load_asked = true;
    e->loaded = false;
    e->feed_started = false;
    ring_clear(&e->queue);
    ring_clear(&e->hold);
    struct event ev;
    event_init(&ev, EVENT_LEADER, VENUE_NONE, e->now_us);
    ev.u.leader = e->leader;
    hold(e, &ev); /* what we know already goes in front of what is loaded */
    event_init(&ev, EVENT_STORE, VENUE_NONE, e->now_us);
    ev.u.store.up = 1;
    hold(e, &ev);
    store_load(e->store);
}

void engine_set_store(struct engine *e, struct store *s) {
    e->store = s;
    e->loading = true; /* the load itself starts when the store says who leads */
}
