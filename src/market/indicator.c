/* One function an indicator family; the table at the end names them. Sources of the formulas are in INDICATOR_TABLE. */
#include "market/indicator.h"

#include <math.h>
#include <string.h>

#define DAY_US 86400000000LL

struct step { /* what the functions share */
    struct ind_state *s;
    const struct windows *w;
    const struct bar *b;
    double *out;
    double mid, tr, atr10;
};

static double ema_add(struct ema *e, int n, double x) {
    if (e->n < n) {
        e->sum += x;
        e->n++;
        e->value = e->sum / n;
        return e->n == n ? e->value : NAN;
    }
    e->value += 2.0 / (n + 1) * (x - e->value);
    return e->value;
}

static double wilder_add(struct wilder *e, int n, double x) {
    if (e->n < n) {
        e->sum += x;
        e->n++;
        e->value = e->sum / n;
        return e->n == n ? e->value : NAN;
    }
    e->value = (e->value * (n - 1) + x) / n;
    return e->value;
}

static void averages(struct step *k) {
    k->out[IND_EMA20] = ema_add(&k->s->ema20, 20, k->mid);
    k->out[IND_EMA50] = ema_add(&k->s->ema50, 50, k->mid);
    double fast = ema_add(&k->s->ema12, 12, k->mid), slow = ema_add(&k->s->ema26, 26, k->mid);
    k->out[IND_MACD] = fast - slow;
    k->out[IND_MACD_SIGNAL] = isnan(slow) ? NAN : ema_add(&k->s->signal, 9, fast - slow);
}

static double rsi(double gain, double loss) {
    if (isnan(gain))
        return NAN;
    return loss > 0 ? 100 - 100 / (1 + gain / loss) : gain > 0 ? 100 : 50;
}

static void strength(struct step *k) {
    struct ind_state *s = k->s;
    if (s->n == 0)
        return;
    double move = k->b->close - s->close, up = move > 0 ? move : 0, down = move < 0 ? -move : 0;
    double g7 = wilder_add(&s->gain7, 7, up), l7 = wilder_add(&s->loss7, 7, down);
    double g14 = wilder_add(&s->gain14, 14, up), l14 = wilder_add(&s->loss14, 14, down);
    k->out[IND_RSI7] = rsi(g7, l7);
    k->out[IND_RSI14] = rsi(g14, l14);
}

static void ranges(struct step *k) {
    k->atr10 = k->out[IND_ATR10] = wilder_add(&k->s->atr10, 10, k->tr);
    k->out[IND_ATR14] = wilder_add(&k->s->atr14, 14, k->tr);
}

static void bands(struct step *k) {
    const struct windows *w = k->w;
    double ema = ema_add(&k->s->close20, 20, k->b->close);
    if (!isnan(ema) && !isnan(k->atr10)) {
        k->out[IND_KC_UPPER] = ema + 1.5 * k->atr10;
        k->out[IND_KC_LOWER] = ema - 1.5 * k->atr10;
    }
    if (w->closed < 19)
        return;
    double x = k->b->close - w->base, mean = (w->sum19 + x) / 20, var = (w->sumsq19 + x * x) / 20 - mean * mean;
    double sd = var > 0 ? sqrt(var) : 0;
    k->out[IND_SMA20] = w->base + mean;
    k->out[IND_BB_UPPER] = w->base + mean + 2 * sd;
    k->out[IND_BB_LOWER] = w->base + mean - 2 * sd;
}

static void vwap(struct step *k) {
    struct ind_state *s = k->s;
    const struct bar *b = k->b;
    int64_t day = b->start_us / DAY_US;
    if (day != s->day || s->n == 0) {
        s->day = day;
        s->pv = s->volume = s->p_sum = s->p_count = 0;
    }
    double typical = (b->high + b->low + b->close) / 3;
    s->pv += typical * b->volume;
    s->volume += b->volume;
    s->p_sum += typical;
    s->p_count += 1;
    k->out[IND_VWAP] = s->volume > 0 ? s->pv / s->volume : s->p_sum / s->p_count;
}

