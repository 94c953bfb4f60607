/* Performance figures, kept up to date one trade and one sample at a time: exact sums in integers, moments after Welford, medians
 * in two heaps. Formulas and sources are in METRIC_TABLE. */
#include "turret/trade/metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "trade/median.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"

#define MINUTES_A_YEAR 525600.0
#define SAMPLE_MIN_US 30000000LL  /* nearer samples only move the newest value */
#define SAMPLE_MAX_US 120000000LL /* farther ones are no return of a minute */
#define RETURNS_MIN 30

struct moments { uint64_t n; double mean, m2; };
struct pairs { uint64_t n; double x, y, xx, yy, xy; }; /* means and central sums */
struct share { uint64_t n; __int128 sum; };            /* count and exact sum in micro units */

struct metrics {
    uint64_t trades, longs;
    struct share all, wins, losses, fees, size, hold, hold_win, hold_loss;
    usd best, worst, top[3], max_size;
    int64_t max_hold_us;
    int64_t streak, win_streak, loss_streak;
    struct moments pnl, r;
    struct pairs decision;
    uint64_t confidence_count[101], tagged, confidence_sum;
    struct metrics_bin bins[10]; /* sums until asked for */
    uint64_t resolved;
    double brier, brier_market;
    struct median median_hold, median_size;
    /* equity */
    bool sampled;
    int64_t counted_us;
    usd counted, first, now, peak;
    int64_t max_fall;         /* micro USD */
    double max_fall_share;
    struct moments ret;
    double ret_below;         /* sum of squares of negative returns */
};

static void moments_add(struct moments *m, double x) {
    double d = x - m->mean;
    m->n++;
    m->mean += d / (double)m->n;
    m->m2 += d * (x - m->mean);
}

static double deviation(const struct moments *m) { return m->n > 0 ? sqrt(m->m2 / (double)m->n) : NAN; }

static void pairs_add(struct pairs *p, double x, double y) {
    double dx = x - p->x, dy = y - p->y;
    p->n++;
    p->x += dx / (double)p->n;
    p->y += dy / (double)p->n;
    p->xx += dx * (x - p->x);
    p->yy += dy * (y - p->y);
    p->xy += dx * (y - p->y);
}

static void share_add(struct share *s, int64_t v) {
    s->n++;
    s->sum += v;
}

static double share_sum(const struct share *s) { return (double)s->sum / 1e6; }
static double share_mean(const struct share *s) { return s->n > 0 ? (double)s->sum / (double)s->n / 1e6 : NAN; }

struct metrics *metrics_new(void) { return xcalloc(1, sizeof(struct metrics)); }

void metrics_free(struct metrics *m) {
    if (m == NULL)
        return;
    median_free(&m->median_hold);
    median_free(&m->median_size);
    free(m);
}

/* --- trades ---------------------------------------------------------------------------------------- */
static void top_add(struct metrics *m, usd pnl) {
    for (int i = 0; i < 3; i++)
        if (pnl.micro > m->top[i].micro) {
            usd down = m->top[i];
            m->top[i] = pnl;
            pnl = down;
        }
}

static void outcome_add(struct metrics *m, const struct trade_stat *t) {
    int64_t hold = t->closed_us > t->opened_us ? t->closed_us - t->opened_us : 0;
    const int sign = (t->pnl.micro > 0) - (t->pnl.micro < 0);
    share_add(&m->all, t->pnl.micro);
    if (sign != 0) {
        share_add(sign > 0 ? &m->wins : &m->losses, t->pnl.micro);
        share_add(sign > 0 ? &m->hold_win : &m->hold_loss, hold);
        m->streak = sign > 0 ? (m->streak > 0 ? m->streak + 1 : 1) : (m->streak < 0 ? m->streak - 1 : -1);
    } else {
        m->streak = 0;
    }
    if (m->streak > m->win_streak)
        m->win_streak = m->streak;
    if (-m->streak > m->loss_streak)
        m->loss_streak = -m->streak;
    if (m->trades == 1 || t->pnl.micro > m->best.micro)
        m->best = t->pnl;
    if (m->trades == 1 || t->pnl.micro < m->worst.micro)
        m->worst = t->pnl;
    top_add(m, t->pnl);
    share_add(&m->hold, hold);
    median_add(&m->median_hold, hold);
    if (hold > m->max_hold_us)
        m->max_hold_us = hold;
}

static void confidence_add(struct metrics *m, const struct trade_stat *t) {
    if (t->confidence < 0 || t->confidence > 100)
        return;
    const double c = t->confidence / 100.0, came = t->resolved == 1 ? 1 : 0;
    struct metrics_bin *b = &m->bins[t->confidence < 100 ? t->confidence / 10 : 9];
    m->confidence_count[t->confidence]++;
    m->tagged++;
    m->confidence_sum += (uint64_t)t->confidence;
    pairs_add(&m->decision, t->confidence, (double)t->pnl.micro / 1e6);
    b->count++;
    b->confidence += c;
    b->won += t->resolved != 0 ? came : t->pnl.micro > 0;
    if (t->resolved == 0)
        return;
    const double px = (double)t->entry.micro / 1e6;
    m->resolved++;
    m->brier += (c - came) * (c - came);
    m->brier_market += (px - came) * (px - came);
}

