/* The bytes of one WebSocket connection without a socket: the upgrade and its answer, then frames (wslay). ws.c moves the bytes; the fuzzer and
 * the tests feed them. */
#ifndef TURRET_IO_WS_WIRE_H
#define TURRET_IO_WS_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WS_HEAD_MAX 16384 /* of the upgrade's answer */

struct ws_wire;
struct ws_wire_handler { /* called from inside of ws_wire_feed; ws_wire_stop and _send may be called there, ws_wire_free not */
    void *ctx;
    void (*open)(void *ctx);
    void (*message)(void *ctx, const char *text, size_t len);
    void (*pong)(void *ctx);
};
struct ws_wire_end { int status; int64_t retry_after_ms /* -1 none */; char why[160]; /* sanitised */ };

/* The upgrade's request is the first that ws_wire_take gives. `nonce` must be 16 random bytes. */
struct ws_wire *ws_wire_new(const char *host, const char *target, const char *const *headers, const uint8_t nonce[16], size_t message_max,
                            const struct ws_wire_handler *h);
void ws_wire_free(struct ws_wire *w);
/* Bytes that came. False: the connection is over, ws_wire_why says why (what is still to be taken may be sent, as the answer to a close). */
bool ws_wire_feed(struct ws_wire *w, const char *bytes, size_t n);
bool ws_wire_opened(const struct ws_wire *w);
void ws_wire_why(const struct ws_wire *w, struct ws_wire_end *out);
/* Nothing more is told. */
void ws_wire_stop(struct ws_wire *w);
/* Queueing; false: not open or more than `most` bytes would wait. */
bool ws_wire_send(struct ws_wire *w, const char *text, size_t len, size_t most);
bool ws_wire_ping(struct ws_wire *w);
void ws_wire_close(struct ws_wire *w, int code);
bool ws_wire_waiting(const struct ws_wire *w); /* has bytes to be sent */
/* The bytes to be sent next, at most 16 KiB at once: the same place and length until ws_wire_sent took them (TLS wants that). 0 = none. */
size_t ws_wire_take(struct ws_wire *w, const char **bytes);
void ws_wire_sent(struct ws_wire *w, size_t n);

#endif
