/* The one event loop (libev's default loop) and its clocks. Timers are monotonic; UTC comes from clock_now_us. */
#ifndef TURRET_IO_LOOP_H
#define TURRET_IO_LOOP_H


#include <stdbool.h>
#include <stdint.h>

struct ev_loop;
struct ev_loop *loop_get(void);       /* the process's loop; made at the first call */
int64_t clock_now_us(void);           /* UTC, microseconds; never goes back within a process */
int64_t clock_mono_us(void);          /* monotonic */
/* Times as text: "12:04:31Z", "2026-11-21T12:04:31.123Z" (RFC 3339), and back (false if it can't be read). */
void clock_format_time(int64_t us, char buf[16]);
void clock_format_rfc3339(int64_t us, char buf[32]);
bool clock_parse_rfc3339(const char *s, int64_t *us);
/* "4.2s", "3m", "2h", "5d": an age or duration for people. */
void clock_format_age(int64_t us, char buf[16]);
/* "30s", "5m", "1h30m", "250ms", plain number = seconds. False if it can't be read. */
bool duration_parse(const char *s, int64_t *us);

#endif
