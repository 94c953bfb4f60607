/* What the venue's refusals mean: one table from sentence and status to our code, whether the request certainly did nothing, and what to do.
 * An order is refused only when the venue says so; everything else about it is unknown and asked after. */
#include "venue/polymarket/pm.h"

#include "turret/base/str.h"
#include "turret/base/utf8.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#define MESSAGE_MAX 512
#define RETRY_MAX_MS (3600 * 1000)

enum sure {
    BY_STATUS, /* done nothing, except where the status is 5xx: then an order or cancel may have passed */
    SURE,      /* done nothing, whatever the status */
    UNSURE,    /* never certain: the order may live */
};
#define ANY 0
#define P (1 << PM_OP_PLACE)
#define C (1 << PM_OP_CANCEL)
#define R (1 << PM_OP_READ)
#define L (1 << PM_OP_LOGIN)

/* The first row whose part is in the message (or in its code), whose operation and status fit, is what it means. */
static const struct row {
    const char *part;
    int ops;       /* ANY, or a set */
    int low, high; /* status; 0, 0 = any */
    enum err err;
    enum sure sure;
    const char *advice;
} rows[] = {
    /* money */
    {"the allowance is not enough", ANY, 0, 0, ERR_ALLOWANCE, BY_STATUS, "approve the exchange at the venue"},
    {"not enough balance", ANY, 0, 0, ERR_INSUFFICIENT_FUNDS, BY_STATUS, "open orders reserve; or an approval is missing"},
    {"insufficient balance", ANY, 0, 0, ERR_INSUFFICIENT_FUNDS, BY_STATUS, "open orders reserve some of it"},
    {"insufficient allowance", ANY, 0, 0, ERR_ALLOWANCE, BY_STATUS, "approve the exchange at the venue"},
    /* windows of the venue */
    {"order timed out", ANY, 0, 0, ERR_VENUE_PAUSED, SURE, "it never reached the book"},
    {"post-only mode", ANY, 0, 0, ERR_VENUE_POST_ONLY, SURE, "wait, or post only"},
    {"post_only_mode", ANY, 0, 0, ERR_VENUE_POST_ONLY, SURE, "wait, or post only"},
    {"cancel-only", ANY, 0, 0, ERR_VENUE_PAUSED, SURE, "only cancels pass"},
    {"trading is currently disabled", ANY, 0, 0, ERR_VENUE_PAUSED, SURE, "wait"},
    {"not yet ready to process", ANY, 0, 0, ERR_MARKET_CLOSED, BY_STATUS, "the market is new: in some minutes"},
    {"rate limit exceeded", ANY, 0, 0, ERR_RATE_LIMITED, SURE, "slower"},
    {"too many requests", ANY, 0, 0, ERR_RATE_LIMITED, SURE, "slower"},
    {"error code: 1015", ANY, 0, 0, ERR_RATE_LIMITED, SURE, "slower"},
    /* where and who */
    {"restricted in your region", ANY, 0, 0, ERR_GEOBLOCKED, SURE, "only closes and cancels from here"},
    {"address banned", ANY, 0, 0, ERR_ACCOUNT_BANNED, BY_STATUS, "ask the venue's support"},
    {"closed only mode", ANY, 0, 0, ERR_ACCOUNT_BANNED, BY_STATUS, "this account may only close positions"},
    {"maker address not allowed", ANY, 0, 0, ERR_WRONG_WALLET, BY_STATUS, "use the deposit wallet, signature type 3"},
    {"signer address has to be", ANY, 0, 0, ERR_WRONG_WALLET, BY_STATUS, "check wallet and signature type (venue login)"},
    {"invalid signature_type", ANY, 0, 0, ERR_WRONG_WALLET, BY_STATUS, "0 EOA, 1 proxy, 2 safe, 3 deposit wallet"},
    {"invalid signature", ANY, 0, 0, ERR_WRONG_WALLET, BY_STATUS, "check wallet and signature type (venue login)"},
    {"order owner has to be", ANY, 0, 0, ERR_CREDENTIALS, BY_STATUS, "make new API credentials (venue login)"},
    {"could not create api key", ANY, 0, 0, ERR_DUPLICATE, BY_STATUS, "there is one: derive it"},
    {"could not derive api key", ANY, 0, 0, ERR_NOT_FOUND, BY_STATUS, "there is none: create one (venue login)"},
    {"invalid api key", ANY, 0, 0, ERR_CREDENTIALS, BY_STATUS, "make new ones (venue login); check the clock"},
    {"invalid l1", ANY, 0, 0, ERR_CREDENTIALS, BY_STATUS, "check the key and the clock"},
    {"invalid auth", ANY, 0, 0, ERR_CREDENTIALS, BY_STATUS, "check the key and the clock"},
    {"unauthorized", ANY, 0, 0, ERR_CREDENTIALS, BY_STATUS, "make new ones (venue login); check the clock"},
    {"requires authentication", ANY, 0, 0, ERR_CREDENTIALS, BY_STATUS, "log in (venue login)"},
    /* what an order may be */
    {"order_version_mismatch", ANY, 0, 0, ERR_ORDER_VERSION, BY_STATUS, "a newer Turret is needed"},
    {"invalid order version", ANY, 0, 0, ERR_ORDER_VERSION, BY_STATUS, "a newer Turret is needed"},
    {"minimum tick size", ANY, 0, 0, ERR_TICK_SIZE, BY_STATUS, "the tick has changed: it is read anew"},
    {"lower than the minimum", ANY, 0, 0, ERR_MIN_SIZE, BY_STATUS, "a larger size"},
    {"min size:", ANY, 0, 0, ERR_MIN_SIZE, BY_STATUS, "a larger amount"},
    {"invalid amounts", ANY, 0, 0, ERR_LOT_SIZE, BY_STATUS, "too many decimals"},
    {"max accuracy", ANY, 0, 0, ERR_LOT_SIZE, BY_STATUS, "too many decimals"},
    {"invalid price", ANY, 0, 0, ERR_PRICE_OUT_OF_RANGE, BY_STATUS, "between one tick and 1 less a tick"},
    {"duplicated", P, 0, 0, ERR_DUPLICATE, UNSURE, "the venue has it already: asking for it"},
    {"invalid post-only order", ANY, 0, 0, ERR_POST_ONLY_CROSSED, BY_STATUS, "it would take"},
    {"crosses the book", ANY, 0, 0, ERR_POST_ONLY_CROSSED, BY_STATUS, "it would take"},
    {"crosses book", ANY, 0, 0, ERR_POST_ONLY_CROSSED, BY_STATUS, "it would take"},
    {"fok orders are", ANY, 0, 0, ERR_FOK_UNFILLED, BY_STATUS, ""},
    {"couldn't be fully filled", ANY, 0, 0, ERR_FOK_UNFILLED, BY_STATUS, ""},
    {"match with fak order", ANY, 0, 0, ERR_NO_LIQUIDITY, BY_STATUS, ""},
    {"no matching orders", ANY, 0, 0, ERR_NO_LIQUIDITY, BY_STATUS, ""},
    {"rounding issues", ANY, 0, 0, ERR_LOT_SIZE, BY_STATUS, "a rounder size"},
    {"invalid expiration", ANY, 0, 0, ERR_BAD_VALUE, BY_STATUS, "at least three minutes from now"},
    {"match delayed", P, 0, 0, ERR_OUTCOME_UNKNOWN, UNSURE, "asking for it"},
    {"canceled in the ctf exchange", ANY, 0, 0, ERR_NOT_OPEN, BY_STATUS, "it was cancelled on the chain"},
    {"could not insert order", P, 0, 0, ERR_OUTCOME_UNKNOWN, UNSURE, "asking for it"},
    {"could not run the execution", P, 0, 0, ERR_OUTCOME_UNKNOWN, UNSURE, "asking for it"},
    {"no orderbook exists", P, 0, 0, ERR_MARKET_CLOSED, BY_STATUS, "new, closed or resolved"},
    {"market not found", P, 0, 0, ERR_MARKET_CLOSED, BY_STATUS, "new, closed or resolved"},
    {"not accepting orders", ANY, 0, 0, ERR_MARKET_CLOSED, BY_STATUS, "paused, closed or resolved"},
    {"market is closed", ANY, 0, 0, ERR_MARKET_CLOSED, BY_STATUS, ""},
    /* cancels */
    {"already", C, 0, 0, ERR_NOT_OPEN, BY_STATUS, ""},
    {"match", C, 200, 499, ERR_NOT_OPEN, BY_STATUS, ""},
    {"not found", C, 200, 499, ERR_NOT_OPEN, BY_STATUS, ""},
    {"can't be found", C, 200, 499, ERR_NOT_OPEN, BY_STATUS, ""},
    {"delay", C, 200, 499, ERR_VENUE_PAUSED, BY_STATUS, "it is held back: cancelled as soon as it can be"},
    /* things that are not there, and requests that are not right */
    {"no orderbook exists", ANY, 0, 0, ERR_NOT_FOUND, BY_STATUS, "new, closed or resolved"},
    {"not found", ANY, 200, 499, ERR_NOT_FOUND, BY_STATUS, ""},
    {"payload", ANY, 200, 499, ERR_BAD_VALUE, BY_STATUS, ""},
    {"invalid", ANY, 200, 499, ERR_BAD_VALUE, BY_STATUS, ""},
};

