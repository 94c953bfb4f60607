/* Commands about real money and real venues: who may go live, which intents are real money, whose market is meant, venues and claims as JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "support/fake_view.h"
#include "turret/ui/columns.h"
#include "turret/ui/command.h"

#define LIVE_ACCOUNT 2u
#define PM_SYMBOL "will-the-fed-cut-in-december"

static struct command_result run(const char *line) {
    struct command_result r = {0};
    const struct command_ctx ctx = {.view = fake_desk(), .now_us = FAKE_NOW};
    command_run_line(&ctx, line, &r);
    return r;
}

static struct intent yields(const char *line, enum intent_kind kind) {
    struct command_result r = run(line);
    if (!r.has_intent)
        fail_msg("%s: %s", line, r.text);
    assert_int_equal(r.intent.kind, kind);
    return r.intent;
}

static void refuses(const char *line, enum err e, const char *says) {
    struct command_result r = run(line);
    assert_false(r.has_intent);
    if (r.err != e || !strstr(r.text, says))
        fail_msg("%s: got %s \"%s\", wanted %s \"%s\"", line, err_name(r.err), r.text, err_name(e), says);
    command_result_free(&r);
}

static const char *text_of(const cJSON *o, const char *key) {
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);
    return cJSON_IsString(v) ? v->valuestring : cJSON_IsNull(v) ? "null" : cJSON_IsTrue(v) ? "true" : cJSON_IsFalse(v) ? "false" : "?";
}

static int scene(void **state) {
    (void)state;
    fake_scene();
    fake_live();
    return 0;
}

static void going_live_names_the_account_in_full(void **state) {
    (void)state;
    refuses("live main", ERR_BAD_VALUE, "live already");
    fake.va[1].may_trade = false;
    struct intent in = yields("live main", INTENT_LIVE);
    assert_int_equal(in.account, LIVE_ACCOUNT);
    assert_int_equal(in.order, 1);
    assert_string_equal(in.note, "main");
    refuses("live MAIN", ERR_USAGE, "in full: main");
    refuses("live 2", ERR_USAGE, "in full: main");
    refuses("live paper", ERR_UNSUPPORTED, "paper money");
    refuses("live nobody", ERR_NOT_FOUND, "nobody");
    refuses("live main on", ERR_USAGE, "unexpected");
    in = yields("live MAIN off", INTENT_LIVE); /* what only reduces is not made hard */
    assert_int_equal(in.order, 0);
    assert_false(intent_asks(&in));
    struct command_result r = run("live");
    assert_int_equal(cJSON_GetArraySize(r.data), 1);
    assert_string_equal(text_of(cJSON_GetArrayItem(r.data, 0), "name"), "main");
    assert_string_equal(text_of(cJSON_GetArrayItem(r.data, 0), "may_trade"), "false");
    command_result_free(&r);
}

static bool live(const char *line, enum intent_kind kind) {
    struct intent in = yields(line, kind);
    return intent_is_live(fake_desk(), &in);
}

static void what_is_real_money(void **state) {
    char line[96];
    (void)state;
    assert_true(live("buy " PM_SYMBOL " 10@0.46 --account main", INTENT_PLACE));
    assert_false(live("buy FED-DEC 10@0.46", INTENT_PLACE));
    snprintf(line, sizeof line, "close %u", fake.order[fake.n_orders - 2].num);
    assert_true(live(line, INTENT_CLOSE));
    assert_false(live("close 4401", INTENT_CLOSE));
    snprintf(line, sizeof line, "amend %u @0.45", fake.order[fake.n_orders - 1].num);
    assert_true(live(line, INTENT_AMEND));
    assert_true(live("flatten", INTENT_FLATTEN)); /* of all accounts: that one too */
    assert_true(live("flatten --account main", INTENT_FLATTEN));
    assert_false(live("flatten --account paper", INTENT_FLATTEN));
    assert_false(live("flatten FED-DEC", INTENT_FLATTEN));
    snprintf(line, sizeof line, "cancel %u", fake.order[fake.n_orders - 1].num);
    assert_false(live(line, INTENT_CANCEL)); /* never in the way of less risk */
    assert_false(live("cancel-all", INTENT_CANCEL_ALL));
    assert_false(live("kill", INTENT_KILL));
    snprintf(line, sizeof line, "protect %u --stop 0.40", fake.order[fake.n_orders - 2].num);
    assert_false(live(line, INTENT_PROTECT));
    fake.va[1].may_trade = false;
    assert_true(live("live main", INTENT_LIVE));
    assert_false(live("live main off", INTENT_LIVE));
}

