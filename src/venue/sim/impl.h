/* The exchange's insides, shared by its files: orders, accounts, markets, the heap of things to come.
 * exchange.c owns markets and the feed side, delivery.c time, orders.c the order desk, matched.c and shown.c the two
 * kinds of book, account.c fills and cash, margin.c requirements, funding, liquidation, restore.c the way back. */
#ifndef TURRET_VENUE_SIM_IMPL_H
#define TURRET_VENUE_SIM_IMPL_H

#include <stdlib.h>

#include "exchange.h"
#include "turret/base/map.h"
#include "turret/market/match.h"
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

enum sim_item_kind {
    ITEM_PLACE,
    ITEM_CANCEL,
    ITEM_AMEND,
    ITEM_QUERY,
    ITEM_RECONCILE,
    ITEM_RESET,
    ITEM_EVENT,
    ITEM_EXPIRE,
    ITEM_FUNDING,
    ITEM_MARKS
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

/* exchange.c */
struct sim_market *sim_market_get(const struct exchange *x, market_id id);
struct sim_market *sim_market_make(struct exchange *x, const struct market *m);
enum err sim_place_check(struct sim_account *a, struct sim_market *m, const struct sim_order *o,
                         int64_t now_us); /* check.c */
enum err sim_price_check(const struct sim_market *m, price book_px);
bool sim_market_best(const struct sim_market *m, enum book_side side, struct level *out);
struct event *sim_book_event(struct exchange *x, struct sim_market *m, uint32_t n_bids, uint32_t n_asks, uint32_t flags,
                             int64_t now_us);
void sim_mark_touch(struct exchange *x, struct sim_market *m, int64_t now_us);
void sim_marks_run(struct exchange *x, int64_t now_us);
void sim_mark_set(struct exchange *x, struct sim_market *m, price mark, int64_t now_us);

/* delivery.c */
void sim_item_push(struct exchange *x, int64_t at_us, enum sim_item_kind kind, void *payload);
void sim_publish(struct exchange *x, const struct event *ev); /* market data: at once */
void sim_answer(struct exchange *x, struct sim_account *a, const struct event *ev,
                int64_t now_us); /* private: after the latency */
void sim_items_free(struct exchange *x);

/* orders.c */
void sim_order_arrive(struct exchange *x, const struct order *req, int64_t now_us);
void sim_order_enter(struct exchange *x, struct sim_order *o, int64_t now_us); /* matches, then rests or ends */
void sim_order_cancel(struct exchange *x, const struct fx_cancel *c, int64_t now_us);
void sim_order_amend(struct exchange *x, const struct fx_amend *a, int64_t now_us);
void sim_order_query(struct exchange *x, const struct order *req, int64_t now_us);
void sim_order_settled(struct exchange *x, struct sim_order *o, int64_t now_us); /* after a fill */
void sim_order_tell_state(struct exchange *x, struct sim_order *o, int64_t now_us);
void sim_order_expire(struct exchange *x, struct sim_order *o, int64_t now_us);
void sim_order_drop(struct sim_order *o, enum err reason); /* ends it without a word */
void sim_order_done(struct exchange *x, struct sim_order *o, enum err reason, const char *text, int64_t now_us);
struct sim_order *sim_order_make(struct exchange *x, struct sim_account *a, const struct order *req);
struct sim_order *sim_order_get(const struct exchange *x, order_id id);
void sim_order_rest_in(struct sim_order *o);  /* into the lists of account and market */
void sim_order_take_out(struct sim_order *o); /* out of lists and book */
void sim_orders_fit(struct exchange *x, struct sim_account *a, struct sim_market *m,
                    int64_t now_us); /* reduce-only follows the position */
static inline int64_t sim_order_left(const struct sim_order *o) {
    return o->size.micro - o->filled.micro;
}

/* matched.c */
/* Sweeps the book for `order` (or for the exchange itself: account and kind FILL_LIQUIDATION). Books all fills.
 * Returns micro units left; *self is set when an own order stood in the way. */
int64_t matched_take(struct sim_market *m, struct sim_account *a, struct sim_order *o, int dir, price limit,
                     int64_t left, bool *self, int64_t now_us);
void matched_rest(struct sim_market *m, struct sim_order *o);
void matched_remove(struct sim_market *m, struct sim_order *o);
void matched_resize(struct sim_market *m, struct sim_order *o); /* shrinks to what is left of it */
void matched_flush(struct exchange *x, struct sim_market *m, int64_t now_us);
void matched_init(struct sim_market *m);
void matched_clear(struct sim_market *m);
bool matched_best(const struct sim_market *m, enum book_side side, struct level *out);
struct book_walk matched_walk(const struct sim_market *m, int dir, price limit, qty want);
int64_t matched_until_own(const struct sim_market *m, const struct sim_account *a, int dir, price limit);

/* shown.c */
int64_t shown_take(struct sim_market *m, struct sim_account *a, struct sim_order *o, int dir, price limit, int64_t left,
                   bool *self, int64_t now_us);
void shown_rest(struct sim_market *m, struct sim_order *o);
int64_t shown_until_own(const struct sim_market *m, const struct sim_account *a, int dir, price limit);

/* account.c */
struct sim_account *sim_account_get(const struct exchange *x, account_id id);
struct sim_account *sim_account_make(struct exchange *x, account_id id, usd initial);
struct sim_position *sim_position_in(struct sim_account *a, struct sim_market *m); /* made when there is none */
struct sim_position *sim_position_find(const struct sim_account *a, const struct sim_market *m);
/* One execution for an account: position, cash, log, event. `o` may be NULL (liquidation, settlement, reset). */
void sim_account_fill(struct exchange *x, struct sim_account *a, struct sim_order *o, struct sim_market *m, int dir,
                      price book_px, qty size, bool maker, enum fill_kind kind, int64_t now_us);
void sim_account_pay(struct exchange *x, struct sim_account *a, market_id market, enum ledger_kind kind, usd amount,
                     const char *ref, int64_t now_us);
void sim_fill_build(const struct exchange *x, const struct sim_fill *f, struct fill *out);
enum order_side sim_position_side(const struct sim_market *m, int sign);
void sim_accounts_free(struct exchange *x);

/* margin.c */
usd sim_margin_equity(const struct sim_account *a);    /* cash and open P&L of perpetuals */
usd sim_margin_available(const struct sim_account *a); /* what new orders may use */
/* May this account add `size` in that direction at that (book) price? */
enum err sim_margin_check(const struct sim_account *a, struct sim_market *m, const struct sim_order *adding, int dir,
                          price book_px, qty size, int leverage);
void sim_margin_watch(struct exchange *x, struct sim_market *m,
                      int64_t now_us); /* liquidates whom the new mark ruins */
void sim_funding_run(struct exchange *x, struct sim_market *m, int64_t now_us);

/* restore.c */
void sim_reconcile_answer(struct exchange *x, const struct fx_reconcile *r, int64_t now_us);
void sim_account_reset(struct exchange *x, const struct fx_reset *r, int64_t now_us);
void sim_waiting_enter(struct exchange *x, struct sim_market *m,
                       int64_t now_us); /* restored orders of a market that has a book */

#endif
