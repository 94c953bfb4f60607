/* Following wallets (pm_activity.h). Each is read every second or two from a little before now, under a URL that changes with the second, as answers are
 * cached by URL; what was told already is remembered, what comes late is still within the overlap. */
#include "venue/polymarket/market/pm_activity.h"

#include <assert.h>
#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "turret/base/map.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/base/utf8.h"
#include "turret/io/loop.h"
#include "venue/polymarket/market/pm_activity_rows.h"
#include "venue/polymarket/tool/pm_tool.h"

enum {
    POLL_MS = 1500, STAGGER_MS = 130, FIRST_ROWS = 50, PAGE_ROWS = 500, PAGES_MAX = 20, WAITING_MAX = 20000,
    OVERLAP_S = 120, LONG_OVERLAP_S = 900, LONG_EVERY = 16, KEEP_S = 3600, FIRST_S = 2 * 86400, RETRY_POLLS = 7,
    BOOK_MS = 100, BOOK_MOST_MS = 5000,
    BACKOFF_MIN_MS = 2000, BACKOFF_MAX_MS = 60000,
};
#define SECOND_US 1000000LL

enum row_state { ROW_NEW, ROW_ASKED, ROW_LISTED /* for it */, ROW_KNOWN, ROW_LOST };
struct waiting { struct act_row r; struct waiting *next; struct wallet *w; int64_t since_us; uint8_t state, baseline, books /* how often its book was there */; };
struct told { uint64_t key; int64_t at_s; };

struct wallet {
    struct pm_activity *a;
    struct wallet *next;
    char address[WALLET_MAX];
    ev_timer timer, book;
    struct http_handle http;
    bool asking, older /* asked there */, first; /* the next read is the baseline */
    int64_t from_s;          /* what is older is told as baseline only */
    int64_t read_s;          /* when the last whole read began; 0 none */
    int64_t asked_us, start_s; /* of the read under way: our clock, and from when */
    int pages, failures;
    unsigned reads;
    struct act_row *rows;    /* of the read under way, newest first */
    size_t n, cap;
    struct map seen;         /* key -> when it may be told again (0 never) */
    struct told *told;
    size_t told_n, told_cap;
    struct waiting *head, **tail;
    size_t waits;
    bool draining, noted_row;
    int64_t lost_us;         /* when a market that can't be listed was noted last */
};

struct pm_activity {
    struct pm_data *data;
    const struct pm_hosts *hosts;
    struct event_sink sink;
    enum venue_id as;
    struct wallet *wallets;
    int count;
    struct rate rate;
    int64_t skew_us; /* their clock less ours */
    int64_t poll_ms;
    bool older; /* the venue has only the interface of before */
};

static void ask(struct wallet *w, const char *cursor);

static void timer_in(ev_timer *t, int64_t ms) {
    struct ev_loop *loop = loop_get();
    ev_timer_stop(loop, t);
    ev_now_update(loop);
    ev_timer_set(t, (double)(ms < 0 ? 0 : ms) / 1000., 0.);
    ev_timer_start(loop, t);
}

/* --- telling --- */

static void note(struct pm_activity *a, enum notice_level level, const char *text) {
    struct event ev;
    event_init(&ev, EVENT_NOTE, a->as, clock_now_us());
    ev.u.note.level = (int32_t)level;
    utf8_sanitise(ev.u.note.text, sizeof ev.u.note.text, text, strlen(text));
    a->sink.put(a->sink.ctx, &ev);
}
static void note_about(const struct wallet *w, enum notice_level level, const char *what, const char *more) {
    char text[NOTE_MAX * 2];
    snprintf(text, sizeof text, "trades of %.10s: %s%s%s", w->address, what, more[0] ? ": " : "", more);
    note(w->a, level, text);
}

static void tell(const struct wallet *w, const struct waiting *x, const struct pm_market *m, int outcome) {
    struct event ev;
    event_init(&ev, EVENT_TARGET_TRADE, w->a->as, clock_now_us());
    struct target_trade *t = &ev.u.target;
    str_copy(t->wallet, sizeof t->wallet, w->address);
    str_copy(t->trade, sizeof t->trade, x->r.trade);
    t->market = m->m.id;
    t->px = x->r.px;
    t->size = x->r.size;
    t->at_us = x->r.at_s * SECOND_US;
    t->side = outcome == 0 ? SIDE_YES : SIDE_NO;
    t->action = (uint8_t)x->r.action;
    t->baseline = x->baseline;
    w->a->sink.put(w->a->sink.ctx, &ev);
}

