/* The feed's book against a plain table of levels, and what a taker gets from it. */
#include "turret/base/rng.h"
#include "turret/market/book.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define TICKS 600

static void agrees_with_a_table(void **state) {
    (void)state;
    static int64_t sizes[2][TICKS];
    struct rng r;
    rng_seed(&r, 11);
    struct book *b = book_new();
    for (int i = 0; i < 60000; i++) {
        enum book_side side = rng_below(&r, 2) ? BOOK_ASK : BOOK_BID;
        int64_t at = rng_range(&r, 0, i % 2000 < 1000 ? TICKS - 1 : 30); /* wide, then only at one end */
        int64_t size = rng_below(&r, 3) ? rng_range(&r, 1, 100) : -(int64_t)rng_below(&r, 2);
        book_set(b, side, PRICE(at), QTY(size));
        sizes[side][at] = size > 0 ? size : 0;
        if (i == 30000) {
            book_clear(b);
            for (int s = 0; s < 2; s++)
                for (int t = 0; t < TICKS; t++)
                    sizes[s][t] = 0;
        }
        if (i % 37)
            continue;
        for (int s = 0; s < 2; s++) {
            int n = 0;
            for (int k = 0; k < TICKS; k++) {
                int t = s == BOOK_BID ? TICKS - 1 - k : k;
                assert_true(book_size_at(b, (enum book_side)s, PRICE(t)).micro == sizes[s][t]);
                if (!sizes[s][t])
                    continue;
                const struct level *lv = book_level(b, (enum book_side)s, n++);
                assert_non_null(lv);
                assert_true(lv->px.micro == t && lv->size.micro == sizes[s][t]);
            }
            assert_int_equal(book_count(b, (enum book_side)s), n);
            assert_null(book_level(b, (enum book_side)s, n));
            assert_null(book_level(b, (enum book_side)s, -1));
        }
    }
    book_free(b);
}

static struct book *sample(void) {
    struct book *b = book_new();
    book_set(b, BOOK_ASK, PRICE(510000), QTY(100 * DEC_ONE));
    book_set(b, BOOK_ASK, PRICE(500000), QTY(10 * DEC_ONE));
    book_set(b, BOOK_ASK, PRICE(600000), QTY(1000 * DEC_ONE));
    book_set(b, BOOK_BID, PRICE(480000), QTY(50 * DEC_ONE));
    book_set(b, BOOK_BID, PRICE(470001), QTY(50 * DEC_ONE));
    return b;
}

static void a_taker_walks_the_levels_up_to_its_limit(void **state) {
    (void)state;
    struct book *b = sample();
    struct book_walk w = book_walk(b, BOOK_ASK, QTY(60 * DEC_ONE), PRICE(0));
    assert_true(w.filled.micro == 60 * DEC_ONE && w.notional.micro == 30500000 && w.average.micro == 508333);
    assert_true(w.worst.micro == 510000 && w.levels == 2);
    w = book_walk(b, BOOK_ASK, QTY(500 * DEC_ONE), PRICE(510000));
    assert_true(w.filled.micro == 110 * DEC_ONE && w.levels == 2);
    w = book_walk(b, BOOK_BID, QTY(500 * DEC_ONE), PRICE(470002));
    assert_true(w.filled.micro == 50 * DEC_ONE && w.worst.micro == 480000);
    w = book_walk(b, BOOK_BID, QTY(500 * DEC_ONE), PRICE(490000));
    assert_true(w.filled.micro == 0 && w.levels == 0 && w.average.micro == 0);
    book_free(b);
}

static void middle_and_crossing(void **state) {
    (void)state;
    struct book *b = sample();
    struct level top;
    price mid;
    assert_true(book_best(b, BOOK_BID, &top) && top.px.micro == 480000);
    assert_true(book_mid(b, &mid) && mid.micro == 490000);
    assert_false(book_crossed(b));
    book_set(b, BOOK_BID, PRICE(480001), QTY(1));
    assert_true(book_mid(b, &mid) && mid.micro == 490000); /* 490000.5: to the even one */
    book_set(b, BOOK_BID, PRICE(480003), QTY(1));
    assert_true(book_mid(b, &mid) && mid.micro == 490002);
    uint64_t before = book_hash(b, 1);
    book_set(b, BOOK_BID, PRICE(500000), QTY(1));
    assert_true(book_crossed(b));
    assert_true(book_hash(b, 1) != before);
    book_set(b, BOOK_BID, PRICE(500000), QTY(0));
    assert_true(book_hash(b, 1) == before);
    book_clear(b);
    assert_false(book_mid(b, &mid));
    assert_false(book_best(b, BOOK_ASK, &top));
    book_free(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_a_table),
        cmocka_unit_test(a_taker_walks_the_levels_up_to_its_limit),
        cmocka_unit_test(middle_and_crossing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
