/* Columns of followed traders, their trades, links between markets and what the risk table refused. */
/* clang-format off: tables, one row a column */
#include <stdio.h>
#include <string.h>

#include "turret/base/str.h"
#include "ui/columns_private.h"
#include "ui/reads_as.h"

#define F struct follow

static void set_cap(struct column_value *out, usd cash) { /* 0 is none */
    column_set_usd(out, cash);
    if (!cash.micro)
        str_copy(out->text, sizeof out->text, "-"), out->raw[0] = 0;
}
static void set_e4(struct column_value *out, uint32_t e4) {
    format_percent(e4, 10000, 2, false, out->text);
    dec_format((int64_t)e4 * 100, 0, out->raw);
    out->number = true;
}

COLUMN_GET(f_label, F) char text[AUTO_LABEL_MAX]; column_set_text(out, follow_label(r, text)); COLUMN_GET_END
COLUMN_GET(f_id, F) column_set_int(out, r->id); COLUMN_GET_END
COLUMN_GET(f_kind, F) column_set_text(out, follow_kind_name((enum follow_kind)r->kind)); COLUMN_GET_END
COLUMN_GET(f_on, F)
    column_set_bool(out, r->enabled, "on");
    if (!out->text[0])
        str_copy(out->text, sizeof out->text, "off");
    out->role = r->enabled ? ROLE_OWN : ROLE_MUTED;
COLUMN_GET_END
COLUMN_GET(f_target, F)
    follow_target(view, r, out->text, sizeof out->text);
    str_copy(out->raw, sizeof out->raw, r->model ? out->text : r->wallet);
COLUMN_GET_END
COLUMN_GET(f_strategy, F) column_set_text(out, follow_strategy_name((enum follow_strategy)r->strategy)); COLUMN_GET_END
COLUMN_GET(f_sizing, F) column_set_text(out, follow_sizing_name((enum follow_sizing)r->sizing)); COLUMN_GET_END
COLUMN_GET(f_size, F)
    char text[FORMAT_MAX];
    column_set_text(out, follow_size_text(r, text));
    dec_format(r->sizing == SIZING_FIXED ? r->fixed.micro : r->factor, 0, out->raw);
    out->number = true;
COLUMN_GET_END
COLUMN_GET(f_caps, F)
    follow_caps(r, out->text, sizeof out->text);
    str_copy(out->raw, sizeof out->raw, out->text);
COLUMN_GET_END
COLUMN_GET(f_filter, F)
    char low[FORMAT_MAX], high[FORMAT_MAX];
    struct str s;
    str_init(&s);
    str_add(&s, r->categories[0] ? r->categories : "all");
    if (r->min_price.micro || r->max_price.micro)
        str_addf(&s, " %s-%s", format_percent(r->min_price.micro, DEC_ONE, 0, false, low), format_percent(r->max_price.micro ? r->max_price.micro : DEC_ONE, DEC_ONE, 0, false, high));
    if (r->min_liquidity.micro)
        str_addf(&s, " liq %s", format_usd_short(r->min_liquidity, low));
    column_set_text(out, s.p);
    str_free(&s);
COLUMN_GET_END
COLUMN_GET(f_delay, F)
    char text[FORMAT_MAX];
    column_set_int(out, r->delay_ms);
    str_copy(out->text, sizeof out->text, r->delay_ms ? format_age((int64_t)r->delay_ms * 1000, text) : "0s");
COLUMN_GET_END
COLUMN_GET(f_today, F)
    column_set_int(out, r->day_trades);
    if (r->max_day_trades)
        snprintf(out->text, sizeof out->text, "%u of %u", r->day_trades, r->max_day_trades);
COLUMN_GET_END
COLUMN_GET(f_volume, F) column_set_usd(out, r->day_volume); COLUMN_GET_END
COLUMN_GET(f_day_pnl, F) column_set_pnl(out, r->day_pnl); COLUMN_GET_END
COLUMN_GET(f_pnl, F) column_set_pnl(out, view_follow_pnl(view, r)); COLUMN_GET_END
static int64_t sort_f_pnl(const struct desk *view, const void *row) { return view_follow_pnl(view, row).micro; }
COLUMN_GET(f_state, F)
    column_set_text(out, follow_state(view, r));
    out->role = r->paused ? ROLE_WARN : r->enabled ? ROLE_TEXT : ROLE_MUTED;
