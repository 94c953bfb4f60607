/* One order's life after its row is committed: sent, acknowledged, cancelled, refused, unknown and asked after.
 * A late or repeated answer of the venue changes nothing twice; a final state stays. */
#include "desk/state.h"
#include "turret/base/str.h"

#include <string.h>

static void order_over(struct desk *d, struct rec *r) {
    r->ask_us = 0;
    r->cancel_us = r->delayed_us = 0;
    r->done_seen = false;
    r->o.flags &= (uint8_t)~ORDER_OUTCOME_UNKNOWN;
    open_unlink(d, r);
    reserve_give(d, r, r->holds);
    waiters_settle(d, r);
    exits_order_over(d, r);
    watch_order_over(d, r);
    follow_order_over(d, r);
    d->dirty |= DIRTY_ORDERS | DIRTY_ACCOUNT;
}

bool order_move(struct desk *d, struct rec *r, enum order_event_kind ev, enum err reason, const char *text) {
    enum order_state from = (enum order_state)r->o.state, to = order_next(from, ev);
    if (to == STATE_COUNT)
        return false;
    r->o.state = (uint8_t)to;
    if (reason != ERR_OK) {
        r->o.reason = (int16_t)reason;
        str_copy(r->o.reason_text, sizeof r->o.reason_text, text != NULL && text[0] != 0 ? text : err_text(reason));
    }
    struct save_order_event *e = &save_add(d, SAVE_ORDER_EVENT)->u.event;
    *e = (struct save_order_event){.order = r->o.id, .event = (uint8_t)ev, .from = (uint8_t)from, .to = (uint8_t)to, .source = r->o.source, .reason = (int32_t)reason, .at_us = d->now_us};
    str_copy(e->text, sizeof e->text, reason != ERR_OK ? r->o.reason_text : text != NULL ? text : "");
    save_row(d, r);
    if (order_state_final(to))
        order_over(d, r);
    return true;
}

/* --- sending ------------------------------------------------------------------------------------- */
static void mark_sent(struct desk *d, struct rec *r) {
    if (r->o.state != STATE_CREATED)
        return;
    r->o.flags |= ORDER_SENT;
    r->o.sent_us = d->now_us;
    order_move(d, r, OEV_SUBMIT, ERR_OK, NULL);
}

/* Two strategies may hold opposite sides of what is one net position at the venue. There an exit of the one may open
 * the other's side: then "reduce only" is kept here, by the reservation, and not asked of the venue. */
static bool venue_reduces(struct desk *d, const struct rec *r) {
    struct acct *a = acct_find(d, r->o.account);
    const struct holding *h = a != NULL ? holding_get(d, a, r->m, r->o.side) : NULL;
    return h == NULL || (h->p.open.micro >= order_rest(&r->o).micro && side_sign((enum order_side)h->side) != order_book_dir(&r->o));
}

void order_send(struct desk *d, struct rec *r) {
    if (!order_open(&r->o))
        return;
    if (r->o.cancel_requested_us != 0) {
        order_move(d, r, OEV_CANCEL, ERR_CANCELLED, "cancelled before it was sent");
        return;
    }
    enum err e = funnel_recheck(d, r);
    if (e != ERR_OK) {
        notice(d, NOTICE_WARN, r, "%u not sent: %s", r->o.num, err_text(e));
        order_move(d, r, OEV_REJECT, e, err_text(e));
        return;
    }
    mark_sent(d, r);
    r->ask_us = d->now_us + ACK_TIMEOUT_US;
    struct order *o = &fx_new(d, FX_PLACE, (enum venue_id)r->m->m.venue)->u.place.order;
    *o = r->o;
    if (o->flags & ORDER_REDUCE_ONLY && !venue_reduces(d, r))
        o->flags &= (uint8_t)~ORDER_REDUCE_ONLY;
}

void order_save_failed(struct desk *d, struct rec *r, enum err e) {
    notice(d, r->o.flags & ORDER_REDUCE_ONLY ? NOTICE_ALERT : NOTICE_WARN, r, "%u not sent, it could not be stored: %s", r->o.num, err_text(e));
    order_move(d, r, OEV_REJECT, e, err_text(e));
}

/* --- cancel and amend ------------------------------------------------------------------------------ */
void order_cancel(struct desk *d, struct rec *r, uint64_t token, int64_t deadline_us) {
    if (!order_open(&r->o)) {
        reply(d, token, ERR_NOT_OPEN, r, NULL);
        return;
    }
    waiter_add(d, token, WAIT_CANCEL, r->o.id, deadline_us);
    bool again = r->o.cancel_requested_us != 0 && d->now_us - r->o.cancel_requested_us < ACK_TIMEOUT_US;
    if (again)
        return;
    r->o.cancel_requested_us = d->now_us;
    save_row(d, r);
    if (!r->saving) /* else the recheck before sending sees it */
        save_after(d, AFTER_CANCEL, r->o.id, 0, PRICE(0), QTY(0));
}

