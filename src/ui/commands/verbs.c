/* Commands of several words, and the values that automations share. */
#include "ui/commands/verbs.h"

#include <stdio.h>
#include <string.h>

#include "turret/base/str.h"
#include "turret/base/utf8.h"

#define DAY_US 86400000000LL

char complete_verb[24], complete_second[48];

static bool verb_takes(const struct verb *v, const char *option) {
    char name[24], value[64];
    const char *line = v->usage;
    if (!line)
        return true;
    while (option_next(&line, name, value))
        if (!strcmp(name, option))
            return true;
    return false;
}

static bool verb_fits(const struct verb *v, const struct args *a, struct command_result *r) {
    const char *usage = v->usage ? v->usage : a->cmd->args;
    for (int i = 0; i < a->n_options; i++)
        if (!verb_takes(v, a->options[i].name))
            return fail(r, ERR_USAGE, "%s %s takes no %s; usage: %s %s %s", a->cmd->name, v->name, a->options[i].name, a->cmd->name, v->name, usage);
    if (a->n - 1 < v->min)
        return fail(r, ERR_USAGE, "%s %s: an argument is missing; usage: %s %s %s", a->cmd->name, v->name, a->cmd->name, v->name, usage);
    if (v->max >= 0 && a->n - 1 > v->max)
        return fail(r, ERR_USAGE, "%s %s: \"%.24s\" is one argument too many; usage: %s %s %s", a->cmd->name, v->name, a->pos[v->max + 1], a->cmd->name, v->name, usage);
    return true;
}

static bool verb_unknown(const struct verb *verbs, int count, const struct args *a, struct command_result *r) {
    const char *names[24];
    char all[120] = "";
    for (int i = 0; i < count && i < 24; i++) {
        const size_t n = strlen(all);
        names[i] = verbs[i].name;
        snprintf(all + n, sizeof all - n, "%s%s", i ? ", " : "", names[i]);
    }
    const char *close = str_closest(a->pos[0], names, count < 24 ? count : 24);
    return close ? fail(r, ERR_USAGE, "%s: no \"%.24s\"; did you mean %s?", a->cmd->name, a->pos[0], close)
                 : fail(r, ERR_USAGE, "%s: \"%.24s\" is none of %s", a->cmd->name, a->pos[0], all);
}

void verbs_run(const struct verb *verbs, int count, const struct command_ctx *c, int argc, char **argv, struct command_result *r) {
    struct args a;
    if (!args_parse(argc, argv, &a, r))
        return;
    if (a.n == 0)
        a.pos[a.n++] = verbs[0].name;
    for (int i = 0; i < count; i++)
        if (!strcmp(verbs[i].name, a.pos[0])) {
            if (verb_fits(&verbs[i], &a, r))
                verbs[i].run(c, &a, r);
            return;
        }
    verb_unknown(verbs, count, &a, r);
}

const char *verbs_complete(const struct verb *verbs, int count, const char *prefix, int i) {
    for (int k = 0; k < count; k++)
        if (str_has_prefix_nocase(verbs[k].name, prefix) && i-- == 0)
            return verbs[k].name;
    return NULL;
}

const char *complete_words(const char *const *list, const char *prefix, int i) {
    for (; *list; list++)
        if (str_has_prefix_nocase(*list, prefix) && i-- == 0)
            return *list;
    return NULL;
}

void args_rest(const struct args *a, int from, char *out, size_t cap) {
    char text[1024] = "";
    for (int i = from; i < a->n; i++) {
        const size_t n = strlen(text);
        snprintf(text + n, sizeof text - n, "%s%s", i > from ? " " : "", a->pos[i]);
    }
    utf8_sanitise(out, cap, text, strlen(text));
}

/* --- values ------------------------------------------------------------------------------------- */
static bool is_none(const char *text) { return str_eq_nocase(text, "none") || str_eq_nocase(text, "off"); }

bool arg_ms(const char *what, const char *text, bool none, uint32_t *ms, struct command_result *r) {
    char number[48];
    int64_t us = 0;
    str_copy(number, sizeof number, text);
    const size_t n = strlen(number);
    if (none && (is_none(text) || !strcmp(text, "0") || !strcmp(text, "0s"))) {
        *ms = 0;
        return true;
    }
    if (n > 2 && !strcmp(number + n - 2, "ms")) {
        number[n - 2] = 0;
        int64_t whole;
        if (!arg_int(what, number, 1, DAY_US / 1000, &whole, r))
            return false;
        *ms = (uint32_t)whole;
        return true;
    }
    if (!arg_duration(what, text, &us, r))
        return false;
    if (us > DAY_US * 7)
        return fail(r, ERR_BAD_VALUE, "%s: \"%.32s\" is longer than a week", what, text);
    *ms = (uint32_t)(us / 1000);
    return true;
}

