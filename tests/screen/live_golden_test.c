/* Real money on the screen: badge, border, cards, the typed name, account choice, connections; and what must not happen by a slip. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "golden.h"
#include "panes_fixture.h"
#include "turret/base/str.h"

#define LIVE_ACCOUNT 2u

static int setup(void **state) {
    (void)state;
    fake_scene();
    fake_live();
    canvas_init(&canvas, 10, 10);
    return 0;
}
static int teardown(void **state) {
    (void)state;
    canvas_free(&canvas);
    return 0;
}

static struct session *live_session(int w, int h, bool ascii) {
    struct session *s = open_session(w, h, ascii);
    session_set_account(s, LIVE_ACCOUNT);
    session_set_market(s, fake.market[5].id);
    draw(s);
    return s;
}

static void page(int w, int h, bool ascii, const char *keys, const char *name) {
    struct session *s = live_session(w, h, ascii);
    for (; *keys; keys++) {
        press(s, *keys == '\r' ? KEYS_ENTER : (unsigned char)*keys);
        draw(s);
    }
    golden_check(&canvas, name);
    session_free(s);
}

static void pages(void **state) {
    (void)state;
    page(120, 40, false, "", "live-main-120x40");
    page(80, 24, false, "", "live-main-80x24");
    page(60, 20, false, "", "live-main-60x20");
    page(40, 10, false, "", "live-main-40x10");
    page(120, 40, true, "", "live-main-120x40-ascii");
    page(120, 40, false, "2v", "live-positions-mixed-120x40");
    page(100, 30, false, "8", "live-account-100x30");
    page(80, 24, false, "8h", "live-claims-80x24");
    page(120, 40, false, "9", "live-connections-120x40");
    page(80, 24, false, "9", "live-connections-80x24");
}

static void cards(void **state) {
    (void)state;
    page(120, 40, false, ":buy will-the-fed 100@0.46\r", "live-confirm-120x40");
    page(80, 24, false, ":buy will-the-fed 100@0.46\r", "live-confirm-80x24");
    page(60, 20, true, ":buy will-the-fed 100@0.46\r", "live-confirm-60x20-ascii");
    page(80, 24, false, "!", "live-panic-80x24");
    page(80, 24, false, "a", "live-choice-80x24");
    fake.va[1].may_trade = false;
    page(80, 24, false, ":live main\rmai", "live-name-80x24");
    page(120, 40, false, "", "live-exits-only-120x40");
    page(80, 24, false, "", "live-exits-only-80x24");
}

static void troubles(void **state) {
    struct view_venue *v = &fake.venue[VENUE_POLYMARKET];
    (void)state;
    v->health.market_us = FAKE_NOW - 24000000;
    page(120, 40, false, "9", "live-stale-120x40");
    v->health.market_us = FAKE_NOW - 200000;
    v->health.user_up = 0;
    page(80, 24, false, "9", "live-orders-down-80x24");
    v->up = false;
    str_copy(v->text, sizeof v->text, "connection refused");
    page(120, 40, false, "9", "live-down-120x40");
}

/* Held back by the venue; an exit that waits for its shares; a fill that may be taken back, one that was. */
static void not_settled(void **state) {
    struct order *position = &fake.order[fake.n_orders - 2];
    (void)state;
    fake.delayed_us[fake.n_orders - 1] = FAKE_NOW + 3000000;
    position->pos.plan.stop = PRICE(400000);
    position->pos.unprotected = 1;
    fake.vp[fake.n_orders - 2].unprotected_why = "its shares are not settled; it goes out as soon as they are";
    for (int i = 1; i < 3; i++) {
        fake.fill[i] = fake.fill[0];
        fake.fill[i].order = position->id;
        fake.fill[i].account = LIVE_ACCOUNT;
        fake.fill[i].market = fake.market[5].id;
        fake.fill[i].at_us = FAKE_NOW - (i + 3) * 1000000;
    }
    fake.fill[1].finality = FILL_PROVISIONAL;
    fake.fill[2].finality = FILL_REVERSED;
    fake.n_fills = 3;
    page(120, 40, false, "", "live-unsettled-120x40");
    page(80, 24, false, "3", "live-orders-80x24");
    page(80, 24, false, "x", "live-close-80x24");
}

static bool asks(struct session *s) { return s->ask.kind != ASK_NONE; }
static void command(struct session *s, const char *line) {
    press(s, ':');
    type(s, line);
    press(s, KEYS_ENTER);
    draw(s);
}

static void going_live_takes_the_name(void **state) {
    struct session *s;
    (void)state;
    fake.va[1].may_trade = false;
    s = live_session(80, 24, false);
    command(s, "live main");
    assert_true(asks(s));
    type(s, "y");
    press(s, KEYS_ENTER);
    assert_true(asks(s)); /* y is a letter like others */
    assert_int_equal(sent, 0);
    type(s, "Main");
    press(s, KEYS_ENTER);
    assert_true(asks(s)); /* exactly */
    session_paste(s, "main", 4);
    press(s, KEYS_ENTER);
    assert_true(asks(s)); /* not pasted */
    type(s, "main");
    session_key(s, KEYS_ENTER, true, mono += 300000);
    assert_true(asks(s)); /* not in a burst */
    assert_int_equal(sent, 0);
    press(s, KEYS_ENTER);
    assert_false(asks(s));
    assert_int_equal(sent, 1);
    assert_int_equal(last_intent.kind, INTENT_LIVE);
    assert_int_equal(last_intent.account, LIVE_ACCOUNT);
    assert_int_equal(last_intent.order, 1);
    assert_string_equal(last_intent.note, "main");
    session_free(s);
}

