/* What the signing files share: EIP-712's building blocks, base64. Not for the rest of the venue. */
#ifndef TURRET_VENUE_POLYMARKET_PM_EIP712_H
#define TURRET_VENUE_POLYMARKET_PM_EIP712_H

#include "venue/polymarket/sign/pm_sign.h"

/* Words one after another, as abi.encode lays out static types. */
struct pm_words { uint8_t b[14 * 32]; size_t n; };
void pm_words_add(struct pm_words *w, const struct pm_word *v);
void pm_words_text(struct pm_words *w, const char *text); /* string: its hash */
void pm_words_u64(struct pm_words *w, uint64_t v);
void pm_words_address(struct pm_words *w, const struct pm_address *a);
void pm_words_hash(const struct pm_words *w, struct pm_word *out);

/* Separator of a domain; contract NULL = its type has none. */
void pm_domain_separator(const char *name, const char *version, int64_t chain_id, const struct pm_address *contract, struct pm_word *out);
/* keccak(0x1901, separator, struct hash): what is signed. */
void pm_typed_digest(const struct pm_word *separator, const struct pm_word *struct_hash, struct pm_word *out);

/* Struct hash of TypedDataSign around an order of a deposit wallet. */
void pm_1271_struct_hash(const struct pm_domain *d, const struct pm_address *wallet, const struct pm_word *contents, struct pm_word *out);
/* Struct hash and digest of ClobAuth. */
void pm_l1_hashes(const struct pm_address *a, int64_t chain_id, int64_t timestamp_s, uint64_t nonce, struct pm_word *separator, struct pm_word *struct_hash);

void pm_hex(const uint8_t *b, size_t n, char *out); /* lower case and the end */

#endif
