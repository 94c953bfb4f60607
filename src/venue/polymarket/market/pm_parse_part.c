/* Pieces of market parsers: values as Polymarket writes them, ids, ticks, symbols, fees, outcomes. */
#include "venue/polymarket/market/pm_parse_part.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>

#include "turret/base/hash.h"
#include "turret/base/str.h"
#include "turret/io/loop.h"

/* --- values ----------------------------------------------------------------------------------------------------------------------------- */
const struct cJSON *pm_child(const struct json *at, const char *key) {
    const struct cJSON *c = at->node ? cJSON_GetObjectItemCaseSensitive(at->node, key) : NULL;
    return c && !cJSON_IsNull(c) && !(cJSON_IsString(c) && !c->valuestring[0]) ? c : NULL;
}
bool pm_given(const struct json *at, const char *key) { return pm_child(at, key) != NULL; }

/* Digits after the sixth are dropped: for figures that are shown, and for prices that others computed. */
bool pm_loose(const char *s, int64_t *micro) {
    const bool negative = *s == '-';
    int64_t v = 0, scale = DEC_ONE;
    s += negative;
    if ((*s < '0' || *s > '9') && *s != '.')
        return false;
    for (; *s >= '0' && *s <= '9'; s++)
        if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, *s - '0', &v) || v > INT64_MAX / DEC_ONE)
            return false;
    v *= DEC_ONE;
    if (*s == '.')
        for (s++; *s >= '0' && *s <= '9'; s++)
            v += (*s - '0') * (scale /= 10);
    if (*s)
        return false;
    *micro = negative ? -v : v;
    return true;
}

bool pm_figure(const struct json *at, const char *key, int64_t *micro) {
    const struct cJSON *c = pm_child(at, key);
    struct json where = {.node = c, .up = at, .key = key, .err = at->err};
    if (!c)
        return true;
    if (cJSON_IsString(c))
        return pm_loose(c->valuestring, micro) || json_fail(&where, "not a number");
    if (!cJSON_IsNumber(c) || !(fabs(c->valuedouble) < 9e12))
        return json_fail(&where, "not a number");
    *micro = llround(c->valuedouble * (double)DEC_ONE);
    return true;
}

bool pm_exact(const struct json *at, const char *key, int64_t low, int64_t high, int64_t *micro) {
    const struct cJSON *c = pm_child(at, key);
    struct json where = {.node = c, .up = at, .key = key, .err = at->err};
    int64_t v;
    if (!c)
        return true;
    if (!json_as_dec(&where, &v))
        return false;
    if (v < low || v > high)
        return json_fail(&where, "out of range");
    *micro = v;
    return true;
}

bool pm_flag(const struct json *at, const char *key, bool *out) {
    const struct cJSON *c = pm_child(at, key);
    struct json where = {.node = c, .up = at, .key = key, .err = at->err};
    if (c && !cJSON_IsBool(c))
        return json_fail(&where, "neither true nor false");
    if (c)
        *out = cJSON_IsTrue(c);
    return true;
}

bool pm_when(const struct json *at, const char *key, int64_t *us) {
    const struct cJSON *c = pm_child(at, key);
    char text[48];
    int64_t v;
    if (!c || !cJSON_IsString(c))
        return true;
    str_copy(text, 36, c->valuestring);
    if (strlen(text) == 10)
        strcat(text, "T00:00:00Z");
    if (clock_parse_rfc3339(text, &v)) /* a date that can't be read is no date: it decides nothing */
        *us = v;
    return true;
}

static bool hex_digit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

bool pm_condition_parse(const char *text, size_t len, char out[PM_CONDITION_MAX]) {
    if (!text || (len != 64 && len != 66) || text[0] != '0' || (text[1] | 32) != 'x')
        return false;
    for (size_t i = 2; i < len; i++)
        if (!hex_digit(text[i]))
            return false;
    memset(out, '0', 66); /* PolyV2 names 31 bytes, the other interfaces the same filled up on the right */
    for (size_t i = 1; i < len; i++)
        out[i] = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] + 32) : text[i];
    out[66] = 0;
    return true;
}

bool pm_token_parse(const char *text, size_t len, char out[PM_TOKEN_MAX]) {
    if (!text || len == 0 || len > 78)
        return false;
    for (size_t i = 0; i < len; i++)
        if (text[i] < '0' || text[i] > '9')
            return false;
    memcpy(out, text, len);
    out[len] = 0;
    return true;
}

