/* bench book: absolute level updates into a book of feed depth, as a busy market sends them. */
#include "bench.h"

#include "turret/base/mem.h"
#include "turret/base/rng.h"
#include "turret/market/book.h"

#include <stdio.h>
#include <stdlib.h>

#define UPDATES 1000000
#define RUNS 7

struct update {
    price px;
    qty size;
    enum book_side side;
};

/* Most changes happen near the top, a few deep in the book; one in four removes its level. */
static struct update *updates_new(void) {
    struct update *u = xmalloc(UPDATES * sizeof *u);
    struct rng r;
    rng_seed(&r, 1);
    for (int i = 0; i < UPDATES; i++) {
        u[i].side = rng_below(&r, 2) ? BOOK_ASK : BOOK_BID;
        int64_t depth = 1 + (rng_below(&r, 10) ? rng_exp(&r, 6) : rng_range(&r, 0, 400));
        u[i].px = PRICE(500000000 + (u[i].side == BOOK_ASK ? depth : -depth) * 100000);
        u[i].size = QTY(rng_below(&r, 4) ? rng_range(&r, 1, 1000) * DEC_ONE : 0);
    }
    return u;
}

static int run(int argc, char **argv) {
    (void)argc, (void)argv;
    struct update *u = updates_new();
    double ns[RUNS];
    uint64_t hash = 0;
    int levels = 0;
    for (int i = 0; i < RUNS; i++) {
        struct book *b = book_new();
        int64_t start = bench_now_ns();
        for (int k = 0; k < UPDATES; k++)
            book_set(b, u[k].side, u[k].px, u[k].size);
        ns[i] = (double)(bench_now_ns() - start) / UPDATES;
        hash = book_hash(b, 1);
        levels = book_count(b, BOOK_BID) + book_count(b, BOOK_ASK);
        book_free(b);
    }
    printf("{\"bench\":\"book\",\"updates\":%d,\"ns_per_update\":%.2f,\"levels\":%d,\"hash\":\"%016llx\"}\n", UPDATES,
           bench_median(ns, RUNS), levels, (unsigned long long)hash);
    free(u);
    return 0;
}

const struct bench bench_book = {"book", "level updates into a book", run};
