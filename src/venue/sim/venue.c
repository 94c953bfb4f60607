/* The simulator behind the venue port: one exchange and the feed that drives it, run in time order. */
#include "turret/venue/venue.h"

#include <stdio.h>
#include <stdlib.h>

#include "exchange.h"
#include "turret/base/map.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/venue/sim.h"

#define HEARTBEAT_US 5000000LL /* a quiet book is confirmed so often: half the age at which the desk calls it stale */
#define SLEPT_US 2000000LL     /* a feed that is further behind than this was asleep: it skips, not catches up */

struct listed { /* a market as it was last told */
    market_id id;
    int64_t book_us; /* 0: no book yet */
    bool open, gap;
};

struct sim_venue {
    struct venue head;
    struct exchange *x;
    struct feed *feed;
    bool started, wall_clock;
    struct listed *markets;
    size_t count, cap;
    struct map index; /* market id -> place in markets */
    int64_t beat_us;
};

static struct sim_venue *sim_of(struct venue *v) {
    return (struct sim_venue *)v;
}
static const struct sim_venue *sim_const(const struct venue *v) {
    return (const struct sim_venue *)v;
}

static struct listed *listed_find(struct sim_venue *s, market_id id) {
    uint64_t at;
    return map_get(&s->index, id, &at) ? &s->markets[at] : NULL;
}

/* Everything the exchange tells passes here: which books there are and how old they are. */
static void sim_put(void *ctx, const struct event *ev) {
    struct sim_venue *s = ctx;
    struct listed *l;
    if (ev->type == EVENT_BOOK && (l = listed_find(s, ev->u.book.market))) {
        l->book_us = ev->at_us;
        l->gap = (ev->u.book.flags & BOOK_GAP) || (l->gap && !(ev->u.book.flags & BOOK_SNAPSHOT));
    } else if (ev->type == EVENT_MARKET) {
        if (!(l = listed_find(s, ev->u.market.id))) {
            s->markets = xgrow(s->markets, &s->cap, s->count + 1, sizeof *s->markets);
            map_put(&s->index, ev->u.market.id, s->count);
            l = &s->markets[s->count++];
            *l = (struct listed){.id = ev->u.market.id};
        }
        l->open = ev->u.market.status == MARKET_OPEN;
    } else if (ev->type == EVENT_MARKET_STATUS && (l = listed_find(s, ev->u.market_status.market))) {
        l->open = ev->u.market_status.status == MARKET_OPEN;
    }
    s->head.sink.put(s->head.sink.ctx, ev);
}

/* The feed is alive though nothing moved: an empty change says so of every quiet book. */
static void heartbeat(struct sim_venue *s, int64_t now_us) {
    struct event ev;
    for (size_t i = 0; i < s->count; i++) {
        struct listed *l = &s->markets[i];
        if (!l->open || l->gap || !l->book_us || now_us - l->book_us < HEARTBEAT_US)
            continue;
        event_init(&ev, EVENT_BOOK, s->head.id, now_us);
        ev.u.book.market = l->id;
        sim_put(s, &ev);
    }
    s->beat_us = now_us + HEARTBEAT_US;
}

static void sim_start(struct venue *v, int64_t now_us) {
    struct sim_venue *s = sim_of(v);
    struct event ev;
    s->started = true;
    s->beat_us = now_us + HEARTBEAT_US;
    s->feed->ops->start(s->feed, now_us);
    exchange_flush_books(s->x, now_us);
    event_init(&ev, EVENT_VENUE, v->id, now_us);
    ev.u.venue_state.venue = (uint8_t)v->id;
    ev.u.venue_state.up = 1;
    str_copy(ev.u.venue_state.text, sizeof ev.u.venue_state.text, s->feed->ops->name);
    v->sink.put(v->sink.ctx, &ev);
}

static void sim_restore(struct venue *v, const struct event *ev) {
    struct sim_venue *s = sim_of(v);
    exchange_restore(s->x, ev);
    if (s->feed->ops->restore)
        s->feed->ops->restore(s->feed, ev);
}

/* It goes by the desk's own number. */
static enum err sim_prepare(struct venue *v, struct order *o, int64_t now_us) {
    (void)v;
    (void)now_us;
    if (o->client_id[0] == 0)
        snprintf(o->client_id, sizeof o->client_id, "%llu", (unsigned long long)o->id);
    return ERR_OK;
}

static enum err sim_place(struct venue *v, const struct order *o, int64_t now_us) {
    return exchange_place(sim_of(v)->x, o, now_us);
}
static enum err sim_cancel(struct venue *v, const struct fx_cancel *c, int64_t now_us) {
    return exchange_cancel(sim_of(v)->x, c, now_us);
}
static enum err sim_amend(struct venue *v, const struct fx_amend *a, int64_t now_us) {
    return exchange_amend(sim_of(v)->x, a, now_us);
}
static enum err sim_query(struct venue *v, const struct order *o, int64_t now_us) {
    return exchange_query(sim_of(v)->x, o, now_us);
}
static enum err sim_reconcile(struct venue *v, const struct fx_reconcile *r, int64_t now_us) {
    return exchange_reconcile(sim_of(v)->x, r, now_us);
}
static enum err sim_reset(struct venue *v, const struct fx_reset *r, int64_t now_us) {
    return exchange_reset(sim_of(v)->x, r, now_us);
}

static enum err sim_activity(struct venue *v, const struct fx_activity *a, int64_t now_us) {
    struct feed *f = sim_of(v)->feed;
    return f->ops->activity ? f->ops->activity(f, a, now_us) : ERR_UNSUPPORTED;
}

static enum err sim_list(struct venue *v, const struct fx_list *l, int64_t now_us) {
    struct feed *f = sim_of(v)->feed;
    return f->ops->list ? f->ops->list(f, l, now_us) : ERR_UNSUPPORTED;
}

