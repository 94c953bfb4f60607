/* One HTTP/1.1 answer (http_line_answer.h): head, then a body of a known length, in chunks, or to the end of the connection. */
#include "http_line_answer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "turret/base/mem.h"
#include "turret/base/str.h"

#define HEAD_MAX 65536

void line_answer_init(struct line_answer *a, size_t max) { *a = (struct line_answer){.max = max}; }

void line_answer_free(struct line_answer *a) {
    free(a->buf);
    *a = (struct line_answer){0};
}

char *line_answer_room(struct line_answer *a, size_t n) {
    a->buf = xgrow(a->buf, &a->cap, a->have + n + 2, 1);
    return a->buf + a->have;
}

static enum line_read broken(struct line_answer *a, const char *why) {
    a->why = why;
    return LINE_BROKEN;
}

const char *http_line_header(const char *head, const char *name) {
    size_t n = strlen(name);
    for (const char *line = head;; line += strlen(line)) {
        while (!*line)
            line++;
        if (*line == '\n')
            return NULL;
        if (!strncasecmp(line, name, n) && line[n] == ':') {
            for (line += n + 1; *line == ' ' || *line == '\t';)
                line++;
            return line;
        }
    }
}

/* --- the head ------------------------------------------------------------------------------------------- */

static bool digits(const char *s, size_t max, size_t *out) {
    size_t v = 0;
    if (!*s)
        return false;
    for (; *s; s++) {
        if (*s < '0' || *s > '9' || v > max)
            return false;
        v = v * 10 + (size_t)(*s - '0');
    }
    *out = v;
    return true;
}

/* "HTTP/1.1 200 OK" */
static bool status_line(struct line_answer *a, const char *line) {
    if (strncmp(line, "HTTP/1.", 7) != 0 || (line[7] != '0' && line[7] != '1') || line[8] != ' ')
        return false;
    for (int i = 9; i < 12; i++)
        if (line[i] < '0' || line[i] > '9')
            return false;
    if (line[12] && line[12] != ' ')
        return false;
    a->status = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
    a->keep = line[7] == '1';
    return a->status >= 100;
}

static const char *name_end(const char *line) { return line + strcspn(line, ": \t"); }

static const char *header_line(struct line_answer *a, char *line, bool *sized, size_t *length) {
    char *colon = strchr(line, ':'), *end = line + strlen(line);
    size_t v;
    if (!colon || colon == line || name_end(line) != colon || strpbrk(line, "\r\n"))
        return "a header can't be read";
    while (end > colon + 1 && (end[-1] == ' ' || end[-1] == '\t'))
        *--end = '\0';
    const char *value = colon + 1 + strspn(colon + 1, " \t");
    if (str_has_prefix_nocase(line, "content-length:")) {
        if (!digits(value, (size_t)1 << 40, &v) || (*sized && v != *length))
            return "its length can't be read";
        *sized = true;
        *length = v;
    } else if (str_has_prefix_nocase(line, "transfer-encoding:")) {
        if (a->chunked || !str_eq_nocase(value, "chunked"))
            return "its coding can't be read";
        a->chunked = true;
    } else if (str_has_prefix_nocase(line, "connection:") && str_contains_nocase(value, "close")) {
        a->keep = false;
    }
    return NULL;
}

/* The head from a->head to `end` (behind its empty line). */
static enum line_read head_take(struct line_answer *a, size_t end) {
    bool sized = false, first = true;
    char *at = a->buf + a->head, *stop = a->buf + end - 2;
    if (memchr(at, '\0', (size_t)(stop - at)))
        return broken(a, "its head can't be read");
    a->chunked = a->to_end = false;
    a->body_len = 0;
    while (at < stop) {
        char *line = at, *cr = memmem(at, (size_t)(stop + 2 - at), "\r\n", 2);
        cr[0] = cr[1] = '\0';
        at = cr + 2;
        const char *why = !first ? header_line(a, line, &sized, &a->body_len) : status_line(a, line) ? NULL : "it is no HTTP answer";
        if (why)
            return broken(a, why);
        first = false;
    }
    memcpy(stop, "\n", 2); /* the end, for http_line_header */
    if (sized && a->chunked)
        return broken(a, "its length can be read in two ways");
    a->body = end;
    a->headed = true;
    if (a->status == 204 || a->status == 304) {
        a->chunked = false;
        a->body_len = 0;
    } else if (!sized && !a->chunked) {
        a->to_end = true;
        a->keep = false;
    }
    return LINE_WHOLE;
}

