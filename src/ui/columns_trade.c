/* Columns of positions, orders and fills. */
/* clang-format off: tables, one row a column */
#include <stdio.h>
#include <string.h>

#include "turret/base/str.h"
#include "ui/columns_private.h"

/* --- what orders and positions share --- */
COLUMN_GET(get_num, struct order) column_set_int(out, r->num); COLUMN_GET_END
COLUMN_GET(get_id, struct order) column_set_id(out, r->id); COLUMN_GET_END
COLUMN_GET(get_account, struct order) column_set_account(out, view, r->account); COLUMN_GET_END
COLUMN_GET(get_mode, struct order) column_set_mode(out, view, r->account); COLUMN_GET_END
COLUMN_GET(get_market, struct order) column_set_market(out, view, r->market); COLUMN_GET_END
COLUMN_GET(get_title, struct order) column_set_title(out, view, r->market); COLUMN_GET_END
COLUMN_GET(get_venue, struct order)
    const struct market *m = column_market(view, r->market);
    column_set_venue(out, m ? (enum venue_id)m->venue : VENUE_NONE);
COLUMN_GET_END
COLUMN_GET(get_strategy, struct order) column_set_text(out, r->strategy); COLUMN_GET_END
COLUMN_GET(get_source, struct order) column_set_text(out, order_source_name((enum order_source)r->source)); COLUMN_GET_END
COLUMN_GET(get_side, struct order) column_set_side(out, (enum order_side)r->side); COLUMN_GET_END

COLUMN_SORT(sort_num, struct order, (int64_t)r->num)

/* --- positions --- */
static struct view_position position_of(const struct desk *view, const struct order *o) {
    struct view_position vp = {.o = o};
    view_position(view, o->id, &vp);
    return vp;
}
static int64_t return_of(const struct desk *view, const struct order *o, usd *pnl) {
    const struct view_position vp = position_of(view, o);
    *pnl = o->pos.status == POSITION_OPEN ? vp.unrealized : o->pos.realized_pnl;
    /* On what was put in: the cost, or the margin of a leveraged position. */
    return vp.margin.micro > 0 ? vp.margin.micro : o->pos.cost.micro;
}

COLUMN_GET(get_open, struct order)
    char text[FORMAT_MAX];
    column_set_size(out, column_market(view, r->market), r->pos.open);
    if (position_of(view, r).unsettled.micro > 0) /* part of it may still be taken back */
        snprintf(out->text, sizeof out->text, "~%s", format_size(column_market(view, r->market), r->pos.open, text));
COLUMN_GET_END
COLUMN_GET(get_unsettled, struct order) column_set_size(out, column_market(view, r->market), position_of(view, r).unsettled); COLUMN_GET_END
COLUMN_GET(get_reserved, struct order) column_set_size(out, column_market(view, r->market), r->pos.reserved); COLUMN_GET_END
COLUMN_GET(get_entry, struct order) column_set_price(out, column_market(view, r->market), r->pos.entry_price, FORMAT_FINE); COLUMN_GET_END
COLUMN_GET(get_exit, struct order) column_set_price(out, column_market(view, r->market), r->pos.exit_price, FORMAT_FINE); COLUMN_GET_END
COLUMN_GET(get_mark, struct order)
    const struct view_position vp = position_of(view, r);
    column_set_price(out, column_market(view, r->market), vp.mark, FORMAT_FINE);
    if (vp.stale)
        out->role = ROLE_STALE;
COLUMN_GET_END
COLUMN_GET(get_unrealized, struct order) column_set_pnl(out, position_of(view, r).unrealized); COLUMN_GET_END
COLUMN_GET(get_return, struct order)
    usd pnl;
    const int64_t base = return_of(view, r, &pnl);
    char raw[FORMAT_MAX] = "";
    int64_t percent = 0;
    if (base && dec_muldiv(pnl.micro, 100 * DEC_ONE, base, ROUND_HALF_EVEN, &percent))
        dec_format_fixed(percent, 2, false, raw);
    format_percent(pnl.micro, base, 1, true, out->text);
    str_copy(out->raw, sizeof out->raw, raw);
    out->number = true;
    out->role = out->text[0] == '+' ? ROLE_UP : pnl.micro < 0 ? ROLE_DOWN : ROLE_TEXT;