void metrics_trade(struct metrics *m, const struct trade_stat *t) {
    m->trades++;
    m->longs += t->side == 0 || t->side == 2; /* yes, long */
    outcome_add(m, t);
    share_add(&m->fees, t->fees.micro);
    share_add(&m->size, t->notional.micro);
    median_add(&m->median_size, t->notional.micro);
    if (t->notional.micro > m->max_size.micro)
        m->max_size = t->notional;
    moments_add(&m->pnl, (double)t->pnl.micro / 1e6);
    if (t->risk.micro > 0)
        moments_add(&m->r, (double)t->pnl.micro / (double)t->risk.micro);
    confidence_add(m, t);
}

/* --- equity ---------------------------------------------------------------------------------------- */
static void fall_add(struct metrics *m) {
    if (m->now.micro > m->peak.micro)
        m->peak = m->now;
    int64_t fall = m->peak.micro - m->now.micro;
    if (fall > m->max_fall)
        m->max_fall = fall;
    if (m->peak.micro > 0 && (double)fall / (double)m->peak.micro > m->max_fall_share)
        m->max_fall_share = (double)fall / (double)m->peak.micro;
}

void metrics_equity(struct metrics *m, int64_t at_us, usd equity) {
    m->now = equity;
    if (!m->sampled) {
        m->sampled = true;
        m->first = m->counted = m->peak = equity;
        m->counted_us = at_us;
        return;
    }
    fall_add(m);
    const int64_t gap = at_us - m->counted_us;
    if (gap < SAMPLE_MIN_US)
        return;
    if (gap <= SAMPLE_MAX_US && m->counted.micro > 0) {
        double r = (double)(equity.micro - m->counted.micro) / (double)m->counted.micro;
        moments_add(&m->ret, r);
        if (r < 0)
            m->ret_below += r * r;
    }
    m->counted = equity;
    m->counted_us = at_us;
}

void metrics_now(struct metrics *m, usd equity) {
    if (!m->sampled)
        return;
    m->now = equity;
    fall_add(m);
}

/* --- figures ---------------------------------------------------------------------------------------- */
static double ratio(double a, double b) { return b != 0 ? a / b : NAN; }
static double pct(double a, double b) { return b != 0 ? a / b * 100 : NAN; }
static double usd_num(usd v) { return (double)v.micro / 1e6; }

static double trade_sharpe(const struct metrics *m) {
    double s = deviation(&m->pnl);
    if (m->trades < 2 || !(s > 0))
        return NAN;
    double x = m->pnl.mean / s;
    return x > 100 ? 100 : x < -100 ? -100 : x;
}

static double sharpe(const struct metrics *m) {
    double s = deviation(&m->ret);
    return m->ret.n >= RETURNS_MIN && s > 1e-12 ? m->ret.mean / s * sqrt(MINUTES_A_YEAR) : NAN;
}

static double sortino(const struct metrics *m) {
    if (m->ret.n < RETURNS_MIN || !(m->ret_below > 0))
        return NAN;
    return m->ret.mean / sqrt(m->ret_below / (double)m->ret.n) * sqrt(MINUTES_A_YEAR);
}

static double total_return(const struct metrics *m) {
    return m->sampled && m->first.micro > 0 ? pct((double)(m->now.micro - m->first.micro), (double)m->first.micro) : NAN;
}

static double expectancy(const struct metrics *m) {
    if (m->trades == 0)
        return NAN;
    double n = (double)m->trades, win = m->wins.n > 0 ? share_mean(&m->wins) : 0, loss = m->losses.n > 0 ? share_mean(&m->losses) : 0;
    return (double)m->wins.n / n * win - (double)m->losses.n / n * fabs(loss);
}

static double profit_factor(const struct metrics *m) {
    if (m->losses.n == 0)
        return m->wins.n > 0 ? INFINITY : NAN;
    return share_sum(&m->wins) / fabs(share_sum(&m->losses));
}

static double median_confidence(const struct metrics *m) {
    if (m->tagged == 0)
        return NAN;
    uint64_t seen = 0, low = (m->tagged - 1) / 2, high = m->tagged / 2;
    double sum = 0;
    for (int c = 0; c <= 100; c++) {
        uint64_t next = seen + m->confidence_count[c];
        sum += (low >= seen && low < next ? c : 0) + (high >= seen && high < next ? c : 0);
        seen = next;
    }
    return sum / 2;
}

static double quality(const struct metrics *m) {
    const struct pairs *p = &m->decision;
    return p->n >= 3 && p->xx > 0 && p->yy > 0 ? p->xy / sqrt(p->xx * p->yy) : NAN;
}

static double seconds(double us) { return us / 1e6; }

