/* The REST session against a server: headers, lanes, rate buckets, windows, retries of reads and of nothing else, pages. */
#include "pm_rig.h"

#include <cjson/cJSON.h>

struct got { int calls; enum err err; bool definite, doc; int status; int64_t retry_after_ms; char text[REASON_MAX], body[256]; struct pm_clob *free_it; };

static void on_call(void *ctx, const struct pm_error *e, const struct cJSON *doc, const struct http_answer *a) {
    struct got *g = ctx;
    g->calls++;
    g->err = e->err;
    g->definite = e->definite;
    g->retry_after_ms = e->retry_after_ms;
    g->status = a->status;
    g->doc = doc != NULL;
    snprintf(g->text, sizeof g->text, "%s", e->text);
    snprintf(g->body, sizeof g->body, "%.200s", a->body);
    if (g->free_it) {
        pm_clob_free(g->free_it);
        R.session.clob = NULL;
    }
}
static struct got call(struct pm_call q) {
    static struct got g;
    g = (struct got){0};
    pm_clob_call(R.session.clob, &q, on_call, &g);
    assert_int_equal(g.calls, 0);
    rig_until(&g.calls, 1);
    return g;
}
static int setup(void **state) { return (void)state, rig_open(PM_EOA), 0; }
static int teardown(void **state) { return (void)state, rig_close(), 0; }

#define TAKEN "{\"success\":true,\"orderID\":\"0x1\",\"status\":\"live\"}"
#define READ(p) ((struct pm_call){.method = "GET", .path = (p), .auth = PM_L2, .bucket = PM_RATE_ORDERS_READ})
#define PLACE ((struct pm_call){.method = "POST", .path = "/order", .body = "{\"a\":1}", .auth = PM_L2, .bucket = PM_RATE_PLACE, .op = PM_OP_PLACE})
#define CANCEL ((struct pm_call){.method = "DELETE", .path = "/order", .body = "{\"orderID\":\"0x1\"}", .auth = PM_L2, .bucket = PM_RATE_CANCEL, .op = PM_OP_CANCEL})

static void private_headers(void **state) {
    (void)state;
    char address[PM_ADDRESS_TEXT], want[64];
    RULES({.path = "/order", .status = 200, .body = "{\"ok\":1}"});
    struct pm_call q = PLACE;
    q.query = "x=1&y=2";
    assert_int_equal(call(q).status, 200);
    const struct rig_request *g = rig_last("/order");
    pm_address_text(pm_key_address(R.session.key), address);
    assert_string_equal(g->address, address);
    assert_string_equal(g->key, R.creds.key);
    assert_string_equal(g->pass, R.creds.passphrase);
    assert_string_equal(g->query, "x=1&y=2");
    assert_string_equal(g->type, "application/json");
    assert_int_equal(pm_l2_signature(&R.creds, atoll(g->stamp), "POST", "/order", "{\"a\":1}", 7, want), ERR_OK);
    assert_string_equal(g->signature, want); /* over the path without the query, and the exact body */
    assert_true(llabs(atoll(g->stamp) - clock_now_us() / 1000000) <= 1);
}

static void key_headers_and_their_clock(void **state) {
    (void)state;
    char want[PM_SIGNATURE_TEXT];
    RULES({.path = "/auth/derive-api-key", .status = 200, .body = "{}"});
    int64_t now = clock_now_us();
    pm_clob_clock(R.session.clob, now / 1000000 + 3600, now, now); /* their clock is an hour ahead */
    call((struct pm_call){.method = "GET", .path = "/auth/derive-api-key", .auth = PM_L1, .bucket = PM_RATE_AUTH, .op = PM_OP_LOGIN});
    const struct rig_request *g = rig_last("/auth/derive-api-key");
    assert_true(llabs(atoll(g->stamp) - (clock_now_us() / 1000000 + 3600)) <= 2);
    assert_int_equal(pm_l1_signature(R.session.key, 137, atoll(g->stamp), 0, want), ERR_OK);
    assert_string_equal(g->signature, want);
    assert_string_equal(g->key, "");
    pm_clob_clock(R.session.clob, now / 1000000, now, now); /* what whole seconds can't tell from none is none */
    assert_int_equal(pm_clob_skew_us(R.session.clob), 0);
}

