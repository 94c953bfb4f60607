/* What a real venue needs of the desk: ids before sending, orders that are held back, real money only after a person said so, the venue's
 * truth compared side by side and explained. */
#include "desk_live_rig.h"

static struct event prepared(const struct rec *r, const char *client, const char *venue) {
    struct event ev = live_event(EVENT_PREPARED);
    ev.u.prepared.order = r->o.id;
    str_copy(ev.u.prepared.client_id, sizeof ev.u.prepared.client_id, client);
    str_copy(ev.u.prepared.venue_id, sizeof ev.u.prepared.venue_id, venue);
    return ev;
}

/* The batches that were held are stored now. */
static void commit_held(struct rig *g) {
    g->hold_saves = false;
    for (size_t i = 0, n = g->n_fx; i < n; i++)
        if (g->fx[i].type == FX_SAVE) {
            const struct fx_save s = g->fx[i].u.save;
            row_apply(g, &s);
            if (s.last)
                saved_result(g, s.seq, ERR_OK, false);
        }
}

static void ids_are_known_before_it_is_sent(void **state) {
    struct rig *g = *state;
    g->hold_saves = true;
    struct rec *r = pm_place(g, SIDE_YES, ACTION_BUY, 10, 0.50);
    struct event ev = prepared(r, "77-1-500000", "0xabc");
    put(g, &ev);
    assert_string_equal(r->o.venue_id, "0xabc");
    assert_false(r->acked);
    assert_int_equal(fx_count(g, FX_PLACE), 0);
    commit_held(g);
    const struct effect *e = fx_last(g, FX_PLACE);
    assert_non_null(e);
    assert_string_equal(e->u.place.order.client_id, "77-1-500000");
    assert_string_equal(e->u.place.order.venue_id, "0xabc");
    assert_false(e->u.place.order.flags & ORDER_ACKED);
    assert_ptr_equal(view_order_find(g->d, "0xabc"), &r->o);
    struct event fill = fill_event(g, r, "t1", 4, 0.5); /* an execution that only names the venue's order */
    fill.venue = VENUE_POLYMARKET;
    fill.u.fill_ev.fill.order = 0;
    str_copy(fill.u.fill_ev.venue_order, sizeof fill.u.fill_ev.venue_order, "0xabc");
    put(g, &fill);
    assert_int_equal(r->o.filled.micro, SZ(4).micro);
    ev = prepared(r, "other", "0xother"); /* too late to be another one */
    put(g, &ev);
    assert_string_equal(r->o.venue_id, "0xabc");
    audit_clean(g);
}

static void one_that_was_never_acknowledged_is_not_after_a_restart(void **state) {
    struct rig *g = *state;
    g->hold_saves = true;
    struct rec *r = pm_place(g, SIDE_YES, ACTION_BUY, 10, 0.50);
    struct event ev = prepared(r, "77-1-500000", "0xabc");
    const order_id id = r->o.id;
    put(g, &ev);
    commit_held(g);
    assert_int_equal(r->o.state, STATE_PENDING);
    pm_reload(g, 9);
    r = rec_find(g->d, id);
    assert_string_equal(r->o.venue_id, "0xabc");
    assert_false(r->acked);
    tick(g, 20 * SECOND_US);
    reject(g, r, ERR_NOT_FOUND);
    assert_int_equal(r->o.state, STATE_FAILED); /* not: cancelled by the venue */
}

static void what_can_not_be_prepared_is_refused_and_never_sent(void **state) {
    struct rig *g = *state;
    g->hold_saves = true;
    struct rec *r = pm_place(g, SIDE_YES, ACTION_BUY, 10, 0.50);
    struct event ev = live_event(EVENT_REJECT);
    ev.u.reject.order = r->o.id;
    ev.u.reject.reason = ERR_TICK_SIZE;
    str_copy(ev.u.reject.text, sizeof ev.u.reject.text, "the tick is 0.1 by now");
    put(g, &ev);
    assert_int_equal(last_reply(g), ERR_TICK_SIZE);
    commit_held(g);
    assert_int_equal(fx_count(g, FX_PLACE), 0);
    assert_int_equal(r->o.state, STATE_FAILED);
    assert_int_equal(r->o.reason, ERR_TICK_SIZE);
    assert_false(r->o.flags & ORDER_SENT);
    assert_int_equal(row_of(g, r->o.id)->state, STATE_FAILED);
    assert_string_equal(row_of(g, r->o.id)->reason_text, "the tick is 0.1 by now");
    audit_clean(g);
}

