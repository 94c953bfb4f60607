/* The engine's queue, clock and clients. One loop turn: shells put events in the queue, the prepare watcher drains it with a
 * budget, effects are carried out as they come; what is left waits for the next turn. */
#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "app/engine_impl.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/io/loop.h"
#include "turret/venue/sim.h"

#define VIRTUAL_EPOCH_US 1767225600000000LL /* virtual time starts at 2026-01-01T00:00:00Z, so that runs compare */
#define SLEPT_US 5000000                    /* further behind: the machine slept, and the venue decides what to skip */
#define DATA_SLICE_US 50000                 /* a venue that is behind catches up in steps, so that events stay in order */

static void arm_venues(struct engine *e);

void engine_put(struct engine *e, const struct event *ev) {
    struct event *to = ring_push(&e->queue, ev->size);
    assert(to && "event queue overflow: producers pause far below the limit");
    memcpy(to, ev, ev->size);
    ev_idle_start(loop_get(), &e->more); /* whoever put it, and whenever in the turn: the loop does not sleep on it */
}

static void sink_put(void *ctx, const struct event *ev) {
    struct engine *e = ctx;
    if (e->stopped)
        return;
    engine_put(e, ev);
    links_listed(e, ev);
}

static void store_put(void *ctx, const struct event *ev) {
    struct engine *e = ctx;
    if (e->loading)
        boot_event(e, ev);
    else if (ev->type == EVENT_SAVED && e->cfg.virtual_time)
        vtime_answer(e, ev);
    else if (!e->stopped) {
        struct event *copy = xmalloc(ev->size);
        memcpy(copy, ev, ev->size);
        copy->at_us = engine_now_us(e); /* a store's clock is not the desk's */
        engine_put(e, copy);
        free(copy);
    }
}

void engine_put_note(struct engine *e, enum notice_level level, const char *text) {
    struct event ev;
    event_init(&ev, EVENT_NOTE, VENUE_NONE, engine_now_us(e));
    ev.u.note.level = (int32_t)level;
    str_copy(ev.u.note.text, sizeof ev.u.note.text, text);
    engine_put(e, &ev);
}

void engine_note(struct engine *e, enum notice_level level, const char *text) {
    if (e->booted)
        engine_put_note(e, level, text);
}

void engine_end(struct engine *e, enum engine_end why) {
    if (e->stopped)
        return;
    e->stopped = true;
    e->end_mono_us = clock_mono_us();
    if (e->on_end)
        e->on_end(e->on_end_ctx, why);
}

void engine_fail(struct engine *e, const char *text) {
    str_copy(e->failure, sizeof e->failure, text);
    engine_end(e, ENGINE_FAILED);
}

void engine_crash(struct engine *e, const char *point) {
    if (e->crash_left > 0 && !strcmp(point, e->crash_name) && --e->crash_left == 0)
        kill(getpid(), SIGKILL);
}

static void watch_event(struct engine *e, const struct event *ev) {
    if (!e->crash_name[0])
        return;
    if (ev->type == EVENT_FILL)
        engine_crash(e, "fill-received");
    if (ev->type == EVENT_ACK)
        engine_crash(e, "ack-received");
    if (ev->type == EVENT_RECON_BEGIN)
        engine_crash(e, "reconciling");
    if (ev->type == EVENT_SAVED)
        for (int i = 0; i < SEQ_WATCH; i++)
            if (e->intent_seqs[i] == ev->u.saved.seq && ev->u.saved.seq)
                engine_crash(e, "intent-committed");
}

static void step(struct engine *e, const struct event *ev) {
    watch_event(e, ev);
    if (ev->type == EVENT_BOOT)
        desk_clear(e->desk);
    if (e->journal && !journal_write(e->journal, ev)) {
        engine_fail(e, "the journal can't be written");
        return;
    }
    desk_step(e->desk, ev);
    e->events++;
    if (e->tap)
        e->tap(e->tap_ctx, ev);
}

/* Leading anew, after another desk did: what this one knows may be old. */
static bool leader_changed(struct engine *e, const struct ev_leader *l) {
    bool again = l->leads && e->loaded && (e->restarting || l->epoch != e->leader.epoch);
    e->restarting = !l->leads;
    e->leader = *l;
    return again;
}

