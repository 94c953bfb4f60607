/* Text helpers, map, ring, random numbers, errors. */
#include "turret/base/err.h"
#include "turret/base/map.h"
#include "turret/base/ring.h"
#include "turret/base/rng.h"
#include "turret/base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void lines_split_into_words(void **state) {
    (void)state;
    char buf[64], *w[4];
    assert_int_equal(str_split("  buy 'BTC perp' \"a \\\" b\" c\\ d ", buf, sizeof buf, w, 4), 4);
    assert_string_equal(w[0], "buy");
    assert_string_equal(w[1], "BTC perp");
    assert_string_equal(w[2], "a \" b");
    assert_string_equal(w[3], "c d");
    assert_int_equal(str_split("", buf, sizeof buf, w, 4), 0);
    assert_int_equal(str_split("\t \n", buf, sizeof buf, w, 4), 0);
    assert_int_equal(str_split("''", buf, sizeof buf, w, 4), 1);
    assert_string_equal(w[0], "");
    assert_int_equal(str_split("pre'fix'ed", buf, sizeof buf, w, 4), 1);
    assert_string_equal(w[0], "prefixed");
    assert_int_equal(str_split("open 'quote", buf, sizeof buf, w, 4), -1);
    assert_int_equal(str_split("a b c d e", buf, sizeof buf, w, 4), -1);
    assert_int_equal(str_split("abcdef", buf, 6, w, 4), -1);
    assert_int_equal(str_split("abcdef", buf, 7, w, 4), 1);
    assert_int_equal(str_split("a b", buf, 2, w, 4), -1);
}

static void builders_grow_and_copies_are_cut_between_characters(void **state) {
    (void)state;
    struct str s;
    str_init(&s);
    for (int i = 0; i < 1000; i++)
        str_addf(&s, "%d,", i);
    str_addc(&s, '!');
    assert_int_equal(s.len, 10 * 2 + 90 * 3 + 900 * 4 + 1);
    assert_int_equal(s.p[s.len], 0);
    str_reset(&s);
    str_add(&s, "x");
    assert_string_equal(s.p, "x");
    str_free(&s);
    char dst[5];
    assert_string_equal(str_copy(dst, sizeof dst, "abc\xe2\x82\xac"), "abc");
    assert_string_equal(str_copy(dst, sizeof dst, "abcd"), "abcd");
    assert_string_equal(str_copy(dst, 1, "abcd"), "");
}

static void words_compare_without_case(void **state) {
    (void)state;
    assert_true(str_eq_nocase("BtC", "bTc"));
    assert_false(str_eq_nocase("btc", "btcx"));
    assert_true(str_has_prefix_nocase("Bitcoin", "BIT"));
    assert_false(str_has_prefix_nocase("Bi", "BIT"));
    assert_true(str_contains_nocase("Will it rain?", "RAIN"));
    assert_true(str_contains_nocase("x", ""));
    assert_false(str_contains_nocase("rai", "rain"));
    static const char *const words[] = {"positions", "orders", "fills", "kill"};
    assert_string_equal(str_closest("ordres", words, 4), "orders");
    assert_string_equal(str_closest("KILL", words, 4), "kill");
    assert_null(str_closest("xyzzyx", words, 4));
}

static void map_agrees_with_an_array(void **state) {
    (void)state;
    static uint64_t vals[512];
    static bool has[512];
    struct map m;
    struct rng r;
    map_init(&m);
    rng_seed(&r, 5);
    size_t count = 0;
    uint64_t v;
    assert_false(map_get(&m, 1, &v));
    assert_false(map_del(&m, 1));
    for (int i = 0; i < 200000; i++) {
        uint64_t k = rng_below(&r, 512), key = k << 40 ^ k; /* keys that differ far up only */
        if (rng_below(&r, 2)) {
            vals[k] = rng_u64(&r);
            count += !has[k];
            has[k] = true;
            map_put(&m, key, vals[k]);
        } else {
            assert_int_equal(map_del(&m, key), has[k]);
            count -= has[k];
            has[k] = false;
        }
        k = rng_below(&r, 512);
        assert_int_equal(map_get(&m, k << 40 ^ k, &v), has[k]);
        if (has[k])
            assert_true(v == vals[k]);
        assert_int_equal(m.count, count);
    }
    assert_true(m.cap <= 2048); /* tombstones don't make it grow */
    map_clear(&m);
    assert_false(map_get(&m, 0, &v));
    map_free(&m);
}

