/* Amounts as the venue takes them: both sides of an order in millionths, rounded so that no order asks for more than was meant.
 * All integers: the official client computes in floating point and is refused for it on fine ticks. */
#include "turret/base/dec.h"
#include "venue/polymarket/sign/pm_sign.h"

#define CENT 10000       /* millionths: sizes, and what a market order gives, have two decimals */
#define HUNDREDTH_CENT 100 /* what it takes has four */
#define TICK_MAX 500000

typedef __int128 wide;

static int64_t floor_to(int64_t v, int64_t step) { return v - v % step; }

/* Prices have at most four decimals on every tick the venue has; that makes price * size exact. */
static enum err price_check(int64_t price_micro, int64_t tick_micro) {
    if (tick_micro < HUNDREDTH_CENT || tick_micro > TICK_MAX || tick_micro % HUNDREDTH_CENT)
        return ERR_TICK_SIZE;
    if (price_micro < tick_micro || price_micro > DEC_ONE - tick_micro)
        return ERR_PRICE_OUT_OF_RANGE;
    return price_micro % tick_micro ? ERR_TICK_SIZE : ERR_OK;
}

/* The least unit of what a market order takes, as the official client cuts it: two decimals more than its prices have. */
static int64_t client_unit(int64_t tick_micro) {
    int64_t unit = 1000; /* tick 0.1: three decimals */
    for (int64_t price_unit = 100000; unit > 1 && tick_micro % price_unit; price_unit /= 10)
        unit /= 10;
    return unit;
}

static enum err market_amounts(bool sell, int64_t price_micro, int64_t amount_micro, int64_t unit, struct pm_amounts *out) {
    int64_t maker = floor_to(amount_micro, CENT);
    wide taker = sell ? (wide)maker * price_micro / DEC_ONE : (wide)maker * DEC_ONE / price_micro;
    if (taker > INT64_MAX)
        return ERR_OVERFLOW;
    int64_t cut = floor_to((int64_t)taker, unit);
    if (maker <= 0 || cut <= 0)
        return ERR_MIN_SIZE;
    *out = (struct pm_amounts){.maker = maker, .taker = cut, .shares = sell ? maker : cut};
    return ERR_OK;
}

enum err pm_amounts_market(bool sell, int64_t price_micro, int64_t amount_micro, int64_t tick_micro, bool uncapped, struct pm_amounts *out) {
    enum err e = price_check(price_micro, tick_micro);
    if (e != ERR_OK)
        return e;
    if (amount_micro <= 0)
        return ERR_MIN_SIZE;
    int64_t unit = client_unit(tick_micro);
    return market_amounts(sell, price_micro, amount_micro, uncapped || unit > HUNDREDTH_CENT ? unit : HUNDREDTH_CENT, out);
}

enum err pm_amounts_limit(bool sell, int64_t price_micro, int64_t size_micro, int64_t tick_micro, bool exact, struct pm_amounts *out) {
    enum err e = price_check(price_micro, tick_micro);
    if (e != ERR_OK)
        return e;
    int64_t shares = size_micro > 0 ? floor_to(size_micro, CENT) : 0;
    if (shares == 0)
        return ERR_MIN_SIZE;
    /* The price is below one, so the product is below the shares. */
    int64_t money = (int64_t)((wide)shares * price_micro / DEC_ONE);
    if (exact) /* what it would spend in whole cents buys a little less: never more than was asked for */
        return market_amounts(sell, price_micro, sell ? shares : money, HUNDREDTH_CENT, out);
    *out = (struct pm_amounts){.maker = sell ? shares : money, .taker = sell ? money : shares, .shares = shares};
    return ERR_OK;
}

/* v * (p (1 - p)) ^ n, rounded up at each step or down; negative on overflow. p is checked by the callers. */
static wide times_variance(wide v, int64_t price_micro, int32_t n, bool up) {
    const wide variance = (wide)price_micro * (DEC_ONE - price_micro), one = (wide)DEC_ONE * DEC_ONE;
    for (; n > 0; n--) {
        wide product;
        if (__builtin_mul_overflow(v, variance, &product))
            return -1;
        v = (product + (up ? one - 1 : 0)) / one;
    }
    return v;
}

#define EXPONENT_MAX 16
static bool fee_input_bad(int64_t price_micro, int32_t rate_ppm, int32_t exponent) {
    return price_micro <= 0 || price_micro >= DEC_ONE || rate_ppm <= 0 || exponent < 0 || exponent > EXPONENT_MAX;
}

int64_t pm_fee(int64_t shares_micro, int64_t price_micro, int32_t rate_ppm, int32_t exponent) {
    if (shares_micro <= 0 || fee_input_bad(price_micro, rate_ppm, exponent))
        return 0;
    const wide unit = (wide)DEC_ONE * 1000 * 10; /* of 0.00001 in the scale of v, 1e-15 */
    wide v = times_variance((wide)shares_micro * rate_ppm * 1000, price_micro, exponent, false);
    if (v < 0 || v / unit > INT64_MAX / 10)
        return INT64_MAX; /* no such order can be paid for */
    if (v == 0)
        return 0;
    int64_t fee = (int64_t)((v + unit / 2) / unit) * 10;
    return fee ? fee : 10;
}

/* What a purchase for that much of collateral costs in fees beside it; rounded up. */
static int64_t fee_of_spending(int64_t cash, int64_t price_micro, int32_t rate_ppm, int32_t exponent) {
    if (fee_input_bad(price_micro, rate_ppm, exponent))
        return 0;
    wide v = (wide)cash * rate_ppm; /* 1e-12 */
    wide up = (wide)DEC_ONE;
    if (exponent == 0)
        v = (v * DEC_ONE + price_micro - 1) / price_micro;
    else { /* one p of p (1 - p) goes with the division by the price */
        if (__builtin_mul_overflow(v, (wide)(DEC_ONE - price_micro), &v)) /* 1e-18 */
            return INT64_MAX;
        v = times_variance(v, price_micro, exponent - 1, true);
        up *= DEC_ONE;
    }
    if (v < 0)
        return INT64_MAX;
    v = (v + up - 1) / up;
    return v > INT64_MAX ? INT64_MAX : (int64_t)v;
}

int64_t pm_buy_with_fee(int64_t amount_micro, int64_t balance_micro, int64_t price_micro, int32_t rate_ppm, int32_t exponent, int32_t builder_bps) {
    if (amount_micro <= 0 || balance_micro <= 0)
        return 0;
    int64_t base = amount_micro < balance_micro ? amount_micro : balance_micro;
    wide fees = fee_of_spending(base, price_micro, rate_ppm, exponent);
    if (builder_bps > 0)
        fees += ((wide)base * builder_bps + 9999) / 10000;
    if (balance_micro > amount_micro + fees)
        return amount_micro;
    return balance_micro > fees ? (int64_t)(balance_micro - fees) : 0;
}
