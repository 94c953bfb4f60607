/* Generated markets: the same seed gives the same markets, books never cross, prices stay in range, there is always enough to
 * trade, markets resolve by what they are about, and a restart takes up where it was. */
#include "turret/base/hash.h"
#include "turret/base/map.h"
#include "turret/base/mem.h"
#include "venue/sim/gen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define START_US 1795222800000000 /* 2026-11-21 01:00 UTC */
#define SEEN_MAX 2048

struct seen { struct market m; struct book *book; price last, mark, index; uint64_t books, trades; uint8_t outcome; };
struct world {
    struct exchange *x;
    struct feed *feed;
    struct seen *seen;
    int n;
    struct map ids;
    int64_t at_us;
    uint64_t hash, events, books, trades, crossed, out_of_range, back_steps, resolved, wrong_outcomes;
    int open_binaries, open_perps;
};

static struct seen *seen_of(struct world *w, market_id id) {
    uint64_t at;
    return map_get(&w->ids, id, &at) ? &w->seen[at] : NULL;
}

static void count_open(struct world *w, const struct market *m, int by) {
    if (m->status == MARKET_OPEN)
        *(m->kind == MARKET_PERP ? &w->open_perps : &w->open_binaries) += by;
}

static void on_market(struct world *w, const struct market *m) {
    struct seen *s = seen_of(w, m->id);
    if (!s) {
        assert_true(w->n < SEEN_MAX);
        map_put(&w->ids, m->id, (uint64_t)w->n);
        s = &w->seen[w->n++];
        s->book = book_new();
    } else {
        count_open(w, &s->m, -1);
    }
    s->m = *m;
    count_open(w, m, 1);
}

/* A market on a price level must settle as its perpetual stands. */
static void check_outcome(struct world *w, const struct seen *s) {
    static const char *const coins[] = {"BTC-", "ETH-", "SOL-"};
    for (int i = 0; i < 3; i++) {
        int64_t strike;
        const char *from = s->m.symbol + 4, *to = strchr(from, '-');
        if (strncmp(s->m.symbol, coins[i], 4) != 0 || !to || !dec_parse(from, (size_t)(to - from), &strike))
            continue;
        int64_t index = w->seen[i].index.micro;
        if (llabs(index - strike) > strike / 1000) /* marks come once a second: not at the very edge */
            w->wrong_outcomes += (index > strike) != (s->outcome == OUTCOME_YES);
    }
}

static void on_book(struct world *w, const struct ev_book *b) {
    struct seen *s = seen_of(w, b->market);
    assert_non_null(s);
    if (b->flags & BOOK_SNAPSHOT)
        book_clear(s->book);
    for (int i = 0; i < b->n_bids + b->n_asks; i++) {
        w->out_of_range += market_check_price(&s->m, b->levels[i].px) != ERR_OK;
        book_set(s->book, i < b->n_bids ? BOOK_BID : BOOK_ASK, b->levels[i].px, b->levels[i].size);
    }
    w->crossed += book_crossed(s->book);
    w->books++;
    s->books++;
}

static void sink(void *ctx, const struct event *ev) {
    struct world *w = ctx;
    w->back_steps += ev->at_us < w->at_us;
    w->at_us = ev->at_us;
    w->events++;
    w->hash = fnv64(w->hash, ev, ev->size);
    if (ev->type == EVENT_MARKET)
        on_market(w, &ev->u.market);
    if (ev->type == EVENT_BOOK)
        on_book(w, &ev->u.book);
    if (ev->type == EVENT_TRADE) {
        struct seen *s = seen_of(w, ev->u.trade.market);
        w->out_of_range += market_check_price(&s->m, ev->u.trade.px) != ERR_OK || market_check_size(&s->m, ev->u.trade.size) != ERR_OK;
        s->last = ev->u.trade.px;
        s->trades++;
        w->trades++;
    }
    if (ev->type == EVENT_MARK) {
        struct seen *s = seen_of(w, ev->u.mark.market);
        s->mark = ev->u.mark.mark;
        s->index = ev->u.mark.index;
    }
    if (ev->type == EVENT_MARKET_STATUS) {
        struct seen *s = seen_of(w, ev->u.market_status.market);
        count_open(w, &s->m, -1);
        s->m.status = ev->u.market_status.status;
        s->outcome = ev->u.market_status.outcome;
        count_open(w, &s->m, 1);
        if (s->m.status == MARKET_RESOLVED) {
            w->resolved++;
            check_outcome(w, s);
        }
    }
}

static void world_new(struct world *w, uint64_t seed) {
    struct exchange_cfg cfg;
    memset(w, 0, sizeof *w);
    w->hash = FNV64_INIT;
    w->seen = xcalloc(SEEN_MAX, sizeof *w->seen);
    map_init(&w->ids);
    exchange_cfg_default(&cfg);
    cfg.seed = seed;
    w->x = exchange_new(&cfg, (struct event_sink){sink, w});
    w->feed = gen_feed_new(w->x, seed);
}

