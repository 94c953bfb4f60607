/* The risk table: rules in the order in which a refusal is told. */
#include "turret/trade/risk.h"

#include <stdio.h>

#include "turret/base/str.h"

#define TEXT(...) snprintf(text, REASON_MAX, __VA_ARGS__)
typedef bool rule_fn(const struct risk_limits *, const struct risk_facts *, const struct order *, char text[REASON_MAX]);

/* "asked 500.00, limit 300.00" in micro units. */
static void over(char *text, const char *what, int64_t asked, int64_t limit) {
    char a[32], b[32];
    dec_format_fixed(asked, 2, true, a);
    dec_format_fixed(limit, 2, true, b);
    TEXT("%s %s, limit %s", what, a, b);
}

const char *trading_state_name(enum trading_state s) {
    static const char *const names[TRADING_STATE_COUNT] = {"active", "reducing", "halted"};
    return (unsigned)s < TRADING_STATE_COUNT ? names[s] : "?";
}

#define RULE(name) static bool name(const struct risk_limits *l, const struct risk_facts *f, const struct order *o, char text[REASON_MAX])
#define UNUSED (void)l, (void)f, (void)o, (void)text

RULE(not_leader) { UNUSED; return !f->leader; }
RULE(killed) { UNUSED; return f->killed; }
RULE(halted) { UNUSED; return f->trading == TRADING_HALTED; }
RULE(reducing) { UNUSED; return f->trading == TRADING_REDUCING; }
/* Below the halving drawdown what a person allowed counts; beyond it half of that. */
static int64_t halved(const struct risk_limits *l, const struct risk_facts *f, int64_t limit) {
    return l->drawdown_halve > 0 && f->drawdown_ppm >= l->drawdown_halve ? limit / 2 : limit;
}
RULE(drawdown_halt) {
    UNUSED;
    if (!l->drawdown_halt || f->drawdown_ppm < l->drawdown_halt)
        return false;
    TEXT("%.2f %% below the highest equity, limit %.2f %%", (double)f->drawdown_ppm / 1e4, (double)l->drawdown_halt / 1e4);
    return true;
}
RULE(rejects) {
    UNUSED;
    if (!l->max_rejects || f->rejects < l->max_rejects)
        return false;
    TEXT("%d refusals in a row, limit %lld: `resume` after a look at the venue", f->rejects, (long long)l->max_rejects);
    return true;
}
RULE(total_exposure) {
    UNUSED;
    usd sum = usd_add_sat(f->total_exposure, f->order_notional);
    if (!l->max_total_exposure || sum.micro <= l->max_total_exposure)
        return false;
    over(text, "exposure of all accounts would be", sum.micro, l->max_total_exposure);
    return true;
}
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
    const int64_t limit = halved(l, f, l->max_order_notional);
    if (!l->max_order_notional || f->order_notional.micro <= limit)
        return false;
    over(text, "value", f->order_notional.micro, limit);
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
    const int64_t limit = halved(l, f, l->max_market_exposure);
    if (!l->max_market_exposure || sum.micro <= limit)
        return false;
    over(text, "exposure would be", sum.micro, limit);
    return true;
}
RULE(account_exposure) {
    UNUSED;
    usd sum = usd_add_sat(f->account_exposure, f->order_notional);
    const int64_t limit = halved(l, f, l->max_account_exposure);
    if (!l->max_account_exposure || sum.micro <= limit)
        return false;
    over(text, "exposure would be", sum.micro, limit);
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

/* --- what the variants of models promise; people and automations have no struct agent_limits --- */

/* That part of the model's equity, in micro USD; nothing is left of a negative one. */
static int64_t of_equity(const struct risk_facts *f, int64_t ppm) {
    int64_t v;
    if (f->equity.micro <= 0 || !dec_muldiv(f->equity.micro, ppm, DEC_ONE, ROUND_DOWN, &v))
        return 0;
    return v;
}

RULE(live_forbidden) { UNUSED; return f->live_forbidden; }
RULE(not_live) { UNUSED; return f->not_live; }
RULE(run_over) { UNUSED; return f->run_over; }
RULE(agent_leverage) {
    UNUSED;
    if (!f->agent || !f->agent->max_leverage || o->leverage <= f->agent->max_leverage)
        return false;
    TEXT("leverage %d, limit %lld", o->leverage, (long long)f->agent->max_leverage);
    return true;
}
RULE(agent_stop) {
    UNUSED;
    if (!f->agent || !f->agent->stop_required || f->stop_valid)
        return false;
    TEXT("stop_loss must be on the losing side of the price");
    return true;
}
RULE(agent_drawdown) {
    UNUSED;
    int64_t floor;
    if (!f->agent || !f->agent->max_drawdown || !dec_muldiv(f->equity_peak.micro, DEC_ONE - f->agent->max_drawdown, DEC_ONE, ROUND_UP, &floor) || f->equity.micro >= floor)
        return false;
    over(text, "fallen by", f->equity_peak.micro - f->equity.micro, f->equity_peak.micro - floor);
    return true;
}
RULE(agent_positions) {
    UNUSED;
    if (!f->agent || !f->agent->max_positions || f->positions < f->agent->max_positions)
        return false;
    TEXT("%d open, limit %lld", f->positions, (long long)f->agent->max_positions);
    return true;
}
RULE(agent_confidence) {
    UNUSED;
    if (!f->agent || !f->agent->min_confidence || o->pos.plan.confidence >= f->agent->min_confidence)
        return false;
    TEXT("confidence %d, at least %lld", o->pos.plan.confidence, (long long)f->agent->min_confidence);
    return true;
}
RULE(agent_notional) {
    UNUSED;
    if (!f->agent || !f->agent->min_notional || f->order_notional.micro >= f->agent->min_notional)
        return false;
    over(text, "value", f->order_notional.micro, f->agent->min_notional);
    return true;
}
/* Confidence scales the size: below full_confidence a position may risk half. */
RULE(agent_risk) {
    UNUSED;
    if (!f->agent || !f->agent->max_risk)
        return false;
    bool half = f->agent->full_confidence && o->pos.plan.confidence < f->agent->full_confidence;
    int64_t limit = of_equity(f, half ? f->agent->max_risk / 2 : f->agent->max_risk), most;
    if (f->trade_risk.micro <= limit)
        return false;
    char a[24], b[24], c[24] = "0";
    dec_format_fixed(f->trade_risk.micro, 2, true, a);
    dec_format_fixed(limit, 2, true, b);
    if (dec_muldiv(o->size.micro, limit, f->trade_risk.micro, ROUND_DOWN, &most))
        dec_format(most, 0, c);
    char line[REASON_MAX + 32];
    snprintf(line, sizeof line, "at risk %.23s, limit %.23s%s: size at most %.23s", a, b, half ? " (half)" : "", c);
    str_copy(text, REASON_MAX, line);
    return true;
}
RULE(agent_reward) {
    UNUSED;
    int64_t least;
    if (!f->agent || !f->agent->min_reward || f->trade_reward.micro <= 0 || !dec_muldiv(f->trade_risk.micro, f->agent->min_reward, DEC_ONE, ROUND_UP, &least) ||
        f->trade_reward.micro >= least)
        return false;
    over(text, "reward to target", f->trade_reward.micro, least);
    return true;
}
RULE(agent_exposure) {
    UNUSED;
    if (!f->agent || !f->agent->max_exposure)
        return false;
    int64_t limit = of_equity(f, f->agent->max_exposure);
    usd sum = usd_add_sat(f->exposure, f->order_notional);
    if (sum.micro <= limit)
        return false;
    over(text, "exposure would be", sum.micro, limit);
    return true;
}
RULE(agent_cash) {
    UNUSED;
    if (!f->agent || !f->agent->min_cash || f->available.micro - f->cash_needed.micro >= f->agent->min_cash)
        return false;
    over(text, "cash would be", f->available.micro - f->cash_needed.micro, f->agent->min_cash);
    return true;
}
RULE(agent_funding) {
    UNUSED;
    if (!f->agent || !f->agent->max_funding)
        return false;
    bool against = o->side == SIDE_LONG ? f->funding_ppm > f->agent->max_funding : o->side == SIDE_SHORT && f->funding_ppm < -f->agent->max_funding;
    if (against)
        TEXT("funding %lld ppm, limit %lld ppm", (long long)f->funding_ppm, (long long)f->agent->max_funding);
    return against;
}
RULE(agent_volume) {
    UNUSED;
    if (!f->agent || !f->agent->min_volume_ratio || f->volume_ratio_ppm < 0 || f->volume_ratio_ppm >= f->agent->min_volume_ratio)
        return false;
    TEXT("volume ratio %lld ppm, at least %lld ppm", (long long)f->volume_ratio_ppm, (long long)f->agent->min_volume_ratio);
    return true;
}
RULE(agent_cooldown) {
    UNUSED;
    if (!f->agent || f->cooldown_left_us <= 0)
        return false;
    TEXT("%lld s left", (long long)((f->cooldown_left_us + 999999) / 1000000));
    return true;
}

static const struct risk_rule rules[] = {
    {"leader", ERR_NOT_LEADER, not_leader},
    {"kill switch", ERR_KILLED, killed},
    {"trading halted", ERR_TRADING_HALTED, halted},
    {"trading reducing", ERR_TRADING_REDUCING, reducing},
    {"simulation switch", ERR_SIMULATION_ONLY, live_forbidden},
    {"set live", ERR_NOT_LIVE, not_live},
    {"run token", ERR_RUN_OVER, run_over},
    {"database", ERR_STORE_DOWN, store_down},
    {"reconciliation", ERR_RECONCILING, reconciling},
    {"allow and deny lists", ERR_RISK_MARKET_DENIED, market_denied},
    {"usable book", ERR_STALE_BOOK, stale_book},
    {"day loss pause", ERR_RISK_DAY_LOSS, day_paused},
    {"day loss", ERR_RISK_DAY_LOSS, day_loss},
    {"drawdown", ERR_RISK_DRAWDOWN, drawdown_halt},
    {"venue refusals", ERR_RISK_REJECTS, rejects},
    {"duplicate window", ERR_DUPLICATE, duplicate},
    {"order size", ERR_RISK_ORDER_SIZE, order_size},
    {"order value", ERR_RISK_ORDER_NOTIONAL, order_notional},
    {"price distance", ERR_RISK_PRICE_DISTANCE, price_distance},
    {"market exposure", ERR_RISK_MARKET_EXPOSURE, market_exposure},
    {"account exposure", ERR_RISK_ACCOUNT_EXPOSURE, account_exposure},
    {"total exposure", ERR_RISK_TOTAL_EXPOSURE, total_exposure},
    {"open orders", ERR_RISK_OPEN_ORDERS, open_orders},
    {"orders per second", ERR_RISK_ORDER_RATE, order_rate},
    {"model: leverage", ERR_RISK_LEVERAGE, agent_leverage},
    {"model: stop required", ERR_RISK_STOP_REQUIRED, agent_stop},
    {"model: drawdown", ERR_RISK_DRAWDOWN, agent_drawdown},
    {"model: cool-down", ERR_RISK_COOLDOWN, agent_cooldown},
    {"model: open positions", ERR_RISK_POSITIONS, agent_positions},
    {"model: confidence", ERR_RISK_CONFIDENCE, agent_confidence},
    {"model: smallest value", ERR_RISK_MIN_NOTIONAL, agent_notional},
    {"model: risk of one trade", ERR_RISK_PER_TRADE, agent_risk},
    {"model: reward for risk", ERR_RISK_REWARD, agent_reward},
    {"model: exposure", ERR_RISK_EXPOSURE, agent_exposure},
    {"model: cash kept", ERR_RISK_MIN_CASH, agent_cash},
    {"model: funding", ERR_RISK_FUNDING, agent_funding},
    {"model: volume", ERR_RISK_VOLUME, agent_volume},
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
