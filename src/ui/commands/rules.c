/* Exit rules in options: --trail, --break-even, --ladder, --before-close; for new positions and for those there are. */
#include <stdio.h>
#include <string.h>

#include "turret/base/str.h"
#include "ui/commands/verbs.h"

static bool is_none(const char *text) { return str_eq_nocase(text, "none") || str_eq_nocase(text, "off"); }

/* "50", "2c", "2%", "1.5atr" */
static bool trail(const char *text, const struct market *m, struct exit_rules *rules, struct command_result *r) {
    char number[48];
    str_copy(number, sizeof number, text);
    const size_t n = strlen(number);
    if (is_none(text)) {
        rules->trail_kind = TRAIL_NONE;
        rules->trail = 0;
        return true;
    }
    if (n > 3 && str_eq_nocase(number + n - 3, "atr")) {
        number[n - 3] = 0;
        rules->trail_kind = TRAIL_ATR;
        if (!arg_decimal("--trail", number, &rules->trail, r))
            return false;
    } else if (n > 1 && number[n - 1] == '%') {
        number[n - 1] = 0;
        rules->trail_kind = TRAIL_PERCENT;
        if (!arg_decimal("--trail", number, &rules->trail, r))
            return false;
        rules->trail /= 100;
        if (rules->trail >= DEC_ONE)
            return fail(r, ERR_BAD_VALUE, "--trail: \"%.24s\" is the whole price; write less than 100%%", text);
    } else {
        rules->trail_kind = TRAIL_DISTANCE;
        if (!arg_level("--trail", text, m, &rules->trail, r))
            return false;
    }
    return rules->trail > 0 ? true : fail(r, ERR_BAD_VALUE, "--trail: the distance is above 0 (a price, 2%%, 1.5atr, or none)");
}

/* "0.60:50%" */
static bool rung(const char *text, const struct market *m, enum order_side side, struct exit_rung *g, struct command_result *r) {
    char level[32], part[32];
    int64_t micro;
    const char *colon = strchr(text, ':');
    if (!colon)
        return fail(r, ERR_USAGE, "--ladder: \"%.24s\" has no part; write PRICE:PERCENT, like 0.60:50%%,0.70:50%%", text);
    snprintf(level, sizeof level, "%.*s", (int)(colon - text), text);
    str_copy(part, sizeof part, colon + 1);
    const size_t n = strlen(part);
    if (n > 1 && part[n - 1] == '%')
        part[n - 1] = 0;
    *g = (struct exit_rung){0};
    if (!arg_price("--ladder", level, m, side, &g->level, r))
        return false;
    if (!dec_parse_str(part, &micro) || micro <= 0 || micro > 100 * DEC_ONE)
        return fail(r, ERR_BAD_VALUE, "--ladder: \"%.24s\" is no part; write 1%% to 100%%", colon + 1);
    g->part_ppm = (int32_t)(micro / 100);
    return true;
}

static bool ladder(const char *text, const struct market *m, enum order_side side, struct exit_rules *rules, struct command_result *r) {
    char all[240], *word, *rest = all;
    int64_t sum = 0;
    const int sign = side_sign(side) < 0 && !format_cents(m) ? -1 : 1; /* a short's targets lie below */
    rules->rung_count = 0;
    memset(rules->rungs, 0, sizeof rules->rungs);
    if (is_none(text))
        return true;
    if (strlen(text) >= sizeof all)
        return fail(r, ERR_USAGE, "--ladder: too long");
    str_copy(all, sizeof all, text);
    while ((word = strsep(&rest, ","))) {
        if (rules->rung_count == LADDER_MAX)
            return fail(r, ERR_USAGE, "--ladder: at most %d parts", LADDER_MAX);
        struct exit_rung *g = &rules->rungs[rules->rung_count];
        if (!rung(word, m, side, g, r))
            return false;
        if (rules->rung_count && (g->level.micro - g[-1].level.micro) * sign <= 0)
            return fail(r, ERR_BAD_VALUE, "--ladder: the nearest price first, each of the others farther");
        rules->rung_count++;
        sum += g->part_ppm;
    }
    return sum <= DEC_ONE ? true : fail(r, ERR_BAD_VALUE, "--ladder: the parts come to more than 100%%");
}

bool rules_options(const struct args *a, const struct market *m, enum order_side side, struct exit_rules *rules, bool *any, struct command_result *r) {
    const char *t = args_option(a, "--trail"), *even = args_option(a, "--break-even"), *steps = args_option(a, "--ladder"), *close = args_option(a, "--before-close");
    int64_t us;
    *any = t || even || steps || close;
    if (t && !trail(t, m, rules, r))
        return false;
    if (even && is_none(even))
        rules->break_even = PRICE(0);
    else if (even && !arg_level("--break-even", even, m, &rules->break_even.micro, r))
        return false;
    if (steps && !ladder(steps, m, side, rules, r))
        return false;
    if (close && is_none(close))
        rules->before_close_s = 0;
    else if (close) {
        if (!m->closes_us)
            return fail(r, ERR_UNSUPPORTED, "--before-close: %s has no date at which it closes", m->symbol);
        if (!arg_duration("--before-close", close, &us, r))
            return false;
        rules->before_close_s = (int32_t)(us / 1000000);
    }
    return true;
}
