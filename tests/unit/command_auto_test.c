/* Commands of automations: what they yield, what they refuse and how they say it, what the sentences say, a dry-run's counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "support/fake_view.h"
#include "turret/trade/replay.h"
#include "turret/ui/columns.h"
#include "turret/ui/command.h"
#include "ui/reads_as.h"

#define DAY_US 86400000000LL

static struct command_result run(const char *line) {
    struct command_result r = {0};
    const struct command_ctx ctx = {.view = fake_desk(), .now_us = FAKE_NOW};
    command_run_line(&ctx, line, &r);
    return r;
}

static struct intent yields(const char *line, enum intent_kind kind) {
    struct command_result r = run(line);
    if (!r.has_intent)
        fail_msg("%s: %s", line, r.text);
    assert_int_equal(r.err, ERR_OK);
    assert_int_equal(r.intent.kind, kind);
    assert_true(r.reads_as[0]);
    return r.intent;
}

static void refuses(const char *line, enum err e, const char *says) {
    struct command_result r = run(line);
    if (r.has_intent || r.err != e || !strstr(r.text, says))
        fail_msg("%s: got %s \"%s\", wanted %s \"%s\"", line, err_name(r.err), r.text, err_name(e), says);
    command_result_free(&r);
}

static void reads(const char *line, const char *says) {
    struct command_result r = run(line);
    if (!strstr(r.reads_as, says))
        fail_msg("%s: reads \"%s\", wanted \"%s\" (%s)", line, r.reads_as, says, r.text);
    command_result_free(&r);
}

static cJSON *data_of(struct command_result *r, const char *line) {
    *r = run(line);
    if (!r->data)
        fail_msg("%s: %s", line, r->text);
    return r->data;
}

static const char *str_at(const cJSON *o, const char *key) {
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);
    return cJSON_IsString(v) ? v->valuestring : "(none)";
}

/* A stored sniper S-7 on NO of BTC-120K, an alert A-8, a copy C-9 of a model, a counter T-10 of a wallet. */
static int scene(void **state) {
    (void)state;
    fake_scene();
    fake_auto.watch[0] = (struct watch){.id = 7, .kind = WATCH_SNIPER, .account = 1, .subject = fake.market[1].id, .figure = FIGURE_ASK, .dir = TRIGGER_AT_OR_BELOW, .side = SIDE_NO,
                                        .action = ACTION_BUY, .level = PRICE(600000), .amount = 300 * DEC_ONE, .hold_ms = 2000, .budget = USD(900 * DEC_ONE), .slippage_e4 = 200,
                                        .flags = WATCH_REPEAT};
    fake_auto.watch[1] = (struct watch){.id = 8, .kind = WATCH_ALERT, .subject = 1, .figure = FIGURE_DAY_PNL, .dir = TRIGGER_AT_OR_BELOW, .level = PRICE(-100 * DEC_ONE), .flags = WATCH_ARMED};
    fake_auto.n_watches = 2;
    fake_model("trend", "baseline", "10000");
    follow_default(&fake_auto.follow[0], FOLLOW_COPY);
    fake_auto.follow[0].id = 9, fake_auto.follow[0].account = 1, fake_auto.follow[0].model = 1, fake_auto.follow[0].fixed = USD(25 * DEC_ONE);
    fake_auto.follow[0].max_position = USD(200 * DEC_ONE);
    follow_default(&fake_auto.follow[1], FOLLOW_COUNTER);
    fake_auto.follow[1].id = 10, fake_auto.follow[1].account = 1, fake_auto.follow[1].enabled = 1;
    str_copy(fake_auto.follow[1].wallet, WALLET_MAX, "0x8f1122334455667788aa21c");
    fake_auto.n_follows = 2;
    return 0;
}

/* --- snipers --- */
static void a_sniper_buys_at_or_below_unless_told_otherwise(void **state) {
    (void)state;
    struct watch w = yields("sniper new BTC-120K no --when ask<=0.60 --amount 50 --hold 2s --depth 300 --max-age 1s --budget 180 --expires 30d --slippage 1.5%", INTENT_WATCH_PUT).u.watch;
    assert_int_equal(w.kind, WATCH_SNIPER);
    assert_int_equal(w.id, 0);
    assert_int_equal(w.subject, fake.market[1].id);
    assert_int_equal(w.side, SIDE_NO);
    assert_int_equal(w.action, ACTION_BUY);
    assert_int_equal(w.figure, FIGURE_ASK);
    assert_int_equal(w.dir, TRIGGER_AT_OR_BELOW);
    assert_int_equal(w.level.micro, 600000);
    assert_int_equal(w.amount, 50 * DEC_ONE);
    assert_int_equal(w.hold_ms, 2000);
    assert_int_equal(w.depth.micro, 300 * DEC_ONE);
    assert_int_equal(w.max_age_ms, 1000);
    assert_int_equal(w.budget.micro, 180 * DEC_ONE);
    assert_int_equal(w.expires_us, FAKE_NOW + 30 * DAY_US);
    assert_int_equal(w.slippage_e4, 150);
    assert_int_equal(w.flags, 0); /* off, in USD, once */
    w = yields("sniper new ETH-PERP --when 3100 --size 0.5", INTENT_WATCH_PUT).u.watch;
    assert_int_equal(w.side, SIDE_LONG);
    assert_int_equal(w.figure, FIGURE_ASK);
    assert_int_equal(w.dir, TRIGGER_AT_OR_BELOW);
    assert_int_equal(w.flags, WATCH_UNITS);
    assert_int_equal(w.slippage_e4, WATCH_SLIPPAGE_DEFAULT);
    w = yields("sniper new ETH-PERP --when \"mark >= 3,400\" --size 0.5 --repeat --keep", INTENT_WATCH_PUT).u.watch;
    assert_int_equal(w.figure, FIGURE_MARK);
    assert_int_equal(w.dir, TRIGGER_AT_OR_ABOVE);
    assert_int_equal(w.level.micro, 3400 * DEC_ONE);
    assert_int_equal(w.flags, WATCH_UNITS | WATCH_REPEAT | WATCH_KEEP);
}

