/* The promises of venue.h, tried on every venue by the same cases. Each case opens a clean stand; what the venue says is checked as it comes:
 * every record is well-formed and time never goes back. TURRET_VENUE=name runs one venue only. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/venue_contract.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"

static const struct stand_ops *const venues[] = {&stand_sim, &stand_polymarket};

struct trial {
    struct stand *s;
    struct venue *v;
    struct event **log;
    size_t n, cap;
    int64_t last_us;
    bool bad_time, bad_event;
    uint32_t orders;
    uint64_t round;
};

/* --- what it says --- */
static void put(void *ctx, const struct event *ev) {
    struct trial *t = ctx;
    struct event *copy = xmalloc(ev->size);
    memcpy(copy, ev, ev->size);
    t->bad_event = t->bad_event || !event_valid(ev, ev->size);
    t->bad_time = t->bad_time || ev->at_us < t->last_us;
    t->last_us = ev->at_us;
    t->log = xgrow(t->log, &t->cap, t->n + 1, sizeof *t->log);
    t->log[t->n++] = copy;
}

static order_id order_of(const struct event *ev) {
    switch ((enum event_type)ev->type) {
    case EVENT_ACK: return ev->u.ack.order;
    case EVENT_REJECT: return ev->u.reject.order;
    case EVENT_UNKNOWN: return ev->u.unknown.order;
    case EVENT_DONE: return ev->u.done.order;
    case EVENT_REFUSED: return ev->u.refused.order;
    case EVENT_FILL: return ev->u.fill_ev.fill.order;
    case EVENT_DELAYED: return ev->u.delayed.order;
    default: return 0;
    }
}

static int count(const struct trial *t, enum event_type type, order_id id) {
    int n = 0;
    for (size_t i = 0; i < t->n; i++)
        n += t->log[i]->type == type && (id == 0 || order_of(t->log[i]) == id);
    return n;
}

static const struct event *last(const struct trial *t, enum event_type type, order_id id) {
    for (size_t i = t->n; i-- > 0;)
        if (t->log[i]->type == type && (id == 0 || order_of(t->log[i]) == id))
            return t->log[i];
    return NULL;
}

static qty filled(const struct trial *t, order_id id) {
    qty sum = {0};
    for (size_t i = 0; i < t->n; i++)
        if (t->log[i]->type == EVENT_FILL && t->log[i]->u.fill_ev.fill.order == id)
            sum.micro += t->log[i]->u.fill_ev.fill.size.micro;
    return sum;
}

static void forget(struct trial *t) {
    for (size_t i = 0; i < t->n; i++)
        free(t->log[i]);
    t->n = 0;
}

/* Time passes until so many events of that kind are there. */
static bool wait_for(struct trial *t, enum event_type type, order_id id, int n) {
    for (int64_t us = 0; us < t->s->patience_us; us += 20000) {
        if (count(t, type, id) >= n)
            return true;
        t->s->ops->run(t->s, t->v, 20000);
    }
    return count(t, type, id) >= n;
}

static void pass(struct trial *t, int64_t us) {
    for (; us > 0; us -= 20000)
        t->s->ops->run(t->s, t->v, 20000);
}

#define NEED(t, type, id) do { if (!wait_for(t, type, id, 1)) fail_msg("%s: no %s", (t)->s->ops->name, event_name(type)); } while (0)

/* --- the stand --- */
static void restore_account(struct trial *t) {
    struct event ev;
    event_init(&ev, EVENT_ACCOUNT, (enum venue_id)t->s->market.venue, t->s->ops->now(t->s));
    ev.u.account = (struct account){.id = t->s->account, .venue = t->s->market.venue, .live = t->s->live, .initial = USD(t->s->live ? 0 : 1000 * DEC_ONE)};
    str_copy(ev.u.account.name, sizeof ev.u.account.name, t->s->name);
    if (t->v->ops->restore)
        t->v->ops->restore(t->v, &ev);
    event_init(&ev, EVENT_LOADED, (enum venue_id)t->s->market.venue, t->s->ops->now(t->s));
    if (t->v->ops->restore)
        t->v->ops->restore(t->v, &ev);
}

static bool venue_is_up(const struct trial *t) {
    const struct event *ev = last(t, EVENT_VENUE, 0);
    return ev && ev->u.venue_state.up;
}

