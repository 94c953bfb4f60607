/* The reading commands: rows of the column tables as JSON. What is shown to people is made from the same rows. */
#include <stdio.h>
#include <string.h>

#include "turret/base/str.h"
#include "ui/commands/verbs.h"
#include "ui/format.h"

#define ROWS_MAX 2000

void rows_begin(struct command_result *r, const char *table) {
    r->data = cJSON_CreateArray();
    r->table = table;
}
void rows_add(const struct command_ctx *c, struct command_result *r, const void *row) {
    cJSON_AddItemToArray(r->data, columns_json(column_table(r->table), c->view, row, c->now_us));
}

/* --account as a filter: 0 = all. */
static bool account_filter(const struct command_ctx *c, const struct args *a, account_id *out,
                           struct command_result *r) {
    const char *name = args_option(a, "--account");
    *out = 0;
    return name ? account_find(c, name, out, r) : true;
}

static void add_time(cJSON *o, const char *key, int64_t us) {
    char text[FORMAT_MAX];
    if (us > 0)
        cJSON_AddStringToObject(o, key, format_rfc3339(us, text));
    else
        cJSON_AddNullToObject(o, key);
}

static cJSON *venues_json(const struct command_ctx *c) {
    struct venue_row rows[VENUE_COUNT];
    cJSON *list = cJSON_CreateArray();
    for (int i = 0, n = venue_rows(c->view, rows, VENUE_COUNT); i < n; i++)
        cJSON_AddItemToArray(list, columns_json(column_table("venues"), c->view, &rows[i], c->now_us));
    return list;
}

COMMAND_RUN(run_venues) {
    struct args a;
    if (!args_parse(argc, argv, &a, r) || !args_count(&a, 0, 0, r))
        return;
    r->data = venues_json(c);
    r->table = "venues";
}

COMMAND_RUN(run_claims) {
    struct args a;
    account_id account;
    struct view_account va;
    int count = 0;
    if (!args_parse(argc, argv, &a, r) || !args_count(&a, 0, 0, r) || !account_filter(c, &a, &account, r))
        return;
    rows_begin(r, "claims");
    for (int i = 0; view_account_at(c->view, i, &va); i++)
        for (int k = 0; k < va.claim_count && (!account || va.a->id == account); k++, count++)
            rows_add(c, r, &va.claims[k]);
    if (!count)
        say(r, "nothing to claim");
}

COMMAND_RUN(run_status) {
    struct args a;
    if (!args_parse(argc, argv, &a, r) || !args_count(&a, 0, 0, r))
        return;
    static const char *const stages[] = {"loading", "reconciling", "live"};
    struct view_status st;
    view_status(c->view, &st);
    cJSON *o = r->data = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "stage", stages[st.stage <= START_LIVE ? st.stage : 0]);
    add_time(o, "now", st.now_us);
    cJSON_AddBoolToObject(o, "killed", st.killed);
    if (st.killed) {
        cJSON_AddStringToObject(o, "kill_reason", st.kill_reason);
        add_time(o, "killed_at", st.killed_us);
    }
    cJSON_AddBoolToObject(o, "leader", st.leader);
    cJSON_AddStringToObject(o, "leader_holder", st.leader_holder);
    cJSON_AddBoolToObject(o, "store_up", st.store_up);
    cJSON_AddStringToObject(o, "store", st.store_text);
    cJSON_AddBoolToObject(o, "virtual_time", st.virtual_time);
    cJSON_AddNumberToObject(o, "events", (double)st.events);
    cJSON_AddNumberToObject(o, "alerts", st.alerts);
    cJSON_AddNumberToObject(o, "markets", view_market_count(c->view));
    cJSON_AddItemToObject(o, "venues", venues_json(c));
    cJSON *list = cJSON_AddArrayToObject(o, "accounts");
    struct view_account va;
    for (int i = 0; view_account_at(c->view, i, &va); i++)
        cJSON_AddItemToArray(list, columns_json(column_table("accounts"), c->view, &va, c->now_us));
}

COMMAND_RUN(run_accounts) {
    struct args a;
    struct view_account va;
    if (!args_parse(argc, argv, &a, r) || !args_count(&a, 0, 0, r))
        return;
    rows_begin(r, "accounts");
    for (int i = 0; view_account_at(c->view, i, &va); i++)
        rows_add(c, r, &va);
}

COMMAND_RUN(run_markets) {
    struct args a;
    struct view_market vm;
    if (!args_parse(argc, argv, &a, r) || !args_count(&a, 0, ARGS_MAX, r))
        return;
    const char *category = args_option(&a, "--category");
    rows_begin(r, "markets");
    for (int i = 0; view_market_at(c->view, i, &vm); i++) {
        bool match = !category || str_eq_nocase(vm.m->category, category);
        for (int k = 0; k < a.n; k++)
            match =
                match && (str_contains_nocase(vm.m->title, a.pos[k]) || str_contains_nocase(vm.m->symbol, a.pos[k]) ||
                          str_contains_nocase(vm.m->category, a.pos[k]));
        if (match)
            rows_add(c, r, &vm);
    }
}