static struct event delayed(struct rig *g, const struct rec *r, int64_t us) {
    struct event ev = live_event(EVENT_DELAYED);
    ev.u.delayed = (struct ev_delayed){.order = r->o.id, .until_us = g->now + us, .text = "the game is on"};
    return ev;
}

static void a_delayed_order_is_cancelled_when_it_is_let_go(void **state) {
    struct rig *g = *state;
    struct rec *r = pm_place(g, SIDE_YES, ACTION_BUY, 10, 0.50);
    struct event ev = delayed(g, r, 3 * SECOND_US);
    put(g, &ev);
    assert_int_equal(view_order_delayed_us(g->d, r->o.id), g->now + 3 * SECOND_US);
    assert_int_equal(r->o.state, STATE_PENDING);
    fx_clear(g);
    struct intent in = want(g, INTENT_CANCEL);
    in.order = r->o.id;
    send_intent(g, &in);
    assert_int_equal(fx_count(g, FX_CANCEL), 0);
    assert_true(r->o.cancel_requested_us != 0);
    tick(g, 2 * SECOND_US);
    assert_int_equal(fx_count(g, FX_CANCEL), 0);
    tick(g, SECOND_US + 250000);
    assert_int_equal(fx_count(g, FX_CANCEL), 1);
    assert_int_equal(view_order_delayed_us(g->d, r->o.id), 0);
}

static void a_delayed_order_is_asked_about(void **state) {
    struct rig *g = *state;
    struct rec *r = pm_place(g, SIDE_YES, ACTION_BUY, 10, 0.50);
    struct event ev = delayed(g, r, 3 * SECOND_US);
    put(g, &ev);
    fx_clear(g);
    tick(g, 2 * SECOND_US);
    assert_int_equal(fx_count(g, FX_QUERY), 0);
    tick(g, 3 * SECOND_US);
    assert_int_equal(fx_count(g, FX_QUERY), 1);
    pm_fill(g, r, "t1", 10, 0.5, 0, FILL_PROVISIONAL);
    assert_int_equal(r->o.state, STATE_FILLED);
    ev = delayed(g, r, SECOND_US); /* an old word */
    put(g, &ev);
    assert_int_equal(r->o.state, STATE_FILLED);
}

/* --- live --- */
static void real_money_waits_for_its_name(void **state) {
    struct rig *g = *state;
    set_live(g, false, "");
    assert_int_equal(last_reply(g), ERR_OK);
    struct view_account v;
    view_account(g->d, LIVE, &v);
    assert_false(v.may_trade);
    assert_null(pm_place(g, SIDE_YES, ACTION_BUY, 10, 0.5));
    assert_int_equal(last_reply(g), ERR_NOT_LIVE);
    static const char *const wrong[] = {"", "Poly", "poly ", "polymarket", "pol"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        set_live(g, true, wrong[i]);
        assert_int_equal(last_reply(g), ERR_BAD_VALUE);
    }
    assert_null(pm_place(g, SIDE_YES, ACTION_BUY, 10, 0.5));
    set_live(g, true, NAME);
    assert_int_equal(last_reply(g), ERR_OK);
    assert_true(told(g, NOTICE_ALERT, "LIVE"));
    assert_non_null(last_history(g, "live"));
    assert_non_null(pm_place(g, SIDE_YES, ACTION_BUY, 10, 0.5));
    /* paper accounts know no such thing */
    struct intent in = want(g, INTENT_LIVE);
    in.order = 1;
    str_copy(in.note, sizeof in.note, "paper");
    send_intent(g, &in);
    assert_int_equal(last_reply(g), ERR_UNSUPPORTED);
    view_account(g->d, ACCOUNT, &v);
    assert_true(v.may_trade);
}

static void not_live_lets_exits_and_cancels_pass(void **state) {
    struct rig *g = *state;
    struct rec *pos = pm_buy(g, SIDE_YES, 10, 0.52, "t1", FILL_FINAL), *exit;
    struct rec *entry = pm_place(g, SIDE_YES, ACTION_BUY, 10, 0.40);
    ack(g, entry);
    fx_clear(g);
    set_live(g, false, "");
    assert_int_equal(fx_count(g, FX_CANCEL), 1); /* what would open more */
    assert_int_equal(fx_last(g, FX_CANCEL)->u.cancel.order, entry->o.id);
    assert_int_equal(pm_close(g, pos, 0, &exit), ERR_OK);
    assert_int_equal(fx_count(g, FX_PLACE), 1);
}

