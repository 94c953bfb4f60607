/* The PostgreSQL store against a real server: what is acknowledged is there, what is not known is looked up, and a
 * server that is killed, stopped, full, newer or usurped is survived with a message. */
#include "store_cluster.h"

#include "turret/base/str.h"

#define SEEN_MAX 4096
struct seen {
    int up, downs, full, leads, leader_events, loaded, n_saved, ok, refused, outboxed, notes;
    uint64_t epoch;
    char text[REASON_MAX], holder[64];
    struct ev_saved saved[SEEN_MAX];
    int order_of[32], n_order; /* event types in order of arrival (load) */
    struct order orders[64];
    struct fill fills[64];
    int n_orders, n_fills;
    struct ev_load_day day;
    struct ev_load_market market;
    struct ev_load_cash cash;
    struct ev_setting setting;
    struct account account;
    struct ev_equity equity;
};

static struct cluster c;
static struct seen *seen;
static struct store *st;
static uint64_t seq;

static void sink(void *ctx, const struct event *ev) {
    struct seen *s = ctx;
    assert_true(event_valid(ev, ev->size));
    if (ev->type != EVENT_NOTE && ev->type != EVENT_SAVED && s->n_order < 32)
        s->order_of[s->n_order++] = ev->type;
    switch (ev->type) {
    case EVENT_SAVED:
        s->saved[s->n_saved++ % SEEN_MAX] = ev->u.saved;
        s->ok += ev->u.saved.result == ERR_OK;
        s->refused += ev->u.saved.result != ERR_OK;
        s->outboxed += ev->u.saved.outbox == 1;
        break;
    case EVENT_STORE:
        s->up = ev->u.store.up;
        s->downs += !ev->u.store.up;
        s->full += ev->u.store.full;
        snprintf(s->text, sizeof s->text, "%s", ev->u.store.text);
        break;
    case EVENT_LEADER:
        s->leads = ev->u.leader.leads;
        s->epoch = ev->u.leader.epoch;
        s->leader_events++;
        snprintf(s->holder, sizeof s->holder, "%s", ev->u.leader.holder);
        break;
    case EVENT_LOAD_ORDER: s->orders[s->n_orders++ % 64] = ev->u.order; break;
    case EVENT_LOAD_FILL: s->fills[s->n_fills++ % 64] = ev->u.fill; break;
    case EVENT_LOAD_DAY: s->day = ev->u.load_day; break;
    case EVENT_LOAD_MARKET: s->market = ev->u.load_market; break;
    case EVENT_LOAD_CASH: s->cash = ev->u.load_cash; break;
    case EVENT_SETTING: s->setting = ev->u.setting; break;
    case EVENT_ACCOUNT: s->account = ev->u.account; break;
    case EVENT_EQUITY: s->equity = ev->u.equity; break;
    case EVENT_LOADED: s->loaded++; break;
    case EVENT_NOTE: s->notes++; break;
    default: break;
    }
}

static struct store *open_as(const char *holder, struct seen *s, bool outbox) {
    struct store_pg_cfg cfg = {.conninfo = c.conninfo, .data_dir = outbox ? c.dir : NULL, .holder = holder, .exclusive = outbox, .answer_timeout_ms = 700, .exit_wait_ms = 300};
    return store_pg_new(&cfg, (struct event_sink){sink, s});
}

static int set_up(void **state) {
    (void)state;
    cluster_make(&c);
    seen = calloc(1, sizeof *seen);
    seq = 0;
    st = open_as("desk-1", seen, true);
    run_until(&seen->up, 1, 20);
    return 0;
}
static int tear_down(void **state) {
    (void)state;
    if (st)
        store_close(st);
    st = NULL;
    cluster_end(&c);
    free(seen);
    return 0;
}

