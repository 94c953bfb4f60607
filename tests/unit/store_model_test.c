/* Models and closed positions in both stores: what is saved comes back, in the port's order. With a server also: the equity
 * curve is thinned, an older database is brought up to date with what it holds. */
#include "store_cluster.h"

#include "turret/base/embed.h"
#include "turret/store/mem.h"

#include <sys/resource.h>

#define DAY_US 86400000000LL
#define T0 1795262671123456LL

static struct cluster c;
static struct store *st;
static bool real;
static uint64_t epoch, seq;

static struct {
    int up, saved, refused, loaded, n_models, n_types, out_of_order;
    struct model models[8];
    struct ev_load_trade trades[16];
    int n_trades;
    int64_t last_close;
    int types[64];
} seen;

static void sink(void *ctx, const struct event *ev) {
    (void)ctx;
    assert_true(event_valid(ev, ev->size));
    bool again = seen.n_types && seen.types[seen.n_types - 1] == ev->type;
    if (seen.n_types < 64 && !again && ev->type != EVENT_SAVED)
        seen.types[seen.n_types++] = ev->type;
    switch (ev->type) {
    case EVENT_STORE: seen.up = ev->u.store.up; break;
    case EVENT_LEADER: epoch = ev->u.leader.epoch; break;
    case EVENT_SAVED:
        seen.saved++;
        seen.refused += ev->u.saved.result != ERR_OK;
        break;
    case EVENT_MODEL:
        assert_int_equal(ev->u.model.stored, 1);
        seen.models[seen.n_models++ % 8] = ev->u.model.model;
        break;
    case EVENT_LOAD_TRADE:
        seen.trades[seen.n_trades++ % 16] = ev->u.load_trade;
        seen.out_of_order += ev->u.load_trade.trade.closed_us < seen.last_close;
        seen.last_close = ev->u.load_trade.trade.closed_us;
        break;
    case EVENT_LOADED: seen.loaded++; break;
    default: break;
    }
}

static void wait_for(const int *what, int least) {
    if (real)
        run_until(what, least, 120);
    else
        for (int i = 0; i < 10 && *what < least; i++)
            store_mem_run(st);
    assert_true(*what >= least);
}

static void open_pg(void) {
    struct store_pg_cfg cfg = {.conninfo = c.conninfo, .holder = "desk-1", .exclusive = true};
    st = store_pg_new(&cfg, (struct event_sink){sink, NULL});
    wait_for(&seen.up, 1);
}
static int set_up_mem(void **state) {
    (void)state;
    memset(&seen, 0, sizeof seen);
    real = false;
    seq = 0;
    st = store_mem_new((struct event_sink){sink, NULL});
    wait_for(&seen.up, 1);
    return 0;
}
static int set_up_server(void **state) {
    (void)state;
    memset(&seen, 0, sizeof seen);
    real = true;
    seq = 0;
    cluster_make(&c);
    return 0;
}
static int set_up_pg(void **state) {
    set_up_server(state);
    open_pg();
    return 0;
}
static int tear_down(void **state) {
    (void)state;
    if (st)
        store_close(st);
    st = NULL;
    if (real)
        cluster_end(&c);
    return 0;
}

static struct fx_save rec(enum save_kind kind) { return (struct fx_save){.seq = ++seq, .epoch = epoch, .kind = (uint16_t)kind, .last = 1}; }
static void put(struct fx_save r) {
    int before = seen.saved;
    store_save(st, &r);
    wait_for(&seen.saved, before + 1);
}
static void put_ok(struct fx_save r) {
    put(r);
    assert_int_equal(seen.refused, 0);
}
static void load(void) {
    seen.loaded = seen.n_models = seen.n_trades = seen.n_types = seen.out_of_order = 0;
    seen.last_close = INT64_MIN;
    store_load(st);
    wait_for(&seen.loaded, 1);
}

