/* JSON from outside: what cJSON alone would let through, exact decimals, and errors that name their place. */
#include "turret/base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static struct json_err err;
static struct cJSON *doc;

static struct json parsed(const char *text) {
    assert_true(json_parse(text, strlen(text), 4096, &doc, &err));
    return json_root(doc, &err);
}
static void fails(const char *what) {
    assert_true(err.set);
    assert_string_equal(err.text, what);
    json_free(doc);
    doc = NULL;
}

static void the_parse_is_strict(void **state) {
    (void)state;
    static const char *const bad[] = {
        "", " ", "{", "[1,2", "{} x", "{}{}", "1 2", "[01]", "[1.]", "[.5]", "[+1]", "[1e]", "[-]", "[--1]", "[0x1]", "[NaN]", "nul", "{\"a\":1,}",
        "\"a\\u0000b\"", "\"\x01\"", "\"open", "\"esc\\", "]", "{\"a\":}", "{a:1}", "[1}", "'a'", "\"a\nb\"", "\xef\xbb\xbf{}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(json_parse(bad[i], strlen(bad[i]), 4096, &doc, &err));
        assert_null(doc);
        assert_true(err.set && err.text[0]);
    }
    assert_false(json_parse("{}\0", 3, 4096, &doc, &err));
    assert_false(json_parse("[1,2,3]", 7, 6, &doc, &err));
    assert_string_equal(err.text, "document too long");
    char deep[200];
    memset(deep, '[', 100);
    memset(deep + 100, ']', 100);
    assert_false(json_parse(deep, 200, 4096, &doc, &err));
    assert_string_equal(err.text, "nested too deeply");
    assert_true(json_parse(deep + 100 - JSON_DEPTH_MAX, 2 * JSON_DEPTH_MAX, 4096, &doc, &err));
    json_free(doc);
    assert_true(json_parse(" -1.5e-3 \n", 10, 4096, &doc, &err));
    json_free(doc);
}

static void decimals_are_exact_or_refused(void **state) {
    (void)state;
    int64_t v = -1;
    struct json root = parsed("{\"a\":\"0.29\",\"b\":0.29,\"c\":999999999.999999,\"d\":-3,\"e\":\"123456789012.345678\",\"n\":null}");
    assert_true(json_get_dec(&root, "a", JSON_REQUIRED, &v) && v == 290000);
    assert_true(json_get_dec(&root, "b", JSON_REQUIRED, &v) && v == 290000);
    assert_true(json_get_dec(&root, "c", JSON_REQUIRED, &v) && v == 999999999999999);
    assert_true(json_get_dec(&root, "d", JSON_REQUIRED, &v) && v == -3000000);
    assert_true(json_get_dec(&root, "e", JSON_REQUIRED, &v) && v == 123456789012345678);
    v = 7;
    assert_true(json_get_dec(&root, "n", JSON_OPTIONAL, &v) && v == 7);
    assert_true(json_get_dec(&root, "zz", JSON_OPTIONAL, &v) && v == 7);
    assert_false(err.set);
    assert_false(json_get_dec(&root, "n", JSON_REQUIRED, &v));
    fails("n: missing");
    static const char *const bad[] = {"{\"p\":1e999}", "{\"p\":-1e999}", "{\"p\":1000000000}", "{\"p\":0.1234567}", "{\"p\":1e-7}", "{\"p\":\"1e3\"}",
                                      "{\"p\":\"NaN\"}", "{\"p\":\"\"}", "{\"p\":true}", "{\"p\":[1]}", "{\"P\":1}", "{\"p\":1,\"p\":2}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        root = parsed(bad[i]);
        v = 7;
        assert_false(json_get_dec(&root, "p", JSON_REQUIRED, &v));
        assert_true(err.set && v == 7 && strncmp(err.text, "p: ", 3) == 0);
        json_free(doc);
    }
}

