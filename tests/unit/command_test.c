/* Commands: what they yield, what they refuse and how they say it, completion, an intent in words. */
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
    assert_int_equal(r.err, ERR_OK);
    assert_int_equal(r.intent.kind, kind);
    assert_true(r.reads_as[0]);
    return r.intent;
}

/* `says`: a part of the sentence. */
static void refuses(const char *line, enum err e, const char *says) {
    struct command_result r = run(line);
    assert_false(r.has_intent);
    if (r.err != e || !strstr(r.text, says))
        fail_msg("%s: got %s \"%s\", wanted %s \"%s\"", line, err_name(r.err), r.text, err_name(e), says);
    command_result_free(&r);
}

static int scene(void **state) {
    (void)state;
    fake_scene();
    return 0;
}

static void buy_reads_size_price_and_side(void **state) {
    (void)state;
    struct intent in = yields("buy FED-DEC 100@0.47", INTENT_PLACE);
    assert_int_equal(in.side, SIDE_YES);
    assert_int_equal(in.action, ACTION_BUY);
    assert_int_equal(in.type, ORDER_LIMIT);
    assert_int_equal(in.tif, TIF_GTC);
    assert_int_equal(in.size.micro, 100 * DEC_ONE);
    assert_int_equal(in.limit.micro, 470000);
    in = yields("buy fed-dec no 1,000 @ 53c --tif ioc", INTENT_PLACE);
    assert_int_equal(in.side, SIDE_NO);
    assert_int_equal(in.size.micro, 1000 * DEC_ONE);
    assert_int_equal(in.limit.micro, 530000);
    assert_int_equal(in.tif, TIF_IOC);
    in = yields("buy ETH-PERP 0.5@3,250.5 --leverage 3 --stop 3100 --target 3400 --strategy scalp", INTENT_PLACE);
    assert_int_equal(in.side, SIDE_LONG);
    assert_int_equal(in.limit.micro, 3250500000);
    assert_int_equal(in.leverage, 3);
    assert_int_equal(in.stop.micro, 3100 * DEC_ONE);
    assert_string_equal(in.strategy, "scalp");
}

static void without_a_price_it_is_a_market_order_that_never_rests(void **state) {
    (void)state;
    const struct intent in = yields("buy FED-DEC 100", INTENT_PLACE);
    assert_int_equal(in.type, ORDER_MARKET);
    assert_int_equal(in.tif, TIF_IOC);
    assert_int_equal(in.limit.micro, 0);
    refuses("buy FED-DEC 100 --tif gtc", ERR_USAGE, "can't rest");
    refuses("buy FED-DEC 100 --post-only", ERR_USAGE, "--post-only");
}

static void usd_takes_the_place_of_the_size(void **state) {
    (void)state;
    const struct intent in = yields("buy FED-DEC --usd 50.5 @0.47", INTENT_PLACE);
    assert_int_equal(in.size.micro, 0);
    assert_int_equal(in.amount.micro, 50500000);
    refuses("buy FED-DEC 10 --usd 50", ERR_USAGE, "not both");
    refuses("buy FED-DEC --usd -5", ERR_BAD_VALUE, "above 0");
}

static void expiry_makes_it_good_till_a_date(void **state) {
    (void)state;
    const struct intent in = yields("buy FED-DEC 10@0.4 --expires 1h", INTENT_PLACE);
    assert_int_equal(in.tif, TIF_GTD);
    assert_int_equal(in.expires_us, FAKE_NOW + 3600000000LL);
    refuses("buy FED-DEC 10@0.4 --tif gtd", ERR_USAGE, "--expires");
    refuses("buy FED-DEC 10@0.4 --expires soon", ERR_BAD_VALUE, "30s, 10m, 1h");
}

static void numbers_are_exact_or_refused(void **state) {
    (void)state;
    refuses("buy FED-DEC 1e3@0.47", ERR_BAD_VALUE, "no number");
    refuses("buy FED-DEC 10@nan", ERR_BAD_VALUE, "no number");
    refuses("buy FED-DEC 1,00@0.47", ERR_BAD_VALUE, "no number");
    refuses("buy FED-DEC 10@0.4700001", ERR_BAD_VALUE, "decimals");
    refuses("buy FED-DEC 99999999999999999999@0.47", ERR_BAD_VALUE, "no number");
    refuses("buy FED-DEC -10@0.47", ERR_BAD_VALUE, "above 0");
    refuses("buy FED-DEC 1.5@0.47", ERR_LOT_SIZE, "lot 1");
    refuses("buy FED-DEC 10@47", ERR_PRICE_OUT_OF_RANGE, "0.47 or 47c");
    refuses("buy FED-DEC 10@0.475", ERR_TICK_SIZE, "47");
    refuses("buy ETH-PERP 1@50c", ERR_BAD_VALUE, "cents");
    refuses("buy ETH-PERP 1@3250.1", ERR_TICK_SIZE, "3,250.0 and 3,250.5");
}

