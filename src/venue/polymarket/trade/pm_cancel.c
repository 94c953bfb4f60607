/* Cancelling: the wishes of one turn leave as one DELETE, by ids, so that others' orders on the wallet stay. The answer is per id: what was
 * already matched is a fill to fetch, not an error; what the venue holds back waits here until it can be cancelled. */
#include "venue/polymarket/trade/pm_orders_impl.h"

#include "turret/base/mem.h"
#include "turret/base/utf8.h"
#include "turret/io/loop.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_BACK_US (300 * PM_SECOND_US) /* the stream tells of fills; what it has not told by now is younger than this */
#define HOLD_MAX_US (60 * PM_SECOND_US)
#define HELD_AGAIN_US PM_SECOND_US
#define WISHES_MAX 5000

static bool wished(const struct pm_wish *list, size_t n, order_id id) {
    for (size_t i = 0; i < n; i++)
        if (list[i].id == id)
            return true;
    return false;
}

static void hold(struct pm_orders *p, const struct pm_wish *w) {
    p->holds = xgrow(p->holds, &p->hold_cap, p->hold_count + 1, sizeof *p->holds);
    p->holds[p->hold_count++] = *w;
    pm_orders_hold(p);
}

enum err pm_orders_cancel(struct pm_orders *p, const struct fx_cancel *c, int64_t now_us) {
    struct pm_session *s = p->s;
    if (!s->ready || !s->tracker)
        return ERR_UNREACHABLE;
    const struct tracked *t = tracker_order(s->tracker, c->order);
    struct pm_wish w = {.id = c->order, .since_us = now_us};
    str_copy(w.venue_id, sizeof w.venue_id, t && t->venue_id[0] ? t->venue_id : c->venue_id);
    if (!w.venue_id[0])
        return ERR_NOT_FOUND;
    if (p->wish_count + p->hold_count >= WISHES_MAX)
        return ERR_RATE_LIMITED;
    if (wished(p->wishes, p->wish_count, c->order) || wished(p->holds, p->hold_count, c->order))
        return ERR_OK;
    if (t && t->delayed) {
        hold(p, &w);
        return ERR_OK;
    }
    p->wishes = xgrow(p->wishes, &p->wish_cap, p->wish_count + 1, sizeof *p->wishes);
    p->wishes[p->wish_count++] = w;
    pm_orders_later(p);
    return ERR_OK;
}

/* Orders that were delayed and are no more, or that the venue may let go now. */
void pm_cancel_held(struct pm_orders *p, int64_t now_us) {
    size_t kept = 0;
    for (size_t i = 0; i < p->hold_count; i++) {
        struct pm_wish w = p->holds[i];
        const struct tracked *t = tracker_order(p->s->tracker, w.id);
        if (t && t->over)
            continue;
        if (now_us < w.next_us || (t && t->delayed && now_us - w.since_us < HOLD_MAX_US)) {
            p->holds[kept++] = w;
            continue;
        }
        p->wishes = xgrow(p->wishes, &p->wish_cap, p->wish_count + 1, sizeof *p->wishes);
        p->wishes[p->wish_count++] = w;
        pm_orders_later(p);
    }
    p->hold_count = kept;
}

/* --- the answer ---------------------------------------------------------------------------------------- */

static void call_free(struct pm_cancel_call *c) {
    struct pm_cancel_call **at = &c->p->cancels;
    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    free(c->gone);
    free(c->w);
    free(c);
}

/* The trades until the cancel are read: what is not in them is cancelled. */
static void on_trades(void *ctx, const struct pm_error *e) {
    struct pm_cancel_call *c = ctx;
    int64_t now = clock_now_us();
    (void)e; /* unread ones are found by the next reconciliation, as late fills */
    for (int i = 0; i < c->n; i++)
        if (c->gone[i])
            tracker_done(c->p->s->tracker, c->w[i].id, ERR_CANCELLED, QTY(-1), "", now);
    call_free(c);
}

static void send_some(struct pm_orders *p, const struct pm_wish *w, int n);

static void not_cancelled(struct pm_orders *p, const struct pm_wish *w, const char *why, uint8_t *gone, int64_t now_us) {
    struct pm_error e;
    pm_error_of_text(PM_OP_CANCEL, 200, why, &e);
    bool cancelled = str_contains_nocase(why, "already cancel"), other = str_contains_nocase(why, "match") || str_contains_nocase(why, "not found") || str_contains_nocase(why, "fill");
    if (cancelled && !other) {
        *gone = 1;
        return;
    }
    if (e.err == ERR_VENUE_PAUSED && now_us - w->since_us < HOLD_MAX_US) { /* held back for its delay */
        struct pm_wish again = *w;
        again.next_us = now_us + HELD_AGAIN_US;
        hold(p, &again);
        return;
    }
    if (e.err == ERR_OK || cancelled || other)
        e.err = ERR_NOT_OPEN; /* over, nobody says how: its trades and a question tell */
    if (e.err == ERR_NOT_OPEN || e.err == ERR_NOT_FOUND)
        pm_user_catch_up(p->s->user, now_us);
    tracker_refused(p->s->tracker, w->id, e.err, 0, e.text, now_us);
}