static void without_credentials(void **state) {
    (void)state;
    pm_clob_creds_set(R.session.clob, NULL);
    struct got g = call(READ("/data/orders"));
    assert_int_equal(g.err, ERR_CREDENTIALS);
    assert_true(g.definite);
    assert_int_equal(R.count, 0);
}

static void only_reads_are_tried_again(void **state) {
    (void)state;
    RULES({.path = "/data/orders", .status = 500, .body = "{\"error\":\"could not read\"}", .times = 2}, {.path = "/data/orders", .status = 200, .body = "{}"},
          {.path = "/order", .status = 500, .body = "{\"error\":\"could not insert order\"}"});
    struct pm_call q = READ("/data/orders");
    q.retries = 3;
    struct got g = call(q);
    assert_int_equal(g.err, ERR_OK);
    assert_int_equal(R.count, 3);
    assert_true(strcmp(R.got[0].signature, "") != 0);
    q.retries = 0;
    RULES({.path = "/data/orders", .status = 500, .body = "{\"error\":\"could not read\"}"}, {.path = "/order", .status = 500, .body = "{\"error\":\"could not insert order\"}"});
    assert_int_not_equal(call(q).err, ERR_OK);
    g = call(PLACE);
    assert_false(g.definite);
    assert_int_not_equal(g.err, ERR_OK);
    rig_turn(0.6);
    assert_int_equal(rig_asked("POST", "/order"), 1);
}

static void broken_answers(void **state) {
    (void)state;
    RULES({.path = "/order", .status = 200, .body = "{\"success\":true,\"orderID\":\"0x1"}, {.path = "/data/orders", .status = 200, .body = "[1,2"}, {.path = "/ok", .status = 200, .body = "OK"},
          {.path = "/time", .status = 200, .body = "1796000000"});
    struct got g = call(PLACE);
    assert_int_not_equal(g.err, ERR_OK);
    assert_false(g.definite); /* it may stand in the book */
    assert_int_not_equal(call(READ("/data/orders")).err, ERR_OK);
    g = call((struct pm_call){.method = "GET", .path = "/ok", .bucket = PM_RATE_OTHER});
    assert_int_equal(g.err, ERR_OK);
    assert_false(g.doc);
    assert_string_equal(g.body, "OK");
    assert_true(call((struct pm_call){.method = "GET", .path = "/time", .bucket = PM_RATE_OTHER}).doc);
}

static void cancels_go_first(void **state) {
    (void)state;
    RULES({.path = "*", .status = 200, .body = "{}"});
    struct got place = {0}, cancel = {0}, read = {0}, big = {0};
    struct pm_call q = PLACE, many = {.method = "POST", .path = "/orders", .body = "[]", .auth = PM_L2, .bucket = PM_RATE_PLACE_MANY, .op = PM_OP_PLACE, .cost = 60};
    pm_clob_call(R.session.clob, &many, on_call, &big); /* the signer's bucket of orders is empty now */
    pm_clob_call(R.session.clob, &q, on_call, &place);
    rig_until(&big.calls, 1);
    q = READ("/data/orders");
    pm_clob_call(R.session.clob, &q, on_call, &read);
    q = CANCEL;
    pm_clob_call(R.session.clob, &q, on_call, &cancel);
    rig_until(&place.calls, 1);
    rig_until(&cancel.calls, 1);
    rig_until(&read.calls, 1);
    int order_at = -1, cancel_at = -1;
    for (int i = 0; i < R.count; i++) {
        order_at = !strcmp(R.got[i].method, "POST") && !strcmp(R.got[i].path, "/order") ? i : order_at;
        cancel_at = !strcmp(R.got[i].method, "DELETE") ? i : cancel_at;
    }
    assert_true(cancel_at >= 0 && order_at > cancel_at);
    assert_true(R.got[order_at].at_us - R.got[0].at_us >= 20000); /* one of 40 a second */
}