static void a_name_typed_ahead_does_not_count(void **state) {
    struct session *s;
    (void)state;
    fake.va[1].may_trade = false;
    s = live_session(80, 24, false);
    press(s, ':');
    type(s, "live main");
    press(s, KEYS_ENTER);
    for (const char *p = "main"; *p; p++)
        session_key(s, (unsigned char)*p, false, mono += 1000); /* before it was drawn, and within its first 150 ms */
    draw(s);
    press(s, KEYS_ENTER);
    assert_true(asks(s));
    assert_int_equal(sent, 0);
    press(s, KEYS_ESC);
    assert_false(asks(s));
    assert_int_equal(sent, 0);
    session_free(s);
}

static void no_longer_live_needs_no_question(void **state) {
    struct session *s = live_session(80, 24, false);
    (void)state;
    command(s, "live main off");
    assert_false(asks(s));
    assert_int_equal(last_intent.kind, INTENT_LIVE);
    assert_int_equal(last_intent.order, 0);
    command(s, "live paper");
    assert_false(asks(s));
    assert_true(screen_has(s, "paper money"));
    session_free(s);
}

static void paper_never_turns_into_real_money(void **state) {
    struct session *s = open_session(80, 24, false);
    (void)state;
    session_set_market(s, fake.market[5].id);
    draw(s);
    press(s, '4');
    press(s, 'b');
    assert_null(s->modal);
    assert_true(screen_has(s, "REAL MONEY: choose account main"));
    command(s, "buy will-the-fed 10@0.46");
    assert_false(asks(s));
    assert_int_equal(sent, 0);
    press(s, 'a'); /* chosen, it works */
    press(s, 'j');
    press(s, KEYS_ENTER);
    assert_int_equal(session_account(s), LIVE_ACCOUNT);
    assert_int_equal(sent, 0);
    press(s, 'b');
    assert_non_null(s->modal);
    assert_true(screen_has(s, "LIVE main"));
    session_free(s);
}

static void a_confirmation_of_real_money_is_deaf_at_first(void **state) {
    struct session *s = live_session(80, 24, false);
    (void)state;
    press(s, ':');
    type(s, "buy will-the-fed 100@0.46");
    session_key(s, KEYS_ENTER, false, mono += 300000);
    session_key(s, 'y', false, mono += 1000); /* typed ahead: not drawn yet */
    assert_int_equal(sent, 0);
    session_draw(s, &canvas, FAKE_NOW);
    session_key(s, 'y', false, mono += 100000);
    assert_int_equal(sent, 0);
    session_key(s, 'y', true, mono += 300000);
    assert_int_equal(sent, 0);
    session_key(s, 'y', false, mono += 300000);
    assert_int_equal(sent, 1);
    assert_int_equal(last_intent.account, LIVE_ACCOUNT);
    session_free(s);
}

static void every_border_is_that_of_real_money(void **state) {
    static const uint32_t plain[] = {0x2500, 0x2502, 0x250c, 0x2501, 0x2503, 0x250f};
    struct session *s = live_session(120, 40, false);
    (void)state;
    for (int i = 0; i < 120 * 40; i++)
        for (size_t k = 0; k < sizeof plain / sizeof *plain; k++)
            if (canvas.cells[i].cp == plain[k] && (canvas.cells[i].role == ROLE_BORDER || canvas.cells[i].role == ROLE_FOCUS))
                fail_msg("a border of paper money at %d, %d", i % 120, i / 120);
    session_set_account(s, 1);
    draw(s);
    for (int i = 0; i < 120 * 40; i++)
        assert_int_not_equal(canvas.cells[i].role, ROLE_LIVE_BORDER);
    session_free(s);
}

static void a_market_is_wanted_without_a_question(void **state) {
    struct session *s = live_session(80, 24, false);
    (void)state;
    command(s, "list https://polymarket.com/event/fed-decision");
    assert_false(asks(s));
    assert_int_equal(last_intent.kind, INTENT_LIST);
    assert_int_equal(last_intent.order, VENUE_POLYMARKET);
    assert_string_equal(last_intent.u.wanted, "https://polymarket.com/event/fed-decision");
    command(s, "list x --venue sim");
    assert_int_equal(last_intent.order, VENUE_SIM);
    session_free(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pages, setup, teardown), cmocka_unit_test_setup_teardown(cards, setup, teardown), cmocka_unit_test_setup_teardown(troubles, setup, teardown), cmocka_unit_test_setup_teardown(not_settled, setup, teardown),
        cmocka_unit_test_setup_teardown(going_live_takes_the_name, setup, teardown), cmocka_unit_test_setup_teardown(a_name_typed_ahead_does_not_count, setup, teardown),
        cmocka_unit_test_setup_teardown(no_longer_live_needs_no_question, setup, teardown), cmocka_unit_test_setup_teardown(paper_never_turns_into_real_money, setup, teardown),
        cmocka_unit_test_setup_teardown(a_confirmation_of_real_money_is_deaf_at_first, setup, teardown), cmocka_unit_test_setup_teardown(every_border_is_that_of_real_money, setup, teardown),
        cmocka_unit_test_setup_teardown(a_market_is_wanted_without_a_question, setup, teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
