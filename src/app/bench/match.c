/* bench match FILE...: order-flow files through the matching engine the simulator trades on. */
#include "bench.h"
#include "flow.h"

#include "turret/base/hash.h"
#include "turret/base/mem.h"
#include "turret/market/match.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define RUNS 15
#define BOOK_ORDERS 1000000u /* resting orders the memory figure is taken with */

struct fill {
    uint32_t taker, maker, px, lots; /* as the checksum wants them */
};
struct fills {
    struct fill *at, *first;
};

static void on_fill(void *ctx, uint32_t taker, uint32_t maker, int32_t px, int64_t lots) {
    struct fills *f = ctx;
    *f->at++ = (struct fill){taker, maker, (uint32_t)px, (uint32_t)lots};
}

/* A flow's ids are dense already: they serve as handles. */
static inline void play(struct match *m, const struct flow_op *op) {
    if (op->type == 'A')
        match_add(m, op->id, op->side, op->px, op->lots, 0, true, NULL);
    else
        match_cancel(m, op->id);
}

static struct match *engine_new(const struct flow *f, struct fills *fills) {
    fills->at = fills->first;
    return match_new(&(struct match_cfg){.window_low = (int32_t)f->min_px,
                                         .window_size = f->max_px - f->min_px + 1,
                                         .orders_hint = f->n_adds + 1,
                                         .on_fill = on_fill,
                                         .ctx = fills});
}

static double time_run(const struct flow *f, struct fills *fills) {
    struct match *m = engine_new(f, fills);
    uint32_t i = 0;
    for (; i < f->n_warm; i++)
        play(m, &f->ops[i]);
    int64_t start = bench_now_ns();
    for (; i < f->n_ops; i++)
        play(m, &f->ops[i]);
    int64_t took = bench_now_ns() - start;
    match_free(m);
    return (double)took / (f->n_ops - f->n_warm);
}

#if defined __x86_64__
static inline uint64_t ticks(void) {
    unsigned aux;
    return __builtin_ia32_rdtscp(&aux);
}
#else
static inline uint64_t ticks(void) { return (uint64_t)bench_now_ns(); }
#endif

/* Nanoseconds of each timed operation, the cost of looking at the clock taken off. */
static void time_each(const struct flow *f, struct fills *fills, uint32_t *each) {
    struct match *m = engine_new(f, fills);
    uint64_t overhead = UINT64_MAX;
    uint32_t i = 0;
    for (int k = 0; k < 100000; k++) {
        uint64_t t = ticks(), d = ticks() - t;
        overhead = d < overhead ? d : overhead;
    }
    int64_t ns = bench_now_ns();
    uint64_t begin = ticks();
    while (bench_now_ns() - ns < 50000000)
        ;
    double ns_per_tick = (double)(bench_now_ns() - ns) / (double)(ticks() - begin);
    for (; i < f->n_warm; i++)
        play(m, &f->ops[i]);
    for (; i < f->n_ops; i++) {
        uint64_t t = ticks();
        play(m, &f->ops[i]);
        uint64_t d = ticks() - t;
        each[i - f->n_warm] = (uint32_t)((double)(d > overhead ? d - overhead : 0) * ns_per_tick);
    }
    match_free(m);
}

static long resident_bytes(void) {
    long total = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f && fscanf(f, "%ld %ld", &total, &resident) != 2)
        resident = 0;
    if (f)
        fclose(f);
    return resident * sysconf(_SC_PAGESIZE);
}

/* Resident bytes an order of a book of a million that knows nothing of its size beforehand. A child does it: a fresh heap. */
static double bytes_per_order(void) {
    int ends[2];
    long bytes = 0;
    if (pipe(ends) != 0)
        return 0;
    pid_t child = fork();
    if (child == 0) {
        long before = resident_bytes();
        struct match *m = match_new(&(struct match_cfg){.window_low = 28000, .window_size = 8192, .on_fill = on_fill});
        uint64_t s = 1;
        for (uint32_t i = 0; i < BOOK_ORDERS; i++) {
            s = s * 6364136223846793005ull + 1442695040888963407ull;
            int32_t off = (int32_t)((s >> 45) % 2000);
            bool sell = s >> 40 & 1;
            match_add(m, i, sell, sell ? 32000 + off : 31000 - off, 1 + (int64_t)(s >> 50) % 100, 0, true, NULL);
        }
        bytes = resident_bytes() - before;
        ssize_t put = write(ends[1], &bytes, sizeof bytes);
        _exit(put == sizeof bytes && match_order_count(m) == BOOK_ORDERS ? 0 : 1);
    }
    if (child < 0 || read(ends[0], &bytes, sizeof bytes) != sizeof bytes)
        bytes = 0;
    if (child > 0)
        waitpid(child, NULL, 0);
    close(ends[0]);
    close(ends[1]);
    return (double)bytes / BOOK_ORDERS;
}

static int run_file(const char *path, double memory) {
    struct flow f;
    if (!flow_load(path, &f))
        return 1;
    double ns[RUNS];
    uint32_t timed = f.n_ops - f.n_warm, *each = xmalloc(timed * sizeof *each);
    /* each fill ends an order or is the last of its taker: two an add at most */
    size_t room = ((size_t)f.n_adds * 2 + 1) * sizeof(struct fill);
    struct fills fills = {.first = xmalloc(room)};
    memset(fills.first, 0, room); /* no page faults in the timed part */
    for (int i = 0; i < RUNS; i++)
        ns[i] = time_run(&f, &fills);
    size_t n = (size_t)(fills.at - fills.first);
    uint64_t sum = fnv64(FNV64_INIT, fills.first, n * sizeof(struct fill));
    time_each(&f, &fills, each);
    bool same = n == (size_t)(fills.at - fills.first) && sum == fnv64(FNV64_INIT, fills.first, n * sizeof(struct fill));
    const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    printf("{\"file\":\"%s\",\"ops\":%u,\"ns_per_op\":%.2f,\"p50_ns\":%u,\"p99_ns\":%u,\"fills\":%zu,\"checksum\":\"%016llx\","
           "\"bytes_per_order\":%.1f}\n",
           name, timed, bench_median(ns, RUNS), bench_quantile(each, timed, 0.5), bench_quantile(each, timed, 0.99), n,
           (unsigned long long)sum, memory);
    fflush(stdout);
    if (!same)
        fprintf(stderr, "bench: %s: two runs gave different fills\n", name);
    free(each);
    free(fills.first);
    flow_free(&f);
    return same ? 0 : 1;
}

static int run(int argc, char **argv) {
    if (argc < 1) {
        fprintf(stderr, "usage: bench match FILE...\n");
        return 2;
    }
    int code = 0;
    double memory = bytes_per_order();
    for (int i = 0; i < argc; i++)
        code |= run_file(argv[i], memory);
    return code;
}

const struct bench bench_match = {"match", "FILE...: order-flow files (plain or .gz) through the matching engine", run};
