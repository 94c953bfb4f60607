/* The matching engine against a naive model: random operations inside and outside of the window, own orders,
 * reductions, queries; every fill and every answer must agree. Then the rules one by one. */
#include "turret/base/rng.h"
#include "turret/market/match.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define ORDERS 400
#define FILLS 4096

struct naive_order { uint32_t id, owner, side; int32_t px; int64_t lots; uint64_t seq; };
struct fill { uint32_t taker, maker; int32_t px; int64_t lots; };
struct fills { struct fill v[FILLS]; int n; };
struct naive { struct naive_order orders[ORDERS]; int n; uint64_t seq; struct fills fills; };

static bool better(uint32_t side, int32_t a, int32_t b) { return side == MATCH_BUY ? a > b : a < b; }

/* The order that trades first on a side: best price, then oldest. */
static struct naive_order *first_of(struct naive *m, uint32_t side) {
    struct naive_order *best = NULL;
    for (int i = 0; i < m->n; i++) {
        struct naive_order *o = &m->orders[i];
        if (o->side == side && (!best || better(side, o->px, best->px) || (o->px == best->px && o->seq < best->seq)))
            best = o;
    }
    return best;
}

static struct naive_order *naive_find(struct naive *m, uint32_t id) {
    for (int i = 0; i < m->n; i++)
        if (m->orders[i].id == id)
            return &m->orders[i];
    return NULL;
}

static int64_t naive_cancel(struct naive *m, uint32_t id) {
    struct naive_order *o = naive_find(m, id);
    int64_t lots = o ? o->lots : 0;
    if (o)
        *o = m->orders[--m->n];
    return lots;
}

static bool crosses(uint32_t side, int32_t px, int32_t maker) { return side == MATCH_BUY ? px >= maker : px <= maker; }

static int64_t naive_add(struct naive *m, uint32_t id, uint32_t side, int32_t px, int64_t lots, uint32_t owner, bool rest, uint32_t *self) {
    struct naive_order *o;
    while (lots && (o = first_of(m, side ^ 1)) && crosses(side, px, o->px)) {
        if (owner && o->owner == owner) {
            *self = o->id;
            return lots;
        }
        int64_t fill = o->lots < lots ? o->lots : lots;
        m->fills.v[m->fills.n++ % FILLS] = (struct fill){id, o->id, o->px, fill};
        lots -= fill;
        o->lots -= fill;
        if (!o->lots)
            naive_cancel(m, o->id);
    }
    if (lots && rest)
        m->orders[m->n++] = (struct naive_order){id, owner, side, px, lots, m->seq++};
    return lots;
}

static int64_t naive_depth(const struct naive *m, uint32_t side, int32_t px) {
    int64_t sum = 0;
    for (int i = 0; i < m->n; i++)
        if (m->orders[i].side == side && m->orders[i].px == px)
            sum += m->orders[i].lots;
    return sum;
}

static bool naive_next(const struct naive *m, uint32_t side, int32_t px, int32_t *next) {
    bool found = false;
    for (int i = 0; i < m->n; i++) {
        const struct naive_order *o = &m->orders[i];
        if (o->side == side && better(side, px, o->px) && (!found || better(side, o->px, *next))) {
            *next = o->px;
            found = true;
        }
    }
    return found;
}

static int64_t naive_fillable(const struct naive *m, uint32_t side, int32_t px, int64_t want, uint32_t owner) {
    int64_t sum = 0;
    for (int i = 0; i < m->n; i++) {
        const struct naive_order *o = &m->orders[i];
        if (o->side != side && crosses(side, px, o->px) && !(owner && o->owner == owner))
            sum += o->lots;
    }
    return sum < want ? sum : want;
}

static int64_t naive_ahead(struct naive *m, uint32_t id) {
    const struct naive_order *me = naive_find(m, id);
    int64_t sum = 0;
    for (int i = 0; me && i < m->n; i++)
        if (m->orders[i].side == me->side && m->orders[i].px == me->px && m->orders[i].seq < me->seq)
            sum += m->orders[i].lots;
    return sum;
}

static void on_fill(void *ctx, uint32_t taker, uint32_t maker, int32_t px, int64_t lots) {
    struct fills *f = ctx;
    f->v[f->n++ % FILLS] = (struct fill){taker, maker, px, lots};
}

struct shape {
    uint32_t window_size, hint;
    int32_t window_low, middle, spread; /* prices fall on middle +- spread */
    int32_t drift;                      /* the middle moves this much every 64 operations */
    int far_percent;                    /* prices anywhere in the range of int32 */
};

