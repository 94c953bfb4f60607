/* The SmartRouter against a reference that tries every way on random books, and its manners: refusals, ties, inverted links,
 * positions, restart. Three venues with their own fees, ticks, lots and smallest orders. */
#include "desk_rig.h"

#include "desk/router.h"
#include "turret/trade/fee.h"

#define VENUES 3
#define LEVELS 5
#define CENT 10000

static const enum venue_id venue_of[VENUES] = {VENUE_SIM, VENUE_SIM2, VENUE_KALSHI};

struct three {
    struct rig *g;
    struct market m[VENUES];
    uint32_t link[VENUES];
};

static void on_venue_event(struct rig *g, struct event *ev, enum venue_id v) {
    ev->venue = (uint16_t)v;
    put(g, ev);
}

static void account_put(struct rig *g, int i) {
    struct event ev = ev_of(EVENT_ACCOUNT);
    ev.u.account = (struct account){.id = (account_id)i + 1, .venue = (uint8_t)venue_of[i], .initial = USD(10000 * DEC_ONE)};
    snprintf(ev.u.account.name, sizeof ev.u.account.name, "paper%d", i);
    on_venue_event(g, &ev, venue_of[i]);
}

static void venue_put(struct rig *g, int i, bool up) {
    struct event ev = ev_of(EVENT_VENUE);
    ev.u.venue_state.venue = (uint8_t)venue_of[i];
    ev.u.venue_state.up = up;
    on_venue_event(g, &ev, venue_of[i]);
}

static struct market market_at(int i) {
    struct market m = market_fed();
    m.venue = (uint8_t)venue_of[i];
    m.tick = PX(0.001);
    m.min_price = PX(0.001);
    m.max_price = PX(0.999);
    m.id = market_id_of(venue_of[i], m.symbol);
    return m;
}

static enum err link_put(struct rig *g, market_id a, market_id b, bool inverted, uint32_t *num) {
    struct intent in = want(g, INTENT_LINK_PUT);
    in.u.link = (struct market_link){.a = a, .b = b, .inverted = inverted};
    fx_clear(g);
    send_intent(g, &in);
    const struct effect *e = fx_last(g, FX_REPLY);
    assert_non_null(e);
    assert_int_equal(e->u.reply.token, in.token);
    if (num != NULL)
        *num = e->u.reply.num;
    return (enum err)e->u.reply.result;
}

static int three_setup(void **state) {
    struct three *t = calloc(1, sizeof *t);
    void *g;
    rig_setup(&g);
    t->g = g;
    for (int i = 0; i < VENUES; i++) {
        t->m[i] = market_at(i);
        if (i > 0)
            account_put(t->g, i);
        list_market(t->g, &t->m[i]);
        venue_put(t->g, i, true);
    }
    for (int i = 0; i < 80 && !(acct_find(t->g->d, 2)->reconciled && acct_find(t->g->d, 3)->reconciled); i++)
        tick(t->g, 250000);
    *state = t;
    return 0;
}

static int three_teardown(void **state) {
    struct three *t = *state;
    void *g = t->g;
    rig_teardown(&g);
    free(t);
    return 0;
}

static void link_all(struct three *t, bool inv1, bool inv2) {
    assert_int_equal(link_put(t->g, t->m[0].id, t->m[1].id, inv1, &t->link[1]), ERR_OK);
    assert_int_equal(link_put(t->g, t->m[1].id, t->m[2].id, inv2, &t->link[2]), ERR_OK);
}

static void unlink_all(struct three *t) {
    for (int i = 1; i < VENUES; i++) {
        struct intent in = want(t->g, INTENT_LINK_DELETE);
        in.order = t->link[i];
        send_intent(t->g, &in);
    }
}

/* Levels in the own side's prices, as a taker meets them. */
struct lvl { int64_t px, n; };
struct own_book { int n; struct lvl l[LEVELS]; };