COLUMN_GET_END
COLUMN_GET(f_executed, F) column_set_int(out, (int64_t)r->executed); COLUMN_GET_END
COLUMN_GET(f_skipped, F) column_set_int(out, (int64_t)r->skipped); COLUMN_GET_END
COLUMN_GET(f_failed, F) column_set_int(out, (int64_t)r->failed); out->role = r->failed ? ROLE_WARN : ROLE_TEXT; COLUMN_GET_END
COLUMN_GET(f_account, F) column_set_account(out, view, r->account); COLUMN_GET_END
COLUMN_GET(f_venue, F) column_set_venue(out, (enum venue_id)r->venue); COLUMN_GET_END
COLUMN_GET(f_max_trade, F) set_cap(out, r->max_trade); COLUMN_GET_END
COLUMN_GET(f_max_position, F) set_cap(out, r->max_position); COLUMN_GET_END
COLUMN_GET(f_max_day, F) set_cap(out, r->max_day); COLUMN_GET_END
COLUMN_GET(f_day_loss, F) set_cap(out, r->max_day_loss); COLUMN_GET_END
COLUMN_GET(f_max_trades, F) column_set_int(out, r->max_day_trades); COLUMN_GET_END
COLUMN_GET(f_max_positions, F) column_set_int(out, r->max_positions); COLUMN_GET_END
COLUMN_GET(f_slippage, F) set_e4(out, r->slippage_e4); COLUMN_GET_END
COLUMN_GET(f_tp, F) set_e4(out, r->target_e4); COLUMN_GET_END
COLUMN_GET(f_sl, F) set_e4(out, r->stop_e4); COLUMN_GET_END
COLUMN_GET(f_exit, F) column_set_text(out, follow_exit_name((enum follow_exit)r->exit)); COLUMN_GET_END
COLUMN_GET(f_categories, F) column_set_text(out, r->categories); COLUMN_GET_END
COLUMN_GET(f_min_price, F) column_set_price(out, NULL, r->min_price, 0); COLUMN_GET_END
COLUMN_GET(f_max_price, F) column_set_price(out, NULL, r->max_price, 0); COLUMN_GET_END
COLUMN_GET(f_liquidity, F) set_cap(out, r->min_liquidity); COLUMN_GET_END
COLUMN_GET(f_max_age, F) column_set_int(out, r->max_age_ms); COLUMN_GET_END
COLUMN_GET(f_created, F) column_set_time(out, r->created_us); COLUMN_GET_END
COLUMN_GET(f_reads, F)
    char text[READS_AS_MAX];
    follow_reads_as(view, r, text, sizeof text);
    column_set_text(out, text);
COLUMN_GET_END
COLUMN_SORT(sort_follow, F, r->id)

static const struct column follows[] = {
    {"follow", "id", 6, false, 0, false, f_label, sort_follow},
    {"enabled", "on", 3, false, 0, false, f_on, NULL},
    {"target", "source", 18, false, 0, false, f_target, NULL},
    {"strategy", "mode", 8, false, 1, false, f_strategy, NULL},
    {"size", "size", 9, true, 0, false, f_size, NULL},
    {"filter", "filter", 0, false, 4, false, f_filter, NULL},
    {"caps", "caps", 26, false, 3, false, f_caps, NULL},
    {"delay_ms", "delay", 5, true, 3, false, f_delay, NULL},
    {"day_trades", "today", 8, true, 1, false, f_today, NULL},
    {"day_pnl", "day P&L", 9, true, 1, true, f_day_pnl, NULL},
    {"pnl", "P&L", 9, true, 2, true, f_pnl, sort_f_pnl},
    {"state", "state", 9, false, 0, false, f_state, NULL},
    {"executed", "did", 4, true, 5, false, f_executed, NULL},
    {"skipped", "skip", 4, true, 5, false, f_skipped, NULL},
    {"failed", "fail", 4, true, 5, false, f_failed, NULL},
    {"kind", "kind", 7, false, -1, false, f_kind, NULL},
    {"account", "account", 10, false, -1, false, f_account, NULL},
    {"venue", "ven", 3, false, -1, false, f_venue, NULL},
    {"sizing", "sizing", 10, false, -1, false, f_sizing, NULL},
    {"max_trade", "max trade", 9, true, -1, true, f_max_trade, NULL},
    {"max_position", "max position", 9, true, -1, true, f_max_position, NULL},
    {"max_day", "max day", 9, true, -1, true, f_max_day, NULL},
    {"max_day_loss", "day loss", 9, true, -1, true, f_day_loss, NULL},
    {"max_day_trades", "max trades", 6, true, -1, false, f_max_trades, NULL},
    {"max_positions", "max positions", 6, true, -1, false, f_max_positions, NULL},
    {"day_volume", "volume", 9, true, -1, true, f_volume, NULL},
    {"slippage", "slip", 6, true, -1, false, f_slippage, NULL},
    {"target_percent", "tp", 6, true, -1, false, f_tp, NULL},
    {"stop_percent", "sl", 6, true, -1, false, f_sl, NULL},
    {"exit", "exit", 6, false, -1, false, f_exit, NULL},
    {"categories", "categories", 12, false, -1, false, f_categories, NULL},
    {"min_price", "from", 6, true, -1, false, f_min_price, NULL},
    {"max_price", "to", 6, true, -1, false, f_max_price, NULL},
    {"min_liquidity", "liquidity", 9, true, -1, true, f_liquidity, NULL},
    {"max_age_ms", "max age", 6, true, -1, false, f_max_age, NULL},
    {"created_at", "created", 8, false, -1, false, f_created, NULL},
    {"id", "number", 6, true, -1, false, f_id, sort_follow},
    {"reads_as", "reads as", 0, false, -1, false, f_reads, NULL},
};
const struct column_table columns_follows = {"follows", follows, sizeof follows / sizeof *follows};

