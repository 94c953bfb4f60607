/* The tape codec: what goes in comes out, a cut tape plays to its last whole block, damage is seen, hostile bytes are safe. */
#include "turret/base/mem.h"
#include "turret/base/rng.h"
#include "turret/base/str.h"
#include "turret/market/tape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MARKETS 5

struct tape { uint8_t *p; size_t len, cap; };
struct kept { struct tape_record r; struct level *levels; };
struct kept_list { struct kept *k; size_t n, cap; };

static struct market market_make(int i) {
    struct market m = {.venue = VENUE_SIM, .kind = i % 2 ? MARKET_BINARY : MARKET_PERP, .max_leverage = i % 2 ? 1 : 20, .price_digits = 2,
                       .tick = {i % 2 ? 10000 : 100000}, .min_price = {10000}, .max_price = {i % 2 ? 990000 : TAPE_PRICE_MAX},
                       .lot = {i % 2 ? DEC_ONE : 1000}, .min_size = {1000}, .maker_ppm = 200, .taker_ppm = -500,
                       .maintenance_ppm = 25000, .funding_interval_s = 28800, .closes_us = i * 1000000007LL};
    snprintf(m.symbol, sizeof m.symbol, "MKT-%d", i);
    snprintf(m.title, sizeof m.title, "Höchste Temperatur %d°?", i);
    str_copy(m.category, sizeof m.category, "test");
    m.id = market_id_of(VENUE_SIM, m.symbol);
    return m;
}

static void take(struct tape_writer *w, bool finish, struct tape *t) {
    size_t n;
    const uint8_t *p = tape_writer_take(w, finish, &n);
    t->p = xgrow(t->p, &t->cap, t->len + n + 1, 1);
    memcpy(t->p + t->len, p, n);
    t->len += n;
}

static int64_t number(struct rng *g, int64_t max, int64_t step) {
    int64_t v = rng_range(g, 0, rng_below(g, 4) ? max / 1000 : max);
    return rng_below(g, 50) ? v / step * step : v; /* now and then between the steps */
}

static struct tape_record random_record(struct rng *g, int64_t *at, struct level *levels, int max_levels) {
    struct tape_record r = {.kind = (uint8_t)rng_below(g, 4), .market = (uint32_t)rng_below(g, MARKETS)};
    struct market m = market_make((int)r.market);
    *at += rng_below(g, 3) ? rng_range(g, 0, 100000) : 0;
    r.at_us = *at;
    if (r.kind == TAPE_BOOK) {
        r.flags = (uint8_t)rng_below(g, 4);
        r.n_bids = (uint16_t)rng_below(g, (uint64_t)max_levels);
        r.n_asks = (uint16_t)rng_below(g, (uint64_t)max_levels);
        for (int i = 0; i < r.n_bids + r.n_asks; i++)
            levels[i] = (struct level){PRICE(number(g, TAPE_PRICE_MAX, m.tick.micro)), QTY(number(g, TAPE_SIZE_MAX, m.lot.micro))};
        r.levels = levels;
    } else if (r.kind == TAPE_STATUS) {
        r.status = (uint8_t)rng_below(g, 4);
        r.outcome = (uint8_t)rng_below(g, 4);
    } else {
        r.px.micro = number(g, TAPE_PRICE_MAX, m.tick.micro);
        if (r.kind == TAPE_TRADE) {
            r.size.micro = number(g, TAPE_SIZE_MAX, m.lot.micro);
            r.flags = (uint8_t)rng_below(g, 2);
        }
    }
    return r;
}

/* A random tape; some markets enter only in the middle of it. */
static void build(uint64_t seed, int n, int max_levels, int flush_every, struct tape *t, struct kept_list *kept) {
    struct rng g;
    struct tape_writer *w = tape_writer_new();
    struct level *levels = xmalloc(sizeof *levels * (size_t)max_levels * 2);
    int64_t at = 1700000000000000;
    rng_seed(&g, seed);
    for (int i = 0; i < MARKETS - 1; i++) {
        struct market m = market_make(i);
        assert_int_equal(tape_write_market(w, &m), i);
    }
    for (int i = 0; i < n; i++) {
        struct tape_record r = random_record(&g, &at, levels, max_levels);
        if (i < n / 2 && r.market == MARKETS - 1)
            r.market = 0;
        if (i == n / 2) {
            struct market m = market_make(MARKETS - 1);
            tape_write_market(w, &m);
        }
        tape_write(w, &r);
        if (kept) {
            size_t bytes = sizeof(struct level) * (size_t)(r.n_bids + r.n_asks);
            kept->k = xgrow(kept->k, &kept->cap, kept->n + 1, sizeof *kept->k);
            kept->k[kept->n++] = (struct kept){r, bytes ? memcpy(xmalloc(bytes), levels, bytes) : NULL};
        }
        if (flush_every && i % flush_every == flush_every - 1) {
            tape_writer_flush(w);
            take(w, false, t);
        }
    }
    take(w, true, t);
    tape_writer_free(w);
    free(levels);
}

