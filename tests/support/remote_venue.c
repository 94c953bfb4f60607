/* The desk's end of a venue that lives in another process. */
#include "support/remote_venue.h"

#include <errno.h>
#include <ev.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "turret/base/mem.h"
#include "turret/io/loop.h"

bool wire_read(struct wire *w, int fd) {
    for (;;) {
        if (w->cap - w->len < 65536)
            w->bytes = xrealloc(w->bytes, w->cap = w->cap * 2 + 131072);
        ssize_t n = read(fd, w->bytes + w->len, w->cap - w->len);
        if (n > 0)
            w->len += (size_t)n;
        else if (n < 0 && errno == EAGAIN)
            return true;
        else if (n == 0 || errno != EINTR)
            return false;
    }
}

bool wire_write(struct wire *w, int fd) {
    size_t done = 0;
    while (done < w->len) {
        ssize_t n = write(fd, w->bytes + done, w->len - done);
        if (n < 0 && errno == EAGAIN)
            break;
        if (n < 0 && errno != EINTR)
            return false;
        if (n > 0)
            done += (size_t)n;
    }
    memmove(w->bytes, w->bytes + done, w->len - done);
    w->len -= done;
    return true;
}

void wire_put(struct wire *w, const void *record, uint32_t size) {
    if (w->cap - w->len < size)
        w->bytes = xrealloc(w->bytes, w->cap = (w->len + size) * 2);
    memcpy(w->bytes + w->len, record, size);
    w->len += size;
}

const void *wire_first(const struct wire *w) {
    uint32_t size;
    if (w->len < sizeof size)
        return NULL;
    memcpy(&size, w->bytes, sizeof size);
    return w->len >= size ? w->bytes : NULL;
}

void wire_drop(struct wire *w) {
    uint32_t size;
    memcpy(&size, w->bytes, sizeof size);
    memmove(w->bytes, w->bytes + size, w->len - size);
    w->len -= size;
}

struct remote {
    struct venue v;
    int fd;
    ev_io in, out;
    struct wire rx, tx;
};

static void on_in(struct ev_loop *loop, ev_io *io, int revents) {
    struct remote *r = io->data;
    const struct event *ev;
    (void)revents;
    if (!wire_read(&r->rx, r->fd))
        ev_io_stop(loop, io);
    while ((ev = wire_first(&r->rx))) {
        r->v.sink.put(r->v.sink.ctx, ev);
        wire_drop(&r->rx);
    }
}

static void on_out(struct ev_loop *loop, ev_io *io, int revents) {
    struct remote *r = io->data;
    (void)revents;
    wire_write(&r->tx, r->fd);
    if (!r->tx.len)
        ev_io_stop(loop, io);
}

static enum err send_effect(struct venue *v, enum effect_type t, const void *body, size_t len, int64_t now_us) {
    struct remote *r = (struct remote *)v;
    struct effect fx;
    memset(&fx, 0, sizeof fx);
    fx.size = sizeof fx;
    fx.type = (uint16_t)t;
    fx.venue = (uint16_t)v->id;
    fx.at_us = now_us;
    memcpy(&fx.u, body, len);
    wire_put(&r->tx, &fx, fx.size);
    wire_write(&r->tx, r->fd);
    if (r->tx.len)
        ev_io_start(loop_get(), &r->out);
    return ERR_OK;
}

static enum err remote_place(struct venue *v, const struct order *o, int64_t now) { return send_effect(v, FX_PLACE, o, sizeof *o, now); }
static enum err remote_cancel(struct venue *v, const struct fx_cancel *c, int64_t now) { return send_effect(v, FX_CANCEL, c, sizeof *c, now); }
static enum err remote_amend(struct venue *v, const struct fx_amend *a, int64_t now) { return send_effect(v, FX_AMEND, a, sizeof *a, now); }
static enum err remote_query(struct venue *v, const struct order *o, int64_t now) { return send_effect(v, FX_QUERY, o, sizeof *o, now); }
static enum err remote_reconcile(struct venue *v, const struct fx_reconcile *c, int64_t now) { return send_effect(v, FX_RECONCILE, c, sizeof *c, now); }
static enum err remote_reset(struct venue *v, const struct fx_reset *c, int64_t now) { return send_effect(v, FX_RESET, c, sizeof *c, now); }
static enum err remote_prepare(struct venue *v, struct order *o, int64_t now_us) { (void)v; (void)o; (void)now_us; return ERR_OK; }
static void remote_restore(struct venue *v, const struct event *ev) { (void)v; (void)ev; /* the exchange never died */ }
static int64_t remote_next(const struct venue *v) { (void)v; return INT64_MAX; }
static void remote_run(struct venue *v, int64_t now) { (void)v; (void)now; }

static void remote_start(struct venue *v, int64_t now) {
    (void)now;
    ev_io_start(loop_get(), &((struct remote *)v)->in);
}

static void remote_close(struct venue *v) {
    struct remote *r = (struct remote *)v;
    ev_io_stop(loop_get(), &r->in);
    ev_io_stop(loop_get(), &r->out);
    close(r->fd);
    free(r->rx.bytes);
    free(r->tx.bytes);
    free(r);
}

static const struct venue_ops remote_ops = {
    .name = "sim", .caps = VENUE_AMENDS | VENUE_NETS | VENUE_REDUCE_ONLY | VENUE_POST_ONLY | VENUE_PAPER,
    .start = remote_start, .restore = remote_restore, .prepare = remote_prepare, .place = remote_place, .cancel = remote_cancel,
    .amend = remote_amend, .query = remote_query, .reconcile = remote_reconcile, .reset = remote_reset,
    .next_us = remote_next, .run = remote_run, .close = remote_close,
};

struct venue *remote_venue_open(int fd, struct event_sink sink) {
    struct remote *r = xcalloc(1, sizeof *r);
    r->v = (struct venue){.ops = &remote_ops, .id = VENUE_SIM, .sink = sink};
    r->fd = fd;
    ev_io_init(&r->in, on_in, fd, EV_READ);
    ev_io_init(&r->out, on_out, fd, EV_WRITE);
    r->in.data = r->out.data = r;
    return &r->v;
}
