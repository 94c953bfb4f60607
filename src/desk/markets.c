/* Market data: listings, books, trades, marks. The hot path of the desk: a tick that fires nothing costs one lookup,
 * the levels it changes and two comparisons. */
#include "desk/state.h"
#include "turret/base/str.h"

#include <string.h>

static void listing_update(struct desk *d, struct mkt *k, const struct market *m) {
    bool was_open = k->m.status == MARKET_OPEN;
    uint8_t status = k->m.status, outcome = k->m.outcome;
    k->m = *m;
    if (status == MARKET_RESOLVED) { /* resolved is for good */
        k->m.status = status;
        k->m.outcome = outcome;
    }
    if (was_open != (k->m.status == MARKET_OPEN))
        exits_protection(d, k);
}

void on_market(struct desk *d, const struct event *ev) {
    struct mkt *k = mkt_find(d, ev->u.market.id);
    if (ev->u.market.id == 0 || ev->u.market.lot.micro <= 0 || ev->u.market.tick.micro <= 0)
        return;
    if (k == NULL) {
        k = mkt_add(d, &ev->u.market);
        watches_listed(d);
    } else if (memcmp(&k->m, &ev->u.market, sizeof k->m) != 0)
        listing_update(d, k, &ev->u.market);
    else if (k->saved)
        return;
    if (d->leader && d->loaded)
        save_market(d, k);
    d->dirty |= DIRTY_MARKETS;
}

static void venue_data(struct desk *d, const struct mkt *m) { d->venues[m->m.venue].data_us = d->now_us; }

static void book_content(struct mkt *m, const struct ev_book *b) {
    const struct level *l = b->levels;
    if (b->flags & BOOK_SNAPSHOT) {
        book_clear(m->book);
        m->gap = false;
    }
    for (unsigned i = 0; i < b->n_bids; i++, l++)
        book_set(m->book, BOOK_BID, l->px, l->size);
    for (unsigned i = 0; i < b->n_asks; i++, l++)
        book_set(m->book, BOOK_ASK, l->px, l->size);
    if (b->flags & BOOK_GAP)
        m->gap = true;
}

void on_book(struct desk *d, const struct event *ev) {
    struct mkt *m = mkt_find(d, ev->u.book.market);
    if (m == NULL)
        return;
    d->last_market = m;
    const bool bad = m->stale || m->gap || m->crossed;
    book_content(m, &ev->u.book);
    m->crossed = book_crossed(m->book);
    m->book_us = d->now_us;
    m->stale = false;
    m->touched = true;
    venue_data(d, m);
    d->dirty |= DIRTY_BOOK;
    if (!m->armed)
        return;
    if (bad != (m->gap || m->crossed))
        exits_protection(d, m);
    triggers_check(d, m, 1u << TRIGGER_BID | 1u << TRIGGER_ASK);
}

static void price_seen(struct mkt *m, int64_t at_us, price px, qty size) {
    if (m->candles == NULL) {
        m->candles = xcalloc(1, sizeof *m->candles);
        m->candles_fine = xcalloc(1, sizeof *m->candles_fine);
        candle_init(m->candles, MINUTE_US);
        candle_init(m->candles_fine, 5 * SECOND_US);
    }
    if (m->intel == NULL)
        m->intel = intel_new();
    intel_add(m->intel, at_us, px, size);
    candle_add(m->candles, at_us, px, size);
    candle_add(m->candles_fine, at_us, px, size);
    if (m->day_open.micro == 0)
        m->day_open = px;
}

void on_trade(struct desk *d, const struct event *ev) {
    const struct ev_trade *t = &ev->u.trade;
    struct mkt *m = mkt_find(d, t->market);
    if (m == NULL || t->px.micro <= 0 || t->size.micro < 0)
        return;
    d->last_market = m;
    m->last = t->px;
    m->volume_day = usd_add_sat(m->volume_day, usd_of_sat(t->px, t->size));
    m->trades[m->trade_head] = (struct view_trade){ev->at_us, t->px, t->size, t->taker_side};
    m->trade_head = (m->trade_head + 1) % TRADES_KEEP;
    if (m->trade_count < TRADES_KEEP)
        m->trade_count++;
    price_seen(m, ev->at_us, t->px, t->size);
    venue_data(d, m);
    d->dirty |= DIRTY_BOOK;
    if (m->armed)
        triggers_check(d, m, 1u << TRIGGER_LAST);
}

