/* Markets as Gamma tells of them: the object itself, and the lists, events and searches it comes in. */
#include "venue/polymarket/market/pm_parse.h"

#include <cjson/cJSON.h>
#include <stdio.h>

#include "turret/base/str.h"
#include "turret/base/utf8.h"
#include "venue/polymarket/market/pm_parse_part.h"

static const struct cJSON *child(const struct json *at, const char *key) { return pm_child(at, key); }

/* --- Gamma's market ----------------------------------------------------------------------------------------------------------------------- */
/* A list of two that comes as an array, or as a string that holds one. */
struct pair { char v[2][PM_TOKEN_MAX]; int n; };

static bool pair_of_text(const char *text, bool sanitise, struct pair *out) {
    struct json_reader r;
    struct json_text v;
    enum json_kind kind;
    json_reader_init(&r, text, strlen(text));
    if (!json_enter(&r, JSON_KIND_ARRAY))
        return false;
    for (out->n = 0; json_element(&r) && json_value(&r, &kind, &v); out->n++) {
        if (kind != JSON_KIND_STRING && kind != JSON_KIND_NUMBER)
            return false;
        if (out->n >= 2)
            continue;
        char raw[256];
        struct json_err err;
        struct cJSON *doc = NULL;
        snprintf(raw, sizeof raw, "%.*s", (int)v.len, v.p);
        if (v.escaped) { /* a team's name: let the tree put it together */
            snprintf(raw, sizeof raw, "\"%.*s\"", (int)v.len, v.p);
            if (json_parse(raw, strlen(raw), sizeof raw, &doc, &err))
                snprintf(raw, sizeof raw, "%s", doc->valuestring);
            json_free(doc);
        }
        if (sanitise)
            utf8_sanitise(out->v[out->n], sizeof out->v[0], raw, strlen(raw));
        else
            str_copy(out->v[out->n], sizeof out->v[0], raw);
    }
    return json_done(&r);
}

static bool pair_read(const struct json *at, const char *key, bool sanitise, struct pair *out) {
    const struct cJSON *c = child(at, key);
    struct json where = {.node = c, .up = at, .key = key, .err = at->err};
    *out = (struct pair){.n = 0};
    if (!c)
        return true;
    if (cJSON_IsString(c))
        return pair_of_text(c->valuestring, sanitise, out) || json_fail(&where, "not a list in a string");
    if (!cJSON_IsArray(c))
        return json_fail(&where, "not a list");
    for (const struct cJSON *e = c->child; e; e = e->next, out->n++) {
        if (!cJSON_IsString(e))
            return json_fail(&where, "not a list of strings");
        if (out->n < 2 && sanitise)
            utf8_sanitise(out->v[out->n], sizeof out->v[0], e->valuestring, strlen(e->valuestring));
        else if (out->n < 2)
            str_copy(out->v[out->n], sizeof out->v[0], e->valuestring);
    }
    return true;
}

static bool tokens_read(const struct json *at, struct pm_listing *l) {
    struct pair names, tokens;
    const char *key = l->pm.protocol == 2 ? "positionIds" : "clobTokenIds";
    if (!pair_read(at, "outcomes", true, &names) || !pair_read(at, key, false, &tokens))
        return false;
    if (tokens.n == 0)
        pm_not_ready(l, "it has no tokens yet");
    else if (tokens.n != 2 || (names.n != 0 && names.n != 2))
        pm_not_ready(l, "it has not two outcomes");
    else if (!pm_outcomes_set(l, 0, tokens.v[0], names.v[0]) || !pm_outcomes_set(l, 1, tokens.v[1], names.v[1]) || !strcmp(tokens.v[0], tokens.v[1]))
        return json_fail(at, "a token that is no number, or twice the same");
    return true;
}

