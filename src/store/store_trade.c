/* From the record of an order whose position is closed to one trade of the performance figures. */
#include "store_trade.h"

#include "turret/trade/position.h"

#include <string.h>

/* Held to the end? A part sold before moves the average exit off 0 and 1: then the market's outcome says it. */
static uint8_t resolved_as(const struct order *o, enum market_outcome outcome) {
    if (o->pos.close_trigger != CLOSE_RESOLVED || (o->side != SIDE_YES && o->side != SIDE_NO))
        return 0;
    if (outcome == OUTCOME_VOID)
        return 0;
    if (outcome == OUTCOME_YES || outcome == OUTCOME_NO)
        return (outcome == OUTCOME_YES) == (o->side == SIDE_YES) ? 1 : 2;
    return o->pos.exit_price.micro == DEC_ONE ? 1 : o->pos.exit_price.micro == 0 ? 2 : 0;
}

static usd risk_of(const struct order *o, price stop) {
    int64_t distance = (o->pos.entry_price.micro - stop.micro) * position_dir((enum order_side)o->side);
    usd risk = USD(0);
    if (stop.micro > 0 && distance > 0) /* a stop beyond the entry only ever locked a gain in */
        risk = usd_of_sat(PRICE(distance), o->pos.closed);
    return risk;
}

void trade_of_order(const struct order *o, price first_stop, bool binary, enum market_outcome outcome, struct trade_stat *out) {
    const struct position *p = &o->pos;
    memset(out, 0, sizeof *out);
    out->order = o->id;
    out->pnl.micro = p->realized_pnl.micro - p->fees.micro - p->funding.micro;
    out->fees = p->fees;
    out->funding = p->funding;
    out->notional = usd_of_sat(p->entry_price, p->closed);
    out->risk = risk_of(o, first_stop.micro ? first_stop : p->plan.stop);
    out->entry = p->entry_price;
    out->exit = p->exit_price;
    out->size = p->closed;
    out->opened_us = p->opened_us;
    out->closed_us = p->closed_us;
    out->confidence = p->plan.confidence;
    out->side = o->side;
    out->close_trigger = p->close_trigger;
    out->resolved = binary ? resolved_as(o, outcome) : 0;
}
