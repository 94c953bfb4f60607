/* Reads the agents' files: built-in ones from the binary, over them the user's of the same name. The first mistake ends it and is told
 * with file and line; nothing is half loaded. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/library.h"
#include "turret/base/embed.h"
#include "turret/base/mem.h"
#include "turret/base/utf8.h"
#include "turret/io/inifile.h"

enum { LINE_LONGEST = 190 };

enum err read_fail(struct read_err *e, int line, const char *fmt, ...) {
    if (e->set)
        return ERR_CONFIG;
    e->set = true;
    char what[256], all[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    int n = snprintf(all, sizeof all, "%s:%d: %s", e->file, line, what);
    utf8_sanitise(e->text, e->cap, all, n < (int)sizeof all ? (size_t)n : sizeof all - 1);
    return ERR_CONFIG;
}

enum err lines_check(const char *text, size_t n, struct read_err *e) {
    int line = 1;
    for (size_t at = 0; at < n; line++) {
        const char *nl = memchr(text + at, '\n', n - at);
        size_t end = nl ? (size_t)(nl - text) : n;
        if (end - at > LINE_LONGEST)
            return read_fail(e, line, "a line has at most %d bytes", LINE_LONGEST);
        at = end + 1;
    }
    return ERR_OK;
}

/* "agents/variants/apex.md" -> "apex"; false if it is no such name. */
static bool stem_of(const char *name, char *stem, size_t cap) {
    size_t n = strlen(name);
    const char *slash = strrchr(name, '/');
    const char *base = slash ? slash + 1 : name;
    size_t len = n - (size_t)(base - name);
    if (len <= 3 || len - 3 >= cap || base[0] == '.' || strcmp(base + len - 3, ".md") != 0)
        return false;
    memcpy(stem, base, len - 3);
    stem[len - 3] = '\0';
    return true;
}

/* A variant of that name is replaced, else it is one more. */
static enum err add_variant(struct library *l, const char *file, const char *stem, const char *text, size_t n, struct read_err *e) {
    struct variant v;
    if (variant_read(file, stem, text, n, &v, e)) {
        variant_clear(&v);
        return ERR_CONFIG;
    }
    for (size_t i = 0; i < l->variant_count; i++) {
        if (str_eq_nocase(l->variants[i].name, v.name)) {
            variant_clear(&l->variants[i]);
            l->variants[i] = v;
            return ERR_OK;
        }
    }
    l->variants = xgrow(l->variants, &l->variant_cap, l->variant_count + 1, sizeof *l->variants);
    l->variants[l->variant_count++] = v;
    return ERR_OK;
}

static const struct embed *embedded(const char *name) {
    for (const struct embed *f = embed_table; f->name; f++)
        if (strcmp(f->name, name) == 0)
            return f;
    return NULL;
}

