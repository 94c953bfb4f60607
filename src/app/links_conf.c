/* Reads links.conf: a section a link, with a and b as venue:SYMBOL, inverted and note. */
#include "app/links_conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/base/utf8.h"
#include "turret/io/inifile.h"

#define NAME_MAX_LEN 64

struct reading {
    struct market_link *l;
    int n;
    char name[NAME_MAX_LEN];
    char why[160];
};

static bool market_read(const char *text, market_id *out) {
    const char *colon = strchr(text, ':');
    if (!colon || !colon[1] || strlen(colon + 1) >= MARKET_SYMBOL_MAX)
        return false;
    for (int v = VENUE_NONE + 1; v < VENUE_COUNT; v++) {
        const char *name = venue_name((enum venue_id)v);
        if (strlen(name) == (size_t)(colon - text) && !strncmp(name, text, strlen(name))) {
            *out = market_id_of((enum venue_id)v, colon + 1);
            return true;
        }
    }
    return false;
}

static int fail(struct reading *r, const char *value, const char *what) {
    char shown[64];
    utf8_sanitise(shown, sizeof shown, value, strlen(value));
    snprintf(r->why, sizeof r->why, "'%s' %s", shown, what);
    return 0;
}

static bool complete(struct reading *r) {
    const struct market_link *l = r->n > 0 ? &r->l[r->n - 1] : NULL;
    if (!l || (l->a && l->b && l->a != l->b))
        return true;
    return fail(r, r->name, "needs a and b, two markets");
}

static int set(struct market_link *l, struct reading *r, const char *name, const char *value) {
    if (!strcmp(name, "a"))
        return market_read(value, &l->a) ? 1 : fail(r, value, "is not venue:SYMBOL");
    if (!strcmp(name, "b"))
        return market_read(value, &l->b) ? 1 : fail(r, value, "is not venue:SYMBOL");
    if (!strcmp(name, "inverted")) {
        if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
            return fail(r, value, "is neither yes nor no");
        l->inverted = value[0] == 'y';
        return 1;
    }
    if (!strcmp(name, "note")) {
        utf8_sanitise(l->note, sizeof l->note, value, strlen(value));
        return 1;
    }
    return fail(r, name, "is no key of a link (a, b, inverted, note)");
}

static int on_line(void *user, const char *section, const char *name, const char *value, int line) {
    struct reading *r = user;
    (void)line;
    if (!section[0] || strlen(section) >= sizeof r->name)
        return fail(r, name, "stands before a [name] or under one that is too long");
    if (r->n == 0 || strcmp(r->name, section) != 0) {
        if (!complete(r))
            return 0;
        if (r->n == LINKS_CONF_MAX)
            return fail(r, section, "is a link too many");
        str_copy(r->name, sizeof r->name, section);
        r->l[r->n++] = (struct market_link){.origin = LINK_BY_FILE};
    }
    return set(&r->l[r->n - 1], r, name, value);
}

enum err links_conf_load(const char *path, struct market_link **out, int *count, char *text, size_t cap) {
    struct reading r = {.l = xcalloc(LINKS_CONF_MAX, sizeof *r.l)};
    size_t n = 0;
    char *content = access(path, F_OK) == 0 ? inifile_slurp(path, &n) : NULL;
    int line = content ? inifile_parse(content, n, on_line, &r) : 0;
    bool there = access(path, F_OK) == 0, good = !there || (content && line == 0 && complete(&r));
    free(content);
    *out = r.l;
    *count = r.n;
    if (good)
        return ERR_OK;
    if (line)
        snprintf(text, cap, "%s:%d: %s", path, line, r.why[0] ? r.why : "bad line");
    else
        snprintf(text, cap, "%s: %s", path, r.why[0] ? r.why : "can't be read");
    free(r.l);
    *out = NULL;
    *count = 0;
    return ERR_CONFIG;
}
