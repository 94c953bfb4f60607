/* Canvas: clipping, wide characters, ellipsis, boxes, bars, and the viewers' difference codec. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "turret/base/rng.h"
#include "turret/ui/canvas.h"

static void expect(const struct canvas *c, const char *text) {
    char *got = canvas_dump(c);
    assert_string_equal(got, text);
    free(got);
}

static void test_text_is_clipped_with_an_ellipsis(void **state) {
    (void)state;
    struct canvas c;
    canvas_init(&c, 8, 2);
    assert_int_equal(canvas_text(&c, 0, 0, 5, ROLE_TEXT, 0, "Fed cut"), 5);
    assert_int_equal(canvas_text(&c, 5, 1, 99, ROLE_TEXT, 0, "abc"), 3);
    expect(&c, "Fed …\n     abc");
    canvas_text(&c, -2, 0, 5, ROLE_TEXT, 0, "abcde"); /* left of the canvas: clipped */
    canvas_text(&c, 0, -1, 5, ROLE_TEXT, 0, "no");
    canvas_text(&c, 0, 2, 5, ROLE_TEXT, 0, "no");
    canvas_put(&c, 99, 99, 'x', ROLE_TEXT, 0);
    expect(&c, "cde …\n     abc");
    canvas_free(&c);
}

static void test_wide_characters_never_break(void **state) {
    (void)state;
    struct canvas c;
    canvas_init(&c, 6, 1);
    canvas_text(&c, 0, 0, 6, ROLE_TEXT, 0, "日本");
    assert_true(c.cells[1].flags & CELL_WIDE_TAIL);
    canvas_put(&c, 1, 0, 'x', ROLE_TEXT, 0); /* hits a tail: the head goes too */
    expect(&c, " x本");
    canvas_put(&c, 2, 0, 'y', ROLE_TEXT, 0); /* hits a head: the tail goes too */
    expect(&c, " xy");
    assert_int_equal(canvas_text(&c, 0, 0, 4, ROLE_TEXT, 0, "日本語"), 3); /* half a character is no room */
    expect(&c, "日…");
    canvas_put(&c, 5, 0, 0x65e5, ROLE_TEXT, 0); /* does not fit: blank */
    assert_int_equal(c.cells[5].cp, ' ');
    canvas_free(&c);
}

static void test_box_bar_and_right(void **state) {
    (void)state;
    struct canvas c;
    canvas_init(&c, 24, 3);
    canvas_box(&c, (struct rect){0, 0, 24, 3}, false, false, "BOOK", "tick 1c");
    canvas_right(&c, 1, 1, 6, ROLE_TEXT, 0, "1,240");
    canvas_bar(&c, 8, 1, 8, 5, 16, false, false, ROLE_BID_BAR);
    expect(&c, "┌─ BOOK ───── tick 1c ─┐\n│ 1,240 ██▌            │\n└──────────────────────┘");
    canvas_clear(&c, (struct rect){-5, -5, 99, 99}, ROLE_TEXT);
    canvas_box(&c, (struct rect){0, 0, 10, 3}, true, true, "A", NULL);
    canvas_bar(&c, 1, 1, 8, 1, 1000, true, true, ROLE_BID_BAR); /* little is not nothing */
    expect(&c, "#= A ====#\n|       #|\n#========#");
    canvas_free(&c);
}

static void scribble(struct rng *r, struct canvas *c, int n) {
    static const uint32_t cps[] = {'a', ' ', 0x2588, 0x65e5, 0x28ff, '9'};
    for (int i = 0; i < n; i++) {
        struct rect at = {(int)rng_below(r, 40) - 4, (int)rng_below(r, 14) - 2, (int)rng_below(r, 9), 1};
        canvas_fill(c, at, cps[rng_below(r, 6)], (enum role)rng_below(r, ROLE_COUNT), (unsigned)rng_below(r, 4));
    }
}

static void test_codec_round_trip(void **state) {
    (void)state;
    struct rng r;
    struct canvas a, b, shown;
    rng_seed(&r, 7);
    canvas_init(&a, 0, 0);
    canvas_init(&b, 36, 12);
    canvas_init(&shown, 3, 3);
    for (int round = 0; round < 300; round++) {
        if (round % 50 == 49)
            canvas_resize(&b, 20 + (int)rng_below(&r, 30), 5 + (int)rng_below(&r, 10));
        scribble(&r, &b, 6);
        b.cursor_x = (int)rng_below(&r, 20) - 1;
        size_t n = 0;
        uint8_t *bytes = canvas_encode(round ? &a : NULL, &b, &n);
        assert_true(canvas_decode(&shown, bytes, n));
        assert_int_equal(shown.w, b.w);
        assert_int_equal(shown.cursor_x, b.cursor_x);
        assert_memory_equal(shown.cells, b.cells, (size_t)(b.w * b.h) * sizeof *b.cells);
        free(bytes);
        canvas_resize(&a, b.w, b.h);
        memcpy(a.cells, b.cells, (size_t)(b.w * b.h) * sizeof *b.cells);
    }
    size_t n = 0;
    uint8_t *bytes = canvas_encode(&b, &b, &n);
    assert_in_range(n, 1, 16); /* nothing changed: only the head */
    free(bytes);
    canvas_free(&a);
    canvas_free(&b);
    canvas_free(&shown);
}

static void test_codec_refuses_damage(void **state) {
    (void)state;
    struct rng r;
    struct canvas a, shown;
    rng_seed(&r, 9);
    canvas_init(&a, 30, 9);
    scribble(&r, &a, 40);
    size_t n = 0;
    uint8_t *bytes = canvas_encode(NULL, &a, &n);
    canvas_init(&shown, 4, 4);
    for (size_t cut = 0; cut < 11; cut++)
        assert_false(canvas_decode(&shown, bytes, cut));
    for (int i = 0; i < 20000; i++) { /* never out of bounds, and never a control character */
        uint8_t *bad = malloc(n);
        memcpy(bad, bytes, n);
        for (int k = 0; k < 3; k++)
            bad[rng_below(&r, n)] = (uint8_t)rng_u64(&r);
        if (canvas_decode(&shown, bad, n))
            for (int k = 0; k < shown.w * shown.h; k++)
                assert_true(shown.cells[k].cp >= ' ' && shown.cells[k].cp != 0x7f && shown.cells[k].role < ROLE_COUNT);
        free(bad);
    }
    struct canvas other;
    canvas_init(&other, 5, 5);
    size_t m = 0;
    uint8_t *diff = canvas_encode(&a, &a, &m);
    assert_false(canvas_decode(&other, diff, m)); /* a difference for another size */
    assert_int_equal(other.w, 5);
    free(diff);
    free(bytes);
    canvas_free(&a);
    canvas_free(&shown);
    canvas_free(&other);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_is_clipped_with_an_ellipsis), cmocka_unit_test(test_wide_characters_never_break),
        cmocka_unit_test(test_box_bar_and_right), cmocka_unit_test(test_codec_round_trip), cmocka_unit_test(test_codec_refuses_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