static enum err load_builtin_variants(struct library *l, struct read_err *e) {
    for (const struct embed *f = embed_table; f->name; f++) {
        char stem[64];
        if (strncmp(f->name, "agents/variants/", 16) != 0 || !stem_of(f->name, stem, sizeof stem))
            continue;
        if (add_variant(l, f->name, stem, f->data, (size_t)(f->end - f->data), e))
            return ERR_CONFIG;
    }
    return ERR_OK;
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* Whole file or ERR_CONFIG; *text NULL and ERR_OK where there is none. */
static enum err slurp(const char *path, char **text, size_t *n, struct read_err *e) {
    *text = inifile_slurp(path, n);
    str_copy(e->file, sizeof e->file, path);
    return *text || errno == ENOENT || errno == ENOTDIR ? ERR_OK : read_fail(e, 1, "can't be read: %s", strerror(errno));
}

static enum err load_user_variant(struct library *l, const char *folder, const char *name, struct read_err *e) {
    char path[512], stem[64], *text;
    size_t n;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (slurp(path, &text, &n, e))
        return ERR_CONFIG;
    enum err r = ERR_OK;
    if (text && stem_of(name, stem, sizeof stem))
        r = add_variant(l, path, stem, text, n, e);
    free(text);
    return r;
}

static enum err load_user_variants(struct library *l, const char *dir, struct read_err *e) {
    char folder[400], stem[64], **names = NULL;
    size_t count = 0, cap = 0;
    snprintf(folder, sizeof folder, "%s/variants", dir);
    str_copy(e->file, sizeof e->file, folder);
    DIR *d = opendir(folder);
    if (!d)
        return errno == ENOENT || errno == ENOTDIR ? ERR_OK : read_fail(e, 1, "can't be read: %s", strerror(errno));
    for (struct dirent *f; (f = readdir(d)) != NULL;) {
        if (!stem_of(f->d_name, stem, sizeof stem))
            continue;
        names = xgrow(names, &cap, count + 1, sizeof *names);
        names[count++] = xstrdup(f->d_name);
    }
    closedir(d);
    if (count > 0)
        qsort(names, count, sizeof *names, by_name); /* the same order on every machine */
    enum err r = ERR_OK;
    for (size_t i = 0; i < count; i++) {
        if (r == ERR_OK)
            r = load_user_variant(l, folder, names[i], e);
        free(names[i]);
    }
    free(names);
    return r;
}

static enum err load_template(struct library *l, const char *dir, struct read_err *e) {
    char path[400], *text = NULL;
    size_t n = 0;
    if (dir) {
        snprintf(path, sizeof path, "%s/prompt.md", dir);
        if (slurp(path, &text, &n, e))
            return ERR_CONFIG;
    }
    if (!text) {
        const struct embed *f = embedded("agents/prompt.md");
        str_copy(path, sizeof path, "agents/prompt.md");
        n = f ? (size_t)(f->end - f->data) : 0;
        text = xmalloc(n + 1);
        if (n > 0)
            memcpy(text, f->data, n);
        text[n] = '\0';
    }
    l->user.text = text;
    l->user.line = 1;
    str_copy(l->user.file, sizeof l->user.file, path);
    str_copy(e->file, sizeof e->file, l->user.file);
    if (strspn(text, " \t\r\n") == strlen(text))
        return read_fail(e, 1, "the template is empty");
    return template_check(text, 1, false, e);
}

static enum err load_models(struct library *l, const char *dir, struct read_err *e) {
    const struct embed *f = embedded("agents/models.conf");
    str_copy(e->file, sizeof e->file, "agents/models.conf");
    if (f && models_read(l, f->data, (size_t)(f->end - f->data), e))
        return ERR_CONFIG;
    if (dir) {
        char path[400], *text;
        size_t n;
        snprintf(path, sizeof path, "%s/models.conf", dir);
        if (slurp(path, &text, &n, e))
            return ERR_CONFIG;
        enum err r = text ? models_read(l, text, n, e) : ERR_OK;
        free(text);
        if (r)
            return r;
    }
    models_settle(l);
    return ERR_OK;
}

enum err library_load(const char *dir, struct library **out, char *text, size_t cap) {
    struct library *l = xcalloc(1, sizeof *l);
    struct read_err e = {.text = text, .cap = cap};
    if (cap > 0)
        text[0] = '\0';
    if (load_builtin_variants(l, &e) || (dir && load_user_variants(l, dir, &e)) || load_template(l, dir, &e) || load_models(l, dir, &e)) {
        library_free(l);
        *out = NULL;
        return ERR_CONFIG;
    }
    *out = l;
    return ERR_OK;
}

void library_free(struct library *l) {
    if (!l)
        return;
    for (size_t i = 0; i < l->variant_count; i++)
        variant_clear(&l->variants[i]);
    library_cache_drop(l);
    free(l->cache.texts);
    free(l->variants);
    free(l->models);
    free(l->user.text);
    free(l);
}

int library_variant_count(const struct library *l) { return (int)l->variant_count; }
const struct variant *library_variant_at(const struct library *l, int i) { return i >= 0 && (size_t)i < l->variant_count ? &l->variants[i] : NULL; }
const struct variant *library_variant(const struct library *l, const char *name) {
    for (size_t i = 0; i < l->variant_count; i++)
        if (str_eq_nocase(l->variants[i].name, name))
            return &l->variants[i];
    return NULL;
}
int library_model_count(const struct library *l) { return (int)l->model_count; }
const struct model *library_model_at(const struct library *l, int i) { return i >= 0 && (size_t)i < l->model_count ? &l->models[i] : NULL; }
