/* A conversation and one request of it: picks a key, sends, collects the answer in one piece or as a stream, and tells the turn. Nothing
 * of a stream is used before it ended as it should. */
#include "chat_private.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "turret/base/mem.h"
#include "turret/base/utf8.h"
#include "turret/io/loop.h"
#include "turret/io/sse.h"

#define KEY_ASIDE_US (15 * 60 * 1000000LL) /* a refused key is tried again after that */
#define BLOCK_DEFAULT_US (5 * 1000000LL)   /* 429 without Retry-After */
#define STREAM_SILENCE_MS 60000
#define TIMEOUT_DEFAULT_MS 120000

const struct chat_protocol *const chat_protocols[] = {&chat_openai, &chat_anthropic, NULL};

/* --- the conversation --- */

struct chat *chat_new(const char *system) {
    struct chat *c = xcalloc(1, sizeof *c);
    c->system = xstrdup(system ? system : "");
    return c;
}

void chat_free(struct chat *c) {
    if (!c)
        return;
    for (size_t i = 0; i < c->count; i++) {
        free(c->messages[i].text);
        cJSON_Delete(c->messages[i].raw);
    }
    free(c->messages);
    free(c->system);
    free(c);
}

static struct chat_message *add(struct chat *c, enum message_kind kind, const char *text) {
    c->messages = xgrow(c->messages, &c->cap, c->count + 1, sizeof *c->messages);
    struct chat_message *m = &c->messages[c->count++];
    *m = (struct chat_message){.kind = kind, .text = xstrdup(text)};
    return m;
}

void chat_user(struct chat *c, const char *text) { add(c, MESSAGE_USER, text); }

void chat_assistant(struct chat *c, const struct chat_turn *t) {
    assert(t->raw);
    add(c, MESSAGE_ASSISTANT, "")->raw = cJSON_Duplicate(t->raw, true);
}

void chat_result(struct chat *c, const char *call_id, const char *name, const char *content, bool is_error) {
    (void)name;
    struct chat_message *m = add(c, MESSAGE_RESULT, content);
    str_copy(m->id, sizeof m->id, call_id);
    m->is_error = is_error;
}

/* --- one request --- */

struct job {
    struct job *next;
    struct http_handle handle;
    struct provider *provider;
    struct provider_key *key;
    struct chat_turn turn;
    struct chat_parts parts;
    struct sse *sse;
    struct str raw; /* a "stream" that was none */
    chat_done_fn *done;
    void *ctx;
    bool streaming, any_event, ended, preset;
};
static struct job *jobs;

static void job_unlink(const struct job *j) {
    struct job **at = &jobs;
    while (*at && *at != j)
        at = &(*at)->next;
    if (*at)
        *at = j->next;
}

static void job_free(struct job *j) {
    for (int i = 0; i < j->parts.count; i++) {
        struct chat_part *c = &j->parts.part[i];
        str_free(&c->id);
        str_free(&c->name);
        str_free(&c->args);
        str_free(&c->text);
        str_free(&c->extra);
        cJSON_Delete(c->block);
    }
    str_free(&j->parts.text);
    str_free(&j->parts.reasoning);
    str_free(&j->parts.refusal);
    cJSON_Delete(j->parts.details);
    cJSON_Delete(j->parts.usage);
    sse_free(j->sse);
    str_free(&j->raw);
    chat_turn_free(&j->turn);
    free(j);
}

static bool on_event(void *ctx, const struct sse_event *ev) {
    struct job *j = ctx;
    j->any_event = true;
    j->ended = !j->provider->protocol->stream_event(&j->parts, ev->type, ev->data, ev->data_len, &j->turn);
    return !j->ended;
}

static bool on_bytes(void *ctx, const char *bytes, size_t n) {
    struct job *j = ctx;
    if (!j->any_event && j->raw.len + n <= HTTP_BODY_MAX)
        str_add_n(&j->raw, bytes, n);
    bool go_on = sse_feed(j->sse, bytes, n);
    if (!go_on && !j->ended)
        chat_fail(j->provider, &j->turn, ERR_PROVIDER, true, "%s: an event of the stream is too long", j->provider->name);
    return go_on;
}

