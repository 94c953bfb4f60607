/* Events of the market stream and books, read without a tree: most of what a busy market sends passes here. Fields are gathered in whatever
 * order they come; what an event needs is checked when it is whole, so that its type may stand last. */
#include <stdio.h>
#include <stdlib.h>

#include "turret/base/mem.h"
#include "venue/polymarket/market/pm_parse.h"

#define PX_MOST DEC_ONE
#define SIZE_MOST (1000000000000LL * DEC_ONE)

enum field {
    F_TYPE, F_ASSET, F_MARKET, F_HASH, F_TIMESTAMP, F_BIDS, F_ASKS, F_CHANGES, F_PRICE, F_SIZE, F_SIDE, F_OLD_TICK, F_NEW_TICK, F_TICK, F_MIN_SIZE, F_NEG_RISK,
    F_LAST, F_VERSION, F_BEST_BID, F_BEST_ASK, F_ASSETS, F_WINNER, F_TAGS, F_TRANSACTION, F_COUNT
};
#define NAME(word, f) {word, sizeof word - 1, f}
struct name { const char *word; size_t len; int field; };
static const struct name fields[] = {
    NAME("event_type", F_TYPE), NAME("asset_id", F_ASSET), NAME("market", F_MARKET), NAME("hash", F_HASH), NAME("timestamp", F_TIMESTAMP), NAME("bids", F_BIDS),
    NAME("asks", F_ASKS), NAME("price_changes", F_CHANGES), NAME("changes", F_CHANGES), NAME("price", F_PRICE), NAME("size", F_SIZE), NAME("side", F_SIDE),
    NAME("old_tick_size", F_OLD_TICK), NAME("new_tick_size", F_NEW_TICK), NAME("tick_size", F_TICK), NAME("min_order_size", F_MIN_SIZE), NAME("neg_risk", F_NEG_RISK),
    NAME("last_trade_price", F_LAST), NAME("version", F_VERSION), NAME("best_bid", F_BEST_BID), NAME("best_ask", F_BEST_ASK), NAME("assets_ids", F_ASSETS),
    NAME("winning_asset_id", F_WINNER), NAME("tags", F_TAGS), NAME("transaction_hash", F_TRANSACTION),
};
static const struct name kinds[] = {
    NAME("book", PM_WS_BOOK), NAME("price_change", PM_WS_CHANGES), NAME("last_trade_price", PM_WS_TRADE), NAME("tick_size_change", PM_WS_TICK),
    NAME("best_bid_ask", PM_WS_BEST), NAME("new_market", PM_WS_NEW), NAME("market_resolved", PM_WS_RESOLVED),
};

struct gathered { /* scalars of one object; p NULL: not there, or nothing */
    struct json_text v[F_COUNT];
    uint32_t seen;
};

static int name_find(const struct name *table, size_t n, const struct json_text *t) {
    for (size_t i = 0; i < n; i++)
        if (table[i].len == t->len && memcmp(table[i].word, t->p, t->len) == 0)
            return table[i].field;
    return -1;
}
#define FIND(table, t) name_find(table, sizeof table / sizeof *table, t)

static bool bad(struct pm_ws_parser *p, const char *what) {
    if (!p->bad)
        p->bad = what;
    return false;
}

static bool known(const struct gathered *g, enum field f) { return g->v[f].p != NULL; }

/* --- values --------------------------------------------------------------------------------------------------------------------------- */
/* A decimal as a string or a number; nothing: *micro keeps what it had. */
static bool decimal(struct pm_ws_parser *p, const struct json_text *t, int64_t low, int64_t high, int64_t *micro) {
    int64_t v;
    if (!t->p || t->len == 0)
        return true;
    if (!dec_parse(t->p, t->len, &v) || v < low || v > high)
        return bad(p, "a number can't be read or is out of range");
    *micro = v;
    return true;
}

/* The price of a level or of a trade: inside (0, 1). */
static bool px_of(struct pm_ws_parser *p, const struct json_text *t, price *out) {
    if (!t->p || t->len == 0)
        return bad(p, "a price is missing");
    return decimal(p, t, 1, PX_MOST - 1, &out->micro);
}

static bool size_of(struct pm_ws_parser *p, const struct json_text *t, qty *out) {
    if (!t->p || t->len == 0)
        return bad(p, "a size is missing");
    return decimal(p, t, 0, SIZE_MOST, &out->micro);
}

/* "" or an end of the range says that there is none. */
static bool best_of(struct pm_ws_parser *p, const struct json_text *t, price *out) {
    int64_t v = t->p ? 0 : PM_PX_UNKNOWN;
    if (!decimal(p, t, 0, PX_MOST, &v))
        return false;
    out->micro = v == PX_MOST ? 0 : v;
    return true;
}

