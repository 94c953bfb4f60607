/* The venue as a whole around stand-ins of market data and user stream: opening, the login step by step, what is up and what is missing, funds,
 * credentials that are kept, refused and got anew. */
#include "pm_rig.h"

#include <sys/stat.h>
#include <unistd.h>

#include "venue/polymarket/trade/pm_account.h"

/* --- stand-ins --------------------------------------------------------------------------------------------- */

static struct { struct event_sink sink; int started, restored, closed, listed, users, again; bool user_up, fail; } D;
struct pm_data { int none; };
static struct pm_data the_data;

struct pm_data *pm_data_open(const struct pm_hosts *h, const struct pm_markets_cfg *m, enum venue_id as, struct event_sink sink, char text[REASON_MAX]) {
    (void)h, (void)m;
    assert_int_equal(as, VENUE_POLYMARKET);
    if (D.fail)
        snprintf(text, REASON_MAX, "the address can't be used");
    D.sink = sink;
    return D.fail ? NULL : &the_data;
}
void pm_data_restore(struct pm_data *d, const struct event *ev) { (void)d, (void)ev, D.restored++; }
void pm_data_start(struct pm_data *d, int64_t now_us) { (void)d, (void)now_us, D.started++; }
void pm_data_list(struct pm_data *d, const char *what) { (void)d, D.listed += !strcmp(what, "some-slug"); }
enum err pm_data_activity(struct pm_data *d, const struct fx_activity *a, int64_t now_us) { return (void)d, (void)a, (void)now_us, ERR_NOT_FOUND; }
void pm_data_close(struct pm_data *d) { (void)d, D.closed++; }
const struct pm_hosts *pm_data_hosts(const struct pm_data *d) { return (void)d, &R.hosts; }
void pm_data_again(struct pm_data *d) { (void)d, D.again++; }
void pm_data_health(const struct pm_data *d, struct ev_health *h) { (void)d, h->market_up = 1, h->books = 3; }
const struct pm_market *pm_market_by_id(const struct pm_data *d, market_id id) { return (void)d, id == R.market[0].m.id ? &R.market[0] : NULL; }
int pm_depth(const struct pm_data *d, market_id id, enum book_side side, struct level *out, int max) { return (void)d, (void)id, (void)side, (void)out, (void)max, 0; }
void pm_market_over(struct pm_data *d, market_id id) { (void)d, (void)id; }
void pm_market_refresh(struct pm_data *d, market_id id, pm_market_fn *done, void *ctx) { (void)d, (void)id, (void)done, (void)ctx; }

struct pm_user { int none; };
static struct pm_user the_user;
struct pm_user *pm_user_new(struct pm_session *s) { return (void)s, &the_user; }
void pm_user_free(struct pm_user *u) { (void)u; }
void pm_user_start(struct pm_user *u, int64_t now_us) { (void)u, (void)now_us, D.users++; }
bool pm_user_up(const struct pm_user *u) { return (void)u, D.user_up; }
const char *pm_user_missing(const struct pm_user *u) { return (void)u, D.user_up ? NULL : "user stream: not connected"; }
void pm_user_health(const struct pm_user *u, struct ev_health *h) { (void)u, h->user_up = D.user_up; }
enum err pm_user_reconcile(struct pm_user *u, const struct fx_reconcile *r, int64_t now_us) { return (void)u, (void)r, (void)now_us, ERR_OK; }
void pm_user_trade(struct pm_user *u, const struct json *trade, uint64_t round, int64_t now_us) { (void)u, (void)trade, (void)round, (void)now_us; }
void pm_user_order(struct pm_user *u, const struct json *order, uint64_t round, int64_t now_us) { (void)u, (void)order, (void)round, (void)now_us; }
void pm_user_catch_up(struct pm_user *u, int64_t now_us) { (void)u, (void)now_us; }

static void data_says(bool up, const char *text) {
    struct event ev;
    event_init(&ev, EVENT_VENUE, VENUE_POLYMARKET, clock_now_us());
    ev.u.venue_state.venue = VENUE_POLYMARKET;
    ev.u.venue_state.up = up;
    snprintf(ev.u.venue_state.text, sizeof ev.u.venue_state.text, "%s", text);
    D.sink.put(D.sink.ctx, &ev);
}

/* --- the rig ------------------------------------------------------------------------------------------------- */

static struct venue *V;
static char dir[64];
static struct pm_cfg cfg;
static struct secret key = {(char *)(uintptr_t)RIG_KEY, sizeof RIG_KEY - 1};

