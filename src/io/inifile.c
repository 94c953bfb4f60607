/* INI text through inih with line numbers: inih asks for one line at a time and calls back while that line is the last
 * one it asked for, so counting in the reader is exact. */
#include "turret/io/inifile.h"

#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "turret/base/mem.h"

enum { FILE_MAX = 1 << 20 };

struct source { const char *at, *end; int line, bad; inifile_fn *fn; void *user; };

static char *read_line(char *out, int cap, void *stream) {
    struct source *s = stream;
    if (s->at >= s->end || cap < 2)
        return NULL;
    const char *nl = memchr(s->at, '\n', (size_t)(s->end - s->at));
    size_t whole = (size_t)((nl ? nl + 1 : s->end) - s->at), n = whole;
    if (n > (size_t)cap - 1)
        n = (size_t)cap - 1; /* the rest of an over-long line is dropped: it never reads as a line of its own */
    memcpy(out, s->at, n);
    out[n] = '\0';
    s->at += whole;
    s->line++;
    return out;
}

static int on_value(void *user, const char *section, const char *name, const char *value) {
    struct source *s = user;
    if (s->bad)
        return 0;
    int ok = s->fn(s->user, section, name ? name : "", value ? value : "", s->line);
    if (!ok)
        s->bad = s->line;
    return ok;
}

int inifile_parse(const char *text, size_t n, inifile_fn *fn, void *user) {
    struct source s = {text, text + n, 0, 0, fn, user};
    int bad = ini_parse_stream(read_line, &s, on_value, &s);
    return s.bad ? s.bad : bad;
}

char *inifile_slurp(const char *path, size_t *n) {
    FILE *f = fopen(path, "re");
    if (!f)
        return NULL;
    char *p = xmalloc(FILE_MAX + 1);
    *n = fread(p, 1, FILE_MAX, f);
    int bad = ferror(f);
    fclose(f);
    if (bad) {
        free(p);
        return NULL;
    }
    p = xrealloc(p, *n + 1);
    p[*n] = '\0';
    return p;
}
