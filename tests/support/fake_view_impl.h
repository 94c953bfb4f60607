/* The view's functions over tables; included by fake_view.h. Not in the support library: there it would take the place
 * of the desk's own view in every test that asks for one. */
#ifndef TESTS_FAKE_VIEW_IMPL_H
#define TESTS_FAKE_VIEW_IMPL_H

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/fake_auto.h"
#include "turret/base/str.h"

struct fake fake;
static struct book *books[FAKE_MAX];

const struct desk *fake_desk(void) {
    return (const struct desk *)(const void *)&fake;
}

int64_t fake_dec(const char *text) {
    int64_t micro = 0;
    const bool ok = dec_parse_str(text, &micro);
    assert(ok);
    return ok ? micro : 0;
}

void fake_reset(void) {
    for (int i = 0; i < FAKE_MAX; i++) {
        if (books[i])
            book_free(books[i]);
        books[i] = NULL;
    }
    memset(&fake, 0, sizeof fake);
    memset(&fake_auto, 0, sizeof fake_auto);
    risk_limits_default(&fake.limits);
    candle_init(&fake.candles, 60000000);
    fake.n_accounts = 1;
    fake.account[0] = (struct account){.id = 1, .venue = VENUE_SIM, .initial = USD(10000 * DEC_ONE), .name = "main"};
    fake.va[0] = (struct view_account){.a = &fake.account[0],
                                       .cash = USD(10000 * DEC_ONE),
                                       .equity = USD(10000 * DEC_ONE),
                                       .available = USD(10000 * DEC_ONE),
                                       .start_equity = USD(10000 * DEC_ONE),
                                       .reconciled = true,
                                       .may_trade = true};
    fake.status = (struct view_status){.now_us = FAKE_NOW, .stage = START_LIVE, .leader = true, .store_up = true};
}

static int market_index(const char *symbol) {
    for (int i = 0; i < fake.n_markets; i++)
        if (!strcmp(fake.market[i].symbol, symbol))
            return i;
    assert(!"no such market in the test");
    return 0;
}

struct market *fake_market(enum market_kind kind, const char *symbol, const char *title) {
    const int i = fake.n_markets++;
    struct market *m = &fake.market[i];
    *m = (struct market){.venue = VENUE_SIM,
                         .kind = (uint8_t)kind,
                         .max_leverage = kind == MARKET_PERP ? 20 : 1,
                         .price_digits = kind == MARKET_PERP ? 1 : 2,
                         .qty_digits = kind == MARKET_PERP ? 3 : 0,
                         .tick = PRICE(kind == MARKET_PERP ? 500000 : 10000),
                         .min_price = PRICE(10000),
                         .max_price = PRICE(kind == MARKET_PERP ? 1000000 * DEC_ONE : 990000),
                         .lot = QTY(kind == MARKET_PERP ? 1000 : DEC_ONE),
                         .min_size = QTY(kind == MARKET_PERP ? 1000 : DEC_ONE),
                         .maker_ppm = 200,
                         .taker_ppm = 500};
    str_copy(m->symbol, sizeof m->symbol, symbol);
    str_copy(m->title, sizeof m->title, title);
    m->id = market_id_of(VENUE_SIM, symbol);
    books[i] = book_new();
    fake.vm[i] = (struct view_market){.m = m, .book = books[i], .book_us = FAKE_NOW - 300000};
    return m;
}

void fake_level(const char *symbol, enum book_side side, const char *px, const char *size) {
    const int i = market_index(symbol);
    book_set(books[i], side, PRICE(fake_dec(px)), QTY(fake_dec(size)));
    struct level l;
    if (book_best(books[i], BOOK_BID, &l))
        fake.vm[i].bid = l.px;
    if (book_best(books[i], BOOK_ASK, &l))
        fake.vm[i].ask = l.px;
    book_mid(books[i], &fake.vm[i].mark);
}