static int setup(void **state) {
    (void)state;
    memset(&R, 0, sizeof R);
    memset(&D, 0, sizeof D);
    rig_server_open();
    rig_market(0, "will-it-rain", false);
    static char geo[96];
    snprintf(geo, sizeof geo, "%s/api/geoblock", R.url);
    R.hosts = (struct pm_hosts){.clob = R.url, .geoblock = geo};
    snprintf(dir, sizeof dir, "/tmp/turret-pm-XXXXXX");
    assert_non_null(mkdtemp(dir));
    cfg = (struct pm_cfg){.hosts = R.hosts, .account = {.name = "poly", .key = &key, .wallet = RIG_WALLET, .signature_type = PM_1271, .secrets_dir = dir}};
    V = NULL;
    return 0;
}
static void venue_open_ok(void) {
    char text[REASON_MAX];
    assert_int_equal(pm_open(&cfg, (struct event_sink){rig_put, NULL}, &V, text), ERR_OK);
}
static void account_event(struct event *ev, const char *name) {
    event_init(ev, EVENT_ACCOUNT, VENUE_POLYMARKET, clock_now_us());
    ev->u.account = (struct account){.id = 7, .venue = VENUE_POLYMARKET, .live = 1};
    snprintf(ev->u.account.name, sizeof ev->u.account.name, "%s", name);
}
static void venue_begin(void) {
    struct event ev;
    venue_open_ok();
    account_event(&ev, "poly");
    V->ops->restore(V, &ev);
    V->ops->start(V, clock_now_us());
}
static void venue_end(void) {
    if (V)
        V->ops->close(V);
    V = NULL;
}
static int teardown(void **state) {
    (void)state;
    char cmd[96];
    venue_end();
    http_close_all();
    httpd_close(R.s);
    rig_forget();
    snprintf(cmd, sizeof cmd, "rm -rf '%s'", dir);
    return system(cmd);
}

/* Until the venue says so. */
static void wait_state(bool up, const char *part) {
    for (int64_t end = clock_mono_us() + 8000000; clock_mono_us() < end; rig_turn(0.01))
        for (int i = R.events; i-- > 0;) {
            const struct ev_venue *v = &R.event[i]->u.venue_state;
            if (R.event[i]->type != EVENT_VENUE)
                continue;
            if (v->up == up && strstr(v->text, part))
                return;
            break;
        }
    fail_msg("never %s \"%s\", but: %s", up ? "up" : "down", part, rig_events(EVENT_VENUE) ? rig_event(EVENT_VENUE)->u.venue_state.text : "nothing");
}

#define NOW_TIME {.path = "/time", .status = 200, .body = time_text}
#define VERSION_2 {.path = "/version", .status = 200, .body = "{\"version\":2}"}
#define CREDS "{\"apiKey\":\"aaaa-bbbb\",\"secret\":\"c2VjcmV0\",\"passphrase\":\"pass\"}"
#define DERIVE {.path = "/auth/derive-api-key", .status = 200, .body = CREDS}
#define FREE {.path = "/auth/ban-status/closed-only", .status = 200, .body = "{\"closed_only\":false}"}
#define FUNDS {.path = "/balance-allowance", .status = 200, .body = "{\"balance\":\"250500000\",\"allowances\":{\"0xE111180000d2663C0091e4f400237545B87B996B\":\"115792089237316195423570985008687907853269984665640564039457584007913129639935\",\"0xe2222d279d744050d28e00520010520000310F59\":\"40000000\",\"0x1111111111111111111111111111111111111111\":\"0\"}}"}
#define HERE {.path = "/api/geoblock", .status = 200, .body = "{\"blocked\":false,\"ip\":\"192.0.2.1\",\"country\":\"CH\",\"region\":\"ZH\"}"}
static char time_text[24];
static void time_now(int64_t ahead_s) { snprintf(time_text, sizeof time_text, "%lld", (long long)(clock_now_us() / 1000000 + ahead_s)); }

static int first_at(const char *path) {
    for (int i = 0; i < R.count; i++)
        if (!strcmp(R.got[i].path, path))
            return i;
    return 1000;
}

/* --- tests ------------------------------------------------------------------------------------------------------ */

