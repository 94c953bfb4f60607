/* Candles of two intervals for a market, the last values of every indicator at closed candles, and the live ones: made from the
 * state after the last closed candle when somebody asks. */
#include "turret/market/intel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "market/indicator.h"
#include "turret/base/mem.h"

#define SPANS 26
const int frame_interval_s[FRAME_COUNT] = {300, 4 * 3600}, frame_keep[FRAME_COUNT] = {180, 90};

struct live { bool made; double v[IND_COUNT]; };

struct frame {
    struct candle_series candles; /* the newest one is forming */
    struct ind_state state;       /* after the last closed one */
    struct windows w;
    double span_a[SPANS], span_b[SPANS]; /* of the last closed candles, a ring by state.n */
    double recent[FRAME_RECENT][IND_COUNT]; /* closed candles, a ring by state.n */
    struct live *live;
};

struct intel {
    struct frame frames[FRAME_COUNT];
    struct live live[FRAME_COUNT];
    int64_t funding_ppm;
    double oi_latest, oi_sum;
    uint64_t oi_count;
    bool ticking; /* live data has begun: the past is closed */
};

struct intel *intel_new(void) {
    struct intel *x = xcalloc(1, sizeof *x);
    for (int f = 0; f < FRAME_COUNT; f++) {
        candle_init(&x->frames[f].candles, frame_interval_s[f] * 1000000LL);
        x->frames[f].live = &x->live[f];
        x->frames[f].w.span_a26 = x->frames[f].w.span_b26 = NAN;
    }
    return x;
}

void intel_free(struct intel *x) { free(x); }

static struct bar bar_of(const struct candle *c) {
    return (struct bar){c->start_us, (double)c->open.micro / 1e6, (double)c->high.micro / 1e6, (double)c->low.micro / 1e6,
                        (double)c->close.micro / 1e6, (double)c->volume.micro / 1e6};
}

/* --- when a candle closes ------------------------------------------------------------------------------- */
static const struct candle *back(const struct frame *f, int i) { return candle_at(&f->candles, (int)f->candles.count - 1 - i); }

static void extremes(const struct frame *f, int n, double *high, double *low) {
    *high = -INFINITY;
    *low = INFINITY;
    const struct candle *c;
    for (int i = 0; i < n && (c = back(f, i)) != NULL; i++) {
        *high = fmax(*high, (double)c->high.micro / 1e6);
        *low = fmin(*low, (double)c->low.micro / 1e6);
    }
}

/* At most 51 candles are looked at, and the newest one has just closed. */
static void windows_make(struct frame *f) {
    struct windows *w = &f->w;
    w->closed = f->state.n;
    extremes(f, 8, &w->high8, &w->low8);
    extremes(f, 20, &w->high20, &w->low20);
    extremes(f, 25, &w->high25, &w->low25);
    extremes(f, 51, &w->high51, &w->low51);
    w->base = (double)back(f, 0)->close.micro / 1e6;
    w->sum19 = w->sumsq19 = w->volume30 = 0;
    const struct candle *c;
    for (int i = 0; i < 19 && (c = back(f, i)) != NULL; i++) {
        double x = (double)c->close.micro / 1e6 - w->base;
        w->sum19 += x;
        w->sumsq19 += x * x;
    }
    int n = 0;
    for (; n < 30 && (c = back(f, n)) != NULL; n++)
        w->volume30 += (double)c->volume.micro / 1e6;
    w->volume30 /= n;
    const bool old = f->state.n >= SPANS; /* the oldest in the ring is 26 candles before the next one */
    w->span_a26 = old ? f->span_a[f->state.n % SPANS] : NAN;
    w->span_b26 = old ? f->span_b[f->state.n % SPANS] : NAN;
}

static void candle_close(struct frame *f) {
    const struct candle *c = back(f, 0);
    struct bar b = bar_of(c);
    double out[IND_COUNT];
    const int at = f->state.n;
    indicator_step(&f->state, &f->w, &b, out);
    memcpy(f->recent[at % FRAME_RECENT], out, sizeof out);
    f->span_a[at % SPANS] = (out[IND_TENKAN] + out[IND_KIJUN]) / 2;
    f->span_b[at % SPANS] = f->w.closed >= 51 ? (fmax(f->w.high51, b.high) + fmin(f->w.low51, b.low)) / 2 : NAN;
    windows_make(f);
}

static bool starts_new(const struct frame *f, int64_t at_us) {
    const struct candle *c = f->candles.count > 0 ? back(f, 0) : NULL;
    return c != NULL && at_us >= c->start_us + f->candles.interval_us;
}

static void frame_add(struct frame *f, int64_t at_us, price px, qty size) {
    if (starts_new(f, at_us))
        candle_close(f);
    candle_add(&f->candles, at_us, px, size);
    f->live->made = false;
}

void intel_add(struct intel *x, int64_t at_us, price px, qty size) {
    if (px.micro <= 0)
        return;
    x->ticking = true;
    for (int f = 0; f < FRAME_COUNT; f++)
        frame_add(&x->frames[f], at_us, px, size);
}

void intel_backfill(struct intel *x, int interval_s, const struct candle *c) {
    for (int i = 0; i < FRAME_COUNT; i++) {
        struct frame *f = &x->frames[i];
        if (frame_interval_s[i] != interval_s || x->ticking || c->low.micro <= 0 || (f->candles.count > 0 && !starts_new(f, c->start_us)))
            continue;
        if (f->candles.count > 0)
            candle_close(f);
        candle_add(&f->candles, c->start_us, c->open, QTY(0));
        struct candle *to = (struct candle *)(uintptr_t)back(f, 0);
        int64_t start = to->start_us;
        *to = *c;
        to->start_us = start;
        f->live->made = false;
    }
}

void intel_funding(struct intel *x, int64_t ppm) { x->funding_ppm = ppm; }
int64_t intel_funding_ppm(const struct intel *x) { return x->funding_ppm; }

void intel_open_interest(struct intel *x, qty size) {
    x->oi_latest = (double)size.micro / 1e6;
    x->oi_sum += x->oi_latest;
    x->oi_count++;
}

bool intel_open_interest_get(const struct intel *x, double *latest, double *average) {
    if (x->oi_count == 0)
        return false;
    *latest = x->oi_latest;
    *average = x->oi_sum / (double)x->oi_count;
    return true;
}

/* --- reading ---------------------------------------------------------------------------------------------- */
const struct frame *intel_frame(const struct intel *x, enum intel_frame f) { return &x->frames[f]; }
const struct candle_series *frame_candles(const struct frame *f) { return &f->candles; }

static double live_value(const struct frame *f, enum indicator i) {
    if (f->candles.count == 0)
        return NAN;
    if (!f->live->made) {
        struct ind_state copy = f->state;
        struct bar b = bar_of(back(f, 0));
        indicator_step(&copy, &f->w, &b, f->live->v);
        f->live->made = true;
    }
    return f->live->v[i];
}

double frame_value(const struct frame *f, enum indicator i, int n) {
    if ((unsigned)i >= IND_COUNT || n < 0 || n >= FRAME_RECENT || n > f->state.n)
        return NAN;
    return n == 0 ? live_value(f, i) : f->recent[(f->state.n - n) % FRAME_RECENT][i];
}