static int64_t feed_next(const struct sim_venue *s) {
    return s->started ? s->feed->ops->next_us(s->feed) : INT64_MAX;
}

/* A feed that has ended says nothing more: its books grow stale. */
static int64_t beat_next(const struct sim_venue *s) {
    return feed_next(s) == INT64_MAX ? INT64_MAX : s->beat_us;
}

static int64_t sim_next_us(const struct venue *v) {
    const struct sim_venue *s = sim_const(v);
    int64_t market = feed_next(s), exchange = exchange_next_us(s->x), beat = beat_next(s);
    market = market < beat ? market : beat;
    return market < exchange ? market : exchange;
}

/* At equal times the exchange goes first: what was sent earlier meets the book as it was. */
static void sim_run(struct venue *v, int64_t now_us) {
    struct sim_venue *s = sim_of(v);
    for (;;) {
        int64_t market = feed_next(s), exchange = exchange_next_us(s->x), next = sim_next_us(v);
        if (next > now_us)
            return;
        if (s->wall_clock && now_us - next > SLEPT_US) {
            exchange_run(s->x, now_us);
            s->feed->ops->run(s->feed, now_us);
            heartbeat(s, now_us);
            continue;
        }
        if (exchange == next)
            exchange_run(s->x, next);
        else if (market == next)
            s->feed->ops->run(s->feed, next);
        else
            heartbeat(s, next);
    }
}

static void sim_close(struct venue *v) {
    struct sim_venue *s = sim_of(v);
    s->feed->ops->close(s->feed);
    exchange_free(s->x);
    map_free(&s->index);
    free(s->markets);
    free(s);
}

static const struct venue_ops sim_ops = {
    .name = "sim",
    .caps = VENUE_AMENDS | VENUE_NETS | VENUE_REDUCE_ONLY | VENUE_POST_ONLY | VENUE_PAPER | VENUE_RESET,
    .start = sim_start,
    .restore = sim_restore,
    .prepare = sim_prepare,
    .place = sim_place,
    .cancel = sim_cancel,
    .amend = sim_amend,
    .query = sim_query,
    .reconcile = sim_reconcile,
    .reset = sim_reset,
    .activity = sim_activity,
    .list = sim_list,
    .next_us = sim_next_us,
    .run = sim_run,
    .close = sim_close,
};

void sim_cfg_default(struct sim_cfg *cfg) {
    struct exchange_cfg x;
    exchange_cfg_default(&x);
    *cfg = (struct sim_cfg){.seed = x.seed,
                            .latency_min_us = x.latency_min_us,
                            .latency_max_us = x.latency_max_us,
                            .slippage_max_bps = x.slippage_max_bps,
                            .initial_cash = x.initial_cash,
                            .maker_ppm = x.maker_ppm,
                            .taker_ppm = x.taker_ppm,
                            .funding_period_us = x.funding_period_us,
                            .funding_refresh_us = x.funding_refresh_us,
                            .mark_every_us = x.mark_every_us};
}

static enum err feed_open(const struct sim_cfg *cfg, struct sim_venue *s, char text[REASON_MAX]) {
    if (cfg->first) {
        s->feed = twin_feed_new(s->x, sim_const(cfg->first)->feed, cfg->seed);
        if (s->feed)
            return ERR_OK;
        str_copy(text, REASON_MAX, "a second simulated venue needs generated markets on the first");
        return ERR_UNSUPPORTED;
    }
    if (cfg->live)
        return live_feed_new(s->x, cfg->live, cfg->live_markets, &s->feed, text);
    if (cfg->tape)
        return tape_feed_new(s->x, cfg->tape, &s->feed, text);
    s->feed = gen_feed_new(s->x, cfg->seed);
    return ERR_OK;
}

enum err sim_open(const struct sim_cfg *cfg, struct event_sink sink, struct venue **out, char text[REASON_MAX]) {
    struct exchange_cfg xc;
    exchange_cfg_default(&xc);
    xc.venue = cfg->first ? VENUE_SIM2 : VENUE_SIM;
    xc.seed = cfg->seed;
    xc.latency_min_us = cfg->latency_min_us;
    xc.latency_max_us = cfg->latency_max_us < cfg->latency_min_us ? cfg->latency_min_us : cfg->latency_max_us;
    xc.slippage_max_bps = cfg->slippage_max_bps;
    xc.initial_cash = cfg->initial_cash;
    xc.maker_ppm = cfg->maker_ppm;
    xc.taker_ppm = cfg->taker_ppm;
    xc.funding_period_us = cfg->funding_period_us;
    xc.funding_refresh_us = cfg->funding_refresh_us;
    xc.mark_every_us = cfg->mark_every_us;
    struct sim_venue *s = xcalloc(1, sizeof *s);
    s->head = (struct venue){.ops = &sim_ops, .id = (enum venue_id)xc.venue, .sink = sink};
    s->wall_clock = cfg->wall_clock;
    map_init(&s->index);
    s->x = exchange_new(&xc, (struct event_sink){sim_put, s});
    enum err e = feed_open(cfg, s, text);
    if (e != ERR_OK) {
        exchange_free(s->x);
        map_free(&s->index);
        free(s);
        return e;
    }
    *out = &s->head;
    return ERR_OK;
}

bool sim_feed_ended(const struct venue *v) {
    const struct feed *f = sim_const(v)->feed;
    return f->ops->ended(f);
}

uint64_t sim_feed_records(const struct venue *v) {
    const struct feed *f = sim_const(v)->feed;
    return f->ops->records(f);
}

struct exchange *sim_exchange(struct venue *v) {
    return sim_of(v)->x;
}
