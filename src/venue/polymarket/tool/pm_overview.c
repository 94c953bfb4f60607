/* An account at a glance, without engine and database: wallet, money, working orders and what is held, for `turret venue accounts`. Credentials
 * are those that are kept, else derived; nothing is made at the venue. */
#include <cjson/cJSON.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/base/utf8.h"
#include "turret/io/loop.h"
#include "venue/polymarket/trade/pm_account.h"
#include "venue/polymarket/market/pm_parse_part.h"
#include "venue/polymarket/trade/pm_facts.h"

#define PAGES_MAX 50
#define PAGE_ROWS 500

struct pm_overview_run {
    struct pm_cfg cfg;
    char *clob_url, *data_url, *secrets_dir;
    struct pm_hosts hosts;
    struct pm_key *key;
    struct pm_clob *clob;
    struct pm_overview out;
    struct http_handle http;
    pm_held_fn *held;
    pm_overview_fn *end;
    void *ctx;
    int step, pages, kind /* of the list of holdings */;
};

static const char *const kinds[] = {"OPEN", "REDEEMABLE"};

static void next(struct pm_overview_run *r);

static void finish(struct pm_overview_run *r, enum err e, const char *text) { r->end(r->ctx, e, text, e ? NULL : &r->out); }

static void fail_at(struct pm_overview_run *r, const char *what, const struct pm_error *e) {
    char text[REASON_MAX * 2];
    snprintf(text, sizeof text, "%s: %s", what, e->text[0] ? e->text : err_text(e->err));
    finish(r, e->err, text);
}

static void ask(struct pm_overview_run *r, const char *path, const char *query, enum pm_auth auth, enum pm_bucket bucket, pm_call_fn *done) {
    pm_clob_call(r->clob, &(struct pm_call){.method = "GET", .path = path, .query = query, .auth = auth, .bucket = bucket, .op = PM_OP_LOGIN, .retries = 1}, done, r);
}

/* --- steps ------------------------------------------------------------------------------------------------------ */

static void on_time(void *ctx, const struct pm_error *e, const struct cJSON *doc, const struct http_answer *answer) {
    struct pm_overview_run *r = ctx;
    if (pm_fact_time(r->clob, e, doc, answer) == PM_FACT_UNREAD && e->err != ERR_OK)
        fail_at(r, "clock", e);
    else
        next(r);
}

static void on_creds(void *ctx, const struct pm_error *e, const struct cJSON *doc, const struct http_answer *answer) {
    struct pm_overview_run *r = ctx;
    struct pm_creds c;
    char text[REASON_MAX];
    (void)answer;
    if (e->err != ERR_OK || !pm_creds_of(doc, &c)) {
        finish(r, e->err ? e->err : ERR_CREDENTIALS, "there are no API credentials for this key yet: `turret venue login` makes them");
        return;
    }
    pm_clob_creds_set(r->clob, &c);
    (void)pm_creds_keep(r->secrets_dir, pm_key_address(r->key), r->cfg.chain_id, &c, text, sizeof text);
    explicit_bzero(&c, sizeof c);
    next(r);
}

static void ask_creds(struct pm_overview_run *r) {
    struct pm_creds c;
    if (!pm_creds_read(r->secrets_dir, pm_key_address(r->key), r->cfg.chain_id, &c)) {
        ask(r, "/auth/derive-api-key", NULL, PM_L1, PM_RATE_AUTH, on_creds);
        return;
    }
    pm_clob_creds_set(r->clob, &c);
    explicit_bzero(&c, sizeof c);
    next(r);
}

static void on_balance(void *ctx, const struct pm_error *e, const struct cJSON *doc, const struct http_answer *answer) {
    struct pm_overview_run *r = ctx;
    (void)answer;
    if (e->err != ERR_OK)
        fail_at(r, "balance", e);
    else if (!pm_funds_read(doc, r->cfg.chain_id, &r->out.balance, &r->out.allowance))
        finish(r, ERR_CORRUPT, "balance: the venue's answer can't be read");
    else
        next(r);
}

static bool on_order(void *ctx, const struct json *item) {
    struct pm_overview_run *r = ctx;
    const char *side = "";
    int64_t px = 0, size = 0, matched = 0;
    json_get_str(item, "side", JSON_OPTIONAL, &side);
    if (!pm_figure(item, "price", &px) || !pm_figure(item, "original_size", &size) || !pm_figure(item, "size_matched", &matched))
        return true;
    r->out.orders++;
    if (str_eq_nocase(side, "buy") && size > matched)
        r->out.in_orders = usd_add_sat(r->out.in_orders, usd_of_sat(PRICE(px), QTY(size - matched)));
    return true;
}

