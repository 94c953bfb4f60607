/* The text line and the layouts: editing in UTF-8, scrolling into view, places that never overlap at any size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "turret/base/rng.h"
#include "turret/base/utf8.h"
#include "turret/ui/key.h"
#include "turret/ui/layout.h"
#include "ui/lineedit.h"

static void type(struct lineedit *l, const char *text) {
    for (; *text; text++)
        lineedit_key(l, (uint32_t)(unsigned char)*text);
}

static void test_editing(void **state) {
    (void)state;
    struct lineedit l;
    lineedit_set(&l, "buy fed");
    type(&l, " 10");
    lineedit_key(&l, 0xe4);
    lineedit_key(&l, 0x65e5);
    assert_string_equal(l.text, "buy fed 10ä日");
    lineedit_key(&l, KEYS_BACKSPACE);
    lineedit_key(&l, KEYS_LEFT);
    lineedit_key(&l, KEYS_DELETE);
    assert_string_equal(l.text, "buy fed 10");
    lineedit_key(&l, 23); /* ^W */
    assert_string_equal(l.text, "buy fed ");
    lineedit_key(&l, KEYS_HOME);
    type(&l, "x");
    assert_string_equal(l.text, "xbuy fed ");
    lineedit_key(&l, KEYS_RIGHT);
    lineedit_key(&l, 11); /* ^K */
    assert_string_equal(l.text, "xb");
    lineedit_key(&l, 21); /* ^U */
    assert_string_equal(l.text, "");
    assert_false(lineedit_key(&l, KEYS_UP));
    assert_false(lineedit_key(&l, KEYS_ENTER));
    assert_false(lineedit_key(&l, KEYS_ESC));
}

static void test_pasted_text_is_tamed(void **state) {
    (void)state;
    struct lineedit l;
    lineedit_set(&l, "");
    static const char bad[] = "a\033[2Jb\nc\xff\x01\xe2\x80\xae";
    lineedit_insert(&l, bad, sizeof bad - 1);
    assert_null(strchr(l.text, '\033'));
    assert_null(strchr(l.text, '\n'));
    char *big = malloc(4000);
    memset(big, 'x', 4000);
    lineedit_insert(&l, big, 4000);
    assert_int_equal(l.len, LINE_MAX_BYTES - 1);
    assert_int_equal(strlen(l.text), LINE_MAX_BYTES - 1);
    free(big);
}

static void test_random_editing_stays_whole(void **state) {
    (void)state;
    static const uint32_t keys[] = {'a', 0xe4, 0x65e5, 0x1f600, KEYS_LEFT, KEYS_RIGHT, KEYS_HOME, KEYS_END, KEYS_BACKSPACE, KEYS_DELETE, 23, 11, 21, 4};
    struct rng r;
    struct lineedit l;
    struct canvas c;
    rng_seed(&r, 5);
    canvas_init(&c, 20, 1);
    lineedit_set(&l, "");
    for (int i = 0; i < 20000; i++) {
        lineedit_key(&l, keys[rng_below(&r, rng_below(&r, 4) ? 6 : 14)]);
        char clean[LINE_MAX_BYTES];
        assert_int_equal(utf8_sanitise(clean, sizeof clean, l.text, (size_t)l.len), l.len); /* never half a character */
        assert_string_equal(clean, l.text);
        assert_in_range(l.pos, 0, l.len);
        lineedit_draw(&l, &c, 3, 0, 12, ROLE_INPUT, true);
        assert_in_range(c.cursor_x, 3, 14);
    }
    canvas_free(&c);
}

static void test_places_fill_the_body_and_never_overlap(void **state) {
    (void)state;
    static const int sizes[][2] = {{120, 36}, {120, 40}, {133, 51}, {300, 100}, {80, 24}, {119, 35}, {100, 30}, {60, 20}, {40, 10}, {56, 14}};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        int w = sizes[k][0], h = sizes[k][1];
        for (int page = 1; page <= PAGE_COUNT; page++) {
            for (int hide = 0; hide < 2; hide++) {
                struct layout_place p[LAYOUT_MAX];
                struct rect body = {0, 1, w, h - 3};
                int n = layout_places(page, size_class_of(w, h), body, NULL, hide, p), area = 0;
                assert_in_range(n, 1, LAYOUT_MAX);
                for (int i = 0; i < n; i++) {
                    struct rect a = p[i].at;
                    assert_true(a.x >= 0 && a.y >= 1 && a.x + a.w <= w && a.y + a.h <= h - 2 && a.h >= 3);
                    area += a.w * a.h;
                    for (int j = 0; j < i; j++) {
                        struct rect b = p[j].at;
                        assert_true(a.x >= b.x + b.w || b.x >= a.x + a.w || a.y >= b.y + b.h || b.y >= a.y + a.h);
                    }
                }
                assert_int_equal(area, w * (h - 3));
            }
        }
    }
}

static void test_growing_keeps_everybody_alive(void **state) {
    (void)state;
    struct rng r;
    struct layout_place p[LAYOUT_MAX];
    struct rect body = {0, 2, 120, 36};
    rng_seed(&r, 2);
    int n = layout_places(1, SIZE_BIG, body, NULL, false, p);
    for (int i = 0; i < 3000; i++)
        layout_grow(p, n, (int)rng_below(&r, (uint64_t)n), rng_below(&r, 2) ? 1 : -1, body);
    int area = 0;
    for (int i = 0; i < n; i++) {
        assert_true(p[i].at.h >= 3);
        area += p[i].at.w * p[i].at.h;
    }
    assert_int_equal(area, 120 * 36);
    assert_int_equal(size_class_of(39, 40), SIZE_TINY);
    assert_int_equal(size_class_of(40, 10), SIZE_POCKET);
    assert_int_equal(size_class_of(80, 23), SIZE_POCKET);
    assert_int_equal(size_class_of(120, 35), SIZE_MID);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_editing), cmocka_unit_test(test_pasted_text_is_tamed), cmocka_unit_test(test_random_editing_stays_whole),
        cmocka_unit_test(test_places_fill_the_body_and_never_overlap), cmocka_unit_test(test_growing_keeps_everybody_alive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
