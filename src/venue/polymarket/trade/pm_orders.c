/* Placing: the orders of one turn of the loop leave as one request, each is answered once. An answer that is not one of ours to the letter leaves
 * the outcome unknown, which is settled by asking for the order by its digest; nothing is ever sent again. */
#include "venue/polymarket/trade/pm_orders_impl.h"

#include "turret/base/mem.h"
#include "turret/base/utf8.h"
#include "turret/io/loop.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DELAY_DEFAULT_S 3
#define DELAY_GRACE_US (2 * PM_SECOND_US)
#define HELD_EVERY_S 0.25

/* --- the whole ---------------------------------------------------------------------------------------- */

static void on_flush(struct ev_loop *loop, ev_timer *w, int events) {
    struct pm_orders *p = w->data;
    (void)loop, (void)events;
    pm_cancel_flush(p);
    pm_place_flush(p);
}

void pm_orders_later(struct pm_orders *p) {
    if (ev_is_active(&p->flush))
        return;
    ev_timer_set(&p->flush, 0., 0.);
    ev_timer_start(loop_get(), &p->flush);
}

static void on_held(struct ev_loop *loop, ev_timer *w, int events);

struct pm_orders *pm_orders_new(struct pm_session *s) {
    struct pm_orders *p = xcalloc(1, sizeof *p);
    p->s = s;
    ev_init(&p->flush, on_flush);
    ev_init(&p->held, on_held);
    p->flush.data = p->held.data = p;
    pm_ahead_init(p);
    return p;
}

static void batch_free(struct pm_batch *b) {
    for (int i = 0; i < b->n; i++)
        free(b->o[i].json);
    free(b);
}

void pm_orders_free(struct pm_orders *p) {
    if (!p)
        return;
    ev_timer_stop(loop_get(), &p->flush);
    ev_timer_stop(loop_get(), &p->held);
    pm_ahead_free(p);
    pm_beat_free(p);
    pm_query_free(p); /* before those that wait for its readings */
    pm_cancels_free(p);
    pm_place_free(p);
    free(p->delays);
    free(p);
}

void pm_orders_note(struct pm_orders *p, int level, const char *text) {
    struct event ev;
    event_init(&ev, EVENT_NOTE, VENUE_POLYMARKET, clock_now_us());
    ev.u.note.level = level;
    str_copy(ev.u.note.text, sizeof ev.u.note.text, text);
    p->s->sink.put(p->s->sink.ctx, &ev);
}

/* --- orders that the venue holds back ------------------------------------------------------------------- */

/* When its time is over the venue is asked, should the stream not have told by then. */
static void delayed_ask(struct pm_orders *p, int64_t now_us) {
    size_t kept = 0;
    for (size_t i = 0; i < p->delay_count; i++) {
        struct pm_delay *d = &p->delays[i];
        const struct tracked *t = tracker_order(p->s->tracker, d->id);
        if (!t || t->over || !t->delayed)
            continue;
        if (now_us >= d->ask_us) {
            pm_query_ask(p, &d->row, now_us);
            d->ask_us = now_us + DELAY_GRACE_US;
        }
        p->delays[kept++] = *d;
    }
    p->delay_count = kept;
}

bool pm_orders_delayed(const struct pm_orders *p, order_id id, int64_t now_us) {
    for (size_t i = 0; i < p->delay_count; i++)
        if (p->delays[i].id == id && now_us < p->delays[i].until_us)
            return true;
    return false;
}

static void on_held(struct ev_loop *loop, ev_timer *w, int events) {
    struct pm_orders *p = w->data;
    int64_t now = clock_now_us();
    (void)events;
    delayed_ask(p, now);
    pm_cancel_held(p, now);
    if (p->delay_count == 0 && p->hold_count == 0)
        ev_timer_stop(loop, w);
}

void pm_orders_hold(struct pm_orders *p) {
    if (ev_is_active(&p->held))
        return;
    ev_timer_set(&p->held, HELD_EVERY_S, HELD_EVERY_S);
    ev_timer_start(loop_get(), &p->held);
}