static void going_not_live_before_the_commit_sends_nothing(void **state) {
    struct rig *g = *state;
    g->hold_saves = true;
    struct rec *r = pm_place(g, SIDE_YES, ACTION_BUY, 10, 0.50);
    acct_find(g->d, LIVE)->live_on = false;
    commit_held(g);
    assert_int_equal(fx_count(g, FX_PLACE), 0);
    assert_int_equal(r->o.reason, ERR_NOT_LIVE);
}

static void live_survives_a_restart_under_its_name_only(void **state) {
    struct rig *g = *state;
    tick(g, SECOND_US);
    pm_reload(g, 5);
    pm_reconcile(g, NULL, 0, 1000);
    assert_non_null(pm_place(g, SIDE_YES, ACTION_BUY, 10, 0.5));
    pm_account(g, "other");
    struct rig *h = g;
    desk_free(h->d);
    h->d = desk_new();
    boot(h, 6);
    for (size_t i = 0; i < h->rows.n_settings; i++) {
        struct event ev = ev_of(EVENT_SETTING);
        ev.u.setting = h->rows.settings[i];
        put(h, &ev);
    }
    pm_account(h, "other"); /* the number is the same, the account is not */
    assert_false(acct_find(h->d, LIVE)->live_on);
}

static void simulation_forbids_it_altogether(void **state) {
    struct rig *g = *state;
    g->d->simulated_only = true;
    assert_null(pm_place(g, SIDE_YES, ACTION_BUY, 10, 0.5));
    assert_int_equal(last_reply(g), ERR_SIMULATION_ONLY);
    set_live(g, false, "");
    assert_int_equal(last_reply(g), ERR_OK);
    set_live(g, true, NAME);
    assert_int_equal(last_reply(g), ERR_SIMULATION_ONLY);
}

static void a_sniper_waits_while_its_account_is_not_live(void **state) {
    struct rig *g = *state;
    set_live(g, false, "");
    struct intent in = want(g, INTENT_WATCH_PUT);
    in.u.watch = (struct watch){.kind = WATCH_SNIPER, .account = LIVE, .figure = FIGURE_ASK, .subject = pm_id(), .level = PX(0.60), .dir = TRIGGER_AT_OR_BELOW, .amount = 10 * DEC_ONE,
                                .side = SIDE_YES, .action = ACTION_BUY, .slippage_e4 = 200};
    send_intent(g, &in);
    assert_int_equal(last_reply(g), ERR_OK);
    const uint64_t id = fx_last(g, FX_REPLY)->u.reply.num;
    in = want(g, INTENT_WATCH_ARM);
    in.order = id;
    send_intent(g, &in);
    fx_clear(g);
    pm_book(g, 0.50, 0.52);
    tick(g, SECOND_US);
    assert_int_equal(fx_count(g, FX_PLACE), 0);
    struct view_watch w;
    assert_true(view_watch(g->d, (watch_id)id, &w));
    assert_int_equal(w.w->status, WATCH_WATCHING);
    set_live(g, true, NAME);
    pm_book(g, 0.50, 0.52);
    assert_int_equal(fx_count(g, FX_PLACE), 1);
}

/* --- what the venue tells --- */
static void funds_claims_and_health_are_shown(void **state) {
    struct rig *g = *state;
    struct view_account v;
    struct event ev = live_event(EVENT_FUNDS);
    ev.u.funds = (struct ev_funds){.account = LIVE, .balance = USD(300 * DEC_ONE), .allowance = USD(-1), .locked = USD(100 * DEC_ONE)};
    put(g, &ev);
    view_account(g->d, LIVE, &v);
    assert_true(v.funds_known);
    assert_int_equal(v.cash.micro, 1000 * DEC_ONE); /* shown, not booked */
    assert_int_equal(v.available.micro, 200 * DEC_ONE);
    ev.u.funds.balance = USD(-1); /* not known any more: ours */
    put(g, &ev);
    view_account(g->d, LIVE, &v);
    assert_int_equal(v.available.micro, 1000 * DEC_ONE);
    ev = live_event(EVENT_CLAIM);
    ev.u.claim = (struct ev_claim){.account = LIVE, .side = SIDE_YES, .market = pm_id(), .size = SZ(10), .amount = USD(10 * DEC_ONE), .where = "polymarket.com/portfolio"};
    fx_clear(g);
    put(g, &ev);
    put(g, &ev);
    view_account(g->d, LIVE, &v);
    assert_int_equal(v.claim_count, 1);
    assert_string_equal(v.claims[0].where, "polymarket.com/portfolio");
    assert_int_equal(fx_count(g, FX_NOTICE), 1); /* told once */
    ev.u.claim.amount = USD(0);
    put(g, &ev);
    view_account(g->d, LIVE, &v);
    assert_int_equal(v.claim_count, 0);
    ev = live_event(EVENT_HEALTH);
    ev.u.health = (struct ev_health){.venue = VENUE_POLYMARKET, .market_up = 1, .user_up = 1, .rate_left = 7, .rate_size = 40, .latency_us = 1200};
    put(g, &ev);
    struct view_venue vv;
    view_venue(g->d, VENUE_POLYMARKET, &vv);
    assert_true(vv.health_known);
    assert_int_equal(vv.health.rate_left, 7);
    view_venue(g->d, VENUE_SIM, &vv);
    assert_false(vv.health_known);
}

