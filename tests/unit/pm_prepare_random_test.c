/* Orders of any kind in any book: what is asked for keeps the venue's rules and costs what was meant, the row alone makes the same order
 * again, and its signature is the wallet owner's. */
#include "pm_fakes.h"

#include "turret/base/rng.h"
#include "venue/polymarket/trade/pm_orders_impl.h"

static struct rng r;

static int64_t pick_tick(void) {
    static const int64_t ticks[] = {100000, 10000, 5000, 2500, 1000, 100};
    return ticks[rng_below(&r, 6)];
}

/* Bids below asks, both on the grid. */
static void book_make(int64_t tick) {
    int64_t steps = DEC_ONE / tick, middle = rng_range(&r, 1, steps - 1);
    for (int side = 0; side < 2; side++) {
        int64_t at = side == BOOK_BID ? middle - 1 : middle;
        R.depth_count[side] = 0;
        for (int i = rng_below(&r, 10) ? 0 : 8; i < 8 && at >= 1 && at <= steps - 1; i++) { /* now and then a side is empty */
            R.depth[side][R.depth_count[side]++] = (struct level){PRICE(at * tick), QTY(rng_range(&r, 1, 40000) * 10000)};
            at += (side == BOOK_BID ? -1 : 1) * rng_range(&r, 1, 3);
        }
    }
}

static struct order order_make_random(int64_t tick) {
    struct order o = {.id = 77, .account = 7, .market = R.market[rng_below(&r, 2)].m.id, .side = (uint8_t)rng_below(&r, 2), .action = (uint8_t)rng_below(&r, 2), .type = ORDER_LIMIT};
    o.size = QTY(rng_below(&r, 3) ? rng_range(&r, 1, 50000) * 10000 : rng_range(&r, 1, 500 * DEC_ONE));
    o.limit = PRICE(rng_range(&r, 1, DEC_ONE / tick - 1) * tick);
    o.tif = (uint8_t)(rng_below(&r, 2) ? TIF_GTC : rng_below(&r, 2) ? TIF_IOC : TIF_FOK);
    if (rng_below(&r, 3) == 0) {
        o.type = ORDER_MARKET;
        o.limit = PRICE(0);
        o.tif = (uint8_t)(rng_below(&r, 2) ? TIF_IOC : TIF_FOK);
        o.flags = rng_below(&r, 2) ? ORDER_REDUCE_ONLY : 0;
    }
    return o;
}

static int64_t best_of(const struct order *o) { /* price that it would meet first, on its own token; 0 = none */
    bool no = o->side == SIDE_NO, sell = o->action == ACTION_SELL;
    enum book_side side = sell != no ? BOOK_BID : BOOK_ASK;
    if (R.depth_count[side] == 0)
        return 0;
    return no ? DEC_ONE - R.depth[side][0].px.micro : R.depth[side][0].px.micro;
}

static void check_amounts(const struct order *o, const struct pm_order *made, int64_t tick) {
    bool sell = o->action == ACTION_SELL, now = pm_order_immediate(o);
    __int128 shares = sell ? made->maker_amount : made->taker_amount, money = sell ? made->taker_amount : made->maker_amount;
    assert_true(shares > 0 && money > 0 && shares <= o->size.micro);
    if (!now) { /* exactly its price */
        assert_true(shares % 10000 == 0 && o->size.micro - (int64_t)shares < 10000);
        assert_true(money * DEC_ONE == shares * o->limit.micro);
        return;
    }
    assert_true(made->maker_amount % 10000 == 0 && made->taker_amount % 100 == 0);
    if (sell)
        assert_true(o->size.micro - (int64_t)shares < 10000);
    if (o->type == ORDER_LIMIT) {
        if (sell)
            assert_true(money * DEC_ONE <= shares * o->limit.micro && money * DEC_ONE > shares * (o->limit.micro - tick) - 100 * (__int128)DEC_ONE);
        else /* it meets its limit, and no tick above */
            assert_true(money * DEC_ONE >= shares * o->limit.micro && money * DEC_ONE < shares * (o->limit.micro + tick) && money * DEC_ONE <= (__int128)o->size.micro * o->limit.micro);
        return;
    }
    int64_t best = best_of(o);
    assert_true(best > 0);
    if (sell) { /* meets the best bid */
        assert_true(money * DEC_ONE <= shares * best);
    } else {
        assert_true(money * DEC_ONE >= shares * best);
        if (!(o->flags & ORDER_REDUCE_ONLY)) { /* a purchase is bound: a tenth, or two ticks */
            int64_t bound = best + (best / 10 > 2 * tick ? best / 10 : 2 * tick);
            assert_true(money * DEC_ONE < shares * (bound + tick));
        }
        assert_true(made->maker_amount >= DEC_ONE); /* the venue takes no smaller one */
    }
}

static void check_request(const struct order *o, const struct pm_domain *d, const struct pm_order *made) {
    char signature[PM_SIGNATURE_TEXT], id[67], hex[3] = "";
    uint8_t sig[65];
    struct pm_word digest;
    struct pm_address who;
    pm_order_digest(d, made, &digest);
    pm_word_hex(&digest, id);
    assert_string_equal(id, o->venue_id);
    pm_order_sign(R.session.key, d, made, signature);
    for (int i = 0; i < 65; i++) {
        memcpy(hex, signature + 2 + 2 * i, 2);
        sig[i] = (uint8_t)strtoul(hex, NULL, 16);
    }
    pm_order_signed_digest(d, made, &digest);
    assert_true(pm_recover(&digest, sig, &who));
    assert_memory_equal(&who, pm_key_address(R.session.key), sizeof who);
}

static void any_order_in_any_book(void **state) {
    (void)state;
    int good = 0, refused[ERR_COUNT] = {0};
    rng_seed(&r, 21);
    for (int round = 0; round < 3000; round++) {
        int64_t tick = pick_tick();
        book_make(tick);
        for (int i = 0; i < 2; i++) {
            R.market[i].m.tick = PRICE(tick);
            R.market[i].m.min_size = QTY(5 * DEC_ONE);
            R.market[i].protocol = (uint8_t)(1 + rng_below(&r, 2));
        }
        R.session.balance = USD(rng_below(&r, 2) ? -1 : rng_range(&r, 0, 300 * DEC_ONE));
        struct order o = order_make_random(tick);
        struct pm_domain d;
        struct pm_order made;
        enum err e = pm_orders_prepare(R.session.orders, &o, clock_now_us());
        refused[e]++;
        if (e != ERR_OK) {
            assert_true(e == ERR_MIN_SIZE || e == ERR_NO_LIQUIDITY);
            assert_true(o.venue_id[0] == 0 && o.client_id[0] == 0);
            continue;
        }
        good++;
        assert_true(pm_orders_build(&R.session, &o, &d, &made));
        check_amounts(&o, &made, tick);
        if (round % 16 == 0)
            check_request(&o, &d, &made);
        book_make(tick); /* another book, less money: the row says it all */
        R.session.balance = USD(0);
        struct pm_order again;
        assert_true(pm_orders_build(&R.session, &o, &d, &again));
        assert_memory_equal(&made, &again, sizeof made);
    }
    assert_true(good > 1000 && refused[ERR_MIN_SIZE] > 10 && refused[ERR_NO_LIQUIDITY] > 10);
}

static int setup(void **state) {
    (void)state;
    rig_open(PM_1271);
    R.session.orders = pm_orders_new(&R.session);
    return 0;
}
static int teardown(void **state) {
    (void)state;
    pm_orders_free(R.session.orders);
    rig_close();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(any_order_in_any_book, setup, teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
