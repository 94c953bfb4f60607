/* Setters that the column getters share: each fills the text for people and the raw value for JSON. */
#ifndef UI_COLUMNS_PRIVATE_H
#define UI_COLUMNS_PRIVATE_H

#include "turret/ui/columns.h"
#include "ui/format.h"

void column_set_text(struct column_value *out, const char *text); /* both the same */
void column_set_pair(struct column_value *out, const char *text, const char *raw);
void column_set_int(struct column_value *out, int64_t n);                   /* a JSON number */
void column_set_bool(struct column_value *out, bool yes, const char *text); /* text shown when true */
void column_set_price(struct column_value *out, const struct market *m, price px, unsigned flags);
void column_set_size(struct column_value *out, const struct market *m, qty size);
void column_set_usd(struct column_value *out, usd cash);
void column_set_pnl(struct column_value *out, usd cash); /* with sign and colour */
void column_set_time(struct column_value *out, int64_t at_us);
void column_set_id(struct column_value *out, uint64_t id); /* decimal text */

const struct market *column_market(const struct desk *view, market_id id); /* NULL if unknown */
const char *column_account(const struct desk *view, account_id id);        /* its name, "?" if unknown */
void column_set_market(struct column_value *out, const struct desk *view,
                       market_id id); /* title for people, symbol in JSON */
void column_set_title(struct column_value *out, const struct desk *view, market_id id);
void column_set_metric(struct column_value *out, const struct metrics *m, enum metric k); /* "-" where it is not defined */
void column_set_venue(struct column_value *out, enum venue_id v);
void column_set_mode(struct column_value *out, const struct desk *view, account_id id); /* LIVE or PAPER */
void column_set_account(struct column_value *out, const struct desk *view, account_id id);
void column_set_side(struct column_value *out, enum order_side side);
void column_set_action(struct column_value *out, enum order_action action);

/* clang-format off */
#define COLUMN_GET(name, type)                                                                       \
    static void name(const struct desk *view, const void *row, int64_t now_us, struct column_value *out) { \
        const type *r = row;                                                                          \
        (void)view, (void)now_us, (void)r;
#define COLUMN_GET_END }
/* clang-format on */

#define COLUMN_SORT(name, type, value)                                                                                 \
    static int64_t name(const struct desk *view, const void *row) {                                                    \
        const type *r = row;                                                                                           \
        (void)view;                                                                                                    \
        return (value);                                                                                                \
    }

extern const struct column_table columns_positions, columns_orders, columns_fills, columns_markets, columns_book,
    columns_trades, columns_accounts, columns_pnl, columns_days, columns_equity, columns_limits, columns_notices, columns_models,
    columns_leaderboard, columns_runs, columns_snipers, columns_alerts, columns_follows, columns_follow_trades, columns_links, columns_history,
    columns_refusals, columns_remarks, columns_daily, columns_venues, columns_claims;

#endif
