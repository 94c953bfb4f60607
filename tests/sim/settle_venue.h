/* A venue as real ones are, for settle_test.c: orders are known by a digest made before sending, trades are matched first and settle later or
 * never, sides do not net, positions are told late, orders may be held back. Its books are the oracle. The adapter in front of it is the
 * tracker that all real venues share; requests and stream messages get lost, doubled, late; what is asked may not be answered. */
#ifndef TESTS_SIM_SETTLE_VENUE_H
#define TESTS_SIM_SETTLE_VENUE_H

#include "desk/state.h"
#include "turret/base/str.h"
#include "turret/trade/fee.h"
#include "turret/venue/tracker.h"

#define MARKETS 2
#define ACCOUNTS 2
#define LAG_KEEP 16

struct v_order {
    order_id id; /* ours; 0: placed elsewhere */
    char digest[VENUE_ORDER_ID_MAX];
    int account, market;
    uint8_t side, action, tif;
    int64_t limit, size, matched, delayed_until;
    bool live;
    int why; /* enum err, when over */
};
enum v_status { V_MATCHED, V_CONFIRMED, V_FAILED };
struct v_trade { char id[24]; size_t order; int64_t size, px, fee, at_us, settle_us; enum v_status status; bool maker, retried; };
struct v_shares { int64_t n[MARKETS][2]; };
struct v_message { int64_t at_us; bool trade; size_t i; enum v_status status; };

struct v_venue {
    struct rng rng;
    int64_t now;
    bool faults, up, strict /* nobody else trades on the accounts: what is sold must be there */;
    struct market m[MARKETS];
    int64_t fair[MARKETS];
    bool resolved[MARKETS];
    struct v_order *orders;
    size_t n_orders, cap_orders;
    struct v_trade *trades;
    size_t n_trades, cap_trades;
    int64_t cash[ACCOUNTS], claim[ACCOUNTS];
    struct v_shares shares[ACCOUNTS], past[ACCOUNTS][LAG_KEEP]; /* settled; as of the last seconds */
    int past_n;
    struct v_message *wire;
    size_t n_wire, cap_wire;
    struct tracker *tracker[ACCOUNTS];
    struct event_sink sink;
    int64_t poll_us, snap_us;
    uint64_t salt, failed, confirmed;
    char broken[160]; /* a promise to the venue was broken */
};

static bool v_chance(struct v_venue *v, int per_mille) { return (int)rng_below(&v->rng, 1000) < per_mille; }
static bool v_fault(struct v_venue *v, int per_mille) { return v->faults && v_chance(v, per_mille); }
static void v_put(struct v_venue *v, struct event *ev) { v->sink.put(v->sink.ctx, ev); }
static struct event v_event(struct v_venue *v, enum event_type t) {
    struct event ev;
    event_init(&ev, t, VENUE_POLYMARKET, v->now);
    return ev;
}

static int v_market(const struct v_venue *v, market_id id) {
    for (int i = 0; i < MARKETS; i++)
        if (v->m[i].id == id)
            return i;
    return -1;
}

static struct v_order *v_find(struct v_venue *v, const char *digest) {
    for (size_t i = v->n_orders; i-- > 0;)
        if (strcmp(v->orders[i].digest, digest) == 0)
            return &v->orders[i];
    return NULL;
}

/* What the account could still sell: settled shares without matched sales and resting ones. */
static int64_t v_sellable(const struct v_venue *v, int a, int m, int side) {
    int64_t n = v->shares[a].n[m][side];
    for (size_t i = 0; i < v->n_orders; i++) {
        const struct v_order *o = &v->orders[i];
        if (o->account == a && o->market == m && o->side == side && o->action == ACTION_SELL && o->live)
            n -= o->size - o->matched;
    }
    for (size_t i = 0; i < v->n_trades; i++) {
        const struct v_order *o = &v->orders[v->trades[i].order];
        if (v->trades[i].status == V_MATCHED && o->account == a && o->market == m && o->side == side && o->action == ACTION_SELL)
            n -= v->trades[i].size;
    }
    return n;
}

