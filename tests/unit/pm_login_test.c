/* Login checks, search and cancel-all against a server with one thing wrong at a time: the check that fails is the one that is named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "support/raw_server.h"
#include "support/ws_peer.h"
#include "turret/base/str.h"
#include "turret/io/http.h"
#include "turret/io/loop.h"
#include "venue/polymarket/trade/pm_clob.h"

#define KEY "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80" /* a public one, of test chains */
#define EOA "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
#define CREDS "{\"apiKey\":\"aaaa-bbbb\",\"secret\":\"c2VjcmV0LXNlY3JldC1zZWNyZXQ=\",\"passphrase\":\"pass\"}"
#define STD "0xE111180000d2663C0091e4f400237545B87B996B"
#define NEG "0xe2222d279d744050d28e00520010520000310F59"
#define BALANCE(b, s, n) "{\"balance\":\"" b "\",\"allowances\":{\"" STD "\":\"" s "\",\"" NEG "\":\"" n "\",\"0x00000000000000000000000000000000000000ff\":\"0\"}}"
#define MAX_UINT "115792089237316195423570985008687907853269984665640564039457584007913129639935"
#define CONDITION "0x00000000000000000000000000000000000000000000000000000000000000c1"
#define ORDER(id, market, maker) "{\"id\":\"" id "\",\"market\":\"" market "\",\"maker_address\":\"" maker "\",\"status\":\"LIVE\"}"
#define LIST(rows) "{\"limit\":100,\"count\":1,\"next_cursor\":\"LTE=\",\"data\":[" rows "]}"

/* What the server says: the first row whose beginning fits. times: so often, then the next one that fits; 0 = always. */
struct say { const char *what; int status; const char *body; int times; };
static struct say said[16]; /* of the test, before the usual ones */
static int said_n;
static const struct say usual[] = {
    {"GET /time ", 200, "", 0},
    {"GET /version ", 200, "{\"version\":2}", 0},
    {"GET /geo ", 200, "{\"blocked\":false,\"ip\":\"203.0.113.1\",\"country\":\"CH\",\"region\":\"ZH\"}", 0},
    {"GET /auth/derive-api-key ", 200, CREDS, 0},
    {"POST /auth/api-key ", 200, CREDS, 0},
    {"GET /auth/api-keys ", 200, "{\"apiKeys\":[\"other\",\"aaaa-bbbb\"]}", 0},
    {"GET /auth/ban-status/closed-only ", 200, "{\"closed_only\":false}\n", 0},
    {"GET /balance-allowance/update?", 200, "", 0},
    {"GET /balance-allowance?", 200, BALANCE("250500000", MAX_UINT, MAX_UINT), 0},
    {"GET /data/orders", 200, LIST(""), 0},
    {"", 404, "{\"error\":\"no such path\"}", 0},
};
static int clock_off_s;
enum { USED = 100, SEEN = 200, KINDS = 16 };
static const char *const kinds[KINDS] = {"GET /auth/derive-api-key", "POST /auth/api-key", "GET /balance-allowance/update", "DELETE /cancel-all", "DELETE /cancel-market-orders", "GET /markets/slug/"};

static void reply(struct ws_line *l, int status, const char *body) {
    struct str out = {0};
    str_addf(&out, "HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s", status, strlen(body), body);
    peer_write(l, out.p, out.len);
    str_free(&out);
}

static void answer(struct ws_line *l, const char *head) {
    char now[32];
    for (int k = 0; k < KINDS && kinds[k]; k++)
        l->shared[SEEN + k] += !strncmp(head, kinds[k], strlen(kinds[k]));
    bool private = strstr(head, "/auth/api-keys ") || strstr(head, "/data/") || strstr(head, "/balance-") || strstr(head, "DELETE ");
    if (private && (!strstr(head, "POLY_SIGNATURE: ") || !strstr(head, "POLY_API_KEY: aaaa-bbbb") || !strstr(head, "POLY_PASSPHRASE: pass"))) {
        reply(l, 401, "{\"error\":\"Unauthorized/Invalid api key\"}");
        return;
    }
    for (int i = 0; i < said_n; i++)
        if (!strncmp(head, said[i].what, strlen(said[i].what)) && (!said[i].times || l->shared[USED + i] < said[i].times)) {
            l->shared[USED + i]++;
            if (said[i].status == 0) /* the line is cut */
                _exit(0);
            reply(l, said[i].status, said[i].body);
            return;
        }
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        if (!strncmp(head, usual[i].what, strlen(usual[i].what))) {
            snprintf(now, sizeof now, "%lld", (long long)time(NULL) + clock_off_s);
            reply(l, usual[i].status, usual[i].body[0] || i ? usual[i].body : now);
            return;
        }
}