static void check_queries(struct match *m, struct naive *n, struct rng *r, int32_t px, uint32_t owner) {
    for (uint32_t side = 0; side < 2; side++) {
        int32_t best = 0, next = 0, expected = 0;
        struct naive_order *first = first_of(n, side);
        assert_int_equal(match_best(m, side, &best), first != NULL);
        if (first)
            assert_int_equal(best, first->px);
        assert_true(match_depth_at(m, side, px) == naive_depth(n, side, px));
        bool has = naive_next(n, side, px, &expected);
        assert_int_equal(match_next_level(m, side, px, &next), has);
        if (has)
            assert_int_equal(next, expected);
        int64_t want = rng_range(r, 1, 500);
        assert_true(match_fillable(m, side, px, want, owner) == naive_fillable(n, side, px, want, owner));
    }
    uint32_t id = (uint32_t)rng_below(r, ORDERS);
    struct naive_order *o = naive_find(n, id);
    assert_true(match_remaining(m, id) == (o ? o->lots : 0));
    assert_true(match_ahead(m, id) == naive_ahead(n, id));
    assert_int_equal(match_order_count(m), n->n);
}

static void run_shape(const struct shape *s, uint64_t seed) {
    static struct naive n;
    static struct fills fills;
    memset(&n, 0, sizeof n);
    memset(&fills, 0, sizeof fills);
    struct rng r;
    rng_seed(&r, seed);
    struct match *m = match_new(&(struct match_cfg){s->window_low, s->window_size, s->hint, on_fill, &fills});
    int32_t middle = s->middle;
    for (int op = 0; op < 12000; op++) {
        if (op % 64 == 0)
            middle += s->drift;
        uint32_t id = (uint32_t)rng_below(&r, ORDERS), side = (uint32_t)rng_below(&r, 2), owner = (uint32_t)rng_below(&r, 4);
        int32_t px = middle + (int32_t)rng_range(&r, -s->spread, s->spread);
        if ((int)rng_below(&r, 100) < s->far_percent)
            px = rng_below(&r, 20) ? (int32_t)(uint32_t)rng_u64(&r) : rng_below(&r, 2) ? INT32_MAX : INT32_MIN;
        uint64_t what = rng_below(&r, 10);
        if (what < 6 && !naive_find(&n, id)) {
            int64_t lots = rng_below(&r, 50) ? rng_range(&r, 1, 100) : 1ll << 40;
            bool rest = rng_below(&r, 5) > 0;
            uint32_t self = 7777, self_expected = 7777;
            int64_t left = naive_add(&n, id, side, px, lots, owner, rest, &self_expected);
            assert_true(match_add(m, id, side, px, lots, owner, rest, &self) == left);
            assert_int_equal(self, self_expected);
        } else if (what < 8) {
            assert_true(match_cancel(m, id) == naive_cancel(&n, id));
        } else {
            struct naive_order *o = naive_find(&n, id);
            int64_t to = rng_range(&r, 0, 60);
            if (o && to == 0) {
                naive_cancel(&n, id);
                o = NULL;
            } else if (o && to < o->lots) {
                o->lots = to;
            }
            assert_true(match_reduce(m, id, to) == (o ? o->lots : 0));
        }
        assert_int_equal(fills.n, n.fills.n);
        check_queries(m, &n, &r, px, owner);
    }
    assert_true(n.fills.n > 100);
    assert_memory_equal(fills.v, n.fills.v, sizeof fills.v);
    match_free(m);
}