static void comes_up_by_steps(void **state) {
    (void)state;
    struct stat st;
    char path[160], name[80] = "polymarket-api-";
    time_now(0);
    RULES(NOW_TIME, VERSION_2, DERIVE, FREE, FUNDS, HERE);
    venue_begin();
    assert_int_equal(D.started, 1);
    wait_state(false, "market data");
    data_says(true, "3 markets");
    wait_state(false, "user stream");
    assert_int_equal(D.users, 1);
    D.user_up = true;
    wait_state(true, "market data and account");
    assert_true(first_at("/time") < first_at("/version") && first_at("/version") < first_at("/auth/derive-api-key") && first_at("/auth/derive-api-key") < first_at("/auth/ban-status/closed-only"));
    WAIT_EVENT(EVENT_FUNDS);
    const struct ev_funds *f = &rig_event(EVENT_FUNDS)->u.funds;
    assert_int_equal(f->account, 7);
    assert_int_equal(f->balance.micro, 250500000);
    assert_int_equal(f->allowance.micro, 40000000); /* the smaller of the two exchanges'; others don't count */
    assert_non_null(strstr(rig_last("/balance-allowance")->query, "signature_type=3"));
    const struct pm_address *who = NULL;
    struct pm_key *k;
    assert_int_equal(pm_key_new(RIG_KEY, strlen(RIG_KEY), &k), ERR_OK);
    who = pm_key_address(k);
    for (size_t i = 0; i < sizeof who->b; i++)
        snprintf(name + strlen(name), sizeof name - strlen(name), "%02x", who->b[i]);
    pm_key_free(k);
    snprintf(path, sizeof path, "%s/%s", dir, name);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    data_says(false, "market data: the stream is silent");
    wait_state(false, "silent");
    data_says(true, "3 markets");
    wait_state(true, "");
    D.user_up = false;
    wait_state(false, "user stream");
    int again = D.again;
    D.user_up = true;
    wait_state(true, "");
    assert_int_equal(D.again, again + 1); /* its books never stopped, but the desk took them for lost */
    D.user_up = false;
    rig_turn(1.2);
    assert_int_equal(rig_event(EVENT_HEALTH)->u.health.books, 3);
    assert_true(rig_event(EVENT_HEALTH)->u.health.latency_us > 0);
    /* the next start takes the kept ones */
    venue_end();
    rig_forget();
    venue_begin();
    data_says(true, "");
    D.user_up = true;
    wait_state(true, "");
    assert_int_equal(rig_asked("GET", "/auth/derive-api-key"), 0);
    assert_string_equal(rig_last("/auth/ban-status/closed-only")->key, "aaaa-bbbb");
}

static void a_first_key_is_made(void **state) {
    (void)state;
    time_now(0);
    RULES(NOW_TIME, VERSION_2, {.path = "/auth/derive-api-key", .status = 400, .body = "{\"error\":\"Could not derive api key!\"}"}, {.method = "POST", .path = "/auth/api-key", .status = 200, .body = CREDS}, FREE, FUNDS, HERE);
    venue_begin();
    data_says(true, "");
    D.user_up = true;
    wait_state(true, "");
    assert_int_equal(rig_asked("POST", "/auth/api-key"), 1);
    assert_true(rig_last("/auth/api-key")->signature[0]);
}

static void kept_ones_that_are_refused(void **state) {
    (void)state;
    time_now(0);
    RULES(NOW_TIME, VERSION_2, DERIVE, FREE, FUNDS, HERE);
    venue_begin();
    data_says(true, "");
    D.user_up = true;
    wait_state(true, "");
    venue_end();
    rig_forget();
    RULES(NOW_TIME, VERSION_2, {.path = "/auth/derive-api-key", .status = 200, .body = "{\"apiKey\":\"new-key\",\"secret\":\"bmV3\",\"passphrase\":\"new\"}"},
          {.path = "/auth/ban-status/closed-only", .status = 401, .body = "{\"error\":\"Invalid API key\"}", .times = 1}, FREE, FUNDS, HERE);
    venue_begin();
    data_says(true, "");
    wait_state(true, "");
    assert_string_equal(rig_last("/auth/ban-status/closed-only")->key, "new-key");
    assert_int_equal(rig_asked("GET", "/auth/derive-api-key"), 1);
}

