/* Random target trades (twice, late, in any order), books that move, kill switch, on and off, midnights and restarts, against
 * a plain reference of what should be followed, how large and why not. */
#include "desk_follow_rig.h"

#include "turret/base/rng.h"

#define FOLLOWS 3
#define STEPS 300
#define TRADES (STEPS * 2)

struct ref_trade { bool seen; int64_t seen_us, due, at, px, size; bool sell; int status, reason; uint64_t seq; };
struct ref { /* one configuration, plainly */
    struct follow f;
    follow_id id;
    bool on, paused;
    int64_t day, trades, volume, pnl, open, cost;
    int64_t on_way, leaving; /* worst value of what opens, contracts of what closes: orders without an answer yet */
    struct ref_trade t[TRADES];
};
struct world {
    struct rig *g;
    struct rng rng;
    struct ref ref[FOLLOWS];
    bool inverse, killed;
    int64_t bid, ask; /* micro, YES */
    uint64_t seq;
    uint64_t nonce;
    size_t fx_seen;
    struct { int64_t at, px, size; bool sell; } sent[TRADES];
    struct { struct ref *r; struct ref_trade *t; int64_t n; } placed[TRADES * FOLLOWS];
    int n_placed;
    int n_sent, restarts, followed, closed;
};

static int64_t below(struct world *w, int64_t n) { return (int64_t)rng_below(&w->rng, (uint64_t)n); }

/* --- the reference ------------------------------------------------------------------------------------------ */
static int64_t floor_to(int64_t v, int64_t step) { return v / step * step; }
static int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

static int64_t even(int64_t a, int64_t b) { /* to nearest, ties to even */
    int64_t q = a / b, rest = 2 * (a % b);
    return q + (rest > b || (rest == b && q % 2 != 0));
}

static void ref_day(struct ref *r, int64_t now) {
    if (r->day == now / DAY_US)
        return;
    r->day = now / DAY_US;
    r->trades = r->volume = r->pnl = 0;
    r->paused = false;
}

static int64_t our_touch(const struct world *w, bool buy) {
    if (!w->inverse)
        return buy ? w->ask : w->bid;
    return DEC_ONE - (buy ? w->bid : w->ask);
}

/* Whole contracts, or 0 and the reason. */
static int64_t ref_open(struct world *w, struct ref *r, const struct ref_trade *t, int *why, int64_t *worst) {
    const struct follow *f = &r->f;
    const int64_t touch = our_touch(w, true), theirs = w->inverse ? DEC_ONE - t->px : t->px, now = w->g->now;
    const int64_t bound = (int64_t)((__int128)theirs * (10000 + f->slippage_e4) / 10000);
    const int64_t asked = f->sizing == SIZING_FIXED ? f->fixed.micro : (int64_t)((__int128)t->px * t->size / DEC_ONE * f->factor / DEC_ONE);
    const int64_t most = f->max_price.micro != 0 ? f->max_price.micro : 990000 /* the market's last step */;
    const int64_t limit = floor_to(bound > most ? most : bound, 10000);
    int64_t value = asked, left;
    *why = ERR_OK;
    if (strstr(f->categories, "sports") != NULL)
        *why = ERR_FOLLOW_CATEGORY;
    else if (touch < f->min_price.micro || (f->max_price.micro != 0 && touch > f->max_price.micro))
        *why = ERR_FOLLOW_PROBABILITY;
    else if (f->min_liquidity.micro > (touch <= bound ? touch * 5000 : 0))
        *why = ERR_FOLLOW_LIQUIDITY;
    else if (f->max_day_trades != 0 && r->trades >= f->max_day_trades)
        *why = ERR_FOLLOW_TRADES;
    else if (r->paused)
        *why = ERR_FOLLOW_LOSS;
    else if (now > t->at + 1000 * ((int64_t)f->delay_ms + f->max_age_ms))
        *why = ERR_FOLLOW_LATE;
    else if (touch > bound || touch > limit)
        *why = ERR_SLIPPAGE;
    if (*why != ERR_OK)
        return 0;
    left = f->max_trade.micro != 0 ? f->max_trade.micro : INT64_MAX;
    value = value < left ? value : left;
    left = f->max_position.micro - r->cost - r->on_way;
    value = value < left ? value : left;
    left = f->max_day.micro != 0 ? f->max_day.micro - r->volume - r->on_way : INT64_MAX;
    value = value < left ? value : left;
    if (value < limit) {
        *why = value < asked ? ERR_FOLLOW_CAP : ERR_MIN_SIZE;
        return 0;
    }
    if (w->killed)
        *why = ERR_KILLED;
    *worst = limit;
    return value / limit;
}

