/* Which tokens the wallet holds, as somebody else tells it: the Data API (OPEN, then REDEEMABLE), its form of before where the venue has no other, and
 * where it has neither the account's own trades at the CLOB. The last names tokens only; each one's balance is then asked of the CLOB. An answer that
 * fails is never an empty list: only one that does not exist (404) leads on to the next source. */
#include "venue/polymarket/trade/pm_recon_impl.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "turret/base/str.h"

#define PAGES_MAX 100
#define OLD_ROWS 500

enum source { FROM_V2, FROM_OLD, FROM_TRADES };
static const char *const kinds[] = {"OPEN", "REDEEMABLE"};

struct row_keys { const char *token, *size, *average, *price; };
static const struct row_keys keys_of[] = {
    [FROM_V2] = {"token_id", "current_size", "avg_price", "current_price"},
    [FROM_OLD] = {"asset", "size", "avgPrice", "curPrice"},
};

static void list_ask(struct pm_recon *r, const char *cursor);

/* A venue that does not know the filter tells every row twice: what it says of the row itself comes first. */
static bool redeemable_of(const struct pm_recon *r, const struct json *row, bool *out) {
    const char *status = "";
    *out = r->list_from == FROM_V2 && r->list_kind == 1;
    if (!json_get_str(row, "status", JSON_OPTIONAL, &status))
        return false;
    if (status[0])
        *out = str_eq_nocase(status, kinds[1]);
    return json_get_bool(row, "redeemable", JSON_OPTIONAL, out);
}

static bool row_read(struct pm_recon *r, const struct json *row) {
    const struct row_keys *k = &keys_of[r->list_from];
    const char *token = NULL;
    int64_t size = 0, avg = 0, now = 0;
    bool redeemable = false;
    if (!json_get_str(row, k->token, JSON_REQUIRED, &token) || !pm_dec(row, k->size, true, &size, NULL) || !pm_dec(row, k->average, false, &avg, NULL) ||
        !pm_dec(row, k->price, false, &now, NULL) || !redeemable_of(r, row, &redeemable))
        return false;
    if (token[0] == 0 || strlen(token) >= PM_TOKEN_MAX || token[strspn(token, "0123456789")] != 0)
        return json_fail(row, "its token is none");
    if (size < PM_DUST)
        return true;
    struct pm_holding *h = pm_holding_get(r, token);
    h->listed = true;
    h->redeemable = redeemable;
    h->listed_size = QTY(size);
    h->entry = PRICE(avg > 0 && avg < DEC_ONE ? avg : 0);
    h->worth = PRICE(now >= 0 && now <= DEC_ONE ? now : 0);
    return true;
}

/* --- own trades ------------------------------------------------------------------------------------------------------------- */
static void on_token(void *ctx, const char *token) { pm_holding_get(ctx, token); }

static bool on_trade(void *ctx, const struct json *item) {
    struct pm_recon *r = *(struct pm_recon **)ctx;
    if (!pm_user_trade_tokens(r->u, item, on_token, r))
        pm_recon_fail(r, "positions: a trade can't be read"); /* ends the list too */
    return r->stage == RECON_LISTS;
}

static void on_trades(void *ctx, const struct pm_error *e) {
    struct pm_recon *r = *(struct pm_recon **)ctx;
    if (e->err != ERR_OK)
        pm_recon_fail(r, "positions: %.70s", e->text);
    else if (r->count > PM_BALANCES_MAX)
        pm_recon_fail(r, "positions: the Data API has none, and %zu tokens are too many to be asked one by one", r->count);
    else
        r->listed_done = true;
    pm_recon_advance(r);
}

static void trades_ask(struct pm_recon *r) {
    char query[64], wallet[PM_ADDRESS_TEXT];
    pm_address_text(&r->u->s->wallet, wallet);
    snprintf(query, sizeof query, "maker_address=%s", wallet);
    const struct pm_call call = {.method = "GET", .path = "/data/trades", .query = query, .auth = PM_L2, .bucket = PM_RATE_TRADES_READ, .op = PM_OP_READ, .retries = 2};
    pm_clob_pages(r->u->s->clob, &call, on_trade, on_trades, &r->self);
}