static bool fees_read(const struct json *at, struct pm_listing *l) {
    struct json fee;
    bool enabled = false;
    if (!json_get_object(at, "feeSchedule", JSON_OPTIONAL, &fee) || !pm_flag(at, "feesEnabled", &enabled))
        return false;
    if (fee.node && (enabled || !pm_given(at, "feesEnabled")))
        return pm_fee_read(&fee, "rate", "exponent", "takerOnly", l);
    if (enabled)
        l->fee_source = PM_FEE_UNKNOWN;
    else if (!pm_given(at, "feesEnabled"))
        l->fee_source = PM_FEE_UNTOLD;
    return true;
}

static const char *const sections[] = {"politics", "geopolitics", "sports", "crypto", "finance", "economy", "economics", "tech", "ai", "culture", "pop-culture", "weather",
                                       "mentions", "science", "business", "elections", "world", "esports"};

static void category_put(struct pm_listing *l, const char *text, size_t n) {
    char *c = l->pm.m.category;
    utf8_sanitise(c, MARKET_CATEGORY_MAX, text, n);
    for (; *c; c++)
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c + 32) : *c;
}

static bool section_read(const struct cJSON *tags, struct pm_listing *l) {
    for (const struct cJSON *t = cJSON_IsArray(tags) ? tags->child : NULL; t; t = t->next) {
        const struct cJSON *slug = cJSON_IsObject(t) ? cJSON_GetObjectItemCaseSensitive(t, "slug") : t;
        for (size_t i = 0; slug && cJSON_IsString(slug) && i < sizeof sections / sizeof *sections; i++)
            if (str_eq_nocase(slug->valuestring, sections[i])) {
                category_put(l, sections[i], strlen(sections[i]));
                return true;
            }
    }
    return false;
}

/* One of the site's sections among its tags or its event's, else what the fee is called after, else what it says itself. */
static void category_read(const struct json *at, const char *category, struct pm_listing *l) {
    const struct cJSON *events = child(at, "events"), *fee = child(at, "feeType"), *own = child(at, "category");
    if (section_read(child(at, "tags"), l) || (cJSON_IsArray(events) && events->child && section_read(cJSON_GetObjectItemCaseSensitive(events->child, "tags"), l)))
        return;
    const char *end = fee && cJSON_IsString(fee) ? strstr(fee->valuestring, "_fees") : NULL;
    if (category && category[0])
        category_put(l, category, strlen(category));
    else if (end)
        category_put(l, fee->valuestring, (size_t)(end - fee->valuestring));
    else if (own && cJSON_IsString(own))
        category_put(l, own->valuestring, strlen(own->valuestring));
}

static bool status_read(const struct json *at, struct pm_listing *l) {
    bool orders = false, book = false;
    struct pair prices;
    const struct cJSON *uma = child(at, "umaResolutionStatus");
    int64_t yes, no;
    if (!pm_flag(at, "closed", &l->closed) || !pm_flag(at, "acceptingOrders", &orders) || !pm_flag(at, "enableOrderBook", &book) || !pair_read(at, "outcomePrices", false, &prices))
        return false;
    l->dark = !book;
    l->pm.accepting = orders && book && !l->closed;
    l->pm.m.status = l->pm.accepting ? MARKET_OPEN : l->closed ? MARKET_CLOSED : MARKET_HALTED;
    const bool said = uma && cJSON_IsString(uma) && strcmp(uma->valuestring, "resolved") == 0;
    if (l->closed && (said || !uma) && prices.n == 2 && pm_loose(prices.v[0], &yes) && pm_loose(prices.v[1], &no))
        pm_outcome_of(l, yes, no, said);
    return true;
}

static bool rules_read(const struct json *at, struct pm_listing *l) {
    int64_t tick = 0, least = 0, delay = 0;
    bool neg_risk = false, clear = false;
    if (!pm_exact(at, "orderPriceMinTickSize", 1, DEC_ONE / 2, &tick) || !pm_exact(at, "orderMinSize", 0, 1000000 * DEC_ONE, &least) ||
        !pm_exact(at, "secondsDelay", 0, 86400 * DEC_ONE, &delay) || !pm_flag(at, "negRisk", &neg_risk) || !pm_flag(at, "clearBookOnStart", &clear))
        return false;
    if (tick && !pm_tick_set(&l->pm.m, tick))
        pm_not_ready(l, "its tick size is not one that is known");
    if (!tick || !pm_given(at, "orderMinSize"))
        pm_not_ready(l, !tick ? "its tick size is not given" : "its smallest order is not given");
    l->pm.m.min_size = QTY(least);
    l->pm.neg_risk = neg_risk;
    l->pm.clear_at_start = clear;
    l->pm.delay_s = (int32_t)(delay / DEC_ONE);
    l->pm.delayed = delay > 0;
    return true;
}