static void venue_start(struct trial *t) {
    const int64_t now = t->s->ops->now(t->s);
    t->v->ops->start(t->v, now);
    if (t->s->ops->started)
        t->s->ops->started(t->s, t->v, now);
    for (int64_t us = 0; us < t->s->patience_us && !venue_is_up(t); us += 20000)
        t->s->ops->run(t->s, t->v, 20000);
    if (!venue_is_up(t)) {
        const struct event *ev = last(t, EVENT_VENUE, 0);
        fail_msg("%s is not up: %s", t->s->ops->name, ev ? ev->u.venue_state.text : "it says nothing");
    }
}

static int open_stand(void **state, const struct stand_ops *ops) {
    char why[REASON_MAX] = "";
    struct stand *s = ops->open(why);
    *state = NULL;
    if (!s) {
        print_message("%s: not tried: %s\n", ops->name, why);
        return 0;
    }
    struct trial *t = xcalloc(1, sizeof *t);
    t->s = s;
    t->v = ops->venue(s, (struct event_sink){put, t});
    assert_non_null(t->v);
    restore_account(t);
    venue_start(t);
    *state = t;
    return 0;
}

static int close_stand(void **state) {
    struct trial *t = *state;
    if (!t)
        return 0;
    if (t->v)
        t->v->ops->close(t->v);
    const bool bad = t->bad_event || t->bad_time;
    if (bad)
        print_error("%s: %s\n", t->s->ops->name, t->bad_event ? "a record that event_valid refuses" : "time went back");
    forget(t);
    free(t->log);
    t->s->ops->close(t->s);
    free(t);
    return bad ? -1 : 0;
}

/* --- orders --- */
static struct order order_make(struct trial *t, enum order_action action, enum order_type type, enum order_tif tif, double size, double px) {
    struct order o = {.id = order_id_make(0xc0ffee, ++t->orders), .num = t->orders, .account = t->s->account, .market = t->s->market.id, .side = SIDE_YES, .action = (uint8_t)action, .type = (uint8_t)type,
                      .tif = (uint8_t)tif, .leverage = 1, .limit = PRICE((int64_t)(px * 1e6 + 0.5)), .size = QTY((int64_t)(size * 1e6 + 0.5)), .created_us = t->s->ops->now(t->s)};
    str_copy(o.strategy, sizeof o.strategy, "main");
    snprintf(o.client_id, sizeof o.client_id, "%llu", (unsigned long long)o.id);
    o.pos.plan.confidence = -1;
    return o;
}

/* As the engine does: prepared, stored, sent. */
static enum err prepare(struct trial *t, struct order *o) { return t->v->ops->prepare ? t->v->ops->prepare(t->v, o, t->s->ops->now(t->s)) : ERR_OK; }

static enum err place(struct trial *t, struct order *o) {
    enum err e = prepare(t, o);
    return e != ERR_OK ? e : t->v->ops->place(t->v, o, t->s->ops->now(t->s));
}

static struct order resting(struct trial *t, double size, double px) {
    struct order o = order_make(t, ACTION_BUY, ORDER_LIMIT, TIF_GTC, size, px);
    assert_int_equal(place(t, &o), ERR_OK);
    NEED(t, EVENT_ACK, o.id);
    if (last(t, EVENT_ACK, o.id)->u.ack.venue_id[0])
        str_copy(o.venue_id, sizeof o.venue_id, last(t, EVENT_ACK, o.id)->u.ack.venue_id);
    return o;
}

static enum err cancel(struct trial *t, const struct order *o) {
    struct fx_cancel c = {.order = o->id, .account = o->account, .market = o->market};
    str_copy(c.venue_id, sizeof c.venue_id, o->venue_id);
    return t->v->ops->cancel(t->v, &c, t->s->ops->now(t->s));
}

