/* The user stream's orders and trades, as odd as the venue sends them, and what becomes of them; the stream's own life. */
#include "pm_user_rig.h"

#define TRADE(id, status, more) \
    "{\"event_type\":\"trade\",\"type\":\"TRADE\",\"id\":\"" id "\",\"status\":\"" status "\",\"market\":\"" COND "\",\"match_time\":\"1796000000\"," more "}"
#define TOOK "\"asset_id\":\"" YES "\",\"side\":\"BUY\",\"size\":\"10\",\"price\":\".48\",\"taker_order_id\":\"" ORDER_A "\",\"owner\":\"" KEY "\",\"trader_side\":\"TAKER\",\"maker_orders\":[]"
#define ORDER(id, type, status, more) \
    "{\"event_type\":\"order\",\"id\":\"" id "\",\"type\":\"" type "\",\"status\":\"" status "\",\"owner\":\"" KEY "\",\"market\":\"" COND "\",\"asset_id\":\"" YES "\"," more "}"

/* --- orders -------------------------------------------------------------------------------------------------------- */
static void an_order_lives_and_ends(void **st) {
    (void)st;
    order_sent(1, ORDER_A, SIDE_YES, ACTION_BUY, 480000, 10000000);
    order_doc(ORDER(ORDER_A, "PLACEMENT", "ORDER_STATUS_LIVE", "\"side\":\"BUY\",\"original_size\":\"10\",\"size_matched\":\"\",\"price\":\".48\",\"created_at\":\"1796000000\""));
    assert_int_equal(count(EVENT_ACK), 1);
    assert_int_equal(nth(EVENT_ACK, 0)->ack.order, 1);
    order_doc(ORDER(ORDER_A, "CANCELLATION", "CANCELED", "\"size_matched\":\"0\",\"price\":\"0.48\",\"created_at\":1796000000000"));
    order_doc(ORDER(ORDER_A, "CANCELLATION", "CANCELED", "\"size_matched\":\"0\""));
    order_doc(ORDER(ORDER_A, "PLACEMENT", "LIVE", "\"size_matched\":\"0\"")); /* an old one, late */
    assert_int_equal(count(EVENT_DONE), 1);
    assert_int_equal(nth(EVENT_DONE, 0)->done.reason, ERR_CANCELLED);
    assert_int_equal(nth(EVENT_DONE, 0)->done.filled.micro, 0);
    assert_int_equal(count(EVENT_ACK), 1);
}

static void why_an_order_ended(void **st) {
    (void)st;
    static const struct { const char *status; enum err err; } rows[] = {
        {"CANCELED_order couldn't be fully filled. FOK orders are fully filled or killed.", ERR_FOK_UNFILLED},
        {"canceled_no orders found to match with FAK order. FAK orders are partially filled or killed if no match is found.", ERR_NO_LIQUIDITY},
        {"CANCELED_MARKET_RESOLVED", ERR_MARKET_CLOSED},
        {"ORDER_STATUS_CANCELED_MARKET_RESOLVED", ERR_MARKET_CLOSED},
        {"CANCELED: not enough balance / allowance", ERR_INSUFFICIENT_FUNDS},
        {"INVALID", ERR_VENUE_REJECTED},
        {"CANCELLED", ERR_CANCELLED},
        {"CANCELED_for reasons of its own", ERR_CANCELLED},
    };
    char text[REASON_MAX];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(pm_end_reason(rows[i].status, text), rows[i].err);
    assert_int_equal(pm_end_reason("CANCELED_for reasons\x1b[2J", text), ERR_CANCELLED);
    assert_null(strchr(text, 0x1b));
}

static void a_market_that_is_over_is_asked_after(void **st) {
    (void)st;
    order_sent(1, ORDER_A, SIDE_YES, ACTION_BUY, 480000, 10000000);
    order_doc(ORDER(ORDER_A, "CANCELLATION", "CANCELED_MARKET_RESOLVED", "\"size_matched\":\"0\""));
    assert_int_equal(nth(EVENT_DONE, 0)->done.reason, ERR_MARKET_CLOSED);
    assert_int_equal(g.overs, 1);
}

#define LISTED(id, size, matched) \
    "{\"id\":\"" id "\",\"status\":\"ORDER_STATUS_LIVE\",\"owner\":\"" KEY "\",\"market\":\"" COND "\",\"asset_id\":\"" YES "\",\"side\":\"BUY\",\"price\":\"0.5\",\"original_size\":\"" size "\",\"size_matched\":\"" matched "\"}"
