/* Which markets are listed: the most traded open ones, and what words name (slugs, tags, searches, condition ids). Each word is a little machine that
 * asks page by page, and asks again every few minutes: new markets come, old ones close. Markets that no listing tells of any more are asked after. */
#include <stdio.h>
#include <stdlib.h>

#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/io/loop.h"
#include "venue/polymarket/market/pm_data.h"

#define FAILED_US (15 * PM_SECOND)
#define PAGE 25             /* small pages: one is read within a loop turn */
#define WORD_MOST 60        /* markets of one tag or search */
#define TOP_MOST 2000
#define POLL_MANY 15

enum kind { WORD_TOP, WORD_TAG, WORD_SEARCH, WORD_SLUG, WORD_CONDITION };
enum step { STEP_START, STEP_PAGES, STEP_EVENT };
struct word {
    struct word *next;
    struct pm_discover *x;
    enum kind kind;
    enum step step;
    char text[160], tag[24], cursor[160];
    int most, taken, seen, pages;
    bool busy, once /* a person asked: gone when answered */, tried, told;
    int64_t next_us;
    char why[80]; /* the last one that could not be taken */
};
struct pm_discover {
    struct pm_data *d;
    struct word *words;
    int64_t poll_us;
    bool polling;
    struct pm_entry *polled[POLL_MANY];
    int n_polled;
};

/* --- words -------------------------------------------------------------------------------------------------------------------------------- */
static struct word *word_new(struct pm_discover *x, enum kind kind, const char *text, int most, bool once) {
    struct word *w = xcalloc(1, sizeof *w), **at = &x->words;
    *w = (struct word){.x = x, .kind = kind, .most = most, .once = once};
    str_copy(w->text, sizeof w->text, text);
    while (*at)
        at = &(*at)->next;
    return *at = w;
}

static void word_free(struct word *w) {
    struct word **at = &w->x->words;
    while (*at != w)
        at = &(*at)->next;
    *at = w->next;
    pm_rest_drop(w->x->d->rest, w);
    pm_needs_drop(w->x->d->needs, w);
    free(w);
}

/* "https://polymarket.com/event/some-event/some-market?tid=1" names the market, without it the event. */
static void last_of_address(char *text) {
    char *cut = strpbrk(text, "?#");
    if (cut)
        *cut = 0;
    size_t n = strlen(text);
    while (n > 0 && text[n - 1] == '/')
        text[--n] = 0;
    char *slash = strrchr(text, '/');
    if (slash)
        memmove(text, slash + 1, strlen(slash));
}

static struct word *word_of(struct pm_discover *x, const char *given, bool once) {
    char text[160], own[PM_CONDITION_MAX];
    while (*given == ' ' || *given == '\t' || *given == '\n')
        given++;
    str_copy(text, sizeof text, given);
    for (size_t n = strlen(text); n > 0 && (text[n - 1] == ' ' || text[n - 1] == '\t' || text[n - 1] == '\n'); n--)
        text[n - 1] = 0;
    if (!text[0])
        return NULL;
    if (!strncmp(text, "tag:", 4))
        return word_new(x, WORD_TAG, text + 4, WORD_MOST, once);
    if (!strncmp(text, "search:", 7))
        return word_new(x, WORD_SEARCH, text + 7, WORD_MOST, once);
    if (strstr(text, "://"))
        last_of_address(text);
    if (pm_condition_parse(text, strlen(text), own))
        return word_new(x, WORD_CONDITION, own, 1, once);
    return word_new(x, WORD_SLUG, text, WORD_MOST * 2, once);
}

struct pm_discover *pm_discover_new(struct pm_data *d, const struct pm_markets_cfg *m) {
    struct pm_discover *x = xcalloc(1, sizeof *x);
    x->d = d;
    if (m->top > 0)
        word_new(x, WORD_TOP, "", m->top < TOP_MOST ? m->top : TOP_MOST, false);
    for (const char *p = m->words ? m->words : "", *end; *p; p = *end ? end + 1 : end) {
        char one[160];
        end = strchr(p, ',') ? strchr(p, ',') : p + strlen(p);
        snprintf(one, sizeof one, "%.*s", (int)(end - p), p);
        word_of(x, one, false);
    }
    return x;
}

void pm_discover_free(struct pm_discover *x) {
    if (!x)
        return;
    while (x->words)
        word_free(x->words);
    pm_rest_drop(x->d->rest, x);
    free(x);
}

bool pm_discover_idle(const struct pm_discover *x) {
    for (const struct word *w = x->words; w; w = w->next)
        if (!w->tried && !w->once)
            return false;
    return true;
}

bool pm_discover_wants_tag(const struct pm_discover *x, const struct json_text *tags) {
    char quoted[170];
    for (const struct word *w = x->words; tags->p && w; w = w->next)
        if (w->kind == WORD_TAG && snprintf(quoted, sizeof quoted, "\"%s\"", w->text) > 2 && memmem(tags->p, tags->len, quoted, strlen(quoted)))
            return true;
    return false;
}

