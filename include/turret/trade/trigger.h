/* Trigger index: levels that fire when a price reaches them. Per market and price source two arrays sorted by
 * level; a tick that fires nothing costs the same whatever is armed. Equal levels fire in id order. */
#ifndef TURRET_TRADE_TRIGGER_H
#define TURRET_TRADE_TRIGGER_H

#include "turret/market/market.h"

enum trigger_dir { TRIGGER_AT_OR_BELOW, TRIGGER_AT_OR_ABOVE };
enum trigger_price { TRIGGER_BID, TRIGGER_ASK, TRIGGER_MARK, TRIGGER_LAST, TRIGGER_PRICE_COUNT };

/* Kinds: a lower one wins when several of one owner are hit at once. */
enum trigger_kind { TRIGGER_STOP = 1, TRIGGER_INVALIDATION, TRIGGER_TARGET, TRIGGER_RUNG /* to TRIGGER_RUNG + LADDER_MAX - 1 */, TRIGGER_BREAK_EVEN = 12, TRIGGER_TRAIL, TRIGGER_WATCH };
#define TRIGGER_KINDS 16

struct trigger {
    uint64_t id;    /* orders equal levels; unique in the index together with kind */
    uint64_t owner; /* position or sniper */
    uint16_t kind;  /* the owner's meaning, < TRIGGER_KINDS: stop, target, sniper, alert ... */
    uint8_t dir, source;
    price level;    /* in the book's unit (YES price for binary) */
};

struct trigger_set; /* all triggers of one market */

struct trigger_set *trigger_set_new(void);
void trigger_set_free(struct trigger_set *t);
/* Adds one (replaces one of the same id and kind). O(log n + move). */
void trigger_arm(struct trigger_set *t, const struct trigger *trig);
bool trigger_disarm(struct trigger_set *t, uint64_t id, uint16_t kind); /* false if it was not armed */
int trigger_count(const struct trigger_set *t);
/* Takes out the next trigger that `px` of `source` fires, best level first, then id. False when none does:
 * that answer costs two comparisons. Fired triggers are disarmed: one-shot. */
bool trigger_next(struct trigger_set *t, enum trigger_price source, price px, struct trigger *out);

#endif
