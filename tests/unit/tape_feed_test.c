/* Tapes played into an exchange: shifted in time, complete, halted at damage, and no number out of range gets through. */
#include "turret/base/mem.h"
#include "turret/market/tape.h"
#include "venue/sim/exchange.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define T0 1700000000000000 /* on the tape */
#define NOW 1800000000000000

static char path[64];

struct got { uint64_t n[EVENT_TYPE_COUNT]; struct market markets[8]; int n_markets; struct book *book; market_id of; int64_t first_us, last_us; uint8_t status, outcome; unsigned flags; price last; };

static void sink(void *ctx, const struct event *ev) {
    struct got *g = ctx;
    g->n[ev->type]++;
    g->first_us = g->first_us ? g->first_us : ev->at_us;
    assert_true(ev->at_us >= g->last_us);
    g->last_us = ev->at_us;
    if (ev->type == EVENT_MARKET && g->n_markets < 8)
        g->markets[g->n_markets++] = ev->u.market;
    if (ev->type == EVENT_BOOK && ev->u.book.market == g->of) {
        const struct ev_book *b = &ev->u.book;
        if (b->flags & BOOK_SNAPSHOT)
            book_clear(g->book);
        for (int i = 0; i < b->n_bids + b->n_asks; i++) {
            assert_true(b->levels[i].px.micro > 0 && b->levels[i].px.micro < DEC_ONE);
            book_set(g->book, i < b->n_bids ? BOOK_BID : BOOK_ASK, b->levels[i].px, b->levels[i].size);
        }
        g->flags = b->flags;
    }
    if (ev->type == EVENT_TRADE)
        g->last = ev->u.trade.px;
    if (ev->type == EVENT_MARKET_STATUS) {
        g->status = ev->u.market_status.status;
        g->outcome = ev->u.market_status.outcome;
    }
}

static struct market binary(const char *symbol) {
    struct market m = {.venue = VENUE_POLYMARKET, .kind = MARKET_BINARY, .max_leverage = 1, .price_digits = 2, .tick = {10000}, .min_price = {10000}, .max_price = {990000}, .lot = {DEC_ONE},
                       .min_size = {DEC_ONE}, .closes_us = T0 + 60000000};
    strncpy(m.symbol, symbol, sizeof m.symbol - 1);
    strncpy(m.title, symbol, sizeof m.title - 1);
    return m;
}

static void book_record(struct tape_writer *w, int64_t at_us, unsigned flags, int64_t bid, int64_t ask) {
    const struct level l[2] = {{PRICE(bid), QTY(10 * DEC_ONE)}, {PRICE(ask), QTY(20 * DEC_ONE)}};
    tape_write(w, &(struct tape_record){.kind = TAPE_BOOK, .flags = (uint8_t)flags, .at_us = at_us, .n_bids = 1, .n_asks = 1, .levels = l});
}

/* Six records over three seconds, ending in a settlement; `first` cuts it after so many bytes (0: whole). */
static void make_tape(size_t cut, bool flush) {
    struct tape_writer *w = tape_writer_new();
    struct market m = binary("EVT");
    size_t n;
    tape_write_market(w, &m);
    book_record(w, T0, BOOK_SNAPSHOT, 400000, 420000);
    book_record(w, T0 + 500000, 0, 410000, 430000);
    if (flush)
        tape_writer_flush(w);
    tape_write(w, &(struct tape_record){.kind = TAPE_TRADE, .flags = 1, .at_us = T0 + 1000000, .px = PRICE(420000), .size = QTY(3 * DEC_ONE)});
    tape_write(w, &(struct tape_record){.kind = TAPE_TRADE, .at_us = T0 + 1000000, .px = PRICE(1500000), .size = QTY(DEC_ONE)}); /* no price of a binary market */
    book_record(w, T0 + 2000000, BOOK_SNAPSHOT, 0, 990001); /* nor these */
    tape_write(w, &(struct tape_record){.kind = TAPE_STATUS, .at_us = T0 + 3000000, .status = MARKET_RESOLVED, .outcome = OUTCOME_YES});
    const uint8_t *p = tape_writer_take(w, true, &n);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    n = cut && cut < n ? cut : n;
    assert_int_equal(fwrite(p, 1, n, f), n);
    fclose(f);
    tape_writer_free(w);
}

struct setup { struct got got; struct exchange *x; struct feed *f; char text[REASON_MAX]; enum err e; };

static void setup_open(struct setup *s) {
    struct exchange_cfg cfg;
    memset(s, 0, sizeof *s);
    exchange_cfg_default(&cfg);
    s->got.book = book_new();
    s->got.of = market_id_of(VENUE_SIM, "EVT");
    s->x = exchange_new(&cfg, (struct event_sink){sink, &s->got});
    s->e = tape_feed_new(s->x, path, &s->f, s->text);
}
static void setup_close(struct setup *s) {
    if (s->f)
        s->f->ops->close(s->f);
    exchange_free(s->x);
    book_free(s->got.book);
}
static void play_all(struct setup *s) {
    for (int64_t t; (t = s->f->ops->next_us(s->f)) != INT64_MAX;)
        s->f->ops->run(s->f, t);
}

