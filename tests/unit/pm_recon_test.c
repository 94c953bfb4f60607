/* The venue's truth about an account: whole or not at all; two sides a market; resolved markets, claims; orders of another hand. */
#include "pm_user_rig.h"

#define ENVELOPE(rows) "{\"data\":[" rows "],\"pagination\":{\"has_more\":false,\"next_cursor\":null}}"
#define ROW(token, size, avg, now, redeemable) \
    "{\"token_id\":\"" token "\",\"condition_id\":\"" COND "\",\"current_size\":" size ",\"avg_price\":" avg ",\"current_price\":" now ",\"redeemable\":" redeemable "}"
#define BALANCE(n) "{\"balance\":\"" n "\",\"allowances\":{}}"
#define CASH "{\"balance\":\"250500000\",\"allowances\":{\"0xE111180000d2663C0091e4f400237545B87B996B\":\"900000000\",\"0xe2222d279d744050d28e00520010520000310F59\":\"7\"}}"

static uint64_t next_round = 1;
static void ask(void) {
    g.n_ev = 0;
    struct fx_reconcile q = {.account = 7, .round = next_round++};
    assert_int_equal(pm_user_reconcile(g.s.user, &q, clock_now_us()), ERR_OK);
}
static void reconcile(void) {
    ask();
    pump();
    pm_recon_run(g.s.user->recon, clock_now_us());
    assert_int_equal(g.ev[0].type, EVENT_RECON_BEGIN);
    assert_int_equal(g.ev[g.n_ev - 1].type, EVENT_RECON_END);
    assert_int_equal(nth(EVENT_RECON_END, 0)->recon_end.round, next_round - 1);
}
static bool ok(void) { return nth(EVENT_RECON_END, 0)->recon_end.ok; }
static int start(void **st) {
    rig_start(st);
    pm_user_start(g.s.user, clock_now_us());
    g.answers[0] = (struct answer){.path = "/balance-allowance", .query = "COLLATERAL", .body = CASH};
    g.answers[1] = (struct answer){.path = "/balance-allowance", .query = "token_id=" YES "&", .body = BALANCE("0")};
    g.answers[2] = (struct answer){.path = "/balance-allowance", .query = "token_id=" NO "&", .body = BALANCE("0")};
    return 0;
}

static void position_stored(enum order_side side, int64_t open) {
    struct event ev;
    event_init(&ev, EVENT_LOAD_ORDER, VENUE_POLYMARKET, 0);
    ev.u.order = (struct order){.id = 900 + (order_id)side, .account = 7, .market = 42, .side = (uint8_t)side, .state = STATE_FILLED, .size = QTY(open), .filled = QTY(open)};
    ev.u.order.pos.status = POSITION_OPEN;
    ev.u.order.pos.open = QTY(open);
    tracker_restore(g.s.tracker, &ev);
}

