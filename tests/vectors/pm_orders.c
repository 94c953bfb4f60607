/* polymarket-orders: from price, size and tick, or from amounts, over hashes and signatures to the bytes of the request and its headers. */
#include "pm.h"

#include "turret/base/dec.h"
#include "venue/polymarket/sign/pm_eip712.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct sample { /* one vector: what it was made from, then what we make of it */
    struct pm_key *key;
    struct pm_domain domain;
    struct pm_order o;
    char tick_text[VALUE_TEXT], token[VALUE_TEXT], funder[VALUE_TEXT], metadata[VALUE_TEXT], builder[VALUE_TEXT], type[VALUE_TEXT];
    bool market, post_only, defer;
    int64_t now_ms;
    struct pm_amounts capped; /* of a market order: what the venue would take */
    char signature[PM_SIGNATURE_TEXT];
    struct str body;
};

static const struct { const char *name; int type; } signature_names[] = {
    {"EOA", PM_EOA}, {"POLY_PROXY", PM_PROXY}, {"POLY_GNOSIS_SAFE", PM_SAFE}, {"POLY_1271", PM_1271},
};

static bool read_text(struct vector *v, const char *key, bool need, const char *fallback, char out[VALUE_TEXT]) {
    char buf[VALUE_TEXT];
    const char *text = get_text(v, key, need, fallback, buf);
    if (!text)
        return false;
    if (strlen(text) >= VALUE_TEXT)
        return unusable(v, key, "too long");
    memmove(out, text, strlen(text) + 1);
    return true;
}

static bool read_signature_type(struct vector *v, struct sample *s) {
    const cJSON *at = find(v, "signatureType");
    if (!at || (cJSON_IsString(at) && !(at->valuestring[0] >= '0' && at->valuestring[0] <= '9'))) {
        const char *name = cJSON_IsString(at) ? at->valuestring : cJSON_GetStringValue(find(v, "signatureTypeName"));
        for (size_t i = 0; name && i < sizeof signature_names / sizeof *signature_names; i++)
            if (strcmp(signature_names[i].name, name) == 0) {
                s->o.signature_type = (uint8_t)signature_names[i].type;
                return true;
            }
        return name ? unusable(v, "signatureType", "no such type") : true; /* none: an EOA */
    }
    int64_t n;
    if (!value_int(at, &n) || n < PM_EOA || n > PM_1271)
        return unusable(v, "signatureType", "no such type");
    s->o.signature_type = (uint8_t)n;
    return true;
}

static bool read_side(struct vector *v, struct sample *s) {
    char text[VALUE_TEXT];
    if (!read_text(v, "side", true, NULL, text))
        return false;
    bool sell = strcasecmp(text, "SELL") == 0 || strcmp(text, "1") == 0;
    if (!sell && strcasecmp(text, "BUY") != 0 && strcmp(text, "0") != 0)
        return unusable(v, "side", "neither BUY nor SELL");
    s->o.side = sell;
    return true;
}

/* round(random * now) in doubles, as the client does; without its random number the salt is a given. */
static bool read_salt(struct vector *v, struct sample *s, const cJSON *expected) {
    double chance, now = (double)s->now_ms;
    const cJSON *given = find(v, "salt"), *random = find(v, "mathRandom");
    int64_t salt;
    if (!given && random && s->now_ms > 0) {
        if (!value_real(random, &chance) || !(chance >= 0 && chance < 1))
            return unusable(v, "mathRandom", "not a number from 0 to 1");
        s->o.salt = (uint64_t)floor(chance * now + 0.5);
        return true;
    }
    if (!given)
        given = child(expected, "salt");
    if (!given)
        given = child(child(child(child(expected, "http"), "body"), "order"), "salt");
    if (!value_int(given, &salt) || salt < 0)
        return unusable(v, "salt", "neither it nor the random number it comes from");
    s->o.salt = (uint64_t)salt;
    return true;
}