COLUMN_GET_END
COLUMN_GET(get_realized, struct order) column_set_pnl(out, r->pos.realized_pnl); COLUMN_GET_END
COLUMN_GET(get_pos_fees, struct order) column_set_usd(out, r->pos.fees); COLUMN_GET_END
COLUMN_GET(get_funding, struct order) column_set_pnl(out, USD(-r->pos.funding.micro)); COLUMN_GET_END
COLUMN_GET(get_cost, struct order) column_set_usd(out, r->pos.cost); COLUMN_GET_END
COLUMN_GET(get_notional, struct order) column_set_usd(out, position_of(view, r).notional); COLUMN_GET_END
COLUMN_GET(get_margin, struct order) column_set_usd(out, position_of(view, r).margin); COLUMN_GET_END
COLUMN_GET(get_leverage, struct order)
    column_set_int(out, r->pos.leverage ? r->pos.leverage : 1);
    snprintf(out->text, sizeof out->text, "%dx", r->pos.leverage ? r->pos.leverage : 1);
COLUMN_GET_END
COLUMN_GET(get_liquidation, struct order) column_set_price(out, column_market(view, r->market), position_of(view, r).liquidation, 0); COLUMN_GET_END
COLUMN_GET(get_stop, struct order)
    column_set_price(out, column_market(view, r->market), r->pos.plan.stop, 0);
    if (r->pos.unprotected)
        out->role = ROLE_ALERT;
COLUMN_GET_END
COLUMN_GET(get_target, struct order) column_set_price(out, column_market(view, r->market), r->pos.plan.target, 0); COLUMN_GET_END
COLUMN_GET(get_protection, struct order)
    const bool bare = position_of(view, r).unprotected;
    column_set_bool(out, bare, "UNPROTECTED");
    if (bare)
        out->role = ROLE_ALERT;
COLUMN_GET_END
COLUMN_GET(get_unprotected_why, struct order)
    const char *why = position_of(view, r).unprotected_why;
    column_set_text(out, why ? why : "");
COLUMN_GET_END
COLUMN_GET(get_status, struct order) column_set_text(out, position_status_name((enum position_status)r->pos.status)); COLUMN_GET_END
COLUMN_GET(get_trigger, struct order) column_set_text(out, close_trigger_name((enum close_trigger)r->pos.close_trigger)); COLUMN_GET_END
COLUMN_GET(get_opened, struct order) column_set_time(out, r->pos.opened_us); COLUMN_GET_END
COLUMN_GET(get_closed, struct order) column_set_time(out, r->pos.closed_us); COLUMN_GET_END
COLUMN_GET(get_held, struct order)
    const int64_t age = (r->pos.closed_us ? r->pos.closed_us : now_us) - r->pos.opened_us;
    format_age(age, out->text);
    snprintf(out->raw, sizeof out->raw, "%lld", (long long)(age / 1000000));
    out->number = out->json_number = true;
COLUMN_GET_END

COLUMN_SORT(sort_open, struct order, r->pos.open.micro)
COLUMN_SORT(sort_entry, struct order, r->pos.entry_price.micro)
COLUMN_SORT(sort_mark, struct order, position_of(view, r).mark.micro)
COLUMN_SORT(sort_unrealized, struct order, position_of(view, r).unrealized.micro)
COLUMN_SORT(sort_cost, struct order, r->pos.cost.micro)
COLUMN_SORT(sort_realized, struct order, r->pos.realized_pnl.micro)
COLUMN_SORT(sort_opened, struct order, r->pos.opened_us)
static int64_t sort_return(const struct desk *view, const void *row) {
    usd pnl;
    int64_t percent = 0;
    const int64_t base = return_of(view, row, &pnl);
    return base && dec_muldiv(pnl.micro, DEC_ONE, base, ROUND_ZERO, &percent) ? percent : 0;
}