static void a_sale_watches_the_bid_and_only_reduces(void **state) {
    (void)state;
    struct watch w = yields("sniper new FED-DEC yes --when 55c --size 250 --sell", INTENT_WATCH_PUT).u.watch;
    assert_int_equal(w.action, ACTION_SELL);
    assert_int_equal(w.figure, FIGURE_BID);
    assert_int_equal(w.dir, TRIGGER_AT_OR_ABOVE);
    assert_int_equal(w.level.micro, 550000);
    assert_true(w.flags & WATCH_REDUCE_ONLY);
    w = yields("sniper new ETH-PERP --when bid<=3000 --size 0.8 --sell", INTENT_WATCH_PUT).u.watch;
    assert_int_equal(w.side, SIDE_LONG); /* a long is held */
    assert_true(w.flags & WATCH_REDUCE_ONLY);
    fake_market(MARKET_PERP, "SOL-PERP", "SOL perpetual");
    w = yields("sniper new SOL-PERP --when bid<=140 --size 2 --sell", INTENT_WATCH_PUT).u.watch;
    assert_int_equal(w.side, SIDE_SHORT); /* none is: it opens a short */
    assert_false(w.flags & WATCH_REDUCE_ONLY);
    w = yields("sniper new SOL-PERP short --when 160 --size 2", INTENT_WATCH_PUT).u.watch;
    assert_int_equal(w.action, ACTION_SELL);
    assert_int_equal(w.dir, TRIGGER_AT_OR_ABOVE);
}

static void wrong_snipers_are_named_with_what_is_right(void **state) {
    (void)state;
    refuses("sniper new FED-DEC --amount 50", ERR_USAGE, "--when is missing");
    refuses("sniper new FED-DEC --when 0.4", ERR_USAGE, "--amount USD or --size N");
    refuses("sniper new FED-DEC --when 0.4 --amount 50 --size 10", ERR_USAGE, "not both");
    refuses("sniper new FED-DEC --when 1.2 --amount 50", ERR_PRICE_OUT_OF_RANGE, "47c");
    refuses("sniper new FED-DEC --when asc<=0.4 --amount 50", ERR_USAGE, "did you mean ask");
    refuses("sniper new FED-DEC --when equity<=0.4 --amount 50", ERR_USAGE, "alert new");
    refuses("sniper new FED-DEC --when ask<= --amount 50", ERR_USAGE, "no level");
    refuses("sniper new FED-DEC long --when 0.4 --amount 50", ERR_USAGE, "yes and no");
    refuses("sniper new FED-DEC --when 0.4 --amount 50 --slippage 200%", ERR_BAD_VALUE, "100%");
    refuses("sniper new FED-DEC --when 0.4 --amount 50 --slippage x", ERR_BAD_VALUE, "0.5%");
    refuses("sniper new FED-DEC --when 0.4 --amount 50 --expires 2020-01-01", ERR_BAD_VALUE, "over already");
    refuses("sniper new FED-DEC --when 0.4 --amount 50 --expires 2026-02-30", ERR_BAD_VALUE, "2026-12-31");
    refuses("sniper new FED-DEC --when 0.4 --amount 50 --budget 20", ERR_BAD_VALUE, "smaller than one firing");
    refuses("sniper new FED-DEC --when 0.4 --amount 50 --oco S-99", ERR_NOT_FOUND, "no sniper S-99");
    refuses("sniper new FED-DEC --when 0.4 --amount 50 --hodl 2s", ERR_USAGE, "did you mean --hold");
    refuses("sniper new FED-DEC --when 0.4 --size 1.5", ERR_LOT_SIZE, "lot");
    refuses("sniper mew FED-DEC", ERR_USAGE, "did you mean new");
    refuses("sniper arm S-7 --amount 5", ERR_USAGE, "takes no --amount");
    refuses("sniper arm", ERR_USAGE, "argument is missing");
    refuses("sniper arm A-8", ERR_BAD_VALUE, "S-7");
    refuses("sniper arm 8", ERR_NOT_FOUND, "no sniper S-8"); /* that is an alert */
    refuses("sniper disarm 7", ERR_NOT_OPEN, "off already");
    refuses("sniper edit 7", ERR_USAGE, "what changes");
    refuses("sniper edit 7 --oco 7", ERR_BAD_VALUE, "itself");
}

static void edits_change_only_what_is_named_and_disarm(void **state) {
    (void)state;
    fake_auto.watch[0].flags |= WATCH_ARMED;
    struct intent in = yields("sniper edit S-7 --when ask<=0.58 --once", INTENT_WATCH_PUT);
    assert_int_equal(in.u.watch.id, 7);
    assert_int_equal(in.u.watch.level.micro, 580000);
    assert_int_equal(in.u.watch.hold_ms, 2000);
    assert_int_equal(in.u.watch.budget.micro, 900 * DEC_ONE);
    assert_int_equal(in.u.watch.flags, 0);
    in = yields("sniper edit 7 --hold none --budget none", INTENT_WATCH_PUT);
    assert_int_equal(in.u.watch.hold_ms, 0);
    assert_int_equal(in.u.watch.budget.micro, 0);
    in = yields("sniper edit 7 --sell --when bid>=0.7", INTENT_WATCH_PUT);
    assert_int_equal(in.u.watch.action, ACTION_SELL);
    assert_true(in.u.watch.flags & WATCH_REDUCE_ONLY);
    refuses("sniper edit 7 --sell --buy", ERR_USAGE, "contradict");
    fake_auto.watch[0].status = WATCH_FILLED;
    refuses("sniper edit 7 --once", ERR_NOT_OPEN, "FILLED");
    refuses("sniper arm 7", ERR_NOT_OPEN, "FILLED");
}

