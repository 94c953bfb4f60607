/* Plays a tape into an exchange's SHOWN markets, its times shifted to the start. Numbers outside a market's range are
 * left out: a tape is foreign data. */
#include "exchange.h"
#include "tape_file.h"

#include "turret/base/mem.h"
#include "turret/base/str.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct tape_feed {
    struct feed feed;
    struct exchange *x;
    struct tape_file file;
    struct market *markets; /* as listed: of this venue, times shifted at the start */
    int n_markets;
    bool started, have;
    struct tape_record next;
    int64_t shift_us, now_us;
    uint64_t records;
    struct ev_load_market *stored; /* markets of earlier runs, until start */
    size_t n_stored, cap_stored;
    struct ev_book *book; /* room for the largest record */
};

static struct tape_feed *tape_of(struct feed *f) { return (struct tape_feed *)(void *)f; }
static const struct tape_feed *tape_of_const(const struct feed *f) { return (const struct tape_feed *)(const void *)f; }

/* Damage inside a block whose sum was right: stop here, and let nobody trade on what is known to be wrong. */
static void advance(struct tape_feed *t) {
    char text[REASON_MAX];
    enum err e = tape_next(t->file.reader, &t->next, text, sizeof text);
    t->have = e == ERR_OK;
    if (e == ERR_CORRUPT && t->started)
        for (int i = 0; i < t->n_markets; i++)
            exchange_set_status(t->x, t->markets[i].id, MARKET_HALTED, t->now_us);
}

static bool price_fits(const struct market *m, price px) {
    return px.micro > 0 && px.micro >= m->min_price.micro && px.micro <= m->max_price.micro &&
           (m->kind != MARKET_BINARY || px.micro < DEC_ONE);
}

static void play_book(struct tape_feed *t, const struct market *m, const struct tape_record *r) {
    struct ev_book *b = t->book;
    *b = (struct ev_book){.market = m->id, .flags = r->flags};
    for (int i = 0; i < r->n_bids + r->n_asks; i++) {
        if (!price_fits(m, r->levels[i].px))
            continue;
        b->levels[b->n_bids + b->n_asks] = r->levels[i];
        if (i < r->n_bids)
            b->n_bids++;
        else
            b->n_asks++;
    }
    if (b->flags || b->n_bids + b->n_asks)
        exchange_shown_book(t->x, m->id, b, t->now_us);
}

static void play_status(struct tape_feed *t, const struct market *m, const struct tape_record *r) {
    if (r->status != MARKET_RESOLVED)
        exchange_set_status(t->x, m->id, r->status, t->now_us);
    else if (m->kind == MARKET_BINARY && r->outcome != OUTCOME_NONE)
        exchange_resolve(t->x, m->id, r->outcome, t->now_us);
    else
        exchange_set_status(t->x, m->id, MARKET_CLOSED, t->now_us);
}

static void play(struct tape_feed *t, const struct tape_record *r) {
    const struct market *m = &t->markets[r->market];
    switch ((enum tape_record_kind)r->kind) {
    case TAPE_BOOK: play_book(t, m, r); break;
    case TAPE_TRADE:
        if (price_fits(m, r->px) && r->size.micro > 0)
            exchange_shown_trade(t->x, m->id, r->px, r->size, r->flags & 1 ? 1 : -1, t->now_us);
        break;
    case TAPE_STATUS: play_status(t, m, r); break;
    case TAPE_MARK:
        if (price_fits(m, r->px))
            exchange_mark(t->x, m->id, r->px, r->px, 0, t->now_us);
        break;
    }
}

/* A market of an earlier run that is not on this tape: shown and halted, so that positions in it stay in sight. */
static void list_absent(struct tape_feed *t, const struct ev_load_market *lm, int64_t now_us) {
    struct market m = lm->market;
    for (int i = 0; i < t->n_markets; i++)
        if (t->markets[i].id == m.id)
            return;
    price mark = lm->mark.micro > 0 ? lm->mark : lm->last;
    m.status = MARKET_HALTED;
    exchange_list(t->x, &m, EXCHANGE_SHOWN, now_us);
    if (price_fits(&m, mark))
        exchange_mark(t->x, m.id, mark, mark, 0, now_us);
}

