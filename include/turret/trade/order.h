/* The order record (a row of the orders table), its state machine, and the position that lives in the
 * record of the order that opened it. Plain values without pointers: they travel in events and effects. */
#ifndef TURRET_TRADE_ORDER_H
#define TURRET_TRADE_ORDER_H

#include "turret/base/err.h"
#include "turret/market/market.h"
#include "turret/trade/route.h"

#define STRATEGY_MAX 24
#define CLIENT_ID_MAX 48
#define VENUE_ORDER_ID_MAX 80
#define REASON_MAX 96
#define INVALIDATION_MAX 128

typedef uint64_t order_id;   /* unique for ever: start nonce << 23 | counter (see order_id_make) */
typedef uint32_t account_id; /* row id of the accounts table, from 1 */

enum order_side { SIDE_YES, SIDE_NO, SIDE_LONG, SIDE_SHORT }; /* the position's side */
enum order_action { ACTION_BUY, ACTION_SELL };               /* the trade's: opening a short is short/sell */
enum order_type { ORDER_MARKET, ORDER_LIMIT, ORDER_STOP, ORDER_TAKE_PROFIT };
enum order_tif { TIF_GTC, TIF_GTD, TIF_IOC, TIF_FOK };
enum order_state { STATE_CREATED, STATE_PENDING, STATE_PARTIAL, STATE_FILLED, STATE_CANCELLED, STATE_FAILED, STATE_COUNT };
enum order_event_kind {
    OEV_SUBMIT,  /* handed to the venue */
    OEV_ACK,     /* the venue has it */
    OEV_FILL,    /* an execution that leaves some open */
    OEV_FILLED,  /* the execution that completes it */
    OEV_CANCEL,  /* the rest is gone, by whomever (cancel, expiry, IOC rest) */
    OEV_REJECT,  /* the venue or a recheck refused it */
    OEV_UNKNOWN, /* outcome unknown; the state stays */
    OEV_AMEND,   /* price or quantity changed */
    OEV_REVERSE, /* the venue took an execution back; the state stays (noted of final ones too) */
    OEV_COUNT
};
enum order_source {
    SOURCE_MANUAL, SOURCE_AGENT, SOURCE_TPSL, SOURCE_SNIPER, SOURCE_COPY_TRADE, SOURCE_COUNTER_TRADE,
    SOURCE_EXTERNAL, SOURCE_LIQUIDATION, SOURCE_RESOLUTION, SOURCE_RECONCILE, SOURCE_KILL, SOURCE_COUNT
};
enum position_status { POSITION_NONE, POSITION_OPEN, POSITION_CLOSED };
enum close_trigger {
    CLOSE_BY_HAND /* null in the store: by hand or by the model */, CLOSE_STOP, CLOSE_TARGET, CLOSE_TRAIL, CLOSE_TIME,
    CLOSE_INVALIDATION, CLOSE_LIQUIDATION, CLOSE_RESOLVED, CLOSE_KILL, CLOSE_EXTERNAL, CLOSE_RECONCILE, CLOSE_COUNT
};
enum order_flag { ORDER_REDUCE_ONLY = 1, ORDER_POST_ONLY = 2, ORDER_OUTCOME_UNKNOWN = 4, ORDER_SENT = 8, ORDER_ACKED = 16 /* the venue was heard of it */ };

#define LADDER_MAX 8
enum trail_kind { TRAIL_NONE, TRAIL_DISTANCE /* micro price */, TRAIL_PERCENT /* ppm of the price */, TRAIL_ATR /* micro multiples of the 5-minute ATR(14) */ };
struct exit_rung { price level; int32_t part_ppm /* of the size the ladder was set for */; uint8_t done, pad[3]; };
struct exit_rules { /* exits that move or come in parts; 0 = not set */
    int64_t trail;          /* by trail_kind: the stop follows the best price at this distance and never goes back */
    price break_even;       /* own-side price at which the stop moves to the entry */
    int32_t before_close_s; /* closes that long before the market closes */
    uint8_t trail_kind, rung_count, pad[2];
    struct exit_rung rungs[LADDER_MAX]; /* take profit in parts, nearest first */
};
struct exit_plan { /* micro 0 = not set */
    price stop, target;
    price invalidation_price;
    int64_t time_exit_us, cooldown_until_us;
    int16_t confidence; /* 0..100, -1 unknown */
    uint8_t trailed;    /* the stop was moved by the trail: it closes as TRAIL */
    uint8_t pad[5];
    price trail_best;   /* best own-side price since the trail was set */
    qty ladder_size;    /* what the parts of the ladder are parts of */
    struct exit_rules rules;
    char invalidation[INVALIDATION_MAX];
};

