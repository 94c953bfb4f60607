/* Rate buckets as a generic cell rate: one number, the time at which the bucket is full again, says all. A token costs interval_us
 * of it, and a bucket of `burst` tokens may be that many intervals away from full. */
#include "turret/io/rate.h"

#include <assert.h>

void rate_init(struct rate *r, int64_t tokens, int64_t per_us, int64_t burst) {
    assert(tokens >= 0 && per_us >= 0);
    *r = (struct rate){.interval_us = tokens > 0 ? (per_us + tokens - 1) / tokens : 0, .burst = burst > 0 ? burst : 1};
}

/* The earliest time at which n tokens are there: the bucket must then be no more than (burst - n) intervals from full. */
static int64_t ready(const struct rate *r, int64_t n) {
    int64_t slack;
    if (n > r->burst)
        return INT64_MAX; /* never */
    if (__builtin_mul_overflow(r->burst - n, r->interval_us, &slack))
        return INT64_MIN;
    return r->full_at_us < INT64_MIN + slack ? INT64_MIN : r->full_at_us - slack;
}

int64_t rate_ready_us(const struct rate *r, int64_t n, int64_t now_us) {
    int64_t at = ready(r, n);
    return at > now_us ? at : now_us;
}

bool rate_take(struct rate *r, int64_t n, int64_t now_us) {
    int64_t cost, from = r->full_at_us > now_us ? r->full_at_us : now_us;
    if (rate_ready_us(r, n, now_us) > now_us)
        return false;
    if (__builtin_mul_overflow(n, r->interval_us, &cost) || __builtin_add_overflow(from, cost, &from))
        return false;
    r->full_at_us = from;
    return true;
}

int64_t rate_left(const struct rate *r, int64_t now_us) {
    int64_t missing = r->full_at_us - now_us;
    if (missing <= 0)
        return r->burst;
    if (r->interval_us == 0)
        return 0; /* no limit of its own, but blocked */
    missing = (missing - 1) / r->interval_us + 1;
    return missing >= r->burst ? 0 : r->burst - missing;
}

/* Nothing before until_us, then one token and the rest as they refill: the other side has just said that it was too much. */
void rate_block(struct rate *r, int64_t until_us) {
    int64_t slack, full;
    if (__builtin_mul_overflow(r->burst - 1, r->interval_us, &slack) || __builtin_add_overflow(until_us, slack, &full))
        full = INT64_MAX;
    if (full > r->full_at_us)
        r->full_at_us = full;
}

void rate_cap(struct rate *r, int64_t left, int64_t now_us) {
    int64_t missing, full;
    if (left >= r->burst || r->interval_us == 0)
        return;
    if (__builtin_sub_overflow(r->burst, left, &missing) || __builtin_mul_overflow(missing, r->interval_us, &missing) || __builtin_add_overflow(now_us, missing, &full))
        full = INT64_MAX;
    if (full > r->full_at_us)
        r->full_at_us = full;
}