/* One bought at once from somebody's offer. */
static struct order bought(struct trial *t, double size) {
    t->s->ops->quote(t->s, t->v, -1, PRICE(500000), QTY((int64_t)(size * 1e6)));
    pass(t, 400000);
    struct order o = order_make(t, ACTION_BUY, ORDER_LIMIT, TIF_IOC, size, 0.50);
    assert_int_equal(place(t, &o), ERR_OK);
    NEED(t, EVENT_FILL, o.id);
    for (int64_t us = 0; us < t->s->patience_us && filled(t, o.id).micro < o.size.micro; us += 20000)
        t->s->ops->run(t->s, t->v, 20000);
    assert_int_equal(filled(t, o.id).micro, o.size.micro);
    return o;
}

static void reconcile(struct trial *t) {
    struct fx_reconcile r = {t->s->account, ++t->round};
    for (int tries = 0; tries < 20; tries++) {
        const int before = count(t, EVENT_RECON_END, 0);
        if (t->v->ops->reconcile(t->v, &r, t->s->ops->now(t->s)) == ERR_OK) {
            assert_true(wait_for(t, EVENT_RECON_END, 0, before + 1));
            const struct ev_recon_end *e = &last(t, EVENT_RECON_END, 0)->u.recon_end;
            assert_int_equal(e->account, t->s->account);
            assert_int_equal(e->round, r.round);
            if (e->ok)
                return;
            r.round = ++t->round;
        }
        pass(t, 500000);
    }
    fail_msg("%s never reconciles", t->s->ops->name);
}

/* --- the cases --- */
static void a_listing_comes_before_its_book(struct trial *t) {
    t->s->ops->quote(t->s, t->v, 1, PRICE(400000), QTY(20 * DEC_ONE));
    pass(t, 500000);
    for (size_t i = 0; i < t->n; i++) {
        const struct event *ev = t->log[i];
        bool listed = false, booked = false;
        if (ev->type != EVENT_BOOK)
            continue;
        for (size_t k = 0; k < i; k++) {
            listed = listed || (t->log[k]->type == EVENT_MARKET && t->log[k]->u.market.id == ev->u.book.market);
            booked = booked || (t->log[k]->type == EVENT_BOOK && t->log[k]->u.book.market == ev->u.book.market);
        }
        assert_true(listed);
        assert_true(booked || (ev->u.book.flags & (BOOK_SNAPSHOT | BOOK_GAP)));
    }
    const struct market *m = NULL;
    for (size_t i = 0; i < t->n; i++)
        if (t->log[i]->type == EVENT_MARKET && t->log[i]->u.market.id == t->s->market.id)
            m = &t->log[i]->u.market;
    assert_non_null(m);
    assert_int_equal(m->id, market_id_of((enum venue_id)m->venue, m->symbol));
    assert_int_equal(m->status, MARKET_OPEN);
    assert_int_equal(m->tick.micro, t->s->market.tick.micro);
    assert_int_equal(market_nets(m), !!(t->v->ops->caps & VENUE_NETS));
}

static void the_book_follows_what_is_quoted(struct trial *t) {
    struct book *b = book_new();
    t->s->ops->quote(t->s, t->v, 1, PRICE(410000), QTY(20 * DEC_ONE));
    t->s->ops->quote(t->s, t->v, -1, PRICE(590000), QTY(30 * DEC_ONE));
    pass(t, 1500000);
    for (size_t i = 0; i < t->n; i++) {
        const struct event *ev = t->log[i];
        if (ev->type != EVENT_BOOK || ev->u.book.market != t->s->market.id)
            continue;
        if (ev->u.book.flags & BOOK_SNAPSHOT)
            book_clear(b);
        for (int k = 0; k < ev->u.book.n_bids + ev->u.book.n_asks; k++)
            book_set(b, k < ev->u.book.n_bids ? BOOK_BID : BOOK_ASK, ev->u.book.levels[k].px, ev->u.book.levels[k].size);
    }
    struct level bid, ask;
    assert_true(book_best(b, BOOK_BID, &bid) && book_best(b, BOOK_ASK, &ask));
    assert_int_equal(bid.px.micro, 410000);
    assert_int_equal(bid.size.micro, 20 * DEC_ONE);
    assert_int_equal(ask.px.micro, 590000);
    book_free(b);
}

