/* The tracker of real venues: one event for each fact, in whatever order, how often and over however many restarts it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "turret/base/mem.h"
#include "turret/base/rng.h"
#include "turret/base/str.h"
#include "turret/venue/tracker.h"

#define ACCOUNT 7
#define MARKET 42
#define MAX 256

/* --- a desk that keeps what it is told, and complains when it is told twice ----------------------------------- */
struct row { struct order o; bool acked, done_seen; int acks, dones; qty done_total; enum err why; };
struct desk { struct row rows[MAX]; int n_rows; struct fill fills[4 * MAX]; int n_fills; int finals[4 * MAX]; int n_events[EVENT_TYPE_COUNT]; };

static struct row *row_find(struct desk *d, order_id id) {
    for (int i = 0; i < d->n_rows; i++)
        if (d->rows[i].o.id == id)
            return &d->rows[i];
    return NULL;
}

static void row_over(struct row *r, enum order_state s) {
    r->o.state = (uint8_t)s;
    r->done_seen = false;
}

static void row_check_done(struct row *r) {
    if (r->done_seen && order_open(&r->o) && r->o.filled.micro >= r->done_total.micro)
        row_over(r, STATE_CANCELLED);
}

static void desk_fill(struct desk *d, const struct ev_fill *f) {
    for (int i = 0; i < d->n_fills; i++)
        assert_string_not_equal(d->fills[i].venue_trade, f->fill.venue_trade); /* told twice */
    assert_int_equal(f->fill.account, ACCOUNT);
    assert_true(d->n_fills < 4 * MAX);
    d->fills[d->n_fills++] = f->fill;
    struct row *r = row_find(d, f->fill.order);
    if (r == NULL) {
        assert_true(d->n_rows < MAX);
        r = &d->rows[d->n_rows++];
        *r = (struct row){.o = {.id = f->fill.order, .account = ACCOUNT, .market = f->fill.market, .side = f->fill.side, .state = STATE_FILLED, .source = SOURCE_EXTERNAL}};
        str_copy(r->o.venue_id, sizeof r->o.venue_id, f->venue_order);
    }
    r->o.filled.micro += f->fill.size.micro;
    if (order_open(&r->o))
        r->o.state = r->o.filled.micro >= r->o.size.micro ? STATE_FILLED : STATE_PARTIAL;
    row_check_done(r);
}

static void desk_finality(struct desk *d, const struct ev_finality *e) {
    for (int i = 0; i < d->n_fills; i++) {
        struct fill *f = &d->fills[i];
        if (strcmp(f->venue_trade, e->venue_trade) != 0)
            continue;
        assert_int_equal(f->finality, FILL_PROVISIONAL); /* settled twice */
        f->finality = (uint8_t)e->finality;
        if (e->finality == FILL_REVERSED)
            row_find(d, f->order)->o.filled.micro -= f->size.micro;
        return;
    }
    fail_msg("finality of a fill that was never told");
}

static void desk_put(void *ctx, const struct event *ev) {
    struct desk *d = ctx;
    struct row *r;
    d->n_events[ev->type]++;
    switch (ev->type) {
    case EVENT_FILL: desk_fill(d, &ev->u.fill_ev); break;
    case EVENT_FINALITY: desk_finality(d, &ev->u.finality); break;
    case EVENT_ACK:
        r = row_find(d, ev->u.ack.order);
        assert_non_null(r);
        assert_true(order_open(&r->o) || r->o.state == STATE_FAILED);
        r->acks++;
        r->acked = true;
        if (r->o.state == STATE_CREATED)
            r->o.state = STATE_PENDING;
        str_copy(r->o.venue_id, sizeof r->o.venue_id, ev->u.ack.venue_id);
        break;
    case EVENT_DONE:
        r = row_find(d, ev->u.done.order);
        assert_non_null(r);
        assert_true(order_open(&r->o));
        if (r->dones++ > 0)
            assert_true(ev->u.done.filled.micro < r->done_total.micro); /* again only to end a wait */
        r->done_seen = true;
        r->done_total = ev->u.done.filled;
        r->why = (enum err)ev->u.done.reason;
        row_check_done(r);
        break;
    case EVENT_REJECT:
        r = row_find(d, ev->u.reject.order);
        assert_non_null(r);
        if (ev->u.reject.reason != ERR_NOT_FOUND) {
            assert_true(order_open(&r->o));
            row_over(r, STATE_FAILED);
        }
        break;
    default: break;
    }
}

