/* The columns of what automations keep. */
#include "cols.h"

WORD(watch_kind_name, watch_kind)
WORD(watch_status_name, watch_status)
WORD(follow_kind_name, follow_kind)
WORD(follow_strategy_name, follow_strategy)
WORD(follow_sizing_name, follow_sizing)
WORD(follow_exit_name, follow_exit)
WORD(follow_status_name, follow_status)
WORD(history_kind_name, history_kind)
WORD(order_side_name, order_side)
WORD(order_action_name, order_action)
WORD(venue_name, venue_id)
WORDS(direction, "below", "above")
WORDS(origin, "hand", "file")
WORDS(remark, "order", "day")
static const char *figure_word(int v) { return v < FIGURE_COUNT ? figure_info((enum figure)v)->name : "?"; }

/* The words of a packed row in their order there. */
const char *(*const watch_words[WATCH_WORDS])(int) = {watch_kind_name_word, watch_status_name_word, figure_word, direction_word, order_side_name_word, order_action_name_word};

#define W struct watch
static const struct col watch_cols[] = {
    INT_(W, id, "id", "bigint", KEY_),
    ENUM_(W, kind, "kind", "text", watch_kind_name),
    INT_(W, account, "account_id", "bigint", N_),
    ENUM_(W, status, "status", "watch_status", watch_status_name),
    ENUM_(W, figure, "figure", "text", figure),
    INT_(W, subject, "subject", "bigint"),
    ENUM_(W, dir, "direction", "text", direction),
    DEC_(W, level, "trigger_price"),
    ENUM_(W, side, "side", "text", order_side_name),
    ENUM_(W, action, "action", "text", order_action_name),
    DEC_(W, amount, "amount", N_),
    E4_(W, slippage_e4, "slippage"),
    FLAG_(W, flags, "armed", WATCH_ARMED),
    FLAG_(W, flags, "repeat", WATCH_REPEAT),
    FLAG_(W, flags, "in_units", WATCH_UNITS),
    FLAG_(W, flags, "reduce_only", WATCH_REDUCE_ONLY),
    FLAG_(W, flags, "away", WATCH_AWAY),
    FLAG_(W, flags, "keep_armed", WATCH_KEEP),
    TIME_(W, expires_us, "expires_at", N_),
    INT_(W, hold_ms, "hold_ms", "bigint", N_),
    INT_(W, max_age_ms, "max_age_ms", "bigint", N_),
    DEC_(W, depth, "depth", N_),
    DEC_(W, budget, "budget", N_),
    DEC_(W, spent, "spent", N_),
    INT_(W, oco, "oco_id", "bigint", N_),
    INT_(W, order, "order_id", "bigint", N_),
    INT_(W, fires, "fires", "integer"),
    INT_(W, version, "version", "integer"),
    {.name = "packed", .type = "bytea", .kind = COL_PACKED, .size = sizeof(W), .flags = COL_WRITE_ONLY},
};

/* What a firing changes. */
/* A firing writes no more than it changes; packed follows when it is over (a start packs what executes itself). */
static const struct col fire_cols[] = {
    INT_(W, id, "id", "bigint", KEY_),
    ENUM_(W, status, "status", "watch_status", watch_status_name),
    INT_(W, order, "order_id", "bigint", N_),
    INT_(W, fires, "fires", "integer"),
    INT_(W, version, "version", "integer"),
};
#undef W

