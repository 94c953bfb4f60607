/* Settings: ranges, did-you-mean with line numbers, precedence, all-or-nothing reading. Secrets: refused when others may read them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "turret/app/config.h"
#include "turret/io/secret.h"

static char dir[] = "/tmp/turret-config-XXXXXX", path[64], text[1400];

static void put(const char *content) {
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(content, f);
    fclose(f);
}

static enum err load(const char *content, struct config *c) {
    put(content);
    text[0] = 0;
    return config_load(c, path, text, sizeof text);
}

static void defaults_are_the_documented_ones(void **state) {
    struct config *c = config_new();
    struct risk_limits def, got;
    (void)state;
    risk_limits_default(&def);
    config_risk(c, &got);
    assert_memory_equal(&def, &got, sizeof def);
    assert_int_equal(config_num(c, "sim", "latency_min"), 40000);
    assert_int_equal(config_num(c, "sim", "initial_cash"), 10000 * DEC_ONE);
    config_free(c);
}

static void wrong_key_names_line_and_neighbour(void **state) {
    struct config *c = config_new();
    (void)state;
    assert_int_equal(load("# a comment\n[sim]\n\nlatency_mim = 10ms\n", c), ERR_CONFIG);
    assert_non_null(strstr(text, ":4: "));
    assert_non_null(strstr(text, "did you mean 'latency_min'?"));
    assert_int_equal(load("[simm]\nlatency_min = 10ms\n", c), ERR_CONFIG);
    assert_non_null(strstr(text, "did you mean [sim]?"));
    assert_int_equal(load("[ui]\nmax_open_orders = 3\n", c), ERR_CONFIG);
    assert_non_null(strstr(text, "did you mean it in [risk]?"));
    config_free(c);
}

static void wrong_values_are_refused_and_change_nothing(void **state) {
    static const char *const bad[] = {
        "[sim]\nlatency_min = -4ms\n", "[sim]\nlatency_min = fast\n", "[sim]\ninitial_cash = 1e9\n", "[sim]\ninitial_cash = 0\n",
        "[sim]\nslippage_max_bps = 1001\n", "[engine]\nexit_trigger = bid\n", "[risk]\nmax_open_orders = many\n", "[risk]\nmax_open_orders = 12x\n",
        "[sim]\nlatency_min = 300ms\n" /* above latency_max */, "[sim]\nlatency_min\n", "[sim\nlatency_min = 1ms\n"};
    struct config *c = config_new();
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(load(bad[i], c), ERR_CONFIG);
        assert_true(text[0] != 0);
    }
    assert_int_equal(load("[sim]\nlatency_min = 1ms\nslippage_max_bps = x\n", c), ERR_CONFIG);
    assert_int_equal(config_num(c, "sim", "latency_min"), 40000); /* the good line of a bad file does not count */
    config_free(c);
}

static void flag_beats_environment_beats_file(void **state) {
    struct config *c = config_new();
    char origin[256];
    int row = -1;
    (void)state;
    for (int i = 0; i < config_setting_count(); i++)
        if (!strcmp(config_setting(i)->key, "theme"))
            row = i;
    assert_int_equal(load("[ui]\ntheme = mono\n", c), ERR_OK);
    config_origin(c, row, origin, sizeof origin);
    assert_non_null(strstr(origin, ":2"));
    setenv("TURRET_UI_THEME", "light", 1);
    assert_int_equal(config_env(c, text, sizeof text), ERR_OK);
    assert_string_equal(config_text(c, "ui", "theme"), "light");
    assert_int_equal(config_set(c, "ui", "theme", "amber", ORIGIN_FLAG, text, sizeof text), ERR_OK);
    assert_int_equal(load("[ui]\ntheme = mono\n", c), ERR_OK); /* read again: the flag stays */
    assert_int_equal(config_env(c, text, sizeof text), ERR_OK);
    assert_string_equal(config_text(c, "ui", "theme"), "amber");
    unsetenv("TURRET_UI_THEME");
    setenv("TURRET_RISK_MAX_OPEN_ORDERS", "lots", 1);
    assert_int_equal(config_env(c, text, sizeof text), ERR_CONFIG);
    assert_non_null(strstr(text, "TURRET_RISK_MAX_OPEN_ORDERS"));
    unsetenv("TURRET_RISK_MAX_OPEN_ORDERS");
    config_free(c);
}

static void texts_with_a_form_of_their_own(void **state) {
    static const struct { const char *line, *why; } bad[] = {
        {"wallet = 0x12", "address"}, {"wallet = 1234567890123456789012345678901234567890", "address"},
        {"wallet = 0x123456789012345678901234567890123456789g", "address"}, {"builder = 0xab", "builder code"}, {"account = my account", "name"},
        {"account =", "1 to 23"}, {"account = abcdefghijklmnopqrstuvwxyz", "1 to 23"}, {"clob_url = http://clob.polymarket.com", "this machine only"},
        {"clob_url = clob.polymarket.com", "read"}, {"data_url = ftp://data.example", "https"}, {"gamma_url = https://user:pw@gamma.example", "password"}, {"stream_url = https://x.example/ws", "wss"},
        {"stream_url = ws://x.example/ws", "this machine only"}, {"signature_type = 4", "one of"}, {"top = 501", "500"}, {"heartbeat = maybe", "yes|no"}};
    char line[300];
    struct config *c = config_new();
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(line, sizeof line, "[polymarket]\n%s\n", bad[i].line);
        assert_int_equal(load(line, c), ERR_CONFIG);
        if (!strstr(text, bad[i].why))
            fail_msg("%s: %s", bad[i].line, text);
    }
    assert_int_equal(load("[polymarket]\nwallet = 0x00000000000000000000000000000000000000aB\nclob_url = http://127.0.0.1:8099\nstream_url = ws://localhost:8099/ws\n"
                          "signature_type = 2\naccount = second-1\n", c), ERR_OK);
    assert_int_equal(config_num(c, "polymarket", "signature_type") % 4, 2);
    assert_int_equal(load("[polymarket]\nsignature_type = safe\n", c), ERR_OK);
    assert_int_equal(config_num(c, "polymarket", "signature_type") % 4, 2);
    setenv("TURRET_POLYMARKET_WALLET", "nobody", 1);
    assert_int_equal(config_env(c, text, sizeof text), ERR_CONFIG);
    assert_non_null(strstr(text, "environment"));
    unsetenv("TURRET_POLYMARKET_WALLET");
    config_free(c);
}

