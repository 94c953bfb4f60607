/* Named wallets of generated markets: deterministic, told from when they are asked for, first what is history; a wallet sells
 * only what it holds, and asking changes nothing in the markets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "turret/base/hash.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/venue/sim.h"
#include "venue/sim/exchange.h"

#define START_US 1795222800000000
#define SECOND 1000000LL

struct heard {
    struct target_trade *t;
    size_t n, cap;
    uint64_t markets; /* hash of all other events */
    int64_t last_us;
};

static void hear(void *ctx, const struct event *ev) {
    struct heard *h = ctx;
    assert_true(event_valid(ev, ev->size));
    assert_true(ev->at_us >= h->last_us);
    h->last_us = ev->at_us;
    if (ev->type != EVENT_TARGET_TRADE) {
        h->markets = fnv64(h->markets, ev, ev->size);
        return;
    }
    h->t = xgrow(h->t, &h->cap, h->n + 1, sizeof *h->t);
    h->t[h->n++] = ev->u.target;
}

static struct venue *open_venue(struct heard *h, uint64_t seed) {
    struct sim_cfg cfg;
    struct venue *v;
    char text[REASON_MAX];
    sim_cfg_default(&cfg);
    cfg.seed = seed;
    memset(h, 0, sizeof *h);
    assert_int_equal(sim_open(&cfg, (struct event_sink){hear, h}, &v, text), ERR_OK);
    v->ops->start(v, START_US);
    return v;
}

static enum err ask(struct venue *v, const char *wallet, int64_t since, bool on, int64_t now) {
    struct fx_activity a = {.since_us = since, .on = on};
    str_copy(a.wallet, sizeof a.wallet, wallet);
    return v->ops->activity(v, &a, now);
}

static void each_wallet_trades_and_the_same_seed_gives_the_same(void **state) {
    (void)state;
    struct heard h[2], silent;
    int n;
    const struct sim_wallet *w = sim_wallets(&n);
    for (int run = 0; run < 2; run++) {
        struct venue *v = open_venue(&h[run], 7);
        for (int i = 0; i < n; i++)
            assert_int_equal(ask(v, w[i].address, 0, true, START_US), ERR_OK);
        v->ops->run(v, START_US + 600 * SECOND);
        v->ops->close(v);
    }
    assert_int_equal(h[0].n, h[1].n);
    assert_memory_equal(h[0].t, h[1].t, h[0].n * sizeof *h[0].t);
    for (int i = 0; i < n; i++) {
        size_t of = 0;
        for (size_t k = 0; k < h[0].n; k++)
            of += strcmp(h[0].t[k].wallet, w[i].address) == 0;
        if (of < 3)
            print_error("%s trades %zu times in ten minutes\n", w[i].name, of);
        assert_true(of >= 3);
    }
    for (size_t k = 0; k < h[0].n; k++) /* ids are unique */
        for (size_t j = 0; j < k; j++)
            assert_string_not_equal(h[0].t[k].trade, h[0].t[j].trade);
    struct venue *v = open_venue(&silent, 7); /* nobody asks: the markets are the same */
    v->ops->run(v, START_US + 600 * SECOND);
    v->ops->close(v);
    assert_int_equal(silent.n, 0);
    assert_true(silent.markets == h[0].markets);
    free(h[0].t);
    free(h[1].t);
}

static void the_first_answer_is_a_baseline(void **state) {
    (void)state;
    struct heard h;
    int n;
    const struct sim_wallet *w = sim_wallets(&n);
    struct venue *v = open_venue(&h, 3);
    v->ops->run(v, START_US + 600 * SECOND);
    assert_int_equal(h.n, 0);
    assert_int_equal(ask(v, w[0].address, 0, true, START_US + 600 * SECOND), ERR_OK);
    v->ops->run(v, START_US + 601 * SECOND);
    size_t base = h.n;
    assert_true(base > 0 && base <= 32);
    for (size_t i = 0; i < base; i++)
        assert_true(h.t[i].baseline || h.t[i].at_us > START_US + 600 * SECOND);
    v->ops->run(v, START_US + 1200 * SECOND);
    assert_true(h.n > base);
    assert_false(h.t[h.n - 1].baseline);
    size_t before = h.n;
    int64_t since = h.t[h.n - 1].at_us;
    ask(v, w[0].address, since, true, START_US + 1200 * SECOND); /* a restart with an overlap */
    v->ops->run(v, START_US + 1200 * SECOND + 300000);
    assert_true(h.n >= before + 1);
    assert_false(h.t[before].baseline);
    assert_int_equal(h.t[before].at_us, since);
    ask(v, w[0].address, 0, false, START_US + 1201 * SECOND);
    v->ops->run(v, START_US + 1202 * SECOND);
    before = h.n;
    v->ops->run(v, START_US + 1800 * SECOND);
    assert_int_equal(h.n, before);
    assert_int_equal(ask(v, "0x0000000000000000000000000000000000000000", 0, true, START_US + 1800 * SECOND), ERR_NOT_FOUND);
    v->ops->close(v);
    free(h.t);
}

static void a_wallet_sells_only_what_it_holds(void **state) {
    (void)state;
    struct heard h;
    int n;
    size_t sells = 0;
    const struct sim_wallet *w = sim_wallets(&n);
    struct venue *v = open_venue(&h, 11);
    for (int i = 0; i < n; i++)
        ask(v, w[i].address, 0, true, START_US);
    v->ops->run(v, START_US + 1800 * SECOND);
    for (size_t i = 0; i < h.n; i++) {
        const struct target_trade *t = &h.t[i];
        assert_true(t->px.micro > 0 && t->size.micro > 0);
        if (t->action != side_closing_action((enum order_side)t->side))
            continue;
        sells++;
        int64_t held = 0;
        for (size_t k = 0; k < i; k++)
            if (h.t[k].market == t->market && h.t[k].side == t->side && strcmp(h.t[k].wallet, t->wallet) == 0)
                held += h.t[k].action == t->action ? -h.t[k].size.micro : h.t[k].size.micro;
        assert_true(held >= t->size.micro);
    }
    assert_true(sells > 10);
    v->ops->close(v);
    free(h.t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_wallet_trades_and_the_same_seed_gives_the_same),
        cmocka_unit_test(the_first_answer_is_a_baseline),
        cmocka_unit_test(a_wallet_sells_only_what_it_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