/* Exits that move or come in parts, a letter each: Trail, Break-even, Ladder, before the Close; the strip below the list has them in words. */
COLUMN_GET(get_exits, struct order)
    const struct exit_rules *x = &r->pos.plan.rules;
    snprintf(out->text, sizeof out->text, "%s%s%s%s", x->trail_kind ? "T" : "", x->break_even.micro ? "B" : "", x->rung_count ? "L" : "", x->before_close_s ? "C" : "");
    snprintf(out->raw, sizeof out->raw, "%s%s%s%s", x->trail_kind ? " trail" : "", x->break_even.micro ? " break-even" : "", x->rung_count ? " ladder" : "", x->before_close_s ? " before-close" : "");
    if (out->raw[0])
        memmove(out->raw, out->raw + 1, strlen(out->raw));
    out->role = ROLE_OWN;
COLUMN_GET_END

static const struct column positions[] = {
    {"position", "id", 5, true, 3, false, get_num, sort_num},
    {"venue", "ven", 3, false, 5, false, get_venue, NULL},
    {"account", "account", 8, false, 1, false, get_account, NULL},
    {"mode", "acct", 5, false, 1, false, get_mode, NULL},
    {"market", "market", 0, false, 0, false, get_market, NULL},
    {"side", "side", 5, false, 0, false, get_side, NULL},
    {"size", "size", 6, true, 0, false, get_open, sort_open},
    {"entry_price", "avg", 6, true, 2, false, get_entry, sort_entry},
    {"mark", "mark", 6, true, 1, false, get_mark, sort_mark},
    {"unrealized_pnl", "P&L", 8, true, 0, true, get_unrealized, sort_unrealized},
    {"return_percent", "%", 7, true, 4, false, get_return, sort_return},
    {"stop", "stop", 6, true, 6, false, get_stop, NULL},
    {"target", "target", 6, true, 7, false, get_target, NULL},
    {"exits", "exit", 4, false, 5, false, get_exits, NULL},
    {"leverage", "lev", 4, true, 8, false, get_leverage, NULL},
    {"age_seconds", "age", 5, true, 9, false, get_held, sort_opened},
    {"cost", "cost", 8, true, 10, true, get_cost, sort_cost},
    {"realized_pnl", "realized", 8, true, 11, true, get_realized, sort_realized},
    {"liquidation_price", "liq", 6, true, 12, false, get_liquidation, NULL},
    {"unprotected", "protection", 11, false, -1, false, get_protection, NULL},
    {"unprotected_why", "why", 30, false, -1, false, get_unprotected_why, NULL},
    {"notional", "notional", 11, true, -1, true, get_notional, NULL},
    {"margin", "margin", 10, true, -1, true, get_margin, NULL},
    {"fees", "fees", 8, true, -1, true, get_pos_fees, NULL},
    {"funding", "funding", 8, true, -1, true, get_funding, NULL},
    {"reserved", "reserved", 8, true, -1, false, get_reserved, NULL},
    {"unsettled", "unsettled", 9, true, -1, false, get_unsettled, NULL},
    {"exit_price", "exit", 9, true, -1, false, get_exit, NULL},
    {"status", "status", 8, false, -1, false, get_status, NULL},
    {"close_trigger", "closed by", 12, false, -1, false, get_trigger, NULL},
    {"opened_at", "opened", 8, false, -1, false, get_opened, sort_opened},
    {"closed_at", "closed", 8, false, -1, false, get_closed, NULL},
    {"strategy", "strategy", 10, false, -1, false, get_strategy, NULL},
    {"title", "title", 30, false, -1, false, get_title, NULL},
    {"id", "full id", 20, true, -1, false, get_id, NULL},
};
const struct column_table columns_positions = {"positions", positions, sizeof positions / sizeof *positions};

/* --- orders --- */
COLUMN_GET(get_action, struct order) column_set_action(out, (enum order_action)r->action); COLUMN_GET_END
COLUMN_GET(get_type, struct order) column_set_text(out, order_type_name((enum order_type)r->type)); COLUMN_GET_END
COLUMN_GET(get_tif, struct order) column_set_text(out, order_tif_name((enum order_tif)r->tif)); COLUMN_GET_END
COLUMN_GET(get_limit, struct order)
    column_set_price(out, column_market(view, r->market), r->limit, 0);
    if (r->type == ORDER_MARKET)
        str_copy(out->text, sizeof out->text, "market");
