/* The risk table: rules in the order in which a refusal is told. */
#include "turret/trade/risk.h"

#include <stdio.h>

#define TEXT(...) snprintf(text, REASON_MAX, __VA_ARGS__)
typedef bool rule_fn(const struct risk_limits *, const struct risk_facts *, const struct order *, char text[REASON_MAX]);

/* "asked 500.00, limit 300.00" in micro units. */
static void over(char *text, const char *what, int64_t asked, int64_t limit) {
    char a[32], b[32];
    dec_format_fixed(asked, 2, true, a);
    dec_format_fixed(limit, 2, true, b);
    TEXT("%s %s, limit %s", what, a, b);
}

#define RULE(name) static bool name(const struct risk_limits *l, const struct risk_facts *f, const struct order *o, char text[REASON_MAX])
#define UNUSED (void)l, (void)f, (void)o, (void)text

RULE(not_leader) { UNUSED; return !f->leader; }
RULE(killed) { UNUSED; return f->killed; }
RULE(store_down) { UNUSED; return f->store_down; }
RULE(reconciling) { UNUSED; return f->reconciling; }
RULE(market_denied) { UNUSED; return f->denied; }
RULE(stale_book) { UNUSED; return !f->book_usable; }
RULE(day_paused) { UNUSED; return f->day_paused; }
RULE(day_loss) {
    UNUSED;
    if (!l->max_day_loss || f->day_pnl.micro > -l->max_day_loss)
        return false;
    over(text, "lost today", -f->day_pnl.micro, l->max_day_loss);
    return true;
}
RULE(duplicate) {
    UNUSED;
    if (!f->duplicate)
        return false;
    TEXT("an identical order came within %lld ms", (long long)l->duplicate_window);
    return true;
}
RULE(order_size) {
    UNUSED;
    if (!l->max_order_size || o->size.micro <= l->max_order_size)
        return false;
    over(text, "size", o->size.micro, l->max_order_size);
    return true;
}
RULE(order_notional) {
    UNUSED;
    if (!l->max_order_notional || f->order_notional.micro <= l->max_order_notional)
        return false;
    over(text, "value", f->order_notional.micro, l->max_order_notional);
    return true;
}
/* Only the aggressive side: a bid far below the market harms nobody. */
RULE(price_distance) {
    UNUSED;
    if (!l->max_price_distance || o->type != ORDER_LIMIT || f->reference.micro <= 0)
        return false;
    int dir = o->action == ACTION_BUY ? 1 : -1;
    int64_t room;
    if (!dec_muldiv(f->reference.micro, l->max_price_distance, DEC_ONE, ROUND_UP, &room))
        return true;
    /* Cheap binary prices move by whole cents: never less room than ten of them. */
    if ((o->side == SIDE_YES || o->side == SIDE_NO) && room < DEC_ONE / 10)
        room = DEC_ONE / 10;
    if ((o->limit.micro - f->reference.micro) * dir <= room)
        return false;
    char a[32], b[32];
    dec_format(o->limit.micro, 0, a);
    dec_format(f->reference.micro, 0, b);
    TEXT("limit %s, market %s", a, b);
    return true;
}
RULE(market_exposure) {
    UNUSED;
    usd sum = usd_add_sat(f->market_exposure, f->order_notional);
    if (!l->max_market_exposure || sum.micro <= l->max_market_exposure)
        return false;
    over(text, "exposure would be", sum.micro, l->max_market_exposure);
    return true;
}
RULE(account_exposure) {
    UNUSED;
    usd sum = usd_add_sat(f->account_exposure, f->order_notional);
    if (!l->max_account_exposure || sum.micro <= l->max_account_exposure)
        return false;
    over(text, "exposure would be", sum.micro, l->max_account_exposure);
    return true;
}
RULE(open_orders) {
    UNUSED;
    if (!l->max_open_orders || f->open_orders < l->max_open_orders)
        return false;
    TEXT("%d working, limit %lld", f->open_orders, (long long)l->max_open_orders);
    return true;
}
RULE(order_rate) {
    UNUSED;
    if (!l->max_orders_per_second || f->orders_last_second < l->max_orders_per_second)
        return false;
    TEXT("%d in the last second, limit %lld", f->orders_last_second, (long long)l->max_orders_per_second);
    return true;
}

static const struct risk_rule rules[] = {
    {"leader", ERR_NOT_LEADER, not_leader},
    {"kill switch", ERR_KILLED, killed},
    {"database", ERR_STORE_DOWN, store_down},
    {"reconciliation", ERR_RECONCILING, reconciling},
    {"allow and deny lists", ERR_RISK_MARKET_DENIED, market_denied},
    {"usable book", ERR_STALE_BOOK, stale_book},
    {"day loss pause", ERR_RISK_DAY_LOSS, day_paused},
    {"day loss", ERR_RISK_DAY_LOSS, day_loss},
    {"duplicate window", ERR_DUPLICATE, duplicate},
    {"order size", ERR_RISK_ORDER_SIZE, order_size},
    {"order value", ERR_RISK_ORDER_NOTIONAL, order_notional},
    {"price distance", ERR_RISK_PRICE_DISTANCE, price_distance},
    {"market exposure", ERR_RISK_MARKET_EXPOSURE, market_exposure},
    {"account exposure", ERR_RISK_ACCOUNT_EXPOSURE, account_exposure},
    {"open orders", ERR_RISK_OPEN_ORDERS, open_orders},
    {"orders per second", ERR_RISK_ORDER_RATE, order_rate},
};

const struct risk_rule *risk_rules(int *count) {
    *count = sizeof rules / sizeof *rules;
    return rules;
}

enum err risk_check(const struct risk_limits *l, const struct risk_facts *f, const struct order *o, char limit_text[REASON_MAX]) {
    limit_text[0] = '\0';
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (rules[i].refuses(l, f, o, limit_text))
            return rules[i].code;
    return ERR_OK;
}

/* Defaults are written in whole units; usd and qty limits are kept in micro units. */
#define SCALE_usd DEC_ONE
#define SCALE_qty DEC_ONE
#define SCALE_count 1
#define SCALE_ppm 1
#define SCALE_ms 1

static const struct risk_limit_info limit_table[] = {
#define X(key, kind, def, unit, help) {#key, #kind, unit, help, (int64_t)(def) * SCALE_##kind, offsetof(struct risk_limits, key)},
    RISK_LIMITS(X)
#undef X
};

const struct risk_limit_info *risk_limit_table(int *count) {
    *count = sizeof limit_table / sizeof *limit_table;
    return limit_table;
}

void risk_limits_default(struct risk_limits *l) {
#define X(key, kind, def, unit, help) l->key = (int64_t)(def) * SCALE_##kind;
    RISK_LIMITS(X)
#undef X
}
