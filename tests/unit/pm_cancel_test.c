/* Cancelling and asking: the venue answers per id, fills count before a cancel, what is not there is looked for among the trades. */
#include "pm_fakes.h"

#include "venue/polymarket/trade/pm_orders_impl.h"

static struct pm_orders *p;
static int setup(void **state) {
    (void)state;
    rig_open(PM_EOA);
    p = pm_orders_new(&R.session);
    R.session.orders = p;
    return 0;
}
static int teardown(void **state) {
    (void)state;
    pm_orders_free(p);
    rig_close();
    return 0;
}

static order_id next_id = 500;
/* An order that the venue has. */
static struct order resting(enum order_tif tif) {
    struct order o = {.id = ++next_id, .account = 7, .market = R.market[0].m.id, .type = ORDER_LIMIT, .tif = (uint8_t)tif, .limit = PRICE(470000), .size = QTY(20000000), .created_us = clock_now_us(), .sent_us = clock_now_us()};
    assert_int_equal(pm_orders_prepare(p, &o, clock_now_us()), ERR_OK);
    snprintf(R.last_id, sizeof R.last_id, "%s", o.venue_id);
    tracker_sent(R.session.tracker, &o, clock_now_us());
    return o;
}
static void cancel(const struct order *o) {
    struct fx_cancel c = {.order = o->id, .account = 7, .market = o->market};
    snprintf(c.venue_id, sizeof c.venue_id, "%s", o->venue_id);
    assert_int_equal(pm_orders_cancel(p, &c, clock_now_us()), ERR_OK);
}
static int about(enum event_type t, order_id id) {
    int n = 0;
    for (int i = 0; i < R.events; i++)
        n += R.event[i]->type == t && R.event[i]->u.ack.order == id;
    return n;
}
#define NO_TRADES {.path = "/data/trades", .status = 200, .body = "{\"data\":[],\"next_cursor\":\"LTE=\"}"}

static void one(void **state) {
    (void)state;
    char want[128];
    RULES({.method = "DELETE", .path = "/order", .status = 200, .body = "{\"canceled\":[\"%ID%\"],\"not_canceled\":{}}"}, NO_TRADES);
    struct order o = resting(TIF_GTC);
    cancel(&o);
    cancel(&o); /* twice in a turn is once */
    WAIT_EVENT(EVENT_DONE);
    assert_int_equal(rig_event(EVENT_DONE)->u.done.reason, ERR_CANCELLED);
    assert_int_equal(rig_event(EVENT_DONE)->u.done.filled.micro, 0);
    assert_int_equal(rig_asked("DELETE", "/order"), 1);
    snprintf(want, sizeof want, "{\"orderID\":\"%s\"}", o.venue_id);
    assert_string_equal(rig_last("/order")->body, want);
    assert_non_null(strstr(rig_last("/data/trades")->query, "maker_address=0x"));
}

static void a_fill_before_the_cancel_counts(void **state) {
    (void)state;
    char trades[400];
    struct order o = resting(TIF_GTC);
    snprintf(trades, sizeof trades, "{\"data\":[{\"id\":\"t-1\",\"taker_order_id\":\"%s\",\"size\":\"7.5\",\"price\":\"0.47\"}],\"next_cursor\":\"LTE=\"}", o.venue_id);
    RULES({.method = "DELETE", .path = "/order", .status = 200, .body = "{\"canceled\":[\"%ID%\"],\"not_canceled\":{}}"}, {.path = "/data/trades", .status = 200, .body = trades});
    cancel(&o);
    WAIT_EVENT(EVENT_DONE);
    assert_int_equal(rig_events(EVENT_FILL), 1);
    assert_int_equal(rig_event(EVENT_DONE)->u.done.filled.micro, 7500000);
    assert_int_equal(R.event[R.events - 1]->type, EVENT_DONE); /* the fill came first */
}

