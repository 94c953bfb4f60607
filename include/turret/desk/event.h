/* Everything that can happen to the desk. Variable-length records without pointers: the queue, the control
 * socket, the journal and replay hold the same bytes. `size` is a multiple of 8 and ends the record. */
#ifndef TURRET_DESK_EVENT_H
#define TURRET_DESK_EVENT_H

#include "turret/market/book.h"
#include "turret/desk/event_venue.h"
#include "turret/desk/intent.h"
#include "turret/market/candle.h"
#include "turret/trade/metrics.h"
#include "turret/trade/model.h"
#include "turret/trade/risk.h"

#define NOTE_MAX 160

struct ev_boot {  /* first event of every run */
    uint64_t nonce;      /* start of order ids */
    uint64_t seed;       /* the desk's own generator */
    struct risk_limits limits;
    uint8_t virtual_time, exit_trigger_source /* 0 touch (bid/ask), 1 mark, 2 last */, cancel_on_kill;
    uint8_t simulated_only; /* no live account may trade */
    uint32_t next_num;   /* first free order number */
};
struct ev_book { /* absolute sizes; SNAPSHOT replaces the book */
    market_id market;
    uint16_t n_bids, n_asks; /* levels[0..n_bids) bids, then asks */
    uint32_t flags;          /* enum book_flag */
    struct level levels[];
};
enum book_flag { BOOK_SNAPSHOT = 1, BOOK_GAP = 2 /* content unreliable until the next snapshot */ };
struct ev_trade { market_id market; price px; qty size; uint8_t taker_side; uint8_t pad[7]; };
struct ev_mark { market_id market; price mark, index; int64_t funding_ppm; };
struct ev_market_status { market_id market; uint8_t status, outcome; uint8_t pad[6]; };
struct ev_saved { uint64_t seq; int32_t result /* enum err */; uint32_t outbox /* 1 = in the outbox, not yet in the store */; };
struct ev_store { uint8_t up, full; uint8_t pad[6]; char text[REASON_MAX]; };
struct ev_leader { uint64_t epoch; uint8_t leads; uint8_t pad[7]; char holder[64]; };
struct ev_load_cash { account_id account; usd cash; };      /* sum of the ledger */
struct ev_load_day { account_id account; int32_t day /* days since 1970 UTC */; usd realized, fees, funding; usd start_equity; };
struct ev_load_market { struct market market; price last, mark; usd realized, fees, funding; account_id account; };
struct ev_setting { char key[32]; char value[96]; };         /* persisted: killed, kill reason, day pauses, limits */
struct ev_equity { account_id account; usd equity; int64_t at_us; };
/* A model: from the store (stored = 1, before LOADED) or from the configuration (id and account set, stored = 0: saved, figures of a
 * stored one kept, name, variant, provider, limits ... taken over; enabled = 0 for one that is configured no more). */
struct ev_model { struct model model; uint8_t stored; uint8_t pad[7]; };
/* The agents' shell: a run is over (any end but the desk's own FX_RUN_STOP). */
struct ev_run_end {
    run_id run;
    model_id model;
    int32_t status /* enum run_status */, reason /* enum err */;
    uint32_t calls, failed_calls, cost_unknown;
    uint64_t tokens_in, tokens_out;
    usd cost;
    char text[REASON_MAX];
};
struct ev_candle { market_id market; int32_t interval_s, pad; struct candle candle; }; /* back-fill, oldest first, before live data */
struct ev_load_trade { account_id account; uint32_t pad; struct trade_stat trade; };   /* every closed position, oldest first */
struct ev_watches { uint32_t n, pad; struct watch watches[]; };                         /* from the store, many at once */
struct ev_open_interest { market_id market; qty size; };
struct ev_note { int32_t level; char text[NOTE_MAX]; };      /* a line of the shell's for the log pane */

