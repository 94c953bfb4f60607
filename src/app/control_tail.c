/* The event stream: what the desk keeps and says, as JSON lines with increasing ids. The newest are kept, so that a reader may resume
 * from an id; who starts, or comes too late, gets the state as it is now first. A slow reader misses lines and is told so. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/control_impl.h"
#include "turret/base/json.h"
#include "turret/base/mem.h"
#include "turret/io/loop.h"
#include "turret/ui/columns.h"

#define LINES_KEEP 4096u
#define TAIL_UNSENT_MAX (1u << 20)
#define PING_S 15.0

struct tail {
    struct control *all;
    struct engine_client client;
    char *lines[LINES_KEEP]; /* by id */
    uint64_t next_id;
    ev_timer ping;
};

static void send_text(struct peer *p, const char *text) { ctl_send(p->conn, PROTO_EVENT, text, strlen(text)); }

static void send_control(struct peer *p, const char *type, uint64_t id) { /* lines that are of this connection alone */
    char text[80];
    snprintf(text, sizeof text, "{\"type\":\"%s\",\"id\":%llu}", type, (unsigned long long)id);
    send_text(p, text);
}

/* --- the state now --- */

static cJSON *table_now(const struct desk *view, const char *table, int64_t now_us) {
    cJSON *list = cJSON_CreateArray();
    const struct column_table *t = column_table(table);
    struct view_account va;
    struct view_model vm;
    int cursor = 0;
    const struct order *o;
    if (!strcmp(table, "accounts"))
        for (int i = 0; view_account_at(view, i, &va); i++)
            cJSON_AddItemToArray(list, columns_json(t, view, &va, now_us));
    else if (!strcmp(table, "models"))
        for (int i = 0; view_model_at(view, i, &vm); i++)
            cJSON_AddItemToArray(list, columns_json(t, view, &vm, now_us));
    else
        while ((o = view_next_position(view, &cursor, true)))
            cJSON_AddItemToArray(list, columns_json(t, view, o, now_us));
    return list;
}

static void send_state(struct peer *p) {
    static const char *const tables[] = {"positions", "accounts", "models"};
    const struct tail *t = p->all->tail;
    const struct desk *view = engine_view(p->all->engine);
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "type", "state");
    cJSON_AddNumberToObject(o, "id", (double)(t->next_id - 1));
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        cJSON_AddItemToObject(o, tables[i], table_now(view, tables[i], engine_now_us(p->all->engine)));
    peer_send_json(p, PROTO_EVENT, o);
}

/* --- lines --- */

static void put(struct tail *t, cJSON *o) {
    if (!o)
        return;
    uint64_t id = t->next_id++;
    cJSON_AddNumberToObject(o, "id", (double)id);
    char **slot = &t->lines[id % LINES_KEEP];
    cJSON_free(*slot);
    *slot = cJSON_PrintUnformatted(o);
    cJSON_Delete(o);
    for (struct peer *p = t->all->peers; p; p = p->next) {
        if (!p->tail)
            continue;
        if (ctl_unsent(p->conn) > TAIL_UNSENT_MAX) {
            p->tail_gap = true; /* the desk waits for nobody */
            continue;
        }
        if (p->tail_gap) {
            send_control(p, "gap", id);
            send_state(p);
            p->tail_gap = false;
        }
        send_text(p, *slot);
    }
}

static bool heard(const struct tail *t) { /* lines are made while somebody listens, or did: he may come back */
    return t->next_id > 1 || t->all->tails > 0;
}

static void on_saved(void *ctx, const struct fx_save *rec) {
    struct tail *t = ctx;
    if (heard(t))
        put(t, record_json(engine_view(t->all->engine), rec));
}

static void on_notice(void *ctx, const struct fx_notice *n) {
    struct tail *t = ctx;
    if (heard(t))
        put(t, notice_json(engine_view(t->all->engine), n, engine_now_us(t->all->engine)));
}

static void on_feed(void *ctx, const struct fx_feed *f) {
    struct tail *t = ctx;
    struct view_model vm;
    struct view_account va;
    char text[32];
    if (!heard(t))
        return;
    const struct desk *view = engine_view(t->all->engine);
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "type", feed_name((enum feed_kind)f->kind));
    clock_format_rfc3339(engine_now_us(t->all->engine), text);
    cJSON_AddStringToObject(o, "at", text);
    if (f->model && view_model(view, f->model, &vm))
        cJSON_AddStringToObject(o, "model", vm.m->name);
    if (f->account && view_account(view, f->account, &va))
        cJSON_AddStringToObject(o, "account", va.a->name);
    if (f->run) {
        snprintf(text, sizeof text, "%llu", (unsigned long long)f->run);
        cJSON_AddStringToObject(o, "run", text);
        cJSON_AddBoolToObject(o, "ok", f->ok != 0);
    }
    if (f->kind == FEED_BATCH_COMPLETE) {
        cJSON_AddNumberToObject(o, "succeeded", f->count);
        cJSON_AddNumberToObject(o, "models", f->total);
    }
    put(t, o);
}

static void on_ping(struct ev_loop *loop, ev_timer *w, int revents) {
    struct tail *t = w->data;
    (void)loop;
    (void)revents;
    for (struct peer *p = t->all->peers; p; p = p->next)
        if (p->tail && ctl_unsent(p->conn) == 0)
            send_control(p, "ping", t->next_id - 1);
}

/* --- readers --- */

void tail_start(struct peer *p, const uint8_t *bytes, size_t n) {
    struct tail *t = p->all->tail;
    cJSON *doc;
    struct json_err err = {0};
    int64_t from = 0;
    if (json_parse((const char *)bytes, n, CTL_REQUEST_MAX, &doc, &err)) {
        struct json root = json_root(doc, &err);
        json_get_int(&root, "from", JSON_OPTIONAL, 0, INT64_MAX / 2, &from);
        json_free(doc);
    }
    if (!p->tail)
        p->all->tails++;
    p->tail = true;
    uint64_t next = (uint64_t)from + 1;
    bool kept = from > 0 && next <= t->next_id && t->next_id - next <= LINES_KEEP;
    if (from > 0 && !kept)
        send_control(p, "gap", t->next_id - 1);
    if (!kept) {
        send_state(p);
        return;
    }
    for (; next < t->next_id; next++)
        send_text(p, t->lines[next % LINES_KEEP]);
}

void tail_gone(struct peer *p) {
    if (p->tail)
        p->all->tails--;
    p->tail = false;
}

void tail_open(struct control *c) {
    struct tail *t = xcalloc(1, sizeof *t);
    c->tail = t;
    t->all = c;
    t->next_id = 1;
    t->client = (struct engine_client){.ctx = t, .saved = on_saved, .notice = on_notice, .feed = on_feed};
    engine_client_add(c->engine, &t->client);
    ev_timer_init(&t->ping, on_ping, PING_S, PING_S);
    t->ping.data = t;
    ev_timer_start(loop_get(), &t->ping);
}

void tail_close(struct control *c) {
    struct tail *t = c->tail;
    engine_client_remove(c->engine, &t->client);
    ev_timer_stop(loop_get(), &t->ping);
    for (unsigned i = 0; i < LINES_KEEP; i++)
        cJSON_free(t->lines[i]);
    free(t);
}