static void peer_venue(struct ws_line *l) {
    char head[8192];
    for (;;) {
        size_t n = 0;
        head[0] = 0;
        while (n < sizeof head - 1 && !strstr(head, "\r\n\r\n")) {
            if (!peer_read(l, head + n, 1))
                return;
            head[++n] = 0;
        }
        const char *length = strcasestr(head, "content-length: ");
        char body[2048];
        size_t len = length ? (size_t)atoi(length + 16) : 0;
        if (len >= sizeof body || (len && !peer_read(l, body, len)))
            return;
        body[len] = 0;
        if (!strncmp(head, "DELETE /cancel-market-orders", 28) && strcmp(body, "{\"market\":\"" CONDITION "\"}") != 0)
            reply(l, 400, "{\"error\":\"Invalid order payload\"}");
        else
            answer(l, head);
    }
}

/* --- running --- */
static struct ws_peer server;
static struct pm_cfg cfg;
static struct secret key;
static char clob[64], geo[80], dir[64], wallet[PM_ADDRESS_TEXT];
static struct pm_check checks[32];
static int check_n, ended, free_at; /* free_at: the check at which it is freed */
static enum err worst;
static char last[512];
static struct pm_login *login;

static int fresh(void **state) {
    (void)state;
    said_n = check_n = ended = 0;
    clock_off_s = 0;
    free_at = -1;
    last[0] = 0;
    snprintf(dir, sizeof dir, "/tmp/login-test-XXXXXX");
    assert_non_null(mkdtemp(dir));
    key = (struct secret){KEY, strlen(KEY)};
    cfg = (struct pm_cfg){.account = {.name = "main", .key = &key, .wallet = wallet, .signature_type = PM_1271, .secrets_dir = dir}};
    struct pm_key *k;
    struct pm_address a;
    assert_int_equal(pm_key_new(KEY, strlen(KEY), &k), ERR_OK);
    assert_true(pm_deposit_address(pm_key_address(k), &a));
    pm_address_text(&a, wallet);
    pm_key_free(k);
    return 0;
}
static void say(const char *what, int status, const char *body, int times) { said[said_n++] = (struct say){what, status, body, times}; }
static void begin(void) {
    server = ws_peer_start(peer_venue, NULL, NULL);
    snprintf(clob, sizeof clob, "http://127.0.0.1:%d", server.port);
    snprintf(geo, sizeof geo, "http://127.0.0.1:%d/geo", server.port);
    cfg.hosts = (struct pm_hosts){.clob = clob, .gamma = clob, .data = clob, .geoblock = geo};
}
static int finish(void **state) {
    (void)state;
    char line[128];
    if (server.pid)
        ws_peer_stop(&server);
    http_close_all();
    snprintf(line, sizeof line, "rm -rf %s", dir);
    return system(line);
}

