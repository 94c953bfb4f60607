/* Engine, desk, store and venue together, on every venue that has a stand: killed and started again, what was told is not told twice, what
 * happened meanwhile is found, and nothing had to be adjusted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <ev.h>

#include "support/venue_contract.h"
#include "turret/app/engine.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/io/loop.h"
#include "turret/store/mem.h"

static struct stand *stand;
static struct venue *venue;
static struct store *store;
static struct engine *eng;
static struct fx_reply reply;
static bool replied;
static struct { char trade[VENUE_ORDER_ID_MAX]; } told[256];
static int told_n, fill_events, told_twice;

static struct venue *open_venue(void *ctx, struct event_sink sink, char text[REASON_MAX]) {
    (void)ctx;
    (void)text;
    return venue = stand->ops->venue(stand, sink);
}

static void on_reply(void *ctx, const struct fx_reply *r) {
    (void)ctx;
    reply = *r;
    replied = true;
}
static struct engine_client client = {.reply = on_reply};

/* What the venue says, over all lives of the desk. */
static void tap(void *ctx, const struct event *ev) {
    (void)ctx;
    if (ev->type != EVENT_FILL)
        return;
    fill_events++;
    for (int i = 0; i < told_n; i++)
        told_twice += strcmp(told[i].trade, ev->u.fill_ev.fill.venue_trade) == 0;
    assert_true(told_n < 256);
    str_copy(told[told_n++].trade, VENUE_ORDER_ID_MAX, ev->u.fill_ev.fill.venue_trade);
}

static void nothing(struct ev_loop *loop, ev_timer *w, int events) { (void)loop, (void)w, (void)events; }

static void turn(void) {
    ev_timer t;
    ev_timer_init(&t, nothing, 0.005, 0);
    ev_timer_start(loop_get(), &t);
    ev_run(loop_get(), EVRUN_ONCE);
    ev_timer_stop(loop_get(), &t);
    store_mem_set_time(store, engine_now_us(eng));
    store_mem_run(store);
}

static bool until(bool (*done)(void), int seconds) {
    for (int64_t end = clock_mono_us() + seconds * 1000000LL; clock_mono_us() < end;) {
        if (done())
            return true;
        turn();
    }
    return done();
}

static bool account(struct view_account *v) {
    for (int i = 0; i < view_account_count(engine_view(eng)); i++)
        if (view_account_at(engine_view(eng), i, v) && v->a->venue == stand->market.venue)
            return true;
    return false;
}
static bool is_reconciled(void) { struct view_account v; return account(&v) && v.reconciled; }
static bool is_settled(void) { struct view_account v; return account(&v) && v.provisional == 0; }
static bool has_replied(void) { return replied; }
static bool is_quoted(void) { struct view_market m; return view_market(engine_view(eng), stand->market.id, &m) && m.ask.micro > 0 && m.bid.micro > 0 && !m.stale; }

static qty held(void) {
    struct view_account v;
    qty sum = {0};
    int cursor = 0;
    assert_true(account(&v));
    for (const struct order *o; (o = view_next_position(engine_view(eng), &cursor, true)) != NULL;)
        sum.micro += o->account == v.a->id ? o->pos.open.micro : 0;
    return sum;
}
static bool holds_25(void) { return held().micro == 25 * DEC_ONE; }

static void live(bool again) {
    struct engine_cfg cfg = {.seed = 3};
    risk_limits_default(&cfg.limits);
    cfg.limits.duplicate_window = cfg.limits.max_price_distance = 0;
    cfg.initial_cash = USD(1000 * DEC_ONE);
    eng = engine_new(&cfg);
    client.next = NULL;
    engine_client_add(eng, &client);
    engine_set_tap(eng, tap, NULL);
    engine_add_venue(eng, (enum venue_id)stand->market.venue, open_venue, NULL);
    if (stand->live)
        engine_first_account(eng, (enum venue_id)stand->market.venue, stand->name, true);
    if (again)
        store_mem_crash(store, 100, engine_store_sink(eng));
    else
        store = store_mem_new(engine_store_sink(eng));
    engine_set_store(eng, store);
    for (int i = 0; i < 400 && !engine_loaded(eng); i++)
        turn();
    assert_true(engine_loaded(eng));
    if (stand->ops->started)
        stand->ops->started(stand, venue, engine_now_us(eng));
    assert_true(until(is_reconciled, 40));
}

