/* turret venue cancel-all: takes all working orders of the key (or those of one market) off the book, without engine and database, and looks whether
 * any is left. Steps: clock, credentials, the market's id, the cancel, what is left. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "turret/base/mem.h"
#include "venue/polymarket/market/pm_parse.h"
#include "venue/polymarket/tool/pm_tool.h"
#include "venue/polymarket/trade/pm_facts.h"

struct pm_cancel {
    struct pm_tool t;
    char *market, condition[PM_CONDITION_MAX];
    pm_end_fn *end;
    void *ctx;
    struct http_handle http;
    bool asking, kept /* credentials of the file */;
    int tries, cancelled, refused, left;
    enum err cut;            /* the cancel's answer was lost: what is left tells */
    char why[REASON_MAX];
};

static void cancel_send(struct pm_cancel *c);
static void derive(struct pm_cancel *c);

/* The last statement of whoever calls it. */
static void over(struct pm_cancel *c, enum err e, const char *what, const char *text) {
    char whole[REASON_MAX * 2];
    snprintf(whole, sizeof whole, "%s%s%s", what, what[0] && text[0] ? ": " : "", text);
    c->end(c->ctx, e, whole);
}

static void call(struct pm_cancel *c, const char *method, const char *path, const char *body, enum pm_auth auth, enum pm_bucket bucket, enum pm_op op, pm_call_fn *done) {
    pm_clob_call(c->t.clob, &(struct pm_call){.method = method, .path = path, .body = body, .auth = auth, .bucket = bucket, .op = op, .retries = method[0] == 'G'}, done, c);
}

/* --- what is left --------------------------------------------------------------------------------------------- */

static bool on_order(void *ctx, const struct json *item) {
    struct pm_cancel *c = ctx;
    struct json_err err = {0};
    struct json at = *item;
    const char *text = NULL;
    char condition[PM_CONDITION_MAX];
    at.err = &err;
    bool counts = !c->condition[0] || !json_get_str(&at, "market", JSON_OPTIONAL, &text) || !text || !pm_condition_parse(text, strlen(text), condition) || !strcmp(condition, c->condition);
    c->left += counts;
    return true;
}

static void on_left(void *ctx, const struct pm_error *e) {
    struct pm_cancel *c = ctx;
    char text[REASON_MAX * 2];
    if (e->err != ERR_OK) {
        snprintf(text, sizeof text, "%d cancelled, but what is left can't be read", c->cancelled);
        over(c, c->cut != ERR_OK ? c->cut : ERR_PARTLY, text, e->text);
        return;
    }
    if (c->left == 0 && c->cut != ERR_OK)
        snprintf(text, sizeof text, "no order is left");
    else
        snprintf(text, sizeof text, "%d cancelled, %d left%s%.90s", c->cancelled, c->left, c->why[0] && c->left ? ": " : "", c->left ? c->why : "");
    over(c, c->left == 0 ? ERR_OK : c->cancelled ? ERR_PARTLY : c->cut != ERR_OK ? c->cut : ERR_VENUE_REJECTED, text, "");
}

static void look(struct pm_cancel *c) {
    pm_clob_pages(c->t.clob, &(struct pm_call){.method = "GET", .path = "/data/orders", .auth = PM_L2, .bucket = PM_RATE_ORDERS_READ, .op = PM_OP_READ, .retries = 2}, on_order, on_left, c);
}

/* --- the cancel --------------------------------------------------------------------------------------------------- */

static void on_cancel(void *ctx, const struct pm_error *e, const struct cJSON *doc, const struct http_answer *a) {
    struct pm_cancel *c = ctx;
    if (a->status == 401 && c->kept) { /* kept ones may be old */
        c->kept = false;
        derive(c);
        return;
    }
    if (e->err != ERR_OK && !e->definite && c->tries < 2) { /* twice does no harm */
        cancel_send(c);
        return;
    }
    if (e->err != ERR_OK && e->definite) {
        over(c, e->err, "not cancelled", e->text);
        return;
    }
    const struct cJSON *done = cJSON_GetObjectItemCaseSensitive(doc, "canceled"), *not = cJSON_GetObjectItemCaseSensitive(doc, "not_canceled");
    c->cancelled = cJSON_GetArraySize(done);
    c->refused = cJSON_IsObject(not) ? cJSON_GetArraySize(not) : 0;
    c->cut = e->err;
    if (e->err != ERR_OK)
        str_copy(c->why, sizeof c->why, e->text);
    else if (c->refused && cJSON_IsString(not->child)) {
        struct pm_error why;
        pm_error_of_text(PM_OP_CANCEL, 200, not->child->valuestring, &why);
        str_copy(c->why, sizeof c->why, why.text);
    }
    look(c);
}

