/* Two simulated venues side by side: what the second lists, how its prices follow, how it ends, that it changes nothing on the
 * first; a preview is what is charged, with every formula of fees; links.conf. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "app/links_conf.h"
#include "desk/state.h"
#include "turret/base/str.h"
#include "turret/venue/sim.h"
#include "venue/sim/exchange.h"

#define START 1767225600000000LL
#define MINUTE 60000000LL
#define ACCOUNT_OF(v) ((v) == VENUE_SIM ? 1u : 2u)

struct pair {
    struct venue *v[2]; /* the second may be absent */
    struct desk *d;
    int64_t now;
    uint64_t seen[2];   /* hash of all events of a venue */
    int listed[2], resolved[2];
    usd charged;
    qty filled;
};

static int index_of(uint16_t venue) { return venue == VENUE_SIM2; }

static void heard(void *ctx, const struct event *ev) {
    struct pair *p = ctx;
    const int at = index_of(ev->venue);
    uint64_t h = p->seen[at] * 1099511628211ull;
    for (size_t i = 0; i < ev->size; i++)
        h = (h ^ ((const uint8_t *)ev)[i]) * 1099511628211ull;
    p->seen[at] = h;
    p->listed[at] += ev->type == EVENT_MARKET;
    p->resolved[at] += ev->type == EVENT_MARKET_STATUS && ev->u.market_status.status == MARKET_RESOLVED;
    if (ev->type == EVENT_FILL) {
        p->charged.micro += ev->u.fill_ev.fill.fee.micro;
        p->filled.micro += ev->u.fill_ev.fill.size.micro;
    }
    desk_step(p->d, ev);
    while (desk_effect(p->d) != NULL)
        ;
}

static void tell(struct pair *p, struct event *ev) {
    ev->at_us = p->now;
    desk_step(p->d, ev);
    while (desk_effect(p->d) != NULL)
        ;
}

static void desk_begin(struct pair *p) {
    struct event ev;
    p->d = desk_new();
    event_init(&ev, EVENT_BOOT, VENUE_NONE, 0);
    ev.u.boot.nonce = 1;
    ev.u.boot.next_num = 1;
    risk_limits_default(&ev.u.boot.limits);
    tell(p, &ev);
    event_init(&ev, EVENT_LEADER, VENUE_NONE, 0);
    ev.u.leader.leads = 1;
    tell(p, &ev);
    event_init(&ev, EVENT_LOADED, VENUE_NONE, 0);
    tell(p, &ev);
}

static void begin(struct pair *p, uint64_t seed, bool second) {
    char text[REASON_MAX];
    struct sim_cfg cfg;
    *p = (struct pair){.now = START};
    desk_begin(p);
    sim_cfg_default(&cfg);
    cfg.seed = seed;
    cfg.latency_min_us = cfg.latency_max_us = 0;
    cfg.initial_cash = USD(1000000 * DEC_ONE);
    assert_int_equal(sim_open(&cfg, (struct event_sink){heard, p}, &p->v[0], text), ERR_OK);
    cfg.first = p->v[0];
    if (second)
        assert_int_equal(sim_open(&cfg, (struct event_sink){heard, p}, &p->v[1], text), ERR_OK);
    for (int i = 0; i < 2 && p->v[i]; i++) {
        struct event ev;
        event_init(&ev, EVENT_ACCOUNT, p->v[i]->id, p->now);
        ev.u.account = (struct account){.id = ACCOUNT_OF(p->v[i]->id), .venue = (uint8_t)p->v[i]->id, .initial = USD(1000000 * DEC_ONE)};
        p->v[i]->ops->restore(p->v[i], &ev);
        tell(p, &ev);
        event_init(&ev, EVENT_LOADED, VENUE_NONE, p->now);
        p->v[i]->ops->restore(p->v[i], &ev);
        p->v[i]->ops->start(p->v[i], p->now);
    }
}

static void run_to(struct pair *p, int64_t until) {
    for (;;) {
        int first = 0;
        int64_t next = p->v[0]->ops->next_us(p->v[0]), other = p->v[1] ? p->v[1]->ops->next_us(p->v[1]) : INT64_MAX;
        if (other < next) {
            next = other;
            first = 1;
        }
        if (next > until)
            break;
        p->now = next;
        p->v[first]->ops->run(p->v[first], next);
    }
    p->now = until;
}

