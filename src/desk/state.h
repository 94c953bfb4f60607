/* The desk's inner state and what its files offer each other. Private to src/desk.
 * Rule of the room: every change of a row goes through save_row(), so that one step of the desk is one
 * transaction; rows are written out at the end of the step, each once, in its last state. */
#ifndef TURRET_DESK_STATE_H
#define TURRET_DESK_STATE_H

#include "turret/base/map.h"
#include "turret/base/mem.h"
#include "turret/base/ring.h"
#include "turret/base/rng.h"
#include "turret/desk/desk.h"
#include "turret/desk/view.h"
#include "turret/market/intel.h"
#include "turret/trade/metrics.h"
#include "turret/trade/trigger.h"

#define SECOND_US 1000000LL
#define MINUTE_US (60 * SECOND_US)
#define DAY_US (86400LL * SECOND_US)
#define ACK_TIMEOUT_US (10 * SECOND_US)
#define REPLY_DEFAULT_US (5 * SECOND_US)
#define NOT_FOUND_AGE_US (5 * SECOND_US) /* younger orders may still be on their way to the venue */
#define TRADES_KEEP 64
#define NOTICES_KEEP 256
#define EQUITY_KEEP 4096
#define ORDERS_KEEP 8192 /* closed ones above this leave memory (never the store) */

struct rec { /* an order in memory; the position it opened lives in it */
    struct order o;
    struct rec *open_prev, *open_next; /* working orders, oldest first */
    struct rec *pos_prev, *pos_next;   /* open positions of the market */
    struct mkt *m;
    qty holds;          /* quantity it has reserved on position o.parent */
    int64_t ask_us;     /* when to ask the venue what became of it; 0 = not */
    int64_t cancel_us;  /* when the cancel was last sent; 0 = not */
    int64_t delayed_us; /* the venue holds it back until then: not to be cancelled; 0 = it does not */
    int64_t rearm_us;   /* position: when a failed exit is armed again */
    uint64_t seen_round;
    qty done_total;     /* the venue said it is over with this much filled, and fills are missing */
    int32_t done_reason;
    uint8_t asks, exit_fails, want /* enum close_trigger: exit that waits for reserved quantity */, arm_count;
    struct trigger *arms; /* what is armed for the position, to be disarmed */
    bool is_open, is_pos, dirty, stored, saving, acked, done_seen, want_set, moved /* the trail moved the stop: saved within a second */;
    price want_level;
    int unsettled;      /* provisional fills of the order, and of the position it opened */
    qty provisional;    /* position: what they bought of it; can't be sold before they are final */
    bool stat_waits;    /* closed, and counted as a trade when all is settled */
    usd first_risk;     /* position: loss to its first stop, of all that was opened; 0 = never had one */
};

struct holding { /* what an account holds in a market at the venue, whatever strategies it is split into */
    struct holding *next;
    struct mkt *m;
    account_id account;
    uint8_t side, key /* side where the venue does not net */;
    struct position p, base /* as loaded, for the audit */;
    int64_t apart; /* quantity it rightly differs from the positions by (fills_apart), as of the base */
    uint8_t base_side;
    int provisional;    /* fills that are not settled */
    int64_t settled_us; /* when the last one was: the venue's own figures may lag so long behind */
    usd realized, fees, funding; /* since midnight UTC */
};

struct mkt {
    struct market m;
    struct book *book;
    struct trigger_set *triggers;
    struct rec *pos_first, *pos_last;
    price mark, index, last, day_open;
    int64_t funding_ppm, book_us;
    usd volume_day;
    bool gap, crossed, stale, touched, saved, armed;
    uint32_t pending; /* watches in their zone that have not fired */
    uint32_t trade_head, trade_count;
    struct view_trade trades[TRADES_KEEP];
    struct candle_series *candles, *candles_fine; /* a minute, five seconds */
    struct intel *intel; /* made with the first price */
};

#include "desk/state_account.h"

#include "desk/state_model.h"

#include "desk/state_save.h"

struct desk {
    int64_t now_us;
    uint64_t events, seq, epoch, round;
    uint64_t nonce;
    uint32_t counter, next_num;
    struct rng rng;
    struct risk_limits limits;
    bool booted, loaded, leader, store_up, killed, virtual_time, cancel_on_kill;
    uint8_t trigger_source;
    char kill_reason[REASON_MAX], holder[64], store_text[REASON_MAX];
    char allow[96], deny[96];
    struct day_pause *pauses;
    size_t pause_count, pause_cap;
    int64_t killed_us, slow_us, minute, retry_us, next_time_exit_us, next_rearm_us;
    int32_t day;
    unsigned dirty;

    struct mdl **models; /* by id */
    size_t model_count, model_cap;
    struct map run_map; /* alive runs -> their model */
    struct run_batch *run_batches;
    size_t run_batch_count, run_batch_cap;
    uint32_t last_batch, failed_cycles;
    uint64_t cycles, skipped_runs;
    int64_t last_success_us;
    bool simulated_only, feed_any;

    struct map market_map, account_map, order_map, venue_id_map, position_map, holding_map, fill_map, ledger_map;
    struct mkt **markets;
    size_t market_count, market_cap;
    struct mkt *last_market;
    struct acct **accounts;
    size_t account_count, account_cap;
    struct rec **orders; /* creation order */
    size_t order_count, order_cap;
    struct rec *open_first, *open_last;
    struct fill *fills; /* oldest first */
    size_t fill_count, fill_cap, fill_loaded /* the first ones came from the store */;
    bool fills_pruned;
    struct venue_state venues[VENUE_COUNT];

    struct view_notice notices[NOTICES_KEEP];
    uint32_t notice_head, notice_count;
    int alerts;
    struct waiter *waiters;
    size_t waiter_count, waiter_cap;

    struct rec **rows; /* changed in this step */
    size_t row_count, row_cap;
    struct batch *cur;
    bool cur_adds; /* the step's batch holds an order that adds exposure */
    struct batch_list in_flight, retry;
    struct breaker { account_id account; int rejects; } *breakers; /* read before their accounts */
    size_t breaker_count, breaker_cap;
    struct live_name *lives;
    size_t live_count, live_cap;
    uint8_t trading;     /* enum trading_state */
    char trading_reason[REASON_MAX];
    int watch_fires;     /* of this step */
    bool exits_moved; /* some position has `moved` */
    struct trigger *fired;
    size_t fired_count, fired_cap;
    struct ring effects;
    bool effect_out;

    struct follows *follows; /* follow.c */
    struct links *links;     /* router.c */
    struct watches *watches; /* watch.c */
    struct autolog *autolog; /* autolog.c */
};

#include "desk/handlers.h"
#include "desk/parts.h"
#include "desk/parts_model.h"
#include "desk/parts_auto.h"

#endif