static struct tracker *tracker_of(struct desk *d) { return tracker_new(ACCOUNT, VENUE_POLYMARKET, (struct event_sink){desk_put, d}); }

static struct order order_make(order_id id, const char *venue_id, int64_t size) {
    struct order o = {.id = id, .account = ACCOUNT, .market = MARKET, .side = SIDE_YES, .action = ACTION_BUY, .type = ORDER_LIMIT, .state = STATE_CREATED,
                      .limit = PRICE(500000), .size = QTY(size)};
    str_copy(o.venue_id, sizeof o.venue_id, venue_id);
    return o;
}

static void send(struct desk *d, struct tracker *t, const struct order *o, int64_t now) {
    d->rows[d->n_rows++] = (struct row){.o = *o};
    tracker_sent(t, o, now);
}

static struct fill fill_make(const char *trade, int64_t size, enum fill_finality finality, int64_t at) {
    struct fill f = {.account = ACCOUNT, .market = MARKET, .kind = FILL_TRADE, .finality = (uint8_t)finality, .side = SIDE_YES, .action = ACTION_BUY, .px = PRICE(500000), .size = QTY(size), .at_us = at};
    str_copy(f.venue_trade, sizeof f.venue_trade, trade);
    return f;
}

static void fill(struct tracker *t, const char *trade, const char *venue_order, int64_t size, enum fill_finality finality, int64_t now) {
    struct fill f = fill_make(trade, size, finality, now);
    tracker_fill(t, &f, venue_order, now);
}

/* --- single rules --------------------------------------------------------------------------------------------- */
static void each_answer_once(void **st) {
    (void)st;
    struct desk *d = xcalloc(1, sizeof *d);
    struct tracker *t = tracker_of(d);
    struct order o = order_make(1, "0xaa", 10000000);
    send(d, t, &o, 100);
    fill(t, "t1", "0xaa", 4000000, FILL_PROVISIONAL, 200); /* before the acknowledgement */
    assert_int_equal(d->n_events[EVENT_FILL], 1);
    assert_int_equal(d->fills[0].order, 1);
    tracker_ack(t, 1, "0xaa", 300);
    tracker_unknown(t, 1, "timeout", 300);
    assert_int_equal(d->n_events[EVENT_ACK], 0); /* the fill said so already */
    assert_int_equal(d->n_events[EVENT_UNKNOWN], 0);
    fill(t, "t1", "0xaa", 4000000, FILL_PROVISIONAL, 400);
    fill(t, "t1", "0xaa", 4000000, FILL_FINAL, 500);
    fill(t, "t1", "0xaa", 4000000, FILL_PROVISIONAL, 600); /* an old copy */
    fill(t, "t1", "0xaa", 4000000, FILL_REVERSED, 600);    /* too late: final is final */
    assert_int_equal(d->n_events[EVENT_FILL], 1);
    assert_int_equal(d->n_events[EVENT_FINALITY], 1);
    assert_int_equal(d->fills[0].finality, FILL_FINAL);
    tracker_done(t, 1, ERR_CANCELLED, QTY(4000000), "cancelled", 700);
    tracker_done(t, 1, ERR_EXPIRED, QTY(4000000), "", 800);
    tracker_ack(t, 1, "0xaa", 900);
    assert_int_equal(d->n_events[EVENT_DONE], 1);
    assert_int_equal(d->n_events[EVENT_ACK], 0);
    assert_int_equal(d->rows[0].o.state, STATE_CANCELLED);
    assert_null(tracker_next_open(t, NULL));
    assert_int_equal(tracker_last_fill_us(t), 200);
    tracker_free(t);
    free(d);
}

static void a_refused_order_that_lives_is_told(void **st) {
    (void)st;
    struct desk *d = xcalloc(1, sizeof *d);
    struct tracker *t = tracker_of(d);
    struct order o = order_make(1, "0xaa", 10000000);
    send(d, t, &o, 100);
    tracker_reject(t, 1, ERR_NOT_FOUND, "", 200);
    tracker_reject(t, 1, ERR_NOT_FOUND, "", 300);
    assert_int_equal(d->n_events[EVENT_REJECT], 2); /* the desk judges by age */
    tracker_reject(t, 1, ERR_TICK_SIZE, "bad tick", 400);
    tracker_reject(t, 1, ERR_TICK_SIZE, "bad tick", 500);
    tracker_reject(t, 1, ERR_NOT_FOUND, "", 600);
    assert_int_equal(d->n_events[EVENT_REJECT], 3);
    tracker_ack(t, 1, "0xaa", 700);
    tracker_ack(t, 1, "0xaa", 800);
    assert_int_equal(d->n_events[EVENT_ACK], 1);
    tracker_free(t);
    free(d);
}

