/* An HTTP/1.1 server on the loop (libmicrohttpd underneath): requests come complete, answers go out now or later by handle, and an
 * answer may be a stream. A hostile or slow client costs only its own connection: everything it may hold or take is bounded. */
#ifndef TURRET_IO_HTTPD_H
#define TURRET_IO_HTTPD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "turret/base/err.h"

#define HTTPD_URI_MAX 1024
#define HTTPD_ADDRESS_MAX 64

struct httpd;
typedef struct { uint32_t index, generation; } httpd_handle; /* of a request; a late answer to one that is over is dropped */

struct httpd_cfg {
    const char *listen;   /* "127.0.0.1:8417", "[::1]:8417", "localhost:0" (0: a free port) */
    bool anywhere;        /* other addresses than this machine's own are allowed */
    bool delete_bodies;   /* DELETE may have a body, as some venues' cancels do */
    int connections;      /* at once; more wait */
    int streams;          /* at once */
    size_t body_max;
    size_t stream_unsent_max; /* a reader with more than that waiting is cut when more comes */
    int timeout_ms;       /* to send a whole request, to read a whole answer, and between requests; a stream without progress */
};

struct httpd_request {
    httpd_handle handle;
    const char *method, *path; /* the path as sent, never with %; valid during the call, as all here */
    const char *query;         /* behind the '?', as sent; "" = none */
    const char *body;          /* NUL-terminated; NULL while only the head is there */
    size_t body_len;           /* announced while only the head is there */
    void *connection;          /* httpd's own */
};

struct httpd_header { const char *name, *value; };
struct httpd_answer {
    int status;
    const char *type;           /* of the body */
    const char *body;           /* copied */
    size_t len;
    struct httpd_header more[2]; /* name NULL = none */
    bool close;                 /* and the connection after it */
};

struct httpd_ops {
    /* The head is there: true = go on. False: it was answered, the body is not read. */
    bool (*head)(void *ctx, const struct httpd_request *r);
    void (*request)(void *ctx, const struct httpd_request *r); /* complete: answer now or later */
    /* The answer is out, or the client is gone: the handle is dead. */
    void (*done)(void *ctx, httpd_handle h);
    /* Of the server's own refusals (too large, malformed): the body, of at most cap bytes. */
    size_t (*refusal)(void *ctx, int status, const char *what, char *body, size_t cap);
};

/* ERR_CONFIG: the address can't be read or is not of this machine; ERR_IO: it is in use ...; text says what. */
enum err httpd_open(const struct httpd_cfg *cfg, const struct httpd_ops *ops, void *ctx, struct httpd **out, char *text, size_t cap);
void httpd_close(struct httpd *s); /* answers what it can still, at once */
const char *httpd_address(const struct httpd *s); /* with the port */
int httpd_port(const struct httpd *s);

/* How often the header came; *value gets its last value, or stays. */
int httpd_header(const struct httpd_request *r, const char *name, const char **value);
bool httpd_reply(struct httpd *s, httpd_handle h, const struct httpd_answer *a); /* false: it is over */

/* The answer is a stream from now on; false: over, or too many streams (answer something else then). */
bool httpd_stream(struct httpd *s, httpd_handle h, const char *type);
/* False: the reader is gone, or was too slow and is cut. */
bool httpd_send(struct httpd *s, httpd_handle h, const char *bytes, size_t n);
size_t httpd_unsent(const struct httpd *s, httpd_handle h);

#endif