static void refused_in_the_middle(void **state) {
    (void)state;
    time_now(0);
    RULES(NOW_TIME, VERSION_2, DERIVE, FREE, FUNDS, HERE);
    venue_begin();
    data_says(true, "");
    D.user_up = true;
    wait_state(true, "");
    RULES({.path = "/data/order/*", .status = 401, .body = "{\"error\":\"Unauthorized/Invalid api key\"}"}, {.path = "/time", .status = 503, .body = "{}"}, HERE);
    struct order o = {.id = 5, .account = 7, .market = R.market[0].m.id, .venue_id = "0x12", .sent_us = clock_now_us()};
    assert_int_equal(V->ops->query(V, &o, clock_now_us()), ERR_OK);
    wait_state(false, "credentials");
    assert_int_equal(V->ops->place(V, &o, clock_now_us()), ERR_UNREACHABLE);
    wait_state(false, "clock"); /* begins anew, from the first step on */
}

static void steps_that_fail_are_named(void **state) {
    (void)state;
    time_now(0);
    RULES({.path = "/time", .status = 500, .body = "{}", .times = 2}, NOW_TIME, {.path = "/version", .status = 200, .body = "{\"version\":3}", .times = 1}, VERSION_2, HERE);
    venue_begin();
    data_says(true, "");
    wait_state(false, "clock: ");
    wait_state(false, "version 3 of orders");
    assert_int_equal(first_at("/auth/derive-api-key"), 1000);
}

static void the_place_counts(void **state) {
    (void)state;
    struct order buy = {.id = 5, .account = 7, .market = R.market[0].m.id, .type = ORDER_LIMIT, .limit = PRICE(470000), .size = QTY(10000000)}, sell = buy;
    sell.action = ACTION_SELL;
    time_now(0);
    RULES(NOW_TIME, VERSION_2, DERIVE, FREE, FUNDS, {.path = "/api/geoblock", .status = 200, .body = "{\"blocked\":true,\"ip\":\"192.0.2.1\",\"country\":\"US\",\"region\":\"NY\"}"});
    venue_begin();
    data_says(true, "");
    D.user_up = true;
    wait_state(true, ""); /* closing works from anywhere */
    WAIT_EVENT(EVENT_NOTE);
    assert_non_null(strstr(rig_event(EVENT_NOTE)->u.note.text, "US"));
    assert_int_equal(V->ops->prepare(V, &buy, clock_now_us()), ERR_GEOBLOCKED);
    assert_int_equal(V->ops->prepare(V, &sell, clock_now_us()), ERR_OK);
    venue_end();
    rig_forget();
    RULES(NOW_TIME, VERSION_2, DERIVE, {.path = "/auth/ban-status/closed-only", .status = 200, .body = "{\"closed_only\":true}"}, FUNDS, HERE);
    venue_begin();
    data_says(true, "");
    wait_state(true, "");
    rig_turn(0.1);
    assert_int_equal(V->ops->prepare(V, &buy, clock_now_us()), ERR_ACCOUNT_BANNED);
    assert_int_equal(V->ops->prepare(V, &sell, clock_now_us()), ERR_OK);
    venue_end();
    RULES(NOW_TIME, VERSION_2, DERIVE, FREE, FUNDS, {.path = "/api/geoblock", .status = 500, .body = "?"});
    rig_forget();
    venue_begin();
    data_says(true, "");
    wait_state(true, "");
    assert_int_equal(V->ops->prepare(V, &buy, clock_now_us()), ERR_GEOBLOCKED); /* not known is not allowed */
}

static void without_a_key(void **state) {
    (void)state;
    struct order o = {.id = 5};
    struct fx_reconcile r = {.account = 7};
    struct fx_list l = {.what = "some-slug"};
    struct fx_activity a = {.wallet = "0x1"};
    cfg.account.key = NULL;
    venue_open_ok();
    V->ops->start(V, clock_now_us());
    wait_state(false, "market data");
    data_says(true, "");
    wait_state(true, "market data");
    assert_int_equal(V->ops->prepare(V, &o, 0), ERR_CREDENTIALS);
    assert_int_equal(V->ops->place(V, &o, 0), ERR_CREDENTIALS);
    assert_int_equal(V->ops->query(V, &o, 0), ERR_CREDENTIALS);
    assert_int_equal(V->ops->reconcile(V, &r, 0), ERR_CREDENTIALS);
    assert_int_equal(V->ops->activity(V, &a, 0), ERR_NOT_FOUND);
    assert_int_equal(V->ops->list(V, &l, 0), ERR_OK);
    assert_int_equal(D.listed, 1);
    rig_turn(1.1);
    assert_int_equal(rig_event(EVENT_HEALTH)->u.health.user_up, 2);
    assert_int_equal(R.count, 0);
    assert_int_equal(V->ops->next_us(V), INT64_MAX);
}

