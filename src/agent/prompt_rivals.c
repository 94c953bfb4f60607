/* How well a model did, and against whom: figures over all its trades, and the other models of the desk. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/prompt_parts.h"
#include "turret/base/utf8.h"
#include "turret/trade/metrics.h"

enum { STANDINGS_MAX = 260, RIVALS_MAX = 380, MODELS_MAX = 256, TOP = 5, OF_EACH = 2 };
static const double behind_pp = 0.005; /* smaller gaps are none */

/* --- performance --- */
static void put_value(struct str *out, double v, const char *unit) {
    if (isnan(v))
        str_add(out, "n/a");
    else if (isinf(v))
        str_add(out, "no losses");
    else if (strcmp(unit, "count") == 0)
        str_addf(out, "%.0f", v);
    else if (strcmp(unit, "time") == 0)
        prompt_span(out, (int64_t)(v * 1e6));
    else
        str_addf(out, "%.2f%s", v, strcmp(unit, "pct") == 0 ? " %" : strcmp(unit, "usd") == 0 ? " USD" : "");
}

static const enum metric told[] = {METRIC_RETURN, METRIC_TOTAL_PNL, METRIC_FEES, METRIC_TRADES, METRIC_WIN_RATE, METRIC_AVG_WIN, METRIC_AVG_LOSS, METRIC_EXPECTANCY, METRIC_PROFIT_FACTOR,
                                   METRIC_AVG_R, METRIC_SHARPE, METRIC_TRADE_SHARPE, METRIC_DRAWDOWN, METRIC_MAX_DRAWDOWN, METRIC_RECOVERY, METRIC_DECISION_QUALITY, METRIC_BRIER,
                                   METRIC_BRIER_MARKET, METRIC_STREAK, METRIC_AVG_HOLD_WIN, METRIC_AVG_HOLD_LOSS};

/* Each is told where the figure is on the wrong side; an undefined one warns of nothing. */
static const struct warning { enum metric of; bool below; double bound; const char *text; } warnings[] = {
    {METRIC_PROFIT_FACTOR, true, 1, "profit factor below 1: the losses are larger than the wins. Be more selective."},
    {METRIC_AVG_R, true, 0, "average R below 0: the trades do not earn what they risk."},
    {METRIC_PAYOFF, true, 1, "the average loss is larger than the average win: cut sooner or let winners run."},
    {METRIC_DECISION_QUALITY, true, 0, "decision quality below 0: the more confident you were, the worse it went. Lower your confidence."},
    {METRIC_STREAK, true, -5, "more than five losses in a row: halve your size."},
    {METRIC_DRAWDOWN, false, 10, "more than a tenth below the highest equity: protect what is left."},
};

void put_PERFORMANCE_OVERVIEW(const struct prompt_ctx *c, struct str *out) {
    const struct metrics *k = view_metrics(c->view, c->m->account);
    if (!k) {
        str_add(out, "no figures yet");
        return;
    }
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        const struct metric_info *info = metric_info(told[i]);
        str_addf(out, "%s%s: ", i > 0 ? "\n" : "", info->label);
        put_value(out, metrics_value(k, told[i]), info->unit);
    }
    if (metrics_few(k))
        str_addf(out, "\n(fewer than %d trades: chance more than skill)", METRICS_MIN_TRADES);
    if (!(metrics_value(k, METRIC_TRADES) >= 3))
        return; /* nothing can be said of one or two */
    for (size_t i = 0; i < sizeof warnings / sizeof *warnings; i++) {
        double v = metrics_value(k, warnings[i].of);
        if (warnings[i].below ? v < warnings[i].bound : v > warnings[i].bound)
            str_addf(out, "\nWARNING: %s", warnings[i].text);
    }
}

/* --- rivals --- */
struct rival { const struct model *m; double ret; bool self; };

static int by_return(const void *a, const void *b) {
    const struct rival *x = a, *y = b;
    return x->ret != y->ret ? (x->ret < y->ret ? 1 : -1) : strcmp(x->m->name, y->m->name);
}

