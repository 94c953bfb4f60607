/* Fixed-point money: three distinct value types around an int64_t of millionths.
 * The compiler refuses to mix them; every conversion names its rounding; products go
 * through __int128. Range of each: +-9,223,372,036,854.775807 (PostgreSQL numeric(18,6)). */
#ifndef TURRET_BASE_DEC_H
#define TURRET_BASE_DEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DEC_ONE 1000000LL /* micro units in one */
#define DEC_DIGITS 6
#define DEC_TEXT_MAX 24 /* bytes that hold any formatted value with its NUL */

typedef struct { int64_t micro; } price; /* quote currency per unit */
typedef struct { int64_t micro; } qty;   /* units (contracts, shares, coins) */
typedef struct { int64_t micro; } usd;   /* quote currency */

#define PRICE(m) ((price){(m)})
#define QTY(m) ((qty){(m)})
#define USD(m) ((usd){(m)})

enum dec_round {
    ROUND_DOWN,      /* toward minus infinity */
    ROUND_UP,        /* toward plus infinity */
    ROUND_ZERO,      /* toward zero */
    ROUND_AWAY,      /* away from zero */
    ROUND_HALF_EVEN, /* to nearest, ties to even */
};

/* Reads `-?digits(.digits)?` of exactly len bytes: at most 6 significant fraction digits (more only if
 * zeros), no exponent, no sign but '-', ".5" and "5." are taken. False on anything else or overflow. */
bool dec_parse(const char *text, size_t len, int64_t *micro);
/* Same for a whole NUL-terminated string. */
bool dec_parse_str(const char *text, int64_t *micro);
/* Writes micro with the fewest fraction digits >= min_digits (0..6); returns the length. buf >= DEC_TEXT_MAX. */
size_t dec_format(int64_t micro, int min_digits, char *buf);
/* Writes micro rounded half-even to exactly `digits` (0..6), with ',' between thousands if `group`. buf >= 32. */
size_t dec_format_fixed(int64_t micro, int digits, bool group, char *buf);

/* a*b/den through __int128 with the named rounding. False on overflow or den == 0. */
bool dec_muldiv(int64_t a, int64_t b, int64_t den, enum dec_round mode, int64_t *out);
/* Largest/smallest/nearest multiple of step (> 0). */
bool dec_to_step(int64_t value, int64_t step, enum dec_round mode, int64_t *out);
bool dec_add(int64_t a, int64_t b, int64_t *out); /* false on overflow */
bool dec_sub(int64_t a, int64_t b, int64_t *out);

/* px * size. False on overflow. */
bool usd_of(price px, qty size, enum dec_round mode, usd *out);
/* cash / px. False on overflow or px <= 0. */
bool qty_of(usd cash, price px, enum dec_round mode, qty *out);
/* cash / size: an average price. False on overflow or size == 0. */
bool price_of(usd cash, qty size, enum dec_round mode, price *out);
/* value * ppm / 1e6 (fees: 2 bps = 200 ppm). */
bool usd_ppm(usd value, int64_t ppm, enum dec_round mode, usd *out);

/* Saturating forms for display and risk totals; never used for bookings. */
usd usd_of_sat(price px, qty size);
usd usd_add_sat(usd a, usd b);

#endif
