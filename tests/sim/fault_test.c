/* Seeded fault simulation: desk, store in memory and simulated exchange, coupled through wires that lose, double and delay.
 * The desk dies at random points and is loaded again; store and venue go down and come back. After everything is healed
 * the exchange's own ledger must equal the desk's, the store must give the same desk back, and promises held all along.
 * FAULT_SEEDS=n runs n seeds, FAULT_SEED=s only that one, with a trace when FAULT_TRACE is set. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "desk/state_watch.h"
#include "turret/base/str.h"
#include "turret/store/mem.h"
#include "venue/sim/exchange.h"

#define START_US (1767225600000000LL + 20 * 3600 * SECOND_US)
#define STEP_US 20000
#define MARKETS 3
#define ACCOUNTS 2
#define STRATEGIES 2

struct late { int64_t at_us; uint64_t seq; struct event *ev; }; /* a message on the wire */

struct world {
    uint64_t seed;
    struct rng rng;
    int64_t now;
    struct desk *d;
    struct store *s;
    struct exchange *x;
    struct market markets[MARKETS];
    struct book *books[MARKETS]; /* what a fresh feed would show */
    int64_t fair[MARKETS];       /* ticks */
    uint32_t quotes[MARKETS][2][3];
    struct late *wire;
    size_t wire_count, wire_cap;
    uint64_t wire_seq;
    bool faults, loaded, venue_up, store_up, drop_round, still, resets;
    int resolve_at;
    int lives;
    struct map placed;          /* order id -> times sent */
    struct map answered;        /* token -> times answered */
    uint64_t token, first_token /* of this life */;
    struct event **inbox;       /* events for the desk, in order */
    size_t in_count, in_cap, in_done;
    bool trace, store_failed;
    uint64_t sent, filled;
    bool autos;                 /* people use automations too */
    int64_t most_exposure;      /* the limit of an account, micro USD */
    struct map fired;           /* sniper -> orders sent */
    unsigned target_no;
};

static int market_index(const struct world *w, market_id id);
static void wire_put(struct world *w, const struct event *ev, int64_t at_us);

static bool chance(struct world *w, int per_mille) { return (int)rng_below(&w->rng, 1000) < per_mille; }

static void fail_seed(struct world *w, const char *what) {
    print_error("FAULT_SEED=%llu at +%lld ms, life %d: %s\n", (unsigned long long)w->seed, (long long)(w->now - START_US) / 1000, w->lives, what);
    fail();
}

/* --- events to the desk ---------------------------------------------------------------------------- */
static void inbox_put(struct world *w, const struct event *ev) {
    struct event *copy = xmalloc(ev->size);
    memcpy(copy, ev, ev->size);
    w->inbox = xgrow(w->inbox, &w->in_cap, w->in_count + 1, sizeof *w->inbox);
    w->inbox[w->in_count++] = copy;
}

static void run_effect(struct world *w, const struct effect *e);

static void trace_event(const struct world *w, const struct event *ev) {
    order_id id = ev->type == EVENT_ACK ? ev->u.ack.order : ev->type == EVENT_FILL ? ev->u.fill_ev.fill.order : ev->type == EVENT_DONE ? ev->u.done.order
                : ev->type == EVENT_REJECT ? ev->u.reject.order : ev->type == EVENT_RECON_ORDER ? ev->u.recon_order.order.id : ev->type == EVENT_REFUSED ? ev->u.refused.order
                : ev->type == EVENT_AMENDED ? ev->u.amended.order : 0;
    const struct order *o = view_order(w->d, id);
    print_message("%8lld <- %s %u\n", (long long)(w->now - START_US) / 1000, event_name((enum event_type)ev->type), o != NULL ? o->num : 0);
}

static void deliver(struct world *w) {
    while (w->in_done < w->in_count) {
        struct event *ev = w->inbox[w->in_done++];
        ev->at_us = w->now;
        if (w->trace && ev->type != EVENT_BOOK && ev->type != EVENT_TRADE && ev->type != EVENT_MARK && ev->type != EVENT_TIMER)
            trace_event(w, ev);
        desk_step(w->d, ev);
        free(ev);
        for (const struct effect *e; (e = desk_effect(w->d)) != NULL;)
            run_effect(w, e);
    }
    w->in_count = w->in_done = 0;
}

static void put(struct world *w, const struct event *ev) {
    inbox_put(w, ev);
    deliver(w);
}