/* --- the stream --- */
static void v_send(struct v_venue *v, bool trade, size_t i, int64_t delay) {
    v->wire = xgrow(v->wire, &v->cap_wire, v->n_wire + 1, sizeof *v->wire);
    v->wire[v->n_wire++] = (struct v_message){v->now + delay, trade, i, trade ? v->trades[i].status : V_MATCHED};
}

static void v_tell(struct v_venue *v, bool trade, size_t i) {
    if (!v->up || v_fault(v, 80))
        return;
    v_send(v, trade, i, v_fault(v, 150) ? (int64_t)rng_below(&v->rng, 4 * SECOND_US) : 0);
    if (v_fault(v, 80))
        v_send(v, trade, i, (int64_t)rng_below(&v->rng, 6 * SECOND_US));
}

static void v_over(struct v_venue *v, size_t i, enum err why) {
    v->orders[i].live = false;
    v->orders[i].why = (int)why;
    v_tell(v, false, i);
}

/* --- matching and settling --- */
static bool v_crosses(const struct v_venue *v, const struct v_order *o, int64_t *px) {
    const int64_t tick = v->m[o->market].tick.micro, bid = (v->fair[o->market] - 1) * tick, ask = (v->fair[o->market] + 1) * tick;
    const bool buys = o->action == ACTION_BUY;
    *px = o->side == SIDE_YES ? (buys ? ask : bid) : DEC_ONE - (buys ? bid : ask);
    return o->limit == 0 || (buys ? o->limit >= *px : o->limit <= *px);
}

static void v_match(struct v_venue *v, size_t i, bool maker) {
    struct v_order *o = &v->orders[i];
    int64_t px, size = rng_range(&v->rng, 1, 40) * DEC_ONE;
    if (!o->live || o->delayed_until > v->now || v->resolved[o->market] || !v_crosses(v, o, &px))
        return;
    if (size > o->size - o->matched)
        size = o->size - o->matched;
    if (maker)
        px = o->limit;
    struct v_trade t = {.order = i, .size = size, .px = px, .at_us = v->now, .settle_us = v->now + rng_range(&v->rng, 1, 12 * 1000) * 1000, .maker = maker};
    snprintf(t.id, sizeof t.id, "trade-%zu", v->n_trades + 1);
    t.fee = maker ? 0 : fee_of(&v->m[o->market], book_price((enum order_side)o->side, PRICE(px)), QTY(size), false).micro;
    o->matched += size;
    v->trades = xgrow(v->trades, &v->cap_trades, v->n_trades + 1, sizeof *v->trades);
    v->trades[v->n_trades++] = t;
    v_tell(v, true, v->n_trades - 1);
    if (o->matched >= o->size)
        v_over(v, i, ERR_OK);
    else
        v_tell(v, false, i);
}

static void v_settle(struct v_venue *v, size_t i) {
    struct v_trade *t = &v->trades[i];
    const struct v_order *o = &v->orders[t->order];
    const int64_t value = value_of(PRICE(t->px), QTY(t->size)).micro;
    if (!t->retried && v_chance(v, 100)) { /* once more */
        t->retried = true;
        t->settle_us = v->now + rng_range(&v->rng, 1, 5000) * 1000;
        return;
    }
    t->status = v_chance(v, 150) ? V_FAILED : V_CONFIRMED;
    if (t->status == V_CONFIRMED) {
        v->confirmed++;
        v->shares[o->account].n[o->market][o->side] += o->action == ACTION_BUY ? t->size : -t->size;
        v->cash[o->account] += (o->action == ACTION_BUY ? -value : value) - t->fee;
        if (v->shares[o->account].n[o->market][o->side] < 0)
            snprintf(v->broken, sizeof v->broken, "account %d sold shares of %s that it did not have", o->account + 1, v->m[o->market].symbol);
    } else
        v->failed++;
    v_tell(v, true, i);
}