static void book_put(struct rig *g, const struct market *m, const struct own_book *b, bool no, bool sell) {
    union { struct event ev; uint8_t room[sizeof(struct event) + (LEVELS + 1) * sizeof(struct level)]; } u;
    memset(&u, 0, sizeof u);
    event_init(&u.ev, EVENT_BOOK, (enum venue_id)m->venue, 0);
    u.ev.u.book.market = m->id;
    u.ev.u.book.flags = BOOK_SNAPSHOT;
    const bool asks = no == sell; /* buying YES and selling NO meet asks */
    struct level *l = u.ev.u.book.levels;
    if (asks)
        *l++ = (struct level){PX(0.002), SZ(9)};
    for (int i = 0; i < b->n; i++)
        *l++ = (struct level){PRICE(no ? DEC_ONE - b->l[i].px : b->l[i].px), QTY(b->l[i].n * DEC_ONE)};
    if (!asks)
        *l++ = (struct level){PX(0.998), SZ(9)};
    u.ev.u.book.n_bids = (uint16_t)(asks ? 1 : b->n);
    u.ev.u.book.n_asks = (uint16_t)(asks ? b->n : 1);
    u.ev.size += (uint32_t)((unsigned)b->n + 1) * (uint32_t)sizeof(struct level);
    put(g, &u.ev);
}

/* --- the reference: written from the venues' rules, sharing nothing with the router ------------------------ */
struct shop { struct market m; struct own_book b; int64_t cap; /* own price, 0 = any */ };
struct deal { int64_t n, value, fee; };

static struct deal deal_for(const struct shop *s, bool sell, int64_t n) {
    struct deal d = {0};
    __int128 exact = 0; /* contracts * micro * micro * ppm */
    for (int i = 0; i < s->b.n && d.n < n; i++) {
        int64_t px = s->b.l[i].px, k = s->b.l[i].n < n - d.n ? s->b.l[i].n : n - d.n;
        if (s->cap != 0 && (sell ? px < s->cap : px > s->cap))
            break;
        d.n += k;
        d.value += k * px;
        if (s->m.fee_kind == FEE_NOTIONAL)
            d.fee += (k * px * s->m.taker_ppm + 999999) / 1000000;
        else
            exact += (__int128)k * px * (1000000 - px) * s->m.taker_ppm;
    }
    const __int128 micro = (__int128)1000000 * 1000000;
    if (s->m.fee_kind == FEE_KALSHI)
        d.fee = (int64_t)((exact + micro * CENT - 1) / (micro * CENT)) * CENT;
    if (s->m.fee_kind == FEE_POLYMARKET)
        d.fee = (int64_t)(exact / (micro * 10)) * 10;
    return d;
}

static int64_t lot_of(const struct shop *s) { return s->m.lot.micro / DEC_ONE; }
static int64_t least_of(const struct shop *s) { return s->m.min_size.micro / DEC_ONE; }
static int64_t net_of(const struct deal *d, bool sell) { return sell ? d->fee - d->value : d->value + d->fee; }
static int64_t depth_of(const struct shop *s, bool sell) { return deal_for(s, sell, 1 << 20).n; }

/* -1: nobody. */
static int reference_best(const struct shop *s, bool sell, bool market, int64_t n) {
    int best = -1;
    struct deal at = {0};
    bool at_whole = false;
    for (int i = 0; i < VENUES; i++) {
        int64_t size = n / lot_of(&s[i]) * lot_of(&s[i]);
        if (size < least_of(&s[i]) || size == 0)
            continue;
        struct deal d = deal_for(&s[i], sell, size);
        d = deal_for(&s[i], sell, d.n / lot_of(&s[i]) * lot_of(&s[i]));
        if (d.n == 0 || (market && d.n < least_of(&s[i])))
            continue;
        const bool whole = d.n == n;
        bool better = best < 0;
        if (!better && whole != at_whole)
            better = whole;
        else if (!better && !whole && d.value != at.value)
            better = d.value > at.value;
        else if (!better) {
            __int128 x = (__int128)net_of(&d, sell) * at.n, y = (__int128)net_of(&at, sell) * d.n;
            better = x != y ? x < y : depth_of(&s[i], sell) > depth_of(&s[best], sell); /* venues come in the order of their ids */
            if (x == y && depth_of(&s[i], sell) == depth_of(&s[best], sell))
                better = s[i].m.venue < s[best].m.venue;
        }
        if (better) {
            best = i;
            at = d;
            at_whole = whole;
        }
    }
    return best;
}

struct goal { int64_t n, net; };

static bool order_size(const struct shop *s, int64_t n) { return n == 0 || (n >= least_of(s) && n % lot_of(s) == 0); }