void order_cancel_send(struct desk *d, struct rec *r) {
    if (!order_open(&r->o) || !d->leader || r->delayed_us > d->now_us)
        return; /* one that the venue holds back is cancelled when it is let go (orders_timer) */
    r->cancel_us = d->now_us;
    struct fx_cancel *c = &fx_new(d, FX_CANCEL, (enum venue_id)r->m->m.venue)->u.cancel;
    c->order = r->o.id;
    c->account = r->o.account;
    c->market = r->o.market;
    str_copy(c->venue_id, sizeof c->venue_id, r->o.venue_id);
}

void order_amend_send(struct desk *d, struct rec *r, price limit, qty size) {
    enum err e = !order_open(&r->o) ? ERR_NOT_OPEN : !d->leader ? ERR_NOT_LEADER : ERR_OK;
    if (e == ERR_OK && !(r->o.flags & ORDER_REDUCE_ONLY))
        e = d->store_up ? funnel_recheck(d, r) : ERR_STORE_DOWN;
    if (e != ERR_OK) {
        waiters_end(d, r->o.id, WAIT_AMEND, e, NULL);
        return;
    }
    struct fx_amend *a = &fx_new(d, FX_AMEND, (enum venue_id)r->m->m.venue)->u.amend;
    a->order = r->o;
    a->limit = limit;
    a->size = size;
}

/* --- what became of it ----------------------------------------------------------------------------- */
void order_ask(struct desk *d, struct rec *r, int64_t at_us) {
    (void)d;
    if (r->ask_us == 0 || r->ask_us > at_us)
        r->ask_us = at_us;
}

static int64_t backoff_us(unsigned tries) { return SECOND_US << (tries < 5 ? tries : 5); }

static void order_unknown(struct desk *d, struct rec *r, const char *text) {
    if (r->o.flags & ORDER_OUTCOME_UNKNOWN)
        return;
    r->o.flags |= ORDER_OUTCOME_UNKNOWN;
    order_move(d, r, OEV_UNKNOWN, ERR_OK, text);
    notice(d, NOTICE_WARN, r, "%u: outcome unknown (%s); asking the venue", r->o.num, text);
}

static void order_query(struct desk *d, struct rec *r) {
    if (!d->leader || !d->venues[r->m->m.venue].up)
        return;
    if (!r->acked)
        order_unknown(d, r, "no answer in time");
    fx_new(d, FX_QUERY, (enum venue_id)r->m->m.venue)->u.query.order = r->o;
    r->ask_us = d->now_us + backoff_us(r->asks);
    if (r->asks < UINT8_MAX)
        r->asks++;
}

void orders_timer(struct desk *d) {
    for (struct rec *r = d->open_first, *next; r != NULL; r = next) {
        next = r->open_next;
        if (r->saving)
            continue;
        if (r->delayed_us != 0 && r->delayed_us <= d->now_us) {
            r->delayed_us = 0;
            d->dirty |= DIRTY_ORDERS;
            if (r->o.cancel_requested_us != 0 && r->cancel_us == 0)
                order_cancel_send(d, r);
        }
        if (r->ask_us != 0 && r->ask_us <= d->now_us)
            order_query(d, r);
        if (r->cancel_us != 0 && d->now_us - r->cancel_us >= ACK_TIMEOUT_US && d->venues[r->m->m.venue].up)
            order_cancel_send(d, r);
    }
}

/* --- answers of the venue ---------------------------------------------------------------------------- */
static bool immediate(const struct order *o) { return o->type == ORDER_MARKET || o->tif == TIF_IOC || o->tif == TIF_FOK; }

