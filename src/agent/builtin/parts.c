/* Reading markets and writing calls for the built-in rules. Figures of indicators are doubles; what becomes a price or a size is rounded
 * to the market's steps once, here. */
#include "agent/builtin/parts.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "turret/base/mem.h"
#include "turret/base/str.h"


void mind_begin(struct mind *x, const struct desk *view, const struct model *m, const struct run_snapshot *s, struct builtin_decision *out) {
    struct view_account a;
    *out = (struct builtin_decision){.count = 0};
    *x = (struct mind){.view = view, .m = m, .now_us = s->at_us, .out = out, .opens = cJSON_CreateArray(), .closes = cJSON_CreateArray(), .updates = cJSON_CreateArray()};
    if (view_account(view, m->account, &a))
        x->positions = a.positions;
}

static void add_call(struct mind *x, const char *tool, const char *key, cJSON *list) {
    if (cJSON_GetArraySize(list) == 0) {
        cJSON_Delete(list);
        return;
    }
    cJSON *args = cJSON_CreateObject();
    cJSON_AddItemToObject(args, key, list);
    struct builtin_call *c = &x->out->calls[x->out->count++];
    str_copy(c->name, sizeof c->name, tool);
    char *text = cJSON_PrintUnformatted(args);
    c->arguments = xstrdup(text ? text : "{}");
    cJSON_free(text);
    cJSON_Delete(args);
}

void mind_end(struct mind *x) {
    add_call(x, "closePosition", "symbols", x->closes);
    add_call(x, "updateExitPlan", "updates", x->updates);
    add_call(x, "createPosition", "decisions", x->opens);
    if (x->said == 0)
        mind_say(x, "No market can be read yet.");
}

void mind_say(struct mind *x, const char *fmt, ...) {
    char line[400];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    size_t n = strlen(line), room = sizeof x->out->reasoning - x->said;
    if (n + 2 > room) /* whole lines only */
        return;
    if (x->said > 0)
        x->out->reasoning[x->said++] = '\n';
    memcpy(x->out->reasoning + x->said, line, n + 1);
    x->said += n;
}

enum order_side reading_side(const struct market *m, int dir) {
    return m->kind == MARKET_PERP ? (dir > 0 ? SIDE_LONG : SIDE_SHORT) : (dir > 0 ? SIDE_YES : SIDE_NO);
}

double reading_value(const struct reading *r, enum indicator i) { return frame_value(r->fast, i, 0); }

bool mind_read(struct mind *x, market_id id, struct reading *r) {
    *r = (struct reading){.dir = 0};
    if (!view_market(x->view, id, &r->k) || r->k.mark.micro <= 0)
        return false;
    const struct intel *in = view_intel(x->view, id);
    if (!in)
        return false;
    str_copy(r->name, sizeof r->name, r->k.m->symbol);
    r->fast = intel_frame(in, FRAME_FAST);
    r->slow = intel_frame(in, FRAME_SLOW);
    r->px = (double)r->k.mark.micro / 1e6;
    r->atr = reading_value(r, IND_ATR14);
    r->held = view_position_of(x->view, x->m->account, id);
    r->dir = r->held ? side_sign((enum order_side)r->held->side) : 0;
    return r->held || (isfinite(r->atr) && r->atr > 0);
}

price reading_price(const struct market *m, double px) {
    int64_t v;
    if (!isfinite(px) || px <= 0 || px > 9e12)
        return PRICE(0);
    if (!dec_to_step(llround(px * 1e6), m->tick.micro, ROUND_HALF_EVEN, &v))
        return PRICE(0);
    if (v < m->min_price.micro)
        v = m->min_price.micro;
    return PRICE(v > m->max_price.micro ? m->max_price.micro : v);
}

const char *reading_text(const struct reading *r, double px) {
    static char buf[4][32];
    static int at;
    char *t = buf[at++ & 3];
    if (!isfinite(px))
        return "n/a";
    snprintf(t, sizeof buf[0], "%.*f", r->k.m->price_digits, px);
    return t;
}

