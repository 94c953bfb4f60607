/* The chart: range, steps, that values land where they belong in each style. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ui/chart.h"

#define MIN 60000000LL

static struct chart_point pts[100];
static struct canvas canvas;

static struct chart rising(int n, enum chart_style style) {
    for (int i = 0; i < n; i++)
        pts[i] = (struct chart_point){i * MIN, i * DEC_ONE, i * DEC_ONE + DEC_ONE / 2, i * DEC_ONE - DEC_ONE / 2,
                                      i * DEC_ONE};
    return (struct chart){.style = style, .points = pts, .n = n, .from_us = 0, .to_us = n * MIN, .line = ROLE_CHART};
}

static char *drawn(const struct chart *ch, int w, int h) {
    canvas_init(&canvas, w, h);
    chart_draw(&canvas, (struct rect){0, 0, w, h}, ch);
    char *text = canvas_dump(&canvas);
    canvas_free(&canvas);
    return text;
}

static void range_covers_what_is_shown(void **state) {
    (void)state;
    struct chart ch = rising(50, CHART_BRAILLE);
    int64_t low, high;
    assert_true(chart_range(&ch, &low, &high));
    assert_true(low < 0 && high > 49 * DEC_ONE && high < 60 * DEC_ONE);
    ch.from_us = 20 * MIN;
    assert_true(chart_range(&ch, &low, &high));
    assert_true(low > 15 * DEC_ONE);
    ch.from_us = 500 * MIN, ch.to_us = 600 * MIN;
    assert_false(chart_range(&ch, &low, &high));
}

static void a_flat_line_has_a_range(void **state) {
    (void)state;
    struct chart ch = rising(3, CHART_BRAILLE);
    for (int i = 0; i < 3; i++)
        pts[i].close = 5 * DEC_ONE;
    int64_t low, high;
    assert_true(chart_range(&ch, &low, &high));
    assert_true(low < 5 * DEC_ONE && high > 5 * DEC_ONE);
}

static void a_far_stop_does_not_flatten_the_curve(void **state) {
    (void)state;
    struct chart ch = rising(50, CHART_BRAILLE);
    const struct chart_level far = {-1000 * DEC_ONE, "stop", ROLE_WARN}, near = {-10 * DEC_ONE, "stop", ROLE_WARN};
    int64_t low, high;
    ch.levels = &far, ch.n_levels = 1;
    assert_true(chart_range(&ch, &low, &high) && low > -10 * DEC_ONE);
    ch.levels = &near;
    assert_true(chart_range(&ch, &low, &high) && low <= -10 * DEC_ONE);
}

static void steps_are_round_numbers(void **state) {
    (void)state;
    assert_int_equal(chart_step(100, 4), 50);
    assert_int_equal(chart_step(99, 10), 10);
    assert_int_equal(chart_step(0, 5), 1);
    const int64_t step = chart_step(INT64_MAX, 3);
    assert_true(step > 0 && INT64_MAX / step <= 3 * 100);
}

/* A rising line starts at the lower left and ends at the upper right. */
static void a_rising_line_rises(void **state) {
    (void)state;
    static const enum chart_style styles[] = {CHART_BRAILLE, CHART_ASCII, CHART_BLOCK};
    for (int i = 0; i < 3; i++) {
        const struct chart ch = rising(60, styles[i]);
        canvas_init(&canvas, 40, 12);
        chart_draw(&canvas, (struct rect){0, 0, 40, 12}, &ch);
        int first_x = -1, top_y = -1;
        for (int x = 0; x < 40 && first_x < 0; x++)
            for (int y = 0; y < 11; y++)
                if (canvas.cells[y * 40 + x].role == ROLE_CHART) {
                    assert_true(y >= 9);
                    first_x = x;
                    break;
                }
        for (int y = 0; y < 11 && top_y < 0; y++)
            for (int x = 0; x < 40; x++)
                if (canvas.cells[y * 40 + x].role == ROLE_CHART) {
                    assert_true(x >= 24);
                    top_y = y;
                    break;
                }
        assert_int_equal(first_x, 0);
        assert_true(top_y >= 0 && top_y <= 1);
        canvas_free(&canvas);
    }
}

static void candles_show_up_and_down_by_shape(void **state) {
    (void)state;
    struct chart ch = rising(2, CHART_ASCII);
    ch.kind = CHART_CANDLES;
    pts[0] = (struct chart_point){0, 10 * DEC_ONE, 22 * DEC_ONE, 8 * DEC_ONE, 20 * DEC_ONE};
    pts[1] = (struct chart_point){MIN, 20 * DEC_ONE, 22 * DEC_ONE, 8 * DEC_ONE, 10 * DEC_ONE};
    char *text = drawn(&ch, 40, 14);
    assert_non_null(strchr(text, '#'));
    assert_non_null(strchr(text, 'o'));
    assert_non_null(strchr(text, '|'));
    free(text);
}

static void hostile_sizes_draw_nothing_outside(void **state) {
    (void)state;
    const struct chart ch = rising(60, CHART_BRAILLE);
    for (int w = 0; w < 30; w += 3)
        for (int h = 0; h < 8; h++) {
            canvas_init(&canvas, 40, 12);
            chart_draw(&canvas, (struct rect){5, 2, w, h}, &ch);
            for (int y = 0; y < 12; y++)
                for (int x = 0; x < 40; x++)
                    if (x < 5 || x >= 5 + w || y < 2 || y >= 2 + h)
                        assert_true(canvas.cells[y * 40 + x].cp == ' ' || canvas.cells[y * 40 + x].cp == 0);
            canvas_free(&canvas);
        }
}

static void extreme_values_do_not_overflow(void **state) {
    (void)state;
    struct chart ch = rising(2, CHART_BRAILLE);
    pts[0].close = -4000000000000000000LL;
    pts[1].close = 4000000000000000000LL;
    char *text = drawn(&ch, 40, 10);
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(range_covers_what_is_shown),
        cmocka_unit_test(a_flat_line_has_a_range),
        cmocka_unit_test(a_far_stop_does_not_flatten_the_curve),
        cmocka_unit_test(steps_are_round_numbers),
        cmocka_unit_test(a_rising_line_rises),
        cmocka_unit_test(candles_show_up_and_down_by_shape),
        cmocka_unit_test(hostile_sizes_draw_nothing_outside),
        cmocka_unit_test(extreme_values_do_not_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
