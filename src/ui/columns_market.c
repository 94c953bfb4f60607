/* Columns of markets, book levels and public trades. */
/* clang-format off: tables, one row a column */
#include <stdio.h>

#include "turret/base/str.h"
#include "ui/columns_private.h"

#define VM struct view_market

COLUMN_GET(get_symbol, VM) column_set_text(out, r->m->symbol); COLUMN_GET_END
COLUMN_GET(get_native, VM) column_set_text(out, r->m->native); COLUMN_GET_END
COLUMN_GET(get_title, VM)
    column_set_text(out, r->m->title);
    if (!r->m->title[0])
        str_copy(out->text, sizeof out->text, r->m->symbol);
COLUMN_GET_END
COLUMN_GET(get_venue, VM) column_set_venue(out, (enum venue_id)r->m->venue); COLUMN_GET_END
COLUMN_GET(get_kind, VM) column_set_text(out, market_kind_name((enum market_kind)r->m->kind)); COLUMN_GET_END
COLUMN_GET(get_category, VM) column_set_text(out, r->m->category); COLUMN_GET_END
COLUMN_GET(get_bid, VM) column_set_price(out, r->m, r->bid, 0); COLUMN_GET_END
COLUMN_GET(get_ask, VM) column_set_price(out, r->m, r->ask, 0); COLUMN_GET_END
COLUMN_GET(get_last, VM) column_set_price(out, r->m, r->last, 0); COLUMN_GET_END
COLUMN_GET(get_mark, VM) column_set_price(out, r->m, r->mark, FORMAT_FINE); COLUMN_GET_END
static int64_t spread_of(const VM *r) { return r->bid.micro && r->ask.micro ? r->ask.micro - r->bid.micro : 0; }
COLUMN_GET(get_spread, VM) column_set_price(out, r->m, PRICE(spread_of(r)), 0); COLUMN_GET_END
static int64_t change_of(const VM *r) {
    const int64_t now = r->mark.micro ? r->mark.micro : r->last.micro;
    return now && r->day_open.micro ? now - r->day_open.micro : 0;
}
COLUMN_GET(get_change, VM)
    /* Points for binary markets (cents), percent for the rest. */
    const int64_t change = change_of(r);
    char text[FORMAT_MAX];
    if (format_cents(r->m)) {
        dec_format_fixed(change * 100, 1, false, text);
        snprintf(out->text, sizeof out->text, "%s%s", change > 0 ? "+" : "", change ? text : "0.0");
    } else {
        format_percent(change, r->day_open.micro, 2, true, out->text);
    }
    dec_format(change, 0, out->raw);
    out->number = true;
    out->role = change > 0 ? ROLE_UP : change < 0 ? ROLE_DOWN : ROLE_TEXT;
COLUMN_GET_END
COLUMN_GET(get_volume, VM)
    char text[FORMAT_MAX];
    column_set_usd(out, r->volume_day);
    str_copy(out->text, sizeof out->text, format_usd_short(r->volume_day, text));
COLUMN_GET_END
COLUMN_GET(get_closes, VM)
    char raw[FORMAT_MAX];
    if (r->m->status != MARKET_OPEN)
        str_copy(out->text, sizeof out->text, market_status_name((enum market_status)r->m->status));
    else if (r->m->closes_us)
        format_left(r->m->closes_us - now_us, out->text);
    else
        str_copy(out->text, sizeof out->text, "-");
    str_copy(out->raw, sizeof out->raw, format_rfc3339(r->m->closes_us, raw));
    out->number = true;
COLUMN_GET_END
COLUMN_GET(get_own, VM)
    /* The first account with a position here speaks for the row. */
    struct view_account va;
    for (int i = 0; view_account_at(view, i, &va); i++) {
        const struct order *o = view_position_of(view, va.a->id, r->m->id);
        if (!o)
            continue;
        char size[FORMAT_MAX];
        snprintf(out->text, sizeof out->text, "%s %s", format_size(r->m, o->pos.open, size), format_side((enum order_side)o->side));
        dec_format(side_sign((enum order_side)o->side) * o->pos.open.micro, 0, out->raw);
        out->role = ROLE_OWN;
        break;
    }