/* The stream is over: all of it, or nothing. */
static void stream_end(struct job *j) {
    struct provider *p = j->provider;
    if (j->turn.err)
        return;
    if (!j->any_event && j->raw.len) { /* a server that does not stream */
        p->protocol->parse(p, 200, j->raw.p, j->raw.len, &j->turn);
        return;
    }
    if (!j->parts.complete || !j->parts.whole) {
        chat_fail(p, &j->turn, ERR_PROVIDER, true, "%s: the stream was cut", p->name);
        return;
    }
    cJSON *doc = j->parts.whole(&j->parts);
    char *text = cJSON_PrintUnformatted(doc);
    p->protocol->parse(p, 200, text ? text : "", text ? strlen(text) : 0, &j->turn);
    free(text);
    cJSON_Delete(doc);
}

static void transport_failed(struct job *j, const struct http_answer *a) {
    static const struct { enum err http, chat; bool retry; } map[] = {
        {ERR_UNREACHABLE, ERR_UNREACHABLE, true}, {ERR_TIMEOUT, ERR_TIMEOUT, true},  {ERR_OUTCOME_UNKNOWN, ERR_PROVIDER, true},
        {ERR_OVERFLOW, ERR_PROVIDER, false},      {ERR_BAD_VALUE, ERR_CONFIG, false}, {ERR_CANCELLED, ERR_CANCELLED, false}};
    enum err e = ERR_PROVIDER;
    bool retry = false;
    for (size_t i = 0; i < sizeof map / sizeof *map; i++)
        if (map[i].http == a->err) {
            e = map[i].chat;
            retry = map[i].retry;
        }
    chat_fail(j->provider, &j->turn, e, retry, "%s: %s", j->provider->name, a->text);
}

/* What the answer means for the key it was asked with. */
static void judge_key(struct job *j) {
    int64_t now = clock_mono_us(), wait = j->turn.retry_after_ms;
    if (!j->key)
        return;
    if (j->turn.err == ERR_RATE_LIMITED)
        rate_block(&j->key->rate, now + (wait >= 0 ? wait * 1000 : BLOCK_DEFAULT_US));
    if (j->turn.status == 401 || j->turn.err == ERR_BUDGET) {
        j->key->aside_until_us = now + KEY_ASIDE_US;
        j->key->aside = j->turn.err;
    }
}

static void server_id(struct job *j, const struct http_answer *a) {
    const char *id = http_header(a, "request-id");
    if (!id)
        id = http_header(a, "x-request-id");
    if (!id)
        id = j->turn.request_id;
    utf8_sanitise(j->turn.request_id, sizeof j->turn.request_id, id, strlen(id));
    utf8_sanitise(j->turn.model, sizeof j->turn.model, j->turn.model, strlen(j->turn.model));
}

static void on_done(void *ctx, const struct http_answer *a) {
    struct job *j = ctx;
    struct chat_turn *t = &j->turn;
    t->latency_us = a->latency_us;
    if (!j->preset) {
        t->status = a->status;
        t->retry_after_ms = a->retry_after_ms;
        bool streamed = j->streaming && a->status >= 200 && a->status < 300;
        if (streamed && (a->err == ERR_OK || (a->err == ERR_CANCELLED && (j->ended || t->err))))
            stream_end(j);
        else if (a->err)
            transport_failed(j, a);
        else
            j->provider->protocol->parse(j->provider, a->status, a->body, a->body_len, t);
        if (t->err == ERR_OK && a->status)
            t->status = a->status;
        judge_key(j);
        server_id(j, a);
    }
    job_unlink(j); /* the callee may cancel an old handle */
    j->done(j->ctx, t);
    job_free(j);
}