/* A market that young may be listed in a moment: the next reads bring the row again. */
static void lost(struct wallet *w, const struct waiting *x) {
    map_put(&w->seen, x->r.key, (uint64_t)(clock_mono_us() + w->a->poll_ms * 1000 * RETRY_POLLS));
    if (!x->baseline && clock_mono_us() - w->lost_us > 60 * SECOND_US) {
        note_about(w, NOTICE_WARN, "its market can't be listed (tried again for a while)", x->r.condition);
        w->lost_us = clock_mono_us();
    }
}

/* A market that was listed for this trade has no book yet, and without one nobody could follow: its first one is awaited, and that it was told. */
static bool book_awaited(struct wallet *w, struct waiting *x, const struct pm_market *m) {
    price bid, ask;
    int64_t at_us;
    if (x->baseline || m->m.status != MARKET_OPEN || clock_mono_us() - x->since_us > BOOK_MOST_MS * 1000)
        return false;
    x->books += pm_touch(w->a->data, m->m.id, &bid, &ask, &at_us);
    if (x->books >= (x->state == ROW_LISTED ? 2 : 1))
        return false;
    timer_in(&w->book, BOOK_MS);
    return true;
}

/* Tells what is known, up to the first trade whose market is still being fetched. */
static void drain(struct wallet *w) {
    if (w->draining || ev_is_active(&w->book))
        return;
    w->draining = true;
    for (struct waiting *x; (x = w->head) != NULL && x->state >= ROW_LISTED;) {
        int outcome = 0;
        const struct pm_market *m = x->state != ROW_LOST ? pm_market_by_token(w->a->data, x->r.token, &outcome) : NULL;
        if (m && book_awaited(w, x, m))
            break;
        if (m)
            tell(w, x, m, outcome);
        else
            lost(w, x);
        w->head = x->next;
        if (!w->head)
            w->tail = &w->head;
        w->waits--;
        free(x);
    }
    w->draining = false;
}

static void on_book(struct ev_loop *loop, ev_timer *t, int events) {
    (void)loop;
    (void)events;
    drain(t->data);
}

static void market_known(void *ctx, const struct pm_market *m) {
    struct waiting *x = ctx;
    x->state = m ? ROW_LISTED : ROW_LOST;
    drain(x->w);
}

static void append(struct wallet *w, const struct act_row *r, bool baseline) {
    struct waiting *x = xcalloc(1, sizeof *x);
    int outcome;
    x->r = *r;
    x->w = w;
    x->baseline = baseline;
    x->since_us = clock_mono_us();
    *w->tail = x;
    w->tail = &x->next;
    w->waits++;
    if (pm_market_by_token(w->a->data, r->token, &outcome)) {
        x->state = ROW_KNOWN;
    } else {
        x->state = ROW_ASKED;
        pm_market_need(w->a->data, r->condition, market_known, x); /* may answer at once, and x may be gone then */
    }
}

/* --- what was told --- */

static bool is_new(struct wallet *w, const struct act_row *r) {
    uint64_t again = 0;
    if (map_get(&w->seen, r->key, &again) && (again == 0 || clock_mono_us() < (int64_t)again))
        return false;
    if (again == 0) {
        w->told = xgrow(w->told, &w->told_cap, w->told_n + 1, sizeof *w->told);
        w->told[w->told_n++] = (struct told){r->key, r->at_s};
    }
    map_put(&w->seen, r->key, 0);
    return true;
}

/* Forgets what no read can bring again. */
static void forget(struct wallet *w, int64_t before_s) {
    size_t kept = 0;
    for (size_t i = 0; i < w->told_n; i++) {
        if (w->told[i].at_s >= before_s)
            w->told[kept++] = w->told[i];
        else
            map_del(&w->seen, w->told[i].key);
    }
    w->told_n = kept;
}

/* A whole read is in: rows newest first become trades oldest first, each told once. */
static void take_in(struct wallet *w) {
    act_rows_order(w->rows, w->n);
    for (size_t i = 0; i < w->n && w->waits < WAITING_MAX; i++)
        if (w->rows[i].at_s >= w->start_s && is_new(w, &w->rows[i]))
            append(w, &w->rows[i], w->first || w->rows[i].at_s < w->from_s);
    w->first = false;
    w->n = 0;
    drain(w);
}

/* --- reading --- */

static int64_t venue_s(const struct pm_activity *a) { return (clock_now_us() + a->skew_us) / SECOND_US; }