static void store_sink(void *ctx, const struct event *ev) {
    struct world *w = ctx;
    if (ev->type == EVENT_LOADED)
        w->loaded = true;
    inbox_put(w, ev);
}

/* --- the wire from the venue: market data comes through, private messages get lost, doubled, late ------- */
static void wire_put(struct world *w, const struct event *ev, int64_t at_us) {
    struct event *copy = xmalloc(ev->size);
    memcpy(copy, ev, ev->size);
    w->wire = xgrow(w->wire, &w->wire_cap, w->wire_count + 1, sizeof *w->wire);
    w->wire[w->wire_count++] = (struct late){at_us, ++w->wire_seq, copy};
}

static bool public_event(const struct event *ev) {
    return ev->type == EVENT_MARKET || ev->type == EVENT_BOOK || ev->type == EVENT_TRADE || ev->type == EVENT_MARK || ev->type == EVENT_MARKET_STATUS;
}

static bool recon_event(const struct event *ev) { return ev->type >= EVENT_RECON_BEGIN && ev->type <= EVENT_RECON_END; }

static int market_index(const struct world *w, market_id id) {
    for (int i = 0; i < MARKETS; i++)
        if (w->markets[i].id == id)
            return i;
    return -1;
}

static void mirror(struct world *w, const struct ev_book *b) {
    int k = market_index(w, b->market);
    if (b->flags & BOOK_SNAPSHOT)
        book_clear(w->books[k]);
    for (int i = 0; i < b->n_bids + b->n_asks; i++)
        book_set(w->books[k], i < b->n_bids ? BOOK_BID : BOOK_ASK, b->levels[i].px, b->levels[i].size);
}

static void venue_sink(void *ctx, const struct event *ev) {
    struct world *w = ctx;
    if (ev->type == EVENT_BOOK)
        mirror(w, &ev->u.book);
    if (public_event(ev)) {
        if (w->d != NULL && w->venue_up)
            inbox_put(w, ev);
        return;
    }
    if (ev->type == EVENT_FILL)
        w->filled++;
    if (!w->venue_up)
        return; /* nobody is connected */
    if (ev->type == EVENT_RECON_BEGIN) /* an answer is whole or not at all */
        w->drop_round = w->faults && chance(w, 200);
    if (recon_event(ev)) {
        if (!w->drop_round)
            wire_put(w, ev, w->now);
        return;
    }
    if (w->faults && chance(w, 60))
        return; /* lost */
    wire_put(w, ev, w->faults && chance(w, 100) ? w->now + (int64_t)rng_below(&w->rng, 3 * SECOND_US) : w->now);
    if (w->faults && chance(w, 60))
        wire_put(w, ev, w->now + (int64_t)rng_below(&w->rng, 5 * SECOND_US)); /* doubled */
}

static void wire_run(struct world *w) {
    for (size_t i = 0; i < w->wire_count;) {
        struct late l = w->wire[i];
        if (l.at_us > w->now) {
            i++;
            continue;
        }
        memmove(&w->wire[i], &w->wire[i + 1], (w->wire_count - i - 1) * sizeof *w->wire);
        w->wire_count--;
        if (w->d != NULL && w->venue_up)
            inbox_put(w, l.ev);
        free(l.ev);
    }
}

static void wire_clear(struct world *w) { /* what was under way when the connection broke */
    for (size_t i = 0; i < w->wire_count; i++)
        free(w->wire[i].ev);
    w->wire_count = 0;
}

#include "wants_auto.h"

/* --- effects ----------------------------------------------------------------------------------------- */
static void tell_unknown(struct world *w, order_id id) {
    struct event ev;
    event_init(&ev, EVENT_UNKNOWN, VENUE_SIM, w->now);
    ev.u.unknown.order = id;
    str_copy(ev.u.unknown.text, sizeof ev.u.unknown.text, "connection cut after sending");
    wire_put(w, &ev, w->now);
}

static void run_place(struct world *w, const struct order *o) {
    uint64_t times = 0;
    map_get(&w->placed, o->id, &times);
    map_put(&w->placed, o->id, times + 1);
    w->sent++;
    check_sent(w, o);
    if (times != 0)
        fail_seed(w, "an order was sent twice");
    const struct order *row = store_mem_order(w->s, o->id);
    if (w->store_up && row == NULL)
        fail_seed(w, "sent before it was stored");
    if (w->store_up && row != NULL && row->size.micro != o->size.micro)
        fail_seed(w, "sent with another size than stored");
    if (!w->venue_up || (w->faults && chance(w, 40))) { /* lost on the way; sometimes we are told that we can't know */
        if (chance(w, 500))
            tell_unknown(w, o->id);
        return;
    }
    exchange_place(w->x, o, w->now);
    if (w->faults && chance(w, 30))
        tell_unknown(w, o->id);
}

