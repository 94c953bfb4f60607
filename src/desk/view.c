/* The view of status, markets, accounts, notices: figures computed as they are asked for, never stored. */
#include "turret/desk/view.h"

#include "desk/state.h"
#include "turret/base/str.h"

#include <string.h>

void view_status(const struct desk *d, struct view_status *out) {
    *out = (struct view_status){.now_us = d->now_us, .killed = d->killed, .leader = d->leader, .store_up = d->store_up, .virtual_time = d->virtual_time,
                                .killed_us = d->killed_us, .events = d->events, .epoch = d->epoch, .alerts = d->alerts};
    str_copy(out->kill_reason, sizeof out->kill_reason, d->kill_reason);
    out->trading = d->trading;
    str_copy(out->trading_reason, sizeof out->trading_reason, d->trading_reason);
    str_copy(out->leader_holder, sizeof out->leader_holder, d->holder);
    str_copy(out->store_text, sizeof out->store_text, d->store_text);
    out->stage = d->loaded ? START_LIVE : START_LOADING;
    for (size_t i = 0; i < d->account_count && d->loaded; i++)
        if (!d->accounts[i]->reconciled && d->leader && d->venues[d->accounts[i]->a.venue].known) /* a venue that is configured no more is waited for by nobody */
            out->stage = START_RECONCILING;
}

void view_venue(const struct desk *d, enum venue_id v, struct view_venue *out) {
    *out = (struct view_venue){0};
    if ((unsigned)v >= VENUE_COUNT)
        return;
    out->up = d->venues[v].up;
    out->last_data_us = d->venues[v].data_us;
    out->reconciled = out->up;
    out->health_known = d->venues[v].health_known;
    out->health = d->venues[v].health;
    str_copy(out->text, sizeof out->text, d->venues[v].text);
    for (size_t i = 0; i < d->account_count; i++)
        if (d->accounts[i]->a.venue == v && !d->accounts[i]->reconciled)
            out->reconciled = false;
}

const struct risk_limits *view_limits(const struct desk *d) { return &d->limits; }

int view_notices(const struct desk *d, struct view_notice *out, int max) {
    int n = 0;
    for (; n < max && (uint32_t)n < d->notice_count; n++)
        out[n] = d->notices[(d->notice_head + NOTICES_KEEP - 1 - (uint32_t)n) % NOTICES_KEEP];
    return n;
}

/* --- markets --------------------------------------------------------------------------------------- */
static void market_fill(const struct desk *d, const struct mkt *m, struct view_market *out) {
    *out = (struct view_market){.m = &m->m, .book = m->book, .last = m->last, .day_open = m->day_open, .funding_ppm = m->funding_ppm,
                                .book_us = m->book_us, .crossed = m->crossed, .gap = m->gap, .volume_day = m->volume_day};
    price px;
    if (mkt_mark(m, &px))
        out->mark = px;
    if (mkt_touch(m, BOOK_BID, &px))
        out->bid = px;
    if (mkt_touch(m, BOOK_ASK, &px))
        out->ask = px;
    out->stale = m->book_us == 0 || (d->limits.max_data_age > 0 && d->now_us - m->book_us > d->limits.max_data_age * 1000);
}

int view_market_count(const struct desk *d) { return (int)d->market_count; }

bool view_market_at(const struct desk *d, int i, struct view_market *out) {
    if (i < 0 || (size_t)i >= d->market_count)
        return false;
    market_fill(d, d->markets[i], out);
    return true;
}

bool view_market(const struct desk *d, market_id id, struct view_market *out) {
    const struct mkt *m = mkt_find(d, id);
    if (m == NULL)
        return false;
    market_fill(d, m, out);
    return true;
}

enum match_step { STEP_EXACT, STEP_PREFIX, STEP_PART, STEP_COUNT };

static bool market_matches(const struct market *m, const char *text, enum match_step step) {
    switch (step) {
    case STEP_EXACT: return str_eq_nocase(m->symbol, text);
    case STEP_PREFIX: return str_has_prefix_nocase(m->symbol, text) || str_has_prefix_nocase(m->title, text);
    default: return str_contains_nocase(m->symbol, text) || str_contains_nocase(m->title, text);
    }
}

/* "sim2:BTC-PERP": the venue's name or label may go in front. Returns what is behind it. */
static const char *venue_prefix(const char *text, enum venue_id *out) {
    for (int v = VENUE_NONE + 1; v < VENUE_COUNT; v++) {
        const char *names[] = {venue_name((enum venue_id)v), venue_label((enum venue_id)v)};
        for (int i = 0; i < 2; i++) {
            size_t n = strlen(names[i]);
            if (str_has_prefix_nocase(text, names[i]) && text[n] == ':' && text[n + 1] != 0) {
                *out = (enum venue_id)v;
                return text + n + 1;
            }
        }
    }
    *out = VENUE_NONE;
    return text;
}

