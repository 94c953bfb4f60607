/* The order desk of the exchange: placing, cancelling, amending and asking after orders. An id is placed once: the
 * same id again, like a query, is answered with the order's present state and never doubles it. */
#include <stdio.h>
#include <string.h>

#include "impl.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"

struct sim_order *sim_order_get(const struct exchange *x, order_id id) {
    return map_get_ptr(&x->order_of, id);
}

/* An account sees and moves only its own orders. */
static struct sim_order *order_of(const struct exchange *x, order_id id, account_id account) {
    struct sim_order *o = sim_order_get(x, id);
    return o && o->account->id == account ? o : NULL;
}

struct sim_order *sim_order_make(struct exchange *x, struct sim_account *a, const struct order *req) {
    struct sim_order *o = xcalloc(1, sizeof *o);
    o->id = req->id;
    o->account = a;
    o->market = sim_market_get(x, req->market);
    o->num = req->num;
    o->side = req->side;
    o->action = req->action;
    o->type = req->type;
    o->tif = req->tif;
    o->source = req->source;
    o->flags = req->flags;
    o->leverage = req->leverage ? req->leverage : 1;
    o->dir = (int8_t)order_book_dir(req);
    o->limit = req->limit;
    o->book_px = book_price((enum order_side)req->side, req->limit);
    o->size = req->size;
    o->filled = req->filled;
    o->value = req->filled_value;
    o->fee = req->fee;
    o->created_us = req->created_us;
    o->expires_us = req->expires_us;
    o->last_fill = NO_FILL;
    o->state = STATE_PENDING;
    str_copy(o->strategy, sizeof o->strategy, req->strategy);
    str_copy(o->client_id, sizeof o->client_id, req->client_id);
    map_put_ptr(&x->order_of, o->id, o);
    x->orders = xgrow(x->orders, &x->orders_cap, x->n_orders + 1, sizeof *x->orders);
    x->orders[x->n_orders++] = o;
    return o;
}

void sim_order_rest_in(struct sim_order *o) {
    struct sim_market *m = o->market;
    o->resting = true;
    o->seq = ++m->x->seq;
    o->prev = m->last_order;
    o->next = NULL;
    *(m->last_order ? &m->last_order->next : &m->first) = o;
    m->last_order = o;
    m->n_resting++;
    m->n_reduce_only += (o->flags & ORDER_REDUCE_ONLY) != 0;
    sim_position_in(o->account, m)->orders++;
    o->account->working++;
}

void sim_order_take_out(struct sim_order *o) {
    struct sim_market *m = o->market;
    if (!o->resting)
        return;
    if (o->handle)
        matched_remove(m, o);
    *(o->prev ? &o->prev->next : &m->first) = o->next;
    *(o->next ? &o->next->prev : &m->last_order) = o->prev;
    o->next = o->prev = NULL;
    o->resting = false;
    m->n_resting--;
    m->n_reduce_only -= (o->flags & ORDER_REDUCE_ONLY) != 0;
    sim_position_in(o->account, m)->orders--;
    o->account->working--;
}

static void tell_ack(struct exchange *x, struct sim_order *o, int64_t now_us) {
    struct event ev;
    event_init(&ev, EVENT_ACK, x->cfg.venue, now_us);
    ev.u.ack.order = o->id;
    snprintf(ev.u.ack.venue_id, sizeof ev.u.ack.venue_id, "sim-%016llx", (unsigned long long)o->id);
    sim_answer(x, o->account, &ev, now_us);
}

static void tell_reject(struct exchange *x, struct sim_account *a, order_id id, enum err reason, int64_t now_us) {
    struct event ev;
    event_init(&ev, EVENT_REJECT, x->cfg.venue, now_us);
    ev.u.reject.order = id;
    ev.u.reject.reason = (int32_t)reason;
    str_copy(ev.u.reject.text, sizeof ev.u.reject.text, err_text(reason));
    sim_answer(x, a, &ev, now_us);
}

static void tell_refused(struct exchange *x, struct sim_account *a, order_id id, enum err reason, uint32_t what,
                         int64_t now_us) {
    struct event ev;
    event_init(&ev, EVENT_REFUSED, x->cfg.venue, now_us);
    ev.u.refused.order = id;
    ev.u.refused.reason = (int32_t)reason;
    ev.u.refused.what = what;
    str_copy(ev.u.refused.text, sizeof ev.u.refused.text, err_text(reason));
    sim_answer(x, a, &ev, now_us);
}

static void tell_amended(struct exchange *x, struct sim_order *o, int64_t now_us) {
    struct event ev;
    event_init(&ev, EVENT_AMENDED, x->cfg.venue, now_us);
    ev.u.amended.order = o->id;
    ev.u.amended.limit = o->limit;
    ev.u.amended.size = o->size;
    sim_answer(x, o->account, &ev, now_us);
}

