/* Models in the desk: the schedule, the lives of runs and their token, what models may, exit plans that are enforced. */
#include "desk_rig.h"

#define MODEL 7
#define MINUTE (60 * SECOND_US)
#define INTERVAL_S 300

/* The rig's account is the model's; account 2 is a person's. */
static struct event model_event(model_id id, account_id account) {
    struct event ev = ev_of(EVENT_MODEL);
    struct model *m = &ev.u.model.model;
    *m = (struct model){.id = id, .account = account, .enabled = 1, .interval_s = INTERVAL_S};
    agent_limits_default(&m->limits);
    m->limits.min_confidence = m->limits.full_confidence = 0;
    m->limits.cooldown = 0;
    m->limits.max_risk = 1000000;
    m->limits.min_cash = 0;
    snprintf(m->name, sizeof m->name, "model-%u", id);
    snprintf(m->variant, sizeof m->variant, "Apex");
    return ev;
}

static int setup(void **state) {
    rig_setup(state);
    struct rig *g = *state;
    struct event ev = ev_of(EVENT_ACCOUNT);
    ev.u.account = (struct account){.id = 2, .venue = VENUE_SIM, .initial = USD(10000 * DEC_ONE)};
    str_copy(ev.u.account.name, sizeof ev.u.account.name, "person");
    put(g, &ev);
    ev = model_event(MODEL, ACCOUNT);
    put(g, &ev);
    fx_clear(g);
    return 0;
}

static struct view_model model(struct rig *g) {
    struct view_model vm;
    assert_true(view_model(g->d, MODEL, &vm));
    return vm;
}

static run_id start(struct rig *g) {
    books(g);
    tick(g, 250000);
    assert_true(model(g).run != 0);
    return model(g).run;
}

static void end_run(struct rig *g, run_id run, enum run_status status, int64_t cost_micro) {
    struct event ev = ev_of(EVENT_RUN_END);
    ev.u.run_end = (struct ev_run_end){.run = run, .model = MODEL, .status = status, .reason = status == RUN_OK ? ERR_OK : ERR_PROVIDER, .tokens_in = 100, .tokens_out = 10, .cost = USD(cost_micro)};
    put(g, &ev);
}

static struct intent agent_intent(struct rig *g, run_id run, double size, double stop, double target) {
    struct intent in = limit_intent(g, g->perp, SIDE_LONG, ACTION_BUY, size, 0);
    in.source = SOURCE_AGENT;
    in.link = run;
    in.flags = INTENT_PLAN;
    in.confidence = 90;
    in.stop = PX(stop);
    in.target = PX(target);
    in.leverage = 1;
    in.tif = TIF_IOC;
    return in;
}

static enum err result(struct rig *g, const struct intent *in) {
    fx_clear(g);
    send_intent(g, in);
    const struct effect *e = fx_last(g, FX_REPLY);
    return e ? (enum err)e->u.reply.result : ERR_OK;
}

static struct rec *agent_position(struct rig *g, run_id run) {
    struct intent in = agent_intent(g, run, 1, 95, 110);
    assert_int_equal(result(g, &in), ERR_OK);
    struct rec *r = newest(g);
    ack(g, r);
    char trade[32];
    snprintf(trade, sizeof trade, "t%llu", (unsigned long long)r->o.id);
    fill(g, r, trade, 1, 100.1);
    assert_true(r->is_pos);
    return r;
}

/* --- schedule --- */
static void first_run_at_once_then_every_interval(void **state) {
    struct rig *g = *state;
    run_id first = start(g);
    assert_int_equal(fx_count(g, FX_RUN), 1);
    const struct fx_run *fx = &fx_last(g, FX_RUN)->u.run;
    assert_int_equal(fx->run, first);
    assert_int_equal(fx->deadline_us - g->now, 9 * MINUTE);
    end_run(g, first, RUN_OK, 0);
    assert_int_equal(model(g).m->runs, 1);
    assert_int_equal(model(g).m->total_minutes, 5);
    fx_clear(g);
    tick(g, (INTERVAL_S - 1) * SECOND_US);
    assert_int_equal(fx_count(g, FX_RUN), 0);
    tick(g, 2 * SECOND_US);
    assert_int_equal(fx_count(g, FX_RUN), 1);
}

