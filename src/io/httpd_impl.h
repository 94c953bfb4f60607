/* Inside of the HTTP server: httpd.c (daemon, requests, deadlines), httpd_out.c (answers and streams), httpd_bind.c (the socket). */
#ifndef TURRET_IO_HTTPD_IMPL_H
#define TURRET_IO_HTTPD_IMPL_H

#include <ev.h>
#include <microhttpd.h>

#include "turret/io/httpd.h"

enum slot_state {
    SLOT_FREE,
    SLOT_IDLE,    /* a connection between requests, or whose head is coming */
    SLOT_READING, /* the head is there */
    SLOT_WAITING, /* the request is complete, its answer comes later: suspended */
    SLOT_ANSWER,  /* on its way out */
    SLOT_STREAM
};

struct slot { /* one connection */
    struct httpd *all;
    uint32_t index, generation; /* generation: +1 with every request that is over */
    enum slot_state state;
    struct MHD_Connection *conn;
    int fd;
    bool suspended, cut, uri_bad, streams, at_once /* refused before its body */;
    int64_t until_us; /* monotonic; 0 = no deadline */
    char uri[HTTPD_URI_MAX];
    char *body;
    size_t len, announced;
    struct MHD_Response *response; /* to be queued when the request is complete */
    int status;
    /* a stream's bytes that wait: [off, off + unsent) */
    char *out;
    size_t off, unsent, out_cap;
    ev_io gone; /* of a suspended stream: the client left */
};

struct httpd {
    struct httpd_cfg cfg;
    struct httpd_ops ops;
    void *ctx;
    struct MHD_Daemon *daemon;
    struct slot *slots;
    int streams, port;
    bool closing;
    ev_io io;
    ev_timer soon, sweep;
    char address[HTTPD_ADDRESS_MAX + 16];
};

/* Binds and listens; the descriptor or -1. */
int httpd_bind(const struct httpd_cfg *cfg, char *address, size_t address_cap, int *port, bool *v6, enum err *e, char *text, size_t cap);
struct slot *slot_of(const struct httpd *s, httpd_handle h); /* NULL: it is over */
void slot_deadline(struct slot *c, bool on);
void slot_resume(struct slot *c);
void slot_cut(struct slot *c); /* the connection ends at the next turn */
void slot_stream_end(struct slot *c);

#endif
