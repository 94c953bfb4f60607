/* turret venue search: markets by words, by their condition id, or the most traded ones; those that can be traded first. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "turret/base/mem.h"
#include "venue/polymarket/market/pm_parse.h"
#include "venue/polymarket/tool/pm_tool.h"

enum { MOST = 200, PAGE = 100 };

struct pm_search {
    struct pm_tool t;
    char *query;
    int max;
    pm_found_fn *found;
    pm_end_fn *end;
    void *ctx;
    struct http_handle http;
    bool asking, by_slug /* the second try */, old_list /* by offset: the venue has no other */, listing;
    struct pm_found *list;
    int n;
};

static bool take(void *ctx, const struct pm_listing *l, const char *why) {
    struct pm_search *s = ctx;
    (void)why;
    if (!l || s->n == MOST)
        return s->n < MOST;
    struct pm_listing x = *l;
    struct pm_found *f = &s->list[s->n++];
    pm_listing_name(&x, VENUE_POLYMARKET);
    *f = (struct pm_found){.bid = x.bid, .ask = x.ask, .volume_24h = x.volume_24h, .closes_us = x.pm.m.closes_us, .open = !x.closed && !x.dark && (x.lacks || (x.ready && x.pm.m.status == MARKET_OPEN))};
    str_copy(f->slug, sizeof f->slug, x.pm.slug);
    str_copy(f->title, sizeof f->title, x.pm.m.title);
    str_copy(f->symbol, sizeof f->symbol, x.pm.m.symbol);
    return true;
}

/* Tells what was found, open ones first, in the venue's order. */
static void tell(struct pm_search *s) {
    bool gone = false;
    int told = 0;
    char text[80];
    s->t.gone = &gone;
    for (int closed = 0; closed < 2; closed++)
        for (int i = 0; i < s->n && told < s->max; i++)
            if (s->list[i].open == !closed) {
                told++;
                s->found(s->ctx, &s->list[i]);
                if (gone)
                    return;
            }
    s->found(s->ctx, NULL);
    if (gone)
        return;
    snprintf(text, sizeof text, told ? "%d found" : "nothing was found", told);
    s->t.gone = NULL;
    s->end(s->ctx, told ? ERR_OK : ERR_NOT_FOUND, text);
}

static void ask(struct pm_search *s);

static void answered(void *ctx, const struct http_answer *a) {
    struct pm_search *s = ctx;
    struct pm_error e;
    struct json_err err = {0};
    struct cJSON *doc = NULL;
    struct pm_page page;
    s->asking = false;
    pm_error_of(PM_OP_READ, a, &e);
    if (s->listing && !s->old_list && pm_absent(a)) {
        s->old_list = true;
        ask(s);
        return;
    }
    bool missing = s->by_slug && a->err == ERR_OK && (a->status == 404 || a->status == 422);
    if (e.err == ERR_OK && !json_parse(a->body, a->body_len, HTTP_BODY_MAX, &doc, &err)) {
        e.err = ERR_PROVIDER;
        snprintf(e.text, sizeof e.text, "the venue's answer can't be read");
    }
    if (e.err != ERR_OK && !missing) {
        s->end(s->ctx, e.err, e.text);
        return;
    }
    if (doc) {
        struct json root = json_root(doc, &err);
        pm_parse_listings(&root, take, s, &page);
    }
    json_free(doc);
    if (s->n == 0 && !s->by_slug && s->query[0] && !strchr(s->query, ' ')) {
        s->by_slug = true; /* words that are a name */
        ask(s);
    } else {
        tell(s);
    }
}

static void ask(struct pm_search *s) {
    struct str url = {0};
    char condition[PM_CONDITION_MAX];
    const char *list = s->old_list ? "/markets" : "/markets/keyset";
    s->listing = false;
    str_add(&url, s->t.hosts.gamma);
    if (s->by_slug) {
        str_add(&url, "/markets/slug/");
        pm_tool_encode(&url, s->query);
    } else if (!s->query[0]) {
        s->listing = true;
        str_addf(&url, "%s?limit=%d&closed=false&order=volume24hr&ascending=false", list, s->max < PAGE ? s->max : PAGE);
    } else if (pm_condition_parse(s->query, strlen(s->query), condition)) {
        s->listing = true;
        str_addf(&url, "%s?limit=1&condition_ids=%s", list, condition);
    } else {
        str_add(&url, "/public-search?q=");
        pm_tool_encode(&url, s->query);
        str_addf(&url, "&limit_per_type=%d", s->max < 50 ? s->max : 50);
    }
    s->asking = true;
    s->http = http_send(&(struct http_request){.url = url.p, .timeout_ms = 15000}, answered, s);
    str_free(&url);
}

static void begin(void *ctx) { ask(ctx); }

struct pm_search *pm_search_start(const struct pm_hosts *h, const char *query, int max, pm_found_fn *found, pm_end_fn *end, void *ctx) {
    struct pm_search *s = xcalloc(1, sizeof *s);
    while (*query == ' ')
        query++;
    s->query = xstrdup(query);
    for (size_t n = strlen(s->query); n > 0 && s->query[n - 1] == ' ';)
        s->query[--n] = 0;
    s->max = max < 1 ? 20 : max > MOST ? MOST : max;
    s->found = found;
    s->end = end;
    s->ctx = ctx;
    s->list = xcalloc(MOST, sizeof *s->list);
    pm_tool_open(&s->t, h, NULL, 0, begin, s);
    return s;
}

void pm_search_free(struct pm_search *s) {
    if (!s)
        return;
    if (s->asking)
        http_cancel(s->http);
    pm_tool_close(&s->t);
    free(s->list);
    free(s->query);
    free(s);
}