static void agrees_with_the_model(void **state) {
    (void)state;
    static const struct shape shapes[] = {
        {.window_size = 1024, .window_low = 0, .middle = 500, .spread = 20, .hint = ORDERS},
        {.window_size = 1024, .window_low = 0, .middle = 500, .spread = 450},                                      /* sparse: many words of the bitmap */
        {.window_size = 64, .window_low = 1000, .middle = 1032, .spread = 60},                                     /* half of it outside */
        {.window_size = 64, .window_low = 1000, .middle = 90000, .spread = 30},                                    /* all outside, until it moves */
        {.window_size = 256, .window_low = 0, .middle = 100, .spread = 25, .drift = 9},                            /* the market leaves for good */
        {.window_size = 256, .window_low = 0, .middle = 100, .spread = 25, .drift = -9, .far_percent = 5},         /* below zero */
        {.window_size = 8192, .window_low = 0, .middle = 4096, .spread = 40, .far_percent = 20},
        {.window_size = 65536, .window_low = -30000, .middle = 0, .spread = 30000, .far_percent = 1},
        {.window_size = 64, .window_low = INT32_MAX - 10, .middle = INT32_MAX - 40, .spread = 39},                 /* the top end */
        {.window_size = 64, .window_low = INT32_MIN, .middle = INT32_MIN + 40, .spread = 39, .far_percent = 10},   /* the bottom end */
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (uint64_t seed = 1; seed <= 3; seed++)
            run_shape(&shapes[i], seed * 100 + i);
}

static struct match *small(struct fills *f) {
    memset(f, 0, sizeof *f);
    return match_new(&(struct match_cfg){.window_size = 128, .on_fill = on_fill, .ctx = f});
}

static void executes_at_the_makers_price_in_time_order(void **state) {
    (void)state;
    static struct fills f;
    struct match *m = small(&f);
    match_add(m, 1, MATCH_SELL, 50, 10, 0, true, NULL);
    match_add(m, 2, MATCH_SELL, 50, 10, 0, true, NULL);
    match_add(m, 3, MATCH_SELL, 49, 5, 0, true, NULL);
    assert_int_equal(match_add(m, 4, MATCH_BUY, 60, 17, 0, true, NULL), 0);
    static const struct fill expected[] = {{4, 3, 49, 5}, {4, 1, 50, 10}, {4, 2, 50, 2}};
    assert_int_equal(f.n, 3);
    assert_memory_equal(f.v, expected, sizeof expected);
    assert_int_equal(match_remaining(m, 2), 8);
    match_free(m);
}

static void a_reduced_order_keeps_its_place_and_a_handle_can_be_used_again(void **state) {
    (void)state;
    static struct fills f;
    struct match *m = small(&f);
    match_add(m, 0, MATCH_BUY, 10, 10, 0, true, NULL);
    match_add(m, 1, MATCH_BUY, 10, 10, 0, true, NULL);
    assert_int_equal(match_reduce(m, 0, 3), 3);
    assert_int_equal(match_reduce(m, 0, 9), 3); /* it can't grow */
    assert_int_equal(match_ahead(m, 1), 3);
    match_add(m, 2, MATCH_SELL, 10, 3, 0, true, NULL);
    assert_int_equal(f.v[0].maker, 0);
    assert_int_equal(match_cancel(m, 0), 0);
    match_add(m, 0, MATCH_BUY, 10, 1, 0, true, NULL); /* now last in the queue */
    assert_int_equal(match_ahead(m, 0), 10);
    assert_int_equal(match_order_count(m), 2);
    match_free(m);
}

static void an_own_order_stops_the_match_after_the_fills_before_it(void **state) {
    (void)state;
    static struct fills f;
    struct match *m = small(&f);
    uint32_t self = 99;
    match_add(m, 1, MATCH_SELL, 20, 4, 7, true, NULL);
    match_add(m, 2, MATCH_SELL, 20, 4, 9, true, NULL);
    match_add(m, 3, MATCH_SELL, 21, 4, 7, true, NULL);
    assert_int_equal(match_fillable(m, MATCH_BUY, 30, 100, 9), 8);
    assert_int_equal(match_add(m, 5, MATCH_BUY, 30, 10, 9, true, &self), 6);
    assert_int_equal(self, 2);
    assert_int_equal(f.n, 1);
    assert_int_equal(match_remaining(m, 5), 0); /* what is left does not rest */
    match_free(m);
}

static void a_market_order_in_an_empty_book_does_nothing(void **state) {
    (void)state;
    static struct fills f;
    struct match *m = small(&f);
    assert_int_equal(match_add(m, 1, MATCH_BUY, INT32_MAX, 5, 0, false, NULL), 5);
    assert_int_equal(match_add(m, 1, MATCH_SELL, INT32_MIN, 5, 0, false, NULL), 5);
    assert_int_equal(match_order_count(m), 0);
    assert_int_equal(match_cancel(m, 4000000000u), 0);
    match_free(m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_model),
        cmocka_unit_test(executes_at_the_makers_price_in_time_order),
        cmocka_unit_test(a_reduced_order_keeps_its_place_and_a_handle_can_be_used_again),
        cmocka_unit_test(an_own_order_stops_the_match_after_the_fills_before_it),
        cmocka_unit_test(a_market_order_in_an_empty_book_does_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
