/* Events of the stream into books and sink. A change is believed only after a snapshot; what can't be read, what does not fit the best prices it
 * names, and a hash that does not come out lead to a comparison or a new snapshot. */
#include <stdio.h>
#include <stdlib.h>

#include "turret/base/hash.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/io/loop.h"
#include "venue/polymarket/market/pm_stream.h"

#define WRONG_US (PM_SECOND / 2)
#define HASH_EVERY_US (2 * PM_SECOND)
#define BAD_TOLD_US (60 * PM_SECOND)
#define HASH_FALSE_MOST 20

static struct pm_entry *entry_of(struct pm_conn *c, const struct json_text *token, int *outcome) {
    *outcome = 0;
    return token->p ? pm_table_token(&c->s->d->table, token->p, token->len, outcome) : NULL;
}

static struct pm_entry *entry_named(struct pm_conn *c, const struct json_text *market) {
    char own[PM_CONDITION_MAX];
    return market->p && pm_condition_parse(market->p, market->len, own) ? pm_table_condition(&c->s->d->table, own) : NULL;
}

/* --- the hash -------------------------------------------------------------------------------------------------------------------------------- */
static bool hash_is(const struct json_text *given, const char *own) { return given->len == 40 && !memcmp(given->p, own, 40); }

/* A snapshot whose hash comes out of our own book too makes those of changes checkable; the next ones are of the same form. */
static void summary_keep(struct pm_entry *e, const struct pm_ws_event *ev, int64_t now_us) {
    struct pm_summary s;
    char stamp[20], own[41];
    if (!ev->hash.p || ev->hash.len != 40 || !ev->market.p || ev->timestamp.len >= sizeof stamp || !ev->timestamp.p || !pm_summary_of(ev, &s)) {
        free(e->summary);
        e->summary = NULL;
        return;
    }
    if (e->summary)
        *e->summary = s;
    if (e->summary || (e->summary_us && now_us - e->summary_us < HASH_EVERY_US))
        return;
    e->summary_us = now_us;
    snprintf(stamp, sizeof stamp, "%.*s", (int)ev->timestamp.len, ev->timestamp.p);
    pm_book_hash(&s, stamp, vbook_book(e->book), own);
    if (!hash_is(&ev->hash, own))
        return;
    e->summary = xmalloc(sizeof s);
    *e->summary = s;
}

static void hash_check(struct pm_entry *e, const struct pm_ws_event *ev, const struct json_text *given, int64_t now_us) {
    char stamp[20], own[41];
    if (e->d->hash_false > HASH_FALSE_MOST && e->d->hash_false > e->d->hash_good) /* it is made in another way here */
        return;
    if (!e->summary || !given->p || given->len != 40 || !ev->timestamp.p || ev->timestamp.len >= sizeof stamp || now_us - e->hashed_us < HASH_EVERY_US)
        return;
    e->hashed_us = now_us;
    snprintf(stamp, sizeof stamp, "%.*s", (int)ev->timestamp.len, ev->timestamp.p);
    pm_book_hash(e->summary, stamp, vbook_book(e->book), own);
    if (hash_is(given, own))
        e->d->hash_good++;
    else
        e->urgent = e->hash_differed = true; /* the other interface decides whose book is right */
}

/* --- books ----------------------------------------------------------------------------------------------------------------------------------- */
static void on_book(struct pm_conn *c, const struct pm_ws_event *ev, int64_t now_us) {
    int outcome;
    struct pm_entry *e = entry_of(c, &ev->asset, &outcome);
    if (!e || outcome != 0 || e->conn != c)
        return;
    if (ev->tick_micro)
        pm_table_tick(e->d, e, ev->tick_micro, now_us);
    vbook_clear(e->book);
    for (int i = 0; i < ev->n_bids; i++)
        vbook_set(e->book, BOOK_BID, ev->bids[i].px, ev->bids[i].size);
    for (int i = 0; i < ev->n_asks; i++)
        vbook_set(e->book, BOOK_ASK, ev->asks[i].px, ev->asks[i].size);
    e->asked_us = 0;
    e->waits = e->suspect = 0;
    e->wrong_us = 0;
    e->renew = false;
    e->snapshot_ms = e->change_ms = ev->at_ms;
    e->change_us = now_us;
    summary_keep(e, ev, now_us);
}