bool engine_drain(struct engine *e, int max_events, int64_t max_us) {
    const struct event *ev;
    int n = 0;
    int64_t t0 = max_us ? clock_mono_us() : 0;
    if (e->draining)
        return !ring_empty(&e->queue);
    e->draining = true;
    while (!e->stopped && (ev = ring_peek(&e->queue))) {
        if (ev->at_us < e->last_at_us)
            ((struct event *)(uintptr_t)ev)->at_us = e->last_at_us; /* time never goes back for the desk */
        e->last_at_us = ev->at_us;
        bool take_over = ev->type == EVENT_LEADER && leader_changed(e, &ev->u.leader);
        step(e, ev);
        ring_pop(&e->queue);
        for (const struct effect *fx; (fx = desk_effect(e->desk));)
            effect_run(e, fx);
        if (take_over)
            boot_restart(e);
        if (++n >= max_events || (max_us && (n & 15) == 0 && clock_mono_us() - t0 > max_us))
            break;
    }
    if (n)
        e->dirty |= desk_take_dirty(e->desk);
    e->draining = false;
    return !e->stopped && !ring_empty(&e->queue);
}

int64_t venue_next_us(const struct venue *v) { return v && v->ops->next_us ? v->ops->next_us(v) : INT64_MAX; }

static void run_venues(struct engine *e, int64_t now) {
    for (int i = 0; i < VENUE_COUNT; i++) {
        struct venue *v = e->venues[i].v;
        if (!v || !e->feed_started)
            continue;
        for (int64_t next; (next = venue_next_us(v)) <= now && e->queue.bytes < RING_PAUSE;)
            v->ops->run(v, now - next > SLEPT_US || next + DATA_SLICE_US > now ? now : next + DATA_SLICE_US);
    }
}

/* End of a loop turn, before it sleeps: everything that came in is worked off here. */
static void on_turn(struct ev_loop *loop, ev_prepare *w, int revents) {
    struct engine *e = w->data;
    (void)revents;
    bool more = engine_drain(e, TURN_EVENTS, TURN_US);
    if (!more && e->cfg.virtual_time && e->feed_started && !e->stopped)
        more = vtime_run(e, TURN_US);
    if (!e->cfg.virtual_time && e->loaded && desk_hurries(e->desk) && !ev_is_active(&e->soon)) {
        ev_timer_set(&e->soon, SOON_S, 0);
        ev_timer_start(loop, &e->soon);
    }
    if (more)
        ev_idle_start(loop, &e->more);
    else {
        ev_idle_stop(loop, &e->more);
        arm_venues(e);
    }
}

static void on_more(struct ev_loop *loop, ev_idle *w, int revents) {
    (void)loop;
    (void)w;
    (void)revents; /* keeps the loop from sleeping; the work is done in on_turn */
}

static void on_venue_time(struct ev_loop *loop, ev_timer *w, int revents) {
    (void)loop;
    (void)revents;
    run_venues(w->data, clock_now_us());
}

static void arm_venues(struct engine *e) {
    if (e->cfg.virtual_time || !e->feed_started)
        return;
    int64_t next = INT64_MAX, now = clock_now_us();
    for (int i = 0; i < VENUE_COUNT; i++) {
        const int64_t at = venue_next_us(e->venues[i].v);
        next = at < next ? at : next;
    }
    ev_timer_stop(loop_get(), &e->venue_timer);
    if (next == INT64_MAX)
        return;
    ev_now_update(loop_get());
    ev_timer_set(&e->venue_timer, next > now ? (double)(next - now) / 1e6 : 0, 0);
    ev_timer_start(loop_get(), &e->venue_timer);
}

/* Timers of the exchange (funding, expiry) go on without a feed; they are not the feed. */
bool engine_feed_ended(const struct engine *e) {
    return e->venues[VENUE_SIM].v && sim_feed_ended(e->venues[VENUE_SIM].v);
}

/* The kill file: present means killed. `unkill` takes it away (effects.c). */
static void watch_kill_file(struct engine *e) {
    char path[4096];
    if (!e->cfg.data_dir || !e->loaded)
        return;
    snprintf(path, sizeof path, "%s/KILL", e->cfg.data_dir);
    bool there = access(path, F_OK) == 0;
    if (there && !e->kill_file_seen)
        engine_kill(e, "kill file", SOURCE_KILL);
    e->kill_file_seen = there;
}