static void end(struct pair *p) {
    for (int i = 0; i < 2; i++)
        if (p->v[i])
            p->v[i]->ops->close(p->v[i]);
    desk_free(p->d);
}

static struct mkt *twin_in(struct pair *p, const struct mkt *m) { return mkt_find(p->d, market_id_of(VENUE_SIM2, m->m.symbol)); }

static void the_second_follows_the_first(void **st) {
    (void)st;
    struct pair p;
    int apart = 0, crossed = 0, looks = 0;
    begin(&p, 3, true);
    assert_true(p.listed[1] > 4 && p.listed[1] < p.listed[0]);
    for (int k = 1; k <= 180; k++) {
        run_to(&p, START + k * MINUTE / 2);
        for (size_t i = 0; i < p.d->market_count; i++) {
            const struct mkt *a = p.d->markets[i], *b = a->m.venue == VENUE_SIM && a->m.status == MARKET_OPEN ? twin_in(&p, a) : NULL;
            price mid_a, mid_b, bid, ask;
            if (b == NULL || !book_mid(a->book, &mid_a) || !book_mid(b->book, &mid_b))
                continue;
            const int64_t far = a->m.kind == MARKET_PERP ? mid_a.micro / 500 : DEC_ONE / 10;
            assert_true(llabs(mid_a.micro - mid_b.micro) <= far);
            looks++;
            apart += mid_a.micro != mid_b.micro;
            crossed += mkt_touch(a, BOOK_BID, &bid) && mkt_touch(b, BOOK_ASK, &ask) && bid.micro > ask.micro;
            crossed += mkt_touch(b, BOOK_BID, &bid) && mkt_touch(a, BOOK_ASK, &ask) && bid.micro > ask.micro;
        }
    }
    assert_true(apart > looks / 2);
    assert_true(crossed > 0 && crossed < looks / 2);
    end(&p);
}

static void both_end_with_the_same_outcome(void **st) {
    (void)st;
    struct pair p;
    int both = 0;
    begin(&p, 5, true);
    run_to(&p, START + 150 * MINUTE);
    for (size_t i = 0; i < p.d->market_count; i++) {
        const struct mkt *a = p.d->markets[i], *b = a->m.venue == VENUE_SIM ? twin_in(&p, a) : NULL;
        if (b == NULL)
            continue;
        assert_int_equal(a->m.status, b->m.status);
        assert_int_equal(a->m.outcome, b->m.outcome);
        assert_int_equal(a->m.closes_us, b->m.closes_us);
        assert_int_not_equal(a->m.tick.micro, b->m.tick.micro);
        assert_int_not_equal(a->m.min_size.micro, b->m.min_size.micro);
        both += a->m.status == MARKET_RESOLVED;
    }
    assert_true(both >= 5);
    assert_true(p.resolved[1] >= 5);
    end(&p);
}

static void the_first_is_as_if_alone_and_runs_repeat(void **st) {
    (void)st;
    struct pair alone, one, two;
    begin(&alone, 9, false);
    begin(&one, 9, true);
    begin(&two, 9, true);
    run_to(&alone, START + 20 * MINUTE);
    run_to(&one, START + 20 * MINUTE);
    run_to(&two, START + 20 * MINUTE);
    assert_true(alone.seen[0] == one.seen[0]);
    assert_true(one.seen[0] == two.seen[0] && one.seen[1] == two.seen[1]);
    assert_true(exchange_hash(sim_exchange(one.v[1])) == exchange_hash(sim_exchange(two.v[1])));
    end(&alone);
    end(&one);
    end(&two);
}

