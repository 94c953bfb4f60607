/* Weak definitions for tests that link the agents without the desk: the real ones take their place where they are linked. */
#ifndef TESTS_STANDINS_H
#define TESTS_STANDINS_H

#include <stddef.h>
#include <string.h>

#include "turret/trade/metrics.h"
#include "turret/trade/risk.h"

#define WEAK __attribute__((weak))
#define UNIT_usd DEC_ONE
#define UNIT_ppm 1
#define UNIT_ms 1
#define UNIT_count 1

WEAK const struct risk_limit_info *agent_limit_table(int *n) {
    static const struct risk_limit_info rows[] = {
#define X(key, kind, def, unit, help) {#key, #kind, unit, help, (def) * UNIT_##kind, offsetof(struct agent_limits, key)},
        AGENT_LIMITS(X)
#undef X
    };
    *n = sizeof rows / sizeof *rows;
    return rows;
}
WEAK void agent_limits_default(struct agent_limits *l) {
#define X(key, kind, def, unit, help) l->key = (def) * UNIT_##kind;
    AGENT_LIMITS(X)
#undef X
}
WEAK bool model_may_trade(const struct model *m, const struct market *k) {
    return m->markets[0] == '\0' || (strcmp(m->markets, "perp") == 0 && k->kind == MARKET_PERP) || strstr(m->markets, k->symbol);
}
WEAK const struct metric_info *metric_info(enum metric m) {
    static const struct metric_info rows[] = {
#define X(N, key, label, unit, source) {key, label, unit, source},
        METRIC_TABLE(X)
#undef X
    };
    return &rows[m];
}
WEAK bool metrics_few(const struct metrics *m) { return metrics_value(m, METRIC_TRADES) < METRICS_MIN_TRADES; }
WEAK double metrics_value(const struct metrics *m, enum metric k) { return ((const double *)(const void *)m)[k]; }

#endif
