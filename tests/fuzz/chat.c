/* Answers of language models, of both protocols, whole and as streams: whatever comes, a turn is either an error without calls or
 * one whose calls, text and message are sound, and it can go back into a conversation. */
#include "fuzz.h"

#include "agent/chat_private.h"
#include "turret/io/sse.h"

struct feed { const struct chat_protocol *protocol; struct chat_parts parts; struct chat_turn turn; };

static bool on_event(void *ctx, const struct sse_event *ev) {
    struct feed *f = ctx;
    return f->protocol->stream_event(&f->parts, ev->type, ev->data, ev->data_len, &f->turn);
}

static void check(const struct provider *p, struct chat_turn *t) {
    MUST(t->call_count >= 0 && t->call_count <= CHAT_CALLS_MAX && t->text && t->reasoning);
    for (const char *c = t->error; *c; c++)
        MUST((unsigned char)*c >= 0x20 && *c != 0x7f);
    MUST(!strstr(t->error, "fuzz-secret"));
    if (t->err) {
        MUST(t->call_count == 0 && !t->raw && t->error[0]);
        return;
    }
    MUST(t->raw);
    struct chat *c = chat_new("system");
    chat_user(c, "go");
    chat_assistant(c, t);
    for (int i = 0; i < t->call_count; i++) {
        MUST(t->calls[i].id[0] && t->calls[i].name[0] && strlen(t->calls[i].arguments) <= CHAT_ARGUMENTS_MAX);
        for (int k = 0; k < i; k++)
            MUST(strcmp(t->calls[i].id, t->calls[k].id) != 0);
        chat_result(c, t->calls[i].id, t->calls[i].name, "{}", false);
    }
    struct chat_options o = {.model = "m", .temperature = -1};
    cJSON *body = p->protocol->body(p, c, &o);
    MUST(body);
    cJSON_Delete(body);
    chat_free(c);
}

static struct feed *feed_new(const struct provider *p) {
    struct feed *f = calloc(1, sizeof *f);
    f->protocol = p->protocol;
    f->parts.provider = p;
    f->turn.retry_after_ms = -1;
    f->turn.text = strdup("");
    f->turn.reasoning = strdup("");
    return f;
}

static void feed_free(struct feed *f) {
    for (int i = 0; i < f->parts.count; i++) {
        struct chat_part *c = &f->parts.part[i];
        struct str *all[] = {&c->id, &c->name, &c->args, &c->text, &c->extra};
        for (size_t k = 0; k < sizeof all / sizeof *all; k++)
            str_free(all[k]);
        cJSON_Delete(c->block);
    }
    str_free(&f->parts.text);
    str_free(&f->parts.reasoning);
    str_free(&f->parts.refusal);
    cJSON_Delete(f->parts.details);
    cJSON_Delete(f->parts.usage);
    chat_turn_free(&f->turn);
    free(f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    if (len < 2)
        return 0;
    static struct provider p;
    char key[] = "fuzz-secret-key";
    p = (struct provider){.name = "fuzz", .protocol = data[0] & 1 ? &chat_anthropic : &chat_openai, .echo_extras = data[0] & 2, .usage_cost = true, .key_count = 1};
    p.keys[0].secret = (struct secret){key, sizeof key - 1};
    struct feed *f = feed_new(&p);
    if (data[0] & 4) {
        struct sse *s = sse_new(2048, on_event, f);
        sse_feed(s, (const char *)data + 2, len - 2);
        sse_free(s);
        if (!f->turn.err && f->parts.complete && f->parts.whole) {
            cJSON *doc = f->parts.whole(&f->parts);
            char *text = cJSON_PrintUnformatted(doc);
            MUST(text);
            p.protocol->parse(&p, 200, text, strlen(text), &f->turn);
            free(text);
            cJSON_Delete(doc);
            check(&p, &f->turn);
        }
    } else {
        static const int statuses[] = {200, 200, 200, 401, 402, 429, 500, 529};
        p.protocol->parse(&p, statuses[data[1] % 8], (const char *)data + 2, len - 2, &f->turn);
        check(&p, &f->turn);
    }
    feed_free(f);
    return 0;
}
