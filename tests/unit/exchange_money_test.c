/* Money in the exchange: fees, both sides of a binary book, margin, funding, liquidation, settlement, and that no
 * cent appears or vanishes between accounts. */
#include "exchange_fixture.h"
#include "turret/trade/position.h"
#include "venue/sim/impl.h"

static void buying_no_is_selling_yes(void **state) {
    (void)state;
    struct kit *k = kit_new();
    order_id no = kit_do(k, 1, RAIN, SIDE_NO, ACTION_BUY, 0.30, 10); /* an offer of YES at 0.70 */
    struct level ask;
    assert_true(exchange_best(k->x, RAIN, BOOK_ASK, &ask));
    assert_int_equal(ask.px.micro, micro(0.70));
    order_id yes = kit_do(k, 2, RAIN, SIDE_YES, ACTION_BUY, 0.70, 10);
    assert_int_equal(kit_fill(k, no, 0)->px.micro, micro(0.30)); /* each in its own side's price */
    assert_int_equal(kit_fill(k, yes, 0)->px.micro, micro(0.70));
    /* together they paid 1.00 a pair, and fees on what each paid */
    assert_int_equal(kit_cash(k, 1), micro(10000 - 3 - 3 * 0.0002));
    assert_int_equal(kit_cash(k, 2), micro(10000 - 7 - 7 * 0.0005));
    assert_int_equal(kit_net(k, 1, RAIN), micro(-10));
    assert_int_equal(kit_net(k, 2, RAIN), micro(10));
    kit_free(k);
}

static void the_opposite_side_closes_first_and_then_opens(void **state) {
    (void)state;
    struct kit *k = kit_new();
    kit_quote(k, RAIN, -1, 0.60, 100);
    kit_quote(k, RAIN, 1, 0.50, 100);
    kit_do(k, 1, RAIN, SIDE_YES, ACTION_BUY, 0, 10); /* pays 6 */
    kit_do(k, 1, RAIN, SIDE_NO, ACTION_BUY, 0, 15);  /* gets 5 for ten YES, pays 2.5 for five NO */
    struct exchange_position p;
    assert_int_equal(exchange_positions(k->x, 1, &p, 1), 1);
    assert_int_equal(p.net_micro, micro(-5));
    assert_int_equal(p.entry.micro, micro(0.5));
    int64_t fees = kit_fill(k, 0, 0)->fee.micro + kit_fill(k, 0, 1)->fee.micro;
    assert_int_equal(kit_cash(k, 1), micro(10000 - 6 + 5 - 2.5) - fees);
    kit_free(k);
}

static void settle(enum market_outcome outcome, double yes_gets, double no_gets) {
    struct kit *k = kit_new();
    kit_do(k, 1, RAIN, SIDE_NO, ACTION_BUY, 0.30, 10);
    kit_do(k, 2, RAIN, SIDE_YES, ACTION_BUY, 0.70, 10);
    order_id rests = kit_do(k, 3, RAIN, SIDE_YES, ACTION_BUY, 0.10, 5);
    int64_t before[3] = {0, kit_cash(k, 1), kit_cash(k, 2)};
    exchange_resolve(k->x, RAIN, outcome, k->now);
    kit_run(k, 1);
    assert_int_equal(kit_cash(k, 1) - before[1], micro(no_gets));
    assert_int_equal(kit_cash(k, 2) - before[2], micro(yes_gets));
    assert_int_equal(kit_net(k, 1, RAIN), 0);
    assert_int_equal(kit_net(k, 2, RAIN), 0);
    assert_int_equal(kit_done(k, rests), ERR_MARKET_CLOSED);
    assert_int_equal(kit_cash(k, 3), k->cfg.initial_cash.micro);
    const struct fill *f = kit_fill(k, 0, -1);
    assert_int_equal(f->kind, FILL_SETTLEMENT);
    assert_int_equal(f->order, 0);
    assert_int_equal(f->fee.micro, 0);
    assert_int_equal(kit_event(k, EVENT_MARKET_STATUS, 0, -1)->u.market_status.outcome, outcome);
    size_t fills = (size_t)kit_count(k, EVENT_FILL, 0);
    exchange_resolve(k->x, RAIN, outcome, k->now); /* once only */
    kit_run(k, 1);
    assert_int_equal(kit_count(k, EVENT_FILL, 0), fills);
    assert_int_equal(kit_reject(k, kit_do(k, 1, RAIN, SIDE_YES, ACTION_BUY, 0.5, 1)), ERR_MARKET_CLOSED);
    kit_free(k);
}
static void resolution_pays_yes(void **state) {
    (void)state;
    settle(OUTCOME_YES, 10, 0);
}
static void resolution_pays_no(void **state) {
    (void)state;
    settle(OUTCOME_NO, 0, 10);
}
static void a_void_market_gives_the_entry_cost_back(void **state) {
    (void)state;
    settle(OUTCOME_VOID, 7, 3);
}