static void a_delay_ends_with_an_acknowledgement(void **st) {
    (void)st;
    struct desk *d = xcalloc(1, sizeof *d);
    struct tracker *t = tracker_of(d);
    struct order o = order_make(1, "0xaa", 10000000);
    send(d, t, &o, 100);
    tracker_delayed(t, 1, 5000, "held back", 200);
    tracker_delayed(t, 1, 6000, "held back", 300);
    assert_int_equal(d->n_events[EVENT_DELAYED], 1);
    assert_true(tracker_order(t, 1)->delayed);
    tracker_ack(t, 1, "0xaa", 400);
    tracker_ack(t, 1, "0xaa", 500);
    assert_int_equal(d->n_events[EVENT_ACK], 1);
    assert_false(tracker_order(t, 1)->delayed);
    tracker_free(t);
    free(d);
}

static void what_failed_is_not_waited_for(void **st) {
    (void)st;
    struct desk *d = xcalloc(1, sizeof *d);
    struct tracker *t = tracker_of(d);
    struct order o = order_make(1, "0xaa", 10000000);
    send(d, t, &o, 100);
    fill(t, "t1", "0xaa", 3000000, FILL_PROVISIONAL, 200);
    tracker_done(t, 1, ERR_CANCELLED, QTY(8000000), "", 300);
    assert_int_equal(d->rows[0].o.state, STATE_PARTIAL); /* five are still to come */
    fill(t, "t2", "0xaa", 5000000, FILL_REVERSED, 400);
    assert_int_equal(d->n_events[EVENT_FILL], 1);
    assert_int_equal(d->rows[0].o.state, STATE_CANCELLED);
    fill(t, "t1", "0xaa", 3000000, FILL_REVERSED, 500);
    assert_int_equal(d->rows[0].o.filled.micro, 0);
    assert_int_equal(tracker_order(t, 1)->filled.micro, 0);
    assert_int_equal(tracker_place(t, 0)->net.micro, 0);
    assert_int_equal(tracker_place(t, 0)->side, SIDE_YES);
    assert_null(tracker_place(t, 1));
    tracker_free(t);
    free(d);
}

static void fills_wait_for_an_order_on_its_way(void **st) {
    (void)st;
    struct desk *d = xcalloc(1, sizeof *d);
    struct tracker *t = tracker_of(d);
    struct order o = order_make(1, "", 10000000);
    send(d, t, &o, 0);
    fill(t, "t1", "0xaa", 4000000, FILL_PROVISIONAL, 100);
    fill(t, "t1", "0xaa", 4000000, FILL_FINAL, 200);
    fill(t, "t9", "0xff", 1000000, FILL_FINAL, 200);
    assert_int_equal(d->n_events[EVENT_FILL], 0);
    assert_int_equal(tracker_run(t, 300), 100 + TRACKER_HOLD_US);
    tracker_ack(t, 1, "0xaa", 400);
    assert_int_equal(d->n_events[EVENT_FILL], 1);
    assert_int_equal(d->fills[0].order, 1);
    assert_int_equal(d->fills[0].finality, FILL_FINAL);
    assert_int_equal(tracker_run(t, 500), INT64_MAX); /* nothing is on its way now: the other one is another's */
    assert_int_equal(d->n_events[EVENT_FILL], 2);
    assert_int_equal(d->fills[1].order, tracker_external_id(VENUE_POLYMARKET, "0xff"));
    assert_string_equal(tracker_order(t, d->fills[1].order)->venue_id, "0xff");
    tracker_free(t);
    free(d);
}

static void an_external_order_is_known_by_its_own_id(void **st) {
    (void)st;
    struct desk *d = xcalloc(1, sizeof *d);
    struct tracker *t = tracker_of(d);
    struct order like = order_make(0, "0xee", 10000000);
    const struct tracked *e = tracker_external(t, &like, 100);
    assert_non_null(e);
    assert_true(e->id > 0 && e->id <= INT64_MAX);
    assert_ptr_equal(tracker_external(t, &like, 200), e);
    like.id = e->id;
    d->rows[d->n_rows++] = (struct row){.o = like};
    fill(t, "t1", "0xee", 4000000, FILL_FINAL, 300);
    tracker_done(t, e->id, ERR_CANCELLED, QTY(4000000), "", 400);
    assert_int_equal(d->rows[0].o.filled.micro, 4000000);
    assert_int_equal(d->rows[0].o.state, STATE_CANCELLED);
    tracker_free(t);
    free(d);
}

