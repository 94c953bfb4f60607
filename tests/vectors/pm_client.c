/* Amounts as the official client computes them, in floating point: on large orders at fine prices it comes out a millionth beside the
 * exact value now and then. Files made with it have that in them; we never send it. */
#include "pm.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Decimals that JavaScript shows of a number: those of the shortest text that gives it back. */
static int decimals_of(double v) {
    char buf[512];
    for (int n = 0; n <= 17; n++) {
        snprintf(buf, sizeof buf, "%.*f", n, v);
        if (strtod(buf, NULL) == v)
            return n;
    }
    return 17;
}

static double scaled(double v, int decimals, double (*round)(double)) {
    volatile double product = v * pow(10, decimals); /* rounded to a double before anything else happens to it */
    return decimals_of(v) <= decimals ? v : round(product) / pow(10, decimals);
}
static double half_up(double v) { return floor(v + 0.5); }

static double amount_cut(double v, int decimals) {
    if (decimals_of(v) <= decimals)
        return v;
    v = scaled(v, decimals + 4, ceil);
    return decimals_of(v) > decimals ? scaled(v, decimals, floor) : v;
}

/* To millionths by its decimal text, the seventh digit rounding. */
static int64_t units_of(double v) {
    char buf[512], cut[512];
    snprintf(buf, sizeof buf, "%.*f", decimals_of(v), v);
    char *point = strchr(buf, '.');
    bool up = point && strlen(point) > 7 && point[7] >= '5';
    snprintf(cut, sizeof cut, "%.*s%.6s", point ? (int)(point - buf) : (int)strlen(buf), buf, point ? point + 1 : "");
    for (size_t n = point ? strlen(point + 1) : 0; n < 6; n++)
        strcat(cut, "0");
    return strtoll(cut, NULL, 10) + up;
}

void pm_client_amounts(bool market, bool sell, double px, double size, int price_decimals, int64_t *maker, int64_t *taker) {
    if (decimals_of(px) > price_decimals) /* the smallest step of a double nudges a half upwards */
        px = market ? scaled(px, price_decimals, floor) : half_up((px + DBL_EPSILON) * pow(10, price_decimals)) / pow(10, price_decimals);
    double given = scaled(size, 2, floor);
    volatile double other = market && !sell ? given / px : given * px;
    double cut = amount_cut(other, price_decimals + 2);
    bool maker_given = market || sell;
    *maker = units_of(maker_given ? given : cut);
    *taker = units_of(maker_given ? cut : given);
}
