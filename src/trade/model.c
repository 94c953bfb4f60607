/* Models: the table of their limits, the names of how runs end, and the markets they may trade. */
#include "turret/trade/model.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "turret/trade/risk.h"

/* As in risk.c: usd limits are kept in micro units. */
#define SCALE_usd DEC_ONE
#define SCALE_count 1
#define SCALE_ppm 1
#define SCALE_ms 1

static const struct risk_limit_info agent_table[] = {
#define X(key, kind, def, unit, help) {#key, #kind, unit, help, (int64_t)(def) * SCALE_##kind, offsetof(struct agent_limits, key)},
    AGENT_LIMITS(X)
#undef X
};

const struct risk_limit_info *agent_limit_table(int *count) {
    *count = sizeof agent_table / sizeof *agent_table;
    return agent_table;
}

void agent_limits_default(struct agent_limits *l) {
#define X(key, kind, def, unit, help) l->key = (int64_t)(def) * SCALE_##kind;
    AGENT_LIMITS(X)
#undef X
}

const char *run_status_name(enum run_status s) {
    static const char *const names[RUN_STATUS_COUNT] = {"running", "ok", "failed", "timeout", "cancelled", "aborted"};
    return (unsigned)s < RUN_STATUS_COUNT ? names[s] : "?";
}

static bool word_is(const char *word, size_t n, const char *other) { return strlen(other) == n && strncasecmp(word, other, n) == 0; }

bool model_may_trade(const struct model *m, const struct market *market) {
    const char *p = m->markets;
    bool any = false;
    if (market->venue == VENUE_SIM2) /* models have their accounts on the first simulated venue */
        return false;
    while (*p != 0) {
        while (*p == ',' || isspace((unsigned char)*p))
            p++;
        size_t n = 0;
        while (p[n] != 0 && p[n] != ',' && !isspace((unsigned char)p[n]))
            n++;
        if (n > 0) {
            any = true;
            if (word_is(p, n, market->symbol) || word_is(p, n, market_kind_name((enum market_kind)market->kind)))
                return true;
        }
        p += n;
    }
    return !any;
}
