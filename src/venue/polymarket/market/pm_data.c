/* Market data of Polymarket held together: its parts are opened, run by one beat and once a loop turn, and told of as one thing that is up or not. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/io/loop.h"
#include "turret/trade/follow.h"
#include "turret/trade/watch.h"
#include "venue/polymarket/market/pm_data.h"

#define BEAT_S 0.1
#define FLUSH_US 800

void pm_put(struct pm_data *d, const struct event *ev) { d->sink.put(d->sink.ctx, ev); }

void pm_note(struct pm_data *d, enum notice_level level, const char *fmt, ...) {
    struct event ev;
    va_list args;
    event_init(&ev, EVENT_NOTE, d->as, clock_now_us());
    ev.u.note.level = (int32_t)level;
    va_start(args, fmt);
    vsnprintf(ev.u.note.text, sizeof ev.u.note.text, fmt, args);
    va_end(args);
    pm_put(d, &ev);
}

void pm_hurry(struct pm_data *d) { ev_idle_start(loop_get(), &d->more); }

/* --- what others ask ------------------------------------------------------------------------------------------------------------------------------ */
static const struct pm_entry *entry(const struct pm_data *d, market_id id) { return map_get_ptr(&d->table.by_id, id); }

bool pm_touch(const struct pm_data *d, market_id id, price *bid, price *ask, int64_t *at_us) {
    const struct pm_entry *e = entry(d, id);
    struct level top;
    *bid = *ask = PRICE(0);
    *at_us = 0;
    if (!e || !e->book || !vbook_good(e->book))
        return false;
    if (book_best(vbook_book(e->book), BOOK_BID, &top))
        *bid = top.px;
    if (book_best(vbook_book(e->book), BOOK_ASK, &top))
        *ask = top.px;
    *at_us = vbook_dirty(e->book) ? e->change_us : vbook_told_us(e->book);
    return true;
}

int pm_depth(const struct pm_data *d, market_id id, enum book_side side, struct level *out, int max) {
    const struct pm_entry *e = entry(d, id);
    int n = 0;
    if (!e || !e->book || !vbook_good(e->book))
        return 0;
    for (const struct level *l; n < max && (l = book_level(vbook_book(e->book), side, n)); n++)
        out[n] = *l;
    return n;
}

const struct pm_hosts *pm_data_hosts(const struct pm_data *d) { return &d->hosts; }

void pm_market_over(struct pm_data *d, market_id id) {
    struct pm_entry *e = map_get_ptr(&d->table.by_id, id);
    if (!e || e->pm.m.status == MARKET_RESOLVED)
        return;
    e->polled_us = e->seen_us = 0;
    pm_discover_poll(d->discover);
}

void pm_data_again(struct pm_data *d) {
    books_again(d->books);
    pm_hurry(d);
}

void pm_data_health(const struct pm_data *d, struct ev_health *h) {
    const char *why;
    h->venue = (uint8_t)d->as;
    h->market_up = d->up && pm_stream_up(d->stream, &why);
    h->books = (uint32_t)books_good(d->books);
    pm_stream_health(d->stream, h);
    pm_rest_health(d->rest, h);
}

/* --- how it is -------------------------------------------------------------------------------------------------------------------------------------- */
static void tell_state(struct pm_data *d, bool up, const char *why, int64_t now_us) {
    struct event ev;
    if (d->told && d->up == up && (up || !strcmp(d->why, why)))
        return;
    d->up = up;
    d->told = true;
    str_copy(d->why, sizeof d->why, why);
    event_init(&ev, EVENT_VENUE, d->as, now_us);
    ev.u.venue_state.venue = (uint8_t)d->as;
    ev.u.venue_state.up = up;
    str_copy(ev.u.venue_state.text, sizeof ev.u.venue_state.text, up ? "market data" : why);
    pm_put(d, &ev);
}

/* Up: the stream is, or everything was asked for and nothing is there to be streamed. */
static void look_up(struct pm_data *d, int64_t now_us) {
    const char *why;
    bool up = pm_stream_up(d->stream, &why);
    bool streaming = false;
    for (size_t i = 0; i < d->table.n && !streaming; i++)
        streaming = d->table.list[i]->conn != NULL;
    if (!streaming)
        up = d->up || (pm_discover_idle(d->discover) && d->table.n == 0);
    tell_state(d, up, streaming ? why : "market data: no market is listed yet", now_us);
}