/* --- the trades of a target as one follow saw them --- */
#define FT struct follow_trade
COLUMN_GET(t_time, FT) column_set_time(out, r->at_us); COLUMN_GET_END
COLUMN_GET(t_follow, FT)
    char text[AUTO_LABEL_MAX];
    const F *f = view_follow(view, r->follow);
    if (f)
        column_set_text(out, follow_label(f, text));
    else
        column_set_id(out, r->follow);
COLUMN_GET_END
COLUMN_GET(t_market, FT) column_set_market(out, view, r->market); COLUMN_GET_END
COLUMN_GET(t_action, FT) column_set_action(out, (enum order_action)r->action); COLUMN_GET_END
COLUMN_GET(t_side, FT) column_set_side(out, (enum order_side)r->side); COLUMN_GET_END
COLUMN_GET(t_size, FT) column_set_size(out, column_market(view, r->market), r->size); COLUMN_GET_END
COLUMN_GET(t_price, FT) column_set_price(out, column_market(view, r->market), r->px, FORMAT_FINE); COLUMN_GET_END
COLUMN_GET(t_our_action, FT) column_set_action(out, (enum order_action)r->our_action); COLUMN_GET_END
COLUMN_GET(t_our_side, FT) column_set_side(out, (enum order_side)r->our_side); COLUMN_GET_END
COLUMN_GET(t_status, FT)
    char left[FORMAT_MAX];
    column_set_text(out, follow_status_name((enum follow_status)r->status));
    if (r->status == FOLLOWED_DETECTED && r->due_us > now_us)
        snprintf(out->text, sizeof out->text, "in %s", format_left(r->due_us - now_us, left));
    out->role = r->status == FOLLOWED_EXECUTED ? ROLE_OWN : r->status == FOLLOWED_FAILED ? ROLE_ALERT : r->status == FOLLOWED_SKIPPED ? ROLE_WARN : ROLE_TEXT;
COLUMN_GET_END
COLUMN_GET(t_reason, FT) if (r->reason) column_set_text(out, err_name((enum err)r->reason)); COLUMN_GET_END
COLUMN_GET(t_text, FT) column_set_text(out, r->text); COLUMN_GET_END
COLUMN_GET(t_order, FT)
    const struct order *o = r->order ? view_order(view, r->order) : NULL;
    if (o)
        column_set_int(out, o->num);
COLUMN_GET_END
COLUMN_GET(t_total, FT) set_cap(out, r->total); COLUMN_GET_END
COLUMN_GET(t_trade, FT) column_set_text(out, r->trade); COLUMN_GET_END
COLUMN_GET(t_seen, FT) column_set_time(out, r->seen_us); COLUMN_GET_END
COLUMN_GET(t_due, FT) column_set_time(out, r->due_us); COLUMN_GET_END
COLUMN_SORT(sort_t_time, FT, r->at_us)

