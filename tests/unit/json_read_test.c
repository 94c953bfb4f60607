/* The reader without a tree: it takes what the tree's parse takes and nothing else, and hands out the pieces as they stand. */
#include "turret/base/json_read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "turret/base/json.h"

static bool takes(const char *text, size_t len) {
    struct json_reader r;
    json_reader_init(&r, text, len);
    return json_skip(&r) && json_done(&r);
}

static bool tree_takes(const char *text, size_t len) {
    struct json_err err;
    struct cJSON *doc = NULL;
    bool ok = json_parse(text, len, 1 << 20, &doc, &err);
    json_free(doc);
    return ok;
}

static void it_takes_what_the_tree_takes(void **state) {
    (void)state;
    static const char *const good[] = {"{}", "[]", " [ ] \n", "1", "-0.5e+3", "\"\"", "null", "true", "[1,\"a\",{\"k\":[false,null]}]", "{\"a\":{},\"b\":[[],[]]}\n", "\"\\u00e9\\n\\/\"", "\"\\ud83d\\ude00\""};
    static const char *const bad[] = {"",     " ",      "{",         "[1,2",  "{} x", "{}{}",  "1 2",    "[01]",   "[1.]",  "[.5]",  "[+1]",     "[1e]",  "[-]",         "[0x1]",
                                      "[NaN]", "nul",   "{\"a\":1,}", "[1,]",  "[,1]", "{,}",   "\"open", "\"\x01\"", "]",     "{a:1}", "[1}",      "{\"a\" 1}", "\"a\\u0000b\"", "\"\\q\"",
                                      "\"\\u12\"", "[1 2]", "{\"a\":}",  "{\"a\"}", "tru", "\"\\ud83d\"", "\"\\udc00\"", "\"\\ud83d\\u0041\"",  "[[1]", "truex"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(takes(good[i], strlen(good[i])));
        assert_true(tree_takes(good[i], strlen(good[i])));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (takes(bad[i], strlen(bad[i])))
            fail_msg("taken: %s", bad[i]);
}

static void depth_is_bounded(void **state) {
    (void)state;
    char deep[200];
    memset(deep, '[', 100);
    memset(deep + 100, ']', 100);
    assert_false(takes(deep, 200));
    assert_true(takes(deep + 100 - JSON_DEPTH_MAX, 2 * JSON_DEPTH_MAX));
    assert_false(takes(deep + 99 - JSON_DEPTH_MAX, 2 * JSON_DEPTH_MAX + 2));
}

static void pieces_come_as_they_stand(void **state) {
    (void)state;
    static const char text[] = "{\"a\": [1, \"x\\\"y\", {\"deep\": 1}], \"price\":\".48\" ,\"n\":-1.50}";
    struct json_reader r;
    struct json_text key, v;
    enum json_kind kind;
    json_reader_init(&r, text, sizeof text - 1);
    assert_true(json_enter(&r, JSON_KIND_OBJECT));
    assert_true(json_member(&r, &key) && JSON_IS(&key, "a"));
    assert_true(json_enter(&r, JSON_KIND_ARRAY));
    assert_true(json_element(&r) && json_value(&r, &kind, &v) && kind == JSON_KIND_NUMBER && JSON_IS(&v, "1"));
    assert_true(json_element(&r) && json_value(&r, &kind, &v) && kind == JSON_KIND_STRING && v.escaped && v.len == 4);
    assert_false(JSON_IS(&v, "x\\\"y")); /* escapes: not the text it stands for */
    assert_true(json_element(&r) && json_value(&r, &kind, &v) && kind == JSON_KIND_OBJECT && JSON_IS(&v, "{\"deep\": 1}"));
    assert_false(json_element(&r));
    assert_true(json_member(&r, &key) && JSON_IS(&key, "price") && json_value(&r, &kind, &v) && JSON_IS(&v, ".48"));
    assert_true(json_member(&r, &key) && JSON_IS(&key, "n") && json_value(&r, &kind, &v) && JSON_IS(&v, "-1.50"));
    assert_false(json_member(&r, &key));
    assert_null(r.what);
    assert_true(json_done(&r));
}

/* Every way to cut a document is an error, at no byte a crash or a wrong yes. */
static void every_cut_is_seen(void **state) {
    (void)state;
    static const char text[] = "[{\"event_type\":\"book\",\"bids\":[{\"price\":\"0.5\",\"size\":\"1\\u00e9\"}],\"x\":-1.5e3,\"t\":true,\"n\":null}]";
    for (size_t n = 0; n < sizeof text - 1; n++)
        assert_false(takes(text, n));
    assert_true(takes(text, sizeof text - 1));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_takes_what_the_tree_takes),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(pieces_come_as_they_stand),
        cmocka_unit_test(every_cut_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