static void words_go_on_in_further_lines(void **state) {
    char line[64], *content = malloc(8192);
    struct config *c = config_new();
    (void)state;
    assert_int_equal(load("[polymarket]\nmarkets = fed-cut-in-december\n  tag:politics, search:fed rate\n  0xabc\ntop = 7\n", c), ERR_OK);
    assert_string_equal(config_text(c, "polymarket", "markets"), "fed-cut-in-december, tag:politics, search:fed rate, 0xabc");
    assert_int_equal(config_num(c, "polymarket", "top"), 7);
    assert_int_equal(load("[polymarket]\nmarkets = one\n", c), ERR_OK); /* read again: nothing of before */
    assert_string_equal(config_text(c, "polymarket", "markets"), "one");
    strcpy(content, "[polymarket]\nmarkets = a\n");
    for (int i = 0; i < 60; i++) {
        snprintf(line, sizeof line, "  slug-of-a-market-with-a-long-name-%d\n", i);
        strcat(content, line);
    }
    assert_int_equal(load(content, c), ERR_CONFIG); /* not cut silently */
    assert_non_null(strstr(text, "markets: more than"));
    free(content);
    config_free(c);
}

static void key_taken_out_of_the_file_returns_to_default(void **state) {
    struct config *c = config_new();
    (void)state;
    assert_int_equal(load("[risk]\nmax_open_orders = 3\n", c), ERR_OK);
    assert_int_equal(config_num(c, "risk", "max_open_orders"), 3);
    assert_int_equal(load("[risk]\n", c), ERR_OK);
    assert_int_equal(config_num(c, "risk", "max_open_orders"), 200);
    config_free(c);
}

static void risk_limits_come_in_their_units(void **state) {
    struct config *c = config_new();
    struct risk_limits l;
    (void)state;
    assert_int_equal(load("[risk]\nmax_order_notional = 12.5\nduplicate_window = 2s\nmax_price_distance = 50000\n", c), ERR_OK);
    config_risk(c, &l);
    assert_int_equal(l.max_order_notional, 12500000);
    assert_int_equal(l.duplicate_window, 2000);
    assert_int_equal(l.max_price_distance, 50000);
    config_free(c);
}

static void secret_that_others_may_read_is_refused(void **state) {
    struct secret s;
    char file[80];
    (void)state;
    snprintf(file, sizeof file, "%s/token", dir);
    FILE *f = fopen(file, "w");
    fputs("hunter2\n", f);
    fclose(f);
    chmod(file, 0640);
    assert_int_equal(secret_read(dir, "token", &s, text, sizeof text), ERR_CREDENTIALS);
    assert_null(s.p);
    assert_null(strstr(text, "hunter2"));
    chmod(file, 0600);
    assert_int_equal(secret_read(dir, "token", &s, text, sizeof text), ERR_OK);
    assert_string_equal(s.p, "hunter2");
    secret_free(&s);
    char link_path[90];
    snprintf(link_path, sizeof link_path, "%s/linked", dir);
    assert_int_equal(symlink(file, link_path), 0);
    assert_int_equal(secret_read(dir, "linked", &s, text, sizeof text), ERR_CREDENTIALS);
    unlink(link_path);
    unlink(file);
    assert_int_equal(secret_read(dir, "token", &s, text, sizeof text), ERR_NOT_FOUND);
}

static void secret_of_the_environment_is_read_once(void **state) {
    struct secret s;
    (void)state;
    setenv("TURRET_SOME_KEY", "abc", 1);
    assert_int_equal(secret_read(dir, "some-key", &s, text, sizeof text), ERR_OK);
    assert_string_equal(s.p, "abc");
    secret_free(&s);
    assert_null(getenv("TURRET_SOME_KEY"));
    assert_int_equal(secret_read(dir, "some-key", &s, text, sizeof text), ERR_NOT_FOUND);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_the_documented_ones), cmocka_unit_test(wrong_key_names_line_and_neighbour),
        cmocka_unit_test(wrong_values_are_refused_and_change_nothing), cmocka_unit_test(flag_beats_environment_beats_file),
        cmocka_unit_test(texts_with_a_form_of_their_own),
        cmocka_unit_test(words_go_on_in_further_lines),
        cmocka_unit_test(key_taken_out_of_the_file_returns_to_default), cmocka_unit_test(risk_limits_come_in_their_units),
        cmocka_unit_test(secret_that_others_may_read_is_refused), cmocka_unit_test(secret_of_the_environment_is_read_once),
    };
    if (!mkdtemp(dir))
        return 1;
    snprintf(path, sizeof path, "%s/turret.conf", dir);
    int bad = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    rmdir(dir);
    return bad;
}