static struct order make_order(order_id id) {
    struct order o = {.id = id, .num = (uint32_t)(id & 0xffffff), .account = 1, .market = 0xfedcba9876543210ull, .side = SIDE_LONG, .type = ORDER_LIMIT, .state = STATE_CREATED, .version = 1, .limit = PRICE(123450000), .size = QTY(2500000), .created_us = 1795262671123456, .updated_us = 1795262671123456};
    strcpy(o.strategy, "main");
    o.pos.plan.confidence = -1;
    return o;
}

static struct fx_save rec(enum save_kind kind, bool last) { return (struct fx_save){.seq = seq + 1, .epoch = seen->epoch, .kind = (uint16_t)kind, .last = last}; }
static void put(struct store *s, struct fx_save r) {
    if (r.last)
        seq++;
    store_save(s, &r);
}
static void put_order(const struct order *o, bool insert, bool intent, bool exit) {
    struct fx_save r = rec(SAVE_ORDER, true);
    r.u.order = *o;
    r.insert = insert;
    r.intent = intent;
    r.exit = exit;
    put(st, r);
}
static struct fill make_fill(order_id order, const char *trade) {
    struct fill f = {.order = order, .position = order, .account = 1, .market = 0xfedcba9876543210ull, .finality = FILL_FINAL, .maker = 1, .px = PRICE(123450000), .size = QTY(1000000), .fee = USD(61725), .realized_pnl = USD(-250000), .at_us = clock_now_us()};
    snprintf(f.venue_trade, sizeof f.venue_trade, "%s", trade);
    return f;
}

/* --- what goes in comes out --------------------------------------------------------------------- */

