/* polymarket-l1 and polymarket-l2: the headers of requests. And what all kinds of Polymarket's files share. */
#include "pm.h"

#include "venue/polymarket/sign/pm_eip712.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct pm_key *pm_sample_key(struct vector *v) {
    struct pm_key *k = NULL;
    const cJSON *at = find(v, "privateKey");
    if (!cJSON_IsString(at))
        unusable(v, "privateKey", at ? "not a string" : "missing");
    else if (pm_key_new(at->valuestring, strlen(at->valuestring), &k) != ERR_OK)
        unusable(v, "privateKey", "not a key");
    return k;
}

bool pm_sample_creds(struct vector *v, struct pm_creds *out) {
    const cJSON *at = find(v, "l2creds");
    if (!at)
        at = find(v, "creds");
    const char *key = cJSON_GetStringValue(child(at, "key")), *secret = cJSON_GetStringValue(child(at, "secret"));
    const char *passphrase = cJSON_GetStringValue(child(at, "passphrase"));
    if (!key)
        key = cJSON_GetStringValue(child(at, "apiKey"));
    if (!key || !secret || !passphrase || strlen(key) >= sizeof out->key || strlen(secret) >= sizeof out->secret || strlen(passphrase) >= sizeof out->passphrase)
        return false;
    str_copy(out->key, sizeof out->key, key);
    str_copy(out->secret, sizeof out->secret, secret);
    str_copy(out->passphrase, sizeof out->passphrase, passphrase);
    return true;
}

void pm_expect_address(struct vector *v, const cJSON *at, const char *where, const char *key, const char *got) {
    const char *want = cJSON_GetStringValue(child(at, key));
    if (!want || strcasecmp(want, got) != 0)
        expect(v, at, where, key, got, false);
}

/* Path of a URL: behind the host, before the query. */
static void path_of_url(const char *url, char out[256]) {
    const char *p = strstr(url, "://");
    p = p ? strchr(p + 3, '/') : url;
    if (!p)
        p = "/";
    snprintf(out, 256, "%.*s", (int)strcspn(p, "?#"), p);
}

void pm_expect_path(struct vector *v, const cJSON *at, const char *where, const char *path) {
    const char *url = cJSON_GetStringValue(child(at, "url"));
    char field[96], got[256];
    if (!url)
        return;
    path_of_url(url, got);
    snprintf(field, sizeof field, "%s.url", where);
    if (strcmp(got, path) != 0)
        fault(v, field, url, path);
}

void pm_check_recovered(struct vector *v, const char *field, const struct pm_word *digest, const char *signature, const struct pm_address *who) {
    uint8_t sig[65];
    struct pm_address found;
    char want[43], got[43] = "nobody";
    for (size_t i = 0; i < sizeof sig; i++) {
        unsigned b = 0;
        if (sscanf(signature + 2 + 2 * i, "%2x", &b) != 1)
            b = 0;
        sig[i] = (uint8_t)b;
    }
    if (pm_recover(digest, sig, &found))
        pm_address_text(&found, got);
    pm_address_text(who, want);
    if (strcmp(want, got) != 0)
        fault(v, field, want, got);
}

void pm_check_l2(struct vector *v, const cJSON *headers, const char *where, const struct pm_address *who, const struct pm_creds *c, int64_t at_s, const char *method,
                 const char *path, const char *body) {
    char sig[64], address[43];
    if (pm_l2_signature(c, at_s, method, path, body, body ? strlen(body) : 0, sig) != ERR_OK) {
        unusable(v, "secret", "not base64");
        return;
    }
    if (who) {
        pm_address_text(who, address);
        expect(v, headers, where, "POLY_ADDRESS", address, false);
    }
    expect(v, headers, where, "POLY_SIGNATURE", sig, true);
    expect_int(v, headers, where, "POLY_TIMESTAMP", at_s, false);
    expect(v, headers, where, "POLY_API_KEY", c->key, false);
    expect(v, headers, where, "POLY_PASSPHRASE", c->passphrase, false);
}

void pm_check_type_hash(struct run *run, const cJSON *at, const char *key, const char *type) {
    struct vector v;
    struct pm_word w;
    char text[67];
    pm_keccak256(type, strlen(type), &w);
    pm_word_hex(&w, text);
    vector_begin(&v, run, "file", NULL, 0);
    expect(&v, at, "", key, text, false);
    if (v.faults)
        vector_end(&v);
}