static struct goal reference_split(const struct shop *s, bool sell, int64_t n) {
    struct goal best = {0, 0};
    for (int64_t a = 0; a <= n; a++)
        for (int64_t b = 0; a + b <= n; b++)
            for (int64_t c = 0; a + b + c <= n; c++) {
                const int64_t q[VENUES] = {a, b, c};
                struct goal g = {0, 0};
                bool can = true;
                for (int i = 0; i < VENUES && can; i++) {
                    struct deal d = deal_for(&s[i], sell, q[i]);
                    can = order_size(&s[i], q[i]) && d.n == q[i];
                    g.n += q[i];
                    g.net += net_of(&d, sell);
                }
                if (can && (g.n > best.n || (g.n == best.n && g.net < best.net)))
                    best = g;
            }
    return best;
}

/* --- random cases ---------------------------------------------------------------------------------------------- */
static int64_t pick(struct rng *r, const int64_t *of, int n) { return of[rng_below(r, (uint64_t)n)]; }

static void shop_make(struct rng *r, struct shop *s, bool sell, int64_t middle) {
    static const int64_t ticks[] = {10000, 5000, 1000}, lots[] = {1, 1, 1, 2, 5}, least[] = {1, 1, 2, 5}, rates[] = {0, 300, 2000, 10000};
    s->m.tick = s->m.min_price = PRICE(pick(r, ticks, 3));
    s->m.max_price = PRICE(DEC_ONE - s->m.tick.micro);
    s->m.lot = QTY(pick(r, lots, 5) * DEC_ONE);
    s->m.min_size = QTY(pick(r, least, 4) * DEC_ONE);
    s->m.fee_kind = (uint8_t)rng_below(r, FEE_KIND_COUNT);
    s->m.taker_ppm = s->m.fee_kind == FEE_NOTIONAL ? (int32_t)pick(r, rates, 4) : (int32_t)rng_range(r, 1, 8) * 10000;
    s->b.n = (int)rng_below(r, LEVELS + 1);
    int64_t px = middle / s->m.tick.micro * s->m.tick.micro + rng_range(r, -2, 2) * s->m.tick.micro;
    for (int i = 0; i < s->b.n; i++) {
        s->b.l[i] = (struct lvl){px, rng_range(r, 1, 7)};
        px += (sell ? -1 : 1) * rng_range(r, 1, 3) * s->m.tick.micro;
    }
    s->cap = 0;
}

static void caps_set(struct shop *s, const struct intent *in, bool sell, int64_t ppm) {
    int64_t best = 0;
    for (int i = 0; i < VENUES; i++)
        if (s[i].b.n > 0 && (best == 0 || (sell ? s[i].b.l[0].px > best : s[i].b.l[0].px < best)))
            best = s[i].b.l[0].px;
    for (int i = 0; i < VENUES; i++) {
        int64_t tick = s[i].m.tick.micro, room = (best * ppm + 999999) / 1000000;
        if (in->type == ORDER_LIMIT)
            s[i].cap = sell ? (in->limit.micro + tick - 1) / tick * tick : in->limit.micro / tick * tick;
        else
            s[i].cap = sell ? best - (room < 100000 ? 100000 : room) : best + (room < 100000 ? 100000 : room);
    }
}

struct tally { int cases, none, same, cents, lots; int64_t worst; };