static void v_resolve(struct v_venue *v, int m) {
    v->resolved[m] = true;
    v->m[m].status = MARKET_RESOLVED;
    v->m[m].outcome = (uint8_t)(OUTCOME_YES + rng_below(&v->rng, 2));
    for (size_t i = 0; i < v->n_orders; i++)
        if (v->orders[i].live && v->orders[i].market == m)
            v_over(v, i, ERR_MARKET_CLOSED);
    struct event ev = v_event(v, EVENT_MARKET_STATUS);
    ev.u.market_status = (struct ev_market_status){v->m[m].id, MARKET_RESOLVED, v->m[m].outcome, {0}};
    v_put(v, &ev);
}

/* A person claims the winnings: the shares are gone, the money is there. */
static void v_claim(struct v_venue *v) {
    for (int m = 0; m < MARKETS; m++)
        for (int a = 0; a < ACCOUNTS && v->resolved[m]; a++)
            for (int side = 0; side < 2; side++) {
                const bool won = (v->m[m].outcome == OUTCOME_YES) == (side == SIDE_YES);
                v->cash[a] += won ? v->shares[a].n[m][side] : 0;
                v->shares[a].n[m][side] = 0;
            }
}

/* --- the adapter: what the venue's word becomes --- */
static void a_trade(struct v_venue *v, size_t i, enum v_status s) {
    const struct v_trade *t = &v->trades[i];
    const struct v_order *o = &v->orders[t->order];
    static const uint8_t finality[] = {[V_MATCHED] = FILL_PROVISIONAL, [V_CONFIRMED] = FILL_FINAL, [V_FAILED] = FILL_REVERSED};
    struct fill f = {.account = (account_id)o->account + 1, .market = v->m[o->market].id, .kind = FILL_TRADE, .finality = finality[s], .maker = t->maker, .side = o->side, .action = o->action,
                     .px = PRICE(t->px), .size = QTY(t->size), .fee = USD(t->fee), .at_us = t->at_us};
    str_copy(f.venue_trade, sizeof f.venue_trade, t->id);
    tracker_fill(v->tracker[o->account], &f, o->digest, v->now);
}

static void a_order_in(struct v_venue *v, size_t i, bool round) {
    const struct v_order *o = &v->orders[i];
    struct tracker *t = v->tracker[o->account];
    const struct tracked *k = tracker_by_venue_id(t, o->digest);
    if (k == NULL || (o->id == 0 && k->over && o->live && round)) {
        struct order like = {.account = (account_id)o->account + 1, .market = v->m[o->market].id, .side = o->side, .action = o->action, .type = ORDER_LIMIT, .limit = PRICE(o->limit), .size = QTY(o->size)};
        str_copy(like.venue_id, sizeof like.venue_id, o->digest);
        if (!o->live || (k = tracker_external(t, &like, v->now)) == NULL)
            return;
        struct event ev = v_event(v, EVENT_RECON_ORDER);
        ev.u.recon_order.account = (account_id)o->account + 1;
        ev.u.recon_order.order = like;
        ev.u.recon_order.order.id = k->id;
        v_put(v, &ev);
    }
    if (o->live && o->delayed_until > v->now)
        tracker_delayed(t, k->id, o->delayed_until, "held back", v->now);
    else if (o->live)
        tracker_ack(t, k->id, o->digest, v->now);
    else
        tracker_done(t, k->id, (enum err)o->why, QTY(o->matched), "", v->now);
}

static void a_order(struct v_venue *v, size_t i) { a_order_in(v, i, false); }

static void a_trades(struct v_venue *v, int a) {
    for (size_t i = 0; i < v->n_trades; i++)
        if (v->orders[v->trades[i].order].account == a)
            a_trade(v, i, v->trades[i].status);
}

static void a_prepare(struct v_venue *v, struct order *o) {
    snprintf(o->client_id, sizeof o->client_id, "%llu-%lld", (unsigned long long)++v->salt, (long long)o->limit.micro);
    snprintf(o->venue_id, sizeof o->venue_id, "0x%016llx%08llx", (unsigned long long)rng_u64(&v->rng), (unsigned long long)v->salt);
}