static void run_effect(struct world *w, const struct effect *e) {
    uint64_t times = 0;
    if (w->trace && e->type == FX_NOTICE)
        print_message("%8lld    %s\n", (long long)(w->now - START_US) / 1000, e->u.notice.text);
    else if (w->trace && e->type != FX_SAVE)
        print_message("%8lld -> %s %u\n", (long long)(w->now - START_US) / 1000, effect_name((enum effect_type)e->type), e->type == FX_PLACE || e->type == FX_QUERY ? e->u.place.order.num : 0);
    bool lost = !w->venue_up || (w->faults && chance(w, 50));
    switch ((enum effect_type)e->type) {
    case FX_SAVE:
        if (w->trace && e->u.save.kind == SAVE_FOLLOW_TRADE)
            print_message("%8lld    saves %s of %u: %s, order %llu, version %u\n", (long long)(w->now - START_US) / 1000, e->u.save.u.follow_trade.trade, e->u.save.u.follow_trade.follow,
                          follow_status_name((enum follow_status)e->u.save.u.follow_trade.status), (unsigned long long)e->u.save.u.follow_trade.order, e->u.save.u.follow_trade.version);
        store_save(w->s, &e->u.save);
        break;
    case FX_PLACE:
        run_place(w, &e->u.place.order);
        break;
    case FX_CANCEL:
        if (!lost)
            exchange_cancel(w->x, &e->u.cancel, w->now);
        break;
    case FX_AMEND:
        if (!lost)
            exchange_amend(w->x, &e->u.amend, w->now);
        break;
    case FX_QUERY:
        if (!lost)
            exchange_query(w->x, &e->u.query.order, w->now);
        break;
    case FX_RECONCILE:
        if (!lost)
            exchange_reconcile(w->x, &e->u.reconcile, w->now);
        break;
    case FX_RESET:
        exchange_reset(w->x, &e->u.reset, w->now);
        break;
    case FX_REPLY:
        map_get(&w->answered, e->u.reply.token, &times);
        map_put(&w->answered, e->u.reply.token, times + 1);
        if (times != 0)
            fail_seed(w, "a token was answered twice");
        break;
    default:
        break;
    }
}

/* --- lives of the desk ---------------------------------------------------------------------------------- */
static void snapshots(struct world *w) {
    for (int i = 0; i < MARKETS; i++) {
        struct event ev;
        event_init(&ev, EVENT_MARKET, VENUE_SIM, w->now);
        ev.u.market = w->markets[i];
        put(w, &ev);
        int nb = book_count(w->books[i], BOOK_BID), na = book_count(w->books[i], BOOK_ASK);
        size_t size = event_base_size(EVENT_BOOK) + (size_t)(nb + na) * sizeof(struct level);
        struct event *b = xcalloc(1, size > sizeof *b ? size : sizeof *b);
        event_init(b, EVENT_BOOK, VENUE_SIM, w->now);
        b->size = (uint32_t)size;
        b->u.book.market = w->markets[i].id;
        b->u.book.flags = BOOK_SNAPSHOT;
        b->u.book.n_bids = (uint16_t)nb;
        b->u.book.n_asks = (uint16_t)na;
        for (int k = 0; k < nb; k++)
            b->u.book.levels[k] = *book_level(w->books[i], BOOK_BID, k);
        for (int k = 0; k < na; k++)
            b->u.book.levels[nb + k] = *book_level(w->books[i], BOOK_ASK, k);
        put(w, b);
        free(b);
    }
}

static void venue_set(struct world *w, bool up) {
    struct event ev;
    if (w->venue_up == up)
        return;
    w->venue_up = up;
    if (!up)
        wire_clear(w);
    event_init(&ev, EVENT_VENUE, VENUE_SIM, w->now);
    ev.u.venue_state.venue = VENUE_SIM;
    ev.u.venue_state.up = up;
    put(w, &ev);
    if (up)
        snapshots(w);
}