/* --- L1 --- */
static void check_l1_headers(struct vector *v, const cJSON *headers, const struct pm_key *k, int64_t chain, int64_t at, uint64_t nonce) {
    char sig[PM_SIGNATURE_TEXT], address[43];
    if (pm_l1_signature(k, chain, at, nonce, sig) != ERR_OK) {
        unusable(v, "timestamp", "nothing to sign");
        return;
    }
    pm_address_text(pm_key_address(k), address);
    expect(v, headers, "headers", "POLY_ADDRESS", address, false);
    expect(v, headers, "headers", "POLY_SIGNATURE", sig, true);
    expect_int(v, headers, "headers", "POLY_TIMESTAMP", at, false);
    expect_int(v, headers, "headers", "POLY_NONCE", (int64_t)nonce, false);
    struct pm_word separator, hash, digest;
    pm_l1_hashes(pm_key_address(k), chain, at, nonce, &separator, &hash);
    pm_typed_digest(&separator, &hash, &digest);
    pm_check_recovered(v, "headers.POLY_SIGNATURE", &digest, sig, pm_key_address(k));
}

static void check_l1(struct vector *v, const cJSON *item, const struct pm_key *k, int64_t chain, int64_t at, uint64_t nonce) {
    struct pm_word separator, hash, digest;
    char text[67], address[43];
    const cJSON *domain = child(item, "domain"), *value = child(item, "value");
    pm_address_text(pm_key_address(k), address);
    expect(v, domain, "domain", "name", "ClobAuthDomain", false);
    expect(v, domain, "domain", "version", "1", false);
    expect_int(v, domain, "domain", "chainId", chain, false);
    expect(v, value, "value", "address", address, false);
    expect_int(v, value, "value", "timestamp", at, false);
    expect_int(v, value, "value", "nonce", (int64_t)nonce, false);
    expect(v, value, "value", "message", "This message attests that I control the given wallet", false);
    pm_l1_hashes(pm_key_address(k), chain, at, nonce, &separator, &hash);
    pm_typed_digest(&separator, &hash, &digest);
    pm_word_hex(&separator, text);
    expect(v, item, "", "domainSeparator", text, false);
    pm_word_hex(&hash, text);
    expect(v, item, "", "structHash", text, false);
    pm_word_hex(&digest, text);
    expect(v, item, "", "digest", text, false);
    check_l1_headers(v, child(item, "headers"), k, chain, at, nonce);
}

static void run_l1_one(struct run *run, const cJSON *about, const cJSON *item, int index) {
    struct vector v;
    int64_t chain, at, nonce;
    vector_begin(&v, run, cJSON_GetStringValue(child(item, "name")), "vectors", index);
    v.place[0] = child(item, "input"), v.place[1] = item, v.place[2] = about;
    struct pm_key *k = pm_sample_key(&v);
    if (k && get_int(&v, "chainId", false, 137, &chain) && get_int(&v, "timestamp", true, 0, &at) && get_int(&v, "nonce", false, 0, &nonce)) {
        if (chain > 0 && at >= 0 && nonce >= 0)
            check_l1(&v, item, k, chain, at, (uint64_t)nonce);
        else
            unusable(&v, "timestamp", "a negative number");
    }
    pm_key_free(k);
    vector_end(&v);
}

/* A recorded request does not say whose key and which chain it is for: the file's vector with that address does. */
static struct pm_key *key_of_address(const struct vector *v, const cJSON *list, const char *address) {
    const cJSON *item;
    const char *own = cJSON_GetStringValue(find(v, "privateKey"));
    for (item = list ? list->child : NULL; own || item; item = own ? item : item->next, own = NULL) {
        const char *hex = own ? own : cJSON_GetStringValue(child(item, "privateKey"));
        struct pm_key *k = NULL;
        char text[43];
        if (!hex || pm_key_new(hex, strlen(hex), &k) != ERR_OK)
            continue;
        pm_address_text(pm_key_address(k), text);
        if (strcasecmp(text, address) == 0)
            return k;
        pm_key_free(k);
    }
    return NULL;
}

static void run_l1_request(struct run *run, const cJSON *root, const cJSON *request, const char *name, const char *method, const char *path) {
    struct vector v;
    int64_t chain, at, nonce = 0;
    const cJSON *headers = child(request, "headers"), *address = child(headers, "POLY_ADDRESS");
    if (!request)
        return;
    vector_begin(&v, run, name, NULL, 0);
    v.place[0] = request, v.place[1] = child(root, "http"), v.place[2] = child(root, "about");
    struct pm_key *k = cJSON_IsString(address) ? key_of_address(&v, child(root, "vectors"), address->valuestring) : NULL;
    if (!k)
        unusable(&v, "headers.POLY_ADDRESS", "no vector of the file has the key of that address");
    else if (!value_int(child(headers, "POLY_TIMESTAMP"), &at) || (child(headers, "POLY_NONCE") && !value_int(child(headers, "POLY_NONCE"), &nonce)))
        unusable(&v, "headers.POLY_TIMESTAMP", "not a whole number");
    else if (get_int(&v, "chainId", false, 137, &chain)) {
        expect(&v, request, "", "method", method, false);
        pm_expect_path(&v, request, "", path);
        if (child(request, "body"))
            unusable(&v, "body", "there is none in such a request");
        check_l1_headers(&v, headers, k, chain, at, (uint64_t)nonce);
    }
    pm_key_free(k);
    vector_end(&v);
}