/* What a status alone says. */
static const struct status_row {
    int low, high;
    enum err err;
    enum sure sure;
    const char *text;
} statuses[] = {
    {400, 400, ERR_VENUE_REJECTED, SURE, "the venue refused the request"},
    {401, 401, ERR_CREDENTIALS, SURE, "the venue refused the credentials"},
    {403, 403, ERR_GEOBLOCKED, SURE, "the venue refuses this address"},
    {404, 404, ERR_NOT_FOUND, SURE, "not found at the venue"},
    {408, 408, ERR_OUTCOME_UNKNOWN, UNSURE, "the venue gave up waiting"},
    {410, 410, ERR_NOT_FOUND, SURE, "gone at the venue"},
    {422, 422, ERR_BAD_VALUE, SURE, "the venue can't use the request"},
    {425, 425, ERR_VENUE_PAUSED, SURE, "the venue's matching restarts"},
    {429, 429, ERR_RATE_LIMITED, SURE, "too many requests for the venue"},
    {400, 499, ERR_VENUE_REJECTED, SURE, "the venue refused the request"},
    {500, 599, ERR_PROVIDER, BY_STATUS, "the venue failed"},
    {0, 999, ERR_PROVIDER, UNSURE, "the venue's answer can't be used"},
};

static bool changes(enum pm_op op) { return op == PM_OP_PLACE || op == PM_OP_CANCEL; }

