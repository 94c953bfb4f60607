/* The desk's state of watches. Included by the files of watches. */
#ifndef TURRET_DESK_STATE_WATCH_H
#define TURRET_DESK_STATE_WATCH_H

#include "desk/state.h"

struct waiting_watch { /* in its zone and not fired: it is held, or a guard says no */
    watch_id id;
    market_id market;      /* 0: another subject's */
    int64_t since_us, best; /* best: the value deepest in the zone */
    int16_t code;          /* enum err: why not yet */
    bool held;             /* the hold was over once */
};
struct near_miss { watch_id id; unsigned count; int64_t at_us, value, held_us; };
struct figure_set { uint8_t subject; uint64_t id; struct trigger_set *set; };

struct watches {
    struct watch *list; /* by id; finished ones stay a while */
    size_t n, cap, finished, sweep;
    size_t live[WATCH_KIND_COUNT], armed[WATCH_KIND_COUNT];
    struct waiting_watch *waiting;
    size_t waiting_n, waiting_cap, turn;
    struct near_miss *near;
    size_t near_n, near_cap;
    struct figure_set *sets; /* subjects that are no market */
    size_t set_n, set_cap;
    int64_t second_us;
    bool listed; /* a market, since the last beat */
};

/* watch.c */
struct watches *watches_of(struct desk *d);
struct watch *watch_find(const struct desk *d, watch_id id);
void watch_save(struct desk *d, struct watch *w);
void watch_set_armed(struct desk *d, struct watch *w, bool on); /* flag and index */
void watch_end(struct desk *d, struct watch *w, enum watch_status s, const char *what, const char *text);
void watch_revive(struct desk *d, struct watch *w); /* from CANCELLED back to armed */
void watch_log(struct desk *d, const struct watch *w, order_id order, const char *what, const char *text);
bool watch_value(const struct desk *d, const struct watch *w, int64_t *out); /* the figure now, own side's price */
struct mkt *watch_market(const struct desk *d, const struct watch *w);       /* NULL: of another subject */
/* watch_fire.c */
void watch_wait(struct desk *d, struct watch *w, enum err code);
void watch_unwait(struct desk *d, watch_id id);
void watch_arm_index(struct desk *d, struct watch *w);
void watches_house(struct desk *d);
void watch_disarm_index(struct desk *d, struct watch *w);

#endif
