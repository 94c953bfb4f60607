/* What a person, a model or an automation wants: one kind of record that takes one way through the funnel. */
#ifndef TURRET_DESK_INTENT_H
#define TURRET_DESK_INTENT_H

#include "turret/trade/order.h"

#define INTENT_KINDS(X)                                                            \
    X(PLACE, "place")           /* a new order */                                  \
    X(CANCEL, "cancel")         /* `order` */                                      \
    X(AMEND, "amend")           /* `order`: limit and/or size (0 = keep) */        \
    X(CLOSE, "close")           /* position `order`: size (0 = all), limit (0 = market) */ \
    X(PROTECT, "protect")       /* position `order`: stop, target (PROTECT_KEEP = unchanged, 0 = remove) */ \
    X(CANCEL_ALL, "cancel-all") /* account and market filter, 0 = any */           \
    X(FLATTEN, "flatten")       /* close all positions, account and market filter */ \
    X(KILL, "kill")             /* block new exposure and cancel working orders that add it; `note` = reason */ \
    X(UNKILL, "unkill")                                                            \
    X(ACCOUNT_RESET, "account-reset") /* paper accounts only */                    \
    X(LIMIT, "limit")           /* set risk limit number `order` to `size` */      \
    X(RESUME_DAY, "resume-day") /* lift today's loss pause */
enum intent_kind {
#define X(n, s) INTENT_##n,
    INTENT_KINDS(X)
#undef X
    INTENT_KIND_COUNT
};
#define PROTECT_KEEP ((price){-1})

struct intent {
    uint16_t kind;
    uint8_t side, action, type, tif, source, flags, leverage, close_trigger;
    account_id account;
    uint64_t token;    /* comes back in FX_REPLY; 0 = nobody waits */
    market_id market;
    order_id order;    /* order or position it is about */
    uint64_t link;
    price limit, stop, target;
    qty size;          /* 0 with `amount` set: size from amount */
    usd amount;
    int64_t expires_us;
    int64_t deadline_us; /* FX_REPLY comes by then: ERR_OUTCOME_UNKNOWN if not settled; 0 = default 5 s */
    char strategy[STRATEGY_MAX]; /* "" = main */
    char note[REASON_MAX];
};

const char *intent_name(enum intent_kind k);

#endif
