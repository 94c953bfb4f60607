/* Terminal bytes to keys: sequences whole and cut anywhere, lone Esc, pastes, bursts, hostile bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "turret/base/rng.h"
#include "turret/ui/key.h"
#include "ui/input.h"

static struct { uint32_t keys[512]; bool burst[512]; int n; char paste[256]; int pastes, focus; size_t paste_len; } got;

static void take(void *ctx, const struct input_event *ev) {
    (void)ctx;
    if (ev->kind == INPUT_KEY && got.n < 512) {
        got.burst[got.n] = ev->burst;
        got.keys[got.n++] = ev->key;
    } else if (ev->kind == INPUT_PASTE) {
        got.pastes++;
        got.paste_len = ev->len;
        snprintf(got.paste, sizeof got.paste, "%.*s", (int)ev->len, ev->text);
    } else if (ev->kind == INPUT_FOCUS_IN || ev->kind == INPUT_FOCUS_OUT) {
        got.focus += ev->kind == INPUT_FOCUS_IN ? 1 : -1;
    }
}

static void feed(struct input *in, const char *bytes) { input_feed(in, (const uint8_t *)bytes, strlen(bytes), take, NULL); }

static void test_known_sequences(void **state) {
    (void)state;
    static const struct { const char *bytes; uint32_t key; } cases[] = {
        {"j", 'j'}, {"\r", KEYS_ENTER}, {"\n", KEYS_ENTER}, {"\b", KEYS_BACKSPACE}, {"\177", KEYS_BACKSPACE}, {"\t", KEYS_TAB}, {"\004", 4},
        {"\033[A", KEYS_UP}, {"\033OB", KEYS_DOWN}, {"\033[H", KEYS_HOME}, {"\033[4~", KEYS_END}, {"\033[5~", KEYS_PGUP}, {"\033[Z", KEYS_BTAB},
        {"\033OP", KEYS_F1}, {"\033[11~", KEYS_F1}, {"\033[[A", KEYS_F1}, {"\033[15~", KEYS_F5}, {"\033[24~", KEYS_F12}, {"\033[21~", KEYS_F10},
        {"\033[1;2A", KEYS_UP}, {"ä", 0xe4}, {"日", 0x65e5}, {"\033[3~", KEYS_DELETE}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct input in;
        input_init(&in);
        memset(&got, 0, sizeof got);
        feed(&in, cases[i].bytes);
        assert_int_equal(got.n, 1);
        assert_int_equal(got.keys[0], cases[i].key);
        assert_false(got.burst[0]);
        memset(&got, 0, sizeof got); /* the same, a byte a read */
        for (const char *p = cases[i].bytes; *p; p++)
            input_feed(&in, (const uint8_t *)p, 1, take, NULL);
        assert_int_equal(got.n, 1);
        assert_int_equal(got.keys[0], cases[i].key);
        input_free(&in);
    }
}

static void test_letters_of_unknown_sequences_are_no_keys(void **state) {
    (void)state;
    struct input in;
    input_init(&in);
    memset(&got, 0, sizeof got);
    feed(&in, "\033x\033[1;5A\033[99~\033[?62;22c\033[12;40R\033[<0;3;4M\033[?2026;2$y\033Oy\033[1;3x\033[M");
    assert_int_equal(got.n, 0);
    feed(&in, "\033[I\033[O\033[I");
    assert_int_equal(got.focus, 1);
    feed(&in, "\377\376\300\200\355\240\200");
    assert_int_equal(got.n, 0);
    input_free(&in);
}

static void test_lone_esc_waits_for_silence(void **state) {
    (void)state;
    struct input in;
    input_init(&in);
    memset(&got, 0, sizeof got);
    feed(&in, "\033");
    assert_int_equal(got.n, 0);
    assert_true(input_pending(&in));
    input_timeout(&in, take, NULL);
    assert_int_equal(got.n, 1);
    assert_int_equal(got.keys[0], KEYS_ESC);
    feed(&in, "\033[");
    input_timeout(&in, take, NULL); /* a broken-off sequence is nothing, and its end later no money key */
    assert_int_equal(got.n, 1);
    feed(&in, "\033\033");
    assert_int_equal(got.n, 2);
    input_free(&in);
}

static void test_burst_and_paste(void **state) {
    (void)state;
    struct input in;
    input_init(&in);
    memset(&got, 0, sizeof got);
    feed(&in, "xy");
    assert_true(got.n == 2 && got.burst[0] && got.burst[1]);
    memset(&got, 0, sizeof got);
    feed(&in, "\033[200~xy!\r\033[201");
    assert_int_equal(got.n + got.pastes, 0);
    feed(&in, "x\033[201~y");
    assert_int_equal(got.pastes, 1);
    assert_string_equal(got.paste, "xy!\r\033[201x");
    assert_true(got.n == 1 && got.burst[0]); /* the y behind a paste counts as part of it */
    memset(&got, 0, sizeof got);
    feed(&in, "\033[200~");
    for (int i = 0; i < 20000; i++)
        feed(&in, "0123456789");
    feed(&in, "\033[201~");
    assert_int_equal(got.pastes, 1);
    assert_int_equal(got.paste_len, INPUT_PASTE_MAX);
    input_free(&in);
}

static void test_terminfo_sequences_and_noise(void **state) {
    (void)state;
    struct input in;
    struct rng r;
    input_init(&in);
    rng_seed(&r, 3);
    input_add(&in, "\033[[1", KEYS_F1); /* odd on purpose */
    input_add(&in, "\033Oq", KEYS_END);
    memset(&got, 0, sizeof got);
    feed(&in, "\033Oq");
    assert_true(got.n == 1 && got.keys[0] == KEYS_END);
    for (int i = 0; i < 20000; i++) {
        uint8_t noise[64];
        size_t n = (size_t)rng_below(&r, sizeof noise);
        for (size_t k = 0; k < n; k++)
            noise[k] = rng_below(&r, 3) ? (uint8_t)rng_u64(&r) : (uint8_t)"\033[O;200~1?"[rng_below(&r, 10)];
        got.n = 0;
        input_feed(&in, noise, n, take, NULL);
        for (int k = 0; k < got.n; k++)
            assert_true(got.keys[k] > 0 && got.keys[k] <= KEYS_F12);
    }
    input_free(&in);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_sequences), cmocka_unit_test(test_letters_of_unknown_sequences_are_no_keys),
        cmocka_unit_test(test_lone_esc_waits_for_silence), cmocka_unit_test(test_burst_and_paste),
        cmocka_unit_test(test_terminfo_sequences_and_noise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
