/* Server-sent events: bytes in any pieces to events (WHATWG HTML, 9.2.6: LF, CR and CRLF, comments, multi-line data, BOM). Pure. */
#ifndef TURRET_IO_SSE_H
#define TURRET_IO_SSE_H

#include <stdbool.h>
#include <stddef.h>

struct sse;
struct sse_event { const char *type /* "message" */, *data, *id; size_t data_len; };
typedef bool sse_fn(void *ctx, const struct sse_event *ev); /* false: stop feeding */

struct sse *sse_new(size_t max_event /* longer is an error */, sse_fn *fn, void *ctx);
void sse_free(struct sse *s);
/* false: an event was too long, or fn stopped it. An unfinished event at the end of the stream is dropped, as the standard says. */
bool sse_feed(struct sse *s, const char *bytes, size_t n);

#endif
