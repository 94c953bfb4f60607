/* A WebSocket server of a test: a forked process; each connection is a child of it that runs a function with the socket (TLS or not). */
#ifndef TURRET_TESTS_WS_PEER_H
#define TURRET_TESTS_WS_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct ssl_st;
struct ws_line { int fd; struct ssl_st *tls; int n /* which connection, from 0 */; int *shared /* ints of all children and the test */; };
typedef void ws_peer_fn(struct ws_line *l); /* the connection is closed when it returns */
struct ws_peer { pid_t pid; int port; int *shared; };

/* tls: with the certificate and key of those files. */
struct ws_peer ws_peer_start(ws_peer_fn *fn, const char *cert, const char *key);
void ws_peer_stop(struct ws_peer *p);
/* A self-signed certificate of that host name or IP into two files (PEM). */
void ws_peer_certificate(const char *host, const char *cert, const char *key);

bool peer_write(struct ws_line *l, const void *p, size_t n);
bool peer_read(struct ws_line *l, void *p, size_t n); /* exactly n */
/* Reads the upgrade's request (into head, NUL-terminated) and makes the right answer to it. */
bool peer_hear_upgrade(struct ws_line *l, char head[4096], char answer[512]);
bool peer_upgrade(struct ws_line *l); /* both, and sends it */
/* Makes a frame of a server; returns its length. */
size_t peer_frame(uint8_t *out, bool fin, int opcode, const void *p, size_t n);
bool peer_send(struct ws_line *l, int opcode, const void *p, size_t n);
bool peer_text(struct ws_line *l, const char *text);
/* Reads one frame of the client, unmasked; the opcode, -1 at the end or for a frame that is not masked. *n gets the length, buf is terminated. */
int peer_hear(struct ws_line *l, char *buf, size_t cap, size_t *n);

#endif
