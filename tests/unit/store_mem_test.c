/* The store in memory: batches whole or not at all, versions, epochs, outbox, crash and reload. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "turret/store/mem.h"

struct seen {
    struct ev_saved saved[64];
    int n_saved, n_orders, n_fills, loaded, up, leads;
    uint64_t epoch;
    order_id orders[64];
    usd cash;
    struct ev_load_day day;
};

static void sink(void *ctx, const struct event *ev) {
    struct seen *s = ctx;
    if (ev->type == EVENT_SAVED)
        s->saved[s->n_saved++ % 64] = ev->u.saved;
    else if (ev->type == EVENT_LOAD_ORDER)
        s->orders[s->n_orders++ % 64] = ev->u.order.id;
    else if (ev->type == EVENT_LOAD_FILL)
        s->n_fills++;
    else if (ev->type == EVENT_LOADED)
        s->loaded++;
    else if (ev->type == EVENT_STORE)
        s->up = ev->u.store.up;
    else if (ev->type == EVENT_LOAD_CASH)
        s->cash = ev->u.load_cash.cash;
    else if (ev->type == EVENT_LOAD_DAY)
        s->day = ev->u.load_day;
    else if (ev->type == EVENT_LEADER) {
        s->leads = ev->u.leader.leads;
        s->epoch = ev->u.leader.epoch;
    }
}

static struct fx_save order_rec(uint64_t seq, order_id id, uint16_t version, bool insert) {
    struct fx_save r = {.seq = seq, .epoch = 1, .kind = SAVE_ORDER, .last = 1, .insert = insert};
    r.u.order.id = id;
    r.u.order.num = (uint32_t)id;
    r.u.order.account = 1;
    r.u.order.market = 7;
    r.u.order.version = version;
    r.u.order.size = QTY(DEC_ONE);
    strcpy(r.u.order.strategy, "main");
    return r;
}

static int make(void **state) {
    static struct seen s;
    memset(&s, 0, sizeof s);
    *state = &s;
    return 0;
}

static struct store *store_of(struct seen *s) {
    struct store *st = store_mem_new((struct event_sink){sink, s});
    store_mem_run(st);
    assert_true(s->up && s->leads);
    assert_int_equal(s->epoch, 1);
    return st;
}

static void put(struct store *st, struct fx_save r) { store_save(st, &r); }

static void answers_come_in_run_only_and_batches_are_whole(void **state) {
    struct seen *s = *state;
    struct store *st = store_of(s);
    struct fx_save a = order_rec(1, 10, 1, true), b = order_rec(1, 11, 1, true);
    a.last = 0;
    put(st, a);
    store_mem_run(st);
    assert_null(store_mem_order(st, 10)); /* the batch is still open */
    put(st, b);
    assert_int_equal(s->n_saved, 0);
    assert_false(store_idle(st));
    assert_int_equal(store_mem_run(st), 1);
    assert_int_equal(s->saved[0].seq, 1);
    assert_int_equal(s->saved[0].result, ERR_OK);
    assert_non_null(store_mem_order(st, 10));
    assert_non_null(store_mem_order(st, 11));
    assert_true(store_idle(st));
    store_close(st);
}

static void lost_compare_and_set_keeps_nothing(void **state) {
    struct seen *s = *state;
    struct store *st = store_of(s);
    put(st, order_rec(1, 10, 1, true));
    struct fx_save other = order_rec(2, 11, 1, true);
    other.last = 0;
    put(st, other);
    put(st, order_rec(2, 10, 3, false)); /* version 2 is missing */
    store_mem_run(st);
    assert_int_equal(s->saved[1].result, ERR_INTERNAL);
    assert_null(store_mem_order(st, 11));
    char text[160];
    assert_int_equal(store_mem_violations(st, text, sizeof text), 1);
    put(st, order_rec(3, 10, 2, false));
    store_mem_run(st);
    assert_int_equal(store_mem_order(st, 10)->version, 2);
    store_close(st);
}

static void one_open_position_per_account_strategy_market(void **state) {
    struct seen *s = *state;
    struct store *st = store_of(s);
    struct fx_save a = order_rec(1, 10, 1, true), b = order_rec(2, 11, 1, true);
    a.u.order.pos.status = b.u.order.pos.status = POSITION_OPEN;
    put(st, a);
    put(st, b);
    store_mem_run(st);
    assert_int_equal(s->saved[1].result, ERR_INTERNAL);
    struct fx_save close = order_rec(3, 10, 2, false); /* closing one and opening the other in one batch is right */
    close.u.order.pos.status = POSITION_CLOSED;
    close.last = 0;
    b.seq = 3;
    put(st, close);
    put(st, b);
    store_mem_run(st);
    assert_int_equal(s->saved[2].result, ERR_OK);
    store_close(st);
}

