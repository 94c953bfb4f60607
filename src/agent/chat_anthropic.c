/* The Anthropic Messages protocol: content in blocks, arguments as objects, results first in the next user turn. Blocks go back as they
 * came, thinking with its signature too. */
#include "chat_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "turret/base/mem.h"

enum { MAX_TOKENS_DEFAULT = 4096 }; /* the protocol wants a number */

/* --- the request --- */

static void mark_cached(cJSON *block) { cJSON_AddStringToObject(cJSON_AddObjectToObject(block, "cache_control"), "type", "ephemeral"); }

static cJSON *text_block(const char *text) {
    cJSON *b = cJSON_CreateObject();
    cJSON_AddStringToObject(b, "type", "text");
    cJSON_AddStringToObject(b, "text", text);
    return b;
}

static cJSON *tools_of(const struct provider *p, const cJSON *tools) {
    cJSON *list = cJSON_CreateArray(), *row = NULL;
    const cJSON *tool;
    cJSON_ArrayForEach(tool, tools) {
        row = cJSON_CreateObject();
        cJSON_AddStringToObject(row, "name", chat_str(tool, "name"));
        cJSON_AddStringToObject(row, "description", chat_str(tool, "description"));
        cJSON_AddItemToObject(row, "input_schema", cJSON_Duplicate(chat_get(tool, "parameters"), true));
        cJSON_AddItemToArray(list, row);
    }
    if (row && p->cache_prompt)
        mark_cached(row); /* tools and system are the same in every run */
    return list;
}

static cJSON *result_block(const struct chat_message *m) {
    cJSON *b = cJSON_CreateObject();
    cJSON_AddStringToObject(b, "type", "tool_result");
    cJSON_AddStringToObject(b, "tool_use_id", m->id);
    cJSON_AddStringToObject(b, "content", m->text);
    if (m->is_error)
        cJSON_AddTrueToObject(b, "is_error");
    return b;
}

/* User texts and results between two assistant turns are one message; results come first. */
static cJSON *user_turn(const struct chat *c, size_t from, size_t to) {
    cJSON *m = cJSON_CreateObject(), *content;
    cJSON_AddStringToObject(m, "role", "user");
    content = cJSON_AddArrayToObject(m, "content");
    for (size_t i = from; i < to; i++)
        if (c->messages[i].kind == MESSAGE_RESULT)
            cJSON_AddItemToArray(content, result_block(&c->messages[i]));
    for (size_t i = from; i < to; i++)
        if (c->messages[i].kind == MESSAGE_USER)
            cJSON_AddItemToArray(content, text_block(c->messages[i].text));
    return m;
}

static void add_messages(const struct chat *c, cJSON *list) {
    for (size_t i = 0; i < c->count;) {
        size_t to = i;
        if (c->messages[i].kind == MESSAGE_ASSISTANT) {
            cJSON_AddItemToArray(list, cJSON_Duplicate(c->messages[i++].raw, true));
            continue;
        }
        while (to < c->count && c->messages[to].kind != MESSAGE_ASSISTANT)
            to++;
        cJSON_AddItemToArray(list, user_turn(c, i, to));
        i = to;
    }
}

static cJSON *body(const struct provider *p, const struct chat *c, const struct chat_options *o) {
    cJSON *b = cJSON_CreateObject();
    int64_t max = o->max_tokens > 0 ? o->max_tokens : p->max_tokens > 0 ? p->max_tokens : MAX_TOKENS_DEFAULT;
    cJSON_AddStringToObject(b, "model", o->model);
    cJSON_AddNumberToObject(b, "max_tokens", (double)max);
    if (c->system[0]) {
        cJSON *block = text_block(c->system);
        if (p->cache_prompt)
            mark_cached(block);
        cJSON_AddItemToArray(cJSON_AddArrayToObject(b, "system"), block);
    }
    add_messages(c, cJSON_AddArrayToObject(b, "messages"));
    if (cJSON_GetArraySize(o->tools) > 0) {
        cJSON_AddItemToObject(b, "tools", tools_of(p, o->tools));
        if (p->tool_choice[0] || p->parallel_tool_calls) {
            cJSON *choice = cJSON_AddObjectToObject(b, "tool_choice");
            cJSON_AddStringToObject(choice, "type", !strcmp(p->tool_choice, "required") ? "any" : p->tool_choice[0] ? p->tool_choice : "auto");
            if (p->parallel_tool_calls)
                cJSON_AddBoolToObject(choice, "disable_parallel_tool_use", p->parallel_tool_calls == CHOICE_NO);
        }
    }
    if (o->temperature >= 0 && p->send_temperature)
        cJSON_AddNumberToObject(b, "temperature", o->temperature);
    if (p->stream)
        cJSON_AddTrueToObject(b, "stream");
    return b;
}

static int headers(const struct provider *p, const char *key, char (*out)[512], int max) {
    (void)p;
    if (max < 2)
        return 0;
    snprintf(out[0], 512, "anthropic-version: 2023-06-01");
    if (!key[0])
        return 1;
    snprintf(out[1], 512, "x-api-key: %.480s", key);
    return 2;
}