struct order *fake_order(const char *symbol, enum order_side side, enum order_action action, const char *size,
                         const char *limit) {
    const int i = fake.n_orders++;
    struct order *o = &fake.order[i];
    *o = (struct order){.id = 7000u + (unsigned)i,
                        .num = 4401u + (unsigned)i,
                        .account = 1,
                        .market = fake.market[market_index(symbol)].id,
                        .side = (uint8_t)side,
                        .action = (uint8_t)action,
                        .type = limit ? ORDER_LIMIT : ORDER_MARKET,
                        .state = STATE_PENDING,
                        .size = QTY(fake_dec(size)),
                        .limit = PRICE(limit ? fake_dec(limit) : 0),
                        .created_us = FAKE_NOW - 120000000LL * (i + 1),
                        .sent_us = FAKE_NOW - 120000000LL * (i + 1)};
    str_copy(o->strategy, sizeof o->strategy, "main");
    str_copy(o->venue_id, sizeof o->venue_id, "v1");
    return o;
}

struct order *fake_position(const char *symbol, enum order_side side, const char *size, const char *entry,
                            const char *mark) {
    struct order *o = fake_order(symbol, side, side_opening_action(side), size, NULL);
    struct view_position *vp = &fake.vp[o - fake.order];
    const int dir = position_dir(side);
    o->state = STATE_FILLED;
    o->filled = o->size;
    position_open_fill(&o->pos, PRICE(fake_dec(entry)), o->size, USD(0), o->created_us);
    o->pos.leverage = 1;
    vp->o = o;
    vp->mark = vp->exit_touch = PRICE(fake_dec(mark));
    vp->unrealized = position_unrealized(&o->pos, dir, vp->mark);
    vp->notional = position_notional(&o->pos, vp->mark);
    vp->exit = (struct book_walk){
        .filled = o->size, .notional = vp->notional, .average = vp->mark, .worst = vp->mark, .levels = 1};
    vp->exit_fee = USD(vp->notional.micro / 2000);
    vp->exit_pnl = USD(vp->unrealized.micro - vp->exit_fee.micro);
    return o;
}

struct model *fake_model(const char *name, const char *variant, const char *equity) {
    const int i = fake.n_models++, a = fake.n_accounts++;
    struct model *m = &fake.model[i];
    const usd cash = USD(fake_dec(equity));
    fake.account[a] = (struct account){.id = (account_id)a + 1, .venue = VENUE_SIM, .initial = USD(10000 * DEC_ONE)};
    fake.va[a] = (struct view_account){.a = &fake.account[a], .cash = cash, .equity = cash, .available = cash, .start_equity = cash, .reconciled = true, .may_trade = true};
    str_copy(fake.account[a].name, sizeof fake.account[a].name, name);
    *m = (struct model){.id = (model_id)i + 1, .account = fake.account[a].id, .enabled = 1, .interval_s = 300};
    str_copy(m->name, sizeof m->name, name);
    str_copy(m->variant, sizeof m->variant, variant);
    fake.vmodel[i] = (struct view_model){.m = m, .equity_peak = cash};
    return m;
}

void fake_notice(int level, const char *text) {
    memmove(&fake.notice[1], &fake.notice[0], sizeof fake.notice - sizeof fake.notice[0]);
    const int64_t last = fake.n_notices ? fake.notice[1].at_us : FAKE_NOW - 60000000;
    fake.notice[0] = (struct view_notice){.at_us = last + 1000000, .n = {.level = level}};
    str_copy(fake.notice[0].n.text, sizeof fake.notice[0].n.text, text);
    if (fake.n_notices < FAKE_MAX * 4 - 1)
        fake.n_notices++;
}

static void scene_book(void) {
    static const char *const asks[][2] = {
        {"0.48", "410"}, {"0.49", "640"}, {"0.5", "3110"}, {"0.51", "880"}, {"0.52", "1240"}};
    static const char *const bids[][2] = {
        {"0.47", "530"}, {"0.46", "2205"}, {"0.45", "1770"}, {"0.44", "900"}, {"0.43", "4020"}};
    for (int i = 0; i < 5; i++) {
        fake_level("FED-DEC", BOOK_ASK, asks[i][0], asks[i][1]);
        fake_level("FED-DEC", BOOK_BID, bids[i][0], bids[i][1]);
    }
    fake_level("BTC-120K", BOOK_BID, "0.33", "900"), fake_level("BTC-120K", BOOK_ASK, "0.34", "700");
    fake_level("CPI-NOV", BOOK_BID, "0.2", "500"), fake_level("CPI-NOV", BOOK_ASK, "0.22", "800");
    fake_level("ETH-PERP", BOOK_BID, "3250.5", "4.2"), fake_level("ETH-PERP", BOOK_ASK, "3251.5", "2.75");
    fake_level("RAIN-NYC", BOOK_BID, "0.5", "60"), fake_level("RAIN-NYC", BOOK_ASK, "0.52", "75");
}