static void desk_live(struct world *w) {
    struct event ev;
    w->lives++;
    w->d = desk_new();
    w->first_token = w->token;
    event_init(&ev, EVENT_BOOT, VENUE_NONE, w->now);
    ev.u.boot.nonce = w->seed * 1000 + (uint64_t)w->lives;
    ev.u.boot.cancel_on_kill = 1;
    ev.u.boot.next_num = 1;
    risk_limits_default(&ev.u.boot.limits);
    ev.u.boot.limits.max_day_loss = 0;
    ev.u.boot.limits.max_order_notional = ev.u.boot.limits.max_market_exposure = 0;
    ev.u.boot.limits.max_account_exposure = w->autos ? w->most_exposure : 0;
    ev.u.boot.limits.max_orders_per_second = 0;
    ev.u.boot.limits.duplicate_window = 0;
    put(w, &ev);
    w->loaded = false;
    if (!w->store_up) /* without the store no desk starts; the outbox is merged first */
        store_mem_set_up(w->s, w->store_up = true);
    store_mem_set_time(w->s, w->now);
    store_load(w->s);
    for (int i = 0; i < 100 && !w->loaded; i++) {
        store_mem_run(w->s);
        deliver(w);
    }
    assert_true(w->loaded);
    for (account_id a = 1; a <= ACCOUNTS; a++) {
        event_init(&ev, EVENT_ACCOUNT, VENUE_SIM, w->now);
        ev.u.account = (struct account){.id = a, .venue = VENUE_SIM, .initial = USD(10000 * DEC_ONE)};
        snprintf(ev.u.account.name, sizeof ev.u.account.name, "paper%u", a);
        put(w, &ev);
    }
    w->venue_up = false;
    venue_set(w, true);
}

static void desk_die(struct world *w) {
    desk_free(w->d);
    w->d = NULL;
    for (size_t i = w->in_done; i < w->in_count; i++)
        free(w->inbox[i]);
    w->in_count = w->in_done = 0;
    wire_clear(w);
    w->venue_up = false;
    store_mem_crash(w->s, (int)rng_below(&w->rng, 4), (struct event_sink){store_sink, w});
}

/* --- the market moves, people want things ------------------------------------------------------------------ */
static void quote(struct world *w, int i) {
    const struct market *m = &w->markets[i];
    if (m->status != MARKET_OPEN)
        return;
    w->fair[i] += rng_range(&w->rng, -3, 3);
    int64_t low = m->kind == MARKET_BINARY ? 10 : 800, high = m->kind == MARKET_BINARY ? 90 : 1200;
    w->fair[i] = w->fair[i] < low ? low : w->fair[i] > high ? high : w->fair[i];
    for (int side = 0; side < 2; side++)
        for (int k = 0; k < 3; k++) {
            int64_t t = w->fair[i] + (side == 0 ? -1 - k : 1 + k);
            exchange_bot_cancel(w->x, m->id, w->quotes[i][side][k], w->now);
            qty size = QTY(rng_range(&w->rng, 5, 60) * m->lot.micro * (m->kind == MARKET_PERP ? 100 : 1));
            w->quotes[i][side][k] = exchange_bot_limit(w->x, m->id, (uint16_t)(1 + side), side == 0 ? 1 : -1, PRICE(t * m->tick.micro), size, w->now);
        }
    if (chance(w, 300))
        exchange_bot_market(w->x, m->id, 9, chance(w, 500) ? 1 : -1, QTY(rng_range(&w->rng, 1, 20) * m->lot.micro), w->now);
}

static void resolve(struct world *w) {
    struct market *m = &w->markets[MARKETS - 1];
    m->status = MARKET_RESOLVED;
    m->outcome = (uint8_t)(OUTCOME_YES + rng_below(&w->rng, 3));
    exchange_resolve(w->x, m->id, (enum market_outcome)m->outcome, w->now);
}

static const struct order *random_order(struct world *w, bool positions) {
    const struct order *o, *pick = NULL;
    int cursor = 0, n = 0;
    while ((o = positions ? view_next_position(w->d, &cursor, true) : view_next_order(w->d, &cursor, true)) != NULL)
        if (rng_below(&w->rng, (uint64_t)++n) == 0)
            pick = o;
    return pick;
}

