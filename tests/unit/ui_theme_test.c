/* Themes: every shipped one loads and can be read, fall-backs by depth, errors with file and line; key files likewise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "turret/ui/keymap.h"
#include "turret/ui/theme.h"

static char path[64];

static const char *file_with(const char *text) {
    snprintf(path, sizeof path, "/tmp/turret-ui-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (long)strlen(text));
    close(fd);
    return path;
}

static void test_shipped_themes_load_and_pass_the_check(void **state) {
    (void)state;
    int n = 0;
    for (const char *name; (name = theme_name_at(n)); n++) {
        char copy[THEME_NAME_MAX], text[200];
        struct theme t;
        snprintf(copy, sizeof copy, "%s", name);
        assert_int_equal(theme_load(copy, &t, text, sizeof text), ERR_OK);
        int bad = 0;
        char *lines = theme_check(&t, &bad);
        if (bad)
            print_error("%s:\n%s", copy, lines);
        assert_int_equal(bad, 0);
        free(lines);
        for (int r = 0; r < ROLE_COUNT; r++) /* text never sits on a painted background */
            if (r < ROLE_PAPER || r > ROLE_HALT)
                assert_int_equal(theme_pick(&t.role[r].bg, DEPTH_256), -1);
    }
    assert_true(n >= 5);
}

static void test_roles_inherit_and_fall_back(void **state) {
    (void)state;
    struct theme t;
    char text[200];
    const char *p = file_with("base = okabe\n[palette]\nup = #102030, 200, bright-green\n[role]\nalert = up on #ffffff +underline\n");
    assert_int_equal(theme_load(p, &t, text, sizeof text), ERR_OK);
    assert_int_equal(theme_pick(&t.role[ROLE_BUY].fg, DEPTH_TRUE), 0x1102030); /* side.buy = up, from the base's base */
    assert_int_equal(theme_pick(&t.role[ROLE_BUY].fg, DEPTH_256), 200);
    assert_int_equal(theme_pick(&t.role[ROLE_BUY].fg, DEPTH_16), 10);
    assert_int_equal(theme_pick(&t.role[ROLE_BUY].fg, DEPTH_8), 2);
    assert_int_equal(theme_pick(&t.role[ROLE_BUY].fg, DEPTH_MONO), -1);
    assert_int_equal(theme_pick(&t.role[ROLE_ALERT].bg, DEPTH_256), 231);
    assert_int_equal(t.role[ROLE_ALERT].attrs, ATTR_UNDERLINE);
    unlink(p);
}

static void test_theme_errors_name_file_and_line(void **state) {
    (void)state;
    static const struct { const char *text, *line, *says; } cases[] = {
        {"[role]\nup = grene\n", ":2:", "did you mean \"green\""},
        {"\n[role]\nbadge.pape = red\n", ":3:", "did you mean \"badge.paper\""},
        {"[role]\nup = red +bolt\n", ":2:", "+bolt"},
        {"[palette]\nx = #12345\n", ":2:", "#12345"},
        {"[palete]\nx = 3\n", ":2:", "did you mean \"palette\""},
        {"nonsense\n", ":1:", "name = value"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct theme t;
        char text[200];
        const char *p = file_with(cases[i].text);
        assert_int_equal(theme_load(p, &t, text, sizeof text), ERR_CONFIG);
        assert_non_null(strstr(text, p));
        assert_non_null(strstr(text, cases[i].line));
        assert_non_null(strstr(text, cases[i].says));
        assert_true(t.role[ROLE_STRONG].attrs & ATTR_BOLD); /* the default is in use */
        unlink(p);
    }
    struct theme t;
    char text[200];
    assert_int_equal(theme_load("okbae", &t, text, sizeof text), ERR_NOT_FOUND);
    assert_non_null(strstr(text, "okabe"));
}

static void test_check_finds_what_cannot_be_read(void **state) {
    (void)state;
    struct theme t;
    char text[200];
    int bad = 0;
    const char *p = file_with("variant = light\n[role]\ntext = #eeeeee\nup = #8c9070\ndown = #a48870\n");
    assert_int_equal(theme_load(p, &t, text, sizeof text), ERR_OK);
    char *lines = theme_check(&t, &bad);
    assert_non_null(strstr(lines, "text: contrast"));
    assert_non_null(strstr(lines, "up and down are hard to tell apart"));
    assert_true(bad >= 2);
    free(lines);
    unlink(p);
}

static void test_keys_parse_and_print(void **state) {
    (void)state;
    struct keymap *k = keymap_new();
    char buf[64];
    uint32_t key = 0;
    assert_int_equal(keymap_find(k, 'x'), ACT_CLOSE);
    assert_int_equal(keymap_find(k, KEYS_DOWN), ACT_NEXT_ROW);
    assert_int_equal(keymap_find(k, 4), ACT_HALF_DOWN);
    assert_int_equal(keymap_find(k, 0), ACTION_NONE);
    keymap_keys(k, ACT_NEXT_ROW, buf, sizeof buf);
    assert_string_equal(buf, "j, Down");
    for (int a = 1; a < ACT_COUNT; a++) { /* no two actions share a default key */
        keymap_keys(k, (enum action)a, buf, sizeof buf);
        assert_true(buf[0] != '\0');
    }
    assert_true(key_parse("Ctrl-X", &key) && key == 24);
    assert_true(key_parse("ä", &key) && key == 0xe4);
    assert_false(key_parse("xy", &key));
    assert_false(key_parse("^1", &key));
    keymap_free(k);
}

static void test_key_file_rebinds_and_refuses(void **state) {
    (void)state;
    static const struct { const char *text, *says; } cases[] = {
        {"[keys]\nclose = enter\n", ":2: close concerns money"},
        {"[keys]\nclose = ^x\n", ":2: close concerns money"},
        {"[keys]\nclosee = x\n", ":2: no action \"closee\", did you mean \"close\"?"},
        {"[keys]\nzoom = f13\n", "no key \"f13\""},
        {"[keys]\nzoom = Q\nlog = Q\n", ":3: \"Q\" is already zoom (line 2)"},
        {"[kees]\nzoom = Q\n", "[kees]"},
        {"[keys]\nback = w\n", "Esc must keep"},
    };
    struct keymap *k = keymap_new();
    char text[300];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *p = file_with(cases[i].text);
        assert_int_equal(keymap_load(k, p, text, sizeof text), ERR_CONFIG);
        assert_non_null(strstr(text, cases[i].says));
        assert_int_equal(keymap_find(k, 'z'), ACT_ZOOM); /* nothing of a bad file counts */
        unlink(p);
    }
    const char *p = file_with("; mine\n[keys]\nzoom = Z ^o\nopen = enter z\n");
    assert_int_equal(keymap_load(k, p, text, sizeof text), ERR_OK);
    assert_int_equal(keymap_find(k, 'Z'), ACT_ZOOM);
    assert_int_equal(keymap_find(k, 15), ACT_ZOOM);
    assert_int_equal(keymap_find(k, 'z'), ACT_OPEN);
    unlink(p);
    keymap_free(k);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shipped_themes_load_and_pass_the_check), cmocka_unit_test(test_roles_inherit_and_fall_back),
        cmocka_unit_test(test_theme_errors_name_file_and_line), cmocka_unit_test(test_check_finds_what_cannot_be_read),
        cmocka_unit_test(test_keys_parse_and_print), cmocka_unit_test(test_key_file_rebinds_and_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
