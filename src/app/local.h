/* The engine's own screen: one session shown on the terminal turret was started in. Losing the terminal loses only the screen. */
#ifndef TURRET_APP_LOCAL_H
#define TURRET_APP_LOCAL_H

#include "app/frames.h"

struct local;
/* ERR_UNSUPPORTED: no terminal that can place a cursor (text says why): go on with plain lines. */
enum err local_open(struct frames *f, const struct session_cfg *defaults, bool ascii_auto, void (*quit)(void *ctx), void (*lost)(void *ctx), void *ctx,
                    struct local **out, char *text, size_t cap);
void local_close(struct local *l);
struct session *local_session(struct local *l);

#endif
