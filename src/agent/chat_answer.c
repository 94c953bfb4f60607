/* What the protocols have in common when they read an answer: lenient readers, tool calls, and errors with their meaning. */
#include "chat_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "turret/base/mem.h"
#include "turret/base/utf8.h"

#define ANSWER_DEPTH_BYTES HTTP_BODY_MAX
#define KEY_PIECE 6 /* so many bytes in a row of a key are blotted out */

/* --- readers --- */

const cJSON *chat_get(const cJSON *o, const char *key) { return cJSON_IsObject(o) ? cJSON_GetObjectItemCaseSensitive(o, key) : NULL; }

const char *chat_str(const cJSON *o, const char *key) {
    const char *s = cJSON_GetStringValue(chat_get(o, key));
    return s ? s : "";
}

uint64_t chat_count(const cJSON *o, const char *key) {
    const cJSON *n = chat_get(o, key);
    return cJSON_IsNumber(n) && n->valuedouble >= 0 && n->valuedouble < 1e12 ? (uint64_t)n->valuedouble : 0;
}

char *chat_text_of(const cJSON *content) {
    struct str s = {0};
    str_add(&s, cJSON_IsString(content) ? content->valuestring : "");
    if (cJSON_IsArray(content)) {
        const cJSON *part;
        cJSON_ArrayForEach(part, content) {
            const char *text = cJSON_IsString(part) ? part->valuestring : chat_str(part, "text");
            str_add(&s, text);
        }
    }
    return s.p;
}

char *chat_arguments(const cJSON *node) {
    if (cJSON_IsString(node))
        return xstrdup(node->valuestring);
    if (!node || cJSON_IsNull(node))
        return xstrdup("");
    char *s = cJSON_PrintUnformatted(node), *copy = xstrdup(s ? s : "");
    free(s);
    return copy;
}

void chat_set_text(char **dst, const char *text) {
    free(*dst);
    *dst = xstrdup(text ? text : "");
}

/* --- errors --- */

void chat_turn_free(struct chat_turn *t) {
    for (int i = 0; i < t->call_count; i++)
        free(t->calls[i].arguments);
    free(t->text);
    free(t->reasoning);
    cJSON_Delete(t->raw);
    *t = (struct chat_turn){.retry_after_ms = -1};
}

void chat_calls_drop(struct chat_turn *t) {
    for (int i = 0; i < t->call_count; i++)
        free(t->calls[i].arguments);
    memset(t->calls, 0, sizeof t->calls);
    t->call_count = 0;
}

/* Blots out every piece of a key: providers like to quote the beginning and the end of a wrong one. */
static void redact(const struct provider *p, char *text) {
    size_t n = strlen(text);
    for (int k = 0; k < p->key_count; k++) {
        const char *key = p->keys[k].secret.p;
        size_t len = p->keys[k].secret.len, piece = len < KEY_PIECE ? len : KEY_PIECE;
        for (size_t i = 0; key && piece > 0 && i + piece <= n; i++)
            for (size_t j = 0; j + piece <= len; j++) {
                size_t same = 0;
                while (i + same < n && j + same < len && (text[i + same] == key[j + same]))
                    same++;
                if (same >= piece)
                    memset(text + i, '*', same);
            }
    }
}

void chat_fail(const struct provider *p, struct chat_turn *t, enum err e, bool retry, const char *fmt, ...) {
    char raw[1024];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(raw, sizeof raw, fmt, ap);
    va_end(ap);
    chat_calls_drop(t);
    cJSON_Delete(t->raw);
    t->raw = NULL;
    chat_set_text(&t->text, "");
    chat_set_text(&t->reasoning, "");
    t->err = e;
    t->retry = retry;
    t->finish = FINISH_OTHER;
    redact(p, raw);
    utf8_sanitise(t->error, sizeof t->error, raw, n < (int)sizeof raw ? (size_t)n : sizeof raw - 1);
}

static const struct meaning { int status; enum err err; bool retry; } meanings[] = {
    {400, ERR_PROVIDER, false}, {401, ERR_CREDENTIALS, false}, {402, ERR_BUDGET, false}, {403, ERR_CREDENTIALS, false},
    {404, ERR_PROVIDER, false}, {408, ERR_TIMEOUT, true},      {413, ERR_PROVIDER, false}, {422, ERR_PROVIDER, false},
    {425, ERR_PROVIDER, true},  {429, ERR_RATE_LIMITED, true}, {501, ERR_PROVIDER, false}, {505, ERR_PROVIDER, false},
};
/* Words that say more than the status. */
static const struct word { const char *code; int status; } words[] = {
    {"insufficient_quota", 402}, {"billing_hard_limit_reached", 402}, {"billing_error", 402}, {"authentication_error", 401}, {"invalid_api_key", 401},
    {"permission_error", 403}, {"rate_limit_error", 429}, {"rate_limit_exceeded", 429}, {"overloaded_error", 529}, {"timeout_error", 504},
    {"api_error", 500}, {"server_error", 500}, {"invalid_request_error", 400}, {"not_found_error", 404}, {"request_too_large", 413},
};

