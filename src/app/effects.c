/* Carries out what the desk wants done: saves to the store, orders to venues, answers and notices to clients. A venue that
 * takes nothing answers here, with the event the desk waits for. */
#include <stdio.h>
#include <string.h>

#include "app/engine_impl.h"
#include "turret/base/str.h"
#include "turret/io/loop.h"

static struct event answer(struct engine *e, const struct effect *fx, enum event_type t) {
    struct event ev;
    event_init(&ev, t, fx->venue, engine_now_us(e));
    return ev;
}

static void prepare_failed(struct engine *e, const struct order *o, enum venue_id v, enum err err, const char *text) {
    struct event ev;
    event_init(&ev, EVENT_REJECT, v, engine_now_us(e));
    ev.u.reject.order = o->id;
    ev.u.reject.reason = (int32_t)err;
    str_copy(ev.u.reject.text, sizeof ev.u.reject.text, text[0] ? text : err_text(err));
    engine_put(e, &ev);
}

/* A new order's ids, as far as its venue knows them before it is sent, go into the row that is stored: whenever this process dies, what it may
 * have sent can be found. The desk learns them by an event, so that a journal has them too. */
static void prepare(struct engine *e, struct fx_save *rec) {
    struct view_market m;
    struct event ev;
    struct order o = rec->u.order;
    const struct venue *v = view_market(e->desk, o.market, &m) ? e->venues[m.m->venue].v : NULL;
    if (!v || !v->ops->prepare)
        return;
    enum err err = v->ops->prepare(e->venues[m.m->venue].v, &o, engine_now_us(e));
    if (err) { /* the row is stored as it is, and the desk ends the order before anything is sent */
        prepare_failed(e, &rec->u.order, v->id, err, strcmp(o.reason_text, rec->u.order.reason_text) ? o.reason_text : "");
        return;
    }
    if (!strcmp(o.client_id, rec->u.order.client_id) && !strcmp(o.venue_id, rec->u.order.venue_id))
        return;
    str_copy(rec->u.order.client_id, sizeof rec->u.order.client_id, o.client_id);
    str_copy(rec->u.order.venue_id, sizeof rec->u.order.venue_id, o.venue_id);
    event_init(&ev, EVENT_PREPARED, v->id, engine_now_us(e));
    ev.u.prepared.order = o.id;
    str_copy(ev.u.prepared.client_id, sizeof ev.u.prepared.client_id, o.client_id);
    str_copy(ev.u.prepared.venue_id, sizeof ev.u.prepared.venue_id, o.venue_id);
    engine_put(e, &ev);
    engine_crash(e, "prepared");
}

static void run_save(struct engine *e, const struct effect *fx) {
    const struct fx_save *rec = &fx->u.save;
    struct fx_save own;
    if (rec->kind == SAVE_ORDER && rec->intent && rec->insert && !order_state_final((enum order_state)rec->u.order.state)) {
        own = *rec;
        rec = &own;
        prepare(e, &own);
    }
    if (rec->kind == SAVE_FILL)
        engine_crash(e, "fill-save");
    if (rec->intent && e->intent_seqs[(e->intent_seq_at + SEQ_WATCH - 1) % SEQ_WATCH] != rec->seq) {
        e->intent_seqs[e->intent_seq_at++ % SEQ_WATCH] = rec->seq;
        engine_crash(e, "intent-save");
    }
    if (e->cfg.virtual_time)
        vtime_saved(e, rec);
    if (e->store)
        store_save(e->store, rec);
    for (struct engine_client *c = e->clients; c; c = c->next)
        if (c->saved)
            c->saved(c->ctx, rec);
}

static void run_place(struct engine *e, const struct effect *fx) {
    struct venue *v = e->venues[fx->venue].v;
    engine_crash(e, "before-send");
    enum err err = v ? v->ops->place(v, &fx->u.place.order, engine_now_us(e)) : ERR_UNREACHABLE;
    engine_crash(e, "after-send");
    if (err) {
        struct event ev = answer(e, fx, EVENT_REJECT);
        ev.u.reject.order = fx->u.place.order.id;
        ev.u.reject.reason = (int32_t)err;
        str_copy(ev.u.reject.text, sizeof ev.u.reject.text, err_text(err));
        engine_put(e, &ev);
    }
}

static void put_refused(struct engine *e, const struct effect *fx, order_id order, enum err err, uint32_t what, const char *text) {
    struct event ev = answer(e, fx, EVENT_REFUSED);
    ev.u.refused.order = order;
    ev.u.refused.reason = (int32_t)err;
    ev.u.refused.what = what;
    str_copy(ev.u.refused.text, sizeof ev.u.refused.text, text);
    engine_put(e, &ev);
}

static void run_cancel(struct engine *e, const struct effect *fx) {
    struct venue *v = e->venues[fx->venue].v;
    engine_crash(e, "before-cancel");
    enum err err = v ? v->ops->cancel(v, &fx->u.cancel, engine_now_us(e)) : ERR_UNREACHABLE;
    engine_crash(e, "after-cancel");
    if (err)
        put_refused(e, fx, fx->u.cancel.order, err, 0, err_text(err));
}

static void run_amend(struct engine *e, const struct effect *fx) {
    struct venue *v = e->venues[fx->venue].v;
    const bool can = v && (v->ops->caps & VENUE_AMENDS);
    enum err err = !v ? ERR_UNREACHABLE : can ? v->ops->amend(v, &fx->u.amend, engine_now_us(e)) : ERR_UNSUPPORTED;
    if (err)
        put_refused(e, fx, fx->u.amend.order.id, err, 1, v && !can ? "the venue changes no orders: cancel it and place a new one" : err_text(err));
}