static void die(void) {
    engine_client_remove(eng, &client);
    engine_free(eng);
    venue = NULL;
}

static void ask(struct intent *in) {
    in->token = engine_token(eng, &client);
    replied = false;
    assert_int_equal(engine_propose(eng, in), ERR_OK);
    assert_true(until(has_replied, 20));
}

static void buy(double size, double px, enum order_tif tif) {
    struct view_account v;
    assert_true(account(&v));
    struct intent in = {.kind = INTENT_PLACE, .account = v.a->id, .market = stand->market.id, .side = SIDE_YES, .action = ACTION_BUY, .type = ORDER_LIMIT, .tif = (uint8_t)tif,
                        .limit = PRICE((int64_t)(px * 1e6 + 0.5)), .size = QTY((int64_t)(size * 1e6)), .confidence = -1};
    ask(&in);
    if (reply.result != ERR_OK)
        fail_msg("buy: %s", reply.text);
}

static void quotes(void) {
    stand->ops->quote(stand, venue, 1, PRICE(100000), QTY(50 * DEC_ONE));
    stand->ops->quote(stand, venue, -1, PRICE(500000), QTY(100 * DEC_ONE));
    assert_true(until(is_quoted, 10));
}

static void check(int working) {
    char text[512] = "";
    struct view_account v;
    const struct fill *f;
    const struct ledger_entry *l;
    assert_true(account(&v));
    assert_int_equal(view_audit(engine_view(eng), text, sizeof text), 0);
    assert_int_equal(v.open_orders, working);
    assert_int_equal(told_twice, 0);
    for (int i = store_mem_fills(store, &f); i-- > 0;)
        assert_int_not_equal(f[i].kind, FILL_ADJUSTMENT);
    for (int i = store_mem_ledger(store, &l); i-- > 0;)
        assert_int_not_equal(l[i].kind, LEDGER_ADJUSTMENT);
    assert_int_equal(store_mem_violations(store, text, sizeof text), 0);
}

static void trade(void) {
    struct view_account v;
    live(false);
    if (stand->live) {
        assert_true(account(&v));
        struct intent in = {.kind = INTENT_LIVE, .account = v.a->id, .order = 1};
        str_copy(in.note, sizeof in.note, stand->name);
        ask(&in);
        assert_int_equal(reply.result, ERR_OK);
    }
    quotes();
    buy(10, 0.50, TIF_IOC);
    buy(20, 0.40, TIF_GTC);
    buy(10, 0.50, TIF_IOC);
    assert_true(until(is_settled, 20));
    assert_int_equal(held().micro, 20 * DEC_ONE);
    check(1);
}

static void restarts(const struct stand_ops *ops) {
    char why[REASON_MAX] = "";
    struct view_account v;
    told_n = fill_events = told_twice = 0;
    stand = ops->open(why);
    if (!stand) {
        print_message("%s: not tried: %s\n", ops->name, why);
        return;
    }
    stand->wall = true;
    trade();
    assert_true(account(&v));
    const usd cash = v.cash;
    const int fills = fill_events;
    die();
    if (stand->live)
        stand->ops->take(stand, NULL, -1, PRICE(400000), QTY(5 * DEC_ONE)); /* while nobody was there */
    live(true);
    if (!stand->live)
        quotes(); /* the simulator's others die with it */
    if (!stand->live)
        stand->ops->take(stand, venue, -1, PRICE(400000), QTY(5 * DEC_ONE));
    assert_true(until(holds_25, 30));
    assert_true(until(is_settled, 20));
    assert_int_equal(fill_events, fills + 1);
    assert_true(account(&v));
    assert_int_equal(v.cash.micro, cash.micro - 2000000 - (stand->live ? 0 : 2)); /* 5 at 0.40; the simulator's makers pay a millionth */
    check(1);
    for (int i = 0; i < 2; i++) { /* and once more: nothing is news */
        die();
        live(true);
        for (int k = 0; k < 200; k++)
            turn();
        assert_int_equal(fill_events, fills + 1);
        assert_int_equal(held().micro, 25 * DEC_ONE);
        check(1);
    }
    die();
    store_close(store);
    stand->ops->close(stand);
}

static void the_simulator(void **state) { (void)state; restarts(&stand_sim); }
static void polymarket(void **state) { (void)state; restarts(&stand_polymarket); }

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_simulator), cmocka_unit_test(polymarket)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