struct record { uint32_t size, number; unsigned char body[120]; };

static void ring_keeps_order_and_the_oldest_in_place(void **state) {
    (void)state;
    struct ring ring;
    struct rng r;
    ring_init(&ring, 64, 2048);
    rng_seed(&r, 6);
    uint32_t pushed = 0, popped = 0, refused = 0;
    size_t bytes = 0;
    for (int i = 0; i < 200000; i++) {
        const struct record *old = ring_peek(&ring);
        if (rng_below(&r, i % 3000 < 1500 ? 4 : 2) != 0) {
            uint32_t size = 8 + 8 * (uint32_t)rng_below(&r, 14);
            struct record *rec = ring_push(&ring, size);
            if (!rec) {
                assert_true(bytes + size > 2048 / 2); /* at the worst a wrapped ring wastes its gap */
                refused++;
                continue;
            }
            assert_int_equal((uintptr_t)rec % 8, 0);
            rec->size = size;
            rec->number = pushed++;
            memset((char *)rec + 8, (int)(rec->number & 255), size - 8);
            bytes += size;
            if (old)
                assert_ptr_equal(ring_peek(&ring), old);
        } else if (old) {
            assert_int_equal(old->number, popped++);
            for (uint32_t k = 8; k < old->size; k++)
                assert_int_equal(((const unsigned char *)old)[k], old->number & 255);
            bytes -= old->size;
            ring_pop(&ring);
        } else {
            assert_true(ring_empty(&ring));
        }
        assert_int_equal(ring.bytes, bytes);
    }
    assert_true(refused > 100 && popped > 10000);
    ring_clear(&ring);
    assert_null(ring_peek(&ring));
    assert_null(ring_push(&ring, 4096));
    assert_non_null(ring_push(&ring, 2048)); /* the whole limit can be used */
    ring_free(&ring);
}

static void random_numbers_are_those_of_the_seed(void **state) {
    (void)state;
    struct rng a, b;
    rng_seed(&a, 42);
    rng_seed(&b, 42);
    for (int i = 0; i < 100; i++)
        assert_true(rng_u64(&a) == rng_u64(&b));
    /* xoshiro256** from the state 1, 2, 3, 4: its authors' reference values */
    struct rng known = {{1, 2, 3, 4}};
    static const uint64_t reference[] = {11520, 0, 1509978240, 1215971899390074240ull};
    for (int i = 0; i < 4; i++)
        assert_true(rng_u64(&known) == reference[i]);
    int64_t sum = 0, squares = 0, waits = 0;
    int seen[7] = {0};
    for (int i = 0; i < 100000; i++) {
        int64_t x = rng_normal(&a, 1000);
        sum += x;
        squares += x * x;
        waits += rng_exp(&a, 1000);
        seen[rng_range(&a, -3, 3) + 3]++;
    }
    assert_in_range(sum / 100000 + 100, 80, 120);
    assert_in_range(squares / 100000, 970000, 1030000);
    assert_in_range(waits / 100000, 980, 1020);
    for (int i = 0; i < 7; i++)
        assert_in_range(seen[i], 13800, 14800);
    assert_true(rng_range(&a, INT64_MIN, INT64_MAX) != rng_range(&a, INT64_MIN, INT64_MAX));
}

static void every_error_has_a_name_of_its_own(void **state) {
    (void)state;
    assert_string_equal(err_name(ERR_STALE_BOOK), "stale_book");
    assert_string_equal(err_name((enum err)9999), "internal");
    assert_int_equal(err_class(ERR_OUTCOME_UNKNOWN), ERR_CLASS_UNKNOWN);
    assert_int_equal(err_exit_code(ERR_KILLED), 7);
    for (int i = 0; i < ERR_COUNT; i++) {
        assert_true(err_text((enum err)i)[0] != 0);
        assert_true(strlen(err_name((enum err)i)) < 31); /* none was cut */
        for (int k = 0; k < i; k++)
            assert_string_not_equal(err_name((enum err)i), err_name((enum err)k));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_split_into_words), cmocka_unit_test(builders_grow_and_copies_are_cut_between_characters),
        cmocka_unit_test(words_compare_without_case), cmocka_unit_test(map_agrees_with_an_array),
        cmocka_unit_test(ring_keeps_order_and_the_oldest_in_place), cmocka_unit_test(random_numbers_are_those_of_the_seed),
        cmocka_unit_test(every_error_has_a_name_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