static void want_place(struct world *w, struct intent *in) {
    int i = (int)rng_below(&w->rng, MARKETS);
    const struct market *m = &w->markets[i];
    in->market = m->id;
    in->side = (uint8_t)(m->kind == MARKET_BINARY ? rng_below(&w->rng, 2) : 2 + rng_below(&w->rng, 2));
    in->action = (uint8_t)rng_below(&w->rng, 2);
    in->type = chance(w, 400) ? ORDER_MARKET : ORDER_LIMIT;
    in->tif = (uint8_t)(in->type == ORDER_MARKET ? TIF_IOC : chance(w, 200) ? TIF_IOC : chance(w, 100) ? TIF_FOK : TIF_GTC);
    in->leverage = (uint8_t)(m->kind == MARKET_PERP ? 1 + rng_below(&w->rng, 5) : 1);
    in->size = QTY(rng_range(&w->rng, 1, 40) * m->lot.micro * (m->kind == MARKET_PERP ? 100 : 1));
    price own = book_price((enum order_side)in->side, PRICE((w->fair[i] + rng_range(&w->rng, -4, 4)) * m->tick.micro));
    if (in->type == ORDER_LIMIT)
        in->limit = own;
    if (chance(w, 500)) {
        int gain = position_dir((enum order_side)in->side);
        in->stop = PRICE(own.micro - gain * rng_range(&w->rng, 5, 9) * m->tick.micro);
        in->target = PRICE(own.micro + gain * rng_range(&w->rng, 5, 9) * m->tick.micro);
    }
    if (chance(w, 100))
        in->flags = ORDER_POST_ONLY;
    if (chance(w, 250))
        str_copy(in->strategy, sizeof in->strategy, "bot");
}

static void want_something(struct world *w) {
    struct event ev;
    event_init(&ev, EVENT_INTENT, VENUE_NONE, w->now);
    struct intent *in = &ev.u.intent;
    const struct order *o;
    in->account = 1 + (account_id)rng_below(&w->rng, ACCOUNTS);
    in->token = ++w->token;
    switch (w->autos && chance(w, 500) ? 99 : rng_below(&w->rng, 12)) {
    case 99:
        want_auto(w, in, random_order(w, true));
        break;
    case 0:
        in->kind = INTENT_CANCEL;
        if ((o = random_order(w, false)) != NULL)
            in->order = o->id;
        break;
    case 1:
        in->kind = INTENT_AMEND;
        if ((o = random_order(w, false)) != NULL) {
            const struct market *m = &w->markets[market_index(w, o->market)];
            in->order = o->id;
            in->limit = o->limit.micro > 0 && chance(w, 500) ? PRICE(o->limit.micro + m->tick.micro) : PRICE(0);
            in->size = chance(w, 500) ? QTY(o->size.micro + rng_range(&w->rng, -3, 3) * m->lot.micro) : QTY(0);
            if (in->size.micro < 0)
                in->size = QTY(0);
        }
        break;
    case 2:
    case 3:
        in->kind = INTENT_CLOSE;
        if ((o = random_order(w, true)) != NULL) {
            in->order = o->id;
            in->size = chance(w, 500) ? QTY(0) : o->pos.open;
            in->limit = chance(w, 300) ? PRICE(o->pos.entry_price.micro / w->markets[market_index(w, o->market)].tick.micro * w->markets[market_index(w, o->market)].tick.micro) : PRICE(0);
        }
        break;
    case 4:
        in->kind = INTENT_PROTECT;
        if ((o = random_order(w, true)) != NULL) {
            struct view_position p;
            view_position(w->d, o->id, &p);
            int gain = position_dir((enum order_side)o->side);
            int64_t tick = w->markets[market_index(w, o->market)].tick.micro;
            in->order = o->id;
            in->stop = PRICE(p.mark.micro - gain * 4 * tick);
            in->target = chance(w, 500) ? PROTECT_KEEP : PRICE(p.mark.micro + gain * 4 * tick);
        }
        break;
    case 5:
        in->kind = chance(w, 200) ? INTENT_FLATTEN : chance(w, 200) ? INTENT_KILL : chance(w, 300) ? INTENT_CANCEL_ALL : INTENT_UNKILL;
        in->source = in->kind == INTENT_FLATTEN ? SOURCE_KILL : SOURCE_MANUAL;
        break;
    default:
        if (w->resets && chance(w, 10)) {
            in->kind = INTENT_ACCOUNT_RESET;
            break;
        }
        in->kind = INTENT_PLACE;
        want_place(w, in);
        break;
    }
    if (w->trace)
        print_message("%8lld    wants %s %llu\n", (long long)(w->now - START_US) / 1000, intent_name((enum intent_kind)in->kind), (unsigned long long)in->order);
    put(w, &ev);
}

