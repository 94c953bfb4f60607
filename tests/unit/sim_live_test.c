/* Paper trading on Polymarket's books: a small venue on the same loop, the simulator fed by it, orders in wall time. */
#include <ev.h>

#include "exchange_fixture.h"
#include "support/loop_server.h"
#include "turret/io/loop.h"
#include "turret/venue/polymarket.h"
#include "turret/venue/sim.h"

#define COND "0x00000000000000000000000000000000000000000000000000000000000000aa"
#define COND_V2 "0x00000000000000000000000000000000000000000000000000000000000000bb"
#define YES "8800000000000000000000000000000000000000000000000000000000000000000000001"
#define NO "8800000000000000000000000000000000000000000000000000000000000000000000002"

static struct {
    struct loop_server *server;
    struct loop_client *ws;
    bool closed, listed, silent;
    const char *outcome_prices;
    struct kit k;
    struct venue *v;
    char state[REASON_MAX];
    int candles, books, gaps, notes;
    market_id id;
    uint64_t orders;
} g;

static void on_request(void *ctx, struct loop_client *c, const char *method, const char *target, const char *body) {
    char text[2048];
    const bool closed = strstr(target, "closed=true") != NULL, named = strstr(target, "condition_ids=") != NULL;
    (void)ctx, (void)method, (void)body;
    if (strstr(target, "/markets/keyset")) {
        const bool it = g.listed && closed == g.closed && (!named || strstr(target, COND));
        snprintf(text, sizeof text, "{\"markets\":[%s", it ? "" : "],\"next_cursor\":\"\"}");
        if (it)
            snprintf(text + 12, sizeof text - 12,
                     "{\"question\":\"Rain?\",\"conditionId\":\"" COND "\",\"slug\":\"rain\",\"outcomes\":\"[\\\"Yes\\\",\\\"No\\\"]\",\"outcomePrices\":\"%s\",\"clobTokenIds\":\"[\\\"" YES "\\\",\\\"" NO "\\\"]\","
                     "\"orderPriceMinTickSize\":0.01,\"orderMinSize\":5,\"closed\":%s,\"acceptingOrders\":%s,\"enableOrderBook\":true,\"feesEnabled\":true,\"feeSchedule\":{\"rate\":0.05,\"exponent\":1,\"takerOnly\":true},"
                     "\"umaResolutionStatus\":%s}],\"next_cursor\":\"\"}",
                     g.outcome_prices ? g.outcome_prices : "[\\\"0.5\\\",\\\"0.5\\\"]", g.closed ? "true" : "false", g.closed ? "false" : "true", g.closed ? "\"resolved\"" : "null");
        loop_answer(c, 200, text);
    } else if (!strncmp(target, "/prices-history", 15)) {
        const long long now = clock_now_us() / 1000000;
        snprintf(text, sizeof text, "{\"history\":[{\"t\":%lld,\"p\":0.4},{\"t\":%lld,\"p\":0.45}]}", now - 40000, now - 20000);
        loop_answer(c, 200, text);
    } else {
        loop_answer(c, 404, "{\"error\":\"no\"}");
    }
}

static void say(const char *text) { loop_ws_send(g.ws, text, strlen(text)); }
static void say_book(const char *bids, const char *asks, const char *tick) {
    char text[1024];
    snprintf(text, sizeof text, "{\"event_type\":\"book\",\"market\":\"" COND "\",\"asset_id\":\"" YES "\",\"bids\":[%s],\"asks\":[%s],\"tick_size\":\"%s\",\"timestamp\":\"1757908892351\"}", bids, asks, tick);
    say(text);
}
#define LV(px, size) "{\"price\":\"" px "\",\"size\":\"" size "\"}"

static void on_ws_open(void *ctx, struct loop_client *c, const char *target) {
    (void)ctx, (void)target;
    g.ws = c;
}
static void on_ws_text(void *ctx, struct loop_client *c, const char *text, size_t len) {
    (void)ctx, (void)c, (void)len;
    if (strstr(text, YES) && !strstr(text, "unsubscribe") && !g.silent)
        say_book(LV("0.40", "100"), LV("0.62", "500") "," LV("0.60", "10.5"), "0.01");
}
static void on_gone(void *ctx, struct loop_client *c) { (void)ctx, (void)c; }