void on_mark(struct desk *d, const struct event *ev) {
    const struct ev_mark *k = &ev->u.mark;
    struct mkt *m = mkt_find(d, k->market);
    if (m == NULL || k->mark.micro < 0)
        return;
    m->mark = k->mark;
    m->index = k->index;
    m->funding_ppm = k->funding_ppm;
    if (m->intel != NULL)
        intel_funding(m->intel, k->funding_ppm);
    venue_data(d, m);
    d->dirty |= DIRTY_MARKETS;
    if (k->mark.micro > 0)
        price_seen(m, ev->at_us, k->mark, QTY(0));
    if (m->armed)
        triggers_check(d, m, 1u << TRIGGER_MARK);
}

void on_candle(struct desk *d, const struct event *ev) {
    struct mkt *m = mkt_find(d, ev->u.candle.market);
    if (m == NULL)
        return;
    if (m->intel == NULL)
        m->intel = intel_new();
    intel_backfill(m->intel, ev->u.candle.interval_s, &ev->u.candle.candle);
}

void on_open_interest(struct desk *d, const struct event *ev) {
    struct mkt *m = mkt_find(d, ev->u.open_interest.market);
    if (m != NULL && m->intel != NULL)
        intel_open_interest(m->intel, ev->u.open_interest.size);
}

void on_market_status(struct desk *d, const struct event *ev) {
    const struct ev_market_status *s = &ev->u.market_status;
    struct mkt *m = mkt_find(d, s->market);
    if (m == NULL || s->status > MARKET_RESOLVED || (m->m.status == s->status && m->m.outcome == s->outcome))
        return;
    m->m.status = s->status;
    m->m.outcome = s->outcome;
    save_market(d, m);
    exits_protection(d, m);
    if (s->status == MARKET_RESOLVED || m->pos_first != NULL)
        notice_about(d, s->status == MARKET_RESOLVED ? NOTICE_INFO : NOTICE_WARN, m->m.id, 0, "%s is %s%s%s", m->m.symbol,
                     market_status_name((enum market_status)s->status), s->status == MARKET_RESOLVED ? ": " : "",
                     s->status == MARKET_RESOLVED ? market_outcome_name((enum market_outcome)s->outcome) : "");
    /* What still works there is over; the venue says so too, but may have been cut off. */
    if (s->status == MARKET_RESOLVED)
        for (struct rec *r = d->open_first; r != NULL; r = r->open_next)
            if (r->m == m && !r->saving)
                order_ask(d, r, d->now_us + 2 * SECOND_US);
    d->dirty |= DIRTY_MARKETS;
}

/* Once a second: staleness, and the mid as a price of the chart where nothing trades. */
void markets_timer(struct desk *d) {
    const int64_t oldest = d->limits.max_data_age > 0 ? d->now_us - d->limits.max_data_age * 1000 : INT64_MIN;
    for (size_t i = 0; i < d->market_count; i++) {
        struct mkt *m = d->markets[i];
        price mid;
        if (m->touched && m->mark.micro == 0 && !m->crossed && book_mid(m->book, &mid))
            price_seen(m, d->now_us, mid, QTY(0));
        m->touched = false;
        if (!m->stale && m->book_us < oldest) {
            m->stale = true;
            d->dirty |= DIRTY_MARKETS;
            exits_protection(d, m);
        }
    }
}

void markets_day(struct desk *d) {
    for (size_t i = 0; i < d->market_count; i++) {
        d->markets[i]->volume_day = USD(0);
        if (!mkt_mark(d->markets[i], &d->markets[i]->day_open))
            d->markets[i]->day_open = PRICE(0);
    }
}

void markets_save(struct desk *d) {
    for (size_t i = 0; i < d->market_count; i++)
        if (!d->markets[i]->saved)
            save_market(d, d->markets[i]);
}
