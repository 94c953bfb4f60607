/* The columns of every table: name, SQL type, where the value sits in the record and how it is written. */
#include "cols.h"

WORD(order_side_name, order_side)
WORD(order_action_name, order_action)
WORD(order_type_name, order_type)
WORD(order_tif_name, order_tif)
WORD(order_state_name, order_state)
WORD(order_event_name, order_event_kind)
WORD(order_source_name, order_source)
WORD(position_status_name, position_status)
WORD(close_trigger_name, close_trigger)
WORD(fill_kind_name, fill_kind)
WORD(fill_finality_name, fill_finality)
WORD(ledger_kind_name, ledger_kind)
WORD(venue_name, venue_id)
WORD(market_kind_name, market_kind)
WORD(market_status_name, market_status)
WORD(market_outcome_name, market_outcome)
WORD(fee_kind_name, fee_kind)

#define O struct order
static const struct col order_cols[] = {
    INT_(O, id, "id", "bigint", KEY_),
    INT_(O, num, "num", "integer"),
    INT_(O, account, "account_id", "integer"),
    INT_(O, market, "market_id", "bigint"),
    TEXT_(O, strategy, "strategy"),
    ENUM_(O, side, "side", "order_side", order_side_name),
    ENUM_(O, action, "action", "order_action", order_action_name),
    ENUM_(O, type, "type", "order_type", order_type_name),
    ENUM_(O, tif, "time_in_force", "time_in_force", order_tif_name),
    ENUM_(O, state, "state", "order_state", order_state_name),
    ENUM_(O, source, "source", "order_source", order_source_name),
    FLAG_(O, flags, "outcome_unknown", ORDER_OUTCOME_UNKNOWN),
    FLAG_(O, flags, "reduce_only", ORDER_REDUCE_ONLY),
    FLAG_(O, flags, "post_only", ORDER_POST_ONLY),
    FLAG_(O, flags, "sent", ORDER_SENT),
    FLAG_(O, flags, "acknowledged", ORDER_ACKED),
    INT_(O, leverage, "leverage", "smallint"),
    ERR_(O, reason, "reason", N_),
    TEXT_(O, reason_text, "reason_text", N_),
    INT_(O, version, "version", "integer"),
    DEC_(O, limit, "price", N_),
    DEC_(O, trigger, "trigger_price", N_),
    DEC_(O, size, "quantity"),
    DEC_(O, filled, "filled_quantity"),
    DEC_(O, reversed, "reversed_quantity"),
    DEC_(O, filled_value, "filled_value"),
    {.name = "avg_fill_price", .type = NUM, .kind = COL_AVG, PLACE(O, filled_value), .flags = COL_WRITE_ONLY, .guard = offsetof(O, filled)},
    DEC_(O, fee, "fee"),
    INT_(O, parent, "parent_id", "bigint", N_),
    INT_(O, link, "link_id", "bigint", N_),
    TEXT_(O, client_id, "client_id", N_),
    TEXT_(O, venue_id, "venue_order_id", N_),
    TIME_(O, created_us, "created_at"),
    TIME_(O, sent_us, "sent_at", N_),
    TIME_(O, updated_us, "updated_at"),
    TIME_(O, expires_us, "expires_at", N_),
    TIME_(O, cancel_requested_us, "cancel_requested_at", N_),
    {.name = "route", .type = "jsonb", .kind = COL_ROUTE, PLACE(O, route)},
    /* from here on the position: ORDER_COLS_BARE counts the columns before */
    ENUM_(O, pos.status, "status", "position_status", position_status_name, N_),
    ENUM_(O, pos.close_trigger, "close_trigger", "close_trigger", close_trigger_name, N_),
    INT_(O, pos.leverage, "position_leverage", "smallint", N_),
    BOOL_(O, pos.unprotected, "unprotected", N_),
    DEC_(O, pos.open, "open_quantity", N_),
    DEC_(O, pos.reserved, "reserved_quantity", N_),
    DEC_(O, pos.closed, "closed_quantity", N_),
    DEC_(O, pos.cost, "cost", N_),
    DEC_(O, pos.entry_price, "entry_price", N_),
    DEC_(O, pos.exit_price, "exit_price", N_),
    DEC_(O, pos.exit_value, "exit_value", N_),
    DEC_(O, pos.realized_pnl, "realized_pnl", N_),
    DEC_(O, pos.fees, "position_fees", N_),
    DEC_(O, pos.funding, "position_funding", N_),
    TIME_(O, pos.opened_us, "opened_at", N_),
    TIME_(O, pos.closed_us, "closed_at", N_),
    INT_(O, pos.sl_order, "sl_order_id", "bigint", N_),
    INT_(O, pos.tp_order, "tp_order_id", "bigint", N_),
    DEC_(O, pos.plan.stop, "stop_loss_price", N_),
    DEC_(O, pos.plan.target, "take_profit_price", N_),
    DEC_(O, pos.plan.stop, "sl_trigger_price", .flags = COL_NULL | COL_WRITE_ONLY | COL_IF_SET, .guard = offsetof(O, pos.sl_order)),
    DEC_(O, pos.plan.target, "tp_trigger_price", .flags = COL_NULL | COL_WRITE_ONLY | COL_IF_SET, .guard = offsetof(O, pos.tp_order)),
    {.name = "exit_plan", .type = "jsonb", .kind = COL_PLAN, .off = offsetof(O, pos.plan), .flags = COL_WRITE_ONLY},
    DEC_(O, pos.plan.invalidation_price, "", .flags = COL_READ_ONLY, .select = "exit_plan->>'invalidation_price'"),
    TIME_(O, pos.plan.time_exit_us, "", .flags = COL_READ_ONLY, .select = "(exit_plan->>'time_exit')::timestamptz"),
    TIME_(O, pos.plan.cooldown_until_us, "", .flags = COL_READ_ONLY, .select = "(exit_plan->>'cooldown_until')::timestamptz"),
    TEXT_(O, pos.plan.invalidation, "", .flags = COL_READ_ONLY, .select = "exit_plan->>'invalidation'"),
    SIGN_(O, pos.plan.confidence, "", "", .flags = COL_READ_ONLY, .select = "exit_plan->>'confidence'"),
    {.kind = COL_RULES, PLACE(O, pos.plan), .flags = COL_READ_ONLY, .select = "exit_plan"},
};
#undef O

