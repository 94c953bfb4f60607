/* Secrets from files and environment (secret.h). A file that others may read is refused, not used. */
#include "turret/io/secret.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "turret/base/mem.h"

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
        out->p = xcalloc(1, (size_t)st.st_size + 1);
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
    out->p = xstrdup(v);
    out->len = strlen(v);
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

void secret_free(struct secret *s) {
    if (s->p) {
        explicit_bzero(s->p, s->len);
        free(s->p);
    }
    *s = (struct secret){0};
}
