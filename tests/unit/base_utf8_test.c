/* Hostile text: what sanitising lets through can do nothing to a terminal, a log or a prompt, and its width is known. */
#include "turret/base/rng.h"
#include "turret/base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define CLEAN(raw, expected)                                              \
    do {                                                                  \
        char out_[256];                                                   \
        size_t n_ = utf8_sanitise(out_, sizeof out_, raw, sizeof raw - 1); \
        assert_string_equal(out_, expected);                              \
        assert_int_equal(n_, strlen(expected));                           \
    } while (0)

static void escape_sequences_lose_their_teeth(void **state) {
    (void)state;
    CLEAN("plain text", "plain text");
    CLEAN("\033[31mred\033[0m", "[31mred[0m");
    CLEAN("\033]52;c;cm0gLXJm\007x", "]52;c;cm0gLXJmx"); /* OSC 52 writes the clipboard */
    CLEAN("\033]0;title\033\\x", "]0;title\\x");
    CLEAN("\xc2\x9b" "31m", "31m");  /* C1 CSI as UTF-8 */
    CLEAN("\x9b" "31m", "\xef\xbf\xbd" "31m"); /* and as a bare byte */
    CLEAN("a\x7f\x08\x00z", "az");
    CLEAN("one\ntwo\r\nthree\tfour\xc2\x85" "five\xe2\x80\xa8six", "one two three four five six");
}

static void bidi_and_invisible_characters_go(void **state) {
    (void)state;
    CLEAN("abc\xe2\x80\xae" "cba\xe2\x81\xa6x\xe2\x81\xa9", "abccbax");        /* U+202E, U+2066, U+2069 */
    CLEAN("a\xe2\x80\x8b" "b\xe2\x80\x8d" "c\xef\xbb\xbf" "d\xc2\xad" "e", "abcde"); /* ZWSP, ZWJ, BOM, soft hyphen */
    CLEAN("x\xf3\xa0\x81\x81y", "xy");                                            /* tag character */
    CLEAN("\xe2\x9d\xa4\xef\xb8\x8f", "\xe2\x9d\xa4");                            /* variation selector: width lies */
    CLEAN("a\xee\x80\x80" "b", "ab");                                             /* private use */
}

static void broken_bytes_are_replaced(void **state) {
    (void)state;
    CLEAN("a\xff" "b", "a\xef\xbf\xbd" "b");
    CLEAN("\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd");                     /* overlong / */
    CLEAN("\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");     /* surrogate */
    CLEAN("\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    CLEAN("x\xe2\x82", "x\xef\xbf\xbd\xef\xbf\xbd");                   /* cut off */
}

static void combining_marks_do_not_pile_up(void **state) {
    (void)state;
    char raw[256] = "", out[256];
    for (int i = 0; i < 60; i++)
        strcat(raw, i ? "\xcc\x81" : "e");
    assert_int_equal(utf8_sanitise(out, sizeof out, raw, strlen(raw)), 1 + 3 * 2);
    CLEAN("\xcc\x81x", "x"); /* a mark without a base */
    assert_int_equal(utf8_str_width(out), 1);
}

static void length_is_capped_at_a_character(void **state) {
    (void)state;
    char raw[4096], out[10];
    for (size_t i = 0; i + 3 <= sizeof raw; i += 3)
        memcpy(raw + i, "\xe4\xb8\xad", 3);
    assert_int_equal(utf8_sanitise(out, sizeof out, raw, 4095), 9);
    assert_int_equal(utf8_sanitise(out, 9, raw, 4095), 6);
    assert_int_equal(utf8_sanitise(out, 1, raw, 4095), 0);
    assert_int_equal(out[0], 0);
    int used;
    utf8_sanitise(out, sizeof out, raw, 4095);
    assert_int_equal(utf8_clip(out, 5, &used), 6); /* half of a wide character does not fit */
    assert_int_equal(used, 4);
}

static void in_place_equals_out_of_place(void **state) {
    (void)state;
    struct rng r;
    rng_seed(&r, 9);
    for (int i = 0; i < 5000; i++) {
        char raw[65], copy[65], out[65];
        size_t n = (size_t)rng_below(&r, 64);
        for (size_t k = 0; k < n; k++)
            raw[k] = rng_below(&r, 3) ? (char)rng_below(&r, 256) : "\xe2\x80\xf0\x9f\x1b["[rng_below(&r, 6)];
        memcpy(copy, raw, n);
        size_t a = utf8_sanitise(out, sizeof out, raw, n), b = utf8_sanitise(copy, sizeof copy, copy, n);
        assert_int_equal(a, b);
        assert_memory_equal(out, copy, a + 1);
        /* clean text stays as it is, and each of its characters has a width */
        char again[65];
        assert_int_equal(utf8_sanitise(again, sizeof again, out, a), a);
        assert_memory_equal(again, out, a);
        for (size_t at = 0; at < a;) {
            int len;
            assert_true(utf8_width(utf8_decode(out + at, a - at, &len)) >= 0);
            at += (size_t)len;
        }
    }
}

static void widths_are_those_of_terminals(void **state) {
    (void)state;
    static const struct { uint32_t cp; int width; } rows[] = {
        {'a', 1}, {' ', 1}, {0x1b, -1}, {0x7f, -1}, {0x9b, -1}, {0xe9, 1}, {0x301, 0}, {0x4e2d, 2}, {0xac00, 2}, {0xff21, 2}, {0x1f600, 2},
        {0x2588, 1}, {0x28ff, 1}, {0x2502, 1}, {0x25b2, 1}, {0x200b, -1}, {0x202e, -1}, {0xe000, -1}, {0xd800, -1}, {0x10ffff, -1}, {0x110000, -1}, {0x378, -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(utf8_width(rows[i].cp), rows[i].width);
}

static void every_code_point_survives_encoding(void **state) {
    (void)state;
    for (uint32_t cp = 0; cp <= 0x10FFFF; cp++) {
        char b[4];
        int len;
        size_t n = utf8_encode(cp, b);
        bool surrogate = cp >= 0xD800 && cp <= 0xDFFF;
        assert_true(utf8_decode(b, n, &len) == (surrogate ? 0xFFFD : cp));
        assert_int_equal(len, n);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(escape_sequences_lose_their_teeth), cmocka_unit_test(bidi_and_invisible_characters_go),
        cmocka_unit_test(broken_bytes_are_replaced),         cmocka_unit_test(combining_marks_do_not_pile_up),
        cmocka_unit_test(length_is_capped_at_a_character),   cmocka_unit_test(in_place_equals_out_of_place),
        cmocka_unit_test(widths_are_those_of_terminals),     cmocka_unit_test(every_code_point_survives_encoding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