static qty own_at(const struct desk *view, market_id id, enum book_side side, price px) {
    qty sum = {0};
    int cursor = 0;
    for (const struct order *o; (o = view_next_order(view, &cursor, true));)
        if (o->market == id && o->type == ORDER_LIMIT && (order_book_dir(o) > 0) == (side == BOOK_BID) &&
            book_price((enum order_side)o->side, o->limit).micro == px.micro)
            sum.micro += order_rest(o).micro;
    return sum;
}

COMMAND_RUN(run_book) {
    struct args a;
    struct view_market vm;
    int64_t levels = 10;
    if (!args_parse(argc, argv, &a, r) || !args_count(&a, 1, 2, r) || !arg_market(c, a.pos[0], &vm, r) ||
        (a.n > 1 && !arg_int("LEVELS", a.pos[1], 1, 1000, &levels, r)))
        return;
    rows_begin(r, "book");
    const int asks = book_count(vm.book, BOOK_ASK), bids = book_count(vm.book, BOOK_BID);
    struct book_row row = {.market = vm.m->id, .side = BOOK_ASK};
    /* As on the screen: the worst ask first, the spread in the middle. */
    const int shown = asks < levels ? asks : (int)levels;
    for (int i = 0; i < shown; i++)
        row.total.micro += book_level(vm.book, BOOK_ASK, i)->size.micro;
    for (int i = shown - 1; i >= 0; i--) {
        const struct level *l = book_level(vm.book, BOOK_ASK, i);
        row.px = l->px, row.size = l->size, row.own = own_at(c->view, vm.m->id, BOOK_ASK, l->px);
        rows_add(c, r, &row);
        row.total.micro -= l->size.micro;
    }
    row = (struct book_row){.market = vm.m->id, .side = BOOK_BID};
    for (int i = 0; i < bids && i < levels; i++) {
        const struct level *l = book_level(vm.book, BOOK_BID, i);
        row.px = l->px, row.size = l->size, row.own = own_at(c->view, vm.m->id, BOOK_BID, l->px);
        row.total.micro += l->size.micro;
        rows_add(c, r, &row);
    }
    if (!asks && !bids)
        say(r, "the book of %s is empty", vm.m->symbol);
}

COMMAND_RUN(run_trades) {
    struct args a;
    struct view_market vm;
    int64_t n = 20;
    struct view_trade trades[200];
    if (!args_parse(argc, argv, &a, r) || !args_count(&a, 1, 2, r) || !arg_market(c, a.pos[0], &vm, r) ||
        (a.n > 1 && !arg_int("COUNT", a.pos[1], 1, 200, &n, r)))
        return;
    rows_begin(r, "trades");
    const int count = view_trades(c->view, vm.m->id, trades, (int)n);
    for (int i = 0; i < count; i++)
        rows_add(c, r, &trades[i]);
}

static void add_positions(const struct command_ctx *c, account_id account, bool all, struct command_result *r) {
    rows_begin(r, "positions");
    int cursor = 0;
    for (const struct order *o; (o = view_next_position(c->view, &cursor, !all));)
        if (!account || o->account == account)
            rows_add(c, r, o);
}

COMMAND_RUN(run_positions) {
    struct args a;
    account_id account;
    if (!args_parse(argc, argv, &a, r) || !args_count(&a, 0, 0, r) || !account_filter(c, &a, &account, r))
        return;
    add_positions(c, account, args_option(&a, "--all") != NULL, r);
}

static void add_orders(const struct command_ctx *c, account_id account, bool all, struct command_result *r) {
    rows_begin(r, "orders");
    int cursor = 0;
    for (const struct order *o; (o = view_next_order(c->view, &cursor, !all));)
        if (!account || o->account == account)
            rows_add(c, r, o);
}

COMMAND_RUN(run_orders) {
    struct args a;
    account_id account;
    if (!args_parse(argc, argv, &a, r) || !args_count(&a, 0, 0, r) || !account_filter(c, &a, &account, r))
        return;
    add_orders(c, account, args_option(&a, "--all") != NULL, r);
}

static void add_fills(const struct command_ctx *c, account_id account, int max, struct command_result *r) {
    static const struct fill *list[ROWS_MAX]; /* pointers into the desk, used within this call only */
    const int n = view_fills(c->view, list, max < ROWS_MAX ? max : ROWS_MAX);
    rows_begin(r, "fills");
    for (int i = 0; i < n; i++)
        if (!account || list[i]->account == account)
            rows_add(c, r, list[i]);
}