static void scene_orders(void) {
    struct order *o = fake_position("FED-DEC", SIDE_YES, "250", "0.412", "0.47");
    o->pos.plan.stop = PRICE(360000);
    fake_position("BTC-120K", SIDE_NO, "180", "0.63", "0.665");
    fake_position("CPI-NOV", SIDE_YES, "400", "0.22", "0.21");
    o = fake_position("ETH-PERP", SIDE_LONG, "0.8", "3214", "3251");
    o->pos.leverage = 3;
    fake.vp[3].margin = USD(857 * DEC_ONE);
    fake.vp[3].liquidation = PRICE(2210500000);
    fake_order("FED-DEC", SIDE_YES, ACTION_BUY, "250", "0.44");
    fake_order("FED-DEC", SIDE_YES, ACTION_SELL, "100", "0.5");
    o = fake_order("CPI-NOV", SIDE_YES, ACTION_BUY, "200", "0.2");
    o->state = STATE_PARTIAL;
    o->filled = QTY(80 * DEC_ONE);
    o = fake_order("ETH-PERP", SIDE_SHORT, ACTION_SELL, "0.5", "3400");
    o->flags |= ORDER_OUTCOME_UNKNOWN;
    o = fake_order("RAIN-NYC", SIDE_NO, ACTION_BUY, "50", "0.48");
    o->state = STATE_CANCELLED;
}

void fake_scene(void) {
    fake_reset();
    fake_market(MARKET_BINARY, "FED-DEC", "Fed cut in Dec?")->closes_us = FAKE_NOW + 3 * 86400000000LL;
    fake_market(MARKET_BINARY, "BTC-120K", "BTC > 120k by Dec 31");
    fake_market(MARKET_BINARY, "CPI-NOV", "CPI Nov ≥ 0.3%");
    fake_market(MARKET_PERP, "ETH-PERP", "ETH perpetual");
    fake_market(MARKET_BINARY, "RAIN-NYC", "Rain NYC Sat")->closes_us = FAKE_NOW + 1500000000LL;
    for (int i = 0; i < fake.n_markets; i++) {
        str_copy(fake.market[i].category, sizeof fake.market[i].category,
                 i == 3   ? "Crypto"
                 : i == 4 ? "Weather"
                          : "Economy");
        fake.vm[i].volume_day = USD(12345 * DEC_ONE * (i + 1));
    }
    scene_book();
    for (int i = 0; i < fake.n_markets; i++) {
        fake.vm[i].last = fake.vm[i].bid;
        fake.vm[i].day_open = PRICE(fake.vm[i].mark.micro - (i % 2 ? -20000 : 10000));
    }
    scene_orders();
    for (int i = 0; i < 5; i++)
        fake.trade[i] = (struct view_trade){.at_us = FAKE_NOW - i * 3000000LL,
                                            .px = PRICE(i % 2 ? 480000 : 470000),
                                            .size = QTY((120 - 20 * i) * DEC_ONE),
                                            .taker_side = (uint8_t)(i % 2 == 0)};
    fake.n_trades = 5;
    for (int i = 0; i < 60; i++)
        candle_add(&fake.candles, FAKE_NOW - (60 - i) * 60000000LL, PRICE(420000 + (i * 37 % 11) * 2000 + i * 800),
                   QTY(DEC_ONE));
    fake.fill[0] = (struct fill){.finality = FILL_FINAL,
                                 .order = 7006,
                                 .position = 7002,
                                 .account = 1,
                                 .market = fake.market[2].id,
                                 .side = SIDE_YES,
                                 .px = PRICE(200000),
                                 .size = QTY(80 * DEC_ONE),
                                 .fee = USD(20000),
                                 .at_us = FAKE_NOW - 33000000,
                                 .maker = 1};
    fake.n_fills = 1;
    fake_notice(NOTICE_INFO, "order 4405 rests at the venue");
    fake_notice(NOTICE_WARN, "LT book 4.2 s old: new exposure waits");
    fake_notice(NOTICE_ALERT, "position 4401: the stop can't fire while the book is stale");
    for (int i = 0; i < 40; i++)
        fake.equity[i] = (struct view_equity){.at_us = FAKE_NOW - (40 - i) * 60000000LL,
                                              .equity = USD((10000 + i * 7 % 50) * DEC_ONE)};
    fake.n_equity = 40;
    fake.va[0].equity = USD(10412550000), fake.va[0].day_pnl = USD(182100000), fake.va[0].positions = 4,
    fake.va[0].open_orders = 4;
    fake.va[0].exposure = USD(1216470000);
    fake.pnl[0] = (struct view_pnl){
        .market = fake.market[0].id, .realized = USD(120 * DEC_ONE), .fees = USD(2100000), .unrealized = USD(14500000)};
    fake.n_pnl = 1;
    fake.day[0] = (struct view_day){.day = 20777, .realized = USD(120 * DEC_ONE), .fees = USD(2100000)};
    fake.n_days = 1;
    fake.preview = (struct view_preview){.size = QTY(100 * DEC_ONE),
                                         .now = {.filled = QTY(100 * DEC_ONE), .average = PRICE(480000), .levels = 1},
                                         .cost = USD(48 * DEC_ONE),
                                         .fee = USD(24000),
                                         .worst_case = USD(-48 * DEC_ONE)};
}

