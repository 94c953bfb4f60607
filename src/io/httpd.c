/* The HTTP server's daemon on the loop: connections in slots, requests collected and handed on, deadlines. libmicrohttpd reads and
 * writes; what it leaves open (framing twice, slow clients, who left while we think) is closed here. */
#include "turret/io/httpd.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "httpd_impl.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/io/loop.h"

#define SWEEP_S 0.5
#define CONNECTION_MEMORY 32768u /* head, and a part of the body */
#define CLOSE_TURNS 50

struct slot *slot_of(const struct httpd *s, httpd_handle h) {
    if (h.index >= (uint32_t)s->cfg.connections)
        return NULL;
    struct slot *c = &s->slots[h.index];
    return c->generation == h.generation && c->state > SLOT_IDLE ? c : NULL;
}

void slot_deadline(struct slot *c, bool on) {
    c->until_us = on ? clock_mono_us() + (int64_t)c->all->cfg.timeout_ms * 1000 : 0;
}

static void run_soon(struct httpd *s) {
    if (!ev_is_active(&s->soon)) {
        ev_timer_set(&s->soon, 0, 0);
        ev_timer_start(loop_get(), &s->soon);
    }
}

void slot_resume(struct slot *c) {
    if (!c->suspended)
        return;
    c->suspended = false;
    if (c->streams)
        ev_io_stop(loop_get(), &c->gone);
    MHD_resume_connection(c->conn);
    run_soon(c->all);
}

void slot_cut(struct slot *c) {
    c->cut = true;
    shutdown(c->fd, SHUT_RDWR);
    slot_resume(c);
    run_soon(c->all);
}

/* --- requests --- */

