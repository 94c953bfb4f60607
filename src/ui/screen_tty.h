/* The raw terminal under a screen: its modes, its size, and giving it back whatever happens. */
#ifndef TURRET_UI_SCREEN_TTY_H
#define TURRET_UI_SCREEN_TTY_H

#include <stdbool.h>
#include <stddef.h>

/* Opens the controlling terminal non-blocking (own file description: the shell's flags stay); -1 when there is none. */
int tty_open(void);
bool tty_raw(int fd);           /* remembers the modes of before */
void tty_cooked(int fd);        /* and gives them back */
void tty_size(int fd, int *w, int *h);
/* What leaves every mode we set, written by tty_restore_now and by fatal signals. */
void tty_set_restore(const char *bytes, size_t n);
/* Async-signal-safe and idempotent. */
void tty_restore_now(void);
void tty_catch_fatal(bool on);
/* Blocking write of at most `ms`; for the last bytes only. */
void tty_write_some(int fd, const char *bytes, size_t n, int ms);

#endif