static void mistakes_are_named_with_what_to_do(void **state) {
    (void)state;
    refuses("bux FED-DEC 10", ERR_USAGE, "did you mean buy");
    refuses("buy FED-DEK 10", ERR_NOT_FOUND, "did you mean FED-DEC");
    refuses("buy FED-DEC 10 --stpo 0.3", ERR_USAGE, "did you mean --stop");
    refuses("buy FED-DEC 10 --stop", ERR_USAGE, "--stop needs a value");
    refuses("buy FED-DEC", ERR_USAGE, "SIZE is missing");
    refuses("buy FED-DEC 10 20", ERR_USAGE, "two sizes");
    refuses("buy FED-DEC 10@", ERR_USAGE, "no price");
    refuses("buy FED-DEC 10 long", ERR_USAGE, "yes and no");
    refuses("buy FED-DEC 10 maybe", ERR_USAGE, "yes or no");
    refuses("buy FED-DEC 10 --account mane", ERR_NOT_FOUND, "did you mean main");
    refuses("buy \"FED-DEC 10", ERR_USAGE, "open quote");
    refuses("buy FED-DEC 10 --leverage 2", ERR_LEVERAGE, "binary");
    refuses("buy ETH-PERP 1 --leverage 21", ERR_BAD_VALUE, "1 to 20");
    refuses("cance 4405 4406", ERR_USAGE, "too many");
    refuses("run", ERR_UNSUPPORTED, "shell");
    refuses("theme light", ERR_UNSUPPORTED, "screen");
}

static void sell_reduces_what_is_held(void **state) {
    (void)state;
    struct intent in = yields("sell FED-DEC 100@0.5", INTENT_PLACE);
    assert_int_equal(in.side, SIDE_YES);
    assert_int_equal(in.action, ACTION_SELL);
    assert_true(in.flags & ORDER_REDUCE_ONLY);
    in = yields("sell ETH-PERP 0.8", INTENT_PLACE);
    assert_int_equal(in.side, SIDE_LONG);
    assert_int_equal(in.action, ACTION_SELL);
    refuses("sell FED-DEC 251", ERR_REDUCE_ONLY, "250 YES");
    in = yields("sell BTC-120K 100 no", INTENT_PLACE);
    assert_int_equal(in.side, SIDE_NO);
}

static void sell_without_a_position_goes_short_only_on_a_perpetual(void **state) {
    (void)state;
    fake_market(MARKET_PERP, "SOL-PERP", "SOL perpetual");
    const struct intent in = yields("sell SOL-PERP 2@150", INTENT_PLACE);
    assert_int_equal(in.side, SIDE_SHORT);
    assert_int_equal(in.action, ACTION_SELL);
    assert_false(in.flags & ORDER_REDUCE_ONLY);
    refuses("sell RAIN-NYC 10", ERR_NOT_OPEN, "buy RAIN-NYC SIZE no");
    refuses("sell BTC-120K 10", ERR_NOT_OPEN, "you hold NO");
}

static void close_takes_a_number_or_a_market(void **state) {
    (void)state;
    struct intent in = yields("close 4401", INTENT_CLOSE);
    assert_int_equal(in.order, 7000);
    assert_int_equal(in.size.micro, 0);
    in = yields("close ETH 0.3 @3300", INTENT_CLOSE);
    assert_int_equal(in.order, 7003);
    assert_int_equal(in.size.micro, 300000);
    assert_int_equal(in.limit.micro, 3300 * DEC_ONE);
    refuses("close 4401 300", ERR_REDUCE_ONLY, "250 open");
    refuses("close 4405", ERR_NOT_OPEN, "cancel 4405");
    refuses("close 99", ERR_NOT_FOUND, "positions");
    fake_position("FED-DEC", SIDE_YES, "10", "0.4", "0.47")->account = 2;
    refuses("close FED-DEC", ERR_AMBIGUOUS, "2 open positions");
}