static void preparing_writes_the_ids_and_nothing_else(struct trial *t) {
    struct order o = order_make(t, ACTION_BUY, ORDER_LIMIT, TIF_GTC, 10, 0.40), was = o;
    const size_t before = t->n;
    assert_int_equal(prepare(t, &o), ERR_OK);
    assert_int_equal(t->n, before); /* no I/O, no event */
    memcpy(was.client_id, o.client_id, sizeof o.client_id);
    memcpy(was.venue_id, o.venue_id, sizeof o.venue_id);
    assert_memory_equal(&o, &was, sizeof o);
    struct order other = order_make(t, ACTION_BUY, ORDER_LIMIT, TIF_GTC, 10, 0.40); /* alike, and another one */
    assert_int_equal(prepare(t, &other), ERR_OK);
    assert_string_not_equal(other.client_id, o.client_id);
    assert_true(o.venue_id[0] == 0 || strcmp(o.venue_id, other.venue_id) != 0);
    assert_int_equal(t->v->ops->place(t->v, &o, t->s->ops->now(t->s)), ERR_OK);
    NEED(t, EVENT_ACK, o.id);
    if (o.venue_id[0])
        assert_string_equal(last(t, EVENT_ACK, o.id)->u.ack.venue_id, o.venue_id); /* the venue's own word is the one that was made before */
}

static void each_order_is_answered_once(struct trial *t) {
    struct order o[6];
    t->s->ops->quote(t->s, t->v, -1, PRICE(500000), QTY(12 * DEC_ONE));
    pass(t, 400000);
    o[0] = order_make(t, ACTION_BUY, ORDER_LIMIT, TIF_GTC, 10, 0.40);
    o[1] = order_make(t, ACTION_BUY, ORDER_LIMIT, TIF_GTC, 20, 0.41);
    o[2] = order_make(t, ACTION_BUY, ORDER_LIMIT, TIF_IOC, 6, 0.50);
    o[3] = order_make(t, ACTION_BUY, ORDER_LIMIT, TIF_FOK, 100, 0.50); /* there is not so much */
    o[4] = order_make(t, ACTION_BUY, ORDER_LIMIT, TIF_GTC, 10, 0.42);
    o[5] = order_make(t, ACTION_BUY, ORDER_LIMIT, TIF_IOC, 8, 0.30); /* nobody sells there */
    for (int i = 0; i < 6; i++)
        assert_int_equal(place(t, &o[i]), ERR_OK);
    for (int i = 0; i < 6; i++)
        for (int64_t us = 0; us < t->s->patience_us && count(t, EVENT_ACK, o[i].id) + count(t, EVENT_REJECT, o[i].id) + count(t, EVENT_DONE, o[i].id) + count(t, EVENT_FILL, o[i].id) == 0; us += 20000)
            t->s->ops->run(t->s, t->v, 20000);
    pass(t, 2000000);
    for (int i = 0; i < 6; i++) {
        const int acks = count(t, EVENT_ACK, o[i].id), rejects = count(t, EVENT_REJECT, o[i].id), dones = count(t, EVENT_DONE, o[i].id), fills = count(t, EVENT_FILL, o[i].id);
        assert_true(acks + rejects + dones + fills > 0);
        assert_true(acks <= 1 && rejects <= 1 && dones <= 1);
        assert_false(rejects == 1 && (acks + dones + fills > 0));
    }
    assert_int_equal(filled(t, o[2].id).micro, 6 * DEC_ONE);
    assert_int_equal(filled(t, o[3].id).micro, 0);
    for (int i = 3; i < 6; i += 2)
        assert_int_equal(count(t, EVENT_DONE, o[i].id) + count(t, EVENT_REJECT, o[i].id), 1);
    assert_int_equal(count(t, EVENT_DONE, o[0].id), 0);
}

