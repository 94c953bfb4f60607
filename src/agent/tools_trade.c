/* The trading tools: checked arguments to intents of the model's own account, with the run as their token. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "agent/tools_private.h"
#include "turret/base/str.h"
#include "turret/base/utf8.h"

static const char *text_of(const cJSON *o, const char *key) {
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);
    return cJSON_IsString(v) ? v->valuestring : NULL;
}

/* Checked before: here it can only be there or not. */
static int64_t dec_of(const cJSON *o, const char *key) {
    struct json_err err = {0};
    const struct json root = json_root(o, &err);
    int64_t micro = 0;
    json_get_dec(&root, key, JSON_OPTIONAL, &micro);
    return micro;
}

static int64_t time_of(const cJSON *o, const char *key) {
    int64_t us = 0;
    const char *t = text_of(o, key);
    return t && tool_time(t, &us) ? us : 0;
}

static int int_of(const cJSON *o, const char *key, int otherwise) {
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);
    return cJSON_IsNumber(v) ? v->valueint : otherwise;
}

static void intent_begin(const struct tool_ctx *c, struct intent *in, enum intent_kind kind) {
    *in = (struct intent){.kind = (uint16_t)kind, .source = SOURCE_AGENT, .account = c->model->account, .link = c->run, .confidence = -1, .flags = INTENT_PLAN};
}

static void plan_of(const cJSON *o, struct intent *in, const char *why) {
    in->invalidation_price = PRICE(dec_of(o, "invalidation_price"));
    in->time_exit_us = time_of(o, "time_exit");
    in->cooldown_until_us = time_of(o, "cooldown_until");
    if (why)
        utf8_sanitise(in->invalidation, sizeof in->invalidation, why, strlen(why));
}

/* --- createPosition ----------------------------------------------------------------------------------- */
static bool side_of(const char *word, const struct market *m, enum order_side *out) {
    static const struct { const char *word; enum order_side side; enum market_kind kind; } sides[] = {
        {"LONG", SIDE_LONG, MARKET_PERP}, {"SHORT", SIDE_SHORT, MARKET_PERP}, {"YES", SIDE_YES, MARKET_BINARY}, {"NO", SIDE_NO, MARKET_BINARY}};
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++)
        if (strcmp(sides[i].word, word) == 0 && sides[i].kind == (enum market_kind)m->kind) {
            *out = sides[i].side;
            return true;
        }
    return false;
}

/* Too fine a size is refused with the nearest ones that pass: nothing is rounded on the model's behalf. */
static bool size_fits(struct tool_action *a, const struct market *m, int64_t size) {
    int64_t down = 0, lot = m->lot.micro;
    char x[DEC_TEXT_MAX], y[DEC_TEXT_MAX];
    enum err e = size > 0 ? (enum err)market_check_size(m, QTY(size)) : ERR_MIN_SIZE;
    if (e == ERR_OK)
        return true;
    if (e == ERR_MIN_SIZE || size < lot) {
        dec_format(m->min_size.micro > lot ? m->min_size.micro : lot, 0, x);
        action_refuse(a, e, "quantity must be at least %s", x);
        return false;
    }
    if (!dec_to_step(size, lot, ROUND_DOWN, &down))
        down = 0;
    dec_format(down, 0, x);
    dec_format(down + lot, 0, y);
    action_refuse(a, e, "quantity must be a multiple of the lot: %s or %s", x, y);
    return false;
}

static bool level_fits(struct tool_action *a, const struct market *m, enum order_side side, const char *what, int64_t px) {
    int64_t near = 0;
    char x[DEC_TEXT_MAX];
    if (px == 0)
        return true;
    if (m->kind == MARKET_BINARY && px >= DEC_ONE) {
        action_refuse(a, ERR_PRICE_OUT_OF_RANGE, "%s must be between 0 and 1", what);
        return false;
    }
    if (market_check_price(m, book_price(side, PRICE(px))) == ERR_OK || m->tick.micro <= 0)
        return true;
    if (dec_to_step(px, m->tick.micro, ROUND_HALF_EVEN, &near) && near != px) {
        dec_format(near, 0, x);
        action_refuse(a, ERR_TICK_SIZE, "%s must be a multiple of the tick: %s is the nearest", what, x);
        return false;
    }
    action_refuse(a, ERR_PRICE_OUT_OF_RANGE, "%s is outside of the market's range", what);
    return false;
}

