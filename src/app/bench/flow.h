/* Order-flow files "OFLOW001" (plain or gzip): a 40-byte header, then records of 12 bytes, little endian. Orders have
 * the ids 1, 2, 3... in the order of their adds; a cancel of an id already gone does nothing. */
#ifndef TURRET_APP_BENCH_FLOW_H
#define TURRET_APP_BENCH_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct flow_op {
    uint8_t type; /* 'A' add, 'C' cancel */
    uint8_t side; /* 0 buy, 1 sell */
    uint16_t px;
    uint32_t lots, id;
};
struct flow {
    uint32_t n_ops, n_adds, n_warm, min_px, max_px;
    struct flow_op *ops;
};

/* Loads and checks a file; prints what is wrong with it and returns false. */
bool flow_load(const char *path, struct flow *out);
void flow_free(struct flow *f);

#endif