static void fills_are_unique_and_within_the_order(struct trial *t) {
    struct order o = order_make(t, ACTION_BUY, ORDER_LIMIT, TIF_GTC, 30, 0.50);
    for (int i = 0; i < 3; i++)
        t->s->ops->quote(t->s, t->v, -1, PRICE(480000 + i * 10000), QTY(6 * DEC_ONE));
    pass(t, 400000);
    assert_int_equal(place(t, &o), ERR_OK);
    NEED(t, EVENT_FILL, o.id);
    pass(t, 1000000);
    t->s->ops->take(t->s, t->v, -1, PRICE(500000), QTY(7 * DEC_ONE)); /* what rests is hit */
    for (int64_t us = 0; us < t->s->patience_us && filled(t, o.id).micro < 25 * DEC_ONE; us += 20000)
        t->s->ops->run(t->s, t->v, 20000);
    assert_int_equal(filled(t, o.id).micro, 25 * DEC_ONE);
    pass(t, 1000000);
    for (size_t i = 0; i < t->n; i++) {
        const struct fill *f = &t->log[i]->u.fill_ev.fill;
        if (t->log[i]->type != EVENT_FILL)
            continue;
        assert_int_equal(f->order, o.id);
        assert_int_equal(f->account, t->s->account);
        assert_int_equal(f->market, t->s->market.id);
        assert_int_equal(f->kind, FILL_TRADE);
        assert_true(f->side == SIDE_YES && f->action == ACTION_BUY && f->px.micro > 0 && f->px.micro <= o.limit.micro && f->venue_trade[0] != 0);
        assert_true((t->v->ops->caps & VENUE_PROVISIONAL) || f->finality == FILL_FINAL);
        for (size_t k = 0; k < i; k++)
            assert_false(t->log[k]->type == EVENT_FILL && t->log[k]->u.fill_ev.fill.leg == f->leg && strcmp(t->log[k]->u.fill_ev.fill.venue_trade, f->venue_trade) == 0);
    }
}

static void provisional_fills_settle_once(struct trial *t) {
    if (!(t->v->ops->caps & VENUE_PROVISIONAL))
        return;
    bought(t, 10);
    int provisional = 0;
    for (size_t i = 0; i < t->n; i++)
        provisional += t->log[i]->type == EVENT_FILL && t->log[i]->u.fill_ev.fill.finality == FILL_PROVISIONAL;
    if (provisional > 0)
        assert_true(wait_for(t, EVENT_FINALITY, 0, provisional));
    pass(t, 1000000);
    assert_int_equal(count(t, EVENT_FINALITY, 0), provisional);
    for (size_t i = 0; i < t->n; i++) {
        const struct ev_finality *f = &t->log[i]->u.finality;
        bool known = false;
        if (t->log[i]->type != EVENT_FINALITY)
            continue;
        assert_int_equal(f->account, t->s->account);
        assert_int_equal(f->finality, FILL_FINAL);
        for (size_t k = 0; k < i; k++)
            known = known || (t->log[k]->type == EVENT_FILL && strcmp(t->log[k]->u.fill_ev.fill.venue_trade, f->venue_trade) == 0);
        assert_true(known);
    }
}

static void the_total_of_an_end_is_its_fills(struct trial *t) {
    t->s->ops->quote(t->s, t->v, -1, PRICE(500000), QTY(7 * DEC_ONE));
    pass(t, 400000);
    struct order o = order_make(t, ACTION_BUY, ORDER_LIMIT, TIF_IOC, 20, 0.50);
    assert_int_equal(place(t, &o), ERR_OK);
    NEED(t, EVENT_DONE, o.id);
    for (int64_t us = 0; us < t->s->patience_us && filled(t, o.id).micro < last(t, EVENT_DONE, o.id)->u.done.filled.micro; us += 20000)
        t->s->ops->run(t->s, t->v, 20000);
    assert_int_equal(last(t, EVENT_DONE, o.id)->u.done.filled.micro, 7 * DEC_ONE);
    assert_int_equal(filled(t, o.id).micro, 7 * DEC_ONE);
}

static void a_resting_order_is_cancelled(struct trial *t) {
    struct order o = resting(t, 10, 0.40);
    assert_int_equal(cancel(t, &o), ERR_OK);
    NEED(t, EVENT_DONE, o.id);
    assert_int_equal(last(t, EVENT_DONE, o.id)->u.done.filled.micro, 0);
    pass(t, 1000000);
    assert_int_equal(count(t, EVENT_DONE, o.id), 1);
    t->s->ops->take(t->s, t->v, -1, PRICE(400000), QTY(10 * DEC_ONE));
    pass(t, 1000000);
    assert_int_equal(filled(t, o.id).micro, 0);
}

