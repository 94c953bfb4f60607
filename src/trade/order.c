/* Order record: names, the state x event table, and small facts derived from a record. */
#include "turret/trade/order.h"

#include <assert.h>
#include <string.h>

#define NAMES(fn, type, ...)                                                                              \
    static const char *const fn##_names[] = {__VA_ARGS__};                                                \
    const char *fn##_name(enum type v) {                                                                  \
        return (size_t)v < sizeof fn##_names / sizeof *fn##_names ? fn##_names[v] : "?";                  \
    }
#define PARSE(fn, type)                                                                                   \
    bool fn##_parse(const char *s, enum type *out) {                                                      \
        for (size_t i = 0; i < sizeof fn##_names / sizeof *fn##_names; i++)                               \
            if (strcmp(s, fn##_names[i]) == 0) {                                                          \
                *out = (enum type)i;                                                                      \
                return true;                                                                              \
            }                                                                                             \
        return false;                                                                                     \
    }

NAMES(order_side, order_side, "yes", "no", "long", "short")
NAMES(order_action, order_action, "buy", "sell")
NAMES(order_type, order_type, "market", "limit", "stop", "take_profit")
NAMES(order_tif, order_tif, "gtc", "gtd", "ioc", "fok")
NAMES(order_state, order_state, "created", "pending", "partial", "filled", "cancelled", "failed")
NAMES(order_event, order_event_kind, "submit", "ack", "fill", "filled", "cancel", "reject", "unknown", "amend", "reverse")
NAMES(order_source, order_source, "manual", "agent", "tpsl", "sniper", "copy-trade", "counter-trade", "external",
      "liquidation", "resolution", "reconcile", "kill")
NAMES(position_status, position_status, "", "OPEN", "CLOSED")
NAMES(close_trigger, close_trigger, "", "STOP", "TARGET", "TRAIL", "TIME", "INVALIDATION", "LIQUIDATION", "RESOLVED",
      "KILL", "EXTERNAL", "RECONCILE")
NAMES(fill_kind, fill_kind, "trade", "settlement", "liquidation", "transfer", "adjustment")
NAMES(fill_finality, fill_finality, "provisional", "final", "reversed")
NAMES(ledger_kind, ledger_kind, "deposit", "fill", "fee", "funding", "settlement", "rebate", "adjustment")
PARSE(order_side, order_side)
PARSE(order_action, order_action)
PARSE(order_type, order_type)
PARSE(order_tif, order_tif)
PARSE(order_state, order_state)
PARSE(order_source, order_source)
PARSE(close_trigger, close_trigger)
PARSE(fill_kind, fill_kind)
PARSE(ledger_kind, ledger_kind)

/* Shorthands that keep the table on one screen; XX marks an illegal pair: logged, the state stays. */
enum { CR = STATE_CREATED, PE = STATE_PENDING, PA = STATE_PARTIAL, FI = STATE_FILLED, CA = STATE_CANCELLED, FA = STATE_FAILED, XX = STATE_COUNT };

static const uint8_t next_state[STATE_COUNT][OEV_COUNT] = {
    /*                 submit ack fill filled cancel reject unknown amend reverse */
    [STATE_CREATED] = {PE, PE, PA, FI, CA, FA, PE, CR, CR},
    [STATE_PENDING] = {XX, PE, PA, FI, CA, FA, PE, PE, PE},
    [STATE_PARTIAL] = {XX, PA, PA, FI, CA, CA, PA, PA, PA},
    [STATE_FILLED] = {XX, XX, XX, XX, XX, XX, XX, XX, XX},
    [STATE_CANCELLED] = {XX, XX, XX, XX, XX, XX, XX, XX, XX},
    [STATE_FAILED] = {XX, XX, XX, XX, XX, XX, XX, XX, XX},
};

enum order_state order_next(enum order_state s, enum order_event_kind ev) {
    assert((unsigned)s < STATE_COUNT && (unsigned)ev < OEV_COUNT);
    return (enum order_state)next_state[s][ev];
}

bool order_state_final(enum order_state s) {
    return s == STATE_FILLED || s == STATE_CANCELLED || s == STATE_FAILED;
}

order_id order_id_make(uint64_t nonce, uint32_t counter) {
    return ((nonce & 0xFFFFFFFFFFull) << 23) | (counter & 0x7FFFFFu);
}

qty order_rest(const struct order *o) {
    const int64_t rest = o->size.micro - o->filled.micro - o->reversed.micro;
    return QTY(rest > 0 ? rest : 0);
}

bool order_avg_fill(const struct order *o, price *out) {
    return price_of(o->filled_value, o->filled, ROUND_HALF_EVEN, out);
}

int side_sign(enum order_side side) {
    return side == SIDE_YES || side == SIDE_LONG ? 1 : -1;
}

/* On a perpetual the action is the trade in the book; on a binary market buying NO sells YES. */
int book_dir(enum order_side side, enum order_action action) {
    int dir = action == ACTION_BUY ? 1 : -1;
    return side == SIDE_NO ? -dir : dir;
}

int order_book_dir(const struct order *o) {
    return book_dir((enum order_side)o->side, (enum order_action)o->action);
}

price book_price(enum order_side side, price own) {
    return side == SIDE_NO ? price_complement(own) : own;
}

enum order_action side_opening_action(enum order_side side) {
    return side == SIDE_SHORT ? ACTION_SELL : ACTION_BUY;
}

enum order_action side_closing_action(enum order_side side) {
    return side == SIDE_SHORT ? ACTION_BUY : ACTION_SELL;
}
