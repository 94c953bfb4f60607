/* Themes from INI text: palette names and role texts are collected along the chain of bases first and resolved last, so
 * that a theme which changes only a palette colour changes every role that uses it. */
#include "turret/ui/theme.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "turret/base/embed.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/base/utf8.h"
#include "turret/io/inifile.h"

enum { PALETTE_MAX = 48, WORD_MAX = 32, VALUE_MAX = 96, DEPTH_LIMIT = 6, PATH_BYTES = 512 };

static const char *const role_names[ROLE_COUNT] = {
#define X(n, k) [ROLE_##n] = k,
    ROLE_TABLE(X)
#undef X
};
static const char *const colour_names[16] = {"black", "red", "green", "yellow", "blue", "magenta", "cyan", "white",
    "bright-black", "bright-red", "bright-green", "bright-yellow", "bright-blue", "bright-magenta", "bright-cyan", "bright-white"};
static const struct { const char *name; enum theme_attr attr; } attr_names[] = {
    {"bold", ATTR_BOLD}, {"dim", ATTR_DIM}, {"underline", ATTR_UNDERLINE}, {"reverse", ATTR_REVERSE}, {"italic", ATTR_ITALIC}};
enum { ATTR_NAMES = sizeof attr_names / sizeof *attr_names };

struct where { char file[96]; int line; };
struct parse {
    struct { char name[WORD_MAX]; struct theme_colour colour; } palette[PALETTE_MAX];
    int palette_count, depth;
    char role[ROLE_COUNT][VALUE_MAX];
    struct where role_at[ROLE_COUNT], at;
    char name[THEME_NAME_MAX], base[THEME_NAME_MAX];
    bool light, ascii_graph, scan, failed;
    char *text;
    size_t cap;
};

const char *role_name(enum role r) { return role_names[r]; }