void fake_live(void) {
    const int a = fake.n_accounts++;
    struct market *m = fake_market(MARKET_BINARY, "will-the-fed-cut-in-december", "Will the Fed cut in December?");
    m->venue = VENUE_POLYMARKET;
    m->id = market_id_of(VENUE_POLYMARKET, m->symbol);
    str_copy(m->category, sizeof m->category, "Politics");
    fake_level(m->symbol, BOOK_BID, "0.46", "2205"), fake_level(m->symbol, BOOK_ASK, "0.48", "410");
    fake.account[a] = (struct account){.id = (account_id)a + 1, .venue = VENUE_POLYMARKET, .live = 1, .name = "main"};
    str_copy(fake.account[0].name, sizeof fake.account[0].name, "paper");
    fake.claim[0] = (struct ev_claim){.account = fake.account[a].id, .side = SIDE_YES, .market = fake.market[1].id, .size = QTY(120 * DEC_ONE), .amount = USD(120 * DEC_ONE),
                                      .where = "polymarket.com/portfolio, Claim"};
    fake.va[a] = (struct view_account){.a = &fake.account[a], .cash = USD(1894500000), .equity = USD(2144500000), .available = USD(1848500000), .start_equity = USD(2000 * DEC_ONE),
                                       .day_pnl = USD(144500000), .positions = 1, .open_orders = 1, .reconciled = true, .may_trade = true, .funds_known = true, .provisional = 1,
                                       .funds = {.account = fake.account[a].id, .balance = USD(1894500000), .allowance = USD(INT64_MAX / 4), .locked = USD(46 * DEC_ONE)},
                                       .claim_count = 1, .claims = fake.claim};
    struct order *o = fake_position(m->symbol, SIDE_YES, "250", "0.412", "0.47");
    o->account = fake.account[a].id;
    fake.vp[o - fake.order].unsettled = QTY(100 * DEC_ONE);
    o = fake_order(m->symbol, SIDE_YES, ACTION_BUY, "100", "0.46");
    o->account = fake.account[a].id;
    fake.venue_set[VENUE_POLYMARKET] = true;
    fake.venue[VENUE_POLYMARKET] = (struct view_venue){
        .up = true, .reconciled = true, .last_data_us = FAKE_NOW - 200000, .health_known = true,
        .health = {.venue = VENUE_POLYMARKET, .market_up = 1, .user_up = 1, .rate_left = 57, .rate_size = 60, .reconnects = 2, .books = 50, .market_us = FAKE_NOW - 200000,
                   .user_us = FAKE_NOW - 4000000, .latency_us = 38000, .skew_us = -12000}};
}