static struct model make_model(model_id id, const char *name) {
    struct model m = {.id = id, .account = id + 100, .enabled = 1, .interval_s = 300, .version = 1};
    snprintf(m.name, sizeof m.name, "%s", name);
    snprintf(m.variant, sizeof m.variant, "apex");
    return m;
}
static void put_model(const struct model *m) {
    struct fx_save r = rec(SAVE_MODEL);
    r.u.model = *m;
    put(r);
}

/* --- models --- */

static void every_field_of_a_model_survives(void **state) {
    (void)state;
    struct model m = {.id = 3, .account = 9, .paused = 1, .builtin = 1, .cost_unknown = 1, .interval_s = 86400, .next_run_us = T0, .last_run_us = T0 - 1, .last_ok_us = T0 - 2,
                      .runs = 5000000000, .failed_runs = 2, .failed_calls = 3, .skipped_runs = 4, .failed_in_row = 1, .total_minutes = 99, .tokens_in = 7000000000, .tokens_out = 8,
                      .cost_total = USD(12345678), .cost_day = USD(1), .budget_run = USD(500000), .budget_day = USD(20000000), .cost_date = 20778, .version = 7};
    int64_t v = -1;
#define X(key, kind, def, unit, help) m.limits.key = v = v * -3;
    AGENT_LIMITS(X)
#undef X
    strcpy(m.name, "Claude \"naïve\" 'x'");
    strcpy(m.variant, "guardian");
    strcpy(m.provider, "openrouter");
    strcpy(m.model, "anthropic/claude-x");
    strcpy(m.markets, "BTC-PERP,binary");
    strcpy(m.reason, "the provider said \\ 500");
    put_model(&m);
    struct model plain = make_model(1, "plain"); /* no times, no texts, no limits */
    put_model(&plain);
    assert_int_equal(seen.refused, 0);
    load();
    assert_int_equal(seen.n_models, 2);
    const struct model *first = &seen.models[seen.models[0].id == 3 ? 0 : 1];
    const struct model *other = &seen.models[seen.models[0].id == 3 ? 1 : 0];
    assert_memory_equal(first, &m, sizeof m);
    assert_memory_equal(other, &plain, sizeof plain);

    m.paused = 0;
    m.runs++;
    memset(m.reason, 0, sizeof m.reason);
    m.next_run_us += 300000000;
    put_model(&m);
    load();
    assert_int_equal(seen.n_models, 2);
    first = &seen.models[seen.models[0].id == 3 ? 0 : 1];
    assert_memory_equal(first, &m, sizeof m);
}

static void two_models_can_not_share_name_and_variant(void **state) {
    (void)state;
    struct model a = make_model(1, "same"), b = make_model(2, "same");
    put_model(&a);
    put_model(&b);
    assert_int_equal(seen.refused, 1);
    strcpy(b.variant, "sniper");
    put_model(&b);
    assert_int_equal(seen.refused, 1);
    load();
    assert_int_equal(seen.n_models, 2);
}

/* --- closed positions --- */

static void put_market(const char *symbol, enum market_kind kind, enum market_outcome outcome) {
    struct fx_save r = rec(SAVE_MARKET);
    struct market *m = &r.u.market.market;
    *m = (struct market){.venue = VENUE_SIM, .kind = (uint8_t)kind, .status = MARKET_OPEN, .outcome = (uint8_t)outcome, .tick = PRICE(1), .lot = QTY(1)};
    snprintf(m->symbol, sizeof m->symbol, "%s", symbol);
    m->id = market_id_of(VENUE_SIM, symbol);
    put_ok(r);
}

