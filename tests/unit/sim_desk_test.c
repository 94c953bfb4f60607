/* Desk, store and exchange together in virtual time: whatever happens (funding, liquidation, settlement, resets, a desk
 * that dies, both that die), the desk's orders, positions and cash end up equal to the exchange's own ledger. */
#include "exchange_fixture.h"
#include "turret/base/ring.h"
#include "turret/desk/desk.h"
#include "turret/desk/view.h"
#include "turret/store/mem.h"

#define ACCOUNTS 2
#define STEP_US 50000

struct floor {
    struct kit *k; /* the exchange and its clock; its sink leads here */
    struct store *store;
    struct desk *d;
    struct ring queue;
    struct rng rng;
    uint64_t boots;
    int liquidations, settlements, fundings;
};

static void floor_put(void *ctx, const struct event *ev) {
    struct floor *f = ctx;
    void *room = ring_push(&f->queue, ev->size);
    assert_non_null(room);
    memcpy(room, ev, ev->size);
    f->liquidations += ev->type == EVENT_FILL && ev->u.fill_ev.fill.kind == FILL_LIQUIDATION;
    f->settlements += ev->type == EVENT_FILL && ev->u.fill_ev.fill.kind == FILL_SETTLEMENT;
    f->fundings += ev->type == EVENT_CASH && ev->u.cash.entry.kind == LEDGER_FUNDING;
}

static void dispatch(struct floor *f, const struct effect *fx) {
    struct exchange *x = f->k->x;
    switch ((enum effect_type)fx->type) {
    case FX_SAVE:
        store_save(f->store, &fx->u.save);
        break;
    case FX_PLACE:
        exchange_place(x, &fx->u.place.order, f->k->now);
        break;
    case FX_CANCEL:
        exchange_cancel(x, &fx->u.cancel, f->k->now);
        break;
    case FX_AMEND:
        exchange_amend(x, &fx->u.amend, f->k->now);
        break;
    case FX_QUERY:
        exchange_query(x, &fx->u.query.order, f->k->now);
        break;
    case FX_RECONCILE:
        exchange_reconcile(x, &fx->u.reconcile, f->k->now);
        break;
    case FX_RESET:
        exchange_reset(x, &fx->u.reset, f->k->now);
        break;
    default:
        break;
    }
}

static void pump(struct floor *f) {
    do {
        const struct event *ev;
        while ((ev = ring_peek(&f->queue))) {
            struct event *copy = xmalloc(ev->size);
            memcpy(copy, ev, ev->size);
            ring_pop(&f->queue);
            if (copy->at_us < f->k->now)
                copy->at_us = f->k->now;
            desk_step(f->d, copy);
            free(copy);
            for (const struct effect *fx; (fx = desk_effect(f->d));)
                dispatch(f, fx);
        }
        store_mem_set_time(f->store, f->k->now);
    } while (store_mem_run(f->store) > 0 || !ring_empty(&f->queue));
}

static void tell(struct floor *f, struct event *ev) {
    ev->at_us = f->k->now;
    floor_put(f, ev);
    pump(f);
}

static void pass(struct floor *f, int64_t us) {
    for (int64_t end = f->k->now + us; f->k->now < end;) {
        f->k->now += STEP_US;
        exchange_run(f->k->x, f->k->now);
        pump(f);
        struct event ev;
        event_init(&ev, EVENT_TIMER, VENUE_NONE, f->k->now);
        tell(f, &ev);
    }
}

/* Quotes of the participant follow a walk; marks and books are what moves the accounts' fortunes. */
static void quotes(struct floor *f, int64_t btc) {
    for (int i = 0; i < 4; i++) {
        kit_quote(f->k, BTC, 1, (double)btc - 0.5 * (i + 1), 400);
        kit_quote(f->k, BTC, -1, (double)btc + 0.5 * (i + 1), 400);
        kit_quote(f->k, RAIN, 1, 0.48 - 0.01 * i, 300);
        kit_quote(f->k, RAIN, -1, 0.52 + 0.01 * i, 300);
    }
    exchange_mark(f->k->x, BTC, px_of((double)btc), px_of((double)btc), 300, f->k->now);
    exchange_flush_books(f->k->x, f->k->now);
}

static void open_exchange(struct floor *f, uint64_t seed) {
    struct exchange_cfg cfg;
    exchange_cfg_default(&cfg);
    cfg.seed = seed;
    cfg.funding_period_us = 60 * SECOND;
    f->k->x = exchange_new(&cfg, (struct event_sink){floor_put, f});
    f->k->cfg = cfg;
}
static void list_markets(struct floor *f, int64_t btc) {
    struct market m = kit_market(BTC, MARKET_PERP, 0.5, 0.01);
    exchange_list(f->k->x, &m, EXCHANGE_MATCHED, f->k->now);
    m = kit_market(RAIN, MARKET_BINARY, 0.01, 1);
    exchange_list(f->k->x, &m, EXCHANGE_MATCHED, f->k->now);
    quotes(f, btc);
}

