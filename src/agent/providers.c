/* providers.conf: one section a provider, one row of `keys` a setting. The user's file comes second: what a section of it says counts, what
 * it leaves out stays; a section of a new name is a new provider. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/library.h"
#include "chat_private.h"
#include "turret/base/embed.h"
#include "turret/base/mem.h"
#include "turret/io/inifile.h"
#include "turret/io/loop.h"

#define PROVIDERS_MAX 48

struct providers { struct provider *list[PROVIDERS_MAX]; int count; struct price_table prices; };
struct reading { struct providers *all; struct read_err *e; };

/* --- settings --- */

static bool text_into(char *dst, size_t cap, const char *v) {
    if (strlen(v) >= cap)
        return false;
    str_copy(dst, cap, v);
    return true;
}

static bool set_protocol(struct provider *p, const char *v) {
    for (const struct chat_protocol *const *c = chat_protocols; *c; c++)
        if (!strcmp((*c)->name, v))
            p->protocol = *c;
    return p->protocol && !strcmp(p->protocol->name, v);
}
static bool set_base_url(struct provider *p, const char *v) {
    size_t n = strlen(v);
    while (n > 0 && v[n - 1] == '/')
        n--;
    if (n == 0 || n >= sizeof p->base_url || http_url_check(v))
        return false;
    memcpy(p->base_url, v, n);
    p->base_url[n] = '\0';
    return true;
}
static bool set_key_env(struct provider *p, const char *v) {
    for (const char *s = v; *s; s++)
        if (!isupper((unsigned char)*s) && !isdigit((unsigned char)*s) && *s != '_')
            return false;
    return text_into(p->key_env, sizeof p->key_env - 2, v);
}
static bool set_key_file(struct provider *p, const char *v) { return text_into(p->key_file, sizeof p->key_file, v); }
static bool set_needs_key(struct provider *p, const char *v) { return conf_flag(v, &p->needs_key); }
static bool set_header(struct provider *p, const char *v) {
    return strchr(v, ':') && p->header_count < PROVIDER_HEADERS_MAX && text_into(p->headers[p->header_count++], sizeof p->headers[0], v);
}
static bool set_max_field(struct provider *p, const char *v) { return text_into(p->max_tokens_field, sizeof p->max_tokens_field, v); }
static bool set_max_tokens(struct provider *p, const char *v) { return conf_count(v, "", &p->max_tokens) && p->max_tokens <= 1000000; }
static bool set_temperature(struct provider *p, const char *v) { return conf_flag(v, &p->send_temperature); }
static bool set_parallel(struct provider *p, const char *v) {
    bool on = false;
    if (*v && !conf_flag(v, &on))
        return false;
    p->parallel_tool_calls = !*v ? CHOICE_UNSET : on ? CHOICE_YES : CHOICE_NO;
    return true;
}
static bool set_strict(struct provider *p, const char *v) { return conf_flag(v, &p->strict); }
static bool set_stream(struct provider *p, const char *v) { return conf_flag(v, &p->stream); }
static bool set_stream_usage(struct provider *p, const char *v) { return conf_flag(v, &p->stream_usage); }
static bool set_tool_choice(struct provider *p, const char *v) {
    return (!*v || !strcmp(v, "auto") || !strcmp(v, "required")) && text_into(p->tool_choice, sizeof p->tool_choice, v);
}
static bool set_effort(struct provider *p, const char *v) { return text_into(p->reasoning_effort, sizeof p->reasoning_effort, v); }
static bool set_usage_cost(struct provider *p, const char *v) { return conf_flag(v, &p->usage_cost); }
static bool set_echo(struct provider *p, const char *v) { return conf_flag(v, &p->echo_extras); }
static bool set_cache(struct provider *p, const char *v) { return conf_flag(v, &p->cache_prompt); }
static bool set_timeout(struct provider *p, const char *v) { return conf_duration_ms(v, &p->timeout_ms) && p->timeout_ms > 0 && p->timeout_ms <= 3600000; }
static bool set_rate(struct provider *p, const char *v) { return conf_count(v, "", &p->rate_per_minute) && p->rate_per_minute <= 100000; }