static void another_account(void **state) {
    (void)state;
    struct event ev;
    time_now(0);
    RULES(NOW_TIME, VERSION_2, DERIVE, FREE, FUNDS, HERE);
    venue_open_ok();
    account_event(&ev, "another"); /* of another key; not ours */
    V->ops->restore(V, &ev);
    account_event(&ev, "poly");
    ev.u.account.live = 0;
    V->ops->restore(V, &ev);
    V->ops->start(V, clock_now_us());
    data_says(true, "");
    D.user_up = true;
    wait_state(false, "no live account");
    assert_int_equal(D.restored, 2);
}

static void configurations_that_are_wrong(void **state) {
    (void)state;
    static struct secret bad = {(char *)(uintptr_t) "0x1234", 6};
    const struct { const struct secret *key; const char *wallet, *builder; int type; int64_t chain; enum err err; } rows[] = {
        {&bad, RIG_WALLET, "", PM_1271, 0, ERR_CREDENTIALS}, {&key, "", "", PM_1271, 0, ERR_CONFIG}, {&key, "0x33", "", PM_1271, 0, ERR_CONFIG}, {&key, RIG_WALLET, "", PM_EOA, 0, ERR_CONFIG},
        {&key, RIG_WALLET, "", 4, 0, ERR_CONFIG}, {&key, RIG_WALLET, "0x12", PM_1271, 0, ERR_CONFIG}, {&key, RIG_WALLET, "", PM_1271, 1, ERR_CONFIG}, {&key, "", "", PM_EOA, 0, ERR_OK},
        {&key, NULL, NULL, PM_EOA, 0, ERR_OK}, {&key, RIG_WALLET, "0x0000000000000000000000000000000000000000000000000000000000000abc", PM_SAFE, 80002, ERR_OK},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[REASON_MAX];
        cfg.account.key = rows[i].key;
        cfg.account.wallet = rows[i].wallet;
        cfg.account.builder = rows[i].builder;
        cfg.account.signature_type = rows[i].type;
        cfg.chain_id = rows[i].chain;
        V = NULL;
        enum err e = pm_open(&cfg, (struct event_sink){rig_put, NULL}, &V, text);
        if (e != rows[i].err)
            fail_msg("row %d: %s (%s)", (int)i, err_name(e), text);
        assert_true(e == ERR_OK || text[0]);
        venue_end();
        assert_int_equal(D.closed, i + 1);
    }
    D.fail = true;
    char text[REASON_MAX];
    assert_int_equal(pm_open(&cfg, (struct event_sink){rig_put, NULL}, &V, text), ERR_CONFIG);
    assert_string_equal(text, "the address can't be used");
}

static void funds_in_every_form(void **state) {
    (void)state;
    static const struct { const char *body; bool good; int64_t balance, allowance; } rows[] = {
        {"{\"balance\":\"1000000000\",\"allowance\":\"999999999000000\"}", true, 1000000000, 999999999000000},
        {"{\"balance\":\"250.500000\"}", true, 250500000, -1},
        {"{\"balance\":0,\"allowances\":{}}", true, 0, -1},
        {"{\"balance\":\"5\",\"allowances\":{\"0xabc\":\"7\",\"0xdef\":\"3\"}}", true, 5, 3}, /* whoever they are: the smallest */
        {"{\"balance\":\"\"}", false, 0, 0},
        {"{\"balance\":null}", false, 0, 0},
        {"{\"balance\":\"-1\"}", false, 0, 0},
        {"{\"balance\":\"12x\"}", false, 0, 0},
        {"{\"allowance\":\"1\"}", false, 0, 0},
        {"[]", false, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cJSON *doc = NULL;
        struct json_err err = {0};
        usd balance = USD(0), allowance = USD(0);
        assert_true(json_parse(rows[i].body, strlen(rows[i].body), 65536, &doc, &err));
        assert_int_equal(pm_funds_read(doc, 137, &balance, &allowance), rows[i].good);
        if (rows[i].good) {
            assert_int_equal(balance.micro, rows[i].balance);
            assert_int_equal(allowance.micro, rows[i].allowance);
        }
        json_free(doc);
    }
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(comes_up_by_steps), T(a_first_key_is_made), T(kept_ones_that_are_refused), T(refused_in_the_middle), T(steps_that_fail_are_named), T(the_place_counts),
        T(without_a_key), T(another_account), T(configurations_that_are_wrong), T(funds_in_every_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