static void overlap_is_skipped_and_counted(void **state) {
    struct rig *g = *state;
    run_id run = start(g);
    tick(g, INTERVAL_S * SECOND_US);
    assert_int_equal(model(g).run, run);
    assert_int_equal(model(g).m->skipped_runs, 1);
    end_run(g, run, RUN_OK, 0);
    assert_int_equal(model(g).run, 0);
}

static void missed_times_coalesce(void **state) {
    struct rig *g = *state;
    end_run(g, start(g), RUN_OK, 0);
    fx_clear(g);
    tick(g, 5LL * 3600 * SECOND_US); /* the machine slept */
    books(g);
    tick(g, 250000);
    assert_int_equal(fx_count(g, FX_RUN), 1);
    assert_true(model(g).m->next_run_us > g->now && model(g).m->next_run_us <= g->now + INTERVAL_S * SECOND_US);
}

static void a_time_far_in_the_future_is_a_clock_that_jumped(void **state) {
    struct rig *g = *state;
    end_run(g, start(g), RUN_OK, 0);
    mdl_find(g->d, MODEL)->m.next_run_us = g->now + 30LL * 86400 * SECOND_US;
    fx_clear(g);
    tick(g, SECOND_US);
    assert_int_equal(fx_count(g, FX_RUN), 1);
}

static void failures_are_failures(void **state) {
    struct rig *g = *state;
    struct view_schedule s;
    end_run(g, start(g), RUN_FAILED, 0);
    assert_int_equal(model(g).m->runs, 0);
    assert_int_equal(model(g).m->failed_runs, 1);
    view_schedule(g->d, &s);
    assert_false(s.healthy);
    assert_int_equal(s.failed_cycles, 1);
    assert_true(s.reason[0] != 0);
    tick(g, INTERVAL_S * SECOND_US);
    end_run(g, model(g).run, RUN_OK, 0);
    view_schedule(g->d, &s);
    assert_true(s.healthy);
    assert_int_equal(s.last_success_us, g->now);
}

static void budget_of_the_day(void **state) {
    struct rig *g = *state;
    struct event ev = model_event(MODEL, ACCOUNT);
    ev.u.model.model.budget_day = USD(500000);
    put(g, &ev);
    end_run(g, start(g), RUN_OK, 500000);
    fx_clear(g);
    tick(g, INTERVAL_S * SECOND_US);
    assert_int_equal(fx_count(g, FX_RUN), 0);
    assert_non_null(strstr(model(g).m->reason, "budget"));
    tick(g, 86400LL * SECOND_US); /* another day */
    books(g);
    tick(g, 250000);
    assert_int_equal(fx_count(g, FX_RUN), 1);
}

/* --- the token --- */
static void a_run_that_timed_out_trades_no_more(void **state) {
    struct rig *g = *state;
    run_id run = start(g);
    tick(g, 9 * MINUTE + SECOND_US);
    assert_int_equal(fx_count(g, FX_RUN_STOP), 1);
    assert_int_equal(fx_last(g, FX_RUN_STOP)->u.run_stop.status, RUN_TIMEOUT);
    assert_int_equal(model(g).m->failed_runs, 1);
    books(g);
    struct intent in = agent_intent(g, run, 1, 95, 110);
    assert_int_equal(result(g, &in), ERR_RUN_OVER);
    end_run(g, run, RUN_OK, 70000); /* late: what it cost counts, nothing else */
    end_run(g, run, RUN_OK, 70000);
    assert_int_equal(model(g).m->cost_total.micro, 70000);
    assert_int_equal(model(g).m->runs, 0);
}

static void checked_again_before_sending(void **state) {
    struct rig *g = *state;
    run_id run = start(g);
    struct intent in = agent_intent(g, run, 1, 95, 110);
    g->hold_saves = true;
    send_intent(g, &in);
    struct rec *r = newest(g);
    uint64_t seq = fx_last(g, FX_SAVE)->u.save.seq;
    struct intent pause = want(g, INTENT_MODEL_PAUSE);
    pause.order = MODEL;
    send_intent(g, &pause);
    fx_clear(g);
    saved_result(g, seq, ERR_OK, false);
    assert_int_equal(fx_count(g, FX_PLACE), 0);
    assert_int_equal(r->o.state, STATE_FAILED);
    assert_int_equal(r->o.reason, ERR_RUN_OVER);
}