/* "balance: 1500000": millionths; decimals are taken as they are. -1: not there. */
static int64_t figure_after(const char *text, const char *label) {
    size_t n = strlen(label);
    for (; *text; text++) {
        if (!str_has_prefix_nocase(text, label))
            continue;
        const char *p = text + n;
        while (*p == ' ' || *p == '$')
            p++;
        size_t digits = strspn(p, "0123456789"), all = strspn(p, "0123456789.");
        int64_t v;
        if (digits == 0 || digits > 12 + DEC_DIGITS)
            return -1;
        if (all > digits + 1) /* a point and digits behind it; a point alone ends the sentence */
            return dec_parse(p, all, &v) ? v : -1;
        return dec_parse(p, digits, &v) ? v / DEC_ONE : -1;
    }
    return -1;
}

/* Ids and addresses say nothing to a reader: their first digits are left. */
static void ids_shorten(char *out, size_t cap, const char *text) {
    size_t n = 0;
    while (*text && n + 8 < cap) {
        size_t digits = text[0] == '0' && text[1] == 'x' ? strspn(text + 2, "0123456789abcdefABCDEF") : 0;
        if (digits > 12) {
            memcpy(out + n, text, 6);
            n += 6;
            out[n++] = '~';
            text += 2 + digits;
        } else
            out[n++] = *text++;
    }
    out[n] = 0;
}

/* The sentence, cut so that the advice has its place. */
static void text_set(struct pm_error *e, const char *whole, const char *advice) {
    char sentence[MESSAGE_MAX];
    ids_shorten(sentence, sizeof sentence, whole);
    size_t tail = advice[0] ? strlen(advice) + 2 : 0, room = sizeof e->text - tail;
    size_t n = utf8_sanitise(e->text, room, sentence, strlen(sentence));
    if (n + 3 >= room && strlen(sentence) > n && room > 8) { /* it did not fit */
        size_t keep = room - 4;
        while (keep > 0 && ((unsigned char)e->text[keep] & 0xc0) == 0x80)
            keep--;
        memcpy(e->text + keep, "...", 4);
        n = keep + 3;
    }
    if (tail)
        snprintf(e->text + n, sizeof e->text - n, "%s%s", n ? "; " : "", advice);
}