static struct order make_closed(order_id id, const char *symbol, enum order_side side, int64_t closed_us) {
    struct order o = {.id = id, .num = (uint32_t)id, .account = 1, .market = market_id_of(VENUE_SIM, symbol), .side = (uint8_t)side, .state = STATE_FILLED, .version = 1, .size = QTY(2000000), .filled = QTY(2000000), .created_us = T0, .updated_us = T0};
    o.pos = (struct position){.status = POSITION_CLOSED, .closed = QTY(2000000), .entry_price = PRICE(400000), .exit_price = PRICE(700000), .exit_value = USD(1400000), .realized_pnl = USD(600000), .fees = USD(20000), .funding = USD(-1000), .opened_us = closed_us - 60000000, .closed_us = closed_us, .plan.confidence = 65};
    strcpy(o.strategy, "main");
    return o;
}
static void put_order(const struct order *o, bool insert) {
    struct fx_save r = rec(SAVE_ORDER);
    r.u.order = *o;
    r.insert = insert;
    put_ok(r);
}

static void every_closed_position_comes_back_oldest_close_first(void **state) {
    (void)state;
    struct fx_save acc = rec(SAVE_ACCOUNT);
    acc.u.account = (struct account){.id = 1, .venue = VENUE_SIM, .name = "paper"};
    put_ok(acc);
    put_market("BTC", MARKET_PERP, OUTCOME_NONE);
    put_market("RAIN", MARKET_BINARY, OUTCOME_NO);
    put_market("SUN", MARKET_BINARY, OUTCOME_NONE);

    /* A long with a stop at 380 that is trailed to 500 before it is closed: its risk stays 2 x 20. */
    struct order a = make_closed(12, "BTC", SIDE_LONG, T0 + 5000000);
    struct position closed = a.pos;
    a.pos.status = POSITION_OPEN;
    a.pos.open = QTY(2000000);
    a.pos.closed = QTY(0);
    a.pos.entry_price = PRICE(400000000);
    a.pos.closed_us = 0;
    struct order born = a;
    born.pos = (struct position){.plan.confidence = -1};
    born.state = STATE_PENDING;
    born.filled = QTY(0);
    put_order(&born, true);
    a.version = 2;
    a.pos.plan.stop = PRICE(380000000);
    put_order(&a, false);
    a.version = 3;
    a.pos.plan.stop = PRICE(500000000);
    put_order(&a, false);
    a.version = 4;
    closed.plan.stop = a.pos.plan.stop;
    closed.entry_price = a.pos.entry_price;
    a.pos = closed;
    a.pos.close_trigger = CLOSE_STOP;
    put_order(&a, false);

    struct order b = make_closed(11, "RAIN", SIDE_NO, T0 + 1000000); /* came true, a part sold before */
    b.pos.close_trigger = CLOSE_RESOLVED;
    put_order(&b, true);
    struct order d = make_closed(13, "RAIN", SIDE_YES, T0 + 2000000);
    d.pos.close_trigger = CLOSE_RESOLVED;
    put_order(&d, true);
    struct order e = make_closed(10, "SUN", SIDE_YES, T0 + 3000000); /* resolved, the market's row does not know it yet */
    e.pos.close_trigger = CLOSE_RESOLVED;
    e.pos.exit_price = PRICE(1000000);
    put_order(&e, true);
    struct order f = make_closed(14, "SUN", SIDE_NO, T0 + 3000000); /* the same moment: by id */
    f.pos.plan.confidence = -1;
    put_order(&f, true);
    struct order open = make_closed(15, "BTC", SIDE_SHORT, 0);
    open.pos.status = POSITION_OPEN;
    open.pos.open = QTY(1);
    put_order(&open, true);

    load();
    static const struct {
        order_id id;
        int64_t risk;
        int resolved, confidence;
    } want[] = {{11, 0, 1, 65}, {13, 0, 2, 65}, {10, 0, 1, 65}, {14, 0, 0, -1}, {12, 40000000, 0, 65}};
    assert_int_equal(seen.n_trades, 5);
    for (int i = 0; i < 5; i++) {
        const struct trade_stat *t = &seen.trades[i].trade;
        assert_int_equal(t->order, want[i].id);
        assert_int_equal(t->risk.micro, want[i].risk);
        assert_int_equal(t->resolved, want[i].resolved);
        assert_int_equal(t->confidence, want[i].confidence);
        assert_int_equal(t->pnl.micro, 600000 - 20000 + 1000);
        assert_int_equal(t->size.micro, 2000000);
        assert_int_equal(t->closed_us - t->opened_us, 60000000);
        assert_int_equal(seen.trades[i].account, 1);
    }
    assert_int_equal(seen.trades[4].trade.notional.micro, 800000000);
    assert_int_equal(seen.trades[4].trade.close_trigger, CLOSE_STOP);
    assert_int_equal(seen.trades[4].trade.side, SIDE_LONG);
    static const int order[] = {EVENT_ACCOUNT, EVENT_LOAD_MARKET, EVENT_LOAD_CASH, EVENT_LOAD_ORDER, EVENT_LOAD_TRADE, EVENT_LOADED};
    assert_int_equal(seen.n_types, 6);
    assert_memory_equal(seen.types, order, sizeof order);
}

