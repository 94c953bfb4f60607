/* bench tape: decoding a tape, playing it into the simulated exchange, and the same with a desk of one account behind
 * it (no journal, no store). Without FILE a made-up recording. */
#include "bench.h"

#include "turret/base/mem.h"
#include "turret/base/rng.h"
#include "turret/base/str.h"
#include "turret/desk/desk.h"
#include "turret/market/tape.h"
#include "venue/sim/exchange.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RECORDS 500000
#define RUNS 5
#define START_US 1800000000000000

/* Two best prices, trades and now and then a change of many levels, as an exchange sends them. */
static struct tape_record made_up(struct rng *g, int64_t at_us, int64_t *mid, struct level *levels) {
    struct tape_record r = {.kind = TAPE_BOOK, .at_us = at_us, .n_bids = 1, .n_asks = 1, .levels = levels};
    *mid += rng_range(g, -1, 1);
    uint64_t what = rng_below(g, 10);
    if (what < 2) {
        r.kind = TAPE_TRADE;
        r.n_bids = r.n_asks = 0;
        r.px = PRICE(*mid * 100000);
        r.size = QTY(rng_range(g, 1, 5000) * 1000);
        r.flags = (uint8_t)rng_below(g, 2);
        return r;
    }
    if (what == 2)
        r.n_bids = r.n_asks = 20;
    for (int i = 0; i < r.n_bids + r.n_asks; i++) {
        int64_t off = r.n_bids == 1 ? 1 : rng_exp(g, 40) + 1;
        levels[i].px = PRICE((*mid + (i < r.n_bids ? -off : off)) * 100000);
        levels[i].size = QTY(rng_range(g, r.n_bids == 1, 9000) * 1000);
    }
    return r;
}

static void build(const char *path) {
    struct market m = {.venue = VENUE_SIM, .kind = MARKET_PERP, .max_leverage = 20, .price_digits = 1, .qty_digits = 3, .tick = {100000},
                       .min_price = {100000}, .max_price = {1000000LL * DEC_ONE}, .lot = {1000}, .min_size = {1000}, .symbol = "BENCH-PERP", .title = "Bench"};
    struct tape_writer *w = tape_writer_new();
    struct level levels[64];
    struct rng g;
    int64_t at = 1700000000000000, mid = 642500;
    size_t n;
    rng_seed(&g, 1);
    tape_write_market(w, &m);
    for (int i = 0; i < RECORDS; i++) {
        at += rng_range(&g, 0, 4000);
        struct tape_record r = made_up(&g, at, &mid, levels);
        r.flags |= i == 0 ? BOOK_SNAPSHOT : 0;
        tape_write(w, &r);
    }
    const uint8_t *p = tape_writer_take(w, true, &n);
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(p, 1, n, f) != n || fclose(f) != 0)
        perror(path);
    tape_writer_free(w);
}

static uint8_t *slurp(const char *path, size_t *len) {
    FILE *f = fopen(path, "rb");
    size_t cap = 0;
    uint8_t *p = NULL;
    *len = 0;
    if (!f)
        return NULL;
    for (size_t n = 1; n > 0; *len += n) {
        p = xgrow(p, &cap, *len + 65536, 1);
        n = fread(p + *len, 1, 65536, f);
    }
    fclose(f);
    return p;
}

static bool decode(const uint8_t *p, size_t len, struct tape_info *info, double *ns) {
    struct tape_reader *r;
    struct tape_record rec;
    bool cut;
    char text[REASON_MAX];
    int64_t start = bench_now_ns();
    if (tape_reader_new(p, len, &r, &cut, text, sizeof text) != ERR_OK) {
        fprintf(stderr, "bench tape: %s\n", text);
        return false;
    }
    while (tape_next(r, &rec, text, sizeof text) == ERR_OK)
        ;
    tape_info(r, info);
    tape_reader_free(r);
    *ns = (double)(bench_now_ns() - start);
    return true;
}

struct behind { uint64_t events; struct desk *desk; };

static void on_event(void *ctx, const struct event *ev) {
    struct behind *b = ctx;
    b->events++;
    if (!b->desk)
        return;
    desk_step(b->desk, ev);
    while (desk_effect(b->desk))
        ;
}

