/* The desk: the one mutator of trading state, a deterministic state machine. desk_step makes no system call,
 * reads no clock and draws no random number of its own: time is in the event, randomness is seeded by EVENT_BOOT.
 * The same events give the same state, effects and hash. */
#ifndef TURRET_DESK_DESK_H
#define TURRET_DESK_DESK_H

#include "turret/desk/effect.h"
#include "turret/desk/event.h"

struct desk;

struct desk *desk_new(void);
void desk_free(struct desk *d);
/* Back to the state of desk_new (a standby desk reloads; a leader that lost its lease starts over). */
void desk_clear(struct desk *d);

/* Applies one event; effects are appended to the desk's queue. */
void desk_step(struct desk *d, const struct event *ev);

/* The next effect in order, NULL when there is none. Valid until the next desk_step or desk_effect. */
const struct effect *desk_effect(struct desk *d);

/* Is there work that was put off so that a step stays short (a storm of triggers)? Then the next EVENT_TIMER should come soon. */
bool desk_hurries(const struct desk *d);

/* FNV-1a-64 over the trading state: markets, books, orders, positions, cash, settings, counters. */
uint64_t desk_hash(const struct desk *d);

/* Bits of what changed since the last call, for the screen (enum view_dirty). */
unsigned desk_take_dirty(struct desk *d);

#endif
