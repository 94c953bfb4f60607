/* Log file and ring of recent lines. A line is formatted, sanitised and written with one write(2), so that lines of
 * two processes never mix; a failed write (full disk) is dropped: the log must never stop or delay the desk. */
#include "turret/io/log.h"

#include "turret/base/str.h"
#include "turret/base/utf8.h"
#include "turret/io/loop.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOG_FILE_MAX (16 << 20)

static struct {
    int fd;
    enum log_level level;
    log_sink_fn *sink;
    void *ctx;
    bool in_sink;
    char path[512];
    uint64_t count; /* lines ever; the newest is at (count - 1) % LOG_RING_LINES */
    int64_t bytes;
    struct log_entry ring[LOG_RING_LINES];
} g = {.fd = -1, .level = LOG_LEVEL_INFO};

static const char *const level_names[LOG_LEVEL_COUNT] = {"debug", "info", "warn", "error"};

const char *log_level_name(enum log_level level) { return level < LOG_LEVEL_COUNT ? level_names[level] : "?"; }

bool log_level_parse(const char *name, enum log_level *out) {
    for (int i = 0; i < LOG_LEVEL_COUNT; i++)
        if (str_eq_nocase(name, level_names[i])) {
            *out = (enum log_level)i;
            return true;
        }
    return false;
}

static bool open_file(void) {
    struct stat st;
    if (stat(g.path, &st) == 0 && st.st_size > LOG_FILE_MAX) {
        char old[sizeof g.path + 2];
        snprintf(old, sizeof old, "%s.1", g.path);
        (void)rename(g.path, old);
    }
    g.fd = open(g.path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (g.fd < 0)
        return false;
    g.bytes = fstat(g.fd, &st) == 0 ? st.st_size : 0;
    return true;
}

bool log_open(const char *path) {
    log_close();
    if (!path)
        return true;
    str_copy(g.path, sizeof g.path, path);
    return open_file();
}

void log_close(void) {
    if (g.fd >= 0)
        close(g.fd);
    g.fd = -1;
}

void log_set_level(enum log_level level) { g.level = level; }

void log_set_sink(log_sink_fn *fn, void *ctx) {
    g.sink = fn;
    g.ctx = ctx;
}

static void write_file(const struct log_entry *e) {
    char when[32], line[LOG_TEXT_MAX + 80];
    clock_format_rfc3339(e->at_us, when);
    int n = snprintf(line, sizeof line, "%s %s %s %s\n", when, log_level_name(e->level), e->topic, e->text);
    if (n > 0 && write(g.fd, line, (size_t)n) > 0)
        g.bytes += n;
    if (g.bytes > LOG_FILE_MAX) {
        log_close();
        (void)open_file();
    }
}

void log_line(enum log_level level, const char *topic, const char *fmt, ...) {
    if (level < g.level)
        return;
    char raw[1024];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(raw, sizeof raw, fmt, ap);
    va_end(ap);
    if (n < 0)
        return;
    size_t len = (size_t)n < sizeof raw ? (size_t)n : sizeof raw - 1;
    while (len && (raw[len - 1] == '\n' || raw[len - 1] == ' '))
        len--;
    struct log_entry *e = &g.ring[g.count++ % LOG_RING_LINES];
    *e = (struct log_entry){.at_us = clock_now_us(), .level = level};
    str_copy(e->topic, sizeof e->topic, topic);
    utf8_sanitise(e->text, sizeof e->text, raw, len);
    if (g.fd >= 0)
        write_file(e);
    if (g.sink && !g.in_sink) {
        struct log_entry copy = *e; /* a sink that logs would overwrite the slot */
        g.in_sink = true;
        g.sink(g.ctx, &copy);
        g.in_sink = false;
    }
}

int log_recent(struct log_entry *out, int max) {
    uint64_t have = g.count < LOG_RING_LINES ? g.count : LOG_RING_LINES;
    uint64_t n = max < 0 ? 0 : (uint64_t)max < have ? (uint64_t)max : have;
    for (uint64_t i = 0; i < n; i++)
        out[i] = g.ring[(g.count - n + i) % LOG_RING_LINES];
    return (int)n;
}