#define LISTED_TRADE(id, size, makers) \
    "{\"id\":\"" id "\",\"status\":\"TRADE_STATUS_CONFIRMED\",\"market\":\"" COND "\",\"match_time\":\"1796000000\",\"asset_id\":\"" YES "\",\"side\":\"BUY\",\"price\":\"0.48\",\"size\":\"" size "\"," makers "}"

/* As the documentation's examples write them: learned from an order of our own, in the lists alone. */
static void sizes_in_millionths(void **st) {
    (void)st;
    order_sent(1, ORDER_A, SIDE_YES, ACTION_BUY, 500000, 10000000);
    order_doc(LISTED(ORDER_A, "10000000", "4000000"));
    assert_int_equal(count(EVENT_ACK), 1);
    trade_doc(LISTED_TRADE("t1", "9000000", "\"owner\":\"another\",\"trader_side\":\"MAKER\",\"taker_order_id\":\"0xee\",\"maker_orders\":[{\"order_id\":\"" ORDER_A "\",\"owner\":\"" KEY
                           "\",\"asset_id\":\"" NO "\",\"matched_amount\":\"4000000\",\"price\":\"0.5\",\"side\":\"BUY\"}]"));
    assert_int_equal(nth(EVENT_FILL, 0)->fill_ev.fill.size.micro, 4000000);
    trade_doc(TRADE("t2", "CONFIRMED", TOOK)); /* the stream writes decimals: "10" */
    assert_int_equal(nth(EVENT_FILL, 1)->fill_ev.fill.size.micro, 10000000);
    order_doc(LISTED(ORDER_B, "20000000", "0")); /* of another hand */
    assert_int_equal(nth(EVENT_RECON_ORDER, 0)->recon_order.order.size.micro, 20000000);
}

static void a_trade_tells_the_scale_too(void **st) {
    (void)st;
    order_sent(1, ORDER_A, SIDE_YES, ACTION_BUY, 500000, 10000000);
    trade_doc(LISTED_TRADE("t1", "9990000", "\"owner\":\"" KEY "\",\"trader_side\":\"TAKER\",\"taker_order_id\":\"" ORDER_A "\""));
    assert_int_equal(nth(EVENT_FILL, 0)->fill_ev.fill.size.micro, 9990000);
}

static void whole_numbers_are_decimals_else(void **st) {
    (void)st;
    g.s.balance = USD(1000000000);
    order_sent(1, ORDER_A, SIDE_YES, ACTION_BUY, 500000, 10000000);
    order_doc(LISTED(ORDER_A, "10", "0"));
    order_doc(LISTED(ORDER_B, "20000", "0")); /* more than the balance of now, as it may be */
    assert_int_equal(nth(EVENT_RECON_ORDER, 0)->recon_order.order.size.micro, 20000000000);
    trade_doc(LISTED_TRADE("t1", "12", "\"owner\":\"" KEY "\",\"trader_side\":\"TAKER\",\"taker_order_id\":\"" ORDER_A "\"")); /* more than was ordered: as it is told */
    assert_int_equal(nth(EVENT_FILL, 0)->fill_ev.fill.size.micro, 12000000);
}

static void what_no_balance_covers_is_in_millionths(void **st) {
    (void)st;
    g.s.balance = USD(1000000000);
    order_doc(LISTED(ORDER_B, "20000000", "5000000"));
    assert_int_equal(nth(EVENT_RECON_ORDER, 0)->recon_order.order.size.micro, 20000000);
}

static void a_killed_order_of_unknown_size_ends(void **st) {
    (void)st;
    order_sent(1, ORDER_A, SIDE_YES, ACTION_BUY, 480000, 10000000);
    order_doc(ORDER(ORDER_A, "CANCELLATION", "CANCELED_order couldn't be fully filled. FOK orders are fully filled or killed.",
                    "\"order_type\":\"FOK\",\"size_matched\":\"\",\"created_at\":\"\",\"expiration\":\"0\""));
    assert_int_equal(nth(EVENT_DONE, 0)->done.reason, ERR_FOK_UNFILLED);
}

static void a_cancel_of_unknown_size_reads_the_trades_first(void **st) {
    (void)st;
    pm_user_start(g.s.user, clock_now_us());
    order_sent(1, ORDER_A, SIDE_YES, ACTION_BUY, 480000, 20000000);
    order_doc(ORDER(ORDER_A, "CANCELLATION", "CANCELED", "\"size_matched\":\"\""));
    assert_int_equal(count(EVENT_DONE), 0);
    g.answers[0] = (struct answer){.path = "/data/trades", .body = "[" TRADE("t1", "CONFIRMED", TOOK) "]"};
    run_ms(300);
    pump();
    assert_int_equal(count(EVENT_FILL), 1);
    assert_int_equal(nth(EVENT_DONE, 0)->done.filled.micro, 10000000);
}

