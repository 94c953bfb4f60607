/* Keys in panes and dialogs: what they propose, that nothing is sent without y, that the cursor stays on its row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "panes_fixture.h"
#include "ui/list.h"

static struct session *s;

static int setup(void **state) {
    (void)state;
    fake_scene();
    canvas_init(&canvas, 120, 40);
    s = open_session(120, 40, false);
    draw(s);
    return 0;
}
static int teardown(void **state) {
    (void)state;
    session_free(s);
    canvas_free(&canvas);
    return 0;
}
static const struct list *list_of(const char *pane) {
    return session_slot_named(s, pane)->state;
}
/* Answers the question on the screen, after it was seen. */
static void answer(uint32_t key) {
    draw(s);
    press(s, key);
}

static void x_closes_the_position_under_the_cursor_after_y(void **state) {
    (void)state;
    press(s, 'j');
    press(s, 'x');
    assert_int_equal(sent, 0);
    assert_true(screen_has(s, "CLOSE 180 NO"));
    answer('y');
    assert_int_equal(sent, 1);
    assert_int_equal(last_intent.kind, INTENT_CLOSE);
    assert_int_equal(last_intent.order, 7001);
}

static void the_cursor_follows_its_row_not_its_place(void **state) {
    (void)state;
    press(s, 'j'); /* BTC-120K */
    draw(s);
    assert_int_equal(list_of("positions")->cursor_id, 7001);
    fake.order[0].pos.status = POSITION_CLOSED; /* the row above goes away */
    draw(s);
    assert_int_equal(list_of("positions")->cursor_id, 7001);
    press(s, 'x');
    answer('y');
    assert_int_equal(last_intent.order, 7001);
}

static void a_row_that_went_is_not_closed(void **state) {
    (void)state;
    fake.order[0].pos.status = POSITION_CLOSED; /* not drawn since */
    press(s, 'x');
    assert_int_equal(sent, 0);
    assert_true(screen_has(s, "not open any more"));
}

static void rows_keep_still_after_the_cursor_moved(void **state) {
    (void)state;
    const struct list *l = list_of("positions");
    struct pane_slot *slot = session_slot_named(s, "positions");
    strcpy(slot->sort_key, "unrealized_pnl");
    draw(s);
    assert_int_equal(l->order[0], 7003); /* the largest first */
    mono += 5000000;
    press(s, 'j');
    fake.vp[2].unrealized = USD(500 * DEC_ONE);
    session_redraw(s);
    session_draw(s, &canvas, FAKE_NOW);
    assert_int_equal(l->order[0], 7003);
    mono += 5000000;
    s->mono_us = mono;
    session_redraw(s);
    session_draw(s, &canvas, FAKE_NOW);
    assert_int_equal(l->order[0], 7002);
}

static void filter_narrows_while_typing(void **state) {
    (void)state;
    press(s, '/');
    type(s, "eth");
    assert_true(screen_has(s, "(1 of 4)"));
    assert_int_equal(list_of("positions")->count, 1);
    press(s, KEYS_ENTER);
    press(s, 'x');
    assert_true(screen_has(s, "CLOSE 0.800 LONG"));
}

static void enter_on_a_row_shows_its_market_and_sends_nothing(void **state) {
    (void)state;
    press(s, 'j');
    press(s, KEYS_ENTER);
    assert_int_equal(session_market(s), fake.market[1].id);
    assert_int_equal(sent, 0);
}

static void orders_cancel_and_edit(void **state) {
    (void)state;
    press(s, '3');
    draw(s);
    press(s, 'x');
    assert_true(screen_has(s, "CANCEL order 4405"));
    answer('y');
    assert_int_equal(last_intent.kind, INTENT_CANCEL);
    assert_int_equal(last_intent.order, 7004);
    press(s, 'e');
    assert_true(screen_has(s, "CHANGE ORDER"));
    press(s, '+'); /* one tick up */
    press(s, KEYS_ENTER);
    assert_true(screen_has(s, "AMEND"));
    answer('y');
    assert_int_equal(last_intent.kind, INTENT_AMEND);
    assert_int_equal(last_intent.limit.micro, 450000);
}