static void a_wanted_market_is_asked_for(void **state) {
    struct rig *g = *state;
    struct intent in = want(g, INTENT_LIST);
    in.order = VENUE_POLYMARKET;
    str_copy(in.u.wanted, sizeof in.u.wanted, "https://polymarket.com/event/rate-cut");
    send_intent(g, &in);
    assert_int_equal(last_reply(g), ERR_OK);
    const struct effect *e = fx_last(g, FX_LIST);
    assert_non_null(e);
    assert_int_equal(e->venue, VENUE_POLYMARKET);
    assert_string_equal(e->u.list.what, "https://polymarket.com/event/rate-cut");
    in = want(g, INTENT_LIST);
    send_intent(g, &in);
    assert_int_equal(last_reply(g), ERR_BAD_VALUE);
}

/* --- the venue's truth --- */
static void an_account_begins_with_what_it_has(void **state) {
    struct rig *g = *state;
    struct event ev = live_event(EVENT_ACCOUNT);
    ev.u.account = (struct account){.id = 3, .venue = VENUE_POLYMARKET, .live = 1, .name = "second"};
    fx_clear(g);
    put(g, &ev);
    struct acct *a = acct_find(g->d, 3);
    for (int i = 0; i < 4 && !a->reconciled; i++) {
        assert_true(a->asking);
        ev = live_event(EVENT_RECON_BEGIN);
        ev.u.recon_begin = (struct ev_recon_begin){3, VENUE_POLYMARKET, a->round};
        put(g, &ev);
        ev = live_event(EVENT_RECON_ORDER);
        ev.u.recon_order.account = 3;
        ev.u.recon_order.round = a->round;
        ev.u.recon_order.order = (struct order){.id = 4711, .account = 3, .market = pm_id(), .side = SIDE_NO, .action = ACTION_BUY, .type = ORDER_LIMIT, .limit = PX(0.3), .size = SZ(20), .venue_id = "0xhand"};
        put(g, &ev);
        for (int k = 0; k < 2; k++) {
            ev = live_event(EVENT_RECON_POSITION);
            ev.u.recon_position = (struct ev_recon_position){.account = 3, .round = a->round, .market = pm_id(), .side = k == 0 ? SIDE_YES : SIDE_NO, .net = k == 0 ? SZ(50) : QTY(-SZ(30).micro), .entry = PX(k == 0 ? 0.4 : 0.7)};
            put(g, &ev);
        }
        ev = live_event(EVENT_RECON_CASH);
        ev.u.recon_cash = (struct ev_recon_cash){3, a->round, USD(123456789)};
        put(g, &ev);
        ev = live_event(EVENT_RECON_END);
        ev.u.recon_end = (struct ev_recon_end){3, 1, a->round};
        put(g, &ev);
        tick(g, SECOND_US);
    }
    assert_true(a->reconciled);
    assert_int_equal(a->cash.micro, 123456789);
    assert_int_equal(alarms(g), 0);
    assert_true(told(g, NOTICE_INFO, "opening balance 123.456789"));
    const struct rec *yes = position_find(g->d, 3, "main", mkt_find(g->d, pm_id()), SIDE_YES), *no = position_find(g->d, 3, "main", mkt_find(g->d, pm_id()), SIDE_NO);
    assert_true(yes != NULL && no != NULL);
    assert_int_equal(yes->o.source, SOURCE_EXTERNAL);
    assert_int_equal(yes->o.pos.open.micro, SZ(50).micro);
    assert_int_equal(no->o.pos.entry_price.micro, PX(0.7).micro);
    const struct rec *hand = rec_by_venue_id(g->d, VENUE_POLYMARKET, "0xhand");
    assert_true(hand != NULL && hand->o.source == SOURCE_EXTERNAL && hand->o.side == SIDE_NO);
    bool deposit = false;
    for (size_t i = 0; i < g->rows.n_ledger; i++)
        deposit = deposit || (g->rows.ledger[i].account == 3 && g->rows.ledger[i].kind == LEDGER_DEPOSIT && g->rows.ledger[i].amount.micro == 123456789 && strcmp(g->rows.ledger[i].ref, "opening balance") == 0);
    assert_true(deposit);
    struct view_account v;
    view_account(g->d, 3, &v);
    tick(g, SECOND_US);
    assert_int_equal(v.day_pnl.micro, 0);
    audit_clean(g);
}