static void restore_sink(void *ctx, const struct event *ev) {
    struct floor *f = ctx;
    exchange_restore(f->k->x, ev);
    floor_put(f, ev);
}

/* Both in the order of a real start: desk boots, store loads into desk and exchange, markets, venue up. */
static void boot(struct floor *f, bool new_exchange, int64_t btc) {
    struct event ev;
    f->d = desk_new();
    event_init(&ev, EVENT_BOOT, VENUE_NONE, f->k->now);
    ev.u.boot.nonce = 1000 + ++f->boots;
    ev.u.boot.seed = 1;
    ev.u.boot.next_num = (uint32_t)(f->boots * 100000);
    ev.u.boot.virtual_time = 1;
    risk_limits_default(&ev.u.boot.limits);
    ev.u.boot.limits = (struct risk_limits){.max_data_age = ev.u.boot.limits.max_data_age * 100}; /* no caps here */
    tell(f, &ev);
    if (new_exchange)
        open_exchange(f, f->boots);
    store_load(f->store);
    pump(f);
    if (new_exchange)
        list_markets(f, btc);
    else
        quotes(f, btc);
    event_init(&ev, EVENT_VENUE, VENUE_SIM, f->k->now);
    ev.u.venue_state.venue = VENUE_SIM;
    ev.u.venue_state.up = 1;
    tell(f, &ev);
}

static void add_accounts(struct floor *f) {
    for (account_id a = 1; a <= ACCOUNTS; a++) {
        struct event ev;
        event_init(&ev, EVENT_ACCOUNT, VENUE_SIM, f->k->now);
        ev.u.account = (struct account){.id = a, .venue = VENUE_SIM, .initial = {micro(10000)}};
        snprintf(ev.u.account.name, sizeof ev.u.account.name, "a%u", a);
        exchange_restore(f->k->x, &ev);
        tell(f, &ev);
    }
}

static void resnapshot(struct floor *f) { /* a new desk on an old exchange sees the listings and books again */
    struct market m = kit_market(BTC, MARKET_PERP, 0.5, 0.01);
    exchange_list(f->k->x, &m, EXCHANGE_MATCHED, f->k->now);
    m = kit_market(RAIN, MARKET_BINARY, 0.01, 1);
    exchange_list(f->k->x, &m, EXCHANGE_MATCHED, f->k->now);
    pump(f);
}

static void crash(struct floor *f, bool exchange_too, int64_t btc) {
    desk_free(f->d);
    ring_clear(&f->queue);
    store_mem_crash(f->store, (int)rng_below(&f->rng, 3), (struct event_sink){restore_sink, f});
    if (exchange_too)
        exchange_free(f->k->x);
    boot(f, exchange_too, btc);
    if (!exchange_too)
        resnapshot(f);
}

static void random_intent(struct floor *f, int64_t btc) {
    struct event ev;
    struct rng *r = &f->rng;
    event_init(&ev, EVENT_INTENT, VENUE_NONE, f->k->now);
    struct intent *in = &ev.u.intent;
    bool binary = rng_below(r, 2);
    in->account = (account_id)rng_range(r, 1, ACCOUNTS);
    in->market = binary ? RAIN : BTC;
    in->kind = INTENT_PLACE;
    in->action = binary ? ACTION_BUY : (uint8_t)rng_below(r, 2);
    in->side = binary ? (uint8_t)rng_below(r, 2) : in->action == ACTION_BUY ? SIDE_LONG : SIDE_SHORT;
    in->type = rng_below(r, 3) ? ORDER_MARKET : ORDER_LIMIT;
    in->leverage = binary ? 1 : (uint8_t)rng_range(r, 1, 20);
    in->limit = in->type == ORDER_MARKET ? PRICE(0)
                : binary                 ? px_of((double)rng_range(r, 45, 55) / 100)
                                         : px_of((double)(btc + rng_range(r, -3, 3)));
    in->size = binary ? qty_at((double)rng_range(r, 1, 200)) : qty_at((double)rng_range(r, 1, 60000) / 100);
    in->token = rng_u64(r) | 1;
    switch (rng_below(r, 10)) {
    case 0:
        in->kind = INTENT_CANCEL_ALL;
        break;
    case 1:
        in->kind = INTENT_FLATTEN;
        break;
    default:
        break;
    }
    if (in->kind != INTENT_PLACE)
        in->market = 0;
    tell(f, &ev);
}

