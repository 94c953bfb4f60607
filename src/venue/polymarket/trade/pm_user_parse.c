/* Reads own orders and trades, from the stream and from REST alike. */
#include "venue/polymarket/trade/pm_user_parse.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "turret/base/hash.h"
#include "turret/base/str.h"
#include "turret/base/utf8.h"
#include "turret/io/loop.h"

#define SECOND_US 1000000LL
#define BARE_MAX 1e9 /* a bare number beyond this does not give back its six decimals */

/* --- values --------------------------------------------------------------------------------------------------- */
static const struct cJSON *child(const struct json *at, const char *key) {
    const struct cJSON *c = at->node != NULL ? cJSON_GetObjectItemCaseSensitive(at->node, key) : NULL;
    if (c == NULL || cJSON_IsNull(c) || (cJSON_IsString(c) && c->valuestring[0] == 0))
        return NULL;
    return c;
}

static bool bad(const struct json *at, const char *key, const struct cJSON *c, const char *what) {
    struct json place = {.node = c, .up = at, .key = key, .err = at->err};
    return json_fail(&place, what);
}

static bool loose(const char *s, int64_t *micro) {
    const char *dot = strchr(s, '.');
    size_t n = strlen(s), keep = n;
    if (dot != NULL && n - (size_t)(dot - s) > 1 + DEC_DIGITS) {
        keep = (size_t)(dot - s) + 1 + DEC_DIGITS;
        for (size_t i = keep; i < n; i++)
            if (!isdigit((unsigned char)s[i]))
                return false;
    }
    return dec_parse(s, keep, micro);
}

bool pm_dec(const struct json *at, const char *key, bool need, int64_t *micro, bool *given) {
    const struct cJSON *c = child(at, key);
    if (given != NULL)
        *given = c != NULL;
    if (c == NULL)
        return !need || bad(at, key, c, "missing");
    if (cJSON_IsString(c))
        return loose(c->valuestring, micro) || bad(at, key, c, "not a number");
    if (!cJSON_IsNumber(c) || !(fabs(c->valuedouble) < BARE_MAX))
        return bad(at, key, c, "not a number that is exact");
    *micro = llround(c->valuedouble * (double)DEC_ONE);
    return true;
}

bool pm_time(const struct json *at, const char *key, int64_t *us) {
    const struct cJSON *c = child(at, key);
    double v = 0;
    *us = 0;
    if (c == NULL)
        return true;
    if (cJSON_IsNumber(c)) {
        v = c->valuedouble;
    } else if (cJSON_IsString(c)) {
        char *end = NULL;
        if (strlen(c->valuestring) < 40 && clock_parse_rfc3339(c->valuestring, us)) {
            if (*us >= 0)
                return true;
            *us = 0;
        }
        v = strtod(c->valuestring, &end);
        if (end == c->valuestring || *end != 0 || !isdigit((unsigned char)c->valuestring[0]))
            return bad(at, key, c, "not a time");
    } else {
        return bad(at, key, c, "not a time");
    }
    if (!(v >= 0 && v < 1e16))
        return bad(at, key, c, "not a time");
    *us = (int64_t)(v >= 1e14 ? v : v >= 1e11 ? v * 1e3 : v * 1e6);
    return true;
}

/* Ids go back to the venue, in paths and bodies: nothing that means something there. */
static bool id_char(char c) { return isalnum((unsigned char)c) || c == '-' || c == '_' || c == '.' || c == ':'; }

static bool word(const struct json *at, const char *key, bool need, char *dst, size_t cap, bool lower) {
    const struct cJSON *c = child(at, key);
    dst[0] = 0;
    if (c == NULL)
        return !need || bad(at, key, c, "missing");
    if (!cJSON_IsString(c) || strlen(c->valuestring) >= cap)
        return bad(at, key, c, "not a string, or too long");
    size_t n = 0;
    for (const char *p = c->valuestring; *p != 0; p++) {
        if (!id_char(*p))
            return bad(at, key, c, "not a plain word");
        dst[n++] = lower ? (char)tolower((unsigned char)*p) : *p;
    }
    dst[n] = 0;
    return true;
}