COMMAND_RUN(run_fills) {
    struct args a;
    account_id account;
    int64_t n = 50;
    if (!args_parse(argc, argv, &a, r) || !args_count(&a, 0, 1, r) || !account_filter(c, &a, &account, r) ||
        (a.n && !arg_int("COUNT", a.pos[0], 1, ROWS_MAX, &n, r)))
        return;
    add_fills(c, account, (int)n, r);
}

static void add_equity(const struct command_ctx *c, account_id account, int max, struct command_result *r) {
    static struct view_equity samples[ROWS_MAX];
    const int n = view_equity(c->view, account, samples, max < ROWS_MAX ? max : ROWS_MAX);
    rows_begin(r, "equity");
    for (int i = 0; i < n; i++)
        rows_add(c, r, &samples[i]);
}

COMMAND_RUN(run_equity) {
    struct args a;
    account_id account;
    int64_t n = 60;
    if (args_parse(argc, argv, &a, r) && args_count(&a, 0, 1, r) && arg_account(c, &a, &account, r) &&
        (!a.n || arg_int("COUNT", a.pos[0], 1, ROWS_MAX, &n, r)))
        add_equity(c, account, (int)n, r);
}

COMMAND_RUN(run_limits) {
    struct args a;
    account_id account;
    if (!args_parse(argc, argv, &a, r) || !args_count(&a, 0, 0, r) || !arg_account(c, &a, &account, r))
        return;
    int n;
    const struct risk_limit_info *table = risk_limit_table(&n);
    const char *limits = (const char *)view_limits(c->view);
    rows_begin(r, "limits");
    for (int i = 0; i < n; i++) {
        struct limit_row row = {.index = i, .account = account};
        memcpy(&row.value, limits + table[i].offset, sizeof row.value);
        rows_add(c, r, &row);
    }
}

COMMAND_RUN(run_log) {
    struct args a;
    int64_t n = 50;
    static struct view_notice notices[500];
    if (!args_parse(argc, argv, &a, r) || !args_count(&a, 0, 1, r) ||
        (a.n && !arg_int("COUNT", a.pos[0], 1, 500, &n, r)))
        return;
    rows_begin(r, "notices");
    for (int i = view_notices(c->view, notices, (int)n) - 1; i >= 0; i--)
        rows_add(c, r, &notices[i]);
}

COMMAND_RUN(run_export) {
    struct args a;
    account_id account, own;
    if (!args_parse(argc, argv, &a, r) || !args_count(&a, 1, 1, r) || !account_filter(c, &a, &account, r) ||
        !arg_account(c, &a, &own, r))
        return;
    static const char *const stored[] = {"ledger", "invocations", "tool-calls", "prompts", "watches", "follow-trades", "history"};
    const char *format = args_option(&a, "--format");
    bool only_stored = args_option(&a, "--from") || args_option(&a, "--to");
    for (size_t i = 0; i < sizeof stored / sizeof *stored; i++)
        only_stored = only_stored || !strcmp(a.pos[0], stored[i]);
    if (format && strcmp(format, "csv") && strcmp(format, "json"))
        fail(r, ERR_USAGE, "--format: \"%.16s\" is neither csv nor json", format);
    else if (only_stored)
        fail(r, ERR_UNSUPPORTED, "%.24s%s: only where there is a database, by `turret export` in a shell", a.pos[0], args_option(&a, "--from") || args_option(&a, "--to") ? " of a time" : "");
    else if (!strcmp(a.pos[0], "orders"))
        add_orders(c, account, true, r);
    else if (!strcmp(a.pos[0], "positions"))
        add_positions(c, account, true, r);
    else if (!strcmp(a.pos[0], "fills"))
        add_fills(c, account, ROWS_MAX, r);
    else if (!strcmp(a.pos[0], "pnl"))
        pnl_rows(c, own, false, r);
    else if (!strcmp(a.pos[0], "days"))
        pnl_rows(c, own, true, r);
    else if (!strcmp(a.pos[0], "equity"))
        add_equity(c, own, ROWS_MAX, r);
    else
        fail(r, ERR_USAGE, "export: \"%.24s\" is none of orders, positions, fills, pnl, days, equity",
             a.pos[0]);
}

COMMAND_RUN(run_doctor) {
    struct args a;
    char text[NOTE_MAX * 4] = "";
    if (!args_parse(argc, argv, &a, r) || !args_count(&a, 0, 0, r))
        return;
    const int differences = view_audit(c->view, text, sizeof text);
    r->data = cJSON_CreateObject();
    cJSON_AddNumberToObject(r->data, "differences", differences);
    cJSON_AddStringToObject(r->data, "text", text);
    if (differences)
        fail(r, ERR_FAILED, "%d difference%s between positions, cash and exposure and what orders and fills say",
             differences, differences == 1 ? "" : "s");
    else
        say(r, "in memory: positions, cash, exposure and reservations agree with orders and fills");
}
