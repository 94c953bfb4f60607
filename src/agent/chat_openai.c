/* The OpenAI-compatible protocol, as many servers speak it: what differs between them is in the provider's row, what they get wrong
 * (no index, whole calls in a stream, arguments as an object, a finish that does not fit) is read all the same. */
#include "chat_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "turret/base/mem.h"

/* --- the request --- */

static cJSON *tools_of(const struct provider *p, const cJSON *tools) {
    cJSON *list = cJSON_CreateArray();
    const cJSON *tool;
    cJSON_ArrayForEach(tool, tools) {
        cJSON *row = cJSON_CreateObject(), *f = cJSON_Duplicate(tool, true);
        if (p->strict)
            cJSON_AddTrueToObject(f, "strict");
        cJSON_AddStringToObject(row, "type", "function");
        cJSON_AddItemToObject(row, "function", f);
        cJSON_AddItemToArray(list, row);
    }
    return list;
}

static cJSON *message(const char *role, const char *content) {
    cJSON *m = cJSON_CreateObject();
    cJSON_AddStringToObject(m, "role", role);
    cJSON_AddStringToObject(m, "content", content);
    return m;
}

static cJSON *body(const struct provider *p, const struct chat *c, const struct chat_options *o) {
    cJSON *b = cJSON_CreateObject(), *list;
    int64_t max = o->max_tokens > 0 ? o->max_tokens : p->max_tokens;
    cJSON_AddStringToObject(b, "model", o->model);
    list = cJSON_AddArrayToObject(b, "messages");
    if (c->system[0])
        cJSON_AddItemToArray(list, message("system", c->system));
    for (size_t i = 0; i < c->count; i++) {
        const struct chat_message *m = &c->messages[i];
        cJSON *row = m->kind == MESSAGE_ASSISTANT ? cJSON_Duplicate(m->raw, true) : message(m->kind == MESSAGE_USER ? "user" : "tool", m->text);
        if (m->kind == MESSAGE_RESULT)
            cJSON_AddStringToObject(row, "tool_call_id", m->id);
        cJSON_AddItemToArray(list, row);
    }
    if (cJSON_GetArraySize(o->tools) > 0) {
        cJSON_AddItemToObject(b, "tools", tools_of(p, o->tools));
        if (p->tool_choice[0])
            cJSON_AddStringToObject(b, "tool_choice", p->tool_choice);
        if (p->parallel_tool_calls)
            cJSON_AddBoolToObject(b, "parallel_tool_calls", p->parallel_tool_calls == CHOICE_YES);
    }
    if (max > 0 && p->max_tokens_field[0])
        cJSON_AddNumberToObject(b, p->max_tokens_field, (double)max);
    if (o->temperature >= 0 && p->send_temperature)
        cJSON_AddNumberToObject(b, "temperature", o->temperature);
    if (p->reasoning_effort[0])
        cJSON_AddStringToObject(b, "reasoning_effort", p->reasoning_effort);
    if (p->usage_cost)
        cJSON_AddTrueToObject(cJSON_AddObjectToObject(b, "usage"), "include");
    if (p->stream) {
        cJSON_AddTrueToObject(b, "stream");
        if (p->stream_usage)
            cJSON_AddTrueToObject(cJSON_AddObjectToObject(b, "stream_options"), "include_usage");
    }
    return b;
}

static int headers(const struct provider *p, const char *key, char (*out)[512], int max) {
    (void)p;
    if (max < 1 || !key[0])
        return 0;
    snprintf(out[0], 512, "Authorization: Bearer %.480s", key);
    return 1;
}

/* --- the answer --- */

static void usage_of(const struct provider *p, const cJSON *u, struct chat_usage *out) {
    const cJSON *in = chat_get(u, "prompt_tokens"), *cost = chat_get(u, "cost");
    if (!cJSON_IsNumber(in))
        return;
    out->known = true;
    out->in = chat_count(u, "prompt_tokens");
    out->out = chat_count(u, "completion_tokens");
    out->cached = chat_count(chat_get(u, "prompt_tokens_details"), "cached_tokens");
    if (!out->cached)
        out->cached = chat_count(u, "prompt_cache_hit_tokens");
    out->reasoning = chat_count(chat_get(u, "completion_tokens_details"), "reasoning_tokens");
    if (out->cached > out->in)
        out->cached = out->in;
    if (p->usage_cost && cJSON_IsNumber(cost) && cost->valuedouble >= 0 && cost->valuedouble < 1e6) {
        out->cost_known = true;
        double micro = cost->valuedouble * 1e6;
        out->cost = USD((int64_t)micro + (micro > (double)(int64_t)micro)); /* never less than was taken */
    }
}