/* --- the answer --- */

static void fail_error(const struct provider *p, int status, const cJSON *error, struct chat_turn *t) {
    const char *text = cJSON_IsString(error) ? error->valuestring : chat_str(error, "message");
    chat_fail_status(p, t, status, chat_str(error, "type"), text);
}

/* Counts of the cache stand beside input_tokens here; ours has them all in `in`. */
static void usage_of(const cJSON *u, struct chat_usage *out) {
    if (!cJSON_IsNumber(chat_get(u, "input_tokens")) || !cJSON_IsNumber(chat_get(u, "output_tokens")))
        return;
    out->known = true;
    out->cached = chat_count(u, "cache_read_input_tokens");
    out->cache_write = chat_count(u, "cache_creation_input_tokens");
    out->in = chat_count(u, "input_tokens") + out->cached + out->cache_write;
    out->out = chat_count(u, "output_tokens");
}

static enum chat_finish finish_of(const char *reason, int calls) {
    static const struct { const char *reason; enum chat_finish finish; } names[] = {
        {"max_tokens", FINISH_LENGTH}, {"model_context_window_exceeded", FINISH_LENGTH}, {"refusal", FINISH_REFUSAL}, {"pause_turn", FINISH_OTHER}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(reason, names[i].reason))
            return names[i].finish;
    return calls > 0 ? FINISH_TOOLS : FINISH_STOP;
}

static void block_call(const struct provider *p, cJSON *block, struct chat_turn *t) {
    const cJSON *input = chat_get(block, "input");
    char *args = chat_arguments(input);
    if (chat_call_add(p, t, chat_str(block, "id"), chat_str(block, "name"), args)) {
        const char *id = t->calls[t->call_count - 1].id;
        if (strcmp(chat_str(block, "id"), id) != 0) {
            cJSON_DeleteItemFromObjectCaseSensitive(block, "id");
            cJSON_AddStringToObject(block, "id", id);
        }
        if (!cJSON_IsObject(input)) { /* malformed: the model is told, but the request's grammar wants an object */
            cJSON_DeleteItemFromObjectCaseSensitive(block, "input");
            cJSON_AddObjectToObject(block, "input");
        }
    }
    free(args);
}

static void drop_calls(struct chat_turn *t, cJSON *content) {
    chat_calls_drop(t);
    for (int i = cJSON_GetArraySize(content) - 1; i >= 0; i--)
        if (!strcmp(chat_str(cJSON_GetArrayItem(content, i), "type"), "tool_use"))
            cJSON_DeleteItemFromArray(content, i);
}

static void take(const struct provider *p, int status, const cJSON *doc, struct chat_turn *t) {
    const cJSON *error = chat_get(doc, "error");
    str_copy(t->model, sizeof t->model, chat_str(doc, "model"));
    str_copy(t->request_id, sizeof t->request_id, chat_str(doc, chat_str(doc, "request_id")[0] ? "request_id" : "id"));
    usage_of(chat_get(doc, "usage"), &t->usage);
    if ((error && !cJSON_IsNull(error)) || status >= 300) {
        fail_error(p, status, error, t);
        return;
    }
    if (!cJSON_IsArray(chat_get(doc, "content"))) {
        chat_fail(p, t, ERR_PROVIDER, true, "%s: an answer without content", p->name);
        return;
    }
    struct str text = {0}, thinking = {0};
    cJSON *content = cJSON_Duplicate(chat_get(doc, "content"), true), *block;
    t->raw = cJSON_CreateObject();
    cJSON_AddStringToObject(t->raw, "role", "assistant");
    cJSON_AddItemToObject(t->raw, "content", content);
    cJSON_ArrayForEach(block, content) {
        const char *type = chat_str(block, "type");
        if (!strcmp(type, "text"))
            str_add(&text, chat_str(block, "text"));
        else if (!strcmp(type, "thinking"))
            str_add(&thinking, chat_str(block, "thinking"));
        else if (!strcmp(type, "tool_use"))
            block_call(p, block, t);
        if (t->err)
            break;
    }
    if (!t->err) {
        chat_set_text(&t->text, text.p);
        chat_set_text(&t->reasoning, thinking.p);
        t->finish = finish_of(chat_str(doc, "stop_reason"), t->call_count);
        if (t->finish == FINISH_LENGTH || t->finish == FINISH_REFUSAL)
            drop_calls(t, content);
    }
    str_free(&text);
    str_free(&thinking);
}

static void parse(const struct provider *p, int status, const char *text, size_t n, struct chat_turn *t) {
    cJSON *doc = chat_document(p, status, text, n, t);
    if (doc)
        take(p, status, doc, t);
    cJSON_Delete(doc);
}

/* --- the stream --- */

static struct chat_part *part_at(struct chat_parts *s, const cJSON *doc) {
    const cJSON *index = chat_get(doc, "index");
    for (int i = s->count - 1; i >= 0; i--)
        if (!cJSON_IsNumber(index) || s->part[i].index == index->valueint)
            return &s->part[i];
    return NULL;
}

