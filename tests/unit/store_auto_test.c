/* Automations in both stores: every record comes back as it was, an older version never overwrites a newer one, a target's
 * trade counts once a follow, a firing whose watch is old news keeps its order back. With a server: the outbox, a million watches. */
#include "store_cluster.h"

#include "turret/base/embed.h"
#include "turret/base/mem.h"
#include "turret/store/mem.h"

#include <sys/resource.h>

#define T0 1795262671123456LL

static struct cluster c;
static struct store *st;
static bool real;
static uint64_t epoch, seq;

static struct {
    int up, downs, leads, saved, refused, not_leader, outboxed, loaded, n_types, orders;
    int types[32];
    struct watch *watches;
    size_t n_watches, cap_watches, events;
    struct follow follows[8];
    struct follow_trade trades[4096];
    struct market_link links[8];
    struct history history[2048];
    struct remark remarks[8];
    struct order order;
    int n_follows, n_trades, n_links, n_history, n_remarks;
    
} seen;

static void keep_watches(const struct ev_watches *w) {
    seen.watches = xgrow(seen.watches, &seen.cap_watches, seen.n_watches + w->n, sizeof *seen.watches);
    memcpy(seen.watches + seen.n_watches, w->watches, w->n * sizeof *w->watches);
    seen.n_watches += w->n;
    seen.events++;
}

static void sink(void *ctx, const struct event *ev) {
    (void)ctx;
    assert_true(event_valid(ev, ev->size));
    bool again = seen.n_types && seen.types[seen.n_types - 1] == ev->type;
    if (seen.n_types < 32 && !again && ev->type != EVENT_SAVED)
        seen.types[seen.n_types++] = ev->type;
    switch (ev->type) {
    case EVENT_STORE:
        seen.up = ev->u.store.up;
        seen.downs += !ev->u.store.up;
        break;
    case EVENT_LEADER:
        epoch = ev->u.leader.epoch;
        seen.leads += ev->u.leader.leads;
        break;
    case EVENT_SAVED:
        seen.saved++;
        seen.refused += ev->u.saved.result != ERR_OK;
        seen.not_leader += ev->u.saved.result == ERR_NOT_LEADER;
        seen.outboxed += ev->u.saved.outbox == 1;
        break;
    case EVENT_WATCHES: keep_watches(&ev->u.watches); break;
    case EVENT_FOLLOW: seen.follows[seen.n_follows++ % 8] = ev->u.follow; break;
    case EVENT_FOLLOW_TRADE: seen.trades[seen.n_trades++ % 4096] = ev->u.follow_trade; break;
    case EVENT_LINK: seen.links[seen.n_links++ % 8] = ev->u.link; break;
    case EVENT_HISTORY: seen.history[seen.n_history++ % 2048] = ev->u.history; break;
    case EVENT_REMARK: seen.remarks[seen.n_remarks++ % 8] = ev->u.remark; break;
    case EVENT_LOAD_ORDER:
        seen.order = ev->u.order;
        seen.orders++;
        break;
    case EVENT_LOADED: seen.loaded++; break;
    default: break;
    }
}

static void wait_for(const int *what, int least) {
    if (real)
        run_until(what, least, 60);
    else
        for (int i = 0; i < 10 && *what < least; i++)
            store_mem_run(st);
    assert_true(*what >= least);
}

static void open_pg(bool outbox) {
    struct store_pg_cfg cfg = {.conninfo = c.conninfo, .data_dir = outbox ? c.dir : NULL, .holder = "desk-1", .exclusive = true};
    st = store_pg_new(&cfg, (struct event_sink){sink, NULL});
    wait_for(&seen.up, 1);
}
static void begin(bool server) {
    free(seen.watches);
    memset(&seen, 0, sizeof seen);
    real = server;
    seq = 0;
}
static int set_up_mem(void **state) {
    (void)state;
    begin(false);
    st = store_mem_new((struct event_sink){sink, NULL});
    store_mem_set_time(st, T0);
    wait_for(&seen.up, 1);
    return 0;
}
static int set_up_server(void **state) {
    (void)state;
    begin(true);
    cluster_make(&c);
    return 0;
}
static int set_up_pg(void **state) {
    set_up_server(state);
    open_pg(false);
    return 0;
}
static int tear_down(void **state) {
    (void)state;
    if (st)
        store_close(st);
    st = NULL;
    if (real)
        cluster_end(&c);
    free(seen.watches);
    memset(&seen, 0, sizeof seen);
    return 0;
}

