/* The program's log: a file (mode 0600) and a ring of the last lines for the screen. Never stdout or stderr.
 * Every line is sanitised; foreign bytes can't forge a line or move a terminal. Main thread only. */
#ifndef TURRET_IO_LOG_H
#define TURRET_IO_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR, LOG_LEVEL_COUNT };
#define LOG_TEXT_MAX 240
#define LOG_TOPIC_MAX 16
#define LOG_RING_LINES 512

struct log_entry {
    int64_t at_us;
    enum log_level level;
    char topic[LOG_TOPIC_MAX];
    char text[LOG_TEXT_MAX];
};

/* Appends to `path` from now on (NULL: ring only); a file over 16 MiB is first renamed to path.1. False with errno set. */
bool log_open(const char *path);
void log_close(void);
/* Lines below the level are dropped. Default LOG_LEVEL_INFO. */
void log_set_level(enum log_level level);
const char *log_level_name(enum log_level level);
bool log_level_parse(const char *name, enum log_level *out);
/* Called for every kept line, e.g. to show it on the desk. May not log itself (a nested line goes to file and ring only). */
typedef void log_sink_fn(void *ctx, const struct log_entry *line);
void log_set_sink(log_sink_fn *fn, void *ctx);
/* One line: "2026-11-21T12:04:31.123Z info store connected". `topic` is the room or part that speaks. */
void log_line(enum log_level level, const char *topic, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* The newest `max` lines, oldest first; returns how many. */
int log_recent(struct log_entry *out, int max);

#define log_debug(topic, ...) log_line(LOG_LEVEL_DEBUG, topic, __VA_ARGS__)
#define log_info(topic, ...) log_line(LOG_LEVEL_INFO, topic, __VA_ARGS__)
#define log_warn(topic, ...) log_line(LOG_LEVEL_WARN, topic, __VA_ARGS__)
#define log_error(topic, ...) log_line(LOG_LEVEL_ERROR, topic, __VA_ARGS__)

#endif
