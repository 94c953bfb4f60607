/* EIP-712: domains of the exchanges, the hash of an order (which is the venue's order id) and its signature, also as a deposit wallet
 * gives it: nested in TypedDataSign, followed by what its contract needs to check it. */
#include "venue/polymarket/sign/pm_eip712.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

#define ORDER_TYPE                                                                                                                   \
    "Order(uint256 salt,address maker,address signer,uint256 tokenId,uint256 makerAmount,uint256 takerAmount,uint8 side,"            \
    "uint8 signatureType,uint256 timestamp,bytes32 metadata,bytes32 builder)"
#define NESTED_TYPE                                                                                                                  \
    "TypedDataSign(Order contents,string name,string version,uint256 chainId,address verifyingContract,bytes32 salt)" ORDER_TYPE
#define EXCHANGE_NAME "Polymarket CTF Exchange"
#define WALLET_NAME "DepositWallet"
#define WALLET_VERSION "1"
#define WALLET_TYPE_LEN (sizeof ORDER_TYPE - 1)
#define SIGNATURE_1271 (65 + 32 + 32 + WALLET_TYPE_LEN + 2)
_Static_assert(2 + 2 * SIGNATURE_1271 + 1 == PM_SIGNATURE_TEXT, "length of a deposit wallet's signature");

static const struct exchange {
    int64_t chain_id;
    enum pm_exchange kind;
    const char *version, *contract;
} exchanges[] = {
    {137, PM_EXCHANGE_STANDARD, "2", "0xE111180000d2663C0091e4f400237545B87B996B"},
    {137, PM_EXCHANGE_NEG_RISK, "2", "0xe2222d279d744050d28e00520010520000310F59"},
    {137, PM_EXCHANGE_V3, "3", "0xe3333700cA9d93003F00f0F71f8515005F6c00Aa"},
    {80002, PM_EXCHANGE_STANDARD, "2", "0xE111180000d2663C0091e4f400237545B87B996B"},
    {80002, PM_EXCHANGE_NEG_RISK, "2", "0xe2222d279d744050d28e00520010520000310F59"},
    {80002, PM_EXCHANGE_V3, "3", "0x9fE6e61422AdB6F610d8597F9684b16912D50C3D"},
};
#define EXCHANGES (sizeof exchanges / sizeof *exchanges)

/* What does not change from order to order, computed once. */
static struct {
    struct pm_domain_info domain[EXCHANGES];
    struct pm_word order_type, nested_type, wallet_name, wallet_version;
} fixed;
static pthread_once_t fixed_once = PTHREAD_ONCE_INIT;

static void hash_text(const char *text, struct pm_word *out) { pm_keccak256(text, strlen(text), out); }

static void fixed_make(void) {
    hash_text(ORDER_TYPE, &fixed.order_type);
    hash_text(NESTED_TYPE, &fixed.nested_type);
    hash_text(WALLET_NAME, &fixed.wallet_name);
    hash_text(WALLET_VERSION, &fixed.wallet_version);
    for (size_t i = 0; i < EXCHANGES; i++) {
        struct pm_domain_info *d = &fixed.domain[i];
        bool good = pm_address_parse(exchanges[i].contract, &d->contract);
        assert(good); /* the table is ours */
        d->version = exchanges[i].version;
        pm_domain_separator(EXCHANGE_NAME, d->version, exchanges[i].chain_id, &d->contract, &d->separator);
    }
}

static const struct pm_domain_info *domain_find(const struct pm_domain *d) {
    pthread_once(&fixed_once, fixed_make);
    for (size_t i = 0; i < EXCHANGES; i++)
        if (exchanges[i].chain_id == d->chain_id && exchanges[i].kind == d->exchange)
            return &fixed.domain[i];
    return NULL;
}

bool pm_domain_info(const struct pm_domain *d, struct pm_domain_info *out) {
    const struct pm_domain_info *found = domain_find(d);
    if (found)
        *out = *found;
    return found != NULL;
}

