/* An order or trade as the venue tells it, from wherever, into the tracker. A trade holds for us: one fill of our order where we took, one for each
 * of its maker_orders rows that is ours, in that row's token and price (the top level is the taker's, and may be the complementary token). An order
 * that is not ours is adopted while it works; what is in a market not listed yet waits until it is. */
#include "venue/polymarket/trade/pm_user_impl.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "turret/base/mem.h"
#include "turret/base/str.h"

#define WAITS_MAX 1000

bool pm_user_is_ours(const struct pm_user *u, const char *owner, const char *maker) {
    const struct pm_creds *c = pm_clob_creds(u->s->clob);
    char wallet[PM_ADDRESS_TEXT];
    pm_address_text(&u->s->wallet, wallet);
    return (c != NULL && owner[0] != 0 && strcmp(owner, c->key) == 0) || str_eq_nocase(maker, wallet);
}

/* --- what waits for its market ------------------------------------------------------------------------------------ */
static void wait_done(void *ctx, const struct pm_market *m) {
    struct pm_wait *w = ctx;
    w->asking = false;
    w->retry_us = m != NULL ? 0 : clock_now_us() + (w->tries < 6 ? (PM_SECOND << w->tries) : 60 * PM_SECOND);
    if (m == NULL)
        w->tries++;
}

static void wait_add(struct pm_user *u, const struct json *doc, bool trade, const char *name, uint64_t round) {
    int n = 0;
    for (const struct pm_wait *w = u->waits; w != NULL; w = w->next)
        n++;
    if (n >= WAITS_MAX) /* while any waits, trades are read again from before it */
        return;
    struct pm_wait *w = xcalloc(1, sizeof *w);
    *w = (struct pm_wait){.next = u->waits, .u = u, .doc = cJSON_Duplicate(doc->node, true), .trade = trade, .round = round};
    str_copy(w->name, sizeof w->name, name);
    u->waits = w;
}

static void wait_free(struct pm_wait *w) {
    pm_market_needs_drop(w->u->s->data, w);
    cJSON_Delete(w->doc);
    free(w);
}

void pm_user_waits_run(struct pm_user *u, int64_t now_us) {
    struct pm_wait *list = u->waits;
    u->waits = NULL; /* those that still wait come back */
    for (struct pm_wait *w = list, *next; w != NULL; w = next) {
        struct json_err err = {0};
        struct json doc = json_root(w->doc, &err);
        int outcome;
        next = w->next;
        bool known = pm_market_by_token(u->s->data, w->name, &outcome) != NULL || pm_market_by_condition(u->s->data, w->name) != NULL;
        if (known) {
            if (w->trade)
                pm_user_trade(u, &doc, w->round, now_us);
            else
                pm_user_order(u, &doc, w->round, now_us);
            wait_free(w);
            continue;
        }
        w->next = u->waits;
        u->waits = w;
        if (w->asking || now_us < w->retry_us)
            continue;
        if (w->tries == 3)
            pm_user_note(u, NOTICE_ALERT, "Polymarket: %s of the account is in a market that can't be listed (%.24s...)", w->trade ? "a trade" : "an order", w->name);
        w->asking = true;
        pm_market_need(u->s->data, w->name, wait_done, w);
    }
}

void pm_user_waits_free(struct pm_user *u) {
    for (struct pm_wait *w = u->waits, *next; w != NULL; w = next) {
        next = w->next;
        wait_free(w);
    }
    u->waits = NULL;
}

/* --- orders --------------------------------------------------------------------------------------------------------- */
static void recon_order(const struct pm_user *u, const struct order *o, uint64_t round, int64_t now_us) {
    struct event ev;
    event_init(&ev, EVENT_RECON_ORDER, VENUE_POLYMARKET, now_us);
    ev.u.recon_order.account = u->s->account;
    ev.u.recon_order.round = round;
    ev.u.recon_order.order = *o;
    u->s->sink.put(u->s->sink.ctx, &ev);
}

