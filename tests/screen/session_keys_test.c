/* Money keys: nothing is sent without `y` on a confirmation that was on the screen, at most one intent a confirmation,
 * nothing from a read-only session, and no key sequence whatever crashes it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fixture.h"
#include "turret/base/rng.h"
#include "turret/ui/key.h"

static struct fixture fix;
static struct session *session;
static struct canvas canvas;
static int sent, quits, confirms, total;
static struct intent last;
static int64_t mono;

/* What can only do less, and a note, go without a question. */
static bool safe(const struct intent *in) {
    return in->kind == INTENT_REMARK || in->kind == INTENT_WATCH_DISARM || in->kind == INTENT_FOLLOW_OFF || (in->kind == INTENT_TRADING_STATE && in->order != TRADING_ACTIVE);
}
static void on_intent(void *ctx, struct session *s, const struct intent *in) {
    (void)ctx;
    assert_true(in->token >> 32 == session_token(s) >> 32);
    assert_int_equal(in->source, SOURCE_MANUAL);
    last = *in;
    sent++;
}
static void on_quit(void *ctx, struct session *s, bool stop) {
    (void)ctx, (void)s, (void)stop;
    quits++;
}
static void on_emit(void *ctx, struct session *s, const char *bytes, size_t n) { (void)ctx, (void)s, (void)bytes, (void)n; }
static void on_notice(void *ctx, const struct fx_notice *n) {
    (void)ctx;
    if (session)
        session_notice(session, n);
}
static void on_reply(void *ctx, const struct fx_reply *r) {
    (void)ctx;
    if (session)
        session_reply(session, r);
}

static void open_session(int w, int h, bool readonly) {
    static const struct session_host host = {.intent = on_intent, .quit = on_quit, .emit = on_emit};
    struct session_cfg cfg = {.w = w, .h = h, .readonly = readonly, .local = true};
    session = session_new(fix.desk, &cfg, &host);
    sent = quits = 0;
    mono = 1000000;
    fix.on_notice = on_notice;
    fix.on_reply = on_reply;
}
static void close_session(void) {
    session_free(session);
    session = NULL;
}
static void draw(void) {
    session_wants_draw(session, ~0u, mono);
    session_draw(session, &canvas, fix.now_us);
}
static void press(uint32_t key, int after_ms) {
    mono += after_ms * 1000LL;
    session_key(session, key, false, mono);
}
static bool shows(const char *text) {
    char *dump = canvas_dump(&canvas);
    bool found = strstr(dump, text) != NULL;
    free(dump);
    return found;
}

static int setup(void **state) {
    (void)state;
    fix_morning(&fix);
    return 0;
}
static int teardown(void **state) {
    (void)state;
    close_session();
    fix_free(&fix);
    return 0;
}

static void test_only_y_sends_once(void **state) {
    (void)state;
    open_session(120, 40, false);
    draw();
    press('x', 500);
    draw();
    assert_true(shows("y send"));
    press(KEYS_ENTER, 500);
    press(KEYS_SPACE, 500);
    press('x', 500);
    assert_int_equal(sent, 0);
    press('y', 500);
    assert_int_equal(sent, 1);
    assert_int_equal(last.kind, INTENT_CLOSE);
    press('y', 500);
    press('y', 500);
    assert_int_equal(sent, 1);
    draw();
    press('x', 500);
    draw();
    press('n', 500);
    press('y', 500);
    assert_int_equal(sent, 1);
}

static void test_deaf_burst_paste_and_unseen(void **state) {
    (void)state;
    open_session(120, 40, false);
    draw();
    press('x', 500);
    draw();
    press('y', 100); /* within 150 ms */
    assert_int_equal(sent, 0);
    session_key(session, 'y', true, mono += 500000);
    assert_int_equal(sent, 0);
    session_paste(session, "y", 1);
    assert_int_equal(sent, 0);
    press('y', 500);
    assert_int_equal(sent, 1);
    draw();
    session_key(session, 'x', true, mono += 500000); /* a burst opens nothing either */
    draw();
    assert_false(shows("y send"));
    press('x', 500); /* not drawn since */
    press('y', 500);
    assert_int_equal(sent, 1);
    draw();
    session_resize(session, 30, 8); /* no longer visible */
    draw();
    press('y', 500);
    assert_int_equal(sent, 1);
    session_resize(session, 120, 40);
    draw();
    press('y', 500);
    assert_int_equal(sent, 2);
}

static void test_panic_takes_two_different_keys(void **state) {
    (void)state;
    open_session(39, 9, false); /* also on a screen too small for anything else */
    draw();
    press('!', 500);
    draw();
    press('!', 20); /* the same key twice is nothing */
    press('c', 50);
    assert_int_equal(sent, 0);
    press('c', 500);
    assert_int_equal(sent, 1);
    assert_int_equal(last.kind, INTENT_CANCEL_ALL);
    session_resize(session, 120, 40);
    draw();
    press('b', 500); /* also from a dialog */
    draw();
    press('!', 500);
    draw();
    press('k', 500);
    assert_int_equal(sent, 4);
    assert_int_equal(last.kind, INTENT_FLATTEN);
}