void order_accepted(struct desk *d, struct rec *r, const char *venue_id) {
    if (!order_open(&r->o)) {
        if (!r->acked && (r->o.state == STATE_FAILED || r->o.filled.micro == 0)) {
            r->acked = true;
            notice(d, NOTICE_ALERT, r, "the venue accepted %u, which was given up as %s: cancelling it", r->o.num, order_state_name((enum order_state)r->o.state));
            struct fx_cancel *c = &fx_new(d, FX_CANCEL, (enum venue_id)r->m->m.venue)->u.cancel;
            *c = (struct fx_cancel){.order = r->o.id, .account = r->o.account, .market = r->o.market};
            str_copy(c->venue_id, sizeof c->venue_id, venue_id);
        }
        return;
    }
    mark_sent(d, r);
    r->asks = 0;
    r->ask_us = immediate(&r->o) || r->done_seen ? d->now_us + ACK_TIMEOUT_US : r->delayed_us != 0 ? r->delayed_us + SECOND_US : 0;
    bool news = !r->acked || (r->o.flags & ORDER_OUTCOME_UNKNOWN) || (venue_id[0] != 0 && strcmp(r->o.venue_id, venue_id) != 0);
    if (!news)
        return;
    r->acked = true;
    r->o.flags = (uint8_t)((r->o.flags | ORDER_ACKED) & ~ORDER_OUTCOME_UNKNOWN);
    if (venue_id[0] != 0) {
        str_copy(r->o.venue_id, sizeof r->o.venue_id, venue_id);
        rec_index_venue_id(d, r);
    }
    order_move(d, r, OEV_ACK, ERR_OK, NULL);
    waiters_settle(d, r);
    if (r->o.cancel_requested_us != 0 && r->cancel_us == 0)
        order_cancel_send(d, r);
}

void on_ack(struct desk *d, const struct event *ev) {
    struct rec *r = rec_find(d, ev->u.ack.order);
    if (r == NULL)
        return;
    r->delayed_us = 0; /* it is let go; that a list of orders names it says no such thing */
    order_accepted(d, r, ev->u.ack.venue_id);
}

/* The ids that its adapter gave it, before it is sent: what comes of it is found by them. Nobody has acknowledged anything. */
void on_prepared(struct desk *d, const struct event *ev) {
    const struct ev_prepared *p = &ev->u.prepared;
    struct rec *r = rec_find(d, p->order);
    if (r == NULL || r->o.state != STATE_CREATED || r->acked)
        return;
    if (p->client_id[0] != 0)
        str_copy(r->o.client_id, sizeof r->o.client_id, p->client_id);
    if (p->venue_id[0] != 0) {
        str_copy(r->o.venue_id, sizeof r->o.venue_id, p->venue_id);
        rec_index_venue_id(d, r);
    }
    d->dirty |= DIRTY_ORDERS;
}

/* The venue has it and holds it back: asked about when that is over, cancelled then if somebody wants that. */
void on_delayed(struct desk *d, const struct event *ev) {
    struct rec *r = rec_find(d, ev->u.delayed.order);
    if (r == NULL || !order_open(&r->o) || r->o.filled.micro > 0)
        return;
    mark_sent(d, r);
    r->acked = true;
    r->asks = 0;
    r->o.flags = (uint8_t)((r->o.flags | ORDER_ACKED) & ~ORDER_OUTCOME_UNKNOWN);
    r->delayed_us = ev->u.delayed.until_us > d->now_us ? ev->u.delayed.until_us : d->now_us + SECOND_US;
    r->ask_us = r->delayed_us + SECOND_US;
    order_move(d, r, OEV_ACK, ERR_OK, ev->u.delayed.text[0] != 0 ? ev->u.delayed.text : "the venue holds it back");
}

int64_t view_order_delayed_us(const struct desk *d, order_id id) {
    const struct rec *r = rec_find(d, id);
    return r != NULL ? r->delayed_us : 0;
}

/* It is over at the venue with `total` filled. While fills of that total are missing it stays open here. */
void order_done(struct desk *d, struct rec *r, enum err reason, qty total, const char *text) {
    if (!order_open(&r->o))
        return;
    mark_sent(d, r);
    r->acked = true;
    if (total.micro > r->o.filled.micro) {
        r->done_seen = true;
        r->done_total = total;
        r->done_reason = (int32_t)reason;
        order_ask(d, r, d->now_us + SECOND_US);
        return;
    }
    order_move(d, r, OEV_CANCEL, reason == ERR_OK ? ERR_CANCELLED : reason, text);
}

void on_done(struct desk *d, const struct event *ev) {
    struct rec *r = rec_find(d, ev->u.done.order);
    if (r != NULL)
        order_done(d, r, (enum err)ev->u.done.reason, ev->u.done.filled, ev->u.done.text);
}

/* The venue knows no such order. One that may still be on its way is asked after again. */
static void not_found(struct desk *d, struct rec *r) {
    int64_t since = r->o.sent_us > r->o.created_us ? r->o.sent_us : r->o.created_us;
    if (d->now_us - since < NOT_FOUND_AGE_US) {
        r->ask_us = since + NOT_FOUND_AGE_US;
        return;
    }
    if (r->acked || r->o.filled.micro > 0) {
        struct acct *a = acct_find(d, r->o.account);
        notice(d, NOTICE_ALERT, r, "the venue no longer has %u", r->o.num);
        order_move(d, r, OEV_CANCEL, ERR_NOT_FOUND, "the venue no longer has it");
        if (a != NULL)
            recon_need(d, a);
        return;
    }
    notice(d, NOTICE_WARN, r, "%u never reached the venue", r->o.num);
    order_move(d, r, OEV_REJECT, ERR_NOT_FOUND, "it never reached the venue");
}

