/* Keccak, words and addresses, keys, orders and their signatures, requests: against values made with the official client and other
 * libraries, and properties that hold for any input. The vectors in files are tests/e2e/test_vectors.py's. */
#include "turret/base/rng.h"
#include "venue/polymarket/sign/pm_sign.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#define KEY_ONE "0x0000000000000000000000000000000000000000000000000000000000000001"
#define KEY_TEST "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
#define TOKEN "71321045679252212594626385532706912750332728571942532289631379312455583992563"

static struct pm_key *key_of(const char *hex) {
    struct pm_key *k;
    assert_int_equal(pm_key_new(hex, strlen(hex), &k), ERR_OK);
    return k;
}

static struct pm_address address_of(const char *text) {
    struct pm_address a;
    assert_true(pm_address_parse(text, &a));
    return a;
}

/* --- hashes, words, addresses --- */
static void test_keccak(void **state) {
    (void)state;
    static const struct { size_t n; const char *hex; } rows[] = {
        /* n times 'a': around blocks of 136 bytes, where the padding stands alone, in one byte or in two */
        {0, "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"},
        {1, "3ac225168df54212a25c1c01fd35bebfea408fdac2e31ddd6f80a4bbf9a5f1cb"},
        {134, "e5de5653994e2fa6729d329b65b5f332dee942a7ea54515e173824c232a4ff91"},
        {135, "34367dc248bbd832f4e3e69dfaac2f92638bd0bbd18f2912ba4ef454919cf446"},
        {136, "a6c4d403279fe3e0af03729caada8374b5ca54d8065329a3ebcaeb4b60aa386e"},
        {137, "d869f639c7046b4929fc92a4d988a8b22c55fbadb802c0c66ebcd484f1915f39"},
        {271, "132f47effd6c8b1b299efa53fe68aece77ec8ae4eb2e294f668eec94f76001e1"},
        {272, "cf7fcd4f705ee749930d19ca84561a9bf62516bd90a471545fa2f49fdc7e63c8"},
        {273, "5a7b8187d2778e614097fac3097573de1fee4d972304d3360796a857029bb176"},
        {1000, "b6a4ac1f51884d71f30fa397a5e155de3099e11fc0edef5d08b646e621e19de9"},
    };
    char a[1000], text[67];
    struct pm_word w;
    memset(a, 'a', sizeof a);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        pm_keccak256(a, rows[i].n, &w);
        pm_word_hex(&w, text);
        assert_string_equal(text + 2, rows[i].hex);
    }
}

static void test_words(void **state) {
    (void)state;
    struct pm_word w, v;
    char text[67];
    assert_true(pm_word_parse_dec("115792089237316195423570985008687907853269984665640564039457584007913129639935", &w));
    pm_word_hex(&w, text);
    assert_string_equal(text, "0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff");
    assert_false(pm_word_parse_dec("115792089237316195423570985008687907853269984665640564039457584007913129639936", &v));
    assert_false(pm_word_parse_dec("999999999999999999999999999999999999999999999999999999999999999999999999999999", &v));
    assert_false(pm_word_parse_dec("1157920892373161954235709850086879078532699846656405640394575840079131296399350", &v));
    static const char *const bad_dec[] = {"", "-1", "+1", " 1", "1 ", "1.0", "0x1", "1e3"};
    for (size_t i = 0; i < sizeof bad_dec / sizeof *bad_dec; i++)
        assert_false(pm_word_parse_dec(bad_dec[i], &v));
    assert_true(pm_word_parse_dec(TOKEN, &w));
    pm_word_hex(&w, text);
    assert_true(pm_word_parse_hex(text, &v));
    assert_memory_equal(&w, &v, sizeof w);
    assert_true(pm_word_parse_dec("1234", &w) && pm_word_parse_hex("0x4D2", &v));
    assert_memory_equal(&w, &v, sizeof w);
    pm_word_of_u64(1234, &v);
    assert_memory_equal(&w, &v, sizeof w);
    static const char *const bad_hex[] = {"", "0x", "1234", "0X12", "0x12g4", "0x 1", "0x10000000000000000000000000000000000000000000000000000000000000000"};
    for (size_t i = 0; i < sizeof bad_hex / sizeof *bad_hex; i++)
        assert_false(pm_word_parse_hex(bad_hex[i], &v));
}

