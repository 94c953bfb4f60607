/* Reading what a client sent: JSON bodies and queries, field by field. What is not known, given twice, inexact or of another type is
 * refused, never guessed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/api_impl.h"
#include "turret/base/str.h"
#include "turret/base/utf8.h"
#include "turret/io/loop.h"

#define AMOUNT_LEAST 10000 /* 0.01 USD */
#define NUMBER_DIGITS 15   /* a double keeps that many */

static bool printable(const char *s) { /* ASCII without blanks */
    for (; *s; s++)
        if (*s <= 0x20 || *s >= 0x7f)
            return false;
    return true;
}

bool api_client_id_ok(const char *s) {
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-";
    return s[0] && strlen(s) <= API_KEY_MAX && strspn(s, allowed) == strlen(s);
}

static bool fault_json(struct api_fault *f, const struct json_err *e) { return api_fault(f, ERR_BAD_VALUE, "%s", e->text); }

/* Bare numbers as they are written: cJSON only keeps what became of them. */
static bool numbers_exact(const char *p, size_t n, struct api_fault *f) {
    const char *end = p + n;
    for (bool text = false; p < end; p++) {
        if (*p == '\\' && text)
            p++;
        else if (*p == '"')
            text = !text;
        else if (!text && ((*p >= '0' && *p <= '9') || *p == '-')) {
            int digits = 0, fraction = -1;
            for (; p < end && strchr("0123456789+-.eE", *p); p++) {
                if (*p == 'e' || *p == 'E')
                    return api_fault(f, ERR_BAD_VALUE, "a number with an exponent: write it out");
                digits += *p >= '0' && *p <= '9';
                fraction = *p == '.' ? 0 : fraction < 0 ? -1 : fraction + 1;
            }
            if (digits > NUMBER_DIGITS || fraction > DEC_DIGITS)
                return api_fault(f, ERR_BAD_VALUE, "a bare number with so many digits is not exact: write at most six decimals, or a string");
            p--;
        }
    }
    return true;
}