/* What a step put off so that it stays short. */
static void on_soon(struct ev_loop *loop, ev_timer *w, int revents) {
    struct event ev;
    (void)loop;
    (void)revents;
    event_init(&ev, EVENT_TIMER, VENUE_NONE, clock_now_us());
    engine_put(w->data, &ev);
}

static void on_tick(struct ev_loop *loop, ev_timer *w, int revents) {
    struct engine *e = w->data;
    (void)loop;
    (void)revents;
    if (e->journal && !journal_flush(e->journal))
        engine_fail(e, "the journal can't be written");
    if (!e->loaded || e->stopped)
        return;
    watch_kill_file(e);
    if (e->cfg.virtual_time)
        return;
    if (!e->leader.leads && clock_mono_us() - e->loaded_us > STANDBY_LOAD_US) {
        engine_drain(e, 1 << 20, 0);
        boot_restart(e);
        return;
    }
    struct event ev;
    event_init(&ev, EVENT_TIMER, VENUE_NONE, clock_now_us());
    engine_put(e, &ev);
    if (e->end_us && ev.at_us >= e->end_us)
        engine_end(e, ENGINE_ENDED);
    if (e->cfg.until_end && engine_feed_ended(e))
        engine_end(e, ENGINE_ENDED);
}

struct engine *engine_new(const struct engine_cfg *cfg) {
    struct engine *e = xcalloc(1, sizeof *e);
    struct ev_loop *loop = loop_get();
    e->cfg = *cfg;
    e->desk = desk_new();
    e->now_us = e->started_us = cfg->virtual_time ? VIRTUAL_EPOCH_US : clock_now_us();
    e->next_client = 1;
    ring_init(&e->queue, 1u << 16, RING_LIMIT);
    engine_hold_init(e);
    vtime_init(e);
    if (cfg->crash_point) {
        const char *colon = strchr(cfg->crash_point, ':');
        size_t n = colon ? (size_t)(colon - cfg->crash_point) : strlen(cfg->crash_point);
        snprintf(e->crash_name, sizeof e->crash_name, "%.*s", (int)n, cfg->crash_point);
        e->crash_left = colon ? atoi(colon + 1) : 1;
    }
    if (cfg->journal && !(e->journal = journal_create(cfg->journal, e->failure, sizeof e->failure)))
        e->stopped = true;
    ev_prepare_init(&e->turn, on_turn);
    ev_idle_init(&e->more, on_more);
    ev_init(&e->venue_timer, on_venue_time);
    ev_timer_init(&e->tick, on_tick, TIMER_US / 1e6, TIMER_US / 1e6);
    ev_init(&e->soon, on_soon);
    e->turn.data = e->more.data = e->venue_timer.data = e->tick.data = e->soon.data = e;
    ev_prepare_start(loop, &e->turn);
    ev_timer_start(loop, &e->tick);
    return e;
}

void engine_free(struct engine *e) {
    if (!e)
        return;
    struct ev_loop *loop = loop_get();
    ev_prepare_stop(loop, &e->turn);
    ev_idle_stop(loop, &e->more);
    ev_timer_stop(loop, &e->tick);
    ev_timer_stop(loop, &e->soon);
    ev_timer_stop(loop, &e->venue_timer);
    ev_timer_stop(loop, &e->pacer);
    e->stopped = true;
    for (int i = 0; i < VENUE_COUNT; i++)
        if (e->venues[i].v)
            e->venues[i].v->ops->close(e->venues[i].v);
    if (e->journal)
        journal_close(e->journal);
    vtime_free(e);
    free(e->models);
    free(e->links);
    free(e->known);
    ring_free(&e->queue);
    ring_free(&e->hold);
    desk_free(e->desk);
    free(e);
}

void engine_add_venue(struct engine *e, enum venue_id id, engine_venue_fn *open, void *ctx) {
    e->venues[id] = (struct engine_venue_slot){.open = open, .ctx = ctx};
}

void engine_first_account(struct engine *e, enum venue_id venue, const char *name, bool live) {
    str_copy(e->venues[venue].account, sizeof e->venues[venue].account, name);
    e->venues[venue].live = live;
}

struct event_sink engine_sink(struct engine *e) { return (struct event_sink){sink_put, e}; }
struct event_sink engine_store_sink(struct engine *e) { return (struct event_sink){store_put, e}; }

void engine_on_end(struct engine *e, void (*fn)(void *, enum engine_end), void *ctx) {
    e->on_end = fn;
    e->on_end_ctx = ctx;
}

