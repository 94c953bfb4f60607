/* What the files of the desk offer each other. Included by desk/state.h, which holds the structs. */
#ifndef TURRET_DESK_PARTS_H
#define TURRET_DESK_PARTS_H

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
void notice_watch(struct desk *d, uint32_t num, market_id m, const char *text); /* an alert */
void reply(struct desk *d, uint64_t token, enum err e, const struct rec *r, const char *text);
void reply_num(struct desk *d, uint64_t token, enum err e, uint32_t num, const char *text);
void waiter_add(struct desk *d, uint64_t token, enum waiter_kind kind, order_id order, int64_t deadline_us);
void waiters_settle(struct desk *d, const struct rec *r);
void waiters_saved(struct desk *d, uint64_t token, const struct rec *r);
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

/* --- order.c: one order's life after the commit --- */
bool order_move(struct desk *d, struct rec *r, enum order_event_kind ev, enum err reason, const char *text);
void order_send(struct desk *d, struct rec *r);
void order_save_failed(struct desk *d, struct rec *r, enum err e);
void order_cancel(struct desk *d, struct rec *r, uint64_t token, int64_t deadline_us);
void order_cancel_send(struct desk *d, struct rec *r);
void order_amend_send(struct desk *d, struct rec *r, price limit, qty size);
void order_ask(struct desk *d, struct rec *r, int64_t at_us);
void orders_timer(struct desk *d);
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
void kill_set(struct desk *d, bool on, const char *why);
void account_reset_send(struct desk *d, account_id id);

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
usd holding_cash(struct holding *h, uint8_t side, uint8_t action, price px, qty size, usd fee, int64_t at_us);
void audit_base(struct desk *d, struct acct *a); /* from here on fills alone must explain holdings and cash */
price own_mark(const struct mkt *m, uint8_t side); /* micro 0 = none */
bool mkt_settled(const struct mkt *m, uint8_t side, price *own); /* resolved: what one of that side pays */
usd value_of(price px, qty size);
void day_correct(struct desk *d, struct acct *a, struct mkt *m, const struct fill *f, usd realized, usd fees); /* by the day of the fill */

/* --- fills.c --- */
bool fill_book(struct desk *d, const struct fill *f, const char *venue_order); /* false: duplicate or unusable */
uint64_t fill_key(const struct desk *d, const struct fill *f);
void fill_keep(struct desk *d, const struct fill *f);
bool fill_is_pair(const struct fill *f);
int64_t fills_apart(const struct desk *d, const struct holding *h, size_t from);
size_t fill_whole(const struct desk *d, size_t i, struct fill *whole); /* joins the legs from fill i on; the next index */
void position_closed(struct desk *d, struct rec *pos, const struct rec *by);
void position_void(struct desk *d, struct rec *pos); /* all it was made of was taken back */

/* --- finality.c: fills that settle later, or never --- */
void finality_kept(struct desk *d, const struct fill *f);
void finality_set(struct desk *d, account_id account, const char *venue_trade, unsigned leg, enum fill_finality to);
void finality_loaded(struct desk *d);
void finality_timer(struct desk *d);

/* --- reserve.c --- */
qty position_free(const struct rec *pos); /* may be sold now: settled, not reserved, whole lots where the venue sells no others */
bool position_dust(const struct rec *pos); /* less than the venue sells */
void reserve_take(struct desk *d, struct rec *exit, struct rec *pos, qty size);
void reserve_give(struct desk *d, struct rec *exit, qty size); /* part or all of what it holds */
void reserve_trim(struct desk *d, struct rec *pos);            /* never above open */

#include "desk/parts_exits.h"

/* --- markets.c --- */
void markets_timer(struct desk *d);
void markets_day(struct desk *d);
void markets_save(struct desk *d);

/* --- reconcile.c --- */
void recon_need(struct desk *d, struct acct *a);
void recon_timer(struct desk *d);
const struct recon_pos *recon_told(const struct acct *a, const struct market *m, uint8_t side); /* recon_diff.c; NULL = the venue has none */
uint64_t recon_differences(const struct desk *d, const struct acct *a, bool *waits /* something is not settled and left out */);
void recon_adjust(struct desk *d, struct acct *a);
struct rec *order_adopt(struct desk *d, const struct order *like, enum order_source source);

/* --- venues.c: what real venues tell beside orders and fills --- */
void live_load(struct desk *d, const char *account, const char *name, bool opened); /* settings come before accounts */
void live_apply(struct desk *d, struct acct *a);
bool live_may_trade(const struct desk *d, const struct acct *a);
void intent_live(struct desk *d, const struct intent *in);
void intent_list(struct desk *d, const struct intent *in);

/* --- timer.c --- */
void day_pause_apply(struct desk *d, struct acct *a);
void equity_keep(struct acct *a, int64_t at_us, usd equity);
void day_keep(struct acct *a, const struct view_day *day);

/* --- desk.c --- */
uint64_t hash_rows(const struct desk *d, uint64_t h); /* what a restart brings back: orders, positions, cash, settings */

#endif