static void order_delayed(struct pm_orders *p, const struct pm_out *o, int64_t now_us) {
    const struct pm_market *m = pm_market_by_id(p->s->data, o->market);
    int64_t until = now_us + (m && m->delay_s > 0 ? m->delay_s : DELAY_DEFAULT_S) * PM_SECOND_US + DELAY_GRACE_US;
    const struct tracked *t = tracker_order(p->s->tracker, o->id);
    struct pm_delay d = {.id = o->id, .until_us = until, .ask_us = until};
    d.row = (struct order){.id = o->id, .account = p->s->account, .market = o->market, .size = o->size, .tif = o->immediate ? TIF_IOC : TIF_GTC, .type = ORDER_LIMIT,
                           .sent_us = t ? t->sent_us : now_us};
    str_copy(d.row.venue_id, sizeof d.row.venue_id, o->venue_id);
    p->delays = xgrow(p->delays, &p->delay_cap, p->delay_count + 1, sizeof *p->delays);
    p->delays[p->delay_count++] = d;
    pm_orders_hold(p);
    tracker_delayed(p->s->tracker, o->id, until, "the venue holds the order back for its delay", now_us);
}

/* --- one order's answer ----------------------------------------------------------------------------------- */

static void unknown(struct pm_orders *p, const struct pm_out *o, const char *text, int64_t now_us) { tracker_unknown(p->s->tracker, o->id, text, now_us); }

static void on_refreshed(void *ctx, const struct pm_market *m) { (void)ctx, (void)m; }

static void refused(struct pm_orders *p, const struct pm_out *o, const struct pm_error *e, int64_t now_us) {
    struct pm_session *s = p->s;
    if (e->err == ERR_TICK_SIZE || e->err == ERR_MARKET_CLOSED || e->err == ERR_MIN_SIZE || e->err == ERR_PRICE_OUT_OF_RANGE)
        pm_market_refresh(s->data, o->market, on_refreshed, p); /* the listing is behind; the next order has the new one */
    if (e->err == ERR_INSUFFICIENT_FUNDS || e->err == ERR_ALLOWANCE)
        s->ask_funds = s->doubt_funds = true;
    tracker_reject(s->tracker, o->id, e->err, e->text, now_us);
}

/* What was taken or given, in shares. The venue writes decimals ("10.5"); its documentation shows millionths. An order can't fill a
 * thousand times its size: that tells which it is. */
static qty amount_of(const struct json *at, const char *key, qty size) {
    const char *text = NULL;
    int64_t v = -1;
    struct json_err err = {0};
    struct json own = {.node = at->node, .up = at->up, .key = at->key, .index = at->index, .err = &err};
    if (cJSON_IsString(cJSON_GetObjectItemCaseSensitive(at->node, key)) && json_get_str(&own, key, JSON_OPTIONAL, &text) && (!text || !text[0]))
        return QTY(-1); /* "" */
    if (!json_get_dec(&own, key, JSON_OPTIONAL, &v) || v < 0)
        return QTY(-1);
    return QTY(v / 1000 > size.micro ? v / DEC_ONE : v);
}

static void matched(struct pm_orders *p, const struct pm_out *o, const struct json *at, int64_t now_us) {
    struct pm_session *s = p->s;
    qty total = amount_of(at, o->sell ? "makingAmount" : "takingAmount", o->size);
    s->ask_funds = true;
    if (o->immediate && total.micro >= 0)
        tracker_done(s->tracker, o->id, total.micro > 0 ? ERR_CANCELLED : ERR_NO_LIQUIDITY, total, "the rest of an immediate order", now_us);
    pm_user_catch_up(s->user, now_us);
}