static void tell_done(struct exchange *x, struct sim_order *o, const char *text, int64_t now_us) {
    struct event ev;
    event_init(&ev, EVENT_DONE, x->cfg.venue, now_us);
    ev.u.done.order = o->id;
    ev.u.done.reason = o->reason;
    ev.u.done.filled = o->filled;
    str_copy(ev.u.done.text, sizeof ev.u.done.text, text ? text : err_text((enum err)o->reason));
    sim_answer(x, o->account, &ev, now_us);
}

void sim_order_drop(struct sim_order *o, enum err reason) {
    sim_order_take_out(o);
    if (o->waiting && o->market)
        o->market->n_waiting--;
    o->waiting = false;
    o->state = STATE_CANCELLED;
    o->reason = (int16_t)reason;
}

void sim_order_done(struct exchange *x, struct sim_order *o, enum err reason, const char *text, int64_t now_us) {
    sim_order_drop(o, reason);
    tell_done(x, o, text, now_us);
}

void sim_order_settled(struct exchange *x, struct sim_order *o, int64_t now_us) {
    if (sim_order_left(o) > 0)
        return;
    sim_order_take_out(o);
    if (!o->cut)
        return;
    o->reason = ERR_REDUCE_ONLY; /* asked for more than it was allowed to close */
    tell_done(x, o, NULL, now_us);
}

/* --- arrival --- */

static void fit_one(struct exchange *x, struct sim_order *o, int64_t now_us) {
    int64_t net = sim_position_in(o->account, o->market)->net, room = -o->dir * net;
    if (room <= 0) {
        sim_order_done(x, o, ERR_REDUCE_ONLY, "the position it would have reduced is gone", now_us);
        return;
    }
    if (sim_order_left(o) <= room)
        return;
    o->size.micro = o->filled.micro + room;
    o->cut = true;
    if (o->handle)
        matched_resize(o->market, o);
    tell_amended(x, o, now_us);
}

void sim_orders_fit(struct exchange *x, struct sim_account *a, struct sim_market *m, int64_t now_us) {
    if (m->n_reduce_only == 0)
        return;
    for (struct sim_order *o = m->first, *next; o; o = next) {
        next = o->next;
        if (o->account == a && (o->flags & ORDER_REDUCE_ONLY))
            fit_one(x, o, now_us);
    }
}

static bool immediate(const struct sim_order *o) {
    return o->type == ORDER_MARKET || o->tif == TIF_IOC || o->tif == TIF_FOK;
}

/* What is left after taking: gone for an immediate order, else it joins the book. */
static void order_remain(struct exchange *x, struct sim_order *o, bool self, int64_t now_us) {
    if (self) {
        sim_order_done(x, o, ERR_SELF_TRADE, NULL, now_us);
    } else if (immediate(o)) {
        bool dry = o->type == ORDER_MARKET || o->filled.micro == 0;
        sim_order_done(x, o, dry ? ERR_NO_LIQUIDITY : ERR_CANCELLED, dry ? NULL : "the rest of an immediate order",
                       now_us);
    } else {
        sim_order_rest_in(o);
        (o->market->mode == EXCHANGE_MATCHED ? matched_rest : shown_rest)(o->market, o);
        if (o->tif == TIF_GTD)
            sim_item_push(x, o->expires_us, ITEM_EXPIRE, o);
    }
}

void sim_order_enter(struct exchange *x, struct sim_order *o, int64_t now_us) {
    struct sim_market *m = o->market;
    price limit = o->limit.micro > 0 ? o->book_px : PRICE(0); /* a market order may carry a worst price */
    bool self = false;
    (m->mode == EXCHANGE_MATCHED ? matched_take : shown_take)(m, o->account, o, o->dir, limit, sim_order_left(o), &self,
                                                              now_us);
    if (sim_order_left(o) > 0)
        order_remain(x, o, self, now_us);
    else
        sim_order_settled(x, o, now_us);
    sim_orders_fit(x, o->account, m, now_us);
}

void sim_order_arrive(struct exchange *x, const struct order *req, int64_t now_us) {
    struct sim_account *a = sim_account_get(x, req->account);
    struct sim_order *o = sim_order_get(x, req->id);
    if (o) {
        sim_order_tell_state(x, o, now_us);
        return;
    }
    a->settled = true;
    o = sim_order_make(x, a, req);
    enum err e = o->market ? sim_place_check(a, o->market, o, now_us) : ERR_NOT_FOUND;
    if (e != ERR_OK) {
        o->state = STATE_FAILED;
        o->reason = (int16_t)e;
        tell_reject(x, a, o->id, e, now_us);
        return;
    }
    tell_ack(x, o, now_us);
    if (o->flags & ORDER_REDUCE_ONLY) {
        int64_t room = -o->dir * sim_position_in(a, o->market)->net;
        if (o->size.micro > room) {
            o->size.micro = room;
            o->cut = true;
            if (!immediate(o))
                tell_amended(x, o, now_us);
        }
    }
    sim_order_enter(x, o, now_us);
}

/* --- cancel, amend, expiry, query --- */

