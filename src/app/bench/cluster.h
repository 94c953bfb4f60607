/* A private cluster for a measurement: started in a temporary folder with fsync, its store, and a plain connection beside it. */
#ifndef TURRET_APP_BENCH_CLUSTER_H
#define TURRET_APP_BENCH_CLUSTER_H

#include "bench.h"

#include "turret/io/pg_boot.h"
#include "turret/store/store.h"

#include <libpq-fe.h>

struct cluster {
    struct pg_boot *boot;
    struct store *store;
    PGconn *plain;
    char conninfo[PG_BOOT_CONNINFO_MAX], dir[64];
    enum err err;
    bool booted, ready, stopped;
    uint64_t epoch, seq, answered;
    int32_t result;
};

/* Runs `measure` with the cluster up and takes it down again; the exit code. argv[0]: where the folder is made (/tmp). */
int cluster_with(int argc, char **argv, int (*measure)(struct cluster *c));
void cluster_order(struct order *o, uint64_t seq); /* as the desk makes one */
void cluster_saved(struct cluster *c);             /* runs the loop until what was saved last is committed */
uint32_t cluster_plain_ns(struct cluster *c, int i); /* a plain INSERT */

#endif