static bool best_agrees(const struct book *b, enum book_side side, price said) {
    struct level top;
    if (said.micro == PM_PX_UNKNOWN)
        return true;
    return book_best(b, side, &top) ? top.px.micro == said.micro : said.micro == 0;
}

/* What a message says of the best prices must be so after its changes, at least half a second later. */
static void best_check(struct pm_entry *e, price bid, price ask, int64_t now_us) {
    const struct book *b = vbook_book(e->book);
    if (best_agrees(b, BOOK_BID, bid) && best_agrees(b, BOOK_ASK, ask))
        e->wrong_us = 0;
    else if (!e->wrong_us)
        e->wrong_us = now_us;
    else if (now_us - e->wrong_us > WRONG_US)
        e->urgent = true;
}

static void run_check(struct pm_entry *e, const struct pm_ws_event *ev, const struct pm_change *last, int64_t now_us) {
    best_check(e, last->best_bid, last->best_ask, now_us);
    hash_check(e, ev, &last->hash, now_us);
}

/* Checked after the last change of a book in a row; changes of the NO token stand between them and say the same. */
static void on_changes(struct pm_conn *c, const struct pm_ws_event *ev, int64_t now_us) {
    struct pm_entry *e = NULL, *run = NULL;
    const struct json_text *before = NULL;
    const struct pm_change *last = NULL;
    int outcome = 0;
    for (int i = 0; i < ev->n_changes; i++) {
        const struct pm_change *ch = &ev->changes[i];
        if (!before || ch->asset.len != before->len || memcmp(ch->asset.p, before->p, before->len) != 0)
            e = entry_of(c, before = &ch->asset, &outcome);
        if (!e || outcome != 0 || e->conn != c || !vbook_good(e->book) || (ev->at_ms && ev->at_ms < e->snapshot_ms))
            continue; /* the snapshot has it */
        if (run && run != e)
            run_check(run, ev, last, now_us);
        run = e;
        last = ch;
        vbook_set(e->book, ch->side, ch->px, ch->size);
        e->change_us = now_us;
        if (ev->at_ms)
            e->change_ms = ev->at_ms;
    }
    if (run)
        run_check(run, ev, last, now_us);
}

static void on_best(struct pm_conn *c, const struct pm_ws_event *ev, int64_t now_us) {
    int outcome;
    struct pm_entry *e = entry_of(c, &ev->asset, &outcome);
    if (e && outcome == 0 && e->conn == c && vbook_good(e->book))
        best_check(e, ev->best_bid, ev->best_ask, now_us);
}

/* The levels are on another grid from now on: nothing is known until the next snapshot, which is asked for. */
static void on_tick(struct pm_conn *c, const struct pm_ws_event *ev, int64_t now_us) {
    int outcome;
    struct pm_entry *e = entry_of(c, &ev->asset, &outcome);
    if (!e || e->pm.m.tick.micro == ev->tick_micro)
        return;
    if (e->conn == c) {
        vbook_gap(e->book);
        e->renew = c->changed = true;
        pm_hurry(e->d);
    }
    books_flush(e->d->books, now_us, NULL, 0); /* the gap first, then the new steps */
    pm_table_tick(e->d, e, ev->tick_micro, now_us);
}

/* --- trades, news ------------------------------------------------------------------------------------------------------------------------------ */
/* A trade is told for the token that was taken; where both tokens' come, they are one. */
static bool told_before(struct pm_entry *e, const struct pm_ws_event *ev, int outcome) {
    uint64_t h = fnv64(fnv64_u64(fnv64_u64(FNV64_INIT, (uint64_t)ev->size.micro), (uint64_t)(outcome ? DEC_ONE - ev->px.micro : ev->px.micro)), ev->transaction.p, ev->transaction.len);
    if (!ev->transaction.p || ev->transaction.len == 0)
        return false;
    for (int i = 0; i < PM_PRINTS; i++)
        if (e->prints[i] == h && e->print_of[i] != outcome) {
            e->prints[i] = 0; /* its other half; one more of the same kind is news again */
            return true;
        }
    e->prints[e->print_at] = h;
    e->print_of[e->print_at] = (uint8_t)outcome;
    e->print_at = (uint8_t)((e->print_at + 1) % PM_PRINTS);
    return false;
}

