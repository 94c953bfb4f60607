/* Answers of the HTTP server and its streams. A stream's bytes wait in its slot while the client takes them; a client that does not
 * is cut, so that nobody waits for it. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "httpd_impl.h"
#include "turret/base/mem.h"
#include "turret/io/loop.h"

#define STREAM_BLOCK 16384
#define STREAM_SOCKET 65536 /* bytes the kernel may hold: a reader that stalls shows soon */

static void add_header(struct MHD_Response *r, const char *name, const char *value) {
    if (name)
        MHD_add_response_header(r, name, value);
}

static void add_common(struct MHD_Response *r, const char *type) {
    add_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    add_header(r, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    add_header(r, "X-Content-Type-Options", "nosniff");
}

static bool slot_answers(const struct slot *c) { /* nothing was answered yet */
    return c && !c->response && (c->state == SLOT_READING || c->state == SLOT_WAITING);
}

bool httpd_reply(struct httpd *s, httpd_handle h, const struct httpd_answer *a) {
    struct slot *c = slot_of(s, h);
    if (!slot_answers(c))
        return false;
    c->response = MHD_create_response_from_buffer(a->len, (void *)(uintptr_t)a->body, MHD_RESPMEM_MUST_COPY);
    if (!c->response) {
        slot_cut(c);
        return false;
    }
    c->status = a->status;
    add_common(c->response, a->type);
    for (size_t i = 0; i < sizeof a->more / sizeof *a->more; i++)
        add_header(c->response, a->more[i].name, a->more[i].value);
    if (a->close)
        add_header(c->response, MHD_HTTP_HEADER_CONNECTION, "close");
    slot_resume(c);
    return true;
}

/* --- streams --- */

static void on_gone(struct ev_loop *loop, ev_io *w, int revents) { /* it closed, or speaks where it should listen */
    struct slot *c = w->data;
    (void)revents;
    ev_io_stop(loop, w);
    slot_cut(c);
}

static ssize_t stream_read(void *cls, uint64_t pos, char *buf, size_t max) {
    struct slot *c = cls;
    (void)pos;
    if (c->cut || c->all->closing)
        return c->unsent == 0 && !c->cut ? MHD_CONTENT_READER_END_OF_STREAM : MHD_CONTENT_READER_END_WITH_ERROR;
    if (c->unsent == 0) {
        slot_deadline(c, false);
        c->suspended = true;
        MHD_suspend_connection(c->conn);
        ev_io_set(&c->gone, c->fd, EV_READ);
        ev_io_start(loop_get(), &c->gone);
        return 0;
    }
    size_t n = c->unsent < max ? c->unsent : max;
    memcpy(buf, c->out + c->off, n);
    c->off += n;
    c->unsent -= n;
    if (c->unsent == 0)
        c->off = 0;
    slot_deadline(c, true); /* it moves */
    return (ssize_t)n;
}

bool httpd_stream(struct httpd *s, httpd_handle h, const char *type) {
    struct slot *c = slot_of(s, h);
    if (!slot_answers(c) || s->streams >= s->cfg.streams)
        return false;
    c->response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, stream_read, c, NULL);
    if (!c->response)
        return false;
    c->status = MHD_HTTP_OK;
    add_common(c->response, type);
    const int most = STREAM_SOCKET;
    setsockopt(c->fd, SOL_SOCKET, SO_SNDBUF, &most, sizeof most);
    s->streams++;
    c->streams = true;
    ev_init(&c->gone, on_gone);
    c->gone.data = c;
    slot_resume(c);
    return true;
}

bool httpd_send(struct httpd *s, httpd_handle h, const char *bytes, size_t n) {
    struct slot *c = slot_of(s, h);
    if (!c || !c->streams || c->cut)
        return false;
    if (c->unsent > s->cfg.stream_unsent_max) {
        slot_cut(c);
        return false;
    }
    if (c->off && c->off + c->unsent + n > c->out_cap) {
        memmove(c->out, c->out + c->off, c->unsent);
        c->off = 0;
    }
    c->out = xgrow(c->out, &c->out_cap, c->off + c->unsent + n, 1);
    memcpy(c->out + c->off + c->unsent, bytes, n);
    c->unsent += n;
    if (c->suspended && c->state == SLOT_STREAM) {
        slot_deadline(c, true);
        slot_resume(c);
    }
    return true;
}

size_t httpd_unsent(const struct httpd *s, httpd_handle h) {
    const struct slot *c = slot_of(s, h);
    return c ? c->unsent : 0;
}

void slot_stream_end(struct slot *c) {
    if (c->streams) {
        ev_io_stop(loop_get(), &c->gone);
        c->all->streams--;
    }
    free(c->out);
    c->out = NULL;
    c->off = c->unsent = c->out_cap = 0;
    c->streams = false;
}
