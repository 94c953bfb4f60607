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

/* Kinds of triggers of a position; a lower kind wins when several are hit at once. */
enum exit_kind { EXIT_STOP = 1, EXIT_INVALIDATION = 2, EXIT_TARGET = 3, EXIT_KINDS = 4 };

struct rec { /* an order in memory; the position it opened lives in it */
    struct order o;
    struct rec *open_prev, *open_next; /* working orders, oldest first */
    struct rec *pos_prev, *pos_next;   /* open positions of the market */
    struct mkt *m;
    qty holds;          /* quantity it has reserved on position o.parent */
    int64_t ask_us;     /* when to ask the venue what became of it; 0 = not */
    int64_t cancel_us;  /* when the cancel was last sent; 0 = not */
    int64_t rearm_us;   /* position: when a failed exit is armed again */
    uint64_t seen_round;
    qty done_total;     /* the venue said it is over with this much filled, and fills are missing */
    int32_t done_reason;
    uint8_t asks, exit_fails, want /* enum close_trigger: exit that waits for reserved quantity */, armed /* bits by exit_kind */;
    bool is_open, is_pos, dirty, stored, saving, acked, done_seen, want_set;
    price want_level;
};

struct holding { /* what an account holds in a market at the venue, whatever strategies it is split into */
    struct holding *next;
    struct mkt *m;
    account_id account;
    uint8_t side, key /* side where the venue does not net */;
    struct position p, base /* as loaded, for the audit */;
    uint8_t base_side;
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
    uint32_t trade_head, trade_count;
    struct view_trade trades[TRADES_KEEP];
    struct candle_series *candles;
};

struct recon_pos { market_id market; qty net; price entry; };
struct acct {
    struct account a;
    usd cash;
    bool cash_known, day_known, day_paused, day_lifted, saved;
    usd realized, fees, funding, start_equity; /* of d->day */
    bool reconciled, once, asking;
    bool recon_cash_known;
    uint8_t tries, mismatches;
    uint64_t round, mismatch_sum;
    int64_t asked_us, next_us;
    usd recon_cash;
    struct recon_pos *recon;
    size_t recon_count, recon_cap;
    struct holding *holdings;
    struct view_equity *equity;
    size_t equity_count, equity_cap;
    struct view_day *days; /* closed days, oldest first */
    size_t day_count, day_cap;
    usd base_cash, other_cash; /* at load; ledger entries since that are no fills (audit) */
    size_t audit_from;         /* first fill after that */
};

enum after_kind { AFTER_PLACE, AFTER_CANCEL, AFTER_AMEND, AFTER_REPLY };
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

enum waiter_kind { WAIT_PLACE, WAIT_CANCEL, WAIT_AMEND, WAIT_SAVE };
struct waiter { uint64_t token; order_id order; int64_t deadline_us; uint8_t kind; };

struct day_pause { account_id account; int32_t day; bool lifted; }; /* read before its account */
struct venue_state { bool known, up; int64_t data_us; char text[REASON_MAX]; };

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
    struct trigger *fired;
    size_t fired_count, fired_cap;
    struct ring effects;
    bool effect_out;
};

/* --- state.c: finding and listing --- */
struct mkt *mkt_find(const struct desk *d, market_id id);
struct mkt *mkt_add(struct desk *d, const struct market *m);
struct acct *acct_find(const struct desk *d, account_id id);
struct rec *rec_find(const struct desk *d, order_id id);
struct rec *rec_by_venue_id(const struct desk *d, enum venue_id v, const char *venue_id);
void rec_index_venue_id(struct desk *d, struct rec *r);
struct rec *rec_add(struct desk *d, const struct order *o); /* NULL if the id is taken or the market unknown */
order_id order_id_next(struct desk *d);
void open_link(struct desk *d, struct rec *r);
void open_unlink(struct desk *d, struct rec *r);
void position_link(struct desk *d, struct rec *r);
void position_unlink(struct desk *d, struct rec *r);
struct rec *position_find(const struct desk *d, account_id a, const char *strategy, const struct mkt *m, uint8_t side);
struct holding *holding_get(struct desk *d, struct acct *a, struct mkt *m, uint8_t side);
bool market_nets(const struct market *m);
uint8_t side_opposite(uint8_t side);
void orders_prune(struct desk *d);