/* The website's order of which a fill was heard of first, and that still works when the venue lists its orders. */
static void the_rest_of_anothers_order_works_again(void **st) {
    (void)st;
    for (int restart = 0; restart < 2; restart++) {
        struct desk *d = xcalloc(1, sizeof *d);
        struct tracker *t = tracker_of(d);
        fill(t, "t1", "0xee", 4000000, FILL_FINAL, 100);
        const order_id id = d->rows[0].o.id;
        if (restart) { /* the desk's row of it is closed */
            struct event ev;
            tracker_free(t);
            t = tracker_of(d);
            event_init(&ev, EVENT_LOAD_ORDER, VENUE_POLYMARKET, 0);
            ev.u.order = d->rows[0].o;
            tracker_restore(t, &ev);
        }
        assert_true(tracker_order(t, id)->over);
        assert_null(tracker_next_open(t, NULL));
        struct order like = order_make(0, "0xee", 10000000);
        assert_int_equal(tracker_external(t, &like, 200)->id, id);
        assert_non_null(tracker_next_open(t, NULL));
        d->rows[0].o.state = STATE_PARTIAL; /* as the desk does */
        d->rows[0].o.size = like.size;
        tracker_done(t, id, ERR_CANCELLED, QTY(4000000), "", 300);
        assert_int_equal(d->n_events[EVENT_DONE], 1);
        assert_int_equal(d->rows[0].o.state, STATE_CANCELLED);
        assert_int_equal(tracker_external(t, &like, 400)->over, 1); /* a late list brings nothing back */
        tracker_free(t);
        free(d);
    }
}

static void what_failed_before_its_order_was_known_is_not_waited_for(void **st) {
    (void)st;
    struct desk *d = xcalloc(1, sizeof *d);
    struct tracker *t = tracker_of(d);
    fill(t, "t1", "0xee", 4000000, FILL_REVERSED, 100);
    assert_int_equal(d->n_events[EVENT_FILL], 0);
    struct order like = order_make(0, "0xee", 10000000);
    like.id = tracker_external(t, &like, 200)->id;
    d->rows[d->n_rows++] = (struct row){.o = like};
    tracker_done(t, like.id, ERR_CANCELLED, QTY(4000000), "", 300); /* the venue counts it */
    assert_int_equal(d->rows[0].done_total.micro, 0);
    assert_int_equal(d->rows[0].o.state, STATE_CANCELLED);
    tracker_free(t);
    free(d);
}

static void a_fill_stored_in_two_legs_settles_as_one(void **st) {
    (void)st;
    struct desk *d = xcalloc(1, sizeof *d);
    struct tracker *t = tracker_of(d);
    struct event ev;
    event_init(&ev, EVENT_LOAD_FILL, VENUE_POLYMARKET, 0);
    for (uint8_t leg = 0; leg < 2; leg++) {
        ev.u.fill = fill_make("t1", 3000000, FILL_PROVISIONAL, 50);
        ev.u.fill.leg = leg;
        tracker_restore(t, &ev);
    }
    d->fills[d->n_fills++] = ev.u.fill;
    d->rows[d->n_rows++] = (struct row){.o = order_make(0, "", 1)};
    int64_t oldest = 0;
    assert_int_equal(tracker_provisional(t, &oldest), 1);
    assert_int_equal(oldest, 50);
    assert_int_equal(tracker_next_provisional(t, NULL)->size.micro, 6000000);
    assert_null(tracker_next_provisional(t, tracker_next_provisional(t, NULL)));
    fill(t, "t1", "0xaa", 6000000, FILL_FINAL, 100);
    assert_int_equal(d->n_events[EVENT_FINALITY], 1);
    assert_int_equal(d->n_events[EVENT_FILL], 0);
    assert_int_equal(tracker_provisional(t, NULL), 0);
    tracker_free(t);
    free(d);
}

