/* Agents' files: what is built in is whole, what a user writes replaces it, and each mistake is told with file and line. */
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/fake_intel.h"
#include "support/fake_view.h"
#include "support/standins.h"
#include "turret/agent/builtin.h"
#include "turret/agent/prompt.h"

static char dir[64], told[512];

static int setup(void **state) {
    (void)state;
    str_copy(dir, sizeof dir, "/tmp/turret-library-XXXXXX");
    assert_non_null(mkdtemp(dir));
    char path[128];
    snprintf(path, sizeof path, "%s/variants", dir);
    return mkdir(path, 0700);
}
static int gone(const char *path, const struct stat *st, int kind, struct FTW *at) {
    (void)st, (void)kind, (void)at;
    return remove(path);
}
static int teardown(void **state) {
    (void)state;
    return nftw(dir, gone, 8, FTW_DEPTH | FTW_PHYS);
}

static void write_file(const char *name, const char *text) {
    char path[160];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static struct library *load(void) {
    struct library *l;
    enum err e = library_load(dir, &l, told, sizeof told);
    if (e)
        print_error("%s\n", told);
    assert_int_equal(e, ERR_OK);
    return l;
}

/* Loading fails, and says this ("name:line: ..." after the folder). */
static void refused(const char *file, const char *text, const char *expected) {
    struct library *l;
    char whole[600];
    write_file(file, text);
    assert_int_equal(library_load(dir, &l, told, sizeof told), ERR_CONFIG);
    snprintf(whole, sizeof whole, "%s/%s:%s", dir, file, expected);
    if (strncmp(told, whole, strlen(whole)) != 0)
        print_error("said    %s\nnot     %s\n", told, whole);
    assert_int_equal(strncmp(told, whole, strlen(whole)), 0);
    assert_null(l);
    char path[160];
    snprintf(path, sizeof path, "%s/%s", dir, file);
    unlink(path);
}

static void test_builtin_variants(void **state) {
    static const struct { const char *name, *colour; int64_t leverage, volume_ratio, cooldown_min; } want[] = {
        {"Guardian", "a855f7", 2, 0, 15}, {"Apex", "f59e0b", 10, 0, 15}, {"Gladiator", "22c55e", 10, 0, 15}, {"Sniper", "3b82f6", 5, 0, 15},
        {"Trendsurfer", "06b6d4", 5, 0, 15}, {"Contrarian", "e11d48", 5, 0, 15}, {"Sovereign", "eab308", 5, 100000, 15}};
    (void)state;
    struct library *l = load();
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        const struct variant *v = library_variant(l, want[i].name);
        assert_non_null(v);
        assert_string_equal(v->colour, want[i].colour);
        assert_int_equal(v->limits.max_leverage, want[i].leverage);
        assert_int_equal(v->limits.min_volume_ratio, want[i].volume_ratio);
        assert_int_equal(v->limits.cooldown, want[i].cooldown_min * 60000);
        assert_true(v->limits.stop_required);
        assert_non_null(strstr(v->system, "{{RULES}}"));
        assert_non_null(strstr(v->system, "Never print raw JSON"));
    }
    assert_ptr_equal(library_variant(l, "gUARDIAN"), library_variant(l, "Guardian"));
    assert_null(library_variant(l, "Guard"));
    library_free(l);
}

static void test_builtin_models(void **state) {
    static const char *const names[] = {"trend", "mean-reversion", "breakout", "buy-and-hold", "random"};
    (void)state;
    struct library *l = load();
    assert_int_equal(library_model_count(l), 5);
    for (int i = 0; i < 5; i++) {
        const struct model *m = library_model_at(l, i);
        assert_string_equal(m->name, names[i]);
        assert_true(m->builtin && m->enabled);
        assert_non_null(builtin_find(m->model));
        assert_int_equal(m->interval_s, 0);
        assert_memory_equal(&m->limits, &library_variant(l, m->variant)->limits, sizeof m->limits);
    }
    assert_null(library_model_at(l, 5));
    library_free(l);
}

