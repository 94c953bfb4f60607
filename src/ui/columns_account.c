/* Columns of accounts, P&L by market and day, equity samples, risk limits and notices. */
/* clang-format off: tables, one row a column */
#include <stdio.h>
#include <string.h>

#include "turret/base/str.h"
#include "ui/columns_private.h"

#define VA struct view_account

usd account_claims(const struct view_account *a) {
    usd sum = {0};
    for (int i = 0; i < a->claim_count; i++)
        sum = usd_add_sat(sum, a->claims[i].amount);
    return sum;
}

COLUMN_GET(get_name, VA) column_set_text(out, r->a->name); COLUMN_GET_END
COLUMN_GET(get_number, VA) column_set_int(out, r->a->id); COLUMN_GET_END
COLUMN_GET(get_venue, VA) column_set_venue(out, (enum venue_id)r->a->venue); COLUMN_GET_END
COLUMN_GET(get_mode, VA)
    column_set_pair(out, r->a->live ? "LIVE" : "PAPER", r->a->live ? "live" : "paper");
    out->role = r->a->live ? ROLE_LIVE : ROLE_PAPER;
COLUMN_GET_END
COLUMN_GET(get_equity, VA) column_set_usd(out, r->equity); COLUMN_GET_END
COLUMN_GET(get_cash, VA) column_set_usd(out, r->cash); COLUMN_GET_END
COLUMN_GET(get_available, VA) column_set_usd(out, r->available); COLUMN_GET_END
COLUMN_GET(get_margin, VA) column_set_usd(out, r->margin); COLUMN_GET_END
COLUMN_GET(get_exposure, VA) column_set_usd(out, r->exposure); COLUMN_GET_END
COLUMN_GET(get_day, VA) column_set_pnl(out, r->day_pnl); COLUMN_GET_END
COLUMN_GET(get_day_percent, VA)
    format_percent(r->day_pnl.micro, r->start_equity.micro, 2, true, out->text);
    int64_t percent = 0;
    if (r->start_equity.micro && dec_muldiv(r->day_pnl.micro, 100 * DEC_ONE, r->start_equity.micro, ROUND_HALF_EVEN, &percent))
        dec_format_fixed(percent, 2, false, out->raw);
    out->number = true;
    out->role = r->day_pnl.micro > 0 ? ROLE_UP : r->day_pnl.micro < 0 ? ROLE_DOWN : ROLE_TEXT;
COLUMN_GET_END
COLUMN_GET(get_unrealized, VA) column_set_pnl(out, r->unrealized); COLUMN_GET_END
COLUMN_GET(get_realized, VA) column_set_pnl(out, r->realized_day); COLUMN_GET_END
COLUMN_GET(get_fees, VA) column_set_usd(out, r->fees_day); COLUMN_GET_END
COLUMN_GET(get_funding, VA) column_set_pnl(out, USD(-r->funding_day.micro)); COLUMN_GET_END
COLUMN_GET(get_start, VA) column_set_usd(out, r->start_equity); COLUMN_GET_END
COLUMN_GET(get_positions, VA) column_set_int(out, r->positions); COLUMN_GET_END
COLUMN_GET(get_orders, VA) column_set_int(out, r->open_orders); COLUMN_GET_END
COLUMN_GET(get_paused, VA) column_set_bool(out, r->day_paused, "PAUSED"); COLUMN_GET_END
static void set_known(struct column_value *out, bool known, usd cash) {
    if (known && cash.micro >= 0)
        column_set_usd(out, cash);
    else
        str_copy(out->text, sizeof out->text, "-");
}
COLUMN_GET(get_may_trade, VA)
    column_set_bool(out, r->may_trade, "yes");
    if (!r->may_trade)
        str_copy(out->text, sizeof out->text, "exits only");
COLUMN_GET_END
COLUMN_GET(get_balance, VA) set_known(out, r->funds_known, r->funds.balance); COLUMN_GET_END
COLUMN_GET(get_allowance, VA)
    char text[FORMAT_MAX];
    set_known(out, r->funds_known, r->funds.allowance);
    if (r->funds_known && r->funds.allowance.micro >= 0)
        str_copy(out->text, sizeof out->text, format_allowance(r->funds.allowance, text));
COLUMN_GET_END
COLUMN_GET(get_locked, VA) set_known(out, r->funds_known, r->funds.locked); COLUMN_GET_END
COLUMN_GET(get_provisional, VA) column_set_int(out, r->provisional); COLUMN_GET_END
COLUMN_GET(get_claimable, VA) column_set_usd(out, account_claims(r)); COLUMN_GET_END
COLUMN_GET(get_reconciled, VA) column_set_bool(out, r->reconciled, "yes"); COLUMN_GET_END

