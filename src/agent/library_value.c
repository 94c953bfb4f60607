/* Values of the agents' files as a person writes them: money, shares, times, counts. Exact: no value is rounded on the way in. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "agent/library.h"

/* The number in front (decimal, not negative) and what follows it, blanks dropped. */
static bool number_and_unit(const char *s, int64_t *micro, const char **unit) {
    size_t n = strspn(s, "0123456789.");
    if (n == 0 || !dec_parse(s, n, micro))
        return false;
    s += n;
    while (isspace((unsigned char)*s))
        s++;
    *unit = s;
    return true;
}

bool conf_usd(const char *s, int64_t *micro) {
    const char *unit;
    if (*s == '$')
        s++;
    return number_and_unit(s, micro, &unit) && (*unit == '\0' || str_eq_nocase(unit, "usd"));
}

bool conf_ppm(const char *s, int64_t *ppm) {
    const char *unit;
    int64_t v;
    if (!number_and_unit(s, &v, &unit))
        return false;
    if (*unit == '\0') {
        *ppm = v;
        return true;
    }
    if (strcmp(unit, "%") != 0 || v % 100 != 0)
        return false;
    *ppm = v / 100;
    return true;
}

/* One or several parts: 15m, 1h30m. */
bool conf_duration_ms(const char *s, int64_t *ms) {
    static const struct { const char *unit; int64_t ms; } units[] = {{"", 1000}, {"s", 1000}, {"ms", 1}, {"m", 60000}, {"min", 60000}, {"h", 3600000}, {"d", 86400000}};
    int64_t sum = 0;
    if (*s == '\0')
        return false;
    while (*s) {
        size_t n = strspn(s, "0123456789."), letters;
        int64_t v, part = 0;
        if (n == 0 || !dec_parse(s, n, &v))
            return false;
        for (s += n; *s == ' '; s++)
            ;
        letters = strcspn(s, "0123456789. ");
        bool known = false;
        for (size_t i = 0; i < sizeof units / sizeof *units && !known; i++) {
            known = strlen(units[i].unit) == letters && strncasecmp(s, units[i].unit, letters) == 0;
            if (known && (!dec_muldiv(v, units[i].ms, DEC_ONE, ROUND_DOWN, &part) || (__int128)part * DEC_ONE != (__int128)v * units[i].ms))
                return false;
        }
        if (!known || !dec_add(sum, part, &sum))
            return false;
        s += letters;
    }
    *ms = sum;
    return true;
}

bool conf_count(const char *s, const char *mark, int64_t *n) {
    const char *unit;
    int64_t v;
    if (!number_and_unit(s, &v, &unit) || v % DEC_ONE != 0)
        return false;
    if (*unit != '\0' && strcmp(unit, mark) != 0 && !(strcmp(mark, "percent") == 0 && strcmp(unit, "%") == 0))
        return false;
    *n = v / DEC_ONE;
    return true;
}

bool conf_flag(const char *s, bool *on) {
    static const char *const yes[] = {"yes", "on", "true", "1"}, *const no[] = {"no", "off", "false", "0"};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
        if (str_eq_nocase(s, yes[i]) || str_eq_nocase(s, no[i])) {
            *on = str_eq_nocase(s, yes[i]);
            return true;
        }
    }
    return false;
}

bool conf_limit(const struct risk_limit_info *info, const char *s, int64_t *out) {
    bool on;
    if (strcmp(info->kind, "usd") == 0)
        return conf_usd(s, out);
    if (strcmp(info->kind, "ppm") == 0)
        return conf_ppm(s, out);
    if (strcmp(info->kind, "ms") == 0)
        return conf_duration_ms(s, out);
    if (strcmp(info->unit, "0 or 1") == 0 && conf_flag(s, &on)) {
        *out = on;
        return true;
    }
    return strcmp(info->unit, "0 or 1") != 0 && conf_count(s, info->unit, out);
}
