/* build/bench: measures pieces of the desk, one subcommand a file, one JSON line a result. A new one is a file and a
 * row in bench.c; tests/bench.py runs them all and prints the ratios. */
#ifndef TURRET_APP_BENCH_H
#define TURRET_APP_BENCH_H

#include <stddef.h>
#include <stdint.h>

struct bench {
    const char *name;
    const char *usage;                 /* begins with FILE when it can't run without one */
    int (*run)(int argc, char **argv); /* arguments after the name; the exit code */
};

extern const struct bench bench_match, bench_book, bench_trigger, bench_tape, bench_persist, bench_indicators, bench_metrics, bench_watch, bench_sign, bench_pm_frames, bench_pm_books, bench_wire;

int64_t bench_now_ns(void); /* monotonic */
/* Middle of n values (sorts them). */
double bench_median(double *v, size_t n);
/* The q-th part (0..1) of n samples (sorts them). */
uint32_t bench_quantile(uint32_t *v, size_t n, double q);

#endif
