/* Our books against those of the REST interface, a few every few seconds and those in doubt first: a stream can answer pings and have stopped telling
 * the truth. The two are never of one moment, so a difference counts only when it stays. */
#include <stdio.h>
#include <stdlib.h>

#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/io/loop.h"
#include "venue/polymarket/market/pm_data.h"
#include "venue/polymarket/market/pm_stream.h"

#define MANY 15
#define DIFFERENT_MOST 5
#define TELLS_US (5 * PM_SECOND)

struct pm_compare {
    struct pm_data *d;
    struct pm_entry *asked[MANY];
    int n, at;            /* at: of those asked one by one */
    bool busy, one_by_one /* the venue has no interface for many */;
    size_t next;          /* round robin over the table */
    int64_t next_us;
    struct pm_ws_parser parser;
};

struct pm_compare *pm_compare_new(struct pm_data *d) {
    struct pm_compare *c = xcalloc(1, sizeof *c);
    c->d = d;
    return c;
}

void pm_compare_free(struct pm_compare *c) {
    if (!c)
        return;
    pm_rest_drop(c->d->rest, c);
    pm_ws_parser_free(&c->parser);
    free(c);
}

/* --- one book ---------------------------------------------------------------------------------------------------------------------------------- */
static bool side_equal(const struct book *b, enum book_side side, const struct level *l, int n) {
    int there = 0;
    for (int i = 0; i < n; i++) {
        if (l[i].size.micro == 0)
            continue;
        there++;
        if (book_size_at(b, side, l[i].px).micro != l[i].size.micro)
            return false;
    }
    return there == book_count(b, side);
}

/* What they say may be of a moment before ours, or after it. */
static void differs(struct pm_compare *c, struct pm_entry *e, int64_t their_ms, int64_t now_us) {
    if (their_ms && e->change_ms && their_ms < e->change_ms) {
        e->suspect = 0;
        return;
    }
    const bool still = e->suspect > 0 && e->change_us == e->suspect_change_us;
    e->suspect++;
    e->suspect_us = now_us;
    e->suspect_change_us = e->change_us;
    if (still || e->suspect >= DIFFERENT_MOST || (their_ms && their_ms == e->change_ms))
        pm_stream_renew(c->d->stream, e, "the book is not the one the venue shows");
}

static void compare(struct pm_compare *c, struct pm_entry *e, const struct pm_ws_event *ev, int64_t now_us) {
    const struct book *b = vbook_book(e->book);
    e->compared_us = now_us;
    if (ev->tick_micro && ev->tick_micro != e->pm.m.tick.micro && vbook_good(e->book)) {
        pm_table_tick(c->d, e, ev->tick_micro, now_us);
        pm_stream_renew(c->d->stream, e, "its tick has changed");
        return;
    }
    if (!vbook_good(e->book)) {
        /* A stream that tells of other things, and leaves the snapshot out again and again: this one has to do, and is compared as any other. */
        if (e->waits > 1 && now_us - e->conn->data_us < TELLS_US)
            pm_feed_event(e->conn, ev, "a book of the REST interface", now_us);
        return;
    }
    if (side_equal(b, BOOK_BID, ev->bids, ev->n_bids) && side_equal(b, BOOK_ASK, ev->asks, ev->n_asks)) {
        c->d->hash_false += e->hash_differed;
        e->suspect = 0;
        e->wrong_us = 0;
    } else {
        differs(c, e, ev->at_ms, now_us);
    }
    e->hash_differed = false;
}

static void take_book(struct pm_compare *c, const struct pm_ws_event *ev) {
    int outcome;
    struct pm_entry *e = ev->asset.p ? pm_table_token(&c->d->table, ev->asset.p, ev->asset.len, &outcome) : NULL;
    for (int i = 0; e && outcome == 0 && i < c->n; i++)
        if (c->asked[i] == e) {
            c->asked[i] = NULL;
            if (ev->kind == PM_WS_BOOK && e->conn)
                compare(c, e, ev, clock_now_us());
            return;
        }
}

/* --- asking -------------------------------------------------------------------------------------------------------------------------------------- */
static void ask_one(struct pm_compare *c);

static void take_all(struct pm_compare *c, const struct pm_got *g) {
    const struct pm_ws_event *ev;
    if (g->err == ERR_OK && pm_ws_open(&c->parser, g->body, g->len))
        while ((ev = pm_ws_next(&c->parser)))
            take_book(c, ev);
}

/* The venue knows no book of it any more (or not yet): is it over? The stream need not have said so. */
static void absent(struct pm_entry *e) { e->polled_us = e->seen_us = 0; }

static void on_many(void *ctx, const struct pm_got *g) {
    struct pm_compare *c = ctx;
    if (g->err == ERR_NOT_FOUND || (g->err == ERR_FAILED && g->why[0] == 'a')) { /* "answer 405": no such interface here */
        c->one_by_one = true;
        c->at = 0;
        ask_one(c);
        return;
    }
    take_all(c, g);
    for (int i = 0; g->err == ERR_OK && i < c->n; i++)
        if (c->asked[i])
            absent(c->asked[i]);
    c->busy = false;
}

static void on_one(void *ctx, const struct pm_got *g) {
    struct pm_compare *c = ctx;
    take_all(c, g);
    if (g->err == ERR_NOT_FOUND && c->asked[c->at])
        absent(c->asked[c->at]);
    c->at++;
    ask_one(c);
}

static void ask_one(struct pm_compare *c) {
    char path[160];
    c->busy = c->at < c->n;
    if (!c->busy)
        return;
    snprintf(path, sizeof path, "/book?token_id=%s", c->asked[c->at]->pm.token[0]);
    pm_rest_ask(c->d->rest, &(struct pm_ask){.lane = PM_LANE_BOOKS, .path = path, .raw = true, .tries = 1}, on_one, c);
}

static void ask_many(struct pm_compare *c) {
    struct str body = {0};
    for (int i = 0; i < c->n; i++)
        str_addf(&body, "%s{\"token_id\":\"%s\"}", i ? "," : "[", c->asked[i]->pm.token[0]);
    str_addc(&body, ']');
    c->busy = true;
    pm_rest_ask(c->d->rest, &(struct pm_ask){.lane = PM_LANE_BOOKS, .path = "/books", .body = body.p, .raw = true, .tries = 1}, on_many, c);
    str_free(&body);
}

static bool wanted_now(const struct pm_entry *e, int64_t now_us) {
    return e->conn && (e->urgent || (e->suspect > 0 && now_us - e->suspect_us >= e->d->pace.differ_again_us));
}

void pm_compare_run(struct pm_compare *c, int64_t now_us) {
    const struct pm_table *t = &c->d->table;
    if (c->busy)
        return;
    c->n = c->at = 0;
    for (size_t i = 0; i < t->n && c->n < MANY; i++)
        if (wanted_now(t->list[i], now_us)) {
            t->list[i]->urgent = false;
            c->asked[c->n++] = t->list[i];
        }
    for (size_t i = 0; now_us >= c->next_us && i < t->n && c->n < MANY; i++) {
        struct pm_entry *e = t->list[c->next++ % t->n];
        bool twice = false;
        for (int k = 0; k < c->n; k++)
            twice = twice || c->asked[k] == e;
        if (!twice && e->conn && vbook_good(e->book) && now_us - e->compared_us >= c->d->pace.compare_often_us)
            c->asked[c->n++] = e;
    }
    if (now_us >= c->next_us)
        c->next_us = now_us + c->d->pace.compare_every_us;
    if (c->n && c->one_by_one)
        ask_one(c);
    else if (c->n)
        ask_many(c);
}