static void a_gtd_order_that_expires_looks_like_a_cancel(void **st) {
    (void)st;
#define GTD_END(id, ms) "{\"id\":\"" id "\",\"type\":\"CANCELLATION\",\"status\":\"CANCELED\",\"order_type\":\"GTD\",\"size_matched\":\"0\",\"expiration\":\"1796000300\",\"timestamp\":\"" ms "\"}"
    order_sent(1, ORDER_A, SIDE_YES, ACTION_BUY, 480000, 10000000);
    order_sent(2, ORDER_B, SIDE_YES, ACTION_BUY, 480000, 10000000);
    order_doc(GTD_END(ORDER_A, "1796000240500")); /* it ends a minute before */
    order_doc(GTD_END(ORDER_B, "1796000100500"));
    assert_int_equal(nth(EVENT_DONE, 0)->done.reason, ERR_EXPIRED);
    assert_int_equal(nth(EVENT_DONE, 1)->done.reason, ERR_CANCELLED);
}

static void matched_is_not_over_while_the_rest_rests(void **st) {
    (void)st;
    order_sent(1, ORDER_A, SIDE_YES, ACTION_BUY, 480000, 10000000);
    order_doc(ORDER(ORDER_A, "UPDATE", "MATCHED", "\"side\":\"BUY\",\"price\":\"0.48\",\"original_size\":\"10\",\"size_matched\":\"4\",\"order_type\":\"GTC\""));
    assert_int_equal(count(EVENT_DONE), 0);
    order_doc(ORDER(ORDER_A, "UPDATE", "MATCHED", "\"side\":\"BUY\",\"price\":\"0.48\",\"original_size\":\"10\",\"size_matched\":\"9.995\",\"order_type\":\"GTC\""));
    assert_int_equal(count(EVENT_DONE), 1); /* the desk waits for the fills of that total */
    assert_int_equal(nth(EVENT_DONE, 0)->done.filled.micro, 9995000);
}

static void an_order_of_another_hand_is_adopted(void **st) {
    (void)st;
    order_doc("{\"id\":\"" ORDER_B "\",\"status\":\"LIVE\",\"owner\":\"other\",\"maker_address\":\"0x33333333333333333333333333333333333333AA\",\"asset_id\":\"" NO
              "\",\"side\":\"SELL\",\"original_size\":\"20\",\"size_matched\":\"0\",\"price\":\"0.6\"}");
    assert_int_equal(g.n_ev, 0); /* not ours at all */
    order_doc("{\"id\":\"" ORDER_B "\",\"status\":\"LIVE\",\"owner\":\"other\",\"maker_address\":\"" WALLET "\",\"asset_id\":\"" NO
              "\",\"side\":\"SELL\",\"original_size\":\"20\",\"size_matched\":\"5\",\"price\":\"0.6\",\"order_type\":\"GTD\",\"expiration\":\"1796000300\",\"created_at\":1796000000}");
    const struct order *o = &nth(EVENT_RECON_ORDER, 0)->recon_order.order;
    assert_int_equal(nth(EVENT_RECON_ORDER, 0)->recon_order.round, 0);
    assert_int_equal(o->market, 42);
    assert_int_equal(o->side, SIDE_NO);
    assert_int_equal(o->action, ACTION_SELL);
    assert_int_equal(o->limit.micro, 600000);
    assert_int_equal(o->size.micro, 20000000);
    assert_int_equal(o->tif, TIF_GTD);
    assert_int_equal(o->expires_us, 1796000240LL * PM_SECOND);
    assert_string_equal(o->venue_id, ORDER_B);
    order_doc(ORDER(ORDER_B, "CANCELLATION", "CANCELED", "\"size_matched\":\"5\""));
    assert_int_equal(nth(EVENT_DONE, 0)->done.order, o->id);
}