/* What a ticket says a market order costs in fees is what the simulator takes, on both venues, through several levels. */
static void a_preview_is_what_is_charged(void **st) {
    (void)st;
    struct pair p;
    struct rng r;
    int kinds[FEE_KIND_COUNT] = {0}, deep = 0;
    begin(&p, 11, true);
    rng_seed(&r, 8);
    for (int k = 0; k < 300; k++) {
        run_to(&p, p.now + 3 * 1000000);
        const struct mkt *m = p.d->markets[rng_below(&r, p.d->market_count)];
        if (m->m.status != MARKET_OPEN)
            continue;
        struct intent in = {.kind = INTENT_PLACE, .account = ACCOUNT_OF(m->m.venue), .market = m->m.id, .type = ORDER_MARKET, .tif = TIF_IOC, .action = ACTION_BUY};
        in.side = m->m.kind == MARKET_PERP ? SIDE_LONG : rng_below(&r, 2) ? SIDE_YES : SIDE_NO;
        struct level top;
        if (!book_best(m->book, take_side(book_dir((enum order_side)in.side, ACTION_BUY)), &top))
            continue;
        int64_t size = top.size.micro / 4 * rng_range(&r, 1, 8);
        in.size = QTY(size / m->m.lot.micro * m->m.lot.micro + m->m.min_size.micro);
        struct view_preview v;
        view_preview(p.d, &in, &v);
        struct order o = {.id = order_id_make(7, (uint32_t)k + 1), .num = (uint32_t)k + 1, .account = in.account, .market = in.market, .side = in.side, .action = in.action,
                          .type = in.type, .tif = in.tif, .size = in.size, .leverage = 1, .strategy = "main", .flags = ORDER_SENT};
        p.charged = USD(0);
        p.filled = QTY(0);
        struct venue *at = p.v[index_of(m->m.venue)];
        assert_int_equal(at->ops->place(at, &o, p.now), ERR_OK);
        run_to(&p, p.now);
        if (p.filled.micro == 0)
            continue; /* no cash left */
        assert_int_equal(p.filled.micro, v.now.filled.micro);
        if (m->m.fee_kind == FEE_NOTIONAL) /* each execution is rounded by itself */
            assert_true(llabs(p.charged.micro - v.fee.micro) <= 40);
        else
            assert_int_equal(p.charged.micro, v.fee.micro);
        kinds[m->m.fee_kind]++;
        deep += v.now.levels > 1;
    }
    assert_true(kinds[FEE_NOTIONAL] > 20 && kinds[FEE_KALSHI] > 20 && deep > 20);
    end(&p);
}

/* --- links.conf ---------------------------------------------------------------------------------------------- */
static enum err conf(const char *content, struct market_link **l, int *n, char *text, size_t cap) {
    char path[] = "/tmp/turret-links-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, content, strlen(content)) == (ssize_t)strlen(content));
    close(fd);
    enum err e = links_conf_load(path, l, n, text, cap);
    unlink(path);
    return e;
}

static void links_conf_says_what_is_wrong_and_where(void **st) {
    (void)st;
    struct market_link *l;
    char text[400];
    int n;
    assert_int_equal(conf("[fed]\na = sim:FED-DEC26-CUT25\nb = sim2:FED-DEC26-CUT25\nnote = same text\n\n[house]\na = sim:HOUSE\nb = kalshi:HOUSE-X\ninverted = yes\n", &l, &n, text, sizeof text), ERR_OK);
    assert_int_equal(n, 2);
    assert_true(l[0].a == market_id_of(VENUE_SIM, "FED-DEC26-CUT25") && l[0].b == market_id_of(VENUE_SIM2, "FED-DEC26-CUT25"));
    assert_int_equal(l[0].inverted, 0);
    assert_int_equal(l[1].inverted, 1);
    assert_int_equal(l[1].origin, LINK_BY_FILE);
    assert_string_equal(l[0].note, "same text");
    free(l);
    static const struct { const char *content, *why; } bad[] = {
        {"[x]\na = nowhere:Y\n", ":2: 'nowhere:Y' is not venue:SYMBOL"},
        {"[x]\na = sim:Y\n[z]\na = sim:Y\nb = sim2:Y\n", ":4: 'x' needs a and b"},
        {"[x]\na = sim:Y\n", "'x' needs a and b"},
        {"[x]\na = sim:Y\nb = sim2:Y\ninverted = maybe\n", ":4: 'maybe'"},
        {"[x]\nc = sim:Y\n", ":2: 'c' is no key"},
        {"a = sim:Y\n", ":1:"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(conf(bad[i].content, &l, &n, text, sizeof text), ERR_CONFIG);
        assert_null(l);
        if (!strstr(text, bad[i].why))
            fail_msg("%s lacks %s", text, bad[i].why);
    }
    assert_int_equal(links_conf_load("/nonexistent/links.conf", &l, &n, text, sizeof text), ERR_OK);
    assert_int_equal(n, 0);
    free(l);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_second_follows_the_first),
        cmocka_unit_test(both_end_with_the_same_outcome),
        cmocka_unit_test(the_first_is_as_if_alone_and_runs_repeat),
        cmocka_unit_test(a_preview_is_what_is_charged),
        cmocka_unit_test(links_conf_says_what_is_wrong_and_where),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
