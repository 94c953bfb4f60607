/* A simulator that is alive says so: no open book is left without a word, and a long sleep is skipped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "turret/base/map.h"
#include "turret/venue/sim.h"

#define SECOND 1000000LL

struct seen {
    struct map last; /* market -> time of its last book */
    struct map open;
    int64_t worst_us;
    uint64_t events;
};

static void put(void *ctx, const struct event *ev) {
    struct seen *s = ctx;
    uint64_t at;
    s->events++;
    if (ev->type == EVENT_MARKET)
        map_put(&s->open, ev->u.market.id, ev->u.market.status == MARKET_OPEN);
    if (ev->type == EVENT_MARKET_STATUS)
        map_put(&s->open, ev->u.market_status.market, ev->u.market_status.status == MARKET_OPEN);
    if (ev->type != EVENT_BOOK)
        return;
    uint64_t open = 0;
    map_get(&s->open, ev->u.book.market, &open);
    if (map_get(&s->last, ev->u.book.market, &at) && open && ev->at_us - (int64_t)at > s->worst_us)
        s->worst_us = ev->at_us - (int64_t)at;
    map_put(&s->last, ev->u.book.market, (uint64_t)ev->at_us);
}

static struct venue *open_sim(struct seen *s, bool wall_clock) {
    struct sim_cfg cfg;
    struct venue *v;
    char text[REASON_MAX];
    sim_cfg_default(&cfg);
    cfg.seed = 3;
    cfg.wall_clock = wall_clock;
    *s = (struct seen){0};
    map_init(&s->last);
    map_init(&s->open);
    assert_int_equal(sim_open(&cfg, (struct event_sink){put, s}, &v, text), ERR_OK);
    return v;
}

static void close_sim(struct venue *v, struct seen *s) {
    v->ops->close(v);
    map_free(&s->last);
    map_free(&s->open);
}

static void every_open_book_is_confirmed(void **st) {
    struct seen s;
    struct venue *v = open_sim(&s, false);
    int64_t now = 1800000000 * SECOND;
    (void)st;
    v->ops->start(v, now);
    for (int64_t t = now; t < now + 600 * SECOND; t += SECOND / 10)
        v->ops->run(v, t);
    assert_true(s.worst_us > SECOND); /* some book was quiet: else nothing was tested */
    assert_true(s.worst_us <= 10 * SECOND);
    close_sim(v, &s);
}

static void a_long_sleep_is_skipped(void **st) {
    struct seen s;
    struct venue *v = open_sim(&s, true);
    int64_t now = 1800000000 * SECOND;
    (void)st;
    v->ops->start(v, now);
    v->ops->run(v, now + 10 * SECOND);
    uint64_t before = s.events;
    v->ops->run(v, now + 8 * 3600 * SECOND); /* eight hours of beats would be a million events */
    assert_true(s.events > before);
    assert_true(s.events - before < 20000);
    assert_true(v->ops->next_us(v) > now + 8 * 3600 * SECOND);
    close_sim(v, &s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_open_book_is_confirmed),
        cmocka_unit_test(a_long_sleep_is_skipped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
