/* A private key: where it lies in memory, signing with it, and whose a signature is. The curve is libsecp256k1's. */
#include "venue/polymarket/sign/pm_sign.h"

#include <assert.h>
#include <secp256k1.h>
#include <secp256k1_preallocated.h>
#include <secp256k1_recovery.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

struct pm_key {
    uint8_t secret[32];
    secp256k1_context *ctx; /* behind this struct on the same page: its blinding is worth as much as the key */
    struct pm_address address;
    size_t size; /* of the mapping */
};

/* Pages of its own: never swapped, in no core dump. A refusal to lock (a small RLIMIT_MEMLOCK) is no reason not to trade. */
static void *page_new(size_t size) {
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return NULL;
    (void)mlock(p, size);
    (void)madvise(p, size, MADV_DONTDUMP);
    return p;
}

static void page_free(void *p, size_t size) {
    explicit_bzero(p, size);
    munlock(p, size);
    munmap(p, size);
}

static bool secret_of_hex(const char *hex, size_t len, uint8_t out[32]) {
    if (len >= 2 && hex[0] == '0' && (hex[1] == 'x' || hex[1] == 'X'))
        hex += 2, len -= 2;
    if (len != 64)
        return false;
    for (size_t i = 0; i < len; i++) {
        char c = hex[i];
        int v = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
        if (v < 0)
            return false;
        out[i / 2] = (uint8_t)(i % 2 ? out[i / 2] | v : v << 4);
    }
    return true;
}

static void address_of(const secp256k1_context *ctx, const secp256k1_pubkey *pub, struct pm_address *out) {
    uint8_t bytes[65];
    size_t n = sizeof bytes;
    struct pm_word hash;
    secp256k1_ec_pubkey_serialize(ctx, bytes, &n, pub, SECP256K1_EC_UNCOMPRESSED);
    assert(n == sizeof bytes);
    pm_keccak256(bytes + 1, 64, &hash);
    memcpy(out->b, hash.b + 12, sizeof out->b);
}

/* Blinds the multiplications, so that their timing tells nothing of the key. */
static bool context_blind(secp256k1_context *ctx) {
    uint8_t seed[32];
    bool good = getrandom(seed, sizeof seed, 0) == (ssize_t)sizeof seed && secp256k1_context_randomize(ctx, seed);
    explicit_bzero(seed, sizeof seed);
    return good;
}

enum err pm_key_new(const char *hex, size_t len, struct pm_key **out) {
    *out = NULL;
    const size_t head = (sizeof(struct pm_key) + 15) / 16 * 16, page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t size = (head + secp256k1_context_preallocated_size(SECP256K1_CONTEXT_NONE) + page - 1) / page * page;
    struct pm_key *k = page_new(size);
    secp256k1_pubkey pub;
    if (!k)
        return ERR_FAILED;
    k->size = size;
    k->ctx = secp256k1_context_preallocated_create((char *)k + head, SECP256K1_CONTEXT_NONE);
    enum err e = ERR_OK;
    if (!context_blind(k->ctx))
        e = ERR_FAILED;
    else if (!secret_of_hex(hex, len, k->secret) || !secp256k1_ec_pubkey_create(k->ctx, &pub, k->secret))
        e = ERR_CREDENTIALS; /* not hex, or not between 1 and the curve's order */
    if (e != ERR_OK) {
        pm_key_free(k);
        return e;
    }
    address_of(k->ctx, &pub, &k->address);
    *out = k;
    return ERR_OK;
}

void pm_key_free(struct pm_key *k) {
    if (!k)
        return;
    secp256k1_context_preallocated_destroy(k->ctx);
    page_free(k, k->size);
}

const struct pm_address *pm_key_address(const struct pm_key *k) { return &k->address; }

void pm_key_sign(const struct pm_key *k, const struct pm_word *digest, uint8_t out[65]) {
    secp256k1_ecdsa_recoverable_signature sig;
    int id = 0, good = secp256k1_ecdsa_sign_recoverable(k->ctx, &sig, digest->b, k->secret, secp256k1_nonce_function_rfc6979, NULL);
    assert(good); /* fails only with a bad key, and this one was checked */
    secp256k1_ecdsa_recoverable_signature_serialize_compact(k->ctx, out, &id, &sig);
    out[64] = (uint8_t)(27 + id);
}

bool pm_recover(const struct pm_word *digest, const uint8_t sig[65], struct pm_address *out) {
    const secp256k1_context *ctx = secp256k1_context_static;
    secp256k1_ecdsa_recoverable_signature parsed;
    secp256k1_pubkey pub;
    if (sig[64] != 27 && sig[64] != 28)
        return false;
    if (!secp256k1_ecdsa_recoverable_signature_parse_compact(ctx, &parsed, sig, sig[64] - 27) ||
        !secp256k1_ecdsa_recover(ctx, &pub, &parsed, digest->b))
        return false;
    address_of(ctx, &pub, out);
    return true;
}