static void kept_free(struct kept_list *kept) {
    for (size_t i = 0; i < kept->n; i++)
        free(kept->k[i].levels);
    free(kept->k);
}

static bool same(const struct tape_record *a, const struct kept *b) {
    return a->kind == b->r.kind && a->flags == b->r.flags && a->status == b->r.status && a->outcome == b->r.outcome &&
           a->market == b->r.market && a->at_us == b->r.at_us && a->n_bids == b->r.n_bids && a->n_asks == b->r.n_asks &&
           a->px.micro == b->r.px.micro && a->size.micro == b->r.size.micro &&
           (a->n_bids + a->n_asks == 0 || memcmp(a->levels, b->levels, sizeof(struct level) * (size_t)(a->n_bids + a->n_asks)) == 0);
}

/* Plays a tape and returns how many records it gave, all equal to the first ones kept; -1: one differed. */
static long play(const uint8_t *p, size_t len, const struct kept_list *kept, bool *cut, enum err *end) {
    struct tape_reader *r;
    struct tape_record rec;
    char text[200];
    long n = 0;
    *end = tape_reader_new(p, len, &r, cut, text, sizeof text);
    if (*end != ERR_OK)
        return 0;
    while ((*end = tape_next(r, &rec, text, sizeof text)) == ERR_OK) {
        if ((size_t)n >= kept->n || !same(&rec, &kept->k[n])) {
            n = -1;
            break;
        }
        n++;
    }
    tape_reader_free(r);
    return n;
}

static void round_trip(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct tape t = {0};
        struct kept_list kept = {0};
        bool cut;
        enum err end;
        build(seed, 3000, 1 + (int)seed * 5, seed % 3 ? 0 : 100, &t, &kept);
        assert_int_equal(play(t.p, t.len, &kept, &cut, &end), 3000);
        assert_int_equal(end, ERR_NOT_FOUND);
        assert_false(cut);
        free(t.p);
        kept_free(&kept);
    }
}

static void markets_and_info(void **state) {
    (void)state;
    struct tape t = {0};
    struct kept_list kept = {0};
    struct tape_reader *r;
    struct tape_info info;
    uint64_t levels = 0, trades = 0;
    bool cut;
    char text[200];
    build(7, 2000, 40, 0, &t, &kept);
    assert_int_equal(tape_reader_new(t.p, t.len, &r, &cut, text, sizeof text), ERR_OK);
    assert_int_equal(tape_market_count(r), MARKETS);
    assert_null(tape_market(r, MARKETS));
    for (int i = 0; i < MARKETS; i++) {
        struct market m = market_make(i);
        assert_memory_equal(tape_market(r, i), &m, sizeof m);
    }
    for (size_t i = 0; i < kept.n; i++) {
        levels += (uint64_t)kept.k[i].r.n_bids + kept.k[i].r.n_asks;
        trades += kept.k[i].r.kind == TAPE_TRADE;
    }
    tape_info(r, &info);
    assert_int_equal(info.records, 2000);
    assert_int_equal(info.levels, levels);
    assert_int_equal(info.trades, trades);
    assert_true(info.blocks > 3);
    assert_int_equal(info.first_us, kept.k[0].r.at_us);
    assert_int_equal(info.last_us, kept.k[kept.n - 1].r.at_us);
    tape_reader_free(r);
    free(t.p);
    kept_free(&kept);
}

static void seek_gives_what_a_full_reading_gives(void **state) {
    (void)state;
    struct tape t = {0};
    struct kept_list kept = {0};
    struct tape_reader *r;
    struct tape_record rec;
    bool cut;
    char text[200];
    build(9, 4000, 30, 50, &t, &kept);
    assert_int_equal(tape_reader_new(t.p, t.len, &r, &cut, text, sizeof text), ERR_OK);
    for (size_t want = 0; want < kept.n; want += 377) {
        int64_t at = kept.k[want].r.at_us;
        tape_seek(r, at);
        assert_int_equal(tape_next(r, &rec, text, sizeof text), ERR_OK);
        size_t i = 0;
        while (i < kept.n && !(kept.k[i].r.at_us == rec.at_us && same(&rec, &kept.k[i])))
            i++;
        assert_true(i < kept.n && rec.at_us <= at);
        for (; i < kept.n; i++) {
            assert_true(same(&rec, &kept.k[i]));
            assert_int_equal(tape_next(r, &rec, text, sizeof text), i + 1 < kept.n ? ERR_OK : ERR_NOT_FOUND);
        }
    }
    tape_seek(r, INT64_MAX);
    assert_int_equal(tape_next(r, &rec, text, sizeof text), ERR_NOT_FOUND);
    tape_reader_free(r);
    free(t.p);
    kept_free(&kept);
}