static void fail_error(const struct provider *p, int status, const cJSON *error, struct chat_turn *t) {
    const cJSON *code = chat_get(error, "code");
    const char *text = cJSON_IsString(error) ? error->valuestring : chat_str(error, "message");
    const char *word = cJSON_IsString(code) ? code->valuestring : chat_str(error, "type");
    if (cJSON_IsNumber(code) && status < 300 && code->valuedouble >= 400 && code->valuedouble < 600) {
        status = (int)code->valuedouble;
        word = "";
    }
    chat_fail_status(p, t, status, word, text);
}

/* Ids that were missing or given twice are set in the message too, so that results find their calls. */
static bool calls_of(const struct provider *p, const cJSON *msg, struct chat_turn *t) {
    const cJSON *list = chat_get(msg, "tool_calls"), *call;
    cJSON *raw = cJSON_GetObjectItemCaseSensitive(t->raw, "tool_calls");
    int i = 0;
    cJSON_ArrayForEach(call, list) {
        const cJSON *f = chat_get(call, "function");
        char *args = chat_arguments(chat_get(f, "arguments"));
        bool ok = chat_call_add(p, t, chat_str(call, "id"), chat_str(f, "name"), args);
        free(args);
        if (!ok)
            return false;
        cJSON *own = cJSON_GetArrayItem(raw, i), *own_f = cJSON_GetObjectItemCaseSensitive(own, "function");
        if (strcmp(chat_str(call, "id"), t->calls[i].id) != 0) {
            cJSON_DeleteItemFromObjectCaseSensitive(own, "id");
            cJSON_AddStringToObject(own, "id", t->calls[i].id);
        }
        if (!cJSON_IsString(chat_get(f, "arguments"))) { /* the request's grammar wants text */
            cJSON_DeleteItemFromObjectCaseSensitive(own_f, "arguments");
            cJSON_AddStringToObject(own_f, "arguments", t->calls[i].arguments);
        }
        if (!chat_get(own, "type"))
            cJSON_AddStringToObject(own, "type", "function");
        i++;
    }
    return true;
}

static cJSON *echo_of(const struct provider *p, const cJSON *msg) {
    static const char *const plain[] = {"role", "content", "tool_calls"};
    if (p->echo_extras) {
        cJSON *m = cJSON_Duplicate(msg, true);
        if (!chat_get(m, "role"))
            cJSON_AddStringToObject(m, "role", "assistant");
        return m;
    }
    cJSON *m = cJSON_CreateObject();
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (chat_get(msg, plain[i]))
            cJSON_AddItemToObject(m, plain[i], cJSON_Duplicate(chat_get(msg, plain[i]), true));
    if (!chat_get(m, "role"))
        cJSON_AddStringToObject(m, "role", "assistant");
    return m;
}

static char *reasoning_of(const cJSON *msg) {
    const char *r = chat_str(msg, "reasoning_content");
    if (!r[0])
        r = chat_str(msg, "reasoning");
    return r[0] ? xstrdup(r) : chat_text_of(chat_get(msg, "reasoning_details"));
}

static enum chat_finish finish_of(const char *reason, int calls) {
    static const struct { const char *reason; enum chat_finish finish; } names[] = {
        {"length", FINISH_LENGTH}, {"content_filter", FINISH_FILTER}, {"refusal", FINISH_REFUSAL}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(reason, names[i].reason))
            return names[i].finish;
    if (calls > 0) /* some servers say "stop" all the same */
        return FINISH_TOOLS;
    return !strcmp(reason, "stop") || !reason[0] ? FINISH_STOP : FINISH_OTHER;
}

