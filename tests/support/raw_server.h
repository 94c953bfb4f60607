/* A server of a test: a forked process that answers each connection with a script of raw bytes. */
#ifndef TURRET_TESTS_RAW_SERVER_H
#define TURRET_TESTS_RAW_SERVER_H

#include <stddef.h>
#include <sys/types.h>

struct raw_server { pid_t pid; int port; int count_fd; };
enum raw_end { RAW_CLOSE, RAW_RESET, RAW_HANG /* keeps the connection, says nothing more */, RAW_AGAIN /* reads the next request of it */ };
struct raw_script {
    const char *bytes;  /* NULL = nothing */
    size_t len;         /* 0 = strlen */
    size_t repeat;      /* the bytes so many times more */
    size_t cut;         /* ends after so many bytes, 0 = all */
    int piece_ms;       /* > 0: byte by byte, so long in between */
    int wait_ms;        /* before the answer */
    enum raw_end end;
};
/* Connection i gets scripts[i], the last one again and again; it is answered when a whole head (and Content-Length bytes) was read. */
struct raw_server raw_server_start(const struct raw_script *scripts, int n);
int raw_server_requests(const struct raw_server *s); /* how many were read */
void raw_server_stop(struct raw_server *s);
/* A port of loopback where nobody listens. */
int raw_server_closed_port(void);

#endif
