/* What the exchange's files do for each other: exchange.c owns markets and the feed side, delivery.c time, orders.c the
 * order desk, check.c what it refuses, matched.c and shown.c the two kinds of book, account.c fills and cash, margin.c
 * requirements, funding, liquidation, restore.c the way back. */
#ifndef TURRET_VENUE_SIM_IMPL_H
#define TURRET_VENUE_SIM_IMPL_H

#include <stdlib.h>

#include "state.h"

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
