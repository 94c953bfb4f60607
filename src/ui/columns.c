/* The registry of column tables, rows as JSON, and the setters the getters share. */
#include "turret/ui/columns.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "turret/base/str.h"
#include "ui/columns_private.h"

static const struct column_table *const tables[] = {
    &columns_positions, &columns_orders, &columns_fills, &columns_markets, &columns_book,   &columns_trades,
    &columns_accounts,  &columns_pnl,    &columns_days,  &columns_equity,  &columns_limits, &columns_models, &columns_leaderboard, &columns_runs, &columns_notices,
    &columns_snipers,   &columns_alerts, &columns_follows, &columns_follow_trades, &columns_links, &columns_history, &columns_refusals, &columns_remarks, &columns_daily,
    &columns_venues,    &columns_claims,
};

const struct column_table *column_table(const char *name) {
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        if (!strcmp(tables[i]->name, name))
            return tables[i];
    return NULL;
}

const struct column *column_find(const struct column_table *t, const char *key) {
    for (int i = 0; i < t->count; i++)
        if (!strcmp(t->columns[i].key, key))
            return &t->columns[i];
    return NULL;
}

static cJSON *value_json(const struct column_value *v) {
    if (!v->raw[0])
        return cJSON_CreateNull();
    if (!v->json_number)
        return cJSON_CreateString(v->raw);
    if (!strcmp(v->raw, "true") || !strcmp(v->raw, "false"))
        return cJSON_CreateBool(v->raw[0] == 't');
    return cJSON_CreateNumber(strtod(v->raw, NULL));
}

cJSON *columns_json(const struct column_table *t, const struct desk *view, const void *row, int64_t now_us) {
    cJSON *o = cJSON_CreateObject();
    for (int i = 0; i < t->count; i++) {
        struct column_value v = {.role = ROLE_TEXT};
        t->columns[i].get(view, row, now_us, &v);
        cJSON_AddItemToObject(o, t->columns[i].key, value_json(&v));
    }
    return o;
}

void column_set_text(struct column_value *out, const char *text) {
    column_set_pair(out, text, text);
}

void column_set_pair(struct column_value *out, const char *text, const char *raw) {
    str_copy(out->text, sizeof out->text, text);
    str_copy(out->raw, sizeof out->raw, raw);
}

void column_set_int(struct column_value *out, int64_t n) {
    snprintf(out->raw, sizeof out->raw, "%" PRId64, n);
    str_copy(out->text, sizeof out->text, out->raw);
    out->number = out->json_number = true;
}

void column_set_bool(struct column_value *out, bool yes, const char *text) {
    column_set_pair(out, yes ? text : "", yes ? "true" : "false");
    out->json_number = true;
}

static void set_decimal(struct column_value *out, int64_t micro, int digits, const char *text) {
    str_copy(out->text, sizeof out->text, text);
    dec_format(micro, digits, out->raw);
    out->number = true;
}

void column_set_price(struct column_value *out, const struct market *m, price px, unsigned flags) {
    char text[FORMAT_MAX];
    set_decimal(out, px.micro, m ? m->price_digits : 0, format_price(m, px, flags, text));
    if (!px.micro)
        out->raw[0] = 0;
}

void column_set_size(struct column_value *out, const struct market *m, qty size) {
    char text[FORMAT_MAX];
    set_decimal(out, size.micro, 0, format_size(m, size, text));
}

void column_set_usd(struct column_value *out, usd cash) {
    char text[FORMAT_MAX];
    set_decimal(out, cash.micro, 2, format_usd(cash, text));
}

void column_set_pnl(struct column_value *out, usd cash) {
    char text[FORMAT_MAX];
    set_decimal(out, cash.micro, 2, format_pnl(cash, text));
    out->role = text[0] == '+' ? ROLE_UP : text[0] == '-' ? ROLE_DOWN : ROLE_TEXT;
}

void column_set_time(struct column_value *out, int64_t at_us) {
    char text[FORMAT_MAX], raw[FORMAT_MAX];
    column_set_pair(out, at_us > 0 ? format_clock(at_us, text) : "-", format_rfc3339(at_us, raw));
}

void column_set_id(struct column_value *out, uint64_t id) {
    snprintf(out->raw, sizeof out->raw, "%" PRIu64, id);
    if (!id)
        out->raw[0] = 0;
    str_copy(out->text, sizeof out->text, out->raw);
}

const struct market *column_market(const struct desk *view, market_id id) {
    struct view_market vm;
    return view_market(view, id, &vm) ? vm.m : NULL;
}

const char *column_account(const struct desk *view, account_id id) {
    struct view_account va;
    return view_account(view, id, &va) ? va.a->name : "?";
}

void column_set_market(struct column_value *out, const struct desk *view, market_id id) {
    const struct market *m = column_market(view, id);
    column_set_pair(out, m ? (m->title[0] ? m->title : m->symbol) : "?", m ? m->symbol : "");
}

void column_set_title(struct column_value *out, const struct desk *view, market_id id) {
    const struct market *m = column_market(view, id);
    column_set_text(out, m ? m->title : "");
}

void column_set_venue(struct column_value *out, enum venue_id v) {
    column_set_pair(out, venue_label(v), venue_name(v));
    out->role = ROLE_MUTED;
}

bool accounts_mixed(const struct desk *view) {
    struct view_account va;
    int live = 0, paper = 0;
    for (int i = 0; view_account_at(view, i, &va); i++)
        va.a->live ? live++ : paper++;
    return live && paper;
}

void column_set_mode(struct column_value *out, const struct desk *view, account_id id) {
    struct view_account va;
    const bool live = view_account(view, id, &va) && va.a->live;
    column_set_pair(out, live ? "LIVE" : "PAPER", live ? "live" : "paper");
    out->role = live ? ROLE_LIVE : ROLE_MUTED;
}

void column_set_account(struct column_value *out, const struct desk *view, account_id id) {
    column_set_text(out, column_account(view, id));
}

void column_set_side(struct column_value *out, enum order_side side) {
    static const enum role roles[] = {ROLE_YES, ROLE_NO, ROLE_BUY, ROLE_SELL};
    column_set_pair(out, format_side(side), order_side_name(side));
    out->role = roles[side & 3];
}

void column_set_action(struct column_value *out, enum order_action action) {
    column_set_pair(out, format_action(action), order_action_name(action));
    out->role = action == ACTION_SELL ? ROLE_SELL : ROLE_BUY;
}
