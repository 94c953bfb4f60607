/* The order API: routes as a table, answers and errors as JSON, intents that wait for the desk. */
#include "app/api_impl.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/base/utf8.h"
#include "turret/io/log.h"
#include "turret/io/loop.h"

#define TICK_S 0.5
#define REPLY_GRACE_US 2000000
#define INTENT_DEADLINE_US 5000000
#define TELL_EVERY_US 60000000

/* --- answers --- */

bool api_fault(struct api_fault *f, enum err e, const char *fmt, ...) {
    char raw[NOTE_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(raw, sizeof raw, fmt, ap);
    va_end(ap);
    f->err = e;
    utf8_sanitise(f->text, sizeof f->text, raw, strlen(raw));
    return false;
}

int api_fault_status(const struct api_fault *f) { return f->status ? f->status : err_http_status(f->err); }

cJSON *api_error_json(const struct api_fault *f, cJSON *order) {
    cJSON *o = cJSON_CreateObject(), *e = cJSON_AddObjectToObject(o, "error");
    cJSON_AddStringToObject(e, "code", err_name(f->err));
    cJSON_AddStringToObject(e, "msg", f->text[0] ? f->text : err_text(f->err));
    cJSON_AddBoolToObject(e, "retry", err_class(f->err) == ERR_CLASS_RETRY);
    cJSON_AddItemToObject(e, "order", order ? order : cJSON_CreateNull());
    return o;
}

void api_answer_text(struct api *a, httpd_handle h, int status, const char *body, bool again) {
    struct httpd_answer out = {.status = status, .type = "application/json", .body = body, .len = strlen(body)};
    int n = 0;
    if (again)
        out.more[n++] = (struct httpd_header){"Idempotency-Replayed", "true"};
    if (status == 401)
        out.more[n++] = (struct httpd_header){"WWW-Authenticate", "Bearer"};
    else if (status == 503 || status == 429)
        out.more[n++] = (struct httpd_header){"Retry-After", "1"};
    out.close = status == 401 || status == 421;
    httpd_reply(a->httpd, h, &out);
}

void api_answer(struct api *a, httpd_handle h, int status, cJSON *doc) {
    char *text = cJSON_PrintUnformatted(doc);
    cJSON_Delete(doc);
    api_answer_text(a, h, status, text ? text : "{}", false);
    cJSON_free(text);
}

void api_refuse(struct api *a, httpd_handle h, const struct api_fault *f, cJSON *order) { api_answer(a, h, api_fault_status(f), api_error_json(f, order)); }

static size_t on_refusal(void *ctx, int status, const char *what, char *body, size_t cap) { /* the server's own, in the same shape */
    struct api_fault f = {.status = status};
    (void)ctx;
    api_fault(&f, status == 405 ? ERR_UNSUPPORTED : ERR_BAD_VALUE, "%s", what);
    cJSON *doc = api_error_json(&f, NULL);
    bool fits = cJSON_PrintPreallocated(doc, body, (int)cap, false);
    cJSON_Delete(doc);
    return fits ? strlen(body) : 0;
}

/* --- intents --- */

bool api_words(struct api *a, int argc, char **argv, struct command_result *r, struct api_fault *f) {
    struct command_ctx c = {.view = engine_view(a->engine), .now_us = engine_now_us(a->engine)};
    *r = (struct command_result){0};
    command_run(&c, argc, argv, r);
    if (r->err && !r->has_intent)
        return api_fault(f, r->err, "%s", r->text);
    return r->has_intent || api_fault(f, ERR_INTERNAL, "%s yields no intent", argv[0]);
}

struct api_wait *api_wait_add(struct api *a, const struct api_wait *w) {
    struct api_wait *copy = xmalloc(sizeof *copy);
    *copy = *w;
    copy->until_us = clock_mono_us() + INTENT_DEADLINE_US + REPLY_GRACE_US;
    copy->next = a->waits;
    a->waits = copy;
    return copy;
}

/* What became of it goes to the client, if it is still there, and to whoever asked the same. */
static void settle(struct api *a, struct api_wait *w, int status, cJSON *doc, bool keep) {
    char *text = cJSON_PrintUnformatted(doc);
    cJSON_Delete(doc);
    if (!w->gone)
        api_answer_text(a, w->h, status, text ? text : "{}", false);
    api_key_settle(a, w->key, status, text ? text : "{}", keep);
    w->gone = true;
    w->token = 0;
    w->key = 0;
    cJSON_free(text);
}

static cJSON *subject_json(struct api *a, const struct api_wait *w, const struct order *o) {
    cJSON *doc = w->position ? api_position_json(a, o) : api_order_json(a, o);
    if (w->client_id[0])
        cJSON_AddStringToObject(doc, "clientId", w->client_id);
    return doc;
}

static void on_reply(void *ctx, const struct fx_reply *r) {
    struct api *a = ctx;
    struct api_wait *w = a->waits;
    while (w && (w->token != r->token || !w->token))
        w = w->next;
    if (!w)
        return;
    const struct order *o = view_order(engine_view(a->engine), w->subject ? w->subject : r->order);
    if (r->result == ERR_OK) {
        cJSON *doc = o ? subject_json(a, w, o) : reply_json(engine_view(a->engine), r, "");
        if (o && r->text[0])
            cJSON_AddStringToObject(doc, "text", r->text); /* where the router sent it, and the other part of a split */
        settle(a, w, w->subject ? 200 : 201, doc, true);
        return;
    }
    struct api_fault f = {0};
    api_fault(&f, (enum err)r->result, "%s", r->text);
    settle(a, w, api_fault_status(&f), api_error_json(&f, o ? subject_json(a, w, o) : NULL), r->order || r->unknown || err_class(f.err) == ERR_CLASS_UNKNOWN);
}

static void settle_late(struct api *a, struct api_wait *w) {
    struct api_fault f = {0};
    api_fault(&f, ERR_OUTCOME_UNKNOWN, "no answer by the deadline; look at the orders before you try again");
    settle(a, w, api_fault_status(&f), api_error_json(&f, NULL), true);
}

void api_propose(struct api *a, const struct intent *in, const struct api_wait *w) {
    struct intent copy = *in;
    struct api_fault f = {0};
    struct api_wait *x = api_wait_add(a, w);
    x->token = copy.token = engine_token(a->engine, &a->client);
    enum err e = engine_propose(a->engine, &copy);
    if (!e)
        return;
    api_fault(&f, e, "%s", err_text(e));
    settle(a, x, api_fault_status(&f), api_error_json(&f, NULL), false);
}

/* --- routes --- */

typedef void route_fn(struct api *a, const struct httpd_request *r, const char *id);
struct route_row { const char *method, *path; /* '*' = the id */ bool changes; route_fn *run; const char *help; };

static const struct route_row route_table[] = {
    {"POST", "trading/order", true, api_order_post, "place an order, or with preview say what would happen"},
    {"GET", "trading/orders", false, api_order_list, "orders, newest first; state (open, all, or one state; default all), market, account, limit (1 to 1000, default 100)"},
    {"GET", "trading/order/*", false, api_order_get, "one order: by number, by id, or client: and its clientId"},
    {"DELETE", "trading/order/*", true, api_order_delete, "cancel it; the answer comes when the venue has"},
    {"GET", "trading/positions", false, api_position_list, "open positions, newest first; market, account, limit"},
    {"PUT", "trading/positions/*/tp-sl", true, api_position_exits, "set takeProfit, stopLoss or both of a position, by its number or id; null removes one, what is not named stays"},
    {"POST", "trading/positions/*/tp-sl", true, api_position_exits, "the same"},
    {"DELETE", "trading/positions/*/tp-sl", true, api_position_exits, "remove both"},
    {"GET", "events", false, api_events, "the event stream, as server-sent events"},
};

bool api_route_doc(int i, struct api_doc *out) {
    if (i < 0 || i >= (int)(sizeof route_table / sizeof *route_table))
        return false;
    *out = (struct api_doc){route_table[i].method, route_table[i].path, route_table[i].help};
    return true;
}

static bool path_matches(const char *pattern, const char *path, char id[API_KEY_MAX * 2]) {
    for (; *pattern && *pattern != '*'; pattern++, path++)
        if (*pattern != *path)
            return false;
    id[0] = 0;
    if (!*pattern)
        return !*path;
    const size_t n = strcspn(path, "/");
    if (n == 0 || n >= API_KEY_MAX * 2)
        return false;
    memcpy(id, path, n);
    id[n] = 0;
    return strcmp(path + n, pattern + 1) == 0;
}

static const struct route_row *route_find(const char *method, const char *path, char id[API_KEY_MAX * 2], struct api_fault *f) {
    bool other = false;
    const size_t prefix = strlen(API_PATH);
    for (size_t i = 0; i < sizeof route_table / sizeof *route_table && !strncmp(path, API_PATH, prefix); i++)
        if (path_matches(route_table[i].path, path + prefix, id)) {
            if (!strcmp(route_table[i].method, method))
                return &route_table[i];
            other = true;
        }
    if (other)
        f->status = 405;
    api_fault(f, other ? ERR_UNSUPPORTED : ERR_NOT_FOUND, "%s", other ? "this path has no such method" : "no such path; turret-api(7) lists them");
    return NULL;
}

static bool type_ok(const struct httpd_request *r, struct api_fault *f) {
    const char *type = "";
    const int count = httpd_header(r, "Content-Type", &type);
    const size_t n = strcspn(type, "; ");
    if (r->body_len == 0 || count == 0 || (count == 1 && n == strlen("application/json") && strncasecmp(type, "application/json", n) == 0))
        return true;
    f->status = 415;
    return api_fault(f, ERR_BAD_VALUE, "Content-Type: application/json is read here");
}

static bool on_head(void *ctx, const struct httpd_request *r) {
    struct api *a = ctx;
    struct api_fault f = {0};
    char id[API_KEY_MAX * 2];
    if (api_may(a, r, &f) && route_find(r->method, r->path, id, &f) && type_ok(r, &f))
        return true;
    api_refuse(a, r->handle, &f, NULL);
    return false;
}

static void on_request(void *ctx, const struct httpd_request *r) {
    struct api *a = ctx;
    struct api_fault f = {0};
    struct view_status st;
    char id[API_KEY_MAX * 2];
    const struct route_row *route = route_find(r->method, r->path, id, &f);
    view_status(engine_view(a->engine), &st);
    if (route && !engine_loaded(a->engine))
        api_fault(&f, ERR_RECONCILING, "still starting: the stored state is not loaded yet");
    else if (route && route->changes && !st.leader)
        api_fault(&f, ERR_NOT_LEADER, "%s", err_text(ERR_NOT_LEADER));
    if (f.err)
        api_refuse(a, r->handle, &f, NULL);
    else
        route->run(a, r, id);
}

static void on_done(void *ctx, httpd_handle h) {
    struct api *a = ctx;
    for (struct api_wait *w = a->waits; w; w = w->next)
        if (w->h.index == h.index && w->h.generation == h.generation)
            w->gone = true;
    api_events_end(a, h);
}

static void on_saved(void *ctx, const struct fx_save *rec) { api_key_saved(ctx, rec); }

/* --- life --- */

static void drop_over(struct api *a) {
    for (struct api_wait **at = &a->waits, *w; (w = *at);)
        if (w->gone && !w->token) {
            *at = w->next;
            free(w);
        } else
            at = &w->next;
}

static void on_tick(struct ev_loop *loop, ev_timer *t, int revents) {
    struct api *a = t->data;
    const int64_t now = clock_mono_us();
    (void)loop;
    (void)revents;
    for (struct api_wait *w = a->waits; w; w = w->next)
        if (now > w->until_us && (w->token || !w->gone))
            settle_late(a, w);
    drop_over(a);
    if (a->refused != a->refused_told && now - a->told_us > TELL_EVERY_US) {
        log_warn("api", "%u requests without a valid token", a->refused - a->refused_told);
        a->refused_told = a->refused;
        a->told_us = now;
    }
}

enum err api_open(const struct api_cfg *cfg, struct api **out, char *text, size_t cap) {
    static const struct httpd_ops ops = {.head = on_head, .request = on_request, .done = on_done, .refusal = on_refusal};
    const struct httpd_cfg http = {.listen = cfg->listen, .anywhere = cfg->anywhere, .connections = API_CONNECTIONS, .streams = API_STREAMS, .body_max = API_BODY_MAX,
                                   .stream_unsent_max = API_STREAM_UNSENT, .timeout_ms = API_TIMEOUT_MS};
    struct api *a = xcalloc(1, sizeof *a);
    enum err e = api_token_read(a, cfg->data_dir, text, cap);
    if (!e)
        e = httpd_open(&http, &ops, a, &a->httpd, text, cap);
    if (e) {
        free(a);
        return e;
    }
    a->engine = cfg->engine;
    a->tail = cfg->tail;
    a->anywhere = cfg->anywhere;
    a->told_us = clock_mono_us() - TELL_EVERY_US;
    if (getrandom(&a->stream_tag, sizeof a->stream_tag, 0) != (ssize_t)sizeof a->stream_tag)
        a->stream_tag = (uint32_t)clock_now_us();
    map_init(&a->key_map);
    map_init(&a->key_orders);
    a->client = (struct engine_client){.ctx = a, .reply = on_reply, .saved = on_saved};
    engine_client_add(a->engine, &a->client);
    ev_timer_init(&a->tick, on_tick, TICK_S, TICK_S);
    a->tick.data = a;
    ev_timer_start(loop_get(), &a->tick);
    *out = a;
    return ERR_OK;
}

void api_close(struct api *a) {
    if (!a)
        return;
    for (struct api_wait *w = a->waits; w; w = w->next)
        if (w->token)
            settle_late(a, w);
    httpd_close(a->httpd);
    engine_client_remove(a->engine, &a->client);
    ev_timer_stop(loop_get(), &a->tick);
    for (struct api_wait *w = a->waits; w; w = w->next)
        w->gone = true, w->token = 0;
    drop_over(a);
    api_keys_free(a);
    explicit_bzero(a->token, sizeof a->token);
    free(a);
}

const char *api_address(const struct api *a) { return httpd_address(a->httpd); }