static void every_field_survives_and_the_load_keeps_its_order(void **state) {
    (void)state;
    struct fx_save r = rec(SAVE_ACCOUNT, false);
    r.u.account = (struct account){.id = 1, .venue = VENUE_SIM, .live = 0, .initial = USD(10000000000), .name = "paper"};
    put(st, r);
    r = rec(SAVE_MARKET, false);
    struct market *m = &r.u.market.market;
    *m = (struct market){.venue = VENUE_SIM, .kind = MARKET_PERP, .max_leverage = 20, .price_digits = 2, .qty_digits = 3, .tick = PRICE(10000), .min_price = PRICE(10000), .max_price = PRICE(999999999999999999), .lot = QTY(1000), .min_size = QTY(1000), .fee_kind = FEE_KALSHI, .maker_ppm = -20, .taker_ppm = 500, .maintenance_ppm = 5000, .funding_interval_s = 3600, .closes_us = 0, .symbol = "BTC-PERP", .title = "Bitcoin \"perp\" — naïve", .category = "crypto", .native = "0xfeed"};
    m->id = market_id_of(VENUE_SIM, m->symbol);
    r.u.market.last = PRICE(64000010000);
    r.u.market.mark = PRICE(64000500000);
    put(st, r);
    struct ev_load_market market = r.u.market;
    const market_id id = m->id;
    r = rec(SAVE_SETTING, false);
    strcpy(r.u.setting.key, "killed");
    strcpy(r.u.setting.value, "it's \"on\"");
    put(st, r);

    struct order o = make_order(77), done = make_order(78), work = make_order(79);
    o.market = done.market = work.market = id;
    o.state = STATE_FILLED;
    o.flags = ORDER_SENT | ORDER_ACKED | ORDER_POST_ONLY;
    o.reversed = QTY(250000);
    o.leverage = 5;
    o.filled = o.size;
    o.filled_value = USD(308625000);
    o.fee = USD(-61725);
    o.parent = 3;
    o.link = 0x8000000000000001ull;
    o.reason = ERR_RISK_DAY_LOSS;
    strcpy(o.reason_text, "asked 500.00, limit 300.00");
    strcpy(o.client_id, "t-77");
    strcpy(o.venue_id, "0xabc");
    o.sent_us = 1795262671123457;
    o.expires_us = 1795262999000001;
    o.cancel_requested_us = 1795262671999999;
    o.pos = (struct position){.status = POSITION_OPEN, .close_trigger = CLOSE_TRAIL, .leverage = 5, .unprotected = 1, .open = QTY(2500000), .reserved = QTY(1500000), .closed = QTY(1), .cost = USD(308625000), .entry_price = PRICE(123450000), .exit_price = PRICE(1), .exit_value = USD(2), .realized_pnl = USD(-3), .fees = USD(4), .funding = USD(-5), .opened_us = 1795262671123458, .closed_us = 1795262671123459, .sl_order = 90, .tp_order = 91, .plan = {.stop = PRICE(100000000), .target = PRICE(150000001), .invalidation_price = PRICE(99000000), .time_exit_us = 1795263671123456, .cooldown_until_us = 1795263671123457, .confidence = 85, .invalidation = "4h close \\ \"below\" 99 — naïve"}};
    done.state = STATE_CANCELLED;
    done.side = SIDE_NO;
    done.type = ORDER_MARKET;
    done.limit = PRICE(0);
    work.flags = ORDER_OUTCOME_UNKNOWN | ORDER_REDUCE_ONLY;
    const struct order *all[] = {&o, &done, &work};
    for (int i = 0; i < 3; i++) {
        r = rec(SAVE_ORDER, false);
        r.u.order = *all[i];
        r.insert = 1;
        put(st, r);
    }
    r = rec(SAVE_ORDER_EVENT, false);
    r.u.event = (struct save_order_event){.order = 77, .event = OEV_FILLED, .from = STATE_PENDING, .to = STATE_FILLED, .at_us = 1795262671123456, .text = "x"};
    put(st, r);
    r = rec(SAVE_FILL, false);
    r.u.fill = make_fill(77, "v-1");
    r.u.fill.market = id;
    struct fill fill = r.u.fill;
    put(st, r);
    r = rec(SAVE_LEDGER, false);
    r.u.ledger = (struct ledger_entry){.account = 1, .market = id, .kind = LEDGER_FUNDING, .amount = USD(-70), .at_us = clock_now_us(), .ref = "f-1"};
    put(st, r);
    r = rec(SAVE_EQUITY, false);
    r.u.equity = (struct ev_equity){1, USD(9999000000), 1795262671123456};
    put(st, r);
    r = rec(SAVE_DAY, true);
    r.u.day = (struct ev_load_day){.account = 1, .day = (int32_t)(clock_now_us() / 86400000000), .start_equity = USD(10000000000)};
    put(st, r);
    run_until(&seen->n_saved, 1, 5);
    if (seen->saved[0].result != ERR_OK)
        fail_msg("%s", sql_value(&c, "SELECT 'refused'", NULL));

    seen->n_order = 0;
    store_load(st);
    run_until(&seen->loaded, 1, 5);
    static const int want[] = {EVENT_SETTING, EVENT_ACCOUNT, EVENT_LOAD_MARKET, EVENT_LOAD_CASH, EVENT_LOAD_DAY, EVENT_LOAD_ORDER, EVENT_LOAD_ORDER, EVENT_LOAD_ORDER, EVENT_LOAD_FILL, EVENT_EQUITY, EVENT_LOADED};
    assert_int_equal(seen->n_order, (int)(sizeof want / sizeof *want));
    assert_memory_equal(seen->order_of, want, sizeof want);
    assert_int_equal(seen->orders[0].id, 79); /* working, open position, closed */
    assert_int_equal(seen->orders[1].id, 77);
    assert_int_equal(seen->orders[2].id, 78);
    assert_memory_equal(&seen->orders[1], &o, sizeof o);
    assert_memory_equal(&seen->orders[2], &done, sizeof done);
    assert_memory_equal(&seen->orders[0], &work, sizeof work);
    assert_memory_equal(&seen->fills[0], &fill, sizeof fill);
    assert_memory_equal(&seen->market.market, &market.market, sizeof market.market);
    assert_int_equal(seen->market.last.micro, market.last.micro);
    assert_int_equal(seen->market.account, 1);
    assert_int_equal(seen->market.realized.micro, -250000);
    assert_int_equal(seen->market.funding.micro, 70);
    assert_int_equal(seen->cash.cash.micro, -70);
    assert_int_equal(seen->day.fees.micro, 61725);
    assert_int_equal(seen->day.funding.micro, 70);
    assert_int_equal(seen->day.start_equity.micro, 10000000000);
    assert_string_equal(seen->setting.value, "it's \"on\"");
    assert_int_equal(seen->equity.at_us, 1795262671123456 / 60000000 * 60000000);
    assert_string_equal(sql_value(&c, "SELECT exit_plan->>'stop' FROM orders WHERE id = 77", NULL), "100");
    assert_string_equal(sql_value(&c, "SELECT sl_trigger_price FROM orders WHERE id = 77", NULL), "100.000000");
    assert_string_equal(sql_value(&c, "SELECT avg_fill_price FROM orders WHERE id = 77", NULL), "123.450000");
}