static const struct column follow_trades[] = {
    {"time", "time", 8, false, 0, false, t_time, sort_t_time},
    {"follow", "id", 6, false, 0, false, t_follow, NULL},
    {"market", "market", 20, false, 0, false, t_market, NULL},
    {"action", "its", 4, false, 1, false, t_action, NULL},
    {"side", "side", 5, false, 2, false, t_side, NULL},
    {"size", "size", 7, true, 1, false, t_size, NULL},
    {"price", "price", 7, true, 2, false, t_price, NULL},
    {"our_action", "ours", 4, false, 3, false, t_our_action, NULL},
    {"our_side", "side", 5, false, 3, false, t_our_side, NULL},
    {"total", "total", 9, true, 2, true, t_total, NULL},
    {"status", "status", 9, false, 0, false, t_status, NULL},
    {"text", "why", 0, false, 1, false, t_text, NULL},
    {"order", "order", 6, true, 3, false, t_order, NULL},
    {"reason", "code", 16, false, -1, false, t_reason, NULL},
    {"seen_at", "seen", 8, false, -1, false, t_seen, NULL},
    {"due_at", "due", 8, false, -1, false, t_due, NULL},
    {"trade", "trade id", 20, false, -1, false, t_trade, NULL},
};
const struct column_table columns_follow_trades = {"follow_trades", follow_trades, sizeof follow_trades / sizeof *follow_trades};

/* --- which markets are the same --- */
#define L struct market_link
static void set_linked(struct column_value *out, const struct desk *view, market_id id) {
    const struct market *m = column_market(view, id);
    column_set_pair(out, m ? m->symbol : "?", m ? m->symbol : "");
}
static void set_link_venue(struct column_value *out, const struct desk *view, market_id id) {
    const struct market *m = column_market(view, id);
    column_set_venue(out, m ? (enum venue_id)m->venue : VENUE_NONE);
}
COLUMN_GET(l_id, L) column_set_int(out, r->id); COLUMN_GET_END
COLUMN_GET(l_a, L) set_linked(out, view, r->a); COLUMN_GET_END
COLUMN_GET(l_b, L) set_linked(out, view, r->b); COLUMN_GET_END
COLUMN_GET(l_venue_a, L) set_link_venue(out, view, r->a); COLUMN_GET_END
COLUMN_GET(l_venue_b, L) set_link_venue(out, view, r->b); COLUMN_GET_END
COLUMN_GET(l_inverted, L) column_set_bool(out, r->inverted, "inverted"); COLUMN_GET_END
COLUMN_GET(l_origin, L) column_set_text(out, r->origin == LINK_BY_FILE ? "file" : "hand"); COLUMN_GET_END
COLUMN_GET(l_note, L) column_set_text(out, r->note); COLUMN_GET_END
COLUMN_SORT(sort_link, L, r->id)
static const struct column links[] = {
    {"id", "id", 4, true, 0, false, l_id, sort_link},
    {"venue_a", "ven", 3, false, 1, false, l_venue_a, NULL},
    {"market_a", "market", 30, false, 0, false, l_a, NULL},
    {"venue_b", "ven", 3, false, 1, false, l_venue_b, NULL},
    {"market_b", "is the same as", 30, false, 0, false, l_b, NULL},
    {"inverted", "", 8, false, 0, false, l_inverted, NULL},
    {"origin", "by", 4, false, 2, false, l_origin, NULL},
    {"note", "note", 0, false, 3, false, l_note, NULL},
};
const struct column_table columns_links = {"links", links, sizeof links / sizeof *links};

/* --- refusals --- */
#define R struct view_refusal
COLUMN_GET(r_time, R) column_set_time(out, r->at_us); COLUMN_GET_END
COLUMN_GET(r_source, R) column_set_text(out, order_source_name((enum order_source)r->source)); COLUMN_GET_END
COLUMN_GET(r_account, R) if (r->account) column_set_account(out, view, r->account); COLUMN_GET_END
COLUMN_GET(r_market, R) if (r->market) column_set_market(out, view, r->market); COLUMN_GET_END
COLUMN_GET(r_code, R) column_set_text(out, err_name((enum err)r->code)); out->role = ROLE_WARN; COLUMN_GET_END
COLUMN_GET(r_text, R) column_set_text(out, r->text[0] ? r->text : err_text((enum err)r->code)); COLUMN_GET_END
COLUMN_SORT(sort_r_time, R, r->at_us)
static const struct column refusals[] = {
    {"time", "time", 8, false, 0, false, r_time, sort_r_time},
    {"source", "by", 13, false, 1, false, r_source, NULL},
    {"account", "account", 10, false, 3, false, r_account, NULL},
    {"market", "market", 20, false, 2, false, r_market, NULL},
    {"code", "rule", 20, false, 0, false, r_code, NULL},
    {"text", "why", 0, false, 0, false, r_text, NULL},
};
const struct column_table columns_refusals = {"refusals", refusals, sizeof refusals / sizeof *refusals};
