/* The store in memory: for simulation, backtests and tests. Deterministic: answers come from store_mem_run, in order.
 * Its rows outlive a desk (store_mem_crash, then load again), and its knobs make it late, refusing, down or usurped. */
#ifndef TURRET_STORE_MEM_H
#define TURRET_STORE_MEM_H

#include "turret/store/store.h"

/* Starts up, empty, epoch 1, and will announce EVENT_STORE and EVENT_LEADER at the first store_mem_run. */
struct store *store_mem_new(struct event_sink sink);
/* One step: delivers every answer that is due; returns the events put into the sink. */
int store_mem_run(struct store *s);
/* Time stamped on its events, and the day that counts as today in a load. */
void store_mem_set_time(struct store *s, int64_t now_us);

/* --- knobs --- */
void store_mem_set_delay(struct store *s, int steps);                  /* answers come that many runs later; 0 = next run */
void store_mem_fail_next(struct store *s, enum err why, int batches);  /* the next batches are refused, nothing of them kept */
void store_mem_set_up(struct store *s, bool up);                       /* down: STORE_DOWN, exits to the outbox; up: outbox merged */
void store_mem_set_epoch(struct store *s, uint64_t epoch, bool leads); /* batches of another epoch: NOT_LEADER */
/* The desk dies: the first `committed` waiting batches reach the rows, the rest and all answers are lost. The next
 * desk gets its answers in `sink`, under a new epoch. */
void store_mem_crash(struct store *s, int committed, struct event_sink sink);

/* --- what is kept, for oracles --- */
int store_mem_waiting(const struct store *s); /* batches not yet committed */
const struct order *store_mem_order(const struct store *s, order_id id);
int store_mem_orders(const struct store *s, const struct order **out); /* in order of insertion; valid until the next call */
int store_mem_fills(const struct store *s, const struct fill **out);
int store_mem_ledger(const struct store *s, const struct ledger_entry **out);
int store_mem_events(const struct store *s, const struct save_order_event **out);
const struct watch *store_mem_watch(const struct store *s, watch_id id);
int store_mem_watches(const struct store *s, const struct watch **out);
int store_mem_follows(const struct store *s, const struct follow **out);
int store_mem_follow_trades(const struct store *s, const struct follow_trade **out);
int store_mem_history(const struct store *s, const struct history **out);
/* What PostgreSQL would have refused and this store did: lost compare-and-sets, double opens, breaks of append-only,
 * a watch or follow saved with another content under the version it had (PostgreSQL would keep the old one). */
int store_mem_violations(const struct store *s, char *text, size_t cap);

#endif
