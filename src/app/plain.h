/* Plain mode: a line of words an event, for screen readers, pipes and terminals that can't place a cursor. No cursor addressing;
 * commands are read line by line when the input is a terminal. */
#ifndef TURRET_APP_PLAIN_H
#define TURRET_APP_PLAIN_H

#include "turret/app/engine.h"

struct plain;
struct plain *plain_open(struct engine *e, int64_t status_every_us, bool commands, void (*quit)(void *ctx), void *ctx);
void plain_line(struct plain *p, const char *tag, const char *text);
void plain_close(struct plain *p);

#endif