/* --- a word's end ---------------------------------------------------------------------------------------------------------------------------- */
static void word_done(struct word *w, enum err e, const char *why) {
    struct pm_data *d = w->x->d;
    const char *name = w->kind == WORD_TOP ? "the most traded markets" : w->text;
    w->busy = false;
    w->tried = true;
    w->step = STEP_START;
    w->cursor[0] = 0;
    if (e == ERR_OK && w->taken == 0 && (w->kind != WORD_TOP || w->seen > 0)) {
        e = ERR_NOT_FOUND;
        why = w->seen && w->why[0] ? w->why : w->seen ? "nothing there is open for trading" : "not found";
    }
    if (w->once && e != ERR_OK)
        pm_note(d, NOTICE_WARN, "Polymarket: %.60s: %s", name, why);
    else if (w->once)
        pm_note(d, NOTICE_INFO, "Polymarket: %.60s: %d market%s listed", name, w->taken, w->taken == 1 ? "" : "s");
    else if (e != ERR_OK && !w->told)
        pm_note(d, NOTICE_WARN, "Polymarket: %.60s: %s; it is asked for again", name, why);
    w->told = e != ERR_OK;
    if (w->once) {
        word_free(w);
        return;
    }
    w->next_us = clock_now_us() + (e == ERR_OK || e == ERR_NOT_FOUND ? d->pace.again_us : FAILED_US);
}

/* --- pages ----------------------------------------------------------------------------------------------------------------------------------- */
static bool on_listing(void *ctx, const struct pm_listing *l, const char *why) {
    struct word *w = ctx;
    struct pm_data *d = w->x->d;
    struct pm_entry *e;
    w->seen++;
    if (!l) {
        str_copy(w->why, sizeof w->why, why);
        return true;
    }
    switch (pm_table_take(d, l, w->kind == WORD_SLUG && w->once, clock_now_us(), &e)) {
    case PM_TAKEN: w->taken++; break;
    case PM_NO_FEE: /* asked for one by one; counts as taken */
        pm_needs_add(d->needs, l->pm.m.native, false, NULL, NULL);
        w->taken++;
        break;
    case PM_NOT_READY:
        str_copy(w->why, sizeof w->why, l->why);
        if (l->lacks || (w->kind == WORD_SLUG && l->pm.accepting))
            pm_needs_add(d->needs, l->pm.m.native, false, NULL, NULL);
        w->taken += l->lacks != 0; /* asked for one by one, as above */
        break;
    case PM_NO_BOOK: str_copy(w->why, sizeof w->why, "it has no order book"); break;
    case PM_OVER: str_copy(w->why, sizeof w->why, "it is closed"); break;
    }
    return w->taken < w->most;
}

static void word_step(struct word *w);

static void on_page(void *ctx, const struct pm_got *g) {
    struct word *w = ctx;
    struct pm_page page = {.cursor = ""};
    if (g->err == ERR_NOT_FOUND && w->kind == WORD_SLUG && w->step == STEP_START) { /* no market of that name: an event? */
        w->step = STEP_EVENT;
        word_step(w);
        return;
    }
    if (g->err != ERR_OK) {
        word_done(w, g->err, g->err == ERR_NOT_FOUND ? "not found" : g->why);
        return;
    }
    if (!pm_parse_listings(g->root, on_listing, w, &page)) {
        word_done(w, ERR_FAILED, "the listing can't be read");
        return;
    }
    const bool pages = w->kind == WORD_TOP || w->kind == WORD_TAG;
    if (pages && g->old_list && page.markets + page.bad >= PAGE)
        snprintf(page.cursor, sizeof page.cursor, "%d", (w->pages + 1) * PAGE);
    if (pages && page.cursor[0] && strcmp(page.cursor, w->cursor) != 0 && w->taken < w->most && ++w->pages < w->most / PAGE * 4 + 4) {
        str_copy(w->cursor, sizeof w->cursor, page.cursor);
        word_step(w);
        return;
    }
    word_done(w, ERR_OK, "");
}

static void on_tag(void *ctx, const struct pm_got *g) {
    struct word *w = ctx;
    if (g->err != ERR_OK || !pm_parse_tag(g->root, w->tag)) {
        word_done(w, g->err == ERR_OK ? ERR_FAILED : g->err, g->err == ERR_NOT_FOUND ? "no such tag" : g->why[0] ? g->why : "the tag can't be read");
        return;
    }
    w->step = STEP_PAGES;
    word_step(w);
}

static void on_condition(void *ctx, const struct pm_market *m) {
    struct word *w = ctx;
    w->taken += m != NULL;
    word_done(w, ERR_OK, "");
}