static void what_can_not_be_read_is_said(void **st) {
    (void)st;
    order_sent(1, ORDER_A, SIDE_YES, ACTION_BUY, 480000, 10000000);
    static const char *const bad[] = {
        "{\"status\":\"LIVE\"}", "{\"id\":\"" ORDER_A "\"}", "{\"id\":\"" ORDER_A "\",\"status\":\"LIVE\",\"side\":\"HOLD\"}", "{\"id\":\"" ORDER_A "\",\"status\":\"CANCELED\",\"size_matched\":\"x\"}",
        "{\"id\":\"" ORDER_A "\",\"status\":\"CANCELED\",\"size_matched\":\"-1\"}", "{\"id\":12,\"status\":\"LIVE\"}", "{\"id\":\"" ORDER_A "\",\"status\":\"LIVE\",\"created_at\":\"soon\"}",
        /* ids go back to the venue in bodies and paths */
        "{\"id\":\"0xab\\\"],\\\"x\\\":[\\\"\",\"status\":\"LIVE\"}", "{\"id\":\"0xab?owner=1\",\"status\":\"LIVE\"}", "{\"id\":\"../orders\",\"status\":\"LIVE\"}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        g.n_ev = 0;
        g.s.user->note_key = 0;
        order_doc(bad[i]);
        assert_int_equal(g.n_ev, 1);
        assert_int_equal(g.ev[0].type, EVENT_NOTE);
    }
    static const char *const trades[] = {
        TRADE("t1", "MATCHED", "\"asset_id\":\"" YES "\",\"side\":\"BUY\",\"price\":\"0.5\",\"owner\":\"" KEY "\",\"trader_side\":\"TAKER\""),
        TRADE("t1", "MATCHED", "\"asset_id\":\"" YES "\",\"side\":\"BUY\",\"size\":\"0\",\"price\":\"0.5\",\"owner\":\"" KEY "\",\"trader_side\":\"TAKER\""),
        TRADE("t1", "MATCHED", "\"asset_id\":\"" YES "\",\"side\":\"BUY\",\"size\":\"5\",\"price\":\"1.5\",\"owner\":\"" KEY "\",\"trader_side\":\"TAKER\""),
        TRADE("t1", "MATCHED", "\"asset_id\":\"" YES "\",\"side\":\"BUY\",\"size\":1e999,\"price\":\"0.5\",\"owner\":\"" KEY "\",\"trader_side\":\"TAKER\""),
        TRADE("t1", "MATCHED", "\"asset_id\":\"" YES "\",\"side\":\"BUY\",\"size\":\"5\",\"price\":\"\",\"owner\":\"" KEY "\",\"trader_side\":\"TAKER\""),
    };
    for (size_t i = 0; i < sizeof trades / sizeof *trades; i++) {
        g.n_ev = 0;
        g.s.user->note_key = 0;
        trade_doc(trades[i]);
        assert_int_equal(count(EVENT_FILL), 0);
        assert_int_equal(count(EVENT_NOTE), 1);
    }
}

/* --- trades ---------------------------------------------------------------------------------------------------------- */
static void a_taker_fill_settles_in_steps(void **st) {
    (void)st;
    order_sent(1, ORDER_A, SIDE_YES, ACTION_BUY, 500000, 10000000);
    trade_doc(TRADE("t1", "MATCHED", TOOK));
    trade_doc(TRADE("t1", "TRADE_STATUS_MINED", TOOK));
    trade_doc(TRADE("t1", "RETRYING", TOOK));
    const struct fill *f = &nth(EVENT_FILL, 0)->fill_ev.fill;
    assert_int_equal(f->order, 1);
    assert_int_equal(f->side, SIDE_YES);
    assert_int_equal(f->action, ACTION_BUY);
    assert_int_equal(f->px.micro, 480000);
    assert_int_equal(f->size.micro, 10000000);
    assert_int_equal(f->fee.micro, 124800); /* 10 x 0.05 x 0.48 x 0.52 */
    assert_int_equal(f->maker, 0);
    assert_int_equal(f->finality, FILL_PROVISIONAL);
    assert_int_equal(f->at_us, 1796000000LL * PM_SECOND);
    assert_true(g.needs > 0); /* its market stays watched */
    assert_int_equal(count(EVENT_FINALITY), 0);
    trade_doc(TRADE("t1", "CONFIRMED", TOOK));
    trade_doc(TRADE("t1", "MATCHED", TOOK));
    assert_int_equal(count(EVENT_FILL), 1);
    assert_int_equal(count(EVENT_FINALITY), 1);
    assert_int_equal(nth(EVENT_FINALITY, 0)->finality.finality, FILL_FINAL);
    assert_string_equal(nth(EVENT_FINALITY, 0)->finality.venue_trade, f->venue_trade);
    trade_doc(TRADE("t2", "MATCHED", TOOK));
    trade_doc(TRADE("t2", "FAILED", TOOK));
    assert_int_equal(count(EVENT_FILL), 2);
    assert_int_equal(nth(EVENT_FINALITY, 1)->finality.finality, FILL_REVERSED);
}