/* --- the view --- */
void view_status(const struct desk *d, struct view_status *out) {
    (void)d;
    *out = fake.status;
}
void view_venue(const struct desk *d, enum venue_id v, struct view_venue *out) {
    (void)d;
    if (fake.venue_set[v])
        *out = fake.venue[v];
    else
        *out = (struct view_venue){
        .up = v == VENUE_SIM, .reconciled = v == VENUE_SIM, .last_data_us = v == VENUE_SIM ? FAKE_NOW - 300000 : 0};
}
int view_market_count(const struct desk *d) {
    (void)d;
    return fake.n_markets;
}
bool view_market_at(const struct desk *d, int i, struct view_market *out) {
    (void)d;
    if (i >= fake.n_markets)
        return false;
    *out = fake.vm[i];
    return true;
}
bool view_market(const struct desk *d, market_id id, struct view_market *out) {
    for (int i = 0; i < fake.n_markets; i++)
        if (fake.market[i].id == id)
            return view_market_at(d, i, out);
    return false;
}
enum err view_market_find(const struct desk *d, const char *text, market_id *out) {
    (void)d;
    for (int pass = 0; pass < 3; pass++) {
        int found = 0;
        for (int i = 0; i < fake.n_markets; i++) {
            const struct market *m = &fake.market[i];
            if (pass == 0   ? str_eq_nocase(m->symbol, text)
                : pass == 1 ? str_has_prefix_nocase(m->symbol, text)
                            : str_contains_nocase(m->symbol, text) || str_contains_nocase(m->title, text))
                *out = m->id, found++;
        }
        if (found)
            return found == 1 ? ERR_OK : ERR_AMBIGUOUS;
    }
    return ERR_NOT_FOUND;
}
int view_trades(const struct desk *d, market_id id, struct view_trade *out, int max) {
    (void)d;
    if (!fake.n_markets || id != fake.market[0].id)
        return 0;
    const int n = fake.n_trades < max ? fake.n_trades : max;
    memcpy(out, fake.trade, (size_t)n * sizeof *out);
    return n;
}
const struct candle_series *view_candles_fine(const struct desk *d, market_id id) {
    (void)d;
    (void)id;
    return NULL;
}
const struct candle_series *view_candles(const struct desk *d, market_id id) {
    (void)d, (void)id;
    return &fake.candles;
}
int view_account_count(const struct desk *d) {
    (void)d;
    return fake.n_accounts;
}
bool view_account_at(const struct desk *d, int i, struct view_account *out) {
    (void)d;
    if (i >= fake.n_accounts)
        return false;
    *out = fake.va[i];
    return true;
}
bool view_account(const struct desk *d, account_id id, struct view_account *out) {
    for (int i = 0; i < fake.n_accounts; i++)
        if (fake.account[i].id == id)
            return view_account_at(d, i, out);
    return false;
}
int view_equity(const struct desk *d, account_id id, struct view_equity *out, int max) {
    (void)d, (void)id;
    const int n = fake.n_equity < max ? fake.n_equity : max;
    memcpy(out, fake.equity + fake.n_equity - n, (size_t)n * sizeof *out);
    return n;
}
const struct order *view_next_order(const struct desk *d, int *cursor, bool open_only) {
    (void)d;
    while (*cursor < fake.n_orders) {
        const struct order *o = &fake.order[(*cursor)++];
        if (!open_only || order_open(o))
            return o;
    }
    return NULL;
}
const struct order *view_order(const struct desk *d, order_id id) {
    (void)d;
    for (int i = 0; i < fake.n_orders; i++)
        if (fake.order[i].id == id)
            return &fake.order[i];
    return NULL;
}
int64_t view_order_delayed_us(const struct desk *d, order_id id) {
    (void)d;
    for (int i = 0; i < fake.n_orders; i++)
        if (fake.order[i].id == id)
            return fake.delayed_us[i];
    return 0;
}
const struct order *view_order_find(const struct desk *d, const char *text) {
    (void)d;
    for (int i = 0; i < fake.n_orders; i++) {
        char num[16];
        snprintf(num, sizeof num, "%u", fake.order[i].num);
        if (!strcmp(num, text))
            return &fake.order[i];
    }
    return NULL;
}
const struct order *view_next_position(const struct desk *d, int *cursor, bool open_only) {
    (void)d;
    while (*cursor < fake.n_orders) {
        const struct order *o = &fake.order[(*cursor)++];
        if (o->pos.status == POSITION_OPEN || (!open_only && o->pos.status == POSITION_CLOSED))
            return o;
    }
    return NULL;
}
bool view_position(const struct desk *d, order_id id, struct view_position *out) {
    (void)d;
    for (int i = 0; i < fake.n_orders; i++)
        if (fake.order[i].id == id && fake.order[i].pos.status != POSITION_NONE) {
            *out = fake.vp[i];
            out->unprotected = fake.order[i].pos.unprotected;
            return true;
        }
    return false;
}
const struct order *view_position_of(const struct desk *d, account_id a, market_id m) {
    int cursor = 0;
    for (const struct order *o; (o = view_next_position(d, &cursor, true));)
        if (o->account == a && o->market == m)
            return o;
    return NULL;
}
int view_fills(const struct desk *d, const struct fill **out, int max) {
    (void)d;
    int n = 0;
    for (; n < fake.n_fills && n < max; n++)
        out[n] = &fake.fill[n];
    return n;
}
int view_pnl_by_market(const struct desk *d, account_id a, struct view_pnl *out, int max) {
    (void)d, (void)a;
    const int n = fake.n_pnl < max ? fake.n_pnl : max;
    memcpy(out, fake.pnl, (size_t)n * sizeof *out);
    return n;
}
int view_pnl_by_day(const struct desk *d, account_id a, struct view_day *out, int max) {
    (void)d, (void)a;
    const int n = fake.n_days < max ? fake.n_days : max;
    memcpy(out, fake.day, (size_t)n * sizeof *out);
    return n;
}
void view_preview(const struct desk *d, const struct intent *in, struct view_preview *out) {
    (void)d, (void)in;
    *out = fake.preview;
}
const struct risk_limits *view_limits(const struct desk *d) {
    (void)d;
    return &fake.limits;
}
int view_notices(const struct desk *d, struct view_notice *out, int max) {
    (void)d;
    const int n = fake.n_notices < max ? fake.n_notices : max;
    memcpy(out, fake.notice, (size_t)n * sizeof *out);
    return n;
}
int view_audit(const struct desk *d, char *text, size_t len) {
    (void)d;
    str_copy(text, len, fake.audit ? "cash of main: 1.00 but the ledger says 2.00" : "");
    return fake.audit;
}

