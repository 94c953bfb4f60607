/* Environment variables that are other names of settings, and the founding system's two words for the simulation switch. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "turret/app/config.h"
#include "turret/base/str.h"
#include "turret/base/utf8.h"

static const struct config_alias aliases[] = {
    {"TURRET_THEME", "ui", "theme", ""},
    {"TURRET_FEED", "engine", "feed", ""},
    {"TURRET_DB", "database", "url", ""},
    {"DATABASE_URL", "database", "url", ""},
    {"SIM_INITIAL_CAPITAL", "sim", "initial_cash", ""},
    {"SIM_QUOTE_CURRENCY", "sim", "currency", ""},
    {"SIM_REFRESH_INTERVAL_MS", "sim", "refresh", "ms"},
    {"SIM_MIN_LATENCY_MS", "sim", "latency_min", "ms"},
    {"SIM_MAX_LATENCY_MS", "sim", "latency_max", "ms"},
    {"SIM_MAX_SLIPPAGE_BPS", "sim", "slippage_max_bps", ""},
    {"SIM_MAKER_FEE_BPS", "sim", "maker_fee_bps", ""},
    {"SIM_TAKER_FEE_BPS", "sim", "taker_fee_bps", ""},
    {"SIM_DETERMINISTIC_SEED", "engine", "seed", ""},
    {"SIM_FUNDING_PERIOD_HOURS", "sim", "funding_period", "h"},
    {"SIM_FUNDING_REFRESH_MS", "sim", "funding_refresh", "ms"},
    {"LIGHTER_BASE_URL", "lighter", "base_url", ""},
    {"LIGHTER_API_KEY_INDEX", "lighter", "api_key_index", ""},
};

int config_alias_count(void) { return sizeof aliases / sizeof *aliases; }
const struct config_alias *config_alias(int i) { return &aliases[i]; }

struct word { const char *word; int value; };
static const struct word switch_words[] = {{"true", 1}, {"yes", 1}, {"1", 1}, {"on", 1}, {"false", 0}, {"no", 0}, {"0", 0}, {"off", 0}, {NULL, 0}};
static const struct word mode_words[] = {{"simulated", 1}, {"live", 0}, {NULL, 0}};

/* -1: not set; -2: not one of the words. */
static int read_word(const char *env, const struct word *words) {
    const char *v = getenv(env);
    if (!v || !*v)
        return -1;
    for (; words->word; words++)
        if (!strcasecmp(v, words->word))
            return words->value;
    return -2;
}

static bool unread(const char *env, const char *choices, char *what, size_t cap) {
    char shown[64];
    utf8_sanitise(shown, sizeof shown, getenv(env), strlen(getenv(env)));
    snprintf(what, cap, "environment %s: '%s' is not one of %s", env, shown, choices);
    return false;
}

bool config_simulation_env(char *what, size_t cap) {
    int on = read_word("IS_SIMULATION_ENABLED", switch_words), mode = read_word("TRADING_MODE", mode_words);
    what[0] = 0;
    if (on == -2)
        return unread("IS_SIMULATION_ENABLED", "true or false", what, cap);
    if (mode == -2)
        return unread("TRADING_MODE", "live or simulated", what, cap);
    if (mode >= 0 && on != mode && (on >= 0 || mode == 0)) {
        snprintf(what, cap, "environment: TRADING_MODE=%s contradicts IS_SIMULATION_ENABLED%s; unset one, or make them agree",
                 mode ? "simulated" : "live", on < 0 ? " (unset means true)" : on ? "=true" : "=false");
        return false;
    }
    if (on >= 0)
        str_copy(what, cap, on ? "yes" : "no");
    return true;
}