static void funds_read(struct pm_error *e, const char *message) {
    char have[DEC_TEXT_MAX], need[DEC_TEXT_MAX], text[REASON_MAX];
    int64_t balance = figure_after(message, "balance:"), needed = figure_after(message, "order amount:");
    if (balance < 0 || needed < 0)
        return;
    e->balance = USD(balance), e->needed = USD(needed);
    dec_format(balance, 2, have);
    dec_format(needed, 2, need);
    if (balance >= needed && e->err == ERR_INSUFFICIENT_FUNDS && !str_contains_nocase(message, "sum of"))
        e->err = ERR_ALLOWANCE; /* there is enough: then it may not be spent */
    snprintf(text, sizeof text, "not enough %s: %s there, %s needed", e->err == ERR_ALLOWANCE ? "allowance" : "balance", have, need);
    text_set(e, text, e->err == ERR_ALLOWANCE ? "approve the exchange at the venue" : "open orders reserve some");
}

static const struct row *row_find(enum pm_op op, int status, const char *message, const char *code) {
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *r = &rows[i];
        if ((r->ops && !(r->ops & 1 << op)) || (r->high && (status < r->low || status > r->high)))
            continue;
        if (str_contains_nocase(message, r->part) || (code[0] && str_contains_nocase(code, r->part)))
            return r;
    }
    return NULL;
}

static void decide(enum pm_op op, int status, enum err err, enum sure sure, struct pm_error *e) {
    e->err = err;
    e->definite = sure == SURE || (sure == BY_STATUS && status < 500) || !changes(op);
    if (!e->definite && err != ERR_DUPLICATE)
        e->err = ERR_OUTCOME_UNKNOWN;
    else if (e->err == ERR_OUTCOME_UNKNOWN && e->definite) /* reading: asked again, nothing hangs on it */
        e->err = ERR_PROVIDER;
}

static void classify(enum pm_op op, int status, const char *message, const char *code, struct pm_error *e) {
    if (status <= 0 || status > 999) /* no such thing */
        status = 999;
    const struct row *r = row_find(op, status, message, code);
    if (r && status != 425 && status != 429) {
        decide(op, status, r->err, r->sure, e);
        text_set(e, message[0] ? message : code, r->advice);
        if (r->err == ERR_INSUFFICIENT_FUNDS || r->err == ERR_ALLOWANCE)
            funds_read(e, message);
        return;
    }
    const struct status_row *s = statuses;
    while (status < s->low || status > s->high)
        s++;
    bool legs = status >= 200 && status < 300; /* the venue took the request and says what is wrong with an order */
    decide(op, status, legs ? ERR_VENUE_REJECTED : s->err, legs ? SURE : s->sure, e);
    text_set(e, message[0] ? message : s->text, "");
}

static void error_init(struct pm_error *e) { *e = (struct pm_error){.err = ERR_OK, .definite = true, .retry_after_ms = -1, .balance = USD(-1), .needed = USD(-1)}; }

void pm_error_of_text(enum pm_op op, int status, const char *text, struct pm_error *out) {
    char message[MESSAGE_MAX];
    error_init(out);
    utf8_sanitise(message, sizeof message, text ? text : "", text ? strlen(text) : 0);
    if (!message[0] && status >= 200 && status < 300)
        return;
    classify(op, status, message, "", out);
}

/* --- bodies ------------------------------------------------------------------------------------------- */

struct body { char message[MESSAGE_MAX], code[64]; int64_t retry_ms; bool json, html; };

static void take(char *dst, size_t cap, const struct cJSON *at) {
    if (cJSON_IsString(at) && at->valuestring[0])
        utf8_sanitise(dst, cap, at->valuestring, strlen(at->valuestring));
}

static void read_object(const struct cJSON *o, struct body *b) {
    static const char *const keys[] = {"error", "errorMsg", "error_msg", "message", "msg"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys && !b->message[0]; i++) {
        const struct cJSON *at = cJSON_GetObjectItemCaseSensitive(o, keys[i]);
        take(b->message, sizeof b->message, cJSON_IsObject(at) ? cJSON_GetObjectItemCaseSensitive(at, "message") : at);
    }
    take(b->code, sizeof b->code, cJSON_GetObjectItemCaseSensitive(o, "code"));
    const struct cJSON *retry = cJSON_GetObjectItemCaseSensitive(o, "retry_after_seconds");
    int64_t v;
    if (cJSON_IsNumber(retry) && retry->valuedouble >= 0 && retry->valuedouble < 1e6)
        b->retry_ms = (int64_t)(retry->valuedouble * 1000);
    else if (cJSON_IsString(retry) && dec_parse_str(retry->valuestring, &v) && v >= 0)
        b->retry_ms = v / 1000;
}

static bool is_html(const struct http_answer *a) {
    const char *p = a->body + strspn(a->body, " \t\r\n");
    return *p == '<' || (a->content_type && str_contains_nocase(a->content_type, "html"));
}