static void maybe_fault(struct world *w) {
    if (chance(w, 6)) {
        desk_die(w);
        if (chance(w, 300))
            w->now += (int64_t)rng_below(&w->rng, 8 * SECOND_US); /* the world goes on without it */
        exchange_run(w->x, w->now);
        desk_live(w);
    }
    if (chance(w, 6))
        venue_set(w, !w->venue_up);
    if (chance(w, 6)) {
        w->store_up = !w->store_up;
        store_mem_set_up(w->s, w->store_up);
    }
    if (chance(w, 20))
        store_mem_set_delay(w->s, (int)rng_below(&w->rng, 12));
}

static void step(struct world *w, int n) {
    w->now += STEP_US;
    store_mem_set_time(w->s, w->now);
    if (n % 5 == 0 && !w->still)
        quote(w, (int)rng_below(&w->rng, MARKETS));
    exchange_flush_books(w->x, w->now);
    exchange_run(w->x, w->now);
    wire_run(w);
    deliver(w);
    store_mem_run(w->s);
    deliver(w);
    if (n % 12 == 0) {
        struct event ev;
        event_init(&ev, EVENT_TIMER, VENUE_NONE, w->now);
        put(w, &ev);
    }
}

/* --- oracles ------------------------------------------------------------------------------------------------- */
static void check_inside(struct world *w) {
    char text[512], line[600];
    if (view_audit(w->d, text, sizeof text) == 0)
        return;
    snprintf(line, sizeof line, "audit: %s", text);
    fail_seed(w, line);
}

static void check_ledgers(struct world *w) {
    char line[256];
    for (account_id a = 1; a <= ACCOUNTS; a++) {
        struct view_account v;
        assert_true(view_account(w->d, a, &v));
        if (!v.reconciled)
            fail_seed(w, "not reconciled after healing");
        usd cash = exchange_cash(w->x, a);
        if (llabs(cash.micro - v.cash.micro) > 200) { /* an average taken over from the venue is rounded */
            snprintf(line, sizeof line, "account %u: cash %lld here, %lld at the exchange", a, (long long)v.cash.micro, (long long)cash.micro);
            fail_seed(w, line);
        }
        if (exchange_working(w->x, a) != v.open_orders) {
            int cur = 0;
            for (const struct order *o; (o = view_next_order(w->d, &cur, true)) != NULL;)
                if (o->account == a)
                    print_error("%u %s, flags %u, filled %s of %s, cancel asked %lld\n", o->num, order_state_name((enum order_state)o->state), o->flags, num_text(o->filled.micro).s, num_text(o->size.micro).s, (long long)o->cancel_requested_us);
            snprintf(line, sizeof line, "account %u: %d orders work here, %d at the exchange", a, v.open_orders, exchange_working(w->x, a));
            fail_seed(w, line);
        }
        struct exchange_position p[MARKETS];
        int64_t theirs[MARKETS] = {0}, ours[MARKETS] = {0};
        int n = exchange_positions(w->x, a, p, MARKETS), cursor = 0;
        for (int i = 0; i < n; i++)
            theirs[market_index(w, p[i].market)] = p[i].net_micro;
        for (const struct order *o; (o = view_next_position(w->d, &cursor, true)) != NULL;)
            if (o->account == a)
                ours[market_index(w, o->market)] += side_sign((enum order_side)o->side) * o->pos.open.micro;
        for (int i = 0; i < MARKETS; i++)
            if (theirs[i] != ours[i]) {
                snprintf(line, sizeof line, "account %u %s: %lld here, %lld at the exchange", a, w->markets[i].symbol, (long long)ours[i], (long long)theirs[i]);
                fail_seed(w, line);
            }
    }
}