static void run_query(struct engine *e, const struct effect *fx) {
    struct venue *v = e->venues[fx->venue].v;
    if (!v || v->ops->query(v, &fx->u.query.order, engine_now_us(e))) {
        struct event ev = answer(e, fx, EVENT_UNKNOWN);
        ev.u.unknown.order = fx->u.query.order.id;
        str_copy(ev.u.unknown.text, sizeof ev.u.unknown.text, "the venue can't be asked");
        engine_put(e, &ev);
    }
}

static void run_reconcile(struct engine *e, const struct effect *fx) {
    struct venue *v = e->venues[fx->venue].v;
    engine_crash(e, "reconcile");
    if (!v || v->ops->reconcile(v, &fx->u.reconcile, engine_now_us(e))) {
        struct event ev = answer(e, fx, EVENT_RECON_END);
        ev.u.recon_end.account = fx->u.reconcile.account;
        ev.u.recon_end.round = fx->u.reconcile.round;
        engine_put(e, &ev);
    }
}

static void run_reset(struct engine *e, const struct effect *fx) {
    struct venue *v = e->venues[fx->venue].v;
    if (!v || !v->ops->reset || v->ops->reset(v, &fx->u.reset, engine_now_us(e)))
        engine_put_note(e, NOTICE_ALERT, "the venue can't reset this account");
}

static void run_reply(struct engine *e, const struct effect *fx) {
    for (struct engine_client *c = e->clients; c; c = c->next)
        if (c->id == (uint32_t)(fx->u.reply.token >> 32) && c->reply) {
            c->reply(c->ctx, &fx->u.reply);
            return;
        }
}

static void run_notice(struct engine *e, const struct effect *fx) {
    for (struct engine_client *c = e->clients; c; c = c->next)
        if (c->notice)
            c->notice(c->ctx, &fx->u.notice);
}

static void run_run(struct engine *e, const struct effect *fx) {
    for (struct engine_client *c = e->clients; c; c = c->next)
        if (c->run) {
            c->run(c->ctx, &fx->u.run);
            return;
        }
    struct ev_run_end end = {.run = fx->u.run.run, .model = fx->u.run.model.id, .status = RUN_FAILED, .reason = ERR_UNSUPPORTED, .text = "no agents' shell here"};
    engine_run_end(e, &end);
}

static void run_run_stop(struct engine *e, const struct effect *fx) {
    for (struct engine_client *c = e->clients; c; c = c->next)
        if (c->run_stop)
            c->run_stop(c->ctx, &fx->u.run_stop);
}

void engine_tell_feed(struct engine *e, const struct fx_feed *f) {
    for (struct engine_client *c = e->clients; c; c = c->next)
        if (c->feed)
            c->feed(c->ctx, f);
}

static void run_feed(struct engine *e, const struct effect *fx) { engine_tell_feed(e, &fx->u.feed); }

/* Nobody waits for an answer: what can't be done is told. */
static void run_activity(struct engine *e, const struct effect *fx) {
    const struct fx_activity *a = &fx->u.activity;
    struct venue *v = e->venues[fx->venue].v;
    enum err err = v == NULL ? ERR_UNREACHABLE : v->ops->activity == NULL ? ERR_UNSUPPORTED : v->ops->activity(v, a, engine_now_us(e));
    if (err == ERR_OK || !a->on)
        return;
    char text[NOTE_MAX];
    snprintf(text, sizeof text, "wallet %.47s can't be followed on %s: %s", a->wallet, venue_name((enum venue_id)fx->venue),
             err == ERR_UNSUPPORTED ? "the venue does not tell whose trades are whose" : err == ERR_NOT_FOUND ? "the venue knows no such wallet" : err_text(err));
    engine_put_note(e, NOTICE_ALERT, text);
}

static void run_list(struct engine *e, const struct effect *fx) {
    struct venue *v = e->venues[fx->venue].v;
    enum err err = v == NULL ? ERR_UNREACHABLE : v->ops->list == NULL ? ERR_UNSUPPORTED : v->ops->list(v, &fx->u.list, engine_now_us(e));
    if (err == ERR_OK)
        return;
    char text[NOTE_MAX];
    snprintf(text, sizeof text, "%.60s can't be listed on %s: %s", fx->u.list.what, venue_name((enum venue_id)fx->venue),
             err == ERR_UNSUPPORTED ? "its markets are all there is" : err_text(err));
    engine_put_note(e, NOTICE_WARN, text);
}

static void (*const run_table[EFFECT_TYPE_COUNT])(struct engine *, const struct effect *) = {
    [FX_SAVE] = run_save, [FX_PLACE] = run_place, [FX_CANCEL] = run_cancel, [FX_AMEND] = run_amend, [FX_QUERY] = run_query,
    [FX_RECONCILE] = run_reconcile, [FX_RESET] = run_reset, [FX_REPLY] = run_reply, [FX_NOTICE] = run_notice,
    [FX_RUN] = run_run, [FX_RUN_STOP] = run_run_stop, [FX_FEED] = run_feed, [FX_ACTIVITY] = run_activity, [FX_LIST] = run_list,
};

void effect_run(struct engine *e, const struct effect *fx) {
    if (fx->type < EFFECT_TYPE_COUNT && run_table[fx->type] && fx->venue < VENUE_COUNT)
        run_table[fx->type](e, fx);
}
