/* The engine between desk, store and venue: an order's ids are in its row before anything is sent, a journal has them, and what can't be
 * prepared is refused. The venue is a stand-in that lives on the loop: it is never run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <ev.h>

#include "app/journal.h"
#include "turret/app/engine.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/io/loop.h"
#include "turret/store/mem.h"

static struct {
    struct venue head;
    enum err prepare_result;
    const char *sentence;
    int prepared, placed, listed;
    struct order last;
    struct store *store;
    char listed_what[NOTE_MAX];
} fake;

static struct engine *eng;
static struct fx_reply reply;
static char journal[64];

static void emit(struct event *ev) { fake.head.sink.put(fake.head.sink.ctx, ev); }

static struct market market(void) {
    struct market m = {.venue = VENUE_POLYMARKET, .kind = MARKET_BINARY, .max_leverage = 1, .tick = PRICE(10000), .lot = QTY(10000), .min_size = QTY(DEC_ONE), .min_price = PRICE(10000), .max_price = PRICE(990000), .symbol = "m"};
    m.id = market_id_of(VENUE_POLYMARKET, "m");
    return m;
}

static void start(struct venue *v, int64_t now_us) {
    struct event ev;
    union { struct event ev; uint8_t room[sizeof(struct event) + 2 * sizeof(struct level)]; } b;
    event_init(&ev, EVENT_MARKET, v->id, now_us);
    ev.u.market = market();
    emit(&ev);
    event_init(&b.ev, EVENT_BOOK, v->id, now_us);
    b.ev.size += 2 * (uint32_t)sizeof(struct level);
    b.ev.u.book.market = market().id;
    b.ev.u.book.flags = BOOK_SNAPSHOT;
    b.ev.u.book.n_bids = b.ev.u.book.n_asks = 1;
    b.ev.u.book.levels[0] = (struct level){PRICE(500000), QTY(100 * DEC_ONE)};
    b.ev.u.book.levels[1] = (struct level){PRICE(520000), QTY(100 * DEC_ONE)};
    emit(&b.ev);
    event_init(&ev, EVENT_VENUE, v->id, now_us);
    ev.u.venue_state = (struct ev_venue){.venue = (uint8_t)v->id, .up = 1};
    emit(&ev);
}

static enum err prepare(struct venue *v, struct order *o, int64_t now_us) {
    (void)v;
    (void)now_us;
    fake.prepared++;
    if (fake.prepare_result != ERR_OK) {
        str_copy(o->client_id, sizeof o->client_id, "half done");
        if (fake.sentence)
            str_copy(o->reason_text, sizeof o->reason_text, fake.sentence);
        return fake.prepare_result;
    }
    snprintf(o->client_id, sizeof o->client_id, "salt-%d", fake.prepared);
    snprintf(o->venue_id, sizeof o->venue_id, "0xdigest%d", fake.prepared);
    return ERR_OK;
}

static enum err place(struct venue *v, const struct order *o, int64_t now_us) {
    const struct order *row = store_mem_order(fake.store, o->id);
    assert_non_null(row); /* stored first, with all that finds it again */
    assert_string_equal(row->venue_id, o->venue_id);
    assert_string_equal(row->client_id, o->client_id);
    struct event ev;
    fake.placed++;
    fake.last = *o;
    event_init(&ev, EVENT_ACK, v->id, now_us);
    ev.u.ack.order = o->id;
    str_copy(ev.u.ack.venue_id, sizeof ev.u.ack.venue_id, o->venue_id);
    emit(&ev);
    return ERR_OK;
}

static enum err reconcile(struct venue *v, const struct fx_reconcile *r, int64_t now_us) {
    struct event ev;
    event_init(&ev, EVENT_RECON_BEGIN, v->id, now_us);
    ev.u.recon_begin = (struct ev_recon_begin){r->account, v->id, r->round};
    emit(&ev);
    event_init(&ev, EVENT_RECON_CASH, v->id, now_us);
    ev.u.recon_cash = (struct ev_recon_cash){r->account, r->round, USD(1000 * DEC_ONE)};
    emit(&ev);
    event_init(&ev, EVENT_RECON_END, v->id, now_us);
    ev.u.recon_end = (struct ev_recon_end){r->account, 1, r->round};
    emit(&ev);
    return ERR_OK;
}