static void perpetuals_tie_up_margin_not_the_whole_value(void **state) {
    (void)state;
    struct kit *k = kit_new();
    kit_quote(k, BTC, -1, 100, 5000);
    struct order o = kit_order(k, 1, BTC, SIDE_LONG, ACTION_BUY, 100, 900);
    o.leverage = 10;
    kit_place(k, &o); /* 90,000 of value, 9,000 of margin */
    assert_int_equal(kit_filled(k, o.id), micro(900));
    assert_int_equal(kit_cash(k, 1), micro(10000 - 45)); /* the fee; the value is not paid */
    o = kit_order(k, 1, BTC, SIDE_LONG, ACTION_BUY, 100, 100);
    o.leverage = 10;
    kit_place(k, &o);
    assert_int_equal(kit_reject(k, o.id), ERR_INSUFFICIENT_FUNDS);
    o = kit_order(k, 1, BTC, SIDE_LONG, ACTION_BUY, 100, 90);
    o.leverage = 10;
    kit_place(k, &o);
    assert_int_equal(kit_filled(k, o.id), micro(90));
    kit_free(k);
}

static void resting_orders_reserve_their_funds(void **state) {
    (void)state;
    struct kit *k = kit_new();
    order_id first = kit_do(k, 1, RAIN, SIDE_YES, ACTION_BUY, 0.50, 15000); /* 7,500 */
    assert_int_equal(kit_reject(k, kit_do(k, 1, RAIN, SIDE_YES, ACTION_BUY, 0.50, 6000)), ERR_INSUFFICIENT_FUNDS);
    /* the other direction offsets: only the dearer side counts */
    order_id other = kit_do(k, 1, RAIN, SIDE_NO, ACTION_BUY, 0.40, 15000);
    assert_int_equal(kit_reject(k, other), -1);
    kit_cancel(k, 1, first);
    assert_int_equal(kit_reject(k, kit_do(k, 1, RAIN, SIDE_YES, ACTION_BUY, 0.50, 19000)), -1);
    kit_free(k);
}

static void closing_needs_no_funds(void **state) {
    (void)state;
    struct kit *k = kit_new();
    kit_quote(k, RAIN, -1, 0.50, 100000);
    kit_do(k, 1, RAIN, SIDE_YES, ACTION_BUY, 0, 19900); /* nearly all cash */
    order_id a = kit_do(k, 1, RAIN, SIDE_YES, ACTION_SELL, 0.90, 9900);
    order_id b = kit_do(k, 1, RAIN, SIDE_NO, ACTION_BUY, 0.05, 10000);
    assert_int_equal(kit_reject(k, a), -1);
    assert_int_equal(kit_reject(k, b), -1);
    assert_int_equal(kit_reject(k, kit_do(k, 1, RAIN, SIDE_YES, ACTION_SELL, 0.60, 10000)),
                     ERR_INSUFFICIENT_FUNDS); /* would open NO */
    kit_free(k);
}