bool pm_tick_set(struct market *m, int64_t tick) {
    static const struct { int64_t tick; uint8_t digits; } steps[] = {{100000, 1}, {10000, 2}, {5000, 3}, {2500, 4}, {1000, 3}, {100, 4}};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (steps[i].tick == tick) {
            m->tick = m->min_price = PRICE(tick);
            m->max_price = PRICE(DEC_ONE - tick);
            m->price_digits = steps[i].digits;
            return true;
        }
    return false;
}

void pm_symbol_of(const char *slug, const char *condition, char out[MARKET_SYMBOL_MAX]) {
    const size_t len = strlen(slug);
    bool plain = len > 0 && len < MARKET_SYMBOL_MAX;
    char clean[MARKET_SYMBOL_MAX];
    size_t n = 0;
    for (const char *c = len ? slug : "market"; *c && n + 1 < sizeof clean; c++) {
        const bool good = *c > ' ' && *c <= '~';
        plain = plain && good;
        clean[n++] = good ? *c : '-';
    }
    clean[n] = 0;
    if (plain)
        str_copy(out, MARKET_SYMBOL_MAX, clean);
    else
        snprintf(out, MARKET_SYMBOL_MAX, "%.38s-%08x", clean, (unsigned)fnv64(FNV64_INIT, condition, strlen(condition)));
}

void pm_listing_name(struct pm_listing *l, enum venue_id as) {
    struct market *m = &l->pm.m;
    pm_symbol_of(l->pm.slug, m->native, m->symbol);
    m->venue = (uint8_t)as;
    m->id = market_id_of(as, m->symbol);
}

void pm_listing_init(struct pm_listing *out) {
    *out = (struct pm_listing){.ready = true, .fee_source = PM_FEE_KNOWN};
    struct market *m = &out->pm.m;
    m->kind = MARKET_BINARY;
    m->max_leverage = 1;
    m->qty_digits = 2;
    m->fee_kind = FEE_POLYMARKET;
    m->lot = QTY(DEC_ONE / 100);
    out->pm.protocol = 1;
    out->pm.fee_exponent = 1;
}

void pm_not_ready(struct pm_listing *l, const char *why) {
    if (l->ready)
        str_copy(l->why, sizeof l->why, why);
    l->ready = false;
}

bool pm_fee_read(const struct json *fee, const char *rate_key, const char *exponent_key, const char *taker_key, struct pm_listing *l) {
    int64_t rate = -1, exponent = DEC_ONE;
    bool taker_only = true;
    if (!pm_exact(fee, rate_key, 0, DEC_ONE, &rate) || !pm_exact(fee, exponent_key, 0, 8 * DEC_ONE, &exponent) || !pm_flag(fee, taker_key, &taker_only))
        return false;
    if (rate < 0)
        return json_fail(fee, "a fee without its rate");
    if (exponent % DEC_ONE != 0)
        return json_fail(fee, "a fee's exponent that is not whole");
    l->pm.m.taker_ppm = (int32_t)rate;
    l->pm.m.maker_ppm = taker_only ? 0 : (int32_t)rate;
    l->pm.fee_exponent = (int32_t)(exponent / DEC_ONE);
    l->fee_source = PM_FEE_KNOWN;
    return true;
}

void pm_outcome_of(struct pm_listing *l, int64_t yes_micro, int64_t no_micro, bool said) {
    struct market *m = &l->pm.m;
    enum market_outcome o = yes_micro == DEC_ONE && no_micro == 0 ? OUTCOME_YES : yes_micro == 0 && no_micro == DEC_ONE ? OUTCOME_NO : OUTCOME_NONE;
    if (said && yes_micro == DEC_ONE / 2 && no_micro == DEC_ONE / 2)
        o = OUTCOME_VOID;
    if (o == OUTCOME_NONE)
        return;
    m->status = MARKET_RESOLVED;
    m->outcome = (uint8_t)o;
}

bool pm_outcomes_set(struct pm_listing *l, int i, const char *token, const char *name) {
    if (!pm_token_parse(token, strlen(token), l->pm.token[i]))
        return false;
    str_copy(l->pm.outcome[i], sizeof l->pm.outcome[i], name[0] ? name : i ? "No" : "Yes");
    return true;
}
