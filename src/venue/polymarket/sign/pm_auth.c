/* Signatures of requests: L1 (the key signs a sentence) gets API credentials, L2 (HMAC with their secret) goes with everything private. */
#include "venue/polymarket/sign/pm_eip712.h"

#include "turret/base/mem.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define L1_MESSAGE "This message attests that I control the given wallet"

void pm_l1_hashes(const struct pm_address *a, int64_t chain_id, int64_t timestamp_s, uint64_t nonce, struct pm_word *separator, struct pm_word *struct_hash) {
    char stamp[24];
    snprintf(stamp, sizeof stamp, "%" PRId64, timestamp_s);
    struct pm_words w = {.n = 0};
    pm_words_text(&w, "ClobAuth(address address,string timestamp,uint256 nonce,string message)");
    pm_words_address(&w, a);
    pm_words_text(&w, stamp);
    pm_words_u64(&w, nonce);
    pm_words_text(&w, L1_MESSAGE);
    pm_words_hash(&w, struct_hash);
    pm_domain_separator("ClobAuthDomain", "1", chain_id, NULL, separator);
}

enum err pm_l1_signature(const struct pm_key *k, int64_t chain_id, int64_t timestamp_s, uint64_t nonce, char out[PM_SIGNATURE_TEXT]) {
    struct pm_word separator, hash, digest;
    uint8_t sig[65];
    if (chain_id <= 0 || timestamp_s < 0)
        return ERR_BAD_VALUE;
    pm_l1_hashes(pm_key_address(k), chain_id, timestamp_s, nonce, &separator, &hash);
    pm_typed_digest(&separator, &hash, &digest);
    pm_key_sign(k, &digest, sig);
    memcpy(out, "0x", 2);
    pm_hex(sig, sizeof sig, out + 2);
    return ERR_OK;
}

static int base64_value(char c) {
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+' || c == '-')
        return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

/* Both alphabets; '=' at the end may be there or not. -1: not base64. */
static int base64_decode(const char *text, uint8_t *out, size_t cap) {
    size_t n = strlen(text), got = 0;
    uint32_t bits = 0;
    for (int pad = 0; n && text[n - 1] == '=' && pad < 2; pad++)
        n--;
    if (n == 0 || n % 4 == 1 || n / 4 * 3 + 3 > cap)
        return -1;
    for (size_t i = 0; i < n; i++) {
        int v = base64_value(text[i]);
        if (v < 0)
            return -1;
        bits = bits << 6 | (uint32_t)v;
        if (i % 4) /* six bits more make a byte whole, but for the first of four */
            out[got++] = (uint8_t)(bits >> (6 - i % 4 * 2));
    }
    return (int)got;
}

/* The url-safe alphabet, '=' kept. */
static void base64_encode(const uint8_t *b, size_t n, char *out) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (size_t i = 0; i < n; i += 3) {
        size_t left = n - i;
        uint32_t v = (uint32_t)b[i] << 16 | (left > 1 ? (uint32_t)b[i + 1] << 8 : 0) | (left > 2 ? b[i + 2] : 0);
        *out++ = digits[v >> 18];
        *out++ = digits[v >> 12 & 63];
        *out++ = left > 1 ? digits[v >> 6 & 63] : '=';
        *out++ = left > 2 ? digits[v & 63] : '=';
    }
    *out = 0;
}

enum err pm_l2_signature(const struct pm_creds *c, int64_t timestamp_s, const char *method, const char *path, const char *body, size_t len, char out[64]) {
    uint8_t key[sizeof c->secret], mac[EVP_MAX_MD_SIZE];
    unsigned mac_len = 0;
    int key_len = base64_decode(c->secret, key, sizeof key);
    if (key_len < 0)
        return ERR_CREDENTIALS;
    size_t cap = strlen(method) + strcspn(path, "?") + len + 24;
    char *message = xmalloc(cap);
    size_t n = (size_t)snprintf(message, cap, "%" PRId64 "%s%.*s", timestamp_s, method, (int)strcspn(path, "?"), path);
    if (len)
        memcpy(message + n, body, len);
    bool good = HMAC(EVP_sha256(), key, key_len, (const unsigned char *)message, n + len, mac, &mac_len) && mac_len == 32;
    explicit_bzero(key, sizeof key);
    free(message);
    if (!good)
        return ERR_INTERNAL;
    base64_encode(mac, mac_len, out);
    return ERR_OK;
}
