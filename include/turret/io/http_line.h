/* A line to one host: connections that stand before they are needed, so that a request leaves in the moment it is wanted, and is never sent
 * twice. One request at a time on each; who finds none free sends by http.h. The rules are http's: TLS verified, plain to loopback only. */
#ifndef TURRET_IO_HTTP_LINE_H
#define TURRET_IO_HTTP_LINE_H

#include "turret/io/http.h"

#define HTTP_LINE_MAX 4
struct http_line;
struct http_line_cfg {
    const char *base;        /* "https://host[:port][/path]" */
    int connections;         /* 1..HTTP_LINE_MAX */
    const char *alive_path;  /* asked on each that was silent for alive_every_ms, so that the other side keeps it open; NULL: it is renewed then */
    int alive_every_ms;      /* 0 = 15 s */
};
/* NULL: the URL is not allowed. */
struct http_line *http_line_open(const struct http_line_cfg *cfg);
void http_line_close(struct http_line *l); /* no callback any more; what was sent goes its way */
int http_line_ready(const struct http_line *l);
/* False: no connection is free, or not even a byte could be sent; nothing was. True: done comes, never from inside. The url of `r` begins with the
 * base; on_bytes is not served; the answer's errors are those of http.h. */
bool http_line_send(struct http_line *l, const struct http_request *r, http_done_fn *done, void *ctx);

#endif