static void what_waits_too_long_is_not_sent(void **state) {
    (void)state;
    RULES({.path = "/orders", .status = 429, .body = "{\"error\":\"slow down\"}", .more = {{"Retry-After", "30"}}});
    struct pm_call many = {.method = "POST", .path = "/orders", .body = "[]", .auth = PM_L2, .bucket = PM_RATE_PLACE_MANY, .op = PM_OP_PLACE, .cost = 2};
    struct got g = call(many);
    assert_true(g.definite);
    assert_int_equal(err_class(g.err), err_class(ERR_RATE_LIMITED));
    int64_t start = clock_mono_us();
    g = call(PLACE); /* the same signer's bucket: an order does not wait half a minute */
    assert_int_equal(g.err, ERR_RATE_LIMITED);
    assert_true(g.definite);
    assert_true(clock_mono_us() - start < 4000000);
    assert_int_equal(rig_asked("POST", "/order"), 0);
}

static void the_signers_buckets_are_told(void **state) {
    (void)state;
    RULES({.path = "/cancel-all", .status = 200, .body = "{\"canceled\":[],\"not_canceled\":{}}", .more = {{"Poly-RateLimit-Remaining", "-40"}, {"Poly-RateLimit-Tier", "Standard"}}},
          {.path = "/order", .status = 200, .body = TAKEN});
    call((struct pm_call){.method = "DELETE", .path = "/cancel-all", .auth = PM_L2, .bucket = PM_RATE_CANCEL_ALL, .op = PM_OP_CANCEL});
    int64_t start = clock_mono_us();
    assert_int_equal(call(PLACE).err, ERR_OK);
    assert_true(clock_mono_us() - start < 300000);
    assert_int_equal(call(CANCEL).err, ERR_OK);
    assert_true(clock_mono_us() - start >= 450000); /* 41 tokens of 80 a second */
    struct ev_health h = {0};
    pm_clob_health(R.session.clob, &h);
    assert_true(h.rate_size > 0 && h.rate_left < h.rate_size);
    assert_true(h.latency_us > 0);
    assert_int_equal(pm_clob_batch_max(R.session.clob, PM_RATE_CANCEL_MANY), 120);
    assert_int_equal(pm_clob_batch_max(R.session.clob, PM_RATE_PLACE_MANY), 15);
    RULES({.path = "/order", .status = 200, .body = "{}", .more = {{"Poly-RateLimit-Tier", "elite"}, {"Poly-RateLimit-Remaining", "899"}}});
    call(PLACE);
    assert_int_equal(pm_clob_batch_max(R.session.clob, PM_RATE_CANCEL_MANY), 1000); /* the venue's own limit */
}

static void engine_restarts(void **state) {
    (void)state;
    struct pm_window w;
    RULES({.path = "/order", .status = 425, .body = "{\"error\":\"the engine is restarting\"}", .times = 1}, {.path = "/order", .status = 200, .body = "{\"canceled\":[],\"not_canceled\":{}}"});
    int64_t start = clock_mono_us();
    struct got g = call(PLACE);
    assert_true(g.definite);
    assert_int_equal(err_class(g.err), ERR_CLASS_RETRY);
    pm_clob_window(R.session.clob, &w);
    assert_true(w.closed_until_us > clock_now_us());
    g = call(CANCEL); /* waits for the end of the back-off */
    assert_int_equal(g.err, ERR_OK);
    assert_true(clock_mono_us() - start >= 1000000);
    assert_int_equal(rig_asked("POST", "/order"), 1);
    pm_clob_window(R.session.clob, &w);
    assert_int_equal(w.closed_until_us, 0);
    /* a cancel that meets it is repeated: it certainly did nothing */
    RULES({.path = "/order", .status = 425, .body = "{}", .times = 1}, {.path = "/order", .status = 200, .body = "{}"});
    g = call(CANCEL);
    assert_int_equal(g.err, ERR_OK);
}

