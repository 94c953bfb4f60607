/* What is asked of the venue for an order: amounts, ids, checks; the same order again from its row alone. */
#include "pm_fakes.h"

#include "venue/polymarket/trade/pm_orders_impl.h"

static struct pm_orders *p;
static int setup_as(int type) {
    rig_open(type);
    p = pm_orders_new(&R.session);
    R.session.orders = p;
    return 0;
}
static int setup(void **state) { return (void)state, setup_as(PM_EOA); }
static int teardown(void **state) {
    (void)state;
    pm_orders_free(p);
    rig_close();
    return 0;
}

static int64_t now_us(void) { return clock_now_us(); }
static struct order limit(enum order_side side, enum order_action action, int64_t px, int64_t size) {
    return (struct order){.id = 77, .account = 7, .market = R.market[0].m.id, .side = (uint8_t)side, .action = (uint8_t)action, .type = ORDER_LIMIT, .tif = TIF_GTC, .limit = PRICE(px), .size = QTY(size)};
}
static struct order market(enum order_side side, enum order_action action, int64_t size) {
    struct order o = limit(side, action, 0, size);
    o.type = ORDER_MARKET;
    o.tif = TIF_IOC;
    return o;
}
static enum err prepare(struct order *o) { return pm_orders_prepare(p, o, now_us()); }
/* Prepared, and built again from the row: both sides' millionths. */
static void amounts(struct order o, int64_t maker, int64_t taker) {
    struct pm_domain d;
    struct pm_order made;
    struct pm_word digest;
    char id[67];
    assert_int_equal(prepare(&o), ERR_OK);
    assert_true(pm_orders_build(&R.session, &o, &d, &made));
    assert_int_equal(made.maker_amount, maker);
    assert_int_equal(made.taker_amount, taker);
    assert_int_equal(made.side, o.action == ACTION_SELL);
    pm_order_digest(&d, &made, &digest);
    pm_word_hex(&digest, id);
    assert_string_equal(id, o.venue_id);
}

static void limit_orders(void **state) {
    (void)state;
    amounts(limit(SIDE_YES, ACTION_BUY, 470000, 10000000), 4700000, 10000000);
    amounts(limit(SIDE_YES, ACTION_SELL, 530000, 10129999), 10120000, 5363600);
    amounts(limit(SIDE_NO, ACTION_BUY, 310000, 21040000), 6522400, 21040000);
    struct order o = limit(SIDE_YES, ACTION_BUY, 475000, 10000000);
    assert_int_equal(prepare(&o), ERR_TICK_SIZE);
    assert_string_equal(o.venue_id, "");
    o = limit(SIDE_YES, ACTION_BUY, 1000000, 10000000);
    assert_int_equal(prepare(&o), ERR_PRICE_OUT_OF_RANGE);
    o = limit(SIDE_YES, ACTION_BUY, 470000, 4990000);
    assert_int_equal(prepare(&o), ERR_MIN_SIZE);
    o = limit(SIDE_YES, ACTION_SELL, 530000, 4990000); /* what rests has the market's minimum, sold or bought */
    assert_int_equal(prepare(&o), ERR_MIN_SIZE);
    R.market[0].m.min_size = QTY(1000000);
    o = limit(SIDE_YES, ACTION_BUY, 510000, 1500000); /* would take at once for less than a dollar */
    assert_int_equal(prepare(&o), ERR_MIN_SIZE);
    o = limit(SIDE_YES, ACTION_BUY, 490000, 1500000); /* would rest */
    assert_int_equal(prepare(&o), ERR_OK);
    o = limit(SIDE_NO, ACTION_BUY, 520000, 1500000); /* the NO book begins at 1 - 0.48 */
    assert_int_equal(prepare(&o), ERR_MIN_SIZE);
    o = limit(SIDE_NO, ACTION_BUY, 510000, 1500000);
    assert_int_equal(prepare(&o), ERR_OK);
}