static void nobody_elses_account_or_position(void **state) {
    struct rig *g = *state;
    struct rec *person = NULL;
    struct intent by_hand = limit_intent(g, g->perp, SIDE_LONG, ACTION_BUY, 1, 0);
    by_hand.account = 2;
    send_intent(g, &by_hand);
    person = newest(g);
    ack(g, person);
    fill(g, person, "person", 1, 100.1);
    run_id run = start(g);
    struct intent in = agent_intent(g, run, 1, 95, 110);
    in.account = 2;
    assert_int_equal(result(g, &in), ERR_NOT_FOUND);
    in = want(g, INTENT_CLOSE);
    in.order = person->o.id;
    in.source = SOURCE_AGENT;
    in.link = run;
    assert_int_equal(result(g, &in), ERR_NOT_FOUND);
    in.kind = INTENT_PROTECT;
    in.stop = PX(1);
    assert_int_equal(result(g, &in), ERR_NOT_FOUND);
    in = want(g, INTENT_UNKILL);
    in.source = SOURCE_AGENT;
    in.link = run;
    assert_int_equal(result(g, &in), ERR_UNSUPPORTED);
    in.kind = INTENT_FLATTEN;
    assert_int_equal(result(g, &in), ERR_UNSUPPORTED);
    in = agent_intent(g, 0, 1, 95, 110);
    assert_int_equal(result(g, &in), ERR_RUN_OVER);
    in = agent_intent(g, run + 1, 1, 95, 110);
    assert_int_equal(result(g, &in), ERR_RUN_OVER);
    assert_true(person->is_pos);
}

static void pausing_stops_and_stays(void **state) {
    struct rig *g = *state;
    run_id run = start(g);
    struct intent in = want(g, INTENT_MODEL_PAUSE);
    in.order = MODEL;
    assert_int_equal(result(g, &in), ERR_OK);
    assert_int_equal(fx_count(g, FX_RUN_STOP), 1);
    assert_int_equal(model(g).state, MODEL_PAUSED);
    assert_int_equal(model(g).m->failed_runs, 0); /* a pause is no failure */
    tick(g, 2 * INTERVAL_S * SECOND_US);
    assert_int_equal(model(g).run, 0);
    in = want(g, INTENT_MODEL_RUN);
    in.order = MODEL;
    assert_int_equal(result(g, &in), ERR_NOT_OPEN);
    in.kind = INTENT_MODEL_RESUME;
    assert_int_equal(result(g, &in), ERR_OK);
    books(g);
    tick(g, SECOND_US);
    assert_true(model(g).run != 0 && model(g).run != run);
    in.kind = INTENT_MODEL_RUN;
    assert_int_equal(result(g, &in), ERR_DUPLICATE);
}

static void the_kill_switch_stops_models(void **state) {
    struct rig *g = *state;
    start(g);
    struct intent in = want(g, INTENT_KILL);
    send_intent(g, &in);
    tick(g, 250000);
    assert_int_equal(model(g).run, 0);
    tick(g, INTERVAL_S * SECOND_US);
    assert_int_equal(model(g).run, 0);
}

/* --- exit plans --- */
static void plans_of_models_are_enforced(void **state) {
    struct rig *g = *state;
    run_id run = start(g);
    struct intent in = agent_intent(g, run, 1, 95, 110);
    in.invalidation_price = PX(97);
    in.time_exit_us = g->now + 60 * MINUTE;
    str_copy(in.invalidation, sizeof in.invalidation, "a close below 97");
    assert_int_equal(result(g, &in), ERR_OK);
    struct rec *r = newest(g);
    ack(g, r);
    fill(g, r, "plan", 1, 100.1);
    assert_int_equal(r->o.pos.plan.confidence, 90);
    assert_string_equal(r->o.pos.plan.invalidation, "a close below 97");
    fx_clear(g);
    book(g, g->perp, 97.1, 97.3, 1000);
    assert_int_equal(fx_count(g, FX_PLACE), 0);
    book(g, g->perp, 97.0, 97.2, 1000);
    assert_int_equal(fx_count(g, FX_PLACE), 1);
    struct rec *exit = newest(g);
    assert_int_equal(exit->o.parent, r->o.id);
    ack(g, exit);
    fill(g, exit, "out", 1, 97.0);
    assert_int_equal(r->o.pos.close_trigger, CLOSE_INVALIDATION);
}

