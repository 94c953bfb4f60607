/* The list: which columns fit, and an order that keeps still under the eye. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/fake_view.h"
#include "ui/list.h"

static bool fits(const char *key, int width) {
    static struct list l;
    struct list_column cols[LIST_COLUMNS];
    const int n = list_fit(column_table("positions"), &l, width, cols);
    for (int i = 0; i < n; i++)
        if (!strcmp(cols[i].col->key, key))
            return true;
    return false;
}

static void narrow_panes_drop_what_matters_least(void **state) {
    (void)state;
    assert_true(fits("age_seconds", 160));
    assert_false(fits("age_seconds", 90));
    assert_true(fits("entry_price", 90));
    assert_false(fits("entry_price", 45));
    for (int width = 1; width < 200; width++) /* never: what is traded, which way, how much, and the P&L */
        assert_true(fits("market", width) && fits("side", width) && fits("size", width) &&
                    fits("unrealized_pnl", width));
}

static void columns_only_grow_with_the_width(void **state) {
    (void)state;
    static struct list l;
    struct list_column cols[LIST_COLUMNS];
    int before = 0;
    for (int width = 20; width < 250; width++) {
        const int n = list_fit(column_table("positions"), &l, width, cols);
        assert_true(n >= before);
        before = n;
    }
}

static void chosen_columns_are_shown_in_table_order(void **state) {
    (void)state;
    static struct list l;
    struct list_column cols[LIST_COLUMNS];
    strcpy(l.columns[0], "close_trigger");
    strcpy(l.columns[1], "market");
    l.n_columns = 2;
    assert_int_equal(list_fit(column_table("positions"), &l, 80, cols), 2);
    assert_string_equal(cols[0].col->key, "market");
    assert_string_equal(cols[1].col->key, "close_trigger");
    l.n_columns = 0;
}

static void known_rows_keep_their_places_and_new_ones_come_last(void **state) {
    (void)state;
    const uint64_t shown[] = {30, 10, 20}, now[] = {10, 20, 40, 30};
    int at[4];
    list_keep_order(shown, 3, now, 4, at);
    assert_int_equal(now[at[0]], 30);
    assert_int_equal(now[at[1]], 10);
    assert_int_equal(now[at[2]], 20);
    assert_int_equal(now[at[3]], 40);
    const uint64_t fewer[] = {20, 30};
    list_keep_order(shown, 3, fewer, 2, at);
    assert_int_equal(fewer[at[0]], 30);
    assert_int_equal(fewer[at[1]], 20);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(narrow_panes_drop_what_matters_least),
        cmocka_unit_test(columns_only_grow_with_the_width),
        cmocka_unit_test(chosen_columns_are_shown_in_table_order),
        cmocka_unit_test(known_rows_keep_their_places_and_new_ones_come_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
