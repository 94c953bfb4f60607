/* The control socket: length-prefixed frames over a Unix socket of mode 0600, server and client side. What a frame means
 * is the app's business. A hostile or slow peer costs only its own connection: input is capped, output is bounded. */
#ifndef TURRET_IO_CTL_H
#define TURRET_IO_CTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "turret/base/err.h"

#define CTL_FRAME_MAX (4u << 20)    /* largest frame a server sends */
#define CTL_REQUEST_MAX (256u << 10) /* largest frame a server accepts */
#define CTL_UNSENT_MAX (8u << 20)   /* output that waits for one peer before the connection is dropped */

struct ctl_conn;
struct ctl_server;

struct ctl_ops {
    void (*opened)(void *ctx, struct ctl_conn *c); /* may be NULL */
    void (*frame)(void *ctx, struct ctl_conn *c, uint8_t type, const uint8_t *bytes, size_t n);
    void (*drained)(void *ctx, struct ctl_conn *c); /* nothing unsent any more; may be NULL */
    void (*closed)(void *ctx, struct ctl_conn *c, enum err why); /* the connection is freed afterwards */
};

/* Listens on <dir>/<name>; a dead socket file is replaced (the caller holds the directory's lock). */
struct ctl_server *ctl_listen(const char *dir, const char *name, const struct ctl_ops *ops, void *ctx, char *text, size_t cap);
void ctl_broadcast(struct ctl_server *s, uint8_t type, const void *bytes, size_t n); /* to every connection */
void ctl_server_close(struct ctl_server *s); /* closes its connections and removes the socket */

void ctl_set_user(struct ctl_conn *c, void *user);
void *ctl_user(const struct ctl_conn *c);
/* Queues a frame; false when the peer reads too slowly: the connection is then closed at the next loop turn. */
bool ctl_send(struct ctl_conn *c, uint8_t type, const void *bytes, size_t n);
size_t ctl_unsent(const struct ctl_conn *c);
/* Closes at the next loop turn; `flush`: after what is queued went out (at most a second). */
void ctl_close(struct ctl_conn *c, bool flush);

/* Client: connects (blocking, local). ERR_ENGINE_DOWN when nobody listens. */
enum err ctl_connect(const char *dir, const char *name, int *fd);
/* Hands a connected socket to the loop. */
struct ctl_conn *ctl_adopt(int fd, const struct ctl_ops *ops, void *ctx);
/* Blocking forms for one-shot commands; timeout_ms < 0 waits for ever. ERR_TIMEOUT, ERR_ENGINE_DOWN (peer gone), ERR_IO. */
enum err ctl_write(int fd, uint8_t type, const void *bytes, size_t n);
enum err ctl_read(int fd, int timeout_ms, uint8_t *type, uint8_t **bytes, size_t *n); /* *bytes malloc'd, NUL after the end */

#endif
