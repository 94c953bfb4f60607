/* Markets as the CLOB tells of them (long and short form), its small answers, and price history. */
#include <cjson/cJSON.h>
#include <stdio.h>

#include "turret/base/str.h"
#include "turret/base/utf8.h"
#include "turret/market/candle.h"
#include "venue/polymarket/market/pm_parse_part.h"

static void name_read(const struct json *at, const char *key, char out[32]) {
    out[0] = 0;
    json_get_text(at, key, JSON_OPTIONAL, out, 32);
}

/* A token id: a string, as a number would not be exact. */
static bool token_read(const struct json *at, const char *id_key, const char *name_key, int i, struct pm_listing *l) {
    const char *id = NULL;
    char name[32];
    if (!json_get_str(at, id_key, JSON_REQUIRED, &id))
        return false;
    name_read(at, name_key, name);
    return pm_outcomes_set(l, i, id, name) || json_fail(at, "a token that is no number");
}

static bool tokens_read(const struct json *at, struct pm_listing *l, bool halves) {
    struct json list;
    int64_t px[2] = {-1, -1};
    bool winner[2] = {false, false};
    int i = 0;
    if (!json_get_array(at, "tokens", JSON_REQUIRED, &list))
        return false;
    for (struct json t = json_first(&list); t.node; t = json_next(&t), i++) {
        if (i >= 2)
            continue;
        if (!pm_given(&t, "token_id")) {
            pm_not_ready(l, "it has no tokens yet");
            continue;
        }
        if (!token_read(&t, "token_id", "outcome", i, l) || !pm_figure(&t, "price", &px[i]) || !pm_flag(&t, "winner", &winner[i]))
            return false;
    }
    if (i == 0)
        pm_not_ready(l, "it has no tokens yet");
    else if (i != 2)
        pm_not_ready(l, "it has not two outcomes");
    if (l->closed && winner[0] != winner[1])
        pm_outcome_of(l, winner[0] ? DEC_ONE : 0, winner[1] ? DEC_ONE : 0, true);
    else if (l->closed && halves)
        pm_outcome_of(l, px[0], px[1], true);
    return true;
}

static bool status_read(const struct json *at, struct pm_listing *l) {
    bool orders = false, book = true, neg_risk = false, halves = false;
    if (!pm_flag(at, "closed", &l->closed) || !pm_flag(at, "accepting_orders", &orders) || !pm_flag(at, "enable_order_book", &book) || !pm_flag(at, "neg_risk", &neg_risk) ||
        !pm_flag(at, "is_50_50_outcome", &halves))
        return false;
    l->dark = !book;
    l->pm.neg_risk = neg_risk;
    l->pm.accepting = orders && book && !l->closed;
    l->pm.m.status = l->pm.accepting ? MARKET_OPEN : l->closed ? MARKET_CLOSED : MARKET_HALTED;
    return tokens_read(at, l, halves);
}

bool pm_parse_clob_market(const struct json *at, struct pm_listing *l) {
    const char *condition = NULL, *slug = NULL;
    int64_t tick = 0, least = 0, delay = 0, basis = 0;
    pm_listing_init(l);
    l->fee_source = PM_FEE_UNKNOWN;
    if (!at->node || !cJSON_IsObject(at->node))
        return json_fail(at, "not an object");
    if (!json_get_str(at, "condition_id", JSON_REQUIRED, &condition) || !json_get_str(at, "market_slug", JSON_REQUIRED, &slug) ||
        !json_get_text(at, "question", JSON_REQUIRED, l->pm.m.title, sizeof l->pm.m.title))
        return false;
    if (!pm_condition_parse(condition, strlen(condition), l->pm.m.native))
        return json_fail(at, "condition_id is no condition id");
    utf8_sanitise(l->pm.slug, sizeof l->pm.slug, slug, strlen(slug));
    if (!pm_exact(at, "minimum_tick_size", 1, DEC_ONE / 2, &tick) || !pm_exact(at, "minimum_order_size", 0, 1000000 * DEC_ONE, &least) ||
        !pm_exact(at, "seconds_delay", 0, 86400 * DEC_ONE, &delay) || !status_read(at, l))
        return false;
    if (!tick || !pm_given(at, "minimum_order_size"))
        pm_not_ready(l, "its tick or smallest order is not given");
    else if (!pm_tick_set(&l->pm.m, tick))
        pm_not_ready(l, "its tick size is not one that is known");
    if (!pm_figure(at, "taker_base_fee", &basis))
        return false;
    l->fee_source = basis ? PM_FEE_UNKNOWN : PM_FEE_UNTOLD; /* legacy basis points: that there is a fee, not which */
    l->pm.m.min_size = QTY(least);
    l->pm.delay_s = (int32_t)(delay / DEC_ONE);
    l->pm.delayed = delay > 0;
    pm_when(at, "end_date_iso", &l->pm.m.closes_us);
    return true;
}

static bool short_tokens(const struct json *at, struct pm_listing *l) {
    struct json list;
    int i = 0;
    if (!json_get_array(at, "t", JSON_OPTIONAL, &list))
        return false;
    for (struct json t = json_first(&list); t.node; t = json_next(&t), i++)
        if (i < 2 && pm_given(&t, "t") && !token_read(&t, "t", "o", i, l))
            return false;
    return true;
}

