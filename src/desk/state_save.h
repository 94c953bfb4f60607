/* What is on its way to the store, and who waits for an answer. Included by desk/state.h. */
#ifndef TURRET_DESK_STATE_SAVE_H
#define TURRET_DESK_STATE_SAVE_H

enum after_kind { AFTER_PLACE, AFTER_CANCEL, AFTER_AMEND, AFTER_REPLY, AFTER_SETTLED, AFTER_RESET /* `order` is the account */ };
struct after { uint8_t kind; order_id order; uint64_t token; price limit; qty size; };
struct batch { /* one transaction, kept until the store has it */
    struct batch *next;
    uint64_t seq;
    bool exit; /* adds no exposure: may go to the outbox, is tried again until stored */
    struct fx_save *recs;
    size_t n, cap;
    struct after *after;
    size_t n_after, after_cap;
};
struct batch_list { struct batch *first, **tail; };

enum waiter_kind { WAIT_PLACE, WAIT_CANCEL, WAIT_AMEND };
struct waiter { uint64_t token; order_id order; int64_t deadline_us; uint8_t kind; bool saving /* settled; told when the store has it */; };

struct day_pause { account_id account; int32_t day; bool lifted; }; /* read before its account */
struct live_name { account_id account; bool opened; char name[STRATEGY_MAX]; }; /* set live under that name, or opened; read before its account */
struct venue_state { bool known, up, health_known; int64_t data_us; struct ev_health health; char text[REASON_MAX]; };

#endif
