/* Rate buckets: never more than the burst at once, never more than the rate over time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "turret/base/rng.h"
#include "turret/io/rate.h"

#define SEC 1000000LL

static void burst_then_refill(void **state) {
    (void)state;
    struct rate r;
    int64_t now = 5000 * SEC;
    rate_init(&r, 10, SEC, 3);
    assert_int_equal(rate_left(&r, now), 3);
    for (int i = 0; i < 3; i++)
        assert_true(rate_take(&r, 1, now));
    assert_false(rate_take(&r, 1, now));
    assert_int_equal(rate_left(&r, now), 0);
    assert_int_equal(rate_ready_us(&r, 1, now), now + SEC / 10);
    assert_int_equal(rate_ready_us(&r, 3, now), now + 3 * SEC / 10);
    assert_false(rate_take(&r, 1, now + SEC / 10 - 1));
    assert_true(rate_take(&r, 1, now + SEC / 10));
    assert_int_equal(rate_left(&r, now + 10 * SEC), 3);
    assert_true(rate_take(&r, 3, now + 10 * SEC));
    assert_false(rate_take(&r, 4, now + 99999 * SEC)); /* more than the bucket holds */
    assert_int_equal(rate_ready_us(&r, 4, now), INT64_MAX);
}

static void never_more_than_the_rate(void **state) {
    (void)state;
    struct rng g;
    rng_seed(&g, 7);
    for (int round = 0; round < 50; round++) {
        struct rate r;
        int64_t tokens = rng_range(&g, 1, 50), burst = rng_range(&g, 1, 20), now = 0, taken = 0;
        rate_init(&r, tokens, SEC, burst);
        for (int i = 0; i < 2000; i++) {
            int64_t n = rng_range(&g, 1, 3);
            now += rng_range(&g, 0, 30000);
            if (n <= burst && rate_ready_us(&r, n, now) == now) {
                assert_true(rate_left(&r, now) >= n);
                assert_true(rate_take(&r, n, now));
                taken += n;
            } else {
                assert_false(rate_take(&r, n, now));
            }
            assert_true(taken <= burst + now * tokens / SEC);
        }
        assert_true(taken > 0);
    }
}

static void blocked(void **state) {
    (void)state;
    struct rate r;
    rate_init(&r, 10, SEC, 5);
    rate_block(&r, 7 * SEC);
    assert_false(rate_take(&r, 1, 7 * SEC - 1));
    assert_int_equal(rate_left(&r, SEC), 0);
    assert_int_equal(rate_ready_us(&r, 1, SEC), 7 * SEC);
    assert_true(rate_take(&r, 1, 7 * SEC));
    assert_false(rate_take(&r, 1, 7 * SEC)); /* no burst after a refusal */
    rate_block(&r, 2 * SEC);                 /* an earlier end changes nothing */
    assert_false(rate_take(&r, 1, 7 * SEC));
    rate_init(&r, 0, 0, 1); /* no limit */
    for (int i = 0; i < 1000; i++)
        assert_true(rate_take(&r, 1, SEC));
    rate_block(&r, 9 * SEC);
    assert_false(rate_take(&r, 1, 8 * SEC));
    assert_true(rate_take(&r, 1, 9 * SEC));
    rate_block(&r, INT64_MAX);
    assert_false(rate_take(&r, 1, 1LL << 60));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(burst_then_refill), cmocka_unit_test(never_more_than_the_rate), cmocka_unit_test(blocked)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
