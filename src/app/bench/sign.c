/* bench sign: an order from price and size to the bytes of its request, beside the bare work in it: one signature of libsecp256k1 and one
 * hash over as many bytes. Both in turns in one run; the least of the rounds counts, as whatever else the machine does only adds. */
#include "bench.h"

#include "turret/base/dec.h"
#include "venue/polymarket/sign/pm_sign.h"

#include <secp256k1.h>
#include <secp256k1_recovery.h>
#include <stdio.h>
#include <string.h>

#define KEY "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80" /* a well-known test key */
#define TOKEN "71321045679252212594626385532706912750332728571942532289631379312455583992563"
#define ROUNDS 60
#define EACH 100

static const struct pm_domain domain = {137, PM_EXCHANGE_STANDARD};

/* Bytes that go through the hash for an order: its words, then prefix, separator and struct hash; for a deposit wallet one struct more. */
#define HASHED_EOA (12 * 32 + 66)
#define HASHED_1271 (HASHED_EOA + 7 * 32)

static void order_fill(struct pm_order *o, const struct pm_key *k, uint64_t salt, uint8_t type) {
    struct pm_amounts a;
    *o = (struct pm_order){.salt = salt, .signature_type = type, .timestamp_ms = 1796000000123 + (int64_t)salt};
    o->maker = o->signer = *pm_key_address(k);
    pm_word_parse_dec(TOKEN, &o->token);
    pm_amounts_limit(false, 570000, (int64_t)(5 + salt % 100) * DEC_ONE, 10000, false, &a);
    o->maker_amount = a.maker, o->taker_amount = a.taker;
}

static double sign_ns(const struct pm_key *k, uint64_t from, uint8_t type, unsigned *sum) {
    char signature[PM_SIGNATURE_TEXT];
    int64_t start = bench_now_ns();
    for (uint64_t i = 0; i < EACH; i++) {
        struct pm_order o;
        order_fill(&o, k, from + i, type);
        pm_order_sign(k, &domain, &o, signature);
        *sum += (unsigned char)signature[40];
    }
    return (double)(bench_now_ns() - start) / EACH;
}

/* All of it: the id, the signature, the body, and the HMAC over it. */
static double request_ns(const struct pm_key *k, uint64_t from, unsigned *sum) {
    static const struct pm_creds creds = {.key = "00000000-0000-4000-8000-000000000001", .secret = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", .passphrase = "p"};
    char signature[PM_SIGNATURE_TEXT], hmac[64];
    struct str body;
    struct pm_word id;
    str_init(&body);
    int64_t start = bench_now_ns();
    for (uint64_t i = 0; i < EACH; i++) {
        struct pm_order o;
        order_fill(&o, k, from + i, PM_EOA);
        pm_order_digest(&domain, &o, &id);
        pm_order_sign(k, &domain, &o, signature);
        str_reset(&body);
        pm_order_json(&body, &o, &(struct pm_wire){.token = TOKEN, .signature = signature, .owner = creds.key, .type = "GTC"});
        pm_l2_signature(&creds, 1796000000, "POST", "/order", body.p, body.len, hmac);
        *sum += (unsigned char)hmac[3] + id.b[0];
    }
    double ns = (double)(bench_now_ns() - start) / EACH;
    str_free(&body);
    return ns;
}

static double bare_ns(const secp256k1_context *ctx, const uint8_t secret[32], size_t hashed, unsigned *sum) {
    uint8_t bytes[HASHED_1271] = {0};
    int64_t start = bench_now_ns();
    for (int i = 0; i < EACH; i++) {
        struct pm_word digest;
        secp256k1_ecdsa_recoverable_signature sig;
        uint8_t out[64];
        int id;
        bytes[i % 32]++;
        pm_keccak256(bytes, hashed, &digest);
        *sum += (unsigned)secp256k1_ecdsa_sign_recoverable(ctx, &sig, digest.b, secret, NULL, NULL);
        secp256k1_ecdsa_recoverable_signature_serialize_compact(ctx, out, &id, &sig);
        *sum += out[0];
    }
    return (double)(bench_now_ns() - start) / EACH;
}

static double least(const double *v) {
    double low = v[0];
    for (int i = 1; i < ROUNDS; i++)
        low = v[i] < low ? v[i] : low;
    return low;
}

static int run(int argc, char **argv) {
    (void)argc, (void)argv;
    struct pm_key *k;
    struct pm_word secret;
    unsigned sum = 0;
    double eoa[ROUNDS], wallet[ROUNDS], request[ROUNDS], bare[ROUNDS], bare_wallet[ROUNDS];
    if (pm_key_new(KEY, strlen(KEY), &k) != ERR_OK || !pm_word_parse_hex("0x" KEY, &secret))
        return 1;
    secp256k1_context *ctx = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t from = (uint64_t)i * EACH;
        bare[i] = bare_ns(ctx, secret.b, HASHED_EOA, &sum);
        eoa[i] = sign_ns(k, from, PM_EOA, &sum);
        bare_wallet[i] = bare_ns(ctx, secret.b, HASHED_1271, &sum);
        wallet[i] = sign_ns(k, from, PM_1271, &sum);
        request[i] = request_ns(k, from, &sum);
    }
    double b = least(bare), bw = least(bare_wallet), e = least(eoa), w = least(wallet);
    printf("{\"bench\":\"sign\",\"us\":%.2f,\"bare_us\":%.2f,\"ratio\":%.3f,\"wallet_us\":%.2f,\"wallet_bare_us\":%.2f,\"wallet_ratio\":%.3f,\"request_us\":%.2f,\"hash\":\"%x\"}\n",
           e / 1000, b / 1000, e / b, w / 1000, bw / 1000, w / bw, least(request) / 1000, sum);
    secp256k1_context_destroy(ctx);
    pm_key_free(k);
    return 0;
}

const struct bench bench_sign = {"sign", "an order to its signed request, beside the bare signature in it", run};
