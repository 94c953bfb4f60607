/* A live account's books in the store: a desk's own records of fills that settle, fail, sell and come back are written to PostgreSQL and to
 * memory. Both give the same rows back, and the doctor finds nothing; then it finds each kind of harm. */
#include "desk_live_rig.h"
#include "store_cluster.h"
#include "turret/base/mem.h"
#include "turret/store/mem.h"

static struct cluster c;
static struct store *st;
static int up, saved, refused, loaded;
static uint64_t epoch, seq;
static struct { struct order orders[64]; struct fill fills[128]; int n_orders, n_fills; char native[MARKET_NATIVE_MAX]; usd cash; struct history history[64]; int n_history; } seen;

static void sink(void *ctx, const struct event *ev) {
    (void)ctx;
    assert_true(event_valid(ev, ev->size));
    switch (ev->type) {
    case EVENT_LEADER:
        up = ev->u.leader.leads;
        epoch = ev->u.leader.epoch;
        break;
    case EVENT_SAVED:
        saved++;
        refused += ev->u.saved.result != ERR_OK;
        break;
    case EVENT_LOAD_ORDER: seen.orders[seen.n_orders++ % 64] = ev->u.order; break;
    case EVENT_LOAD_FILL: seen.fills[seen.n_fills++ % 128] = ev->u.fill; break;
    case EVENT_LOAD_CASH: seen.cash = ev->u.load_cash.account == LIVE ? ev->u.load_cash.cash : seen.cash; break;
    case EVENT_LOAD_MARKET:
        if (ev->u.load_market.market.venue == VENUE_POLYMARKET)
            str_copy(seen.native, sizeof seen.native, ev->u.load_market.market.native);
        break;
    case EVENT_HISTORY: seen.history[seen.n_history++ % 64] = ev->u.history; break;
    case EVENT_LOADED: loaded++; break;
    default: break;
    }
}

static void wait_store(const int *what, int least, bool real) {
    if (real)
        run_until(what, least, 20);
    else
        for (int i = 0; i < 10 && *what < least; i++)
            store_mem_run(st);
    assert_true(*what >= least);
}

static void save(const struct fx_save *rec) {
    struct fx_save own = *rec;
    own.seq = seq + 1;
    own.epoch = epoch;
    seq += own.last;
    store_save(st, &own);
}

static void save_one(enum save_kind kind, const void *rec, size_t size) {
    struct fx_save r = {.kind = (uint16_t)kind, .last = 1, .insert = 1};
    memcpy(&r.u, rec, size);
    save(&r);
}

static struct rec *close_now(struct rig *g, const struct rec *pos, double size) {
    struct intent in = want(g, INTENT_CLOSE);
    const size_t before = g->d->order_count;
    in.order = pos->o.id;
    in.size = SZ(size);
    send_intent(g, &in);
    assert_true(g->d->order_count > before);
    return newest(g);
}

/* Everything that can become of a fill, and a day of it. */
static void live_a_life(struct rig *g) {
    struct rec *exit;
    pm_buy(g, SIDE_YES, 10, 0.40, "a1", FILL_PROVISIONAL); /* taken back whole */
    pm_finality(g, "a1", FILL_REVERSED);
    struct rec *pos = pm_buy(g, SIDE_YES, 10, 0.40, "b1", FILL_FINAL);
    struct rec *add = pm_place(g, SIDE_YES, ACTION_BUY, 10, 0.60);
    ack(g, add);
    pm_fill(g, add, "b2", 7, 0.60, 0.0312, FILL_PROVISIONAL);
    exit = close_now(g, pos, 5);
    ack(g, exit);
    pm_fill(g, exit, "b3", 5, 0.47, 0.01245, FILL_FINAL); /* sold at an average that is then another one */
    pm_finality(g, "b2", FILL_REVERSED);
    pm_fill(g, add, "b4", 3, 0.60, 0, FILL_PROVISIONAL);
    struct rec *no = pm_buy(g, SIDE_NO, 8, 0.50, "c1", FILL_FINAL);
    exit = close_now(g, no, 0);
    ack(g, exit);
    pm_fill(g, exit, "c2", 8, 0.46, 0.02, FILL_PROVISIONAL);
    pm_buy(g, SIDE_NO, 9, 0.43, "c3", FILL_FINAL); /* the place is taken when the sale comes back */
    pm_finality(g, "c2", FILL_REVERSED);
    exit = close_now(g, pos, 0);
    ack(g, exit);
    pm_fill(g, exit, "b5", 5, 0.5, 0.0125, FILL_PROVISIONAL);
    pm_finality(g, "b4", FILL_FINAL);
    pm_finality(g, "b5", FILL_REVERSED);
    pm_buy(g, SIDE_YES, 20, 0.50, "d1", FILL_PROVISIONAL); /* still open at the end */
    audit_clean(g);
}