static void put(void *ctx, const struct event *ev) {
    (void)ctx;
    g.books += ev->type == EVENT_BOOK && ev->u.book.n_bids + ev->u.book.n_asks > 0;
    g.gaps += ev->type == EVENT_BOOK && (ev->u.book.flags & BOOK_GAP);
    g.candles += ev->type == EVENT_CANDLE;
    g.notes += ev->type == EVENT_NOTE;
    if (ev->type == EVENT_MARKET && !strcmp(ev->u.market.native, COND))
        g.id = ev->u.market.id;
    if (ev->type == EVENT_VENUE) {
        assert_true(ev->u.venue_state.up);
        snprintf(g.state, sizeof g.state, "%s", ev->u.venue_state.text);
    }
    kit_put(&g.k, ev);
}

/* The engine's part: what the exchange has due is run as time passes. */
static void stop_turning(struct ev_loop *loop, ev_timer *w, int events) {
    (void)w, (void)events;
    ev_break(loop, EVBREAK_ALL);
}
static void turn(void) {
    ev_timer t;
    ev_timer_init(&t, stop_turning, 0.01, 0.);
    ev_now_update(loop_get());
    ev_timer_start(loop_get(), &t);
    ev_run(loop_get(), 0);
    ev_timer_stop(loop_get(), &t);
    if (g.v && g.v->ops->next_us(g.v) <= clock_now_us())
        g.v->ops->run(g.v, clock_now_us());
}
#define UNTIL(what)                                          \
    do {                                                     \
        for (int left_ = 600; !(what); left_--, turn())      \
            if (left_ == 0)                                  \
                fail_msg("never: %s", #what);                \
    } while (0)

static void serve(void) {
    memset(&g, 0, sizeof g);
    g.listed = true;
    g.server = loop_server_new(&(struct loop_handler){.request = on_request, .ws_open = on_ws_open, .ws_text = on_ws_text, .gone = on_gone});
}
static void open_venue(void) {
    char base[64], stream[64], text[REASON_MAX];
    struct sim_cfg cfg;
    snprintf(base, sizeof base, "http://127.0.0.1:%d", loop_server_port(g.server));
    snprintf(stream, sizeof stream, "ws://127.0.0.1:%d/ws", loop_server_port(g.server));
    struct pm_hosts h = {.clob = base, .gamma = base, .data = base, .stream = stream};
    struct pm_markets_cfg m = {.top = 5, .words = ""};
    sim_cfg_default(&cfg);
    cfg.latency_min_us = cfg.latency_max_us = 1000;
    cfg.wall_clock = true;
    cfg.live = &h;
    cfg.live_markets = &m;
    assert_int_equal(sim_open(&cfg, (struct event_sink){put, NULL}, &g.v, text), ERR_OK);
}
static void restore(const struct event *ev) { g.v->ops->restore(g.v, ev); }
static void begin(void) {
    struct event ev;
    event_init(&ev, EVENT_LOADED, VENUE_SIM, clock_now_us());
    restore(&ev);
    g.v->ops->start(g.v, clock_now_us());
}
static void account(void) {
    struct event ev;
    event_init(&ev, EVENT_ACCOUNT, VENUE_SIM, clock_now_us());
    ev.u.account = (struct account){.id = 1, .venue = VENUE_SIM, .initial = {micro(10000)}};
    restore(&ev);
}
static int end(void **state) {
    (void)state;
    g.v->ops->close(g.v);
    g.v = NULL;
    loop_server_free(g.server);
    turn();
    kit_forget(&g.k);
    free(g.k.seen);
    return 0;
}

static order_id place(enum order_side side, enum order_action action, double limit, double size) {
    struct order o = {.id = ++g.orders + 5000, .account = 1, .market = g.id, .side = (uint8_t)side, .action = (uint8_t)action, .leverage = 1, .flags = ORDER_SENT,
                      .type = limit > 0 ? ORDER_LIMIT : ORDER_MARKET, .limit = px_of(limit), .size = qty_at(size)};
    o.created_us = o.sent_us = clock_now_us();
    assert_int_equal(g.v->ops->place(g.v, &o, clock_now_us()), ERR_OK);
    return o.id;
}

static void paper_meets_the_live_book(void **state) {
    (void)state;
    serve();
    open_venue();
    account();
    begin();
    UNTIL(g.books == 1);
    assert_true(g.candles > 0);
    UNTIL(!strcmp(g.state, "live: market data"));
    order_id id = place(SIDE_YES, ACTION_BUY, 0.62, 20.5); /* both levels */
    UNTIL(kit_filled(&g.k, id) == micro(20.5));
    assert_int_equal(kit_fill(&g.k, id, 0)->px.micro, 600000);
    assert_int_equal(kit_fill(&g.k, id, 0)->fee.micro + kit_fill(&g.k, id, 1)->fee.micro, 243800); /* 0.05 * (10.5*.6*.4 + 10*.62*.38), down to 0.00001 */
    id = place(SIDE_YES, ACTION_BUY, 0.405, 10);
    UNTIL(kit_reject(&g.k, id) == ERR_TICK_SIZE);
    id = place(SIDE_YES, ACTION_BUY, 0.40, 4.99);
    UNTIL(kit_reject(&g.k, id) == ERR_MIN_SIZE);
    id = place(SIDE_NO, ACTION_BUY, 0.45, 5); /* rests at 0.55 of YES, is reached by a print above it */
    UNTIL(kit_count(&g.k, EVENT_ACK, id) == 1);
    say("{\"event_type\":\"last_trade_price\",\"asset_id\":\"" YES "\",\"price\":\"0.57\",\"size\":\"50\",\"side\":\"BUY\",\"transaction_hash\":\"0x1\"}");
    UNTIL(kit_filled(&g.k, id) == micro(5));
    assert_int_equal(kit_fill(&g.k, id, 0)->fee.micro, 0); /* makers pay nothing */
    assert_int_equal(kit_fill(&g.k, id, 0)->px.micro, 450000);
}

static void its_rules_follow_the_venue_s(void **state) {
    (void)state;
    serve();
    open_venue();
    account();
    begin();
    UNTIL(g.books == 1);
    g.silent = true;
    say("{\"event_type\":\"tick_size_change\",\"asset_id\":\"" YES "\",\"old_tick_size\":\"0.01\",\"new_tick_size\":\"0.001\"}");
    UNTIL(g.gaps == 1);
    order_id id = place(SIDE_YES, ACTION_BUY, 0, 10); /* no book: nothing to meet */
    UNTIL(kit_done(&g.k, id) != -1 || kit_reject(&g.k, id) != -1);
    assert_int_equal(kit_filled(&g.k, id), 0);
    say_book(LV("0.961", "100"), LV("0.965", "500"), "0.001");
    UNTIL(g.books >= 2);
    id = place(SIDE_YES, ACTION_BUY, 0.962, 10);
    UNTIL(kit_count(&g.k, EVENT_ACK, id) == 1);
    g.silent = false;
    loop_ws_drop(g.ws); /* the market data is gone, the exchange is not */
    int gaps = g.gaps;
    UNTIL(g.gaps > gaps && strstr(g.state, "market stream"));
    UNTIL(!strcmp(g.state, "live: market data"));
}

static void the_end_pays(void **state) {
    (void)state;
    serve();
    open_venue();
    account();
    begin();
    UNTIL(g.books == 1);
    order_id id = place(SIDE_YES, ACTION_BUY, 0.60, 10);
    UNTIL(kit_filled(&g.k, id) == micro(10));
    order_id rests = place(SIDE_YES, ACTION_BUY, 0.30, 10);
    UNTIL(kit_count(&g.k, EVENT_ACK, rests) == 1);
    int64_t cash = exchange_cash(sim_exchange(g.v), 1).micro;
    say("{\"event_type\":\"market_resolved\",\"market\":\"" COND "\",\"assets_ids\":[\"" YES "\",\"" NO "\"],\"winning_asset_id\":\"" YES "\"}");
    UNTIL(kit_count(&g.k, EVENT_MARKET_STATUS, 0) == 1 && kit_done(&g.k, rests) == ERR_MARKET_CLOSED);
    assert_int_equal(exchange_cash(sim_exchange(g.v), 1).micro, cash + micro(10));
    assert_int_equal(exchange_outcome(sim_exchange(g.v), g.id), OUTCOME_YES);
}

/* A position from before; the market was settled, a half each, while nobody looked. */
static void a_settlement_that_was_missed(void **state) {
    (void)state;
    struct event ev;
    serve();
    g.closed = true;
    g.outcome_prices = "[\\\"0.5\\\",\\\"0.5\\\"]";
    open_venue();
    account();
    event_init(&ev, EVENT_LOAD_MARKET, VENUE_SIM, clock_now_us());
    struct market *m = &ev.u.load_market.market;
    *m = kit_market(0, MARKET_BINARY, 0.01, 0.01);
    snprintf(m->symbol, sizeof m->symbol, "rain");
    snprintf(m->native, sizeof m->native, COND);
    m->id = market_id_of(VENUE_SIM, "rain");
    m->fee_kind = FEE_POLYMARKET;
    restore(&ev);
    event_init(&ev, EVENT_LOAD_CASH, VENUE_SIM, clock_now_us());
    ev.u.load_cash = (struct ev_load_cash){.account = 1, .cash = {micro(9994)}};
    restore(&ev);
    event_init(&ev, EVENT_LOAD_ORDER, VENUE_SIM, clock_now_us());
    struct order *o = &ev.u.order;
    *o = (struct order){.id = 77, .num = 1, .account = 1, .market = market_id_of(VENUE_SIM, "rain"), .side = SIDE_YES, .action = ACTION_BUY, .type = ORDER_LIMIT, .state = STATE_FILLED,
                        .limit = px_of(0.6), .size = qty_at(10), .filled = qty_at(10), .filled_value = {micro(6)}, .leverage = 1, .flags = ORDER_SENT};
    o->pos.status = POSITION_OPEN;
    o->pos.open = qty_at(10);
    o->pos.cost = USD(micro(6));
    o->pos.entry_price = px_of(0.6);
    restore(&ev);
    begin();
    assert_int_equal(kit_count(&g.k, EVENT_MARKET, 0), 1); /* in sight before anything is known */
    UNTIL(exchange_outcome(sim_exchange(g.v), market_id_of(VENUE_SIM, "rain")) == OUTCOME_VOID);
    assert_int_equal(exchange_cash(sim_exchange(g.v), 1).micro, micro(9999));
}

static void markets_are_asked_for(void **state) {
    (void)state;
    struct fx_list l = {.what = "no-such-market"};
    serve();
    g.listed = false;
    open_venue();
    account();
    begin();
    assert_int_equal(g.v->ops->list(g.v, &l, clock_now_us()), ERR_OK);
    UNTIL(g.notes == 1);
    g.listed = true;
    snprintf(l.what, sizeof l.what, COND);
    assert_int_equal(g.v->ops->list(g.v, &l, clock_now_us()), ERR_OK);
    UNTIL(g.books == 1);
    struct fx_activity a = {.on = 1, .wallet = "nobody"};
    assert_int_equal(g.v->ops->activity(g.v, &a, clock_now_us()), ERR_BAD_VALUE);
}

int main(void) {
#define T(f) cmocka_unit_test_teardown(f, end)
    const struct CMUnitTest tests[] = {
        T(paper_meets_the_live_book), T(its_rules_follow_the_venue_s), T(the_end_pays), T(a_settlement_that_was_missed), T(markets_are_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