/* Somebody bought YES; our bid for NO was its other half. Another's row is no business of ours. */
static void a_maker_fill_is_of_the_complementary_token(void **st) {
    (void)st;
    order_sent(1, ORDER_A, SIDE_NO, ACTION_BUY, 480000, 10000000);
    trade_doc(TRADE("t1", "MATCHED",
                    "\"asset_id\":\"" YES "\",\"side\":\"BUY\",\"size\":\"257.68\",\"price\":\"0.53\",\"owner\":\"else\",\"trader_side\":\"MAKER\",\"taker_order_id\":\"0x99\",\"maker_orders\":["
                    "{\"order_id\":\"" ORDER_A "\",\"owner\":\"" KEY "\",\"maker_address\":\"0x1\",\"asset_id\":\"" NO "\",\"matched_amount\":\"10\",\"price\":\"0.48\",\"outcome\":\"No\"},"
                    "{\"order_id\":\"0x77\",\"owner\":\"x\",\"maker_address\":\"0x2\",\"asset_id\":\"" YES "\",\"matched_amount\":\"247.68\",\"price\":\"0.52\",\"side\":\"SELL\"}]"));
    assert_int_equal(count(EVENT_FILL), 1);
    const struct fill *f = &nth(EVENT_FILL, 0)->fill_ev.fill;
    assert_int_equal(f->order, 1);
    assert_int_equal(f->side, SIDE_NO);
    assert_int_equal(f->action, ACTION_BUY); /* not said: the same thing in the other token */
    assert_int_equal(f->px.micro, 480000);
    assert_int_equal(f->size.micro, 10000000);
    assert_int_equal(f->fee.micro, 0);
    assert_int_equal(f->maker, 1);
}

static void two_of_our_orders_in_one_trade(void **st) {
    (void)st;
    order_sent(1, ORDER_A, SIDE_YES, ACTION_BUY, 400000, 10000000);
    order_sent(2, ORDER_B, SIDE_YES, ACTION_BUY, 300000, 10000000);
    const char *doc = TRADE("t1", "MATCHED",
                            "\"asset_id\":\"" YES "\",\"side\":\"SELL\",\"size\":\"15\",\"price\":\"0.3\",\"owner\":\"else\",\"trader_side\":\"MAKER\",\"maker_orders\":["
                            "{\"order_id\":\"" ORDER_A "\",\"owner\":\"\",\"maker_address\":\"" WALLET "\",\"asset_id\":\"" YES "\",\"matched_amount\":10,\"price\":0.4,\"side\":\"BUY\"},"
                            "{\"order_id\":\"" ORDER_B "\",\"maker_address\":\"" WALLET "\",\"asset_id\":\"" YES "\",\"matched_amount\":\"5.0000\",\"price\":\"0.30\"}]");
    trade_doc(doc);
    trade_doc(doc);
    assert_int_equal(count(EVENT_FILL), 2);
    assert_int_equal(nth(EVENT_FILL, 0)->fill_ev.fill.order, 1);
    assert_int_equal(nth(EVENT_FILL, 1)->fill_ev.fill.order, 2);
    assert_int_equal(nth(EVENT_FILL, 1)->fill_ev.fill.action, ACTION_BUY); /* not said: the other thing in the same token */
    assert_int_equal(nth(EVENT_FILL, 1)->fill_ev.fill.size.micro, 5000000);
    assert_string_not_equal(nth(EVENT_FILL, 0)->fill_ev.fill.venue_trade, nth(EVENT_FILL, 1)->fill_ev.fill.venue_trade);
}

static void both_sides_of_a_trade_are_ours(void **st) {
    (void)st;
    order_sent(1, ORDER_A, SIDE_YES, ACTION_BUY, 500000, 10000000);
    order_sent(2, ORDER_B, SIDE_YES, ACTION_SELL, 480000, 10000000);
    trade_doc(TRADE("t1", "MATCHED",
                    "\"asset_id\":\"" YES "\",\"side\":\"BUY\",\"size\":\"10\",\"price\":\"0.48\",\"owner\":\"" KEY "\",\"trader_side\":\"TAKER\",\"taker_order_id\":\"" ORDER_A "\",\"maker_orders\":["
                    "{\"order_id\":\"" ORDER_B "\",\"owner\":\"" KEY "\",\"asset_id\":\"" YES "\",\"matched_amount\":\"10\",\"price\":\"0.48\",\"side\":\"SELL\"}]"));
    assert_int_equal(count(EVENT_FILL), 2);
    assert_int_equal(nth(EVENT_FILL, 0)->fill_ev.fill.order, 1);
    assert_int_equal(nth(EVENT_FILL, 1)->fill_ev.fill.order, 2);
}

