/* The simulator behind the venue port: generated markets and accounts in one time order, the same seed the same run. */
#include "exchange_fixture.h"
#include "turret/base/hash.h"
#include "turret/venue/sim.h"

struct watcher {
    struct kit keep; /* private events only: public ones are many */
    int64_t last_us;
    uint64_t hash, events, books, trades;
    int markets_before_up, ups;
    market_id perp, binary;
    price bid[2], ask[2];
};

static void watch_book(struct watcher *w, const struct ev_book *b) {
    w->books++;
    for (int i = 0; i < b->n_bids + b->n_asks; i++)
        assert_true(b->levels[i].size.micro >= 0 && b->levels[i].px.micro > 0);
}

static void watch_put(void *ctx, const struct event *ev) {
    struct watcher *w = ctx;
    assert_true(event_valid(ev, ev->size));
    assert_true(ev->at_us >= w->last_us); /* one time order, whoever speaks */
    w->last_us = ev->at_us;
    w->events++;
    w->hash = fnv64_u64(fnv64_u64(w->hash, ev->type), (uint64_t)ev->at_us);
    if (ev->type == EVENT_MARKET && !w->ups) {
        w->markets_before_up++;
        *(ev->u.market.kind == MARKET_PERP ? &w->perp : &w->binary) = ev->u.market.id;
    } else if (ev->type == EVENT_VENUE) {
        w->ups += ev->u.venue_state.up;
    } else if (ev->type == EVENT_BOOK) {
        watch_book(w, &ev->u.book);
    } else if (ev->type == EVENT_TRADE) {
        w->trades++;
    } else if (ev->type >= EVENT_ACK && ev->type <= EVENT_RECON_END) {
        kit_put(&w->keep, ev);
    }
}

static struct venue *open_sim(struct watcher *w, uint64_t seed) {
    struct sim_cfg cfg;
    struct venue *v = NULL;
    char text[REASON_MAX] = "";
    memset(w, 0, sizeof *w);
    w->keep.next_id = 500;
    sim_cfg_default(&cfg);
    cfg.seed = seed;
    assert_int_equal(sim_open(&cfg, (struct event_sink){watch_put, w}, &v, text), ERR_OK);
    struct event ev;
    event_init(&ev, EVENT_ACCOUNT, VENUE_SIM, T0);
    ev.u.account = (struct account){.id = 1, .venue = VENUE_SIM, .initial = {micro(10000)}};
    v->ops->restore(v, &ev);
    event_init(&ev, EVENT_LOADED, VENUE_SIM, T0);
    v->ops->restore(v, &ev);
    v->ops->start(v, T0);
    return v;
}
static void close_sim(struct watcher *w, struct venue *v) {
    kit_forget(&w->keep);
    free(w->keep.seen);
    v->ops->close(v);
}

static void listings_come_first_then_the_venue_is_up(void **state) {
    (void)state;
    struct watcher w;
    struct venue *v = open_sim(&w, 5);
    assert_int_equal(w.ups, 1);
    assert_true(w.markets_before_up >= 8);
    assert_true(v->ops->next_us(v) < INT64_MAX);
    close_sim(&w, v);
}

static uint64_t trade_an_hour(uint64_t seed) {
    struct watcher w;
    struct venue *v = open_sim(&w, seed);
    struct order o = {.account = 1, .type = ORDER_MARKET, .leverage = 1, .flags = ORDER_SENT};
    int64_t now = T0;
    struct level best;
    for (int step = 0; step < 60; step++, now += 60 * SECOND) {
        v->ops->run(v, now);
        bool binary = step % 2;
        o.id = order_id_make(1, (uint32_t)step + 1);
        o.market = binary ? w.binary : w.perp;
        o.action = step % 4 < 2 ? ACTION_BUY : ACTION_SELL;
        o.side = binary ? SIDE_YES : SIDE_LONG;
        if (exchange_best(sim_exchange(v), o.market, BOOK_ASK, &best)) {
            o.size = best.size;
            assert_int_equal(v->ops->prepare(v, &o, now), ERR_OK);
            assert_int_equal(v->ops->place(v, &o, now), ERR_OK);
        }
    }
    v->ops->run(v, now);
    assert_true(w.books > 1000 && w.trades > 100);
    assert_true(kit_count(&w.keep, EVENT_FILL, 0) > 0);
    assert_false(sim_feed_ended(v));
    assert_true(exchange_cash(sim_exchange(v), 1).micro != micro(10000)); /* it traded, it paid */
    uint64_t h = fnv64_u64(w.hash, exchange_hash(sim_exchange(v)));
    close_sim(&w, v);
    return h;
}

static void the_same_seed_gives_the_same_hour(void **state) {
    (void)state;
    uint64_t first = trade_an_hour(11);
    assert_true(first == trade_an_hour(11));
    assert_true(first != trade_an_hour(12));
}

static void a_missing_tape_is_said_so(void **state) {
    (void)state;
    struct sim_cfg cfg;
    struct venue *v = NULL;
    struct watcher w = {0};
    char text[REASON_MAX] = "";
    sim_cfg_default(&cfg);
    cfg.tape = "/nonexistent/x.tape";
    assert_int_not_equal(sim_open(&cfg, (struct event_sink){watch_put, &w}, &v, text), ERR_OK);
    assert_null(v);
    assert_true(text[0] != 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(listings_come_first_then_the_venue_is_up),
        cmocka_unit_test(the_same_seed_gives_the_same_hour),
        cmocka_unit_test(a_missing_tape_is_said_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
