/* Events from outside: a record that event_valid takes does the desk no harm. A desk with a market, an account and a
 * book gets the input as a list of records: type, where, how many bytes, and these laid over a record that makes sense. */
#include "fuzz.h"

#include "turret/desk/desk.h"

#define LEVELS 8
#define HEAD offsetof(struct event, u)
#define MARKET 11
#define ACCOUNT 7
#define LIVE_MARKET 12 /* of a venue that does not net, with a live account */
#define LIVE 8
#define NONCE 5

static union record {
    struct event ev;
    uint8_t bytes[sizeof(struct event) + LEVELS * sizeof(struct level)];
} r;
static int64_t now;

static struct event *begin(enum event_type type) {
    memset(&r, 0, sizeof r);
    event_init(&r.ev, type, VENUE_SIM, ++now);
    return &r.ev;
}

/* Steps, and gives the answers that a store and a venue would give at once. */
static void step(struct desk *d, bool answers) {
    uint64_t saved[64];
    int n = 0;
    desk_step(d, &r.ev);
    for (const struct effect *fx; (fx = desk_effect(d));)
        if (fx->type == FX_SAVE && n < 64)
            saved[n++] = fx->u.save.seq;
    for (int i = 0; answers && i < n; i++) {
        begin(EVENT_SAVED)->u.saved.seq = saved[i];
        desk_step(d, &r.ev);
        while (desk_effect(d))
            ;
    }
}

static void start(struct desk *d) {
    now = 1;
    begin(EVENT_BOOT)->u.boot = (struct ev_boot){.nonce = NONCE, .seed = 1, .virtual_time = 1, .next_num = 1};
    step(d, true);
    begin(EVENT_ACCOUNT)->u.account = (struct account){.id = ACCOUNT, .venue = VENUE_SIM, .initial = USD(10000 * DEC_ONE), .name = "paper"};
    step(d, true);
    begin(EVENT_MARKET)->u.market = (struct market){.id = MARKET, .venue = VENUE_SIM, .kind = MARKET_PERP, .max_leverage = 20, .tick = PRICE(1000), .lot = QTY(1000), .symbol = "M"};
    step(d, true);
    begin(EVENT_ACCOUNT)->u.account = (struct account){.id = LIVE, .venue = VENUE_POLYMARKET, .live = 1, .name = "poly"};
    step(d, true);
    begin(EVENT_MARKET)->u.market = (struct market){.id = LIVE_MARKET, .venue = VENUE_POLYMARKET, .kind = MARKET_BINARY, .max_leverage = 1, .tick = PRICE(1000), .lot = QTY(1000), .symbol = "L", .native = "0x1"};
    step(d, true);
    begin(EVENT_LOADED);
    step(d, true);
    begin(EVENT_STORE)->u.store.up = 1;
    step(d, true);
    begin(EVENT_LEADER)->u.leader = (struct ev_leader){.epoch = 1, .leads = 1};
    step(d, true);
    begin(EVENT_VENUE)->u.venue_state = (struct ev_venue){.venue = VENUE_SIM, .up = 1};
    step(d, true);
    begin(EVENT_VENUE)->u.venue_state = (struct ev_venue){.venue = VENUE_POLYMARKET, .up = 1};
    step(d, true);
}