/* The row of an order that another's hand (the website, another program) placed. False: its market is not listed. */
static bool row_of(const struct pm_user *u, const struct pm_own_order *o, struct order *like) {
    int outcome = 0;
    const struct pm_market *m = pm_market_by_token(u->s->data, o->token, &outcome);
    if (m == NULL)
        return false;
    *like = (struct order){.id = tracker_external_id(VENUE_POLYMARKET, o->id), .account = u->s->account, .market = m->m.id, .side = outcome == 0 ? SIDE_YES : SIDE_NO,
                           .action = o->sell ? ACTION_SELL : ACTION_BUY, .type = ORDER_LIMIT, .tif = o->tif, .state = STATE_PENDING, .source = SOURCE_EXTERNAL,
                           .leverage = 1, .limit = o->px, .size = o->size, .created_us = o->created_us, .expires_us = o->expires_us};
    like->pos.plan.confidence = -1;
    str_copy(like->venue_id, sizeof like->venue_id, o->id);
    return true;
}

/* Outside of the round first: a round may be given up, and what the tracker knows the desk must know. */
static void adopt(struct pm_user *u, const struct json *doc, const struct pm_own_order *o, uint64_t round, int64_t now_us) {
    struct order like;
    if (!row_of(u, o, &like)) {
        wait_add(u, doc, false, o->token, round);
        return;
    }
    tracker_external(u->s->tracker, &like, now_us);
    pm_market_need(u->s->data, o->token, NULL, NULL);
    recon_order(u, &like, 0, now_us);
    if (round != 0)
        recon_order(u, &like, round, now_us);
    if (o->matched.micro > 0) { /* what it filled before we knew of it */
        if (u->base_us == 0 || o->created_us < u->base_us)
            u->base_us = o->created_us;
        pm_user_read_soon(u, now_us + PM_SECOND / 2);
    }
}

static void end_later(struct pm_user *u, order_id id, const struct pm_own_order *o, int64_t now_us) {
    u->ends = xgrow(u->ends, &u->end_cap, u->end_count + 1, sizeof *u->ends);
    struct pm_end *e = &u->ends[u->end_count++];
    *e = (struct pm_end){.id = id, .why = o->why};
    str_copy(e->text, sizeof e->text, o->text);
    pm_user_read_soon(u, now_us);
}

void pm_user_ends_flush(struct pm_user *u, int64_t now_us) {
    for (size_t i = 0; i < u->end_count; i++)
        tracker_done(u->s->tracker, u->ends[i].id, u->ends[i].why, QTY(-1), u->ends[i].text, now_us);
    u->end_count = 0;
}

static void order_over(struct pm_user *u, const struct tracked *t, const struct pm_own_order *o, int64_t now_us) {
    const bool killed = o->why == ERR_FOK_UNFILLED || (o->why == ERR_NO_LIQUIDITY && t->filled.micro == 0);
    if (o->matched_known || killed)
        tracker_done(u->s->tracker, t->id, o->why, o->matched_known ? o->matched : QTY(-1), o->text, now_us);
    else
        end_later(u, t->id, o, now_us);
    if (o->matched_known && o->matched.micro > t->filled.micro)
        pm_user_read_soon(u, now_us + PM_SECOND);
}

/* MATCHED ends an order only when nothing of it is left; a marketable one is called so while its rest still rests. */
static void order_matched(struct pm_user *u, const struct tracked *t, const struct pm_own_order *o, int64_t now_us) {
    const bool at_once = o->tif == TIF_FOK || o->tif == TIF_IOC;
    tracker_ack(u->s->tracker, t->id, o->id, now_us);
    if (o->matched_known && o->matched.micro > 0 && (at_once || (o->whole && o->size.micro - o->matched.micro < PM_DUST)))
        tracker_done(u->s->tracker, t->id, at_once ? ERR_NO_LIQUIDITY : ERR_CANCELLED, o->matched, "filled; what is left is too little to rest", now_us);
    if (!o->matched_known || o->matched.micro > t->filled.micro)
        pm_user_read_soon(u, now_us + PM_SECOND);
}