/* --- funding --- */

static void funding_moves_between_longs_and_shorts(void **state) {
    (void)state;
    struct exchange_cfg cfg;
    exchange_cfg_default(&cfg);
    cfg.latency_min_us = cfg.latency_max_us = 0;
    cfg.funding_period_us = 3600 * SECOND;
    struct kit *k = kit_new_with(cfg);
    kit_do(k, 1, BTC, SIDE_SHORT, ACTION_SELL, 100, 10);
    kit_do(k, 2, BTC, SIDE_LONG, ACTION_BUY, 100, 10);
    exchange_mark(k->x, BTC, px_of(110), px_of(110), 1000, k->now);
    int64_t cash1 = kit_cash(k, 1), cash2 = kit_cash(k, 2);
    kit_run(k, 2 * 3600 * SECOND);
    assert_int_equal(kit_cash(k, 2) - cash2, -2 * micro(1.1)); /* 1100 of value, 0.1 %, two periods */
    assert_int_equal(kit_cash(k, 1) - cash1, 2 * micro(1.1));
    const struct event *first = kit_event(k, EVENT_CASH, 0, 0), *third = kit_event(k, EVENT_CASH, 0, 2);
    assert_int_equal(first->u.cash.entry.kind, LEDGER_FUNDING);
    assert_int_equal(first->u.cash.account, third->u.cash.account);
    assert_string_not_equal(first->u.cash.entry.ref, third->u.cash.entry.ref);
    kit_free(k);
}

/* --- liquidation --- */

static struct kit *leveraged_long(double cash_left) {
    struct kit *k = kit_new();
    (void)cash_left;
    kit_quote(k, BTC, -1, 100, 1900);
    struct order o = kit_order(k, 1, BTC, SIDE_LONG, ACTION_BUY, 100, 1900);
    o.leverage = 20;
    kit_place(k, &o); /* 190,000 of value on 10,000 */
    assert_int_equal(kit_filled(k, o.id), micro(1900));
    return k;
}

static void equity_at_maintenance_is_liquidated_through_the_book(void **state) {
    (void)state;
    struct kit *k = leveraged_long(0);
    order_id rests = kit_do(k, 1, RAIN, SIDE_YES, ACTION_BUY, 0.01, 100);
    kit_quote(k, BTC, 1, 97, 2000);
    exchange_mark(k->x, BTC, px_of(98), px_of(98), 0, k->now); /* loss 3,800 of 9,905; maintenance 4,655 */
    assert_int_equal(kit_net(k, 1, BTC), micro(1900));
    exchange_mark(k->x, BTC, px_of(97), px_of(97), 0, k->now); /* loss 5,700: 4,205 left of 4,607 asked */
    kit_run(k, 1);
    assert_int_equal(kit_net(k, 1, BTC), 0);
    const struct fill *f = kit_fill(k, 0, -1);
    assert_int_equal(f->kind, FILL_LIQUIDATION);
    assert_int_equal(f->order, 0);
    assert_int_equal(f->action, ACTION_SELL);
    assert_int_equal(f->side, SIDE_LONG);
    assert_int_equal(f->px.micro, micro(97));
    assert_int_equal(kit_done(k, rests), ERR_INSUFFICIENT_FUNDS);
    assert_int_equal(kit_cash(k, 1), micro(10000 - 95) - micro(1900 * 3) - f->fee.micro);
    assert_true(f->fee.micro > 0);
    kit_free(k);
}