/* Bought at once: the money of what the wanted shares cost in this book, at a worst price of its walk and a tick. */
static void market_orders(void **state) {
    (void)state;
    amounts(market(SIDE_YES, ACTION_BUY, 20000000), 10000000, 19607800);   /* 20 at 0.50 = 10.00; at 0.51 that is 19.6078 */
    amounts(market(SIDE_YES, ACTION_BUY, 150000000), 76000000, 143396200); /* 100 at 0.50, 50 at 0.52; limit 0.53 */
    amounts(market(SIDE_YES, ACTION_SELL, 20005000), 20000000, 9400000);   /* limit 0.47 */
    amounts(market(SIDE_YES, ACTION_SELL, 120000000), 120000000, 52800000); /* down to 0.45, a tick: 0.44 */
    amounts(market(SIDE_NO, ACTION_BUY, 20000000), 10400000, 19622600);    /* NO asks are 1 - YES bids: 0.52; limit 0.53 */
    amounts(market(SIDE_NO, ACTION_SELL, 20000000), 20000000, 9800000);    /* NO bids are 1 - YES asks: 0.50; limit 0.49 */
    amounts(market(SIDE_YES, ACTION_SELL, 3000000), 3000000, 1410000);     /* less than rests is sold all the same */
    struct order o = market(SIDE_YES, ACTION_BUY, 1900000);
    assert_int_equal(prepare(&o), ERR_MIN_SIZE); /* less than a dollar */
    R.depth_count[BOOK_ASK] = 0;
    o = market(SIDE_YES, ACTION_BUY, 20000000);
    assert_int_equal(prepare(&o), ERR_NO_LIQUIDITY);
    o = market(SIDE_NO, ACTION_SELL, 20000000);
    assert_int_equal(prepare(&o), ERR_NO_LIQUIDITY);
}

static void the_bound_of_market_orders(void **state) {
    (void)state;
    R.depth[BOOK_ASK][1].px = PRICE(900000); /* 0.50, then nothing below 0.90 */
    amounts(market(SIDE_YES, ACTION_BUY, 150000000), 75500000, 148039200); /* 100 at 0.50, the rest at 0.51 at most */
    R.depth[BOOK_BID][1].px = PRICE(20000);
    amounts(market(SIDE_YES, ACTION_SELL, 120000000), 120000000, 1200000); /* an exit takes what there is: 0.02 less a tick */
    R.depth[BOOK_ASK][0].px = PRICE(990000);
    R.depth_count[BOOK_ASK] = 1;
    amounts(market(SIDE_YES, ACTION_BUY, 10000000), 9900000, 10000000); /* never past 1 - tick */
    R.depth[BOOK_BID][0].px = PRICE(10000);
    R.depth_count[BOOK_BID] = 1;
    amounts(market(SIDE_YES, ACTION_SELL, 10000000), 10000000, 100000);
}

static void priced_and_immediate(void **state) {
    (void)state;
    struct order o = limit(SIDE_YES, ACTION_BUY, 600000, 20000000);
    o.tif = TIF_IOC;
    amounts(o, 10000000, 16666600); /* 20 cost 10.00 here: a better price than 0.60 is no larger position */
    o.tif = TIF_FOK;
    assert_string_equal(pm_order_type(&o), "FOK");
    amounts(o, 10000000, 16666600);
    o = limit(SIDE_YES, ACTION_BUY, 500000, 150000000);
    o.tif = TIF_IOC;
    amounts(o, 75000000, 150000000); /* what the book lacks counts at the limit */
    R.depth_count[BOOK_ASK] = 0;
    amounts(o, 75000000, 150000000);
    o = limit(SIDE_YES, ACTION_SELL, 330000, 10000000);
    o.tif = TIF_IOC;
    amounts(o, 10000000, 3300000);
    o.flags = ORDER_POST_ONLY;
    assert_int_equal(prepare(&o), ERR_BAD_VALUE);
}