/* 5 @ 0.40, 5 @ 0.41 of YES, and 5 minted against a NO bid at 0.57: 0.43. The given price is the limit. */
static void a_taker_fill_over_several_prices_costs_what_it_cost(void **st) {
    (void)st;
    order_sent(1, ORDER_A, SIDE_YES, ACTION_BUY, 450000, 15000000);
    trade_doc(TRADE("t1", "CONFIRMED",
                    "\"asset_id\":\"" YES "\",\"side\":\"BUY\",\"size\":\"15\",\"price\":\"0.45\",\"owner\":\"" KEY "\",\"trader_side\":\"TAKER\",\"taker_order_id\":\"" ORDER_A "\",\"maker_orders\":["
                    "{\"order_id\":\"0x1\",\"owner\":\"x\",\"asset_id\":\"" YES "\",\"matched_amount\":\"5\",\"price\":\"0.4\",\"side\":\"SELL\"},"
                    "{\"order_id\":\"0x2\",\"owner\":\"x\",\"asset_id\":\"" YES "\",\"matched_amount\":\"5\",\"price\":\"0.41\",\"side\":\"SELL\"},"
                    "{\"order_id\":\"0x3\",\"owner\":\"x\",\"asset_id\":\"" NO "\",\"matched_amount\":\"5\",\"price\":\"0.57\",\"side\":\"BUY\"}]"));
    const struct fill *f = &nth(EVENT_FILL, 0)->fill_ev.fill;
    assert_int_equal(f->px.micro, 413333);
    int64_t fee = pm_fee(15000000, 413333, 50000, 1);
    assert_int_equal(usd_of_sat(f->px, f->size).micro + f->fee.micro, 6200000 + fee); /* to the millionth */
}

static void rows_that_do_not_add_up_leave_the_price(void **st) {
    (void)st;
    order_sent(1, ORDER_A, SIDE_YES, ACTION_BUY, 450000, 15000000);
    trade_doc(TRADE("t1", "CONFIRMED",
                    "\"asset_id\":\"" YES "\",\"side\":\"BUY\",\"size\":\"15\",\"price\":\"0.45\",\"owner\":\"" KEY "\",\"trader_side\":\"TAKER\",\"taker_order_id\":\"" ORDER_A "\",\"maker_orders\":["
                    "{\"order_id\":\"0x1\",\"owner\":\"x\",\"asset_id\":\"" YES "\",\"matched_amount\":\"5\",\"price\":\"0.4\",\"side\":\"SELL\"}]"));
    assert_int_equal(nth(EVENT_FILL, 0)->fill_ev.fill.px.micro, 450000);
}

static void a_trade_in_a_market_not_listed_waits(void **st) {
    (void)st;
    market_set(1, 43, "3333", "4444", "0xbb");
    g.n_hidden = 1;
#define FOREIGN(status) "{\"id\":\"t1\",\"status\":\"" status "\",\"market\":\"0xbb\",\"asset_id\":\"4444\",\"side\":\"SELL\",\"size\":\"7\",\"price\":\"0.3\",\"match_time\":\"2026-11-21T10:00:00Z\",\"owner\":\"" KEY "\",\"trader_side\":\"TAKER\",\"taker_order_id\":\"0x55\"}"
    trade_doc(FOREIGN("MATCHED"));
    trade_doc(FOREIGN("CONFIRMED"));
    int64_t now = clock_now_us();
    pm_user_waits_run(g.s.user, now);
    assert_int_equal(count(EVENT_FILL), 0);
    g.can_list = true;
    pm_user_waits_run(g.s.user, now + 120 * PM_SECOND);
    pm_user_waits_run(g.s.user, now + 121 * PM_SECOND);
    assert_int_equal(count(EVENT_FILL), 1);
    const struct ev_fill *f = &nth(EVENT_FILL, 0)->fill_ev;
    assert_int_equal(f->fill.market, 43);
    assert_int_equal(f->fill.side, SIDE_NO);
    assert_int_equal(f->fill.order, tracker_external_id(VENUE_POLYMARKET, "0x55"));
    assert_string_equal(f->venue_order, "0x55");
    assert_null(g.s.user->waits);
    assert_int_equal(f->fill.finality == FILL_FINAL || count(EVENT_FINALITY) == 1, 1);
}

