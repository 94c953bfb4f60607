/* The trigger index against a list that is searched whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "turret/base/rng.h"
#include "turret/trade/trigger.h"

static struct trigger trig(uint64_t id, uint16_t kind, enum trigger_dir dir, int64_t level) {
    return (struct trigger){.id = id, .kind = kind, .dir = (uint8_t)dir, .source = TRIGGER_BID, .level = PRICE(level)};
}

static void fires_once_best_level_first_then_id(void **st) {
    (void)st;
    struct trigger_set *t = trigger_set_new();
    struct trigger a = trig(7, 0, TRIGGER_AT_OR_BELOW, 100), b = trig(3, 0, TRIGGER_AT_OR_BELOW, 100), c = trig(1, 0, TRIGGER_AT_OR_BELOW, 90), out;
    trigger_arm(t, &a);
    trigger_arm(t, &c);
    trigger_arm(t, &b);
    assert_false(trigger_next(t, TRIGGER_BID, PRICE(101), &out));
    assert_false(trigger_next(t, TRIGGER_ASK, PRICE(50), &out)); /* another source */
    assert_true(trigger_next(t, TRIGGER_BID, PRICE(80), &out) && out.id == 3);
    assert_true(trigger_next(t, TRIGGER_BID, PRICE(80), &out) && out.id == 7);
    assert_true(trigger_next(t, TRIGGER_BID, PRICE(80), &out) && out.id == 1);
    assert_false(trigger_next(t, TRIGGER_BID, PRICE(80), &out));
    assert_int_equal(trigger_count(t), 0);
    trigger_set_free(t);
}

static void the_very_same_is_disarmed(void **st) {
    (void)st;
    struct trigger_set *t = trigger_set_new();
    struct trigger a = trig(1, 2, TRIGGER_AT_OR_ABOVE, 100), other = a, out;
    other.level.micro = 200;
    trigger_arm(t, &a);
    assert_false(trigger_disarm(t, &other));
    trigger_arm(t, &other); /* one owner may have several levels */
    assert_int_equal(trigger_count(t), 2);
    assert_true(trigger_disarm(t, &a));
    assert_false(trigger_disarm(t, &a));
    assert_false(trigger_next(t, TRIGGER_BID, PRICE(150), &out));
    assert_true(trigger_next(t, TRIGGER_BID, PRICE(250), &out) && out.level.micro == 200);
    trigger_set_free(t);
}

static void many_at_once_are_sorted_once(void **st) {
    (void)st;
    struct rng r;
    rng_seed(&r, 7);
    struct trigger_set *t = trigger_set_new();
    struct trigger out;
    for (int round = 0; round < 3; round++)
        for (uint64_t i = 0; i < 20000; i++) {
            struct trigger x = trig((uint64_t)round * 20000 + i + 1, 1, TRIGGER_AT_OR_BELOW, rng_range(&r, 1, 5000));
            trigger_arm(t, &x);
        }
    int64_t last = INT64_MAX;
    uint64_t id = 0;
    for (int i = 0; i < 60000; i++) {
        assert_true(trigger_next(t, TRIGGER_BID, PRICE(1), &out));
        assert_true(out.level.micro < last || (out.level.micro == last && out.id > id));
        last = out.level.micro, id = out.id;
    }
    assert_false(trigger_next(t, TRIGGER_BID, PRICE(1), &out));
    trigger_set_free(t);
}

#define MAX 400

static void equals_a_plain_list(void **st) {
    (void)st;
    struct rng r;
    rng_seed(&r, 99);
    struct trigger list[MAX], out;
    int n = 0;
    struct trigger_set *t = trigger_set_new();
    for (int step = 0; step < 60000; step++) {
        switch (rng_below(&r, 4)) {
        case 0: case 1: {
            struct trigger x = trig(rng_below(&r, 150), (uint16_t)rng_below(&r, 2), (enum trigger_dir)rng_below(&r, 2), rng_range(&r, 1, 60));
            x.source = (uint8_t)rng_below(&r, TRIGGER_PRICE_COUNT);
            for (int i = 0; i < n; i++)
                if (list[i].id == x.id && list[i].kind == x.kind) {
                    assert_true(trigger_disarm(t, &list[i]));
                    list[i--] = list[--n];
                }
            list[n++] = x;
            trigger_arm(t, &x);
            break;
        }
        case 2: {
            uint64_t id = rng_below(&r, 150);
            uint16_t kind = (uint16_t)rng_below(&r, 2);
            const struct trigger none = trig(id + 1000, kind, TRIGGER_AT_OR_BELOW, 7);
            assert_false(trigger_disarm(t, &none));
            for (int i = 0; i < n; i++)
                if (list[i].id == id && list[i].kind == kind) {
                    assert_true(trigger_disarm(t, &list[i]));
                    assert_false(trigger_disarm(t, &list[i]));
                    list[i--] = list[--n];
                }
            break;
        }
        default: {
            enum trigger_price src = (enum trigger_price)rng_below(&r, TRIGGER_PRICE_COUNT);
            int64_t px = rng_range(&r, 1, 60);
            int best = -1;
            for (int i = 0; i < n; i++) {
                const struct trigger *x = &list[i], *y = best < 0 ? NULL : &list[best];
                bool below = x->dir == TRIGGER_AT_OR_BELOW;
                if (x->source != src || (below ? px > x->level.micro : px < x->level.micro))
                    continue;
                if (!y) { best = i; continue; }
                if (x->dir != y->dir) { if (below) best = i; continue; }
                int64_t d = below ? x->level.micro - y->level.micro : y->level.micro - x->level.micro;
                if (d > 0 || (d == 0 && (x->id < y->id || (x->id == y->id && x->kind < y->kind))))
                    best = i;
            }
            bool fired = trigger_next(t, src, PRICE(px), &out);
            assert_int_equal(fired, best >= 0);
            if (fired) {
                assert_true(out.id == list[best].id && out.kind == list[best].kind);
                list[best] = list[--n];
            }
        }
        }
        assert_int_equal(trigger_count(t), n);
    }
    trigger_set_free(t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fires_once_best_level_first_then_id),
        cmocka_unit_test(the_very_same_is_disarmed),
        cmocka_unit_test(many_at_once_are_sorted_once),
        cmocka_unit_test(equals_a_plain_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