/* Addresses and owners only tell what is ours: what is no such thing is not. */
static void owner_word(const struct json *at, const char *key, char *dst, size_t cap) {
    const struct cJSON *c = child(at, key);
    dst[0] = 0;
    if (c != NULL && cJSON_IsString(c) && strlen(c->valuestring) < cap)
        str_copy(dst, cap, c->valuestring);
}

static bool side_parse(const struct json *at, bool need, bool *sell, bool *given) {
    const struct cJSON *c = child(at, "side");
    *given = c != NULL;
    if (c == NULL)
        return !need || bad(at, "side", c, "missing");
    bool s = cJSON_IsString(c) && str_eq_nocase(c->valuestring, "SELL");
    if (!s && !(cJSON_IsString(c) && str_eq_nocase(c->valuestring, "BUY")))
        return bad(at, "side", c, "neither BUY nor SELL");
    *sell = s;
    return true;
}

static bool price_ok(const struct json *at, price px) { return (px.micro > 0 && px.micro < DEC_ONE) || bad(at, "price", NULL, "outside of 0 to 1"); }

/* --- orders ------------------------------------------------------------------------------------------------------ */
static const struct { const char *part; enum err err; } end_table[] = {
    {"MARKET_RESOLVED", ERR_MARKET_CLOSED}, {"MARKET RESOLVED", ERR_MARKET_CLOSED}, {"FOK", ERR_FOK_UNFILLED}, {"FULLY FILLED", ERR_FOK_UNFILLED},
    {"NO ORDERS FOUND TO MATCH", ERR_NO_LIQUIDITY}, {"FAK", ERR_NO_LIQUIDITY}, {"EXPIRED", ERR_EXPIRED}, {"POST-ONLY", ERR_POST_ONLY_CROSSED},
    {"ALLOWANCE", ERR_INSUFFICIENT_FUNDS}, {"BALANCE", ERR_INSUFFICIENT_FUNDS}, {"TICK SIZE", ERR_TICK_SIZE},
};

enum err pm_end_reason(const char *status, char text[REASON_MAX]) {
    const char *s = str_has_prefix_nocase(status, "ORDER_STATUS_") ? status + 13 : status;
    text[0] = 0;
    if (str_has_prefix_nocase(s, "INVALID")) {
        str_copy(text, REASON_MAX, "the venue found it invalid: its balance or allowance is gone, or its market is");
        return ERR_VENUE_REJECTED;
    }
    size_t head = str_has_prefix_nocase(s, "CANCELLED") ? 9 : str_has_prefix_nocase(s, "CANCELED") ? 8 : 0;
    const char *why = s + head;
    while (*why == '_' || *why == ' ' || *why == ':')
        why++;
    if (*why == 0)
        return ERR_CANCELLED;
    for (size_t i = 0; i < sizeof end_table / sizeof *end_table; i++)
        if (str_contains_nocase(why, end_table[i].part)) {
            if (end_table[i].err != ERR_MARKET_CLOSED)
                utf8_sanitise(text, REASON_MAX, why, strlen(why));
            else
                str_copy(text, REASON_MAX, "the market is resolved");
            return end_table[i].err;
        }
    utf8_sanitise(text, REASON_MAX, why, strlen(why));
    return ERR_CANCELLED;
}

static enum pm_order_status status_of(const char *s, const char *type) {
    static const struct { const char *prefix; enum pm_order_status status; } table[] = {
        {"LIVE", PM_ORDER_LIVE}, {"OPEN", PM_ORDER_LIVE}, {"MATCHED", PM_ORDER_MATCHED}, {"FILLED", PM_ORDER_MATCHED}, {"DELAYED", PM_ORDER_DELAYED},
        {"UNMATCHED", PM_ORDER_UNMATCHED}, {"CANCELED", PM_ORDER_OVER}, {"CANCELLED", PM_ORDER_OVER}, {"INVALID", PM_ORDER_OVER}, {"EXPIRED", PM_ORDER_OVER},
    };
    if (str_eq_nocase(type, "CANCELLATION"))
        return PM_ORDER_OVER;
    if (str_has_prefix_nocase(s, "ORDER_STATUS_"))
        s += 13;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (str_has_prefix_nocase(s, table[i].prefix))
            return table[i].status;
    return s[0] == 0 && (str_eq_nocase(type, "PLACEMENT") || str_eq_nocase(type, "UPDATE")) ? PM_ORDER_LIVE : PM_ORDER_OTHER;
}