/* More than one piece; TURRET_TRADES says how many (for measuring). */
static void many_closed_positions_stream(void **state) {
    (void)state;
    const char *env = getenv("TURRET_TRADES");
    int n = env ? atoi(env) : 12003;
    struct order o = make_closed(1, "BTC", SIDE_LONG, T0);
    put_order(&o, true);
    char sql[2000];
    snprintf(sql, sizeof sql, "SET statement_timeout = 0; INSERT INTO orders SELECT (jsonb_populate_record(o, jsonb_build_object('id', g, 'num', g, 'closed_at', "
                              "o.closed_at + (g / 3) * interval '1 second'))).* FROM orders o, generate_series(2, %d) g WHERE o.id = 1", n);
    sql_value(&c, sql, NULL);
    sql_value(&c, "ANALYZE orders", NULL);
    struct rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    int64_t from = clock_mono_us();
    load();
    getrusage(RUSAGE_SELF, &after);
    if (env)
        print_message("%d closed positions in %.2f s, %ld KiB more memory\n", n, (double)(clock_mono_us() - from) / 1e6, after.ru_maxrss - before.ru_maxrss);
    assert_int_equal(seen.n_trades, n);
    assert_int_equal(seen.out_of_order, 0);
    assert_true(after.ru_maxrss - before.ru_maxrss < 64 * 1024);
}

