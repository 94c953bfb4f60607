/* Control socket: server, client and the framing both share. Frame: u32 length of what follows the head, u8 type, 3 zero
 * bytes, payload. Every connection has a capped input buffer and a bounded output queue; nothing here blocks the loop. */
#include "turret/io/ctl.h"

#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "turret/base/mem.h"
#include "turret/io/loop.h"

#define HEAD 8
#define READ_BUDGET (64u << 10) /* bytes of one peer a loop turn */

struct ctl_conn {
    struct ctl_conn *next, **link;
    const struct ctl_ops *ops;
    void *ctx, *user;
    int fd;
    ev_io reader, writer;
    ev_timer closer;
    uint8_t *in, *out;
    size_t in_len, in_cap, in_max, out_head, out_len, out_cap;
    bool closing, flushing;
    enum err why;
};

struct ctl_server {
    const struct ctl_ops *ops;
    void *ctx;
    int fd, dir;
    char name[64];
    ev_io accepter;
    struct ctl_conn *conns;
};

/* A path through the directory's descriptor: data directories may be longer than sun_path. */
static void socket_address(int dir, const char *name, struct sockaddr_un *un) {
    memset(un, 0, sizeof *un);
    un->sun_family = AF_UNIX;
    snprintf(un->sun_path, sizeof un->sun_path, "/proc/self/fd/%d/%.60s", dir, name);
}

static void conn_free(struct ctl_conn *c) {
    struct ev_loop *loop = loop_get();
    ev_io_stop(loop, &c->reader);
    ev_io_stop(loop, &c->writer);
    ev_timer_stop(loop, &c->closer);
    close(c->fd);
    if (c->link && (*c->link = c->next))
        c->next->link = c->link;
    free(c->in);
    free(c->out);
    free(c);
}

static void conn_end(struct ctl_conn *c) {
    c->ops->closed(c->ctx, c, c->why);
    conn_free(c);
}

static void on_close_timer(struct ev_loop *loop, ev_timer *t, int revents) {
    (void)loop;
    (void)revents;
    conn_end(t->data);
}

/* Never frees at once: callers up the stack may still hold the connection. */
static void conn_close_soon(struct ctl_conn *c, enum err why, double after_s) {
    struct ev_loop *loop = loop_get();
    if (c->closing && after_s > 0)
        return;
    c->closing = true;
    if (c->why == ERR_OK)
        c->why = why;
    ev_io_stop(loop, &c->reader);
    if (after_s <= 0)
        ev_io_stop(loop, &c->writer);
    ev_timer_stop(loop, &c->closer);
    ev_timer_set(&c->closer, after_s, 0);
    ev_timer_start(loop, &c->closer);
}

static void conn_frames(struct ctl_conn *c) {
    size_t at = 0;
    while (!c->closing && c->in_len - at >= HEAD) {
        uint32_t n;
        memcpy(&n, c->in + at, sizeof n);
        if (n > c->in_max) {
            conn_close_soon(c, ERR_CORRUPT, 0);
            break;
        }
        if (c->in_len - at - HEAD < n)
            break;
        c->ops->frame(c->ctx, c, c->in[at + 4], c->in + at + HEAD, n);
        at += HEAD + n;
    }
    memmove(c->in, c->in + at, c->in_len - at);
    c->in_len -= at;
}

static void on_readable(struct ev_loop *loop, ev_io *w, int revents) {
    struct ctl_conn *c = w->data;
    (void)loop;
    (void)revents;
    for (size_t got = 0; got < READ_BUDGET && !c->closing;) {
        c->in = xgrow(c->in, &c->in_cap, c->in_len + 16384, 1);
        ssize_t n = read(c->fd, c->in + c->in_len, c->in_cap - c->in_len);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            break;
        if (n <= 0) {
            conn_close_soon(c, ERR_ENGINE_DOWN, 0);
            break;
        }
        c->in_len += (size_t)n;
        got += (size_t)n;
        conn_frames(c);
    }
}