static void case_check(const struct shop *s, const struct intent *in, const struct route *best, const struct route *split, struct tally *t) {
    const bool sell = in->action == ACTION_SELL, market = in->type == ORDER_MARKET;
    const int64_t n = in->size.micro / DEC_ONE;
    int ref = reference_best(s, sell, market, n);
    t->cases++;
    assert_int_equal(best->n, VENUES);
    int64_t sent = 0;
    for (int i = 0; i < VENUES; i++) {
        assert_true(best->o[i].taken.micro == 0 || i == ref);
        sent += best->o[i].taken.micro;
        if (best->o[i].code == ERR_OK) { /* the figures that are shown */
            struct deal d = deal_for(&s[i], sell, best->o[i].fillable.micro / DEC_ONE);
            assert_int_equal(best->o[i].fee.micro, d.fee);
            assert_true(llabs(best->o[i].average.micro * d.n - d.value) <= d.n);
        }
    }
    if (ref < 0) {
        t->none++;
        assert_int_equal(sent, 0);
        return;
    }
    assert_int_equal(best->chosen, ref);
    assert_true(sent > 0);
    /* The split: orders that each venue takes, as much as can be had, and for the least. */
    struct goal g = {0, 0}, most = reference_split(s, sell, n);
    if (most.n == 0) { /* nowhere is as much as an order needs: the best one, for what it gets */
        assert_int_equal(split->chosen, ref);
        return;
    }
    int64_t cents = 0, biggest_lot = 1;
    bool even = true;
    for (int i = 0; i < VENUES; i++) {
        int64_t q = split->o[i].taken.micro / DEC_ONE;
        struct deal d = deal_for(&s[i], sell, q);
        assert_true(order_size(&s[i], q));
        assert_int_equal(d.n, q);
        g.n += q;
        g.net += net_of(&d, sell);
        cents += s[i].m.fee_kind == FEE_KALSHI ? CENT : 10;
        even = even && lot_of(&s[i]) == lot_of(&s[0]);
        biggest_lot = lot_of(&s[i]) > biggest_lot ? lot_of(&s[i]) : biggest_lot;
    }
    assert_true(g.n <= n && g.n > most.n - biggest_lot);
    assert_true(!even || g.n == most.n);
    if (g.n != most.n) {
        t->lots++;
        return;
    }
    assert_true(g.net >= most.net);
    assert_true(!even || g.net - most.net <= cents); /* what rounding to cents can hide */
    t->same += g.net == most.net;
    t->cents += g.net != most.net;
    t->worst = g.net - most.net > t->worst ? g.net - most.net : t->worst;
}

static void choices_are_those_of_an_exhaustive_search(void **state) {
    struct three *t = *state;
    struct rig *g = t->g;
    struct rng r;
    struct tally tally = {0};
    rng_seed(&r, 20261);
    for (int round = 0; round < 60; round++) {
        const bool inv1 = rng_below(&r, 2), inv2 = rng_below(&r, 2);
        link_all(t, inv1, inv2);
        for (int k = 0; k < 100; k++) {
            struct shop s[VENUES];
            struct intent in = want(g, INTENT_PLACE);
            const int64_t middle = rng_range(&r, 20, 80) * CENT;
            in.market = t->m[0].id;
            in.side = (uint8_t)rng_below(&r, 2);
            in.action = (uint8_t)rng_below(&r, 2);
            in.size = QTY(rng_range(&r, 1, 12) * DEC_ONE);
            in.type = rng_below(&r, 2) ? ORDER_LIMIT : ORDER_MARKET;
            in.tif = TIF_IOC;
            in.limit = in.type == ORDER_LIMIT ? PRICE(middle + rng_range(&r, -30, 30) * 1000) : PRICE(0);
            const bool sell = in.action == ACTION_SELL, turned[VENUES] = {false, inv1, inv1 != inv2};
            for (int i = 0; i < VENUES; i++) {
                s[i].m = t->m[i];
                shop_make(&r, &s[i], sell, middle);
                list_market(g, &s[i].m);
                book_put(g, &s[i].m, &s[i].b, (in.side == SIDE_NO) != turned[i], sell);
            }
            caps_set(s, &in, sell, g->d->limits.max_price_distance);
            struct route best, split;
            in.route = ROUTE_BEST;
            view_route(g->d, &in, &best);
            in.route = ROUTE_SPLIT;
            view_route(g->d, &in, &split);
            case_check(s, &in, &best, &split, &tally);
            fx_clear(g);
        }
        unlink_all(t);
    }
    print_message("%d cases: nobody %d, split optimal %d, within cents %d (worst %lld micro), a lot less %d\n", tally.cases, tally.none, tally.same, tally.cents, (long long)tally.worst,
                  tally.lots);
    assert_int_equal(tally.cents + tally.lots, 0); /* the bounds above are what is promised; these cases meet them all */
    assert_true(tally.same > tally.cases / 2);
}

/* --- manners ------------------------------------------------------------------------------------------------------ */
static void book_one(struct three *t, int i, double bid, double ask, double size) { book(t->g, t->m[i].id, bid, ask, size); }

static void books_three(struct three *t) {
    book_one(t, 0, 0.40, 0.42, 100);
    book_one(t, 1, 0.39, 0.41, 100);
    book_one(t, 2, 0.40, 0.43, 500);
}