static void on_orders(void *ctx, const struct pm_error *e) {
    struct pm_overview_run *r = ctx;
    if (e->err != ERR_OK)
        fail_at(r, "orders", e);
    else
        next(r);
}

/* --- holdings: the data API ------------------------------------------------------------------------------------- */

static void list_ask(struct pm_overview_run *r, const char *cursor);

static void clean(const struct json *row, const char *key, char *out, size_t cap) {
    const char *text = "";
    json_get_str(row, key, JSON_OPTIONAL, &text);
    utf8_sanitise(out, cap, text ? text : "", text ? strlen(text) : 0);
}

static void row_read(struct pm_overview_run *r, const struct json *row) {
    struct pm_held h = {0};
    int64_t size = 0, avg = 0, now = 0, value = 0;
    bool redeemable = false;
    const char *status = "";
    if (!json_get_str(row, "status", JSON_OPTIONAL, &status) || (status[0] && !str_eq_nocase(status, kinds[r->kind])))
        return; /* a venue that does not know the filter tells all of them twice */
    clean(row, "slug", h.slug, sizeof h.slug);
    clean(row, "title", h.title, sizeof h.title);
    clean(row, "outcome", h.outcome, sizeof h.outcome);
    if (!pm_figure(row, "current_size", &size) || !pm_figure(row, "avg_price", &avg) || !pm_figure(row, "current_price", &now) || !pm_figure(row, "current_value", &value) ||
        !pm_flag(row, "redeemable", &redeemable) || size <= 0)
        return;
    h.size = QTY(size);
    h.avg = PRICE(avg);
    h.now = PRICE(now);
    h.value = USD(value > 0 ? value : usd_of_sat(PRICE(now), QTY(size)).micro);
    h.redeemable = redeemable || r->kind == 1;
    if (h.redeemable)
        r->out.redeemable = usd_add_sat(r->out.redeemable, h.value);
    else
        r->out.positions_value = usd_add_sat(r->out.positions_value, h.value);
    r->out.positions++;
    r->held(r->ctx, &h);
}

static void on_list(void *ctx, const struct http_answer *a) {
    struct pm_overview_run *r = ctx;
    struct cJSON *doc = NULL;
    struct json_err err = {0};
    const char *cursor = "";
    bool more = false;
    r->http = (struct http_handle){0};
    if (pm_absent(a) && r->kind == 0 && r->pages == 0) {
        r->out.positions = -1;
        finish(r, ERR_OK, "positions are not told: the Data API has none (404)");
        return;
    }
    if (a->err != ERR_OK || a->status != 200 || !json_parse(a->body, a->body_len, HTTP_BODY_MAX, &doc, &err)) {
        char text[REASON_MAX];
        if (a->err == ERR_OK && a->status != 200)
            snprintf(text, sizeof text, "positions: the Data API answers %d", a->status);
        else
            snprintf(text, sizeof text, "positions: %.80s", a->err ? a->text : "the Data API's answer can't be read");
        finish(r, a->err ? a->err : a->status != 200 ? ERR_UNREACHABLE : ERR_PROVIDER, text);
        return;
    }
    struct json root = json_root(doc, &err), data = {0}, page = {0};
    json_get_array(&root, "data", JSON_REQUIRED, &data);
    for (struct json it = json_first(&data); it.node != NULL && !err.set; it = json_next(&it))
        row_read(r, &it);
    if (!err.set && json_get_object(&root, "pagination", JSON_OPTIONAL, &page) && page.node != NULL) {
        json_get_bool(&page, "has_more", JSON_OPTIONAL, &more);
        json_get_str(&page, "next_cursor", JSON_OPTIONAL, &cursor);
    }
    if (err.set)
        finish(r, ERR_CORRUPT, err.text);
    else if (more && cursor && cursor[0] && ++r->pages < PAGES_MAX)
        list_ask(r, cursor);
    else {
        r->pages = 0;
        r->kind++;
        next(r);
    }
    json_free(doc);
}