static void cancel_amend_protect(void **state) {
    (void)state;
    struct intent in = yields("cancel 4405", INTENT_CANCEL);
    assert_int_equal(in.order, 7004);
    refuses("cancel 4409", ERR_NOT_OPEN, "cancelled");
    refuses("cancel 12", ERR_NOT_FOUND, "no order");
    in = yields("amend 4405 300@0.45", INTENT_AMEND);
    assert_int_equal(in.size.micro, 300 * DEC_ONE);
    assert_int_equal(in.limit.micro, 450000);
    in = yields("amend 4405 @0.43", INTENT_AMEND);
    assert_int_equal(in.size.micro, 0);
    refuses("amend 4407 80", ERR_BAD_VALUE, "80 of order 4407 are filled");
    in = yields("protect 4401 --stop 0.35 --target none", INTENT_PROTECT);
    assert_int_equal(in.stop.micro, 350000);
    assert_int_equal(in.target.micro, 0);
    in = yields("protect FED-DEC --target 60c", INTENT_PROTECT);
    assert_int_equal(in.stop.micro, PROTECT_KEEP.micro);
    refuses("protect 4401", ERR_USAGE, "--stop PRICE|none");
}

static void safety_commands(void **state) {
    (void)state;
    struct intent in = yields("kill going to lunch", INTENT_KILL);
    assert_string_equal(in.note, "going to lunch");
    in = yields("flatten", INTENT_FLATTEN);
    assert_int_equal(in.account, 0);
    in = yields("cancel-all FED --account main", INTENT_CANCEL_ALL);
    assert_int_equal(in.account, 1);
    assert_int_equal(in.market, fake.market[0].id);
    in = yields("limit max_day_loss 500", INTENT_LIMIT);
    assert_int_equal(in.size.micro, 500 * DEC_ONE);
    in = yields("limit max_price_distance 10%", INTENT_LIMIT);
    assert_int_equal(in.size.micro, 100000);
    in = yields("limit max_data_age 500ms", INTENT_LIMIT);
    assert_int_equal(in.size.micro, 500);
    in = yields("limit max_day_loss off", INTENT_LIMIT);
    assert_int_equal(in.size.micro, 0);
    refuses("limit max_day_los 5", ERR_NOT_FOUND, "did you mean max_day_loss");
    yields("account reset", INTENT_ACCOUNT_RESET);
    fake.account[0].live = 1;
    refuses("account reset main", ERR_UNSUPPORTED, "real money");
    refuses("resume", ERR_NOT_OPEN, "not paused");
}

static void loosening_a_limit_says_so(void **state) {
    (void)state;
    struct command_result r = run("limit max_day_loss 9000");
    assert_non_null(strstr(r.reads_as, "2,000.00 USD -> 9,000.00 USD (LOOSER)"));
    r = run("limit max_day_loss 100");
    assert_non_null(strstr(r.reads_as, "(tighter)"));
}

static void intents_read_as_words_and_money(void **state) {
    (void)state;
    struct command_result r = run("buy FED-DEC 100@0.48");
    assert_string_equal(r.reads_as, "BUY 100 YES \"Fed cut in Dec?\" @ 48c GTC  cost 48.00 fee 0.02");
    r = run("close 4401");
    assert_string_equal(r.reads_as, "CLOSE 250 YES \"Fed cut in Dec?\" at market ~47.0c  fee 0.06  P&L +14.44");
    r = run("protect 4401 --stop 35c --target none");
    assert_string_equal(r.reads_as, "PROTECT 250 YES \"Fed cut in Dec?\"  stop 35c  target none");
    r = run("cancel 4407");
    assert_string_equal(r.reads_as, "CANCEL order 4407: BUY 200 YES \"CPI Nov ≥ 0.3%\" @ 20c, 80 filled");
    fake.preview.refusal = ERR_STALE_BOOK;
    r = run("buy FED-DEC 100@0.48");
    assert_non_null(strstr(r.reads_as, "REFUSED"));
}

static void a_long_title_does_not_push_the_money_out(void **state) {
    (void)state;
    memset(fake.market[0].title, 'x', sizeof fake.market[0].title - 1);
    const struct command_result r = run("buy FED-DEC 100@0.48");
    assert_non_null(strstr(r.reads_as, "cost 48.00"));
}

static void rows_come_as_json_with_exact_strings(void **state) {
    (void)state;
    struct command_result r = run("positions");
    assert_string_equal(r.table, "positions");
    assert_int_equal(cJSON_GetArraySize(r.data), 4);
    const cJSON *row = cJSON_GetArrayItem(r.data, 0);
    assert_int_equal(cJSON_GetObjectItem(row, "position")->valueint, 4401);
    assert_string_equal(cJSON_GetObjectItem(row, "entry_price")->valuestring, "0.412");
    assert_string_equal(cJSON_GetObjectItem(row, "unrealized_pnl")->valuestring, "14.50");
    assert_string_equal(cJSON_GetObjectItem(row, "market")->valuestring, "FED-DEC");
    assert_string_equal(cJSON_GetObjectItem(row, "opened_at")->valuestring, "2026-11-20T12:02:31.000000Z");
    assert_true(cJSON_IsNull(cJSON_GetObjectItem(row, "target")));
    assert_true(cJSON_IsFalse(cJSON_GetObjectItem(row, "unprotected")));
    command_result_free(&r);
    r = run("orders --all");
    assert_int_equal(cJSON_GetArraySize(r.data), 9);
    command_result_free(&r);
    r = run("book FED-DEC 2");
    assert_int_equal(cJSON_GetArraySize(r.data), 4);
    assert_string_equal(cJSON_GetObjectItem(cJSON_GetArrayItem(r.data, 0), "price")->valuestring, "0.49");
    assert_string_equal(cJSON_GetObjectItem(cJSON_GetArrayItem(r.data, 0), "total")->valuestring, "1050");
    command_result_free(&r);
}

