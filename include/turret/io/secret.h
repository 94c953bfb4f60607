/* Secrets: read from the credentials directory of systemd, from a file of mode 0600, or from the environment (once, then unset).
 * Never from arguments, never logged; wiped when freed. */
#ifndef TURRET_IO_SECRET_H
#define TURRET_IO_SECRET_H

#include <stddef.h>

#include "turret/base/err.h"

struct secret { char *p; size_t len; }; /* NUL-terminated; p NULL = none */

/* Looks for `name` ("database-url"): $CREDENTIALS_DIRECTORY/name, <dir>/name, then the environment TURRET_DATABASE_URL-like.
 * ERR_NOT_FOUND: nowhere. ERR_CREDENTIALS: found but not safe (others may read it, a symlink, not ours, empty); text says what. */
enum err secret_read(const char *dir, const char *name, struct secret *out, char *text, size_t cap);
void secret_free(struct secret *s);

#endif