/* An open market is meant rather than a resolved one of the same name; of linked ones that on the first venue. */
enum err view_market_find(const struct desk *d, const char *text, market_id *out) {
    enum venue_id venue;
    text = venue_prefix(text, &venue);
    if (text[0] == 0)
        return ERR_NOT_FOUND;
    for (int step = STEP_EXACT; step < STEP_COUNT; step++) {
        int open = 0, all = 0;
        market_id open_id = 0, any_id = 0;
        for (size_t i = 0; i < d->market_count; i++) {
            const struct market *m = &d->markets[i]->m;
            if ((venue != VENUE_NONE && m->venue != venue) || !market_matches(m, text, (enum match_step)step))
                continue;
            all++;
            any_id = m->id;
            if (m->status == MARKET_RESOLVED)
                continue;
            const struct mkt *k = open_id != 0 ? mkt_find(d, open_id) : NULL;
            if (k != NULL && links_join(d, open_id, m->id)) {
                if (m->venue < k->m.venue)
                    open_id = m->id;
                continue;
            }
            open++;
            open_id = m->id;
        }
        if (open == 1 || all == 1) {
            *out = open == 1 ? open_id : any_id;
            return ERR_OK;
        }
        if (all > 1)
            return ERR_AMBIGUOUS;
    }
    return ERR_NOT_FOUND;
}

int view_trades(const struct desk *d, market_id id, struct view_trade *out, int max) {
    const struct mkt *m = mkt_find(d, id);
    int n = 0;
    for (; m != NULL && n < max && (uint32_t)n < m->trade_count; n++)
        out[n] = m->trades[(m->trade_head + TRADES_KEEP - 1 - (uint32_t)n) % TRADES_KEEP];
    return n;
}

const struct candle_series *view_candles(const struct desk *d, market_id id) {
    const struct mkt *m = mkt_find(d, id);
    return m != NULL ? m->candles : NULL;
}

const struct candle_series *view_candles_fine(const struct desk *d, market_id id) {
    const struct mkt *m = mkt_find(d, id);
    return m != NULL ? m->candles_fine : NULL;
}

/* --- accounts ---------------------------------------------------------------------------------------- */
static void account_fill(const struct desk *d, const struct acct *a, struct view_account *out) {
    *out = (struct view_account){.a = &a->a, .cash = a->cash, .equity = account_equity(a), .unrealized = account_unrealized(a), .realized_day = a->realized,
                                 .fees_day = a->fees, .funding_day = a->funding, .day_pnl = account_day_pnl(a), .margin = account_margin(a),
                                 .available = account_available(d, a), .exposure = account_exposure(d, a), .start_equity = a->start_equity,
                                 .day_paused = a->day_paused, .reconciled = a->reconciled, .may_trade = live_may_trade(d, a), .funds_known = a->funds_known,
                                .funds = a->funds, .claims = a->claims, .claim_count = (int)a->claim_count, .provisional = a->provisional};
    for (size_t i = 0; i < d->market_count; i++)
        for (const struct rec *p = d->markets[i]->pos_first; p != NULL; p = p->pos_next)
            out->positions += p->o.account == a->a.id;
    for (const struct rec *r = d->open_first; r != NULL; r = r->open_next)
        out->open_orders += r->o.account == a->a.id;
}

int view_account_count(const struct desk *d) { return (int)d->account_count; }

bool view_account_at(const struct desk *d, int i, struct view_account *out) {
    if (i < 0 || (size_t)i >= d->account_count)
        return false;
    account_fill(d, d->accounts[i], out);
    return true;
}

bool view_account(const struct desk *d, account_id id, struct view_account *out) {
    const struct acct *a = acct_find(d, id);
    if (a == NULL)
        return false;
    account_fill(d, a, out);
    return true;
}

int view_equity(const struct desk *d, account_id id, struct view_equity *out, int max) {
    const struct acct *a = acct_find(d, id);
    size_t n = a == NULL || max <= 0 ? 0 : a->equity_count < (size_t)max ? a->equity_count : (size_t)max;
    if (n > 0)
        memcpy(out, a->equity + (a->equity_count - n), n * sizeof *out);
    return (int)n;
}

int view_pnl_by_market(const struct desk *d, account_id id, struct view_pnl *out, int max) {
    const struct acct *a = acct_find(d, id);
    int n = 0;
    for (const struct holding *h = a != NULL ? a->holdings : NULL; h != NULL && n < max; h = h->next) {
        struct view_pnl p = {.market = h->m->m.id, .realized = h->realized, .fees = h->fees, .funding = h->funding};
        price mark = own_mark(h->m, h->side);
        if (h->p.open.micro > 0 && mark.micro > 0)
            p.unrealized = position_unrealized(&h->p, position_dir((enum order_side)h->side), mark);
        if (p.realized.micro != 0 || p.fees.micro != 0 || p.funding.micro != 0 || h->p.open.micro > 0)
            out[n++] = p;
    }
    return n;
}

int view_pnl_by_day(const struct desk *d, account_id id, struct view_day *out, int max) {
    const struct acct *a = acct_find(d, id);
    int n = 0;
    if (a == NULL || max <= 0)
        return 0;
    out[n++] = (struct view_day){d->day, a->realized, a->fees, a->funding};
    for (size_t i = a->day_count; i-- > 0 && n < max;)
        out[n++] = a->days[i];
    return n;
}