/* Return of an account since its start, percent: (equity - initial) / initial. */
static bool return_of(const struct desk *view, account_id id, double *out) {
    struct view_account a;
    if (!view_account(view, id, &a) || a.a->initial.micro <= 0)
        return false;
    *out = (double)(a.equity.micro - a.a->initial.micro) / (double)a.a->initial.micro * 100;
    return true;
}

static int rivals(const struct prompt_ctx *c, struct rival *list) {
    int n = 0;
    for (int i = 0; i < view_model_count(c->view) && n < MODELS_MAX; i++) {
        struct view_model v;
        if (!view_model_at(c->view, i, &v) || !v.m->enabled || !return_of(c->view, v.m->account, &list[n].ret))
            continue;
        list[n].m = v.m;
        list[n++].self = v.m->account == c->m->account;
    }
    if (n > 1)
        qsort(list, (size_t)n, sizeof *list, by_return);
    return n;
}

/* Whole pieces only, so that nothing is cut in the middle of a figure. */
static bool add_piece(struct str *out, size_t start, size_t most, const char *piece) {
    if (out->len - start + strlen(piece) > most)
        return false;
    str_add(out, piece);
    return true;
}

void put_COMPETITION_STANDINGS(const struct prompt_ctx *c, struct str *out) {
    struct rival list[MODELS_MAX];
    int n = rivals(c, list);
    size_t start = out->len;
    for (int i = 0; i < n && i < TOP; i++) {
        char piece[96];
        snprintf(piece, sizeof piece, "%s#%d %s %+.2f%%%s", i > 0 ? " | " : "", i + 1, list[i].m->name, list[i].ret, list[i].self ? " (you)" : "");
        if (!add_piece(out, start, STANDINGS_MAX, piece))
            break;
    }
    if (n == 0)
        str_add(out, "no standings yet");
}

void put_COMPETITION_PNL_DELTA(const struct prompt_ctx *c, struct str *out) {
    struct rival list[MODELS_MAX];
    int n = rivals(c, list), me = -1;
    for (int i = 0; i < n; i++)
        if (list[i].self)
            me = i;
    if (me < 0 || n < 2) {
        str_add(out, "no rivals to be compared with");
        return;
    }
    double gap = list[0].ret - list[me].ret;
    if (gap < behind_pp)
        str_addf(out, "you are leading, %.2fpp ahead of the next (rank 1 of %d)", me == 0 ? list[me].ret - list[1].ret : 0.0, n);
    else
        str_addf(out, "%.2fpp behind the leader (rank %d of %d)", gap, me + 1, n);
}

/* "trend: BTC-PERP long, ETH-PERP short +1": the oldest two of each. */
static void holdings(const struct prompt_ctx *c, const struct model *m, char *buf, size_t cap) {
    int n = 0, more = 0;
    size_t at = (size_t)snprintf(buf, cap, "%s: ", m->name);
    for (size_t i = 0; i < c->open_count; i++) {
        const struct order *o = c->open[i];
        struct view_market k;
        if (o->account != m->account || !view_market(c->view, o->market, &k))
            continue;
        if (n++ >= OF_EACH) {
            more++;
            continue;
        }
        at += (size_t)snprintf(buf + at, cap - at, "%s%s %s", n > 1 ? ", " : "", k.m->symbol, order_side_name((enum order_side)o->side));
    }
    if (more > 0)
        snprintf(buf + at, cap - at, " +%d", more);
    else if (n == 0)
        snprintf(buf + at, cap - at, "flat");
}

void put_COMPETITION_OPEN_POSITIONS(const struct prompt_ctx *c, struct str *out) {
    struct rival list[MODELS_MAX];
    int n = rivals(c, list), said = 0;
    size_t start = out->len;
    for (int i = 0; i < n; i++) {
        char piece[224] = " | ";
        if (list[i].self)
            continue;
        holdings(c, list[i].m, piece + 3, sizeof piece - 3);
        if (!add_piece(out, start, RIVALS_MAX, said > 0 ? piece : piece + 3))
            break;
        said++;
    }
    if (said == 0)
        str_add(out, "nobody else trades here");
}