static void conn_write(struct ctl_conn *c) {
    struct ev_loop *loop = loop_get();
    while (c->out_len > 0) {
        ssize_t n = send(c->fd, c->out + c->out_head, c->out_len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN) {
            ev_io_start(loop, &c->writer);
            return;
        }
        if (n <= 0) {
            conn_close_soon(c, ERR_ENGINE_DOWN, 0);
            return;
        }
        c->out_head += (size_t)n;
        c->out_len -= (size_t)n;
    }
    c->out_head = 0;
    ev_io_stop(loop, &c->writer);
    if (c->flushing)
        conn_close_soon(c, ERR_OK, 0);
}

static void on_writable(struct ev_loop *loop, ev_io *w, int revents) {
    struct ctl_conn *c = w->data;
    (void)loop;
    (void)revents;
    conn_write(c);
    if (c->out_len == 0 && !c->closing && c->ops->drained)
        c->ops->drained(c->ctx, c);
}

static struct ctl_conn *conn_new(int fd, const struct ctl_ops *ops, void *ctx, size_t in_max) {
    struct ctl_conn *c = xcalloc(1, sizeof *c);
    *c = (struct ctl_conn){.ops = ops, .ctx = ctx, .fd = fd, .in_max = in_max};
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    ev_io_init(&c->reader, on_readable, fd, EV_READ);
    ev_io_init(&c->writer, on_writable, fd, EV_WRITE);
    ev_timer_init(&c->closer, on_close_timer, 0, 0);
    c->reader.data = c->writer.data = c->closer.data = c;
    ev_io_start(loop_get(), &c->reader);
    return c;
}

static void on_connection(struct ev_loop *loop, ev_io *w, int revents) {
    struct ctl_server *s = w->data;
    (void)loop;
    (void)revents;
    for (int i = 0; i < 16; i++) {
        int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0)
            return;
        struct ctl_conn *c = conn_new(fd, s->ops, s->ctx, CTL_REQUEST_MAX);
        c->next = s->conns;
        c->link = &s->conns;
        if (s->conns)
            s->conns->link = &c->next;
        s->conns = c;
        if (s->ops->opened)
            s->ops->opened(s->ctx, c);
    }
}

struct ctl_server *ctl_listen(const char *dir, const char *name, const struct ctl_ops *ops, void *ctx, char *text, size_t cap) {
    struct sockaddr_un un;
    int d = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC), fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (d >= 0 && fd >= 0) {
        socket_address(d, name, &un);
        unlinkat(d, name, 0);
        mode_t old = umask(0177);
        int bad = bind(fd, (struct sockaddr *)&un, sizeof un);
        umask(old);
        if (!bad && listen(fd, 32) == 0) {
            struct ctl_server *s = xcalloc(1, sizeof *s);
            *s = (struct ctl_server){.ops = ops, .ctx = ctx, .fd = fd, .dir = d};
            snprintf(s->name, sizeof s->name, "%s", name);
            ev_io_init(&s->accepter, on_connection, fd, EV_READ);
            s->accepter.data = s;
            ev_io_start(loop_get(), &s->accepter);
            return s;
        }
    }
    snprintf(text, cap, "can't listen on %s/%s: %s", dir, name, strerror(errno));
    if (fd >= 0)
        close(fd);
    if (d >= 0)
        close(d);
    return NULL;
}

void ctl_server_close(struct ctl_server *s) {
    if (!s)
        return;
    while (s->conns) {
        conn_write(s->conns); /* last words, as far as the socket takes them */
        conn_end(s->conns);
    }
    ev_io_stop(loop_get(), &s->accepter);
    unlinkat(s->dir, s->name, 0);
    close(s->fd);
    close(s->dir);
    free(s);
}

void ctl_broadcast(struct ctl_server *s, uint8_t type, const void *bytes, size_t n) {
    for (struct ctl_conn *c = s->conns; c; c = c->next)
        ctl_send(c, type, bytes, n);
}

void ctl_set_user(struct ctl_conn *c, void *user) {
    c->user = user;
}

void *ctl_user(const struct ctl_conn *c) {
    return c->user;
}

static void frame_head(uint8_t head[HEAD], uint8_t type, size_t n) {
    uint32_t len = (uint32_t)n;
    memset(head, 0, HEAD);
    memcpy(head, &len, sizeof len);
    head[4] = type;
}