double metrics_value(const struct metrics *m, enum metric k) {
    const double n = (double)m->trades;
    const bool any = m->trades > 0;
    switch (k) {
    case METRIC_TRADES: return n;
    case METRIC_TOTAL_PNL: return share_sum(&m->all);
    case METRIC_FEES: return share_sum(&m->fees);
    case METRIC_WIN_RATE: return any ? pct((double)m->wins.n, n) : NAN;
    case METRIC_AVG_WIN: return share_mean(&m->wins);
    case METRIC_AVG_LOSS: return share_mean(&m->losses);
    case METRIC_BIGGEST_WIN: return any ? usd_num(m->best) : NAN;
    case METRIC_BIGGEST_LOSS: return any ? usd_num(m->worst) : NAN;
    case METRIC_EXPECTANCY: return expectancy(m);
    case METRIC_PROFIT_FACTOR: return profit_factor(m);
    case METRIC_PAYOFF: return m->losses.n > 0 ? ratio(share_mean(&m->wins), fabs(share_mean(&m->losses))) : NAN;
    case METRIC_AVG_R: return m->r.n > 0 ? m->r.mean : NAN;
    case METRIC_TRADE_SHARPE: return trade_sharpe(m);
    case METRIC_RETURN: return total_return(m);
    case METRIC_SHARPE: return sharpe(m);
    case METRIC_SORTINO: return sortino(m);
    case METRIC_CALMAR: return m->max_fall_share > 0 ? total_return(m) / (m->max_fall_share * 100) : NAN;
    case METRIC_MAX_DRAWDOWN: return m->sampled ? m->max_fall_share * 100 : NAN;
    case METRIC_DRAWDOWN: return m->sampled && m->peak.micro > 0 ? pct((double)(m->peak.micro - m->now.micro), (double)m->peak.micro) : NAN;
    case METRIC_RECOVERY: return m->max_fall > 0 ? (double)(m->now.micro - m->first.micro) / (double)m->max_fall : NAN;
    case METRIC_AVG_HOLD: return share_mean(&m->hold); /* micro seconds come out as seconds */
    case METRIC_MEDIAN_HOLD: return any ? seconds(median_value(&m->median_hold)) : NAN;
    case METRIC_MAX_HOLD: return any ? seconds((double)m->max_hold_us) : NAN;
    case METRIC_AVG_HOLD_WIN: return share_mean(&m->hold_win);
    case METRIC_AVG_HOLD_LOSS: return share_mean(&m->hold_loss);
    case METRIC_AVG_SIZE: return share_mean(&m->size);
    case METRIC_MEDIAN_SIZE: return any ? median_value(&m->median_size) / 1e6 : NAN;
    case METRIC_MAX_SIZE: return any ? usd_num(m->max_size) : NAN;
    case METRIC_LONG_SHARE: return any ? pct((double)m->longs, n) : NAN;
    case METRIC_WIN_STREAK: return (double)m->win_streak;
    case METRIC_LOSS_STREAK: return (double)m->loss_streak;
    case METRIC_STREAK: return (double)m->streak;
    case METRIC_AVG_CONFIDENCE: return m->tagged > 0 ? (double)m->confidence_sum / (double)m->tagged : NAN;
    case METRIC_MEDIAN_CONFIDENCE: return median_confidence(m);
    case METRIC_DECISION_QUALITY: return quality(m);
    case METRIC_BRIER: return m->resolved > 0 ? m->brier / (double)m->resolved : NAN;
    case METRIC_BRIER_MARKET: return m->resolved > 0 ? m->brier_market / (double)m->resolved : NAN;
    case METRIC_BRIER_COUNT: return (double)m->resolved;
    case METRIC_TOP3_SHARE: return m->wins.n > 0 ? pct(usd_num(m->top[0]) + usd_num(m->top[1]) + usd_num(m->top[2]), share_sum(&m->wins)) : NAN;
    case METRIC_COUNT: break;
    }
    return NAN;
}

bool metrics_few(const struct metrics *m) { return m->trades < METRICS_MIN_TRADES; }

void metrics_calibration(const struct metrics *m, struct metrics_bin out[10]) {
    for (int i = 0; i < 10; i++) {
        const struct metrics_bin *b = &m->bins[i];
        out[i] = (struct metrics_bin){b->count, b->count > 0 ? b->confidence / b->count * 100 : NAN, b->count > 0 ? b->won / b->count * 100 : NAN};
    }
}

/* --- the table ---------------------------------------------------------------------------------------- */
static const struct metric_info infos[METRIC_COUNT] = {
#define X(N, key, label, unit, source) [METRIC_##N] = {key, label, unit, source},
    METRIC_TABLE(X)
#undef X
};

const struct metric_info *metric_info(enum metric k) { return (unsigned)k < METRIC_COUNT ? &infos[k] : NULL; }

bool metric_parse(const char *key, enum metric *out) {
    for (unsigned i = 0; i < METRIC_COUNT; i++)
        if (str_eq_nocase(infos[i].key, key)) {
            *out = (enum metric)i;
            return true;
        }
    return false;
}