static void a_loss_beyond_the_cash_is_booked_not_hidden(void **state) {
    (void)state;
    struct kit *k = leveraged_long(0);
    kit_quote(k, BTC, 1, 80, 5000);
    exchange_mark(k->x, BTC, px_of(80), px_of(80), 0, k->now); /* loses 38,000 */
    kit_run(k, 1);
    assert_int_equal(kit_net(k, 1, BTC), 0);
    assert_int_equal(kit_cash(k, 1), 0);
    const struct event *e = kit_event(k, EVENT_CASH, 0, 0);
    assert_non_null(e);
    assert_int_equal(e->u.cash.entry.kind, LEDGER_ADJUSTMENT);
    assert_int_equal(e->u.cash.entry.amount.micro, micro(38000 - 9905) + kit_fill(k, 0, -1)->fee.micro);
    kit_free(k);
}

static void liquidation_goes_on_when_the_book_comes_back(void **state) {
    (void)state;
    struct kit *k = leveraged_long(0);
    kit_quote(k, BTC, 1, 97, 100);
    exchange_mark(k->x, BTC, px_of(97), px_of(97), 0, k->now);
    kit_run(k, 1);
    assert_int_equal(kit_net(k, 1, BTC), micro(1800));
    kit_quote(k, BTC, 1, 96.5, 5000);
    exchange_mark(k->x, BTC, px_of(96.5), px_of(96.5), 0, k->now);
    assert_int_equal(kit_net(k, 1, BTC), 0);
    kit_free(k);
}

static void one_accounts_ruin_leaves_the_others_alone(void **state) {
    (void)state;
    struct kit *k = leveraged_long(0);
    struct order o = kit_order(k, 2, BTC, SIDE_LONG, ACTION_BUY, 100, 10);
    kit_quote(k, BTC, -1, 100, 10);
    kit_place(k, &o);
    order_id rests = kit_do(k, 2, RAIN, SIDE_YES, ACTION_BUY, 0.01, 100);
    int64_t cash = kit_cash(k, 2);
    kit_quote(k, BTC, 1, 97, 5000);
    exchange_mark(k->x, BTC, px_of(97), px_of(97), 0, k->now);
    kit_run(k, 1);
    assert_int_equal(kit_net(k, 1, BTC), 0);
    assert_int_equal(kit_net(k, 2, BTC), micro(10));
    assert_int_equal(kit_cash(k, 2), cash);
    assert_int_equal(kit_done(k, rests), -1);
    kit_free(k);
}

/* A mark made of the book follows a torn one slowly, so that one sweep ruins nobody. */
static void the_mark_is_the_middle_and_moves_two_percent_a_second_at_most(void **state) {
    (void)state;
    struct kit *k = kit_new();
    kit_quote(k, BTC, 1, 99.5, 1);
    uint32_t ask = kit_quote(k, BTC, -1, 100.5, 1);
    exchange_flush_books(k->x, k->now);
    kit_run(k, 2 * SECOND);
    assert_int_equal(kit_event(k, EVENT_MARK, 0, -1)->u.mark.mark.micro, micro(100));
    exchange_bot_cancel(k->x, BTC, ask, k->now);
    kit_quote(k, BTC, -1, 150, 1);
    exchange_flush_books(k->x, k->now);
    kit_run(k, SECOND);
    assert_int_equal(kit_event(k, EVENT_MARK, 0, -1)->u.mark.mark.micro, micro(102));
    kit_run(k, 30 * SECOND);
    assert_int_equal(kit_event(k, EVENT_MARK, 0, -1)->u.mark.mark.micro, micro(124.75));
    kit_free(k);
}