/* The store gives the same desk back. */
static void check_reload(struct world *w) {
    char line[128];
    uint64_t before = hash_rows(w->d, 1);
    const uint64_t parts[] = {hash_watches(w->d, 1), hash_follows(w->d, 1), w->d->trading, w->d->next_num};
    struct watch *watches = xcalloc(w->d->watches != NULL ? w->d->watches->n + 1 : 1, sizeof *watches);
    const size_t watch_n = w->d->watches != NULL ? w->d->watches->n : 0;
    for (size_t i = 0; i < watch_n; i++)
        watches[i] = w->d->watches->list[i];
    size_t n = w->d->order_count;
    struct order *was = xcalloc(n + 1, sizeof *was);
    struct acct acct[ACCOUNTS];
    for (size_t i = 0; i < n; i++)
        was[i] = w->d->orders[i]->o;
    for (int i = 0; i < ACCOUNTS; i++)
        acct[i] = *w->d->accounts[i];
    desk_free(w->d);
    w->d = NULL;
    store_mem_crash(w->s, 0, (struct event_sink){store_sink, w});
    desk_live(w);
    uint64_t after = hash_rows(w->d, 1);
    snprintf(line, sizeof line, "the store gives another desk back: %016llx, was %016llx", (unsigned long long)after, (unsigned long long)before);
    for (size_t i = 0; i < n && before != after; i++) {
        const struct order *o = view_order(w->d, was[i].id);
        if (o == NULL || o->version != was[i].version || o->state != was[i].state || o->flags != was[i].flags || o->pos.open.micro != was[i].pos.open.micro)
            print_error("order %u: version %u, now %u; %s, now %s\n", was[i].num, was[i].version, o != NULL ? o->version : 0, order_state_name((enum order_state)was[i].state), o != NULL ? order_state_name((enum order_state)o->state) : "gone");
    }
    for (int i = 0; i < ACCOUNTS && before != after; i++)
        print_error("account %d: cash %lld, now %lld; today %lld, now %lld; fees %lld, now %lld\n", i + 1, (long long)acct[i].cash.micro, (long long)w->d->accounts[i]->cash.micro,
                    (long long)acct[i].realized.micro, (long long)w->d->accounts[i]->realized.micro, (long long)acct[i].fees.micro, (long long)w->d->accounts[i]->fees.micro);
    const uint64_t now[] = {hash_watches(w->d, 1), hash_follows(w->d, 1), w->d->trading, w->d->next_num};
    static const char *const names[] = {"watches", "followed traders", "trading state", "next number"};
    for (size_t i = 0; i < 4 && before != after; i++)
        if (parts[i] != now[i])
            print_error("%s: %llx, now %llx\n", names[i], (unsigned long long)parts[i], (unsigned long long)now[i]);
    for (size_t i = 0; i < watch_n && before != after; i++) {
        const struct watch *x = watch_find(w->d, watches[i].id);
        if ((x != NULL || watch_live(&watches[i])) && (x == NULL || memcmp(x, &watches[i], sizeof *x) != 0))
            print_error("watch %u: %s flags %x version %u fires %u, now %s flags %x version %u fires %u\n", watches[i].id, watch_status_name((enum watch_status)watches[i].status), watches[i].flags,
                        watches[i].version, watches[i].fires, x ? watch_status_name((enum watch_status)x->status) : "gone", x ? x->flags : 0, x ? x->version : 0, x ? x->fires : 0);
    }
    free(watches);
    free(was);
    if (before != after)
        fail_seed(w, line);
    check_inside(w);
}

static void check_tokens(struct world *w) {
    for (uint64_t t = w->first_token + 1; t <= w->token; t++) {
        uint64_t times = 0;
        map_get(&w->answered, t, &times);
        if (times != 1)
            fail_seed(w, "a token was never answered");
    }
}

