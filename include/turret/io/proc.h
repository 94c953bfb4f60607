/* Child processes: own session, clean environment, optional drop of root, exit reported on the loop. */
#ifndef TURRET_IO_PROC_H
#define TURRET_IO_PROC_H

#include <stdbool.h>
#include <sys/types.h>

struct proc_cfg {
    const char *const *argv; /* argv[0] is a full path; NULL at the end */
    const char *const *env;  /* NAME=value, NULL at the end; NULL = PATH and LC_ALL=C.UTF-8 only */
    const char *cwd;         /* NULL = "/" */
    int in, out, err;        /* descriptors, -1 = /dev/null */
    bool drop;               /* running as root: become uid and gid without supplementary groups */
    bool keep_search;        /* ... but keep the right to pass through directories (a data folder below /root) */
    uid_t uid;
    gid_t gid;
};

struct proc; /* one running child */
/* Called on the loop once, with the status of waitpid; the handle is gone afterwards. */
typedef void proc_exit_fn(void *ctx, int status);

/* NULL with errno when it can't fork. A program that can't be executed exits with 127. */
struct proc *proc_spawn(const struct proc_cfg *cfg, proc_exit_fn *on_exit, void *ctx);
pid_t proc_pid(const struct proc *p);
/* Drops the handle; the child lives on and nothing is reported. */
void proc_forget(struct proc *p);
/* Spawns and waits (runs the loop meanwhile): for one-shot commands only. Status of waitpid, -1 if it can't fork. */
int proc_run(const struct proc_cfg *cfg);
/* "exit code 3", "signal 9 (Killed)". */
void proc_status_text(int status, char *buf, size_t cap);
/* Can that user get into the directory, after such a drop? */
bool proc_user_can_enter(const char *dir, uid_t uid, gid_t gid, bool keep_search);

#endif