static const struct setting { const char *name; bool (*set)(struct provider *p, const char *v); const char *what; } settings[] = {
    {"protocol", set_protocol, "openai or anthropic"},
    {"base_url", set_base_url, "https://..., or http to this machine"},
    {"key_env", set_key_env, "the name of an environment variable: upper case, digits, _"},
    {"key_file", set_key_file, "a file of mode 0600, one key a line"},
    {"needs_key", set_needs_key, "yes or no"},
    {"header", set_header, "Name: value, at most eight of them"},
    {"max_tokens_field", set_max_field, "max_tokens, max_completion_tokens, or nothing: not sent"},
    {"max_tokens", set_max_tokens, "a number up to 1000000; 0 = not sent"},
    {"send_temperature", set_temperature, "yes or no"},
    {"parallel_tool_calls", set_parallel, "yes, no, or nothing: not sent"},
    {"strict", set_strict, "yes or no"},
    {"stream", set_stream, "yes or no"},
    {"stream_usage", set_stream_usage, "yes or no"},
    {"tool_choice", set_tool_choice, "auto, required, or nothing: not sent"},
    {"reasoning_effort", set_effort, "low, medium, high, or nothing: not sent"},
    {"usage_cost", set_usage_cost, "yes or no"},
    {"echo_extras", set_echo, "yes or no"},
    {"cache_prompt", set_cache, "yes or no"},
    {"timeout", set_timeout, "a duration up to 1h"},
    {"rate", set_rate, "requests a minute of one key; 0 = no limit"},
};

/* --- the file --- */

static bool name_good(const char *s) {
    size_t n = strlen(s);
    if (n == 0 || n >= PROVIDER_NAME_MAX || str_eq_nocase(s, "builtin"))
        return false;
    for (; *s; s++)
        if (!isalnum((unsigned char)*s) && !strchr("-_.", *s))
            return false;
    return true;
}

static struct provider *provider_named(struct providers *all, const char *name, int line) {
    struct provider *p = providers_find(all, name);
    if (p || all->count == PROVIDERS_MAX)
        return p;
    p = xcalloc(1, sizeof *p);
    str_copy(p->name, sizeof p->name, name);
    str_copy(p->max_tokens_field, sizeof p->max_tokens_field, "max_tokens");
    p->needs_key = p->send_temperature = p->stream_usage = p->echo_extras = true;
    p->line = line;
    p->prices = &all->prices;
    return all->list[all->count++] = p;
}

static int on_value(void *user, const char *section, const char *name, const char *value, int line) {
    struct reading *r = user;
    if (!name_good(section))
        return read_fail(r->e, line, "[%s]: a provider's name has letters, digits, - _ . and is not builtin", section), 0;
    struct provider *p = provider_named(r->all, section, line);
    if (!p)
        return read_fail(r->e, line, "more than %d providers", PROVIDERS_MAX), 0;
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        if (!strcmp(settings[i].name, name))
            return settings[i].set(p, value) || (read_fail(r->e, line, "%s: expected %s", name, settings[i].what), 0);
    return read_fail(r->e, line, "there is no setting %s", name), 0;
}

static enum err providers_read(struct providers *all, const char *text, size_t n, struct read_err *e) {
    struct reading r = {all, e};
    if (lines_check(text, n, e))
        return ERR_CONFIG;
    int bad = inifile_parse(text, n, on_value, &r);
    if (bad)
        return read_fail(e, bad, "can't be read");
    for (int i = 0; i < all->count; i++) {
        const struct provider *p = all->list[i];
        if (!p->protocol || !p->base_url[0])
            return read_fail(e, p->line, "[%s] has no %s", p->name, p->protocol ? "base_url" : "protocol");
    }
    return ERR_OK;
}

typedef enum err read_fn(struct providers *all, const char *text, size_t n, struct read_err *e);
static enum err prices_into(struct providers *all, const char *text, size_t n, struct read_err *e) { return prices_read(&all->prices, text, n, e); }

static enum err read_embedded(struct providers *all, const char *name, read_fn *fn, struct read_err *e) {
    for (const struct embed *f = embed_table; f->name; f++)
        if (!strcmp(f->name, name)) {
            str_copy(e->file, sizeof e->file, name);
            return fn(all, f->data, (size_t)(f->end - f->data), e);
        }
    return ERR_OK;
}

static enum err read_users(struct providers *all, const char *dir, const char *name, read_fn *fn, struct read_err *e) {
    char path[400];
    size_t n;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    str_copy(e->file, sizeof e->file, path);
    char *text = inifile_slurp(path, &n);
    if (!text)
        return errno == ENOENT || errno == ENOTDIR ? ERR_OK : read_fail(e, 1, "can't be read: %s", strerror(errno));
    enum err r = fn(all, text, n, e);
    free(text);
    return r;
}

/* --- keys --- */

