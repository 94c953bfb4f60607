/* HTTP on the loop (curl multi): requests with one callback each. TLS is verified, redirects are not followed, plain http goes
 * to loopback only. Bodies are capped, every phase has a time limit, secrets in headers are wiped and never logged. */
#ifndef TURRET_IO_HTTP_H
#define TURRET_IO_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "turret/base/err.h"

#define HTTP_BODY_MAX (4u << 20)

/* Handle {index, generation}; zero is none. A late answer to a cancelled request is dropped. */
struct http_handle { uint32_t index, generation; };

struct http_request { /* everything is copied */
    const char *method;         /* "GET" ... ; NULL = GET, or POST with a body */
    const char *url;
    const char *const *headers; /* "Name: value", NULL-terminated; may be NULL */
    const char *body;
    size_t body_len;
    int connect_timeout_ms;     /* 0 = 10 s */
    int timeout_ms;             /* whole request; 0 = 60 s */
    int silence_ms;             /* so long without a byte ends it; 0 = as timeout_ms */
    size_t max_body;            /* 0 = HTTP_BODY_MAX; a longer answer is an error */
    /* Bytes as they come (event streams); then `body` of the answer is empty. false ends the request (ERR_CANCELLED). */
    bool (*on_bytes)(void *ctx, const char *bytes, size_t n);
};

struct http_answer { /* valid during the callback */
    enum err err;     /* ERR_OK: an answer of any status came whole. ERR_UNREACHABLE: nothing was sent. ERR_TIMEOUT, ERR_OUTCOME_UNKNOWN
                       * (cut after sending), ERR_OVERFLOW (too long), ERR_CANCELLED, ERR_BAD_VALUE (URL not allowed) */
    int status;       /* 200 ...; 0 = none */
    const char *body; /* NUL-terminated foreign bytes */
    size_t body_len;
    int64_t retry_after_ms; /* of Retry-After (seconds or HTTP date), -1 = none */
    const char *content_type; /* "" = none; foreign */
    int64_t latency_us, connect_us;
    char text[160];   /* what went wrong, sanitised, without secrets */
    const char *head; /* http_header's own: the head of an answer that came over a line */
};
typedef void http_done_fn(void *ctx, const struct http_answer *a);

/* Never calls back before it returns. A request that can't start is answered on the next loop turn. */
struct http_handle http_send(const struct http_request *r, http_done_fn *done, void *ctx);
void http_cancel(struct http_handle h); /* no callback any more; an old handle is nothing */
int http_active(void);
/* One header of the answer being told (inside of the callback), NULL = absent; case does not matter. */
const char *http_header(const struct http_answer *a, const char *name);
/* NULL if that URL may be asked: https, or http to this machine; without user and password. Else why not. */
const char *http_url_check(const char *url);
void http_close_all(void); /* at the end of the program */

#endif
