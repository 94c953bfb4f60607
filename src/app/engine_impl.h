/* Inside of the engine, shared by its files: engine.c (queue and clocks), effects.c, vtime.c (virtual time), boot.c (start-up). */
#ifndef TURRET_APP_ENGINE_IMPL_H
#define TURRET_APP_ENGINE_IMPL_H

#include <ev.h>

#include "app/journal.h"
#include "turret/app/engine.h"
#include "turret/base/map.h"
#include "turret/base/ring.h"
#include "turret/base/rng.h"

#define TIMER_US 250000
#define SOON_S 0.005 /* the next beat, when the desk has put work off */
#define TURN_EVENTS 256
#define TURN_US 2000
#define RING_LIMIT (64u << 20)
#define RING_PAUSE (8u << 20)   /* above it nobody asks venues for more */
#define SEQ_WATCH 64
#define STANDBY_LOAD_US 15000000 /* a desk that watches reads what the leader did so often */

struct engine_venue_slot {
    struct venue *v;
    engine_venue_fn *open;
    void *ctx;
    char account[STRATEGY_MAX]; /* wanted from the first start on; "" = none */
    bool live;
};
struct pending_save { uint32_t size, pad; uint64_t seq; int64_t due_us; }; /* virtual time: when the store's answer counts */

struct engine {
    struct engine_cfg cfg;
    struct desk *desk;
    struct ring queue, hold;   /* hold: what the store loads, until it is complete */
    struct store *store;
    struct engine_venue_slot venues[VENUE_COUNT];
    struct engine_client *clients;
    uint32_t next_client, next_token;
    uint64_t events;
    int64_t now_us, last_at_us, started_us, end_us;
    int64_t feed_mono_us, end_mono_us; /* when the feed began and the engine ended, monotonic */
    uint64_t feed_events;              /* events before the feed began */
    bool booted, loaded, loading, draining, stopped, feed_started, kill_file_seen, restarting, load_asked;
    struct ev_leader leader;
    int64_t loaded_us; /* monotonic */
    char store_text[REASON_MAX];
    unsigned dirty;
    struct journal *journal;
    char failure[REASON_MAX * 2];
    struct model *models;      /* as configured, without ids */
    int model_count;
    struct market_link *links; /* of links.conf */
    int link_count;
    struct model *known;       /* as stored, while loading */
    size_t known_count, known_cap;
    bool (*idle)(void *);      /* runs that wait for the real world */
    void *idle_ctx;
    engine_tap_fn *tap;
    void *tap_ctx;
    void (*on_end)(void *, enum engine_end);
    void *on_end_ctx;
    /* loop */
    ev_prepare turn;
    ev_idle more;
    ev_timer tick, venue_timer, pacer, soon;
    /* virtual time */
    struct rng answer_rng;
    struct ring saves;         /* struct pending_save, in order */
    struct map answered;       /* seq -> result << 1 | outbox */
    int64_t next_tick_us, save_due_us, pace_base_us, pace_mono_us;
    /* crash points */
    char crash_name[32];
    int crash_left;
    uint64_t intent_seqs[SEQ_WATCH];
    int intent_seq_at;
};

void engine_put(struct engine *e, const struct event *ev);
void engine_put_note(struct engine *e, enum notice_level level, const char *text);
void engine_end(struct engine *e, enum engine_end why);
void engine_fail(struct engine *e, const char *text);
int64_t venue_next_us(const struct venue *v); /* INT64_MAX: it does not want to be run */
bool engine_feed_ended(const struct engine *e);
void engine_crash(struct engine *e, const char *point);
bool engine_drain(struct engine *e, int max_events, int64_t max_us); /* true: more is waiting */

void links_listed(struct engine *e, const struct event *ev); /* engine_links.c: a venue's event went into the queue */

void effect_run(struct engine *e, const struct effect *fx);

void boot_event(struct engine *e, const struct event *ev); /* a store event while loading */
void boot_restart(struct engine *e);                       /* a standby took over: load again */
void engine_hold_init(struct engine *e);

/* Configured models meet the stored ones: new ones get ids and accounts, all get an event (boot_models.c). */
void boot_models(struct engine *e, account_id max_account, void (*restore)(struct engine *, const struct event *));

void vtime_init(struct engine *e);
void vtime_free(struct engine *e);
void vtime_saved(struct engine *e, const struct fx_save *rec);
void vtime_answer(struct engine *e, const struct event *ev);
/* Does what is due; true while there is more to do now, false when waiting for the store, the pace or the end. */
bool vtime_run(struct engine *e, int64_t max_us);

#endif
