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
/* Zeroed memory for len bytes and an end: pages of its own, never swapped where the system lets us lock them, in no core dump. What
 * secret_read gives is kept there too. */
void secret_new(struct secret *s, size_t len);
void secret_free(struct secret *s); /* wiped first */
/* Writes dir/name as a new file of mode 0600 and moves it into place (fsynced); the folder is made with mode 0700, one that others may
 * write to is refused. ERR_IO, ERR_CREDENTIALS with a sentence in text. */
enum err secret_write(const char *dir, const char *name, const char *bytes, size_t len, char *text, size_t cap);
enum err secret_remove(const char *dir, const char *name, char *text, size_t cap); /* overwritten, then unlinked; ERR_NOT_FOUND */

#endif
