/* The market as a run sees it from start to end, and the shared cache of the texts about it: built once in two minutes for all who ask. */
#include <stdlib.h>
#include <string.h>

#include "agent/prompt_parts.h"
#include "turret/base/mem.h"

void library_cache_drop(struct library *l) {
    for (size_t i = 0; i < l->cache.count; i++)
        free(l->cache.texts[i].text);
    l->cache.count = 0;
    l->cache.built_us = 0;
}

static bool fresh(const struct library *l, int64_t now_us) {
    int64_t age = now_us - l->cache.built_us;
    return l->cache.built_us != 0 && age >= 0 && age < SNAPSHOT_TTL_US;
}

void library_cache_status(const struct library *l, int64_t now_us, struct cache_status *out) {
    bool ok = fresh(l, now_us);
    *out = (struct cache_status){.cached = ok, .age_us = ok ? now_us - l->cache.built_us : 0, .hits = l->cache.hits, .misses = l->cache.misses};
}

static const char *cached_text(struct library *l, const struct desk *view, market_id id, int64_t now_us, bool *built) {
    struct intel_cache *c = &l->cache;
    struct view_market k;
    struct str s;
    for (size_t i = 0; i < c->count; i++)
        if (c->texts[i].market == id)
            return c->texts[i].text;
    if (!view_market(view, id, &k))
        return "";
    str_init(&s);
    market_text_write(view, &k, now_us, &s);
    c->texts = xgrow(c->texts, &c->cap, c->count + 1, sizeof *c->texts);
    c->texts[c->count++] = (struct market_text){id, xstrdup(s.p)};
    str_free(&s);
    *built = true;
    return c->texts[c->count - 1].text;
}

/* Held ones first, then perpetuals, then by volume: where a prompt has no room for all, these are in it. */
struct rank { struct snapshot_market m; bool held, perp; int64_t volume; };
static int by_rank(const void *a, const void *b) {
    const struct rank *x = a, *y = b;
    if (x->held != y->held)
        return x->held ? -1 : 1;
    if (x->perp != y->perp)
        return x->perp ? -1 : 1;
    if (x->volume != y->volume)
        return x->volume > y->volume ? -1 : 1;
    return x->m.id < y->m.id ? -1 : x->m.id > y->m.id;
}

static void take_markets(const struct desk *view, const struct model *m, struct run_snapshot *s) {
    struct rank *list = NULL;
    size_t n = 0, cap = 0;
    for (int i = 0; i < view_market_count(view); i++) {
        struct view_market k;
        if (!view_market_at(view, i, &k))
            continue;
        bool held = view_position_of(view, m->account, k.m->id) != NULL;
        if (!held && (k.m->status != MARKET_OPEN || !model_may_trade(m, k.m)))
            continue;
        list = xgrow(list, &cap, n + 1, sizeof *list);
        list[n++] = (struct rank){{k.m->id, k.mark, k.bid, k.ask, k.book_us, k.stale}, held, k.m->kind == MARKET_PERP, k.volume_day.micro};
    }
    if (n > 1)
        qsort(list, n, sizeof *list, by_rank);
    s->markets = xcalloc(n ? n : 1, sizeof *s->markets);
    s->market_count = (int)n;
    for (size_t i = 0; i < n; i++)
        s->markets[i] = list[i].m;
    free(list);
}

struct run_snapshot *snapshot_take(struct library *l, const struct desk *view, const struct model *m, int64_t now_us) {
    struct run_snapshot *s = xcalloc(1, sizeof *s);
    struct str text;
    bool built = false;
    s->at_us = now_us;
    take_markets(view, m, s);
    if (!fresh(l, now_us)) {
        library_cache_drop(l);
        l->cache.built_us = now_us;
    }
    str_init(&text);
    str_add(&text, s->market_count == 0 ? "No market is open to you." : "");
    for (int i = 0; i < s->market_count && i < PROMPT_MARKETS; i++) {
        str_add(&text, i > 0 ? "\n" : "");
        str_add(&text, cached_text(l, view, s->markets[i].id, now_us, &built));
    }
    if (s->market_count > PROMPT_MARKETS)
        str_addf(&text, "\n%d more markets are not shown here: see the markets tool.\n", s->market_count - PROMPT_MARKETS);
    *(built ? &l->cache.misses : &l->cache.hits) += 1;
    s->intelligence = xstrdup(text.p);
    str_free(&text);
    return s;
}

void snapshot_free(struct run_snapshot *s) {
    if (!s)
        return;
    free(s->markets);
    free(s->intelligence);
    free(s);
}