static void a_first_start_takes_what_is_there(void **st) {
    (void)st;
    g.data[0] = (struct answer){.path = "status=OPEN", .body = ENVELOPE(ROW(YES, "28.09", "0.6699", "0.715", "false") "," ROW(NO, "12", "0.2512345678", "0.2", "false"))};
    g.answers[1].body = BALANCE("28100000"); /* fresher than the list */
    g.answers[2].body = BALANCE("12000000");
    g.answers[3] = (struct answer){.path = "/data/orders", .body = "[{\"id\":\"" ORDER_B "\",\"status\":\"ORDER_STATUS_LIVE\",\"owner\":\"" KEY "\",\"asset_id\":\"" NO
                                   "\",\"side\":\"BUY\",\"original_size\":\"20\",\"size_matched\":\"0\",\"price\":\"0.3\",\"created_at\":1700000000}]"};
    reconcile();
    assert_true(ok());
    assert_int_equal(waiting_calls("/data/trades"), 0);
    assert_int_equal(count(EVENT_FILL), 0);
    assert_int_equal(count(EVENT_RECON_ORDER), 2); /* at once, and in the round */
    assert_int_equal(nth(EVENT_RECON_ORDER, 1)->recon_order.round, next_round - 1);
    assert_int_equal(nth(EVENT_RECON_ORDER, 1)->recon_order.order.size.micro, 20000000);
    assert_int_equal(count(EVENT_RECON_POSITION), 2);
    const struct ev_recon_position *yes = &nth(EVENT_RECON_POSITION, 0)->recon_position, *no = &nth(EVENT_RECON_POSITION, 1)->recon_position;
    assert_int_equal(yes->net.micro, 28100000);
    assert_int_equal(yes->side, SIDE_YES);
    assert_int_equal(yes->entry.micro, 669900);
    assert_int_equal(no->net.micro, -12000000);
    assert_int_equal(no->side, SIDE_NO);
    assert_int_equal(no->entry.micro, 251235);
    assert_int_equal(nth(EVENT_RECON_CASH, 0)->recon_cash.cash.micro, 250500000);
    assert_int_equal(nth(EVENT_FUNDS, 0)->funds.allowance.micro, 7);
    assert_int_equal(nth(EVENT_FUNDS, 0)->funds.locked.micro, 6000000);
}

static void any_error_is_not_flat(void **st) {
    (void)st;
    position_stored(SIDE_YES, 10000000);
    g.data[0] = (struct answer){.path = "status=OPEN", .body = ENVELOPE(ROW(YES, "10", "0.5", "0.5", "false"))};
    g.answers[1].body = BALANCE("10000000");
    reconcile();
    assert_true(ok());
    struct answer *const broken[] = {&g.answers[0], &g.answers[1], &g.data[0]};
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        const char *was = broken[i]->body;
        static const char *const wrong[] = {"{}", "{\"error\":\"internal\"}", "{\"data\":null,\"balance\":\"-1\"}"};
        for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
            broken[i]->body = wrong[k];
            reconcile();
            assert_false(ok());
            assert_int_equal(count(EVENT_RECON_POSITION), 0);
            assert_int_equal(count(EVENT_RECON_CASH), 0);
        }
        broken[i]->body = was;
        broken[i]->err = ERR_TIMEOUT;
        reconcile();
        assert_false(ok());
        broken[i]->err = ERR_OK;
    }
    g.answers[3] = (struct answer){.path = "/data/orders", .err = ERR_TIMEOUT};
    reconcile();
    assert_false(ok());
    g.answers[3] = (struct answer){.path = "/data/trades", .err = ERR_TIMEOUT};
    tracker_fill(g.s.tracker, &(struct fill){.market = 42, .side = SIDE_YES, .size = QTY(1), .at_us = clock_now_us(), .venue_trade = "a:b"}, "0x1", clock_now_us());
    reconcile();
    assert_false(ok());
}

static void a_row_without_its_size_is_an_error(void **st) {
    (void)st;
    g.data[0] = (struct answer){.path = "status=OPEN", .body = ENVELOPE("{\"token_id\":\"" YES "\",\"current_size\":null}")};
    reconcile();
    assert_false(ok());
    g.data[0].body = ENVELOPE("{\"current_size\":5}");
    reconcile();
    assert_false(ok());
}

static void pages_are_read_to_the_end(void **st) {
    (void)st;
    g.data[0] = (struct answer){.path = "cursor=YT0%3D", .body = ENVELOPE(ROW(NO, "5", "0.2", "0.2", "false"))};
    g.data[1] = (struct answer){.path = "status=OPEN", .body = "{\"data\":[" ROW(YES, "6", "0.5", "0.5", "false") "],\"pagination\":{\"has_more\":true,\"next_cursor\":\"YT0=\"}}"};
    g.answers[1].body = BALANCE("6000000");
    g.answers[2].body = BALANCE("5000000");
    reconcile();
    assert_true(ok());
    assert_int_equal(count(EVENT_RECON_POSITION), 2);
}

