/* A server of a test on the test's own loop: HTTP requests and WebSocket messages come as calls, answers are given from anywhere. */
#ifndef TURRET_TESTS_LOOP_SERVER_H
#define TURRET_TESTS_LOOP_SERVER_H

#include <stdbool.h>
#include <stddef.h>

struct loop_server;
struct loop_client; /* one connection */

struct loop_handler {
    void *ctx;
    /* Each request must be answered once by loop_answer, now or later (while the connection lives). */
    void (*request)(void *ctx, struct loop_client *c, const char *method, const char *target, const char *body);
    void (*ws_open)(void *ctx, struct loop_client *c, const char *target);
    void (*ws_text)(void *ctx, struct loop_client *c, const char *text, size_t len); /* terminated */
    void (*gone)(void *ctx, struct loop_client *c); /* a WebSocket ended */
};
struct loop_server *loop_server_new(const struct loop_handler *h);
int loop_server_port(const struct loop_server *s);
void loop_server_free(struct loop_server *s); /* and its connections; `gone` is not called */

void loop_answer(struct loop_client *c, int status, const char *body);
void loop_ws_send(struct loop_client *c, const char *text, size_t len);
void loop_ws_drop(struct loop_client *c);  /* the connection is cut */
void loop_ws_mute(struct loop_client *c, bool mute); /* reads, but sends nothing any more (also no PONG of ours) */

#endif