/* A level in the market's own price as the tools take it: the side's own price. */
static void add_level(cJSON *o, const char *key, const struct reading *r, enum order_side side, double px) {
    char t[DEC_TEXT_MAX];
    price p = reading_price(r->k.m, px);
    if (px == 0 || p.micro == 0)
        return;
    dec_format(book_price(side, p).micro, 0, t);
    cJSON_AddStringToObject(o, key, t);
}

static void add_side(cJSON *o, enum order_side side) {
    char t[8] = "";
    const char *name = order_side_name(side);
    for (size_t i = 0; name[i] && i < sizeof t - 1; i++)
        t[i] = (char)toupper((unsigned char)name[i]);
    cJSON_AddStringToObject(o, "side", t);
}

/* As the tools take times: UTC, ISO 8601. */
static void add_time(cJSON *o, const char *key, int64_t at_us) {
    char t[32];
    time_t s = (time_t)(at_us / 1000000);
    struct tm at;
    gmtime_r(&s, &at);
    strftime(t, sizeof t, "%Y-%m-%dT%H:%M:%SZ", &at);
    cJSON_AddStringToObject(o, key, t);
}

/* The lowest leverage that leaves cash for other positions: value against a slot's part of equity. */
static int leverage_for(const struct room *room, usd value_usd, usd slot_cash) {
    int lev = 1;
    while (lev < room->leverage && value_usd.micro / lev > slot_cash.micro)
        lev++;
    return lev;
}

static qty capped(const struct reading *r, const struct room *room, qty size, usd most) {
    qty q;
    usd v;
    if (!usd_of(room->px, size, ROUND_UP, &v) || v.micro <= most.micro)
        return size;
    if (!qty_of(most, room->px, ROUND_DOWN, &q) || !dec_to_step(q.micro, r->k.m->lot.micro, ROUND_DOWN, &q.micro) || q.micro < r->k.m->min_size.micro)
        return QTY(0);
    return q;
}

/* Largest value of this position: its slot's part of exposure and cash, and what earlier ones of this run leave. */
static usd most_for(const struct mind *x, const struct room *room, usd equity, int64_t slots) {
    int64_t exposure_ppm = x->m->limits.max_exposure > 0 ? x->m->limits.max_exposure : DEC_ONE;
    usd most = USD(0);
    usd_ppm(equity, exposure_ppm / slots, ROUND_DOWN, &most);
    if (room->leverage == 1) { /* paid in full: the parts must fit into the cash */
        int64_t paid = (equity.micro - x->m->limits.min_cash) / 100 * 97 / slots;
        most.micro = paid < most.micro ? paid : most.micro;
    }
    int64_t left = room->notional.micro - (int64_t)x->opened * most.micro; /* not in the account yet */
    if (x->opened > 0 && most.micro > left)
        most.micro = left;
    return USD(most.micro > 0 ? most.micro : 0);
}

struct asked { qty size; usd worth, risked; price stop; int leverage; };

/* Why there is no position, as a sentence of the reasoning; NULL: *out is what to ask for. */
static const char *fit(const struct mind *x, const struct reading *r, const struct plan *p, struct room *room, struct asked *out) {
    struct view_account a;
    if (x->m->limits.min_confidence > p->confidence)
        return "the confidence is not enough";
    if (rest_until(x->view, x->m, r->k.m->id, x->now_us) > 0)
        return "the market rests after its last close";
    if (x->m->limits.max_positions > 0 && x->positions + x->opened >= x->m->limits.max_positions)
        return "there are as many positions as there may be";
    room_of(x->view, x->m, &r->k, p->side, p->confidence, room);
    if (!room->open || !view_account(x->view, x->m->account, &a))
        return room->why;
    int64_t slots = p->slots > 0 ? p->slots : 1;
    usd slot_cash = USD(0);
    usd_ppm(a.equity, DEC_ONE / slots, ROUND_DOWN, &slot_cash);
    *out = (struct asked){.leverage = 1};
    if (p->stop > 0)
        out->stop = book_price(p->side, reading_price(r->k.m, p->stop));
    out->size = capped(r, room, room_size(room, x->m, &r->k, out->stop, p->share_ppm), most_for(x, room, a.equity, slots));
    if (out->size.micro <= 0 || !usd_of(room->px, out->size, ROUND_UP, &out->worth) || out->worth.micro < x->m->limits.min_notional)
        return "what fits is smaller than a position may be";
    if (out->stop.micro > 0)
        usd_of(PRICE(llabs(room->px.micro - out->stop.micro)), out->size, ROUND_UP, &out->risked);
    if (r->k.m->kind == MARKET_PERP)
        out->leverage = leverage_for(room, out->worth, slot_cash);
    return NULL;
}

