/* What a person, a model or an automation wants: one kind of record that takes one way through the funnel. */
#ifndef TURRET_DESK_INTENT_H
#define TURRET_DESK_INTENT_H

#include "turret/trade/follow.h"
#include "turret/trade/watch.h"

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
    X(RESUME_DAY, "resume-day") /* lift today's loss pause */                       \
    X(MODEL_PAUSE, "model-pause")   /* model `order`, 0 = all: not invoked until resumed; a run in progress is stopped */ \
    X(MODEL_RESUME, "model-resume") /* model `order`, 0 = all */                    \
    X(MODEL_RUN, "model-run")       /* invoke model `order` now */ \
    X(WATCH_PUT, "watch-put")       /* sniper or alert u.watch: new (id 0), or edited and disarmed */ \
    X(WATCH_ARM, "watch-arm")       /* watch `order` */ \
    X(WATCH_DISARM, "watch-disarm") \
    X(WATCH_CANCEL, "watch-cancel") /* for good */ \
    X(FOLLOW_PUT, "follow-put")     /* copy or counter configuration u.follow: new (id 0) and off, or edited */ \
    X(FOLLOW_ON, "follow-on")       /* follow `order` */ \
    X(FOLLOW_OFF, "follow-off") \
    X(FOLLOW_DELETE, "follow-delete") \
    X(LINK_PUT, "link-put")         /* u.link: the same outcome on two venues */ \
    X(LINK_DELETE, "link-delete")   /* link `order` */ \
    X(TRADING_STATE, "trading-state") /* `order` = enum trading_state, note = reason */ \
    X(LIST, "list")                 /* the market u.wanted at venue `order` is wanted */ \
    X(LIVE, "live")                 /* `account` may trade real money (order = 1; note = its name, typed) or no more (0) */ \
    X(REMARK, "remark")             /* u.remark: a note on an order or a day; "" removes it */
enum intent_kind {
#define X(n, s) INTENT_##n,
    INTENT_KINDS(X)
#undef X
    INTENT_KIND_COUNT
};
#define INTENT_PLAN 64  /* in `flags`, beside enum order_flag */
#define INTENT_RULES 128 /* PLACE and PROTECT: `rules` replace those of the plan */
#define PROTECT_KEEP ((price){-1})

struct intent {
    uint16_t kind;
    uint8_t side, action, type, tif, source, flags, leverage, close_trigger;
    uint8_t route;     /* PLACE: enum route_mode */
    uint8_t pad0;
    account_id account;
    uint64_t token;    /* comes back in FX_REPLY; 0 = nobody waits */
    market_id market;
    order_id order;    /* order or position it is about */
    uint64_t link;     /* SOURCE_AGENT: the run (checked to be alive and the account's) */
    price limit, stop, target;
    qty size;          /* 0 with `amount` set: size from amount */
    usd amount;
    int64_t expires_us;
    /* Exit plan of a new position, or of INTENT_PROTECT; counts when flags has INTENT_PLAN. From SOURCE_AGENT a PROTECT may
     * only tighten: stop and invalidation towards the price, target not farther, time exit not later. 0 = keep / none. */
    price invalidation_price;
    int64_t time_exit_us, cooldown_until_us;
    int16_t confidence; /* 0..100, -1 unknown */
    int16_t pad[3];
    char invalidation[INVALIDATION_MAX];
    int64_t deadline_us; /* FX_REPLY comes by then: ERR_OUTCOME_UNKNOWN if not settled; 0 = default 5 s */
    char strategy[STRATEGY_MAX]; /* "" = main */
    char note[REASON_MAX];
    struct exit_rules rules;
    union { struct watch watch; struct follow follow; struct market_link link; struct remark remark; char wanted[160]; } u;
};

const char *intent_name(enum intent_kind k);

#endif