static void wake_in(struct wallet *w, int64_t ms) { timer_in(&w->timer, ms); }

static void failed(struct wallet *w, const char *what, int64_t retry_after_ms, bool later) {
    int64_t wait = BACKOFF_MIN_MS;
    for (int i = 0; i < w->failures && wait < BACKOFF_MAX_MS; i++)
        wait *= 2;
    if (++w->failures == 3)
        note_about(w, NOTICE_WARN, "can't be read", what);
    wait = wait > BACKOFF_MAX_MS || later ? BACKOFF_MAX_MS : wait;
    w->n = 0;
    wake_in(w, retry_after_ms > wait ? retry_after_ms : wait);
}

static void page_in(struct wallet *w, const struct act_page *page) {
    for (int i = 0; i < page->n; i++) {
        w->rows = xgrow(w->rows, &w->cap, w->n + 1, sizeof *w->rows);
        bool again = false; /* a list that moved on repeats rows on its next page */
        for (size_t k = w->n; k > 0 && !again && w->rows[k - 1].at_s <= page->rows[i].at_s; k--)
            again = w->rows[k - 1].key == page->rows[i].key;
        if (!again)
            w->rows[w->n++] = page->rows[i];
    }
    if (page->bad && !w->noted_row)
        note_about(w, NOTICE_WARN, "a row can't be read", page->why);
    w->noted_row |= page->bad > 0;
}

static void read_done(struct wallet *w) {
    if (w->failures >= 3)
        note_about(w, NOTICE_INFO, "read again", "");
    w->failures = 0;
    w->read_s = (w->asked_us + w->a->skew_us) / SECOND_US;
    if (w->first)
        w->from_s = w->read_s;
    take_in(w);
    forget(w, w->read_s - KEEP_S);
    int64_t share = (int64_t)w->a->count * 1000 / 20; /* twenty a second for all of them */
    wake_in(w, share > w->a->poll_ms ? share : w->a->poll_ms);
}

static void answered(void *ctx, const struct http_answer *ans) {
    struct wallet *w = ctx;
    struct act_page page = {0};
    struct json_err err = {0};
    struct cJSON *doc = NULL;
    char text[160];
    w->asking = false;
    if (pm_absent(ans) && !w->older) {
        w->a->older = true;
        ask(w, "");
        return;
    }
    if (ans->err != ERR_OK || ans->status != 200) {
        w->a->older = w->a->older && !pm_absent(ans); /* neither: the newer one first again */
        act_error_text(ans, text, sizeof text);
        if (ans->status == 429)
            rate_block(&w->a->rate, clock_mono_us() + (ans->retry_after_ms > 0 ? ans->retry_after_ms : BACKOFF_MIN_MS) * 1000);
        failed(w, text, ans->retry_after_ms, ans->status >= 400 && ans->status < 429 && ans->status != 425 && ans->status != 408);
        return;
    }
    act_clock(ans, &w->a->skew_us);
    struct json root = {0};
    bool good = json_parse(ans->body, ans->body_len, HTTP_BODY_MAX, &doc, &err);
    if (good) {
        root = json_root(doc, &err);
        good = act_page_read(&root, w->address, &page);
    }
    if (!good) {
        failed(w, err.text, -1, false);
    } else {
        page_in(w, &page);
        bool more = page.more && !w->first && page.oldest_s >= w->start_s;
        if (more && ++w->pages >= PAGES_MAX)
            note_about(w, NOTICE_WARN, "more than can be read at once, older ones are left out", "");
        if (more && w->pages < PAGES_MAX)
            ask(w, page.cursor);
        else
            read_done(w);
    }
    free(page.rows);
    json_free(doc);
}

static void ask(struct wallet *w, const char *cursor) {
    struct str url = {0};
    w->older = w->a->older;
    str_addf(&url, "%s%s/activity?user=%s&type=TRADE&limit=%d&start=%lld", w->a->hosts->data, w->older ? "" : "/v2", w->address, w->first ? FIRST_ROWS : PAGE_ROWS, (long long)w->start_s);
    if (cursor[0]) {
        str_add(&url, "&cursor=");
        pm_tool_encode(&url, cursor);
    }
    w->asking = true;
    w->http = http_send(&(struct http_request){.url = url.p, .timeout_ms = 8000, .connect_timeout_ms = 5000}, answered, w);
    str_free(&url);
}