bool arg_e4(const char *what, const char *text, uint32_t max, uint32_t *e4, struct command_result *r) {
    char number[48], top[FORMAT_MAX];
    int64_t micro;
    str_copy(number, sizeof number, text);
    const size_t n = strlen(number);
    if (is_none(text)) {
        *e4 = 0;
        return true;
    }
    if (n > 1 && number[n - 1] == '%')
        number[n - 1] = 0;
    if (!dec_parse_str(number, &micro) || micro < 0 || micro % 10000)
        return fail(r, ERR_BAD_VALUE, "%s: \"%.32s\" is no percentage; write 2%% or 0.5%%", what, text);
    if (micro / 10000 > max)
        return fail(r, ERR_BAD_VALUE, "%s: \"%.32s\" is above %s", what, text, format_percent(max, 10000, 0, false, top));
    *e4 = (uint32_t)(micro / 10000);
    return true;
}

bool arg_cash(const char *what, const char *text, bool none, usd *out, struct command_result *r) {
    if (none && is_none(text)) {
        *out = USD(0);
        return true;
    }
    if (!arg_decimal(what, text, &out->micro, r))
        return false;
    return out->micro > 0 ? true : fail(r, ERR_BAD_VALUE, "%s: \"%.32s\": an amount is above 0%s", what, text, none ? " (none removes it)" : "");
}

bool arg_count(const char *what, const char *text, uint32_t *out, struct command_result *r) {
    int64_t n = 0;
    if (!is_none(text) && !arg_int(what, text, 1, 1000000, &n, r))
        return false;
    *out = (uint32_t)n;
    return true;
}

/* Days since 1970 of a date of the Gregorian calendar. */
static int32_t day_of(int y, int m, int d) {
    y -= m <= 2;
    const int era = y / 400, yoe = y - era * 400, doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1, doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + doe - 719468;
}

/* "2026-12-31" with, after it, nothing or "T12:00[:30][Z]"; false when it is none. */
static bool date_parse(const char *text, int64_t *us) {
    int y, m, d, h = 0, min = 0, sec = 0, used = 0;
    if (sscanf(text, "%4d-%2d-%2d%n", &y, &m, &d, &used) != 3 || used != 10 || y < 1970 || y > 2999 || m < 1 || m > 12 || d < 1 || d > 31)
        return false;
    const char *p = text + used;
    if (*p == 'T' || *p == ' ') {
        int n = 0;
        if (sscanf(++p, "%2d:%2d%n", &h, &min, &n) != 2 || n != 5)
            return false;
        p += n;
        if (*p == ':' && sscanf(p, ":%2d%n", &sec, &n) == 1)
            p += n;
    }
    if (*p == 'Z')
        p++;
    char back[FORMAT_MAX];
    const int32_t day = day_of(y, m, d);
    *us = day * DAY_US + ((h * 60LL + min) * 60 + sec) * 1000000;
    return !*p && h < 24 && h >= 0 && min < 60 && min >= 0 && sec < 60 && sec >= 0 && !strncmp(format_day(day, back), text, 10);
}

bool arg_time(const char *what, const char *text, int64_t now_us, bool past, int64_t *us, struct command_result *r) {
    struct command_result ignored = {0};
    int64_t span;
    if (!date_parse(text, us)) {
        if (!arg_duration(what, text, &span, &ignored))
            return fail(r, ERR_BAD_VALUE, "%s: \"%.32s\" is no time; write %s, 2026-12-31 or 2026-12-31T12:00 (UTC)", what, text, past ? "24h" : "30d");
        *us = past ? now_us - span : now_us + span;
    }
    if (!past && *us <= now_us)
        return fail(r, ERR_BAD_VALUE, "%s: \"%.32s\" is over already", what, text);
    if (past && *us > now_us)
        return fail(r, ERR_BAD_VALUE, "%s: \"%.32s\" is still to come", what, text);
    return true;
}