static void decide(struct tool_ctx *c, const cJSON *d, struct tool_action *a) {
    struct view_market vm;
    enum order_side side;
    const char *word = text_of(d, "side");
    if (!tool_market(c, a->symbol, &vm)) {
        action_refuse(a, ERR_NOT_FOUND, "no such market");
        return;
    }
    str_copy(a->symbol, sizeof a->symbol, vm.m->symbol);
    a->market = vm.m->id;
    if (strcmp(word, "HOLD") == 0) {
        str_copy(a->text, sizeof a->text, "held");
        return;
    }
    if (!side_of(word, vm.m, &side)) {
        action_refuse(a, ERR_INVALID_ARGUMENTS, "side must be %s", vm.m->kind == MARKET_PERP ? "LONG or SHORT" : "YES or NO");
        return;
    }
    const int64_t size = dec_of(d, "quantity"), stop = dec_of(d, "stop_loss"), target = dec_of(d, "profit_target");
    const struct order *held = view_position_of(c->view, c->model->account, vm.m->id);
    if (held && held->side != side) { /* closing is a tool of its own: an order through zero would be two things at once */
        action_refuse(a, ERR_INVALID_ARGUMENTS, "you hold the other side: close it first");
        return;
    }
    if (!size_fits(a, vm.m, size) || !level_fits(a, vm.m, side, "stop_loss", stop) || !level_fits(a, vm.m, side, "profit_target", target) ||
        !level_fits(a, vm.m, side, "invalidation_price", dec_of(d, "invalidation_price")) || !action_claim(c, a, vm.m->id))
        return;
    struct intent *in = &a->intent;
    intent_begin(c, in, INTENT_PLACE);
    in->market = vm.m->id;
    in->side = (uint8_t)side;
    in->action = (uint8_t)side_opening_action(side);
    in->type = ORDER_MARKET;
    in->tif = TIF_IOC;
    in->size = QTY(size);
    in->stop = PRICE(stop);
    in->target = PRICE(target);
    in->leverage = (uint8_t)(vm.m->kind == MARKET_PERP ? int_of(d, "leverage", held ? held->pos.leverage : 1) : 1);
    in->confidence = (int16_t)int_of(d, "confidence", -1);
    plan_of(d, in, text_of(d, "invalidation_condition"));
}

void tool_create(struct tool_ctx *c, const cJSON *args, struct tool_result *r) {
    const cJSON *d;
    cJSON_ArrayForEach(d, cJSON_GetObjectItemCaseSensitive(args, "decisions")) {
        struct tool_action *a = action_add(r, text_of(d, "symbol"));
        if (a)
            decide(c, d, a);
    }
}

/* --- closePosition, updateExitPlan ------------------------------------------------------------------------ */
static const struct order *held_of(struct tool_ctx *c, struct tool_action *a) {
    struct view_market vm;
    const struct order *o = NULL;
    if (tool_market(c, a->symbol, &vm)) {
        str_copy(a->symbol, sizeof a->symbol, vm.m->symbol);
        a->market = vm.m->id;
        o = view_position_of(c->view, c->model->account, vm.m->id);
    }
    if (!o)
        action_refuse(a, ERR_NOT_FOUND, "no open position in %.40s", a->symbol);
    return o;
}

void tool_close(struct tool_ctx *c, const cJSON *args, struct tool_result *r) {
    const cJSON *s;
    cJSON_ArrayForEach(s, cJSON_GetObjectItemCaseSensitive(args, "symbols")) {
        struct tool_action *a = action_add(r, s->valuestring);
        const struct order *o = a ? held_of(c, a) : NULL;
        if (!o || !action_claim(c, a, o->market))
            continue;
        intent_begin(c, &a->intent, INTENT_CLOSE);
        a->intent.flags = 0;
        a->intent.market = o->market;
        a->intent.order = o->id;
        a->intent.side = o->side;
        a->intent.action = (uint8_t)side_closing_action((enum order_side)o->side);
        a->intent.type = ORDER_MARKET;
    }
}

void tool_update(struct tool_ctx *c, const cJSON *args, struct tool_result *r) {
    const cJSON *u;
    cJSON_ArrayForEach(u, cJSON_GetObjectItemCaseSensitive(args, "updates")) {
        struct tool_action *a = action_add(r, text_of(u, "symbol"));
        const struct order *o = a ? held_of(c, a) : NULL;
        struct view_market vm;
        if (!o || !view_market(c->view, o->market, &vm))
            continue;
        const enum order_side side = (enum order_side)o->side;
        const int64_t stop = dec_of(u, "new_stop_loss"), target = dec_of(u, "new_target_price");
        if (!level_fits(a, vm.m, side, "new_stop_loss", stop) || !level_fits(a, vm.m, side, "new_target_price", target) ||
            !level_fits(a, vm.m, side, "invalidation_price", dec_of(u, "invalidation_price")) || !action_claim(c, a, o->market))
            continue;
        intent_begin(c, &a->intent, INTENT_PROTECT);
        a->intent.market = o->market;
        a->intent.order = o->id;
        a->intent.stop = stop > 0 ? PRICE(stop) : PROTECT_KEEP;
        a->intent.target = target > 0 ? PRICE(target) : PROTECT_KEEP;
        plan_of(u, &a->intent, text_of(u, "reason"));
    }
}

void tool_hold(struct tool_ctx *c, const cJSON *args, struct tool_result *r) {
    char reason[1024];
    const char *text = text_of(args, "reason");
    (void)c;
    utf8_sanitise(reason, sizeof reason, text ? text : "", text ? strlen(text) : 0);
    r->answer = cJSON_CreateObject();
    cJSON_AddTrueToObject(r->answer, "holding");
    cJSON_AddStringToObject(r->answer, "reason", reason);
}