static void old_ended_orders_are_forgotten(void **st) {
    (void)st;
    struct desk *d = xcalloc(1, sizeof *d);
    struct tracker *t = tracker_of(d);
    struct order keep = order_make(1, "0xkeep", 1000000);
    tracker_sent(t, &keep, 0);
    for (order_id id = 2; id <= 30000; id++) {
        struct order o = order_make(id, "", 1000000);
        snprintf(o.venue_id, sizeof o.venue_id, "0x%llu", (unsigned long long)id);
        tracker_sent(t, &o, 0);
        d->rows[0] = (struct row){.o = o};
        d->n_rows = 1;
        tracker_reject(t, id, ERR_VENUE_REJECTED, "", 0);
    }
    struct order last = order_make(40000, "0xlast", 1000000);
    for (order_id id = 40000; id < 70000; id++) { /* three days later */
        last.id = id;
        snprintf(last.venue_id, sizeof last.venue_id, "0x%llu", (unsigned long long)id);
        tracker_sent(t, &last, 3 * 86400 * 1000000LL);
    }
    assert_non_null(tracker_by_venue_id(t, "0xkeep"));
    assert_null(tracker_order(t, 2));
    assert_null(tracker_by_venue_id(t, "0x2"));
    assert_non_null(tracker_by_venue_id(t, "0x69999"));
    tracker_free(t);
    free(d);
}

/* --- a venue of random orders, told in random order, twice, over restarts --------------------------------------- */
enum { TOLD_ACK, TOLD_FILL, TOLD_DONE, TOLD_REFUSED };
struct told { int kind, order, fill; enum fill_finality finality; };
struct ref_fill { int order; int64_t size, at; enum fill_finality end; char trade[24]; };
struct ref_order { order_id id; char venue_id[24]; bool ours, known_before, refused; int64_t size, total, good; };
struct ref {
    struct ref_order orders[64];
    struct ref_fill fills[256];
    struct told told[2048];
    int n_orders, n_fills, n_told;
};

static void ref_make(struct ref *v, struct rng *r) {
    memset(v, 0, sizeof *v);
    v->n_orders = (int)rng_range(r, 3, 24);
    for (int i = 0; i < v->n_orders; i++) {
        struct ref_order *o = &v->orders[i];
        *o = (struct ref_order){.id = (order_id)(1000 + i), .ours = rng_below(r, 5) != 0, .known_before = rng_below(r, 3) != 0, .size = rng_range(r, 1, 50) * 1000000};
        o->refused = o->ours && rng_below(r, 6) == 0;
        snprintf(o->venue_id, sizeof o->venue_id, "0x%d", 5000 + i);
        if (o->refused) {
            v->told[v->n_told++] = (struct told){TOLD_REFUSED, i, 0, 0};
            continue;
        }
        if (o->ours)
            v->told[v->n_told++] = (struct told){TOLD_ACK, i, 0, 0};
        for (int64_t left = o->size, n = rng_range(r, 0, 5); n > 0 && left > 0; n--) {
            struct ref_fill *f = &v->fills[v->n_fills];
            *f = (struct ref_fill){.order = i, .size = n == 1 && rng_below(r, 2) ? left : rng_range(r, 1, left), .at = v->n_fills + 1};
            f->end = (enum fill_finality)rng_below(r, 3);
            snprintf(f->trade, sizeof f->trade, "trade-%d", v->n_fills);
            left -= f->size;
            o->total += f->size;
            o->good += f->end == FILL_REVERSED ? 0 : f->size;
            v->told[v->n_told++] = (struct told){TOLD_FILL, i, v->n_fills, FILL_PROVISIONAL};
            if (f->end != FILL_PROVISIONAL)
                v->told[v->n_told++] = (struct told){TOLD_FILL, i, v->n_fills, f->end};
            v->n_fills++;
        }
        if (o->ours)
            v->told[v->n_told++] = (struct told){TOLD_DONE, i, 0, 0};
    }
}

static void deliver(const struct ref *v, struct tracker *t, const struct told *m, int64_t now) {
    const struct ref_order *o = &v->orders[m->order];
    if (m->kind == TOLD_ACK) {
        tracker_ack(t, o->id, o->venue_id, now);
    } else if (m->kind == TOLD_REFUSED) {
        tracker_reject(t, o->id, ERR_VENUE_REJECTED, "no", now);
    } else if (m->kind == TOLD_DONE) {
        tracker_done(t, o->id, ERR_CANCELLED, QTY(o->total), "", now);
    } else {
        const struct ref_fill *r = &v->fills[m->fill];
        struct fill f = fill_make(r->trade, r->size, m->finality, r->at);
        tracker_fill(t, &f, o->venue_id, now);
    }
}