COLUMN_SORT(sort_equity, VA, r->equity.micro)
COLUMN_SORT(sort_day, VA, r->day_pnl.micro)

static const struct column accounts[] = {
    {"name", "account", 0, false, 0, false, get_name, NULL},
    {"mode", "mode", 5, false, 1, false, get_mode, NULL},
    {"venue", "ven", 3, false, 3, false, get_venue, NULL},
    {"equity", "equity", 12, true, 0, true, get_equity, sort_equity},
    {"day_pnl", "day", 10, true, 0, true, get_day, sort_day},
    {"day_percent", "%", 7, true, 4, false, get_day_percent, sort_day},
    {"cash", "cash", 12, true, 5, true, get_cash, NULL},
    {"available", "available", 12, true, 2, true, get_available, NULL},
    {"margin", "margin", 10, true, 6, true, get_margin, NULL},
    {"exposure", "exposure", 11, true, 3, true, get_exposure, NULL},
    {"positions", "pos", 4, true, 7, false, get_positions, NULL},
    {"open_orders", "ord", 4, true, 7, false, get_orders, NULL},
    {"unrealized_pnl", "unrealized", 10, true, 8, true, get_unrealized, NULL},
    {"realized_day", "realized", 10, true, 8, true, get_realized, NULL},
    {"fees_day", "fees", 8, true, 9, true, get_fees, NULL},
    {"funding_day", "funding", 8, true, 9, true, get_funding, NULL},
    {"start_equity", "start", 12, true, -1, true, get_start, NULL},
    {"day_paused", "paused", 6, false, -1, false, get_paused, NULL},
    {"reconciled", "checked", 7, false, -1, false, get_reconciled, NULL},
    {"account", "no", 3, true, -1, false, get_number, NULL},
    {"may_trade", "trades", 10, false, -1, false, get_may_trade, NULL},
    {"balance", "balance", 12, true, -1, true, get_balance, NULL},
    {"allowance", "allowance", 12, true, -1, true, get_allowance, NULL},
    {"locked", "locked", 10, true, -1, true, get_locked, NULL},
    {"provisional_fills", "unsettled", 9, true, -1, false, get_provisional, NULL},
    {"claimable", "claimable", 10, true, -1, true, get_claimable, NULL},
};
const struct column_table columns_accounts = {"accounts", accounts, sizeof accounts / sizeof *accounts};

/* --- P&L by market and by day; funding is shown as what it did to the account --- */
COLUMN_GET(get_pnl_market, struct view_pnl) column_set_market(out, view, r->market); COLUMN_GET_END
COLUMN_GET(get_pnl_realized, struct view_pnl) column_set_pnl(out, r->realized); COLUMN_GET_END
COLUMN_GET(get_pnl_unrealized, struct view_pnl) column_set_pnl(out, r->unrealized); COLUMN_GET_END
COLUMN_GET(get_pnl_fees, struct view_pnl) column_set_usd(out, r->fees); COLUMN_GET_END
COLUMN_GET(get_pnl_funding, struct view_pnl) column_set_pnl(out, USD(-r->funding.micro)); COLUMN_GET_END
static int64_t pnl_net(const struct view_pnl *r) {
    return r->realized.micro + r->unrealized.micro - r->fees.micro - r->funding.micro;
}
COLUMN_GET(get_pnl_net, struct view_pnl) column_set_pnl(out, USD(pnl_net(r))); COLUMN_GET_END
COLUMN_SORT(sort_pnl_net, struct view_pnl, pnl_net(r))
COLUMN_SORT(sort_pnl_realized, struct view_pnl, r->realized.micro)

static const struct column pnl[] = {
    {"market", "market", 0, false, 0, false, get_pnl_market, NULL},
    {"realized", "realized", 10, true, 0, true, get_pnl_realized, sort_pnl_realized},
    {"unrealized", "unrealized", 10, true, 1, true, get_pnl_unrealized, NULL},
    {"fees", "fees", 8, true, 2, true, get_pnl_fees, NULL},
    {"funding", "funding", 8, true, 3, true, get_pnl_funding, NULL},
    {"net", "net", 10, true, 0, true, get_pnl_net, sort_pnl_net},
};
const struct column_table columns_pnl = {"pnl", pnl, sizeof pnl / sizeof *pnl};

