/* Trigger index: levels that fire when a figure reaches them. Per figure ("lane") two arrays sorted by level; a tick that fires nothing
 * costs two comparisons whatever is armed, and an armed level costs 16 bytes. Equal levels fire in id order. */
#ifndef TURRET_TRADE_TRIGGER_H
#define TURRET_TRADE_TRIGGER_H

#include "turret/market/market.h"

enum trigger_dir { TRIGGER_AT_OR_BELOW, TRIGGER_AT_OR_ABOVE };
/* Lanes of a market's set. Other subjects (accounts, models ...) number their figures from 0 too (trade/watch.h). */
enum trigger_price { TRIGGER_BID, TRIGGER_ASK, TRIGGER_MARK, TRIGGER_LAST, TRIGGER_PRICE_COUNT };
/* Kinds: a lower one wins when several of one owner are hit at once. */
enum trigger_kind { TRIGGER_STOP = 1, TRIGGER_INVALIDATION, TRIGGER_TARGET, TRIGGER_RUNG /* to TRIGGER_RUNG + LADDER_MAX - 1 */, TRIGGER_BREAK_EVEN = 12, TRIGGER_TRAIL, TRIGGER_WATCH };

struct trigger {
    price level;    /* in the book's unit (YES price for binary), or the figure's micro unit */
    uint64_t id;    /* the owner: position or watch; unique in the index together with kind and level */
    uint16_t kind;  /* enum trigger_kind */
    uint8_t dir, source;
};

struct trigger_set; /* all triggers of one market (account, model ...) */

struct trigger_set *trigger_set_new(void);
void trigger_set_free(struct trigger_set *t);
/* Adds one; the same one again is a bug of the caller. Many at once are sorted together at the next question. */
void trigger_arm(struct trigger_set *t, const struct trigger *trig);
bool trigger_disarm(struct trigger_set *t, const struct trigger *trig); /* the very same fields; false if it was not armed */
int trigger_count(const struct trigger_set *t);
/* Takes out the next trigger that `px` of `source` fires, best level first, then id. False when none does:
 * that answer costs two comparisons. Fired triggers are disarmed: one-shot. */
bool trigger_next(struct trigger_set *t, enum trigger_price source, price px, struct trigger *out);

#endif