/* --- prices --- */
bool mkt_touch(const struct mkt *m, enum book_side side, price *out); /* best bid or ask, book unit */
bool mkt_mark(const struct mkt *m, price *out);                       /* venue's mark, else mid, else last */
bool mkt_fresh(const struct desk *d, const struct mkt *m);            /* content can be relied on now */
bool mkt_usable(const struct desk *d, const struct mkt *m);           /* fresh and two-sided */
enum book_side take_side(int dir);                                    /* the side a taker of that direction eats */
/* What a taker gets, in the own side's prices. */
struct book_walk walk_own(const struct mkt *m, uint8_t side, int dir, qty size, price own_limit);

/* --- effect.c --- */
struct effect *fx_new(struct desk *d, enum effect_type t, enum venue_id v);
void notice(struct desk *d, enum notice_level level, const struct rec *r, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void notice_about(struct desk *d, enum notice_level level, market_id m, account_id a, const char *fmt, ...) __attribute__((format(printf, 5, 6)));
struct numtext { char s[DEC_TEXT_MAX]; };
struct numtext num_text(int64_t micro);
void reply(struct desk *d, uint64_t token, enum err e, const struct rec *r, const char *text);
void waiter_add(struct desk *d, uint64_t token, enum waiter_kind kind, order_id order, int64_t deadline_us);
void waiters_settle(struct desk *d, const struct rec *r);
void waiters_end(struct desk *d, order_id order, enum waiter_kind kind, enum err e, const char *text);
void waiters_timer(struct desk *d);

/* --- save.c --- */
void save_row(struct desk *d, struct rec *r);
struct fx_save *save_add(struct desk *d, enum save_kind kind); /* a record of this step's batch */
void save_soft(struct desk *d, const struct fx_save *rec);     /* a batch of its own, never tried again */
void save_setting(struct desk *d, const char *key, const char *value);
void save_market(struct desk *d, struct mkt *m);
void save_day(struct desk *d, struct acct *a);
void save_account(struct desk *d, struct acct *a);
void save_after(struct desk *d, enum after_kind kind, order_id order, uint64_t token, price limit, qty size);
void save_end(struct desk *d);
void save_retry(struct desk *d);
void save_clear(struct desk *d);
void on_saved(struct desk *d, const struct event *ev);

/* --- order.c: one order's life after the commit --- */
bool order_move(struct desk *d, struct rec *r, enum order_event_kind ev, enum err reason, const char *text);
void order_send(struct desk *d, struct rec *r);
void order_save_failed(struct desk *d, struct rec *r, enum err e);
void order_cancel(struct desk *d, struct rec *r, uint64_t token, int64_t deadline_us);
void order_cancel_send(struct desk *d, struct rec *r);
void order_amend_send(struct desk *d, struct rec *r, price limit, qty size);
void order_ask(struct desk *d, struct rec *r, int64_t at_us);
void orders_timer(struct desk *d);
void on_ack(struct desk *d, const struct event *ev);
void on_done(struct desk *d, const struct event *ev);
void on_reject(struct desk *d, const struct event *ev);
void on_refused(struct desk *d, const struct event *ev);
void on_amended(struct desk *d, const struct event *ev);
void on_unknown(struct desk *d, const struct event *ev);
void order_done(struct desk *d, struct rec *r, enum err reason, qty total, const char *text);
void order_accepted(struct desk *d, struct rec *r, const char *venue_id);

/* --- funnel.c --- */
struct draft { /* what an intent comes to */
    struct order o;
    struct mkt *m;
    struct acct *a;
    struct rec *closes; /* position it reduces and reserves on; NULL = it may add exposure */
};
enum err draft_make(const struct desk *d, const struct intent *in, struct draft *x, char text[REASON_MAX]);
struct rec *funnel_submit(struct desk *d, struct draft *x);
enum err funnel_exit(struct desk *d, struct rec *pos, qty size, enum order_source source, uint64_t link, price trigger, struct rec **out);
enum err funnel_recheck(const struct desk *d, const struct rec *r);
void intent_place(struct desk *d, const struct intent *in);
void on_intent(struct desk *d, const struct event *ev); /* intent.c */
void kill_set(struct desk *d, bool on, const char *why);

/* --- money.c: exposure, equity, day figures --- */
usd order_worst_case(const struct mkt *m, const struct order *o);
usd market_exposure(const struct desk *d, const struct acct *a, const struct mkt *m);
usd account_exposure(const struct desk *d, const struct acct *a);
void risk_facts_of(const struct desk *d, const struct draft *x, struct risk_facts *f);
usd account_equity(const struct acct *a);
usd account_unrealized(const struct acct *a);
usd account_margin(const struct acct *a);
usd account_available(const struct desk *d, const struct acct *a);
usd account_day_pnl(const struct acct *a);
void ledger_book(struct desk *d, struct acct *a, const struct ledger_entry *l);
void account_fund(struct desk *d);
void on_cash(struct desk *d, const struct event *ev);
usd holding_cash(struct holding *h, uint8_t side, uint8_t action, price px, qty size, usd fee, int64_t at_us);
void audit_base(struct desk *d, struct acct *a); /* from here on fills alone must explain holdings and cash */
price own_mark(const struct mkt *m, uint8_t side); /* micro 0 = none */

/* --- fills.c --- */
bool fill_book(struct desk *d, const struct fill *f, const char *venue_order); /* false: duplicate or unusable */
uint64_t fill_key(const struct desk *d, const struct fill *f);
void fill_keep(struct desk *d, const struct fill *f);
size_t fill_whole(const struct desk *d, size_t i, struct fill *whole); /* joins the legs from fill i on; the next index */
void position_closed(struct desk *d, struct rec *pos, const struct rec *by);
void on_fill(struct desk *d, const struct event *ev);

/* --- reserve.c --- */
qty position_free(const struct rec *pos);
void reserve_take(struct desk *d, struct rec *exit, struct rec *pos, qty size);
void reserve_give(struct desk *d, struct rec *exit, qty size); /* part or all of what it holds */
void reserve_trim(struct desk *d, struct rec *pos);            /* never above open */

/* --- exits.c --- */
void exits_arm(struct desk *d, struct rec *pos);
void exits_disarm(struct desk *d, struct rec *pos);
void exits_check(struct desk *d, struct mkt *m);
void exits_fire(struct desk *d, struct rec *pos, enum close_trigger why, price level);
void exits_pursue(struct desk *d, struct rec *pos);
void exits_order_over(struct desk *d, struct rec *exit);
void exits_protection(struct desk *d, struct mkt *m);
void exits_timer(struct desk *d);
bool exits_planned(const struct rec *pos);

/* --- markets.c --- */
void on_market(struct desk *d, const struct event *ev);
void on_book(struct desk *d, const struct event *ev);
void on_trade(struct desk *d, const struct event *ev);
void on_mark(struct desk *d, const struct event *ev);
void on_market_status(struct desk *d, const struct event *ev);
void markets_timer(struct desk *d);
void markets_day(struct desk *d);
void markets_save(struct desk *d);

/* --- reconcile.c --- */
void recon_need(struct desk *d, struct acct *a);
void recon_timer(struct desk *d);
void on_recon_begin(struct desk *d, const struct event *ev);
void on_recon_order(struct desk *d, const struct event *ev);
void on_recon_fill(struct desk *d, const struct event *ev);
void on_recon_position(struct desk *d, const struct event *ev);
void on_recon_cash(struct desk *d, const struct event *ev);
void on_recon_end(struct desk *d, const struct event *ev);
struct rec *order_adopt(struct desk *d, const struct order *like, enum order_source source);

/* --- shell.c: boot, venues, store, leadership, settings --- */
void on_boot(struct desk *d, const struct event *ev);
void on_venue(struct desk *d, const struct event *ev);
void on_store(struct desk *d, const struct event *ev);
void on_leader(struct desk *d, const struct event *ev);
void on_setting(struct desk *d, const struct event *ev);
void on_note(struct desk *d, const struct event *ev);

/* --- load.c --- */
void on_account(struct desk *d, const struct event *ev);
void on_load_order(struct desk *d, const struct event *ev);
void on_load_fill(struct desk *d, const struct event *ev);
void on_load_cash(struct desk *d, const struct event *ev);
void on_load_day(struct desk *d, const struct event *ev);
void on_load_market(struct desk *d, const struct event *ev);
void on_equity(struct desk *d, const struct event *ev);
void on_loaded(struct desk *d, const struct event *ev);

/* --- timer.c --- */
void on_timer(struct desk *d, const struct event *ev);
void day_pause_apply(struct desk *d, struct acct *a);
void equity_keep(struct acct *a, int64_t at_us, usd equity);
void day_keep(struct acct *a, const struct view_day *day);
uint64_t hash_rows(const struct desk *d, uint64_t h); /* what a restart brings back: orders, positions, cash, settings */

#endif