/* On fine ticks the venue takes four decimals and no more. */
static void fine_ticks(void **state) {
    (void)state;
    R.market[0].m.tick = PRICE(1000);
    struct order o = limit(SIDE_YES, ACTION_BUY, 513000, 20000000);
    o.tif = TIF_IOC;
    assert_int_equal(prepare(&o), ERR_OK);
    struct pm_domain d;
    struct pm_order made;
    assert_true(pm_orders_build(&R.session, &o, &d, &made));
    assert_int_equal(made.maker_amount % 10000, 0);
    assert_int_equal(made.taker_amount % 100, 0);
}

static void room_for_the_fee(void **state) {
    (void)state;
    struct order o = market(SIDE_YES, ACTION_BUY, 20000000);
    struct pm_domain d;
    struct pm_order made;
    R.session.balance = USD(10100000); /* ten dollars and a bit: not enough for ten and the fee */
    assert_int_equal(prepare(&o), ERR_OK);
    assert_true(pm_orders_build(&R.session, &o, &d, &made));
    assert_true(made.maker_amount < 10000000 && made.maker_amount >= 9700000);
    R.session.balance = USD(11000000);
    amounts(market(SIDE_YES, ACTION_BUY, 20000000), 10000000, 19607800);
}

static void until_a_time(void **state) {
    (void)state;
    struct pm_domain d;
    struct pm_order made;
    struct order o = limit(SIDE_YES, ACTION_BUY, 470000, 10000000);
    o.tif = TIF_GTD;
    o.expires_us = now_us() + 600 * 1000000LL;
    assert_int_equal(prepare(&o), ERR_OK);
    assert_true(pm_orders_build(&R.session, &o, &d, &made));
    assert_int_equal(made.expiration_s, (o.expires_us + 999999) / 1000000 + 60); /* the venue ends it a minute before what it is told */
    assert_string_equal(pm_order_type(&o), "GTD");
    o.expires_us = now_us() + 110 * 1000000LL;
    assert_int_equal(prepare(&o), ERR_BAD_VALUE);
    o.expires_us = now_us() + 122 * 1000000LL;
    assert_int_equal(prepare(&o), ERR_OK);
    pm_clob_clock(R.session.clob, now_us() / 1000000 + 40, now_us(), now_us()); /* their clock is ahead */
    assert_true(pm_orders_build(&R.session, &o, &d, &made));
    assert_true(llabs(made.expiration_s - (o.expires_us / 1000000 + 100)) <= 1);
    o.tif = TIF_GTC;
    assert_true(pm_orders_build(&R.session, &o, &d, &made));
    assert_int_equal(made.expiration_s, 0);
}

static void ids_are_new_each_time(void **state) {
    (void)state;
    struct order a = limit(SIDE_YES, ACTION_BUY, 470000, 10000000), b = a, c;
    struct pm_domain d;
    struct pm_order made;
    assert_int_equal(prepare(&a), ERR_OK);
    assert_int_equal(prepare(&b), ERR_OK);
    assert_string_not_equal(a.venue_id, b.venue_id);
    assert_string_not_equal(a.client_id, b.client_id);
    assert_true(pm_orders_build(&R.session, &a, &d, &made));
    assert_true(made.salt > 0 && made.salt < 1ULL << 53);
    assert_true(llabs(made.timestamp_ms - now_us() / 1000) < 2000);
    static const char *const wrong[] = {"", "1", "1-2", "1-2-", "1-2-3-4", "x1-2-3", "1-2-3 ", "-1-2-3", "9007199254740992-2-470000", "1-99999999999999999999-470000", "1-2-47000000", "1--470000"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        c = a;
        snprintf(c.client_id, sizeof c.client_id, "%s", wrong[i]);
        assert_false(pm_orders_build(&R.session, &c, &d, &made));
    }
    c = a;
    c.market = 12345;
    assert_false(pm_orders_build(&R.session, &c, &d, &made));
    struct order big = market(SIDE_YES, ACTION_BUY, 300000000000000000);
    big.limit = PRICE(990000);
    big.type = ORDER_LIMIT;
    assert_int_equal(prepare(&big), ERR_OVERFLOW); /* its row could not hold what it is made of */
}

