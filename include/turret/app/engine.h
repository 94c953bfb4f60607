/* The shell around the desk: owns desk, event queue, store and venues; feeds events in, carries effects out, keeps time.
 * Two clocks: wall time on the loop, or virtual time (the feed's), as fast as the machine or paced. */
#ifndef TURRET_APP_ENGINE_H
#define TURRET_APP_ENGINE_H

#include "turret/desk/desk.h"
#include "turret/desk/view.h"
#include "turret/store/store.h"
#include "turret/venue/venue.h"

struct engine;

struct engine_cfg {
    uint64_t seed;               /* the desk's generator; in virtual time also ids and answer times */
    struct risk_limits limits;
    uint8_t exit_trigger;        /* struct ev_boot */
    bool cancel_on_kill;
    bool simulated_only;         /* no live account may trade */
    bool virtual_time;
    int64_t pace_milli;          /* virtual time: thousandths of feed time a second of ours; 0 = as fast as it goes */
    int64_t run_us;              /* end after so much time (virtual: feed time), 0 = never */
    bool until_end;              /* end when the feed does */
    usd initial_cash;            /* of the paper account that an empty store gets */
    const char *journal;         /* path, NULL = none */
    const char *crash_point;     /* "name:n": SIGKILL itself there; for tests */
    const char *data_dir;        /* where the kill file is; NULL = none */
};

/* Asked again when a standby takes over: the venue is made anew and restored from the store. NULL: can't (text says why). */
typedef struct venue *engine_venue_fn(void *ctx, struct event_sink sink, char text[REASON_MAX]);

/* Who wants to hear. `id` is the upper half of the tokens of its intents. Any function may be NULL. */
struct engine_client {
    struct engine_client *next;
    uint32_t id;
    void *ctx;
    void (*reply)(void *ctx, const struct fx_reply *r);
    void (*notice)(void *ctx, const struct fx_notice *n);
    void (*run)(void *ctx, const struct fx_run *r);           /* the agents' shell: invoke this model */
    void (*run_stop)(void *ctx, const struct fx_run_stop *r);
    void (*feed)(void *ctx, const struct fx_feed *f);         /* a line of the event stream */
    void (*saved)(void *ctx, const struct fx_save *s); /* every record the desk keeps: orders, fills ... as they happen */
};

enum engine_end { ENGINE_RUNS, ENGINE_ENDED /* time is up or the feed is */, ENGINE_FAILED /* engine_failure says why */ };

struct engine *engine_new(const struct engine_cfg *cfg);
void engine_free(struct engine *e); /* closes venues; not the store */
void engine_add_venue(struct engine *e, enum venue_id id, engine_venue_fn *open, void *ctx);
/* An account that the store does not have yet is made at the start, when its venue is open. */
void engine_first_account(struct engine *e, enum venue_id venue, const char *name, bool live);
struct event_sink engine_sink(struct engine *e); /* for venues */
struct event_sink engine_store_sink(struct engine *e);
/* The store is open: loads it and goes on to venues, reconciliation and trading by itself. */
void engine_set_store(struct engine *e, struct store *s);
/* Called when the engine ended by itself (time up, feed ended, journal or venue failure). */
void engine_on_end(struct engine *e, void (*fn)(void *ctx, enum engine_end why), void *ctx);
const char *engine_failure(const struct engine *e);

const struct desk *engine_view(const struct engine *e);
struct desk *engine_desk(struct engine *e);
int64_t engine_now_us(const struct engine *e);
const char *engine_store_text(const struct engine *e); /* what the store last said before it was loaded */
bool engine_loaded(const struct engine *e); /* the stored state is in the desk */
uint64_t engine_events(const struct engine *e);
uint64_t engine_rate(const struct engine *e); /* events a second of wall time since the feed began */
struct venue *engine_venue(struct engine *e, enum venue_id id);

void engine_client_add(struct engine *e, struct engine_client *c); /* sets c->id unless it has one */
void engine_client_remove(struct engine *e, struct engine_client *c);
uint64_t engine_token(struct engine *e, const struct engine_client *c);
/* ERR_OK: queued, FX_REPLY follows when it has a token. Else it was refused here. */
enum err engine_propose(struct engine *e, const struct intent *in);
void engine_kill(struct engine *e, const char *reason, enum order_source source);
void engine_note(struct engine *e, enum notice_level level, const char *text);

/* The configured models, before the store is set: at the load those that are new get an account of their own, those that are no
 * longer configured are disabled. The values are copied. */
void engine_set_models(struct engine *e, const struct model *m, int count);
/* Links of markets to put as their markets are listed. The values are copied. */
void engine_set_links(struct engine *e, const struct market_link *l, int count);
void engine_run_end(struct engine *e, const struct ev_run_end *end); /* from the agents' shell */
/* Virtual time does not pass while this says false (a run waits for an answer of the real world). */
void engine_set_idle(struct engine *e, bool (*idle)(void *ctx), void *ctx);
void engine_tell_feed(struct engine *e, const struct fx_feed *f); /* a line of the event stream that is not the desk's */
void engine_mark_dirty(struct engine *e, unsigned dirty); /* enum view_dirty: screens draw what is not the desk's */

/* Every event the desk is given, after the step (recording). One tap at a time; NULL takes it away. */
typedef void engine_tap_fn(void *ctx, const struct event *ev);
void engine_set_tap(struct engine *e, engine_tap_fn *fn, void *ctx);
/* Bits of what changed for the screens since the last call. */
unsigned engine_take_dirty(struct engine *e);
/* Takes no more events, lets the store finish (at most wait_ms); returns what the state was then. */
uint64_t engine_stop(struct engine *e, int wait_ms);

#endif