static void test_addresses(void **state) {
    (void)state;
    /* examples of EIP-55 */
    static const char *const right[] = {"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359", "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
                                        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb"};
    struct pm_address a, b;
    char text[43], other[43];
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        assert_true(pm_address_parse(right[i], &a));
        pm_address_text(&a, text);
        assert_string_equal(text, right[i]);
        for (int lower = 0; lower < 2; lower++) { /* one case throughout has no checksum in it */
            for (int k = 0; k < 43; k++)
                other[k] = k < 2 ? right[i][k] : (char)(right[i][k] >= 'A' ? lower ? right[i][k] | 32 : right[i][k] & ~32 : right[i][k]);
            assert_true(pm_address_parse(other, &b));
            assert_memory_equal(&a, &b, sizeof a);
        }
        strcpy(other, right[i]);
        for (int k = 2; k < 42; k++)
            if (other[k] > '9') {
                other[k] ^= 32; /* one letter in the wrong case */
                break;
            }
        assert_false(pm_address_parse(other, &b));
    }
    static const char *const bad[] = {"", "0x", "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAedd",
                                      "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeg", " 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(pm_address_parse(bad[i], &b));
    assert_false(pm_address_parse(NULL, &b));
}

static void test_wallets_of_a_key(void **state) {
    (void)state;
    static const struct { const char *owner, *safe, *deposit, *first, *proxy; } rows[] = {
        {"0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266", "0xd93B25cb943D14d0d34FBaF01Fc93a0f8b5F6E47", "0xBc0fF067b7740Eff76C1ca93c875Ba6B890d6B50",
         "0xdf8b9E8f9AB23f261F6e1B171B7454ae6E46Ba76", "0x365f0CA36Ae1f641E02fE3B7743673da42A13A70"},
        {"0x70997970C51812dc3A010C7d01b50e0d17dc79C8", "0x8ac5D4Bd2752AFc9F5CA531f19D617647216B893", "0x4Fe2CC4925607a473264FA89e7138075695A5F8e",
         "0x5F4f45aBd6e86C60B3Df2a4aF103f85256A2Ce6d", "0xd9d24e482c11F586cd9A1a53dC3eEc6dE3883862"},
        {"0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf", "0x51b7C68A71dCcBc0b7FA4400934a293D8f4d3Ba8", "0x6F908B3B67b9F9C40413775fFf48b286aeF9a081",
         "0x73310C2E333fB7fb177Dcb43e164958a9D443d6f", "0x909dEdA326ED2aE677F5F8c2527E32977c9838c3"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pm_address owner = address_of(rows[i].owner), a;
        char text[43];
        int type;
        pm_safe_address(&owner, &a);
        pm_address_text(&a, text);
        assert_string_equal(text, rows[i].safe);
        pm_proxy_address(&owner, &a);
        pm_address_text(&a, text);
        assert_string_equal(text, rows[i].proxy);
        assert_true(pm_deposit_address(&owner, &a));
        pm_address_text(&a, text);
        assert_string_equal(text, rows[i].deposit);
        const struct { const char *wallet; int type; } wallets[] = {{rows[i].owner, PM_EOA}, {rows[i].proxy, PM_PROXY}, {rows[i].safe, PM_SAFE}, {rows[i].deposit, PM_1271}, {rows[i].first, PM_1271}};
        for (size_t k = 0; k < sizeof wallets / sizeof *wallets; k++) {
            a = address_of(wallets[k].wallet);
            assert_true(pm_wallet_type(&owner, &a, &type));
            assert_int_equal(type, wallets[k].type);
        }
        a.b[5] ^= 1;
        assert_false(pm_wallet_type(&owner, &a, &type));
    }
}

/* --- keys --- */
static void test_keys(void **state) {
    (void)state;
    struct pm_key *k = key_of(KEY_ONE);
    char text[43];
    pm_address_text(pm_key_address(k), text);
    assert_string_equal(text, "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf");
    pm_key_free(k);
    k = key_of(KEY_TEST);
    pm_address_text(pm_key_address(k), text);
    assert_string_equal(text, "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266");
    pm_key_free(k);
    pm_key_free(NULL);
    static const char *const bad[] = {
        "", "0x", "0x1", "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff8", "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff800",
        "gc0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80", "0000000000000000000000000000000000000000000000000000000000000000",
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", /* the order of the curve */
        "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(pm_key_new(bad[i], strlen(bad[i]), &k), ERR_CREDENTIALS);
        assert_null(k);
    }
}

/* Of the mapping that the address is in: dd = left out of dumps, lo = never swapped. */
static bool mapping_has(const void *at, const char *flag) {
    char line[512];
    bool inside = false, found = false;
    FILE *f = fopen("/proc/self/smaps", "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        unsigned long from, to;
        if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
            inside = (unsigned long)(uintptr_t)at >= from && (unsigned long)(uintptr_t)at < to;
        else if (inside && strncmp(line, "VmFlags:", 8) == 0)
            found = strstr(line, flag) != NULL;
    }
    fclose(f);
    return found;
}

static void test_a_key_is_in_no_dump(void **state) {
    (void)state;
    struct pm_key *k = key_of(KEY_TEST);
    struct rlimit lock;
    assert_true(mapping_has(pm_key_address(k), " dd"));
    if (getrlimit(RLIMIT_MEMLOCK, &lock) == 0 && lock.rlim_cur >= 65536)
        assert_true(mapping_has(pm_key_address(k), " lo"));
    assert_false(mapping_has(state, " dd"));
    pm_key_free(k);
}

static void test_signatures_name_their_key(void **state) {
    (void)state;
    struct rng r;
    rng_seed(&r, 7);
    for (int i = 0; i < 200; i++) {
        char hex[65];
        struct pm_word digest, secret;
        for (int b = 0; b < 32; b++) {
            secret.b[b] = (uint8_t)rng_below(&r, 256);
            digest.b[b] = (uint8_t)rng_below(&r, 256);
            snprintf(hex + 2 * b, 3, "%02x", secret.b[b]);
        }
        struct pm_key *k = key_of(hex);
        uint8_t sig[65], again[65];
        struct pm_address who;
        pm_key_sign(k, &digest, sig);
        pm_key_sign(k, &digest, again);
        assert_memory_equal(sig, again, sizeof sig); /* RFC 6979: no chance in it */
        assert_true(sig[64] == 27 || sig[64] == 28);
        assert_true(sig[32] < 0x80); /* low s */
        assert_true(pm_recover(&digest, sig, &who));
        assert_memory_equal(&who, pm_key_address(k), sizeof who);
        digest.b[rng_below(&r, 32)] ^= 1;
        assert_true(!pm_recover(&digest, sig, &who) || memcmp(&who, pm_key_address(k), sizeof who) != 0);
        sig[64] = 0;
        assert_false(pm_recover(&digest, sig, &who));
        pm_key_free(k);
    }
}

/* --- orders --- */
static struct pm_order order_sample(void) {
    struct pm_order o = {.salt = 898000000062, .maker_amount = 6312000, .taker_amount = 21040000, .timestamp_ms = 1796000000123};
    o.maker = o.signer = address_of("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266");
    assert_true(pm_word_parse_dec(TOKEN, &o.token));
    return o;
}

static void digest_is(const struct pm_domain *d, const struct pm_order *o, const char *want) {
    struct pm_word w;
    char text[67];
    pm_order_digest(d, o, &w);
    pm_word_hex(&w, text);
    assert_string_equal(text, want);
}

static void test_order(void **state) {
    (void)state;
    const struct pm_domain standard = {137, PM_EXCHANGE_STANDARD};
    struct pm_order o = order_sample();
    struct pm_key *k = key_of(KEY_TEST);
    char sig[PM_SIGNATURE_TEXT];
    digest_is(&standard, &o, "0x5a337f6bef6e0911a443cf2abae7ae1cf10fb36a812d7d648d115ba7564cdf1c");
    pm_order_sign(k, &standard, &o, sig);
    assert_string_equal(sig, "0x9a9c61bb6d88b1a50e6e0a36bbf877686ff24a629128ffd481f7d4966db857f94fc7929c41f8bee66a720943910062d8f91c294b64a2b61fefc4ea6c8fee3bb71c");
    struct str s;
    str_init(&s);
    struct pm_wire w = {.token = TOKEN, .signature = "0x00", .owner = "a\"b", .type = "GTC", .post_only = true};
    pm_order_json(&s, &o, &w);
    assert_string_equal(s.p, "{\"deferExec\":false,\"postOnly\":true,\"order\":{\"salt\":898000000062,\"maker\":\"0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266\","
                             "\"signer\":\"0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266\",\"tokenId\":\"" TOKEN "\",\"makerAmount\":\"6312000\",\"takerAmount\":\"21040000\","
                             "\"side\":\"BUY\",\"signatureType\":0,\"timestamp\":\"1796000000123\",\"expiration\":\"0\","
                             "\"metadata\":\"0x0000000000000000000000000000000000000000000000000000000000000000\","
                             "\"builder\":\"0x0000000000000000000000000000000000000000000000000000000000000000\",\"signature\":\"0x00\"},\"owner\":\"a\\\"b\",\"orderType\":\"GTC\"}");
    str_free(&s);
    pm_key_free(k);
}

/* Each signed field changes the id and the signature; the expiration, which is not signed, does not. */
static void test_every_field_is_signed(void **state) {
    (void)state;
    const struct pm_domain d = {137, PM_EXCHANGE_NEG_RISK};
    struct pm_order base = order_sample(), o;
    struct pm_word first, other;
    pm_order_digest(&d, &base, &first);
    for (int field = 0; field < 12; field++) {
        o = base;
        switch (field) {
        case 0: o.salt++; break;
        case 1: o.maker.b[19] ^= 1; break;
        case 2: o.signer.b[0] ^= 1; break;
        case 3: o.token.b[31] ^= 1; break;
        case 4: o.maker_amount++; break;
        case 5: o.taker_amount++; break;
        case 6: o.side ^= 1; break;
        case 7: o.signature_type = PM_PROXY; break;
        case 8: o.timestamp_ms++; break;
        case 9: o.metadata.b[0] = 1; break;
        case 10: o.builder.b[31] = 1; break;
        case 11: o.expiration_s = 5; break;
        }
        pm_order_digest(&d, &o, &other);
        assert_int_equal(memcmp(&first, &other, sizeof first) == 0, field == 11);
    }
    for (int64_t chain = 137; chain <= 80002; chain += 80002 - 137)
        for (int kind = PM_EXCHANGE_STANDARD; kind <= PM_EXCHANGE_V3; kind++) {
            struct pm_domain_info info;
            const struct pm_domain there = {chain, (enum pm_exchange)kind};
            assert_true(pm_domain_info(&there, &info));
            assert_string_equal(info.version, kind == PM_EXCHANGE_V3 ? "3" : "2");
            pm_order_digest(&there, &base, &other);
            assert_int_equal(memcmp(&first, &other, sizeof first) == 0, chain == 137 && kind == PM_EXCHANGE_NEG_RISK);
        }
    assert_false(pm_domain_info(&(struct pm_domain){1, PM_EXCHANGE_STANDARD}, &(struct pm_domain_info){0}));
}

static void test_deposit_wallet_signature(void **state) {
    (void)state;
    const struct pm_domain d = {137, PM_EXCHANGE_STANDARD};
    struct pm_key *k = key_of(KEY_TEST);
    struct pm_order o = order_sample();
    o.maker = o.signer = address_of("0x3333333333333333333333333333333333333333");
    o.signature_type = PM_1271;
    o.salt = 1347000000092, o.maker_amount = 11782400;
    char sig[PM_SIGNATURE_TEXT], tail[67];
    pm_order_sign(k, &d, &o, sig);
    assert_int_equal(strlen(sig), 2 + 2 * 317);
    static const char inner[] = "0x808774459adf14411f5e3192e16374dff5db48c70fabc97a2339e7b2117882812390f1702c6f8796429f94402151adc8975a0a0eb544e52b8b0027773d4cd7e31b"
                                "3264e159346253e26a64e00b69032db0e7d32f94628de3e6eecb50304d7af3d2";
    assert_memory_equal(sig, inner, sizeof inner - 1);
    assert_string_equal(sig + strlen(sig) - 4, "00ba");
    struct pm_word hash, digest, plain;
    pm_order_struct_hash(&o, &hash);
    pm_word_hex(&hash, tail);
    assert_memory_equal(sig + sizeof inner - 1, tail + 2, 64);
    pm_order_signed_digest(&d, &o, &digest);
    pm_order_digest(&d, &o, &plain);
    assert_memory_not_equal(&digest, &plain, sizeof digest);
    digest_is(&d, &o, "0x32fa43f99931890d6f6fb9dbe81b0abd79ee9f585f46f0448c6b1d87e7e726a0");
    pm_key_free(k);
}

/* --- requests --- */
static void test_l1(void **state) {
    (void)state;
    struct pm_key *k = key_of(KEY_ONE);
    char sig[PM_SIGNATURE_TEXT];
    assert_int_equal(pm_l1_signature(k, 80002, 10000000, 23, sig), ERR_OK);
    assert_string_equal(sig, "0x66a1ccebafa1c6a200906f10c5500b4e7ebec3d6e7087a13d2db15a14b06b4df100f60a0be6f749851fbc5025ccab8379076c42c8e2b332f977289268334a9831b");
    assert_int_equal(pm_l1_signature(k, 0, 10000000, 23, sig), ERR_BAD_VALUE);
    pm_key_free(k);
}

static void test_l2(void **state) {
    (void)state;
    static const struct { const char *secret, *method, *path, *body; int64_t at; const char *want; } rows[] = {
        {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "test-sign", "/orders", "{\"hash\": \"0x123\"}", 1000000, "ZwAdJKvoYRlEKDkNMwd5BuwNNtg93kNaR_oU2HrfVvc="},
        {"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", "GET", "/data/orders", NULL, 1000000, "1T6JvlIKwKjAC4ZRdyg9-9os_Govl3xuB_mRMbpT6tA="},
        {"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "GET", "/data/orders?market=0x1&next_cursor=MA==", NULL, 1000000, "1T6JvlIKwKjAC4ZRdyg9-9os_Govl3xuB_mRMbpT6tA="},
        {"-_-_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxw=", "DELETE", "/cancel-all", NULL, 1796000001, "BJCTTek7ljAEAf_IGsgXjLiiSq285oAWUdMGLKhRgMk="},
        {"+/+/AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxw", "DELETE", "/cancel-all", NULL, 1796000001, "BJCTTek7ljAEAf_IGsgXjLiiSq285oAWUdMGLKhRgMk="},
        {"-_-_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxw=", "POST", "/orders", "{\"name\":\"Za\xc5\xbc\xc3\xb3\xc5\x82\xc4\x87\"}", 1796000004, "_rLNJbLIxfQuufmIHLKjfLtcs1bfYpBzAK2p-LE9JcM="},
    };
    char out[64];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pm_creds c = {.key = ""};
        str_copy(c.secret, sizeof c.secret, rows[i].secret);
        assert_int_equal(pm_l2_signature(&c, rows[i].at, rows[i].method, rows[i].path, rows[i].body, rows[i].body ? strlen(rows[i].body) : 0, out), ERR_OK);
        assert_string_equal(out, rows[i].want);
    }
    static const char *const bad[] = {"", "=", "A", "AAAAA", "AA A", "AA!A", "A=AA", "AAAA===="};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct pm_creds c = {.key = ""};
        str_copy(c.secret, sizeof c.secret, bad[i]);
        assert_int_equal(pm_l2_signature(&c, 1, "GET", "/", NULL, 0, out), ERR_CREDENTIALS);
    }
    struct pm_creds full = {.key = ""};
    memset(full.secret, 'A', sizeof full.secret - 1); /* 127 characters: 95 bytes */
    assert_int_equal(pm_l2_signature(&full, 1, "GET", "/", NULL, 0, out), ERR_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keccak),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_wallets_of_a_key),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_a_key_is_in_no_dump),
        cmocka_unit_test(test_signatures_name_their_key),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_every_field_is_signed),
        cmocka_unit_test(test_deposit_wallet_signature),
        cmocka_unit_test(test_l1),
        cmocka_unit_test(test_l2),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