static void what_spends_money_asks_and_what_stops_it_does_not(void **state) {
    (void)state;
    struct intent in = yields("sniper arm s-7", INTENT_WATCH_ARM);
    assert_int_equal(in.order, 7);
    assert_true(intent_asks(&in));
    fake_auto.watch[0].flags |= WATCH_ARMED;
    in = yields("sniper disarm 7", INTENT_WATCH_DISARM);
    assert_false(intent_asks(&in));
    in = yields("sniper new FED-DEC --when 0.4 --amount 50", INTENT_WATCH_PUT);
    assert_false(intent_asks(&in)); /* it is off */
    in = yields("alert disarm A-8", INTENT_WATCH_DISARM);
    assert_false(intent_asks(&in));
    in = yields("alert delete A-8", INTENT_WATCH_CANCEL);
    assert_false(intent_asks(&in));
    in = yields("copy on C-9", INTENT_FOLLOW_ON);
    assert_true(intent_asks(&in));
    in = yields("counter off 10", INTENT_FOLLOW_OFF);
    assert_false(intent_asks(&in));
    in = yields("counter edit 10 --multiplier 2", INTENT_FOLLOW_PUT);
    assert_true(intent_asks(&in)); /* it goes on with that */
    in = yields("copy edit 9 --size 50", INTENT_FOLLOW_PUT);
    assert_false(intent_asks(&in)); /* it is off */
    in = yields("trading active", INTENT_TRADING_STATE);
    assert_true(intent_asks(&in));
    in = yields("trading halted storm ahead", INTENT_TRADING_STATE);
    assert_false(intent_asks(&in));
    assert_string_equal(in.note, "storm ahead");
    in = yields("trading halted \"a\x1b[31mred\"", INTENT_TRADING_STATE);
    assert_null(strchr(in.note, '\x1b'));
}

static void snipers_read_as_what_they_do(void **state) {
    (void)state;
    char text[READS_AS_MAX];
    watch_reads_as(fake_desk(), &fake_auto.watch[0], text, sizeof text);
    assert_string_equal(text, "when NO of \"BTC > 120k by Dec 31\" can be bought at 60c or less for 2s, buy 300.00 USD of NO at no more than 2% above that, again each time it comes "
                              "back, never over 900.00 USD in all");
    reads("sniper arm 7", "ARM S-7: when NO of");
    reads("sniper new FED-DEC yes --when 55c --size 250 --sell --slippage 0", "can be sold at 55c or more, sell 250 YES at that or more, once, only to reduce");
    reads("sniper new ETH-PERP short --when 3400 --size 0.5 --expires 2026-12-31", "sell short 0.500 at no less than 2% below that, once, until 2026-12-31 00:00 UTC");
    reads("alert new account main \"day<=-100\"", "NEW alert: when today's P&L of account main is -100.00 USD or less, tell, once");
    /* the longest there is still fits, whole */
    memset(fake.market[0].title, 'x', sizeof fake.market[0].title - 1);
    struct command_result r = run("sniper new FED-DEC no --when ask<=0.60 --amount 123456789.12 --slippage 1.25% --hold 90s --depth 123456 --max-age 500ms --budget 987654321.12 "
                                  "--expires 2026-12-31T23:59 --repeat --reduce-only --keep --oco 7");
    assert_non_null(strstr(r.reads_as, "then cancel S-7, until 2026-12-31 23:59 UTC"));
}

static void answers_name_the_number_and_the_next_step(void **state) {
    (void)state;
    char text[600];
    struct intent in = yields("sniper new FED-DEC --when 0.4 --amount 50", INTENT_WATCH_PUT);
    struct intent_brief b = intent_brief_of(fake_desk(), &in);
    intent_done_text(&b, 12, "NEW sniper: x", text, sizeof text);
    assert_string_equal(text, "S-12: NEW sniper: x (`sniper arm S-12` arms it)");
    in = yields("counter new 0xab --multiplier 0.5", INTENT_FOLLOW_PUT);
    b = intent_brief_of(fake_desk(), &in);
    intent_done_text(&b, 13, "NEW counter: x", text, sizeof text);
    assert_string_equal(text, "T-13: NEW counter: x (`counter on T-13` switches it on)");
    in = yields("sniper arm 7", INTENT_WATCH_ARM);
    b = intent_brief_of(fake_desk(), &in);
    intent_done_text(&b, 7, "ARM S-7: x", text, sizeof text);
    assert_string_equal(text, "ARM S-7: x");
    intent_done_line(&b, 7, text, sizeof text);
    assert_string_equal(text, "S-7 is armed");
    const struct intent off = {.kind = INTENT_WATCH_DISARM, .order = 8}; /* as a key sends it: only the number says that it is an alert */
    b = intent_brief_of(fake_desk(), &off);
    intent_done_line(&b, 8, text, sizeof text);
    assert_string_equal(text, "A-8 is off");
}

static void arming_what_is_there_already_says_so(void **state) {
    (void)state;
    fake_auto.live[0] = (struct view_watch){.known = true, .distance = 0};
    reads("sniper arm 7", "IT IS THERE NOW: it may fire at once");
    fake_auto.live[0].distance = 10000;
    assert_null(strstr(run("sniper arm 7").reads_as, "THERE NOW"));
}

/* --- alerts --- */
static void alerts_watch_every_kind_of_subject(void **state) {
    (void)state;
    struct watch w = yields("alert new ETH-PERP \"mark>=70000\"", INTENT_WATCH_PUT).u.watch;
    assert_int_equal(w.kind, WATCH_ALERT);
    assert_true(w.flags & WATCH_ARMED);
    assert_int_equal(w.level.micro, 70000 * DEC_ONE);
    w = yields("alert new FED-DEC no ask<=40c --repeat", INTENT_WATCH_PUT).u.watch;
    assert_int_equal(w.side, SIDE_NO);
    assert_true(w.flags & WATCH_REPEAT);
    w = yields("alert new account main day<=-100", INTENT_WATCH_PUT).u.watch;
    assert_int_equal(w.subject, 1);
    assert_int_equal(w.level.micro, -100 * DEC_ONE);
    w = yields("alert new account main drawdown>=12.5%", INTENT_WATCH_PUT).u.watch;
    assert_int_equal(w.level.micro, 125000); /* ppm */
    w = yields("alert new model trend failures>=3", INTENT_WATCH_PUT).u.watch;
    assert_int_equal(w.subject, 1);
    assert_int_equal(w.level.micro, 3);
    w = yields("alert new venue sim age>=30s", INTENT_WATCH_PUT).u.watch;
    assert_int_equal(w.subject, VENUE_SIM);
    assert_int_equal(w.level.micro, 30000); /* ms */
    w = yields("alert new position 4401 pnl>=50", INTENT_WATCH_PUT).u.watch;
    assert_int_equal(w.subject, 7000);
    refuses("alert new account main mark>=5", ERR_USAGE, "a account has equity, day, drawdown, exposure");
    refuses("alert new account main 5", ERR_USAGE, "<= or >=");
    refuses("alert new account main", ERR_USAGE, "missing");
    refuses("alert new account", ERR_USAGE, "missing");
    refuses("alert new model gpt failures>=3", ERR_NOT_FOUND, "no model");
    refuses("alert new position 99 pnl>=50", ERR_NOT_FOUND, "positions");
    refuses("alert new venue mars age>=1s", ERR_NOT_FOUND, "no venue");
    refuses("alert new model trend failures>=x", ERR_BAD_VALUE, "level");
}

