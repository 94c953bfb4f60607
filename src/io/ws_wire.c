/* The protocol of one WebSocket connection (ws_wire.h): the upgrade's answer is read strictly, frames are wslay's, messages are collected here
 * so that their memory is used again and many small fragments cost nothing. */
#include "ws_wire.h"

#include <assert.h>
#include <ctype.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <wslay/wslay.h>

#include "http_private.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/base/utf8.h"
#include "turret/io/loop.h"

enum { OUT_MAX = 16384, CONTROL_MAX = 4096 /* frames of control waiting for a peer that does not read */, KEEP = 1 << 20 };

struct ws_wire {
    struct ws_wire_handler h;
    wslay_event_context_ptr frames;
    struct str head, request, message;
    char accept[32];
    size_t message_max;
    const char *in; /* what is being fed */
    size_t in_len;
    char out[OUT_MAX];
    size_t out_at, out_len, request_at;
    bool opened, stopped, over, control, too_long, discard;
    int opcode; /* of the message that is collected */
    struct ws_wire_end end;
};

static bool over(struct ws_wire *w, int status, const char *why, size_t len) {
    if (!w->over) {
        w->end.status = status;
        utf8_sanitise(w->end.why, sizeof w->end.why, why, len);
    }
    w->over = true;
    return false;
}
static bool over_text(struct ws_wire *w, int status, const char *why) { return over(w, status, why, strlen(why)); }

/* --- wslay's side --- */

static ssize_t give(wslay_event_context_ptr c, uint8_t *dst, size_t cap, int flags, void *ctx) {
    (void)flags;
    struct ws_wire *w = ctx;
    size_t n = w->in_len < cap ? w->in_len : cap;
    if (n == 0 || w->stopped) {
        wslay_event_set_error(c, WSLAY_ERR_WOULDBLOCK);
        return -1;
    }
    memcpy(dst, w->in, n);
    w->in += n;
    w->in_len -= n;
    return (ssize_t)n;
}

static ssize_t collect(wslay_event_context_ptr c, const uint8_t *bytes, size_t n, int flags, void *ctx) {
    (void)flags;
    struct ws_wire *w = ctx;
    size_t room = sizeof w->out - w->out_len;
    if (w->discard)
        return (ssize_t)n;
    n = n < room ? n : room;
    if (n == 0) {
        wslay_event_set_error(c, WSLAY_ERR_WOULDBLOCK);
        return -1;
    }
    memcpy(w->out + w->out_len, bytes, n);
    w->out_len += n;
    return (ssize_t)n;
}

static int mask(wslay_event_context_ptr c, uint8_t *dst, size_t n, void *ctx) {
    (void)c;
    (void)ctx;
    return getrandom(dst, n, 0) == (ssize_t)n ? 0 : -1;
}

static void frame_starts(wslay_event_context_ptr c, const struct wslay_event_on_frame_recv_start_arg *a, void *ctx) {
    (void)c;
    struct ws_wire *w = ctx;
    w->control = wslay_is_ctrl_frame(a->opcode);
    if (!w->control && a->opcode != WSLAY_CONTINUATION_FRAME) {
        w->opcode = a->opcode;
        str_reset(&w->message);
    }
    if (!w->control && a->payload_length > w->message_max - w->message.len) {
        w->too_long = true;
        wslay_event_queue_close(c, WSLAY_CODE_MESSAGE_TOO_BIG, NULL, 0);
        wslay_event_shutdown_read(c);
    }
}

static void frame_bytes(wslay_event_context_ptr c, const struct wslay_event_on_frame_recv_chunk_arg *a, void *ctx) {
    (void)c;
    struct ws_wire *w = ctx;
    if (!w->control && w->opcode == WSLAY_TEXT_FRAME && !w->too_long)
        str_add_n(&w->message, (const char *)a->data, a->data_length);
}

static void message_ends(wslay_event_context_ptr c, const struct wslay_event_on_msg_recv_arg *a, void *ctx) {
    (void)c;
    struct ws_wire *w = ctx;
    if (w->stopped || w->too_long) /* what wslay has buffered is read to its end all the same */
        return;
    if (a->opcode == WSLAY_CONNECTION_CLOSE) {
        char text[200];
        size_t skip = a->msg_length < 2 ? a->msg_length : 2, n = a->msg_length - skip;
        int len = snprintf(text, sizeof text, "closed by the server%s%.*s", n ? ": " : "", (int)n, a->msg ? (const char *)a->msg + skip : "");
        over(w, a->status_code, text, (size_t)len);
    }
    if (a->opcode == WSLAY_PONG && w->h.pong)
        w->h.pong(w->h.ctx);
    if (a->opcode == WSLAY_TEXT_FRAME && w->h.message) {
        str_add_n(&w->message, "", 0);
        w->h.message(w->h.ctx, w->message.p ? w->message.p : "", w->message.len);
        if (w->message.cap > KEEP) /* one giant snapshot is not kept for ever */
            str_free(&w->message);
    }
}

/* --- the upgrade --- */

