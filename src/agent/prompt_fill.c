/* {{NAME}} in a text: known or not, and what stands for it. Values are never looked through again, so no foreign text can fill one. */
#include <string.h>

#include "agent/prompt_parts.h"

struct row { const char *name; void (*put)(const struct prompt_ctx *, struct str *); const char *limit, *off; bool fixed; };

static const struct row rows[] = {
#define X(NAME, help) {#NAME, put_##NAME, NULL, NULL, false},
    PLACEHOLDERS(X)
#undef X
#define X(NAME, key, off, help) {#NAME, NULL, key, off, true},
    FIXED_PLACEHOLDERS(X)
#undef X
#define X(NAME, help) {#NAME, put_##NAME, NULL, NULL, true},
    FIXED_TEXTS(X)
#undef X
};
enum { ROWS = sizeof rows / sizeof *rows };

const struct placeholder placeholder_table[] = {
#define X(NAME, help) {#NAME, help},
    PLACEHOLDERS(X)
#undef X
#define X(NAME, key, off, help) {#NAME, help},
    FIXED_PLACEHOLDERS(X)
#undef X
#define X(NAME, help) {#NAME, help},
    FIXED_TEXTS(X)
#undef X
    {NULL, NULL},
};

static const struct row *row_of(const char *name, size_t n) {
    for (int i = 0; i < ROWS; i++)
        if (strlen(rows[i].name) == n && memcmp(rows[i].name, name, n) == 0)
            return &rows[i];
    return NULL;
}

/* The next "{{" of `*at`: *name and *n are what is between the braces. False: none, or it isn't closed on its line (*n = 0 then). */
static bool next_braces(const char **at, const char **name, size_t *n) {
    const char *open = strstr(*at, "{{");
    if (!open)
        return false;
    const char *end = open + 2 + strcspn(open + 2, "}\n");
    *at = open;
    *name = open + 2;
    *n = end[0] == '}' && end[1] == '}' ? (size_t)(end - open - 2) : 0;
    return true;
}

static int lines_between(const char *from, const char *to) {
    int n = 0;
    for (; from < to; from++)
        n += *from == '\n';
    return n;
}

static enum err unknown(const char *name, size_t n, int line, struct read_err *e) {
    char word[40];
    const char *names[ROWS];
    str_copy(word, n + 1 < sizeof word ? n + 1 : sizeof word, name);
    for (int i = 0; i < ROWS; i++)
        names[i] = rows[i].name;
    const char *near = str_closest(word, names, ROWS);
    return read_fail(e, line, "unknown placeholder %s%s%s%s", word, near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
}

enum err template_check(const char *text, int line, bool only_static, struct read_err *e) {
    const char *from = text, *at = text, *name;
    size_t n;
    while (next_braces(&at, &name, &n)) {
        line += lines_between(from, at);
        from = at;
        if (n == 0)
            return read_fail(e, line, "'{{' without a name and '}}'");
        const struct row *r = row_of(name, n);
        if (!r)
            return unknown(name, n, line, e);
        if (only_static && !r->fixed)
            return read_fail(e, line, "%s changes from run to run: it belongs into prompt.md", r->name);
        at = name + n + 2;
    }
    return ERR_OK;
}

enum err template_fill(const char *text, int line, const struct prompt_ctx *c, struct str *out, struct read_err *e) {
    const char *from = text, *at = text, *name;
    size_t n;
    while (next_braces(&at, &name, &n)) {
        line += lines_between(from, at);
        str_add_n(out, from, (size_t)(at - from));
        const struct row *r = row_of(name, n);
        if (n == 0 || !r)
            return unknown(name, n, line, e);
        size_t before = out->len;
        if (r->put)
            r->put(c, out);
        else
            limit_words(&c->m->limits, r->limit, r->off, out);
        if (out->len == before)
            return read_fail(e, line, "placeholder %s has no value", r->name);
        from = at = name + n + 2;
    }
    str_add(out, from);
    return ERR_OK;
}
