/* Polymarket's live books in the simulator: what its market data tells goes into the exchange's SHOWN markets as it comes, in wall time. Paper orders
 * meet the displayed depth, pay the market's own fee and keep to its tick. */
#include <stdio.h>
#include <stdlib.h>

#include "exchange.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/io/loop.h"
#include "turret/venue/polymarket.h"

struct live_feed {
    struct feed feed;
    struct exchange *x;
    struct pm_data *data;
    bool started;
    uint64_t records;
    struct ev_load_market *stored; /* markets of earlier runs, until start */
    size_t n_stored, cap_stored;
};

static struct live_feed *live_of(struct feed *f) { return (struct live_feed *)(void *)f; }

/* --- what comes ------------------------------------------------------------------------------------------------------------------------------- */
static void take_market(struct live_feed *l, const struct market *given, int64_t now_us) {
    struct market m = *given;
    const bool settled = m.status == MARKET_RESOLVED;
    if (settled) {
        m.status = MARKET_CLOSED;
        m.outcome = OUTCOME_NONE;
    }
    exchange_list(l->x, &m, EXCHANGE_SHOWN, now_us);
    if (settled)
        exchange_resolve(l->x, m.id, (enum market_outcome)given->outcome, now_us);
}

static void take_status(struct live_feed *l, const struct ev_market_status *s, int64_t now_us) {
    if (s->status == MARKET_RESOLVED)
        exchange_resolve(l->x, s->market, (enum market_outcome)s->outcome, now_us);
    else
        exchange_set_status(l->x, s->market, (enum market_status)s->status, now_us);
}

/* The exchange itself is never down: without market data its books have gaps, and nothing is traded on them. */
static void take_state(struct live_feed *l, const struct event *given) {
    struct event ev = *given;
    snprintf(ev.u.venue_state.text, sizeof ev.u.venue_state.text, "live: %.80s", given->u.venue_state.text);
    ev.u.venue_state.up = 1;
    exchange_publish(l->x, &ev);
}

static void on_data(void *ctx, const struct event *ev) {
    struct live_feed *l = ctx;
    l->records++;
    exchange_run(l->x, ev->at_us); /* what was sent earlier meets the book as it was */
    switch (ev->type) {
    case EVENT_MARKET: take_market(l, &ev->u.market, ev->at_us); break;
    case EVENT_MARKET_STATUS: take_status(l, &ev->u.market_status, ev->at_us); break;
    case EVENT_BOOK: exchange_shown_book(l->x, ev->u.book.market, &ev->u.book, ev->at_us); break;
    case EVENT_TRADE: exchange_shown_trade(l->x, ev->u.trade.market, ev->u.trade.px, ev->u.trade.size, ev->u.trade.taker_side == ACTION_BUY ? 1 : -1, ev->at_us); break;
    case EVENT_VENUE: take_state(l, ev); break;
    default: exchange_publish(l->x, ev); break;
    }
}

/* --- the feed ----------------------------------------------------------------------------------------------------------------------------------- */
/* Until Polymarket tells of it (or if it never does): in sight, and halted. */
static void list_stored(struct live_feed *l, const struct ev_load_market *lm, int64_t now_us) {
    struct market m = lm->market;
    const price mark = lm->mark.micro > 0 ? lm->mark : lm->last;
    m.status = MARKET_HALTED;
    exchange_list(l->x, &m, EXCHANGE_SHOWN, now_us);
    if (mark.micro > 0 && (m.kind != MARKET_BINARY || mark.micro < DEC_ONE) && !m.native[0]) /* a live one gets its mark from its book */
        exchange_mark(l->x, m.id, mark, mark, 0, now_us);
}

static void live_start(struct feed *f, int64_t now_us) {
    struct live_feed *l = live_of(f);
    for (size_t i = 0; i < l->n_stored; i++)
        list_stored(l, &l->stored[i], now_us);
    free(l->stored);
    l->stored = NULL;
    l->n_stored = l->cap_stored = 0;
    l->started = true;
    pm_data_start(l->data, now_us);
}

static void live_restore(struct feed *f, const struct event *ev) {
    struct live_feed *l = live_of(f);
    pm_data_restore(l->data, ev);
    if (ev->type != EVENT_LOAD_MARKET || l->started)
        return;
    const struct ev_load_market *lm = &ev->u.load_market;
    if (lm->market.venue != VENUE_SIM || lm->market.status == MARKET_RESOLVED || lm->market.status == MARKET_CLOSED)
        return;
    for (size_t i = 0; i < l->n_stored; i++)
        if (l->stored[i].market.id == lm->market.id)
            return;
    l->stored = xgrow(l->stored, &l->cap_stored, l->n_stored + 1, sizeof *l->stored);
    l->stored[l->n_stored++] = *lm;
}

static int64_t live_next_us(const struct feed *f) { return (void)f, INT64_MAX; }
static void live_run(struct feed *f, int64_t now_us) { (void)f, (void)now_us; }
static bool live_ended(const struct feed *f) { return (void)f, false; }
static uint64_t live_records(const struct feed *f) { return ((const struct live_feed *)(const void *)f)->records; }

static enum err live_activity(struct feed *f, const struct fx_activity *a, int64_t now_us) { return pm_data_activity(live_of(f)->data, a, now_us); }

static enum err live_list(struct feed *f, const struct fx_list *what, int64_t now_us) {
    (void)now_us;
    pm_data_list(live_of(f)->data, what->what);
    return ERR_OK;
}

static void live_close(struct feed *f) {
    struct live_feed *l = live_of(f);
    pm_data_close(l->data);
    free(l->stored);
    free(l);
}

static const struct feed_ops ops = {
    .name = "live",
    .start = live_start,
    .restore = live_restore,
    .next_us = live_next_us,
    .run = live_run,
    .activity = live_activity,
    .list = live_list,
    .ended = live_ended,
    .records = live_records,
    .close = live_close,
};

enum err live_feed_new(struct exchange *x, const struct pm_hosts *h, const struct pm_markets_cfg *m, struct feed **out, char text[REASON_MAX]) {
    static const struct pm_markets_cfg most = {.top = 50, .words = ""};
    struct live_feed *l = xcalloc(1, sizeof *l);
    l->feed.ops = &ops;
    l->x = x;
    l->data = pm_data_open(h, m ? m : &most, VENUE_SIM, (struct event_sink){on_data, l}, text);
    if (!l->data) {
        free(l);
        *out = NULL;
        return ERR_CONFIG;
    }
    *out = &l->feed;
    return ERR_OK;
}