static void replayed_fills_and_ledger_entries_count_once(void **state) {
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct fx_save r = rec(SAVE_FILL, false);
        r.u.fill = make_fill(5, "v-1");
        r.u.fill.finality = i ? FILL_FINAL : FILL_PROVISIONAL;
        put(st, r);
        r = rec(SAVE_LEDGER, true);
        r.u.ledger = (struct ledger_entry){.account = 1, .kind = LEDGER_FEE, .amount = USD(-1), .at_us = 1, .ref = "v-1:0"};
        put(st, r);
    }
    struct fx_save r = rec(SAVE_FILL, true);
    r.u.fill = make_fill(5, "v-1");
    r.u.fill.leg = 1;
    put(st, r);
    run_until(&seen->ok, 3, 5);
    assert_int_equal(sql_int(&c, "SELECT count(*) FROM fills"), 2);
    assert_string_equal(sql_value(&c, "SELECT finality FROM fills WHERE leg = 0", NULL), "final");
    assert_int_equal(sql_int(&c, "SELECT count(*) FROM ledger"), 1);
}

static void ledger_and_events_only_grow(void **state) {
    (void)state;
    static const char *const tries[] = {"UPDATE ledger SET amount = 0", "DELETE FROM ledger", "TRUNCATE ledger", "UPDATE order_events SET text = ''", "DELETE FROM order_events"};
    for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
        char code[6];
        sql_value(&c, tries[i], code);
        assert_string_equal(code, "TU003");
    }
}

/* --- versions and groups ------------------------------------------------------------------------ */

static void one_bad_batch_does_not_take_its_group_along(void **state) {
    (void)state;
    for (int i = 0; i < 20; i++) { /* the first goes alone, the rest wait and go together */
        struct order o = make_order((order_id)(100 + i));
        if (i == 10)
            o.size = QTY(-1); /* a check refuses it */
        put_order(&o, true, i % 2 == 0, false);
    }
    run_until(&seen->n_saved, 20, 5);
    assert_int_equal(seen->ok, 19);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(seen->saved[i].seq, i + 1); /* answers in order */
        assert_int_equal(seen->saved[i].result, i == 10 ? ERR_INTERNAL : ERR_OK);
    }
    assert_int_equal(sql_int(&c, "SELECT count(*) FROM orders"), 19);
    assert_true(seen->notes > 0);
}

static void a_second_open_position_is_refused(void **state) {
    (void)state;
    struct order a = make_order(1), b = make_order(2);
    a.pos.status = b.pos.status = POSITION_OPEN;
    put_order(&a, true, false, false);
    put_order(&b, true, false, false);
    run_until(&seen->n_saved, 2, 5);
    assert_int_equal(seen->saved[0].result, ERR_OK);
    assert_int_equal(seen->saved[1].result, ERR_INTERNAL);
}

