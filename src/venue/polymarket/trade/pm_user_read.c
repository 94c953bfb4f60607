/* The account's two lists by REST: working orders, then trades. Where trades are read from: the last time that a whole reading ended, with overlap;
 * at a start the newest fill that is stored, long before; earlier where an order has fills we never heard of. An account without any fill stored
 * reads none: its positions are taken as they are. What the list has and the stream should have told shows a stream that has gone mute. */
#include "venue/polymarket/trade/pm_user_impl.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "turret/base/hash.h"
#include "turret/base/str.h"

#define OVERLAP_US (120 * PM_SECOND)       /* match times come in whole seconds, trades into the list a moment later */
#define OVERLAP_START_US (6 * 3600 * PM_SECOND) /* what was lost before a crash lies before what was stored last */
#define TOLD_WITHIN_US (10 * PM_SECOND)

static uint64_t text_key(const char *s) { return fnv64(FNV64_INIT, s, strlen(s)); }

bool pm_read_lists(const struct pm_read *r, const char *venue_id) {
    uint64_t v;
    return map_get(&r->orders, text_key(venue_id), &v);
}

/* Should the stream have told it, and did not? */
static void stream_check(struct pm_read *r, const char *id, int64_t at_us) {
    const struct pm_user *u = r->u;
    uint64_t v;
    if (u->open && u->caught_up && at_us > u->opened_us + 3 * PM_SECOND && at_us < r->started_us - TOLD_WITHIN_US && !map_get(&u->seen, text_key(id), &v))
        r->missed++;
}

/* Orders that should be working and that two lists in a row leave out: asked after one by one (a list may be wrong). In a round the desk does it. */
static void absent_check(const struct pm_read *r, int64_t now_us) {
    struct pm_user *u = r->u;
    struct pm_session *s = u->s;
    uint64_t v;
    for (const struct tracked *t = NULL; (t = tracker_next_open(s->tracker, t)) != NULL;) {
        if (!t->acked || t->venue_id[0] == 0 || now_us - t->sent_us < TOLD_WITHIN_US)
            continue;
        if (pm_read_lists(r, t->venue_id)) {
            map_del(&u->absent, t->id);
        } else if (!map_get(&u->absent, t->id, &v)) {
            map_put(&u->absent, t->id, 1);
            pm_user_read_soon(u, now_us + 2 * PM_SECOND);
        } else if (s->orders != NULL) {
            struct order o = {.id = t->id, .account = s->account, .market = t->market, .side = t->side, .action = t->action, .type = ORDER_LIMIT, .state = STATE_PENDING,
                              .limit = t->limit, .size = t->size, .filled = t->filled, .created_us = t->sent_us, .sent_us = t->sent_us};
            str_copy(o.venue_id, sizeof o.venue_id, t->venue_id);
            str_copy(o.client_id, sizeof o.client_id, t->client_id);
            map_del(&u->absent, t->id);
            pm_orders_query(s->orders, &o, now_us);
        }
    }
}

static void read_end(struct pm_read *r, const struct pm_error *e) {
    struct pm_user *u = r->u;
    int64_t now = clock_now_us();
    r->running = false;
    if (e->err == ERR_OK && r->round == 0)
        absent_check(r, now);
    map_free(&r->orders);
    if (e->err == ERR_OK) {
        if (u->waits == NULL) {
            u->watermark_us = r->started_us;
            u->base_us = 0;
        }
        pm_user_ends_flush(u, now);
        if (r->missed > 0 && u->open) {
            pm_user_note(u, NOTICE_WARN, "Polymarket: the user stream left out %d things that happened: connecting again", r->missed);
            ws_reconnect(u->ws, "mute", true);
        }
    }
    r->end(r->ctx, e);
}

/* --- trades, newest first ------------------------------------------------------------------------------------------ */
static bool on_trade(void *ctx, const struct json *item) {
    struct pm_read *r = ctx;
    struct pm_own_trade t;
    struct json_err err = {0};
    struct json probe = {.node = item->node, .err = &err};
    if (pm_own_trade_parse(&probe, &t)) {
        if (t.at_us > 0 && t.at_us < (r->after_s - 1) * PM_SECOND)
            return false; /* older than asked for: all that follow are */
        stream_check(r, t.id, t.at_us);
    }
    probe.err = &err;
    err = (struct json_err){0};
    pm_user_trade(r->u, &probe, r->round, clock_now_us());
    return true;
}