static void world_free(struct world *w) {
    w->feed->ops->close(w->feed);
    exchange_free(w->x);
    for (int i = 0; i < w->n; i++)
        book_free(w->seen[i].book);
    free(w->seen);
    map_free(&w->ids);
}

static void run_to(struct world *w, int64_t until_us) {
    for (int64_t t; (t = w->feed->ops->next_us(w->feed)) <= until_us;) {
        w->feed->ops->run(w->feed, t);
        exchange_run(w->x, t);
    }
}

static void same_seed_same_markets(void **state) {
    (void)state;
    uint64_t hash[4];
    for (int i = 0; i < 4; i++) {
        struct world w;
        world_new(&w, i == 3 ? 8 : 7);
        w.feed->ops->start(w.feed, START_US);
        if (i == 1) /* called every seven seconds instead of at every beat */
            for (int64_t t = START_US; t <= START_US + 10 * GEN_MINUTE; t += 7 * GEN_SECOND)
                w.feed->ops->run(w.feed, t);
        run_to(&w, START_US + 10 * GEN_MINUTE);
        hash[i] = w.hash;
        world_free(&w);
    }
    assert_int_equal(hash[0], hash[2]);
    assert_int_equal(hash[0], hash[1]);
    assert_int_not_equal(hash[0], hash[3]);
}

static void a_day_of_markets(void **state) {
    (void)state;
    struct world w;
    world_new(&w, 42);
    w.feed->ops->start(w.feed, START_US);
    int64_t low = INT64_MAX, high = 0;
    for (int64_t t = START_US; t <= START_US + GEN_DAY; t += GEN_SECOND * 10) {
        run_to(&w, t);
        assert_true(w.open_perps >= 2);
        assert_true(w.open_binaries >= 6);
        low = w.seen[0].mark.micro < low ? w.seen[0].mark.micro : low;
        high = w.seen[0].mark.micro > high ? w.seen[0].mark.micro : high;
    }
    assert_int_equal(w.crossed, 0);
    assert_int_equal(w.out_of_range, 0);
    assert_int_equal(w.back_steps, 0);
    assert_int_equal(w.wrong_outcomes, 0);
    assert_true(w.resolved >= 96); /* one market alone closes every quarter of an hour */
    assert_in_range(w.books / 86400, 15, 60); /* a second */
    assert_in_range(w.trades / 86400, 1, 8);
    assert_true(high - low > low / 200 && high < low * 5 / 4); /* it moves, and stays believable */
    world_free(&w);
}

static void outcomes_go_both_ways_and_prices_knew(void **state) {
    (void)state;
    struct world w;
    int yes = 0, no = 0, last_right = 0, last_wrong = 0;
    world_new(&w, 5);
    w.feed->ops->start(w.feed, START_US);
    run_to(&w, START_US + 12 * GEN_HOUR);
    for (int i = 0; i < w.n; i++) {
        const struct seen *s = &w.seen[i];
        if (s->m.status != MARKET_RESOLVED)
            continue;
        yes += s->outcome == OUTCOME_YES;
        no += s->outcome == OUTCOME_NO;
        if (s->last.micro > 900000 || (s->last.micro && s->last.micro < 100000))
            *((s->last.micro > 900000) == (s->outcome == OUTCOME_YES) ? &last_right : &last_wrong) += 1;
    }
    assert_true(yes >= 20 && no >= 20);
    assert_true(last_right > 20 && last_wrong * 10 <= last_right);
    world_free(&w);
}