void pm_domain_separator(const char *name, const char *version, int64_t chain_id, const struct pm_address *contract, struct pm_word *out) {
    struct pm_words w = {.n = 0};
    pm_words_text(&w, contract ? "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                               : "EIP712Domain(string name,string version,uint256 chainId)");
    pm_words_text(&w, name);
    pm_words_text(&w, version);
    pm_words_u64(&w, (uint64_t)chain_id);
    if (contract)
        pm_words_address(&w, contract);
    pm_words_hash(&w, out);
}

void pm_typed_digest(const struct pm_word *separator, const struct pm_word *struct_hash, struct pm_word *out) {
    uint8_t b[2 + 32 + 32] = {0x19, 0x01};
    memcpy(b + 2, separator->b, 32);
    memcpy(b + 34, struct_hash->b, 32);
    pm_keccak256(b, sizeof b, out);
}

void pm_order_struct_hash(const struct pm_order *o, struct pm_word *out) {
    pthread_once(&fixed_once, fixed_make);
    assert(o->maker_amount >= 0 && o->taker_amount >= 0 && o->timestamp_ms >= 0);
    struct pm_words w = {.n = 0};
    pm_words_add(&w, &fixed.order_type);
    pm_words_u64(&w, o->salt);
    pm_words_address(&w, &o->maker);
    pm_words_address(&w, &o->signer);
    pm_words_add(&w, &o->token);
    pm_words_u64(&w, (uint64_t)o->maker_amount);
    pm_words_u64(&w, (uint64_t)o->taker_amount);
    pm_words_u64(&w, o->side);
    pm_words_u64(&w, o->signature_type);
    pm_words_u64(&w, (uint64_t)o->timestamp_ms);
    pm_words_add(&w, &o->metadata);
    pm_words_add(&w, &o->builder);
    pm_words_hash(&w, out);
}

void pm_1271_struct_hash(const struct pm_domain *d, const struct pm_address *wallet, const struct pm_word *contents, struct pm_word *out) {
    pthread_once(&fixed_once, fixed_make);
    struct pm_words w = {.n = 0};
    pm_words_add(&w, &fixed.nested_type);
    pm_words_add(&w, contents);
    pm_words_add(&w, &fixed.wallet_name);
    pm_words_add(&w, &fixed.wallet_version);
    pm_words_u64(&w, (uint64_t)d->chain_id);
    pm_words_address(&w, wallet);
    pm_words_u64(&w, 0); /* salt */
    pm_words_hash(&w, out);
}

/* Both digests from the struct hash; the same but for deposit wallets. */
static void digest_signed(const struct pm_domain *d, const struct pm_domain_info *info, const struct pm_order *o, const struct pm_word *contents,
                          struct pm_word *out) {
    struct pm_word nested;
    if (o->signature_type == PM_1271)
        pm_1271_struct_hash(d, &o->signer, contents, &nested);
    pm_typed_digest(&info->separator, o->signature_type == PM_1271 ? &nested : contents, out);
}

void pm_order_digest(const struct pm_domain *d, const struct pm_order *o, struct pm_word *out) {
    const struct pm_domain_info *info = domain_find(d);
    assert(info); /* whoever builds an order has asked pm_domain_info */
    struct pm_word contents;
    pm_order_struct_hash(o, &contents);
    pm_typed_digest(&info->separator, &contents, out);
}

void pm_order_signed_digest(const struct pm_domain *d, const struct pm_order *o, struct pm_word *out) {
    const struct pm_domain_info *info = domain_find(d);
    assert(info);
    struct pm_word contents;
    pm_order_struct_hash(o, &contents);
    digest_signed(d, info, o, &contents, out);
}

void pm_order_sign(const struct pm_key *k, const struct pm_domain *d, const struct pm_order *o, char out[PM_SIGNATURE_TEXT]) {
    const struct pm_domain_info *info = domain_find(d);
    assert(info);
    struct pm_word contents, digest;
    pm_order_struct_hash(o, &contents);
    digest_signed(d, info, o, &contents, &digest);
    uint8_t b[SIGNATURE_1271];
    pm_key_sign(k, &digest, b);
    size_t n = 65;
    if (o->signature_type == PM_1271) { /* ERC-7739: signature, separator, contents hash, contents type, its length */
        memcpy(b + n, info->separator.b, 32);
        memcpy(b + n + 32, contents.b, 32);
        memcpy(b + n + 64, ORDER_TYPE, WALLET_TYPE_LEN);
        n += 64 + WALLET_TYPE_LEN;
        b[n++] = (uint8_t)(WALLET_TYPE_LEN >> 8);
        b[n++] = (uint8_t)WALLET_TYPE_LEN;
    }
    memcpy(out, "0x", 2);
    pm_hex(b, n, out + 2);
}