static void on_check(void *ctx, const struct pm_check *c) {
    assert_ptr_equal(ctx, &cfg);
    checks[check_n++] = *c;
    if (check_n - 1 == free_at) {
        pm_login_free(login);
        login = NULL;
        ev_break(loop_get(), EVBREAK_ALL);
    }
}
static void on_end(void *ctx, enum err e, const char *text) {
    assert_ptr_equal(ctx, &cfg);
    ended++;
    worst = e;
    str_copy(last, sizeof last, text);
    ev_break(loop_get(), EVBREAK_ALL);
}
static void fired(struct ev_loop *loop, ev_timer *t, int events) {
    (void)loop, (void)t, (void)events;
    fail_msg("no end in twenty seconds");
}
static void run_loop(void) {
    ev_timer t;
    ev_timer_init(&t, fired, 20., 0.);
    ev_now_update(loop_get());
    ev_timer_start(loop_get(), &t);
    ev_run(loop_get(), 0);
    ev_timer_stop(loop_get(), &t);
}
static void run(bool create) {
    check_n = ended = 0;
    login = pm_login_start(&cfg, create, on_check, on_end, &cfg);
    assert_int_equal(check_n, 0);
    run_loop();
    pm_login_free(login);
    login = NULL;
}
static void forget(void) { /* the credentials of runs before */
    char line[160];
    snprintf(line, sizeof line, "rm -f %s/*", dir);
    assert_int_equal(system(line), 0);
}
static const struct pm_check *row(const char *name) {
    for (int i = 0; i < check_n; i++)
        if (!strcmp(checks[i].name, name))
            return &checks[i];
    fail_msg("no check of that name: %s", name);
    return NULL;
}
/* Exactly this check failed, with that error; its text holds `part`. */
static void only(const char *name, enum err e, const char *part) {
    assert_int_equal(ended, 1);
    for (int i = 0; i < check_n; i++)
        if (checks[i].state == PM_CHECK_FAILED && strcmp(checks[i].name, name) != 0)
            fail_msg("%s failed too: %s", checks[i].name, checks[i].text);
    assert_int_equal(row(name)->state, PM_CHECK_FAILED);
    assert_int_equal(row(name)->err, e);
    if (!strstr(row(name)->text, part))
        fail_msg("'%s' is not in '%s'", part, row(name)->text);
    assert_int_equal(worst, e);
    assert_true(!strncmp(last, name, strlen(name)));
}

/* --- login --- */

static void all_is_well(void **state) {
    (void)state;
    struct pm_creds c;
    struct pm_address a;
    begin();
    run(false);
    assert_int_equal(check_n, 11);
    for (int i = 0; i < check_n; i++)
        if (checks[i].state != PM_CHECK_OK)
            fail_msg("%s: %s", checks[i].name, checks[i].text);
    assert_int_equal(worst, ERR_OK);
    assert_string_equal(last, "all checks passed");
    assert_non_null(strstr(row("key")->text, EOA));
    assert_non_null(strstr(row("balance")->text, "250.50"));
    assert_true(pm_address_parse(EOA, &a) && pm_creds_read(dir, &a, 137, &c)); /* kept */
    assert_string_equal(c.key, "aaaa-bbbb");
    assert_int_equal(server.shared[SEEN + 1], 0); /* none were created */
    assert_int_equal(server.shared[SEEN + 2], 0); /* nothing was in doubt */
}

static void other_types(void **state) {
    (void)state;
    struct pm_key *k;
    struct pm_address a;
    begin();
    cfg.account.signature_type = PM_EOA;
    cfg.account.wallet = "";
    run(false);
    assert_int_equal(worst, ERR_OK);
    cfg.account.wallet = EOA;
    run(false);
    assert_int_equal(worst, ERR_OK);
    cfg.account.signature_type = PM_SAFE;
    assert_int_equal(pm_key_new(KEY, strlen(KEY), &k), ERR_OK);
    pm_safe_address(pm_key_address(k), &a);
    pm_address_text(&a, wallet);
    pm_key_free(k);
    cfg.account.wallet = wallet;
    run(false);
    assert_int_equal(row("wallet")->state, PM_CHECK_OK);
    cfg.account.signature_type = PM_PROXY;
    cfg.account.wallet = "0x1111111111111111111111111111111111111111";
    run(false);
    assert_int_equal(row("wallet")->state, PM_CHECK_WARN); /* of a venue that is not Polymarket's own */
    assert_non_null(strstr(row("wallet")->text, "compare"));
    assert_int_equal(pm_key_new(KEY, strlen(KEY), &k), ERR_OK);
    pm_proxy_address(pm_key_address(k), &a);
    pm_address_text(&a, wallet);
    pm_key_free(k);
    cfg.account.wallet = wallet;
    run(false);
    assert_int_equal(row("wallet")->state, PM_CHECK_OK);
}