static bool read_domain(struct vector *v, struct sample *s) {
    int64_t version;
    bool neg_risk;
    struct pm_domain_info info;
    if (!get_int(v, "chainId", false, 137, &s->domain.chain_id) || !get_int(v, "orderVersion", false, 2, &version) || !get_bool(v, "negRisk", false, &neg_risk))
        return false;
    if (version != 2 && version != 3)
        return unusable(v, "orderVersion", "neither 2 nor 3");
    s->domain.exchange = version == 3 ? PM_EXCHANGE_V3 : neg_risk ? PM_EXCHANGE_NEG_RISK : PM_EXCHANGE_STANDARD;
    return pm_domain_info(&s->domain, &info) || unusable(v, "chainId", "no exchange known on that chain");
}

static bool read_parties(struct vector *v, struct sample *s) {
    char eoa[43];
    pm_address_text(pm_key_address(s->key), eoa);
    if (!read_signature_type(v, s) || !read_text(v, "funder", false, eoa, s->funder))
        return false;
    if (!pm_address_parse(s->funder, &s->o.maker))
        return unusable(v, "funder", "not an address");
    s->o.signer = s->o.signature_type == PM_1271 ? s->o.maker : *pm_key_address(s->key);
    return true;
}

static bool read_word(struct vector *v, const char *key, char text[VALUE_TEXT], struct pm_word *out) {
    struct pm_word zero = {{0}};
    char zeros[67];
    pm_word_hex(&zero, zeros);
    if (!read_text(v, key, false, zeros, text))
        return false;
    return (strlen(text) == 66 && pm_word_parse_hex(text, out)) || unusable(v, key, "not 0x and 64 digits");
}

static bool read_amounts(struct vector *v, struct sample *s, const cJSON *expected) {
    int64_t maker, taker, tick, px, size;
    if (find(v, "makerAmount")) { /* given, not computed */
        if (!get_int(v, "makerAmount", true, 0, &s->o.maker_amount) || !get_int(v, "takerAmount", true, 0, &s->o.taker_amount))
            return false;
        return (s->o.maker_amount > 0 && s->o.taker_amount > 0) || unusable(v, "makerAmount", "not positive");
    }
    const char *size_key = s->market && find(v, "amount") ? "amount" : "size";
    if (!get_micro(v, "tickSize", &tick) || !get_micro(v, "price", &px) || !get_micro(v, size_key, &size))
        return false;
    struct pm_amounts a;
    const char *why = pm_sample_amounts(s->market, s->o.side, px, size, tick, true, &a);
    if (!why && s->market)
        why = pm_sample_amounts(true, s->o.side, px, size, tick, false, &s->capped);
    if (why)
        return unusable(v, size_key, why);
    /* A client that rounds as the venue takes it is as right as one that does not. */
    if (s->market && value_int(child(expected, "makerAmount"), &maker) && value_int(child(expected, "takerAmount"), &taker) && taker == s->capped.taker)
        a = s->capped;
    pm_client_took(v, s->market, s->o.side, tick, expected, &a);
    s->o.maker_amount = a.maker, s->o.taker_amount = a.taker;
    return true;
}

static bool sample_read(struct vector *v, struct sample *s, const cJSON *expected) {
    char kind[VALUE_TEXT];
    s->key = pm_sample_key(v);
    if (!s->key || !read_text(v, "kind", false, find(v, "amount") ? "market" : "limit", kind))
        return false;
    s->market = strcmp(kind, "market") == 0;
    if (!s->market && strcmp(kind, "limit") != 0 && !find(v, "makerAmount"))
        return unusable(v, "kind", "neither limit nor market");
    if (!read_text(v, "orderType", false, s->market ? "FOK" : "GTC", s->type) || !read_text(v, "tokenId", true, NULL, s->token) || !read_side(v, s) ||
        !read_domain(v, s) || !read_parties(v, s) || !read_word(v, "metadata", s->metadata, &s->o.metadata) || !read_word(v, "builder", s->builder, &s->o.builder) ||
        !get_bool(v, "postOnly", false, &s->post_only) || !get_bool(v, "deferExec", false, &s->defer) || !get_int(v, "expiration", false, 0, &s->o.expiration_s))
        return false;
    if (!pm_word_parse_dec(s->token, &s->o.token))
        return unusable(v, "tokenId", "not a decimal uint256");
    if (s->o.expiration_s < 0)
        return unusable(v, "expiration", "negative");
    if (!get_int(v, "dateNowMs", false, 0, &s->now_ms))
        return false;
    if (s->now_ms < 0)
        return unusable(v, "dateNowMs", "negative");
    const cJSON *stamp = find(v, "timestamp");
    if (!stamp && s->now_ms == 0)
        stamp = child(expected, "timestamp");
    s->o.timestamp_ms = s->now_ms;
    if (stamp && (!value_int(stamp, &s->o.timestamp_ms) || s->o.timestamp_ms < 0))
        return unusable(v, "timestamp", "not a whole number");
    return read_salt(v, s, expected) && read_amounts(v, s, expected);
}