void chat_fail_status(const struct provider *p, struct chat_turn *t, int status, const char *code, const char *message) {
    int said = status;
    enum err e = ERR_PROVIDER;
    bool retry = status >= 500 || status < 300; /* an error in a 200 without a code had no effect either */
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcmp(code, words[i].code) && (status < 300 || (words[i].status == 402 && status == 429)))
            said = words[i].status;
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
        if (meanings[i].status == said) {
            e = meanings[i].err;
            retry = meanings[i].retry;
        }
    if (said >= 400 && said < 500 && e == ERR_PROVIDER && said != 425)
        retry = false;
    if (said == 402 && t->retry_after_ms >= 0) { /* a budget of requests in flight: it frees itself */
        e = ERR_RATE_LIMITED;
        retry = true;
    }
    if (strstr(message, "parse tool call")) /* llama.cpp: the same request gives the same again */
        retry = false;
    t->status = said > 0 ? said : status;
    chat_fail(p, t, e, retry, "%s: %d %s%s%s", p->name, t->status, code, code[0] && message[0] ? ": " : "", message[0] ? message : code[0] ? "" : "no reason given");
}

/* --- calls --- */

bool chat_call_add(const struct provider *p, struct chat_turn *t, const char *id, const char *name, const char *arguments) {
    if (t->call_count == CHAT_CALLS_MAX) {
        chat_fail(p, t, ERR_PROVIDER, false, "%s: more than %d tool calls in one answer", p->name, CHAT_CALLS_MAX);
        return false;
    }
    struct chat_call *c = &t->calls[t->call_count];
    if (strlen(id) >= sizeof c->id || strlen(name) >= sizeof c->name || !name[0]) {
        chat_fail(p, t, ERR_PROVIDER, true, "%s: a tool call without a usable id or name", p->name);
        return false;
    }
    if (strlen(arguments) > CHAT_ARGUMENTS_MAX) {
        chat_fail(p, t, ERR_PROVIDER, true, "%s: the arguments of a tool call are too long", p->name);
        return false;
    }
    str_copy(c->name, sizeof c->name, name);
    str_copy(c->id, sizeof c->id, id);
    bool taken = !id[0];
    for (int i = 0; i < t->call_count; i++)
        taken = taken || !strcmp(t->calls[i].id, id);
    for (int n = t->call_count; taken; n++) { /* results are matched by id: each call needs one of its own */
        snprintf(c->id, sizeof c->id, "call_%d", n + 1);
        taken = false;
        for (int i = 0; i < t->call_count; i++)
            taken = taken || !strcmp(t->calls[i].id, c->id);
    }
    c->arguments = xstrdup(arguments);
    t->call_count++;
    return true;
}

/* --- the document --- */

static bool utf8_valid(const char *s, size_t n) {
    for (size_t i = 0; i < n;) {
        int len;
        if ((unsigned char)s[i] < 0x80) {
            i++;
            continue;
        }
        if (utf8_decode(s + i, n - i, &len) == 0xFFFD && len == 1)
            return false;
        i += (size_t)len;
    }
    return true;
}

cJSON *chat_document(const struct provider *p, int status, const char *body, size_t n, struct chat_turn *t) {
    struct json_err err;
    cJSON *doc = NULL;
    size_t at = 0;
    t->status = status;
    while (at < n && strchr(" \t\r\n", body[at]))
        at++;
    if (utf8_valid(body, n) && json_parse(body, n, HTTP_BODY_MAX, &doc, &err) && cJSON_IsObject(doc))
        return doc;
    cJSON_Delete(doc);
    const char *what = at == n ? "an empty answer" : body[at] == '<' ? "HTML instead of an answer" : "the answer is no JSON that can be read";
    if (status >= 300)
        chat_fail_status(p, t, status, "", what);
    else
        chat_fail(p, t, ERR_PROVIDER, true, "%s: %s", p->name, what);
    return NULL;
}

struct chat_part *chat_part_add(struct chat_parts *parts, int index) {
    if (parts->count == PARTS_MAX)
        return NULL;
    struct chat_part *c = &parts->part[parts->count++];
    *c = (struct chat_part){.index = index};
    return c;
}