static struct fx_save rec(enum save_kind kind) { return (struct fx_save){.seq = ++seq, .epoch = epoch, .kind = (uint16_t)kind, .last = 1}; }
static void put(struct fx_save r) {
    int before = seen.saved;
    store_save(st, &r);
    wait_for(&seen.saved, before + 1);
}
#define PUT(KIND, member, value)              \
    do {                                      \
        struct fx_save put_ = rec(SAVE_##KIND); \
        put_.u.member = (value);              \
        put(put_);                            \
    } while (0)

static void load(void) {
    seen.loaded = seen.n_types = seen.orders = seen.n_follows = seen.n_trades = seen.n_links = seen.n_history = seen.n_remarks = 0;
    seen.n_watches = seen.events = 0;
    store_load(st);
    wait_for(&seen.loaded, 1);
}
static const struct watch *watch_of(watch_id id) {
    const struct watch *found = NULL;
    for (size_t i = 0; i < seen.n_watches; i++)
        if (seen.watches[i].id == id) {
            assert_null(found);
            found = &seen.watches[i];
        }
    assert_non_null(found);
    return found;
}
static void same_watch(const struct watch *a, const struct watch *b) { assert_memory_equal(a, b, offsetof(struct watch, flags) + 1); }

static struct watch make_watch(watch_id id) {
    struct watch w = {.id = id, .account = 1, .subject = 0xfedcba9876543210ull, .level = PRICE(123456), .amount = 25000000, .slippage_e4 = WATCH_SLIPPAGE_DEFAULT, .version = 1, .figure = FIGURE_ASK};
    return w;
}

/* --- round trips --- */

static void every_field_of_a_watch_survives(void **state) {
    (void)state;
    struct watch full = {.id = 4000000001u, .account = 4000000002u, .subject = 0xfedcba9876543210ull, .level = PRICE(-999999999999999999), .amount = 999999999999999999, .budget = USD(7000001),
                         .spent = USD(1), .depth = QTY(2500000), .expires_us = T0, .order = 0x8000000000000003ull, .hold_ms = 4294967295u, .max_age_ms = 1500, .oco = 4000000003u, .slippage_e4 = 65535,
                         .fires = 65535, .version = 65535, .kind = WATCH_ALERT, .status = WATCH_EXECUTING, .figure = FIGURE_PNL_PERCENT, .dir = TRIGGER_AT_OR_ABOVE, .side = SIDE_SHORT, .action = ACTION_SELL, .flags = 63};
    PUT(WATCH, watch, full);
    struct watch none = {.id = 1, .subject = 5, .version = 1}; /* all that may be absent is */
    PUT(WATCH, watch, none);
    struct watch each[64];
    for (int i = 0; i < 64; i++) { /* every figure, status and flag by itself */
        each[i] = make_watch(100 + (watch_id)i);
        each[i].figure = (uint8_t)(i % FIGURE_COUNT);
        each[i].status = (uint8_t)(i % WATCH_STATUS_COUNT);
        each[i].flags = (uint8_t)(1 << i % 6);
        each[i].side = (uint8_t)(i % 4);
        each[i].kind = (uint8_t)(i / 3 % 2);
        each[i].action = (uint8_t)(i / 5 % 2);
        each[i].dir = (uint8_t)(i / 7 % 2);
        each[i].level = PRICE(1ll << (i % 59));
        PUT(WATCH, watch, each[i]);
    }
    assert_int_equal(seen.refused, 0);
    load();
    assert_int_equal(seen.n_watches, 66);
    same_watch(watch_of(4000000001u), &full);
    same_watch(watch_of(1), &none);
    for (int i = 0; i < 64; i++)
        same_watch(watch_of(100 + (watch_id)i), &each[i]);
    if (real) /* as people read it */
        assert_string_equal(sql_value(&c, "SELECT concat_ws('|', kind, status, figure, direction, side, action, trigger_price, slippage, hold_ms, expires_at AT TIME ZONE 'UTC', keep_armed, "
                                          "depth, account_id) FROM watches WHERE id = 4000000001", NULL),
                            "alert|EXECUTING|pnl%|above|short|sell|-999999999999.999999|6.5535|4294967295|2026-11-21 12:04:31.123456|t|2.500000|4000000002");
}

static struct follow make_follow(follow_id id) {
    struct follow f = {.id = id, .account = 2, .kind = FOLLOW_COUNTER, .sizing = SIZING_MULTIPLIER, .factor = 1500000, .slippage_e4 = 200, .version = 1, .created_us = T0, .day = 20778};
    snprintf(f.wallet, sizeof f.wallet, "0xabc%u", id);
    return f;
}

static void every_field_of_a_follow_survives(void **state) {
    (void)state;
    struct follow f = {.id = 3, .account = 9, .kind = FOLLOW_COUNTER, .strategy = FOLLOW_MIRROR, .sizing = SIZING_PERCENTAGE, .exit = EXIT_MANUAL, .enabled = 1, .paused = 1, .venue = VENUE_SIM, .baselined = 1,
                       .model = 77, .fixed = USD(1), .factor = 999990000, .max_trade = USD(2), .max_position = USD(3), .max_day = USD(4), .max_day_loss = USD(5), .min_liquidity = USD(6), .min_price = PRICE(7),
                       .max_price = PRICE(8), .delay_ms = 4294967295u, .max_age_ms = 10, .max_day_trades = 11, .max_positions = 12, .stop_e4 = 50001, .target_e4 = 999999, .slippage_e4 = 9, .version = 65535, .day = -3,
                       .day_trades = 13, .day_volume = USD(14), .day_pnl = USD(-15), .watermark_us = T0 + 1, .created_us = T0, .executed = 5000000000, .skipped = 16, .failed = 17};
    strcpy(f.wallet, "0x\"quoted\"");
    strcpy(f.categories, "crypto,sports");
    PUT(FOLLOW, follow, f);
    struct follow plain = make_follow(4), gone = make_follow(5);
    gone.deleted = 1;
    PUT(FOLLOW, follow, plain);
    PUT(FOLLOW, follow, gone);
    assert_int_equal(seen.refused, 0);
    load();
    assert_int_equal(seen.n_follows, 2); /* the deleted one stays in the table only */
    f.executed = f.skipped = f.failed = 0; /* counted from the rows of their trades: there are none */
    assert_memory_equal(&seen.follows[0], &f, sizeof f);
    assert_memory_equal(&seen.follows[1], &plain, sizeof plain);
    if (real)
        assert_string_equal(sql_value(&c, "SELECT concat_ws('|', count(*), max(multiplier), max(stop_loss)) FROM follows", NULL), "3|999.990000|5.0001");
}

static void every_field_of_links_history_and_remarks_survives(void **state) {
    (void)state;
    struct market_link l = {.id = 4, .inverted = 1, .origin = LINK_BY_FILE, .a = 0xfedcba9876543210ull, .b = 6, .note = "same; 'outcome'"}, gone = {.id = 5, .deleted = 1, .a = 1, .b = 2};
    PUT(LINK, link, l);
    PUT(LINK, link, gone);
    struct history h = {.at_us = T0, .id = 0xfedcba9876543210ull, .order = 7, .market = 0xfedcba9876543211ull, .kind = HISTORY_RISK, .what = "near miss", .text = "within 0.3 %"}, empty = {.at_us = T0 + 1, .what = "armed"};
    PUT(HISTORY, history, h);
    PUT(HISTORY, history, empty);
    struct remark order = {.subject = 0xfedcba9876543210ull, .at_us = T0, .kind = REMARK_ORDER, .text = "too early"}, day = {.subject = 20778, .at_us = T0, .kind = REMARK_DAY, .text = "a quiet day"};
    PUT(REMARK, remark, order);
    PUT(REMARK, remark, day);
    struct remark later = day;
    later.at_us++;
    strcpy(later.text, "not so quiet");
    PUT(REMARK, remark, later);
    PUT(REMARK, remark, day); /* late news */
    assert_int_equal(seen.refused, 0);
    load();
    assert_int_equal(seen.n_links, 1);
    assert_memory_equal(&seen.links[0], &l, sizeof l);
    assert_int_equal(seen.n_history, 2);
    assert_memory_equal(&seen.history[0], &h, sizeof h);
    assert_memory_equal(&seen.history[1], &empty, sizeof empty);
    assert_int_equal(seen.n_remarks, 2);
    int at = seen.remarks[0].kind == REMARK_ORDER ? 0 : 1;
    assert_memory_equal(&seen.remarks[at], &order, sizeof order);
    assert_memory_equal(&seen.remarks[!at], &later, sizeof later);
    static const int want[] = {EVENT_LINK, EVENT_REMARK, EVENT_HISTORY, EVENT_LOADED};
    assert_int_equal(seen.n_types, 4);
    assert_memory_equal(seen.types, want, sizeof want);
    if (real) {
        char state5[6];
        sql_value(&c, "UPDATE automation_history SET what = 'x'", state5);
        assert_string_equal(state5, "TU003");
        load();
        assert_int_equal(seen.n_history, 2);
    }
}

static struct order make_order(order_id id) {
    struct order o = {.id = id, .num = (uint32_t)id, .account = 1, .market = 5, .state = STATE_PENDING, .version = 1, .size = QTY(1000000), .created_us = T0, .updated_us = T0, .source = SOURCE_SNIPER, .strategy = "main"};
    o.pos.plan.confidence = -1;
    return o;
}

static void rules_and_route_of_an_order_survive(void **state) {
    (void)state;
    struct order o = make_order(11);
    o.route = (struct route){.n = 2, .chosen = 1, .mode = ROUTE_SPLIT};
    o.route.o[0] = (struct route_option){.market = 0xfedcba9876543210ull, .account = 4000000000u, .code = ERR_STALE_BOOK};
    o.route.o[1] = (struct route_option){.market = 9, .account = 1, .code = ERR_OK, .average = PRICE(123457), .fee = USD(-61725), .fillable = QTY(987654321987654321), .taken = QTY(999999999999999)};
    struct fx_save r = rec(SAVE_ORDER);
    r.u.order = o;
    r.insert = r.intent = 1; /* by the short way, without a plan */
    put(r);
    assert_int_equal(seen.refused, 0);
    load();
    assert_memory_equal(&seen.order.route, &o.route, sizeof o.route);
    o.version = 2;
    o.state = STATE_FILLED;
    o.pos.status = POSITION_OPEN;
    o.pos.open = QTY(1000000);
    struct exit_plan *p = &o.pos.plan;
    *p = (struct exit_plan){.stop = PRICE(380001), .confidence = 0, .trailed = 1, .trail_best = PRICE(999999999999999), .ladder_size = QTY(999999999999999999)};
    p->rules = (struct exit_rules){.trail = 2500000, .trail_kind = TRAIL_ATR, .break_even = PRICE(-450001), .before_close_s = 86400, .rung_count = LADDER_MAX};
    for (int i = 0; i < LADDER_MAX; i++)
        p->rules.rungs[i] = (struct exit_rung){.level = PRICE(1 + (int64_t)i * 110000000000), .part_ppm = 125000 + i, .done = i % 3 == 0};
    strcpy(p->invalidation, "a \"close\" below \\ 4");
    r = rec(SAVE_ORDER);
    r.u.order = o;
    put(r);
    assert_int_equal(seen.refused, 0);
    load();
    assert_int_equal(seen.orders, 1);
    assert_memory_equal(&seen.order, &o, sizeof o);
    if (real) {
        assert_string_equal(sql_value(&c, "SELECT concat_ws('|', exit_plan->'trail'->>'kind', exit_plan->>'trailed', exit_plan->'ladder'->7->>'part_ppm', route->>'mode', route->'options'->1->>'average', "
                                          "route->'options'->0->>'code', route->'options'->0->>'market') FROM orders", NULL),
                            "atr|true|125007|split|0.123457|stale_book|-81985529216486896");
    }
    o.version = 3;
    memset(&o.route, 0, sizeof o.route);
    *p = (struct exit_plan){.confidence = -1, .trail_best = PRICE(5)}; /* only a best price */
    r = rec(SAVE_ORDER);
    r.u.order = o;
    put(r);
    load();
    assert_memory_equal(&seen.order, &o, sizeof o);
    if (real)
        assert_int_equal(sql_int(&c, "SELECT count(*) FROM orders WHERE route IS NULL"), 1);
}

/* --- versions --- */

static void an_older_watch_or_follow_never_overwrites_a_newer_one(void **state) {
    (void)state;
    struct watch w = make_watch(7);
    w.version = 5;
    w.status = WATCH_EXECUTING;
    PUT(WATCH, watch, w);
    struct watch old = w;
    old.version = 4;
    old.status = WATCH_WATCHING;
    PUT(WATCH, watch, old);
    struct follow f = make_follow(8), older = f;
    f.version = 9;
    f.day_trades = 3;
    PUT(FOLLOW, follow, f);
    older.version = 8;
    PUT(FOLLOW, follow, older);
    assert_int_equal(seen.refused, 0);
    load();
    same_watch(watch_of(7), &w);
    assert_memory_equal(&seen.follows[0], &f, sizeof f);
    w.version = 6;
    w.status = WATCH_FILLED;
    PUT(WATCH, watch, w);
    load();
    same_watch(watch_of(7), &w);
    w.version = 65535; /* more than half the circle ahead is behind */
    w.fires = 9;
    PUT(WATCH, watch, w);
    load();
    assert_int_equal(watch_of(7)->fires, 0);
    struct watch round = make_watch(9);
    round.version = 65535;
    PUT(WATCH, watch, round);
    round.version = 0; /* 16 bits begin anew */
    round.fires = 65535;
    PUT(WATCH, watch, round);
    load();
    same_watch(watch_of(9), &round);
}

static struct follow_trade make_trade(follow_id follow, const char *id) {
    struct follow_trade t = {.follow = follow, .version = 1, .market = 0xfedcba9876543210ull, .px = PRICE(420000), .size = QTY(5000000), .at_us = T0, .seen_us = T0 + 1, .due_us = T0 + 2};
    snprintf(t.trade, sizeof t.trade, "%s", id);
    return t;
}

static void a_trade_of_a_target_counts_once_a_follow(void **state) {
    (void)state;
    struct follow_trade t = make_trade(3, "0xdead:1");
    PUT(FOLLOW_TRADE, follow_trade, t);
    t.version = 2;
    t.status = FOLLOWED_EXECUTED;
    t.reason = ERR_SLIPPAGE;
    t.order = 0x8000000000000001ull;
    t.total = USD(2100000);
    t.side = SIDE_NO;
    t.action = ACTION_SELL;
    t.our_side = SIDE_YES;
    t.our_action = ACTION_BUY;
    strcpy(t.text, "filled");
    PUT(FOLLOW_TRADE, follow_trade, t);
    struct follow_trade again = make_trade(3, "0xdead:1"); /* told once more after a restart: as if it were new */
    PUT(FOLLOW_TRADE, follow_trade, again);
    again.version = 2;
    PUT(FOLLOW_TRADE, follow_trade, again);
    struct follow_trade other = make_trade(4, "0xdead:1"); /* another follow of the same target */
    PUT(FOLLOW_TRADE, follow_trade, other);
    assert_int_equal(seen.refused, 0);
    load();
    assert_int_equal(seen.n_trades, 2);
    assert_memory_equal(&seen.trades[0], &t, sizeof t);
    assert_memory_equal(&seen.trades[1], &other, sizeof other);
}

/* A firing is a compare-and-set with its order: who has an old watch sends nothing. */
static void an_order_of_a_watch_that_others_changed_is_not_stored(void **state) {
    (void)state;
    struct watch w = make_watch(7);
    w.version = 3;
    PUT(WATCH, watch, w);
    struct watch fire = w;
    fire.status = WATCH_EXECUTING;
    fire.order = 21;
    fire.version = 3; /* the store has that one already, with another content */
    struct fx_save a = rec(SAVE_WATCH);
    a.u.watch = fire;
    a.last = 0;
    struct fx_save b = {.seq = a.seq, .epoch = epoch, .kind = SAVE_ORDER, .last = 1, .insert = 1, .intent = 1};
    b.u.order = make_order(21);
    int leads = seen.leads;
    store_save(st, &a);
    put(b);
    assert_int_equal(seen.not_leader, 1);
    seq++;
    if (real) {
        assert_int_equal(sql_int(&c, "SELECT count(*) FROM orders"), 0);
        wait_for(&seen.leads, leads + 1); /* anew, under another epoch */
    }
    load();
    assert_int_equal(seen.orders, 0);
    same_watch(watch_of(7), &w);
    a.epoch = b.epoch = epoch;
    a.seq = b.seq = ++seq;
    a.u.watch.version = 4;
    store_save(st, &a);
    put(b);
    assert_int_equal(seen.not_leader, 1);
    load();
    assert_int_equal(seen.orders, 1);
    same_watch(watch_of(7), &a.u.watch);
}

/* Rows that a person changed in the database: their columns count, not the copy a start reads. */
static void what_another_hand_changed_is_loaded(void **state) {
    (void)state;
    for (watch_id id = 1; id <= 4; id++) {
        struct watch w = make_watch(id);
        w.flags = WATCH_ARMED;
        PUT(WATCH, watch, w);
    }
    assert_int_equal(sql_int(&c, "SELECT count(*) FROM watches w WHERE packed IS DISTINCT FROM watch_packed(w)"), 0);
    sql_value(&c, "UPDATE watches SET trigger_price = 0.5 WHERE id = 1", NULL);
    sql_value(&c, "UPDATE watches SET armed = false WHERE id = 2", NULL);
    sql_value(&c, "UPDATE watches SET status = 'CANCELLED' WHERE id = 3", NULL);
    load();
    assert_int_equal(watch_of(1)->level.micro, 500000);
    assert_int_equal(watch_of(2)->flags, 0);
    assert_int_equal(watch_of(3)->status, WATCH_CANCELLED);
    assert_int_equal(watch_of(4)->flags, WATCH_ARMED);
}

/* As the desk saves it: the watch, its order and the word about it. The word follows a moment later. */
static void a_firing_is_stored_whole(void **state) {
    (void)state;
    struct watch w = make_watch(7);
    w.version = 65535;
    w.flags = WATCH_ARMED | WATCH_REPEAT;
    w.budget = USD(100000000);
    PUT(WATCH, watch, w);
    w.version = 0;
    w.status = WATCH_EXECUTING;
    w.fires = 1;
    w.order = 21;
    struct fx_save r[3] = {{.kind = SAVE_WATCH}, {.kind = SAVE_ORDER, .insert = 1, .intent = 1}, {.kind = SAVE_HISTORY, .last = 1}};
    seq++;
    for (int i = 0; i < 3; i++) {
        r[i].seq = seq;
        r[i].epoch = epoch;
    }
    r[0].u.watch = w;
    r[1].u.order = make_order(21);
    r[1].u.order.link = 7;
    r[2].u.history = (struct history){.at_us = T0, .id = 7, .order = 21, .what = "fired", .text = "ask 0.12"};
    int before = seen.saved;
    for (int i = 0; i < 3; i++)
        store_save(st, &r[i]);
    wait_for(&seen.saved, before + 1);
    assert_int_equal(seen.refused, 0);
    for (int i = 0; real && i < 100 && !store_idle(st); i++)
        run_for(0.02);
    assert_int_equal(seen.saved, before + 1); /* one answer for all of it */
    load();
    same_watch(watch_of(7), &w);
    assert_int_equal(seen.orders, 1);
    assert_int_equal(seen.n_history, 1);
    assert_memory_equal(&seen.history[0], &r[2].u.history, sizeof r[2].u.history);
    if (real)
        assert_int_equal(sql_int(&c, "SELECT count(*) FROM watches w WHERE packed IS DISTINCT FROM watch_packed(w) AND status <> 'EXECUTING'"), 0);
    /* the same firing once more, as after a lost answer that was taken for a refusal: nothing happens twice */
    r[1].u.order.id = 22;
    r[1].u.order.num = 22;
    for (int i = 0; i < 3; i++)
        r[i].seq = seq + 1;
    seq++;
    int leads = seen.leads;
    before = seen.saved;
    for (int i = 0; i < 3; i++)
        store_save(st, &r[i]);
    wait_for(&seen.saved, before + 1);
    assert_int_equal(seen.not_leader, 1);
    if (real)
        wait_for(&seen.leads, leads + 1);
    load();
    assert_int_equal(seen.orders, 1);
    assert_int_equal(seen.n_history, 1);
}

/* A watch whose last change never reached the store fires all the same: by the general way. */
static void a_firing_over_a_gap_is_stored(void **state) {
    (void)state;
    PUT(WATCH, watch, make_watch(7));
    struct watch w = make_watch(7);
    w.version = 3;
    w.level = PRICE(777);
    w.status = WATCH_EXECUTING;
    w.order = 21;
    struct fx_save a = rec(SAVE_WATCH), b = {.seq = a.seq, .epoch = epoch, .kind = SAVE_ORDER, .last = 1, .insert = 1, .intent = 1};
    a.u.watch = w;
    a.last = 0;
    b.u.order = make_order(21);
    store_save(st, &a);
    put(b);
    assert_int_equal(seen.refused, 0);
    load();
    same_watch(watch_of(7), &w);
    assert_int_equal(seen.orders, 1);
}

/* --- how much is loaded --- */

static void live_watches_and_the_newest_finished_ones_are_loaded(void **state) {
    (void)state;
    enum { LIVE = 3105, DONE = 620 };
    int before = seen.saved;
    for (watch_id id = 1; id <= LIVE + DONE; id++) {
        struct watch w = make_watch(id);
        w.status = id % 6 == 0 ? WATCH_FILLED : WATCH_WATCHING;
        struct fx_save r = rec(SAVE_WATCH);
        r.u.watch = w;
        store_save(st, &r);
    }
    wait_for(&seen.saved, before + LIVE + DONE);
    for (int i = 0; i < 1050; i++) {
        struct fx_save r = rec(SAVE_HISTORY);
        r.u.history = (struct history){.at_us = T0 + i, .id = (uint64_t)i, .what = "fired"};
        store_save(st, &r);
    }
    wait_for(&seen.saved, before + LIVE + DONE + 1050);
    load();
    assert_int_equal(seen.n_watches, LIVE + 500);
    for (size_t i = 0; i < 500; i++)
        assert_int_equal(seen.watches[i].id, 6 * (DONE - 500 + i + 1));
    for (size_t i = 501; i < seen.n_watches; i++)
        assert_true(seen.watches[i].id > seen.watches[i - 1].id && seen.watches[i].status == WATCH_WATCHING);
    assert_int_equal(seen.n_history, 1000);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(seen.history[i].id, 50 + i);
}

static void trades_of_targets_are_loaded_while_they_can_be_told_again(void **state) {
    (void)state;
    int64_t now = real ? clock_now_us() : T0;
    enum { OLD = 2100 };
    int before = seen.saved;
    for (int i = 0; i < OLD; i++) {
        char id[16];
        snprintf(id, sizeof id, "t%d", i);
        struct follow_trade t = make_trade(1, id);
        t.seen_us = now - 10 * 86400000000LL + i;
        t.status = i == 3 ? FOLLOWED_DETECTED : FOLLOWED_SKIPPED;
        struct fx_save r = rec(SAVE_FOLLOW_TRADE);
        r.u.follow_trade = t;
        store_save(st, &r);
    }
    wait_for(&seen.saved, before + OLD);
    load();
    assert_int_equal(seen.n_trades, 2001);
    assert_string_equal(seen.trades[0].trade, "t3");
    assert_string_equal(seen.trades[1].trade, "t100");
    assert_string_equal(seen.trades[2000].trade, "t2099");
}

/* --- with a server --- */

static void the_outbox_carries_automations(void **state) {
    (void)state;
    open_pg(true);
    struct watch w = make_watch(7);
    PUT(WATCH, watch, w);
    PUT(FOLLOW_TRADE, follow_trade, make_trade(3, "t1"));
    PUT(FOLLOW, follow, make_follow(3));
    pid_t pid = cluster_pid(&c);
    pg_boot_leave(c.boot); /* no supervisor: the server stays dead */
    c.boot = NULL;
    kill(pid, SIGINT);
    wait_for(&seen.downs, 1);
    seen.up = 0;
    w.version = 2;
    w.status = WATCH_CANCELLED;
    struct fx_save r = rec(SAVE_WATCH);
    r.u.watch = w;
    put(r);
    assert_int_equal(seen.refused, 1); /* no exit: refused while the database is away */
    static const enum save_kind kinds[] = {SAVE_WATCH, SAVE_FOLLOW, SAVE_FOLLOW_TRADE, SAVE_LINK, SAVE_HISTORY, SAVE_REMARK};
    for (size_t i = 0; i < 6; i++) {
        r = (struct fx_save){.seq = seq + 1, .epoch = epoch, .kind = (uint16_t)kinds[i], .exit = 1, .last = i == 5};
        switch (kinds[i]) {
        case SAVE_WATCH: r.u.watch = w; break;
        case SAVE_FOLLOW:
            r.u.follow = make_follow(3);
            r.u.follow.version = 2;
            r.u.follow.skipped = 1;
            break;
        case SAVE_FOLLOW_TRADE:
            r.u.follow_trade = make_trade(3, "t1");
            r.u.follow_trade.version = 2;
            r.u.follow_trade.status = FOLLOWED_SKIPPED;
            r.u.follow_trade.reason = ERR_FOLLOW_CATEGORY;
            break;
        case SAVE_LINK: r.u.link = (struct market_link){.id = 1, .a = 1, .b = 2}; break;
        case SAVE_HISTORY: r.u.history = (struct history){.at_us = T0, .id = 7, .what = "cancelled"}; break;
        default: r.u.remark = (struct remark){.subject = 1, .at_us = T0, .text = "x"}; break;
        }
        store_save(st, &r);
    }
    seq++;
    wait_for(&seen.outboxed, 1);
    store_close(st); /* and a restart before the database is back */
    cluster_boot(&c);
    open_pg(true);
    load();
    same_watch(watch_of(7), &w);
    assert_int_equal(seen.follows[0].skipped, 1);
    assert_int_equal(seen.trades[0].status, FOLLOWED_SKIPPED);
    assert_int_equal(seen.n_links, 1);
    assert_int_equal(seen.n_history, 1);
    assert_int_equal(seen.n_remarks, 1);
}

/* The word about a firing is stored a moment after its order: a database that goes away between gets it later, once. */
static void the_word_about_a_firing_survives_a_lost_connection(void **state) {
    (void)state;
    open_pg(true);
    struct watch w = make_watch(7);
    PUT(WATCH, watch, w);
    struct fx_save r[3] = {{.kind = SAVE_WATCH}, {.kind = SAVE_ORDER, .insert = 1, .intent = 1}, {.kind = SAVE_HISTORY, .last = 1}};
    r[0].u.watch = w;
    r[0].u.watch.version = 2;
    r[0].u.watch.status = WATCH_EXECUTING;
    r[1].u.order = make_order(21);
    r[2].u.history = (struct history){.at_us = T0, .id = 7, .order = 21, .what = "fired"};
    seq++;
    int before = seen.saved;
    for (int i = 0; i < 3; i++) {
        r[i].seq = seq;
        r[i].epoch = epoch;
        store_save(st, &r[i]);
    }
    wait_for(&seen.saved, before + 1);
    pid_t pid = cluster_pid(&c);
    pg_boot_leave(c.boot);
    c.boot = NULL;
    kill(pid, SIGQUIT);
    wait_for(&seen.downs, 1);
    assert_false(store_idle(st)); /* something is still to be stored */
    seen.up = 0;
    cluster_boot(&c);
    wait_for(&seen.up, 1);
    for (int i = 0; i < 100 && !store_idle(st); i++)
        run_for(0.02);
    assert_int_equal(seen.refused, 0);
    assert_int_equal(sql_int(&c, "SELECT count(*) FROM automation_history WHERE what = 'fired' AND order_id = 21"), 1);
    assert_int_equal(sql_int(&c, "SELECT count(*) FROM orders"), 1);
}

/* TURRET_WATCHES says how many (for measuring); the bound holds for a million. */
static void many_watches_load_in_pieces(void **state) {
    (void)state;
    const char *env = getenv("TURRET_WATCHES");
    int n = env ? atoi(env) : 20000;
    struct watch w = make_watch(1);
    w.flags = WATCH_ARMED | WATCH_REPEAT;
    w.expires_us = T0;
    w.budget = USD(500000000);
    PUT(WATCH, watch, w);
    char sql[1200];
    snprintf(sql, sizeof sql, "SET statement_timeout = 0; INSERT INTO watches (id, kind, account_id, status, figure, subject, direction, trigger_price, side, action, amount, slippage, "
                              "armed, repeat, in_units, reduce_only, away, keep_armed, expires_at, hold_ms, max_age_ms, depth, budget, spent, oco_id, order_id, fires, version) "
                              "SELECT g, kind, account_id, status, CASE g %% 4 WHEN 0 THEN 'bid' WHEN 1 THEN 'ask' WHEN 2 THEN 'mark' ELSE 'last' END, g %% 1000, "
                              "direction, trigger_price + g * 0.000001, side, action, amount, slippage, armed, repeat, in_units, reduce_only, away, keep_armed, expires_at, hold_ms, max_age_ms, depth, budget, spent, "
                              "oco_id, order_id, fires, version FROM watches, generate_series(2, %d) g WHERE id = 1", n);
    sql_value(&c, sql, NULL);
    sql_value(&c, "SET statement_timeout = 0; UPDATE watches w SET packed = watch_packed(w) WHERE packed IS NULL", NULL);
    sql_value(&c, "CLUSTER watches USING watches_pkey", NULL); /* as if they had come one by one */
    sql_value(&c, "ANALYZE watches", NULL);
    seen.watches = xgrow(seen.watches, &seen.cap_watches, (size_t)n, sizeof *seen.watches);
    memset(seen.watches, 1, (size_t)n * sizeof *seen.watches); /* its pages count before the load */
    struct rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    seen.loaded = 0;
    seen.n_watches = seen.events = 0;
    int64_t from = clock_mono_us(), worst = 0;
    store_load(st);
    while (!seen.loaded && clock_mono_us() < from + 60000000) { /* how long does one turn of the loop take? */
        int64_t turn = clock_mono_us();
        ev_run(loop_get(), EVRUN_NOWAIT);
        turn = clock_mono_us() - turn;
        worst = turn > worst ? turn : worst;
    }
    double took = (double)(clock_mono_us() - from) / 1e6;
    getrusage(RUSAGE_SELF, &after);
    if (env)
        print_message("%d watches in %.2f s, worst turn %.1f ms, %ld KiB more memory\n", n, took, (double)worst / 1e3, after.ru_maxrss - before.ru_maxrss);
    assert_int_equal(seen.n_watches, n);
    for (int i = 1; i < n; i++) {
        assert_int_equal(seen.watches[i].id, i + 1);
        assert_int_equal(seen.watches[i].level.micro, 123456 + i + 1);
        assert_int_equal(seen.watches[i].figure, (i + 1) % 4);
    }
    assert_true(seen.events >= (size_t)n / 3100);
    assert_true(after.ru_maxrss - before.ru_maxrss < 16 * 1024);
}

static void ten_thousand_firings_are_stored_quickly(void **state) {
    (void)state;
    enum { N = 10000 };
    int before = seen.saved;
    int64_t from = clock_mono_us();
    for (watch_id id = 1; id <= N; id++) {
        struct fx_save r = rec(SAVE_WATCH);
        r.u.watch = make_watch(id);
        store_save(st, &r);
    }
    wait_for(&seen.saved, before + N);
    int64_t put_us = clock_mono_us() - from;
    from = clock_mono_us();
    for (watch_id id = 1; id <= N; id++) {
        struct fx_save r = rec(SAVE_WATCH);
        r.u.watch = make_watch(id);
        r.u.watch.version = 2;
        r.u.watch.status = WATCH_EXECUTING;
        store_save(st, &r);
    }
    wait_for(&seen.saved, before + 2 * N);
    if (getenv("TURRET_WATCHES"))
        print_message("%d watches stored in %.2f s, fired in %.2f s\n", N, (double)put_us / 1e6, (double)(clock_mono_us() - from) / 1e6);
    assert_int_equal(seen.refused, 0);
    assert_int_equal(sql_int(&c, "SELECT count(*) FROM watches WHERE status = 'EXECUTING' AND version = 2"), N);
}

static void run_sql(const char *sql) {
    PGconn *conn = PQconnectdb(c.conninfo);
    PGresult *r = PQexec(conn, sql);
    if (PQresultStatus(r) == PGRES_FATAL_ERROR)
        fail_msg("%s", PQerrorMessage(conn));
    PQclear(r);
    PQfinish(conn);
}

static void a_database_of_the_second_schema_goes_on_with_its_data(void **state) {
    (void)state;
    for (const struct embed *e = embed_table; e->name; e++)
        if (!strcmp(e->name, "sql/001_schema.sql") || !strcmp(e->name, "sql/002_models.sql")) {
            char *sql = strndup(e->data, (size_t)(e->end - e->data));
            run_sql(sql);
            free(sql);
        }
    run_sql("CREATE TABLE schema_version (version integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());"
            "INSERT INTO schema_version VALUES (1, '001_schema.sql'), (2, '002_models.sql');"
            "INSERT INTO accounts VALUES (1, 'sim', 'paper', false, 10000);"
            "INSERT INTO orders (id, num, account_id, market_id, strategy, side, action, type, time_in_force, state, source, outcome_unknown, reduce_only, post_only, sent, leverage, version, "
            "quantity, filled_quantity, filled_value, fee, created_at, updated_at, status, open_quantity, reserved_quantity, closed_quantity, cost, entry_price, realized_pnl, position_fees, "
            "position_funding, opened_at, stop_loss_price, exit_plan) VALUES (3, 3, 1, 7, 'main', 'long', 'buy', 'market', 'ioc', 'filled', 'manual', false, false, false, true, 1, 3, 2, 2, 200, 0, now(), "
            "now(), 'OPEN', 2, 0, 0, 200, 100, 0, 0, 0, now(), 95, '{\"stop\": 95, \"target\": null, \"invalidation\": \"below 94\", \"confidence\": 70}')");
    open_pg(false);
    load();
    assert_int_equal(sql_int(&c, "SELECT max(version) FROM schema_version"), 4);
    assert_int_equal(seen.orders, 1);
    assert_int_equal(seen.order.pos.plan.stop.micro, 95000000);
    assert_int_equal(seen.order.pos.plan.confidence, 70);
    assert_string_equal(seen.order.pos.plan.invalidation, "below 94");
    static const struct route none;
    static const struct exit_rules no_rules;
    assert_memory_equal(&seen.order.route, &none, sizeof none);
    assert_memory_equal(&seen.order.pos.plan.rules, &no_rules, sizeof no_rules);
    struct order o = seen.order;
    o.version++;
    o.pos.plan.rules.break_even = PRICE(103000000);
    PUT(ORDER, order, o);
    PUT(WATCH, watch, make_watch(4));
    assert_int_equal(seen.refused, 0);
    load();
    assert_memory_equal(&seen.order, &o, sizeof o);
    assert_int_equal(sql_int(&c, "SELECT count(*) FROM pg_class k JOIN pg_namespace n ON n.oid = k.relnamespace WHERE n.nspname = 'public' AND k.relkind IN ('r', 'v') "
                                 "AND k.relname <> 'schema_version' AND obj_description(k.oid, 'pg_class') IS NULL"), 0); /* every table says what it is */
}

#define BOTH(name) cmocka_unit_test_setup_teardown(name, set_up_mem, tear_down), cmocka_unit_test_setup_teardown(name, set_up_pg, tear_down)
#define SERVER(name) cmocka_unit_test_setup_teardown(name, set_up_pg, tear_down)
#define EMPTY(name) cmocka_unit_test_setup_teardown(name, set_up_server, tear_down)
int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH(every_field_of_a_watch_survives),
        BOTH(every_field_of_a_follow_survives),
        BOTH(every_field_of_links_history_and_remarks_survives),
        BOTH(rules_and_route_of_an_order_survive),
        BOTH(an_older_watch_or_follow_never_overwrites_a_newer_one),
        BOTH(a_trade_of_a_target_counts_once_a_follow),
        BOTH(an_order_of_a_watch_that_others_changed_is_not_stored),
        BOTH(a_firing_is_stored_whole),
        BOTH(a_firing_over_a_gap_is_stored),
        SERVER(what_another_hand_changed_is_loaded),
        BOTH(live_watches_and_the_newest_finished_ones_are_loaded),
        BOTH(trades_of_targets_are_loaded_while_they_can_be_told_again),
        EMPTY(the_outbox_carries_automations),
        EMPTY(the_word_about_a_firing_survives_a_lost_connection),
        SERVER(many_watches_load_in_pieces),
        SERVER(ten_thousand_firings_are_stored_quickly),
        EMPTY(a_database_of_the_second_schema_goes_on_with_its_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
