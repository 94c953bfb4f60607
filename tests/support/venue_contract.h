/* What venue.h promises is tried on every venue by the same cases (tests/unit/venue_contract_test.c). A venue comes with a stand: how to open it
 * clean, how time passes there, and somebody on the other side. A new venue adds a stand and its row in that test. */
#ifndef TESTS_SUPPORT_VENUE_CONTRACT_H
#define TESTS_SUPPORT_VENUE_CONTRACT_H

#include "turret/venue/venue.h"

struct stand { /* head of every stand */
    const struct stand_ops *ops;
    account_id account;
    char name[STRATEGY_MAX];  /* of the account */
    bool live;                /* it is of real money, as far as the desk knows */
    struct market market;     /* binary, open, tick 0.01; quoted by nobody but by quote and take */
    char wallet[WALLET_MAX];  /* one whose trades can be asked for; "" = none */
    int64_t patience_us;      /* an answer comes within */
    bool wall;                /* set before venue(): an engine runs it, in real time */
};

struct stand_ops {
    const char *name;
    /* A clean venue: an account with 1000 USD and no history, one market without orders. NULL: it can't be tried here, `why` says so. */
    struct stand *(*open)(char why[REASON_MAX]);
    /* The venue on that stand, opened as the engine does: sink first, restored by the caller, not started. May be opened anew after its close. */
    struct venue *(*venue)(struct stand *s, struct event_sink sink);
    void (*started)(struct stand *s, struct venue *v, int64_t now_us); /* after ops->start; may be NULL */
    int64_t (*now)(const struct stand *s);
    void (*run)(struct stand *s, struct venue *v, int64_t us); /* so much time passes, v may be NULL */
    /* Somebody else: a resting order (dir +1 bid, -1 ask, YES price), and one that takes what rests up to that price. */
    void (*quote)(struct stand *s, struct venue *v, int dir, price px, qty size);
    void (*take)(struct stand *s, struct venue *v, int dir, price px, qty size);
    void (*trade)(struct stand *s, struct venue *v); /* the wallet trades once, in the market; NULL: by itself */
    void (*close)(struct stand *s);
};

extern const struct stand_ops stand_sim, stand_polymarket;

#endif
