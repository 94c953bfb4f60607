/* Refusals of the venue: every documented sentence to a code of ours, what is certain and what is not, figures and waits in bodies of any
 * shape; nothing foreign reaches the text unsanitised. */
#include "turret/base/str.h"
#include "venue/polymarket/pm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include <cmocka.h>

static struct pm_error ask(enum pm_op op, int status, const char *body) {
    struct http_answer a = {.err = ERR_OK, .status = status, .body = body, .body_len = strlen(body), .retry_after_ms = -1, .content_type = ""};
    struct pm_error e;
    pm_error_of(op, &a, &e);
    assert_true(strlen(e.text) < sizeof e.text);
    for (const char *p = e.text; *p; p++)
        assert_true((unsigned char)*p >= 0x20 && *p != 0x7f);
    return e;
}

static struct pm_error say(enum pm_op op, int status, const char *sentence) {
    char body[512];
    snprintf(body, sizeof body, "{\"error\":\"%s\"}", sentence);
    return ask(op, status, body);
}

static void test_sentences_of_orders(void **state) {
    (void)state;
    static const struct { int status; const char *sentence; enum err err; bool definite; } rows[] = {
        {400, "Invalid order payload", ERR_BAD_VALUE, true},
        {400, "the order owner has to be the owner of the API KEY", ERR_CREDENTIALS, true},
        {400, "the order signer address has to be the address of the API KEY", ERR_WRONG_WALLET, true},
        {400, "'0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf' address banned", ERR_ACCOUNT_BANNED, true},
        {400, "'0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf' address in closed only mode", ERR_ACCOUNT_BANNED, true},
        {400, "maker address not allowed, please use the deposit wallet flow", ERR_WRONG_WALLET, true},
        {400, "invalid signature", ERR_WRONG_WALLET, true},
        {400, "Too many orders in payload: 16, max allowed: 15", ERR_BAD_VALUE, true},
        {400, "invalid post-only order: order crosses book", ERR_POST_ONLY_CROSSED, true},
        {400, "order 0xab12 is invalid. Price (0.305) breaks minimum tick size rule: 0.01", ERR_TICK_SIZE, true},
        {400, "order 0xab12 is invalid. Size (3) lower than the minimum: 5", ERR_MIN_SIZE, true},
        {400, "order 0xab12 is invalid. Duplicated.", ERR_DUPLICATE, false},
        {400, "order 0xab12 crosses the book", ERR_POST_ONLY_CROSSED, true},
        {400, "not enough balance / allowance", ERR_INSUFFICIENT_FUNDS, true},
        {400, "invalid expiration", ERR_BAD_VALUE, true},
        {400, "order canceled in the CTF exchange contract", ERR_NOT_OPEN, true},
        {400, "order match delayed due to market conditions", ERR_OUTCOME_UNKNOWN, false},
        {400, "order couldn't be fully filled. FOK orders are fully filled or killed.", ERR_FOK_UNFILLED, true},
        {400, "no orders found to match with FAK order. FAK orders are partially filled or killed if no match is found.", ERR_NO_LIQUIDITY, true},
        {400, "the market is not yet ready to process new orders", ERR_MARKET_CLOSED, true},
        {400, "invalid amounts, the market buy orders maker amount supports a max accuracy of 2 decimals, taker amount a max of 4 decimals", ERR_LOT_SIZE, true},
        {400, "invalid amounts, the market sell orders maker amount supports a max accuracy of 2 decimals, taker amount a max of 4 decimals", ERR_LOT_SIZE, true},
        {400, "invalid amount for a marketable BUY order ($0.5), min size: $1", ERR_MIN_SIZE, true},
        {400, "order_version_mismatch", ERR_ORDER_VERSION, true},
        {400, "invalid order version, please use the latest clob-client", ERR_ORDER_VERSION, true},
        {400, "a sentence that nobody has heard", ERR_VENUE_REJECTED, true},
        {401, "Unauthorized/Invalid api key", ERR_CREDENTIALS, true},
        {401, "Invalid L1 Request headers", ERR_CREDENTIALS, true},
        {403, "Trading restricted in your region, please refer to available regions", ERR_GEOBLOCKED, true},
        {404, "No orderbook exists for the requested token id", ERR_MARKET_CLOSED, true},
        {404, "market not found", ERR_MARKET_CLOSED, true},
        {425, "", ERR_VENUE_PAUSED, true},
        {425, "the order matches nothing, invalid", ERR_VENUE_PAUSED, true}, /* the status says it all */
        {429, "slow down, invalid", ERR_RATE_LIMITED, true},
        {500, "could not insert order", ERR_OUTCOME_UNKNOWN, false},
        {500, "could not run the execution", ERR_OUTCOME_UNKNOWN, false},
        {500, "order timed out", ERR_VENUE_PAUSED, true}, /* the one that never reached the book */
        {500, "there are no matching orders", ERR_OUTCOME_UNKNOWN, false},
        {500, "the trade contains rounding issues", ERR_OUTCOME_UNKNOWN, false},
        {500, "not enough balance / allowance", ERR_OUTCOME_UNKNOWN, false},
        {500, "Internal server error", ERR_OUTCOME_UNKNOWN, false},
        {502, "", ERR_OUTCOME_UNKNOWN, false},
        {504, "upstream timed out", ERR_OUTCOME_UNKNOWN, false},
        {503, "", ERR_OUTCOME_UNKNOWN, false},
        {503, "Trading is currently disabled. Check polymarket.com for updates", ERR_VENUE_PAUSED, true},
        {503, "Trading is currently cancel-only. New orders are not accepted, but cancels are allowed.", ERR_VENUE_PAUSED, true},
        {503, "post-only mode: only post-only orders and cancels are allowed", ERR_VENUE_POST_ONLY, true},
        {408, "", ERR_OUTCOME_UNKNOWN, false},
        {302, "", ERR_OUTCOME_UNKNOWN, false},
        {0, "", ERR_OUTCOME_UNKNOWN, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pm_error e = say(PM_OP_PLACE, rows[i].status, rows[i].sentence), t;
        if (e.err != rows[i].err || e.definite != rows[i].definite)
            fail_msg("%d %s: %s, %s", rows[i].status, rows[i].sentence, err_name(e.err), e.definite ? "definite" : "not definite");
        assert_true(e.text[0]);
        pm_error_of_text(PM_OP_PLACE, rows[i].status, rows[i].sentence, &t);
        assert_int_equal(t.err, e.err);
        assert_int_equal(t.definite, e.definite);
    }
}

/* The session reads its windows from our text too. */
static void test_windows_keep_their_words(void **state) {
    (void)state;
    struct pm_error e;
    pm_error_of_text(PM_OP_PLACE, 200, "post-only mode: only post-only orders and cancels are allowed", &e);
    assert_true(e.err == ERR_VENUE_POST_ONLY && e.definite && str_contains_nocase(e.text, "post-only mode"));
    pm_error_of_text(PM_OP_PLACE, 200, "Trading is currently cancel-only. New orders are not accepted, but cancels are allowed.", &e);
    assert_true(e.err == ERR_VENUE_PAUSED && str_contains_nocase(e.text, "cancel-only"));
    pm_error_of_text(PM_OP_PLACE, 200, "Trading is currently disabled. Check polymarket.com for updates", &e);
    assert_true(e.err == ERR_VENUE_PAUSED && str_contains_nocase(e.text, "trading is currently disabled"));
}

static void test_legs_of_a_batch(void **state) {
    (void)state;
    struct pm_error e;
    pm_error_of_text(PM_OP_PLACE, 200, "", &e);
    assert_int_equal(e.err, ERR_OK);
    pm_error_of_text(PM_OP_PLACE, 200, NULL, &e);
    assert_int_equal(e.err, ERR_OK);
    pm_error_of_text(PM_OP_PLACE, 200, "there are no matching orders", &e);
    assert_true(e.err == ERR_NO_LIQUIDITY && e.definite);
    pm_error_of_text(PM_OP_PLACE, 200, "Rate limit exceeded for tokenId: 0xdef456abc789...", &e);
    assert_true(e.err == ERR_RATE_LIMITED && e.definite);
    pm_error_of_text(PM_OP_PLACE, 200, "something else is wrong with it", &e);
    assert_true(e.err == ERR_VENUE_REJECTED && e.definite);
    pm_error_of_text(PM_OP_PLACE, 200, "could not insert order", &e);
    assert_true(e.err == ERR_OUTCOME_UNKNOWN && !e.definite);
    static const char *const over[] = {"Order already matched", "Order not found", "Order already canceled", "Order not found or already canceled", "order can't be found - already canceled or matched", "matched orders can't be canceled"};
    for (size_t i = 0; i < sizeof over / sizeof *over; i++) {
        pm_error_of_text(PM_OP_CANCEL, 200, over[i], &e);
        assert_true(e.err == ERR_NOT_OPEN && e.definite);
    }
}

static void test_success_is_what_the_body_says(void **state) {
    (void)state;
    static const struct { enum pm_op op; const char *body; enum err err; bool definite; } rows[] = {
        {PM_OP_PLACE, "{\"success\":true,\"errorMsg\":\"\",\"orderID\":\"0xab\",\"status\":\"live\"}", ERR_OK, true},
        {PM_OP_PLACE, "{\"success\":true,\"errorMsg\":\"order match delayed due to market conditions\",\"orderID\":\"0xab\",\"status\":\"delayed\"}", ERR_OK, true},
        {PM_OP_PLACE, "{\"success\":true,\"errorMsg\":\"post-only mode: only post-only orders and cancels are allowed\",\"orderID\":\"\"}", ERR_VENUE_POST_ONLY, true},
        {PM_OP_PLACE, "{\"success\":true,\"errorMsg\":\"not enough balance / allowance\",\"orderID\":\"\"}", ERR_INSUFFICIENT_FUNDS, true},
        {PM_OP_PLACE, "{\"success\":false,\"errorMsg\":\"nobody has heard of it\",\"orderID\":\"\"}", ERR_VENUE_REJECTED, true},
        {PM_OP_PLACE, "{\"success\":false,\"errorMsg\":\"\",\"orderID\":\"\"}", ERR_OUTCOME_UNKNOWN, false},
        {PM_OP_PLACE, "{\"success\":true}", ERR_OUTCOME_UNKNOWN, false},
        {PM_OP_PLACE, "{\"success\":true,\"orderID\":\"0xab\"", ERR_OUTCOME_UNKNOWN, false}, /* cut */
        {PM_OP_PLACE, "", ERR_OUTCOME_UNKNOWN, false},
        {PM_OP_PLACE, "null", ERR_OUTCOME_UNKNOWN, false},
        {PM_OP_PLACE, "OK", ERR_OUTCOME_UNKNOWN, false},
        {PM_OP_PLACE, "<html><title>Hello</title></html>", ERR_OUTCOME_UNKNOWN, false},
        {PM_OP_PLACE, "[{\"success\":true}]", ERR_OK, true}, /* its legs are read one by one */
        {PM_OP_PLACE, "[{\"success\":true}", ERR_OUTCOME_UNKNOWN, false},
        {PM_OP_CANCEL, "{\"canceled\":[],\"not_canceled\":{}}", ERR_OK, true},
        {PM_OP_CANCEL, "{\"canceled\":[", ERR_OUTCOME_UNKNOWN, false},
        {PM_OP_CANCEL, "", ERR_OUTCOME_UNKNOWN, false},
        {PM_OP_READ, "OK", ERR_OK, true},
        {PM_OP_READ, "1796000000", ERR_OK, true},
        {PM_OP_READ, "{\"error\":\"market not found\"}", ERR_NOT_FOUND, true},
        {PM_OP_READ, "{\"data\":[],\"error\":\"\"}", ERR_OK, true},
        {PM_OP_READ, "{\"data\":[],\"error\":null}", ERR_OK, true},
        {PM_OP_LOGIN, "{\"apiKey\":\"k\",\"secret\":\"s\",\"passphrase\":\"p\"}", ERR_OK, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pm_error e = ask(rows[i].op, 200, rows[i].body);
        if (e.err != rows[i].err || e.definite != rows[i].definite)
            fail_msg("%s: %s, %s", rows[i].body, err_name(e.err), e.definite ? "definite" : "not definite");
    }
}

static void test_on_the_way(void **state) {
    (void)state;
    static const struct { enum err err; enum err place, read; bool definite; } rows[] = {
        {ERR_UNREACHABLE, ERR_UNREACHABLE, ERR_UNREACHABLE, true}, {ERR_TIMEOUT, ERR_OUTCOME_UNKNOWN, ERR_TIMEOUT, false},
        {ERR_OUTCOME_UNKNOWN, ERR_OUTCOME_UNKNOWN, ERR_PROVIDER, false}, {ERR_OVERFLOW, ERR_OUTCOME_UNKNOWN, ERR_OVERFLOW, false},
        {ERR_CANCELLED, ERR_OUTCOME_UNKNOWN, ERR_CANCELLED, false},      {ERR_BAD_VALUE, ERR_BAD_VALUE, ERR_BAD_VALUE, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct http_answer a = {.err = rows[i].err, .body = "", .content_type = "", .retry_after_ms = -1, .text = "the line was cut"};
        struct pm_error e;
        pm_error_of(PM_OP_PLACE, &a, &e);
        assert_true(e.err == rows[i].place && e.definite == rows[i].definite && strcmp(e.text, "the line was cut") == 0);
        pm_error_of(PM_OP_CANCEL, &a, &e);
        assert_true(e.err == rows[i].place && e.definite == rows[i].definite);
        pm_error_of(PM_OP_READ, &a, &e);
        assert_true(e.err == rows[i].read && e.definite);
        pm_error_of(PM_OP_LOGIN, &a, &e);
        assert_int_equal(e.definite, rows[i].definite);
    }
}

static void test_bodies_of_any_shape(void **state) {
    (void)state;
    static const char *const bodies[] = {
        "{\"error\":\"not enough balance / allowance\"}", "{\"errorMsg\":\"not enough balance / allowance\"}", "{\"error_msg\":\"Not enough BALANCE / allowance\"}",
        "{\"message\":\"not enough balance / allowance\"}", "{\"error\":{\"message\":\"not enough balance / allowance\"}}", "\"not enough balance / allowance\"",
        "not enough balance / allowance", "{\"error\":\"\",\"errorMsg\":\"not enough balance / allowance\"}", " {\"error\":\"not enough balance / allowance\"}\n",
        "{\"error\":\"not enough balance / allowan",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct pm_error e = ask(PM_OP_PLACE, 400, bodies[i]);
        assert_true(e.err == ERR_INSUFFICIENT_FUNDS && e.definite && e.balance.micro == -1);
    }
    struct pm_error e = ask(PM_OP_PLACE, 503, "{\"code\":\"post_only_mode\",\"retry_after_seconds\":79}");
    assert_true(e.err == ERR_VENUE_POST_ONLY && e.retry_after_ms == 79000);
    e = ask(PM_OP_PLACE, 503, "{\"code\":\"post_only_mode\",\"retry_after_seconds\":\"1.5\"}");
    assert_int_equal(e.retry_after_ms, 1500);
    e = ask(PM_OP_PLACE, 503, "{\"code\":\"post_only_mode\",\"retry_after_seconds\":1e300}");
    assert_int_equal(e.retry_after_ms, -1);
    e = ask(PM_OP_PLACE, 503, "{\"code\":\"post_only_mode\",\"retry_after_seconds\":-5}");
    assert_int_equal(e.retry_after_ms, -1);
    struct http_answer a = {.err = ERR_OK, .status = 429, .body = "", .content_type = "", .retry_after_ms = 7000};
    pm_error_of(PM_OP_PLACE, &a, &e);
    assert_true(e.err == ERR_RATE_LIMITED && e.definite && e.retry_after_ms == 7000);
    a.status = 425, a.retry_after_ms = 99999999;
    pm_error_of(PM_OP_CANCEL, &a, &e);
    assert_true(e.err == ERR_VENUE_PAUSED && e.definite && e.retry_after_ms == 3600000);
    static const char page[] = "<!DOCTYPE html><html><head><title>Attention Required! | Cloudflare</title></head><body>not enough balance, Invalid api key</body></html>";
    e = ask(PM_OP_PLACE, 403, page);
    assert_true(e.err == ERR_GEOBLOCKED && e.definite && str_contains_nocase(e.text, "Attention Required") && str_contains_nocase(e.text, "VPN"));
    e = ask(PM_OP_PLACE, 502, page);
    assert_true(e.err == ERR_OUTCOME_UNKNOWN && !e.definite);
    e = ask(PM_OP_READ, 502, page);
    assert_true(e.err == ERR_PROVIDER && e.definite);
    e = ask(PM_OP_PLACE, 77777, page);
    assert_true(e.err == ERR_OUTCOME_UNKNOWN && !e.definite);
    e = ask(PM_OP_PLACE, 429, "error code: 1015");
    assert_int_equal(e.err, ERR_RATE_LIMITED);
}

static void test_figures(void **state) {
    (void)state;
    struct pm_error e = say(PM_OP_PLACE, 400, "not enough balance / allowance: the balance is not enough -> balance: 1500000, order amount: 10520000");
    assert_true(e.err == ERR_INSUFFICIENT_FUNDS && e.balance.micro == 1500000 && e.needed.micro == 10520000);
    assert_true(str_contains_nocase(e.text, "1.50 there, 10.52 needed"));
    e = say(PM_OP_PLACE, 400, "not enough balance / allowance: the balance is not enough -> balance: 0, order amount: 5000000.");
    assert_true(e.balance.micro == 0 && e.needed.micro == 5000000);
    e = say(PM_OP_PLACE, 400, "not enough balance / allowance: balance: 50000000, order amount: 5000000");
    assert_true(e.err == ERR_ALLOWANCE && e.balance.micro == 50000000); /* there is enough of it */
    e = say(PM_OP_PLACE, 400, "not enough balance / allowance: balance: 50000000, sum of active orders: 48000000, order amount: 5000000");
    assert_int_equal(e.err, ERR_INSUFFICIENT_FUNDS);
    e = say(PM_OP_PLACE, 400, "not enough balance / allowance: the allowance is not enough -> spender: 0x1, allowance: 0, order amount: 5000000");
    assert_true(e.err == ERR_ALLOWANCE && e.balance.micro == -1);
    e = say(PM_OP_PLACE, 400, "not enough balance / allowance: balance: 12.5, order amount: 20.25");
    assert_true(e.balance.micro == 12500000 && e.needed.micro == 20250000);
    e = say(PM_OP_PLACE, 400, "not enough balance / allowance: balance: 99999999999999999999999999, order amount: x");
    assert_true(e.err == ERR_INSUFFICIENT_FUNDS && e.balance.micro == -1 && e.needed.micro == -1);
}

static void test_nothing_foreign_in_the_text(void **state) {
    (void)state;
    struct pm_error e = say(PM_OP_PLACE, 400, "order 0x5a337f6bef6e0911a443cf2abae7ae1cf10fb36a812d7d648d115ba7564cdf1c is invalid. Size (3) lower than the minimum: 5");
    assert_string_equal(e.text, "order 0x5a33~ is invalid. Size (3) lower than the minimum: 5; a larger size");
    e = ask(PM_OP_PLACE, 400, "{\"error\":\"\\u001b]0;x\\u0007 evil\\n\\u202e \\ud83d\\ude00 text\"}");
    assert_true(str_contains_nocase(e.text, "evil"));
    char body[5000] = "{\"error\":\"", *p = body + strlen(body);
    for (int i = 0; i < 1200; i++) /* three bytes each: a cut falls inside of one */
        memcpy(p + 3 * i, "\xe2\x82\xac", 3);
    strcpy(p + 3600, "\"}");
    e = ask(PM_OP_PLACE, 400, body);
    assert_true(strlen(e.text) > 80 && strcmp(e.text + strlen(e.text) - 3, "...") == 0);
    size_t whole = strlen(e.text) - 3;
    assert_int_equal(whole % 3, 0);
    e = ask(PM_OP_PLACE, 403, "<html><title>\x1b[2J\xff\xfe bad</title>");
    assert_int_equal(e.err, ERR_GEOBLOCKED);
    ask(PM_OP_PLACE, 403, "<html><title>never ends");
    ask(PM_OP_PLACE, 403, "<title></title>");
}

/* --- every documented body ---------------------------------------------------------------------------- */

static char *shared_file(const char *name) {
    const char *top = getenv("TURRET_SHARED");
    char path[512];
    snprintf(path, sizeof path, "%s/%s", top && *top ? top : "../shared", name);
    FILE *f = fopen(path, "rb");
    if (!f)
        return NULL;
    char *text = calloc(1, 4 << 20);
    size_t n = fread(text, 1, (4 << 20) - 1, f);
    text[n] = 0;
    fclose(f);
    return text;
}

static enum pm_op op_of(const char *op) {
    if (strcmp(op, "POST /order") == 0 || strcmp(op, "POST /orders") == 0)
        return PM_OP_PLACE;
    if (strstr(op, "DELETE /order") || strstr(op, "DELETE /cancel"))
        return PM_OP_CANCEL;
    return strstr(op, "/auth/") ? PM_OP_LOGIN : PM_OP_READ;
}

static void test_every_documented_body(void **state) {
    (void)state;
    char *text = shared_file("data/fixtures/polymarket/official_docs/openapi_clob_examples.json");
    if (!text) {
        print_message("no shared fixtures here: skipped\n");
        skip();
    }
    cJSON *list = cJSON_Parse(text);
    const cJSON *it;
    int failures = 0, errors = 0;
    assert_true(cJSON_GetArraySize(list) >= 275);
    cJSON_ArrayForEach(it, list) {
        const char *status = cJSON_GetStringValue(cJSON_GetObjectItem(it, "status")), *op = cJSON_GetStringValue(cJSON_GetObjectItem(it, "op"));
        if (!status)
            continue;
        char *body = cJSON_PrintUnformatted(cJSON_GetObjectItem(it, "example"));
        enum pm_op kind = op_of(op);
        struct pm_error e = ask(kind, atoi(status), body);
        bool bad = atoi(status) >= 400, changes = kind == PM_OP_PLACE || kind == PM_OP_CANCEL, good;
        errors += bad;
        if (!bad)
            good = e.err == ERR_OK;
        else if (atoi(status) == 500) /* nobody knows what was done; reading is asked again */
            good = e.err == (changes ? ERR_OUTCOME_UNKNOWN : ERR_PROVIDER) && e.definite == !changes;
        else /* a specific code, never "refused" alone */
            good = e.definite && e.err != ERR_OK && e.err != ERR_VENUE_REJECTED && e.err != ERR_FAILED && e.err != ERR_PROVIDER && e.err != ERR_OUTCOME_UNKNOWN;
        if (!good && ++failures)
            print_message("%s %s %.200s: %s, %s\n", op, status, body, err_name(e.err), e.definite ? "definite" : "not definite");
        free(body);
    }
    cJSON_Delete(list);
    free(text);
    assert_int_equal(failures, 0);
    assert_true(errors > 150);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sentences_of_orders), cmocka_unit_test(test_windows_keep_their_words), cmocka_unit_test(test_legs_of_a_batch),
        cmocka_unit_test(test_success_is_what_the_body_says), cmocka_unit_test(test_on_the_way), cmocka_unit_test(test_bodies_of_any_shape),
        cmocka_unit_test(test_figures), cmocka_unit_test(test_nothing_foreign_in_the_text), cmocka_unit_test(test_every_documented_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