/* The records of the rig's desk, from the beginning. */
static void write_all(struct rig *g, size_t from_ledger, bool real) {
    const struct account a[] = {{.id = ACCOUNT, .venue = VENUE_SIM, .initial = USD(10000 * DEC_ONE), .name = "paper"}, {.id = LIVE, .venue = VENUE_POLYMARKET, .live = 1, .name = NAME}};
    const struct ev_load_market m = {.market = market_pm()};
    seq = 0;
    saved = refused = 0;
    for (int i = 0; i < 2; i++)
        save_one(SAVE_ACCOUNT, &a[i], sizeof a[i]);
    save_one(SAVE_MARKET, &m, sizeof m);
    for (size_t i = 0; i < from_ledger; i++)
        save_one(SAVE_LEDGER, &g->rows.ledger[i], sizeof g->rows.ledger[i]);
    for (size_t i = 0; i < g->n_fx; i++)
        if (g->fx[i].type == FX_SAVE)
            save(&g->fx[i].u.save);
    wait_store(&saved, (int)seq, real);
    if (refused && !real) {
        char text[256];
        store_mem_violations(st, text, sizeof text);
        print_error("%s\n", text);
    }
    assert_int_equal(refused, 0);
}

static void read_all(bool real) {
    memset(&seen, 0, sizeof seen);
    loaded = 0;
    store_load(st);
    wait_store(&loaded, 1, real);
}

static int doctor(const char *word) {
    char *json;
    int n = store_pg_doctor(c.conninfo, &json);
    if (word && !strstr(json, word))
        fail_msg("no %s in %s", word, json);
    if (!word && n != 0)
        fail_msg("%s", json);
    free(json);
    return n;
}

static int by_id(const void *a, const void *b) {
    const struct order *x = a, *y = b;
    return x->id < y->id ? -1 : x->id > y->id;
}

static struct rig *lived(void **state, size_t *from_ledger) {
    assert_int_equal(live_setup(state), 0);
    struct rig *g = *state;
    *from_ledger = g->rows.n_ledger;
    fx_clear(g);
    live_a_life(g);
    return g;
}

static void both_stores_give_the_same_books_back(void **state) {
    size_t from;
    struct rig *g = lived(state, &from);
    up = 0;
    st = store_mem_new((struct event_sink){sink, NULL});
    wait_store(&up, 1, false);
    write_all(g, from, false);
    read_all(false);
    typeof(seen) mem = seen;
    char text[256];
    assert_int_equal(store_mem_violations(st, text, sizeof text), 0);
    store_close(st);

    up = 0;
    struct store_pg_cfg cfg = {.conninfo = c.conninfo, .holder = "settle", .exclusive = true};
    st = store_pg_new(&cfg, (struct event_sink){sink, NULL});
    wait_store(&up, 1, true);
    write_all(g, from, true);
    read_all(true);
    assert_string_equal(seen.native, "0xc0ffee");
    assert_int_equal(seen.cash.micro, cash_of(g).micro);
    assert_int_equal(seen.cash.micro, mem.cash.micro);
    assert_int_equal(seen.n_orders, mem.n_orders);
    assert_int_equal(seen.n_fills, mem.n_fills);
    assert_int_equal(seen.n_history, mem.n_history);
    qsort(seen.orders, (size_t)seen.n_orders, sizeof seen.orders[0], by_id);
    qsort(mem.orders, (size_t)mem.n_orders, sizeof mem.orders[0], by_id);
    for (int i = 0; i < seen.n_orders; i++) {
        assert_memory_equal(&seen.orders[i], &mem.orders[i], sizeof seen.orders[i]);
        const struct rec *r = rec_find(g->d, seen.orders[i].id);
        assert_non_null(r);
        assert_int_equal(seen.orders[i].reversed.micro, r->o.reversed.micro);
        assert_int_equal(seen.orders[i].flags, r->o.flags);
    }
    int reversed = 0, provisional = 0;
    for (int i = 0; i < seen.n_fills; i++) {
        assert_memory_equal(&seen.fills[i], &mem.fills[i], sizeof seen.fills[i]);
        reversed += seen.fills[i].finality == FILL_REVERSED;
        provisional += seen.fills[i].finality == FILL_PROVISIONAL;
    }
    assert_int_equal(reversed, 4);
    assert_int_equal(provisional, 1);
    doctor(NULL);
}