static void stop_and_target_in_the_editor(void **state) {
    (void)state;
    press(s, 'e');
    press(s, KEYS_TAB);
    type(s, "60");
    press(s, KEYS_ENTER);
    assert_true(screen_has(s, "target 60c"));
    answer('y');
    assert_int_equal(last_intent.kind, INTENT_PROTECT);
    assert_int_equal(last_intent.stop.micro, PROTECT_KEEP.micro);
    assert_int_equal(last_intent.target.micro, 600000);
}

static void an_emptied_stop_is_removed(void **state) {
    (void)state;
    press(s, 'e');
    press(s, 21); /* ^U */
    press(s, KEYS_ENTER);
    answer('y');
    assert_int_equal(last_intent.stop.micro, 0);
    assert_int_equal(last_intent.target.micro, PROTECT_KEEP.micro);
}

static void a_ticket_asks_before_it_sends(void **state) {
    (void)state;
    press(s, 'b');
    assert_true(screen_has(s, "TICKET"));
    press(s, ']');
    press(s, KEYS_ENTER);
    assert_int_equal(sent, 0);
    assert_true(screen_has(s, "BUY 110 YES"));
    press(s, KEYS_ENTER); /* Enter never sends */
    assert_int_equal(sent, 0);
    answer('y');
    assert_int_equal(sent, 1);
    assert_int_equal(last_intent.kind, INTENT_PLACE);
    assert_int_equal(last_intent.size.micro, 110 * DEC_ONE);
    assert_int_equal(last_intent.limit.micro, 480000); /* the ask when it was opened */
    draw(s);
    assert_null(s->modal);
}

static void the_tickets_price_is_pinned(void **state) {
    (void)state;
    press(s, 'b');
    fake_level("FED-DEC", BOOK_ASK, "0.48", "0");
    press(s, KEYS_ENTER);
    answer('y');
    assert_int_equal(last_intent.limit.micro, 480000);
}

static void a_refused_ticket_says_why_and_asks_nothing(void **state) {
    (void)state;
    fake.preview.refusal = ERR_STALE_BOOK;
    press(s, 'b');
    assert_true(screen_has(s, "REFUSED"));
    press(s, KEYS_ENTER);
    assert_true(screen_has(s, "would be refused"));
    answer('y');
    assert_int_equal(sent, 0);
}

static void the_ticket_in_dollars(void **state) {
    (void)state;
    press(s, 'b');
    press(s, KEYS_DOWN);  /* size -> in */
    press(s, KEYS_RIGHT); /* USD */
    press(s, KEYS_UP);
    press(s, 21);
    type(s, "50");
    press(s, KEYS_ENTER);
    answer('y');
    assert_int_equal(last_intent.amount.micro, 50 * DEC_ONE);
    assert_int_equal(last_intent.size.micro, 0);
}

static void selling_what_is_not_held_is_advised_against(void **state) {
    (void)state;
    session_set_market(s, fake.market[4].id);
    press(s, '4');
    draw(s);
    press(s, 's');
    assert_true(screen_has(s, "you hold no YES"));
    press(s, KEYS_ENTER);
    answer('y');
    assert_int_equal(sent, 0);
}

static void a_feed_stands_still_while_it_is_read(void **state) {
    (void)state;
    for (int i = 0; i < 40; i++) {
        char text[32];
        snprintf(text, sizeof text, "notice %d", i);
        fake_notice(NOTICE_INFO, text);
    }
    press(s, '9');
    assert_true(screen_has(s, "notice 39"));
    press(s, 'k');
    press(s, 'k');
    draw(s);
    const uint64_t reading = list_of("log")->cursor_id;
    const int top = list_of("log")->top;
    fake_notice(NOTICE_WARN, "something new");
    assert_true(screen_has(s, "1 new"));
    assert_int_equal(list_of("log")->cursor_id, reading);
    assert_int_equal(list_of("log")->top, top);
    press(s, 'G');
    assert_true(screen_has(s, "something new"));
    fake_notice(NOTICE_WARN, "and newer");
    assert_true(screen_has(s, "and newer"));
}

static void columns_can_be_chosen(void **state) {
    (void)state;
    struct command_result r = {0};
    const struct command_ctx ctx = {.view = fake_desk(), .session = s, .now_us = FAKE_NOW};
    command_run_line(&ctx, "cols market strategy", &r);
    assert_int_equal(r.err, ERR_OK);
    assert_true(screen_has(s, "strategy"));
    command_run_line(&ctx, "cols markt", &r);
    assert_int_equal(r.err, ERR_USAGE);
}