static void on_trade(struct pm_conn *c, const struct pm_ws_event *w, int64_t now_us) {
    int outcome;
    struct event ev;
    struct pm_entry *e = entry_of(c, &w->asset, &outcome);
    if (!e || e->conn != c || w->size.micro <= 0 || told_before(e, w, outcome))
        return;
    event_init(&ev, EVENT_TRADE, e->d->as, now_us);
    ev.u.trade = (struct ev_trade){.market = e->pm.m.id, .px = outcome ? price_complement(w->px) : w->px, .size = w->size,
                                   .taker_side = w->buys == (outcome == 0) ? ACTION_BUY : ACTION_SELL};
    if (e->summary && outcome == 0) { /* the summary says what was last paid */
        char text[DEC_TEXT_MAX];
        dec_format(w->px.micro, 0, text);
        str_copy(e->summary->last, sizeof e->summary->last, text);
    }
    pm_put(e->d, &ev);
}

static void on_resolved(struct pm_conn *c, const struct pm_ws_event *ev, int64_t now_us) {
    int outcome = -1;
    struct pm_entry *e = entry_named(c, &ev->market);
    if (!e)
        e = entry_of(c, &ev->winner, &outcome);
    if (!e)
        return;
    for (int i = 0; ev->winner.p && i < 2; i++)
        if (json_text_is(&ev->winner, e->pm.token[i], strlen(e->pm.token[i])))
            outcome = i;
    books_flush(e->d->books, now_us, NULL, 0);
    if (outcome >= 0)
        pm_table_resolve(e->d, e, outcome == 0 ? OUTCOME_YES : OUTCOME_NO, now_us);
    else
        e->polled_us = e->seen_us = 0; /* over, but how? asked at once */
}

static void on_new(struct pm_conn *c, const struct pm_ws_event *ev) {
    char own[PM_CONDITION_MAX];
    if (pm_discover_wants_tag(c->s->d->discover, &ev->tags) && pm_condition_parse(ev->market.p, ev->market.len, own))
        pm_needs_add(c->s->d->needs, own, false, NULL, NULL);
}

/* Something was said of a book and could not be read: the book is not to be relied on. */
static void on_bad(struct pm_conn *c, const struct pm_ws_event *ev, const char *what, int64_t now_us) {
    int outcome;
    struct pm_entry *e = entry_of(c, &ev->asset, &outcome);
    if (!e)
        e = entry_named(c, &ev->market);
    c->s->bad++;
    if (now_us - c->s->bad_us > BAD_TOLD_US) {
        c->s->bad_us = now_us;
        log_line(LOG_LEVEL_WARN, "polymarket", "market stream: an event of %s can't be read: %s (%llu so far)", e ? e->pm.m.symbol : "an unknown market", what, (unsigned long long)c->s->bad);
    }
    if (e && e->conn == c)
        pm_stream_renew(c->s, e, what);
    else if (!e && !ev->asset.p && !ev->market.p)
        pm_stream_reconnect(c, "an event that can't be read, of a market it does not name");
}

void pm_feed_event(struct pm_conn *c, const struct pm_ws_event *ev, const char *what, int64_t now_us) {
    c->s->events++;
    switch (ev->kind) {
    case PM_WS_OTHER: break;
    case PM_WS_BAD: on_bad(c, ev, what, now_us); break;
    case PM_WS_BOOK: on_book(c, ev, now_us); break;
    case PM_WS_CHANGES: on_changes(c, ev, now_us); break;
    case PM_WS_TRADE: on_trade(c, ev, now_us); break;
    case PM_WS_TICK: on_tick(c, ev, now_us); break;
    case PM_WS_BEST: on_best(c, ev, now_us); break;
    case PM_WS_NEW: on_new(c, ev); break;
    case PM_WS_RESOLVED: on_resolved(c, ev, now_us); break;
    }
}
