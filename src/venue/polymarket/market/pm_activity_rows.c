/* Reading GET /v2/activity (and the older list without an envelope, with names in camel case). One transaction may hold several fills, some of them
 * equal in everything: those are told apart by counting, within one page, as a page that moved on repeats rows. */
#include "venue/polymarket/market/pm_activity_rows.h"

#include <cjson/cJSON.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "turret/base/hash.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/io/loop.h"
#include "venue/polymarket/market/pm_parse_part.h"

/* The value under either name. */
static const struct cJSON *child(const struct json *at, const char *name, const char *older) {
    const struct cJSON *c = pm_child(at, name);
    return c ? c : pm_child(at, older);
}
static const char *text_of(const struct json *at, const char *name, const char *older) {
    const char *s = NULL;
    struct json where = {.node = child(at, name, older), .up = at, .key = name, .err = at->err};
    return where.node && json_as_str(&where, &s) ? s : NULL;
}

static bool hash_good(const char *s) { return s && strlen(s) == 66 && s[0] == '0' && s[1] == 'x' && strspn(s + 2, "0123456789abcdefABCDEF") == 64; }

/* A market of the order book has 64 digits; those of 62 are combinations, which nobody can follow here. */
static bool condition_good(const char *s) { return hash_good(s); }

static void lower(char *dst, size_t cap, const char *src) {
    str_copy(dst, cap, src);
    for (char *p = dst; *p; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p + 32);
}

static bool when_of(const struct json *row, int64_t *at_s) {
    int64_t v = 0;
    struct json where = {.node = pm_child(row, "timestamp"), .up = row, .key = "timestamp", .err = row->err};
    if (!where.node)
        return json_fail(row, "no timestamp");
    if (!json_as_int(&where, 1, 1LL << 50, &v))
        return false;
    *at_s = v > 100000000000 ? v / 1000 : v; /* milliseconds */
    return true;
}

static bool amounts_of(const struct json *row, struct act_row *r) {
    int64_t px = 0, size = 0;
    if (!pm_figure(row, "price", &px) || !pm_figure(row, "size", &size))
        return false;
    if (px <= 0 || px >= DEC_ONE || size <= 0)
        return json_fail(row, "a price or a size that can't be");
    r->px = (price){px};
    r->size = (qty){size};
    return true;
}

static bool side_of(const struct json *row, struct act_row *r) {
    const char *side = text_of(row, "side", "side");
    if (!side || (!str_eq_nocase(side, "BUY") && !str_eq_nocase(side, "SELL")))
        return json_fail(row, "neither BUY nor SELL");
    r->action = str_eq_nocase(side, "BUY") ? ACTION_BUY : ACTION_SELL;
    return true;
}

enum what { WHAT_TRADE, WHAT_OTHER, WHAT_BAD };

static enum what row_read(const struct json *row, const char *wallet, struct act_page *page, struct act_row *r) {
    const char *type = text_of(row, "type", "type"), *who = text_of(row, "proxy_wallet", "proxyWallet");
    if (!when_of(row, &r->at_s))
        return WHAT_BAD;
    page->oldest_s = r->at_s < page->oldest_s ? r->at_s : page->oldest_s;
    if ((type && !str_eq_nocase(type, "TRADE")) || (who && !str_eq_nocase(who, wallet)))
        return WHAT_OTHER;
    const char *condition = text_of(row, "condition_id", "conditionId"), *token = text_of(row, "token_id", "asset"), *tx = text_of(row, "transaction_hash", "transactionHash");
    if (condition && !condition_good(condition))
        return WHAT_OTHER;
    if (!condition || !token || !pm_token_parse(token, strlen(token), r->token) || !hash_good(tx)) {
        json_fail(row, !condition ? "no condition_id" : !tx || !hash_good(tx) ? "no transaction_hash" : "no token_id");
        return WHAT_BAD;
    }
    lower(r->condition, sizeof r->condition, condition);
    if (!side_of(row, r) || !amounts_of(row, r))
        return WHAT_BAD;
    lower(r->trade, sizeof r->trade, tx);
    return WHAT_TRADE;
}