static void dust_is_nothing(void **st) {
    (void)st;
    position_stored(SIDE_YES, 10000000);
    g.answers[1].body = BALANCE("9999");
    reconcile();
    assert_true(ok());
    assert_int_equal(count(EVENT_RECON_POSITION), 0);
}

static void a_lost_market_holds_the_round_up_only_so_often(void **st) {
    (void)st;
    g.data[0] = (struct answer){.path = "status=OPEN", .body = ENVELOPE(ROW("999", "5", "0.2", "0.2", "false"))};
    reconcile();
    assert_false(ok());
    reconcile();
    assert_false(ok());
    reconcile();
    assert_true(ok()); /* said, and left out */
    assert_int_equal(count(EVENT_NOTE), 1);
    market_set(1, 43, "999", "998", "0xcc");
    g.n_hidden = 1;
    g.can_list = true;
    g.answers[3] = (struct answer){.path = "/balance-allowance", .query = "token_id=999&", .body = BALANCE("5000000")};
    next_round = 16; /* now and then it is tried again */
    reconcile();
    assert_true(ok());
    assert_int_equal(count(EVENT_RECON_POSITION), 1);
}

static void resolve(enum market_outcome o) {
    g.markets[0].m.status = MARKET_RESOLVED;
    g.markets[0].m.outcome = (uint8_t)o;
}

static void losing_tokens_are_settled_at_nothing(void **st) {
    (void)st;
    position_stored(SIDE_NO, 8000000);
    g.answers[2].body = BALANCE("8000000"); /* they stay in the wallet */
    resolve(OUTCOME_YES);
    for (int i = 0; i < 2; i++) {
        reconcile();
        assert_true(ok());
        assert_int_equal(count(EVENT_FILL), i == 0);
        assert_int_equal(count(EVENT_RECON_POSITION), 0);
        assert_int_equal(count(EVENT_CLAIM), 0);
        if (i > 0)
            continue;
        const struct fill *f = &nth(EVENT_FILL, 0)->fill_ev.fill;
        assert_int_equal(f->kind, FILL_SETTLEMENT);
        assert_int_equal(f->px.micro, 0);
        assert_int_equal(f->size.micro, 8000000);
        assert_int_equal(f->side, SIDE_NO);
        assert_int_equal(f->action, ACTION_SELL);
        assert_int_equal(f->finality, FILL_FINAL);
    }
}

static void winnings_are_a_claim_until_they_are_claimed(void **st) {
    (void)st;
    position_stored(SIDE_YES, 8000000);
    g.answers[1].body = BALANCE("8000000");
    g.data[1] = (struct answer){.path = "status=REDEEMABLE", .body = ENVELOPE(ROW(YES, "8", "0.5", "1.0", "true"))};
    resolve(OUTCOME_YES);
    for (int i = 0; i < 2; i++) {
        reconcile();
        assert_true(ok());
        assert_int_equal(count(EVENT_FILL), 0);
        assert_int_equal(count(EVENT_RECON_POSITION), 1);
        assert_int_equal(count(EVENT_CLAIM), i == 0); /* told once */
        if (i == 0) {
            assert_int_equal(nth(EVENT_CLAIM, 0)->claim.amount.micro, 8000000);
            assert_non_null(strstr(nth(EVENT_CLAIM, 0)->claim.where, "Claim"));
        }
    }
    g.answers[1].body = BALANCE("0"); /* claimed on the website */
    g.data[1].body = ENVELOPE("");
    reconcile();
    assert_true(ok());
    assert_int_equal(nth(EVENT_FILL, 0)->fill_ev.fill.kind, FILL_SETTLEMENT);
    assert_int_equal(nth(EVENT_FILL, 0)->fill_ev.fill.px.micro, DEC_ONE);
    assert_int_equal(nth(EVENT_FILL, 0)->fill_ev.fill.size.micro, 8000000);
    assert_int_equal(count(EVENT_RECON_POSITION), 0);
    assert_int_equal(nth(EVENT_CLAIM, 0)->claim.size.micro, 0);
    char first[VENUE_ORDER_ID_MAX];
    str_copy(first, sizeof first, nth(EVENT_FILL, 0)->fill_ev.fill.venue_trade);
    reconcile();
    assert_int_equal(count(EVENT_FILL), 0);
    assert_int_equal(count(EVENT_CLAIM), 0);
    rig_stop(NULL); /* the same again from the store's view before: the same id, booked once */
    struct answer answers[16], data[8];
    memcpy(answers, g.answers, sizeof answers);
    memcpy(data, g.data, sizeof data);
    start(NULL);
    memcpy(g.answers, answers, sizeof answers);
    memcpy(g.data, data, sizeof data);
    position_stored(SIDE_YES, 8000000);
    resolve(OUTCOME_YES);
    reconcile();
    assert_string_equal(nth(EVENT_FILL, 0)->fill_ev.fill.venue_trade, first);
}