static bool side_of(struct pm_ws_parser *p, const struct json_text *t, bool *buys) {
    *buys = t->p && (JSON_IS(t, "BUY") || JSON_IS(t, "buy"));
    return *buys || (t->p && (JSON_IS(t, "SELL") || JSON_IS(t, "sell"))) || bad(p, "a side is missing or not known");
}

static bool timestamp_of(struct pm_ws_parser *p, const struct json_text *t, int64_t *ms) {
    int64_t v = 0;
    for (size_t i = 0; t->p && i < t->len; i++) {
        if (t->p[i] < '0' || t->p[i] > '9' || i >= 16)
            return bad(p, "a timestamp can't be read");
        v = v * 10 + (t->p[i] - '0');
    }
    *ms = v > 0 && v < 100000000000LL ? v * 1000 : v; /* seconds, in some older messages */
    return true;
}

/* --- reading -------------------------------------------------------------------------------------------------------------------------- */
/* A scalar of the object; null is nothing. */
static bool gather(struct pm_ws_parser *p, struct gathered *g, int f) {
    enum json_kind kind;
    struct json_text v;
    if (!json_value(&p->r, &kind, &v))
        return false;
    if (f < 0)
        return true;
    if (g->seen & 1u << f)
        bad(p, "a field is given twice");
    g->seen |= 1u << f;
    if (kind == JSON_KIND_NULL)
        return true;
    if (v.escaped || kind == JSON_KIND_OBJECT || (kind == JSON_KIND_ARRAY && f != F_ASSETS && f != F_TAGS)) {
        bad(p, "a field is not of its kind");
        return true;
    }
    g->v[f] = v;
    return true;
}

static bool level_read(struct pm_ws_parser *p, struct level *out) {
    struct json_text key, v, px = {0}, size = {0};
    enum json_kind kind;
    if (!json_enter(&p->r, JSON_KIND_OBJECT))
        return false;
    while (json_member(&p->r, &key)) {
        if (!json_value(&p->r, &kind, &v))
            return false;
        if (kind != JSON_KIND_STRING && kind != JSON_KIND_NUMBER)
            continue;
        if (JSON_IS(&key, "price"))
            px = v;
        else if (JSON_IS(&key, "size"))
            size = v;
    }
    if (p->r.what)
        return false;
    px_of(p, &px, &out->px);
    size_of(p, &size, &out->size);
    return true;
}

static bool levels_read(struct pm_ws_parser *p, struct gathered *g, int f) {
    const int side = f == F_ASKS;
    struct pm_ws_event *ev = &p->ev;
    size_t n = 0;
    if (json_peek(&p->r) == JSON_KIND_NULL || (g->seen & 1u << f))
        return gather(p, g, f);
    const char *start = p->r.p;
    if (!json_enter(&p->r, JSON_KIND_ARRAY))
        return false;
    while (json_element(&p->r)) {
        if (n >= PM_LEVELS_MAX) {
            bad(p, "more levels than a book can have");
            n = 0;
        }
        p->levels[side] = xgrow(p->levels[side], &p->cap_levels[side], n + 1, sizeof **p->levels);
        if (!level_read(p, &p->levels[side][n++]))
            return false;
    }
    g->seen |= 1u << f;
    g->v[f] = (struct json_text){start, (size_t)(p->r.p - start), false};
    *(side ? &ev->n_asks : &ev->n_bids) = (int)n;
    return !p->r.what;
}

static bool change_read(struct pm_ws_parser *p, struct pm_change *out) {
    struct gathered g = {.seen = 0};
    struct json_text key;
    bool buys;
    *out = (struct pm_change){.best_bid = {PM_PX_UNKNOWN}, .best_ask = {PM_PX_UNKNOWN}};
    if (!json_enter(&p->r, JSON_KIND_OBJECT))
        return false;
    while (json_member(&p->r, &key)) {
        int f = FIND(fields, &key);
        if (!gather(p, &g, f == F_BIDS || f == F_ASKS || f == F_CHANGES ? -1 : f))
            return false;
    }
    if (p->r.what)
        return false;
    out->asset = g.v[F_ASSET];
    out->hash = g.v[F_HASH];
    px_of(p, &g.v[F_PRICE], &out->px);
    size_of(p, &g.v[F_SIZE], &out->size);
    side_of(p, &g.v[F_SIDE], &buys);
    out->side = buys ? BOOK_BID : BOOK_ASK;
    best_of(p, &g.v[F_BEST_BID], &out->best_bid);
    best_of(p, &g.v[F_BEST_ASK], &out->best_ask);
    return true;
}