/* One object of an answer that claims to be about `o`. */
static void leg_read(struct pm_orders *p, const struct pm_out *o, const struct json *at, int http_status, int64_t now_us) {
    const char *id = "", *error = "", *status = "";
    bool success = true;
    struct pm_error e;
    char text[REASON_MAX];
    json_get_str(at, "orderID", JSON_OPTIONAL, &id);
    json_get_str(at, "errorMsg", JSON_OPTIONAL, &error);
    json_get_str(at, "status", JSON_OPTIONAL, &status);
    json_get_bool(at, "success", JSON_OPTIONAL, &success);
    if (at->err->set) {
        unknown(p, o, at->err->text, now_us);
        return;
    }
    if (error[0] && (!id[0] || !success)) { /* a leg may say success and refuse */
        pm_error_of_text(PM_OP_PLACE, http_status, error, &e);
        pm_clob_heard(p->s->clob, e.text); /* the session has read the status and times of the answer, not its legs */
        if (e.err != ERR_OK && (e.definite || e.err == ERR_DUPLICATE))
            refused(p, o, &e, now_us);
        else
            unknown(p, o, e.text, now_us);
        return;
    }
    if (!id[0] || !success) {
        unknown(p, o, "the venue's answer names no order", now_us);
        return;
    }
    if (!str_eq_nocase(id, o->venue_id)) {
        char shown[24], note[NOTE_MAX];
        utf8_sanitise(shown, sizeof shown, id, strlen(id));
        snprintf(note, sizeof note, "Polymarket answered for order %.12s under another id (%s): is its protocol another? asking for both", o->venue_id, shown);
        pm_orders_note(p, 3, note); /* NOTICE_ALERT */
        unknown(p, o, "the venue answered under another id", now_us);
        return;
    }
    if (str_has_prefix_nocase(status, "ORDER_STATUS_"))
        status += strlen("ORDER_STATUS_");
    tracker_ack(p->s->tracker, o->id, o->venue_id, now_us);
    if (str_eq_nocase(status, "matched"))
        matched(p, o, at, now_us);
    else if (str_eq_nocase(status, "delayed"))
        order_delayed(p, o, now_us);
    else if (!str_eq_nocase(status, "live") && !str_eq_nocase(status, "unmatched") && status[0]) {
        utf8_sanitise(text, sizeof text, status, strlen(status));
        pm_user_catch_up(p->s->user, now_us); /* a word that is new: its trades tell */
    }
}

/* --- a request's answer -------------------------------------------------------------------------------------- */

static void batch_unlink(struct pm_batch *b) {
    struct pm_batch **at = &b->p->batches;
    while (*at != b)
        at = &(*at)->next;
    *at = b->next;
}

/* A refusal of a whole batch counts as one only where the request can't have been looked at. */
static bool batch_definite(const struct pm_batch *b, const struct pm_error *e, int status) {
    if (b->n == 1)
        return e->definite || e->err == ERR_DUPLICATE; /* it is there already: the desk asks for it at once */
    if (!e->definite)
        return false;
    return status == 0 || status == 401 || status == 403 || status == 425 || status == 429 || status == 503;
}

static const struct pm_out *batch_find(const struct pm_batch *b, const struct json *leg, int index) {
    struct json_err err = {0};
    struct json own = {.node = leg->node, .err = &err};
    const char *id = "";
    json_get_str(&own, "orderID", JSON_OPTIONAL, &id);
    for (int i = 0; i < b->n && id[0]; i++)
        if (str_eq_nocase(id, b->o[i].venue_id))
            return &b->o[i];
    return &b->o[index];
}

static void legs_read(struct pm_batch *b, const struct cJSON *doc, int status, int64_t now_us) {
    struct json_err err = {0};
    struct json root = json_root(doc, &err);
    bool told[PM_BATCH_MAX] = {false};
    int i = 0;
    if (cJSON_IsArray(doc) && json_count(&root) == b->n)
        for (struct json leg = json_first(&root); leg.node; leg = json_next(&leg), i++) {
            struct json_err own = {0};
            struct json at = leg;
            const struct pm_out *o = batch_find(b, &leg, i);
            at.err = &own;
            if (told[o - b->o])
                continue;
            told[o - b->o] = true;
            if (cJSON_IsObject(leg.node))
                leg_read(b->p, o, &at, status, now_us);
            else
                unknown(b->p, o, "the venue's answer can't be read", now_us);
        }
    for (i = 0; i < b->n; i++)
        if (!told[i])
            unknown(b->p, &b->o[i], "the venue's answer does not name it", now_us);
}