static void another_epoch_is_refused(void **state) {
    struct seen *s = *state;
    struct store *st = store_of(s);
    store_mem_set_epoch(st, 5, true);
    put(st, order_rec(1, 10, 1, true));
    store_mem_run(st);
    assert_int_equal(s->saved[0].result, ERR_NOT_LEADER);
    assert_int_equal(s->epoch, 5);
    assert_null(store_mem_order(st, 10));
    store_close(st);
}

static void down_refuses_but_keeps_exits_in_the_outbox(void **state) {
    struct seen *s = *state;
    struct store *st = store_of(s);
    put(st, order_rec(1, 10, 1, true));
    store_mem_run(st);
    store_mem_set_up(st, false);
    put(st, order_rec(2, 11, 1, true));
    struct fx_save exit = order_rec(3, 10, 2, false);
    exit.exit = 1;
    put(st, exit);
    store_mem_run(st);
    assert_int_equal(s->up, 0);
    assert_int_equal(s->saved[1].result, ERR_STORE_DOWN);
    assert_int_equal(s->saved[2].result, ERR_OK);
    assert_int_equal(s->saved[2].outbox, 1);
    assert_int_equal(store_mem_order(st, 10)->version, 1);
    store_mem_set_up(st, true);
    assert_int_equal(store_mem_order(st, 10)->version, 2);
    store_mem_run(st);
    assert_int_equal(s->up, 1);
    store_close(st);
}

static void crash_loses_what_was_not_committed_and_reload_gives_the_rest(void **state) {
    struct seen *s = *state;
    struct store *st = store_of(s);
    store_mem_set_delay(st, 3);
    put(st, order_rec(1, 10, 1, true));
    put(st, order_rec(2, 11, 1, true));
    put(st, order_rec(3, 12, 1, true));
    assert_int_equal(store_mem_waiting(st), 3);
    store_mem_crash(st, 2, (struct event_sink){sink, s});
    store_load(st);
    for (int i = 0; i < 8; i++)
        store_mem_run(st);
    assert_int_equal(s->n_saved, 0); /* their answers died with the desk */
    assert_int_equal(s->loaded, 1);
    assert_int_equal(s->epoch, 2);
    assert_int_equal(s->n_orders, 2);
    assert_int_equal(s->orders[0], 10);
    store_close(st);
}

static void fills_and_ledger_are_kept_once_and_summed(void **state) {
    struct seen *s = *state;
    struct store *st = store_of(s);
    struct fx_save acc = {.seq = 1, .epoch = 1, .kind = SAVE_ACCOUNT, .u.account = {.id = 1, .venue = VENUE_SIM}};
    put(st, acc);
    for (uint64_t i = 0; i < 2; i++) { /* the same twice */
        struct fx_save f = {.seq = 1, .epoch = 1, .kind = SAVE_FILL};
        f.u.fill = (struct fill){.order = 10, .account = 1, .market = 7, .fee = USD(3), .realized_pnl = USD(40), .at_us = 5, .venue_trade = "t1"};
        put(st, f);
        struct fx_save l = {.seq = 1, .epoch = 1, .kind = SAVE_LEDGER, .last = 1};
        l.u.ledger = (struct ledger_entry){.account = 1, .market = 7, .kind = LEDGER_FUNDING, .amount = USD(-9), .at_us = 6, .ref = "f1"};
        put(st, l);
    }
    put(st, order_rec(2, 10, 1, true));
    store_load(st);
    store_mem_run(st);
    assert_int_equal(s->cash.micro, -9);
    assert_int_equal(s->n_fills, 1);
    assert_int_equal(s->day.realized.micro, 40);
    assert_int_equal(s->day.fees.micro, 3);
    assert_int_equal(s->day.funding.micro, 9);
    store_close(st);
}

static void fail_next_refuses_that_many(void **state) {
    struct seen *s = *state;
    struct store *st = store_of(s);
    store_mem_fail_next(st, ERR_STORE_DOWN, 1);
    put(st, order_rec(1, 10, 1, true));
    put(st, order_rec(2, 11, 1, true));
    store_mem_run(st);
    assert_int_equal(s->saved[0].result, ERR_STORE_DOWN);
    assert_int_equal(s->saved[1].result, ERR_OK);
    assert_null(store_mem_order(st, 10));
    store_close(st);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(answers_come_in_run_only_and_batches_are_whole, make),
        cmocka_unit_test_setup(lost_compare_and_set_keeps_nothing, make),
        cmocka_unit_test_setup(one_open_position_per_account_strategy_market, make),
        cmocka_unit_test_setup(another_epoch_is_refused, make),
        cmocka_unit_test_setup(down_refuses_but_keeps_exits_in_the_outbox, make),
        cmocka_unit_test_setup(crash_loses_what_was_not_committed_and_reload_gives_the_rest, make),
        cmocka_unit_test_setup(fills_and_ledger_are_kept_once_and_summed, make),
        cmocka_unit_test_setup(fail_next_refuses_that_many, make),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