/* Addresses and words stand in the request as they were given, we write them our way: takes over the case of the letters. */
static void take_case(struct str *body, const char *given) {
    size_t n = strlen(given);
    for (char *p = body->p; p && *p; p++)
        if (strncasecmp(p, given, n) == 0)
            memcpy(p, given, n);
}

static void body_make(struct sample *s, const char *owner) {
    struct pm_wire w = {.token = s->token, .signature = s->signature, .owner = owner, .type = s->type, .post_only = s->post_only, .defer = s->defer};
    str_init(&s->body);
    pm_order_json(&s->body, &s->o, &w);
    take_case(&s->body, s->funder);
    take_case(&s->body, s->metadata);
    take_case(&s->body, s->builder);
}

static void check_hashes(struct vector *v, const struct sample *s, const cJSON *e) {
    struct pm_domain_info info;
    struct pm_word w;
    char text[67];
    pm_domain_info(&s->domain, &info);
    pm_word_hex(&info.separator, text);
    expect(v, e, "expected", "domainSeparator", text, false);
    const cJSON *d = child(e, "domain");
    pm_address_text(&info.contract, text);
    expect(v, d, "expected.domain", "name", "Polymarket CTF Exchange", false);
    expect(v, d, "expected.domain", "version", info.version, false);
    expect_int(v, d, "expected.domain", "chainId", s->domain.chain_id, false);
    pm_expect_address(v, d, "expected.domain", "verifyingContract", text);
    pm_order_struct_hash(&s->o, &w);
    pm_word_hex(&w, text);
    expect(v, e, "expected", "structHash", text, false);
    const cJSON *nested = child(e, "poly1271");
    expect(v, nested, "expected.poly1271", "contentsHash", text, false);
    pm_order_digest(&s->domain, &s->o, &w);
    pm_word_hex(&w, text);
    expect(v, e, "expected", "orderDigest", text, false);
    pm_order_signed_digest(&s->domain, &s->o, &w);
    pm_word_hex(&w, text);
    expect(v, e, "expected", "signedDigest", text, false);
    expect(v, nested, "expected.poly1271", "signedDigest", text, false);
}

static void check_nested(struct vector *v, const struct sample *s, const cJSON *e) {
    const cJSON *nested = child(e, "poly1271");
    struct pm_domain_info info;
    struct pm_word contents, w;
    char text[PM_SIGNATURE_TEXT];
    if (!nested)
        return;
    if (s->o.signature_type != PM_1271) {
        unusable(v, "expected.poly1271", "the order is no deposit wallet's");
        return;
    }
    pm_domain_info(&s->domain, &info);
    pm_order_struct_hash(&s->o, &contents);
    pm_1271_struct_hash(&s->domain, &s->o.signer, &contents, &w);
    pm_word_hex(&w, text);
    expect(v, nested, "expected.poly1271", "typedDataSignStructHash", text, false);
    pm_word_hex(&info.separator, text);
    expect(v, nested, "expected.poly1271", "appDomainSeparator", text, false);
    size_t n = strlen(s->signature);
    snprintf(text, sizeof text, "%.132s", s->signature);
    expect(v, nested, "expected.poly1271", "innerSignature", text, false);
    expect(v, nested, "expected.poly1271", "lenSuffix", s->signature + n - 4, false);
    expect_int(v, nested, "expected.poly1271", "contentsTypeHexLen", strtol(s->signature + n - 4, NULL, 16), false);
    expect_int(v, nested, "expected.poly1271", "signatureBytes", (int64_t)(n - 2) / 2, false);
}

