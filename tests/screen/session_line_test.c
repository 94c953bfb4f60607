/* What is around the money keys: command line, filter, help, messages, alerts, and when a session wants to be drawn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fixture.h"
#include "turret/ui/key.h"

static struct fixture fix;
static struct fix_markets markets;
static struct session *session;
static struct canvas canvas;
static int64_t mono;
static char emitted[4096];
static size_t emitted_len;
static int quits, stops;

static void on_intent(void *ctx, struct session *s, const struct intent *in) { (void)ctx, (void)s, (void)in; }
static void on_quit(void *ctx, struct session *s, bool stop) {
    (void)ctx, (void)s;
    quits++;
    stops += stop;
}
static void on_emit(void *ctx, struct session *s, const char *bytes, size_t n) {
    (void)ctx, (void)s;
    if (emitted_len + n < sizeof emitted)
        memcpy(emitted + emitted_len, bytes, n), emitted_len += n;
}

static int setup(void **state) {
    static const struct session_host host = {.intent = on_intent, .quit = on_quit, .emit = on_emit};
    struct session_cfg cfg = {.w = 120, .h = 40, .shared = true};
    (void)state;
    markets = fix_morning(&fix);
    session = session_new(fix.desk, &cfg, &host);
    mono = 1000000;
    emitted_len = 0;
    quits = stops = 0;
    return 0;
}
static int teardown(void **state) {
    (void)state;
    session_free(session);
    fix_free(&fix);
    return 0;
}
static void draw(void) {
    session_wants_draw(session, 0, mono);
    session_draw(session, &canvas, fix.now_us);
}
static void press(uint32_t key) {
    mono += 200000;
    session_key(session, key, false, mono);
}
static void type(const char *text) {
    for (; *text; text++)
        press((uint32_t)(unsigned char)*text);
    draw();
}
static bool shows(const char *text) {
    char *dump = canvas_dump(&canvas);
    bool found = strstr(dump, text) != NULL;
    free(dump);
    return found;
}

static void test_completion_and_history(void **state) {
    (void)state;
    type(":them");
    press(KEYS_TAB);
    draw();
    assert_true(shows(":theme"));
    type("gru");
    press(KEYS_TAB);
    press(KEYS_ENTER);
    draw();
    assert_string_equal(session_theme(session), "gruvbox");
    type(":nosuch\r");
    assert_true(shows("nosuch"));
    press(':');
    press(KEYS_UP);
    draw();
    assert_true(shows(":nosuch"));
    press(KEYS_UP);
    draw();
    assert_true(shows(":theme gruvbox"));
    press(KEYS_DOWN);
    press(KEYS_DOWN);
    draw();
    assert_false(shows(":nosuch"));
    press(KEYS_ESC);
    draw();
    assert_true(shows("! PANIC"));
}

static void test_filter_counts_and_clears(void **state) {
    (void)state;
    type("/fed");
    assert_true(shows("POSITIONS /fed (1 of 3)"));
    press(KEYS_ENTER);
    draw();
    assert_true(shows("(1 of 3)"));
    press(KEYS_ESC);
    draw();
    assert_false(shows("of 3"));
    type("/zzz");
    press(KEYS_ESC);
    draw();
    assert_true(shows("Ether perpetual"));
}

static void test_zoom_pages_and_focus(void **state) {
    (void)state;
    type("z");
    assert_false(shows("BOOK"));
    press(KEYS_TAB);
    draw();
    assert_true(shows("ORDERS"));
    assert_false(shows("POSITIONS"));
    press(KEYS_ESC);
    draw();
    assert_true(shows("POSITIONS"));
    type("7");
    assert_true(shows("MARKETS"));
    assert_false(shows("ORDERS"));
    type("1`");
    assert_false(shows("┌─ LOG"));
    type("`");
    assert_true(shows("┌─ LOG"));
}

static void test_quit_of_a_viewer_detaches_without_a_question(void **state) {
    (void)state;
    press('q');
    assert_true(quits == 1 && stops == 0);
    type(":quit!\r");
    assert_true(quits == 1);
    assert_true(shows("Stop the engine?"));
    press('n');
    assert_true(stops == 0);
}

static void test_hidden_money(void **state) {
    (void)state;
    draw();
    assert_true(shows("eq 10,0"));
    type("H");
    assert_false(shows("eq 10,0"));
    assert_true(shows("eq ***"));
}

static void test_alerts_are_acknowledged_here(void **state) {
    (void)state;
    struct event ev = fix_event(&fix, EVENT_NOTE);
    ev.u.note.level = NOTICE_ALERT;
    snprintf(ev.u.note.text, sizeof ev.u.note.text, "one");
    fix_step(&fix, &ev);
    fix.now_us += 1000;
    ev.at_us = fix.now_us;
    fix_step(&fix, &ev);
    draw();
    assert_true(shows("2 alerts"));
    type("m");
    assert_true(shows("1 alert "));
    type("A");
    session_draw(session, &canvas, fix.now_us);
    assert_false(shows("1 alert "));
}

static void test_notices_ring_and_replies_are_read(void **state) {
    (void)state;
    struct fx_notice n = {.level = NOTICE_ALERT, .text = "stop of 4401 can't fire"};
    draw();
    emitted_len = 0;
    session_notice(session, &n);
    draw();
    assert_true(shows("stop of 4401 can't fire"));
    assert_true(emitted_len == 1 && emitted[0] == '\a');
    struct fx_reply r = {.token = session_token(session) | 1, .result = ERR_STALE_BOOK};
    session_reply(session, &r);
    draw();
    assert_true(shows("REFUSED") && shows(err_text(ERR_STALE_BOOK)));
    r.token = 0; /* somebody else's */
    r.result = ERR_KILLED;
    session_reply(session, &r);
    draw();
    assert_false(shows(err_text(ERR_KILLED)));
    mono += 9000000; /* messages go away by themselves */
    assert_true(session_wants_draw(session, 0, mono));
    draw();
    assert_false(shows("REFUSED"));
}