/* Performance figures count trades: none may come twice. */
static void a_load_cut_short_gives_no_trade_twice(void **state) {
    (void)state;
    struct order o = make_closed(1, "BTC", SIDE_LONG, T0);
    put_order(&o, true);
    sql_value(&c, "INSERT INTO orders SELECT (jsonb_populate_record(o, jsonb_build_object('id', g, 'num', g, 'closed_at', "
                  "o.closed_at + (g / 3) * interval '1 second'))).* FROM orders o, generate_series(2, 22222) g WHERE o.id = 1", NULL);
    seen.loaded = seen.n_trades = seen.out_of_order = 0;
    seen.last_close = INT64_MIN;
    store_load(st);
    run_until(&seen.n_trades, 5000, 20);
    assert_int_equal(seen.loaded, 0);
    sql_value(&c, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()", NULL);
    run_until(&seen.loaded, 1, 20);
    assert_int_equal(seen.n_trades, 22222);
    assert_int_equal(seen.out_of_order, 0);
    load();
    assert_int_equal(seen.n_trades, 22222); /* a new load gives all of them again */
}

/* --- the equity curve --- */

static void old_equity_is_thinned_to_the_last_of_each_hour_and_day(void **state) {
    (void)state;
    sql_value(&c, "INSERT INTO equity SELECT a, date_trunc('day', clock_timestamp(), 'UTC') - interval '40 days' + g * interval '10 minutes', g + a "
                  "FROM generate_series(1, 2) a, generate_series(3, 40 * 144 - 1) g", NULL);
    store_close(st);
    seen.up = 0;
    open_pg();
    static const char *const waits = "SELECT count(*) FROM equity e WHERE at < clock_timestamp() - interval '7 days' AND EXISTS (SELECT 1 FROM equity l WHERE l.account_id = e.account_id "
                                     "AND l.at > e.at AND date_trunc('hour', l.at) = date_trunc('hour', e.at)) AND e.at > (SELECT min(at) FROM equity f WHERE f.account_id = e.account_id)";
    for (int i = 0; i < 200 && sql_int(&c, waits); i++)
        run_for(0.1);
    run_for(0.5);
    assert_int_equal(sql_int(&c, waits), 0);
    /* every sample of the last seven days is there */
    assert_int_equal(sql_int(&c, "SELECT count(*) FROM equity WHERE account_id = 1 AND at >= date_trunc('day', clock_timestamp(), 'UTC') - interval '6 days'"), 6 * 144);
    /* older hours have their last sample, days older than 30 days theirs */
    assert_int_equal(sql_int(&c, "SELECT count(*) FROM equity WHERE account_id = 1 AND at < clock_timestamp() - interval '8 days' AND at > clock_timestamp() - interval '29 days' AND extract(minute FROM at) <> 50"), 0);
    assert_int_equal(sql_int(&c, "SELECT count(*) FROM equity WHERE account_id = 1 AND at >= date_trunc('day', clock_timestamp(), 'UTC') - interval '28 days' AND at < date_trunc('day', clock_timestamp(), 'UTC') - interval '8 days'"), 20 * 24);
    assert_int_equal(sql_int(&c, "SELECT count(*) FROM equity WHERE account_id = 1 AND at >= date_trunc('day', clock_timestamp(), 'UTC') - interval '39 days' AND at < date_trunc('day', clock_timestamp(), 'UTC') - interval '32 days'"), 7);
    assert_int_equal(sql_int(&c, "SELECT count(*) FROM equity WHERE at < date_trunc('day', clock_timestamp(), 'UTC') - interval '32 days' AND at > date_trunc('day', clock_timestamp(), 'UTC') - interval '39 days' AND to_char(at AT TIME ZONE 'UTC', 'HH24:MI') <> '23:50'"), 0);
    /* values are the account's own, the first sample stays */
    assert_int_equal(sql_int(&c, "SELECT count(*) FROM equity WHERE equity <> account_id + extract(epoch FROM at - date_trunc('day', clock_timestamp(), 'UTC') + interval '40 days') / 600"), 0);
    assert_int_equal(sql_int(&c, "SELECT equity FROM equity WHERE account_id = 2 ORDER BY at LIMIT 1"), 5);
}

/* --- an older database --- */

static void run_sql(const char *sql) {
    PGconn *conn = PQconnectdb(c.conninfo);
    PGresult *r = PQexec(conn, sql);
    if (PQresultStatus(r) == PGRES_FATAL_ERROR)
        fail_msg("%s", PQerrorMessage(conn));
    PQclear(r);
    PQfinish(conn);
}

static void a_database_of_the_first_schema_is_brought_up_with_its_data(void **state) {
    (void)state;
    for (const struct embed *e = embed_table; e->name; e++)
        if (!strcmp(e->name, "sql/001_schema.sql")) {
            char *sql = strndup(e->data, (size_t)(e->end - e->data));
            run_sql(sql);
            free(sql);
        }
    run_sql("CREATE TABLE schema_version (version integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());"
            "INSERT INTO schema_version VALUES (1, '001_schema.sql');"
            "INSERT INTO accounts VALUES (1, 'sim', 'paper', false, 10000);"
            "INSERT INTO equity VALUES (1, now(), 10001);"
            "INSERT INTO ledger (account_id, kind, ref, amount, at) VALUES (1, 'deposit', 'start', 10000, now());"
            "INSERT INTO orders (id, num, account_id, market_id, strategy, side, action, type, time_in_force, state, source, outcome_unknown, reduce_only, post_only, sent, leverage, version, "
            "quantity, filled_quantity, filled_value, fee, created_at, updated_at, status, open_quantity, reserved_quantity, closed_quantity, cost, entry_price, exit_price, exit_value, realized_pnl, "
            "position_fees, position_funding, opened_at, closed_at, stop_loss_price) "
            "SELECT g, g, 1, 7, 'main', 'long', 'buy', 'market', 'ioc', 'filled', 'manual', false, false, false, true, 1, 3, 2, 2, 200, 0, now(), now(), "
            "CASE WHEN g = 3 THEN 'OPEN' ELSE 'CLOSED' END::position_status, CASE WHEN g = 3 THEN 2 ELSE 0 END, 0, 2, 200, 100, 110, 220, 20, 1, 0, now() - interval '1 hour', "
            "CASE WHEN g < 3 THEN now() END, 95 FROM generate_series(1, 3) g");
    open_pg();
    load();
    assert_int_equal(sql_int(&c, "SELECT max(version) FROM schema_version"), 4);
    assert_int_equal(seen.n_trades, 2);
    assert_int_equal(seen.trades[0].trade.risk.micro, 10000000);
    assert_int_equal(seen.trades[0].trade.pnl.micro, 19000000);
    struct order open = {.id = 3, .num = 3, .account = 1, .market = 7, .state = STATE_FILLED, .version = 4, .size = QTY(2000000), .filled = QTY(2000000), .created_us = T0, .updated_us = T0, .side = SIDE_LONG};
    open.pos = (struct position){.status = POSITION_OPEN, .open = QTY(2000000), .cost = USD(200000000), .entry_price = PRICE(100000000), .opened_us = T0, .plan = {.stop = PRICE(99000000), .confidence = -1}};
    put_order(&open, false); /* rows of the older schema go on */
    assert_string_equal(sql_value(&c, "SELECT initial_stop || ' ' || stop_loss_price FROM orders WHERE id = 3", NULL), "95.000000 99.000000");
    struct model m = make_model(1, "new");
    put_model(&m);
    assert_int_equal(seen.refused, 0);
    assert_int_equal(sql_int(&c, "SELECT count(*) FROM pg_class k JOIN pg_namespace n ON n.oid = k.relnamespace WHERE n.nspname = 'public' AND k.relkind IN ('r', 'v') "
                                 "AND k.relname <> 'schema_version' AND obj_description(k.oid, 'pg_class') IS NULL"), 0); /* every table says what it is */
}

static void portfolio_sizes_are_the_equity_of_models(void **state) {
    (void)state;
    struct model m = make_model(1, "m");
    put_model(&m);
    struct fx_save r = rec(SAVE_EQUITY);
    r.u.equity = (struct ev_equity){m.account, USD(9999500000), T0};
    put_ok(r);
    r = rec(SAVE_EQUITY);
    r.u.equity = (struct ev_equity){1, USD(1), T0};
    put_ok(r);
    assert_string_equal(sql_value(&c, "SELECT model_id || ' ' || name || ' ' || variant || ' ' || net_portfolio FROM portfolio_sizes", NULL), "1 m apex 9999.500000");
}

#define BOTH(name) cmocka_unit_test_setup_teardown(name, set_up_mem, tear_down), cmocka_unit_test_setup_teardown(name, set_up_pg, tear_down)
#define SERVER(name) cmocka_unit_test_setup_teardown(name, set_up_pg, tear_down)
int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH(every_field_of_a_model_survives),
        BOTH(two_models_can_not_share_name_and_variant),
        BOTH(every_closed_position_comes_back_oldest_close_first),
        SERVER(many_closed_positions_stream),
        SERVER(a_load_cut_short_gives_no_trade_twice),
        SERVER(old_equity_is_thinned_to_the_last_of_each_hour_and_day),
        cmocka_unit_test_setup_teardown(a_database_of_the_first_schema_is_brought_up_with_its_data, set_up_server, tear_down),
        SERVER(portfolio_sizes_are_the_equity_of_models),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