static struct intent routed(struct three *t, enum order_side side, enum order_action action, double size, double px, enum route_mode mode) {
    struct intent in = limit_intent(t->g, t->m[0].id, side, action, size, px);
    in.tif = px > 0 ? TIF_GTC : TIF_IOC;
    in.route = (uint8_t)mode;
    return in;
}

static struct rec *send_routed(struct three *t, const struct intent *in) {
    size_t before = t->g->d->order_count;
    fx_clear(t->g);
    send_intent(t->g, in);
    return t->g->d->order_count > before ? t->g->d->orders[before] : NULL;
}

static const char *refusal(struct three *t, enum err *e) {
    const struct effect *fx = fx_last(t->g, FX_REPLY);
    assert_non_null(fx);
    *e = (enum err)fx->u.reply.result;
    return fx->u.reply.text;
}

static void the_order_keeps_the_decision(void **state) {
    struct three *t = *state;
    link_all(t, false, false);
    books_three(t);
    struct intent in = routed(t, SIDE_YES, ACTION_BUY, 50, 0, ROUTE_BEST);
    struct view_preview p;
    view_preview(t->g->d, &in, &p);
    assert_int_equal(p.refusal, ERR_OK);
    assert_int_equal(p.route.n, 3);
    assert_int_equal(p.route.chosen, 1);
    assert_int_equal(p.now.average.micro, 410000);
    struct rec *r = send_routed(t, &in);
    assert_non_null(r);
    assert_int_equal(r->o.account, 2);
    assert_int_equal(r->o.market, t->m[1].id);
    assert_memory_equal(&r->o.route, &p.route, sizeof p.route);
    assert_int_equal(fx_last(t->g, FX_PLACE)->venue, VENUE_SIM2);
    assert_int_equal(row_of(t->g, r->o.id)->route.chosen, 1);
    /* the fee decides where prices are close: 0.41 with Kalshi's fee is dearer than 0.42 with 5 bps */
    t->m[1].fee_kind = FEE_KALSHI;
    t->m[1].taker_ppm = 70000;
    list_market(t->g, &t->m[1]);
    r = send_routed(t, &in);
    assert_non_null(r);
    assert_int_equal(r->o.account, 1);
    in.route = ROUTE_HERE;
    in.account = 3;
    in.market = t->m[2].id;
    r = send_routed(t, &in);
    assert_non_null(r);
    assert_int_equal(r->o.route.n, 0);
}

static void every_venue_says_why_not(void **state) {
    struct three *t = *state;
    struct rig *g = t->g;
    enum err e;
    link_all(t, false, false);
    books_three(t);
    struct event ev = ev_of(EVENT_MARKET_STATUS);
    ev.u.market_status.market = t->m[0].id;
    ev.u.market_status.status = MARKET_HALTED;
    put(g, &ev);
    g->now += 11 * SECOND_US; /* all books are old now */
    book_one(t, 2, 0.45, 0.43, 10); /* crossed */
    struct intent in = routed(t, SIDE_YES, ACTION_BUY, 50, 0, ROUTE_BEST);
    assert_null(send_routed(t, &in));
    const char *text = refusal(t, &e);
    assert_int_equal(e, ERR_NO_ROUTE);
    assert_non_null(strstr(text, "sim: market_closed"));
    assert_non_null(strstr(text, "sim2: stale_book"));
    assert_non_null(strstr(text, "kalshi: market_closed"));
    /* one that is fresh is enough */
    book_one(t, 1, 0.39, 0.41, 100);
    struct rec *r = send_routed(t, &in);
    assert_non_null(r);
    assert_int_equal(r->o.account, 2);
    assert_int_equal(r->o.route.o[0].code, ERR_MARKET_CLOSED);
    /* unreconciled, down, too small */
    acct_find(g->d, 2)->reconciled = false;
    assert_null(send_routed(t, &in));
    assert_non_null(strstr(refusal(t, &e), "sim2: reconciling"));
    venue_put(t->g, 1, false);
    assert_null(send_routed(t, &in));
    assert_non_null(strstr(refusal(t, &e), "sim2: unreachable"));
    t->m[2].min_size = SZ(60);
    list_market(g, &t->m[2]);
    book_one(t, 2, 0.40, 0.43, 500);
    assert_null(send_routed(t, &in));
    assert_non_null(strstr(refusal(t, &e), "kalshi: min_size"));
}