#define E struct save_order_event
static const struct col event_cols[] = {
    INT_(E, order, "order_id", "bigint"),      ENUM_(E, event, "event", "text", order_event_name),
    ENUM_(E, from, "from_state", "text", order_state_name), ENUM_(E, to, "to_state", "text", order_state_name),
    ENUM_(E, source, "source", "text", order_source_name),  ERR_(E, reason, "reason", N_),
    TEXT_(E, text, "text", N_),                TIME_(E, at_us, "at"),
};
#undef E

#define F struct fill
static const struct col fill_cols[] = {
    INT_(F, order, "order_id", "bigint"),
    INT_(F, position, "position_id", "bigint", N_),
    INT_(F, account, "account_id", "integer", KEY_),
    INT_(F, market, "market_id", "bigint"),
    INT_(F, leg, "leg", "smallint", KEY_),
    ENUM_(F, kind, "kind", "text", fill_kind_name),
    ENUM_(F, finality, "finality", "text", fill_finality_name),
    BOOL_(F, maker, "maker"),
    ENUM_(F, side, "side", "order_side", order_side_name),
    ENUM_(F, action, "action", "order_action", order_action_name),
    DEC_(F, px, "price"),
    DEC_(F, size, "quantity"),
    DEC_(F, fee, "fee"),
    DEC_(F, realized_pnl, "realized_pnl"),
    TIME_(F, at_us, "at"),
    TEXT_(F, venue_trade, "venue_trade_id", KEY_),
};
#undef F

#define L struct ledger_entry
static const struct col ledger_cols[] = {
    INT_(L, account, "account_id", "integer", KEY_), ENUM_(L, kind, "kind", "text", ledger_kind_name, KEY_),
    TEXT_(L, ref, "ref", KEY_),                INT_(L, market, "market_id", "bigint", N_),
    INT_(L, order, "order_id", "bigint", N_),  DEC_(L, amount, "amount"),
    TIME_(L, at_us, "at"),
};
#undef L

static const struct col setting_cols[] = {
    TEXT_(struct ev_setting, key, "key", KEY_),
    TEXT_(struct ev_setting, value, "value"),
};