static void a_position_that_reserves_too_much_is_refused(void **state) {
    (void)state;
    struct order o = make_order(1);
    put_order(&o, true, true, false);
    o.version = 2;
    o.pos.status = POSITION_OPEN;
    o.pos.open = QTY(5);
    o.pos.reserved = QTY(6);
    put_order(&o, false, false, true);
    run_until(&seen->n_saved, 2, 5);
    assert_int_equal(seen->saved[1].result, ERR_INTERNAL);
    o.pos.reserved = QTY(5);
    put_order(&o, false, false, true);
    run_until(&seen->ok, 2, 5);
}

static void a_gap_of_an_own_refused_batch_heals(void **state) {
    (void)state;
    struct order o = make_order(1);
    put_order(&o, true, true, false);
    o.version = 3; /* version 2 was in a batch that failed */
    o.state = STATE_PENDING;
    put_order(&o, false, false, true);
    run_until(&seen->ok, 2, 5);
    assert_int_equal(sql_int(&c, "SELECT version FROM orders"), 3);
    put_order(&o, false, false, true); /* the same once more: there already */
    run_until(&seen->ok, 3, 5);
    assert_int_equal(seen->leads, 1);
}

static void a_row_changed_by_another_writer_alarms_and_asks_for_a_reload(void **state) {
    (void)state;
    struct order o = make_order(1);
    put_order(&o, true, true, false);
    run_until(&seen->ok, 1, 5);
    uint64_t epoch = seen->epoch;
    sql_value(&c, "UPDATE orders SET version = 9, state = 'cancelled'", NULL);
    o.version = 2;
    put_order(&o, false, false, true);
    run_until(&seen->refused, 1, 5);
    assert_int_equal(seen->saved[1].result, ERR_NOT_LEADER);
    int events = seen->leader_events;
    assert_int_equal(seen->leads, 0);
    run_until(&seen->leader_events, events + 1, 5);
    assert_int_equal(seen->leads, 1);
    assert_int_equal(seen->epoch, epoch + 1);
    assert_int_equal(sql_int(&c, "SELECT version FROM orders"), 9);
    assert_true(seen->notes > 0);
}

static void an_insert_after_a_failed_insert_of_the_same_order_is_taken(void **state) {
    (void)state;
    struct order o = make_order(1);
    put_order(&o, true, true, false); /* committed, but say its answer was lost: the desk fails it and stores that */
    o.version = 2;
    o.state = STATE_FAILED;
    put_order(&o, true, false, true);
    run_until(&seen->ok, 2, 5);
    assert_string_equal(sql_value(&c, "SELECT state FROM orders", NULL), "failed");
}

/* --- leadership --------------------------------------------------------------------------------- */

static void the_epoch_is_checked_in_the_insert(void **state) {
    (void)state;
    sql_value(&c, "UPDATE leader SET epoch = epoch + 1, holder = 'another', expires = now() + interval '1 hour'", NULL);
    struct order o = make_order(1);
    put_order(&o, true, true, false);
    run_until(&seen->n_saved, 1, 5);
    assert_int_equal(seen->saved[0].result, ERR_NOT_LEADER);
    assert_int_equal(sql_int(&c, "SELECT count(*) FROM orders"), 0);
    assert_int_equal(seen->leads, 0);
    run_for(1.5);
    assert_int_equal(seen->leads, 0); /* the other's lease is good */
    sql_value(&c, "UPDATE leader SET expires = now() - interval '1 s'", NULL);
    run_until(&seen->leads, 1, 5);
    assert_int_equal(sql_int(&c, "SELECT epoch FROM leader"), (long long)seen->epoch);
}

static void one_of_two_desks_leads_and_the_other_takes_over(void **state) {
    (void)state;
    struct seen *other = calloc(1, sizeof *other);
    struct store *b = open_as("desk-2", other, false);
    run_until(&other->leader_events, 1, 10);
    assert_int_equal(other->up, 1);
    assert_int_equal(other->leads, 0);
    assert_string_equal(other->holder, "desk-1");
    struct order o = make_order(1);
    struct fx_save r = rec(SAVE_ORDER, true);
    r.epoch = other->epoch;
    r.insert = r.intent = 1;
    r.u.order = o;
    store_save(b, &r);
    run_until(&other->n_saved, 1, 5);
    assert_int_equal(other->saved[0].result, ERR_NOT_LEADER);
    uint64_t first = seen->epoch;
    store_close(st); /* a clean end frees the lease */
    st = NULL;
    run_until(&other->leads, 1, 4);
    assert_true(other->epoch > first);
    store_close(b);
    free(other);
}