/* --- followed traders --- */
static void a_copy_takes_every_field(void **state) {
    (void)state;
    struct follow f = yields("copy new model trend --size 25 --delay 5s --max-trade 50 --max-position 200 --max-day 1000 --day-loss 100 --trades 6 --positions 3 --slippage 3% "
                             "--categories Crypto,Weather --prob 20-80 --liquidity 500 --exit manual --tp 10% --sl 5% --max-age 2m",
                             INTENT_FOLLOW_PUT).u.follow;
    assert_int_equal(f.kind, FOLLOW_COPY);
    assert_int_equal(f.enabled, 0);
    assert_int_equal(f.model, 1);
    assert_int_equal(f.sizing, SIZING_FIXED);
    assert_int_equal(f.fixed.micro, 25 * DEC_ONE);
    assert_int_equal(f.delay_ms, 5000);
    assert_int_equal(f.max_trade.micro, 50 * DEC_ONE);
    assert_int_equal(f.max_position.micro, 200 * DEC_ONE);
    assert_int_equal(f.max_day.micro, 1000 * DEC_ONE);
    assert_int_equal(f.max_day_loss.micro, 100 * DEC_ONE);
    assert_int_equal(f.max_day_trades, 6);
    assert_int_equal(f.max_positions, 3);
    assert_int_equal(f.slippage_e4, 300);
    assert_string_equal(f.categories, "Crypto,Weather");
    assert_int_equal(f.min_price.micro, 200000);
    assert_int_equal(f.max_price.micro, 800000);
    assert_int_equal(f.min_liquidity.micro, 500 * DEC_ONE);
    assert_int_equal(f.exit, EXIT_MANUAL);
    assert_int_equal(f.target_e4, 1000);
    assert_int_equal(f.stop_e4, 500);
    assert_int_equal(f.max_age_ms, 120000);
}

static void a_counter_inverts_a_wallet(void **state) {
    (void)state;
    struct follow f = yields("counter new 0xABCdef --percent 50 --prob 0.2-0.8", INTENT_FOLLOW_PUT).u.follow;
    assert_int_equal(f.kind, FOLLOW_COUNTER);
    assert_int_equal(f.strategy, FOLLOW_INVERSE);
    assert_string_equal(f.wallet, "0xabcdef");
    assert_int_equal(f.venue, VENUE_SIM);
    assert_int_equal(f.factor, 500000);
    assert_int_equal(f.max_price.micro, 800000);
    f = yields("counter edit T-10 --strategy mirror --multiplier 0.25 --day-loss none --prob any", INTENT_FOLLOW_PUT).u.follow;
    assert_int_equal(f.id, 10);
    assert_int_equal(f.strategy, FOLLOW_MIRROR);
    assert_int_equal(f.factor, 250000);
    refuses("copy new model trend --max-position 200", ERR_USAGE, "how large");
    refuses("copy new model trend --size 25", ERR_BAD_VALUE, "max-position");
    refuses("copy new model trend --size 25 --percent 50 --max-position 9", ERR_USAGE, "one of");
    refuses("copy new model trend --size 25 --max-position 200 --strategy inverse", ERR_BAD_VALUE, "copy mirrors");
    refuses("copy new model gpt --size 25 --max-position 200", ERR_NOT_FOUND, "no model");
    refuses("copy new model", ERR_USAGE, "which one");
    refuses("copy new 0xab extra --size 25 --max-position 200", ERR_USAGE, "too many");
    refuses("counter new 0xab --prob 80-20", ERR_BAD_VALUE, "smaller to the larger");
    refuses("counter new 0xab --exit never", ERR_USAGE, "mirror");
    refuses("counter new 0xab --venue mars", ERR_NOT_FOUND, "no venue");
    refuses("counter new \"0x ab\"", ERR_BAD_VALUE, "one word");
    refuses("counter on C-9", ERR_BAD_VALUE, "T-7");
    refuses("counter on 10", ERR_NOT_OPEN, "on already");
    fake_auto.follow[0].deleted = 1;
    refuses("copy on 9", ERR_NOT_OPEN, "deleted");
}

static void follows_read_as_what_they_do(void **state) {
    (void)state;
    char text[READS_AS_MAX];
    follow_reads_as(fake_desk(), &fake_auto.follow[0], text, sizeof text);
    assert_string_equal(text, "when model trend trades, do the same for 25.00 USD, at most 2% worse than its price, at most 200.00 USD a position; its exits reduce ours");
    follow_reads_as(fake_desk(), &fake_auto.follow[1], text, sizeof text);
    assert_string_equal(text, "when wallet 0x8f1122..a21c trades, take the other side at 1x of its size, at most 2% worse than its price; its exits reduce ours");
}