/* --- one seed -------------------------------------------------------------------------------------------------- */
static void world_open(struct world *w, uint64_t seed) {
    static const char *const symbols[MARKETS] = {"BTC-PERP", "FED-CUT", "RAIN-SAT"};
    memset(w, 0, sizeof *w);
    w->seed = seed;
    w->now = START_US;
    w->trace = getenv("FAULT_TRACE") != NULL;
    w->resets = seed % 4 == 3;
    w->autos = seed % 2;
    w->most_exposure = 2000 * DEC_ONE;
    map_init(&w->fired);
    w->resolve_at = seed % 3 == 2 ? 400 + (int)(seed % 1000) : -1;
    rng_seed(&w->rng, seed);
    map_init(&w->placed);
    map_init(&w->answered);
    w->s = store_mem_new((struct event_sink){store_sink, w});
    w->store_up = true;
    struct exchange_cfg cfg;
    exchange_cfg_default(&cfg);
    cfg.seed = seed;
    cfg.funding_period_us = 20 * SECOND_US;
    w->x = exchange_new(&cfg, (struct event_sink){venue_sink, w});
    for (int i = 0; i < MARKETS; i++) {
        bool perp = i == 0;
        struct market *m = &w->markets[i];
        *m = (struct market){.venue = VENUE_SIM, .kind = perp ? MARKET_PERP : MARKET_BINARY, .max_leverage = perp ? 20 : 1, .price_digits = 2, .qty_digits = 3,
                             .tick = PRICE(perp ? 100000 : 10000), .lot = QTY(perp ? 1000 : DEC_ONE), .min_size = QTY(perp ? 1000 : DEC_ONE),
                             .min_price = PRICE(perp ? 100000 : 10000), .max_price = PRICE(perp ? 1000000 * DEC_ONE : 990000), .maker_ppm = 200, .taker_ppm = 500,
                             .maintenance_ppm = perp ? 25000 : 0, .funding_interval_s = perp ? 20 : 0};
        str_copy(m->symbol, sizeof m->symbol, symbols[i]);
        m->id = market_id_of(VENUE_SIM, m->symbol);
        w->books[i] = book_new();
        w->fair[i] = perp ? 1000 : 50;
        exchange_list(w->x, m, EXCHANGE_MATCHED, w->now);
        quote(w, i);
    }
    exchange_flush_books(w->x, w->now);
    /* the exchange knows its accounts from the start, as a restored one would */
    for (account_id a = 1; a <= ACCOUNTS; a++) {
        struct event ev;
        event_init(&ev, EVENT_ACCOUNT, VENUE_SIM, w->now);
        ev.u.account = (struct account){.id = a, .venue = VENUE_SIM, .initial = USD(10000 * DEC_ONE)};
        exchange_restore(w->x, &ev);
    }
    desk_live(w);
}

static void world_close(struct world *w) {
    desk_free(w->d);
    wire_clear(w);
    free(w->wire);
    free(w->inbox);
    store_close(w->s);
    exchange_free(w->x);
    for (int i = 0; i < MARKETS; i++)
        book_free(w->books[i]);
    map_free(&w->placed);
    map_free(&w->answered);
    map_free(&w->fired);
}

static void run_seed(uint64_t seed, uint64_t *sent, uint64_t *filled, int *lives) {
    struct world w;
    world_open(&w, seed);
    w.faults = true;
    for (int n = 0; n < 1500; n++) {
        step(&w, n);
        if (n == w.resolve_at)
            resolve(&w);
        if (chance(&w, (int)(100 + seed % 5 * 100)))
            want_something(&w);
        if (w.autos && chance(&w, 60))
            target_trades(&w);
        maybe_fault(&w);
        if (n % 100 == 0)
            check_inside(&w);
        if (getenv("FAULT_EACH") != NULL)
            check_follows(&w);
    }
    /* heal: everything comes back, and nobody wants anything for a while */
    w.faults = false;
    w.drop_round = false;
    store_mem_set_delay(w.s, 0);
    w.store_up = true;
    store_mem_set_up(w.s, true);
    for (int n = 0; n < 50; n++)
        step(&w, n);
    venue_set(&w, false);
    venue_set(&w, true);
    for (int n = 0; n < 2000; n++)
        step(&w, n);
    /* the market holds still until nothing is under way: no exit, no funding payment */
    w.still = true;
    for (int n = 0; n < 500 || w.now % (20 * SECOND_US) < 2 * SECOND_US; n++)
        step(&w, n);
    check_inside(&w);
    check_ledgers(&w);
    check_follows(&w);
    check_watches(&w);
    check_tokens(&w);
    char text[256];
    if (store_mem_violations(w.s, text, sizeof text) != 0)
        fail_seed(&w, text);
    check_reload(&w);
    *sent += w.sent;
    *filled += w.filled;
    *lives += w.lives;
    world_close(&w);
}

static void everything_heals(void **state) {
    (void)state;
    const char *one = getenv("FAULT_SEED"), *many = getenv("FAULT_SEEDS");
    uint64_t sent = 0, filled = 0;
    int lives = 0;
    uint64_t first = one != NULL ? strtoull(one, NULL, 10) : 1, count = one != NULL ? 1 : many != NULL ? strtoull(many, NULL, 10) : 500;
    for (uint64_t s = first; s < first + count; s++)
        run_seed(s, &sent, &filled, &lives);
    print_message("%llu seeds: %llu orders sent, %llu fills, %d lives of the desk\n", (unsigned long long)count, (unsigned long long)sent, (unsigned long long)filled, lives);
    assert_true(sent > count && filled > count && lives > (int)count);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(everything_heals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