void pm_user_order(struct pm_user *u, const struct json *doc, uint64_t round, int64_t now_us) {
    struct pm_own_order o;
    if (!pm_own_order_parse(doc, &o)) {
        pm_user_note(u, NOTICE_WARN, "Polymarket: an order can't be read: %s", doc->err != NULL ? doc->err->text : "");
        return;
    }
    pm_order_scale(u, doc, &o);
    const bool works = o.status == PM_ORDER_LIVE || (o.status == PM_ORDER_UNMATCHED && o.whole);
    const struct tracked *t = tracker_by_venue_id(u->s->tracker, o.id);
    if (t == NULL) {
        if (works && o.whole && o.size.micro - o.matched.micro >= PM_DUST && pm_user_is_ours(u, o.owner, o.maker))
            adopt(u, doc, &o, round, now_us);
        return;
    }
    if (o.status == PM_ORDER_OVER) {
        if (o.why == ERR_MARKET_CLOSED)
            pm_market_over(u->s->data, t->market);
        order_over(u, t, &o, now_us);
        return;
    }
    if (o.status == PM_ORDER_MATCHED) {
        order_matched(u, t, &o, now_us);
        return;
    }
    if (!works)
        return;
    tracker_ack(u->s->tracker, t->id, o.id, now_us);
    struct order like = {.id = t->id, .account = u->s->account, .market = t->market, .side = t->side, .action = t->action, .state = STATE_PENDING};
    like.pos.plan.confidence = -1;
    str_copy(like.venue_id, sizeof like.venue_id, o.id); /* ours: price and size 0, they can't have changed, and a row's may be rounded */
    const bool foreign = t->id == tracker_external_id(VENUE_POLYMARKET, o.id);
    if (round != 0 && (!foreign || (o.whole && row_of(u, &o, &like)))) {
        if (foreign && o.size.micro - o.matched.micro >= PM_DUST)
            tracker_external(u->s->tracker, &like, now_us);
        recon_order(u, &like, round, now_us);
    }
    if (o.matched_known && o.matched.micro > t->filled.micro + PM_DUST)
        pm_user_read_soon(u, now_us + PM_SECOND); /* its trade is usually right behind */
}

/* --- trades ---------------------------------------------------------------------------------------------------------- */
struct part { const char *order, *token; bool sell, maker; price px; qty size; usd value; };

static void part_tell(struct pm_user *u, const struct pm_own_trade *t, const struct part *p, int64_t now_us) {
    int outcome = 0;
    const struct pm_market *m = pm_market_by_token(u->s->data, p->token, &outcome);
    if (m == NULL)
        return; /* the caller has looked */
    pm_market_need(u->s->data, m->m.native, NULL, NULL); /* what we hold stays watched, to its resolution */
    struct fill f = {.account = u->s->account, .market = m->m.id, .kind = FILL_TRADE, .finality = (uint8_t)t->finality, .maker = p->maker,
                     .side = outcome == 0 ? SIDE_YES : SIDE_NO, .action = p->sell ? ACTION_SELL : ACTION_BUY, .px = p->px, .size = p->size,
                     .at_us = t->at_us > 0 ? t->at_us : now_us};
    f.fee = USD(pm_fee(p->size.micro, p->px.micro, p->maker ? m->m.maker_ppm : m->m.taker_ppm, m->fee_exponent));
    if (p->value.micro >= 0) { /* over several prices: the average is rounded, the cash is not: what it misses by is put to the fee, millionths */
        usd booked = usd_of_sat(p->px, p->size);
        int64_t miss = p->sell ? booked.micro - p->value.micro : p->value.micro - booked.micro;
        f.fee.micro += miss > -1000 && miss < 1000 ? miss : 0;
    }
    const struct tracked *o = tracker_by_venue_id(u->s->tracker, p->order);
    if (o != NULL && o->sent_us > f.at_us && o->sent_us - f.at_us < PM_SECOND)
        f.at_us = o->sent_us; /* times of trades are whole seconds: not before its order */
    pm_fill_id(t->id, p->order, f.venue_trade);
    u->s->ask_funds = true;
    tracker_fill(u->s->tracker, &f, p->order, now_us);
}

