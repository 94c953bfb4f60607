/* What Polymarket sends of markets: whatever comes, the readers stay inside of it, agree with the strict parse on what is JSON, and what they give
 * out is sound: prices inside of (0, 1), sizes not below nothing, texts that can be printed. First byte: which reader. */
#include "fuzz.h"

#include "turret/base/utf8.h"
#include "turret/market/book.h"
#include "turret/market/candle.h"
#include "venue/polymarket/market/pm_parse.h"

static void check_text(const char *s, size_t cap) {
    MUST(strnlen(s, cap) < cap);
    char clean[512];
    MUST(strlen(s) < sizeof clean && utf8_sanitise(clean, sizeof clean, s, strlen(s)) == strlen(s) && !strcmp(clean, s));
}

static void check_listing(const struct pm_listing *l) {
    struct pm_listing named = *l;
    pm_listing_name(&named, VENUE_POLYMARKET);
    const struct market *m = &named.pm.m;
    check_text(m->title, sizeof m->title);
    check_text(m->category, sizeof m->category);
    check_text(l->pm.outcome[0], sizeof l->pm.outcome[0]);
    check_text(l->pm.outcome[1], sizeof l->pm.outcome[1]);
    MUST(strlen(m->native) == 66 && m->symbol[0] && strlen(m->symbol) < MARKET_SYMBOL_MAX);
    for (const char *c = m->symbol; *c; c++)
        MUST(*c > ' ' && *c <= '~');
    MUST(m->status <= MARKET_RESOLVED && (m->status == MARKET_RESOLVED) == (m->outcome != OUTCOME_NONE));
    MUST(m->taker_ppm >= 0 && m->taker_ppm <= 1000000 && m->min_size.micro >= 0);
    if (!l->ready)
        return;
    MUST(m->tick.micro > 0 && m->min_price.micro == m->tick.micro && m->max_price.micro == DEC_ONE - m->tick.micro);
    MUST(l->pm.token[0][0] && l->pm.token[1][0]);
}

static bool each(void *ctx, const struct pm_listing *l, const char *why) {
    (void)ctx;
    if (l)
        check_listing(l);
    else
        MUST(why[0]);
    return true;
}

static void check_level(const struct level *l) { MUST(l->px.micro > 0 && l->px.micro < DEC_ONE && l->size.micro >= 0); }
static void inside(const struct json_text *t, const uint8_t *data, size_t len) { MUST(!t->p || ((const uint8_t *)t->p >= data && (const uint8_t *)t->p + t->len <= data + len)); }

static void check_event(const struct pm_ws_event *e, const uint8_t *data, size_t len) {
    const struct json_text *texts[] = {&e->asset, &e->market, &e->hash, &e->timestamp, &e->transaction, &e->bids_text, &e->asks_text, &e->assets[0], &e->assets[1], &e->tags, &e->winner};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        inside(texts[i], data, len);
    if (e->kind == PM_WS_BOOK) {
        char raw[41], own[41];
        struct pm_summary s;
        struct book *b = book_new();
        for (int i = 0; i < e->n_bids; i++) {
            check_level(&e->bids[i]);
            book_set(b, BOOK_BID, e->bids[i].px, e->bids[i].size);
        }
        for (int i = 0; i < e->n_asks; i++) {
            check_level(&e->asks[i]);
            book_set(b, BOOK_ASK, e->asks[i].px, e->asks[i].size);
        }
        MUST(e->n_bids + e->n_asks <= PM_LEVELS_MAX && e->asset.p);
        if (pm_book_hash_raw(e, raw))
            MUST(strlen(raw) == 40);
        if (pm_summary_of(e, &s)) {
            pm_book_hash(&s, "1", b, own);
            MUST(strlen(own) == 40);
        }
        book_free(b);
    }
    for (int i = 0; e->kind == PM_WS_CHANGES && i < e->n_changes; i++) {
        const struct pm_change *c = &e->changes[i];
        inside(&c->asset, data, len);
        MUST(c->asset.p && c->px.micro > 0 && c->px.micro < DEC_ONE && c->size.micro >= 0 && c->side <= BOOK_ASK);
        MUST(c->best_bid.micro >= PM_PX_UNKNOWN && c->best_bid.micro < DEC_ONE && c->best_ask.micro >= PM_PX_UNKNOWN && c->best_ask.micro < DEC_ONE);
    }
    if (e->kind == PM_WS_TRADE)
        MUST(e->px.micro > 0 && e->px.micro < DEC_ONE && e->size.micro >= 0 && e->asset.p);
    if (e->kind == PM_WS_TICK)
        MUST(e->tick_micro > 0 && e->asset.p);
}