bool arg_day(const char *what, const char *text, int32_t *day, struct command_result *r) {
    int64_t us;
    if (!date_parse(text, &us) || us % DAY_US)
        return fail(r, ERR_BAD_VALUE, "%s: \"%.32s\" is no day; write 2026-12-31", what, text);
    *day = (int32_t)(us / DAY_US);
    return true;
}

bool arg_level(const char *what, const char *text, const struct market *m, int64_t *micro, struct command_result *r) {
    char number[48];
    str_copy(number, sizeof number, text);
    const size_t n = strlen(number);
    const bool cents = (n > 1 && number[n - 1] == 'c' && number[n - 2] >= '0' && number[n - 2] <= '9') || (n > 2 && !strcmp(number + n - 2, "¢"));
    if (cents)
        number[n - (number[n - 1] == 'c' ? 1 : 2)] = 0;
    if (cents && !format_cents(m))
        return fail(r, ERR_BAD_VALUE, "%s: \"%.32s\": cents are for binary markets; write the price in dollars", what, text);
    if (!arg_decimal(what, number, micro, r))
        return false;
    if (cents && *micro % 100)
        return fail(r, ERR_BAD_VALUE, "%s: \"%.32s\" has too many decimals", what, text);
    *micro /= cents ? 100 : 1;
    if (*micro <= 0 || (format_cents(m) && *micro >= DEC_ONE))
        return fail(r, ERR_PRICE_OUT_OF_RANGE, format_cents(m) ? "%s: \"%.32s\": the price of a share lies between 0 and 1 dollar: write 0.47 or 47c"
                                                               : "%s: \"%.32s\": a price is above 0", what, text);
    return true;
}

bool arg_side(const char *word, const struct market *m, enum order_side *out, struct command_result *r) {
    char lower[16];
    str_copy(lower, sizeof lower, word);
    for (char *p = lower; *p; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p + 32);
    if (!order_side_parse(lower, out))
        return fail(r, ERR_USAGE, "\"%.24s\" is no side: %s", word, format_cents(m) ? "yes or no" : "long or short (or leave it out)");
    if (format_cents(m) != (*out == SIDE_YES || *out == SIDE_NO))
        return fail(r, ERR_USAGE, "%s is %s market: its sides are %s", m->symbol, format_cents(m) ? "a binary" : "a perpetual", format_cents(m) ? "yes and no" : "long and short");
    return true;
}

bool arg_when(const char *what, const char *text, enum figure fallback, enum trigger_dir dir, struct when *out, struct command_result *r) {
    static const struct { const char *op; enum trigger_dir dir; } ops[] = {
        {"<=", TRIGGER_AT_OR_BELOW}, {">=", TRIGGER_AT_OR_ABOVE}, {"≤", TRIGGER_AT_OR_BELOW}, {"≥", TRIGGER_AT_OR_ABOVE}, {"<", TRIGGER_AT_OR_BELOW}, {">", TRIGGER_AT_OR_ABOVE}};
    char name[24] = "";
    const char *level = text;
    *out = (struct when){.figure = fallback, .dir = dir};
    for (size_t i = 0; i < sizeof ops / sizeof *ops && !out->dir_given; i++) {
        const char *at = strstr(text, ops[i].op);
        if (!at)
            continue;
        snprintf(name, sizeof name, "%.*s", (int)(at - text), text);
        out->dir = ops[i].dir;
        out->dir_given = true;
        level = at + strlen(ops[i].op);
    }
    name[strcspn(name, " ")] = 0;
    while (*level == ' ')
        level++;
    str_copy(out->level, sizeof out->level, level);
    for (size_t n = strlen(out->level); n > 0 && out->level[n - 1] == ' ';)
        out->level[--n] = 0;
    if (!out->level[0])
        return fail(r, ERR_USAGE, "%s: \"%.32s\" has no level; write ask<=0.60", what, text);
    if (!name[0] || figure_parse(name, &out->figure))
        return true;
    const char *names[FIGURE_COUNT];
    for (int i = 0; i < FIGURE_COUNT; i++)
        names[i] = figure_info((enum figure)i)->name;
    const char *close = str_closest(name, names, FIGURE_COUNT);
    return fail(r, ERR_USAGE, "%s: \"%.24s\" is no figure%s%s; prices are bid, ask, mark and last", what, name, close ? "; did you mean " : "", close ? close : "");
}