static bool changes_read(struct pm_ws_parser *p, struct gathered *g) {
    if (json_peek(&p->r) == JSON_KIND_NULL || (g->seen & 1u << F_CHANGES))
        return gather(p, g, F_CHANGES);
    const char *start = p->r.p;
    size_t n = 0;
    if (!json_enter(&p->r, JSON_KIND_ARRAY))
        return false;
    while (json_element(&p->r)) {
        p->changes = xgrow(p->changes, &p->cap_changes, n + 1, sizeof *p->changes);
        if (!change_read(p, &p->changes[n++]))
            return false;
    }
    g->seen |= 1u << F_CHANGES;
    g->v[F_CHANGES] = (struct json_text){start, (size_t)(p->r.p - start), false};
    p->ev.n_changes = (int)n;
    return !p->r.what;
}

/* --- whole events ----------------------------------------------------------------------------------------------------------------------- */
static enum pm_ws_kind kind_of(const struct gathered *g) {
    if (known(g, F_TYPE)) {
        int k = FIND(kinds, &g->v[F_TYPE]);
        return k < 0 ? PM_WS_OTHER : (enum pm_ws_kind)k;
    }
    if (known(g, F_BIDS) && known(g, F_ASKS)) /* answers of GET /book and older messages say it by their shape */
        return PM_WS_BOOK;
    if (known(g, F_CHANGES))
        return PM_WS_CHANGES;
    if (known(g, F_NEW_TICK))
        return PM_WS_TICK;
    return known(g, F_ASSET) && known(g, F_PRICE) && known(g, F_SIZE) ? PM_WS_TRADE : PM_WS_OTHER;
}

static void book_whole(struct pm_ws_parser *p, const struct gathered *g) {
    struct pm_ws_event *ev = &p->ev;
    if (!known(g, F_ASSET) || !known(g, F_BIDS) || !known(g, F_ASKS))
        bad(p, "a book without its asset, bids or asks");
    if (ev->n_bids + ev->n_asks > PM_LEVELS_MAX)
        bad(p, "more levels than a book can have");
    ev->bids = p->levels[BOOK_BID];
    ev->asks = p->levels[BOOK_ASK];
    ev->bids_text = g->v[F_BIDS];
    ev->asks_text = g->v[F_ASKS];
    ev->min_size = g->v[F_MIN_SIZE];
    ev->tick = g->v[F_TICK];
    ev->last = g->v[F_LAST];
    ev->version = g->v[F_VERSION];
    ev->neg_risk = known(g, F_NEG_RISK) ? JSON_IS(&g->v[F_NEG_RISK], "true") : -1;
    decimal(p, &g->v[F_TICK], 1, DEC_ONE, &ev->tick_micro);
}

/* Three forms: a list with an asset each; a list for one asset; one change without a list. */
static void changes_whole(struct pm_ws_parser *p, const struct gathered *g) {
    struct pm_ws_event *ev = &p->ev;
    if (!known(g, F_CHANGES)) {
        struct pm_change *c = p->changes = xgrow(p->changes, &p->cap_changes, 1, sizeof *c);
        bool buys;
        *c = (struct pm_change){.asset = g->v[F_ASSET], .hash = g->v[F_HASH], .best_bid = {PM_PX_UNKNOWN}, .best_ask = {PM_PX_UNKNOWN}};
        px_of(p, &g->v[F_PRICE], &c->px);
        size_of(p, &g->v[F_SIZE], &c->size);
        side_of(p, &g->v[F_SIDE], &buys);
        c->side = buys ? BOOK_BID : BOOK_ASK;
        ev->n_changes = 1;
    }
    for (int i = 0; i < ev->n_changes; i++) {
        struct pm_change *c = &p->changes[i];
        if (!c->asset.p)
            c->asset = g->v[F_ASSET];
        if (!c->hash.p)
            c->hash = g->v[F_HASH];
        if (!c->asset.p)
            bad(p, "a change without its asset");
    }
    ev->changes = p->changes;
}

static void assets_read(struct pm_ws_parser *p, const struct json_text *list) {
    struct json_reader r;
    struct json_text v;
    enum json_kind kind;
    if (!list->p)
        return;
    json_reader_init(&r, list->p, list->len);
    if (!json_enter(&r, JSON_KIND_ARRAY))
        return;
    for (int i = 0; json_element(&r) && json_value(&r, &kind, &v); i++)
        if (i < 2 && kind == JSON_KIND_STRING && !v.escaped)
            p->ev.assets[i] = v;
}