COLUMN_GET(get_day_date, struct view_day) format_day(r->day, out->text); str_copy(out->raw, sizeof out->raw, out->text); COLUMN_GET_END
COLUMN_GET(get_day_realized, struct view_day) column_set_pnl(out, r->realized); COLUMN_GET_END
COLUMN_GET(get_day_fees, struct view_day) column_set_usd(out, r->fees); COLUMN_GET_END
COLUMN_GET(get_day_funding, struct view_day) column_set_pnl(out, USD(-r->funding.micro)); COLUMN_GET_END
COLUMN_GET(get_day_net, struct view_day) column_set_pnl(out, USD(r->realized.micro - r->fees.micro - r->funding.micro)); COLUMN_GET_END
COLUMN_SORT(sort_day_date, struct view_day, r->day)

static const struct column days[] = {
    {"day", "day", 10, false, 0, false, get_day_date, sort_day_date},
    {"realized", "realized", 10, true, 0, true, get_day_realized, NULL},
    {"fees", "fees", 8, true, 1, true, get_day_fees, NULL},
    {"funding", "funding", 8, true, 2, true, get_day_funding, NULL},
    {"net", "net", 10, true, 0, true, get_day_net, NULL},
};
const struct column_table columns_days = {"days", days, sizeof days / sizeof *days};

#define DR struct day_row
COLUMN_GET(d_date, DR) get_day_date(view, &r->d, now_us, out); COLUMN_GET_END
COLUMN_GET(d_realized, DR) get_day_realized(view, &r->d, now_us, out); COLUMN_GET_END
COLUMN_GET(d_fees, DR) get_day_fees(view, &r->d, now_us, out); COLUMN_GET_END
COLUMN_GET(d_funding, DR) get_day_funding(view, &r->d, now_us, out); COLUMN_GET_END
COLUMN_GET(d_net, DR) get_day_net(view, &r->d, now_us, out); COLUMN_GET_END
COLUMN_GET(d_llm, DR)
    column_set_usd(out, r->llm);
    if (!r->llm_known) /* older runs are only in the archive */
        str_copy(out->text, sizeof out->text, "?"), out->raw[0] = 0;
COLUMN_GET_END
COLUMN_GET(d_note, DR)
    const struct remark *note = view_remark(view, REMARK_DAY, (uint64_t)r->d.day);
    column_set_text(out, note ? note->text : "");
COLUMN_GET_END
COLUMN_SORT(sort_d_date, DR, r->d.day)
static const struct column daily[] = {
    {"day", "day", 10, false, 0, false, d_date, sort_d_date},
    {"realized", "realized", 10, true, 0, true, d_realized, NULL},
    {"fees", "fees", 8, true, 1, true, d_fees, NULL},
    {"funding", "funding", 8, true, 2, true, d_funding, NULL},
    {"net", "net", 10, true, 0, true, d_net, NULL},
    {"llm_cost", "LLM", 8, true, 1, true, d_llm, NULL},
    {"note", "note", 0, false, 3, false, d_note, NULL},
};
const struct column_table columns_daily = {"daily", daily, sizeof daily / sizeof *daily};

COLUMN_GET(get_sample_time, struct view_equity) column_set_time(out, r->at_us); COLUMN_GET_END
COLUMN_GET(get_sample, struct view_equity) column_set_usd(out, r->equity); COLUMN_GET_END
static const struct column equity[] = {
    {"time", "time", 8, false, 0, false, get_sample_time, NULL},
    {"equity", "equity", 12, true, 0, true, get_sample, NULL},
};
const struct column_table columns_equity = {"equity", equity, sizeof equity / sizeof *equity};

/* --- risk limits --- */
void limit_text(const struct risk_limit_info *info, int64_t value, char text[64], char raw[64]) {
    char number[FORMAT_MAX];
    if (!strcmp(info->kind, "usd") || !strcmp(info->kind, "qty")) {
        dec_format(value, 0, raw);
        dec_format_fixed(value, !strcmp(info->kind, "usd") ? 2 : 0, true, number);
        snprintf(text, 64, "%.30s %s", number, info->unit);
    } else {
        snprintf(raw, 64, "%lld", (long long)value);
        if (!strcmp(info->kind, "ppm"))
            snprintf(text, 64, "%.30s", format_percent(value, DEC_ONE, 2, false, number));
        else
            snprintf(text, 64, "%lld %s", (long long)value, info->unit);
    }
    if (!value)
        str_copy(text, 64, "off");
}

#define RISK_ROWS_MAX 48