static void ties_go_to_the_deeper_book_then_the_lower_venue(void **state) {
    struct three *t = *state;
    link_all(t, false, false);
    book_one(t, 0, 0.40, 0.42, 100);
    book_one(t, 1, 0.40, 0.42, 300);
    book_one(t, 2, 0.40, 0.42, 100);
    struct intent in = routed(t, SIDE_YES, ACTION_BUY, 50, 0, ROUTE_BEST);
    assert_int_equal(send_routed(t, &in)->o.account, 2);
    book_one(t, 1, 0.40, 0.42, 100);
    assert_int_equal(send_routed(t, &in)->o.account, 1);
}

static void an_inverted_link_turns_the_side(void **state) {
    struct three *t = *state;
    link_all(t, true, false);
    book_one(t, 0, 0.40, 0.45, 100);
    book_one(t, 1, 0.57, 0.60, 100); /* NO costs 0.43 */
    book_one(t, 2, 0.54, 0.60, 100); /* NO costs 0.46 */
    struct intent in = routed(t, SIDE_YES, ACTION_BUY, 50, 0.44, ROUTE_BEST);
    struct rec *r = send_routed(t, &in);
    assert_non_null(r);
    assert_int_equal(r->o.account, 2);
    assert_int_equal(r->o.side, SIDE_NO);
    assert_int_equal(r->o.limit.micro, 440000);
}

static void filled_at(struct three *t, struct rec *r, double size, double px) {
    static int n;
    char trade[16];
    snprintf(trade, sizeof trade, "f%d", ++n);
    ack(t->g, r);
    struct event ev = fill_event(t->g, r, trade, size, px);
    on_venue_event(t->g, &ev, (enum venue_id)r->m->m.venue);
}

static void a_sell_goes_where_the_position_is(void **state) {
    struct three *t = *state;
    link_all(t, false, false);
    books_three(t);
    struct intent in = routed(t, SIDE_YES, ACTION_BUY, 50, 0, ROUTE_BEST);
    struct rec *pos = send_routed(t, &in);
    assert_int_equal(pos->o.account, 2);
    filled_at(t, pos, 50, 0.41);
    in = routed(t, SIDE_YES, ACTION_SELL, 80, 0, ROUTE_BEST); /* more than there is: never opens the other side */
    struct rec *r = send_routed(t, &in);
    assert_non_null(r);
    assert_int_equal(r->o.account, 2);
    assert_int_equal(r->o.size.micro, 50 * DEC_ONE);
    assert_true(r->o.flags & ORDER_REDUCE_ONLY);
    assert_int_equal(r->o.route.o[0].code, ERR_NOT_OPEN);
    done(t->g, r, ERR_NO_LIQUIDITY);
    t->g->now += 11 * SECOND_US; /* exits always may */
    r = send_routed(t, &in);
    assert_non_null(r);
    assert_int_equal(r->o.account, 2);
}

static void a_split_is_one_order_a_venue(void **state) {
    struct three *t = *state;
    struct rig *g = t->g;
    link_all(t, false, false);
    books_three(t);
    struct intent in = routed(t, SIDE_YES, ACTION_BUY, 250, 0, ROUTE_SPLIT);
    struct view_preview p;
    view_preview(g->d, &in, &p);
    assert_int_equal(p.size.micro, 250 * DEC_ONE);
    assert_int_equal(p.cost.micro, (41 * 100 + 42 * 100 + 43 * 50) * CENT);
    size_t before = g->d->order_count;
    struct rec *r = send_routed(t, &in);
    assert_int_equal(g->d->order_count, before + 3);
    assert_int_equal(fx_count(g, FX_PLACE), 3);
    int64_t sum = 0;
    for (size_t i = before; i < g->d->order_count; i++) {
        const struct order *o = &g->d->orders[i]->o;
        assert_int_equal(o->route.mode, ROUTE_SPLIT);
        assert_int_equal(o->route.o[o->route.chosen].market, o->market);
        assert_int_equal(o->route.o[o->route.chosen].taken.micro, o->size.micro);
        sum += o->size.micro;
    }
    assert_int_equal(sum, 250 * DEC_ONE);
    filled_at(t, r, 100, 0.42);
    const struct effect *fx = fx_last(g, FX_REPLY);
    assert_int_equal(fx->u.reply.token, in.token);
    assert_int_equal(fx->u.reply.num, r->o.num);
    char also[40];
    snprintf(also, sizeof also, "also order %u for 100 at sim2", r->o.num + 1);
    assert_non_null(strstr(fx->u.reply.text, also));
    in.tif = TIF_FOK;
    assert_null(send_routed(t, &in));
    enum err e;
    refusal(t, &e);
    assert_int_equal(e, ERR_UNSUPPORTED);
}