static bool in_list(const struct cJSON *list, const char *id) {
    for (const struct cJSON *it = cJSON_IsArray(list) ? list->child : NULL; it; it = it->next)
        if (cJSON_IsString(it) && str_eq_nocase(it->valuestring, id))
            return true;
    return false;
}
/* {"id": "reason"}; undocumented forms leave the answer open, and the desk asks again. */
static const char *reason_in(const struct cJSON *map, const char *id) {
    for (const struct cJSON *it = cJSON_IsObject(map) ? map->child : NULL; it; it = it->next)
        if (it->string && str_eq_nocase(it->string, id))
            return cJSON_IsString(it) ? it->valuestring : "";
    return NULL;
}

static void on_cancelled(void *ctx, const struct pm_error *e, const struct cJSON *doc, const struct http_answer *a) {
    struct pm_cancel_call *c = ctx;
    struct pm_orders *p = c->p;
    int64_t now = clock_now_us();
    bool any = false;
    (void)a;
    if (e->err == ERR_RATE_LIMITED && e->definite && c->n > 1) { /* all or nothing: perhaps half of it fits */
        send_some(p, c->w, c->n / 2);
        send_some(p, c->w + c->n / 2, c->n - c->n / 2);
        call_free(c);
        return;
    }
    if (e->err != ERR_OK || !cJSON_IsObject(doc)) {
        for (int i = 0; i < c->n && e->err != ERR_OK && e->definite; i++)
            tracker_refused(p->s->tracker, c->w[i].id, e->err, 0, e->text, now);
        call_free(c); /* unknown: the desk's cancel stays, it is sent again in a while; done twice does no harm */
        return;
    }
    const struct cJSON *done = cJSON_GetObjectItemCaseSensitive(doc, "canceled"), *left = cJSON_GetObjectItemCaseSensitive(doc, "not_canceled");
    for (int i = 0; i < c->n; i++) {
        const char *why;
        if (in_list(done, c->w[i].venue_id))
            c->gone[i] = 1;
        else if ((why = reason_in(left, c->w[i].venue_id)) != NULL)
            not_cancelled(p, &c->w[i], why, &c->gone[i], now);
        any |= c->gone[i] != 0;
    }
    p->s->ask_funds = true;
    if (any) /* a fill that came before the cancel counts before it */
        pm_query_trades(p, now - LOOK_BACK_US, on_trades, c);
    else
        call_free(c);
}

/* --- sending -------------------------------------------------------------------------------------------- */

static void send_some(struct pm_orders *p, const struct pm_wish *w, int n) {
    struct pm_cancel_call *c = xcalloc(1, sizeof *c);
    struct str body;
    c->p = p;
    c->n = n;
    c->gone = xcalloc((size_t)n, 1);
    c->w = xmalloc((size_t)n * sizeof *c->w);
    memcpy(c->w, w, (size_t)n * sizeof *c->w);
    c->next = p->cancels;
    p->cancels = c;
    str_init(&body);
    if (n == 1) {
        str_addf(&body, "{\"orderID\":\"%s\"}", w->venue_id);
    } else {
        for (int i = 0; i < n; i++)
            str_addf(&body, "%c\"%s\"", i ? ',' : '[', w[i].venue_id);
        str_addc(&body, ']');
    }
    pm_clob_call(p->s->clob, &(struct pm_call){.method = "DELETE", .path = n > 1 ? "/orders" : "/order", .body = body.p, .auth = PM_L2, .cost = n,
                                               .bucket = n > 1 ? PM_RATE_CANCEL_MANY : PM_RATE_CANCEL, .op = PM_OP_CANCEL}, on_cancelled, c);
    str_free(&body);
}

void pm_cancel_flush(struct pm_orders *p) {
    size_t n = p->wish_count, at = 0, max = (size_t)pm_clob_batch_max(p->s->clob, PM_RATE_CANCEL_MANY);
    p->wish_count = 0;
    for (; at < n; at += max)
        send_some(p, p->wishes + at, (int)(n - at < max ? n - at : max));
}

void pm_cancels_free(struct pm_orders *p) {
    while (p->cancels) {
        pm_clob_drop(p->s->clob, p->cancels);
        call_free(p->cancels);
    }
    free(p->wishes);
    free(p->holds);
}