static void desk_ready(struct behind *b) {
    static const enum event_type types[] = {EVENT_BOOT, EVENT_LEADER, EVENT_STORE, EVENT_LOADED, EVENT_ACCOUNT, EVENT_VENUE};
    b->desk = desk_new();
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct event ev;
        event_init(&ev, types[i], VENUE_SIM, START_US);
        if (types[i] == EVENT_BOOT) {
            ev.u.boot.nonce = ev.u.boot.next_num = ev.u.boot.virtual_time = 1;
            risk_limits_default(&ev.u.boot.limits);
        } else if (types[i] == EVENT_LEADER) {
            ev.u.leader.leads = 1;
            ev.u.leader.epoch = 1;
        } else if (types[i] == EVENT_STORE) {
            ev.u.store.up = 1;
        } else if (types[i] == EVENT_ACCOUNT) {
            ev.u.account = (struct account){.id = 1, .venue = VENUE_SIM, .initial = USD(10000 * DEC_ONE)};
        } else if (types[i] == EVENT_VENUE) {
            ev.u.venue_state.venue = VENUE_SIM;
            ev.u.venue_state.up = 1;
        }
        on_event(b, &ev);
    }
}

static bool play(const char *path, bool with_desk, uint64_t *events, double *ns) {
    struct exchange_cfg cfg;
    struct behind b = {0};
    struct feed *f;
    char text[REASON_MAX];
    exchange_cfg_default(&cfg);
    if (with_desk)
        desk_ready(&b);
    struct exchange *x = exchange_new(&cfg, (struct event_sink){on_event, &b});
    int64_t start = bench_now_ns();
    enum err e = tape_feed_new(x, path, &f, text);
    if (e == ERR_OK) {
        f->ops->start(f, START_US);
        for (int64_t t; (t = f->ops->next_us(f)) != INT64_MAX;)
            f->ops->run(f, t);
        f->ops->close(f);
    }
    *ns = (double)(bench_now_ns() - start);
    *events = b.events;
    exchange_free(x);
    desk_free(b.desk);
    return e == ERR_OK;
}

static int run(int argc, char **argv) {
    char made[] = "/tmp/turret-bench-XXXXXX";
    const char *path = argc > 0 ? argv[0] : made;
    double decode_ns[RUNS], play_ns[RUNS], desk_ns[RUNS];
    struct tape_info info = {0};
    uint64_t events = 0;
    size_t len;
    int fd = argc > 0 ? -1 : mkstemp(made);
    if (argc == 0 && fd < 0) {
        perror(made);
        return 1;
    }
    if (fd >= 0) {
        close(fd);
        build(made);
    }
    uint8_t *bytes = slurp(path, &len);
    bool good = bytes != NULL;
    for (int i = 0; i < RUNS && good; i++)
        good = decode(bytes, len, &info, &decode_ns[i]) && play(path, false, &events, &play_ns[i]) && play(path, true, &events, &desk_ns[i]);
    if (fd >= 0)
        unlink(made);
    free(bytes);
    if (!good || info.records == 0) {
        fprintf(stderr, "bench tape: %s is no tape that can be played\n", path);
        return 1;
    }
    double d = bench_median(decode_ns, RUNS), p = bench_median(play_ns, RUNS), k = bench_median(desk_ns, RUNS), n = (double)info.records;
    printf("{\"bench\":\"tape\",\"records\":%" PRIu64 ",\"levels\":%" PRIu64 ",\"bytes_per_record\":%.1f,\"decode_records_per_s\":%.0f,"
           "\"decode_levels_per_s\":%.0f,\"exchange_records_per_s\":%.0f,\"events\":%" PRIu64 "}\n",
           info.records, info.levels, (double)len / n, n * 1e9 / d, (double)info.levels * 1e9 / d, n * 1e9 / p, events);
    printf("{\"bench\":\"tape into desk\",\"records_per_s\":%.0f,\"goal\":\">= 1,000,000\",\"kept\":%s}\n", n * 1e9 / k, n * 1e9 / k >= 1e6 ? "true" : "false");
    return 0;
}

const struct bench bench_tape = {"tape", "[FILE] decoding and playing a tape", run};