static int64_t ref_close(struct world *w, struct ref *r, const struct ref_trade *t, int *why) {
    const int64_t asked = r->f.sizing == SIZING_FIXED ? r->f.fixed.micro : (int64_t)((__int128)t->px * t->size / DEC_ONE * r->f.factor / DEC_ONE);
    *why = r->f.exit == EXIT_MANUAL ? ERR_FOLLOW_OFF : r->open == 0 ? ERR_NOTHING_TO_CLOSE : ERR_OK;
    int64_t n = divide_up(asked, our_touch(w, false));
    if (*why == ERR_OK && r->open == r->leaving)
        *why = ERR_RESERVED;
    return n > r->open - r->leaving ? r->open - r->leaving : n;
}

static bool venue_fills(int64_t contracts) { return contracts % 7 != 3; } /* some fill nothing */
#define FEE 10000

static void ref_decide(struct world *w, struct ref *r, struct ref_trade *t) {
    int why = ERR_OK;
    int64_t n = 0, worst = 0;
    ref_day(r, w->g->now);
    if (!r->on)
        why = ERR_FOLLOW_OFF;
    else
        n = t->sell ? ref_close(w, r, t, &why) : ref_open(w, r, t, &why, &worst);
    t->status = why == ERR_OK ? FOLLOWED_EXECUTED : FOLLOWED_SKIPPED;
    t->reason = why;
    if (why != ERR_OK)
        return;
    r->trades += !t->sell;
    r->on_way += worst * n;
    r->leaving += t->sell ? n : 0;
    w->placed[w->n_placed].r = r;
    w->placed[w->n_placed].t = t;
    w->placed[w->n_placed++].n = n;
}

/* The venue answers. */
static void ref_settle(struct world *w) {
    for (int i = 0; i < w->n_placed; i++) {
        struct ref *r = w->placed[i].r;
        struct ref_trade *t = w->placed[i].t;
        const int64_t n = w->placed[i].n, px = our_touch(w, !t->sell);
        r->on_way = r->leaving = 0;
        w->followed++;
        if (!venue_fills(n)) {
            t->status = FOLLOWED_FAILED;
            t->reason = ERR_NO_LIQUIDITY;
            continue;
        }
        if (t->sell) {
            int64_t share = even(r->cost * n, r->open);
            w->closed++;
            r->pnl += px * n - share;
            r->cost -= share;
            r->open -= n;
        } else {
            r->volume += px * n;
            r->cost += px * n;
            r->open += n;
        }
        r->pnl -= FEE;
        if (r->f.max_day_loss.micro != 0 && r->pnl <= -r->f.max_day_loss.micro)
            r->paused = true;
    }
    w->n_placed = 0;
}

static void ref_due(struct world *w) { /* the earliest first, then as they came */
    for (;;) {
        struct ref *of = NULL;
        struct ref_trade *first = NULL;
        for (int k = 0; k < FOLLOWS; k++)
            for (int i = 0; i < w->n_sent; i++) {
                struct ref_trade *t = &w->ref[k].t[i];
                if (t->seen && t->status == FOLLOWED_DETECTED && t->due <= w->g->now && (first == NULL || t->due < first->due || (t->due == first->due && t->seq < first->seq)))
                    first = t, of = &w->ref[k];
            }
        if (first == NULL)
            return;
        ref_decide(w, of, first);
    }
}