static bool protocol_read(const struct json *at, struct pm_listing *l) {
    const char *version = NULL;
    if (!json_get_str(at, "version", JSON_OPTIONAL, &version))
        return false;
    if (version && version[0] && strcmp(version, "v1") != 0) {
        l->pm.protocol = 2;
        if (strcmp(version, "v2") != 0)
            pm_not_ready(l, "it is of a protocol that is not known here");
    }
    return true;
}

static bool words_read(const struct json *at, const char *event_slug, struct pm_listing *l) {
    const char *condition = NULL, *slug = NULL;
    if (!json_get_str(at, "conditionId", JSON_REQUIRED, &condition) || !json_get_str(at, "slug", JSON_REQUIRED, &slug) ||
        !json_get_text(at, "question", JSON_REQUIRED, l->pm.m.title, sizeof l->pm.m.title))
        return false;
    if (!pm_condition_parse(condition, strlen(condition), l->pm.m.native))
        return json_fail(at, "conditionId is no condition id");
    if (!slug[0] || !l->pm.m.title[0])
        return json_fail(at, "a market without slug or question");
    utf8_sanitise(l->pm.slug, sizeof l->pm.slug, slug, strlen(slug));
    const struct cJSON *events = child(at, "events"), *own = events && cJSON_IsArray(events) && events->child ? cJSON_GetObjectItemCaseSensitive(events->child, "slug") : NULL;
    const char *of = event_slug ? event_slug : own && cJSON_IsString(own) ? own->valuestring : "";
    utf8_sanitise(l->pm.event_slug, sizeof l->pm.event_slug, of, strlen(of));
    return true;
}

/* What an order depends on is not guessed: whether a market takes orders at all, and for which exchange they are signed. */
static void lacks_read(const struct json *at, struct pm_listing *l) {
    static const struct { enum pm_lack lack; const char *key, *why; } facts[] = {
        {PM_LACKS_TICK, "orderPriceMinTickSize", "its tick size is not given"},
        {PM_LACKS_MINIMUM, "orderMinSize", "its smallest order is not given"},
        {PM_LACKS_NEG_RISK, "negRisk", "whether it is neg-risk is not given"},
        {PM_LACKS_BOOK, "enableOrderBook", "whether it has a book is not given"},
        {PM_LACKS_ACCEPTING, "acceptingOrders", "whether it takes orders is not given"},
    };
    if (l->closed || !l->pm.token[0][0])
        return;
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
        if (!pm_given(at, facts[i].key)) {
            l->lacks |= (uint8_t)facts[i].lack;
            pm_not_ready(l, facts[i].why);
        }
    if (l->lacks & PM_LACKS_BOOK)
        l->dark = false;
}

bool pm_parse_gamma(const struct json *at, const char *event_slug, const char *category, struct pm_listing *l) {
    pm_listing_init(l);
    if (!at->node || !cJSON_IsObject(at->node))
        return json_fail(at, "not an object");
    if (!words_read(at, event_slug, l) || !protocol_read(at, l) || !tokens_read(at, l) || !rules_read(at, l) || !fees_read(at, l) || !status_read(at, l))
        return false;
    lacks_read(at, l);
    category_read(at, category, l);
    int64_t liquidity = 0, volume = 0, bid = 0, ask = 0, last = 0;
    pm_when(at, "endDate", &l->pm.m.closes_us);
    if (!l->pm.m.closes_us)
        pm_when(at, "endDateIso", &l->pm.m.closes_us);
    pm_when(at, "startDate", &l->starts_us);
    if (!pm_figure(at, "volume24hr", &volume) || !pm_figure(at, pm_given(at, "liquidityNum") ? "liquidityNum" : "liquidity", &liquidity) || !pm_figure(at, "bestBid", &bid) ||
        !pm_figure(at, "bestAsk", &ask) || !pm_figure(at, "lastTradePrice", &last))
        return false;
    l->volume_24h = USD(volume);
    l->liquidity = USD(liquidity);
    l->bid = PRICE(bid > 0 && bid < DEC_ONE ? bid : 0);
    l->ask = PRICE(ask > 0 && ask < DEC_ONE ? ask : 0);
    l->last = PRICE(last > 0 && last < DEC_ONE ? last : 0);
    return true;
}