static struct tracker *restart(struct tracker *t, struct desk *d) {
    struct event ev;
    tracker_free(t);
    t = tracker_of(d);
    for (int i = 0; i < d->n_rows; i++) {
        event_init(&ev, EVENT_LOAD_ORDER, VENUE_POLYMARKET, 0);
        ev.u.order = d->rows[i].o;
        d->rows[i].acks = d->rows[i].dones = 0;
        d->rows[i].done_seen = false; /* the desk does not store that it waits */
        tracker_restore(t, &ev);
    }
    for (int i = 0; i < d->n_fills; i++) {
        event_init(&ev, EVENT_LOAD_FILL, VENUE_POLYMARKET, 0);
        ev.u.fill = d->fills[i];
        tracker_restore(t, &ev);
    }
    return t;
}

static void compare(const struct ref *v, struct desk *d) {
    for (int i = 0; i < v->n_fills; i++) {
        const struct fill *found = NULL;
        for (int k = 0; k < d->n_fills; k++)
            if (strcmp(d->fills[k].venue_trade, v->fills[i].trade) == 0)
                found = &d->fills[k];
        const struct ref_order *o = &v->orders[v->fills[i].order];
        if (found == NULL) {
            assert_int_equal(v->fills[i].end, FILL_REVERSED);
            continue;
        }
        assert_int_equal(found->finality, v->fills[i].end);
        if (found->finality == FILL_REVERSED && !o->known_before)
            continue; /* an old copy after a restart finds its order closed, without the venue's id: taken back all the same */
        assert_int_equal(found->order, o->ours ? o->id : tracker_external_id(VENUE_POLYMARKET, o->venue_id));
    }
    for (int i = 0; i < v->n_orders; i++) {
        const struct ref_order *o = &v->orders[i];
        struct row *r = row_find(d, o->ours ? o->id : tracker_external_id(VENUE_POLYMARKET, o->venue_id));
        if (r == NULL) {
            assert_false(o->ours);
            continue;
        }
        assert_int_equal(r->o.filled.micro, o->good);
        assert_false(order_open(&r->o));
        if (o->refused)
            assert_int_equal(r->o.state, STATE_FAILED);
        assert_true(r->acks <= 1);
    }
}

static void run_seed(uint64_t seed) {
    struct rng r;
    struct ref *v = xcalloc(1, sizeof *v);
    struct desk *d = xcalloc(1, sizeof *d);
    struct tracker *t = tracker_of(d);
    int64_t now = 1000;
    rng_seed(&r, seed);
    ref_make(v, &r);
    for (int i = 0; i < v->n_orders; i++)
        if (v->orders[i].ours) {
            struct order o = order_make(v->orders[i].id, v->orders[i].known_before ? v->orders[i].venue_id : "", v->orders[i].size);
            send(d, t, &o, now);
        }
    for (int n = v->n_told * 2; n > 0; n--) { /* some are told often, some never */
        deliver(v, t, &v->told[rng_below(&r, (uint64_t)v->n_told)], now += 100);
        if (rng_below(&r, 40) == 0)
            t = restart(t, d);
        if (rng_below(&r, 10) == 0)
            tracker_run(t, now);
    }
    if (rng_below(&r, 2))
        t = restart(t, d);
    for (int i = v->n_told - 1; i > 0; i--) { /* all is read again */
        int k = (int)rng_below(&r, (uint64_t)i + 1);
        struct told swap = v->told[i];
        v->told[i] = v->told[k];
        v->told[k] = swap;
    }
    for (int i = 0; i < v->n_told; i++)
        deliver(v, t, &v->told[i], now += 100);
    tracker_run(t, now + 2 * TRACKER_HOLD_US);
    compare(v, d);
    tracker_free(t);
    free(d);
    free(v);
}

static void any_order_ends_the_same(void **st) {
    (void)st;
    for (uint64_t seed = 1; seed <= 3000; seed++)
        run_seed(seed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_answer_once),
        cmocka_unit_test(a_refused_order_that_lives_is_told),
        cmocka_unit_test(a_delay_ends_with_an_acknowledgement),
        cmocka_unit_test(what_failed_is_not_waited_for),
        cmocka_unit_test(fills_wait_for_an_order_on_its_way),
        cmocka_unit_test(an_external_order_is_known_by_its_own_id),
        cmocka_unit_test(the_rest_of_anothers_order_works_again),
        cmocka_unit_test(what_failed_before_its_order_was_known_is_not_waited_for),
        cmocka_unit_test(a_fill_stored_in_two_legs_settles_as_one),
        cmocka_unit_test(old_ended_orders_are_forgotten),
        cmocka_unit_test(any_order_ends_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
