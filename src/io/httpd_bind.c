/* The listening socket of the HTTP server: numeric addresses only, this machine's own unless told otherwise. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "httpd_impl.h"
#include "turret/base/str.h"

#define BACKLOG 64

union address { struct sockaddr any; struct sockaddr_in v4; struct sockaddr_in6 v6; };

/* "HOST:PORT" with a numeric host, [..] around a v6 one, or localhost. */
static bool address_parse(const char *text, union address *out, socklen_t *size) {
    char host[HTTPD_ADDRESS_MAX];
    const char *colon = strrchr(text, ':');
    size_t n = colon ? (size_t)(colon - text) : 0;
    if (!colon || n == 0 || n >= sizeof host || !colon[1] || strspn(colon + 1, "0123456789") != strlen(colon + 1) || strlen(colon + 1) > 5)
        return false;
    long port = strtol(colon + 1, NULL, 10);
    memcpy(host, text, n);
    host[n] = 0;
    if (port > 65535)
        return false;
    *out = (union address){0};
    if (host[0] == '[' && host[n - 1] == ']') {
        host[n - 1] = 0;
        out->v6.sin6_family = AF_INET6;
        out->v6.sin6_port = htons((uint16_t)port);
        *size = sizeof out->v6;
        return inet_pton(AF_INET6, host + 1, &out->v6.sin6_addr) == 1;
    }
    out->v4.sin_family = AF_INET;
    out->v4.sin_port = htons((uint16_t)port);
    *size = sizeof out->v4;
    return inet_pton(AF_INET, strcmp(host, "localhost") ? host : "127.0.0.1", &out->v4.sin_addr) == 1;
}

static bool own_machine(const union address *a) {
    if (a->any.sa_family == AF_INET6)
        return IN6_IS_ADDR_LOOPBACK(&a->v6.sin6_addr);
    return (ntohl(a->v4.sin_addr.s_addr) >> 24) == 127;
}

static int fail(enum err *e, enum err code, char *text, size_t cap, const char *listen, const char *what) {
    *e = code;
    snprintf(text, cap, "http %.80s: %s", listen, what);
    return -1;
}

int httpd_bind(const struct httpd_cfg *cfg, char *address, size_t address_cap, int *port, bool *v6, enum err *e, char *text, size_t cap) {
    union address a;
    socklen_t size;
    const int on = 1;
    char host[INET6_ADDRSTRLEN] = "";
    if (!address_parse(cfg->listen, &a, &size))
        return fail(e, ERR_CONFIG, text, cap, cfg->listen, "give ADDRESS:PORT with a numeric address, like 127.0.0.1:8417");
    if (!own_machine(&a) && !cfg->anywhere)
        return fail(e, ERR_CONFIG, text, cap, cfg->listen, "only addresses of this machine itself (127.0.0.1, [::1]), unless [engine] http_public = yes");
    int fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 || bind(fd, &a.any, size) != 0 || listen(fd, BACKLOG) != 0 ||
        getsockname(fd, &a.any, &size) != 0) {
        fail(e, ERR_IO, text, cap, cfg->listen, strerror(errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    *v6 = a.any.sa_family == AF_INET6;
    *port = ntohs(*v6 ? a.v6.sin6_port : a.v4.sin_port);
    inet_ntop(a.any.sa_family, *v6 ? (const void *)&a.v6.sin6_addr : (const void *)&a.v4.sin_addr, host, sizeof host);
    snprintf(address, address_cap, *v6 ? "[%s]:%d" : "%s:%d", host, *port);
    return fd;
}