bool ctl_send(struct ctl_conn *c, uint8_t type, const void *bytes, size_t n) {
    if (c->closing || c->flushing)
        return false;
    if (n > CTL_FRAME_MAX || c->out_len + HEAD + n > CTL_UNSENT_MAX) {
        conn_close_soon(c, ERR_TIMEOUT, 0);
        return false;
    }
    bool idle = c->out_len == 0;
    if (c->out_head + c->out_len + HEAD + n > c->out_cap && c->out_head > 0) {
        memmove(c->out, c->out + c->out_head, c->out_len);
        c->out_head = 0;
    }
    c->out = xgrow(c->out, &c->out_cap, c->out_head + c->out_len + HEAD + n, 1);
    uint8_t *p = c->out + c->out_head + c->out_len;
    frame_head(p, type, n);
    if (n)
        memcpy(p + HEAD, bytes, n);
    c->out_len += HEAD + n;
    if (idle)
        conn_write(c);
    return true;
}

size_t ctl_unsent(const struct ctl_conn *c) {
    return c->out_len;
}

void ctl_close(struct ctl_conn *c, bool flush) {
    if (flush && c->out_len > 0 && !c->closing) {
        c->flushing = true;
        ev_io_stop(loop_get(), &c->reader);
        ev_timer_set(&c->closer, 1.0, 0);
        ev_timer_start(loop_get(), &c->closer);
        return;
    }
    conn_close_soon(c, ERR_OK, 0);
}

enum err ctl_connect(const char *dir, const char *name, int *fd) {
    struct sockaddr_un un;
    int d = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (d < 0)
        return ERR_ENGINE_DOWN;
    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    socket_address(d, name, &un);
    int bad = *fd < 0 || connect(*fd, (struct sockaddr *)&un, sizeof un) != 0;
    int e = errno;
    close(d);
    if (!bad)
        return ERR_OK;
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
    return e == ENOENT || e == ECONNREFUSED || e == ENOTDIR ? ERR_ENGINE_DOWN : ERR_IO;
}

struct ctl_conn *ctl_adopt(int fd, const struct ctl_ops *ops, void *ctx) {
    return conn_new(fd, ops, ctx, CTL_FRAME_MAX);
}

enum err ctl_write(int fd, uint8_t type, const void *bytes, size_t n) {
    uint8_t head[HEAD];
    frame_head(head, type, n);
    struct { const uint8_t *p; size_t n; } part[2] = {{head, HEAD}, {bytes, n}};
    for (int i = 0; i < 2; i++)
        while (part[i].n > 0) {
            ssize_t w = send(fd, part[i].p, part[i].n, MSG_NOSIGNAL);
            if (w < 0 && errno == EINTR)
                continue;
            if (w <= 0)
                return errno == EPIPE || errno == ECONNRESET ? ERR_ENGINE_DOWN : ERR_IO;
            part[i].p += w;
            part[i].n -= (size_t)w;
        }
    return ERR_OK;
}

static enum err read_all(int fd, int64_t until_us, uint8_t *p, size_t n) {
    while (n > 0) {
        struct pollfd pf = {.fd = fd, .events = POLLIN};
        int64_t left = until_us < 0 ? -1 : (until_us - clock_mono_us()) / 1000;
        int got = poll(&pf, 1, until_us < 0 ? -1 : left < 0 ? 0 : (int)left);
        if (got < 0 && errno != EINTR)
            return ERR_IO;
        if (got == 0)
            return ERR_TIMEOUT;
        if (got < 0)
            continue;
        ssize_t r = read(fd, p, n);
        if (r < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (r <= 0)
            return ERR_ENGINE_DOWN;
        p += r;
        n -= (size_t)r;
    }
    return ERR_OK;
}

enum err ctl_read(int fd, int timeout_ms, uint8_t *type, uint8_t **bytes, size_t *n) {
    uint8_t head[HEAD];
    int64_t until = timeout_ms < 0 ? -1 : clock_mono_us() + (int64_t)timeout_ms * 1000;
    enum err e = read_all(fd, until, head, HEAD);
    if (e)
        return e;
    uint32_t len;
    memcpy(&len, head, sizeof len);
    if (len > CTL_FRAME_MAX)
        return ERR_CORRUPT;
    *type = head[4];
    *n = len;
    *bytes = xmalloc((size_t)len + 1);
    (*bytes)[len] = 0;
    e = read_all(fd, until, *bytes, len);
    if (e) {
        free(*bytes);
        *bytes = NULL;
    }
    return e;
}