static void expect_accept(struct ws_wire *w, const char *key) {
    char text[128];
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    snprintf(text, sizeof text, "%s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);
    int ok = EVP_Digest(text, strlen(text), digest, &n, EVP_sha1(), NULL);
    assert(ok == 1 && n == 20);
    EVP_EncodeBlock((unsigned char *)w->accept, digest, 20);
}

struct ws_wire *ws_wire_new(const char *host, const char *target, const char *const *headers, const uint8_t nonce[16], size_t message_max,
                            const struct ws_wire_handler *h) {
    static const struct wslay_event_callbacks calls = {give, collect, mask, frame_starts, frame_bytes, NULL, message_ends};
    struct ws_wire *w = xcalloc(1, sizeof *w);
    char key[32];
    w->h = *h;
    w->message_max = message_max;
    w->end.retry_after_ms = -1;
    EVP_EncodeBlock((unsigned char *)key, nonce, 16);
    expect_accept(w, key);
    str_addf(&w->request, "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n", target, host, key);
    for (; headers && *headers; headers++)
        str_addf(&w->request, "%s\r\n", *headers);
    str_add(&w->request, "\r\n");
    int bad = wslay_event_context_client_init(&w->frames, &calls, w);
    assert(!bad);
    wslay_event_config_set_no_buffering(w->frames, 1);
    wslay_event_config_set_max_recv_msg_length(w->frames, message_max);
    return w;
}

void ws_wire_free(struct ws_wire *w) {
    if (!w)
        return;
    wslay_event_context_free(w->frames);
    if (w->request.p)
        explicit_bzero(w->request.p, w->request.len); /* headers may hold keys */
    str_free(&w->request);
    str_free(&w->head);
    str_free(&w->message);
    free(w);
}

/* The value of a header's line if it is the one named: blanks around it cut off, *n its length. */
static const char *header_value(const char *line, const char *end, const char *name, size_t *n) {
    size_t len = strlen(name);
    if ((size_t)(end - line) <= len || line[len] != ':' || strncasecmp(line, name, len) != 0)
        return NULL;
    for (line += len + 1; line < end && (*line == ' ' || *line == '\t');)
        line++;
    while (end > line && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
        end--;
    *n = (size_t)(end - line);
    return line;
}

static bool has_token(const char *list, size_t n, const char *token) {
    size_t len = strlen(token);
    for (size_t at = 0; at < n;) {
        while (at < n && (list[at] == ' ' || list[at] == ',' || list[at] == '\t'))
            at++;
        size_t end = at;
        while (end < n && list[end] != ',' && list[end] != ' ' && list[end] != '\t')
            end++;
        if (end - at == len && !strncasecmp(list + at, token, len))
            return true;
        at = end;
    }
    return false;
}

struct answer { bool upgrade, connection, accept, extension; char retry[64]; };

static void answer_line(const struct ws_wire *w, struct answer *a, const char *line, const char *end) {
    const char *v;
    size_t n = 0;
    if ((v = header_value(line, end, "upgrade", &n)))
        a->upgrade |= has_token(v, n, "websocket");
    else if ((v = header_value(line, end, "connection", &n)))
        a->connection |= has_token(v, n, "upgrade");
    else if ((v = header_value(line, end, "sec-websocket-accept", &n)))
        a->accept = n == strlen(w->accept) && !memcmp(v, w->accept, n);
    else if ((v = header_value(line, end, "sec-websocket-extensions", &n)))
        a->extension = n > 0;
    else if ((v = header_value(line, end, "retry-after", &n)))
        snprintf(a->retry, sizeof a->retry, "%.*s", (int)(n < 63 ? n : 63), v);
}

/* "HTTP/1.1 101 Switching Protocols": 0 if it is no status line. */
static int status_of(const char *p, const char *end) {
    if (end - p < 12 || memcmp(p, "HTTP/1.", 7) != 0 || !isdigit((unsigned char)p[7]) || p[8] != ' ')
        return 0;
    for (int i = 9; i < 12; i++)
        if (!isdigit((unsigned char)p[i]))
            return 0;
    return end - p > 12 && p[12] != ' ' && p[12] != '\r' ? 0 : (p[9] - '0') * 100 + (p[10] - '0') * 10 + (p[11] - '0');
}

static bool read_head(struct ws_wire *w, const char *end) {
    const char *line = w->head.p, *eol = memchr(line, '\n', (size_t)(end - line));
    int status = status_of(line, eol);
    struct answer a = {0};
    while (eol && eol < end) {
        line = eol + 1;
        eol = memchr(line, '\n', (size_t)(end - line));
        answer_line(w, &a, line, eol ? eol : end);
    }
    if (a.retry[0])
        w->end.retry_after_ms = http_retry_after(NULL, a.retry, clock_now_us());
    if (status == 0)
        return over_text(w, 0, "the answer to the upgrade is not HTTP");
    if (status != 101) {
        char text[160];
        int n = snprintf(text, sizeof text, "the upgrade was answered with status %d", status);
        return over(w, status, text, (size_t)n);
    }
    if (!a.upgrade || !a.connection || !a.accept || a.extension)
        return over_text(w, status, a.extension ? "the upgrade's answer wants an extension that was not asked for" : "the upgrade's answer does not fit the request");
    w->opened = true;
    return true;
}

/* Takes what belongs to the head. False: over; *n is what is left over for frames. */
static bool feed_head(struct ws_wire *w, const char **bytes, size_t *n) {
    size_t old = w->head.len, from = old > 3 ? old - 3 : 0, take = *n < WS_HEAD_MAX - old ? *n : WS_HEAD_MAX - old;
    str_add_n(&w->head, *bytes, take);
    const char *end = memmem(w->head.p + from, w->head.len - from, "\r\n\r\n", 4);
    if (!end && w->head.len >= WS_HEAD_MAX)
        return over_text(w, 0, "the answer to the upgrade is too long");
    size_t used = end ? (size_t)(end + 4 - w->head.p) - old : take;
    *bytes += used;
    *n -= used;
    if (!end)
        return true;
    bool ok = read_head(w, end + 2);
    str_free(&w->head);
    if (ok && !w->stopped && w->h.open)
        w->h.open(w->h.ctx);
    return ok;
}

/* --- bytes in --- */

/* Lets wslay write, once what it wrote before is gone. */
static void fill(struct ws_wire *w) {
    if (w->out_at < w->out_len)
        return;
    w->out_at = w->out_len = 0;
    if (w->opened && !w->discard && wslay_event_want_write(w->frames) && wslay_event_send(w->frames) != 0)
        over_text(w, 0, "frames can't be written");
}

static bool broken(struct ws_wire *w, int result) {
    if (w->too_long)
        return over_text(w, WSLAY_CODE_MESSAGE_TOO_BIG, "a message is longer than allowed");
    if (result != 0)
        return over_text(w, 0, "frames can't be read");
    fill(w); /* brings the close that wslay queued on its way: its code says what was wrong */
    if (!wslay_event_get_close_sent(w->frames)) { /* behind bytes that wait: it won't go out any more, but it tells */
        w->discard = true;
        (void)wslay_event_send(w->frames);
    }
    int code = wslay_event_get_close_sent(w->frames) ? wslay_event_get_status_code_sent(w->frames) : WSLAY_CODE_PROTOCOL_ERROR;
    return over_text(w, code, code == WSLAY_CODE_INVALID_FRAME_PAYLOAD_DATA ? "a text is not UTF-8" : code == WSLAY_CODE_MESSAGE_TOO_BIG ? "a message is longer than allowed"
                     : "the server broke the protocol");
}

bool ws_wire_feed(struct ws_wire *w, const char *bytes, size_t n) {
    if (w->over || w->stopped)
        return !w->over;
    if (!w->opened && !feed_head(w, &bytes, &n))
        return false;
    if (!w->opened || n == 0 || w->stopped)
        return true;
    w->in = bytes;
    w->in_len = n;
    int result = wslay_event_recv(w->frames);
    if (w->stopped || w->over)
        return !w->over;
    if (result != 0 || !wslay_event_get_read_enabled(w->frames))
        return broken(w, result);
    if (wslay_event_get_queued_msg_count(w->frames) > CONTROL_MAX)
        return over_text(w, 0, "the server sends pings and does not read their answers");
    return true;
}

bool ws_wire_opened(const struct ws_wire *w) { return w->opened; }
void ws_wire_why(const struct ws_wire *w, struct ws_wire_end *out) { *out = w->end; }
void ws_wire_stop(struct ws_wire *w) { w->stopped = true; }

/* --- bytes out --- */

static bool queue(struct ws_wire *w, uint8_t opcode, const char *p, size_t n) {
    struct wslay_event_msg m = {opcode, (const uint8_t *)p, n};
    return w->opened && !w->over && wslay_event_queue_msg(w->frames, &m) == 0;
}

bool ws_wire_send(struct ws_wire *w, const char *text, size_t len, size_t most) {
    size_t waits = wslay_event_get_queued_msg_length(w->frames) + (w->out_len - w->out_at);
    return len <= most && waits <= most - len && wslay_event_get_queued_msg_count(w->frames) < CONTROL_MAX && queue(w, WSLAY_TEXT_FRAME, text, len);
}

bool ws_wire_ping(struct ws_wire *w) { return queue(w, WSLAY_PING, "turret", 6); }

void ws_wire_close(struct ws_wire *w, int code) {
    if (w->opened && !w->over)
        wslay_event_queue_close(w->frames, (uint16_t)code, NULL, 0);
}

bool ws_wire_waiting(const struct ws_wire *w) {
    return w->request_at < w->request.len || w->out_at < w->out_len || (w->opened && wslay_event_want_write(w->frames));
}

size_t ws_wire_take(struct ws_wire *w, const char **bytes) {
    if (w->request_at < w->request.len) {
        *bytes = w->request.p + w->request_at;
        return w->request.len - w->request_at;
    }
    fill(w);
    *bytes = w->out + w->out_at;
    return w->out_len - w->out_at;
}

void ws_wire_sent(struct ws_wire *w, size_t n) {
    if (w->request_at < w->request.len)
        w->request_at += n;
    else
        w->out_at += n;
}
