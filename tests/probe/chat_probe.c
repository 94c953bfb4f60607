/* Talks to a provider as the agents do and prints each turn as a line of JSON, for the tests in Python.
 * chat_probe DIR PROVIDER < request: {"model", "system", "user", "tools": [..], "steps": 1, "result": "{}", "timeout_ms", "max_tokens"}.
 * Up to `steps` requests: every call is answered with `result` and the conversation goes on. */
#include <cjson/cJSON.h>
#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "turret/agent/chat.h"
#include "turret/base/utf8.h"
#include "turret/io/loop.h"

struct probe { struct provider *provider; struct chat *chat; struct chat_options options; const cJSON *request; int steps; };

static const char *text_of(const cJSON *o, const char *key, const char *otherwise) {
    const char *s = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, key));
    return s ? s : otherwise;
}
static int number_of(const cJSON *o, const char *key, int otherwise) {
    const cJSON *n = cJSON_GetObjectItemCaseSensitive(o, key);
    return cJSON_IsNumber(n) ? n->valueint : otherwise;
}

static void print_turn(const struct provider *p, const char *model, const struct chat_turn *t) {
    static const char *const finishes[] = {"stop", "tools", "length", "filter", "refusal", "other"};
    cJSON *o = cJSON_CreateObject(), *calls, *usage;
    usd cost;
    cJSON_AddStringToObject(o, "err", err_name(t->err));
    cJSON_AddBoolToObject(o, "retry", t->retry);
    cJSON_AddNumberToObject(o, "retry_after_ms", (double)t->retry_after_ms);
    cJSON_AddNumberToObject(o, "status", t->status);
    cJSON_AddStringToObject(o, "finish", finishes[t->finish]);
    cJSON_AddStringToObject(o, "text", t->text);
    cJSON_AddStringToObject(o, "reasoning", t->reasoning);
    cJSON_AddStringToObject(o, "error", t->error);
    cJSON_AddStringToObject(o, "model", t->model);
    cJSON_AddStringToObject(o, "request_id", t->request_id);
    cJSON_AddItemToObject(o, "raw", t->raw ? cJSON_Duplicate(t->raw, true) : cJSON_CreateNull());
    calls = cJSON_AddArrayToObject(o, "calls");
    for (int i = 0; i < t->call_count; i++) {
        cJSON *c = cJSON_CreateObject();
        cJSON_AddStringToObject(c, "id", t->calls[i].id);
        cJSON_AddStringToObject(c, "name", t->calls[i].name);
        cJSON_AddStringToObject(c, "arguments", t->calls[i].arguments);
        cJSON_AddItemToArray(calls, c);
    }
    usage = cJSON_AddObjectToObject(o, "usage");
    cJSON_AddBoolToObject(usage, "known", t->usage.known);
    cJSON_AddNumberToObject(usage, "in", (double)t->usage.in);
    cJSON_AddNumberToObject(usage, "cached", (double)t->usage.cached);
    cJSON_AddNumberToObject(usage, "cache_write", (double)t->usage.cache_write);
    cJSON_AddNumberToObject(usage, "out", (double)t->usage.out);
    if (provider_cost(p, model, &t->usage, &cost))
        cJSON_AddNumberToObject(usage, "cost_micro", (double)cost.micro);
    char *line = cJSON_PrintUnformatted(o);
    puts(line);
    fflush(stdout);
    free(line);
    cJSON_Delete(o);
}

static void on_turn(void *ctx, struct chat_turn *t) {
    struct probe *b = ctx;
    print_turn(b->provider, b->options.model, t);
    b->steps--;
    if (t->err || t->call_count == 0 || b->steps <= 0) {
        ev_break(loop_get(), EVBREAK_ALL);
    } else {
        chat_assistant(b->chat, t);
        for (int i = 0; i < t->call_count; i++)
            chat_result(b->chat, t->calls[i].id, t->calls[i].name, text_of(b->request, "result", "{}"), false);
        if (text_of(b->request, "after", "")[0])
            chat_user(b->chat, text_of(b->request, "after", ""));
        chat_send(b->provider, b->chat, &b->options, on_turn, b);
    }
    chat_turn_free(t);
}

int main(int argc, char **argv) {
    static char in[1 << 20];
    char why[400];
    struct providers *all;
    if (argc != 3 || !fread(in, 1, sizeof in - 1, stdin))
        return 2;
    if (providers_load(argv[1], &all, why, sizeof why)) {
        fprintf(stderr, "%s\n", why);
        return 3;
    }
    cJSON *request = cJSON_Parse(in);
    struct probe b = {.provider = providers_find(all, argv[2]), .request = request, .steps = number_of(request, "steps", 1)};
    if (!b.provider || !request)
        return 2;
    b.options = (struct chat_options){.model = text_of(request, "model", "test"), .tools = cJSON_GetObjectItemCaseSensitive(request, "tools"),
                                      .timeout_ms = number_of(request, "timeout_ms", 10000), .max_tokens = number_of(request, "max_tokens", 0), .temperature = -1};
    b.chat = chat_new(text_of(request, "system", "You trade."));
    chat_user(b.chat, text_of(request, "user", "Trade."));
    chat_send(b.provider, b.chat, &b.options, on_turn, &b);
    ev_run(loop_get(), 0);
    chat_free(b.chat);
    http_close_all();
    providers_free(all);
    cJSON_Delete(request);
    return 0;
}