static void finality_only_goes_forwards(void **state) {
    (void)state;
    struct fill f = {0};
    for (int i = 0; i < seen.n_fills; i++)
        if (strcmp(seen.fills[i].venue_trade, "b1") == 0)
            f = seen.fills[i];
    assert_int_equal(f.finality, FILL_FINAL);
    const int before = saved;
    f.finality = FILL_PROVISIONAL; /* an old record, merged once more */
    save_one(SAVE_FILL, &f, sizeof f);
    wait_store(&saved, before + 1, true);
    assert_int_equal(sql_int(&c, "SELECT count(*) FROM fills WHERE venue_trade_id = 'b1' AND finality = 'final'"), 1);
    doctor(NULL);
}

static void each_wrong_figure_is_found(void **state) {
    (void)state;
    static const struct { const char *harm, *heal, *found; } rows[] = {
        {"UPDATE orders SET reversed_quantity = 1 WHERE reversed_quantity = 10", "UPDATE orders SET reversed_quantity = 10 WHERE reversed_quantity = 1", "\"reversed\",\"differences\":1"},
        {"UPDATE fills SET finality = 'final' WHERE venue_trade_id = 'a1'", "UPDATE fills SET finality = 'reversed' WHERE venue_trade_id = 'a1'", "\"reversed\",\"differences\":1"},
        {"UPDATE fills SET realized_pnl = realized_pnl + 1 WHERE venue_trade_id = 'b3'", "UPDATE fills SET realized_pnl = realized_pnl - 1 WHERE venue_trade_id = 'b3'", "\"realized_pnl\",\"differences\":1"},
        {"ALTER TABLE ledger DISABLE TRIGGER ALL; UPDATE ledger SET amount = amount + 1 WHERE ref = 'reversed:a1'", "UPDATE ledger SET amount = amount - 1 WHERE ref = 'reversed:a1'; ALTER TABLE ledger ENABLE TRIGGER ALL",
         "\"reversed_cash\",\"differences\":1"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char sqlstate[6];
        sql_value(&c, rows[i].harm, sqlstate);
        doctor(rows[i].found);
        sql_value(&c, rows[i].heal, sqlstate);
        doctor(NULL);
    }
}

static void two_positions_of_one_side_are_not_kept(void **state) {
    (void)state;
    /* yes and no of a market, but not yes twice */
    assert_int_equal(sql_int(&c, "SELECT count(DISTINCT side) FROM orders WHERE status = 'OPEN' AND account_id = 2"), 2);
    char sqlstate[6] = "";
    sql_value(&c, "UPDATE orders SET status = 'OPEN', open_quantity = 1, reserved_quantity = 0 WHERE id = (SELECT min(id) FROM orders WHERE side = 'no' AND account_id = 2 AND status IS DISTINCT FROM 'OPEN')", sqlstate);
    assert_string_equal(sqlstate, "23505");
}

static int set_up(void **state) {
    (void)state;
    cluster_make(&c);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    if (st)
        store_close(st);
    cluster_end(&c);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(both_stores_give_the_same_books_back, rig_teardown), cmocka_unit_test(finality_only_goes_forwards), cmocka_unit_test(each_wrong_figure_is_found),
        cmocka_unit_test(two_positions_of_one_side_are_not_kept),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