/* Between two rounds of the desk: a look of its own. */
static void a_resolution_is_settled_without_being_asked(void **st) {
    (void)st;
    position_stored(SIDE_YES, 8000000);
    position_stored(SIDE_NO, 3000000);
    g.answers[1].body = BALANCE("8000000");
    g.answers[2].body = BALANCE("3000000");
    g.s.user->open = g.s.user->caught_up = true;
    int64_t now = clock_now_us();
    pm_recon_run(g.s.user->recon, now);
    assert_int_equal(waiting_calls("/balance"), 0);
    resolve(OUTCOME_YES);
    pm_recon_run(g.s.user->recon, now);
    pump();
    assert_int_equal(count(EVENT_FILL), 1);
    assert_int_equal(nth(EVENT_FILL, 0)->fill_ev.fill.side, SIDE_NO);
    assert_int_equal(nth(EVENT_CLAIM, 0)->claim.amount.micro, 8000000);
    assert_int_equal(count(EVENT_RECON_CASH) + count(EVENT_RECON_POSITION) + count(EVENT_RECON_END), 0);
    pm_recon_run(g.s.user->recon, now + 10 * PM_SECOND);
    assert_int_equal(waiting_calls("/balance"), 0);
    g.answers[1].body = BALANCE("0");
    pm_recon_run(g.s.user->recon, now + 31 * PM_SECOND);
    pump();
    assert_int_equal(count(EVENT_FILL), 2);
    assert_int_equal(nth(EVENT_FILL, 1)->fill_ev.fill.px.micro, DEC_ONE);
    assert_int_equal(nth(EVENT_CLAIM, 1)->claim.size.micro, 0);
    pm_recon_run(g.s.user->recon, now + 120 * PM_SECOND);
    assert_int_equal(waiting_calls("/balance"), 0);
}

static void a_void_market_pays_a_half(void **st) {
    (void)st;
    position_stored(SIDE_YES, 8000000);
    position_stored(SIDE_NO, 4000000);
    g.answers[1].body = BALANCE("8000000");
    g.answers[2].body = BALANCE("0");
    resolve(OUTCOME_VOID);
    reconcile();
    assert_true(ok());
    assert_int_equal(nth(EVENT_CLAIM, 0)->claim.amount.micro, 4000000);
    assert_int_equal(count(EVENT_FILL), 1);
    assert_int_equal(nth(EVENT_FILL, 0)->fill_ev.fill.side, SIDE_NO);
    assert_int_equal(nth(EVENT_FILL, 0)->fill_ev.fill.px.micro, DEC_ONE / 2);
}