static void on_placed(void *ctx, const struct pm_error *e, const struct cJSON *doc, const struct http_answer *a) {
    struct pm_batch *b = ctx;
    struct pm_orders *p = b->p;
    struct json_err err = {0};
    int64_t now = clock_now_us();
    batch_unlink(b);
    if (e->err != ERR_OK) {
        bool definite = batch_definite(b, e, a->status);
        for (int i = 0; i < b->n; i++)
            if (definite)
                refused(p, &b->o[i], e, now);
            else
                unknown(p, &b->o[i], e->text, now);
    } else if (b->n > 1) {
        legs_read(b, doc, a->status, now);
    } else {
        struct json root = json_root(cJSON_IsArray(doc) && cJSON_GetArraySize(doc) == 1 ? doc->child : doc, &err);
        if (cJSON_IsObject(root.node))
            leg_read(p, &b->o[0], &root, a->status, now);
        else
            unknown(p, &b->o[0], "the venue's answer can't be read", now);
    }
    batch_free(b);
}

/* --- sending --------------------------------------------------------------------------------------------------- */

void pm_place_flush(struct pm_orders *p) {
    struct pm_batch *b = p->filling;
    struct str body;
    p->filling = NULL;
    if (!b)
        return;
    str_init(&body);
    if (b->n > 1)
        str_addc(&body, '[');
    for (int i = 0; i < b->n; i++) {
        if (i)
            str_addc(&body, ',');
        str_add(&body, b->o[i].json);
        free(b->o[i].json);
        b->o[i].json = NULL;
    }
    if (b->n > 1)
        str_addc(&body, ']');
    b->next = p->batches;
    p->batches = b;
    pm_clob_call(p->s->clob, &(struct pm_call){.method = "POST", .path = b->n > 1 ? "/orders" : "/order", .body = body.p, .auth = PM_L2, .cost = b->n,
                                               .bucket = b->n > 1 ? PM_RATE_PLACE_MANY : PM_RATE_PLACE, .op = PM_OP_PLACE}, on_placed, b);
    str_free(&body);
}

enum err pm_orders_place(struct pm_orders *p, const struct order *o, int64_t now_us) {
    struct pm_session *s = p->s;
    struct pm_window w;
    struct pm_domain d;
    struct pm_order made;
    struct pm_word digest;
    char id[67];
    if (!s->ready || !s->tracker || !pm_clob_creds(s->clob))
        return ERR_UNREACHABLE;
    pm_clob_window(s->clob, &w);
    if (w.closed_until_us)
        return ERR_VENUE_PAUSED;
    if (!o->venue_id[0] || !pm_orders_build(s, o, &d, &made))
        return pm_market_by_id(s->data, o->market) ? ERR_TICK_SIZE : ERR_NOT_FOUND;
    pm_order_digest(&d, &made, &digest);
    pm_word_hex(&digest, id);
    if (strcmp(id, o->venue_id) != 0) /* the listing has changed since: what was stored is not what would be sent */
        return ERR_TICK_SIZE;
    int max = pm_clob_batch_max(s->clob, PM_RATE_PLACE_MANY);
    if (p->filling && p->filling->n >= (max < PM_BATCH_MAX ? max : PM_BATCH_MAX))
        pm_place_flush(p);
    if (!p->filling) {
        p->filling = xcalloc(1, sizeof *p->filling);
        p->filling->p = p;
    }
    struct pm_out *out = &p->filling->o[p->filling->n++];
    *out = (struct pm_out){.id = o->id, .market = o->market, .size = o->size, .immediate = pm_order_immediate(o), .sell = o->action == ACTION_SELL};
    str_copy(out->venue_id, sizeof out->venue_id, o->venue_id);
    out->json = pm_ahead_json(p, o, &d, &made);
    tracker_sent(s->tracker, o, now_us);
    pm_orders_later(p);
    return ERR_OK;
}

void pm_place_free(struct pm_orders *p) {
    if (p->filling)
        batch_free(p->filling);
    for (struct pm_batch *b = p->batches, *next; b; b = next) {
        next = b->next;
        pm_clob_drop(p->s->clob, b);
        batch_free(b);
    }
}