/* Cut at every byte: nothing but records from the start, never fewer than the whole blocks hold, and it says so. */
static void cut_at_every_byte(void **state) {
    (void)state;
    struct tape t = {0};
    struct kept_list kept = {0};
    build(3, 300, 6, 20, &t, &kept);
    long last = 0;
    for (size_t len = 0; len < t.len; len++) {
        uint8_t *exact = memcpy(xmalloc(len + 1), t.p, len);
        exact = xrealloc(exact, len ? len : 1); /* so that tools see a read past the end */
        bool cut;
        enum err end;
        long n = play(exact, len, &kept, &cut, &end);
        free(exact);
        if (len < 16) {
            assert_int_equal(end, ERR_CORRUPT);
            continue;
        }
        assert_int_equal(end, ERR_NOT_FOUND);
        assert_true(cut);
        assert_true(n >= last && n <= 300 && n % 10 == 0);
        last = n;
    }
    assert_int_equal(last, 300);
    free(t.p);
    kept_free(&kept);
}

/* Any one bit turned over: found, or (in trailer and index) harmless. Never a record that was not written. */
static void every_bit_flip_is_seen(void **state) {
    (void)state;
    struct tape t = {0};
    struct kept_list kept = {0};
    build(5, 60, 5, 10, &t, &kept);
    for (size_t bit = 0; bit < t.len * 8; bit++) {
        bool cut;
        enum err end;
        t.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        long n = play(t.p, t.len, &kept, &cut, &end);
        t.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_true(end == ERR_CORRUPT || (cut && n >= 0 && n <= 60));
    }
    free(t.p);
    kept_free(&kept);
}

/* The sum of a made-up block can be right: mutate payloads and correct the sums by rebuilding them through the writer's rules. */
static uint32_t crc_plain(uint32_t crc, const uint8_t *p, size_t n) {
    crc = ~crc;
    while (n--) {
        crc ^= *p++;
        for (int k = 0; k < 8; k++)
            crc = (crc >> 1) ^ (0x82f63b78u & -(crc & 1));
    }
    return ~crc;
}

static void crc_is_castagnoli(void **state) {
    (void)state;
    assert_int_equal(crc_plain(0, (const uint8_t *)"123456789", 9), 0xe3069283u);
}

static void hostile_payloads_with_right_sums(void **state) {
    (void)state;
    struct tape t = {0};
    struct rng g;
    rng_seed(&g, 11);
    build(13, 120, 8, 0, &t, NULL);
    size_t at = 16;
    long accepted = 0;
    for (int round = 0; round < 4000; round++) {
        size_t len = t.len - 24; /* without trailer: read as a cut tape */
        uint8_t *m = memcpy(xmalloc(len), t.p, len);
        for (at = 16; at + 48 <= len;) {
            size_t n = (size_t)m[at + 8] | (size_t)m[at + 9] << 8 | (size_t)m[at + 10] << 16;
            if (n == 0 || at + 48 + n > len)
                break;
            for (uint64_t k = rng_below(&g, 4); k; k--)
                m[at + 48 + rng_below(&g, n)] = rng_below(&g, 3) ? (uint8_t)rng_u64(&g) : 0xff;
            if (rng_below(&g, 10) == 0)
                m[at + 16] = (uint8_t)rng_u64(&g); /* the count of records */
            memset(m + at + 12, 0, 4);
            uint32_t crc = crc_plain(0, m + at, 48 + n);
            memcpy(m + at + 12, &crc, 4);
            at += 48 + n;
        }
        struct tape_reader *r;
        bool cut;
        char text[200];
        if (tape_reader_new(m, len, &r, &cut, text, sizeof text) == ERR_OK) {
            struct tape_record rec;
            int64_t before = 0;
            accepted++;
            while (tape_next(r, &rec, text, sizeof text) == ERR_OK) {
                assert_true(rec.at_us >= before && rec.market < (uint32_t)tape_market_count(r));
                before = rec.at_us;
                for (int i = 0; i < rec.n_bids + rec.n_asks; i++)
                    assert_true(rec.levels[i].px.micro >= 0 && rec.levels[i].px.micro <= TAPE_PRICE_MAX &&
                                rec.levels[i].size.micro >= 0 && rec.levels[i].size.micro <= TAPE_SIZE_MAX);
            }
            tape_reader_free(r);
        }
        free(m);
    }
    assert_true(accepted > 100); /* or the test tests nothing */
    free(t.p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),
        cmocka_unit_test(markets_and_info),
        cmocka_unit_test(seek_gives_what_a_full_reading_gives),
        cmocka_unit_test(cut_at_every_byte),
        cmocka_unit_test(every_bit_flip_is_seen),
        cmocka_unit_test(crc_is_castagnoli),
        cmocka_unit_test(hostile_payloads_with_right_sums),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