static int fail(struct parse *p, const struct where *at, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static int fail(struct parse *p, const struct where *at, const char *fmt, ...) {
    char what[200];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    utf8_sanitise(what, sizeof what, what, strlen(what)); /* it quotes the file */
    if (!p->failed)
        snprintf(p->text, p->cap, "%s:%d: %s", at->file, at->line, what);
    p->failed = true;
    return 0;
}

static int fail_word(struct parse *p, const struct where *at, const char *kind, const char *word, const char *const *all, int n) {
    const char *near = str_closest(word, all, n);
    return near ? fail(p, at, "no %s \"%s\", did you mean \"%s\"?", kind, word, near) : fail(p, at, "no %s \"%s\"", kind, word);
}

/* "#rrggbb", 0..255, a name of the 16, or "default"; adds to *c. */
static bool colour_word(const char *word, struct theme_colour *c) {
    char *end = NULL;
    if (word[0] == '#') {
        unsigned long v = strtoul(word + 1, &end, 16);
        c->rgb = (int32_t)(v & 0xffffff);
        return strlen(word) == 7 && *end == '\0';
    }
    if (word[0] >= '0' && word[0] <= '9') {
        unsigned long v = strtoul(word, &end, 10);
        c->c256 = (int16_t)(v & 255);
        return v < 256 && *end == '\0';
    }
    for (int i = 0; i < 16; i++) {
        if (strcmp(word, colour_names[i]) == 0) {
            c->c16 = (int16_t)i;
            return true;
        }
    }
    return strcmp(word, "default") == 0;
}

static int add_palette(struct parse *p, const char *name, const char *value) {
    struct theme_colour c = {-1, -1, -1};
    char buf[VALUE_MAX], *save = NULL;
    str_copy(buf, sizeof buf, value);
    for (char *w = strtok_r(buf, ", \t", &save); w; w = strtok_r(NULL, ", \t", &save))
        if (!colour_word(w, &c))
            return fail_word(p, &p->at, "colour", w, colour_names, 16);
    int i = 0;
    while (i < p->palette_count && strcmp(p->palette[i].name, name) != 0)
        i++;
    if (i == PALETTE_MAX || strlen(name) >= WORD_MAX)
        return fail(p, &p->at, "too many palette colours, or too long a name");
    str_copy(p->palette[i].name, WORD_MAX, name);
    p->palette[i].colour = c;
    if (i == p->palette_count)
        p->palette_count++;
    return 1;
}

static int add_role(struct parse *p, const char *name, const char *value) {
    for (int r = 0; r < ROLE_COUNT; r++) {
        if (strcmp(role_names[r], name) != 0)
            continue;
        if (strlen(value) >= VALUE_MAX)
            return fail(p, &p->at, "too long a value");
        str_copy(p->role[r], VALUE_MAX, value);
        p->role_at[r] = p->at;
        return 1;
    }
    return fail_word(p, &p->at, "role", name, role_names, ROLE_COUNT);
}

static int add_head(struct parse *p, const char *name, const char *value) {
    static const char *const keys[] = {"name", "base", "variant", "graph"};
    if (strcmp(name, "name") == 0)
        str_copy(p->name, sizeof p->name, value);
    else if (strcmp(name, "base") == 0)
        str_copy(p->base, sizeof p->base, value);
    else if (strcmp(name, "variant") == 0)
        p->light = strcmp(value, "light") == 0;
    else if (strcmp(name, "graph") == 0)
        p->ascii_graph = strcmp(value, "ascii") == 0;
    else
        return fail_word(p, &p->at, "key", name, keys, 4);
    return 1;
}

static int on_line(void *user, const char *section, const char *name, const char *value, int line) {
    static const char *const sections[] = {"palette", "role"};
    struct parse *p = user;
    p->at.line = line;
    if (p->scan)
        return *section || strcmp(name, "base") != 0 ? 1 : add_head(p, name, value);
    if (!*section)
        return add_head(p, name, value);
    if (strcmp(section, "palette") == 0)
        return add_palette(p, name, value);
    if (strcmp(section, "role") == 0)
        return add_role(p, name, value);
    return fail_word(p, &p->at, "section", section, sections, 2);
}

static const struct theme_colour *find_colour(struct parse *p, const char *word, struct theme_colour *own) {
    for (int i = 0; i < p->palette_count; i++)
        if (strcmp(p->palette[i].name, word) == 0)
            return &p->palette[i].colour;
    *own = (struct theme_colour){-1, -1, -1};
    return colour_word(word, own) ? own : NULL;
}

/* "FG [on BG] [+bold ...]" */
static void resolve(struct parse *p, enum role r, struct theme_role *out) {
    char buf[VALUE_MAX], *save = NULL;
    bool bg = false;
    *out = (struct theme_role){{-1, -1, -1}, {-1, -1, -1}, 0, 1};
    str_copy(buf, sizeof buf, p->role[r]);
    for (char *w = strtok_r(buf, " \t", &save); w; w = strtok_r(NULL, " \t", &save)) {
        if (strcmp(w, "on") == 0) {
            bg = true;
        } else if (w[0] == '+') {
            int i = 0;
            while (i < ATTR_NAMES && strcmp(attr_names[i].name, w + 1) != 0)
                i++;
            if (i == ATTR_NAMES) {
                fail(p, &p->role_at[r], "no attribute \"%s\" (bold dim underline reverse italic)", w);
                return;
            }
            out->attrs |= (uint8_t)attr_names[i].attr;
        } else {
            struct theme_colour own;
            const struct theme_colour *c = find_colour(p, w, &own);
            const char *all[PALETTE_MAX + 16];
            int n = 0;
            for (; n < p->palette_count; n++)
                all[n] = p->palette[n].name;
            for (int i = 0; i < 16; i++)
                all[n++] = colour_names[i];
            if (!c) {
                fail_word(p, &p->role_at[r], "colour", w, all, n);
                return;
            }
            *(bg ? &out->bg : &out->fg) = *c;
        }
    }
}

const char *theme_name_at(int i) {
    static char name[THEME_NAME_MAX];
    for (const struct embed *e = embed_table; e->name; e++) {
        if (strncmp(e->name, "themes/", 7) != 0 || i-- > 0)
            continue;
        str_copy(name, sizeof name, e->name + 7);
        char *dot = strrchr(name, '.');
        if (dot)
            *dot = '\0';
        return name;
    }
    return NULL;
}

/* The text of a theme: a path, the user's folder, compiled in. malloc'd; where.file gets its name. */
static char *find_text(const char *name, bool builtin_only, size_t *n, char file[96]) {
    const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    char path[PATH_BYTES] = "";
    if (strchr(name, '/'))
        str_copy(path, sizeof path, name);
    else if (xdg && *xdg)
        snprintf(path, sizeof path, "%s/turret/themes/%s.ini", xdg, name);
    else if (home && *home)
        snprintf(path, sizeof path, "%s/.config/turret/themes/%s.ini", home, name);
    char *text = !builtin_only && *path ? inifile_slurp(path, n) : NULL;
    if (text || strchr(name, '/')) {
        str_copy(file, 96, path);
        return text;
    }
    char want[THEME_NAME_MAX + 16];
    snprintf(want, sizeof want, "themes/%s.ini", name);
    for (const struct embed *e = embed_table; e->name; e++) {
        if (strcmp(e->name, want) != 0)
            continue;
        *n = (size_t)(e->end - e->data);
        text = xmalloc(*n + 1);
        memcpy(text, e->data, *n);
        text[*n] = '\0';
        str_copy(file, 96, want);
        return text;
    }
    return NULL;
}

static enum err collect(struct parse *p, const char *name, bool builtin_only) {
    size_t n = 0;
    struct where at = {"", 0};
    char *text = find_text(name, builtin_only, &n, at.file);
    if (!text) {
        const char *all[64], *found;
        char names[64][THEME_NAME_MAX];
        int count = 0;
        for (; count < 64 && (found = theme_name_at(count)); count++)
            all[count] = str_copy(names[count], THEME_NAME_MAX, found);
        const char *near = str_closest(name, all, count);
        if (near)
            snprintf(p->text, p->cap, "no theme \"%s\", did you mean \"%s\"?", name, near);
        else
            snprintf(p->text, p->cap, "no theme \"%s\"", name);
        return ERR_NOT_FOUND;
    }
    bool builtin = strncmp(at.file, "themes/", 7) == 0 && !strchr(name, '/');
    p->at = at;
    p->scan = true;
    str_copy(p->base, sizeof p->base, builtin && strcmp(name, "default") == 0 ? "" : "default");
    inifile_parse(text, n, on_line, p);
    char base[THEME_NAME_MAX];
    str_copy(base, sizeof base, p->base);
    enum err e = ERR_OK;
    if (++p->depth > DEPTH_LIMIT)
        fail(p, &at, "base themes in a circle");
    else if (*base)
        e = collect(p, base, builtin || strcmp(base, name) == 0);
    p->scan = false;
    p->at = at;
    int bad = e || p->failed ? 0 : inifile_parse(text, n, on_line, p);
    at.line = bad;
    if (bad && !p->failed)
        fail(p, &at, "can't be read (want: name = value)");
    free(text);
    return e ? e : p->failed ? ERR_CONFIG : ERR_OK;
}

static enum err load(const char *name, bool builtin_only, struct theme *out, char *text, size_t cap) {
    struct parse *p = xcalloc(1, sizeof *p);
    p->text = text;
    p->cap = cap;
    for (int r = 0; r < ROLE_COUNT; r++)
        str_copy(p->role[r], VALUE_MAX, "default");
    enum err e = collect(p, name, builtin_only);
    for (int r = 0; r < ROLE_COUNT && !e && !p->failed; r++)
        resolve(p, (enum role)r, &out->role[r]);
    if (!e && p->failed)
        e = ERR_CONFIG;
    const char *slash = strrchr(name, '/');
    str_copy(out->name, sizeof out->name, slash ? slash + 1 : name);
    out->light = p->light;
    out->ascii_graph = p->ascii_graph;
    free(p);
    return e;
}

enum err theme_load(const char *name, struct theme *out, char *text, size_t cap) {
    char ignored[200];
    memset(out, 0, sizeof *out);
    text[0] = '\0';
    enum err e = load(name && *name ? name : "default", false, out, text, cap);
    if (e)
        load("default", true, out, ignored, sizeof ignored);
    return e;
}
