/* Effects: the queue of what the desk wants done, notices for people, and answers to those who wait for an order.
 * Every token is answered exactly once: the waiter leaves the table as its reply goes out. */
#include "desk/state.h"
#include "turret/base/str.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const effect_names[EFFECT_TYPE_COUNT] = {
#define X(N, m, s) [FX_##N] = s,
    EFFECT_TABLE(X)
#undef X
};
const char *effect_name(enum effect_type t) { return (unsigned)t < EFFECT_TYPE_COUNT ? effect_names[t] : "?"; }

/* Records are whole structs, so that shells may copy them by value. */
struct effect *fx_new(struct desk *d, enum effect_type t, enum venue_id v) {
    const uint32_t size = (uint32_t)((sizeof(struct effect) + 7) & ~(size_t)7);
    struct effect *e = ring_push(&d->effects, size);
    assert(e != NULL);
    memset(e, 0, size);
    e->size = size;
    e->type = (uint16_t)t;
    e->venue = (uint16_t)v;
    e->at_us = d->now_us;
    return e;
}

const struct effect *desk_effect(struct desk *d) {
    if (d->effect_out)
        ring_pop(&d->effects);
    const struct effect *e = ring_peek(&d->effects);
    d->effect_out = e != NULL;
    return e;
}

struct numtext num_text(int64_t micro) {
    struct numtext t;
    dec_format(micro, 0, t.s);
    return t;
}

/* --- notices ----------------------------------------------------------------------------------- */
static void notice_put(struct desk *d, struct fx_notice *n) {
    fx_new(d, FX_NOTICE, VENUE_NONE)->u.notice = *n;
    d->notices[d->notice_head] = (struct view_notice){d->now_us, *n};
    d->notice_head = (d->notice_head + 1) % NOTICES_KEEP;
    if (d->notice_count < NOTICES_KEEP)
        d->notice_count++;
    if (n->level == NOTICE_ALERT)
        d->alerts++;
    d->dirty |= DIRTY_NOTICES;
}

void notice(struct desk *d, enum notice_level level, const struct rec *r, const char *fmt, ...) {
    struct fx_notice n = {.level = (int32_t)level};
    if (r != NULL) {
        n.num = r->o.num;
        n.order = r->o.id;
        n.market = r->o.market;
        n.account = r->o.account;
    }
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(n.text, sizeof n.text, fmt, ap);
    va_end(ap);
    notice_put(d, &n);
}

void notice_about(struct desk *d, enum notice_level level, market_id m, account_id a, const char *fmt, ...) {
    struct fx_notice n = {.level = (int32_t)level, .market = m, .account = a};
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(n.text, sizeof n.text, fmt, ap);
    va_end(ap);
    notice_put(d, &n);
}

void on_note(struct desk *d, const struct event *ev) {
    struct fx_notice n = {.level = ev->u.note.level};
    str_copy(n.text, sizeof n.text, ev->u.note.text);
    d->notices[d->notice_head] = (struct view_notice){d->now_us, n};
    d->notice_head = (d->notice_head + 1) % NOTICES_KEEP;
    if (d->notice_count < NOTICES_KEEP)
        d->notice_count++;
    if (n.level == NOTICE_ALERT)
        d->alerts++;
    d->dirty |= DIRTY_NOTICES;
}

void notice_watch(struct desk *d, uint32_t num, market_id m, const char *text) {
    struct fx_notice n = {.level = NOTICE_ALERT, .num = num, .market = m};
    str_copy(n.text, sizeof n.text, text);
    notice_put(d, &n);
}

/* --- answers ----------------------------------------------------------------------------------- */
void reply(struct desk *d, uint64_t token, enum err e, const struct rec *r, const char *text) {
    char told[NOTE_MAX];
    if (token == 0)
        return;
    struct fx_reply *p = &fx_new(d, FX_REPLY, VENUE_NONE)->u.reply;
    p->token = token;
    p->result = (int32_t)e;
    if (r != NULL) {
        p->num = r->o.num;
        p->order = r->o.id;
        p->state = r->o.state;
        p->unknown = (r->o.flags & ORDER_OUTCOME_UNKNOWN) != 0;
        p->filled = r->o.filled;
        if (!order_avg_fill(&r->o, &p->average))
            p->average = PRICE(0);
        if (r->o.route.n > 0 && (text == NULL || text[0] == 0))
            text = router_text(d, r, e, told);
    }
    str_copy(p->text, sizeof p->text, text != NULL && text[0] != 0 ? text : err_text(e));
}

