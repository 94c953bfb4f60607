/* A venue behind a socket: the exchange lives in another process and survives the desk. Records on the wire are the
 * bytes of struct event (to the desk) and struct effect (to the exchange). */
#ifndef TESTS_SUPPORT_REMOTE_VENUE_H
#define TESTS_SUPPORT_REMOTE_VENUE_H

#include "turret/venue/venue.h"

/* The desk's end. Takes over fd. */
struct venue *remote_venue_open(int fd, struct event_sink sink);

struct wire { uint8_t *bytes; size_t len, cap; };
/* Appends what can be read; false when the other end is gone. */
bool wire_read(struct wire *w, int fd);
/* Writes what can be written; false when the other end is gone. */
bool wire_write(struct wire *w, int fd);
void wire_put(struct wire *w, const void *record, uint32_t size);
/* The first whole record, NULL if there is none; wire_drop takes it out. Records begin with their uint32 size. */
const void *wire_first(const struct wire *w);
void wire_drop(struct wire *w);

#endif
