/* Server-sent events cut at every byte, with every end of line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "turret/base/str.h"
#include "turret/io/sse.h"

struct heard { struct str all; int n, stop_at; };
static bool hear(void *ctx, const struct sse_event *ev) {
    struct heard *h = ctx;
    str_addf(&h->all, "%s|%s|%s;", ev->type, ev->data, ev->id);
    assert_int_equal(strlen(ev->data), ev->data_len);
    return ++h->n != h->stop_at;
}

static const char story[] = "\xEF\xBB\xBF: hello\n\nevent: tick\ndata: {\"a\":1}\n\ndata:first\ndata:  second\ndata\n\n: ping\ndata: \xE2\x82\xAC \xF0\x9F\x98\x80\nid: 7\nretry: 5\nother: x\n\nevent: none\n\ndata: last\n\ndata: unfinished\n";
static const char told[] = "tick|{\"a\":1}|;message|first\n second\n|;message|\xE2\x82\xAC \xF0\x9F\x98\x80|7;message|last|7;";

/* The story with its line ends as given. */
static char *with_ends(const char *end) {
    struct str s = {0};
    for (const char *p = story; *p; p++) {
        if (*p == '\n')
            str_add(&s, end);
        else
            str_addc(&s, *p);
    }
    return s.p;
}

static void every_line_end_cut_at_every_byte(void **state) {
    (void)state;
    static const char *const ends[] = {"\n", "\r", "\r\n"};
    for (size_t e = 0; e < 3; e++) {
        char *text = with_ends(ends[e]);
        size_t n = strlen(text);
        for (size_t cut = 0; cut <= n; cut++) {
            struct heard h = {0};
            struct sse *s = sse_new(1000, hear, &h);
            assert_true(sse_feed(s, text, cut));
            assert_true(sse_feed(s, text + cut, n - cut));
            assert_string_equal(h.all.p, told);
            sse_free(s);
            str_free(&h.all);
        }
        struct heard h = {0};
        struct sse *s = sse_new(1000, hear, &h);
        for (size_t i = 0; i < n; i++)
            assert_true(sse_feed(s, text + i, 1));
        assert_string_equal(h.all.p, told);
        sse_free(s);
        str_free(&h.all);
        free(text);
    }
}

static void too_long_is_an_error(void **state) {
    (void)state;
    char line[400];
    memset(line, 'x', sizeof line);
    memcpy(line, "data: ", 6);
    for (size_t step = 1; step <= sizeof line; step *= 20) {
        struct heard h = {0};
        struct sse *s = sse_new(100, hear, &h);
        bool ok = true;
        for (size_t at = 0; at < sizeof line && ok; at += step)
            ok = sse_feed(s, line + at, at + step > sizeof line ? sizeof line - at : step);
        assert_false(ok);
        assert_false(sse_feed(s, "\n\n", 2)); /* it stays broken */
        assert_int_equal(h.n, 0);
        sse_free(s);
    }
    struct heard h = {0};
    struct sse *s = sse_new(100, hear, &h);
    bool ok = true;
    for (int i = 0; i < 30 && ok; i++)
        ok = sse_feed(s, "data: 12345\n", 12); /* many lines of one event */
    assert_false(ok);
    sse_free(s);
    s = sse_new(5, hear, &h);
    assert_true(sse_feed(s, "data: 12345\n\n", 13)); /* just fits */
    assert_int_equal(h.n, 1);
    sse_free(s);
    str_free(&h.all);
}

static void the_listener_may_stop_it(void **state) {
    (void)state;
    struct heard h = {.stop_at = 2};
    struct sse *s = sse_new(100, hear, &h);
    assert_false(sse_feed(s, "data: 1\n\ndata: 2\n\ndata: 3\n\n", 27));
    assert_int_equal(h.n, 2);
    sse_free(s);
    str_free(&h.all);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_line_end_cut_at_every_byte), cmocka_unit_test(too_long_is_an_error), cmocka_unit_test(the_listener_may_stop_it)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
