/* What chat.c, the protocols and the table of providers share. Private to src/agent/chat*.c and providers*.c. */
#ifndef TURRET_AGENT_CHAT_PRIVATE_H
#define TURRET_AGENT_CHAT_PRIVATE_H

#include "turret/agent/chat.h"
#include "turret/base/json.h"
#include "turret/base/str.h"
#include "turret/io/rate.h"
#include "turret/io/secret.h"

#define PROVIDER_KEYS_MAX 24
#define PROVIDER_HEADERS_MAX 8
#define CHAT_DEPTH_SLACK 256
#define PARTS_MAX 64 /* blocks of one streamed answer */

enum message_kind { MESSAGE_USER, MESSAGE_ASSISTANT, MESSAGE_RESULT };
struct chat_message { enum message_kind kind; char *text; cJSON *raw; char id[96]; bool is_error; };
struct chat { char *system; struct chat_message *messages; size_t count, cap; };

enum choice { CHOICE_UNSET, CHOICE_NO, CHOICE_YES };
struct provider_key { struct secret secret; int64_t aside_until_us; enum err aside; struct rate rate; };
struct provider {
    char name[PROVIDER_NAME_MAX], base_url[192], key_env[64], key_file[192], max_tokens_field[32], tool_choice[16], reasoning_effort[16];
    char headers[PROVIDER_HEADERS_MAX][160];
    int header_count, key_count, next_key, line;
    const struct chat_protocol *protocol;
    int64_t max_tokens, timeout_ms, rate_per_minute;
    enum choice parallel_tool_calls; /* unset: not sent */
    bool needs_key, send_temperature, strict, stream, stream_usage, usage_cost, echo_extras, cache_prompt;
    struct provider_key keys[PROVIDER_KEYS_MAX];
    const struct price_table *prices;
};

/* Prices: rows of prices.conf, the user's first. Micro USD for a million tokens; -1 = not said (as input). */
struct price_row { char provider[PROVIDER_NAME_MAX], model[MODEL_REF_MAX]; int64_t from_us, in, cached, cache_write, out; };
struct price_table { struct price_row *rows; size_t count, cap; };
struct read_err;
enum err prices_read(struct price_table *t, const char *text, size_t n, struct read_err *e);

/* One call or block of an answer that comes in pieces. */
struct chat_part { int index; bool started; char kind[24]; struct str id, name, args, text, extra; cJSON *block; };
struct chat_parts {
    const struct provider *provider;
    struct chat_part part[PARTS_MAX];
    int count;
    struct str text, reasoning, refusal;
    cJSON *details, *usage;
    char finish[32], model[MODEL_REF_MAX], id[64];
    bool complete; /* the end was told */
    /* The answer as it would have come in one piece. */
    cJSON *(*whole)(struct chat_parts *parts);
};
/* The part with that index, made if need be; NULL when there are too many. */
struct chat_part *chat_part_add(struct chat_parts *parts, int index);

/* Ends a turn with an error: what it had is dropped. The text is sanitised and keys are blotted out. */
void chat_fail(const struct provider *p, struct chat_turn *t, enum err e, bool retry, const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* An error of the provider, by HTTP status (or the code inside of a 200) and its own words. */
void chat_fail_status(const struct provider *p, struct chat_turn *t, int status, const char *code, const char *message);
/* A tool call; false: the turn failed. */
bool chat_call_add(const struct provider *p, struct chat_turn *t, const char *id, const char *name, const char *arguments);
/* A finish that forbids calls (cut, filtered) drops them. */
void chat_calls_drop(struct chat_turn *t);
/* Parses the whole body of an answer: UTF-8, JSON, an object. NULL: the turn failed. */
cJSON *chat_document(const struct provider *p, int status, const char *body, size_t n, struct chat_turn *t);

/* Lenient readers of an answer: what is absent or of another type is "", 0 or NULL. Keys keep their case. */
const cJSON *chat_get(const cJSON *o, const char *key);
const char *chat_str(const cJSON *o, const char *key);
uint64_t chat_count(const cJSON *o, const char *key);
char *chat_text_of(const cJSON *content); /* string, null, or an array of parts with text; malloc'd */
/* Arguments as text: a string as it is, an object printed. malloc'd. */
char *chat_arguments(const cJSON *node);
void chat_set_text(char **dst, const char *text);

extern const struct chat_protocol chat_openai, chat_anthropic;

#endif
