/* INI text through inih with line numbers (Debian's build of it does not hand them to its callback). */
#ifndef TURRET_IO_INIFILE_H
#define TURRET_IO_INIFILE_H

#include <stddef.h>

/* Return 0 to stop. `line` is the line at hand, from 1. */
typedef int inifile_fn(void *user, const char *section, const char *name, const char *value, int line);
/* 0 when all was read; else the line of the first error of syntax or of the callback. */
int inifile_parse(const char *text, size_t n, inifile_fn *fn, void *user);
/* The whole file, NUL-terminated (malloc'd), at most 1 MiB; NULL if it can't be read. */
char *inifile_slurp(const char *path, size_t *n);

#endif
