/* Signing: Keccak-256, EIP-712, secp256k1, HMAC; amounts as the venue takes them; the wire form of an order. Pure, no I/O.
 * Judged by vectors made with the official client (build/vectors). */
#ifndef TURRET_VENUE_POLYMARKET_PM_SIGN_H
#define TURRET_VENUE_POLYMARKET_PM_SIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "turret/base/err.h"
#include "turret/base/str.h"

struct pm_address { uint8_t b[20]; };
struct pm_word { uint8_t b[32]; }; /* uint256 big endian, bytes32, hash */

void pm_keccak256(const void *p, size_t n, struct pm_word *out);
void pm_address_text(const struct pm_address *a, char out[43]); /* EIP-55 checksummed */
bool pm_address_parse(const char *text, struct pm_address *out); /* 0x and 40 digits, any case; a mixed-case one must have a right checksum */
bool pm_word_parse_hex(const char *text, struct pm_word *out);   /* 0x and 1..64 digits */
bool pm_word_parse_dec(const char *text, struct pm_word *out);   /* decimal uint256 */
void pm_word_hex(const struct pm_word *w, char out[67]);
void pm_word_of_u64(uint64_t v, struct pm_word *out);

/* A private key in memory that is locked and left out of dumps; wiped when freed. */
struct pm_key;
enum err pm_key_new(const char *hex, size_t len, struct pm_key **out); /* ERR_CREDENTIALS: not 32 bytes of hex or not a key */
void pm_key_free(struct pm_key *k);
const struct pm_address *pm_key_address(const struct pm_key *k);
/* r, s, v (27 or 28), RFC 6979, low s. */
void pm_key_sign(const struct pm_key *k, const struct pm_word *digest, uint8_t out[65]);
bool pm_recover(const struct pm_word *digest, const uint8_t sig[65], struct pm_address *out); /* whose signature it is */

enum pm_exchange { PM_EXCHANGE_STANDARD, PM_EXCHANGE_NEG_RISK, PM_EXCHANGE_V3 };
struct pm_domain { int64_t chain_id; enum pm_exchange exchange; };
struct pm_domain_info { const char *version; struct pm_address contract; struct pm_word separator; };
bool pm_domain_info(const struct pm_domain *d, struct pm_domain_info *out); /* false: no such exchange on that chain */

enum pm_signature_type { PM_EOA, PM_PROXY, PM_SAFE, PM_1271 };
struct pm_order { /* the signed struct, and what goes beside it */
    uint64_t salt;             /* <= 2^53 - 1 */
    struct pm_address maker, signer;
    struct pm_word token;
    int64_t maker_amount, taker_amount; /* millionths */
    uint8_t side;              /* 0 BUY, 1 SELL */
    uint8_t signature_type;
    int64_t timestamp_ms;
    struct pm_word metadata, builder;
    int64_t expiration_s;      /* wire only, 0 = none */
};
void pm_order_struct_hash(const struct pm_order *o, struct pm_word *out);
/* The venue's order id: the EIP-712 digest. */
void pm_order_digest(const struct pm_domain *d, const struct pm_order *o, struct pm_word *out);
/* What is signed: the digest, or for PM_1271 the nested digest of the deposit wallet. */
void pm_order_signed_digest(const struct pm_domain *d, const struct pm_order *o, struct pm_word *out);
/* The signature of the wire, 0x and hex: 65 bytes, or 317 for PM_1271. Length without the end in *n. */
#define PM_SIGNATURE_TEXT (2 + 317 * 2 + 1)
void pm_order_sign(const struct pm_key *k, const struct pm_domain *d, const struct pm_order *o, char out[PM_SIGNATURE_TEXT]);
/* Appends one order object of POST /order, byte for byte as the official client writes it; `type` GTC, GTD, FOK, FAK. */
struct pm_wire { const char *token /* decimal */, *signature, *owner /* api key */, *type; bool post_only, defer; };
void pm_order_json(struct str *out, const struct pm_order *o, const struct pm_wire *w);

/* Amounts of an order (millionths). tick in micro: 100000 .. 100. */
struct pm_amounts { int64_t maker, taker; int64_t shares /* of them, after rounding */; };
/* Limit: price a multiple of the tick inside [tick, 1 - tick] (ERR_TICK_SIZE, ERR_PRICE_OUT_OF_RANGE), size rounded down to 2 decimals (ERR_MIN_SIZE when
 * nothing is left). exact = an FOK or FAK with a price: obeys the 2/4 rule too. */
enum err pm_amounts_limit(bool sell, int64_t price_micro, int64_t size_micro, int64_t tick_micro, bool exact, struct pm_amounts *out);
/* Market: BUY spends `amount` of collateral at most at price_micro; SELL gives `amount` shares. The taker side is rounded down to at most 4 decimals
 * (uncapped = as the official client does, which the venue refuses on fine ticks; for vectors). */
enum err pm_amounts_market(bool sell, int64_t price_micro, int64_t amount_micro, int64_t tick_micro, bool uncapped, struct pm_amounts *out);
/* Fee in millionths: shares * rate * (p (1 - p)) ^ exponent, to 5 decimals, at least 0.00001 when not zero. */
int64_t pm_fee(int64_t shares_micro, int64_t price_micro, int32_t rate_ppm, int32_t exponent);
/* The largest BUY amount that leaves room for its fee. */
int64_t pm_buy_with_fee(int64_t amount_micro, int64_t balance_micro, int64_t price_micro, int32_t rate_ppm, int32_t exponent, int32_t builder_bps);

/* Headers. L1: EIP-712 ClobAuth. L2: HMAC over timestamp, method, path without query, exact body. */
struct pm_creds { char key[64], secret[128], passphrase[160]; };
enum err pm_l1_signature(const struct pm_key *k, int64_t chain_id, int64_t timestamp_s, uint64_t nonce, char out[PM_SIGNATURE_TEXT]);
enum err pm_l2_signature(const struct pm_creds *c, int64_t timestamp_s, const char *method, const char *path, const char *body, size_t len, char out[64]);

/* Addresses that belong to a key on mainnet. */
void pm_safe_address(const struct pm_address *owner, struct pm_address *out);
void pm_proxy_address(const struct pm_address *owner, struct pm_address *out);
bool pm_deposit_address(const struct pm_address *owner, struct pm_address *out); /* of today's generation */
/* Which signature type goes with that wallet of the owner's: its own address, or one that the venue made for it (deposit wallets of both
 * generations). False: none that can be computed. */
bool pm_wallet_type(const struct pm_address *owner, const struct pm_address *wallet, int *type);

#endif
