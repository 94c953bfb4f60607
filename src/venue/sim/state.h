/* What the exchange is made of: orders, fills, positions, accounts, markets, the heap of things to come. Plain
 * records without behaviour; impl.h says which file does what with them. */
#ifndef TURRET_VENUE_SIM_STATE_H
#define TURRET_VENUE_SIM_STATE_H

#include "exchange.h"
#include "turret/base/map.h"
#include "turret/market/match.h"
#include "turret/trade/fee.h"
#include "turret/trade/position.h"

#define NO_FILL UINT32_MAX

struct sim_market;
struct sim_account;

struct sim_order { /* an account's order; kept for the life of the exchange, so that an id is never taken twice */
    order_id id;
    struct sim_account *account;
    struct sim_market *market; /* NULL when it was refused for naming none */
    uint32_t num;
    uint32_t handle; /* in a MATCHED book; 0 = does not rest there */
    uint8_t side, action, type, tif;
    uint8_t state, source, flags, leverage;
    bool resting; /* in the book and in both lists below */
    bool untold;  /* restored as gone; the desk does not know yet */
    bool waiting; /* restored; enters the book when its market has one */
    bool cut;     /* shrunk because it is reduce-only */
    bool queued;  /* SHOWN: `ahead` is known (its price was displayed) */
    int8_t dir;   /* in book units */
    int16_t reason;
    price limit;   /* own side's */
    price book_px; /* the same in the book's unit */
    qty size, filled;
    usd value, fee;
    struct fee_part fees[2]; /* taken, made */
    qty ahead;     /* SHOWN: displayed quantity in front of it */
    qty displayed; /* SHOWN: its level as the feed last showed it */
    qty traded;    /* SHOWN: printed at its price since then */
    uint64_t seq;  /* time priority */
    int64_t created_us, expires_us;
    uint32_t fills; /* number of fills, names the next trade id */
    uint32_t last_fill;
    struct sim_order *next, *prev; /* resting orders of the market, in time order */
    char strategy[STRATEGY_MAX];
    char client_id[CLIENT_ID_MAX];
};

struct sim_fill { /* log since the start; chained by order */
    order_id order;
    struct sim_market *market;
    account_id account;
    uint32_t number;   /* within the order, or of the exchange for its own fills */
    uint32_t previous; /* older fill of the same order, NO_FILL */
    uint8_t side, action, kind, maker;
    price px;
    qty size;
    usd fee, pnl;
    int64_t at_us;
};

struct sim_position { /* an account's standing in one market; kept when flat */
    struct sim_market *market;
    int64_t net;       /* signed micro units, book units */
    struct position p; /* own side's: open, cost, entry (trade/position.h) */
    usd margin;        /* initial margin of a perpetual position */
    int orders;        /* resting ones */
};

struct sim_account {
    account_id id;
    usd cash;
    usd initial;
    struct sim_position **pos;
    size_t n_pos, pos_cap;
    struct map by_market;
    int working;
    int64_t in_us, out_us; /* last delivery each way: later ones never overtake */
    bool settled;          /* restore is over: the exchange's own figures count */
    bool used;             /* the store has orders of it */
    size_t fills_from;     /* fills before its last reset are history */
    char name[STRATEGY_MAX];
};

struct sim_slot {
    struct sim_order *order;
    uint32_t next_free;
    int32_t tick;
    uint16_t bot;
    uint16_t generation;
    uint8_t side;
};
struct sim_dirty {
    int32_t tick;
    uint8_t side;
};

struct sim_market {
    struct market m;
    struct exchange *x;
    uint8_t mode;
    bool listed;   /* false: only known from the store */
    bool mark_fed; /* the feed gives marks */
    bool mark_due; /* in the list of markets whose mark may have moved */
    bool has_mark;
    bool has_book; /* SHOWN: a snapshot or quote came; MATCHED: the first flush was sent */
    bool in_dirty;
    price mark, index, last;
    int64_t funding_ppm, funding_period_us;
    struct book *book;      /* SHOWN: displayed less what was taken */
    struct match *match;    /* MATCHED */
    struct sim_slot *slots; /* by handle */
    size_t n_slots, slots_cap;
    uint32_t free_slot;
    struct sim_dirty *dirty; /* levels changed since the last flush */
    size_t n_dirty, dirty_cap;
    struct sim_order *first, *last_order; /* resting orders of accounts */
    int n_resting, n_reduce_only, n_waiting;
};

enum sim_item_kind { /* up to ITEM_EVENT the payload is the item's own */
    ITEM_PLACE, ITEM_CANCEL, ITEM_AMEND, ITEM_QUERY, ITEM_RECONCILE, ITEM_RESET,
    ITEM_EVENT, ITEM_EXPIRE, ITEM_FUNDING, ITEM_MARKS,
};
struct sim_item {
    int64_t at_us;
    uint64_t seq;
    void *payload;
    uint32_t kind;
};

struct sim_print {
    uint32_t maker;
    int32_t tick;
    int64_t lots;
};

struct exchange {
    struct exchange_cfg cfg;
    struct event_sink sink;
    struct rng rng;
    uint64_t seq;        /* orders, deliveries: ties in time */
    uint32_t own_trades; /* liquidations, settlements, adjustments */
    usd covered;         /* shortfalls the exchange bore */
    struct map market_of, account_of, order_of;
    struct sim_market **markets;
    size_t n_markets, markets_cap;
    struct sim_account **accounts;
    size_t n_accounts, accounts_cap;
    struct sim_order **orders;
    size_t n_orders, orders_cap;
    struct sim_fill *fills;
    size_t n_fills, fills_cap;
    struct sim_item *heap;
    size_t n_heap, heap_cap;
    struct sim_print *prints; /* what one sweep executed */
    size_t n_prints, prints_cap;
    struct sim_market **dirty;
    size_t n_dirty, dirty_cap;
    struct sim_market **due; /* marks to look at */
    size_t n_due, due_cap;
    bool marks_armed;
    uint8_t *scratch; /* EVENT_BOOK under construction */
    size_t scratch_cap;
};

#endif