COLUMN_GET_END
COLUMN_GET(get_trigger_price, struct order) column_set_price(out, column_market(view, r->market), r->trigger, 0); COLUMN_GET_END
COLUMN_GET(get_size, struct order) column_set_size(out, column_market(view, r->market), r->size); COLUMN_GET_END
COLUMN_GET(get_filled, struct order) column_set_size(out, column_market(view, r->market), r->filled); COLUMN_GET_END
COLUMN_GET(get_reversed, struct order) column_set_size(out, column_market(view, r->market), r->reversed); COLUMN_GET_END
COLUMN_GET(get_avg, struct order)
    price avg = {0};
    order_avg_fill(r, &avg);
    column_set_price(out, column_market(view, r->market), avg, FORMAT_FINE);
COLUMN_GET_END
COLUMN_GET(get_fee, struct order) column_set_usd(out, r->fee); COLUMN_GET_END
COLUMN_GET(get_age, struct order)
    const int64_t age = now_us - r->created_us;
    format_age(age, out->text);
    snprintf(out->raw, sizeof out->raw, "%lld", (long long)(age / 1000000));
    out->number = out->json_number = true;
COLUMN_GET_END
COLUMN_GET(get_state, struct order)
    const char *name = order_state_name((enum order_state)r->state);
    column_set_text(out, name);
    if (r->flags & ORDER_OUTCOME_UNKNOWN) {
        str_copy(out->text, sizeof out->text, "UNKNOWN?");
        out->role = ROLE_WARN;
    } else if (order_open(r) && view_order_delayed_us(view, r->id) > now_us) {
        str_copy(out->text, sizeof out->text, "delayed");
        out->role = ROLE_WARN;
    } else if (r->cancel_requested_us && order_open(r)) {
        str_copy(out->text, sizeof out->text, "cancelling");
        out->role = ROLE_MUTED;
    } else if (r->reversed.micro > 0 && r->filled.micro == 0 && !order_open(r)) { /* what was executed never settled */
        str_copy(out->text, sizeof out->text, "taken back");
        out->role = ROLE_ALERT;
    } else if (r->state == STATE_PENDING) {
        str_copy(out->text, sizeof out->text, r->venue_id[0] ? "resting" : "sent");
    } else if (r->state == STATE_FAILED) {
        out->role = ROLE_WARN;
    } else if (!order_open(r)) {
        out->role = ROLE_MUTED;
    }
COLUMN_GET_END
COLUMN_GET(get_unknown, struct order) column_set_bool(out, r->flags & ORDER_OUTCOME_UNKNOWN, "?"); COLUMN_GET_END
COLUMN_GET(get_delayed, struct order) if (order_open(r)) column_set_time(out, view_order_delayed_us(view, r->id)); COLUMN_GET_END
COLUMN_GET(get_reduce, struct order) column_set_bool(out, r->flags & ORDER_REDUCE_ONLY, "reduce"); COLUMN_GET_END
COLUMN_GET(get_post, struct order) column_set_bool(out, r->flags & ORDER_POST_ONLY, "post"); COLUMN_GET_END
COLUMN_GET(get_order_lev, struct order) column_set_int(out, r->leverage ? r->leverage : 1); COLUMN_GET_END
COLUMN_GET(get_reason, struct order) column_set_pair(out, r->reason_text[0] ? r->reason_text : err_text((enum err)r->reason), r->reason ? err_name((enum err)r->reason) : ""); COLUMN_GET_END
COLUMN_GET(get_created, struct order) column_set_time(out, r->created_us); COLUMN_GET_END
COLUMN_GET(get_updated, struct order) column_set_time(out, r->updated_us); COLUMN_GET_END
COLUMN_GET(get_expires, struct order) column_set_time(out, r->expires_us); COLUMN_GET_END
COLUMN_GET(get_parent, struct order)
    const struct order *p = r->parent ? view_order(view, r->parent) : NULL;
    if (p)
        column_set_int(out, p->num);
COLUMN_GET_END
COLUMN_GET(get_client, struct order) column_set_text(out, r->client_id); COLUMN_GET_END
COLUMN_GET(get_venue_id, struct order) column_set_text(out, r->venue_id); COLUMN_GET_END