static void key_add(struct provider *p, const char *key, size_t n) {
    while (n > 0 && isspace((unsigned char)key[n - 1]))
        n--;
    while (n > 0 && isspace((unsigned char)*key))
        key++, n--;
    if (n == 0 || n > 480 || p->key_count == PROVIDER_KEYS_MAX)
        return;
    struct provider_key *k = &p->keys[p->key_count++];
    *k = (struct provider_key){0};
    secret_new(&k->secret, n);
    memcpy(k->secret.p, key, n);
    rate_init(&k->rate, p->rate_per_minute, 60000000, p->rate_per_minute);
}

/* NAME, NAME1 .. NAME9: read once, then gone from the environment. Two providers may name the same variable: the copy serves both. */
static void keys_from_env(struct providers *all, struct provider *p, int at) {
    char name[80];
    for (int i = -1; i < 10 && p->key_env[0]; i++) {
        snprintf(name, sizeof name, i < 0 ? "%s" : "%s%d", p->key_env, i);
        char *v = getenv(name);
        if (!v)
            continue;
        for (int k = at; k < all->count; k++)
            if (!strcmp(all->list[k]->key_env, p->key_env))
                key_add(all->list[k], v, strlen(v));
        explicit_bzero(v, strlen(v));
        unsetenv(name);
    }
}

/* The file's name is looked up as every secret's is: the service manager's credentials first, then its folder. */
static enum err keys_from_file(struct provider *p, const char *dir, struct read_err *e) {
    char folder[400], name[128], why[160] = "";
    const char *slash = strrchr(p->key_file, '/');
    struct secret s;
    if (slash && p->key_file[0] == '/')
        snprintf(folder, sizeof folder, "%.*s", (int)(slash - p->key_file), p->key_file);
    else if (slash)
        snprintf(folder, sizeof folder, "%s/%.*s", dir ? dir : "", (int)(slash - p->key_file), p->key_file);
    else
        snprintf(folder, sizeof folder, "%s", dir ? dir : "");
    if (p->key_file[0])
        str_copy(name, sizeof name, slash ? slash + 1 : p->key_file);
    else
        snprintf(name, sizeof name, "%s-key", p->name);
    enum err r = secret_read(folder, name, &s, why, sizeof why);
    if (r == ERR_NOT_FOUND)
        return ERR_OK;
    if (r)
        return read_fail(e, p->line, "[%s]: %s", p->name, why);
    for (const char *at = s.p; *at;) {
        size_t n = strcspn(at, "\r\n");
        key_add(p, at, n);
        at += n + (at[n] != '\0');
    }
    secret_free(&s);
    return ERR_OK;
}

/* --- the port --- */

enum err providers_load(const char *dir, struct providers **out, char *text, size_t cap) {
    struct providers *all = xcalloc(1, sizeof *all);
    struct read_err e = {.text = text, .cap = cap};
    if (cap > 0)
        text[0] = '\0';
    *out = NULL;
    enum err r = ERR_OK;
    if (dir)
        r = read_users(all, dir, "prices.conf", prices_into, &e);
    if (!r)
        r = read_embedded(all, "agents/prices.conf", prices_into, &e);
    if (!r)
        r = read_embedded(all, "agents/providers.conf", providers_read, &e);
    if (!r && dir)
        r = read_users(all, dir, "providers.conf", providers_read, &e);
    str_copy(e.file, sizeof e.file, "providers.conf");
    for (int i = 0; i < all->count && !r; i++) {
        keys_from_env(all, all->list[i], i);
        r = keys_from_file(all->list[i], dir, &e);
    }
    if (r) {
        providers_free(all);
        return ERR_CONFIG;
    }
    *out = all;
    return ERR_OK;
}

void providers_free(struct providers *all) {
    if (!all)
        return;
    for (int i = 0; i < all->count; i++) {
        for (int k = 0; k < all->list[i]->key_count; k++)
            secret_free(&all->list[i]->keys[k].secret);
        free(all->list[i]);
    }
    free(all->prices.rows);
    free(all);
}

struct provider *providers_find(struct providers *all, const char *name) {
    for (int i = 0; i < all->count; i++)
        if (str_eq_nocase(all->list[i]->name, name))
            return all->list[i];
    return NULL;
}

int providers_count(const struct providers *all) { return all->count; }
struct provider *providers_at(struct providers *all, int i) { return i >= 0 && i < all->count ? all->list[i] : NULL; }
const char *provider_name(const struct provider *p) { return p->name; }
int provider_keys(const struct provider *p) { return p->key_count; }
bool provider_needs_key(const struct provider *p) { return p->needs_key; }
const char *provider_base_url(const struct provider *p) { return p->base_url; }