static void catalogue_reads_well(void **state) {
    (void)state;
    struct world w;
    world_new(&w, 1);
    w.feed->ops->start(w.feed, START_US);
    assert_true(w.open_perps >= 3 && w.open_binaries >= 8);
    assert_string_equal(w.seen[0].m.symbol, "BTC-PERP");
    int soon = 0;
    for (int i = 0; i < w.n; i++) {
        const struct market *m = &w.seen[i].m;
        struct level bid, ask;
        assert_true(strlen(m->symbol) >= 6 && strlen(m->symbol) < 30);
        assert_true(strlen(m->title) >= 10 && *m->category);
        for (const char *p = m->symbol; *p; p++)
            assert_true((*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || *p == '-');
        for (int k = 0; k < i; k++)
            assert_true(w.seen[k].m.id != m->id);
        assert_true(book_best(w.seen[i].book, BOOK_BID, &bid) && book_best(w.seen[i].book, BOOK_ASK, &ask));
        if (m->kind == MARKET_BINARY) {
            soon += m->closes_us < START_US + GEN_HOUR + GEN_SECOND;
            assert_true(ask.px.micro - bid.px.micro <= 50000);
        }
        assert_true(book_count(w.seen[i].book, BOOK_BID) + book_count(w.seen[i].book, BOOK_ASK) >= 6);
    }
    assert_true(soon >= 3);
    world_free(&w);
}

static void a_large_order_moves_the_price(void **state) {
    (void)state;
    int64_t mid[2], ask_after = 0, ask_before = 0;
    for (int big = 0; big < 2; big++) {
        struct world w;
        struct level ask;
        price m;
        world_new(&w, 3);
        w.feed->ops->start(w.feed, START_US);
        run_to(&w, START_US + GEN_MINUTE);
        market_id id = w.seen[0].m.id;
        if (big) {
            assert_true(exchange_best(w.x, id, BOOK_ASK, &ask));
            ask_before = ask.px.micro;
            assert_true(exchange_bot_market(w.x, id, 999, 1, QTY(12 * DEC_ONE), w.at_us).micro > 0);
            assert_true(exchange_best(w.x, id, BOOK_ASK, &ask));
            ask_after = ask.px.micro;
        }
        run_to(&w, START_US + GEN_MINUTE + 5 * GEN_SECOND);
        assert_true(book_mid(w.seen[0].book, &m));
        mid[big] = m.micro;
        world_free(&w);
    }
    assert_true(ask_after > ask_before);
    assert_true(mid[1] > mid[0]);
}

static void restore(struct world *to, const struct world *from, int64_t now_us) {
    for (int i = 0; i < from->n; i++) {
        struct event ev;
        event_init(&ev, EVENT_LOAD_MARKET, VENUE_SIM, now_us);
        ev.u.load_market.market = from->seen[i].m;
        ev.u.load_market.last = from->seen[i].last;
        ev.u.load_market.mark = from->seen[i].mark;
        exchange_restore(to->x, &ev);
        to->feed->ops->restore(to->feed, &ev);
    }
}

static void restart_continues(void **state) {
    (void)state;
    for (int before = 1; before >= 0; before--) { /* stored markets may come before the start or after it */
        struct world a, b;
        int64_t again = START_US + 30 * GEN_MINUTE + 7 * GEN_HOUR;
        int were_open = 0, now_resolved = 0;
        world_new(&a, 11);
        a.feed->ops->start(a.feed, START_US);
        run_to(&a, START_US + 30 * GEN_MINUTE);
        world_new(&b, 12);
        if (before)
            restore(&b, &a, again);
        b.feed->ops->start(b.feed, again);
        if (!before)
            restore(&b, &a, again);
        run_to(&b, again + GEN_SECOND);
        for (int i = 0; i < a.n; i++) {
            const struct seen *was = &a.seen[i], *is = seen_of(&b, was->m.id);
            if (was->m.status != MARKET_OPEN)
                continue;
            assert_non_null(is);
            if (was->m.kind == MARKET_PERP) {
                assert_true(llabs(is->mark.micro - was->mark.micro) < was->mark.micro / 100);
            } else if (was->m.closes_us <= again) {
                were_open++;
                now_resolved += is->m.status == MARKET_RESOLVED;
            } else {
                assert_int_equal(is->m.status, MARKET_OPEN);
                assert_int_equal(is->m.closes_us, was->m.closes_us);
            }
        }
        assert_true(were_open >= 4);
        assert_int_equal(now_resolved, were_open);
        assert_true(b.open_perps >= 3 && b.open_binaries >= 8);
        assert_int_equal(b.crossed + b.back_steps, 0);
        world_free(&a);
        world_free(&b);
    }
}

static void a_long_pause_is_caught_up_quickly(void **state) {
    (void)state;
    struct world w;
    world_new(&w, 2);
    w.feed->ops->start(w.feed, START_US);
    run_to(&w, START_US + GEN_MINUTE);
    uint64_t before = w.events;
    w.feed->ops->run(w.feed, START_US + 8 * GEN_HOUR); /* the machine slept */
    assert_true(w.events - before < 200000);
    assert_true(w.open_binaries >= 6);
    assert_int_equal(w.back_steps, 0);
    assert_true(w.resolved >= 30);
    world_free(&w);
}

static void normal_distribution(void **state) {
    (void)state;
    assert_int_equal(gen_phi(0), 500000);
    assert_in_range(gen_phi(1000), 841000, 841700);
    assert_in_range(gen_phi(-1960), 24500, 25500);
    assert_true(gen_phi(100000) < DEC_ONE && gen_phi(-100000) > 0);
    for (int64_t p = 1000; p < DEC_ONE; p += 997)
        assert_true(llabs(gen_phi(gen_phi_inverse(p)) - p) < 500);
    for (uint64_t v = 0; v < 1000000; v += 37) {
        uint64_t r = gen_isqrt(v);
        assert_true(r * r <= v && (r + 1) * (r + 1) > v);
    }
    assert_int_equal(gen_isqrt(UINT64_MAX), UINT32_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_seed_same_markets),
        cmocka_unit_test(a_day_of_markets),
        cmocka_unit_test(outcomes_go_both_ways_and_prices_knew),
        cmocka_unit_test(catalogue_reads_well),
        cmocka_unit_test(a_large_order_moves_the_price),
        cmocka_unit_test(restart_continues),
        cmocka_unit_test(a_long_pause_is_caught_up_quickly),
        cmocka_unit_test(normal_distribution),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