static void trade_whole(struct pm_ws_parser *p, const struct gathered *g) {
    if (!known(g, F_ASSET))
        bad(p, "a trade without its asset");
    px_of(p, &g->v[F_PRICE], &p->ev.px);
    size_of(p, &g->v[F_SIZE], &p->ev.size);
    side_of(p, &g->v[F_SIDE], &p->ev.buys);
}

static void tick_whole(struct pm_ws_parser *p, const struct gathered *g) {
    if (!known(g, F_ASSET) || !known(g, F_NEW_TICK) || g->v[F_NEW_TICK].len == 0)
        bad(p, "a change of tick without its asset or the new tick");
    decimal(p, &g->v[F_NEW_TICK], 1, DEC_ONE, &p->ev.tick_micro);
}

static void best_whole(struct pm_ws_parser *p, const struct gathered *g) {
    if (!known(g, F_ASSET))
        bad(p, "best prices without their asset");
    best_of(p, &g->v[F_BEST_BID], &p->ev.best_bid);
    best_of(p, &g->v[F_BEST_ASK], &p->ev.best_ask);
}

static void market_whole(struct pm_ws_parser *p, const struct gathered *g) {
    if (!known(g, F_MARKET))
        bad(p, "news of a market that is not named");
    assets_read(p, &g->v[F_ASSETS]);
    p->ev.tags = g->v[F_TAGS];
    p->ev.winner = g->v[F_WINNER];
}

static void event_whole(struct pm_ws_parser *p, const struct gathered *g) {
    static void (*const whole[])(struct pm_ws_parser *, const struct gathered *) = {
        [PM_WS_BOOK] = book_whole, [PM_WS_CHANGES] = changes_whole, [PM_WS_TRADE] = trade_whole, [PM_WS_TICK] = tick_whole,
        [PM_WS_BEST] = best_whole, [PM_WS_NEW] = market_whole,      [PM_WS_RESOLVED] = market_whole,
    };
    struct pm_ws_event *ev = &p->ev;
    ev->asset = g->v[F_ASSET];
    ev->market = g->v[F_MARKET];
    ev->hash = g->v[F_HASH];
    ev->timestamp = g->v[F_TIMESTAMP];
    ev->transaction = g->v[F_TRANSACTION];
    ev->kind = kind_of(g);
    if (ev->kind == PM_WS_OTHER)
        return;
    timestamp_of(p, &g->v[F_TIMESTAMP], &ev->at_ms);
    whole[ev->kind](p, g);
    if (p->bad)
        ev->kind = PM_WS_BAD;
}

static bool object_read(struct pm_ws_parser *p) {
    struct gathered g = {.seen = 0};
    struct json_text key;
    p->ev = (struct pm_ws_event){.neg_risk = -1, .best_bid = {PM_PX_UNKNOWN}, .best_ask = {PM_PX_UNKNOWN}};
    p->bad = NULL;
    if (!json_enter(&p->r, JSON_KIND_OBJECT))
        return false;
    while (json_member(&p->r, &key)) {
        int f = FIND(fields, &key);
        bool good = f == F_BIDS || f == F_ASKS ? levels_read(p, &g, f) : f == F_CHANGES ? changes_read(p, &g) : gather(p, &g, f);
        if (!good)
            return false;
    }
    if (p->r.what)
        return false;
    event_whole(p, &g);
    return true;
}

bool pm_ws_open(struct pm_ws_parser *p, const char *text, size_t len) {
    json_reader_init(&p->r, text, len);
    enum json_kind kind = json_peek(&p->r);
    p->what[0] = 0;
    p->list = kind == JSON_KIND_ARRAY;
    p->open = p->list || kind == JSON_KIND_OBJECT;
    if (p->list)
        json_enter(&p->r, JSON_KIND_ARRAY);
    return p->open;
}

const struct pm_ws_event *pm_ws_next(struct pm_ws_parser *p) {
    if (!p->open)
        return NULL;
    if (p->list ? json_element(&p->r) && object_read(p) : p->r.depth == 0 && object_read(p)) {
        p->open = p->list;
        if (p->ev.kind == PM_WS_BAD)
            snprintf(p->what, sizeof p->what, "%s", p->bad);
        if (p->open || json_done(&p->r))
            return &p->ev;
    }
    p->open = false;
    if (!p->r.what)
        json_done(&p->r);
    if (p->r.what)
        snprintf(p->what, sizeof p->what, "%s", p->r.what);
    return NULL;
}

void pm_ws_parser_free(struct pm_ws_parser *p) {
    free(p->levels[0]);
    free(p->levels[1]);
    free(p->changes);
    *p = (struct pm_ws_parser){.open = false};
}
