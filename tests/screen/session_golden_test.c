/* The screen at every size and in every state a trader must recognise, against text files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fixture.h"
#include "golden.h"
#include "turret/ui/key.h"

static struct fixture fix;
static struct canvas canvas;
static int sent, quits;
static int64_t mono;

static void on_intent(void *ctx, struct session *s, const struct intent *in) {
    (void)ctx, (void)s, (void)in;
    sent++;
}
static void on_quit(void *ctx, struct session *s, bool stop) {
    (void)ctx, (void)s, (void)stop;
    quits++;
}
static void on_emit(void *ctx, struct session *s, const char *bytes, size_t n) { (void)ctx, (void)s, (void)bytes, (void)n; }

static struct session *open_session(int w, int h, bool readonly, bool ascii) {
    static const struct session_host host = {.intent = on_intent, .quit = on_quit, .emit = on_emit};
    struct session_cfg cfg = {.w = w, .h = h, .readonly = readonly, .ascii = ascii, .local = true};
    mono = 1000000;
    return session_new(fix.desk, &cfg, &host);
}
static void draw(struct session *s) {
    mono += 1000000;
    session_wants_draw(s, ~0u, mono);
    session_draw(s, &canvas, fix.now_us + 42000);
}
static void keys(struct session *s, const char *text) {
    for (; *text; text++) {
        mono += 200000;
        session_key(s, (uint32_t)(unsigned char)*text, false, mono);
        draw(s);
    }
}
static void shot(const char *name, int w, int h, const char *pressed, bool readonly, bool ascii) {
    struct session *s = open_session(w, h, readonly, ascii);
    draw(s);
    keys(s, pressed);
    golden_check(&canvas, name);
    session_free(s);
}

static void test_sizes(void **state) {
    (void)state;
    struct fix_markets m = fix_morning(&fix);
    (void)m;
    shot("main-120x40", 120, 40, "", false, false);
    shot("main-160x50", 160, 50, "", false, false);
    shot("main-80x24", 80, 24, "", false, false);
    shot("main-60x20", 60, 20, "", false, false);
    shot("main-40x10", 40, 10, "", false, false);
    shot("main-39x9", 39, 9, "", false, false);
    shot("main-1x1", 1, 1, "", false, false);
    shot("main-120x40-ascii", 120, 40, "", false, true);
    fix_free(&fix);
}

static void test_pages(void **state) {
    (void)state;
    fix_morning(&fix);
    static const char *const names[] = {"page2-80x24", "page3-80x24", "page4-80x24", "page5-80x24", "page6-80x24", "page7-80x24", "page8-80x24", "page9-80x24"};
    for (int i = 0; i < 8; i++)
        shot(names[i], 80, 24, (const char[]){(char)('2' + i), 0}, false, false);
    shot("zoom-80x24", 80, 24, "\tz", false, false);
    fix_free(&fix);
}

static void test_dialogs(void **state) {
    (void)state;
    fix_morning(&fix);
    shot("close-confirm-120x40", 120, 40, "x", false, false);
    shot("close-confirm-40x10", 40, 10, "x", false, false);
    shot("panic-80x24", 80, 24, "!", false, false);
    shot("panic-39x9", 39, 9, "!", false, false);
    shot("quit-80x24", 80, 24, "q", false, false);
    shot("help-80x24", 80, 24, "?", false, false);
    shot("help-search-80x24", 80, 24, "?/ticket\r", false, false);
    shot("help-readonly-120x40", 120, 40, "?", true, false);
    shot("filter-80x24", 80, 24, "/fed", false, false);
    shot("command-80x24", 80, 24, ":the", false, false);
    shot("hidden-money-80x24", 80, 24, "H", false, false);
    assert_int_equal(sent + quits, 0);
    fix_free(&fix);
}

static void test_states(void **state) {
    (void)state;
    fix_boot(&fix);
    shot("loading-80x24", 80, 24, "", false, false);
    fix_market(&fix, MARKET_BINARY, "FED-CUT-DEC", "Fed cut in Dec?");
    fix_go_live(&fix);
    shot("empty-80x24", 80, 24, "", false, false);
    fix_free(&fix);

    fix_morning(&fix);
    struct intent kill = {.kind = INTENT_KILL, .note = "test of the switch"};
    fix_intent(&fix, &kill);
    shot("halted-80x24", 80, 24, "", false, false);
    struct event ev = fix_event(&fix, EVENT_STORE);
    snprintf(ev.u.store.text, sizeof ev.u.store.text, "connection refused");
    fix_step(&fix, &ev);
    ev = fix_event(&fix, EVENT_LEADER);
    ev.u.leader.epoch = 2;
    snprintf(ev.u.leader.holder, sizeof ev.u.leader.holder, "otherhost:77");
    fix_step(&fix, &ev);
    shot("halted-standby-store-down-80x24", 80, 24, "", false, false);
    fix.now_us += 60 * 1000000LL;
    shot("stale-120x40", 120, 40, "", false, false);
    fix_free(&fix);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes), cmocka_unit_test(test_pages), cmocka_unit_test(test_dialogs), cmocka_unit_test(test_states),
    };
    canvas_init(&canvas, 0, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