static void tell_health(struct pm_data *d, int64_t now_us) {
    struct event ev;
    event_init(&ev, EVENT_HEALTH, d->as, now_us);
    ev.u.health = (struct ev_health){.user_up = 2, .rate_left = -1, .latency_us = -1};
    pm_data_health(d, &ev.u.health);
    pm_put(d, &ev);
}

/* --- time ---------------------------------------------------------------------------------------------------------------------------------------------- */
static bool alive(const struct vbook *b) { return pm_stream_alive(vbook_owner(b), clock_now_us()); }

static void on_beat(struct ev_loop *loop, ev_timer *w, int events) {
    struct pm_data *d = w->data;
    const int64_t now = clock_now_us();
    (void)loop, (void)events;
    pm_discover_run(d->discover, now);
    pm_needs_run(d->needs, now);
    pm_past_run(d->past, now);
    look_up(d, now);
    if (now - d->second_us < PM_SECOND)
        return;
    d->second_us = now;
    pm_stream_run(d->stream, now);
    pm_compare_run(d->compare, now);
    books_beat(d->books, now, d->pace.beat_quiet_us, alive);
    tell_health(d, now);
}

static void on_turn(struct ev_loop *loop, ev_prepare *w, int events) {
    struct pm_data *d = w->data;
    (void)loop, (void)events;
    ev_idle_stop(loop_get(), &d->more);
    pm_stream_turn(d->stream);
    if (books_flush(d->books, clock_now_us(), clock_mono_us, FLUSH_US))
        pm_hurry(d);
}

static void on_more(struct ev_loop *loop, ev_idle *w, int events) { (void)loop, (void)w, (void)events; /* keeps the loop from sleeping */ }

void pm_listed(struct pm_data *d, struct pm_entry *e) { pm_past_add(d->past, e); }

/* --- opening and closing --------------------------------------------------------------------------------------------------------------------------------- */
static bool hosts_set(struct pm_data *d, const struct pm_hosts *h, char text[REASON_MAX]) {
    static const struct { size_t at; const char *own; bool stream; } rows[] = {
        {offsetof(struct pm_hosts, clob), "https://clob.polymarket.com", false},
        {offsetof(struct pm_hosts, gamma), "https://gamma-api.polymarket.com", false},
        {offsetof(struct pm_hosts, data), "https://data-api.polymarket.com", false},
        {offsetof(struct pm_hosts, stream), "wss://ws-subscriptions-clob.polymarket.com/ws", true},
        {offsetof(struct pm_hosts, geoblock), "https://polymarket.com/api/geoblock", false},
    };
    struct str all = {0};
    size_t starts[sizeof rows / sizeof *rows];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *given = h ? *(const char *const *)(const void *)((const char *)h + rows[i].at) : NULL;
        const char *use = given && given[0] ? given : rows[i].own;
        const char *why = rows[i].stream ? (strncmp(use, "wss://", 6) && strncmp(use, "ws://", 5) ? "a stream's address begins with wss://" : NULL) : http_url_check(use);
        if (why && text[0] == 0)
            snprintf(text, REASON_MAX, "%.40s: %.50s", use, why);
        starts[i] = all.len;
        size_t n = strlen(use);
        while (n > 0 && use[n - 1] == '/')
            n--;
        str_add_n(&all, use, n);
        str_add_n(&all, "", 1);
    }
    d->host_text = all.p;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        *(const char **)(void *)((char *)&d->hosts + rows[i].at) = all.p + starts[i];
    return text[0] == 0;
}

struct pm_data *pm_data_open(const struct pm_hosts *h, const struct pm_markets_cfg *m, enum venue_id as, struct event_sink sink, char text[REASON_MAX]) {
    struct pm_data *d = xcalloc(1, sizeof *d);
    text[0] = 0;
    d->as = as;
    d->sink = sink;
    d->pace = (struct pm_pace){.again_us = 240 * PM_SECOND, .poll_every_us = 20 * PM_SECOND, .poll_quiet_us = 300 * PM_SECOND, .compare_every_us = 3 * PM_SECOND,
                               .compare_often_us = 60 * PM_SECOND, .differ_again_us = 2 * PM_SECOND, .try_first_us = 3 * PM_SECOND, .snapshot_us = 5 * PM_SECOND,
                               .beat_quiet_us = 4 * PM_SECOND};
    if (!hosts_set(d, h, text)) {
        free(d->host_text);
        free(d);
        return NULL;
    }
    map_init(&d->table.by_id);
    map_init(&d->table.by_token);
    map_init(&d->table.by_condition);
    map_init(&d->stored_of);
    d->books = books_new(as, sink);
    d->rest = pm_rest_new(&d->hosts);
    d->stream = pm_stream_new(d);
    d->needs = pm_needs_new(d);
    d->discover = pm_discover_new(d, m);
    d->compare = pm_compare_new(d);
    d->past = pm_past_new(d);
    ev_timer_init(&d->beat, on_beat, BEAT_S, BEAT_S);
    ev_prepare_init(&d->turn, on_turn);
    ev_idle_init(&d->more, on_more);
    d->beat.data = d->turn.data = d->more.data = d;
    return d;
}