static void limits_are_edited_behind_a_question(void **state) {
    (void)state;
    press(s, '8');
    press(s, 'l');
    press(s, 'l');
    assert_true(screen_has(s, "max_order_size"));
    press(s, 'j');
    press(s, 'e');
    press(s, 21);
    type(s, "max_order_notional 100");
    press(s, KEYS_ENTER);
    assert_true(screen_has(s, "(tighter)"));
    answer('y');
    assert_int_equal(last_intent.kind, INTENT_LIMIT);
    assert_int_equal(last_intent.size.micro, 100 * DEC_ONE);
}

static void a_read_only_viewer_proposes_nothing(void **state) {
    (void)state;
    s->cfg.readonly = true;
    static const char keys[] = "xXbse";
    for (int i = 0; keys[i]; i++) {
        press(s, (unsigned char)keys[i]);
        draw(s);
        assert_null(s->modal);
        press(s, 'y');
    }
    assert_int_equal(sent, 0);
}

/* Whatever is pressed at whatever size: no crash, and no order without a y. */
static void random_keys_at_random_sizes(void **state) {
    (void)state;
    static const char keys[] = "jkhlgGoO123456789bsexXz/:[]{}+-?\t\r\033H`nNYmA0.5c";
    struct rng rng;
    rng_seed(&rng, 7);
    for (int i = 0; i < 20000; i++) {
        press(s, (unsigned char)keys[rng_below(&rng, sizeof keys - 1)]);
        if (rng_below(&rng, 50) == 0)
            session_resize(s, (int)rng_below(&rng, 200) + 1, (int)rng_below(&rng, 60) + 1);
        if (rng_below(&rng, 4) == 0)
            draw(s);
        if (rng_below(&rng, 200) == 0)
            fake.order[rng_below(&rng, 4)].pos.status = rng_below(&rng, 2) ? POSITION_OPEN : POSITION_CLOSED;
    }
    assert_int_equal(sent, 0);
}

/* A span that the live candles do not cover shows what was back-filled; a short one does not. */
static void a_long_chart_shows_the_past(void **state) {
    (void)state;
    struct intel *x = intel_new(), *none = fake.intel[0];
    const int64_t end = FAKE_NOW / 300000000 * 300000000;
    for (int i = 150; i > 0; i--) {
        const struct candle c = {.start_us = end - i * 300000000LL, .open = PRICE(1000), .high = PRICE(2000), .low = PRICE(1000), .close = PRICE(1500), .count = 1};
        intel_backfill(x, 300, &c);
    }
    while (strcmp(s->slots[s->focus].pane->name, "chart") != 0)
        press(s, KEYS_TAB);
    for (int step = 0; step < 6; step++) { /* 2, 4 and 8 hours, 1 and 7 days, and back to the hour that the live ones cover */
        for (int i = 0; i < (step < 5 ? 1 : 5); i++)
            press(s, step < 5 ? 'l' : 'h');
        fake.intel[0] = none;
        char *without = screen_text(s);
        fake.intel[0] = x;
        char *with = screen_text(s);
        assert_int_equal(strcmp(without, with) != 0, step < 5);
        free(without);
        free(with);
    }
    fake.intel[0] = none;
    intel_free(x);
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_long_chart_shows_the_past),
        T(x_closes_the_position_under_the_cursor_after_y),
        T(the_cursor_follows_its_row_not_its_place),
        T(a_row_that_went_is_not_closed),
        T(rows_keep_still_after_the_cursor_moved),
        T(filter_narrows_while_typing),
        T(enter_on_a_row_shows_its_market_and_sends_nothing),
        T(orders_cancel_and_edit),
        T(stop_and_target_in_the_editor),
        T(an_emptied_stop_is_removed),
        T(a_ticket_asks_before_it_sends),
        T(the_tickets_price_is_pinned),
        T(a_refused_ticket_says_why_and_asks_nothing),
        T(the_ticket_in_dollars),
        T(selling_what_is_not_held_is_advised_against),
        T(a_feed_stands_still_while_it_is_read),
        T(columns_can_be_chosen),
        T(limits_are_edited_behind_a_question),
        T(a_read_only_viewer_proposes_nothing),
        T(random_keys_at_random_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