static size_t v_accept(struct v_venue *v, const struct order *o, int a) {
    v->orders = xgrow(v->orders, &v->cap_orders, v->n_orders + 1, sizeof *v->orders);
    struct v_order x = {.id = o->id, .account = a, .market = v_market(v, o->market), .side = o->side, .action = o->action, .tif = o->tif, .limit = o->limit.micro, .size = o->size.micro, .live = true};
    str_copy(x.digest, sizeof x.digest, o->venue_id);
    if (v_chance(v, 80) && o->tif == TIF_GTC)
        x.delayed_until = v->now + rng_range(&v->rng, 500, 4000) * 1000;
    v->orders[v->n_orders++] = x;
    const size_t i = v->n_orders - 1;
    v_match(v, i, false);
    if (v->orders[i].live && o->tif != TIF_GTC && o->tif != TIF_GTD)
        v_over(v, i, ERR_NO_LIQUIDITY);
    return i;
}

static void a_place(struct v_venue *v, const struct order *o) {
    const int a = (int)o->account - 1, m = v_market(v, o->market);
    struct tracker *t = v->tracker[a];
    tracker_sent(t, o, v->now);
    if (!v->up || v_fault(v, 40)) { /* never arrives */
        if (v_chance(v, 500))
            tracker_unknown(t, o->id, "no answer", v->now);
        return;
    }
    if (v_find(v, o->venue_id) != NULL) {
        snprintf(v->broken, sizeof v->broken, "the same order was sent twice");
        return;
    }
    if (o->action == ACTION_SELL && v_sellable(v, a, m, o->side) < o->size.micro && v->strict && !v->resolved[m]) {
        snprintf(v->broken, sizeof v->broken, "order %u sells %lld of %s %s, %lld are settled and free", o->num, (long long)o->size.micro, v->m[m].symbol, order_side_name((enum order_side)o->side),
                 (long long)v_sellable(v, a, m, o->side));
        return;
    }
    const bool lost = v_fault(v, 60), poor = o->action == ACTION_SELL && v_sellable(v, a, m, o->side) < o->size.micro;
    if (v->resolved[m] || poor || v_chance(v, 20)) {
        if (!lost)
            tracker_reject(t, o->id, v->resolved[m] ? ERR_MARKET_CLOSED : poor ? ERR_INSUFFICIENT_FUNDS : ERR_VENUE_REJECTED, "no", v->now);
        return;
    }
    const size_t i = v_accept(v, o, a);
    if (lost && v_chance(v, 500))
        tracker_unknown(t, o->id, "the answer was lost", v->now);
    if (!lost)
        a_order(v, i);
}

static void a_cancel(struct v_venue *v, const struct fx_cancel *c) {
    struct tracker *t = v->tracker[c->account - 1];
    struct v_order *o = v_find(v, c->venue_id);
    if (!v->up || v_fault(v, 60))
        return;
    if (o == NULL || !o->live)
        tracker_refused(t, c->order, o == NULL ? ERR_NOT_FOUND : ERR_NOT_OPEN, 0, "not there", v->now);
    else if (o->delayed_until > v->now && !tracker_order(t, c->order)->delayed)
        tracker_refused(t, c->order, ERR_NOT_OPEN, 0, "held back", v->now); /* the desk could not know */
    else if (o->delayed_until > v->now)
        snprintf(v->broken, sizeof v->broken, "an order was cancelled while it is held back");
    else {
        v_over(v, (size_t)(o - v->orders), ERR_CANCELLED);
        if (!v_fault(v, 60))
            a_order(v, (size_t)(o - v->orders));
    }
}

static void a_query(struct v_venue *v, const struct order *o) {
    const struct v_order *x = v_find(v, o->venue_id);
    const int a = (int)o->account - 1;
    if (!v->up || v_fault(v, 60))
        return;
    tracker_sent(v->tracker[a], o, v->now);
    a_trades(v, a);
    if (x != NULL)
        a_order(v, (size_t)(x - v->orders));
    else
        tracker_reject(v->tracker[a], o->id, ERR_NOT_FOUND, "", v->now);
}