COLUMN_SORT(sort_limit, struct order, r->limit.micro)
COLUMN_SORT(sort_size, struct order, r->size.micro)
COLUMN_SORT(sort_filled, struct order, r->filled.micro)
COLUMN_SORT(sort_created, struct order, r->created_us)

static const struct column orders[] = {
    {"order", "id", 5, true, 0, false, get_num, sort_num},
    {"venue", "ven", 3, false, 5, false, get_venue, NULL},
    {"account", "account", 8, false, 2, false, get_account, NULL},
    {"mode", "acct", 5, false, 1, false, get_mode, NULL},
    {"market", "market", 0, false, 0, false, get_market, NULL},
    {"action", "act", 4, false, 0, false, get_action, NULL},
    {"side", "side", 5, false, 1, false, get_side, NULL},
    {"price", "price", 6, true, 0, false, get_limit, sort_limit},
    {"size", "size", 6, true, 0, false, get_size, sort_size},
    {"filled", "filled", 6, true, 2, false, get_filled, sort_filled},
    {"age_seconds", "age", 4, true, 4, false, get_age, sort_created},
    {"state", "state", 10, false, 1, false, get_state, NULL},
    {"tif", "tif", 4, false, 7, false, get_tif, NULL},
    {"source", "by", 7, false, 8, false, get_source, NULL},
    {"avg_fill_price", "avg", 6, true, 9, false, get_avg, NULL},
    {"fee", "fee", 5, true, 10, true, get_fee, NULL},
    {"type", "type", 11, false, -1, false, get_type, NULL},
    {"trigger_price", "trigger", 9, true, -1, false, get_trigger_price, NULL},
    {"reduce_only", "reduce", 6, false, -1, false, get_reduce, NULL},
    {"post_only", "post", 5, false, -1, false, get_post, NULL},
    {"outcome_unknown", "unknown", 7, false, -1, false, get_unknown, NULL},
    {"delayed_until", "delayed", 8, false, -1, false, get_delayed, NULL},
    {"reversed", "taken back", 10, true, -1, false, get_reversed, NULL},
    {"leverage", "lev", 4, true, -1, false, get_order_lev, NULL},
    {"reason", "reason", 24, false, -1, false, get_reason, NULL},
    {"position", "pos", 5, true, -1, false, get_parent, NULL},
    {"created_at", "created", 8, false, -1, false, get_created, sort_created},
    {"updated_at", "updated", 8, false, -1, false, get_updated, NULL},
    {"expires_at", "expires", 8, false, -1, false, get_expires, NULL},
    {"strategy", "strategy", 10, false, -1, false, get_strategy, NULL},
    {"title", "title", 30, false, -1, false, get_title, NULL},
    {"client_id", "client id", 20, false, -1, false, get_client, NULL},
    {"venue_order_id", "venue id", 20, false, -1, false, get_venue_id, NULL},
    {"id", "full id", 20, true, -1, false, get_id, NULL},
};
const struct column_table columns_orders = {"orders", orders, sizeof orders / sizeof *orders};

/* --- fills --- */
COLUMN_GET(get_fill_time, struct fill) column_set_time(out, r->at_us); COLUMN_GET_END
COLUMN_GET(get_fill_order, struct fill)
    const struct order *o = view_order(view, r->order);
    if (o)
        column_set_int(out, o->num);
COLUMN_GET_END
COLUMN_GET(get_fill_position, struct fill)
    const struct order *o = view_order(view, r->position);
    if (o)
        column_set_int(out, o->num);
COLUMN_GET_END
COLUMN_GET(get_fill_venue, struct fill)
    const struct market *m = column_market(view, r->market);
    column_set_venue(out, m ? (enum venue_id)m->venue : VENUE_NONE);