static void list_ask(struct pm_overview_run *r, const char *cursor) {
    struct str url;
    char wallet[PM_ADDRESS_TEXT];
    str_copy(wallet, sizeof wallet, r->out.wallet);
    for (char *p = wallet; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    str_init(&url);
    str_addf(&url, "%s/v2/positions?user=%s&status=%s&limit=%d", r->hosts.data, wallet, kinds[r->kind], PAGE_ROWS);
    if (cursor[0])
        str_add(&url, "&cursor=");
    for (const char *p = cursor; *p; p++)
        str_addf(&url, isalnum((unsigned char)*p) ? "%c" : "%%%02X", (unsigned char)*p);
    const struct http_request q = {.url = url.p, .timeout_ms = 10000, .connect_timeout_ms = 5000};
    r->http = http_send(&q, on_list, r);
    str_free(&url);
}

/* --- the order of it -------------------------------------------------------------------------------------------- */

static void ask_time(struct pm_overview_run *r) { ask(r, "/time", NULL, PM_PUBLIC, PM_RATE_OTHER, on_time); }
static void ask_balance(struct pm_overview_run *r) {
    char query[64];
    snprintf(query, sizeof query, "asset_type=COLLATERAL&signature_type=%d", r->out.signature_type);
    ask(r, "/balance-allowance", query, PM_L2, PM_RATE_BALANCE, on_balance);
}
static void ask_orders(struct pm_overview_run *r) {
    pm_clob_pages(r->clob, &(struct pm_call){.method = "GET", .path = "/data/orders", .auth = PM_L2, .bucket = PM_RATE_ORDERS_READ, .op = PM_OP_READ, .retries = 1}, on_order, on_orders, r);
}
static void ask_list(struct pm_overview_run *r) { list_ask(r, ""); }

static void next(struct pm_overview_run *r) {
    static void (*const steps[])(struct pm_overview_run *) = {ask_time, ask_creds, ask_balance, ask_orders, ask_list, ask_list};
    if (r->step == (int)(sizeof steps / sizeof *steps))
        finish(r, ERR_OK, "");
    else
        steps[r->step++](r);
}

/* The wallet of the settings, or the key's own address. */
static enum err wallet_of(struct pm_overview_run *r, const struct pm_account_cfg *a) {
    struct pm_address wallet = *pm_key_address(r->key);
    r->out.signature_type = a->signature_type;
    if (a->wallet && a->wallet[0] && !pm_address_parse(a->wallet, &wallet))
        return ERR_CONFIG;
    if ((!a->wallet || !a->wallet[0]) && a->signature_type != PM_EOA)
        return ERR_WRONG_WALLET;
    pm_address_text(&wallet, r->out.wallet);
    return ERR_OK;
}

struct pm_overview_run *pm_overview_start(const struct pm_cfg *cfg, pm_held_fn *held, pm_overview_fn *end, void *ctx, char *text, size_t cap) {
    struct pm_overview_run *r = xcalloc(1, sizeof *r);
    const struct pm_account_cfg *a = &cfg->account;
    r->cfg.chain_id = cfg->chain_id ? cfg->chain_id : 137;
    r->clob_url = xstrdup(cfg->hosts.clob);
    r->data_url = xstrdup(cfg->hosts.data);
    r->secrets_dir = a->secrets_dir ? xstrdup(a->secrets_dir) : NULL;
    r->hosts = (struct pm_hosts){.clob = r->clob_url, .data = r->data_url};
    r->held = held;
    r->end = end;
    r->ctx = ctx;
    r->out.balance = r->out.allowance = USD(-1);
    enum err e = pm_key_new(a->key->p, a->key->len, &r->key);
    if (e == ERR_OK)
        e = wallet_of(r, a);
    if (e != ERR_OK) {
        snprintf(text, cap, "%s", e == ERR_WRONG_WALLET ? "the setting wallet is missing: the address in the profile on the site" : e == ERR_CONFIG ? "the wallet is no address (one of mixed case has a checksum)"
                                                                                                                               : "the private key is not one");
        pm_overview_free(r);
        return NULL;
    }
    r->clob = pm_clob_new(&r->hosts, r->cfg.chain_id, r->key);
    next(r);
    return r;
}

void pm_overview_free(struct pm_overview_run *r) {
    if (!r)
        return;
    http_cancel(r->http);
    pm_clob_free(r->clob);
    pm_key_free(r->key);
    free(r->clob_url);
    free(r->data_url);
    free(r->secrets_dir);
    free(r);
}
