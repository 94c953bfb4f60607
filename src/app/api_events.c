/* The event stream over HTTP: lines of the hub as server-sent events. Ids carry a tag of this process, so that a reader that comes back
 * to another one is told of its gap. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/api_impl.h"
#include "turret/base/str.h"

static void on_line(void *ctx, const char *type, uint64_t id, const char *json) {
    struct api_stream *s = ctx;
    struct str out;
    str_init(&out);
    if (!strcmp(type, "ping"))
        str_add(&out, ": ping\n\n");
    else {
        str_addf(&out, "id: %08" PRIx32 "-%" PRIu64 "\nevent: %s\ndata: ", s->all->stream_tag, id, type);
        str_add(&out, json);
        str_add(&out, "\n\n");
    }
    httpd_send(s->all->httpd, s->h, out.p, out.len); /* too slow: it is cut there, and done tells us */
    str_free(&out);
}

static size_t on_unsent(void *ctx) { /* a slow one is cut, not skipped: it comes back with the id it has */
    (void)ctx;
    return 0;
}

/* From "TAG-N"; false: not one of ours. */
static bool resume_id(const struct api *a, const char *text, uint64_t *from) {
    char *end;
    unsigned long tag = strtoul(text, &end, 16);
    if (end != text + 8 || *end != '-' || end[1] < '0' || end[1] > '9' || tag != a->stream_tag)
        return false;
    *from = strtoull(end + 1, &end, 10);
    return *end == 0;
}

void api_events(struct api *a, const struct httpd_request *r, const char *id) {
    struct api_stream *s = NULL;
    struct api_fault f = {0};
    const char *last = NULL;
    uint64_t from = 0;
    (void)id;
    for (int i = 0; i < API_STREAMS && !s; i++)
        if (!a->streams[i].used)
            s = &a->streams[i];
    if (httpd_header(r, "Last-Event-ID", &last) > 0 && !resume_id(a, last, &from))
        from = UINT64_MAX / 2; /* of another process, or nothing that we said: a gap, then the state */
    if (r->query[0])
        api_fault(&f, ERR_BAD_VALUE, "the stream takes no query; Last-Event-ID resumes it");
    else if (!s || !httpd_stream(a->httpd, r->handle, "text/event-stream"))
        api_fault(&f, ERR_RATE_LIMITED, "at most %d event streams at once", API_STREAMS);
    if (f.err) {
        api_refuse(a, r->handle, &f, NULL);
        return;
    }
    *s = (struct api_stream){.used = true, .all = a, .h = r->handle, .reader = {.ctx = s, .line = on_line, .unsent = on_unsent}};
    tail_add(a->tail, &s->reader, from);
}

void api_events_end(struct api *a, httpd_handle h) {
    for (int i = 0; i < API_STREAMS; i++) {
        struct api_stream *s = &a->streams[i];
        if (s->used && s->h.index == h.index && s->h.generation == h.generation) {
            tail_remove(a->tail, &s->reader);
            s->used = false;
        }
    }
}
