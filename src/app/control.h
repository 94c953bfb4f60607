/* The engine's end of the control socket: runs commands for the command line, streams events to `tail`, and keeps a session for
 * every attached viewer. */
#ifndef TURRET_APP_CONTROL_H
#define TURRET_APP_CONTROL_H

#include <cjson/cJSON.h>

#include "app/frames.h"
#include "app/tail.h"
#include "turret/agent/agents.h"
#include "turret/store/archive.h"

struct control;

struct control_host {
    void *ctx;
    void (*stop)(void *ctx);                                      /* `turret stop`, or a viewer's confirmed :quit! */
    /* Requests the app knows ("info", "reload"): fills `out`, or returns an error with a sentence in text. */
    void (*read)(void *ctx, const struct archive_query *q, archive_rows_fn *rows, void *rows_ctx); /* the archive; NULL = none */
    void (*recall)(void *ctx, const struct archive_query *q, agents_recall_fn *done, void *done_ctx); /* NULL = no models */
    void (*rerun)(void *ctx, run_id run, agents_rerun_fn *done, void *done_ctx); /* NULL = no models */
    enum err (*op)(void *ctx, const char *op, const cJSON *request, cJSON *out, char *text, size_t cap);
};

struct control *control_open(const char *data_dir, struct engine *e, struct frames *f, const struct session_cfg *viewer_defaults,
                             const struct control_host *host, char *text, size_t cap);
struct tail *control_tail(struct control *c); /* the event stream */
/* Says goodbye to viewers and clients and closes the socket. */
void control_close(struct control *c, const char *why);

#endif