/* What rests: whole at the venue that is chosen, or where it was named when nothing meets it. */
static void the_rest_of_a_limit_waits(void **state) {
    struct three *t = *state;
    link_all(t, false, false);
    books_three(t);
    struct intent in = routed(t, SIDE_YES, ACTION_BUY, 50, 0.35, ROUTE_BEST);
    struct rec *r = send_routed(t, &in);
    assert_non_null(r);
    assert_int_equal(r->o.account, 1);
    assert_int_equal(r->o.size.micro, 50 * DEC_ONE);
    in = routed(t, SIDE_YES, ACTION_BUY, 250, 0.42, ROUTE_SPLIT); /* 100 and 100 are there */
    size_t before = t->g->d->order_count;
    r = send_routed(t, &in);
    assert_int_equal(t->g->d->order_count, before + 2);
    assert_int_equal(r->o.size.micro + t->g->d->orders[before + 1]->o.size.micro, 250 * DEC_ONE);
    in = routed(t, SIDE_YES, ACTION_BUY, 250, 0, ROUTE_BEST); /* nobody but the third has it within the distance */
    r = send_routed(t, &in);
    assert_int_equal(r->o.account, 3);
    book_one(t, 2, 0.40, 0.60, 500); /* farther than the risk table lets a price be */
    r = send_routed(t, &in);
    assert_int_equal(r->o.size.micro, 100 * DEC_ONE);
    assert_int_equal(r->o.account, 1); /* most value */
}

static void risk_refuses_the_chosen_venue_and_nobody_else_is_asked(void **state) {
    struct three *t = *state;
    enum err e;
    link_all(t, false, false);
    books_three(t);
    t->g->d->limits.max_order_notional = 10 * DEC_ONE;
    struct intent in = routed(t, SIDE_YES, ACTION_BUY, 50, 0, ROUTE_BEST);
    assert_null(send_routed(t, &in));
    refusal(t, &e);
    assert_int_equal(e, ERR_RISK_ORDER_NOTIONAL);
    in.route = ROUTE_SPLIT; /* all or none of the parts */
    t->g->d->limits.max_order_notional = 41 * DEC_ONE;
    in.size = SZ(250);
    assert_null(send_routed(t, &in));
    refusal(t, &e);
    assert_int_equal(e, ERR_RISK_ORDER_NOTIONAL);
}

/* Between the choice and the commit the book grows old: the second look refuses, and the order says so. */
static void stale_during_the_route(void **state) {
    struct three *t = *state;
    struct rig *g = t->g;
    link_all(t, false, false);
    books_three(t);
    struct intent in = routed(t, SIDE_YES, ACTION_BUY, 50, 0, ROUTE_BEST);
    g->hold_saves = true;
    struct rec *r = send_routed(t, &in);
    assert_non_null(r);
    uint64_t seq = fx_last(g, FX_SAVE)->u.save.seq;
    g->now += 11 * SECOND_US;
    saved_result(g, seq, ERR_OK, false);
    assert_int_equal(fx_count(g, FX_PLACE), 0);
    assert_int_equal(r->o.state, STATE_FAILED);
    assert_int_equal(r->o.reason, ERR_STALE_BOOK);
}

static void an_amount_buys_what_it_can(void **state) {
    struct three *t = *state;
    link_all(t, false, false);
    books_three(t);
    struct intent in = routed(t, SIDE_YES, ACTION_BUY, 0, 0, ROUTE_BEST);
    in.amount = USD(41 * DEC_ONE);
    struct rec *r = send_routed(t, &in);
    assert_non_null(r);
    assert_int_equal(r->o.account, 2);
    assert_int_equal(r->o.size.micro, 100 * DEC_ONE);
    in.route = ROUTE_SPLIT;
    in.amount = USD(62 * DEC_ONE);
    size_t before = t->g->d->order_count;
    send_routed(t, &in);
    assert_int_equal(t->g->d->order_count, before + 2);
    int64_t sum = 0;
    for (size_t i = before; i < before + 2; i++)
        sum += t->g->d->orders[i]->o.size.micro;
    assert_int_equal(sum, 150 * DEC_ONE); /* 100 at 0.41, 50 at 0.42 */
}

