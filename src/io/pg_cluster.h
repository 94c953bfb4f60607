/* What a cluster is on disk: folders, binaries, users, configuration. Plain synchronous helpers of pg_boot. */
#ifndef IO_PG_CLUSTER_H
#define IO_PG_CLUSTER_H

#include "turret/base/err.h"
#include "turret/io/pg_boot.h"

#include <limits.h>
#include <sys/types.h>

struct pg_cluster {
    char dir[PATH_MAX];       /* data directory of the desk */
    char bin[PATH_MAX];       /* folder with initdb and postgres */
    char data[PATH_MAX + 16]; /* dir/pgNN */
    char tmp[PATH_MAX + 24];  /* dir/pgNN.tmp: a cluster in the making */
    char sock[PATH_MAX];      /* socket folder, short enough */
    char log[PATH_MAX + 16];
    int major;
    bool exists; /* data is a complete cluster */
    bool drop;   /* we are root: the server runs as uid, gid */
    bool keep_search;
    uid_t uid;
    gid_t gid;
    char user[64]; /* name of that user */
};

/* Finds everything out and makes the folders. ERR_OK, or a sentence. */
enum err pg_cluster_find(const struct pg_boot_cfg *cfg, struct pg_cluster *c, char text[PG_BOOT_TEXT_MAX]);
/* After initdb: writes configuration and authentication into c->tmp, syncs, renames to c->data. */
enum err pg_cluster_finish(const struct pg_cluster *c, bool no_sync, char text[PG_BOOT_TEXT_MAX]);
void pg_cluster_conninfo(const struct pg_cluster *c, char *buf, size_t cap);
/* pid and socket folder in postmaster.pid; 0 when there is none or that process is gone. */
pid_t pg_cluster_postmaster(const char *data, char *sock, size_t cap);
/* The last FATAL, PANIC or ERROR of the log, behind offset `from`; "" if none. */
void pg_cluster_last_error(const char *log, long from, char *buf, size_t cap);
void pg_cluster_remove(const char *path); /* a folder and all in it */

#endif
