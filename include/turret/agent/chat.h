/* A conversation with a language model, and the protocols that carry it: one struct of operations a protocol, chosen by the provider's
 * row in providers.conf. What differs between servers of one protocol is data of that row. */
#ifndef TURRET_AGENT_CHAT_H
#define TURRET_AGENT_CHAT_H

#include <cjson/cJSON.h>

#include "turret/base/dec.h"
#include "turret/base/err.h"
#include "turret/io/http.h"
#include "turret/trade/model.h"

#define CHAT_CALLS_MAX 16       /* tool calls of one step; more is a provider error */
#define CHAT_ARGUMENTS_MAX 16384

struct chat_call { char id[96]; char name[64]; char *arguments; /* JSON text as given, "" possible; at most CHAT_ARGUMENTS_MAX */ };
struct chat_usage { uint64_t in /* all, cached included */, cached, cache_write, out, reasoning; bool known; usd cost; bool cost_known; };

/* What the model said. Freed with chat_turn_free. */
enum chat_finish { FINISH_STOP, FINISH_TOOLS, FINISH_LENGTH, FINISH_FILTER, FINISH_REFUSAL, FINISH_OTHER };
struct chat_turn {
    enum err err;            /* ERR_OK; ERR_CREDENTIALS, ERR_BUDGET (402), ERR_RATE_LIMITED, ERR_UNREACHABLE, ERR_TIMEOUT, ERR_PROVIDER ... */
    bool retry;              /* the request may be sent again: it had no effect */
    int64_t retry_after_ms;  /* the provider's wish, -1 = none */
    int status;
    enum chat_finish finish;
    char *text, *reasoning;  /* "" not NULL; foreign bytes, not sanitised yet */
    struct chat_call calls[CHAT_CALLS_MAX];
    int call_count;
    cJSON *raw;              /* the assistant's message as it goes back into the conversation, unchanged */
    struct chat_usage usage;
    char model[MODEL_REF_MAX], request_id[64]; /* as the server says */
    int64_t latency_us;
    char error[160];         /* sanitised, no secrets */
};
void chat_turn_free(struct chat_turn *t);

/* The conversation: system prompt, then messages. It only grows. */
struct chat;
struct chat *chat_new(const char *system);
void chat_free(struct chat *c);
void chat_user(struct chat *c, const char *text);
void chat_assistant(struct chat *c, const struct chat_turn *t);
/* One result for every call of the last assistant turn, errors too. */
void chat_result(struct chat *c, const char *call_id, const char *name, const char *content, bool is_error);

struct provider;
struct chat_options {
    const char *model;       /* the provider's name of it */
    const cJSON *tools;      /* array of {name, description, parameters (JSON schema)}; NULL = none */
    int timeout_ms;          /* 0 = 120 s */
    int max_tokens;          /* 0 = the provider's default */
    double temperature;      /* < 0: not sent */
};
typedef void chat_done_fn(void *ctx, struct chat_turn *t); /* the callee takes t's content over and frees it */
/* One request, no retry. Keys go round robin. Never calls back before it returns. */
struct http_handle chat_send(struct provider *p, const struct chat *c, const struct chat_options *o, chat_done_fn *done, void *ctx);
void chat_cancel(struct http_handle h);

/* --- providers: rows of providers.conf --- */
struct providers;
/* The built-in table (agents/providers.conf) with the user's `dir`/providers.conf and prices.conf over it (sections by name). ERR_CONFIG
 * with "file:line: what" in text. Keys come from key_env variables (NAME, NAME1, NAME2 ...; read once, then unset) and key_file. */
enum err providers_load(const char *dir, struct providers **out, char *text, size_t cap);
void providers_free(struct providers *p);
struct provider *providers_find(struct providers *p, const char *name);
int providers_count(const struct providers *p);
struct provider *providers_at(struct providers *p, int i);
const char *provider_name(const struct provider *p);
int provider_keys(const struct provider *p);
bool provider_needs_key(const struct provider *p);
const char *provider_base_url(const struct provider *p);
/* Cost of a call by the price table; false: unknown. */
bool provider_cost(const struct provider *p, const char *model, const struct chat_usage *u, usd *out);

/* --- the port of a protocol --- */
struct chat_parts; /* private: src/agent/chat_private.h */
struct chat_protocol {
    const char *name, *path; /* "openai", "/chat/completions" */
    /* The request's JSON body. */
    cJSON *(*body)(const struct provider *p, const struct chat *c, const struct chat_options *o);
    int (*headers)(const struct provider *p, const char *key, char (*out)[512], int max);
    /* A whole answer of status 200 .. 599 to a turn. */
    void (*parse)(const struct provider *p, int status, const char *body, size_t n, struct chat_turn *out);
    /* Streaming: one event into the turn under construction; false = the stream is complete (or broken: out->err). NULL = can't. */
    bool (*stream_event)(struct chat_parts *parts, const char *type, const char *data, size_t n, struct chat_turn *out);
};
extern const struct chat_protocol *const chat_protocols[]; /* NULL-terminated */

#endif