static void on_trades_end(void *ctx, const struct pm_error *e) { read_end(ctx, e); }

/* 0: none are to be read. */
static int64_t read_from_us(const struct pm_read *r) {
    const struct pm_user *u = r->u;
    int64_t from = u->watermark_us > 0 ? u->watermark_us - OVERLAP_US : 0, last = tracker_last_fill_us(u->s->tracker), oldest = 0;
    if (u->watermark_us == 0 && last > 0)
        from = last - OVERLAP_START_US;
    tracker_provisional(u->s->tracker, &oldest);
    if (u->watermark_us == 0 && oldest > 0 && oldest < from)
        from = oldest - OVERLAP_US;
    for (const struct tracked *o = NULL; (o = tracker_next_open(u->s->tracker, o)) != NULL;) /* at a start: what they did while we were away */
        if (u->watermark_us == 0 && o->sent_us > 0 && (from == 0 || o->sent_us - OVERLAP_US < from) && !pm_read_lists(r, o->venue_id))
            from = o->sent_us - OVERLAP_US;
    if (u->base_us > 0 && (from == 0 || u->base_us - OVERLAP_US < from))
        from = u->base_us - OVERLAP_US;
    return from;
}

static void trades_ask(struct pm_read *r) {
    char query[128], wallet[PM_ADDRESS_TEXT];
    int64_t from = read_from_us(r);
    if (from <= 0) { /* nothing was ever filled here */
        struct pm_error none = {.err = ERR_OK, .definite = true, .retry_after_ms = -1, .balance = USD(-1), .needed = USD(-1)};
        read_end(r, &none);
        return;
    }
    r->trades = true;
    r->after_s = (from + pm_clob_skew_us(r->u->s->clob)) / PM_SECOND;
    pm_address_text(&r->u->s->wallet, wallet);
    snprintf(query, sizeof query, "maker_address=%s&after=%lld", wallet, (long long)r->after_s);
    struct pm_call call = {.method = "GET", .path = "/data/trades", .query = query, .auth = PM_L2, .bucket = PM_RATE_TRADES_READ, .op = PM_OP_READ, .retries = 2};
    pm_clob_pages(r->u->s->clob, &call, on_trade, on_trades_end, r);
}

/* --- working orders -------------------------------------------------------------------------------------------------- */
static bool on_order(void *ctx, const struct json *item) {
    struct pm_read *r = ctx;
    struct pm_user *u = r->u;
    struct pm_own_order o;
    struct json_err err = {0};
    struct json at = {.node = item->node, .err = &err};
    if (pm_own_order_parse(&at, &o)) {
        map_put(&r->orders, text_key(o.id), 1);
        stream_check(r, o.id, o.created_us);
        const struct tracked *t = tracker_by_venue_id(u->s->tracker, o.id);
        if (t != NULL && o.matched_known && o.matched.micro > t->filled.micro + PM_DUST && o.created_us > 0 && (u->base_us == 0 || o.created_us < u->base_us) &&
            u->watermark_us == 0)
            u->base_us = o.created_us;
    }
    err = (struct json_err){0};
    pm_user_order(u, &at, r->round, clock_now_us());
    return true;
}

static void on_orders_end(void *ctx, const struct pm_error *e) {
    struct pm_read *r = ctx;
    if (e->err != ERR_OK)
        read_end(r, e);
    else
        trades_ask(r);
}

void pm_read_start(struct pm_read *r, struct pm_user *u, uint64_t round, void (*end)(void *ctx, const struct pm_error *e), void *ctx) {
    pm_read_stop(r);
    *r = (struct pm_read){.u = u, .running = true, .round = round, .started_us = clock_now_us(), .end = end, .ctx = ctx};
    map_init(&r->orders);
    struct pm_call call = {.method = "GET", .path = "/data/orders", .auth = PM_L2, .bucket = PM_RATE_ORDERS_READ, .op = PM_OP_READ, .retries = 2};
    pm_clob_pages(u->s->clob, &call, on_order, on_orders_end, r);
}

void pm_read_stop(struct pm_read *r) {
    if (!r->running)
        return;
    pm_clob_drop(r->u->s->clob, r);
    map_free(&r->orders);
    r->running = false;
}