static void a_reset_account_is_back_at_its_start(void **state) {
    (void)state;
    struct kit *k = kit_new();
    kit_quote(k, RAIN, -1, 0.60, 100);
    kit_do(k, 1, RAIN, SIDE_YES, ACTION_BUY, 0, 50);
    kit_do(k, 2, RAIN, SIDE_YES, ACTION_BUY, 0, 50);
    kit_do(k, 1, BTC, SIDE_LONG, ACTION_BUY, 10, 1);
    int64_t other = kit_cash(k, 2);
    kit_forget(k);
    struct fx_reset r = {.account = 1, .initial = {micro(5000)}};
    struct fx_reconcile rec = {.account = 1, .round = 2};
    exchange_reset(k->x, &r, k->now);
    exchange_reconcile(k->x, &rec, k->now);
    kit_run(k, 1);
    assert_int_equal(exchange_working(k->x, 1), 0);
    assert_int_equal(kit_net(k, 1, RAIN), 0);
    assert_int_equal(kit_cash(k, 1), micro(5000));
    assert_int_equal(kit_net(k, 2, RAIN), micro(50));
    assert_int_equal(kit_cash(k, 2), other);
    /* the desk has booked the same: no fill, no cash is told, and the old fills are history */
    assert_int_equal(kit_count(k, EVENT_FILL, 0) + kit_count(k, EVENT_CASH, 0) + kit_count(k, EVENT_RECON_FILL, 0), 0);
    assert_int_equal(kit_event(k, EVENT_RECON_CASH, 0, 0)->u.recon_cash.cash.micro, micro(5000));
    kit_free(k);
}

/* --- random orders against a naive ledger made of the fills alone --- */

#define TRADERS 4
struct naive {
    int64_t flow, fees, net[2];
}; /* flow: cash if every trade were paid in full in book units */

static void naive_book(struct naive *n, const struct kit *k, size_t from) {
    for (size_t s = from; s < k->n; s++) {
        if (k->seen[s]->type != EVENT_FILL)
            continue;
        const struct fill *f = &k->seen[s]->u.fill_ev.fill;
        struct naive *a = &n[f->account - 1];
        int dir = book_dir((enum order_side)f->side, (enum order_action)f->action);
        price px = book_price((enum order_side)f->side, f->px);
        a->flow -= dir * usd_of_sat(px, f->size).micro;
        a->fees += f->fee.micro;
        a->net[f->market == RAIN] += dir * f->size.micro;
    }
}

/* Cash by the exchange's rules from the naive flow: NO is paid 1 - p instead of giving p; perpetuals pay nothing for
 * what is still open. */
static void naive_check(const struct naive *n, const struct kit *k) {
    int64_t net[2] = {0, 0};
    for (account_id a = 1; a <= TRADERS; a++) {
        const struct naive *v = &n[a - 1];
        const struct sim_account *acc = sim_account_get(k->x, a);
        const struct sim_position *perp = acc ? map_get_ptr(&acc->by_market, BTC) : NULL;
        int64_t want = k->cfg.initial_cash.micro + v->flow - v->fees - (v->net[1] < 0 ? -v->net[1] : 0);
        if (perp && perp->net != 0)
            want += perp->net > 0 ? perp->p.cost.micro : -perp->p.cost.micro;
        assert_int_equal(kit_net(k, a, BTC), v->net[0]);
        assert_int_equal(kit_net(k, a, RAIN), v->net[1]);
        assert_int_equal(acc ? kit_cash(k, a) : k->cfg.initial_cash.micro, want);
        assert_true(kit_cash(k, a) >= 0);
        net[0] += v->net[0];
        net[1] += v->net[1];
    }
    assert_int_equal(net[0], 0); /* nobody else trades: what one has the others owe */
    assert_int_equal(net[1], 0);
}

static struct order random_order(struct kit *k, struct rng *r) {
    account_id a = (account_id)rng_range(r, 1, TRADERS);
    bool binary = rng_below(r, 2);
    enum order_action action = rng_below(r, 2) ? ACTION_BUY : ACTION_SELL;
    enum order_side side =
        binary ? (rng_below(r, 2) ? SIDE_YES : SIDE_NO) : (action == ACTION_BUY ? SIDE_LONG : SIDE_SHORT);
    double limit = rng_below(r, 5) == 0 ? 0
                   : binary             ? (double)rng_range(r, 40, 60) / 100
                                        : 100 + (double)rng_range(r, -20, 20) * 0.5;
    struct order o = kit_order(k, a, binary ? RAIN : BTC, side, action, limit,
                               binary ? (double)rng_range(r, 1, 400) : (double)rng_range(r, 1, 3000) / 100);
    o.tif = (uint8_t[]){TIF_GTC, TIF_GTC, TIF_GTC, TIF_IOC, TIF_FOK}[rng_below(r, 5)];
    o.leverage = binary ? 1 : (uint8_t)rng_range(r, 1, 20);
    if (rng_below(r, 6) == 0)
        o.flags |= ORDER_REDUCE_ONLY;
    if (limit > 0 && o.tif == TIF_GTC && rng_below(r, 6) == 0)
        o.flags |= ORDER_POST_ONLY;
    return o;
}