/* X(NAME, member, "name") */
#define EVENT_TABLE(X)                                                                                     \
    X(BOOT, boot, "boot") X(ACCOUNT, account, "account") X(MARKET, market, "market")                       \
    X(LOAD_ORDER, order, "load-order") X(LOAD_FILL, fill, "load-fill") X(LOAD_CASH, load_cash, "load-cash") \
    X(LOAD_DAY, load_day, "load-day") X(LOAD_MARKET, load_market, "load-market") X(SETTING, setting, "setting") \
    X(EQUITY, equity, "equity") X(LOADED, none, "loaded")                                                   \
    X(BOOK, book, "book") X(TRADE, trade, "trade") X(MARK, mark, "mark")                                    \
    X(MARKET_STATUS, market_status, "market-status") X(VENUE, venue_state, "venue")                         \
    X(ACK, ack, "ack") X(FILL, fill_ev, "fill") X(DONE, done, "done") X(REJECT, reject, "reject")           \
    X(REFUSED, refused, "refused") X(AMENDED, amended, "amended") X(UNKNOWN, unknown, "unknown")            \
    X(PREPARED, prepared, "prepared") X(FINALITY, finality, "finality") X(DELAYED, delayed, "delayed")       \
    X(FUNDS, funds, "funds") X(CLAIM, claim, "claim") X(HEALTH, health, "health")                            \
    X(CASH, cash, "cash")                                                                                   \
    X(RECON_BEGIN, recon_begin, "recon-begin") X(RECON_ORDER, recon_order, "recon-order")                   \
    X(RECON_FILL, recon_fill, "recon-fill") X(RECON_POSITION, recon_position, "recon-position")             \
    X(RECON_CASH, recon_cash, "recon-cash") X(RECON_END, recon_end, "recon-end")                            \
    X(SAVED, saved, "saved") X(STORE, store, "store") X(LEADER, leader, "leader")                           \
    X(MODEL, model, "model") X(LOAD_TRADE, load_trade, "load-trade") X(RUN_END, run_end, "run-end")          \
    X(WATCHES, watches, "watches") X(FOLLOW, follow, "follow") X(FOLLOW_TRADE, follow_trade, "follow-trade") \
    X(LINK, link, "link") X(HISTORY, history, "history") X(REMARK, remark, "remark")                        \
    X(TARGET_TRADE, target, "target-trade")                                                                 \
    X(CANDLE, candle, "candle") X(OPEN_INTEREST, open_interest, "open-interest")                            \
    X(INTENT, intent, "intent") X(TIMER, none, "timer") X(NOTE, note, "note")

enum event_type {
#define X(N, m, s) EVENT_##N,
    EVENT_TABLE(X)
#undef X
    EVENT_TYPE_COUNT
};

struct event {
    uint32_t size; /* bytes of the whole record */
    uint16_t type; /* enum event_type */
    uint16_t venue;
    int64_t at_us; /* UTC; never goes back within a run */
    union event_body {
        struct ev_boot boot;
        struct account account;
        struct market market;
        struct order order;
        struct fill fill;
        struct ev_load_cash load_cash;
        struct ev_load_day load_day;
        struct ev_load_market load_market;
        struct ev_setting setting;
        struct ev_equity equity;
        struct ev_book book;
        struct ev_trade trade;
        struct ev_mark mark;
        struct ev_market_status market_status;
        struct ev_venue venue_state;
        struct ev_ack ack;
        struct ev_fill fill_ev;
        struct ev_done done;
        struct ev_reject reject;
        struct ev_refused refused;
        struct ev_amended amended;
        struct ev_unknown unknown;
        struct ev_prepared prepared; struct ev_finality finality; struct ev_delayed delayed;
        struct ev_funds funds; struct ev_claim claim; struct ev_health health;
        struct ev_cash cash;
        struct ev_recon_begin recon_begin;
        struct ev_recon_order recon_order;
        struct ev_recon_fill recon_fill;
        struct ev_recon_position recon_position;
        struct ev_recon_cash recon_cash;
        struct ev_recon_end recon_end;
        struct ev_saved saved;
        struct ev_store store;
        struct ev_leader leader;
        struct intent intent;
        struct ev_model model;
        struct ev_run_end run_end;
        struct ev_candle candle;
        struct ev_load_trade load_trade;
        struct ev_open_interest open_interest;
        struct ev_watches watches; struct follow follow; struct follow_trade follow_trade; struct target_trade target;
        struct market_link link; struct history history; struct remark remark;
        struct ev_note note;
        uint64_t none[1];
    } u;
};

#define EVENT_SIZE_MAX (16384 * 24) /* a book snapshot of 16k levels */

const char *event_name(enum event_type t);
/* Record size of a type without trailing levels. */
uint32_t event_base_size(enum event_type t);
/* Fills the head; the body is zeroed up to its base size. */
void event_init(struct event *ev, enum event_type t, enum venue_id venue, int64_t at_us);
/* Is this a well-formed record of at most `len` bytes? (journal and socket input is not trusted) */
bool event_valid(const struct event *ev, size_t len);

/* Where shells put events; the queue copies the record. */
typedef void event_sink_fn(void *ctx, const struct event *ev);
struct event_sink { event_sink_fn *put; void *ctx; };

#endif