void reply_num(struct desk *d, uint64_t token, enum err e, uint32_t num, const char *text) {
    if (token == 0)
        return;
    struct fx_reply *p = &fx_new(d, FX_REPLY, VENUE_NONE)->u.reply;
    p->token = token;
    p->result = (int32_t)e;
    p->num = num;
    str_copy(p->text, sizeof p->text, text != NULL && text[0] != 0 ? text : err_text(e));
}

void waiter_add(struct desk *d, uint64_t token, enum waiter_kind kind, order_id order, int64_t deadline_us) {
    if (token == 0)
        return;
    d->waiters = xgrow(d->waiters, &d->waiter_cap, d->waiter_count + 1, sizeof *d->waiters);
    if (deadline_us <= d->now_us)
        deadline_us = d->now_us + REPLY_DEFAULT_US;
    d->waiters[d->waiter_count++] = (struct waiter){token, order, deadline_us, (uint8_t)kind, false};
}

static void waiter_del(struct desk *d, size_t i) {
    memmove(&d->waiters[i], &d->waiters[i + 1], (d->waiter_count - i - 1) * sizeof *d->waiters);
    d->waiter_count--;
}

/* The answer an order's state gives to who placed it, false while it is not settled. */
static bool place_result(const struct rec *r, enum err *e) {
    const struct order *o = &r->o;
    switch ((enum order_state)o->state) {
    case STATE_FILLED:
        *e = ERR_OK;
        return true;
    case STATE_CANCELLED:
        *e = o->filled.micro > 0 ? ERR_PARTLY : o->reason != ERR_OK ? (enum err)o->reason : ERR_CANCELLED;
        return true;
    case STATE_FAILED:
        *e = o->reason != ERR_OK ? (enum err)o->reason : ERR_FAILED;
        return true;
    default:
        *e = ERR_OK;
        return r->acked && o->type == ORDER_LIMIT && (o->tif == TIF_GTC || o->tif == TIF_GTD) &&
               !(o->flags & ORDER_OUTCOME_UNKNOWN);
    }
}

void waiters_settle(struct desk *d, const struct rec *r) {
    for (size_t i = 0; i < d->waiter_count;) {
        const struct waiter w = d->waiters[i];
        enum err e = ERR_OK;
        bool over = false;
        if (w.order == r->o.id && w.saving) {
            over = false;
        } else if (w.order == r->o.id && w.kind == WAIT_PLACE) {
            over = place_result(r, &e);
            if (over && r->o.filled.micro > 0) { /* a fill that a person was told of is never lost: first the store */
                d->waiters[i].saving = true;
                save_after(d, AFTER_SETTLED, r->o.id, w.token, PRICE(0), QTY(0));
                over = false;
            }
        } else if (w.order == r->o.id && (w.kind == WAIT_CANCEL || w.kind == WAIT_AMEND) && !order_open(&r->o)) {
            over = true;
            e = w.kind == WAIT_CANCEL && r->o.state == STATE_CANCELLED ? ERR_OK : ERR_NOT_OPEN;
        }
        if (!over) {
            i++;
            continue;
        }
        waiter_del(d, i);
        reply(d, w.token, e, r, r->o.state == STATE_CANCELLED || r->o.state == STATE_FAILED ? r->o.reason_text : NULL);
    }
}

void waiters_saved(struct desk *d, uint64_t token, const struct rec *r) {
    enum err e;
    for (size_t i = 0; i < d->waiter_count; i++)
        if (d->waiters[i].token == token && d->waiters[i].saving) {
            waiter_del(d, i);
            place_result(r, &e);
            reply(d, token, e, r, r->o.state == STATE_CANCELLED ? r->o.reason_text : NULL);
            return;
        }
}

void waiters_end(struct desk *d, order_id order, enum waiter_kind kind, enum err e, const char *text) {
    for (size_t i = 0; i < d->waiter_count;) {
        const struct waiter w = d->waiters[i];
        if (w.order != order || w.kind != kind) {
            i++;
            continue;
        }
        waiter_del(d, i);
        reply(d, w.token, e, rec_find(d, order), text);
    }
}

void waiters_timer(struct desk *d) {
    for (size_t i = 0; i < d->waiter_count;) {
        const struct waiter w = d->waiters[i];
        if (w.deadline_us > d->now_us) {
            i++;
            continue;
        }
        waiter_del(d, i);
        const struct rec *r = rec_find(d, w.order);
        enum err e = ERR_OUTCOME_UNKNOWN;
        if (w.kind == WAIT_PLACE && r != NULL && r->acked && r->o.type == ORDER_LIMIT)
            e = ERR_OK; /* it rests after all */
        reply(d, w.token, e, r, NULL);
    }
}