static enum err cancel(struct venue *v, const struct fx_cancel *c, int64_t now_us) { (void)v; (void)c; (void)now_us; return ERR_OK; }
static enum err amend(struct venue *v, const struct fx_amend *a, int64_t now_us) { (void)v; (void)a; (void)now_us; return ERR_UNSUPPORTED; }
static enum err query(struct venue *v, const struct order *o, int64_t now_us) { (void)v; (void)o; (void)now_us; return ERR_OK; }
static enum err reset(struct venue *v, const struct fx_reset *r, int64_t now_us) { (void)v; (void)r; (void)now_us; return ERR_UNSUPPORTED; }
static enum err list(struct venue *v, const struct fx_list *l, int64_t now_us) {
    (void)v;
    (void)now_us;
    fake.listed++;
    str_copy(fake.listed_what, sizeof fake.listed_what, l->what);
    return strcmp(l->what, "nothing") == 0 ? ERR_NOT_FOUND : ERR_OK;
}
static void close_venue(struct venue *v) { (void)v; }

static const struct venue_ops ops = {.name = "stand-in", .caps = VENUE_POST_ONLY | VENUE_PROVISIONAL, .start = start, .prepare = prepare, .place = place, .cancel = cancel, .amend = amend,
                                     .query = query, .reconcile = reconcile, .reset = reset, .list = list, .close = close_venue};

static struct venue *open_fake(void *ctx, struct event_sink sink, char text[REASON_MAX]) {
    (void)ctx;
    (void)text;
    fake.head = (struct venue){.ops = &ops, .id = VENUE_POLYMARKET, .sink = sink};
    return &fake.head;
}

static void on_reply(void *ctx, const struct fx_reply *r) { (void)ctx; reply = *r; }
static struct engine_client client = {.reply = on_reply};

static void run(int turns) {
    for (int i = 0; i < turns; i++) {
        ev_run(loop_get(), EVRUN_NOWAIT);
        store_mem_set_time(fake.store, engine_now_us(eng));
        store_mem_run(fake.store);
    }
}

static bool reconciled(void) {
    struct view_account v;
    return view_account_count(engine_view(eng)) > 0 && view_account_at(engine_view(eng), 0, &v) && v.reconciled;
}

static int setup(void **state) {
    (void)state;
    memset(&fake, 0, sizeof fake);
    memset(&reply, 0, sizeof reply);
    snprintf(journal, sizeof journal, "/tmp/turret-prepare-%d", (int)getpid());
    struct engine_cfg cfg = {.seed = 3, .journal = journal};
    risk_limits_default(&cfg.limits);
    eng = engine_new(&cfg);
    client.next = NULL;
    engine_client_add(eng, &client);
    engine_add_venue(eng, VENUE_POLYMARKET, open_fake, NULL);
    engine_first_account(eng, VENUE_POLYMARKET, "poly", true);
    fake.store = store_mem_new(engine_store_sink(eng));
    engine_set_store(eng, fake.store);
    for (int i = 0; i < 400 && !reconciled(); i++) {
        run(5);
        usleep(10000); /* the second look comes with the beat */
    }
    assert_true(reconciled());
    struct intent in = {.kind = INTENT_LIVE, .account = 1, .order = 1, .note = "poly", .token = engine_token(eng, &client)};
    assert_int_equal(engine_propose(eng, &in), ERR_OK);
    run(20);
    assert_int_equal(reply.result, ERR_OK);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    engine_client_remove(eng, &client);
    engine_free(eng);
    store_close(fake.store);
    unlink(journal);
    return 0;
}

static void propose_buy(void) {
    struct intent in = {.kind = INTENT_PLACE, .account = 1, .market = market().id, .side = SIDE_YES, .action = ACTION_BUY, .type = ORDER_LIMIT, .limit = PRICE(500000), .size = QTY(10 * DEC_ONE), .confidence = -1};
    in.token = engine_token(eng, &client);
    memset(&reply, 0, sizeof reply);
    assert_int_equal(engine_propose(eng, &in), ERR_OK);
    run(20);
}