static void wrong_wallets(void **state) {
    (void)state;
    static const struct { int type; const char *wallet; enum err e; const char *part; } cases[] = {
        {PM_1271, "", ERR_WRONG_WALLET, "needs 'wallet'"},
        {PM_PROXY, "", ERR_WRONG_WALLET, "needs 'wallet'"},
        {PM_1271, EOA, ERR_WRONG_WALLET, "the key's own address"},
        {PM_EOA, "0x1111111111111111111111111111111111111111", ERR_WRONG_WALLET, "not the key's own"},
        {PM_1271, "0x1234", ERR_WRONG_WALLET, "no address"},
        {PM_SAFE, "0xF39Fd6e51aad88F6F4ce6aB8827279cffFb92266", ERR_WRONG_WALLET, "capitals"},
        {7, EOA, ERR_WRONG_WALLET, "does not exist"},
    };
    begin();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cfg.account.signature_type = cases[i].type;
        cfg.account.wallet = cases[i].wallet;
        run(false);
        only("wallet", cases[i].e, cases[i].part);
    }
    cfg.account.signature_type = PM_EOA; /* the right wallet of another type: that one is named */
    cfg.account.wallet = wallet;
    run(false);
    only("wallet", ERR_WRONG_WALLET, "but deposit");
    cfg.account.signature_type = PM_SAFE;
    run(false);
    only("wallet", ERR_WRONG_WALLET, "deposit, not safe");
    cfg.account.wallet = "0x1111111111111111111111111111111111111111";
    run(false);
    assert_int_equal(row("wallet")->state, PM_CHECK_WARN); /* of a venue that is not Polymarket's own */
}

static void keys(void **state) {
    (void)state;
    struct secret bad = {(char *)(uintptr_t)"0x1234", 6};
    begin();
    cfg.account.key = &bad;
    run(false);
    only("key", ERR_CREDENTIALS, "no private key");
    assert_int_equal(row("wallet")->state, PM_CHECK_SKIPPED);
    assert_int_equal(row("orders")->state, PM_CHECK_SKIPPED);
    assert_int_equal(row("version")->state, PM_CHECK_OK);
    cfg.account.key = NULL;
    run(false);
    only("key", ERR_CREDENTIALS, "polymarket-key");
}

static void clocks(void **state) {
    (void)state;
    clock_off_s = 100;
    begin();
    run(false);
    assert_int_equal(worst, ERR_OK); /* it is allowed for */
    assert_int_equal(row("clock")->state, PM_CHECK_WARN);
    assert_non_null(strstr(row("clock")->text, "behind"));
    assert_non_null(strstr(last, "remark"));
}

static void nobody_there(void **state) {
    (void)state;
    snprintf(clob, sizeof clob, "http://127.0.0.1:%d", raw_server_closed_port());
    snprintf(geo, sizeof geo, "%s/geo", clob);
    cfg.hosts = (struct pm_hosts){.clob = clob, .gamma = clob, .data = clob, .geoblock = geo};
    run(true);
    assert_int_equal(worst, ERR_UNREACHABLE);
    assert_int_equal(row("clock")->err, ERR_UNREACHABLE);
    assert_int_equal(row("place")->state, PM_CHECK_FAILED);
    assert_int_equal(row("key")->state, PM_CHECK_OK);
    assert_int_equal(row("credentials")->state, PM_CHECK_SKIPPED);
    assert_true(!strncmp(last, "clock: ", 7));
}