static void a_restarted_desk_takes_its_own_lease_at_once(void **state) {
    (void)state;
    struct seen *again = calloc(1, sizeof *again);
    struct store *b = open_as("desk-1", again, false); /* the same holder: as after kill -9 */
    run_until(&again->leads, 1, 2);
    assert_int_equal(again->epoch, seen->epoch + 1);
    store_close(b);
    free(again);
}

/* --- faults ------------------------------------------------------------------------------------- */

static void an_unknown_newer_schema_is_refused(void **state) {
    (void)state;
    sql_value(&c, "INSERT INTO schema_version (version, name) VALUES (999, 'future')", NULL);
    struct seen *s = calloc(1, sizeof *s);
    struct store *b = open_as("desk-2", s, false);
    run_until(&s->downs, 1, 5);
    const char *text;
    assert_int_equal(store_pg_fault(b, &text), ERR_SCHEMA_NEWER);
    assert_non_null(strstr(text, "newer Turret"));
    run_for(0.5);
    assert_int_equal(s->up, 0);
    store_close(b);
    free(s);
}

static void an_absent_server_is_a_message_and_then_found(void **state) {
    (void)state;
    store_close(st);
    st = NULL;
    cluster_stop(&c);
    struct seen *s = calloc(1, sizeof *s);
    seen->up = 0;
    st = open_as("desk-1", s, true);
    run_until(&s->downs, 1, 5);
    assert_int_equal(s->up, 0);
    assert_true(s->text[0] != 0);
    cluster_boot(&c);
    run_until(&s->up, 1, 10);
    store_close(st);
    st = NULL;
    free(s);
}

/* Acknowledged rows must be there, whatever is killed; refused ones must not be. */
static void check_rows_against_answers(int n) {
    PGconn *conn = PQconnectdb(c.conninfo);
    PGresult *r = PQexec(conn, "SELECT id FROM orders");
    char *there = calloc((size_t)n + 1, 1);
    for (int i = 0; i < PQntuples(r); i++)
        there[atoi(PQgetvalue(r, i, 0))] = 1;
    int acked = 0, lost = 0, ghosts = 0;
    for (int i = 0; i < seen->n_saved; i++) {
        bool ok = seen->saved[i].result == ERR_OK;
        acked += ok;
        lost += ok && !there[seen->saved[i].seq];
        ghosts += !ok && there[seen->saved[i].seq];
    }
    free(there);
    PQclear(r);
    PQfinish(conn);
    assert_int_equal(lost, 0);
    assert_int_equal(ghosts, 0);
    assert_true(acked > 0);
}

static void kill_9_under_load_loses_no_acknowledged_row(void **state) {
    (void)state;
    enum { N = 1500 };
    for (int i = 1; i <= N; i++) {
        struct order o = make_order((order_id)i);
        put_order(&o, true, i % 3 != 0, i % 3 == 0);
        if (i % 20 == 0)
            run_for(0.002);
        if (i == N / 2)
            kill(cluster_pid(&c), SIGKILL);
    }
    run_until(&seen->n_saved, 1, 5);
    run_until(&seen->up, 0, 5);
    int64_t end = clock_mono_us() + 30000000;
    while ((seen->n_saved < N || !seen->up || !store_idle(st)) && clock_mono_us() < end)
        run_for(0.05);
    assert_int_equal(seen->n_saved, N); /* every batch got exactly one answer */
    assert_int_equal(seen->up, 1);
    assert_true(seen->downs > 0);
    assert_true(seen->outboxed > 0); /* exits went on */
    assert_int_equal(seen->leads, 1);
    check_rows_against_answers(N);
    assert_int_equal(seen->epoch, 1); /* nobody else could lead meanwhile */
}