static void take(const struct provider *p, int status, const cJSON *doc, struct chat_turn *t) {
    const cJSON *error = chat_get(doc, "error"), *choice = cJSON_GetArrayItem(chat_get(doc, "choices"), 0), *msg = chat_get(choice, "message");
    str_copy(t->model, sizeof t->model, chat_str(doc, "model"));
    str_copy(t->request_id, sizeof t->request_id, chat_str(doc, "id"));
    usage_of(p, chat_get(doc, "usage"), &t->usage);
    if (!error || cJSON_IsNull(error))
        error = chat_get(choice, "error");
    if ((error && !cJSON_IsNull(error)) || status >= 300) {
        const char *detail = cJSON_IsString(chat_get(doc, "detail")) ? chat_str(doc, "detail") : chat_str(doc, "message");
        if (error && !cJSON_IsNull(error))
            fail_error(p, status, error, t);
        else
            chat_fail_status(p, t, status, "", detail);
        return;
    }
    if (!cJSON_IsObject(msg)) {
        chat_fail(p, t, ERR_PROVIDER, true, "%s: an answer without a message", p->name);
        return;
    }
    const char *reason = chat_str(choice, "finish_reason"), *refusal = chat_str(msg, "refusal");
    if (!strcmp(reason, "error")) {
        chat_fail(p, t, ERR_PROVIDER, true, "%s: the model broke off", p->name);
        return;
    }
    t->raw = echo_of(p, msg);
    if (!calls_of(p, msg, t))
        return;
    free(t->text);
    t->text = refusal[0] ? xstrdup(refusal) : chat_text_of(chat_get(msg, "content"));
    free(t->reasoning);
    t->reasoning = reasoning_of(msg);
    t->finish = refusal[0] ? FINISH_REFUSAL : finish_of(reason, t->call_count);
    if (t->finish == FINISH_LENGTH || t->finish == FINISH_FILTER || t->finish == FINISH_REFUSAL) { /* a cut call is no call */
        chat_calls_drop(t);
        cJSON_DeleteItemFromObjectCaseSensitive(t->raw, "tool_calls");
    }
}

static void parse(const struct provider *p, int status, const char *text, size_t n, struct chat_turn *t) {
    cJSON *doc = chat_document(p, status, text, n, t);
    if (doc)
        take(p, status, doc, t);
    cJSON_Delete(doc);
}

/* --- the stream --- */

/* The call a piece belongs to: by its index; without one by its id; with neither it goes on with the last. */
static struct chat_part *part_for(struct chat_parts *s, const cJSON *d) {
    const cJSON *index = chat_get(d, "index");
    const char *id = chat_str(d, "id"), *name = chat_str(chat_get(d, "function"), "name");
    bool given = cJSON_IsNumber(index);
    struct chat_part *found = NULL;
    for (int i = s->count - 1; i >= 0 && !found; i--) {
        struct chat_part *c = &s->part[i];
        bool same_id = id[0] && c->id.len && !strcmp(c->id.p, id);
        if (given ? c->index == index->valueint : id[0] ? same_id : !name[0])
            found = c;
    }
    if (found && given && id[0] && found->id.len && strcmp(found->id.p, id) != 0 && name[0])
        found = NULL; /* another call under an index that was used */
    if (found && !given && name[0] && found->name.len && found->args.len && strcmp(found->name.p, name) != 0)
        found = NULL;
    return found ? found : chat_part_add(s, given ? index->valueint : s->count);
}

static bool stream_calls(struct chat_parts *s, const cJSON *list, struct chat_turn *t) {
    const cJSON *d;
    cJSON_ArrayForEach(d, list) {
        struct chat_part *c = part_for(s, d);
        const cJSON *f = chat_get(d, "function");
        const char *id = chat_str(d, "id"), *name = chat_str(f, "name");
        if (!c || s->count > CHAT_CALLS_MAX) {
            chat_fail(s->provider, t, ERR_PROVIDER, false, "%s: more than %d tool calls in one answer", s->provider->name, CHAT_CALLS_MAX);
            return false;
        }
        if (!c->id.len)
            str_add(&c->id, id);
        if (!c->name.len || (strcmp(c->name.p, name) != 0 && !c->args.len)) /* some repeat the name in every piece */
            str_add(&c->name, name);
        char *args = chat_arguments(chat_get(f, "arguments"));
        str_add(&c->args, args);
        free(args);
    }
    return true;
}

