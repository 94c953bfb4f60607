/* The server on the test's loop: non-blocking sockets, a growing buffer each way, HTTP/1.1 with keep-alive, frames of RFC 6455. */
#include "support/loop_server.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/io/loop.h"

struct loop_client {
    struct loop_client *next;
    struct loop_server *s;
    int fd;
    ev_io io;
    struct str in, out;
    bool ws, mute, waiting, dead;
};
struct loop_server {
    struct loop_handler h;
    int fd, port;
    ev_io io;
    ev_timer reap;
    struct loop_client *clients;
};

static void client_free(struct loop_client *c) {
    ev_io_stop(loop_get(), &c->io);
    close(c->fd);
    str_free(&c->in);
    str_free(&c->out);
    free(c);
}

static void on_reap(struct ev_loop *loop, ev_timer *w, int events) {
    struct loop_server *s = w->data;
    (void)loop, (void)events;
    for (struct loop_client **at = &s->clients; *at;) {
        struct loop_client *c = *at;
        if (c->dead) {
            *at = c->next;
            client_free(c);
        } else {
            at = &c->next;
        }
    }
}

static void client_end(struct loop_client *c) {
    if (c->dead)
        return;
    c->dead = true;
    ev_io_stop(loop_get(), &c->io);
    shutdown(c->fd, SHUT_RDWR);
    if (c->ws && c->s->h.gone)
        c->s->h.gone(c->s->h.ctx, c);
    ev_timer_stop(loop_get(), &c->s->reap);
    ev_timer_set(&c->s->reap, 0., 0.);
    ev_timer_start(loop_get(), &c->s->reap);
}

static void flush(struct loop_client *c) {
    while (c->out.len && !c->dead) {
        ssize_t n = write(c->fd, c->out.p, c->out.len);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            break;
        if (n <= 0) {
            client_end(c);
            return;
        }
        memmove(c->out.p, c->out.p + n, c->out.len - (size_t)n + 1);
        c->out.len -= (size_t)n;
    }
    if (c->dead)
        return;
    ev_io_stop(loop_get(), &c->io);
    ev_io_set(&c->io, c->fd, EV_READ | (c->out.len ? EV_WRITE : 0));
    ev_io_start(loop_get(), &c->io);
}

void loop_answer(struct loop_client *c, int status, const char *body) {
    str_addf(&c->out, "HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s", status, strlen(body), body);
    c->waiting = false;
    flush(c);
}

static void frame(struct loop_client *c, int opcode, const char *p, size_t n) {
    uint8_t head[10] = {(uint8_t)(0x80 | opcode)};
    size_t h = 2;
    if (n < 126)
        head[1] = (uint8_t)n;
    else if (n < 65536) {
        head[1] = 126;
        head[2] = (uint8_t)(n >> 8);
        head[3] = (uint8_t)n;
        h = 4;
    } else {
        head[1] = 127;
        for (int i = 0; i < 8; i++)
            head[2 + i] = (uint8_t)((uint64_t)n >> (56 - 8 * i));
        h = 10;
    }
    if (c->mute || c->dead)
        return;
    str_add_n(&c->out, (const char *)head, h);
    str_add_n(&c->out, p, n);
    flush(c);
}
void loop_ws_send(struct loop_client *c, const char *text, size_t len) { frame(c, 1, text, len); }
void loop_ws_drop(struct loop_client *c) { client_end(c); }
void loop_ws_mute(struct loop_client *c, bool mute) { c->mute = mute; }

static void take(struct loop_client *c, size_t n) {
    memmove(c->in.p, c->in.p + n, c->in.len - n + 1);
    c->in.len -= n;
}

/* One frame of the client; false: not whole yet. */
static bool hear_frame(struct loop_client *c) {
    const uint8_t *p = (const uint8_t *)c->in.p;
    if (c->in.len < 6)
        return false;
    size_t n = p[1] & 127, h = 2;
    if (n == 126) {
        n = (size_t)p[2] << 8 | p[3];
        h = 4;
    } else if (n == 127) {
        n = 0;
        for (int i = 0; c->in.len >= 14 && i < 8; i++)
            n = n << 8 | p[2 + i];
        h = 10;
    }
    if (c->in.len < h + 4 + n)
        return false;
    char *text = xmalloc(n + 1);
    for (size_t i = 0; i < n; i++)
        text[i] = (char)(p[h + 4 + i] ^ p[h + (i & 3)]);
    text[n] = 0;
    int opcode = p[0] & 15;
    take(c, h + 4 + n);
    if (opcode == 1 && !strcmp(text, "PING"))
        frame(c, 1, "PONG", 4);
    else if (opcode == 1)
        c->s->h.ws_text(c->s->h.ctx, c, text, n);
    else if (opcode == 9)
        frame(c, 10, text, n);
    else if (opcode == 8)
        client_end(c);
    free(text);
    return !c->dead;
}