/* --- exits and routes --- */
static void exits_are_read_and_what_is_not_named_stays(void **state) {
    (void)state;
    struct intent in = yields("protect 4401 --trail 2% --break-even 55c --ladder 0.60:50%,0.70:50% --before-close 1h --time-exit 2h", INTENT_PROTECT);
    assert_true(in.flags & INTENT_RULES);
    assert_true(in.flags & INTENT_PLAN);
    assert_int_equal(in.stop.micro, PROTECT_KEEP.micro);
    assert_int_equal(in.rules.trail_kind, TRAIL_PERCENT);
    assert_int_equal(in.rules.trail, 20000);
    assert_int_equal(in.rules.break_even.micro, 550000);
    assert_int_equal(in.rules.rung_count, 2);
    assert_int_equal(in.rules.rungs[1].level.micro, 700000);
    assert_int_equal(in.rules.rungs[1].part_ppm, 500000);
    assert_int_equal(in.rules.before_close_s, 3600);
    assert_int_equal(in.time_exit_us, FAKE_NOW + 7200000000LL);
    reads("protect 4401 --trail 2c --ladder 60c:25%", " trail 2c ladder 60c:25%");
    fake.order[0].pos.plan.rules = in.rules;
    in = yields("protect 4401 --trail 1.5atr", INTENT_PROTECT);
    assert_int_equal(in.rules.trail_kind, TRAIL_ATR);
    assert_int_equal(in.rules.trail, 1500000);
    assert_int_equal(in.rules.rung_count, 2);
    /* a part that is done does not come again; the other is what it was of the whole */
    fake.order[0].pos.plan.rules.rungs[0].done = 1;
    fake.order[0].pos.plan.ladder_size = QTY(500 * DEC_ONE); /* 250 are open */
    in = yields("protect 4401 --trail none", INTENT_PROTECT);
    assert_int_equal(in.rules.trail_kind, TRAIL_NONE);
    assert_int_equal(in.rules.rung_count, 1);
    assert_int_equal(in.rules.rungs[0].level.micro, 700000);
    assert_int_equal(in.rules.rungs[0].part_ppm, DEC_ONE);
    in = yields("buy FED-DEC 100@0.47 --trail 5c --ladder 0.6:100%", INTENT_PLACE);
    assert_true(in.flags & INTENT_RULES);
    refuses("sell FED-DEC 100@0.5 --trail 5c", ERR_USAGE, "protect");
    refuses("protect 4401 --trail 0%", ERR_BAD_VALUE, "above 0");
    refuses("protect 4401 --ladder 0.6", ERR_USAGE, "PRICE:PERCENT");
    refuses("protect 4401 --ladder 0.6:60%,0.7:50%", ERR_BAD_VALUE, "100%");
    refuses("protect 4401 --ladder 0.7:50%,0.6:50%", ERR_BAD_VALUE, "nearest");
    refuses("protect 4404 --before-close 1h", ERR_UNSUPPORTED, "no date");
}

static void a_linked_market_is_compared_unless_told_otherwise(void **state) {
    (void)state;
    assert_int_equal(yields("buy FED-DEC 10@0.47", INTENT_PLACE).route, ROUTE_HERE);
    struct market *other = fake_market(MARKET_BINARY, "FED-CUT", "Fed cut");
    other->venue = VENUE_KALSHI;
    fake_auto.link[0] = (struct market_link){.id = 3, .a = fake.market[0].id, .b = other->id};
    fake_auto.n_links = 1;
    assert_int_equal(yields("buy FED-DEC 10@0.47", INTENT_PLACE).route, ROUTE_BEST);
    assert_int_equal(yields("buy FED-DEC 10@0.47 --route here", INTENT_PLACE).route, ROUTE_HERE);
    assert_int_equal(yields("buy FED-DEC 10@0.47 --route split", INTENT_PLACE).route, ROUTE_SPLIT);
    assert_int_equal(yields("sell FED-DEC 10@0.47", INTENT_PLACE).route, ROUTE_BEST); /* where the position is */
    refuses("buy FED-DEC 10@0.47 --route cheap", ERR_USAGE, "here, best, split");
    struct intent in = yields("router link FED-DEC FED-CUT --inverted --note \"same event\"", INTENT_LINK_PUT);
    assert_int_equal(in.u.link.inverted, 1);
    assert_string_equal(in.u.link.note, "same event");
    assert_true(intent_asks(&in));
    in = yields("router unlink 3", INTENT_LINK_DELETE);
    assert_false(intent_asks(&in));
    refuses("router unlink 4", ERR_NOT_FOUND, "no link 4");
    refuses("router link FED-DEC CPI-NOV", ERR_BAD_VALUE, "two venues");
    refuses("router link FED-DEC FED-DEC", ERR_BAD_VALUE, "itself");
    refuses("router compare FED-DEC 100", ERR_NOT_FOUND, "router link");
}

static void a_comparison_shows_net_prices_and_reasons(void **state) {
    (void)state;
    struct command_result r;
    fake_auto.route = (struct route){.n = 2, .chosen = 0, .mode = ROUTE_BEST,
                                     .o = {{.market = fake.market[0].id, .average = PRICE(480000), .fee = USD(DEC_ONE), .fillable = QTY(100 * DEC_ONE), .taken = QTY(100 * DEC_ONE)},
                                           {.market = fake.market[1].id, .code = ERR_STALE_BOOK}}};
    const cJSON *rows = data_of(&r, "router compare FED-DEC 100");
    assert_int_equal(cJSON_GetArraySize(rows), 2);
    assert_string_equal(str_at(cJSON_GetArrayItem(rows, 0), "net_price"), "0.49");
    assert_true(cJSON_IsTrue(cJSON_GetObjectItem(cJSON_GetArrayItem(rows, 0), "chosen")));
    assert_false(cJSON_IsTrue(cJSON_GetObjectItem(cJSON_GetArrayItem(rows, 1), "chosen")));
    assert_string_equal(str_at(cJSON_GetArrayItem(rows, 1), "why_not"), err_text(ERR_STALE_BOOK));
    command_result_free(&r);
}

