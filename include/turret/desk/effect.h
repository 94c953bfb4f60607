/* What the desk wants done: records in a queue, carried out by the shells around it, answered by events. */
#ifndef TURRET_DESK_EFFECT_H
#define TURRET_DESK_EFFECT_H

#include "turret/desk/event.h"

/* One stored record. A batch (same seq, last one has `last`) is one transaction, answered by EVENT_SAVED{seq}. */
enum save_kind { SAVE_ORDER, SAVE_ORDER_EVENT, SAVE_FILL, SAVE_LEDGER, SAVE_SETTING, SAVE_MARKET, SAVE_EQUITY, SAVE_DAY, SAVE_ACCOUNT, SAVE_MODEL,
                 SAVE_WATCH, SAVE_FOLLOW, SAVE_FOLLOW_TRADE, SAVE_LINK, SAVE_HISTORY, SAVE_REMARK };
struct save_order_event { order_id order; uint8_t event, from, to, source; int32_t reason; int64_t at_us; char text[REASON_MAX]; };
struct fx_save {
    uint64_t seq;
    uint64_t epoch;     /* leadership the batch belongs to; another epoch in the store refuses it */
    uint16_t kind;      /* enum save_kind */
    uint8_t last;       /* ends the batch */
    uint8_t intent;     /* an order that waits for the commit before it is sent */
    uint8_t exit;       /* exit or cancel: with the store down it goes to the outbox */
    uint8_t insert;     /* SAVE_ORDER: a new row (else update where version = version - 1) */
    uint8_t pad[2];
    union {
        struct order order;
        struct save_order_event event;
        struct fill fill;
        struct ledger_entry ledger;
        struct ev_setting setting;
        struct ev_load_market market; /* listing with last marks */
        struct ev_equity equity;
        struct ev_load_day day;
        struct account account;
        struct model model;
        struct watch watch;
        struct follow follow;
        struct follow_trade follow_trade;
        struct market_link link;
        struct history history;
        struct remark remark;
    } u;
};
struct fx_place { struct order order; };
struct fx_cancel { order_id order; account_id account; market_id market; char venue_id[VENUE_ORDER_ID_MAX]; };
struct fx_amend { struct order order; price limit; qty size; };
struct fx_query { struct order order; };                  /* what became of it? answered by order events */
struct fx_reconcile { account_id account; uint64_t round; };
struct fx_reset { account_id account; usd initial; };     /* paper account back to its start */
struct fx_reply { uint64_t token; int32_t result /* enum err */; uint32_t num; order_id order; uint8_t state, unknown, pad[6]; qty filled; price average; char text[NOTE_MAX]; };
enum notice_level { NOTICE_INFO, NOTICE_FILL, NOTICE_WARN, NOTICE_ALERT };
struct fx_notice { int32_t level; uint32_t num /* of the order, or of the watch that fired */; order_id order; market_id market; account_id account; char text[NOTE_MAX]; };

/* Invoke a model: the agents' shell runs the workflow and ends it with EVENT_RUN_END, or is told to stop. */
struct fx_run { run_id run; int64_t deadline_us; struct model model; };
struct fx_run_stop { run_id run; model_id model; int32_t status /* enum run_status */; char text[REASON_MAX]; };
/* A wallet whose trades are wanted from the venue (or no more), answered by EVENT_TARGET_TRADE; `since_us` 0 = the first poll is the baseline. */
struct fx_activity { char wallet[WALLET_MAX]; int64_t since_us; uint8_t on; uint8_t pad[7]; };
/* A market that is not listed is wanted (slug, address, native id): EVENT_MARKET, or a note that says why not. */
struct fx_list { char what[NOTE_MAX]; };
/* One line of the event stream (turret tail): the founding names. */
#define FEED_TABLE(X)                                                                                                   \
    X(WORKFLOW_COMPLETE, "workflow:complete") X(BATCH_COMPLETE, "batch:complete") X(POSITIONS_CHANGED, "positions:changed") \
    X(TRADES_CHANGED, "trades:changed") X(CONVERSATIONS_CHANGED, "conversations:changed") X(PORTFOLIO_UPDATED, "portfolio:updated")
enum feed_kind {
#define X(n, s) FEED_##n,
    FEED_TABLE(X)
#undef X
    FEED_KIND_COUNT
};
const char *feed_name(enum feed_kind k);
struct fx_feed { uint32_t kind; model_id model; /* 0 = a person's account */ run_id run; account_id account; uint32_t ok, count, total; };

#define EFFECT_TABLE(X)                                                                        \
    X(SAVE, save, "save") X(PLACE, place, "place") X(CANCEL, cancel, "cancel")                 \
    X(AMEND, amend, "amend") X(QUERY, query, "query") X(RECONCILE, reconcile, "reconcile")     \
    X(RESET, reset, "reset") X(REPLY, reply, "reply") X(NOTICE, notice, "notice")    \
    X(RUN, run, "run") X(RUN_STOP, run_stop, "run-stop") X(FEED, feed, "feed") X(ACTIVITY, activity, "activity") X(LIST, list, "list")
enum effect_type {
#define X(N, m, s) FX_##N,
    EFFECT_TABLE(X)
#undef X
    EFFECT_TYPE_COUNT
};

struct effect {
    uint32_t size;
    uint16_t type;
    uint16_t venue; /* whom it is for (PLACE, CANCEL, AMEND, QUERY, RECONCILE, RESET) */
    int64_t at_us;
    union {
        struct fx_save save;
        struct fx_place place;
        struct fx_cancel cancel;
        struct fx_amend amend;
        struct fx_query query;
        struct fx_reconcile reconcile;
        struct fx_reset reset;
        struct fx_reply reply;
        struct fx_notice notice;
        struct fx_run run;
        struct fx_run_stop run_stop;
        struct fx_feed feed;
        struct fx_activity activity;
        struct fx_list list;
    } u;
};
const char *effect_name(enum effect_type t);

#endif