static void a_reconcile(struct v_venue *v, const struct fx_reconcile *r) {
    const int a = (int)r->account - 1;
    struct event ev = v_event(v, EVENT_RECON_BEGIN);
    if (!v->up || v_fault(v, 150))
        return;
    ev.u.recon_begin = (struct ev_recon_begin){r->account, VENUE_POLYMARKET, r->round};
    v_put(v, &ev);
    a_trades(v, a);
    const bool ok = !v_fault(v, 150);
    for (size_t i = 0; i < v->n_orders && ok; i++) {
        const struct v_order *o = &v->orders[i];
        if (o->account != a || !o->live)
            continue;
        a_order_in(v, i, true);
        ev = v_event(v, EVENT_RECON_ORDER);
        ev.u.recon_order.account = r->account;
        ev.u.recon_order.round = r->round;
        ev.u.recon_order.order = (struct order){.id = tracker_by_venue_id(v->tracker[a], o->digest)->id, .account = r->account, .market = v->m[o->market].id, .side = o->side, .action = o->action,
                                                .type = ORDER_LIMIT, .tif = TIF_GTC, .limit = PRICE(o->limit), .size = QTY(o->size), .leverage = 1};
        str_copy(ev.u.recon_order.order.venue_id, VENUE_ORDER_ID_MAX, o->digest);
        if (o->limit > 0)
            v_put(v, &ev);
    }
    const int lag = (int)rng_below(&v->rng, (uint64_t)(v->past_n < 10 ? v->past_n : 10) + 1);
    const struct v_shares *then = lag == 0 ? &v->shares[a] : &v->past[a][(v->past_n - lag) % LAG_KEEP];
    for (int m = 0; m < MARKETS; m++)
        for (int side = 0; side < 2; side++) {
            ev = v_event(v, EVENT_RECON_POSITION);
            ev.u.recon_position = (struct ev_recon_position){.account = r->account, .round = r->round, .market = v->m[m].id, .side = (uint32_t)side,
                                                             .net = QTY(side == SIDE_NO ? -then->n[m][side] : then->n[m][side]), .entry = PRICE(500000)};
            if (then->n[m][side] != 0)
                v_put(v, &ev);
        }
    ev = v_event(v, EVENT_RECON_CASH);
    ev.u.recon_cash = (struct ev_recon_cash){r->account, r->round, USD(v->cash[a])};
    v_put(v, &ev);
    ev = v_event(v, EVENT_RECON_END);
    ev.u.recon_end = (struct ev_recon_end){r->account, ok, r->round};
    v_put(v, &ev);
}

/* Trades that are not settled are looked at again: their messages may be lost. */
static void a_poll(struct v_venue *v) {
    for (int a = 0; a < ACCOUNTS; a++) {
        tracker_run(v->tracker[a], v->now);
        if (tracker_provisional(v->tracker[a], NULL) > 0 && !v_fault(v, 300))
            a_trades(v, a);
    }
}

static void v_run(struct v_venue *v, bool adapter) {
    for (size_t i = 0; i < v->n_trades; i++)
        if (v->trades[i].status == V_MATCHED && v->trades[i].settle_us <= v->now)
            v_settle(v, i);
    for (size_t i = 0; i < v->n_orders; i++)
        if (v->orders[i].live) {
            const bool let_go = v->orders[i].delayed_until != 0 && v->orders[i].delayed_until <= v->now;
            if (let_go) {
                v->orders[i].delayed_until = 0;
                v_tell(v, false, i);
            }
            if (v_chance(v, 60))
                v_match(v, i, v->orders[i].limit != 0 && !let_go);
        }
    if (v->now - v->snap_us >= SECOND_US) {
        v->snap_us = v->now;
        for (int a = 0; a < ACCOUNTS; a++)
            v->past[a][v->past_n % LAG_KEEP] = v->shares[a];
        v->past_n++;
    }
    for (size_t i = 0; i < v->n_wire;) {
        const struct v_message m = v->wire[i];
        if (m.at_us > v->now) {
            i++;
            continue;
        }
        memmove(&v->wire[i], &v->wire[i + 1], (--v->n_wire - i) * sizeof *v->wire);
        if (adapter && v->up && m.trade)
            a_trade(v, m.i, m.status);
        else if (adapter && v->up)
            a_order(v, m.i);
    }
    if (adapter && v->up && v->now - v->poll_us >= 2 * SECOND_US) {
        v->poll_us = v->now;
        a_poll(v);
    }
}

#endif
