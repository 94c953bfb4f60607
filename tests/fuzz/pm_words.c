/* Hex, decimals, addresses, keys and secrets as they come from settings and from the venue; amounts of any numbers: what is taken comes back
 * the same, what the venue refuses never comes out. */
#include "fuzz.h"

#include "turret/base/dec.h"
#include "venue/polymarket/sign/pm_sign.h"

static void words(const char *text) {
    struct pm_word w, v;
    struct pm_address a, b;
    char hex[67], address[43];
    if (pm_word_parse_dec(text, &w)) {
        MUST(strlen(text) <= 78 && strspn(text, "0123456789") == strlen(text));
        pm_word_hex(&w, hex);
        MUST(strlen(hex) == 66 && pm_word_parse_hex(hex, &v) && memcmp(&w, &v, sizeof w) == 0);
    }
    if (pm_word_parse_hex(text, &w)) {
        pm_word_hex(&w, hex);
        MUST(pm_word_parse_hex(hex, &v) && memcmp(&w, &v, sizeof w) == 0);
    }
    if (pm_address_parse(text, &a)) {
        pm_address_text(&a, address);
        MUST(strlen(text) == 42 && pm_address_parse(address, &b) && memcmp(&a, &b, sizeof a) == 0);
        pm_safe_address(&a, &b);
        pm_deposit_address(&a, &b);
    }
}

static void keys(const char *text, size_t len) {
    struct pm_key *k = NULL;
    enum err e = pm_key_new(text, len, &k);
    MUST((e == ERR_OK) == (k != NULL));
    if (!k)
        return;
    struct pm_word digest;
    struct pm_address who;
    uint8_t sig[65];
    pm_keccak256(text, len, &digest);
    pm_key_sign(k, &digest, sig);
    MUST(pm_recover(&digest, sig, &who) && memcmp(&who, pm_key_address(k), sizeof who) == 0);
    pm_key_free(k);
}

static void secrets(const char *text, const uint8_t *data, size_t len) {
    struct pm_creds c = {.key = ""};
    char out[64];
    str_copy(c.secret, sizeof c.secret, text);
    enum err e = pm_l2_signature(&c, 1796000000, "POST", text, (const char *)data, len, out);
    MUST(e == ERR_OK || e == ERR_CREDENTIALS);
    if (e == ERR_OK)
        MUST(strlen(out) == 44 && strspn(out, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=") == 44);
}

static void amounts(const uint8_t *data) {
    int64_t v[4];
    struct pm_amounts a;
    struct pm_address who;
    struct pm_word digest = {{1}};
    memcpy(v, data, sizeof v);
    for (int i = 0; i < 8; i++) {
        bool sell = i & 1;
        int64_t tick = i & 2 ? v[2] : 100 * (1 + (int64_t)((uint64_t)v[2] % 1000)), px = i & 4 ? v[0] : (int64_t)((uint64_t)v[0] % 1000000);
        px -= i & 4 ? 0 : px % (tick > 0 ? tick : 1);
        if (pm_amounts_limit(sell, px, v[1], tick, false, &a) == ERR_OK)
            MUST(a.shares > 0 && a.shares % 10000 == 0 && a.shares <= v[1] && (__int128)(sell ? a.taker : a.maker) * DEC_ONE == (__int128)a.shares * px);
        if (pm_amounts_limit(sell, px, v[1], tick, true, &a) == ERR_OK)
            MUST(a.maker > 0 && a.taker > 0 && a.maker % 10000 == 0 && a.taker % 100 == 0 && a.shares <= v[1]);
        if (pm_amounts_market(sell, px, v[1], tick, false, &a) == ERR_OK)
            MUST(a.maker > 0 && a.taker > 0 && a.maker % 10000 == 0 && a.taker % 100 == 0 && a.maker <= v[1]);
        pm_amounts_market(sell, px, v[1], tick, true, &a);
    }
    MUST(pm_fee(v[0], v[1], (int32_t)v[2], (int32_t)v[3]) >= 0);
    int64_t spend = pm_buy_with_fee(v[0], v[1], v[3], (int32_t)v[2], (int32_t)(v[3] >> 32), (int32_t)(v[2] >> 32));
    MUST(spend >= 0 && (spend == 0 || (spend <= v[0] && spend <= v[1])));
    pm_recover(&digest, data, &who); /* 65 bytes of anything */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    char *text = malloc(len + 1);
    memcpy(text, data, len);
    text[len] = 0;
    words(text);
    keys(text, len);
    secrets(text, data, len);
    if (len >= 65)
        amounts(data);
    free(text);
    return 0;
}
