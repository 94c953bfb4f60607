/* Every pane at the sizes people have, with UTF-8 and in ASCII, with hostile titles, empty, stale: against text files.
 */
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
#include "turret/base/utf8.h"

static int setup(void **state) {
    (void)state;
    fake_scene();
    canvas_init(&canvas, 10, 10);
    return 0;
}
static int teardown(void **state) {
    (void)state;
    canvas_free(&canvas);
    return 0;
}

static void page(int w, int h, bool ascii, uint32_t key, const char *name) {
    struct session *s = open_session(w, h, ascii);
    press(s, key);
    draw(s);
    golden_check(&canvas, name);
    session_free(s);
}

static void main_workspace(void **state) {
    (void)state;
    page(120, 40, false, '1', "panes_main_120x40");
    page(80, 24, false, '1', "panes_main_80x24");
    page(60, 20, false, '1', "panes_main_60x20");
    page(120, 40, true, '1', "panes_main_120x40_ascii");
}
static void each_pane_on_its_own(void **state) {
    (void)state;
    static const char *const names[] = {"positions", "orders", "book", "chart", "snipers", "markets", "account", "log"};
    for (unsigned i = 0; i < 8; i++) {
        char name[64];
        snprintf(name, sizeof name, "panes_%s_100x30", names[i]);
        page(100, 30, false, '2' + i, name);
        snprintf(name, sizeof name, "panes_%s_60x20_ascii", names[i]);
        page(60, 20, true, '2' + i, name);
    }
}
static void empty_desk(void **state) {
    (void)state;
    fake_reset();
    page(80, 24, false, '1', "panes_empty_80x24");
    page(80, 24, false, '8', "panes_empty_account_80x24");
}
static void charts(void **state) {
    (void)state;
    static const char *const sets[] = {"block", "ascii", "braille", "candles"};
    for (int i = 0; i < 4; i++) {
        char line[32], name[64];
        struct session *s = open_session(80, 24, false);
        const struct command_ctx ctx = {.view = fake_desk(), .session = s, .now_us = FAKE_NOW};
        struct command_result r = {0};
        snprintf(line, sizeof line, "set chart %s", sets[i]);
        command_run_line(&ctx, line, &r);
        assert_int_equal(r.err, ERR_OK);
        press(s, '5');
        draw(s);
        snprintf(name, sizeof name, "panes_chart_%s_80x24", sets[i]);
        golden_check(&canvas, name);
        session_free(s);
    }
}
static void no_view_of_the_book(void **state) {
    (void)state;
    struct session *s = open_session(60, 24, false);
    press(s, '4');
    press(s, 'l');
    draw(s);
    golden_check(&canvas, "panes_book_no_60x24");
    session_free(s);
}

/* Titles as an attacker would write them, sanitised as the feeds do it. */
static void hostile_titles(void **state) {
    (void)state;
    static const char hostile[] =
        "\x1b[31mred\x1b[0m \xe2\x80\xae"
        "evil \xf0\x9f\x92\xb8\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e wide \xcc\x81\xcc\x81 \xff\xfe \r\n\t end";
    for (int i = 0; i < fake.n_markets; i++)
        utf8_sanitise(fake.market[i].title, sizeof fake.market[i].title, hostile, sizeof hostile - 1);
    memset(fake.market[1].title, 'W', sizeof fake.market[1].title - 1);
    page(120, 40, false, '1', "panes_hostile_120x40");
    page(60, 20, false, '1', "panes_hostile_60x20");
    page(100, 30, false, '7', "panes_hostile_markets_100x30");
}
static void stale_and_unprotected(void **state) {
    (void)state;
    fake.vm[0].stale = true;
    fake.vm[0].book_us = FAKE_NOW - 12000000;
    fake.vp[0].stale = true;
    fake.order[0].pos.unprotected = 1;
    page(120, 40, false, '1', "panes_stale_120x40");
}
static void tickets(void **state) {
    (void)state;
    static const struct {
        int w, h;
        uint32_t key;
        const char *name;
    } sizes[] = {{120, 40, 'b', "panes_ticket_120x40"},
                 {80, 24, 'b', "panes_ticket_80x24"},
                 {60, 20, 's', "panes_ticket_60x20"},
                 {80, 24, 'e', "panes_editor_80x24"}};
    for (int i = 0; i < 4; i++) {
        struct session *s = open_session(sizes[i].w, sizes[i].h, false);
        draw(s);
        press(s, sizes[i].key);
        draw(s);
        golden_check(&canvas, sizes[i].name);
        session_free(s);
    }
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(main_workspace), T(each_pane_on_its_own),  T(empty_desk), T(charts), T(no_view_of_the_book),
        T(hostile_titles), T(stale_and_unprotected), T(tickets)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
