/* Readers of the event stream on the control socket: `turret tail`. */
#include <string.h>

#include "app/control_impl.h"
#include "turret/base/json.h"

static void on_line(void *ctx, const char *type, uint64_t id, const char *json) {
    struct peer *p = ctx;
    (void)type;
    (void)id;
    ctl_send(p->conn, PROTO_EVENT, json, strlen(json));
}

static size_t on_unsent(void *ctx) { return ctl_unsent(((struct peer *)ctx)->conn); }

void peer_tail(struct peer *p, const uint8_t *bytes, size_t n) {
    cJSON *doc;
    struct json_err err = {0};
    int64_t from = 0;
    if (json_parse((const char *)bytes, n, CTL_REQUEST_MAX, &doc, &err)) {
        struct json root = json_root(doc, &err);
        json_get_int(&root, "from", JSON_OPTIONAL, 0, INT64_MAX / 2, &from);
        json_free(doc);
    }
    peer_tail_end(p);
    p->tail = true;
    p->reader = (struct tail_reader){.ctx = p, .line = on_line, .unsent = on_unsent};
    tail_add(p->all->tail, &p->reader, (uint64_t)from);
}

void peer_tail_end(struct peer *p) {
    if (p->tail)
        tail_remove(p->all->tail, &p->reader);
    p->tail = false;
}