static bool fields_known(const cJSON *root, const char *const *names, int count, struct api_fault *f) {
    char shown[48];
    for (const cJSON *c = root->child; c; c = c->next) {
        int i = 0, twice = 0;
        while (i < count && strcmp(names[i], c->string) != 0)
            i++;
        for (const cJSON *d = root->child; d; d = d->next)
            twice += !strcmp(d->string, c->string);
        utf8_sanitise(shown, sizeof shown, c->string, strlen(c->string));
        if (i == count) {
            const char *near = str_closest(shown, names, count);
            return api_fault(f, ERR_BAD_VALUE, "%s: unknown field%s%s%s", shown, near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
        }
        if (twice > 1)
            return api_fault(f, ERR_BAD_VALUE, "%s: given twice", shown);
    }
    return true;
}

static bool body_open(const char *body, size_t n, const char *const *names, int count, cJSON **doc, struct api_fault *f) {
    struct json_err e = {0};
    *doc = NULL;
    if (!json_parse(body, n, API_BODY_MAX, doc, &e))
        return api_fault(f, ERR_BAD_VALUE, "%s", n ? e.text : "the body is empty: a JSON object is needed");
    if (!cJSON_IsObject(*doc))
        return api_fault(f, ERR_BAD_VALUE, "a JSON object is needed");
    return fields_known(*doc, names, count, f) && numbers_exact(body, n, f);
}

/* --- an order --- */

static const struct { const char *name, *help; } field_table[] = {
    {"market", "exact symbol, venue:SYMBOL or id; the last two mean that venue; required"},
    {"side", "yes or no; long or short for a perpetual; required"},
    {"type", "market or limit; required"},
    {"action", "buy (default) or sell; opening a short is sell"},
    {"amount", "size in USD, at least 0.01; fees come on top"},
    {"quantity", "size in shares or contracts; this or amount"},
    {"price", "of a limit order, of the side that is traded"},
    {"preview", "true: place nothing, answer fill, cost, fee, the venues compared and the refusal there would be"},
    {"takeProfit", "price that closes the position with a gain"},
    {"stopLoss", "price that closes it with a loss"},
    {"timeInForce", "gtc, gtd, ioc or fok; default gtc with a price, else ioc"},
    {"expiresAt", "time of a gtd order, like 2026-11-21T12:00:00Z"},
    {"reduceOnly", "true: it may only reduce a position"},
    {"postOnly", "true: refused where it would take"},
    {"account", "name or number; default the first"},
    {"leverage", "of a perpetual"},
    {"live", "true: it may be real money; an order of a live account is refused without it"},
    {"route", "here (the market that was named), best or split over the venues that are linked with it; default as for the command buy"},
    {"clientId", "makes it safe to ask again: see below"},
};
#define FIELD_COUNT ((int)(sizeof field_table / sizeof *field_table))

bool api_field_doc(int i, struct api_doc *out) {
    if (i < 0 || i >= FIELD_COUNT)
        return false;
    *out = (struct api_doc){"", field_table[i].name, field_table[i].help};
    return true;
}

static const char *const sides[] = {"yes", "no", "long", "short"}, *const types[] = {"market", "limit"}, *const actions[] = {"buy", "sell"},
                         *const tifs[] = {"gtc", "gtd", "ioc", "fok"}, *const routes[] = {"here", "best", "split"};

static bool positive(const struct json *root, const char *key, int64_t *out, struct api_fault *f) {
    if (!json_get_dec(root, key, JSON_OPTIONAL, out))
        return true; /* root->err has it */
    const cJSON *there = cJSON_GetObjectItemCaseSensitive(root->node, key);
    return !there || cJSON_IsNull(there) || *out > 0 ? true : api_fault(f, ERR_BAD_VALUE, "%s: above 0", key);
}

/* Words go on to a command: no blanks, no option of its own. */
static bool word(const struct json *root, const char *key, enum json_need need, char *out, size_t cap, struct api_fault *f) {
    const char *s = NULL;
    if (!json_get_str(root, key, need, &s) || !s)
        return true;
    if (!s[0] || strlen(s) >= cap || !printable(s) || s[0] == '-')
        return api_fault(f, ERR_BAD_VALUE, "%s: a name of at most %zu printable characters", key, cap - 1);
    str_copy(out, cap, s);
    return true;
}

static bool read_rest(const struct json *root, struct api_order *q, struct api_fault *f) {
    const char *client = NULL, *expires = NULL;
    json_get_str(root, "clientId", JSON_OPTIONAL, &client);
    json_get_str(root, "expiresAt", JSON_OPTIONAL, &expires);
    json_get_bool(root, "preview", JSON_OPTIONAL, &q->preview);
    json_get_bool(root, "reduceOnly", JSON_OPTIONAL, &q->reduce_only);
    json_get_bool(root, "postOnly", JSON_OPTIONAL, &q->post_only);
    json_get_bool(root, "live", JSON_OPTIONAL, &q->live);
    json_get_int(root, "leverage", JSON_OPTIONAL, 1, 255, &q->leverage);
    if (client && !api_client_id_ok(client))
        return api_fault(f, ERR_BAD_VALUE, "clientId: 1 to %d letters, digits, dots, colons, dashes or underscores", API_KEY_MAX);
    if (expires && !clock_parse_rfc3339(expires, &q->expires_us))
        return api_fault(f, ERR_BAD_VALUE, "expiresAt: a time like 2026-11-21T12:00:00Z");
    str_copy(q->client_id, sizeof q->client_id, client ? client : "");
    return true;
}

static bool order_whole(const struct api_order *q, struct api_fault *f) {
    if ((q->amount > 0) == (q->quantity > 0))
        return api_fault(f, ERR_BAD_VALUE, q->amount ? "amount or quantity, not both" : "amount (in USD) or quantity is missing");
    if (q->amount && q->amount < AMOUNT_LEAST)
        return api_fault(f, ERR_BAD_VALUE, "amount: at least 0.01 USD");
    if (q->type == ORDER_LIMIT && !q->price)
        return api_fault(f, ERR_BAD_VALUE, "price: a limit order needs one");
    if (q->type == ORDER_MARKET && q->price)
        return api_fault(f, ERR_BAD_VALUE, "price: a market order has none");
    if ((q->tif == TIF_GTD) != (q->expires_us > 0))
        return api_fault(f, ERR_BAD_VALUE, "expiresAt goes with timeInForce gtd");
    return true;
}

bool api_read_order(const char *body, size_t n, struct api_order *q, struct api_fault *f) {
    struct json_err e = {0};
    cJSON *doc;
    memset(q, 0, sizeof *q); /* its bytes are compared */
    q->tif = q->route = -1;
    const char *names[FIELD_COUNT];
    for (int i = 0; i < FIELD_COUNT; i++)
        names[i] = field_table[i].name;
    bool good = body_open(body, n, names, FIELD_COUNT, &doc, f);
    if (good) {
        struct json root = json_root(doc, &e);
        json_get_choice(&root, "side", JSON_REQUIRED, sides, 4, &q->side);
        json_get_choice(&root, "type", JSON_REQUIRED, types, 2, &q->type);
        json_get_choice(&root, "action", JSON_OPTIONAL, actions, 2, &q->action);
        json_get_choice(&root, "timeInForce", JSON_OPTIONAL, tifs, 4, &q->tif);
        json_get_choice(&root, "route", JSON_OPTIONAL, routes, 3, &q->route);
        good = word(&root, "market", JSON_REQUIRED, q->market, sizeof q->market, f) && word(&root, "account", JSON_OPTIONAL, q->account, sizeof q->account, f) &&
               positive(&root, "amount", &q->amount, f) && positive(&root, "quantity", &q->quantity, f) && positive(&root, "price", &q->price, f) &&
               positive(&root, "takeProfit", &q->take_profit, f) && positive(&root, "stopLoss", &q->stop_loss, f) && read_rest(&root, q, f);
        if (e.set)
            good = fault_json(f, &e);
    }
    json_free(doc);
    return good && order_whole(q, f);
}

/* --- exits of a position: null removes one, what is not named stays --- */

bool api_read_exits(const char *body, size_t n, struct api_exits *x, struct api_fault *f) {
    static const char *const names[] = {"takeProfit", "stopLoss"};
    struct json_err e = {0};
    cJSON *doc;
    *x = (struct api_exits){0};
    bool good = body_open(body, n, names, 2, &doc, f);
    if (good) {
        struct json root = json_root(doc, &e);
        x->has_target = cJSON_GetObjectItemCaseSensitive(doc, names[0]) != NULL;
        x->has_stop = cJSON_GetObjectItemCaseSensitive(doc, names[1]) != NULL;
        good = positive(&root, names[0], &x->target, f) && positive(&root, names[1], &x->stop, f);
        if (e.set)
            good = fault_json(f, &e);
        else if (good && !x->has_target && !x->has_stop)
            good = api_fault(f, ERR_BAD_VALUE, "takeProfit, stopLoss or both; null removes one");
    }
    json_free(doc);
    return good;
}

/* --- queries --- */

static int hex(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1; }

static bool unescape(const char *p, size_t n, char *out, size_t cap) {
    size_t len = 0;
    for (size_t i = 0; i < n; i++) {
        int c = (unsigned char)p[i];
        if (c == '%') {
            if (n - i < 3 || hex(p[i + 1]) < 0 || hex(p[i + 2]) < 0)
                return false;
            c = hex(p[i + 1]) * 16 + hex(p[i + 2]);
            i += 2;
        }
        if (c <= 0x20 || c >= 0x7f || len + 1 >= cap)
            return false;
        out[len++] = (char)c;
    }
    out[len] = 0;
    return true;
}

bool api_read_filter(const char *query, bool states, struct api_filter *out, struct api_fault *f) {
    char limit[8] = "";
    struct { const char *name; char *to; size_t cap; bool given; } rows[] = {
        {"market", out->market, sizeof out->market, false}, {"account", out->account, sizeof out->account, false}, {"limit", limit, sizeof limit, false},
        {"state", out->state, sizeof out->state, false}};
    const int count = states ? 4 : 3;
    *out = (struct api_filter){.limit = 100};
    for (const char *p = query; *p;) {
        const size_t n = strcspn(p, "&"), name = strcspn(p, "=&");
        int i = 0;
        while (i < count && (strlen(rows[i].name) != name || strncmp(rows[i].name, p, name) != 0))
            i++;
        if (i == count || p[name] != '=')
            return api_fault(f, ERR_BAD_VALUE, "the query knows market, account, limit%s", states ? " and state" : "");
        if (rows[i].given || !unescape(p + name + 1, n - name - 1, rows[i].to, rows[i].cap) || !rows[i].to[0])
            return api_fault(f, ERR_BAD_VALUE, "%s: %s", rows[i].name, rows[i].given ? "given twice" : "can't be read");
        rows[i].given = true;
        p += n + (p[n] == '&');
    }
    if (limit[0] && (strspn(limit, "0123456789") != strlen(limit) || strlen(limit) > 5 || atoi(limit) < 1 || atoi(limit) > API_LIST_MAX))
        return api_fault(f, ERR_BAD_VALUE, "limit: 1 to %d", API_LIST_MAX);
    out->limit = limit[0] ? atoi(limit) : 100;
    enum order_state s;
    if (out->state[0] && strcmp(out->state, "open") != 0 && strcmp(out->state, "all") != 0 && !order_state_parse(out->state, &s))
        return api_fault(f, ERR_BAD_VALUE, "state: open, all, created, pending, partial, filled, cancelled or failed");
    return true;
}
