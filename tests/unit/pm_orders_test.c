/* Placing: what leaves, and what each answer of the venue becomes. Whatever is not a clear answer leaves the outcome unknown, and nothing is
 * ever sent twice. */
#include "pm_fakes.h"

#include <cjson/cJSON.h>

#include "support/raw_server.h"
#include "venue/polymarket/trade/pm_orders_impl.h"

static struct pm_orders *p;
static int setup(void **state) {
    (void)state;
    rig_open(PM_1271);
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

static order_id next_id = 100;
static struct order row(enum order_type type, enum order_tif tif, enum order_action action) {
    struct order o = {.id = ++next_id, .account = 7, .market = R.market[0].m.id, .side = SIDE_YES, .action = (uint8_t)action, .type = (uint8_t)type, .tif = (uint8_t)tif,
                      .limit = PRICE(type == ORDER_LIMIT ? 470000 : 0), .size = QTY(20000000), .created_us = clock_now_us()};
    assert_int_equal(pm_orders_prepare(p, &o, clock_now_us()), ERR_OK);
    snprintf(R.last_id, sizeof R.last_id, "%s", o.venue_id);
    return o;
}
static struct order place(enum order_type type, enum order_tif tif, enum order_action action) {
    struct order o = row(type, tif, action);
    assert_int_equal(pm_orders_place(p, &o, clock_now_us()), ERR_OK);
    return o;
}
static struct order gtc(void) { return place(ORDER_LIMIT, TIF_GTC, ACTION_BUY); }
static int about(enum event_type t, order_id id) {
    int n = 0;
    for (int i = 0; i < R.events; i++)
        n += R.event[i]->type == t && R.event[i]->u.ack.order == id; /* the order comes first in all of them */
    return n;
}
static int told(order_id id) { return about(EVENT_ACK, id) + about(EVENT_REJECT, id) + about(EVENT_UNKNOWN, id) + about(EVENT_DONE, id) + about(EVENT_DELAYED, id) + about(EVENT_REFUSED, id); }

static void one_order(void **state) {
    (void)state;
    RULES({.path = "/order", .status = 200, .body = "{\"success\":true,\"errorMsg\":\"\",\"orderID\":\"%ID%\",\"status\":\"live\",\"makingAmount\":\"\",\"takingAmount\":\"\",\"tradeIDs\":[]}"});
    struct order o = gtc();
    WAIT_EVENT(EVENT_ACK);
    rig_turn(0.05);
    assert_int_equal(told(o.id), 1);
    assert_string_equal(rig_event(EVENT_ACK)->u.ack.venue_id, o.venue_id);
    assert_int_equal(R.count, 1);
    /* what left: the row's order, signed by the key for the wallet */
    struct cJSON *doc = cJSON_Parse(R.got[0].body);
    const struct cJSON *order = cJSON_GetObjectItemCaseSensitive(doc, "order");
    assert_string_equal(cJSON_GetObjectItemCaseSensitive(order, "makerAmount")->valuestring, "9400000");
    assert_string_equal(cJSON_GetObjectItemCaseSensitive(order, "takerAmount")->valuestring, "20000000");
    assert_string_equal(cJSON_GetObjectItemCaseSensitive(order, "maker")->valuestring, RIG_WALLET);
    assert_string_equal(cJSON_GetObjectItemCaseSensitive(order, "tokenId")->valuestring, RIG_TOKEN_YES);
    assert_int_equal(strlen(cJSON_GetObjectItemCaseSensitive(order, "signature")->valuestring), 2 + 2 * 317);
    assert_string_equal(cJSON_GetObjectItemCaseSensitive(doc, "owner")->valuestring, R.creds.key);
    assert_string_equal(cJSON_GetObjectItemCaseSensitive(doc, "orderType")->valuestring, "GTC");
    assert_true(cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(doc, "postOnly")));
    cJSON_Delete(doc);
}

