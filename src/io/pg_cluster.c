/* Folders, binaries and users of the private cluster. The server refuses to run as root, so a root desk hands the
 * cluster's folder to another user; what that user can't reach is either passed with one capability or explained. */
#include "pg_cluster.h"

#include "turret/base/str.h"
#include "turret/base/utf8.h"
#include "turret/io/proc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <unistd.h>

#define SOCKET_NAME_LEN 18 /* "/.s.PGSQL.5432.lock" without the lock's NUL fits sun_path with this much left */

__attribute__((format(printf, 3, 4))) static enum err say(char text[PG_BOOT_TEXT_MAX], enum err e, const char *fmt, ...) {
    char raw[PG_BOOT_TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(raw, sizeof raw, fmt, ap);
    va_end(ap);
    utf8_sanitise(text, PG_BOOT_TEXT_MAX, raw, strlen(raw));
    return e;
}

void pg_boot_default_dir(char *buf, size_t cap) {
    const char *xdg = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    if (geteuid() == 0)
        str_copy(buf, cap, "/var/lib/turret"); /* the server's user can't enter /root */
    else if (xdg && xdg[0] == '/')
        snprintf(buf, cap, "%s/turret", xdg);
    else
        snprintf(buf, cap, "%s/.local/share/turret", home && home[0] == '/' ? home : "/tmp");
}

static enum err make_dirs(const char *path, char text[PG_BOOT_TEXT_MAX]) {
    char part[PATH_MAX];
    str_copy(part, sizeof part, path);
    for (char *p = part + 1; *p; p++)
        if (*p == '/') {
            *p = 0;
            if (mkdir(part, 0755) && errno != EEXIST)
                return say(text, ERR_IO, "can't make the folder %s: %s", part, strerror(errno));
            *p = '/';
        }
    if (mkdir(part, 0700) && errno != EEXIST)
        return say(text, ERR_IO, "can't make the folder %s: %s", part, strerror(errno));
    return ERR_OK;
}

/* --- binaries --- */

static bool has_server(const char *bin) {
    char path[PATH_MAX + 16];
    snprintf(path, sizeof path, "%s/initdb", bin);
    bool ok = access(path, X_OK) == 0;
    snprintf(path, sizeof path, "%s/postgres", bin);
    return ok && access(path, X_OK) == 0;
}

/* Major version by asking the program: "postgres (PostgreSQL) 15.20". */
static int ask_major(const char *bin) {
    char path[PATH_MAX + 16], out[128] = "";
    int fds[2], major = 0;
    snprintf(path, sizeof path, "%s/postgres", bin);
    if (pipe2(fds, O_CLOEXEC))
        return 0;
    const char *argv[] = {path, "--version", NULL};
    struct proc_cfg cfg = {.argv = argv, .in = -1, .out = fds[1], .err = -1};
    struct proc *p = proc_spawn(&cfg, NULL, NULL);
    close(fds[1]);
    ssize_t n = p ? read(fds[0], out, sizeof out - 1) : 0;
    close(fds[0]);
    const char *at = n > 0 ? strchr(out, ')') : NULL;
    if (at)
        major = atoi(at + 1);
    return major;
}

struct found {
    char bin[PATH_MAX];
    int major;
};

static void offer(struct found *list, int *n, const char *bin) {
    char real[PATH_MAX];
    if (*n >= 16 || !has_server(bin) || !realpath(bin, real))
        return;
    for (int i = 0; i < *n; i++)
        if (!strcmp(list[i].bin, real))
            return;
    int major = 0;
    if (sscanf(real, "/usr/lib/postgresql/%d/bin", &major) != 1)
        major = ask_major(real);
    if (major <= 0)
        return;
    str_copy(list[*n].bin, sizeof list[*n].bin, real);
    list[(*n)++].major = major;
}

static void offer_parent(struct found *list, int *n, const char *parent, const char *prefix, const char *suffix) {
    DIR *d = opendir(parent);
    const struct dirent *e;
    while (d && (e = readdir(d))) {
        char bin[PATH_MAX];
        if (e->d_name[0] == '.' || strncmp(e->d_name, prefix, strlen(prefix)) != 0)
            continue;
        snprintf(bin, sizeof bin, "%s/%.200s%s", parent, e->d_name, suffix);
        offer(list, n, bin);
    }
    if (d)
        closedir(d);
}

static int find_binaries(const char *given, struct found *list) {
    int n = 0;
    const char *env = getenv("TURRET_PG_BINDIR"), *path = getenv("PATH");
    if (given || (env && env[0])) {
        offer(list, &n, given ? given : env);
        return n;
    }
    offer_parent(list, &n, "/usr/lib/postgresql", "", "/bin");
    offer_parent(list, &n, "/usr", "pgsql-", "/bin");
    offer_parent(list, &n, "/opt/homebrew/opt", "postgresql@", "/bin");
    offer(list, &n, "/usr/local/pgsql/bin");
    for (const char *p = path; p && *p;) {
        char dir[PATH_MAX];
        size_t len = strcspn(p, ":");
        snprintf(dir, sizeof dir, "%.*s", (int)(len < PATH_MAX ? len : 0), p);
        if (dir[0] == '/')
            offer(list, &n, dir);
        p += len + (p[len] == ':');
    }
    return n;
}

/* Newest cluster in the data directory: 0 if there is none. */
static int existing_major(const char *dir) {
    int best = 0;
    DIR *d = opendir(dir);
    const struct dirent *e;
    while (d && (e = readdir(d))) {
        int major, used = 0;
        if (sscanf(e->d_name, "pg%d%n", &major, &used) == 1 && !e->d_name[used] && major > best)
            best = major;
    }
    if (d)
        closedir(d);
    return best;
}

static enum err pick_binary(const struct pg_boot_cfg *cfg, struct pg_cluster *c, char text[PG_BOOT_TEXT_MAX]) {
    struct found *list = calloc(16, sizeof *list);
    int n = list ? find_binaries(cfg->bindir, list) : 0, best = -1, have = existing_major(c->dir);
    for (int i = 0; i < n; i++)
        if (have ? best < 0 && list[i].major == have : best < 0 || list[i].major > list[best].major)
            best = i; /* of equal ones the first: PATH comes last */
    enum err e = ERR_OK;
    if (best >= 0) {
        str_copy(c->bin, sizeof c->bin, list[best].bin);
        c->major = list[best].major;
    } else if (!n)
        e = say(text, ERR_CONFIG,
                "PostgreSQL's server is not installed (no initdb and postgres in /usr/lib/postgresql/*/bin or PATH): install the "
                "package postgresql, or name a server with --db");
    else {
        int newest = 0;
        for (int i = 0; i < n; i++)
            newest = list[i].major > newest ? list[i].major : newest;
        e = say(text, ERR_CONFIG,
                "the database %s/pg%d was made by PostgreSQL %d, installed is %d: install postgresql-%d and run `turret backup FILE`, "
                "move pg%d away, then start and run `turret restore FILE`",
                c->dir, have, have, newest, have, have);
    }
    free(list);
    return e;
}

/* --- users --- */

static enum err pick_user(struct pg_cluster *c, char text[PG_BOOT_TEXT_MAX]) {
    static const char *const names[] = {"turret", "postgres", "nobody"};
    c->uid = geteuid();
    c->gid = getegid();
    if (c->uid != 0) {
        const struct passwd *me = getpwuid(c->uid);
        if (!me)
            return say(text, ERR_CONFIG, "user id %u has no name in /etc/passwd, which PostgreSQL needs: add one, or name a server with --db",
                       (unsigned)c->uid);
        str_copy(c->user, sizeof c->user, me->pw_name);
        return ERR_OK;
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct passwd *p = getpwnam(names[i]);
        if (!p || p->pw_uid == 0)
            continue;
        c->drop = true;
        c->uid = p->pw_uid;
        c->gid = p->pw_gid;
        str_copy(c->user, sizeof c->user, p->pw_name);
        return ERR_OK;
    }
    return say(text, ERR_CONFIG, "PostgreSQL refuses to run as root and there is no user turret, postgres or nobody to run it: add one");
}

/* A cluster made earlier keeps its owner, so that its files never change hands. */
static void keep_owner(struct pg_cluster *c) {
    struct stat st;
    if (!c->drop || stat(c->data, &st) || st.st_uid == 0 || st.st_uid == c->uid)
        return;
    const struct passwd *p = getpwuid(st.st_uid);
    if (!p)
        return;
    c->uid = st.st_uid;
    c->gid = st.st_gid;
    str_copy(c->user, sizeof c->user, p->pw_name);
}

/* The server's user must be able to pass through the data directory and all above it. */
static enum err check_reach(struct pg_cluster *c, char text[PG_BOOT_TEXT_MAX]) {
    struct stat st;
    if (!c->drop)
        return ERR_OK;
    if (stat(c->dir, &st) == 0 && st.st_uid == 0 && !(st.st_mode & S_IXOTH))
        (void)chmod(c->dir, (st.st_mode & 07777) | S_IXOTH); /* may pass through, may not look */
    if (proc_user_can_enter(c->dir, c->uid, c->gid, false))
        return ERR_OK;
    c->keep_search = proc_user_can_enter(c->dir, c->uid, c->gid, true);
    if (c->keep_search)
        return ERR_OK;
    return say(text, ERR_CONFIG, "the database server runs as user %s, who can't enter %s: choose a folder outside of closed ones with --data (default %s)",
               c->user, c->dir, "/var/lib/turret");
}

/* --- socket --- */

static bool socket_fits(const char *dir) { return strlen(dir) + SOCKET_NAME_LEN < sizeof((struct sockaddr_un *)0)->sun_path; }

static enum err own_folder(const struct pg_cluster *c, const char *path, char text[PG_BOOT_TEXT_MAX]) {
    struct stat st;
    if (mkdir(path, 0700) && errno != EEXIST)
        return say(text, ERR_IO, "can't make the folder %s: %s", path, strerror(errno));
    if (lstat(path, &st) || !S_ISDIR(st.st_mode) || (st.st_uid != geteuid() && st.st_uid != c->uid))
        return say(text, ERR_IO, "%s is not a folder of ours: remove it", path);
    if (c->drop && chown(path, c->uid, c->gid))
        return say(text, ERR_IO, "can't give %s to user %s: %s", path, c->user, strerror(errno));
    if (chmod(path, 0700))
        return say(text, ERR_IO, "can't close the folder %s: %s", path, strerror(errno));
    return ERR_OK;
}

/* Beside the cluster, or where paths are short: named after the folder itself, so that all who look find the same. */
static enum err pick_socket(struct pg_cluster *c, char text[PG_BOOT_TEXT_MAX]) {
    struct stat st;
    const char *run = getenv("XDG_RUNTIME_DIR");
    snprintf(c->sock, sizeof c->sock, "%.4000s/s", c->dir);
    if (!socket_fits(c->sock) && stat(c->dir, &st) == 0) {
        bool own = !c->drop && run && run[0] == '/' && strlen(run) < 40;
        snprintf(c->sock, sizeof c->sock, "%s/turret-%llx-%llx", own ? run : "/tmp", (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
    }
    return own_folder(c, c->sock, text);
}

/* Network and memory file systems lose databases; memory is allowed only for tests. */
static enum err check_disk(const char *dir, bool no_sync, char text[PG_BOOT_TEXT_MAX]) {
    struct statfs fs;
    if (statfs(dir, &fs) || no_sync)
        return ERR_OK;
    switch ((unsigned)fs.f_type) {
    case 0x6969: return say(text, ERR_CONFIG, "%s is on NFS, which is no safe place for a database: choose a local folder with --data", dir);
    case 0xff534d42:
    case 0xfe534d42: return say(text, ERR_CONFIG, "%s is on a network share, which is no safe place for a database: choose a local folder with --data", dir);
    default: return ERR_OK;
    }
}

enum err pg_cluster_find(const struct pg_boot_cfg *cfg, struct pg_cluster *c, char text[PG_BOOT_TEXT_MAX]) {
    memset(c, 0, sizeof *c);
    char dir[PATH_MAX];
    if (cfg->dir[0] == '/')
        str_copy(dir, sizeof dir, cfg->dir);
    else {
        char cwd[PATH_MAX / 2];
        if (!getcwd(cwd, sizeof cwd))
            return say(text, ERR_IO, "the current folder can't be read");
        snprintf(dir, sizeof dir, "%s/%.2000s", cwd, cfg->dir);
    }
    enum err e = make_dirs(dir, text);
    if (e != ERR_OK)
        return e;
    if (!realpath(dir, c->dir))
        return say(text, ERR_IO, "can't read %s: %s", dir, strerror(errno));
    if ((e = check_disk(c->dir, cfg->no_sync, text)) != ERR_OK || (e = pick_user(c, text)) != ERR_OK ||
        (e = pick_binary(cfg, c, text)) != ERR_OK)
        return e;
    snprintf(c->data, sizeof c->data, "%s/pg%d", c->dir, c->major);
    snprintf(c->tmp, sizeof c->tmp, "%s.tmp", c->data);
    snprintf(c->log, sizeof c->log, "%s/pg.log", c->dir);
    c->exists = access(c->data, F_OK) == 0;
    keep_owner(c);
    if ((e = check_reach(c, text)) != ERR_OK)
        return e;
    return pick_socket(c, text);
}

/* --- configuration --- */

static bool write_file(const struct pg_cluster *c, const char *name, const char *mode, const char *content, bool no_sync) {
    char path[PATH_MAX + 64];
    snprintf(path, sizeof path, "%s/%s", c->tmp, name);
    FILE *f = fopen(path, mode);
    if (!f)
        return false;
    bool ok = fputs(content, f) >= 0 && fflush(f) == 0 && (no_sync || fsync(fileno(f)) == 0);
    if (c->drop)
        ok = fchown(fileno(f), c->uid, c->gid) == 0 && ok;
    return fclose(f) == 0 && ok;
}

static bool sync_dir(const char *path) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return ok;
}

enum err pg_cluster_finish(const struct pg_cluster *c, bool no_sync, char text[PG_BOOT_TEXT_MAX]) {
    const struct passwd *me = getpwuid(geteuid());
    char ident[256], conf[1024];
    snprintf(ident, sizeof ident, "turret %s app\n", me ? me->pw_name : c->user);
    snprintf(conf, sizeof conf,
             "\n# Turret's private cluster: one desk, a socket, safe against crashes\n"
             "listen_addresses = ''\nunix_socket_permissions = 0700\nshared_buffers = 16MB\nmax_connections = 20\njit = off\n"
             "max_wal_size = 64MB\nmin_wal_size = 8MB\nwal_level = minimal\nmax_wal_senders = 0\nmax_logical_replication_workers = 0\n"
             "max_worker_processes = 2\nmax_parallel_workers_per_gather = 0\ntimezone = 'UTC'\nlog_timezone = 'UTC'\n"
             "lc_messages = 'C'\nlog_min_messages = warning\n%s",
             no_sync ? "fsync = off\nfull_page_writes = off\n" : "");
    if (!write_file(c, "postgresql.conf", "a", conf, no_sync) || !write_file(c, "pg_hba.conf", "w", "local all app peer map=turret\n", no_sync) ||
        !write_file(c, "pg_ident.conf", "w", ident, no_sync))
        return say(text, ERR_IO, "can't write the database's configuration: %s", strerror(errno));
    if (!no_sync && !sync_dir(c->tmp))
        return say(text, ERR_IO, "can't sync %s: %s", c->tmp, strerror(errno));
    if (rename(c->tmp, c->data))
        return say(text, ERR_IO, "can't rename %s: %s", c->tmp, strerror(errno));
    if (!no_sync)
        (void)sync_dir(c->dir);
    return ERR_OK;
}

static void conninfo_of(const char *sock, char *buf, size_t cap) {
    size_t n = (size_t)snprintf(buf, cap, "host='");
    for (const char *p = sock; *p && n + 8 < cap; p++) {
        if (*p == '\'' || *p == '\\')
            buf[n++] = '\\';
        buf[n++] = *p;
    }
    snprintf(buf + n, cap - n, "' port=5432 user=app dbname=postgres sslmode=disable gssencmode=disable application_name=turret");
}

void pg_cluster_conninfo(const struct pg_cluster *c, char *buf, size_t cap) { conninfo_of(c->sock, buf, cap); }

pid_t pg_cluster_postmaster(const char *data, char *sock, size_t cap) {
    char path[PATH_MAX + 32], line[PATH_MAX];
    snprintf(path, sizeof path, "%s/postmaster.pid", data);
    FILE *f = fopen(path, "re");
    pid_t pid = 0;
    if (sock)
        sock[0] = 0;
    for (int i = 1; f && fgets(line, sizeof line, f); i++) {
        line[strcspn(line, "\n")] = 0;
        if (i == 1)
            pid = atoi(line);
        else if (i == 5 && sock)
            str_copy(sock, cap, line);
    }
    if (f)
        fclose(f);
    return pid > 1 && (kill(pid, 0) == 0 || errno == EPERM) ? pid : 0;
}

bool pg_boot_running(const char *dir, char *conninfo, size_t cap) {
    char data[PATH_MAX + 16], sock[PATH_MAX];
    int major = existing_major(dir);
    snprintf(data, sizeof data, "%.4000s/pg%d", dir, major);
    if (!major || !pg_cluster_postmaster(data, sock, sizeof sock) || !sock[0])
        return false;
    conninfo_of(sock, conninfo, cap);
    return true;
}

void pg_cluster_last_error(const char *log, long from, char *buf, size_t cap) {
    char line[512];
    static const char *const marks[] = {"FATAL:  ", "PANIC:  ", "ERROR:  ", "initdb: error: "};
    FILE *f = fopen(log, "re");
    buf[0] = 0;
    if (f && from > 0)
        (void)fseek(f, from, SEEK_SET);
    while (f && fgets(line, sizeof line, f))
        for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
            const char *at = strstr(line, marks[i]);
            if (!at)
                continue;
            at += strlen(marks[i]);
            utf8_sanitise(buf, cap, at, strcspn(at, "\n"));
            break;
        }
    if (f)
        fclose(f);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw) {
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

void pg_cluster_remove(const char *path) { (void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS); }