static void windows_by_their_words(void **state) {
    (void)state;
    struct pm_window w;
    RULES({.path = "/order", .status = 503, .body = "{\"error\":\"post-only mode: only post-only orders and cancels are allowed\",\"code\":\"post_only_mode\",\"retry_after_seconds\":79}"});
    struct got g = call(PLACE);
    assert_int_equal(g.err, ERR_VENUE_POST_ONLY);
    assert_true(g.definite);
    pm_clob_window(R.session.clob, &w);
    assert_true(w.post_only_until_us > clock_now_us() + 77000000 && w.post_only_until_us < clock_now_us() + 80000000);
    assert_false(w.cancel_only || w.disabled);
    RULES({.path = "/order", .status = 503, .body = "{\"error\":\"Trading is currently cancel-only. New orders are not accepted, but cancels are allowed.\"}", .times = 1}, {.path = "/order", .status = 200, .body = TAKEN});
    assert_int_equal(call(PLACE).err, ERR_VENUE_PAUSED);
    pm_clob_window(R.session.clob, &w);
    assert_true(w.cancel_only);
    struct ev_health h = {0};
    pm_clob_health(R.session.clob, &h);
    assert_int_equal(h.cancel_only, 1);
    call(CANCEL); /* a cancel that passes proves nothing */
    pm_clob_window(R.session.clob, &w);
    assert_true(w.cancel_only);
    call(PLACE); /* an order that is taken does */
    pm_clob_window(R.session.clob, &w);
    assert_false(w.cancel_only);
    pm_clob_heard(R.session.clob, "Trading is currently disabled. Check polymarket.com for updates");
    pm_clob_window(R.session.clob, &w);
    assert_true(w.disabled);
}

static void credentials_refused(void **state) {
    (void)state;
    RULES({.path = "/data/orders", .status = 401, .body = "{\"error\":\"Unauthorized/Invalid api key\"}", .times = 1}, {.path = "/data/orders", .status = 200, .body = "{}"});
    struct got g = call(READ("/data/orders"));
    assert_int_equal(g.err, ERR_CREDENTIALS);
    assert_true(pm_clob_refused(R.session.clob));
    call(READ("/data/orders"));
    assert_false(pm_clob_refused(R.session.clob));
}

static void dropped_and_freed(void **state) {
    (void)state;
    RULES({.path = "*", .status = 200, .body = "{}"});
    struct got a = {0}, b = {.free_it = R.session.clob};
    struct pm_call q = READ("/data/orders");
    pm_clob_call(R.session.clob, &q, on_call, &a);
    pm_clob_drop(R.session.clob, &a); /* still waiting: never sent */
    q = CANCEL;
    pm_clob_call(R.session.clob, &q, on_call, &a);
    pm_clob_drop(R.session.clob, &a); /* on its way: goes, unheard */
    rig_until(&R.count, 1);
    q = READ("/data/trades");
    pm_clob_call(R.session.clob, &q, on_call, &b);
    rig_until(&b.calls, 1); /* frees the session */
    rig_turn(0.1);
    assert_int_equal(a.calls, 0);
    assert_int_equal(rig_asked("GET", "/data/orders"), 0);
    assert_int_equal(rig_asked("DELETE", "/order"), 1);
}

/* --- pages ------------------------------------------------------------------------------------------------------ */

struct list { int items, ends, stop_at, drop_at; enum err err; char text[REASON_MAX], ids[64]; };
static bool on_item(void *ctx, const struct json *item) {
    struct list *l = ctx;
    const char *id = "?";
    l->items++;
    json_get_str(item, "id", JSON_REQUIRED, &id);
    snprintf(l->ids + strlen(l->ids), sizeof l->ids - strlen(l->ids), "%s", id);
    if (l->items == l->drop_at)
        pm_clob_drop(R.session.clob, l);
    return l->items != l->stop_at;
}
static void on_end(void *ctx, const struct pm_error *e) {
    struct list *l = ctx;
    l->ends++;
    l->err = e->err;
    snprintf(l->text, sizeof l->text, "%s", e->text);
}
static struct list pages(struct list l) {
    static struct list kept;
    kept = l;
    struct pm_call q = READ("/data/trades");
    q.query = "after=5";
    pm_clob_pages(R.session.clob, &q, on_item, on_end, &kept);
    if (l.drop_at)
        rig_turn(0.3);
    else
        rig_until(&kept.ends, 1);
    return kept;
}
#define PAGE1 "{\"limit\":2,\"count\":2,\"next_cursor\":\"Mg=/+\",\"data\":[{\"id\":\"a\"},{\"id\":\"b\"}]}"
#define PAGE2 "{\"limit\":2,\"count\":1,\"next_cursor\":\"LTE=\",\"data\":[{\"id\":\"c\"}]}"