/* --- lists ------------------------------------------------------------------------------------------------------------------------------- */
struct lister { pm_listing_fn *item; void *ctx; struct pm_page *page; bool stopped; };

static void one_market(struct lister *x, const struct json *at, const char *event_slug, const char *category) {
    struct json_err err = {.set = false};
    struct json alone = {.node = at->node, .err = &err};
    struct pm_listing l;
    if (x->stopped)
        return;
    bool good = pm_parse_gamma(&alone, event_slug, category, &l);
    x->page->markets += good;
    x->page->bad += !good;
    x->stopped = !x->item(x->ctx, good ? &l : NULL, good ? "" : err.text);
}

static void one_event(struct lister *x, const struct json *at) {
    const struct cJSON *slug = child(at, "slug"), *category = child(at, "category");
    struct json markets, tags = {.node = child(at, "tags"), .err = at->err};
    struct pm_listing scratch;
    if (!json_get_array(at, "markets", JSON_OPTIONAL, &markets))
        return;
    pm_listing_init(&scratch); /* the event's tags say the section for all of its markets */
    if (tags.node || category)
        category_read(at, category && cJSON_IsString(category) ? category->valuestring : NULL, &scratch);
    for (struct json m = json_first(&markets); m.node; m = json_next(&m))
        one_market(x, &m, slug && cJSON_IsString(slug) ? slug->valuestring : NULL, scratch.pm.m.category);
}

static void one_thing(struct lister *x, const struct json *at) {
    if (pm_given(at, "conditionId"))
        one_market(x, at, NULL, NULL);
    else if (cJSON_IsObject(at->node) && cJSON_GetObjectItemCaseSensitive(at->node, "markets"))
        one_event(x, at);
    else
        x->page->bad++;
}

bool pm_parse_listings(const struct json *root, pm_listing_fn *item, void *ctx, struct pm_page *page) {
    struct lister x = {.item = item, .ctx = ctx, .page = page};
    static const char *const keys[] = {"events", "data", "markets"};
    *page = (struct pm_page){.markets = 0};
    if (!root->node)
        return json_fail(root, "nothing there");
    if (cJSON_IsArray(root->node)) {
        for (struct json e = json_first(root); e.node; e = json_next(&e))
            one_thing(&x, &e);
        return true;
    }
    if (!cJSON_IsObject(root->node))
        return json_fail(root, "neither an object nor a list");
    const struct cJSON *cursor = child(root, "next_cursor");
    if (cursor && cJSON_IsString(cursor) && strcmp(cursor->valuestring, "LTE=") != 0)
        snprintf(page->cursor, sizeof page->cursor, "%s", strlen(cursor->valuestring) < sizeof page->cursor ? cursor->valuestring : "");
    if (pm_given(root, "conditionId") || pm_given(root, "slug")) { /* one market or one event */
        one_thing(&x, root);
        return true;
    }
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const struct cJSON *c = cJSON_GetObjectItemCaseSensitive(root->node, keys[i]);
        struct json list = {.node = c, .up = root, .key = keys[i], .err = root->err};
        if (!c || !cJSON_IsArray(c))
            continue;
        for (struct json e = json_first(&list); e.node; e = json_next(&e))
            one_thing(&x, &e);
        return true;
    }
    return pm_given(root, "pagination") || json_fail(root, "no list of markets or events");
}