/* A record of the type that refers to what is there; `which` picks one of the desk's orders. */
static void sensible(struct event *ev, unsigned which, bool live) {
    const market_id market = live ? LIVE_MARKET : MARKET;
    const account_id account = live ? LIVE : ACCOUNT;
    order_id order = order_id_make(NONCE, which);
    union event_body *u = &ev->u;
    switch ((enum event_type)ev->type) {
    case EVENT_BOOK:
        ev->size += 2 * (uint32_t)sizeof(struct level);
        u->book.market = market;
        u->book.n_bids = u->book.n_asks = 1;
        u->book.flags = BOOK_SNAPSHOT;
        u->book.levels[0] = (struct level){PRICE(99000), QTY(DEC_ONE)};
        u->book.levels[1] = (struct level){PRICE(101000), QTY(DEC_ONE)};
        break;
    case EVENT_TRADE: u->trade = (struct ev_trade){.market = market, .px = PRICE(100000), .size = QTY(1000)}; break;
    case EVENT_MARK: u->mark = (struct ev_mark){.market = market, .mark = PRICE(100000), .index = PRICE(100000)}; break;
    case EVENT_MARKET_STATUS: u->market_status.market = market; break;
    case EVENT_INTENT:
        u->intent = (struct intent){.account = account, .market = market, .side = live ? which & 1 : SIDE_LONG, .type = ORDER_LIMIT, .leverage = 1, .order = order, .limit = PRICE(99000), .size = QTY(5000)};
        break;
    case EVENT_FILL:
        u->fill_ev.fill = (struct fill){.order = order, .account = account, .market = market, .side = live ? which & 1 : SIDE_LONG, .finality = live ? FILL_PROVISIONAL : FILL_FINAL, .px = PRICE(99000), .size = QTY(1000), .at_us = now};
        u->fill_ev.fill.venue_trade[0] = (char)('a' + now % 20);
        break;
    case EVENT_RECON_FILL: u->recon_fill = (struct ev_recon_fill){.account = account, .round = which}; break;
    case EVENT_RECON_BEGIN: u->recon_begin = (struct ev_recon_begin){.account = account, .venue = VENUE_SIM, .round = which}; break;
    case EVENT_RECON_POSITION: u->recon_position = (struct ev_recon_position){.account = account, .round = which, .market = market, .net = QTY(1000), .entry = PRICE(99000)}; break;
    case EVENT_RECON_CASH: u->recon_cash = (struct ev_recon_cash){.account = account, .round = which, .cash = USD(DEC_ONE)}; break;
    case EVENT_RECON_END: u->recon_end = (struct ev_recon_end){.account = account, .ok = 1, .round = which}; break;
    case EVENT_ACK: u->ack.order = order; break;
    case EVENT_DONE: u->done.order = order; break;
    case EVENT_REJECT: u->reject.order = order; break;
    case EVENT_REFUSED: u->refused.order = order; break;
    case EVENT_AMENDED: u->amended.order = order; break;
    case EVENT_UNKNOWN: u->unknown.order = order; break;
    case EVENT_PREPARED: u->prepared.order = order; break;
    case EVENT_DELAYED: u->delayed = (struct ev_delayed){.order = order, .until_us = now + 100}; break;
    case EVENT_FINALITY:
        u->finality = (struct ev_finality){.account = account, .finality = FILL_FINAL + which % 2};
        u->finality.venue_trade[0] = (char)('a' + which * 3 % 20);
        break;
    case EVENT_FUNDS: u->funds.account = account; break;
    case EVENT_CLAIM: u->claim = (struct ev_claim){.account = account, .market = market, .amount = USD(which)}; break;
    case EVENT_VENUE: u->venue_state.venue = VENUE_SIM; break;
    default: break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    struct desk *d = desk_new();
    start(d);
    for (size_t at = 0; at + 4 <= len;) {
        struct event *ev = begin((enum event_type)(data[at] % EVENT_TYPE_COUNT));
        size_t skip = data[at + 1] * 4u, n = data[at + 2] & 31;
        bool answers = !(data[at + 2] & 32), live = data[at + 2] & 64;
        sensible(ev, data[at + 3] % 6u, live);
        at += 4;
        n = n < len - at ? n : len - at;
        size_t room = ev->size - HEAD;
        skip %= room;
        memcpy(r.bytes + HEAD + skip, data + at, n < room - skip ? n : room - skip);
        at += n;
        if (ev->type == EVENT_TIMER)
            now += 1000000;
        if (ev->type != EVENT_BOOT && event_valid(ev, sizeof r))
            step(d, answers);
    }
    desk_hash(d);
    desk_free(d);
    return 0;
}