static void test_user_models(void **state) {
    (void)state;
    write_file("models.conf", "[trend]\nenabled = no\n\n[random]\nprovider = builtin\nmodel = random\nvariant = guardian\ninterval = 1m30s\n\n"
                              "[Gpt-5.apex]\nprovider = openai\nmodel = gpt-5\nvariant = APEX\ninterval = 0\nmarkets = BTC-PERP , binary\nbudget_run = 0.25\nbudget_day = $2.50\n");
    struct library *l = load();
    assert_int_equal(library_model_count(l), 5);
    const struct model *r = NULL, *g = NULL;
    for (int i = 0; i < 5; i++) {
        const struct model *m = library_model_at(l, i);
        assert_string_not_equal(m->name, "trend");
        r = strcmp(m->name, "random") == 0 ? m : r;
        g = strcmp(m->name, "Gpt-5.apex") == 0 ? m : g;
    }
    assert_non_null(r);
    assert_string_equal(r->variant, "Guardian");
    assert_int_equal(r->interval_s, 90);
    assert_int_equal(r->limits.max_leverage, 2);
    assert_non_null(g);
    assert_false(g->builtin);
    assert_string_equal(g->variant, "Apex");
    assert_string_equal(g->markets, "BTC-PERP,binary");
    assert_int_equal(g->budget_run.micro, 250000);
    assert_int_equal(g->budget_day.micro, 2500000);
    library_free(l);
}

static void test_user_variant(void **state) {
    (void)state;
    write_file("variants/guardian.md", "[variant]\nname = Guardian\ntitle = Mine\n[limits]\nmax_leverage = 3x\nmax_risk = 0.5%\nmin_cash = 750 USD\ncooldown = 1h\nmin_reward = 2\n"
                                       "stop_required = no\nmin_confidence = 60%\n---\nLeverage {{MAX_LEVERAGE}}.\n");
    write_file("variants/own.md", "[variant]\nname = own\n---\nhello\r\nworld\n\n");
    write_file("variants/notes.txt", "nothing to read");
    struct library *l = load();
    const struct variant *v = library_variant(l, "guardian");
    assert_string_equal(v->title, "Mine");
    assert_int_equal(v->limits.max_leverage, 3);
    assert_int_equal(v->limits.max_risk, 5000);
    assert_int_equal(v->limits.min_cash, 750 * DEC_ONE);
    assert_int_equal(v->limits.cooldown, 3600000);
    assert_int_equal(v->limits.min_reward, 2000000);
    assert_int_equal(v->limits.min_confidence, 60);
    assert_false(v->limits.stop_required);
    assert_int_equal(v->system_line, 13);
    assert_non_null(strstr(v->file, dir));
    assert_string_equal(library_variant(l, "OWN")->system, "hello\nworld");
    struct agent_limits def;
    agent_limits_default(&def);
    assert_memory_equal(&library_variant(l, "own")->limits, &def, sizeof def);
    library_free(l);
}

