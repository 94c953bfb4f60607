/* fork, setsid, drop, exec; the exit comes through ev_child. setsid keeps the terminal's Ctrl-C away from children;
 * descriptors other than 0-2 are closed by O_CLOEXEC, which every open of ours sets. */
#include "turret/io/proc.h"

#include "turret/base/mem.h"
#include "turret/io/loop.h"

#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct proc {
    ev_child watch;
    proc_exit_fn *on_exit;
    void *ctx;
};

static const char *const clean_env[] = {"PATH=/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL=C.UTF-8", "HOME=/", NULL};

/* After setresuid: the one capability that lets a process pass through other users' directories, kept over exec. */
static bool keep_search_right(void) {
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{0}};
    unsigned bit = 1u << CAP_DAC_READ_SEARCH;
    data[0].effective = data[0].permitted = data[0].inheritable = bit;
    return syscall(SYS_capset, &head, data) == 0 &&
           prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_READ_SEARCH, 0, 0) == 0;
}

static bool drop_user(const struct proc_cfg *cfg) {
    if (cfg->keep_search && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0)
        return false;
    if (setgroups(0, NULL) || setresgid(cfg->gid, cfg->gid, cfg->gid) || setresuid(cfg->uid, cfg->uid, cfg->uid))
        return false;
    return !cfg->keep_search || keep_search_right();
}

/* Moves `fd` (or /dev/null) to a standard descriptor, without O_CLOEXEC. */
static void place_fd(int fd, int target) {
    if (fd < 0)
        fd = open("/dev/null", target == 0 ? O_RDONLY : O_WRONLY);
    if (fd == target)
        fcntl(fd, F_SETFD, 0);
    else
        dup2(fd, target);
}

__attribute__((noreturn)) static void child(const struct proc_cfg *cfg) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (int s = 1; s < 32; s++)
        signal(s, SIG_DFL);
    setsid();
    umask(077);
    int in = cfg->in > 2 || cfg->in < 0 ? cfg->in : fcntl(cfg->in, F_DUPFD, 3);
    int out = cfg->out > 2 || cfg->out < 0 ? cfg->out : fcntl(cfg->out, F_DUPFD, 3);
    int err = cfg->err > 2 || cfg->err < 0 ? cfg->err : fcntl(cfg->err, F_DUPFD, 3);
    place_fd(in, 0);
    place_fd(out, 1);
    place_fd(err, 2);
    if (chdir(cfg->cwd ? cfg->cwd : "/"))
        _exit(125);
    if (cfg->drop && geteuid() == 0 && !drop_user(cfg))
        _exit(126);
    execve(cfg->argv[0], (char *const *)(uintptr_t)cfg->argv, (char *const *)(uintptr_t)(cfg->env ? cfg->env : clean_env));
    _exit(127);
}

static void on_child(struct ev_loop *loop, ev_child *w, int revents) {
    (void)revents;
    struct proc *p = (struct proc *)w;
    ev_child_stop(loop, w);
    int status = w->rstatus;
    proc_exit_fn *fn = p->on_exit;
    void *ctx = p->ctx;
    free(p);
    if (fn)
        fn(ctx, status);
}

struct proc *proc_spawn(const struct proc_cfg *cfg, proc_exit_fn *on_exit, void *ctx) {
    struct ev_loop *loop = loop_get(); /* installs the SIGCHLD handler before the child can end */
    pid_t pid = fork();
    if (pid < 0)
        return NULL;
    if (pid == 0)
        child(cfg);
    struct proc *p = xcalloc(1, sizeof *p);
    p->on_exit = on_exit;
    p->ctx = ctx;
    ev_child_init(&p->watch, on_child, pid, 0);
    ev_child_start(loop, &p->watch);
    return p;
}

pid_t proc_pid(const struct proc *p) { return p->watch.pid; }

void proc_forget(struct proc *p) {
    if (!p)
        return;
    ev_child_stop(loop_get(), &p->watch);
    free(p);
}

struct run {
    int status;
    bool done;
};
static void on_run_exit(void *ctx, int status) {
    struct run *r = ctx;
    r->status = status;
    r->done = true;
}

int proc_run(const struct proc_cfg *cfg) {
    struct run r = {-1, false};
    if (!proc_spawn(cfg, on_run_exit, &r))
        return -1;
    while (!r.done)
        ev_run(loop_get(), EVRUN_ONCE);
    return r.status;
}

void proc_status_text(int status, char *buf, size_t cap) {
    if (status == -1)
        snprintf(buf, cap, "could not be started");
    else if (WIFSIGNALED(status))
        snprintf(buf, cap, "signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        snprintf(buf, cap, "exit code %d", WEXITSTATUS(status));
}

bool proc_user_can_enter(const char *dir, uid_t uid, gid_t gid, bool keep_search) {
    pid_t pid = fork();
    if (pid == 0) {
        struct proc_cfg cfg = {.uid = uid, .gid = gid, .keep_search = keep_search};
        _exit(geteuid() == 0 && !drop_user(&cfg) ? 2 : chdir(dir) ? 1 : 0); /* chdir, not access: that ignores capabilities */
    }
    int status = 0;
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