bool pm_parse_clob_short(const struct json *at, struct pm_listing *l) {
    int64_t tick = 0, least = -1, delay = 0;
    bool orders = true, neg_risk = l->pm.neg_risk, clear = l->pm.clear_at_start;
    struct json fee;
    const char *version = NULL;
    if (!at->node || !cJSON_IsObject(at->node))
        return json_fail(at, "not an object");
    if (!pm_exact(at, "mts", 1, DEC_ONE / 2, &tick) || !pm_exact(at, "mos", 0, 1000000 * DEC_ONE, &least) || !pm_exact(at, "sd", 0, 86400 * DEC_ONE, &delay) ||
        !pm_flag(at, "ao", &orders) || !pm_flag(at, "nr", &neg_risk) || !pm_flag(at, "cbos", &clear) || !json_get_str(at, "v", JSON_OPTIONAL, &version) ||
        !json_get_object(at, "fd", JSON_OPTIONAL, &fee) || !short_tokens(at, l))
        return false;
    if (!tick || least < 0)
        return json_fail(at, "tick or smallest order is missing");
    if (!pm_tick_set(&l->pm.m, tick))
        return json_fail(at, "a tick size that is not known");
    l->pm.m.min_size = QTY(least);
    l->pm.neg_risk = neg_risk;
    l->pm.clear_at_start = clear;
    if (pm_given(at, "sd")) {
        l->pm.delay_s = (int32_t)(delay / DEC_ONE);
        l->pm.delayed = delay > 0;
    }
    if (version && !strcmp(version, "v2"))
        l->pm.protocol = 2;
    if (!orders) {
        l->pm.accepting = 0;
        if (l->pm.m.status == MARKET_OPEN)
            l->pm.m.status = MARKET_HALTED;
    } else if (pm_given(at, "ao") && l->pm.m.status == MARKET_HALTED) {
        l->pm.accepting = 1;
        l->pm.m.status = MARKET_OPEN;
    }
    l->fee_source = PM_FEE_KNOWN;
    if (fee.node)
        return pm_fee_read(&fee, "r", "e", "to", l);
    l->pm.m.taker_ppm = l->pm.m.maker_ppm = 0;
    return true;
}

/* --- small answers ------------------------------------------------------------------------------------------------------------------------ */
bool pm_parse_tick(const struct json *at, int64_t *tick_micro) {
    int64_t tick = 0;
    if (!pm_exact(at, "minimum_tick_size", 1, DEC_ONE / 2, &tick))
        return false;
    if (!tick)
        return json_fail(at, "minimum_tick_size: missing");
    *tick_micro = tick;
    return true;
}

bool pm_parse_neg_risk(const struct json *at, bool *neg_risk) { return json_get_bool(at, "neg_risk", JSON_REQUIRED, neg_risk); }

bool pm_parse_token_market(const struct json *at, char condition[PM_CONDITION_MAX]) {
    const char *text = NULL;
    if (!json_get_str(at, "condition_id", JSON_REQUIRED, &text))
        return false;
    return pm_condition_parse(text, strlen(text), condition) || json_fail(at, "condition_id is no condition id");
}

bool pm_parse_tag(const struct json *at, char id[24]) {
    int64_t v = 0;
    if (!json_get_int(at, "id", JSON_REQUIRED, 0, INT64_MAX, &v))
        return false;
    snprintf(id, 24, "%lld", (long long)v);
    return true;
}

/* --- history ------------------------------------------------------------------------------------------------------------------------------ */
static void point(struct candle *out, int max, int *count, int64_t start_us, price px) {
    struct candle *last = *count > 0 ? &out[*count - 1] : NULL;
    if (last && last->start_us == start_us) {
        last->high = px.micro > last->high.micro ? px : last->high;
        last->low = px.micro < last->low.micro ? px : last->low;
        last->close = px;
        last->count++;
        return;
    }
    const price open = last ? last->close : px;
    if (*count == max) {
        memmove(out, out + 1, (size_t)(max - 1) * sizeof *out);
        --*count;
    }
    out[(*count)++] = (struct candle){.start_us = start_us, .open = open, .close = px, .count = 1,
                                      .high = open.micro > px.micro ? open : px, .low = open.micro < px.micro ? open : px};
}

bool pm_parse_history(const struct json *at, int interval_s, struct candle *out, int max, int *count) {
    struct json list;
    int64_t newest = 0;
    *count = 0;
    if (!json_get_array(at, "history", JSON_REQUIRED, &list))
        return false;
    for (struct json p = json_first(&list); p.node; p = json_next(&p)) {
        int64_t t = 0, px = 0;
        if (!json_get_int(&p, "t", JSON_REQUIRED, 0, 100000000000LL, &t) || !pm_figure(&p, "p", &px))
            return false;
        if (!pm_given(&p, "p"))
            return json_fail(&p, "p: missing");
        if (t < newest || px <= 0 || px > DEC_ONE) /* prices of nothing make no candle */
            continue;
        newest = t;
        point(out, max, count, t / interval_s * interval_s * 1000000LL, PRICE(px));
    }
    return true;
}