COLUMN_GET_END
COLUMN_GET(get_status, VM) column_set_text(out, market_status_name((enum market_status)r->m->status)); COLUMN_GET_END
COLUMN_GET(get_outcome, VM) column_set_text(out, r->m->outcome ? market_outcome_name((enum market_outcome)r->m->outcome) : ""); COLUMN_GET_END
COLUMN_GET(get_stale, VM)
    column_set_bool(out, r->stale, "STALE");
    if (r->stale)
        out->role = ROLE_STALE;
COLUMN_GET_END
COLUMN_GET(get_age, VM)
    char text[FORMAT_MAX];
    if (!r->book_us) {
        column_set_pair(out, "-", "");
    } else {
        column_set_pair(out, format_age(now_us - r->book_us, text), "");
        snprintf(out->raw, sizeof out->raw, "%lld", (long long)((now_us - r->book_us) / 1000));
        out->json_number = true;
    }
    out->number = true;
    if (r->stale)
        out->role = ROLE_STALE;
COLUMN_GET_END
COLUMN_GET(get_funding, VM)
    char raw[FORMAT_MAX];
    dec_format(r->funding_ppm, 0, raw);
    column_set_pair(out, r->m->funding_interval_s ? format_percent(r->funding_ppm, DEC_ONE, 4, true, out->text) : "-", raw);
    out->number = true;
COLUMN_GET_END
COLUMN_GET(get_tick, VM) column_set_price(out, NULL, r->m->tick, 0); COLUMN_GET_END
COLUMN_GET(get_lot, VM) column_set_size(out, NULL, r->m->lot); COLUMN_GET_END
COLUMN_GET(get_min, VM) column_set_size(out, NULL, r->m->min_size); COLUMN_GET_END
COLUMN_GET(get_leverage, VM) column_set_int(out, r->m->max_leverage); COLUMN_GET_END
COLUMN_GET(get_maker, VM) column_set_int(out, r->m->maker_ppm); COLUMN_GET_END
COLUMN_GET(get_taker, VM) column_set_int(out, r->m->taker_ppm); COLUMN_GET_END

COLUMN_SORT(sort_bid, VM, r->bid.micro)
COLUMN_SORT(sort_last, VM, r->last.micro)
COLUMN_SORT(sort_spread, VM, spread_of(r))
COLUMN_SORT(sort_volume, VM, r->volume_day.micro)
COLUMN_SORT(sort_closes, VM, r->m->closes_us ? r->m->closes_us : INT64_MAX)
static int64_t sort_change(const struct desk *view, const void *row) {
    (void)view;
    const VM *r = row;
    int64_t ratio = 0;
    return r->day_open.micro && dec_muldiv(change_of(r), DEC_ONE, r->day_open.micro, ROUND_ZERO, &ratio) ? ratio : 0;
}