static void what_is_over_or_unknown_is_not_cancelled(struct trial *t) {
    struct order o = bought(t, 10), never = order_make(t, ACTION_BUY, ORDER_LIMIT, TIF_GTC, 10, 0.40);
    pass(t, 500000);
    assert_int_equal(prepare(t, &never), ERR_OK);
    if (last(t, EVENT_ACK, o.id))
        str_copy(o.venue_id, sizeof o.venue_id, last(t, EVENT_ACK, o.id)->u.ack.venue_id);
    struct order *both[] = {&o, &never};
    for (int i = 0; i < 2; i++) {
        if (cancel(t, both[i]) != ERR_OK)
            continue; /* nothing was sent: as good */
        for (int64_t us = 0; us < t->s->patience_us && count(t, EVENT_REFUSED, both[i]->id) == 0 && i == 1; us += 20000)
            t->s->ops->run(t->s, t->v, 20000);
        pass(t, 500000);
        const struct event *ev = last(t, EVENT_REFUSED, both[i]->id);
        assert_true(ev != NULL || i == 0); /* of one that is over all was said */
        assert_true(ev == NULL || (ev->u.refused.what == 0 && (ev->u.refused.reason == ERR_NOT_OPEN || ev->u.refused.reason == ERR_NOT_FOUND)));
    }
    assert_int_equal(filled(t, o.id).micro, o.size.micro);
}

static void an_order_that_never_came_is_not_found(struct trial *t) {
    struct order o = order_make(t, ACTION_BUY, ORDER_LIMIT, TIF_GTC, 10, 0.40);
    assert_int_equal(prepare(t, &o), ERR_OK);
    assert_int_equal(t->v->ops->query(t->v, &o, t->s->ops->now(t->s)), ERR_OK);
    NEED(t, EVENT_REJECT, o.id);
    assert_int_equal(last(t, EVENT_REJECT, o.id)->u.reject.reason, ERR_NOT_FOUND);
    struct order rests = resting(t, 10, 0.41);
    const int before = count(t, EVENT_REJECT, rests.id) + count(t, EVENT_DONE, rests.id);
    assert_int_equal(t->v->ops->query(t->v, &rests, t->s->ops->now(t->s)), ERR_OK);
    pass(t, 1500000);
    assert_int_equal(count(t, EVENT_REJECT, rests.id) + count(t, EVENT_DONE, rests.id), before); /* it is there */
}

static void what_it_can_not_take_is_refused(struct trial *t) {
    struct order o = order_make(t, ACTION_BUY, ORDER_LIMIT, TIF_GTC, 10, 0.4050), poor = order_make(t, ACTION_BUY, ORDER_LIMIT, TIF_GTC, 100000, 0.50);
    enum err e = place(t, &o);
    if (e == ERR_OK) {
        NEED(t, EVENT_REJECT, o.id);
        e = (enum err)last(t, EVENT_REJECT, o.id)->u.reject.reason;
    }
    assert_int_equal(e, ERR_TICK_SIZE);
    e = place(t, &poor);
    if (e == ERR_OK) {
        NEED(t, EVENT_REJECT, poor.id);
        e = (enum err)last(t, EVENT_REJECT, poor.id)->u.reject.reason;
    }
    assert_int_equal(e, ERR_INSUFFICIENT_FUNDS);
    if (!(t->v->ops->caps & VENUE_POST_ONLY))
        return;
    t->s->ops->quote(t->s, t->v, -1, PRICE(500000), QTY(20 * DEC_ONE));
    pass(t, 400000);
    struct order crosses = order_make(t, ACTION_BUY, ORDER_LIMIT, TIF_GTC, 10, 0.50);
    crosses.flags = ORDER_POST_ONLY;
    assert_int_equal(place(t, &crosses), ERR_OK);
    NEED(t, EVENT_REJECT, crosses.id);
    assert_int_equal(last(t, EVENT_REJECT, crosses.id)->u.reject.reason, ERR_POST_ONLY_CROSSED);
    assert_int_equal(filled(t, crosses.id).micro, 0);
}