/* --- what the store knows ------------------------------------------------------------------------------------------------------------------------------------ */
static void hold(struct pm_data *d, market_id id) {
    if (id == 0 || (d->n_held && d->held[d->n_held - 1] == id))
        return;
    d->held = xgrow(d->held, &d->cap_held, d->n_held + 1, sizeof *d->held);
    d->held[d->n_held++] = id;
}

static void stored_market(struct pm_data *d, const struct market *m) {
    struct pm_stored s = {.id = m->id};
    uint64_t at;
    if (m->venue != d->as || map_get(&d->stored_of, m->id, &at) || !pm_condition_parse(m->native, strnlen(m->native, sizeof m->native), s.condition))
        return;
    d->stored = xgrow(d->stored, &d->cap_stored, d->n_stored + 1, sizeof *d->stored);
    map_put(&d->stored_of, m->id, d->n_stored);
    d->stored[d->n_stored++] = s;
}

static void need_held(struct pm_data *d) {
    for (size_t i = 0; i < d->n_held; i++) {
        uint64_t at;
        if (map_get(&d->stored_of, d->held[i], &at))
            pm_needs_add(d->needs, d->stored[at].condition, true, NULL, NULL);
    }
    d->n_held = 0;
}

void pm_data_restore(struct pm_data *d, const struct event *ev) {
    switch (ev->type) {
    case EVENT_LOAD_MARKET: stored_market(d, &ev->u.load_market.market); break;
    case EVENT_LOAD_ORDER:
        if (order_open(&ev->u.order) || ev->u.order.pos.status == POSITION_OPEN)
            hold(d, ev->u.order.market);
        break;
    case EVENT_LOAD_FILL:
        if (ev->u.fill.finality == FILL_PROVISIONAL)
            hold(d, ev->u.fill.market);
        break;
    case EVENT_WATCHES:
        for (uint32_t i = 0; i < ev->u.watches.n; i++) {
            const struct watch *w = &ev->u.watches.watches[i];
            if (watch_live(w) && figure_info((enum figure)w->figure)->subject == SUBJECT_MARKET)
                hold(d, w->subject);
        }
        break;
    case EVENT_FOLLOW_TRADE:
        if (ev->u.follow_trade.status == FOLLOWED_DETECTED)
            hold(d, ev->u.follow_trade.market);
        break;
    default: break;
    }
    if (d->started)
        need_held(d);
}

void pm_data_start(struct pm_data *d, int64_t now_us) {
    struct ev_loop *loop = loop_get();
    (void)now_us;
    if (d->started)
        return;
    d->started = true;
    ev_timer_start(loop, &d->beat);
    ev_prepare_start(loop, &d->turn);
    need_held(d); /* what something depends on comes first */
    pm_discover_run(d->discover, clock_now_us());
}

void pm_data_list(struct pm_data *d, const char *what) { pm_discover_list(d->discover, what); }

enum err pm_data_activity(struct pm_data *d, const struct fx_activity *a, int64_t now_us) {
    if (!d->activity)
        d->activity = pm_activity_new(d, &d->hosts, d->sink, d->as);
    return pm_activity_follow(d->activity, a, now_us);
}

void pm_data_close(struct pm_data *d) {
    struct ev_loop *loop = loop_get();
    if (!d)
        return;
    ev_timer_stop(loop, &d->beat);
    ev_prepare_stop(loop, &d->turn);
    pm_activity_free(d->activity);
    pm_past_free(d->past);
    pm_compare_free(d->compare);
    pm_discover_free(d->discover);
    pm_needs_free(d->needs);
    pm_stream_free(d->stream);
    ev_idle_stop(loop, &d->more);
    pm_rest_free(d->rest);
    books_free(d->books);
    pm_table_free(&d->table);
    map_free(&d->stored_of);
    free(d->stored);
    free(d->held);
    free(d->host_text);
    free(d);
}