static void direction(struct step *k) {
    struct ind_state *s = k->s;
    const struct bar *b = k->b;
    if (s->n == 0)
        return;
    double up = b->high - s->high, down = s->low - b->low;
    double plus = up > down && up > 0 ? up : 0, minus = down > up && down > 0 ? down : 0;
    const bool seeding = s->di_n < 14;
    s->tr14 = seeding ? s->tr14 + k->tr : s->tr14 - s->tr14 / 14 + k->tr;
    s->plus14 = seeding ? s->plus14 + plus : s->plus14 - s->plus14 / 14 + plus;
    s->minus14 = seeding ? s->minus14 + minus : s->minus14 - s->minus14 / 14 + minus;
    if (seeding && ++s->di_n < 14)
        return;
    double pdi = s->tr14 > 0 ? 100 * s->plus14 / s->tr14 : 0, mdi = s->tr14 > 0 ? 100 * s->minus14 / s->tr14 : 0;
    k->out[IND_PLUS_DI] = pdi;
    k->out[IND_MINUS_DI] = mdi;
    k->out[IND_ADX14] = wilder_add(&s->dx14, 14, pdi + mdi > 0 ? 100 * fabs(pdi - mdi) / (pdi + mdi) : 0);
}

/* The first direction is down, as the usual charts have it. */
static void supertrend(struct step *k) {
    struct ind_state *s = k->s;
    const struct bar *b = k->b;
    if (isnan(k->atr10))
        return;
    double hl2 = (b->high + b->low) / 2, up = hl2 + 3 * k->atr10, down = hl2 - 3 * k->atr10;
    if (s->trend_set) {
        if (!(up < s->band_up || s->close > s->band_up))
            up = s->band_up;
        if (!(down > s->band_down || s->close < s->band_down))
            down = s->band_down;
        s->trend_up = s->trend_up ? b->close >= down : b->close > up;
    }
    s->trend_set = true;
    s->band_up = up;
    s->band_down = down;
    k->out[IND_SUPERTREND] = s->trend_up ? down : up;
}

static double middle(const struct bar *b, double high, double low) { return (fmax(high, b->high) + fmin(low, b->low)) / 2; }

static void ichimoku(struct step *k) {
    const struct windows *w = k->w;
    if (w->closed >= 8)
        k->out[IND_TENKAN] = middle(k->b, w->high8, w->low8);
    if (w->closed >= 25)
        k->out[IND_KIJUN] = middle(k->b, w->high25, w->low25);
    k->out[IND_SPAN_A] = w->span_a26;
    k->out[IND_SPAN_B] = w->span_b26;
}

static void channel(struct step *k) {
    if (k->w->closed < 20)
        return;
    k->out[IND_HIGH20] = k->w->high20;
    k->out[IND_LOW20] = k->w->low20;
}

static void volume(struct step *k) {
    if (k->w->closed > 0 && k->w->volume30 > 0)
        k->out[IND_VOLUME_RATIO] = k->b->volume / k->w->volume30;
}

/* In order: bands and Supertrend read the ATR of the same step. */
static void (*const steps[])(struct step *) = {averages, strength, ranges, bands, vwap, direction, supertrend, ichimoku, channel, volume};

void indicator_step(struct ind_state *s, const struct windows *w, const struct bar *b, double out[IND_COUNT]) {
    struct step k = {.s = s, .w = w, .b = b, .out = out, .mid = (b->open + b->close) / 2, .atr10 = NAN};
    for (int i = 0; i < IND_COUNT; i++)
        out[i] = NAN;
    k.tr = b->high - b->low;
    if (s->n > 0)
        k.tr = fmax(k.tr, fmax(fabs(b->high - s->close), fabs(b->low - s->close)));
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        steps[i](&k);
    s->n++;
    s->high = b->high;
    s->low = b->low;
    s->close = b->close;
}

static const struct indicator_info infos[IND_COUNT] = {
#define X(N, key, label, digits, source) [IND_##N] = {key, label, source, digits},
    INDICATOR_TABLE(X)
#undef X
};

const struct indicator_info *indicator_info(enum indicator i) { return (unsigned)i < IND_COUNT ? &infos[i] : NULL; }

bool indicator_parse(const char *key, enum indicator *out) {
    for (unsigned i = 0; i < IND_COUNT; i++)
        if (strcmp(infos[i].key, key) == 0) {
            *out = (enum indicator)i;
            return true;
        }
    return false;
}

const char *adx_word(double adx) { return isnan(adx) ? "n/a" : adx >= 25 ? "strong" : adx >= 20 ? "moderate" : "weak"; }

const char *cloud_word(double now, double a, double b) {
    if (isnan(now) || isnan(a) || isnan(b))
        return "n/a";
    return now > fmax(a, b) ? "ABOVE" : now < fmin(a, b) ? "BELOW" : "INSIDE";
}