COLUMN_GET_END
COLUMN_GET(get_fill_market, struct fill) column_set_market(out, view, r->market); COLUMN_GET_END
COLUMN_GET(get_fill_account, struct fill) column_set_account(out, view, r->account); COLUMN_GET_END
COLUMN_GET(get_fill_action, struct fill) column_set_action(out, (enum order_action)r->action); COLUMN_GET_END
COLUMN_GET(get_fill_side, struct fill) column_set_side(out, (enum order_side)r->side); COLUMN_GET_END
COLUMN_GET(get_fill_price, struct fill)
    column_set_price(out, column_market(view, r->market), r->px, 0);
    dec_format(r->px.micro, 0, out->raw); /* a settlement at 0 is a price */
    if (!r->px.micro)
        str_copy(out->text, sizeof out->text, "0");
COLUMN_GET_END
COLUMN_GET(get_fill_size, struct fill)
    char text[FORMAT_MAX];
    column_set_size(out, column_market(view, r->market), r->size);
    if (r->finality == FILL_PROVISIONAL)
        snprintf(out->text, sizeof out->text, "~%s", format_size(column_market(view, r->market), r->size, text));
COLUMN_GET_END
COLUMN_GET(get_fill_fee, struct fill) column_set_usd(out, r->fee); COLUMN_GET_END
COLUMN_GET(get_fill_pnl, struct fill)
    column_set_pnl(out, r->realized_pnl);
    if (!r->realized_pnl.micro)
        str_copy(out->text, sizeof out->text, "-");
COLUMN_GET_END
COLUMN_GET(get_fill_liquidity, struct fill) column_set_text(out, r->maker ? "maker" : "taker"); COLUMN_GET_END
COLUMN_GET(get_fill_kind, struct fill) column_set_text(out, fill_kind_name((enum fill_kind)r->kind)); COLUMN_GET_END
COLUMN_GET(get_fill_finality, struct fill)
    column_set_text(out, fill_finality_name((enum fill_finality)r->finality));
    out->role = r->finality == FILL_PROVISIONAL ? ROLE_WARN : r->finality == FILL_REVERSED ? ROLE_ALERT : ROLE_MUTED;
COLUMN_GET_END
COLUMN_GET(get_fill_mode, struct fill) column_set_mode(out, view, r->account); COLUMN_GET_END
COLUMN_GET(get_fill_trade, struct fill) column_set_text(out, r->venue_trade); COLUMN_GET_END
COLUMN_GET(get_fill_leg, struct fill) column_set_int(out, r->leg); COLUMN_GET_END

COLUMN_SORT(sort_fill_time, struct fill, r->at_us)
COLUMN_SORT(sort_fill_price, struct fill, r->px.micro)
COLUMN_SORT(sort_fill_size, struct fill, r->size.micro)
COLUMN_SORT(sort_fill_pnl, struct fill, r->realized_pnl.micro)

static const struct column fills[] = {
    {"time", "time", 8, false, 1, false, get_fill_time, sort_fill_time},
    {"order", "order", 5, true, 3, false, get_fill_order, NULL},
    {"venue", "ven", 3, false, 5, false, get_fill_venue, NULL},
    {"market", "market", 0, false, 0, false, get_fill_market, NULL},
    {"action", "act", 4, false, 0, false, get_fill_action, NULL},
    {"side", "side", 5, false, 2, false, get_fill_side, NULL},
    {"size", "size", 6, true, 0, false, get_fill_size, sort_fill_size},
    {"price", "price", 6, true, 0, false, get_fill_price, sort_fill_price},
    {"fee", "fee", 5, true, 4, true, get_fill_fee, NULL},
    {"realized_pnl", "P&L", 8, true, 3, true, get_fill_pnl, sort_fill_pnl},
    {"liquidity", "liq", 5, false, 6, false, get_fill_liquidity, NULL},
    {"kind", "kind", 10, false, 7, false, get_fill_kind, NULL},
    {"finality", "finality", 11, false, 8, false, get_fill_finality, NULL},
    {"position", "pos", 5, true, -1, false, get_fill_position, NULL},
    {"account", "account", 10, false, -1, false, get_fill_account, NULL},
    {"mode", "acct", 5, false, 4, false, get_fill_mode, NULL},
    {"leg", "leg", 3, true, -1, false, get_fill_leg, NULL},
    {"venue_trade", "trade id", 20, false, -1, false, get_fill_trade, NULL},
};
const struct column_table columns_fills = {"fills", fills, sizeof fills / sizeof *fills};