static void paper_never_turns_into_real_money(void **state) {
    (void)state;
    refuses("buy " PM_SYMBOL " 10@0.46", ERR_USAGE, "give --account main");
    refuses("sniper new " PM_SYMBOL " --when \"ask<=0.40\" --amount 10", ERR_USAGE, "give --account main");
    assert_int_equal(yields("buy " PM_SYMBOL " 10@0.46 --account main", INTENT_PLACE).account, LIVE_ACCOUNT);
    fake.n_accounts = 1; /* a venue without a key */
    refuses("buy " PM_SYMBOL " 10@0.46", ERR_USAGE, "looked at, not traded");
}

static void wanted_markets(void **state) {
    (void)state;
    struct intent in = yields("list fed-decision", INTENT_LIST);
    assert_int_equal(in.order, VENUE_POLYMARKET); /* the real one, where there is one */
    assert_string_equal(in.u.wanted, "fed-decision");
    assert_false(intent_asks(&in));
    assert_int_equal(yields("list x --venue sim", INTENT_LIST).order, VENUE_SIM);
    refuses("list x --venue nowhere", ERR_NOT_FOUND, "nowhere");
    refuses("list", ERR_USAGE, "missing");
    char line[260] = "list ";
    memset(line + 5, 'x', 200);
    refuses(line, ERR_BAD_VALUE, "at most 159");
    fake.venue_set[VENUE_POLYMARKET] = false;
    fake.n_accounts = 1;
    fake.n_markets--;
    assert_int_equal(yields("list x", INTENT_LIST).order, VENUE_SIM); /* its live feed lists too */
}

static void venues_as_rows(void **state) {
    (void)state;
    struct command_result r = run("venues");
    const cJSON *pm = cJSON_GetArrayItem(r.data, 1);
    assert_int_equal(cJSON_GetArraySize(r.data), 2);
    assert_string_equal(r.table, "venues");
    assert_string_equal(text_of(pm, "venue"), "polymarket");
    assert_string_equal(text_of(pm, "state"), "ok");
    assert_string_equal(text_of(pm, "user_stream"), "up");
    assert_int_equal(cJSON_GetObjectItem(pm, "latency_ms")->valueint, 38);
    assert_int_equal(cJSON_GetObjectItem(pm, "rate_left")->valueint, 57);
    assert_int_equal(cJSON_GetObjectItem(pm, "rate_size")->valueint, 60);
    assert_int_equal(cJSON_GetObjectItem(pm, "clock_skew_ms")->valueint, -12);
    assert_int_equal(cJSON_GetObjectItem(pm, "market_age_ms")->valueint, 200);
    const cJSON *sim = cJSON_GetArrayItem(r.data, 0);
    assert_string_equal(text_of(sim, "latency_ms"), "null"); /* not known is not nothing */
    assert_string_equal(text_of(sim, "user_stream"), "null");
    command_result_free(&r);
    fake.venue[VENUE_POLYMARKET].health.market_us = FAKE_NOW - 21000000;
    r = run("venues");
    assert_string_equal(text_of(cJSON_GetArrayItem(r.data, 1), "state"), "stale");
    command_result_free(&r);
    fake.venue[VENUE_POLYMARKET].health.market_up = 0;
    r = run("status");
    const cJSON *list = cJSON_GetObjectItem(r.data, "venues");
    assert_string_equal(text_of(cJSON_GetArrayItem(list, 1), "state"), "down");
    assert_string_equal(text_of(cJSON_GetArrayItem(list, 1), "up"), "true"); /* keys of before stay */
    command_result_free(&r);
}