static void time_exits_close(void **state) {
    struct rig *g = *state;
    run_id run = start(g);
    struct intent in = agent_intent(g, run, 1, 95, 110);
    in.time_exit_us = g->now + 2 * MINUTE;
    assert_int_equal(result(g, &in), ERR_OK);
    struct rec *r = newest(g);
    ack(g, r);
    fill(g, r, "t", 1, 100.1);
    fx_clear(g);
    tick(g, MINUTE);
    books(g);
    tick(g, SECOND_US);
    assert_int_equal(fx_count(g, FX_PLACE), 0);
    tick(g, MINUTE);
    books(g);
    tick(g, SECOND_US);
    assert_int_equal(fx_count(g, FX_PLACE), 1);
    struct rec *exit = newest(g);
    ack(g, exit);
    fill(g, exit, "out", 1, 99.9);
    assert_int_equal(r->o.pos.close_trigger, CLOSE_TIME);
}

static void only_tighter(void **state) {
    struct rig *g = *state;
    run_id run = start(g);
    struct rec *pos = agent_position(g, run);
    struct intent in = want(g, INTENT_PROTECT);
    in.order = pos->o.id;
    in.source = SOURCE_AGENT;
    in.link = run;
    in.flags = INTENT_PLAN;
    in.confidence = -1;
    in.stop = PX(94.9);
    in.target = PROTECT_KEEP;
    assert_int_equal(result(g, &in), ERR_WIDENS_RISK);
    in.stop = PRICE(0); /* taking it away is widening */
    assert_int_equal(result(g, &in), ERR_WIDENS_RISK);
    in.stop = PX(99.95); /* past the bid */
    assert_int_equal(result(g, &in), ERR_STOP_SIDE);
    in.stop = PX(96);
    in.target = PX(111);
    assert_int_equal(result(g, &in), ERR_WIDENS_RISK);
    in.target = PX(109);
    assert_int_equal(result(g, &in), ERR_OK);
    assert_int_equal(pos->o.pos.plan.stop.micro, PX(96).micro);
    assert_int_equal(pos->o.pos.plan.target.micro, PX(109).micro);
    in.time_exit_us = g->now + 10 * MINUTE;
    in.stop = in.target = PROTECT_KEEP;
    assert_int_equal(result(g, &in), ERR_OK);
    in.time_exit_us = g->now + 20 * MINUTE;
    assert_int_equal(result(g, &in), ERR_WIDENS_RISK);
    in.source = SOURCE_MANUAL; /* a person may */
    in.time_exit_us = 0;
    in.stop = PX(90);
    assert_int_equal(result(g, &in), ERR_OK);
}

static void cooldown_holds_over_a_restart(void **state) {
    struct rig *g = *state;
    struct event ev = model_event(MODEL, ACCOUNT);
    ev.u.model.model.limits.cooldown = 900000;
    put(g, &ev);
    run_id run = start(g);
    struct rec *pos = agent_position(g, run);
    struct intent in = want(g, INTENT_CLOSE);
    in.order = pos->o.id;
    in.source = SOURCE_AGENT;
    in.link = run;
    send_intent(g, &in);
    struct rec *exit = newest(g);
    ack(g, exit);
    fill(g, exit, "closed", 1, 99.9);
    assert_false(pos->is_pos);
    books(g);
    in = agent_intent(g, run, 1, 95, 110);
    assert_int_equal(result(g, &in), ERR_RISK_COOLDOWN);
    g->now += 10 * MINUTE;
    rig_reload(g, 9);
    ev = model_event(MODEL, ACCOUNT);
    ev.u.model.model.limits.cooldown = 900000;
    put(g, &ev);
    put_venue(g, true);
    books(g);
    tick(g, SECOND_US);
    run = model(g).run;
    assert_true(run != 0);
    in = agent_intent(g, run, 1, 95, 110);
    assert_int_equal(result(g, &in), ERR_RISK_COOLDOWN);
    g->now += 6 * MINUTE;
    books(g);
    assert_int_equal(result(g, &in), ERR_OK);
}