static void run_l1(struct run *run, const cJSON *root, const char *file) {
    (void)file;
    const cJSON *list = list_of(run, root, "vectors", true), *http = child(root, "http"), *item;
    int index = 0;
    pm_check_type_hash(run, child(root, "about"), "typeHash", "ClobAuth(address address,string timestamp,uint256 nonce,string message)");
    cJSON_ArrayForEach(item, list) run_l1_one(run, child(root, "about"), item, index++);
    run_l1_request(run, root, child(http, "createApiKey"), "createApiKey", "POST", "/auth/api-key");
    run_l1_request(run, root, child(http, "deriveApiKey"), "deriveApiKey", "GET", "/auth/derive-api-key");
}

/* --- L2 --- */
static void run_l2_http(struct run *run, const cJSON *about, const cJSON *item, int index) {
    struct vector v;
    struct pm_creds creds;
    struct pm_address who;
    int64_t now_ms = 0, at = 0;
    char path[256];
    const cJSON *headers = child(item, "headers"), *body = child(item, "bodyRaw"), *address;
    const char *method = cJSON_GetStringValue(child(item, "method")), *url = cJSON_GetStringValue(child(item, "url"));
    vector_begin(&v, run, cJSON_GetStringValue(child(item, "label")), "http", index);
    v.place[0] = child(item, "input"), v.place[1] = item, v.place[2] = about;
    address = find(&v, "address");
    if (!url)
        url = cJSON_GetStringValue(child(item, "path"));
    if (!headers || !method || !url)
        unusable(&v, !headers ? "headers" : !method ? "method" : "url", "missing");
    else if (body && !cJSON_IsString(body))
        unusable(&v, "bodyRaw", "not a string");
    else if (!pm_sample_creds(&v, &creds))
        unusable(&v, "creds", "missing, not all of it there, or too long");
    else if (address && (!cJSON_IsString(address) || !pm_address_parse(address->valuestring, &who)))
        unusable(&v, "address", "not an address");
    else if (!get_int(&v, "dateNowMs", false, 0, &now_ms) || (now_ms == 0 && !value_int(child(headers, "POLY_TIMESTAMP"), &at)))
        unusable(&v, "headers.POLY_TIMESTAMP", "missing");
    else {
        path_of_url(url, path);
        pm_check_l2(&v, headers, "headers", address ? &who : NULL, &creds, now_ms ? now_ms / 1000 : at, method, path, body ? body->valuestring : NULL);
    }
    vector_end(&v);
}

static void run_l2_raw(struct run *run, const cJSON *about, const cJSON *item, int index) {
    struct vector v;
    struct pm_creds creds = {.key = ""};
    int64_t at;
    char sig[64];
    const char *name = cJSON_GetStringValue(child(item, "name")), *body = cJSON_GetStringValue(child(item, "body"));
    const char *method = cJSON_GetStringValue(child(item, "method")), *path = cJSON_GetStringValue(child(item, "requestPath"));
    vector_begin(&v, run, name, "raw", index);
    v.place[1] = item, v.place[2] = about;
    const char *secret = cJSON_GetStringValue(find(&v, "secret"));
    if (!secret)
        secret = cJSON_GetStringValue(child(find(&v, "creds"), "secret"));
    if (!secret || strlen(secret) >= sizeof creds.secret)
        unusable(&v, "secret", secret ? "too long" : "missing");
    else if (!method || !path)
        unusable(&v, method ? "requestPath" : "method", "missing");
    else if (get_int(&v, "timestamp", true, 0, &at)) {
        struct str message;
        str_init(&message);
        str_addf(&message, "%" PRId64 "%s%s%s", at, method, path, body ? body : "");
        expect(&v, item, "", "message", message.p, false);
        str_free(&message);
        str_copy(creds.secret, sizeof creds.secret, secret);
        if (pm_l2_signature(&creds, at, method, path, body, body ? strlen(body) : 0, sig) == ERR_OK)
            expect(&v, item, "", "signature", sig, true);
        else
            unusable(&v, "secret", "not base64");
    }
    vector_end(&v);
}

static void run_l2(struct run *run, const cJSON *root, const char *file) {
    (void)file;
    const cJSON *about = child(root, "about"), *http = list_of(run, root, "http", false), *raw = list_of(run, root, "raw", false), *item;
    int index = 0;
    cJSON_ArrayForEach(item, http) run_l2_http(run, about, item, index++);
    index = 0;
    cJSON_ArrayForEach(item, raw) run_l2_raw(run, about, item, index++);
}

const struct kind kind_pm_l1 = {"polymarket-l1", "requests signed with the key: hashes, signatures, headers, create and derive", run_l1};
const struct kind kind_pm_l2 = {"polymarket-l2", "requests signed with API credentials: messages, HMACs, headers", run_l2};