static void ref_sees(struct world *w, int i) {
    for (int k = 0; k < FOLLOWS; k++) {
        struct ref *r = &w->ref[k];
        if (!r->on || r->t[i].seen || w->sent[i].at <= w->g->now - 2 * DAY_US)
            continue;
        r->t[i] = (struct ref_trade){.seen = true, .seen_us = w->g->now, .due = w->g->now + r->f.delay_ms * 1000LL, .at = w->sent[i].at, .px = w->sent[i].px, .size = w->sent[i].size,
                                     .sell = w->sent[i].sell, .status = FOLLOWED_DETECTED, .seq = ++w->seq};
    }
}

/* --- the bench ------------------------------------------------------------------------------------------------ */
static void answer_recon(struct world *w, const struct fx_reconcile *q) {
    struct rig *g = w->g;
    struct event ev = ev_of(EVENT_RECON_BEGIN);
    int64_t net = 0;
    usd cash = {0};
    ev.u.recon_begin = (struct ev_recon_begin){q->account, VENUE_SIM, q->round};
    put(g, &ev);
    for (size_t i = 0; i < g->rows.n_fills; i++)
        net += book_dir((enum order_side)g->rows.fills[i].side, (enum order_action)g->rows.fills[i].action) * g->rows.fills[i].size.micro;
    for (size_t i = 0; i < g->rows.n_ledger; i++)
        cash.micro += g->rows.ledger[i].amount.micro;
    ev = ev_of(EVENT_RECON_POSITION);
    ev.u.recon_position = (struct ev_recon_position){.account = q->account, .round = q->round, .market = g->fed, .net = QTY(net), .leverage = 1};
    const struct rec *any = mkt_find(g->d, g->fed)->pos_first;
    ev.u.recon_position.entry = any != NULL ? any->o.pos.entry_price : PRICE(0);
    if (net != 0)
        put(g, &ev);
    ev = ev_of(EVENT_RECON_CASH);
    ev.u.recon_cash = (struct ev_recon_cash){.account = q->account, .round = q->round, .cash = cash};
    put(g, &ev);
    ev = ev_of(EVENT_RECON_END);
    ev.u.recon_end = (struct ev_recon_end){q->account, 1, q->round};
    put(g, &ev);
}

/* Orders of one step leave in two transactions, exits first; they fill in the order in which they were decided, as the reference has it. */
static void in_order(struct world *w) {
    struct effect *first = NULL;
    for (size_t i = w->fx_seen; i < w->g->n_fx; i++) {
        struct effect *e = &w->g->fx[i];
        if (e->type == FX_RECONCILE && first == NULL)
            return;
        if (e->type == FX_PLACE && (first == NULL || e->u.place.order.num < first->u.place.order.num))
            first = e;
    }
    struct effect *now = w->fx_seen < w->g->n_fx ? &w->g->fx[w->fx_seen] : NULL;
    if (now == NULL || first == NULL || now->type != FX_PLACE || now == first)
        return;
    const struct effect swap = *now;
    *now = *first;
    *first = swap;
}

/* The venue: orders fill at the touch at once, or not at all. */
static void pump(struct world *w) {
    struct rig *g = w->g;
    ref_settle(w);
    for (; w->fx_seen < g->n_fx; w->fx_seen++) {
        in_order(w);
        const struct effect e = g->fx[w->fx_seen];
        if (e.type == FX_RECONCILE)
            answer_recon(w, &e.u.reconcile);
        if (e.type != FX_PLACE)
            continue;
        struct rec *r = rec_find(g->d, e.u.place.order.id);
        const bool buy = r->o.action == ACTION_BUY;
        ack(g, r);
        if (!venue_fills(r->o.size.micro / DEC_ONE)) {
            done(g, r, ERR_NO_LIQUIDITY);
            continue;
        }
        char id[32];
        snprintf(id, sizeof id, "f-%llu", (unsigned long long)r->o.id);
        struct event ev = fill_event(g, r, id, 1, 0.5);
        ev.u.fill_ev.fill.size = r->o.size;
        ev.u.fill_ev.fill.px = PRICE(our_touch(w, buy));
        ev.u.fill_ev.fill.fee = USD(FEE);
        put(g, &ev);
    }
    fx_clear(g);
    w->fx_seen = 0;
}

static void quiet_limits(struct rig *g) { memset(&g->d->limits, 0, sizeof g->d->limits); }