static void stream(const uint8_t *data, size_t len) {
    static struct pm_ws_parser p;
    const struct pm_ws_event *e;
    struct json_err err;
    struct cJSON *doc = NULL;
    bool all = pm_ws_open(&p, (const char *)data, len);
    int n = 0;
    while (all && (e = pm_ws_next(&p))) {
        check_event(e, data, len);
        MUST(e->kind != PM_WS_BAD || p.what[0]);
        n++;
    }
    /* What was read to its end is JSON for the strict parse too. */
    if (all && !p.r.what) {
        MUST(json_parse((const char *)data, len, 1 << 20, &doc, &err));
        json_free(doc);
    }
    MUST(n == 0 || all);
}

static void reader(const uint8_t *data, size_t len) {
    struct json_reader r;
    struct json_err err;
    struct cJSON *doc = NULL;
    json_reader_init(&r, (const char *)data, len);
    bool ours = json_skip(&r) && json_done(&r), theirs = json_parse((const char *)data, len, 1 << 20, &doc, &err);
    MUST(ours || r.what);
    MUST(!ours || theirs); /* nothing passes here that the tree refuses */
    json_free(doc);
}

int LLVMFuzzerTestOneInput(const uint8_t *all, size_t len) {
    static struct candle candles[64];
    struct json_err err;
    struct cJSON *doc = NULL;
    struct pm_listing l;
    struct pm_page page;
    char text[PM_CONDITION_MAX], id[24];
    int64_t tick;
    int n;
    if (len < 2)
        return 0;
    const uint8_t *data = all + 1;
    len--;
    switch (all[0] % 8) {
    case 0:
    case 1: stream(data, len); return 0;
    case 2: reader(data, len); return 0;
    default: break;
    }
    if (!json_parse((const char *)data, len, 1 << 20, &doc, &err))
        return 0;
    struct json root = json_root(doc, &err);
    switch (all[0] % 8) {
    case 3:
    case 4:
        if (pm_parse_listings(&root, each, NULL, &page))
            check_text(page.cursor[0] ? "" : page.cursor, sizeof page.cursor);
        break;
    case 5:
        if (pm_parse_clob_market(&root, &l)) {
            check_listing(&l);
            if (pm_parse_clob_short(&root, &l))
                check_listing(&l);
        }
        break;
    case 6:
        memset(&l, 0, sizeof l);
        if (pm_parse_clob_short(&root, &l))
            MUST(l.pm.m.tick.micro > 0);
        break;
    default:
        if (pm_parse_history(&root, 300, candles, 64, &n)) {
            MUST(n >= 0 && n <= 64);
            for (int i = 0; i < n; i++)
                MUST(candles[i].low.micro > 0 && candles[i].low.micro <= candles[i].open.micro && candles[i].high.micro >= candles[i].close.micro && (i == 0 || candles[i].start_us > candles[i - 1].start_us));
        }
        err.set = false;
        pm_parse_tick(&root, &tick);
        err.set = false;
        pm_parse_token_market(&root, text);
        err.set = false;
        pm_parse_tag(&root, id);
    }
    json_free(doc);
    return 0;
}