static void one_thing_wrong(void **state) {
    (void)state;
    static const struct { struct say s; const char *name; enum err e; const char *part; } cases[] = {
        {{"GET /time ", 200, "\"soon\"", 0}, "clock", ERR_PROVIDER, "can't be read"},
        {{"GET /version ", 200, "{\"version\":3}", 0}, "version", ERR_ORDER_VERSION, "newer Turret"},
        {{"GET /version ", 200, "{}", 0}, "version", ERR_PROVIDER, "can't be read"},
        {{"GET /geo ", 200, "{\"blocked\":true,\"country\":\"US\"}", 0}, "place", ERR_GEOBLOCKED, "(US)"},
        {{"GET /version ", 500, "{\"error\":\"internal\"}", 0}, "version", ERR_PROVIDER, ""},
        {{"GET /geo ", 500, "404 page not found", 0}, "place", ERR_PROVIDER, "nothing is opened"},
        {{"GET /geo ", 200, "<html>", 0}, "place", ERR_PROVIDER, "nothing is opened"},
        {{"GET /auth/derive-api-key ", 400, "{\"error\":\"Could not derive api key!\"}", 0}, "credentials", ERR_CREDENTIALS, "creates them"},
        {{"GET /auth/derive-api-key ", 401, "{\"error\":\"Invalid L1 Request headers\"}", 0}, "credentials", ERR_CREDENTIALS, "signature"},
        {{"GET /auth/derive-api-key ", 200, "{\"apiKey\":\"x\"}", 0}, "credentials", ERR_PROVIDER, "can't be read"},
        {{"GET /auth/api-keys ", 401, "{\"error\":\"Unauthorized/Invalid api key\"}", 0}, "access", ERR_CREDENTIALS, "refused"},
        {{"GET /auth/ban-status/closed-only ", 200, "{\"closed_only\":true}", 0}, "restrictions", ERR_ACCOUNT_BANNED, "only close"},
        {{"GET /balance-allowance?", 400, "{\"error\":\"Invalid signature_type\"}", 0}, "balance", ERR_WRONG_WALLET, "0 EOA"},
        {{"GET /balance-allowance?", 200, "{\"balance\":null}", 0}, "balance", ERR_PROVIDER, "can't be read"},
        {{"GET /balance-allowance?", 200, BALANCE("1000000", "0", MAX_UINT), 0}, "allowances", ERR_ALLOWANCE, "the standard exchange"},
        {{"GET /balance-allowance?", 200, BALANCE("1000000", "0", "0"), 0}, "allowances", ERR_ALLOWANCE, "standard, neg-risk"},
        {{"GET /data/orders", 500, "{\"error\":\"internal\"}", 0}, "orders", ERR_PROVIDER, "can't be read"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        said_n = 0;
        said[said_n++] = cases[i].s;
        forget();
        begin();
        run(false);
        only(cases[i].name, cases[i].e, cases[i].part);
        ws_peer_stop(&server);
    }
    http_close_all();
}

static void only_remarks(void **state) {
    (void)state;
    static const struct { struct say s; const char *name, *part; enum pm_check_state state; } cases[] = {
        {{"GET /balance-allowance?", 200, BALANCE("0", MAX_UINT, MAX_UINT), 0}, "balance", "no pUSD", PM_CHECK_WARN},
        {{"GET /balance-allowance?", 200, BALANCE("900000000", "1000000", MAX_UINT), 0}, "allowances", "less than", PM_CHECK_WARN},
        {{"GET /balance-allowance?", 200, "{\"balance\":\"5000000\",\"allowances\":{}}", 0}, "allowances", "not told", PM_CHECK_WARN},
        {{"GET /balance-allowance?", 200, "{\"balance\":\"5.25\",\"allowance\":\"" MAX_UINT "\"}", 0}, "allowances", "may spend", PM_CHECK_OK},
        {{"GET /auth/ban-status/closed-only ", 404, "{\"error\":\"not found\"}", 0}, "restrictions", "does not tell", PM_CHECK_SKIPPED},
        {{"GET /auth/api-keys ", 404, "{\"error\":\"not found\"}", 0}, "access", "does not list", PM_CHECK_SKIPPED},
        {{"GET /time ", 404, "404 page not found", 0}, "clock", "does not tell its time", PM_CHECK_WARN},
        {{"GET /version ", 404, "404 page not found", 0}, "version", "does not tell", PM_CHECK_WARN},
        {{"GET /version ", 200, "{\"version\":\"2\"}", 0}, "version", "version 2", PM_CHECK_OK},
        {{"GET /version ", 200, "2\n", 0}, "version", "version 2", PM_CHECK_OK},
        {{"GET /geo ", 404, "404 page not found", 0}, "place", "no geoblock", PM_CHECK_WARN},
        {{"GET /geo ", 200, "{\"blocked\":false}", 0}, "place", "place not named", PM_CHECK_OK},
        {{"GET /data/orders", 200, "{\"data\":null,\"count\":0}", 0}, "orders", "0 open", PM_CHECK_OK},
        {{"GET /data/orders", 200, "{\"limit\":100,\"count\":0,\"next_cursor\":\"MTAw\",\"data\":[]}", 0}, "orders", "0 open", PM_CHECK_OK},
        {{"GET /auth/api-keys ", 200, "{\"apiKeys\":[\"other\"]}", 0}, "access", "not in the list", PM_CHECK_WARN},
        {{"GET /data/orders", 200, LIST(ORDER("0x1", CONDITION, "0x2222222222222222222222222222222222222222")), 0}, "orders", "another wallet", PM_CHECK_WARN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        said_n = 0;
        said[said_n++] = cases[i].s;
        begin();
        run(false);
        assert_int_equal(worst, ERR_OK);
        assert_int_equal(row(cases[i].name)->state, cases[i].state);
        if (!strstr(row(cases[i].name)->text, cases[i].part))
            fail_msg("'%s' is not in '%s'", cases[i].part, row(cases[i].name)->text);
        ws_peer_stop(&server);
    }
    http_close_all();
}

static void a_mock_without_geoblock(void **state) { /* the settings name a book on this machine, and leave the rest as it is */
    (void)state;
    begin();
    cfg.hosts.geoblock = NULL;
    run(false);
    assert_int_equal(worst, ERR_OK);
    assert_int_equal(row("place")->state, PM_CHECK_SKIPPED);
}

static void stale_funds(void **state) { /* an old balance is refreshed once; an empty one is looked for by the other types */
    (void)state;
    say("GET /balance-allowance?", 200, BALANCE("0", "0", "0"), 1);
    begin();
    run(false);
    assert_int_equal(worst, ERR_OK);
    assert_int_equal(row("balance")->state, PM_CHECK_OK);
    assert_int_equal(server.shared[SEEN + 2], 1);
    ws_peer_stop(&server);
    said_n = 0;
    say("GET /balance-allowance?asset_type=COLLATERAL&signature_type=2", 200, BALANCE("77000000", MAX_UINT, MAX_UINT), 0);
    say("GET /balance-allowance?", 200, BALANCE("0", MAX_UINT, MAX_UINT), 0);
    begin();
    run(false);
    only("balance", ERR_WRONG_WALLET, "77.00 pUSD with type safe");
}

static void credentials_are_created(void **state) {
    (void)state;
    say("GET /auth/derive-api-key ", 400, "{\"error\":\"Could not derive api key!\"}", 0);
    begin();
    run(true);
    assert_int_equal(worst, ERR_OK);
    assert_int_equal(server.shared[SEEN + 1], 1);
    assert_non_null(strstr(row("credentials")->text, "created, kept in"));
    ws_peer_stop(&server);
    say("POST /auth/api-key ", 400, "{\"error\":\"Could not create api key\"}", 0);
    begin();
    run(true); /* there are some already: those of before */
    assert_int_equal(worst, ERR_OK);
    assert_non_null(strstr(row("credentials")->text, "those kept in"));
    run(false);
    assert_int_equal(worst, ERR_OK);
    ws_peer_stop(&server);
    forget();
    begin();
    run(true);
    only("credentials", ERR_DUPLICATE, "can't be created");
    assert_int_equal(row("access")->state, PM_CHECK_SKIPPED);
    ws_peer_stop(&server);
    said_n = 0;
    cfg.account.secrets_dir = "/nonexistent/place";
    begin();
    run(true);
    assert_int_equal(worst, ERR_OK);
    assert_int_equal(row("credentials")->state, PM_CHECK_WARN);
}

static void foreign_bytes(void **state) {
    (void)state;
    say("GET /auth/api-keys ", 403, "{\"error\":\"\\u001b[31mred\\u001b[0m and \\u202egnol\"}", 0);
    begin();
    run(false);
    for (const char *p = row("access")->text; *p; p++)
        assert_true((unsigned char)*p >= ' ');
    assert_null(strstr(row("access")->text, "\xe2\x80\xae"));
}

static void freed_at_any_check(void **state) {
    (void)state;
    begin();
    for (int i = 0; i < 11; i++) {
        free_at = i;
        run(false);
        assert_int_equal(check_n, i + 1);
        assert_int_equal(ended, 0);
    }
    free_at = -1;
    login = pm_login_start(&cfg, false, on_check, on_end, &cfg); /* and at once */
    pm_login_free(login);
    pm_login_free(NULL);
}

/* --- cancel-all --- */

static void cancel(const char *market) {
    ended = 0;
    struct pm_cancel *c = pm_cancel_start(&cfg, market, on_end, &cfg);
    run_loop();
    pm_cancel_free(c);
    assert_int_equal(ended, 1);
}

static void cancels_all(void **state) {
    (void)state;
    say("DELETE /cancel-all ", 200, "{\"canceled\":[\"0x1\",\"0x2\"],\"not_canceled\":{}}", 0);
    begin();
    cancel("");
    assert_int_equal(worst, ERR_OK);
    assert_string_equal(last, "2 cancelled, 0 left");
    assert_int_equal(server.shared[SEEN + 0], 1);
    cancel(NULL); /* now with the kept credentials */
    assert_int_equal(worst, ERR_OK);
    assert_int_equal(server.shared[SEEN + 0], 1);
}

static void cancels_partly(void **state) {
    (void)state;
    say("DELETE /cancel-all ", 200, "{\"canceled\":[\"0x1\"],\"not_canceled\":{\"0x2\":\"order is delayed\"}}", 0);
    say("GET /data/orders", 200, LIST(ORDER("0x2", CONDITION, EOA)), 0);
    begin();
    cancel("");
    assert_int_equal(worst, ERR_PARTLY);
    assert_non_null(strstr(last, "1 cancelled, 1 left: "));
}

static void cancels_one_market(void **state) {
    (void)state;
    say("DELETE /cancel-market-orders ", 200, "{\"canceled\":[\"0x1\"],\"not_canceled\":{}}", 0);
    say("GET /data/orders", 200, LIST(ORDER("0x2", "0x00000000000000000000000000000000000000000000000000000000000000c2", EOA)), 0); /* of another market */
    say("GET /markets/slug/rain-in-may ", 200,
        "{\"id\":\"1\",\"question\":\"Rain?\",\"slug\":\"rain-in-may\",\"conditionId\":\"" CONDITION "\",\"outcomes\":\"[\\\"Yes\\\",\\\"No\\\"]\",\"clobTokenIds\":\"[\\\"11\\\",\\\"12\\\"]\","
        "\"orderPriceMinTickSize\":0.01,\"orderMinSize\":5,\"active\":true,\"closed\":false,\"enableOrderBook\":true,\"acceptingOrders\":true}", 0);
    begin();
    cancel("rain-in-may");
    assert_string_equal(last, "1 cancelled, 0 left");
    assert_int_equal(server.shared[SEEN + 4], 1);
    cancel(CONDITION);
    assert_int_equal(worst, ERR_OK);
    assert_int_equal(server.shared[SEEN + 5], 1); /* an id needs no look-up */
    cancel("no-such-market");
    assert_int_equal(worst, ERR_NOT_FOUND);
    assert_int_equal(server.shared[SEEN + 3], 0); /* and never all of them instead */
    assert_int_equal(server.shared[SEEN + 4], 2);
}

static void cancel_fails(void **state) {
    (void)state;
    say("DELETE /cancel-all ", 0, NULL, 1); /* the answer is lost: tried again */
    say("DELETE /cancel-all ", 200, "{\"canceled\":[],\"not_canceled\":{}}", 0);
    begin();
    cancel("");
    assert_int_equal(worst, ERR_OK);
    assert_int_equal(server.shared[SEEN + 3], 2);
    ws_peer_stop(&server);
    said_n = 0;
    say("DELETE /cancel-all ", 401, "{\"error\":\"Unauthorized/Invalid api key\"}", 0);
    begin();
    cancel("");
    assert_int_equal(worst, ERR_CREDENTIALS);
    assert_int_equal(server.shared[SEEN + 0], 1); /* kept ones were derived anew once */
    cfg.account.key = NULL;
    cancel("");
    assert_int_equal(worst, ERR_CREDENTIALS);
}

/* --- search --- */

static struct pm_found found[64];
static int found_n, found_ends;
static void on_found(void *ctx, const struct pm_found *f) {
    assert_ptr_equal(ctx, &cfg);
    if (f)
        found[found_n++] = *f;
    else
        found_ends++;
}
static void search(const char *query, int max) {
    found_n = found_ends = ended = 0;
    struct pm_search *s = pm_search_start(&cfg.hosts, query, max, on_found, on_end, &cfg);
    run_loop();
    pm_search_free(s);
    assert_int_equal(ended, 1);
}
#define MARKET(slug, condition, more) \
    "{\"id\":\"1\",\"question\":\"Question of " slug "\",\"slug\":\"" slug "\",\"conditionId\":\"0x00000000000000000000000000000000000000000000000000000000000000" condition "\"," \
    "\"outcomes\":\"[\\\"Yes\\\",\\\"No\\\"]\",\"clobTokenIds\":\"[\\\"11\\\",\\\"12\\\"]\",\"orderPriceMinTickSize\":0.01,\"orderMinSize\":5,\"active\":true,\"enableOrderBook\":true,\"acceptingOrders\":true," more "}"

static void searches(void **state) {
    (void)state;
    say("GET /public-search?q=rain%20%26%20wind&limit_per_type=", 200,
        "{\"events\":[{\"slug\":\"e\",\"markets\":[" MARKET("old", "a1", "\"closed\":true") "," MARKET("rain", "a2", "\"closed\":false,\"volume24hr\":12.5,\"bestBid\":0.4,\"bestAsk\":0.42") "," MARKET("wind", "a3", "\"closed\":false")
        "]}],\"tags\":null,\"profiles\":null,\"pagination\":{}}", 0);
    say("GET /public-search?q=nothing", 200, "{\"events\":null,\"tags\":null,\"profiles\":null}", 0);
    say("GET /public-search?q=some-slug", 200, "{\"events\":[]}", 0);
    say("GET /markets/slug/some-slug ", 200, MARKET("some-slug", "b1", "\"closed\":false"), 0);
    say("GET /markets/keyset?limit=1&condition_ids=" CONDITION " ", 200, "{\"markets\":[" MARKET("by-id", "c1", "\"closed\":false") "],\"next_cursor\":\"\"}", 0);
    say("GET /markets/keyset?limit=3&closed=false&order=volume24hr&ascending=false ", 200, "{\"markets\":[" MARKET("top", "d1", "\"closed\":false") "," "{\"id\":7}" "," MARKET("next", "d2", "\"closed\":false") "]}", 0);
    say("GET /public-search?q=broken", 500, "{\"error\":\"oh\"}", 0);
    begin();
    search(" rain & wind ", 2);
    assert_int_equal(worst, ERR_OK);
    assert_true(found_n == 2 && found_ends == 1);
    assert_string_equal(found[0].slug, "rain");
    assert_true(found[0].open && found[0].bid.micro == 400000 && found[0].ask.micro == 420000 && found[0].volume_24h.micro == 12500000 && found[0].symbol[0]);
    assert_string_equal(found[1].slug, "wind");
    search("rain & wind", 10);
    assert_int_equal(found_n, 3);
    assert_false(found[2].open); /* what can't be traded comes last */
    search("nothing", 10);
    assert_true(worst == ERR_NOT_FOUND && found_n == 0 && found_ends == 1);
    search("some-slug", 10);
    assert_string_equal(found[0].slug, "some-slug");
    search(CONDITION, 10);
    assert_string_equal(found[0].slug, "by-id");
    search("", 3);
    assert_true(found_n == 2 && !strcmp(found[0].slug, "top"));
    search("broken", 3);
    assert_int_equal(worst, ERR_PROVIDER);
    assert_int_equal(found_ends, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, finish)
int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(all_is_well), TEST(other_types), TEST(wrong_wallets), TEST(keys), TEST(clocks), TEST(nobody_there), TEST(one_thing_wrong), TEST(only_remarks), TEST(a_mock_without_geoblock), TEST(stale_funds),
        TEST(credentials_are_created), TEST(foreign_bytes), TEST(freed_at_any_check), TEST(cancels_all), TEST(cancels_partly), TEST(cancels_one_market), TEST(cancel_fails), TEST(searches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