#define F struct follow
static const struct col follow_cols[] = {
    INT_(F, id, "id", "bigint", KEY_),
    ENUM_(F, kind, "kind", "text", follow_kind_name),
    ENUM_(F, strategy, "strategy", "text", follow_strategy_name),
    ENUM_(F, sizing, "sizing", "text", follow_sizing_name),
    ENUM_(F, exit, "exit", "text", follow_exit_name),
    INT_(F, account, "account_id", "bigint"),
    BOOL_(F, enabled, "enabled"),
    BOOL_(F, paused, "paused"),
    BOOL_(F, deleted, "deleted"),
    BOOL_(F, baselined, "baselined"),
    ENUM_(F, venue, "venue", "text", venue_name),
    TEXT_(F, wallet, "target_wallet", N_),
    INT_(F, model, "target_model_id", "bigint", N_),
    DEC_(F, fixed, "fixed_amount", N_),
    DEC_(F, factor, "multiplier", N_),
    DEC_(F, max_trade, "max_trade", N_),
    DEC_(F, max_position, "max_position", N_),
    DEC_(F, max_day, "max_day", N_),
    DEC_(F, max_day_loss, "daily_stop_loss", N_),
    DEC_(F, min_liquidity, "min_liquidity", N_),
    DEC_(F, min_price, "min_price", N_),
    DEC_(F, max_price, "max_price", N_),
    INT_(F, delay_ms, "delay_ms", "bigint"),
    INT_(F, max_age_ms, "max_age_ms", "bigint"),
    INT_(F, max_day_trades, "max_day_trades", "bigint", N_),
    INT_(F, max_positions, "max_positions", "bigint", N_),
    E4_(F, stop_e4, "stop_loss", N_),
    E4_(F, target_e4, "take_profit", N_),
    E4_(F, slippage_e4, "slippage"),
    TEXT_(F, categories, "categories", N_),
    DAY_(F, day, "day"),
    INT_(F, day_trades, "day_trades", "bigint"),
    DEC_(F, day_volume, "day_volume"),
    DEC_(F, day_pnl, "day_pnl"),
    TIME_(F, watermark_us, "watermark_at", N_),
    TIME_(F, created_us, "created_at"),
    /* Counts of the rows: what was cut off between the two must not count twice or never. */
    INT_(F, executed, "executed", "bigint", .select = "(SELECT count(*) FROM follow_trades t WHERE t.follow_id = follows.id AND t.status = 'executed')"),
    INT_(F, skipped, "skipped", "bigint", .select = "(SELECT count(*) FROM follow_trades t WHERE t.follow_id = follows.id AND t.status = 'skipped' AND t.reason IS NOT NULL)"),
    INT_(F, failed, "failed", "bigint", .select = "(SELECT count(*) FROM follow_trades t WHERE t.follow_id = follows.id AND t.status = 'failed')"),
    INT_(F, version, "version", "integer"),
};
#undef F

#define T struct follow_trade
static const struct col follow_trade_cols[] = {
    INT_(T, follow, "follow_id", "bigint", KEY_),
    TEXT_(T, trade, "trade_id", KEY_),
    ENUM_(T, status, "status", "text", follow_status_name),
    ERR_(T, reason, "reason", N_),
    TEXT_(T, text, "text", N_),
    INT_(T, market, "market_id", "bigint"),
    ENUM_(T, side, "side", "text", order_side_name),
    ENUM_(T, action, "action", "text", order_action_name),
    DEC_(T, px, "price"),
    DEC_(T, size, "quantity"),
    ENUM_(T, our_side, "our_side", "text", order_side_name),
    ENUM_(T, our_action, "our_action", "text", order_action_name),
    INT_(T, order, "order_id", "bigint", N_),
    DEC_(T, total, "total", N_),
    TIME_(T, at_us, "at"),
    TIME_(T, seen_us, "seen_at"),
    TIME_(T, due_us, "due_at", N_),
    INT_(T, version, "version", "bigint"),
};
#undef T

#define L struct market_link
static const struct col link_cols[] = {
    INT_(L, id, "id", "bigint", KEY_),  INT_(L, a, "market_a", "bigint"),          INT_(L, b, "market_b", "bigint"), BOOL_(L, inverted, "inverted"),
    ENUM_(L, origin, "origin", "text", origin), BOOL_(L, deleted, "deleted"), TEXT_(L, note, "note", N_),
};
#undef L

#define H struct history
static const struct col history_cols[] = {
    TIME_(H, at_us, "at"),         ENUM_(H, kind, "kind", "text", history_kind_name), INT_(H, id, "automation_id", "bigint"), TEXT_(H, what, "what"),
    TEXT_(H, text, "text", N_),    INT_(H, order, "order_id", "bigint", N_),          INT_(H, market, "market_id", "bigint", N_),
};
#undef H

#define R struct remark
static const struct col remark_cols[] = {
    ENUM_(R, kind, "kind", "text", remark, KEY_),
    INT_(R, subject, "subject", "bigint", KEY_),
    TIME_(R, at_us, "at"),
    TEXT_(R, text, "text", N_),
};
#undef R

TYPE(row_watch, "watches", watch_cols);
TYPE(row_fire, "watches", fire_cols);
TYPE(row_follow, "follows", follow_cols);
TYPE(row_follow_trade, "follow_trades", follow_trade_cols);
TYPE(row_link, "market_links", link_cols);
TYPE(row_history, "automation_history", history_cols);
TYPE(row_remark, "remarks", remark_cols);