/* The id: transaction, a hash of what was traded, and which of the equal ones it is. */
static void row_name(struct act_row *rows, int n) {
    struct act_row *r = &rows[n];
    uint64_t what = fnv64(FNV64_INIT, r->token, strlen(r->token));
    what = fnv64_u64(fnv64_u64(fnv64_u64(what, (uint64_t)r->action), (uint64_t)r->px.micro), (uint64_t)r->size.micro);
    r->what = fnv64(what, r->trade, 66);
    int equal = 0;
    for (int i = 0; i < n; i++)
        equal += rows[i].what == r->what;
    snprintf(r->trade + 66, sizeof r->trade - 66, "-%08x-%u", (unsigned)(what ^ what >> 32), (unsigned)equal % 1000u);
    r->key = fnv64_u64(r->what, (uint64_t)equal);
}

static bool envelope(const struct json *root, struct json *list, struct act_page *out) {
    struct json page;
    const char *cursor = NULL;
    if (cJSON_IsArray(root->node)) {
        *list = *root;
        return true;
    }
    if (!json_get_array(root, "data", JSON_REQUIRED, list) || !json_get_object(root, "pagination", JSON_OPTIONAL, &page))
        return false;
    if (page.node) {
        if (!pm_flag(&page, "has_more", &out->more) || !json_get_str(&page, "next_cursor", JSON_OPTIONAL, &cursor))
            return false;
        if (cursor && strlen(cursor) >= sizeof out->cursor)
            return json_fail(&page, "a cursor that is too long");
        str_copy(out->cursor, sizeof out->cursor, cursor ? cursor : "");
        out->more = out->more && out->cursor[0];
    }
    return true;
}

bool act_page_read(const struct json *root, const char *wallet, struct act_page *out) {
    struct json list;
    size_t cap = 0;
    *out = (struct act_page){.oldest_s = INT64_MAX};
    if (!envelope(root, &list, out)) {
        str_copy(out->why, sizeof out->why, root->err->text);
        return false;
    }
    for (struct json it = json_first(&list); it.node; it = json_next(&it)) {
        struct json_err err = {0};
        struct json row = it;
        struct act_row r = {0};
        row.err = &err;
        out->seen++;
        enum what what = row_read(&row, wallet, out, &r);
        if (what == WHAT_TRADE) {
            out->rows = xgrow(out->rows, &cap, (size_t)out->n + 1, sizeof *out->rows);
            out->rows[out->n] = r;
            row_name(out->rows, out->n++);
        }
        out->ignored += what == WHAT_OTHER;
        out->bad += what == WHAT_BAD;
        if (what == WHAT_BAD && !out->why[0])
            str_copy(out->why, sizeof out->why, err.text);
    }
    return true;
}

/* {error, code, retryable, ...}: what they say went wrong. */
void act_error_text(const struct http_answer *a, char *out, size_t cap) {
    struct json_err err = {0};
    struct cJSON *doc = NULL;
    const char *said = NULL;
    snprintf(out, cap, "status %d", a->status);
    if (a->err != ERR_OK) {
        str_copy(out, cap, a->text[0] ? a->text : err_text(a->err));
    } else if (json_parse(a->body, a->body_len, 65536, &doc, &err)) {
        struct json root = json_root(doc, &err);
        if (json_get_str(&root, "error", JSON_OPTIONAL, &said) && said)
            snprintf(out, cap, "status %d, %.80s", a->status, said);
    }
    json_free(doc);
}

void act_clock(const struct http_answer *a, int64_t *skew_us) {
    const char *date = http_header(a, "date"), *age = http_header(a, "age");
    time_t at = date && !(age && atoi(age) > 0) ? curl_getdate(date, NULL) : -1;
    if (at > 0)
        *skew_us = (int64_t)at * 1000000 + 500000 - clock_now_us();
    if (llabs(*skew_us) < 2000000) /* within what such a date can tell */
        *skew_us = 0;
}

static int by_time(const void *x, const void *y) {
    const struct act_row *a = x, *b = y;
    return a->at_s < b->at_s ? -1 : a->at_s > b->at_s;
}

void act_rows_order(struct act_row *rows, size_t n) {
    bool sorted = true;
    for (size_t i = 0, k = n; i + 1 < k; i++) {
        struct act_row x = rows[i];
        rows[i] = rows[--k];
        rows[k] = x;
    }
    for (size_t i = 1; i < n; i++)
        sorted = sorted && rows[i - 1].at_s <= rows[i].at_s;
    if (!sorted) /* never seen from the venue */
        qsort(rows, n, sizeof *rows, by_time);
}
