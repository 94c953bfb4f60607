/* The doctor finds each kind of difference and none where all is right; backup and restore give the same books back. */
#include "store_cluster.h"

static struct cluster c;
static int up, saved, refused;
static uint64_t epoch, seq;
static struct store *st;

static void sink(void *ctx, const struct event *ev) {
    (void)ctx;
    if (ev->type == EVENT_LEADER) {
        up = ev->u.leader.leads;
        epoch = ev->u.leader.epoch;
    } else if (ev->type == EVENT_SAVED) {
        saved++;
        refused += ev->u.saved.result != ERR_OK;
    }
}

static void put(enum save_kind kind, const void *rec, size_t size, bool last) {
    struct fx_save r = {.seq = seq + 1, .epoch = epoch, .kind = (uint16_t)kind, .last = last, .insert = 1};
    memcpy(&r.u, rec, size);
    seq += last;
    store_save(st, &r);
}

/* One account with a perpetual position that was opened by two fills and half closed, and a NO bet. */
static void make_books(void) {
    struct account a = {.id = 1, .venue = VENUE_SIM, .initial = USD(1000000000), .name = "paper"};
    struct ev_load_market perp = {.market = {.venue = VENUE_SIM, .kind = MARKET_PERP, .symbol = "BTC"}}, bet = {.market = {.venue = VENUE_SIM, .kind = MARKET_BINARY, .symbol = "BET"}};
    perp.market.id = market_id_of(VENUE_SIM, "BTC");
    bet.market.id = market_id_of(VENUE_SIM, "BET");
    put(SAVE_ACCOUNT, &a, sizeof a, false);
    put(SAVE_MARKET, &perp, sizeof perp, false);
    put(SAVE_MARKET, &bet, sizeof bet, true);
    struct order open = {.id = 11, .num = 1, .account = 1, .market = perp.market.id, .side = SIDE_SHORT, .action = ACTION_SELL, .state = STATE_FILLED, .version = 1, .size = QTY(3000000), .filled = QTY(3000000), .filled_value = USD(302000000), .fee = USD(30), .created_us = 5, .updated_us = 5, .strategy = "main"};
    /* 1 @ 100 and 2 @ 101, then 1 bought back @ 90: cost 302 - 100.666667, gain 10.666667 */
    open.pos = (struct position){.status = POSITION_OPEN, .open = QTY(2000000), .closed = QTY(1000000), .cost = USD(201333333), .entry_price = PRICE(100666667), .exit_price = PRICE(90000000), .exit_value = USD(90000000), .realized_pnl = USD(10666667), .fees = USD(40), .reserved = QTY(500000), .opened_us = 5, .plan = {.confidence = -1}};
    struct order shut = {.id = 12, .num = 2, .account = 1, .market = perp.market.id, .side = SIDE_SHORT, .action = ACTION_BUY, .state = STATE_FILLED, .version = 1, .size = QTY(1000000), .filled = QTY(1000000), .filled_value = USD(90000000), .fee = USD(10), .parent = 11, .created_us = 6, .updated_us = 6, .strategy = "main", .flags = ORDER_REDUCE_ONLY};
    struct order stop = shut;
    stop.id = 13;
    stop.num = 3;
    stop.state = STATE_PENDING;
    stop.size = QTY(500000);
    stop.filled = QTY(0);
    stop.filled_value = USD(0);
    stop.fee = USD(0);
    struct order no = {.id = 14, .num = 4, .account = 1, .market = bet.market.id, .side = SIDE_NO, .action = ACTION_BUY, .state = STATE_FILLED, .version = 1, .size = QTY(10000000), .filled = QTY(10000000), .filled_value = USD(4000000), .created_us = 6, .updated_us = 6, .strategy = "main"};
    no.pos = (struct position){.status = POSITION_OPEN, .open = QTY(10000000), .cost = USD(4000000), .entry_price = PRICE(400000), .opened_us = 6, .plan = {.confidence = -1}};
    const struct order *all[] = {&open, &shut, &stop, &no};
    for (int i = 0; i < 4; i++)
        put(SAVE_ORDER, all[i], sizeof *all[i], false);
    struct fill f = {.order = 11, .position = 11, .account = 1, .market = perp.market.id, .finality = FILL_FINAL, .side = SIDE_SHORT, .action = ACTION_SELL, .px = PRICE(100000000), .size = QTY(1000000), .fee = USD(10), .at_us = 5, .venue_trade = "t1"};
    put(SAVE_FILL, &f, sizeof f, false);
    f.px = PRICE(101000000);
    f.size = QTY(2000000);
    f.fee = USD(20);
    strcpy(f.venue_trade, "t2");
    put(SAVE_FILL, &f, sizeof f, false);
    struct fill g = f;
    g.order = 12;
    g.action = ACTION_BUY;
    g.px = PRICE(90000000);
    g.size = QTY(1000000);
    g.fee = USD(10);
    g.realized_pnl = USD(10666667);
    strcpy(g.venue_trade, "t3");
    put(SAVE_FILL, &g, sizeof g, false);
    struct fill h = {.order = 14, .position = 14, .account = 1, .market = bet.market.id, .finality = FILL_FINAL, .side = SIDE_YES, .action = ACTION_SELL, .px = PRICE(600000), .size = QTY(10000000), .at_us = 6, .venue_trade = "t4"};
    put(SAVE_FILL, &h, sizeof h, false);
    static const struct {
        enum ledger_kind kind;
        const char *ref;
        int64_t amount;
        bool bet;
    } cash[] = {{LEDGER_DEPOSIT, "start", 1000000000, false}, {LEDGER_FEE, "t1", -10, false}, {LEDGER_FEE, "t2", -20, false}, {LEDGER_FEE, "t3", -10, false}, {LEDGER_FILL, "t3", 10666667, false}, {LEDGER_FILL, "t4", -4000000, true}};
    for (size_t i = 0; i < sizeof cash / sizeof *cash; i++) {
        struct ledger_entry l = {.account = 1, .market = cash[i].bet ? bet.market.id : perp.market.id, .kind = (uint8_t)cash[i].kind, .amount = USD(cash[i].amount), .at_us = 5};
        strcpy(l.ref, cash[i].ref);
        put(SAVE_LEDGER, &l, sizeof l, i + 1 == sizeof cash / sizeof *cash);
    }
}