static void add_decision(struct mind *x, const struct reading *r, const struct plan *p, const struct asked *q) {
    cJSON *o = cJSON_CreateObject();
    char t[DEC_TEXT_MAX];
    cJSON_AddStringToObject(o, "symbol", r->name);
    add_side(o, p->side);
    dec_format(q->size.micro, 0, t);
    cJSON_AddStringToObject(o, "quantity", t);
    if (r->k.m->kind == MARKET_PERP)
        cJSON_AddNumberToObject(o, "leverage", q->leverage);
    add_level(o, "stop_loss", r, p->side, p->stop);
    add_level(o, "profit_target", r, p->side, p->target);
    cJSON_AddStringToObject(o, "invalidation_condition", p->why);
    add_level(o, "invalidation_price", r, p->side, p->invalid);
    if (p->hold_s > 0)
        add_time(o, "time_exit", x->now_us + p->hold_s * 1000000);
    cJSON_AddNumberToObject(o, "confidence", p->confidence);
    cJSON_AddItemToArray(x->opens, o);
}

bool mind_open(struct mind *x, const struct reading *r, const struct plan *p) {
    struct room room;
    struct asked q;
    struct view_account a;
    const char *no = fit(x, r, p, &room, &q);
    if (no) {
        mind_say(x, "  -> not opened: %s", no);
        return false;
    }
    add_decision(x, r, p, &q);
    x->opened++;
    char size[DEC_TEXT_MAX], risk[96] = "no stop";
    dec_format(q.size.micro, 0, size);
    if (q.stop.micro > 0 && view_account(x->view, x->m->account, &a))
        snprintf(risk, sizeof risk, "stop %s, risk %.2f %% = %.2f USD", reading_text(r, (double)q.stop.micro / 1e6), (double)q.risked.micro / (double)a.equity.micro * 100, (double)q.risked.micro / 1e6);
    mind_say(x, "  -> %s %s %s at about %s, value %.0f USD, %dx; %s; target %s; confidence %d", order_side_name(p->side), size, r->name, reading_text(r, (double)room.px.micro / 1e6),
             (double)q.worth.micro / 1e6, q.leverage, risk, p->target > 0 ? reading_text(r, (double)book_price(p->side, reading_price(r->k.m, p->target)).micro / 1e6) : "none", p->confidence);
    return true;
}

void mind_close(struct mind *x, const struct reading *r) { cJSON_AddItemToArray(x->closes, cJSON_CreateString(r->name)); }

bool mind_trail(struct mind *x, const struct reading *r, double stop, const char *why) {
    if (!r->held || !isfinite(stop) || !isfinite(r->atr) || stop <= 0)
        return false;
    enum order_side side = (enum order_side)r->held->side;
    double old = r->held->pos.plan.stop.micro > 0 ? (double)book_price(side, r->held->pos.plan.stop).micro / 1e6 : 0;
    double far = r->px - r->dir * r->atr / 2;
    if ((far - stop) * r->dir < 0)
        stop = far;
    if (old > 0 && (stop - old) * r->dir < r->atr / 5)
        return false;
    price p = reading_price(r->k.m, stop);
    if (p.micro == 0 || (r->px - (double)p.micro / 1e6) * r->dir <= 0)
        return false;
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "symbol", r->name);
    add_level(o, "new_stop_loss", r, side, stop);
    cJSON_AddStringToObject(o, "reason", why);
    cJSON_AddItemToArray(x->updates, o);
    mind_say(x, "%s: %s, stop %s -> %s", r->name, why, old > 0 ? reading_text(r, old) : "none", reading_text(r, (double)p.micro / 1e6));
    return true;
}
