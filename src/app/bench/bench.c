/* Entry and table of build/bench, and what its subcommands share. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct bench *const table[] = {
    &bench_match,
    &bench_book,
    &bench_trigger,
    &bench_tape,
    &bench_persist,
    &bench_indicators,
    &bench_metrics,
    &bench_watch,
    &bench_sign,
    &bench_pm_frames,
    &bench_pm_books,
    &bench_wire,
};
#define COUNT (sizeof table / sizeof *table)

int64_t bench_now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int by_double(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_median(double *v, size_t n) {
    qsort(v, n, sizeof *v, by_double);
    return n ? v[n / 2] : 0;
}

static int by_u32(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

uint32_t bench_quantile(uint32_t *v, size_t n, double q) {
    qsort(v, n, sizeof *v, by_u32);
    return n ? v[(size_t)(q * (double)(n - 1))] : 0;
}

int main(int argc, char **argv) {
    for (size_t i = 0; argc > 1 && i < COUNT; i++)
        if (strcmp(argv[1], table[i]->name) == 0)
            return table[i]->run(argc - 2, argv + 2);
    if (argc == 2 && strcmp(argv[1], "--list") == 0) { /* for tests/bench.py */
        for (size_t i = 0; i < COUNT; i++)
            printf("%s\t%s\n", table[i]->name, table[i]->usage);
        return 0;
    }
    fprintf(stderr, "usage:\n");
    for (size_t i = 0; i < COUNT; i++)
        fprintf(stderr, "  bench %-8s %s\n", table[i]->name, table[i]->usage);
    return 2;
}