/* The next key that may be used now; else NULL, and in *wait_us how long until one can (-1: none will by itself). */
static struct provider_key *key_pick(struct provider *p, int64_t now, int64_t *wait_us, enum err *why) {
    *wait_us = -1;
    *why = ERR_CREDENTIALS;
    for (int i = 0; i < p->key_count; i++) {
        int at = (p->next_key + i) % p->key_count;
        struct provider_key *k = &p->keys[at];
        if (k->aside_until_us > now) {
            if (*wait_us < 0)
                *why = k->aside;
            continue;
        }
        if (rate_take(&k->rate, 1, now)) {
            p->next_key = (at + 1) % p->key_count;
            return k;
        }
        int64_t wait = rate_ready_us(&k->rate, 1, now) - now;
        if (*wait_us < 0 || wait < *wait_us)
            *wait_us = wait;
        *why = ERR_RATE_LIMITED;
    }
    return NULL;
}

static void no_key(struct job *j, enum err why, int64_t wait_us) {
    struct provider *p = j->provider;
    const char *reason = why == ERR_BUDGET ? "its credit is spent" : why == ERR_RATE_LIMITED ? "every key waits" : p->key_count ? "every key was refused" : "no key";
    if (p->key_count == 0)
        chat_fail(p, &j->turn, ERR_CREDENTIALS, false, "%s: no key: set %s", p->name, p->key_env[0] ? p->key_env : "key_env in providers.conf");
    else
        chat_fail(p, &j->turn, why, why == ERR_RATE_LIMITED, "%s: %s", p->name, reason);
    j->turn.retry_after_ms = wait_us >= 0 ? (wait_us + 999) / 1000 : -1;
    j->preset = true;
}

static struct http_handle submit(struct job *j, const char *key, const char *body, const struct chat_options *o) {
    struct provider *p = j->provider;
    char url[320], auth[4][512], type[] = "Content-Type: application/json";
    const char *list[PROVIDER_HEADERS_MAX + 6];
    int n = 0, own = p->protocol->headers(p, key, auth, 4);
    int timeout = o->timeout_ms > 0 ? o->timeout_ms : p->timeout_ms > 0 ? (int)p->timeout_ms : TIMEOUT_DEFAULT_MS;
    list[n++] = type;
    for (int i = 0; i < own; i++)
        list[n++] = auth[i];
    for (int i = 0; i < p->header_count; i++)
        list[n++] = p->headers[i];
    list[n] = NULL;
    snprintf(url, sizeof url, "%s%s", p->base_url, p->protocol->path);
    struct http_request r = {.method = "POST", .url = j->preset ? "" : url, .headers = list, .body = body, .body_len = strlen(body), .timeout_ms = timeout};
    if (j->streaming) {
        r.on_bytes = on_bytes;
        r.silence_ms = timeout < STREAM_SILENCE_MS ? 0 : STREAM_SILENCE_MS;
    }
    struct http_handle h = http_send(&r, on_done, j);
    explicit_bzero(auth, sizeof auth);
    return h;
}

struct http_handle chat_send(struct provider *p, const struct chat *c, const struct chat_options *o, chat_done_fn *done, void *ctx) {
    struct job *j = xcalloc(1, sizeof *j);
    int64_t wait_us = -1;
    enum err why = ERR_OK;
    j->provider = p;
    j->parts.provider = p;
    j->done = done;
    j->ctx = ctx;
    j->turn.retry_after_ms = -1;
    chat_set_text(&j->turn.text, "");
    chat_set_text(&j->turn.reasoning, "");
    j->streaming = p->stream && p->protocol->stream_event;
    if (j->streaming)
        j->sse = sse_new(HTTP_BODY_MAX, on_event, j);
    if (p->needs_key || p->key_count > 0) {
        j->key = key_pick(p, clock_mono_us(), &wait_us, &why);
        if (!j->key)
            no_key(j, why, wait_us); /* told on the next turn of the loop, by a request that is never made */
    }
    cJSON *doc = p->protocol->body(p, c, o);
    char *body = cJSON_PrintUnformatted(doc);
    j->handle = submit(j, j->key ? j->key->secret.p : "", body ? body : "", o);
    free(body);
    cJSON_Delete(doc);
    j->next = jobs;
    jobs = j;
    return j->handle;
}

void chat_cancel(struct http_handle h) {
    for (struct job *j = jobs; j; j = j->next)
        if (j->handle.index == h.index && j->handle.generation == h.generation) {
            http_cancel(h);
            job_unlink(j);
            job_free(j);
            return;
        }
}