static void test_paste_goes_only_into_text(void **state) {
    (void)state;
    session_paste(session, "xyq!k", 5);
    draw();
    assert_true(shows("pasted text ignored"));
    type(":");
    session_paste(session, "help buy\nx\033[2J", 14);
    draw();
    assert_true(shows(":help buy x"));
    assert_int_equal(quits, 0);
}

static void test_help_searches(void **state) {
    (void)state;
    type("?/flatten");
    assert_true(shows("panic menu"));
    assert_false(shows("half a page down"));
    press(KEYS_ENTER);
    press(KEYS_ESC);
    draw();
    assert_true(shows("half a page down"));
    press(KEYS_ESC);
    draw();
    assert_true(shows("POSITIONS 3"));
    type(":help buy\r");
    assert_true(shows(":buy"));
}

static void test_drawing_is_paced(void **state) {
    (void)state;
    draw();
    mono += 1000;
    assert_false(session_wants_draw(session, DIRTY_BOOK, mono)); /* data waits */
    press('j');
    assert_true(session_wants_draw(session, 0, mono)); /* keys do not */
    draw();
    int frames = 0;
    int64_t bytes = 0, end = mono + 10 * 1000000;
    struct canvas before;
    canvas_init(&before, 120, 40);
    for (; mono < end; mono += 10000) { /* 100 books a second */
        fix.now_us += 10000;
        fix_book(&fix, markets.fed, CENTS(45 + mono / 10000 % 3), CENTS(48 + mono / 10000 % 2), CENTS(1), UNITS(100 + mono / 10000 % 50));
        if (!session_wants_draw(session, DIRTY_BOOK, mono))
            continue;
        memcpy(before.cells, canvas.cells, 120 * 40 * sizeof *canvas.cells);
        session_draw(session, &canvas, fix.now_us);
        for (int i = 0; i < 120 * 40; i++)
            bytes += canvas.cells[i].cp != before.cells[i].cp;
        frames++;
    }
    assert_in_range(frames, 10, 60);
    assert_in_range(bytes, 0, 30000);
    canvas_free(&before);
}

static void test_a_key_frame_leaves_other_panes_alone(void **state) {
    (void)state;
    draw();
    char *before = canvas_dump(&canvas);
    fix_book(&fix, markets.fed, CENTS(20), CENTS(21), CENTS(1), UNITS(777));
    press('j');
    session_wants_draw(session, DIRTY_BOOK, mono);
    session_draw(session, &canvas, fix.now_us);
    assert_true(shows("mid 47.5")); /* the book as it was shown */
    mono += 2000000;
    assert_true(session_wants_draw(session, DIRTY_BOOK, mono));
    session_draw(session, &canvas, fix.now_us);
    assert_true(shows("mid 20.5"));
    free(before);
}

static void test_the_clock_alone_is_no_change(void **state) {
    (void)state;
    struct canvas first;
    draw();
    canvas_init(&first, canvas.w, canvas.h);
    memcpy(first.cells, canvas.cells, (size_t)(canvas.w * canvas.h) * sizeof *canvas.cells);
    mono += 2000000;
    assert_true(session_wants_draw(session, 0, mono));
    session_draw(session, &canvas, fix.now_us + 20000);
    assert_memory_equal(first.cells, canvas.cells, (size_t)(canvas.w * canvas.h) * sizeof *canvas.cells);
    canvas_free(&first);
}

static void test_title_says_which_money(void **state) {
    (void)state;
    draw();
    emitted[emitted_len] = '\0';
    assert_non_null(strstr(emitted, "\033]2;turret PAPER sim/main\a"));
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(completion_and_history), T(filter_counts_and_clears), T(zoom_pages_and_focus), T(quit_of_a_viewer_detaches_without_a_question),
        T(hidden_money), T(alerts_are_acknowledged_here), T(notices_ring_and_replies_are_read), T(paste_goes_only_into_text),
        T(help_searches), T(drawing_is_paced), T(a_key_frame_leaves_other_panes_alone), T(the_clock_alone_is_no_change), T(title_says_which_money),
    };
    canvas_init(&canvas, 0, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
