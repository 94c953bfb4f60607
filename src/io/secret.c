/* Secrets from files and environment, and into files (secret.h). A file that others may read is refused, not used. */
#include "turret/io/secret.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>


#define SECRET_MAX 65536

static enum err read_file(const char *dir, const char *name, struct secret *out, char *text, size_t cap) {
    char path[4200];
    struct stat st;
    snprintf(path, sizeof path, "%.4000s/%.100s", dir, name);
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return ERR_NOT_FOUND;
    const char *wrong = NULL;
    if (fd < 0 || fstat(fd, &st) != 0)
        wrong = errno == ELOOP ? "it is a symbolic link" : strerror(errno);
    else if (!S_ISREG(st.st_mode))
        wrong = "it is not a file";
    else if (st.st_uid != geteuid() && st.st_uid != 0)
        wrong = "it belongs to another user";
    else if (st.st_mode & (S_IRWXG | S_IRWXO) & ~(mode_t)(st.st_uid == 0 && geteuid() != 0 ? S_IRGRP : 0))
        wrong = "others may read it: chmod 600";
    else if (st.st_size == 0 || st.st_size > SECRET_MAX)
        wrong = "it is empty or too large";
    if (!wrong) {
        secret_new(out, (size_t)st.st_size);
        ssize_t n = read(fd, out->p, (size_t)st.st_size);
        out->len = n > 0 ? (size_t)n : 0;
        while (out->len > 0 && (out->p[out->len - 1] == '\n' || out->p[out->len - 1] == '\r'))
            out->p[--out->len] = 0;
        if (out->len == 0) {
            secret_free(out);
            wrong = "it can't be read";
        }
    }
    if (fd >= 0)
        close(fd);
    if (wrong)
        snprintf(text, cap, "%s: %s", path, wrong);
    return wrong ? ERR_CREDENTIALS : ERR_OK;
}

static enum err read_env(const char *name, struct secret *out) {
    char env[128];
    snprintf(env, sizeof env, "TURRET_%.100s", name);
    for (char *p = env; *p; p++)
        *p = *p == '-' ? '_' : (char)toupper((unsigned char)*p);
    char *v = getenv(env);
    if (!v || !*v)
        return ERR_NOT_FOUND;
    secret_new(out, strlen(v));
    memcpy(out->p, v, out->len);
    explicit_bzero(v, out->len); /* also out of /proc/PID/environ */
    unsetenv(env);
    return ERR_OK;
}

enum err secret_read(const char *dir, const char *name, struct secret *out, char *text, size_t cap) {
    const char *systemd = getenv("CREDENTIALS_DIRECTORY");
    enum err e = ERR_NOT_FOUND;
    *out = (struct secret){0};
    if (systemd && systemd[0] == '/')
        e = read_file(systemd, name, out, text, cap);
    if (e == ERR_NOT_FOUND && dir && dir[0])
        e = read_file(dir, name, out, text, cap);
    if (e == ERR_NOT_FOUND)
        e = read_env(name, out);
    return e;
}

/* The mapping's size stands before the secret. */
enum { HEAD = 16 };

void secret_new(struct secret *s, size_t len) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), size = (HEAD + len + 1 + page - 1) / page * page;
    char *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert(map != MAP_FAILED);
    (void)mlock(map, size); /* a small RLIMIT_MEMLOCK is no reason to stop */
    (void)madvise(map, size, MADV_DONTDUMP);
    memcpy(map, &size, sizeof size);
    *s = (struct secret){map + HEAD, len};
}

void secret_free(struct secret *s) {
    if (s->p) {
        char *map = s->p - HEAD;
        size_t size;
        memcpy(&size, map, sizeof size);
        explicit_bzero(map, size);
        munmap(map, size);
    }
    *s = (struct secret){0};
}

/* --- writing --- */

static enum err wrong(enum err e, char *text, size_t cap, const char *dir, const char *name, const char *why) {
    snprintf(text, cap, "%.80s%s%.100s: %s", dir, name[0] ? "/" : "", name, why);
    return e;
}

static bool name_good(const char *name) { return name[0] && name[0] != '.' && strlen(name) <= 100 && !strchr(name, '/'); }

/* The folder, opened; made if it is missing and `make`. Others who may write to it could put their own secret in ours' place. */
static int open_dir(const char *dir, bool make, const char **why) {
    struct stat st;
    if (make && mkdir(dir, 0700) != 0 && errno != EEXIST) {
        *why = strerror(errno);
        return -1;
    }
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0)
        *why = strerror(errno);
    else if (st.st_uid != geteuid())
        *why = "the folder belongs to another user";
    else if (st.st_mode & (S_IWGRP | S_IWOTH))
        *why = "others may write to the folder: chmod 700";
    if (*why && fd >= 0)
        close(fd);
    return *why ? -1 : fd;
}

static bool put(int fd, const char *bytes, size_t len) {
    for (size_t at = 0; at < len;) {
        ssize_t n = write(fd, bytes + at, len - at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += (size_t)n;
    }
    return fsync(fd) == 0;
}

enum err secret_write(const char *dir, const char *name, const char *bytes, size_t len, char *text, size_t cap) {
    char fresh[160];
    const char *why = NULL;
    if (!name_good(name) || len == 0 || len > SECRET_MAX)
        return wrong(ERR_CREDENTIALS, text, cap, dir, name, "not a name or a length that a secret can have");
    int at = open_dir(dir, true, &why);
    if (at < 0)
        return wrong(ERR_CREDENTIALS, text, cap, dir, "", why);
    snprintf(fresh, sizeof fresh, ".%.100s.%ld", name, (long)getpid());
    (void)unlinkat(at, fresh, 0); /* of one of that number that died */
    int fd = openat(at, fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && put(fd, bytes, len);
    if (fd >= 0 && close(fd) != 0)
        ok = false;
    ok = ok && renameat(at, fresh, at, name) == 0 && fsync(at) == 0;
    enum err e = ok ? ERR_OK : wrong(ERR_IO, text, cap, dir, name, strerror(errno));
    if (!ok)
        (void)unlinkat(at, fresh, 0);
    close(at);
    return e;
}

enum err secret_remove(const char *dir, const char *name, char *text, size_t cap) {
    static const char zeros[4096];
    const char *why = NULL;
    struct stat st;
    if (!name_good(name))
        return wrong(ERR_CREDENTIALS, text, cap, dir, name, "not a name that a secret can have");
    int at = open_dir(dir, false, &why);
    if (at < 0)
        return access(dir, F_OK) != 0 ? wrong(ERR_NOT_FOUND, text, cap, dir, name, "not there") : wrong(ERR_CREDENTIALS, text, cap, dir, "", why);
    int fd = openat(at, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    enum err e = ERR_OK;
    if (fd < 0) {
        e = errno == ENOENT ? wrong(ERR_NOT_FOUND, text, cap, dir, name, "not there") : wrong(ERR_CREDENTIALS, text, cap, dir, name, errno == ELOOP ? "it is a symbolic link" : strerror(errno));
    } else if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        e = wrong(ERR_CREDENTIALS, text, cap, dir, name, "it is not a file");
    } else {
        bool ok = true;
        for (off_t left = st.st_size; left > 0 && ok; left -= (off_t)sizeof zeros)
            ok = put(fd, zeros, left < (off_t)sizeof zeros ? (size_t)left : sizeof zeros);
        if (!ok || unlinkat(at, name, 0) != 0 || fsync(at) != 0)
            e = wrong(ERR_IO, text, cap, dir, name, strerror(errno));
    }
    if (fd >= 0)
        close(fd);
    close(at);
    return e;
}