static void cancel_send(struct pm_cancel *c) {
    char body[PM_CONDITION_MAX + 32];
    c->tries++;
    snprintf(body, sizeof body, "{\"market\":\"%s\"}", c->condition);
    if (c->condition[0])
        call(c, "DELETE", "/cancel-market-orders", body, PM_L2, PM_RATE_CANCEL_MARKET, PM_OP_CANCEL, on_cancel);
    else
        call(c, "DELETE", "/cancel-all", NULL, PM_L2, PM_RATE_CANCEL_ALL, PM_OP_CANCEL, on_cancel);
}

/* --- which market ------------------------------------------------------------------------------------------------- */

static bool take(void *ctx, const struct pm_listing *l, const char *why) {
    struct pm_cancel *c = ctx;
    (void)why;
    if (l)
        str_copy(c->condition, sizeof c->condition, l->pm.m.native);
    return !l;
}

static void on_market(void *ctx, const struct http_answer *a) {
    struct pm_cancel *c = ctx;
    struct pm_error e;
    struct json_err err = {0};
    struct cJSON *doc = NULL;
    struct pm_page page;
    c->asking = false;
    pm_error_of(PM_OP_READ, a, &e);
    if (e.err == ERR_OK && json_parse(a->body, a->body_len, HTTP_BODY_MAX, &doc, &err)) {
        struct json root = json_root(doc, &err);
        pm_parse_listings(&root, take, c, &page);
    }
    json_free(doc);
    if (c->condition[0])
        cancel_send(c);
    else
        over(c, e.err != ERR_OK ? e.err : ERR_NOT_FOUND, "which market?", e.err != ERR_OK ? e.text : "the venue has none of that name");
}

static void find_market(struct pm_cancel *c) {
    struct str url = {0};
    if (!c->market[0] || pm_condition_parse(c->market, strlen(c->market), c->condition)) {
        cancel_send(c);
        return;
    }
    str_addf(&url, "%s/markets/slug/", c->t.hosts.gamma);
    pm_tool_encode(&url, c->market);
    c->asking = true;
    c->http = http_send(&(struct http_request){.url = url.p, .timeout_ms = 15000}, on_market, c);
    str_free(&url);
}

/* --- who -------------------------------------------------------------------------------------------------------------- */

static void on_derived(void *ctx, const struct pm_error *e, const struct cJSON *doc, const struct http_answer *a) {
    struct pm_cancel *c = ctx;
    struct pm_creds creds;
    char text[REASON_MAX] = "";
    (void)a;
    if (e->err != ERR_OK) {
        over(c, e->err, "no API credentials", e->text);
        return;
    }
    if (!pm_creds_of(doc, &creds)) {
        over(c, ERR_PROVIDER, "no API credentials", "the venue's answer can't be read");
        return;
    }
    pm_clob_creds_set(c->t.clob, &creds);
    (void)pm_creds_keep(c->t.secrets_dir, pm_key_address(c->t.key), c->t.chain_id, &creds, text, sizeof text);
    explicit_bzero(&creds, sizeof creds);
    find_market(c);
}
static void derive(struct pm_cancel *c) { call(c, "GET", "/auth/derive-api-key", NULL, PM_L1, PM_RATE_AUTH, PM_OP_LOGIN, on_derived); }

static void on_time(void *ctx, const struct pm_error *e, const struct cJSON *doc, const struct http_answer *a) {
    struct pm_cancel *c = ctx;
    struct pm_creds creds;
    (void)pm_fact_time(c->t.clob, e, doc, a); /* without it our own clock has to do */
    if (!pm_creds_read(c->t.secrets_dir, pm_key_address(c->t.key), c->t.chain_id, &creds)) {
        derive(c);
        return;
    }
    c->kept = true;
    pm_clob_creds_set(c->t.clob, &creds);
    explicit_bzero(&creds, sizeof creds);
    find_market(c);
}

static void begin(void *ctx) {
    struct pm_cancel *c = ctx;
    if (!c->t.key)
        over(c, ERR_CREDENTIALS, "no private key", c->t.key_given ? "what is configured is none" : "none is configured");
    else
        call(c, "GET", "/time", NULL, PM_PUBLIC, PM_RATE_OTHER, PM_OP_READ, on_time);
}

struct pm_cancel *pm_cancel_start(const struct pm_cfg *cfg, const char *market, pm_end_fn *end, void *ctx) {
    struct pm_cancel *c = xcalloc(1, sizeof *c);
    c->market = xstrdup(market ? market : "");
    c->end = end;
    c->ctx = ctx;
    pm_tool_open(&c->t, &cfg->hosts, &cfg->account, cfg->chain_id, begin, c);
    return c;
}

void pm_cancel_free(struct pm_cancel *c) {
    if (!c)
        return;
    if (c->asking)
        http_cancel(c->http);
    pm_tool_close(&c->t);
    free(c->market);
    free(c);
}
