/* Books of a venue: what the sink is told adds up to the venue's book, whatever is collected in a turn; gaps, snapshots, quiet books. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "turret/base/rng.h"
#include "turret/venue/books.h"

#define M 42

static struct { struct book *book; int events, snapshots, gaps, empty, levels; bool gap; } got;

static void sink(void *ctx, const struct event *ev) {
    (void)ctx;
    const struct ev_book *b = &ev->u.book;
    assert_int_equal(ev->type, EVENT_BOOK);
    assert_true(event_valid(ev, ev->size));
    assert_int_equal(b->market, M);
    got.events++;
    got.levels += b->n_bids + b->n_asks;
    got.empty += b->n_bids + b->n_asks == 0 && !b->flags;
    if (b->flags & BOOK_SNAPSHOT) {
        book_clear(got.book);
        got.snapshots++;
        got.gap = false;
    }
    if (b->flags & BOOK_GAP) {
        got.gaps++;
        got.gap = true;
    }
    for (int i = 0; i < b->n_bids + b->n_asks; i++)
        book_set(got.book, i < b->n_bids ? BOOK_BID : BOOK_ASK, b->levels[i].px, b->levels[i].size);
}

static int start(void **state) {
    (void)state;
    memset(&got, 0, sizeof got);
    got.book = book_new();
    return 0;
}
static int stop(void **state) {
    (void)state;
    book_free(got.book);
    return 0;
}
static bool yes(const struct vbook *b) { return b != NULL; }
static bool no(const struct vbook *b) { return b == NULL; }

static void changes_of_a_turn_are_one_event(void **state) {
    (void)state;
    struct books *s = books_new(VENUE_POLYMARKET, (struct event_sink){sink, NULL});
    struct vbook *b = books_add(s, M, NULL);
    vbook_set(b, BOOK_BID, PRICE(1), QTY(1)); /* before any snapshot it means nothing */
    books_flush(s, 1, NULL, 0);
    assert_int_equal(got.events, 0);
    vbook_clear(b);
    vbook_set(b, BOOK_BID, PRICE(400000), QTY(5));
    vbook_set(b, BOOK_ASK, PRICE(600000), QTY(7));
    assert_int_equal(got.events, 0);
    assert_int_equal(books_good(s), 1);
    assert_false(books_flush(s, 2, NULL, 0));
    assert_true(got.events == 1 && got.snapshots == 1 && book_count(got.book, BOOK_BID) == 1);
    for (int i = 0; i < 10; i++)
        vbook_set(b, BOOK_BID, PRICE(410000), QTY(i));
    vbook_set(b, BOOK_ASK, PRICE(600000), QTY(0));
    books_flush(s, 3, NULL, 0);
    assert_int_equal(got.events, 2);
    assert_int_equal(got.levels, 4); /* the level that changed ten times is told once */
    assert_true(book_size_at(got.book, BOOK_BID, PRICE(410000)).micro == 9 && book_count(got.book, BOOK_ASK) == 0);
    books_flush(s, 4, NULL, 0);
    assert_int_equal(got.events, 2);
    books_again(s); /* the sink lost it */
    assert_false(books_flush(s, 5, NULL, 0));
    assert_true(got.events == 3 && got.snapshots == 2 && book_count(got.book, BOOK_BID) == 2);
    books_free(s);
}