static struct slot *slot_at(struct MHD_Connection *conn) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(conn, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

static httpd_handle slot_handle(const struct slot *c) { return (httpd_handle){c->index, c->generation}; }

struct lookup { const char *name, *value; int count; };

static enum MHD_Result on_header(void *cls, enum MHD_ValueKind kind, const char *key, const char *value) {
    struct lookup *l = cls;
    (void)kind;
    if (strcasecmp(key, l->name) == 0) {
        l->value = value ? value : "";
        l->count++;
    }
    return MHD_YES;
}

static int header(struct MHD_Connection *conn, const char *name, const char **value) {
    struct lookup l = {.name = name};
    MHD_get_connection_values(conn, MHD_HEADER_KIND, on_header, &l);
    if (value && l.count)
        *value = l.value;
    return l.count;
}

int httpd_header(const struct httpd_request *r, const char *name, const char **value) { return header(r->connection, name, value); }

/* A name with a blank in it or a value with control bytes: others may read the head in another way. */
static enum MHD_Result on_any_header(void *cls, enum MHD_ValueKind kind, const char *key, const char *value) {
    bool *strange = cls;
    (void)kind;
    for (const char *p = key; *p; p++)
        *strange |= *p <= 0x20 || *p >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", *p);
    for (const char *p = value ? value : ""; *p; p++)
        *strange |= ((unsigned char)*p < 0x20 && *p != '\t') || *p == 0x7f;
    *strange |= !*key;
    return MHD_YES;
}

static bool head_strange(struct MHD_Connection *conn) {
    bool strange = false;
    MHD_get_connection_values(conn, MHD_HEADER_KIND, on_any_header, &strange);
    return strange;
}

/* The raw target, before anything is decoded: what we compare is what was sent. */
static void *on_uri(void *cls, const char *uri, struct MHD_Connection *conn) {
    struct slot *c = slot_at(conn);
    (void)cls;
    if (!c)
        return NULL;
    size_t n = strlen(uri);
    c->uri_bad = n >= sizeof c->uri;
    c->uri[0] = 0;
    for (size_t i = 0; i < n && !c->uri_bad; i++) {
        c->uri_bad = uri[i] <= 0x20 || uri[i] >= 0x7f;
        c->uri[i] = uri[i];
        c->uri[i + 1] = 0;
    }
    return NULL;
}

static void refuse(struct slot *c, int status, const char *what) {
    char body[1024];
    size_t n = c->all->ops.refusal(c->all->ctx, status, what, body, sizeof body);
    struct httpd_answer a = {.status = status, .type = "application/json", .body = body, .len = n, .close = true};
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
        a.more[0] = (struct httpd_header){MHD_HTTP_HEADER_ALLOW, "GET, POST, PUT, DELETE"};
    httpd_reply(c->all, slot_handle(c), &a);
}

static struct httpd_request request_of(struct slot *c, const char *method, char path[HTTPD_URI_MAX]) {
    str_copy(path, HTTPD_URI_MAX, c->uri);
    char *query = strchr(path, '?');
    if (query)
        *query++ = 0;
    return (struct httpd_request){.handle = slot_handle(c), .method = method, .path = path, .query = query ? query : "", .connection = c->conn};
}

/* The head is there. What could be read in two ways is refused, and the connection with it. */
static void take_head(struct slot *c, const char *method, const char *version) {
    struct MHD_Connection *conn = c->conn;
    const char *length = NULL;
    char path[HTTPD_URI_MAX];
    const bool has_body = !strcmp(method, "POST") || !strcmp(method, "PUT") || (c->all->cfg.delete_bodies && !strcmp(method, "DELETE"));
    const int lengths = header(conn, MHD_HTTP_HEADER_CONTENT_LENGTH, &length);
    c->announced = 0;
    c->at_once = false;
    for (const char *p = lengths == 1 ? length : ""; *p && c->announced < SIZE_MAX / 20; p++)
        c->announced = *p >= '0' && *p <= '9' ? c->announced * 10 + (size_t)(*p - '0') : SIZE_MAX / 20;
    struct httpd_request r = request_of(c, method, path);
    r.body_len = c->announced;
    if (strcmp(version, MHD_HTTP_VERSION_1_1) != 0 && strcmp(version, MHD_HTTP_VERSION_1_0) != 0)
        refuse(c, MHD_HTTP_HTTP_VERSION_NOT_SUPPORTED, "HTTP/1.1 is spoken here");
    else if (c->uri_bad || strchr(path, '%') || path[0] != '/')
        refuse(c, c->uri[0] && strlen(c->uri) + 1 >= sizeof c->uri ? MHD_HTTP_URI_TOO_LONG : MHD_HTTP_BAD_REQUEST, "the target can't be read");
    else if (header(conn, MHD_HTTP_HEADER_TRANSFER_ENCODING, NULL) > 0 && (c->at_once = true))
        refuse(c, lengths ? MHD_HTTP_BAD_REQUEST : MHD_HTTP_LENGTH_REQUIRED, "no Transfer-Encoding here: announce the body with Content-Length");
    else if (head_strange(conn))
        refuse(c, MHD_HTTP_BAD_REQUEST, "a header can't be read");
    else if (lengths > 1 || header(conn, MHD_HTTP_HEADER_HOST, NULL) != 1)
        refuse(c, MHD_HTTP_BAD_REQUEST, lengths > 1 ? "more than one Content-Length" : "exactly one Host is needed");
    else if (!has_body && strcmp(method, "GET") != 0 && strcmp(method, "DELETE") != 0)
        refuse(c, MHD_HTTP_METHOD_NOT_ALLOWED, "GET, POST, PUT or DELETE");
    else if (!has_body && c->announced > 0)
        refuse(c, MHD_HTTP_BAD_REQUEST, "this method has no body");
    else if (c->announced > c->all->cfg.body_max && (c->at_once = true))
        refuse(c, MHD_HTTP_CONTENT_TOO_LARGE, "the body is too large");
    else if (c->all->ops.head(c->all->ctx, &r))
        c->body = c->announced ? xmalloc(c->announced + 1) : NULL;
}

static enum MHD_Result queue(struct slot *c) {
    enum MHD_Result ok = MHD_queue_response(c->conn, (unsigned)c->status, c->response);
    MHD_destroy_response(c->response);
    c->response = NULL;
    c->state = c->streams ? SLOT_STREAM : SLOT_ANSWER;
    slot_deadline(c, true);
    return ok;
}

static enum MHD_Result on_access(void *cls, struct MHD_Connection *conn, const char *url, const char *method, const char *version, const char *upload,
                                 size_t *upload_size, void **con_cls) {
    struct slot *c = slot_at(conn);
    (void)cls;
    (void)url; /* decoded; ours is the one that was sent */
    if (!c || c->cut || (c->all->closing && !c->response))
        return MHD_NO;
    if (!*con_cls) {
        *con_cls = c;
        c->state = SLOT_READING;
        take_head(c, method, version);
        return c->response && c->at_once ? queue(c) : MHD_YES; /* a small body is let in first, so that the answer is not lost */
    }
    if (*upload_size) {
        if (c->len + *upload_size > c->announced)
            return MHD_NO;
        if (c->body)
            memcpy(c->body + c->len, upload, *upload_size);
        c->len += *upload_size;
        *upload_size = 0;
        return MHD_YES;
    }
    if (!c->response && c->state == SLOT_READING) {
        char path[HTTPD_URI_MAX];
        struct httpd_request r = request_of(c, method, path);
        if (c->body)
            c->body[c->len] = 0;
        r.body = c->body ? c->body : "";
        r.body_len = c->len;
        slot_deadline(c, false);
        c->all->ops.request(c->all->ctx, &r);
    }
    if (c->response)
        return queue(c);
    c->state = SLOT_WAITING;
    c->suspended = true;
    MHD_suspend_connection(conn);
    return MHD_YES;
}

static void request_over(struct slot *c) {
    httpd_handle h = slot_handle(c);
    bool live = c->state > SLOT_IDLE;
    if (c->response)
        MHD_destroy_response(c->response);
    c->response = NULL;
    slot_stream_end(c);
    free(c->body);
    c->body = NULL;
    c->len = c->announced = 0;
    c->generation++;
    c->state = SLOT_IDLE;
    if (live)
        c->all->ops.done(c->all->ctx, h);
    slot_deadline(c, true);
}

static void on_completed(void *cls, struct MHD_Connection *conn, void **con_cls, enum MHD_RequestTerminationCode why) {
    struct slot *c = slot_at(conn);
    (void)cls;
    (void)why;
    *con_cls = NULL;
    if (c)
        request_over(c);
}

/* The last place is taken: whoever asks nothing for longest gives way, so that silent connections keep nobody out. */
static void make_room(struct httpd *s, const struct slot *latest) {
    struct slot *oldest = NULL;
    for (int i = 0; i < s->cfg.connections; i++) {
        struct slot *c = &s->slots[i];
        if (c->state == SLOT_FREE)
            return;
        if (c != latest && c->state == SLOT_IDLE && !c->cut && (!oldest || c->until_us < oldest->until_us))
            oldest = c;
    }
    if (oldest)
        slot_cut(oldest);
}

static void on_connection(void *cls, struct MHD_Connection *conn, void **context, enum MHD_ConnectionNotificationCode what) {
    struct httpd *s = cls;
    struct slot *c = *context;
    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        if (!c)
            return;
        if (c->state > SLOT_IDLE)
            request_over(c);
        c->state = SLOT_FREE;
        c->conn = NULL;
        c->until_us = 0;
        return;
    }
    for (int i = 0; i < s->cfg.connections && !c; i++)
        if (s->slots[i].state == SLOT_FREE)
            c = &s->slots[i];
    *context = c;
    if (!c)
        return; /* on_access ends it */
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CONNECTION_FD);
    c->conn = conn;
    c->fd = info ? info->connect_fd : -1;
    c->state = SLOT_IDLE;
    c->cut = c->suspended = c->uri_bad = false;
    c->uri[0] = 0;
    slot_deadline(c, true);
    make_room(s, c);
}