static uint64_t random_run(uint64_t seed, int steps) {
    struct exchange_cfg cfg;
    exchange_cfg_default(&cfg);
    cfg.latency_max_us = 60000; /* orders overtake each other between accounts, not within one */
    cfg.funding_period_us = 0;
    cfg.initial_cash = USD(micro(1000000));
    struct kit *k = kit_new_with(cfg);
    struct rng r;
    struct naive n[TRADERS] = {0};
    struct order last[64];
    rng_seed(&r, seed);
    for (int i = 0; i < steps; i++) {
        size_t from = k->n;
        if (i < 64 || rng_below(&r, 10) < 6) {
            last[i % 64] = random_order(k, &r);
            exchange_place(k->x, &last[i % 64], k->now);
        } else if (rng_below(&r, 2)) {
            struct fx_cancel c = {.order = last[rng_below(&r, 64)].id};
            c.account = (account_id)rng_range(&r, 1, TRADERS);
            exchange_cancel(k->x, &c, k->now);
        } else {
            struct fx_amend am = {.order = last[rng_below(&r, 64)], .size = qty_at((double)rng_range(&r, 1, 500))};
            exchange_amend(k->x, &am, k->now);
        }
        kit_run(k, 20000);
        if (i % 16 == 15 || i == steps - 1) { /* let all that is under way arrive */
            kit_run(k, SECOND);
            naive_book(n, k, from);
            naive_check(n, k);
        } else {
            naive_book(n, k, from);
        }
    }
    uint64_t h = exchange_hash(k->x);
    int fills = kit_count(k, EVENT_FILL, 0);
    assert_true(fills > steps / 8);
    kit_free(k);
    return h;
}

static void random_orders_agree_with_a_naive_ledger(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++)
        random_run(seed, 600);
}

static void the_same_seed_gives_the_same_exchange(void **state) {
    (void)state;
    assert_true(random_run(77, 300) == random_run(77, 300));
    assert_true(random_run(77, 300) != random_run(78, 300));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buying_no_is_selling_yes),
        cmocka_unit_test(the_opposite_side_closes_first_and_then_opens),
        cmocka_unit_test(resolution_pays_yes),
        cmocka_unit_test(resolution_pays_no),
        cmocka_unit_test(a_void_market_gives_the_entry_cost_back),
        cmocka_unit_test(perpetuals_tie_up_margin_not_the_whole_value),
        cmocka_unit_test(resting_orders_reserve_their_funds),
        cmocka_unit_test(closing_needs_no_funds),
        cmocka_unit_test(funding_moves_between_longs_and_shorts),
        cmocka_unit_test(equity_at_maintenance_is_liquidated_through_the_book),
        cmocka_unit_test(a_loss_beyond_the_cash_is_booked_not_hidden),
        cmocka_unit_test(liquidation_goes_on_when_the_book_comes_back),
        cmocka_unit_test(one_accounts_ruin_leaves_the_others_alone),
        cmocka_unit_test(the_mark_is_the_middle_and_moves_two_percent_a_second_at_most),
        cmocka_unit_test(a_reset_account_is_back_at_its_start),
        cmocka_unit_test(random_orders_agree_with_a_naive_ledger),
        cmocka_unit_test(the_same_seed_gives_the_same_exchange),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