static void a_stopped_server_is_noticed_and_exits_go_to_the_outbox(void **state) {
    (void)state;
    struct order o = make_order(1);
    put_order(&o, true, true, false);
    run_until(&seen->ok, 1, 5);
    shell("pkill -STOP -P %d; kill -STOP %d", (int)cluster_pid(&c), (int)cluster_pid(&c));
    o.version = 2;
    o.state = STATE_PENDING;
    put_order(&o, false, false, true); /* an exit or cancel */
    struct order fresh = make_order(2);
    put_order(&fresh, true, true, false);
    int64_t t0 = clock_mono_us();
    run_until(&seen->outboxed, 1, 5);
    assert_true(clock_mono_us() - t0 < 600000); /* it does not wait for the diagnosis */
    run_until(&seen->downs, 1, 5);
    assert_non_null(strstr(seen->text, "hung"));
    assert_int_equal(seen->up, 0);
    put_order(&fresh, true, true, false);
    run_until(&seen->refused, 1, 5); /* new exposure is refused at once */
    assert_int_equal(seen->saved[seen->n_saved - 1].result, ERR_STORE_DOWN);
    shell("kill -CONT %d; pkill -CONT -P %d", (int)cluster_pid(&c), (int)cluster_pid(&c));
    run_until(&seen->up, 1, 20);
    int64_t end = clock_mono_us() + 5000000;
    while (!store_idle(st) && clock_mono_us() < end)
        run_for(0.02);
    assert_string_equal(sql_value(&c, "SELECT state FROM orders WHERE id = 1", NULL), "pending");
    assert_int_equal(seen->n_saved, 4);
}

static void an_outbox_left_behind_is_merged_before_the_load(void **state) {
    (void)state;
    struct order o = make_order(1);
    put_order(&o, true, true, false);
    run_until(&seen->ok, 1, 5);
    pid_t pid = cluster_pid(&c);
    pg_boot_leave(c.boot); /* no supervisor: the server stays dead */
    c.boot = NULL;
    kill(pid, SIGINT);
    run_until(&seen->downs, 1, 10);
    o.version = 2;
    o.state = STATE_CANCELLED;
    put_order(&o, false, false, true);
    struct fx_save r = rec(SAVE_FILL, true);
    r.exit = 1;
    r.u.fill = make_fill(1, "late");
    put(st, r);
    run_until(&seen->outboxed, 2, 5);
    store_close(st); /* the desk dies, too */
    cluster_boot(&c);
    memset(seen, 0, sizeof *seen);
    st = open_as("desk-1", seen, true);
    store_load(st);
    run_until(&seen->loaded, 1, 10);
    assert_int_equal(seen->n_orders, 1);
    assert_int_equal(seen->orders[0].state, STATE_CANCELLED);
    assert_int_equal(seen->n_fills, 1);
    store_close(st);
    memset(seen, 0, sizeof *seen);
    st = open_as("desk-1", seen, true); /* merged once: nothing is doubled, the outbox is empty */
    run_until(&seen->up, 1, 10);
    assert_int_equal(sql_int(&c, "SELECT count(*) FROM fills"), 1);
}

static void a_damaged_outbox_is_set_aside(void **state) {
    (void)state;
    store_close(st);
    shell("printf 'garbage and more garbage' | dd of=%s/outbox conv=notrunc 2>/dev/null", c.dir);
    memset(seen, 0, sizeof *seen);
    st = open_as("desk-1", seen, true);
    run_until(&seen->up, 1, 10);
    assert_true(seen->notes > 0);
    shell("ls %s/outbox.unreadable-*", c.dir);
}

