/* What was before: price history of markets that are new here, as candles, before their first book (the desk takes candles only ahead of live prices).
 * A few at once; a market whose history does not come is not kept waiting. */
#include <stdio.h>
#include <stdlib.h>

#include "turret/base/mem.h"
#include "turret/io/loop.h"
#include "turret/market/intel.h"
#include "venue/polymarket/market/pm_data.h"

#define AT_ONCE 8
#define PATIENCE_US (3 * PM_SECOND)  /* for an answer */
#define QUEUE_US (20 * PM_SECOND)    /* for its turn */

struct asking { struct asking *next; struct pm_past *h; struct pm_entry *e; int interval_s, keep; };
struct pm_past {
    struct pm_data *d;
    struct pm_entry **queue;
    size_t n, cap;
    int under_way;
    struct asking *asked;
};

struct pm_past *pm_past_new(struct pm_data *d) {
    struct pm_past *h = xcalloc(1, sizeof *h);
    h->d = d;
    return h;
}

static void asking_free(struct asking *a) {
    struct asking **at = &a->h->asked;
    while (*at != a)
        at = &(*at)->next;
    *at = a->next;
    free(a);
}

void pm_past_free(struct pm_past *h) {
    while (h && h->asked) {
        pm_rest_drop(h->d->rest, h->asked);
        asking_free(h->asked);
    }
    if (h)
        free(h->queue);
    free(h);
}

static void ready(struct pm_entry *e) {
    if (e->history == PM_HISTORY_DONE)
        return;
    e->history = PM_HISTORY_DONE;
    if (e->pm.m.status == MARKET_OPEN || e->pm.m.status == MARKET_HALTED)
        pm_stream_add(e->d->stream, e);
}

static void tell(struct pm_entry *e, int interval_s, const struct candle *c, int n, int64_t now_us) {
    struct event ev;
    for (int i = 0; i < n; i++) {
        if (c[i].start_us + interval_s * PM_SECOND > now_us)
            break; /* what is still forming is live */
        event_init(&ev, EVENT_CANDLE, e->d->as, now_us);
        ev.u.candle = (struct ev_candle){.market = e->pm.m.id, .interval_s = interval_s, .candle = c[i]};
        pm_put(e->d, &ev);
    }
}

static void on_history(void *ctx, const struct pm_got *g) {
    struct asking *a = ctx;
    struct pm_entry *e = a->e;
    struct candle *c = xmalloc((size_t)a->keep * sizeof *c);
    int n = 0;
    if (g->err == ERR_OK && pm_parse_history(g->root, a->interval_s, c, a->keep, &n))
        tell(e, a->interval_s, c, n, clock_now_us());
    free(c);
    a->h->under_way--;
    if (--e->history_left == 0)
        ready(e);
    asking_free(a);
}

static void ask(struct pm_past *h, struct pm_entry *e, enum intel_frame f) {
    char path[200];
    struct asking *a = xcalloc(1, sizeof *a);
    *a = (struct asking){.next = h->asked, .h = h, .e = e, .interval_s = frame_interval_s[f], .keep = frame_keep[f]};
    h->asked = a;
    h->under_way++;
    e->history_left++;
    snprintf(path, sizeof path, "/prices-history?market=%s&interval=%s&fidelity=%d", e->pm.token[0], f == FRAME_FAST ? "1d" : "1m", frame_interval_s[f] / 60); /* a day, a month */
    pm_rest_ask(h->d->rest, &(struct pm_ask){.lane = PM_LANE_HISTORY, .path = path, .tries = 1}, on_history, a);
}

void pm_past_add(struct pm_past *h, struct pm_entry *e) {
    e->history = PM_HISTORY_QUEUED;
    e->history_us = clock_now_us();
    h->queue = xgrow(h->queue, &h->cap, h->n + 1, sizeof(struct pm_entry *));
    if (e->needed) { /* what we hold does not wait behind what is only looked at */
        memmove(h->queue + 1, h->queue, h->n * sizeof(struct pm_entry *));
        h->queue[0] = e;
    } else {
        h->queue[h->n] = e;
    }
    h->n++;
}

void pm_past_run(struct pm_past *h, int64_t now_us) {
    size_t taken = 0;
    while (taken < h->n && h->under_way < 2 * AT_ONCE) {
        struct pm_entry *e = h->queue[taken++];
        if (e->history != PM_HISTORY_QUEUED)
            continue;
        e->history = PM_HISTORY_ASKED;
        e->history_us = now_us;
        for (int f = 0; f < FRAME_COUNT; f++)
            ask(h, e, (enum intel_frame)f);
    }
    if (taken)
        memmove(h->queue, h->queue + taken, (h->n - taken) * sizeof(struct pm_entry *));
    h->n -= taken;
    for (size_t i = 0; i < h->n; i++)
        if (now_us - h->queue[i]->history_us > QUEUE_US || (h->queue[i]->needed && now_us - h->queue[i]->history_us > PATIENCE_US))
            ready(h->queue[i]);
    for (struct asking *a = h->asked; a; a = a->next)
        if (now_us - a->e->history_us > PATIENCE_US)
            ready(a->e);
}