static void move_books(struct world *w) {
    w->bid += (below(w, 5) - 2) * 10000;
    w->bid = w->bid < 100000 ? 100000 : w->bid > 850000 ? 850000 : w->bid;
    w->ask = w->bid + (1 + below(w, 3)) * 10000;
    book(w->g, w->g->fed, (double)w->bid / 1e6, (double)w->ask / 1e6, 5000);
    ref_due(w);
    pump(w);
}

static void restart(struct world *w) {
    struct rig *g = w->g;
    w->restarts++;
    rig_reload(g, ++w->nonce);
    quiet_limits(g);
    put_venue(g, true);
    book(g, g->fed, (double)w->bid / 1e6, (double)w->ask / 1e6, 5000);
    for (int i = 0; i < 3; i++) {
        tick(g, 0);
        pump(w);
    }
    assert_true(acct_find(g->d, ACCOUNT)->reconciled);
}

static void configure(struct world *w) {
    for (int k = 0; k < FOLLOWS; k++) {
        struct follow f = k == 0 && !w->inverse ? copy_of(WALLET) : counter_of(WALLET);
        f.strategy = w->inverse ? FOLLOW_INVERSE : FOLLOW_MIRROR;
        f.sizing = (uint8_t)(below(w, 2) ? SIZING_FIXED : SIZING_MULTIPLIER);
        f.fixed = f.sizing == SIZING_FIXED ? USD((1 + below(w, 40)) * DEC_ONE / 2) : USD(0);
        f.factor = f.sizing == SIZING_FIXED ? DEC_ONE : (1 + below(w, 150)) * (DEC_ONE / 100);
        f.max_trade = USD(below(w, 3) * 15 * DEC_ONE);
        f.max_position = USD((40 + below(w, 200)) * DEC_ONE);
        f.max_day = USD(below(w, 3) * 150 * DEC_ONE);
        f.max_day_loss = USD(below(w, 3) * 3 * DEC_ONE);
        f.min_liquidity = USD(below(w, 3) * 900 * DEC_ONE);
        f.min_price = PRICE(below(w, 4) == 0 ? 250000 : 0);
        f.max_price = PRICE(below(w, 3) == 0 ? 700000 : 0);
        f.delay_ms = (uint32_t)(below(w, 3) * 1500);
        f.max_age_ms = (uint32_t)(1000 + below(w, 4000));
        f.max_day_trades = (uint32_t)(below(w, 3) * 20);
        f.slippage_e4 = (uint16_t)(below(w, 1200));
        f.exit = below(w, 4) == 0 ? EXIT_MANUAL : EXIT_MIRROR;
        str_copy(f.categories, sizeof f.categories, below(w, 8) == 0 ? "sports" : below(w, 2) ? "economy,x" : "");
        w->ref[k] = (struct ref){.f = f, .on = true, .day = w->g->now / DAY_US};
        w->ref[k].id = follow_new(w->g, &f);
    }
}

static void target_trades(struct world *w) {
    int i = w->n_sent;
    w->g->now++; /* so that what is due at once has one order, after a restart too */
    if (w->n_sent > 0 && below(w, 4) == 0) {
        i = (int)below(w, w->n_sent); /* polled again */
    } else {
        w->n_sent++;
        w->sent[i].sell = below(w, 3) == 0;
        w->sent[i].px = (w->sent[i].sell ? w->bid : w->ask) + (below(w, 5) - 2) * 10000;
        w->sent[i].size = (1 + below(w, 60)) * DEC_ONE;
        w->sent[i].at = w->g->now - (below(w, 3) == 0 ? below(w, 5000000) : 0); /* late, and so before an earlier one */
    }
    char id[16];
    snprintf(id, sizeof id, "t-%d", i);
    struct event ev = trade_event(w->g, WALLET, id, w->g->fed, SIDE_YES, w->sent[i].sell ? ACTION_SELL : ACTION_BUY, 0.5, 1);
    ev.u.target.px = PRICE(w->sent[i].px);
    ev.u.target.size = QTY(w->sent[i].size);
    ev.u.target.at_us = w->sent[i].at;
    put(w->g, &ev);
    ref_sees(w, i);
    ref_due(w);
    pump(w);
}