static const struct column markets[] = {
    {"venue", "ven", 3, false, 7, false, get_venue, NULL},
    {"symbol", "symbol", 12, false, 6, false, get_symbol, NULL},
    {"title", "market", 0, false, 0, false, get_title, NULL},
    {"category", "category", 9, false, 9, false, get_category, NULL},
    {"bid", "bid", 5, true, 0, false, get_bid, sort_bid},
    {"ask", "ask", 5, true, 0, false, get_ask, sort_bid},
    {"last", "last", 5, true, 2, false, get_last, sort_last},
    {"change", "chg", 6, true, 3, false, get_change, sort_change},
    {"spread", "sprd", 4, true, 5, false, get_spread, sort_spread},
    {"volume_day", "vol", 5, true, 4, false, get_volume, sort_volume},
    {"closes_at", "closes", 6, true, 5, false, get_closes, sort_closes},
    {"position", "own", 8, true, 8, false, get_own, NULL},
    {"book_age_ms", "age", 5, true, 10, false, get_age, NULL},
    {"mark", "mark", 9, true, -1, false, get_mark, NULL},
    {"kind", "kind", 6, false, -1, false, get_kind, NULL},
    {"status", "status", 8, false, -1, false, get_status, NULL},
    {"outcome", "outcome", 7, false, -1, false, get_outcome, NULL},
    {"stale", "stale", 5, false, -1, false, get_stale, NULL},
    {"funding_rate", "funding", 9, true, -1, false, get_funding, NULL},
    {"tick", "tick", 6, true, -1, false, get_tick, NULL},
    {"lot", "lot", 6, true, -1, false, get_lot, NULL},
    {"min_size", "min", 6, true, -1, false, get_min, NULL},
    {"max_leverage", "lev", 4, true, -1, false, get_leverage, NULL},
    {"maker_fee_ppm", "maker", 6, true, -1, false, get_maker, NULL},
    {"taker_fee_ppm", "taker", 6, true, -1, false, get_taker, NULL},
    {"native", "native", 66, false, -1, false, get_native, NULL},
};
const struct column_table columns_markets = {"markets", markets, sizeof markets / sizeof *markets};

/* --- book levels --- */
COLUMN_GET(get_level_side, struct book_row)
    column_set_text(out, r->side == BOOK_BID ? "bid" : "ask");
    out->role = r->side == BOOK_BID ? ROLE_BID : ROLE_ASK;
COLUMN_GET_END
COLUMN_GET(get_level_price, struct book_row)
    column_set_price(out, column_market(view, r->market), r->px, 0);
    out->role = r->side == BOOK_BID ? ROLE_BID : ROLE_ASK;
COLUMN_GET_END
COLUMN_GET(get_level_size, struct book_row) column_set_size(out, column_market(view, r->market), r->size); COLUMN_GET_END
COLUMN_GET(get_level_total, struct book_row) column_set_size(out, column_market(view, r->market), r->total); COLUMN_GET_END
COLUMN_GET(get_level_own, struct book_row)
    column_set_size(out, column_market(view, r->market), r->own);
    out->role = ROLE_OWN;
    if (!r->own.micro)
        out->text[0] = 0;
COLUMN_GET_END

static const struct column levels[] = {
    {"side", "side", 4, false, 0, false, get_level_side, NULL},
    {"price", "price", 10, true, 0, false, get_level_price, NULL},
    {"size", "size", 10, true, 0, false, get_level_size, NULL},
    {"total", "cum", 11, true, 1, false, get_level_total, NULL},
    {"own", "mine", 8, true, 2, false, get_level_own, NULL},
};
const struct column_table columns_book = {"book", levels, sizeof levels / sizeof *levels};

/* --- public trades --- */
COLUMN_GET(get_trade_time, struct view_trade) column_set_time(out, r->at_us); COLUMN_GET_END
COLUMN_GET(get_trade_price, struct view_trade) column_set_price(out, NULL, r->px, 0); COLUMN_GET_END
COLUMN_GET(get_trade_size, struct view_trade) column_set_size(out, NULL, r->size); COLUMN_GET_END
COLUMN_GET(get_trade_side, struct view_trade) column_set_text(out, r->taker_side ? "sell" : "buy"); COLUMN_GET_END
static const struct column trades[] = {
    {"time", "time", 8, false, 0, false, get_trade_time, NULL},
    {"price", "price", 10, true, 0, false, get_trade_price, NULL},
    {"size", "size", 10, true, 0, false, get_trade_size, NULL},
    {"taker", "taker", 5, false, 0, false, get_trade_side, NULL},
};
const struct column_table columns_trades = {"trades", trades, sizeof trades / sizeof *trades};
