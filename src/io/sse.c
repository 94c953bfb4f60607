/* Server-sent events, byte by byte as they come. A line is collected whole, then read as a field; an empty line tells the event. */
#include "turret/io/sse.h"

#include <stdlib.h>
#include <string.h>

#include "turret/base/mem.h"
#include "turret/base/str.h"

struct sse {
    size_t max;
    sse_fn *fn;
    void *ctx;
    struct str line, type, data, id;
    bool has_data, after_cr, begun, broken;
};

struct sse *sse_new(size_t max_event, sse_fn *fn, void *ctx) {
    struct sse *s = xcalloc(1, sizeof *s);
    s->max = max_event;
    s->fn = fn;
    s->ctx = ctx;
    return s;
}

void sse_free(struct sse *s) {
    if (!s)
        return;
    str_free(&s->line);
    str_free(&s->type);
    str_free(&s->data);
    str_free(&s->id);
    free(s);
}

static bool tell(struct sse *s) {
    bool go_on = true;
    if (s->has_data) {
        struct sse_event ev = {.type = s->type.len ? s->type.p : "message", .id = s->id.len ? s->id.p : "", .data_len = s->data.len - 1};
        s->data.p[ev.data_len] = '\0'; /* without the last line's end */
        ev.data = s->data.p;
        go_on = s->fn(s->ctx, &ev);
    }
    str_reset(&s->type);
    str_reset(&s->data);
    s->has_data = false;
    return go_on;
}

static bool field_is(const char *name, size_t n, const char *want) { return strlen(want) == n && !memcmp(name, want, n); }

static bool line_done(struct sse *s) {
    const char *p = s->line.p ? s->line.p : "";
    size_t n = s->line.len;
    if (!s->begun && n >= 3 && !memcmp(p, "\xEF\xBB\xBF", 3)) { /* a byte order mark may open the stream */
        p += 3;
        n -= 3;
    }
    s->begun = true;
    if (n == 0) {
        str_reset(&s->line);
        return tell(s);
    }
    const char *colon = memchr(p, ':', n), *value = colon ? colon + 1 : p + n;
    size_t name = colon ? (size_t)(colon - p) : n, len = (size_t)(p + n - value);
    if (len > 0 && *value == ' ')
        value++, len--;
    if (field_is(p, name, "data")) { /* a comment has no name and matches nothing */
        str_add_n(&s->data, value, len);
        str_addc(&s->data, '\n');
        s->has_data = true;
    } else if (field_is(p, name, "event")) {
        str_reset(&s->type);
        str_add_n(&s->type, value, len);
    } else if (field_is(p, name, "id") && !memchr(value, '\0', len)) {
        str_reset(&s->id);
        str_add_n(&s->id, value, len);
    }
    str_reset(&s->line);
    return s->data.len <= s->max + 1;
}

bool sse_feed(struct sse *s, const char *bytes, size_t n) {
    for (size_t i = 0; i < n && !s->broken;) {
        if (s->after_cr && bytes[i] == '\n') { /* CR LF is one end of line, also when cut in between */
            s->after_cr = false;
            i++;
            continue;
        }
        s->after_cr = false;
        size_t run = i;
        while (run < n && bytes[run] != '\n' && bytes[run] != '\r')
            run++;
        if (run - i > s->max + 64 || s->line.len + (run - i) > s->max + 64) { /* 64: the field's name */
            s->broken = true;
            break;
        }
        str_add_n(&s->line, bytes + i, run - i);
        if (run < n) {
            s->after_cr = bytes[run] == '\r';
            s->broken = !line_done(s);
            run++;
        }
        i = run;
    }
    return !s->broken;
}