static void nothing_is_settled_while_a_trade_may_fail(void **st) {
    (void)st;
    struct fill f = {.market = 42, .side = SIDE_YES, .action = ACTION_BUY, .px = PRICE(500000), .size = QTY(5000000), .at_us = clock_now_us(), .venue_trade = "t:1"};
    tracker_fill(g.s.tracker, &f, "0x1", clock_now_us());
    resolve(OUTCOME_NO);
    reconcile();
    assert_true(ok());
    assert_int_equal(count(EVENT_FILL), 0);
    f.finality = FILL_FINAL;
    tracker_fill(g.s.tracker, &f, "0x1", clock_now_us());
    reconcile();
    assert_int_equal(count(EVENT_FILL), 1);
    assert_int_equal(nth(EVENT_FILL, 0)->fill_ev.fill.kind, FILL_SETTLEMENT);
}

static void fills_of_the_time_away_come_before_positions(void **st) {
    (void)st;
    struct event ev;
    char doc[512];
    int64_t then = clock_now_us() - 3600 * PM_SECOND;
    event_init(&ev, EVENT_LOAD_ORDER, VENUE_POLYMARKET, 0);
    ev.u.order = (struct order){.id = 5, .account = 7, .market = 42, .side = SIDE_YES, .state = STATE_PENDING, .size = QTY(10000000), .sent_us = then, .venue_id = ORDER_A};
    tracker_restore(g.s.tracker, &ev);
    snprintf(doc, sizeof doc,
             "[{\"id\":\"t1\",\"status\":\"CONFIRMED\",\"match_time\":\"%lld\",\"asset_id\":\"" YES "\",\"side\":\"BUY\",\"size\":\"10\",\"price\":\"0.5\","
             "\"taker_order_id\":\"" ORDER_A "\",\"owner\":\"" KEY "\",\"trader_side\":\"TAKER\"}]", (long long)(then / PM_SECOND + 5));
    g.answers[3] = (struct answer){.path = "/data/trades", .query = "maker_address=" WALLET "&after=", .body = doc};
    g.answers[1].body = BALANCE("10000000");
    reconcile();
    assert_true(ok());
    assert_int_equal(nth(EVENT_FILL, 0)->fill_ev.fill.order, 5);
    assert_int_equal(nth(EVENT_RECON_POSITION, 0)->recon_position.net.micro, 10000000);
    int fill = 0, position = 0;
    for (int i = 0; i < g.n_ev; i++) {
        fill = g.ev[i].type == EVENT_FILL ? i : fill;
        position = g.ev[i].type == EVENT_RECON_POSITION ? i : position;
    }
    assert_true(fill < position);
    reconcile();
    assert_int_equal(count(EVENT_FILL), 0);
}

/* Only what does not exist leads on to another source; what fails does not. */
static void without_the_data_api_of_today(void **st) {
    (void)st;
    g.data[0] = (struct answer){.path = "/v2/positions", .status = 404, .body = "{\"error\":\"no such path\"}"};
    g.data[1] = (struct answer){.path = "/positions?user=", .body = "[{\"asset\":\"" YES "\",\"conditionId\":\"" COND "\",\"size\":28.09,\"avgPrice\":0.6,\"curPrice\":0.7,\"redeemable\":false}]"};
    g.answers[1].body = BALANCE("28100000");
    reconcile();
    assert_true(ok());
    assert_int_equal(count(EVENT_RECON_POSITION), 1);
    assert_int_equal(nth(EVENT_RECON_POSITION, 0)->recon_position.net.micro, 28100000);
    assert_int_equal(nth(EVENT_RECON_POSITION, 0)->recon_position.entry.micro, 600000);
    g.data[1].body = "[{\"asset\":\"" YES "\"}]";
    reconcile();
    assert_false(ok());
    g.data[1].status = 503;
    reconcile();
    assert_false(ok());
    g.data[1].status = 0;
    g.data[0].status = 500; /* it exists, and failed */
    reconcile();
    assert_false(ok());
}