static const struct risk_limit_info *limit_info(const struct limit_row *r) {
    int n;
    const struct risk_limit_info *table = risk_limit_table(&n);
    return &table[r->index < n ? r->index : 0];
}
COLUMN_GET(get_limit_key, struct limit_row) column_set_text(out, limit_info(r)->key); COLUMN_GET_END
COLUMN_GET(get_limit_value, struct limit_row)
    char text[64], raw[64];
    limit_text(limit_info(r), r->value, text, raw);
    column_set_pair(out, text, raw);
    out->number = true;
COLUMN_GET_END
/* Which have a running total; the others are checked an order. */
static bool counted(const char *key) {
    static const char *const keys[] = {"max_market_exposure", "max_account_exposure", "max_open_orders", "max_day_loss", "max_total_exposure", "drawdown_halve", "drawdown_halt", "max_rejects"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (!strcmp(keys[i], key))
            return true;
    return false;
}
COLUMN_GET(get_limit_used, struct limit_row)
    struct view_limit uses[RISK_ROWS_MAX];
    char text[64], raw[64];
    out->number = true;
    for (int i = 0, n = view_limit_use(view, r->account, uses, RISK_ROWS_MAX); i < n; i++) {
        const struct view_limit *u = &uses[i];
        if (u->info != limit_info(r) || !counted(u->info->key))
            continue;
        const int64_t used = u->used > 0 ? u->used : 0;
        limit_text(u->info, used, text, raw);
        if (!strcmp(u->info->kind, "usd"))
            column_set_usd(out, USD(used));
        else if (!strcmp(u->info->kind, "count"))
            column_set_int(out, used);
        else
            column_set_pair(out, used ? text : "0", raw);
        out->role = u->breached ? ROLE_ALERT : ROLE_TEXT;
    }
COLUMN_GET_END
COLUMN_GET(get_limit_unit, struct limit_row) column_set_text(out, limit_info(r)->unit); COLUMN_GET_END
COLUMN_GET(get_limit_help, struct limit_row) column_set_text(out, limit_info(r)->help); COLUMN_GET_END

static const struct column limits[] = {
    {"limit", "limit", 21, false, 0, false, get_limit_key, NULL},
    {"value", "value", 16, true, 0, false, get_limit_value, NULL},
    {"used", "used", 12, true, 1, false, get_limit_used, NULL},
    {"unit", "unit", 8, false, 3, false, get_limit_unit, NULL},
    {"help", "what", 0, false, 2, false, get_limit_help, NULL},
};
const struct column_table columns_limits = {"limits", limits, sizeof limits / sizeof *limits};

/* --- notices --- */
static const struct { const char *name, *shown; enum role role; } levels[] = {
    {"info", "info", ROLE_MUTED}, {"fill", "fill", ROLE_OWN}, {"warn", "WARN", ROLE_WARN}, {"alert", "ALERT", ROLE_ALERT},
};
COLUMN_GET(get_notice_time, struct view_notice) column_set_time(out, r->at_us); out->role = ROLE_MUTED; COLUMN_GET_END
COLUMN_GET(get_notice_level, struct view_notice)
    const int level = r->n.level >= 0 && r->n.level < 4 ? r->n.level : 0;
    column_set_pair(out, levels[level].shown, levels[level].name);
    out->role = levels[level].role;
COLUMN_GET_END
COLUMN_GET(get_notice_text, struct view_notice)
    column_set_text(out, r->n.text);
    out->role = r->n.level >= NOTICE_ALERT ? ROLE_ALERT : r->n.level == NOTICE_WARN ? ROLE_WARN : ROLE_TEXT;
COLUMN_GET_END
COLUMN_GET(get_notice_market, struct view_notice) if (r->n.market) column_set_market(out, view, r->n.market); COLUMN_GET_END
COLUMN_GET(get_notice_order, struct view_notice) if (r->n.num) column_set_int(out, r->n.num); COLUMN_GET_END
COLUMN_SORT(sort_notice_time, struct view_notice, r->at_us)

static const struct column notices[] = {
    {"time", "time", 8, false, 1, false, get_notice_time, sort_notice_time},
    {"level", "level", 5, false, 0, false, get_notice_level, NULL},
    {"text", "what", 0, false, 0, false, get_notice_text, NULL},
    {"market", "market", 16, false, -1, false, get_notice_market, NULL},
    {"order", "order", 5, true, -1, false, get_notice_order, NULL},
};
const struct column_table columns_notices = {"notices", notices, sizeof notices / sizeof *notices};