struct position { /* meaningful when status != POSITION_NONE; the side is the order's */
    uint8_t status, close_trigger, leverage;
    uint8_t unprotected; /* a stop is set that can't fire now */
    qty open;            /* open quantity, >= 0 */
    qty reserved;        /* part of `open` that working exits have reserved; never above open */
    qty closed;          /* quantity closed so far */
    usd cost;            /* entry cost of `open` (average cost; without fees) */
    price entry_price;   /* average entry of all opening fills since it was flat */
    price exit_price;    /* average of closing fills */
    usd exit_value;      /* sum of price * size of closing fills */
    usd realized_pnl;    /* of closing fills, before fees */
    usd fees, funding;   /* paid (positive) and received (negative) over its life */
    int64_t opened_us, closed_us;
    order_id sl_order, tp_order; /* working exits */
    struct exit_plan plan;
};

struct order {
    order_id id;
    uint32_t num;      /* small number a person types; unique in a database */
    account_id account;
    market_id market;
    uint8_t side, action, type, tif;
    uint8_t state, source, flags, leverage;
    int16_t reason;    /* enum err: why refused, failed or cancelled */
    uint16_t version;  /* +1 with every stored change */
    price limit;       /* in the order's own side's price (a NO price for NO); 0 for market orders */
    price trigger;
    qty size, filled;
    qty reversed;      /* executed, but never settled: part of neither `filled` nor what still works */
    usd filled_value;  /* sum of price * size of fills, own side's price */
    usd fee;           /* charged so far */
    order_id parent;   /* the position (or order) this one belongs to; 0 = none */
    uint64_t link;     /* sniper, copy subscription, counter config or invocation, by source; 0 = none */
    int64_t created_us, sent_us, updated_us, expires_us, cancel_requested_us;
    char strategy[STRATEGY_MAX];
    char client_id[CLIENT_ID_MAX];
    char venue_id[VENUE_ORDER_ID_MAX];
    char reason_text[REASON_MAX];
    struct route route; /* the SmartRouter's decision; n = 0: none */
    struct position pos;
};

struct fill { /* unique by (venue, account, venue_trade, leg) */
    order_id order, position;
    account_id account;
    market_id market;
    uint8_t leg;      /* 0, or 1 for the part that passes through zero */
    uint8_t kind;     /* enum fill_kind */
    uint8_t finality; /* enum fill_finality */
    uint8_t maker;    /* liquidity: 1 maker, 0 taker */
    uint8_t side, action;
    price px; /* own side's price */
    qty size;
    usd fee;
    usd realized_pnl; /* of this fill's closing part */
    int64_t at_us;
    char venue_trade[VENUE_ORDER_ID_MAX];
};
enum fill_kind { FILL_TRADE, FILL_SETTLEMENT, FILL_LIQUIDATION, FILL_TRANSFER, FILL_ADJUSTMENT };
enum fill_finality { FILL_PROVISIONAL, FILL_FINAL, FILL_REVERSED };

enum ledger_kind { LEDGER_DEPOSIT, LEDGER_FILL, LEDGER_FEE, LEDGER_FUNDING, LEDGER_SETTLEMENT, LEDGER_REBATE, LEDGER_ADJUSTMENT };
struct ledger_entry { /* append-only; an account's cash is the sum of its amounts */
    account_id account;
    market_id market;
    order_id order;
    uint8_t kind; /* enum ledger_kind */
    usd amount;   /* signed */
    int64_t at_us;
    char ref[VENUE_ORDER_ID_MAX]; /* unique with (account, kind): venue trade:leg, funding period, ... */
};

struct account {
    account_id id;
    uint8_t venue; /* enum venue_id */
    uint8_t live;  /* 0 paper, 1 real money */
    usd initial;   /* starting capital of paper accounts */
    char name[STRATEGY_MAX];
};

/* The dense state x event table: the state after `ev`, or STATE_COUNT where the pair is illegal. */
enum order_state order_next(enum order_state s, enum order_event_kind ev);
bool order_state_final(enum order_state s);
static inline bool order_open(const struct order *o) { return !order_state_final((enum order_state)o->state); }

order_id order_id_make(uint64_t nonce /* 40 bits */, uint32_t counter /* 23 bits */);
qty order_rest(const struct order *o);                      /* size - filled - reversed, >= 0 */
bool order_avg_fill(const struct order *o, price *out);     /* filled_value / filled */
/* Direction in the market's own book: +1 buys the book's unit (YES or the contract), -1 sells it. */
int order_book_dir(const struct order *o);
int book_dir(enum order_side side, enum order_action action);
/* Price in the book's unit (YES price for binary) of an own-side price, and back (the same function). */
price book_price(enum order_side side, price own);
int side_sign(enum order_side side); /* of a position in book units: +1 yes/long, -1 no/short */
enum order_action side_opening_action(enum order_side side); /* what opens a position of that side */
enum order_action side_closing_action(enum order_side side);

#include "turret/trade/names.h"

#endif