static void reconciliation_is_whole(struct trial *t) {
    struct order held = bought(t, 10), rests = resting(t, 20, 0.40);
    pass(t, 2000000);
    reconcile(t);
    size_t begin = 0;
    for (size_t i = 0; i < t->n; i++)
        if (t->log[i]->type == EVENT_RECON_BEGIN)
            begin = i;
    int orders = 0, cash = 0;
    int64_t net = 0, paid = 0;
    for (size_t i = 0; i < t->n; i++)
        if (t->log[i]->type == EVENT_FILL)
            paid += t->log[i]->u.fill_ev.fill.fee.micro + t->log[i]->u.fill_ev.fill.px.micro * (t->log[i]->u.fill_ev.fill.size.micro / DEC_ONE);
    for (size_t i = begin; i < t->n; i++) {
        const struct event *ev = t->log[i];
        if (ev->type == EVENT_RECON_ORDER && ev->u.recon_order.round == t->round) {
            orders++;
            assert_int_equal(ev->u.recon_order.order.id, rests.id);
        } else if (ev->type == EVENT_RECON_POSITION) {
            assert_int_equal(ev->u.recon_position.round, t->round);
            net += ev->u.recon_position.market == t->s->market.id ? ev->u.recon_position.net.micro : 0;
        } else if (ev->type == EVENT_RECON_CASH) {
            cash++;
            assert_int_equal(ev->u.recon_cash.cash.micro, 1000 * DEC_ONE - paid);
        }
    }
    assert_int_equal(orders, 1);
    assert_int_equal(cash, 1);
    assert_int_equal(net, held.size.micro);
    struct fx_reconcile r = {99, ++t->round}; /* nobody's account: no answer that could be believed */
    if (t->v->ops->reconcile(t->v, &r, t->s->ops->now(t->s)) == ERR_OK && wait_for(t, EVENT_RECON_END, 0, count(t, EVENT_RECON_END, 0) + 1))
        assert_true(last(t, EVENT_RECON_END, 0)->u.recon_end.account != 99 || !last(t, EVENT_RECON_END, 0)->u.recon_end.ok || count(t, EVENT_RECON_POSITION, 0) > 0);
}

static void what_can_not_be_reset_or_changed_says_so(struct trial *t) {
    struct order o = resting(t, 10, 0.40);
    struct fx_amend a = {.order = o, .limit = PRICE(410000), .size = o.size};
    enum err e = t->v->ops->amend ? t->v->ops->amend(t->v, &a, t->s->ops->now(t->s)) : ERR_UNSUPPORTED;
    if (t->v->ops->caps & VENUE_AMENDS) {
        assert_int_equal(e, ERR_OK);
        NEED(t, EVENT_AMENDED, 0);
        assert_int_equal(last(t, EVENT_AMENDED, 0)->u.amended.limit.micro, 410000);
    } else
        assert_int_equal(e, ERR_UNSUPPORTED);
    struct fx_reset r = {t->s->account, USD(1000 * DEC_ONE)};
    e = t->v->ops->reset ? t->v->ops->reset(t->v, &r, t->s->ops->now(t->s)) : ERR_UNSUPPORTED;
    assert_int_equal(e, t->v->ops->caps & VENUE_RESET ? ERR_OK : ERR_UNSUPPORTED);
    assert_true(!(t->v->ops->caps & VENUE_RESET) || (t->v->ops->caps & VENUE_PAPER));
}

static void a_wallets_past_is_its_baseline(struct trial *t) {
    struct fx_activity a = {.on = 1};
    if (!t->v->ops->activity || !t->s->wallet[0])
        return;
    if (t->s->ops->trade)
        t->s->ops->trade(t->s, t->v);
    pass(t, 2500000);
    str_copy(a.wallet, sizeof a.wallet, t->s->wallet);
    assert_int_equal(t->v->ops->activity(t->v, &a, t->s->ops->now(t->s)), ERR_OK);
    pass(t, t->s->ops->trade ? 5000000 : 60000000);
    for (size_t i = 0; i < t->n && t->s->ops->trade; i++)
        assert_true(t->log[i]->type != EVENT_TARGET_TRADE || t->log[i]->u.target.baseline);
    if (t->s->ops->trade)
        t->s->ops->trade(t->s, t->v);
    for (int64_t us = 0; us < 4 * t->s->patience_us && (!last(t, EVENT_TARGET_TRADE, 0) || last(t, EVENT_TARGET_TRADE, 0)->u.target.baseline); us += 20000)
        t->s->ops->run(t->s, t->v, 20000);
    const struct event *ev = last(t, EVENT_TARGET_TRADE, 0);
    assert_true(ev && !ev->u.target.baseline && ev->u.target.size.micro > 0 && ev->u.target.px.micro > 0);
    assert_string_equal(ev->u.target.wallet, t->s->wallet);
    for (size_t i = 0; i < t->n; i++)
        for (size_t k = 0; k < i && t->log[i]->type == EVENT_TARGET_TRADE; k++)
            assert_false(t->log[k]->type == EVENT_TARGET_TRADE && strcmp(t->log[k]->u.target.trade, t->log[i]->u.target.trade) == 0);
    a.on = 0;
    assert_int_equal(t->v->ops->activity(t->v, &a, t->s->ops->now(t->s)), ERR_OK);
}