static void an_account_is_stored_before_its_first_order(void **state) {
    struct rig *g = *state;
    size_t rows = 0;
    g->rows.n_accounts = g->rows.n_ledger = 0;
    pm_reload(g, 5); /* the engine tells of it while it loads */
    for (size_t i = 0; i < g->rows.n_accounts; i++)
        rows += g->rows.accounts[i].id == LIVE && g->rows.accounts[i].live && strcmp(g->rows.accounts[i].name, NAME) == 0;
    assert_true(rows > 0);
}

static void each_side_is_compared_by_itself(void **state) {
    struct rig *g = *state;
    struct rec *yes = pm_buy(g, SIDE_YES, 10, 0.50, "t1", FILL_FINAL), *no = pm_buy(g, SIDE_NO, 10, 0.50, "t2", FILL_FINAL);
    tick(g, 30 * SECOND_US);
    pm_book(g, 0.50, 0.52);
    const struct there p[] = {{SIDE_YES, 12, 0.5}, {SIDE_NO, 7, 0.5}}; /* net they are 0 here and 5 there */
    fx_clear(g);
    pm_look(g, p, 2, 990);
    assert_int_equal(yes->o.pos.open.micro, SZ(12).micro);
    assert_int_equal(no->o.pos.open.micro, SZ(7).micro);
    assert_int_equal(cash_of(g).micro, 990 * DEC_ONE);
    assert_true(told(g, NOTICE_ALERT, "10 here, 12 at the venue"));
    assert_true(told(g, NOTICE_ALERT, "10 here, 7 at the venue"));
    const struct history *h = last_history(g, "difference");
    assert_non_null(h);
    assert_int_equal(h->kind, HISTORY_ACCOUNT);
    assert_int_equal(h->id, LIVE);
    audit_clean(g);
}

static void what_is_not_settled_is_not_adjusted(void **state) {
    struct rig *g = *state;
    struct rec *pos = pm_buy(g, SIDE_YES, 10, 0.50, "t1", FILL_PROVISIONAL);
    fx_clear(g);
    pm_look(g, NULL, 0, 1000); /* the venue shows nothing of it yet */
    assert_int_equal(pos->o.pos.open.micro, SZ(10).micro);
    assert_int_equal(cash_of(g).micro, 995 * DEC_ONE);
    assert_int_equal(alarms(g), 0);
    pm_finality(g, "t1", FILL_FINAL);
    pm_look(g, NULL, 0, 1000); /* nor right after */
    assert_int_equal(pos->o.pos.open.micro, SZ(10).micro);
    tick(g, 25 * SECOND_US);
    pm_book(g, 0.5, 0.52);
    pm_look(g, NULL, 0, 1000); /* but in the end its word counts */
    assert_false(pos->is_pos);
    assert_int_equal(cash_of(g).micro, 1000 * DEC_ONE);
    assert_true(alarms(g) > 0);
    audit_clean(g);
}

static void a_deposit_is_no_gain_of_the_day(void **state) {
    struct rig *g = *state;
    struct view_account v;
    tick(g, SECOND_US);
    tick(g, SECOND_US);
    pm_look(g, NULL, 0, 1500);
    view_account(g->d, LIVE, &v);
    assert_int_equal(v.cash.micro, 1500 * DEC_ONE);
    assert_int_equal(v.day_pnl.micro, 0);
    pm_look(g, NULL, 0, 200); /* nor is a withdrawal a loss that pauses the account */
    tick(g, 2 * SECOND_US);
    view_account(g->d, LIVE, &v);
    assert_int_equal(v.day_pnl.micro, 0);
    assert_false(v.day_paused);
}

