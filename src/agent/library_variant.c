/* A variant file: an INI head of name, colour and limits, a line "---", and the system prompt. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "agent/library.h"
#include "turret/base/mem.h"
#include "turret/io/inifile.h"
#include "turret/trade/risk.h"

struct head { struct variant *v; struct read_err *e; uint64_t seen; };

static int variant_key(struct head *h, const char *name, const char *value, int line) {
    struct variant *v = h->v;
    if (strcmp(name, "name") == 0) {
        if (*value == '\0' || strlen(value) >= sizeof v->name)
            return read_fail(h->e, line, "a name has 1 to %zu letters", sizeof v->name - 1), 0;
        str_copy(v->name, sizeof v->name, value);
    } else if (strcmp(name, "title") == 0) {
        if (strlen(value) >= sizeof v->title)
            return read_fail(h->e, line, "a title has at most %zu bytes", sizeof v->title - 1), 0;
        str_copy(v->title, sizeof v->title, value);
    } else if (strcmp(name, "colour") == 0) {
        const char *hex = *value == '#' ? value + 1 : value;
        if (strlen(hex) != 6 || strspn(hex, "0123456789abcdefABCDEF") != 6)
            return read_fail(h->e, line, "colour: six hexadecimal digits, as in a855f7"), 0;
        str_copy(v->colour, sizeof v->colour, hex);
    } else {
        return read_fail(h->e, line, "unknown key %.40s (name, title, colour)", name), 0;
    }
    return 1;
}

static int limit_key(struct head *h, const char *name, const char *value, int line) {
    int n;
    const struct risk_limit_info *t = agent_limit_table(&n);
    const char *keys[64];
    for (int i = 0; i < n && i < 64; i++) {
        keys[i] = t[i].key;
        if (strcmp(name, t[i].key) != 0)
            continue;
        if (h->seen & (1ull << i))
            return read_fail(h->e, line, "%s is given twice", t[i].key), 0;
        h->seen |= 1ull << i;
        int64_t x;
        if (!conf_limit(&t[i], value, &x))
            return read_fail(h->e, line, "%s = %.40s: not a value of %s (%s)", t[i].key, value, t[i].unit, t[i].help), 0;
        memcpy((char *)&h->v->limits + t[i].offset, &x, sizeof x);
        return 1;
    }
    const char *near = str_closest(name, keys, n < 64 ? n : 64);
    return read_fail(h->e, line, "unknown limit %.40s%s%s%s", name, near ? " (did you mean " : "", near ? near : "", near ? "?)" : ""), 0;
}

static int on_key(void *user, const char *section, const char *name, const char *value, int line) {
    struct head *h = user;
    if (strcmp(section, "variant") == 0)
        return variant_key(h, name, value, line);
    if (strcmp(section, "limits") == 0)
        return limit_key(h, name, value, line);
    return read_fail(h->e, line, "unknown section [%.40s] (variant, limits)", section), 0;
}

/* Bytes of the head; *text_at gets where the prompt begins and *line its line. False: there is no "---". */
static bool split(const char *text, size_t n, size_t *head, size_t *text_at, int *line) {
    int at_line = 1;
    for (size_t at = 0; at < n; at_line++) {
        const char *nl = memchr(text + at, '\n', n - at);
        size_t end = nl ? (size_t)(nl - text) : n, len = end - at;
        while (len > 0 && isspace((unsigned char)text[at + len - 1]))
            len--;
        if (len == 3 && memcmp(text + at, "---", 3) == 0) {
            *head = at;
            *text_at = nl ? end + 1 : n;
            *line = at_line + 1;
            return true;
        }
        at = end + 1;
    }
    *line = at_line > 1 ? at_line - 1 : 1;
    return false;
}

static char *without_cr(const char *text, size_t n) {
    char *out = xmalloc(n + 1);
    size_t len = 0;
    for (size_t i = 0; i < n; i++)
        if (text[i] != '\r' && text[i] != '\0')
            out[len++] = text[i];
    while (len > 0 && isspace((unsigned char)out[len - 1]))
        len--;
    out[len] = '\0';
    return out;
}

/* What is wrong with the head as a whole. */
static enum err head_check(const struct variant *v, const char *stem, struct read_err *e) {
    const struct agent_limits *l = &v->limits;
    if (!v->name[0])
        return read_fail(e, 1, "[variant] name is missing");
    if (!str_eq_nocase(v->name, stem))
        return read_fail(e, 1, "name is %s, the file is %.40s.md: they must be the same", v->name, stem);
    if (l->min_confidence > 100 || l->full_confidence > 100)
        return read_fail(e, 1, "a confidence is at most 100");
    return ERR_OK;
}

enum err variant_read(const char *file, const char *stem, const char *text, size_t n, struct variant *out, struct read_err *e) {
    struct head h = {.v = out, .e = e};
    size_t head = 0, at = 0;
    int line = 1;
    *out = (struct variant){.title = "", .colour = "a0a0a0"};
    str_copy(e->file, sizeof e->file, file);
    str_copy(out->file, sizeof out->file, file);
    agent_limits_default(&out->limits);
    if (!split(text, n, &head, &at, &line))
        return read_fail(e, line, "no line '---' between the head and the prompt");
    if (lines_check(text, head, e))
        return ERR_CONFIG;
    int bad = inifile_parse(text, head, on_key, &h);
    if (bad || e->set)
        return read_fail(e, bad ? bad : 1, "not a line of 'key = value' or '[section]'");
    if (head_check(out, stem, e))
        return ERR_CONFIG;
    if (!out->title[0])
        str_copy(out->title, sizeof out->title, out->name);
    out->system = without_cr(text + at, n - at);
    out->system_line = line;
    if (out->system[0] == '\0')
        return read_fail(e, line, "there is no prompt after '---'");
    return template_check(out->system, line, true, e);
}

void variant_clear(struct variant *v) {
    free(v->system);
    v->system = NULL;
}
