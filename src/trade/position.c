/* Position arithmetic: average cost, one net position a record, no lots. */
#include "turret/trade/position.h"

#include <assert.h>

int position_dir(enum order_side side) {
    return side == SIDE_SHORT ? -1 : 1;
}

enum err position_open_fill(struct position *p, price px, qty size, usd fee, int64_t at_us) {
    usd value;
    int64_t open, cost, fees;
    price entry;
    assert(size.micro > 0);
    if (!usd_of(px, size, ROUND_HALF_EVEN, &value) || !dec_add(p->open.micro, size.micro, &open) ||
        !dec_add(p->cost.micro, value.micro, &cost) || !dec_add(p->fees.micro, fee.micro, &fees) ||
        !price_of(USD(cost), QTY(open), ROUND_HALF_EVEN, &entry))
        return ERR_OVERFLOW;
    if (p->status != POSITION_OPEN) {
        p->status = POSITION_OPEN;
        p->opened_us = at_us;
    }
    p->open.micro = open;
    p->cost.micro = cost;
    p->fees.micro = fees;
    p->entry_price = entry;
    return ERR_OK;
}

enum err position_close_fill(struct position *p, int dir, price px, qty size, usd fee, int64_t at_us, usd *pnl) {
    usd value, cost, gain;
    int64_t exit_value, closed, realized, fees;
    assert(size.micro > 0 && size.micro <= p->open.micro);
    /* The last part takes all cost that is left, so that rounding never strands a fraction. */
    cost = p->cost;
    if (size.micro < p->open.micro && !dec_muldiv(p->cost.micro, size.micro, p->open.micro, ROUND_HALF_EVEN, &cost.micro))
        return ERR_OVERFLOW;
    if (!usd_of(px, size, ROUND_HALF_EVEN, &value) || !dec_sub(value.micro, cost.micro, &gain.micro) ||
        !dec_add(p->exit_value.micro, value.micro, &exit_value) || !dec_add(p->closed.micro, size.micro, &closed) ||
        !dec_add(p->fees.micro, fee.micro, &fees))
        return ERR_OVERFLOW;
    gain.micro *= dir;
    if (!dec_add(p->realized_pnl.micro, gain.micro, &realized))
        return ERR_OVERFLOW;
    p->open.micro -= size.micro;
    p->cost.micro -= cost.micro;
    p->exit_value.micro = exit_value;
    p->closed.micro = closed;
    p->realized_pnl.micro = realized;
    p->fees.micro = fees;
    if (!price_of(p->exit_value, p->closed, ROUND_HALF_EVEN, &p->exit_price))
        p->exit_price = px;
    if (p->open.micro == 0) {
        p->status = POSITION_CLOSED;
        p->closed_us = at_us;
    }
    *pnl = gain;
    return ERR_OK;
}

usd position_unrealized(const struct position *p, int dir, price mark) {
    usd value = usd_of_sat(mark, p->open);
    return USD((value.micro - p->cost.micro) * dir);
}

usd position_notional(const struct position *p, price mark) {
    return usd_of_sat(mark, p->open);
}

static usd distance_value(price from, price to, int dir, qty size) {
    int64_t d = (to.micro - from.micro) * dir;
    return d > 0 ? usd_of_sat(PRICE(d), size) : USD(0);
}

usd position_risk(const struct position *p, int dir) {
    return p->plan.stop.micro > 0 ? distance_value(p->entry_price, p->plan.stop, -dir, p->open) : USD(0);
}

usd position_reward(const struct position *p, int dir) {
    return p->plan.target.micro > 0 ? distance_value(p->entry_price, p->plan.target, dir, p->open) : USD(0);
}

enum err exit_plan_check(int dir, price stop, price target, price reference) {
    if (stop.micro < 0 || target.micro < 0)
        return ERR_BAD_VALUE;
    if (stop.micro > 0 && (stop.micro - reference.micro) * dir >= 0)
        return ERR_STOP_SIDE;
    if (target.micro > 0 && (target.micro - reference.micro) * dir <= 0)
        return ERR_TARGET_SIDE;
    return ERR_OK;
}

/* slack + dir*(m - mark)*q = mm*m*q solved for m: (mark - dir*slack/q) / (1 - dir*mm). */
price liquidation_price(int dir, price mark, qty open, usd slack, int32_t maintenance_ppm) {
    price per_unit;
    int64_t m;
    if (open.micro <= 0 || !price_of(slack, open, ROUND_HALF_EVEN, &per_unit) ||
        !dec_muldiv(mark.micro - dir * per_unit.micro, DEC_ONE, DEC_ONE - dir * maintenance_ppm, ROUND_HALF_EVEN, &m) || m <= 0)
        return PRICE(0);
    return PRICE(m);
}

usd initial_margin(usd notional, int leverage) {
    usd margin;
    if (!dec_muldiv(notional.micro, 1, leverage > 1 ? leverage : 1, ROUND_UP, &margin.micro))
        return USD(INT64_MAX);
    return margin;
}

usd maintenance_margin(usd notional, int32_t maintenance_ppm) {
    usd margin;
    return usd_ppm(notional, maintenance_ppm, ROUND_UP, &margin) ? margin : USD(INT64_MAX);
}