static void ids_are_in_the_row_and_in_the_journal(void **state) {
    (void)state;
    propose_buy();
    assert_int_equal(fake.prepared, 1);
    assert_int_equal(fake.placed, 1);
    assert_string_equal(fake.last.venue_id, "0xdigest1");
    assert_int_equal(reply.result, ERR_OK);
    const struct order *o = view_order_find(engine_view(eng), "0xdigest1");
    assert_non_null(o);
    assert_string_equal(o->client_id, "salt-1");
    const uint64_t hash = engine_stop(eng, 0);
    struct journal_reader *r;
    char text[200];
    bool cut, seen = false;
    assert_int_equal(journal_open(journal, &r, text, sizeof text), ERR_OK);
    struct desk *again = desk_new();
    for (const struct event *ev; (ev = journal_next(r, &cut, text, sizeof text));) {
        if (ev->type == EVENT_BOOT)
            desk_clear(again);
        seen = seen || ev->type == EVENT_PREPARED;
        desk_step(again, ev);
        while (desk_effect(again))
            ;
    }
    assert_true(seen);
    assert_int_equal(desk_hash(again), hash);
    desk_free(again);
    journal_reader_close(r);
}

static void what_can_not_be_prepared_is_never_sent(void **state) {
    (void)state;
    fake.prepare_result = ERR_TICK_SIZE;
    fake.sentence = "the tick is 0.1 by now";
    propose_buy();
    assert_int_equal(fake.placed, 0);
    assert_int_equal(reply.result, ERR_TICK_SIZE);
    assert_string_equal(reply.text, "the tick is 0.1 by now");
    const struct order *rows;
    int n = store_mem_orders(fake.store, &rows);
    assert_int_equal(rows[n - 1].state, STATE_FAILED);
    assert_int_equal(rows[n - 1].reason, ERR_TICK_SIZE);
    assert_string_not_equal(rows[n - 1].client_id, "half done");
    fake.prepare_result = ERR_OK;
    propose_buy();
    assert_int_equal(fake.placed, 1);
}

static void a_venue_that_changes_no_orders_says_what_to_do(void **state) {
    (void)state;
    propose_buy();
    struct intent in = {.kind = INTENT_AMEND, .order = fake.last.id, .limit = PRICE(490000), .token = engine_token(eng, &client)};
    assert_int_equal(engine_propose(eng, &in), ERR_OK);
    run(20);
    assert_int_equal(reply.result, ERR_UNSUPPORTED);
    assert_non_null(strstr(reply.text, "cancel it and place a new one"));
    assert_true(order_open(view_order(engine_view(eng), fake.last.id)));
}

static void markets_are_asked_for_by_name(void **state) {
    (void)state;
    struct intent in = {.kind = INTENT_LIST, .order = VENUE_POLYMARKET, .u.wanted = "rate-cut"};
    assert_int_equal(engine_propose(eng, &in), ERR_OK);
    run(10);
    assert_int_equal(fake.listed, 1);
    assert_string_equal(fake.listed_what, "rate-cut");
    in.order = VENUE_KALSHI; /* nobody there: said, not crashed */
    assert_int_equal(engine_propose(eng, &in), ERR_OK);
    run(10);
    struct view_notice v[16];
    int n = view_notices(engine_view(eng), v, 16);
    bool told = false;
    for (int i = 0; i < n; i++)
        told = told || strstr(v[i].n.text, "can't be listed on kalshi") != NULL;
    assert_true(told);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ids_are_in_the_row_and_in_the_journal, setup, teardown),
        cmocka_unit_test_setup_teardown(what_can_not_be_prepared_is_never_sent, setup, teardown),
        cmocka_unit_test_setup_teardown(a_venue_that_changes_no_orders_says_what_to_do, setup, teardown),
        cmocka_unit_test_setup_teardown(markets_are_asked_for_by_name, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
