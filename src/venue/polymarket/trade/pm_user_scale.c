/* Sizes of orders and trades: the venue writes decimals, its documentation shows whole millionths for the lists of REST ("100000000" for a hundred
 * shares). A bare whole number could be either. Which it is here is learned from an order of ours, whose size we know, or from a purchase that no
 * balance could cover; until then it is a decimal. Lists and stream are learned of one by one. */
#include "venue/polymarket/trade/pm_user_impl.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

#define FAR 1000            /* so many times too large can't be meant */
#define RAW_LEAST DEC_ONE   /* of millionths: a whole share */

static bool bare(const struct json *at, const char *key) {
    const struct cJSON *c = at->node != NULL ? cJSON_GetObjectItemCaseSensitive(at->node, key) : NULL;
    if (c != NULL && cJSON_IsNumber(c))
        return c->valuedouble == trunc(c->valuedouble);
    return c != NULL && cJSON_IsString(c) && c->valuestring[0] != 0 && c->valuestring[strspn(c->valuestring, "0123456789")] == 0;
}

static bool *learned(struct pm_user *u, const struct json *doc) {
    return &u->millionths[cJSON_GetObjectItemCaseSensitive(doc->node, "event_type") != NULL || cJSON_GetObjectItemCaseSensitive(doc->node, "type") != NULL];
}

static bool too_large(qty said, qty ours) { return ours.micro > 0 && said.micro / FAR > ours.micro; }

static void say(struct pm_user *u) {
    pm_user_note(u, NOTICE_INFO, "Polymarket: sizes of orders and trades are whole millionths here, and are read so");
}

/* A purchase is not taken without the collateral for it. */
static bool beyond_balance(const struct pm_user *u, const struct pm_own_order *o) {
    const usd balance = u->s->balance;
    return !o->sell && o->size.micro / DEC_ONE >= RAW_LEAST && balance.micro > 0 && usd_of_sat(o->px, o->size).micro / FAR > balance.micro;
}

void pm_order_scale(struct pm_user *u, const struct json *doc, struct pm_own_order *o) {
    bool *known = learned(u, doc);
    if (!bare(doc, "original_size"))
        return;
    const struct tracked *t = tracker_by_venue_id(u->s->tracker, o->id);
    if (!*known && (t != NULL ? too_large(o->size, t->size) : o->whole && beyond_balance(u, o))) {
        *known = true;
        say(u);
    }
    if (*known) {
        o->size.micro /= DEC_ONE;
        o->matched.micro /= DEC_ONE;
    }
}

static bool leg_too_large(const struct pm_user *u, const struct pm_own_trade *t) {
    struct json_err err = {0};
    struct pm_maker_leg leg;
    for (struct json it = json_first(&t->makers); it.node != NULL; it = json_next(&it)) {
        it.err = &err;
        if (!bare(&it, "matched_amount") || !pm_maker_leg_parse(&it, t, &leg))
            continue;
        const struct tracked *o = tracker_by_venue_id(u->s->tracker, leg.order);
        if (o != NULL && too_large(leg.size, o->size))
            return true;
    }
    return false;
}

void pm_trade_scale(struct pm_user *u, const struct json *doc, struct pm_own_trade *t) {
    bool *known = learned(u, doc);
    if (!bare(doc, "size"))
        return;
    const struct tracked *o = t->taker_order[0] != 0 ? tracker_by_venue_id(u->s->tracker, t->taker_order) : NULL;
    if (!*known && ((o != NULL && too_large(t->size, o->size)) || leg_too_large(u, t))) {
        *known = true;
        say(u);
    }
    if (*known) {
        t->size.micro /= DEC_ONE;
        t->millionths = true;
    }
}