/* --- the stream -------------------------------------------------------------------------------------------------------- */
static void it_logs_in_and_reads_before_it_is_up(void **st) {
    (void)st;
    pm_user_start(g.s.user, clock_now_us());
    g.ws.open(g.ws.ctx);
    assert_string_equal(g.sent, "{\"auth\":{\"apiKey\":\"" KEY "\",\"secret\":\"c2VjcmV0\",\"passphrase\":\"pass\"},\"type\":\"user\"}");
    assert_false(pm_user_up(g.s.user));
    run_ms(900);
    pump();
    assert_true(pm_user_up(g.s.user));
    assert_null(pm_user_missing(g.s.user));
    struct ev_health h = {0};
    pm_user_health(g.s.user, &h);
    assert_int_equal(h.user_up, 1);
    assert_int_equal(h.user_us, 77);
    assert_int_equal(h.reconnects, 2);
    g.ws.closed(g.ws.ctx, 1006, "reset");
    assert_false(pm_user_up(g.s.user));
}

static void messages_come_alone_in_lists_and_broken(void **st) {
    (void)st;
    pm_user_start(g.s.user, clock_now_us());
    g.ws.open(g.ws.ctx);
    order_sent(1, ORDER_A, SIDE_YES, ACTION_BUY, 500000, 30000000);
    hear("PONG");
    hear("\n");
    hear("[" TRADE("t1", "MATCHED", TOOK) "," TRADE("t2", "MATCHED", TOOK) "]\n");
    hear(" " TRADE("t3", "MATCHED", TOOK));
    hear("{\"event_type\":\"news\",\"id\":\"x\"}");
    assert_int_equal(count(EVENT_FILL), 3);
    assert_int_equal(count(EVENT_NOTE), 0);
    g.s.user->read_due_us = 0;
    hear("{\"event_type\":\"trade\",\"id\":");
    assert_int_equal(count(EVENT_NOTE), 1);
    assert_true(g.s.user->read_due_us != 0); /* the lists say what it said */
}

static void a_refused_login_is_named(void **st) {
    (void)st;
    pm_user_start(g.s.user, clock_now_us());
    g.answers[0] = (struct answer){.path = "/data/orders", .err = ERR_CREDENTIALS};
    for (int i = 0; i < 2; i++) {
        g.ws.open(g.ws.ctx);
        g.ws.closed(g.ws.ctx, 1000, "closed");
    }
    run_ms(300);
    pump();
    bool named = false;
    for (int i = 0; i < count(EVENT_NOTE); i++)
        named = named || strstr(nth(EVENT_NOTE, i)->note.text, "credentials: Unauthorized") != NULL;
    assert_true(named);
    assert_non_null(strstr(pm_user_missing(g.s.user), "credentials"));
    assert_false(pm_user_up(g.s.user));
}

/* It is open, answers PONG, and has left out what REST shows. */
static void a_mute_stream_is_noticed(void **st) {
    (void)st;
    char doc[1024];
    pm_user_start(g.s.user, clock_now_us());
    g.ws.open(g.ws.ctx);
    run_ms(900);
    pump();
    assert_true(pm_user_up(g.s.user));
    order_sent(1, ORDER_A, SIDE_YES, ACTION_BUY, 500000, 30000000);
    g.s.user->opened_us -= 60 * PM_SECOND;
    g.s.user->watermark_us -= 60 * PM_SECOND;
    snprintf(doc, sizeof doc, "[{\"id\":\"lost\",\"status\":\"MATCHED\",\"match_time\":%lld," TOOK "}]", (long long)(clock_now_us() / PM_SECOND - 30));
    g.answers[0] = (struct answer){.path = "/data/trades", .body = doc};
    pm_user_catch_up(g.s.user, clock_now_us() - PM_SECOND);
    run_ms(300);
    pump();
    assert_int_equal(count(EVENT_FILL), 1);
    assert_int_equal(g.reconnects, 1);
    assert_false(pm_user_up(g.s.user));
    assert_int_equal(g.answers[0].asked, 1);
}

/* Open here, in no list twice: asked after by itself, not given up. */
static void an_order_that_lists_leave_out_is_asked_after(void **st) {
    (void)st;
    struct order o = {.id = 1, .account = 7, .market = 42, .side = SIDE_YES, .action = ACTION_BUY, .limit = PRICE(1), .size = QTY(1000000), .venue_id = ORDER_A};
    pm_user_start(g.s.user, clock_now_us());
    tracker_sent(g.s.tracker, &o, clock_now_us() - 60 * PM_SECOND);
    tracker_ack(g.s.tracker, 1, ORDER_A, clock_now_us());
    for (int i = 0; i < 2; i++) {
        assert_int_equal(g.queries, 0);
        g.s.user->read_due_us = 1;
        run_ms(300);
        pump();
    }
    assert_int_equal(g.queries, 1);
    assert_int_equal(count(EVENT_DONE), 0);
}