static void whole_numbers_keep_their_range(void **state) {
    (void)state;
    int64_t v = 0;
    struct json root = parsed("{\"a\":\"9007199254740993\",\"b\":9007199254740993,\"c\":1.5,\"d\":12,\"e\":\"-9223372036854775808\",\"f\":\"9223372036854775808\"}");
    assert_true(json_get_int(&root, "a", JSON_REQUIRED, INT64_MIN, INT64_MAX, &v) && v == 9007199254740993);
    assert_true(json_get_int(&root, "d", JSON_REQUIRED, 0, 12, &v) && v == 12);
    assert_true(json_get_int(&root, "e", JSON_REQUIRED, INT64_MIN, INT64_MAX, &v) && v == INT64_MIN);
    assert_false(err.set);
    assert_false(json_get_int(&root, "d", JSON_REQUIRED, 0, 11, &v));
    assert_string_equal(err.text, "d: out of range");
    assert_false(json_get_int(&root, "c", JSON_REQUIRED, 0, 9, &v));
    assert_false(json_get_int(&root, "f", JSON_REQUIRED, INT64_MIN, INT64_MAX, &v));
    assert_string_equal(err.text, "d: out of range"); /* the first error stays */
    json_free(doc);
}

static void an_error_names_its_path(void **state) {
    (void)state;
    int64_t v;
    struct json list, root = parsed("{\"book\":{\"orders\":[{\"px\":\"1\"},{\"px\":\"x\\u001b[2J\"}]}}");
    struct json book;
    assert_true(json_get_object(&root, "book", JSON_REQUIRED, &book));
    assert_true(json_get_array(&book, "orders", JSON_REQUIRED, &list));
    assert_int_equal(json_count(&list), 2);
    int good = 0;
    for (struct json it = json_first(&list); it.node; it = json_next(&it))
        good += json_get_dec(&it, "px", JSON_REQUIRED, &v);
    assert_int_equal(good, 1);
    fails("book.orders[1].px: not a decimal number of at most six fraction digits");
    root = parsed("[1,\"a\",{}]");
    struct json it = json_first(&root);
    assert_true(json_as_int(&it, 0, 9, &v) && v == 1);
    it = json_next(&it);
    assert_false(json_as_int(&it, 0, 9, &v));
    fails("[1]: not a whole number");
}

static void strings_choices_and_flags(void **state) {
    (void)state;
    static const char *const sides[] = {"buy", "sell"};
    char title[8] = "";
    const char *raw;
    int side = -1;
    bool yes = false;
    struct json gone, root = parsed("{\"t\":\"a\\u001b[31mbcdefgh\",\"s\":\"sell\",\"y\":true,\"o\":5}");
    assert_true(json_get_text(&root, "t", JSON_REQUIRED, title, sizeof title));
    assert_string_equal(title, "a[31mbc");
    assert_true(json_get_str(&root, "t", JSON_REQUIRED, &raw) && raw[1] == 033);
    assert_true(json_get_choice(&root, "s", JSON_REQUIRED, sides, 2, &side) && side == 1);
    assert_true(json_get_bool(&root, "y", JSON_REQUIRED, &yes) && yes);
    assert_true(json_get_object(&root, "none", JSON_OPTIONAL, &gone));
    assert_null(gone.node);
    assert_false(json_get_bool(&gone, "x", JSON_OPTIONAL, &yes)); /* nothing there: false, and no error of its own */
    assert_false(err.set);
    assert_false(json_get_choice(&root, "t", JSON_REQUIRED, sides, 2, &side));
    assert_false(json_get_object(&root, "o", JSON_REQUIRED, &gone));
    assert_false(json_get_bool(&root, "o", JSON_REQUIRED, &yes));
    fails("t: not one of the known values");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_parse_is_strict),     cmocka_unit_test(decimals_are_exact_or_refused), cmocka_unit_test(whole_numbers_keep_their_range),
        cmocka_unit_test(an_error_names_its_path), cmocka_unit_test(strings_choices_and_flags),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