static void upgrade(struct loop_client *c, const char *key, const char *target) {
    unsigned char d[20];
    char joined[128], accept[64];
    unsigned n = 0;
    snprintf(joined, sizeof joined, "%.60s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);
    EVP_Digest(joined, strlen(joined), d, &n, EVP_sha1(), NULL);
    EVP_EncodeBlock((unsigned char *)accept, d, 20);
    str_addf(&c->out, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", accept);
    c->ws = true;
    flush(c);
    c->s->h.ws_open(c->s->h.ctx, c, target);
}

static bool header(const char *head, const char *name, char *out, size_t cap) {
    for (const char *p = head; (p = strstr(p, "\r\n")); p += 2)
        if (!strncasecmp(p + 2, name, strlen(name)) && p[2 + strlen(name)] == ':') {
            const char *v = p + 3 + strlen(name);
            v += strspn(v, " ");
            snprintf(out, cap, "%.*s", (int)strcspn(v, "\r"), v);
            return true;
        }
    return false;
}

static bool hear_request(struct loop_client *c) {
    char *end = c->in.len ? strstr(c->in.p, "\r\n\r\n") : NULL, method[16], target[8192], value[128];
    if (!end || c->waiting)
        return false;
    size_t head = (size_t)(end - c->in.p) + 4, body = 0;
    end[2] = 0;
    if (header(c->in.p, "Content-Length", value, sizeof value))
        body = (size_t)atol(value);
    if (c->in.len < head + body) {
        end[2] = '\r';
        return false;
    }
    assert(sscanf(c->in.p, "%15s %8191s", method, target) == 2);
    bool ws = header(c->in.p, "Sec-WebSocket-Key", value, sizeof value);
    char *text = xmalloc(body + 1);
    memcpy(text, c->in.p + head, body);
    text[body] = 0;
    take(c, head + body);
    if (ws) {
        upgrade(c, value, target);
    } else {
        c->waiting = true;
        c->s->h.request(c->s->h.ctx, c, method, target, text);
    }
    free(text);
    return !c->dead;
}

static void on_client(struct ev_loop *loop, ev_io *w, int events) {
    struct loop_client *c = w->data;
    char buf[65536];
    (void)loop;
    if (events & EV_WRITE)
        flush(c);
    if (c->dead || !(events & EV_READ))
        return;
    ssize_t n = read(c->fd, buf, sizeof buf);
    if (n == 0 || (n < 0 && errno != EAGAIN)) {
        client_end(c);
        return;
    }
    if (n > 0)
        str_add_n(&c->in, buf, (size_t)n);
    while (!c->dead && (c->ws ? hear_frame(c) : hear_request(c)))
        ;
}

static void on_accept(struct ev_loop *loop, ev_io *w, int events) {
    struct loop_server *s = w->data;
    int one = 1, fd = accept4(s->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    (void)events;
    if (fd < 0)
        return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct loop_client *c = xcalloc(1, sizeof *c);
    c->s = s;
    c->fd = fd;
    c->next = s->clients;
    s->clients = c;
    ev_io_init(&c->io, on_client, fd, EV_READ);
    c->io.data = c;
    ev_io_start(loop, &c->io);
}

struct loop_server *loop_server_new(const struct loop_handler *h) {
    struct loop_server *s = xcalloc(1, sizeof *s);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    s->h = *h;
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int good = bind(s->fd, (struct sockaddr *)&a, len) == 0 && listen(s->fd, 64) == 0 && getsockname(s->fd, (struct sockaddr *)&a, &len) == 0;
    assert(good);
    s->port = ntohs(a.sin_port);
    ev_io_init(&s->io, on_accept, s->fd, EV_READ);
    ev_init(&s->reap, on_reap);
    s->io.data = s->reap.data = s;
    ev_io_start(loop_get(), &s->io);
    return s;
}

int loop_server_port(const struct loop_server *s) { return s->port; }

void loop_server_free(struct loop_server *s) {
    ev_io_stop(loop_get(), &s->io);
    ev_timer_stop(loop_get(), &s->reap);
    for (struct loop_client *c; (c = s->clients);) {
        s->clients = c->next;
        client_free(c);
    }
    close(s->fd);
    free(s);
}