/* --- reading --- */
static void lists_show_what_is_at_work(void **state) {
    (void)state;
    struct command_result r;
    const cJSON *rows = data_of(&r, "sniper list"), *one = cJSON_GetArrayItem(rows, 0);
    assert_int_equal(cJSON_GetArraySize(rows), 1);
    assert_string_equal(str_at(one, "sniper"), "S-7");
    assert_string_equal(str_at(one, "market"), "BTC-120K");
    assert_string_equal(str_at(one, "trigger_price"), "0.6");
    assert_string_equal(str_at(one, "slippage"), "0.02");
    assert_string_equal(str_at(one, "state"), "WATCHING");
    assert_true(cJSON_IsFalse(cJSON_GetObjectItem(one, "armed")));
    command_result_free(&r);
    fake_auto.watch[0].status = WATCH_FILLED;
    assert_int_equal(cJSON_GetArraySize(data_of(&r, "sniper")), 0);
    command_result_free(&r);
    assert_int_equal(cJSON_GetArraySize(data_of(&r, "sniper list --all")), 1);
    command_result_free(&r);
    fake_auto.watch[2] = fake_auto.watch[3] = fake_auto.watch[1]; /* page by page */
    fake_auto.watch[2].id = 11, fake_auto.watch[3].id = 12, fake_auto.n_watches = 4;
    rows = data_of(&r, "alert list --from A-9 --limit 1");
    assert_int_equal(cJSON_GetArraySize(rows), 1);
    assert_string_equal(str_at(cJSON_GetArrayItem(rows, 0), "alert"), "A-11");
    command_result_free(&r);
    fake_auto.n_watches = 2;
    refuses("alert list --limit 0", ERR_BAD_VALUE, "whole number");
    refuses("alert list --from x", ERR_BAD_VALUE, "A-7");
    assert_int_equal(cJSON_GetArraySize(data_of(&r, "alert list")), 1);
    command_result_free(&r);
    assert_string_equal(str_at(cJSON_GetArrayItem(data_of(&r, "copy list"), 0), "follow"), "C-9");
    command_result_free(&r);
    assert_string_equal(str_at(cJSON_GetArrayItem(data_of(&r, "counter list"), 0), "follow"), "T-10");
    command_result_free(&r);
    assert_string_equal(str_at(data_of(&r, "sniper show 7"), "sniper"), "S-7");
    command_result_free(&r);
    assert_string_equal(str_at(data_of(&r, "counter show 10"), "target"), "0x8f1122334455667788aa21c");
    command_result_free(&r);
}

static void history_is_found_by_kind_and_number(void **state) {
    (void)state;
    struct command_result r;
    fake_auto.history[0] = (struct history){.at_us = FAKE_NOW - 1000000, .id = 7, .kind = HISTORY_SNIPER, .market = fake.market[1].id, .what = "fired", .text = "ask 0.6"};
    fake_auto.history[1] = (struct history){.at_us = FAKE_NOW - 2000000, .id = 8, .kind = HISTORY_ALERT, .what = "fired"};
    fake_auto.history[2] = (struct history){.at_us = FAKE_NOW - 3000000, .id = 7000, .kind = HISTORY_EXIT, .what = "ladder"};
    fake_auto.n_history = 3;
    assert_int_equal(cJSON_GetArraySize(data_of(&r, "history")), 3);
    command_result_free(&r);
    const cJSON *rows = data_of(&r, "history S-7");
    assert_int_equal(cJSON_GetArraySize(rows), 1);
    assert_string_equal(str_at(cJSON_GetArrayItem(rows, 0), "id"), "S-7");
    command_result_free(&r);
    assert_int_equal(cJSON_GetArraySize(data_of(&r, "history alert")), 1);
    command_result_free(&r);
    assert_int_equal(cJSON_GetArraySize(data_of(&r, "history exit 4401")), 1); /* the position's number */
    command_result_free(&r);
    assert_int_equal(cJSON_GetArraySize(data_of(&r, "sniper history 7")), 1);
    command_result_free(&r);
    refuses("history nonsense 4", ERR_USAGE, "none of sniper");
    refuses("history X-4", ERR_BAD_VALUE, "S-7, A-7");
}

static void since_counts_what_happened_and_orders_it(void **state) {
    (void)state;
    struct command_result r;
    fake_auto.history[0] = (struct history){.at_us = FAKE_NOW - 1000000, .id = 7, .kind = HISTORY_SNIPER, .what = "fired"};
    fake_auto.history[1] = (struct history){.at_us = FAKE_NOW - 7200000000LL, .id = 7, .kind = HISTORY_SNIPER, .what = "fired"};
    fake_auto.n_history = 2;
    fake_auto.trade[0] = (struct follow_trade){.follow = 9, .status = FOLLOWED_SKIPPED, .seen_us = FAKE_NOW - 60000000, .text = "too late"};
    fake_auto.n_trades = 1;
    fake_auto.refusal[0] = (struct view_refusal){.at_us = FAKE_NOW - 30000000, .code = ERR_STALE_BOOK, .source = SOURCE_SNIPER};
    fake_auto.n_refusals = 1;
    const cJSON *o = data_of(&r, "since 1h"), *events = cJSON_GetObjectItem(o, "events");
    assert_int_equal(cJSON_GetObjectItem(o, "fills")->valueint, 1);
    assert_int_equal(cJSON_GetObjectItem(o, "snipers_fired")->valueint, 1);
    assert_int_equal(cJSON_GetObjectItem(o, "trades_not_followed")->valueint, 1);
    assert_int_equal(cJSON_GetObjectItem(o, "refusals")->valueint, 1);
    assert_int_equal(cJSON_GetArraySize(events), 4);
    assert_string_equal(str_at(cJSON_GetArrayItem(events, 0), "what"), "S-7 fired");
    assert_string_equal(str_at(cJSON_GetArrayItem(events, 3), "what"), "C-9 skipped: too late");
    command_result_free(&r);
    data_of(&r, "pnl --since 10s");
    assert_int_equal(cJSON_GetObjectItem(r.data, "fills")->valueint, 0);
    command_result_free(&r);
    refuses("since tomorrow", ERR_BAD_VALUE, "24h");
    refuses("since 2031-01-01", ERR_BAD_VALUE, "still to come");
}