static void an_unknown_market_is_said_not_listed(struct trial *t) {
    struct fx_list l = {.what = "no-such-market-anywhere"};
    if (!t->v->ops->list)
        return;
    const int markets = count(t, EVENT_MARKET, 0);
    if (t->v->ops->list(t->v, &l, t->s->ops->now(t->s)) != ERR_OK)
        return;
    pass(t, 1000000);
    NEED(t, EVENT_NOTE, 0);
    assert_int_equal(count(t, EVENT_MARKET, 0), markets);
}

/* Closed in the middle of everything: what was under way is freed and never heard of again (AddressSanitizer looks on). */
static void closing_ends_all(struct trial *t) {
    for (int i = 0; i < 3; i++) {
        struct order o = order_make(t, ACTION_BUY, ORDER_LIMIT, TIF_GTC, 10, 0.40);
        assert_int_equal(place(t, &o), ERR_OK);
    }
    struct fx_reconcile r = {t->s->account, ++t->round};
    (void)t->v->ops->reconcile(t->v, &r, t->s->ops->now(t->s));
    t->v->ops->close(t->v);
    t->v = NULL;
    const size_t before = t->n;
    for (int i = 0; i < 25; i++)
        t->s->ops->run(t->s, NULL, 20000);
    assert_int_equal(t->n, before);
}

static const struct { const char *name; void (*run)(struct trial *t); } cases[] = {
#define CASE(c) {#c, c}
    CASE(a_listing_comes_before_its_book), CASE(the_book_follows_what_is_quoted), CASE(preparing_writes_the_ids_and_nothing_else), CASE(each_order_is_answered_once),
    CASE(fills_are_unique_and_within_the_order), CASE(provisional_fills_settle_once), CASE(the_total_of_an_end_is_its_fills), CASE(a_resting_order_is_cancelled),
    CASE(what_is_over_or_unknown_is_not_cancelled), CASE(an_order_that_never_came_is_not_found), CASE(what_it_can_not_take_is_refused), CASE(reconciliation_is_whole),
    CASE(what_can_not_be_reset_or_changed_says_so), CASE(a_wallets_past_is_its_baseline), CASE(an_unknown_market_is_said_not_listed), CASE(closing_ends_all),
};
#define CASES (sizeof cases / sizeof *cases)
#define VENUES (sizeof venues / sizeof *venues)

static int setup(void **state) {
    const size_t i = (size_t)(uintptr_t)*state;
    return open_stand(state, venues[i / CASES]);
}

static size_t running;
static void run_case(void **state) {
    struct trial *t = *state;
    if (t)
        cases[running % CASES].run(t);
}

static int count_on(void **state) {
    running++;
    return close_stand(state);
}

int main(void) {
    struct CMUnitTest tests[VENUES * CASES];
    char names[VENUES * CASES][96];
    const char *only = getenv("TURRET_VENUE");
    size_t n = 0;
    for (size_t i = 0; i < VENUES * CASES; i++) {
        snprintf(names[i], sizeof names[i], "%s: %s", venues[i / CASES]->name, cases[i % CASES].name);
        if (!only || !strcmp(only, venues[i / CASES]->name))
            tests[n++] = (struct CMUnitTest){.name = names[i], .test_func = run_case, .setup_func = setup, .teardown_func = count_on, .initial_state = (void *)(uintptr_t)i};
        else if (n == 0)
            running = i + 1;
    }
    return n == 0 ? 0 : _cmocka_run_group_tests("venue contract", tests, n, NULL, NULL);
}