static bool on_start(struct chat_parts *s, const cJSON *doc, struct chat_turn *t) {
    const cJSON *block = chat_get(doc, "content_block"), *index = chat_get(doc, "index");
    struct chat_part *c = chat_part_add(s, cJSON_IsNumber(index) ? index->valueint : s->count);
    if (!c) {
        chat_fail(s->provider, t, ERR_PROVIDER, false, "%s: too many blocks in one answer", s->provider->name);
        return false;
    }
    c->block = cJSON_Duplicate(block, true);
    str_add(&c->text, chat_str(block, chat_str(block, "thinking")[0] ? "thinking" : "text"));
    return true;
}

static void on_delta(struct chat_part *c, const cJSON *d) {
    if (!c)
        return;
    str_add(&c->text, chat_str(d, "text"));
    str_add(&c->text, chat_str(d, "thinking"));
    str_add(&c->args, chat_str(d, "partial_json"));
    str_add(&c->extra, chat_str(d, "signature"));
}

static void merge_usage(struct chat_parts *s, const cJSON *u) {
    const cJSON *row;
    if (!s->usage)
        s->usage = cJSON_CreateObject();
    cJSON_ArrayForEach(row, u) {
        if (cJSON_IsNull(row) || !row->string)
            continue;
        cJSON_DeleteItemFromObjectCaseSensitive(s->usage, row->string);
        cJSON_AddItemToObject(s->usage, row->string, cJSON_Duplicate(row, true));
    }
}

static void set(cJSON *o, const char *key, cJSON *value) {
    cJSON_DeleteItemFromObjectCaseSensitive(o, key);
    cJSON_AddItemToObject(o, key, value);
}

/* Arguments that are no JSON object stay text, which parse hands on as they are. */
static cJSON *input_of(const struct str *args) {
    struct json_err err;
    cJSON *doc = NULL;
    if (!args->len)
        return cJSON_CreateObject();
    if (json_parse(args->p, args->len, CHAT_ARGUMENTS_MAX, &doc, &err) && cJSON_IsObject(doc))
        return doc;
    cJSON_Delete(doc);
    return cJSON_CreateString(args->p);
}

static cJSON *whole(struct chat_parts *s) {
    cJSON *doc = cJSON_CreateObject(), *content = cJSON_AddArrayToObject(doc, "content");
    cJSON_AddStringToObject(doc, "model", s->model);
    cJSON_AddStringToObject(doc, "id", s->id);
    cJSON_AddStringToObject(doc, "stop_reason", s->finish);
    if (s->usage)
        cJSON_AddItemToObject(doc, "usage", cJSON_Duplicate(s->usage, true));
    for (int i = 0; i < s->count; i++) {
        struct chat_part *c = &s->part[i];
        cJSON *block = cJSON_IsObject(c->block) ? cJSON_Duplicate(c->block, true) : cJSON_CreateObject();
        const char *type = chat_str(block, "type");
        if (!strcmp(type, "text") || !strcmp(type, "thinking"))
            set(block, type, cJSON_CreateString(c->text.p ? c->text.p : ""));
        if (c->extra.len)
            set(block, "signature", cJSON_CreateString(c->extra.p));
        if (!strcmp(type, "tool_use") && (c->args.len || !chat_get(block, "input")))
            set(block, "input", input_of(&c->args));
        cJSON_AddItemToArray(content, block);
    }
    return doc;
}

static bool stream_event(struct chat_parts *s, const char *type, const char *data, size_t n, struct chat_turn *t) {
    s->whole = whole;
    cJSON *doc = chat_document(s->provider, 200, data, n, t);
    if (!doc)
        return false;
    bool go_on = true;
    if (chat_str(doc, "type")[0])
        type = chat_str(doc, "type");
    if (!strcmp(type, "error")) {
        fail_error(s->provider, 200, chat_get(doc, "error"), t);
        go_on = false;
    } else if (!strcmp(type, "message_start")) {
        const cJSON *m = chat_get(doc, "message");
        str_copy(s->model, sizeof s->model, chat_str(m, "model"));
        str_copy(s->id, sizeof s->id, chat_str(m, "id"));
        merge_usage(s, chat_get(m, "usage"));
    } else if (!strcmp(type, "content_block_start")) {
        go_on = on_start(s, doc, t);
    } else if (!strcmp(type, "content_block_delta")) {
        on_delta(part_at(s, doc), chat_get(doc, "delta"));
    } else if (!strcmp(type, "message_delta")) {
        str_copy(s->finish, sizeof s->finish, chat_str(chat_get(doc, "delta"), "stop_reason"));
        merge_usage(s, chat_get(doc, "usage"));
    } else if (!strcmp(type, "message_stop")) {
        s->complete = s->finish[0] != '\0';
        go_on = false;
    }
    cJSON_Delete(doc);
    return go_on;
}

const struct chat_protocol chat_anthropic = {"anthropic", "/v1/messages", body, headers, parse, stream_event};
