/* Rate buckets: `burst` tokens at most, refilled evenly (generic cell rate, exact in integers). Pure: the time comes in. */
#ifndef TURRET_IO_RATE_H
#define TURRET_IO_RATE_H

#include <stdbool.h>
#include <stdint.h>

struct rate { int64_t interval_us /* for one token */, burst, full_at_us; };
void rate_init(struct rate *r, int64_t tokens, int64_t per_us, int64_t burst); /* tokens 0 = no limit */
/* Takes n tokens if they are there. */
bool rate_take(struct rate *r, int64_t n, int64_t now_us);
/* When n tokens will be there (now_us: already). */
int64_t rate_ready_us(const struct rate *r, int64_t n, int64_t now_us);
int64_t rate_left(const struct rate *r, int64_t now_us);
/* The other side said no: nothing before until_us. */
void rate_block(struct rate *r, int64_t until_us);
/* The other side counts too: no more than `left` tokens are there (negative: owed). Never gives tokens back. */
void rate_cap(struct rate *r, int64_t left, int64_t now_us);

#endif