static void test_broken_variants(void **state) {
    static const struct { const char *text, *expected; } t[] = {
        {"[variant]\nname = Foo\ncolour = red\n---\nx", "3: colour"},
        {"[variant]\nname = Foo\n\n[limits]\nmax_leverge = 5\n---\nx", "5: unknown limit max_leverge (did you mean max_leverage?)"},
        {"[variant]\nname = Foo\n[limits]\nmax_risk = lots\n---\nx", "4: max_risk = lots"},
        {"[variant]\nname = Foo\n[limits]\nmax_risk = -2%\n---\nx", "4: max_risk"},
        {"[variant]\nname = Foo\n[limits]\ncooldown = 5 parsecs\n---\nx", "4: cooldown"},
        {"[variant]\nname = Foo\n[limits]\nmax_leverage = 2.5\n---\nx", "4: max_leverage"},
        {"[variant]\nname = Foo\n[limits]\nmax_risk = 2%\nmax_risk = 3%\n---\nx", "5: max_risk is given twice"},
        {"[variant]\nname = Foo\n[limits]\nmin_confidence = 101\n---\nx", "1: a confidence"},
        {"[variant]\nname = Foo\nmood = good\n---\nx", "3: unknown key mood"},
        {"[variant]\nname = Foo\n[other]\nx = 1\n---\nx", "4: unknown section [other]"},
        {"[variant]\nname = Foo\nwhat is this\n---\nx", "3: not a line"},
        {"[variant]\nname = Foo\nx\n", "3: no line '---'"},
        {"[variant]\ntitle = Foo\n---\nx", "1: [variant] name is missing"},
        {"[variant]\nname = Bar\n---\nx", "1: name is Bar"},
        {"[variant]\nname = Foo\n---\n\n", "4: there is no prompt"},
        {"[variant]\nname = Foo\n---\none\ntwo {{MAX_LEVERGE}}", "5: unknown placeholder MAX_LEVERGE (did you mean MAX_LEVERAGE?)"},
        {"[variant]\nname = Foo\n---\none\n\n{{CURRENT_TIME}}", "6: CURRENT_TIME changes from run to run"},
        {"[variant]\nname = Foo\n---\n{{RULES}} {{RULES", "4: '{{' without"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++)
        refused("variants/foo.md", t[i].text, t[i].expected);
    char longest[400] = "[variant]\nname = Foo\ntitle = ";
    memset(longest + strlen(longest), 'x', 300);
    refused("variants/foo.md", longest, "3: no line");
    str_copy(longest + 250, sizeof longest - 250, "\n---\nx");
    refused("variants/foo.md", longest, "3: a line has at most");
}

static void test_broken_models(void **state) {
    static const struct { const char *text, *expected; } t[] = {
        {"[a b]\nprovider = builtin\n", "2: a model's name"},
        {"; x\n[x]\nprovider = builtin\nvariant = apex\n", "3: [x] has no model"},
        {"[x]\nprovider = builtin\nmodel = nothing\nvariant = apex\n", "2: [x]: there is no built-in rule nothing"},
        {"[x]\nprovider = openai\nmodel = gpt-5\nvariant = nope\n", "2: [x]: there is no variant nope"},
        {"[x]\nprovider = openai\nmodel = gpt-5\nvariant = apex\ninterval = soon\n", "5: interval = soon"},
        {"[x]\nprovider = openai\nmodel = gpt-5\nvariant = apex\nbudget_day = a lot\n", "5: budget_day"},
        {"[x]\nprovider = openai\ntemperature = 1\n", "3: unknown key temperature"},
        {"[x]\nprovider = openai\nmodel = gpt-5\nvariant = apex\n[y]\nenabled = no\n[X]\nenabled = yes\n", "8: [X] is there twice"},
        {"[x]\nenabled = perhaps\n", "2: enabled = perhaps"},
        {"[x]\nprovider\n", "2: not a line"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++)
        refused("models.conf", t[i].text, t[i].expected);
}

static void test_broken_template(void **state) {
    (void)state;
    refused("prompt.md", "It is {{CURRENT_TIME}}.\n\nYou have {{MUCH_MONEY}}.\n", "3: unknown placeholder MUCH_MONEY");
    refused("prompt.md", "It is {{CURRENT_TIME\n}}", "1: '{{' without");
    refused("prompt.md", "  \n", "1: the template is empty");
}

/* Each limit can be named in a prompt, so no text needs to repeat a figure. */
static void test_placeholders(void **state) {
    int n;
    const struct risk_limit_info *t = agent_limit_table(&n);
    (void)state;
    for (int i = 0; i < n; i++) {
        bool found = false;
        for (const struct placeholder *p = placeholder_table; p->name; p++)
            found = found || str_eq_nocase(p->name, t[i].key);
        if (!found)
            print_error("no placeholder for %s\n", t[i].key);
        assert_true(found);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void) {
    const struct CMUnitTest tests[] = {TEST(test_builtin_variants), TEST(test_builtin_models), TEST(test_user_models), TEST(test_user_variant), TEST(test_broken_variants),
                                       TEST(test_broken_models), TEST(test_broken_template), TEST(test_placeholders)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