static void days_know_the_cost_of_models_only_where_it_is_known(void **state) {
    (void)state;
    struct command_result r;
    const int32_t today = (int32_t)(FAKE_NOW / DAY_US);
    fake.model[0].cost_day = USD(1250000);
    fake.day[0] = (struct view_day){.day = today, .realized = USD(120 * DEC_ONE), .fees = USD(2100000)};
    fake.day[1] = (struct view_day){.day = today - 1, .realized = USD(-DEC_ONE)};
    fake.n_days = 2;
    const cJSON *rows = data_of(&r, "pnl --days --account trend");
    assert_int_equal(cJSON_GetArraySize(rows), 2);
    assert_string_equal(str_at(cJSON_GetArrayItem(rows, 0), "llm_cost"), "1.25");
    assert_true(cJSON_IsNull(cJSON_GetObjectItem(cJSON_GetArrayItem(rows, 1), "llm_cost"))); /* no run of then is in memory */
    command_result_free(&r);
    rows = data_of(&r, "pnl --days 1 --account all"); /* both accounts, in one row a day */
    assert_int_equal(cJSON_GetArraySize(rows), 1);
    assert_string_equal(str_at(cJSON_GetArrayItem(rows, 0), "realized"), "240.00");
    command_result_free(&r);
    rows = data_of(&r, "pnl --day 2026-11-19"); /* from the fills: none on that day */
    assert_int_equal(cJSON_GetArraySize(rows), 0);
    command_result_free(&r);
    refuses("pnl 5", ERR_USAGE, "--days");
    refuses("pnl --day 2026-13-01", ERR_BAD_VALUE, "no day");
}

static void notes_are_written_shown_and_removed(void **state) {
    (void)state;
    struct command_result r;
    struct intent in = yields("note 4405 waits for the Fed", INTENT_REMARK);
    assert_int_equal(in.u.remark.kind, REMARK_ORDER);
    assert_int_equal(in.u.remark.subject, 7004);
    assert_string_equal(in.u.remark.text, "waits for the Fed");
    assert_false(intent_asks(&in));
    in = yields("note 2026-11-19 bad day", INTENT_REMARK);
    assert_int_equal(in.u.remark.kind, REMARK_DAY);
    assert_int_equal(in.u.remark.subject, 20776);
    in = yields("note yesterday x", INTENT_REMARK);
    assert_int_equal(in.u.remark.subject, 20776);
    in = yields("note 4405 --remove", INTENT_REMARK);
    assert_string_equal(in.u.remark.text, "");
    refuses("note 4405", ERR_NOT_FOUND, "no note");
    refuses("note 99 x", ERR_NOT_FOUND, "no order");
    refuses("note 4405 x --remove", ERR_USAGE, "not both");
    in = yields("note 4405 \"a\x1b[31mred\"", INTENT_REMARK);
    assert_null(strchr(in.u.remark.text, '\x1b'));
    char line[400];
    snprintf(line, sizeof line, "note 4405 %0300d", 7);
    refuses(line, ERR_BAD_VALUE, "at most");
    fake_auto.remark[0] = (struct remark){.subject = 7004, .kind = REMARK_ORDER, .text = "kept"};
    fake_auto.n_remarks = 1;
    assert_string_equal(str_at(data_of(&r, "note 4405"), "text"), "kept");
    command_result_free(&r);
    assert_int_equal(cJSON_GetArraySize(data_of(&r, "notes")), 1);
    command_result_free(&r);
}

static void risk_shows_state_limits_and_refusals(void **state) {
    (void)state;
    struct command_result r;
    fake.status.trading = TRADING_REDUCING;
    fake_auto.refusal[0] = (struct view_refusal){.at_us = FAKE_NOW, .code = ERR_KILLED, .source = SOURCE_MANUAL, .account = 1};
    fake_auto.n_refusals = 1;
    const cJSON *o = data_of(&r, "risk");
    assert_string_equal(str_at(o, "trading"), "reducing");
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(o, "refusals")), 1);
    assert_true(cJSON_GetArraySize(cJSON_GetObjectItem(o, "limits")) >= 14);
    command_result_free(&r);
    refuses("trading fast", ERR_USAGE, "active, reducing");
}

/* A breaker that has tripped is lifted by resume too. */
static void resume_lifts_the_breaker(void **state) {
    (void)state;
    int n;
    const struct risk_limit_info *table = risk_limit_table(&n);
    refuses("resume", ERR_NOT_OPEN, "not paused");
    for (int i = 0; i < n; i++)
        if (!strcmp(table[i].key, "max_rejects"))
            fake_auto.use[fake_auto.n_uses++] = (struct view_limit){.info = &table[i], .account = 1, .limit = 20, .used = 20, .breached = true};
    yields("resume", INTENT_RESUME_DAY);
}

/* --- completion --- */
static void completes(const char *line, const char *first) {
    const struct command_ctx ctx = {.view = fake_desk(), .now_us = FAKE_NOW};
    const char *got = command_complete_line(&ctx, line, 0);
    if (!first)
        assert_null(got);
    else
        assert_string_equal(got ? got : "(nothing)", first);
}

static void completion_knows_the_verb(void **state) {
    (void)state;
    completes("snip", "sniper");
    completes("sniper d", "disarm");
    completes("sniper new b", "BTC-120K");
    completes("sniper new BTC-120K n", "no");
    completes("sniper arm ", "S-7");
    completes("sniper arm 7", "S-7");
    completes("sniper dry-run ", "S-7");
    completes("sniper dry-run F", "FED-DEC");
    completes("sniper new BTC-120K no --ho", "--hold");
    completes("alert new acc", "account");
    completes("alert new account m", "main");
    completes("alert new account main d", "day>=");
    completes("alert new model t", "trend");
    completes("alert new venue s", "sim");
    completes("alert new FED-DEC a", "ask>=");
    completes("alert disarm ", "A-8");
    completes("copy new model t", "trend");
    completes("copy on ", "C-9");
    completes("counter off ", "T-10");
    completes("counter new 0xab --strategy m", "mirror");
    completes("buy FED-DEC 10 --route s", "split");
    completes("trading r", "reducing");
    completes("history sn", "sniper");
    completes("router co", "compare");
}

/* --- dry-run --- */
static void feed(struct replay *x, const int64_t *values, int n) {
    for (int i = 0; i < n; i++)
        replay_value(x, 1000000LL * i, values[i] * 10000, QTY(100 * DEC_ONE));
    replay_end(x, 1000000LL * n);
}