static void test_quit_asks_on_the_engines_screen(void **state) {
    (void)state;
    open_session(80, 24, false);
    draw();
    press('q', 500);
    assert_int_equal(quits, 0);
    draw();
    assert_true(shows("no watched stop"));
    press(KEYS_ENTER, 500);
    press(KEYS_ESC, 500);
    assert_int_equal(quits, 0);
    press(3, 500);
    press(3, 500);
    draw();
    press('y', 500);
    assert_int_equal(quits, 1);
}

static void test_command_line_only_proposes(void **state) {
    (void)state;
    open_session(120, 40, false);
    draw();
    for (const char *p = ":buy FED-CUT-DEC 10@45c\r"; *p; p++)
        press((uint32_t)*p, 50);
    assert_int_equal(sent, 0);
    draw();
    assert_true(shows("y send"));
    press('y', 500);
    assert_int_equal(sent, 1);
    assert_int_equal(last.kind, INTENT_PLACE);
    assert_int_equal(last.size.micro, 10 * DEC_ONE);
    for (const char *p = ":theme okabe\r"; *p; p++)
        press((uint32_t)*p, 50);
    assert_string_equal(session_theme(session), "okabe");
}

static uint32_t random_key(struct rng *r) {
    static const uint32_t special[] = {KEYS_ESC, KEYS_ENTER, KEYS_TAB, KEYS_BTAB, KEYS_UP, KEYS_DOWN, KEYS_LEFT, KEYS_RIGHT, KEYS_HOME, KEYS_END,
                                       KEYS_PGUP, KEYS_PGDN, KEYS_BACKSPACE, KEYS_F1, KEYS_F10, 3, 4, 12, 21, 23, 26, 0x65e5, 0x10ffff};
    static const char money[] = "yxXbsen!cfk:/?";
    switch (rng_below(r, 4)) {
    case 0: return special[rng_below(r, sizeof special / sizeof *special)];
    case 1:
    case 2: return (uint32_t)money[rng_below(r, sizeof money - 1)];
    default: return (uint32_t)rng_range(r, 32, 126);
    }
}

static void hammer(uint64_t seed, int keys, bool readonly) {
    static const int sizes[][2] = {{120, 40}, {80, 24}, {60, 20}, {40, 10}, {39, 9}, {1, 1}, {200, 60}};
    struct rng r;
    rng_seed(&r, seed);
    open_session(120, 40, readonly);
    for (int i = 0; i < keys; i++) {
        if (rng_below(&r, 4))
            draw();
        bool asked = shows("y send"), panic = shows("PANIC") && (shows("flatten") || canvas.w < 40), burst = rng_below(&r, 8) == 0;
        uint32_t key = random_key(&r);
        if (asked && rng_below(&r, 3) == 0)
            key = 'y'; /* often enough to matter */
        else if (rng_below(&r, 6) == 0)
            key = KEYS_ESC; /* out of text fields */
        if (rng_below(&r, 40) == 0)
            session_paste(session, "yyx!k\r", 6);
        if (rng_below(&r, 60) == 0) {
            const int *size = sizes[rng_below(&r, 7)];
            session_resize(session, size[0], size[1]);
        }
        int before = sent;
        mono += rng_range(&r, 0, 400) * 1000;
        session_key(session, key, burst, mono);
        int now = sent - before;
        if (now == 1 && safe(&last)) {
            assert_false(readonly);
            assert_true(!burst || last.kind == INTENT_REMARK);
            fix_intent(&fix, &last);
        } else if (now) {
            bool by_y = key == 'y' && asked && now == 1, by_panic = (key == 'c' || key == 'f' || key == 'k') && panic && now <= 3;
            assert_false(readonly || burst);
            assert_true(by_y || by_panic);
            confirms += by_y;
            total += now;
            fix.now_us += 1000000;
            if (by_y) /* the desk goes on with it; after a panic there would be nothing left to close */
                fix_intent(&fix, &last);
        }
    }
    close_session();
}

static void test_random_keys(void **state) {
    (void)state;
    confirms = total = 0;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        hammer(seed, 3000, false);
        fix_free(&fix);
        fix_morning(&fix);
    }
    print_message("%d confirmations, %d intents\n", confirms, total);
    assert_true(confirms > 20 && total > confirms); /* the dangerous paths were walked */
}
static void test_random_keys_read_only(void **state) {
    (void)state;
    hammer(11, 3000, true);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_only_y_sends_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_deaf_burst_paste_and_unseen, setup, teardown),
        cmocka_unit_test_setup_teardown(test_panic_takes_two_different_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(test_quit_asks_on_the_engines_screen, setup, teardown),
        cmocka_unit_test_setup_teardown(test_command_line_only_proposes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_random_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(test_random_keys_read_only, setup, teardown),
    };
    canvas_init(&canvas, 0, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
