/* Names before addresses: libpq would look a host name up with a blocking call; this does it on the side. */
#ifndef IO_PG_RESOLVE_H
#define IO_PG_RESOLVE_H

struct pg_resolve;
/* Exactly one of conninfo and error is set. Not called after pg_resolve_cancel; may be called before pg_resolve
 * returns where nothing is to be looked up (then pg_resolve returns NULL). */
typedef void pg_resolve_fn(void *ctx, const char *conninfo, const char *error);
struct pg_resolve *pg_resolve(const char *conninfo, pg_resolve_fn *fn, void *ctx);
void pg_resolve_cancel(struct pg_resolve *r);

#endif