static bool taker_is_ours(const struct pm_user *u, const struct pm_own_trade *t) {
    if (t->taker_order[0] != 0 && tracker_by_venue_id(u->s->tracker, t->taker_order) != NULL)
        return true;
    return t->role != PM_ROLE_MAKER && (pm_user_is_ours(u, t->owner, t->maker) || pm_user_is_ours(u, t->trade_owner, ""));
}

static bool leg_is_ours(const struct pm_user *u, const struct pm_maker_leg *l) {
    return pm_user_is_ours(u, l->owner, l->maker) || tracker_by_venue_id(u->s->tracker, l->order) != NULL;
}

/* The first token of ours in it that is in no market we have; NULL: none. */
static bool listed(const struct pm_user *u, const char *token) {
    int outcome;
    return pm_market_by_token(u->s->data, token, &outcome) != NULL;
}

static bool legs_listed(const struct pm_user *u, const struct pm_own_trade *t, char missing[PM_TOKEN_MAX]) {
    for (struct json it = json_first(&t->makers); it.node != NULL; it = json_next(&it)) {
        struct pm_maker_leg leg;
        if (!pm_maker_leg_parse(&it, t, &leg) || !leg_is_ours(u, &leg) || listed(u, leg.token))
            continue;
        str_copy(missing, PM_TOKEN_MAX, leg.token);
        return false;
    }
    return true;
}

void pm_user_trade(struct pm_user *u, const struct json *doc, uint64_t round, int64_t now_us) {
    struct pm_own_trade t;
    char missing[PM_TOKEN_MAX] = "";
    if (!pm_own_trade_parse(doc, &t)) {
        pm_user_note(u, NOTICE_ALERT, "Polymarket: a trade can't be read: %s", doc->err != NULL ? doc->err->text : "");
        return;
    }
    pm_trade_scale(u, doc, &t);
    const bool took = taker_is_ours(u, &t);
    if (took && !listed(u, t.token))
        str_copy(missing, sizeof missing, t.token);
    if (missing[0] != 0 || !legs_listed(u, &t, missing)) {
        wait_add(u, doc, true, missing, round);
        return;
    }
    if (took) {
        struct part p = {.order = t.taker_order, .token = t.token, .sell = t.sell, .size = t.size};
        pm_taker_price(&t, &p.px, &p.value);
        part_tell(u, &t, &p, now_us);
    }
    for (struct json it = json_first(&t.makers); it.node != NULL; it = json_next(&it)) {
        struct pm_maker_leg leg;
        if (!pm_maker_leg_parse(&it, &t, &leg)) {
            pm_user_note(u, NOTICE_ALERT, "Polymarket: a maker's part of a trade can't be read: %s", doc->err != NULL ? doc->err->text : "");
            continue;
        }
        struct part p = {.order = leg.order, .token = leg.token, .sell = leg.sell, .maker = true, .px = leg.px, .size = leg.size, .value = USD(-1)};
        if (leg_is_ours(u, &leg))
            part_tell(u, &t, &p, now_us);
    }
}

bool pm_user_trade_tokens(const struct pm_user *u, const struct json *doc, pm_token_fn *each, void *ctx) {
    struct pm_own_trade t;
    struct pm_maker_leg leg;
    if (!pm_own_trade_parse(doc, &t))
        return false;
    if (taker_is_ours(u, &t))
        each(ctx, t.token);
    for (struct json it = json_first(&t.makers); it.node != NULL; it = json_next(&it)) {
        if (!pm_maker_leg_parse(&it, &t, &leg))
            return false;
        if (leg_is_ours(u, &leg))
            each(ctx, leg.token);
    }
    return true;
}