static void only_equal_markets_are_linked(void **state) {
    struct three *t = *state;
    struct rig *g = t->g;
    uint32_t num = 0, again = 0;
    assert_int_equal(link_put(g, t->m[0].id, t->m[0].id, false, NULL), ERR_BAD_VALUE);
    assert_int_equal(link_put(g, t->m[0].id, 12345, false, NULL), ERR_NOT_FOUND);
    assert_int_equal(link_put(g, g->perp, t->m[1].id, false, NULL), ERR_BAD_VALUE);
    struct market late = t->m[1];
    late.closes_us = g->now + 5 * DAY_US;
    list_market(g, &late);
    struct market soon = t->m[0];
    soon.closes_us = g->now + 2 * DAY_US;
    list_market(g, &soon);
    assert_int_equal(link_put(g, soon.id, late.id, false, NULL), ERR_BAD_VALUE);
    list_market(g, &t->m[0]);
    assert_int_equal(link_put(g, t->m[0].id, t->m[1].id, false, &num), ERR_OK);
    assert_int_equal(link_put(g, t->m[1].id, t->m[0].id, false, &again), ERR_OK); /* said twice, linked once */
    assert_int_equal(again, num);
    assert_int_equal(fx_count(g, FX_SAVE), 0);
    assert_int_equal(link_put(g, t->m[0].id, t->m[2].id, false, NULL), ERR_OK);
    assert_int_equal(link_put(g, t->m[1].id, t->m[2].id, false, NULL), ERR_BAD_VALUE); /* by way of the first already */
    struct market other = t->m[1];
    str_copy(other.symbol, sizeof other.symbol, "OTHER");
    other.id = market_id_of(VENUE_SIM2, other.symbol);
    other.closes_us = 0;
    list_market(g, &other);
    assert_int_equal(link_put(g, t->m[2].id, other.id, false, NULL), ERR_BAD_VALUE);
    struct intent in = want(g, INTENT_LINK_DELETE);
    in.order = num;
    send_intent(g, &in);
    assert_int_equal(fx_last(g, FX_REPLY)->u.reply.result, ERR_OK);
    assert_true(fx_last(g, FX_SAVE)->u.save.u.link.deleted);
    struct route r;
    struct intent buy = routed(t, SIDE_YES, ACTION_BUY, 5, 0, ROUTE_BEST);
    view_route(g->d, &buy, &r);
    assert_int_equal(r.n, 2);
}

static void links_outlive_the_desk(void **state) {
    struct three *t = *state;
    struct rig *g = t->g;
    struct market_link kept[VENUES];
    int n = 0, cursor = 0;
    link_all(t, true, false);
    const uint64_t before = hash_links(g->d, 1);
    for (const struct market_link *l; (l = view_next_link(g->d, &cursor)) != NULL;)
        kept[n++] = *l;
    assert_int_equal(n, 2);
    desk_free(g->d);
    g->d = desk_new();
    boot(g, 9);
    for (int i = n; i-- > 0;) {
        struct event ev = ev_of(EVENT_LINK);
        ev.u.link = kept[i];
        assert_true(event_valid(&ev, ev.size));
        put(g, &ev);
    }
    put_loaded(g);
    assert_int_equal(hash_links(g->d, 1), before);
    assert_true(g->d->next_num > kept[n - 1].id);
}

#define ON_THREE(f) cmocka_unit_test_setup_teardown(f, three_setup, three_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_THREE(choices_are_those_of_an_exhaustive_search),
        ON_THREE(the_order_keeps_the_decision),
        ON_THREE(every_venue_says_why_not),
        ON_THREE(ties_go_to_the_deeper_book_then_the_lower_venue),
        ON_THREE(an_inverted_link_turns_the_side),
        ON_THREE(a_sell_goes_where_the_position_is),
        ON_THREE(a_split_is_one_order_a_venue),
        ON_THREE(the_rest_of_a_limit_waits),
        ON_THREE(risk_refuses_the_chosen_venue_and_nobody_else_is_asked),
        ON_THREE(stale_during_the_route),
        ON_THREE(an_amount_buys_what_it_can),
        ON_THREE(only_equal_markets_are_linked),
        ON_THREE(links_outlive_the_desk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