static void person(struct world *w) {
    struct rig *g = w->g;
    if (below(w, 2)) {
        struct ref *r = &w->ref[below(w, FOLLOWS)];
        assert_int_equal(follow_do(g, r->on ? INTENT_FOLLOW_OFF : INTENT_FOLLOW_ON, r->id), ERR_OK);
        r->on = !r->on;
    } else {
        struct intent in = want(g, w->killed ? INTENT_UNKILL : INTENT_KILL);
        w->killed = !w->killed;
        send_intent(g, &in);
    }
    pump(w);
}

static void compare(struct world *w, int step) {
    for (int k = 0; k < FOLLOWS; k++) {
        struct ref *r = &w->ref[k];
        const struct follow *f = view_follow(w->g->d, r->id);
        int64_t open = 0;
        for (const struct rec *p = mkt_find(w->g->d, w->g->fed)->pos_first; p != NULL; p = p->pos_next)
            open += p->o.link == r->id ? p->o.pos.open.micro : 0;
        for (int i = 0; i < w->n_sent; i++) {
            char id[16];
            snprintf(id, sizeof id, "t-%d", i);
            const struct follow_trade *t = seen(w->g, r->id, id);
            if (t == NULL && r->t[i].seen && r->t[i].seen_us <= w->g->now - 2 * DAY_US)
                continue; /* forgotten */
            if ((t != NULL) != r->t[i].seen || (t != NULL && (t->status != r->t[i].status || t->reason != r->t[i].reason))) {
                print_error("step %d, follow %d, %s: %s %s (%s), reference %s %s\n", step, k, id, t != NULL ? follow_status_name((enum follow_status)t->status) : "unseen",
                            t != NULL ? err_name((enum err)t->reason) : "", t != NULL ? t->text : "", r->t[i].seen ? follow_status_name((enum follow_status)r->t[i].status) : "unseen",
                            err_name((enum err)r->t[i].reason));
                fail();
            }
        }
        assert_int_equal(open, r->open * DEC_ONE);
        if (f->day != r->day) /* nothing looked at it since midnight */
            continue;
        assert_int_equal(f->day_trades, r->trades);
        assert_int_equal(f->day_volume.micro, r->volume);
        if (llabs(f->day_pnl.micro - r->pnl) >= 100)
            fail_msg("step %d, follow %d: P&L %lld, reference %lld", step, k, (long long)f->day_pnl.micro, (long long)r->pnl);
        assert_int_equal(f->paused, r->paused);
    }
    audit_clean(w->g);
}

static void one_life(struct rig *g, uint64_t seed, int *followed, int *closed) {
    struct world *w = calloc(1, sizeof *w);
    w->g = g;
    w->bid = 400000;
    w->nonce = 1;
    rng_seed(&w->rng, seed);
    w->inverse = below(w, 2);
    g->recon_by_hand = true;
    quiet_limits(g);
    configure(w);
    pump(w);
    for (int step = 0; step < STEPS; step++) {
        g->now += below(w, 60) == 0 ? below(w, 2 * DAY_US) : 100000 + below(w, 1500000);
        move_books(w);
        for (int64_t n = below(w, 3); n > 0; n--)
            target_trades(w);
        if (below(w, 25) == 0)
            person(w);
        if (below(w, 30) == 0)
            restart(w);
        if (step % 10 == 9)
            compare(w, step);
    }
    *followed += w->followed;
    *closed += w->closed;
    free(w);
}

static void what_is_followed_is_what_should_be(void **state) {
    (void)state;
    const char *seeds = getenv("TURRET_FOLLOW_SEEDS");
    int followed = 0, closed = 0;
    for (uint64_t seed = 1; seed <= (seeds != NULL ? strtoull(seeds, NULL, 10) : 40); seed++) {
        void *g;
        rig_setup(&g);
        one_life(g, seed, &followed, &closed);
        rig_teardown(&g);
    }
    assert_true(followed > 1000 && closed > 100);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_followed_is_what_should_be)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