static void many(void **state) {
    (void)state;
    struct order o[130];
    for (int i = 0; i < 130; i++) {
        o[i] = resting(TIF_GTC);
        cancel(&o[i]);
    }
    char body[40000], *at = body;
    at += sprintf(at, "{\"canceled\":[");
    for (int i = 0; i < 100; i++)
        at += sprintf(at, "%s\"%s\"", i ? "," : "", o[i].venue_id);
    at += sprintf(at, "],\"not_canceled\":{\"%s\":\"Order already matched\",\"%s\":\"Order already canceled\",\"%s\":\"Order not found or already canceled\"}}", o[100].venue_id, o[101].venue_id, o[102].venue_id);
    static struct rig_rule rules[3];
    rules[0] = (struct rig_rule){.method = "DELETE", .path = "/orders", .status = 200, .body = body};
    rules[1] = (struct rig_rule)NO_TRADES;
    rig_rules(rules);
    rig_until(&R.events, 103);
    rig_turn(0.4); /* the second one waits until the bucket has ten */
    assert_int_equal(rig_asked("DELETE", "/orders"), 2); /* 120, what the signer's bucket holds at once, and 10 */
    assert_int_equal(rig_events(EVENT_DONE), 101);
    assert_int_equal(about(EVENT_DONE, o[101].id), 1);    /* it was cancelled already */
    assert_int_equal(about(EVENT_REFUSED, o[100].id), 1); /* matched: a fill to fetch, not an error */
    assert_int_equal(about(EVENT_REFUSED, o[102].id), 1); /* one or the other: asked */
    assert_int_equal(rig_event(EVENT_REFUSED)->u.refused.reason, ERR_NOT_OPEN);
    assert_true(R.caught_up >= 2);
    assert_int_equal(about(EVENT_DONE, o[103].id) + about(EVENT_REFUSED, o[103].id), 0); /* not named: asked again by the desk */
}