static void without_any_data_api(void **st) {
    (void)st;
    g.data[0] = (struct answer){.path = "/positions", .status = 404, .body = "404 page not found"};
    g.answers[3] = (struct answer){.path = "/data/trades", .query = "maker_address=" WALLET,
        .body = "[{\"id\":\"t1\",\"status\":\"CONFIRMED\",\"asset_id\":\"" NO "\",\"side\":\"SELL\",\"size\":\"9\",\"price\":\"0.5\",\"taker_order_id\":\"0xff\",\"owner\":\"someone\",\"trader_side\":\"MAKER\","
                "\"maker_orders\":[{\"order_id\":\"0xaa\",\"owner\":\"another\",\"maker_address\":\"0x9\",\"asset_id\":\"" NO "\",\"matched_amount\":\"4\",\"price\":\"0.5\"},"
                "{\"order_id\":\"0xbb\",\"owner\":\"" KEY "\",\"maker_address\":\"\",\"asset_id\":\"" YES "\",\"matched_amount\":\"5\",\"price\":\"0.5\",\"side\":\"SELL\"}]}]"};
    g.answers[1].body = BALANCE("12000000");
    reconcile();
    assert_true(ok());
    assert_int_equal(count(EVENT_RECON_POSITION), 1); /* as much as the CLOB says, and nothing of others' tokens */
    assert_int_equal(nth(EVENT_RECON_POSITION, 0)->recon_position.net.micro, 12000000);
    assert_int_equal(nth(EVENT_RECON_POSITION, 0)->recon_position.side, SIDE_YES);
    assert_int_equal(g.answers[2].asked, 0);
    g.answers[3].body = "[{\"id\":\"t1\"}]";
    reconcile();
    assert_false(ok());
    g.answers[3].err = ERR_TIMEOUT;
    reconcile();
    assert_false(ok());
}

static void a_list_without_its_filter_resolves_nothing(void **st) {
    (void)st;
    g.data[0] = (struct answer){.path = "status=", .body = ENVELOPE("{\"token_id\":\"" YES "\",\"current_size\":5,\"current_price\":0.5,\"status\":\"OPEN\"}")};
    g.answers[1].body = BALANCE("5000000");
    reconcile();
    assert_true(ok());
    assert_int_equal(count(EVENT_CLAIM), 0);
    assert_int_equal(count(EVENT_RECON_POSITION), 1);
}

static void a_round_given_up_says_nothing_more(void **st) {
    (void)st;
    ask();
    struct fx_reconcile q = {.account = 7, .round = next_round++};
    pm_user_reconcile(g.s.user, &q, clock_now_us());
    pump();
    assert_int_equal(count(EVENT_RECON_END), 1);
    assert_int_equal(nth(EVENT_RECON_END, 0)->recon_end.round, next_round - 1);
    ask();
    pm_recon_run(g.s.user->recon, clock_now_us() + 10 * PM_SECOND);
    assert_false(ok());
    assert_int_equal(waiting_calls("/"), 0);
}

static void another_accounts_round_is_refused(void **st) {
    (void)st;
    struct fx_reconcile q = {.account = 8, .round = 1};
    assert_int_equal(pm_user_reconcile(g.s.user, &q, 0), ERR_CREDENTIALS);
}

#define T(f) cmocka_unit_test_setup_teardown(f, start, rig_stop)
int main(void) {
    const struct CMUnitTest tests[] = {
        T(a_first_start_takes_what_is_there), T(any_error_is_not_flat), T(a_row_without_its_size_is_an_error), T(pages_are_read_to_the_end), T(dust_is_nothing),
        T(a_lost_market_holds_the_round_up_only_so_often), T(losing_tokens_are_settled_at_nothing), T(winnings_are_a_claim_until_they_are_claimed),
        T(a_resolution_is_settled_without_being_asked), T(a_void_market_pays_a_half), T(nothing_is_settled_while_a_trade_may_fail), T(fills_of_the_time_away_come_before_positions),
        T(without_the_data_api_of_today), T(without_any_data_api), T(a_list_without_its_filter_resolves_nothing), T(a_round_given_up_says_nothing_more), T(another_accounts_round_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