#define M struct ev_load_market
static const struct col market_cols[] = {
    INT_(M, market.id, "id", "bigint", KEY_),
    ENUM_(M, market.venue, "venue", "text", venue_name),
    TEXT_(M, market.symbol, "symbol"),
    ENUM_(M, market.kind, "kind", "text", market_kind_name),
    ENUM_(M, market.status, "status", "text", market_status_name),
    ENUM_(M, market.outcome, "outcome", "text", market_outcome_name),
    TEXT_(M, market.title, "title"),
    TEXT_(M, market.category, "category"),
    TEXT_(M, market.native, "native", N_),
    INT_(M, market.max_leverage, "max_leverage", "smallint"),
    INT_(M, market.price_digits, "price_digits", "smallint"),
    INT_(M, market.qty_digits, "quantity_digits", "smallint"),
    BOOL_(M, market.quote_only, "quote_only"),
    DEC_(M, market.tick, "tick"),
    DEC_(M, market.min_price, "min_price"),
    DEC_(M, market.max_price, "max_price"),
    DEC_(M, market.lot, "lot"),
    DEC_(M, market.min_size, "min_size"),
    ENUM_(M, market.fee_kind, "fee_kind", "text", fee_kind_name),
    SIGN_(M, market.maker_ppm, "maker_ppm", "integer"),
    SIGN_(M, market.taker_ppm, "taker_ppm", "integer"),
    SIGN_(M, market.maintenance_ppm, "maintenance_ppm", "integer"),
    SIGN_(M, market.funding_interval_s, "funding_interval_s", "integer"),
    TIME_(M, market.closes_us, "closes_at", N_),
    DEC_(M, last, "last_price", N_),
    DEC_(M, mark, "mark_price", N_),
};
#undef M

static const struct col equity_cols[] = {
    INT_(struct ev_equity, account, "account_id", "integer", KEY_),
    TIME_(struct ev_equity, at_us, "at", KEY_),
    DEC_(struct ev_equity, equity, "equity"),
};

static const struct col day_cols[] = {
    INT_(struct ev_load_day, account, "account_id", "integer", KEY_),
    DAY_(struct ev_load_day, day, "day", KEY_),
    DEC_(struct ev_load_day, start_equity, "start_equity"),
};

static const struct col account_cols[] = {
    INT_(struct account, id, "id", "integer", KEY_),
    ENUM_(struct account, venue, "venue", "text", venue_name),
    TEXT_(struct account, name, "name"),
    BOOL_(struct account, live, "live"),
    DEC_(struct account, initial, "initial"),
};

#define MO struct model
static const struct col model_cols[] = {
    INT_(MO, id, "id", "integer", KEY_),
    TEXT_(MO, name, "name"),
    TEXT_(MO, variant, "variant"),
    TEXT_(MO, provider, "provider"),
    TEXT_(MO, model, "model_ref"),
    INT_(MO, account, "account_id", "integer"),
    BOOL_(MO, enabled, "enabled"),
    BOOL_(MO, paused, "paused"),
    BOOL_(MO, builtin, "builtin"),
    INT_(MO, interval_s, "interval_s", "integer"),
    TIME_(MO, next_run_us, "next_run_at", N_),
    TIME_(MO, last_run_us, "last_run_at", N_),
    TIME_(MO, last_ok_us, "last_ok_at", N_),
    INT_(MO, runs, "invocation_count", "bigint"),
    INT_(MO, total_minutes, "total_minutes", "bigint"),
    INT_(MO, failed_runs, "failed_workflow_count", "bigint"),
    INT_(MO, failed_calls, "failed_tool_call_count", "bigint"),
    INT_(MO, skipped_runs, "skipped", "bigint"),
    INT_(MO, failed_in_row, "failed_in_row", "bigint"),
    INT_(MO, tokens_in, "tokens_in", "bigint"),
    INT_(MO, tokens_out, "tokens_out", "bigint"),
    DEC_(MO, cost_total, "cost_total"),
    DEC_(MO, cost_day, "cost_day"),
    DAY_(MO, cost_date, "cost_date"),
    BOOL_(MO, cost_unknown, "cost_unknown"),
    DEC_(MO, budget_run, "budget_run"),
    DEC_(MO, budget_day, "budget_day"),
    {.name = "limits", .type = "jsonb", .kind = COL_LIMITS, PLACE(MO, limits), .flags = COL_WRITE_ONLY},
#define X(key, kind_, def, unit, help) INT_(MO, limits.key, "", "", .flags = COL_READ_ONLY, .select = "limits->>'" #key "'"),
    AGENT_LIMITS(X)
#undef X
    TEXT_(MO, markets, "markets"),
    TEXT_(MO, reason, "reason", N_),
    SIGN_(MO, version, "version", "integer"),
};
#undef MO

TYPE(row_order, "orders", order_cols);
/* A new order without position and plan: what an intent usually is. */
#define ORDER_COLS_BARE 38
const struct row_type row_intent = {"orders", order_cols, ORDER_COLS_BARE};
TYPE(row_event, "order_events", event_cols);
TYPE(row_fill, "fills", fill_cols);
TYPE(row_ledger, "ledger", ledger_cols);
TYPE(row_setting, "settings", setting_cols);
TYPE(row_market, "markets", market_cols);
TYPE(row_equity, "equity", equity_cols);
TYPE(row_day, "days", day_cols);
TYPE(row_account, "accounts", account_cols);
TYPE(row_model, "models", model_cols);
