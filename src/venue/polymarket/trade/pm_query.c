/* What became of an order: the venue's active orders know it by its digest, or else the trades since just before it was sent; where neither does,
 * it is not there, and the desk decides by its age what that means. */
#include "venue/polymarket/trade/pm_orders_impl.h"

#include "turret/base/mem.h"
#include "turret/io/loop.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BEFORE_US (10 * PM_SECOND_US) /* clocks differ, and their times are whole seconds */
#define QUERIES_MAX 200
#define SETTLED_US (30 * PM_SECOND_US) /* trades are listed within seconds: what is not by now was rounding, or failed */

static void query_unlink(struct pm_query *q) {
    struct pm_query **at = &q->p->queries;
    while (*at != q)
        at = &(*at)->next;
    *at = q->next;
}

/* --- trades ------------------------------------------------------------------------------------------------ */

static bool on_trade(void *ctx, const struct json *trade) {
    const struct pm_reading *r = ctx;
    struct json_err own = {0};
    struct json at = json_root(trade->node, &own); /* one that can't be read does not hide the others */
    pm_user_trade(r->p->s->user, &at, 0, clock_now_us());
    return true;
}
static void on_trades_end(void *ctx, const struct pm_error *e) {
    struct pm_reading *r = ctx, **at = &r->p->readings, copy = *r;
    while (*at != r)
        at = &(*at)->next;
    *at = r->next;
    free(r);
    copy.end(copy.ctx, e);
}

void pm_query_trades(struct pm_orders *p, int64_t since_us, pm_list_fn *end, void *ctx) {
    char wallet[PM_ADDRESS_TEXT], query[128];
    struct pm_reading *r = xmalloc(sizeof *r);
    *r = (struct pm_reading){p, p->readings, end, ctx};
    p->readings = r;
    pm_address_text(&p->s->wallet, wallet);
    snprintf(query, sizeof query, "maker_address=%s&after=%lld", wallet, (long long)((since_us + pm_clob_skew_us(p->s->clob)) / PM_SECOND_US));
    pm_clob_pages(p->s->clob, &(struct pm_call){.method = "GET", .path = "/data/trades", .query = query, .auth = PM_L2, .bucket = PM_RATE_TRADES_READ, .retries = 2}, on_trade, on_trades_end, r);
}

/* --- one order ----------------------------------------------------------------------------------------------- */

/* No active order, and its trades are read. */
static void on_traced(void *ctx, const struct pm_error *e) {
    struct pm_query *q = ctx;
    struct pm_session *s = q->p->s;
    const struct tracked *t = tracker_order(s->tracker, q->id);
    int64_t now = clock_now_us();
    query_unlink(q);
    if (e->err == ERR_OK && t && t->over && now - q->since_us > SETTLED_US) /* the total that was waited for has a part that never was */
        tracker_done(s->tracker, q->id, ERR_CANCELLED, t->filled, "", now);
    else if (e->err == ERR_OK && t && t->filled.micro > 0 && !t->over)
        tracker_done(s->tracker, q->id, ERR_CANCELLED, QTY(-1), q->immediate ? "the rest of an immediate order" : "no longer at the venue", now);
    else if (e->err == ERR_OK && (!t || !t->over) && !pm_orders_delayed(q->p, q->id, now))
        tracker_reject(s->tracker, q->id, ERR_NOT_FOUND, "the venue knows no such order", now);
    free(q); /* an error: the desk asks again */
}

static bool says_not_there(const struct pm_error *e, const struct cJSON *doc, const struct http_answer *a) {
    return a->status == 404 || e->err == ERR_NOT_FOUND || (e->err == ERR_OK && (cJSON_IsNull(doc) || (!doc && a->body_len == 0) || (cJSON_IsObject(doc) && !doc->child)));
}

static void on_order(void *ctx, const struct pm_error *e, const struct cJSON *doc, const struct http_answer *a) {
    struct pm_query *q = ctx;
    struct pm_session *s = q->p->s;
    struct json_err err = {0}, own = {0};
    struct json root = json_root(doc, &err), look = json_root(doc, &own);
    int64_t now = clock_now_us(), filled = 0;
    const char *id = "";
    if (says_not_there(e, doc, a)) {
        pm_query_trades(q->p, q->since_us - BEFORE_US, on_traced, q);
        return;
    }
    if (e->err == ERR_OK && cJSON_IsObject(doc) && json_get_str(&root, "id", JSON_REQUIRED, &id) && str_eq_nocase(id, q->venue_id)) {
        pm_user_order(s->user, &root, 0, now);
        const struct tracked *t = tracker_order(s->tracker, q->id);
        bool has = json_get_dec(&look, "size_matched", JSON_OPTIONAL, &filled);
        if (t && (!has || filled > t->filled.micro))
            pm_user_catch_up(s->user, now);
    }
    query_unlink(q);
    free(q);
}

void pm_query_ask(struct pm_orders *p, const struct order *o, int64_t now_us) {
    char path[sizeof "/data/order/" + VENUE_ORDER_ID_MAX];
    int running = 0;
    for (const struct pm_query *q = p->queries; q; q = q->next, running++)
        if (q->id == o->id)
            return; /* is being asked */
    if (running >= QUERIES_MAX)
        return; /* later: the desk asks again */
    struct pm_query *q = xcalloc(1, sizeof *q);
    *q = (struct pm_query){.p = p, .next = p->queries, .id = o->id, .immediate = pm_order_immediate(o), .since_us = o->sent_us > 0 && o->sent_us < now_us ? o->sent_us : o->created_us > 0 ? o->created_us : now_us};
    str_copy(q->venue_id, sizeof q->venue_id, o->venue_id);
    p->queries = q;
    snprintf(path, sizeof path, "/data/order/%s", q->venue_id);
    pm_clob_call(p->s->clob, &(struct pm_call){.method = "GET", .path = path, .auth = PM_L2, .bucket = PM_RATE_ORDERS_READ, .retries = 1}, on_order, q);
}

enum err pm_orders_query(struct pm_orders *p, const struct order *o, int64_t now_us) {
    struct pm_session *s = p->s;
    if (!s->ready || !s->tracker)
        return ERR_UNREACHABLE;
    if (!o->venue_id[0]) { /* it never had an id, so it was never sent */
        tracker_reject(s->tracker, o->id, ERR_NOT_FOUND, "it was never sent", now_us);
        return ERR_OK;
    }
    if (!tracker_order(s->tracker, o->id))
        tracker_sent(s->tracker, o, o->sent_us > 0 ? o->sent_us : now_us);
    pm_query_ask(p, o, now_us);
    return ERR_OK;
}

void pm_query_free(struct pm_orders *p) {
    for (struct pm_query *q = p->queries, *next; q; q = next) {
        next = q->next;
        pm_clob_drop(p->s->clob, q);
        free(q);
    }
    p->queries = NULL;
    for (struct pm_reading *r = p->readings, *next; r; r = next) {
        next = r->next;
        pm_clob_drop(p->s->clob, r);
        free(r);
    }
    p->readings = NULL;
}