/* --- on the loop --- */

static void run(struct httpd *s) {
    MHD_UNSIGNED_LONG_LONG ms;
    ev_timer_stop(loop_get(), &s->soon);
    MHD_run(s->daemon);
    if (MHD_get_timeout(s->daemon, &ms) == MHD_YES) {
        ev_timer_set(&s->soon, (double)(ms < 60000 ? ms : 60000) / 1e3, 0);
        ev_timer_start(loop_get(), &s->soon);
    }
}

static void on_io(struct ev_loop *loop, ev_io *w, int revents) {
    (void)loop;
    (void)revents;
    run(w->data);
}

static void on_soon(struct ev_loop *loop, ev_timer *w, int revents) {
    (void)loop;
    (void)revents;
    run(w->data);
}

static void on_sweep(struct ev_loop *loop, ev_timer *w, int revents) {
    struct httpd *s = w->data;
    int64_t now = clock_mono_us();
    (void)loop;
    (void)revents;
    for (int i = 0; i < s->cfg.connections; i++) {
        struct slot *c = &s->slots[i];
        if (c->state != SLOT_FREE && c->until_us && now > c->until_us) {
            c->until_us = 0;
            slot_cut(c);
        }
    }
}

enum err httpd_open(const struct httpd_cfg *cfg, const struct httpd_ops *ops, void *ctx, struct httpd **out, char *text, size_t cap) {
    struct httpd *s = xcalloc(1, sizeof *s);
    bool v6 = false;
    enum err e = ERR_OK;
    s->cfg = *cfg;
    s->cfg.listen = NULL; /* the caller's */
    s->ops = *ops;
    s->ctx = ctx;
    int fd = httpd_bind(cfg, s->address, sizeof s->address, &s->port, &v6, &e, text, cap);
    if (fd < 0) {
        free(s);
        return e;
    }
    s->slots = xcalloc((size_t)cfg->connections, sizeof *s->slots);
    for (int i = 0; i < cfg->connections; i++)
        s->slots[i] = (struct slot){.all = s, .index = (uint32_t)i, .generation = 1, .fd = -1};
    s->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | (v6 ? MHD_USE_IPv6 : 0u), 0, NULL, NULL, on_access, s, MHD_OPTION_LISTEN_SOCKET,
                                 fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)cfg->connections, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
                                 MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_URI_LOG_CALLBACK, on_uri, s, MHD_OPTION_NOTIFY_COMPLETED, on_completed, s,
                                 MHD_OPTION_NOTIFY_CONNECTION, on_connection, s, MHD_OPTION_END);
    const union MHD_DaemonInfo *info = s->daemon ? MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
    if (!info) {
        snprintf(text, cap, "http %s: the server can't be started", s->address);
        if (s->daemon)
            MHD_stop_daemon(s->daemon);
        else
            close(fd);
        free(s->slots);
        free(s);
        return ERR_IO;
    }
    ev_io_init(&s->io, on_io, info->epoll_fd, EV_READ);
    ev_timer_init(&s->soon, on_soon, 0, 0);
    ev_timer_init(&s->sweep, on_sweep, SWEEP_S, SWEEP_S);
    s->io.data = s->soon.data = s->sweep.data = s;
    ev_io_start(loop_get(), &s->io);
    ev_timer_start(loop_get(), &s->sweep);
    *out = s;
    return ERR_OK;
}

void httpd_close(struct httpd *s) {
    if (!s)
        return;
    s->closing = true;
    for (int i = 0; i < s->cfg.connections; i++)
        slot_resume(&s->slots[i]);
    for (int i = 0; i < CLOSE_TURNS; i++) /* answers that are ready go out while the sockets take them */
        MHD_run(s->daemon);
    for (int i = 0; i < s->cfg.connections; i++)
        slot_resume(&s->slots[i]); /* it must not stop with one suspended */
    ev_io_stop(loop_get(), &s->io);
    ev_timer_stop(loop_get(), &s->soon);
    ev_timer_stop(loop_get(), &s->sweep);
    MHD_stop_daemon(s->daemon);
    free(s->slots);
    free(s);
}

const char *httpd_address(const struct httpd *s) { return s->address; }
int httpd_port(const struct httpd *s) { return s->port; }