/* --- the Data API ------------------------------------------------------------------------------------------------------------- */
static void source_next(struct pm_recon *r) {
    r->list_from++;
    r->list_kind = r->pages = 0;
    if (r->list_from == FROM_OLD) {
        list_ask(r, "");
        return;
    }
    if (!r->no_list_told)
        pm_user_note(r->u, NOTICE_WARN, "Polymarket: the Data API has no positions (404): what is held is taken from own trades; shares that came otherwise are not seen");
    r->no_list_told = true;
    trades_ask(r);
}

static void list_done(struct pm_recon *r) {
    if (r->list_from == FROM_V2 && ++r->list_kind < (int)(sizeof kinds / sizeof *kinds)) {
        r->pages = 0;
        list_ask(r, "");
        return;
    }
    r->listed_done = true;
    pm_recon_advance(r);
}

static void page_read(struct pm_recon *r, const struct cJSON *doc) {
    struct json_err err = {0};
    struct json root = json_root(doc, &err), data = {0}, page = {0};
    const char *cursor = "";
    char offset[16];
    bool more = false, whole = true;
    if (r->list_from == FROM_OLD && cJSON_IsArray(doc))
        data = root;
    else
        whole = json_get_array(&root, "data", JSON_REQUIRED, &data);
    for (struct json it = json_first(&data); whole && it.node != NULL; it = json_next(&it))
        whole = row_read(r, &it);
    if (whole && r->list_from == FROM_OLD) {
        more = json_count(&data) >= OLD_ROWS;
        snprintf(offset, sizeof offset, "%d", (r->pages + 1) * OLD_ROWS);
        cursor = offset;
    } else if (whole && json_get_object(&root, "pagination", JSON_OPTIONAL, &page) && page.node != NULL) {
        json_get_bool(&page, "has_more", JSON_OPTIONAL, &more);
        json_get_str(&page, "next_cursor", JSON_OPTIONAL, &cursor);
    }
    if (err.set)
        pm_recon_fail(r, "positions: %.70s", err.text);
    else if (more && cursor[0] != 0 && ++r->pages < PAGES_MAX)
        list_ask(r, cursor);
    else if (more)
        pm_recon_fail(r, "positions: the list does not end");
    else
        list_done(r);
}

static void on_list(void *ctx, const struct http_answer *a) {
    struct pm_recon *r = ctx;
    struct cJSON *doc = NULL;
    struct json_err err = {0};
    r->http = (struct http_handle){0};
    if (pm_absent(a) && r->list_kind == 0 && r->pages == 0)
        source_next(r);
    else if (a->err != ERR_OK)
        pm_recon_fail(r, "positions: %.60s", a->text);
    else if (a->status != 200)
        pm_recon_fail(r, "positions: the Data API answers %d", a->status);
    else if (!json_parse(a->body, a->body_len, HTTP_BODY_MAX, &doc, &err))
        pm_recon_fail(r, "positions: %.60s", err.text);
    else
        page_read(r, doc);
    json_free(doc);
}

static void list_ask(struct pm_recon *r, const char *cursor) {
    struct str url;
    char wallet[PM_ADDRESS_TEXT];
    pm_address_text(&r->u->s->wallet, wallet);
    for (char *p = wallet; *p != 0; p++)
        *p = (char)tolower((unsigned char)*p);
    str_init(&url); /* another limit each time: a URL of its own goes past the cache */
    str_add(&url, pm_data_hosts(r->u->s->data)->data);
    if (r->list_from == FROM_OLD)
        str_addf(&url, "/positions?user=%s&sizeThreshold=0&limit=%d%s", wallet, OLD_ROWS, cursor[0] ? "&offset=" : "");
    else
        str_addf(&url, "/v2/positions?user=%s&status=%s&limit=%d%s", wallet, kinds[r->list_kind], 400 + (int)(r->round % 100), cursor[0] ? "&cursor=" : "");
    for (const char *p = cursor; *p != 0; p++)
        str_addf(&url, isalnum((unsigned char)*p) ? "%c" : "%%%02X", (unsigned char)*p);
    const struct http_request q = {.url = url.p, .timeout_ms = 8000, .connect_timeout_ms = 5000};
    r->http = http_send(&q, on_list, r);
    str_free(&url);
}

void pm_holdings_list(struct pm_recon *r) {
    r->list_from = FROM_V2;
    list_ask(r, "");
}