static void cancels_that_fail(void **state) {
    (void)state;
    static const struct { int status; const char *body; enum err refused; } rows[] = {
        {500, "{\"error\":\"Internal server error\"}", ERR_OK}, {200, "", ERR_OK}, {200, "[]", ERR_OK}, {200, "{}", ERR_OK}, {200, "{\"canceled\":{},\"not_canceled\":[]}", ERR_OK},
        {401, "{\"error\":\"Invalid API key\"}", ERR_CREDENTIALS}, {400, "{\"error\":\"Invalid orderID\"}", ERR_BAD_VALUE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        rig_forget();
        RULES({.method = "DELETE", .path = "/order", .status = rows[i].status, .body = rows[i].body}, NO_TRADES);
        struct order o = resting(TIF_GTC);
        cancel(&o);
        rig_until(&R.count, 1);
        rig_turn(0.05);
        assert_int_equal(about(EVENT_DONE, o.id), 0);
        assert_int_equal(about(EVENT_REFUSED, o.id), rows[i].refused != ERR_OK);
        if (rows[i].refused != ERR_OK)
            assert_int_equal(rig_event(EVENT_REFUSED)->u.refused.reason, rows[i].refused);
    }
    struct fx_cancel c = {.order = 4711};
    assert_int_equal(pm_orders_cancel(p, &c, clock_now_us()), ERR_NOT_FOUND);
    R.session.ready = false;
    assert_int_equal(pm_orders_cancel(p, &c, clock_now_us()), ERR_UNREACHABLE);
}

static void more_than_the_bucket_holds(void **state) {
    (void)state;
    struct order o[5];
    char body[600], *at = body;
    static struct rig_rule rules[4];
    rules[0] = (struct rig_rule){.method = "DELETE", .path = "/orders", .status = 429, .body = "{\"error\":\"Too Many Requests\"}", .times = 1, .more = {{"Retry-After", "0"}}};
    rules[1] = (struct rig_rule){.method = "DELETE", .path = "/orders", .status = 200, .body = body};
    rules[2] = (struct rig_rule)NO_TRADES;
    at += sprintf(at, "{\"canceled\":[");
    for (int i = 0; i < 5; i++) {
        o[i] = resting(TIF_GTC);
        cancel(&o[i]);
        at += sprintf(at, "%s\"%s\"", i ? "," : "", o[i].venue_id);
    }
    sprintf(at, "]}");
    rig_rules(rules);
    rig_until(&R.events, 5);
    assert_int_equal(rig_events(EVENT_DONE), 5);
    assert_int_equal(rig_asked("DELETE", "/orders"), 3); /* all or nothing: then its halves */
}

static void held_back_by_the_venue(void **state) {
    (void)state;
    RULES({.method = "DELETE", .path = "/order", .status = 200, .body = "{\"canceled\":[],\"not_canceled\":{\"%ID%\":\"order is delayed, it can't be canceled yet\"}}", .times = 1},
          {.method = "DELETE", .path = "/order", .status = 200, .body = "{\"canceled\":[\"%ID%\"],\"not_canceled\":{}}"}, NO_TRADES);
    struct order o = resting(TIF_GTC);
    cancel(&o);
    WAIT_EVENT(EVENT_DONE); /* asked again by itself */
    assert_int_equal(rig_asked("DELETE", "/order"), 2);
    assert_int_equal(rig_events(EVENT_REFUSED), 0);
    assert_true(R.got[R.count - 2].at_us - R.got[0].at_us >= 900000);
}

/* --- asking ---------------------------------------------------------------------------------------------------- */

static void ask(const struct order *o) { assert_int_equal(pm_orders_query(p, o, clock_now_us()), ERR_OK); }

static void it_is_there(void **state) {
    (void)state;
    RULES({.path = "/data/order/*", .status = 200, .body = "{\"id\":\"%ID%\",\"status\":\"LIVE\",\"size_matched\":\"5\"}"});
    struct order o = resting(TIF_GTC);
    ask(&o);
    ask(&o);
    WAIT_EVENT(EVENT_ACK);
    assert_int_equal(R.count, 1); /* one question at a time */
    assert_int_equal(R.caught_up, 1); /* five are filled that nobody told */
    rig_forget();
    RULES({.path = "/data/order/*", .status = 200, .body = "{\"id\":\"0x1234\",\"status\":\"LIVE\",\"size_matched\":\"0\"}"}); /* another one's */
    o = resting(TIF_GTC);
    ask(&o);
    rig_until(&R.count, 1);
    rig_turn(0.05);
    assert_int_equal(R.events, 0);
}

static void only_its_trades_are_there(void **state) {
    (void)state;
    static const char *const gone[] = {"null", "", "{}", "{\"error\":\"Order not found\"}"};
    for (int i = 0; i < 5; i++) {
        char trades[400];
        rig_forget();
        struct order o = resting(TIF_IOC);
        o.sent_us = clock_now_us() - 60000000;
        snprintf(trades, sizeof trades, "{\"data\":[{\"id\":\"x%d\",\"taker_order_id\":\"%s\",\"size\":\"%s\",\"price\":\"0.47\"}],\"next_cursor\":\"LTE=\"}", i, o.venue_id, i == 1 ? "20" : "12");
        RULES({.path = "/data/order/*", .status = i < 4 ? 200 : 404, .body = gone[i < 4 ? i : 3]}, {.path = "/data/trades", .status = 200, .body = trades});
        ask(&o);
        WAIT_EVENT(EVENT_FILL);
        rig_turn(0.05);
        assert_int_equal(rig_events(EVENT_DONE), i != 1); /* all of it: it is full by its fill */
        assert_int_equal(rig_events(EVENT_REJECT), 0);
        const char *after = strstr(rig_last("/data/trades")->query, "after=");
        assert_non_null(after);
        assert_true(llabs(atoll(after + 6) - (o.sent_us / 1000000 - 10)) <= 1); /* since just before it was sent */
    }
}

static void it_is_not_there(void **state) {
    (void)state;
    RULES({.path = "/data/order/*", .status = 404, .body = "{\"error\":\"Order not found\"}"}, NO_TRADES);
    struct order o = resting(TIF_GTC);
    ask(&o);
    WAIT_EVENT(EVENT_REJECT);
    assert_int_equal(rig_event(EVENT_REJECT)->u.reject.reason, ERR_NOT_FOUND);
    ask(&o);
    rig_until(&R.events, 2); /* each time: the desk decides by its age */
    o.venue_id[0] = '\0';
    ask(&o);
    assert_int_equal(rig_events(EVENT_REJECT), 3); /* it never had an id */
}

static void who_does_not_answer_says_nothing(void **state) {
    (void)state;
    RULES({.path = "/data/order/*", .status = 503, .body = "{}"}, NO_TRADES);
    struct order o = resting(TIF_GTC);
    ask(&o);
    rig_turn(0.8);
    assert_int_equal(R.events, 0);
    RULES({.path = "/data/order/*", .status = 404, .body = "{}"}, {.path = "/data/trades", .status = 500, .body = "{}"});
    ask(&o);
    rig_turn(2.5);
    assert_int_equal(R.events, 0); /* the trades are not known: it is not "not there" */
    assert_true(rig_asked("GET", "/data/trades") >= 2);
}

static void the_total_is_corrected(void **state) {
    (void)state;
    char trades[400];
    struct order o = resting(TIF_IOC);
    tracker_ack(R.session.tracker, o.id, o.venue_id, clock_now_us());
    tracker_done(R.session.tracker, o.id, ERR_CANCELLED, QTY(12340000), "", clock_now_us()); /* the answer said 12.34 */
    snprintf(trades, sizeof trades, "{\"data\":[{\"id\":\"y\",\"taker_order_id\":\"%s\",\"size\":\"12.33\",\"price\":\"0.47\"}],\"next_cursor\":\"LTE=\"}", o.venue_id);
    RULES({.path = "/data/order/*", .status = 404, .body = "{}"}, {.path = "/data/trades", .status = 200, .body = trades});
    ask(&o);
    WAIT_EVENT(EVENT_FILL);
    rig_turn(0.05);
    assert_int_equal(rig_events(EVENT_DONE), 1); /* its trades may still be on their way */
    o.sent_us -= 40 * 1000000LL;
    ask(&o);
    rig_until(&R.count, 4);
    rig_turn(0.05);
    assert_int_equal(rig_events(EVENT_DONE), 2);
    assert_int_equal(rig_event(EVENT_DONE)->u.done.filled.micro, 12330000);
}

/* --- heartbeats -------------------------------------------------------------------------------------------------- */

static void heartbeats(void **state) {
    (void)state;
    RULES({.path = "/v1/heartbeats", .status = 400, .body = "{\"error_msg\":\"Invalid Heartbeat ID\",\"heartbeat_id\":\"550e8400-e29b\"}", .times = 1},
          {.path = "/v1/heartbeats", .status = 200, .body = "{\"heartbeat_id\":\"661f9511-f30c\"}"});
    pm_orders_start(p);
    rig_turn(0.2);
    assert_int_equal(R.count, 0); /* not wanted */
    R.session.heartbeat = true;
    pm_orders_start(p);
    rig_until(&R.count, 2);
    assert_string_equal(R.got[0].body, "{\"heartbeat_id\":\"\"}");
    assert_string_equal(R.got[1].body, "{\"heartbeat_id\":\"550e8400-e29b\"}"); /* what the venue expects */
    rig_until(&R.count, 3);
    assert_string_equal(R.got[2].body, "{\"heartbeat_id\":\"661f9511-f30c\"}");
    assert_true(R.got[2].at_us - R.got[0].at_us < 5600000);
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(one), T(a_fill_before_the_cancel_counts), T(many), T(cancels_that_fail), T(more_than_the_bucket_holds), T(held_back_by_the_venue), T(it_is_there), T(only_its_trades_are_there),
        T(it_is_not_there), T(who_does_not_answer_says_nothing), T(the_total_is_corrected), T(heartbeats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