static void every_reading_command_runs(void **state) {
    (void)state;
    static const char *const lines[] = {"status", "accounts", "markets",    "markets btc",   "trades FED-DEC",
                                        "fills",  "pnl",      "pnl --days", "days",          "equity",
                                        "limits", "limit",    "log",        "export orders", "export ledger",
                                        "account"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct command_result r = run(lines[i]);
        if (!strcmp(lines[i], "export ledger")) {
            assert_int_equal(r.err,
                             ERR_UNSUPPORTED); /* the ledger is in the store */
            continue;
        }
        if (!r.data)
            fail_msg("%s: %s", lines[i], r.text);
        command_result_free(&r);
    }
}

static void doctor_fails_on_a_difference(void **state) {
    (void)state;
    struct command_result r = run("doctor");
    assert_int_equal(r.err, ERR_OK);
    command_result_free(&r);
    fake.audit = 1;
    r = run("doctor");
    assert_int_equal(r.err, ERR_FAILED);
    assert_non_null(strstr(cJSON_GetObjectItem(r.data, "text")->valuestring, "ledger"));
    command_result_free(&r);
}

static void names_may_be_shortened_while_they_are_clear(void **state) {
    (void)state;
    enum err e;
    assert_string_equal(command_find("pos", &e)->name, "positions");
    assert_string_equal(command_find("cancel", &e)->name, "cancel");
    assert_string_equal(command_find("q", &e)->name, "quit");
    assert_null(command_find("c", &e));
    assert_int_equal(e, ERR_AMBIGUOUS);
    refuses("c 1", ERR_USAGE, "close");
    assert_null(command_find("", &e));
}

static void completes(const char *line, const char *first) {
    const struct command_ctx ctx = {.view = fake_desk(), .now_us = FAKE_NOW};
    const char *got = command_complete_line(&ctx, line, 0);
    if (!first)
        assert_null(got);
    else
        assert_string_equal(got ? got : "(nothing)", first);
}

static void completion(void **state) {
    (void)state;
    completes("fla", "flatten");
    completes("buy f", "FED-DEC");
    completes("buy FED-DEC 10 --l", "--leverage");
    completes("buy FED-DEC 10 --tif i", "ioc");
    completes("buy FED-DEC 10 n", "no");
    completes("buy FED-DEC 10 --account m", "main");
    completes("cancel 440", "4405");
    completes("close ", "4401");
    completes("limit max_d", "max_day_loss");
    completes("protect 4401 --stop n", "none");
    completes("nonsense x", NULL);
}

/* The table is what help, man page and completion are made from. */
static void the_table_is_whole(void **state) {
    (void)state;
    for (int i = 0; i < command_count; i++) {
        const struct command *c = &command_table[i];
        assert_true(c->help[0]);
        assert_true((c->run == NULL) == ((c->flags & CMD_CLI) != 0));
        for (int k = 0; k < i; k++)
            assert_string_not_equal(c->name, command_table[k].name);
    }
}

int main(void) {
#define T(f) cmocka_unit_test_setup(f, scene)
    const struct CMUnitTest tests[] = {
        T(buy_reads_size_price_and_side),
        T(without_a_price_it_is_a_market_order_that_never_rests),
        T(usd_takes_the_place_of_the_size),
        T(expiry_makes_it_good_till_a_date),
        T(numbers_are_exact_or_refused),
        T(mistakes_are_named_with_what_to_do),
        T(sell_reduces_what_is_held),
        T(sell_without_a_position_goes_short_only_on_a_perpetual),
        T(close_takes_a_number_or_a_market),
        T(cancel_amend_protect),
        T(safety_commands),
        T(loosening_a_limit_says_so),
        T(intents_read_as_words_and_money),
        T(a_long_title_does_not_push_the_money_out),
        T(rows_come_as_json_with_exact_strings),
        T(every_reading_command_runs),
        T(doctor_fails_on_a_difference),
        T(names_may_be_shortened_while_they_are_clear),
        T(completion),
        T(the_table_is_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