/* A page's title says the most in the least. */
static void read_html(const char *text, struct body *b) {
    const char *p = text;
    while (*p && !str_has_prefix_nocase(p, "<title"))
        p++;
    const char *from = *p ? strchr(p, '>') : NULL, *to = from ? strchr(from, '<') : NULL;
    if (to && to > from + 1)
        utf8_sanitise(b->message, sizeof b->message, from + 1, (size_t)(to - from - 1));
}

static struct cJSON *read_body(const struct http_answer *a, struct body *b) {
    struct cJSON *doc = NULL;
    struct json_err err = {0};
    *b = (struct body){.retry_ms = -1, .html = a->body_len > 0 && is_html(a)};
    b->json = !b->html && a->body_len > 0 && json_parse(a->body, a->body_len, HTTP_BODY_MAX, &doc, &err);
    if (cJSON_IsObject(doc))
        read_object(doc, b);
    else if (b->json)
        take(b->message, sizeof b->message, doc);
    else if (b->html)
        read_html(a->body, b);
    else
        utf8_sanitise(b->message, sizeof b->message, a->body, a->body_len < MESSAGE_MAX ? a->body_len : MESSAGE_MAX);
    return doc;
}

static void unsure(enum pm_op op, enum err reading, const char *text, struct pm_error *e) {
    decide(op, 999, changes(op) ? ERR_OUTCOME_UNKNOWN : reading, UNSURE, e);
    text_set(e, text, "");
}

/* The request failed on its way. */
static void of_transport(enum pm_op op, const struct http_answer *a, struct pm_error *e) {
    const char *text = a->text[0] ? a->text : err_text(a->err);
    if (a->err == ERR_UNREACHABLE || a->err == ERR_BAD_VALUE) { /* nothing was sent */
        e->err = a->err;
        text_set(e, text, "");
        return;
    }
    unsure(op, a->err == ERR_OUTCOME_UNKNOWN ? ERR_PROVIDER : a->err, text, e);
    if (op == PM_OP_LOGIN)
        e->definite = false; /* credentials may have been made */
}

/* 2xx: for an order or a cancel the body must say what was done, and nothing else. */
static void of_success(enum pm_op op, int status, const struct cJSON *doc, const struct body *b, struct pm_error *e) {
    const struct cJSON *success = cJSON_GetObjectItemCaseSensitive(doc, "success"), *id = cJSON_GetObjectItemCaseSensitive(doc, "orderID");
    bool named = cJSON_IsString(id) && id->valuestring[0], refused = cJSON_IsFalse(success);
    if (changes(op) && (!b->json || !(cJSON_IsObject(doc) || cJSON_IsArray(doc))))
        unsure(op, ERR_PROVIDER, "the venue's answer can't be read", e);
    else if (!cJSON_IsObject(doc) || (named && !refused))
        return;
    else if (b->message[0])
        classify(op, status, b->message, b->code, e);
    else if (op == PM_OP_PLACE)
        unsure(op, ERR_PROVIDER, "the venue's answer names no order", e);
}

void pm_error_of(enum pm_op op, const struct http_answer *a, struct pm_error *out) {
    struct body b;
    error_init(out);
    if (a->err != ERR_OK) {
        of_transport(op, a, out);
        return;
    }
    bool good = a->status >= 200 && a->status < 300;
    if (good && !changes(op) && !(a->body_len < 4096 && strstr(a->body, "\"error")))
        return; /* long lists are parsed once, by who wants them */
    struct cJSON *doc = read_body(a, &b);
    out->retry_after_ms = b.retry_ms >= 0 ? b.retry_ms : a->retry_after_ms;
    if (out->retry_after_ms > RETRY_MAX_MS)
        out->retry_after_ms = RETRY_MAX_MS;
    if (good)
        of_success(op, a->status, doc, &b, out);
    else if (b.html && a->status == 403) {
        decide(op, 403, ERR_GEOBLOCKED, SURE, out);
        text_set(out, b.message[0] ? b.message : "403", "blocked place or address (VPN, data centre)?");
    } else if (b.html && a->status >= 500) /* a page of what stands before the venue: its words mean nothing of an order */
        classify(op, a->status, "", "", out);
    else
        classify(op, a->status, b.message, b.code, out);
    json_free(doc);
}

bool pm_absent(const struct http_answer *a) { return a->err == ERR_OK && (a->status == 404 || a->status == 405 || a->status == 410 || a->status == 501); }