static int set_up(void **state) {
    (void)state;
    cluster_make(&c);
    struct store_pg_cfg cfg = {.conninfo = c.conninfo, .holder = "doctor", .exclusive = true};
    st = store_pg_new(&cfg, (struct event_sink){sink, NULL});
    run_until(&up, 1, 20);
    make_books();
    run_until(&saved, 2, 5);
    return refused;
}
static int tear_down(void **state) {
    (void)state;
    store_close(st);
    cluster_end(&c);
    return 0;
}

static int doctor(const char *word) {
    char *json;
    int n = store_pg_doctor(c.conninfo, &json);
    if (word && !strstr(json, word))
        fail_msg("no %s in %s", word, json);
    if (!word && n != 0)
        fail_msg("%s", json);
    free(json);
    return n;
}

static void right_books_have_no_differences(void **state) {
    (void)state;
    assert_int_equal(doctor(NULL), 0);
}

static void each_wrong_cache_is_found(void **state) {
    (void)state;
    static const struct {
        const char *harm, *heal, *found;
    } rows[] = {
        {"UPDATE orders SET filled_quantity = 2 WHERE id = 12", "UPDATE orders SET filled_quantity = 1 WHERE id = 12", "\"filled\",\"differences\":1"},
        {"UPDATE orders SET fee = 1 WHERE id = 12", "UPDATE orders SET fee = 0.00001 WHERE id = 12", "\"fee\",\"differences\":1"},
        {"UPDATE orders SET filled_value = 91 WHERE id = 12", "UPDATE orders SET filled_value = 90 WHERE id = 12", "\"filled_value\",\"differences\":1"},
        {"UPDATE orders SET avg_fill_price = 91 WHERE id = 12", "UPDATE orders SET avg_fill_price = 90 WHERE id = 12", "\"avg_fill_price\",\"differences\":1"},
        {"UPDATE orders SET open_quantity = 3 WHERE id = 11", "UPDATE orders SET open_quantity = 2 WHERE id = 11", "\"open_quantity\",\"differences\":1"},
        {"UPDATE orders SET cost = 201 WHERE id = 11", "UPDATE orders SET cost = 201.333333 WHERE id = 11", "\"cost\",\"differences\":1"},
        {"UPDATE orders SET entry_price = 100 WHERE id = 11", "UPDATE orders SET entry_price = 100.666667 WHERE id = 11", "\"entry_price\",\"differences\":1"},
        {"UPDATE orders SET realized_pnl = 10 WHERE id = 11", "UPDATE orders SET realized_pnl = 10.666667 WHERE id = 11", "\"realized_pnl\",\"differences\":1"},
        {"UPDATE orders SET position_fees = 1 WHERE id = 11", "UPDATE orders SET position_fees = 0.00004 WHERE id = 11", "\"position_fees\",\"differences\":1"},
        {"UPDATE orders SET reserved_quantity = 1 WHERE id = 11", "UPDATE orders SET reserved_quantity = 0.5 WHERE id = 11", "\"reserved\",\"differences\":1"},
        {"UPDATE orders SET cost = 5 WHERE id = 14", "UPDATE orders SET cost = 4 WHERE id = 14", "\"cost\",\"differences\":1"},
        {"UPDATE fills SET order_id = 99 WHERE venue_trade_id = 't4'", "UPDATE fills SET order_id = 14 WHERE venue_trade_id = 't4'", "\"orphan_fills\",\"differences\":1"},
        {"UPDATE fills SET fee = 1 WHERE venue_trade_id = 't4'", "UPDATE fills SET fee = 0 WHERE venue_trade_id = 't4'", "\"fees_in_cash\",\"differences\":1"},
        {"UPDATE fills SET realized_pnl = 11 WHERE venue_trade_id = 't3'", "UPDATE fills SET realized_pnl = 10.666667 WHERE venue_trade_id = 't3'", "\"cash\",\"differences\":1"},
        {"UPDATE markets SET symbol = 'X', id = 5 WHERE symbol = 'BET'", NULL, "orders without market"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sql_value(&c, rows[i].harm, NULL);
        assert_true(doctor(rows[i].found) > 0);
        if (!rows[i].heal)
            continue;
        sql_value(&c, rows[i].heal, NULL);
        doctor(NULL);
    }
    char sql[160];
    snprintf(sql, sizeof sql, "UPDATE markets SET symbol = 'BET', id = %lld WHERE id = 5", (long long)market_id_of(VENUE_SIM, "BET"));
    sql_value(&c, sql, NULL);
    doctor(NULL);
}

static void wrong_records_of_models_are_found(void **state) {
    (void)state;
    sql_value(&c, "INSERT INTO models SELECT (jsonb_populate_record(NULL::models, '{\"id\":1,\"name\":\"m\",\"variant\":\"apex\",\"provider\":\"p\",\"model_ref\":\"x\",\"account_id\":1,"
                  "\"enabled\":true,\"paused\":false,\"builtin\":false,\"interval_s\":60,\"invocation_count\":1,\"total_minutes\":0,\"failed_workflow_count\":0,\"failed_tool_call_count\":0,"
                  "\"skipped\":0,\"failed_in_row\":0,\"tokens_in\":1,\"tokens_out\":1,\"cost_total\":2,\"cost_day\":1,\"cost_date\":\"2026-11-21\",\"cost_unknown\":false,\"budget_run\":0,"
                  "\"budget_day\":0,\"limits\":{},\"markets\":\"\",\"version\":1}')).*", NULL);
    sql_value(&c, "INSERT INTO prompts VALUES ('aa', 'be careful', now())", NULL);
    sql_value(&c, "INSERT INTO invocations (id, model_id, account_id, started_at, ended_at, status, system_hash) VALUES (7, 1, 1, now() - interval '1 hour', now(), 'ok', 'aa'), "
                  "(8, 1, 1, now() - interval '9 minutes', NULL, 'running', 'aa')", NULL); /* under way */
    sql_value(&c, "INSERT INTO tool_calls (invocation_id, step, index, type, name, at, order_id, code) VALUES (7, 0, 0, 'CREATE_POSITION', 'create_position', now(), 14, 'ok')", NULL);
    sql_value(&c, "UPDATE orders SET source = 'agent', link_id = 7 WHERE id = 14", NULL);
    assert_int_equal(doctor(NULL), 0);
    static const struct {
        const char *harm, *heal, *found;
    } rows[] = {
        {"UPDATE invocations SET started_at = now() - interval '11 minutes' WHERE id = 8", "UPDATE invocations SET started_at = now() WHERE id = 8", "\"open_runs\",\"differences\":1"},
        {"UPDATE invocations SET status = 'running' WHERE id = 7", "UPDATE invocations SET status = 'ok' WHERE id = 7", "\"run_times\",\"differences\":1"},
        {"UPDATE orders SET link_id = 9 WHERE id = 14", "UPDATE orders SET link_id = 7 WHERE id = 14", "\"order_runs\",\"differences\":1"},
        {"UPDATE tool_calls SET order_id = 99", "UPDATE tool_calls SET order_id = 14", "\"call_orders\",\"differences\":1"},
        {"UPDATE invocations SET system_hash = 'bb' WHERE id = 7", "UPDATE invocations SET system_hash = 'aa' WHERE id = 7", "\"prompts\",\"differences\":1"},
        {"UPDATE models SET cost_day = 3", "UPDATE models SET cost_day = 1", "\"models\",\"differences\":1"},
        {"UPDATE models SET failed_in_row = 3", "UPDATE models SET failed_in_row = 0", "\"models\",\"differences\":1"},
        {"UPDATE models SET account_id = 3", "UPDATE models SET account_id = 1", "\"models\",\"differences\":1"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sql_value(&c, rows[i].harm, NULL);
        assert_int_equal(doctor(rows[i].found), 1);
        sql_value(&c, rows[i].heal, NULL);
        assert_int_equal(doctor(NULL), 0);
    }
}

/* A sniper at work, a follow whose position is order 11 (opened by two fills, half closed: see make_books) and its trade. */
static void make_automations(void) {
    struct watch w = {.id = 7, .account = 1, .subject = market_id_of(VENUE_SIM, "BTC"), .level = PRICE(1), .amount = 5, .status = WATCH_EXECUTING, .order = 13, .budget = USD(10), .spent = USD(10), .version = 1};
    struct follow f = {.id = 8, .account = 1, .created_us = 5, .day = 0, .day_volume = USD(302000000), .day_pnl = USD(10666667 - 40), .factor = 1000000, .wallet = "0x1", .version = 1};
    struct follow_trade t = {.follow = 8, .trade = "t", .status = FOLLOWED_EXECUTED, .order = 11, .at_us = 5, .seen_us = 5, .version = 1};
    struct market_link l = {.id = 9, .a = 1, .b = 2};
    int before = saved;
    put(SAVE_WATCH, &w, sizeof w, false);
    put(SAVE_FOLLOW, &f, sizeof f, false);
    put(SAVE_FOLLOW_TRADE, &t, sizeof t, false);
    put(SAVE_LINK, &l, sizeof l, true);
    run_until(&saved, before + 1, 5);
    assert_int_equal(refused, 0);
    sql_value(&c, "UPDATE orders SET source = 'sniper', link_id = 7 WHERE id = 13", NULL);
    sql_value(&c, "UPDATE orders SET source = 'copy-trade', link_id = 8 WHERE id = 11", NULL);
}

static void wrong_automations_are_found(void **state) {
    (void)state;
    make_automations();
    doctor(NULL);
    static const struct {
        const char *harm, *heal, *found;
    } rows[] = {
        {"UPDATE watches SET order_id = 12", "UPDATE watches SET order_id = 13", "\"watch_orders\",\"differences\":1"},
        {"UPDATE watches SET spent = 0.00002", "UPDATE watches SET spent = 0.00001", "\"watch_money\",\"differences\":1"},
        {"UPDATE watches SET status = 'WATCHING', packed = '\\x00'", "UPDATE watches SET status = 'EXECUTING', packed = watch_packed(watches)", "\"watch_packed\",\"differences\":1"},
        {"UPDATE orders SET link_id = 6 WHERE id = 13", "UPDATE orders SET link_id = 7 WHERE id = 13", "\"sniper_orders\",\"differences\":1"},
        {"UPDATE orders SET source = 'sniper', link_id = 7, state = 'pending' WHERE id = 12", "UPDATE orders SET source = 'manual', link_id = NULL, state = 'filled' WHERE id = 12", "\"fired_twice\",\"differences\":1"},
        {"UPDATE follow_trades SET order_id = NULL", "UPDATE follow_trades SET order_id = 11", "\"follow_orders\",\"differences\":1"},
        {"UPDATE follows SET day_pnl = day_pnl + 0.000001", "UPDATE follows SET day_pnl = day_pnl - 0.000001", "\"follow_day_pnl\",\"differences\":1"},
        {"UPDATE follows SET day_volume = 90", "UPDATE follows SET day_volume = 302", "\"follow_day_volume\",\"differences\":1"},
        {"UPDATE market_links SET market_a = 2", "UPDATE market_links SET market_a = 1", "\"market_links\",\"differences\":1"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sql_value(&c, rows[i].harm, NULL);
        assert_true(doctor(rows[i].found) > 0);
        sql_value(&c, rows[i].heal, NULL);
        doctor(NULL);
    }
}

static void an_absent_database_is_an_error_not_health(void **state) {
    (void)state;
    char *json;
    assert_int_equal(store_pg_doctor("host=/nonexistent", &json), -1);
    assert_non_null(strstr(json, "\"ok\":false"));
    free(json);
}

static void a_backup_restores_the_same_books(void **state) {
    (void)state;
    char file[96], text[REASON_MAX * 2];
    snprintf(file, sizeof file, "%s/books.sql", c.dir);
    assert_int_equal(store_pg_backup(c.conninfo, NULL, file, text), ERR_OK);
    struct stat sb;
    assert_int_equal(stat(file, &sb), 0);
    assert_int_equal(sb.st_mode & 0777, 0600);
    assert_int_equal(store_pg_restore(c.conninfo, NULL, file, false, text), ERR_CONFIG); /* not empty */
    sql_value(&c, "DELETE FROM orders WHERE id = 14", NULL);
    if (store_pg_restore(c.conninfo, NULL, file, true, text) != ERR_OK)
        fail_msg("%s", text);
    assert_int_equal(sql_int(&c, "SELECT count(*) FROM orders"), 4);
    assert_string_equal(sql_value(&c, "SELECT string_agg(text || ' ' || t.type || ' ' || m.name, '') FROM tool_calls t JOIN invocations i ON i.id = t.invocation_id "
                                      "JOIN prompts p ON p.hash = i.system_hash JOIN models m ON m.id = i.model_id", NULL), "be careful CREATE_POSITION m");
    doctor(NULL);
    char code[6];
    sql_value(&c, "DELETE FROM ledger", code); /* triggers came back, too */
    assert_string_equal(code, "TU003");
    assert_int_equal(access(strcat(file, ".before-restore"), F_OK), 0);
}

static void bad_backup_files_change_nothing(void **state) {
    (void)state;
    char file[96], text[REASON_MAX * 2];
    snprintf(file, sizeof file, "%s/half.sql", c.dir);
    assert_int_equal(store_pg_restore(c.conninfo, NULL, "/nonexistent.sql", true, text), ERR_NOT_FOUND);
    assert_int_equal(store_pg_backup(c.conninfo, NULL, file, text), ERR_OK);
    assert_int_equal(truncate(file, 9000), 0);
    assert_int_equal(store_pg_restore(c.conninfo, NULL, file, true, text), ERR_CORRUPT);
    assert_int_equal(store_pg_backup(c.conninfo, NULL, "/nonexistent/x.sql", text), ERR_IO);
    assert_int_equal(store_pg_backup(c.conninfo, "/nonexistent", file, text), ERR_CONFIG);
    /* whole to look at, but with an error in the middle: one transaction, nothing changes */
    assert_int_equal(store_pg_backup(c.conninfo, NULL, file, text), ERR_OK);
    shell("sed -i 's/^CREATE TABLE public.fills/CREATE TABEL public.fills/' %s", file);
    assert_int_equal(store_pg_restore(c.conninfo, NULL, file, true, text), ERR_IO);
    doctor(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(right_books_have_no_differences),
        cmocka_unit_test(each_wrong_cache_is_found),
        cmocka_unit_test(wrong_records_of_models_are_found),
        cmocka_unit_test(wrong_automations_are_found),
        cmocka_unit_test(an_absent_database_is_an_error_not_health),
        cmocka_unit_test(a_backup_restores_the_same_books),
        cmocka_unit_test(bad_backup_files_change_nothing),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