static void claimed_winnings_settle_the_position(void **state) {
    struct rig *g = *state;
    struct rec *yes = pm_buy(g, SIDE_YES, 10, 0.50, "t1", FILL_FINAL), *no = pm_buy(g, SIDE_NO, 10, 0.50, "t2", FILL_FINAL);
    struct event ev = live_event(EVENT_MARKET_STATUS);
    protect(g, yes, PX(0.40), PRICE(0));
    fx_clear(g);
    ev.u.market_status = (struct ev_market_status){pm_id(), MARKET_RESOLVED, OUTCOME_YES, {0}};
    put(g, &ev);
    assert_int_equal(alarms(g), 0); /* nothing is unprotected that is decided */
    struct view_account v;
    view_account(g->d, LIVE, &v);
    assert_int_equal(v.equity.micro, 1000 * DEC_ONE); /* 990 and 10 to be claimed */
    assert_int_equal(v.exposure.micro, 0);
    struct intent in = want(g, INTENT_FLATTEN);
    in.account = LIVE;
    send_intent(g, &in);
    assert_int_equal(last_reply(g), ERR_OK); /* there is nothing to sell */
    tick(g, 30 * SECOND_US);
    fx_clear(g);
    pm_look(g, NULL, 0, 1000);
    assert_int_equal(row_of(g, yes->o.id)->pos.close_trigger, CLOSE_RESOLVED);
    assert_int_equal(yes->o.pos.exit_price.micro, DEC_ONE);
    assert_int_equal(no->o.pos.exit_price.micro, 0);
    assert_int_equal(cash_of(g).micro, 1000 * DEC_ONE);
    assert_int_equal(alarms(g), 0);
    audit_clean(g);
}

static void an_unfinished_answer_counts_for_nothing(void **state) {
    struct rig *g = *state;
    struct rec *pos = pm_buy(g, SIDE_YES, 10, 0.50, "t1", FILL_FINAL);
    tick(g, 30 * SECOND_US);
    struct acct *a = acct_find(g->d, LIVE);
    recon_need(g->d, a);
    rig_drain(g);
    for (int i = 0; i < 3; i++) {
        if (a->asking)
            pm_answer(g, NULL, 0, 1000, false);
        tick(g, 3 * SECOND_US);
    }
    assert_false(a->reconciled);
    assert_int_equal(pos->o.pos.open.micro, SZ(10).micro);
    assert_null(pm_place(g, SIDE_YES, ACTION_BUY, 10, 0.5));
    assert_int_equal(last_reply(g), ERR_RECONCILING);
}

static void an_account_without_its_venue_holds_nothing_up(void **state) {
    struct rig *g = *state;
    struct event ev = live_event(EVENT_ACCOUNT);
    ev.u.account = (struct account){.id = 5, .venue = VENUE_KALSHI, .live = 1, .name = "old"};
    put(g, &ev);
    struct view_status v;
    view_status(g->d, &v);
    assert_int_equal(v.stage, START_LIVE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        LIVE_TEST(ids_are_known_before_it_is_sent), LIVE_TEST(one_that_was_never_acknowledged_is_not_after_a_restart), LIVE_TEST(what_can_not_be_prepared_is_refused_and_never_sent),
        LIVE_TEST(a_delayed_order_is_cancelled_when_it_is_let_go), LIVE_TEST(a_delayed_order_is_asked_about), LIVE_TEST(real_money_waits_for_its_name),
        LIVE_TEST(not_live_lets_exits_and_cancels_pass), LIVE_TEST(going_not_live_before_the_commit_sends_nothing), LIVE_TEST(live_survives_a_restart_under_its_name_only),
        LIVE_TEST(simulation_forbids_it_altogether), LIVE_TEST(a_sniper_waits_while_its_account_is_not_live), LIVE_TEST(funds_claims_and_health_are_shown),
        LIVE_TEST(a_wanted_market_is_asked_for), LIVE_TEST(an_account_begins_with_what_it_has), LIVE_TEST(an_account_is_stored_before_its_first_order), LIVE_TEST(each_side_is_compared_by_itself),
        LIVE_TEST(what_is_not_settled_is_not_adjusted), LIVE_TEST(a_deposit_is_no_gain_of_the_day), LIVE_TEST(claimed_winnings_settle_the_position),
        LIVE_TEST(an_unfinished_answer_counts_for_nothing), LIVE_TEST(an_account_without_its_venue_holds_nothing_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
