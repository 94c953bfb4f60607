/* bench pmframes: messages of Polymarket's market stream into books and the sink, beside cJSON reading the same messages and nothing more. */
#include "bench.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

#include "pm_market.h"
#include "turret/base/mem.h"
#include "turret/base/rng.h"
#include "turret/io/loop.h"
#include "venue/polymarket/market/pm_stream.h"

#define MARKETS 50
#define FRAMES 4000
#define RUNS 7
#define LEVELS 80 /* a side */

struct rig { struct pm_data *d; struct pm_stream *s; struct pm_conn *c; uint64_t told, levels; };

static void sink(void *ctx, const struct event *ev) {
    struct rig *g = ctx;
    g->told++;
    if (ev->type == EVENT_BOOK)
        g->levels += (uint64_t)ev->u.book.n_bids + ev->u.book.n_asks;
}

/* A connection without a socket: what it is given is read as it would be. */
static struct rig *rig_new(void) {
    char text[REASON_MAX];
    struct rig *g = xcalloc(1, sizeof *g);
    g->d = pm_data_open(NULL, &(struct pm_markets_cfg){.words = ""}, VENUE_POLYMARKET, (struct event_sink){sink, g}, text);
    g->c = xcalloc(1, sizeof *g->c);
    g->c->s = g->d->stream;
    for (int i = 0; i < MARKETS; i++) {
        struct pm_listing l;
        struct pm_entry *e;
        pm_bench_listing(i, &l);
        pm_table_take(g->d, &l, false, 1, &e);
        e->book = books_add(g->d->books, e->pm.m.id, e);
        e->conn = g->c;
    }
    return g;
}
static void rig_free(struct rig *g) {
    for (size_t i = 0; i < g->d->table.n; i++)
        g->d->table.list[i]->conn = NULL;
    pm_ws_parser_free(&g->c->parser);
    pm_data_close(g->d);
    free(g->c);
    free(g);
}

static void feed(struct rig *g, const struct str *f, int64_t now_us) {
    const struct pm_ws_event *ev;
    if (pm_ws_open(&g->c->parser, f->p, f->len))
        while ((ev = pm_ws_next(&g->c->parser)))
            pm_feed_event(g->c, ev, "", now_us);
    books_flush(g->d->books, now_us, NULL, 0);
}

static void parse_only(const struct str *f) { cJSON_Delete(cJSON_ParseWithLength(f->p, f->len)); }

static struct str *frames_new(struct rng *r, bool snapshots, size_t *bytes) {
    struct str *f = xcalloc(FRAMES, sizeof *f);
    *bytes = 0;
    for (int i = 0; i < FRAMES; i++) {
        const int m = (int)rng_below(r, MARKETS);
        if (snapshots)
            pm_bench_book(&f[i], m, LEVELS, r, 1757908892000 + i);
        else
            pm_bench_change(&f[i], m, LEVELS, r, 1757908892000 + i);
        *bytes += f[i].len;
    }
    return f;
}

static int run_kind(bool snapshots) {
    struct rng r;
    size_t bytes;
    double ours[RUNS], theirs[RUNS], scan[RUNS];
    rng_seed(&r, 3);
    struct rig *g = rig_new();
    struct str *f = frames_new(&r, snapshots, &bytes);
    for (int i = 0; i < MARKETS; i++) {
        struct str s = {0};
        pm_bench_book(&s, i, LEVELS, &r, 1757908890000);
        feed(g, &s, 1);
        str_free(&s);
    }
    g->told = g->levels = 0;
    for (int k = 0; k < RUNS; k++) { /* in turns, so that a machine that drifts hits all */
        int64_t start = bench_now_ns();
        for (int i = 0; i < FRAMES; i++)
            feed(g, &f[i], 2 + i);
        ours[k] = (double)(bench_now_ns() - start) / FRAMES;
        start = bench_now_ns();
        for (int i = 0; i < FRAMES; i++)
            parse_only(&f[i]);
        theirs[k] = (double)(bench_now_ns() - start) / FRAMES;
        start = bench_now_ns();
        for (int i = 0; i < FRAMES; i++) {
            const struct pm_ws_event *ev;
            pm_ws_open(&g->c->parser, f[i].p, f[i].len);
            while ((ev = pm_ws_next(&g->c->parser)))
                ;
        }
        scan[k] = (double)(bench_now_ns() - start) / FRAMES;
    }
    const double own = bench_median(ours, RUNS), bare = bench_median(theirs, RUNS), read = bench_median(scan, RUNS);
    printf("{\"bench\":\"pmframes\",\"kind\":\"%s\",\"bytes\":%zu,\"frame_ns\":%.0f,\"read_ns\":%.0f,\"cjson_ns\":%.0f,\"ratio\":%.3f,\"events\":%llu,\"levels\":%llu}\n", snapshots ? "book" : "price_change",
           bytes / FRAMES, own, read, bare, own / bare, (unsigned long long)g->told, (unsigned long long)g->levels);
    for (int i = 0; i < FRAMES; i++)
        str_free(&f[i]);
    free(f);
    rig_free(g);
    return 0;
}

static int run(int argc, char **argv) {
    (void)argc, (void)argv;
    return run_kind(false) | run_kind(true);
}

const struct bench bench_pm_frames = {"pmframes", "messages of the market stream into books, beside cJSON reading them", run};
