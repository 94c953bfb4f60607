/* What the parsers of markets share: getters that take "" for nothing, and the pieces both of Gamma and of the CLOB are made into. */
#ifndef TURRET_VENUE_POLYMARKET_PM_PARSE_PART_H
#define TURRET_VENUE_POLYMARKET_PM_PARSE_PART_H

#include "venue/polymarket/market/pm_parse.h"

const struct cJSON *pm_child(const struct json *at, const char *key); /* NULL: not there, null or "" */
bool pm_loose(const char *s, int64_t *micro); /* digits after the sixth are dropped */
bool pm_given(const struct json *at, const char *key); /* there, not null, not "" */
/* False is an error; nothing given is not: *out keeps what it had. */
bool pm_figure(const struct json *at, const char *key, int64_t *micro); /* further digits are dropped */
bool pm_exact(const struct json *at, const char *key, int64_t low, int64_t high, int64_t *micro);
bool pm_flag(const struct json *at, const char *key, bool *out);
bool pm_when(const struct json *at, const char *key, int64_t *us);

void pm_listing_init(struct pm_listing *out);
void pm_not_ready(struct pm_listing *l, const char *why); /* the first reason stays */
bool pm_outcomes_set(struct pm_listing *l, int i, const char *token, const char *name);
bool pm_fee_read(const struct json *fee, const char *rate_key, const char *exponent_key, const char *taker_key, struct pm_listing *l);
/* What the outcomes are worth at the end; `said`: the venue says that it is settled, so a half each is a void. */
void pm_outcome_of(struct pm_listing *l, int64_t yes_micro, int64_t no_micro, bool said);

#endif