static void pages_to_the_end(void **state) {
    (void)state;
    RULES({.path = "/data/trades", .status = 200, .body = PAGE1, .times = 1}, {.path = "/data/trades", .status = 200, .body = PAGE2});
    struct list l = pages((struct list){0});
    assert_int_equal(l.err, ERR_OK);
    assert_string_equal(l.ids, "abc");
    assert_string_equal(R.got[0].query, "after=5");
    assert_string_equal(R.got[1].query, "after=5&next_cursor=Mg%3D%2F%2B");
    RULES({.path = "/data/trades", .status = 200, .body = "[{\"id\":\"x\"}]"}); /* a bare list, as some answers were */
    assert_string_equal(pages((struct list){0}).ids, "x");
    RULES({.path = "/data/trades", .status = 200, .body = "null"});
    assert_int_equal(pages((struct list){0}).err, ERR_OK);
}

static void pages_that_stop(void **state) {
    (void)state;
    RULES({.path = "/data/trades", .status = 200, .body = PAGE1, .times = 1}, {.path = "/data/trades", .status = 200, .body = PAGE2});
    struct list l = pages((struct list){.stop_at = 1});
    assert_int_equal(l.items, 1);
    assert_int_equal(l.err, ERR_OK);
    assert_int_equal(R.count, 1);
    RULES({.path = "/data/trades", .status = 200, .body = PAGE1});
    l = pages((struct list){.drop_at = 2}); /* dropped from inside: no end is told */
    assert_int_equal(l.items, 2);
    assert_int_equal(l.ends, 0);
    assert_int_equal(R.count, 2);
}

static void pages_that_are_wrong(void **state) {
    (void)state;
    RULES({.path = "/data/trades", .status = 200, .body = PAGE1}); /* the same cursor for ever */
    struct list l = pages((struct list){0});
    assert_int_not_equal(l.err, ERR_OK);
    assert_int_equal(l.items, 4);
    RULES({.path = "/data/trades", .status = 200, .body = "{\"limit\":100,\"count\":2,\"next_cursor\":\"MTAw\",\"data\":[{\"id\":\"a\"},{\"id\":\"b\"}]}"});
    l = pages((struct list){0}); /* nor does this one's, as the documentation shows it; but its pages are not full */
    assert_int_equal(l.err, ERR_OK);
    RULES({.path = "/data/trades", .status = 200, .body = PAGE1, .times = 1}, {.path = "/data/trades", .status = 200, .body = "{\"next_cursor\":\"NA==\",\"data\":[]}"});
    l = pages((struct list){0});
    assert_int_equal(l.err, ERR_OK);
    assert_string_equal(l.ids, "ab");
    RULES({.path = "/data/trades", .status = 200, .body = "{\"data\":null,\"next_cursor\":\"MA==\"}"});
    assert_int_equal(pages((struct list){0}).err, ERR_OK);
    RULES({.path = "/data/trades", .status = 200, .body = "{\"next_cursor\":\"LTE=\"}"});
    l = pages((struct list){0});
    assert_int_not_equal(l.err, ERR_OK); /* no data is not an empty list */
    RULES({.path = "/data/trades", .status = 200, .body = "{\"data\":[{\"id\":\"a\"},{\"no\":1},{\"id\":\"b\"}]}"});
    l = pages((struct list){0});
    assert_int_not_equal(l.err, ERR_OK);
    assert_non_null(strstr(l.text, "data[1].id"));
    RULES({.path = "/data/trades", .status = 404, .body = "{\"error\":\"market not found\"}"});
    assert_int_not_equal(pages((struct list){0}).err, ERR_OK);
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(private_headers), T(key_headers_and_their_clock), T(without_credentials), T(only_reads_are_tried_again), T(broken_answers), T(cancels_go_first),
        T(what_waits_too_long_is_not_sent), T(the_signers_buckets_are_told), T(engine_restarts), T(windows_by_their_words), T(credentials_refused), T(dropped_and_freed),
        T(pages_to_the_end), T(pages_that_stop), T(pages_that_are_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
