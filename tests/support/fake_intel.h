/* Indicators that a test sets by hand, in the place of market/intel: a rule is tested by the figures it reads. Everything is NAN (not
 * defined) until it is set. */
#ifndef TESTS_FAKE_INTEL_H
#define TESTS_FAKE_INTEL_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "turret/market/intel.h"

struct frame { double v[IND_COUNT][FRAME_RECENT]; struct candle_series candles; };
struct intel { struct frame f[FRAME_COUNT]; int64_t funding_ppm; double interest, interest_mean; bool has_interest; };

static inline struct intel *fake_intel(void) {
    struct intel *x = calloc(1, sizeof *x);
    for (int f = 0; f < FRAME_COUNT; f++) {
        candle_init(&x->f[f].candles, f == FRAME_FAST ? 300000000LL : 14400000000LL);
        for (int i = 0; i < IND_COUNT; i++)
            for (int b = 0; b < FRAME_RECENT; b++)
                x->f[f].v[i][b] = NAN;
    }
    return x;
}
/* The same value in all recent candles. */
static inline void set_fast(struct intel *x, enum indicator i, double v) {
    for (int b = 0; b < FRAME_RECENT; b++)
        x->f[FRAME_FAST].v[i][b] = v;
}
static inline void set_slow(struct intel *x, enum indicator i, double v) {
    for (int b = 0; b < FRAME_RECENT; b++)
        x->f[FRAME_SLOW].v[i][b] = v;
}

const struct frame *intel_frame(const struct intel *x, enum intel_frame f) { return &x->f[f]; }
const struct candle_series *frame_candles(const struct frame *f) { return &f->candles; }
double frame_value(const struct frame *f, enum indicator i, int back) { return f->v[i][back]; }
int64_t intel_funding_ppm(const struct intel *x) { return x->funding_ppm; }
bool intel_open_interest_get(const struct intel *x, double *latest, double *average) {
    *latest = x->interest;
    *average = x->interest_mean;
    return x->has_interest;
}
const struct indicator_info *indicator_info(enum indicator i) {
    static const struct indicator_info rows[] = {
#define X(N, key, label, digits, source) {key, label, source, digits},
        INDICATOR_TABLE(X)
#undef X
    };
    return &rows[i];
}
const char *adx_word(double adx) { return adx >= 25 ? "strong" : adx >= 20 ? "moderate" : "weak"; }
const char *cloud_word(double now, double a, double b) { return now > fmax(a, b) ? "ABOVE" : now < fmin(a, b) ? "BELOW" : "INSIDE"; }

#endif