static void a_gap_lasts_until_a_snapshot(void **state) {
    (void)state;
    struct books *s = books_new(VENUE_POLYMARKET, (struct event_sink){sink, NULL});
    struct vbook *b = books_add(s, M, NULL);
    vbook_clear(b);
    vbook_set(b, BOOK_BID, PRICE(400000), QTY(5));
    books_flush(s, 1, NULL, 0);
    vbook_gap(b);
    vbook_gap(b);
    vbook_set(b, BOOK_BID, PRICE(300000), QTY(5));
    books_flush(s, 2, NULL, 0);
    assert_true(got.gaps == 1 && got.gap && !vbook_good(b) && books_good(s) == 0);
    vbook_gap(b); /* told already */
    books_flush(s, 3, NULL, 0);
    assert_int_equal(got.events, 2);
    books_beat(s, 100, 1, yes);
    assert_int_equal(got.events, 2); /* no sign of life of what can't be relied on */
    vbook_clear(b);
    vbook_set(b, BOOK_ASK, PRICE(700000), QTY(1));
    books_flush(s, 4, NULL, 0);
    assert_true(!got.gap && book_count(got.book, BOOK_BID) == 0 && book_count(got.book, BOOK_ASK) == 1);
    vbook_gap(b); /* a gap and its end within a turn: the snapshot says all */
    vbook_clear(b);
    vbook_set(b, BOOK_ASK, PRICE(710000), QTY(1));
    books_flush(s, 5, NULL, 0);
    assert_true(got.gaps == 1 && book_size_at(got.book, BOOK_ASK, PRICE(710000)).micro == 1);
    books_free(s);
}

static void quiet_books_say_that_they_live(void **state) {
    (void)state;
    struct books *s = books_new(VENUE_POLYMARKET, (struct event_sink){sink, NULL});
    struct vbook *b = books_add(s, M, NULL);
    vbook_clear(b);
    books_flush(s, 1000, NULL, 0);
    books_beat(s, 1500, 1000, yes);
    assert_int_equal(got.empty, 0);
    books_beat(s, 2000, 1000, no);
    assert_int_equal(got.empty, 0);
    books_beat(s, 2000, 1000, yes);
    assert_int_equal(got.empty, 1);
    books_beat(s, 2500, 1000, yes);
    assert_int_equal(got.empty, 1);
    vbook_set(b, BOOK_BID, PRICE(1), QTY(1));
    books_beat(s, 9000, 1000, yes); /* it has something to say, at the flush */
    assert_int_equal(got.empty, 1);
    books_remove(s, b);
    assert_false(books_flush(s, 9001, NULL, 0));
    books_free(s);
}

static int64_t now;
static int64_t clock_us(void) { return now += 100; }

static void a_flush_keeps_to_its_budget(void **state) {
    (void)state;
    struct books *s = books_new(VENUE_POLYMARKET, (struct event_sink){sink, NULL});
    for (int i = 0; i < 40; i++)
        vbook_clear(books_add(s, M, NULL));
    int turns = 1;
    while (books_flush(s, 1, clock_us, 150))
        turns++;
    assert_int_equal(got.events, 40);
    assert_in_range(turns, 3, 10);
    books_free(s);
}

/* Any mixture of changes, snapshots, gaps and flushes: the desk's book is the venue's wherever it says that it is. */
static void it_adds_up(void **state) {
    (void)state;
    struct rng r;
    rng_seed(&r, 7);
    struct books *s = books_new(VENUE_POLYMARKET, (struct event_sink){sink, NULL});
    struct vbook *b = books_add(s, M, NULL);
    for (int i = 0; i < 200000; i++) {
        const uint64_t what = rng_below(&r, 1000);
        if (what == 0)
            vbook_gap(b);
        else if (what == 1)
            vbook_clear(b);
        else if (what < 60) {
            books_flush(s, i + 1, NULL, 0);
            assert_int_equal(got.gap, !vbook_good(b) && got.events > 0);
            if (vbook_good(b))
                assert_int_equal(book_hash(got.book, 1), book_hash(vbook_book(b), 1));
        } else
            vbook_set(b, (enum book_side)rng_below(&r, 2), PRICE((int64_t)rng_range(&r, 1, 60) * 1000), QTY(rng_below(&r, 3) ? rng_range(&r, 1, 9) : 0));
    }
    assert_true(got.snapshots > 50 && got.gaps > 50);
    books_free(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(changes_of_a_turn_are_one_event, start, stop), cmocka_unit_test_setup_teardown(a_gap_lasts_until_a_snapshot, start, stop),
        cmocka_unit_test_setup_teardown(quiet_books_say_that_they_live, start, stop),  cmocka_unit_test_setup_teardown(a_flush_keeps_to_its_budget, start, stop),
        cmocka_unit_test_setup_teardown(it_adds_up, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