static void stream_delta(struct chat_parts *s, const cJSON *delta) {
    char *text = chat_text_of(chat_get(delta, "content"));
    const char *reasoning = chat_str(delta, "reasoning_content");
    const cJSON *detail, *details = chat_get(delta, "reasoning_details");
    str_add(&s->text, text);
    free(text);
    str_add(&s->reasoning, reasoning[0] ? reasoning : chat_str(delta, "reasoning"));
    str_add(&s->refusal, chat_str(delta, "refusal"));
    if (!s->details && cJSON_GetArraySize(details) > 0)
        s->details = cJSON_CreateArray();
    cJSON_ArrayForEach(detail, details)
        cJSON_AddItemToArray(s->details, cJSON_Duplicate(detail, true));
}

static cJSON *whole(struct chat_parts *s) {
    cJSON *doc = cJSON_CreateObject(), *choices = cJSON_AddArrayToObject(doc, "choices"), *choice = cJSON_CreateObject(), *msg;
    cJSON_AddItemToArray(choices, choice);
    msg = cJSON_AddObjectToObject(choice, "message");
    cJSON_AddStringToObject(doc, "model", s->model);
    cJSON_AddStringToObject(doc, "id", s->id);
    cJSON_AddStringToObject(choice, "finish_reason", s->finish);
    cJSON_AddStringToObject(msg, "role", "assistant");
    if (s->text.len || s->count == 0)
        cJSON_AddStringToObject(msg, "content", s->text.len ? s->text.p : "");
    else
        cJSON_AddNullToObject(msg, "content");
    if (s->reasoning.len)
        cJSON_AddStringToObject(msg, "reasoning_content", s->reasoning.p);
    if (s->refusal.len)
        cJSON_AddStringToObject(msg, "refusal", s->refusal.p);
    if (s->details)
        cJSON_AddItemToObject(msg, "reasoning_details", cJSON_Duplicate(s->details, true));
    if (s->usage)
        cJSON_AddItemToObject(doc, "usage", cJSON_Duplicate(s->usage, true));
    cJSON *calls = s->count ? cJSON_AddArrayToObject(msg, "tool_calls") : NULL;
    for (int i = 0; i < s->count; i++) {
        cJSON *call = cJSON_CreateObject(), *f;
        cJSON_AddStringToObject(call, "id", s->part[i].id.p ? s->part[i].id.p : "");
        cJSON_AddStringToObject(call, "type", "function");
        f = cJSON_AddObjectToObject(call, "function");
        cJSON_AddStringToObject(f, "name", s->part[i].name.p ? s->part[i].name.p : "");
        cJSON_AddStringToObject(f, "arguments", s->part[i].args.p ? s->part[i].args.p : "");
        cJSON_AddItemToArray(calls, call);
    }
    return doc;
}

static bool stream_event(struct chat_parts *s, const char *type, const char *data, size_t n, struct chat_turn *t) {
    (void)type;
    s->whole = whole;
    if (n >= 6 && !strncmp(data, "[DONE]", 6)) {
        s->complete = s->complete || s->finish[0];
        return false;
    }
    cJSON *doc = chat_document(s->provider, 200, data, n, t);
    bool ok = doc != NULL;
    const cJSON *error = chat_get(doc, "error"), *choice = cJSON_GetArrayItem(chat_get(doc, "choices"), 0), *delta = chat_get(choice, "delta");
    if (error && !cJSON_IsNull(error)) {
        fail_error(s->provider, 200, error, t);
        ok = false;
    }
    if (ok && chat_str(doc, "model")[0])
        str_copy(s->model, sizeof s->model, chat_str(doc, "model"));
    if (ok && chat_str(doc, "id")[0])
        str_copy(s->id, sizeof s->id, chat_str(doc, "id"));
    if (ok && cJSON_IsObject(chat_get(doc, "usage"))) {
        cJSON_Delete(s->usage);
        s->usage = cJSON_Duplicate(chat_get(doc, "usage"), true);
    }
    if (ok && delta) {
        stream_delta(s, delta);
        ok = stream_calls(s, chat_get(delta, "tool_calls"), t);
    }
    if (ok && chat_str(choice, "finish_reason")[0]) {
        str_copy(s->finish, sizeof s->finish, chat_str(choice, "finish_reason"));
        s->complete = true;
    }
    cJSON_Delete(doc);
    return ok;
}

const struct chat_protocol chat_openai = {"openai", "/chat/completions", body, headers, parse, stream_event};