static void a_lock_held_by_someone_delays_and_is_reported(void **state) {
    (void)state;
    struct order o = make_order(1);
    put_order(&o, true, true, false);
    run_until(&seen->ok, 1, 5);
    PGconn *conn = PQconnectdb(c.conninfo);
    PQclear(PQexec(conn, "BEGIN"));
    PQclear(PQexec(conn, "SELECT * FROM orders FOR UPDATE"));
    o.version = 2;
    put_order(&o, false, false, true);
    run_until(&seen->outboxed, 1, 5);
    PQclear(PQexec(conn, "ROLLBACK"));
    PQfinish(conn);
    run_until(&seen->up, 1, 10);
    int64_t end = clock_mono_us() + 8000000;
    while (sql_int(&c, "SELECT version FROM orders") != 2 && clock_mono_us() < end)
        run_for(0.1);
    assert_int_equal(sql_int(&c, "SELECT version FROM orders"), 2);
}

static void a_full_disk_is_told_and_left_again(void **state) {
    (void)state;
    if (geteuid() != 0) {
        print_message("skipped: mounting needs root\n");
        skip();
    }
    store_close(st);
    st = NULL;
    cluster_stop(&c);
    char keep[96];
    snprintf(keep, sizeof keep, "%s.keep", c.dir);
    shell("mv %s %s && mkdir %s && chmod 711 %s", c.dir, keep, c.dir, c.dir);
    if (mount("turret-test", c.dir, "tmpfs", 0, "size=72m") != 0) {
        shell("rmdir %s && mv %s %s", c.dir, keep, c.dir);
        cluster_boot(&c);
        print_message("skipped: mount is not permitted here\n");
        skip();
    }
    c.mounted = true;
    shell("cp -a %s/. %s/ && rm -rf %s", keep, c.dir, keep);
    cluster_boot(&c);
    memset(seen, 0, sizeof *seen);
    st = open_as("desk-1", seen, true);
    run_until(&seen->up, 1, 10);
    shell("dd if=/dev/zero of=%s/ballast bs=1M 2>/dev/null; true", c.dir);
    int i = 0;
    int64_t end = clock_mono_us() + 20000000;
    while (!seen->full && clock_mono_us() < end) {
        struct order o = make_order((order_id)(++i));
        memset(o.reason_text, 'x', sizeof o.reason_text - 1);
        put_order(&o, true, true, false);
        run_for(0.001);
    }
    assert_true(seen->full > 0);
    assert_int_equal(seen->up, 0);
    struct order x = make_order(900000);
    put_order(&x, true, false, true);
    run_until(&seen->outboxed, 1, 5); /* its blocks were reserved before */
    shell("rm %s/ballast", c.dir);
    run_until(&seen->up, 1, 30);
    run_for(0.3);
    assert_int_equal(sql_int(&c, "SELECT count(*) FROM orders WHERE id = 900000"), 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
int main(void) {
    const struct CMUnitTest tests[] = {
        T(every_field_survives_and_the_load_keeps_its_order),
        T(replayed_fills_and_ledger_entries_count_once),
        T(ledger_and_events_only_grow),
        T(one_bad_batch_does_not_take_its_group_along),
        T(a_second_open_position_is_refused),
        T(a_position_that_reserves_too_much_is_refused),
        T(a_gap_of_an_own_refused_batch_heals),
        T(a_row_changed_by_another_writer_alarms_and_asks_for_a_reload),
        T(an_insert_after_a_failed_insert_of_the_same_order_is_taken),
        T(the_epoch_is_checked_in_the_insert),
        T(one_of_two_desks_leads_and_the_other_takes_over),
        T(a_restarted_desk_takes_its_own_lease_at_once),
        T(an_unknown_newer_schema_is_refused),
        T(an_absent_server_is_a_message_and_then_found),
        T(kill_9_under_load_loses_no_acknowledged_row),
        T(a_stopped_server_is_noticed_and_exits_go_to_the_outbox),
        T(an_outbox_left_behind_is_merged_before_the_load),
        T(a_damaged_outbox_is_set_aside),
        T(a_lock_held_by_someone_delays_and_is_reported),
        T(a_full_disk_is_told_and_left_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