static void whose_order_where(void **state) {
    struct pm_domain d;
    struct pm_order made;
    for (int type = PM_EOA; type <= PM_1271; type++) {
        if (type != PM_EOA) {
            teardown(state);
            setup_as(type);
        }
        struct order o = limit(SIDE_NO, ACTION_BUY, 470000, 10000000);
        o.market = R.market[1].m.id;
        assert_int_equal(prepare(&o), ERR_OK);
        assert_true(pm_orders_build(&R.session, &o, &d, &made));
        assert_int_equal(d.exchange, PM_EXCHANGE_NEG_RISK);
        assert_int_equal(made.signature_type, type);
        assert_memory_equal(&made.maker, &R.session.wallet, sizeof made.maker);
        assert_memory_equal(&made.signer, type == PM_1271 ? &R.session.wallet : pm_key_address(R.session.key), sizeof made.signer);
        struct pm_word token;
        assert_true(pm_word_parse_dec(RIG_TOKEN_NO, &token));
        assert_memory_equal(&made.token, &token, sizeof token);
        R.market[1].protocol = 2;
        assert_true(pm_orders_build(&R.session, &o, &d, &made));
        assert_int_equal(d.exchange, PM_EXCHANGE_V3);
        R.market[0].neg_risk = 0;
        o.market = R.market[0].m.id;
        assert_true(pm_orders_build(&R.session, &o, &d, &made));
        assert_int_equal(d.exchange, PM_EXCHANGE_STANDARD);
    }
}

static void what_is_refused_here(void **state) {
    (void)state;
    struct order buy = limit(SIDE_YES, ACTION_BUY, 470000, 10000000), sell = limit(SIDE_YES, ACTION_SELL, 530000, 10000000), post = buy, stop = buy, none = buy;
    post.flags = ORDER_POST_ONLY;
    R.session.blocked = true;
    assert_int_equal(prepare(&buy), ERR_GEOBLOCKED);
    assert_int_equal(prepare(&sell), ERR_OK); /* closing passes everywhere */
    R.session.blocked = false;
    R.session.closed_only = true;
    assert_int_equal(prepare(&buy), ERR_ACCOUNT_BANNED);
    assert_int_equal(prepare(&sell), ERR_OK);
    R.session.closed_only = false;
    pm_clob_heard(R.session.clob, "post-only mode: only post-only orders and cancels are allowed");
    assert_int_equal(prepare(&buy), ERR_VENUE_POST_ONLY);
    assert_int_equal(prepare(&sell), ERR_VENUE_POST_ONLY);
    assert_int_equal(prepare(&post), ERR_OK);
    pm_clob_heard(R.session.clob, "Trading is currently cancel-only.");
    assert_int_equal(prepare(&post), ERR_VENUE_PAUSED);
    pm_clob_free(R.session.clob); /* and the windows with it */
    R.session.clob = pm_clob_new(&R.hosts, 137, R.session.key);
    R.session.ready = false;
    assert_int_equal(prepare(&sell), ERR_UNREACHABLE);
    R.session.ready = true;
    R.market[0].accepting = 0;
    assert_int_equal(prepare(&sell), ERR_MARKET_CLOSED);
    R.market[0].accepting = 1;
    R.market[0].m.status = MARKET_RESOLVED;
    assert_int_equal(prepare(&sell), ERR_MARKET_CLOSED);
    none.market = 4711;
    assert_int_equal(prepare(&none), ERR_NOT_FOUND);
    R.market[0].m.status = MARKET_OPEN;
    stop.type = ORDER_STOP;
    assert_int_equal(prepare(&stop), ERR_UNSUPPORTED);
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(limit_orders), T(market_orders), T(the_bound_of_market_orders), T(priced_and_immediate), T(fine_ticks), T(room_for_the_fee),
        T(until_a_time), T(ids_are_new_each_time), T(whose_order_where), T(what_is_refused_here),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