static void what_the_venue_says_of_an_account(void **state) {
    (void)state;
    struct command_result r = run("accounts");
    const cJSON *paper = cJSON_GetArrayItem(r.data, 0), *main_account = cJSON_GetArrayItem(r.data, 1);
    assert_string_equal(text_of(main_account, "mode"), "live");
    assert_string_equal(text_of(main_account, "balance"), "1894.50");
    assert_string_equal(text_of(main_account, "locked"), "46.00");
    assert_string_equal(text_of(main_account, "claimable"), "120.00");
    assert_int_equal(cJSON_GetObjectItem(main_account, "provisional_fills")->valueint, 1);
    assert_string_equal(text_of(paper, "balance"), "null");
    assert_string_equal(text_of(paper, "may_trade"), "true");
    command_result_free(&r);
    fake.va[1].funds.locked = USD(-1);
    r = run("accounts");
    assert_string_equal(text_of(cJSON_GetArrayItem(r.data, 1), "locked"), "null");
    command_result_free(&r);
    r = run("claims");
    assert_int_equal(cJSON_GetArraySize(r.data), 1);
    assert_string_equal(text_of(cJSON_GetArrayItem(r.data, 0), "amount"), "120.00");
    assert_string_equal(text_of(cJSON_GetArrayItem(r.data, 0), "market"), "BTC-120K");
    assert_non_null(strstr(text_of(cJSON_GetArrayItem(r.data, 0), "where"), "portfolio"));
    command_result_free(&r);
    r = run("claims --account paper");
    assert_int_equal(cJSON_GetArraySize(r.data), 0);
    assert_string_equal(r.text, "nothing to claim");
    command_result_free(&r);
}

static void unsettled_shares_are_marked(void **state) {
    (void)state;
    struct column_value v = {0};
    const struct column_table *t = column_table("positions");
    const struct order *o = &fake.order[fake.n_orders - 2];
    column_find(t, "size")->get(fake_desk(), o, FAKE_NOW, &v);
    assert_string_equal(v.text, "~250");
    assert_string_equal(v.raw, "250"); /* the sign is for people */
    v = (struct column_value){0};
    column_find(t, "unsettled")->get(fake_desk(), o, FAKE_NOW, &v);
    assert_string_equal(v.raw, "100");
    v = (struct column_value){0};
    column_find(t, "mode")->get(fake_desk(), o, FAKE_NOW, &v);
    assert_string_equal(v.raw, "live");
    struct order back = *o;
    back.state = STATE_FILLED;
    back.filled = QTY(0);
    back.reversed = back.size;
    v = (struct column_value){0};
    column_find(column_table("orders"), "state")->get(fake_desk(), &back, FAKE_NOW, &v);
    assert_string_equal(v.text, "taken back");
    assert_string_equal(v.raw, "filled"); /* the state is the desk's */
    struct fill f = fake.fill[0];
    f.finality = FILL_PROVISIONAL;
    v = (struct column_value){0};
    column_find(column_table("fills"), "size")->get(fake_desk(), &f, FAKE_NOW, &v);
    assert_string_equal(v.text, "~80");
    v = (struct column_value){0};
    column_find(column_table("fills"), "finality")->get(fake_desk(), &f, FAKE_NOW, &v);
    assert_string_equal(v.raw, "provisional");
}

int main(void) {
#define T(f) cmocka_unit_test_setup(f, scene)
    const struct CMUnitTest tests[] = {
        T(going_live_names_the_account_in_full), T(what_is_real_money), T(paper_never_turns_into_real_money), T(wanted_markets),
        T(venues_as_rows), T(what_the_venue_says_of_an_account), T(unsettled_shares_are_marked)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