/* --- the body --------------------------------------------------------------------------------------------- */

/* Walks over the chunks; with `decode` their data is moved together. */
static enum line_read chunks(struct line_answer *a, bool decode) {
    size_t at = a->body, out = a->body, total = 0;
    for (;;) {
        size_t size = 0, n = 0;
        const char *eol = memmem(a->buf + at, a->have - at, "\r\n", 2);
        if ((eol ? (size_t)(eol - a->buf) : a->have) - at > 1024)
            return broken(a, "a chunk can't be read");
        if (!eol)
            return LINE_MORE;
        for (const char *p = a->buf + at; p < eol && *p != ';' && *p != ' '; p++, n++) {
            int d = *p >= '0' && *p <= '9' ? *p - '0' : (*p | 32) >= 'a' && (*p | 32) <= 'f' ? (*p | 32) - 'a' + 10 : -1;
            if (d < 0 || n > 8)
                return broken(a, "a chunk can't be read");
            size = size * 16 + (size_t)d;
        }
        if (n == 0)
            return broken(a, "a chunk can't be read");
        at = (size_t)(eol + 2 - a->buf);
        total += size;
        if (total > a->max)
            return LINE_TOO_LONG;
        if (size == 0) { /* trailers, then an empty line */
            const char *end = a->have - at >= 2 && !memcmp(a->buf + at, "\r\n", 2) ? a->buf + at - 2 : memmem(a->buf + at, a->have - at, "\r\n\r\n", 4);
            if (!end)
                return a->have - at > HEAD_MAX ? broken(a, "its end can't be read") : LINE_MORE;
            if ((size_t)(end + 4 - a->buf) < a->have)
                a->keep = false; /* something nobody asked for follows */
            a->body_len = out - a->body;
            return LINE_WHOLE;
        }
        if (a->have - at < size + 2)
            return LINE_MORE;
        if (memcmp(a->buf + at + size, "\r\n", 2) != 0)
            return broken(a, "a chunk can't be read");
        if (decode)
            memmove(a->buf + out, a->buf + at, size);
        out += size;
        at += size + 2;
    }
}

static enum line_read body_look(struct line_answer *a, bool end) {
    size_t there = a->have - a->body;
    if (a->to_end) {
        a->body_len = there;
        return there > a->max ? LINE_TOO_LONG : end ? LINE_WHOLE : LINE_MORE;
    }
    if (a->chunked) {
        enum line_read r = chunks(a, false);
        return r == LINE_WHOLE ? chunks(a, true) : r;
    }
    if (a->body_len > a->max)
        return LINE_TOO_LONG;
    a->keep &= there <= a->body_len;
    return there >= a->body_len ? LINE_WHOLE : LINE_MORE;
}

enum line_read line_answer_look(struct line_answer *a, size_t came, bool end) {
    a->have += came;
    while (!a->headed) {
        const char *stop = a->have > a->head ? memmem(a->buf + a->head, a->have - a->head, "\r\n\r\n", 4) : NULL;
        if (!stop) {
            if (a->have - a->head > HEAD_MAX)
                return broken(a, "its head is too long");
            return end ? broken(a, a->have ? "it was cut in its head" : "the connection was closed without an answer") : LINE_MORE;
        }
        enum line_read r = head_take(a, (size_t)(stop + 4 - a->buf));
        if (r != LINE_WHOLE)
            return r;
        if (a->status < 200) { /* 100 Continue and the like: the answer is still to come */
            if (a->status == 101)
                return broken(a, "it changes the protocol");
            a->headed = false;
            a->head = a->body;
        }
    }
    enum line_read r = body_look(a, end);
    if (r == LINE_MORE && end)
        return broken(a, "it was cut in its body");
    if (r == LINE_WHOLE)
        a->buf[a->body + a->body_len] = '\0';
    return r;
}
