/* Backup and restore as plain SQL with PostgreSQL's own pg_dump and psql of the server's major version. Blocking: for
 * the command line. A backup file is whole or not there; a restore is one transaction. */
#include "turret/store/pg.h"

#include "turret/base/str.h"
#include "turret/base/utf8.h"
#include "turret/io/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT_MAX (REASON_MAX * 2)

__attribute__((format(printf, 3, 4))) static enum err say(char text[TEXT_MAX], enum err e, const char *fmt, ...) {
    char raw[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(raw, sizeof raw, fmt, ap);
    va_end(ap);
    utf8_sanitise(text, TEXT_MAX, raw, strcspn(raw, "\n"));
    return e;
}

static int ask(PGconn *conn, const char *sql) {
    PGresult *r = PQexec(conn, sql);
    int v = PQresultStatus(r) == PGRES_TUPLES_OK && PQntuples(r) ? atoi(PQgetvalue(r, 0, 0)) : -1;
    PQclear(r);
    return v;
}

/* The server's major version, and whether Turret's tables are there. */
static enum err look(const char *conninfo, int *major, bool *used, char text[TEXT_MAX]) {
    PGconn *conn = PQconnectdb(conninfo);
    enum err e = ERR_OK;
    if (PQstatus(conn) != CONNECTION_OK)
        e = say(text, ERR_STORE_DOWN, "%s", PQerrorMessage(conn));
    else {
        *major = PQserverVersion(conn) / 10000;
        int n = ask(conn, "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
                          "WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND c.relkind IN ('r', 'v', 'S')");
        *used = n != 0;
        if (n < 0)
            e = say(text, ERR_STORE_DOWN, "%s", PQerrorMessage(conn));
    }
    PQfinish(conn);
    return e;
}

/* pg_dump must not be older than the server; psql of the same folder goes with it. */
static enum err find_program(const char *bindir, int major, const char *name, char path[PATH_MAX], char text[TEXT_MAX]) {
    const char *env = getenv("TURRET_PG_BINDIR");
    if (!bindir || !bindir[0])
        bindir = env && env[0] ? env : NULL;
    if (bindir) {
        snprintf(path, PATH_MAX, "%s/%s", bindir, name);
        return access(path, X_OK) == 0 ? ERR_OK : say(text, ERR_CONFIG, "there is no %s in %s", name, bindir);
    }
    for (int v = major; v < major + 10; v++) {
        snprintf(path, PATH_MAX, "/usr/lib/postgresql/%d/bin/%s", v, name);
        if (access(path, X_OK) == 0)
            return ERR_OK;
    }
    static const char *const others[] = {"/usr/bin", "/usr/local/bin", "/usr/local/pgsql/bin"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        snprintf(path, PATH_MAX, "%s/%s", others[i], name);
        if (access(path, X_OK) == 0)
            return ERR_OK;
    }
    return say(text, ERR_CONFIG, "%s of PostgreSQL %d or newer is not installed: install postgresql-client-%d", name, major, major);
}

/* What the program said, for the message: its last line. */
static void last_line(int fd, char *buf, size_t cap) {
    char raw[2048];
    off_t end = lseek(fd, 0, SEEK_END), from = end > (off_t)sizeof raw ? end - (off_t)sizeof raw : 0;
    ssize_t n = pread(fd, raw, sizeof raw - 1, from);
    raw[n > 0 ? n : 0] = 0;
    size_t len = strlen(raw);
    while (len && raw[len - 1] == '\n')
        raw[--len] = 0;
    const char *line = strrchr(raw, '\n');
    str_copy(buf, cap, line ? line + 1 : raw);
}

/* A connection string fit for an argument: without the password, which goes by the environment. */
static bool hide_password(const char *conninfo, struct str *out) {
    PQconninfoOption *opts = PQconninfoParse(conninfo, NULL);
    str_init(out);
    str_add(out, " ");
    for (const PQconninfoOption *o = opts; o && o->keyword; o++) {
        if (!o->val)
            continue;
        if (!strcmp(o->keyword, "password")) {
            setenv("PGPASSWORD", o->val, 1);
            continue;
        }
        str_addf(out, "%s='", o->keyword);
        for (const char *v = o->val; *v; v++) {
            if (*v == '\'' || *v == '\\')
                str_addc(out, '\\');
            str_addc(out, *v);
        }
        str_add(out, "' ");
    }
    PQconninfoFree(opts);
    return opts != NULL;
}

static int run(const char *const *argv, int in, int out, char *said, size_t cap) {
    int err = memfd_create("stderr", MFD_CLOEXEC);
    struct proc_cfg cfg = {.argv = argv, .env = (const char *const *)environ, .in = in, .out = out, .err = err};
    int status = proc_run(&cfg);
    said[0] = 0;
    if (err >= 0) {
        last_line(err, said, cap);
        close(err);
    }
    if (status && !said[0])
        proc_status_text(status, said, cap);
    return status;
}

enum err store_pg_backup(const char *conninfo, const char *bindir, const char *file, char text[TEXT_MAX]) {
    char prog[PATH_MAX], tmp[PATH_MAX], said[300];
    int major = 0;
    bool used = false;
    enum err e = look(conninfo, &major, &used, text);
    if (e != ERR_OK || (e = find_program(bindir, major, "pg_dump", prog, text)) != ERR_OK)
        return e;
    snprintf(tmp, sizeof tmp, "%.4000s.XXXXXX", file);
    int fd = mkostemp(tmp, O_CLOEXEC); /* mode 0600 */
    if (fd < 0)
        return say(text, ERR_IO, "can't write beside %s: %s", file, strerror(errno));
    struct str info;
    if (!hide_password(conninfo, &info))
        e = say(text, ERR_USAGE, "the connection string can't be read");
    const char *argv[] = {prog, "--no-owner", "--no-privileges", "--encoding=UTF8", "--dbname", info.p, NULL};
    struct stat st;
    if (e == ERR_OK && run(argv, -1, fd, said, sizeof said) != 0)
        e = say(text, ERR_IO, "pg_dump: %s", said);
    else if (e == ERR_OK && (fsync(fd) || fstat(fd, &st)))
        e = say(text, ERR_IO, "can't write %s: %s", tmp, strerror(errno));
    else if (e == ERR_OK && rename(tmp, file))
        e = say(text, ERR_IO, "can't rename to %s: %s", file, strerror(errno));
    if (e == ERR_OK)
        say(text, ERR_OK, "%lld bytes in %s", (long long)st.st_size, file);
    else
        unlink(tmp);
    str_free(&info);
    close(fd);
    return e;
}

/* A whole dump of ours, or another program's file, or half of one? */
static bool looks_whole(int fd) {
    char head[128] = "", tail[256] = "";
    off_t end = lseek(fd, 0, SEEK_END), from = end > (off_t)sizeof tail - 1 ? end - (off_t)sizeof tail + 1 : 0;
    bool ok = pread(fd, head, sizeof head - 1, 0) > 0 && strstr(head, "PostgreSQL database dump") &&
              pread(fd, tail, sizeof tail - 1, from) > 0 && strstr(tail, "PostgreSQL database dump complete");
    return lseek(fd, 0, SEEK_SET) == 0 && ok;
}

enum err store_pg_restore(const char *conninfo, const char *bindir, const char *file, bool force, char text[TEXT_MAX]) {
    char prog[PATH_MAX], said[300], before[PATH_MAX];
    int major = 0;
    bool used = false;
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return say(text, ERR_NOT_FOUND, "can't read %s: %s", file, strerror(errno));
    enum err e = looks_whole(fd) ? look(conninfo, &major, &used, text) : say(text, ERR_CORRUPT, "%s is no whole backup (plain SQL of pg_dump)", file);
    if (e == ERR_OK && used && !force)
        e = say(text, ERR_CONFIG, "the database is not empty: restore into a new data directory, or use --yes (the old state is saved first)");
    if (e == ERR_OK && used) {
        snprintf(before, sizeof before, "%.4000s.before-restore", file);
        e = store_pg_backup(conninfo, bindir, before, text);
    }
    if (e == ERR_OK)
        e = find_program(bindir, major, "psql", prog, text);
    if (e == ERR_OK) { /* the reset and the file in one transaction; the file's own CREATE SCHEMA does not come (public exists) */
        struct str info;
        (void)hide_password(conninfo, &info);
        const char *wipe = used ? "DROP SCHEMA public CASCADE; CREATE SCHEMA public" : "SELECT 1";
        const char *argv[] = {prog, "--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", "--dbname", info.p,
                              "--command", wipe, "--file=-", "--output=/dev/null", NULL};
        if (run(argv, fd, -1, said, sizeof said) != 0)
            e = say(text, ERR_IO, "psql: %s; nothing was changed", said);
        else if (used)
            say(text, ERR_OK, "restored from %s; the state before is in %s", file, before);
        else
            say(text, ERR_OK, "restored from %s", file);
        str_free(&info);
    }
    close(fd);
    return e;
}