/* What the exchange believes and what the desk shows. */
static void agree(struct floor *f, int round) {
    char text[512] = "";
    pass(f, 40 * SECOND);
    for (account_id a = 1; a <= ACCOUNTS; a++) {
        struct view_account v;
        assert_true(view_account(f->d, a, &v));
        if (v.cash.micro != exchange_cash(f->k->x, a).micro)
            fail_msg("round %d account %u: desk %lld, exchange %lld", round, a, (long long)v.cash.micro,
                     (long long)exchange_cash(f->k->x, a).micro);
        int64_t net[2] = {0, 0};
        int cursor = 0;
        for (const struct order *o; (o = view_next_position(f->d, &cursor, true));)
            if (o->account == a)
                net[o->market == RAIN] += side_sign((enum order_side)o->side) * o->pos.open.micro;
        assert_int_equal(net[0], kit_net(f->k, a, BTC));
        assert_int_equal(net[1], kit_net(f->k, a, RAIN));
        assert_int_equal(v.open_orders, exchange_working(f->k->x, a));
    }
    assert_int_equal(store_mem_violations(f->store, text, sizeof text), 0);
    if (view_audit(f->d, text, sizeof text) != 0)
        fail_msg("round %d: %s", round, text);
}

/* No difference was ever found that reconciliation had to paper over. */
static void nothing_adjusted(struct floor *f) {
    const struct ledger_entry *l;
    const struct fill *fills;
    for (int i = store_mem_ledger(f->store, &l) - 1; i >= 0; i--)
        if (strncmp(l[i].ref, "reconcile", 9) == 0)
            fail_msg("cash of account %u was adjusted by %lld", l[i].account, (long long)l[i].amount.micro);
    for (int i = store_mem_fills(f->store, &fills) - 1; i >= 0; i--)
        if (strncmp(fills[i].venue_trade, "reconcile", 9) == 0)
            fail_msg("a position of account %u was adjusted", fills[i].account);
}

static struct floor *floor_new(uint64_t seed) {
    struct floor *f = xcalloc(1, sizeof *f);
    f->k = xcalloc(1, sizeof *f->k);
    f->k->now = T0;
    rng_seed(&f->rng, seed);
    ring_init(&f->queue, 1 << 16, 1 << 26);
    f->store = store_mem_new((struct event_sink){restore_sink, f});
    boot(f, true, 100);
    add_accounts(f);
    pass(f, 5 * SECOND);
    return f;
}
static void floor_free(struct floor *f) {
    desk_free(f->d);
    exchange_free(f->k->x);
    store_close(f->store);
    ring_free(&f->queue);
    free(f->k);
    free(f);
}

static void desk_and_exchange_agree(void **state) {
    (void)state;
    int liquidations = 0, settlements = 0, fundings = 0;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct floor *f = floor_new(seed);
        int64_t btc = 100;
        for (int round = 0; round < 12; round++) {
            for (int i = 0; i < 15; i++) {
                random_intent(f, btc);
                pass(f, STEP_US * rng_range(&f->rng, 1, 12));
                btc += rng_range(&f->rng, -1, 1) * (int64_t)rng_below(&f->rng, 6);
                btc = btc < 60 ? 60 : btc;
                if (i % 5 == 4)
                    quotes(f, btc);
            }
            uint64_t fate = rng_below(&f->rng, 4);
            if (fate < 2)
                crash(f, fate == 1, btc);
            agree(f, round);
        }
        exchange_resolve(f->k->x, RAIN, OUTCOME_NO, f->k->now);
        pump(f);
        agree(f, 99);
        nothing_adjusted(f);
        liquidations += f->liquidations;
        settlements += f->settlements;
        fundings += f->fundings;
        floor_free(f);
    }
    assert_true(liquidations > 0 && settlements > 0 && fundings > 0); /* the runs met what they are about */
}

static void a_reset_leaves_both_at_the_start(void **state) {
    (void)state;
    struct floor *f = floor_new(3);
    for (int i = 0; i < 30; i++) {
        random_intent(f, 100);
        pass(f, 3 * STEP_US);
    }
    struct event ev;
    event_init(&ev, EVENT_INTENT, VENUE_NONE, f->k->now);
    ev.u.intent.kind = INTENT_ACCOUNT_RESET;
    ev.u.intent.account = 1;
    tell(f, &ev);
    agree(f, 1);
    assert_int_equal(exchange_cash(f->k->x, 1).micro, micro(10000));
    assert_int_equal(kit_net(f->k, 1, BTC), 0);
    floor_free(f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(desk_and_exchange_agree),
        cmocka_unit_test(a_reset_leaves_both_at_the_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