/* What never left was not refused by the venue; and a window in which it takes nothing says nothing of the order: after it all goes on by itself. */
static bool counts_as_refusal(const struct rec *r, enum err e) {
    return !(r->o.flags & ORDER_REDUCE_ONLY) && !r->saving && e != ERR_VENUE_PAUSED && e != ERR_VENUE_POST_ONLY;
}

static void refused(struct desk *d, struct rec *r, enum err e, const char *text) {
    struct acct *a = acct_find(d, r->o.account);
    if (a != NULL && counts_as_refusal(r, e))
        breaker_reject(d, a);
    notice(d, r->o.flags & ORDER_REDUCE_ONLY ? NOTICE_ALERT : NOTICE_WARN, r, "%u refused: %s", r->o.num, text[0] != 0 ? text : err_text(e));
    order_move(d, r, OEV_REJECT, e == ERR_OK ? ERR_VENUE_REJECTED : e, text);
}

void on_reject(struct desk *d, const struct event *ev) {
    struct rec *r = rec_find(d, ev->u.reject.order);
    if (r == NULL || !order_open(&r->o))
        return;
    enum err e = (enum err)ev->u.reject.reason;
    if (r->saving) { /* it could not be prepared: nothing was sent, and nothing will be when its row is stored */
        refused(d, r, e, ev->u.reject.text);
    } else if (e == ERR_NOT_FOUND) {
        not_found(d, r);
    } else if (e == ERR_DUPLICATE) { /* our id is taken: it is there already */
        order_ask(d, r, d->now_us);
    } else {
        mark_sent(d, r);
        refused(d, r, e, ev->u.reject.text);
    }
}

void on_refused(struct desk *d, const struct event *ev) {
    struct rec *r = rec_find(d, ev->u.refused.order);
    enum err e = (enum err)ev->u.refused.reason;
    if (r == NULL)
        return;
    if (ev->u.refused.what == 1) {
        struct rec *pos = rec_find(d, r->o.parent);
        const int64_t over = r->holds.micro - order_rest(&r->o).micro; /* reserved for a size that it does not get */
        if (order_open(&r->o) && over > 0) {
            reserve_give(d, r, QTY(over));
            if (pos != NULL)
                exits_pursue(d, pos);
        }
        waiters_end(d, r->o.id, WAIT_AMEND, e, ev->u.refused.text);
        return;
    }
    r->cancel_us = 0;
    if (!order_open(&r->o))
        return;
    if (e == ERR_NOT_OPEN || e == ERR_NOT_FOUND) { /* over, or not there yet: its state will tell */
        order_ask(d, r, d->now_us + SECOND_US / 2);
        return;
    }
    r->o.cancel_requested_us = 0;
    save_row(d, r);
    waiters_end(d, r->o.id, WAIT_CANCEL, e, ev->u.refused.text);
    notice(d, NOTICE_WARN, r, "cancel of %u refused: %s", r->o.num, err_text(e));
}

void on_amended(struct desk *d, const struct event *ev) {
    struct rec *r = rec_find(d, ev->u.amended.order);
    if (r == NULL || !order_open(&r->o))
        return;
    mark_sent(d, r);
    if (ev->u.amended.limit.micro > 0)
        r->o.limit = ev->u.amended.limit;
    if (ev->u.amended.size.micro > 0)
        r->o.size = ev->u.amended.size;
    struct rec *pos = rec_find(d, r->o.parent);
    if (r->o.flags & ORDER_REDUCE_ONLY && pos != NULL) {
        int64_t more = order_rest(&r->o).micro - r->holds.micro;
        if (more < 0)
            reserve_give(d, r, QTY(-more));
        else if (more > 0)
            reserve_take(d, r, pos, QTY(more));
        exits_pursue(d, pos);
    }
    order_move(d, r, OEV_AMEND, ERR_OK, NULL);
    waiters_end(d, r->o.id, WAIT_AMEND, ERR_OK, NULL);
}

void on_unknown(struct desk *d, const struct event *ev) {
    struct rec *r = rec_find(d, ev->u.unknown.order);
    if (r == NULL || !order_open(&r->o))
        return;
    mark_sent(d, r);
    order_unknown(d, r, ev->u.unknown.text[0] != 0 ? ev->u.unknown.text : "no clear answer");
    order_ask(d, r, d->now_us + SECOND_US);
}