static void one_turn_one_request(void **state) {
    (void)state;
    RULES({.path = "/orders", .status = 500, .body = "{}"}, {.path = "/order", .status = 500, .body = "{}"});
    for (int i = 0; i < 17; i++)
        gtc();
    rig_until(&R.events, 17);
    assert_int_equal(rig_asked("POST", "/orders"), 2);
    struct cJSON *a = cJSON_Parse(R.got[0].body), *b = cJSON_Parse(R.got[1].body);
    assert_int_equal(cJSON_GetArraySize(a) + cJSON_GetArraySize(b), 17);
    assert_true(cJSON_GetArraySize(a) <= 15 && cJSON_GetArraySize(b) <= 15);
    cJSON_Delete(a);
    cJSON_Delete(b);
    gtc();
    rig_until(&R.events, 18);
    assert_int_equal(rig_asked("POST", "/order"), 1);
    assert_int_equal(rig_events(EVENT_UNKNOWN), 18);
}

static void filled_at_once(void **state) {
    (void)state;
    static const struct { const char *body; enum order_action action; enum order_tif tif; int64_t total; } rows[] = {
        {"{\"success\":true,\"orderID\":\"%ID%\",\"status\":\"matched\",\"makingAmount\":\"10\",\"takingAmount\":\"19.6078\",\"tradeIDs\":[\"t1\"]}", ACTION_BUY, TIF_IOC, 19607800},
        {"{\"success\":true,\"orderID\":\"%ID%\",\"status\":\"matched\",\"makingAmount\":\"10000000\",\"takingAmount\":\"19607800\"}", ACTION_BUY, TIF_IOC, 19607800}, /* as documented */
        {"{\"success\":true,\"orderID\":\"%ID%\",\"status\":\"ORDER_STATUS_MATCHED\",\"makingAmount\":\"12.5\",\"takingAmount\":\"6\"}", ACTION_SELL, TIF_IOC, 12500000},
        {"{\"success\":true,\"orderID\":\"%ID%\",\"status\":\"MATCHED\",\"makingAmount\":20,\"takingAmount\":9.6,\"errorMsg\":null}", ACTION_SELL, TIF_FOK, 20000000}, /* numbers */
        {"{\"success\":true,\"orderID\":\"%ID%\",\"status\":\"matched\",\"makingAmount\":\"\",\"takingAmount\":\"\"}", ACTION_SELL, TIF_IOC, -1},
        {"{\"success\":true,\"orderID\":\"%ID%\",\"status\":\"matched\",\"makingAmount\":null}", ACTION_SELL, TIF_IOC, -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        rig_forget();
        RULES({.path = "/order", .status = 200, .body = rows[i].body});
        struct order o = place(ORDER_MARKET, rows[i].tif, rows[i].action);
        WAIT_EVENT(EVENT_ACK);
        rig_turn(0.02);
        assert_int_equal(R.caught_up, 1);
        assert_int_equal(about(EVENT_DONE, o.id), rows[i].total >= 0);
        if (rows[i].total >= 0)
            assert_int_equal(rig_event(EVENT_DONE)->u.done.filled.micro, rows[i].total);
    }
    assert_true(R.session.ask_funds);
    /* one that rests with its remainder is not over */
    rig_forget();
    RULES({.path = "/order", .status = 200, .body = "{\"success\":true,\"orderID\":\"%ID%\",\"status\":\"matched\",\"makingAmount\":\"2\",\"takingAmount\":\"4\"}"});
    struct order o = gtc();
    WAIT_EVENT(EVENT_ACK);
    rig_turn(0.02);
    assert_int_equal(about(EVENT_DONE, o.id), 0);
    assert_int_equal(R.caught_up, 1);
}

static void taken_in_other_words(void **state) {
    (void)state;
    static const char *const words[] = {"unmatched", "UNMATCHED", "live", "ORDER_STATUS_LIVE", "", "brand_new_word"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        char body[200];
        rig_forget();
        snprintf(body, sizeof body, "{\"success\":true,\"orderID\":\"%%ID%%\",\"status\":\"%s\"}", words[i]);
        RULES({.path = "/order", .status = 200, .body = body});
        struct order o = gtc();
        WAIT_EVENT(EVENT_ACK);
        rig_turn(0.02);
        assert_int_equal(told(o.id), 1);
    }
}

static void held_back(void **state) {
    (void)state;
    R.market[0].delay_s = 1;
    RULES({.method = "POST", .path = "/order", .status = 200, .body = "{\"success\":true,\"orderID\":\"%ID%\",\"status\":\"delayed\"}"},
          {.method = "DELETE", .path = "/order", .status = 200, .body = "{\"canceled\":[\"%ID%\"],\"not_canceled\":{}}"}, {.path = "/data/order/*", .status = 404, .body = "{}"},
          {.path = "/data/trades", .status = 200, .body = "{\"data\":[],\"next_cursor\":\"LTE=\"}"});
    struct order o = place(ORDER_LIMIT, TIF_GTC, ACTION_BUY);
    WAIT_EVENT(EVENT_DELAYED);
    int64_t until = rig_event(EVENT_DELAYED)->u.delayed.until_us;
    assert_true(until > clock_now_us() && until < clock_now_us() + 5000000);
    struct fx_cancel c = {.order = o.id, .account = 7, .market = o.market};
    assert_int_equal(pm_orders_cancel(p, &c, clock_now_us()), ERR_OK);
    assert_int_equal(pm_orders_query(p, &o, clock_now_us()), ERR_OK);
    rig_turn(0.4);
    assert_int_equal(rig_asked("DELETE", "/order"), 0); /* it can't be cancelled yet */
    assert_int_equal(rig_events(EVENT_REJECT), 0);      /* and is not lost because the list of active ones lacks it */
    tracker_ack(R.session.tracker, o.id, o.venue_id, clock_now_us()); /* the stream: it rests now */
    WAIT_EVENT(EVENT_DONE);
    assert_int_equal(rig_asked("DELETE", "/order"), 1);
    assert_int_equal(rig_event(EVENT_DONE)->u.done.reason, ERR_CANCELLED);
}

static void asked_after_its_delay(void **state) {
    (void)state;
    R.market[0].delay_s = 1;
    RULES({.method = "POST", .path = "/order", .status = 200, .body = "{\"success\":true,\"orderID\":\"%ID%\",\"status\":\"delayed\"}"}, {.path = "/data/order/*", .status = 200, .body = "{\"id\":\"%ID%\",\"size_matched\":\"0\"}"});
    struct order o = gtc();
    WAIT_EVENT(EVENT_DELAYED);
    rig_turn(3.6);
    assert_int_equal(about(EVENT_ACK, o.id), 2); /* taken, and after the delay: it rests */
}

static void legs_of_a_batch(void **state) {
    (void)state;
    char body[1200];
    struct order a = gtc(), b = gtc(), c = gtc(), d = gtc(), e = gtc();
    snprintf(body, sizeof body,
             "[{\"success\":true,\"orderID\":\"%s\",\"status\":\"live\",\"errorMsg\":\"\"},"
             "{\"success\":true,\"orderID\":\"\",\"status\":\"\",\"errorMsg\":\"order %s is invalid. Price (0.475) breaks minimum tick size rule: 0.01\"},"
             "{\"success\":true,\"orderID\":\"%s\",\"status\":\"matched\"},{\"success\":true,\"orderID\":\"%s\",\"status\":\"live\"},"
             "{\"success\":true,\"orderID\":\"\",\"errorMsg\":\"post-only mode: only post-only orders and cancels are allowed\"}]",
             a.venue_id, b.venue_id, d.venue_id /* in another order */, c.venue_id);
    RULES({.path = "/orders", .status = 200, .body = body});
    rig_until(&R.events, 5);
    assert_int_equal(about(EVENT_ACK, a.id), 1);
    assert_int_equal(about(EVENT_REJECT, b.id), 1);
    assert_int_equal(about(EVENT_ACK, c.id), 1);
    assert_int_equal(about(EVENT_ACK, d.id), 1);
    assert_int_equal(about(EVENT_REJECT, e.id), 1);
    assert_int_equal(rig_event(EVENT_REJECT)->u.reject.reason, ERR_VENUE_POST_ONLY);
    assert_int_equal(R.refreshed, 1);
    struct order later = {.id = 9, .market = R.market[0].m.id, .side = SIDE_YES, .type = ORDER_LIMIT, .limit = PRICE(470000), .size = QTY(20000000)};
    assert_int_equal(pm_orders_prepare(p, &later, clock_now_us()), ERR_VENUE_POST_ONLY); /* the leg told of the window */
}

static void batches_that_fail(void **state) {
    (void)state;
    static const struct { int status; const char *body; bool unknown; } rows[] = {
        {400, "{\"error\":\"Invalid order payload\"}", true}, /* one of them; the others may have passed before it */
        {500, "{\"error\":\"could not insert order\"}", true},
        {200, "[]", true},
        {200, "[{\"success\":true,\"orderID\":\"0x12\",\"status\":\"live\"}]", true},
        {200, "{\"success\":true}", true},
        {200, "[null,7]", true},
        {401, "{\"error\":\"Unauthorized/Invalid api key\"}", false},
        {429, "{\"error\":\"Too Many Requests\"}", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        rig_forget();
        RULES({.path = "/orders", .status = rows[i].status, .body = rows[i].body});
        struct order a = gtc(), b = gtc();
        rig_until(&R.events, 2);
        rig_turn(0.02);
        enum event_type t = rows[i].unknown ? EVENT_UNKNOWN : EVENT_REJECT;
        assert_int_equal(about(t, a.id), 1);
        assert_int_equal(about(t, b.id), 1);
        assert_int_equal(told(a.id) + told(b.id), 2);
        assert_int_equal(R.count, 1);
    }
}

static void refusals(void **state) {
    (void)state;
    static const struct { int status; const char *body; enum err err; } rows[] = {
        {400, "{\"error\":\"order 0xab is invalid. Price (0.475) breaks minimum tick size rule: 0.01\"}", ERR_TICK_SIZE},
        {400, "{\"error\":\"order 0xab is invalid. Size (3) lower than the minimum: 5\"}", ERR_MIN_SIZE},
        {400, "{\"error\":\"order 0xab is invalid. Duplicated.\"}", ERR_DUPLICATE},
        {400, "{\"error\":\"not enough balance / allowance: the balance is not enough -> balance: 1000000, order amount: 9400000\"}", ERR_INSUFFICIENT_FUNDS},
        {400, "{\"error\":\"order couldn't be fully filled. FOK orders are fully filled or killed.\"}", ERR_FOK_UNFILLED},
        {400, "{\"error\":\"no orders found to match with FAK order. FAK orders are partially filled or killed if no match is found.\"}", ERR_NO_LIQUIDITY},
        {400, "{\"error\":\"invalid post-only order: order crosses book\"}", ERR_POST_ONLY_CROSSED},
        {400, "{\"error\":\"maker address not allowed, please use the deposit wallet flow\"}", ERR_WRONG_WALLET},
        {400, "{\"error\":\"order_version_mismatch\"}", ERR_ORDER_VERSION},
        {401, "{\"error\":\"Unauthorized/Invalid api key\"}", ERR_CREDENTIALS},
        {403, "<html><title>Attention Required! | Cloudflare</title></html>", ERR_GEOBLOCKED},
        {404, "{\"error\":\"No orderbook exists for the requested token id\"}", ERR_MARKET_CLOSED},
        {200, "{\"success\":false,\"orderID\":\"\",\"errorMsg\":\"not enough balance / allowance\"}", ERR_INSUFFICIENT_FUNDS},
        {200, "{\"success\":true,\"orderID\":\"\",\"errorMsg\":\"invalid post-only order: order crosses book\"}", ERR_POST_ONLY_CROSSED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        rig_forget();
        RULES({.path = "/order", .status = rows[i].status, .body = rows[i].body});
        struct order o = gtc();
        WAIT_EVENT(EVENT_REJECT);
        rig_turn(0.02);
        assert_int_equal(rig_event(EVENT_REJECT)->u.reject.reason, rows[i].err);
        assert_true(rig_event(EVENT_REJECT)->u.reject.text[0]);
        assert_int_equal(told(o.id), 1);
        assert_int_equal(R.count, 1);
        assert_int_equal(R.refreshed, rows[i].err == ERR_TICK_SIZE || rows[i].err == ERR_MIN_SIZE || rows[i].err == ERR_MARKET_CLOSED);
    }
    assert_true(R.session.doubt_funds);
}

/* None of these says what became of the order. */
static void no_clear_answer(void **state) {
    (void)state;
    static const struct { int status; const char *body; } rows[] = {
        {500, "{\"error\":\"could not insert order\"}"},
        {500, "{\"error\":\"could not run the execution\"}"},
        {502, "<html>Bad Gateway</html>"},
        {504, ""},
        {200, ""},
        {200, "OK"},
        {200, "null"},
        {200, "[]"},
        {200, "{}"},
        {200, "{\"success\":true}"},
        {200, "{\"success\":true,\"orderID\":17}"},
        {200, "{\"success\":\"maybe\",\"orderID\":\"%ID%\"}"},
        {200, "{\"success\":true,\"orderID\":\"%ID%\",\"status\":4}"},
        {200, "{\"success\":true,\"orderID\":\"%ID%\",\"orderID\":\"%ID%\",\"status\":\"live\"}"},
        {200, "{\"success\":true,\"orderID\":\"%ID%\",\"status\":\"live\"}garbage"},
        {200, "{\"success\":false,\"orderID\":\"%ID%\",\"errorMsg\":\"\"}"},
        {302, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        rig_forget();
        RULES({.path = "/order", .status = rows[i].status, .body = rows[i].body});
        struct order o = gtc();
        rig_until(&R.events, 1);
        rig_turn(0.02);
        if (about(EVENT_UNKNOWN, o.id) != 1 || told(o.id) != 1)
            fail_msg("row %d: %s", (int)i, rows[i].body);
        assert_int_equal(R.count, 1);
    }
}

static void another_id(void **state) {
    (void)state;
    RULES({.path = "/order", .status = 200, .body = "{\"success\":true,\"orderID\":\"0xabcdef1234567890abcdef1234567890abcdef12\",\"status\":\"live\"}"});
    struct order o = gtc();
    WAIT_EVENT(EVENT_UNKNOWN);
    assert_int_equal(told(o.id), 1);
    assert_int_equal(rig_events(EVENT_NOTE), 1);
    assert_int_equal(rig_event(EVENT_NOTE)->u.note.level, NOTICE_ALERT);
}

static void no_answer_at_all(void **state) {
    (void)state;
    RULES({.path = "/order", .body = NULL});
    struct order o = gtc();
    rig_until(&R.count, 1);
    rig_turn(0.1);
    assert_int_equal(told(o.id), 0); /* ten seconds are given */
    pm_orders_free(p);               /* the desk closes meanwhile: nothing is told any more */
    p = pm_orders_new(&R.session);
    rig_turn(0.1);
    assert_int_equal(R.events, 0);
}

static void session_at(int port) {
    static char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d", port);
    struct pm_hosts h = {.clob = url};
    pm_clob_free(R.session.clob);
    R.session.clob = pm_clob_new(&h, 137, R.session.key);
    pm_clob_creds_set(R.session.clob, &R.creds);
}

static void cut_at_every_byte_of(bool standing) {
    char answer[600], body[300];
    for (size_t k = 1;; k++) {
        rig_forget();
        struct order o = row(ORDER_LIMIT, TIF_GTC, ACTION_BUY);
        snprintf(body, sizeof body, "{\"success\":true,\"errorMsg\":\"\",\"orderID\":\"%s\",\"status\":\"live\"}", o.venue_id);
        size_t n = (size_t)snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s", strlen(body), body);
        struct raw_script script = {.bytes = answer, .cut = k, .end = k % 2 ? RAW_CLOSE : RAW_RESET};
        struct raw_server s = raw_server_start(&script, 1);
        session_at(s.port);
        if (standing) {
            pm_clob_warm(R.session.clob);
            rig_turn(0.004);
        }
        assert_int_equal(pm_orders_place(p, &o, clock_now_us()), ERR_OK);
        rig_until(&R.events, 1);
        if (k % 16 == 0)
            rig_turn(0.02);
        if (about(k < n ? EVENT_UNKNOWN : EVENT_ACK, o.id) != 1 || told(o.id) != 1)
            fail_msg("cut behind byte %zu of %zu", k, n);
        assert_int_equal(raw_server_requests(&s), 1);
        raw_server_stop(&s);
        if (k == n)
            break;
    }
}

static void cut_at_every_byte(void **state) { (void)state, cut_at_every_byte_of(false); }
static void cut_on_a_standing_line(void **state) { (void)state, cut_at_every_byte_of(true); }

static void nothing_left(void **state) {
    (void)state;
    session_at(raw_server_closed_port());
    struct order o = gtc();
    WAIT_EVENT(EVENT_REJECT); /* it certainly did not go */
    assert_int_equal(rig_event(EVENT_REJECT)->u.reject.reason, ERR_UNREACHABLE);
    assert_int_equal(told(o.id), 1);
    /* the listing changed between the row and the sending: what was stored is not what would go */
    o = row(ORDER_LIMIT, TIF_GTC, ACTION_BUY);
    R.market[0].neg_risk = 1;
    assert_int_equal(pm_orders_place(p, &o, clock_now_us()), ERR_TICK_SIZE);
    R.market[0].neg_risk = 0;
    o.size.micro += 1000000;
    assert_int_equal(pm_orders_place(p, &o, clock_now_us()), ERR_TICK_SIZE);
    o.size.micro -= 1000000;
    o.venue_id[0] = '\0';
    assert_int_equal(pm_orders_place(p, &o, clock_now_us()), ERR_TICK_SIZE);
    R.session.ready = false;
    assert_int_equal(pm_orders_place(p, &o, clock_now_us()), ERR_UNREACHABLE);
}

static void restarts(void **state) {
    (void)state;
    RULES({.path = "/order", .status = 425, .body = "{\"error\":\"matching engine is restarting\"}", .times = 1}, {.path = "/order", .status = 200, .body = "{\"success\":true,\"orderID\":\"%ID%\",\"status\":\"live\"}"});
    struct order spare = row(ORDER_LIMIT, TIF_GTC, ACTION_BUY), o = gtc();
    WAIT_EVENT(EVENT_REJECT);
    assert_int_equal(err_class((enum err)rig_event(EVENT_REJECT)->u.reject.reason), ERR_CLASS_RETRY);
    assert_int_equal(pm_orders_place(p, &spare, clock_now_us()), ERR_VENUE_PAUSED);
    assert_int_equal(pm_orders_prepare(p, &spare, clock_now_us()), ERR_VENUE_PAUSED);
    rig_turn(1.2);
    assert_int_equal(R.count, 1); /* never by itself */
    assert_int_equal(told(o.id), 1);
    o = gtc();
    WAIT_EVENT(EVENT_ACK);
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(one_order), T(one_turn_one_request), T(filled_at_once), T(taken_in_other_words), T(held_back), T(asked_after_its_delay), T(legs_of_a_batch), T(batches_that_fail),
        T(refusals), T(no_clear_answer), T(another_id), T(no_answer_at_all), T(cut_at_every_byte), T(cut_on_a_standing_line), T(nothing_left), T(restarts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