static void plays_shifted_and_ends(void **state) {
    (void)state;
    struct setup s;
    struct level l;
    make_tape(0, false);
    setup_open(&s);
    assert_int_equal(s.e, ERR_OK);
    assert_string_equal(s.text, "");
    assert_int_equal(s.f->ops->next_us(s.f), INT64_MAX); /* nothing before the start */
    s.f->ops->start(s.f, NOW);
    assert_int_equal(s.got.n_markets, 1);
    assert_int_equal(s.got.markets[0].venue, VENUE_SIM);
    assert_int_equal(s.got.markets[0].closes_us, NOW + 60000000);
    assert_int_equal(s.f->ops->next_us(s.f), NOW);
    s.f->ops->run(s.f, NOW + 500000);
    assert_int_equal(s.f->ops->records(s.f), 2);
    assert_true(book_best(s.got.book, BOOK_BID, &l) && l.px.micro == 410000);
    assert_int_equal(s.f->ops->next_us(s.f), NOW + 1000000);
    s.f->ops->run(s.f, NOW + 2500000);
    assert_int_equal(s.got.n[EVENT_TRADE], 1); /* the impossible one was left out */
    assert_int_equal(s.got.last.micro, 420000);
    assert_int_equal(book_count(s.got.book, BOOK_BID) + book_count(s.got.book, BOOK_ASK), 0); /* an empty snapshot clears */
    assert_false(s.f->ops->ended(s.f));
    play_all(&s);
    assert_true(s.f->ops->ended(s.f));
    assert_int_equal(s.f->ops->records(s.f), 6);
    assert_int_equal(s.got.status, MARKET_RESOLVED);
    assert_int_equal(s.got.outcome, OUTCOME_YES);
    assert_int_equal(s.got.last_us, NOW + 3000000);
    setup_close(&s);
}

static void cut_tape_plays_and_warns(void **state) {
    (void)state;
    struct setup s;
    make_tape(0, true);
    FILE *f = fopen(path, "rb");
    fseek(f, 0, SEEK_END);
    size_t whole = (size_t)ftell(f);
    fclose(f);
    int played[7] = {0};
    for (size_t cut = 1; cut < whole; cut++) {
        make_tape(cut, true);
        setup_open(&s);
        if (s.e == ERR_OK) {
            assert_non_null(strstr(s.text, "cut"));
            s.f->ops->start(s.f, NOW);
            play_all(&s);
            assert_true(s.f->ops->records(s.f) == 2 || s.f->ops->records(s.f) == 6);
            played[s.f->ops->records(s.f)]++;
        } else {
            assert_int_equal(s.e, ERR_CORRUPT);
            assert_true(*s.text);
            played[0]++;
        }
        setup_close(&s);
    }
    assert_true(played[0] > 0 && played[2] > 0 && played[6] > 0);
}

static void bad_files_are_refused_with_a_sentence(void **state) {
    (void)state;
    struct setup s;
    const char *junk = "ts_ms,slug,bid,ask\n1,a,0.1,0.2\n";
    FILE *f = fopen(path, "wb");
    fputs(junk, f);
    fclose(f);
    setup_open(&s);
    assert_int_equal(s.e, ERR_CORRUPT);
    assert_string_equal(s.text, "not a tape");
    setup_close(&s);
    make_tape(0, false);
    f = fopen(path, "r+b");
    fseek(f, 16 + 48 + 4, SEEK_SET); /* inside the first block */
    fputc(0x55, f);
    fclose(f);
    setup_open(&s);
    assert_int_equal(s.e, ERR_CORRUPT);
    assert_non_null(strstr(s.text, "damaged"));
    setup_close(&s);
    unlink(path);
    setup_open(&s);
    assert_int_equal(s.e, ERR_IO);
    assert_non_null(strstr(s.text, "No such file"));
    setup_close(&s);
    char folder[] = "/tmp";
    char keep[64];
    memcpy(keep, path, sizeof keep);
    memcpy(path, folder, sizeof folder);
    setup_open(&s);
    assert_int_equal(s.e, ERR_CORRUPT);
    setup_close(&s);
    memcpy(path, keep, sizeof keep);
}

static void markets_of_other_runs_stay_in_sight(void **state) {
    (void)state;
    struct setup s;
    struct event ev;
    make_tape(0, false);
    setup_open(&s);
    const char *const symbols[] = {"EVT", "OTHER", "DONE"};
    for (int i = 0; i < 3; i++) {
        event_init(&ev, EVENT_LOAD_MARKET, VENUE_SIM, NOW);
        ev.u.load_market.market = binary(symbols[i]);
        ev.u.load_market.market.venue = VENUE_SIM;
        ev.u.load_market.market.id = market_id_of(VENUE_SIM, symbols[i]);
        ev.u.load_market.market.status = i == 2 ? MARKET_RESOLVED : MARKET_OPEN;
        ev.u.load_market.last = PRICE(550000);
        s.f->ops->restore(s.f, &ev);
        s.f->ops->restore(s.f, &ev); /* one event an account */
    }
    s.f->ops->start(s.f, NOW);
    assert_int_equal(s.got.n_markets, 2);
    assert_string_equal(s.got.markets[0].symbol, "EVT");
    assert_int_equal(s.got.markets[0].status, MARKET_OPEN);
    assert_string_equal(s.got.markets[1].symbol, "OTHER");
    assert_int_equal(s.got.markets[1].status, MARKET_HALTED);
    assert_int_equal(s.got.n[EVENT_MARK], 1);
    setup_close(&s);
}

static int group_setup(void **state) {
    (void)state;
    snprintf(path, sizeof path, "/tmp/turret-feed-%d.tape", (int)getpid());
    return 0;
}
static int group_teardown(void **state) {
    (void)state;
    unlink(path);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plays_shifted_and_ends),
        cmocka_unit_test(cut_tape_plays_and_warns),
        cmocka_unit_test(bad_files_are_refused_with_a_sentence),
        cmocka_unit_test(markets_of_other_runs_stay_in_sight),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
