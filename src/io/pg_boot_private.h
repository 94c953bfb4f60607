/* The inside of a boot: shared by starting (pg_boot.c) and stopping (pg_boot_stop.c). */
#ifndef IO_PG_BOOT_PRIVATE_H
#define IO_PG_BOOT_PRIVATE_H

#include "pg_cluster.h"

#include <ev.h>
#include <libpq-fe.h>
#include <stdint.h>

enum boot_state {
    BOOT_FIND,    /* binaries, users, folders */
    BOOT_LOCK,    /* one booter at a time; others wait */
    BOOT_CHECK,   /* is a server running? */
    BOOT_INITDB,  /* making the cluster */
    BOOT_CONNECT, /* the server starts: trying to connect */
    BOOT_READY,   /* guarded */
    BOOT_RETRY,   /* started again after a pause */
    BOOT_STOP_LOCK,
    BOOT_STOP_COUNT, /* are other clients connected? */
    BOOT_STOPPING,
};
#define TICK 0.005
#define START_LIMIT_US 60000000
#define STALE_LIMIT_US 15000000
#define STOP_LIMIT_US 15000000

struct pg_boot {
    struct pg_boot_cfg cfg;
    struct pg_cluster cl;
    char *dir, *bindir;
    pg_boot_done *on_done;
    pg_boot_stopped *on_stopped;
    enum boot_state state;
    ev_timer tick;
    ev_io guard_io;
    PGconn *guard;
    struct proc *child; /* initdb or the server, when it is ours */
    int child_status;
    bool child_ended, done, told_recovery, told_wait;
    int lock;
    pid_t stop_pid;
    int64_t began_us, state_us, wait_until_us, stale_since_us;
    int64_t backoff_us;
    long log_from;
};

void boot_enter(struct pg_boot *b, enum boot_state s);
int64_t boot_in_state(const struct pg_boot *b); /* microseconds */
bool boot_take_lock(struct pg_boot *b);         /* one booter or stopper at a time */
void boot_drop_guard(struct pg_boot *b);
void boot_release(struct pg_boot *b);
void boot_step_stop_lock(struct pg_boot *b);
void boot_step_stop_count(struct pg_boot *b);
void boot_step_stopping(struct pg_boot *b);

#endif