void sim_order_cancel(struct exchange *x, const struct fx_cancel *c, int64_t now_us) {
    struct sim_order *o = order_of(x, c->order, c->account);
    if (o && (o->resting || o->waiting))
        sim_order_done(x, o, ERR_CANCELLED, NULL, now_us);
    else
        tell_refused(x, sim_account_get(x, c->account), c->order, o ? ERR_NOT_OPEN : ERR_NOT_FOUND, 0, now_us);
}

void sim_order_expire(struct exchange *x, struct sim_order *o, int64_t now_us) {
    if ((o->resting || o->waiting) && o->tif == TIF_GTD && o->expires_us <= now_us) {
        sim_order_done(x, o, ERR_EXPIRED, NULL, now_us);
        if (x->n_dirty)
            exchange_flush_books(x, now_us);
    }
}

static enum err amend_check(const struct sim_order *o, const struct sim_order *wanted) {
    struct sim_market *m = o->market;
    struct level best;
    if (m->m.status != MARKET_OPEN)
        return ERR_MARKET_CLOSED;
    enum err e = wanted->limit.micro == o->limit.micro ? ERR_OK : sim_price_check(m, wanted->book_px);
    if (e == ERR_OK && wanted->size.micro != o->size.micro)
        e = (enum err)market_check_size(&m->m, wanted->size);
    if (e != ERR_OK)
        return e;
    if (wanted->size.micro <= o->filled.micro)
        return ERR_BAD_VALUE;
    if ((o->flags & ORDER_POST_ONLY) && sim_market_best(m, o->dir > 0 ? BOOK_ASK : BOOK_BID, &best) &&
        (wanted->book_px.micro - best.px.micro) * o->dir >= 0)
        return ERR_POST_ONLY_CROSSED;
    if (o->flags & ORDER_REDUCE_ONLY)
        return sim_order_left(wanted) > -o->dir * sim_position_in(o->account, m)->net ? ERR_REDUCE_ONLY : ERR_OK;
    return sim_margin_check(o->account, m, o, o->dir, wanted->book_px, QTY(sim_order_left(wanted)), o->leverage);
}

void sim_order_amend(struct exchange *x, const struct fx_amend *am, int64_t now_us) {
    struct sim_order *o = order_of(x, am->order.id, am->order.account);
    struct sim_account *a = sim_account_get(x, am->order.account);
    if (!o || !o->resting) {
        tell_refused(x, a, am->order.id, o ? ERR_NOT_OPEN : ERR_NOT_FOUND, 1, now_us);
        return;
    }
    struct sim_order wanted = *o;
    if (am->limit.micro > 0) {
        wanted.limit = am->limit;
        wanted.book_px = book_price((enum order_side)o->side, am->limit);
    }
    if (am->size.micro > 0)
        wanted.size = am->size;
    enum err e = amend_check(o, &wanted);
    if (e != ERR_OK) {
        tell_refused(x, a, o->id, e, 1, now_us);
        return;
    }
    bool keeps_place = wanted.limit.micro == o->limit.micro && wanted.size.micro <= o->size.micro;
    if (!keeps_place)
        sim_order_take_out(o);
    o->limit = wanted.limit;
    o->book_px = wanted.book_px;
    o->size = wanted.size;
    tell_amended(x, o, now_us);
    if (!keeps_place)
        sim_order_enter(x, o, now_us);
    else if (o->handle)
        matched_resize(o->market, o);
}

static void tell_fills(struct exchange *x, struct sim_order *o, int64_t now_us) {
    uint32_t n = 0;
    for (uint32_t i = o->last_fill; i != NO_FILL; i = x->fills[i].previous)
        n++;
    uint32_t *order = xmalloc((n + 1) * sizeof *order);
    for (uint32_t i = o->last_fill, k = n; i != NO_FILL; i = x->fills[i].previous)
        order[--k] = i;
    for (uint32_t k = 0; k < n; k++) {
        struct event ev;
        event_init(&ev, EVENT_FILL, x->cfg.venue, now_us);
        sim_fill_build(x, &x->fills[order[k]], &ev.u.fill_ev.fill);
        snprintf(ev.u.fill_ev.venue_order, sizeof ev.u.fill_ev.venue_order, "sim-%016llx", (unsigned long long)o->id);
        sim_answer(x, o->account, &ev, now_us);
    }
    free(order);
}

void sim_order_tell_state(struct exchange *x, struct sim_order *o, int64_t now_us) {
    if (o->state == STATE_FAILED) {
        tell_reject(x, o->account, o->id, (enum err)o->reason, now_us);
        return;
    }
    tell_ack(x, o, now_us);
    tell_fills(x, o, now_us);
    if (order_state_final((enum order_state)o->state))
        tell_done(x, o, NULL, now_us);
}

void sim_order_query(struct exchange *x, const struct order *req, int64_t now_us) {
    struct sim_order *o = order_of(x, req->id, req->account);
    if (o)
        sim_order_tell_state(x, o, now_us);
    else
        tell_reject(x, sim_account_get(x, req->account), req->id, ERR_NOT_FOUND, now_us);
}