/* From a little before now: further back now and then, and after a gap. */
static void read_from(struct wallet *w) {
    int64_t now = venue_s(w->a), start = now - (++w->reads % LONG_EVERY == 0 ? LONG_OVERLAP_S : OVERLAP_S);
    if (w->first)
        start = now - FIRST_S;
    else if (w->read_s == 0)
        start = w->from_s;
    else if (start > w->read_s - OVERLAP_S)
        start = w->read_s - OVERLAP_S;
    if (!w->first && start < w->from_s - OVERLAP_S)
        start = w->from_s - OVERLAP_S;
    start -= w->failures; /* another URL each time: answers are cached */
    w->start_s = start > 0 ? start : 0;
    w->asked_us = clock_now_us();
}

static void on_timer(struct ev_loop *loop, ev_timer *t, int events) {
    (void)loop;
    (void)events;
    struct wallet *w = t->data;
    int64_t now = clock_mono_us(), ready = rate_ready_us(&w->a->rate, 1, now);
    if (w->asking)
        return;
    if (ready > now) {
        wake_in(w, (ready - now) / 1000 + 1);
        return;
    }
    rate_take(&w->a->rate, 1, now);
    read_from(w);
    w->pages = 0;
    w->n = 0;
    ask(w, "");
}

/* --- the port --- */

static bool address_good(const char *s) { return strlen(s) == 42 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X') && strspn(s + 2, "0123456789abcdefABCDEF") == 40; }

static void wallet_free(struct wallet *w) {
    ev_timer_stop(loop_get(), &w->timer);
    ev_timer_stop(loop_get(), &w->book);
    if (w->asking)
        http_cancel(w->http);
    for (struct waiting *x; (x = w->head) != NULL;) {
        w->head = x->next;
        pm_market_needs_drop(w->a->data, x);
        free(x);
    }
    map_free(&w->seen);
    free(w->told);
    free(w->rows);
    w->a->count--;
    free(w);
}

static struct wallet *wallet_new(struct pm_activity *a, const char *address) {
    struct wallet *w = xcalloc(1, sizeof *w);
    w->a = a;
    str_copy(w->address, sizeof w->address, address);
    map_init(&w->seen);
    w->tail = &w->head;
    ev_init(&w->timer, on_timer);
    ev_init(&w->book, on_book);
    w->timer.data = w->book.data = w;
    w->next = a->wallets;
    a->wallets = w;
    wake_in(w, (int64_t)(a->count++ % 10) * STAGGER_MS);
    return w;
}

struct pm_activity *pm_activity_new(struct pm_data *data, const struct pm_hosts *hosts, struct event_sink sink, enum venue_id as) {
    struct pm_activity *a = xcalloc(1, sizeof *a);
    *a = (struct pm_activity){.data = data, .hosts = hosts, .sink = sink, .as = as, .poll_ms = POLL_MS};
    rate_init(&a->rate, 200, 10 * SECOND_US, 20);
    return a;
}

enum err pm_activity_follow(struct pm_activity *a, const struct fx_activity *fx, int64_t now_us) {
    char address[WALLET_MAX];
    if (!address_good(fx->wallet))
        return ERR_BAD_VALUE;
    str_copy(address, sizeof address, fx->wallet);
    for (char *p = address; *p; p++)
        *p = *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : *p;
    struct wallet **at = &a->wallets;
    while (*at && strcmp((*at)->address, address) != 0)
        at = &(*at)->next;
    struct wallet *w = *at;
    if (!fx->on) {
        if (w) {
            *at = w->next;
            wallet_free(w);
        }
        return ERR_OK;
    }
    if (!w)
        w = wallet_new(a, address);
    if (w->asking) /* what it asked for is not what is wanted now */
        http_cancel(w->http), w->asking = false;
    (void)now_us;
    w->first = fx->since_us == 0;
    w->from_s = fx->since_us / SECOND_US;
    w->read_s = 0;
    map_clear(&w->seen);
    w->told_n = 0;
    if (!ev_is_active(&w->timer))
        wake_in(w, 0);
    return ERR_OK;
}

void pm_activity_pace(struct pm_activity *a, int poll_ms) { a->poll_ms = poll_ms; }
int pm_activity_count(const struct pm_activity *a) { return a->count; }

void pm_activity_free(struct pm_activity *a) {
    if (!a)
        return;
    for (struct wallet *w; (w = a->wallets) != NULL;) {
        a->wallets = w->next;
        wallet_free(w);
    }
    assert(a->count == 0);
    free(a);
}