static void word_step(struct word *w) {
    struct pm_data *d = w->x->d;
    struct str path = {0};
    enum pm_lane lane = PM_LANE_MARKETS;
    pm_got_fn *got = on_page;
    if (w->kind == WORD_TOP || (w->kind == WORD_TAG && w->step == STEP_PAGES)) {
        str_addf(&path, "/markets/keyset?closed=false&limit=%d&order=volume24hr&ascending=false&include_tag=true", PAGE);
        if (w->kind == WORD_TAG)
            str_addf(&path, "&tag_id=%s&related_tags=true", w->tag);
        if (w->cursor[0]) {
            str_add(&path, "&after_cursor=");
            pm_url_add(&path, w->cursor);
        }
    } else if (w->kind == WORD_TAG) {
        lane = PM_LANE_TAGS;
        got = on_tag;
        str_add(&path, "/tags/slug/");
        pm_url_add(&path, w->text);
    } else if (w->kind == WORD_SEARCH) {
        lane = PM_LANE_SEARCH;
        str_add(&path, "/public-search?limit_per_type=10&q=");
        pm_url_add(&path, w->text);
    } else {
        lane = w->step == STEP_EVENT ? PM_LANE_EVENTS : PM_LANE_MARKETS;
        str_add(&path, w->step == STEP_EVENT ? "/events/slug/" : "/markets/slug/");
        pm_url_add(&path, w->text);
    }
    pm_rest_ask(d->rest, &(struct pm_ask){.lane = lane, .path = path.p, .tries = 4, .first = w->once}, got, w);
    str_free(&path);
}

static void word_start(struct word *w) {
    w->busy = true;
    w->step = STEP_START;
    w->taken = w->seen = w->pages = 0;
    w->cursor[0] = w->why[0] = 0;
    if (w->kind == WORD_CONDITION)
        pm_needs_add(w->x->d->needs, w->text, false, on_condition, w); /* may answer, and free it, at once */
    else
        word_step(w);
}

void pm_discover_list(struct pm_discover *x, const char *what) {
    struct word *w = word_of(x, what, true);
    if (w)
        word_start(w);
    else
        pm_note(x->d, NOTICE_WARN, "Polymarket: which market? A slug, an address of the site, a condition id, tag:NAME or search:WORDS");
}

/* --- is it over? ---------------------------------------------------------------------------------------------------------------------------------- */
static bool on_polled(void *ctx, const struct pm_listing *l, const char *why) {
    struct pm_discover *x = ctx;
    struct pm_entry *e;
    (void)why;
    if (l)
        pm_table_take(x->d, l, false, clock_now_us(), &e);
    return true;
}

static void on_closed_ones(void *ctx, const struct pm_got *g) {
    struct pm_discover *x = ctx;
    struct pm_page page;
    x->polling = false;
    if (g->err == ERR_OK)
        pm_parse_listings(g->root, on_polled, x, &page);
    for (int i = 0; g->err != ERR_OK && i < x->n_polled; i++)
        x->polled[i]->polled_us = 0; /* soon again */
}

/* How long it may be left alone: what is held and should be over is asked after often. */
static int64_t patience(const struct pm_entry *e, int64_t now_us) {
    const int64_t quiet = e->d->pace.poll_quiet_us;
    const bool late = e->pm.m.status == MARKET_CLOSED || (e->pm.m.closes_us && e->pm.m.closes_us < now_us);
    return e->needed && late ? quiet / 5 : late || e->needed ? quiet : quiet * 2;
}

static void poll_closed(struct pm_discover *x, int64_t now_us) {
    const struct pm_table *t = &x->d->table;
    struct str path = {0};
    x->n_polled = 0;
    str_addf(&path, "/markets/keyset?closed=true&limit=%d", POLL_MANY);
    for (size_t i = 0; i < t->n && x->n_polled < POLL_MANY; i++) {
        struct pm_entry *e = t->list[i];
        const int64_t since = e->seen_us > e->polled_us && e->pm.m.status < MARKET_CLOSED ? e->seen_us : e->polled_us;
        if (e->pm.m.status == MARKET_RESOLVED || now_us - since < patience(e, now_us))
            continue;
        e->polled_us = now_us;
        x->polled[x->n_polled++] = e;
        pm_query_condition(&path, e->pm.m.native);
    }
    if (x->n_polled) {
        x->polling = true;
        pm_rest_ask(x->d->rest, &(struct pm_ask){.lane = PM_LANE_MARKETS, .path = path.p, .tries = 2}, on_closed_ones, x);
    }
    str_free(&path);
}

void pm_discover_poll(struct pm_discover *x) { x->poll_us = 0; }

void pm_discover_run(struct pm_discover *x, int64_t now_us) {
    for (struct word *w = x->words, *next; w; w = next) {
        next = w->next;
        if (!w->busy && now_us >= w->next_us)
            word_start(w);
    }
    if (!x->polling && now_us >= x->poll_us) {
        x->poll_us = now_us + x->d->pace.poll_every_us;
        poll_closed(x, now_us);
    }
}
