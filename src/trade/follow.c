/* Followed traders: defaults, the check of a configuration, and what a target's trade means for us. */
#include "turret/trade/follow.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "turret/base/str.h"

#define NAMES(fn, type, count, ...)                                  \
    const char *fn(enum type v) {                                    \
        static const char *const names[count] = {__VA_ARGS__};       \
        return (unsigned)v < (count) ? names[v] : "?";               \
    }
NAMES(follow_kind_name, follow_kind, FOLLOW_KIND_COUNT, "copy", "counter")
NAMES(follow_strategy_name, follow_strategy, FOLLOW_STRATEGY_COUNT, "inverse", "mirror")
NAMES(follow_sizing_name, follow_sizing, SIZING_COUNT, "fixed", "percentage", "multiplier")
NAMES(follow_exit_name, follow_exit, FOLLOW_EXIT_COUNT, "mirror", "manual")
NAMES(follow_status_name, follow_status, FOLLOWED_COUNT, "detected", "executed", "failed", "skipped")

void follow_default(struct follow *f, enum follow_kind k) {
    *f = (struct follow){.kind = (uint8_t)k, .strategy = k == FOLLOW_COPY ? FOLLOW_MIRROR : FOLLOW_INVERSE, .sizing = k == FOLLOW_COPY ? SIZING_FIXED : SIZING_MULTIPLIER,
                         .exit = EXIT_MIRROR, .factor = DEC_ONE, .max_age_ms = 60000, .slippage_e4 = 200};
}

static enum err bad(char text[REASON_MAX], const char *what) {
    str_copy(text, REASON_MAX, what);
    return ERR_BAD_VALUE;
}

enum err follow_check(const struct follow *f, char text[REASON_MAX]) {
    text[0] = 0;
    if (f->kind >= FOLLOW_KIND_COUNT || f->strategy >= FOLLOW_STRATEGY_COUNT || f->sizing >= SIZING_COUNT || f->exit >= FOLLOW_EXIT_COUNT)
        return bad(text, "kind, strategy, sizing and exit must be given");
    if (f->kind == FOLLOW_COPY && f->strategy != FOLLOW_MIRROR)
        return bad(text, "a copy mirrors its target; counter trades may invert it");
    if (f->account == 0)
        return bad(text, "it needs an account to trade with");
    if ((f->model == 0) == (f->wallet[0] == 0))
        return bad(text, "the target is a wallet or a model");
    if (f->sizing == SIZING_FIXED ? f->fixed.micro <= 0 : f->factor <= 0)
        return bad(text, "the size must be above 0");
    if (f->sizing == SIZING_PERCENTAGE && (f->factor < DEC_ONE / 100 || f->factor > DEC_ONE))
        return bad(text, "a percentage is 1 to 100");
    if (f->sizing == SIZING_MULTIPLIER && (f->factor > 999 * DEC_ONE || f->factor % (DEC_ONE / 100) != 0))
        return bad(text, "a multiplier has two decimals and is below 1000");
    if (f->kind == FOLLOW_COPY && f->max_position.micro <= 0)
        return bad(text, "a copy needs the largest position it may build (max-position)");
    if (f->max_trade.micro < 0 || f->max_position.micro < 0 || f->max_day.micro < 0 || f->max_day_loss.micro < 0 || f->min_liquidity.micro < 0)
        return bad(text, "caps can't be negative");
    if (f->min_price.micro < 0 || (f->max_price.micro != 0 && f->max_price.micro < f->min_price.micro))
        return bad(text, "the price range is upside down");
    if (f->slippage_e4 > 10000 || f->stop_e4 >= 10000)
        return bad(text, "percentages are below 100");
    return ERR_OK;
}

void follow_strategy_of(const struct follow *f, char out[STRATEGY_MAX]) { snprintf(out, STRATEGY_MAX, "%s-%" PRIu32, follow_kind_name((enum follow_kind)f->kind), f->id); }

void follow_ours(const struct follow *f, uint8_t side, uint8_t action, uint8_t *our_side, uint8_t *our_action) {
    static const uint8_t other[] = {[SIDE_YES] = SIDE_NO, [SIDE_NO] = SIDE_YES, [SIDE_LONG] = SIDE_SHORT, [SIDE_SHORT] = SIDE_LONG};
    const bool opens = action == side_opening_action((enum order_side)side);
    *our_side = f->strategy == FOLLOW_INVERSE ? other[side] : side;
    *our_action = (uint8_t)(opens ? side_opening_action((enum order_side)*our_side) : side_closing_action((enum order_side)*our_side));
}

usd follow_size(const struct follow *f, usd target_value) {
    if (f->sizing == SIZING_FIXED)
        return f->fixed;
    return usd_of_sat(PRICE(f->factor), QTY(target_value.micro));
}

bool follow_takes_category(const struct follow *f, const char *category) {
    const char *p = f->categories;
    bool any = false;
    while (*p) {
        while (*p == ',' || isspace((unsigned char)*p))
            p++;
        size_t n = strcspn(p, ",");
        size_t len = n;
        while (len > 0 && isspace((unsigned char)p[len - 1]))
            len--;
        if (len > 0) {
            any = true;
            if (strlen(category) == len && strncasecmp(p, category, len) == 0)
                return true;
        }
        p += n;
    }
    return !any;
}