/* --- after a restart ------------------------------------------------------------------------------------------------------ */
static void what_was_provisional_is_asked_after(void **st) {
    (void)st;
    struct event ev;
    event_init(&ev, EVENT_LOAD_FILL, VENUE_POLYMARKET, 0);
    ev.u.fill = (struct fill){.order = 1, .account = 7, .market = 42, .side = SIDE_YES, .action = ACTION_BUY, .px = PRICE(480000), .size = QTY(10000000), .at_us = 1796000000LL * PM_SECOND};
    pm_fill_id("t1", ORDER_A, ev.u.fill.venue_trade);
    tracker_restore(g.s.tracker, &ev);
    int64_t now = clock_now_us();
    pm_settle_run(g.s.user, now);
    assert_int_equal(waiting_calls("/data/trades"), 0);
    pm_settle_run(g.s.user, now + 5 * PM_SECOND);
    assert_int_equal(waiting_calls("/data/trades"), 1);
    pm_settle_run(g.s.user, now + 6 * PM_SECOND);
    assert_int_equal(waiting_calls("/data/trades"), 1);
    g.answers[0] = (struct answer){.path = "/data/trades", .query = "id=t1", .body = "[" TRADE("t1", "FAILED", TOOK) "]"};
    pump();
    assert_int_equal(nth(EVENT_FINALITY, 0)->finality.finality, FILL_REVERSED);
    pm_settle_run(g.s.user, now + 60 * PM_SECOND);
    assert_int_equal(waiting_calls("/data/trades"), 0);
}

static void ids_of_fills(void **st) {
    (void)st;
    char a[VENUE_ORDER_ID_MAX], b[VENUE_ORDER_ID_MAX], trade[VENUE_ORDER_ID_MAX], longest[100];
    pm_fill_id("28c4d2eb-bbea-40e7-a9f0-b2fdb56b2c2e", ORDER_A, a);
    pm_fill_id("28c4d2eb-bbea-40e7-a9f0-b2fdb56b2c2e", ORDER_B, b);
    assert_string_not_equal(a, b);
    assert_true(pm_fill_trade(a, trade));
    assert_string_equal(trade, "28c4d2eb-bbea-40e7-a9f0-b2fdb56b2c2e");
    memset(longest, 'x', sizeof longest);
    longest[79] = 0;
    pm_fill_id(longest, ORDER_A, a);
    longest[78] = 'y';
    pm_fill_id(longest, ORDER_A, b);
    assert_string_not_equal(a, b);
    assert_false(pm_fill_trade(a, trade));
    assert_false(pm_fill_trade("settle-0xaa-yes-5-0", trade));
}

#define T(f) cmocka_unit_test_setup_teardown(f, rig_start, rig_stop)
int main(void) {
    const struct CMUnitTest tests[] = {
        T(an_order_lives_and_ends), T(why_an_order_ended), T(a_market_that_is_over_is_asked_after), T(sizes_in_millionths), T(a_trade_tells_the_scale_too), T(whole_numbers_are_decimals_else), T(what_no_balance_covers_is_in_millionths),
        T(a_killed_order_of_unknown_size_ends), T(a_cancel_of_unknown_size_reads_the_trades_first),
        T(a_gtd_order_that_expires_looks_like_a_cancel), T(matched_is_not_over_while_the_rest_rests), T(an_order_of_another_hand_is_adopted), T(what_can_not_be_read_is_said),
        T(a_taker_fill_settles_in_steps), T(a_maker_fill_is_of_the_complementary_token), T(two_of_our_orders_in_one_trade), T(both_sides_of_a_trade_are_ours),
        T(a_taker_fill_over_several_prices_costs_what_it_cost), T(rows_that_do_not_add_up_leave_the_price), T(a_trade_in_a_market_not_listed_waits),
        T(it_logs_in_and_reads_before_it_is_up), T(messages_come_alone_in_lists_and_broken), T(a_refused_login_is_named), T(a_mute_stream_is_noticed),
        T(an_order_that_lists_leave_out_is_asked_after), T(what_was_provisional_is_asked_after), T(ids_of_fills),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