static uint8_t tif_of(const char *s) {
    return str_eq_nocase(s, "GTD") ? TIF_GTD : str_eq_nocase(s, "FOK") ? TIF_FOK : str_eq_nocase(s, "FAK") ? TIF_IOC : TIF_GTC;
}

/* A GTD order ends a minute before its expiration, and looks like a cancel. */
static void order_end(struct pm_own_order *o, const char *status) {
    int64_t now = o->at_us > 0 ? o->at_us : clock_now_us();
    o->why = pm_end_reason(status, o->text);
    if (o->why == ERR_CANCELLED && o->tif == TIF_GTD && o->expires_us > 0 && now >= o->expires_us - 2 * SECOND_US) {
        o->why = ERR_EXPIRED;
        str_copy(o->text, sizeof o->text, "its time was over");
    }
}

bool pm_own_order_parse(const struct json *at, struct pm_own_order *out) {
    const char *status = "", *type = "", *order_type = "";
    bool size = false, px = false, side = false;
    int64_t expires = 0;
    *out = (struct pm_own_order){0};
    if (!word(at, "id", true, out->id, sizeof out->id, true) || !word(at, "market", false, out->condition, sizeof out->condition, true) ||
        !word(at, "asset_id", false, out->token, sizeof out->token, false) || !json_get_str(at, "status", JSON_OPTIONAL, &status) ||
        !json_get_str(at, "type", JSON_OPTIONAL, &type) || !json_get_str(at, "order_type", JSON_OPTIONAL, &order_type))
        return false;
    owner_word(at, "owner", out->owner, sizeof out->owner);
    owner_word(at, "maker_address", out->maker, sizeof out->maker);
    if (status[0] == 0 && type[0] == 0)
        return bad(at, "status", NULL, "missing");
    if (!side_parse(at, false, &out->sell, &side) || !pm_dec(at, "price", false, &out->px.micro, &px) ||
        !pm_dec(at, "original_size", false, &out->size.micro, &size) || !pm_dec(at, "size_matched", false, &out->matched.micro, &out->matched_known) ||
        !pm_time(at, "expiration", &expires) || !pm_time(at, "created_at", &out->created_us) || !pm_time(at, "timestamp", &out->at_us))
        return false;
    if (out->size.micro < 0 || out->matched.micro < 0)
        return bad(at, "original_size", NULL, "negative");
    out->tif = tif_of(order_type);
    out->expires_us = expires > 60 * SECOND_US ? expires - 60 * SECOND_US : 0;
    out->status = status_of(status, type);
    out->whole = side && px && size && out->px.micro > 0 && out->px.micro < DEC_ONE && out->size.micro > 0 && (out->token[0] != 0);
    if (out->status == PM_ORDER_OVER)
        order_end(out, status);
    return true;
}

/* --- trades --------------------------------------------------------------------------------------------------------- */
static enum fill_finality finality_of(const char *s) {
    if (str_has_prefix_nocase(s, "TRADE_STATUS_"))
        s += 13;
    return str_eq_nocase(s, "CONFIRMED") ? FILL_FINAL : str_eq_nocase(s, "FAILED") ? FILL_REVERSED : FILL_PROVISIONAL; /* RETRYING may still end either way */
}

bool pm_own_trade_parse(const struct json *at, struct pm_own_trade *out) {
    const char *status = "", *role = "";
    bool side;
    *out = (struct pm_own_trade){0};
    if (!word(at, "id", true, out->id, sizeof out->id, false) || !word(at, "market", false, out->condition, sizeof out->condition, true) ||
        !word(at, "asset_id", true, out->token, sizeof out->token, false) || !word(at, "taker_order_id", false, out->taker_order, sizeof out->taker_order, true) ||
        !json_get_str(at, "status", JSON_REQUIRED, &status) || !json_get_str(at, "trader_side", JSON_OPTIONAL, &role) || !side_parse(at, true, &out->sell, &side) ||
        !pm_dec(at, "size", true, &out->size.micro, NULL) || !pm_dec(at, "price", true, &out->px.micro, NULL) || !price_ok(at, out->px) ||
        !pm_time(at, "match_time", &out->at_us) || !json_get_array(at, "maker_orders", JSON_OPTIONAL, &out->makers))
        return false;
    if (out->size.micro <= 0)
        return bad(at, "size", NULL, "not above zero");
    if (out->at_us == 0 && (!pm_time(at, "last_update", &out->at_us) || (out->at_us == 0 && !pm_time(at, "timestamp", &out->at_us))))
        return false;
    owner_word(at, "owner", out->owner, sizeof out->owner);
    owner_word(at, "trade_owner", out->trade_owner, sizeof out->trade_owner);
    owner_word(at, "maker_address", out->maker, sizeof out->maker);
    out->role = str_eq_nocase(role, "TAKER") ? PM_ROLE_TAKER : str_eq_nocase(role, "MAKER") ? PM_ROLE_MAKER : PM_ROLE_UNKNOWN;
    out->finality = finality_of(status);
    return true;
}