static void a_replay_fires_as_the_desk_would(void **state) {
    (void)state;
    const struct watch w = {.kind = WATCH_SNIPER, .figure = FIGURE_ASK, .dir = TRIGGER_AT_OR_BELOW, .level = PRICE(600000), .amount = 50 * DEC_ONE};
    static const int64_t path[] = {65, 60, 58, 61, 59, 62, 60, 60, 60, 66};
    struct replay x = {.w = w};
    feed(&x, path, 10);
    assert_int_equal(x.fires, 1); /* once */
    assert_int_equal(x.entries, 3);
    assert_int_equal(x.fire[0].at_us, 1000000);
    assert_int_equal(x.fire[0].value, 600000);
    x = (struct replay){.w = w};
    x.w.flags = WATCH_REPEAT;
    feed(&x, path, 10);
    assert_int_equal(x.fires, 3);
    x = (struct replay){.w = w};
    x.w.flags = WATCH_REPEAT, x.w.budget = USD(120 * DEC_ONE);
    feed(&x, path, 10);
    assert_int_equal(x.fires, 2); /* a third would be over the budget */
    x = (struct replay){.w = w, .holds = true};
    x.w.flags = WATCH_REPEAT, x.w.hold_ms = 2000;
    feed(&x, path, 10);
    assert_int_equal(x.fires, 1); /* it left as the first two seconds were over; the second time was one; the third time three */
    assert_int_equal(x.near_misses, 2);
    assert_int_equal(x.fire[0].at_us, 8000000);
    x = (struct replay){.w = w};
    x.w.depth = QTY(300 * DEC_ONE);
    feed(&x, path, 10);
    assert_int_equal(x.fires, 0);
    assert_true(x.blocked > 0);
    x = (struct replay){.w = w};
    x.w.dir = TRIGGER_AT_OR_ABOVE, x.w.level = PRICE(660000);
    feed(&x, path, 10);
    assert_int_equal(x.fires, 1);
}

static void a_hold_over_a_gap_needs_young_data(void **state) {
    (void)state;
    struct replay x = {.w = {.kind = WATCH_SNIPER, .dir = TRIGGER_AT_OR_BELOW, .level = PRICE(600000), .amount = 1, .hold_ms = 2000}, .holds = true, .max_age_us = 1000000};
    replay_value(&x, 0, 590000, QTY(DEC_ONE));
    replay_value(&x, 10000000, 650000, QTY(DEC_ONE));
    assert_int_equal(x.fires, 0);
    x.max_age_us = 0;
    x.values = 0, x.in = false;
    replay_value(&x, 20000000, 590000, QTY(DEC_ONE));
    replay_value(&x, 30000000, 650000, QTY(DEC_ONE));
    assert_int_equal(x.fires, 1);
    assert_int_equal(x.fire[0].at_us, 22000000);
}

static void a_dry_run_says_what_it_was_judged_by(void **state) {
    (void)state;
    struct command_result r;
    /* the scene's candles go from 0.42 to about 0.49 in an hour */
    const cJSON *o = data_of(&r, "sniper dry-run FED-DEC --when ask<=0.43 --amount 50 --hold 2s --depth 10");
    assert_int_equal(cJSON_GetObjectItem(o, "fires")->valueint, 1);
    assert_string_equal(str_at(o, "source"), "candles of 60s in memory");
    assert_non_null(strstr(str_at(o, "not_judged"), "the hold"));
    assert_non_null(strstr(str_at(o, "not_judged"), "the depth"));
    assert_non_null(strstr(str_at(o, "says"), "would have fired 1 time from 2026-11-20T11:04Z"));
    command_result_free(&r);
    o = data_of(&r, "sniper dry-run FED-DEC --when ask<=0.20 --amount 50");
    assert_int_equal(cJSON_GetObjectItem(o, "fires")->valueint, 0);
    command_result_free(&r);
    o = data_of(&r, "sniper dry-run FED-DEC no --when mark<=0.55 --amount 50"); /* NO was dear when YES was cheap */
    assert_int_equal(cJSON_GetObjectItem(o, "fires")->valueint, 1);
    assert_string_equal(str_at(o, "not_judged"), "");
    assert_string_not_equal(str_at(cJSON_GetArrayItem(cJSON_GetObjectItem(o, "fired"), 0), "at"), "2026-11-20T11:04:31.000000Z");
    command_result_free(&r);
    refuses("sniper dry-run S-9", ERR_NOT_FOUND, "no sniper S-9");
    refuses("sniper dry-run FED-DEC --when 0.4 --amount 5 --tape x", ERR_UNSUPPORTED, "shell");
    refuses("sniper dry-run FED-DEC --when 0.4", ERR_USAGE, "--amount");
}

#define TEST(name) cmocka_unit_test_setup(name, scene)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_sniper_buys_at_or_below_unless_told_otherwise), TEST(a_sale_watches_the_bid_and_only_reduces), TEST(wrong_snipers_are_named_with_what_is_right),
        TEST(edits_change_only_what_is_named_and_disarm), TEST(what_spends_money_asks_and_what_stops_it_does_not), TEST(snipers_read_as_what_they_do),
        TEST(answers_name_the_number_and_the_next_step), TEST(arming_what_is_there_already_says_so), TEST(alerts_watch_every_kind_of_subject), TEST(a_copy_takes_every_field), TEST(a_counter_inverts_a_wallet),
        TEST(follows_read_as_what_they_do), TEST(exits_are_read_and_what_is_not_named_stays), TEST(a_linked_market_is_compared_unless_told_otherwise),
        TEST(a_comparison_shows_net_prices_and_reasons), TEST(lists_show_what_is_at_work), TEST(history_is_found_by_kind_and_number), TEST(since_counts_what_happened_and_orders_it),
        TEST(days_know_the_cost_of_models_only_where_it_is_known), TEST(notes_are_written_shown_and_removed), TEST(risk_shows_state_limits_and_refusals),
        TEST(resume_lifts_the_breaker), TEST(completion_knows_the_verb), TEST(a_replay_fires_as_the_desk_would), TEST(a_hold_over_a_gap_needs_young_data),
        TEST(a_dry_run_says_what_it_was_judged_by),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
