/* What the kinds of Polymarket's files share. */
#ifndef TURRET_TESTS_VECTORS_PM_H
#define TURRET_TESTS_VECTORS_PM_H

#include "vectors.h"

#include "venue/polymarket/sign/pm_sign.h"

/* The vector's privateKey; NULL with a fault when there is none. Freed by the caller. */
struct pm_key *pm_sample_key(struct vector *v);
/* l2creds or creds. False: none (no fault). */
bool pm_sample_creds(struct vector *v, struct pm_creds *out);
/* The official client's floating point: what it makes of doubles. */
void pm_client_amounts(bool market, bool sell, double px, double size, int price_decimals, int64_t *maker, int64_t *taker);
/* True when the amounts wanted are not `a` but the client's, at most a tenth of a cent beside: then *a is those. */
bool pm_client_took(const struct vector *v, bool market, bool sell, int64_t tick, const cJSON *wanted, struct pm_amounts *a);
/* As the official client rounds a price to what its tick shows, then our amounts; NULL, or why there are none. */
const char *pm_sample_amounts(bool market, bool sell, int64_t px, int64_t size, int64_t tick, bool uncapped, struct pm_amounts *out);

void pm_expect_address(struct vector *v, const cJSON *at, const char *where, const char *key, const char *got); /* in any case */
void pm_expect_path(struct vector *v, const cJSON *at, const char *where, const char *path);                    /* of at.url */
void pm_check_recovered(struct vector *v, const char *field, const struct pm_word *digest, const char *signature, const struct pm_address *who);
void pm_check_l2(struct vector *v, const cJSON *headers, const char *where, const struct pm_address *who, const struct pm_creds *c, int64_t at_s, const char *method,
                 const char *path, const char *body);
/* A type hash that the file names; a fault of the file when it is another. */
void pm_check_type_hash(struct run *run, const cJSON *at, const char *key, const char *type);

#endif