static void tape_start(struct feed *f, int64_t now_us) {
    struct tape_feed *t = tape_of(f);
    struct tape_info info;
    assert(!t->started);
    tape_info(t->file.reader, &info);
    t->started = true;
    t->shift_us = now_us - info.first_us;
    t->now_us = now_us;
    for (int i = 0; i < t->n_markets; i++) {
        struct market *m = &t->markets[i];
        if (m->closes_us > 0)
            m->closes_us = m->closes_us + t->shift_us > now_us ? m->closes_us + t->shift_us : 0;
        exchange_list(t->x, m, EXCHANGE_SHOWN, now_us);
    }
    for (size_t i = 0; i < t->n_stored; i++)
        list_absent(t, &t->stored[i], now_us);
    free(t->stored);
    t->stored = NULL;
    t->n_stored = t->cap_stored = 0;
}

static void tape_restore(struct feed *f, const struct event *ev) {
    struct tape_feed *t = tape_of(f);
    if (ev->type != EVENT_LOAD_MARKET)
        return;
    const struct ev_load_market *lm = &ev->u.load_market;
    if (lm->market.venue != VENUE_SIM || lm->market.status == MARKET_RESOLVED || lm->market.status == MARKET_CLOSED)
        return;
    if (t->started) {
        list_absent(t, lm, ev->at_us > t->now_us ? ev->at_us : t->now_us);
        return;
    }
    for (size_t i = 0; i < t->n_stored; i++)
        if (t->stored[i].market.id == lm->market.id)
            return;
    t->stored = xgrow(t->stored, &t->cap_stored, t->n_stored + 1, sizeof *t->stored);
    t->stored[t->n_stored++] = *lm;
}

static int64_t tape_next_us(const struct feed *f) {
    const struct tape_feed *t = tape_of_const(f);
    return t->started && t->have ? t->next.at_us + t->shift_us : INT64_MAX;
}

static void tape_run(struct feed *f, int64_t now_us) {
    struct tape_feed *t = tape_of(f);
    while (t->started && t->have && t->next.at_us + t->shift_us <= now_us) {
        t->now_us = t->next.at_us + t->shift_us;
        play(t, &t->next);
        t->records++;
        advance(t);
    }
}

static bool tape_ended(const struct feed *f) { return !tape_of_const(f)->have; }
static uint64_t tape_records(const struct feed *f) { return tape_of_const(f)->records; }

static void tape_close(struct feed *f) {
    struct tape_feed *t = tape_of(f);
    tape_file_close(&t->file);
    free(t->markets);
    free(t->stored);
    free(t->book);
    free(t);
}

static const struct feed_ops ops = {
    .name = "tape",
    .start = tape_start,
    .restore = tape_restore,
    .next_us = tape_next_us,
    .run = tape_run,
    .ended = tape_ended,
    .records = tape_records,
    .close = tape_close,
};

enum err tape_feed_new(struct exchange *x, const char *path, struct feed **out, char text[REASON_MAX]) {
    struct tape_file file;
    *out = NULL;
    enum err e = tape_file_open(&file, path, text);
    if (e != ERR_OK)
        return e;
    struct tape_feed *t = xcalloc(1, sizeof *t);
    t->feed.ops = &ops;
    t->x = x;
    t->file = file;
    t->n_markets = tape_market_count(file.reader);
    t->markets = xcalloc((size_t)t->n_markets + 1, sizeof *t->markets);
    for (int i = 0; i < t->n_markets; i++) {
        t->markets[i] = *tape_market(file.reader, i);
        t->markets[i].venue = VENUE_SIM; /* a recording of any venue is played by this one */
        t->markets[i].id = market_id_of(VENUE_SIM, t->markets[i].symbol);
    }
    t->book = xmalloc(sizeof *t->book + TAPE_LEVELS_MAX * sizeof(struct level));
    advance(t);
    if (!t->have) {
        str_copy(text, REASON_MAX, "the tape holds no record");
        tape_close(&t->feed);
        return ERR_CORRUPT;
    }
    *out = &t->feed;
    return ERR_OK;
}
