/* Virtual time: the clock is the feed's. Venue events, answers of the store and timers are delivered in time order; an answer of
 * the store counts 1-3 ms (seeded) after its request, and the clock does not pass it before the real commit is done. So the same
 * seed and feed give the same state with any store, as fast as the machine or paced. */
#include <assert.h>
#include <string.h>

#include "app/engine_impl.h"
#include "turret/io/loop.h"

#define ANSWER_MIN_US 1000
#define ANSWER_MAX_US 3000

static void on_pace(struct ev_loop *loop, ev_timer *w, int revents) {
    (void)loop;
    (void)w;
    (void)revents; /* wakes the loop; the turn's end does the work */
}

void vtime_init(struct engine *e) {
    rng_seed(&e->answer_rng, e->cfg.seed ^ 0x616e73776572ull);
    ring_init(&e->saves, 1u << 12, 64u << 20);
    map_init(&e->answered);
    ev_init(&e->pacer, on_pace);
}

void vtime_free(struct engine *e) {
    ring_free(&e->saves);
    map_free(&e->answered);
}

void vtime_saved(struct engine *e, const struct fx_save *rec) {
    if (!rec->last)
        return;
    struct pending_save *p = ring_push(&e->saves, sizeof *p);
    assert(p && "too many saves wait");
    int64_t due = e->now_us + rng_range(&e->answer_rng, ANSWER_MIN_US, ANSWER_MAX_US);
    if (due < e->save_due_us)
        due = e->save_due_us; /* answers come in the order of requests */
    e->save_due_us = due;
    *p = (struct pending_save){.size = sizeof *p, .seq = rec->seq, .due_us = due};
}

void vtime_answer(struct engine *e, const struct event *ev) {
    map_put(&e->answered, ev->u.saved.seq, (uint64_t)(uint32_t)ev->u.saved.result << 1 | (ev->u.saved.outbox & 1));
    ev_idle_start(loop_get(), &e->more); /* the clock may be waiting for this one */
}

static bool deliver_answer(struct engine *e, const struct pending_save *p) {
    uint64_t val;
    struct event ev;
    if (!map_get(&e->answered, p->seq, &val))
        return false;
    map_del(&e->answered, p->seq);
    event_init(&ev, EVENT_SAVED, VENUE_NONE, e->now_us);
    ev.u.saved.seq = p->seq;
    ev.u.saved.result = (int32_t)(uint32_t)(val >> 1);
    ev.u.saved.outbox = (uint32_t)(val & 1);
    ring_pop(&e->saves);
    engine_put(e, &ev);
    return true;
}

/* May the clock be at `t` already? Else wakes the loop when it may. */
static bool paced(struct engine *e, int64_t t) {
    if (e->cfg.pace_milli == 0)
        return true;
    int64_t mono = clock_mono_us();
    int64_t wait_us = (t - e->pace_base_us) / e->cfg.pace_milli * 1000 + (t - e->pace_base_us) % e->cfg.pace_milli * 1000 / e->cfg.pace_milli -
                      (mono - e->pace_mono_us);
    if (wait_us <= 0)
        return true;
    ev_now_update(loop_get());
    ev_timer_stop(loop_get(), &e->pacer);
    ev_timer_set(&e->pacer, (double)wait_us / 1e6, 0);
    ev_timer_start(loop_get(), &e->pacer);
    return false;
}

static int next_venue(const struct engine *e, int64_t *at_us) {
    int best = 0;
    *at_us = INT64_MAX;
    for (int i = 1; i < VENUE_COUNT; i++) {
        int64_t t = venue_next_us(e->venues[i].v);
        if (t < *at_us) {
            *at_us = t;
            best = i;
        }
    }
    return best;
}

/* One step: the earliest of venue, store answer and timer. */
static bool advance(struct engine *e) {
    int64_t venue_us, at;
    int venue = next_venue(e, &venue_us);
    const struct pending_save *p = ring_peek(&e->saves);
    int64_t save_us = p ? p->due_us : INT64_MAX;
    if (e->cfg.until_end && !p && engine_feed_ended(e)) {
        engine_end(e, ENGINE_ENDED);
        return false;
    }
    at = venue_us < e->next_tick_us ? venue_us : e->next_tick_us;
    at = save_us < at ? save_us : at;
    if (at < e->now_us)
        at = e->now_us;
    if (e->end_us && at > e->end_us) {
        e->now_us = e->end_us;
        engine_end(e, ENGINE_ENDED);
        return false;
    }
    if (!paced(e, at))
        return false;
    if (venue_us <= at) {
        e->now_us = at;
        e->venues[venue].v->ops->run(e->venues[venue].v, at);
        return true;
    }
    if (p && save_us <= at) {
        int64_t before = e->now_us;
        e->now_us = at;
        if (deliver_answer(e, p))
            return true;
        e->now_us = before;
        return false;
    }
    struct event ev;
    e->now_us = at;
    event_init(&ev, EVENT_TIMER, VENUE_NONE, at);
    engine_put(e, &ev);
    e->next_tick_us = at + TIMER_US;
    return true;
}

bool vtime_run(struct engine *e, int64_t max_us) {
    int64_t t0 = clock_mono_us();
    for (int n = 0; !e->stopped && e->feed_started; n++) {
        if (e->idle && !e->idle(e->idle_ctx))
            return false; /* a run waits for an answer: its arrival turns the loop */
        if (!advance(e))
            return false;
        engine_drain(e, 1 << 30, 0);
        if ((n & 63) == 63 && clock_mono_us() - t0 > max_us)
            return true;
    }
    return false;
}