/* --- models --- */
const struct intel *view_intel(const struct desk *d, market_id id) {
    (void)d;
    for (int i = 0; i < fake.n_markets; i++)
        if (fake.market[i].id == id)
            return fake.intel[i];
    return NULL;
}
const struct metrics *view_metrics(const struct desk *d, account_id a) {
    (void)d;
    for (int i = 0; i < fake.n_accounts; i++)
        if (fake.account[i].id == a)
            return fake.metrics[i];
    return NULL;
}
int view_model_count(const struct desk *d) {
    (void)d;
    return fake.n_models;
}
bool view_model_at(const struct desk *d, int i, struct view_model *out) {
    (void)d;
    if (i < 0 || i >= fake.n_models)
        return false;
    *out = fake.vmodel[i];
    return true;
}
bool view_model(const struct desk *d, model_id id, struct view_model *out) {
    for (int i = 0; i < fake.n_models; i++)
        if (fake.model[i].id == id)
            return view_model_at(d, i, out);
    return false;
}
const struct model *view_model_of(const struct desk *d, account_id a) {
    (void)d;
    for (int i = 0; i < fake.n_models; i++)
        if (fake.model[i].account == a)
            return &fake.model[i];
    return NULL;
}
enum err view_model_find(const struct desk *d, const char *text, model_id *out) {
    (void)d;
    for (int i = 0; i < fake.n_models; i++) {
        if (str_eq_nocase(fake.model[i].name, text)) {
            *out = fake.model[i].id;
            return ERR_OK;
        }
    }
    return ERR_NOT_FOUND;
}
bool view_run_alive(const struct desk *d, run_id run) {
    (void)d, (void)run;
    return fake.run_alive;
}
void view_schedule(const struct desk *d, struct view_schedule *out) {
    (void)d;
    *out = fake.schedule;
}

#endif