static void check_order(struct vector *v, struct sample *s, const cJSON *e) {
    char text[VALUE_TEXT];
    snprintf(text, sizeof text, "%" PRIu64, s->o.salt);
    expect(v, e, "expected", "salt", text, false);
    expect_int(v, e, "expected", "makerAmount", s->o.maker_amount, true);
    expect_int(v, e, "expected", "takerAmount", s->o.taker_amount, true);
    if (s->market && s->capped.maker)
        expect_int(v, e, "expected", "takerCappedTo4dp", s->capped.taker, false);
    expect_int(v, e, "expected", "timestamp", s->o.timestamp_ms, false);
    expect(v, e, "expected", "maker", s->funder, false);
    pm_address_text(pm_key_address(s->key), text);
    expect(v, e, "expected", "signer", s->o.signature_type == PM_1271 ? s->funder : text, false);
    check_hashes(v, s, e);
    pm_order_sign(s->key, &s->domain, &s->o, s->signature);
    expect(v, e, "expected", "signature", s->signature, true);
    check_nested(v, s, e);
    struct pm_word digest;
    pm_order_signed_digest(&s->domain, &s->o, &digest);
    pm_check_recovered(v, "signature", &digest, s->signature, pm_key_address(s->key));
}

static void check_http(struct vector *v, struct sample *s, const cJSON *e) {
    const cJSON *http = child(e, "http"), *body = child(http, "body"), *headers = child(http, "headers");
    struct pm_creds creds;
    if (!http)
        return;
    bool have = pm_sample_creds(v, &creds);
    if (!have && !child(body, "owner"))
        return;
    const char *owner = have ? creds.key : cJSON_GetStringValue(child(body, "owner"));
    if (!owner) {
        unusable(v, "expected.http.body.owner", "not a string");
        return;
    }
    body_make(s, owner);
    expect(v, http, "expected.http", "method", "POST", false);
    expect(v, http, "expected.http", "path", "/order", false);
    pm_expect_path(v, http, "expected.http", "/order");
    expect(v, http, "expected.http", "bodyRaw", s->body.p, false);
    if (body) {
        cJSON *ours = cJSON_ParseWithLength(s->body.p, s->body.len);
        if (ours)
            expect_json(v, "expected.http.body", body, ours);
        else
            unusable(v, "expected.http.body", "ours is not JSON");
        cJSON_Delete(ours);
    }
    if (headers && have) {
        int64_t at = s->now_ms / 1000;
        if (at || value_int(child(headers, "POLY_TIMESTAMP"), &at))
            pm_check_l2(v, headers, "expected.http.headers", pm_key_address(s->key), &creds, at, "POST", "/order", s->body.p);
        else
            unusable(v, "dateNowMs", "neither it nor a timestamp in the headers");
    } else if (headers)
        unusable(v, "l2creds", "missing: the headers can't be computed");
    str_free(&s->body);
}

static void run_one(struct run *run, const cJSON *about, const cJSON *item, int index) {
    struct vector v;
    struct sample s = {0};
    const cJSON *e = child(item, "expected");
    vector_begin(&v, run, cJSON_GetStringValue(child(item, "name")), "vectors", index);
    v.place[0] = child(item, "input"), v.place[1] = item, v.place[2] = about;
    if (!e)
        unusable(&v, "expected", "missing");
    else if (sample_read(&v, &s, e)) {
        check_order(&v, &s, e);
        check_http(&v, &s, e);
    }
    pm_key_free(s.key);
    vector_end(&v);
}

static void run_orders(struct run *run, const cJSON *root, const char *file) {
    (void)file;
    const cJSON *list = list_of(run, root, "vectors", true), *item;
    const cJSON *about = child(root, "about");
    pm_check_type_hash(run, root, "orderTypeHash",
                       "Order(uint256 salt,address maker,address signer,uint256 tokenId,uint256 makerAmount,uint256 takerAmount,uint8 side,uint8 signatureType,"
                       "uint256 timestamp,bytes32 metadata,bytes32 builder)");
    int index = 0;
    cJSON_ArrayForEach(item, list) run_one(run, about, item, index++);
}

const struct kind kind_pm_orders = {"polymarket-orders", "orders: amounts, hashes, signatures, request bodies and headers", run_orders};
