/* The event stream: what the desk keeps and says, as JSON lines with increasing ids. The newest are kept, so that a reader may resume
 * from an id; who starts, or comes too late, gets the state as it is now first. A slow reader misses lines and is told so. */
#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/records.h"
#include "app/tail.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/io/loop.h"
#include "turret/ui/columns.h"

#define LINES_KEEP 4096u
#define TAIL_UNSENT_MAX (1u << 20)
#define PING_S 15.0

struct tail_line { char *json; char type[24]; };

struct tail {
    struct engine *engine;
    struct engine_client client;
    struct tail_reader *readers;
    struct tail_line lines[LINES_KEEP]; /* by id */
    uint64_t next_id;
    ev_timer ping;
};

static void send_control(const struct tail *t, struct tail_reader *r, const char *type) { /* lines that are of this reader alone */
    char text[80];
    uint64_t id = t->next_id - 1;
    snprintf(text, sizeof text, "{\"type\":\"%s\",\"id\":%llu}", type, (unsigned long long)id);
    r->line(r->ctx, type, id, text);
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
    else if (!strcmp(table, "orders"))
        while ((o = view_next_order(view, &cursor, true)))
            cJSON_AddItemToArray(list, columns_json(t, view, o, now_us));
    else
        while ((o = view_next_position(view, &cursor, true)))
            cJSON_AddItemToArray(list, columns_json(t, view, o, now_us));
    return list;
}

static void send_state(const struct tail *t, struct tail_reader *r) {
    static const char *const tables[] = {"positions", "orders", "accounts", "models"};
    const struct desk *view = engine_view(t->engine);
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "type", "state");
    cJSON_AddNumberToObject(o, "id", (double)(t->next_id - 1));
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        cJSON_AddItemToObject(o, tables[i], table_now(view, tables[i], engine_now_us(t->engine)));
    char *text = cJSON_PrintUnformatted(o);
    cJSON_Delete(o);
    if (text)
        r->line(r->ctx, "state", t->next_id - 1, text);
    cJSON_free(text);
}

/* --- lines --- */

static void put(struct tail *t, cJSON *o) {
    if (!o)
        return;
    uint64_t id = t->next_id++;
    const char *type = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, "type"));
    struct tail_line *line = &t->lines[id % LINES_KEEP];
    cJSON_AddNumberToObject(o, "id", (double)id);
    cJSON_free(line->json);
    line->json = cJSON_PrintUnformatted(o);
    str_copy(line->type, sizeof line->type, type ? type : "");
    cJSON_Delete(o);
    for (struct tail_reader *r = t->readers, *next; r; r = next) {
        next = r->next; /* it may leave while it is told */
        if (r->unsent(r->ctx) > TAIL_UNSENT_MAX) {
            r->gap = true;
            continue;
        }
        if (r->gap) {
            r->gap = false;
            send_control(t, r, "gap");
            send_state(t, r);
            continue; /* the state has this line in it */
        }
        r->line(r->ctx, line->type, id, line->json);
    }
}

static bool heard(const struct tail *t) { /* lines are made while somebody listens, or did: he may come back */
    return t->next_id > 1 || t->readers;
}

static void on_saved(void *ctx, const struct fx_save *rec) {
    struct tail *t = ctx;
    if (heard(t))
        put(t, record_json(engine_view(t->engine), rec));
}

static void on_notice(void *ctx, const struct fx_notice *n) {
    struct tail *t = ctx;
    if (heard(t))
        put(t, notice_json(engine_view(t->engine), n, engine_now_us(t->engine)));
}

static void on_feed(void *ctx, const struct fx_feed *f) {
    struct tail *t = ctx;
    struct view_model vm;
    struct view_account va;
    char text[32];
    if (!heard(t))
        return;
    const struct desk *view = engine_view(t->engine);
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "type", feed_name((enum feed_kind)f->kind));
    clock_format_rfc3339(engine_now_us(t->engine), text);
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
    for (struct tail_reader *r = t->readers, *next; r; r = next) {
        next = r->next;
        if (r->unsent(r->ctx) == 0)
            send_control(t, r, "ping");
    }
}

/* --- readers --- */

void tail_add(struct tail *t, struct tail_reader *r, uint64_t from) {
    uint64_t next = from + 1;
    bool kept = from > 0 && next <= t->next_id && t->next_id - next <= LINES_KEEP;
    r->gap = false;
    if (from > 0 && !kept)
        send_control(t, r, "gap");
    if (!kept)
        send_state(t, r);
    for (; kept && next < t->next_id; next++)
        r->line(r->ctx, t->lines[next % LINES_KEEP].type, next, t->lines[next % LINES_KEEP].json);
    r->next = t->readers;
    t->readers = r;
}

void tail_remove(struct tail *t, struct tail_reader *r) {
    for (struct tail_reader **at = &t->readers; *at; at = &(*at)->next)
        if (*at == r) {
            *at = r->next;
            return;
        }
}

struct tail *tail_open(struct engine *e) {
    struct tail *t = xcalloc(1, sizeof *t);
    t->engine = e;
    t->next_id = 1;
    t->client = (struct engine_client){.ctx = t, .saved = on_saved, .notice = on_notice, .feed = on_feed};
    engine_client_add(e, &t->client);
    ev_timer_init(&t->ping, on_ping, PING_S, PING_S);
    t->ping.data = t;
    ev_timer_start(loop_get(), &t->ping);
    return t;
}

void tail_close(struct tail *t) {
    engine_client_remove(t->engine, &t->client);
    ev_timer_stop(loop_get(), &t->ping);
    for (unsigned i = 0; i < LINES_KEEP; i++)
        cJSON_free(t->lines[i].json);
    free(t);
}