const char *engine_failure(const struct engine *e) { return e->failure; }
const struct desk *engine_view(const struct engine *e) { return e->desk; }
struct desk *engine_desk(struct engine *e) { return e->desk; }
int64_t engine_now_us(const struct engine *e) { return e->cfg.virtual_time ? e->now_us : clock_now_us(); }
const char *engine_store_text(const struct engine *e) { return e->store_text; }
bool engine_loaded(const struct engine *e) { return e->loaded; }
uint64_t engine_events(const struct engine *e) { return e->events; }

uint64_t engine_rate(const struct engine *e) {
    int64_t us = (e->end_mono_us ? e->end_mono_us : clock_mono_us()) - e->feed_mono_us;
    return e->feed_started && us > 0 ? (e->events - e->feed_events) * 1000000u / (uint64_t)us : 0;
}

struct venue *engine_venue(struct engine *e, enum venue_id id) { return e->venues[id].v; }

void engine_client_add(struct engine *e, struct engine_client *c) {
    if (!c->id)
        c->id = 0x40000000u | e->next_client++; /* sessions count their tokens from below */
    c->next = e->clients;
    e->clients = c;
}

void engine_client_remove(struct engine *e, struct engine_client *c) {
    for (struct engine_client **p = &e->clients; *p; p = &(*p)->next)
        if (*p == c) {
            *p = c->next;
            return;
        }
}

uint64_t engine_token(struct engine *e, const struct engine_client *c) {
    return (uint64_t)c->id << 32 | ++e->next_token;
}

enum err engine_propose(struct engine *e, const struct intent *in) {
    struct event ev;
    if (!e->loaded || e->stopped)
        return ERR_RECONCILING;
    if (e->queue.bytes > RING_PAUSE * 2)
        return ERR_RISK_ORDER_RATE;
    event_init(&ev, EVENT_INTENT, VENUE_NONE, engine_now_us(e));
    ev.u.intent = *in;
    if (in->kind == INTENT_UNKILL && e->cfg.data_dir) {
        char path[4096];
        snprintf(path, sizeof path, "%s/KILL", e->cfg.data_dir);
        if (unlink(path) == 0)
            e->kill_file_seen = false;
    }
    engine_put(e, &ev);
    return ERR_OK;
}

void engine_kill(struct engine *e, const char *reason, enum order_source source) {
    struct intent in = {.kind = INTENT_KILL, .source = (uint8_t)source};
    str_copy(in.note, sizeof in.note, reason);
    engine_propose(e, &in);
}

void engine_set_models(struct engine *e, const struct model *m, int count) {
    free(e->models);
    e->models = xmalloc((size_t)(count > 0 ? count : 1) * sizeof *m);
    memcpy(e->models, m, (size_t)count * sizeof *m);
    e->model_count = count;
}

void engine_run_end(struct engine *e, const struct ev_run_end *end) {
    struct event ev;
    if (!e->loaded || e->stopped)
        return;
    event_init(&ev, EVENT_RUN_END, VENUE_NONE, engine_now_us(e));
    ev.u.run_end = *end;
    engine_put(e, &ev);
}

void engine_set_idle(struct engine *e, bool (*idle)(void *), void *ctx) {
    e->idle = idle;
    e->idle_ctx = ctx;
}

void engine_mark_dirty(struct engine *e, unsigned dirty) { e->dirty |= dirty; }

void engine_set_tap(struct engine *e, engine_tap_fn *fn, void *ctx) {
    e->tap = fn;
    e->tap_ctx = ctx;
}

unsigned engine_take_dirty(struct engine *e) {
    unsigned d = e->dirty;
    e->dirty = 0;
    return d;
}

uint64_t engine_stop(struct engine *e, int wait_ms) {
    uint64_t hash;
    bool was = e->stopped;
    if (!e->cfg.virtual_time && !was)
        engine_drain(e, 1 << 20, 1000000);
    e->stopped = true;
    hash = desk_hash(e->desk);
    if (e->journal && !journal_flush(e->journal))
        str_copy(e->failure, sizeof e->failure, "the journal can't be written");
    int64_t until = clock_mono_us() + (int64_t)wait_ms * 1000;
    while (e->store && !store_idle(e->store) && clock_mono_us() < until) {
        ev_run(loop_get(), EVRUN_NOWAIT);
        usleep(500);
    }
    return hash;
}