/* Older messages leave the side out: who crossed in the same token did the other thing, in the other token the same (a mint or a merge). */
bool pm_maker_leg_parse(const struct json *at, const struct pm_own_trade *t, struct pm_maker_leg *out) {
    bool side;
    *out = (struct pm_maker_leg){0};
    if (!word(at, "order_id", true, out->order, sizeof out->order, true) || !word(at, "asset_id", true, out->token, sizeof out->token, false) ||
        !pm_dec(at, "matched_amount", true, &out->size.micro, NULL) || !pm_dec(at, "price", true, &out->px.micro, NULL) || !price_ok(at, out->px) ||
        !side_parse(at, false, &out->sell, &side))
        return false;
    if (out->size.micro <= 0)
        return bad(at, "matched_amount", NULL, "not above zero");
    if (t->millionths)
        out->size.micro /= DEC_ONE;
    if (!side)
        out->sell = (strcmp(out->token, t->token) == 0) != t->sell;
    owner_word(at, "owner", out->owner, sizeof out->owner);
    owner_word(at, "maker_address", out->maker, sizeof out->maker);
    return true;
}

void pm_taker_price(const struct pm_own_trade *t, price *px, usd *value) {
    __int128 sum = 0; /* collateral times 1e6 */
    int64_t size = 0, slack = DEC_ONE / 10000;
    struct json_err err = {0};
    *px = t->px;
    *value = USD(-1);
    for (struct json it = json_first(&t->makers); it.node != NULL; it = json_next(&it)) {
        struct pm_maker_leg leg;
        it.err = &err;
        if (!pm_maker_leg_parse(&it, t, &leg) || leg.size.micro > t->size.micro)
            return;
        int64_t own = strcmp(leg.token, t->token) == 0 ? leg.px.micro : DEC_ONE - leg.px.micro;
        sum += (__int128)own * leg.size.micro;
        size += leg.size.micro;
        if (size > t->size.micro)
            return;
    }
    if (size != t->size.micro || size <= 0)
        return;
    price average = PRICE((int64_t)((sum + size / 2) / size));
    if (t->sell ? average.micro < t->px.micro - slack : average.micro > t->px.micro + slack)
        return;
    *px = average;
    *value = USD((int64_t)((sum + DEC_ONE / 2) / DEC_ONE));
}

/* --- ids of fills -------------------------------------------------------------------------------------------------------- */
#define TRADE_ID_MAX 60

void pm_fill_id(const char *trade, const char *order, char out[VENUE_ORDER_ID_MAX]) {
    uint64_t h = fnv64(FNV64_INIT, order, strlen(order));
    if (strlen(trade) <= TRADE_ID_MAX)
        snprintf(out, VENUE_ORDER_ID_MAX, "%s:%016llx", trade, (unsigned long long)h);
    else
        snprintf(out, VENUE_ORDER_ID_MAX, "#%016llx:%016llx", (unsigned long long)fnv64(FNV64_INIT, trade, strlen(trade)), (unsigned long long)h);
}

bool pm_fill_trade(const char *fill_id, char out[VENUE_ORDER_ID_MAX]) {
    const char *end = strrchr(fill_id, ':');
    if (end == NULL || fill_id[0] == '#' || strlen(end) != 17)
        return false;
    snprintf(out, VENUE_ORDER_ID_MAX, "%.*s", (int)(end - fill_id), fill_id);
    return true;
}
