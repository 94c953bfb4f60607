/* The store port: keeps batches of records, gives them back at start. Every call is asynchronous: answers are
 * events in the sink (EVENT_SAVED, EVENT_STORE, EVENT_LEADER, EVENT_LOAD_*, EVENT_LOADED). Adapters never call the desk. */
#ifndef TURRET_STORE_STORE_H
#define TURRET_STORE_STORE_H

#include "turret/desk/effect.h"
#include "turret/desk/event.h"

struct store;

struct store_ops {
    const char *name;
    /* Emits, in this order: EVENT_SETTING*, EVENT_ACCOUNT*, EVENT_MODEL* (stored = 1), EVENT_LOAD_MARKET*, EVENT_LOAD_CASH*, EVENT_LOAD_DAY*, EVENT_LOAD_ORDER*
     * (working orders, orders with an open position, then the newest closed ones), EVENT_LOAD_FILL* (of those orders),
     * EVENT_EQUITY*, EVENT_FOLLOW* (not deleted), EVENT_FOLLOW_TRADE* (waiting ones, those of the last two days, at least the newest 2000), EVENT_LINK*
     * (not deleted), EVENT_REMARK*, EVENT_LOAD_TRADE* (every closed position of every account, oldest close first), EVENT_WATCHES* (the newest 500 finished, then
     * all live ones, by id), EVENT_HISTORY* (newest 1000, oldest first), EVENT_LOADED. A load cut short by a lost connection starts again: the same
     * records come once more, but no trade and no history. Watches, follows and their trades only overwrite an older `version`. */
    void (*load)(struct store *s);
    /* One record of a batch; the batch is committed when `last` comes. Waiting batches commit as a group.
     * Answer EVENT_SAVED{seq, ERR_OK | ERR_STORE_DOWN | ERR_NOT_LEADER | ...}. With the store down a batch whose records
     * are marked `exit` is fsynced to the outbox instead: ERR_OK with outbox = 1. */
    void (*save)(struct store *s, const struct fx_save *rec);
    bool (*idle)(const struct store *s); /* nothing in flight: a virtual clock may pass */
    void (*close)(struct store *s);
};

struct store { /* head of every implementation */
    const struct store_ops *ops;
};

static inline void store_load(struct store *s) { s->ops->load(s); }
static inline void store_save(struct store *s, const struct fx_save *rec) { s->ops->save(s, rec); }
static inline bool store_idle(const struct store *s) { return s->ops->idle(s); }
static inline void store_close(struct store *s) { s->ops->close(s); }

#endif