/* --- figures behind the rules --- */
static void orders_in_flight_count(void **state) {
    struct rig *g = *state;
    struct event ev = model_event(MODEL, ACCOUNT);
    ev.u.model.model.limits.max_risk = 1000; /* 0.1 % of 10,000: 10 USD */
    put(g, &ev);
    run_id run = start(g);
    struct intent in = agent_intent(g, run, 1.9, 95, 110); /* 1.9 * 5.1 = 9.69 at risk */
    assert_int_equal(result(g, &in), ERR_OK);
    in = agent_intent(g, run, 0.1, 95, 110); /* with the first still at work: 10.2 */
    assert_int_equal(result(g, &in), ERR_RISK_PER_TRADE);
    in.source = SOURCE_MANUAL; /* a person is under the desk's own limits only */
    in.token = ++g->token;
    fx_clear(g);
    send_intent(g, &in);
    assert_true(fx_count(g, FX_PLACE) == 1);
}

static void scaling_in_risks_the_whole(void **state) {
    struct rig *g = *state;
    run_id run = start(g);
    agent_position(g, run);
    struct event ev = model_event(MODEL, ACCOUNT);
    ev.u.model.model.limits.max_risk = 1000;
    put(g, &ev);
    struct intent in = agent_intent(g, run, 1, 95, 110); /* 5.1 of the position and 5.1 more */
    assert_int_equal(result(g, &in), ERR_RISK_PER_TRADE);
    in = agent_intent(g, run, 0.9, 95, 110);
    assert_int_equal(result(g, &in), ERR_OK);
}

static void live_accounts_wait_for_the_switch(void **state) {
    struct rig *g = *state;
    g->d->simulated_only = true;
    acct_find(g->d, 2)->a.live = 1;
    struct intent in = limit_intent(g, g->perp, SIDE_LONG, ACTION_BUY, 1, 0);
    in.account = 2;
    assert_int_equal(result(g, &in), ERR_SIMULATION_ONLY);
    g->d->simulated_only = false;
    assert_int_equal(result(g, &in), ERR_NOT_LIVE);
    struct intent live = want(g, INTENT_LIVE);
    live.account = 2;
    live.order = 1;
    str_copy(live.note, sizeof live.note, acct_find(g->d, 2)->a.name);
    send_intent(g, &live);
    assert_int_equal(last_reply(g), ERR_OK);
    assert_int_equal(result(g, &in), ERR_OK);
}

static void metrics_follow_closed_positions(void **state) {
    struct rig *g = *state;
    run_id run = start(g);
    struct rec *pos = agent_position(g, run);
    struct intent in = want(g, INTENT_CLOSE);
    in.order = pos->o.id;
    send_intent(g, &in);
    struct rec *exit = newest(g);
    ack(g, exit);
    fill(g, exit, "closed", 1, 110.1);
    const struct metrics *m = view_metrics(g->d, ACCOUNT);
    assert_true(metrics_value(m, METRIC_TRADES) == 1 && metrics_value(m, METRIC_TOTAL_PNL) == 10);
    assert_true(metrics_value(m, METRIC_AVG_R) > 1.96 && metrics_value(m, METRIC_AVG_R) < 1.961); /* 10 / 5.1 */
    assert_true(metrics_value(m, METRIC_AVG_CONFIDENCE) == 90);
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, rig_teardown)
    const struct CMUnitTest tests[] = {
        T(first_run_at_once_then_every_interval), T(overlap_is_skipped_and_counted), T(missed_times_coalesce),
        T(a_time_far_in_the_future_is_a_clock_that_jumped), T(failures_are_failures), T(budget_of_the_day),
        T(a_run_that_timed_out_trades_no_more), T(checked_again_before_sending), T(nobody_elses_account_or_position),
        T(pausing_stops_and_stays), T(the_kill_switch_stops_models), T(plans_of_models_are_enforced), T(time_exits_close),
        T(only_tighter), T(cooldown_holds_over_a_restart), T(orders_in_flight_count), T(scaling_in_risks_the_whole),
        T(live_accounts_wait_for_the_switch), T(metrics_follow_closed_positions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
